"""Synchronise this record: an item beside the cart's, from its page and from the cart's record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from textual.pilot import Pilot

from cartui.adapters.memory import MemoryShop
from cartui.app import CartuiApp
from cartui.domain.ids import RecordKind
from cartui.domain.settings import OWNED_FIELDS, FieldOwner, owner_key
from cartui.screens.conflicts import ConflictsScreen
from cartui.screens.our_record import OurRecordPage
from cartui.screens.record_drift import RecordDriftScreen
from cartui.sync import carts
from cartui.sync.actions import Selection, plan_import
from cartui.sync.apply import apply_plan
from cartui.sync.workspace import Workspace
from cartui.testing.clock import FrozenClock
from tests.screens.lists import NAME, fill, hint, plan_screen, press, ready_cart
from tests.screens.terminal import SIZES, seen, settle

Make = Callable[..., CartuiApp]
ASKED = {owner_key(kind, name): FieldOwner.ASK for kind, names in OWNED_FIELDS.items() for name in names}


@pytest.fixture
def app(ws: Workspace, shop: MemoryShop, clock: FrozenClock, make_app: Make) -> CartuiApp:
    """A linked item whose name changed in the shop and whose price changed here; a second one is not linked."""
    ready_cart(ws)
    fill(shop, orders=0, items=2)
    document = ws.books.carts.get(NAME)
    both = replace(document.settings, from_cart_items=True, to_cart_items=True, field_owners=ASKED)
    carts.save_cart(ws, replace(document, settings=both))
    apply_plan(ws, plan_import(ws, NAME, RecordKind.ITEM, Selection(["i0"])))
    clock.advance(600)
    shop.put_item(replace(shop.items["i0"], name="Mug [red], hand-made in the old town, with a handle"))
    change(ws, price=Decimal("12.50"))
    return make_app(start_cart=NAME, tab=3)


def change(ws: Workspace, price: Decimal) -> None:
    [ours] = ws.books.items.find_by_codes(["SKU-0"]).values()
    with ws.books.transaction():
        ws.books.items.update(replace(ours, price=price))


async def opened(pilot: Pilot[int]) -> RecordDriftScreen:
    await settle(pilot)
    await press(pilot, "3", "slash", *"SKU", "enter", "enter", "r")
    screen = pilot.app.screen
    assert isinstance(screen, RecordDriftScreen)
    return screen


async def test_send_then_take_by_plans(ws: Workspace, shop: MemoryShop, app: CartuiApp) -> None:
    """s and t show their plan; after both the two sides say the same, and there is nothing to do."""
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        assert "to be sent" in screen.sheet.text
        assert "to be taken" in screen.sheet.text
        await press(pilot, "s")
        assert plan_screen(app).plan.counts
        assert shop.items["i0"].price == Decimal(10)
        await press(pilot, "y", "q")
        assert shop.items["i0"].price == Decimal("12.50")
        await press(pilot, "t", "y", "q")
        assert "to be" not in screen.sheet.text
        await press(pilot, "s")
        assert hint(app) == "There is nothing to send."
        await press(pilot, "w")
        assert "As the cart sent it" in screen.sheet.text
        await press(pilot, "q")
        assert isinstance(app.screen, OurRecordPage)
        assert "Mug [red]" in seen(app)


async def test_a_conflict_is_settled_from_here(ws: Workspace, shop: MemoryShop, app: CartuiApp) -> None:
    """Both changed the price: t and s refuse, C lists this record's fields only."""
    shop.put_item(replace(shop.items["i0"], price=Decimal(15)))
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        assert "CONFLICT" in screen.sheet.text
        await press(pilot, "t")
        assert "First settle what both sides changed: C." in hint(app)
        await press(pilot, "C")
        assert isinstance(app.screen, ConflictsScreen)
        await press(pilot, "C", "y", "q")
        assert app.screen is screen
        assert "CONFLICT" not in screen.sheet.text
    assert next(iter(ws.books.items.find_by_codes(["SKU-0"]).values())).price == Decimal(15)


async def test_from_the_record_of_the_cart(app: CartuiApp) -> None:
    """r on a linked record of the cart shows both sides; one that is not linked is only read again."""
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "6", "l", "G", "enter", "r")
        assert isinstance(app.screen, RecordDriftScreen)
        await press(pilot, "q", "q", "g", "enter", "r")
        assert not isinstance(app.screen, RecordDriftScreen)
        assert hint(app).startswith("Read from the cart")


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
@pytest.mark.parametrize("both", [False, True], ids=["drift", "conflict"])
def test_how_it_looks(
    snap_compare: Callable[..., bool], shop: MemoryShop, app: CartuiApp, size: tuple[int, int], both: bool
) -> None:
    """Field by field; with a field that both changed."""
    if both:
        shop.put_item(replace(shop.items["i0"], price=Decimal(15)))

    async def drive(pilot: Pilot[int]) -> None:
        await opened(pilot)

    assert snap_compare(app, terminal_size=size, run_before=drive)
