"""Items (Cart): typed cells, Create selected, Link selected."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from cartui.adapters.memory import MemoryShop
from cartui.app import CartuiApp
from cartui.domain.ids import ItemCode
from cartui.domain.plan import NewItem
from cartui.screens.dialogs import ConfirmDialog
from cartui.screens.explorer import ExplorerScreen
from cartui.sync.workspace import Workspace
from tests.screens.lists import NAME, column, fill, hint, own_items, plan_screen, press, ready_cart, tab, typed
from tests.screens.terminal import seen, settle

Make = Callable[..., CartuiApp]


async def test_cells_are_checked_while_they_are_typed(ws: Workspace, shop: MemoryShop, make_app: Make) -> None:
    """A letter in a number is told under the cell at once and can't be taken; the row is marked as edited."""
    ready_cart(ws)
    fill(shop)
    app = make_app(start_cart=NAME, tab=6)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "l", "e")
        table = tab(app).table
        await typed(pilot, "A-1")
        await press(pilot, "tab")
        await typed(pilot, "12x")
        assert "A number such as 12.50" in seen(app)
        await press(pilot, "enter")
        assert table.is_editing
        await press(pilot, "backspace", "enter")
        assert table.edits == {("i0", "code"): "A-1", ("i0", "cost"): "12"}
        assert "*unsaved" in seen(app)


async def test_creates_the_chosen_with_what_was_typed(ws: Workspace, shop: MemoryShop, make_app: Make) -> None:
    """Code, cost and opening stock are the typed ones; without a typed code it is the SKU; the list says linked."""
    ready_cart(ws)
    fill(shop)
    app = make_app(start_cart=NAME, tab=6)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "l", "e")
        await typed(pilot, "A-1")
        await press(pilot, "tab")
        await typed(pilot, "2.5")
        await press(pilot, "tab")
        await typed(pilot, "7")
        await press(pilot, "enter", "k", "space", "space", "c")
        assert [change.key for change in plan_screen(app).plan.effective] == ["i0", "i1"]
        await press(pilot, "y", "q")
        items = ws.books.items.find_by_codes([ItemCode("A-1"), ItemCode("SKU-1")])
        made = items[ItemCode("A-1")]
        assert (made.name, made.cost, made.on_hand) == ("Thing 0", Decimal("2.5"), Decimal(7))
        assert items[ItemCode("SKU-1")].on_hand is None
        assert column(app, "state") == ["linked", "linked", "new", "new", "new"]
        assert tab(app).table.edits == {}
        assert "*unsaved" not in seen(app)


async def test_links_to_items_that_exist(ws: Workspace, shop: MemoryShop, make_app: Make) -> None:
    """By the SKU, or by the typed Item Code; nothing is created, and what matches nothing is held with its reason."""
    ready_cart(ws)
    fill(shop, items=3)
    own_items(ws, NewItem(ItemCode("SKU-0"), "Ours"), NewItem(ItemCode("OTHER"), "Ours too"))
    app = make_app(start_cart=NAME, tab=6)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "l", "j", "e")
        await typed(pilot, "OTHER")
        await press(pilot, "enter", "a", "L", "y")
        before = ws.books.items.count()
        await press(pilot, "q")
        assert column(app, "state")[:2] == ["linked", "linked"]
        assert tab(app).table.marks.keys == {"i2"}
        assert ws.books.items.count() == before


async def test_typed_cells_stay_when_tabs_change(ws: Workspace, shop: MemoryShop, make_app: Make) -> None:
    """They are kept on other tabs and when the list is read again, and leaving the cart asks."""
    ready_cart(ws)
    fill(shop)
    app = make_app(start_cart=NAME, tab=6)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "l", "e")
        await typed(pilot, "A-1")
        await press(pilot, "enter", "7", "6", "l")
        assert tab(app).table.edits == {("i0", "code"): "A-1"}
        await press(pilot, "7", "q")
        assert isinstance(app.screen, ConfirmDialog)
        await press(pilot, "n", "6")
        assert tab(app).table.edits == {("i0", "code"): "A-1"}
        await press(pilot, "q", "y")
        assert isinstance(app.screen, ExplorerScreen)


async def test_two_rows_can_not_be_given_one_code(ws: Workspace, shop: MemoryShop, make_app: Make) -> None:
    """The second one is told while it is typed."""
    ready_cart(ws)
    fill(shop)
    app = make_app(start_cart=NAME, tab=6)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "l", "e")
        await typed(pilot, "A-1")
        await press(pilot, "enter", "e")
        await typed(pilot, "a-1")
        assert "Another row was just given this code." in seen(app)


async def test_no_action_while_a_cell_is_typed_in(ws: Workspace, shop: MemoryShop, make_app: Make) -> None:
    """The letters of actions go into the cell."""
    ready_cart(ws)
    fill(shop)
    app = make_app(start_cart=NAME, tab=6)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "l", "e", "c", "L", "q")
        assert tab(app).table.editing_text == "cLq"
        await press(pilot, "escape")
        assert tab(app).table.edits == {}
        assert hint(app).startswith("Numbers typed go into the cell")
