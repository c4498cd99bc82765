"""What real Magento shops do to a client, each done by the made-up one: nothing is lost, doubled or overwritten."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from cartui.adapters.magento import MagentoCart
from cartui.domain.ids import CartCustomerId, CartItemId, CartOrderId
from cartui.domain.ports import BadRecord, Stage, StageResult, StockMeaning, Verdict
from cartui.domain.records import CustomerDraft, ItemDraft, StockWrite, WriteState
from cartui.errors import AbortCycleError, HoldRecordError, NeedsOperatorError
from cartui.sync.intake import checked_pages
from cartui.testing.conformance import good, rows_of
from tests.adapters.magento_server import connect, serving
from tests.adapters.magento_shop import ADMIN, MagentoShop

DRAFT = ItemDraft("cartui-1-item-5", "NEW-5", "New thing", Decimal("9.90"), "GBP", stock=Decimal(7))


@pytest.fixture
def shop() -> MagentoShop:
    return MagentoShop()


@pytest.fixture
def address(shop: MagentoShop) -> Iterator[str]:
    with serving(shop) as address:
        yield address


@pytest.fixture
def cart(shop: MagentoShop, address: str) -> Iterator[MagentoCart]:
    cart = connect(address, shop)
    yield cart
    cart.close()


@pytest.fixture
def sources() -> MagentoShop:
    return MagentoShop(with_sources=True)


@pytest.fixture
def sourced(sources: MagentoShop) -> Iterator[MagentoCart]:
    with serving(sources) as address:
        cart = connect(address, sources)
        yield cart
        cart.close()


def calls(shop: MagentoShop, method: str, part: str) -> list[tuple[str, dict[str, str], Any]]:
    return [(path, params, told) for verb, path, params, told in shop.seen if verb == method and part in path]


def fill(shop: MagentoShop, count: int, seconds: int) -> set[str]:
    """So many orders, `seconds` apart; the ids of all."""
    for _ in range(count):
        shop.tick(seconds)
        shop.put_order(deepcopy(shop.orders[4]), max(shop.orders) + 1, "GBP")
    return {str(number) for number in shop.orders}


def last(stages: Iterator[StageResult]) -> StageResult:
    return list(stages)[-1]


# --- listing ----------------------------------------------------------------------------------------------------------


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


def test_a_poll_without_changes_is_one_request_a_kind(cart: MagentoCart, shop: MagentoShop) -> None:
    """Whatever the size of the shop."""
    fill(shop, 300, 1)
    mark = list(cart.iter_orders(None))[-1].complete_to
    assert mark is not None
    shop.seen.clear()
    shop.tick(3600)
    for pages in (cart.iter_orders, cart.iter_items, cart.iter_customers, cart.iter_baskets):
        list(pages(mark + timedelta(minutes=1)))
    assert len(shop.seen) == 4


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
    cart = connect(address, shop, states="packed=paid")
    with pytest.raises(NeedsOperatorError, match="packed=paid"):
        list(cart.iter_orders(None))
    cart.close()


def test_families_are_not_listed_and_unreadable_ids_not_asked_for(cart: MagentoCart) -> None:
    assert not {"26", "27"} & {row.external_id for row in rows_of(cart.iter_items(None))}
    assert cart.get_items([CartItemId("26")]).rows == ()
    assert cart.get_orders([CartOrderId("1,2"), CartOrderId("x")]).rows == ()


# --- stock ------------------------------------------------------------------------------------------------------------


def test_stock_of_all_items_is_one_list_not_a_request_each(cart: MagentoCart, shop: MagentoShop) -> None:
    """Lists of items do not hold it."""
    items = good(rows_of(cart.iter_items(None)))
    assert {item.item_id: item.stock for item in items} == {str(n): 10 * n for n in range(1, 26)}
    assert len(calls(shop, "GET", "/stockItems/")) == 1


def test_stock_of_a_few_changed_items_is_asked_for_singly(cart: MagentoCart, shop: MagentoShop) -> None:
    shop.stock[3]["manage_stock"] = False
    shop.products[3]["updated_at"] = shop.products[4]["updated_at"] = shop.tick(3600)
    items = good(rows_of(cart.iter_items(shop.moment)))
    assert {item.item_id: item.stock for item in items} == {"3": None, "4": 40}
    assert [path for path, _, _ in calls(shop, "GET", "/stockItems/")] == [
        "/rest/V1/stockItems/SLASH%2F20%20%C3%A4%231",
        "/rest/V1/stockItems/With%20Space%2021",
    ]


def test_rows_that_the_list_of_stock_leaves_out_are_asked_for(cart: MagentoCart, shop: MagentoShop) -> None:
    shop.faults.add("short-stock-list")
    items = good(rows_of(cart.iter_items(None)))
    assert {item.item_id: item.stock for item in items} == {str(n): 10 * n for n in range(1, 26)}


@pytest.mark.parametrize("number", [1, 3, 4, 5, 6])
def test_stock_is_set_whatever_the_sku_looks_like(cart: MagentoCart, shop: MagentoShop, number: int) -> None:
    """A slash, a blank, an umlaut, # and a comma; and digits, which are no id."""
    (result,) = cart.set_stock([StockWrite(CartItemId(str(number)), Decimal(5), Decimal(10 * number))])
    assert (result.state, shop.stock[number]["qty"]) == (WriteState.DONE, 5)


