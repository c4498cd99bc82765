"""Medusa under the one suite, against a fake server after recordings of 2.21.2."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

import pytest

from cartui.adapters.medusa import SPEC
from cartui.adapters.medusa.money import rounded, unit_of
from cartui.adapters.medusa.parse import split_item_id
from cartui.domain.ports import Cart, Connection
from cartui.testing.conformance import CartConformance, ShopDriver
from tests.adapters.medusa_money import Row
from tests.adapters.medusa_shop import KEY, FakeMedusa, serving


class FakeDriver:
    """The shop's own side: its rows are the truth."""

    currency = "GBP"
    carrier = "royal-mail"
    secrets: tuple[str, ...] = (KEY, "secret-of-the-bank", "secret-of-the-carrier")

    def __init__(self, fake: FakeMedusa, address: str) -> None:
        self.fake = fake
        self.address = address

    def open(self) -> Cart:
        return self._open(KEY)

    def open_with_wrong_password(self) -> Cart:
        return self._open("sk_wrong")

    def _open(self, key: str) -> Cart:
        return SPEC.open(Connection("fake", self.address, {}, lambda _name: key, now=lambda: self.fake.now))

    def now(self) -> datetime:
        return self.fake.now

    def _place(self, **changes: object) -> str:
        with self.fake.lock:
            self.fake.tick()
            return str(self.fake.add_order("gbp", {}, self.fake.customers[1], **changes)["id"])

    def place_order(self) -> str:
        return self._place()

    def place_orders_at_once(self, count: int) -> list[str]:
        with self.fake.lock:
            self.fake.tick()
            return [str(self.fake.add_order("gbp", {}, self.fake.customers[0])["id"]) for _ in range(count)]

    def place_shippable_order(self) -> str:
        order_id = self._place(pieces=3)
        order = self.fake.order(order_id)
        order["captured"] = self.fake.total_of(order)
        return order_id

    def next_status(self, order_id: str) -> str:
        assert self.fake.order(order_id)["status"] == "pending"
        return "completed"

    def fill_basket(self) -> str:
        return self._place(status="draft", paid=False)

    def refund_one_piece(self) -> str:
        order_id = self._place()
        with self.fake.lock:
            self.fake.pay_back(order_id, Decimal("12.06"))
        return order_id

    def cancel_order(self, order_id: str) -> None:
        with self.fake.lock:
            order = self.fake.order(order_id)
            order |= {"status": "canceled", "updated_at": self.fake.tick()}

    def _variant(self, item_id: str) -> Row:
        return next(one for one in self.fake.variants if one["id"] == split_item_id(item_id)[1])

    def rename_item(self, item_id: str, name: str) -> None:
        with self.fake.lock:
            product = next(one for one in self.fake.products if one["id"] == split_item_id(item_id)[0])
            product |= {"title": name, "updated_at": self.fake.tick()}

    def stock_of(self, item_id: str) -> Decimal | None:
        return Decimal(self.fake.level(self._variant(item_id))["stocked_quantity"])

    def sell_one(self, item_id: str) -> None:
        self.fake.level(self._variant(item_id))["stocked_quantity"] -= 1

    def total_of(self, order_id: str) -> str:
        """What was charged, to the decimals of the currency: Medusa itself rounds nothing."""
        order = self.fake.order(order_id)
        whole = {**order, "credited": [], "lines": [{**one, "back": 0} for one in order["lines"]]}
        return str(rounded(self.fake.total_of(whole), unit_of(order["currency_code"].upper())))

    def spoil_order(self) -> str:
        order = self.fake.orders[7]
        order["spoilt"] = {"total": "1e1000000"}
        return str(order["id"])

    def lose_answers(self) -> None:
        self.fake.lost = True

    def answer_again(self) -> None:
        self.fake.lost = False

    def count_items(self, sku: str) -> int:
        return sum(one["sku"] == sku for one in self.fake.variants)


class TestMedusa(CartConformance):
    @pytest.fixture
    def shop(self) -> Iterator[ShopDriver]:
        fake = FakeMedusa()
        with serving(fake) as address:
            yield FakeDriver(fake, address)
