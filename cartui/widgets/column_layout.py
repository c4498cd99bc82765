"""Which columns stand where at a given width. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cartui.domain.rows import Column

GAP: Final = 2
"""Terminal cells around a column: one before, one behind; the cell cursor and the edited sign are drawn there."""
MIN_WIDTH: Final = 4
MAX_STRETCH: Final = 40
SQUEEZED: Final = 8
FLEXIBLE: Final = 18
"""A text column this wide or wider may be drawn narrower, down to `SQUEEZED`, when it is the last that has room."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A column (by its index in the source) drawn at ``x`` with ``width`` cells for its text."""

    column: int
    x: int
    width: int

    @property
    def end(self) -> int:
        """The first terminal cell behind the column and its gaps."""
        return self.x + self.width + GAP


def plan_order(columns: Sequence[Column], room: int) -> tuple[int, ...]:
    """Column indexes from left to right: first those that fit ``room`` by priority, then the rest, each group in the
    source's order, so that all can be reached by scrolling."""
    if not columns:
        return ()
    left = room - columns[0].width - GAP
    chosen = {0}
    for index in sorted(range(1, len(columns)), key=lambda at: (columns[at].priority, at)):
        if columns[index].width + GAP > left:
            if left >= SQUEEZED + GAP and index > max(chosen) and _is_flexible(columns[index]):
                chosen.add(index)  # the last one: it takes what is left
            break
        left -= columns[index].width + GAP
        chosen.add(index)
    return (*sorted(chosen), *(index for index in range(len(columns)) if index not in chosen))


def plan_slots(columns: Sequence[Column], order: Sequence[int], start: int, room: int, offset: int) -> tuple[Slot, ...]:
    """Whole columns that fit ``room`` cells from ``start``: the first of ``order`` always, then from ``offset`` on.
    Room that is left over goes to the widest text column."""
    if not order:
        return ()
    picked: list[tuple[int, int]] = []
    left = room
    for index in (order[0], *order[1 + offset :]):
        width = columns[index].width
        if width + GAP > left:
            squeezed = left >= SQUEEZED + GAP and _is_flexible(columns[index])
            if not squeezed and (len(picked) >= 2 or left < MIN_WIDTH + GAP):
                break
            width = left - GAP
        picked.append((index, width))
        left -= width + GAP
    if left > 0:
        picked = _stretched(columns, picked, min(left, MAX_STRETCH))
    slots: list[Slot] = []
    at = start
    for index, width in picked:
        slots.append(Slot(index, at, width))
        at += width + GAP
    return tuple(slots)


def _is_flexible(column: Column) -> bool:
    """Names and words may be cut; amounts, codes and times may not."""
    return column.align == "left" and column.width >= FLEXIBLE


def _stretched(columns: Sequence[Column], picked: list[tuple[int, int]], spare: int) -> list[tuple[int, int]]:
    texts = [index for index, _ in picked if columns[index].align == "left"]
    if not texts:
        return picked
    widest = max(texts, key=lambda index: columns[index].width)
    return [(index, width + spare if index == widest else width) for index, width in picked]
