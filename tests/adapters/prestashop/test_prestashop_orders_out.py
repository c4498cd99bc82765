"""Orders that go on: tracking numbers, states, refunds, pages of the back office."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from cartui.adapters.prestashop import PrestaShop
from cartui.domain.ids import CartBasketId, CartOrderId, RecordKind
from cartui.domain.records import BasketStatus, CartOrder, FulfilmentState, LineKind, PaymentState, ShipmentDraft
from cartui.errors import HoldRecordError
from cartui.testing.conformance import good, rows_of
from tests.adapters.prestashop.server import connect, serve
from tests.adapters.prestashop.shop import FakePrestaShop


def order_of(cart: PrestaShop, order_id: str) -> CartOrder:
    (order,) = good(cart.get_orders([CartOrderId(order_id)]).rows)
    return order


def draft_of(shop: FakePrestaShop, order_id: str, number: str = "TRACK 1", **changes: object) -> ShipmentDraft:
    draft = ShipmentDraft("cartui-9", CartOrderId(order_id), shop.moment, completes=True, tracking_number=number)
    return replace(draft, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("version", ["1.7.8.11", "8.2.1"])
def test_tracking_goes_before_the_state_and_keeps_the_row(version: str) -> None:
    """The order's own row is filled; its carrier, weight and costs stay; then one entry of its history."""
    with serve(FakePrestaShop(version)) as shop:
        cart = connect(shop)
        order_id = str(shop.order(("2", 2, "12.5", "20"))["id"])
        (before,) = [dict(row) for row in shop.rows["order_carriers"].values() if row["id_order"] == order_id]
        made = cart.create_shipment(draft_of(shop, order_id))
        (after,) = [dict(row) for row in shop.rows["order_carriers"].values() if row["id_order"] == order_id]
        assert after == {**before, "tracking_number": "TRACK 1"}
        assert made == str(after["id"])
        sent = [(method, target.partition("?")[0]) for method, target, _ in shop.requests if method != "GET"]
        writes = [(method, path.rpartition("/")[2]) for method, path in sent]
        assert writes == [("PUT" if version < "8" else "PATCH", made), ("POST", "order_histories")]
        assert order_of(cart, order_id).fulfilment_state is FulfilmentState.SHIPPED
        assert shop.mails == []


