"""What a list is made of: columns, rows, a view (order and filter), marks, and where rows come from.

Pure values and one in-memory source. A list on screen never holds its rows: it asks a ``RowSource`` for pages.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import Final, Literal, Protocol

from cartui.domain.query import Query, as_number, check_fields, ensure_fields, matches, parse_query

FLAG_EDITED: Final = "edited"
"""The row has changes that are not saved yet; drawn with ``*``."""
FLAG_PROBLEM: Final = "problem"
"""The row needs a person; drawn with ``!``."""
FLAG_MUTED: Final = "muted"
"""The row is done with, or not for sale: drawn quietly."""

MAX_CODE: Final = 64
_DECIMAL_START: Final = re.compile(r"-?\d{0,15}(\.\d{0,6})?", re.ASCII)
_DECIMAL: Final = re.compile(r"-?\d{1,15}(\.\d{1,6})?", re.ASCII)
_INTEGER_START: Final = re.compile(r"-?\d{0,12}", re.ASCII)
_INTEGER: Final = re.compile(r"-?\d{1,12}", re.ASCII)


class Editor(Enum):
    """How a cell is edited, and with it what may be typed."""

    TEXT = "text"
    CODE = "code"
    DECIMAL = "decimal"
    INTEGER = "integer"

    @property
    def is_number(self) -> bool:
        """True when typing a digit on the cell starts editing it."""
        return self in (Editor.DECIMAL, Editor.INTEGER)


def check_cell(editor: Editor, text: str, final: bool) -> str | None:
    """Say in a sentence what is wrong with ``text`` in such a cell, or None.

    ``final=False`` asks while typing: the beginning of a good value (``-``, ``1.``) is no problem yet. ``final=True``
    asks at enter. An empty number cell is good: blank is not zero, it means "nothing to say".
    """
    match editor:
        case Editor.DECIMAL if not (_DECIMAL if final and text else _DECIMAL_START).fullmatch(text):
            return "A number such as 12.50, with a point and at most six places."
        case Editor.INTEGER if not (_INTEGER if final and text else _INTEGER_START).fullmatch(text):
            return "A whole number such as 12."
        case Editor.CODE if len(text) > MAX_CODE:
            return f"A code has at most {MAX_CODE} characters."
        case Editor.CODE if final and not text.strip():
            return "A code can't be empty."
        case Editor.CODE if final and text != text.strip():
            return "A code can't start or end with a space."
        case _:
            return None


@dataclass(frozen=True, slots=True)
class Column:
    """One column. ``width`` in terminal cells; ``priority``: the lowest are the first to get room on a narrow
    terminal (the first column always has room)."""

    name: str
    title: str
    width: int
    align: Literal["left", "right"] = "left"
    editor: Editor | None = None
    sortable: bool = True
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """One row: a key that never changes, display text in column order, and flags such as FLAG_EDITED."""

    key: str
    cells: tuple[str, ...]
    flags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class View:
    """In which order, and which rows. ``order_by`` None is the source's own order; ``filter`` is a query line."""

    order_by: str | None = None
    descending: bool = False
    filter: str = ""


@dataclass(frozen=True, slots=True)
class Marks:
    """The marked rows: a set of keys, or "all that match ``filter`` except ``keys``".

    "All" costs the same at ten rows and at a million, and is bound to the filter it was made under. It stays when the
    order changes. When the *filter* changes, "all of everything" (made under no filter) stays as it is; "all that
    match X" is first written out as a set of keys by whoever changes the filter (``marked_keys``), because a row on
    screen couldn't tell any more whether it belongs.
    """

    keys: frozenset[str] = frozenset()
    everything: bool = False
    filter: str = ""

    @classmethod
    def none(cls) -> Marks:
        """Nothing is marked."""
        return cls()

    @classmethod
    def all(cls, matching: str = "") -> Marks:
        """All rows that match this query line, however many."""
        return cls(everything=True, filter=matching)

    def toggle(self, key: str) -> Marks:
        """The same, with ``key`` turned round."""
        return Marks(self.keys ^ {key}, self.everything, self.filter)

    def inverted(self, matching: str = "") -> Marks:
        """What was marked is not, what was not is. ``matching`` is the filter of the view, used when nothing or a
        few keys were marked; those keys must all match it."""
        if self.everything:
            return Marks(self.keys)
        return Marks(self.keys, True, matching)

    def with_keys(self, keys: Iterable[str]) -> Marks:
        """The same, with ``keys`` marked as well."""
        if self.everything:
            return Marks(self.keys.difference(keys), True, self.filter)
        return Marks(self.keys.union(keys))

    def contains(self, key: str) -> bool:
        """True when the row is marked; it must match ``filter`` when all are marked."""
        return (key in self.keys) is not self.everything

    def count(self, total: int) -> int:
        """How many rows are marked, ``total`` being the number of rows that match ``filter``."""
        return max(0, total - len(self.keys)) if self.everything else len(self.keys)

    @property
    def is_empty(self) -> bool:
        """True when nothing is marked, without counting."""
        return not self.everything and not self.keys


