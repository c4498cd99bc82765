"""From Magento's rows to records. Pure; a row that can't be read is a `BadRecord` with its own body."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from hashlib import blake2b
from types import MappingProxyType
from typing import Any, Final, TypeVar

from pydantic import ValidationError
from pydantic_core import to_json

from cartui.adapters.magento.lines import order_lines
from cartui.adapters.magento.refunds import parse_refund
from cartui.adapters.magento.wire import (
    AddressWire,
    BasketWire,
    CustomerWire,
    ItemWire,
    LineWire,
    OrderExtrasWire,
    OrderWire,
    PaymentWire,
    Row,
    read_stamp,
)
from cartui.domain.ids import CartBasketId, CartCustomerId, CartItemId, CartOrderId
from cartui.domain.money import AmountError, places_of
from cartui.domain.ports import BadRecord, Received
from cartui.domain.records import (
    Address,
    BasketStatus,
    Buyer,
    CartBasket,
    CartCustomer,
    CartItem,
    CartOrder,
    FulfilmentState,
    LineKind,
    OrderLine,
    OrderState,
    Payment,
    PaymentState,
)
from cartui.domain.remedies import retry_held
from cartui.domain.safe_text import safe_text

R = TypeVar("R")

ORDER_STATES: Final = {
    "new": OrderState.OPEN,
    "pending_payment": OrderState.OPEN,
    "payment_review": OrderState.ON_HOLD,
    "processing": OrderState.OPEN,
    "holded": OrderState.ON_HOLD,
    "complete": OrderState.CLOSED,
    "closed": OrderState.CLOSED,
    "canceled": OrderState.CANCELLED,
}
_LEFT_OUT: Final = frozenset({
    "parent_item",
    "password", "password_hash", "rp_token", "rp_token_created_at", "confirmation", "protect_code",
    "additional_information", "payment_additional_info", "vault_payment_token", "additional_data",
})  # fmt: skip
_SECRET_PREFIXES: Final = ("cc_", "echeck_")


def parse_stamp(row: Row, name: str = "updated_at") -> datetime | None:
    """A stamp of a row as it came, None where it has none that can be read (0000-00-00 for example)."""
    try:
        return read_stamp(row.get(name))
    except ValueError:
        return None


def row_id(row: Row) -> str:
    """`entity_id` of an order, `id` of all else; a hash of a row that has neither."""
    found = row.get("entity_id", row.get("id"))
    if isinstance(found, int | str) and not isinstance(found, bool) and 0 < len(str(found)) <= 64:
        return str(found)
    return blake2b(to_json(row), digest_size=16).hexdigest()


def scrubbed(value: Any) -> Any:
    """A row without secrets, and without the copies of its own lines that Magento nests into it."""
    if isinstance(value, dict):
        return {
            key: part if part.__class__ not in (dict, list) else _scrubbed_part(key, part)
            for key, part in value.items()
            if key not in _LEFT_OUT and not key.startswith(_SECRET_PREFIXES)
        }
    return [scrubbed(part) for part in value] if isinstance(value, list) else value


def _scrubbed_part(key: str, part: Any) -> Any:
    if key == "shipping_assignments" and isinstance(part, list):
        part = [{name: one[name] for name in one if name != "items"} if isinstance(one, dict) else one for one in part]
    return scrubbed(part)


def _parse(row: Row, build: Callable[[Row], R]) -> Received[R]:
    record: R | BadRecord
    try:
        record = build(row)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ", ".join(f"entry {step + 1}" if isinstance(step, int) else step for step in first["loc"])
        said = first["msg"].removeprefix("Value error, ")
        record = BadRecord(f"The shop's {safe_text(where, 100)} can't be read: {safe_text(said, 200)}.")
    except AmountError as error:
        record = BadRecord(str(error))
    except UnknownStateError as error:
        record = BadRecord(str(error), retry_held("Say what it means in the cart's option status_map"))
    return Received(row_id(row), parse_stamp(row), to_json(scrubbed(row), inf_nan_mode="strings"), record)


class UnknownStateError(Exception):
    """A state of an order that Magento does not have by itself."""


def parse_order(
    row: Row,
    words: Mapping[str, str] = MappingProxyType({}),
    memos: Sequence[Row] = (),
    groups: Mapping[str, str] = MappingProxyType({}),
) -> Received[CartOrder]:
    """A row of `orders`, stamped with `updated_at`. `words`: what the shop's own words mean (`parse_status_map`);
    `memos`: its credit memos; `groups`: names of customers' groups by id."""
    return _parse(row, lambda row: _order(OrderWire.model_validate(row), words, memos, groups))


def parse_status_map(text: str) -> dict[str, str]:
    """The option `status_map`: a status or state of the shop's own and the state of Magento's that it means. ValueError
    names the entry that can't be read."""
    words: dict[str, str] = {}
    for entry in filter(None, (part.strip() for part in text.replace(";", ",").split(","))):
        word, _, state = (part.strip() for part in entry.partition("="))
        if not word or state not in ORDER_STATES:
            raise ValueError(entry)
        words[word] = state
    return words


