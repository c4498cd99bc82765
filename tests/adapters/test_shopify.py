"""The Shopify adapter: its documents fit the published schema, its amounts add up, and its traps are handled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from graphql import parse, validate

from cartui.adapters.shopify import SPEC, ShopifyCart
from cartui.adapters.shopify.documents import every_document
from cartui.adapters.shopify.facts import VERSIONS
from cartui.adapters.shopify.parse import FULFILMENT_STATES, PAYMENT_STATES, parse_order
from cartui.adapters.shopify.render import render_base, render_gid, render_handle, render_phrase, render_since
from cartui.domain.ids import CartCustomerId, CartItemId, CartOrderId
from cartui.domain.money import ProofState, prove_total
from cartui.domain.ports import BadRecord, Capability, Connection, Stage, StageResult, Verdict
from cartui.domain.records import (
    Address,
    CartOrder,
    CustomerDraft,
    ItemDraft,
    LineKind,
    OrderState,
    PaymentState,
    StockWrite,
    WriteState,
)
from cartui.errors import AbortCycleError, HoldRecordError, NeedsOperatorError
from cartui.sync.intake import checked_pages
from cartui.testing.conformance import good, rows_of
from cartui.transport import NotFoundError
from tests.adapters.conftest import VirtualWaiter
from tests.adapters.shopify_shop import (
    CLIENT_ID,
    CLIENT_SECRET,
    DEPOT,
    HOME,
    TOKEN,
    FakeShopify,
    bag,
    discount,
    iso,
    published,
    serving,
    tax,
)

Open = Callable[..., ShopifyCart]
DRAFT = ItemDraft("cartui-1-item-5", "NEW-5", "New thing", Decimal("9.90"), "EUR", "4006381333931", Decimal(7))


@pytest.fixture
def shop() -> FakeShopify:
    return FakeShopify()


@pytest.fixture
def open_cart(shop: FakeShopify, waiter: VirtualWaiter) -> Iterator[Open]:
    """Open the adapter: open_cart(secret=…, option=…)."""
    opened: list[ShopifyCart] = []
    with serving(shop) as address:

        def open_one(secret: str = TOKEN, **options: str) -> ShopifyCart:
            told = Connection("fake", address, options, lambda _: secret, True, lambda: shop.time)
            opened.append(ShopifyCart(told, waiter))
            return opened[-1]

        yield open_one
        for cart in opened:
            cart.close()


@pytest.fixture
def cart(open_cart: Open) -> ShopifyCart:
    return open_cart()


def order_of(cart: ShopifyCart, row: dict[str, Any]) -> CartOrder:
    (received,) = cart.get_orders([CartOrderId(row["legacyResourceId"])]).rows
    assert isinstance(received.record, CartOrder), received.record
    return received.record


def sums_of(order: CartOrder) -> dict[str, str]:
    """Amounts by kind; the proof must be exact."""
    proof = prove_total(order.lines, order.total, order.currency)
    assert proof.state is ProofState.EXACT, proof
    return {str(kind): f"{amount:f}" for kind, amount in proof.sums}


def stage_of(cart: ShopifyCart, stage: Stage) -> StageResult:
    return next(one for one in cart.test_connection() if one.stage is stage)


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
    assert set(SPEC.capabilities) >= set(Capability) - {c for c in Capability if "ship" in c or "status" in c}


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


# --- amounts ----------------------------------------------------------------------------------------------------------


def test_an_order_net_of_tax(cart: ShopifyCart, shop: FakeShopify) -> None:
    """2 x 1234.50 + 100.00, 10 % off by a code, 5.00 shipping, 20 % tax on all that."""
    order = order_of(cart, shop.add_order(coupon=True))
    assert sums_of(order) == {
        "product": "2569.00", "shipping": "5.0", "coupon": "-256.90", "tax": "463.42",
    }  # fmt: skip
    mug = order.lines[0]
    assert (mug.quantity, mug.unit_price, mug.tax_rate, mug.sku) == (2, Decimal("1234.5"), 20, "MUG-0")
    (coupon,) = (line for line in order.lines if line.kind is LineKind.COUPON)
    assert coupon.text == "WELCOME"
    assert (order.order_state, order.payment_state) == (OrderState.OPEN, PaymentState.PAID)
    assert [(one.method, one.amount) for one in order.payments] == [("shopify_payments", order.total)]


def test_prices_with_tax_are_booked_net(cart: ShopifyCart, shop: FakeShopify) -> None:
    """taxesIncluded: the tax that the shop states is taken out of each price, and of each discount its share."""
    order = order_of(cart, shop.add_order(included=True, coupon=True))
    assert order.total == Decimal("2317.10")
    sums = {kind: Decimal(amount) for kind, amount in sums_of(order).items()}
    assert sums["tax"] == Decimal("386.18")
    assert sums["product"] == Decimal("2140.83")  # 2569.00 less a sixth
    assert sums["coupon"] == Decimal("-214.08")
    assert sums["shipping"] == Decimal("4.17")


@pytest.mark.parametrize("currency", ["JPY", "KWD"])
def test_amounts_are_those_that_the_customer_saw(cart: ShopifyCart, shop: FakeShopify, currency: str) -> None:
    order = order_of(cart, shop.add_order(currency, included=True, coupon=True))
    assert order.currency == currency
    assert sums_of(order)
    assert {payment.amount for payment in order.payments} == {order.total}


def test_or_those_in_the_shops_currency(open_cart: Open, shop: FakeShopify) -> None:
    """All of them: one currency for the whole order. Each is converted on its own, so a cent may be left over."""
    order = order_of(open_cart(amounts="shop"), shop.add_order("JPY"))
    assert order.currency == "EUR"
    proof = prove_total(order.lines, order.total, "EUR")
    assert proof.state is not ProofState.UNEXPLAINED
    assert order.payments[0].amount == order.total


def test_a_refund_is_a_payment_back_and_the_sale_stays(cart: ShopifyCart, shop: FakeShopify) -> None:
    """One mug comes back: what stands now is less, what was sold is booked, and the money that went back is told."""
    row = shop.add_order()
    row["lineItems"][0]["currentQuantity"] = 1
    row |= {"currentTotalPriceSet": bag("1606.4"), "displayFinancialStatus": "PARTIALLY_REFUNDED"}
    row["transactions"].append(shop.transaction("REFUND", Decimal("1481.4")))
    order = order_of(cart, row)
    assert order.total == Decimal("3088.8")
    assert sums_of(order)["product"] == "2569.00"
    assert order.payment_state is PaymentState.PARTIALLY_REFUNDED
    assert sum(payment.amount for payment in order.payments) == Decimal("1607.4")
    assert [payment.state for payment in order.payments] == [PaymentState.PAID, PaymentState.REFUNDED]


def tip_line(shop: FakeShopify, row: dict[str, Any]) -> dict[str, Any]:
    """A tip of 2.50 as a line item."""
    tip = {**row["lineItems"][0], **shop.number("LineItem"), "name": "Trinkgeld", "sku": None, "variant": None}
    tip |= {"quantity": 1, "currentQuantity": 1, "originalUnitPriceSet": bag("2.5"), "originalTotalSet": bag("2.5")}
    return tip | {"taxLines": [], "discountAllocations": [], "requiresShipping": False}


def test_an_edited_order_is_booked_as_it_stands(cart: ShopifyCart, shop: FakeShopify) -> None:
    """Staff took out one of two mugs and the shirt: they were never sold."""
    row = shop.add_order(coupon=True)
    row["edited"] = True
    row["lineItems"][0]["currentQuantity"] = 1
    row["lineItems"][1]["currentQuantity"] = 0
    due = [tax(Decimal("223.21"), "EUR")]
    row |= {"currentTotalPriceSet": bag("1341.76"), "currentTotalTaxSet": bag("223.21"), "currentTaxLines": due}
    row["totalTipReceivedSet"] = bag("2.5")
    row["lineItems"].append(tip_line(shop, row))
    order = order_of(cart, row)
    assert order.total == Decimal("1341.76")
    sums = {kind: Decimal(amount) for kind, amount in sums_of(order).items()}
    assert sums.pop("tip") == Decimal("2.5")
    assert sums == {"product": Decimal("1234.5"), "shipping": 5, "coupon": Decimal("-123.45"), "tax": Decimal("223.21")}
    assert [line.quantity for line in order.lines if line.kind is LineKind.PRODUCT] == [1]


def test_tax_by_rate_and_title(cart: ShopifyCart, shop: FakeShopify) -> None:
    """Two taxes of a place stay apart; where the order's list leaves out shipping, its taxes are added by rate."""
    row = shop.add_order()
    taxes = [tax(Decimal(300), "EUR", 12, "State"), tax(Decimal("213.8"), "EUR", 8, "City")]
    row["taxLines"] = taxes
    lines = [line for line in order_of(cart, row).lines if line.kind is LineKind.TAX]
    assert [(line.text, line.amount, line.tax_rate) for line in lines] == [
        ("City 8 %", Decimal("213.8"), 8),
        ("State 12 %", Decimal(300), 12),
        ("VAT 20 %", Decimal(1), 20),
    ]
    assert sums_of(order_of(cart, row))["tax"] == "514.8"


