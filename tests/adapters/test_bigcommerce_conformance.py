"""BigCommerce under the one suite, against a fake server after the vendor's documentation."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

import pytest

from cartui.adapters.bigcommerce import SPEC
from cartui.domain.ports import Cart, Connection
from cartui.testing.conformance import CartConformance, ShopDriver
from tests.adapters.bigcommerce_shop import STATUS_NAMES, TOKEN, FakeBigCommerce, serving


class FakeDriver:
    """The shop's own side: its rows are the truth."""

    currency = "EUR"
    secrets: tuple[str, ...] = (TOKEN, "203.0.113.77")

    def __init__(self, fake: FakeBigCommerce, address: str) -> None:
        self.fake = fake
        self.address = address

    def open(self) -> Cart:
        return self._open(TOKEN)

    def open_with_wrong_password(self) -> Cart:
        return self._open("wrong-token")

    def _open(self, token: str) -> Cart:
        return SPEC.open(Connection("fake", self.address, {}, lambda _name: token, now=lambda: self.fake.now))

    def now(self) -> datetime:
        return self.fake.now

    def place_order(self) -> str:
        with self.fake.lock:
            self.fake.tick()
            return str(self.fake.add_order()["id"])

    def place_orders_at_once(self, count: int) -> list[str]:
        with self.fake.lock:
            self.fake.tick()
            return [str(self.fake.add_order()["id"]) for _ in range(count)]

    def cancel_order(self, order_id: str) -> None:
        with self.fake.lock:
            self.fake.tick()
            row = self.fake.order(order_id)
            row |= {"status_id": 5, "status": STATUS_NAMES[5], "custom_status": STATUS_NAMES[5]}
            self.fake.touch(row)

    def rename_item(self, item_id: str, name: str) -> None:
        with self.fake.lock:
            self.fake.tick()
            product, _ = self.fake.item(item_id)
            product["name"] = name
            self.fake.touch(product)

    def stock_of(self, item_id: str) -> Decimal | None:
        return Decimal(self.fake.free(*self.fake.item(item_id)))

    def sell_one(self, item_id: str) -> None:
        product, variant = self.fake.item(item_id)
        counted = product if product["inventory_tracking"] == "product" else variant
        counted["inventory_level"] -= 1

    carrier = "dhl"

    def place_shippable_order(self) -> str:
        with self.fake.lock:
            self.fake.tick()
            return str(self.fake.add_order(pieces=2, lines=2)["id"])

    def next_status(self, order_id: str) -> str:
        return "9"

    def fill_basket(self) -> str:
        with self.fake.lock:
            self.fake.tick()
            return str(self.fake.add_order(status_id=0, pieces=2, payment_status="")["id"])

    def refund_one_piece(self) -> str:
        with self.fake.lock:
            self.fake.tick()
            row = self.fake.add_order(pieces=2)
            line = self.fake.details[row["id"], "products"][0]
            given = round(Decimal(line["price_inc_tax"]), 2)
            items = [{"item_type": "PRODUCT", "item_id": line["id"], "quantity": 1, "requested_amount": None}]
            paid = [{"id": 13, "provider_id": "card", "amount": float(given), "is_declined": False}]
            back = {"id": 900, "order_id": row["id"], "created": "2026-11-20T12:00:00+00:00", "reason": "Broken\x1b[2J"}
            self.fake.refunds.append(back | {"total_amount": float(given), "items": items, "payments": paid})
            row["payment_status"] = "partially refunded"
            self.fake.set_status(row, 14)
            return str(row["id"])

    def total_of(self, order_id: str) -> str:
        return str(self.fake.order(order_id)["total_inc_tax"])

    def spoil_order(self) -> str:
        row = next(one for one in self.fake.orders if one["status_id"] == 11)
        row["total_inc_tax"] = "1e1000000"
        return str(row["id"])

    def lose_answers(self) -> None:
        self.fake.lost = True

    def answer_again(self) -> None:
        self.fake.lost = False

    def count_items(self, sku: str) -> int:
        return sum(each["sku"] == sku for one in self.fake.products for each in one["variants"])


class TestBigCommerce(CartConformance):
    @pytest.fixture
    def shop(self) -> Iterator[ShopDriver]:
        fake = FakeBigCommerce()
        with serving(fake) as address:
            yield FakeDriver(fake, address)
