"""What is remembered of each record of a cart: link, held record and ledger in one row, unique by (cart, kind, id)."""

from __future__ import annotations

from collections.abc import Sequence

import peewee

from cartui.books.database import Database, Row
from cartui.books.fields import pack, remedy_text, to_json, to_moment, unpack
from cartui.books.selects import Select
from cartui.books.tables import Document, Record
from cartui.domain.documents import DocumentStatus
from cartui.domain.ids import CartId, CartOrderId, RecordKind
from cartui.domain.ledger import CartRecord
from cartui.domain.outcomes import RecordState

_ASK = 900  # values in one IN (…)
_FIELDS = (
    Record.kind, Record.external_id, Record.label, Record.stamp, Record.fingerprint, Record.state, Record.reason,
    Record.remedy, Record.our_id, Record.agreed, Record.evidence, Record.native_status, Record.tries,
)  # fmt: skip

# A record read back carries no raw body, so None keeps the stored one, as long as the record is of a sort that has one.
_PUT = """INSERT INTO cart_record (cart_id, kind, external_id, label, stamp, fingerprint, state, reason, remedy, our_id,
 agreed, evidence, native_status, tries, raw) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
 ON CONFLICT (cart_id, kind, external_id) DO UPDATE SET label = excluded.label, stamp = excluded.stamp,
 fingerprint = excluded.fingerprint, state = excluded.state, reason = excluded.reason, remedy = excluded.remedy,
 our_id = excluded.our_id, agreed = excluded.agreed, evidence = excluded.evidence,
 native_status = excluded.native_status, tries = excluded.tries,
 raw = CASE WHEN excluded.kind = 'order' OR excluded.state = 'held' THEN COALESCE(excluded.raw, cart_record.raw) END"""

# The first half is the condition of the index, word for word, as are those below: SQLite uses it for nothing less.
_HELD = "state IN ('held', 'staged') AND state = 'held'"

_FIND = Select(_FIELDS, "FROM cart_record WHERE cart_id = ? AND kind = ? AND external_id {among}")
_OURS = Select(_FIELDS, "FROM cart_record WHERE cart_id = ? AND kind = ? AND our_id {among} ORDER BY id")
_ALL_HELD = Select(_FIELDS, f"FROM cart_record WHERE cart_id = ? AND {_HELD} ORDER BY id")
_WAITING = Select(
    _FIELDS, "FROM cart_record WHERE cart_id = ? AND state IN ('held', 'staged') AND kind = ? ORDER BY id"
)
_CHANGED = Select(
    _FIELDS,
    "FROM cart_record WHERE cart_id = ? AND state = 'changed_after_import' AND kind = 'order' ORDER BY id",
)


