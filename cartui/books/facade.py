"""The system's tables behind one object: small repositories over one database, and the transaction that binds them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from cartui.books.accounts import Accounts
from cartui.books.agreed_orders import AgreedOrders
from cartui.books.applied_plans import AppliedPlans
from cartui.books.baskets import Baskets
from cartui.books.bulk_changes import BulkChanges
from cartui.books.cart_items import CartItems
from cartui.books.carts import COPIED, Carts
from cartui.books.cursors import Cursors
from cartui.books.customers import Customers
from cartui.books.cycles import Cycles
from cartui.books.database import Database
from cartui.books.documents import Documents
from cartui.books.harms import Harms
from cartui.books.items import Items
from cartui.books.journal import Journal
from cartui.books.leases import Lease, Leases
from cartui.books.merges import Merges
from cartui.books.migrate import migrate
from cartui.books.opening import open_database
from cartui.books.outbox import Outbox
from cartui.books.overview import Overviews
from cartui.books.reconciles import Reconciles
from cartui.books.records import Records
from cartui.books.removals import Removals
from cartui.books.revisions import Revisions
from cartui.books.shipments import Shipments
from cartui.books.stock import Stock
from cartui.errors import NeedsOperatorError

_HOST = "host"


class Books:
    """One thread uses one connection, opened when first needed; a thread that ends calls `close_thread`.

    notices  sentences for the admin about what was put right while opening
    """

    def __init__(self, database: Database, notices: tuple[str, ...] = (), host: str = "") -> None:
        self._db = database
        self._host = host
        self.notices = notices
        self.carts = Carts(database)
        self.cursors = Cursors(database)
        self.records = Records(database)
        self.items = Items(database)
        self.customers = Customers(database)
        self.merges = Merges(database, self.customers)
        self.documents = Documents(database)
        self.journal = Journal(database)
        self.cycles = Cycles(database)
        self.leases = Leases(database)
        self.applied_plans = AppliedPlans(database)
        self.baskets = Baskets(database)
        self.agreed_orders = AgreedOrders(database)
        self.removals = Removals(database)
        self.outbox = Outbox(database)
        self.harms = Harms(database)
        self.bulk_changes = BulkChanges(database)
        self.cart_items = CartItems(database)
        self.revisions = Revisions(database)
        self.accounts = Accounts(database)
        self.stock = Stock(database)
        self.shipments = Shipments(database)
        self.overview = Overviews(database)
        self.reconciles = Reconciles(database)

    @contextmanager
    def transaction(self, lease: Lease | None = None) -> Iterator[None]:
        """All that is written inside is stored together or not at all; nesting is a bug (RuntimeError).

        With `lease` it must still be ours, else LeaseTakenError and nothing is written. AbortCycleError when another
        program keeps the database busy for 15 seconds; NeedsOperatorError while the database is a copy."""
        with self._db.transaction():
            if lease is not None:
                self.leases.ensure_held(lease)
            yield

    def copied_from_elsewhere(self) -> bool:
        """True when this file was last used on another machine: it is read-only and every cart is STOPPED, because
        two copies would both write to the shops. Never on PostgreSQL, which many machines may use."""
        return self._db.read_only is not None

    def adopt_host(self) -> None:
        """The admin confirmed that this machine works with the database from now on. Every cart is STOPPED."""
        self._db.read_only = None
        with self._db.transaction():
            self._set_host()
            self.carts.stop_all(COPIED)

    def close_thread(self) -> None:
        """Close the calling thread's connection."""
        self._db.close_thread()

    @property
    def database(self) -> Database:
        """For the other modules of this package."""
        return self._db

    def check_host(self) -> None:
        """Compare the machine with the one that used the file last; the first one is taken as it is."""
        if self._db.postgres or not self._host:
            return
        rows = self._db.sql("SELECT value FROM meta WHERE key = ?", (_HOST,))
        if not rows:
            with self._db.transaction():
                self._set_host()
        elif rows[0][0] != self._host:
            self._db.read_only = NeedsOperatorError(
                COPIED, "Make sure that no other machine still works with the original, then confirm this one."
            )

    def _set_host(self) -> None:
        self._db.write_sql(
            "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (_HOST, self._host),
        )


def open_books(url: str, *, clock: Callable[[], datetime], host: str = "") -> Books:
    """Open the books and bring their schema up to date.

    url    sqlite:///relative/path, sqlite:////absolute/path or postgresql://user@host/name
    clock  aware UTC, for stamps and leases
    host   a fingerprint of this machine; "" leaves out the check for copied databases

    NeedsOperatorError: wrong URL, no rights, damaged, or made by a newer cartui. AbortCycleError: busy, server away."""
    opened = open_database(url, clock)
    migrate(opened.database)
    books = Books(opened.database, opened.notices, host)
    books.check_host()
    return books
