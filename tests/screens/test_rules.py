"""Import rules: made, moved, tried on real orders, then saved; another admin's are never overwritten."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from cartui.adapters.memory import MemoryShop
from cartui.app import CartuiApp
from cartui.domain.import_rules import ImportRule, RuleThen
from cartui.domain.records import Payment, PaymentState
from cartui.screens.auto_sync import AutoSyncScreen
from cartui.screens.rules import RulesScreen, TrialScreen
from cartui.screens.start import start_words
from cartui.sync import carts
from cartui.sync.rule_lab import set_rules
from cartui.sync.workspace import Workspace
from cartui.testing import samples
from tests.screens.lists import NAME, hint, press, ready_cart
from tests.screens.terminal import SIZES, seen, settle

Make = Callable[..., CartuiApp]
BANK = (Payment("bankwire", Decimal("27.60"), PaymentState.PENDING),)
FIRST, SECOND = ImportRule("method:bankwire", RuleThen.IMPORT), ImportRule("tag:b2b", RuleThen.SKIP)


@pytest.fixture
def app(ws: Workspace, shop: MemoryShop, make_app: Make) -> CartuiApp:
    """Two rules; an order of a bank wire, one with a tag, one with neither, one of long ago."""
    ready_cart(ws)
    set_rules(ws, ws.books.carts.get(NAME), (FIRST, SECOND))
    at = shop.clock()
    shop.put_order(samples.order(1, at - timedelta(days=2), payments=BANK, payment_state=PaymentState.PENDING))
    shop.put_order(samples.order(2, at - timedelta(days=3), tags=("b2b",)))
    shop.put_order(samples.order(3, at - timedelta(days=4)))
    shop.put_order(samples.order(4, at - timedelta(days=50)))
    return make_app(start_cart=NAME)


def stored(ws: Workspace) -> tuple[ImportRule, ...]:
    return ws.books.carts.get(NAME).settings.import_rules


async def opened(pilot: Pilot[int]) -> None:
    await settle(pilot)
    await press(pilot, "i")
    assert isinstance(pilot.app.screen, RulesScreen)


async def test_a_rule_is_made_where_the_cursor_is_and_saved(ws: Workspace, app: CartuiApp) -> None:
    """n asks for the query, then for what happens; nothing is stored before ctrl+s."""
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await press(pilot, "j", "n", *"total>100", "enter", "down", "down", "enter")
        assert "*unsaved" in seen(app)
        assert stored(ws) == (FIRST, SECOND)
        await press(pilot, "ctrl+s")
        assert hint(app).startswith("Saved")
        await press(pilot, "q")
        assert isinstance(app.screen, AutoSyncScreen)
    assert stored(ws) == (FIRST, ImportRule("total>100", RuleThen.HOLD), SECOND)


async def test_a_query_is_checked_as_it_is_typed(app: CartuiApp) -> None:
    """An unknown field is named with those there are, and enter does not take it."""
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        await press(pilot, "n", *"nonsense:1", "enter")
        assert 'There is no field "nonsense" here' in seen(app)
        assert "method     the shop's code of each payment method" in seen(app)
        assert isinstance(app.screen.query_one("#typed"), Input)


async def test_order_edit_and_taking_out(ws: Workspace, app: CartuiApp) -> None:
    """K and J move, e changes what happens (its own answer first), x takes out, q asks because it is not saved."""
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await press(pilot, "J", "K", "J", "ctrl+s")
        assert stored(ws) == (SECOND, FIRST)
        await press(pilot, "e", "enter", "down", "enter", "ctrl+s")
        assert stored(ws) == (SECOND, replace(FIRST, then=RuleThen.WAIT))
        await press(pilot, "g", "x", "q")
        assert "Throw the changes away?" in seen(app)
        await press(pilot, "n", "ctrl+s", "q")
        assert isinstance(app.screen, AutoSyncScreen)
    assert stored(ws) == (replace(FIRST, then=RuleThen.WAIT),)


async def test_they_are_tried_before_anything_is_stored(ws: Workspace, app: CartuiApp) -> None:
    """t: the orders of 30 days with now, then and why, and the sums; the cart keeps its rules."""
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        await press(pilot, "x", "t")
        assert isinstance(app.screen, TrialScreen)
        shown = seen(app)
        assert "3 orders since" in shown
        assert "1 decided otherwise than now" in shown
        assert "skip         1  27.60 EUR" in shown
        assert "N00004" not in shown
        await press(pilot, "q", "q", "y")
    assert stored(ws) == (FIRST, SECOND)


async def test_two_admins_at_one_cart(ws: Workspace, app: CartuiApp) -> None:
    """Somebody saved the cart since the rules were opened: nothing is overwritten, and it is said."""
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        set_rules(ws, ws.books.carts.get(NAME), (SECOND,))
        await press(pilot, "x", "ctrl+s")
        assert "Not saved" in seen(app)
    assert stored(ws) == (SECOND,)


async def test_the_last_line_is_no_rule(app: CartuiApp) -> None:
    """Where no rule matches the status decides: that line can't be changed."""
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await press(pilot, "G", "x")
        assert hint(app) == "There is no rule under the cursor; n makes one."


def test_start_says_which_orders(ws: Workspace, app: CartuiApp) -> None:
    """The Start dialog names how the rules stand."""
    assert "Which ones: 2 rules, then by status." in start_words(carts.view_cart(ws, NAME))


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
@pytest.mark.parametrize(
    "keys", [(), ("n", *"methot:x"), ("n", "enter"), ("x", "t")], ids=["list", "query", "then", "try"]
)
def test_how_it_looks(
    snap_compare: Callable[..., bool], app: CartuiApp, size: tuple[int, int], keys: tuple[str, ...]
) -> None:
    """The rules; a query being typed; what happens; the trial."""

    async def drive(pilot: Pilot[int]) -> None:
        await opened(pilot)
        await press(pilot, *keys)

    assert snap_compare(app, terminal_size=size, run_before=drive)
