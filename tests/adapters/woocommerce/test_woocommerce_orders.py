"""What is done with WooCommerce's orders after they were placed: refunds, shipments, statuses; each way that a shop may
have for it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from cartui.adapters.woocommerce import WooCommerce
from cartui.adapters.woocommerce.parse import parse_order
from cartui.domain.ids import CartBasketId, CartOrderId, RecordKind
from cartui.domain.ports import BadRecord
from cartui.domain.records import (
    BasketStatus,
    CartOrder,
    FulfilmentState,
    PaymentState,
    ShipmentDraft,
    ShipmentLine,
)
from cartui.errors import HoldRecordError, NeedsOperatorError, UnknownOutcomeError
from tests.adapters.woocommerce.conftest import Open
from tests.adapters.woocommerce.shop import NOW, Row, Shop, sample


@pytest.fixture
def shop() -> Shop:
    return Shop(NOW, "8.9.3")


@pytest.fixture
def order(shop: Shop) -> Row:
    row = shop.add_order("order_with_coupon", status="processing")
    row["line_items"][0]["quantity"] = 3
    return row


def draft_of(order: Row, **fields: Any) -> ShipmentDraft:
    told: dict[str, Any] = {"carrier": "dhl", "carrier_title": "DHL", "tracking_number": "TR-Ü 1", "completes": True}
    return ShipmentDraft("key-1", CartOrderId(str(order["id"])), NOW, **{**told, **fields})


def read(cart: WooCommerce, order: Row) -> CartOrder:
    (row,) = cart.get_orders([CartOrderId(str(order["id"]))]).rows
    assert not isinstance(row.record, BadRecord)
    return row.record


def sent(shop: Shop, method: str) -> list[str]:
    return [target.partition("/v3/")[2].partition("?")[0] for verb, target in shop.requests if verb == method]


# --- refunds ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("version", "path"), [("8.9.3", "orders/{}/refunds"), ("9.9.5", "refunds")])
def test_refunds_come_with_their_lines_and_only_where_there_are_some(
    shop: Shop, cart: WooCommerce, order: Row, version: str, path: str
) -> None:
    """Version 9 lists those of many orders at once; an order without refunds costs no question."""
    shop.version = version
    assert read(cart, order).refunds == ()
    assert not [target for target in sent(shop, "GET") if target.endswith("refunds")]
    made = shop.refund(order, 0, restock=True)
    (refund,) = read(cart, order).refunds
    assert (refund.amount, refund.reason, refund.refunded_at) == (Decimal(made["amount"]), "Broken & bad", NOW)
    (line,) = refund.lines
    assert (line.line_id, line.quantity) == (str(order["line_items"][0]["id"]), 1)
    assert line.amount + line.tax_amount == refund.amount
    assert line.restock is True
    assert path.format(order["id"]) in sent(shop, "GET")


def test_what_the_shop_did_not_put_back_is_not_restocked(shop: Shop, cart: WooCommerce, order: Row) -> None:
    """The order's line tells how many pieces went back."""
    shop.refund(order, 0, restock=False)
    assert [line.restock for line in read(cart, order).refunds[0].lines] == [False]


def test_a_refund_of_more_than_its_lines_adds_up(shop: Shop, cart: WooCommerce, order: Row) -> None:
    """Staff typed a larger sum: the rest is a line of its own."""
    made = shop.refund(order, 0, restock=False)
    made["amount"] = str(Decimal(made["amount"]) + 2)
    (refund,) = read(cart, order).refunds
    assert [line.text for line in refund.lines][1:] == ["Refunded beyond the lines"]
    assert sum(line.amount + line.tax_amount for line in refund.lines) == refund.amount


def test_a_refund_without_a_record_keeps_its_sum(shop: Shop, cart: WooCommerce) -> None:
    """It was deleted between two questions: the order's own row tells the sum."""
    row = shop.add_order("order_with_refund")
    (refund,) = read(cart, row).refunds
    assert (refund.amount, refund.lines) == (Decimal("1.50"), ())


# --- shipments --------------------------------------------------------------------------------------------------------


