"""How far each kind of record was read or written, by the cart's own record times."""

from __future__ import annotations

from datetime import datetime

from cartui.books.database import Database
from cartui.books.fields import from_moment, to_moment
from cartui.domain.ids import CartId, Direction, RecordKind


class Cursors:
    """One cursor for each kind and direction of a cart."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def get(self, cart_id: CartId, kind: RecordKind, direction: Direction = Direction.IMPORT) -> datetime | None:
        """Where it stands; None: never set."""
        rows = self._db.sql(
            "SELECT at FROM cart_cursor WHERE cart_id = ? AND kind = ? AND direction = ?",
            (int(cart_id), kind.value, direction.value),
        )
        return from_moment(rows[0][0]) if rows else None

    def put(self, cart_id: CartId, kind: RecordKind, direction: Direction, at: datetime) -> None:
        """Move it forward. A time before where it stands leaves it there: the overlap is read again every time."""
        self._db.write_sql(
            "INSERT INTO cart_cursor (cart_id, kind, direction, at) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (cart_id, kind, direction) DO UPDATE SET at = excluded.at WHERE excluded.at > cart_cursor.at",
            (cart_id, kind.value, direction.value, to_moment(at)),
        )

    def reset(self, cart_id: CartId, kind: RecordKind, direction: Direction, at: datetime | None) -> None:
        """Set it wherever a person wants it, backwards too; None forgets it."""
        with self._db.joined():
            self._db.write_sql(
                "DELETE FROM cart_cursor WHERE cart_id = ? AND kind = ? AND direction = ?",
                (cart_id, kind.value, direction.value),
            )
            if at is not None:
                self.put(cart_id, kind, direction, at)
