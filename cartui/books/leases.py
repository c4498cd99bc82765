"""Who runs a cart: one holder at a time, known by a token that only ever rises.

A holder that was thought dead can wake up after somebody else took over. Its token is then an old one, and every
transaction that names its lease is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from cartui.books.database import Database
from cartui.books.fields import to_moment
from cartui.books.selects import Select
from cartui.books.tables import Lease as LeaseTable
from cartui.domain.ids import CartId
from cartui.errors import LeaseTakenError

_BY_CART = Select(
    (LeaseTable.token, LeaseTable.holder, LeaseTable.since, LeaseTable.expires_at), "FROM lease WHERE cart_id = ?"
)


SKEW = timedelta(minutes=15)  # by which the clocks of two machines on one database may differ


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to run a cart, until `ttl_seconds` after the last renewal."""

    cart_id: CartId
    token: int
    holder: str
    since: datetime
    ttl_seconds: float


class Leases:
    """Each call is a transaction of its own unless the caller has one open."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def take(self, cart_id: CartId, holder: str, owner: str, ttl_seconds: float) -> Lease:
        """Take a free or expired lease. LeaseTakenError names who has it. `holder` is for a person, `owner` tells one
        process from another in the table; even the same owner can't take it twice.

        A lease that ends later than any could was taken before the clock was set back: it gets `ttl_seconds` from now,
        within which its holder renews it, if there is one."""
        now = self._db.clock()
        until = now + timedelta(seconds=ttl_seconds)
        with self._db.joined():
            row = self._row(cart_id)
            taken = row if row is not None and row[1] is not None and row[3] > now else None
            token = 1 if row is None else row[0] + 1
            if taken is None:
                self._db.write_sql(
                    "INSERT INTO lease (cart_id, token, holder, owner, since, expires_at) VALUES (?, ?, ?, ?, ?, ?)"
                    " ON CONFLICT (cart_id) DO UPDATE SET token = excluded.token, holder = excluded.holder,"
                    " owner = excluded.owner, since = excluded.since, expires_at = excluded.expires_at",
                    (cart_id, token, holder, owner, to_moment(now), to_moment(until)),
                )
            elif taken[3] > until + SKEW:
                self._db.write_sql("UPDATE lease SET expires_at = ? WHERE cart_id = ?", (to_moment(until), cart_id))
        if taken is not None:
            raise LeaseTakenError(taken[1] or "", taken[2])
        return Lease(cart_id, token, holder, now, ttl_seconds)

    def renew(self, lease: Lease) -> None:
        """Keep it for another `ttl_seconds`. LeaseTakenError when somebody took over."""
        with self._db.joined():
            self.ensure_held(lease)
            until = self._db.clock() + timedelta(seconds=lease.ttl_seconds)
            self._db.write_sql("UPDATE lease SET expires_at = ? WHERE cart_id = ?", (to_moment(until), lease.cart_id))

    def keep(self, lease: Lease, margin_seconds: float) -> None:
        """Be sure of it for `margin_seconds` more: renewed where less is left. LeaseTakenError when somebody took
        over."""
        self.ensure_held(lease)
        row = self._row(lease.cart_id)
        if row is None or (row[3] - self._db.clock()).total_seconds() < margin_seconds:
            self.renew(lease)

    def release(self, lease: Lease) -> None:
        """Give it back; nothing happens where it was lost already."""
        with self._db.joined():
            self._db.write_sql(
                "UPDATE lease SET holder = NULL, expires_at = 0 WHERE cart_id = ? AND token = ?",
                (lease.cart_id, lease.token),
            )

    def holder(self, cart_id: CartId) -> str | None:
        """Who runs the cart now; None for nobody."""
        row = self._row(cart_id)
        return row[1] if row is not None and row[3] > self._db.clock() else None

    def ensure_held(self, lease: Lease) -> None:
        """LeaseTakenError unless the lease still carries its token. Inside a transaction that can't change any more:
        there is one writer at a time."""
        row = self._row(lease.cart_id)
        if row is None or row[0] != lease.token or row[1] is None:
            since = self._db.clock() if row is None else row[2]
            raise LeaseTakenError((row and row[1]) or "nobody any more: it was given back", since)

    def _row(self, cart_id: CartId) -> tuple[int, str | None, datetime, datetime] | None:
        rows = self._db.select(_BY_CART, (int(cart_id),))
        return (rows[0][0], rows[0][1], rows[0][2], rows[0][3]) if rows else None
