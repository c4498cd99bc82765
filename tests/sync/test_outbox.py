"""What changed here reaches the cart: once, the newest, never doubled, never sold twice (DESIGN rules 9-14)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from cartui.adapters.memory import MemoryCart, MemoryShop
from cartui.books import StockChange
from cartui.domain.ids import CartItemId
from cartui.domain.outbox import OutboxKind, OutboxState
from cartui.domain.outcomes import CycleReport, CycleResult
from cartui.domain.plan_stock import ItemRule
from cartui.domain.records import (
    OrderState,
    PaymentState,
    StockResult,
    StockWrite,
    WriteState,
)
from cartui.domain.settings import CartSettings, SyncStatus
from cartui.errors import AbortCycleError, NeedsOperatorError, UnknownOutcomeError
from cartui.sync import carts, outbox_rows, runner
from cartui.sync.cycle import run_cycle
from cartui.sync.workspace import Workspace
from cartui.testing import samples
from cartui.testing.clock import FrozenClock
from cartui.testing.workspace import running_cart
from tests.sync.conftest import place
from tests.sync.sending import NAME, SENDS_STOCK, D, cart_id, item, linked, move, rename, row, send, stock, with_cart


def test_a_change_of_stock_is_sent_once_with_the_newest_number(ws: Workspace, shop: MemoryShop) -> None:
    """Three changes are one write; the proof is kept; a second look writes nothing."""
    linked(ws)
    send(ws)
    assert {one.stock for one in shop.items.values()} == {D(20)}
    writes = shop.writes
    for pieces in (1, 1, -5):
        move(ws, 0, pieces)
    send(ws)
    assert (stock(shop), shop.writes) == (D(17), writes + 1)
    told = ws.books.cart_items.told(cart_id(ws), [item(ws).item_id])[item(ws).item_id]
    assert (told.sent, told.seen, told.sent_at) == (D(17), D(17), ws.clock())
    assert row(ws).state is OutboxState.DONE
    assert not ws.books.journal.open_entries(cart_id(ws))
    send(ws)
    assert shop.writes == writes + 1


def test_what_is_equal_is_not_written(ws: Workspace, shop: MemoryShop) -> None:
    """Read, compare, write: the shop shows our number already."""
    linked(ws, on_hand=5)
    before = shop.writes
    send(ws)
    assert (shop.writes, row(ws).state) == (before, OutboxState.DONE)


def test_nothing_is_sent_while_the_switch_is_off(ws: Workspace, shop: MemoryShop) -> None:
    """The 3PL case (S128); all switches To Cart are off at the start. Turned on, everything linked is looked at."""
    linked(ws, CartSettings())
    run_cycle(ws, NAME)
    assert (shop.writes, runner.waiting_carts(ws)) == (0, [])
    document = ws.books.carts.get(NAME)
    carts.save_cart(ws, replace(document, settings=replace(document.settings, to_cart_stock=True)))
    assert runner.waiting_carts(ws) == [NAME]
    run_cycle(ws, NAME)
    assert stock(shop) == 20


def test_blank_is_not_zero(ws: Workspace, shop: MemoryShop) -> None:
    """Stock that was never stated leaves the shop's number alone, and says why."""
    linked(ws, on_hand=None)
    send(ws)
    assert (shop.writes, stock(shop)) == (0, D(5))
    assert row(ws).state is OutboxState.SUPERSEDED
    assert "never stated" in row(ws).reason


def test_pending_orders_are_subtracted(ws: Workspace, shop: MemoryShop) -> None:
    """An order of two pieces that is a PENDING document."""
    linked(ws)
    place(shop, range(1))
    run_cycle(ws, NAME)
    assert stock(shop) == 18


def test_an_order_placed_just_before_the_write_is_not_put_back_on_sale(ws: Workspace, shop: MemoryShop) -> None:
    """RELIABILITY 11: nobody has imported it when our change is sent. The exporter imports before it computes."""
    linked(ws)
    send(ws)
    place(shop, range(1))
    shop.put_item(replace(shop.items["i0"], stock=D(18)))  # the shop took its two pieces off
    move(ws, 0, 1)
    send(ws)
    assert stock(shop) == 19
    assert ws.books.documents.count(cart_id(ws)) == 1


