"""Items and customers that changed here reach the cart: only what changed, by their owners, never as an echo."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from cartui.adapters.memory import MemoryCart, MemoryShop
from cartui.domain.ids import CartItemId, RecordKind
from cartui.domain.outbox import OutboxKind, OutboxState
from cartui.domain.settings import CartSettings, FieldOwner
from cartui.errors import HoldRecordError, NeedsOperatorError, UnknownOutcomeError
from cartui.sync import carts
from cartui.sync.cycle import run_cycle
from cartui.sync.workspace import Workspace
from cartui.testing.clock import FrozenClock
from cartui.testing.workspace import running_cart
from tests.sync.conftest import place
from tests.sync.sending import NAME, OWNERS, D, item, linked, rename, row, send, with_cart

BOTH = CartSettings(from_cart_items=True, to_cart_items=True, field_owners=OWNERS)


def test_changed_fields_only_and_no_echo(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """The price goes, the name stays as the shop has it; our own write comes back as no change, here and there."""
    linked(ws, BOTH)
    run_cycle(ws, NAME)
    seen: list[Any] = []

    class Watched(MemoryCart):
        def update_item(self, item_id: CartItemId, changes: Any) -> None:
            seen.append((item_id, dict(changes)))
            super().update_item(item_id, changes)

    there = with_cart(ws, Watched, shop)
    rename(ws, 0, price=D("12.50"))
    for _ in range(3):
        clock.advance(1200)
        report = run_cycle(there, NAME)
    assert seen == [("i0", {"price": D("12.50")})]
    assert report.counts[RecordKind.ITEM].updated == 0
    assert row(ws, 0, OutboxKind.ITEM).state is OutboxState.DONE


def test_what_came_from_the_cart_is_not_sent_back(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """The import changes our item, which waits in the outbox; there it is found equal."""
    linked(ws, BOTH)
    clock.advance(60)
    shop.put_item(replace(shop.items["i0"], name="New name"))
    writes = shop.writes
    run_cycle(ws, NAME)
    assert item(ws).name == "New name"
    assert (shop.writes, row(ws, 0, OutboxKind.ITEM).state) == (writes, OutboxState.DONE)


def test_a_change_of_another_field_in_the_cart_is_not_lost_by_our_write(
    ws: Workspace, shop: MemoryShop, clock: FrozenClock
) -> None:
    """We write the price while somebody renames it in the shop: the next cycle takes the name over."""
    linked(ws, BOTH)
    run_cycle(ws, NAME)
    clock.advance(1200)
    shop.put_item(replace(shop.items["i0"], name="Renamed in the shop"))
    rename(ws, 0, price=D("12.50"))
    send(ws)
    assert shop.items["i0"].price == D("12.50")
    run_cycle(ws, NAME)
    assert item(ws).name == "Renamed in the shop"


@pytest.mark.parametrize(
    ("owner", "in_shop", "state"),
    [
        (FieldOwner.SYSTEM, D(12), OutboxState.DONE),
        (FieldOwner.CART, D(15), OutboxState.DONE),
        (FieldOwner.NEWEST, D(12), OutboxState.DONE),
        (FieldOwner.ASK, D(15), OutboxState.REFUSED),
    ],
)
def test_changed_on_both_sides(
    ws: Workspace, shop: MemoryShop, clock: FrozenClock, owner: FieldOwner, in_shop: Decimal, state: OutboxState
) -> None:
    """Rule 13: the field's owner decides; with "ask" nobody's value is lost and the row says both."""
    linked(ws, replace(BOTH, field_owners=dict.fromkeys(OWNERS, owner)))
    run_cycle(ws, NAME)
    clock.advance(60)
    shop.put_item(replace(shop.items["i0"], price=D(15)))
    clock.advance(60)
    rename(ws, 0, price=D(12))
    send(ws)
    assert (shop.items["i0"].price, row(ws, 0, OutboxKind.ITEM).state) == (in_shop, state)
    if owner is FieldOwner.ASK:
        assert "'12' here, '15' in the cart" in row(ws, 0, OutboxKind.ITEM).reason


@pytest.mark.parametrize(
    ("owner", "price", "held"),
    [(FieldOwner.SYSTEM, 12, 0), (FieldOwner.CART, 15, 0), (FieldOwner.NEWEST, 12, 0), (FieldOwner.ASK, None, 1)],
)
def test_both_sides_end_up_with_the_owners_value(
    ws: Workspace, shop: MemoryShop, clock: FrozenClock, owner: FieldOwner, price: int | None, held: int
) -> None:
    """The import keeps to the owner as well; with "ask" both keep their own, and it is held."""
    linked(ws, replace(BOTH, field_owners=dict.fromkeys(OWNERS, owner)))
    run_cycle(ws, NAME)
    clock.advance(60)
    shop.put_item(replace(shop.items["i0"], price=D(15)))
    clock.advance(60)
    rename(ws, 0, price=D(12))
    for _ in range(3):
        report = run_cycle(ws, NAME)
        clock.advance(60)
    assert (shop.items["i0"].price, item(ws).price) == ((D(price), D(price)) if price else (D(15), D(12)))
    assert report.held_total == held


def test_what_is_ours_is_said_again_when_the_shop_changes_it(
    ws: Workspace, shop: MemoryShop, clock: FrozenClock
) -> None:
    """The system owns the price; somebody changes it in the shop."""
    linked(ws, replace(BOTH, field_owners=dict.fromkeys(OWNERS, FieldOwner.SYSTEM)))
    run_cycle(ws, NAME)
    clock.advance(60)
    shop.put_item(replace(shop.items["i0"], price=D(15)))
    run_cycle(ws, NAME)
    assert (shop.items["i0"].price, item(ws).price) == (D(10), D(10))


def test_both_directions_need_an_owner(ws: Workspace) -> None:
    """Save is refused and names the remedy; one direction needs none."""
    both = CartSettings(from_cart_items=True, to_cart_items=True)
    with pytest.raises(NeedsOperatorError, match=r"name, barcode, price have none. Set Owner of item"):
        running_cart(ws, settings=both)
    assert not carts.check_settings(replace(both, from_cart_items=False))
    assert not carts.check_settings(replace(both, field_owners=OWNERS))


def test_customers_are_sent(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """A telephone number that changed here; a blank one takes nothing away there."""
    running_cart(ws, settings=CartSettings(to_cart_customers=True))
    place(shop, range(1))
    run_cycle(ws, NAME)
    (ada,) = ws.books.customers.list_all()
    with ws.books.transaction():
        ws.books.customers.update(replace(ada, phone="0123", first_name=""))
    send(ws)
    assert (shop.customers["c0"].phone, shop.customers["c0"].first_name) == ("0123", "Ann")


def test_a_lost_answer_to_an_item_update_is_looked_up(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """UNKNOWN, then DONE without a second write."""
    linked(ws, CartSettings(to_cart_items=True))

    class Lost(MemoryCart):
        def update_item(self, item_id: CartItemId, changes: Any) -> None:
            super().update_item(item_id, changes)
            raise UnknownOutcomeError("No answer.", "")

    rename(ws, 0, price=D(12))
    send(with_cart(ws, Lost, shop))
    assert row(ws, 0, OutboxKind.ITEM).state is OutboxState.UNKNOWN
    writes = shop.writes
    clock.advance(60)
    send(ws)
    assert (shop.writes, row(ws, 0, OutboxKind.ITEM).state) == (writes, OutboxState.DONE)


def test_the_cart_refuses_an_update(ws: Workspace, shop: MemoryShop) -> None:
    """REFUSED with the cart's words."""
    linked(ws, CartSettings(to_cart_items=True))

    class Strict(MemoryCart):
        def update_item(self, item_id: CartItemId, changes: Any) -> None:
            raise HoldRecordError(item_id, "Too dear.", "Make it cheaper.")

    rename(ws, 0, price=D(12))
    send(with_cart(ws, Strict, shop))
    refused = row(ws, 0, OutboxKind.ITEM)
    assert (refused.state, refused.reason, refused.remedy) == (OutboxState.REFUSED, "Too dear.", "Make it cheaper.")
