"""What one reconcile carries along, and how a page of it is stored (see `cartui.sync.reconcile`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from cartui.books import Lease
from cartui.domain.ids import Direction, RecordKind
from cartui.domain.outcomes import Counts
from cartui.domain.ports import Cart
from cartui.domain.reconcile import Tally
from cartui.domain.settings import CartDocument, SyncStatus
from cartui.sync.cycle import send_waiting
from cartui.sync.workspace import ProgressSink, StopRequested, Workspace


def nothing_between() -> None:
    """The default for what is to be done between two pages, beside this cart's own outbox."""


@dataclass(slots=True)
class Run:
    """What one reconcile carries along."""

    ws: Workspace
    document: CartDocument
    cart: Cart
    lease: Lease
    since: datetime | None
    orders_from: datetime
    horizon: datetime | None
    settles: bool
    progress: ProgressSink
    stop: Callable[[], bool]
    between: Callable[[], None]
    tally: Tally = field(default_factory=Tally)
    counts: Counts = field(default_factory=Counts)
    drifted: int = 0
    gone_open: int = 0
    voided: int = 0
    items: int = 0

    @contextmanager
    def page(self) -> Iterator[None]:
        """One page: stored together or not at all, and only while the cart is RUNNING and ours. Only read where
        nothing is to be settled. Afterwards whatever waits to be sent is sent."""
        if self.stop():
            raise StopRequested
        books = self.ws.books
        if not self.settles:
            yield
            books.leases.renew(self.lease)
            return
        with books.transaction(lease=self.lease):
            books.leases.renew(self.lease)
            if books.carts.get_by_id(self.document.cart_id).status is not SyncStatus.RUNNING:
                raise StopRequested
            yield
        if books.outbox.has_due(self.document.cart_id, self.document.settings.sends):
            send_waiting(self.ws, self.document, self.cart, self.lease, progress=self.progress, stop=self.stop)
        self.between()


def polled_from(ws: Workspace, document: CartDocument, cart: Cart, kind: RecordKind) -> datetime | None:
    """From where the next cycle reads; None where there was none yet, so that nothing was missed."""
    cursor = ws.books.cursors.get(document.cart_id, kind, Direction.IMPORT)
    return None if cursor is None else cursor - cart.facts.overlap
