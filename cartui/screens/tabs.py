"""The tabs of the Shopping Cart document. To add one: write its screen (see `screens.base`), add its line here; its
class sets `NUMBER` to the same number. Screens are loaded when they are first opened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final, cast

from textual.screen import Screen


@dataclass(frozen=True, slots=True)
class Tab:
    """`where` is "module:Class": a `screens.base.CartScreen`, which takes the cart's name."""

    number: int
    title: str
    where: str

    def load(self) -> Callable[[str], Screen[Any]]:
        """The screen's class."""
        module, _, name = self.where.partition(":")
        return cast("Callable[[str], Screen[Any]]", getattr(import_module(module), name))


TABS: Final[tuple[Tab, ...]] = (
    Tab(1, "Auto-sync", "cartui.screens.auto_sync:AutoSyncScreen"),
    Tab(2, "Orders", "cartui.screens.orders:OrdersScreen"),
    Tab(3, "Items", "cartui.screens.items:ItemsScreen"),
    Tab(4, "Customers", "cartui.screens.customers:CustomersScreen"),
    Tab(5, "Orders (Cart)", "cartui.screens.cart_orders:CartOrdersScreen"),
    Tab(6, "Items (Cart)", "cartui.screens.cart_items:CartItemsScreen"),
    Tab(7, "Customers (Cart)", "cartui.screens.cart_customers:CartCustomersScreen"),
    Tab(8, "Baskets (Cart)", "cartui.screens.cart_baskets:CartBasketsScreen"),
    Tab(9, "Held", "cartui.screens.held:HeldScreen"),
    Tab(10, "Activity", "cartui.screens.activity:ActivityScreen"),  # its key is 0
)


def tab_of(number: int) -> Tab | None:
    """The tab of that number."""
    return next((tab for tab in TABS if tab.number == number), None)
