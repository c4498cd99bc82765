"""WooCommerce's items: products, variations, their prices."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from cartui.adapters.woocommerce import WooCommerce
from cartui.adapters.woocommerce.parse import parse_item, parse_row
from cartui.domain.ports import BadRecord
from cartui.sync.intake import checked_pages
from tests.adapters.woocommerce.conftest import asked, rows
from tests.adapters.woocommerce.shop import NOW, Shop


def items_of(cart: WooCommerce, since: datetime | None = None) -> dict[str, Any]:
    return {row.external_id: row.record for row in rows(checked_pages(cart.iter_items(since), since, "items"))}


@pytest.mark.parametrize("version", ["8.2.0", "9.9.5", "11.0.1"])
def test_variations_are_the_items_and_their_products_sku_is_not_theirs(
    shop: Shop, cart: WooCommerce, version: str
) -> None:
    """The same items with one list of all variations (from 10.3) or a list per product (before)."""
    shop.version = version
    items = items_of(cart)
    assert len(items) == 20 + len(shop.variations)
    without, shared = shop.variations[0], shop.variations[-1]
    item = items[f"{without['parent_id']}:{without['id']}"]
    assert (item.sku, item.name, item.variant) == ("", "Shirt VP-05", "L0, Red")
    assert items[f"{shared['parent_id']}:{shared['id']}"].stock is None
    assert len(asked(shop, f"products/{without['parent_id']}/variations")) == (0 if version == "11.0.1" else 1)


@pytest.mark.parametrize("version", ["9.9.5", "11.0.1"])
def test_a_changed_variation_comes_with_a_stamp_that_satisfies_the_filter(
    shop: Shop, cart: WooCommerce, version: str
) -> None:
    """Its siblings come, too, because their product moved; each stamp is the one that the filter saw."""
    shop.version = version
    row = shop.variations[0]
    shop.touch(row)
    assert f"{row['parent_id']}:{row['id']}" in items_of(cart, NOW)
    if version == "11.0.1":  # a change that did not move the product's date
        shop.tick(3600)
        shop.stamp(row, "date_modified", shop.now)
        assert list(items_of(cart, shop.now)) == [f"{row['parent_id']}:{row['id']}"]


def test_a_list_of_variations_that_ignores_the_date_stops_nothing(shop: Shop, cart: WooCommerce) -> None:
    """The products' dates have told of changes already."""
    shop.version = "11.0.1"
    shop.tick(60)

    def drop_date(path: str, params: dict[str, str]) -> None:
        if path == "variations":
            params.pop("modified_after", None)

    shop.before_request = drop_date
    assert items_of(cart, shop.now) == {}


def test_a_poll_without_changes_costs_a_few_requests(shop: Shop, cart: WooCommerce) -> None:
    """Whatever the catalogue's size."""
    shop.tick(60)
    assert items_of(cart, shop.now) == {}
    assert rows(cart.iter_orders(shop.now)) == []
    assert len(shop.requests) <= 4


def test_prices_are_the_regular_ones_and_a_negative_one_is_held() -> None:
    """A sale does not change what the item costs by itself."""
    told = {"id": 1, "name": "x", "regular_price": "10.00", "price": "8.00", "sale_price": "8.00"}
    assert parse_item(told, None, "EUR").price == Decimal("10.00")
    row = parse_row({**told, "regular_price": "-1"}, lambda one: parse_item(one, None, "EUR"))
    assert isinstance(row.record, BadRecord)
