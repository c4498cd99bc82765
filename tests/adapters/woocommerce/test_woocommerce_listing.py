"""Lists of WooCommerce: odd sites and answers, filters that are dropped, totals that lie."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cartui.adapters.woocommerce import WooCommerce
from cartui.adapters.woocommerce.errors import tidy_json
from cartui.domain.ids import CartOrderId
from cartui.domain.ports import BadRecord, Stage, Verdict
from cartui.errors import AbortCycleError, NeedsOperatorError
from cartui.sync.intake import checked_pages
from tests.adapters.woocommerce.conftest import Open, asked, rows
from tests.adapters.woocommerce.server import NOTICE
from tests.adapters.woocommerce.shop import NOW, Shop


@pytest.mark.parametrize("fault", ["no_rewrite", "plain_permalinks", "notices", "notices_after", "holes", "no_totals"])
def test_odd_sites_are_read_all_the_same(shop: Shop, opened: Open, fault: str) -> None:
    """Web servers without rewriting, plain permalinks, PHP's notices around the JSON, lists with holes."""
    expected = {row.external_id for row in rows(opened().iter_orders(None))}
    shop.faults.add(fault)
    assert {row.external_id for row in rows(opened().iter_orders(None))} == expected


@pytest.mark.parametrize("tail", ["/", "/wp-json", "/wp-json/wc/v3/", "/wp-admin/admin.php"])
def test_what_people_paste_as_the_address_is_understood(opened: Open, tail: str) -> None:
    """The home page's address is taken out of it."""
    assert rows(opened(tail).iter_orders(None))


def test_notices_are_taken_away_and_nothing_else() -> None:
    """A cut answer stays cut, a page stays a page, brackets in a notice don't mislead."""
    assert tidy_json(NOTICE + b'[{"id": 1}]' + NOTICE) == b'[{"id": 1}]'
    assert tidy_json(b'[{"id": 1}, {"id"') == b'[{"id": 1}, {"id"'
    assert tidy_json(b"\n\xef\xbb\xbf\xef\xbb\xbf {}") == b"{}"
    page = b"<!DOCTYPE html><script>var x = [1];</script>"
    assert tidy_json(page) == page
    assert tidy_json(b'[{"name": "a <br> b] <b>"}]') == b'[{"name": "a <br> b] <b>"}]'


@pytest.mark.parametrize("fault", ["maintenance", "page_200"])
def test_a_page_instead_of_data_ends_the_cycle(shop: Shop, cart: WooCommerce, fault: str) -> None:
    """Never an empty list; a maintenance page's Retry-After is kept."""
    shop.faults.add(fault)
    with pytest.raises(AbortCycleError) as ended:
        list(cart.iter_orders(None))
    assert ended.value.retry_after_seconds == (600 if fault == "maintenance" else None)


def test_wordpress_without_woocommerce_is_told(shop: Shop, opened: Open) -> None:
    """The first stage fails with what to enter."""
    last = list(opened("/elsewhere").test_connection())[-1]
    assert (last.stage, last.verdict) == (Stage.ADDRESS, Verdict.FAILED)
    assert "Permalinks" in last.remedy


def test_times_are_utc_whatever_the_sites_zone(shop: Shop, cart: WooCommerce) -> None:
    """The site is 5:30 h ahead: naive UTC with dates_are_gmt is asked, one second early, and read from date_…_gmt."""
    order = shop.add_order()
    shop.tick(1)
    shop.add_order()
    first, second = list(rows(cart.iter_orders(NOW)))
    assert (first.external_id, first.stamp) == (str(order["id"]), NOW)
    assert not isinstance(second.record, BadRecord)
    assert second.record.placed_at == NOW + timedelta(seconds=1)
    assert "modified_after=2026-11-20T11%3A59%3A59&dates_are_gmt=true" in asked(shop, "orders")[-1]


def test_a_date_filter_that_is_dropped_is_found_out(shop: Shop, cart: WooCommerce) -> None:
    """By Test Connection, and by the rows themselves."""
    shop.faults.add("ignore_dates")
    last = list(cart.test_connection())[-1]
    assert (last.stage, last.verdict) == (Stage.FAR_FUTURE, Verdict.FAILED)
    with pytest.raises(NeedsOperatorError, match="ignored the date filter"):
        list(checked_pages(cart.iter_orders(NOW), NOW, "orders"))


