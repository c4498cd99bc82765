"""The whole of a span compared with the books: what polling missed is put right, what is gone is flagged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from cartui.adapters.memory import MemoryCart, MemoryShop
from cartui.domain.ids import CartOrderId, Direction, ItemCode, RecordKind
from cartui.domain.outbox import OutboxKind
from cartui.domain.outcomes import CycleReport, CycleResult, RecordState
from cartui.domain.ports import Page
from cartui.domain.reconcile import Bucket, Certificate, Finding
from cartui.domain.records import CartOrder, OrderState, PaymentState
from cartui.domain.settings import CartSettings, ReconcileWhen, SyncStatus
from cartui.errors import AbortCycleError, LeaseTakenError
from cartui.sync import carts, runner
from cartui.sync.actions import Selection, plan_import
from cartui.sync.apply import apply_plan
from cartui.sync.cycle import run_cycle
from cartui.sync.reconcile import reconcile
from cartui.sync.reconcile_schedule import reconcile_if_due
from cartui.sync.workspace import StopRequested, Workspace
from cartui.testing import samples
from cartui.testing.clock import FrozenClock
from cartui.testing.killing import Killed, KillSwitch, killing_books, killing_cart
from cartui.testing.workspace import running_cart
from tests.sync.conftest import place
from tests.sync.sending import with_cart

NAME = "Main shop"


@pytest.fixture
def lived(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> Workspace:
    """A RUNNING cart with 30 imported orders, polled two hours later once more: the mark lies well behind them."""
    running_cart(ws)
    place(shop, range(30))
    run_later(ws, clock)
    run_later(ws, clock)
    return ws


def run_later(ws: Workspace, clock: FrozenClock) -> CycleReport:
    clock.advance(3_600)
    return run_cycle(ws, NAME)


def old_order(shop: MemoryShop, number: int, at: datetime, **changes: object) -> None:
    """An order that shows up with dates of the past, where no poll looks any more."""
    shop.orders[CartOrderId(str(number))] = samples.order(number, at, **changes)


def edit_unstamped(shop: MemoryShop, number: int, **changes: Any) -> None:
    key = CartOrderId(str(number))
    shop.orders[key] = replace(shop.orders[key], **changes)


def cart_id(ws: Workspace) -> Any:
    return ws.books.carts.get(NAME).cart_id


def record(ws: Workspace, number: int) -> Any:
    return ws.books.records.find_many(cart_id(ws), RecordKind.ORDER, [str(number)]).get(str(number))


def cursor(ws: Workspace) -> datetime | None:
    return ws.books.cursors.get(cart_id(ws), RecordKind.ORDER, Direction.IMPORT)


def found(certificate: Certificate) -> dict[Finding, tuple[str, ...]]:
    return {finding: tuple(sorted(ids)) for finding, ids in certificate.found.items()}


def test_nothing_is_found_where_nothing_is_wrong(lived: Workspace) -> None:
    """Every order is imported; nothing is written; the same data gives the same hash."""
    certificate = reconcile(lived, NAME)
    assert certificate.found == {}
    assert not certificate.needs_person
    assert (certificate.orders, certificate.buckets[Bucket.IMPORTED]) == (30, 30)
    [total] = certificate.sums
    assert (total.count, total.currency, total.total, total.booked) == (30, "EUR", Decimal("828.0"), Decimal("828.0"))
    assert reconcile(lived, NAME).digest == certificate.digest


def test_what_polling_missed_is_imported_and_the_mark_stays(
    lived: Workspace, shop: MemoryShop, clock: FrozenClock
) -> None:
    """Rule 7: an order with an old date is seen by no poll; a reconcile takes it over and leaves the mark alone."""
    old_order(shop, 77, clock() - timedelta(hours=3))
    mark = cursor(lived)
    run_later(lived, clock)
    assert record(lived, 77) is None
    mark = cursor(lived)
    certificate = reconcile(lived, NAME)
    assert found(certificate) == {Finding.MISSED: ("77",)}
    assert (certificate.counts.created, certificate.buckets[Bucket.IMPORTED]) == (1, 31)
    assert not certificate.needs_person  # it is imported: that is all
    assert (record(lived, 77).state, cursor(lived)) == (RecordState.IMPORTED, mark)


def test_a_change_without_its_date_is_followed(lived: Workspace, shop: MemoryShop) -> None:
    """woocommerce#34798: the content says it, not the stamp; it goes the way of every changed order, and once only."""
    edit_unstamped(shop, 3, total=Decimal("37.60"))
    certificate = reconcile(lived, NAME)
    assert found(certificate) == {Finding.CHANGED: ("3",)}
    assert record(lived, 3).state is RecordState.CHANGED
    assert certificate.needs_person
    again = reconcile(lived, NAME)
    assert again.found == {}
    assert again.needs_person  # the order still waits for a person


