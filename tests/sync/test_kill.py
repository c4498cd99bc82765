"""Killed at every call to the cart and at every commit, then run again: the result is that of an uninterrupted run.

Nothing lost, nothing doubled, in the books and in the shop (RELIABILITY R4 at the level of the ports; isync's way).
"""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cartui.adapters.memory import MemoryCart, MemoryShop
from cartui.domain.ids import CartItemId, ItemCode, RecordKind
from cartui.domain.plan import NewItem
from cartui.domain.records import ItemDraft
from cartui.sync.actions import Selection, plan_export
from cartui.sync.apply import apply_plan
from cartui.sync.cycle import run_cycle
from cartui.sync.workspace import Workspace
from cartui.testing import samples
from cartui.testing.clock import FrozenClock
from cartui.testing.killing import Killed, KillSwitch, killing_books, killing_cart
from cartui.testing.workspace import memory_workspace, running_cart
from tests.sync.conftest import place

NAME = "Main shop"
Work = Callable[[Workspace], object]


class World:
    """One shop and one database; processes come, die and come again."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.clock = FrozenClock()
        self.shop = MemoryShop(self.clock, page_size=7)
        home.mkdir(parents=True)

    def copy(self, home: Path) -> World:
        """The same world once more."""
        other = World(home)
        shutil.copytree(self.home, home, dirs_exist_ok=True)
        other.clock.at = self.clock.at
        other.shop = copy.deepcopy(self.shop)
        other.shop.clock = other.clock
        return other

    def process(self, switch: KillSwitch, cart_class: type[MemoryCart] = MemoryCart) -> Workspace:
        """A new process on the same database; the switch decides when it dies."""
        ws = memory_workspace(self.home, self.shop, self.clock)
        spec = replace(ws.adapters["memory"], open=lambda connection: killing_cart(cart_class(self.shop), switch))
        return replace(ws, books=killing_books(ws.books, switch), adapters={"memory": spec})

    def run(self, work: Work, at: int, cart_class: type[MemoryCart] = MemoryCart) -> bool:
        """Do the work in a process that dies at point `at`; True when it lived to the end."""
        switch = KillSwitch(at)
        ws = self.process(switch, cart_class)
        try:
            work(ws)
        except Killed:
            return False
        finally:
            switch.at = 0
            ws.close_thread()
            self.clock.advance(130)  # the dead process's lease runs out
        return True

    def books(self) -> dict[str, Any]:
        """What the books hold, without times and running numbers of the journal."""
        ws = memory_workspace(self.home, self.shop, self.clock)
        cart_id = ws.books.carts.get(NAME).cart_id
        orders = [f"{number}" for number in range(30)]
        documents = {
            external: ws.books.documents.get(document_id)
            for external, document_id in ws.books.documents.find_by_external(cart_id, orders).items()
        }
        linked = ws.books.records.find_many(cart_id, RecordKind.ITEM, list(self.shop.items))
        held = {
            "documents": {key: (one.draft.total, len(one.draft.lines), one.number) for key, one in documents.items()},
            "count": ws.books.documents.count(cart_id),
            "customers": ws.books.customers.count(),
            "links": {key: (one.our_id, one.evidence) for key, one in linked.items() if one.our_id is not None},
            "open": len(ws.books.journal.open_entries(cart_id)),
        }
        ws.close_thread()
        return held

    def shop_items(self) -> list[tuple[str, Decimal | None, Decimal | None]]:
        """What the shop holds, whatever ids it gave."""
        return sorted((item.sku, item.price, item.stock) for item in self.shop.items.values())


def import_orders(ws: Workspace) -> object:
    return run_cycle(ws, NAME)


def export_items(ws: Workspace) -> object:
    edits = {str(one.item_id): {"stock": "7"} for one in ws.books.items.list_all() if not one.is_default}
    return apply_plan(ws, plan_export(ws, NAME, RecordKind.ITEM, Selection(None, edits)))


def order_world(home: Path) -> World:
    world = World(home)
    ws = world.process(KillSwitch())
    running_cart(ws)
    place(world.shop, range(30))
    ws.close_thread()
    return world


def item_world(home: Path) -> World:
    """Ten items of ours: six new to the shop, two there under our code, two linked with another price."""
    world = World(home)
    for number in range(4):
        world.shop.put_item(samples.item(number, world.clock(), item_id=CartItemId(f"there-{number}")))
    ws = world.process(KillSwitch())
    running_cart(ws)
    new = [NewItem(ItemCode(f"SKU-{n}"), f"Thing {n}", price=Decimal("10.00"), currency="EUR") for n in range(10)]
    with ws.books.transaction():
        ws.books.items.add_many(new)
    items = ws.books.items.find_by_codes(["SKU-0", "SKU-1"])
    assert not apply_plan(
        ws, plan_export(ws, NAME, RecordKind.ITEM, Selection([str(i.item_id) for i in items.values()]))
    ).problems
    with ws.books.transaction():
        for item in ws.books.items.find_by_codes(["SKU-0", "SKU-1"]).values():
            ws.books.items.update(replace(item, price=Decimal("11.00")))
    ws.close_thread()
    return world


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "work", "cart_class"),
    [
        (order_world, import_orders, "plain"),
        (item_world, export_items, "plain"),
        (item_world, export_items, "no keys"),
    ],
    ids=["import of 30 orders", "export of 10 items", "export to a cart without idempotency keys"],
)
def test_killed_anywhere_and_run_again(
    tmp_path: Path, make: Callable[[Path], World], work: Work, cart_class: str
) -> None:
    """Each point once, as in a row of accidents: kill at point n, then run to the end, and compare."""
    kind = {"plain": MemoryCart, "no keys": _Keyless}[cart_class]
    template = make(tmp_path / "template")
    calm = template.copy(tmp_path / "calm")
    assert calm.run(work, 0, kind)
    assert calm.run(work, 0, kind)
    expected = (calm.books(), calm.shop_items())
    at, died = 0, True
    while died:
        at += 1
        world = template.copy(tmp_path / str(at))
        died = not world.run(work, at, kind)
        assert world.run(work, 0, kind)
        assert world.run(work, 0, kind)
        assert (world.books(), world.shop_items()) == expected, f"killed at point {at}"
    assert at > 15, "the kill switch was never asked"


class _Keyless(MemoryCart):
    """A shop that knows nothing of our keys and would make the same item twice without a word (Vendure)."""

    def find_items(self, draft: ItemDraft) -> Any:
        return super().find_items(replace(draft, key=""))

    def create_item(self, draft: ItemDraft) -> CartItemId:
        return super().create_item(replace(draft, key=f"made {len(self._shop.keys)}"))
