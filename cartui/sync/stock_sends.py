"""Stock to a cart: read, import, compute, compare, write; in slices, so that no number is older than it may be.

Stock has one step more than what else is sent: the orders are imported after the cart's number was read and before ours
is computed; why is said in `cartui.domain.plan_stock`. An order that the cart's API shows only late is in neither
number, so the import must be young when a write leaves: one that took long is repeated, and what could not be written
soon after it is planned once more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from cartui.domain.ids import Direction, ItemId, RecordKind
from cartui.domain.ledger import JournalEntry, JournalState
from cartui.domain.outbox import Ending, OutboxKind, OutboxRow, SentRow
from cartui.domain.plan import Action, ExportItem, PlannedChange
from cartui.domain.plan_sends import plan_stock_send
from cartui.domain.plan_stock import stock_to_send
from cartui.domain.ports import StockMeaning, StockSink
from cartui.domain.records import StockResult, StockWrite, WriteState
from cartui.domain.settings import CartDocument
from cartui.errors import CartuiError, HoldRecordError, NeedsOperatorError, UnknownOutcomeError
from cartui.sync.exports import STOCK
from cartui.sync.leases import keep
from cartui.sync.outbound import (
    LOOKED_UP,
    Links,
    Outbound,
    Planned,
    apply_brakes,
    end_unwritten,
    ending_of,
    externals,
    records_of,
)
from cartui.sync.sides import read_items
from cartui.sync.workspace import Workspace

FRESH: Final = timedelta(seconds=20)
"""How old the import of orders may be when a write leaves."""
IMPORTS: Final = 3
"""How often it is tried to import them within that time; a cart that is slower is written to all the same."""
STALLS: Final = 3
"""How many rounds may pass without a write before the rest is left to the next cycle."""

_OPEN_PARCEL: Final = "A parcel with it had no answer: that is looked up first."


def send_stock(out: Outbound, rows: Sequence[OutboxRow]) -> None:
    """A batch, and again what was not written soon enough. Where the cart's number moved meanwhile the row is planned
    once more, then left to a later look."""
    moved: set[int] = set()
    stalls = 0
    rows = _certain(out, rows)
    while rows and stalls < STALLS:
        out.ensure_going()
        conflicts, late = _stock_batch(out, rows)
        stalls = stalls + 1 if len(late) == len(rows) else 0
        again = [row for row in conflicts if row.row_id not in moved]
        moved |= {row.row_id for row in conflicts}
        rows = [*again, *late]


def _certain(out: Outbound, rows: Sequence[OutboxRow]) -> Sequence[OutboxRow]:
    """Without those whose number hangs on a parcel of ours that the cart may or may not have: whether it keeps these
    pieces is known when the parcel was looked up, at the beginning of the next cycle."""
    books = out.ws.books
    if out.cart.facts.stock_meaning is not StockMeaning.ON_HAND:
        return rows
    parcels = [
        one.our_id for one in books.journal.open_entries(out.document.cart_id) if one.kind is RecordKind.SHIPMENT
    ]
    codes = books.shipments.codes_in([one for one in parcels if one is not None])
    open_items = {item.item_id for item in books.items.find_by_codes(codes).values()} if codes else set()
    wait = [SentRow(row, Ending.AGAIN, _OPEN_PARCEL) for row in rows if row.our_id in open_items]
    end_unwritten(out, OutboxKind.STOCK, wait, {})
    return [row for row in rows if row.our_id not in open_items]


def _stock_batch(out: Outbound, rows: Sequence[OutboxRow]) -> tuple[list[OutboxRow], list[OutboxRow]]:
    """Returns the rows that the cart's compare-and-set refused, and those that were not written in time."""
    books = out.ws.books
    links = out.links(RecordKind.ITEM, rows)
    current = records_of(read_items(out.cart, externals(links, _sendable(out, rows))))
    imported_at = _import_orders(out)
    rows = books.outbox.again(rows)  # before their content is read: a later change is sent again
    fresh = plan_stock_rows(out.ws, out.document, out.cart.facts.stock_meaning, rows, links, current)
    planned = apply_brakes(out, RecordKind.ITEM, fresh)
    seen = {
        ItemId(our_id): there.stock
        for our_id, some in links.items()
        if some and (there := current.get(some[0].external_id)) is not None and there.stock is not None
    }
    ended = [ending_of(row, one) for row, one in planned if one.action is not Action.SET_STOCK]
    end_unwritten(out, OutboxKind.STOCK, ended, seen)
    return _write_slices(out, [(row, one) for row, one in planned if one.action is Action.SET_STOCK], imported_at)


def _import_orders(out: Outbound) -> datetime:
    """Returns since when the numbers grow old: when the import began, or ended where it always takes too long."""
    for _ in range(IMPORTS):
        begun = out.ws.clock()
        out.import_orders()
        if out.ws.clock() - begun <= FRESH:
            return begun
    return out.ws.clock()


def _write_slices(
    out: Outbound, writing: Sequence[Planned], imported_at: datetime
) -> tuple[list[OutboxRow], list[OutboxRow]]:
    size, conflicts = out.cart.facts.stock_rows, list[OutboxRow]()
    for start in range(0, len(writing), size):
        refused = _write_stock(out, writing[start : start + size], imported_at + FRESH)
        if refused is None:
            return conflicts, [row for row, _ in writing[start:]]
        conflicts += refused
    return conflicts, []


