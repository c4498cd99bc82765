"""From Shopify's rows to records. Pure; a row that can't be read becomes a `BadRecord` with its body."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import blake2b
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from cartui.adapters.shopify.amounts import order_lines
from cartui.adapters.shopify.wire import (
    AddressWire,
    BasketWire,
    CustomerWire,
    LineWire,
    OrderWire,
    RefundWire,
    Terms,
    TransactionWire,
    VariantWire,
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
Row = Mapping[str, Any]
_MOMENT: TypeAdapter[datetime] = TypeAdapter(datetime)

PAYMENT_STATES = {
    "AUTHORIZED": PaymentState.AUTHORIZED,
    "EXPIRED": PaymentState.EXPIRED,
    "PAID": PaymentState.PAID,
    "PARTIALLY_PAID": PaymentState.PARTIALLY_PAID,
    "PARTIALLY_REFUNDED": PaymentState.PARTIALLY_REFUNDED,
    "PENDING": PaymentState.PENDING,
    "REFUNDED": PaymentState.REFUNDED,
    "VOIDED": PaymentState.VOIDED,
}
FULFILMENT_STATES = {
    "FULFILLED": FulfilmentState.SHIPPED,
    "FULFILLMENT_NOT_REQUIRED": FulfilmentState.NOT_REQUIRED,
    "IN_PROGRESS": FulfilmentState.IN_PROGRESS,
    "ON_HOLD": FulfilmentState.ON_HOLD,
    "OPEN": FulfilmentState.UNFULFILLED,  # the older word of UNFULFILLED
    "PARTIALLY_FULFILLED": FulfilmentState.PARTIALLY_SHIPPED,
    "PENDING_FULFILLMENT": FulfilmentState.IN_PROGRESS,  # the older word of IN_PROGRESS
    "REQUEST_DECLINED": FulfilmentState.UNFULFILLED,  # the service won't: it is the merchant's to send
    "RESTOCKED": FulfilmentState.UNFULFILLED,
    "SCHEDULED": FulfilmentState.UNFULFILLED,
    "UNFULFILLED": FulfilmentState.UNFULFILLED,
}
_TAKEN = {"SALE": 1, "CAPTURE": 1, "REFUND": -1, "CHANGE": -1}
_AWAITED = frozenset({"PENDING", "AWAITING_RESPONSE"})
_RESERVED = ("AUTHORIZATION", "EMV_AUTHORIZATION")


class UnreadableError(ValueError):
    """A row that is understood, but means nothing that is known; the message is a sentence."""


def parse_stamp(row: Row, name: str = "updatedAt") -> datetime | None:
    """A moment with its zone as aware UTC, else None."""
    value = row.get(name)
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        moment = _MOMENT.validate_python(value)
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def number_of(row: Row) -> str:
    """The number that people and the admin's addresses use; of a global id its last part; else a hash of the row."""
    if str(row.get("legacyResourceId") or "").isdecimal():
        return str(row["legacyResourceId"])
    tail = str(row.get("id") or "").partition("?")[0].rpartition("/")[2]
    return safe_text(tail, 100) or f"hash-{blake2b(to_json(dict(row)), digest_size=8).hexdigest()}"


def _parse(row: Row, stamp: datetime | None, make: Callable[[], R]) -> Received[R]:
    raw = to_json(dict(row))
    record: R | BadRecord
    try:
        if "error" in row:
            raise UnreadableError(f"The shop fails on this record: {row['error']}")
        record = make()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        record = BadRecord(safe_text(f"The shop's {where or 'row'} can't be read: {first['msg']}.", 300))
    except (AmountError, UnreadableError) as error:
        record = BadRecord(str(error))
    except OverflowError:
        record = BadRecord("A time of the record lies outside the calendar.")
    return Received(number_of(row), stamp, raw, record)


def parse_order(row: Row) -> Received[CartOrder]:
    """A row of `documents.orders`, all its line items in it."""
    return _parse(row, parse_stamp(row), lambda: _order(OrderWire.model_validate(row)))


def parse_basket(row: Row) -> Received[CartBasket]:
    """A row of `documents.baskets`."""
    return _parse(row, parse_stamp(row), lambda: _basket(BasketWire.model_validate(row)))


def parse_customer(row: Row) -> Received[CartCustomer]:
    """A row of `documents.CUSTOMERS`."""
    return _parse(row, parse_stamp(row), lambda: _customer(CustomerWire.model_validate(row)))


def parse_item(row: Row, terms: Terms) -> Received[CartItem]:
    """A row of `documents.VARIANTS`; its stamp is the later one of its own and its product's, either of which may be
    what the filter looked at."""
    product = row.get("product")
    stamps = [parse_stamp(part) for part in (row, product) if isinstance(part, Mapping)]
    stamp = max((one for one in stamps if one), default=None)
    return _parse(row, stamp, lambda: _item(VariantWire.model_validate(row), terms))


# --- orders -----------------------------------------------------------------------------------------------------------


