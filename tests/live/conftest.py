"""The real shops, one of each for a test session; tests that use one are slow and live without saying so."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.live.vendure_actor import VendureActor
from tests.live.vendure_shop import ShopUnavailable, VendureShop, skip_or_fail

SHOP_FIXTURES = {"vendure_shop", "vendure"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what uses a shop as live and slow, before tests/conftest.py gives such tests their time and process."""
    for item in items:
        if SHOP_FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.live)
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def vendure_shop(request: pytest.FixtureRequest) -> Iterator[VendureShop]:
    """A started Vendure shop with a fresh copy of the seeded data; its log is kept where a test of the session failed.

    Skips without Node.js, unless CARTUI_REQUIRE_LIVE=1 says that this machine must have it.
    """
    shop = VendureShop()
    try:
        shop.start()
    except ShopUnavailable as reason:
        skip_or_fail(reason)
    yield shop
    log = shop.log_path
    failed = request.session.testsfailed > 0
    shop.close(keep_log=failed)
    if failed:
        print(f"\nthe Vendure shop's log: {log}")


@pytest.fixture
def vendure(vendure_shop: VendureShop) -> Iterator[VendureActor]:
    """Somebody to shop and work in the running shop; starts it where a test left it down."""
    running = vendure_shop.running or vendure_shop.start()
    with VendureActor(running.address, running.username, running.password) as actor:
        yield actor
