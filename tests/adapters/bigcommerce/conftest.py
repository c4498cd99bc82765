"""A fake store and the adapter on it, a new one for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cartui.adapters.bigcommerce import BigCommerceCart
from cartui.domain.ports import Connection
from tests.adapters.bigcommerce.judging import Open
from tests.adapters.bigcommerce_shop import TOKEN, FakeBigCommerce, serving
from tests.adapters.conftest import VirtualWaiter


@pytest.fixture
def fake() -> FakeBigCommerce:
    return FakeBigCommerce(orders=0)


@pytest.fixture
def connect(fake: FakeBigCommerce, waiter: VirtualWaiter) -> Iterator[Open]:
    """Open the adapter: connect(token=…, url=…, stock_location=…)."""
    with serving(fake) as address:
        opened: list[BigCommerceCart] = []

        def open_one(token: str = TOKEN, url: str = address, **options: str) -> BigCommerceCart:
            connection = Connection("fake", url, options, lambda _name: token, now=lambda: fake.now)
            opened.append(BigCommerceCart(connection, waiter))
            return opened[-1]

        yield open_one
        for cart in opened:
            cart.close()


@pytest.fixture
def cart(connect: Open) -> BigCommerceCart:
    return connect()
