"""WooCommerce's traps, each reproduced: against recorded answers, and against the fake shop."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import trustme

from cartui.adapters.woocommerce import WooCommerce
from cartui.adapters.woocommerce.errors import tidy_json
from cartui.adapters.woocommerce.parse import parse_customer, parse_item, parse_order, parse_row
from cartui.adapters.woocommerce.signing import sign
from cartui.adapters.woocommerce.stock import parse_answers
from cartui.domain.ids import CartItemId, CartOrderId
from cartui.domain.money import ProofState, prove_total
from cartui.domain.ports import BadRecord, Connection, Page, Received, Stage, Verdict
from cartui.domain.records import CustomerDraft, ItemDraft, LineKind, PaymentState, StockWrite, WriteState
from cartui.errors import AbortCycleError, HoldRecordError, NeedsOperatorError, UnknownOutcomeError
from cartui.sync.intake import checked_pages
from tests.adapters.conftest import VirtualWaiter
from tests.adapters.woocommerce_shop import KEY, NOTICE, NOW, SECRET, Refusal, Shop, sample, serving

Open = Callable[..., WooCommerce]
ORDERS = ("with_refund", "negative_fee", "two_taxes", "jpy", "kwd", "variation_line", "with_coupon", "no_sku_line")


@pytest.fixture
def shop() -> Shop:
    return Shop(NOW)


@pytest.fixture
def opened(shop: Shop) -> Iterator[Open]:
    """opened(option=…) gives the adapter of the shop over plain http; waits cost no time."""
    carts: list[WooCommerce] = []
    with serving(shop) as url:

        def open_one(path: str = "", now: Callable[[], datetime] | None = None, **options: str) -> WooCommerce:
            told = {"consumer_key": KEY, **options}
            connection = Connection("Woo", url + path, told, lambda _: SECRET, now=now or (lambda: shop.now))
            carts.append(WooCommerce(connection, VirtualWaiter()))
            return carts[-1]

        yield open_one
        for cart in carts:
            cart.close()


@pytest.fixture
def cart(opened: Open) -> WooCommerce:
    return opened()


def rows(pages: Iterator[Page[Any]]) -> list[Received[Any]]:
    return [row for page in pages for row in page.rows]


def asked(shop: Shop, path: str) -> list[str]:
    return [target for _, target in shop.requests if f"wc/v3/{path}?" in target or target.endswith(f"wc/v3/{path}")]


# --- amounts, states, texts -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ORDERS)
def test_recorded_orders_add_up_to_the_cent(name: str) -> None:
    """Lines (after coupons) + shipping + fees + total_tax = total, whatever the currency and its decimals."""
    order = parse_order(sample(f"order_{name}"), {})
    assert prove_total(order.lines, order.total, order.currency).state is ProofState.EXACT
    assert str(order.total) == sample(f"order_{name}")["total"]


def test_a_refund_leaves_the_total_and_is_money_given_back() -> None:
    """The order's total stays 40.55; the state and a payment below zero tell of the refund."""
    order = parse_order(sample("order_with_refund"), {})
    assert (order.total, order.payment_state) == (Decimal("40.55"), PaymentState.PARTIALLY_REFUNDED)
    assert [(one.amount, one.state) for one in order.payments] == [
        (Decimal("40.55"), PaymentState.PAID),
        (Decimal("-1.50"), PaymentState.REFUNDED),
    ]


def test_coupons_are_named_and_not_taken_off_twice() -> None:
    """The totals of the lines are after coupons already."""
    order = parse_order(sample("order_with_coupon"), {})
    coupons = [line for line in order.lines if line.kind is LineKind.COUPON]
    assert [line.amount for line in coupons] == [Decimal(0)]
    assert "17.35" in coupons[0].text


def test_a_negative_fee_is_a_discount_and_taxes_come_by_rate() -> None:
    """Fees below zero occur; each rate has its own line."""
    order = parse_order(sample("order_negative_fee"), {})
    (discount,) = [line for line in order.lines if line.kind is LineKind.DISCOUNT]
    assert discount.amount == Decimal("-1.00")
    taxes = [line for line in parse_order(sample("order_two_taxes"), {}).lines if line.kind is LineKind.TAX]
    assert [line.tax_rate for line in taxes] == [7, 19]


def test_tax_beyond_the_rates_has_a_line() -> None:
    """A plug-in taxes without rates: total_tax is what counts."""
    order = parse_order({**sample("order_with_coupon"), "tax_lines": []}, {})
    assert prove_total(order.lines, order.total, order.currency).state is ProofState.EXACT


