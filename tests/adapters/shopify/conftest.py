"""A fake shop and the adapter on it, a new one for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cartui.adapters.shopify import ShopifyCart
from cartui.domain.ports import Connection
from tests.adapters.conftest import VirtualWaiter
from tests.adapters.shopify.judging import Open
from tests.adapters.shopify_shop import (
    TOKEN,
    FakeShopify,
    serving,
)


@pytest.fixture
def shop() -> FakeShopify:
    return FakeShopify()


@pytest.fixture
def open_cart(shop: FakeShopify, waiter: VirtualWaiter) -> Iterator[Open]:
    """Open the adapter: open_cart(secret=…, option=…)."""
    opened: list[ShopifyCart] = []
    with serving(shop) as address:

        def open_one(secret: str = TOKEN, **options: str) -> ShopifyCart:
            told = Connection("fake", address, options, lambda _: secret, True, lambda: shop.time)
            opened.append(ShopifyCart(told, waiter))
            return opened[-1]

        yield open_one
        for cart in opened:
            cart.close()


@pytest.fixture
def cart(open_cart: Open) -> ShopifyCart:
    return open_cart()
