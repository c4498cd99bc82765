"""Lists of a shop that misbehaves: nothing is lost, doubled or taken for the end."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from cartui.adapters.magento import MagentoCart
from cartui.domain.ids import CartItemId, CartOrderId
from cartui.domain.ports import Stage, Verdict
from cartui.errors import AbortCycleError, NeedsOperatorError
from cartui.sync.intake import checked_pages
from cartui.testing.conformance import rows_of
from tests.adapters.magento.cases import calls, fill, last
from tests.adapters.magento.server import connect
from tests.adapters.magento.shop import MagentoShop


@pytest.mark.parametrize("count", [64, 65, 264, 401])
@pytest.mark.parametrize("seconds", [0, 1])
def test_a_page_past_the_end_is_never_taken_for_more(
    cart: MagentoCart, shop: MagentoShop, count: int, seconds: int
) -> None:
    """It is the last page again: the listing ends where total_count says, and no request goes beyond."""
    expected = fill(shop, count, seconds)
    rows = rows_of(checked_pages(cart.iter_orders(None), None, "orders"))
    assert sorted(row.external_id for row in rows) == sorted(expected)
    size = cart.facts.page_size
    for _, params, _ in calls(shop, "GET", "/orders"):
        assert (int(params["searchCriteria[currentPage]"]) - 1) * size < len(expected)


def test_a_poll_without_changes_costs_a_few_requests(cart: MagentoCart, shop: MagentoShop) -> None:
    """Whatever the size of the shop: one a kind; for items what was sold, for items and customers
    the highest id and a slice in turn; the currency once."""
    fill(shop, 300, 1)
    mark = list(cart.iter_orders(None))[-1].complete_to
    assert mark is not None
    shop.seen.clear()
    shop.tick(3600)
    for pages in (cart.iter_orders, cart.iter_items, cart.iter_customers, cart.iter_baskets):
        list(pages(mark + timedelta(minutes=1)))
    lists = [path for _, path, *_ in shop.seen if "stock" not in path and "inventory" not in path]
    assert len(lists) == 10
    assert len(shop.seen) - len(lists) <= 11


def test_an_ignored_condition_is_found_out(cart: MagentoCart, shop: MagentoShop) -> None:
    """Magento answers all rows with 200 to a condition that it does not know; nothing of it is taken."""
    shop.faults.add("ignore-conditions")
    since = shop.moment - timedelta(hours=1)
    with pytest.raises(NeedsOperatorError, match="ignored the date filter"):
        list(checked_pages(cart.iter_orders(since), since, "orders"))
    assert last(cart.test_connection()).stage is Stage.FAR_FUTURE


def test_a_shop_that_does_not_sort_loses_nothing(cart: MagentoCart, shop: MagentoShop) -> None:
    expected = fill(shop, 250, 1)
    for number in (3, 90, 150, 280):
        shop.orders[number]["updated_at"] = shop.tick()
    shop.faults.add("unsorted")
    pages = list(cart.iter_orders(None))
    assert {row.external_id for row in rows_of(pages)} == expected
    assert all(page.complete_to is None for page in pages[:1])


def test_orders_without_a_date_come_once_and_do_not_hide_the_others(cart: MagentoCart, shop: MagentoShop) -> None:
    expected = fill(shop, 250, 1)
    for number in range(1, 121):
        shop.orders[number]["updated_at"] = None
    rows = rows_of(checked_pages(cart.iter_orders(None), None, "orders"))
    assert sorted(row.external_id for row in rows) == sorted(expected)


@pytest.mark.parametrize("seconds", [0, 1])
def test_a_shop_without_memory_for_large_pages_is_asked_for_smaller_ones(
    cart: MagentoCart, shop: MagentoShop, seconds: int
) -> None:
    """Orders of hundreds of lines: the listing goes on where it was, and stays with the smaller pages."""
    expected = fill(shop, 100, seconds)
    pages = cart.iter_orders(None)
    rows = list(next(pages).rows)
    shop.faults.add("heavy")
    rows += rows_of(pages)
    assert sorted(row.external_id for row in rows) == sorted(expected)
    shop.seen.clear()
    assert len(rows_of(cart.iter_customers(None))) == 12
    assert len(shop.seen) == 1


def test_dates_are_asked_for_in_utc_without_a_zone(cart: MagentoCart, shop: MagentoShop) -> None:
    """The shop is in Sydney; nothing is moved by its ten hours or by its summer time."""
    since = datetime.fromisoformat("2026-10-04T02:30:00.750+11:00")
    rows_of(cart.iter_orders(since))
    _, params, _ = calls(shop, "GET", "/orders")[0]
    assert params["searchCriteria[filter_groups][0][filters][0][value]"] == "2026-10-03 15:30:00"
    assert params["searchCriteria[filter_groups][0][filters][0][condition_type]"] == "gteq"


@pytest.mark.parametrize("fault", ["maintenance", "half-json"])
def test_an_error_is_never_an_empty_list(cart: MagentoCart, shop: MagentoShop, fault: str) -> None:
    shop.faults.add(fault)
    with pytest.raises(AbortCycleError) as aborted:
        list(cart.iter_orders(None))
    assert aborted.value.remedy


def test_the_right_to_stock_is_asked_for(cart: MagentoCart, shop: MagentoShop) -> None:
    """Without it items would look as if the shop did not track their stock."""
    shop.closed.add("stockItems")
    failed = last(cart.test_connection())
    assert (failed.stage, failed.verdict) == (Stage.WRITE_RIGHTS, Verdict.FAILED)
    with pytest.raises(NeedsOperatorError):
        list(cart.iter_items(None))


def test_a_website_alone(shop: MagentoShop, address: str) -> None:
    """Orders and baskets by its store views, customers and items by itself."""
    shop.orders[9]["store_id"] = shop.baskets[2]["store_id"] = 2
    for row in (*shop.customers.values(), *shop.products.values()):
        row["website_id"] = 1
    shop.customers[3]["website_id"] = shop.products[3]["website_id"] = 2
    cart = connect(address, shop, website="second")
    assert [row.external_id for row in rows_of(cart.iter_orders(None))] == ["9"]
    assert [row.external_id for row in rows_of(cart.iter_baskets(None))] == ["2"]
    assert [row.external_id for row in rows_of(cart.iter_customers(None))] == ["3"]
    assert [row.external_id for row in rows_of(cart.iter_items(None))] == ["3"]
    cart.close()
    other = connect(address, shop, website="elsewhere")
    with pytest.raises(NeedsOperatorError, match="no website") as refused:
        list(other.iter_orders(None))
    assert "base, second" in refused.value.remedy
    other.close()


def test_words_that_can_not_be_read_stop_the_cart(shop: MagentoShop, address: str) -> None:
    cart = connect(address, shop, status_map="packed=paid")
    with pytest.raises(NeedsOperatorError, match="packed=paid"):
        list(cart.iter_orders(None))
    cart.close()


def test_families_are_not_listed_and_unreadable_ids_not_asked_for(cart: MagentoCart) -> None:
    assert not {"26", "27"} & {row.external_id for row in rows_of(cart.iter_items(None))}
    assert cart.get_items([CartItemId("26")]).rows == ()
    assert cart.get_orders([CartOrderId("1,2"), CartOrderId("x")]).rows == ()
