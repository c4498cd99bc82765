"""Customers (Cart): Create selected, Link selected."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from cartui.adapters.memory import MemoryCart, MemoryShop
from cartui.app import CartuiApp
from cartui.domain.ids import CustomerCode
from cartui.domain.plan import NewCustomer
from cartui.domain.ports import Capability, capabilities_of
from cartui.sync.workspace import Workspace
from tests.screens.lists import NAME, column, fill, hint, own_customers, plan_screen, press, ready_cart, tab, typed
from tests.screens.terminal import lines, settle

Make = Callable[..., CartuiApp]


async def test_creates_and_links(ws: Workspace, shop: MemoryShop, make_app: Make) -> None:
    """Create makes ours with the typed code; Link ties to the one customer with the e-mail, or to the typed code."""
    ready_cart(ws)
    fill(shop, customers=4)
    own_customers(
        ws,
        NewCustomer(first_name="Ann", email="buyer1@example.test"),
        NewCustomer(first_name="Bea", email="bea@example.test", code=CustomerCode("BEA")),
    )
    app = make_app(start_cart=NAME, tab=7)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await press(pilot, "l", "e")
        await typed(pilot, "ANN-0")
        await press(pilot, "enter", "g", "c", "y", "q")
        assert CustomerCode("ANN-0") in ws.books.customers.find_by_codes([CustomerCode("ANN-0")])
        count = ws.books.customers.count()
        await press(pilot, "j", "j", "e")
        await typed(pilot, "BEA")
        await press(pilot, "enter", "k", "space", "k", "k", "space", "L")
        assert len(plan_screen(app).plan.changes) == 2
        await press(pilot, "y", "q")
        assert column(app, "state") == ["linked", "linked", "linked", "new"]
        assert ws.books.customers.count() == count


async def test_a_cart_without_customers_says_so(ws: Workspace, shop: MemoryShop, make_app: Make) -> None:
    """List all is greyed with the reason where the kind of cart can't do it."""
    ready_cart(ws)
    fill(shop)

    class Bare:
        """Only the roles that every cart has."""

        facts = MemoryCart.facts
        test_connection = MemoryCart.test_connection
        iter_orders = MemoryCart.iter_orders
        iter_items = MemoryCart.iter_items
        close = MemoryCart.close

    assert Capability.READ_CUSTOMERS not in capabilities_of(Bare)
    specs = dict(ws.adapters)
    specs["memory"] = replace(specs["memory"], cart_class=Bare)
    app = CartuiApp(replace(ws, adapters=specs), start_cart=NAME, runner=False)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "7")
        assert "(l List all)" in lines(app)[-1]
        await press(pilot, "l")
        assert hint(app) == "Test shop can't list customers."
        assert tab(app).table.source is None
        await press(pilot, "3", "E")
        assert hint(app) == "Test shop can't create and update items."
