"""Writing to Shopify: items, stock, customers; twice is never made."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from cartui.adapters.shopify import ShopifyCart
from cartui.adapters.shopify.render import render_gid, render_handle
from cartui.domain.ids import CartCustomerId, CartItemId, CartOrderId
from cartui.domain.ports import Stage
from cartui.domain.records import (
    Address,
    CustomerDraft,
    ItemDraft,
    LineKind,
    StockWrite,
    WriteState,
)
from cartui.errors import HoldRecordError, NeedsOperatorError
from cartui.testing.conformance import good, rows_of
from cartui.transport import NotFoundError
from tests.adapters.shopify.judging import DRAFT, Open, stage_of
from tests.adapters.shopify_shop import (
    DEPOT,
    HOME,
    FakeShopify,
    iso,
)

# --- writing ----------------------------------------------------------------------------------------------------------


def test_an_item_is_made_whole(cart: ShopifyCart, shop: FakeShopify) -> None:
    made = shop.variant(cart.create_item(DRAFT))
    assert (made["sku"], made["price"], made["barcode"], made["product"]["title"]) == (
        "NEW-5", "9.90", "4006381333931", "New thing",
    )  # fmt: skip
    assert made["inventoryItem"]["levels"] == {HOME: 7}
    assert made["product"]["handle"] == render_handle(DRAFT.key)


def test_making_an_item_again_takes_nothing_away(cart: ShopifyCart, shop: FakeShopify) -> None:
    """productSet would delete the variant that staff added since."""
    made = cart.create_item(DRAFT)
    product = shop.variant(made)["product"]
    shop.add_variant(product, "Blue", "NEW-5-B", 1)
    assert cart.create_item(DRAFT) == made
    assert [one["sku"] for one in product["variants"]] == ["NEW-5", "NEW-5-B"]


def test_items_are_found_by_the_whole_sku_only(cart: ShopifyCart) -> None:
    """Search takes parts and ignores case: MUG-1 also finds MUG-10 and MUG-11."""
    draft = ItemDraft("cartui-1-item-9", "MUG-1", "Mug", None, "EUR")
    assert [item.sku for item in cart.find_items(draft)] == ["MUG-1"]


def test_a_price_in_another_currency_is_refused_before_anything_is_sent(cart: ShopifyCart, shop: FakeShopify) -> None:
    cart.session.known_terms()
    shop.requests.clear()
    with pytest.raises(HoldRecordError, match="EUR"):
        cart.create_item(ItemDraft("k", "S", "N", Decimal(1), "USD"))
    assert shop.requests == []


def test_an_update_changes_what_is_named(cart: ShopifyCart, shop: FakeShopify) -> None:
    number = CartItemId(shop.variants()[0]["legacyResourceId"])
    cart.update_item(number, {"name": "Cup", "sku": "CUP", "barcode": "1", "price": Decimal("2.50")})
    (item,) = good(cart.get_items([number]).rows)
    assert (item.name, item.sku, item.barcode, item.price) == ("Cup", "CUP", "1", Decimal("2.5"))


def test_the_name_of_one_variant_of_several_is_not_changed(cart: ShopifyCart, shop: FakeShopify) -> None:
    """It is the product's: the others would be renamed, too."""
    with pytest.raises(HoldRecordError, match="several variants"):
        cart.update_item(CartItemId(shop.variants()[13]["legacyResourceId"]), {"name": "Polo"})
    with pytest.raises(NotFoundError):
        cart.update_item(CartItemId("not-a-number"), {"name": "Polo"})


def test_a_batch_of_stock_tells_each_row(open_cart: Open, shop: FakeShopify) -> None:
    """Shopify carries out all or nothing: the rows that it names are told, the others are written all the same."""
    cart, rows = open_cart(), shop.variants()
    shop.locations.append({"id": DEPOT, "legacyResourceId": "12", "name": "Depot"})
    cart = open_cart(location="Shop")
    untracked = rows[4]["inventoryItem"]
    untracked["tracked"] = False
    rows[5]["inventoryItem"]["levels"] = {DEPOT: 3}
    wanted = [(rows[0], 9, None), (rows[1], -1, None), (rows[2], 8, 99), (rows[4], 1, None), (rows[5], 1, None)]
    writes = [
        StockWrite(CartItemId(row["legacyResourceId"]), Decimal(number), expected and Decimal(expected))
        for row, number, expected in [*wanted, (rows[3], 6, 8)]
    ]
    results = cart.set_stock([*writes, StockWrite(CartItemId("7"), Decimal(1))])
    states = [result.state for result in results]
    done, refused, conflict = WriteState.DONE, WriteState.REFUSED, WriteState.CONFLICT
    assert states == [done, refused, conflict, refused, refused, done, refused]
    assert [result.reason != "" for result in results] == [state is not done for state in states]
    assert (rows[0]["inventoryItem"]["levels"], rows[3]["inventoryItem"]["levels"]) == ({HOME: 9}, {HOME: 6})
    assert rows[1]["inventoryItem"]["levels"] == {HOME: 6}


