"""What a reconcile asks of the books, and when each cart was last reconciled."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from cartui.books.database import Database
from cartui.books.fields import from_micros, to_moment
from cartui.domain.documents import DocumentStatus
from cartui.domain.ids import CartId, RecordKind
from cartui.domain.reconcile import ReconcileStatus

_PART = 500


class Reconciles:
    """Writes are transactions of their own unless the caller has one open."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def known_ids(self, cart_id: CartId, kind: RecordKind, since: datetime | None) -> Iterator[list[str]]:
        """The cart's ids of what is remembered with a stamp since then (None: with any), a few hundred at a time. What
        the cart never dated is not asked for: no listing by date can prove that it is gone."""
        last = 0
        while rows := self._db.sql(
            "SELECT id, external_id FROM cart_record WHERE cart_id = ? AND kind = ? AND stamp >= ? AND id > ?"
            f" ORDER BY id LIMIT {_PART}",
            (int(cart_id), kind.value, _EARLIEST if since is None else to_moment(since), last),
        ):
            last = rows[-1][0]
            yield [row[1] for row in rows]

    def linked_ids(self, cart_id: CartId, kind: RecordKind, size: int) -> Iterator[list[str]]:
        """The cart's ids of all that is linked, `size` at a time."""
        last = 0
        while rows := self._db.sql(
            "SELECT id, external_id FROM cart_record WHERE cart_id = ? AND kind = ? AND our_id IS NOT NULL AND id > ?"
            f" ORDER BY id LIMIT {int(size)}",
            (int(cart_id), kind.value, last),
        ):
            last = rows[-1][0]
            yield [row[1] for row in rows]

    def booked(self, document_ids: Sequence[int]) -> dict[int, Decimal | None]:
        """The totals of documents; None for one that is VOID."""
        rows = self._db.sql_among(
            "SELECT id, status, total FROM document WHERE id {among}", (), [int(one) for one in document_ids]
        )
        void = DocumentStatus.VOID.value
        return {row[0]: None if row[1] == void else from_micros(row[2]) for row in rows}

    def state(self, cart_id: CartId) -> dict[str, str]:
        """What is remembered of the last reconcile; {} for a cart that was never looked at."""
        rows = self._db.sql("SELECT value FROM meta WHERE key = ?", (_key(cart_id),))
        return dict(json.loads(rows[0][0])) if rows else {}

    def status(self, cart_id: CartId) -> ReconcileStatus:
        """The same for a person. A time with no digest is where a new cart's day or week began."""
        state = self.state(cart_id)
        return ReconcileStatus(
            daily_at=_moment(state.get("done_at")) if "digest" in state else None,
            daily_found=state.get("found", ""),
            full_at=_moment(state.get("full_at")) if "full_digest" in state else None,
            full_found=state.get("full_found", ""),
            failed_at=_moment(state.get("failed_at")),
            failure=state.get("failure", ""),
        )

    def put_state(self, cart_id: CartId, state: Mapping[str, str]) -> None:
        """Remember it instead of what was."""
        with self._db.joined():
            self._db.write_sql(
                "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                (_key(cart_id), json.dumps(dict(state), sort_keys=True)),
            )


_EARLIEST = -(2**62)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _key(cart_id: CartId) -> str:
    return f"reconcile:{int(cart_id)}"
