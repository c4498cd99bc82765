"""Rows of wc/v3 as records. Pure; what can't be read says why.

Amounts: `total` of each line is net of tax and after coupons, in the shop's decimals, and lines + shipping + fees +
total_tax are the order's total exactly (322 of 322 orders looked at, prices entered with tax or without). Coupons are
therefore lines of nothing that name what was taken off; the computed `price` of a line, a number with noise, is not
read.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from hashlib import sha256
from string import ascii_letters, ascii_lowercase, ascii_uppercase
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError, to_json

from cartui.adapters.woocommerce import wire
from cartui.domain.ids import CartBasketId, CartCustomerId, CartItemId, CartOrderId
from cartui.domain.money import AmountError, parse_amount, places_of
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
from cartui.domain.safe_text import safe_text

R = TypeVar("R")
States = tuple[OrderState, PaymentState, FulfilmentState]
NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)  # the stamp of an account that WordPress has no dates of

STATUSES: Final[Mapping[str, States]] = {
    "pending": (OrderState.OPEN, PaymentState.PENDING, FulfilmentState.UNFULFILLED),
    "on-hold": (OrderState.ON_HOLD, PaymentState.PENDING, FulfilmentState.UNFULFILLED),
    "processing": (OrderState.OPEN, PaymentState.PAID, FulfilmentState.UNFULFILLED),
    "completed": (OrderState.CLOSED, PaymentState.PAID, FulfilmentState.SHIPPED),
    "cancelled": (OrderState.CANCELLED, PaymentState.VOIDED, FulfilmentState.UNFULFILLED),
    "refunded": (OrderState.CLOSED, PaymentState.REFUNDED, FulfilmentState.UNFULFILLED),
    "failed": (OrderState.OPEN, PaymentState.FAILED, FulfilmentState.UNFULFILLED),
    "trash": (OrderState.CANCELLED, PaymentState.VOIDED, FulfilmentState.UNFULFILLED),
    **dict.fromkeys(
        ("auto-draft", "draft", "new"), (OrderState.DRAFT, PaymentState.PENDING, FulfilmentState.UNFULFILLED)
    ),
    "checkout-draft": (OrderState.DRAFT, PaymentState.PENDING, FulfilmentState.UNFULFILLED),
}
_FULFILMENTS: Final[Mapping[str, FulfilmentState]] = {
    "fulfilled": FulfilmentState.SHIPPED,
    "partially_fulfilled": FulfilmentState.PARTIALLY_SHIPPED,
}
SHIPMENT_KEY: Final = "_cartui_shipment_"
NO_ORDERS: Final = ("checkout-draft", "auto-draft", "draft", "new")  # what is not placed (yet)
TAX_NUMBER_KEYS: Final = (
    *(
        "_billing_vat_number",
        "_billing_eu_vat_number",
        "billing_vat_number",
        "_vat_number",
        "vat_number",
        "_billing_vat",
    ),
    *("billing_vat", "_billing_tax_id", "billing_tax_id", "billing_eu_vat_number", "_billing_vat_id"),
)
TAX_NUMBER_KEY: Final = TAX_NUMBER_KEYS[0]


class UnreadableError(Exception):
    """A row is not what the API says. The message names field and problem, with no more of the shop's than a word."""


# --- orders -----------------------------------------------------------------------------------------------------------


