"""What people did about the baskets of a cart. The baskets themselves stay in the cart."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from cartui.books.database import Database
from cartui.books.fields import from_moment, to_moment
from cartui.domain.baskets import BasketCare, BasketNote, BasketStep, NoteKind
from cartui.domain.ids import CartId, CartOrderId, DocumentId
from cartui.errors import NeedsOperatorError

_CARE = "SELECT external_id, step, order_id, document_id, version, changed_at, changed_by FROM basket_care"
_NOTES = "SELECT id, kind, text, at, actor, due_on, done_at FROM basket_note"
_PUT = """INSERT INTO basket_care (cart_id, external_id, step, order_id, document_id, version, changed_at, changed_by)
 VALUES (?, ?, ?, ?, ?, 1, ?, ?)
 ON CONFLICT (cart_id, external_id) DO UPDATE SET step = excluded.step, order_id = excluded.order_id,
 document_id = excluded.document_id, version = basket_care.version + 1, changed_at = excluded.changed_at,
 changed_by = excluded.changed_by"""


class Baskets:
    """Writes need the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def get(self, cart_id: CartId, external_id: str) -> BasketCare:
        """With all notes, newest first; an empty one where nobody did anything yet."""
        care = self.find_many(cart_id, [external_id]).get(external_id, BasketCare())
        rows = self._db.sql(f"{_NOTES} WHERE cart_id = ? AND external_id = ? ORDER BY id DESC", (cart_id, external_id))
        notes = tuple(
            BasketNote(
                note_id,
                NoteKind(kind),
                text,
                from_moment(at),
                actor,
                date.fromisoformat(due_on) if due_on else None,
                None if done_at is None else from_moment(done_at),
            )
            for note_id, kind, text, at, actor, due_on, done_at in rows
        )
        return BasketCare(
            care.step, care.order_id, care.document_id, care.version, care.changed_at, care.changed_by, notes
        )

    def find_many(self, cart_id: CartId, external_ids: Sequence[str]) -> dict[str, BasketCare]:
        """Without notes; absent where nobody did anything."""
        found: dict[str, BasketCare] = {}
        for start in range(0, len(external_ids), 500):
            part = list(external_ids[start : start + 500])
            marks = ", ".join("?" * len(part))
            for key, step, order_id, document_id, version, at, actor in self._db.sql(
                f"{_CARE} WHERE cart_id = ? AND external_id IN ({marks})", (cart_id, *part)
            ):
                found[key] = BasketCare(
                    BasketStep(step),
                    CartOrderId(order_id) if order_id else None,
                    None if document_id is None else DocumentId(document_id),
                    version,
                    from_moment(at),
                    actor,
                )
        return found

    def put(self, cart_id: CartId, external_id: str, care: BasketCare, *, actor: str) -> None:
        """Store step, order and document. NeedsOperatorError where somebody changed it since it was read."""
        now = self.find_many(cart_id, [external_id]).get(external_id, BasketCare())
        if now.version != care.version:
            raise NeedsOperatorError(
                f"This basket was changed by {now.changed_by} since you opened it: its step is {now.step}.",
                "Look at it again, then repeat what you meant to do.",
            )
        values = (cart_id, external_id, care.step.value, care.order_id or "", care.document_id)
        self._db.write_sql(_PUT, (*values, to_moment(self._db.clock()), actor))

    def add_note(
        self, cart_id: CartId, external_id: str, kind: NoteKind, text: str, due_on: date | None, *, actor: str
    ) -> None:
        """Keep a note, a call or a task."""
        due = due_on.isoformat() if due_on is not None else ""
        self._db.write_sql(
            "INSERT INTO basket_note (cart_id, external_id, kind, text, due_on, done_at, at, actor)"
            " VALUES (?, ?, ?, ?, ?, NULL, ?, ?)",
            (cart_id, external_id, kind.value, text, due, to_moment(self._db.clock()), actor),
        )

    def finish_task(self, note_id: int) -> None:
        """A task is done; done tasks stay as they are."""
        self._db.write_sql(
            "UPDATE basket_note SET done_at = ? WHERE id = ? AND kind = 'task' AND done_at IS NULL",
            (to_moment(self._db.clock()), note_id),
        )

    def open_tasks(self, cart_id: CartId, until: date) -> list[tuple[str, BasketNote]]:
        """Tasks that are due by a day, oldest first, with the basket they belong to."""
        rows = self._db.sql(
            "SELECT external_id, id, kind, text, at, actor, due_on FROM basket_note WHERE cart_id = ?"
            " AND kind = 'task' AND done_at IS NULL AND due_on <= ? ORDER BY due_on, id",
            (cart_id, until.isoformat()),
        )
        return [
            (key, BasketNote(n, NoteKind(kind), text, from_moment(at), actor, date.fromisoformat(due) if due else None))
            for key, n, kind, text, at, actor, due in rows
        ]
