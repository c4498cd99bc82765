"""Shipments, statuses and baskets of BigCommerce, and its refunds."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from cartui.adapters.bigcommerce import BigCommerceCart
from cartui.domain.ids import CartBasketId, CartOrderId, RecordKind
from cartui.domain.records import (
    BasketStatus,
    CartOrder,
    FulfilmentState,
    LineKind,
    RefundState,
    ShipmentDraft,
    ShipmentLine,
)
from cartui.errors import HoldRecordError, NeedsOperatorError
from cartui.testing.conformance import good
from tests.adapters.bigcommerce.judging import Open
from tests.adapters.bigcommerce_shop import FakeBigCommerce


def parcel(fake: FakeBigCommerce, row: dict[str, Any], **changes: Any) -> ShipmentDraft:
    told: dict[str, Any] = {"completes": True, "carrier": "dhl", "carrier_title": "DHL", "tracking_number": "00340"}
    return ShipmentDraft("cartui-ship-1", CartOrderId(str(row["id"])), fake.now, **(told | changes))


def read(cart: BigCommerceCart, row: dict[str, Any]) -> CartOrder:
    (order,) = good(cart.get_orders([CartOrderId(str(row["id"]))]).rows)
    return order


def refund(
    fake: FakeBigCommerce, row: dict[str, Any], amount: str, items: list[dict[str, Any]], **changes: Any
) -> None:
    """Staff gives money back."""
    paid = {"id": 13, "provider_id": "card", "amount": float(amount), "is_declined": False}
    told = {"id": 900, "order_id": row["id"], "created": "2026-11-20T12:00:00+00:00", "reason": "Broken"}
    fake.refunds.append({**told, "total_amount": float(amount), "items": items, "payments": [paid | changes]})
    fake.set_status(row, 14)


def test_a_shipment_says_who_carries_it_and_who_made_it(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """An empty provider, as the documentation wants it for a link in the mail; our key as the comment."""
    row = fake.add_order(pieces=2)
    cart.create_shipment(parcel(fake, row))
    (made,) = fake.details[row["id"], "shipments"]
    assert (made["shipping_provider"], made["tracking_carrier"], made["shipping_method"]) == ("", "dhl", "DHL")
    assert made["comments"] == "cartui-ship-1"


def test_two_parts_without_numbers_are_told_apart_by_their_keys(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """What other carts can't: the comment is a place for the key."""
    row = fake.add_order(pieces=3)
    line = (ShipmentLine(str(fake.details[row["id"], "products"][0]["id"]), Decimal(1)),)
    part = parcel(fake, row, lines=line, completes=False, tracking_number="")
    first = cart.create_shipment(part)
    assert cart.create_shipment(part) == first
    assert cart.create_shipment(replace(part, key="cartui-ship-2")) != first
    assert read(cart, row).fulfilment_state is FulfilmentState.PARTIALLY_SHIPPED


