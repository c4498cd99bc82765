"""Shipments to Shopify, and refunds and tags from it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from cartui.adapters.shopify import ShopifyCart
from cartui.domain.ids import CartBasketId, CartOrderId, RecordKind
from cartui.domain.records import BasketStatus, LineKind, RefundState, ShipmentDraft, ShipmentLine
from cartui.errors import HoldRecordError
from tests.adapters.shopify.judging import order_of
from tests.adapters.shopify_shop import DEPOT, FakeShopify, bag, iso


def parcel(shop: FakeShopify, row: dict[str, Any], **changes: Any) -> ShipmentDraft:
    told: dict[str, Any] = {"completes": True, "carrier": "DHL", "tracking_number": "00340"} | changes
    return ShipmentDraft("cartui-ship-1", CartOrderId(row["legacyResourceId"]), shop.time, **told)


def pieces(row: dict[str, Any], position: int, count: int) -> tuple[ShipmentLine, ...]:
    return (ShipmentLine(row["lineItems"][position]["legacyResourceId"], Decimal(count)),)


def test_tracking_goes_with_the_shipment_and_mail_only_where_asked(cart: ShopifyCart, shop: FakeShopify) -> None:
    """One call: number, company and address; the shopper gets a mail only when we say so."""
    quiet, loud = shop.add_order(), shop.add_order()
    cart.create_shipment(parcel(shop, quiet, tracking_url="https://track.example/00340"))
    cart.create_shipment(parcel(shop, loud, notify_shopper=True))
    (made,) = quiet["fulfillments"]
    assert made["trackingInfo"] == [{"company": "DHL", "number": "00340", "url": "https://track.example/00340"}]
    assert [one["fulfillments"][0]["notified"] for one in (quiet, loud)] == [False, True]


def test_a_part_without_a_number_is_refused(cart: ShopifyCart, shop: FakeShopify) -> None:
    """Nothing else would tell it from the next part; a whole order can't be sent twice."""
    row = shop.add_order()
    with pytest.raises(HoldRecordError, match="tracking number only"):
        cart.create_shipment(parcel(shop, row, lines=pieces(row, 0, 1), completes=False, tracking_number=""))
    cart.create_shipment(parcel(shop, row, tracking_number=""))
    with pytest.raises(HoldRecordError, match="Nothing is left"):
        cart.create_shipment(parcel(shop, row, tracking_number=""))


@pytest.mark.parametrize(("count", "reason"), [(3, "less left"), ("0.5", "whole pieces")])
def test_what_is_not_there_is_refused_before_anything_is_sent(
    cart: ShopifyCart, shop: FakeShopify, count: Any, reason: str
) -> None:
    row = shop.add_order()
    with pytest.raises(HoldRecordError, match=reason):
        cart.create_shipment(parcel(shop, row, lines=(replace(pieces(row, 0, 1)[0], quantity=Decimal(count)),)))
    assert row["fulfillments"] == []


def test_an_order_that_the_shop_holds_back_is_refused(cart: ShopifyCart, shop: FakeShopify) -> None:
    row = shop.add_order(held="ON_HOLD")
    with pytest.raises(HoldRecordError, match="holds the order back"):
        cart.create_shipment(parcel(shop, row))


def test_two_locations_are_two_shipments(cart: ShopifyCart, shop: FakeShopify) -> None:
    """Shopify takes fulfilment orders of one location in a call: half a shipment must not be made by the way."""
    row = shop.add_order()
    row["lineItems"][1]["place"] = DEPOT
    with pytest.raises(HoldRecordError, match="several locations"):
        cart.create_shipment(parcel(shop, row))
    assert row["fulfillments"] == []
    cart.create_shipment(parcel(shop, row, lines=pieces(row, 1, 1), completes=False))
    assert len(row["fulfillments"]) == 1


def test_a_cancelled_shipment_is_none(cart: ShopifyCart, shop: FakeShopify) -> None:
    """What staff cancelled is to be sent again."""
    row = shop.add_order()
    first = cart.create_shipment(parcel(shop, row))
    row["fulfillments"][0]["status"] = "CANCELLED"
    assert list(cart.find_shipments(CartOrderId(row["legacyResourceId"]))) == []
    assert cart.create_shipment(parcel(shop, row)) != first


