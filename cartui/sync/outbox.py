"""The exporter: what waits in a cart's outbox is sent, batch by batch (DESIGN rules 9-14).

Every batch goes the same way. What the cart holds is read; what is to be written is decided from that and from the
books; the intent is committed together with "on its way"; the write leaves; what the cart confirmed is committed with
DONE and "last sent". A process that dies in between leaves an open intent, and whoever comes next asks the cart what
became of it before anything else. Rows whose answer never came go through the same door: they are read first, so
nothing is ever sent again blindly.

Stock has one step more: the orders are imported after the cart's number was read and before ours is computed; why is
said in `cartui.domain.plan_stock`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from cartui.books import Lease
from cartui.domain.brakes import check_counts, count_harms
from cartui.domain.ids import CustomerId, Direction, ItemId, RecordKind
from cartui.domain.ledger import CartRecord, JournalEntry, JournalState
from cartui.domain.outbox import Ending, OutboxKind, OutboxRow, SentRow
from cartui.domain.plan import Action, ExportCustomer, ExportItem, PlannedChange
from cartui.domain.plan_sends import plan_customer_send, plan_item_send, plan_stock_send
from cartui.domain.plan_stock import stock_to_send
from cartui.domain.ports import Cart, Received, StockSink
from cartui.domain.records import StockResult, StockWrite, WriteState
from cartui.domain.settings import CartDocument, SyncStatus
from cartui.errors import CartuiError, HoldRecordError, NeedsOperatorError, UnknownOutcomeError
from cartui.sync.exports import STOCK, Exporter, MovedError, external_id_of
from cartui.sync.leases import keep
from cartui.sync.sides import read_items, side_of
from cartui.sync.tracking import TrackingDesk
from cartui.sync.workspace import Progress, ProgressSink, StopRequested, Workspace

GROUP = 100  # stock levels of one round trip: read, import, compute, write
RECORDS = 25  # items or customers that are compared at once
LOOKED_UP = "It is looked up in the cart before anything is sent again."
BRAKED = "Nothing of these was sent. Look at them (`cartui outbox`), then retry them with the cart's name typed."
ORDER = (OutboxKind.SHIPMENT, OutboxKind.STOCK, OutboxKind.ITEM, OutboxKind.CUSTOMER)

Links = Mapping[int, Sequence[CartRecord]]
Planned = tuple[OutboxRow, PlannedChange]


@dataclass(slots=True)
class Outbound:
    """One cart, leased and open, and what one round of sending did. `import_orders` brings the orders up to date."""

    ws: Workspace
    document: CartDocument
    cart: Cart
    lease: Lease
    progress: ProgressSink
    stop: Callable[[], bool]
    import_orders: Callable[[], None]
    endings: dict[OutboxKind, dict[Ending, int]] = field(default_factory=dict)
    harms: dict[str, int] = field(default_factory=dict)
    braked: list[str] = field(default_factory=list)

    def note(self, kind: OutboxKind, ended: Iterable[SentRow]) -> None:
        """Count what became of rows."""
        counts = self.endings.setdefault(kind, {})
        for one in ended:
            counts[one.ending] = counts.get(one.ending, 0) + 1
        self.progress(Progress(f"{kind.value} to the cart", sum(counts.values())))

    def ensure_going(self) -> None:
        """Stop asked for, here or in another process."""
        if self.stop() or self.ws.books.carts.get(self.document.name).status is not SyncStatus.RUNNING:
            raise StopRequested


def send_outbox(out: Outbound) -> None:
    """Send what is due of all kinds that are switched on. Rows end as the cart says; what the cart can't take at all
    now (`AbortCycleError`, `NeedsOperatorError`) ends the round, and the rows wait."""
    if out.ws.read_only:
        return
    kinds = out.document.settings.sends
    for kind in ORDER:
        if kind in kinds and out.ws.books.outbox.has_due(out.document.cart_id, [kind]):
            _send_kind(out, kind)


def _send_kind(out: Outbound, kind: OutboxKind) -> None:
    send = _SENDERS[kind]
    size = GROUP if kind is OutboxKind.STOCK else RECORDS
    tried: set[int] = set()
    while rows := out.ws.books.outbox.due(out.document.cart_id, kind, size, but=tried):
        out.ensure_going()
        tried |= {row.row_id for row in rows}
        send(out, rows)


def _finish(out: Outbound, kind: OutboxKind, ended: Sequence[SentRow], seen: Mapping[ItemId, Decimal]) -> None:
    """What needed no write, in one transaction."""
    if ended:
        with out.ws.books.transaction(lease=out.lease):
            out.ws.books.leases.renew(out.lease)
            out.ws.books.outbox.end(ended)
            out.ws.books.cart_items.note_seen(out.document.cart_id, seen)
            if kind is OutboxKind.STOCK:
                out.ws.books.cart_items.note_meaning(out.document.cart_id, out.cart.facts.stock_meaning)
        out.note(kind, ended)


def _apply_brakes(out: Outbound, kind: RecordKind, planned: Sequence[Planned]) -> list[Planned]:
    """Rule 14 over the whole round: once it would do too much, what does the harm is held back for a person."""
    unasked = [change for row, change in planned if not row.approved]
    for what, rows in count_harms(unasked).items():
        out.harms[what] = out.harms.get(what, 0) + rows
    tripped = check_counts(out.harms, out.ws.books.records.count_linked(out.document.cart_id, kind))
    if not tripped:
        return list(planned)
    words = "; ".join(str(brake) for brake in tripped)
    out.braked.append(words)
    return [
        (row, PlannedChange(Action.HOLD, change.key, change.label, f"A brake holds it back ({words}).", BRAKED))
        if not row.approved and any(count_harms([change]).get(brake.what) for brake in tripped)
        else (row, change)
        for row, change in planned
    ]


def _ending_of(row: OutboxRow, change: PlannedChange) -> SentRow:
    endings = {Action.SAME: Ending.DONE, Action.SKIP: Ending.SUPERSEDED, Action.HOLD: Ending.REFUSED}
    return SentRow(row, endings[change.action], change.reason, change.remedy)


# --- stock ------------------------------------------------------------------------------------------------------------


def _send_stock(out: Outbound, rows: Sequence[OutboxRow]) -> None:
    """A batch. Where the cart's number moved meanwhile the row is planned once more, then left to a later look."""
    conflicts = _stock_batch(out, rows)
    if conflicts:
        out.ensure_going()
        _stock_batch(out, conflicts)


