"""The overview: its numbers on the screen, from cart to cart, nothing drawn while nothing changes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from textual.pilot import Pilot

from cartui.adapters.memory import MemoryShop
from cartui.app import CartuiApp
from cartui.domain.baskets import NoteKind
from cartui.domain.ids import ItemCode
from cartui.domain.plan import NewItem
from cartui.screens.overview import OverviewScreen
from cartui.screens.page import PageScreen
from cartui.sync import carts
from cartui.sync.cycle import run_cycle
from cartui.sync.workspace import Workspace
from cartui.testing import samples
from tests.screens.lists import NAME, press, put_bad_order, ready_cart
from tests.screens.terminal import NOW, SIZES, seen, settle

Make = Callable[..., CartuiApp]
Snap = Callable[..., bool]
each_size = pytest.mark.parametrize(
    "size", [SIZES[0], pytest.param(SIZES[1], marks=pytest.mark.slow)], ids=["80x24", "120x40"]
)


@pytest.fixture
def busy(ws: Workspace, shop: MemoryShop) -> None:
    """A RUNNING cart with orders of today, a held one, sales of 30 days, an item to order, a task that is due."""
    ready_cart(ws)
    for number in range(1, 6):
        shop.put_order(samples.order(number, NOW - timedelta(hours=number)))
    put_bad_order(shop)
    carts.start_cart(ws, NAME)
    run_cycle(ws, NAME)
    carts.duplicate_cart(ws, NAME, "Outlet")
    cart_id = carts.view_cart(ws, NAME).document.cart_id
    today = int(NOW.timestamp()) // 86_400
    with ws.books.transaction():
        ws.books.items.add_many([NewItem(ItemCode("MUG"), "Mug", on_hand=Decimal(2), reorder_level=Decimal(8))])
        ws.books.baskets.add_note(cart_id, "b-1", NoteKind.TASK, "call her", NOW.date(), actor="ada")
        for n in range(30):
            ws.books.database.write_sql(
                "INSERT INTO account_day (account_id, currency, day, cart_id, tax_rate, debit, credit)"
                " SELECT id, 'EUR', ?, ?, -1, 0, ? FROM account WHERE key = 'sales'",
                (today - n, cart_id, n * n * 37 % 50 * 1_000_000),
            )


@each_size
@pytest.mark.usefixtures("busy")
def test_overview_filled(snap_compare: Snap, make_app: Make, size: tuple[int, int]) -> None:
    """All carts, with sales and with what waits."""

    async def drive(pilot: Pilot[int]) -> None:
        await settle(pilot)
        await press(pilot, "O")

    assert snap_compare(make_app(), terminal_size=size, run_before=drive)


@each_size
def test_overview_empty(snap_compare: Snap, ws: Workspace, make_app: Make, size: tuple[int, int]) -> None:
    """Of a cart that did nothing yet: it says how sales come about."""
    ready_cart(ws)

    async def drive(pilot: Pilot[int]) -> None:
        await settle(pilot)
        await press(pilot, "O")

    assert snap_compare(make_app(start_cart=NAME), terminal_size=size, run_before=drive)


@pytest.mark.usefixtures("busy")
async def test_of_the_cart_under_the_cursor_and_from_cart_to_cart(make_app: Make) -> None:
    """w is of the chosen cart, O of all; ] and [ go round over all carts."""
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "w")
        shown = seen(app)
        assert f"Overview · {NAME}" in shown
        assert "635.00 EUR" in shown
        assert "1 order" in shown
        titles = []
        for _ in range(3):
            await press(pilot, "right_square_bracket")
            titles.append(seen(app).splitlines()[0].strip())
        assert titles == ["Overview · Outlet", "Overview · all carts", f"Overview · {NAME}"]
        await press(pilot, "left_square_bracket", "left_square_bracket")
        assert "nothing was posted" in seen(app)
        await press(pilot, "q")
        assert not isinstance(app.screen, PageScreen)


@pytest.mark.usefixtures("busy")
async def test_drawn_only_when_something_changed(
    ws: Workspace, shop: MemoryShop, make_app: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read again without a change not a byte is drawn; a new order is, and the page stays where it was scrolled to."""
    app = make_app()
    async with app.run_test(size=(80, 16)) as pilot:
        await settle(pilot)
        await press(pilot, "O", "j", "j")
        screen = app.screen
        assert isinstance(screen, OverviewScreen)
        drawn: list[object] = []
        show = app._display
        monkeypatch.setattr(app, "_display", lambda *what: (drawn.append(what), show(*what)))
        app.reload_carts()
        await settle(pilot)
        await press(pilot, "l")
        assert drawn == []
        at = screen.sheet.scroll_offset.y
        assert at == 2
        shop.put_order(samples.order(8, NOW))
        run_cycle(ws, NAME)
        app.reload_carts()
        await settle(pilot)
        assert drawn
        assert "6 PENDING" in screen.sheet.text
        assert screen.sheet.scroll_offset.y == at


@pytest.mark.parametrize("size", [(60, 15), (40, 8)])
@pytest.mark.usefixtures("busy")
async def test_at_small_sizes(make_app: Make, size: tuple[int, int]) -> None:
    """Narrow terminals get narrow columns; foreign names are text."""
    app = make_app()
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        await press(pilot, "O")
        assert "Sales" in seen(app)
