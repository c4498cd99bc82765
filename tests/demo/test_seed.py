"""What a new demo shop holds."""

import stat
from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cartui.demo.lifecycle import ORDER_STATES
from cartui.demo.pricing import DraftLine, price_lines, round_half_up
from cartui.demo.server import DemoShop
from cartui.demo.wire import KINDS, parse_time, render_time
from tests.demo.conftest import NOW, SEED

Rows = list[dict[str, Any]]


def off_identity(orders: Rows) -> Rows:
    """The orders whose stated amounts do not add up to their total."""
    return [
        order
        for order in orders
        if sum(Decimal(line["net_amount"]) for line in order["lines"])
        + sum(Decimal(tax["amount"]) for tax in order["taxes"])
        != Decimal(order["total"])
    ]


def test_money_identity_holds_on_every_order_also_after_selling(shop: DemoShop) -> None:
    """sum(net_amount) + sum(taxes.amount) = total, exactly; so it does for new orders of all currencies."""
    assert off_identity(shop.rows("orders")) == []
    shop.tick(120)
    orders = shop.rows("orders")
    assert off_identity(orders) == []
    assert {order["currency"] for order in orders[1_500:]} >= {"EUR", "USD", "JPY"}
    orders[3]["taxes"].append({"amount": "0.01"})
    assert off_identity(orders) == [orders[3]]  # the check itself sees one cent


def test_each_tax_is_charged_on_the_sum_of_its_lines(shop: DemoShop) -> None:
    """A tax row's base is what the lines of its rate add up to; line taxes add up but for rounding."""
    off = 0
    for order in shop.rows("orders"):
        for tax in order["taxes"]:
            lines = [line for line in order["lines"] if line["tax_rate_percent"] == tax["rate_percent"]]
            assert sum(Decimal(line["net_amount"]) for line in lines) == Decimal(tax["base"])
            difference = sum(Decimal(line["tax_amount"]) for line in lines) - Decimal(tax["amount"])
            assert abs(difference) <= Decimal("0.05")
            off += difference != 0
    assert 10 < off < 300


def test_amounts_have_the_decimals_of_their_currency(shop: DemoShop) -> None:
    """JPY without, EUR and USD with two, KWD with three decimals."""
    decimals = {
        (order["currency"], -int(Decimal(text).as_tuple().exponent))
        for order in shop.rows("orders")
        for text in [order["total"]] + [line["net_amount"] for line in order["lines"]]
    }
    assert decimals == {("EUR", 2), ("USD", 2), ("JPY", 0), ("KWD", 3)}


def test_same_seed_and_moment_give_the_same_shop(shop: DemoShop) -> None:
    """Two files of one seed hold the same records and sell the same; another seed gives another shop."""
    twin, other = DemoShop(":memory:", SEED, NOW), DemoShop(":memory:", SEED + 1, NOW)
    for each in (shop, twin, other):
        each.tick(12)
    for kind in KINDS:
        assert shop.rows(kind) == twin.rows(kind)
        assert shop.rows(kind) != other.rows(kind)
    assert shop.shop_id == twin.shop_id != other.shop_id
    twin.close()
    other.close()


def test_counts_and_states(shop: DemoShop) -> None:
    """300 items, 200 customers, 25 baskets, 1,500 orders over 90 days, in every status, with all that orders have."""
    assert [len(shop.rows(kind)) for kind in KINDS] == [1_500, 300, 200, 25]
    orders = shop.rows("orders")
    placed = [parse_time(order["placed_at"], "") for order in orders]
    assert NOW - timedelta(days=90) <= min(placed) < NOW - timedelta(days=88)
    assert {order["status"] for order in orders} == set(ORDER_STATES)
    assert {order["payment_state"] for order in orders} >= {
        "pending",
        "authorized",
        "partially_paid",
        "refunded",
        "failed",
    }
    assert {order["fulfilment_state"] for order in orders} >= {
        "unfulfilled",
        "partially_shipped",
        "shipped",
        "delivered",
    }
    kinds = {line["kind"] for order in orders for line in order["lines"]}
    assert kinds == {"product", "shipping", "discount", "coupon", "fee", "gift_card", "store_credit", "tip"}
    guests = [order for order in orders if order["buyer"]["guest"]]
    emails = {customer["email"] for customer in shop.rows("customers")}
    assert 300 < len(guests) < 600
    assert any(order["buyer"]["email"] in emails for order in guests)