def test_lines_lead_to_what_was_sold() -> None:
    """A variation is product:variation; a typed line, or one whose product was deleted, leads nowhere."""
    lines = parse_order(sample("order_with_refund"), {}).lines
    assert [line.item_id for line in lines if line.kind is LineKind.PRODUCT] == ["108:111", None]


def test_an_unknown_status_is_held_unless_it_was_explained() -> None:
    """Plug-ins add statuses; the native word stays."""
    told = {**sample("order_with_coupon"), "status": "packed"}
    held = parse_row(told, lambda row: parse_order(row, {}))
    assert isinstance(held.record, BadRecord)
    assert "unknown status “packed”" in held.record.reason
    order = parse_order(told, {"packed": "processing"})
    assert (order.native_status, order.payment_state) == ("packed", PaymentState.PAID)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"total": "1e1000000"}, "total"),
        ({"currency": "XXQ"}, "currency"),
        ({"id": None}, "id"),
        ({"total": None}, "total"),
    ],
)
def test_what_cannot_be_read_is_a_bad_record_with_its_reason(change: dict[str, Any], reason: str) -> None:
    """Never an exception, never lost."""
    row = parse_row({**sample("order_jpy"), **change}, lambda one: parse_order(one, {}))
    assert isinstance(row.record, BadRecord)
    assert reason in row.record.reason
    assert row.external_id


def test_no_door_opener_reaches_the_raw_row() -> None:
    """Order keys, payment addresses and tokens in meta data are taken out; the row still says what it was."""
    told = sample("order_with_coupon")
    told["meta_data"].append({"id": 1, "key": "_stripe_source_token", "value": "tok_1234"})
    told["meta_data"].append({"id": 2, "key": "_mail", "value": "see /checkout/?key=wc_order_Abc1"})
    raw = parse_row(told, lambda row: parse_order(row, {})).raw.decode()
    assert "wc_order_" not in raw
    assert "tok_1234" not in raw
    assert '"185.94"' in raw


def test_names_lose_their_escapes_and_keep_harmless_text() -> None:
    """`Mugs &amp; Cups` is what WordPress stores; a bare ampersand stays."""
    told = {"id": 5, "name": "Mugs &amp; Cups &#8211; R&D &copy 1", "stock_quantity": 0, "manage_stock": True}
    item = parse_item(told, None, "EUR")
    assert item.name == "Mugs & Cups \N{EN DASH} R&D &copy 1"
    assert item.stock == 0


def test_php_writes_nothing_in_many_ways() -> None:
    """[] for an empty object, null for a list, false for a text, numbers for texts, zero dates."""
    told = {**sample("order_jpy"), "billing": [], "fee_lines": None, "customer_note": False, "number": 17}
    order = parse_order({**told, "date_modified_gmt": "-0001-11-30T00:00:00"}, {})
    assert (order.order_number, order.billing_address.name) == ("17", "")
    assert order.modified_at == order.placed_at
    assert parse_customer({"id": 3, "billing": [], "shipping": []}).addresses == ()


def test_half_a_sign_costs_no_order() -> None:
    """A torn emoji (half of a surrogate pair) in one text is replaced; the order comes."""
    told = sample("order_with_coupon")
    told["billing"]["first_name"] = "Ann\ud83d"
    row = parse_row(told, lambda one: parse_order(one, {}))
    assert not isinstance(row.record, BadRecord)
    assert row.record.buyer.first_name == "Ann\ufffd"
    assert row.raw.decode()


@pytest.mark.parametrize("text", ["0000-00-00T00:00:00", "0001-01-01T00:00:00+14:00", "1e9", "", None, False, "x" * 50])
def test_no_date_is_no_crash(text: Any) -> None:
    """What is no date leaves the other one."""
    order = parse_order({**sample("order_jpy"), "date_modified_gmt": text or None}, {})
    assert order.modified_at == order.placed_at


# --- the key ----------------------------------------------------------------------------------------------------------


def test_the_signature_is_the_official_clients() -> None:
    """A vector of the vendor's own client."""
    url = "http://shop.example/wp-json/wc/v3/orders?per_page=100&page=1"
    oauth = sign("GET", url, "ck_test", "cs_test", 1_700_000_000, "deadbeef")
    assert oauth["oauth_signature"] == "6T2FNcEt3xZF881sb9BYqhkk9CK9iiCrpAX9NeSnghM="


