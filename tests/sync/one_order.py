"""The PENDING cash sale of order 0: what the shop does to the order, and what became of it here."""

from __future__ import annotations

from dataclasses import replace

from cartui.adapters.memory import MemoryShop
from cartui.domain.documents import Document
from cartui.sync.approvals import approve_documents, preview_approvals
from cartui.sync.workspace import Workspace

NAME = "Main shop"


def of_order(ws: Workspace, order_id: str) -> Document:
    cart_id = ws.books.carts.get(NAME).cart_id
    return ws.books.documents.get(ws.books.documents.find_by_external(cart_id, [order_id])[order_id])  # type: ignore[index]


def fresh(ws: Workspace, document: Document) -> Document:
    return ws.books.documents.get(document.document_id)


def approve(ws: Workspace, document: Document) -> Document:
    [done] = approve_documents(ws, preview_approvals(ws, [document.document_id]))
    assert not done.problem, done
    return fresh(ws, document)


def change(shop: MemoryShop, **changes: object) -> None:
    shop.put_order(replace(shop.orders["0"], **changes))  # type: ignore[arg-type]


def dearer(shop: MemoryShop) -> dict[str, object]:
    """The first line costs 5.00 more, the total too."""
    order = shop.orders["0"]
    first = order.lines[0]
    unit = first.unit_price + 5 / first.quantity if first.unit_price is not None else None
    line = replace(first, amount=first.amount + 5, unit_price=unit)
    return {"lines": (line, *order.lines[1:]), "total": order.total + 5}
