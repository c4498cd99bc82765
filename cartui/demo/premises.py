"""What the demo shop stands on: its file, its clock, its lock and its passwords. No selling and no HTTP here."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cartui.demo.schema import SCHEMA_VERSION, Store
from cartui.demo.seed import seed_shop
from cartui.demo.wire import Row, parse_time, render_time

_MICROSECOND = timedelta(microseconds=1)


class Premises:
    """A shop's file and clock. See DemoShop, which sells on them, for the arguments."""

    def __init__(self, path: Path | str, seed: int, now: datetime, clock: Callable[[], datetime] | None = None) -> None:
        if now.tzinfo is None:
            raise ValueError("now must be aware")
        self.lock = threading.RLock()
        self.store = Store(path)
        self._clock = clock
        self._last = now.astimezone(UTC)
        self._open(seed)

    def _open(self, seed: int) -> None:
        if self.store.is_empty():
            with self._transaction():
                seed_shop(self.store, seed, self._last)
                self.store.set_meta("password", secrets.token_urlsafe(16))
                self.store.set_meta("read_only_password", secrets.token_urlsafe(16))
        elif self.store.get_meta("schema") != SCHEMA_VERSION:
            raise ValueError("the file holds a demo shop of another version; delete it to start afresh")
        last_change = self.store.last_change()
        if last_change is not None:
            self._last = max(self._last, parse_time(last_change, "modified_at"))
        self.seed = int(self.store.get_meta("seed"))
        self.shop_id = self.store.get_meta("shop_id")
        self.password = self.store.get_meta("password")
        self.read_only_password = self.store.get_meta("read_only_password")

    def now(self) -> datetime:
        """The shop's time, each later than the one before: a stamp given after a mark is always after the mark."""
        with self.lock:
            later = self._last + _MICROSECOND
            self._last = later if self._clock is None else max(later, self._clock().astimezone(UTC))
            return self._last

    def advance(self, seconds: float) -> None:
        """Move a clock that does not run by itself."""
        with self.lock:
            if self._clock is None:
                self._last += timedelta(seconds=seconds)

    @contextmanager
    def reading(self) -> Iterator[Store]:
        """The store, while nobody changes it."""
        with self.lock:
            yield self.store

    @contextmanager
    def writing(self) -> Iterator[str]:
        """One transaction, with the stamp for what it changes; all or nothing. Inside of another it joins that."""
        with self.lock, self._transaction():
            yield render_time(self.now())

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        connection = self.store.connection
        if connection.in_transaction:
            yield
            return
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    def rows(self, kind: str) -> list[Row]:
        """Every record of a kind as the wire shows it, in the order of ids: the truth for tests to compare with."""
        with self.lock:
            return self.store.all(kind)

    def close(self) -> None:
        """Close the file; twice does no harm."""
        with self.lock:
            self.store.connection.close()