def parse_item(row: Row, currency: str, stock: Decimal | None, barcode_attribute: str = "") -> Received[CartItem]:
    """A row of `products`; its stock was read elsewhere."""
    return _parse(row, lambda row: _item(ItemWire.model_validate(row), currency, stock, barcode_attribute))


def parse_customer(row: Row) -> Received[CartCustomer]:
    """A row of `customers/search`; guests have none."""
    return _parse(row, lambda row: _customer(CustomerWire.model_validate(row)))


def parse_basket(row: Row, order: Row | None = None) -> Received[CartBasket]:
    """A row of `carts/search`; `order`: that it became. Of one that is not active Magento tells no lines: what was in
    it is what was ordered."""
    return _parse(row, lambda row: _basket(BasketWire.model_validate(row), order))


# --- orders -----------------------------------------------------------------------------------------------------------


def _order(wire: OrderWire, words: Mapping[str, str], memos: Sequence[Row], groups: Mapping[str, str]) -> CartOrder:
    told = words.get(wire.status) or words.get(wire.state)
    state = told or wire.state or wire.status  # a known fault of some versions leaves one of them empty
    if state not in ORDER_STATES:
        native = safe_text(" / ".join(filter(None, (wire.state, wire.status))), 80)
        raise UnknownStateError(f"unknown status “{native}”")
    places_of(wire.order_currency_code)
    billing = wire.billing_address or AddressWire()
    assigned = (wire.extension_attributes or OrderExtrasWire()).shipping_assignments
    delivery = [one.shipping.address for one in assigned if one.shipping and one.shipping.address]
    lines = order_lines(wire)
    found = (parse_refund(memo, {line.line_id for line in lines}) for memo in memos)
    return CartOrder(
        order_id=CartOrderId(wire.entity_id),
        order_number=wire.increment_id or wire.entity_id,
        placed_at=wire.created_at,
        modified_at=wire.updated_at or wire.created_at,
        currency=wire.order_currency_code,
        total=wire.grand_total,
        lines=lines,
        native_status=wire.status or wire.state,
        order_state=OrderState.ON_HOLD if not told and _is_suspect(wire, state) else ORDER_STATES[state],
        payment_state=payment_state(wire, state),
        fulfilment_state=fulfilment_state(wire),
        buyer=_buyer(wire, billing),
        billing_address=_address(billing),
        shipping_address=_address(delivery[0]) if delivery else Address(),
        payments=tuple(_payments(wire)),
        shipping_method=wire.shipping_description,
        note=" ".join(filter(None, (_relation(wire), wire.customer_note))),
        refunds=tuple(one for one in found if one is not None),
        parent_id=CartOrderId(wire.relation_parent_id) if wire.relation_parent_id.isdigit() else None,
        customer_group=groups.get(wire.customer_group_id, ""),
    )


def _is_suspect(wire: OrderWire, state: str) -> bool:
    """`fraud` is a status of Magento's own, in the states processing and payment_review."""
    return wire.status == "fraud" and ORDER_STATES[state] is OrderState.OPEN


def _relation(wire: OrderWire) -> str:
    """An order that staff edits is cancelled, and a new one takes its place: each says so of the other."""
    before, after = wire.relation_parent_real_id, wire.relation_child_real_id
    return " ".join(
        filter(None, (f"Replaces order {before}." if before else "", f"Replaced by order {after}." if after else ""))
    )


def payment_state(wire: OrderWire, state: str) -> PaymentState:
    """From the amounts, which can't be renamed; from the state where no money moved."""
    paid, refunded = wire.total_paid, wire.total_refunded
    if refunded > 0:
        return PaymentState.REFUNDED if refunded >= paid else PaymentState.PARTIALLY_REFUNDED
    if paid > 0:
        return PaymentState.PAID if paid >= wire.grand_total else PaymentState.PARTIALLY_PAID
    if state in ("canceled", "closed"):
        return PaymentState.VOIDED
    if wire.grand_total == 0:
        return PaymentState.PAID
    # In processing without an invoice: the shop lets it go on, by an authorisation or to be paid on delivery.
    return PaymentState.AUTHORIZED if state == "processing" else PaymentState.PENDING


def fulfilment_state(wire: OrderWire) -> FulfilmentState:
    """From the quantities of what can be shipped. A configurable is shipped by its parent row, a bundle by either."""
    rows = [row for row in wire.items if not row.is_virtual]
    if wire.is_virtual or not rows:
        return FulfilmentState.NOT_REQUIRED
    shipped = any(row.qty_shipped > 0 for row in rows)
    if not shipped:
        return FulfilmentState.UNFULFILLED
    known = {row.item_id for row in rows}
    waiting = any(_is_open(row, rows) for row in rows if row.parent_item_id not in known)
    return FulfilmentState.PARTIALLY_SHIPPED if waiting else FulfilmentState.SHIPPED


