"""One round of auto-sync of one cart: read, plan, store, a page a transaction, under the cart's lease (DESIGN 3, 4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from cartui.books import BrokenInvariantError, Lease
from cartui.domain.ids import CartOrderId, Direction, RecordKind
from cartui.domain.outcomes import Counts, CycleReport, CycleResult
from cartui.domain.plan import Action, PlannedChange
from cartui.domain.plan_customers import plan_customer_updates
from cartui.domain.plan_items import plan_item_updates
from cartui.domain.plan_orders import plan_orders
from cartui.domain.ports import Cart, CustomerSource, OrderReader, Page
from cartui.domain.remedies import ANOTHER_SHOP, set_to
from cartui.domain.settings import CartDocument, SyncStatus
from cartui.errors import AbortCycleError, ExitCode, LeaseTakenError, NeedsOperatorError, Remedy
from cartui.sync.carts import ensure_startable
from cartui.sync.exports import recover_exports
from cartui.sync.gone_orders import ask_for_waiting, note_answer, note_gone
from cartui.sync.ground import field_owners, order_ground
from cartui.sync.imports import STORE, our_customer_ids, our_item_ids
from cartui.sync.intake import checked_pages
from cartui.sync.leases import leased
from cartui.sync.open_orders import note_open_orders
from cartui.sync.outbound import BRAKED, Outbound
from cartui.sync.outbox import send_outbox
from cartui.sync.refunds import settle_refunds
from cartui.sync.void_brake import REMEDY as KEPT
from cartui.sync.void_brake import hold_mass_voids, note_voids
from cartui.sync.workspace import Progress, ProgressSink, StopRequested, Workspace, never_stop, no_progress

MAX_RETRY_SECONDS = 15 * 60.0


@dataclass(slots=True)
class _Run:
    """What one cycle carries along."""

    ws: Workspace
    document: CartDocument
    cart: Cart
    lease: Lease
    progress: ProgressSink
    stop: Callable[[], bool]
    counts: dict[RecordKind, Counts] = field(default_factory=dict)
    voided: int = 0  # documents whose orders were cancelled
    braked: list[str] = field(default_factory=list)


def run_cycle(
    ws: Workspace,
    name: str,
    *,
    progress: ProgressSink = no_progress,
    stop: Callable[[], bool] = never_stop,
    only_outbox: bool = False,
) -> CycleReport:
    """Run one cycle of a RUNNING cart: new and changed orders, then customers and items where switched on, then what
    waits in the outbox. `only_outbox`: just that last part, between two cycles; it leaves the time of the next cycle
    alone (unless the cart asks for a longer pause) and is listed among the cycles only where something went wrong.

    Never raises for what the report can say (held records, cart not reachable, lease taken, guard, interrupted); a bug
    is rolled back, sets the cart STOPPED and is raised.
    """
    started_at = ws.clock()
    document = ws.books.carts.get(name)
    counts: dict[RecordKind, Counts] = {}
    sent: list[Outbound] = []
    kept: list[str] = []
    refused_by_cart = False
    try:
        with leased(ws, document) as lease:
            document = ws.books.carts.get_by_id(document.cart_id)  # as it is now that nobody else works with it
            _run_leased(ws, document, lease, counts, sent, kept, progress, stop, only_outbox=only_outbox)
    except LeaseTakenError as error:
        return _report(ws, document, started_at, counts, CycleResult.LEASE_TAKEN, error.problem, error.remedy)
    except StopRequested:
        result, problem, remedy, retry = CycleResult.INTERRUPTED, "", "", None
    except AbortCycleError as error:
        result, problem, remedy, retry = CycleResult.RETRY, error.problem, error.remedy, error.retry_after_seconds
    except NeedsOperatorError as error:
        result, problem, remedy, retry = CycleResult.STOPPED, error.problem, error.remedy, None
        refused_by_cart = error.exit_code is ExitCode.CART_REFUSED
        if document.status is SyncStatus.RUNNING:
            ws.books.carts.set_status(document.cart_id, SyncStatus.STOPPED, error.told)
    except Exception as bug:
        ws.books.carts.set_status(
            document.cart_id, SyncStatus.STOPPED, f"An error inside cartui ({type(bug).__name__}); see the log."
        )
        raise
    else:
        result, problem, remedy, retry = CycleResult.OK, "", "", None
    report = replace(
        _report(ws, document, started_at, counts, result, problem, remedy, retry), refused_by_cart=refused_by_cart
    )
    return _conclude(ws, report, sent, kept, only_outbox=only_outbox)


def _conclude(
    ws: Workspace, report: CycleReport, sent: Sequence[Outbound], kept: Sequence[str], *, only_outbox: bool
) -> CycleReport:
    """Add what was sent and what a brake kept, and store what is to be stored of the report."""
    if kept and not report.problem:
        report = replace(report, problem=f"A brake keeps documents of cancelled orders ({kept[-1]}).", remedy=KEPT)
    braked = "; ".join(words for out in sent for words in out.braked)
    if braked and not report.problem:
        report = replace(report, problem=f"A brake holds rows of the outbox back ({braked}).", remedy=BRAKED)
    endings = {kind: ended for out in sent for kind, ended in out.endings.items()}
    report = replace(report, sent=endings, braked=bool(braked or kept))
    if only_outbox:
        if report.rest_until is not None:
            ws.books.carts.put_off(report.cart_id, report.rest_until)
        report = replace(report, next_at=ws.books.carts.get_by_id(report.cart_id).next_cycle_at)
    else:
        ws.books.carts.set_next_cycle(report.cart_id, report.next_at)
    if not only_outbox or report.problem:
        ws.books.cycles.add(report)
    return report


def _run_leased(
    ws: Workspace,
    document: CartDocument,
    lease: Lease,
    counts: dict[RecordKind, Counts],
    sent: list[Outbound],
    kept: list[str],
    progress: ProgressSink,
    stop: Callable[[], bool],
    *,
    only_outbox: bool,
) -> None:
    if document.status is not SyncStatus.RUNNING:
        raise NeedsOperatorError(
            f"Cart {document.name!r} is STOPPED.",
            Remedy("Start it first (s on Auto-sync).", f"Start it first: `cartui start {document.name!r}`."),
        )
    ensure_startable(ws, document, confirmed=True)
    cart = ws.open_cart(document)
    try:
        run = _Run(ws, document, cart, lease, progress, stop, counts, braked=kept)
        recover_exports(ws, document, cart, lease)
        if not only_outbox:
            _import_all(run)
        out = Outbound(ws, document, cart, lease, progress, stop, lambda: _import_orders(run))
        sent.append(out)
        send_outbox(out)
    finally:
        cart.close()


def send_waiting(
    ws: Workspace,
    document: CartDocument,
    cart: Cart,
    lease: Lease,
    *,
    progress: ProgressSink,
    stop: Callable[[], bool],
) -> None:
    """What waits in the outbox, for whoever holds the cart's lease for longer than a cycle does."""
    run = _Run(ws, document, cart, lease, progress, stop)
    send_outbox(Outbound(ws, document, cart, lease, progress, stop, lambda: _import_orders(run)))


