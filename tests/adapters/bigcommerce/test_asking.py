"""Asking BigCommerce: lists, the rate limit, Test Connection."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from cartui.adapters.bigcommerce import SPEC, BigCommerceCart
from cartui.adapters.bigcommerce.render import render_v3_time
from cartui.adapters.bigcommerce.session import api_address
from cartui.domain.ports import Capability, Connection, Stage, Verdict
from cartui.errors import AbortCycleError, NeedsOperatorError
from cartui.sync.intake import checked_pages
from cartui.testing.conformance import good, rows_of
from tests.adapters.bigcommerce.judging import Open
from tests.adapters.bigcommerce_shop import FakeBigCommerce, rfc
from tests.adapters.conftest import VirtualWaiter

# --- lists


def test_nothing_is_204_and_no_error(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """V2 says "no rows" with 204 and no body; the listing ends with the shop's clock as its mark."""
    (page,) = list(cart.iter_orders(None))
    assert page.rows == ()
    assert page.complete_to == fake.now


def test_an_error_is_never_an_empty_page(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """A missing right stops the cart instead of looking like a shop without orders."""
    fake.forbidden = {"v2/orders"}
    with pytest.raises(NeedsOperatorError):
        list(cart.iter_orders(None))


def test_an_answer_that_is_no_list_ends_the_cycle(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """{"orders": {}} with status 200 is not an empty list."""
    fake.orders = {"orders": {}}  # type: ignore[assignment]
    fake._filtered = lambda *_: fake.orders  # type: ignore[method-assign]
    fake._list_v2 = lambda rows, _query: rows  # type: ignore[method-assign, assignment]
    with pytest.raises(AbortCycleError, match="not a list"):
        list(cart.iter_orders(None))


def test_a_poll_without_changes_is_one_request_a_list(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """Whatever the size of the catalogue; the store's settings are read once."""
    fake.add_order()
    list(cart.iter_items(fake.now + timedelta(hours=1)))
    fake.asked.clear()
    since = fake.tick(3600)
    for listing in (cart.iter_orders, cart.iter_items, cart.iter_customers):
        assert rows_of(listing(since)) == []
    assert len(fake.asked) == 3


@pytest.mark.parametrize("exclusive", [False, True])
def test_bounds_may_be_inclusive_or_not(fake: FakeBigCommerce, cart: BigCommerceCart, exclusive: bool) -> None:
    """The documentation says "minimum date" of orders and "after this date" of customers: neither loses a row."""
    fake.exclusive = exclusive
    placed = [str(fake.add_order()["id"]) for _ in range(120)]
    placed += [str(fake.add_order(at=fake.tick())["id"]) for _ in range(60)]
    since = datetime.fromisoformat(fake.customers[-3]["date_modified"])
    assert {row.external_id for row in rows_of(cart.iter_orders(None))} == set(placed)
    late = {row.external_id for row in rows_of(checked_pages(cart.iter_customers(since), since, "customers"))}
    assert late == {str(one["id"]) for one in fake.customers[-3:]}


def test_a_since_between_seconds_is_no_ignored_filter(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """Stamps have whole seconds: what is asked for too early is left out, and nothing is taken for a broken filter."""
    first = fake.add_order()
    second = fake.add_order(date_modified=rfc(fake.now + timedelta(seconds=1)))
    since = fake.now + timedelta(milliseconds=500)
    rows = rows_of(checked_pages(cart.iter_orders(since), since, "orders"))
    assert [row.external_id for row in rows] == [str(second["id"])]
    assert first["date_modified"] == rfc(fake.now)


def test_an_ignored_date_filter_is_found_out(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """A proxy that drops parameters: old rows are given on, so that the core sees them and stops."""
    fake.add_order()
    fake.ignore_dates = True
    since = fake.now + timedelta(days=1)
    with pytest.raises(NeedsOperatorError, match="ignored the date filter"):
        list(checked_pages(cart.iter_orders(since), since, "orders"))


def test_rows_out_of_order_end_the_cycle(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """Going on from the last row's stamp needs the order that was asked for."""
    placed = [fake.add_order(at=fake.tick()) for _ in range(60)]
    fake.tick()
    fake.touch(placed[3])
    fake.unsorted = True
    with pytest.raises(AbortCycleError, match="order of their change date"):
        list(cart.iter_orders(None))


def test_many_items_and_customers_of_one_second(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """An import of the merchant's stamps a thousand rows alike."""
    for number in range(520):
        fake.add_product(f"Bulk {number}", f"BULK-{number}")
        fake.add_customer(f"bulk{number}@example.test", "B", "Ulk")
    items = [row.external_id for row in rows_of(checked_pages(cart.iter_items(None), None, "items"))]
    people = [row.external_id for row in rows_of(checked_pages(cart.iter_customers(None), None, "customers"))]
    assert len(items) == len(set(items)) == sum(len(one["variants"]) for one in fake.products)
    assert len(people) == len(set(people)) == len(fake.customers)


# --- the rate


def test_the_rate_limit_is_waited_for(fake: FakeBigCommerce, cart: BigCommerceCart, waiter: VirtualWaiter) -> None:
    """A 429 has no Retry-After; X-Rate-Limit-Time-Reset-Ms says how long."""
    fake.throttle = 2
    rows_of(cart.iter_customers(None))
    assert [wait for wait in waiter.waits if wait > 1] == [1.5, 1.5]


def test_overload_of_the_platform_ends_the_cycle(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """A 429 without the headers is not the store's limit."""
    fake.overload = True
    with pytest.raises(AbortCycleError, match="overloaded") as stopped:
        list(cart.iter_orders(None))
    assert stopped.value.retry_after_seconds == 60


def test_few_requests_left_are_spread(fake: FakeBigCommerce, cart: BigCommerceCart, waiter: VirtualWaiter) -> None:
    """Other apps of the store need some, too."""
    fake.requests_left = 10
    for _ in range(4):
        rows_of(cart.iter_customers(None))
    assert [wait for wait in waiter.waits if wait >= 1] == [1.5, 1.5]


def test_a_write_that_the_limit_turned_away_is_sent_again(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """It did nothing, so there is no unknown outcome."""
    item = good(rows_of(cart.iter_items(None)))[0]
    fake.throttle = 1
    cart.session.write("PUT", f"v3/catalog/products/{item.parent_id}", {"price": 4}, "item")
    assert good(cart.get_items([item.item_id]).rows)[0].price == 4


def test_what_stands_beside_orders_is_read_in_parallel(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """A page of orders needs several requests for each; two at least are under way at once."""
    for _ in range(8):
        fake.add_order()
    rows_of(cart.iter_items(None))
    rows_of(cart.iter_customers(None))  # the pace grows with good answers
    fake.gate = threading.Barrier(2)
    assert len(rows_of(cart.iter_orders(None))) == 8
    assert 2 <= fake.most_busy <= 4


# --- connection


@pytest.mark.parametrize(
    ("url", "store"),
    [
        ("https://api.bigcommerce.com/stores/abc123", ""),
        ("https://api.bigcommerce.com/stores/abc123/v3/", ""),
        (" https://api.bigcommerce.com/stores/abc123/v2 ", "other"),
        ("https://api.bigcommerce.com", "abc123"),
        ("https://api.bigcommerce.com/", " abc123 "),
    ],
)
def test_forms_of_the_address(url: str, store: str) -> None:
    """The API path as the control panel shows it, or the host and the store's hash."""
    told = Connection("x", url, {"store_hash": store}, lambda _: "")
    assert api_address(told) == "https://api.bigcommerce.com/stores/abc123"


def verdicts(cart: BigCommerceCart) -> dict[Stage, Verdict]:
    results = list(cart.test_connection())
    assert all(one.remedy for one in results if one.verdict in (Verdict.FAILED, Verdict.WARNING)), results
    return {one.stage: one.verdict for one in results}


def test_a_storefront_is_no_api_path(connect: Open) -> None:
    """Without the store's hash nothing is sent."""
    assert verdicts(connect(url="https://shop.example")) == {Stage.ADDRESS: Verdict.FAILED}


def test_another_store_is_told(connect: Open, cart: BigCommerceCart, fake: FakeBigCommerce) -> None:
    """404: no such store; 403: the token is another store's, or lacks the right."""
    other = cart.session.http._address.origin + "/stores/zzz"
    assert verdicts(connect(url=other))[Stage.AUTHENTICATION] is Verdict.FAILED
    fake.forbidden = {"v2/store"}
    assert verdicts(connect())[Stage.AUTHENTICATION] is Verdict.FAILED


@pytest.mark.parametrize(
    ("path", "verdict"),
    [("v2/orders", Verdict.FAILED), ("v3/catalog", Verdict.FAILED), ("v3/customers", Verdict.WARNING)],
)
def test_missing_rights_are_named(fake: FakeBigCommerce, cart: BigCommerceCart, path: str, verdict: Verdict) -> None:
    """Orders and items are needed; without customers importing still works."""
    fake.forbidden = {path}
    found = verdicts(cart)
    assert found[Stage.READ_RIGHTS] is verdict
    assert (Stage.FAR_FUTURE in found) == (verdict is Verdict.WARNING)


def test_an_ignored_filter_fails_the_test(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """Asked for the far future, a good shop has nothing."""
    fake.ignore_dates = True
    assert verdicts(cart)[Stage.FAR_FUTURE] is Verdict.FAILED


@pytest.mark.parametrize(("minutes", "verdict"), [(0, Verdict.PASSED), (10, Verdict.WARNING), (-10, Verdict.WARNING)])
def test_clocks_apart(fake: FakeBigCommerce, connect: Open, minutes: int, verdict: Verdict) -> None:
    """A wrong clock here is told; the marks are the shop's own times all the same."""
    cart = connect()
    ours = fake.now + timedelta(minutes=minutes)
    object.__setattr__(cart.session.connection, "now", lambda: ours)
    assert verdicts(cart)[Stage.CLOCK] is verdict
    assert [page.complete_to for page in cart.iter_orders(None)] == [fake.now]


def test_the_spec_and_the_facts(cart: BigCommerceCart) -> None:
    """All roles; whether prices hold tax is known after the first reading."""
    assert SPEC.capabilities == set(Capability)
    before = cart.facts
    rows_of(cart.iter_items(None))
    assert [before.prices_include_tax, cart.facts.prices_include_tax] == [None, False]
    assert render_v3_time(datetime(2026, 1, 2, 3, 4, 5, 600, tzinfo=UTC)) == "2026-01-02T03:04:05Z"
