"""One round of auto-sync: nothing missed, nothing doubled, and the cursor moves only over what is stored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from cartui.adapters.memory import MemoryCart, MemoryShop
from cartui.domain.ids import Direction, RecordKind
from cartui.domain.outcomes import Counts, CycleReport, CycleResult
from cartui.domain.ports import BadRecord, Page, Received
from cartui.domain.records import CartOrder, FulfilmentState, OrderState, PaymentState
from cartui.domain.settings import CartSettings, SyncStatus
from cartui.errors import AbortCycleError, NeedsOperatorError
from cartui.sync import carts, cycle, runner
from cartui.sync.cycle import run_cycle
from cartui.sync.workspace import Workspace
from cartui.testing import samples
from cartui.testing.clock import FrozenClock
from cartui.testing.workspace import running_cart
from tests.sync.conftest import place

NAME = "Main shop"


@pytest.fixture
def cart(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    running_cart(ws)
    return iter(())


def orders(report: CycleReport) -> Counts:
    return report.counts.get(RecordKind.ORDER, Counts())


def cursor(ws: Workspace) -> datetime | None:
    return ws.books.cursors.get(ws.books.carts.get(NAME).cart_id, RecordKind.ORDER, Direction.IMPORT)


def documents(ws: Workspace) -> int:
    return ws.books.documents.count(ws.books.carts.get(NAME).cart_id)


def with_cart(ws: Workspace, kind: type[MemoryCart], shop: MemoryShop) -> Workspace:
    """The same workspace, with an adapter that behaves otherwise."""
    spec = replace(ws.adapters["memory"], open=lambda connection: kind(shop))
    return replace(ws, adapters={"memory": spec})


def test_new_orders_become_pending_documents_once(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """25 orders over three pages; a second cycle changes nothing; received = sum of outcomes."""
    running_cart(ws)
    place(shop, range(25))
    clock.advance(60)
    first = run_cycle(ws, NAME)
    assert (first.result, orders(first)) == (CycleResult.OK, Counts(received=25, created=25))
    clock.advance(600)
    second = run_cycle(ws, NAME)
    assert orders(second) == Counts(received=25, same=25)
    assert documents(ws) == 25
    assert second.next_at == clock() + timedelta(minutes=10)


def test_customers_are_made_as_needed(ws: Workspace, shop: MemoryShop) -> None:
    """S074: 25 orders of five customers make five customers, linked."""
    running_cart(ws)
    place(shop, range(25))
    run_cycle(ws, NAME)
    assert ws.books.customers.count() == 5
    assert ws.books.records.count_linked(ws.books.carts.get(NAME).cart_id, RecordKind.CUSTOMER) == 5


def test_a_bad_record_is_held_and_blocks_nobody(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """Rule 4, R15: at any position; after the shop corrected it the next cycle imports it."""
    running_cart(ws)
    place(shop, range(25))
    bad: Received[Any] = Received("1000", clock(), b'{"date": "0000-00-00"}', BadRecord("The date is none."))
    shop.bad_orders["1000"] = bad
    report = run_cycle(ws, NAME)
    assert (report.result, orders(report)) == (CycleResult.HELD, Counts(received=26, created=25, held=1))
    (held,) = ws.books.records.list_held(ws.books.carts.get(NAME).cart_id)
    assert (held.reason, ws.books.records.raw(report.cart_id, RecordKind.ORDER, "1000")) == (
        "The date is none.",
        bad.raw,
    )
    del shop.bad_orders["1000"]
    shop.put_order(samples.order(1000, clock()))
    assert run_cycle(ws, NAME).result is CycleResult.OK
    assert documents(ws) == 26


def test_the_cursor_comes_from_the_cart_and_never_from_us(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """Rule 1: a shop whose clock is an hour behind ours still gives every order."""
    running_cart(ws)
    shop_clock = FrozenClock(clock() - timedelta(hours=1))
    shop.clock = shop_clock
    run_cycle(ws, NAME)
    assert cursor(ws) == shop_clock()
    place(shop, range(3))
    shop_clock.advance(5)
    clock.advance(5)
    assert orders(run_cycle(ws, NAME)).created == 3


def test_rows_that_become_visible_late_are_found_by_the_overlap(
    ws: Workspace, shop: MemoryShop, clock: FrozenClock
) -> None:
    """Rule 1: an order with a stamp before the mark, seen only after it."""
    running_cart(ws)
    run_cycle(ws, NAME)
    late = samples.order(1, clock() - timedelta(minutes=10))
    shop.orders["1"] = late
    clock.advance(600)
    assert orders(run_cycle(ws, NAME)).created == 1


def test_equal_stamps_are_read_again(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """Rule 1: the lower bound is inclusive, even without an overlap."""

    class NoOverlap(MemoryCart):
        @property
        def facts(self) -> Any:
            return replace(super().facts, overlap=timedelta(0))

    ws = with_cart(ws, NoOverlap, shop)
    running_cart(ws)
    shop.orders["1"] = samples.order(1, clock())
    run_cycle(ws, NAME)
    shop.orders["2"] = samples.order(2, clock())
    assert orders(run_cycle(ws, NAME)).created == 1


def test_a_failed_page_moves_nothing_past_it(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """Rule 5: the pages before it are stored, the cart stays RUNNING, the next cycle gets the rest."""

    class Failing(MemoryCart):
        def iter_orders(self, since: datetime | None) -> Iterator[Page[CartOrder]]:
            pages = super().iter_orders(since)
            yield next(pages)
            raise AbortCycleError("The cart did not answer.", "It is tried again.", retry_after_seconds=1200)

    healthy = ws
    running_cart(ws)
    place(shop, range(25))
    for order in shop.orders.values():  # all in one second, so that the cursor can prove nothing yet
        shop.orders[order.order_id] = replace(order, modified_at=clock())
    report = run_cycle(with_cart(ws, Failing, shop), NAME)
    assert (report.result, documents(ws)) == (CycleResult.RETRY, 10)
    assert report.next_at is not None
    assert report.next_at >= clock() + timedelta(seconds=900)
    assert ws.books.carts.get(NAME).status is SyncStatus.RUNNING
    assert orders(run_cycle(healthy, NAME)).created == 15
    assert documents(ws) == 25


def test_a_listing_shorter_than_its_total_moves_no_cursor(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """Rule 5: what came is stored, but the span is read again."""

    class Short(MemoryCart):
        def iter_orders(self, since: datetime | None) -> Iterator[Page[CartOrder]]:
            for page in super().iter_orders(since):
                yield replace(page, rows=page.rows[:-1])

    running_cart(ws)
    before = cursor(ws)
    place(shop, range(5))
    report = run_cycle(with_cart(ws, Short, shop), NAME)
    assert (report.result, orders(report).created, cursor(ws)) == (CycleResult.RETRY, 4, before)


def test_a_page_that_repeats_ends_the_cycle(ws: Workspace, shop: MemoryShop) -> None:
    """Rule 5: Magento answers a page past the end with the last page again; never an endless loop."""

    class Looping(MemoryCart):
        def iter_orders(self, since: datetime | None) -> Iterator[Page[CartOrder]]:
            page = next(super().iter_orders(since))
            while True:
                yield replace(page, complete_to=None, total=None)

    running_cart(ws)
    place(shop, range(5))
    assert run_cycle(with_cart(ws, Looping, shop), NAME).result is CycleResult.RETRY


def test_a_cart_that_ignores_the_date_filter_is_stopped(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """Rule 6: nothing of that page is used (CART-OBSERVED 0.1)."""

    class Ignoring(MemoryCart):
        def iter_orders(self, since: datetime | None) -> Iterator[Page[CartOrder]]:
            return super().iter_orders(None)

    running_cart(ws)
    old = samples.order(1, clock() - timedelta(days=300))
    shop.orders["1"] = old
    report = run_cycle(with_cart(ws, Ignoring, shop), NAME)
    assert (report.result, documents(ws)) == (CycleResult.STOPPED, 0)
    assert ws.books.carts.get(NAME).status is SyncStatus.STOPPED


def test_orders_placed_before_the_date_stay_out(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """Rule 8: also when they were changed after it."""
    running_cart(ws)
    shop.put_order(samples.order(1, clock() - timedelta(days=2)))
    report = run_cycle(ws, NAME)
    assert (orders(report), documents(ws)) == (Counts(received=1, skipped=1), 0)


def test_waiting_orders_are_imported_when_paid(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """Unfulfilled and unpaid orders wait; shipped ones are left alone with the reason."""
    running_cart(ws)
    place(shop, range(1), payment_state=PaymentState.PENDING)
    place(shop, range(1, 2), fulfilment_state=FulfilmentState.SHIPPED)
    assert orders(run_cycle(ws, NAME)) == Counts(received=2, skipped=2)
    shop.put_order(replace(shop.orders["0"], payment_state=PaymentState.PAID))
    assert orders(run_cycle(ws, NAME)).created == 1


def test_where_changes_are_not_listed_open_orders_are_read_again(
    ws: Workspace, shop: MemoryShop, clock: FrozenClock
) -> None:
    """Vendure: `updatedAt` does not move; waiting and PENDING orders are read by id (CART-OBSERVED 0.2)."""

    class PlacedOnly(MemoryCart):
        @property
        def facts(self) -> Any:
            return replace(super().facts, order_changes_seen=False, overlap=timedelta(0))

    ws = with_cart(ws, PlacedOnly, shop)
    running_cart(ws)
    shop.orders["1"] = samples.order(1, clock(), payment_state=PaymentState.PENDING)
    shop.orders["2"] = samples.order(2, clock())
    run_cycle(ws, NAME)
    clock.advance(3600)
    run_cycle(ws, NAME)
    shop.orders["1"] = samples.order(1, shop.orders["1"].placed_at)  # paid now, its stamp unmoved
    del shop.orders["2"]
    clock.advance(3600)
    assert orders(run_cycle(ws, NAME)).created == 1
    record = ws.books.records.find_many(ws.books.carts.get(NAME).cart_id, RecordKind.ORDER, ["2"])["2"]
    assert record.reason == "no longer in the cart"


def test_linked_items_and_customers_follow_the_cart_where_switched_on(
    ws: Workspace, shop: MemoryShop, clock: FrozenClock
) -> None:
    """S047, S048: the name follows, stock never does, an empty value never wins (P20); off means off."""
    from cartui.sync.actions import Selection, plan_import
    from cartui.sync.apply import apply_plan

    running_cart(ws, settings=CartSettings(from_cart_items=True, from_cart_customers=True))
    for kind in (RecordKind.ITEM, RecordKind.CUSTOMER):
        assert not apply_plan(ws, plan_import(ws, NAME, kind, Selection(None))).problems
    clock.advance(60)
    shop.put_item(replace(shop.items["i1"], name="New name", stock=shop.items["i2"].stock))
    shop.put_customer(replace(shop.customers["c1"], phone="+44 1", first_name=""))
    report = run_cycle(ws, NAME)
    assert report.counts[RecordKind.ITEM].updated == 1
    item = next(one for one in ws.books.items.list_all() if one.code == "SKU-1")
    assert (item.name, item.on_hand) == ("New name", None)
    (customer,) = ws.books.customers.find_by_emails(["buyer1@example.test"])["buyer1@example.test"]
    assert (customer.phone, customer.first_name) == ("+44 1", "Ann")


def test_what_is_none_of_ours_leaves_no_line_in_the_journal(
    ws: Workspace, shop: MemoryShop, clock: FrozenClock
) -> None:
    """Items and customers that are not linked come again with every poll; an order that is left alone is told once."""
    running_cart(ws, settings=CartSettings(from_cart_items=True, from_cart_customers=True))
    place(shop, range(1), order_state=OrderState.CANCELLED)
    shop.put_item(replace(shop.items["i1"], name="New name"))
    shop.put_customer(replace(shop.customers["c1"], phone="+44 1"))
    for _ in range(3):
        report = run_cycle(ws, NAME)
        assert report.counts[RecordKind.ITEM].skipped
        assert report.counts[RecordKind.CUSTOMER].skipped
        clock.advance(60)
    told = [(one.kind, one.action) for one in ws.books.journal.recent(ws.books.carts.get(NAME).cart_id)]
    assert told == [(RecordKind.ORDER, "skip")]


def test_a_stopped_cart_runs_no_cycle(ws: Workspace, shop: MemoryShop) -> None:
    """Stop means stop, also for whoever calls the cycle directly."""
    running_cart(ws)
    place(shop, range(3))
    carts.stop_cart(ws, NAME)
    assert (run_cycle(ws, NAME).result, documents(ws)) == (CycleResult.STOPPED, 0)


def test_stop_takes_effect_after_the_current_page(ws: Workspace, shop: MemoryShop) -> None:
    """S033, and nothing is half done."""
    running_cart(ws)
    place(shop, range(25))
    report = run_cycle(ws, NAME, progress=lambda progress: carts.stop_cart(ws, NAME) and None)
    assert (report.result, documents(ws)) == (CycleResult.INTERRUPTED, 10)


def test_two_processes_never_run_one_cart_together(ws: Workspace, shop: MemoryShop) -> None:
    """The second one learns who has it."""
    running_cart(ws)
    place(shop, range(3))
    document = ws.books.carts.get(NAME)
    lease = ws.books.leases.take(document.cart_id, "somebody else", "other", 60.0)
    report = run_cycle(ws, NAME)
    assert report.result is CycleResult.LEASE_TAKEN
    assert "somebody else" in report.problem
    ws.books.leases.release(lease)
    assert run_cycle(ws, NAME).result is CycleResult.OK


def test_a_lost_lease_stores_nothing_more(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """A process that slept through its lease must not write over its successor."""

    class Slow(MemoryCart):
        def iter_orders(self, since: datetime | None) -> Iterator[Page[CartOrder]]:
            for page in super().iter_orders(since):
                clock.advance(300)
                ws.books.leases.take(ws.books.carts.get(NAME).cart_id, "successor", "other", 6000.0)
                yield page

    running_cart(ws)
    place(shop, range(3))
    report = run_cycle(with_cart(ws, Slow, shop), NAME)
    assert (report.result, documents(ws)) == (CycleResult.LEASE_TAKEN, 0)


def test_a_bug_rolls_back_and_stops_the_cart(ws: Workspace, shop: MemoryShop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anything that was not meant to happen stops this cart, with nothing of the page stored."""
    running_cart(ws)
    place(shop, range(3))

    def broken(*args: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(cycle, "plan_orders", broken)
    with pytest.raises(ZeroDivisionError):
        run_cycle(ws, NAME)
    assert (ws.books.carts.get(NAME).status, documents(ws)) == (SyncStatus.STOPPED, 0)


def test_start_is_refused_until_tested_and_dated(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """S083, S084: each thing that is missing is named with its remedy; a later change of the connection unsays the
    test."""
    from cartui.domain.settings import CartConnection
    from cartui.testing.workspace import URL

    carts.new_cart(ws, NAME, CartConnection("memory", URL))
    with pytest.raises(NeedsOperatorError) as refused:
        carts.start_cart(ws, NAME)
    assert all(word in str(refused.value) for word in ("never tested", "Last Order from", "Last update time"))
    list(carts.test_connection(ws, NAME))
    carts.set_last_order_from(ws, NAME, clock())
    carts.set_last_update_time(ws, NAME, clock())
    assert carts.start_cart(ws, NAME).status is SyncStatus.RUNNING
    carts.stop_cart(ws, NAME)
    document = ws.books.carts.get(NAME)
    changed = replace(document.connection, secret_refs={"password": "env:OTHER"})
    carts.save_cart(ws, replace(document, connection=changed))
    with pytest.raises(NeedsOperatorError, match="changed after its last test"):
        carts.start_cart(ws, NAME)


def test_a_bug_in_one_cart_does_not_end_the_others(
    ws: Workspace, shop: MemoryShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The runner hands the error on with the cart's name and goes on."""
    running_cart(ws, "A shop")
    running_cart(ws, "B shop")
    place(shop, range(2))
    real = runner.run_cycle

    def broken_for_a(ws: Workspace, name: str, **options: Any) -> CycleReport:
        if name == "A shop":
            raise ZeroDivisionError
        return real(ws, name, **options)

    monkeypatch.setattr(runner, "run_cycle", broken_for_a)
    failed: list[str] = []
    reports = runner.run_due(ws, lambda report: None, on_error=lambda name, error: failed.append(name))
    assert (failed, [report.cart_name for report in reports]) == (["A shop"], ["B shop"])


def test_a_clock_that_was_set_back_does_not_keep_a_cart_waiting(
    ws: Workspace, shop: MemoryShop, clock: FrozenClock
) -> None:
    """The next cycle then lies further ahead than any pause is long: it runs now."""
    running_cart(ws, "A shop")
    assert [one.result for one in runner.run_due(ws, lambda report: None)] == [CycleResult.OK]
    assert runner.due_carts(ws, clock()) == []
    assert runner.due_carts(ws, clock() - timedelta(minutes=14)) == []  # as far as two machines may differ
    assert runner.due_carts(ws, clock() - timedelta(hours=1)) == ["A shop"]
