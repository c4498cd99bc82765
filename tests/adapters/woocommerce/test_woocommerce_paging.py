"""Lists of WooCommerce whose order does not help, as real shops (8.0.3 and 10.1.2 with orders as posts) were seen to
send them: nothing is lost, and nothing comes twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cartui.adapters.woocommerce import WooCommerce
from cartui.domain.ports import Page
from cartui.domain.records import OrderState
from tests.adapters.woocommerce.shop import NOW, Shop

START = NOW - timedelta(days=400)


@pytest.fixture
def shop() -> Shop:
    shop = Shop(NOW)
    shop.orders.clear()
    shop.faults.add("posts")
    return shop


def add(shop: Shop, count: int, moment: datetime, step: timedelta = timedelta(0)) -> list[str]:
    """Orders modified at `moment` and each a `step` later."""
    made = [shop.add_order() for _ in range(count)]
    for number, row in enumerate(made):
        shop.stamp(row, "date_modified", moment + number * step)
    return [str(row["id"]) for row in made]


def ids(pages: Iterator[Page[Any]]) -> list[str]:
    return [row.external_id for page in pages for row in page.rows]


@pytest.mark.parametrize("since", [None, START])
def test_a_second_with_more_orders_than_a_page_has_no_order(
    shop: Shop, cart: WooCommerce, since: datetime | None
) -> None:
    """An import of the shop's own touched 250 orders in one second: by number, pages would overlap and leave gaps."""
    made = [*add(shop, 30, START), *add(shop, 250, START + timedelta(hours=1)), *add(shop, 20, NOW)]
    assert sorted(ids(cart.iter_orders(since))) == sorted(made)


@pytest.mark.parametrize("since_minute", [None, 0, 31])
def test_the_hour_that_comes_twice_is_sorted_by_the_shops_clock(
    shop: Shop, cart: WooCommerce, since_minute: int | None
) -> None:
    """In autumn 02:00 to 03:00 comes twice; the shop sorts by that clock, so that later orders come before earlier
    ones, and the last row of a page proves nothing."""
    fold = datetime(2025, 10, 26, 0, 0, tzinfo=UTC)
    shop.zone = timedelta(hours=1)
    second_pass = add(shop, 150, fold + timedelta(hours=1), timedelta(seconds=4))  # 02:00 to 02:10, winter time
    shop.zone = timedelta(hours=2)
    first_pass = add(shop, 60, fold + timedelta(minutes=30), timedelta(seconds=9))  # 02:30 to 02:39, summer time
    since = None if since_minute is None else fold + timedelta(minutes=since_minute)
    wanted = first_pass if since_minute != 31 else first_pass[7:]
    assert sorted(ids(cart.iter_orders(since))) == sorted([*second_pass, *wanted])


def test_new_orders_meanwhile_do_not_hide_a_gap(shop: Shop, cart: WooCommerce) -> None:
    """The shop's count grows by as many as were missed: the list's end still looks for them by id."""
    fold = datetime(2025, 10, 26, 0, 0, tzinfo=UTC)
    shop.zone = timedelta(hours=1)
    made = add(shop, 130, fold + timedelta(hours=1), timedelta(seconds=4))
    shop.zone = timedelta(hours=2)
    made += add(shop, 60, fold + timedelta(minutes=30), timedelta(seconds=9))
    shop.zone = timedelta(hours=1)
    first = True

    def grow(path: str, params: dict[str, str]) -> None:
        nonlocal first
        if path == "orders" and not first:
            made.extend(add(shop, 1, NOW))
        first = False

    shop.before_request = grow
    assert set(ids(cart.iter_orders(None))) >= set(made[:190])


def test_orders_without_a_time_are_not_lost(shop: Shop, cart: WooCommerce) -> None:
    """Rows that some other program wrote have no UTC time; no filter finds them, and a first import must."""
    made = add(shop, 130, START, timedelta(seconds=1))
    for row in shop.orders[::3]:
        row["date_modified_gmt"] = None
    assert sorted(ids(cart.iter_orders(None))) == sorted(made)


def test_customers_that_are_deleted_meanwhile_take_no_other_along(shop: Shop, cart: WooCommerce) -> None:
    """Accounts are paged by number: one less before the page's edge draws the next over it."""
    template = shop.customers[0]
    shop.customers = [{**template, "id": number} for number in range(5000, 5230)]

    def delete(path: str, params: dict[str, str]) -> None:
        if params.get("page") == "2" and len(shop.customers) == 230:
            del shop.customers[10]

    shop.before_request = delete
    assert {str(number) for number in range(5000, 5230)} - set(ids(cart.iter_customers(None))) == set()


@pytest.mark.parametrize("fault", ["posts", "no_options"])
def test_drafts_of_the_checkout_are_no_orders_where_any_has_them(shop: Shop, cart: WooCommerce, fault: str) -> None:
    """Orders kept as posts: "any" lists the checkout's drafts; it is asked where the shop does not say its statuses."""
    shop.faults.add(fault)
    made = add(shop, 3, START)
    shop.add_order(status="checkout-draft")
    pages = list(cart.iter_orders(None))
    assert sorted(ids(iter(pages))) == sorted(made)
    states = [getattr(row.record, "order_state", None) for page in pages for row in page.rows]
    assert OrderState.DRAFT not in states


def test_a_full_list_in_order_costs_a_request_a_page(shop: Shop, cart: WooCommerce) -> None:
    """Where the shop's counts tally, nothing is asked twice."""
    shop.faults.discard("posts")
    made = add(shop, 450, START, timedelta(seconds=30))
    assert len(ids(cart.iter_orders(None))) == len(made)
    assert len([target for _, target in shop.requests if "/orders?" in target]) == 5
