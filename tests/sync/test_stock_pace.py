"""A slow cart: no number leaves that stands on orders read long ago (RELIABILITY 11)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from cartui.adapters.memory import MemoryCart, MemoryShop
from cartui.domain.outbox import OutboxState
from cartui.domain.ports import CartFacts, Page
from cartui.domain.records import CartOrder, StockResult, StockWrite
from cartui.sync.stock_sends import FRESH, IMPORTS
from cartui.sync.workspace import Workspace
from cartui.testing.clock import FrozenClock
from tests.sync.conftest import place
from tests.sync.sending import D, linked, row, send, stock, with_cart


class SlowCart(MemoryCart):
    """Three rows a request; `pause` is called before each write and at the end of each list of orders."""

    def __init__(self, shop: MemoryShop, pause: Callable[[str], None]) -> None:
        super().__init__(shop)
        self._pause = pause

    @property
    def facts(self) -> CartFacts:
        return replace(super().facts, stock_rows=3)

    def iter_orders(self, since: datetime | None) -> Iterator[Page[CartOrder]]:
        yield from super().iter_orders(since)
        self._pause("listed")

    def set_stock(self, writes: Sequence[StockWrite]) -> Sequence[StockResult]:
        results = super().set_stock(writes)
        self._pause(f"{len(writes)} written")
        return results


def test_what_is_not_written_soon_is_planned_again(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """Ten rows, three a request of 15 seconds: the orders are read again before the third request, and so on; an order
    that shows only then is in the numbers that follow."""
    linked(ws)
    told: list[str] = []

    def pause(what: str) -> None:
        told.append(what)
        if what != "listed":
            clock.advance(timedelta(seconds=15))
        if told[-2:] == ["3 written", "3 written"]:
            place(shop, range(9, 10))

    send(with_cart(ws, lambda shop: SlowCart(shop, pause), shop))
    assert told == ["listed", "3 written", "3 written", "listed", "3 written", "1 written"]
    assert [stock(shop, number) for number in range(8)] == [D(20)] * 8
    assert stock(shop, 9) == 18, "two pieces of it are on the order that came meanwhile"
    assert {row(ws, number).state for number in range(10)} == {OutboxState.DONE}


def test_a_slow_list_of_orders_is_read_again(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """A process that slept while it read them does not write on what it read before its sleep."""
    linked(ws)
    told: list[str] = []

    def pause(what: str) -> None:
        told.append(what)
        if told == ["listed"]:
            clock.advance(FRESH + timedelta(seconds=1))
            place(shop, range(1))

    send(with_cart(ws, lambda shop: SlowCart(shop, pause), shop))
    assert told[:3] == ["listed", "listed", "3 written"]
    assert stock(shop, 0) == 18


def test_a_cart_that_is_always_slow_is_written_to_all_the_same(
    ws: Workspace, shop: MemoryShop, clock: FrozenClock
) -> None:
    """Every list takes longer than that: it is tried three times, then all rows are written."""
    linked(ws)
    told: list[str] = []

    def pause(what: str) -> None:
        told.append(what)
        clock.advance(FRESH + timedelta(seconds=1) if what == "listed" else timedelta())

    send(with_cart(ws, lambda shop: SlowCart(shop, pause), shop))
    assert told == [*["listed"] * IMPORTS, *["3 written"] * 3, "1 written"]
    assert {stock(shop, number) for number in range(10)} == {D(20)}


def test_a_process_that_sleeps_before_each_write_leaves_them(
    ws: Workspace, shop: MemoryShop, clock: FrozenClock
) -> None:
    """Nothing is written on what is too old by then, and nothing is tried for ever; the rows go on waiting."""
    linked(ws)
    again = ws.books.outbox.again
    ws.books.outbox.again = lambda rows: (clock.advance(FRESH * 2), again(rows))[1]  # type: ignore[method-assign]
    told: list[str] = []
    send(with_cart(ws, lambda shop: SlowCart(shop, told.append), shop))
    assert set(told) == {"listed"}
    assert {row(ws, number).state for number in range(10)} == {OutboxState.WAITING}