def test_a_second_parcel_has_a_row_of_its_own(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """The first one's number is not written over; no state before the last parcel."""
    order_id = str(shop.order(("2", 2, "12.5", "20"))["id"])
    first = cart.create_shipment(draft_of(shop, order_id, "ONE", completes=False, notify_shopper=True))
    assert order_of(cart, order_id).fulfilment_state is FulfilmentState.UNFULFILLED
    second = cart.create_shipment(draft_of(shop, order_id, "TWO", carrier="click AND collect"))
    found = {one.shipment_id: (one.tracking_number, one.carrier) for one in cart.find_shipments(CartOrderId(order_id))}
    assert found == {first: ("ONE", "Parcel Co"), second: ("TWO", "Click and collect")}
    assert cart.create_shipment(draft_of(shop, order_id, "TWO")) == second
    assert shop.mails == [f"in_transit {order_id}"]
    histories = [row for row in shop.rows["order_histories"].values() if row["id_order"] == order_id]
    assert len(histories) == 1


def test_an_unpaid_order_is_not_booked_as_paid_by_shipping_it(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """PrestaShop's Shipped means paid, too, and would book the money; the tracking number goes all the same."""
    order_id = str(shop.order(("2", 2, "12.5", "20"), state="10")["id"])
    with pytest.raises(HoldRecordError, match="book the order as paid") as refused:
        cart.create_shipment(draft_of(shop, order_id))
    assert "shipped_state" in refused.value.remedy
    assert [one.tracking_number for one in cart.find_shipments(CartOrderId(order_id))] == ["TRACK 1"]
    assert order_of(cart, order_id).payment_state is PaymentState.PENDING
    shop.put("order_states", id=20, name={"1": "Shipped, on account"}, template={"1": ""}, deleted="0", module_name="",
             logable="1", paid="0", shipped="1", delivery="1", invoice="1")  # fmt: skip
    again = connect(shop)
    again.create_shipment(draft_of(shop, order_id))
    order = order_of(again, order_id)
    assert (order.fulfilment_state, order.payment_state) == (FulfilmentState.SHIPPED, PaymentState.PENDING)


def test_a_payment_before_the_invoice_is_not_booked_again(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """A state that makes the invoice books all of it, payments that were booked by hand before or not."""
    order = shop.order(("2", 2, "12.5", "20"), state="10")
    order_id, order["total_paid_real"] = str(order["id"]), order["total_paid_tax_incl"]
    for write in (lambda: cart.create_shipment(draft_of(shop, order_id)), lambda: cart.set_order_status(order_id, "3")):  # type: ignore[arg-type]
        with pytest.raises(HoldRecordError, match="a second time"):
            write()
    assert order["total_paid_real"] == order["total_paid_tax_incl"]
    assert order["current_state"] == "10"
    for detail in shop.rows["order_details"].values():
        if detail["id_order"] == order_id:
            detail["id_order_invoice"] = "7"
    cart.set_order_status(CartOrderId(order_id), "3")
    assert (order["current_state"], order["total_paid_real"]) == ("3", order["total_paid_tax_incl"])


def test_the_state_of_shipped_orders_can_be_chosen_or_left(shop: FakePrestaShop) -> None:
    chosen, left = (str(shop.order(("2", 2, "12.5", "20"))["id"]) for _ in range(2))
    connect(shop, shipped_state="5").create_shipment(draft_of(shop, chosen))
    connect(shop, shipped_state="none").create_shipment(draft_of(shop, left))
    states = {key: shop.rows["orders"][int(key)]["current_state"] for key in (chosen, left)}
    assert states == {chosen: "5", left: "2"}


def test_an_order_of_downloads_has_no_parcel(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """There is no row to fill, and no carrier for a new one."""
    order_id = str(shop.order(("2", 2, "12.5", "20"))["id"])
    shop.rows["orders"][int(order_id)]["id_carrier"] = "0"
    shop.rows["order_carriers"] = {k: v for k, v in shop.rows["order_carriers"].items() if v["id_order"] != order_id}
    with pytest.raises(HoldRecordError, match="no carrier"):
        cart.create_shipment(draft_of(shop, order_id))


def test_a_tracking_number_that_the_shop_refuses_is_said_so(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """And the order's state is not changed."""
    order_id = str(shop.order(("2", 2, "12.5", "20"))["id"])
    with pytest.raises(HoldRecordError, match="tracking_number is not valid"):
        cart.create_shipment(draft_of(shop, order_id, "Nö!"))
    assert shop.rows["orders"][int(order_id)]["current_state"] == "2"


def test_states_that_only_say_paid_are_not_offered(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """And one that means paid besides is refused for an order that is not."""
    codes = {one.code: one.title for one in cart.list_order_statuses()}
    assert {"3", "4", "5", "6"} <= set(codes)
    assert not {"2", "9", "11"} & set(codes)
    unpaid = CartOrderId(str(shop.order(("2", 2, "12.5", "20"), state="10")["id"]))
    for code in ("2", "3"):
        with pytest.raises(HoldRecordError) as refused:
            cart.set_order_status(unpaid, code)
        assert "paid" in str(refused.value)
    cart.set_order_status(unpaid, "6")
    assert order_of(cart, unpaid).native_status == "Canceled"


def test_a_500_that_changed_the_state_is_no_second_change(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """Looked up before it is believed that nothing was done."""
    order_id = CartOrderId(str(shop.order(("2", 2, "12.5", "20"))["id"]))
    shop.faults.add("warnings")
    cart.set_order_status(order_id, "3")
    assert [row["id_order_state"] for row in shop.rows["order_histories"].values()] == ["3"]


# --- refunds ----------------------------------------------------------------------------------------------------------


def test_a_credit_slip_is_a_refund_with_its_pieces(shop: FakePrestaShop, cart: PrestaShop) -> None:
    order_id = str(shop.order(("2", 3, "12.5", "20"), ("5", 1, "10", "5"))["id"])
    shop.slip(order_id, pieces=2)
    order = order_of(cart, order_id)
    (refund,) = order.refunds
    (line,) = refund.lines
    assert (refund.amount, line.amount, line.tax_amount, line.quantity) == (30, 25, 5, 2)
    assert line.line_id == order.lines[0].line_id
    assert line.kind is LineKind.PRODUCT


def test_a_chosen_amount_counts_and_is_not_itemised(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """Staff gave back less than the price: the pieces would not add up to it."""
    order_id = str(shop.order(("2", 3, "12.5", "20"))["id"])
    shop.slip(order_id, pieces=2, chosen="11.000000")
    (refund,) = order_of(cart, order_id).refunds
    assert (refund.amount, refund.lines) == (11, ())


# --- the rest ---------------------------------------------------------------------------------------------------------


def test_the_group_of_the_buyer_is_told_where_the_key_may_read_groups(shop: FakePrestaShop, cart: PrestaShop) -> None:
    order_id = str(shop.order(("2", 1, "12.5", "20"))["id"])
    assert order_of(cart, order_id).customer_group == "Customer"
    shop.denied.add(("GET", "groups"))
    assert order_of(connect(shop), order_id).customer_group == ""


def test_a_basket_that_became_an_order_says_so(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """The list shows open ones only; asked for by id it is purchased, with the order."""
    order = shop.order(("2", 1, "12.5", "20"))
    (basket,) = good(cart.get_baskets([CartBasketId(order["id_cart"])]).rows)
    assert (basket.status, basket.order_id) == (BasketStatus.PURCHASED, str(order["id"]))
    assert order["id_cart"] not in {row.external_id for row in rows_of(cart.iter_baskets(None))}


@pytest.mark.parametrize("office", ["https://shop.example/admin1", "https://shop.example/admin1/index.php?x=1"])
def test_pages_of_the_back_office(shop: FakePrestaShop, office: str) -> None:
    cart = connect(shop, admin_url=office)
    page = "https://shop.example/admin1/index.php?controller="
    assert cart.admin_url(RecordKind.ORDER, "17") == f"{page}AdminOrders&id_order=17&vieworder"
    assert cart.admin_url(RecordKind.ITEM, "61:3") == f"{page}AdminProducts&id_product=61&updateproduct"
    assert cart.admin_url(RecordKind.SHIPMENT, "17") == ""
    assert connect(shop).admin_url(RecordKind.ORDER, "17") == ""
    assert connect(shop, admin_url="javascript:alert(1)").admin_url(RecordKind.ORDER, "17") == ""


def test_a_carrier_without_a_name_of_its_own_is_not_called_0(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """PrestaShop calls the shop's own delivery "0" and shows the shop's name."""
    shop.rows["carriers"][2]["name"] = "0"
    order = order_of(cart, str(shop.order(("2", 1, "12.5", "20"))["id"]))
    assert order.shipping_method == ""
    assert [line.text for line in order.lines if line.kind is LineKind.SHIPPING] == ["Shipping"]
    assert order.total == Decimal("21.60")
