"""What is written to WooCommerce: stock, items, customers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from cartui.adapters.woocommerce import WooCommerce
from cartui.adapters.woocommerce.stock import parse_answers
from cartui.domain.ids import CartItemId
from cartui.domain.records import CustomerDraft, ItemDraft, StockWrite, WriteState
from cartui.errors import HoldRecordError, UnknownOutcomeError
from tests.adapters.woocommerce.shop import Shop, sample


def write(row: dict[str, Any], quantity: str, expected: str | None = None) -> StockWrite:
    parent = row.get("parent_id")
    name = f"{parent}:{row['id']}" if parent else str(row["id"])
    return StockWrite(CartItemId(name), Decimal(quantity), None if expected is None else Decimal(expected))


def test_stock_that_the_shop_does_not_track_is_refused(shop: Shop, cart: WooCommerce) -> None:
    """The shop would answer 200 and store nothing: untracked products, and variations of one common stock."""
    untracked = next(row for row in shop.products if row["stock_quantity"] is None and row["type"] == "simple")
    results = cart.set_stock([write(untracked, "5"), write(shop.variations[-1], "5"), write(shop.products[0], "2.5")])
    assert [one.state for one in results] == [WriteState.REFUSED] * 3
    assert ["track" in results[0].reason, "one stock" in results[1].reason] == [True, True]
    assert all(method == "GET" for method, _ in shop.requests)


def test_an_answer_of_200_that_kept_another_number_is_no_success(shop: Shop) -> None:
    """Tracking was switched off between look and write."""
    told = {"update": [{"id": 12, "manage_stock": False, "stock_quantity": None}]}
    (result,) = parse_answers(told, [StockWrite(CartItemId("12"), Decimal(5))])
    assert result.state is WriteState.REFUSED


def test_errors_of_rows_stand_in_a_good_answer() -> None:
    """A recorded batch: one row written, one refused; a row that is not in the answer is open."""
    group = [StockWrite(CartItemId(one), Decimal(12)) for one in ("13", "999999", "14")]
    results = parse_answers(sample("stock_batch"), group)
    assert "Invalid ID" in results[1].reason
    assert [one.state for one in results] == [WriteState.DONE, WriteState.REFUSED, WriteState.UNKNOWN]


def test_stock_goes_in_batches_of_a_hundred_variations_by_product(shop: Shop, cart: WooCommerce) -> None:
    """Each row has its result, in order; a number that is there already is not written again."""
    more = [shop.add_product(sku=f"M-{number}", manage_stock=True, stock_quantity=1) for number in range(130)]
    writes = [write(row, "7", "1") for row in more]
    writes[5:5] = [write(shop.variations[0], "9", str(shop.variations[0]["stock_quantity"])), write(more[0], "1")]
    results = cart.set_stock(writes)
    assert [one.item_id for one in results] == [one.item_id for one in writes]
    assert {one.state for one in results} == {WriteState.DONE}
    assert shop.variations[0]["stock_quantity"] == 9
    assert {row["stock_quantity"] for row in more[1:]} == {7}
    before = len(shop.requests)
    assert cart.set_stock([write(more[1], "7")])[0].state is WriteState.DONE
    assert all(method == "GET" for method, _ in shop.requests[before:])


def test_a_lost_answer_to_stock_leaves_its_rows_unknown(shop: Shop, cart: WooCommerce) -> None:
    """It is not sent again by itself."""
    shop.faults.add("lost_answers")
    (result,) = cart.set_stock([write(shop.products[0], "3")])
    assert result.state is WriteState.UNKNOWN
    assert [method for method, _ in shop.requests].count("POST") == 1


def test_a_sku_differs_by_more_than_case(shop: Shop, cart: WooCommerce) -> None:
    """It is found in any case, and a second one is refused with the product that has it."""
    draft = ItemDraft("k1", "sku-0001", "Other", Decimal("1.00"), "EUR")
    (found,) = cart.find_items(draft)
    assert found.sku == "SKU-0001"
    with pytest.raises(HoldRecordError, match=f"It is {found.item_id} in the shop"):
        cart.create_item(draft)


def test_what_we_made_is_known_by_its_key_among_items_without_a_sku(shop: Shop, cart: WooCommerce) -> None:
    """Another product of the same name is not taken for it, and a lost answer makes no second one."""
    draft = ItemDraft("cartui-9", "", "Thing 1", Decimal("1.00"), "EUR", stock=Decimal(4))
    assert cart.find_items(draft) == []
    shop.faults.add("lost_answers")
    with pytest.raises(UnknownOutcomeError):
        cart.create_item(draft)
    shop.faults.clear()
    (made,) = cart.find_items(draft)
    assert made.stock == Decimal(4)
    assert shop.item(made.item_id)["meta_data"][0]["value"] == "cartui-9"


def test_a_products_sku_is_not_a_variations(cart: WooCommerce) -> None:
    """A product that is sold by its variations can't be linked as an item."""
    with pytest.raises(HoldRecordError, match="by its variations only"):
        cart.find_items(ItemDraft("k", "VP-05", "x", None, "EUR"))


def test_writes_that_would_be_ignored_are_refused(shop: Shop, cart: WooCommerce) -> None:
    """A variation's name, a bar code before 9.2, a price in another currency."""
    variation = shop.variations[0]
    with pytest.raises(HoldRecordError, match="no name of its own"):
        cart.update_item(CartItemId(f"{variation['parent_id']}:{variation['id']}"), {"name": "x"})
    shop.version = "8.9.0"
    with pytest.raises(HoldRecordError, match="bar code"):
        cart.update_item(CartItemId(str(shop.products[0]["id"])), {"barcode": "4006381333931"})
    with pytest.raises(HoldRecordError, match="EUR"):
        cart.create_item(ItemDraft("k", "S", "x", Decimal(1), "USD"))


def test_only_what_changed_is_sent(shop: Shop, cart: WooCommerce) -> None:
    """Where the shop holds a SKU twice, repeating it would be refused."""
    shop.products[0]["sku"] = shop.products[1]["sku"]
    cart.update_item(CartItemId(str(shop.products[0]["id"])), {"price": Decimal("7.50")})
    assert shop.products[0]["regular_price"] == "7.50"


def test_shops_that_want_a_user_name_get_one(shop: Shop, cart: WooCommerce) -> None:
    """And a password that nobody knows; the e-mail's case does not make another customer."""
    shop.faults.add("no_user_names")
    draft = CustomerDraft("k", "New@Buyers.example", "Ann", "Lee", tax_number="DE123456789")
    made = cart.create_customer(draft)
    (found,) = cart.find_customers(CustomerDraft("k", "new@buyers.EXAMPLE"))
    assert (found.customer_id, found.tax_number) == (made, "DE123456789")
    with pytest.raises(HoldRecordError, match="status 400"):
        cart.create_customer(draft)
