"""Orders that go on: shipments, statuses, baskets that become orders, refunds, pages of the administration."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from cartui.adapters.magento import MagentoCart
from cartui.adapters.magento.parcels import parcels
from cartui.domain.ids import CartBasketId, CartOrderId, RecordKind
from cartui.domain.records import (
    BasketStatus,
    CartOrder,
    FulfilmentState,
    PaymentState,
    RefundState,
    ShipmentDraft,
    ShipmentLine,
)
from cartui.errors import HoldRecordError, UnknownOutcomeError
from cartui.testing.conformance import good
from tests.adapters.magento.cases import calls
from tests.adapters.magento.server import MagentoDriver, connect
from tests.adapters.magento.shop import MagentoShop


@pytest.fixture
def driver(shop: MagentoShop, address: str) -> MagentoDriver:
    return MagentoDriver(shop, address)


def order_of(cart: MagentoCart, order_id: str) -> CartOrder:
    (order,) = good(cart.get_orders([CartOrderId(order_id)]).rows)
    return order


def draft_of(driver: MagentoDriver, **changes: object) -> ShipmentDraft:
    order_id = CartOrderId(driver.place_shippable_order())
    draft = ShipmentDraft("cartui-9", order_id, driver.now(), completes=True, tracking_number="TRACK 1")
    return replace(draft, **changes)  # type: ignore[arg-type]


def test_our_key_goes_as_a_comment_that_no_shopper_sees(cart: MagentoCart, driver: MagentoDriver) -> None:
    """And the shipment is known by it, also where a tracking number was given twice."""
    draft = draft_of(driver)
    made = cart.create_shipment(draft)
    ((_, _, body),) = calls(driver.shop, "POST", "/ship")
    assert (body["notify"], body["appendComment"]) == (False, False)
    assert body["comment"] == {"comment": "cartui shipment cartui-9", "is_visible_on_front": 0}
    assert body["tracks"] == [{"track_number": "TRACK 1", "title": "Shipping", "carrier_code": "custom"}]
    assert "arguments" not in body
    (found,) = cart.find_shipments(draft.order_id)
    assert (found.shipment_id, found.key, found.lines[0].quantity) == (made, "cartui-9", 5)
    assert cart.create_shipment(draft) == made


def test_a_shipment_leaves_the_chosen_source(sources: MagentoShop, sourced: MagentoCart) -> None:
    """With several sources Magento must be told which; without the inventory modules it must not."""
    number = max(sources.orders) + 1
    sources.put_order(dict(sources.template), number, "GBP")
    sourced.create_shipment(
        ShipmentDraft("cartui-9", CartOrderId(str(number)), sources.moment, completes=True, tracking_number="T")
    )
    ((_, _, body),) = calls(sources, "POST", "/ship")
    assert body["arguments"] == {"extension_attributes": {"source_code": "default"}}


def test_shipping_again_is_refused_in_the_shops_words(cart: MagentoCart, driver: MagentoDriver) -> None:
    draft = draft_of(driver)
    cart.create_shipment(draft)
    again = replace(draft, key="cartui-10", tracking_number="OTHER")
    with pytest.raises(HoldRecordError, match="does not allow a shipment"):
        cart.create_shipment(again)
    with pytest.raises(HoldRecordError, match="no line"):
        cart.create_shipment(replace(draft_of(driver), lines=(ShipmentLine("x", Decimal(1)),)))


BUNDLE = [
    {"item_id": 70, "product_type": "bundle", "sku": "SET", "qty_ordered": 2, "row_total": 0, "product_id": 3},
    {"item_id": 71, "parent_item_id": 70, "product_type": "simple", "sku": "A", "qty_ordered": 2, "row_total": 20,
     "tax_amount": 0, "product_id": 4},
    {"item_id": 72, "parent_item_id": 70, "product_type": "simple", "sku": "B", "qty_ordered": 4, "row_total": 40,
     "tax_amount": 0, "product_id": 5},
]  # fmt: skip


def test_a_bundle_goes_by_its_parts_or_as_one(cart: MagentoCart, shop: MagentoShop, driver: MagentoDriver) -> None:
    """Our lines are its parts; a product that is shipped as one is known by the refusal, which wrote nothing. What is
    all of the order needs no rows."""
    order_id = CartOrderId(driver.place_shippable_order())
    shop.orders[int(order_id)]["items"] = [dict(row) for row in BUNDLE]
    half = (ShipmentLine("71", Decimal(1)), ShipmentLine("72", Decimal(2)))
    draft = ShipmentDraft("cartui-1", order_id, driver.now(), completes=False, lines=half, tracking_number="ONE")
    cart.create_shipment(draft)
    sent = [body["items"] for _, _, body in calls(shop, "POST", "/ship")]
    assert sent == [
        [{"order_item_id": 71, "qty": 1}, {"order_item_id": 72, "qty": 2}],
        [{"order_item_id": 70, "qty": 1}],
    ]
    shop.orders[int(order_id)]["items"] = [dict(row) for row in BUNDLE]
    rest = (ShipmentLine("71", Decimal(2)), ShipmentLine("72", Decimal(4)))
    cart.create_shipment(replace(draft, key="cartui-2", lines=rest, tracking_number="TWO"))
    assert "items" not in calls(shop, "POST", "/ship")[-1][2]
    for uneven in (half[:1], (half[0], ShipmentLine("72", Decimal(4)))):
        assert parcels({**shop.orders[int(order_id)], "items": BUNDLE}, uneven) == (uneven,)


def test_an_unpaid_order_that_is_shipped_stays_unpaid(cart: MagentoCart, driver: MagentoDriver) -> None:
    draft = draft_of(driver)
    driver.shop.orders[int(draft.order_id)] |= {"state": "new", "status": "pending", "total_paid": None}
    cart.create_shipment(draft)
    order = order_of(cart, draft.order_id)
    assert order.fulfilment_state is FulfilmentState.SHIPPED
    assert order.payment_state not in (PaymentState.PAID, PaymentState.PARTIALLY_PAID)


# --- statuses ---------------------------------------------------------------------------------------------------------


def test_hold_release_and_cancel_are_calls_of_their_own(cart: MagentoCart, driver: MagentoDriver) -> None:
    order_id = CartOrderId(driver.place_shippable_order())
    for code in ("holded", "processing"):
        cart.set_order_status(order_id, code)
        assert order_of(cart, order_id).native_status == code
    assert not calls(driver.shop, "POST", "/comments")
    driver.shop.orders[int(order_id)] |= {"state": "new", "status": "pending", "total_paid": None}
    cart.set_order_status(order_id, "canceled")
    assert order_of(cart, order_id).order_state == "cancelled"


@pytest.mark.parametrize("strict", [False, True])
def test_a_status_is_never_made_null(shop: MagentoShop, address: str, driver: MagentoDriver, *, strict: bool) -> None:
    """2.2 takes what a comment says, also nothing; 2.4 only a status of the order's state. Ours names one of it."""
    if strict:
        shop.faults.add("strict-statuses")
    cart = connect(address, shop, status_map="packed=processing, b2b_new=new")
    order_id = CartOrderId(driver.place_shippable_order())
    assert {"packed", "b2b_new"} <= {one.code for one in cart.list_order_statuses()}
    cart.set_order_status(order_id, "packed")
    ((_, _, body),) = calls(shop, "POST", "/comments")
    assert body["statusHistory"]["status"] == "packed"
    assert order_of(cart, order_id).native_status == "packed"
    for code in ("b2b_new", "pending"):
        with pytest.raises(HoldRecordError, match="in the state processing"):
            cart.set_order_status(order_id, code)
    assert len(calls(shop, "POST", "/comments")) == 1
    cart.close()


