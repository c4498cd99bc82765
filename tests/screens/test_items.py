"""Items: the free stock typed in, Export selected."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from cartui.adapters.memory import MemoryShop
from cartui.app import CartuiApp
from cartui.domain.ids import ItemCode
from cartui.domain.plan import NewItem
from cartui.screens.our_record import OurRecordPage
from cartui.screens.plan import PlanScreen
from cartui.sync.workspace import Workspace
from tests.screens.lists import NAME, column, fill, own_items, plan_screen, press, ready_cart, tab, typed
from tests.screens.terminal import seen, settle

Make = Callable[..., CartuiApp]


BOOT = NewItem(ItemCode("BOOT"), "Boot", price=Decimal(80), currency="EUR", on_hand=Decimal(9))
SHOE = NewItem(ItemCode("SHOE"), "Shoe", price=Decimal(50), currency="EUR")


def go_to(app: CartuiApp, ws: Workspace, code: str) -> None:
    """Put the cursor on an item."""
    item = ws.books.items.find_by_codes([code])[ItemCode(code)]
    assert tab(app).table.move_to_key(str(item.item_id))


def shop_items(shop: MemoryShop) -> dict[str, Decimal | None]:
    """SKU -> stock of what the shop has."""
    return {item.sku: item.stock for item in shop.items.values()}


async def test_exports_the_marked_with_the_typed_stock(ws: Workspace, shop: MemoryShop, make_app: Make) -> None:
    """The plan comes first; then both are made in the cart, with stock only where it was typed, and are linked."""
    ready_cart(ws)
    own_items(ws, BOOT, SHOE)
    app = make_app(start_cart=NAME, tab=3)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        go_to(app, ws, "BOOT")
        await press(pilot, "tab")
        await typed(pilot, "4")
        await press(pilot, "enter", "k", "space", "space", "E")
        assert isinstance(app.screen, PlanScreen)
        assert "Create 2 items in LIVE cart Main shop" in seen(app)
        assert shop_items(shop) == {}
        await press(pilot, "y")
        assert shop_items(shop) == {}  # creating in a LIVE cart asks once more
        await press(pilot, "y", "q")
        assert shop_items(shop) == {"BOOT": Decimal(4), "SHOE": None}
        linked = dict(zip(column(app, "code"), column(app, "linked"), strict=True))
        assert (linked["BOOT"], linked["SHOE"]) == ("yes", "yes")
        assert not tab(app).unsaved


async def test_exporting_again_makes_nothing_twice(ws: Workspace, shop: MemoryShop, make_app: Make) -> None:
    """Linked items are compared; with nothing to change nothing is sent."""
    ready_cart(ws)
    own_items(ws, BOOT, SHOE)
    app = make_app(start_cart=NAME, tab=3)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await press(pilot, "a", "E", "y", "y", "q")
        writes = shop.writes
        await press(pilot, "a", "E")
        assert not plan_screen(app).plan.effective
        await press(pilot, "q")
        assert shop.writes == writes == 2


async def test_enter_shows_the_stock_as_arithmetic(ws: Workspace, shop: MemoryShop, make_app: Make) -> None:
    """On hand - allocated = free, and what it is linked to."""
    ready_cart(ws)
    own_items(ws, BOOT, SHOE)
    fill(shop)
    app = make_app(start_cart=NAME, tab=3)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        go_to(app, ws, "BOOT")
        await press(pilot, "enter")
        assert isinstance(app.screen, OurRecordPage)
        assert "9 on hand - 0 allocated = 9 free" in seen(app)
        assert "Not linked." in seen(app)
