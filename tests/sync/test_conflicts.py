"""What both sides changed is settled by a person, field by field, and nothing is ever overwritten unseen (rule 13)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from cartui.adapters.memory import MemoryShop
from cartui.domain.conflicts import Conflict, Whose, conflicting_fields, settle_fields
from cartui.domain.documents import Item
from cartui.domain.ids import RecordKind
from cartui.domain.settings import OWNED_FIELDS, CartSettings, FieldOwner, owner_key
from cartui.errors import BrakeError
from cartui.sync.actions import Selection, plan_import
from cartui.sync.apply import apply_plan
from cartui.sync.conflicts import SettleReport, list_conflicts, settle_conflicts
from cartui.sync.cycle import run_cycle
from cartui.sync.workspace import Workspace
from cartui.testing.clock import FrozenClock
from cartui.testing.workspace import running_cart

NAME = "Main shop"
D = Decimal
ASKED = {owner_key(kind, name): FieldOwner.ASK for kind, names in OWNED_FIELDS.items() for name in names}
BOTH = CartSettings(
    from_cart_items=True, to_cart_items=True, from_cart_customers=True, to_cart_customers=True, field_owners=ASKED
)
HERE: dict[str, Any] = {"price": D(12), "name": "Mug here"}
THERE: dict[str, Any] = {"price": D(15), "name": "Mug there"}


def item(ws: Workspace, number: int = 0) -> Item:
    return ws.books.items.find_by_codes([f"SKU-{number}"]).popitem()[1]


def edit(ws: Workspace, number: int = 0, **changes: Any) -> None:
    with ws.books.transaction():
        ws.books.items.update(replace(item(ws, number), **changes))


def linked(ws: Workspace, settings: CartSettings = BOTH) -> None:
    running_cart(ws, settings=settings)
    assert not apply_plan(ws, plan_import(ws, NAME, RecordKind.ITEM, Selection(None))).problems
    run_cycle(ws, NAME)


def clash(ws: Workspace, shop: MemoryShop, clock: FrozenClock, number: int = 0) -> None:
    """Price and name of one item change on both sides; the barcode in the shop only."""
    clock.advance(60)
    shop.put_item(replace(shop.items[f"i{number}"], barcode=f"4006381{number}", **THERE))
    edit(ws, number, **HERE)


@pytest.fixture
def clashed(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> Workspace:
    linked(ws)
    clash(ws, shop, clock)
    run_cycle(ws, NAME)
    return ws


def take(ws: Workspace, whose: Whose, *fields: str) -> SettleReport:
    picks = [(one, whose) for one in list_conflicts(ws, NAME).conflicts if not fields or one.field in fields]
    assert picks
    return settle_conflicts(ws, NAME, picks)


def held(ws: Workspace) -> int:
    return ws.books.records.count_held(ws.books.carts.get(NAME).cart_id)


def test_both_values_are_listed(clashed: Workspace, shop: MemoryShop) -> None:
    """One row for each field, with our value, the cart's, and what was agreed; neither side has lost anything."""
    told = {one.field: (one.ours, one.theirs, one.agreed) for one in list_conflicts(clashed, NAME).conflicts}
    assert told == {"price": ("12", "15", "10"), "name": ("Mug here", "Mug there", "Thing 0")}
    assert (item(clashed).price, shop.items["i0"].price, held(clashed)) == (D(12), D(15), 1)


def test_ours_is_taken_and_sent_by_the_outbox(clashed: Workspace, shop: MemoryShop) -> None:
    """Nothing is written at once: ours waits in the outbox; then both sides agree. What only the shop changed comes."""
    writes = shop.writes
    assert len(take(clashed, Whose.OURS).settled) == 2
    assert (shop.writes, held(clashed)) == (writes, 0)
    assert item(clashed).barcode == "40063810"
    run_cycle(clashed, NAME)
    there = shop.items["i0"]
    assert (there.price, there.name, item(clashed).price, item(clashed).name) == (D(12), "Mug here", D(12), "Mug here")
    assert not list_conflicts(clashed, NAME).conflicts


def test_the_carts_value_is_taken_into_ours(clashed: Workspace, shop: MemoryShop) -> None:
    """Ours is updated, nothing is sent, and the next cycle finds no change."""
    writes = shop.writes
    take(clashed, Whose.CART)
    run_cycle(clashed, NAME)
    assert (item(clashed).price, item(clashed).name, shop.writes, held(clashed)) == (D(15), "Mug there", writes, 0)


def test_one_field_each_way(clashed: Workspace, shop: MemoryShop) -> None:
    """The price from the cart, the name from here; the record stays held until the last field is settled."""
    take(clashed, Whose.CART, "price")
    assert (item(clashed).price, held(clashed)) == (D(15), 1)
    assert [one.field for one in list_conflicts(clashed, NAME).conflicts] == ["name"]
    take(clashed, Whose.OURS, "name")
    run_cycle(clashed, NAME)
    there = shop.items["i0"]
    assert (held(clashed), there.price, there.name) == (0, D(15), "Mug here")


