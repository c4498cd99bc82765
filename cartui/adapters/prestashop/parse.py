"""Rows of the web service as records. Pure; what can't be read says why (`UnreadableError`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Final

from cartui.adapters.prestashop.moments import ShopClock
from cartui.adapters.prestashop.states import Meaning
from cartui.adapters.prestashop.wire import Row, UnreadableError
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
    LineKind,
    OrderLine,
    Payment,
    PaymentState,
)
from cartui.domain.safe_text import safe_text

_ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Tables:
    """The shop's look-up tables, by id. `states`: id -> its name, and what it means (None: nobody knows)."""

    clock: ShopClock
    default_currency: str = ""
    currencies: Mapping[str, Row] = field(default_factory=dict)
    countries: Mapping[str, Row] = field(default_factory=dict)
    regions: Mapping[str, Row] = field(default_factory=dict)
    taxes: Mapping[str, Row] = field(default_factory=dict)
    carriers: Mapping[str, Row] = field(default_factory=dict)
    states: Mapping[str, tuple[str, Meaning | None]] = field(default_factory=dict)
    option_values: Mapping[str, Row] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OrderParts:
    """What belongs to one order in other lists."""

    details: Sequence[Row] = ()
    rules: Sequence[Row] = ()
    payments: Sequence[Row] = ()
    slips: Sequence[Row] = ()
    customer: Row | None = None
    billing: Row | None = None
    shipping: Row | None = None


# --- orders -----------------------------------------------------------------------------------------------------------


def parse_order(row: Row, parts: OrderParts, tables: Tables) -> CartOrder:
    """An order as charged. Its goods come from order_details, which add up exactly; taxes become lines of their own,
    credit slips payments below zero."""
    currency = _currency(row, tables)
    state_id = _text(row, "current_state") or "0"
    native, meaning = tables.states.get(state_id, ("", None))
    if meaning is None:
        what = "no state yet: the shop did not finish it" if state_id == "0" else f"“{native}”" if native else "gone"
        raise UnreadableError(f"unknown status {state_id} ({what})")
    order_state, payment_state, fulfilment_state = meaning
    total = amount_of(row, "total_paid_tax_incl") or amount_of(row, "total_paid")
    if total == (rounded := _minor(total, places_of(currency))):
        total = rounded
    paid, refunded = amount_of(row, "total_paid_real"), sum(map(_slip_amount, parts.slips), _ZERO)
    billing = parse_address(parts.billing, tables)
    return CartOrder(
        order_id=CartOrderId(id_of(row)),
        order_number=_text(row, "reference") or id_of(row),
        placed_at=tables.clock.latest(_text(row, "date_add"), "date_add"),
        modified_at=tables.clock.latest(_text(row, "date_upd"), "date_upd"),
        currency=currency,
        total=total,
        lines=_order_lines(row, parts, tables, places_of(currency)),
        native_status=native or state_id,
        order_state=order_state,
        payment_state=_payment_state(payment_state, total, paid, refunded),
        fulfilment_state=fulfilment_state,
        buyer=_buyer(parts.customer, parts.billing or parts.shipping),
        billing_address=billing,
        shipping_address=billing if parts.shipping is parts.billing else parse_address(parts.shipping, tables),
        payments=_payments(row, parts, tables, payment_state, total),
        shipping_method=_text(tables.carriers.get(_text(row, "id_carrier"), {}), "name"),
        note=safe_text(str(row.get("gift_message") or ""), keep_lines=True),
    )


def _payment_state(told: PaymentState, total: Decimal, paid: Decimal, refunded: Decimal) -> PaymentState:
    """The state's word, made finer by the money that the shop booked."""
    if told is PaymentState.PAID and refunded > 0:
        return PaymentState.REFUNDED if refunded >= total else PaymentState.PARTIALLY_REFUNDED
    if told is PaymentState.PENDING and paid > 0:
        return PaymentState.PAID if paid >= total else PaymentState.PARTIALLY_PAID
    return told


def _order_lines(row: Row, parts: OrderParts, tables: Tables, places: int) -> tuple[OrderLine, ...]:
    lines = [_product_line(detail, tables, places) for detail in parts.details]
    rate = amount_of(row, "carrier_tax_rate")
    carrier = _text(tables.carriers.get(_text(row, "id_carrier"), {}), "name")
    lines += _cost_line(LineKind.SHIPPING, carrier or "Shipping", row, "total_shipping", rate, places)
    lines += _cost_line(LineKind.FEE, "Gift wrapping", row, "total_wrapping", None, places)
    lines += _discount_lines(row, parts.rules, places)
    return (*lines, *_tax_lines(lines))


