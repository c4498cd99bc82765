"""Customers: Export selected."""

from __future__ import annotations

from collections.abc import Callable

from cartui.adapters.memory import MemoryShop
from cartui.app import CartuiApp
from cartui.domain.plan import NewCustomer
from cartui.sync.workspace import Workspace
from tests.screens.lists import NAME, column, fill, own_customers, press, ready_cart
from tests.screens.terminal import seen, settle

Make = Callable[..., CartuiApp]


async def test_exports_after_the_plan(ws: Workspace, shop: MemoryShop, make_app: Make) -> None:
    """A customer whom the cart doesn't have is made there; one with the same e-mail is linked, not doubled."""
    ready_cart(ws)
    fill(shop, customers=1)
    own_customers(
        ws,
        NewCustomer(first_name="Bea", last_name="Buyer", email="bea@example.test"),
        NewCustomer(first_name="Ann", last_name="Buyer 0", email="buyer0@example.test"),
    )
    app = make_app(start_cart=NAME, tab=4)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await press(pilot, "a", "E")
        assert "in LIVE cart Main shop" in seen(app)
        assert len(shop.customers) == 1
        await press(pilot, "y", "y", "q")
        assert sorted(one.email for one in shop.customers.values()) == ["bea@example.test", "buyer0@example.test"]
        assert set(column(app, "linked")) == {"yes"}


async def test_empty_says_where_customers_come_from(ws: Workspace, make_app: Make) -> None:
    """Orders bring them, or Customers (Cart) does."""
    ready_cart(ws)
    app = make_app(start_cart=NAME, tab=4)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert "The system has no customers yet" in seen(app)