def _import_all(run: _Run) -> None:
    settings, cart = run.document.settings, run.cart
    _import_orders(run)
    _look_for_gone(run)
    settle_refunds(run.ws, run.document.cart_id, run.lease, stop=run.stop)
    if settings.from_cart_customers and isinstance(cart, CustomerSource):
        _import_changes(run, RecordKind.CUSTOMER, cart.iter_customers, _plan_customers)
    if settings.from_cart_items:
        _import_changes(run, RecordKind.ITEM, cart.iter_items, _plan_items)


def _report(
    ws: Workspace,
    document: CartDocument,
    started_at: datetime,
    counts: dict[RecordKind, Counts],
    result: CycleResult,
    problem: str,
    remedy: str,
    retry_after_seconds: float | None = None,
) -> CycleReport:
    for kind, count in counts.items():
        if not count.check_complete():  # not `assert`: it stays on in production (RELIABILITY 22)
            raise BrokenInvariantError(f"received is not the sum of outcomes for {kind}: {count}")
    held_total = ws.books.records.count_held(document.cart_id)
    now = ws.clock()
    pause = timedelta(minutes=document.settings.poll_minutes)
    rest = None if retry_after_seconds is None else timedelta(seconds=min(retry_after_seconds, MAX_RETRY_SECONDS))
    pause = max(pause, rest or pause)
    still = ws.books.carts.get(document.name).status is SyncStatus.RUNNING
    return CycleReport(
        cart_id=document.cart_id,
        cart_name=document.name,
        started_at=started_at,
        ended_at=now,
        result=CycleResult.HELD if result is CycleResult.OK and held_total else result,
        counts=counts,
        problem=problem,
        remedy=remedy,
        held_total=held_total,
        next_at=now + pause if still else None,
        rest_until=now + rest if rest else None,
    )


# --- orders -----------------------------------------------------------------------------------------------------------


def _import_orders(run: _Run) -> None:
    if not run.document.settings.sync_orders:
        return
    since = _since(run, RecordKind.ORDER, run.document.settings.orders_from)
    for page in checked_pages(run.cart.iter_orders(since), since, "orders"):
        _store_page(run, RecordKind.ORDER, page, _plan_orders)
    if not run.cart.facts.order_changes_seen and isinstance(run.cart, OrderReader):
        _reread_open_orders(run, run.cart)


def _plan_orders(run: _Run, page: Page[Any]) -> list[PlannedChange]:
    ground = order_ground(run.ws.books, run.document.cart_id, page.rows)
    default_item = run.ws.books.items.default_item().code
    planned = plan_orders(page.rows, ground, run.document.settings, default_item)
    changes, braked = hold_mass_voids(run.ws, run.document.cart_id, planned, run.voided)
    run.voided += sum(change.action is Action.VOID for change in changes)
    run.braked += [braked] if braked else []
    return changes


