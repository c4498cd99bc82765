"""What an order of Magento charges, as lines that add up to its total. Pure.

grand_total = rows + shipping + discount (negative, of goods and shipping) + discount tax compensation + tax, less gift
cards, store credit and points (Adobe Commerce). The compensation is the tax that a discount on prices with tax took
away: with it the discount is net, as the rows are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from cartui.adapters.magento.row_totals import whole_rows
from cartui.adapters.magento.wire import LineWire, OrderExtrasWire, OrderWire
from cartui.domain.ids import CartItemId
from cartui.domain.money import places_of
from cartui.domain.records import LineKind, OrderLine


@dataclass(frozen=True, slots=True)
class SoldRow:
    """A row that counts: `money` has amounts and tax, `goods` is the sellable item (the variant of a configurable)."""

    money: LineWire
    goods: LineWire
    amount: Decimal


def sold_rows(items: Sequence[LineWire]) -> list[SoldRow]:
    """The rows of an order, each amount and each item once. A configurable is one row: the parent's money for the
    child's item. Of a bundle the children are the items; the money stands on them or on the parent."""
    known = {row.item_id for row in items}
    children: dict[str, list[LineWire]] = defaultdict(list)
    tops = []
    for row in items:
        # A child whose parent is missing stands for itself.
        if row.parent_item_id and row.parent_item_id in known and row.parent_item_id != row.item_id:
            children[row.parent_item_id].append(row)
        else:
            tops.append(row)
    return [sold for top in tops for sold in _sold(top, children[top.item_id] if top.item_id else [])]


def _sold(top: LineWire, parts: Sequence[LineWire]) -> Iterator[SoldRow]:
    if not parts:
        yield SoldRow(top, top, top.row_total)
        return
    if top.product_type != "bundle" and len(parts) == 1:
        yield SoldRow(top, parts[0], top.row_total)
        return
    inner = sum((part.row_total for part in parts), Decimal(0))
    own = not inner or abs(top.row_total - inner) > Decimal("0.01") * len(parts)
    if own and top.row_total:
        yield SoldRow(top, top, top.row_total)
        yield from (SoldRow(part, part, Decimal(0)) for part in parts)
    else:
        yield from (SoldRow(part, part, part.row_total) for part in parts)


def order_lines(wire: OrderWire) -> tuple[OrderLine, ...]:
    """All lines of an order. What they leave unexplained is the core's to hold."""
    rows = sold_rows(whole_rows(wire.items, wire.subtotal))
    extras = wire.extension_attributes or OrderExtrasWire()
    unit = Decimal(1).scaleb(-places_of(wire.order_currency_code))
    lines = [
        *(_product(row, unit) for row in rows),
        *_shipping(wire),
        *_discount(wire),
        *_gifts(extras),
        *_taxes(wire, rows, extras),
    ]
    left = wire.grand_total - sum((line.amount for line in lines), Decimal(0))
    fixed = sum((row.weee_tax_applied_row_amount for row in wire.items if not row.parent_item_id), Decimal(0))
    if left and left == fixed:  # by the shop's settings these are in the tax, in the subtotal or by themselves
        lines.append(OrderLine(LineKind.FEE, "Fixed product taxes", fixed))
    return tuple(lines)


def _product(row: SoldRow, unit: Decimal) -> OrderLine:
    quantity = row.money.qty_ordered
    price = row.money.price if row.amount else Decimal(0)
    # The price that Magento shows is rounded on its own, or missing on a bundle: then none is stated.
    fits = abs(quantity * price - row.amount) <= (abs(quantity) / 2 + Decimal("0.5")) * unit
    return OrderLine(
        kind=LineKind.PRODUCT,
        text=row.goods.name or row.money.name or row.goods.sku,
        amount=row.amount,
        quantity=quantity,
        unit_price=price if fits else None,
        tax_rate=row.money.tax_percent,
        tax_amount=row.money.tax_amount if row.amount else Decimal(0),
        item_id=CartItemId(row.goods.product_id) if row.goods.product_id else None,
        sku=row.goods.sku,
        line_id=row.money.item_id,
        gone=max(_gone(row.money), _gone(row.goods)),
    )


def _gone(row: LineWire) -> Decimal:
    """Of a configurable the parent is shipped, of a bundle either."""
    return row.qty_canceled + max(row.qty_shipped, row.qty_refunded)


def _shipping(wire: OrderWire) -> Iterator[OrderLine]:
    if wire.shipping_amount:
        text = wire.shipping_description or "Shipping"
        yield OrderLine(LineKind.SHIPPING, text, wire.shipping_amount, tax_amount=wire.shipping_tax_amount)


def _discount(wire: OrderWire) -> Iterator[OrderLine]:
    compensation = wire.discount_tax_compensation_amount + wire.shipping_discount_tax_compensation_amount
    if amount := wire.discount_amount + compensation:
        kind = LineKind.COUPON if wire.coupon_code else LineKind.DISCOUNT
        yield OrderLine(kind, wire.discount_description or wire.coupon_code or "Discount", amount)


def _gifts(extras: OrderExtrasWire) -> Iterator[OrderLine]:
    cards = extras.gift_cards
    if sum((card.amount for card in cards), Decimal(0)) == extras.gift_cards_amount:
        yield from (
            OrderLine(LineKind.GIFT_CARD, f"Gift card {card.code}".strip(), -card.amount)
            for card in cards
            if card.amount
        )
    elif extras.gift_cards_amount:
        yield OrderLine(LineKind.GIFT_CARD, "Gift cards", -extras.gift_cards_amount)
    for kind, text, amount in (
        (LineKind.STORE_CREDIT, "Store credit", -extras.customer_balance_amount),
        (LineKind.STORE_CREDIT, "Reward points", -extras.reward_currency_amount),
        (LineKind.FEE, "Gift wrapping", extras.gw_price + extras.gw_items_price),
        (LineKind.FEE, "Printed card", extras.gw_card_price),
    ):
        if amount:
            yield OrderLine(kind, text, amount)


def _taxes(wire: OrderWire, rows: Sequence[SoldRow], extras: OrderExtrasWire) -> Iterator[OrderLine]:
    """The tax as charged: per rate where the rates' amounts are stated and add up to it, else in one."""
    if not wire.tax_amount:
        return
    applied = extras.applied_taxes
    if applied and sum((tax.amount for tax in applied), Decimal(0)) == wire.tax_amount:
        yield from (
            OrderLine(LineKind.TAX, tax.title or "Tax", tax.amount, tax_rate=tax.percent)
            for tax in applied
            if tax.amount
        )
        return
    rates: dict[Decimal | None, Decimal] = defaultdict(Decimal)
    for row in rows:
        if row.amount and row.money.tax_amount:
            rates[row.money.tax_percent] += row.money.tax_amount
    if wire.shipping_tax_amount:
        rates[next(iter(rates)) if len(rates) == 1 else None] += wire.shipping_tax_amount
    if sum(rates.values(), Decimal(0)) != wire.tax_amount:
        rates = {None: wire.tax_amount}
    for rate, amount in rates.items():
        text = "Tax" if rate is None else f"Tax {rate:f} %"
        yield OrderLine(LineKind.TAX, text, amount, tax_rate=rate)