def test_a_discount_on_shipping_and_an_automatic_one(cart: ShopifyCart, shop: FakeShopify) -> None:
    """Each discount is a line of its own, whether it took from goods or from shipping."""
    row = shop.add_order()
    row["lineItems"][1]["discountAllocations"] = [discount(Decimal(20), "EUR", 1, "")]
    row["shippingLines"][0] |= {"discountedPriceSet": bag(0), "discountAllocations": [discount(Decimal(5), "EUR")]}
    row["totalPriceSet"] = bag("3063.8")
    order = order_of(cart, row)
    taken = [(line.kind, line.text, line.amount) for line in order.lines if line.amount < 0]
    assert taken == [(LineKind.COUPON, "WELCOME", -5), (LineKind.DISCOUNT, "Three for two", -20)]
    assert sums_of(order)


def test_tips_duties_and_fees(cart: ShopifyCart, shop: FakeShopify) -> None:
    row = shop.add_order(additionalFees=[{"name": "Import fee", "price": bag("3")}])
    row |= {"totalTipReceivedSet": bag("2.5"), "originalTotalDutiesSet": bag("10"), "totalPriceSet": bag("3104.3")}
    order = order_of(cart, row)
    extra = [(line.kind, line.text, line.amount) for line in order.lines if line.kind in (LineKind.FEE, LineKind.TIP)]
    assert extra == [
        (LineKind.FEE, "Duties", 10),
        (LineKind.FEE, "Import fee", 3),
        (LineKind.TIP, "Tip", Decimal("2.5")),
    ]
    assert sums_of(order)