def plan_stock_rows(
    ws: Workspace,
    document: CartDocument,
    meaning: StockMeaning,
    rows: Sequence[OutboxRow],
    links: Links,
    current: Mapping[str, Any],
) -> list[Planned]:
    """What is to be done with each row, of what the cart holds (`current`, by its ids). Nothing is written."""
    books, settings = ws.books, document.settings
    items = books.items.find_by_ids([row.our_id for row in rows])
    grounds = books.cart_items.stock_grounds(document.cart_id, list(items.values()))
    planned: list[Planned] = []
    for row in rows:
        ground = grounds.get(ItemId(row.our_id))
        if ground is None:
            planned.append((row, PlannedChange(Action.SKIP, str(row.our_id), "", "The item was deleted.")))
            continue
        some = links.get(row.our_id, ())
        there = current.get(some[0].external_id) if some else None
        planned.append((row, plan_stock_send(ground, some, there, settings, meaning)))
    return planned


def _sendable(out: Outbound, rows: Sequence[OutboxRow]) -> list[int]:
    """Those that a number goes out for at all: nothing is asked of the cart for the others."""
    books, settings, meaning = out.ws.books, out.document.settings, out.cart.facts.stock_meaning
    items = books.items.find_by_ids([row.our_id for row in rows])
    grounds = books.cart_items.stock_grounds(out.document.cart_id, list(items.values()))
    return [one for one, ground in grounds.items() if stock_to_send(ground, settings, meaning).send is not None]


def _write_stock(out: Outbound, planned: Sequence[Planned], good_until: datetime) -> list[OutboxRow] | None:
    """Returns the rows that the cart's compare-and-set refused; None where it was too late to write."""
    if not isinstance(out.cart, StockSink):
        raise NeedsOperatorError("This kind of cart takes no stock.", "Switch off stock updates for this cart.")
    books = out.ws.books
    writes = [_stock_write(change) for _, change in planned]
    out.ensure_going()
    with books.transaction(lease=out.lease):
        if out.ws.clock() > good_until:
            return None
        books.leases.renew(out.lease)
        books.outbox.take_up([row for row, _ in planned])
        entries = [books.journal.begin(_stock_entry(out, change)) for _, change in planned]
    keep(out.ws, out.lease)
    try:
        results = {one.item_id: one for one in out.cart.set_stock(writes)}
    except UnknownOutcomeError as error:
        results = {one.item_id: StockResult(one.item_id, WriteState.UNKNOWN, reason=error.problem) for one in writes}
    except HoldRecordError as error:
        results = {one.item_id: StockResult(one.item_id, WriteState.REFUSED, reason=str(error)) for one in writes}
    except CartuiError as error:
        _leave_unknown(out, [row for row, _ in planned], error)
        raise
    return _end_stock(out, planned, entries, results)


def _end_stock(
    out: Outbound, planned: Sequence[Planned], entries: Sequence[int], results: Mapping[Any, StockResult]
) -> list[OutboxRow]:
    """What the cart said of each row, all of it in one transaction. A row that it said nothing of is unknown."""
    books, cart_id = out.ws.books, out.document.cart_id
    states = {WriteState.DONE: JournalState.DONE, WriteState.UNKNOWN: JournalState.UNKNOWN}
    ended: list[SentRow] = []
    conflicts: list[OutboxRow] = []
    sent: dict[ItemId, Decimal] = {}
    with books.transaction(lease=out.lease):
        for (row, change), entry_id in zip(planned, entries, strict=True):
            write = _stock_write(change)
            silent = StockResult(write.item_id, WriteState.UNKNOWN, reason="The cart's answer does not name it.")
            result = results.get(write.item_id, silent)
            books.journal.finish(entry_id, states.get(result.state, JournalState.REFUSED))
            if result.state is WriteState.CONFLICT:
                conflicts.append(row)
            elif result.state is WriteState.DONE:
                sent[ItemId(row.our_id)] = write.quantity
                ended.append(SentRow(row, Ending.DONE))
            elif result.state is WriteState.UNKNOWN:
                ended.append(SentRow(row, Ending.UNKNOWN, result.reason, LOOKED_UP))
            else:
                remedy = "Mend that in the shop or set “never send” for it here; then retry it."
                ended.append(SentRow(row, Ending.REFUSED, result.reason, remedy))
        books.outbox.end([*ended, *(SentRow(row, Ending.AGAIN, "The cart's number moved.") for row in conflicts)])
        books.cart_items.note_sent(cart_id, sent)
        books.cart_items.note_meaning(cart_id, out.cart.facts.stock_meaning)
    out.note(OutboxKind.STOCK, ended)
    return conflicts


def _stock_write(change: PlannedChange) -> StockWrite:
    if not isinstance(change.payload, ExportItem) or change.payload.stock is None:
        raise TypeError("A stock change without its number.")
    return change.payload.stock


def _stock_entry(out: Outbound, change: PlannedChange) -> JournalEntry:
    write = _stock_write(change)
    return JournalEntry(
        cart_id=out.document.cart_id,
        at=out.ws.clock(),
        actor=out.ws.actor,
        direction=Direction.EXPORT,
        kind=RecordKind.ITEM,
        action=Action.SET_STOCK.value,
        external_id=write.item_id,
        our_id=int(change.key),
        state=JournalState.INTENT,
        detail={STOCK: str(write.quantity), "before": str(write.expected), "label": change.label},
    )


def _leave_unknown(out: Outbound, rows: Sequence[OutboxRow], error: CartuiError) -> None:
    """The cart can't be talked to in the middle of it: the intents stay open and are looked up first next time."""
    ended = [SentRow(row, Ending.UNKNOWN, error.problem, LOOKED_UP) for row in rows]
    with out.ws.books.transaction(lease=out.lease):
        out.ws.books.outbox.end(ended)
