"""Orders that were deleted in the shop while they waited here: their pieces are on sale again, and it is on record."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from cartui.adapters.memory import MemoryCart, MemoryShop
from cartui.domain.ids import RecordKind
from cartui.domain.outcomes import RecordState
from cartui.domain.ports import Page
from cartui.domain.records import PaymentState
from cartui.sync import gone_orders
from cartui.sync.cycle import run_cycle
from cartui.sync.reconcile import reconcile
from cartui.sync.why import explain_order
from cartui.sync.workspace import Workspace
from cartui.testing import samples
from cartui.testing.clock import FrozenClock
from tests.sync.sending import NAME, cart_id, linked, stock, with_cart

UNPAID = {"payment_state": PaymentState.PENDING}


def record(ws: Workspace, order_id: str) -> Any:
    return ws.books.records.find_many(cart_id(ws), RecordKind.ORDER, [order_id])[order_id]


def wait(ws: Workspace, shop: MemoryShop, clock: FrozenClock, *numbers: int) -> None:
    """Unpaid orders of two pieces of item 0 each, polled, and a paid one beside them."""
    linked(ws)
    for number in numbers:
        shop.put_order(samples.order(number, clock(), **UNPAID))
    shop.put_order(samples.order(1, clock()))
    run_cycle(ws, NAME)
    assert stock(shop) == 20 - 2 * len(numbers)
    clock.advance(60)


@pytest.mark.parametrize("before", [RecordState.STAGED, RecordState.HELD])
def test_a_waiting_order_that_was_deleted_frees_its_pieces(
    ws: Workspace, shop: MemoryShop, clock: FrozenClock, before: RecordState
) -> None:
    """Deleted in the shop without a word in any listing: the next cycle asks by its id and sends the stock; `why` tells
    of it once."""
    wait(ws, shop, clock, 0)
    if before is RecordState.HELD:
        shop.put_order(samples.order(0, clock(), total=Decimal(1)))  # paid, but it does not add up
        run_cycle(ws, NAME)
        assert stock(shop) == 18
    assert record(ws, "0").state is before
    del shop.orders["0"]
    for _ in range(3):
        clock.advance(60)
        run_cycle(ws, NAME)
    assert (stock(shop), record(ws, "0").state) == (20, RecordState.SKIPPED)
    (gone,) = [step for step in explain_order(ws, "0").steps if "gone" in step.what]
    assert gone.more[1:] == (f"no longer in the cart; it was {before}", "pieces free again: 2 x SKU-0")
    shop.put_order(samples.order(0, clock(), **UNPAID))  # put back from the bin
    run_cycle(ws, NAME)
    assert (stock(shop), record(ws, "0").state) == (18, RecordState.STAGED)


def test_they_are_asked_for_in_turn(
    ws: Workspace, shop: MemoryShop, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many wait, a cycle asks for a few, until each was asked for. Where none waits there is no request."""
    monkeypatch.setattr(gone_orders, "ASKED_AT_ONCE", 2)
    asked: list[list[str]] = []

    class Told(MemoryCart):
        def get_orders(self, ids: Sequence[Any]) -> Page[Any]:
            asked.append([str(one) for one in ids])
            return super().get_orders(ids)

    ws = with_cart(ws, Told, shop)
    wait(ws, shop, clock, 0, 10, 20, 30, 40)
    for _ in range(3):
        clock.advance(60)
        run_cycle(ws, NAME)
    assert [one[:-1] for one in asked[:3]] == [["0", "10"], ["20", "30"], ["40"]]
    assert {one[-1] for one in asked} == {"1"}  # one that must be there, or nothing is believed
    for number in (0, 10, 20, 30, 40):
        shop.put_order(samples.order(number, clock()))
    run_cycle(ws, NAME)
    asked.clear()
    run_cycle(ws, NAME)
    assert asked == []


def test_a_shop_that_knows_nothing_by_id_is_not_believed(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """Another shop at the same address, or a broken index: nothing is taken for gone, and the cycle goes on."""

    class Blind(MemoryCart):
        def get_orders(self, ids: Sequence[Any]) -> Page[Any]:
            return Page(())

    wait(ws, shop, clock, 0)
    assert run_cycle(with_cart(ws, Blind, shop), NAME).problem == ""
    assert (stock(shop), record(ws, "0").state) == (18, RecordState.STAGED)


def test_a_reconcile_that_proves_it_leaves_the_same_trace(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """The pieces are free, the next sending tells the cart, and the journal has one line."""
    wait(ws, shop, clock, 0)
    del shop.orders["0"]
    reconcile(ws, NAME)
    assert ws.books.cart_items.open_pieces(cart_id(ws), ["0"]) == {}
    run_cycle(ws, NAME)
    assert stock(shop) == 20
    entries = ws.books.journal.of_record(cart_id(ws), RecordKind.ORDER, "0")
    assert [one.action for one in entries].count("gone") == 1
