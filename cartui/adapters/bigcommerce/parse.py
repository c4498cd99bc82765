"""From BigCommerce's rows to orders, baskets and customers (items: `items`). Pure. A row that can't be read becomes a
`BadRecord` with its own body."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from hashlib import blake2b
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from cartui.adapters.bigcommerce.money import order_lines, read_amounts
from cartui.adapters.bigcommerce.wire import (
    CustomerWire,
    HeadWire,
    HomeWire,
    PlaceWire,
    RefundWire,
    read_moment,
)
from cartui.domain.ids import CartBasketId, CartCustomerId, CartOrderId
from cartui.domain.money import AmountError, places_of
from cartui.domain.ports import BadRecord, Received
from cartui.domain.records import (
    Address,
    BasketStatus,
    Buyer,
    CartBasket,
    CartCustomer,
    CartOrder,
    FulfilmentState,
    LineKind,
    OrderState,
    Payment,
    PaymentState,
    Refund,
    RefundLine,
    RefundState,
)
from cartui.domain.safe_text import safe_text

R = TypeVar("R")
INCOMPLETE: Final = 0
UNREAD: Final = "unread"  # left by the session in an order whose lists the shop could not show
_FORGET: Final = frozenset({"authentication", "ip_address", "ip_address_v6", "registration_ip_address"})


class UnreadableError(ValueError):
    """Why a row is not what it should be; the text is for a person."""


@dataclass(frozen=True, slots=True)
class Status:
    """What a status id means where the payment status and the shipped pieces say nothing."""

    name: str
    order: OrderState
    payment: PaymentState
    fulfilment: FulfilmentState


_O, _P, _F = OrderState, PaymentState, FulfilmentState
STATUSES: Final = {
    0: Status("Incomplete", _O.DRAFT, _P.PENDING, _F.UNFULFILLED),
    1: Status("Pending", _O.ON_HOLD, _P.PENDING, _F.UNFULFILLED),
    2: Status("Shipped", _O.OPEN, _P.PAID, _F.SHIPPED),
    3: Status("Partially Shipped", _O.OPEN, _P.PAID, _F.PARTIALLY_SHIPPED),
    4: Status("Refunded", _O.CLOSED, _P.REFUNDED, _F.UNFULFILLED),
    5: Status("Cancelled", _O.CANCELLED, _P.VOIDED, _F.UNFULFILLED),
    6: Status("Declined", _O.CANCELLED, _P.FAILED, _F.UNFULFILLED),
    7: Status("Awaiting Payment", _O.OPEN, _P.PENDING, _F.UNFULFILLED),
    8: Status("Awaiting Pickup", _O.OPEN, _P.PAID, _F.IN_PROGRESS),
    9: Status("Awaiting Shipment", _O.OPEN, _P.PAID, _F.IN_PROGRESS),
    10: Status("Completed", _O.CLOSED, _P.PAID, _F.SHIPPED),
    11: Status("Awaiting Fulfillment", _O.OPEN, _P.PAID, _F.UNFULFILLED),
    12: Status("Manual Verification Required", _O.ON_HOLD, _P.PENDING, _F.UNFULFILLED),
    13: Status("Disputed", _O.ON_HOLD, _P.DISPUTED, _F.UNFULFILLED),
    14: Status("Partially Refunded", _O.OPEN, _P.PARTIALLY_REFUNDED, _F.UNFULFILLED),
}
BY_NAME: Final = {status.name: status for status in STATUSES.values()}
_AS_THEY_ARE: Final[Mapping[str, str]] = {}
_PAYMENTS: Final = {
    "authorized": _P.AUTHORIZED,
    "captured": _P.PAID,
    "capture pending": _P.AUTHORIZED,
    "declined": _P.FAILED,
    "held for review": _P.PENDING,
    "paid": _P.PAID,
    "partially refunded": _P.PARTIALLY_REFUNDED,
    "pending": _P.PENDING,
    "refunded": _P.REFUNDED,
    "void": _P.VOIDED,
    "void pending": _P.VOIDED,
}
_SAID_BY_STATUS: Final = frozenset({4, 6, 7, 13, 14})  # these are about the payment, and set by staff
_TOOK_MONEY: Final = frozenset({_P.AUTHORIZED, _P.PAID, _P.PARTIALLY_REFUNDED, _P.REFUNDED, _P.DISPUTED})


# --- any row


def raw_of(row: object) -> bytes:
    """A row as JSON without what nobody but the shop needs to know."""
    return json.dumps(_without_secrets(row), default=str).encode("ascii")


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_secrets(part) for name, part in value.items() if name not in _FORGET}
    if isinstance(value, list):
        return [_without_secrets(part) for part in value]
    return value


def row_id(row: object) -> str:
    """The id as it came, a hash of the row where it has none."""
    found = row.get("id") if isinstance(row, dict) else None
    if isinstance(found, int | str) and not isinstance(found, bool) and str(found):
        return str(found)[:200]
    return "unreadable-" + blake2b(raw_of(row), digest_size=16).hexdigest()


def stamp_of(row: object) -> datetime | None:
    """`date_modified`, by which all lists are asked for."""
    return read_moment(row.get("date_modified")) if isinstance(row, dict) else None


def received(row: object, build: Callable[[Mapping[str, Any]], R], external_id: str = "") -> Received[R]:
    """What `build` makes of the row, or why it can't."""
    record: R | BadRecord
    told = row if isinstance(row, dict) else {}
    try:
        if isinstance(why := told.get(UNREAD), str):
            raise UnreadableError(why)
        record = build(told)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = safe_text(".".join(map(str, first["loc"])), 100) or "row"
        record = BadRecord(
            f"The shop's {where} can't be read: {safe_text(first['msg'].removeprefix('Value error, '), 200)}."
        )
    except (UnreadableError, AmountError) as error:
        record = BadRecord(str(error))
    return Received(external_id or row_id(row), stamp_of(row), raw_of(row), record)


