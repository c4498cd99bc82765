"""Cart Connect under the one suite, against the demo shop over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from cartui.adapters.cart_connect import CartConnect
from cartui.demo import lifecycle
from cartui.demo.seller import move_stock, touch
from cartui.demo.server import DemoShop, RunningDemo
from cartui.demo.wire import render_time
from cartui.testing.conformance import CartConformance

Connect = Callable[..., CartConnect]


class DemoDriver:
    """The demo shop's own side: its rows are the truth."""

    currency = "EUR"

    def __init__(self, shop: DemoShop, running: RunningDemo, connect: Connect) -> None:
        self.shop = shop
        self.secrets = (running.password, running.read_only_password)
        self.connect = connect

    def open(self) -> CartConnect:
        return self.connect()

    def open_with_wrong_password(self) -> CartConnect:
        return self.connect(password="not-the-password")

    def now(self) -> datetime:
        return self.shop.now()

    def place_order(self) -> str:
        return next(row_id for event, row_id in self.shop.tick() if event == "order-placed")

    def place_orders_at_once(self, count: int) -> list[str]:
        self.shop.advance(1)
        stamp = f"{render_time(self.shop.now())[:19]}.000000Z"
        order, ids = self.shop.rows("orders")[0], [f"same-{number}" for number in range(count)]
        with self.shop.reading() as store:
            store.put("orders", [order | {"order_id": one, "modified_at": stamp, "placed_at": stamp} for one in ids])
        return ids

    def cancel_order(self, order_id: str) -> None:
        self._change("orders", order_id, lambda order: lifecycle.set_status(order, "cancelled"))

    def rename_item(self, item_id: str, name: str) -> None:
        self._change("items", item_id, lambda item: item.update(name=name))

    def stock_of(self, item_id: str) -> Decimal | None:
        stock = self._row("items", item_id)["stock"]
        return None if stock is None else Decimal(stock)

    def sell_one(self, item_id: str) -> None:
        with self.shop.writing() as stamp:
            move_stock(self.shop, self._row("items", item_id), -10, stamp)

    carrier = "DHL"

    def place_shippable_order(self) -> str:
        return next(
            order["order_id"]
            for order in self.shop.rows("orders")
            if order["status"] == "paid"
            and not order["shipments"]
            and any(line["kind"] == "product" and Decimal(line["quantity"]) >= 2 for line in order["lines"])
        )

    def next_status(self, order_id: str) -> str:
        return "on-hold"

    def fill_basket(self) -> str:
        for event, row_id in (told for _ in range(100) for told in self.shop.tick()):
            if event == "basket-filled" and all(
                self._row("items", line["item_id"])["active"] for line in self._row("baskets", row_id)["lines"]
            ):
                return row_id
        raise AssertionError("no shopper filled a basket")

    def refund_one_piece(self) -> str:
        order_id = self.place_shippable_order()
        with self.shop.writing() as stamp:
            order = self._row("orders", order_id)
            lifecycle.refund_piece(order, stamp, "Broken\x1b[2J", restock=True)
            self.shop.store.put("orders", [order | {"modified_at": stamp}])
        return order_id

    def total_of(self, order_id: str) -> str:
        return str(self._row("orders", order_id)["total"])

    def spoil_order(self) -> str:
        order_id = str(self.shop.rows("orders")[7]["order_id"])
        self._change("orders", order_id, lambda order: order["lines"][0].update(quantity=1.5))
        return order_id

    def lose_answers(self) -> None:
        self.shop.faults.arm("lost-answer", times=1_000, on="POST")

    def answer_again(self) -> None:
        self.shop.faults.disarm()

    def count_items(self, sku: str) -> int:
        return sum(row["sku"] == sku for row in self.shop.rows("items"))

    def _row(self, kind: str, row_id: str) -> dict[str, Any]:
        with self.shop.reading() as store:
            found = store.find(kind, row_id)
        assert found is not None
        return found

    def _change(self, kind: str, row_id: str, change: Callable[[dict[str, Any]], object]) -> None:
        with self.shop.writing() as stamp:
            row = self._row(kind, row_id)
            change(row)
            touch(row, stamp) if "version" in row else row.update(modified_at=stamp)
            self.shop.store.put(kind, [row])


class TestCartConnect(CartConformance):
    @pytest.fixture
    def shop(self, demo_shop: DemoShop, demo: RunningDemo, connect: Connect) -> DemoDriver:
        return DemoDriver(demo_shop, demo, connect)
