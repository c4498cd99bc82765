"""PrestaShop's traps, each reproduced: recorded answers for what is pure, a small shop that misbehaves for the rest."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cartui.adapters.prestashop import PrestaShop
from cartui.adapters.prestashop.facts import FACTS
from cartui.adapters.prestashop.moments import ShopClock
from cartui.adapters.prestashop.parse import OrderParts, Tables, parse_customer, parse_item, parse_order
from cartui.adapters.prestashop.render import render_key, render_record, render_whole
from cartui.adapters.prestashop.session import shop_address
from cartui.adapters.prestashop.states import WORDS, meaning_of, parse_own_states
from cartui.adapters.prestashop.wire import UnreadableError, find_errors, parse_body, parse_rights, raw_of
from cartui.domain.ids import CartCustomerId, CartItemId, CartOrderId
from cartui.domain.money import ProofState, prove_total
from cartui.domain.ports import BadRecord, Stage, StageResult, Verdict
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
from tests.adapters.conftest import VirtualWaiter
from tests.adapters.prestashop_shop import KEY, PASSWD, SECURE_KEY, FakePrestaShop, connect, serve

SAMPLES = Path(__file__).with_name("samples") / "prestashop"
PARIS = ShopClock(ZoneInfo("Europe/Paris"))
Open = Callable[..., PrestaShop]


def recorded(name: str) -> list[dict[str, Any]]:
    rows = parse_body((SAMPLES / name).read_bytes()).rows
    assert rows is not None
    return [dict(row) for row in rows]


def rows_in(body: bytes) -> list[Any]:
    rows = parse_body(body).rows
    if rows is None:
        raise UnreadableError("it has no list")
    return list(rows)


@pytest.fixture
def shop() -> Iterator[FakePrestaShop]:
    with serve(FakePrestaShop()) as shop:
        yield shop


@pytest.fixture
def old_shop() -> Iterator[FakePrestaShop]:
    with serve(FakePrestaShop("1.7.8.11")) as shop:
        yield shop


@pytest.fixture
def cart(shop: FakePrestaShop) -> Iterator[PrestaShop]:
    cart = connect(shop, waiter=VirtualWaiter())
    yield cart
    cart.close()


def orders_of(cart: PrestaShop, since: datetime | None = None) -> dict[str, CartOrder | BadRecord]:
    return {row.external_id: row.record for row in rows_of(cart.iter_orders(since))}


def last_stage(cart: PrestaShop) -> StageResult:
    return list(cart.test_connection())[-1]


# --- recorded answers -------------------------------------------------------------------------------------------------


def tables() -> Tables:
    meanings = {str(row["id"]): meaning_of(row, {}, {}) for row in recorded("order_states.json")}
    return Tables(
        clock=PARIS,
        default_currency="EUR",
        currencies={"1": {"id": "1", "iso_code": "EUR", "conversion_rate": "1.000000"}},
        countries={"17": {"iso_code": "GB"}},
        taxes={"1": {"rate": "20.000"}, "2": {"rate": "5.000"}},
        carriers={"2": {"name": "Parcel Co"}},
        states={key: (f"state {key}", meaning) for key, meaning in meanings.items()},
        option_values={"1": {"name": "S"}, "4": {"name": "Red"}, "5": {"name": "Blue"}},
    )


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


# --- times ------------------------------------------------------------------------------------------------------------


def test_the_ambiguous_hour_in_autumn_takes_its_later_meaning() -> None:
    """25 October 2026, 02:30 is 00:30 or 01:30 UTC: a stamp that is too early would be refused or lost."""
    assert PARIS.latest("2026-10-25 02:30:00", "") == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert PARIS.earliest("2026-10-25 02:30:00", "") == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert PARIS.latest("2026-07-01 12:00:00", "") == datetime(2026, 7, 1, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["0000-00-00 00:00:00", "", "2026-01-01T10:00:00", "2026-13-01 00:00:00", "9999-12-31"]
)
def test_what_is_no_time_is_said_so(text: str) -> None:
    """PrestaShop's zero date above all."""
    with pytest.raises(UnreadableError):
        PARIS.latest(text, "date_upd")


@pytest.mark.parametrize("zone", ["Europe/Paris", "America/New_York", "Australia/Lord_Howe", "UTC", "Asia/Tehran"])
@pytest.mark.parametrize("around", [datetime(2026, 10, 25, tzinfo=UTC), datetime(2026, 3, 29, tzinfo=UTC)])
def test_no_moment_falls_through_the_filter_around_a_clock_change(zone: str, around: datetime) -> None:
    """For every moment and every `since` before it: the row passes `>[bound]`, its stamp is not before `since`, and no
    mark made from an earlier row is later than it."""
    clock = ShopClock(ZoneInfo(zone))
    moments = [around + timedelta(minutes=11 * step) for step in range(-130, 260)]
    local = [one.astimezone(clock.zone).strftime("%Y-%m-%d %H:%M:%S") for one in moments]
    for index, since in enumerate(moments):
        for later in range(index, min(index + 16, len(moments))):
            assert local[later] > clock.bound(since)
            assert clock.latest(local[later], "") >= since
    in_order = sorted(local)
    for row, following in itertools.pairwise(in_order):
        assert clock.latest(following, "") >= clock.earliest(row, "")


