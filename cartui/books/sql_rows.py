"""Rows of a table for a list on screen: the order is kept as numbers (8 bytes a row), rows are read by the page."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from cartui.books.database import Database
from cartui.books.database import Row as StoredRow
from cartui.books.fields import from_micros, from_moment, remedy_of
from cartui.books.filters import Condition, Sort, Sourced, condition_of
from cartui.domain.money import format_amount
from cartui.domain.query import ensure_fields, parse_query
from cartui.domain.rows import FLAG_MUTED, Column, Row, View

_KEYS = 500  # keys read at once where a key is not the row's number
Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ListField:
    """One value of a row. `column` None: for filters and `--json` only, not on screen. `typed`: a cell that a person
    fills on screen, nothing that is stored."""

    name: str
    sql: str
    sort: Sort = Sort.TEXT
    column: Column | None = None
    typed: bool = False


def no_flags(_: Values) -> frozenset[str]:
    """Nothing special about any row."""
    return frozenset()


@dataclass(frozen=True, slots=True)
class ListSpec:
    """A list: `source` and `where` are SQL without values, `row_id` is a whole number that names a row.

    order    the list's own order, each with DESC where it is meant
    key      the row's key from its values (None: its number); `find_key` turns it back into SQL and values
    """

    source: str
    where: str
    row_id: str
    order: str
    fields: tuple[ListField, ...]
    flags: Callable[[Values], frozenset[str]] = no_flags
    key: Callable[[Values], str] | None = None
    find_key: Callable[[str], Condition] | None = None

    @property
    def shown(self) -> tuple[ListField, ...]:
        """The fields that are columns on screen."""
        return tuple(field for field in self.fields if field.column is not None)


class SqlRows:
    """A `RowSource` over one table. `set_view` reads all numbers in their new order; call it again to see new rows."""

    def __init__(self, database: Database, spec: ListSpec) -> None:
        self._db = database
        self._spec = spec
        self._columns = tuple(field.column for field in spec.shown if field.column is not None)
        self._ids: array[int] = array("q")
        self.set_view(View())

    @property
    def columns(self) -> Sequence[Column]:
        """As the specification names them."""
        return self._columns

    def count(self) -> int:
        """Rows in the view."""
        return len(self._ids)

    def page(self, start: int, size: int) -> Sequence[Row]:
        """Rows of the view; one that was deleted meanwhile shows empty and muted."""
        ids = self._ids[start : start + size]
        values = self._values_of(ids)
        return [self._row(row_id, values.get(row_id)) for row_id in ids]

    def find(self, key: str) -> int | None:
        """The position of a row, None when it isn't in the view."""
        row_id = self._row_id(key)
        try:
            return None if row_id is None else self._ids.index(row_id)
        except (ValueError, OverflowError):
            return None

    def set_view(self, view: View) -> None:
        """Read the numbers of all matching rows. Raises QueryError."""
        ids: array[int] = array("q")
        for chunk in self._chunks(view):
            ids.extend([row[0] for row in chunk])
        self._ids = ids  # at once: the drawing thread sees the old view or the new one

    def keys(self, view: View) -> Iterator[str]:
        """The keys of all rows that match; read to their end first, so that no lock is held while they are used."""
        ids: array[int] = array("q")
        for chunk in self._chunks(view):
            ids.extend([row[0] for row in chunk])
        if self._spec.key is None:
            yield from (str(row_id) for row_id in ids)
            return
        for start in range(0, len(ids), _KEYS):
            part = ids[start : start + _KEYS]
            values = self._values_of(part)
            yield from (self._spec.key(values[row_id]) for row_id in part if row_id in values)

    def dicts(self, query: str = "") -> Iterator[dict[str, object]]:
        """All matching rows with every field, as JSON-able values, by number: times as ISO 8601 UTC, money as text."""
        condition = self._condition(query)
        typed = {field.name for field in self._spec.fields if field.typed}
        last = -1
        while True:
            rows = self._db.sql(
                f"SELECT {self._spec.row_id}, {self._selected()} FROM {self._spec.source} WHERE {self._spec.where}"
                f" AND {condition.sql} AND {self._spec.row_id} > ? ORDER BY {self._spec.row_id} LIMIT ?",
                (*condition.values, last, _KEYS),
            )
            for row in rows:
                yield {name: _plain(value) for name, value in self._values(row).items() if name not in typed}
            if len(rows) < _KEYS:
                return
            last = rows[-1][0]

    def _chunks(self, view: View) -> Iterator[list[StoredRow]]:
        condition = self._condition(view.filter)
        return self._db.stream(
            f"SELECT {self._spec.row_id} FROM {self._spec.source} WHERE {self._spec.where} AND {condition.sql}"
            f" ORDER BY {self._order(view)}",
            condition.values,
        )

    def _condition(self, text: str) -> Condition:
        query = parse_query(text)
        fields = [Sourced(field.name, field.sql, field.sort) for field in self._spec.fields]
        ensure_fields(query, [field.name for field in fields])
        return condition_of(query, fields, postgres=self._db.postgres)

    def _order(self, view: View) -> str:
        if view.order_by is None:
            return _reversed(self._spec.order) if view.descending else self._spec.order
        field = next(field for field in self._spec.fields if field.name == view.order_by)
        down = " DESC" if view.descending else ""
        if field.sort is not Sort.TEXT:
            return f"CASE WHEN {field.sql} IS NULL THEN 1 ELSE 0 END, {field.sql}{down}, {self._spec.row_id}"
        digits = f"LTRIM({field.sql}, '0123456789') = ''"  # whole numbers go by size, before words
        return (
            f"CASE WHEN COALESCE({field.sql}, '') = '' THEN 1 ELSE 0 END,"
            f" CASE WHEN {digits} THEN 0 ELSE 1 END{down},"
            f" CASE WHEN {digits} THEN LENGTH({field.sql}) ELSE 0 END{down},"
            f" LOWER({field.sql}){down}, {self._spec.row_id}"
        )

    def _selected(self) -> str:
        return ", ".join(field.sql for field in self._spec.fields)

    def _values_of(self, ids: Sequence[int]) -> dict[int, Values]:
        if not ids:
            return {}
        marks = ", ".join("?" * len(ids))
        rows = self._db.sql(
            f"SELECT {self._spec.row_id}, {self._selected()} FROM {self._spec.source}"
            f" WHERE {self._spec.row_id} IN ({marks})",
            list(ids),
        )
        return {row[0]: self._values(row) for row in rows}

    def _values(self, row: StoredRow) -> Values:
        return {field.name: _value(field.sort, one) for field, one in zip(self._spec.fields, row[1:], strict=True)}

    def _row(self, row_id: int, values: Values | None) -> Row:
        if values is None:
            return Row(str(row_id), ("",) * len(self._columns), frozenset({FLAG_MUTED}))
        key = str(row_id) if self._spec.key is None else self._spec.key(values)
        cells = tuple(_cell(field.sort, values[field.name], values) for field in self._spec.shown)
        return Row(key, cells, self._spec.flags(values))

    def _row_id(self, key: str) -> int | None:
        if self._spec.find_key is None:
            return int(key) if key.isascii() and key.isdigit() else None
        condition = self._spec.find_key(key)
        rows = self._db.sql(
            f"SELECT {self._spec.row_id} FROM {self._spec.source} WHERE {self._spec.where} AND {condition.sql}",
            condition.values,
        )
        return rows[0][0] if rows else None


def _value(sort: Sort, stored: Any) -> Any:
    if stored is None:
        return None
    match sort:
        case Sort.MONEY | Sort.QUANTITY:
            return from_micros(int(stored))
        case Sort.MOMENT:
            return from_moment(stored)
        case Sort.FLAG:
            return bool(stored)
        case _:
            return remedy_of(stored) if isinstance(stored, str) else stored


def _cell(sort: Sort, value: Any, values: Values) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case Decimal() if sort is Sort.MONEY:
            return format_amount(value, str(values.get("currency") or ""))
        case Decimal():
            return format(value, "f")
        case datetime():
            return f"{value:%Y-%m-%d %H:%M}"
        case _:
            return str(value)


def _plain(value: Any) -> object:
    match value:
        case Decimal():
            return format(value, "f")
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case _:
            return value


def _reversed(order: str) -> str:
    parts = [part.strip() for part in order.split(",")]
    return ", ".join(part.removesuffix(" DESC") if part.endswith(" DESC") else f"{part} DESC" for part in parts)