def parse_order(row: Any, status_map: Mapping[str, str]) -> CartOrder:
    """One order. `status_map` leads from a plug-in's status to one of WooCommerce's own."""
    told: wire.OrderRow = _shape(wire.ORDER, row)
    currency, total = _currency(told["currency"]), amount_of(told["total"], "total")
    created, modified = parse_gmt(told.get("date_created_gmt")), parse_gmt(told.get("date_modified_gmt"))
    if created is None and modified is None:
        raise UnreadableError("date_created_gmt: is missing or no date")
    placed_at = created or modified or NEVER
    refunded = -sum(
        (amount_of(refund.get("total"), "refunds, total") for refund in told.get("refunds", ())), Decimal(0)
    )
    meta = _entries(told.get("meta_data", ()))
    order_state, payment_state, fulfilment_state = _states(told, meta, status_map, total, refunded)
    billing, shipping = told.get("billing", {}), told.get("shipping", {})
    billing_address = _address(billing)
    return CartOrder(
        order_id=CartOrderId(str(told["id"])),
        order_number=name_of(told.get("number")) or str(told["id"]),
        placed_at=placed_at,
        modified_at=modified or placed_at,
        currency=currency,
        total=total,
        lines=_order_lines(told, currency),
        native_status=safe_text(told["status"], 64),
        order_state=order_state,
        payment_state=payment_state,
        fulfilment_state=fulfilment_state,
        buyer=_buyer(told, billing, meta),
        billing_address=billing_address,
        shipping_address=billing_address if shipping == billing else _address(shipping),
        payments=_payments(told, total, payment_state),
        shipping_method=", ".join(name_of(line.get("method_title")) for line in told.get("shipping_lines", ())),
        note=safe_text(html.unescape(told.get("customer_note") or ""), keep_lines=True),
    )


def parse_basket(row: Any, status_map: Mapping[str, str]) -> CartBasket:
    """An order that the checkout made before it was placed (status checkout-draft); placed, it is the same record."""
    order = parse_order(row, status_map)
    placed = order.order_state is not OrderState.DRAFT
    return CartBasket(
        basket_id=CartBasketId(order.order_id),
        modified_at=order.modified_at,
        created_at=order.placed_at,
        status=BasketStatus.PURCHASED if placed else BasketStatus.OPEN,
        native_status=order.native_status,
        currency=order.currency,
        total=order.total,
        lines=order.lines,
        buyer=order.buyer,
        order_id=order.order_id if placed else None,
    )


def _states(
    told: wire.OrderRow, meta: Mapping[str, Any], status_map: Mapping[str, str], total: Decimal, refunded: Decimal
) -> States:
    """By the status, refined by what the record proves: refunds (the order's total stays as it was) and the dates of
    payment and completion."""
    word = told["status"].removeprefix("wc-")
    known = STATUSES.get(status_map.get(word, word))
    if known is None:
        raise UnreadableError(f"unknown status “{safe_text(word, 40)}”")
    order_state, payment, fulfilment = known
    paid = parse_gmt(told.get("date_paid_gmt")) is not None
    if paid and (order_state is OrderState.CANCELLED or payment is PaymentState.PENDING):
        payment = PaymentState.PAID
    if refunded > 0 and payment in (PaymentState.PAID, PaymentState.VOIDED):
        payment = PaymentState.REFUNDED if refunded >= total else PaymentState.PARTIALLY_REFUNDED
    if payment is PaymentState.REFUNDED and parse_gmt(told.get("date_completed_gmt")) is not None:
        fulfilment = FulfilmentState.SHIPPED
    if fulfilment is FulfilmentState.UNFULFILLED and order_state is not OrderState.CANCELLED:
        fulfilment = _shipped(meta)
    return order_state, payment, fulfilment


def _shipped(meta: Mapping[str, Any]) -> FulfilmentState:
    """What fulfilments of version 10.1 and later, a tracking plug-in or cartui's own entries say of an order whose
    status does not say that it was shipped."""
    if word := meta.get("_fulfillment_status"):
        return _FULFILMENTS.get(str(word), FulfilmentState.UNFULFILLED)
    ours = [value for key, value in meta.items() if key.startswith(SHIPMENT_KEY) and isinstance(value, dict)]
    if any(value.get("completes") == "yes" for value in ours):
        return FulfilmentState.SHIPPED
    some = ours or meta.get("_wc_shipment_tracking_items")
    return FulfilmentState.PARTIALLY_SHIPPED if some else FulfilmentState.UNFULFILLED


def _order_lines(told: wire.OrderRow, currency: str) -> tuple[OrderLine, ...]:
    rates = {str(tax.get("rate_id")): _rate(tax.get("rate_percent")) for tax in told.get("tax_lines", ())}
    return (
        *[_line(LineKind.PRODUCT, line, rates) for line in told.get("line_items", ())],
        *[_line(LineKind.SHIPPING, line, rates) for line in told.get("shipping_lines", ())],
        *[_line(LineKind.FEE, line, rates) for line in told.get("fee_lines", ())],
        *[_coupon_line(line, currency) for line in told.get("coupon_lines", ())],
        *_tax_lines(told),
    )


