"""Six things that cartui does which must survive a disaster, each from the same start: a data directory and a shop."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cartui.demo import app, checks
from cartui.demo.server import DemoShop, RunningDemo, serve
from tests.cli.conftest import Cartui, Ran
from tests.cli.prepared import Prepared
from tests.disasters.tracing import Tracer
from tests.e2e.conftest import SYNC, Books

CART = "Shop"
PAGE_ROWS = 25
GOOD = (0, 4)
_OLD_SCHEMA = Path(__file__).parents[1] / "books" / "schema_1.sql"
_PASSING = re.compile(r"(?:^|_)at$|^(?:stamp|tries|version|raw)$")
_TABLES_LEFT_OUT = frozenset({"lease", "cycle", "meta", "sqlite_sequence", "applied_plan", "applied_row"})
_NUMBERED = frozenset({"cart_record", "journal", "outbox"})  # in the order in which they came


@dataclass
class Shop:
    """The demo shop on loopback; put back to how it was before each run."""

    running: RunningDemo

    def kept(self) -> sqlite3.Connection:
        """A copy of its state now."""
        copy = sqlite3.connect(":memory:", check_same_thread=False)
        with self.running.shop.reading() as store:
            store.connection.backup(copy)
        return copy

    def put_back(self, kept: sqlite3.Connection) -> None:
        """As it was then."""
        with self.running.shop.reading() as store:
            kept.backup(store.connection)
        self.running.shop.faults.requests.clear()

    def content(self) -> list[tuple[str, ...]]:
        """What of its items a merchant would look at, whatever ids it gave."""
        rows = self.running.shop.rows("items")
        return sorted((str(row["sku"]), str(row.get("price")), str(row.get("stock"))) for row in rows)


@contextmanager
def serving() -> Iterator[Shop]:
    """1,500 orders, small pages, nothing sold by itself."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checks, "PAGE_MAXIMUM", PAGE_ROWS)
        patch.setattr(app, "PAGE_MAXIMUM", PAGE_ROWS)
        shop = DemoShop(":memory:", 7, datetime.now(UTC) - timedelta(minutes=5), lambda: datetime.now(UTC))
        with serve(shop) as running:
            yield Shop(running)
        shop.close()


@dataclass
class Flow:
    """One thing that cartui does. `words`: the command; `finish`: what a person or the next run does afterwards, until
    all is done."""

    name: str
    words: tuple[str, ...]
    finish: tuple[tuple[str, ...], ...]
    home: Path
    shop: Shop
    tracer: Tracer
    kept: Path
    shop_kept: sqlite3.Connection
    done: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)  # after an undisturbed run
    expected: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)  # and when all else is done, too

    @property
    def books(self) -> Books:
        """Of its data directory."""
        return Books(self.home)

    def put_back(self) -> None:
        """To the start."""
        shutil.rmtree(self.home, ignore_errors=True)
        shutil.copytree(self.kept, self.home)
        self.shop.put_back(self.shop_kept)

    def run(self, *strace: str) -> Ran:
        """The command, perhaps with a disaster."""
        return self.tracer.run(*self.words, strace=strace)

    def content(self) -> dict[str, list[tuple[Any, ...]]]:
        """All tables, but for moments and for what only counts attempts; and what the shop has."""
        return {**tables(self.home / "cartui.db"), "the shop": [*self.shop.content()]}

    def complete(self) -> None:
        """After a disaster: what was running is dead for longer than its lease, a person starts the cart again where
        it was stopped, and the same is done again."""
        if self.books.rows("SELECT 1 FROM sqlite_master WHERE name = 'lease'"):
            self.books.age_lease(120)
            if self.name in RUNNING and self.books.rows("SELECT 1 FROM cart WHERE status = 'STOPPED'"):
                assert self.tracer.run("start", CART, "--confirm", CART).code == 0
        for words in self.finish:
            ran = self.tracer.run(*words)
            assert ran.code in GOOD, (words, ran.err, ran.out)


