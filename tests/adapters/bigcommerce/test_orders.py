"""Orders of BigCommerce: what stands beside them, and what their statuses mean."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from cartui.adapters.bigcommerce import BigCommerceCart
from cartui.adapters.bigcommerce.parse import parse_customer, parse_order
from cartui.domain.ids import CartOrderId
from cartui.domain.plan_orders import import_rule
from cartui.domain.ports import BadRecord
from cartui.domain.records import (
    CartOrder,
    LineKind,
    PaymentState,
)
from cartui.errors import AbortCycleError
from cartui.testing.conformance import good, rows_of
from tests.adapters.bigcommerce.judging import D, asked, order_of, whole
from tests.adapters.bigcommerce_shop import FakeBigCommerce

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
