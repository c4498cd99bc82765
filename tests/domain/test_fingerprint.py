"""A fingerprint changes with the content of a record, and with nothing else."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from cartui.domain.fingerprint import UnstorableTextError, fingerprint
from cartui.domain.ids import CartCustomerId, CartItemId, CartOrderId
from cartui.domain.records import (
    Address,
    Buyer,
    CartItem,
    CartOrder,
    FulfilmentState,
    LineKind,
    OrderLine,
    OrderState,
    Payment,
    PaymentState,
)

AT = datetime(2026, 11, 20, tzinfo=UTC)
LINE = OrderLine(LineKind.PRODUCT, "Mug", Decimal("9.50"), item_id=CartItemId("i-1"))
ORDER = CartOrder(
    order_id=CartOrderId("o-1"), order_number="1", placed_at=AT, modified_at=AT, currency="EUR", total=Decimal("9.50"),
    lines=(LINE,), native_status="paid", order_state=OrderState.OPEN, payment_state=PaymentState.PAID,
    fulfilment_state=FulfilmentState.UNFULFILLED, buyer=Buyer(CartCustomerId("c-1"), "ada@example.com"),
    billing_address=Address("Ada"), shipping_address=Address(),
    payments=(Payment("card", Decimal("9.50"), PaymentState.PAID),),
)  # fmt: skip
OTHERS = {
    "total": Decimal("9.51"), "lines": (LINE, LINE), "buyer": Buyer(None, "ada@example.com"), "note": "x",
    "order_state": OrderState.CLOSED, "payments": (), "placed_at": AT + timedelta(microseconds=1),
    "shipping_address": Address("Ada"), "native_status": "", "currency": "USD",
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_each_change_of_content_shows(name: str) -> None:
    """Also within lines, the buyer and the addresses."""
    assert fingerprint(replace(ORDER, **{name: OTHERS[name]})) != fingerprint(ORDER)


def test_each_field_of_a_line_shows() -> None:
    """None is not the empty text, one line is not two, a text does not slip into the next field."""
    changed = [
        *(replace(LINE, **{one.name: None}) for one in fields(LINE) if getattr(LINE, one.name) is not None),
        replace(LINE, text="", sku="Mug"),
        replace(LINE, sku="Mug", text=""),
        replace(LINE, item_id=CartItemId("")),
    ]
    prints = [fingerprint(replace(ORDER, lines=(line,))) for line in (LINE, *changed)]
    assert len(set(prints)) == len(prints) - 1  # the second and third of the list are one and the same


def test_the_stamp_does_not_show() -> None:
    """Stamps lie."""
    assert fingerprint(replace(ORDER, modified_at=AT + timedelta(days=1))) == fingerprint(ORDER)


def test_the_order_of_native_values_does_not_show() -> None:
    """They are a mapping; what they hold does show."""
    one, two = CartItem(CartItemId("1"), "Mug", AT, native={"a": "1", "b": "2"}), {"b": "2", "a": "1"}
    assert fingerprint(replace(one, native=two)) == fingerprint(one)
    assert fingerprint(replace(one, native={"a": "1", "b": "3"})) != fingerprint(one)


@pytest.mark.parametrize("text", ["\ud800", "a\0b"])
def test_what_no_database_keeps_is_refused(text: str) -> None:
    """Wherever it stands."""
    for order in (replace(ORDER, note=text), replace(ORDER, lines=(replace(LINE, sku=text),))):
        with pytest.raises(UnstorableTextError):
            fingerprint(order)


def test_it_is_the_same_in_another_process() -> None:
    """Whatever the hash seed."""
    code = "from tests.domain.test_fingerprint import ORDER, fingerprint; print(fingerprint(ORDER))"
    root = Path(__file__).parents[2]
    out = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed},
            cwd=root,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert out == {fingerprint(ORDER)}