def test_a_sale_between_reading_and_writing_is_a_conflict(
    cart: ShopifyCart, shop: FakeShopify, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compare and set: the shop itself refuses, and nothing is overwritten."""
    variant, write = shop.variants()[0], cart.session.write

    def sold_meanwhile(*args: Any, **more: Any) -> Any:
        variant["inventoryItem"]["levels"][HOME] = 4
        return write(*args, **more)

    monkeypatch.setattr(cart.session, "write", sold_meanwhile)
    (result,) = cart.set_stock([StockWrite(CartItemId(variant["legacyResourceId"]), Decimal(50))])
    assert (result.state, result.current) == (WriteState.CONFLICT, 4)
    assert variant["inventoryItem"]["levels"][HOME] == 4


def test_each_stock_write_has_a_key_of_its_own(cart: ShopifyCart, shop: FakeShopify) -> None:
    number = CartItemId(shop.variants()[0]["legacyResourceId"])
    for quantity in (50, 51):
        assert cart.set_stock([StockWrite(number, Decimal(quantity))])[0].state is WriteState.DONE
    assert len(shop.keys) == 2
    assert "@idempotent" in shop.requests[-1][0]


def test_a_stock_write_whose_answer_was_lost_is_sent_again_with_its_key(cart: ShopifyCart, shop: FakeShopify) -> None:
    """The key makes that safe; as long as no answer comes the outcome is unknown."""
    number = CartItemId(shop.variants()[0]["legacyResourceId"])
    shop.lost = True
    (result,) = cart.set_stock([StockWrite(number, Decimal(50))])
    assert result.state is WriteState.UNKNOWN
    keys = [told["key"] for _, told in shop.requests if "key" in told]
    assert len(keys) > 1
    assert len(set(keys)) == 1


def test_before_2026_stock_is_compared_in_the_older_words(open_cart: Open, shop: FakeShopify) -> None:
    """compareQuantity, and no @idempotent."""
    cart, variant = open_cart(api_version="2025-10"), shop.variants()[0]
    (result,) = cart.set_stock([StockWrite(CartItemId(variant["legacyResourceId"]), Decimal(50))])
    assert (result.state, variant["inventoryItem"]["levels"][HOME]) == (WriteState.DONE, 50)
    assert "@idempotent" not in shop.requests[-1][0]


def test_of_several_locations_one_must_be_named(open_cart: Open, shop: FakeShopify) -> None:
    """Stock is then their sum, and writing is refused with the way out."""
    shop.locations.append({"id": DEPOT, "legacyResourceId": "12", "name": "Depot"})
    variant = shop.variants()[0]
    variant["inventoryItem"]["levels"] = {HOME: 5, DEPOT: 6}
    number = CartItemId(variant["legacyResourceId"])
    cart = open_cart()
    assert [item.stock for item in good(cart.get_items([number]).rows)] == [11]
    (result,) = cart.set_stock([StockWrite(number, Decimal(1))])
    assert result.state is WriteState.REFUSED
    assert "Stock location" in result.reason
    assert "Depot" in stage_of(cart, Stage.READ_RIGHTS).detail
    for named in ("Depot", "12", DEPOT):
        assert [item.stock for item in good(open_cart(location=named).get_items([number]).rows)] == [6]
    with pytest.raises(NeedsOperatorError, match="no stock location"):
        open_cart(location="Moon").get_items([number])


def test_a_customer_with_company_and_address(cart: ShopifyCart, shop: FakeShopify) -> None:
    """The company is the default address's."""
    place = Address(street1="1 High Street", city="Leeds", postcode="LS1", country="GB")
    draft = CustomerDraft(
        "cartui-1-customer-5", "new@example.test", "Ann", "New", "Mugs Ltd", "+441134960000", "", place
    )
    made = cart.create_customer(draft)
    (found,) = cart.find_customers(draft)
    assert (found.company, found.phone, found.addresses[0].city) == ("Mugs Ltd", "+441134960000", "Leeds")
    cart.update_customer(made, {"company": "Cups Ltd", "first_name": "Bea"})
    (after,) = good(cart.get_customers([made]).rows)
    assert (after.company, after.first_name, after.last_name) == ("Cups Ltd", "Bea", "New")


def test_an_email_that_is_taken_is_refused_by_user_errors(cart: ShopifyCart) -> None:
    """HTTP 200 and no top-level error, and yet nothing was made."""
    with pytest.raises(HoldRecordError, match="already been taken"):
        cart.create_customer(CustomerDraft("k-9", "buyer1@example.test", "Ann", "B"))


def test_a_tax_number_has_no_place(cart: ShopifyCart) -> None:
    with pytest.raises(HoldRecordError, match="tax number"):
        cart.update_customer(CartCustomerId("1"), {"tax_number": "GB123"})


def test_a_customer_without_email_is_found_by_our_tag(cart: ShopifyCart) -> None:
    draft = CustomerDraft("cartui-1-customer-6", "", "Ann", "Nomail")
    made = cart.create_customer(draft)
    assert [one.customer_id for one in cart.find_customers(draft)] == [made]


def test_ids_that_can_not_be_are_absent(cart: ShopifyCart) -> None:
    """Shopify answers one malformed id with an error for all of them."""
    assert [render_gid("Order", text) for text in ("7", "gid://shopify/Order/7", "0", "x", "7 OR 1")] == [
        "gid://shopify/Order/7", "gid://shopify/Order/7", "", "", "",
    ]  # fmt: skip
    assert cart.get_orders([CartOrderId("x"), CartOrderId("999")]).rows == ()


def test_baskets(cart: ShopifyCart, shop: FakeShopify) -> None:
    """Two mugs, a discount, tax; what is left of the total is what shipping costs."""
    rows = rows_of(cart.iter_baskets(None))
    basket = good(rows)[0]
    assert {line.kind: line.amount for line in basket.lines} == {
        LineKind.PRODUCT: 20, LineKind.DISCOUNT: -1, LineKind.TAX: Decimal("3.9"), LineKind.SHIPPING: 5,
    }  # fmt: skip
    assert basket.buyer.email == "buyer0@example.test"
    shop.checkouts[0]["completedAt"] = iso(shop.time)
    assert good(rows_of(cart.iter_baskets(None)))[0].status == "purchased"
