"""Where a listing goes on. By the stamp of the last row, not by a number: rows that change meanwhile move to the end
and would shift the pages. Pure, but that it remembers.

stamps    rows from a stamp on, sorted by it; the next page begins with the last one's stamp
one stamp more rows of one second than a page holds: these alone, by id, and then on behind that second
numbers   where the shop does not sort as asked (a page says so, or the count of what is left does): nothing is proven
          before the end then, and nothing is lost
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from cartui.adapters.magento.parse import parse_stamp, row_id
from cartui.adapters.magento.render import Where, render_since

Row = Mapping[str, Any]


@dataclass(slots=True)
class Cursor:
    """`left`: rows that are still to come; `mark`: everything with a stamp before it came; `number`: of the page."""

    since: datetime | None
    number: int = 1
    left: int = 0
    mark: datetime | None = None
    _lower: datetime | None = None
    _passed: bool = False  # all rows of the stamp `_lower` came
    _after_id: str = ""  # rows of the stamp `_lower` only, beyond this id
    _by_number: bool = False
    _owed: int | None = None  # so many rows at least must be found from `_lower` on

    def __post_init__(self) -> None:
        self._lower = self.since

    def where(self) -> list[Where]:
        if self._lower is None:
            return []
        stamp = render_since(self._lower)
        if self._after_id:
            return [Where("updated_at", "eq", stamp), Where("entity_id", "gt", self._after_id)]
        return [Where("updated_at", "gt" if self._passed else "gteq", stamp)]

    def sort(self, ids: Sequence[str]) -> tuple[str, ...]:
        return tuple(ids) if self._after_id else ("updated_at", *ids)

    def shrink(self, times: int) -> None:
        """Pages are so many times smaller from now on."""
        self.number = (self.number - 1) * times + 1

    def was_misled(self, stated: int) -> bool:
        """Fewer rows are left than there must be: the page before was not sorted by the stamp, or rows were deleted.
        All is read once more then, by numbers."""
        owed, self._owed = self._owed, None
        if owed is None:
            return False
        if stated >= owed:
            self.mark = self._lower
            return False
        self._lower, self._passed, self._by_number, self.number = self.since, False, True, 1
        return True

    def advance(self, rows: Sequence[Row], stated: int, size: int, fresh: int) -> bool:
        """To the next page; False at the end."""
        beyond = max(0, stated - (self.number - 1) * size - len(rows)) if rows else 0
        if self._after_id:
            self.left = max(0, self.left - fresh)
            if beyond:
                self._after_id = max((row_id(row) for row in rows), key=_number)
            else:
                self._after_id, self._passed, self.mark = "", True, self._lower
            return bool(beyond or self.left)
        self.left = beyond
        if not beyond:
            return False
        last = None if self._by_number else last_stamp(rows)
        if last is None:
            self._by_number = True
            self.number += 1
        elif self._lower is None or last > self._lower:
            self._lower, self._passed, self._owed, self.number = last, False, beyond, 1
        else:
            self._after_id = "0"
        return True


def last_stamp(rows: Sequence[Row]) -> datetime | None:
    """The stamp that a sorted page ends with; None where it is not sorted, or the last has none."""
    stamps = [parse_stamp(row) for row in rows]
    known = [one for one in stamps if one is not None]
    if not stamps or stamps[-1] is None or any(one > two for one, two in pairwise(known)):
        return None
    return known[-1]


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0
