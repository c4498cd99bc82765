"""From Vendure's rows to records. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import blake2b
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import to_json

from cartui.adapters.vendure.wire import (
    BasketWire,
    CustomerWire,
    FulfilmentWire,
    FullCustomerWire,
    HomePlaceWire,
    LevelWire,
    LineWire,
    OrderWire,
    PaidWire,
    PlaceWire,
    RefundWire,
    Terms,
    VariantWire,
)
from cartui.domain.ids import CartBasketId, CartCustomerId, CartItemId, CartOrderId
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
    Refund,
    RefundLine,
    RefundState,
)
from cartui.domain.safe_text import safe_text

R = TypeVar("R")


_ORDER_STATES = {
    **dict.fromkeys(("Created", "Draft", "AddingItems", "ArrangingPayment"), OrderState.DRAFT),
    **dict.fromkeys(("PaymentAuthorized", "PaymentSettled", "PartiallyShipped", "Shipped"), OrderState.OPEN),
    "PartiallyDelivered": OrderState.OPEN,
    "Delivered": OrderState.CLOSED,
    "Cancelled": OrderState.CANCELLED,
}  # Modifying, ArrangingAdditionalPayment and states of the shop's own are ON_HOLD
_PAYMENT_STATES = {
    "Settled": PaymentState.PAID,
    "Authorized": PaymentState.AUTHORIZED,
    "Cancelled": PaymentState.VOIDED,
    "Declined": PaymentState.FAILED,
    "Error": PaymentState.FAILED,
}
_REFUNDS = {"Settled": RefundState.DONE, "Failed": RefundState.FAILED}
KNOWN_STATES = (*_ORDER_STATES, "Modifying", "ArrangingAdditionalPayment")
_REFUND_STATES = {"Settled": PaymentState.REFUNDED, "Failed": PaymentState.FAILED}


def parse_stamp(row: Mapping[str, Any], name: str) -> datetime | None:
    """A stamp of a row as it came, None where it has none that can be read."""
    try:
        stamp = datetime.fromisoformat(str(row.get(name)))
    except ValueError:
        return None
    return stamp.astimezone(UTC) if stamp.tzinfo else None


def row_id(row: Mapping[str, Any], raw: bytes) -> str:
    found = row.get("id")
    return found if isinstance(found, str) and found else blake2b(raw, digest_size=16).hexdigest()


def _parse(
    row: Mapping[str, Any], stamp: datetime | None, build: Callable[[Mapping[str, Any]], R | BadRecord]
) -> Received[R]:
    raw = to_json(row)
    if fault := row.get("error"):  # left by the session where the shop failed on this row
        return Received(
            row_id(row, raw), stamp, raw, BadRecord(f"The shop can't show it. {fault}", "See the shop's log.")
        )
    try:
        record = build(row)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = safe_text(".".join(map(str, first["loc"])), 100)
        record = BadRecord(f"The shop's {where} can't be read: {safe_text(first['msg'], 200)}.")
    return Received(row_id(row, raw), stamp, raw, record)


def parse_order(row: Mapping[str, Any], terms: Terms) -> Received[CartOrder]:
    """An order of `_ORDER_FIELDS`; it is stamped with `orderPlacedAt`."""
    return _parse(row, parse_stamp(row, "orderPlacedAt"), lambda row: _order(OrderWire.model_validate(row), terms))


def parse_basket(row: Mapping[str, Any], terms: Terms) -> Received[CartBasket]:
    """An active order of `_BASKET_FIELDS`."""
    return _parse(row, parse_stamp(row, "updatedAt"), lambda row: _basket(BasketWire.model_validate(row), terms))


def parse_customer(row: Mapping[str, Any]) -> Received[CartCustomer]:
    """A customer of `_CUSTOMER_FIELDS`; one without a user is a guest."""
    return _parse(row, parse_stamp(row, "updatedAt"), lambda row: _customer(FullCustomerWire.model_validate(row)))


def parse_item(row: Mapping[str, Any], terms: Terms) -> Received[CartItem]:
    """A variant of `_VARIANT_FIELDS`, stamped with the later of its own and its product's `updatedAt`."""
    product = row.get("product")
    stamps = [parse_stamp(part, "updatedAt") for part in (row, product) if isinstance(part, Mapping)]
    stamp = max((one for one in stamps if one is not None), default=None)
    return _parse(row, stamp, lambda row: _item(VariantWire.model_validate(row), terms))


