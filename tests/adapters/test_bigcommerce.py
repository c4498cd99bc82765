"""The BigCommerce adapter: what the API's ways would lose or double, each shown on a shop that has those ways."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from cartui.adapters.bigcommerce import SPEC, BigCommerceCart
from cartui.adapters.bigcommerce.items import Terms, parse_items
from cartui.adapters.bigcommerce.parse import parse_customer, parse_order
from cartui.adapters.bigcommerce.render import render_number, render_v3_time
from cartui.adapters.bigcommerce.session import api_address
from cartui.domain.ids import CartCustomerId, CartItemId, CartOrderId
from cartui.domain.money import ProofState, prove_total
from cartui.domain.plan_orders import import_rule
from cartui.domain.ports import BadRecord, Connection, Stage, Verdict
from cartui.domain.records import (
    Address,
    CartItem,
    CartOrder,
    CustomerDraft,
    ItemDraft,
    LineKind,
    PaymentState,
    StockWrite,
    WriteState,
)
from cartui.errors import AbortCycleError, HoldRecordError, NeedsOperatorError, UnknownOutcomeError
from cartui.sync.intake import checked_pages
from cartui.testing.conformance import good, rows_of
from tests.adapters.bigcommerce_shop import TOKEN, FakeBigCommerce, rfc, serving
from tests.adapters.conftest import VirtualWaiter

D = Decimal
TERMS = Terms("EUR", gross=False)
DRAFT = ItemDraft("cartui-1-item-5", "NEW-5", "New thing", D("9.90"), "EUR")
Open = Callable[..., BigCommerceCart]


@pytest.fixture
def fake() -> FakeBigCommerce:
    return FakeBigCommerce(orders=0)


@pytest.fixture
def connect(fake: FakeBigCommerce, waiter: VirtualWaiter) -> Iterator[Open]:
    """Open the adapter: connect(token=…, url=…, stock_location=…)."""
    with serving(fake) as address:
        opened: list[BigCommerceCart] = []

        def open_one(token: str = TOKEN, url: str = address, **options: str) -> BigCommerceCart:
            connection = Connection("fake", url, options, lambda _name: token, now=lambda: fake.now)
            opened.append(BigCommerceCart(connection, waiter))
            return opened[-1]

        yield open_one
        for cart in opened:
            cart.close()


@pytest.fixture
def cart(connect: Open) -> BigCommerceCart:
    return connect()


def wired(row: Any) -> Any:
    """As it comes out of an answer: numbers with a point are Decimal."""
    return json.loads(json.dumps(row), parse_float=Decimal)


def whole(fake: FakeBigCommerce, row: dict[str, Any]) -> dict[str, Any]:
    """An order with its lists, as the session hands it over."""
    names = ("products", "shipping_addresses", "taxes", "coupons")
    told = row | {name: fake.details[row["id"], name] for name in names} | {"refunds": []}
    assert isinstance(told, dict)
    return dict(wired(told))


def order_of(row: object) -> CartOrder:
    record = parse_order(row).record
    assert isinstance(record, CartOrder), record
    return record


def proof_of(order: CartOrder) -> ProofState:
    return prove_total(order.lines, order.total, order.currency).state


def amounts(order: CartOrder, kind: LineKind) -> list[tuple[str, Decimal]]:
    return [(line.text, line.amount) for line in order.lines if line.kind is kind]


def asked(fake: FakeBigCommerce, part: str) -> list[str]:
    return [path for _, path, _, _ in fake.asked if part in path]


# --- lists


def test_nothing_is_204_and_no_error(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """V2 says "no rows" with 204 and no body; the listing ends with the shop's clock as its mark."""
    (page,) = list(cart.iter_orders(None))
    assert page.rows == ()
    assert page.complete_to == fake.now