def test_what_runs_out_and_comes_back_is_for_sale_again(cart: MagentoCart, shop: MagentoShop) -> None:
    """Magento switches "in stock" off at zero, and on again only where it had switched it off itself."""
    cart.set_stock([StockWrite(CartItemId("1"), Decimal(0))])
    assert not shop.stock[1]["is_in_stock"]
    cart.set_stock([StockWrite(CartItemId("1"), Decimal(9))])
    assert shop.stock[1]["is_in_stock"]
    sent = [told["stockItem"] for _, _, told in calls(shop, "PUT", "/stockItems/")]
    assert sent == [{"qty": 0}, {"qty": 9, "is_in_stock": True}]


def test_stock_that_is_not_kept_or_not_whole_is_refused_by_row(cart: MagentoCart, shop: MagentoShop) -> None:
    shop.stock[2]["manage_stock"] = False
    del shop.stock[4]
    shop.products[7]["type_id"] = "bundle"
    amounts = {"1": "2.5", "2": "1", "7": "1", "8": "-1", "999": "1", "26": "1", "9": "3"}
    results = cart.set_stock([StockWrite(CartItemId(number), Decimal(amount)) for number, amount in amounts.items()])
    assert [result.item_id for result in results] == list(amounts)
    assert [result.state for result in results] == [WriteState.REFUSED] * 6 + [WriteState.DONE]
    assert all(result.reason for result in results[:-1])


def test_a_lost_answer_to_a_stock_write_is_unknown(cart: MagentoCart, shop: MagentoShop) -> None:
    shop.faults.add("lost-answers")
    (result,) = cart.set_stock([StockWrite(CartItemId("1"), Decimal(5))])
    assert result.state is WriteState.UNKNOWN
    assert len(calls(shop, "PUT", "/stockItems/")) == 1  # never sent twice: the shop may have sold meanwhile


def test_sources_are_found_and_written_in_one_call(sourced: MagentoCart, sources: MagentoShop) -> None:
    """What lies there includes open orders: the meaning of the number is another one."""
    assert sources.sources is not None
    meanings = [sourced.facts.stock_meaning]  # not looked up yet
    writes = [StockWrite(CartItemId(str(n)), Decimal(n), Decimal(10 * n)) for n in range(1, 8)]
    results = sourced.set_stock([*writes, StockWrite(CartItemId("9"), Decimal(1), Decimal(1))])
    assert [result.state for result in results] == [WriteState.DONE] * 7 + [WriteState.CONFLICT]
    assert [sources.sources[sources.products[n]["sku"], "default"]["quantity"] for n in range(1, 8)] == list(
        range(1, 8)
    )
    assert len(calls(sources, "POST", "/inventory/source-items")) == 1
    assert [*meanings, sourced.facts.stock_meaning] == [StockMeaning.FREE, StockMeaning.ON_HAND]


@pytest.mark.parametrize("number", [1, 3, 4, 5, 6])
def test_stock_at_a_source_is_found_whatever_the_sku_looks_like(
    sourced: MagentoCart, sources: MagentoShop, number: int
) -> None:
    """The condition `in` cuts a SKU at its comma."""
    row = sources.products[number]
    (result,) = sourced.set_stock([StockWrite(CartItemId(str(number)), Decimal(5), Decimal(10 * number))])
    assert sources.sources is not None
    assert (result.state, sources.sources[row["sku"], "default"]["quantity"]) == (WriteState.DONE, 5)