def test_a_tip_that_is_a_line_item_is_not_counted_twice(cart: ShopifyCart, shop: FakeShopify) -> None:
    row = shop.add_order(totalTipReceivedSet=bag("2.5"), totalPriceSet=bag("3091.3"))
    row["lineItems"].append(tip_line(shop, row))
    order = order_of(cart, row)
    assert [line.text for line in order.lines if line.kind is LineKind.TIP] == ["Trinkgeld"]
    assert sums_of(order)["tip"] == "2.50"


def test_included_duties_are_not_added(cart: ShopifyCart, shop: FakeShopify) -> None:
    """They stand in the prices: a fee of the same amount is still told as what it is."""
    row = shop.add_order(dutiesIncluded=True, originalTotalDutiesSet=bag("10"), totalPriceSet=bag("3098.8"))
    row["additionalFees"] = [{"name": "Import fee", "price": bag("10")}]
    order = order_of(cart, row)
    assert [line.text for line in order.lines if line.kind is LineKind.FEE] == ["Import fee"]
    assert sums_of(order)["fee"] == "10.0"


def test_amounts_that_do_not_add_up_are_not_made_to(cart: ShopifyCart, shop: FakeShopify) -> None:
    """A total that its parts don't explain stays unexplained, whatever tip stands beside it."""
    order = order_of(cart, shop.add_order(totalPriceSet=bag("3000"), totalTipReceivedSet=bag("7")))
    assert prove_total(order.lines, order.total, "EUR").state is ProofState.UNEXPLAINED


def test_a_gift_card_is_a_payment(cart: ShopifyCart, shop: FakeShopify) -> None:
    row = shop.add_order()
    row["transactions"] = [
        shop.transaction("SALE", Decimal(50)) | {"gateway": "gift_card"},
        shop.transaction("SALE", Decimal("3038.8")),
        shop.transaction("SALE", Decimal("3038.8"), status="FAILURE"),
    ]
    order = order_of(cart, row)
    assert [(one.method, one.amount) for one in order.payments] == [
        ("gift_card", 50), ("shopify_payments", Decimal("3038.8")),
    ]  # fmt: skip
    assert order.total == Decimal("3088.8")


