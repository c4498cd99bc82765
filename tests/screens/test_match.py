"""The match workbench: proposals marked by score, linked through a plan, taken back as one, and as CSV."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cartui.adapters.memory import MemoryShop
from cartui.app import CartuiApp
from cartui.domain.ids import ItemCode
from cartui.domain.plan import NewCustomer, NewItem
from cartui.screens.cart_items import CartItemsScreen
from cartui.screens.match import MatchScreen
from cartui.screens.plan import PlanScreen
from cartui.sync.workspace import Workspace
from cartui.testing import samples
from tests.screens.lists import NAME, fill, hint, own_customers, own_items, press, ready_cart
from tests.screens.terminal import seen, settle

Make = Callable[..., CartuiApp]
SIZE = (80, 24)


@pytest.fixture
def app(ws: Workspace, shop: MemoryShop, make_app: Make) -> CartuiApp:
    """Five items of the cart, one of them twice in the shop; three of ours."""
    ready_cart(ws)
    fill(shop)
    shop.put_item(samples.item(7, shop.clock(), sku="SKU-0"))
    shop.put_item(samples.item(8, shop.clock(), sku="", name="Garden chair, folding"))
    own_items(
        ws,
        NewItem(ItemCode("SKU-0"), "x"),
        NewItem(ItemCode("SKU-1"), "Thing 1"),
        NewItem(ItemCode("CHAIR"), "Folding garden chair"),
    )
    return make_app(start_cart=NAME, tab=6)


def match(app: CartuiApp) -> MatchScreen:
    assert isinstance(app.screen, MatchScreen), app.screen
    return app.screen


def links(ws: Workspace) -> int:
    [(count,)] = ws.books.database.sql("SELECT COUNT(*) FROM cart_record WHERE kind = 'item' AND our_id IS NOT NULL")
    return int(count)


async def test_what_is_safe_is_marked_and_linked_as_one(app: CartuiApp, ws: Workspace) -> None:
    """L shows the plan, y links; U takes all of it back, plan first."""
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "6", "m")
        assert match(app).table.marks.keys == {"i1"}
        told = seen(app)
        assert "2 proposed · 2 blocked" in told
        assert "sku → SKU-1 Thing 1" in told
        assert "2 items of the cart have the sku SKU-0." in told
        await press(pilot, "L")
        assert isinstance(app.screen, PlanScreen)
        assert links(ws) == 0
        await press(pilot, "y", "q")
        assert links(ws) == 1
        assert "1 linked already" in seen(app)
        await press(pilot, "U", "y", "q")
        assert links(ws) == 0
        await press(pilot, "q")
        assert isinstance(app.screen, CartItemsScreen)


async def test_another_score_marks_more(app: CartuiApp, ws: Workspace) -> None:
    """Names too, below the safe score; a score that can't be is refused while it is typed."""
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "6", "m", "t", "ctrl+u", "5", "0", "0")
        assert "1 to 100." in seen(app)
        await press(pilot, "backspace", "enter")
        assert match(app).table.marks.keys == {"i1", "i8"}
        assert hint(app) == "2 marked with 50 or more; L links them, plan first."
        await press(pilot, "escape", "L")
        assert hint(app).startswith("Nothing is marked")


async def test_links_go_out_and_come_in_as_csv(app: CartuiApp, ws: Workspace, tmp_path: Path) -> None:
    """The column code of the file is what is linked."""
    path = tmp_path / "links.csv"
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "6", "m")
        match(app)._keep(str(path))
        await settle(pilot)
        lines = path.read_text(encoding="utf-8").splitlines()
        assert lines[0].startswith("cart_item_id,label,standing,code,score")
        path.write_text("cart_item_id,code\ni3,SKU-0\n", encoding="utf-8")
        match(app)._read_links(str(path))
        await settle(pilot)
        assert isinstance(app.screen, PlanScreen)
        assert [change.key for change in app.screen.plan.effective] == ["i3"]


async def test_customers_have_a_workbench_too(app: CartuiApp, ws: Workspace) -> None:
    """By e-mail."""
    own_customers(ws, NewCustomer("Z", email="BUYER2@example.test"))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "7", "m")
        assert match(app).table.marks.keys == {"c2"}
        assert "e-mail → C000001 Z" in seen(app)
