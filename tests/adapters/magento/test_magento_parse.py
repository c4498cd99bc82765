"""The Magento adapter's pure half: recorded rows become records, and every amount is explained."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from cartui.adapters.magento.errors import message_of
from cartui.adapters.magento.parse import parse_basket, parse_customer, parse_item, parse_order, parse_status_map
from cartui.adapters.magento.render import (
    render_customer,
    render_customer_changes,
    render_item,
    render_item_changes,
    render_since,
)
from cartui.domain.money import ProofState, prove_total
from cartui.domain.ports import BadRecord
from cartui.domain.records import Address, CartOrder, CustomerDraft, ItemDraft, LineKind, OrderState, PaymentState
from cartui.errors import HoldRecordError
from tests.adapters.magento.shop import recorded

Row = dict[str, Any]
ORDERS: list[Row] = recorded("orders")
NEW, PAID, DISCOUNTED, REFUNDED = 129, 1, 2, 3


def row_of(number: int, **changes: Any) -> Row:
    (row,) = [row for row in ORDERS if row["entity_id"] == number]
    return deepcopy(row) | changes


def order_of(number: int, **changes: Any) -> CartOrder:
    record = parse_order(row_of(number, **changes)).record
    assert isinstance(record, CartOrder), record
    return record


def bad_of(number: int, **changes: Any) -> BadRecord:
    record = parse_order(row_of(number, **changes)).record
    assert isinstance(record, BadRecord), record
    return record


def amounts(order: CartOrder) -> list[tuple[str, Any]]:
    return [(line.kind.value, line.amount) for line in order.lines]


def proven(order: CartOrder) -> bool:
    return prove_total(order.lines, order.total, order.currency).state is ProofState.EXACT


# --- amounts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", ORDERS, ids=lambda row: f"{row['state']}-{row['entity_id']}")
def test_recorded_orders_add_up_exactly(row: Row) -> None:
    order = parse_order(deepcopy(row)).record
    assert isinstance(order, CartOrder)
    assert proven(order)


def test_a_configurable_is_one_line_with_the_parents_money_for_the_childs_item() -> None:
    lines = [line for line in order_of(NEW).lines if line.kind is LineKind.PRODUCT]
    told: list[Any] = [(line.item_id, line.sku, line.quantity, line.amount, line.line_id) for line in lines]
    assert told == [
        ("138", "CFG-10-L", 1, 25, "197"),
        ("41", "MG-0040", 5, Decimal("39.75"), "199"),
        ("106", "CFG-02-L", 2, 34, "200"),
    ]
    assert lines[0].text == "Config shirt 10 L"


def bundle(parent_total: str, *parts: str) -> Row:
    """An order of one bundle for 60.00 whose parts have these totals."""
    line = {"qty_ordered": 1, "is_virtual": 0, "tax_amount": 0, "tax_percent": 0}
    top = {
        "item_id": 10,
        "product_id": 90,
        "sku": "SET",
        "name": "Set",
        "product_type": "bundle",
        "price": parent_total,
    }
    items = [line | top | {"row_total": parent_total}]
    for number, part in enumerate(parts, 11):
        own = {"item_id": number, "parent_item_id": 10, "product_id": number, "sku": f"PART-{number}", "name": "Part"}
        items.append(line | own | {"product_type": "simple", "price": part, "row_total": part})
    return row_of(NEW, items=items, grand_total=60, subtotal=60, tax_amount=0, extension_attributes=[])


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (bundle("60", "20", "40"), [("PART-11", 20), ("PART-12", 40)]),
        (bundle("60", "0", "0"), [("SET", 60), ("PART-11", 0), ("PART-12", 0)]),
        (bundle("0", "20", "40"), [("PART-11", 20), ("PART-12", 40)]),
    ],
    ids=["priced by its parts", "fixed price", "money on the parts only"],
)
def test_a_bundles_money_is_counted_once_and_its_parts_are_there(row: Row, expected: list[tuple[str, int]]) -> None:
    order = parse_order(row).record
    assert isinstance(order, CartOrder)
    assert [(line.sku, int(line.amount)) for line in order.lines] == expected
    assert proven(order)


def test_a_line_whose_parent_is_missing_stands_for_itself() -> None:
    row = row_of(NEW)
    row["items"][4]["parent_item_id"] = 4711
    order = parse_order(row).record
    assert isinstance(order, CartOrder)
    lines = [(line.line_id, line.sku) for line in order.lines if line.kind is LineKind.PRODUCT]
    assert lines == [("197", "CFG-10-L"), ("199", "MG-0040"), ("200", "CFG-02-L"), ("201", "CFG-02-L")]
    assert proven(order)


def test_discounts_on_prices_with_tax_become_net_by_the_compensation() -> None:
    """120 with 20 % tax, 12 off: Magento says 100 + 18 - 12 + 2; net that is 10 off."""
    row = bundle("100")
    row |= {"discount_amount": -12, "discount_tax_compensation_amount": 2, "tax_amount": 18, "grand_total": 108}
    order = parse_order(row).record
    assert isinstance(order, CartOrder)
    assert amounts(order) == [("product", 100), ("discount", -10), ("tax", 18)]
    assert proven(order)


def test_coupons_say_their_code() -> None:
    (line,) = [line for line in order_of(DISCOUNTED).lines if line.kind is LineKind.COUPON]
    assert (line.text, line.amount) == ("TEN", Decimal("-129.99"))


def test_gift_cards_store_credit_and_points_are_lines_of_their_own() -> None:
    """As Adobe Commerce sends them: positive, and taken off the total already."""
    extras = {
        "gift_cards": [{"id": 1, "code": "CARD-1", "amount": 50, "base_amount": 40}],
        "gift_cards_amount": 50,
        "base_gift_cards_amount": 40,
        "customer_balance_amount": 25,
        "reward_currency_amount": "3.5000",
        "gw_price": "5.0000",
        "gw_card_price": 1,
    }
    order = order_of(PAID, extension_attributes=extras, grand_total=Decimal("7829.1") - 50 - 25 - Decimal("3.5") + 6)
    assert amounts(order)[-6:] == [
        ("gift_card", -50),
        ("store_credit", -25),
        ("store_credit", Decimal("-3.5")),
        ("fee", 5),
        ("fee", 1),
        ("tax", Decimal("1304.85")),
    ]
    assert proven(order)


def test_fixed_product_taxes_are_a_fee_where_only_they_explain_the_rest() -> None:
    row = bundle("60")
    row["items"][0]["weee_tax_applied_row_amount"] = Decimal("2.5")
    with_fee, within = parse_order(row | {"grand_total": Decimal("62.5")}).record, parse_order(row).record
    assert isinstance(with_fee, CartOrder)
    assert isinstance(within, CartOrder)
    assert amounts(with_fee) == [("product", 60), ("fee", Decimal("2.5"))]
    assert amounts(within) == [("product", 60)]


def test_what_nothing_explains_is_left_to_be_held() -> None:
    """A surcharge of a plug-in that the API does not name."""
    order = order_of(PAID, grand_total=Decimal("7831.6"))
    assert prove_total(order.lines, order.total, order.currency).state is ProofState.UNEXPLAINED


def test_taxes_come_per_rate_where_the_shop_states_them() -> None:
    applied = [
        {"code": "GB", "title": "VAT 20", "percent": 20, "amount": 1300},
        {"code": "ECO", "title": "Eco", "percent": "0.5000", "amount": Decimal("4.85")},
    ]
    taxes = [
        line for line in order_of(PAID, extension_attributes={"applied_taxes": applied}).lines if line.kind == "tax"
    ]
    assert [(tax.text, tax.amount, tax.tax_rate) for tax in taxes] == [
        ("VAT 20", 1300, 20),
        ("Eco", Decimal("4.85"), Decimal("0.5")),
    ]
    applied[0]["amount"] = 1  # does not add up to the tax that was charged: the rows' own rates are used
    (tax,) = [
        line for line in order_of(PAID, extension_attributes={"applied_taxes": applied}).lines if line.kind == "tax"
    ]
    assert (tax.text, tax.amount) == ("Tax 20 %", Decimal("1304.85"))


def test_amounts_are_of_the_orders_currency_not_the_shops() -> None:
    base = {"base_currency_code": "GBP", "base_grand_total": 1, "base_subtotal": 1, "base_tax_amount": 0}
    order = order_of(PAID, order_currency_code="EUR", **base)
    assert (order.currency, order.total) == ("EUR", Decimal("7829.1"))


@pytest.mark.parametrize(
    ("told", "meant"),
    [("7829.1000000000004", "7829.1"), ("7829.1000", "7829.1"), (7829.10, "7829.1"), ("78.291e2", "7829.1")],
)
def test_phps_ways_to_write_a_number(told: Any, meant: str) -> None:
    assert order_of(PAID, grand_total=Decimal(str(told)) if isinstance(told, float) else told).total == Decimal(meant)


@pytest.mark.parametrize("told", ["1e1000000", "NaN", "", None, True, "12,50", {"amount": 1}])
def test_what_is_no_number_is_told_by_its_field(told: Any) -> None:
    assert "grand_total" in bad_of(PAID, grand_total=told).reason


# --- states -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "status", "expected"),
    [
        ("new", "pending", (OrderState.OPEN, PaymentState.PENDING)),
        ("new", "our_own_word", (OrderState.OPEN, PaymentState.PENDING)),
        ("pending_payment", "pending_payment", (OrderState.OPEN, PaymentState.PENDING)),
        ("payment_review", "payment_review", (OrderState.ON_HOLD, PaymentState.PENDING)),
        ("processing", "processing", (OrderState.OPEN, PaymentState.AUTHORIZED)),
        ("processing", "fraud", (OrderState.ON_HOLD, PaymentState.AUTHORIZED)),
        ("holded", "holded", (OrderState.ON_HOLD, PaymentState.PENDING)),
        ("canceled", "canceled", (OrderState.CANCELLED, PaymentState.VOIDED)),
        ("new", None, (OrderState.OPEN, PaymentState.PENDING)),
        (None, "processing", (OrderState.OPEN, PaymentState.AUTHORIZED)),
    ],
)
def test_the_state_counts_not_the_merchants_word(state: str, status: str, expected: tuple[str, str]) -> None:
    order = order_of(NEW, state=state, status=status)
    assert (order.order_state, order.payment_state) == expected
    assert order.native_status == (status or state)


def test_an_unknown_state_is_held_with_the_shops_word() -> None:
    bad = bad_of(NEW, state="drop_shipped", status="with_\x1b[31mus")
    assert "unknown status" in bad.reason
    assert "drop_shipped" in bad.reason
    assert "\x1b" not in bad.reason
    assert "status_map" in bad.remedy


def test_the_shops_own_words_can_be_told() -> None:
    """By status or by state; they go before what Magento would say."""
    words = parse_status_map("drop_shipped=processing, fraud = processing,")
    for changes in ({"state": "drop_shipped", "status": "x"}, {"state": "processing", "status": "fraud"}):
        order = parse_order(row_of(NEW, **changes), words).record
        assert isinstance(order, CartOrder)
        assert (order.order_state, order.native_status) == (OrderState.OPEN, changes["status"])
    for wrong in ("packed", "packed=", "=new", "packed=paid"):
        with pytest.raises(ValueError, match=r"packed|new"):
            parse_status_map(wrong)


def test_refunds_in_full_and_in_part() -> None:
    """Credit memos are in total_refunded; they stand as money that went back."""
    whole, part = order_of(REFUNDED), order_of(REFUNDED, total_refunded=100, state="complete")
    assert whole.payment_state is PaymentState.REFUNDED
    assert [payment.amount for payment in whole.payments] == [Decimal("1552.77"), Decimal("-1552.77")]
    assert (part.payment_state, part.payments[1].amount) == (PaymentState.PARTIALLY_REFUNDED, Decimal(-100))


def test_shipping_in_part_is_seen_by_the_quantities() -> None:
    row = row_of(NEW, state="processing", total_paid=Decimal("118.5"))
    assert order_of(NEW, total_paid=Decimal("118.5")).fulfilment_state == "unfulfilled"
    row["items"][0]["qty_shipped"] = 1  # the parent of a configurable is what is shipped
    assert [parse_order(row).record.fulfilment_state] == ["partially_shipped"]  # type: ignore[union-attr]
    row["items"][2]["qty_shipped"] = 5
    row["items"][3] |= {"qty_shipped": 1, "qty_canceled": 1}
    assert [parse_order(row).record.fulfilment_state] == ["shipped"]  # type: ignore[union-attr]


def test_a_bundle_that_is_shipped_part_by_part() -> None:
    row = bundle("60", "20", "40")
    row["items"][1]["qty_shipped"] = 1
    assert [parse_order(row).record.fulfilment_state] == ["partially_shipped"]  # type: ignore[union-attr]
    row["items"][2]["qty_shipped"] = 1
    assert [parse_order(row).record.fulfilment_state] == ["shipped"]  # type: ignore[union-attr]


def test_an_edited_order_names_the_one_it_replaces() -> None:
    """Staff's edit cancels the old order and makes a new one: two orders, one of them cancelled."""
    old = order_of(NEW, state="canceled", status="canceled", relation_child_real_id="000000129-1")
    new = order_of(NEW, increment_id="000000129-1", relation_parent_real_id="000000129")
    assert (old.order_state, old.note) == (OrderState.CANCELLED, "Replaced by order 000000129-1.")
    assert (new.order_number, new.note) == ("000000129-1", "Replaces order 000000129.")


