"""Questions asked again and again: written once instead of built anew each time, which costs peewee far more than the
database needs for the answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from cartui.books.fields import FlagField, JsonField, MicrosField, MomentField, RemedyField

_READ_ANOTHER_WAY: Final = (MicrosField, MomentField, FlagField, JsonField, RemedyField)


class Select:
    """`fields` of models, and all from FROM on in the words both databases share; see `Database.select`.

    A row has the Python values that peewee's own select of these fields has."""

    __slots__ = ("_readers", "text")

    def __init__(self, fields: Sequence[Any], rest: str) -> None:
        names = [f"{field.model._meta.table_name}.{field.column_name}" for field in fields]  # noqa: SLF001 - peewee's
        self.text = f"SELECT {', '.join(names)} {rest}"
        self._readers: tuple[tuple[int, Callable[[Any], Any]], ...] = tuple(
            (at, field.python_value) for at, field in enumerate(fields) if isinstance(field, _READ_ANOTHER_WAY)
        )

    def read(self, stored: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """Rows as the database has them -> rows of Python values."""
        return [self._row(row) for row in stored] if self._readers else stored

    def _row(self, stored: tuple[Any, ...]) -> tuple[Any, ...]:
        values = list(stored)
        for at, read in self._readers:
            values[at] = read(values[at])
        return tuple(values)