def test_only_the_chosen_source_counts(sources: MagentoShop) -> None:
    sources.put_source("MG-0001", "second", 3)
    with serving(sources) as address:
        cart = connect(address, sources, source_code="second")
        items = good(rows_of(cart.iter_items(None)))
        assert {item.item_id: item.stock for item in items if item.stock is not None} == {"1": 3}
        results = cart.set_stock([StockWrite(CartItemId(number), Decimal(8)) for number in ("1", "2")])
        assert [result.state for result in results] == [WriteState.DONE, WriteState.REFUSED]
        assert "second" in results[1].reason
        assert sources.sources is not None
        assert [sources.sources["MG-0001", code]["quantity"] for code in ("default", "second")] == [10, 8]
        cart.close()


def test_the_state_of_a_source_is_kept_but_where_stock_runs_out_or_comes_back(
    sourced: MagentoCart, sources: MagentoShop
) -> None:
    """Magento wants it with each amount, and a wrong one sells what is not there or hides what is."""
    assert sources.sources is not None
    sources.put_source("MG-0001", "default", 5, 0)  # staff switched it off
    sources.put_source("MG-0002", "default", 0, 0)
    sources.stock[8]["backorders"] = 1
    wanted = {"1": 4, "2": 4, "7": 0, "8": 0}
    sourced.set_stock([StockWrite(CartItemId(number), Decimal(amount)) for number, amount in wanted.items()])
    ((_, _, told),) = calls(sources, "POST", "/inventory/source-items")
    assert [(row["quantity"], row["status"]) for row in told["sourceItems"]] == [(4, 0), (4, 1), (0, 0), (0, 1)]


def test_a_call_that_is_refused_as_a_whole_finds_its_row(sourced: MagentoCart, sources: MagentoShop) -> None:
    sources.put_source("MG-0002", "default", 5)
    real, refused = sources._save_sources, "MG-0002"

    def picky(rows: list[dict[str, Any]]) -> list[Any]:
        if any(row["sku"] == refused for row in rows):
            rows = [row | {"source_code": "nowhere"} for row in rows]
        return real(rows)

    sources._save_sources = picky  # type: ignore[method-assign]
    results = sourced.set_stock([StockWrite(CartItemId(number), Decimal(1)) for number in ("1", "2", "7")])
    assert [result.state for result in results] == [WriteState.DONE, WriteState.REFUSED, WriteState.DONE]
    assert "Validation Failed: row 0" in results[1].reason


def test_without_the_right_to_see_sources_the_items_own_stock_is_used(
    sourced: MagentoCart, sources: MagentoShop
) -> None:
    sources.closed.add("inventory")
    assert good(rows_of(sourced.iter_items(None)))[0].stock == 10
    assert sourced.set_stock([StockWrite(CartItemId("1"), Decimal(4))])[0].state is WriteState.DONE
    assert sources.stock[1]["qty"] == 4
    assert sourced.facts.stock_meaning is StockMeaning.ON_HAND  # the modules are there, whether they may be seen or not


def test_stock_of_a_shop_without_the_inventory_modules_is_free(cart: MagentoCart) -> None:
    assert list(cart.test_connection())[-1].verdict is Verdict.PASSED
    assert cart.facts.stock_meaning is StockMeaning.FREE


# --- items and customers ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sku", ["MG-0001", "mg-0001"])
def test_a_create_never_overwrites(cart: MagentoCart, shop: MagentoShop, sku: str) -> None:
    """POST with a SKU that exists would change that item, answer 200 and give its id; case does not matter to it."""
    draft = ItemDraft("key", sku, "Another thing", Decimal(1), "GBP")
    assert [item.item_id for item in cart.find_items(draft)] == ["1"]
    with pytest.raises(HoldRecordError, match="already"):
        cart.create_item(draft)
    assert not calls(shop, "POST", "/products")
    assert shop.products[1]["name"].startswith("Thing 1")


def test_a_sku_of_a_family_is_refused(cart: MagentoCart) -> None:
    with pytest.raises(HoldRecordError, match="configurable"):
        cart.find_items(ItemDraft("key", "CFG-26", "Shirt", Decimal(1), "GBP"))


def test_a_new_item_comes_with_its_stock(cart: MagentoCart, shop: MagentoShop) -> None:
    made = cart.create_item(DRAFT)
    ((path, _, told),) = calls(shop, "POST", "/products")
    assert path == "/rest/all/V1/products"
    assert told["product"]["attribute_set_id"] == 4
    assert good(cart.get_items([made]).rows)[0].stock == 7


