"""The number that is sent as stock: what it is made of, for each kind of cart (DESIGN rule 11, N11)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from cartui.domain.bundles import BundlePart
from cartui.domain.documents import Item
from cartui.domain.ids import ItemCode, ItemId
from cartui.domain.plan_stock import Arithmetic, ItemRule, Sold, StockGround, in_query, stock_to_send
from cartui.domain.ports import StockMeaning
from cartui.domain.settings import CartSettings, StockNumber, StockRange

D = Decimal
MUG = Item(ItemId(1), ItemCode("MUG-RED"), "Red mug", on_hand=D(20), allocated=D(3))
SOLD = Sold(pending=D(4), waiting=D(1), open_here=D(6))


def sent(ground: StockGround, meaning: StockMeaning = StockMeaning.FREE, **settings: Any) -> Arithmetic:
    told = stock_to_send(ground, CartSettings(**settings), meaning)
    assert told.send is None or sum((term.amount for term in told.terms), D(0)) == told.send, "the rows add up"
    return told


def rows(told: Arithmetic) -> dict[str, int]:
    return {term.label: int(term.amount) for term in told.terms}


def test_orderable_is_on_hand_less_all_that_is_promised() -> None:
    """On hand - allocated - PENDING - orders that wait - buffer, each a row."""
    told = sent(StockGround(MUG, SOLD), stock_buffer=D(2))
    assert rows(told) == {
        "on hand": 20,
        "allocated": -3,
        "on PENDING documents": -4,
        "on orders that wait": -1,
        "buffer": -2,
    }
    assert told.send == 10


def test_a_cart_that_subtracts_its_own_orders_gets_them_added_back() -> None:
    """Otherwise they would count twice: the shop offers 20 - 3 - 4 - 1 = 12, whether it subtracts 6 itself or not."""
    told = sent(StockGround(MUG, SOLD), StockMeaning.ON_HAND)
    assert (told.send, rows(told)["open in this cart"]) == (18, 6)
    assert told.send - SOLD.open_here == sent(StockGround(MUG, SOLD)).send


def test_a_cart_can_want_what_lies_on_the_shelf() -> None:
    """Less the buffer only."""
    settings = {"stock_number": StockNumber.ON_HAND, "stock_buffer": D(5)}
    assert sent(StockGround(MUG, SOLD), **settings).send == 15
    assert sent(StockGround(MUG, SOLD), StockMeaning.ON_HAND, **settings).send == 15


@pytest.mark.parametrize(
    ("rule", "settings", "send"),
    [
        (ItemRule(), {}, 0),
        (ItemRule(), {"stock_backorder": True}, -2),
        (ItemRule(backorder=True), {}, -2),
        (ItemRule(backorder=False), {"stock_backorder": True}, 0),
        (ItemRule(buffer=D(0)), {"stock_buffer": D(9), "stock_backorder": True}, -2),
    ],
)
def test_never_below_zero_unless_backorders_are_taken(rule: ItemRule, settings: dict[str, Any], send: int) -> None:
    """S124. What an item says in a cart goes before what the cart says."""
    oversold = replace(MUG, on_hand=D(5), allocated=D(7))
    assert sent(StockGround(oversold, rule=rule), **settings).send == send


def test_the_floor_comes_before_what_the_cart_subtracts_itself() -> None:
    """Two sold, none left: the shop subtracts its two and offers none, not minus two."""
    told = sent(StockGround(replace(MUG, on_hand=D(0), allocated=D(0)), Sold(D(2), D(0), D(2))), StockMeaning.ON_HAND)
    assert told.send == 2


def test_blank_is_not_zero() -> None:
    """Stock that was never stated sends nothing and says so; zero sends zero."""
    told = sent(StockGround(replace(MUG, on_hand=None)))
    assert (told.send, told.terms) == (None, ())
    assert "never stated" in told.reason
    assert sent(StockGround(replace(MUG, on_hand=D(0), allocated=D(0)))).send == 0


@pytest.mark.parametrize(
    ("rule", "settings", "goes"),
    [
        (ItemRule(never_send=True), {}, False),
        (ItemRule(), {"stock_range": StockRange.LISTED}, False),
        (ItemRule(listed=True), {"stock_range": StockRange.LISTED}, True),
        (ItemRule(), {"stock_range": StockRange.QUERY, "stock_query": "code:mug"}, True),
        (ItemRule(), {"stock_range": StockRange.QUERY, "stock_query": "cap"}, False),
        (ItemRule(never_send=True, listed=True), {"stock_range": StockRange.LISTED}, False),
    ],
)
def test_each_cart_sells_its_own_range(rule: ItemRule, settings: dict[str, Any], goes: bool) -> None:
    """What is left out has a reason; nothing of it is sent, not even zero."""
    told = sent(StockGround(MUG, rule=rule), **settings)
    assert (told.send is not None, bool(told.reason)) == (goes, not goes)


@pytest.mark.parametrize(
    ("query", "found"),
    [("MUG", True), ("red", True), ("mug red", True), ("mug blue", False), ("code:red", False), ("name:MUG", True),
     ("ug-", False), ("", False), ("  ", False)],
)  # fmt: skip
def test_a_range_is_told_by_code_or_name(query: str, found: bool) -> None:
    """The beginning of a code, or any part of a name; no words mean no item, never all of them."""
    assert in_query(query, MUG) is found


def test_a_bundle_is_what_its_parts_make() -> None:
    """Its own number counts for nothing; a part that was never stated makes it blank."""
    parts = (BundlePart(ItemId(2), D(2)), BundlePart(ItemId(3), D(1)))
    bundle = replace(MUG, on_hand=D(99), allocated=D(0))
    assert sent(StockGround(bundle, parts=parts, part_free={ItemId(2): D(9), ItemId(3): D(7)})).send == 4
    assert sent(StockGround(bundle, parts=parts, part_free={ItemId(2): D(9), ItemId(3): None})).send is None


def test_the_default_item_is_never_sent() -> None:
    """It stands in for items that are missing."""
    assert sent(StockGround(replace(MUG, is_default=True))).send is None
