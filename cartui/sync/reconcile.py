"""The whole of a span read afresh and compared with the books: what polling missed is put right, what is gone is
flagged (DESIGN rule 7; `cartui.domain.reconcile` says what is what).

A page is planned and stored as in a cycle, in one transaction under the cart's lease; the mark of polling never moves.
Nothing is deleted, and nothing is written to the cart here: stock that differs is noted, and the exporter's own
read-compare-write settles it. Between two pages what waits in the outbox is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any

from cartui.books import Lease
from cartui.domain.ids import CartItemId, CartOrderId, Direction, ItemId, RecordKind
from cartui.domain.ledger import CartRecord
from cartui.domain.outbox import OutboxKind
from cartui.domain.outcomes import Counts, RecordState
from cartui.domain.plan import Action, PlannedChange
from cartui.domain.plan_items import plan_item_updates
from cartui.domain.plan_orders import plan_orders
from cartui.domain.ports import BadRecord, Cart, ItemReader, OrderReader, Page, Received, StockSink
from cartui.domain.reconcile import (
    GONE_ITEM_REMEDY,
    GONE_REASON,
    GONE_REMEDY,
    Bucket,
    Certificate,
    Finding,
    OrderLine,
    Tally,
    bucket_of,
    compare_order,
    count_buckets,
    digest_of,
    is_before,
    sum_up,
)
from cartui.domain.records import CartItem, CartOrder
from cartui.domain.settings import CartDocument, SyncStatus
from cartui.errors import AbortCycleError, NeedsOperatorError
from cartui.sync.carts import ensure_startable, ensure_tested
from cartui.sync.cycle import send_waiting
from cartui.sync.ground import field_owners, order_ground
from cartui.sync.imports import STORE, our_item_ids
from cartui.sync.intake import checked_pages
from cartui.sync.leases import leased
from cartui.sync.open_orders import note_open_orders
from cartui.sync.void_brake import hold_mass_voids
from cartui.sync.workspace import Progress, ProgressSink, StopRequested, Workspace, never_stop, no_progress

DAYS = 30
_UNREAD_DAY = timedelta(days=1)  # at the edge of a span, where the cart can't be asked for one order again


def nothing_between() -> None:
    """The default for what is to be done between two pages, beside this cart's own outbox."""


@dataclass(slots=True)
class _Run:
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


def reconcile(
    ws: Workspace,
    name: str,
    *,
    days: int | None = DAYS,
    dry_run: bool = False,
    progress: ProgressSink = no_progress,
    stop: Callable[[], bool] = never_stop,
    between: Callable[[], None] = nothing_between,
) -> Certificate:
    """Compare a cart's orders of the last `days` (None: all) and its linked items with the books, and settle what can
    be settled. `dry_run`, and a cart that is STOPPED: only compared.

    Errors: `LeaseTakenError`, `AbortCycleError` and `NeedsOperatorError` as of a cycle, `StopRequested`; the pages
    before are stored, and doing it again does the rest.
    """
    document = ws.books.carts.get(name)
    with leased(ws, document) as lease:
        document = ws.books.carts.get_by_id(document.cart_id)
        settles = document.status is SyncStatus.RUNNING and not dry_run
        if settles:
            ensure_startable(ws, document, confirmed=True)
        ensure_tested(ws, document)
        if document.settings.orders_from is None:
            raise NeedsOperatorError("Last Order from is not set.", "Set it: orders before it are none of ours.")
        cart = ws.open_cart(document)
        try:
            run = _Run(
                ws=ws,
                document=document,
                cart=cart,
                lease=lease,
                since=None if days is None else ws.clock() - timedelta(days=days),
                orders_from=document.settings.orders_from,
                horizon=_horizon(ws, document, cart, RecordKind.ORDER),
                settles=settles,
                progress=progress,
                stop=stop,
                between=between,
            )
            _compare_orders(run)
            _find_gone(run)
            _compare_items(run)
        finally:
            cart.close()
    return _certificate(run)


def _horizon(ws: Workspace, document: CartDocument, cart: Cart, kind: RecordKind) -> datetime | None:
    """From where the next cycle reads; None where there was none yet, so that nothing was missed."""
    cursor = ws.books.cursors.get(document.cart_id, kind, Direction.IMPORT)
    return None if cursor is None else cursor - cart.facts.overlap