# --- orders and baskets


def is_incomplete(row: object) -> bool:
    """A checkout that was never finished: no order."""
    return isinstance(row, dict) and row.get("status_id") in (INCOMPLETE, "0")


def parse_order(row: object, meanings: Mapping[str, str] = _AS_THEY_ARE) -> Received[CartOrder]:
    """An order with its lists in the place of their links (`session.with_details`). `meanings`: the option status_map,
    from a status by its name or number to the name of the one that it means."""
    return received(row, lambda told: _order(HeadWire.model_validate(told), meanings))


def parse_basket(row: object) -> Received[CartBasket]:
    """An order with the status Incomplete, likewise; one with another was ordered meanwhile, under its own number."""
    return received(row, lambda told: _basket(HeadWire.model_validate(told)))


def _order(wire: HeadWire, meanings: Mapping[str, str]) -> CartOrder:
    status, native = _status(wire, meanings)
    payment = _payment_state(wire, status)
    reading = read_amounts(wire)
    archived = bool(wire.is_deleted) and status.order is OrderState.OPEN
    return CartOrder(
        order_id=CartOrderId(wire.id),
        order_number=wire.id,
        placed_at=wire.date_created,
        modified_at=wire.date_modified,
        currency=wire.default_currency_code,
        total=_total(wire),
        lines=order_lines(wire, reading),
        native_status=f"{native} (archived)" if wire.is_deleted else native,
        order_state=OrderState.ON_HOLD if archived else status.order,
        payment_state=payment,
        fulfilment_state=_fulfilment_state(wire, status),
        buyer=_buyer(wire),
        billing_address=_place(wire.billing_address),
        shipping_address=_place(wire.shipping_addresses[0]) if wire.shipping_addresses else Address(),
        payments=_payments(wire, payment, reading.credit),
        shipping_method=safe_text(", ".join(one.shipping_method for one in wire.shipping_addresses[:5])),
        note=_note(wire),
        refunds=tuple(_refunds(wire)),
    )