# --- people, times, raw rows ------------------------------------------------------------------------------------------


def test_a_guest_is_named_by_the_billing_address() -> None:
    buyer = order_of(PAID).buyer
    assert (buyer.customer_id, buyer.name, buyer.email) == (None, "Bob Smith", "guest001@example.com")
    assert order_of(DISCOUNTED).buyer.customer_id == "96"


def test_stamps_without_a_zone_are_utc() -> None:
    order = order_of(PAID, created_at="2026-10-04 02:30:00", updated_at="2026-10-04T03:30:00Z")
    assert order.placed_at == datetime(2026, 10, 4, 2, 30, tzinfo=UTC)
    assert order.modified_at == datetime(2026, 10, 4, 3, 30, tzinfo=UTC)
    assert render_since(datetime(2026, 10, 4, 3, 30, 0, 999_999, tzinfo=UTC)) == "2026-10-04 03:30:00"


@pytest.mark.parametrize("told", [None, "", "0000-00-00 00:00:00", "yesterday", 17])
def test_a_row_without_a_usable_stamp_is_not_lost(told: Any) -> None:
    received = parse_order(row_of(PAID, updated_at=told))
    assert received.stamp is None
    assert received.external_id == "1"


def test_raw_rows_hold_no_secrets_and_each_line_once() -> None:
    row = row_of(NEW)
    row["payment"] |= {"cc_number_enc": "4111", "additional_information": ["tok_secret"], "cc_last4": "1111"}
    raw = parse_order(row).raw
    for secret in (b"4111", b"tok_secret", b"1111", row["protect_code"].encode(), b"additional_information"):
        assert secret not in raw
    assert raw.count(b'"item_id":197') == 1
    assert (
        json.loads(raw)["extension_attributes"]["shipping_assignments"][0]["shipping"]["address"]["city"] == "Testburg"
    )