def test_blanks_and_signs_survive_the_signature(shop: Shop, cart: WooCommerce) -> None:
    """A SKU of anything is found over plain http; no parameter's name has brackets."""
    shop.add_product(name="Odd", sku="A b+c&d/é%[x]")
    (item,) = cart.find_items(ItemDraft("k", "a B+c&d/é%[X]", "Odd", None, "EUR"))
    assert item.sku == "A b+c&d/é%[x]"
    assert not any("[" in target or "+" in target for _, target in shop.requests)


def test_each_try_is_signed_anew(shop: Shop, cart: WooCommerce) -> None:
    """A nonce serves once: a request that is repeated after a 503 would be refused with the old one."""
    busy = [True]

    def fail_once(path: str, params: dict[str, str]) -> None:
        if busy.pop() if busy else False:
            raise Refusal(503, "busy")

    shop.before_request = fail_once
    assert rows(cart.iter_orders(None))


def test_a_clock_that_is_an_hour_off_does_not_spoil_the_signature(shop: Shop, opened: Open) -> None:
    """The shop takes 15 minutes only; its own clock, which each answer tells, is used then."""
    assert rows(opened(now=lambda: NOW - timedelta(hours=1)).iter_orders(None))


def test_plain_http_needs_consent() -> None:
    """Beyond this machine nothing is sent unencrypted by itself."""
    cart = WooCommerce(Connection("Woo", "http://shop.example", {"consumer_key": KEY}, lambda _: SECRET))
    with pytest.raises(NeedsOperatorError, match="not encrypted"):
        list(cart.iter_orders(None))


def test_a_lost_header_is_made_good_in_the_query(shop: Shop, opened: Open) -> None:
    """A proxy removes Authorization: signed parameters are sent instead, for good; not where the admin said header."""
    shop.faults.add("strip_header")
    cart = opened()
    assert rows(cart.iter_orders(None))
    assert rows(cart.iter_orders(NOW - timedelta(days=1))) == []
    assert "oauth_signature=" in shop.requests[-1][1]
    assert all(SECRET not in target for _, target in shop.requests)
    with pytest.raises(NeedsOperatorError, match="no credentials"):
        list(opened(key_sent="header").iter_orders(None))


def test_a_signature_in_the_query_is_not_sent_twice(shop: Shop, opened: Open) -> None:
    """It can't be made anew for a second try, and a used nonce would look like a wrong key."""
    cart = opened(key_sent="query")
    shop.before_request = lambda path, params: _raise(Refusal(503, "busy"))
    with pytest.raises(AbortCycleError):
        list(cart.iter_orders(None))
    assert len(asked(shop, "orders")) == 2  # OPTIONS and GET


def _raise(error: Exception) -> None:
    raise error


def test_over_https_the_key_goes_as_basic_and_then_in_the_query(shop: Shop, tmp_path: Path) -> None:
    """The secret stands in an address only where the header was lost."""
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    options = {"consumer_key": KEY, "ca_file": str(tmp_path / "ca.pem")}
    with serving(shop, context) as url:
        cart = WooCommerce(Connection("Woo", url, options, lambda _: SECRET, now=lambda: NOW))
        assert rows(cart.iter_orders(None))
        assert all(SECRET not in target for _, target in shop.requests)
        shop.faults.add("strip_header")
        assert rows(cart.iter_orders(None))
        assert SECRET in shop.requests[-1][1]
        cart.close()


def test_a_reading_key_passes_with_a_warning(shop: Shop, cart: WooCommerce) -> None:
    """It imports; that it can't export is said, and a write stops the cart with the remedy."""
    shop.faults.add("read_only")
    results = {one.stage: one for one in cart.test_connection()}
    assert results[Stage.WRITE_RIGHTS].verdict is Verdict.WARNING
    assert not any(one.verdict is Verdict.FAILED for one in results.values())
    with pytest.raises(NeedsOperatorError, match="write permissions"):
        cart.update_item(CartItemId(str(shop.products[0]["id"])), {"name": "x"})


# --- address and answers ----------------------------------------------------------------------------------------------


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


# --- lists ------------------------------------------------------------------------------------------------------------


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


# --- items ------------------------------------------------------------------------------------------------------------


def items_of(cart: WooCommerce, since: datetime | None = None) -> dict[str, Any]:
    return {row.external_id: row.record for row in rows(checked_pages(cart.iter_items(since), since, "items"))}


