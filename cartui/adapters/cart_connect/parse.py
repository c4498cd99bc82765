"""Rows of Cart Connect as records (docs/cart-connect.md, sections 5 and 6). Pure; what can't be read says why."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, TypeVar

from cartui.domain.ids import CartBasketId, CartCustomerId, CartItemId, CartOrderId
from cartui.domain.money import AmountError, parse_amount, places_of
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
    LineKind,
    OrderLine,
    OrderState,
    Payment,
    PaymentState,
    Refund,
    RefundLine,
    RefundState,
    ShipmentLine,
)
from cartui.domain.safe_text import safe_text

R = TypeVar("R")
E = TypeVar("E", bound=StrEnum)
Wire = Mapping[str, Any]

_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,64}", re.ASCII)  # section 1, "Ids"


class UnreadableError(Exception):
    """A row is not what the protocol says. The message names field and problem and holds nothing that the shop wrote
    but unknown words of a status, made safe."""

    def within(self, place: str) -> UnreadableError:
        """The same, seen from the record around it."""
        return UnreadableError(f"{place}, {self}")


def parse_order(wire: Wire) -> CartOrder:
    """One row of `orders` (section 5). Taxes become lines of their own; a refund whose money has gone back is a payment
    below zero, too."""
    currency = _currency(wire["currency"])
    gross = wire["prices_include_tax"]
    billing, shipping = _address(wire["billing_address"]), wire["shipping_address"]
    refunds = _each(lambda refund: _refund(refund, wire["lines"]), wire["refunds"], "refunds")
    return CartOrder(
        order_id=CartOrderId(_id(wire["order_id"], "order_id")),
        order_number=_needed(wire["order_number"], "order_number"),
        placed_at=parse_moment(wire["placed_at"], "placed_at"),
        modified_at=parse_moment(wire["modified_at"], "modified_at"),
        currency=currency,
        total=parse_quantity(wire["total"], "total"),
        lines=(
            *_each(lambda line: _order_line(line, gross), wire["lines"], "lines"),
            *_each(_tax_line, wire["taxes"], "taxes"),
        ),
        native_status=_needed(wire["status"], "status"),
        order_state=_word(_ORDER_STATES, wire["order_state"], "order_state"),
        payment_state=_word(_PAYMENT_STATES, wire["payment_state"], "payment_state"),
        fulfilment_state=_word(_FULFILMENT_STATES, wire["fulfilment_state"], "fulfilment_state"),
        buyer=_buyer(wire["buyer"]),
        billing_address=billing,
        shipping_address=billing if shipping == wire["billing_address"] else _address(shipping),
        payments=(*_each(_payment, wire["payments"], "payments"), *map(_money_back, _done(refunds))),
        shipping_method=_text(wire["shipping_method"]),
        note=safe_text(wire["note"] or "", keep_lines=True),
        refunds=refunds,
        parent_id=CartOrderId(_id(parent, "parent_id")) if (parent := wire.get("parent_id")) else None,
        tags=tuple(map(_text, wire.get("tags", ()))),
        customer_group=_text(wire.get("customer_group")),
    )


def parse_item(wire: Wire) -> CartItem:
    """One row of `items` (section 6): a product without variants, or one variant."""
    return CartItem(
        item_id=CartItemId(_id(wire["item_id"], "item_id")),
        name=_text(wire["name"]),
        modified_at=parse_moment(wire["modified_at"], "modified_at"),
        sku=_text(wire["sku"]),
        parent_id=_text(wire["parent_id"]),
        variant=", ".join(_text(option["value"]) for option in wire["options"]),
        barcode=_text(wire["barcode"]),
        price=parse_quantity(wire["price"], "price"),
        currency=_currency(wire["currency"]),
        stock=None if wire["stock"] is None else parse_quantity(wire["stock"], "stock"),
        active=wire["active"],
        native={} if wire["external_key"] is None else {"external_key": _text(wire["external_key"])},
    )


def parse_customer(wire: Wire) -> CartCustomer:
    """One row of `customers` (section 6): registered ones only."""
    return CartCustomer(
        customer_id=CartCustomerId(_id(wire["customer_id"] or "", "customer_id")),
        modified_at=parse_moment(wire["modified_at"], "modified_at"),
        email=_text(wire["email"]),
        first_name=_text(wire["first_name"]),
        last_name=_text(wire["last_name"]),
        company=_text(wire["company"]),
        phone=_text(wire["phone"]),
        tax_number=_text(wire["tax_number"]),
        addresses=tuple(map(_address, wire["addresses"])),
    )


def parse_basket(wire: Wire) -> CartBasket:
    """One row of `baskets` (section 6). Its lines are as the shopper saw them, with tax where prices include it."""
    gross = wire["prices_include_tax"]
    return CartBasket(
        basket_id=CartBasketId(_id(wire["basket_id"], "basket_id")),
        modified_at=parse_moment(wire["modified_at"], "modified_at"),
        created_at=parse_moment(wire["created_at"], "created_at"),
        status=_word(_BASKET_STATES, wire["status"], "status"),
        native_status=_needed(wire["status"], "status"),
        currency=_currency(wire["currency"]),
        total=parse_quantity(wire["estimated_total"], "estimated_total"),
        lines=_each(lambda line: _basket_line(line, gross), wire["lines"], "lines"),
        buyer=_NOBODY if wire["buyer"] is None else _buyer(wire["buyer"]),
        order_id=CartOrderId(_id(made, "order_id")) if (made := wire.get("order_id")) else None,
    )


_NOBODY: Final = Buyer(None)
_NO_ADDRESS: Final = Address()
_ORDER_STATES: Final = {str(state): state for state in OrderState if state is not OrderState.DRAFT}
_PAYMENT_STATES: Final = {str(state): state for state in PaymentState}
_REFUND_STATES: Final = {str(state): state for state in RefundState}
_FULFILMENT_STATES: Final = {str(state): state for state in FulfilmentState}
_BASKET_STATES: Final = {str(status): status for status in BasketStatus}
_LINE_KINDS: Final = {str(kind): kind for kind in LineKind if kind not in (LineKind.TAX, LineKind.ROUNDING)}


def _each(parse: Callable[[Wire], R], rows: Sequence[Wire], place: str) -> tuple[R, ...]:
    parsed: list[R] = []
    for number, row in enumerate(rows, 1):
        try:
            parsed.append(parse(row))
        except UnreadableError as error:
            raise error.within(f"{place} {number}") from None
    return tuple(parsed)


def _order_line(wire: Wire, gross: bool) -> OrderLine:
    rate, item_id = wire["tax_rate_percent"], wire["item_id"]
    return OrderLine(
        kind=_word(_LINE_KINDS, wire["kind"], "kind"),
        text=_text(wire["name"]),
        amount=parse_quantity(wire["net_amount"], "net_amount"),
        quantity=parse_quantity(wire["quantity"], "quantity"),
        # With tax in it the net price of one is not known exactly, and nothing is recomputed.
        unit_price=None if gross else parse_quantity(wire["unit_price"], "unit_price"),
        tax_rate=None if rate is None else parse_quantity(rate, "tax_rate_percent"),
        tax_amount=parse_quantity(wire["tax_amount"], "tax_amount"),
        item_id=None if item_id is None else CartItemId(_id(item_id, "item_id")),
        sku=_text(wire["sku"]),
        line_id=_text(wire["line_id"]),
    )


def _basket_line(wire: Wire, gross: bool) -> OrderLine:
    quantity, price = parse_quantity(wire["quantity"], "quantity"), parse_quantity(wire["unit_price"], "unit_price")
    return OrderLine(
        kind=LineKind.PRODUCT,
        text=_text(wire["name"]),
        amount=quantity * price,
        quantity=quantity,
        unit_price=None if gross else price,
        item_id=None if wire["item_id"] is None else CartItemId(_id(wire["item_id"], "item_id")),
        sku=_text(wire["sku"]),
        line_id=_text(wire["line_id"]),
    )


def _tax_line(wire: Wire) -> OrderLine:
    rate = wire["rate_percent"]
    return OrderLine(
        kind=LineKind.TAX,
        text=_text(wire["name"]),
        amount=parse_quantity(wire["amount"], "amount"),
        tax_rate=None if rate is None else parse_quantity(rate, "rate_percent"),
    )


def _payment(wire: Wire) -> Payment:
    return Payment(
        method=_text(wire["method"]),
        amount=parse_quantity(wire["amount"], "amount"),
        state=_word(_PAYMENT_STATES, wire["state"], "state"),
        reference=_text(wire["reference"]),
        paid_at=None if wire["paid_at"] is None else parse_moment(wire["paid_at"], "paid_at"),
    )


def _refund(wire: Wire, sold: Sequence[Wire]) -> Refund:
    """Lines that do not add up to the amount say less than they seem: they are left out."""
    amount = parse_quantity(wire["amount"], "amount")
    by_id = {line["line_id"]: line for line in sold}
    lines = _each(lambda line: _refund_line(line, by_id), wire.get("lines", ()), "lines")
    whole = sum((line.amount + line.tax_amount for line in lines), Decimal(0)) == amount
    return Refund(
        refund_id=_id(wire["refund_id"], "refund_id"),
        refunded_at=parse_moment(wire["refunded_at"], "refunded_at"),
        amount=amount,
        state=_word(_REFUND_STATES, wire.get("state", "done"), "state"),
        reason=_text(wire["reason"]),
        lines=lines if whole else (),
    )


def _refund_line(wire: Wire, sold: Mapping[str, Wire]) -> RefundLine:
    line_id = wire["line_id"] or ""
    of = sold.get(line_id, {})
    return RefundLine(
        amount=parse_quantity(wire["net_amount"], "net_amount"),
        kind=_word(_LINE_KINDS, of.get("kind", "fee"), "kind"),
        line_id=_text(line_id) if of else "",
        sku=_text(of.get("sku")),
        text=_text(of.get("name")),
        quantity=parse_quantity(wire["quantity"], "quantity"),
        tax_amount=parse_quantity(wire["tax_amount"], "tax_amount"),
        restock=wire["restocked"],
    )


def _done(refunds: Sequence[Refund]) -> Sequence[Refund]:
    return [refund for refund in refunds if refund.state is RefundState.DONE]


def _money_back(refund: Refund) -> Payment:
    return Payment("refund", -refund.amount, PaymentState.REFUNDED, title=refund.reason, paid_at=refund.refunded_at)


def parse_shipment(wire: Wire) -> CartShipment:
    """One of an order's `shipments` (section 5)."""
    return CartShipment(
        shipment_id=_id(wire["shipment_id"], "shipment_id"),
        tracking_number=_text(wire["tracking_number"]),
        carrier=_text(wire["carrier"]),
        key=_text(wire["external_key"]),
        lines=tuple(
            ShipmentLine(_id(line["line_id"], "line_id"), parse_quantity(line["quantity"], "quantity"))
            for line in wire["lines"]
        ),
    )