class RowSource(Protocol):
    """Where rows come from. ``count``, ``page`` and ``find`` answer for the view set last and are called often, from
    the thread that draws: they must be quick at any size. ``set_view`` and ``keys`` may be slow and are called from
    another thread; until ``set_view`` returns the others go on answering for the view before, then change at once.
    """

    @property
    def columns(self) -> Sequence[Column]:
        """The columns, the first one being what a person knows the row by."""
        ...

    def count(self) -> int:
        """Rows in the view."""
        ...

    def page(self, start: int, size: int) -> Sequence[Row]:
        """Rows ``start`` to ``start + size`` of the view, fewer at its end."""
        ...

    def find(self, key: str) -> int | None:
        """The position of a row in the view, None when it isn't there."""
        ...

    def set_view(self, view: View) -> None:
        """Take another order and filter. Raises QueryError when the filter can't be read."""
        ...

    def keys(self, view: View) -> Iterator[str]:
        """The keys of all rows that match, one by one; the view that is set stays."""
        ...


def marked_keys(marks: Marks, source: RowSource) -> Iterator[str]:
    """Every marked key, one by one: what an action on the marked rows walks over."""
    if not marks.everything:
        yield from sorted(marks.keys)
        return
    for key in source.keys(View(filter=marks.filter)):
        if key not in marks.keys:
            yield key


@dataclass
class ListRowSource:
    """Rows held in memory: for short lists and for tests. Filters and sorts by the text of the cells."""

    columns: Sequence[Column]
    rows: Sequence[Row]
    _shown: list[Row] = field(init=False)
    _positions: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self._show(list(self.rows))

    def count(self) -> int:
        """Rows in the view."""
        return len(self._shown)

    def page(self, start: int, size: int) -> Sequence[Row]:
        """Rows ``start`` to ``start + size``."""
        return self._shown[start : start + size]

    def find(self, key: str) -> int | None:
        """The position of a row in the view, None when it isn't there."""
        return self._positions.get(key)

    def set_view(self, view: View) -> None:
        """Filter, then sort; empty cells come last both ways. Raises QueryError."""
        self._show(self._matching(view))

    def keys(self, view: View) -> Iterator[str]:
        """The keys of all rows that match ``view``, in its order."""
        return iter([row.key for row in self._matching(view)])

    def _show(self, rows: list[Row]) -> None:
        positions = {row.key: position for position, row in enumerate(rows)}
        self._shown, self._positions = rows, positions

    def _matching(self, view: View) -> list[Row]:
        names = [column.name.lower() for column in self.columns]
        query = parse_query(view.filter)
        ensure_fields(query, names)
        rows = [row for row in self.rows if _row_matches(query, names, row)]
        if view.order_by is None:
            return rows[::-1] if view.descending else rows
        at = [column.name for column in self.columns].index(view.order_by)
        filled = [row for row in rows if row.cells[at].strip()]
        empty = [row for row in rows if not row.cells[at].strip()]
        filled.sort(key=lambda row: _sort_key(row.cells[at]), reverse=view.descending)
        return filled + empty


def check_filter(text: str, columns: Sequence[Column]) -> str | None:
    """What is wrong with a filter line for such columns, as a sentence, or None."""
    try:
        query = parse_query(text)
    except ValueError as error:
        return str(error)
    return check_fields(query, [column.name.lower() for column in columns])


def _row_matches(query: Query, names: Sequence[str], row: Row) -> bool:
    return not query.terms or matches(query, dict(zip(names, row.cells, strict=True)))


def _sort_key(text: str) -> tuple[int, Decimal, str]:
    number = as_number(text)
    return (0, number, "") if number is not None else (1, Decimal(0), text.casefold())
