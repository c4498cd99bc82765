"""Recorded answers of 8.2.1 and 1.7.8.11, read and compared."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from cartui.adapters.prestashop.parse import OrderParts, parse_customer, parse_item, parse_order
from cartui.adapters.prestashop.wire import UnreadableError, find_errors, parse_body, parse_rights, raw_of
from cartui.domain.money import ProofState, prove_total
from cartui.domain.records import (
    LineKind,
    PaymentState,
)
from tests.adapters.prestashop.cases import SAMPLES, recorded, rows_in, tables


def test_a_recorded_order_is_read_to_the_cent() -> None:
    """Goods from order_details, shipping, taxes by rate; order 1 of the recording is 0.00 off."""
    details = [row for row in recorded("order_details.json") if row["id_order"] == "1"]
    payments = [row for row in recorded("order_payments.json") if row["order_reference"] == "QPKULLKFA"]
    order = parse_order(recorded("orders.json")[0], OrderParts(details, payments=payments), tables())
    assert (order.order_number, order.total, order.native_status) == ("QPKULLKFA", Decimal("45.98"), "state 2")
    assert order.modified_at == datetime(2026, 8, 15, 23, 43, 54, tzinfo=UTC)
    taxes = {line.text: line.amount for line in order.lines if line.kind is LineKind.TAX}
    assert taxes == {"Tax 5 %": Decimal("1.88"), "Tax 20 %": Decimal("1.10")}
    assert prove_total(order.lines, order.total, order.currency).state is ProofState.EXACT
    assert [(one.amount, one.state) for one in order.payments] == [(Decimal("45.98"), PaymentState.PAID)]
    assert order.lines[0].item_id == "61:3"
    assert (str(order.total), str(order.lines[0].unit_price)) == ("45.98", "12.50")


def test_a_recorded_voucher_is_a_coupon_line() -> None:
    """Order 3: five euros off, without tax."""
    rules = [row for row in recorded("order_cart_rules.json") if row["id_order"] == "3"]
    order = parse_order(recorded("orders.json")[2], OrderParts(rules=rules), tables())
    (line,) = [line for line in order.lines if line.kind is LineKind.COUPON]
    assert (line.text, line.amount) == ("Voucher FIVER & co", Decimal("-5.00"))


def test_payments_that_are_not_this_orders_alone_are_its_own_sum() -> None:
    """Orders that were split share a reference: its payments are not added to each."""
    row = recorded("orders.json")[0] | {"total_paid_real": "20.000000"}
    payments = [one for one in recorded("order_payments.json") if one["order_reference"] == "QPKULLKFA"]
    order = parse_order(row, OrderParts(payments=payments), tables())
    assert [one.amount for one in order.payments] == [Decimal(20)]


def test_xml_and_json_read_alike() -> None:
    """One record, the empty list, languages and associations."""
    (order,) = recorded("order_one.xml")
    assert (order["id"], order["date_upd"]) == ("5", "2026-08-16 13:56:36")
    assert order["associations"]["order_rows"][0]["product_id"] == "19"
    (product,) = recorded("product_one.xml")
    assert product["name"][0]["id"] == "1"
    assert list(parse_body((SAMPLES / "products_empty.xml").read_bytes()).rows or ["none"]) == ["none"]
    assert parse_body(b"[]").rows == ()


def test_recorded_customer_and_combination() -> None:
    """Phone and tax number come from the address; a combination's price is an impact on its product's."""
    customer = parse_customer(recorded("customers.json")[1], recorded("addresses.json")[1:2], tables())
    assert (customer.phone, customer.tax_number, customer.addresses[0].country) == ("01632960000", "XX000000", "GB")
    product = {"id": "61", "name": "Clock", "price": "12.500000", "date_upd": "2026-11-21 00:07:54", "active": "1"}
    items = [parse_item(product, row, None, tables()) for row in recorded("combinations.json")]
    assert [(one.item_id, one.price) for one in items] == [
        ("61:1", Decimal("12.5")),
        ("61:2", Decimal("12.5")),
        ("61:3", Decimal("15.0")),
    ]
    assert items[1].variant == "S, Blue"


def test_recorded_errors_and_rights() -> None:
    """Codes and words of both formats; the index in XML, since as JSON it is HTTP 500 on 8.2."""
    assert [one.code for one in find_errors((SAMPLES / "error_bad_key.xml").read_bytes())] == [20, 21]
    errors = find_errors((SAMPLES / "error_filter.json").read_bytes())
    assert errors[0].code == 32
    assert not errors[0].is_noise
    assert all(one.is_noise for one in errors[1:])
    name, rights = parse_rights((SAMPLES / "index.xml").read_bytes())
    assert name == "Test shop ps82"
    assert "PATCH" in rights["addresses"]


def test_secrets_of_full_rows_are_not_kept() -> None:
    """passwd, secure_key, reset tokens and download hashes never reach `raw`, whatever was asked for."""
    raw = raw_of(customer=recorded("customers.json")[0], carts=recorded("carts.json"), orders=recorded("orders.json"))
    assert b"secure_key" not in raw
    assert b"passwd" not in raw
    assert b"reset_password_token" not in raw


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><prestashop><orders>&b;</orders></prestashop>',
        b'<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd"><prestashop><orders/></prestashop>',
        b"<html><body>Maintenance</body></html>",
        b"<prestashop><orders><order>",
        b'{"orders": [{"id": 1}',
        b'{"orders": 7}x',
        b"[" * 100_000,
    ],
)
def test_bombs_pages_and_halves_are_no_rows(body: bytes) -> None:
    """Document types are refused, a web page or half an answer is an error: never an empty list."""
    with pytest.raises(UnreadableError):
        rows_in(body)


def test_control_characters_in_xml_spoil_nothing() -> None:
    """PrestaShop prints them into CDATA as they are, which no XML parser takes."""
    product = b"<product><id>1</id><name><![CDATA[A\x1b]0;B\x08]]></name></product>"
    body = b"<prestashop><products>" + product + b"</products></prestashop>"
    (row,) = parse_body(body).rows or ()
    assert row["name"] == "A\ufffd]0;B\ufffd"
