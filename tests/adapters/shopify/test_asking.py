"""Asking Shopify: documents fit the published schema; tokens, throttling, filters and rights."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from graphql import parse, validate

from cartui.adapters.shopify import SPEC, ShopifyCart
from cartui.adapters.shopify.documents import every_document
from cartui.adapters.shopify.facts import VERSIONS
from cartui.adapters.shopify.parse import parse_order
from cartui.adapters.shopify.render import render_base, render_phrase, render_since
from cartui.domain.ids import CartOrderId
from cartui.domain.ports import BadRecord, Capability, Stage, Verdict
from cartui.domain.records import (
    LineKind,
)
from cartui.errors import AbortCycleError, NeedsOperatorError
from cartui.sync.intake import checked_pages
from cartui.testing.conformance import good, rows_of
from tests.adapters.conftest import VirtualWaiter
from tests.adapters.shopify.judging import DRAFT, Open, order_of, stage_of, sums_of
from tests.adapters.shopify_shop import (
    CLIENT_ID,
    CLIENT_SECRET,
    FakeShopify,
    bag,
    iso,
    published,
)

# --- documents --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
def test_every_document_fits_the_published_schema(version: str) -> None:
    """A field, argument or type that the Admin API does not have is found here; only the stock write differs before
    2026-01, which has no @idempotent."""
    schema = published(version)
    wrong = {name: validate(schema, parse(text)) for name, text in every_document().items()}
    unknown = {"STOCK_SET"} if version < "2026-01" else set()
    assert {name for name, errors in wrong.items() if errors} == unknown


def test_a_misspelt_field_would_be_found() -> None:
    """The trimmed schema is a real check."""
    text = every_document()["orders, pages"]
    assert validate(published("2026-10"), parse(text.replace("updatedAt", "updatdAt")))
    assert validate(published("2026-10"), parse(text.replace("sortKey:UPDATED_AT", "sortKey:CHANGED")))


def test_all_roles_are_there() -> None:
    """Statuses follow from payments and shipments there, and nobody can order for a shopper."""
    assert set(SPEC.capabilities) == set(Capability) - {Capability.WRITE_ORDER_STATUS, Capability.PLACE_ORDERS}


# --- address, token, versions -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entered", "address"),
    [
        ("mugs", "https://mugs.myshopify.com/admin"),
        ("mugs.myshopify.com", "https://mugs.myshopify.com/admin"),
        ("https://mugs.myshopify.com/admin/products?x=1", "https://mugs.myshopify.com/admin"),
        ("https://admin.shopify.com/store/Mugs/orders", "https://mugs.myshopify.com/admin"),
        (" https://mugs.myshopify.com/ ", "https://mugs.myshopify.com/admin"),
    ],
)
def test_the_address_may_be_entered_as_people_know_it(entered: str, address: str) -> None:
    assert render_base(entered) == address


def test_client_credentials_bring_a_token_that_is_renewed_before_it_ends(
    open_cart: Open, shop: FakeShopify, waiter: VirtualWaiter
) -> None:
    """One token serves a day's requests; then a new one is fetched without a refusal in between."""
    cart = open_cart(CLIENT_SECRET, client_id=CLIENT_ID)
    list(cart.iter_orders(None))
    list(cart.iter_customers(None))
    assert shop.tokens_given == 1
    waiter.time += 86_300
    shop.tick(86_300)
    list(cart.iter_orders(None))
    assert shop.tokens_given == 2


def test_a_token_that_was_revoked_is_renewed_once(open_cart: Open, shop: FakeShopify) -> None:
    """A 401 did nothing: the request goes out again with a new token."""
    cart = open_cart(CLIENT_SECRET, client_id=CLIENT_ID)
    list(cart.iter_orders(None))
    shop.client_tokens.clear()
    assert rows_of(cart.iter_orders(None))
    assert shop.tokens_given == 2


def test_refused_client_credentials_are_told_with_their_remedy(open_cart: Open) -> None:
    cart = open_cart("wrong", client_id=CLIENT_ID)
    last = list(cart.test_connection())[-1]
    assert (last.stage, last.verdict) == (Stage.AUTHENTICATION, Verdict.FAILED)
    assert "Dev Dashboard" in last.remedy


@pytest.mark.parametrize(("status", "stage"), [(402, Stage.AUTHENTICATION), (423, Stage.AUTHENTICATION)])
def test_a_shop_that_is_closed_needs_its_operator(
    cart: ShopifyCart, shop: FakeShopify, status: int, stage: Stage
) -> None:
    shop.status = status
    last = list(cart.test_connection())[-1]
    assert (last.stage, last.verdict) == (stage, Verdict.FAILED)
    with pytest.raises(NeedsOperatorError):
        list(cart.iter_orders(None))