def _line(kind: LineKind, line: wire.LineRow, rates: Mapping[str, Decimal | None]) -> OrderLine:
    amount = amount_of(line.get("total"), "total of a line")
    quantity = amount_of(line.get("quantity") or "1", "quantity") if kind is LineKind.PRODUCT else Decimal(1)
    if kind is LineKind.FEE and amount < 0:
        kind = LineKind.DISCOUNT  # the shop's way to take something off by hand or by a plug-in
    charged = {str(tax.get("id")) for tax in line.get("taxes", ()) if (tax.get("total") or "0").strip("0.-")}
    rate = rates.get(next(iter(charged))) if len(charged) == 1 else None
    return OrderLine(
        kind=kind,
        text=name_of(line.get("name")) or name_of(line.get("method_title")) or kind.value,
        amount=amount,
        quantity=quantity,
        tax_rate=rate,
        tax_amount=amount_of(line.get("total_tax"), "total_tax of a line"),
        item_id=_item_id_of(line),
        sku=_text(line.get("sku")),
        line_id=str(line.get("id") or ""),
    )


def _item_id_of(line: wire.LineRow) -> CartItemId | None:
    """None for a line that was typed in, or whose product was deleted since."""
    product, variation = _id(line.get("product_id")), _id(line.get("variation_id"))
    return item_id(product, variation) if product else None


def _coupon_line(line: wire.LineRow, currency: str) -> OrderLine:
    taken = amount_of(line.get("discount"), "discount")
    text = f"{name_of(line.get('code'))}: {taken} {currency}, taken off the amounts above"
    return OrderLine(LineKind.COUPON, text, Decimal(0), line_id=str(line.get("id") or ""))


def _tax_lines(told: wire.OrderRow) -> Iterable[OrderLine]:
    """One line a rate, and what the order's total_tax has beyond them (plug-ins that tax without rates)."""
    left = amount_of(told.get("total_tax"), "total_tax")
    for tax in told.get("tax_lines", ()):
        amount = amount_of(tax.get("tax_total"), "tax_total") + amount_of(
            tax.get("shipping_tax_total"), "shipping_tax_total"
        )
        left -= amount
        text = name_of(tax.get("label")) or name_of(tax.get("rate_code")) or "Tax"
        yield OrderLine(LineKind.TAX, text, amount, tax_rate=_rate(tax.get("rate_percent")))
    if left:
        yield OrderLine(LineKind.TAX, "Tax that is of no rate", left)


def _payments(told: wire.OrderRow, total: Decimal, state: PaymentState) -> tuple[Payment, ...]:
    method, title = _text(told.get("payment_method")), name_of(told.get("payment_method_title"))
    took = state in (PaymentState.PAID, PaymentState.PARTIALLY_REFUNDED, PaymentState.REFUNDED)
    paid_at, reference = parse_gmt(told.get("date_paid_gmt")), _text(told.get("transaction_id"))
    payment = Payment(method, total, PaymentState.PAID, title, reference, paid_at)
    back = (
        Payment(
            method,
            amount_of(refund.get("total"), "refunds, total"),
            PaymentState.REFUNDED,
            title=name_of(refund.get("reason")),
            reference=str(refund.get("id") or ""),
        )
        for refund in told.get("refunds", ())
    )
    return (*((payment,) if took and total else ()), *back)


def _buyer(told: wire.OrderRow, billing: wire.AddressRow, meta: Mapping[str, Any]) -> Buyer:
    customer = _id(told.get("customer_id"))
    return Buyer(
        CartCustomerId(customer) if customer else None,
        _text(billing.get("email")),
        name_of(billing.get("first_name")),
        name_of(billing.get("last_name")),
        name_of(billing.get("company")),
        _text(billing.get("phone")),
        _meta(meta, TAX_NUMBER_KEYS),
    )


# --- items ------------------------------------------------------------------------------------------------------------