@pytest.mark.parametrize("version", ["8.2.0", "9.9.5", "11.0.1"])
def test_variations_are_the_items_and_their_products_sku_is_not_theirs(
    shop: Shop, cart: WooCommerce, version: str
) -> None:
    """The same items with one list of all variations (from 10.3) or a list per product (before)."""
    shop.version = version
    items = items_of(cart)
    assert len(items) == 20 + len(shop.variations)
    without, shared = shop.variations[0], shop.variations[-1]
    item = items[f"{without['parent_id']}:{without['id']}"]
    assert (item.sku, item.name, item.variant) == ("", "Shirt VP-05", "L0, Red")
    assert items[f"{shared['parent_id']}:{shared['id']}"].stock is None
    assert len(asked(shop, f"products/{without['parent_id']}/variations")) == (0 if version == "11.0.1" else 1)


@pytest.mark.parametrize("version", ["9.9.5", "11.0.1"])
def test_a_changed_variation_comes_with_a_stamp_that_satisfies_the_filter(
    shop: Shop, cart: WooCommerce, version: str
) -> None:
    """Its siblings come, too, because their product moved; each stamp is the one that the filter saw."""
    shop.version = version
    row = shop.variations[0]
    shop.touch(row)
    assert f"{row['parent_id']}:{row['id']}" in items_of(cart, NOW)
    if version == "11.0.1":  # a change that did not move the product's date
        shop.tick(3600)
        shop.stamp(row, "date_modified", shop.now)
        assert list(items_of(cart, shop.now)) == [f"{row['parent_id']}:{row['id']}"]


def test_a_list_of_variations_that_ignores_the_date_stops_nothing(shop: Shop, cart: WooCommerce) -> None:
    """The products' dates have told of changes already."""
    shop.version = "11.0.1"
    shop.tick(60)

    def drop_date(path: str, params: dict[str, str]) -> None:
        if path == "variations":
            params.pop("modified_after", None)

    shop.before_request = drop_date
    assert items_of(cart, shop.now) == {}


def test_a_poll_without_changes_costs_a_few_requests(shop: Shop, cart: WooCommerce) -> None:
    """Whatever the catalogue's size."""
    shop.tick(60)
    assert items_of(cart, shop.now) == {}
    assert rows(cart.iter_orders(shop.now)) == []
    assert len(shop.requests) <= 4


def test_prices_are_the_regular_ones_and_a_negative_one_is_held() -> None:
    """A sale does not change what the item costs by itself."""
    told = {"id": 1, "name": "x", "regular_price": "10.00", "price": "8.00", "sale_price": "8.00"}
    assert parse_item(told, None, "EUR").price == Decimal("10.00")
    row = parse_row({**told, "regular_price": "-1"}, lambda one: parse_item(one, None, "EUR"))
    assert isinstance(row.record, BadRecord)


# --- writes -----------------------------------------------------------------------------------------------------------


def write(row: dict[str, Any], quantity: str, expected: str | None = None) -> StockWrite:
    parent = row.get("parent_id")
    name = f"{parent}:{row['id']}" if parent else str(row["id"])
    return StockWrite(CartItemId(name), Decimal(quantity), None if expected is None else Decimal(expected))


def test_stock_that_the_shop_does_not_track_is_refused(shop: Shop, cart: WooCommerce) -> None:
    """The shop would answer 200 and store nothing: untracked products, and variations of one common stock."""
    untracked = next(row for row in shop.products if row["stock_quantity"] is None and row["type"] == "simple")
    results = cart.set_stock([write(untracked, "5"), write(shop.variations[-1], "5"), write(shop.products[0], "2.5")])
    assert [one.state for one in results] == [WriteState.REFUSED] * 3
    assert ["track" in results[0].reason, "one stock" in results[1].reason] == [True, True]
    assert all(method == "GET" for method, _ in shop.requests)


def test_an_answer_of_200_that_kept_another_number_is_no_success(shop: Shop) -> None:
    """Tracking was switched off between look and write."""
    told = {"update": [{"id": 12, "manage_stock": False, "stock_quantity": None}]}
    (result,) = parse_answers(told, [StockWrite(CartItemId("12"), Decimal(5))])
    assert result.state is WriteState.REFUSED


def test_errors_of_rows_stand_in_a_good_answer() -> None:
    """A recorded batch: one row written, one refused; a row that is not in the answer is open."""
    group = [StockWrite(CartItemId(one), Decimal(12)) for one in ("13", "999999", "14")]
    results = parse_answers(sample("stock_batch"), group)
    assert "Invalid ID" in results[1].reason
    assert [one.state for one in results] == [WriteState.DONE, WriteState.REFUSED, WriteState.UNKNOWN]


