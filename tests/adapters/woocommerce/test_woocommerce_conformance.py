"""WooCommerce passes the suite of all adapters: version 9.9.5 signed over plain http, 11.0.1 over https and with its
fulfilments."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
import trustme

from cartui.adapters.woocommerce import WooCommerce
from cartui.domain.ports import Cart, Connection
from cartui.testing.conformance import CartConformance, ShopDriver
from tests.adapters.woocommerce.server import KEY, SECRET, serving
from tests.adapters.woocommerce.shop import NOW, Shop

EMPTY_BATCH = '{"update": []}'  # Test Connection tries the right to write with a batch of nothing


class Driver:
    """The shop's own side of the fake."""

    secrets: tuple[str, ...] = (SECRET, "wc_order_")
    currency = "EUR"
    carrier = "dhl"

    def __init__(self, shop: Shop, url: str, ca_file: str = "") -> None:
        self.shop, self.url, self.ca_file = shop, url, ca_file

    def open(self) -> Cart:
        return self._open(SECRET)

    def open_with_wrong_password(self) -> Cart:
        return self._open("cs_wrong_secret")

    def _open(self, secret: str) -> Cart:
        options = {"consumer_key": KEY, "ca_file": self.ca_file}
        return WooCommerce(Connection("Woo", self.url, options, lambda _: secret, now=lambda: NOW))

    def now(self) -> datetime:
        return self.shop.now

    def place_order(self) -> str:
        self.shop.tick()
        return str(self.shop.add_order()["id"])

    def place_orders_at_once(self, count: int) -> list[str]:
        self.shop.tick()
        return [str(self.shop.add_order()["id"]) for _ in range(count)]

    def total_of(self, order_id: str) -> str:
        return str(next(row for row in self.shop.orders if str(row["id"]) == order_id)["total"])

    def spoil_order(self) -> str:
        row = self.shop.orders[7]
        row["total"] = "1e1000000"
        return str(row["id"])

    def lose_answers(self) -> None:
        self.shop.faults.add("lost_answers")

    def answer_again(self) -> None:
        self.shop.faults.discard("lost_answers")

    def count_items(self, sku: str) -> int:
        return sum(row["sku"] == sku for row in self.shop.products)

    def cancel_order(self, order_id: str) -> None:
        self.shop.tick()
        row = next(row for row in self.shop.orders if str(row["id"]) == order_id)
        row |= {"status": "cancelled"}
        self.shop.touch(row)

    def place_shippable_order(self) -> str:
        self.shop.tick()
        row = self.shop.add_order("order_with_coupon", status="processing")
        row["line_items"][0]["quantity"] = 3
        return str(row["id"])

    def next_status(self, order_id: str) -> str:
        return "completed"

    def refund_one_piece(self) -> str:
        self.shop.tick()
        order = self.shop.add_order("order_with_coupon")
        self.shop.refund(order, 0, restock=True)
        return str(order["id"])

    def rename_item(self, item_id: str, name: str) -> None:
        self.shop.tick()
        row = self.shop.product(int(item_id.partition(":")[0]))
        row["name"] = name
        self.shop.touch(row)

    def stock_of(self, item_id: str) -> Decimal | None:
        quantity = self.shop.item(item_id)["stock_quantity"]
        return None if quantity is None else Decimal(quantity)

    def sell_one(self, item_id: str) -> None:
        row = self.shop.item(item_id)
        row["stock_quantity"] -= 1
        self.shop.touch(row)


class TestSignedOverHttp(CartConformance):
    harmless = (EMPTY_BATCH,)

    @pytest.fixture
    def shop(self) -> Iterator[ShopDriver]:
        shop = Shop(NOW, "9.9.5")
        with serving(shop) as url:
            yield Driver(shop, url)


class TestBasicOverHttps(CartConformance):
    harmless = (EMPTY_BATCH,)

    @pytest.fixture
    def shop(self, tmp_path: Path) -> Iterator[ShopDriver]:
        authority = trustme.CA()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        shop = Shop(NOW, "11.0.1")
        shop.faults.add("fulfilments")
        with serving(shop, context) as url:
            yield Driver(shop, url, str(tmp_path / "ca.pem"))