def _refunds(wire: HeadWire) -> Iterator[Refund]:
    unit = Decimal(1).scaleb(-places_of(wire.default_currency_code))
    for back in sorted(wire.refunds, key=lambda one: (one.created, len(one.id), one.id)):
        amount = back.total_amount.quantize(unit, ROUND_HALF_UP)
        if amount <= 0:
            continue
        declined = bool(back.payments) and all(one.is_declined for one in back.payments)
        yield Refund(
            refund_id=back.id,
            refunded_at=back.created,
            amount=amount,
            state=RefundState.FAILED if declined else RefundState.DONE,
            reason=back.reason,
            lines=_refund_lines(wire, back, amount, unit),
        )


def _refund_lines(wire: HeadWire, back: RefundWire, amount: Decimal, unit: Decimal) -> tuple[RefundLine, ...]:
    """The shop names what was given back, but no amounts: where the order's own prices of it are the amount, they are
    what it is for. Discounts are of the whole order: with one nothing is itemised."""
    sold = {one.id: one for one in wire.products}
    lines: list[RefundLine] = []
    for item in back.items:
        if item.item_type == "PRODUCT" and item.item_id in sold and sold[item.item_id].quantity:
            line = sold[item.item_id]
            share = item.quantity / line.quantity
            net, tax = ((whole * share).quantize(unit, ROUND_HALF_UP) for whole in (line.total_ex_tax, line.total_tax))
            lines.append(
                RefundLine(net, line_id=line.id, sku=line.sku, text=line.name, quantity=item.quantity, tax_amount=tax)
            )
        elif item.item_type == "SHIPPING":
            net = wire.shipping_cost_ex_tax.quantize(unit, ROUND_HALF_UP)
            gross = wire.shipping_cost_inc_tax.quantize(unit, ROUND_HALF_UP)
            lines.append(RefundLine(net, LineKind.SHIPPING, text="Shipping", tax_amount=gross - net))
        else:
            return ()
    told = sum((line.amount + line.tax_amount for line in lines), Decimal(0))
    return tuple(lines) if told == amount else ()


def _basket(wire: HeadWire) -> CartBasket:
    return CartBasket(
        basket_id=CartBasketId(wire.id),
        modified_at=wire.date_modified,
        created_at=wire.date_created,
        status=BasketStatus.OPEN if wire.status_id == INCOMPLETE else BasketStatus.PURCHASED,
        native_status=wire.custom_status or wire.status or STATUSES[INCOMPLETE].name,
        currency=wire.default_currency_code,
        total=_total(wire),
        lines=order_lines(wire, read_amounts(wire)),
        buyer=_buyer(wire),
        order_id=None if wire.status_id == INCOMPLETE else CartOrderId(wire.id),
    )


def _status(wire: HeadWire, meanings: Mapping[str, str]) -> tuple[Status, str]:
    """By the id; the name is the merchant's to change, and may be given another meaning."""
    native = wire.custom_status or wire.status
    meant = meanings.get(native) or meanings.get(str(wire.status_id))
    status = BY_NAME[meant] if meant else STATUSES.get(wire.status_id)
    if status is None:
        raise UnreadableError(f"unknown status {wire.status_id} ({native or 'without a name'})")
    return status, native or status.name


def _total(wire: HeadWire) -> Decimal:
    unit = Decimal(1).scaleb(-places_of(wire.default_currency_code))
    return wire.total_inc_tax.quantize(unit, ROUND_HALF_UP)


def _payment_state(wire: HeadWire, status: Status) -> PaymentState:
    """What the gateway says. Manual payments say nothing or stay pending; then the status does, which staff moves."""
    said = wire.payment_status.strip().lower()
    if said and said not in _PAYMENTS:
        raise UnreadableError(f"unknown payment status {said[:60]}")
    if said in ("", "pending") or wire.status_id in _SAID_BY_STATUS:
        return status.payment
    return _PAYMENTS[said]