def test_without_fulfilments_a_shipment_is_a_note_and_an_entry(shop: Shop, cart: WooCommerce, order: Row) -> None:
    """The entry has our key and the lines; the note is for the shopper if asked; the paid order becomes completed."""
    line = str(order["line_items"][0]["id"])
    part = draft_of(order, completes=False, lines=(ShipmentLine(line, Decimal(1)),), notify_shopper=True)
    made = cart.create_shipment(part)
    assert (shop.notes[0]["customer_note"], "TR-Ü 1" in shop.notes[0]["note"]) == (True, True)
    (found,) = cart.find_shipments(part.order_id)
    assert (found.shipment_id, found.key, found.lines) == (made, "key-1", part.lines)
    assert read(cart, order).fulfilment_state is FulfilmentState.PARTIALLY_SHIPPED
    cart.create_shipment(replace(draft_of(order), key="key-2", tracking_number="TR-2"))
    assert (order["status"], read(cart, order).fulfilment_state) == ("completed", FulfilmentState.SHIPPED)
    assert len(shop.notes) == 2


def test_a_tracking_plug_in_is_told(shop: Shop, cart: WooCommerce, order: Row) -> None:
    """Its list is what the shopper sees; it keeps no key, so that the order keeps ours; no note besides."""
    shop.faults.add("tracking")
    made = cart.create_shipment(draft_of(order))
    (found,) = cart.find_shipments(CartOrderId(str(order["id"])))
    assert (found.shipment_id, found.key, found.tracking_number) == (made, "key-1", "TR-Ü 1")
    assert made.startswith("tracking-")
    assert shop.notes == []


def test_a_number_that_staff_entered_is_not_sent_again(shop: Shop, cart: WooCommerce, order: Row) -> None:
    """The plug-in has that tracking number: it is the same parcel."""
    shop.faults.add("tracking")
    order["meta_data"].append(
        {"key": "_wc_shipment_tracking_items", "value": [{"tracking_id": "ab", "tracking_number": "TR-Ü 1"}]}
    )
    assert cart.create_shipment(draft_of(order)) == "tracking-ab"
    assert [target for target in sent(shop, "POST") if "shipment-trackings" in target] == []


@pytest.mark.parametrize("version", ["10.1.2", "11.0.1"])
def test_fulfilments_are_used_where_the_shop_has_them(shop: Shop, cart: WooCommerce, order: Row, version: str) -> None:
    """Both shapes of their answers; a carrier that is none of WooCommerce's has its name."""
    shop.version = version
    shop.faults.add("fulfilments")
    draft = draft_of(order, carrier="", carrier_title="Own van")
    made = cart.create_shipment(draft)
    (found,) = cart.find_shipments(draft.order_id)
    assert (found.shipment_id, found.key, found.carrier) == (made, "key-1", "other")
    meta = {one["key"]: one["value"] for one in shop.fulfilments[0]["meta_data"]}
    assert meta["_provider_name"] == "Own van"
    assert shop.notes == []
    assert read(cart, order).fulfilment_state is FulfilmentState.SHIPPED


@pytest.mark.parametrize("fault", ["", "fulfilments"])
def test_more_than_is_left_is_refused(shop: Shop, cart: WooCommerce, order: Row, fault: str) -> None:
    """WooCommerce itself would take it, and any number of times."""
    shop.version = "11.0.1"
    shop.faults.add(fault)
    line = str(order["line_items"][0]["id"])
    two = draft_of(order, completes=False, lines=(ShipmentLine(line, Decimal(2)),))
    cart.create_shipment(two)
    with pytest.raises(HoldRecordError, match="no 2 left"):
        cart.create_shipment(replace(two, key="key-2", tracking_number="TR-2"))
    cart.create_shipment(replace(draft_of(order), key="key-3", tracking_number="TR-3"))
    with pytest.raises(HoldRecordError, match="left to ship"):
        cart.create_shipment(replace(draft_of(order), key="key-4", tracking_number="TR-4"))


def test_a_lost_answer_is_found_again_by_the_key(shop: Shop, opened: Open, order: Row) -> None:
    """Nothing is sent twice."""
    shop.faults.add("lost_answers")
    with pytest.raises(UnknownOutcomeError):
        opened().create_shipment(draft_of(order))
    shop.faults.discard("lost_answers")
    again = opened()
    (found,) = again.find_shipments(CartOrderId(str(order["id"])))
    assert found.key == "key-1"
    assert again.create_shipment(draft_of(order)) == found.shipment_id


