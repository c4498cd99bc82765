"""The lines of an order, so that they add up to its total. Pure.

Shopify states two sets of amounts: as sold (`totalPriceSet`, `quantity`, `taxLines`: returned pieces included), and as
it stands now (`current…`). As sold is booked, and a refund is a payment back; an order that staff edited is booked as
it stands, because what was taken out was never sold.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import combinations

from cartui.adapters.shopify.wire import AllocationWire, LineWire, OrderWire, ShippingWire, TaxWire
from cartui.domain.ids import CartItemId
from cartui.domain.money import places_of
from cartui.domain.records import LineKind, OrderLine
from cartui.domain.safe_text import safe_text

_ZERO = Decimal(0)


@dataclass(slots=True)
class _Reckoning:
    """What is collected while the parts are gone through. `unit`: the currency's smallest amount."""

    unit: Decimal
    gross: bool
    edited: bool
    discounts: dict[tuple[int, LineKind, str], Decimal] = field(default_factory=dict)

    def rounded(self, amount: Decimal) -> Decimal:
        return amount.quantize(self.unit, ROUND_HALF_EVEN)

    def net_price(
        self, price: Decimal, tax: Decimal, allocations: Sequence[tuple[AllocationWire | None, Decimal]]
    ) -> Decimal:
        """The net of a price before its discounts; the net of each discount is noted. With tax included the tax is
        that of the discounted price: price and discounts share it in proportion."""
        taken = sum((amount for _, amount in allocations), _ZERO)
        left = price - taken
        net = left - tax if self.gross else left
        share = net / left if self.gross and left else Decimal(1)
        for allocation, amount in allocations:
            part = self.rounded(amount * share)
            net += part
            key = _discount_of(allocation)
            self.discounts[key] = self.discounts.get(key, _ZERO) - part
        return net


def order_lines(wire: OrderWire) -> tuple[OrderLine, ...]:
    """Net lines before discounts, then the discounts, then the taxes by rate. `AmountError`: unknown currency."""
    total = (wire.current_total_price_set if wire.edited else wire.total_price_set).money
    reckoning = _Reckoning(Decimal(1).scaleb(-places_of(total.currency_code)), wire.taxes_included, wire.edited)
    lines = [line for one in wire.line_items if (line := _product_line(one, reckoning))]
    lines += [_shipping_line(one, reckoning) for one in wire.shipping_lines]
    lines += [
        OrderLine(kind, text, amount) for (_, kind, text), amount in sorted(reckoning.discounts.items()) if amount
    ]
    lines += _tax_lines(wire)
    tip = wire.total_tip_received_set
    extras = _extras(wire)
    lines += _fitting(extras, total.amount - sum((line.amount for line in lines), _ZERO), reckoning.unit)
    if tip and not any(line.kind is LineKind.TIP for line in lines):
        lines = _with_tip_named(wire, lines, tip)
    return tuple(lines)


def _product_line(one: LineWire, reckoning: _Reckoning) -> OrderLine | None:
    pieces = Decimal(one.current_quantity if reckoning.edited else one.quantity)
    if not pieces:
        return None
    part = pieces / one.quantity if one.quantity else Decimal(1)
    tax = reckoning.rounded(part * _sum_of(one.tax_lines))
    allocations = [(each, reckoning.rounded(part * each.allocated_amount_set)) for each in one.discount_allocations]
    net = reckoning.net_price(reckoning.rounded(part * one.original_total_set), tax, allocations)
    unit_price = one.original_unit_price_set
    if reckoning.gross:
        unit_price = (net / pieces).quantize(reckoning.unit.scaleb(-2))
    rates = {each.rate_percentage for each in one.tax_lines}
    return OrderLine(
        kind=LineKind.PRODUCT,
        text=one.name,
        amount=net,
        quantity=pieces,
        unit_price=unit_price,
        tax_rate=rates.pop() if len(rates) == 1 else None,
        tax_amount=tax,
        item_id=CartItemId(one.variant.legacy_resource_id) if one.variant else None,
        sku=one.sku,
        line_id=one.id.rpartition("/")[2],
    )


