"""Writes to items and customers: nothing is overwritten or made twice."""

from __future__ import annotations

from copy import deepcopy
from decimal import Decimal

import pytest

from cartui.adapters.magento import MagentoCart
from cartui.domain.ids import CartCustomerId, CartItemId
from cartui.domain.records import CustomerDraft, ItemDraft
from cartui.errors import HoldRecordError
from cartui.testing.conformance import good
from tests.adapters.magento.cases import DRAFT, calls
from tests.adapters.magento.server import connect
from tests.adapters.magento.shop import MagentoShop


@pytest.mark.parametrize("sku", ["MG-0001", "mg-0001"])
def test_a_create_never_overwrites(cart: MagentoCart, shop: MagentoShop, sku: str) -> None:
    """POST with a SKU that exists would change that item, answer 200 and give its id; case does not matter to it."""
    draft = ItemDraft("key", sku, "Another thing", Decimal(1), "GBP")
    assert [item.item_id for item in cart.find_items(draft)] == ["1"]
    with pytest.raises(HoldRecordError, match="already"):
        cart.create_item(draft)
    assert not calls(shop, "POST", "/products")
    assert shop.products[1]["name"].startswith("Thing 1")


def test_a_sku_of_a_family_is_refused(cart: MagentoCart) -> None:
    with pytest.raises(HoldRecordError, match="configurable"):
        cart.find_items(ItemDraft("key", "CFG-26", "Shirt", Decimal(1), "GBP"))


def test_a_new_item_comes_with_its_stock(cart: MagentoCart, shop: MagentoShop) -> None:
    made = cart.create_item(DRAFT)
    ((path, _, told),) = calls(shop, "POST", "/products")
    assert path == "/rest/all/V1/products"
    assert told["product"]["attribute_set_id"] == 4
    assert good(cart.get_items([made]).rows)[0].stock == 7


def test_a_new_item_lies_at_the_source(sourced: MagentoCart, sources: MagentoShop) -> None:
    assert sources.sources is not None
    made = sourced.create_item(DRAFT)
    assert sources.sources["NEW-5", "default"] == {
        "sku": "NEW-5", "source_code": "default", "quantity": 7, "status": 1,
    }  # fmt: skip
    assert good(sourced.get_items([made]).rows)[0].stock == 7


def test_a_change_is_written_for_all_store_views_or_the_chosen_one(shop: MagentoShop, address: str) -> None:
    """Without a view in the path Magento would write a value of the default view's own over the shop-wide one."""
    for view, path in (("", "/rest/all/V1/products/MG-0001"), ("eur", "/rest/eur/V1/products/MG-0001")):
        cart = connect(address, shop, store_view=view)
        cart.update_item(CartItemId("1"), {"price": Decimal("3.21")})
        found, _, told = calls(shop, "PUT", "/products")[-1]
        assert (found, told) == (path, {"product": {"price": Decimal("3.21")}})
        cart.close()


def test_a_customers_addresses_survive_a_change(cart: MagentoCart, shop: MagentoShop) -> None:
    number = next(n for n, row in shop.customers.items() if row["addresses"])
    before = deepcopy(shop.customers[number])
    cart.update_customer(CartCustomerId(str(number)), {"last_name": "Neu"})
    after = shop.customers[number]
    assert after["addresses"] == before["addresses"]
    assert {key for key in before if after.get(key) != before[key]} == {"lastname", "updated_at"}


def test_what_the_shop_refuses_is_told_in_its_words(cart: MagentoCart) -> None:
    with pytest.raises(HoldRecordError, match="same email address"):
        cart.create_customer(CustomerDraft("key", "CUST001@example.com", "Ada", "Lace"))
    with pytest.raises(HoldRecordError, match="No such entity with id = 4711"):
        cart.update_customer(CartCustomerId("4711"), {"last_name": "Neu"})
