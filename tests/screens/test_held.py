"""Held: reason and remedy, retry."""

from __future__ import annotations

from collections.abc import Callable

from cartui.adapters.memory import MemoryShop
from cartui.app import CartuiApp
from cartui.screens.document import RecordScreen
from cartui.sync import carts
from cartui.sync.cycle import run_cycle
from cartui.sync.workspace import Workspace
from cartui.testing import samples
from tests.screens.lists import NAME, fill, hint, press, put_bad_order, ready_cart, tab
from tests.screens.terminal import seen, settle

Make = Callable[..., CartuiApp]


def with_held(ws: Workspace, shop: MemoryShop, *numbers: int) -> None:
    """A cycle that held these orders."""
    ready_cart(ws)
    fill(shop, orders=1)
    for number in numbers:
        put_bad_order(shop, number)
    carts.start_cart(ws, NAME, confirmed=True)
    run_cycle(ws, NAME)


async def test_nothing_held(ws: Workspace, make_app: Make) -> None:
    """Says so; Retry has nothing to do and says that."""
    ready_cart(ws)
    app = make_app(start_cart=NAME, tab=9)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert "Nothing is held." in seen(app)
        await press(pilot, "R")
        assert hint(app) == "The list is empty."


async def test_reason_remedy_and_raw(ws: Workspace, shop: MemoryShop, make_app: Make) -> None:
    """The list says why; enter shows reason, remedy and the body as the cart sent it, kept since."""
    with_held(ws, shop, 9)
    app = make_app(start_cart=NAME, tab=9)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert "The amounts add up to 27.60" in seen(app)
        shop.orders.clear()
        await press(pilot, "enter")
        assert isinstance(app.screen, RecordScreen)
        text = app.screen.sheet.text
        assert "Look at the order in the shop" in text
        assert '"total": "32.60"' in text


async def test_retry_after_the_shop_was_put_right(ws: Workspace, shop: MemoryShop, make_app: Make) -> None:
    """The record is read again and becomes a document; what is still wrong stays held and marked."""
    with_held(ws, shop, 8, 9)
    app = make_app(start_cart=NAME, tab=9)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        shop.put_order(samples.order(9, shop.orders["9"].placed_at))
        before = ws.books.documents.count()
        await press(pilot, "a", "R", "y", "q")
        assert ws.books.documents.count() == before + 1
        assert tab(app).table.row_count == 1
        assert tab(app).table.cursor_key == "order:8"