def test_stock_goes_in_batches_of_a_hundred_variations_by_product(shop: Shop, cart: WooCommerce) -> None:
    """Each row has its result, in order; a number that is there already is not written again."""
    more = [shop.add_product(sku=f"M-{number}", manage_stock=True, stock_quantity=1) for number in range(130)]
    writes = [write(row, "7", "1") for row in more]
    writes[5:5] = [write(shop.variations[0], "9", str(shop.variations[0]["stock_quantity"])), write(more[0], "1")]
    results = cart.set_stock(writes)
    assert [one.item_id for one in results] == [one.item_id for one in writes]
    assert {one.state for one in results} == {WriteState.DONE}
    assert shop.variations[0]["stock_quantity"] == 9
    assert {row["stock_quantity"] for row in more[1:]} == {7}
    before = len(shop.requests)
    assert cart.set_stock([write(more[1], "7")])[0].state is WriteState.DONE
    assert all(method == "GET" for method, _ in shop.requests[before:])


def test_a_lost_answer_to_stock_leaves_its_rows_unknown(shop: Shop, cart: WooCommerce) -> None:
    """It is not sent again by itself."""
    shop.faults.add("lost_answers")
    (result,) = cart.set_stock([write(shop.products[0], "3")])
    assert result.state is WriteState.UNKNOWN
    assert [method for method, _ in shop.requests].count("POST") == 1


def test_a_sku_differs_by_more_than_case(shop: Shop, cart: WooCommerce) -> None:
    """It is found in any case, and a second one is refused with the product that has it."""
    draft = ItemDraft("k1", "sku-0001", "Other", Decimal("1.00"), "EUR")
    (found,) = cart.find_items(draft)
    assert found.sku == "SKU-0001"
    with pytest.raises(HoldRecordError, match=f"It is {found.item_id} in the shop"):
        cart.create_item(draft)


def test_what_we_made_is_known_by_its_key_among_items_without_a_sku(shop: Shop, cart: WooCommerce) -> None:
    """Another product of the same name is not taken for it, and a lost answer makes no second one."""
    draft = ItemDraft("cartui-9", "", "Thing 1", Decimal("1.00"), "EUR", stock=Decimal(4))
    assert cart.find_items(draft) == []
    shop.faults.add("lost_answers")
    with pytest.raises(UnknownOutcomeError):
        cart.create_item(draft)
    shop.faults.clear()
    (made,) = cart.find_items(draft)
    assert made.stock == Decimal(4)
    assert shop.item(made.item_id)["meta_data"][0]["value"] == "cartui-9"


def test_a_products_sku_is_not_a_variations(cart: WooCommerce) -> None:
    """A product that is sold by its variations can't be linked as an item."""
    with pytest.raises(HoldRecordError, match="by its variations only"):
        cart.find_items(ItemDraft("k", "VP-05", "x", None, "EUR"))


def test_writes_that_would_be_ignored_are_refused(shop: Shop, cart: WooCommerce) -> None:
    """A variation's name, a bar code before 9.2, a price in another currency."""
    variation = shop.variations[0]
    with pytest.raises(HoldRecordError, match="no name of its own"):
        cart.update_item(CartItemId(f"{variation['parent_id']}:{variation['id']}"), {"name": "x"})
    shop.version = "8.9.0"
    with pytest.raises(HoldRecordError, match="bar code"):
        cart.update_item(CartItemId(str(shop.products[0]["id"])), {"barcode": "4006381333931"})
    with pytest.raises(HoldRecordError, match="EUR"):
        cart.create_item(ItemDraft("k", "S", "x", Decimal(1), "USD"))


def test_only_what_changed_is_sent(shop: Shop, cart: WooCommerce) -> None:
    """Where the shop holds a SKU twice, repeating it would be refused."""
    shop.products[0]["sku"] = shop.products[1]["sku"]
    cart.update_item(CartItemId(str(shop.products[0]["id"])), {"price": Decimal("7.50")})
    assert shop.products[0]["regular_price"] == "7.50"


def test_shops_that_want_a_user_name_get_one(shop: Shop, cart: WooCommerce) -> None:
    """And a password that nobody knows; the e-mail's case does not make another customer."""
    shop.faults.add("no_user_names")
    draft = CustomerDraft("k", "New@Buyers.example", "Ann", "Lee", tax_number="DE123456789")
    made = cart.create_customer(draft)
    (found,) = cart.find_customers(CustomerDraft("k", "new@buyers.EXAMPLE"))
    assert (found.customer_id, found.tax_number) == (made, "DE123456789")
    with pytest.raises(HoldRecordError, match="status 400"):
        cart.create_customer(draft)