@pytest.mark.parametrize("row", [{"value": 7}, {"entity_id": None}, {"entity_id": True, "items": "no"}])
def test_a_row_without_an_id_gets_one_from_its_body(row: Row) -> None:
    received = parse_order(row)
    assert isinstance(received.record, BadRecord)
    assert len(received.external_id) == 32


def test_php_writes_empty_objects_as_lists_and_lists_with_gaps_as_objects() -> None:
    row = row_of(PAID, extension_attributes=[], billing_address=[], payment=[])
    row["items"] = {"3": row["items"][0]}
    order = parse_order(row).record
    assert isinstance(order, CartOrder)
    assert proven(order)


def test_items_customers_and_baskets() -> None:
    product, person = recorded("products")[0], recorded("customers")[1]
    product["custom_attributes"].append({"attribute_code": "ean", "value": "4006381333931"})
    item = parse_item(product | {"status": 2}, "GBP", Decimal(3), "ean").record
    assert not isinstance(item, BadRecord)
    assert (str(item.item_id), item.sku, item.active) == ("1", "MG-0000", False)
    assert (item.price, item.stock) == (Decimal("19.99"), Decimal(3))
    assert item.barcode == "4006381333931"
    assert parse_item(product | {"updated_at": None}, "GBP", None).record.__class__ is BadRecord
    customer = parse_customer(person | {"rp_token": "reset-me"})
    assert not isinstance(customer.record, BadRecord)
    assert customer.record.addresses[0] == Address(
        "Eve García", "", "1 Example Street", "", "Testburg", "", "10115", "DE", "01632960000"
    )
    assert b"reset-me" not in customer.raw
    moment = "2026-11-20 10:00:00"
    basket = {"id": 5, "created_at": moment, "updated_at": moment, "currency": {"quote_currency_code": "EUR"}}
    lines = [{"item_id": 1, "sku": "A", "qty": 3, "name": "A", "price": Decimal("1.1")}]
    found = parse_basket(
        basket | {"items": lines, "customer": {"id": None, "email": None}, "billing_address": []}
    ).record
    assert not isinstance(found, BadRecord)
    assert (found.total, found.currency, found.buyer.customer_id) == (Decimal("3.3"), "EUR", None)


