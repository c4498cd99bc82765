"""Rows of WooCommerce, read from recorded answers: amounts, states, texts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from cartui.adapters.woocommerce.parse import parse_customer, parse_item, parse_order, parse_row
from cartui.domain.money import ProofState, prove_total
from cartui.domain.ports import BadRecord
from cartui.domain.records import LineKind, PaymentState
from tests.adapters.woocommerce.shop import sample

ORDERS = ("with_refund", "negative_fee", "two_taxes", "jpy", "kwd", "variation_line", "with_coupon", "no_sku_line")


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
