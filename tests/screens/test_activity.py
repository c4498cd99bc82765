"""Activity: the journal, newest first; the last errors."""

from __future__ import annotations

from collections.abc import Callable

from cartui.adapters.memory import MemoryShop
from cartui.app import CartuiApp
from cartui.screens.page import TextScreen
from cartui.sync.workspace import Workspace
from tests.screens.lists import NAME, column, fill, hint, press, put_bad_order, ready_cart, tab, typed
from tests.screens.terminal import seen, settle

Make = Callable[..., CartuiApp]


async def test_newest_first_and_filterable(ws: Workspace, shop: MemoryShop, make_app: Make) -> None:
    """What was done by hand just now is on top; a query finds one kind of action; enter shows an entry in full."""
    ready_cart(ws)
    fill(shop, orders=2)
    put_bad_order(shop)
    app = make_app(start_cart=NAME, tab=10)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        assert "Nothing was done with this cart yet." in seen(app)
        await press(pilot, "5", "l", "j", "I", "y", "q", "a", "I", "y", "q", "0")  # the row under the newest
        assert column(app, "action")[-1] == "create"
        assert column(app, "label")[-1].startswith("N00001")
        assert len(column(app, "action")) == 3
        await press(pilot, "slash")
        await typed(pilot, "action:hold")
        await press(pilot, "enter")
        assert column(app, "action") == ["hold"]
        await press(pilot, "enter")
        assert isinstance(app.screen, TextScreen)
        assert "N00009" in app.screen.sheet.text
        assert "admin@test" in app.screen.sheet.text


async def test_last_errors(ws: Workspace, make_app: Make) -> None:
    """Greyed while there was none; then the newest is on top."""
    ready_cart(ws)
    app = make_app(start_cart=NAME, tab=10)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "E")
        assert hint(app) == "There was no error in this session."
        app.remember_error("The first.")
        app.remember_error("The second.")
        await press(pilot, "E")
        assert isinstance(app.screen, TextScreen)
        assert app.screen.sheet.text.split() == ["The", "second.", "The", "first."]
        await press(pilot, "q")
        assert tab(app).NUMBER == 10