def _certificate(run: _Run) -> Certificate:
    sums, taken_at = sum_up(run.tally), run.ws.clock()
    return Certificate(
        cart_id=run.document.cart_id,
        cart_name=run.document.name,
        since=run.since,
        taken_at=taken_at,
        settled=run.settles,
        orders=len(run.tally.orders),
        buckets=count_buckets(sums),
        sums=sums,
        found={finding: tuple(run.tally.found[finding]) for finding in Finding if run.tally.found.get(finding)},
        items=run.items,
        counts=run.counts,
        drifted=run.drifted,
        gone_open=run.gone_open,
        digest=digest_of(run.document.name, run.since, taken_at, run.tally, run.items),
    )


# --- orders -----------------------------------------------------------------------------------------------------------


def _compare_orders(run: _Run) -> None:
    for page in checked_pages(run.cart.iter_orders(run.since), run.since, "orders"):
        _settle_orders(run, page)
        run.progress(Progress("orders", len(run.tally.orders), page.total))


def _settle_orders(run: _Run, page: Page[CartOrder]) -> None:
    """Plan a page as a cycle would, and store it; an order before the start date that nobody knows stays unknown."""
    if not page.rows:
        return
    ws, cart_id = run.ws, run.document.cart_id
    with run.page():
        ground = order_ground(ws.books, cart_id, page.rows)
        planned = plan_orders(page.rows, ground, run.document.settings, ws.books.items.default_item().code)
        changes, _ = hold_mass_voids(ws, cart_id, planned, run.voided)
        run.voided += sum(change.action is Action.VOID for change in changes)
        pairs = list({row.external_id: (row, change) for row, change in zip(page.rows, changes, strict=True)}.values())
        kept = [
            (row, _returned(change, ground.records.get(row.external_id)))
            for row, change in pairs
            if row.external_id in ground.records or _is_ours(run, row)
        ]
        ids: dict[str, int] = {}
        if run.settles:
            rows, stored = [row for row, _ in kept], [change for _, change in kept]
            ids = STORE[RecordKind.ORDER](ws, cart_id, stored)
            note_open_orders(ws, cart_id, run.cart.facts.stock_meaning, rows, stored)
        run.counts = run.counts.plus(change.outcome for _, change in kept)
        _tally_orders(run, pairs, {row.external_id: change for row, change in kept}, ground.records, ids)


def _is_ours(run: _Run, row: Received[CartOrder]) -> bool:
    return run.document.settings.sync_orders and not is_before(row, run.orders_from)


def _returned(change: PlannedChange, known: CartRecord | None) -> PlannedChange:
    """An imported order that was taken for gone and is there as it was: no flag any more."""
    if known is None or known.our_id is None or known.reason != GONE_REASON or change.record is not None:
        return change
    return replace(change, record=replace(known, state=RecordState.IMPORTED, reason="", remedy=""))


def _tally_orders(
    run: _Run,
    pairs: Sequence[tuple[Received[CartOrder], PlannedChange]],
    kept: dict[str, PlannedChange],
    known: Any,
    ids: dict[str, int],
) -> None:
    now: dict[str, CartRecord | None] = {
        row.external_id: kept[row.external_id].record or known.get(row.external_id) if row.external_id in kept else None
        for row, _ in pairs
    }
    ours = {key: ids.get(key, record.our_id if record else None) for key, record in now.items()}
    booked = run.ws.books.reconciles.booked([one for one in ours.values() if one is not None])
    for row, _ in pairs:
        key, order = row.external_id, row.record
        record, our_id = now[key], ours[key]
        read = order if isinstance(order, CartOrder) else None
        bucket = bucket_of(record, before_start=is_before(row, run.orders_from))
        if key in kept or run.document.settings.sync_orders:
            run.tally.find(compare_order(known.get(key), row, run.orders_from, run.horizon), key)
        if key not in run.tally.orders and record is not None and record.state is RecordState.CHANGED:
            run.drifted += 1
        line = OrderLine(
            bucket,
            read.native_status if read else "",
            read.currency if read else "",
            read.total if read else None,
            booked.get(our_id) if our_id is not None else None,
        )
        run.tally.put(key, line)


# --- gone -------------------------------------------------------------------------------------------------------------


