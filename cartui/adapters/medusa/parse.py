"""From Medusa's rows to records. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import ROUND_FLOOR, Decimal
from hashlib import blake2b
from typing import Any, Final, TypeVar

from pydantic import ValidationError
from pydantic_core import to_json

from cartui.adapters.medusa.money import charged_total, line_text, order_lines, rounded, unit_of
from cartui.adapters.medusa.wire import (
    ZERO,
    CustomerWire,
    LevelWire,
    OrderWire,
    ParcelWire,
    PartWire,
    PlaceWire,
    PriceWire,
    Terms,
    VariantWire,
    read_moment,
)
from cartui.domain.ids import CartBasketId, CartCustomerId, CartItemId, CartOrderId
from cartui.domain.money import AmountError
from cartui.domain.ports import BadRecord, Received
from cartui.domain.records import (
    Address,
    BasketStatus,
    Buyer,
    CartBasket,
    CartCustomer,
    CartItem,
    CartOrder,
    CartShipment,
    FulfilmentState,
    OrderState,
    Payment,
    PaymentState,
    Refund,
    ShipmentLine,
)
from cartui.domain.remedies import retry_held
from cartui.domain.safe_text import safe_text

R = TypeVar("R")
MARKER: Final = "cartui_key"  # in the metadata of what we make
CARRIER: Final = "cartui_carrier"
_SECRET = frozenset({"data", "session_id"})  # of payments and shipping: their providers' own, perhaps with keys

ORDER_STATES = {
    "pending": OrderState.OPEN,
    "completed": OrderState.CLOSED,
    "archived": OrderState.CLOSED,
    "canceled": OrderState.CANCELLED,
    "requires_action": OrderState.ON_HOLD,
    "draft": OrderState.DRAFT,
}


class UnreadableError(ValueError):
    """An order whose status is not known; the message is a sentence."""


def row_id(row: Mapping[str, Any], raw: bytes = b"") -> str:
    found = row.get("id")
    return found if isinstance(found, str) and found else blake2b(raw or to_json(row), digest_size=16).hexdigest()


def without_secrets(value: Any) -> Any:
    """A row without what a provider of payments or shipping keeps there."""
    if isinstance(value, dict):
        return {name: without_secrets(part) for name, part in value.items() if name not in _SECRET}
    return [without_secrets(part) for part in value] if isinstance(value, list) else value


def _parse(
    row: Mapping[str, Any],
    stamp: datetime | None,
    build: Callable[[Mapping[str, Any]], R | BadRecord],
    external_id: str = "",
) -> Received[R]:
    raw = to_json(without_secrets(dict(row)))
    try:
        record = build(row)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = safe_text(".".join(map(str, first["loc"])), 100)
        record = BadRecord(f"The shop's {where} can't be read: {safe_text(first['msg'], 200)}.")
    except UnreadableError as error:
        remedy = retry_held("Say what it means in the cart's option status_map")
        record = BadRecord(safe_text(str(error), 300), remedy)
    except AmountError as error:
        record = BadRecord(safe_text(str(error), 300))
    return Received(external_id or row_id(row, raw), stamp, raw, record)


def parse_order(row: Mapping[str, Any], meanings: Mapping[str, str]) -> Received[CartOrder]:
    """A row of `ORDER_FIELDS`, stamped with `updated_at`. `meanings`: the option status_map."""
    return _parse(row, read_moment(row.get("updated_at")), lambda row: _order(OrderWire.model_validate(row), meanings))


def parse_basket(row: Mapping[str, Any], meanings: Mapping[str, str]) -> Received[CartBasket]:
    """A draft order, or the order that it became."""
    return _parse(row, read_moment(row.get("updated_at")), lambda row: _basket(OrderWire.model_validate(row), meanings))


def parse_customer(row: Mapping[str, Any]) -> Received[CartCustomer]:
    return _parse(row, read_moment(row.get("updated_at")), lambda row: _customer(CustomerWire.model_validate(row)))


def parse_item(row: Mapping[str, Any], terms: Terms) -> Received[CartItem]:
    """A variant with its `product`, stamped with the later of both `updated_at`: lists are asked for by each."""
    product = row.get("product")
    parts = [part for part in (row, product) if isinstance(part, Mapping)]
    stamps = [at for part in parts if (at := read_moment(part.get("updated_at"))) is not None]
    known = isinstance(product, Mapping) and isinstance(product.get("id"), str) and isinstance(row.get("id"), str)
    key = item_key(product["id"], row["id"]) if known and isinstance(product, Mapping) else ""
    return _parse(row, max(stamps, default=None), lambda row: _item(VariantWire.model_validate(row), terms), key)


def item_key(product_id: str, variant_id: str) -> str:
    """An item's id: both, because the shop's pages and writes need both."""
    return f"{product_id}:{variant_id}"


def split_item_id(item_id: str) -> tuple[str, str]:
    """Product and variant; ("", item_id) for an id that is not one of ours."""
    product, _, variant = item_id.rpartition(":")
    return product, variant


# --- orders


def _order(wire: OrderWire, meanings: Mapping[str, str]) -> CartOrder:
    state = ORDER_STATES.get(meanings.get(wire.status, wire.status))
    if state is None:
        raise UnreadableError(f"The order has an unknown status {wire.status!r}.")
    currency = wire.currency_code.upper()
    unit, total = unit_of(currency), charged_total(wire)
    payments = tuple(_payments(wire, unit))
    methods = sorted(one.name for one in wire.shipping_methods if one.name)
    return CartOrder(
        order_id=CartOrderId(wire.id),
        order_number=wire.custom_display_id or wire.display_id or wire.id,
        placed_at=wire.created_at,
        modified_at=wire.updated_at,
        currency=currency,
        total=rounded(total, unit),
        lines=order_lines(wire, total, unit),
        native_status=wire.status,
        order_state=state,
        payment_state=_payment_state(wire, rounded(total, unit), unit),
        fulfilment_state=_fulfilment_state(wire),
        buyer=_buyer(wire),
        billing_address=_address(wire.billing_address),
        shipping_address=_address(wire.shipping_address),
        payments=payments,
        shipping_method=safe_text(", ".join(methods)),
        refunds=tuple(_refunds(wire, unit)),
        customer_group=safe_text(", ".join(sorted(one.name for one in wire.customer.groups))) if wire.customer else "",
    )


def _basket(wire: OrderWire, meanings: Mapping[str, str]) -> CartBasket:
    order = _order(wire, meanings)
    is_open = wire.status == "draft"
    return CartBasket(
        basket_id=CartBasketId(wire.id),
        modified_at=wire.updated_at,
        created_at=wire.created_at,
        status=BasketStatus.OPEN if is_open else BasketStatus.PURCHASED,
        native_status=wire.status,
        currency=order.currency,
        total=order.total,
        lines=order.lines,
        buyer=order.buyer,
        order_id=None if is_open else order.order_id,
    )


def _buyer(wire: OrderWire) -> Buyer:
    """A guest's record is the shop's bookkeeping, one for each e-mail, not an account: the buyer then has no id. Guests
    have no name of their own: it is that of the address."""
    who, place = wire.customer, wire.billing_address or wire.shipping_address or PlaceWire()
    known = who is not None and not who.is_guest
    first, last = (who.first_name, who.last_name) if who else ("", "")
    return Buyer(
        customer_id=CartCustomerId(who.id) if who and known else None,
        email=wire.email or (who.email if who else ""),
        first_name=first if first or last else place.first_name,
        last_name=last if first or last else place.last_name,
        company=(who.company_name if who else "") or place.company,
        phone=(who.phone if who else "") or place.phone,
    )


def _address(wire: PlaceWire | None) -> Address:
    if wire is None:
        return Address()
    return Address(
        name=safe_text(f"{wire.first_name} {wire.last_name}".strip()),
        company=wire.company,
        street1=wire.address_1,
        street2=wire.address_2,
        city=wire.city,
        region=wire.province,
        postcode=wire.postal_code,
        country=wire.country_code.upper(),
        phone=wire.phone,
    )


def _payments(wire: OrderWire, unit: Decimal) -> Iterator[Payment]:
    """What was captured, what is authorised beyond it, and what went back."""
    for one in wire.payments:
        method, captured = one.provider_id, ZERO
        for part in sorted(one.captures, key=lambda part: part.created_at):
            captured += part.amount
            yield Payment(
                method, rounded(part.amount, unit), PaymentState.PAID, reference=one.id, paid_at=part.created_at
            )
        if left := rounded(one.amount - captured, unit) if one.amount > captured else ZERO:
            state = PaymentState.VOIDED if one.canceled_at else PaymentState.AUTHORIZED
            yield Payment(method, left, state, reference=one.id)
        for back in sorted(one.refunds, key=lambda back: (back.created_at, back.id)):
            amount = -rounded(back.amount, unit)
            yield Payment(method, amount, PaymentState.REFUNDED, reference=back.id, paid_at=back.created_at)


def _refunds(wire: OrderWire, unit: Decimal) -> Iterator[Refund]:
    """Medusa does not say for which lines the money went back."""
    found = [back for one in wire.payments for back in one.refunds if rounded(back.amount, unit) > 0]
    for back in sorted(found, key=lambda back: (back.created_at, back.id)):
        label = back.refund_reason.label if back.refund_reason else ""
        reason = safe_text(": ".join(filter(None, (label, back.note))))
        yield Refund(back.id, back.created_at, rounded(back.amount, unit), reason=reason)


def _payment_state(wire: OrderWire, total: Decimal, unit: Decimal) -> PaymentState:
    """From the payments: Medusa's own word is of the payment collections, and an edited order has several."""
    paid = rounded(sum((part.amount for one in wire.payments for part in one.captures), ZERO), unit)
    back = rounded(sum((part.amount for one in wire.payments for part in one.refunds), ZERO), unit)
    held = rounded(sum((one.amount for one in wire.payments if not one.canceled_at), ZERO), unit)
    if back and back >= paid:
        return PaymentState.REFUNDED
    if back:
        return PaymentState.PARTIALLY_REFUNDED
    if paid:
        return PaymentState.PAID if paid >= total else PaymentState.PARTIALLY_PAID
    if wire.status == "canceled" or (wire.payments and all(one.canceled_at for one in wire.payments)):
        return PaymentState.VOIDED
    if total <= 0:
        return PaymentState.PAID
    return PaymentState.AUTHORIZED if held >= total else PaymentState.PENDING