def test_a_change_that_polling_will_see_is_no_finding(lived: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """New and newly changed orders are taken over as well, but nothing was wrong with them."""
    clock.advance(60)
    shop.put_order(samples.order(88, clock()))
    shop.put_order(replace(shop.orders[CartOrderId("4")], payment_state=PaymentState.PARTIALLY_REFUNDED))
    certificate = reconcile(lived, NAME)
    assert certificate.found == {}
    assert record(lived, 88).state is RecordState.IMPORTED


def test_what_is_gone_is_flagged_and_never_deleted(lived: Workspace, shop: MemoryShop) -> None:
    """Its document stays as it is, and a person is asked; when the order is there again the flag goes."""
    kept = shop.orders.pop(CartOrderId("5"))
    documents = lived.books.documents.count(cart_id(lived))
    certificate = reconcile(lived, NAME)
    assert found(certificate) == {Finding.GONE: ("5",)}
    assert certificate.buckets[Bucket.GONE] == 1
    assert certificate.needs_person
    assert (record(lived, 5).state, record(lived, 5).reason) == (RecordState.CHANGED, "no longer in the cart")
    assert lived.books.documents.count(cart_id(lived)) == documents
    again = reconcile(lived, NAME)
    assert (again.found, again.buckets[Bucket.GONE], again.needs_person) == ({}, 1, True)
    shop.orders[kept.order_id] = kept
    assert not reconcile(lived, NAME).needs_person
    assert record(lived, 5).state is RecordState.IMPORTED


def test_orders_before_the_start_date_stay_out(lived: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """Rule 8: however far back is read, the floor holds; they are counted, and nothing of them is stored."""
    old_order(shop, 500, clock() - timedelta(days=20))
    for days in (30, None):
        certificate = reconcile(lived, NAME, days=days)
        assert (certificate.found, certificate.buckets[Bucket.BEFORE_START]) == ({}, 1)
    assert record(lived, 500) is None
    assert certificate.orders == sum(certificate.buckets.values()) == 31


def test_the_span_is_days_or_all(lived: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """What lies before the span is neither counted nor taken for gone."""
    clock.advance(40 * 86_400)
    del shop.orders[CartOrderId("1")]
    assert (reconcile(lived, NAME).orders, reconcile(lived, NAME).found) == (0, {})
    whole = reconcile(lived, NAME, days=None)
    assert (whole.orders, found(whole)) == (30, {Finding.GONE: ("1",)})


def test_a_dry_run_and_a_stopped_cart_are_only_compared(lived: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """The same findings, nothing stored, and a person is asked."""
    old_order(shop, 77, clock() - timedelta(hours=3))
    del shop.orders[CartOrderId("5")]
    dry = reconcile(lived, NAME, dry_run=True)
    carts.stop_cart(lived, NAME)
    stopped = reconcile(lived, NAME)
    for certificate in (dry, stopped):
        assert found(certificate) == {Finding.MISSED: ("77",), Finding.GONE: ("5",)}
        assert (certificate.settled, certificate.needs_person) == (False, True)
    assert (record(lived, 77), record(lived, 5).state) == (None, RecordState.IMPORTED)


def test_orders_that_are_taken_over_by_hand_stay_so(lived: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """Sync Orders off: a reconcile imports nothing; known orders are still compared."""
    document = lived.books.carts.get(NAME)
    lived.books.carts.save(replace(document, settings=replace(document.settings, sync_orders=False)))
    old_order(shop, 77, clock() - timedelta(hours=3))
    certificate = reconcile(lived, NAME)
    assert (certificate.found, certificate.buckets[Bucket.LEFT_ALONE], record(lived, 77)) == ({}, 1, None)


def test_an_empty_shop_is_another_shop(lived: Workspace, shop: MemoryShop) -> None:
    """None of 30 known orders: that is no deletion, and nothing is flagged."""
    shop.orders.clear()
    with pytest.raises(AbortCycleError, match="knows none of"):
        reconcile(lived, NAME)
    assert record(lived, 5).state is RecordState.IMPORTED


def test_a_listing_that_forgets_orders_is_found_out(lived: Workspace, shop: MemoryShop) -> None:
    """An order that the listing left out, but that the cart gives by its id, is not gone."""

    class Forgetful(MemoryCart):
        def iter_orders(self, since: datetime | None) -> Iterator[Page[CartOrder]]:
            for page in super().iter_orders(since):
                rows = tuple(row for row in page.rows if row.external_id != "5")
                yield Page(rows, None, page.complete_to)

    spec = replace(lived.adapters["memory"], open=lambda connection: Forgetful(shop))
    certificate = reconcile(replace(lived, adapters={"memory": spec}), NAME)
    assert (certificate.found, certificate.buckets[Bucket.IMPORTED]) == ({}, 30)


def test_a_cart_that_gives_no_order_by_its_id_is_not_believed(lived: Workspace, shop: MemoryShop) -> None:
    """One that was just listed is asked for, too: where that does not come, nothing is taken for gone."""

    class Silent(MemoryCart):
        def get_orders(self, ids: Sequence[CartOrderId]) -> Page[CartOrder]:
            return Page(())

    del shop.orders[CartOrderId("5")]
    spec = replace(lived.adapters["memory"], open=lambda connection: Silent(shop))
    with pytest.raises(AbortCycleError, match="listed a moment ago"):
        reconcile(replace(lived, adapters={"memory": spec}), NAME)
    assert record(lived, 5).state is RecordState.IMPORTED


def test_a_cart_that_only_lists_is_compared_by_its_lists(lived: Workspace, shop: MemoryShop) -> None:
    """No order and no item can be asked for by id: what the whole list lacks is gone."""

    class Listing:
        facts = MemoryCart(shop).facts

        def __init__(self) -> None:
            cart = MemoryCart(shop)
            self.iter_orders, self.iter_items = cart.iter_orders, cart.iter_items
            self.test_connection, self.close = cart.test_connection, cart.close

    assert not apply_plan(lived, plan_import(lived, NAME, RecordKind.ITEM, Selection(None, {}))).problems
    del shop.orders[CartOrderId("5")], shop.items["i5"]
    spec = replace(lived.adapters["memory"], open=lambda connection: Listing())
    ws = replace(lived, adapters={"memory": spec})
    assert found(reconcile(ws, NAME)) == {Finding.GONE: ("5",), Finding.ITEM_GONE: ("i5",)}


def test_very_many_cancelled_without_a_date_are_held(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """Rule 14, as in a cycle: a broken shop makes no mass of documents void; a second look finds nothing new."""
    running_cart(ws)
    place(shop, range(120))
    run_later(ws, clock)
    run_later(ws, clock)
    for number in range(120):
        edit_unstamped(shop, number, order_state=OrderState.CANCELLED, native_status="cancelled")
    certificate = reconcile(ws, NAME)
    assert len(certificate.found[Finding.CHANGED]) == 120
    assert certificate.buckets[Bucket.HELD] > 60
    assert certificate.needs_person
    assert reconcile(ws, NAME).found == {}


def test_somebody_else_works_with_the_cart(lived: Workspace) -> None:
    """One cycle, action or reconcile at a time."""
    lease = lived.books.leases.take(cart_id(lived), "other", "other", 60)
    with pytest.raises(LeaseTakenError):
        reconcile(lived, NAME)
    lived.books.leases.release(lease)


def test_stop_ends_it_between_two_pages(lived: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """Stop here, or in another process; what was stored stays, and the lease is free again."""
    asked = iter([False, True])
    with pytest.raises(StopRequested):
        reconcile(lived, NAME, stop=lambda: next(asked))
    with pytest.raises(StopRequested):
        reconcile(lived, NAME, between=lambda: lived.books.carts.set_status(cart_id(lived), SyncStatus.STOPPED))
    assert lived.books.leases.holder(cart_id(lived)) is None


def test_killed_anywhere_and_run_again_it_is_as_if_nothing_happened(
    lived: Workspace, shop: MemoryShop, clock: FrozenClock
) -> None:
    """R4: at each request and each commit; the next run finds and settles just what is left."""
    for number in range(70, 75):
        old_order(shop, number, clock() - timedelta(hours=4))
    del shop.orders[CartOrderId("5")]
    edit_unstamped(shop, 3, total=Decimal("37.60"))
    settled: set[str] = set()
    for at in range(1, 60):
        switch = KillSwitch(at)
        spec = replace(lived.adapters["memory"], open=lambda connection, s=switch: killing_cart(MemoryCart(shop), s))
        try:
            reconcile(replace(lived, books=killing_books(lived.books, switch), adapters={"memory": spec}), NAME)
        except Killed:
            clock.advance(130)  # the dead process's lease runs out
        else:
            break
        settled |= {str(n) for n in range(70, 75) if record(lived, n)}
    else:
        pytest.fail("It never came to its end.")
    assert at > 10
    assert {record(lived, number).state for number in range(70, 75)} == {RecordState.IMPORTED}
    assert lived.books.documents.count(cart_id(lived)) == 35
    assert (record(lived, 5).reason, record(lived, 3).state) == ("no longer in the cart", RecordState.CHANGED)
    assert reconcile(lived, NAME).found == {}


@pytest.mark.slow
def test_a_thousand_injected_differences_are_found_by_one_reconcile(
    ws: Workspace, shop: MemoryShop, clock: FrozenClock
) -> None:
    """R11: 1,000 of 1,000 un-bumped edits, deletions and misses among 3,000 orders, and none that is not one."""
    shop.page_size = 100
    running_cart(ws)
    place(shop, range(3_000))
    clock.advance(3_600)
    run_cycle(ws, NAME)
    run_later(ws, clock)
    edited, deleted, missed = range(0, 1_200, 3), range(1_200, 2_100, 3), range(5_000, 5_300)
    for number in edited:
        edit_unstamped(shop, number, note=f"leave at door {number}")
    for number in deleted:
        del shop.orders[CartOrderId(str(number))]
    for number in missed:
        old_order(shop, number, clock() - timedelta(hours=5))
    certificate = reconcile(ws, NAME)
    assert sum(map(len, certificate.found.values())) == 1_000
    assert found(certificate) == {
        Finding.MISSED: tuple(sorted(map(str, missed))),
        Finding.CHANGED: tuple(sorted(map(str, edited))),
        Finding.GONE: tuple(sorted(map(str, deleted))),
    }
    assert certificate.orders == 3_300
    assert reconcile(ws, NAME).found == {}


# --- items ------------------------------------------------------------------------------------------------------------


def selling(ws: Workspace, clock: FrozenClock) -> None:
    """A RUNNING cart with ten linked items, whose stock of 20 was sent."""
    running_cart(ws, settings=CartSettings(to_cart_stock=True, from_cart_items=True))
    edits = {f"i{number}": {"stock": "20"} for number in range(10)}
    assert not apply_plan(ws, plan_import(ws, NAME, RecordKind.ITEM, Selection(None, edits))).problems
    run_later(ws, clock)


def edit_item(shop: MemoryShop, number: int, **changes: Any) -> None:
    """A change in the shop that no date tells of."""
    shop.items[f"i{number}"] = replace(shop.items[f"i{number}"], **changes)


def test_stock_that_is_not_what_was_sent_is_settled_by_the_exporter(
    ws: Workspace, shop: MemoryShop, clock: FrozenClock
) -> None:
    """woocommerce#40060: noted and put into the outbox, which reads, compares and writes; nothing is written here."""
    selling(ws, clock)
    assert shop.items["i3"].stock == Decimal(20)
    edit_item(shop, 3, stock=Decimal(2))
    writes = shop.writes
    carts.stop_cart(ws, NAME)
    assert found(reconcile(ws, NAME)) == {Finding.STOCK: ("i3",)}
    carts.start_cart(ws, NAME, confirmed=True)
    assert (shop.writes, runner.waiting_carts(ws)) == (writes, [])
    certificate = reconcile(ws, NAME)
    assert found(certificate) == {Finding.STOCK: ("i3",)}
    assert (certificate.items, certificate.needs_person) == (10, False)
    assert shop.items["i3"].stock == Decimal(20)  # sent between two pages
    assert reconcile(ws, NAME).found == {}


def test_items_changed_or_gone_without_a_date(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """What the cart changed is taken over, what is gone is flagged and stays linked; once each."""
    selling(ws, clock)
    run_later(ws, clock)
    edit_item(shop, 4, name="Another name")
    kept = shop.items.pop("i5")
    certificate = reconcile(ws, NAME)
    assert found(certificate) == {Finding.ITEM_CHANGED: ("i4",), Finding.ITEM_GONE: ("i5",)}
    assert certificate.needs_person
    assert ws.books.items.find_by_codes([ItemCode("SKU-4")]).popitem()[1].name == "Another name"
    [link] = ws.books.records.find_many(cart_id(ws), RecordKind.ITEM, ["i5"]).values()
    assert (link.state, link.reason) == (RecordState.LINKED, "no longer in the cart")
    assert found(reconcile(ws, NAME)) == {Finding.ITEM_GONE: ("i5",)}
    shop.items["i5"] = kept
    assert reconcile(ws, NAME).found == {}
    [link] = ws.books.records.find_many(cart_id(ws), RecordKind.ITEM, ["i5"]).values()
    assert link.reason == ""


# --- by itself, once a day --------------------------------------------------------------------------------------------


def passes(ws: Workspace) -> list[CycleReport]:
    return runner.run_due(ws, lambda _report: None, only_due=False)


def test_once_a_day_the_runner_reconciles(lived: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """After a cycle that went well, a day after the first; what was found is listed among the cycles."""
    passes(lived)  # the day begins
    old_order(shop, 77, clock() - timedelta(hours=2))
    clock.advance(23 * 3_600)
    assert (len(passes(lived)), record(lived, 77)) == (1, None)
    clock.advance(3_600)
    cycle, compared = passes(lived)
    assert (compared.result, record(lived, 77).state) == (CycleResult.OK, RecordState.IMPORTED)
    assert "1 orders that polling missed" in compared.problem
    assert compared.next_at == cycle.next_at
    assert len(passes(lived)) == 1


def test_once_a_week_every_order_since_the_start_is_compared(
    lived: Workspace, shop: MemoryShop, clock: FrozenClock
) -> None:
    """What lies further back than the daily span; that day there is no daily one beside it, and both are told apart."""
    document = lived.books.carts.get(NAME)
    long_ago = clock() - timedelta(days=90)
    lived.books.carts.save(replace(document, settings=replace(document.settings, orders_from=long_ago)))
    passes(lived)
    old_order(shop, 77, clock() - timedelta(days=60))
    old_order(shop, 78, long_ago - timedelta(days=1))
    for _ in range(6):
        clock.advance(86_400)
        assert (len(passes(lived)), record(lived, 77)) == (1, None)
    clock.advance(86_400)
    passes(lived)
    assert (record(lived, 77).state, record(lived, 78)) == (RecordState.IMPORTED, None)
    status = carts.view_cart(lived, NAME).reconciled
    assert status.daily_at == status.full_at == clock()
    assert status.full_found == "1 orders that polling missed"
    clock.advance(86_400)
    passes(lived)
    status = carts.view_cart(lived, NAME).reconciled
    assert (status.daily_at, status.daily_found) == (clock(), "")
    assert (status.full_at, status.full_found) == (clock() - timedelta(days=1), "1 orders that polling missed")


def test_each_of_the_two_is_switched_by_itself(lived: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """Only weekly: six days nothing, then all."""
    document = lived.books.carts.get(NAME)
    lived.books.carts.save(replace(document, settings=replace(document.settings, reconcile=ReconcileWhen.OFF)))
    passes(lived)
    for day in range(1, 8):
        clock.advance(86_400)
        passes(lived)
        assert (carts.view_cart(lived, NAME).reconciled.full_at is not None) is (day == 7)


def test_a_full_one_that_fails_does_not_starve_the_daily_one(
    lived: Workspace, shop: MemoryShop, clock: FrozenClock
) -> None:
    """It is told with its reason, the daily one comes an hour later, and then the full one is tried again."""
    lately = clock()

    class Short(MemoryCart):
        def iter_orders(self, since: datetime | None) -> Any:
            if since is not None and since < lately - timedelta(days=35):
                raise AbortCycleError("The cart is too slow for so many orders.", "Try later.")
            return super().iter_orders(since)

    document = lived.books.carts.get(NAME)
    settings = replace(document.settings, orders_from=lately - timedelta(days=40))
    lived.books.carts.save(replace(document, settings=settings))
    passes(lived)
    clock.advance(7 * 86_400)
    slow = with_cart(lived, Short, shop)
    passes(slow)
    status = carts.view_cart(slow, NAME).reconciled
    assert (status.failed_at, status.failure) == (clock(), "The cart is too slow for so many orders.")
    clock.advance(3_600)
    passes(slow)
    assert carts.view_cart(slow, NAME).reconciled.daily_at == clock()
    clock.advance(60)
    passes(lived)
    assert carts.view_cart(lived, NAME).reconciled.full_at == clock()


def test_other_carts_do_not_wait_for_a_reconcile(lived: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """Between two pages those that are due by then have their cycles; the same cart waits."""
    running_cart(lived, "Other shop")
    passes(lived)
    clock.advance(25 * 3_600)
    lived.books.carts.set_next_cycle(lived.books.carts.get("Other shop").cart_id, clock() + timedelta(seconds=30))
    seen: list[str] = []

    def told(report: CycleReport) -> None:
        seen.append(report.cart_name)

    def slow() -> None:
        clock.advance(60)

    runner.run_due(lived, told, between=slow)
    assert seen[:2] == [NAME, "Other shop"]
    assert carts.view_cart(lived, NAME).reconciled.daily_at is not None


def test_it_can_be_switched_off(lived: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """For one cart."""
    document = lived.books.carts.get(NAME)
    lived.books.carts.save(
        replace(document, settings=replace(document.settings, reconcile=ReconcileWhen.OFF, reconcile_full=False))
    )
    passes(lived)
    old_order(shop, 77, clock() - timedelta(hours=2))
    clock.advance(9 * 86_400)
    assert (len(passes(lived)), record(lived, 77)) == (1, None)


def test_after_a_failure_it_waits_an_hour(lived: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """The cart stays RUNNING, its cycles go on, and the next try is not before an hour."""
    passes(lived)
    clock.advance(25 * 3_600)
    kept = dict(shop.orders)
    shop.orders.clear()
    cycle, failed = passes(lived)
    assert (cycle.result, failed.result) == (CycleResult.OK, CycleResult.RETRY)
    assert lived.books.carts.get(NAME).status is SyncStatus.RUNNING
    shop.orders.update(kept)
    del shop.orders[CartOrderId("5")]
    clock.advance(3_000)
    assert len(passes(lived)) == 1
    clock.advance(600)
    assert passes(lived)[-1].result is CycleResult.HELD
    assert record(lived, 5).reason == "no longer in the cart"


def test_a_taken_lease_is_no_failure(lived: Workspace, clock: FrozenClock) -> None:
    """Somebody else works with the cart: the next cycle asks again at once."""
    passes(lived)
    clock.advance(25 * 3_600)
    lease = lived.books.leases.take(cart_id(lived), "other", "other", 60)
    assert reconcile_if_due(lived, NAME) is None
    lived.books.leases.release(lease)
    assert "failed_at" not in lived.books.reconciles.state(cart_id(lived))


def test_what_is_to_be_sent_does_not_wait_for_a_reconcile(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """The outbox is sent between two pages, long before the last one."""
    selling(ws, clock)
    place(shop, range(100, 130))
    run_later(ws, clock)
    left: list[int] = []

    class Watched(MemoryCart):
        def iter_orders(self, since: datetime | None) -> Iterator[Page[CartOrder]]:
            for page in super().iter_orders(since):
                left.append(len(runner.waiting_carts(ws)))
                yield page

    item_id = ws.books.items.find_by_codes([ItemCode("SKU-3")]).popitem()[1].item_id
    with ws.books.transaction():
        ws.books.outbox.touch(OutboxKind.STOCK, [item_id], cart_id=cart_id(ws))
    spec = replace(ws.adapters["memory"], open=lambda connection: Watched(shop))
    asked: list[int] = []
    reconcile(replace(ws, adapters={"memory": spec}), NAME, between=lambda: asked.append(1))
    assert (left[0], left[-1]) == (1, 0)
    assert len(asked) >= 3
