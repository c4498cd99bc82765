"""A bulk edit and a CSV file are taken back, record by record, where nobody changed it since."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cartui.adapters.memory import MemoryShop
from cartui.domain.ids import RecordKind
from cartui.domain.record_changes import RowAction, Subject
from cartui.errors import NeedsOperatorError
from cartui.sync.actions import Selection, plan_import
from cartui.sync.apply import apply_plan
from cartui.sync.bulk_undo import is_bulk_last, list_bulk, preview_bulk_undo
from cartui.sync.record_changes import apply_changes, preview_bulk, preview_csv
from cartui.sync.workspace import Workspace
from cartui.testing.clock import FrozenClock
from cartui.testing.workspace import running_cart
from tests.sync.sending import NAME, item, rename


@pytest.fixture
def stocked(ws: Workspace) -> Workspace:
    """Ten items of ours, made from the cart's."""
    running_cart(ws)
    assert not apply_plan(ws, plan_import(ws, NAME, RecordKind.ITEM, Selection(None))).problems
    return ws


def change_all(ws: Workspace, edit: str) -> None:
    ids = [one.item_id for one in ws.books.items.list_all() if not one.is_default]
    assert apply_changes(ws, preview_bulk(ws, Subject.ITEMS, ids, edit)) == 10


def test_a_bulk_edit_is_taken_back_where_nobody_changed_it_since(stocked: Workspace, clock: FrozenClock) -> None:
    """Nine prices go back, the one that was changed meanwhile stays and is named; a second undo finds nothing."""
    before = {n: item(stocked, n).price for n in range(10)}
    clock.advance(60)
    change_all(stocked, "price+10%")
    rename(stocked, 3, price=Decimal("77.00"))
    undo = preview_bulk_undo(stocked, Subject.ITEMS)
    assert len(undo.rows) == len(undo.effective) == 9
    assert "1 changed since stay as they are (SKU-3)" in undo.notes
    assert is_bulk_last(stocked, Subject.ITEMS, NAME)
    assert apply_changes(stocked, undo) == 9
    assert {n: item(stocked, n).price for n in range(10)} == {**before, 3: Decimal("77.00")}
    [done] = list_bulk(stocked, Subject.ITEMS)
    assert (done.undone_by, is_bulk_last(stocked, Subject.ITEMS, NAME)) == (stocked.actor, False)
    for number in (None, done.number):
        with pytest.raises(NeedsOperatorError):
            preview_bulk_undo(stocked, Subject.ITEMS, number)


def test_a_change_between_preview_and_undo_is_refused_whole(stocked: Workspace) -> None:
    """As any change of many: by the version of each record."""
    change_all(stocked, "tax_class=reduced")
    undo = preview_bulk_undo(stocked, Subject.ITEMS)
    rename(stocked, 5, name="Renamed")
    with pytest.raises(NeedsOperatorError, match="changed meanwhile"):
        apply_changes(stocked, undo)
    assert item(stocked, 0).tax_class == "reduced"
    assert list_bulk(stocked, Subject.ITEMS)[0].undone_at is None


def test_a_csv_file_is_taken_back(stocked: Workspace, shop: MemoryShop) -> None:
    """What it changed goes back, what was empty is emptied again; what it made stays and is counted."""
    data = b"code,name,barcode,price\nSKU-1,Mug,4006381333931,9.99\nFRESH,New one,,5\n"
    name, price = item(stocked, 1).name, item(stocked, 1).price
    barcode = item(stocked, 1).barcode
    apply_changes(stocked, preview_csv(stocked, Subject.ITEMS, data).changes)
    assert (item(stocked, 1).name, item(stocked, 1).barcode) == ("Mug", "4006381333931")
    undo = preview_bulk_undo(stocked, Subject.ITEMS, list_bulk(stocked, Subject.ITEMS)[0].number)
    assert ([row.action for row in undo.rows], undo.notes[1:]) == ([RowAction.UPDATE], ("1 that were made stay",))
    apply_changes(stocked, undo)
    now = item(stocked, 1)
    assert (now.name, now.barcode, now.price) == (name, barcode, price)
    assert stocked.books.items.find_by_codes(["FRESH"])  # type: ignore[list-item]
