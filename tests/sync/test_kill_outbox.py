"""Killed at every call to the cart and at every commit while sending, then run again: the shop and the books are as
after an uninterrupted run, and no write was made twice (RELIABILITY R4 at the level of the ports)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cartui.adapters.memory import MemoryCart
from cartui.books import StockChange
from cartui.books.shipments import NewShipment
from cartui.domain.ids import CartOrderId, RecordKind
from cartui.domain.outbox import OutboxState
from cartui.domain.records import ShipmentDraft
from cartui.domain.settings import CartSettings
from cartui.sync.actions import Selection, plan_import
from cartui.sync.apply import apply_plan
from cartui.sync.cycle import run_cycle
from cartui.sync.workspace import Workspace
from cartui.testing import samples
from cartui.testing.killing import KillSwitch
from cartui.testing.workspace import memory_workspace, running_cart
from tests.sync.conftest import place
from tests.sync.test_kill import NAME, World

D = Decimal
SENDS = CartSettings(to_cart_stock=True, to_cart_items=True, to_cart_tracking=True, shipped_status="shipped")


def send(ws: Workspace) -> object:
    return run_cycle(ws, NAME, only_outbox=True)


def world(home: Path, prepare: Callable[[World, Workspace], None]) -> World:
    """A running cart with eight linked items in step with the shop, and what `prepare` makes wait."""
    made = World(home)
    for number in range(8):
        made.shop.put_item(samples.item(number, made.clock()))
    ws = made.process(KillSwitch())
    running_cart(ws, settings=SENDS)
    edits = {f"i{n}": {"stock": "20"} for n in range(8)}
    assert not apply_plan(ws, plan_import(ws, NAME, RecordKind.ITEM, Selection(None, edits))).problems
    place(made.shop, range(3))
    run_cycle(ws, NAME)
    prepare(made, ws)
    made.clock.advance(60)
    ws.close_thread()
    return made


def move_stock(made: World, ws: Workspace) -> None:
    items = ws.books.items.find_by_codes([f"SKU-{n}" for n in range(8)]).values()
    with ws.books.transaction():
        ws.books.items.change_stock([StockChange(item.item_id, D(n + 1), "counted") for n, item in enumerate(items)])


def change_prices(made: World, ws: Workspace) -> None:
    with ws.books.transaction():
        for item in ws.books.items.find_by_codes(["SKU-1", "SKU-2"]).values():
            ws.books.items.update(replace(item, price=D("10.50")))


def ship_in_two_parts(made: World, ws: Workspace) -> None:
    """One piece of two, then the other one."""
    cart_id = ws.books.carts.get(NAME).cart_id
    document_id = ws.books.documents.find_by_external(cart_id, ["0"])[CartOrderId("0")]
    with ws.books.transaction():
        for number in (1, 2):
            new = NewShipment(made.clock(), {1: D(1)}, "DHL", f"TRACK-{number}")
            ws.books.shipments.add(document_id, cart_id, new, "admin")


class Keyless(MemoryCart):
    """Knows nothing of our keys, and would make the same shipment twice without a word."""

    def find_shipments(self, order_id: CartOrderId) -> Any:
        return tuple(replace(one, key="") for one in super().find_shipments(order_id))

    def create_shipment(self, draft: ShipmentDraft) -> str:
        return super().create_shipment(replace(draft, key=f"made {len(self._shop.keys)}"))


def outcome(made: World) -> dict[str, Any]:
    """All that counts in the end; every write of the shop is counted, so a doubled one shows."""
    ws = memory_workspace(made.home, made.shop, made.clock)
    cart_id = ws.books.carts.get(NAME).cart_id
    rows = ws.books.outbox.list_rows(cart_id, tuple(OutboxState))
    told = ws.books.cart_items.told(cart_id, [row.our_id for row in rows])
    found = {
        "rows": sorted((row.kind, row.our_id, row.state) for row in rows),
        "sent": {item_id: one.sent for item_id, one in told.items()},
        "open": len(ws.books.journal.open_entries(cart_id)),
        "items": made.shop_items(),
        "shipments": {
            order: [(one.tracking_number, one.carrier, [(line.line_id, line.quantity) for line in one.lines])
                    for one in some]
            for order, some in made.shop.shipments.items()
        },
        "orders": {key: (one.fulfilment_state, one.native_status) for key, one in made.shop.orders.items()},
    }  # fmt: skip
    ws.close_thread()
    return found


@pytest.mark.slow
@pytest.mark.parametrize("cart_class", [MemoryCart, Keyless], ids=["with keys", "without keys"])
@pytest.mark.parametrize("prepare", [move_stock, change_prices, ship_in_two_parts])
def test_killed_anywhere_while_sending(
    tmp_path: Path, prepare: Callable[[World, Workspace], None], cart_class: type[MemoryCart]
) -> None:
    """Each point once: kill there, run twice more (the lease of the dead runs out between), and compare."""
    template = world(tmp_path / "template", prepare)
    calm = template.copy(tmp_path / "calm")
    assert calm.run(send, 0, cart_class)
    calm_writes = calm.shop.writes
    assert calm_writes > template.shop.writes, "the calm run sent nothing"
    assert calm.run(send, 0, cart_class)
    expected = outcome(calm)
    assert expected["open"] == 0
    assert {state for *_, state in expected["rows"]} == {OutboxState.DONE}
    at, died = 0, True
    while died:
        at += 1
        made = template.copy(tmp_path / str(at))
        died = not made.run(send, at, cart_class)
        assert made.run(send, 0, cart_class)
        assert made.run(send, 0, cart_class)
        assert (outcome(made), made.shop.writes) == (expected, calm_writes), f"killed at point {at}"
    assert at > 12, "the kill switch was never asked"


@pytest.mark.slow
def test_two_processes_send_nothing_twice(tmp_path: Path) -> None:
    """A second admin's process comes at every call of the first one: the lease keeps it out, the rows are sent once."""
    made = world(tmp_path / "world", move_stock)
    before = made.shop.writes
    first = made.process(KillSwitch())
    second = memory_workspace(made.home, made.shop, made.clock, process="other@host pid 2 (terminal)")
    results: list[str] = []

    class Interrupted(MemoryCart):
        def get_items(self, ids: Any) -> Any:
            results.append(run_cycle(second, NAME, only_outbox=True).result)
            return super().get_items(ids)

        def set_stock(self, writes: Any) -> Any:
            results.append(run_cycle(second, NAME, only_outbox=True).result)
            return super().set_stock(writes)

    spec = replace(first.adapters["memory"], open=lambda connection: Interrupted(made.shop))
    run_cycle(replace(first, adapters={"memory": spec}), NAME, only_outbox=True)
    run_cycle(second, NAME, only_outbox=True)
    assert set(results) == {"lease_taken"}
    assert made.shop.writes == before + 8
    first.close_thread()
    second.close_thread()