def test_what_is_reserved_counts_until_it_is_taken(cart: ShopifyCart, shop: FakeShopify) -> None:
    row = shop.add_order(displayFinancialStatus="AUTHORIZED")
    row["transactions"] = [shop.transaction("AUTHORIZATION", Decimal("3088.8"))]
    assert [one.state for one in order_of(cart, row).payments] == [PaymentState.AUTHORIZED]
    row["transactions"].append(shop.transaction("CAPTURE", Decimal("3088.8")))
    assert [one.state for one in order_of(cart, row).payments] == [PaymentState.PAID]


# --- statuses ---------------------------------------------------------------------------------------------------------


def test_every_published_status_has_its_meaning() -> None:
    """Against the enums of the newest schema."""
    types = published("2026-10").type_map
    assert set(PAYMENT_STATES) == set(types["OrderDisplayFinancialStatus"].values)  # type: ignore[attr-defined]
    assert set(FULFILMENT_STATES) == set(types["OrderDisplayFulfillmentStatus"].values)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("changes", "state", "native"),
    [
        ({}, OrderState.OPEN, "PAID UNFULFILLED"),
        ({"cancelledAt": "2026-11-20T10:00:00Z"}, OrderState.CANCELLED, "PAID UNFULFILLED CANCELLED"),
        ({"closed": True}, OrderState.CLOSED, "PAID UNFULFILLED CLOSED"),
        ({"test": True}, OrderState.DRAFT, "TEST ORDER PAID UNFULFILLED"),
    ],
)
def test_order_states(cart: ShopifyCart, shop: FakeShopify, changes: Any, state: OrderState, native: str) -> None:
    """A test order is a draft: never imported by itself, and its status says why."""
    order = order_of(cart, shop.add_order(**changes))
    assert (order.order_state, order.native_status) == (state, native)


@pytest.mark.parametrize("field", ["displayFinancialStatus", "displayFulfillmentStatus"])
def test_an_unknown_status_is_held(cart: ShopifyCart, shop: FakeShopify, field: str) -> None:
    """One of a newer version: the native word stands in the reason."""
    cart.get_orders([CartOrderId(shop.orders[0]["legacyResourceId"])])
    document, variables = shop.requests[-1]
    row = shop.answer("2026-10", document, variables)["data"]["nodes"][0]
    received = parse_order(row | {field: "TELEPORTED"})
    assert isinstance(received.record, BadRecord)
    assert "unknown status TELEPORTED" in received.record.reason


# --- writing ----------------------------------------------------------------------------------------------------------


def test_an_item_is_made_whole(cart: ShopifyCart, shop: FakeShopify) -> None:
    made = shop.variant(cart.create_item(DRAFT))
    assert (made["sku"], made["price"], made["barcode"], made["product"]["title"]) == (
        "NEW-5", "9.90", "4006381333931", "New thing",
    )  # fmt: skip
    assert made["inventoryItem"]["levels"] == {HOME: 7}
    assert made["product"]["handle"] == render_handle(DRAFT.key)


def test_making_an_item_again_takes_nothing_away(cart: ShopifyCart, shop: FakeShopify) -> None:
    """productSet would delete the variant that staff added since."""
    made = cart.create_item(DRAFT)
    product = shop.variant(made)["product"]
    shop.add_variant(product, "Blue", "NEW-5-B", 1)
    assert cart.create_item(DRAFT) == made
    assert [one["sku"] for one in product["variants"]] == ["NEW-5", "NEW-5-B"]


def test_items_are_found_by_the_whole_sku_only(cart: ShopifyCart) -> None:
    """Search takes parts and ignores case: MUG-1 also finds MUG-10 and MUG-11."""
    draft = ItemDraft("cartui-1-item-9", "MUG-1", "Mug", None, "EUR")
    assert [item.sku for item in cart.find_items(draft)] == ["MUG-1"]


def test_a_price_in_another_currency_is_refused_before_anything_is_sent(cart: ShopifyCart, shop: FakeShopify) -> None:
    cart.session.known_terms()
    shop.requests.clear()
    with pytest.raises(HoldRecordError, match="EUR"):
        cart.create_item(ItemDraft("k", "S", "N", Decimal(1), "USD"))
    assert shop.requests == []


