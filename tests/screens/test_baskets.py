"""The Baskets (Cart) tab and the page of one basket."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from textual.pilot import Pilot

from cartui.adapters.memory import MemoryShop
from cartui.app import CartuiApp
from cartui.domain.records import BasketStatus
from cartui.screens.basket import BasketScreen, check_task
from cartui.screens.document import DocumentScreen
from cartui.sync.workspace import Workspace
from cartui.testing import samples
from tests.screens.lists import NAME, column, hint, press, ready_cart, typed
from tests.screens.terminal import SIZES, seen, settle

Make = Callable[..., CartuiApp]


@pytest.fixture
def app(ws: Workspace, shop: MemoryShop, make_app: Make) -> CartuiApp:
    """A tested cart with its dates, an open basket and a lost one."""
    ready_cart(ws)
    shop.baskets["b1"] = samples.basket(1, shop.clock())
    shop.baskets["b2"] = samples.basket(2, shop.clock(), status=BasketStatus.LOST, native_status="lost")
    return make_app(start_cart=NAME, tab=8)


async def test_a_basket_is_worked_on_and_ordered_by_keys(ws: Workspace, shop: MemoryShop, app: CartuiApp) -> None:
    """8, l, enter; s steps it, n notes, C places the order: the document opens, the list shows our step."""
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "8", "l")
        assert column(app, "status") == ["open", "lost"]
        await press(pilot, "enter", "s", "down", "enter", "n")
        await typed(pilot, "She wants it blue")
        await press(pilot, "enter")
        assert "contacted" in app.screen.sheet.text  # type: ignore[attr-defined]
        assert "Note: She wants it blue (admin@test)" in app.screen.sheet.text  # type: ignore[attr-defined]
        await press(pilot, "C", "y")
        assert isinstance(app.screen, DocumentScreen)
        await press(pilot, "q", "q")
        assert column(app, "state") == ["converted", "open"]
    assert ws.books.documents.count() == 1
    assert shop.baskets["b1"].status is BasketStatus.PURCHASED


async def test_a_lost_basket_says_why_it_becomes_no_order(app: CartuiApp, ws: Workspace) -> None:
    """S106: greyed, with the reason on its help line."""
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "8", "l", "j", "enter", "C")
        assert isinstance(app.screen, BasketScreen)
        assert "only an open basket becomes an order" in hint(app)
    assert ws.books.documents.count() == 0


async def test_leaving_the_question_places_nothing(app: CartuiApp, shop: MemoryShop) -> None:
    """No has the focus."""
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "8", "l", "enter", "C", "enter")
        assert isinstance(app.screen, BasketScreen)
    assert (len(shop.orders), shop.writes) == (0, 0)


async def test_a_task_comes_with_its_day(app: CartuiApp) -> None:
    """x does the oldest open one."""
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "8", "l", "enter", "t")
        await typed(pilot, "2026-12-01 call again")
        await press(pilot, "enter")
        assert "Task due 2026-12-01: call again" in app.screen.sheet.text  # type: ignore[attr-defined]
        await press(pilot, "x")
        assert "Task done: call again" in app.screen.sheet.text  # type: ignore[attr-defined]
        await press(pilot, "x")
        assert hint(app) == "No task is open."


@pytest.mark.parametrize(("text", "good"), [("2026-12-01 call", True), ("call", False), ("2026-12-01", False)])
def test_what_is_wrong_with_a_task_is_said_while_it_is_typed(text: str, good: bool) -> None:
    """The day first, then the words."""
    assert (check_task(text) is None) is good


async def test_text_of_the_shop_is_only_text(app: CartuiApp, shop: MemoryShop) -> None:
    """Markup and controls in names and native words draw as they are, without their force."""
    buyer = replace(shop.baskets["b1"].buyer, first_name="[/bold]\x1b[2J", last_name="[red]x")
    shop.baskets["b1"] = replace(shop.baskets["b1"], buyer=buyer, native_status="[@click=app.quit]open")
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await press(pilot, "8", "l", "enter")
        assert "[@click=app.quit]open" in seen(app)
        assert "\x1b" not in app.screen.sheet.text  # type: ignore[attr-defined]


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
@pytest.mark.parametrize("keys", [("8",), ("8", "l"), ("8", "l", "enter")], ids=["empty", "list", "basket"])
def test_how_it_looks(
    snap_compare: Callable[..., bool], app: CartuiApp, size: tuple[int, int], keys: tuple[str, ...]
) -> None:
    """The tab before and after List all, and the page of one basket."""

    async def drive(pilot: Pilot[int]) -> None:
        await settle(pilot)
        await press(pilot, *keys)

    assert snap_compare(app, terminal_size=size, run_before=drive)
