"""A demo shop of a fixed seed and moment, served on loopback; each test has a shop of its own."""

import shutil
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from cartui.demo.server import DemoShop, RunningDemo, serve

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SEED = 7
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # loopback only; reading the system's certificates takes 50 ms

Walk = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="session")
def seeded_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("demo") / "shop.db"
    DemoShop(path, SEED, NOW).close()
    return path


@pytest.fixture
def shop(seeded_file: Path, tmp_path: Path) -> Iterator[DemoShop]:
    path = tmp_path / "shop.db"
    shutil.copy(seeded_file, path)
    shop = DemoShop(path, SEED, NOW)
    yield shop
    shop.close()


@pytest.fixture
def demo(shop: DemoShop) -> Iterator[RunningDemo]:
    with serve(shop) as running:
        yield running


@pytest.fixture
def client(demo: RunningDemo) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {demo.password}"}
    with httpx.Client(base_url=f"{demo.address}/cartconnect/v1/", headers=headers, timeout=20, verify=NO_TLS) as client:
        yield client


@pytest.fixture
def walk(client: httpx.Client) -> Walk:
    """Read a whole listing: walk("orders", limit=50, between=callable, modified_since=…) -> pages."""

    def read(kind: str, *, limit: int = 100, between: Callable[[], object] | None = None, **filters: str) -> Any:
        pages: list[dict[str, Any]] = []
        parameters: dict[str, str] = {"limit": str(limit), **filters}
        while True:
            answer = client.get(kind, params=parameters)
            assert answer.status_code == 200, answer.text
            pages.append(answer.json())
            if pages[-1]["next_cursor"] is None:
                return pages
            assert len(pages) < 5_000, "the listing does not end"
            parameters = {"limit": str(limit), "cursor": pages[-1]["next_cursor"]}
            if between is not None:
                between()

    return read
