"""The stock ledger: every movement with its kind and reason; what is on hand is its sum, what is allocated is what
approved orders keep for their buyers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from cartui.books.accounts import Accounts
from cartui.books.database import Database
from cartui.books.fields import from_micros, from_moment, to_micros, to_moment
from cartui.books.items import Items
from cartui.books.outbox import Outbox
from cartui.domain.approval import SoldPiece
from cartui.domain.documents import Document, Item
from cartui.domain.ids import DocumentId, ItemId
from cartui.domain.outbox import OutboxKind
from cartui.domain.posting import StockKind, StockMove, average_cost, post_stock

_ENTER = """INSERT INTO stock_entry (item_id, quantity, reason, at, actor, kind, document_id, position, unit_cost,
 valued) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1) RETURNING id"""
_RAISES_COST = (StockKind.RECEIPT, StockKind.RETURN, StockKind.OPENING)


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """A line of the stock ledger. `document`: the number it was posted under, "" for none."""

    item_code: str
    at: datetime
    actor: str
    kind: StockKind
    quantity: Decimal
    reason: str
    unit_cost: Decimal | None
    document: str


class Stock:
    """Writes need the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._items = Items(database)
        self._accounts = Accounts(database)
        self._outbox = Outbox(database)

    def move(self, moves: Sequence[StockMove], actor: str, *, document: Document | None = None) -> None:
        """Write lines of the ledger; on hand and average cost follow. A document's movements are posted with the
        document, others are posted here."""
        items = self._items.find_by_ids(sorted({move.item_id for move in moves}))
        now = self._db.clock()
        for move in moves:
            item = items[move.item_id]
            [(entry_id,)] = self._db.write_sql(_ENTER, _stored(move, now, actor, document))
            if document is None:
                self._accounts.post(post_stock(move), now, actor, stock_entry_id=int(entry_id))
            items[move.item_id] = self._after(item, move)
        rows = [
            (to_micros(item.on_hand or Decimal(0)), None if item.cost is None else to_micros(item.cost), int(item_id))
            for item_id, item in items.items()
        ]
        self._db.write_many("UPDATE item SET on_hand = ?, cost = ?, version = version + 1 WHERE id = ?", rows)
        self._touch(list(items))

    @staticmethod
    def _after(item: Item, move: StockMove) -> Item:

        cost = item.cost
        if move.kind in _RAISES_COST and move.unit_cost is not None:
            cost = average_cost(item.on_hand, item.cost, move.quantity, move.unit_cost)
        return replace(item, on_hand=(item.on_hand or Decimal(0)) + move.quantity, cost=cost)

    def value_openings(self, actor: str) -> int:
        """Post what entered the ledger without a posting (opening stock of imported items, edits of what is on hand),
        at the item's cost; returns how many were posted. Those without a cost wait until there is one."""
        rows = self._db.sql(
            "SELECT e.id, e.item_id, e.kind, e.quantity, e.reason, e.at, i.cost, i.currency FROM stock_entry e"
            " JOIN item i ON i.id = e.item_id WHERE e.valued = 0 AND i.cost IS NOT NULL AND i.currency <> ''"
            " ORDER BY e.id"
        )
        for entry_id, item_id, kind, quantity, reason, at, cost, currency in rows:
            move = StockMove(
                ItemId(item_id), StockKind(kind), from_micros(quantity), reason, from_micros(cost), currency
            )
            self._accounts.post(post_stock(move), from_moment(at), actor, stock_entry_id=int(entry_id))
        self._db.write_many(
            "UPDATE stock_entry SET valued = 1, unit_cost = ? WHERE id = ?", [(r[6], r[0]) for r in rows]
        )
        return len(rows)

    def allocate(self, document_id: DocumentId, wanted: Mapping[ItemId, Decimal]) -> None:
        """What an order keeps for its buyer from now on; the items follow by the difference."""
        before = {
            ItemId(row[0]): from_micros(row[1])
            for row in self._db.sql(
                "SELECT item_id, quantity FROM allocation WHERE document_id = ?", (int(document_id),)
            )
        }
        after = {item_id: quantity for item_id, quantity in wanted.items() if quantity > 0}
        changed = sorted(one for one in {*before, *after} if before.get(one) != after.get(one))
        if not changed:
            return
        self._db.write_many(
            "DELETE FROM allocation WHERE document_id = ? AND item_id = ?", [(int(document_id), one) for one in changed]
        )
        self._db.write_many(
            "INSERT INTO allocation (document_id, item_id, quantity) VALUES (?, ?, ?)",
            [(int(document_id), one, to_micros(after[one])) for one in changed if one in after],
        )
        zero = Decimal(0)
        self._db.write_many(
            "UPDATE item SET allocated = allocated + ?, version = version + 1 WHERE id = ?",
            [(to_micros(after.get(one, zero) - before.get(one, zero)), int(one)) for one in changed],
        )
        self._touch(changed)

    def _touch(self, item_ids: Sequence[ItemId]) -> None:
        self._outbox.touch(OutboxKind.STOCK, [*item_ids, *self._items.bundles_with(item_ids)])

    def sold_on(self, document: Document) -> list[SoldPiece]:
        """What the lines of a posted document took from stock."""
        rows = self._db.sql(
            "SELECT e.position, e.item_id, e.quantity, e.unit_cost, i.currency FROM stock_entry e"
            " JOIN item i ON i.id = e.item_id WHERE e.document_id = ? AND e.document_id IS NOT NULL"
            " AND e.kind = 'sale' ORDER BY e.id",
            (int(document.document_id),),
        )
        currency = document.draft.currency
        return [
            SoldPiece(row[0], ItemId(row[1]), from_micros(-row[2]), _maybe(row[3]), row[4] or currency) for row in rows
        ]

    def entries(self, item_id: ItemId | None = None, limit: int = 1000) -> list[LedgerEntry]:
        """The newest lines of the ledger, of one item if asked."""
        where, values = ("WHERE e.item_id = ?", (int(item_id),)) if item_id is not None else ("", ())
        rows = self._db.sql(
            "SELECT i.code, e.at, e.actor, e.kind, e.quantity, e.reason, e.unit_cost,"
            " COALESCE(d.posted_number, d.number, '') FROM stock_entry e JOIN item i ON i.id = e.item_id"
            f" LEFT JOIN document d ON d.id = e.document_id {where} ORDER BY e.id DESC LIMIT ?",
            (*values, limit),
        )
        return [
            LedgerEntry(r[0], from_moment(r[1]), r[2], StockKind(r[3]), from_micros(r[4]), r[5], _maybe(r[6]), r[7])
            for r in rows
        ]

    def wrong_allocations(self) -> list[ItemId]:
        """Items whose allocated quantity is not the sum of what orders keep: always none, or the books are damaged."""
        rows = self._db.sql(
            "SELECT id FROM item WHERE allocated <>"
            " (SELECT COALESCE(SUM(quantity), 0) FROM allocation WHERE item_id = item.id) ORDER BY id"
        )
        return [ItemId(row[0]) for row in rows]


def _stored(move: StockMove, now: datetime, actor: str, document: Document | None) -> tuple[object, ...]:
    return (
        int(move.item_id),
        to_micros(move.quantity),
        move.reason,
        to_moment(now),
        actor,
        move.kind.value,
        None if document is None else int(document.document_id),
        move.position,
        None if move.unit_cost is None else to_micros(move.unit_cost),
    )


def _maybe(micros: int | None) -> Decimal | None:
    return None if micros is None else from_micros(int(micros))
