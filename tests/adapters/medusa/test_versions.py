"""What differs from one Medusa 2 to another: drafts of the older ones have no filter by date and stay drafts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from cartui.adapters.medusa import MedusaCart
from cartui.domain.ids import CartBasketId, CartItemId, CartOrderId
from cartui.domain.ports import Verdict
from cartui.domain.records import StockWrite, WriteState
from cartui.errors import AbortCycleError, HoldRecordError
from cartui.sync.intake import checked_pages
from cartui.testing.conformance import rows_of
from cartui.transport import NotFoundError
from tests.adapters.medusa.conftest import DRAFT, item_id_of
from tests.adapters.medusa_money import Row
from tests.adapters.medusa_shop import FakeMedusa


def add_drafts(fake: FakeMedusa, count: int) -> list[Row]:
    made = []
    for _ in range(count):
        fake.tick()
        made.append(fake.add_order("gbp", {}, fake.customers[0], status="draft", paid=False))
    return made


@pytest.fixture
def old(fake: FakeMedusa) -> FakeMedusa:
    fake.old_drafts = True
    return fake


def test_connection_of_an_older_shop_passes(old: FakeMedusa, cart: MedusaCart) -> None:
    assert all(stage.verdict is not Verdict.FAILED for stage in cart.test_connection())


@pytest.mark.parametrize("take", [2, 7, 100])
def test_changed_drafts_of_an_older_shop_all_come(old: FakeMedusa, cart: MedusaCart, take: int) -> None:
    """From the newest back, and no further than asked for; the mark is the shop's time at the start."""
    add_drafts(old, 3)
    drafts = add_drafts(old, 20)
    since = datetime.fromisoformat(str(drafts[0]["updated_at"])).astimezone(UTC)
    cart.session.take = take
    pages = list(checked_pages(cart.iter_baskets(since), since, "baskets"))
    found = [row.external_id for page in pages for row in page.rows]
    assert sorted(found) == sorted(str(one["id"]) for one in drafts)
    assert pages[-1].complete_to == old.now.replace(microsecond=0)


def test_draft_that_is_deleted_while_pages_are_read_hides_no_other(old: FakeMedusa, cart: MedusaCart) -> None:
    drafts = add_drafts(old, 20)
    since = datetime.fromisoformat(str(drafts[0]["updated_at"])).astimezone(UTC)
    cart.session.take = 8
    found: set[str] = set()
    for number, page in enumerate(cart.iter_baskets(since)):
        found |= {row.external_id for row in page.rows}
        if number == 0:
            old.orders.remove(drafts[-1])
    assert found == {str(one["id"]) for one in drafts}


def test_draft_that_can_not_be_made_an_order_says_so(old: FakeMedusa, cart: MedusaCart) -> None:
    """A draft that is not there is still told as missing."""
    (draft,) = add_drafts(old, 1)
    with pytest.raises(HoldRecordError, match="can't make a draft an order"):
        cart.place_order(CartBasketId(draft["id"]), "key")
    with pytest.raises(NotFoundError):
        cart.place_order(CartBasketId("order_none"), "key")
    assert len(rows_of(cart.iter_baskets(None))) == sum(one["status"] == "draft" for one in old.orders)


@pytest.mark.parametrize("take", [1, 100])
def test_items_of_an_older_shop_are_found_by_their_code_and_made(fake: FakeMedusa, cart: MedusaCart, take: int) -> None:
    """By a search, which finds `NEW-55` and a title that has it, too; nothing is made twice."""
    fake.old_items = True
    cart.session.take = take
    fake.add_variant(fake.add_product(f"{DRAFT.sku} in a box", []), f"{DRAFT.sku}5", "One")
    assert cart.find_items(DRAFT) == []
    made = cart.create_item(DRAFT)
    assert [one.item_id for one in cart.find_items(DRAFT)] == [made]
    assert [one.item_id for one in cart.find_items(replace(DRAFT, key="another"))] == [made]


def test_stock_of_an_older_shop_is_written_piece_by_piece(fake: FakeMedusa, cart: MedusaCart) -> None:
    """Each with its own answer; that there is no batch is learned once. A first level is made."""
    fake.old_items = True
    known, other = fake.variants[0], fake.variants[1]
    fresh = fake.add_variant(fake.add_product("Fresh", []), "FRESH-1", "One")
    fresh["inventory_items"][0]["inventory"]["location_levels"] = []
    rows = [known, other, fresh]
    writes = [StockWrite(item_id_of(one), Decimal(7 + number), None) for number, one in enumerate(rows)]
    writes.append(StockWrite(CartItemId("prod_none:variant_none"), Decimal(1), None))
    results = cart.set_stock(writes)
    assert [one.state for one in results] == [WriteState.DONE] * 3 + [WriteState.REFUSED]
    assert [fake.level(one)["stocked_quantity"] for one in rows] == [7, 8, 9]
    fake.asked.clear()
    assert [one.state for one in cart.set_stock(writes[:2])] == [WriteState.DONE] * 2
    assert not any(path.endswith("batch") for _, path, _ in fake.asked)


def test_orders_of_an_older_shop_are_read_without_credit_lines(fake: FakeMedusa, cart: MedusaCart) -> None:
    """It fails as a whole where they are asked for; that is learned once. A shop that fails for another reason is not
    taken for an old one."""
    fake.failing["admin/orders"] = (500, {"message": "An unknown error occurred."})
    with pytest.raises(AbortCycleError):
        list(cart.iter_orders(None))
    fake.failing.clear()
    fake.asked.clear()
    list(cart.iter_orders(None))
    assert any("credit_lines" in told.get("fields", "") for _, _, told in fake.asked)
    fake.old_orders = True
    placed = [one for one in fake.orders if one["status"] != "draft"]
    assert len(rows_of(cart.iter_orders(None))) == len(placed)
    fake.asked.clear()
    assert cart.get_orders([CartOrderId(placed[0]["id"])]).rows
    assert not any("credit_lines" in told.get("fields", "") for _, _, told in fake.asked)