def _product_line(detail: Row, tables: Tables, places: int) -> OrderLine:
    net, gross = (_minor(amount_of(detail, f"total_price_tax_{kind}"), places) for kind in ("excl", "incl"))
    return OrderLine(
        kind=LineKind.PRODUCT,
        text=_text(detail, "product_name"),
        amount=net,
        quantity=amount_of(detail, "product_quantity"),
        unit_price=amount_of(detail, "unit_price_tax_excl"),
        tax_rate=_rate_of(detail, tables, gross - net),
        tax_amount=gross - net,
        item_id=item_id_of(_text(detail, "product_id"), _text(detail, "product_attribute_id")),
        sku=_text(detail, "product_reference"),
        line_id=_text(detail, "id"),
    )


def _rate_of(detail: Row, tables: Tables, tax: Decimal) -> Decimal | None:
    ids = [_text(one, "id") for one in associated(detail, "taxes")]
    known = [tables.taxes[one] for one in ids if one in tables.taxes]
    if len(known) < len(ids) or (tax and not known):
        return None
    return sum((amount_of(one, "rate") for one in known), _ZERO)


def _cost_line(kind: LineKind, text: str, row: Row, name: str, rate: Decimal | None, places: int) -> list[OrderLine]:
    net, gross = (_minor(amount_of(row, f"{name}_tax_{side}"), places) for side in ("excl", "incl"))
    if not net and not gross:
        return []
    return [OrderLine(kind, text, net, tax_rate=rate, tax_amount=gross - net)]


def _discount_lines(row: Row, rules: Sequence[Row], places: int) -> list[OrderLine]:
    """One line a voucher, where they add up to what the order says; else the order's own sum."""
    net, gross = (_minor(amount_of(row, f"total_discounts_tax_{side}"), places) for side in ("excl", "incl"))
    lines = [_voucher_line(rule, places) for rule in rules]
    taxes = sum((line.tax_amount or _ZERO for line in lines), _ZERO)
    if lines and sum((line.amount for line in lines), _ZERO) == -net and taxes == net - gross:
        return [line for line in lines if line.amount or line.tax_amount]
    if not net and not gross:
        return []
    names = ", ".join(line.text for line in lines) or "Discount"
    kind = LineKind.COUPON if lines else LineKind.DISCOUNT
    return [OrderLine(kind, safe_text(names), -net, tax_amount=net - gross)]


def _voucher_line(rule: Row, places: int) -> OrderLine:
    net, gross = (_minor(amount_of(rule, name), places) for name in ("value_tax_excl", "value"))
    return OrderLine(LineKind.COUPON, _text(rule, "name"), -net, tax_amount=net - gross, line_id=_text(rule, "id"))


def _tax_lines(lines: Iterable[OrderLine]) -> list[OrderLine]:
    """The lines' taxes by rate. What has no rate of its own (vouchers, wrapping) goes to the only rate there is."""
    sums: dict[Decimal | None, Decimal] = {}
    for line in lines:
        sums[line.tax_rate] = sums.get(line.tax_rate, _ZERO) + (line.tax_amount or _ZERO)
    rates = [rate for rate in sums if rate]
    if len(rates) == 1 and sums.get(None):
        sums[rates[0]] += sums.pop(None)
    return [
        OrderLine(LineKind.TAX, "Tax" if rate is None else f"Tax {rate.normalize():f} %", amount, tax_rate=rate)
        for rate, amount in sums.items()
        if amount
    ]


def _payments(row: Row, parts: OrderParts, tables: Tables, state: PaymentState, total: Decimal) -> tuple[Payment, ...]:
    """The payments of the reference where they are this order's alone (orders that were split share one), else the
    order's own sum. One that is awaited is told, too, for its method."""
    paid = amount_of(row, "total_paid_real")
    method, title = _text(row, "module"), _text(row, "payment")
    booked = [_payment(one, method, tables) for one in parts.payments]
    own = all(_text(one, "id_currency") == _text(row, "id_currency") for one in parts.payments)
    if not own or sum((one.amount for one in booked), _ZERO) != paid:
        booked = [Payment(method, paid, PaymentState.PAID, title)] if paid else []
    if not booked and state is PaymentState.PENDING:
        booked = [Payment(method, total, PaymentState.PENDING, title)]
    return (*booked, *(_refund(slip, tables) for slip in parts.slips if _slip_amount(slip)))


