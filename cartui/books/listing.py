"""What a cart was just asked for, kept on disk: a list of a million rows costs 8 bytes a row of memory."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

from cartui.books.database import Database
from cartui.books.fields import pack, to_micros, to_moment, unpack
from cartui.books.filters import Condition, Sort
from cartui.books.opening import sqlite_driver
from cartui.books.sql_rows import ListField, ListSpec, SqlRows, Values
from cartui.domain.rows import Column

_NAME: Final = re.compile(r"listing-(\d+)-\d+\.db")
_serial = itertools.count(1)

Cell = str | Decimal | datetime | int | bool | None


@dataclass(frozen=True, slots=True)
class ListingField:
    """One value of each row. `sort` MONEY and QUANTITY take Decimal, MOMENT an aware datetime, NUMBER int, FLAG bool;
    `column` None: for filters and `--json` only."""

    name: str
    sort: Sort = Sort.TEXT
    column: Column | None = None


@dataclass(frozen=True, slots=True)
class ListingRow:
    """A row as it came. `cells` in the order of the fields; `payload` is whatever the caller wants back by key."""

    key: str
    cells: tuple[Cell, ...]
    payload: bytes = b""
    flags: frozenset[str] = frozenset()


class Listing:
    """A list in a file of its own in `directory`, gone when closed. Rows keep the order they came in; a key that comes
    again replaces the row it had, in its old place. Filled by one thread, read by any."""

    def __init__(self, directory: Path, fields: Sequence[ListingField], clock: Callable[[], datetime]) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = directory / f"listing-{os.getpid()}-{next(_serial)}.db"
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        # Nobody needs it after a crash: no journal on disk, no waiting for the disk.
        driver = sqlite_driver(self._path, {"journal_mode": "memory", "synchronous": "off", "cache_size": -8_000})
        self._db = Database(driver, "of the list", clock)
        self._fields = tuple(fields)
        kinds = ("TEXT" if field.sort is Sort.TEXT else "INTEGER" for field in fields)
        cells = "".join(f", c{n} {kind}" for n, kind in enumerate(kinds))
        with self._db.transaction():
            self._db.write_sql(
                f"CREATE TABLE row (id INTEGER PRIMARY KEY, key TEXT UNIQUE, payload, flags TEXT{cells})"
            )
        marks = ", ?" * len(self._fields)
        names = "".join(f", c{n}" for n in range(len(self._fields)))
        taken = "".join(f", c{n} = excluded.c{n}" for n in range(len(self._fields)))
        self._put = (
            f"INSERT INTO row (key, payload, flags{names}) VALUES (?, ?, ?{marks})"
            f" ON CONFLICT (key) DO UPDATE SET payload = excluded.payload, flags = excluded.flags{taken}"
        )

    def append(self, rows: Sequence[ListingRow]) -> None:
        """Add a page of rows. ValueError for an amount or time that can't be kept exactly."""
        stored = [
            (
                row.key,
                pack(row.payload),
                " ".join(sorted(row.flags)),
                *(_stored(field.sort, cell) for field, cell in zip(self._fields, row.cells, strict=True)),
            )
            for row in rows
        ]
        with self._db.transaction():
            self._db.write_many(self._put, stored)

    def set_cells(self, name: str, values: Mapping[str, Cell]) -> None:
        """Change one field of rows that are there, by key."""
        (index, sort) = next((n, field.sort) for n, field in enumerate(self._fields) if field.name == name)
        stored = [(_stored(sort, cell), key) for key, cell in values.items()]
        with self._db.transaction():
            self._db.write_many(f"UPDATE row SET c{index} = ? WHERE key = ?", stored)

    def set_flags(self, values: Mapping[str, frozenset[str]]) -> None:
        """Change the flags of rows that are there, by key."""
        with self._db.transaction():
            self._db.write_many(
                "UPDATE row SET flags = ? WHERE key = ?",
                [(" ".join(sorted(flags)), key) for key, flags in values.items()],
            )

    def count(self) -> int:
        """How many rows there are."""
        return int(self._db.sql("SELECT COUNT(*) FROM row")[0][0])

    def payload(self, key: str) -> bytes:
        """What was stored beside the row. KeyError for a key that is not there."""
        rows = self._db.sql("SELECT payload FROM row WHERE key = ?", (key,))
        if not rows:
            raise KeyError(key)
        return unpack(rows[0][0])

    def payloads(self) -> Iterator[tuple[str, bytes]]:
        """All keys and payloads, in the order they came."""
        last = 0
        while rows := self._db.sql("SELECT id, key, payload FROM row WHERE id > ? ORDER BY id LIMIT 200", (last,)):
            yield from ((key, unpack(payload)) for _, key, payload in rows)
            last = rows[-1][0]

    def rows(self) -> SqlRows:
        """The rows so far as a `RowSource`; `set_view` shows what came since."""
        fields = tuple(
            ListField(field.name, f"row.c{n}", field.sort, field.column) for n, field in enumerate(self._fields)
        )
        spec = ListSpec(
            source="row",
            where="1 = 1",
            row_id="row.id",
            order="row.id",
            fields=(*fields, ListField("row_key", "row.key"), ListField("row_flags", "row.flags")),
            flags=_flags,
            key=lambda values: str(values["row_key"]),
            find_key=lambda key: Condition("row.key = ?", (key,)),
        )
        return SqlRows(self._db, spec)

    def close(self) -> None:
        """Close this thread's connection and remove the file."""
        self._db.close_thread()
        self._path.unlink(missing_ok=True)

    def close_thread(self) -> None:
        """Close the calling thread's connection; the list stays."""
        self._db.close_thread()


def clean_listings(directory: Path) -> list[Path]:
    """Remove the lists that programs left behind when they were killed; returns what was removed."""
    removed = []
    for path in sorted(directory.glob("listing-*.db")) if directory.is_dir() else []:
        found = _NAME.fullmatch(path.name)
        if found is not None and not _is_alive(int(found.group(1))):
            with contextlib.suppress(OSError):
                path.unlink()
                removed.append(path)
    return removed


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # somebody else's
    return True


def _flags(values: Values) -> frozenset[str]:
    return frozenset(str(values["row_flags"] or "").split())


def _stored(sort: Sort, cell: Cell) -> str | int | None:
    match cell:
        case Decimal():
            return to_micros(cell)
        case datetime():
            return to_moment(cell)
        case bool():
            return int(cell)
        case str() if sort is not Sort.TEXT:
            raise ValueError(f"{cell[:40]!r} is no {sort.value}.")
        case _:
            return cell
