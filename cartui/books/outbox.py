"""What waits to be sent to each cart: one row for each (cart, kind, record of ours), coalesced.

`touch` is called inside the transaction that changes the record: the change and the note that it must reach the carts
are stored together or not at all (DESIGN rule 9).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any

import peewee

from cartui.books.database import Database
from cartui.books.fields import remedy_text, to_moment
from cartui.books.leases import SKEW
from cartui.books.selects import Select
from cartui.books.tables import Outbox as OutboxTable
from cartui.domain.ids import CartId, RecordKind
from cartui.domain.outbox import Ending, OutboxCounts, OutboxKind, OutboxRow, OutboxState, SentRow

_ASK = 900
_T = OutboxTable
_FIELDS = (
    _T.id, _T.cart_id, _T.kind, _T.our_id, _T.state, _T.version, _T.sent_version, _T.reason, _T.remedy, _T.tries,
    _T.changed_at, _T.due_at, _T.approved,
)  # fmt: skip
_OPEN = "state IN ('waiting', 'sending', 'unknown')"  # the index's condition, word for word
_DUE = Select(
    _FIELDS, f"FROM outbox WHERE {_OPEN} AND cart_id = ? AND kind = ? AND due_at <= ? ORDER BY due_at, id LIMIT ?"
)
# What lies ahead of the clock although it never waited, or further than any pause is long: the clock was set back.
_STRANDED = "due_at > ? AND (tries = 0 OR due_at > ?)"
_LEFT_AHEAD = Select(
    _FIELDS, f"FROM outbox WHERE {_OPEN} AND cart_id = ? AND kind = ? AND {_STRANDED} ORDER BY due_at, id LIMIT ?"
)
_BY_ID = Select(_FIELDS, "FROM outbox WHERE id {among}")
_OF_RECORDS = Select(_FIELDS, "FROM outbox WHERE cart_id = ? AND kind = ? AND our_id {among}")
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=15), timedelta(minutes=15)
_LINKED_AS = {
    OutboxKind.STOCK: RecordKind.ITEM,
    OutboxKind.ITEM: RecordKind.ITEM,
    OutboxKind.CUSTOMER: RecordKind.CUSTOMER,
}

_NEW = """INSERT INTO outbox (cart_id, kind, our_id, state, version, sent_version, reason, remedy, tries, changed_at,
 due_at)"""
_VALUES = "'waiting', 1, 0, '', '', 0, {now}, {now}"
# A row on its way keeps its state and the version that is on its way; that the version rose says: send again. What a
# person let pass the brakes is not what comes now; but stock can only fall to nothing, and every order touches it.
_AGAIN = """ON CONFLICT (cart_id, kind, our_id) DO UPDATE SET version = outbox.version + 1,
 changed_at = excluded.changed_at,
 state = CASE WHEN outbox.state IN ('sending', 'unknown') THEN outbox.state ELSE 'waiting' END,
 due_at = CASE WHEN outbox.state IN ('waiting', 'sending', 'unknown') THEN outbox.due_at ELSE excluded.due_at END,
 tries = CASE WHEN outbox.state IN ('waiting', 'sending', 'unknown') THEN outbox.tries ELSE 0 END,
 reason = CASE WHEN outbox.state IN ('waiting', 'sending', 'unknown') THEN outbox.reason ELSE '' END,
 remedy = CASE WHEN outbox.state IN ('waiting', 'sending', 'unknown') THEN outbox.remedy ELSE '' END,
 approved = CASE WHEN outbox.kind = 'stock' AND outbox.state IN ('waiting', 'sending', 'unknown') THEN outbox.approved
 ELSE 0 END"""


class Outbox:
    """Writes need the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def touch(self, kind: OutboxKind, our_ids: Sequence[int], *, cart_id: CartId | None = None) -> None:
        """Note that records of ours changed, for every cart that they are linked in (only for `cart_id`, if given).

        A shipment has no link: `cart_id`, its document's cart, is needed then; nothing is noted where that cart was
        deleted. Records that are linked nowhere cost nothing but the question.
        """
        for start in range(0, len(our_ids), _ASK):
            part = [int(one) for one in our_ids[start : start + _ASK]]
            if kind is OutboxKind.SHIPMENT:
                self._touch_shipments(cart_id, part)
            else:
                which = "" if cart_id is None else f" AND cart_id = {int(cart_id)}"
                linked = f"our_id {{among}} AND kind = '{_LINKED_AS[kind]}'{which}"
                self._touch(kind, f"FROM cart_record WHERE {linked}", part)
                if kind is OutboxKind.STOCK:  # what a bundle's parts make is the bundle's stock
                    made = "FROM bundle_part JOIN cart_record ON our_id = bundle_id AND kind = 'item'"
                    self._touch(kind, f"{made} WHERE part_id {{among}}{which}", part)

    def touch_stock_of(self, codes: Sequence[str]) -> None:
        """As `touch` of STOCK, by item code: one statement a page of imported documents."""
        for start in range(0, len(codes), _ASK):
            items = "FROM item JOIN cart_record ON our_id = item.id AND cart_record.kind = 'item'"
            part = [str(one) for one in codes[start : start + _ASK]]
            self._touch(OutboxKind.STOCK, f"{items} WHERE item.code {{among}}", part)
            self._touch_bundles_of(part)

    def _touch_bundles_of(self, codes: Sequence[object]) -> None:
        """An order of an item changes its bundles; an order of a bundle changes its parts, and their other bundles."""
        if not self._db.sql("SELECT 1 FROM bundle_part LIMIT 1"):
            return
        rows = self._db.sql_among(
            "SELECT part_id FROM item JOIN bundle_part ON bundle_id = item.id WHERE code {among}", (), codes
        )
        parts = [row[0] for row in rows]
        rows = self._db.sql_among("SELECT item.id FROM item WHERE code {among}", (), codes)
        self.touch(OutboxKind.STOCK, parts + [row[0] for row in rows])

    def touch_all(self, cart_id: CartId, kind: OutboxKind) -> None:
        """Note every linked record of a kind for one cart: when a switch is turned on or a rule of the cart changed."""
        if kind is not OutboxKind.SHIPMENT:
            now = to_moment(self._db.clock())
            self._db.write_sql(
                f"{_NEW} SELECT cart_id, '{kind}', our_id, {_VALUES.format(now=now)} FROM cart_record"
                f" WHERE cart_id = ? AND kind = '{_LINKED_AS[kind]}' AND our_id IS NOT NULL"
                f" GROUP BY cart_id, our_id {_AGAIN}",
                (int(cart_id),),
            )

    def _touch(self, kind: OutboxKind, linked: str, some: Sequence[object]) -> None:
        values = _VALUES.format(now=to_moment(self._db.clock()))
        self._db.write_sql_among(
            f"{_NEW} SELECT cart_id, '{kind}', our_id, {values} {linked} GROUP BY cart_id, our_id {_AGAIN}", some
        )

    def _touch_shipments(self, cart_id: CartId | None, shipment_ids: Sequence[int]) -> None:
        if cart_id is None:
            raise ValueError("A shipment is sent to its document's cart: say which.")
        values = _VALUES.format(now=to_moment(self._db.clock()))
        for one in shipment_ids:
            self._db.write_sql(
                f"{_NEW} SELECT id, 'shipment', {one}, {values} FROM cart WHERE id = ? {_AGAIN}", (int(cart_id),)
            )

    # --- sending

    def has_due(self, cart_id: CartId, kinds: Collection[OutboxKind]) -> bool:
        """Whether anything of these kinds is to be sent now: looks into an index, often."""
        now, ahead = self._times()
        asked = f"SELECT 1 FROM outbox WHERE {_OPEN} AND cart_id = ? AND kind = ? AND"
        return any(
            self._db.sql(f"{asked} due_at <= ? LIMIT 1", (int(cart_id), kind.value, now))
            or self._db.sql(f"{asked} {_STRANDED} LIMIT 1", (int(cart_id), kind.value, now, ahead))
            for kind in kinds
        )

    def carts_with_due(self) -> set[CartId]:
        """The carts of which anything is to be sent now, of whatever kind."""
        now = to_moment(self._db.clock())
        rows = self._db.sql(f"SELECT DISTINCT cart_id FROM outbox WHERE {_OPEN} AND due_at <= ?", (now,))
        return {CartId(row[0]) for row in rows}

    def due(self, cart_id: CartId, kind: OutboxKind, limit: int, but: Collection[int] = ()) -> list[OutboxRow]:
        """What is to be sent now, the longest waiting first; without the rows numbered in `but`. A row that is SENDING
        although nobody sends (the caller has the lease) was left by a process that died. A clock that was set back
        keeps no row waiting longer than a pause."""
        now, ahead = self._times()
        most = limit + len(but)
        found = self._db.select(_DUE, (int(cart_id), kind.value, now, most))
        if len(found) < most:
            found += self._db.select(_LEFT_AHEAD, (int(cart_id), kind.value, now, ahead, most - len(found)))
        rows = [_row(row) for row in found]
        return [row for row in rows if row.row_id not in but][:limit]

    def _times(self) -> tuple[int, int]:
        """Now, and the furthest that a pause can reach, by the clock of any machine on this database."""
        now = self._db.clock()
        return to_moment(now), to_moment(now + _LONGEST_PAUSE + SKEW)

    def again(self, rows: Sequence[OutboxRow]) -> list[OutboxRow]:
        """The same rows as they are now, in the same order."""
        found = {row[0]: _row(row) for row in self._db.select_among(_BY_ID, (), [row.row_id for row in rows])}
        return [found[row.row_id] for row in rows if row.row_id in found]

    def take_up(self, rows: Sequence[OutboxRow]) -> None:
        """They are on their way, in the version that they had when they were read."""
        self._db.write_many(
            "UPDATE outbox SET state = 'sending', sent_version = ? WHERE id = ?",
            [(row.version, row.row_id) for row in rows],
        )

    def end(self, ended: Sequence[SentRow]) -> None:
        """What became of rows. One that changed since it was read waits again, unless nobody knows yet what the cart
        did: then it is looked up first."""
        now = self._db.clock()
        for one in ended:
            again = one.ending is Ending.AGAIN
            state = OutboxState.WAITING if again else OutboxState(one.ending.value)
            slow = one.ending in (Ending.AGAIN, Ending.UNKNOWN)
            pause = min(_FIRST_PAUSE * 2 ** min(one.row.tries, 10), _LONGEST_PAUSE) if slow else timedelta(0)
            asks = (OutboxState.UNKNOWN.value, OutboxState.WAITING.value)
            self._db.write_sql(
                "UPDATE outbox SET state = CASE WHEN version > ? AND ? NOT IN (?, ?) THEN 'waiting' ELSE ? END,"
                " sent_version = ?, reason = ?, remedy = ?, tries = ?, due_at = ?,"
                " approved = CASE WHEN ? = 'done' THEN 0 ELSE approved END WHERE id = ?",
                (
                    one.row.version, state.value, *asks, state.value, one.row.version, one.reason,
                    remedy_text(one.remedy), one.row.tries + 1 if slow else 0, to_moment(now + pause), state.value,
                    one.row.row_id,
                ),
            )  # fmt: skip

    # --- for a person

    def counts(self, cart_id: CartId) -> dict[OutboxKind, OutboxCounts]:
        """How many rows are not done, by kind."""
        rows = self._db.sql(
            "SELECT kind, state, COUNT(*) FROM outbox WHERE cart_id = ? AND state NOT IN ('done', 'superseded')"
            " GROUP BY kind, state",
            (int(cart_id),),
        )
        found: dict[OutboxKind, dict[str, int]] = {}
        for kind, state, count in rows:
            found.setdefault(OutboxKind(kind), {})[state] = int(count)
        return {kind: OutboxCounts(**states) for kind, states in found.items()}

    def list_rows(
        self, cart_id: CartId, states: Collection[OutboxState] | None = None, limit: int = 1_000
    ) -> list[OutboxRow]:
        """Rows in these states (None: all that are not done), the refused and unknown ones first."""
        wanted = states or (OutboxState.REFUSED, OutboxState.UNKNOWN, OutboxState.SENDING, OutboxState.WAITING)
        order = peewee.SQL(
            "CASE state WHEN 'refused' THEN 0 WHEN 'unknown' THEN 1 WHEN 'sending' THEN 2 WHEN 'waiting' THEN 3 ELSE 4"
            " END, id"
        )
        condition = (_T.cart_id == cart_id) & _T.state.in_([state.value for state in wanted])
        return self._list(_T.select(*_FIELDS).where(condition).order_by(order).limit(limit))

    def of_records(self, cart_id: CartId, kind: OutboxKind, our_ids: Sequence[int]) -> list[OutboxRow]:
        """The rows of these records, whatever their state."""
        ids = [int(one) for one in our_ids]
        return [
            _row(row)
            for start in range(0, len(ids), _ASK)
            for row in self._db.select_among(_OF_RECORDS, (int(cart_id), kind.value), ids[start : start + _ASK])
        ]

    def retry(self, cart_id: CartId, row_ids: Sequence[int], *, approved: bool = False) -> int:
        """Rows to be tried again at once, whatever became of them; how many there were. `approved`: a person confirmed
        that they may pass the brakes."""
        now, done = to_moment(self._db.clock()), 0
        for row_id in row_ids:
            rows = self._db.write_sql(
                "UPDATE outbox SET state = CASE WHEN state IN ('sending', 'unknown') THEN state ELSE 'waiting' END,"
                " due_at = ?, tries = 0, approved = ? WHERE cart_id = ? AND id = ? AND state <> 'done' RETURNING id",
                (now, int(approved), int(cart_id), row_id),
            )
            done += len(rows)
        return done

    def _list(self, query: Any) -> list[OutboxRow]:
        return [_row(row) for row in self._db.rows(query)]


def _row(row: tuple[Any, ...]) -> OutboxRow:
    row_id, cart_id, kind, our_id, state, *rest = row
    return OutboxRow(row_id, CartId(cart_id), OutboxKind(kind), our_id, OutboxState(state), *rest)
