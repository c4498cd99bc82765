"""The exporter: what waits in a cart's outbox is sent, batch by batch (DESIGN rules 9-14).

Every batch goes the same way. What the cart holds is read; what is to be written is decided from that and from the
books; the intent is committed together with "on its way"; the write leaves; what the cart confirmed is committed with
DONE and "last sent". A process that dies in between leaves an open intent, and whoever comes next asks the cart what
became of it before anything else. Rows whose answer never came go through the same door: they are read first, so
nothing is ever sent again blindly.

Stock has a step more: `cartui.sync.stock_sends`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cartui.domain.ids import CustomerId, ItemId, RecordKind
from cartui.domain.outbox import Ending, OutboxKind, OutboxRow, SentRow
from cartui.domain.plan import Action, ExportCustomer, ExportItem, PlannedChange
from cartui.domain.plan_sends import plan_customer_send, plan_item_send
from cartui.domain.settings import CartDocument
from cartui.errors import HoldRecordError, UnknownOutcomeError
from cartui.sync.exports import Exporter, MovedError, external_id_of
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
from cartui.sync.sides import side_of
from cartui.sync.stock_sends import send_stock
from cartui.sync.tracking import TrackingDesk
from cartui.sync.workspace import Workspace

GROUP = 100  # stock levels of one round (read, import, compute, write) at least
REQUESTS = 5  # and so many writes of a round, of which each holds as much as the cart takes in a few seconds
RECORDS = 25  # items or customers that are compared at once
ORDER = (OutboxKind.SHIPMENT, OutboxKind.STOCK, OutboxKind.ITEM, OutboxKind.CUSTOMER)


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
    size = max(GROUP, REQUESTS * out.cart.facts.stock_rows) if kind is OutboxKind.STOCK else RECORDS
    tried: set[int] = set()
    while rows := out.ws.books.outbox.due(out.document.cart_id, kind, size, but=tried):
        out.ensure_going()
        tried |= {row.row_id for row in rows}
        send(out, rows)


# --- items and customers ----------------------------------------------------------------------------------------------


def _send_records(out: Outbound, kind: OutboxKind, rows: Sequence[OutboxRow]) -> None:
    """Changed fields only, record by record, each read again right before it is written."""
    record_kind = RecordKind.ITEM if kind is OutboxKind.ITEM else RecordKind.CUSTOMER
    exporter = Exporter(out.ws, out.document, out.cart, out.lease, side_of(out.cart, record_kind))
    links = out.links(record_kind, rows)
    rows = out.ws.books.outbox.again(rows)
    current = records_of(exporter.side.read(externals(links, [row.our_id for row in rows])))
    fresh = plan_record_rows(out.ws, out.document, record_kind, rows, links, current)
    planned = apply_brakes(out, record_kind, fresh)
    end_unwritten(out, kind, [ending_of(row, one) for row, one in planned if one.action is not Action.UPDATE], {})
    for row, change in planned:
        if change.action is Action.UPDATE and isinstance(change.payload, ExportItem | ExportCustomer):
            out.ensure_going()
            out.note(kind, [_send_record(out, exporter, row, change, change.payload)])


def plan_record_rows(
    ws: Workspace,
    document: CartDocument,
    kind: RecordKind,
    rows: Sequence[OutboxRow],
    links: Links,
    current: Mapping[str, Any],
) -> list[Planned]:
    """What is to be done with each row, of what the cart holds (`current`, by its ids). Nothing is written."""
    books, settings = ws.books, document.settings
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
    OutboxKind.STOCK: send_stock,
    OutboxKind.ITEM: lambda out, rows: _send_records(out, OutboxKind.ITEM, rows),
    OutboxKind.CUSTOMER: lambda out, rows: _send_records(out, OutboxKind.CUSTOMER, rows),
    OutboxKind.SHIPMENT: _send_shipments,
}