def _reread_open_orders(run: _Run, cart: OrderReader) -> None:
    """Where the cart does not tell which orders changed, those that still matter here are read again, page by page."""
    books, cart_id = run.ws.books, run.document.cart_id
    open_ids = [CartOrderId(one) for one in books.records.open_order_ids(cart_id)]
    for ids in _slices(open_ids, run.cart.facts.page_size):
        page = cart.get_orders(ids)
        there = {row.external_id for row in page.rows}
        missing = [one for one in ids if one not in there]
        if len(missing) == len(ids) > 2:
            raise AbortCycleError(
                f"The cart knows none of {len(ids)} orders that it sent before.",
                ANOTHER_SHOP,
            )
        _store_page(run, RecordKind.ORDER, replace(page, complete_to=None), _plan_orders)
        _note_missing(run, missing)


def _note_missing(run: _Run, missing: Sequence[str]) -> None:
    if not missing:
        return
    with run.ws.books.transaction(lease=run.lease):
        note_gone(run.ws, run.document.cart_id, missing)


def _look_for_gone(run: _Run) -> None:
    """Orders that wait and keep pieces may have been deleted, of which no listing tells."""
    if not run.document.settings.sync_orders:
        return
    answer = ask_for_waiting(run.ws, run.document.cart_id, run.cart)
    if answer is not None:
        _store_page(run, RecordKind.ORDER, replace(answer.page, complete_to=None), _plan_orders)
        note_answer(run.ws, run.document.cart_id, answer, run.lease)


def _slices(ids: Sequence[CartOrderId], size: int) -> Iterator[Sequence[CartOrderId]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))


# --- customers and items ----------------------------------------------------------------------------------------------


def _import_changes(
    run: _Run,
    kind: RecordKind,
    iter_pages: Callable[[datetime | None], Iterator[Page[Any]]],
    plan: Callable[[_Run, Page[Any]], list[PlannedChange]],
) -> None:
    since = _since(run, kind, run.document.settings.updates_from)
    for page in checked_pages(iter_pages(since), since, f"{kind}s"):
        _store_page(run, kind, page, plan)


def _plan_customers(run: _Run, page: Page[Any]) -> list[PlannedChange]:
    books = run.ws.books
    ids = [row.external_id for row in page.rows]
    records = books.records.find_many(run.document.cart_id, RecordKind.CUSTOMER, ids)
    ours = our_customer_ids(records)
    owners = field_owners(books, run.document, RecordKind.CUSTOMER, ours)
    return plan_customer_updates(page.rows, records, books.customers.find_by_ids(ours), owners)


def _plan_items(run: _Run, page: Page[Any]) -> list[PlannedChange]:
    books = run.ws.books
    records = books.records.find_many(run.document.cart_id, RecordKind.ITEM, [row.external_id for row in page.rows])
    ours = our_item_ids(records)
    owners = field_owners(books, run.document, RecordKind.ITEM, ours)
    return plan_item_updates(page.rows, records, books.items.find_by_ids(ours), owners)


# --- a page -----------------------------------------------------------------------------------------------------------


def _since(run: _Run, kind: RecordKind, first: datetime | None) -> datetime:
    """Where to read from: the cursor less the overlap (rule 1). There is no default first date (rule 8)."""
    cursor = run.ws.books.cursors.get(run.document.cart_id, kind, Direction.IMPORT) or first
    if cursor is None:
        remedy = set_to(
            "Set Last Order from and Last update time first (e on Auto-sync).",
            "last_order_from=DATE last_update_time=DATE",
            run.document.name,
        )
        raise NeedsOperatorError("A date is not set.", remedy)
    return cursor - run.cart.facts.overlap


def _store_page(
    run: _Run, kind: RecordKind, page: Page[Any], plan: Callable[[_Run, Page[Any]], list[PlannedChange]]
) -> None:
    """Plan and store one page, and move the cursor as far as the page proves, all in one transaction."""
    if run.stop():
        raise StopRequested
    books, cart_id = run.ws.books, run.document.cart_id
    with books.transaction(lease=run.lease):
        books.leases.renew(run.lease)  # in the page's own commit; nobody can take it over while we write
        if books.carts.get(run.document.name).status is not SyncStatus.RUNNING:
            raise StopRequested  # somebody pressed Stop, here or in another process
        changes = plan(run, page)
        STORE[kind](run.ws, cart_id, changes)
        if kind is RecordKind.ORDER:
            note_open_orders(run.ws, cart_id, run.cart.facts.stock_meaning, page.rows, changes)
            note_voids(run.ws, cart_id, changes)
        if page.complete_to is not None:
            books.cursors.put(cart_id, kind, Direction.IMPORT, page.complete_to)
    before = run.counts.get(kind, Counts())
    run.counts[kind] = before.plus(change.outcome for change in changes)
    run.progress(Progress(f"{kind}s", run.counts[kind].received, page.total))