def test_an_unpaid_order_that_was_shipped_keeps_its_status(shop: Shop, cart: WooCommerce) -> None:
    """Completed would say that it is paid. The shipment is told all the same."""
    row = shop.add_order("order_with_coupon", status="on-hold", date_paid_gmt=None)
    cart.create_shipment(draft_of(row))
    assert row["status"] == "on-hold"
    assert read(cart, row).fulfilment_state is FulfilmentState.SHIPPED


@pytest.mark.parametrize(("status", "wanted"), [("none", "processing"), ("on-hold", "on-hold"), ("", "completed")])
def test_the_status_after_shipping_is_the_admins_choice(opened: Open, order: Row, status: str, wanted: str) -> None:
    """None leaves it as it is."""
    opened(shipped_status=status).create_shipment(draft_of(order))
    assert order["status"] == wanted


# --- statuses ---------------------------------------------------------------------------------------------------------


def test_no_status_says_paid_of_what_is_not(shop: Shop, cart: WooCommerce) -> None:
    """Nor refunded: WooCommerce would make a refund of it."""
    row = shop.add_order("order_with_coupon", status="pending", date_paid_gmt=None)
    number = CartOrderId(str(row["id"]))
    for code in ("completed", "processing"):
        with pytest.raises(HoldRecordError, match="not paid"):
            cart.set_order_status(number, code)
    with pytest.raises(HoldRecordError, match="no status"):
        cart.set_order_status(number, "refunded")
    cart.set_order_status(number, "on-hold")
    assert row["status"] == "on-hold"


def test_statuses_of_plug_ins_can_be_set_and_have_their_names(shop: Shop, cart: WooCommerce, order: Row) -> None:
    """They come from the shop itself."""
    shop.statuses.append("packed")
    assert ("packed", "Packed") in {(one.code, one.title) for one in cart.list_order_statuses()}
    cart.set_order_status(CartOrderId(str(order["id"])), "packed")
    assert order["status"] == "packed"


def test_the_meaning_of_each_status_is_the_admins(shop: Shop, opened: Open, order: Row) -> None:
    """Of plug-ins' and of WooCommerce's own; an entry that can't be read is told."""
    order["status"] = "packed"
    shop.statuses.append("packed")
    found = read(opened(status_map="wc-packed=wc-completed"), order)
    assert (found.native_status, found.fulfilment_state) == ("packed", FulfilmentState.SHIPPED)
    with pytest.raises(NeedsOperatorError, match="status_map"):
        read(opened(status_map="packed=shiped"), order)


def test_a_paid_order_on_hold_is_paid() -> None:
    """Staff put it on hold: the day of payment stays."""
    told = {**sample("order_with_coupon"), "status": "on-hold", "date_paid_gmt": "2026-11-20T10:00:00"}
    assert parse_order(told, {}).payment_state is PaymentState.PAID


def test_a_basket_that_was_placed_is_the_order_of_the_same_number(shop: Shop, cart: WooCommerce) -> None:
    """WooCommerce makes the draft itself the order."""
    row = next(one for one in shop.orders if one["status"] == "checkout-draft")
    number = CartBasketId(str(row["id"]))
    (before,) = cart.get_baskets([number]).rows
    row["status"] = "processing"
    (after,) = cart.get_baskets([number]).rows
    assert not isinstance(before.record, BadRecord)
    assert not isinstance(after.record, BadRecord)
    assert (before.record.status, before.record.order_id) == (BasketStatus.OPEN, None)
    assert (after.record.status, after.record.order_id) == (BasketStatus.PURCHASED, number)


def test_admin_pages_lead_to_the_product_of_a_variation(cart: WooCommerce) -> None:
    """A variation has no page of its own."""
    assert cart.admin_url(RecordKind.ITEM, "90:95").endswith("/wp-admin/post.php?post=90&action=edit")
    assert cart.admin_url(RecordKind.CUSTOMER, "7").endswith("/wp-admin/user-edit.php?user_id=7")