def test_a_wrong_address_is_no_empty_page(open_cart: Open, shop: FakeShopify) -> None:
    shop.status = 404
    with pytest.raises(NeedsOperatorError, match=r"myshopify\.com"):
        list(open_cart().iter_orders(None))


def test_a_version_that_fell_forward_is_told(open_cart: Open, shop: FakeShopify) -> None:
    """The header says which version really answered."""
    shop.oldest_version = "2026-04"
    result = stage_of(open_cart(api_version="2025-10"), Stage.VERSION)
    assert result.verdict is Verdict.WARNING
    assert "2026-04" in result.detail
    assert stage_of(open_cart(api_version="2026-04"), Stage.VERSION).verdict is Verdict.WARNING  # the next to go
    assert stage_of(open_cart(), Stage.VERSION).verdict is Verdict.PASSED


# --- throttling and cost ----------------------------------------------------------------------------------------------


def test_throttling_inside_http_200_is_waited_for(cart: ShopifyCart, shop: FakeShopify, waiter: VirtualWaiter) -> None:
    """Throttled requests did nothing: the same one goes out when the bucket has room again, as fast as it fills."""
    list(cart.iter_customers(None))
    waiter.waits.clear()
    shop.throttled = 2
    assert len(rows_of(cart.iter_orders(None))) == 30
    assert [wait for wait in waiter.waits if wait > 1] == [1.5, 1.5]  # 150 points are missing, 100 come a second


def test_the_bucket_is_left_room_before_it_is_empty(
    cart: ShopifyCart, shop: FakeShopify, waiter: VirtualWaiter
) -> None:
    """The reply says what is left: the next request waits instead of being refused."""
    shop.available = 100
    list(cart.iter_orders(None))
    assert any(wait > 3 for wait in waiter.waits)


def test_endless_throttling_ends_the_cycle(cart: ShopifyCart, shop: FakeShopify) -> None:
    shop.throttled = 1_000
    with pytest.raises(AbortCycleError, match="THROTTLED") as ended:
        list(cart.iter_orders(None))
    assert not isinstance(ended.value, NeedsOperatorError)
    assert ended.value.retry_after_seconds


def test_a_throttled_write_is_carried_out_once(cart: ShopifyCart, shop: FakeShopify) -> None:
    cart.session.known_terms()
    shop.throttled = 2
    made = cart.create_item(DRAFT)
    assert [one["legacyResourceId"] for one in shop.variants() if one["sku"] == "NEW-5"] == [made]


def test_a_query_that_costs_too_much_is_asked_for_less(cart: ShopifyCart, shop: FakeShopify) -> None:
    """Fewer orders a page, then fewer lines: nothing is lost, and the next page starts with what was learned."""
    shop.max_cost = 15
    for order in shop.orders[:3]:
        lines = order["lineItems"]
        order["lineItems"] = lines + [{**lines[0], "id": f"{lines[0]['id']}{n}"} for n in range(10, 25)]
    rows = rows_of(cart.iter_orders(None))
    assert len(rows) == 30
    sent = [len(row["lineItems"]) for row in shop.orders]
    assert sent == [one.raw.count(b'"originalUnitPriceSet"') for one in rows]
    first = len(shop.requests)
    assert len(rows_of(cart.iter_orders(None))) == 30
    assert len(shop.requests) - first < first  # what was learned is not tried again


def test_more_lines_than_fit_on_a_page_all_come(cart: ShopifyCart, shop: FakeShopify) -> None:
    """The connection inside an order has pages of its own."""
    order = shop.add_order()
    line = order["lineItems"][0]
    free = {"originalUnitPriceSet": bag(0), "originalTotalSet": bag(0), "taxLines": []}
    order["lineItems"] += [{**line, **free, "id": f"gid://shopify/LineItem/{n}"} for n in range(90_000, 90_260)]
    assert len([one for one in order_of(cart, order).lines if one.kind is LineKind.PRODUCT]) == 262