def _find_gone(run: _Run) -> None:
    """What is known of the span and was not in it. Where the cart can be asked, each is asked for by its id beside one
    that is there: a listing alone proves nothing."""
    reader = run.cart if isinstance(run.cart, OrderReader) else None
    since = run.since + _UNREAD_DAY if run.since is not None and reader is None else run.since
    listed = bool(run.tally.orders)
    for ids in run.ws.books.reconciles.known_ids(run.document.cart_id, RecordKind.ORDER, since):
        missing = [one for one in ids if one not in run.tally.orders]
        if reader is None:
            _ensure_same_shop(missing, listed)
            _flag_orders(run, missing)
            continue
        size = max(1, run.cart.facts.page_size - 1)
        for start in range(0, len(missing), size):
            _ask_again(run, reader, missing[start : start + size])


def _ask_again(run: _Run, reader: OrderReader, missing: Sequence[str]) -> None:
    witness = list(islice((one for one in run.tally.orders if _is_there(run, one)), 1))
    page = reader.get_orders([CartOrderId(one) for one in (*missing, *witness)])
    there = {row.external_id: row for row in page.rows}
    if witness and witness[0] not in there:
        raise AbortCycleError(
            "The cart did not give an order by its number that it had listed a moment ago.",
            "Nothing was taken for gone. The next reconcile asks again.",
        )
    gone = [one for one in missing if one not in there]
    _ensure_same_shop(gone, bool(witness))
    _settle_orders(run, Page(tuple(row for key, row in there.items() if key not in witness)))
    _flag_orders(run, gone)


def _is_there(run: _Run, order_id: str) -> bool:
    """Listed, and readable: one with an id of its own."""
    line = OrderLine.unpacked(run.tally.orders[order_id])
    return line.bucket is not Bucket.GONE and line.total is not None


def _ensure_same_shop(gone: Sequence[str], listed: bool) -> None:
    if len(gone) > 2 and not listed:
        raise AbortCycleError(
            f"The cart knows none of {len(gone)} orders that it sent before.",
            "Nothing was changed here. Test the connection: it may lead to another shop now.",
        )


def _flag_orders(run: _Run, gone: Sequence[str]) -> None:
    """Flag, never delete: the document stays as it is, and its order waits for a person."""
    if not gone:
        return
    books, cart_id = run.ws.books, run.document.cart_id
    with run.page():
        records = books.records.find_many(cart_id, RecordKind.ORDER, gone)
        booked = books.reconciles.booked([one.our_id for one in records.values() if one.our_id is not None])
        fresh = [one for one in records.values() if one.reason != GONE_REASON]
        if run.settles:
            books.records.put_many(cart_id, [_gone(one) for one in fresh])
            books.cart_items.put_open_pieces(cart_id, {one.external_id: {} for one in fresh})
        for record in fresh:
            run.tally.find(Finding.GONE, record.external_id)
        for record in records.values():
            total = booked.get(record.our_id) if record.our_id is not None else None
            run.gone_open += total is not None
            run.tally.put(record.external_id, OrderLine(Bucket.GONE, record.native_status, "", None, total))


def _gone(record: CartRecord) -> CartRecord:
    if record.our_id is None:
        return replace(record, state=RecordState.SKIPPED, reason=GONE_REASON, remedy="")
    return replace(record, state=RecordState.CHANGED, reason=GONE_REASON, remedy=GONE_REMEDY)


# --- items ------------------------------------------------------------------------------------------------------------


def _compare_items(run: _Run) -> None:
    """Every linked item: by its id where the cart can be asked so, else by the list of all."""
    reader = run.cart if isinstance(run.cart, ItemReader) else None
    if reader is not None:
        size = max(1, run.cart.facts.page_size)
        for ids in run.ws.books.reconciles.linked_ids(run.document.cart_id, RecordKind.ITEM, size):
            _settle_items(run, ids, reader.get_items([CartItemId(one) for one in ids]).rows)
        return
    if not next(iter(run.ws.books.reconciles.linked_ids(run.document.cart_id, RecordKind.ITEM, 1)), None):
        return
    seen: set[str] = set()
    for page in checked_pages(run.cart.iter_items(None), None, "items"):
        seen |= {row.external_id for row in page.rows}
        if page.rows:
            _settle_items(run, [], page.rows)
    for ids in run.ws.books.reconciles.linked_ids(run.document.cart_id, RecordKind.ITEM, 500):
        missing = [one for one in ids if one not in seen]
        _ensure_items_there(missing, bool(seen))
        _settle_items(run, missing, ())