# --- what is sent -----------------------------------------------------------------------------------------------------


def test_errors_have_their_places_filled_in() -> None:
    told = recorded("errors")
    said = {name: message_of(json.dumps(body).encode()) for name, body in told.items()}
    assert said["no_criteria"] == "searchCriteria is a required field."
    assert said["auth_bad"] == "Consumer is not authorized to access Magento_Sales::sales"
    assert said["invoice_again"].count("The order does not allow") == 1
    parts = {"message": "Bad", "errors": [{"message": '"%1" of %field', "parameters": {"1": "x", "field": "qty"}}]}
    assert message_of(json.dumps(parts).encode()) == 'Bad "x" of qty'
    assert message_of(b"<html>") == message_of(b"[]") == ""


def test_drafts_that_magento_has_no_place_for_are_refused() -> None:
    good = ItemDraft("key", "SKU", "Name", Decimal("9.90"), "GBP", stock=Decimal(2))
    product = render_item(good, 4, "", 1, with_stock=True)["product"]
    assert (product["price"], product["extension_attributes"]["stock_item"]["qty"]) == (9.9, 2)
    assert "stock_item" not in render_item(good, 4, "", 1, with_stock=False)["product"]["extension_attributes"]
    for sku, name, price in (
        ("", "Name", Decimal(1)),
        ("S" * 65, "N", Decimal(1)),
        ("S", "", Decimal(1)),
        ("S", "N", None),
    ):
        with pytest.raises(HoldRecordError):
            render_item(ItemDraft("key", sku, name, price, "GBP"), 4, "", None, with_stock=True)
    with pytest.raises(HoldRecordError, match="SKU can't be changed"):
        render_item_changes("1", {"sku": "OTHER"}, "")
    with pytest.raises(HoldRecordError, match="Barcode attribute"):
        render_item_changes("1", {"barcode": "4006381333931"}, "")
    assert render_item_changes("1", {"barcode": "4"}, "ean") == {
        "product": {"custom_attributes": [{"attribute_code": "ean", "value": "4"}]}
    }


