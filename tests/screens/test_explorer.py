"""Home: the list of Shopping Carts and what can be done with one."""

from __future__ import annotations

from collections.abc import Callable

from cartui.app import CartuiApp
from cartui.domain.settings import CartConnection
from cartui.sync import carts
from cartui.sync.workspace import Workspace
from tests.screens.terminal import URL, seen, settle

Make = Callable[..., CartuiApp]


def add(ws: Workspace, name: str) -> None:
    carts.new_cart(ws, name, CartConnection("memory", URL))


async def test_an_empty_home_says_what_to_do(make_app: Make) -> None:
    """Without a cart, home names the key for a new one and the demo."""
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        print(seen(app))
        assert "n  connects one" in seen(app)
        assert "cartui demo" in seen(app)


async def test_a_cart_is_listed_with_its_state(ws: Workspace, make_app: Make) -> None:
    """A row says name, STOPPED, live or test, and that it never ran."""
    add(ws, "Main shop")
    app = make_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        print(seen(app))
        row = next(line for line in seen(app).splitlines() if "Main shop" in line)
        assert all(word in row for word in ("STOPPED", "LIVE", "never ran", "Test shop"))
