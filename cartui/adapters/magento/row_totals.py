"""What the rows of an order cost before its discounts. Pure.

`row_total` is what the shop's database has, and up to 2.3.0 so it is over the API. From 2.3.1 on the API takes each
row's discount off (app/code/Magento/Sales/Model/Order/Webapi/ChangeOutputArray.php), and newer versions show a row that
falls below zero as 0. The order's own `subtotal`, and a bundle's amount, stay what they were: they tell which it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import chain

from cartui.adapters.magento.wire import LineWire

_ZERO = Decimal(0)
_CENT = Decimal("0.01")


def whole_rows(rows: Sequence[LineWire], subtotal: Decimal) -> list[LineWire]:
    """The same rows, each with its amount before the discount."""
    if not any(row.discount_amount for row in rows):
        return list(rows)
    restored = [_with(row, row.row_total + row.discount_amount) for row in rows]
    if not _gap(rows, subtotal) or _gap(rows, subtotal) <= _gap(restored, subtotal):
        return list(rows)
    return _unclamped(rows, restored, subtotal) if _gap(restored, subtotal) else restored


def _gap(rows: Sequence[LineWire], subtotal: Decimal) -> Decimal:
    """How far rows are from what the order and its bundles say. Fixed product taxes are in the subtotal, or not, by the
    shop's settings."""
    tops = _tops(rows)
    told = sum((row.row_total for row in tops), _ZERO)
    fixed = sum((row.weee_tax_applied_row_amount for row in tops), _ZERO)
    bundles = [abs(whole - parts) for whole, parts in _bundles(rows) if parts]
    return sum(bundles, min(abs(subtotal - told), abs(subtotal - fixed - told)))


def _bundles(rows: Sequence[LineWire]) -> Iterator[tuple[Decimal, Decimal]]:
    for top in (row for row in _tops(rows) if row.product_type == "bundle"):
        yield top.row_total, sum((one.row_total for one in rows if one.parent_item_id == top.item_id), _ZERO)


def _tops(rows: Sequence[LineWire]) -> list[LineWire]:
    known = {row.item_id for row in rows}
    return [row for row in rows if not row.parent_item_id or row.parent_item_id not in known]


def _unclamped(rows: Sequence[LineWire], restored: Sequence[LineWire], subtotal: Decimal) -> list[LineWire]:
    """Of a row that is told as 0 the discount may be more than the row was: then its price says, and the subtotal where
    it is the only one."""
    hidden = {
        number
        for number, row in enumerate(rows)
        if row.discount_amount and not row.row_total and not row.parent_item_id
    }
    priced = [
        _with(row, row.price * row.qty_ordered) if number in hidden else row for number, row in enumerate(restored)
    ]
    left = subtotal - sum((row.row_total for row in _tops(priced)), _ZERO)
    pieces = sum((abs(row.qty_ordered) for number, row in enumerate(priced) if number in hidden), _ZERO)
    if not hidden or abs(left) > _CENT * max(pieces, Decimal(1)):
        return list(restored)
    last = max(hidden)
    return list(chain(priced[:last], [_with(priced[last], priced[last].row_total + left)], priced[last + 1 :]))


def _with(row: LineWire, amount: Decimal) -> LineWire:
    return row.model_copy(update={"row_total": amount})