def _payment(row: Row, method: str, tables: Tables) -> Payment:
    moment = tables.clock.latest(_text(row, "date_add"), "payment, date_add")
    title, reference = _text(row, "payment_method"), _text(row, "transaction_id")
    return Payment(method, amount_of(row, "amount"), PaymentState.PAID, title, reference, moment)


def _refund(slip: Row, tables: Tables) -> Payment:
    moment = tables.clock.latest(_text(slip, "date_add"), "credit slip, date_add")
    return Payment("refund", -_slip_amount(slip), PaymentState.REFUNDED, "Credit slip", _text(slip, "id"), moment)


def _slip_amount(slip: Row) -> Decimal:
    whole = amount_of(slip, "total_products_tax_incl") + amount_of(slip, "total_shipping_tax_incl")
    return whole or amount_of(slip, "amount") + amount_of(slip, "shipping_cost_amount")


# --- people -----------------------------------------------------------------------------------------------------------


def parse_address(row: Row | None, tables: Tables) -> Address:
    if row is None:
        return Address()
    return Address(
        name=f"{_text(row, 'firstname')} {_text(row, 'lastname')}".strip(),
        company=_text(row, "company"),
        street1=_text(row, "address1"),
        street2=_text(row, "address2"),
        city=_text(row, "city"),
        region=_text(tables.regions.get(_text(row, "id_state"), {}), "name"),
        postcode=_text(row, "postcode"),
        country=_text(tables.countries.get(_text(row, "id_country"), {}), "iso_code"),
        phone=_phone(row),
    )


def _phone(row: Row) -> str:
    return _text(row, "phone") or _text(row, "phone_mobile")


def _buyer(customer: Row | None, address: Row | None) -> Buyer:
    """A guest, or one whose account was deleted, has no account here."""
    person, place = customer or {}, address or {}
    has_account = bool(customer) and _text(person, "is_guest") != "1"
    return Buyer(
        customer_id=CartCustomerId(id_of(person)) if has_account else None,
        email=_text(person, "email"),
        first_name=_text(person, "firstname") or _text(place, "firstname"),
        last_name=_text(person, "lastname") or _text(place, "lastname"),
        company=_text(person, "company") or _text(place, "company"),
        phone=_phone(place),
        tax_number=_text(place, "vat_number") or _text(place, "dni"),
    )


def parse_customer(row: Row, addresses: Sequence[Row], tables: Tables) -> CartCustomer:
    """An account or a guest; phone and tax number stand in the first address."""
    first = addresses[0] if addresses else {}
    return CartCustomer(
        customer_id=CartCustomerId(id_of(row)),
        modified_at=tables.clock.latest(_text(row, "date_upd"), "date_upd"),
        email=_text(row, "email"),
        first_name=_text(row, "firstname"),
        last_name=_text(row, "lastname"),
        company=_text(row, "company") or _text(first, "company"),
        phone=_phone(first),
        tax_number=_text(first, "vat_number"),
        guest=_text(row, "is_guest") == "1",
        addresses=tuple(parse_address(one, tables) for one in addresses),
    )


# --- items ------------------------------------------------------------------------------------------------------------


def parse_item(product: Row, combination: Row | None, stock: Row | None, tables: Tables) -> CartItem:
    """What is sold: a product without combinations, or one combination of it."""
    product_id = id_of(product)
    unit = product if combination is None else combination
    price = None if _text(product, "price") == "" else amount_of(product, "price")
    if price is not None and combination is not None:
        price += amount_of(combination, "price")
    marker = _text(product, "supplier_reference") if combination is None else ""
    item_id = item_id_of(product_id, "" if combination is None else id_of(combination))
    if item_id is None:
        raise UnreadableError("id: is not a number")
    return CartItem(
        item_id=item_id,
        name=_text(product, "name"),
        modified_at=tables.clock.latest(_text(product, "date_upd"), "date_upd"),
        sku=_text(unit, "reference"),
        parent_id="" if combination is None else product_id,
        variant="" if combination is None else _variant(combination, tables),
        barcode=_text(unit, "ean13"),
        price=price,
        currency=tables.default_currency,
        stock=None if stock is None or not _text(stock, "quantity") else amount_of(stock, "quantity"),
        active=_text(product, "active") == "1",
        native={"supplier_reference": marker} if marker else {},
    )


def _variant(combination: Row, tables: Tables) -> str:
    ids = [_text(one, "id") for one in associated(combination, "product_option_values")]
    return ", ".join(_text(tables.option_values[one], "name") for one in ids if one in tables.option_values)