def _fulfilment_state(wire: HeadWire, status: Status) -> FulfilmentState:
    if status.fulfilment in (FulfilmentState.SHIPPED, FulfilmentState.PARTIALLY_SHIPPED):
        return status.fulfilment
    if wire.items_total > 0 and wire.items_shipped >= wire.items_total:
        return FulfilmentState.SHIPPED
    if wire.items_shipped > 0:
        return FulfilmentState.PARTIALLY_SHIPPED
    return status.fulfilment


def _payments(wire: HeadWire, state: PaymentState, credit_off: Decimal) -> tuple[Payment, ...]:
    """What the gateway took, what credit paid (unless it was taken off the total), what went back."""
    if state not in _TOOK_MONEY:
        return ()
    unit = Decimal(1).scaleb(-places_of(wire.default_currency_code))
    credits_used = () if credit_off else (wire.gift_certificate_amount, wire.store_credit_amount)
    amount = _total(wire) - sum(credits_used, Decimal(0)).quantize(unit, ROUND_HALF_UP)
    paid = [Payment(wire.payment_method, amount, state, reference=wire.payment_provider_id)] if amount else []
    for method, used in zip(("giftcertificate", "storecredit"), credits_used, strict=False):
        if used:
            paid.append(Payment(method, used.quantize(unit, ROUND_HALF_UP), PaymentState.PAID))
    for back in wire.refunds:
        for one in back.payments:
            done = PaymentState.FAILED if one.is_declined else PaymentState.REFUNDED
            given = -one.amount.quantize(unit, ROUND_HALF_UP)
            paid.append(Payment(one.provider_id, given, done, reference=back.id, paid_at=back.created))
    return tuple(paid)


def _buyer(wire: HeadWire) -> Buyer:
    """A guest has the customer id 0."""
    who = wire.billing_address
    customer_id = CartCustomerId(wire.customer_id) if wire.customer_id else None
    return Buyer(customer_id, who.email, who.first_name, who.last_name, who.company, who.phone)


def _note(wire: HeadWire) -> str:
    """The shopper's words, and a word about further addresses, which an order of cartui has no place for."""
    more = len(wire.shipping_addresses) - 1
    told = f"(To be delivered to {more + 1} addresses.)" if more > 0 else ""
    return f"{wire.customer_message} {told}".strip()


def _place(wire: PlaceWire) -> Address:
    return Address(
        name=f"{wire.first_name} {wire.last_name}".strip(),
        company=wire.company,
        street1=wire.street_1,
        street2=wire.street_2,
        city=wire.city,
        region=wire.state,
        postcode=wire.zip,
        country=wire.country_iso2 or wire.country,
        phone=wire.phone,
    )


# --- customers


def parse_customer(row: object) -> Received[CartCustomer]:
    """A customer of V3 with addresses. Each is an account: guests have none."""
    return received(row, lambda told: _customer(CustomerWire.model_validate(told)))


def _customer(wire: CustomerWire) -> CartCustomer:
    return CartCustomer(
        customer_id=CartCustomerId(wire.id),
        modified_at=wire.date_modified,
        email=wire.email,
        first_name=wire.first_name,
        last_name=wire.last_name,
        company=wire.company,
        phone=wire.phone,
        addresses=tuple(_home(one) for one in wire.addresses),
    )


def _home(wire: HomeWire) -> Address:
    return Address(
        name=f"{wire.first_name} {wire.last_name}".strip(),
        company=wire.company,
        street1=wire.address1,
        street2=wire.address2,
        city=wire.city,
        region=wire.state_or_province,
        postcode=wire.postal_code,
        country=wire.country_code,
        phone=wire.phone,
    )