def _shipping_line(one: ShippingWire, reckoning: _Reckoning) -> OrderLine:
    tax = _sum_of(one.tax_lines)
    price, charged = one.original_price_set, one.discounted_price_set
    if reckoning.edited and one.current_discounted_price_set != charged:
        part = one.current_discounted_price_set / charged if charged else _ZERO
        tax, price = reckoning.rounded(part * tax), one.current_discounted_price_set
        return OrderLine(LineKind.SHIPPING, one.title or "Shipping", price - tax if reckoning.gross else price)
    named: list[tuple[AllocationWire | None, Decimal]] = [
        (each, each.allocated_amount_set) for each in one.discount_allocations
    ]
    if sum((amount for _, amount in named), _ZERO) != price - charged:
        named = [(None, price - charged)]  # the price that was charged decides
    rates = {each.rate_percentage for each in one.tax_lines}
    net = reckoning.net_price(price, tax, named)
    rate = rates.pop() if len(rates) == 1 else None
    return OrderLine(LineKind.SHIPPING, one.title or "Shipping", net, tax_rate=rate, tax_amount=tax)


def _discount_of(allocation: AllocationWire | None) -> tuple[int, LineKind, str]:
    if allocation is None:
        return (10**6, LineKind.DISCOUNT, "Discount on shipping")
    told = allocation.discount_application
    kind = LineKind.COUPON if told.typename == "DiscountCodeApplication" else LineKind.DISCOUNT
    return (told.index, kind, told.code or told.title or "Discount")


def _tax_lines(wire: OrderWire) -> list[OrderLine]:
    """By rate and title, together what the shop states as the order's tax. The schema says that the order's own list is
    of its line items; where shipping is not in it, its taxes are added from there, and what is left has no rate."""
    sums: dict[tuple[str, Decimal | None], Decimal] = {}
    for tax in wire.current_tax_lines if wire.edited else wire.tax_lines:
        _add(sums, tax)
    stated = wire.current_total_tax_set if wire.edited else wire.total_tax_set
    if stated is not None:
        shipping = [tax for one in wire.shipping_lines for tax in one.tax_lines]
        missing = stated - sum(sums.values(), _ZERO)
        if missing and missing == _sum_of(shipping):
            for tax in shipping:
                _add(sums, tax)
        elif missing:
            sums[("Tax", None)] = sums.get(("Tax", None), _ZERO) + missing
    return [
        OrderLine(LineKind.TAX, _tax_text(title, rate), amount, tax_rate=rate)
        for (title, rate), amount in sorted(sums.items(), key=lambda item: (item[0][0], item[0][1] or _ZERO))
        if amount
    ]


def _add(sums: dict[tuple[str, Decimal | None], Decimal], tax: TaxWire) -> None:
    key = (tax.title, None if tax.rate_percentage is None else tax.rate_percentage.normalize())
    sums[key] = sums.get(key, _ZERO) + tax.price_set


def _tax_text(title: str, rate: Decimal | None) -> str:
    return safe_text(f"{title or 'Tax'} {rate:f} %" if rate is not None else title or "Tax")


def _extras(wire: OrderWire) -> list[OrderLine]:
    """Duties, fees and tips: amounts of the order that the schema does not place in or beside the others."""
    duties = wire.current_total_duties_set if wire.edited else wire.original_total_duties_set
    lines = [] if wire.duties_included or not duties else [OrderLine(LineKind.FEE, "Duties", duties)]
    if wire.edited:
        fees = wire.current_total_additional_fees_set
        lines += [OrderLine(LineKind.FEE, "Additional fees", fees)] if fees else []
    else:
        lines += [OrderLine(LineKind.FEE, fee.name or "Fee", fee.price) for fee in wire.additional_fees if fee.price]
    tip = wire.total_tip_received_set
    return [*lines, OrderLine(LineKind.TIP, "Tip", tip)] if tip else lines


def _fitting(extras: Sequence[OrderLine], missing: Decimal, unit: Decimal) -> list[OrderLine]:
    """Those extras that the total has room for: all of them if that is right to a few cents, else the most that are
    (a tip may also be a line item, duties also an additional fee). If none fits all stay, and the order is held."""
    for count in range(len(extras[:8]), -1, -1):
        for chosen in combinations(extras[:8], count):
            if abs(missing - sum((one.amount for one in chosen), _ZERO)) <= 3 * unit:
                return list(chosen)
    return list(extras)


def _with_tip_named(wire: OrderWire, lines: list[OrderLine], tip: Decimal) -> list[OrderLine]:
    """A tip that came as a line item is one of what can't be shipped, has no variant and costs what the tip is."""
    bare = {
        one.id.rpartition("/")[2]
        for one in wire.line_items
        if not one.variant and not one.sku and not one.requires_shipping
    }
    for position, line in enumerate(lines):
        if line.line_id in bare and line.amount == tip:
            lines[position] = OrderLine(LineKind.TIP, line.text, line.amount, line_id=line.line_id)
            break
    return lines


def _sum_of(taxes: Iterable[TaxWire]) -> Decimal:
    return sum((one.price_set for one in taxes), _ZERO)
