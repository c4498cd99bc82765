"""Why: from the document of an order, each step of how it came to be what it is."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from cartui.adapters.memory import MemoryShop
from cartui.app import CartuiApp
from cartui.screens.document import DocumentScreen
from cartui.screens.why import WhyScreen
from cartui.sync import carts
from cartui.sync.cycle import run_cycle
from cartui.sync.workspace import Workspace
from tests.screens.lists import NAME, fill, press, ready_cart
from tests.screens.terminal import SIZES, settle

Make = Callable[..., CartuiApp]


@pytest.fixture
def app(ws: Workspace, shop: MemoryShop, make_app: Make) -> CartuiApp:
    """One imported order."""
    ready_cart(ws)
    fill(shop, orders=1)
    carts.start_cart(ws, NAME, confirmed=True)
    run_cycle(ws, NAME)
    return make_app(start_cart=NAME, tab=2)


async def test_each_step_is_told(app: CartuiApp) -> None:
    """W: state, document, lines with how the item was found, proof, steps with who did them; q leads back."""
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "2", "enter", "W")
        screen = app.screen
        assert isinstance(screen, WhyScreen)
        text = screen.sheet.text
        for word in (
            "imported",
            "Sales Order D000001 PENDING",
            "default item",
            "exact",
            "import create order by admin",
        ):
            assert word in text, word
        await press(pilot, "q")
        assert isinstance(app.screen, DocumentScreen)


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
def test_how_it_looks(snap_compare: Callable[..., bool], app: CartuiApp, size: tuple[int, int]) -> None:
    """One order from first sight to its document."""

    async def drive(pilot: Pilot[int]) -> None:
        await settle(pilot)
        await press(pilot, "2", "enter", "W")

    assert snap_compare(app, terminal_size=size, run_before=drive)
