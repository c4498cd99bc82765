"""What the cart said of an order when it was last agreed with. Kept only where the document says something else: it was
edited here, or a change in the cart was left alone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from cartui.books.database import Database
from cartui.books.fields import to_json
from cartui.domain.ids import DocumentId


class AgreedOrders:
    """Writes need the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def find_many(self, document_ids: Sequence[int]) -> dict[DocumentId, Mapping[str, str]]:
        """Absent where the document itself says it."""
        ids = [int(one) for one in document_ids]
        rows = self._db.sql_among("SELECT document_id, agreed FROM order_agreed WHERE document_id {among}", (), ids)
        return {DocumentId(row[0]): json.loads(row[1] or "{}") for row in rows}

    def keep_first(self, document_id: DocumentId, agreed: Mapping[str, str]) -> None:
        """Before a document is edited for the first time: what it said until now."""
        self._db.write_sql(
            "INSERT INTO order_agreed (document_id, agreed) VALUES (?, ?) ON CONFLICT (document_id) DO NOTHING",
            (int(document_id), to_json(agreed)),
        )

    def put(self, document_id: DocumentId, agreed: Mapping[str, str]) -> None:
        """A change in the cart was taken over, or left alone: from now on this is agreed."""
        self._db.write_sql(
            "INSERT INTO order_agreed (document_id, agreed) VALUES (?, ?)"
            " ON CONFLICT (document_id) DO UPDATE SET agreed = excluded.agreed",
            (int(document_id), to_json(agreed)),
        )
