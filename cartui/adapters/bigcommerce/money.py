"""The amounts of an order as lines that add up to its total, taxes included. Pure.

BigCommerce states net and gross of everything but the discounts, and the tax after them. Whether a discount is net or
gross, and whether gift certificates and store credit were taken off the total or paid it, follows from the shop's
settings; the order's own arithmetic tells, within rounding. Where nothing agrees the amounts stay as they are stated,
and the proof of the total holds the order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from itertools import product

from cartui.adapters.bigcommerce.wire import ZERO, HeadWire, LineWire
from cartui.domain.ids import CartItemId
from cartui.domain.money import places_of
from cartui.domain.records import LineKind, OrderLine
from cartui.domain.safe_text import safe_text


@dataclass(frozen=True, slots=True)
class Reading:
    """How an order's amounts are to be read: its taxes, what discounts took off the net, and the credit that was taken
    off the total (the rest of the credit paid it)."""

    tax: Decimal
    net_discount: Decimal
    credit: Decimal


def credit_of(wire: HeadWire) -> Decimal:
    """Gift certificates and store credit that were redeemed."""
    return wire.gift_certificate_amount + wire.store_credit_amount


def read_amounts(wire: HeadWire) -> Reading:
    """The first reading under which the order's own amounts agree with its total."""
    parts = _parts(wire)
    net, gross = sum((one[2] for one in parts), ZERO), sum((one[3] for one in parts), ZERO)
    off, within = wire.coupon_discount + wire.discount_amount, gross - net  # the tax before discounts
    slack = math.ceil((len(parts) + 3) / 2) * Decimal(1).scaleb(-places_of(wire.default_currency_code))
    credits_off = dict.fromkeys((ZERO, credit_of(wire)))
    gross_first = bool(wire.is_tax_inclusive_pricing)
    for credit, is_gross in product(credits_off, (gross_first, not gross_first)):
        if not is_gross and abs(net - off + wire.total_tax - credit - wire.total_inc_tax) <= slack:
            return Reading(wire.total_tax, off, credit)
        if is_gross and abs(gross - off - credit - wire.total_inc_tax) <= slack:
            # The discount holds the tax that it took off; without one the tax was overridden in the control panel.
            tax = wire.total_tax if off else within
            return Reading(tax, off - (within - tax), credit)
    return Reading(wire.total_tax, off, ZERO)


def order_lines(wire: HeadWire, reading: Reading) -> tuple[OrderLine, ...]:
    """Net lines, discounts, taxes, then credit; each rounded to the decimals of its currency."""
    places = Decimal(1).scaleb(-places_of(wire.default_currency_code))

    def rounded(amount: Decimal) -> Decimal:
        return amount.quantize(places, ROUND_HALF_UP)

    lines = [_product_line(one, rounded(one.total_ex_tax), rounded(one.total_tax)) for one in wire.products]
    lines += [
        OrderLine(kind, text, rounded(net), tax_amount=rounded(gross - net))
        for kind, text, net, gross in _parts(wire)
        if kind is not LineKind.PRODUCT and (net or gross)
    ]
    lines += _discount_lines(wire, rounded(reading.net_discount))
    lines += _tax_lines(wire, rounded(reading.tax), places)
    if reading.credit:
        lines += _credit_lines(rounded(wire.gift_certificate_amount), rounded(wire.store_credit_amount))
    return tuple(lines)


def _parts(wire: HeadWire) -> list[tuple[LineKind, str, Decimal, Decimal]]:
    """Kind, text, net and gross of everything that was charged, before discounts."""
    methods = list(dict.fromkeys(one.shipping_method for one in wire.shipping_addresses if one.shipping_method))
    shipping = safe_text(", ".join(methods)) or "Shipping"
    return [
        *((LineKind.PRODUCT, one.name, one.total_ex_tax, one.total_inc_tax) for one in wire.products),
        (LineKind.SHIPPING, shipping, wire.shipping_cost_ex_tax, wire.shipping_cost_inc_tax),
        (LineKind.FEE, "Handling", wire.handling_cost_ex_tax, wire.handling_cost_inc_tax),
        (LineKind.FEE, "Gift wrapping", wire.wrapping_cost_ex_tax, wire.wrapping_cost_inc_tax),
        *((LineKind.FEE, one.display_name_customer or "Fee", one.net, one.gross) for one in wire.fees),
    ]