@pytest.mark.parametrize("included", [True, False])
def test_a_refund_is_itemised_where_its_parts_are_its_amount(
    cart: ShopifyCart, shop: FakeShopify, included: bool
) -> None:
    """Net and tax of the piece, whether prices include tax or not; put back as staff said."""
    row = shop.add_order(included=included, coupon=True)
    shop.refund_piece(row, "Broken")
    (refund,) = order_of(cart, row).refunds
    (line,) = refund.lines
    assert line.amount + line.tax_amount == refund.amount
    assert (line.quantity, line.restock, line.line_id) == (1, True, row["lineItems"][0]["legacyResourceId"])
    assert (refund.reason, refund.state) == ("Broken", RefundState.DONE)


def test_a_refund_of_another_amount_is_not_explained(cart: ShopifyCart, shop: FakeShopify) -> None:
    """Staff may give back more or less than the goods were worth: then only the amount is told."""
    row = shop.add_order()
    shop.refund_piece(row, restock="NO_RESTOCK")["totalRefundedSet"] = bag("10")
    (refund,) = order_of(cart, row).refunds
    assert (refund.amount, refund.lines) == (Decimal(10), ())


def test_shipping_that_is_given_back_is_part_of_it(cart: ShopifyCart, shop: FakeShopify) -> None:
    row = shop.add_order()
    told = shop.refund_piece(row)
    whole = Decimal(told["totalRefundedSet"]["presentmentMoney"]["amount"]) + 6
    told |= {"totalRefundedSet": bag(whole)}
    told["refundShippingLines"] = [{"subtotalAmountSet": bag("5"), "taxAmountSet": bag("1")}]
    (refund,) = order_of(cart, row).refunds
    assert [line.kind for line in refund.lines] == [LineKind.PRODUCT, LineKind.SHIPPING]
    assert refund.amount == whole


def test_a_refund_on_its_way_is_pending_and_goods_alone_are_none(cart: ShopifyCart, shop: FakeShopify) -> None:
    """What the provider has not confirmed counts as asked for; a return without money is no refund."""
    row = shop.add_order()
    shop.refund_piece(row, status="PENDING")
    nothing = shop.refund_piece(row)
    nothing |= {"totalRefundedSet": bag(0), "transactions": []}
    (refund,) = order_of(cart, row).refunds
    assert (refund.state, refund.amount > 0) == (RefundState.PENDING, True)


def test_an_order_without_refunds_costs_no_request_more(cart: ShopifyCart, shop: FakeShopify) -> None:
    """Most have none."""
    list(cart.iter_orders(None))
    before = len(shop.requests)
    list(cart.iter_orders(None))
    plain = len(shop.requests) - before
    shop.refund_piece(shop.orders[3])
    list(cart.iter_orders(None))
    assert len(shop.requests) - before == 2 * plain + 1


def test_tags_are_read(cart: ShopifyCart, shop: FakeShopify) -> None:
    assert order_of(cart, shop.add_order(tags=["wholesale", "\x1b[2J"])).tags == ("wholesale", "\ufffd[2J")


def test_a_checkout_that_was_completed_is_purchased(cart: ShopifyCart, shop: FakeShopify) -> None:
    """Read again by its number."""
    row = shop.checkouts[0]
    row["completedAt"] = iso(shop.time)
    (found,) = cart.get_baskets([CartBasketId(row["legacyResourceId"])]).rows
    assert found.record.status is BasketStatus.PURCHASED  # type: ignore[union-attr]


def test_links_lead_into_the_admin(cart: ShopifyCart) -> None:
    """Of the shop's own address; an item has none, since its product's number is part of it."""
    assert cart.admin_url(RecordKind.ORDER, "1017").endswith("/admin/orders/1017")
    assert cart.admin_url(RecordKind.ITEM, "1017") == ""
