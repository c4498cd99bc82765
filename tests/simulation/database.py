"""Real SQLite in memory, one for a schedule: a copy of a template, seen by every process of the schedule.

All processes share one connection. That is no cheat: SQLite has one writer at a time, and a process is never made to
wait inside a transaction, so what each sees is what it would see through its own.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import peewee

from cartui.books.database import Database, Row
from cartui.books.filters import SQLITE_FUNCTIONS
from cartui.books.opening import SqliteFile
from tests.simulation.compiled import quick_rows
from tests.simulation.faults import Step

if TYPE_CHECKING:
    from tests.simulation.world import Process


def memory_driver(image: bytes | None = None) -> peewee.SqliteDatabase:
    """A connected driver on a database of its own; `image`: what is in it."""
    driver = SqliteFile(
        ":memory:", pragmas={"foreign_keys": 1}, thread_safe=False, check_same_thread=False, cached_statements=400
    )
    for name, (function, arguments) in SQLITE_FUNCTIONS.items():
        driver.register_function(function, name, arguments)
    driver.connect()
    if image is not None:
        driver.connection().deserialize(image)
    return driver


def image_of(driver: peewee.SqliteDatabase) -> bytes:
    """All that is in it."""
    connection: sqlite3.Connection = driver.connection()
    return connection.serialize()


class SimDatabase(Database):
    """The port to the database: each transaction is a step before it begins, at its commit and after it, and each
    statement that writes is one."""

    def __init__(self, driver: peewee.Database, clock: Callable[[], datetime], process: Process) -> None:
        super().__init__(driver, "memory", clock)
        self.process = process
        self._stored = False

    @contextmanager
    def transaction(self) -> Iterator[None]:
        process = self.process
        process.before(Step.BEGIN)
        self._stored = False
        with super().transaction():
            yield
            process.before(Step.COMMIT)
        process.committed(stored=self._stored)
        process.after(Step.COMMIT)

    def rows(self, query: peewee.BaseQuery) -> list[Row]:
        self.process.ensure_alive()
        return quick_rows(self._driver, query, super().rows)

    def sql(self, text: str, values: Sequence[object] = ()) -> list[Row]:
        self.process.ensure_alive()
        return super().sql(text, values)

    def write(self, query: peewee.BaseQuery) -> int:
        self.process.before(Step.WRITE)
        return super().write(query)

    def write_sql(self, text: str, values: Sequence[object] = ()) -> list[Row]:
        self.process.before(Step.WRITE)
        return super().write_sql(text, values)

    def write_many(self, text: str, rows: Sequence[Sequence[object]]) -> None:
        self.process.before(Step.WRITE)
        self._stored = True  # only what stores a page writes so
        super().write_many(text, rows)

    def ask(self, text: str, *values: Any) -> list[Row]:
        """For the oracle: no step of the process."""
        return self._driver.connection().execute(text, values).fetchall()

    def ask_writing(self) -> bool:
        """Whether the process is inside a transaction."""
        return self._thread.writing