def _ensure_items_there(missing: Sequence[str], any_there: bool) -> None:
    if len(missing) > 2 and not any_there:
        raise AbortCycleError(
            f"The cart knows none of {len(missing)} items that are linked.",
            "Nothing was changed here. Test the connection: it may lead to another shop now.",
        )


def _settle_items(run: _Run, ids: Sequence[str], rows: Sequence[Received[CartItem]]) -> None:
    """`ids` were asked for; those that `rows` lacks are gone."""
    there = {row.external_id: row for row in rows}
    missing = [one for one in ids if one not in there]
    _ensure_items_there(missing, bool(there) or run.items > 0)
    books, cart_id = run.ws.books, run.document.cart_id
    with run.page():
        records = books.records.find_many(cart_id, RecordKind.ITEM, [*there, *missing])
        linked = {key: one for key, one in records.items() if one.our_id is not None}
        back = [one for key, one in linked.items() if key in there and one.reason == GONE_REASON]
        if run.settles and back:
            books.records.put_many(cart_id, [replace(one, reason="", remedy="") for one in back])
        _follow_items(run, [row for key, row in there.items() if key in linked], linked)
        _flag_items(run, [linked[one] for one in missing if one in linked])
        _compare_stock(run, {key: row for key, row in there.items() if key in linked}, linked)
        run.items += sum(key in linked for key in there)
    run.progress(Progress("items", run.items))


def _follow_items(run: _Run, rows: Sequence[Received[CartItem]], records: dict[str, CartRecord]) -> None:
    """What the cart changed of them, where this cart's items are followed at all."""
    if not rows or not run.document.settings.from_cart_items:
        return
    books = run.ws.books
    horizon = _horizon(run.ws, run.document, run.cart, RecordKind.ITEM)
    ours = our_item_ids(records)
    owners = field_owners(books, run.document, RecordKind.ITEM, ours)
    changes = plan_item_updates(rows, records, books.items.find_by_ids(ours), owners)
    for row, change in zip(rows, changes, strict=True):
        passed = horizon is not None and row.stamp is not None and row.stamp < horizon
        unstamped = passed or row.stamp == records[row.external_id].stamp
        if change.action is Action.UPDATE and unstamped:
            run.tally.find(Finding.ITEM_CHANGED, row.external_id)
    if run.settles:
        STORE[RecordKind.ITEM](run.ws, run.document.cart_id, changes)


def _flag_items(run: _Run, gone: Sequence[CartRecord]) -> None:
    for record in gone:
        run.tally.find(Finding.ITEM_GONE, record.external_id)
    if run.settles and gone:
        flagged = [replace(one, reason=GONE_REASON, remedy=GONE_ITEM_REMEDY) for one in gone]
        run.ws.books.records.put_many(run.document.cart_id, flagged)


def _compare_stock(run: _Run, rows: dict[str, Received[CartItem]], records: dict[str, CartRecord]) -> None:
    """Where this cart is sent stock: a number that is not the one sent last (or found equal, and so not sent) is noted,
    and the exporter looks at it."""
    if OutboxKind.STOCK not in run.document.settings.sends or not isinstance(run.cart, StockSink):
        return
    books, cart_id = run.ws.books, run.document.cart_id
    shown: dict[ItemId, tuple[str, Decimal]] = {}
    for key, row in rows.items():
        our_id = records[key].our_id
        if not isinstance(row.record, BadRecord) and row.record.stock is not None and our_id is not None:
            shown[ItemId(our_id)] = (key, row.record.stock)
    told = books.cart_items.told(cart_id, list(shown))
    other = {
        item_id: (key, stock)
        for item_id, (key, stock) in shown.items()
        if item_id in told and stock != (told[item_id].seen if told[item_id].sent is None else told[item_id].sent)
    }
    for key, _ in other.values():
        run.tally.find(Finding.STOCK, key)
    if run.settles and other:
        books.cart_items.note_seen(cart_id, {item_id: stock for item_id, (_, stock) in other.items()})
        books.outbox.touch(OutboxKind.STOCK, list(other), cart_id=cart_id)