def parse_item(row: Any, parent: Mapping[str, Any] | None, currency: str, stamp: datetime | None = None) -> CartItem:
    """A product without variations (`parent` None) or a variation of `parent`, a product's row. `stamp` is the time
    that a filter saw instead of the row's own: a variation comes because its product was changed."""
    told: wire.ItemRow = _shape(wire.ITEM, row)
    above: wire.ItemRow = _shape(wire.ITEM, parent) if parent else told
    modified = stamp or parse_gmt(told.get("date_modified_gmt")) or parse_gmt(told.get("date_created_gmt")) or NEVER
    name = name_of(above.get("name")) or name_of(told.get("name"))
    price = told.get("regular_price") or told.get("price")
    return CartItem(
        item_id=item_id(str(above["id"]), str(told["id"])) if parent else item_id(str(told["id"])),
        name=name or f"(no name, product {told['id']})",
        modified_at=modified,
        sku=_own_sku(told, above) if parent else _text(told.get("sku")),
        parent_id=str(above["id"]) if parent else "",
        variant=_variant(told) if parent else "",
        barcode=_text(told.get("global_unique_id")),
        price=_price(price) if price else None,
        currency=currency,
        stock=stock_of(told),
        active=(told.get("status") or "publish") == "publish" and (above.get("status") or "publish") == "publish",
        native=_native(told),
    )


def stock_of(told: wire.ItemRow) -> Decimal | None:
    """The stock of its own, None where it has none: it is not tracked, or its product's is ("parent")."""
    quantity = told.get("stock_quantity")
    if told.get("manage_stock") in (True, "1", "yes", "true") and quantity not in (None, "", False):
        return amount_of(quantity, "stock_quantity")
    return None


def item_id(product: str, variation: str = "") -> CartItemId:
    """`12`, or `90:95` for variation 95 of product 90: it is written by both numbers."""
    return CartItemId(f"{product}:{variation}" if variation else product)


def split_id(name: str) -> tuple[str, str] | None:
    """Product and variation ("" if none) of an item's id; None where it is no id of this cart."""
    match = _ITEM_ID.fullmatch(name)
    return (match[1], match[2] or "") if match else None


def is_parent(row: Mapping[str, Any]) -> bool:
    """A product that is sold by its variations only."""
    return str(row.get("type") or "").startswith("variable")


_ITEM_ID: Final = re.compile(r"([1-9]\d{0,18})(?::([1-9]\d{0,18}))?", re.ASCII)


def _own_sku(told: wire.ItemRow, parent: wire.ItemRow) -> str:
    """A variation without a SKU of its own shows its product's, as all its siblings do: that is no identity."""
    sku = _text(told.get("sku"))
    return "" if sku.casefold() == _text(parent.get("sku")).casefold() else sku


def _variant(told: wire.ItemRow) -> str:
    options = [name_of(one.get("option")) for one in told.get("attributes", ())]
    return ", ".join(option for option in options if option) or name_of(told.get("name"))


def _price(text: str | None) -> Decimal:
    price = amount_of(text, "price")
    if price < 0:
        raise UnreadableError("price: is below zero")
    return price


def _native(told: wire.ItemRow) -> dict[str, str]:
    facts = {
        "type": _text(told.get("type")),
        "status": _text(told.get("status")),
        "sale_price": _text(told.get("sale_price")),
        "stock_status": _text(told.get("stock_status")),
    }
    if told.get("manage_stock") == "parent":
        facts["stock_of_product"] = _text(told.get("stock_quantity"))
    if key := _meta(_entries(told.get("meta_data", ())), (MARKER,)):
        facts["key"] = key
    return {name: value for name, value in facts.items() if value}


MARKER: Final = "_cartui_key"


# --- customers --------------------------------------------------------------------------------------------------------


def parse_customer(row: Any) -> CartCustomer:
    """An account. Guests are no customers here: they stand in their orders only."""
    told: wire.CustomerRow = _shape(wire.CUSTOMER, row)
    billing, shipping = told.get("billing", {}), told.get("shipping", {})
    addresses = [_address(billing), _address(shipping)]
    return CartCustomer(
        customer_id=CartCustomerId(str(told["id"])),
        modified_at=parse_gmt(told.get("date_modified_gmt")) or parse_gmt(told.get("date_created_gmt")) or NEVER,
        email=_text(told.get("email")) or _text(billing.get("email")),
        first_name=name_of(told.get("first_name")) or name_of(billing.get("first_name")),
        last_name=name_of(told.get("last_name")) or name_of(billing.get("last_name")),
        company=name_of(billing.get("company")),
        phone=_text(billing.get("phone")),
        tax_number=_meta(_entries(told.get("meta_data", ())), TAX_NUMBER_KEYS),
        addresses=tuple(dict.fromkeys(one for one in addresses if one != Address())),
    )


