"""Items as one cart sees them: what a person said of them there, what stock was last sent and seen, and which pieces
stand on the cart's open orders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from cartui.books.database import Database, Row
from cartui.books.documents import Documents
from cartui.books.fields import from_micros, from_moment, to_micros, to_moment
from cartui.books.items import Items
from cartui.books.outbox import Outbox
from cartui.domain.documents import Item
from cartui.domain.ids import CartId, ItemId
from cartui.domain.outbox import OutboxKind
from cartui.domain.plan_stock import ItemRule, Promise, Sold, StockGround, Told, free_of
from cartui.domain.ports import StockMeaning

_ASK = 900
Promises = Mapping[ItemId, Promise]

# An order waits while it is staged or held and is no document; see `domain.plan_stock`.
_WAITING = """SELECT p.item_id, CAST(SUM(p.quantity) AS BIGINT) FROM open_order_piece p
 JOIN cart_record r ON r.cart_id = p.cart_id AND r.kind = 'order' AND r.external_id = p.external_id
 WHERE r.state IN ('staged', 'held') AND r.our_id IS NULL AND p.item_id {among} GROUP BY p.item_id"""
_OPEN_HERE = """SELECT item_id, CAST(SUM(quantity - gone) AS BIGINT) FROM open_order_piece
 WHERE cart_id = ? AND item_id {among} GROUP BY item_id"""


class CartItems:
    """Writes need the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._items = Items(database)
        self._documents = Documents(database)
        self._outbox = Outbox(database)

    # --- rules

    def rules(self, cart_id: CartId, item_ids: Sequence[int]) -> dict[ItemId, ItemRule]:
        """What was said of these items in a cart; nothing was said of those that are not in the answer."""
        rows = self._among(
            "SELECT item_id, buffer, backorder, never_send, listed FROM cart_item_rule WHERE cart_id = ?"
            " AND item_id {among}",
            (int(cart_id),),
            item_ids,
        )
        return {
            ItemId(row[0]): ItemRule(
                _amount(row[1]), None if row[2] is None else bool(row[2]), bool(row[3]), bool(row[4])
            )
            for row in rows
        }

    def set_rules(self, cart_id: CartId, rules: Mapping[ItemId, ItemRule]) -> None:
        """Say it; the items' stock is sent anew."""
        self._db.write_many(
            "INSERT INTO cart_item_rule (cart_id, item_id, buffer, backorder, never_send, listed)"
            " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (cart_id, item_id) DO UPDATE SET buffer = excluded.buffer,"
            " backorder = excluded.backorder, never_send = excluded.never_send, listed = excluded.listed",
            [
                (
                    int(cart_id),
                    int(item_id),
                    None if rule.buffer is None else to_micros(rule.buffer),
                    None if rule.backorder is None else int(rule.backorder),
                    int(rule.never_send),
                    int(rule.listed),
                )
                for item_id, rule in rules.items()
            ],
        )
        self._outbox.touch(OutboxKind.STOCK, list(rules), cart_id=cart_id)

    # --- what the cart was told

    def told(self, cart_id: CartId, item_ids: Sequence[int]) -> dict[ItemId, Told]:
        """What was last sent and seen."""
        rows = self._among(
            "SELECT item_id, sent, sent_at, seen, seen_at FROM stock_told WHERE cart_id = ? AND item_id {among}",
            (int(cart_id),),
            item_ids,
        )
        return {
            ItemId(row[0]): Told(
                _amount(row[1]),
                None if row[2] is None else from_moment(row[2]),
                _amount(row[3]),
                None if row[4] is None else from_moment(row[4]),
            )
            for row in rows
        }

    def note_seen(self, cart_id: CartId, seen: Mapping[ItemId, Decimal]) -> None:
        """What the cart showed now."""
        now = to_moment(self._db.clock())
        self._db.write_many(
            "INSERT INTO stock_told (cart_id, item_id, seen, seen_at) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (cart_id, item_id) DO UPDATE SET seen = excluded.seen, seen_at = excluded.seen_at",
            [(int(cart_id), int(item_id), to_micros(amount), now) for item_id, amount in seen.items()],
        )

    def note_sent(self, cart_id: CartId, sent: Mapping[ItemId, Decimal]) -> None:
        """What the cart confirmed now; it is also what was seen."""
        now = to_moment(self._db.clock())
        self._db.write_many(
            "INSERT INTO stock_told (cart_id, item_id, sent, sent_at, seen, seen_at) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (cart_id, item_id) DO UPDATE SET sent = excluded.sent, sent_at = excluded.sent_at,"
            " seen = excluded.seen, seen_at = excluded.seen_at",
            [
                (int(cart_id), int(item_id), micros, now, micros, now)
                for item_id, amount in sent.items()
                for micros in (to_micros(amount),)
            ],
        )

    # --- the cart's open orders

    def has_open_orders(self, cart_id: CartId) -> bool:
        """Whether pieces of any order of this cart are noted."""
        return bool(self._db.sql("SELECT 1 FROM open_order_piece WHERE cart_id = ? LIMIT 1", (int(cart_id),)))

    def open_pieces(self, cart_id: CartId, order_ids: Sequence[str]) -> dict[str, dict[ItemId, Promise]]:
        """Our pieces on these orders, as noted."""
        found: dict[str, dict[ItemId, Promise]] = {}
        rows = self._among(
            "SELECT external_id, item_id, quantity, gone FROM open_order_piece"
            " WHERE cart_id = ? AND external_id {among}",
            (int(cart_id),),
            order_ids,
        )
        for external_id, item_id, quantity, gone in rows:
            found.setdefault(external_id, {})[ItemId(item_id)] = Promise(from_micros(quantity), from_micros(gone))
        return found

    def put_open_pieces(self, cart_id: CartId, orders: Mapping[str, Promises]) -> None:
        """Our pieces on these orders as they are now (none: it is open no more); the stock of what changed is sent
        anew, to every cart."""
        before = self.open_pieces(cart_id, list(orders))
        changed = {one: pieces for one, pieces in orders.items() if before.get(one, {}) != dict(pieces)}
        if not changed:
            return
        self._db.write_many(
            "DELETE FROM open_order_piece WHERE cart_id = ? AND external_id = ?",
            [(int(cart_id), one) for one in changed],
        )
        self._db.write_many(
            "INSERT INTO open_order_piece (cart_id, external_id, item_id, quantity, gone) VALUES (?, ?, ?, ?, ?)",
            [
                (int(cart_id), one, int(item_id), to_micros(promise.quantity), to_micros(promise.gone))
                for one, pieces in changed.items()
                for item_id, promise in pieces.items()
            ],
        )
        moved = {item_id for one, pieces in changed.items() for item_id in {*pieces, *before.get(one, {})}}
        self._outbox.touch(OutboxKind.STOCK, sorted(moved))

    def waiting_orders(self, cart_id: CartId, after: int, limit: int) -> list[tuple[int, str]]:
        """Orders that keep pieces and are no document yet, by the number of their record: those after one."""
        rows = self._db.sql(
            "SELECT DISTINCT r.id, r.external_id FROM open_order_piece p JOIN cart_record r ON r.cart_id = p.cart_id"
            " AND r.kind = 'order' AND r.external_id = p.external_id WHERE p.cart_id = ? AND r.our_id IS NULL"
            f" AND r.state IN ('held', 'staged') AND r.id > ? ORDER BY r.id LIMIT {int(limit)}",
            (int(cart_id), int(after)),
        )
        return [(int(row[0]), str(row[1])) for row in rows]

    def asked_last(self, cart_id: CartId) -> int:
        """The number of the waiting order that the cart was asked for last; 0: begin anew."""
        rows = self._db.sql("SELECT value FROM meta WHERE key = ?", (f"waiting_asked:{int(cart_id)}",))
        return int(rows[0][0]) if rows else 0

    def note_asked(self, cart_id: CartId, last: int) -> None:
        """Keep it for the next time."""
        self._db.write_sql(
            "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (f"waiting_asked:{int(cart_id)}", str(int(last))),
        )

    # --- all that the arithmetic needs

    def linked_items(self, cart_id: CartId) -> list[Item]:
        """Every item that is linked in a cart."""
        rows = self._db.sql(
            "SELECT DISTINCT our_id FROM cart_record WHERE cart_id = ? AND kind = 'item' AND our_id IS NOT NULL"
            " ORDER BY our_id",
            (int(cart_id),),
        )
        return list(self._items.find_by_ids([row[0] for row in rows]).values())

    def meaning(self, cart_id: CartId) -> StockMeaning | None:
        """What the cart takes a stock number for, as it was when it was last sent one; None: never."""
        rows = self._db.sql("SELECT value FROM meta WHERE key = ?", (f"stock_meaning:{int(cart_id)}",))
        return StockMeaning(rows[0][0]) if rows else None

    def note_meaning(self, cart_id: CartId, meaning: StockMeaning) -> None:
        """Keep it for those who look while the cart is not at hand."""
        if self.meaning(cart_id) is not meaning:
            self._db.write_sql(
                "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                (f"stock_meaning:{int(cart_id)}", meaning.value),
            )

    def stock_grounds(self, cart_id: CartId, items: Sequence[Item]) -> dict[ItemId, StockGround]:
        """For items in a cart: seven queries, whatever their number."""
        parts = self._items.parts_of([item.item_id for item in items])
        part_ids = sorted({part.part_id for some in parts.values() for part in some})
        part_items = self._items.find_by_ids(part_ids)
        everything = {item.item_id: item for item in (*items, *part_items.values())}
        sold = self._sold(cart_id, everything)
        rules = self.rules(cart_id, [item.item_id for item in items])
        part_free = {part_id: free_of(item, sold[part_id]) for part_id, item in part_items.items()}
        return {
            item.item_id: StockGround(
                item=item,
                # The pieces of a bundle are taken off its parts, there they count.
                sold=Sold(open_here=sold[item.item_id].open_here) if item.item_id in parts else sold[item.item_id],
                rule=rules.get(item.item_id, ItemRule()),
                parts=parts.get(item.item_id, ()),
                part_free=part_free,
            )
            for item in items
        }

    def _sold(self, cart_id: CartId, items: Mapping[ItemId, Item]) -> dict[ItemId, Sold]:
        """By item; what is sold of a bundle is sold of its parts."""
        bundles = self._items.bundles_with(list(items))
        made_of = self._items.parts_of(bundles)
        of_bundles = self._items.find_by_ids([one for one in bundles if one not in items])
        asked = {**items, **of_bundles}
        pending_by_code = self._documents.pending_quantities([item.code for item in asked.values()])
        pending = {item_id: pending_by_code.get(item.code, Decimal(0)) for item_id, item in asked.items()}
        waiting, here = self._sums(_WAITING, (), list(asked)), self._sums(_OPEN_HERE, (int(cart_id),), list(asked))
        for bundle, parts in made_of.items():
            for part in parts:
                if part.part_id in items:
                    for sums in (pending, waiting):
                        taken = sums.get(bundle, Decimal(0)) * part.quantity
                        sums[part.part_id] = sums.get(part.part_id, Decimal(0)) + taken
        zero = Decimal(0)
        return {one: Sold(pending.get(one, zero), waiting.get(one, zero), here.get(one, zero)) for one in items}

    def _sums(self, text: str, values: Sequence[object], item_ids: Sequence[int]) -> dict[ItemId, Decimal]:
        return {ItemId(row[0]): from_micros(int(row[1])) for row in self._among(text, values, item_ids)}

    def _among(self, text: str, values: Sequence[object], some: Sequence[object]) -> list[Row]:
        plain = [int(one) if isinstance(one, int) else str(one) for one in some]
        return [
            row
            for start in range(0, len(plain), _ASK)
            for row in self._db.sql_among(text, values, plain[start : start + _ASK])
        ]


def _amount(micros: int | None) -> Decimal | None:
    return None if micros is None else from_micros(micros)
