"""How home, connection and Auto-sync look: empty, filled, editing, error, at both sizes. Clock and data stand still.

Changed only after looking at the picture: `pytest tests/screens/test_snapshots.py --snapshot-update`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from textual.pilot import Pilot

from cartui.adapters.memory import MemoryShop
from cartui.app import CartuiApp
from cartui.domain.ports import Stage, StageResult, Verdict
from cartui.domain.settings import CartConnection, CartSettings
from cartui.sync import carts
from cartui.sync.cycle import run_cycle
from cartui.sync.workspace import Workspace
from cartui.testing import samples
from cartui.testing.clock import FrozenClock
from tests.screens.terminal import SIZES, URL, Script, settle

Make = Callable[..., CartuiApp]
Snap = Callable[..., bool]
Steps = Callable[[Pilot[int]], Awaitable[None]]
# Every picture is compared by `./check`; `./check fast` compares one size, and one of each kind.
each_size = pytest.mark.parametrize(
    "size", [SIZES[0], pytest.param(SIZES[1], marks=pytest.mark.slow)], ids=["80x24", "120x40"]
)


def add(ws: Workspace, name: str, **settings: object) -> None:
    """An untested cart."""
    connection = CartConnection("memory", URL, {"store": "default"}, {"password": "env:SHOP_PASSWORD"})
    carts.new_cart(ws, name, connection, replace(CartSettings(), **settings))  # type: ignore[arg-type]


def ready(ws: Workspace, name: str, **settings: object) -> None:
    """A tested cart with both dates."""
    add(ws, name, **settings)
    list(carts.test_connection(ws, name))
    carts.set_last_order_from(ws, name, ws.clock() - timedelta(days=1))
    carts.set_last_update_time(ws, name, ws.clock() - timedelta(days=1))


@pytest.fixture
def three_carts(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """One RUNNING with cycles and a held order, one new, one for tests."""
    ready(ws, "Main shop", from_cart_customers=True, from_cart_items=True)
    for number in range(1, 6):
        shop.put_order(samples.order(number, clock() - timedelta(hours=number)))
    shop.put_order(samples.order(6, clock(), native_status="weird", total=samples.order(1, clock()).total + 5))
    carts.start_cart(ws, "Main shop")
    run_cycle(ws, "Main shop")
    clock.advance(timedelta(minutes=10))
    shop.put_order(samples.order(7, clock()))
    run_cycle(ws, "Main shop")
    clock.advance(timedelta(minutes=2))
    add(ws, "Outlet")
    ready(ws, "Staging shop with a long name", live=False)


def look(snap_compare: Snap, app: CartuiApp, size: tuple[int, int], *steps: tuple[str, ...]) -> None:
    """Press the keys step by step, each time after all work is done, then compare."""

    async def drive(pilot: Pilot[int]) -> None:
        await settle(pilot)
        for keys in steps:
            await pilot.press(*keys)
            await settle(pilot)

    assert snap_compare(app, terminal_size=size, run_before=drive)


@each_size
def test_home_empty(snap_compare: Snap, make_app: Make, size: tuple[int, int]) -> None:
    """Home without a cart says what to do."""
    look(snap_compare, make_app(), size)


@each_size
@pytest.mark.usefixtures("three_carts")
def test_home_filled(snap_compare: Snap, make_app: Make, size: tuple[int, int]) -> None:
    """Home with a running, a new and a test cart."""
    look(snap_compare, make_app(), size)


@each_size
@pytest.mark.usefixtures("three_carts")
def test_home_new(snap_compare: Snap, make_app: Make, size: tuple[int, int]) -> None:
    """New asks for the type."""
    look(snap_compare, make_app(), size, ("n",))


@each_size
@pytest.mark.usefixtures("three_carts")
def test_home_refused(snap_compare: Snap, make_app: Make, size: tuple[int, int]) -> None:
    """Start of an untested cart is refused with all that is missing."""
    look(snap_compare, make_app(), size, ("down", "s"))


@each_size
@pytest.mark.usefixtures("three_carts")
def test_home_delete(snap_compare: Snap, make_app: Make, size: tuple[int, int]) -> None:
    """Delete wants the name typed."""
    look(snap_compare, make_app(), size, ("down", "x"), ("O", "u", "t"))


@each_size
def test_connection_empty(snap_compare: Snap, make_app: Make, size: tuple[int, int]) -> None:
    """A new connection, nothing typed."""
    look(snap_compare, make_app(), size, ("n",), ("enter",))


@each_size
@pytest.mark.usefixtures("three_carts")
def test_connection_filled(snap_compare: Snap, make_app: Make, size: tuple[int, int]) -> None:
    """A connection whose test has passed, in View."""
    look(snap_compare, make_app(), size, ("down", "c"), ("t",))


@each_size
@pytest.mark.usefixtures("three_carts")
def test_connection_editing(snap_compare: Snap, make_app: Make, size: tuple[int, int]) -> None:
    """A connection in Edit, the name emptied, a password half typed."""
    look(snap_compare, make_app(), size, ("down", "c"), ("e", "end", "ctrl+u"), ("tab", "tab", "s", "e", "c"))


@each_size
@pytest.mark.usefixtures("three_carts")
def test_connection_error(snap_compare: Snap, make_app: Make, size: tuple[int, int], script: Script) -> None:
    """A test that fails names the stage and the remedy."""
    script.stages = [
        StageResult(Stage.ADDRESS, Verdict.PASSED, "shop.example.com is 203.0.113.7"),
        StageResult(Stage.TLS, Verdict.WARNING, "the certificate ends in 6 days", "Renew the certificate of the shop."),
        StageResult(Stage.REDIRECT, Verdict.SKIPPED, "none"),
        StageResult(
            Stage.AUTHENTICATION,
            Verdict.FAILED,
            "the cart answered 401 Unauthorized",
            "Type the password that is set in the cart's Cart Connect module.",
        ),
    ]
    look(snap_compare, make_app(), size, ("down", "c"), ("t",))


@each_size
def test_auto_sync_empty(snap_compare: Snap, ws: Workspace, make_app: Make, size: tuple[int, int]) -> None:
    """Nothing is set: what the guard misses stands on top."""
    add(ws, "Main shop")
    look(snap_compare, make_app(start_cart="Main shop"), size)


@each_size
@pytest.mark.usefixtures("three_carts")
def test_auto_sync_filled(snap_compare: Snap, make_app: Make, size: tuple[int, int]) -> None:
    """RUNNING, with its last cycles."""
    look(snap_compare, make_app(start_cart="Main shop"), size)


@each_size
@pytest.mark.usefixtures("three_carts")
def test_auto_sync_editing(snap_compare: Snap, make_app: Make, size: tuple[int, int]) -> None:
    """Edit, a date half typed: its problem stands under it."""
    look(snap_compare, make_app(start_cart="Outlet"), size, ("e",), tuple("2026-11-3"))


@each_size
@pytest.mark.usefixtures("three_carts")
def test_auto_sync_error(snap_compare: Snap, make_app: Make, size: tuple[int, int]) -> None:
    """Save with wrong fields names all problems at once."""
    steps = ("e",), tuple("2026"), ("tab", "9"), ("tab", "tab", "tab", "0"), ("ctrl+s",)
    look(snap_compare, make_app(start_cart="Outlet"), size, *steps)


@each_size
@pytest.mark.usefixtures("three_carts")
def test_help(snap_compare: Snap, make_app: Make, size: tuple[int, int]) -> None:
    """The help of Auto-sync."""
    look(snap_compare, make_app(start_cart="Main shop"), size, ("question_mark",))
