"""Stock at the item and at sources."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from cartui.adapters.magento import MagentoCart
from cartui.domain.ids import CartItemId
from cartui.domain.ports import StockMeaning, Verdict
from cartui.domain.records import StockWrite, WriteState
from cartui.testing.conformance import good, rows_of
from tests.adapters.magento.cases import calls
from tests.adapters.magento.server import connect, serving
from tests.adapters.magento.shop import MagentoShop


def test_stock_of_all_items_is_one_list_not_a_request_each(cart: MagentoCart, shop: MagentoShop) -> None:
    """Lists of items do not hold it. Stock that the shop does not track is none, whatever number it keeps."""
    shop.stock[7]["manage_stock"] = False
    items = good(rows_of(cart.iter_items(None)))
    assert {item.item_id: item.stock for item in items} == {str(n): 10 * n if n != 7 else None for n in range(1, 26)}
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