def marker_of(row: Any) -> str:
    """Our key in the meta data of a row that we made, "" if there is none."""
    entries = row.get("meta_data") if isinstance(row, dict) else None
    told = [one for one in entries if isinstance(one, dict)] if isinstance(entries, list) else []
    return _meta(_entries(told), (MARKER,))


# --- any row ----------------------------------------------------------------------------------------------------------


def parse_row(row: Any, parse: Callable[[Any], R], *, name: str = "", stamp: datetime | None = None) -> Received[R]:
    """One row of a page, whatever is in it. `name` is its id where the row's own does not do, `stamp` as in
    `parse_item`."""
    raw = render_raw(row)
    told = row if isinstance(row, dict) else {}
    own = str(told.get("id") or "")
    external_id = name or (own if own.isascii() and own.isdigit() else f"unreadable-{sha256(raw).hexdigest()[:32]}")
    seen_at = stamp or stamp_of(told)
    try:
        record: R | BadRecord = parse(row)
    except UnreadableError as error:
        return Received(external_id, seen_at, raw, BadRecord(f"{error}."))
    return Received(external_id, seen_at or getattr(record, "modified_at", None), raw, record)


def stamp_of(row: Mapping[str, Any]) -> datetime | None:
    """What `modified_after` with `dates_are_gmt` compares."""
    told = row.get("date_modified_gmt")
    return parse_gmt(told) if isinstance(told, str) else None


def parse_gmt(text: object) -> datetime | None:
    """A date_…_gmt: UTC without saying so. None where it is missing, or one of PHP's zero dates."""
    return _moment(text) if isinstance(text, str) and text and len(text) <= 35 else None


@lru_cache(maxsize=4096)
def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if moment > NEVER else None


def render_raw(row: Any) -> bytes:
    """The row without what opens doors: an order's key (whoever has it sees and pays the order), passwords, tokens of
    payment providers."""
    if isinstance(row, dict):
        row = {name: value for name, value in row.items() if name not in _NOT_KEPT}
    raw = _dumped(row)
    letters = raw.translate(_SMALL_LETTERS, _NO_LETTERS)
    # Many rows have none of the words: looking into each field costs more than all else.
    return _dumped(_without_secrets(row)) if any(map(letters.__contains__, _SECRET_WORDS)) else raw


def _dumped(row: Any) -> bytes:
    try:
        return to_json(row, inf_nan_mode="constants")
    except (ValueError, PydanticSerializationError):  # half a sign
        return json.dumps(row, ensure_ascii=False, default=str).encode("utf-8", "replace")


_ORDER_KEY: Final = re.compile(r"wc_order_\w+")
_NOT_KEPT: Final = frozenset({"order_key", "payment_url", "cart_hash", "_links"})
_SMALL_LETTERS: Final = bytes.maketrans(ascii_uppercase.encode(), ascii_lowercase.encode())
_NO_LETTERS: Final = bytes(set(range(256)) - set(ascii_letters.encode()))  # half of a row, not looked through then
_SECRET_WORDS: Final = (
    *(b"passw", b"secret", b"token", b"apikey"),
    *(b"session", b"nonce", b"cvv", b"cvc", b"iban", b"wcorder"),
)
_SECRET_NAMES: Final = re.compile(
    r"order_key|payment_url|cart_hash|.*(?:passw(?:or)?d|secret|token|api_?key|session|nonce|cvv|cvc|iban).*",
    re.IGNORECASE | re.DOTALL,
)


@lru_cache(maxsize=4096)
def _is_secret(name: str) -> bool:
    return _SECRET_NAMES.fullmatch(name) is not None


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        if isinstance(value.get("key"), str) and "value" in value and _is_secret(value["key"]):
            return {"key": value["key"]}
        return {
            key: _without_secrets(one) for key, one in value.items() if key not in _NOT_KEPT and not _is_secret(key)
        }
    if isinstance(value, list):
        return [_without_secrets(one) for one in value]
    return _ORDER_KEY.sub("***", value) if isinstance(value, str) else value