def test_a_customers_addresses_are_never_sent_in_a_change() -> None:
    """Magento deletes the addresses that such a body does not repeat."""
    stored = recorded("customers")[1]
    sent = render_customer_changes(stored, {"last_name": "Neu", "tax_number": "XX9"}, "88")["customer"]
    assert "addresses" not in sent
    assert (sent["lastname"], sent["taxvat"], sent["email"], sent["website_id"]) == ("Neu", "XX9", stored["email"], 1)
    assert (sent["group_id"], sent["default_billing"]) == (2, "1")
    with pytest.raises(HoldRecordError, match="company"):
        render_customer_changes(stored, {"company": "Acme"}, "88")


def test_a_new_customer_needs_both_names_and_gets_whole_addresses_only() -> None:
    home = Address(street1="1 Street", city="Town", country="DE", postcode="1", phone="012")
    draft = CustomerDraft("key", "a@example.com", "Ada", "Lace", company="Acme", address=home)
    address = render_customer(draft, 1)["customer"]["addresses"][0]
    assert (address["company"], address["telephone"], address["street"]) == ("Acme", "012", ["1 Street"])
    bare = CustomerDraft("key", "a@example.com", "Ada", "Lace", address=Address(street1="1 Street"))
    assert "addresses" not in render_customer(bare, None)["customer"]
    with pytest.raises(HoldRecordError, match="first and a last name"):
        render_customer(CustomerDraft("key", "a@example.com", "Ada"), None)
