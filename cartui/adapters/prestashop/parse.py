"""Rows of the web service as records. Pure; what can't be read says why (`UnreadableError`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from cartui.adapters.prestashop.fields import amount_of, associated, currency_of, id_of, is_id, minor, text_of
from cartui.adapters.prestashop.moments import ShopClock
from cartui.adapters.prestashop.refunds import parse_refund, slip_amount
from cartui.adapters.prestashop.states import Meaning
from cartui.adapters.prestashop.wire import Row, UnreadableError
from cartui.domain.ids import CartBasketId, CartCustomerId, CartItemId, CartOrderId
from cartui.domain.money import places_of
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
    Refund,
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
    groups: Mapping[str, Row] = field(default_factory=dict)


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
    currency = currency_of(row, tables.currencies)
    state_id = text_of(row, "current_state") or "0"
    native, meaning = tables.states.get(state_id, ("", None))
    if meaning is None:
        what = "no state yet: the shop did not finish it" if state_id == "0" else f"“{native}”" if native else "gone"
        raise UnreadableError(f"unknown status {state_id} ({what})")
    order_state, payment_state, fulfilment_state = meaning
    total = amount_of(row, "total_paid_tax_incl") or amount_of(row, "total_paid")
    if total == (rounded := minor(total, places_of(currency))):
        total = rounded
    paid, refunded = amount_of(row, "total_paid_real"), sum(map(slip_amount, parts.slips), _ZERO)
    billing = parse_address(parts.billing, tables)
    return CartOrder(
        order_id=CartOrderId(id_of(row)),
        order_number=text_of(row, "reference") or id_of(row),
        placed_at=tables.clock.latest(text_of(row, "date_add"), "date_add"),
        modified_at=tables.clock.latest(text_of(row, "date_upd"), "date_upd"),
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
        shipping_method=_carrier(row, tables),
        note=safe_text(str(row.get("gift_message") or ""), keep_lines=True),
        refunds=_refunds(parts, tables, places_of(currency)),
        customer_group=text_of(tables.groups.get(text_of(parts.customer or {}, "id_default_group"), {}), "name"),
    )


def _carrier(row: Row, tables: Tables) -> str:
    """Its name; the shop's own deliveries are called 0, which shops show as their own name."""
    name = text_of(tables.carriers.get(text_of(row, "id_carrier"), {}), "name")
    return "" if name == "0" else name


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
    carrier = _carrier(row, tables)
    lines += _cost_line(LineKind.SHIPPING, carrier or "Shipping", row, "total_shipping", rate, places)
    lines += _cost_line(LineKind.FEE, "Gift wrapping", row, "total_wrapping", None, places)
    lines += _discount_lines(row, parts.rules, places)
    return (*lines, *_tax_lines(lines))


def _product_line(detail: Row, tables: Tables, places: int) -> OrderLine:
    net, gross = (minor(amount_of(detail, f"total_price_tax_{kind}"), places) for kind in ("excl", "incl"))
    return OrderLine(
        kind=LineKind.PRODUCT,
        text=text_of(detail, "product_name"),
        amount=net,
        quantity=amount_of(detail, "product_quantity"),
        unit_price=amount_of(detail, "unit_price_tax_excl"),
        tax_rate=_rate_of(detail, tables, gross - net),
        tax_amount=gross - net,
        item_id=item_id_of(text_of(detail, "product_id"), text_of(detail, "product_attribute_id")),
        sku=text_of(detail, "product_reference"),
        line_id=text_of(detail, "id"),
    )


def _rate_of(detail: Row, tables: Tables, tax: Decimal) -> Decimal | None:
    ids = [text_of(one, "id") for one in associated(detail, "taxes")]
    known = [tables.taxes[one] for one in ids if one in tables.taxes]
    if len(known) < len(ids) or (tax and not known):
        return None
    return sum((amount_of(one, "rate") for one in known), _ZERO)


