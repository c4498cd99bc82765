"""Who did what to which record, when; and for writes to a cart, what was meant before it was known how it ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cartui.books.database import Database, Row
from cartui.books.fields import check_text, to_json, to_moment
from cartui.books.selects import Select
from cartui.books.tables import Journal as JournalTable
from cartui.domain.ids import CartId, Direction, RecordKind
from cartui.domain.ledger import JournalEntry, JournalState

_T = JournalTable
_FIELDS = (
    _T.cart_id, _T.at, _T.actor, _T.direction, _T.kind, _T.action, _T.external_id, _T.our_id, _T.state, _T.key,
    _T.detail, _T.id,
)  # fmt: skip
_IS_OPEN = "state IN ('intent', 'unknown')"  # the index's condition, word for word
_OPEN = Select(_FIELDS, f"FROM journal WHERE cart_id = ? AND {_IS_OPEN} ORDER BY id")
_RECENT = Select(_FIELDS, "FROM journal WHERE cart_id = ? ORDER BY id DESC LIMIT ?")
_OF_RECORD = Select(_FIELDS, "FROM journal WHERE cart_id = ? AND kind = ? AND external_id = ? ORDER BY id DESC LIMIT ?")
_END = f"""UPDATE journal SET state = ?, external_id = COALESCE(?, external_id), our_id = COALESCE(?, our_id),
 detail = COALESCE(?, detail) WHERE id = ? AND {_IS_OPEN} RETURNING id"""
_ADD = """INSERT INTO journal (cart_id, at, actor, direction, kind, action, external_id, our_id, state, key, detail)
 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""


class Journal:
    """Writes need the caller's transaction. Entries are never deleted."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def append_many(self, entries: Sequence[JournalEntry]) -> None:
        """What an import did, in the transaction that did it."""
        self._db.write_many(_ADD, [_stored(entry) for entry in entries])

    def begin(self, entry: JournalEntry) -> int:
        """Store an INTENT and return its number. Commit before the effect: what was sent must be on record."""
        rows = self._db.write_sql(f"{_ADD} RETURNING id", _stored(entry, JournalState.INTENT))
        return int(rows[0][0])

    def finish(
        self,
        entry_id: int,
        state: JournalState,
        *,
        external_id: str | None = None,
        our_id: int | None = None,
        detail: Mapping[str, str] | None = None,
    ) -> None:
        """How it ended. What is None stays as it was; a DONE or REFUSED entry is never changed again."""
        values = (
            state.value,
            None if external_id is None else check_text(external_id),
            None if our_id is None else int(our_id),
            None if detail is None else to_json(detail),
            entry_id,
        )
        if not self._db.write_sql(_END, values):
            raise ValueError(f"Journal entry {entry_id} is not open.")

    def open_entries(self, cart_id: CartId) -> list[JournalEntry]:
        """INTENT and UNKNOWN, oldest first: the cart must be asked what became of them."""
        return [_entry(row) for row in self._db.select(_OPEN, (int(cart_id),))]

    def recent(self, cart_id: CartId, limit: int = 100) -> list[JournalEntry]:
        """Newest first."""
        return [_entry(row) for row in self._db.select(_RECENT, (int(cart_id), limit))]

    def of_record(self, cart_id: CartId, kind: RecordKind, external_id: str, limit: int = 100) -> list[JournalEntry]:
        """What was done to one record, newest first."""
        return [_entry(row) for row in self._db.select(_OF_RECORD, (int(cart_id), kind.value, external_id, limit))]


def _stored(entry: JournalEntry, state: JournalState | None = None) -> tuple[object, ...]:
    return (
        entry.cart_id,
        to_moment(entry.at),
        entry.actor,
        entry.direction._value_,
        entry.kind._value_,
        entry.action,
        entry.external_id,
        entry.our_id,
        (state or entry.state)._value_,
        entry.key,
        to_json(entry.detail),
    )


def _entry(row: Row) -> JournalEntry:
    cart_id, at, actor, direction, kind, action, external_id, our_id, state, key, detail, entry_id = row
    return JournalEntry(
        cart_id=CartId(cart_id),
        at=at,
        actor=actor,
        direction=Direction(direction),
        kind=RecordKind(kind),
        action=action,
        external_id=external_id,
        our_id=our_id,
        state=JournalState(state),
        key=key,
        detail=detail,
        entry_id=entry_id,
    )
