"""Bundles: items that are made of others. A bundle has no stock of its own, it can be ordered while its parts last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

from cartui.domain.ids import ItemId


@dataclass(frozen=True, slots=True)
class BundlePart:
    """So many of one item stand in one piece of the bundle; `quantity` > 0."""

    part_id: ItemId
    quantity: Decimal


def orderable(parts: Sequence[BundlePart], free: Mapping[ItemId, Decimal | None]) -> Decimal | None:
    """How many whole bundles the parts' free stock makes: the least over all parts, never below zero. None where the
    stock of a part was never stated (blank is not zero), or where there are no parts.

    free  by part; a part that is not in it counts as never stated
    """
    fewest: Decimal | None = None
    for part in parts:
        stock = free.get(part.part_id)
        if stock is None:
            return None
        pieces = (stock / part.quantity).to_integral_value(ROUND_FLOOR)
        fewest = pieces if fewest is None else min(fewest, pieces)
    return None if fewest is None else max(fewest, Decimal(0))


def check_parts(bundle: ItemId, parts: Sequence[BundlePart], bundles: Mapping[ItemId, object]) -> str | None:
    """What is wrong with the parts of a bundle, as a sentence, or None. `bundles`: those of the parts that are bundles
    themselves (bundles of bundles are not kept: their stock could not be told in one look)."""
    if any(part.part_id == bundle for part in parts):
        return "A bundle can't be a part of itself."
    if len({part.part_id for part in parts}) < len(parts):
        return "A part stands twice: add its quantities up."
    if any(part.quantity <= 0 for part in parts):
        return "The quantity of a part must be more than zero."
    if any(part.part_id in bundles for part in parts):
        return "A part is a bundle itself: name its parts instead."
    return None