def _cost_line(kind: LineKind, text: str, row: Row, name: str, rate: Decimal | None, places: int) -> list[OrderLine]:
    net, gross = (minor(amount_of(row, f"{name}_tax_{side}"), places) for side in ("excl", "incl"))
    if not net and not gross:
        return []
    if not rate and gross != net:
        rate = None  # shops tell 0 for a rate that they did not note
    return [OrderLine(kind, text, net, tax_rate=rate, tax_amount=gross - net)]


def _discount_lines(row: Row, rules: Sequence[Row], places: int) -> list[OrderLine]:
    """One line a voucher, where they add up to what the order says; else the order's own sum."""
    net, gross = (minor(amount_of(row, f"total_discounts_tax_{side}"), places) for side in ("excl", "incl"))
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
    net, gross = (minor(amount_of(rule, name), places) for name in ("value_tax_excl", "value"))
    return OrderLine(LineKind.COUPON, text_of(rule, "name"), -net, tax_amount=net - gross, line_id=text_of(rule, "id"))


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
    method, title = text_of(row, "module"), text_of(row, "payment")
    booked = [_payment(one, method, tables) for one in parts.payments]
    own = all(text_of(one, "id_currency") == text_of(row, "id_currency") for one in parts.payments)
    if not own or sum((one.amount for one in booked), _ZERO) != paid:
        booked = [Payment(method, paid, PaymentState.PAID, title)] if paid else []
    if not booked and state is PaymentState.PENDING:
        booked = [Payment(method, total, PaymentState.PENDING, title)]
    return (*booked, *(_refund(slip, tables) for slip in parts.slips if slip_amount(slip)))


def _payment(row: Row, method: str, tables: Tables) -> Payment:
    moment = tables.clock.latest(text_of(row, "date_add"), "payment, date_add")
    title, reference = text_of(row, "payment_method"), text_of(row, "transaction_id")
    return Payment(method, amount_of(row, "amount"), PaymentState.PAID, title, reference, moment)


def _refund(slip: Row, tables: Tables) -> Payment:
    moment = tables.clock.latest(text_of(slip, "date_add"), "credit slip, date_add")
    return Payment("refund", -slip_amount(slip), PaymentState.REFUNDED, "Credit slip", text_of(slip, "id"), moment)


def _refunds(parts: OrderParts, tables: Tables, places: int) -> tuple[Refund, ...]:
    details = {text_of(one, "id"): one for one in parts.details}
    found = (parse_refund(slip, details, tables.clock, places) for slip in parts.slips)
    return tuple(one for one in found if one is not None)


# --- people -----------------------------------------------------------------------------------------------------------


def parse_address(row: Row | None, tables: Tables) -> Address:
    if row is None:
        return Address()
    return Address(
        name=f"{text_of(row, 'firstname')} {text_of(row, 'lastname')}".strip(),
        company=text_of(row, "company"),
        street1=text_of(row, "address1"),
        street2=text_of(row, "address2"),
        city=text_of(row, "city"),
        region=text_of(tables.regions.get(text_of(row, "id_state"), {}), "name"),
        postcode=text_of(row, "postcode"),
        country=text_of(tables.countries.get(text_of(row, "id_country"), {}), "iso_code"),
        phone=_phone(row),
    )


def _phone(row: Row) -> str:
    return text_of(row, "phone") or text_of(row, "phone_mobile")


def _buyer(customer: Row | None, address: Row | None) -> Buyer:
    """A guest, or one whose account was deleted, has no account here."""
    person, place = customer or {}, address or {}
    has_account = bool(customer) and text_of(person, "is_guest") != "1"
    return Buyer(
        customer_id=CartCustomerId(id_of(person)) if has_account else None,
        email=text_of(person, "email"),
        first_name=text_of(person, "firstname") or text_of(place, "firstname"),
        last_name=text_of(person, "lastname") or text_of(place, "lastname"),
        company=text_of(person, "company") or text_of(place, "company"),
        phone=_phone(place),
        tax_number=text_of(place, "vat_number") or text_of(place, "dni"),
    )


