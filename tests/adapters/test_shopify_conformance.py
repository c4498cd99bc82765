"""Shopify under the one suite, against a fake that executes the documents by the published schema."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from cartui.adapters.shopify import ShopifyCart
from cartui.domain.ports import Connection
from cartui.testing.conformance import CartConformance
from tests.adapters.conftest import VirtualWaiter
from tests.adapters.shopify_shop import HOME, NOW, TOKEN, FakeShopify, iso, serving


class ShopifyDriver:
    """The shop's own side."""

    currency = "EUR"
    secrets = (TOKEN,)

    def __init__(self, shop: FakeShopify, address: str) -> None:
        self.shop, self.address = shop, address

    def _open(self, token: str) -> ShopifyCart:
        told = Connection("fake", self.address, {}, lambda _: token, allow_plain_http=True, now=self.now)
        return ShopifyCart(told, VirtualWaiter())

    def open(self) -> ShopifyCart:
        return self._open(TOKEN)

    def open_with_wrong_password(self) -> ShopifyCart:
        return self._open("shpat_wrong")

    def now(self) -> datetime:
        return self.shop.time

    def place_order(self) -> str:
        self.shop.tick(1)
        return str(self.shop.add_order()["legacyResourceId"])

    def place_orders_at_once(self, count: int) -> list[str]:
        self.shop.tick(1)
        return [str(self.shop.add_order()["legacyResourceId"]) for _ in range(count)]

    def cancel_order(self, order_id: str) -> None:
        order = self.shop.order(order_id)
        order["cancelledAt"] = iso(self.shop.time)
        self.shop.touch(order)

    def rename_item(self, item_id: str, name: str) -> None:
        product = self.shop.variant(item_id)["product"]
        product["title"] = name
        self.shop.touch(product)

    def stock_of(self, item_id: str) -> Decimal | None:
        item = self.shop.variant(item_id)["inventoryItem"]
        return Decimal(item["levels"][HOME]) if item["tracked"] else None

    def sell_one(self, item_id: str) -> None:
        self.shop.variant(item_id)["inventoryItem"]["levels"][HOME] -= 1

    carrier = "DHL Express"

    def place_shippable_order(self) -> str:
        return self.place_order()

    def refund_one_piece(self) -> str:
        self.shop.tick(1)
        order = self.shop.add_order()
        self.shop.refund_piece(order, "Broken\x1b[2J")
        return str(order["legacyResourceId"])

    def total_of(self, order_id: str) -> str:
        return str(self.shop.order(order_id)["totalPriceSet"]["presentmentMoney"]["amount"])

    def spoil_order(self) -> str:
        order: dict[str, Any] = self.shop.orders[7]
        order["totalPriceSet"]["presentmentMoney"]["amount"] = "1e9"
        return str(order["legacyResourceId"])

    def lose_answers(self) -> None:
        self.shop.lost = True

    def answer_again(self) -> None:
        self.shop.lost = False

    def count_items(self, sku: str) -> int:
        return sum(one["sku"] == sku for one in self.shop.variants())


class TestShopify(CartConformance):
    @pytest.fixture
    def shop(self) -> Iterator[ShopifyDriver]:
        shop = FakeShopify()
        assert shop.time == NOW
        with serving(shop) as address:
            yield ShopifyDriver(shop, address)