def item_id_of(product_id: str, attribute_id: str) -> CartItemId | None:
    """`61` for a product, `61:3` for its combination 3; None for a line that is no item."""
    if not product_id or product_id == "0":
        return None
    return CartItemId(product_id if attribute_id in ("", "0") else f"{product_id}:{attribute_id}")


def split_item_id(item_id: str) -> tuple[str, str] | None:
    """Product and combination ("0": none) of an item's id, None for what is no id of this shop."""
    product_id, _, attribute_id = item_id.partition(":")
    return (product_id, attribute_id or "0") if is_id(product_id) and is_id(attribute_id or "1") else None


# --- baskets ----------------------------------------------------------------------------------------------------------


def parse_basket(row: Row, items: Mapping[str, CartItem], customer: Row | None, tables: Tables) -> CartBasket:
    """A cart without an order. It holds no prices: they are those of the items now, at the currency's rate."""
    currency = _currency(row, tables)
    rate = amount_of(tables.currencies[_text(row, "id_currency")], "conversion_rate") or Decimal(1)
    lines = tuple(_basket_line(one, items, rate, places_of(currency)) for one in associated(row, "cart_rows"))
    return CartBasket(
        basket_id=CartBasketId(id_of(row)),
        modified_at=tables.clock.latest(_text(row, "date_upd"), "date_upd"),
        created_at=tables.clock.latest(_text(row, "date_add"), "date_add"),
        status=BasketStatus.OPEN,
        native_status="cart without an order",
        currency=currency,
        total=sum((line.amount for line in lines), _ZERO),
        lines=lines,
        buyer=_buyer(customer, None),
    )


def _basket_line(row: Row, items: Mapping[str, CartItem], rate: Decimal, places: int) -> OrderLine:
    item_id = item_id_of(_text(row, "id_product"), _text(row, "id_product_attribute"))
    item = items.get(item_id or "")
    quantity = amount_of(row, "quantity")
    price = _minor((item.price if item and item.price else _ZERO) * rate, places)
    text = safe_text(f"{item.name} {item.variant}".strip()) if item else f"Product {_text(row, 'id_product')}"
    return OrderLine(
        LineKind.PRODUCT, text, quantity * price, quantity, price, item_id=item_id, sku=item.sku if item else ""
    )


# --- fields -----------------------------------------------------------------------------------------------------------


def _text(row: Row, name: str) -> str:
    """A field as safe text; of a field by language the first that is filled."""
    value = row.get(name)
    if isinstance(value, list):
        values = [str(one.get("value") or "") for one in value if isinstance(one, dict)]
        value = next(filter(None, values), "")
    if not value or not isinstance(value, str):
        return ""
    if len(value) > 200:
        return safe_text(value)
    return value if value.isascii() and value.isprintable() else _short_text(value)


_short_text = lru_cache(maxsize=4096)(safe_text)  # names with accents come again and again


def is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and 0 < len(text) <= 10 and text[0] != "0"


def id_of(row: Row) -> str:
    found = str(row.get("id", ""))
    if not is_id(found):
        raise UnreadableError("id: is not a number")
    return found


def associated(row: Row, name: str) -> list[Row]:
    """The rows of an association; an order or product without any has no `associations` at all."""
    groups = row.get("associations")
    rows = groups.get(name) if isinstance(groups, dict) else None
    return [one for one in rows if isinstance(one, dict)] if isinstance(rows, list) else []


@lru_cache(maxsize=4096)
def _number(text: str) -> Decimal:
    """Six decimals are how the shop writes every amount; those that say nothing are left out."""
    amount = parse_amount(text)
    cents = amount.quantize(Decimal("0.01"))
    if "." not in text:
        return amount
    return cents if cents == amount else amount.normalize()


def amount_of(row: Row, name: str) -> Decimal:
    """An amount, quantity or rate. A field that is missing is 0: some versions leave out what is zero."""
    text = row.get(name)
    if text is None or text == "":
        return _ZERO
    try:
        return _number(text) if isinstance(text, str) else _number("")
    except AmountError:
        raise UnreadableError(f"{name}: is not an amount") from None


def _currency(row: Row, tables: Tables) -> str:
    currency_id = _text(row, "id_currency")
    code = _text(tables.currencies.get(currency_id, {}), "iso_code")
    try:
        places_of(code)
    except AmountError:
        raise UnreadableError(f"id_currency: {currency_id or 'none'} is no currency of the shop") from None
    return code


def _minor(amount: Decimal, places: int) -> Decimal:
    """As invoices show it: shops that round the total only keep six decimals on a line."""
    return amount.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
