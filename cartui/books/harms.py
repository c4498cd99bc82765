"""What cycles did by themselves that the brakes count (DESIGN rule 14), record by record, as far as they look back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from cartui.books.database import Database
from cartui.books.fields import to_moment
from cartui.domain.ids import CartId

_NOTE = """INSERT INTO harm (cart_id, what, record, at) VALUES (?, ?, ?, ?)
 ON CONFLICT (cart_id, what, record) DO UPDATE SET at = excluded.at"""


class Harms:
    """Writes need the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def note(self, cart_id: CartId, done: Mapping[str, Iterable[str]], since: datetime) -> None:
        """By kind of harm, the records that it is done to now; what is older than `since` is forgotten."""
        now = to_moment(self._db.clock())
        rows = [(int(cart_id), what, record, now) for what, records in done.items() for record in records]
        if rows:
            self._db.write_sql("DELETE FROM harm WHERE cart_id = ? AND at < ?", (int(cart_id), to_moment(since)))
            self._db.write_many(_NOTE, rows)

    def since(self, cart_id: CartId, since: datetime) -> dict[str, set[str]]:
        """The records that each kind of harm was done to from then on."""
        found: dict[str, set[str]] = {}
        for what, record in self._db.sql(
            "SELECT what, record FROM harm WHERE cart_id = ? AND at >= ?", (int(cart_id), to_moment(since))
        ):
            found.setdefault(what, set()).add(record)
        return found

    def forget(self, cart_id: CartId, kinds: Iterable[str] | None = None) -> None:
        """A person looked at it and confirmed it: counting begins anew, of these kinds or (None) of all."""
        if kinds is None:
            self._db.write_sql("DELETE FROM harm WHERE cart_id = ?", (int(cart_id),))
            return
        self._db.write_many("DELETE FROM harm WHERE cart_id = ? AND what = ?", [(int(cart_id), one) for one in kinds])