def _stock_batch(out: Outbound, rows: Sequence[OutboxRow]) -> list[OutboxRow]:
    """Read, import, compute, compare, write. Returns the rows that the cart's compare-and-set refused."""
    books = out.ws.books
    links = _links(out, RecordKind.ITEM, rows)
    current = _records_of(read_items(out.cart, _externals(links, _sendable(out, rows))))
    out.import_orders()
    rows = books.outbox.again(rows)  # before their content is read: a later change is sent again
    planned = _apply_brakes(out, RecordKind.ITEM, _plan_stock(out, rows, links, current))
    seen = {
        ItemId(our_id): there.stock
        for our_id, some in links.items()
        if some and (there := current.get(some[0].external_id)) is not None and there.stock is not None
    }
    _finish(
        out,
        OutboxKind.STOCK,
        [_ending_of(row, one) for row, one in planned if one.action is not Action.SET_STOCK],
        seen,
    )
    writing = [(row, one) for row, one in planned if one.action is Action.SET_STOCK]
    return _write_stock(out, writing) if writing else []


def _plan_stock(out: Outbound, rows: Sequence[OutboxRow], links: Links, current: Mapping[str, Any]) -> list[Planned]:
    books, settings, meaning = out.ws.books, out.document.settings, out.cart.facts.stock_meaning
    items = books.items.find_by_ids([row.our_id for row in rows])
    grounds = books.cart_items.stock_grounds(out.document.cart_id, list(items.values()))
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


def _write_stock(out: Outbound, planned: Sequence[Planned]) -> list[OutboxRow]:
    if not isinstance(out.cart, StockSink):
        raise NeedsOperatorError("This kind of cart takes no stock.", "Switch off stock updates for this cart.")
    books = out.ws.books
    writes = [_stock_write(change) for _, change in planned]
    out.ensure_going()
    with books.transaction(lease=out.lease):
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


# --- items and customers ----------------------------------------------------------------------------------------------


