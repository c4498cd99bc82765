"""Small ways of the lists that an admin counts on: where the cursor begins, what the footer says, what is held."""

from __future__ import annotations

from collections.abc import Callable

from cartui.adapters.memory import MemoryShop
from cartui.app import CartuiApp
from cartui.domain.rows import FLAG_MUTED
from cartui.sync.workspace import Workspace
from cartui.testing import samples
from cartui.widgets.chrome import KeyLine
from tests.screens.lists import NAME, fill, hint, plan_screen, press, put_bad_order, ready_cart, tab
from tests.screens.terminal import seen, settle

Make = Callable[..., CartuiApp]


def keys(app: CartuiApp) -> str:
    return app.screen.query_one(KeyLine).text


async def test_a_list_begins_at_its_top(ws: Workspace, shop: MemoryShop, make_app: Make) -> None:
    """Orders of the cart come newest first, and the cursor is on the newest, not where the oldest came to stand."""
    ready_cart(ws)
    fill(shop, orders=40)
    app = make_app(start_cart=NAME, tab=5)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "l")
        assert tab(app).table.cursor_row == 0
        await press(pilot, "j", "j", "l")
        assert tab(app).table.cursor_row == 2


async def test_the_open_filter_line_says_its_keys(ws: Workspace, shop: MemoryShop, make_app: Make) -> None:
    """While the filter is typed the footer shows how to leave it; down and enter go to the list."""
    ready_cart(ws)
    fill(shop)
    app = make_app(start_cart=NAME, tab=5)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "l", "slash")
        assert keys(app).split("  ")[:2] == ["enter To the list", "esc Clear"]
        await press(pilot, "down")
        assert app.focused is tab(app).table
        assert "List all" in keys(app)


async def test_back_stays_in_the_footer(ws: Workspace, make_app: Make) -> None:
    """However many keys a tab has, Back and Help are shown at 80 and at 60 columns."""
    ready_cart(ws)
    app = make_app(start_cart=NAME)
    async with app.run_test(size=(60, 15)) as pilot:
        await settle(pilot)
        for number in "1234567":
            await press(pilot, number)
            assert keys(app).rstrip().endswith("q Back  ? Help")


async def test_h_shows_only_what_is_held(ws: Workspace, shop: MemoryShop, make_app: Make) -> None:
    """On a plan h leaves only the held rows, again or esc shows all; without any it says so."""
    ready_cart(ws)
    fill(shop, orders=3)
    put_bad_order(shop)
    app = make_app(start_cart=NAME, tab=5)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "l", "a", "I")
        screen = plan_screen(app)
        assert screen.table.row_count == 4
        await press(pilot, "h")
        assert screen.table.row_count == 1
        assert hint(app).startswith("Only what is held or not done: 1 of 4 rows")
        await press(pilot, "escape")
        assert screen.table.row_count == 4
        await press(pilot, "slash", *"create", "enter")
        assert screen.table.row_count == 3
        await press(pilot, "escape", "escape")
        assert app.screen is not screen


async def test_a_row_that_is_here_now_is_drawn_quietly(ws: Workspace, shop: MemoryShop, make_app: Make) -> None:
    """After an import the rows' flags are new, not only their words."""
    ready_cart(ws)
    shop.put_order(samples.order(1, shop.clock()))
    app = make_app(start_cart=NAME, tab=5)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "l", "I", "y", "q")
        source = tab(app).table.source
        assert source is not None
        row = source.page(0, 1)[0]
        assert "imported" in row.cells
        assert FLAG_MUTED in row.flags


async def test_order_numbers_dates_and_totals_fit_80_columns(ws: Workspace, shop: MemoryShop, make_app: Make) -> None:
    """A number of 13 characters, the date and the total are whole, on both order tabs."""
    ready_cart(ws)
    shop.put_order(samples.order(1, shop.clock(), order_number="DS-2026-12345"))
    app = make_app(start_cart=NAME, tab=5)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "l")
        assert "DS-2026-12345" in seen(app)
        await press(pilot, "I", "y", "q", "2")
        shown = seen(app)
        assert all(part in shown for part in ("DS-2026-12345", "2026-11-2", "Placed", "Total", "Customer"))