def _buyer(wire: Wire) -> Buyer:
    customer_id = wire["customer_id"]
    return Buyer(
        None if customer_id is None else CartCustomerId(_id(customer_id, "buyer, customer_id")),
        _text(wire["email"]),
        _text(wire["first_name"]),
        _text(wire["last_name"]),
        _text(wire["company"]),
        _text(wire["phone"]),
        _text(wire["tax_number"]),
    )


def _address(wire: Wire | None) -> Address:
    return _NO_ADDRESS if wire is None else Address(**{name: _text(text) for name, text in wire.items()})


def _text(text: str | None) -> str:
    if not text:
        return ""
    if len(text) <= 200:
        # Most of it is plain; what is not (names with accents) comes again and again.
        return text if text.isascii() and text.isprintable() else _short_text(text)
    return safe_text(text)


_short_text = lru_cache(maxsize=4096)(safe_text)


def _needed(text: str, field: str) -> str:
    if not text.strip():
        raise UnreadableError(f"{field}: is empty")
    return safe_text(text)


def _id(text: str, field: str) -> str:
    if not _ID.fullmatch(text):
        raise UnreadableError(f"{field}: is not an id of 1 to 64 letters, digits and . _ : -")
    return text


_number = lru_cache(maxsize=4096)(parse_amount)  # "1", "19" and "0.00" come all the time


def parse_quantity(text: str, field: str) -> Decimal:
    """An amount, price, quantity or rate (section 1); `UnreadableError` names the field."""
    try:
        return _number(text)
    except AmountError:
        raise UnreadableError(f"{field}: is not an amount of at most 12 digits and 6 decimals") from None


@lru_cache(maxsize=256)
def _currency(code: str) -> str:
    try:
        places_of(code)
    except AmountError:
        raise UnreadableError("currency: is not a currency of ISO 4217") from None
    return code


def parse_moment(text: str, field: str) -> datetime:
    """A time (section 1), aware UTC; `UnreadableError` names the field."""
    if len(text) <= 27 and text[10:11] == "T" and text[-1:] == "Z":
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            pass
    raise UnreadableError(f"{field}: is not a time in UTC such as 2026-01-31T09:30:00.000000Z")


def _word(words: Mapping[str, E], text: str, field: str) -> E:
    if (found := words.get(text)) is None:
        what = "kind of line" if field == "kind" else "status"
        raise UnreadableError(f"{field}: unknown {what} “{safe_text(text, 40)}”")
    return found


def is_id(text: str) -> bool:
    """Whether the protocol allows this as an id."""
    return _ID.fullmatch(text) is not None
