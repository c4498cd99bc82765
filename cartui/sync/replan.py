"""Records that were read again, planned as a cycle plans them: by the rules and the owners of the fields."""

from __future__ import annotations

from typing import Any, cast

from cartui.domain.ids import RecordKind
from cartui.domain.plan import PlannedChange
from cartui.domain.plan_customers import plan_customer_updates
from cartui.domain.plan_items import plan_item_updates
from cartui.domain.plan_orders import plan_orders
from cartui.domain.settings import CartDocument
from cartui.sync.cart_reads import Rows
from cartui.sync.ground import field_owners, order_ground
from cartui.sync.imports import our_customer_ids, our_item_ids
from cartui.sync.workspace import Workspace


def replan(ws: Workspace, document: CartDocument, kind: RecordKind, rows: Rows) -> list[PlannedChange]:
    """One change for each row, in order; nothing is written."""
    books, cart_id = ws.books, document.cart_id
    if kind is RecordKind.ORDER:
        code = books.items.default_item().code
        return plan_orders(rows, order_ground(books, cart_id, rows), document.settings, code)
    records = books.records.find_many(cart_id, kind, [row.external_id for row in rows])
    if kind is RecordKind.ITEM:
        ids = our_item_ids(records)
        items, owners = books.items.find_by_ids(ids), field_owners(books, document, kind, ids)
        return plan_item_updates(cast(Any, rows), records, items, owners)
    our_ids = our_customer_ids(records)
    customers, owners = books.customers.find_by_ids(our_ids), field_owners(books, document, kind, our_ids)
    return plan_customer_updates(cast(Any, rows), records, customers, owners)