def _product_line(line: LineWire, amount: Decimal, tax: Decimal) -> OrderLine:
    chosen = ", ".join(f"{one.display_name}: {one.display_value}" for one in line.product_options)
    known = line.product_id and line.variant_id
    return OrderLine(
        kind=LineKind.PRODUCT,
        text=safe_text(f"{line.name} ({chosen})" if chosen else line.name),
        amount=amount,
        quantity=line.quantity,
        unit_price=line.price_ex_tax,
        tax_amount=tax,
        item_id=CartItemId(f"{line.product_id}:{line.variant_id}") if known else None,
        sku=line.sku,
        line_id=line.id,
    )


def _discount_lines(wire: HeadWire, net: Decimal) -> list[OrderLine]:
    """Coupons and other discounts in the proportion that the order states; together exactly `net`."""
    stated: list[tuple[LineKind, str, Decimal]] = []
    if wire.coupon_discount:
        codes = [one for one in wire.coupons if one.discount]
        if codes and sum(one.discount for one in codes) == wire.coupon_discount:
            stated += [(LineKind.COUPON, safe_text(f"Coupon {one.code}"), one.discount) for one in codes]
        else:
            text = safe_text(f"Coupon {', '.join(one.code for one in wire.coupons)}".strip())
            stated.append((LineKind.COUPON, text, wire.coupon_discount))
    if wire.discount_amount:
        applied = [each.name for one in wire.products for each in one.applied_discounts if each.name and not each.code]
        text = safe_text(", ".join(dict.fromkeys(applied))) or "Discount"
        stated.append((LineKind.DISCOUNT, text, wire.discount_amount))
    total, left, lines = sum((one[2] for one in stated), ZERO), net, []
    for position, (kind, text, amount) in enumerate(stated, 1):
        share = left if position == len(stated) else (net * amount / total).quantize(net, ROUND_HALF_UP)
        left -= share
        lines.append(OrderLine(kind, text, -share))
    return lines


def _tax_lines(wire: HeadWire, total: Decimal, unit: Decimal) -> list[OrderLine]:
    """One line a rate where the rates' sum is the tax charged; else the tax charged, in one line."""
    if not total:
        return []
    rates: dict[tuple[str, Decimal], Decimal] = {}
    for one in wire.taxes:
        key = (one.name, one.rate)
        rates[key] = rates.get(key, ZERO) + one.line_amount
    amounts = {key: amount.quantize(unit, ROUND_HALF_UP) for key, amount in sorted(rates.items()) if amount}
    gap = total - sum(amounts.values(), ZERO)
    if not amounts or abs(gap) > math.ceil((len(wire.taxes) + 1) / 2) * unit:
        return [OrderLine(LineKind.TAX, "Tax", total)]
    largest = max(amounts, key=lambda key: abs(amounts[key]))
    amounts[largest] += gap
    return [
        OrderLine(LineKind.TAX, safe_text(f"{name or 'Tax'} {rate.normalize():f} %"), amount, tax_rate=rate)
        for (name, rate), amount in amounts.items()
    ]


def _credit_lines(certificates: Decimal, credit: Decimal) -> Sequence[OrderLine]:
    named = (
        (LineKind.GIFT_CARD, "Gift certificate", certificates),
        (LineKind.STORE_CREDIT, "Store credit", credit),
    )
    return [OrderLine(kind, text, -amount) for kind, text, amount in named if amount]