def _shape(shape: TypeAdapter[Any], row: Any) -> Any:
    try:
        return shape.validate_python(row)
    except ValidationError as error:
        problem = _in_words(error)
        torn = any(one["type"] == "string_unicode" for one in error.errors(include_url=False, include_input=False))
    if torn and (whole := _without_torn_signs(row)) != row:
        return _shape(shape, whole)
    raise UnreadableError(problem)


def _without_torn_signs(value: Any) -> Any:
    """Half of a surrogate pair is a matter of one sign, not of the record."""
    if isinstance(value, dict):
        return {key: _without_torn_signs(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_without_torn_signs(one) for one in value]
    return safe_text(value, len(value) + 1, keep_lines=True) if isinstance(value, str) else value


def _in_words(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    steps = [f"entry {step + 1}" if isinstance(step, int) else safe_text(str(step), 40) for step in first["loc"]]
    problem = "is missing" if first["type"] == "missing" else "is not what the API says"
    return f"{', '.join(steps) or 'the row'}: {problem}"


def _address(row: wire.AddressRow) -> Address:
    return Address(
        name=f"{name_of(row.get('first_name'))} {name_of(row.get('last_name'))}".strip(),
        company=name_of(row.get("company")),
        street1=name_of(row.get("address_1")),
        street2=name_of(row.get("address_2")),
        city=name_of(row.get("city")),
        region=_text(row.get("state")),
        postcode=_text(row.get("postcode")),
        country=_text(row.get("country")),
        phone=_text(row.get("phone")),
    )


def _entries(rows: Iterable[Any]) -> dict[str, Any]:
    """Meta data by its keys."""
    return {key: one.get("value") for one in rows if isinstance(key := one.get("key"), str)}


def _meta(meta: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    """The first of the keys that has a text."""
    if meta.keys().isdisjoint(keys):
        return ""
    told = (value for key in keys if isinstance(value := meta.get(key), str | int) and value)
    return safe_text(str(next(told, "")), 200)


@lru_cache(maxsize=4096)
def _id(value: int | str | None) -> str:
    """A number's text; "" for 0, which is how WooCommerce says none."""
    text = str(value or "")
    return text if text.isascii() and text.isdigit() and text.strip("0") else ""


def _text(value: str | bool | None) -> str:
    return _safe(value) if isinstance(value, str) and value else ""


def name_of(value: str | bool | None) -> str:
    """What a person wrote: WordPress has escaped a part of it ("Mugs &amp; Cups")."""
    if not isinstance(value, str) or not value:
        return ""
    return _safe(_ENTITY.sub(lambda match: html.unescape(match[0]), value) if "&" in value else value)


def _safe(text: str) -> str:
    """Most of it is plain and short; what is not (names with accents) comes again and again."""
    if len(text) <= 200:
        return text.strip() if text.isascii() and text.isprintable() else _short(text)
    return safe_text(text).strip()


@lru_cache(maxsize=4096)
def _short(text: str) -> str:
    return safe_text(text).strip()


_ENTITY: Final = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
_number = lru_cache(maxsize=4096)(parse_amount)
_NOISE: Final = re.compile(r"(-?\d{1,12}\.\d{6})\d{1,14}", re.ASCII)


def amount_of(text: object, field: str) -> Decimal:
    """An amount, exactly as the shop wrote it; blank is nothing charged."""
    if text in (None, "", False):
        return Decimal(0)
    try:
        return _number(str(text))
    except AmountError:
        raise UnreadableError(f"{field}: is not an amount of at most 12 digits and 6 decimals") from None


def _rate(text: object) -> Decimal | None:
    """A rate in percent, for information: what can't be read is not stated."""
    told = str(text if text not in (None, "", False) else "")
    if match := _NOISE.fullmatch(told):
        told = match[1]
    try:
        return _number(told)
    except AmountError:
        return None


def _currency(code: str) -> str:
    try:
        places_of(code)
    except AmountError:
        raise UnreadableError(f"currency: “{safe_text(code, 8)}” is not a currency of ISO 4217") from None
    return code
