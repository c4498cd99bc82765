"""What is wrong with a cart's own data, found by reading."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from cartui.domain.cart_check import check_customers, check_items
from cartui.testing import samples

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def test_a_clean_cart_has_no_findings() -> None:
    """Also one whose variants name products that are never listed."""
    items = [samples.item(n, NOW, parent_id="p1" if n < 3 else "") for n in range(6)]
    assert check_items(items) == []
    assert check_customers([samples.customer(n, NOW) for n in range(5)]) == []


def test_each_fault_is_named_with_who_has_it() -> None:
    """And with what to do."""
    items = [
        samples.item(0, NOW, sku="A", barcode="4006381333931"),
        samples.item(1, NOW, sku="A", barcode="04006381333931"),
        samples.item(2, NOW, sku=""),
        samples.item(3, NOW, price=None),
        samples.item(4, NOW, price=Decimal(0)),
        samples.item(5, NOW, price=None, active=False),
        samples.item(6, NOW, stock=Decimal(3), sku="P"),
        samples.item(7, NOW, parent_id="i6", sku="P"),
        samples.item(8, NOW, parent_id="gone"),
        samples.item(9, NOW, stock=Decimal(-2)),
    ]
    found = {one.code: one.ids for one in check_items(items)}
    assert found == {
        "double_sku": ("i0", "i1"),
        "double_barcode": ("i0", "i1"),
        "no_sku": ("i2",),
        "no_price": ("i3", "i4"),
        "parent_with_stock": ("i6",),
        "stock_below_zero": ("i9",),
        "orphan": ("i8",),
    }
    assert all(one.remedy and one.examples for one in check_items(items))


def test_customers_without_or_with_anothers_e_mail_are_found() -> None:
    """Guests aside: they may share one with a registered customer."""
    customers = [
        samples.customer(0, NOW),
        samples.customer(1, NOW, email="BUYER0@example.test"),
        samples.customer(2, NOW, email=""),
        samples.customer(3, NOW, email="", guest=True),
        samples.customer(4, NOW, email="buyer0@example.test", guest=True),
    ]
    assert {one.code: one.ids for one in check_customers(customers)} == {
        "no_email": ("c2",),
        "double_email": ("c0", "c1"),
    }