def _order(wire: OrderWire) -> CartOrder:
    total = (wire.current_total_price_set if wire.edited else wire.total_price_set).money
    words = [wire.display_financial_status or "NO_PAYMENT_STATUS", wire.display_fulfillment_status]
    words += ["CANCELLED"] if wire.cancelled_at else []
    words += ["CLOSED"] if wire.closed else []
    shipping = ", ".join(one.title for one in wire.shipping_lines)
    return CartOrder(
        order_id=CartOrderId(wire.legacy_resource_id),
        order_number=wire.name or wire.legacy_resource_id,
        placed_at=wire.processed_at.astimezone(UTC),
        modified_at=wire.updated_at.astimezone(UTC),
        currency=total.currency_code,
        total=total.amount,
        lines=order_lines(wire),
        native_status=" ".join((["TEST ORDER"] if wire.test else []) + words),
        order_state=_order_state(wire),
        payment_state=_payment_state(wire),
        fulfilment_state=_fulfilment_state(wire),
        buyer=_buyer(wire),
        billing_address=_address(wire.billing_address),
        shipping_address=_address(wire.shipping_address),
        payments=_payments(wire.transactions or []),
        shipping_method=safe_text(shipping, 300),
        note=wire.note,
        refunds=tuple(_refunds(wire)),
        tags=tuple(tag for tag in wire.tags if tag),
    )


def _refunds(wire: OrderWire) -> Iterator[Refund]:
    """One that gave no money back (goods only) is none. Where its parts are not its amount it is not itemised: the
    shop's staff may give back more or less than the goods were worth."""
    sold = {number_of({"id": line.id}): line for line in wire.line_items}
    for row in wire.refunds:
        states = {one.status for one in row.transactions}
        asked = sum((one.amount_set for one in row.transactions if one.status in _AWAITED), Decimal(0))
        amount = row.total_refunded_set or asked
        if amount <= 0:
            continue
        lines = () if row.more_lines else (*_refund_lines(row, wire.taxes_included, sold), *_refund_shipping(row, wire))
        yield Refund(
            refund_id=row.legacy_resource_id,
            refunded_at=(row.created_at or wire.updated_at).astimezone(UTC),
            amount=amount,
            state=RefundState.PENDING if states & _AWAITED else RefundState.DONE,
            reason=row.note,
            lines=lines if sum((one.amount + one.tax_amount for one in lines), Decimal(0)) == amount else (),
        )


def _refund_lines(row: RefundWire, gross: bool, sold: Mapping[str, LineWire]) -> Iterator[RefundLine]:
    for one in row.lines:
        line_id = number_of({"id": one.line_item.id})
        of = sold.get(line_id)
        yield RefundLine(
            amount=one.subtotal_set - (one.total_tax_set if gross else 0),
            line_id=line_id if of else "",
            sku=of.sku if of else "",
            text=of.name if of else "",
            quantity=Decimal(one.quantity),
            tax_amount=one.total_tax_set,
            restock=one.restock_type not in ("NO_RESTOCK", ""),
        )


def _refund_shipping(row: RefundWire, wire: OrderWire) -> Iterator[RefundLine]:
    for one in row.shipping:
        net = one.subtotal_amount_set - (one.tax_amount_set if wire.taxes_included else 0)
        yield RefundLine(net, LineKind.SHIPPING, text="Shipping", quantity=Decimal(1), tax_amount=one.tax_amount_set)


def _order_state(wire: OrderWire) -> OrderState:
    if wire.test:
        return OrderState.DRAFT  # no money moved: never imported by itself
    if wire.cancelled_at:
        return OrderState.CANCELLED
    return OrderState.CLOSED if wire.closed else OrderState.OPEN


def _payment_state(wire: OrderWire) -> PaymentState:
    word = wire.display_financial_status
    if not word:
        return PaymentState.PAID if wire.fully_paid else PaymentState.PENDING
    if word not in PAYMENT_STATES:
        raise UnreadableError(f"unknown status {word[:60]} (of the payment)")
    return PAYMENT_STATES[word]


def _fulfilment_state(wire: OrderWire) -> FulfilmentState:
    word = wire.display_fulfillment_status
    if word not in FULFILMENT_STATES:
        raise UnreadableError(f"unknown status {word[:60]} (of the fulfilment)")
    return FULFILMENT_STATES[word]


def _payments(transactions: Sequence[TransactionWire]) -> tuple[Payment, ...]:
    """Money that moved, and what is only reserved as long as nothing was taken. Failed tries are left out."""
    ordered = sorted(transactions, key=lambda one: (one.processed_at or datetime.min.replace(tzinfo=UTC), one.id))
    taken = any(one.kind == "CAPTURE" and one.status == "SUCCESS" for one in ordered)
    freed = any(one.kind == "VOID" and one.status == "SUCCESS" for one in ordered)
    payments = []
    for one in ordered:
        state = PaymentState.REFUNDED if one.kind == "REFUND" else PaymentState.PAID
        sign = _TAKEN.get(one.kind, 0)
        if one.kind in _RESERVED and not taken and not freed:
            state, sign = PaymentState.AUTHORIZED, 1
        if one.status in ("PENDING", "AWAITING_RESPONSE"):
            state = PaymentState.PENDING
        elif one.status != "SUCCESS":
            continue
        if sign:
            at = one.processed_at.astimezone(UTC) if one.processed_at else None
            reference = one.id.rpartition("/")[2]
            payments.append(Payment(one.gateway, sign * one.amount_set, state, one.gateway, reference, at))
    return tuple(payments)