def _order(shown: OrderWire, terms: Terms) -> CartOrder | BadRecord:
    if shown.order_placed_at is None:
        return BadRecord("The shop shows no time at which it was placed.")
    wire = shown.model_copy(update={"state": terms.states.get(shown.state, shown.state)})
    return CartOrder(
        order_id=CartOrderId(wire.id),
        order_number=wire.code or wire.id,
        placed_at=shown.order_placed_at.astimezone(UTC),
        modified_at=max(wire.updated_at, shown.order_placed_at).astimezone(UTC),
        currency=wire.currency_code,
        total=terms.amount(wire.total_with_tax),
        lines=_lines(wire, terms),
        native_status=shown.state,
        order_state=_ORDER_STATES.get(wire.state, OrderState.ON_HOLD),
        payment_state=_payment_state(wire),
        fulfilment_state=_fulfilment_state(wire),
        buyer=_buyer(wire.customer),
        billing_address=_address(wire.billing_address),
        shipping_address=_address(wire.shipping_address),
        payments=tuple(_payments(wire.payments or [], terms)),
        shipping_method=safe_text(", ".join(s.shipping_method.name for s in wire.shipping_lines if s.shipping_method)),
        refunds=tuple(_refunds(wire, terms)),
        customer_group=safe_text(", ".join(one.name for one in wire.customer.groups) if wire.customer else ""),
    )


def _basket(wire: BasketWire, terms: Terms) -> CartBasket:
    return CartBasket(
        basket_id=CartBasketId(wire.id),
        modified_at=wire.updated_at.astimezone(UTC),
        created_at=wire.created_at.astimezone(UTC),
        status=_basket_status(wire),
        native_status=wire.state,
        currency=wire.currency_code,
        total=terms.amount(wire.total_with_tax),
        lines=_lines(wire, terms),
        buyer=_buyer(wire.customer),
        order_id=CartOrderId(wire.id) if wire.order_placed_at else None,
    )


def _basket_status(wire: BasketWire) -> BasketStatus:
    """A basket that is ordered keeps its id. One that was given up stays, without being anybody's active one."""
    if wire.order_placed_at:
        return BasketStatus.PURCHASED
    return BasketStatus.OPEN if wire.active and wire.state != "Cancelled" else BasketStatus.LOST


def _refunds(wire: OrderWire, terms: Terms) -> Iterator[Refund]:
    rows = [row for paid in wire.payments or () for row in paid.refunds if row.total > 0]
    for row in sorted(rows, key=lambda row: (row.created_at, len(row.id), row.id)):
        yield Refund(
            refund_id=row.id,
            refunded_at=row.created_at.astimezone(UTC),
            amount=terms.amount(row.total),
            state=_REFUNDS.get(row.state, RefundState.PENDING),
            reason=row.reason,
            lines=_refund_lines(row, {line.id: line for line in wire.lines}, terms),
        )


def _refund_lines(row: RefundWire, sold: Mapping[str, LineWire], terms: Terms) -> tuple[RefundLine, ...]:
    """The shop names pieces but no amounts: where their prices are the amount it gave, they are what it is for."""
    told = [(sold[one.order_line_id], one.quantity) for one in row.lines if one.order_line_id in sold and one.quantity]
    if len(told) != len(row.lines) or sum(line.prorated_unit_price_with_tax * n for line, n in told) != row.total:
        return ()
    return tuple(
        RefundLine(
            amount=terms.amount(line.prorated_unit_price * n),
            line_id=line.id,
            sku=line.product_variant.sku,
            text=line.product_variant.name,
            quantity=Decimal(n),
            tax_amount=terms.amount((line.prorated_unit_price_with_tax - line.prorated_unit_price) * n),
        )
        for line, n in told
    )


def _buyer(who: CustomerWire | None) -> Buyer:
    """A guest's record is the shop's bookkeeping, not an account: the buyer then has no id."""
    if who is None:
        return Buyer(None)
    customer_id = CartCustomerId(who.id) if who.user else None
    return Buyer(customer_id, who.email_address, who.first_name, who.last_name, phone=who.phone_number)


def _address(wire: PlaceWire | None) -> Address:
    if wire is None:
        return Address()
    return Address(
        name=wire.full_name,
        company=wire.company,
        street1=wire.street_line1,
        street2=wire.street_line2,
        city=wire.city,
        region=wire.province,
        postcode=wire.postal_code,
        country=wire.country.code if isinstance(wire, HomePlaceWire) else wire.country_code,
        phone=wire.phone_number,
    )


