""" "Always for this SKU": an item given to a line by hand is taken by later imports of the cart by themselves."""

from __future__ import annotations

from cartui.adapters.memory import MemoryShop
from cartui.domain.documents import Document
from cartui.domain.editing import DocumentEdit
from cartui.domain.ids import DocumentId, ItemCode
from cartui.domain.plan import NewItem
from cartui.sync.cycle import run_cycle
from cartui.sync.document_edits import save_edit
from cartui.sync.workspace import Workspace
from cartui.testing.clock import FrozenClock
from cartui.testing.workspace import running_cart
from tests.sync.conftest import place


def documents(ws: Workspace) -> dict[str, Document]:
    return {one.draft.order_number: one for one in ws.books.documents.list_after(DocumentId(0), 99)}


def test_the_rule_holds_for_later_imports_only(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """Orders 1 and 11 sell SKU-1, order 2 SKU-2; what was imported before stays as it is."""
    running_cart(ws)
    with ws.books.transaction():
        ws.books.items.add_many([NewItem(ItemCode("MUG"), "Mug")])
    place(shop, range(1, 3))
    run_cycle(ws, "Main shop")
    first = documents(ws)["N00001"]
    assert first.draft.lines[0].default_item
    save_edit(ws, first, DocumentEdit(lines={1: {"item_code": "MUG"}}), always=[1])
    clock.advance(60)
    place(shop, range(11, 13))
    run_cycle(ws, "Main shop")
    found = {
        number: (one.draft.lines[0].item_code, one.draft.default_item_lines) for number, one in documents(ws).items()
    }
    assert found["N00001"] == ("MUG", 0)
    assert found["N00011"] == ("MUG", 0)
    assert found["N00002"][1] == found["N00012"][1] == 1
