"""The whole of a span read afresh and compared with the books: what polling missed is put right, what is gone is
flagged (DESIGN rule 7; `cartui.domain.reconcile` says what is what).

A page is planned and stored as in a cycle, in one transaction under the cart's lease; the mark of polling never moves.
Nothing is deleted, and nothing is written to the cart here: stock that differs is noted, and the exporter's own
read-compare-write settles it. Between two pages what waits in the outbox is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from cartui.domain.ids import CartOrderId, RecordKind
from cartui.domain.ledger import CartRecord
from cartui.domain.outcomes import RecordState
from cartui.domain.plan import Action, PlannedChange
from cartui.domain.plan_orders import plan_orders
from cartui.domain.ports import OrderReader, Page, Received
from cartui.domain.reconcile import (
    GONE_REASON,
    Bucket,
    Certificate,
    Finding,
    OrderLine,
    bucket_of,
    compare_order,
    count_buckets,
    digest_of,
    is_before,
    sum_up,
)
from cartui.domain.records import CartOrder
from cartui.domain.remedies import ANOTHER_SHOP, set_to
from cartui.domain.settings import SyncStatus
from cartui.errors import AbortCycleError, NeedsOperatorError
from cartui.sync.carts import ensure_startable, ensure_tested
from cartui.sync.gone_orders import note_gone
from cartui.sync.ground import order_ground
from cartui.sync.imports import STORE
from cartui.sync.intake import checked_pages
from cartui.sync.leases import leased
from cartui.sync.open_orders import note_open_orders
from cartui.sync.reconcile_items import compare_items
from cartui.sync.reconcile_run import Run, nothing_between, polled_from
from cartui.sync.void_brake import hold_mass_voids, note_voids
from cartui.sync.workspace import Progress, ProgressSink, Workspace, never_stop, no_progress

DAYS = 30
_UNREAD_DAY = timedelta(days=1)  # at the edge of a span, where the cart can't be asked for one order again


def reconcile(
    ws: Workspace,
    name: str,
    *,
    days: int | None = DAYS,
    from_start: bool = False,
    dry_run: bool = False,
    progress: ProgressSink = no_progress,
    stop: Callable[[], bool] = never_stop,
    between: Callable[[], None] = nothing_between,
) -> Certificate:
    """Compare a cart's orders of the last `days` (None: all; `from_start`: since Last Order from, whatever `days` says)
    and its linked items with the books, and settle what can be settled. `dry_run`, and a cart that is STOPPED: only
    compared.

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
            raise NeedsOperatorError(
                "Last Order from is not set.",
                set_to("Set it (e on Auto-sync): orders before it are none of ours.", "last_order_from=DATE", name),
            )
        cart = ws.open_cart(document)
        try:
            run = Run(
                ws=ws,
                document=document,
                cart=cart,
                lease=lease,
                since=document.settings.orders_from if from_start else _days_back(ws, days),
                orders_from=document.settings.orders_from,
                horizon=polled_from(ws, document, cart, RecordKind.ORDER),
                settles=settles,
                progress=progress,
                stop=stop,
                between=between,
            )
            _compare_orders(run)
            _find_gone(run)
            compare_items(run)
        finally:
            cart.close()
    return _certificate(run)


def _days_back(ws: Workspace, days: int | None) -> datetime | None:
    return None if days is None else ws.clock() - timedelta(days=days)


def _certificate(run: Run) -> Certificate:
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


def _compare_orders(run: Run) -> None:
    for page in checked_pages(run.cart.iter_orders(run.since), run.since, "orders"):
        _settle_orders(run, page)
        run.progress(Progress("orders", len(run.tally.orders), page.total))


def _settle_orders(run: Run, page: Page[CartOrder]) -> None:
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
            note_voids(ws, cart_id, stored)
        run.counts = run.counts.plus(change.outcome for _, change in kept)
        _tally_orders(run, pairs, {row.external_id: change for row, change in kept}, ground.records, ids)


def _is_ours(run: Run, row: Received[CartOrder]) -> bool:
    return run.document.settings.sync_orders and not is_before(row, run.orders_from)


def _returned(change: PlannedChange, known: CartRecord | None) -> PlannedChange:
    """An imported order that was taken for gone and is there as it was: no flag any more."""
    if known is None or known.our_id is None or known.reason != GONE_REASON or change.record is not None:
        return change
    return replace(change, record=replace(known, state=RecordState.IMPORTED, reason="", remedy=""))


def _tally_orders(
    run: Run,
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


def _find_gone(run: Run) -> None:
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


def _ask_again(run: Run, reader: OrderReader, missing: Sequence[str]) -> None:
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


def _is_there(run: Run, order_id: str) -> bool:
    """Listed, and readable: one with an id of its own."""
    line = OrderLine.unpacked(run.tally.orders[order_id])
    return line.bucket is not Bucket.GONE and line.total is not None


def _ensure_same_shop(gone: Sequence[str], listed: bool) -> None:
    if len(gone) > 2 and not listed:
        raise AbortCycleError(
            f"The cart knows none of {len(gone)} orders that it sent before.",
            ANOTHER_SHOP,
        )


def _flag_orders(run: Run, gone: Sequence[str]) -> None:
    """Flag, never delete: the document stays as it is, and its order waits for a person."""
    if not gone:
        return
    books, cart_id = run.ws.books, run.document.cart_id
    with run.page():
        records = books.records.find_many(cart_id, RecordKind.ORDER, gone)
        booked = books.reconciles.booked([one.our_id for one in records.values() if one.our_id is not None])
        for record in records.values():
            run.tally.find(Finding.GONE if record.reason != GONE_REASON else None, record.external_id)
        if run.settles:
            note_gone(run.ws, cart_id, gone)
        for record in records.values():
            total = booked.get(record.our_id) if record.our_id is not None else None
            run.gone_open += total is not None
            run.tally.put(record.external_id, OrderLine(Bucket.GONE, record.native_status, "", None, total))
