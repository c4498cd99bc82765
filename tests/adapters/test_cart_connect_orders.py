"""Orders that go on in a Cart Connect shop, and shops of version 1.0, which do not know all of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from cartui.adapters.cart_connect import CartConnect
from cartui.demo import lifecycle
from cartui.demo.server import DemoShop, RunningDemo
from cartui.domain.ids import CartBasketId, CartOrderId, RecordKind
from cartui.domain.ports import Connection
from cartui.domain.records import BasketStatus, CartOrder, RefundState, ShipmentDraft
from cartui.errors import HoldRecordError, NeedsOperatorError
from cartui.testing.conformance import good, rows_of


def of_version_1_0(cart: CartConnect) -> CartConnect:
    """The same shop, as its module was before."""
    new: Mapping[str, Any] = cart.ping()
    told = {name: value for name, value in new["capabilities"].items() if name != "admin_pages"}
    told["writes"] = [word for word in told["writes"] if word not in ("orders.update", "baskets.order")]
    told["order_statuses"] = [{"status": row["status"]} for row in told["order_statuses"]]
    protocol = {"name": "cart-connect", "version": "1.0"}
    cart._ping = {**new, "protocol": protocol, "capabilities": told}  # type: ignore[typeddict-item]
    return cart


def paid_order(shop: DemoShop) -> dict[str, Any]:
    return next(order for order in shop.rows("orders") if order["status"] == "paid" and not order["shipments"])


def parcel(order_id: str, **changes: Any) -> ShipmentDraft:
    told: dict[str, Any] = {"carrier": "DHL", "tracking_number": "00340434", "completes": True}
    return ShipmentDraft(
        "cartui-ship-1", CartOrderId(order_id), datetime(2026, 11, 20, 12, tzinfo=UTC), **(told | changes)
    )


def read(cart: CartConnect, order_id: str) -> CartOrder:
    (order,) = good(cart.get_orders([CartOrderId(order_id)]).rows)
    return order


def test_an_old_shop_takes_shipments_as_it_knows_them(demo_shop: DemoShop, cart: CartConnect) -> None:
    """Without what came with version 1.1; one without a number is refused with the remedy before anything is sent."""
    order_id = paid_order(demo_shop)["order_id"]
    old = of_version_1_0(cart)
    with pytest.raises(HoldRecordError, match="tracking number"):
        old.create_shipment(parcel(order_id, tracking_number=""))
    made = old.create_shipment(parcel(order_id))
    assert [one.shipment_id for one in old.find_shipments(CartOrderId(order_id))] == [made]


def test_an_old_shop_refuses_what_it_does_not_offer(cart: CartConnect) -> None:
    """With the reason, and nothing is sent; its statuses can't be set and it shows no pages."""
    old = of_version_1_0(cart)
    sent = old.exchanges
    assert list(old.list_order_statuses()) == []
    assert old.admin_url(RecordKind.ORDER, "ord-10001") == ""
    with pytest.raises(NeedsOperatorError, match="takes no order statuses"):
        old.set_order_status(CartOrderId("ord-10001"), "completed")
    with pytest.raises(NeedsOperatorError, match="takes no orders of baskets"):
        old.place_order(CartBasketId("bsk-1001"), "cartui-basket-1")
    assert old.exchanges == sent


def test_a_shipment_without_carrier_or_anything_left_is_refused(demo_shop: DemoShop, cart: CartConnect) -> None:
    """Before it is sent, each with its remedy."""
    order_id = paid_order(demo_shop)["order_id"]
    with pytest.raises(HoldRecordError, match="no carrier") as refused:
        cart.create_shipment(parcel(order_id, carrier=""))
    assert "carrier" in refused.value.remedy
    cart.create_shipment(parcel(order_id, tracking_number=""))
    again = parcel(order_id)
    with pytest.raises(HoldRecordError, match="left to ship"):
        cart.create_shipment(ShipmentDraft("cartui-ship-2", again.order_id, again.shipped_at, True, carrier="DHL"))