def tables(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """The content of a database that a person would miss."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    with closing(sqlite3.connect(path, timeout=20)) as books:
        names = [name for (name,) in books.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")]
        for name in names:
            if name in _TABLES_LEFT_OUT:
                continue
            columns = [row[1] for row in books.execute(f"PRAGMA table_info({name})") if not _PASSING.search(row[1])]
            columns = columns[name in _NUMBERED :]
            # What was begun, and found not to have reached the shop, is told in the journal and begun anew.
            only = "WHERE state <> 'refused'" if name == "journal" else ""
            wanted = ", ".join(columns)
            found[name] = books.execute(f"SELECT {wanted} FROM {name} {only} ORDER BY {wanted}").fetchall()
    return found


def check_sound(flow: Flow) -> None:
    """No page is damaged, no row without what it belongs to, no document half written; a backup is whole."""
    names = [path for path in flow.home.glob("*.db") if path.name != "shop.db"]
    for path in names:
        with closing(sqlite3.connect(path, timeout=20)) as books:
            assert books.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert books.execute("PRAGMA foreign_key_check").fetchall() == []
    if flow.books.rows("SELECT 1 FROM sqlite_master WHERE name = 'document_line'"):
        flow.books.check()
    if (backup := flow.home / "backup.db").exists():
        assert tables(backup) == tables(flow.home / "cartui.db")


# --- how each begins --------------------------------------------------------------------------------------------------


class Beginning:
    """What leads to the start of a flow: commands, each of which goes well."""

    def __init__(self, tracer: Tracer, shop: Shop) -> None:
        self.tracer = tracer
        self.shop = shop
        self.home = Path(tracer.env["CARTUI_HOME"])

    def do(self, *words: str) -> None:
        """A command."""
        ran = self.tracer.run(*words)
        assert ran.code in GOOD, (words, ran.err, ran.out)

    def cart(self, *, days: float, started: bool = True) -> None:
        """A cart whose orders count from so many days back."""
        at = (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="seconds")
        self.tracer.env["SHOP_PASSWORD"] = self.shop.running.password
        url = self.shop.running.address
        self.do("new", CART, "--type", "cart-connect", "--url", url, "--secret-from", "env:SHOP_PASSWORD")
        self.do("test", CART)
        self.do("set", CART, f"last_order_from={at}", f"last_update_time={at}", "reconcile=off")
        if started:
            self.do("start", CART, "--confirm", CART)


def _import(begin: Beginning) -> None:
    begin.cart(days=1)


def _create(begin: Beginning) -> None:
    begin.cart(days=0.01)
    made = begin.home / "items.csv"
    made.write_text("code,name,price,currency\n" + "".join(f"NEW-{n},Thing {n},10.00,EUR\n" for n in range(3)))
    begin.do("import-csv", "items", str(made))


def _stock(begin: Beginning) -> None:
    begin.cart(days=0.01)
    skus = [sku for sku, _, stock in begin.shop.content() if sku.startswith("CECA103") and stock != "None"]
    assert skus
    begin.do("list", CART, "cart-items")
    begin.do("import", CART, "items", "--where", "sku:CECA103*")
    begin.do("set", CART, "to_cart_stock=yes")
    counted = begin.home / "count.csv"
    counted.write_text("code,on_hand\n" + "".join(f"{sku},{41 + at}\n" for at, sku in enumerate(skus)))
    begin.do("import-csv", "stock", str(counted))


def _start(begin: Beginning) -> None:
    begin.cart(days=0.01, started=False)


def _migrate(begin: Beginning) -> None:
    begin.home.mkdir(mode=0o700)
    with closing(sqlite3.connect(begin.home / "cartui.db")) as books:
        books.executescript(_OLD_SCHEMA.read_text(encoding="utf-8"))


def _back_up(begin: Beginning) -> None:
    begin.cart(days=1)
    begin.do(*SYNC)


RUNNING = frozenset({"import", "create", "stock"})  # what the cart must be RUNNING for
SEND = ("export", CART, "items", "--where", "code:NEW*", "--yes")
BACKUP = ("backup", "data/backup.db")
FLOWS: Mapping[str, tuple[Callable[[Beginning], None], tuple[str, ...], tuple[tuple[str, ...], ...]]] = {
    "import": (_import, SYNC, (SYNC,)),
    "create": (_create, SEND, (SYNC, SEND)),
    "stock": (_stock, SYNC, (SYNC,)),
    "start": (_start, ("start", CART, "--confirm", CART), (("start", CART, "--confirm", CART),)),
    "migrate": (_migrate, ("carts",), (("carts",),)),
    "backup": (_back_up, BACKUP, (BACKUP,)),
}


def make_flow(name: str, place: Path, shop: Shop, prepared: Prepared) -> Flow:
    """A flow at its start, and what it leads to when nothing happens."""
    begins, words, finish = FLOWS[name]
    home = place / "data"
    tracer = Tracer(prepared, Cartui(home).env, place)
    begins(Beginning(tracer, shop))
    kept = place / "kept"
    shutil.copytree(home, kept)
    flow = Flow(name, words, finish, home, shop, tracer, kept, shop.kept())
    ran = flow.run()
    assert ran.code in GOOD, ran.err
    flow.done = flow.content()
    flow.complete()
    flow.expected = flow.content()
    return flow