@pytest.mark.parametrize("change", [datetime(2026, 10, 25, 0, 0, tzinfo=UTC), datetime(2026, 3, 29, 0, 0, tzinfo=UTC)])
def test_polling_through_a_clock_change_misses_no_order(shop: FakePrestaShop, change: datetime) -> None:
    """An order every seven minutes, a poll every twenty: each comes, and none is earlier than what was asked."""
    cart = connect(shop)
    shop.moment = change
    mark = [page.complete_to for page in cart.iter_orders(None)][-1]
    seen: set[str] = set()
    placed: set[str] = set()
    for step in range(60):
        shop.pass_time(7 * 60)
        placed.add(str(shop.order(("2", 1, "5", "20"))["id"]))
        if step % 3 == 0:
            assert mark is not None
            since = mark - cart.facts.overlap
            pages = list(checked_pages(cart.iter_orders(since), since, "orders"))
            seen |= {row.external_id for row in rows_of(pages)}
            mark = next(page.complete_to for page in reversed(pages) if page.complete_to)
    seen |= {row.external_id for row in rows_of(cart.iter_orders(mark))}
    assert placed <= seen


@pytest.mark.parametrize("minutes", [-10, 10])
def test_marks_run_on_the_shops_clock(shop: FakePrestaShop, minutes: int) -> None:
    """Ours may be ten minutes off: the mark is the shop's time of the beginning."""
    cart = connect(shop)
    shop.shown_offset = timedelta(minutes=minutes)
    mark = [page.complete_to for page in cart.iter_orders(None)][-1]
    assert mark is not None
    assert abs(mark - (shop.moment + shop.shown_offset)) < timedelta(seconds=5)


def test_the_zone_is_the_shops_and_can_be_entered(shop: FakePrestaShop) -> None:
    """PS_TIMEZONE by itself; a key without configurations needs the option, and is told so."""
    cart = connect(shop)
    list(cart.iter_items(shop.moment))
    assert cart.facts.time_zone == "Europe/Paris"
    shop.denied.add(("GET", "configurations"))
    with pytest.raises(NeedsOperatorError, match="configurations"):
        list(connect(shop).iter_orders(None))
    assert rows_of(connect(shop, time_zone="Europe/Paris").iter_orders(None))
    with pytest.raises(NeedsOperatorError, match="not known here"):
        list(connect(shop, time_zone="Mars/Olympus").iter_orders(None))


# --- states -----------------------------------------------------------------------------------------------------------


def state(state_id: str = "40", **marks: str) -> dict[str, str]:
    return {"id": state_id, "paid": "0", "shipped": "0", "delivery": "0", "logable": "0", "invoice": "0"} | marks


@pytest.mark.parametrize(
    ("row", "word"),
    [
        (state(paid="1", logable="1"), "paid"),
        (state(paid="1", delivery="1"), "processing"),
        (state(paid="1", shipped="1"), "shipped"),
        (state("5", paid="1", shipped="1"), "delivered"),
        (state("11", paid="1", logable="1"), "paid"),  # 1.7: remote payment accepted
        (state("6"), "cancelled"),
        (state("7", invoice="1"), "refunded"),
        (state("8"), "failed"),
        (state("10"), "pending"),
        (state(logable="1"), "pending"),
        (state(module_name="ps_checkpayment"), "pending"),
        (state(template="order_canceled"), "cancelled"),
        (state("6", paid="1", logable="1"), "paid"),  # renumbered: the marks go before the id
    ],
)
def test_states_by_marks_first_then_ids(row: dict[str, str], word: str) -> None:
    """Merchants rename and renumber; the marks are the reliable part."""
    assert meaning_of(row, {}, {}) == WORDS[word]


def test_the_shops_own_ids_and_the_merchants_words_go_first() -> None:
    """PS_OS_CANCELED may be 23; and what was entered beats all."""
    assert meaning_of(state("23"), {"23": "cancelled"}, {}) == WORDS["cancelled"]
    assert meaning_of(state("2", paid="1"), {}, {"2": "on_hold"}) == WORDS["on_hold"]
    assert meaning_of(state("23"), {}, {}) is None
    assert parse_own_states("17=paid, 18 = cancelled;") == {"17": "paid", "18": "cancelled"}
    with pytest.raises(NeedsOperatorError):
        parse_own_states("17=bezahlt")


