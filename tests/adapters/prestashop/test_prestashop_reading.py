"""What a listing must make of a shop that misbehaves."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from cartui.adapters.prestashop import PrestaShop
from cartui.adapters.prestashop.facts import FACTS
from cartui.adapters.prestashop.parse import OrderParts, parse_order
from cartui.domain.ids import CartCustomerId, CartItemId, CartOrderId
from cartui.domain.money import ProofState, prove_total
from cartui.domain.ports import BadRecord, Stage, Verdict
from cartui.domain.records import (
    CartOrder,
    CustomerDraft,
    LineKind,
    PaymentState,
    StockWrite,
    WriteState,
)
from cartui.errors import AbortCycleError, NeedsOperatorError
from cartui.sync.intake import checked_pages
from cartui.testing.conformance import good, rows_of
from tests.adapters.conftest import VirtualWaiter
from tests.adapters.prestashop.cases import last_stage, orders_of, recorded, rows_in, tables
from tests.adapters.prestashop.data import SECURE_KEY
from tests.adapters.prestashop.server import connect, serve
from tests.adapters.prestashop.shop import KEY, PASSWD, FakePrestaShop


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


@pytest.mark.parametrize("version", ["1.7.7.2", "1.7.4.4"])
def test_versions_without_a_list_of_vouchers_are_read(version: str) -> None:
    """Before 1.7.8 there is none: the test passes, and the discount is the order's own sum."""
    with serve(FakePrestaShop(version)) as shop:
        cart = connect(shop)
        assert all(one.verdict is not Verdict.FAILED for one in cart.test_connection())
        (order,) = good(cart.get_orders([CartOrderId("6")]).rows)
        (line,) = [line for line in order.lines if line.kind is LineKind.DISCOUNT]
        assert (line.text, line.amount, line.tax_amount) == ("Discount", Decimal("-4.17"), Decimal("-0.83"))
        list(cart.iter_orders(None))
        assert sum("/order_cart_rules" in target for _, target, _ in shop.requests) == 1


def test_a_voucher_that_was_taken_off_the_order_is_no_line(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """The shop keeps it, marked as deleted."""
    shop.put("order_cart_rules", id_order="6", name="Taken off", value="3", value_tax_excl="2.5", free_shipping="0",
             deleted="1")  # fmt: skip
    (order,) = good(cart.get_orders([CartOrderId("6")]).rows)
    assert [line.text for line in order.lines if line.kind is LineKind.COUPON] == ["Voucher FIVER & co"]


def test_a_tax_on_shipping_whose_rate_was_not_noted_has_no_rate(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """carrier_tax_rate is 0 there, and 0 % of tax would be wrong."""
    shop.rows["orders"][1]["carrier_tax_rate"] = "0.000"
    (order,) = good(cart.get_orders([CartOrderId("1")]).rows)
    (shipping,) = [line for line in order.lines if line.kind is LineKind.SHIPPING]
    assert (shipping.tax_amount, shipping.tax_rate) == (Decimal("1.10"), None)
    assert "Tax 0 %" not in [line.text for line in order.lines]


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


def test_a_shop_that_cannot_write_json_is_asked_for_xml(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """1.7.4 on a PHP that came after it; it is tried once a connection."""
    whole = orders_of(cart)
    shop.faults.add("json_breaks")
    again = connect(shop)
    assert orders_of(again) == whole
    before = len(shop.requests)
    list(again.iter_orders(None))
    assert not any("output_format=JSON" in target for _, target, _ in shop.requests[before:])


def test_control_characters_in_json_are_read() -> None:
    """1.6 prints them as they are, and bytes that are no UTF-8 likewise."""
    (row,) = rows_in(b'{"orders":[{"id":7,"payment":"a\x07b\xe9"}]}')
    assert (row["id"], row["payment"]) == ("7", "a\x07b\ufffd")


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
    """Whatever the shop's size: orders and credit slips, customers and addresses, products, what was sold and whose
    turn it is; the settings, and whether dates are filtered by, once."""
    cart = connect(shop)
    shop.pass_time(7200)
    for read in (cart.iter_orders, cart.iter_customers, cart.iter_items):
        assert rows_of(read(shop.moment)) == []
    assert len(shop.requests) == 9


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
    rows = rows_of(checked_pages(connect(shop, shop_id="1").iter_items(since), since, "items"))
    assert "3" in {row.external_id for row in rows}
