"""What becomes of each order that a cart delivers: a PENDING document, a note in the books, or a held record. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cartui.domain.documents import DocumentDraft, DocumentLine
from cartui.domain.fingerprint import fingerprint, fingerprint_raw
from cartui.domain.ids import CartCustomerId, CartItemId, CustomerId, ItemCode, RecordKind
from cartui.domain.ledger import CartRecord
from cartui.domain.merge import customer_values
from cartui.domain.money import AmountError, MoneyProof, ProofState, prove_total
from cartui.domain.outcomes import RecordState
from cartui.domain.plan import Action, FieldChange, ImportDocument, NewCustomer, PlannedChange, plan_each
from cartui.domain.ports import BadRecord, Received
from cartui.domain.records import (
    Address,
    CartOrder,
    FulfilmentState,
    LineKind,
    OrderLine,
    OrderState,
    PaymentState,
)
from cartui.domain.settings import CartSettings


@dataclass(frozen=True, slots=True)
class OrderGround:
    """What the books know that matters for a page of orders.

    records    what is remembered of these orders, by external id
    items      our item code of each linked cart item
    skus       our item code of each SKU that a person said is always that item (for lines whose item isn't linked)
    customers  our customer of each linked cart customer
    registered / guests  our customers by case-folded e-mail, where exactly one has it
    """

    records: Mapping[str, CartRecord] = field(default_factory=dict)
    items: Mapping[CartItemId, ItemCode] = field(default_factory=dict)
    skus: Mapping[str, ItemCode] = field(default_factory=dict)
    customers: Mapping[CartCustomerId, CustomerId] = field(default_factory=dict)
    registered: Mapping[str, CustomerId] = field(default_factory=dict)
    guests: Mapping[str, CustomerId] = field(default_factory=dict)


def plan_orders(
    rows: Sequence[Received[CartOrder]],
    ground: OrderGround,
    settings: CartSettings,
    default_item: ItemCode,
    *,
    by_hand: bool = False,
) -> list[PlannedChange]:
    """One change for each row, in order. `by_hand`: a person chose these orders, so the rules that leave fulfilled or
    unpaid ones alone do not apply; the start date and the money check always do."""
    return plan_each(
        rows,
        lambda row: _plan_row(row, ground.records.get(row.external_id), ground, settings, default_item, by_hand),
    )


def _plan_row(
    row: Received[CartOrder],
    known: CartRecord | None,
    ground: OrderGround,
    settings: CartSettings,
    default_item: ItemCode,
    by_hand: bool,
) -> PlannedChange:
    order = row.record
    if isinstance(order, BadRecord):
        return held(RecordKind.ORDER, row, known, row.external_id, fingerprint_raw(row), order.reason, order.remedy)
    label = f"{order.order_number} {order.buyer.name}".strip()
    content = fingerprint(order)
    if known is not None and known.our_id is not None:
        if known.fingerprint == content:
            return PlannedChange(Action.SAME, row.external_id, label, known.reason)
        return _changed_after_import(row, order, known, label, content)
    if reason := _floor_reason(order, settings.orders_from):
        return _left(row, known, order, label, content, RecordState.SKIPPED, reason)
    if not by_hand and (rule := import_rule(order)):
        return _left(row, known, order, label, content, *rule)
    try:
        proof = prove_total(order.lines, order.total, order.currency)
    except AmountError as error:
        return held(RecordKind.ORDER, row, known, label, content, str(error))
    if problem := proof.problem or ("The total is negative." if order.total < 0 else ""):
        return held(RecordKind.ORDER, row, known, label, content, problem, _MONEY_REMEDY)
    return _create(row, order, label, content, proof, ground, settings, default_item)


_MONEY_REMEDY = "Look at the order in the shop; when its amounts add up, retry it from Held."


def _floor_reason(order: CartOrder, orders_from: datetime | None) -> str:
    """DESIGN rule 8: refused here, not only by the query; and without a date nothing is imported at all."""
    if orders_from is None:
        return "Last Order from is not set."
    if order.placed_at < orders_from:
        return f"placed before Last Order from ({orders_from:%Y-%m-%d %H:%M} UTC)"
    return ""


def import_rule(order: CartOrder) -> tuple[RecordState, str] | None:
    """The default rule by status (FEATURES E, decision 4): unfulfilled orders that are paid or need no payment yet are
    imported (None). Others wait for the shop (STAGED, looked at again by themselves) or are left alone (SKIPPED)."""
    if order.order_state in (OrderState.DRAFT, OrderState.CANCELLED):
        return RecordState.SKIPPED, f"{order.order_state} in the cart ({order.native_status})"
    if order.payment_state in _DEAD_PAYMENTS:
        return RecordState.SKIPPED, f"payment {order.payment_state} ({order.native_status})"
    if order.fulfilment_state in _DONE_FULFILMENTS or order.order_state is OrderState.CLOSED:
        return RecordState.SKIPPED, f"already fulfilled in the cart ({order.native_status})"
    if order.order_state is OrderState.ON_HOLD:
        return RecordState.STAGED, f"on hold in the cart ({order.native_status})"
    if order.payment_state in (PaymentState.PENDING, PaymentState.DISPUTED):
        return (
            RecordState.STAGED,
            f"payment {order.payment_state} ({order.native_status}); imported when the cart says paid",
        )
    return None


_DEAD_PAYMENTS = (PaymentState.VOIDED, PaymentState.FAILED, PaymentState.EXPIRED, PaymentState.REFUNDED)
_DONE_FULFILMENTS = (FulfilmentState.SHIPPED, FulfilmentState.DELIVERED, FulfilmentState.RETURNED)


def _record(
    row: Received[CartOrder], order: CartOrder, label: str, content: str, state: RecordState, reason: str = ""
) -> CartRecord:
    return CartRecord(
        kind=RecordKind.ORDER,
        external_id=row.external_id,
        label=label,
        stamp=row.stamp,
        fingerprint=content,
        state=state,
        reason=reason,
        native_status=order.native_status,
        raw=row.raw,
    )


def _left(
    row: Received[CartOrder],
    known: CartRecord | None,
    order: CartOrder,
    label: str,
    content: str,
    state: RecordState,
    reason: str,
) -> PlannedChange:
    """Not imported, and why. Judged afresh each time, since the rules and dates of the cart may have changed."""
    if known is not None and (known.fingerprint, known.state, known.reason) == (content, state, reason):
        return PlannedChange(Action.SAME, row.external_id, label, reason)
    record = _record(row, order, label, content, state, reason)
    return PlannedChange(Action.SKIP, row.external_id, label, reason, record=record)


def held(
    kind: RecordKind,
    row: Received[object],
    known: CartRecord | None,
    label: str,
    content: str,
    reason: str,
    remedy: str = "",
) -> PlannedChange:
    """Hold a record with its raw body and the reason (rule 4). One that is held already for this content is the same;
    one that is linked keeps its link."""
    if known is not None and (known.fingerprint, known.state, known.reason) == (content, RecordState.HELD, reason):
        return PlannedChange(Action.SAME, row.external_id, label, reason, remedy)
    record = CartRecord(
        kind=kind,
        external_id=row.external_id,
        label=label,
        stamp=row.stamp,
        fingerprint=content,
        state=RecordState.HELD,
        reason=reason,
        remedy=remedy,
        our_id=known.our_id if known else None,
        agreed=known.agreed if known else {},
        evidence=known.evidence if known else "",
        tries=known.tries + 1 if known else 1,
        raw=row.raw,
    )
    return PlannedChange(Action.HOLD, row.external_id, label, reason, remedy, record=record)


def _changed_after_import(
    row: Received[CartOrder], order: CartOrder, known: CartRecord, label: str, content: str
) -> PlannedChange:
    """The document stays as it is; that the order changed is shown on it (never a silent edit)."""
    reason = f"changed in the cart after import (now {order.native_status})"
    record = CartRecord(
        kind=RecordKind.ORDER,
        external_id=row.external_id,
        label=label,
        stamp=row.stamp,
        fingerprint=content,
        state=RecordState.CHANGED,
        reason=reason,
        our_id=known.our_id,
        evidence=known.evidence,
        native_status=order.native_status,
        raw=row.raw,
    )
    fields = (FieldChange("status", known.native_status, order.native_status),)
    return PlannedChange(Action.UPDATE, row.external_id, label, reason, fields=fields, record=record)


def _create(
    row: Received[CartOrder],
    order: CartOrder,
    label: str,
    content: str,
    proof: MoneyProof,
    ground: OrderGround,
    settings: CartSettings,
    default_item: ItemCode,
) -> PlannedChange:
    lines = [_line(line, ground, default_item) for line in order.lines]
    if proof.state is ProofState.ROUNDED:
        lines.append(DocumentLine(LineKind.ROUNDING, "Rounding difference of the shop", proof.difference))
    draft = DocumentDraft(
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
        payments=order.payments,
        shipping_method=order.shipping_method,
        note=order.note,
    )
    fields = [
        FieldChange("document", "", f"{draft.kind.label} PENDING"),
        FieldChange("total", "", f"{order.total} {order.currency}"),
    ]
    if draft.default_item_lines:
        fields.append(FieldChange("default item", "", f"{draft.default_item_lines} line(s) without a linked item"))
    if proof.state is ProofState.ROUNDED:
        fields.append(FieldChange("rounding", "", f"{proof.difference} {order.currency}"))
    return PlannedChange(
        Action.CREATE,
        row.external_id,
        label,
        fields=tuple(fields),
        payload=_customer(order, row, draft, ground),
        record=_record(row, order, label, content, RecordState.IMPORTED),
    )


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


def _customer(order: CartOrder, row: Received[CartOrder], draft: DocumentDraft, ground: OrderGround) -> ImportDocument:
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
    addresses = tuple(dict.fromkeys(a for a in (order.billing_address, order.shipping_address) if a != Address()))
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
