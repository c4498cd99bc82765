"""The reference double under the suite that it is the reference for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeVar

import pytest

from cartui.adapters.memory import MemoryCart, MemoryShop
from cartui.domain.ids import CartBasketId, CartItemId, CartOrderId
from cartui.domain.ports import BadRecord, Received, Stage, StageResult, Verdict
from cartui.domain.records import CartOrder, ItemDraft, LineKind, OrderLine, OrderState, ShipmentDraft
from cartui.domain.safe_text import safe_text
from cartui.errors import ExitCode, NeedsOperatorError, UnknownOutcomeError
from cartui.testing import samples
from cartui.testing.clock import FrozenClock
from cartui.testing.conformance import CartConformance

Answer = TypeVar("Answer")


class Forgetful(MemoryCart):
    """Does what it is asked and, while told so, loses the answer."""

    def __init__(self, driver: MemoryDriver) -> None:
        super().__init__(driver.shop)
        self.driver = driver

    def create_item(self, draft: ItemDraft) -> CartItemId:
        return self._told(super().create_item(draft))

    def create_shipment(self, draft: ShipmentDraft) -> str:
        return self._told(super().create_shipment(draft))

    def place_order(self, basket_id: CartBasketId, key: str) -> CartOrderId:
        return self._told(super().place_order(basket_id, key))

    def _told(self, answer: Answer) -> Answer:
        if self.driver.losing:
            raise UnknownOutcomeError("No answer came.", "It is looked up.")
        return answer


class Locked(MemoryCart):
    """A shop that takes no password."""

    def test_connection(self) -> Iterator[StageResult]:
        yield StageResult(Stage.AUTHENTICATION, Verdict.FAILED, "The password is wrong.", "Enter it again.")

    def iter_orders(self, since: datetime | None) -> Iterator[object]:  # type: ignore[override]
        raise NeedsOperatorError("The password is wrong.", "Enter it again.", ExitCode.CART_REFUSED)


class MemoryDriver:
    secrets = ("open sesame",)
    currency = "EUR"

    def __init__(self) -> None:
        self.clock = FrozenClock()
        self.shop = MemoryShop(self.clock, page_size=10)
        self.losing = False
        for number in range(25):
            self.shop.put_item(samples.item(number, self.clock()))
            self.shop.put_customer(samples.customer(number, self.clock()))
            self.shop.put_basket(samples.basket(number, self.clock()))
        for number in range(35):
            self.clock.advance(60)
            self.shop.put_order(_in_currency(samples.order(number, self.clock()), ("EUR", "JPY", "KWD")[number % 3]))

    def open(self) -> MemoryCart:
        return Forgetful(self)

    def open_with_wrong_password(self) -> MemoryCart:
        return Locked(self.shop)

    def now(self) -> datetime:
        return self.clock()

    def place_order(self) -> str:
        self.clock.advance(1)
        return self._place()

    def _place(self) -> str:
        number = 100 + len(self.shop.orders)
        self.shop.put_order(samples.order(number, self.clock()))
        return str(number)

    def place_orders_at_once(self, count: int) -> list[str]:
        self.clock.advance(timedelta(seconds=1))
        return [self._place() for _ in range(count)]

    def cancel_order(self, order_id: str) -> None:
        self.clock.advance(1)
        self.shop.put_order(replace(self.shop.orders[order_id], order_state=OrderState.CANCELLED))

    def rename_item(self, item_id: str, name: str) -> None:
        self.clock.advance(1)
        self.shop.put_item(replace(self.shop.items[item_id], name=safe_text(name)))  # records are harmless already

    def stock_of(self, item_id: str) -> Decimal | None:
        return self.shop.items[item_id].stock

    def sell_one(self, item_id: str) -> None:
        item = self.shop.items[item_id]
        assert item.stock is not None
        self.shop.put_item(replace(item, stock=item.stock - 1))

    carrier = "DHL"

    def place_shippable_order(self) -> str:
        return self.place_order()

    def next_status(self, order_id: str) -> str:
        return "on-hold"

    def fill_basket(self) -> str:
        self.clock.advance(1)
        number = len(self.shop.baskets)
        self.shop.put_basket(samples.basket(number, self.clock()))
        return f"b{number}"

    def refund_one_piece(self) -> str:
        order_id = self.place_order()
        self.clock.advance(60)
        self.shop.put_refund(order_id, samples.refund(1, self.clock(), reason="Broken\x1b[2J"))
        return order_id

    def total_of(self, order_id: str) -> str:
        return str(self.shop.orders[order_id].total)

    def spoil_order(self) -> str:
        order = self.shop.orders.pop("7")
        raw = b'{"order_id": "7", "total": "twelve"}'
        self.shop.bad_orders["7"] = Received(CartOrderId("7"), order.modified_at, raw, BadRecord("total: no amount."))
        return "7"

    def lose_answers(self) -> None:
        self.losing = True

    def answer_again(self) -> None:
        self.losing = False

    def count_items(self, sku: str) -> int:
        return sum(item.sku == sku for item in self.shop.items.values())


def _in_currency(order: CartOrder, currency: str) -> CartOrder:
    amounts = {"EUR": ("20.00", "4.60"), "JPY": ("2000", "460"), "KWD": ("20.005", "4.605")}[currency]
    net, tax = map(Decimal, amounts)
    lines = (OrderLine(LineKind.PRODUCT, "Thing", net), OrderLine(LineKind.TAX, "VAT", tax))
    return replace(order, currency=currency, lines=lines, total=net + tax)


class TestMemory(CartConformance):
    @pytest.fixture
    def shop(self) -> MemoryDriver:
        return MemoryDriver()
