"""The shop's own side of the conformance suite: what a driver does in a shop, real or a fake server, and the abilities
that only some have. A driver without one of them skips the tests that need it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from itertools import chain
from typing import Protocol, TypeVar, runtime_checkable

import pytest

from cartui.domain.ports import BadRecord, Cart, Page, Received

R = TypeVar("R")


class ShopDriver(Protocol):
    """The shop's own side. It holds at least 30 orders, 20 items and 10 customers in many states, hostile text among
    them. Times are the shop's. `secrets` are texts that must never show up in a raw record."""

    secrets: tuple[str, ...]
    currency: str

    def open(self) -> Cart:
        """The adapter, with credentials that may read and write."""

    def open_with_wrong_password(self) -> Cart: ...
    def now(self) -> datetime:
        """The shop's own time, aware UTC."""

    def place_order(self) -> str:
        """A shopper buys something with a tracked stock; the order's id as the adapter will see it."""

    def cancel_order(self, order_id: str) -> None: ...
    def rename_item(self, item_id: str, name: str) -> None:
        """Staff changes an item's (for variants: its product's) name."""

    def stock_of(self, item_id: str) -> Decimal | None:
        """What the shop itself says of an item's stock, by the meaning that the adapter declares."""

    def sell_one(self, item_id: str) -> None:
        """The stock that the cart shows falls by one."""


@runtime_checkable
class FakeShop(ShopDriver, Protocol):
    """A shop that can also be told to misbehave: every fake server should. Without it those tests are skipped.

    It holds orders in currencies of 0, 2 and 3 decimals. `spoil_order` makes one order unreadable and gives the id that
    its row still shows; after `lose_answers` writes are carried out and their answers never arrive, until
    `answer_again`."""

    def place_orders_at_once(self, count: int) -> list[str]:
        """Orders with one and the same stamp; their ids."""

    def total_of(self, order_id: str) -> str:
        """An order's total as the shop writes it, with all its decimals."""

    def spoil_order(self) -> str: ...
    def lose_answers(self) -> None: ...
    def answer_again(self) -> None: ...
    def count_items(self, sku: str) -> int:
        """How many items the shop itself holds under a SKU."""


@runtime_checkable
class ShippingShop(Protocol):
    """`carrier` is the code of a carrier that the shop knows."""

    carrier: str

    def place_shippable_order(self) -> str:
        """A paid order of which nothing was shipped yet, with at least two pieces on one product line; its id."""


@runtime_checkable
class StatusShop(Protocol):
    def next_status(self, order_id: str) -> str:
        """The code of a status, another than it has, that the shop lets its staff give to this shippable order."""


@runtime_checkable
class BasketShop(Protocol):
    def fill_basket(self) -> str:
        """A shopper who is known to the shop leaves an open basket that could be ordered as it is; its id."""


@runtime_checkable
class RefundingShop(Protocol):
    def refund_one_piece(self) -> str:
        """Staff gives back the money for one piece of a product line of a paid order; the order's id."""


def fake_of(shop: ShopDriver) -> FakeShop:
    """The driver as one that can be told to misbehave, else the test is skipped."""
    if not isinstance(shop, FakeShop):
        pytest.skip("the shop can't be told to misbehave")
    return shop


def rows_of(pages: Iterable[Page[R]]) -> list[Received[R]]:
    """All rows of a listing."""
    return list(chain.from_iterable(page.rows for page in pages))


def good(rows: Iterable[Received[R]]) -> list[R]:
    """The records among the rows."""
    return [row.record for row in rows if not isinstance(row.record, BadRecord)]
