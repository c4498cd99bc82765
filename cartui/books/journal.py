"""Who did what to which record, when; and for writes to a cart, what was meant before it was known how it ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import peewee

from cartui.books.database import Database, Row
from cartui.books.fields import to_json, to_moment
from cartui.books.tables import Journal as JournalTable
from cartui.domain.ids import CartId, Direction, RecordKind
from cartui.domain.ledger import JournalEntry, JournalState

_T = JournalTable
_FIELDS = (
    _T.cart_id, _T.at, _T.actor, _T.direction, _T.kind, _T.action, _T.external_id, _T.our_id, _T.state, _T.key,
    _T.detail, _T.id,
)  # fmt: skip
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
        values: dict[str, Any] = {"state": state.value}
        values |= {} if external_id is None else {"external_id": external_id}
        values |= {} if our_id is None else {"our_id": our_id}
        values |= {} if detail is None else {"detail": dict(detail)}
        open_states = [JournalState.INTENT.value, JournalState.UNKNOWN.value]
        if self._db.write(_T.update(**values).where((_T.id == entry_id) & _T.state.in_(open_states))) != 1:
            raise ValueError(f"Journal entry {entry_id} is not open.")

    def open_entries(self, cart_id: CartId) -> list[JournalEntry]:
        """INTENT and UNKNOWN, oldest first: the cart must be asked what became of them."""
        still_open = peewee.SQL("t1.state IN ('intent', 'unknown')")  # in words: only then is its index used
        return self._list(_T.select(*_FIELDS).where((_T.cart_id == cart_id) & still_open).order_by(_T.id))

    def recent(self, cart_id: CartId, limit: int = 100) -> list[JournalEntry]:
        """Newest first."""
        return self._list(_T.select(*_FIELDS).where(_T.cart_id == cart_id).order_by(_T.id.desc()).limit(limit))

    def of_record(self, cart_id: CartId, kind: RecordKind, external_id: str, limit: int = 100) -> list[JournalEntry]:
        """What was done to one record, newest first."""
        condition = (_T.cart_id == cart_id) & (_T.kind == kind.value) & (_T.external_id == external_id)
        return self._list(_T.select(*_FIELDS).where(condition).order_by(_T.id.desc()).limit(limit))

    def _list(self, query: Any) -> list[JournalEntry]:
        return [_entry(row) for row in self._db.rows(query)]


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