@pytest.mark.parametrize("side", ["cart", "here"])
@pytest.mark.parametrize("whose", list(Whose))
def test_what_moved_since_it_was_listed_is_refused(
    clashed: Workspace, shop: MemoryShop, side: str, whose: Whose
) -> None:
    """The record is read again: a value that nobody looked at is not overwritten, on either side; the other field
    goes on."""
    shown = list_conflicts(clashed, NAME).conflicts
    if side == "cart":
        shop.put_item(replace(shop.items["i0"], price=D(16)))
    else:
        edit(clashed, price=D(13))
    before = item(clashed).price
    report = settle_conflicts(clashed, NAME, [(one, whose) for one in shown])
    assert [one.field for one in report.settled] == ["name"]
    [refused] = report.refused
    assert refused.conflict.field == "price"
    assert "now, not" in refused.problem
    assert item(clashed).price == before


def test_a_record_that_is_gone_is_refused(clashed: Workspace, shop: MemoryShop) -> None:
    """Deleted in the shop meanwhile: ours stays, and the person is told."""
    shown = list_conflicts(clashed, NAME).conflicts
    del shop.items["i0"]
    report = settle_conflicts(clashed, NAME, [(one, Whose.CART) for one in shown])
    assert (len(report.refused), report.settled, item(clashed).price) == (2, (), D(12))


def test_many_prices_want_a_word(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """Rule 14: prices of ours that would leap, many at once, want the cart's name."""
    linked(ws)
    for number in range(4):
        clash(ws, shop, clock, number)
        edit(ws, number, price=D(5))
    run_cycle(ws, NAME)
    picks = [(one, Whose.CART) for one in list_conflicts(ws, NAME).conflicts]
    with pytest.raises(BrakeError):
        settle_conflicts(ws, NAME, picks)
    assert item(ws).price == D(5)
    assert len(settle_conflicts(ws, NAME, picks, confirmed=NAME).settled) == 8


def test_a_conflict_that_only_the_export_met(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """The outbox stopped at it before any import saw it: it is listed, and taking ours sends it."""
    linked(ws)
    clash(ws, shop, clock)
    run_cycle(ws, NAME, only_outbox=True)
    assert held(ws) == 0
    take(ws, Whose.OURS)
    run_cycle(ws, NAME, only_outbox=True)
    assert shop.items["i0"].price == D(12)


def test_customers_too(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """A phone number that both sides changed."""
    running_cart(ws, settings=BOTH)
    assert not apply_plan(ws, plan_import(ws, NAME, RecordKind.CUSTOMER, Selection(["c0"]))).problems
    clock.advance(60)
    shop.put_customer(replace(shop.customers["c0"], phone="+49 1"))
    [ours] = ws.books.customers.list_all()
    with ws.books.transaction():
        ws.books.customers.update(replace(ours, phone="+49 2"))
    run_cycle(ws, NAME)
    take(ws, Whose.CART)
    assert (ws.books.customers.list_all()[0].phone, held(ws)) == ("+49 1", 0)


def test_a_blank_never_replaces(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """Emptied in the cart while we changed it: the cart's blank can't be taken, ours can."""
    linked(ws)
    edit(ws, barcode="111")
    run_cycle(ws, NAME)
    clock.advance(60)
    shop.put_item(replace(shop.items["i0"], barcode=""))
    edit(ws, barcode="222")
    run_cycle(ws, NAME, only_outbox=True)
    [refused] = take(ws, Whose.CART).refused
    assert "blank" in refused.problem
    take(ws, Whose.OURS)
    run_cycle(ws, NAME)
    assert (item(ws).barcode, shop.items["i0"].barcode) == ("222", "222")


def test_a_record_that_is_over_is_counted(clashed: Workspace, shop: MemoryShop) -> None:
    """Somebody made both sides say the same meanwhile: no conflict, one record to be retried from Held."""
    edit(clashed, **THERE)
    assert (list_conflicts(clashed, NAME).conflicts, list_conflicts(clashed, NAME).over) == ((), 1)


def test_settling_is_pure() -> None:
    """Either word makes the cart's value the agreed one; with conflicts left, nothing else moves."""
    agreed, theirs, ours = (
        {"a": "1", "b": "1", "c": "1"},
        {"a": "2", "b": "2", "c": "2"},
        {"a": "3", "b": "3", "c": "1"},
    )
    assert [one.name for one in conflicting_fields(agreed, theirs, ours)] == ["a", "b"]
    half = settle_fields(agreed, theirs, ours, {"a": Whose.CART})
    assert (dict(half.values), half.agreed["a"], [one.name for one in half.left]) == ({"a": "2"}, "2", ["b"])
    whole = settle_fields(agreed, theirs, ours, {"a": Whose.CART, "b": Whose.OURS})
    assert (dict(whole.values), dict(whole.agreed), whole.left) == ({"a": "2", "c": "2"}, theirs, ())
    assert whole.resend


def test_a_key_names_record_and_field() -> None:
    """The id may hold dots."""
    assert Conflict(RecordKind.ITEM, "a.b", 1, "x", "price", "1", "2").key == "item:a.b.price"
