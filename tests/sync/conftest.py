"""A shop in memory, a clock that stands still, and books in a temporary file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from cartui.adapters.memory import MemoryShop
from cartui.domain.documents import Document
from cartui.domain.settings import CartSettings, DocumentKind
from cartui.sync.cycle import run_cycle
from cartui.sync.workspace import Workspace
from cartui.testing import samples
from cartui.testing.clock import FrozenClock
from cartui.testing.workspace import memory_workspace, running_cart
from tests.sync.one_order import NAME, of_order


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def shop(clock: FrozenClock) -> MemoryShop:
    """Ten items, five customers, no orders."""
    shop = MemoryShop(clock, page_size=10)
    for number in range(10):
        shop.put_item(samples.item(number, clock()))
    for number in range(5):
        shop.put_customer(samples.customer(number, clock()))
    return shop


@pytest.fixture
def ws(tmp_path: Path, shop: MemoryShop, clock: FrozenClock) -> Iterator[Workspace]:
    ws = memory_workspace(tmp_path, shop, clock)
    yield ws
    ws.close_thread()


@pytest.fixture
def document(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> Document:
    """The PENDING cash sale of order 0."""
    running_cart(ws, settings=CartSettings(import_orders_as=DocumentKind.CASH_SALE))
    place(shop, range(1))
    run_cycle(ws, NAME)
    clock.advance(60)
    return of_order(ws, "0")


def place(shop: MemoryShop, numbers: range, **changes: object) -> None:
    """Orders one second apart, the first at the shop's time now."""
    for number in numbers:
        shop.put_order(samples.order(number, shop.clock() + timedelta(seconds=number), **changes))