def _lines(wire: BasketWire, terms: Terms) -> tuple[OrderLine, ...]:
    """Net lines before discounts, then the discounts, then the taxes as the shop sums them up. Sorted, because the
    shop gives nested lists in no certain order, and an order that did not change must look the same again."""
    parcels = (wire.fulfillments or ()) if isinstance(wire, OrderWire) else None
    lines = [
        _product_line(one, terms, parcels)
        for one in sorted(wire.lines, key=lambda line: (len(line.id), line.id))
        if one.quantity or wire.state == "Cancelled"
    ]
    for sent in wire.shipping_lines:
        text = sent.shipping_method.name if sent.shipping_method else "Shipping"
        lines.append(OrderLine(LineKind.SHIPPING, text, terms.amount(sent.price)))
    for extra in sorted(wire.surcharges, key=lambda one: (one.description, one.price)):
        kind = LineKind.FEE if extra.price >= 0 else LineKind.DISCOUNT
        tax = terms.amount(extra.price_with_tax - extra.price)
        amount = terms.amount(extra.price)
        lines.append(OrderLine(kind, extra.description, amount, tax_rate=extra.tax_rate, tax_amount=tax, sku=extra.sku))
    lines += _discount_lines(wire, terms)
    for tax_row in sorted(wire.tax_summary, key=lambda one: (one.tax_rate, one.description)):
        text = safe_text(f"{tax_row.description or 'Tax'} {tax_row.tax_rate.normalize():f} %")
        lines.append(OrderLine(LineKind.TAX, text, terms.amount(tax_row.tax_total), tax_rate=tax_row.tax_rate))
    return tuple(lines)


def _gone(parcels: Sequence[FulfilmentWire], line_id: str) -> Decimal:
    """A parcel's pieces leave the stock when it is made, before it is sent."""
    sent = (line for one in parcels if one.state != "Cancelled" for line in one.lines)
    return Decimal(sum(line.quantity for line in sent if line.order_line_id == line_id))


def _product_line(line: LineWire, terms: Terms, parcels: Sequence[FulfilmentWire] | None) -> OrderLine:
    return OrderLine(
        kind=LineKind.PRODUCT,
        text=line.product_variant.name,
        amount=terms.amount(line.line_price),
        quantity=Decimal(line.quantity),
        unit_price=terms.amount(line.unit_price),
        tax_rate=line.tax_rate,
        tax_amount=terms.amount(line.line_tax),
        item_id=CartItemId(line.product_variant.id),
        sku=line.product_variant.sku,
        line_id=line.id,
        gone=None if parcels is None else _gone(parcels, line.id),
    )


def _discount_lines(wire: BasketWire, terms: Terms) -> list[OrderLine]:
    """What discounts took from lines and shipping, split as the shop names them. The shop rounds the named amounts
    piece by piece: the last one takes that difference; where it is more than rounding, all become one line."""
    taken = sum(one.prorated_line_price - one.line_price for one in wire.lines)
    taken += sum(one.discounted_price - one.price for one in wire.shipping_lines)
    if not taken:
        return []
    coupons = {f"PROMOTION:{one.id}" for one in wire.promotions if one.coupon_code}
    named = [
        (LineKind.COUPON if one.adjustment_source in coupons else LineKind.DISCOUNT, one.description, one.amount)
        for one in sorted(wire.discounts, key=lambda one: (one.adjustment_source, one.amount))
        if one.amount
    ]
    gap = taken - sum(amount for _, _, amount in named)
    pieces = sum(one.quantity for one in wire.lines) + len(wire.lines) + len(wire.shipping_lines)
    if not named or abs(gap) > pieces:
        named = [(LineKind.DISCOUNT, ", ".join(text for _, text, _ in named) or "Discount", taken)]
    else:
        kind, text, amount = named[-1]
        named[-1] = (kind, text, amount + gap)
    return [OrderLine(kind, safe_text(text), terms.amount(amount)) for kind, text, amount in named]


