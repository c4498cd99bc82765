"""How the list tabs look: empty, filled, editing, error, at both sizes. Clock and data stand still.

Changed only after looking at the picture: `pytest tests/screens/test_items_snapshots.py --snapshot-update`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from textual.pilot import Pilot

from cartui.adapters.memory import MemoryShop
from cartui.app import CartuiApp
from cartui.domain.ids import ItemCode
from cartui.domain.plan import NewItem
from cartui.domain.settings import CartConnection
from cartui.sync import carts
from cartui.sync.cycle import run_cycle
from cartui.sync.workspace import Workspace
from cartui.testing import samples
from tests.screens.lists import NAME, fill, own_items, press, put_bad_order, ready_cart
from tests.screens.terminal import SIZES, URL, settle

Make = Callable[..., CartuiApp]
Snap = Callable[..., bool]
# Every picture is compared by `./check`; `./check fast` compares one size, and one of each kind.
each_size = pytest.mark.parametrize(
    "size", [SIZES[0], pytest.param(SIZES[1], marks=pytest.mark.slow)], ids=["80x24", "120x40"]
)
TABS = {"orders": "2", "items": "3", "customers": "4", "cart-orders": "5", "cart-items": "6", "cart-customers": "7"}
TABS |= {"held": "9", "activity": "0"}


def first_fast(*cases: str) -> list[object]:
    """The first case for `./check fast`, the others slow."""
    return [cases[0], *(pytest.param(case, marks=pytest.mark.slow) for case in cases[1:])]


each_tab = pytest.mark.parametrize("tab", first_fast(*TABS))


@pytest.fixture
def busy_cart(ws: Workspace, shop: MemoryShop) -> None:
    """A RUNNING cart after its first cycle: documents, customers, held orders, items on both sides."""
    ready_cart(ws)
    fill(shop, orders=12, items=8, customers=6)
    shop.put_item(samples.item(3, shop.clock(), name="A shoe whose name is longer than most", sku="SHOE-LONG-SKU-0001"))
    put_bad_order(shop, 20)
    put_bad_order(shop, 21)
    own_items(
        ws,
        NewItem(ItemCode("SKU-1"), "Thing 1", "4006381333931", Decimal("4.20"), Decimal(10), "EUR", Decimal(12)),
        NewItem(ItemCode("SKU-2"), "Thing 2", price=Decimal("12.50"), currency="EUR"),
        NewItem(ItemCode("BOOT-42"), "Winter boot, size 42", price=Decimal(89), currency="EUR", on_hand=Decimal(3)),
    )
    carts.start_cart(ws, NAME, confirmed=True)
    run_cycle(ws, NAME)
    ws.clock.advance(timedelta(minutes=2))  # type: ignore[attr-defined]


def opened(make_app: Make, key: str) -> CartuiApp:
    """The cart, at the tab of that key."""
    return make_app(start_cart=NAME, tab=int(key) or 10)


def look(snap_compare: Snap, app: CartuiApp, size: tuple[int, int], *keys: str) -> None:
    """Press the keys, each after the work of the one before, then compare."""

    async def drive(pilot: Pilot[int]) -> None:
        await settle(pilot)
        await press(pilot, *keys)

    assert snap_compare(app, terminal_size=size, run_before=drive)


@each_size
@pytest.mark.parametrize("tab", first_fast(*TABS))
def test_empty(snap_compare: Snap, ws: Workspace, make_app: Make, tab: str, size: tuple[int, int]) -> None:
    """A new cart: each tab says what to press."""
    ready_cart(ws)
    look(snap_compare, opened(make_app, TABS[tab]), size, TABS[tab])


@each_size
@each_tab
@pytest.mark.usefixtures("busy_cart")
def test_filled(snap_compare: Snap, make_app: Make, tab: str, size: tuple[int, int]) -> None:
    """After a cycle, and List all on the cart's side; two rows marked where rows can be."""
    marks = ["space", "space"] if tab not in ("orders", "activity") else ["j"]
    look(snap_compare, opened(make_app, TABS[tab]), size, TABS[tab], *(["l"] if "cart" in tab else []), *marks)


@each_size
@pytest.mark.parametrize("tab", ["items", "cart-items", "cart-customers"])
@pytest.mark.usefixtures("busy_cart")
def test_editing(snap_compare: Snap, make_app: Make, tab: str, size: tuple[int, int]) -> None:
    """One cell taken, the next one open."""
    keys = {
        "items": ("e", "4", "enter", "1", "2"),
        "cart-items": ("l", "e", "A", "enter", "tab", "3", "full_stop", "5"),
        "cart-customers": ("l", "e", "A", "enter", "e", "B"),
    }
    look(snap_compare, opened(make_app, TABS[tab]), size, TABS[tab], *keys[tab])


@each_size
@pytest.mark.parametrize("tab", first_fast("items", "cart-items", "cart-customers"))
@pytest.mark.usefixtures("busy_cart")
def test_error(snap_compare: Snap, make_app: Make, tab: str, size: tuple[int, int]) -> None:
    """What was typed can't be taken: the reason stands under the cell."""
    keys = {
        "items": ("e", "4", "x", "enter"),
        "cart-items": ("l", "e", "A", "tab", "3", "x", "enter"),
        "cart-customers": ("l", "e", "A", "enter", "e", "a", "enter"),
    }
    look(snap_compare, opened(make_app, TABS[tab]), size, TABS[tab], *keys[tab])


@each_size
@pytest.mark.parametrize("tab", first_fast("cart-orders", "cart-items", "cart-customers"))
def test_untested(snap_compare: Snap, ws: Workspace, make_app: Make, tab: str, size: tuple[int, int]) -> None:
    """An untested cart: List all is greyed, its key says why."""
    carts.new_cart(ws, NAME, CartConnection("memory", URL, {"store": "default"}))
    look(snap_compare, opened(make_app, TABS[tab]), size, TABS[tab], "l")


PAGES = {
    "document": ("2", "enter"),
    "document-proof": ("2", "enter", "G"),
    "raw": ("2", "enter", "w"),
    "cart-record": ("5", "l", "enter"),
    "item": ("3", "j", "enter"),
    "held-record": ("9", "enter"),
    "entry": ("0", "enter"),
    "create-plan": ("6", "l", "a", "c"),
    "create-report": ("6", "l", "a", "c", "y"),
    "create-done": ("6", "l", "a", "c", "y", "q"),
    "export-plan": ("3", "a", "E"),
    "filtered": ("2", "slash", "N", "0", "0", "0", "1"),
    "help": ("6", "question_mark"),
}


@each_size
@pytest.mark.parametrize("page", first_fast(*PAGES))
@pytest.mark.usefixtures("busy_cart")
def test_pages(snap_compare: Snap, make_app: Make, page: str, size: tuple[int, int]) -> None:
    """Documents, records, and the way of an action."""
    look(snap_compare, opened(make_app, PAGES[page][0]), size, *PAGES[page])