class BuyingMeanwhile(MemoryCart):
    """Somebody buys between our reading of the orders and our write, as often as `times` says."""

    times = 1

    def set_stock(self, writes: Sequence[StockWrite]) -> Sequence[StockResult]:
        if self.times > 0:
            type(self).times -= 1
            number = len(self._shop.orders)
            self._shop.put_order(samples.order(number * 10, self._shop.clock()))
            one = self._shop.items["i0"]
            self._shop.put_item(replace(one, stock=(one.stock or D(0)) - 2))
        return super().set_stock(writes)


@pytest.mark.parametrize(("times", "left", "state"), [(1, 19, OutboxState.DONE), (2, 16, OutboxState.WAITING)])
def test_an_order_placed_while_we_write_is_noticed(
    ws: Workspace, shop: MemoryShop, clock: FrozenClock, times: int, left: int, state: OutboxState
) -> None:
    """Compare-and-set refuses; it is read, imported and planned once more, then left to a later look."""
    linked(ws)
    send(ws)
    move(ws, 0, 1)
    kind = type("Buying", (BuyingMeanwhile,), {"times": times})
    send(with_cart(ws, kind, shop))
    assert (stock(shop), row(ws).state) == (D(left), state)
    clock.advance(60)
    send(with_cart(ws, kind, shop))
    assert stock(shop) == 21 - 2 * times


@pytest.mark.parametrize("call", ["get_items", "iter_orders", "set_stock"])
def test_an_order_before_any_call_is_subtracted(ws: Workspace, shop: MemoryShop, call: str) -> None:
    """Whenever the shop sells, our number never puts the pieces back on sale: it is read before the import."""
    linked(ws)
    send(ws)
    move(ws, 0, 1)
    bought: list[str] = []

    def buy_before(self: MemoryCart, *args: Any) -> Any:
        if not bought:
            bought.append(call)
            shop.put_order(samples.order(0, shop.clock()))
            shop.put_item(replace(shop.items["i0"], stock=D(18)))
        return getattr(MemoryCart, call)(self, *args)

    send(with_cart(ws, type("Buying", (MemoryCart,), {call: buy_before}), shop))
    assert (bought, stock(shop), row(ws).state) == ([call], 19, OutboxState.DONE)


def test_orders_that_wait_or_are_held_count_until_they_are_over(
    ws: Workspace, shop: MemoryShop, clock: FrozenClock
) -> None:
    """Not paid yet: sold, nearly. Cancelled: on sale again. Paid: a document, and not counted twice."""
    linked(ws)
    unpaid = {"payment_state": PaymentState.PENDING}
    shop.put_order(samples.order(0, clock(), **unpaid))
    shop.put_order(samples.order(10, clock(), **unpaid))
    run_cycle(ws, NAME)
    assert stock(shop) == 16
    clock.advance(60)
    shop.put_order(samples.order(0, clock(), **unpaid, order_state=OrderState.CANCELLED))
    shop.put_order(samples.order(10, clock()))
    run_cycle(ws, NAME)
    assert (stock(shop), ws.books.documents.count(cart_id(ws))) == (18, 1)


def test_each_cart_has_its_range_and_its_rules(ws: Workspace, shop: MemoryShop) -> None:
    """Buffer of the cart and of one item, never send, a query for the range."""
    settings = replace(SENDS_STOCK, stock_buffer=D(2), stock_range="query", stock_query="code:SKU-")
    linked(ws, settings)
    with ws.books.transaction():
        ws.books.cart_items.set_rules(
            cart_id(ws), {item(ws, 1).item_id: ItemRule(buffer=D(7)), item(ws, 2).item_id: ItemRule(never_send=True)}
        )
    run_cycle(ws, NAME)
    assert [stock(shop, n) for n in range(4)] == [18, 13, 5, 18]
    assert row(ws, 2).reason == "Never sent to this cart."
    document = ws.books.carts.get(NAME)
    carts.save_cart(ws, replace(document, settings=replace(document.settings, stock_buffer=D(0), stock_query="SKU-3")))
    send(ws)
    assert [stock(shop, n) for n in range(4)] == [18, 13, 5, 20]