class Records:
    """Records of all carts; writes need the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def find_many(self, cart_id: CartId, kind: RecordKind, external_ids: Sequence[str]) -> dict[str, CartRecord]:
        """By the cart's ids, without raw bodies."""
        found: dict[str, CartRecord] = {}
        for start in range(0, len(external_ids), _ASK):
            part = [str(one) for one in external_ids[start : start + _ASK]]
            for row in self._db.select_among(_FIND, (cart_id, kind.value), part):
                found[row[1]] = _record(row)
        return found

    def find_by_our_ids(self, cart_id: CartId, kind: RecordKind, our_ids: Sequence[int]) -> dict[int, list[CartRecord]]:
        """The links of our items, customers or documents; one of ours can be linked to several of the cart's."""
        found: dict[int, list[CartRecord]] = {}
        for start in range(0, len(our_ids), _ASK):
            part = [int(one) for one in our_ids[start : start + _ASK]]
            for row in self._db.select_among(_OURS, (cart_id, kind.value), part):
                found.setdefault(row[8], []).append(_record(row))
        return found

    def put_many(self, cart_id: CartId, records: Sequence[CartRecord]) -> None:
        """Insert or replace. `raw` None keeps what is stored; a body is kept for orders and for what is held only."""
        self.put_linked(cart_id, [(record, record.our_id) for record in records])

    def put_linked(self, cart_id: CartId, records: Sequence[tuple[CartRecord, int | None]]) -> None:
        """As `put_many`, each with the record of ours that it is tied to, whatever its own `our_id` says."""
        self._db.write_many(_PUT, [_stored(cart_id, record, our_id) for record, our_id in records])

    def list_held(self, cart_id: CartId) -> list[CartRecord]:
        """What waits for a person, oldest first."""
        return [_record(row) for row in self._db.select(_ALL_HELD, (cart_id,))]

    def list_waiting(self, cart_id: CartId, kind: RecordKind) -> list[CartRecord]:
        """The records of a kind that are STAGED or HELD, oldest first."""
        return [_record(row) for row in self._db.select(_WAITING, (cart_id, kind.value))]

    def list_changed(self, cart_id: CartId) -> list[CartRecord]:
        """The orders that changed in the cart after their import and wait for a person, oldest first."""
        return [_record(row) for row in self._db.select(_CHANGED, (cart_id,))]

    def find_orders(self, cart_id: CartId, words: str) -> list[str]:
        """The ids of orders that a person calls so: the cart's id of one, else its number (the start of its label)."""
        asked = "SELECT external_id FROM cart_record WHERE cart_id = ? AND kind = 'order' AND "
        if rows := self._db.sql(f"{asked} external_id = ?", (cart_id, words)):
            return [row[0] for row in rows]
        like = f"{asked} (label = ? OR label LIKE ? ESCAPE '|') ORDER BY id LIMIT 20"
        return [row[0] for row in self._db.sql(like, (cart_id, words, starting(f"{words} ")))]

    def find_parts(self, cart_id: CartId, kind: RecordKind, start: str) -> list[CartRecord]:
        """Records whose id begins so, oldest first: the refunds of one order."""
        rows = self._db.sql(
            "SELECT external_id FROM cart_record WHERE cart_id = ? AND kind = ? AND external_id LIKE ? ESCAPE '|'",
            (cart_id, kind.value, starting(start)),
        )
        return list(self.find_many(cart_id, kind, [row[0] for row in rows]).values())

    def count_held(self, cart_id: CartId) -> int:
        """How many wait for a person."""
        [(count,)] = self._db.sql(f"SELECT COUNT(*) FROM cart_record WHERE cart_id = ? AND {_HELD}", (cart_id,))
        return int(count)

    def count_linked(self, cart_id: CartId, kind: RecordKind) -> int:
        """How many records of a kind are tied to one of ours."""
        [(count,)] = self._db.sql(
            "SELECT COUNT(*) FROM cart_record WHERE cart_id = ? AND kind = ? AND our_id IS NOT NULL",
            (cart_id, kind.value),
        )
        return int(count)

    def raw(self, cart_id: CartId, kind: RecordKind, external_id: str) -> bytes | None:
        """The record as the cart sent it, where it is kept."""
        rows = self._db.sql(
            "SELECT raw FROM cart_record WHERE cart_id = ? AND kind = ? AND external_id = ?",
            (cart_id, kind.value, external_id),
        )
        return unpack(bytes(rows[0][0])) if rows and rows[0][0] is not None else None

    def open_order_ids(self, cart_id: CartId) -> list[CartOrderId]:
        """The orders to look at again: those that wait for the shop, and those whose document is still PENDING."""
        waiting = Record.state == RecordState.STAGED.value
        here = [RecordState.IMPORTED.value, RecordState.CHANGED.value, RecordState.HELD.value]
        imported = Record.state.in_(here)
        pending = imported & (Document.status == DocumentStatus.PENDING.value)
        rows = self._db.rows(
            Record.select(Record.external_id)
            .join(Document, peewee.JOIN.LEFT_OUTER, on=(Document.id == Record.our_id))
            .where((Record.cart_id == cart_id) & (Record.kind == RecordKind.ORDER.value) & (waiting | pending))
            .order_by(Record.id)
        )
        return [CartOrderId(row[0]) for row in rows]

    def newest_imported(self, cart_id: CartId) -> str | None:
        """The cart's id of the order that became a document last and was not missed since; None: there is none."""
        rows = self._db.sql(
            "SELECT r.external_id FROM document d JOIN cart_record r ON r.cart_id = d.cart_id AND r.kind = 'order'"
            " AND r.external_id = d.external_id AND r.state = 'imported' WHERE d.cart_id = ?"
            " ORDER BY d.placed_at DESC, d.id DESC LIMIT 1",
            (int(cart_id),),
        )
        return rows[0][0] if rows else None

    def unlink(self, cart_id: CartId, kind: RecordKind, external_id: str) -> None:
        """Forget the record and its link: the next time it comes it is new."""
        self._db.write(
            Record.delete().where(
                (Record.cart_id == cart_id) & (Record.kind == kind.value) & (Record.external_id == external_id)
            )
        )

    def count_by_state(self, cart_id: CartId, kind: RecordKind | None = None) -> dict[RecordState, int]:
        """How many records are in each state."""
        condition = Record.cart_id == cart_id
        if kind is not None:
            condition &= Record.kind == kind.value
        rows = self._db.rows(
            Record.select(Record.state, peewee.fn.COUNT(Record.id)).where(condition).group_by(Record.state)
        )
        return {RecordState(state): count for state, count in rows}


def starting(words: str) -> str:
    """A pattern of LIKE … ESCAPE '|' for what begins so; the order of letters differs between the databases."""
    for one in "|%_":
        words = words.replace(one, f"|{one}")
    return f"{words}%"


def _stored(cart_id: CartId, record: CartRecord, our_id: int | None) -> tuple[object, ...]:
    keep = record.raw is not None and (record.kind is RecordKind.ORDER or record.state is RecordState.HELD)
    return (
        cart_id,
        record.kind._value_,
        record.external_id,
        record.label,
        None if record.stamp is None else to_moment(record.stamp),
        record.fingerprint,
        record.state._value_,
        record.reason,
        remedy_text(record.remedy),
        our_id,
        to_json(record.agreed),
        record.evidence,
        record.native_status,
        record.tries,
        pack(record.raw) if keep and record.raw is not None else None,
    )


def _record(row: Row) -> CartRecord:
    kind, external_id, label, stamp, fingerprint, state, *rest = row
    return CartRecord(RecordKind(kind), external_id, label, stamp, fingerprint, RecordState(state), *rest)
