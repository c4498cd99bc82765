"""PrestaShop under the one suite, against a small shop that behaves as recorded ones do: 8.2, 1.7 and XML out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

import pytest

from cartui.adapters.prestashop import PrestaShop
from cartui.testing.conformance import CartConformance
from tests.adapters.prestashop.data import SECURE_KEY
from tests.adapters.prestashop.server import connect, serve
from tests.adapters.prestashop.shop import KEY, PASSWD, FakePrestaShop


class Driver:
    """The shop's own side."""

    secrets = (KEY, SECURE_KEY, PASSWD, "4111", "dh-1")
    currency = "EUR"
    carrier = "Parcel Co"

    def __init__(self, shop: FakePrestaShop, **options: str) -> None:
        self.shop, self.options = shop, {"admin_url": "https://shop.example/admin123", **options}

    def open(self) -> PrestaShop:
        return connect(self.shop, **self.options)

    def open_with_wrong_password(self) -> PrestaShop:
        return connect(self.shop, key="X" * 32, **self.options)

    def now(self) -> datetime:
        return self.shop.moment

    def place_order(self) -> str:
        self.shop.pass_time()
        return str(self.shop.order(("2", 1, "12.5", "20"))["id"])

    def place_shippable_order(self) -> str:
        self.shop.pass_time()
        return str(self.shop.order(("2", 3, "12.5", "20"), ("20:4", 2, "20", "5"))["id"])

    def next_status(self, order_id: str) -> str:
        return "3"

    def refund_one_piece(self) -> str:
        order_id = self.place_shippable_order()
        self.shop.pass_time()
        self.shop.slip(order_id)
        return order_id

    def place_orders_at_once(self, count: int) -> list[str]:
        self.shop.pass_time()
        return [str(self.shop.order(("2", 1, "12.5", "20"))["id"]) for _ in range(count)]

    def cancel_order(self, order_id: str) -> None:
        self.shop.pass_time()
        order = self.shop.put("orders", id=order_id, current_state="6")
        self.shop.touch(order)

    def rename_item(self, item_id: str, name: str) -> None:
        self.shop.pass_time()
        product = self.shop.put("products", id=item_id.partition(":")[0], name={"1": name, "2": f"{name} (fr)"})
        self.shop.touch(product)

    def stock_of(self, item_id: str) -> Decimal | None:
        return Decimal(self.shop.stock_row(item_id)["quantity"])

    def sell_one(self, item_id: str) -> None:
        row = self.shop.stock_row(item_id)
        row["quantity"] = str(int(row["quantity"]) - 1)

    def total_of(self, order_id: str) -> str:
        return str(self.shop.rows["orders"][int(order_id)]["total_paid_tax_incl"])

    def spoil_order(self) -> str:
        self.shop.rows["orders"][8]["total_paid_tax_incl"] = "12,50"
        return "8"

    def lose_answers(self) -> None:
        self.shop.faults.add("lost_answer")

    def answer_again(self) -> None:
        self.shop.faults.discard("lost_answer")

    def count_items(self, sku: str) -> int:
        return sum(row["reference"] == sku for row in self.shop.rows["products"].values())


class TestPrestaShop8(CartConformance):
    @pytest.fixture
    def shop(self) -> Iterator[Driver]:
        with serve(FakePrestaShop()) as shop:
            yield Driver(shop)


class TestPrestaShop17(CartConformance):
    """No PATCH; every product list in full and every product write is HTTP 500 although all was well; one language."""

    @pytest.fixture
    def shop(self) -> Iterator[Driver]:
        with serve(FakePrestaShop("1.7.8.11", "America/New_York", languages=1)) as shop:
            yield Driver(shop)


class TestPrestaShopXml(CartConformance):
    @pytest.fixture
    def shop(self) -> Iterator[Driver]:
        with serve(FakePrestaShop("9.0.2", "Australia/Lord_Howe")) as shop:
            yield Driver(shop, read_format="xml")