def test_a_row_with_a_newer_stamp_than_its_place_moves_no_mark(cart: ShopifyCart, shop: FakeShopify) -> None:
    """Shopify lists by an index: a row that changed since stands at its old place. The mark must not pass the rows
    behind it, or they were lost if the cycle ended here."""
    shop.orders[24]["updatedAt"] = iso(shop.time)  # the last row of the first page, at its old place
    shop.frozen_places = True
    first, *rest = cart.iter_orders(None)
    assert first.complete_to is not None
    stamps = [row.stamp for page in rest for row in page.rows if row.stamp is not None]
    assert stamps
    assert all(stamp >= first.complete_to for stamp in stamps)


def test_rows_in_no_order_end_the_cycle(cart: ShopifyCart, shop: FakeShopify) -> None:
    """Their stamps prove nothing then."""
    shop.frozen_places = True
    shop.orders.reverse()
    pages = cart.iter_orders(None)
    next(pages)
    with pytest.raises(AbortCycleError, match="did not sort"):
        list(pages)


# --- filters ----------------------------------------------------------------------------------------------------------


def test_the_date_is_quoted_and_an_empty_filter_is_none() -> None:
    """`updated_at:>=` with nothing behind it, or an empty text, is an internal error of the shop's."""
    assert render_since(datetime(2026, 11, 1, 1, 2, 3, 999, tzinfo=UTC)) == "updated_at:>='2026-11-01T01:02:03Z'"
    assert render_since(None) is None


def test_a_phrase_can_not_leave_its_quotes() -> None:
    assert render_phrase("sku", 'A" OR sku:\\*') == 'sku:"A\\" OR sku:\\\\*"'


def test_an_ignored_filter_is_found_by_the_shops_own_warning(cart: ShopifyCart) -> None:
    """Shopify ignores a field that it does not know, and says so in extensions.search only."""
    with pytest.raises(NeedsOperatorError, match="ignored part of the filter"):
        cart.session.page(cart._orders, "updatd_at:1")


def test_an_ignored_date_fails_test_connection(cart: ShopifyCart, shop: FakeShopify) -> None:
    shop.ignored_filters = True
    last = list(cart.test_connection())[-1]
    assert (last.stage, last.verdict) == (Stage.FAR_FUTURE, Verdict.FAILED)


def test_customers_of_the_same_day_but_before_the_mark_are_left_out(cart: ShopifyCart, shop: FakeShopify) -> None:
    """The shop's filter matches whole days; what the core gets satisfies the filter that it asked for."""
    early = shop.add_customer("early@example.test", "E", "arly", updatedAt="2026-11-20T08:00:00Z")
    late = shop.add_customer("late@example.test", "L", "ate", updatedAt="2026-11-20T10:00:00Z")
    since = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    found = {row.external_id for row in rows_of(checked_pages(cart.iter_customers(since), since, "customers"))}
    assert late["legacyResourceId"] in found
    assert early["legacyResourceId"] not in found


def test_a_customer_filter_that_does_nothing_is_still_found_out(cart: ShopifyCart, shop: FakeShopify) -> None:
    shop.ignored_filters = True
    since = shop.time
    with pytest.raises(NeedsOperatorError, match="ignored the date filter"):
        list(checked_pages(cart.iter_customers(since), since, "customers"))


def test_drafts_among_the_products_come_too(cart: ShopifyCart, shop: FakeShopify) -> None:
    """Shopify lists active products only unless it is told otherwise."""
    items = good(rows_of(cart.iter_items(None)))
    assert len(items) == len(shop.variants())
    assert {item.sku for item in items if not item.active} == {"SHIRT-4-S", "SHIRT-4-M", "SHIRT-4-L"}


def test_a_variant_whose_product_kept_its_date_is_seen(cart: ShopifyCart, shop: FakeShopify) -> None:
    """Variants that changed by their own date are asked for as well."""
    variant = shop.variants()[14]
    since = shop.tick()
    variant["updatedAt"] = iso(shop.tick())
    pages = list(checked_pages(cart.iter_items(since), since, "items"))
    assert [row.external_id for row in rows_of(pages)] == [variant["legacyResourceId"]]
    assert pages[-1].complete_to is not None


def test_a_renamed_product_brings_all_its_variants_once(cart: ShopifyCart, shop: FakeShopify) -> None:
    product = shop.products[13]
    since = shop.tick()
    product["title"] = "Polo"
    shop.touch(product)
    names = [item.name for item in good(rows_of(cart.iter_items(since)))]
    assert names == ["Polo - Size S", "Polo - Size M", "Polo - Size L"]


