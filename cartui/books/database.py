"""One database, SQLite or PostgreSQL, as the repositories use it: rows in, rows out, one writer at a time.

SQLite: foreign keys on, synchronous FULL, `BEGIN IMMEDIATE` for every writer (a read that turns into a write fails at
once whatever the timeout), WAL only where the linked SQLite has no known loss (3.51.3), else the rollback journal.
PostgreSQL: READ COMMITTED, and every writer takes one transaction-level advisory lock first. That is SQLite's own rule
(one writer), so what is read inside a transaction can't change before it ends, and two writers never deadlock.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import lru_cache
from itertools import chain
from typing import Any, Final

import peewee

from cartui.books.faults import translated
from cartui.books.fields import check_text
from cartui.books.selects import Select
from cartui.errors import NeedsOperatorError, UpgradedError

BUSY_SECONDS: Final = 15
_WRITER_LOCK: Final = 0x6361727475690001  # any constant: the one writer of a PostgreSQL database
_CHUNK: Final = 4_000
_TOGETHER: Final = 10  # rows a statement: SQLite opens table and indexes for each statement anew
_INSERT: Final = re.compile(r"(INSERT .+?\bVALUES )(\([^()]*\))((?:\s+ON CONFLICT .*)?)", re.DOTALL)
WAL_SAFE: Final = (3, 51, 3)
SQLITE_OLDEST: Final = (3, 35, 0)


Row = tuple[Any, ...]


class _Thread(threading.local):
    writing = False


class Database:
    """Connections are one a thread, opened on first use; `close_thread` closes the caller's."""

    def __init__(self, driver: peewee.Database, where: str, clock: Callable[[], datetime]) -> None:
        self._driver: Any = driver  # much of peewee is untyped
        self._thread = _Thread()
        self.where = where
        self.clock = clock
        self.postgres = isinstance(driver, peewee.PostgresqlDatabase)
        self.read_only: NeedsOperatorError | None = None
        self.schema: int | None = None  # the newest step that this program knows; None: being brought there
        _open.add(self)

    # --- reading ---

    def rows(self, query: peewee.BaseQuery) -> list[Row]:
        """All rows of a select, as tuples of Python values."""
        with translated(self.where, self._look_at_schema):
            return list(query.tuples().execute(self._driver))

    def row(self, query: peewee.BaseQuery) -> Row | None:
        """The first row."""
        rows = self.rows(query)
        return rows[0] if rows else None

    def sql(self, text: str, values: Sequence[object] = ()) -> list[Row]:
        """All rows of a statement in the words both databases share; `?` stands for a value."""
        with translated(self.where, self._look_at_schema):
            cursor = self._driver.execute_sql(self._words(text), values)
            return cursor.fetchall() if cursor.description else []

    def select(self, select: Select, values: Sequence[object] = ()) -> list[Row]:
        """As `rows`, for a question that is written once."""
        return select.read(self.sql(select.text, values))

    def select_among(self, select: Select, values: Sequence[object], some: Sequence[object]) -> list[Row]:
        """As `select`, with the `{among}` of `sql_among`."""
        return select.read(self.sql_among(select.text, values, some))

    def stream(self, text: str, values: Sequence[object] = ()) -> Iterator[list[Row]]:
        """The rows in chunks. To be read to the end at once: on SQLite an open read keeps writers waiting."""
        with translated(self.where):
            cursor = self._driver.execute_sql(self._words(text), values)
            while chunk := cursor.fetchmany(_CHUNK):
                yield chunk

    def among(self, field: Any, values: Sequence[object]) -> Any:
        """The condition `field IN values` as one value, so that the statement is the same for any number of them."""
        if self.postgres:
            return field == peewee.SQL("ANY(%s)", [list(values)])
        return field.in_(peewee.SQL("(SELECT value FROM json_each(?))", [json.dumps(values)]))

    def sql_among(self, text: str, values: Sequence[object], some: Sequence[object]) -> list[Row]:
        """As `sql`, where `{among}`, after every `?`, stands for "is one of `some`"."""
        if self.postgres:
            return self.sql(text.replace("{among}", "= ANY(?)"), (*values, list(some)))
        return self.sql(text.replace("{among}", "IN (SELECT value FROM json_each(?))"), (*values, json.dumps(some)))

    # --- writing ---

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing. Nesting is a bug; so is writing outside."""
        if self._thread.writing:
            raise RuntimeError("A transaction is open in this thread already.")
        if self.read_only is not None:
            raise self.read_only
        self._begin()
        self._thread.writing = True
        try:
            self._ensure_same_schema()
            yield
            with translated(self.where):
                self._driver.execute_sql("COMMIT")
        except BaseException:
            self._roll_back()
            raise
        finally:
            self._thread.writing = False

    @contextmanager
    def joined(self) -> Iterator[None]:
        """The caller's transaction, or one of its own where none is open."""
        if self._thread.writing:
            yield
        else:
            with self.transaction():
                yield

    def write(self, query: peewee.BaseQuery) -> int:
        """Run an insert, update or delete; how many rows it touched."""
        self._ensure_writing()
        with translated(self.where):
            return int(self._driver.execute(query).rowcount)

    def write_sql(self, text: str, values: Sequence[object] = ()) -> list[Row]:
        """As `sql`, for a statement that writes."""
        self._ensure_writing()
        return self.sql(text, values)

    def write_sql_among(self, text: str, some: Sequence[object]) -> list[Row]:
        """As `sql_among`, for a statement that writes."""
        self._ensure_writing()
        return self.sql_among(text, (), some)

    def write_many(self, text: str, rows: Sequence[Sequence[object]]) -> None:
        """One prepared statement for many rows of stored values (see `fields`); texts are checked."""
        self._ensure_writing()
        for column in zip(*rows, strict=True):
            _check_column(column)
        with translated(self.where):
            cursor = self._driver.cursor()
            if not self.postgres and len(rows) >= _TOGETHER and (parts := _INSERT.fullmatch(text)):
                whole = len(rows) - len(rows) % _TOGETHER
                slices = [rows[start : start + _TOGETHER] for start in range(0, whole, _TOGETHER)]
                cursor.executemany(_of_many(*parts.groups()), [list(chain.from_iterable(some)) for some in slices])
                rows = rows[whole:]
            cursor.executemany(self._words(text), rows)

    def allocate(self, counter: str, count: int) -> int:
        """The first of `count` new numbers that nothing else will ever get."""
        [(following,)] = self.write_sql(
            "UPDATE counter SET next = next + ? WHERE name = ? RETURNING next", (count, counter)
        )
        return int(following) - count

    def script(self, statements: Iterable[str]) -> None:
        """Statements of a migration, in the caller's transaction."""
        for statement in statements:
            self.write_sql(statement)

    # --- life ---

    def close_thread(self) -> None:
        """Close this thread's connection; the next use opens another."""
        if not self._driver.is_closed():
            self._driver.close()

    def has_table(self, name: str) -> bool:
        """Whether there is a table of that name."""
        with translated(self.where):
            return bool(self._driver.table_exists(name))

    def forget_connection(self) -> None:
        """In a forked child: let go of the parent's connection without closing it (closing would roll the parent's
        transaction back, or hang up its session). It is never freed: that would close it too."""
        connection = self._driver._state.conn  # noqa: SLF001 - peewee has no public way to drop it unclosed
        if connection is not None:
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(connection))
        self._driver._state.reset()  # noqa: SLF001
        self._thread = _Thread()

    def _begin(self) -> None:
        with translated(self.where):
            if self.postgres:
                self._driver.execute_sql("BEGIN")
                try:
                    self._driver.execute_sql(f"SELECT pg_advisory_xact_lock({_WRITER_LOCK})")
                except BaseException:
                    self._roll_back()
                    raise
            else:
                self._driver.ensure_same()
                self._driver.execute_sql("BEGIN IMMEDIATE")

    def _ensure_same_schema(self) -> None:
        """UpgradedError where a newer program changed the tables since these books were opened."""
        if self.schema is not None:
            there = self._driver.execute_sql("SELECT MAX(number) FROM schema_migration").fetchone()[0]
            if there is not None and there > self.schema:
                raise UpgradedError(self.where, there, self.schema)

    def _look_at_schema(self) -> None:
        """A table that is not as it was tells of an upgrade; whatever else it is is said by the error itself."""
        with suppress(peewee.PeeweeException, sqlite3.Error):
            self._ensure_same_schema()

    def _roll_back(self) -> None:
        """Never hides the error that led here: SQLite may have rolled back by itself, PostgreSQL may be gone."""
        try:
            if self.postgres or self._driver.connection().in_transaction:
                self._driver.execute_sql("ROLLBACK")
        except (peewee.PeeweeException, sqlite3.Error):
            self._driver.close()

    def _ensure_writing(self) -> None:
        if not self._thread.writing:
            raise RuntimeError("Writing needs `with books.transaction():`.")

    def _words(self, text: str) -> str:
        return text.replace("?", "%s") if self.postgres else text


@lru_cache
def _of_many(head: str, values: str, rest: str) -> str:
    return f"{head}{', '.join([values] * _TOGETHER)}{rest}"


def _check_column(values: Sequence[object]) -> None:
    """ValueError where a text can't be kept. Most columns are all text, and looked at as one."""
    try:
        check_text("".join(values))  # type: ignore[arg-type]
    except TypeError:
        check_text("".join([value for value in values if type(value) is str]))


_open: weakref.WeakSet[Database] = weakref.WeakSet()


def _forget_after_fork() -> None:
    for database in list(_open):
        database.forget_connection()


os.register_at_fork(after_in_child=_forget_after_fork)
