"""Orders of Vendure that go on: shipments, states, refunds, baskets; over the fake (the real one: tests/live)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from cartui.adapters.vendure import SPEC, VendureCart
from cartui.domain.ids import CartBasketId, CartOrderId, RecordKind
from cartui.domain.ports import Capability, Connection
from cartui.domain.records import BasketStatus, CartOrder, FulfilmentState, OrderState, ShipmentDraft, ShipmentLine
from cartui.errors import HoldRecordError, NeedsOperatorError, UnknownOutcomeError
from cartui.testing.conformance import good, rows_of
from tests.adapters.vendure_fake import PASSWORD, FakeVendure, Refused, iso, serving

Open = Callable[..., VendureCart]


@pytest.fixture
def fake() -> FakeVendure:
    return FakeVendure()


@pytest.fixture
def connect(fake: FakeVendure) -> Iterator[Open]:
    """Open the adapter: connect(option=…)."""
    opened: list[VendureCart] = []
    with serving(fake) as address:

        def open_one(**options: str) -> VendureCart:
            told = {"username": "superadmin", **options}
            cart = SPEC.open(Connection("fake", address, told, lambda _name: PASSWORD, now=lambda: fake.now))
            assert isinstance(cart, VendureCart)
            opened.append(cart)
            return cart

        yield open_one
        for cart in opened:
            cart.close()


@pytest.fixture
def cart(connect: Open) -> VendureCart:
    return connect()


def paid(fake: FakeVendure) -> dict[str, Any]:
    """A paid order of which nothing was sent."""
    fake.tick()
    return fake.add_order(state="PaymentSettled", fulfillments=[])


def parcel(fake: FakeVendure, row: dict[str, Any], **changes: Any) -> ShipmentDraft:
    told: dict[str, Any] = {"completes": True, "carrier": "royal", "tracking_number": "00340"} | changes
    return ShipmentDraft("cartui-ship-1", CartOrderId(row["id"]), fake.now, **told)


def read(cart: VendureCart, row: dict[str, Any]) -> CartOrder:
    (order,) = good(cart.get_orders([CartOrderId(row["id"])]).rows)
    return order


def test_all_roles_but_ordering_a_basket() -> None:
    """The Admin API could do that only by calling the order paid: a payment is the shop's word."""
    assert SPEC.capabilities == set(Capability) - {Capability.PLACE_ORDERS}


def test_a_shipment_whose_second_step_was_lost_is_completed(fake: FakeVendure, cart: VendureCart) -> None:
    """Made, but its move to Shipped unknown: the next call finds it by its number, moves it on, and makes no other."""
    row = paid(fake)
    fake.refused["transitionFulfillmentToState"] = Refused("INTERNAL_SERVER_ERROR", "the database went away")
    with pytest.raises(UnknownOutcomeError):
        cart.create_shipment(parcel(fake, row))
    fake.refused.clear()
    assert row["fulfillments"][0]["state"] == "Pending"
    made = cart.create_shipment(parcel(fake, row))
    assert [(one["id"], one["state"]) for one in row["fulfillments"]] == [(made, "Shipped")]
    assert read(cart, row).fulfilment_state is FulfilmentState.SHIPPED


def test_the_carrier_is_shown_as_a_shopper_reads_it(fake: FakeVendure, cart: VendureCart) -> None:
    row = paid(fake)
    cart.create_shipment(parcel(fake, row, carrier_title="Royal Mail"))
    assert row["fulfillments"][0]["method"] == "Royal Mail"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"tracking_number": "", "completes": False}, "tracking number only"),
        ({"quantity": "0.5"}, "whole pieces"),
        ({"quantity": "99"}, "ALREADY_FULFILLED"),
    ],
)
def test_parts_that_can_not_be_sent_are_refused(
    fake: FakeVendure, cart: VendureCart, changes: dict[str, Any], reason: str
) -> None:
    """Each with its reason, and nothing is made."""
    row = paid(fake)
    told = dict(changes)
    lines = (ShipmentLine(row["lines"][0]["id"], Decimal(told.pop("quantity", "1"))),)
    with pytest.raises(HoldRecordError, match=reason):
        cart.create_shipment(parcel(fake, row, lines=lines, **told))
    assert row["fulfillments"] == []


def test_a_cancelled_fulfilment_is_none(fake: FakeVendure, cart: VendureCart) -> None:
    """Its pieces are open again."""
    row = paid(fake)
    first = cart.create_shipment(parcel(fake, row))
    row["fulfillments"][0]["state"] = "Cancelled"
    assert list(cart.find_shipments(CartOrderId(row["id"]))) == []
    assert cart.create_shipment(parcel(fake, row)) != first


