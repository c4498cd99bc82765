"""Conflicts: what both sides changed is shown with both values, and a person says whose counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from textual.pilot import Pilot

from cartui.adapters.memory import MemoryShop
from cartui.app import CartuiApp
from cartui.domain.ids import RecordKind
from cartui.domain.settings import OWNED_FIELDS, FieldOwner, owner_key
from cartui.screens.conflicts import ConflictsScreen
from cartui.screens.held import HeldScreen
from cartui.sync import carts
from cartui.sync.actions import Selection, plan_import
from cartui.sync.apply import apply_plan
from cartui.sync.conflicts import list_conflicts
from cartui.sync.cycle import run_cycle
from cartui.sync.workspace import Workspace
from cartui.testing.clock import FrozenClock
from tests.screens.lists import NAME, fill, hint, press, ready_cart
from tests.screens.terminal import SIZES, seen, settle

Make = Callable[..., CartuiApp]
ASKED = {owner_key(kind, name): FieldOwner.ASK for kind, names in OWNED_FIELDS.items() for name in names}


@pytest.fixture
def app(ws: Workspace, shop: MemoryShop, clock: FrozenClock, make_app: Make) -> CartuiApp:
    """Two linked items whose price changed on both sides; one name too, with what looks like markup."""
    ready_cart(ws)
    fill(shop, orders=0, items=3)
    document = ws.books.carts.get(NAME)
    both = replace(document.settings, from_cart_items=True, to_cart_items=True, field_owners=ASKED)
    carts.save_cart(ws, replace(document, settings=both))
    carts.start_cart(ws, NAME, confirmed=True)
    apply_plan(ws, plan_import(ws, NAME, RecordKind.ITEM, Selection(None)))
    run_cycle(ws, NAME)
    clock.advance(timedelta(minutes=1).total_seconds())
    for number in range(2):
        shop.put_item(replace(shop.items[f"i{number}"], price=Decimal(15), name=f"Mug [red] {number}"))
        [ours] = ws.books.items.find_by_codes([f"SKU-{number}"]).values()
        changed = replace(ours, price=Decimal("12.50"), name="Becher" if number == 0 else ours.name)
        with ws.books.transaction():
            ws.books.items.update(changed)
    run_cycle(ws, NAME)
    return make_app(start_cart=NAME, tab=9)


def price(ws: Workspace, number: int = 0) -> Decimal | None:
    [ours] = ws.books.items.find_by_codes([f"SKU-{number}"]).values()
    return ours.price


async def opened(pilot: Pilot[int]) -> None:
    await settle(pilot)
    await press(pilot, "9", "C")
    assert isinstance(pilot.app.screen, ConflictsScreen)


async def test_the_carts_values_are_taken_for_the_marked(ws: Workspace, app: CartuiApp) -> None:
    """C asks with before and after; after it the rows are gone, and back on Held nothing is held."""
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        assert len(list_conflicts(ws, NAME).conflicts) == 3
        await press(pilot, "a", "C")
        assert "Take the cart's for 3 fields?" in seen(app)
        assert "Mug [red] 0" in seen(app)
        await press(pilot, "y")
        assert hint(app) == "3 settled."
        assert "No field was changed on both sides" in seen(app)
        await press(pilot, "q")
        assert isinstance(app.screen, HeldScreen)
        assert "Nothing is held" in seen(app)
    assert (price(ws, 0), price(ws, 1)) == (Decimal(15), Decimal(15))


async def test_no_leaves_both_values(ws: Workspace, app: CartuiApp) -> None:
    """The question has No first."""
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await press(pilot, "O", "enter")
        await press(pilot, "C", "n")
    assert len(list_conflicts(ws, NAME).conflicts) == 3
    assert price(ws) == Decimal("12.50")


async def test_one_row_without_marks(ws: Workspace, shop: MemoryShop, app: CartuiApp) -> None:
    """O takes ours for the row under the cursor: nothing is written to the cart here."""
    writes = shop.writes
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await press(pilot, "O", "y")
        assert hint(app) == "1 settled."
    assert len(list_conflicts(ws, NAME).conflicts) == 2
    assert shop.writes == writes


async def test_what_moved_meanwhile_stays_marked(ws: Workspace, shop: MemoryShop, app: CartuiApp) -> None:
    """Changed in the shop after it was listed: left alone, and the line says why."""
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        shop.put_item(replace(shop.items["i1"], price=Decimal(16)))
        await press(pilot, "a", "C", "y")
        assert hint(app).startswith("2 settled. 1 left alone: Its price in the cart is '16' now")
        assert "1 field" in seen(app)
    assert price(ws, 1) == Decimal("12.50")


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
def test_how_it_looks(snap_compare: Callable[..., bool], app: CartuiApp, size: tuple[int, int]) -> None:
    """Three fields of two records, one marked."""

    async def drive(pilot: Pilot[int]) -> None:
        await opened(pilot)
        await press(pilot, "space")

    assert snap_compare(app, terminal_size=size, run_before=drive)


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
def test_the_question(snap_compare: Callable[..., bool], app: CartuiApp, size: tuple[int, int]) -> None:
    """What would be replaced."""

    async def drive(pilot: Pilot[int]) -> None:
        await opened(pilot)
        await press(pilot, "a", "C")

    assert snap_compare(app, terminal_size=size, run_before=drive)