def _fulfilment_state(wire: OrderWire) -> FulfilmentState:
    """From the counted pieces: Medusa's own word depends on the fields that were asked for. What is never shipped
    (requires_shipping is false) does not count."""
    lines = [one for one in wire.items if one.requires_shipping and one.quantity]
    if not lines:
        return FulfilmentState.NOT_REQUIRED
    if all(one.returned >= one.quantity for one in lines):
        return FulfilmentState.RETURNED
    if all(one.detail.delivered_quantity >= one.quantity for one in lines):
        return FulfilmentState.DELIVERED
    if all(one.detail.shipped_quantity >= one.quantity for one in lines):
        return FulfilmentState.SHIPPED
    if any(one.detail.shipped_quantity for one in lines):
        return FulfilmentState.PARTIALLY_SHIPPED
    begun = any(one.detail.fulfilled_quantity for one in lines)
    return FulfilmentState.IN_PROGRESS if begun else FulfilmentState.UNFULFILLED


def shipment_of(wire: ParcelWire) -> CartShipment:
    """A fulfilment that was shipped."""
    numbers = [one.tracking_number for one in wire.labels if one.tracking_number]
    return CartShipment(
        shipment_id=wire.id,
        tracking_number=safe_text(", ".join(numbers)),
        carrier=wire.noted(CARRIER),
        key=wire.noted(MARKER),
        lines=tuple(
            ShipmentLine(one.line_item_id, one.quantity, one.sku)
            for one in sorted(wire.items, key=lambda one: one.line_item_id)
            if one.line_item_id
        ),
    )