def test_an_unknown_state_is_held_until_it_is_explained(shop: FakePrestaShop) -> None:
    """With its native word; the option makes it an order."""
    shop.put("order_states", id=30, name={"1": "Waiting for [b]Bob[/b]", "2": ""}, template={"1": ""}, module_name="")
    order_id = str(shop.order(("2", 1, "5", "20"), state="30")["id"])
    bad = orders_of(connect(shop))[order_id]
    assert isinstance(bad, BadRecord)
    assert "unknown status 30 (“Waiting for [b]Bob[/b]”)" in bad.reason
    found = orders_of(connect(shop, states="30=paid"))[order_id]
    assert isinstance(found, CartOrder)
    assert found.payment_state is PaymentState.PAID


def test_an_order_with_state_0_and_no_lines_is_held(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """The shop did not finish it: no state, no `associations`, no details; the others come."""
    order = shop.order(("2", 1, "5", "20"))
    order["current_state"] = "0"
    for key in [key for key, row in shop.rows["order_details"].items() if row["id_order"] == str(order["id"])]:
        del shop.rows["order_details"][key]
    found = orders_of(cart)
    bad = found[str(order["id"])]
    assert isinstance(bad, BadRecord)
    assert "unknown status 0" in bad.reason
    assert sum(isinstance(one, CartOrder) for one in found.values()) == len(found) - 1


# --- reading ----------------------------------------------------------------------------------------------------------


def test_a_total_that_is_a_cent_off_is_left_to_the_rounding_line(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """Nothing is recomputed; the proof finds the cent and calls it rounding."""
    placed = shop.order(("2", 3, "4.166667", "20"), off_by="0.01")
    order = orders_of(cart)[str(placed["id"])]
    assert isinstance(order, CartOrder)
    proof = prove_total(order.lines, order.total, order.currency)
    assert (proof.state, proof.difference) == (ProofState.ROUNDED, Decimal("0.01"))


def test_a_voucher_that_does_not_add_up_is_the_orders_own_discount(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """What was taken off counts, not what the voucher was worth."""
    order = shop.order(("2", 1, "50", "20"), discount=("5.000000", "6.000000"))
    next(iter(reversed(shop.rows["order_cart_rules"].values())))["value"] = "20.000000"
    found = orders_of(cart)[str(order["id"])]
    assert isinstance(found, CartOrder)
    assert [line.amount for line in found.lines if line.kind is LineKind.COUPON] == [Decimal("-5.00")]
    assert prove_total(found.lines, found.total, found.currency).state is ProofState.EXACT


def test_vouchers_add_up_by_amount_and_by_tax() -> None:
    """Two sums that agree in the tax alone are no proof; and with one rate the voucher's tax is of that rate."""
    rule = {"id": "1", "name": "Ten", "value": "16.000000", "value_tax_excl": "15.000000"}
    row = recorded("orders.json")[0]
    row |= {"total_discounts_tax_incl": "6.000000", "total_discounts_tax_excl": "5.000000"}
    order = parse_order(row, OrderParts(rules=[rule]), tables())
    assert [line.amount for line in order.lines if line.kind is LineKind.COUPON] == [Decimal("-5.00")]
    taxes = {line.tax_rate: line.amount for line in order.lines if line.kind is LineKind.TAX}
    assert taxes == {Decimal(20): Decimal("0.10")}


def test_a_refund_is_found_though_the_orders_date_does_not_move(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """The list of credit slips is asked besides; the row's stamp is the slip's, so the core takes it."""
    since = shop.moment
    shop.pass_time()
    shop.put(
        "order_slip", id_order="1", total_products_tax_incl="10.000000", total_shipping_tax_incl="0.000000",
        amount="10.000000", date_add=shop.local(), date_upd=shop.local(),
    )  # fmt: skip
    (row,) = rows_of(checked_pages(cart.iter_orders(since), since, "orders"))
    assert isinstance(row.record, CartOrder)
    assert (row.external_id, row.record.payment_state) == ("1", PaymentState.PARTIALLY_REFUNDED)
    assert row.record.payments[-1].amount == Decimal(-10)
    assert row.stamp is not None
    assert row.stamp >= since > row.record.modified_at


def test_an_address_that_changes_brings_its_customer(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """The customer's own date does not move with it."""
    since = shop.moment
    shop.pass_time()
    shop.put("addresses", id=4, phone="0999", date_upd=shop.local())
    (row,) = rows_of(checked_pages(cart.iter_customers(since), since, "customers"))
    assert (row.external_id, good([row])[0].phone) == ("4", "0999")


def test_guests_are_told_apart(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """A guest's order has no customer account; the same e-mail may be an account, too; deleted ones do not come."""
    guest = shop.customer("Gus", "Guest", "buyer001@example.test", guest=True)
    shop.put("customers", id=5, deleted="1")
    placed = shop.order(("2", 1, "5", "20"), customer=guest)
    order = orders_of(cart)[str(placed["id"])]
    assert isinstance(order, CartOrder)
    assert order.buyer.customer_id is None
    assert order.buyer.email == "buyer001@example.test"
    customers = {one.customer_id: one.guest for one in good(rows_of(cart.iter_customers(None)))}
    assert customers[CartCustomerId(str(guest["id"]))]
    assert "5" not in customers
    found = cart.find_customers(CustomerDraft("key-1", "BUYER001@example.test"))
    assert [one.customer_id for one in found] == ["2"]


def test_an_order_of_a_deleted_customer_keeps_its_names(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """They stand in the address."""
    order = shop.order(("2", 1, "5", "20"))
    del shop.rows["customers"][int(order["id_customer"])]
    found = orders_of(cart)[str(order["id"])]
    assert isinstance(found, CartOrder)
    assert found.buyer.customer_id is None
    assert found.buyer.name.endswith("Müller")


def test_baskets_are_carts_without_an_order(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """Empty ones and those that became orders are none; prices are looked up, by currency."""
    baskets = good(rows_of(cart.iter_baskets(None)))
    assert [one.total for one in baskets] == [Decimal("29.50"), Decimal("29.50")]
    row = shop.put("carts", id=int(baskets[0].basket_id), id_currency="2")
    shop.pass_time()
    shop.touch(row)
    (yen,) = good(rows_of(cart.iter_baskets(shop.moment)))
    assert (yen.currency, yen.total) == ("JPY", Decimal(4720))
    assert yen.lines[1].item_id == "19:2"


def test_zero_stock_is_zero_and_negative_stays(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """One record as JSON drops zeros on 8.2: only lists are read. products.quantity is not the stock."""
    shop.stock_row("3")["quantity"] = "0"
    shop.stock_row("4")["quantity"] = "-7"
    items = {one.item_id: one.stock for one in good(rows_of(cart.iter_items(None)))}
    assert (items[CartItemId("3")], items[CartItemId("4")]) == (0, -7)
    assert not [target for method, target, _ in shop.requests if method == "GET" and re.search(r"/api/\w+/\d", target)]


def test_combinations_are_the_items_and_not_their_product(cart: PrestaShop) -> None:
    """Each with its own stock, reference and price."""
    items = {one.item_id: one for one in good(rows_of(cart.iter_items(None)))}
    shirt = items[CartItemId("19:2")]
    assert (shirt.sku, shirt.price, shirt.parent_id, shirt.variant) == ("REF-0019-M", Decimal("22.5"), "19", "M, Blue")
    assert "19" not in items


def test_a_shop_of_one_language_and_full_warnings_is_read_alike(old_shop: FakePrestaShop) -> None:
    """1.7: a list in full is HTTP 500 with the data; explicit fields avoid it, and names come plain."""
    items = good(rows_of(connect(old_shop).iter_items(None)))
    assert items[0].name == "Mug 1 & co"
    asked = [target for _, target, _ in old_shop.requests if "/api/products" in target]
    assert asked
    assert not any("display=full" in one or "id_default_image" in one for one in asked)


def test_warnings_behind_the_data_are_not_the_end(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """HTTP 500, the rows, and PHP's complaints behind them: the rows count. As XML there are none: an error."""
    shop.faults.add("warnings")
    assert len(good(rows_of(cart.iter_orders(None)))) == 34
    with pytest.raises(AbortCycleError, match="Undefined array key"):
        list(connect(shop, waiter=VirtualWaiter(), read_format="xml").iter_orders(None))


@pytest.mark.parametrize("read_format", ["json", "xml"])
def test_one_record_that_spoils_its_page_is_held_alone(shop: FakePrestaShop, read_format: str) -> None:
    """PHP complains while it reads one order, and the whole list is an error: the others come one by one."""
    shop.spoilt = {("orders", 7), ("products", 3), ("orders", 34)}
    cart = connect(shop, waiter=VirtualWaiter(), read_format=read_format)
    found = orders_of(cart)
    assert len(found) == 34
    assert {key for key, one in found.items() if isinstance(one, BadRecord)} == {"7", "34"}
    bad = next(one for one in rows_of(cart.iter_items(None)) if isinstance(one.record, BadRecord))
    assert bad.external_id == "3"
    shop.spoilt = {("orders", number) for number in range(1, 40)}
    with pytest.raises(AbortCycleError, match="Undefined array key"):
        orders_of(cart)


def test_marks_of_orders_from_the_future_never_run_backwards(
    shop: FakePrestaShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mark claims nothing beyond the shop's clock: what is placed now would be before it."""
    for module in ("session", "cart"):
        monkeypatch.setattr(f"cartui.adapters.prestashop.{module}.FACTS", replace(FACTS, page_size=5))
    for order in list(shop.rows["orders"].values())[-12:]:
        order["date_upd"] = "2027-05-05 10:00:00"
    marks = [page.complete_to for page in connect(shop).iter_orders(None)]
    told = [one for one in marks if one is not None]
    assert told == sorted(told)
    assert max(told) <= shop.moment
    assert len(orders_of(connect(shop))) == 34


def test_a_filter_that_is_ignored_is_noticed(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """By the core on the first page, and by Test Connection."""
    shop.faults.add("ignore_dates")
    since = shop.moment + timedelta(days=1)
    with pytest.raises(NeedsOperatorError, match="ignored the date filter"):
        list(checked_pages(cart.iter_orders(since), since, "orders"))
    result = last_stage(connect(shop, time_zone="Europe/Paris"))
    assert (result.stage, result.verdict) == (Stage.FAR_FUTURE, Verdict.FAILED)


def test_date_filters_come_with_date_1_and_every_list_with_a_sort(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """Without date=1 the filter is HTTP 500; without sort the order is any."""
    list(cart.iter_orders(shop.moment))
    list(cart.iter_items(shop.moment))
    list(cart.iter_customers(None))
    for _, target, _ in shop.requests:
        assert "sort=" in target
        assert "date=1" in target or "filter%5Bdate_upd" not in target


def test_a_poll_without_changes_costs_few_requests(shop: FakePrestaShop) -> None:
    """Whatever the shop's size: orders and credit slips, customers and addresses, products; and the settings once."""
    cart = connect(shop)
    shop.pass_time(7200)
    for read in (cart.iter_orders, cart.iter_customers, cart.iter_items):
        assert rows_of(read(shop.moment)) == []
    assert len(shop.requests) == 6


def test_tables_are_read_once_a_connection(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """Currencies, countries, taxes, carriers and states are the same for every page."""
    list(cart.iter_orders(None))
    list(cart.iter_orders(None))
    asked = [re.sub(r".*/api/(\w+)\?.*", r"\1", target) for _, target, _ in shop.requests]
    for name in ("currencies", "countries", "taxes", "carriers", "order_states", "configurations"):
        assert asked.count(name) == 1


def test_secrets_never_cross_the_wire_on_orders_and_customers(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """Their fields are named one by one; and nothing secret is in any raw row."""
    rows = [*rows_of(cart.iter_orders(None)), *rows_of(cart.iter_customers(None)), *rows_of(cart.iter_baskets(None))]
    assert not any(secret.encode() in row.raw for row in rows for secret in (SECURE_KEY, PASSWD, "4111", "dh-1", KEY))
    for _, target, _ in shop.requests:
        if re.search("/api/(orders|customers|order_payments)", target):
            assert "display=full" not in target
            assert "secure_key" not in target
            assert "passwd" not in target


def test_one_shop_of_several_is_asked_for_itself(shop: FakePrestaShop) -> None:
    """`id_shop` on every request; its own stock row is the one that is read and written."""
    other = shop.put("stock_availables", **{**shop.stock_row("3"), "id": 0, "id_shop": "2", "quantity": "9"})
    cart = connect(shop, shop_id="2")
    (item,) = good(cart.get_items([CartItemId("3")]).rows)
    assert item.stock == 9
    (done,) = cart.set_stock([StockWrite(CartItemId("3"), Decimal(4), Decimal(9))])
    assert (done.state, other["quantity"], other["id_shop"]) == (WriteState.DONE, "4", "2")
    assert all("id_shop=2" in target for _, target, _ in shop.requests)
    (refused,) = connect(shop).set_stock([StockWrite(CartItemId("3"), Decimal(5))])
    assert refused.state is WriteState.REFUSED
    assert "shop_id" in refused.reason


def test_a_products_date_of_another_shop_does_not_stop_the_cart(shop: FakePrestaShop) -> None:
    """With several shops the filter knows the product's date, and what is shown is the shop's copy of it."""
    since = shop.moment
    shop.pass_time()
    shop.touch(shop.rows["products"][3])
    honest = shop._shown
    shop._shown = lambda resource, row, display, params: honest(  # type: ignore[method-assign]
        resource, {**row, "date_upd": "2026-01-01 00:00:00"} if resource == "products" else row, display, params
    )
    (row,) = rows_of(checked_pages(connect(shop, shop_id="1").iter_items(since), since, "items"))
    assert row.external_id == "3"


# --- test connection --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "stage", "words"),
    [
        ("redirect", Stage.REDIRECT, "https://www.main-domain.example/"),
        ("no_authorization", Stage.AUTHENTICATION, "did not accept the key"),
        ("disabled", Stage.ADDRESS, "switched off"),
    ],
)
def test_where_the_test_ends(shop: FakePrestaShop, fault: str, stage: Stage, words: str) -> None:
    """A redirect that loses the path is told, not followed; a dropped header, a switched-off service: remedies."""
    shop.faults.add(fault)
    result = last_stage(connect(shop, waiter=VirtualWaiter()))
    assert (result.stage, result.verdict) == (stage, Verdict.FAILED)
    assert words in result.detail
    assert result.remedy
    assert len({target.partition("?")[0] for _, target, _ in shop.requests}) == 1


def test_a_dropped_header_has_a_way_round(shop: FakePrestaShop) -> None:
    """The key in the address works then, and is masked in what is logged."""
    shop.faults.add("no_authorization")
    assert "key_in" in last_stage(connect(shop)).remedy
    assert last_stage(connect(shop, key_in="address")).verdict is Verdict.PASSED


def test_missing_rights_are_named(shop: FakePrestaShop) -> None:
    """Reading fails the test, writing is a warning; a list that may not be read is said by its name."""
    shop.denied |= {("GET", "order_slip"), ("PUT", "products")}
    result = last_stage(connect(shop))
    assert (result.stage, result.verdict) == (Stage.READ_RIGHTS, Verdict.FAILED)
    assert "order_slip" in result.detail
    shop.denied.discard(("GET", "order_slip"))
    results = {one.stage: one for one in connect(shop).test_connection()}
    assert results[Stage.WRITE_RIGHTS].verdict is Verdict.WARNING
    assert "products (PUT)" in results[Stage.WRITE_RIGHTS].detail
    shop.denied.add(("GET", "orders"))
    with pytest.raises(NeedsOperatorError, match="may not read orders"):
        list(connect(shop).iter_orders(None))


def test_a_wrong_path_is_no_web_service(shop: FakePrestaShop) -> None:
    """404 with a web page: rewriting is off, or the address has another directory."""
    result = last_stage(connect(shop, url=shop.url.replace("/shop", "/other")))
    assert (result.stage, result.verdict) == (Stage.ADDRESS, Verdict.FAILED)
    assert "rewriting" in result.remedy


@pytest.mark.parametrize("tail", ["", "/", "/modules", "/modules/", "/api", "/api/"])
def test_the_address_is_taken_as_people_know_it(shop: FakePrestaShop, tail: str) -> None:
    """The source documents show the address of the shop's modules; others know the API's."""
    assert last_stage(connect(shop, url=shop.url + tail)).verdict is Verdict.PASSED
    assert shop_address("https://a.example/shop/modules/") == "https://a.example/shop"


def test_the_clock_is_compared_and_the_version_told(shop: FakePrestaShop) -> None:
    """Twelve minutes ahead is a warning."""
    shop.shown_offset = timedelta(minutes=12)
    results = {one.stage: one for one in connect(shop).test_connection()}
    assert results[Stage.CLOCK].verdict is Verdict.WARNING
    assert "ahead" in results[Stage.CLOCK].detail
    assert "8.2.1" in results[Stage.VERSION].detail


# --- writing ----------------------------------------------------------------------------------------------------------


def writes_of(shop: FakePrestaShop) -> list[tuple[str, str]]:
    return [(method, target.partition("?")[0]) for method, target, _ in shop.requests if method != "GET"]


def test_everything_is_sent_as_xml(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """JSON bodies are HTTP 500; names are escaped, and what XML can't hold is replaced."""
    cart.update_item(CartItemId("3"), {"name": "Mug & co\x1b", "price": Decimal("3.21")})
    (body,) = [body for method, _, body in shop.requests if method == "PATCH"]
    assert body.startswith(b"<?xml")
    assert b"Mug &amp; co\xef\xbf\xbd" in body
    assert shop.rows["products"][3]["name"] == {"1": "Mug & co\ufffd", "2": "Mug 3 & co"}
    assert render_record("products", {"name": {"1": 'a"b'}}).endswith(b"</name></product></prestashop>")


def test_patch_where_there_is_one_sends_the_changed_fields_only(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """8 and later; the first answer tells the version."""
    cart.update_item(CartItemId("3"), {"price": Decimal("3.21")})
    (body,) = [body for method, _, body in shop.requests if method == "PATCH"]
    assert re.findall(rb"<(\w+)>", body) == [b"prestashop", b"product", b"price", b"id"]


@pytest.mark.parametrize("fault", ["version", "right"])
def test_put_repeats_the_whole_record(fault: str) -> None:
    """1.7 has no PATCH, and a key may lack it: a PUT empties what it does not name, so all is written back."""
    with serve(FakePrestaShop("1.7.8.11" if fault == "version" else "8.2.1")) as shop:
        if fault == "right":
            shop.faults.add("no_patch_right")
        cart = connect(shop)
        product, customer = shop.rows["products"][3], shop.rows["customers"][3]
        before, person = json.loads(json.dumps(product)), dict(customer)
        cart.update_item(CartItemId("3"), {"price": Decimal("3.21")})
        cart.update_item(CartItemId("20:4"), {"sku": "NEW", "price": Decimal(19)})
        cart.update_customer(CartCustomerId("3"), {"last_name": "Other", "phone": "0123"})
        stamps = ("price", "date_upd", "date_add")
        assert {k: v for k, v in product.items() if k not in stamps} == {
            k: v for k, v in before.items() if k not in stamps
        }
        assert product["price"] == "3.21"
        assert (shop.rows["combinations"][4]["reference"], shop.rows["combinations"][4]["price"]) == (
            "NEW",
            "-1.00",
        )
        assert shop.rows["combinations"][4]["associations"]["product_option_values"]
        assert (customer["lastname"], customer["passwd"]) == ("Other", person["passwd"])
        assert shop.rows["addresses"][3]["phone"] == "0123"
        assert shop.rows["addresses"][3]["city"] == "Testburg"
        assert not [one for one in writes_of(shop) if one[0] == "PATCH"][1:]


def test_read_only_fields_are_left_out_of_a_put() -> None:
    """manufacturer_name, quantity and position_in_category are refused; associations absent are left alone."""
    row = {"id": "3", "quantity": "0", "manufacturer_name": "", "position_in_category": ""}
    row |= {"id_default_image": "", "price": "1.000000", "name": "Mug", "associations": {"categories": []}}  # type: ignore[dict-item]
    whole = render_whole("products", row, {"price": "2"}, ["1"])
    assert whole == {"id": "3", "price": "2", "name": {"1": "Mug"}}


def test_a_stock_row_keeps_its_shop_and_place(shop: FakePrestaShop, old_shop: FakePrestaShop) -> None:
    """id_shop, id_shop_group, out_of_stock and location are repeated: without them the row is lost to the shop."""
    for one in (shop, old_shop):
        before = dict(one.stock_row("20:4"))
        (done,) = connect(one).set_stock([StockWrite(CartItemId("20:4"), Decimal(40), Decimal(before["quantity"]))])
        assert done.state is WriteState.DONE
        assert one.stock_row("20:4") == before | {"quantity": "40"}
        (body,) = [body for method, _, body in one.requests if method != "GET"]
        assert b"<id_shop>1</id_shop>" in body
        assert b"<id_product_attribute>4</id_product_attribute>" in body


def test_stock_results_come_row_by_row(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """Whole pieces only, combinations instead of their product, unknown items and changed numbers: each says so."""
    current = Decimal(shop.stock_row("2")["quantity"])
    results = cart.set_stock(
        [
            StockWrite(CartItemId("1"), Decimal(7)),
            StockWrite(CartItemId("1"), Decimal("2.5")),
            StockWrite(CartItemId("19"), Decimal(5)),
            StockWrite(CartItemId("77:1"), Decimal(5)),
            StockWrite(CartItemId("no-id|1"), Decimal(5)),
            StockWrite(CartItemId("2"), Decimal(5), current + 1),
            StockWrite(CartItemId("4"), Decimal(-3)),
        ]
    )
    states = [one.state for one in results]
    refused = WriteState.REFUSED
    assert states == [WriteState.DONE, refused, refused, refused, refused, WriteState.CONFLICT, WriteState.DONE]
    assert results[5].current == current
    assert all(one.reason for one in results if one.state is refused)
    assert len(writes_of(shop)) == 2


def test_500_although_saved_is_looked_up_and_not_repeated(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """Creating, changing and stock: PHP complains, the work is done; one record each."""
    shop.faults.add("warnings")
    draft = ItemDraft("cartui-1-item-5", "NEW-5", "New thing", Decimal("9.90"), "EUR", stock=Decimal(12))
    made = cart.create_item(draft)
    cart.update_item(made, {"price": Decimal("8.80"), "name": "Newer thing"})
    person = CustomerDraft("cartui-1-customer-5", "new@example.test", "New", "Person", address=Address(country="GB"))
    customer = cart.create_customer(person)
    assert [item.item_id for item in cart.find_items(draft)] == [made]
    (item,) = good(cart.get_items([made]).rows)
    assert (item.price, item.stock, item.name) == (Decimal("8.80"), 12, "Newer thing")
    assert [one.customer_id for one in cart.find_customers(person)] == [customer]
    assert sum(row["reference"] == "NEW-5" for row in shop.rows["products"].values()) == 1
    assert sum(row["email"] == "new@example.test" for row in shop.rows["customers"].values()) == 1
    assert sum(row["id_customer"] == customer for row in shop.rows["addresses"].values()) == 1


def test_500_and_not_saved_is_a_refusal_in_the_shops_words(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """Nothing is there afterwards, so it may be tried again."""
    shop.faults.add("refuse_writes")
    with pytest.raises(HoldRecordError, match="memory size"):
        cart.create_item(ItemDraft("cartui-1-item-6", "NEW-6", "New", Decimal(1), "EUR"))
    with pytest.raises(HoldRecordError, match="memory size"):
        cart.update_item(CartItemId("3"), {"price": Decimal(1)})
    (result,) = cart.set_stock([StockWrite(CartItemId("3"), Decimal(1))])
    assert result.state is WriteState.REFUSED
    assert "memory size" in result.reason


def test_a_lost_answer_of_a_stock_write_is_unknown(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """It is neither done nor refused, and never sent twice."""
    shop.faults.add("lost_answer")
    (result,) = cart.set_stock([StockWrite(CartItemId("3"), Decimal(1))])
    assert result.state is WriteState.UNKNOWN
    assert len(writes_of(shop)) == 1
    with pytest.raises(UnknownOutcomeError):
        connect(shop, waiter=VirtualWaiter()).update_item(CartItemId("3"), {"price": Decimal(1)})


def test_a_refused_record_says_what_the_shop_says(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """Validation is 400 with a code and a sentence."""
    with pytest.raises(HoldRecordError, match="name is not valid"):
        cart.update_item(CartItemId("3"), {"name": "Mug {3}"})
    with pytest.raises(HoldRecordError, match="no name of its own"):
        cart.update_item(CartItemId("19:2"), {"name": "Shirt"})


def test_a_new_item_is_hidden_until_a_tax_is_chosen(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """Without a tax rules group it would be sold without tax. It carries our key, a name in each language and a
    minimal quantity."""
    hidden = cart.create_item(ItemDraft("cartui-1-item-8", "N-8", "Größe 8", Decimal(1), "EUR"))
    row = shop.rows["products"][int(hidden)]
    assert (row["active"], row["supplier_reference"], row["minimal_quantity"]) == ("0", "cartui-1-item-8", "1")
    assert (row["name"], row["link_rewrite"]["2"]) == ({"1": "Größe 8", "2": "Größe 8"}, "groe-8")
    (body,) = [body for method, _, body in shop.requests if method == "POST"]
    assert b"<associations><categories><category><id>2</id></category></categories></associations>" in body
    shown = connect(shop, tax_rules_group="1").create_item(ItemDraft("k-9", "N-9", "Nine", Decimal(1), "EUR"))
    assert shop.rows["products"][int(shown)]["active"] == "1"
    assert len(render_key("x" * 80)) <= 32


def test_without_stock_management_no_stock_is_told_or_taken(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """The quantities mean nothing then: blank, not zero."""
    shop.put("configurations", name="PS_STOCK_MANAGEMENT", value="0", id_shop="", id_shop_group="")
    assert {one.stock for one in good(rows_of(cart.iter_items(None)))} == {None}
    (refused,) = cart.set_stock([StockWrite(CartItemId("3"), Decimal(4))])
    assert (refused.state, writes_of(shop)) == (WriteState.REFUSED, [])


def test_doubled_references_are_all_found(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """PrestaShop takes them freely, compares without case, and filters have a grammar that a code may break."""
    for name in ("DUP|REF", "dup|ref", "DUP"):
        shop.product(name, name, "1.000000", 1)
    found = cart.find_items(ItemDraft("k", "DUP|REF", "x", Decimal(1), "EUR"))
    assert [one.sku for one in found] == ["DUP|REF", "dup|ref"]
    shop.product("Brackets", "A[1]", "1.000000", 1)
    assert [one.sku for one in cart.find_items(ItemDraft("k", "A[1]", "x", Decimal(1), "EUR"))] == ["A[1]"]
    assert [one.item_id for one in cart.find_items(ItemDraft("k", "REF-0019-M", "x", None, "EUR"))] == ["19:2"]
    assert list(cart.find_items(ItemDraft("k", " ", "x", None, "EUR"))) == []


def test_a_customer_needs_names_and_a_known_country(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """Refused before anything is sent."""
    with pytest.raises(HoldRecordError, match="first name"):
        cart.create_customer(CustomerDraft("k", "a@example.test"))
    with pytest.raises(HoldRecordError, match="country"):
        cart.create_customer(CustomerDraft("k", "a@example.test", "A", "B", address=Address(country="ZZ")))
    assert writes_of(shop) == []


def test_ids_that_could_break_a_filter_are_not_asked(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """They can't be in the shop."""
    assert cart.get_orders([CartOrderId("1|2"), CartOrderId("]"), CartOrderId("0"), CartOrderId("")]).rows == ()
    assert shop.requests == []


def test_items_are_of_the_right_type(cart: PrestaShop) -> None:
    """What a list gives is what reading by id gives."""
    listed = {row.external_id: row.record for row in rows_of(cart.iter_items(None))}
    again = {row.external_id: row.record for row in cart.get_items([CartItemId(one) for one in listed]).rows}
    assert listed == again
    assert all(isinstance(one, CartItem) for one in listed.values())
