"""What changes although no date moves: stock, combinations, what another program writes."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from cartui.adapters.prestashop import PrestaShop
from cartui.domain.ids import CartItemId
from cartui.domain.records import ItemDraft, StockWrite
from cartui.errors import NeedsOperatorError
from cartui.sync.intake import checked_pages
from cartui.testing.conformance import good, rows_of
from tests.adapters.prestashop.server import connect
from tests.adapters.prestashop.shop import FakePrestaShop

OVERLAP = timedelta(minutes=15)


def poll(shop: FakePrestaShop, cart: PrestaShop, hours: float, every: timedelta) -> dict[str, Decimal | None]:
    """Items as polls in a row tell them, through so many hours."""
    seen: dict[str, Decimal | None] = {}
    mark, until = shop.moment, shop.moment + timedelta(hours=hours)
    while shop.moment < until:
        shop.pass_time(every.total_seconds())
        pages = list(checked_pages(cart.iter_items(mark - OVERLAP), mark - OVERLAP, "items"))
        seen |= {item.item_id: item.stock for item in good(rows_of(pages))}
        assert pages[-1].complete_to is not None
        mark = pages[-1].complete_to
    return seen


def test_what_was_sold_is_read_again_at_once(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """An order takes its pieces out of the stock and moves no product's date."""
    shop.pass_time(7200)
    since = shop.moment
    shop.pass_time()
    shop.order(("7", 3, "7.5", "20"), ("21:5", 1, "20", "20"))
    found = {item.item_id: item.stock for item in good(rows_of(checked_pages(cart.iter_items(since), since, "items")))}
    assert found["7"] == Decimal(shop.stock_row("7")["quantity"])
    assert found["21:5"] == Decimal(shop.stock_row("21:5")["quantity"])


def test_stock_and_combinations_that_change_by_hand_are_seen_in_turn(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """Within half a day every item was read again, whatever its date; polls in a row leave none out."""
    shop.pass_time(86_400)
    shop.stock_row("11")["quantity"] = "4321"
    shop.rows["combinations"][6]["price"] = "9.000000"
    every = {item.item_id for item in good(rows_of(connect(shop).iter_items(None)))}
    seen = poll(shop, cart, 12, timedelta(minutes=55))
    assert set(seen) == every
    assert seen["11"] == 4321


def test_a_poll_costs_the_same_with_a_large_catalogue(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """A slice of it is read, not the whole."""
    for number in range(600):
        shop.put("products", reference=f"BULK-{number}", date_add="2026-01-01 00:00:00", date_upd="2026-01-01 00:00:00",
                 name=shop.translated(f"Bulk {number}"))  # fmt: skip
    shop.pass_time(86_400)
    since = shop.moment - timedelta(minutes=20)
    list(cart.iter_items(since))
    shop.requests.clear()
    rows = rows_of(cart.iter_items(since))
    assert 0 < len(rows) < 100
    assert len(shop.requests) <= 12


def test_an_item_comes_once_though_it_was_sold_changed_and_due(shop: FakePrestaShop, cart: PrestaShop) -> None:
    since = shop.moment - timedelta(days=2)
    shop.pass_time()
    shop.order(("7", 3, "7.5", "20"))
    shop.touch(shop.rows["products"][7])
    ids = [row.external_id for row in rows_of(cart.iter_items(since))]
    assert len(ids) == len(set(ids))
    assert "7" in ids


@pytest.mark.parametrize("ignored", [False, True])
def test_a_products_date_is_not_the_one_that_is_filtered_by(shop: FakePrestaShop, *, ignored: bool) -> None:
    """The filter goes by `product`, what is shown by `product_shop`; modules touch only the first. That is no reason to
    stop the cart; a filter that is ignored still is."""
    since = shop.moment
    if ignored:
        shop.faults.add("ignore_dates")
    shop.pass_time()
    shop.touch(shop.rows["products"][3])
    honest = shop._shown
    shop._shown = lambda resource, row, display, params: honest(  # type: ignore[method-assign]
        resource, {**row, "date_upd": "2026-01-01 00:00:00"} if resource == "products" else row, display, params
    )
    pages = checked_pages(connect(shop).iter_items(since), since, "items")
    if ignored:
        with pytest.raises(NeedsOperatorError, match="ignored the date filter"):
            list(pages)
        return
    assert "3" in {row.external_id for row in rows_of(pages)}


def test_a_reference_with_brackets_is_found_without_reading_the_whole_shop(
    shop: FakePrestaShop, cart: PrestaShop
) -> None:
    """Brackets are the filter's own signs: with nested ones the shop leaves it out and sends every product."""
    for reference in ("MUG[1]", "A[B]C", "[X]", "MUG[2]", "[1[2]3]"):
        shop.product("Odd", reference, "1.000000", 1)
    for sku in ("mug[1]", "A[B]C", "[X]", "[1[2]3]"):
        found = cart.find_items(ItemDraft("none", sku, "Odd", None, "EUR"))
        assert [one.sku.casefold() for one in found] == [sku.casefold()]
    asked = [target for _, target, _ in shop.requests if "filter%5Breference%5D" in target]
    assert all("=%25%5B" in target for target in asked)


def test_carts_that_change_by_being_read_hide_no_others(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """PrestaShop saves a cart without a key as soon as it is loaded: the last one of a page then shows the time of now,
    and a list that went on from there would have lost the rest."""
    rows = [{"id_product": "3", "id_product_attribute": "0", "quantity": "2"}]
    expected = {row.external_id for row in rows_of(cart.iter_baskets(None))}
    for _ in range(430):
        shop.pass_time(1)
        made = shop.put("carts", id_customer="3", id_currency="1", secure_key="",
                        date_add=shop.local(), date_upd=shop.local(), associations={"cart_rows": rows})  # fmt: skip
        expected.add(str(made["id"]))
    shop.pass_time(3_600)
    found = [row.external_id for row in rows_of(checked_pages(cart.iter_baskets(None), None, "baskets"))]
    assert sorted(found) == sorted(expected)


def test_our_own_stock_comes_back_as_it_was_written(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """A stock write moves no date either."""
    cart.set_stock([StockWrite(CartItemId("5"), Decimal(77))])
    (item,) = good(cart.get_items([CartItemId("5")]).rows)
    assert item.stock == 77