def test_a_refused_row_waits_for_a_person_and_blocks_nobody(ws: Workspace, shop: MemoryShop) -> None:
    """Gone in the shop, not tracked there: reason and remedy, the others are sent; retry tries again."""
    linked(ws)
    del shop.items["i1"]
    shop.put_item(replace(shop.items["i2"], stock=None))
    send(ws)
    assert [stock(shop, n) for n in (0, 3)] == [20, 20]
    assert (row(ws, 1).state, row(ws, 2).state) == (OutboxState.REFUSED, OutboxState.REFUSED)
    assert "no longer has" in row(ws, 1).reason
    assert row(ws, 2).remedy
    shop.put_item(replace(shop.items["i2"], stock=D(1)))
    send(ws)
    assert stock(shop, 2) == 1
    with ws.books.transaction():
        ws.books.outbox.retry(cart_id(ws), [row(ws, 2).row_id])
    send(ws)
    assert (stock(shop, 2), row(ws, 2).state) == (20, OutboxState.DONE)


class Answering(MemoryCart):
    """Carries out, or not, and then has the answer lost."""

    carries_out = True
    error: Exception | None = UnknownOutcomeError("No answer.", "")

    def set_stock(self, writes: Sequence[StockWrite]) -> Sequence[StockResult]:
        if self.carries_out:
            super().set_stock(writes)
        if self.error is not None:
            raise self.error
        return [StockResult(one.item_id, WriteState.UNKNOWN, reason="lost") for one in writes]


@pytest.mark.parametrize("carries_out", [True, False])
@pytest.mark.parametrize("error", [UnknownOutcomeError("No answer.", ""), AbortCycleError("Away.", ""), None])
def test_a_lost_answer_is_looked_up_before_anything_is_sent_again(
    ws: Workspace, shop: MemoryShop, clock: FrozenClock, carries_out: bool, error: Exception | None
) -> None:
    """Written once, whether the lost write was carried out or not; until then the row is UNKNOWN."""
    linked(ws)
    kind = type("Lost", (Answering,), {"carries_out": carries_out, "error": error})
    send(with_cart(ws, kind, shop))
    assert row(ws).state is OutboxState.UNKNOWN
    assert "looked up" in row(ws).remedy
    assert ws.books.journal.open_entries(cart_id(ws))
    writes = shop.writes
    clock.advance(60)
    send(ws)
    assert (stock(shop), row(ws).state) == (20, OutboxState.DONE)
    assert shop.writes == writes + (0 if carries_out else 10)
    assert not ws.books.journal.open_entries(cart_id(ws))


def test_a_change_while_a_number_is_on_its_way_is_sent_afterwards(ws: Workspace, shop: MemoryShop) -> None:
    """The row carries the version that was sent; the newer one makes it wait again."""
    linked(ws)

    class Selling(MemoryCart):
        def set_stock(self, writes: Sequence[StockWrite]) -> Sequence[StockResult]:
            move(ws, 0, -4)
            return super().set_stock(writes)

    send(with_cart(ws, Selling, shop))
    assert (stock(shop), row(ws).state) == (20, OutboxState.WAITING)
    send(ws)
    assert (stock(shop), row(ws).state) == (16, OutboxState.DONE)


def test_many_items_to_zero_wait_for_a_person(ws: Workspace, shop: MemoryShop) -> None:
    """Rule 14: three of ten fall to zero at once. The others are sent; approved, they pass."""
    linked(ws)
    send(ws)
    with ws.books.transaction():
        for n in range(3):
            ws.books.items.change_stock([StockChange(item(ws, n).item_id, D(-20), "lost")])
    move(ws, 4, 1)
    report = send(ws)
    assert [stock(shop, n) for n in (0, 1, 2, 4)] == [20, 20, 20, 21]
    assert report.braked
    assert "3 rows, 30 % of 10" in report.problem
    rows = [row(ws, n) for n in range(3)]
    assert {one.state for one in rows} == {OutboxState.REFUSED}
    with ws.books.transaction():
        ws.books.outbox.retry(cart_id(ws), [one.row_id for one in rows], approved=True)
    assert not send(ws).braked
    assert [stock(shop, n) for n in range(3)] == [0, 0, 0]


