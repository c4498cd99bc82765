"""The amounts of an order as lines that add up to its total. Pure.

Medusa rounds nothing, so that its pieces add up to its total exactly, but with up to twenty decimals: they are rounded
together, each up or down by less than one unit of the currency, so that the sum is the rounded total. Where the pieces
don't add up to the total, each is rounded on its own, and the proof of the total holds the order.

Refunds and returned pieces lower what Medusa states; they are added back: an order stays what was charged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from itertools import starmap

from cartui.adapters.medusa.wire import ZERO, AdjustmentWire, LineWire, OrderWire, ShippingWire, TaxWire
from cartui.domain.ids import CartItemId
from cartui.domain.money import places_of
from cartui.domain.records import LineKind, OrderLine
from cartui.domain.safe_text import safe_text

REFUND_CREDIT = "payment_collection"  # reference of the credit line that a refund leaves
_NOISE = Decimal("0.000001")  # that is left of an amount of which floats were part
_FINE = Decimal("0.00000001")
_HUNDRED = Decimal(100)


def unit_of(currency: str) -> Decimal:
    """The smallest amount of a currency: 0.01 of EUR. `AmountError` for a code that is none."""
    return Decimal(1).scaleb(-places_of(currency))


def rounded(amount: Decimal, unit: Decimal) -> Decimal:
    """Half up. Medusa's total is a float only, and may be just below the half cent that is meant: 72.05499999999999."""
    return amount.quantize(_FINE).quantize(unit, ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Charge:
    """A line or shipping as it was charged: net before discounts, what they took off the net, and the taxes."""

    net: Decimal
    discounts: tuple[tuple[str, Decimal], ...]
    taxes: tuple[tuple[TaxWire, Decimal], ...]

    @property
    def gross(self) -> Decimal:
        return self.net - sum((one[1] for one in self.discounts), ZERO) + self.tax

    @property
    def tax(self) -> Decimal:
        return sum((one[1] for one in self.taxes), ZERO)


def charge_of(line: LineWire) -> Charge:
    """What Medusa states; where pieces came back, the same by its own arithmetic for all that were ordered."""
    if not line.returned:
        taxes = tuple((one, one.total) for one in line.tax_lines)
        return Charge(line.subtotal, _split(line.adjustments, line.discount_subtotal), taxes)
    rates = sum((one.rate for one in line.tax_lines), ZERO) / _HUNDRED
    gross_or_net = line.unit_price * line.quantity
    net = gross_or_net / (1 + rates) if line.is_tax_inclusive else gross_or_net
    taken = sum((one.net for one in line.adjustments), ZERO)
    owed = tuple((one, (net - taken) * one.rate / _HUNDRED) for one in line.tax_lines)
    return Charge(net, _split(line.adjustments, taken), owed)


def _split(adjustments: Sequence[AdjustmentWire], total: Decimal) -> tuple[tuple[str, Decimal], ...]:
    """What each code took; one nameless amount where the codes' amounts are not the whole."""
    if not total:
        return ()
    by_code: dict[str, Decimal] = {}
    for one in adjustments:
        by_code[one.code] = by_code.get(one.code, ZERO) + one.net
    agrees = abs(sum(by_code.values(), ZERO) - total) < _NOISE
    return tuple(sorted(by_code.items())) if agrees else (("", total),)


def _shipping_charge(method: ShippingWire) -> Charge:
    discounts = _split(method.adjustments, method.discount_subtotal)
    return Charge(method.subtotal, discounts, tuple((one, one.total) for one in method.tax_lines))


def charged_total(wire: OrderWire) -> Decimal:
    """The total before refunds and returns, unrounded."""
    back = sum((one.amount for one in wire.credit_lines if one.reference == REFUND_CREDIT), ZERO)
    returned = sum((charge_of(one).gross - one.total for one in wire.items if one.returned), ZERO)
    return wire.total + back + returned


def order_lines(wire: OrderWire, total: Decimal, unit: Decimal) -> tuple[OrderLine, ...]:
    """Net lines, shipping, discounts, taxes per rate, credit; `total` as `charged_total` gives it. Sorted, because
    nested rows come in no certain order, and an order that did not change must look the same again."""
    items = [(one, charge_of(one)) for one in sorted(wire.items, key=lambda one: one.id) if one.quantity]
    methods = [(one, _shipping_charge(one)) for one in sorted(wire.shipping_methods, key=lambda one: one.name)]
    charges = [charge for _, charge in items] + [charge for _, charge in methods]
    exact = [
        *starmap(_product_line, items),
        *(
            OrderLine(LineKind.SHIPPING, one.name or "Shipping", charge.net, tax_amount=charge.tax)
            for one, charge in methods
        ),
        *_discount_lines(charges),
        *_tax_lines(charges),
        *_credit_lines(wire),
    ]
    amounts = _rounded_together([one.amount for one in exact], total, unit)
    return tuple(
        replace(
            line,
            amount=amount,
            tax_amount=None if line.tax_amount is None else rounded(line.tax_amount, unit),
            unit_price=None if line.unit_price is None else rounded(line.unit_price, _NOISE),
        )
        for line, amount in zip(exact, amounts, strict=True)
    )


def _product_line(line: LineWire, charge: Charge) -> OrderLine:
    known = line.product_id and line.variant_id
    return OrderLine(
        kind=LineKind.PRODUCT,
        text=line_text(line.title, line.subtitle),
        amount=charge.net,
        quantity=line.quantity,
        unit_price=charge.net / line.quantity,
        tax_rate=sum((one.rate for one in line.tax_lines), ZERO).normalize() + 0,
        tax_amount=charge.tax,
        item_id=CartItemId(f"{line.product_id}:{line.variant_id}") if known else None,
        sku=line.variant_sku,
        line_id=line.id,
        gone=line.detail.fulfilled_quantity,  # packed is off the shelf
    )


def line_text(title: str, variant: str) -> str:
    """Medusa names the one variant of a plain product "Default variant"; that tells nobody anything."""
    plain = variant.lower() in ("", "default", "default variant") or variant == title
    return title if plain else safe_text(f"{title} ({variant})")


def _discount_lines(charges: Sequence[Charge]) -> list[OrderLine]:
    """One line a code over the whole order; whether a shopper typed it or the shop gave it by itself is not told."""
    taken: dict[str, Decimal] = {}
    for code, amount in (one for charge in charges for one in charge.discounts):
        taken[code] = taken.get(code, ZERO) + amount
    return [
        OrderLine(LineKind.COUPON if code else LineKind.DISCOUNT, code or "Discount", -amount)
        for code, amount in sorted(taken.items())
        if amount
    ]


def _tax_lines(charges: Sequence[Charge]) -> list[OrderLine]:
    owed: dict[tuple[str, Decimal], Decimal] = {}
    for tax, amount in (one for charge in charges for one in charge.taxes):
        key = (tax.description or tax.code or "Tax", tax.rate.normalize() + 0)
        owed[key] = owed.get(key, ZERO) + amount
    return [
        OrderLine(LineKind.TAX, safe_text(f"{name} {rate:f} %"), amount, tax_rate=rate)
        for (name, rate), amount in sorted(owed.items())
    ]


def _credit_lines(wire: OrderWire) -> list[OrderLine]:
    """What paid a part without being a payment; what refunds left is none."""
    return [
        OrderLine(
            LineKind.GIFT_CARD if "gift" in one.reference.lower() else LineKind.STORE_CREDIT,
            safe_text(f"Credit {one.reference}".replace("_", " ").strip()),
            -one.amount,
        )
        for one in sorted(wire.credit_lines, key=lambda one: (one.reference, one.amount))
        if one.amount and one.reference != REFUND_CREDIT
    ]


def _rounded_together(exact: Sequence[Decimal], total: Decimal, unit: Decimal) -> list[Decimal]:
    """Those that lose most by rounding down are rounded up, as many as the total needs."""
    down = [one.quantize(unit, ROUND_FLOOR) for one in exact]
    missing = int((rounded(total, unit) - sum(down, ZERO)) / unit)
    if abs(sum(exact, ZERO) - total) > _NOISE or not 0 <= missing <= len(exact):
        return [rounded(one, unit) for one in exact]
    by_loss = sorted(range(len(exact)), key=lambda at: (down[at] - exact[at], at))
    up = set(by_loss[:missing])
    return [one + unit if at in up else one for at, one in enumerate(down)]
