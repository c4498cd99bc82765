"""What stands where, counted for one cart or all: each question reads some hundred rows whatever the books hold (the
counts are kept by the database, see `migrations.m0007_overview`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from cartui.books.database import Database
from cartui.books.fields import from_micros
from cartui.domain.documents import DocumentStatus
from cartui.domain.ids import CartId, RecordKind
from cartui.domain.outcomes import RecordState
from cartui.domain.settings import DocumentKind

_EPOCH: Final = date(1970, 1, 1)
_BOTH_SIDES: Final = "Changed on both sides%"  # how the reason of every conflict begins (`domain.merge`)
_TO_ORDER: Final = "on_hand - allocated - reorder_level <= 0 AND reorder_level IS NOT NULL"  # as its index has it
_LINKED: Final = "EXISTS (SELECT 1 FROM cart_record r WHERE r.our_id = item.id AND r.cart_id = ? AND r.kind = 'item')"


@dataclass(frozen=True, slots=True)
class LowItem:
    """An item at or below its reorder level; `free` = on hand less allocated."""

    code: str
    name: str
    free: Decimal
    reorder_level: Decimal


class Overviews:
    """Reads only. `cart_id` None: of all carts."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def sales(self, first: date, last: date, cart_id: CartId | None) -> list[tuple[date, str, Decimal]]:
        """Income posted on each day (UTC) in each currency, without tax: goods, shipping and fees less discounts and
        what was credited. Days without a posting are absent."""
        where, values = _of(cart_id, "t.cart_id")
        rows = self._db.sql(
            "SELECT t.day, t.currency, CAST(SUM(t.credit - t.debit) AS BIGINT) FROM account_day t"
            " JOIN account a ON a.id = t.account_id AND a.kind = 'income'"
            f" WHERE t.day >= ? AND t.day <= ?{where} GROUP BY t.day, t.currency ORDER BY t.day, t.currency",
            ((first - _EPOCH).days, (last - _EPOCH).days, *values),
        )
        return [(_EPOCH + timedelta(days=day), currency, from_micros(int(amount))) for day, currency, amount in rows]

    def orders(self, first: date, last: date, cart_id: CartId | None) -> dict[date, int]:
        """How many of the orders here were placed on each day (UTC); days without one are absent."""
        if cart_id is None:
            which = "cart_id IN (SELECT DISTINCT cart_id FROM tally) AND "
            values: tuple[int, ...] = ()
        else:
            which, values = "cart_id = ? AND ", (int(cart_id),)
        rows = self._db.sql(
            f"SELECT day, CAST(SUM(count) AS BIGINT) FROM order_day WHERE {which}day >= ? AND day <= ? GROUP BY day",
            (*values, (first - _EPOCH).days, (last - _EPOCH).days),
        )
        return {_EPOCH + timedelta(days=day): int(count) for day, count in rows if count}

    def documents(self, cart_id: CartId | None) -> dict[DocumentKind, dict[DocumentStatus, int]]:
        """How many documents of each kind are in each status."""
        found: dict[DocumentKind, dict[DocumentStatus, int]] = {}
        for kind, state, count in self._tally("document", cart_id):
            found.setdefault(DocumentKind(kind), {})[DocumentStatus(state)] = count
        return found

    def records(self, cart_id: CartId | None) -> dict[RecordKind, dict[RecordState, int]]:
        """How many records of the carts are in each sync state."""
        found: dict[RecordKind, dict[RecordState, int]] = {}
        for kind, state, count in self._tally("record", cart_id):
            found.setdefault(RecordKind(kind), {})[RecordState(state)] = count
        return found

    def conflicts(self, cart_id: CartId | None) -> int:
        """Records that are held, or were refused when they were to be sent, because both sides changed them."""
        where, values = _of(cart_id, "cart_id")
        [(held,)] = self._db.sql(
            "SELECT COUNT(*) FROM cart_record WHERE state IN ('held', 'staged') AND state = 'held'"
            f" AND reason LIKE ?{where}",
            (_BOTH_SIDES, *values),
        )
        [(refused,)] = self._db.sql(
            "SELECT COUNT(*) FROM outbox WHERE state NOT IN ('done', 'superseded') AND state = 'refused'"
            f" AND reason LIKE ?{where}",
            (_BOTH_SIDES, *values),
        )
        return int(held) + int(refused)

    def to_order(self, cart_id: CartId | None, limit: int) -> tuple[int, list[LowItem]]:
        """How many items are at or below their reorder level, and those that lack most; of a cart: those linked there.
        Items whose stock or level is blank are not watched."""
        where, values = ("", ()) if cart_id is None else (f" AND {_LINKED}", (int(cart_id),))
        [(count,)] = self._db.sql(f"SELECT COUNT(*) FROM item WHERE {_TO_ORDER}{where}", values)
        rows = self._db.sql(
            f"SELECT code, name, on_hand - allocated, reorder_level FROM item WHERE {_TO_ORDER}{where}"
            " ORDER BY on_hand - allocated - reorder_level, code LIMIT ?",
            (*values, limit),
        )
        return int(count), [LowItem(code, name, from_micros(free), from_micros(low)) for code, name, free, low in rows]

    def _tally(self, what: str, cart_id: CartId | None) -> list[tuple[str, str, int]]:
        where, values = _of(cart_id, "cart_id")
        rows = self._db.sql(
            f"SELECT kind, state, CAST(SUM(count) AS BIGINT) FROM tally WHERE what = ?{where} GROUP BY kind, state"
            " ORDER BY kind, state",
            (what, *values),
        )
        return [(kind, state, int(count)) for kind, state, count in rows if count]


def _of(cart_id: CartId | None, column: str) -> tuple[str, tuple[int, ...]]:
    return ("", ()) if cart_id is None else (f" AND {column} = ?", (int(cart_id),))
