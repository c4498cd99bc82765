"""Orders: the documents that were imported from this cart."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from cartui.adapters.memory import MemoryShop
from cartui.app import CartuiApp
from cartui.screens.document import DocumentScreen
from cartui.sync import carts
from cartui.sync.cycle import run_cycle
from cartui.sync.workspace import Workspace
from cartui.testing import samples
from cartui.testing.clock import FrozenClock
from tests.screens.lists import NAME, column, fill, press, ready_cart, tab, typed
from tests.screens.terminal import seen, settle

Make = Callable[..., CartuiApp]


async def test_empty_says_what_to_press(ws: Workspace, make_app: Make) -> None:
    """Before the first import the tab says how orders come here."""
    ready_cart(ws)
    app = make_app(start_cart=NAME, tab=2)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert "No order was imported from this cart yet" in seen(app)


@pytest.mark.slow
async def test_every_tab_stands_a_small_terminal(ws: Workspace, shop: MemoryShop, make_app: Make) -> None:
    """At 60 x 15 nothing crashes and the keys can still be read."""
    ready_cart(ws)
    fill(shop)
    carts.start_cart(ws, NAME, confirmed=True)
    run_cycle(ws, NAME)
    app = make_app(start_cart=NAME)
    async with app.run_test(size=(60, 15)) as pilot:
        await settle(pilot)
        for number in "23456789":
            await press(pilot, number, *(["l"] if number in "567" else []))
            assert "? Help" in seen(app)
            if tab(app).table.row_count:
                await press(pilot, "enter", "G")
                assert "? Help" in seen(app)
                await press(pilot, "q")


async def test_lists_documents_and_opens_one(ws: Workspace, shop: MemoryShop, make_app: Make) -> None:
    """Every imported order is there at once, newest first; enter opens its document, q comes back to the same row."""
    ready_cart(ws)
    fill(shop)
    carts.start_cart(ws, NAME, confirmed=True)
    run_cycle(ws, NAME)
    app = make_app(start_cart=NAME, tab=2)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert column(app, "order_number") == [f"N0000{n}" for n in range(1, 7)]
        assert "6 orders" in seen(app)
        await press(pilot, "j", "j", "enter")
        assert isinstance(app.screen, DocumentScreen)
        assert "N00003" in seen(app)
        await press(pilot, "q")
        assert tab(app).table.cursor_row == 2


async def test_filters_as_you_type(ws: Workspace, shop: MemoryShop, make_app: Make) -> None:
    """`/` and words show the rows that match, and the summary says so; esc shows all again."""
    ready_cart(ws)
    fill(shop)
    carts.start_cart(ws, NAME, confirmed=True)
    run_cycle(ws, NAME)
    app = make_app(start_cart=NAME, tab=2)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await press(pilot, "slash")
        await typed(pilot, "N00004")
        await press(pilot, "enter")
        assert column(app, "order_number") == ["N00004"]
        assert "1 order" in seen(app)
        assert "only N00004" in seen(app)
        await press(pilot, "escape")
        assert tab(app).table.row_count == 6


async def test_shows_what_a_cycle_brings(ws: Workspace, shop: MemoryShop, clock: FrozenClock, make_app: Make) -> None:
    """Documents that a cycle made while the tab was away are there when it comes back."""
    ready_cart(ws)
    fill(shop, orders=1)
    carts.start_cart(ws, NAME, confirmed=True)
    run_cycle(ws, NAME)
    app = make_app(start_cart=NAME, tab=2)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "1")
        clock.advance(timedelta(minutes=10))
        shop.put_order(samples.order(7, clock()))
        run_cycle(ws, NAME)
        await press(pilot, "2")
        assert tab(app).table.row_count == 2