def test_an_error_is_never_an_empty_page(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """A missing right stops the cart instead of looking like a shop without orders."""
    fake.forbidden = {"v2/orders"}
    with pytest.raises(NeedsOperatorError):
        list(cart.iter_orders(None))


def test_an_answer_that_is_no_list_ends_the_cycle(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """{"orders": {}} with status 200 is not an empty list."""
    fake.orders = {"orders": {}}  # type: ignore[assignment]
    fake._filtered = lambda *_: fake.orders  # type: ignore[method-assign]
    fake._list_v2 = lambda rows, _query: rows  # type: ignore[method-assign, assignment]
    with pytest.raises(AbortCycleError, match="not a list"):
        list(cart.iter_orders(None))


def test_a_poll_without_changes_is_one_request_a_list(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """Whatever the size of the catalogue; the store's settings are read once."""
    fake.add_order()
    list(cart.iter_items(fake.now + timedelta(hours=1)))
    fake.asked.clear()
    since = fake.tick(3600)
    for listing in (cart.iter_orders, cart.iter_items, cart.iter_customers):
        assert rows_of(listing(since)) == []
    assert len(fake.asked) == 3


@pytest.mark.parametrize("exclusive", [False, True])
def test_bounds_may_be_inclusive_or_not(fake: FakeBigCommerce, cart: BigCommerceCart, exclusive: bool) -> None:
    """The documentation says "minimum date" of orders and "after this date" of customers: neither loses a row."""
    fake.exclusive = exclusive
    placed = [str(fake.add_order()["id"]) for _ in range(120)]
    placed += [str(fake.add_order(at=fake.tick())["id"]) for _ in range(60)]
    since = datetime.fromisoformat(fake.customers[-3]["date_modified"])
    assert {row.external_id for row in rows_of(cart.iter_orders(None))} == set(placed)
    late = {row.external_id for row in rows_of(checked_pages(cart.iter_customers(since), since, "customers"))}
    assert late == {str(one["id"]) for one in fake.customers[-3:]}


def test_a_since_between_seconds_is_no_ignored_filter(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """Stamps have whole seconds: what is asked for too early is left out, and nothing is taken for a broken filter."""
    first = fake.add_order()
    second = fake.add_order(date_modified=rfc(fake.now + timedelta(seconds=1)))
    since = fake.now + timedelta(milliseconds=500)
    rows = rows_of(checked_pages(cart.iter_orders(since), since, "orders"))
    assert [row.external_id for row in rows] == [str(second["id"])]
    assert first["date_modified"] == rfc(fake.now)


def test_an_ignored_date_filter_is_found_out(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """A proxy that drops parameters: old rows are given on, so that the core sees them and stops."""
    fake.add_order()
    fake.ignore_dates = True
    since = fake.now + timedelta(days=1)
    with pytest.raises(NeedsOperatorError, match="ignored the date filter"):
        list(checked_pages(cart.iter_orders(since), since, "orders"))


def test_rows_out_of_order_end_the_cycle(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """Going on from the last row's stamp needs the order that was asked for."""
    placed = [fake.add_order(at=fake.tick()) for _ in range(60)]
    fake.tick()
    fake.touch(placed[3])
    fake.unsorted = True
    with pytest.raises(AbortCycleError, match="order of their change date"):
        list(cart.iter_orders(None))


def test_many_items_and_customers_of_one_second(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """An import of the merchant's stamps a thousand rows alike."""
    for number in range(520):
        fake.add_product(f"Bulk {number}", f"BULK-{number}")
        fake.add_customer(f"bulk{number}@example.test", "B", "Ulk")
    items = [row.external_id for row in rows_of(checked_pages(cart.iter_items(None), None, "items"))]
    people = [row.external_id for row in rows_of(checked_pages(cart.iter_customers(None), None, "customers"))]
    assert len(items) == len(set(items)) == sum(len(one["variants"]) for one in fake.products)
    assert len(people) == len(set(people)) == len(fake.customers)


# --- the rate


def test_the_rate_limit_is_waited_for(fake: FakeBigCommerce, cart: BigCommerceCart, waiter: VirtualWaiter) -> None:
    """A 429 has no Retry-After; X-Rate-Limit-Time-Reset-Ms says how long."""
    fake.throttle = 2
    rows_of(cart.iter_customers(None))
    assert [wait for wait in waiter.waits if wait > 1] == [1.5, 1.5]


def test_overload_of_the_platform_ends_the_cycle(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """A 429 without the headers is not the store's limit."""
    fake.overload = True
    with pytest.raises(AbortCycleError, match="overloaded") as stopped:
        list(cart.iter_orders(None))
    assert stopped.value.retry_after_seconds == 60


def test_few_requests_left_are_spread(fake: FakeBigCommerce, cart: BigCommerceCart, waiter: VirtualWaiter) -> None:
    """Other apps of the store need some, too."""
    fake.requests_left = 10
    for _ in range(4):
        rows_of(cart.iter_customers(None))
    assert [wait for wait in waiter.waits if wait >= 1] == [1.5, 1.5]


def test_a_write_that_the_limit_turned_away_is_sent_again(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """It did nothing, so there is no unknown outcome."""
    item = good(rows_of(cart.iter_items(None)))[0]
    fake.throttle = 1
    cart.session.write("PUT", f"v3/catalog/products/{item.parent_id}", {"price": 4}, "item")
    assert good(cart.get_items([item.item_id]).rows)[0].price == 4


def test_what_stands_beside_orders_is_read_in_parallel(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """A page of orders needs several requests for each; two at least are under way at once."""
    for _ in range(8):
        fake.add_order()
    rows_of(cart.iter_items(None))
    rows_of(cart.iter_customers(None))  # the pace grows with good answers
    fake.gate = threading.Barrier(2)
    assert len(rows_of(cart.iter_orders(None))) == 8
    assert 2 <= fake.most_busy <= 4


# --- orders


def test_more_lines_than_a_page(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """`orders/{id}/products` gives 50 lines a page."""
    row = fake.add_order(lines=1)
    line = fake.details[row["id"], "products"][0]
    fake.details[row["id"], "products"] = [line | {"id": 7000 + number} for number in range(120)]
    (order,) = good(rows_of(cart.iter_orders(None)))
    assert len([one for one in order.lines if one.kind is LineKind.PRODUCT]) == 120


def test_lists_that_must_be_empty_are_not_asked_for(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """No coupon, no tax, no delivery: one request for the order's lines is all."""
    fake.add_order(total_tax="0.0000", shipping_address_count=0)
    rows_of(cart.iter_orders(None))
    assert [path.rpartition("/")[2] for path in asked(fake, "/orders/")] == ["products"]


def test_a_checkout_that_never_finished_is_a_basket(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """Status 0 is among the orders of the list, but is none."""
    begun = str(fake.add_order(status_id=0)["id"])
    placed = str(fake.add_order(status_id=11)["id"])
    assert [row.external_id for row in rows_of(cart.iter_orders(None))] == [placed]
    assert [row.external_id for row in cart.get_orders([CartOrderId(begun), CartOrderId(placed)]).rows] == [placed]
    (basket,) = good(rows_of(cart.iter_baskets(None)))
    assert (basket.basket_id, basket.native_status, len(basket.lines)) == (begun, "Incomplete", 3)


def test_an_order_that_the_shop_fails_on_is_held(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """One order's lines answer 500 for ever: the others come."""
    ids = [str(fake.add_order()["id"]) for _ in range(5)]
    fake.broken = {f"v2/orders/{ids[2]}/products"}
    rows = {row.external_id: row.record for row in rows_of(cart.iter_orders(None))}
    assert list(rows) == ids
    bad = rows.pop(ids[2])
    assert isinstance(bad, BadRecord)
    assert "status 500" in bad.reason
    assert all(isinstance(one, CartOrder) for one in rows.values())


def test_a_shop_that_fails_on_all_orders_is_not_held_order_by_order(
    fake: FakeBigCommerce, cart: BigCommerceCart
) -> None:
    """That is the shop's trouble: the cycle ends, and all come later."""
    for _ in range(8):
        fake.add_order()
    fake.broken = {"v2/orders/"}
    with pytest.raises(AbortCycleError):
        list(cart.iter_orders(None))


def test_an_order_that_vanishes_while_it_is_read_is_told(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """Archived between the list and its lines: 404 there."""
    row = fake.add_order()
    whole_list = fake._filtered

    def shown_then_archived(*args: Any) -> list[dict[str, Any]]:
        rows = whole_list(*args)
        fake.orders = []
        return rows

    fake._filtered = shown_then_archived  # type: ignore[method-assign, assignment]
    ((bad,),) = [page.rows for page in cart.iter_orders(None)]
    assert bad.external_id == str(row["id"])
    assert isinstance(bad.record, BadRecord)
    assert "went away" in bad.record.reason


STATUS_RULES = {
    1: "staged",
    2: "skipped",
    3: "import",
    4: "skipped",
    5: "skipped",
    6: "skipped",
    7: "staged",
    8: "import",
    9: "import",
    10: "skipped",
    11: "import",
    12: "staged",
    13: "staged",
    14: "import",
}


@pytest.mark.parametrize(("status_id", "wanted"), STATUS_RULES.items())
@pytest.mark.parametrize("gateway", ["", "pending"])
def test_statuses(fake: FakeBigCommerce, status_id: int, wanted: str, gateway: str) -> None:
    """By id: imported, waiting for the shop or left alone, as the table of statuses says; the name is only shown."""
    row = fake.add_order(status_id=status_id, custom_status="Our own word", payment_status=gateway)
    order = order_of(whole(fake, row))
    rule = import_rule(order)
    assert (rule[0].value if rule else "import") == wanted
    assert order.native_status == "Our own word"


def test_an_unknown_status_is_held(fake: FakeBigCommerce) -> None:
    """With the shop's own words for it."""
    bad = parse_order(whole(fake, fake.add_order()) | {"status_id": 15, "custom_status": "Teleported"}).record
    assert isinstance(bad, BadRecord)
    assert "unknown status 15 (Teleported)" in bad.reason
    bad = parse_order(whole(fake, fake.add_order(payment_status="bartered"))).record
    assert isinstance(bad, BadRecord)
    assert "unknown payment status bartered" in bad.reason


@pytest.mark.parametrize(
    ("said", "state"), [("captured", "paid"), ("authorized", "authorized"), ("declined", "failed"), ("void", "voided")]
)
def test_the_gateway_says_whether_it_is_paid(fake: FakeBigCommerce, said: str, state: str) -> None:
    assert order_of(whole(fake, fake.add_order(payment_status=said))).payment_state == state


def test_partly_refunded_orders_go_by_what_was_shipped(fake: FakeBigCommerce) -> None:
    """Status 14 says nothing of the goods."""
    row = fake.add_order(status_id=14, items_total=4, items_shipped=4)
    assert order_of(whole(fake, row)).fulfilment_state == "shipped"
    assert order_of(whole(fake, row) | {"items_shipped": 1}).fulfilment_state == "partially_shipped"


def test_an_archived_order_waits_for_a_person(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """Archiving deletes nothing and cancels nothing: an open order is on hold, a finished one stays finished."""
    open_one = fake.add_order(status_id=11, is_deleted=True)
    done = fake.add_order(status_id=10, is_deleted=True)
    first, second = good(cart.get_orders([CartOrderId(str(one["id"])) for one in (open_one, done)]).rows)
    assert (first.order_state, first.native_status) == ("on_hold", "Awaiting Fulfillment (archived)")
    assert second.order_state == "closed"


def test_refunds_are_payments_back(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """`refunded_amount` is always 0: they are read from V3, and only for orders that have some."""
    row = fake.add_order(status_id=14)
    fake.add_order()
    fake.refunds.append(
        {
            "id": 12,
            "order_id": row["id"],
            "created": "2026-11-20T16:44:15+00:00",
            "total_amount": 4.5,
            "payments": [{"id": 13, "provider_id": "storecredit", "amount": 4.5, "is_declined": False}],
        }
    )
    order, other = good(rows_of(cart.iter_orders(None)))
    assert [(one.method, one.amount) for one in order.payments[1:]] == [("storecredit", D("-4.50"))]
    assert len(other.payments) == 1
    assert [query["order_id:in"] for _, path, query, _ in fake.asked if "refunds" in path] == [str(row["id"])]


def test_refunds_that_may_not_be_read_lose_no_order(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """The right to read transactions is one of its own; the status still says that something went back."""
    fake.forbidden = {"v3/orders"}
    fake.add_order(status_id=14)
    (order,) = good(rows_of(cart.iter_orders(None)))
    assert order.payment_state is PaymentState.PARTIALLY_REFUNDED


def test_guests_and_senders_of_several_parcels(fake: FakeBigCommerce) -> None:
    """A guest has the customer id 0; an order to two addresses says so."""
    row = whole(fake, fake.add_order(customer_id=0, customer_message="Ring twice"))
    row["shipping_addresses"] = [*row["shipping_addresses"], {"first_name": "Ann", "country_iso2": "CA"}]
    order = order_of(row)
    assert order.buyer.customer_id is None
    assert (order.buyer.email, order.buyer.name) == ("jane@example.test", "Jane D\u00f8e")
    assert (order.shipping_address.country, order.shipping_address.city) == ("US", "Austin")
    assert order.note == "Ring twice (To be delivered to 2 addresses.)"


def test_a_gift_certificate_that_was_bought_is_a_line_without_an_item(fake: FakeBigCommerce) -> None:
    """Custom products and gift certificates have the product id 0."""
    row = whole(fake, fake.add_order())
    row["products"] = [row["products"][0] | {"product_id": 0, "variant_id": 0, "type": "giftcertificate", "sku": ""}]
    line = order_of(row).lines[0]
    assert line.item_id is None
    assert line.text


def test_line_items_are_named_as_the_items_are(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """The link between an order's line and an item is product and variant."""
    fake.add_order(lines=3)
    (order,) = good(rows_of(cart.iter_orders(None)))
    known = {item.item_id: item for item in good(rows_of(cart.iter_items(None)))}
    for line in order.lines[:3]:
        assert line.item_id is not None
        assert known[line.item_id].sku == line.sku


def test_texts_that_come_as_empty_objects_or_null(fake: FakeBigCommerce) -> None:
    """As the documentation's own examples show them."""
    odd: dict[str, Any] = {"payment_provider_id": {}, "customer_message": None, "credit_card_type": {}}
    order = order_of(whole(fake, fake.add_order()) | odd | {"billing_address": None, "fees": {"url": "x"}})
    assert (order.note, order.buyer.email) == ("", "")


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("Fri, 20 Nov 2026 12:00:00 +0000", datetime(2026, 11, 20, 12, tzinfo=UTC)),
        ("Fri, 20 Nov 2026 07:00:00 -0500", datetime(2026, 11, 20, 12, tzinfo=UTC)),
        ("Fri, 20 Nov 2026 12:00:00 -0000", datetime(2026, 11, 20, 12, tzinfo=UTC)),
        ("2026-11-20T12:00:00+00:00", datetime(2026, 11, 20, 12, tzinfo=UTC)),
        ("2026-11-20T12:00:00", datetime(2026, 11, 20, 12, tzinfo=UTC)),
    ],
)
def test_dates_of_both_versions(fake: FakeBigCommerce, written: str, moment: datetime) -> None:
    """RFC 2822 with any offset, ISO 8601; UTC where none is told."""
    row = parse_order(whole(fake, fake.add_order(date_modified=written)))
    assert row.stamp == moment


@pytest.mark.parametrize("written", ["", None, "yesterday", 5, "Fri, 99 Nov 2026 12:00:00 +0000", "9" * 100])
def test_a_date_that_is_none_makes_a_bad_record(fake: FakeBigCommerce, written: object) -> None:
    row = parse_order(whole(fake, fake.add_order()) | {"date_modified": written})
    assert isinstance(row.record, BadRecord)
    assert row.stamp is None


@pytest.mark.parametrize("row", [None, [], "order", {}, {"id": True}, {"id": "../7"}, {"id": 0}])
def test_rows_that_are_no_orders_are_kept(row: object) -> None:
    """Each has an id to be held under, and its raw body."""
    received = parse_order(row)
    assert isinstance(received.record, BadRecord)
    assert received.external_id
    assert received.raw


def test_half_characters_and_secrets(fake: FakeBigCommerce) -> None:
    """A lone surrogate is a matter of one text; addresses of machines and log-in data are not kept."""
    row = parse_order(whole(fake, fake.add_order(customer_message="caf\ud800")))
    assert isinstance(row.record, CartOrder)
    assert row.record.note == "caf\ufffd"
    customer = parse_customer(fake.customers[0] | {"authentication": {"new_password": "hunter2"}})
    assert b"203.0.113.77" not in row.raw + customer.raw
    assert b"hunter2" not in customer.raw


# --- money


def amounts_of(**changes: Any) -> dict[str, Any]:
    """A row of one line, 67.84 with 8.25 % tax in it, twelve of shipping and ten taken off."""
    stamp = "Tue, 05 Mar 2026 21:40:11 +0000"
    line = {"id": 1, "name": "Cup", "quantity": 4, "price_ex_tax": "15.6698", "total_ex_tax": "62.6793"}
    line |= {"total_inc_tax": "67.8400", "total_tax": "5.1607", "product_id": 7, "variant_id": 8}
    row: dict[str, Any] = {
        "id": 218,
        "status_id": 11,
        "date_created": stamp,
        "date_modified": stamp,
        "default_currency_code": "USD",
        "total_inc_tax": "69.8400",
        "total_tax": "5.3100",
        "shipping_cost_ex_tax": "11.0900",
        "shipping_cost_inc_tax": "12.0000",
        "discount_amount": "5.0000",
        "coupon_discount": "5.0000",
        "products": [line],
        "coupons": [{"code": "FIVE", "discount": 5}],
        "taxes": [{"name": "Tax", "rate": "8.2500", "line_amount": "5.3100"}],
    }
    return row | changes


@pytest.mark.parametrize("flag", [True, False, None])
def test_gross_discounts_hold_tax(flag: bool | None) -> None:
    """67.84 + 12 - 5 - 5 = 69.84 gross, with 5.31 tax: net the discounts are 9.24, not 10, whatever the flag says."""
    order = order_of(amounts_of(is_tax_inclusive_pricing=flag))
    assert proof_of(order) is ProofState.EXACT
    assert amounts(order, LineKind.COUPON) == [("Coupon FIVE", D("-4.62"))]
    assert amounts(order, LineKind.DISCOUNT) == [("Discount", D("-4.62"))]
    assert amounts(order, LineKind.TAX) == [("Tax 8.25 %", D("5.31"))]
    assert order.total == D("69.84")


def test_net_discounts_are_taken_as_they_stand() -> None:
    """62.68 + 11.09 - 10 + 5.26 tax = 69.03."""
    order = order_of(amounts_of(total_inc_tax="69.0300", total_tax="5.2600", taxes=[]))
    assert proof_of(order) is not ProofState.UNEXPLAINED
    assert amounts(order, LineKind.COUPON) == [("Coupon FIVE", D("-5.00"))]
    assert amounts(order, LineKind.TAX) == [("Tax", D("5.26"))]


def test_a_tax_overridden_in_the_control_panel() -> None:
    """The total is gross and the order says 0 tax: the lines' own tax is what was charged."""
    row = amounts_of(total_inc_tax="79.8400", total_tax="0.0000", discount_amount="0", coupon_discount=0, taxes=[])
    order = order_of(row)
    assert proof_of(order) is ProofState.EXACT
    assert amounts(order, LineKind.TAX) == [("Tax", D("6.07"))]


def test_credit_that_paid_and_credit_that_was_taken_off() -> None:
    """The order's arithmetic tells which it was."""
    used = {"gift_certificate_amount": "20.0000", "store_credit_amount": "9.8400", "payment_status": "captured"}
    paid = order_of(amounts_of(**used, payment_method="Card"))
    assert amounts(paid, LineKind.GIFT_CARD) == []
    assert [(one.method, one.amount) for one in paid.payments] == [
        ("Card", D("40.00")),
        ("giftcertificate", D("20.00")),
        ("storecredit", D("9.84")),
    ]
    off = order_of(amounts_of(**used, total_inc_tax="40.0000"))
    assert amounts(off, LineKind.GIFT_CARD) == [("Gift certificate", D("-20.00"))]
    assert amounts(off, LineKind.STORE_CREDIT) == [("Store credit", D("-9.84"))]
    assert [one.amount for one in off.payments] == [D("40.00")]
    assert {proof_of(paid), proof_of(off)} == {ProofState.EXACT}


def test_amounts_that_do_not_agree_are_not_made_to() -> None:
    """Nobody knows where the missing 7 went: the proof holds the order."""
    assert proof_of(order_of(amounts_of(total_inc_tax="76.8400"))) is ProofState.UNEXPLAINED


def test_fees_handling_and_wrapping_are_lines() -> None:
    """A fee's net amount is misspelt in the vendor's own example; it counts all the same."""
    fee = {"display_name_customer": "Engraving", "cost_exc_tax": "4.0000", "cost_inc_tax": "4.0000"}
    costs = {f"{name}_cost_{way}_tax": "1.5000" for name in ("handling", "wrapping") for way in ("ex", "inc")}
    order = order_of(amounts_of(**costs, fees=[fee], total_inc_tax="76.8400"))
    assert proof_of(order) is ProofState.EXACT
    assert dict(amounts(order, LineKind.FEE)) == {
        "Handling": D("1.50"),
        "Gift wrapping": D("1.50"),
        "Engraving": D("4.00"),
    }


def test_taxes_are_one_line_a_rate() -> None:
    """Rows come per address and rate; where they do not add up to the tax charged, that stands in one line."""
    rows = [("City", "1", "0.3100"), ("State", "7.25", "3.0000"), ("State", "7.25", "2.0000")]
    taxes = [{"name": name, "rate": rate, "line_amount": amount} for name, rate, amount in rows]
    order = order_of(amounts_of(taxes=taxes))
    assert amounts(order, LineKind.TAX) == [("City 1 %", D("0.31")), ("State 7.25 %", D("5.00"))]
    order = order_of(amounts_of(taxes=taxes[:2]))
    assert amounts(order, LineKind.TAX) == [("Tax", D("5.31"))]


def test_the_currency_is_the_one_paid_in() -> None:
    """`currency_code` is what the storefront displayed."""
    assert order_of(amounts_of(currency_code="EUR")).currency == "USD"
    assert isinstance(parse_order(amounts_of(default_currency_code="")).record, BadRecord)


def test_several_coupons_and_named_discounts() -> None:
    """Each coupon by what it took, other discounts by their names."""
    coupons = [
        {"code": "TWO", "discount": D("2.5")},
        {"code": "MORE", "discount": "2.5000"},
        {"code": "SHIP", "discount": 0},
    ]
    row = amounts_of(coupons=coupons)
    row["products"] = [row["products"][0] | {"applied_discounts": [{"name": "Manual Discount", "code": None}]}]
    order = order_of(row)
    assert [text for text, _ in amounts(order, LineKind.COUPON)] == ["Coupon TWO", "Coupon MORE"]
    assert [text for text, _ in amounts(order, LineKind.DISCOUNT)] == ["Manual Discount"]
    assert proof_of(order) is ProofState.EXACT


# --- items


def item_of(row: dict[str, Any], index: int = 0) -> CartItem:
    record = parse_items(wired(row), TERMS)[index].record
    assert isinstance(record, CartItem), record
    return record


def test_variants_have_their_own_code_price_and_stock(fake: FakeBigCommerce) -> None:
    """A variant without a price has its product's."""
    row = fake.add_product("Shirt", "S", level=4, variants=3)
    first, second = item_of(row), item_of(row, 1)
    assert [first.sku, first.variant, first.price, first.stock] == ["S-Red", "Red", D("10.55"), 4]
    assert [second.sku, second.variant, second.price, second.stock] == ["S-Blue", "Blue", D(12), 5]
    assert first.parent_id == second.parent_id == str(row["id"])


@pytest.mark.parametrize(
    ("tracking", "variants", "stock"),
    [
        ("none", 0, None),
        ("product", 0, 4),
        ("product", 2, None),
        ("variant", 2, 4),
        ("variant", 0, 0),
        ("new", 2, None),
    ],
)
def test_stock_is_blank_where_it_is_not_counted(
    fake: FakeBigCommerce, tracking: str, variants: int, stock: int | None
) -> None:
    """A number that belongs to a whole product is no variant's."""
    row = fake.add_product("Shirt", "S", level=4, variants=variants, inventory_tracking=tracking)
    assert item_of(row).stock == stock


def test_items_that_are_not_sold(fake: FakeBigCommerce) -> None:
    row = fake.add_product("Shirt", "S")
    assert item_of(row).active
    assert not item_of(row | {"is_visible": False}).active
    assert not item_of(row | {"availability": "disabled"}).active
    assert not item_of(row | {"variants": [row["variants"][0] | {"purchasing_disabled": True}]}).active


def test_an_unreadable_variant_spares_its_siblings(fake: FakeBigCommerce) -> None:
    row = fake.add_product("Shirt", "S", variants=3)
    row["variants"][1] = {"id": row["variants"][1]["id"], "price": "cheap"}
    rows = parse_items(wired(row), TERMS)
    assert [isinstance(one.record, BadRecord) for one in rows] == [False, True, False]
    assert len({one.external_id for one in rows}) == 3
    assert isinstance(parse_items({"id": 5, "variants": []}, TERMS)[0].record, BadRecord)


def test_items_are_found_by_the_code_of_product_or_variant(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """The shop's two lists know one each; without a code the unique name is looked for."""
    fake.add_product("Shirt", "S", variants=2)
    for sku, name in (("S-Blue", "x"), ("SKU-3", "x"), ("", "shirt")):
        found = cart.find_items(ItemDraft("k", sku, name, None, "EUR"))
        assert len(found) == (1 if sku else 2), sku
    assert cart.find_items(ItemDraft("k", "SKU", "", None, "EUR")) == []


def test_an_item_that_can_not_be_said_is_refused_here(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """Without a price, in another currency, with half pieces: nothing is sent."""
    for changes in ({"price": None}, {"currency": "USD"}, {"stock": D("1.5")}):
        values: dict[str, Any] = {"key": "k", "sku": "N", "name": "New", "price": D(1), "currency": "EUR"} | changes
        with pytest.raises(HoldRecordError) as refused:
            cart.create_item(ItemDraft(**values))
        assert refused.value.remedy
    assert not [one for one in fake.asked if one[0] == "POST"]


def test_a_new_item_has_its_stock_and_a_used_code_is_refused(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    made = cart.create_item(ItemDraft("k", "N-1", "New", D("9.95"), "EUR", "4006381333931", D(7)))
    (item,) = good(cart.get_items([made]).rows)
    assert [item.price, item.stock, item.barcode, item.name] == [D("9.95"), 7, "4006381333931", "New"]
    with pytest.raises(HoldRecordError, match="duplicate"):
        cart.create_item(ItemDraft("k2", "N-1", "Newer", D(1), "EUR"))


def test_numbers_of_prices_are_exact() -> None:
    """V3 takes prices as JSON numbers: one that can't say the amount exactly is not sent."""
    assert repr(render_number(D("10.10"), "x")) == "10.1"
    assert render_number(D("1E+2"), "x") == 100
    with pytest.raises(HoldRecordError):
        render_number(D("123456789012.123456"), "x")


def test_a_variant_is_changed_alone_and_never_renamed(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """The name is the product's; with several variants only the shop may change it."""
    row = fake.add_product("Shirt", "S", variants=2)
    item = CartItemId(f"{row['id']}:{row['variants'][1]['id']}")
    cart.update_item(item, {"price": D("12.34"), "barcode": "123"})
    first, second = good(cart.get_items([CartItemId(f"{row['id']}:{row['variants'][0]['id']}"), item]).rows)
    assert (first.price, second.price, second.barcode) == (D("10.55"), D("12.34"), "123")
    with pytest.raises(HoldRecordError, match="several variants"):
        cart.update_item(item, {"name": "Blouse"})


# --- stock


def tracked(cart: BigCommerceCart, count: int) -> list[CartItem]:
    return [one for one in good(rows_of(cart.iter_items(None))) if one.stock is not None][:count]


def test_one_refused_row_does_not_keep_the_others_from_being_set(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """The shop takes all rows of a request or none, and does not say which one it refuses."""
    items = tracked(cart, 9)
    fake.frozen = {int(items[4].item_id.partition(":")[2])}
    results = cart.set_stock([StockWrite(one.item_id, D(77)) for one in items])
    assert [one.state for one in results] == [WriteState.DONE] * 4 + [WriteState.REFUSED] + [WriteState.DONE] * 4
    assert "bundled" in results[4].reason
    assert [fake.free(*fake.item(one.item_id)) == 77 for one in items].count(False) == 1


def test_stock_that_the_shop_keeps_back_is_added(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """What is set is on hand; what may be sold is that less the safety stock."""
    (item,) = tracked(cart, 1)
    product, variant = fake.item(item.item_id)
    fake.safety[variant["id"]] = 3
    (result,) = cart.set_stock([StockWrite(item.item_id, D(20), item.stock)])
    assert result.state is WriteState.DONE
    assert fake.asked[-1][3]["items"] == [{"location_id": 1, "product_id": product["id"], "quantity": 23}]
    assert fake.free(product, variant) == 20


def test_several_locations_need_a_choice(fake: FakeBigCommerce, connect: Open) -> None:
    """With one chosen its stock is read and written; without, nothing is written anywhere."""
    fake.locations.append({"id": 2, "code": "SHOP", "label": "High Street", "enabled": True})
    fake.locations.append({"id": 3, "code": "OLD", "label": "Closed", "enabled": False})
    (item,) = tracked(connect(), 1)
    (refused,) = connect().set_stock([StockWrite(item.item_id, D(5))])
    assert refused.state is WriteState.REFUSED
    assert "Stock location" in refused.reason
    variant = int(item.item_id.partition(":")[2])
    fake.levels[2, variant] = 6
    chosen = connect(stock_location="High Street")
    assert good(chosen.get_items([item.item_id]).rows)[0].stock == 6
    (done,) = chosen.set_stock([StockWrite(item.item_id, D(5), expected=D(6))])
    assert done.state is WriteState.DONE
    assert fake.levels[2, variant] == 5
    with pytest.raises(NeedsOperatorError, match="no stock location"):
        rows_of(connect(stock_location="Closed").iter_items(None))


def test_a_lost_answer_to_stock_is_unknown(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """And not sent a second time by itself: meanwhile one may be sold."""
    items = tracked(cart, 2)
    fake.lost = True
    results = cart.set_stock([StockWrite(one.item_id, D(9)) for one in items])
    assert [one.state for one in results] == [WriteState.UNKNOWN] * 2
    assert len(asked(fake, "adjustments")) == 1


def test_stock_that_is_not_counted_is_refused(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """Setting it would not change what the shop sells; nor are there half or negative pieces."""
    row = fake.add_product("Free", "FREE", inventory_tracking="none")
    shared = fake.add_product("Shirt", "S", variants=2, inventory_tracking="product")
    ids = [f"{one['id']}:{one['variants'][0]['id']}" for one in (row, shared)]
    writes = [StockWrite(CartItemId(one), D(1)) for one in [*ids, "7", "x:y", ""]]
    (item,) = tracked(cart, 1)
    writes += [StockWrite(item.item_id, D(quantity)) for quantity in ("-1", "0.5", "2147483648")]
    results = cart.set_stock(writes)
    assert {one.state for one in results} == {WriteState.REFUSED}
    assert all(one.reason for one in results)
    assert asked(fake, "adjustments") == []


# --- customers


def test_more_addresses_than_come_with_a_customer(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """Ten come with a list; the others have a list of their own."""
    who = fake.add_customer("many@example.test", "Ma", "Ny", address_count=14)
    fake.homes += [{"id": 9000 + one, "customer_id": who["id"], "city": f"C{one}"} for one in range(13)]
    (customer,) = good(cart.get_customers([CartCustomerId(str(who["id"]))]).rows)
    assert len(customer.addresses) == 14


def test_customers_that_the_shop_has_no_place_for(cart: BigCommerceCart, fake: FakeBigCommerce) -> None:
    """No tax numbers, no names of one word: refused here, with the remedy."""
    for draft in (CustomerDraft("k", "a@b.test", "A", "B", tax_number="1"), CustomerDraft("k", "a@b.test", "A")):
        with pytest.raises(HoldRecordError) as refused:
            cart.create_customer(draft)
        assert refused.value.remedy
    assert asked(fake, "customers") == []


def test_a_customer_is_made_with_the_address(cart: BigCommerceCart) -> None:
    home = Address(street1="1 High St", city="Bath", country="GB", postcode="BA1")
    made = cart.create_customer(CustomerDraft("k", "New@Example.test", "N", "Ew", "Acme", "555", address=home))
    (customer,) = good(cart.get_customers([made]).rows)
    assert (customer.company, customer.phone, customer.addresses[0].street1) == ("Acme", "555", "1 High St")
    assert [one.customer_id for one in cart.find_customers(CustomerDraft("k", "new@example.test"))] == [made]
    with pytest.raises(HoldRecordError):
        cart.create_customer(CustomerDraft("k2", "new@example.test", "N", "Ew"))
    with pytest.raises(HoldRecordError):
        cart.update_customer(CartCustomerId("999999"), {"phone": "1"})


def test_an_answer_that_does_not_say_what_was_made_is_unknown(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """It may have been carried out."""
    fake._create_product = lambda _body: None  # type: ignore[method-assign, assignment, return-value]
    with pytest.raises(UnknownOutcomeError):
        cart.create_item(DRAFT)


# --- connection


@pytest.mark.parametrize(
    ("url", "store"),
    [
        ("https://api.bigcommerce.com/stores/abc123", ""),
        ("https://api.bigcommerce.com/stores/abc123/v3/", ""),
        (" https://api.bigcommerce.com/stores/abc123/v2 ", "other"),
        ("https://api.bigcommerce.com", "abc123"),
        ("https://api.bigcommerce.com/", " abc123 "),
    ],
)
def test_forms_of_the_address(url: str, store: str) -> None:
    """The API path as the control panel shows it, or the host and the store's hash."""
    told = Connection("x", url, {"store_hash": store}, lambda _: "")
    assert api_address(told) == "https://api.bigcommerce.com/stores/abc123"


def verdicts(cart: BigCommerceCart) -> dict[Stage, Verdict]:
    results = list(cart.test_connection())
    assert all(one.remedy for one in results if one.verdict in (Verdict.FAILED, Verdict.WARNING)), results
    return {one.stage: one.verdict for one in results}


def test_a_storefront_is_no_api_path(connect: Open) -> None:
    """Without the store's hash nothing is sent."""
    assert verdicts(connect(url="https://shop.example")) == {Stage.ADDRESS: Verdict.FAILED}


def test_another_store_is_told(connect: Open, cart: BigCommerceCart, fake: FakeBigCommerce) -> None:
    """404: no such store; 403: the token is another store's, or lacks the right."""
    other = cart.session.http._address.origin + "/stores/zzz"
    assert verdicts(connect(url=other))[Stage.AUTHENTICATION] is Verdict.FAILED
    fake.forbidden = {"v2/store"}
    assert verdicts(connect())[Stage.AUTHENTICATION] is Verdict.FAILED


@pytest.mark.parametrize(
    ("path", "verdict"),
    [("v2/orders", Verdict.FAILED), ("v3/catalog", Verdict.FAILED), ("v3/customers", Verdict.WARNING)],
)
def test_missing_rights_are_named(fake: FakeBigCommerce, cart: BigCommerceCart, path: str, verdict: Verdict) -> None:
    """Orders and items are needed; without customers importing still works."""
    fake.forbidden = {path}
    found = verdicts(cart)
    assert found[Stage.READ_RIGHTS] is verdict
    assert (Stage.FAR_FUTURE in found) == (verdict is Verdict.WARNING)


def test_an_ignored_filter_fails_the_test(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """Asked for the far future, a good shop has nothing."""
    fake.ignore_dates = True
    assert verdicts(cart)[Stage.FAR_FUTURE] is Verdict.FAILED


@pytest.mark.parametrize(("minutes", "verdict"), [(0, Verdict.PASSED), (10, Verdict.WARNING), (-10, Verdict.WARNING)])
def test_clocks_apart(fake: FakeBigCommerce, connect: Open, minutes: int, verdict: Verdict) -> None:
    """A wrong clock here is told; the marks are the shop's own times all the same."""
    cart = connect()
    ours = fake.now + timedelta(minutes=minutes)
    object.__setattr__(cart.session.connection, "now", lambda: ours)
    assert verdicts(cart)[Stage.CLOCK] is verdict
    assert [page.complete_to for page in cart.iter_orders(None)] == [fake.now]


def test_the_spec_and_the_facts(cart: BigCommerceCart) -> None:
    """All roles; whether prices hold tax is known after the first reading."""
    assert len(SPEC.capabilities) == 8
    before = cart.facts
    rows_of(cart.iter_items(None))
    assert [before.prices_include_tax, cart.facts.prices_include_tax] == [None, False]
    assert render_v3_time(datetime(2026, 1, 2, 3, 4, 5, 600, tzinfo=UTC)) == "2026-01-02T03:04:05Z"
