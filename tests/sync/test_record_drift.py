"""Synchronise this record: both sides afresh, field by field; taking and sending are plans by the owners' rules."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from cartui.adapters.memory import MemoryShop
from cartui.domain.documents import Item
from cartui.domain.ids import Direction, RecordKind
from cartui.domain.merge import NOBODY, Owners
from cartui.domain.record_drift import Way, compare_fields
from cartui.domain.settings import OWNED_FIELDS, CartSettings, FieldOwner, owner_key
from cartui.errors import NeedsOperatorError
from cartui.sync.actions import Selection, plan_import
from cartui.sync.apply import apply_plan
from cartui.sync.record_drift import RecordDrift, plan_send, plan_take, read_record_drift
from cartui.sync.workspace import Workspace
from cartui.testing.clock import FrozenClock
from cartui.testing.workspace import running_cart

NAME = "Main shop"
D = Decimal
ASKED = {owner_key(kind, name): FieldOwner.ASK for kind, names in OWNED_FIELDS.items() for name in names}
BOTH = CartSettings(from_cart_items=True, to_cart_items=True, field_owners=ASKED)


def item(ws: Workspace, number: int = 0) -> Item:
    return ws.books.items.find_by_codes([f"SKU-{number}"]).popitem()[1]


def linked(ws: Workspace, settings: CartSettings = BOTH) -> None:
    running_cart(ws, settings=settings)
    assert not apply_plan(ws, plan_import(ws, NAME, RecordKind.ITEM, Selection(["i0", "i1"]))).problems


def read(ws: Workspace) -> RecordDrift:
    return read_record_drift(ws, NAME, RecordKind.ITEM, item(ws).item_id)


def ways(drift: RecordDrift) -> dict[str, Way]:
    return {one.name: one.way for one in drift.fields}


def move(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """The name changes in the shop, the price here."""
    clock.advance(60)
    shop.put_item(replace(shop.items["i0"], name="New name"))
    with ws.books.transaction():
        ws.books.items.update(replace(item(ws), price=D(12)))


def test_each_field_says_where_it_goes(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """Ours, the cart's, last agreed; the time of the last exchange and of the reading; nothing is written."""
    linked(ws)
    at = clock()
    move(ws, shop, clock)
    writes, drift = shop.writes, read(ws)
    assert ways(drift) == {"name": Way.TAKE, "barcode": Way.SAME, "price": Way.SEND}
    [price] = drift.of(Way.SEND)
    assert (price.ours, price.theirs, price.agreed) == ("12", "10", "10")
    assert (drift.synced_at, drift.read_at, drift.stock is not None) == (at, clock(), True)
    assert shop.writes == writes
    assert item(ws).name == "Thing 0"


def test_taking_and_sending_are_plans(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """Each shows what it would do; each does its own fields only; then both sides say the same."""
    linked(ws)
    move(ws, shop, clock)
    send = plan_send(ws, NAME, read(ws))
    assert send.direction is Direction.EXPORT
    assert [(one.name, one.before, one.after) for one in send.changes[0].fields] == [("price", "10", "12")]
    assert (shop.items["i0"].price, item(ws).name) == (D(10), "Thing 0")
    assert not apply_plan(ws, send).problems
    take = plan_take(ws, NAME, read(ws))
    assert [(one.name, one.after) for one in take.changes[0].fields] == [("name", "New name")]
    assert not apply_plan(ws, take).problems
    assert set(ways(read(ws)).values()) == {Way.SAME}
    assert (shop.items["i0"].price, item(ws).name) == (D(12), "New name")


def test_what_moves_between_plan_and_apply_is_refused(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """The cart's value is not the one that was shown any more."""
    linked(ws)
    move(ws, shop, clock)
    send = plan_send(ws, NAME, read(ws))
    shop.put_item(replace(shop.items["i0"], price=D(11)))
    assert apply_plan(ws, send).problems
    assert shop.items["i0"].price == D(11)


def test_changed_on_both_sides_is_neither_taken_nor_sent(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """A conflict: both plans hold it."""
    linked(ws)
    move(ws, shop, clock)
    shop.put_item(replace(shop.items["i0"], price=D(15)))
    drift = read(ws)
    assert ways(drift)["price"] is Way.CONFLICT
    for plan in (plan_take(ws, NAME, drift), plan_send(ws, NAME, drift)):
        assert not plan.effective
    assert (shop.items["i0"].price, item(ws).price) == (D(15), D(12))


def test_the_system_owns_what_only_it_sends(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """One direction on: what the shop changed is sent again, not taken."""
    linked(ws, CartSettings(to_cart_items=True))
    move(ws, shop, clock)
    assert ways(read(ws)) == {"name": Way.SEND, "barcode": Way.SAME, "price": Way.SEND}


def test_what_is_not_linked_or_gone_is_said(ws: Workspace, shop: MemoryShop) -> None:
    """With the remedy."""
    linked(ws)
    del shop.items["i0"]
    with pytest.raises(NeedsOperatorError, match="no more"):
        read(ws)
    with pytest.raises(NeedsOperatorError, match="not linked"):
        read_record_drift(ws, NAME, RecordKind.ITEM, 9_999)


def test_a_variants_name_and_blanks_are_left() -> None:
    """A variant's name is its parent's; a blank here writes nothing, a blank there takes nothing away."""
    agreed = {"name": "A", "barcode": "1"}
    told = compare_fields(
        agreed, {"name": "A", "barcode": "1"}, {"name": "B", "barcode": "1"}, NOBODY, not_sent=("name",)
    )
    assert [one.way for one in told] == [Way.LEFT, Way.SAME]
    cart = Owners(lambda _: FieldOwner.CART)
    told = compare_fields(agreed, {"name": "A", "barcode": ""}, {"name": "B", "barcode": "1"}, cart)
    assert [one.way for one in told] == [Way.LEFT, Way.LEFT]
