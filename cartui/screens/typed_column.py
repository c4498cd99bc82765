"""A list with one more column, blank until a person types into it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from cartui.domain.query import QueryError, parse_query
from cartui.domain.rows import Column, Row, RowSource, View


@dataclass(frozen=True)
class TypedColumn:
    """A `RowSource`: the rows of `inner` with `column` put in at position `at`. What is typed is kept by the table."""

    inner: RowSource
    column: Column
    at: int

    @property
    def columns(self) -> Sequence[Column]:
        """The columns of the inner list and the typed one."""
        inner = tuple(self.inner.columns)
        return (*inner[: self.at], self.column, *inner[self.at :])

    def count(self) -> int:
        """As the inner list."""
        return self.inner.count()

    def page(self, start: int, size: int) -> Sequence[Row]:
        """Rows with a blank cell more."""
        at = self.at
        return [replace(row, cells=(*row.cells[:at], "", *row.cells[at:])) for row in self.inner.page(start, size)]

    def find(self, key: str) -> int | None:
        """As the inner list."""
        return self.inner.find(key)

    def set_view(self, view: View) -> None:
        """As the inner list; nothing can be found by what is only typed yet."""
        self._ensure_not_typed(view)
        self.inner.set_view(view)

    def keys(self, view: View) -> Iterator[str]:
        """As the inner list."""
        self._ensure_not_typed(view)
        return self.inner.keys(view)

    def _ensure_not_typed(self, view: View) -> None:
        if any(term.field == self.column.name for term in parse_query(view.filter).terms):
            problem = f'"{self.column.name}" is what you type; it can\'t be searched.'
            raise QueryError(problem, "Search by another column.")
