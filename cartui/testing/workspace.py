"""A workspace on a temporary database with the shop in memory, for tests of everything above the adapters."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from cartui.adapters import memory
from cartui.books import open_books
from cartui.domain.ports import AdapterSpec
from cartui.domain.settings import CartConnection, CartDocument, CartSettings
from cartui.sync import carts
from cartui.sync.workspace import Workspace
from cartui.testing.clock import FrozenClock

URL = "memory://main"


def memory_workspace(
    home: Path,
    shop: memory.MemoryShop,
    clock: FrozenClock,
    *,
    adapters: Mapping[str, AdapterSpec] | None = None,
    database: str = "",
    process: str = "admin@test pid 1 (test)",
) -> Workspace:
    """Open (or open again) the books under `home` with the memory adapter leading to `shop`."""
    memory.share(URL, shop)
    return Workspace(
        books=open_books(database or f"sqlite:///{home / 'cartui.db'}", clock=clock),
        adapters={"memory": memory.SPEC, **(adapters or {})},
        clock=clock,
        secret=lambda reference: f"secret of {reference}",
        actor="admin@test",
        process=process,
        home=home,
    )


def ready_cart(ws: Workspace, name: str = "Main shop", settings: CartSettings | None = None) -> CartDocument:
    """Create the memory cart and pass its connection test."""
    carts.new_cart(ws, name, CartConnection("memory", URL), settings)
    for _ in carts.test_connection(ws, name):
        pass
    return ws.books.carts.get(name)


def running_cart(ws: Workspace, name: str = "Main shop", settings: CartSettings | None = None) -> CartDocument:
    """A tested cart with both dates one day back, started."""
    ready_cart(ws, name, settings)
    yesterday = ws.clock() - timedelta(days=1)
    carts.set_last_order_from(ws, name, yesterday)
    carts.set_last_update_time(ws, name, yesterday)
    return carts.start_cart(ws, name)