def test_many_items_to_zero_in_many_rounds_wait_too(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """One by one, each harmless: the tenth within a day is held, with what it counts, until somebody confirms it."""
    linked(ws)
    send(ws)
    for n in range(9):
        move(ws, n, -20)
        clock.advance(3_600)
        assert not send(ws).braked
    move(ws, 9, -20)
    report = send(ws)
    assert (report.braked, stock(shop, 9), row(ws, 9).state) == (True, 20, OutboxState.REFUSED)
    assert "set stock to zero: 10 rows in 24 hours, 100 % of 10" in report.problem
    assert outbox_rows.retry_outbox(ws, NAME, [row(ws, 9).row_id], confirmed=NAME) == 1
    assert not send(ws).braked
    move(ws, 3, 5)
    send(ws)
    move(ws, 3, -5)
    assert (send(ws).braked, stock(shop, 3), stock(shop, 9)) == (False, 0, 0)  # what was confirmed counts no more


def test_after_a_day_selling_out_is_daily_work_again(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """The same ten, three hours apart: there are never ten within a day."""
    linked(ws)
    send(ws)
    for n in range(10):
        move(ws, n, -20)
        clock.advance(3 * 3_600)
        assert not send(ws).braked
    assert [stock(shop, n) for n in range(10)] == [0] * 10


def test_a_test_cart_is_sent_no_stock_unless_the_admin_says_so(ws: Workspace, shop: MemoryShop) -> None:
    """S127: refused at Save with the remedy; and were it stored all the same, nothing would be sent."""
    unsafe = replace(SENDS_STOCK, live=False)
    with pytest.raises(NeedsOperatorError, match="Send from a test cart"):
        running_cart(ws, settings=unsafe)
    assert (unsafe.sends, replace(unsafe, send_from_test=True).sends) == ((), (OutboxKind.STOCK,))
    linked(ws, replace(unsafe, send_from_test=True))
    send(ws)
    assert stock(shop) == 20


def test_read_only_sends_nothing(ws: Workspace, shop: MemoryShop) -> None:
    """Not one request that writes."""
    linked(ws)
    run_cycle(replace(ws, read_only=True), NAME)
    assert (shop.writes, row(ws).state) == (0, OutboxState.WAITING)


@pytest.mark.parametrize("settings", [SENDS_STOCK, CartSettings(to_cart_items=True)])
def test_stop_ends_sending_at_once(ws: Workspace, shop: MemoryShop, settings: CartSettings) -> None:
    """Stop pressed in another process while we read: nothing more is written."""
    linked(ws, settings)
    rename(ws, 0, price=D(12))

    class StoppedMeanwhile(MemoryCart):
        def get_items(self, ids: Sequence[CartItemId]) -> Any:
            carts.stop_cart(ws, NAME)
            return super().get_items(ids)

    report = send(with_cart(ws, StoppedMeanwhile, shop))
    assert (report.result, shop.writes) == (CycleResult.INTERRUPTED, 0)


@pytest.mark.parametrize("settings", [SENDS_STOCK, CartSettings(to_cart_items=True)])
def test_a_lost_lease_stops_the_write(
    ws: Workspace, shop: MemoryShop, clock: FrozenClock, settings: CartSettings
) -> None:
    """A paused process wakes after somebody took over: nothing of it leaves any more."""
    linked(ws, settings)
    rename(ws, 0, price=D(12))

    class Paused(MemoryCart):
        def get_items(self, ids: Sequence[CartItemId]) -> Any:
            found = super().get_items(ids)
            clock.advance(120)
            ws.books.leases.take(cart_id(ws), "other", "other", 60)
            return found

    report = send(with_cart(ws, Paused, shop))
    assert (report.result, shop.writes) == (CycleResult.LEASE_TAKEN, 0)


def test_the_lease_is_renewed_right_before_a_write(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """However long the reading took: what leaves has as much of its lease left as an answer may take."""
    linked(ws, replace(SENDS_STOCK, to_cart_items=True))
    rename(ws, 0, price=D(12))
    left: list[float] = []

    def rest() -> float:
        ((until,),) = ws.books.database.sql("SELECT expires_at FROM lease")
        return until / 1e6 - clock().timestamp()

    class Slow(MemoryCart):
        def get_items(self, ids: Sequence[CartItemId]) -> Any:
            clock.advance(50)
            return super().get_items(ids)

        def set_stock(self, writes: Sequence[StockWrite]) -> Sequence[StockResult]:
            left.append(rest())
            return super().set_stock(writes)

        def update_item(self, item_id: CartItemId, changes: Any) -> None:
            left.append(rest())
            super().update_item(item_id, changes)

    send(with_cart(ws, Slow, shop))
    assert len(left) == 2
    assert min(left) >= 30


# --- the runner -------------------------------------------------------------------------------------------------------


def test_the_runner_sends_between_two_cycles(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """ "Real-time": a change is found at the next look, not at the next cycle; an idle look asks nobody and stores
    nothing."""
    linked(ws)
    opened: list[int] = []

    class Counted(MemoryCart):
        def __init__(self, shop: MemoryShop) -> None:
            opened.append(1)
            super().__init__(shop)

    there = with_cart(ws, Counted, shop)
    looks: list[int] = []
    reports: list[CycleReport] = []

    def wait(seconds: float) -> bool:
        if seconds:
            looks.append(len(opened))
            clock.advance(seconds)
            if len(looks) == 3:
                move(ws, 0, 1)
        return len(looks) == 6

    runner.run_forever(there, reports.append, wait=wait)
    assert looks == [1, 1, 1, 2, 2, 2]
    assert (len(reports), stock(shop)) == (2, 21)
    assert runner.LOOK_SECONDS <= 2
    assert len(ws.books.cycles.recent(cart_id(ws))) == 1


def test_a_cart_that_is_away_is_not_asked_at_every_look(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """One request a minute until its next cycle."""
    linked(ws)
    tries: list[int] = []

    class Away(MemoryCart):
        def get_items(self, ids: Sequence[CartItemId]) -> Any:
            tries.append(1)
            raise AbortCycleError("Away.", "")

    rounds = runner.OutboxRounds(with_cart(ws, Away, shop))
    for _ in range(20):
        rounds.run(lambda report: None)
        clock.advance(2)
    assert len(tries) == 1
    assert ws.books.carts.get(NAME).status is SyncStatus.RUNNING


@pytest.mark.parametrize("in_cycle", [True, False])
def test_a_cart_that_asks_for_a_pause_has_it(
    ws: Workspace, shop: MemoryShop, clock: FrozenClock, in_cycle: bool
) -> None:
    """Its Retry-After, told to a cycle or between two: neither the next cycle nor the outbox comes sooner."""
    linked(ws)
    told_at, asked_at = clock(), list[float]()

    class Busy(MemoryCart):
        def iter_orders(self, since: datetime | None) -> Any:
            if in_cycle:
                self._pause()
            return super().iter_orders(since)

        def get_items(self, ids: Sequence[CartItemId]) -> Any:
            self._pause()

        def _pause(self) -> None:
            asked_at.append((clock() - told_at).total_seconds())
            raise AbortCycleError("Too many requests.", "", retry_after_seconds=600)

    def wait(seconds: float) -> bool:
        clock.advance(seconds)
        return (clock() - told_at).total_seconds() > 620

    busy = with_cart(ws, Busy, shop)
    runner.run_forever(busy, lambda report: None, wait=wait)
    assert asked_at[0] == 0
    assert asked_at[1] >= 600