def _is_open(row: LineWire, rows: Sequence[LineWire]) -> bool:
    parts = [part for part in rows if part.parent_item_id and part.parent_item_id == row.item_id]
    if row.qty_shipped == 0 and any(part.qty_shipped > 0 for part in parts):  # a bundle that is shipped separately
        return any(_is_open(part, ()) for part in parts)
    return row.qty_ordered - row.qty_canceled - max(row.qty_shipped, row.qty_refunded) > 0


def _payments(wire: OrderWire) -> Iterator[Payment]:
    payment = wire.payment or PaymentWire()
    if wire.total_paid > 0:
        yield Payment(payment.method, wire.total_paid, PaymentState.PAID, reference=payment.last_trans_id)
    elif payment.amount_authorized > 0:
        amount = payment.amount_authorized
        yield Payment(payment.method, amount, PaymentState.AUTHORIZED, reference=payment.last_trans_id)
    if wire.total_refunded > 0:
        yield Payment(payment.method, -wire.total_refunded, PaymentState.REFUNDED, title="Refunded")


def _buyer(wire: OrderWire, billing: AddressWire) -> Buyer:
    guest = wire.customer_is_guest or wire.customer_id in ("", "0")
    return Buyer(
        None if guest else CartCustomerId(wire.customer_id),
        wire.customer_email or billing.email,
        wire.customer_firstname or billing.firstname,
        wire.customer_lastname or billing.lastname,
        billing.company,
        billing.telephone,
        wire.customer_taxvat or billing.vat_id,
    )


def _address(wire: AddressWire) -> Address:
    first, *more = (*wire.street, "")
    return Address(
        name=f"{wire.firstname} {wire.lastname}".strip(),
        company=wire.company,
        street1=first,
        street2=", ".join(filter(None, more)),
        city=wire.city,
        region=wire.region,
        postcode=wire.postcode,
        country=wire.country_id,
        phone=wire.telephone,
    )


# --- items, customers, baskets ----------------------------------------------------------------------------------------


def _item(wire: ItemWire, currency: str, stock: Decimal | None, barcode_attribute: str) -> CartItem:
    attributes = {one.attribute_code: one.value for one in wire.custom_attributes}
    barcode = attributes.get(barcode_attribute) if barcode_attribute else None
    return CartItem(
        item_id=CartItemId(wire.id),
        name=wire.name,
        modified_at=wire.updated_at,
        sku=wire.sku,
        barcode=safe_text(str(barcode)) if isinstance(barcode, str | int) else "",
        price=wire.price,
        currency=currency,
        stock=stock,
        active=wire.status,
        native={"type": wire.type_id},
    )


def _customer(wire: CustomerWire) -> CartCustomer:
    main = next((one for one in wire.addresses if one.default_billing), None) or next(iter(wire.addresses), None)
    return CartCustomer(
        customer_id=CartCustomerId(wire.id),
        modified_at=wire.updated_at,
        email=wire.email,
        first_name=wire.firstname,
        last_name=wire.lastname,
        company=main.company if main else "",
        phone=main.telephone if main else "",
        tax_number=wire.taxvat,
        addresses=tuple(map(_address, wire.addresses)),
    )


def _basket(wire: BasketWire, order: Row | None) -> CartBasket:
    shopper, billing, money = wire.customer, wire.billing_address or AddressWire(), wire.currency
    currency = (money.quote_currency_code or money.store_currency_code or money.base_currency_code) if money else ""
    places_of(currency)
    lines = tuple(
        OrderLine(
            LineKind.PRODUCT,
            line.name or line.sku,
            line.qty * line.price,
            quantity=line.qty,
            unit_price=line.price,
            sku=line.sku,
            line_id=line.item_id,
        )
        for line in wire.items
    )
    order_id = row_id(order) if order else ""
    if order and not lines:
        sold = order_lines(OrderWire.model_validate(order))
        lines = tuple(line for line in sold if line.kind is LineKind.PRODUCT)
    return CartBasket(
        basket_id=CartBasketId(wire.id),
        modified_at=wire.updated_at,
        created_at=wire.created_at,
        status=_basket_status(wire, order_id),
        native_status="ordered" if order_id else "active" if wire.is_active else "not active",
        currency=currency,
        total=sum((line.amount for line in lines), Decimal(0)),
        lines=lines,
        buyer=Buyer(
            CartCustomerId(shopper.id) if shopper and shopper.id not in ("", "0") else None,
            (shopper.email if shopper else "") or billing.email,
            (shopper.firstname if shopper else "") or billing.firstname,
            (shopper.lastname if shopper else "") or billing.lastname,
            billing.company,
            billing.telephone,
        ),
        order_id=CartOrderId(order_id) if order_id else None,
    )


def _basket_status(wire: BasketWire, order_id: str) -> BasketStatus:
    if order_id:
        return BasketStatus.PURCHASED
    return BasketStatus.OPEN if wire.is_active else BasketStatus.EXPIRED


def as_rows(found: Any) -> list[Mapping[str, Any]]:
    """The `items` of a listing; what is no row is kept as one that can't be read."""
    rows = list(found.values()) if isinstance(found, dict) else found or []
    return [row if isinstance(row, dict) else {"value": row} for row in rows]
