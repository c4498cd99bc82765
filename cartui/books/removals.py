"""Takes records out that nobody has used since they were made: for undoing an import."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cartui.books.database import Database

_UNTOUCHED_ITEMS: Final = """SELECT id FROM item WHERE version = 1 AND is_default = 0
 AND NOT EXISTS (SELECT 1 FROM document_line WHERE document_line.item_code = item.code)
 AND NOT EXISTS (SELECT 1 FROM bundle_part WHERE bundle_part.part_id = item.id)
 AND NOT EXISTS (SELECT 1 FROM stock_entry WHERE stock_entry.item_id = item.id AND valued = 1)
 AND (SELECT COUNT(*) FROM cart_record WHERE cart_record.kind = 'item' AND cart_record.our_id = item.id) <= 1
 AND (SELECT COUNT(*) FROM stock_entry WHERE stock_entry.item_id = item.id) <= 1 AND id IN {some}"""
_UNTOUCHED_CUSTOMERS: Final = """SELECT id FROM customer WHERE version = 1
 AND (SELECT COUNT(*) FROM cart_record WHERE cart_record.kind = 'customer' AND cart_record.our_id = customer.id) <= 1
 AND NOT EXISTS (SELECT 1 FROM document WHERE document.customer_id = customer.id) AND id IN {some}"""
_UNTOUCHED_DOCUMENTS: Final = "SELECT id FROM document WHERE status = 'PENDING' AND version = 1 AND id IN {some}"


class Removals:
    """Writes need the caller's transaction. Each `find_…` gives those of the ids that nobody touched since they were
    made; each `remove_…` takes exactly those out that it is given, and asks no more."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def find_items(self, item_ids: Sequence[int]) -> set[int]:
        """Items never edited, never moved after their opening stock, on no document or bundle, and linked at most
        once: another cart may sell them."""
        return self._find(_UNTOUCHED_ITEMS, item_ids)

    def find_customers(self, customer_ids: Sequence[int]) -> set[int]:
        """Customers never edited, on no document, and linked at most once."""
        return self._find(_UNTOUCHED_CUSTOMERS, customer_ids)

    def find_documents(self, document_ids: Sequence[int]) -> set[int]:
        """Documents still PENDING and never edited."""
        return self._find(_UNTOUCHED_DOCUMENTS, document_ids)

    def remove_items(self, item_ids: Sequence[int]) -> None:
        """With their opening stock and what waits to be sent of them."""
        self._remove("DELETE FROM stock_entry WHERE item_id = ?", item_ids)
        self._remove("DELETE FROM outbox WHERE kind IN ('item', 'stock') AND our_id = ?", item_ids)
        self._remove("DELETE FROM item WHERE id = ?", item_ids)

    def remove_customers(self, customer_ids: Sequence[int]) -> None:
        """With what waits to be sent of them."""
        self._remove("DELETE FROM outbox WHERE kind = 'customer' AND our_id = ?", customer_ids)
        self._remove("DELETE FROM customer WHERE id = ?", customer_ids)

    def remove_documents(self, document_ids: Sequence[int]) -> None:
        """With their lines."""
        self._remove("DELETE FROM document WHERE id = ?", document_ids)

    def _find(self, query: str, ids: Sequence[int]) -> set[int]:
        found: set[int] = set()
        for start in range(0, len(ids), 500):
            part = [int(one) for one in ids[start : start + 500]]
            some = f"({', '.join('?' * len(part))})"
            found |= {int(row[0]) for row in self._db.sql(query.replace("{some}", some), part)}
        return found

    def _remove(self, statement: str, ids: Sequence[int]) -> None:
        self._db.write_many(statement, [(int(one),) for one in ids])