def _send_records(out: Outbound, kind: OutboxKind, rows: Sequence[OutboxRow]) -> None:
    """Changed fields only, record by record, each read again right before it is written."""
    record_kind = RecordKind.ITEM if kind is OutboxKind.ITEM else RecordKind.CUSTOMER
    exporter = Exporter(out.ws, out.document, out.cart, out.lease, side_of(out.cart, record_kind))
    links = _links(out, record_kind, rows)
    rows = out.ws.books.outbox.again(rows)
    current = _records_of(exporter.side.read(_externals(links, [row.our_id for row in rows])))
    planned = _apply_brakes(out, record_kind, _plan_records(out, record_kind, rows, links, current))
    _finish(out, kind, [_ending_of(row, one) for row, one in planned if one.action is not Action.UPDATE], {})
    for row, change in planned:
        if change.action is Action.UPDATE and isinstance(change.payload, ExportItem | ExportCustomer):
            out.ensure_going()
            out.note(kind, [_send_record(out, exporter, row, change, change.payload)])


def _plan_records(
    out: Outbound, kind: RecordKind, rows: Sequence[OutboxRow], links: Links, current: Mapping[str, Any]
) -> list[Planned]:
    books, settings = out.ws.books, out.document.settings
    ids = [row.our_id for row in rows]
    items = books.items.find_by_ids(ids) if kind is RecordKind.ITEM else {}
    customers = books.customers.find_by_ids(ids) if kind is RecordKind.CUSTOMER else {}
    planned: list[Planned] = []
    for row in rows:
        some = links.get(row.our_id, ())
        there = current.get(some[0].external_id) if some else None
        newer = there is not None and there.modified_at < row.changed_at
        if (item := items.get(ItemId(row.our_id))) is not None:
            change = plan_item_send(item, some, there, settings, ours_is_newer=newer)
        elif (customer := customers.get(CustomerId(row.our_id))) is not None:
            change = plan_customer_send(customer, some, there, settings, ours_is_newer=newer)
        else:
            change = PlannedChange(Action.SKIP, str(row.our_id), "", f"The {kind} was deleted.")
        planned.append((row, change))
    return planned


def _send_record(
    out: Outbound, exporter: Exporter, row: OutboxRow, change: PlannedChange, payload: ExportItem | ExportCustomer
) -> SentRow:
    """One record; what it ended as is stored in the transaction that says so in the journal."""
    books = out.ws.books
    done = SentRow(row, Ending.DONE)
    with books.transaction(lease=out.lease):
        books.leases.renew(out.lease)
        books.outbox.take_up([row])
    now = exporter.side.read([external_id_of(payload)])
    keep(out.ws, out.lease)
    try:
        exporter.export(change, payload, now, lambda: books.outbox.end([done]))
    except MovedError as error:
        ended = SentRow(row, Ending.AGAIN, error.problem)
    except HoldRecordError as error:
        ended = SentRow(row, Ending.REFUSED, error.problem, error.remedy)
    except UnknownOutcomeError as error:
        ended = SentRow(row, Ending.UNKNOWN, error.problem, LOOKED_UP)
    else:
        return done
    with books.transaction(lease=out.lease):
        books.outbox.end([ended])
    return ended


def _records_of(rows: Mapping[str, Received[Any]]) -> dict[str, Any]:
    return {key: row.record for key, row in rows.items()}


def _links(out: Outbound, kind: RecordKind, rows: Sequence[OutboxRow]) -> Links:
    return out.ws.books.records.find_by_our_ids(out.document.cart_id, kind, [row.our_id for row in rows])


def _externals(links: Links, our_ids: Sequence[int]) -> list[str]:
    return [links[one][0].external_id for one in our_ids if len(links.get(one, ())) == 1]


# --- shipments --------------------------------------------------------------------------------------------------------


def _send_shipments(out: Outbound, rows: Sequence[OutboxRow]) -> None:
    """In the order in which they left the house: the one that completes an order comes last."""
    desk = TrackingDesk(out.ws, out.document, out.cart, out.lease)
    for row in sorted(out.ws.books.outbox.again(rows), key=lambda one: one.our_id):
        out.ensure_going()
        ended = desk.send(row)
        with out.ws.books.transaction(lease=out.lease):
            out.ws.books.outbox.end([ended])
        out.note(OutboxKind.SHIPMENT, [ended])


_SENDERS: Mapping[OutboxKind, Callable[[Outbound, Sequence[OutboxRow]], None]] = {
    OutboxKind.STOCK: _send_stock,
    OutboxKind.ITEM: lambda out, rows: _send_records(out, OutboxKind.ITEM, rows),
    OutboxKind.CUSTOMER: lambda out, rows: _send_records(out, OutboxKind.CUSTOMER, rows),
    OutboxKind.SHIPMENT: _send_shipments,
}