def test_a_new_item_lies_at_the_source(sourced: MagentoCart, sources: MagentoShop) -> None:
    assert sources.sources is not None
    made = sourced.create_item(DRAFT)
    assert sources.sources["NEW-5", "default"] == {
        "sku": "NEW-5", "source_code": "default", "quantity": 7, "status": 1,
    }  # fmt: skip
    assert good(sourced.get_items([made]).rows)[0].stock == 7


def test_a_change_is_written_for_all_store_views_or_the_chosen_one(shop: MagentoShop, address: str) -> None:
    """Without a view in the path Magento would write a value of the default view's own over the shop-wide one."""
    for view, path in (("", "/rest/all/V1/products/MG-0001"), ("eur", "/rest/eur/V1/products/MG-0001")):
        cart = connect(address, shop, store_view=view)
        cart.update_item(CartItemId("1"), {"price": Decimal("3.21")})
        found, _, told = calls(shop, "PUT", "/products")[-1]
        assert (found, told) == (path, {"product": {"price": Decimal("3.21")}})
        cart.close()


def test_a_customers_addresses_survive_a_change(cart: MagentoCart, shop: MagentoShop) -> None:
    number = next(n for n, row in shop.customers.items() if row["addresses"])
    before = deepcopy(shop.customers[number])
    cart.update_customer(CartCustomerId(str(number)), {"last_name": "Neu"})
    after = shop.customers[number]
    assert after["addresses"] == before["addresses"]
    assert {key for key in before if after.get(key) != before[key]} == {"lastname", "updated_at"}


def test_what_the_shop_refuses_is_told_in_its_words(cart: MagentoCart) -> None:
    with pytest.raises(HoldRecordError, match="same email address"):
        cart.create_customer(CustomerDraft("key", "CUST001@example.com", "Ada", "Lace"))
    with pytest.raises(HoldRecordError, match="No such entity with id = 4711"):
        cart.update_customer(CartCustomerId("4711"), {"last_name": "Neu"})


# --- signing in -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("signature", ["HMAC-SHA256", "HMAC-SHA1"])
def test_four_secrets_sign_reads_and_writes(shop: MagentoShop, address: str, signature: str) -> None:
    """Blanks, brackets, umlauts and slashes in path and query; a nonce is never used twice."""
    shop.faults.add("bearer-off")
    cart = connect(address, shop, auth="oauth1", signature=signature)
    assert len(rows_of(cart.iter_orders(shop.moment - timedelta(days=30)))) == 36
    cart.find_items(ItemDraft("key", "Grün & blau/100 % #1+~", "x", Decimal(1), "GBP"))
    (done,) = cart.set_stock([StockWrite(CartItemId("3"), Decimal(5))])
    assert done.state is WriteState.DONE
    assert len(shop.nonces) >= 5
    cart.close()


def test_a_wrong_secret_names_its_remedy(shop: MagentoShop, address: str) -> None:
    cart = connect(address, shop, {"token_secret": "wrong"}, auth="oauth1")
    failed = last(cart.test_connection())
    assert (failed.stage, failed.verdict) == (Stage.AUTHENTICATION, Verdict.FAILED)
    assert "Invalid signature" in failed.detail
    assert "clock" in failed.remedy
    cart.close()


def test_a_retry_is_signed_anew(shop: MagentoShop, address: str) -> None:
    """A second try with the first one's nonce would be refused."""
    real, failures = shop._route, iter([True])

    def flaky(*args: Any) -> Any:
        if next(failures, False):
            raise_trouble()
        return real(*args)

    shop._route = flaky  # type: ignore[method-assign, assignment]
    cart = connect(address, shop, auth="oauth1")
    assert cart.get_orders([CartOrderId("1")]).rows
    assert len(shop.nonces) == 2
    cart.close()


def test_a_clock_that_is_ahead_spoils_no_signature(shop: MagentoShop, address: str) -> None:
    """The shop's own time is in its answer; one request more, once."""
    cart = connect(address, shop, auth="oauth1", ahead="900")
    assert rows_of(cart.iter_orders(None))
    assert rows_of(cart.iter_baskets(None))
    assert len(shop.seen) == 3
    cart.close()


def raise_trouble() -> None:
    from tests.adapters.magento_shop import Refused

    raise Refused(503, "Try again")


