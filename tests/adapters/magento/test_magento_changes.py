"""What changes although no date moves, and lists that change while one pages."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from cartui.adapters.magento import MagentoCart
from cartui.domain.ids import CartItemId
from cartui.sync.intake import checked_pages
from cartui.testing.conformance import good, rows_of
from tests.adapters.magento.cases import calls, fill
from tests.adapters.magento.shop import MagentoShop

OVERLAP = timedelta(minutes=15)


def test_orders_of_one_second_that_change_while_one_pages_are_not_lost(cart: MagentoCart, shop: MagentoShop) -> None:
    """By numbers, one that leaves its page for the end would take the first of the next page with it."""
    expected, changing = fill(shop, 250, 0), iter((40, 60, 100, 101))
    seen: set[str] = set()
    for page in cart.iter_orders(None):
        seen |= {row.external_id for row in page.rows}
        if (number := next(changing, None)) is not None:
            shop.orders[number]["updated_at"] = shop.tick()
    assert seen == expected


def test_a_list_sorted_by_its_second_key_loses_nothing(cart: MagentoCart, shop: MagentoShop) -> None:
    """Early orders changed last: by id, the first page looks sorted and ends with the latest stamp of all."""
    expected = fill(shop, 250, 1)
    for number in range(1, 101):
        shop.orders[number]["updated_at"] = shop.tick()
    shop.faults.add("id-first")
    pages = list(checked_pages(cart.iter_orders(None), None, "orders"))
    assert {row.external_id for row in rows_of(pages)} == expected
    unseen = {row.external_id: row.stamp for row in rows_of(pages)}
    for page in pages:
        for row in page.rows:
            unseen.pop(row.external_id, None)
        mark = page.complete_to
        assert mark is None or all(stamp is None or stamp >= mark for stamp in unseen.values())


def test_what_was_sold_is_read_again_at_once(cart: MagentoCart, shop: MagentoShop) -> None:
    """An order takes its pieces out of the stock and moves no item's date."""
    shop.tick(7200)
    since = shop.moment
    number = max(shop.orders) + 1
    shop.tick()
    row = shop.put_order(dict(shop.template), number, "GBP")
    row["items"] = [row["items"][0] | {"product_id": 9}]
    shop.orders[number]["items"] = row["items"]
    shop.stock[9]["qty"] = 4
    found = {item.item_id: item for item in good(rows_of(checked_pages(cart.iter_items(since), since, "items")))}
    assert found[CartItemId("9")].stock == 4


def test_stock_that_changes_by_hand_is_seen_in_turn(cart: MagentoCart, shop: MagentoShop) -> None:
    """Within half a day every item was read again, whatever its date; polls in a row leave none out."""
    every = {item.item_id for item in good(rows_of(cart.iter_items(None)))}
    shop.tick(86_400)
    shop.stock[11]["qty"] = Decimal(4321)
    seen: dict[str, Decimal | None] = {}
    mark, until = shop.moment, shop.moment + timedelta(hours=12)
    while shop.moment < until:
        shop.tick(3_300)
        pages = list(checked_pages(cart.iter_items(mark - OVERLAP), mark - OVERLAP, "items"))
        seen |= {item.item_id: item.stock for item in good(rows_of(pages))}
        assert pages[-1].complete_to is not None
        mark = pages[-1].complete_to
    assert set(seen) == every
    assert seen["11"] == 4321


def test_an_address_that_changes_is_seen_in_turn(cart: MagentoCart, shop: MagentoShop) -> None:
    """Where it moves no customer's date."""
    shop.tick(86_400)
    shop.customers[5]["addresses"][0]["city"] = "Newtown"
    mark = shop.moment
    cities: set[str] = set()
    for _ in range(14):
        shop.tick(3_300)
        pages = list(checked_pages(cart.iter_customers(mark - OVERLAP), mark - OVERLAP, "customers"))
        cities |= {place.city for one in good(rows_of(pages)) for place in one.addresses}
        mark = pages[-1].complete_to or mark
    assert "Newtown" in cities


def test_a_poll_costs_the_same_with_a_large_catalogue(sourced: MagentoCart, sources: MagentoShop) -> None:
    """A slice of it is read, not the whole."""
    for number in range(1_000, 3_000):
        row = dict(sources.products[1]) | {"id": number, "sku": f"BULK-{number}"}
        sources.put_product(row, stock=1)
    sources.tick(86_400)
    since = sources.moment - timedelta(minutes=20)
    list(sourced.iter_items(since))
    sources.seen.clear()
    rows = rows_of(sourced.iter_items(since))
    assert len(rows) < 100
    assert len(sources.seen) <= 6


def test_stock_of_many_sources_is_asked_for_the_one_that_counts(sourced: MagentoCart, sources: MagentoShop) -> None:
    """Lists of source items have no order: one that takes two pages may lose rows between them."""
    for row in list(sources.products.values()):
        for number in range(12):
            sources.put_source(row["sku"], f"store-{number}", 1)
    items = good(rows_of(sourced.iter_items(None)))
    assert all(item.stock is not None for item in items)
    asked = [params for _, params, _ in calls(sources, "GET", "source-items") if len(params) > 3]
    assert asked
    assert all("source_code" in params.values() for params in asked)