def parse_customer(row: Row, addresses: Sequence[Row], tables: Tables) -> CartCustomer:
    """An account or a guest; phone and tax number stand in the first address."""
    first = addresses[0] if addresses else {}
    return CartCustomer(
        customer_id=CartCustomerId(id_of(row)),
        modified_at=tables.clock.latest(text_of(row, "date_upd"), "date_upd"),
        email=text_of(row, "email"),
        first_name=text_of(row, "firstname"),
        last_name=text_of(row, "lastname"),
        company=text_of(row, "company") or text_of(first, "company"),
        phone=_phone(first),
        tax_number=text_of(first, "vat_number"),
        guest=text_of(row, "is_guest") == "1",
        addresses=tuple(parse_address(one, tables) for one in addresses),
    )


# --- items ------------------------------------------------------------------------------------------------------------


def parse_item(product: Row, combination: Row | None, stock: Row | None, tables: Tables) -> CartItem:
    """What is sold: a product without combinations, or one combination of it."""
    product_id = id_of(product)
    unit = product if combination is None else combination
    price = None if text_of(product, "price") == "" else amount_of(product, "price")
    if price is not None and combination is not None:
        price += amount_of(combination, "price")
    marker = text_of(product, "supplier_reference") if combination is None else ""
    item_id = item_id_of(product_id, "" if combination is None else id_of(combination))
    if item_id is None:
        raise UnreadableError("id: is not a number")
    return CartItem(
        item_id=item_id,
        name=text_of(product, "name"),
        modified_at=tables.clock.latest(text_of(product, "date_upd"), "date_upd"),
        sku=text_of(unit, "reference"),
        parent_id="" if combination is None else product_id,
        variant="" if combination is None else _variant(combination, tables),
        barcode=text_of(unit, "ean13"),
        price=price,
        currency=tables.default_currency,
        stock=None if stock is None or not text_of(stock, "quantity") else amount_of(stock, "quantity"),
        active=text_of(product, "active") == "1",
        native={"supplier_reference": marker} if marker else {},
    )


def _variant(combination: Row, tables: Tables) -> str:
    ids = [text_of(one, "id") for one in associated(combination, "product_option_values")]
    return ", ".join(text_of(tables.option_values[one], "name") for one in ids if one in tables.option_values)


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


def parse_basket(
    row: Row, items: Mapping[str, CartItem], customer: Row | None, tables: Tables, order_id: str = ""
) -> CartBasket:
    """A cart; `order_id`: of the order that it became. It holds no prices: they are those of the items now, at the
    currency's rate."""
    currency = currency_of(row, tables.currencies)
    rate = amount_of(tables.currencies[text_of(row, "id_currency")], "conversion_rate") or Decimal(1)
    lines = tuple(_basket_line(one, items, rate, places_of(currency)) for one in associated(row, "cart_rows"))
    return CartBasket(
        basket_id=CartBasketId(id_of(row)),
        modified_at=tables.clock.latest(text_of(row, "date_upd"), "date_upd"),
        created_at=tables.clock.latest(text_of(row, "date_add"), "date_add"),
        status=BasketStatus.PURCHASED if order_id else BasketStatus.OPEN,
        native_status="ordered" if order_id else "cart without an order",
        currency=currency,
        total=sum((line.amount for line in lines), _ZERO),
        lines=lines,
        buyer=_buyer(customer, None),
        order_id=CartOrderId(order_id) if order_id else None,
    )


def _basket_line(row: Row, items: Mapping[str, CartItem], rate: Decimal, places: int) -> OrderLine:
    item_id = item_id_of(text_of(row, "id_product"), text_of(row, "id_product_attribute"))
    item = items.get(item_id or "")
    quantity = amount_of(row, "quantity")
    price = minor((item.price if item and item.price else _ZERO) * rate, places)
    text = safe_text(f"{item.name} {item.variant}".strip()) if item else f"Product {text_of(row, 'id_product')}"
    return OrderLine(
        LineKind.PRODUCT, text, quantity * price, quantity, price, item_id=item_id, sku=item.sku if item else ""
    )