def test_stamps_are_in_order_and_shared(shop: DemoShop) -> None:
    """Nothing is later than now or changed before it was made; many orders share a second, some their very stamp."""
    orders = shop.rows("orders")
    end = render_time(NOW)
    assert all(order["placed_at"] <= order["modified_at"] <= end for order in orders)
    for kind in ("items", "customers", "baskets"):
        assert all(row["created_at"] <= row["modified_at"] <= end for row in shop.rows(kind))
    assert max(Counter(order["placed_at"][:19] for order in orders).values()) >= 12
    assert max(Counter(order["modified_at"] for order in orders).values()) >= 12


def test_refunds_never_exceed_what_was_paid(shop: DemoShop) -> None:
    """Part and whole refunds, each covered by payments."""
    partial = 0
    for order in shop.rows("orders"):
        paid = sum(Decimal(payment["amount"]) for payment in order["payments"] if payment["state"] == "paid")
        refunded = sum(Decimal(refund["amount"]) for refund in order["refunds"])
        assert refunded <= paid
        partial += 0 < refunded < paid
    assert partial > 20


def test_awkward_items_are_there(shop: DemoShop) -> None:
    """No SKU, SKUs twice, SKUs that differ in case or a blank only, no stock kept, inactive, sold by half metres."""
    items = shop.rows("items")
    skus = Counter(item["sku"] for item in items)
    assert skus.pop(None) == 12
    assert sum(count == 2 for count in skus.values()) >= 6
    assert any(sku != sku.lower() and sku.lower() in skus for sku in skus)
    assert any(sku != sku.strip() and sku.strip() in skus for sku in skus)
    assert sum(item["stock"] is None for item in items) == 15
    assert sum(not item["active"] for item in items) == 8
    assert any(item["stock"] and "." in item["stock"] for item in items)
    assert sum(item["parent_id"] is not None for item in items) > 100


def test_hostile_text_is_everywhere(shop: DemoShop) -> None:
    """Markup, terminal control, right-to-left, emoji and formulas in names, SKUs and notes."""
    places = {
        "items": [item["name"] for item in shop.rows("items")],
        "customers": [customer["last_name"] for customer in shop.rows("customers")],
        "notes": [order["note"] or "" for order in shop.rows("orders")],
    }
    for texts in places.values():
        together = "".join(texts)
        assert all(mark in together for mark in ("[/foo]", "\x1b]52;", "\u202e", "\U0001f468\u200d", "\x9b", "\x00"))
        assert any(text.startswith("=") for text in texts)


def test_file_is_private_and_kept(shop: DemoShop, tmp_path: Path) -> None:
    """Readable by its owner only; opened again it is the same shop with the same password and a clock that goes on."""
    path = tmp_path / "own.db"
    first = DemoShop(path, 3, NOW)
    first.tick(5)
    last, orders = first.now(), first.rows("orders")
    first.close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = DemoShop(path, 99, NOW)
    assert (again.seed, again.password, again.shop_id) == (3, first.password, first.shop_id)
    assert again.rows("orders") == orders
    assert again.now() > last - timedelta(seconds=1) > NOW
    assert again.password != shop.password
    again.close()


def test_unsuitable_arguments_are_refused(tmp_path: Path) -> None:
    """A naive moment, and the file of another version."""
    with pytest.raises(ValueError, match="aware"):
        DemoShop(":memory:", 1, datetime(2026, 1, 1))  # noqa: DTZ001
    shop = DemoShop(tmp_path / "old.db", 1, NOW)
    shop.store.set_meta("schema", "0")
    shop.close()
    with pytest.raises(ValueError, match="another version"):
        DemoShop(tmp_path / "old.db", 1, NOW)


def test_rounding_is_half_away_from_zero() -> None:
    """Also of negative amounts; tax on the total rounds once, tax by line each time."""
    assert [round_half_up(n, 2) for n in (-3, -1, 0, 1, 3)] == [-2, -1, 0, 1, 2]
    drafts = [DraftLine("product", "Pin", 105, rate=10_000) for _ in range(3)]
    assert price_lines(drafts, "USD", gross=False, tax_on_total=False).total == 315 + 33
    assert price_lines(drafts, "USD", gross=False, tax_on_total=True).total == 315 + 32