def _payments(paid: Sequence[PaidWire], terms: Terms) -> Iterator[Payment]:
    for one in sorted(paid, key=lambda one: (one.created_at, one.transaction_id)):
        state = _PAYMENT_STATES.get(one.state, PaymentState.PENDING)
        at = one.created_at.astimezone(UTC)
        yield Payment(one.method, terms.amount(one.amount), state, reference=one.transaction_id, paid_at=at)
        for back in sorted(one.refunds, key=lambda back: (back.created_at, back.transaction_id)):
            state = _REFUND_STATES.get(back.state, PaymentState.PENDING)
            at = back.created_at.astimezone(UTC)
            yield Payment(one.method, -terms.amount(back.total), state, reference=back.transaction_id, paid_at=at)


def _payment_state(wire: OrderWire) -> PaymentState:
    """From the payments and refunds: the order's own state says nothing of refunds."""
    paid = wire.payments or []
    settled = sum(one.amount for one in paid if one.state == "Settled")
    back = sum(one.total for each in paid for one in each.refunds if one.state == "Settled")
    held = sum(one.amount for one in paid if one.state == "Authorized")
    if back and back >= settled:
        return PaymentState.REFUNDED
    if settled and settled - back >= wire.total_with_tax:
        return PaymentState.PAID
    if back:
        return PaymentState.PARTIALLY_REFUNDED
    if settled:
        return PaymentState.PARTIALLY_PAID
    if wire.state == "Cancelled":
        return PaymentState.VOIDED
    if held:
        return PaymentState.AUTHORIZED if held >= wire.total_with_tax else PaymentState.PENDING
    if not wire.total_with_tax:
        return PaymentState.PAID
    failed = bool(paid) and all(_PAYMENT_STATES.get(one.state) is PaymentState.FAILED for one in paid)
    return PaymentState.FAILED if failed else PaymentState.PENDING


def _fulfilment_state(wire: OrderWire) -> FulfilmentState:
    """From what was sent: PartiallyDelivered does not say whether the rest is on its way."""
    parcels = wire.fulfillments or []
    wanted = sum(one.quantity for one in wire.lines)
    delivered = _pieces(parcels, "Delivered")
    sent = delivered + _pieces(parcels, "Shipped")
    if wire.state == "Delivered" or (wanted and delivered >= wanted):
        return FulfilmentState.DELIVERED
    if wire.state == "Shipped" or (wanted and sent >= wanted):
        return FulfilmentState.SHIPPED
    if sent or wire.state in ("PartiallyShipped", "PartiallyDelivered"):
        return FulfilmentState.PARTIALLY_SHIPPED
    if any(one.state != "Cancelled" for one in parcels):
        return FulfilmentState.IN_PROGRESS
    return FulfilmentState.UNFULFILLED


def _pieces(parcels: Sequence[FulfilmentWire], state: str) -> int:
    return sum(line.quantity for one in parcels if one.state == state for line in one.lines)


def _customer(wire: FullCustomerWire) -> CartCustomer:
    return CartCustomer(
        customer_id=CartCustomerId(wire.id),
        modified_at=wire.updated_at.astimezone(UTC),
        email=wire.email_address,
        first_name=wire.first_name,
        last_name=wire.last_name,
        phone=wire.phone_number,
        guest=wire.user is None,
        addresses=tuple(_address(one) for one in wire.addresses or ()),
    )


def _item(wire: VariantWire, terms: Terms) -> CartItem:
    typed = [one.price for one in wire.prices if one.currency_code == terms.currency]
    shown = wire.price_with_tax if terms.gross else wire.price
    label = ", ".join(one.name for one in wire.options) or (wire.name if wire.name != wire.product.name else "")
    return CartItem(
        item_id=CartItemId(wire.id),
        name=wire.product.name,
        modified_at=max(wire.updated_at, wire.product.updated_at).astimezone(UTC),
        sku=wire.sku,
        parent_id=wire.product.id,
        variant=safe_text(label),
        price=terms.amount(typed[0] if typed else shown),
        currency=terms.currency,
        stock=stock_of(wire, terms),
        active=wire.enabled and wire.product.enabled,
    )


def stock_of(wire: VariantWire, terms: Terms) -> Decimal | None:
    if wire.track_inventory == "FALSE" or (wire.track_inventory == "INHERIT" and not terms.tracks_stock):
        return None
    return Decimal(sum(one.stock_on_hand for one in levels_of(wire, terms)))


def levels_of(wire: VariantWire, terms: Terms) -> list[LevelWire]:
    return [one for one in wire.stock_levels if terms.location in ("", one.stock_location_id)]