def test_an_order_that_the_shop_does_not_cancel_is_said_so(cart: MagentoCart, driver: MagentoDriver) -> None:
    """Magento answers `false` with status 200."""
    order_id = CartOrderId(driver.place_shippable_order())
    with pytest.raises(HoldRecordError, match="is processing now"):
        cart.set_order_status(order_id, "canceled")
    with pytest.raises(HoldRecordError, match="can't be set"):
        cart.set_order_status(order_id, "complete")


# --- baskets ----------------------------------------------------------------------------------------------------------


def test_a_basket_without_a_payment_method_is_refused(cart: MagentoCart, driver: MagentoDriver) -> None:
    """Where the shopper chose none, the option payment_method says it."""
    basket_id = CartBasketId(driver.fill_basket())
    with pytest.raises(HoldRecordError, match="payment method is missing"):
        cart.place_order(basket_id, "cartui-1")


def test_an_ordered_basket_names_its_order_and_a_dropped_one_is_expired(
    cart: MagentoCart, shop: MagentoShop, driver: MagentoDriver
) -> None:
    """Magento tells no lines of a basket that is not active: those of the order are what was in it."""
    ordered, dropped = (CartBasketId(driver.fill_basket()) for _ in range(2))
    shop.baskets[int(ordered)]["method"] = "checkmo"
    placed = cart.place_order(ordered, "cartui-1")
    shop.baskets[int(dropped)]["is_active"] = False
    (before,) = good(cart.get_baskets([ordered]).rows)
    found = {one.basket_id: (one.status, one.order_id) for one in good(cart.get_baskets([ordered, dropped]).rows)}
    assert [(line.sku, line.quantity) for line in before.lines] == [("MG-0001", 2)]
    assert before.total == Decimal("39.98")
    assert found == {ordered: (BasketStatus.PURCHASED, placed), dropped: (BasketStatus.EXPIRED, None)}
    with pytest.raises(HoldRecordError, match=f"became the order {placed}"):
        cart.place_order(ordered, "cartui-1")


