"""Which rows of an order a parcel names. Pure.

Magento ships a configurable by its own row. A bundle is shipped by its row or by those of its parts, whichever its
product says, which an order does not tell; the other way is refused, and nothing is written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from cartui.adapters.magento.wire import LineWire, OrderWire
from cartui.domain.records import ShipmentLine
from cartui.domain.safe_text import safe_text

Parcel = tuple[ShipmentLine, ...]


def parcels(order: Mapping[str, Any], lines: Sequence[ShipmentLine]) -> tuple[Parcel, ...]:
    """The ways to say it, the likeliest first. No lines at all: everything that is still open, which is right for
    bundles of both kinds."""
    try:
        rows = OrderWire.model_validate(order).items
    except ValidationError:
        return (tuple(lines),)
    if _is_all(rows, lines):
        return ((),)
    whole = _by_bundles(rows, lines)
    return (tuple(lines), whole) if whole else (tuple(lines),)


def _is_all(rows: Sequence[LineWire], lines: Sequence[ShipmentLine]) -> bool:
    wanted = {line.line_id: line.quantity for line in lines}
    parts = {row.parent_item_id for row in rows if row.parent_item_id}
    goods = [row for row in rows if not row.is_virtual]
    for row in goods:
        parent = next((one for one in goods if one.item_id == row.parent_item_id), None)
        if parent is not None and parent.product_type != "bundle":
            continue  # the variant of a configurable goes with it
        is_bundle = row.product_type == "bundle" and row.item_id in parts
        named = wanted.pop(row.item_id, None)
        if parent is None and not is_bundle and (named or Decimal(0)) != _open(row):
            return False
        if parent is not None and named is not None and named != _open(row):
            return False
        if parent is not None and named is None and _open(row):
            return False
    return not wanted


def _by_bundles(rows: Sequence[LineWire], lines: Sequence[ShipmentLine]) -> Parcel:
    """The same with each bundle's row instead of its parts; () where there is no bundle, or not a whole one."""
    known = {row.item_id: row for row in rows}
    kept: list[ShipmentLine] = []
    bundles: dict[str, set[Decimal]] = {}
    for line in lines:
        row = known.get(line.line_id)
        parent = known.get(row.parent_item_id) if row else None
        if row is None or parent is None or parent.product_type != "bundle" or not row.qty_ordered:
            kept.append(line)
        else:
            bundles.setdefault(parent.item_id, set()).add(line.quantity * parent.qty_ordered / row.qty_ordered)
    named = {line.line_id for line in lines}
    parts = {row.item_id for row in rows if row.parent_item_id in bundles and not row.is_virtual}
    if not bundles or not parts <= named or any(len(counts) > 1 for counts in bundles.values()):
        return ()
    counted = {number: counts.pop() for number, counts in bundles.items()}
    if any(count != count.to_integral_value() for count in counted.values()):
        return ()
    return (*kept, *(ShipmentLine(number, count, known[number].sku) for number, count in counted.items()))


def beyond(order: Mapping[str, Any], lines: Sequence[ShipmentLine]) -> str:
    """What is wrong with a parcel that holds more than is left, "" for one that does not: Magento would ship what is
    left, without a word."""
    try:
        rows = {row.item_id: row for row in OrderWire.model_validate(order).items}
    except ValidationError:
        return ""
    for line in lines:
        row = rows.get(line.line_id)
        if row is not None and line.quantity > _open(row):
            name, left = safe_text(row.sku or line.line_id, 64), f"{_open(row):f}"
            return f"Of {name} {left} are left to be shipped, not {line.quantity:f}."
    return ""


def _open(row: LineWire) -> Decimal:
    """As 2.4 reckons; older versions take off both what was shipped and what was refunded."""
    return max(Decimal(0), row.qty_ordered - max(row.qty_shipped, row.qty_refunded) - row.qty_canceled)