def _buyer(wire: OrderWire) -> Buyer:
    who, place = wire.customer, wire.billing_address or wire.shipping_address
    named = who or place
    return Buyer(
        customer_id=CartCustomerId(who.legacy_resource_id) if who else None,
        email=wire.email,
        first_name=named.first_name if named else "",
        last_name=named.last_name if named else "",
        company=place.company if place else "",
        phone=wire.phone or (place.phone if place else ""),
    )


def _address(wire: AddressWire | None) -> Address:
    if wire is None:
        return Address()
    return Address(
        name=safe_text(f"{wire.first_name} {wire.last_name}".strip()),
        company=wire.company,
        street1=wire.address1,
        street2=wire.address2,
        city=wire.city,
        region=wire.province_code or wire.province,
        postcode=wire.zip,
        country=wire.country_code_v2,
        phone=wire.phone,
    )


# --- baskets, customers, items ----------------------------------------------------------------------------------------


def _basket(wire: BasketWire) -> CartBasket:
    """Shopify does not say what shipping costs in a checkout: what is left of the total is shown as that."""
    total = wire.total_price_set.money
    lines = [
        OrderLine(
            LineKind.PRODUCT,
            one.title,
            one.original_total_price_set,
            Decimal(one.quantity),
            one.original_unit_price_set,
            item_id=CartItemId(one.variant.legacy_resource_id) if one.variant else None,
            sku=one.sku,
            line_id=number_of({"id": one.id}),
        )
        for one in wire.line_items
    ]
    if wire.total_discount_set:
        lines.append(OrderLine(LineKind.DISCOUNT, "Discount", -wire.total_discount_set))
    if wire.total_tax_set and not wire.taxes_included:
        lines.append(OrderLine(LineKind.TAX, "Tax", wire.total_tax_set))
    if rest := total.amount - sum((line.amount for line in lines), Decimal(0)):
        lines.append(OrderLine(LineKind.SHIPPING, "Shipping and other", rest))
    who = wire.customer
    email = who.default_email_address.email_address if who and who.default_email_address else ""
    done = wire.completed_at is not None
    return CartBasket(
        basket_id=CartBasketId(number_of({"id": wire.id})),
        modified_at=wire.updated_at.astimezone(UTC),
        created_at=wire.created_at.astimezone(UTC),
        status=BasketStatus.PURCHASED if done else BasketStatus.OPEN,
        native_status="completed" if done else "abandoned",
        currency=total.currency_code,
        total=total.amount,
        lines=tuple(lines),
        buyer=Buyer(CartCustomerId(who.legacy_resource_id), email, who.first_name, who.last_name)
        if who
        else Buyer(None),
    )


def _customer(wire: CustomerWire) -> CartCustomer:
    home = wire.default_address
    phone = wire.default_phone_number.phone_number if wire.default_phone_number else home.phone if home else ""
    return CartCustomer(
        customer_id=CartCustomerId(wire.legacy_resource_id),
        modified_at=wire.updated_at.astimezone(UTC),
        email=wire.default_email_address.email_address if wire.default_email_address else "",
        first_name=wire.first_name,
        last_name=wire.last_name,
        company=home.company if home else "",
        phone=phone,
        addresses=tuple(_address(one) for one in wire.addresses),
    )


def _item(wire: VariantWire, terms: Terms) -> CartItem:
    variant = "" if wire.product.has_only_default_variant else wire.title
    return CartItem(
        item_id=CartItemId(wire.legacy_resource_id),
        name=safe_text(f"{wire.product.title} - {variant}" if variant else wire.product.title),
        modified_at=max(wire.updated_at, wire.product.updated_at).astimezone(UTC),
        sku=wire.sku,
        parent_id=wire.product.legacy_resource_id,
        variant=variant,
        barcode=wire.barcode,
        price=wire.price,
        currency=terms.currency,
        stock=stock_of(wire, terms),
        active=wire.product.status == "ACTIVE",
    )


def stock_of(wire: VariantWire, terms: Terms) -> Decimal | None:
    """What is available at the chosen location, of several unchosen ones together; None: not tracked or not there."""
    if wire.inventory_item is None or not wire.inventory_item.tracked:
        return None
    if not terms.location:
        return None if wire.inventory_quantity is None else Decimal(wire.inventory_quantity)
    level = wire.inventory_item.inventory_level
    return next((Decimal(one.quantity) for one in level.quantities if one.name == "available"), None) if level else None
