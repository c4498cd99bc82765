"""A made-up PrestaShop for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cartui.adapters.prestashop import PrestaShop
from tests.adapters.conftest import VirtualWaiter
from tests.adapters.prestashop.server import connect, serve
from tests.adapters.prestashop.shop import FakePrestaShop


@pytest.fixture
def shop() -> Iterator[FakePrestaShop]:
    with serve(FakePrestaShop()) as shop:
        yield shop


@pytest.fixture
def old_shop() -> Iterator[FakePrestaShop]:
    with serve(FakePrestaShop("1.7.8.11")) as shop:
        yield shop


@pytest.fixture
def cart(shop: FakePrestaShop) -> Iterator[PrestaShop]:
    cart = connect(shop, waiter=VirtualWaiter())
    yield cart
    cart.close()
