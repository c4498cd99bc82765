"""A cart that is sent to, for tests of the outbox."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from cartui.adapters.memory import MemoryCart, MemoryShop
from cartui.books import StockChange
from cartui.domain.documents import Item
from cartui.domain.ids import CartId, RecordKind
from cartui.domain.outbox import OutboxKind, OutboxRow, OutboxState
from cartui.domain.outcomes import CycleReport
from cartui.domain.settings import OWNED_FIELDS, CartSettings, FieldOwner, owner_key
from cartui.sync.actions import Selection, plan_import
from cartui.sync.apply import apply_plan
from cartui.sync.cycle import run_cycle
from cartui.sync.workspace import Workspace
from cartui.testing.workspace import running_cart

NAME = "Main shop"
D = Decimal
SENDS_STOCK = CartSettings(to_cart_stock=True)
OWNERS = {owner_key(kind, name): FieldOwner.ASK for kind, names in OWNED_FIELDS.items() for name in names}


def cart_id(ws: Workspace) -> CartId:
    return ws.books.carts.get(NAME).cart_id


def linked(ws: Workspace, settings: CartSettings = SENDS_STOCK, on_hand: int | None = 20) -> None:
    """A running cart whose ten items were created here with a stock; what that put into the outbox is sent."""
    running_cart(ws, settings=settings)
    edits = {} if on_hand is None else {f"i{n}": {"stock": str(on_hand)} for n in range(10)}
    report = apply_plan(ws, plan_import(ws, NAME, RecordKind.ITEM, Selection(None, edits)))
    assert not report.problems


def item(ws: Workspace, number: int = 0) -> Item:
    return ws.books.items.find_by_codes([f"SKU-{number}"]).popitem()[1]


def move(ws: Workspace, number: int, pieces: int) -> None:
    with ws.books.transaction():
        ws.books.items.change_stock([StockChange(item(ws, number).item_id, D(pieces), "counted")])


def send(ws: Workspace) -> CycleReport:
    """What the runner does between two cycles."""
    return run_cycle(ws, NAME, only_outbox=True)


def row(ws: Workspace, number: int = 0, kind: OutboxKind = OutboxKind.STOCK) -> OutboxRow:
    every = tuple(OutboxState)
    (found,) = [
        one for one in ws.books.outbox.list_rows(cart_id(ws), every)
        if one.our_id == item(ws, number).item_id and one.kind is kind
    ]  # fmt: skip
    return found


def stock(shop: MemoryShop, number: int = 0) -> Decimal | None:
    return shop.items[f"i{number}"].stock


def with_cart(ws: Workspace, kind: Callable[[MemoryShop], MemoryCart], shop: MemoryShop) -> Workspace:
    spec = replace(ws.adapters["memory"], open=lambda connection: kind(shop))
    return replace(ws, adapters={"memory": spec})


def rename(ws: Workspace, number: int, **changes: Any) -> None:
    with ws.books.transaction():
        ws.books.items.update(replace(item(ws, number), **changes))
