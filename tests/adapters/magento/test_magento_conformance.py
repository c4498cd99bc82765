"""Magento under the one suite, with stock at the item (2.2), and at sources with the ways of 2.4."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cartui.testing.conformance import CartConformance, ShopDriver
from tests.adapters.magento.server import MagentoDriver, serving
from tests.adapters.magento.shop import MagentoShop


class TestMagento(CartConformance):
    harmless = ('"sourceItems": []', '"sourceItems":[]')  # tries a right, with nothing to write

    @pytest.fixture
    def shop(self) -> Iterator[ShopDriver]:
        shop = MagentoShop()
        with serving(shop) as address:
            yield MagentoDriver(shop, address)


class TestMagentoWithSources(CartConformance):
    harmless = TestMagento.harmless

    @pytest.fixture
    def shop(self) -> Iterator[ShopDriver]:
        shop = MagentoShop(with_sources=True)
        shop.faults |= {"net-rows", "no-negative-rows", "strict-statuses"}
        with serving(shop) as address:
            yield MagentoDriver(shop, address)
