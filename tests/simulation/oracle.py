"""What must hold: at each commit, at each write to the shop, after each run, and when the faults have stopped."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from cartui.books.fields import from_micros, from_moment, to_moment
from cartui.domain.ids import RecordKind
from cartui.domain.plan_items import cart_item_values
from cartui.domain.plan_orders import import_rule
from cartui.domain.reconcile import GONE_REASON
from cartui.domain.records import FulfilmentState, OrderState, PaymentState, Refund, RefundState, StockWrite
from cartui.sync.stock_sends import FRESH
from tests.simulation.faults import Step
from tests.simulation.shop import BY_HAND, CARTUI, OWNER, Row, Version
from tests.simulation.world import Process, Violation, World

OVERLAP = timedelta(minutes=15)
_ON_THEIR_WAY = ("waiting", "sending", "unknown")

_AT_COMMIT = """SELECT (SELECT COUNT(*) - COUNT(DISTINCT external_id) FROM document),
 (SELECT MIN(placed_at) FROM document),
 (SELECT at FROM cart_cursor WHERE kind = 'order' AND direction = 'import'),
 (SELECT at FROM cart_cursor WHERE kind = 'item' AND direction = 'import'),
 (SELECT token FROM lease), (SELECT MAX(id) FROM journal),
 (SELECT COUNT(*) FROM journal WHERE state = 'done' AND direction = 'export' AND kind = 'item')"""


class Oracle:
    """Knows the whole truth. Everything it finds wrong is a `Violation` at the step that did it."""

    def __init__(
        self,
        world: World,
        orders_from: datetime,
        *,
        imports_items: bool,
        sends_stock: bool = False,
        ships: bool = False,
    ) -> None:
        self.sends_stock, self.ships = sends_stock, ships
        self.world = world
        self.orders_from = orders_from
        self.imports_items = imports_items
        self.read: defaultdict[tuple[RecordKind, str], int] = defaultdict(int)
        self.cursors: dict[RecordKind, int | None] = {RecordKind.ORDER: None, RecordKind.ITEM: None}
        self.journal = 0
        self.stopped_at = -1  # the process count when somebody pressed Stop
        self.sent: set[int] = set()  # exports that were found done

    # --- at each commit

    def note_read(self, kind: RecordKind, row_id: str, seq: int) -> None:
        """A version was read, and the transaction that follows is in the books."""
        key = (kind, row_id)
        self.read[key] = max(self.read[key], seq)

    def check_commit(self, process: Process) -> None:
        """Nothing doubled, no order from before the start, the cursor behind nothing unread, the lease still held."""
        [(doubled, placed, orders_at, items_at, token, journal, sent)] = process.database.ask(_AT_COMMIT)
        if doubled:
            raise Violation("nothing is doubled", f"{doubled} documents too many")
        if placed is not None and placed < to_moment(self.orders_from):
            raise Violation("no order from before the start", str(from_moment(placed)))
        for kind, at in ((RecordKind.ORDER, orders_at), (RecordKind.ITEM, items_at)):
            if at is not None and at != self.cursors[kind]:
                self._check_cursor(kind, at)
        if journal is not None and journal > self.journal:
            self._check_journal(process, token, journal)
        if sent > len(self.sent):
            self._check_sent(process)

    def _check_sent(self, process: Process) -> None:
        """With DONE, what the shop holds now is remembered in the same transaction."""
        rows = process.database.ask(
            "SELECT j.id, j.action, j.external_id, j.detail, r.our_id, r.agreed FROM journal j LEFT JOIN cart_record r"
            " ON r.kind = j.kind AND r.external_id = j.external_id WHERE j.state = 'done' AND j.direction = 'export'"
            " AND j.kind = 'item'"
        )
        for entry, action, external_id, detail, our_id, agreed in rows:
            if entry in self.sent:
                continue
            self.sent.add(entry)
            known = json.loads(agreed or "{}")
            written = json.loads(detail or "{}") if action == "update" else {}
            if our_id is None or any(known.get(name) != value for name, value in written.items() if name in known):
                raise Violation("what we wrote is remembered", f"{action} {external_id}: {our_id}, {known}, {written}")

    def _check_cursor(self, kind: RecordKind, at: int) -> None:
        before = self.cursors[kind]
        if before is not None and at < before:
            raise Violation("the cursor never goes back", f"{kind} from {from_moment(before)} to {from_moment(at)}")
        self.cursors[kind] = at
        edge = from_moment(at) - OVERLAP
        placed = self.world.style == "placed" and kind is RecordKind.ORDER
        for key, row in self.world.shop.rows(kind).items():
            version = row.versions[0] if placed else row.last_bumped
            stamp = version.row.stamp
            if stamp is None or row.deleted or stamp < self.orders_from or stamp >= edge:
                continue
            if self.read[kind, key] < version.seq:
                raise Violation(
                    "the cursor passes nothing unread",
                    f"{kind} {key} of {stamp} was not read; the cursor is at {from_moment(at)}",
                )

    def _check_journal(self, process: Process, token: int, journal: int) -> None:
        """Whoever writes the journal holds the lease; and our own write is never taken for a change."""
        rows = process.database.ask(
            "SELECT direction, kind, action, external_id, detail FROM journal WHERE id > ?", self.journal
        )
        self.journal = journal
        if process.token != token:
            raise Violation("one process at a time", f"{process.name} writes with token {process.token}, not {token}")
        if process.in_cycle and self.stopped_at >= process.run and any(row[0] == "import" for row in rows):
            raise Violation("Stop is obeyed", f"{process.name} goes on importing after Stop")
        for direction, kind, action, external_id, detail in rows:
            if direction == "import" and kind == "item" and action == "update":
                self._check_echo(external_id, detail)

    def _check_echo(self, item_id: str, detail: str) -> None:
        row = self.world.shop.items[item_id]
        for name in ("name", "price"):
            if f'"{name}"' not in detail:
                continue
            values = [(getattr(one.record, name), one.author) for one in row.versions if not one.bad]
            changes = [who for (value, who), before in zip(values[1:], values, strict=False) if value != before[0]]
            if all(who == CARTUI for who in changes):
                raise Violation("our own write is no change", f"{name} of {item_id}: {detail}")

    # --- at each write to the shop

    def check_intent(self, process: Process, step: Step, target: str) -> None:
        """What is sent was journalled, and committed, before."""
        if process.database.ask_writing():
            raise Violation("no request inside a transaction", f"{step} {target}")
        [(token,)] = process.database.ask("SELECT token FROM lease")
        # One that was paused while another took over finds its entry closed; the shop's compare-and-set and the look-up
        # before each create are what is left then .
        states = "('intent')" if token == process.token else "('intent', 'refused')"
        found = process.database.ask(
            f"SELECT COUNT(*) FROM journal WHERE state IN {states} AND (external_id = ? OR key = ?)", target, target
        )
        if not found[0][0]:
            raise Violation("journalled before it is sent", f"{step} {target}: no open entry")

    def check_stock_write(self, process: Process, write: StockWrite, current: Decimal | None) -> None:
        """A number that nobody of us has seen is not overwritten: never where the shop can compare."""
        seen = process.seen_stock.get(write.item_id)
        if self.world.shop.cas and seen != current:
            raise Violation("no stock is overwritten unseen", f"{write} replaces {current}; last read {seen}")
        planned = process.planned_stock.get(write.item_id, seen)
        if planned != seen:
            raise Violation("no stock is overwritten unseen", f"{write}: approved against {planned}, read {seen}")

        if process.in_cycle:
            self._check_sold(process, write)
            self._check_brake(process, write, current)

    def _check_sold(self, process: Process, write: StockWrite) -> None:
        """No piece that an order took is put on sale again, of those that the shop showed 20 seconds before the write
        left. A shop that can't compare has a gap that nobody can close; and what the office changed while this ran is
        sent by the next write."""
        if not self.world.shop.cas or self.world.office_changes != process.office_changes:
            return
        if process.database.ask("SELECT token FROM lease")[0][0] != process.token:
            return  # it slept within its request
        ours = self._linked_items(process)[write.item_id]
        known = self._records(process, RecordKind.ORDER)
        unknown = Decimal(0)
        for key, row in self.world.shop.orders.items():
            shown = None if row.deleted or key in known else self.world.shop.shown(row, process.left_at - FRESH)
            if shown and not shown.bad and shown.record.placed_at >= self.orders_from:
                unknown += _pieces(shown.record, write.item_id)
        most = max(self.free(process, write.item_id, ours) - unknown, Decimal(0)) + self._kept(process, write.item_id)
        if write.quantity > most:
            raise Violation(
                "nothing is sold twice", f"{write.quantity} of {write.item_id} are offered, {most} are left"
            )

    def _check_brake(self, process: Process, write: StockWrite, current: Decimal | None) -> None:
        if current is None or not current > 0 >= write.quantity:
            return
        ours = self._linked_items(process)[write.item_id]
        [(approved,)] = process.database.ask("SELECT approved FROM outbox WHERE kind = 'stock' AND our_id = ?", ours)
        process.zeroed += not approved
        if process.zeroed > 1:
            raise Violation("a brake holds", f"{process.zeroed} items were set to zero and nobody was asked")

    def check_update(self, process: Process, item_id: str, changes: Mapping[str, object]) -> None:
        """What a person saw as "before" is what the process found there."""
        found = cart_item_values(process.seen_items[item_id])
        for name in changes:
            shown = process.planned_fields.get((item_id, name), found[name] if process.in_cycle else "")
            if shown != found[name]:
                raise Violation(
                    "nothing is overwritten that was not shown",
                    f"{name} of {item_id}: shown {shown!r}, found {found[name]!r}",
                )

    # --- after the faults

    def unfinished(self, process: Process) -> list[str]:
        """What is not yet as it must be in the end; empty when all has converged."""
        problems = [
            *self._unfinished_orders(process),
            *self._unfinished_items(process),
            *self._unfinished_parcels(process),
            *self._unfinished_refunds(process),
            *self._doubled_customers(process),
        ]
        if self.sends_stock:
            problems += self._unfinished_stock(process)
        [(still_open,)] = process.database.ask("SELECT COUNT(*) FROM journal WHERE state IN ('intent', 'unknown')")
        if still_open:
            problems.append(f"{still_open} journal entries are open")
        return problems

    def _records(self, process: Process, kind: RecordKind) -> dict[str, tuple[str, str, int | None]]:
        rows = process.database.ask(
            "SELECT external_id, state, fingerprint, our_id FROM cart_record WHERE kind = ?", kind
        )
        return {row[0]: row[1:] for row in rows}

    def _unfinished_orders(self, process: Process) -> list[str]:
        records = self._records(process, RecordKind.ORDER)
        documents = {
            key: (from_micros(total), ours, status)
            for key, total, ours, status in process.database.ask(
                "SELECT external_id, total, id, status FROM document WHERE source_id IS NULL"
            )
        }
        problems = [
            f"document of {key}, which the shop never had" for key in documents if key not in self.world.shop.orders
        ]
        for key, row in self.world.shop.orders.items():
            if not row.deleted:
                problems += self._order(key, row, records.get(key), documents.get(key))
        return problems

    def _order(
        self, key: str, row: Row, record: tuple[str, str, int | None] | None, document: tuple[Decimal, int, str] | None
    ) -> list[str]:
        if record is None:
            relevant = row.last_bumped if self.world.style != "placed" else row.versions[0]
            if relevant.row.stamp is not None and relevant.row.stamp >= self.orders_from:
                return [f"order {key} was never read"]
            return []
        state, content, our_id = record
        problems = []
        if (our_id is None) != (document is None) or (document and our_id != document[1]):
            problems.append(f"order {key}: the record leads to {our_id}, the document is {document}")
        if document is not None and not any(
            self._importable(one) and one.record.total == document[0] for one in row.versions
        ):
            problems.append(f"order {key}: no version of it could become its document of {document[0]}")
        if not self._followed(state, row, document):
            return problems
        if content not in _contents(row):
            problems.append(f"order {key}: the books remember another content ({state})")
        elif document is None and all(self._importable(one) for one in _latest(row)):
            problems.append(f"order {key}: has no document ({state})")
        elif all(one.bad for one in _latest(row)) and state != "held":
            problems.append(f"order {key}: is unreadable and {state}")
        return problems

    def _followed(self, state: str, row: Row, document: tuple[Decimal, int, str] | None) -> bool:
        """Whether the books are expected to know the latest version. Where changes are not seen, only what is open is
        read again."""
        if self.world.style == "placed":
            return len(row.versions) == 1 or state == "staged" or (document is not None and document[2] == "PENDING")
        return True

    def _importable(self, version: Version) -> bool:
        if version.bad:
            return False
        order = version.record
        return order.placed_at >= self.orders_from and import_rule(order) is None

    def _unfinished_stock(self, process: Process) -> list[str]:
        """What may still be sold is what the shop offers, unless its owner typed another number after our write."""
        problems = []
        for item_id, ours in self._linked_items(process).items():
            row = self.world.shop.items[item_id]
            numbers = [(one.record.stock, one.author) for one in row.versions if not one.bad]
            moves = [who for (value, who), before in zip(numbers[1:], numbers, strict=False) if value != before[0]]
            last = max((at for at, who in enumerate(moves) if who == CARTUI), default=-1)
            written = max((one.seq for one in row.versions if one.author == CARTUI), default=0)
            if self.world.shop.unsettled.get(item_id, -1) >= written:
                continue
            if OWNER in moves[last + 1 :] or BY_HAND in moves[last + 1 :]:
                continue
            wanted = max(self.free(process, item_id, ours), Decimal(0)) + self._kept(process, item_id)
            if row.last.record.stock != wanted:
                problems.append(f"stock of {item_id} is {row.last.record.stock}, not {wanted}")
        rows = process.database.ask("SELECT kind, our_id, state FROM outbox WHERE kind = 'stock'")
        return problems + [f"{kind} {ours} is {state}" for kind, ours, state in rows if state in _ON_THEIR_WAY]

    def _linked_items(self, process: Process) -> dict[str, int]:
        return {key: ours for key, (_, _, ours) in self._records(process, RecordKind.ITEM).items() if ours is not None}

    def free(self, process: Process, item_id: str, ours: int) -> Decimal:
        """What of an item may still be sold, by what the books hold of documents and the shop of orders that wait."""
        [(on_hand, allocated, code)] = process.database.ask(
            "SELECT on_hand, allocated, code FROM item WHERE id = ?", ours
        )
        [(pending,)] = process.database.ask(
            "SELECT COALESCE(SUM(l.quantity), 0) FROM document_line l JOIN document d ON d.id = l.document_id"
            " WHERE d.status = 'PENDING' AND d.kind <> 'credit_note' AND l.kind = 'product' AND l.item_code = ?",
            code,
        )
        waiting = Decimal(0)
        for key, (state, _, document) in self._records(process, RecordKind.ORDER).items():
            row = self.world.shop.orders[key]
            known = self._as_known(process, row)
            if state in ("staged", "held") and document is None and known is not None:
                waiting += _pieces(known, item_id)
        return from_micros(on_hand - allocated - pending) - waiting

    def _kept(self, process: Process, item_id: str) -> Decimal:
        """Pieces that the shop itself keeps for orders that we know of; our own parcels we know at once, and an order
        that was found to be deleted keeps none."""
        kept = Decimal(0)
        if not self.world.shop.on_hand:
            return kept
        gone = {
            row[0] for row in process.database.ask("SELECT external_id FROM cart_record WHERE reason = ?", GONE_REASON)
        }
        for key, (state, _, _) in self._records(process, RecordKind.ORDER).items():
            row = self.world.shop.orders[key]
            ours = [one.record for one in row.versions if one.author == CARTUI]
            known = [one for one in (self._as_known(process, row), *ours[-1:]) if one is not None]
            if state in ("staged", "held", "imported", "changed_after_import") and known and key not in gone:
                kept += min(_open_pieces(one, item_id) for one in known)
        return kept

    def _as_known(self, process: Process, row: Row) -> Any:
        seq = self.read[RecordKind.ORDER, row.external_id]
        seen = [one for one in row.versions if one.seq <= seq and not one.bad]
        return seen[-1].record if seen else None  # that an order was deleted is told by no list

    def _unfinished_parcels(self, process: Process) -> list[str]:
        """The shop has each parcel once."""
        there = [one.tracking_number for _, one in self.world.shop.parcels]
        problems = [
            f"parcel {one} was told {there.count(one)} times" for one in sorted(set(there)) if there.count(one) > 1
        ]
        if self.ships:
            rows = process.database.ask(
                "SELECT s.tracking_number, o.state FROM shipment s"
                " JOIN outbox o ON o.our_id = s.id AND o.kind = 'shipment'"
            )
            problems += [f"parcel {one} is {state}" for one, state in rows if state in _ON_THEIR_WAY]
            problems += [
                f"parcel {one} is done, not there" for one, state in rows if state == "done" and one not in there
            ]
        return problems

    def _unfinished_refunds(self, process: Process) -> list[str]:
        """Each refund whose money went back has its credit note, once its order is posted; no other one has; and never
        is more credited than was charged."""
        orders = {
            key: (ours, from_micros(total), number is not None and kind == "cash_sale")
            for key, ours, total, number, kind in process.database.ask(
                "SELECT external_id, id, total, posted_number, kind FROM document WHERE source_id IS NULL"
            )
        }
        notes: dict[int, dict[str, Decimal]] = {}
        for key, source, total in process.database.ask(
            "SELECT external_id, source_id, total FROM document WHERE source_id IS NOT NULL AND status <> 'VOID'"
        ):
            notes.setdefault(source, {})[key.partition("#refund-")[2]] = from_micros(total)
        problems = []
        for key, (ours, total, posted) in orders.items():
            row, made = self.world.shop.orders[key], notes.get(ours, {})
            given = [{one.refund_id: one.amount for one in _given(version)} for version in row.versions]
            if sum(made.values()) > total or not made.items() <= {two for one in given for two in one.items()}:
                raise Violation("no more is credited than was given back", f"order {key} of {total}: {made}")
            self.world.happened["credited"] += len(made)
            certain = set.intersection(*(set(one) for one in given[row.versions.index(row.last_bumped) :]))
            if posted and self.reads_again(row) and sum(given[-1].values()) <= total:
                problems += [f"refund {one} of order {key} is not credited" for one in sorted(certain - set(made))]
        return problems

    def _doubled_customers(self, process: Process) -> list[str]:
        """Who has an account in the shop is one customer here, however many orders came."""
        rows = process.database.ask(
            "SELECT email, COUNT(*) FROM customer WHERE email LIKE 'buyer%' GROUP BY email HAVING COUNT(*) > 1"
        )
        return [f"{email} is {count} customers" for email, count in rows]

    def reads_again(self, row: Row) -> bool:
        """Whether changes of a posted order can be seen."""
        return not row.deleted and (self.world.style != "placed" or len(row.versions) == 1)

    def _unfinished_items(self, process: Process) -> list[str]:
        shop, problems = self.world.shop, []
        skus = list(shop.made.values())
        problems += [f"item {sku} was made {skus.count(sku)} times" for sku in sorted(set(skus)) if skus.count(sku) > 1]
        records = self._records(process, RecordKind.ITEM)
        linked: dict[int, list[str]] = {}
        for key, (_, _, our_id) in records.items():
            if our_id is not None:
                linked.setdefault(our_id, []).append(key)
        problems += [f"our item {ours} is linked to {some}" for ours, some in linked.items() if len(some) > 1]
        if self.imports_items:
            for key, row in shop.items.items():
                if key in records and records[key][2] is not None and records[key][1] not in _contents(row):
                    problems.append(f"item {key}: the books remember another content")
        return problems


def _given(version: Version) -> Sequence[Refund]:
    """What went back to the buyer."""
    return () if version.bad else [one for one in version.record.refunds if one.state is RefundState.DONE]


def _pieces(order: Any, item_id: str) -> Decimal:
    return sum((line.quantity for line in order.lines if line.item_id == item_id), Decimal(0))


def _open_pieces(order: Any, item_id: str) -> Decimal:
    over = order.order_state is OrderState.CANCELLED or order.payment_state is PaymentState.REFUNDED
    if over or order.fulfilment_state is FulfilmentState.SHIPPED:
        return Decimal(0)
    lines = [line for line in order.lines if line.item_id == item_id]
    return sum((max(line.quantity - (line.gone or 0), Decimal(0)) for line in lines), Decimal(0))


def _latest(row: Row) -> list[Version]:
    """The last version whose date moved, and those after it: any of them may be what was read last."""
    at = row.versions.index(row.last_bumped)
    return row.versions[at:]


def _contents(row: Row) -> set[str]:
    return {one.content for one in _latest(row)}


def check_received(process: Process, counts: Any) -> None:
    """Nothing is dropped in silence: what the cart gave is what the outcomes add up to."""
    for kind, received in process.received.items():
        told = counts.get(kind)
        if received != (told.received if told else 0):
            raise Violation(
                "received is the sum of outcomes", f"{kind}: {received} given, {told.received if told else 0} accounted"
            )