def test_a_lost_answer_of_an_order_is_unknown(cart: MagentoCart, shop: MagentoShop, driver: MagentoDriver) -> None:
    basket_id = CartBasketId(driver.fill_basket())
    shop.baskets[int(basket_id)]["method"] = "checkmo"
    shop.faults.add("lost-answers")
    with pytest.raises(UnknownOutcomeError):
        cart.place_order(basket_id, "cartui-1")
    shop.faults.clear()
    (basket,) = good(cart.get_baskets([basket_id]).rows)
    assert basket.status is BasketStatus.PURCHASED


# --- refunds ----------------------------------------------------------------------------------------------------------


def test_a_credit_memo_is_a_refund_with_its_pieces(cart: MagentoCart, shop: MagentoShop, driver: MagentoDriver) -> None:
    order_id = driver.place_shippable_order()
    shop.refund(int(order_id), pieces=2)
    shop.refund(int(order_id), state=3)  # was cancelled
    order = order_of(cart, order_id)
    (refund,) = order.refunds
    (line,) = refund.lines
    assert (refund.amount, line.amount, line.tax_amount, line.quantity) == (
        Decimal("3119.76"), Decimal("2599.8"), Decimal("519.96"), 2,
    )  # fmt: skip
    assert (line.line_id, refund.state, refund.reason) == (order.lines[0].line_id, RefundState.DONE, "broken")


def test_shipping_and_adjustments_are_parts_of_a_refund(
    cart: MagentoCart, shop: MagentoShop, driver: MagentoDriver
) -> None:
    """A fee that was kept makes it less than its parts: then it is not itemised."""
    given, kept = (int(driver.place_shippable_order()) for _ in range(2))
    extra = {"shipping_amount": 5, "shipping_tax_amount": 1}
    shop.refund(given, adjustment=2, grand_total=Decimal("1567.88"), **extra)
    shop.refund(kept, adjustment=-2, grand_total=Decimal("1563.88"), **extra)
    (first,), (second,) = (order_of(cart, str(number)).refunds for number in (given, kept))
    assert [(line.kind.value, line.amount, line.tax_amount) for line in first.lines[1:]] == [
        ("shipping", 5, 1), ("fee", 2, 0),
    ]  # fmt: skip
    assert (second.amount, second.lines) == (Decimal("1563.88"), ())


def test_without_the_right_to_credit_memos_orders_come_all_the_same(
    cart: MagentoCart, shop: MagentoShop, driver: MagentoDriver
) -> None:
    """Their own amounts still tell that money went back."""
    order_id = driver.place_shippable_order()
    shop.refund(int(order_id))
    shop.closed = {"creditmemos", "customerGroups"}
    order = order_of(cart, order_id)
    assert (order.refunds, order.customer_group) == ((), "")
    assert order.payment_state is PaymentState.PARTIALLY_REFUNDED


# --- the rest ---------------------------------------------------------------------------------------------------------


def test_the_group_and_the_order_that_was_edited(cart: MagentoCart, shop: MagentoShop, driver: MagentoDriver) -> None:
    order_id = driver.place_shippable_order()
    shop.orders[int(order_id)] |= {"customer_group_id": 2, "relation_parent_id": "17"}
    order = order_of(cart, order_id)
    assert (order.customer_group, order.parent_id) == ("Wholesale", "17")


def test_pages_of_the_administration(shop: MagentoShop, address: str, cart: MagentoCart) -> None:
    office = connect(address, shop, admin_url="https://shop.example/admin_1/")
    assert office.admin_url(RecordKind.ORDER, "17") == "https://shop.example/admin_1/sales/order/view/order_id/17/"
    assert office.admin_url(RecordKind.BASKET, "17") == ""
    assert office.admin_url(RecordKind.ITEM, "../17") == ""
    assert cart.admin_url(RecordKind.ORDER, "17") == ""
    office.close()
