"""A made-up Magento for each test: without and with the inventory modules."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cartui.adapters.magento import MagentoCart
from tests.adapters.magento.server import connect, serving
from tests.adapters.magento.shop import MagentoShop


@pytest.fixture
def shop() -> MagentoShop:
    return MagentoShop()


@pytest.fixture
def address(shop: MagentoShop) -> Iterator[str]:
    with serving(shop) as address:
        yield address


@pytest.fixture
def cart(shop: MagentoShop, address: str) -> Iterator[MagentoCart]:
    cart = connect(address, shop)
    yield cart
    cart.close()


@pytest.fixture
def sources() -> MagentoShop:
    return MagentoShop(with_sources=True)


@pytest.fixture
def sourced(sources: MagentoShop) -> Iterator[MagentoCart]:
    with serving(sources) as address:
        cart = connect(address, sources)
        yield cart
        cart.close()