# --- customers and items


def _customer(wire: CustomerWire) -> CartCustomer:
    return CartCustomer(
        customer_id=CartCustomerId(wire.id),
        modified_at=wire.updated_at,
        email=wire.email,
        first_name=wire.first_name,
        last_name=wire.last_name,
        company=wire.company_name,
        phone=wire.phone,
        guest=wire.is_guest,
        addresses=tuple(_address(one) for one in wire.addresses),
    )


def _item(wire: VariantWire, terms: Terms) -> CartItem:
    price = plain_price(wire.prices, terms.currency)
    label = line_text("", wire.title)
    return CartItem(
        item_id=CartItemId(item_key(wire.product.id, wire.id)),
        name=wire.product.title,
        modified_at=max(wire.updated_at, wire.product.updated_at),
        sku=wire.sku,
        parent_id=wire.product.id,
        variant=label.removeprefix(" (").removesuffix(")") if label else "",
        barcode=wire.barcode,
        price=price.amount if price else None,
        currency=terms.currency,
        stock=stock_of(wire, terms),
        active=wire.product.status == "published",
    )


def plain_price(prices: Sequence[PriceWire], currency: str) -> PriceWire | None:
    """The price for everybody in a currency; those of a region, a group or a quantity are others."""
    found = [one for one in prices if one.currency_code.upper() == currency and one.is_plain]
    return min(found, key=lambda one: one.id) if found else None


def levels_of(part: PartWire, terms: Terms) -> list[LevelWire]:
    levels = part.inventory.location_levels if part.inventory else []
    return [one for one in levels if terms.location in ("", one.location_id)]


def level_of(one: LevelWire, terms: Terms) -> Decimal:
    return one.stocked_quantity - (one.reserved_quantity if terms.free else 0)


def stock_of(wire: VariantWire, terms: Terms) -> Decimal | None:
    """None where the shop does not count it; of a kit what its parts are enough for."""
    if not wire.manage_inventory or not wire.inventory_items:
        return None
    counts = []
    for part in wire.inventory_items:
        held = sum((level_of(one, terms) for one in levels_of(part, terms)), ZERO)
        need = part.required_quantity
        counts.append(held if need in (0, 1) else (held / need).quantize(Decimal(1), ROUND_FLOOR))
    return min(counts).normalize() + 0
