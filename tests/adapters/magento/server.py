"""The made-up Magento shop on a loopback port, and its own side for the conformance suite."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from datetime import datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cartui.adapters.magento import SPEC, MagentoCart
from cartui.domain.ports import Connection
from tests.adapters.magento.shop import ADMIN, FOUR, TOKEN, Hurt, MagentoShop, stamp
from tests.loopback import running

_PAGE = b"<!doctype html>\n<html><head><title>Error 503: Service Unavailable</title></head></html>"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    shop: MagentoShop


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def version_string(self) -> str:
        return "nginx"

    def date_time_string(self, _timestamp: float | None = None) -> str:
        return format_datetime(self.server.shop.moment, usegmt=True)

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        headers = {name.lower(): value for name, value in self.headers.items()}
        origin = f"http://{self.headers['Host']}"
        try:
            status, told = self.server.shop.answer(self.command, self.path, headers, body, origin)
        except Hurt as hurt:
            self._hurt(str(hurt))
            return
        kind = "text/plain" if self.path == "/magento_version" else "application/json; charset=utf-8"
        data = told if kind == "text/plain" else json.dumps(told, default=float)
        self._send(status, data.encode(), kind)

    do_GET = do_POST = do_PUT = _handle  # noqa: N815

    def _send(self, status: int, data: bytes, kind: str, missing: int = 0) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data) + missing))
        self.end_headers()
        self.wfile.write(data)

    def _hurt(self, how: str) -> None:
        if how == "maintenance":
            self._send(503, _PAGE, "text/html; charset=UTF-8")
        elif how == "half-json":
            self._send(200, b'{"items": [{"entity_id": 1, "incre', "application/json")
        self.close_connection = True


@contextmanager
def serving(shop: MagentoShop) -> Iterator[str]:
    """The shop's address while it runs."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.shop = shop
    with running(server) as url:
        yield url


SECRETS = {
    "token": {"password": TOKEN},
    "oauth1": dict(zip(("consumer_key", "consumer_secret", "password", "token_secret"), FOUR, strict=True)),
    "user": {"password": ADMIN[1]},
}


class QuickWaiter:
    """Waits for nothing; its clock moves by what was asked."""

    def __init__(self) -> None:
        self.time = 1000.0

    def now(self) -> float:
        return self.time

    def wait(self, seconds: float) -> None:
        self.time += max(0.0, seconds)


def connect(address: str, shop: MagentoShop, secrets: dict[str, str] | None = None, **options: str) -> MagentoCart:
    """The adapter, signed in by `auth` (an access token if not said), with a clock `ahead` seconds off."""
    known = SECRETS[options.get("auth", "token")] | (secrets or {})
    told = {"username": ADMIN[0], **options}
    find: Callable[[str], str] = known.__getitem__
    ahead = timedelta(seconds=int(told.pop("ahead", "0")))
    connection = Connection("fake", address, told, find, now=lambda: shop.moment + ahead)
    cart = SPEC.open(connection, QuickWaiter())  # type: ignore[call-arg]
    assert isinstance(cart, MagentoCart)
    return cart


class MagentoDriver:
    """The shop's own side: shoppers, staff, and what goes wrong."""

    currency = "GBP"
    carrier = "ups"
    secrets: tuple[str, ...] = (TOKEN, FOUR[1], ADMIN[1], "ad9ebf6e15e19c38e6136e5ad179541f", "Check / Money order")

    def __init__(self, shop: MagentoShop, address: str) -> None:
        self.shop = shop
        self.address = address

    def open(self) -> MagentoCart:
        options = {"admin_url": "https://shop.example/admin_1a2b3c", "payment_method": "banktransfer"}
        return connect(self.address, self.shop, **options)

    def open_with_wrong_password(self) -> MagentoCart:
        return connect(self.address, self.shop, {"password": "not-the-token"})

    def now(self) -> datetime:
        return self.shop.moment

    def place_order(self) -> str:
        self.shop.tick()
        return self._place()

    def _place(self) -> str:
        number = max(self.shop.orders) + 1
        self.shop.put_order(deepcopy(self.shop.orders[4]), number, "GBP")
        return str(number)

    def place_shippable_order(self) -> str:
        self.shop.tick()
        number = max(self.shop.orders) + 1
        self.shop.put_order(deepcopy(self.shop.template), number, "GBP")
        return str(number)

    def next_status(self, order_id: str) -> str:
        return "holded"

    def fill_basket(self) -> str:
        number = max(self.shop.baskets) + 1
        self.shop.put_basket(number)
        return str(number)

    def refund_one_piece(self) -> str:
        number = self.place_shippable_order()
        self.shop.refund(int(number))
        return number

    def place_orders_at_once(self, count: int) -> list[str]:
        self.shop.tick()
        return [self._place() for _ in range(count)]

    def cancel_order(self, order_id: str) -> None:
        nothing = {"total_paid": 0, "total_refunded": 0}
        row = self.shop.orders[int(order_id)]
        row |= nothing | {"state": "canceled", "status": "canceled", "updated_at": self.shop.tick()}

    def rename_item(self, item_id: str, name: str) -> None:
        self.shop.products[int(item_id)] |= {"name": name, "updated_at": self.shop.tick()}

    def stock_of(self, item_id: str) -> Decimal | None:
        return Decimal(self._level(item_id)["qty" if self.shop.sources is None else "quantity"])

    def sell_one(self, item_id: str) -> None:
        row = self._level(item_id)
        row["qty" if self.shop.sources is None else "quantity"] -= 1

    def _level(self, item_id: str) -> dict[str, Any]:
        if self.shop.sources is None:
            return self.shop.stock[int(item_id)]
        return self.shop.sources[self.shop.products[int(item_id)]["sku"], "default"]

    def total_of(self, order_id: str) -> str:
        return str(self.shop.orders[int(order_id)]["grand_total"])

    def spoil_order(self) -> str:
        self.shop.orders[7]["items"][0]["qty_ordered"] = {"oops": 1}
        return "7"

    def lose_answers(self) -> None:
        self.shop.faults.add("lost-answers")

    def answer_again(self) -> None:
        self.shop.faults.discard("lost-answers")

    def count_items(self, sku: str) -> int:
        return sum(row["sku"] == sku for row in self.shop.products.values())


__all__ = ["MagentoDriver", "connect", "serving", "stamp"]
