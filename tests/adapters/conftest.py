"""The demo shop behind the adapter: a fixed seed and moment, served on loopback, a shop of its own for each test."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cartui.adapters.cart_connect import CartConnect
from cartui.demo.server import DemoShop, RunningDemo, serve
from cartui.domain.ports import Connection
from cartui.transport import StoppedError

for part in ("conformance", "order_life", "read_only"):
    pytest.register_assert_rewrite(f"cartui.testing.{part}")

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SEED = 7

Connect = Callable[..., CartConnect]


class VirtualWaiter:
    """A clock that moves only when somebody waits on it; `waits` are the waits asked for."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.waits: list[float] = []
        self.stopped = False

    def now(self) -> float:
        return self.time

    def wait(self, seconds: float) -> None:
        if self.stopped:
            raise StoppedError
        if seconds > 0:
            self.waits.append(seconds)
            self.time += seconds


@pytest.fixture(scope="session")
def seeded_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("demo") / "shop.db"
    DemoShop(path, SEED, NOW).close()
    return path


@pytest.fixture
def demo_shop(seeded_file: Path, tmp_path: Path) -> Iterator[DemoShop]:
    path = tmp_path / "shop.db"
    shutil.copy(seeded_file, path)
    shop = DemoShop(path, SEED, NOW)
    yield shop
    shop.close()


@pytest.fixture
def demo(demo_shop: DemoShop) -> Iterator[RunningDemo]:
    with serve(demo_shop) as running:
        yield running


@pytest.fixture
def waiter() -> VirtualWaiter:
    return VirtualWaiter()


@pytest.fixture
def connect(demo: RunningDemo, demo_shop: DemoShop, waiter: VirtualWaiter) -> Iterator[Connect]:
    """Open the adapter: connect(password=…, url=…, now=…, allow_plain_http=…); closed at the end of the test."""
    opened: list[CartConnect] = []

    def open_one(
        password: str | None = None,
        url: str | None = None,
        now: Callable[[], datetime] | None = None,
        allow_plain_http: bool = False,
    ) -> CartConnect:
        word = demo.password if password is None else password
        connection = Connection("Demo", url or demo.address, {}, lambda _: word, allow_plain_http, now or (lambda: NOW))
        opened.append(CartConnect(connection, waiter))
        return opened[-1]

    yield open_one
    for cart in opened:
        cart.close()


@pytest.fixture
def cart(connect: Connect) -> CartConnect:
    return connect()
