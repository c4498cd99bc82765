"""What the tests of the list tabs share: a shop with records, a cart ready to work with, keys and what follows them."""

from __future__ import annotations

from datetime import timedelta

from textual.pilot import Pilot

from cartui.adapters.memory import MemoryShop
from cartui.app import CartuiApp
from cartui.domain.plan import NewCustomer, NewItem
from cartui.domain.settings import CartConnection
from cartui.screens.listing import ListScreen
from cartui.screens.plan import PlanScreen
from cartui.sync import carts
from cartui.sync.workspace import Workspace
from cartui.testing import samples
from cartui.widgets.chrome import TextLine
from tests.screens.terminal import URL, settle

NAME = "Main shop"


def ready_cart(ws: Workspace) -> None:
    """A tested cart with both dates a day back, STOPPED."""
    carts.new_cart(ws, NAME, CartConnection("memory", URL, {"store": "default"}))
    assert list(carts.test_connection(ws, NAME))
    yesterday = ws.clock() - timedelta(days=1)
    carts.set_last_order_from(ws, NAME, yesterday)
    carts.set_last_update_time(ws, NAME, yesterday)


def fill(shop: MemoryShop, orders: int = 6, items: int = 5, customers: int = 5) -> None:
    """Orders of the last hours, items and customers."""
    for number in range(1, orders + 1):
        shop.put_order(samples.order(number, shop.clock() - timedelta(hours=number)))
    for number in range(items):
        shop.put_item(samples.item(number, shop.clock()))
    for number in range(customers):
        shop.put_customer(samples.customer(number, shop.clock()))


def put_bad_order(shop: MemoryShop, number: int = 9) -> None:
    """An order whose amounts do not add up: it will be held."""
    total = samples.order(number, shop.clock()).total + 5
    shop.put_order(samples.order(number, shop.clock(), total=total))


def own_items(ws: Workspace, *items: NewItem) -> None:
    """Items of the system."""
    with ws.books.transaction():
        ws.books.items.add_many(items)


def own_customers(ws: Workspace, *customers: NewCustomer) -> None:
    """Customers of the system."""
    with ws.books.transaction():
        ws.books.customers.add_many(customers)


async def press(pilot: Pilot[int], *keys: str) -> None:
    """Press each key after all that the one before it started is done."""
    for key in keys:
        await pilot.press(key)
        await settle(pilot)


async def typed(pilot: Pilot[int], text: str) -> None:
    """Type a text into what has the focus."""
    await pilot.press(*("minus" if letter == "-" else "full_stop" if letter == "." else letter for letter in text))


def tab(app: CartuiApp) -> ListScreen:
    """The list in front."""
    assert isinstance(app.screen, ListScreen)
    return app.screen


def plan_screen(app: CartuiApp) -> PlanScreen:
    """The plan in front."""
    assert isinstance(app.screen, PlanScreen), app.screen
    return app.screen


def column(app: CartuiApp, name: str) -> list[str]:
    """What the list in front has in a column, row by row."""
    source = tab(app).table.source
    assert source is not None
    at = [one.name for one in source.columns].index(name)
    return [row.cells[at] for row in source.page(0, 1_000)]


def hint(app: CartuiApp) -> str:
    """The line above the keys."""
    return app.screen.query_one("#hint", TextLine).text
