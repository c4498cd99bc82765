"""Magento under the one suite, with stock at the item (2.2) and at sources (2.3 and later)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cartui.testing.conformance import CartConformance, ShopDriver
from tests.adapters.magento.server import MagentoDriver, serving
from tests.adapters.magento.shop import MagentoShop


class TestMagento(CartConformance):
    @pytest.fixture
    def shop(self) -> Iterator[ShopDriver]:
        shop = MagentoShop()
        with serving(shop) as address:
            yield MagentoDriver(shop, address)


class TestMagentoWithSources(CartConformance):
    @pytest.fixture
    def shop(self) -> Iterator[ShopDriver]:
        shop = MagentoShop(with_sources=True)
        with serving(shop) as address:
            yield MagentoDriver(shop, address)