def test_states_that_pay_or_open_an_order_are_not_to_be_set(fake: FakeVendure, cart: VendureCart) -> None:
    """The shop's own are; Delivered is what its parcels become."""
    assert {one.code for one in cart.list_order_statuses()} == {"Shipped", "Delivered", "Packed", "Cancelled"}
    row = paid(fake)
    with pytest.raises(HoldRecordError, match="no state"):
        cart.set_order_status(CartOrderId(row["id"]), "ArrangingPayment")
    with pytest.raises(HoldRecordError, match="Not all of the order was sent"):
        cart.set_order_status(CartOrderId(row["id"]), "Delivered")
    cart.create_shipment(parcel(fake, row))
    cart.set_order_status(CartOrderId(row["id"]), "Delivered")
    assert (row["state"], row["fulfillments"][0]["state"]) == ("Delivered", "Delivered")


def test_a_state_of_the_shops_own_may_mean_another(fake: FakeVendure, connect: Open) -> None:
    """By the option status_map; its own word stays. A map that can't be read is told before any order is misread."""
    row = fake.add_order(state="Packed", fulfillments=[])
    assert read(connect(), row).order_state is OrderState.ON_HOLD
    order = read(connect(status_map="Packed = paymentsettled"), row)
    assert (order.order_state, order.native_status) == (OrderState.OPEN, "Packed")
    with pytest.raises(NeedsOperatorError, match="status_map"):
        read(connect(status_map="Packed=Ready"), row)


@pytest.mark.parametrize(("total", "itemised"), [(2_400, True), (2_399, False)])
def test_a_refund_is_itemised_where_its_pieces_are_its_amount(
    fake: FakeVendure, cart: VendureCart, total: int, itemised: bool
) -> None:
    """Vendure names pieces but no amounts: they are taken from the order where they agree to the penny."""
    row = paid(fake)
    row["lines"][0] |= {"proratedUnitPriceWithTax": 1_200, "proratedUnitPrice": 1_000}
    back = {"id": "7", "reason": "Broken", "lines": [{"orderLineId": row["lines"][0]["id"], "quantity": 2}]}
    back |= {"total": total, "state": "Pending", "transactionId": "", "createdAt": iso(fake.now)}
    row["payments"][0]["refunds"] = [back]
    (refund,) = read(cart, row).refunds
    assert refund.amount == Decimal(total) / 100
    assert [(one.amount, one.tax_amount) for one in refund.lines] == [(Decimal(20), Decimal(4))] * itemised


def test_a_basket_that_was_ordered_comes_as_purchased(fake: FakeVendure, cart: VendureCart) -> None:
    """Open ones at first; since a mark those that became orders, too, under their own ids; drafts never."""
    assert {one.status for one in good(rows_of(cart.iter_baskets(None)))} == {BasketStatus.OPEN}
    mark = fake.now
    fake.tick()
    row = fake.baskets[0]
    row |= {"orderPlacedAt": iso(fake.now), "active": False, "state": "PaymentSettled", "updatedAt": iso(fake.now)}
    given_up = fake.baskets[1] | {"active": False, "state": "Cancelled", "updatedAt": iso(fake.now)}
    fake.baskets[1] = given_up
    changed = {one.basket_id: one for one in good(rows_of(cart.iter_baskets(mark)))}
    assert (changed[row["id"]].status, changed[row["id"]].order_id) == (BasketStatus.PURCHASED, row["id"])
    assert changed[given_up["id"]].status is BasketStatus.LOST
    (again,) = good(cart.get_baskets([CartBasketId(row["id"])]).rows)
    assert again == changed[row["id"]]


def test_the_groups_of_the_buyer_are_read(fake: FakeVendure, cart: VendureCart) -> None:
    row = paid(fake)
    row["customer"] = {**row["customer"], "groups": [{"name": "Trade"}, {"name": "VIP\x1b[2J"}]}
    assert read(cart, row).customer_group == "Trade, VIP\ufffd[2J"


def test_links_lead_to_the_dashboard_or_the_older_pages(connect: Open) -> None:
    """Nothing is asked of the shop; an id can't lead elsewhere."""
    new, old = connect(), connect(admin_path="/admin/")
    assert new.admin_url(RecordKind.ITEM, "5").endswith("/dashboard/product-variants/5")
    assert old.admin_url(RecordKind.CUSTOMER, "5").endswith("/admin/customer/customers/5")
    assert old.admin_url(RecordKind.ITEM, "5") == ""
    assert new.admin_url(RecordKind.ORDER, "../5").endswith("/orders/..%2F5")