def test_an_unchanged_shop_costs_a_constant_number_of_requests(cart: ShopifyCart, shop: FakeShopify) -> None:
    cart.session.known_terms()
    shop.requests.clear()
    since = shop.tick(3600)
    for pages in (cart.iter_orders(since), cart.iter_items(since), cart.iter_customers(since + timedelta(days=2))):
        assert rows_of(pages) == []
    assert len(shop.requests) == 4


def test_an_order_beyond_the_window_is_told_by_the_test(cart: ShopifyCart, shop: FakeShopify) -> None:
    """Without read_all_orders older orders are missing without a word: Test Connection says so."""
    assert stage_of(cart, Stage.READ_RIGHTS).verdict is Verdict.PASSED
    old = shop.add_order(processedAt=iso(shop.time - timedelta(days=61)))
    shop.scopes.remove("read_all_orders")
    assert old["legacyResourceId"] not in {row.external_id for row in rows_of(cart.iter_orders(None))}
    result = stage_of(cart, Stage.READ_RIGHTS)
    assert result.verdict is Verdict.WARNING
    assert "60 days" in result.detail
    assert any("60 days" in note for note in cart.facts.notes)


def test_missing_scopes_are_named(cart: ShopifyCart, shop: FakeShopify) -> None:
    shop.scopes = ["read_orders", "read_all_orders", "write_products", "read_inventory"]
    result = stage_of(cart, Stage.READ_RIGHTS)
    assert result.verdict is Verdict.WARNING
    assert "read_customers" in result.detail
    assert "read_products" not in result.detail  # a right to write includes it
    assert "write_inventory" in stage_of(cart, Stage.WRITE_RIGHTS).detail
    shop.scopes = ["read_products"]
    assert stage_of(cart, Stage.READ_RIGHTS).verdict is Verdict.FAILED


def test_protected_customer_data_that_is_not_shown_does_not_stop_orders(cart: ShopifyCart, shop: FakeShopify) -> None:
    """Fields come as null with an error each: orders are read without them, and the test names them."""
    shop.denied = {"email", "customer", "billingAddress", "shippingAddress"}
    orders = good(rows_of(cart.iter_orders(None)))
    assert len(orders) == 30
    assert orders[0].buyer.email == ""
    assert "billingAddress" in stage_of(cart, Stage.READ_RIGHTS).detail


def test_a_list_that_is_not_allowed_is_no_empty_page(cart: ShopifyCart, shop: FakeShopify) -> None:
    shop.denied = {"orders"}
    with pytest.raises(NeedsOperatorError, match="Access denied"):
        list(cart.iter_orders(None))


def test_an_amount_that_is_not_shown_holds_the_order(cart: ShopifyCart, shop: FakeShopify) -> None:
    """What is needed and missing is never taken for zero."""
    shop.denied = {"totalTaxSet"}
    assert all(sums_of(order) for order in good(rows_of(cart.iter_orders(None))))  # tax by its lines
    row = {"id": "gid://shopify/Order/5", "legacyResourceId": "5", "updatedAt": "2026-11-01T00:00:00Z"}
    received = parse_order(row)
    assert isinstance(received.record, BadRecord)
    assert (received.external_id, received.stamp) == ("5", datetime(2026, 11, 1, tzinfo=UTC))


def test_a_record_that_the_shop_fails_on_does_not_block_the_others(cart: ShopifyCart, shop: FakeShopify) -> None:
    """It breaks the whole page: each row of the page is read alone, and that one is held with the shop's words."""
    shop.failing = {shop.orders[4]["id"], shop.products[2]["id"]}
    number = shop.orders[4]["legacyResourceId"]
    rows = rows_of(checked_pages(cart.iter_orders(None), None, "orders"))
    assert len(good(rows)) == 29
    (bad,) = [row for row in rows if isinstance(row.record, BadRecord)]
    assert (bad.external_id, bad.stamp is None) == (number, False)
    assert "Internal error" in bad.record.reason  # type: ignore[union-attr]
    assert [row.external_id for row in cart.get_orders([CartOrderId(number)]).rows] == [number]
    items = rows_of(checked_pages(cart.iter_items(None), None, "items"))
    assert len(good(items)) == len(shop.variants()) - 1
    assert f"product-{shop.products[2]['legacyResourceId']}" in {row.external_id for row in items}


def test_a_shop_that_fails_on_everything_ends_the_cycle(cart: ShopifyCart, shop: FakeShopify) -> None:
    """Not thirty held orders: the shop is unwell."""
    shop.failing = {row["id"] for row in shop.orders}
    with pytest.raises(AbortCycleError, match="Internal error"):
        list(cart.iter_orders(None))