def test_an_update_changes_what_is_named(cart: ShopifyCart, shop: FakeShopify) -> None:
    number = CartItemId(shop.variants()[0]["legacyResourceId"])
    cart.update_item(number, {"name": "Cup", "sku": "CUP", "barcode": "1", "price": Decimal("2.50")})
    (item,) = good(cart.get_items([number]).rows)
    assert (item.name, item.sku, item.barcode, item.price) == ("Cup", "CUP", "1", Decimal("2.5"))


def test_the_name_of_one_variant_of_several_is_not_changed(cart: ShopifyCart, shop: FakeShopify) -> None:
    """It is the product's: the others would be renamed, too."""
    with pytest.raises(HoldRecordError, match="several variants"):
        cart.update_item(CartItemId(shop.variants()[13]["legacyResourceId"]), {"name": "Polo"})
    with pytest.raises(NotFoundError):
        cart.update_item(CartItemId("not-a-number"), {"name": "Polo"})


def test_a_batch_of_stock_tells_each_row(open_cart: Open, shop: FakeShopify) -> None:
    """Shopify carries out all or nothing: the rows that it names are told, the others are written all the same."""
    cart, rows = open_cart(), shop.variants()
    shop.locations.append({"id": DEPOT, "legacyResourceId": "12", "name": "Depot"})
    cart = open_cart(location="Shop")
    untracked = rows[4]["inventoryItem"]
    untracked["tracked"] = False
    rows[5]["inventoryItem"]["levels"] = {DEPOT: 3}
    wanted = [(rows[0], 9, None), (rows[1], -1, None), (rows[2], 8, 99), (rows[4], 1, None), (rows[5], 1, None)]
    writes = [
        StockWrite(CartItemId(row["legacyResourceId"]), Decimal(number), expected and Decimal(expected))
        for row, number, expected in [*wanted, (rows[3], 6, 8)]
    ]
    results = cart.set_stock([*writes, StockWrite(CartItemId("7"), Decimal(1))])
    states = [result.state for result in results]
    done, refused, conflict = WriteState.DONE, WriteState.REFUSED, WriteState.CONFLICT
    assert states == [done, refused, conflict, refused, refused, done, refused]
    assert [result.reason != "" for result in results] == [state is not done for state in states]
    assert (rows[0]["inventoryItem"]["levels"], rows[3]["inventoryItem"]["levels"]) == ({HOME: 9}, {HOME: 6})
    assert rows[1]["inventoryItem"]["levels"] == {HOME: 6}


