"""A made-up WooCommerce for each test, and what the tests share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest

from cartui.adapters.woocommerce import WooCommerce
from cartui.domain.ports import Connection, Page, Received
from tests.adapters.conftest import VirtualWaiter
from tests.adapters.woocommerce.server import KEY, SECRET, serving
from tests.adapters.woocommerce.shop import NOW, Shop

Open = Callable[..., WooCommerce]


@pytest.fixture
def shop() -> Shop:
    return Shop(NOW)


@pytest.fixture
def opened(shop: Shop) -> Iterator[Open]:
    """opened(option=…) gives the adapter of the shop over plain http; waits cost no time."""
    carts: list[WooCommerce] = []
    with serving(shop) as url:

        def open_one(path: str = "", now: Callable[[], datetime] | None = None, **options: str) -> WooCommerce:
            told = {"consumer_key": KEY, **options}
            connection = Connection("Woo", url + path, told, lambda _: SECRET, now=now or (lambda: shop.now))
            carts.append(WooCommerce(connection, VirtualWaiter()))
            return carts[-1]

        yield open_one
        for cart in carts:
            cart.close()


@pytest.fixture
def cart(opened: Open) -> WooCommerce:
    return opened()


def rows(pages: Iterator[Page[Any]]) -> list[Received[Any]]:
    return [row for page in pages for row in page.rows]


def asked(shop: Shop, path: str) -> list[str]:
    return [target for _, target in shop.requests if f"wc/v3/{path}?" in target or target.endswith(f"wc/v3/{path}")]