def test_a_whole_order_sent_again_is_the_shipment_it_was(demo_shop: DemoShop, cart: CartConnect) -> None:
    """Without lines the body would be another one, since nothing is left, and the shop would refuse the key."""
    order_id = paid_order(demo_shop)["order_id"]
    made = cart.create_shipment(parcel(order_id))
    assert cart.create_shipment(parcel(order_id)) == made


def test_a_refund_says_which_piece_went_back_where(demo_shop: DemoShop, cart: CartConnect) -> None:
    """Net and tax add up to its amount, restock as told; pending money is no payment yet."""
    row = paid_order(demo_shop)
    with demo_shop.writing() as stamp:
        lifecycle.refund_piece(row, stamp, "Broken", restock=True)
        lifecycle.refund_piece(row, stamp, "Late", restock=False, state="pending")
        demo_shop.store.put("orders", [row | {"modified_at": stamp}])
    order = read(cart, row["order_id"])
    first, second = order.refunds
    (line,) = first.lines
    assert (line.amount + line.tax_amount, line.quantity, line.restock) == (first.amount, Decimal(1), True)
    assert line.sku == order.lines[0].sku
    assert (first.state, second.state) == (RefundState.DONE, RefundState.PENDING)
    assert [payment.amount for payment in order.payments if payment.method == "refund"] == [-first.amount]


def test_refund_lines_that_do_not_add_up_are_left_out(demo_shop: DemoShop, cart: CartConnect) -> None:
    """The amount counts; half an explanation is none."""
    row = paid_order(demo_shop)
    with demo_shop.writing() as stamp:
        lifecycle.refund_piece(row, stamp, "Broken", restock=True)
        row["refunds"][0]["amount"] = "0.01"
        demo_shop.store.put("orders", [row | {"modified_at": stamp}])
    (refund,) = read(cart, row["order_id"]).refunds
    assert (refund.amount, refund.lines) == (Decimal("0.01"), ())


def test_a_purchased_basket_leads_to_its_order(cart: CartConnect) -> None:
    """The seeded shop holds some of each status; the purchased ones name orders that are there."""
    baskets = good(rows_of(cart.iter_baskets(None)))
    assert {basket.status for basket in baskets} == set(BasketStatus)
    bought = [basket.order_id for basket in baskets if basket.status is BasketStatus.PURCHASED and basket.order_id]
    assert len(bought) >= 3
    assert {row.external_id for row in cart.get_orders(bought).rows} == set(bought)


@pytest.mark.parametrize(
    "template", ["javascript:alert({id})", "https://x.test/\x1b{id}", "https://x.test/a b/{id}", "/admin"]
)
def test_pages_that_are_no_addresses_are_not_shown(cart: CartConnect, template: str) -> None:
    """What a shop tells may not command a terminal or a browser."""
    cart.ping()["capabilities"]["admin_pages"] = {"orders": template}
    assert cart.admin_url(RecordKind.ORDER, "ord-10001") == ""


def test_pages_may_start_at_the_root_of_the_shop(cart: CartConnect) -> None:
    """Or be whole addresses."""
    shown = cart.admin_url(RecordKind.ORDER, "ord-10001")
    assert shown.startswith("http://127.0.0.1")
    assert shown.endswith("/shop/admin/orders/ord-10001")
    cart.ping()["capabilities"]["admin_pages"] = {"orders": "https://boss.example/?order={id}"}
    assert cart.admin_url(RecordKind.ORDER, "ord-10001") == "https://boss.example/?order=ord-10001"
    assert cart.admin_url(RecordKind.REFUND, "ord-10001-r1") == ""


def test_a_read_only_connection_lets_no_write_out(demo_shop: DemoShop, demo: RunningDemo) -> None:
    """Refused before anything is sent, by the transport itself; reading goes on."""
    told = Connection("Demo", demo.address, {}, lambda _: demo.password, read_only=True)
    cart = CartConnect(told)
    row = paid_order(demo_shop)
    with pytest.raises(NeedsOperatorError, match="reading only"):
        cart.create_shipment(parcel(row["order_id"]))
    assert read(cart, row["order_id"]).order_id == row["order_id"]
    cart.close()
    assert paid_order(demo_shop)["shipments"] == []
