"""The document that an order becomes, with the customer it belongs to (S074). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cartui.domain.documents import Document, DocumentDraft, DocumentLine
from cartui.domain.ids import CartCustomerId, CartItemId, CustomerId, DocumentId, ItemCode, RecordKind
from cartui.domain.ledger import CartRecord
from cartui.domain.merge import customer_values
from cartui.domain.money import MoneyProof, prove_total
from cartui.domain.outcomes import RecordState
from cartui.domain.plan import ImportDocument, NewCustomer
from cartui.domain.ports import Received
from cartui.domain.records import Address, CartOrder, LineKind, OrderLine, Payment
from cartui.domain.settings import CartSettings


@dataclass(frozen=True, slots=True)
class OrderGround:
    """What the books know that matters for a page of orders.

    records    what is remembered of these orders, by external id
    items      our item code of each linked cart item
    skus       our item code of each SKU that a person said is always that item (for lines whose item isn't linked)
    customers  our customer of each linked cart customer
    registered / guests  our customers by case-folded e-mail, where exactly one has it
    documents  the document of each order that changed since it was imported; agreed: what the cart said when those that
               were edited here were last agreed with, by document
    refunds    what is remembered of refunds, by external id
    parents    orders that an edit in the shop replaced, with the name of their document where that was approved and is
               neither closed nor credited: its goods and its money still count
    now        the time by our clock, for rules about an order's age
    """

    records: Mapping[str, CartRecord] = field(default_factory=dict)
    items: Mapping[CartItemId, ItemCode] = field(default_factory=dict)
    skus: Mapping[str, ItemCode] = field(default_factory=dict)
    customers: Mapping[CartCustomerId, CustomerId] = field(default_factory=dict)
    registered: Mapping[str, CustomerId] = field(default_factory=dict)
    guests: Mapping[str, CustomerId] = field(default_factory=dict)
    documents: Mapping[str, Document] = field(default_factory=dict)
    agreed: Mapping[DocumentId, Mapping[str, str]] = field(default_factory=dict)
    refunds: Mapping[str, CartRecord] = field(default_factory=dict)
    parents: Mapping[str, str] = field(default_factory=dict)
    now: datetime | None = None


_NO_ADDRESS = Address()


def draft_of(order: CartOrder, ground: OrderGround, settings: CartSettings, default_item: ItemCode) -> DocumentDraft:
    """The document that an order would become now. `AmountError` for a currency that is none."""
    proof = prove_total(order.lines, order.total, order.currency)
    return draft_with(order, proof, ground, settings, default_item)


def draft_with(
    order: CartOrder,
    proof: MoneyProof,
    ground: OrderGround,
    settings: CartSettings,
    default_item: ItemCode,
    *,
    past: bool = False,
) -> DocumentDraft:
    """The same where the amounts were proved already; `past`: it posts nothing."""
    lines = [_line(line, ground, default_item) for line in order.lines]
    if proof.unbooked:
        lines.append(DocumentLine(LineKind.ROUNDING, "Rounding difference of the shop", proof.unbooked))
    return DocumentDraft(
        kind=settings.import_orders_as,
        external_id=order.order_id,
        order_number=order.order_number,
        placed_at=order.placed_at,
        customer_name=order.buyer.name,
        email=order.buyer.email,
        currency=order.currency,
        total=order.total,
        lines=tuple(lines),
        native_status=order.native_status,
        order_state=order.order_state,
        payment_state=order.payment_state,
        fulfilment_state=order.fulfilment_state,
        billing_address=order.billing_address,
        shipping_address=order.shipping_address,
        payments=_payments(order),
        shipping_method=order.shipping_method,
        note=order.note,
        past=past,
    )


def _payments(order: CartOrder) -> tuple[Payment, ...]:
    """Carts tell of a refund twice, as a negative payment too: it is booked once, with its credit note."""
    return tuple(one for one in order.payments if one.amount > 0) if order.refunds else order.payments


def _line(line: OrderLine, ground: OrderGround, default_item: ItemCode) -> DocumentLine:
    code = ground.items.get(line.item_id) if line.item_id is not None else None
    if code is None and line.kind is LineKind.PRODUCT:
        code = ground.skus.get(line.sku)
    unknown = line.kind is LineKind.PRODUCT and code is None
    return DocumentLine(
        kind=line.kind,
        text=line.text,
        amount=line.amount,
        quantity=line.quantity,
        unit_price=line.unit_price,
        tax_rate=line.tax_rate,
        tax_amount=line.tax_amount,
        item_code=default_item if unknown else code,
        sku=line.sku,
        default_item=unknown,
        line_id=line.line_id,
    )


def import_of(order: CartOrder, row: Received[CartOrder], draft: DocumentDraft, ground: OrderGround) -> ImportDocument:
    """Customers are created as needed (S074): by link, else by the one e-mail, guests apart from registered ones."""
    buyer, mail = order.buyer, order.buyer.email.casefold()
    link = None
    if buyer.customer_id is not None:
        key, found = f"id:{buyer.customer_id}", ground.customers.get(buyer.customer_id)
        if found is None:
            found = ground.registered.get(mail) if mail else None
            link = CartRecord(
                kind=RecordKind.CUSTOMER,
                external_id=buyer.customer_id,
                label=buyer.email or buyer.name,
                stamp=row.stamp,
                fingerprint="",  # the customer's own record was not read yet
                state=RecordState.LINKED,
                our_id=found,
                agreed=customer_values(buyer),
                evidence="e-mail" if found else "created for an order",
            )
    else:
        key, found = (f"guest:{mail}", ground.guests.get(mail)) if mail else (f"order:{order.order_id}", None)
    if found is not None:
        return ImportDocument(draft, key, customer_id=found, customer_link=link)
    billing, shipping = order.billing_address, order.shipping_address
    both = (billing,) if shipping is billing or shipping == billing else (billing, shipping)
    addresses = tuple([one for one in both if one != _NO_ADDRESS])
    new = NewCustomer(
        first_name=buyer.first_name,
        last_name=buyer.last_name,
        company=buyer.company,
        email=buyer.email,
        phone=buyer.phone,
        tax_number=buyer.tax_number,
        guest=buyer.customer_id is None,
        addresses=addresses,
    )
    return ImportDocument(draft, key, new_customer=new, customer_link=link)
