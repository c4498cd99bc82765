"""A cart marked test is sent no stock and no tracking, by itself or by hand, until the admin says so for that cart
(S127); and the status bar says at all times whether anything leaves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from cartui.adapters import memory
from cartui.adapters.memory import MemoryShop
from cartui.app import CartuiApp
from cartui.books.shipments import NewShipment
from cartui.domain.ids import CartOrderId, RecordKind
from cartui.domain.outbox import OutboxKind
from cartui.domain.plan import Action
from cartui.domain.settings import CartConnection, CartSettings, SyncStatus
from cartui.screens.plan import PlanScreen
from cartui.sync import carts
from cartui.sync.actions import Selection, plan_export, plan_import
from cartui.sync.apply import apply_plan
from cartui.sync.cycle import run_cycle
from cartui.sync.exports import TEST_CART, TEST_CART_REMEDY
from cartui.sync.workspace import Workspace
from cartui.testing.clock import FrozenClock
from cartui.testing.workspace import memory_workspace
from cartui.widgets.status_bar import StatusBar
from tests.screens.lists import NAME, fill, press, typed
from tests.screens.read_only_session import Spy
from tests.screens.terminal import URL, lines, settle

SENDS = CartSettings(to_cart_stock=True, to_cart_tracking=True, default_carrier="custom", send_from_test=True)
REAL = {"set_stock", "create_shipment", "set_order_status"}


@pytest.fixture
def spy() -> Spy:
    return Spy()


@pytest.fixture
def spied(tmp_path: Path, shop: MemoryShop, clock: FrozenClock, spy: Spy) -> Iterator[Workspace]:
    """A RUNNING cart that sends stock and tracking, and has both to send."""
    spec = replace(memory.SPEC, hidden=False, open=lambda _: spy.cart(shop))
    ws = memory_workspace(tmp_path, shop, clock, adapters={"memory": spec})
    fill(shop, orders=1, items=2, customers=0)
    carts.new_cart(ws, NAME, CartConnection("memory", URL), SENDS)
    assert list(carts.test_connection(ws, NAME))
    carts.set_last_order_from(ws, NAME, clock() - timedelta(days=1))
    carts.set_last_update_time(ws, NAME, clock() - timedelta(days=1))
    apply_plan(ws, plan_import(ws, NAME, RecordKind.ITEM, Selection(None)))
    carts.start_cart(ws, NAME, confirmed=True)
    run_cycle(replace(ws, read_only=True), NAME)
    cart_id = ws.books.carts.get(NAME).cart_id
    order = ws.books.documents.find_by_external(cart_id, ["1"])[CartOrderId("1")]
    [(item_id,)] = ws.books.database.sql("SELECT our_id FROM cart_record WHERE kind = 'item' AND external_id = 'i0'")
    with ws.books.transaction():
        ws.books.database.write_sql("UPDATE item SET on_hand = 41000000 WHERE id = ?", (item_id,))
        ws.books.outbox.touch(OutboxKind.STOCK, [item_id])
        ws.books.shipments.add(order, cart_id, NewShipment(ws.clock(), {1: Decimal(1)}, "DHL", "T1"), "admin")
    yield ws
    ws.close_thread()


def mark(ws: Workspace, *, live: bool, allowed: bool) -> None:
    """As it may stand in the books, whatever Save and Start would have said."""
    document = ws.books.carts.get(NAME)
    settings = replace(document.settings, live=live, send_from_test=allowed)
    with ws.books.transaction():
        ws.books.carts.save(replace(document, settings=settings), actor="ada")


CASES = pytest.mark.parametrize(
    ("live", "allowed"), [(False, False), (False, True), (True, False)], ids=["test", "test, allowed", "LIVE"]
)


@CASES
def test_a_round_of_auto_sync(spied: Workspace, spy: Spy, live: bool, allowed: bool) -> None:
    """Headless: nothing of either leaves for a test cart; allowed, or LIVE, both do, and nothing was lost meanwhile."""
    mark(spied, live=False, allowed=False)
    run_cycle(spied, NAME)
    assert spy.writes == []
    assert carts.view_cart(spied, NAME).document.status is SyncStatus.STOPPED  # the guard did not let it run on
    mark(spied, live=live, allowed=allowed)
    spied.books.carts.set_status(spied.books.carts.get(NAME).cart_id, SyncStatus.RUNNING, "")
    run_cycle(spied, NAME)
    assert REAL & set(spy.writes) == ({"set_stock", "create_shipment"} if live or allowed else set())


@CASES
async def test_by_hand_with_a_typed_stock(spied: Workspace, spy: Spy, live: bool, allowed: bool) -> None:
    """A stock typed on Items and exported: the plan holds the row, and says what to do; y changes nothing of that."""
    mark(spied, live=live, allowed=allowed)
    app = CartuiApp(spied, runner=False, start_cart=NAME)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await press(pilot, "3", "G", "e")
        await typed(pilot, "17")
        await press(pilot, "enter", "escape", "a", "E")
        assert isinstance(app.screen, PlanScreen)
        held = [one for one in app.screen.plan.changes if one.action is Action.HOLD]
        if live or allowed:
            assert [one.reason for one in held if one.reason == TEST_CART] == []
        else:
            assert [(one.reason, one.remedy) for one in held if "test" in one.reason] == [(TEST_CART, TEST_CART_REMEDY)]
        await press(pilot, "y")
    assert ("set_stock" in spy.writes) == (live or allowed)


def test_a_plan_from_before_it_was_marked_test(spied: Workspace, spy: Spy) -> None:
    """What was planned while the cart was LIVE is refused when it is carried out, with the remedy."""
    mark(spied, live=True, allowed=False)
    [(item_id,)] = spied.books.database.sql("SELECT our_id FROM cart_record WHERE kind = 'item' AND external_id = 'i0'")
    plan = plan_export(spied, NAME, RecordKind.ITEM, Selection([str(item_id)], {str(item_id): {"stock": "17"}}))
    assert plan.effective
    mark(spied, live=False, allowed=False)
    [done] = apply_plan(spied, plan).applied
    assert (done.problem, done.remedy) == (TEST_CART, TEST_CART_REMEDY)
    assert "set_stock" not in spy.writes


@pytest.mark.slow
async def test_the_status_bar_says_it_on_every_tab(spied: Workspace) -> None:
    """Drawn whole at 60 columns, on each of the tabs, and again as soon as it changes."""
    on = "outbound ON: stock, tracking"
    mark(spied, live=True, allowed=False)
    app = CartuiApp(spied, runner=False, start_cart=NAME)
    async with app.run_test(size=(60, 15)) as pilot:
        await settle(pilot)
        for number in "1234567890":
            await press(pilot, number)
            bar = app.screen.query_one(StatusBar)
            assert on in lines(app)[bar.region.y]
        for allowed, said in ((False, "outbound off"), (True, on), (False, "outbound off")):
            mark(spied, live=False, allowed=allowed)
            app.reload_carts()
            await settle(pilot)
            assert said in lines(app)[app.screen.query_one(StatusBar).region.y]
