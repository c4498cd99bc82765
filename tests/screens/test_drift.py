"""Synchronise this record: an order beside its document, field by field."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from textual.pilot import Pilot

from cartui.adapters.memory import MemoryShop
from cartui.app import CartuiApp
from cartui.domain.documents import DocumentStatus
from cartui.screens.drift import DriftScreen
from cartui.sync import carts
from cartui.sync.cycle import run_cycle
from cartui.sync.workspace import Workspace
from tests.screens.lists import NAME, fill, hint, press, ready_cart
from tests.screens.terminal import SIZES, settle

Make = Callable[..., CartuiApp]


@pytest.fixture
def app(ws: Workspace, shop: MemoryShop, make_app: Make) -> CartuiApp:
    """One document, whose order got a note and another address since."""
    ready_cart(ws)
    fill(shop, orders=1)
    carts.start_cart(ws, NAME, confirmed=True)
    run_cycle(ws, NAME)
    [key] = shop.orders
    order = shop.orders[key]
    shop.put_order(
        replace(order, note="Leave it [at the door]", shipping_address=replace(order.shipping_address, city="Ulm"))
    )
    return make_app(start_cart=NAME, tab=2)


def text(app: CartuiApp) -> str:
    assert isinstance(app.screen, DriftScreen)
    return app.screen.sheet.text


async def test_what_moved_is_shown_and_taken_over(ws: Workspace, app: CartuiApp) -> None:
    """r reads it afresh; a makes the document as the order is, and then both sides say the same."""
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "2", "enter", "r")
        assert "Leave it [at the door]" in text(app)
        await press(pilot, "a")
        assert "both sides say the same" in text(app)
        await press(pilot, "a")
        assert hint(app) == "Both sides say the same."
    [document] = ws.books.documents.list_by_ids([1])  # type: ignore[list-item]
    assert (document.draft.note, document.version) == ("Leave it [at the door]", 2)


async def test_a_change_can_be_left_alone(ws: Workspace, app: CartuiApp) -> None:
    """i: the document stays as it is."""
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "2", "enter", "r", "i")
        assert "both sides say the same" in text(app)
    [document] = ws.books.documents.list_by_ids([1])  # type: ignore[list-item]
    assert (document.draft.note, document.version) == ("", 1)


async def test_importing_it_again_asks_first(ws: Workspace, app: CartuiApp) -> None:
    """No has the focus; yes voids the document and makes a new one."""
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "2", "enter", "r", "I", "enter")
        assert ws.books.documents.count() == 1
        await press(pilot, "I", "y")
        assert "both sides say the same" in text(app)
    states = [one.status for one in ws.books.documents.list_by_ids([1, 2])]  # type: ignore[list-item]
    assert states == [DocumentStatus.VOID, DocumentStatus.PENDING]


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
def test_how_it_looks(snap_compare: Callable[..., bool], app: CartuiApp, size: tuple[int, int]) -> None:
    """The order beside its document."""

    async def drive(pilot: Pilot[int]) -> None:
        await settle(pilot)
        await press(pilot, "2", "enter", "r")

    assert snap_compare(app, terminal_size=size, run_before=drive)