def test_a_total_that_is_not_reached_is_found_out(shop: Shop, cart: WooCommerce) -> None:
    """For orders by the core, for items here: their rows are not products."""
    shop.faults.add("lying_total")
    with pytest.raises(AbortCycleError):
        list(checked_pages(cart.iter_orders(None), None, "orders"))
    shop.products = [row for row in shop.products if row["type"] == "simple"]
    with pytest.raises(AbortCycleError, match="products"):
        list(cart.iter_items(None))
    with pytest.raises(AbortCycleError):
        list(cart.iter_customers(None))


def test_rows_that_change_between_pages_push_no_other_over_the_edge(shop: Shop, cart: WooCommerce) -> None:
    """With pages by number, each order that is touched would hide one that was not read yet."""
    for _ in range(230):
        shop.tick(60)
        shop.add_order("order_jpy")
    expected = {str(row["id"]) for row in shop.orders if row["status"] != "checkout-draft"}
    early = iter(shop.orders)

    def touch_some(path: str, params: dict[str, str]) -> None:
        shop.tick(1)
        for _ in range(5 if path == "orders" and {"modified_after", "page"} & params.keys() else 0):
            shop.touch(next(early))

    shop.before_request = touch_some
    found = [row.external_id for row in rows(cart.iter_orders(None))]
    assert set(found) == expected
    assert len(found) == len(expected)


def test_a_row_dated_into_the_future_does_not_carry_the_mark_away(shop: Shop, cart: WooCommerce) -> None:
    """A migration wrote next year's date: the mark stays at the shop's clock, on each page."""
    for _ in range(120):
        shop.stamp(shop.add_order("order_jpy"), "date_modified", NOW + timedelta(days=400))
    assert {page.complete_to for page in cart.iter_orders(None)} - {None} == {NOW}


def test_the_mark_of_a_whole_list_is_the_shops_clock_when_it_was_begun(shop: Shop, cart: WooCommerce) -> None:
    """Not the last row's time: a quiet shop's mark moves on, too."""
    assert [page.complete_to for page in cart.iter_orders(None)] == [shop.now]
    assert shop.now > max(row.stamp for row in rows(cart.iter_orders(None)) if row.stamp)


def test_no_order_is_hidden_by_a_plug_ins_status(shop: Shop, opened: Open) -> None:
    """`any` leaves out statuses that a plug-in keeps out of searches: all are named one by one."""
    shop.statuses.append("packed")
    shop.hidden.add("packed")
    order = shop.add_order(status="packed")
    (found,) = [row for row in rows(opened().iter_orders(None)) if row.external_id == str(order["id"])]
    assert isinstance(found.record, BadRecord)
    assert "unknown status" in found.record.reason


def test_a_firewall_that_refuses_options_costs_nothing_else(shop: Shop, cart: WooCommerce) -> None:
    """Then `any` is asked."""
    shop.faults.add("no_options")
    assert rows(cart.iter_orders(None))


def test_checkout_drafts_are_baskets_and_trash_is_cancelled(shop: Shop, cart: WooCommerce) -> None:
    """Neither is in the list of orders; an order that went to the trash is seen when it is read again."""
    (draft,) = [row for row in shop.orders if row["status"] == "checkout-draft"]
    shop.orders[3]["status"] = "trash"
    listed = {row.external_id for row in rows(cart.iter_orders(None))}
    assert not {str(draft["id"]), str(shop.orders[3]["id"])} & listed
    assert [row.external_id for row in rows(cart.iter_baskets(None))] == [str(draft["id"])]
    (trashed,) = cart.get_orders([CartOrderId(str(shop.orders[3]["id"]))]).rows
    assert trashed.record.order_state == "cancelled"  # type: ignore[union-attr]


def test_customers_changed_since_are_picked_from_all(shop: Shop, cart: WooCommerce) -> None:
    """The API ignores the date for customers in silence; staff accounts are none."""
    shop.touch(shop.customers[4])
    assert [row.external_id for row in rows(cart.iter_customers(NOW))] == [str(shop.customers[4]["id"])]
    everyone = rows(cart.iter_customers(None))
    assert len(everyone) == 12
    assert "modified_after" not in asked(shop, "customers")[0]