def test_a_sale_between_reading_and_writing_is_a_conflict(
    cart: ShopifyCart, shop: FakeShopify, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compare and set: the shop itself refuses, and nothing is overwritten."""
    variant, write = shop.variants()[0], cart.session.write

    def sold_meanwhile(*args: Any, **more: Any) -> Any:
        variant["inventoryItem"]["levels"][HOME] = 4
        return write(*args, **more)

    monkeypatch.setattr(cart.session, "write", sold_meanwhile)
    (result,) = cart.set_stock([StockWrite(CartItemId(variant["legacyResourceId"]), Decimal(50))])
    assert (result.state, result.current) == (WriteState.CONFLICT, 4)
    assert variant["inventoryItem"]["levels"][HOME] == 4


def test_each_stock_write_has_a_key_of_its_own(cart: ShopifyCart, shop: FakeShopify) -> None:
    number = CartItemId(shop.variants()[0]["legacyResourceId"])
    for quantity in (50, 51):
        assert cart.set_stock([StockWrite(number, Decimal(quantity))])[0].state is WriteState.DONE
    assert len(shop.keys) == 2
    assert "@idempotent" in shop.requests[-1][0]


def test_a_stock_write_whose_answer_was_lost_is_sent_again_with_its_key(cart: ShopifyCart, shop: FakeShopify) -> None:
    """The key makes that safe; as long as no answer comes the outcome is unknown."""
    number = CartItemId(shop.variants()[0]["legacyResourceId"])
    shop.lost = True
    (result,) = cart.set_stock([StockWrite(number, Decimal(50))])
    assert result.state is WriteState.UNKNOWN
    keys = [told["key"] for _, told in shop.requests if "key" in told]
    assert len(keys) > 1
    assert len(set(keys)) == 1


def test_before_2026_stock_is_compared_in_the_older_words(open_cart: Open, shop: FakeShopify) -> None:
    """compareQuantity, and no @idempotent."""
    cart, variant = open_cart(api_version="2025-10"), shop.variants()[0]
    (result,) = cart.set_stock([StockWrite(CartItemId(variant["legacyResourceId"]), Decimal(50))])
    assert (result.state, variant["inventoryItem"]["levels"][HOME]) == (WriteState.DONE, 50)
    assert "@idempotent" not in shop.requests[-1][0]


def test_of_several_locations_one_must_be_named(open_cart: Open, shop: FakeShopify) -> None:
    """Stock is then their sum, and writing is refused with the way out."""
    shop.locations.append({"id": DEPOT, "legacyResourceId": "12", "name": "Depot"})
    variant = shop.variants()[0]
    variant["inventoryItem"]["levels"] = {HOME: 5, DEPOT: 6}
    number = CartItemId(variant["legacyResourceId"])
    cart = open_cart()
    assert [item.stock for item in good(cart.get_items([number]).rows)] == [11]
    (result,) = cart.set_stock([StockWrite(number, Decimal(1))])
    assert result.state is WriteState.REFUSED
    assert "Stock location" in result.reason
    assert "Depot" in stage_of(cart, Stage.READ_RIGHTS).detail
    for named in ("Depot", "12", DEPOT):
        assert [item.stock for item in good(open_cart(location=named).get_items([number]).rows)] == [6]
    with pytest.raises(NeedsOperatorError, match="no stock location"):
        open_cart(location="Moon").get_items([number])


def test_a_customer_with_company_and_address(cart: ShopifyCart, shop: FakeShopify) -> None:
    """The company is the default address's."""
    place = Address(street1="1 High Street", city="Leeds", postcode="LS1", country="GB")
    draft = CustomerDraft(
        "cartui-1-customer-5", "new@example.test", "Ann", "New", "Mugs Ltd", "+441134960000", "", place
    )
    made = cart.create_customer(draft)
    (found,) = cart.find_customers(draft)
    assert (found.company, found.phone, found.addresses[0].city) == ("Mugs Ltd", "+441134960000", "Leeds")
    cart.update_customer(made, {"company": "Cups Ltd", "first_name": "Bea"})
    (after,) = good(cart.get_customers([made]).rows)
    assert (after.company, after.first_name, after.last_name) == ("Cups Ltd", "Bea", "New")


def test_an_email_that_is_taken_is_refused_by_user_errors(cart: ShopifyCart) -> None:
    """HTTP 200 and no top-level error, and yet nothing was made."""
    with pytest.raises(HoldRecordError, match="already been taken"):
        cart.create_customer(CustomerDraft("k-9", "buyer1@example.test", "Ann", "B"))


def test_a_tax_number_has_no_place(cart: ShopifyCart) -> None:
    with pytest.raises(HoldRecordError, match="tax number"):
        cart.update_customer(CartCustomerId("1"), {"tax_number": "GB123"})


def test_a_customer_without_email_is_found_by_our_tag(cart: ShopifyCart) -> None:
    draft = CustomerDraft("cartui-1-customer-6", "", "Ann", "Nomail")
    made = cart.create_customer(draft)
    assert [one.customer_id for one in cart.find_customers(draft)] == [made]


def test_ids_that_can_not_be_are_absent(cart: ShopifyCart) -> None:
    """Shopify answers one malformed id with an error for all of them."""
    assert [render_gid("Order", text) for text in ("7", "gid://shopify/Order/7", "0", "x", "7 OR 1")] == [
        "gid://shopify/Order/7", "gid://shopify/Order/7", "", "", "",
    ]  # fmt: skip
    assert cart.get_orders([CartOrderId("x"), CartOrderId("999")]).rows == ()


def test_baskets(cart: ShopifyCart, shop: FakeShopify) -> None:
    """Two mugs, a discount, tax; what is left of the total is what shipping costs."""
    rows = rows_of(cart.iter_baskets(None))
    basket = good(rows)[0]
    assert {line.kind: line.amount for line in basket.lines} == {
        LineKind.PRODUCT: 20, LineKind.DISCOUNT: -1, LineKind.TAX: Decimal("3.9"), LineKind.SHIPPING: 5,
    }  # fmt: skip
    assert basket.buyer.email == "buyer0@example.test"
    shop.checkouts[0]["completedAt"] = iso(shop.time)
    assert good(rows_of(cart.iter_baskets(None)))[0].status == "purchased"
