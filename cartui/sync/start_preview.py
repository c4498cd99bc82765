"""What the first cycle of a cart would bring and send, before it is started (FEATURES N02): a dry plan of the orders
since Last Order from, page by page and bounded, and of what waits to be sent. Nothing is written anywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from cartui.domain.ids import Direction, RecordKind
from cartui.domain.money import format_amount
from cartui.domain.plan import Action, PlannedChange
from cartui.domain.plan_orders import plan_orders
from cartui.domain.ports import Page, Received
from cartui.domain.records import CartOrder
from cartui.domain.settings import CartDocument
from cartui.errors import NeedsOperatorError, Remedy
from cartui.sync.cart_reads import tested_cart
from cartui.sync.ground import order_ground
from cartui.sync.intake import checked_pages
from cartui.sync.send_preview import SendPreview, preview_sends, waiting_of
from cartui.sync.workspace import Progress, ProgressSink, StopRequested, Workspace, never_stop, no_progress

PAGES = 10
SECONDS = 10.0


@dataclass(slots=True)
class StartPreview:
    """What would come and go.

    orders       how many become documents, with their `values` by currency, placed from `oldest` to `newest` (UTC)
    held, left   how many are held, and left alone by rule or known already
    at_least     True: there are more than were read
    sends        what leaves at once, and what a brake would hold back
    """

    orders: int = 0
    values: dict[str, Decimal] = field(default_factory=dict)
    oldest: datetime | None = None
    newest: datetime | None = None
    held: int = 0
    left: int = 0
    at_least: bool = False
    sends: SendPreview = field(default_factory=SendPreview)

    def add(self, row: Received[CartOrder], change: PlannedChange) -> None:
        """Count one order."""
        order = row.record
        if change.action is Action.HOLD:
            self.held += 1
        elif change.action is not Action.CREATE or not isinstance(order, CartOrder):
            self.left += 1
        else:
            self.orders += 1
            self.values[order.currency] = self.values.get(order.currency, Decimal(0)) + order.total
            self.oldest = min(self.oldest or order.placed_at, order.placed_at)
            self.newest = max(self.newest or order.placed_at, order.placed_at)


def preview_start(
    ws: Workspace,
    name: str,
    *,
    pages: int = PAGES,
    seconds: float = SECONDS,
    progress: ProgressSink = no_progress,
    stop: Callable[[], bool] = never_stop,
) -> StartPreview:
    """Read at most so many pages, and begin none after so many seconds. `NeedsOperatorError` where the cart was not
    tested or has no date; `AbortCycleError` where it can't be read."""
    document = ws.books.carts.get(name)
    settings, books = document.settings, ws.books
    preview = StartPreview()
    mark = books.cursors.get(document.cart_id, RecordKind.ORDER, Direction.IMPORT) or settings.orders_from
    if settings.sync_orders and mark is None:
        command = f"Run `cartui set {name!r} last_order_from=DATE`."
        raise NeedsOperatorError("Last Order from is not set.", Remedy("Set it (e on Auto-sync).", command))
    if not settings.sync_orders and not waiting_of(ws, document):
        return preview
    budget = _Budget(ws, seconds, stop)
    with tested_cart(ws, document) as cart:
        if settings.sync_orders and mark is not None:
            since = mark - cart.facts.overlap
            listed = checked_pages(cart.iter_orders(since), since, "orders")
            _count_orders(ws, document, preview, listed, pages, budget, progress)
        preview.sends = preview_sends(ws, document, cart, _Budget(ws, seconds, stop).left)
    return preview


@dataclass(slots=True)
class _Budget:
    """So many seconds from now on."""

    ws: Workspace
    seconds: float
    stop: Callable[[], bool]
    begun: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.begun = self.ws.clock()

    def left(self) -> bool:
        """Whether there is time for one more. `StopRequested` where a person ended it."""
        if self.stop():
            raise StopRequested
        return (self.ws.clock() - self.begun).total_seconds() < self.seconds


def _count_orders(
    ws: Workspace,
    document: CartDocument,
    preview: StartPreview,
    pages: Iterable[Page[CartOrder]],
    most: int,
    budget: _Budget,
    progress: ProgressSink,
) -> None:
    code, seen = ws.books.items.default_item().code, set[str]()
    for number, page in enumerate(pages, 1):
        time_left = budget.left()
        rows = [row for row in page.rows if row.external_id not in seen]
        seen |= {row.external_id for row in rows}
        changes = plan_orders(rows, order_ground(ws.books, document.cart_id, rows), document.settings, code)
        for row, change in zip(rows, changes, strict=True):
            preview.add(row, change)
        progress(Progress("orders", len(seen), page.total))
        late = number >= most or not time_left
        if late and page.rows and (page.total is None or len(seen) < page.total):
            preview.at_least = True
            return


def preview_words(preview: StartPreview) -> list[str]:
    """As sentences for a person: what comes."""
    least = "At least " if preview.at_least else ""
    if preview.orders and preview.oldest and preview.newest:
        worth = ", ".join(f"{format_amount(sum_, code)} {code}" for code, sum_ in sorted(preview.values.items()))
        span = f"{preview.oldest:%Y-%m-%d %H:%M} to {preview.newest:%Y-%m-%d %H:%M} UTC"
        word = "order comes" if preview.orders == 1 else "orders come"
        told = [f"{least}{preview.orders:,} {word} in at first, worth {worth}, placed {span}."]
    else:
        told = ["No order comes in at first." if not least else "No order of those that were read comes in."]
    beside = [f"{count:,} {what}" for what, count in (("held", preview.held), ("left alone", preview.left)) if count]
    if beside:
        told.append(f"{least}{' and '.join(beside)} beside.")
    return told
