"""Amounts of BigCommerce's orders."""

from __future__ import annotations

from typing import Any

import pytest

from cartui.adapters.bigcommerce.parse import parse_order
from cartui.domain.money import ProofState
from cartui.domain.ports import BadRecord
from cartui.domain.records import (
    LineKind,
)
from tests.adapters.bigcommerce.judging import D, amounts, order_of, proof_of

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
