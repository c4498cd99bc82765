"""Read-only mode, proved: a session of every screen and every action key, and a round of auto-sync, write nothing to
the cart. The same session without the mode is the control: then the spy does see writes, of each kind."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from textual.pilot import Pilot

from cartui.adapters import memory
from cartui.adapters.memory import MemoryShop
from cartui.app import CartuiApp
from cartui.books.shipments import NewShipment
from cartui.domain.ids import CartOrderId, ItemCode, RecordKind
from cartui.domain.outbox import OutboxKind
from cartui.domain.plan import NewCustomer, NewItem
from cartui.domain.settings import CartConnection, CartSettings
from cartui.sync import carts
from cartui.sync.actions import Selection, plan_import
from cartui.sync.apply import apply_plan
from cartui.sync.approvals import approve_documents, preview_approvals
from cartui.sync.cycle import run_cycle
from cartui.sync.workspace import READ_ONLY, Workspace
from cartui.testing import samples
from cartui.testing.clock import FrozenClock
from cartui.testing.workspace import memory_workspace
from cartui.widgets.status_bar import StatusBar
from tests.screens.lists import NAME, fill, put_bad_order, typed
from tests.screens.read_only_session import FILES, SINKS, WAYS, Spy, answer, enter, go, press_every_key
from tests.screens.terminal import URL, settle

SENDS = CartSettings(
    to_cart_stock=True, to_cart_items=True, to_cart_customers=True, to_cart_tracking=True, default_carrier="custom"
)


@pytest.fixture
def spy() -> Spy:
    return Spy()


@pytest.fixture
def spied(
    tmp_path: Path, shop: MemoryShop, clock: FrozenClock, spy: Spy, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Workspace]:
    """A RUNNING cart that sends everything, with records of every kind on both sides and a full outbox."""
    monkeypatch.chdir(tmp_path)  # plans are saved as files where one stands
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    spec = replace(memory.SPEC, hidden=False, open=lambda _: spy.cart(shop))
    ws = memory_workspace(tmp_path, shop, clock, adapters={"memory": spec})
    fill(shop)
    put_bad_order(shop)
    shop.put_basket(samples.basket(1, clock()))
    carts.new_cart(ws, NAME, CartConnection("memory", URL), SENDS)
    assert list(carts.test_connection(ws, NAME))
    carts.set_last_order_from(ws, NAME, clock() - timedelta(days=1))
    carts.set_last_update_time(ws, NAME, clock() - timedelta(days=1))
    for kind, keys in ((RecordKind.ITEM, None), (RecordKind.CUSTOMER, ["c0", "c1"])):
        apply_plan(ws, plan_import(ws, NAME, kind, Selection(keys)))
    carts.start_cart(ws, NAME, confirmed=True)
    with ws.books.transaction():
        ws.books.items.add_many([NewItem(ItemCode("NEW"), "Only here", price=Decimal(5), currency="EUR")])
        ws.books.customers.add_many([NewCustomer(first_name="Only", last_name="Here", email="here@example.com")])
    run_cycle(replace(ws, read_only=True), NAME)
    change_much(ws)
    assert not spy.writes
    yield ws
    ws.close_thread()


def change_much(ws: Workspace) -> None:
    """Something of every kind waits to be sent: stock, a name, a shipment."""
    cart_id = ws.books.carts.get(NAME).cart_id
    order = ws.books.documents.find_by_external(cart_id, ["1"])[CartOrderId("1")]
    approve_documents(ws, preview_approvals(ws, [order]))
    [(item_id,)] = ws.books.database.sql("SELECT our_id FROM cart_record WHERE kind = 'item' AND external_id = 'i0'")
    [(customer_id,)] = ws.books.database.sql(
        "SELECT our_id FROM cart_record WHERE kind = 'customer' AND external_id = 'c0'"
    )
    with ws.books.transaction():
        ws.books.database.write_sql("UPDATE item SET on_hand = 41000000, name = 'Renamed' WHERE id = ?", (item_id,))
        ws.books.database.write_sql("UPDATE customer SET phone = '+49 1' WHERE id = ?", (customer_id,))
        ws.books.outbox.touch(OutboxKind.STOCK, [item_id])
        ws.books.outbox.touch(OutboxKind.ITEM, [item_id])
        ws.books.outbox.touch(OutboxKind.CUSTOMER, [customer_id])
        ws.books.shipments.add(order, cart_id, NewShipment(ws.clock(), {1: Decimal(1)}, "DHL", "T1"), "admin")


async def export_typed(pilot: Pilot[int], spy: Spy) -> None:
    """Items with a typed stock, then customers, are exported by hand; a basket is made an order."""
    await go(pilot, 3, ())
    await enter(pilot, "e")
    await typed(pilot, "17")
    for key in ("enter", "escape", "a", "E"):
        await enter(pilot, key)
    await answer(pilot, spy)
    await go(pilot, 4, ("a", "E"))
    await answer(pilot, spy)
    await go(pilot, 8, ("l", "enter", "C"))
    await answer(pilot, spy)


@pytest.mark.slow
async def test_what_is_sent_by_hand_is_refused_with_its_remedy(spied: Workspace, spy: Spy) -> None:
    """Export of items with stock, of customers, an order of a basket, and a round of auto-sync: nothing leaves, and
    each refusal says what to do; the status bar says that outbound is off on every tab."""
    ws = replace(spied, read_only=True)
    app = CartuiApp(ws, runner=False)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await export_typed(pilot, spy)
        assert [problem for problem, _ in spy.refusals].count(READ_ONLY) == 3
        assert all(remedy for _, remedy in spy.refusals)
        for tab in range(1, 11):
            await go(pilot, tab, ())
            assert "outbound off: read-only mode" in app.screen.query_one(StatusBar).text
    run_cycle(ws, NAME)
    assert spy.writes == []


@pytest.mark.slow
async def test_without_the_mode_the_spy_sees_writes(spied: Workspace, spy: Spy) -> None:
    """The control of the test above: the same steps write, in every way there is."""
    app = CartuiApp(spied, runner=False)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await export_typed(pilot, spy)
    run_cycle(spied, NAME)
    assert {"create_item", "set_stock", "create_customer", "create_shipment", "place_order"} <= set(spy.writes)
    assert set(spy.writes) <= set(SINKS)


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_no_key_of_any_screen_writes_in_read_only_mode(spied: Workspace, spy: Spy) -> None:
    """Every action key of the key table on every screen, each taken as far as it goes, with auto-sync beside it."""
    app = CartuiApp(replace(spied, read_only=True), runner=False)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press_every_key(pilot, spy)
    run_cycle(replace(spied, read_only=True), NAME)
    assert spy.writes == []
    assert len(spy.seen) == len(WAYS), sorted(spy.seen)
    assert len(spy.pressed) > 80
    assert all(remedy for _, remedy in spy.refusals), spy.refusals
    assert READ_ONLY in {problem for problem, _ in spy.refusals}


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.skipif("CARTUI_LONG" not in os.environ, reason="two minutes; CARTUI_LONG=1 runs it")
async def test_the_same_keys_write_without_it(spied: Workspace, spy: Spy) -> None:
    """The control: the very same keys do write, so that the spy would have seen it."""
    app = CartuiApp(spied, runner=False)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press_every_key(pilot, spy)
    assert {"create_item", "create_customer", "place_order"} <= set(spy.writes), spy.writes