def test_comments_of_staff_are_no_keys(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """A shipment made in the control panel is known by its number only."""
    row = fake.add_order()
    cart.create_shipment(parcel(fake, row))
    fake.details[row["id"], "shipments"][0]["comments"] = "left with the neighbour"
    (found,) = cart.find_shipments(CartOrderId(str(row["id"])))
    assert (found.key, found.tracking_number) == ("", "00340")
    assert cart.create_shipment(parcel(fake, row)) == found.shipment_id


def test_lines_to_two_addresses_are_two_shipments(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """BigCommerce ships to one of an order's addresses at a time; a digital line goes to none and is left out."""
    row = fake.add_order(lines=3)
    one, two, three = fake.details[row["id"], "products"]
    two["order_address_id"], three["order_address_id"] = one["order_address_id"] + 1, 0
    with pytest.raises(HoldRecordError, match="several addresses"):
        cart.create_shipment(parcel(fake, row))
    two["order_address_id"] = one["order_address_id"]
    cart.create_shipment(parcel(fake, row))
    sent = {item["order_product_id"] for item in fake.details[row["id"], "shipments"][0]["items"]}
    assert sent == {one["id"], two["id"]}


@pytest.mark.parametrize("count", ["3", "0.5", "0"])
def test_what_is_not_there_is_refused_before_anything_is_sent(
    fake: FakeBigCommerce, cart: BigCommerceCart, count: str
) -> None:
    row = fake.add_order(pieces=2)
    line = ShipmentLine(str(fake.details[row["id"], "products"][0]["id"]), Decimal(count))
    with pytest.raises(HoldRecordError, match="has 2 left to ship"):
        cart.create_shipment(parcel(fake, row, lines=(line,)))
    assert fake.details[row["id"], "shipments"] == []


def test_a_status_never_says_that_an_unpaid_order_is_paid(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """Manual payments are said to be made by the status alone: there only the shop's staff may move it."""
    row = fake.add_order(status_id=7, payment_status="")
    order_id = CartOrderId(str(row["id"]))
    with pytest.raises(HoldRecordError, match="would say that the order is paid"):
        cart.set_order_status(order_id, "11")
    cart.set_order_status(order_id, "5")
    assert row["status_id"] == 5


def test_statuses_are_listed_under_the_merchants_names(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """Without those that a payment makes."""
    fake.labels[8] = "Ready to collect \x1b[31m"
    told = {one.code: one.title for one in cart.list_order_statuses()}
    assert told["8"] == "Ready to collect \ufffd[31m"
    assert not {"0", "4", "6", "7", "13", "14"} & set(told)


def test_a_renamed_status_may_mean_another_one(fake: FakeBigCommerce, connect: Open) -> None:
    """By the option status_map; a map that can't be read is told before any order is misread."""
    fake.labels[12] = "On its way"
    row = fake.add_order()
    fake.set_status(row, 12)
    assert read(connect(status_map="On its way = Shipped"), row).fulfilment_state is FulfilmentState.SHIPPED
    assert read(connect(status_map="12=Shipped"), row).native_status == "On its way"
    with pytest.raises(NeedsOperatorError, match="status_map"):
        read(connect(status_map="12=Sent"), row)


def test_a_checkout_is_ordered_once_and_awaits_its_payment(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """It keeps its number and staff's notes; another key finds an order there."""
    row = fake.add_order(status_id=0, staff_notes="call first")
    basket_id = CartBasketId(str(row["id"]))
    assert cart.place_order(basket_id, "cartui-basket-1") == basket_id
    assert (row["status_id"], row["staff_notes"]) == (7, "call first\ncartui-basket-1")
    assert cart.place_order(basket_id, "cartui-basket-1") == basket_id
    with pytest.raises(HoldRecordError, match="an order by now"):
        cart.place_order(basket_id, "cartui-basket-2")
    (basket,) = good(cart.get_baskets([basket_id]).rows)
    assert (basket.status, basket.order_id) == (BasketStatus.PURCHASED, basket_id)


def test_a_refund_is_itemised_where_the_prices_are_its_amount(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """A piece and the shipping; anything else is an amount without lines."""
    row = fake.add_order(pieces=2)
    line = fake.details[row["id"], "products"][0]
    each, sent = Decimal(line["price_inc_tax"]), Decimal(row["shipping_cost_inc_tax"])
    items = [{"item_type": "PRODUCT", "item_id": line["id"], "quantity": 1}, {"item_type": "SHIPPING", "quantity": 1}]
    refund(fake, row, f"{round(each, 2) + round(sent, 2)}", items)
    (back,) = read(cart, row).refunds
    assert [one.kind for one in back.lines] == [LineKind.PRODUCT, LineKind.SHIPPING]
    assert (back.lines[0].quantity, back.lines[0].restock) == (1, None)
    fake.refunds[0] |= {"total_amount": 3.5, "items": [{"item_type": "ORDER", "requested_amount": 3.5}]}
    assert [(one.amount, one.lines) for one in read(cart, row).refunds] == [(Decimal("3.50"), ())]


def test_a_declined_refund_failed(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """Nothing went back."""
    row = fake.add_order()
    refund(fake, row, "3.50", [], is_declined=True)
    assert [one.state for one in read(cart, row).refunds] == [RefundState.FAILED]


def test_links_lead_into_the_control_panel(cart: BigCommerceCart) -> None:
    """An item's is that of its product."""
    told = {kind: cart.admin_url(kind, "17:99" if kind is RecordKind.ITEM else "17") for kind in RecordKind}
    home = "https://store-abc123.mybigcommerce.com/manage"
    assert told[RecordKind.ORDER] == told[RecordKind.BASKET] == f"{home}/orders/17"
    assert told[RecordKind.ITEM] == f"{home}/products/edit/17"
    assert told[RecordKind.REFUND] == ""