def test_an_administrators_token_is_renewed_when_it_ends(shop: MagentoShop, address: str) -> None:
    cart = connect(address, shop, auth="user")
    assert rows_of(cart.iter_orders(None))
    shop.tick(5 * 3600)
    assert rows_of(cart.iter_orders(None))
    assert len(calls(shop, "POST", "/integration/admin/token")) == 2
    cart.close()


def test_a_wrong_password_is_tried_once(shop: MagentoShop, address: str) -> None:
    """Magento locks the account after a few."""
    cart = connect(address, shop, {"password": "guess"}, auth="user", username=ADMIN[0])
    with pytest.raises(NeedsOperatorError, match="did not sign in correctly"):
        list(cart.iter_orders(None))
    assert len(calls(shop, "POST", "/integration/admin/token")) == 1
    cart.close()


def test_a_token_that_newer_shops_refuse_alone(cart: MagentoCart, shop: MagentoShop) -> None:
    shop.faults.add("bearer-off")
    failed = last(cart.test_connection())
    assert (failed.stage, failed.verdict) == (Stage.AUTHENTICATION, Verdict.FAILED)
    assert "oauth1" in failed.remedy
    assert "standalone Bearer tokens" in failed.remedy


@pytest.mark.parametrize(
    ("closed", "verdict"),
    [
        ("carts", Verdict.WARNING),
        ("customers", Verdict.WARNING),
        ("orders", Verdict.FAILED),
        ("products", Verdict.FAILED),
    ],
)
def test_a_missing_right_is_told_from_a_wrong_token(
    cart: MagentoCart, shop: MagentoShop, closed: str, verdict: Verdict
) -> None:
    """Both are 401 with the same words: what another list allows tells them apart."""
    shop.closed.add(closed)
    (result,) = [one for one in cart.test_connection() if one.stage is Stage.READ_RIGHTS]
    assert (result.verdict, "resources" in result.remedy) == (verdict, True)


def test_a_store_view_that_is_not_there_is_named(shop: MagentoShop, address: str) -> None:
    """Magento takes its code for a part of the path, and knows no such path."""
    cart = connect(address, shop, store_view="nowhere")
    failed = last(cart.test_connection())
    assert (failed.stage, failed.verdict) == (Stage.READ_RIGHTS, Verdict.FAILED)
    assert "nowhere" in failed.detail
    with pytest.raises(NeedsOperatorError, match="nowhere"):
        list(cart.iter_items(None))
    cart.close()


def test_the_stages_of_a_good_connection(cart: MagentoCart, sourced: MagentoCart) -> None:
    stages = {one.stage: one for one in cart.test_connection()}
    assert list(stages) == list(Stage)
    assert "Magento/2.2" in stages[Stage.VERSION].detail
    assert "Sydney" in stages[Stage.TIME_ZONE].detail
    assert "source" in {one.stage: one for one in sourced.test_connection()}[Stage.WRITE_RIGHTS].detail


def test_something_else_at_the_address(shop: MagentoShop, address: str) -> None:
    cart = connect(f"{address}/blog", shop)
    failed = last(cart.test_connection())
    assert (failed.stage, failed.verdict) == (Stage.ADDRESS, Verdict.FAILED)
    assert "no Magento REST API" in failed.detail
    cart.close()


@pytest.mark.parametrize("ending", ["", "/", "/rest", "/rest/V1/", "/rest/all/V1"])
def test_the_address_may_be_that_of_the_api(shop: MagentoShop, address: str, ending: str) -> None:
    cart = connect(address + ending, shop)
    assert len(rows_of(cart.iter_baskets(None))) == 3
    cart.close()


def test_an_address_that_is_none_fails_the_first_stage(shop: MagentoShop) -> None:
    assert last(connect("not an address", shop).test_connection()).stage is Stage.ADDRESS


def test_a_broken_item_is_held_and_not_made_twice(cart: MagentoCart, shop: MagentoShop) -> None:
    shop.products[2]["updated_at"] = "0000-00-00 00:00:00"
    bad = [row for row in rows_of(cart.iter_items(None)) if isinstance(row.record, BadRecord)]
    assert [row.external_id for row in bad] == ["2"]
    with pytest.raises(HoldRecordError, match="The shop has it"):
        cart.find_items(ItemDraft("key", shop.products[2]["sku"], "x", Decimal(1), "GBP"))
