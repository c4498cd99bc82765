"""The system's items and their stock: a ledger of changes whose sum is what is on hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from cartui.books.database import Database, Row
from cartui.books.faults import StaleVersionError
from cartui.books.fields import to_micros, to_moment
from cartui.books.outbox import Outbox
from cartui.books.selects import Select
from cartui.books.tables import BundlePart as PartTable
from cartui.books.tables import Item as ItemTable
from cartui.books.tables import StockEntry
from cartui.domain.bundles import BundlePart, check_parts, orderable
from cartui.domain.documents import Item
from cartui.domain.ids import ItemCode, ItemId
from cartui.domain.outbox import OutboxKind
from cartui.domain.plan import NewItem
from cartui.errors import NeedsOperatorError

DEFAULT_CODE = ItemCode("DEFAULT")

_ASK = 900
_FIELDS = (
    ItemTable.id, ItemTable.code, ItemTable.name, ItemTable.barcode, ItemTable.cost, ItemTable.price,
    ItemTable.currency, ItemTable.on_hand, ItemTable.allocated, ItemTable.is_default, ItemTable.version,
    ItemTable.tax_class, ItemTable.reorder_level,
)  # fmt: skip
_BY_CODE = Select(_FIELDS, "FROM item WHERE code {among} ORDER BY id")
_BY_ID = Select(_FIELDS, "FROM item WHERE id {among} ORDER BY id")
# The second half is the condition of the index, word for word: it is used for nothing less.
_BY_BARCODE = Select(_FIELDS, "FROM item WHERE barcode {among} AND barcode <> '' ORDER BY id")
_DEFAULT = Select(_FIELDS, "FROM item WHERE is_default = 1 ORDER BY id")
_ALL = Select(_FIELDS, "FROM item WHERE id > 0 ORDER BY id")
_PARTS = Select(
    (PartTable.bundle_id, PartTable.part_id, PartTable.quantity),
    "FROM bundle_part WHERE bundle_id {among} ORDER BY bundle_id, part_id",
)
_BUNDLES = "SELECT bundle_id FROM bundle_part WHERE part_id {among}"
_ADD = """INSERT INTO item (id, code, name, barcode, cost, price, currency, on_hand, allocated, is_default, version,
 changed_at, changed_by, tax_class, reorder_level) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?, 1, ?, ?, ?, ?)"""
_CHANGE = """UPDATE item SET name = ?, barcode = ?, cost = ?, price = ?, currency = ?, tax_class = ?,
 reorder_level = ?, version = version + 1, changed_at = ?, changed_by = ? WHERE id = ?"""
_ENTER = "INSERT INTO stock_entry (item_id, quantity, reason, at, actor) VALUES (?, ?, ?, ?, ?)"
_OPEN = "INSERT INTO stock_entry (item_id, quantity, reason, at, actor, kind) VALUES (?, ?, ?, ?, ?, 'opening')"


@dataclass(frozen=True, slots=True)
class StockChange:
    """One line of the stock ledger: `quantity` is the difference, signed."""

    item_id: ItemId
    quantity: Decimal
    reason: str


class Items:
    """Writes need the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._outbox = Outbox(database)

    def find_by_codes(self, codes: Sequence[str]) -> dict[ItemCode, Item]:
        """By exact code."""
        return {item.code: item for item in self._find(_BY_CODE, [str(one) for one in codes])}

    def find_by_ids(self, item_ids: Sequence[int]) -> dict[ItemId, Item]:
        """By our numbers."""
        return {item.item_id: item for item in self._find(_BY_ID, [int(one) for one in item_ids])}

    def list_all(self) -> list[Item]:
        """Every item, the default item among them."""
        return self._items(self._db.select(_ALL))

    def find_by_barcodes(self, barcodes: Sequence[str]) -> dict[str, list[Item]]:
        """By exact barcode; several items can carry the same."""
        found: dict[str, list[Item]] = {}
        for item in self._find(_BY_BARCODE, sorted({str(one) for one in barcodes if one})):
            found.setdefault(item.barcode, []).append(item)
        return found

    def add_many(self, rows: Sequence[NewItem], *, actor: str = "") -> list[ItemId]:
        """New items in the order given, with their opening stock."""
        return self._add(rows, actor, is_default=False)

    def default_item(self) -> Item:
        """The item that stands in where none of ours matches; made on first use, which needs a transaction."""
        found = self._items(self._db.select(_DEFAULT))
        if not found:
            with self._db.joined():
                taken = self.find_by_codes([DEFAULT_CODE])
                code = self.next_code(DEFAULT_CODE) if taken else DEFAULT_CODE
                self._add([NewItem(code, "Item not found")], "", is_default=True)
            found = self._items(self._db.select(_DEFAULT))
        return found[0]

    def update(self, item: Item, *, actor: str = "", reason: str = "edited") -> Item:
        """Store an item and return it with its new version. Stock that differs from what is stored becomes a ledger
        line with `reason`. StaleVersionError when somebody saved it since."""
        current = self._db.row(
            ItemTable.select(*_FIELDS, ItemTable.changed_by, ItemTable.changed_at).where(ItemTable.id == item.item_id)
        )
        if current is None:
            raise NeedsOperatorError(f"The item {item.code} was deleted.", "Go back to the list of items.")
        *fields, by, at = current
        before = Item(*fields)
        if before.version != item.version:
            raise StaleVersionError(f"The item {item.code}", by, at)
        self._ensure_free(item)
        self._db.write(
            ItemTable.update(
                code=item.code,
                name=item.name,
                barcode=item.barcode,
                cost=item.cost,
                price=item.price,
                currency=item.currency,
                allocated=item.allocated,
                tax_class=item.tax_class,
                reorder_level=item.reorder_level,
                version=item.version + 1,
                changed_at=self._db.clock(),
                changed_by=actor,
            ).where(ItemTable.id == item.item_id)
        )
        if item.on_hand is not None and item.on_hand != before.on_hand:
            self._enter([StockChange(item.item_id, item.on_hand - (before.on_hand or Decimal(0)), reason)], actor)
        self._note(before, item)
        return self.find_by_ids([item.item_id])[item.item_id]

    def update_many(self, items: Sequence[Item], *, actor: str = "") -> None:
        """Store the fields of many items in a few statements. Codes stay, and so does stock: those are `update`'s
        business. StaleVersionError when somebody saved one of them since; then nothing is to be kept."""
        stored = self.find_by_ids([item.item_id for item in items])
        for item in items:
            before = stored.get(item.item_id)
            if before is None or before.version != item.version:
                by, at = self.last_change(item.item_id) or ("", self._db.clock())
                raise StaleVersionError(f"The item {item.code}", by, at)
        now = to_moment(self._db.clock())
        self._db.write_many(
            _CHANGE,
            [
                (
                    item.name, item.barcode, _micros(item.cost), _micros(item.price), item.currency, item.tax_class,
                    _micros(item.reorder_level), now, actor, item.item_id,
                )
                for item in items
            ],
        )  # fmt: skip
        told = [item.item_id for item in items if _said(item) != _said(stored[item.item_id])]
        self._outbox.touch(OutboxKind.ITEM, told)

    def _note(self, before: Item, after: Item) -> None:
        """What the carts that sell it have to be told; a change of what is on hand was noted with its ledger line."""
        if after.allocated != before.allocated:
            self._outbox.touch(OutboxKind.STOCK, [after.item_id])
        if _said(after) != _said(before):
            self._outbox.touch(OutboxKind.ITEM, [after.item_id])

    def change_stock(self, changes: Sequence[StockChange], *, actor: str = "") -> None:
        """Add lines to the stock ledger; the items' versions rise with it."""
        self._enter(changes, actor)
        self._db.write_many("UPDATE item SET version = version + 1 WHERE id = ?", [(one.item_id,) for one in changes])

    def stock_entries(self, item_id: ItemId, limit: int = 100) -> list[StockChange]:
        """The newest lines of an item's ledger."""
        rows = self._db.rows(
            StockEntry.select(StockEntry.item_id, StockEntry.quantity, StockEntry.reason)
            .where(StockEntry.item_id == item_id)
            .order_by(StockEntry.id.desc())
            .limit(limit)
        )
        return [StockChange(ItemId(row[0]), row[1], row[2]) for row in rows]

    def parts_of(self, bundle_ids: Sequence[int]) -> dict[ItemId, tuple[BundlePart, ...]]:
        """The parts of those that are bundles, by bundle."""
        found: dict[ItemId, list[BundlePart]] = {}
        for start in range(0, len(bundle_ids), _ASK):
            asked = [int(one) for one in bundle_ids[start : start + _ASK]]
            for bundle, part, quantity in self._db.select_among(_PARTS, (), asked):
                found.setdefault(ItemId(bundle), []).append(BundlePart(ItemId(part), quantity))
        return {bundle: tuple(parts) for bundle, parts in found.items()}

    def bundles_with(self, part_ids: Sequence[int]) -> list[ItemId]:
        """The bundles that one of these items is a part of: what they can be ordered changes with it."""
        found: set[int] = set()
        for start in range(0, len(part_ids), _ASK):
            asked = [int(one) for one in part_ids[start : start + _ASK]]
            found.update(row[0] for row in self._db.sql_among(_BUNDLES, (), asked))
        return [ItemId(one) for one in sorted(found)]

    def orderable(self, bundle_ids: Sequence[int]) -> dict[ItemId, Decimal | None]:
        """How many of each bundle its parts make now; items that are no bundles are not in the answer."""
        parts = self.parts_of(bundle_ids)
        stock = self.find_by_ids(sorted({part.part_id for some in parts.values() for part in some}))
        free = {item_id: item.free for item_id, item in stock.items()}
        return {bundle: orderable(some, free) for bundle, some in parts.items()}

    def set_parts(self, bundle: Item, parts: Sequence[BundlePart], *, actor: str = "") -> None:
        """Make an item a bundle of these parts; none makes it a plain item again. NeedsOperatorError where that can't
        be, StaleVersionError when somebody saved it since."""
        nested = self.parts_of([part.part_id for part in parts])
        if problem := check_parts(bundle.item_id, parts, nested):
            raise NeedsOperatorError(problem, "Correct the parts.")
        if parts and self.bundles_with([bundle.item_id]):
            raise NeedsOperatorError(f"{bundle.code} is itself a part of a bundle.", "Take it out of that one first.")
        self.update(bundle, actor=actor)
        self._db.write(PartTable.delete().where(PartTable.bundle_id == bundle.item_id))
        self._db.write_many(
            "INSERT INTO bundle_part (bundle_id, part_id, quantity) VALUES (?, ?, ?)",
            [(bundle.item_id, part.part_id, to_micros(part.quantity)) for part in parts],
        )
        self._outbox.touch(OutboxKind.STOCK, [bundle.item_id])

    def last_change(self, item_id: ItemId) -> tuple[str, datetime] | None:
        """Who saved the item last, and when (aware UTC); None where it is gone."""
        row = self._db.row(ItemTable.select(ItemTable.changed_by, ItemTable.changed_at).where(ItemTable.id == item_id))
        return None if row is None else (row[0], row[1])

    def wrong_stock(self) -> list[ItemId]:
        """Items whose stock is not the sum of their ledger: always none, or the books are damaged."""
        rows = self._db.sql(
            "SELECT id FROM item WHERE on_hand IS NOT NULL AND on_hand <>"
            " (SELECT COALESCE(SUM(quantity), 0) FROM stock_entry WHERE item_id = item.id) ORDER BY id"
        )
        return [ItemId(row[0]) for row in rows]

    def next_code(self, prefix: str) -> ItemCode:
        """The first free code of the form PREFIX-1, PREFIX-2, …"""
        start = prefix + "-"
        rows = self._db.sql("SELECT code FROM item WHERE substr(code, 1, ?) = ?", (len(start), start))
        used = {int(tail) for (code,) in rows if (tail := code[len(start) :]).isascii() and tail.isdigit()}
        return ItemCode(f"{start}{max(used, default=0) + 1}")

    def count(self) -> int:
        """How many items there are."""
        return int(self._db.sql("SELECT COUNT(*) FROM item")[0][0])

    def _find(self, select: Select, values: Sequence[object]) -> list[Item]:
        found: list[Item] = []
        for start in range(0, len(values), _ASK):
            found += self._items(self._db.select_among(select, (), values[start : start + _ASK]))
        return found

    @staticmethod
    def _items(rows: list[Row]) -> list[Item]:
        return [Item(*row) for row in rows]

    def _add(self, rows: Sequence[NewItem], actor: str, *, is_default: bool) -> list[ItemId]:
        if not rows:
            return []
        first = self._db.allocate("item", len(rows))
        now = to_moment(self._db.clock())
        stored, entries = [], []
        for item_id, row in enumerate(rows, first):
            on_hand = _micros(row.on_hand)
            stored.append((
                item_id, row.code, row.name, row.barcode, _micros(row.cost), _micros(row.price), row.currency, on_hand,
                int(is_default), now, actor, row.tax_class, _micros(row.reorder_level),
            ))  # fmt: skip
            if on_hand is not None:
                entries.append((item_id, on_hand, "opening stock", now, actor))
        self._db.write_many(_ADD, stored)
        self._db.write_many(_OPEN, entries)
        return [ItemId(first + n) for n in range(len(rows))]

    def _enter(self, changes: Sequence[StockChange], actor: str) -> None:
        now = to_moment(self._db.clock())
        deltas = [(to_micros(one.quantity), one) for one in changes]
        self._db.write_many(_ENTER, [(one.item_id, delta, one.reason, now, actor) for delta, one in deltas])
        self._db.write_many(
            "UPDATE item SET on_hand = COALESCE(on_hand, 0) + ? WHERE id = ?",
            [(delta, one.item_id) for delta, one in deltas],
        )
        self._outbox.touch(OutboxKind.STOCK, sorted({one.item_id for one in changes}))

    def _ensure_free(self, item: Item) -> None:
        other = self.find_by_codes([item.code]).get(item.code)
        if other is not None and other.item_id != item.item_id:
            raise NeedsOperatorError(f"There is an item {item.code} already: {other.name}.", "Choose another code.")


def _said(item: Item) -> tuple[object, ...]:
    """What the carts hold of an item too."""
    return (item.code, item.name, item.barcode, item.price, item.currency)


def _micros(value: Decimal | None) -> int | None:
    return None if value is None else to_micros(value)
