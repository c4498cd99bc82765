"""The bundled shop on loopback in this process, `cartui` in processes of its own, and a look into its books."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cartui.adapters.cart_connect.parse import UnreadableError, parse_order
from cartui.demo import app, checks
from cartui.demo.server import DemoShop, RunningDemo, serve
from cartui.domain.money import ProofState, prove_total
from cartui.domain.plan_orders import import_rule
from cartui.domain.records import CartOrder
from tests.cli.conftest import Cartui

CART = "Shop"
PAGE_ROWS = 40  # so that an import has pages to be interrupted between
SYNC = ("--sync-only", "--once", "--json")


@pytest.fixture(scope="session")
def seeded_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("e2e") / "shop.db"
    DemoShop(path, 7, datetime.now(UTC) - timedelta(minutes=5)).close()
    return path


@contextmanager
def served(seeded_file: Path, place: Path) -> Iterator[RunningDemo]:
    """1,500 orders; small pages; it sells only when told to (`tick`)."""
    path = place / "shop.db"
    shutil.copy(seeded_file, path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checks, "PAGE_MAXIMUM", PAGE_ROWS)
        patch.setattr(app, "PAGE_MAXIMUM", PAGE_ROWS)
        shop = DemoShop(path, 7, datetime.now(UTC), lambda: datetime.now(UTC))
        try:
            with serve(shop) as running:
                yield running
        finally:
            shop.close()


@pytest.fixture
def demo(seeded_file: Path, tmp_path: Path) -> Iterator[RunningDemo]:
    with served(seeded_file, tmp_path) as running:
        yield running


@pytest.fixture
def cartui(tmp_path: Path) -> Iterator[Cartui]:
    runner = Cartui(tmp_path / "data")
    yield runner
    for process in runner.started:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=10)


@dataclass
class Books:
    """The database of a data directory, as a stranger would open it."""

    home: Path

    def rows(self, text: str, *values: object) -> list[tuple[Any, ...]]:
        """Read; what a killed process left half done is rolled back by SQLite first."""
        with sqlite3.connect(self.home / "cartui.db", timeout=20) as books:
            return books.execute(text, values).fetchall()

    def documents(self) -> dict[str, str]:
        """Number of the document by the id of its order; one that has two is a failure."""
        rows = self.rows("SELECT external_id, number FROM document")
        assert len({order for order, _ in rows}) == len({number for _, number in rows}) == len(rows)
        return dict(rows)

    def held(self) -> set[str]:
        return {row[0] for row in self.rows("SELECT external_id FROM cart_record WHERE state = 'held'")}

    def content(self) -> dict[str, list[tuple[Any, ...]]]:
        """All that an import writes, but for the times and the numbers that only count attempts."""
        return {
            table: self.rows(f"SELECT {columns} FROM {table} ORDER BY {columns}")
            for table, columns in {
                "document": "external_id, id, number, status, kind, customer_id, total, currency, changed_in_cart",
                "document_line": "document_id, position, kind, text, amount, quantity, item_code, sku, tax_amount",
                "customer": "id, code, email, guest, addresses",
                "cart_record": "kind, external_id, state, fingerprint, our_id, reason",
                "journal": "action, kind, external_id, our_id, state, detail",
            }.items()
        }

    def check(self) -> None:
        """Sound, and nothing half done: each document has its lines, its link, and adds up."""
        assert self.rows("PRAGMA integrity_check") == [("ok",)]
        assert self.rows("PRAGMA foreign_key_check") == []
        halves = """SELECT external_id FROM document AS d
            WHERE total <> (SELECT SUM(amount) FROM document_line WHERE document_id = d.id)
            OR NOT EXISTS (SELECT 1 FROM cart_record WHERE kind = 'order' AND our_id = d.id)"""
        assert self.rows(halves) == []
        strays = "SELECT external_id FROM cart_record WHERE kind = 'order' AND state = 'imported' AND our_id NOT IN"
        assert self.rows(f"{strays} (SELECT id FROM document)") == []

    def holder(self) -> str:
        """Who has the lease."""
        rows = self.rows("SELECT holder FROM lease WHERE expires_at > ?", int(time.time() * 1e6))
        return str(rows[0][0]) if rows else ""

    def age_lease(self, seconds: float) -> None:
        """As if the lease had been taken so much earlier: spares the test its minute of waiting."""
        self.rows("UPDATE lease SET expires_at = expires_at - ?", int(seconds * 1e6))


@pytest.fixture
def books(cartui: Cartui) -> Books:
    return Books(cartui.home)


def set_up(cartui: Cartui, demo: RunningDemo, *, days: float | None = None) -> datetime:
    """A RUNNING cart by commands alone; orders count from so many days back (None: all). Returns that moment."""
    since = datetime.now(UTC) - timedelta(days=days) if days else datetime(2020, 1, 1, tzinfo=UTC)
    cartui.env["SHOP_PASSWORD"] = demo.password
    at = since.isoformat(timespec="seconds")
    for words in (
        ("new", CART, "--type", "cart-connect", "--url", demo.address, "--secret-from", "env:SHOP_PASSWORD"),
        ("test", CART),
        ("set", CART, f"last_order_from={at}", f"last_update_time={at}"),
        ("start", CART, "--confirm", CART),
    ):
        ran = cartui(*words)
        assert ran.code == 0, ran.err
    return datetime.fromisoformat(at)


def due(shop: DemoShop, since: datetime) -> set[str]:
    """The orders that by the rules must have a document now; those that don't add up are to be held instead."""
    found = set()
    for row in shop.rows("orders"):
        try:
            order = parse_order(row)
        except UnreadableError:
            continue  # what no one can read is not due
        if order.placed_at >= since and import_rule(order) is None and _adds_up(order):
            found.add(str(order.order_id))
    return found


def _adds_up(order: CartOrder) -> bool:
    return prove_total(order.lines, order.total, order.currency).state is not ProofState.UNEXPLAINED


def wait_until(done: Callable[[], bool], seconds: float = 30) -> None:
    """Look again until it is so; AssertionError when time is up."""
    ends = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < ends, "it did not happen in time"
        time.sleep(0.005)
