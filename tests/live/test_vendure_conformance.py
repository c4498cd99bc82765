"""The adapter against the real shop: the suite that every adapter passes, and what only a real one can show."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from cartui.adapters.vendure import SPEC, VendureCart
from cartui.domain.ids import CartBasketId, CartItemId, CartOrderId
from cartui.domain.money import ProofState, prove_total
from cartui.domain.ports import Cart, Connection, Verdict
from cartui.domain.records import (
    BasketStatus,
    FulfilmentState,
    ItemDraft,
    OrderState,
    PaymentState,
    ShipmentDraft,
    ShipmentLine,
    StockWrite,
    WriteState,
)
from cartui.errors import HoldRecordError
from cartui.sync.intake import checked_pages
from cartui.testing.conformance import CartConformance, ShopDriver, good, rows_of
from tests.live.vendure_actor import VendureActor, check_out
from tests.live.vendure_shop import RunningShop, VendureShop

_LEVELS = "query($i:ID!){productVariant(id:$i){stockLevels{stockOnHand} product{id}}}"


class VendureDriver:
    """Staff and shoppers of the running shop, which is the same for all tests of a session."""

    currency = "GBP"

    def __init__(self, running: RunningShop, actor: VendureActor) -> None:
        self._running = running
        self._actor = actor
        self.secrets = (running.password,)

    def connection(self, password: str = "", **options: str) -> Connection:
        """As a person would set it up."""
        word = password or self._running.password
        told = {"username": self._running.username, **options}
        return Connection("real", self._running.address, told, lambda _name: word, now=lambda: datetime.now(UTC))

    def open(self) -> Cart:
        return SPEC.open(self.connection())

    def open_with_wrong_password(self) -> Cart:
        return SPEC.open(self.connection("not the password"))

    def now(self) -> datetime:
        return datetime.now(UTC)

    def place_order(self) -> str:
        variant = self._actor.variant_id("SKU-001")
        self._actor.change_stock(variant, 500)
        return self._actor.place_order([(variant, 2)]).id

    def cancel_order(self, order_id: str) -> None:
        """The shop is shared: another test may have cancelled it before."""
        query = "query($i:ID!){order(id:$i){state}}"
        if self._actor.staff().ask(query, i=order_id)["order"]["state"] != "Cancelled":
            self._actor.cancel(order_id)

    carrier = "Royal Mail"

    def place_shippable_order(self) -> str:
        return self.place_order()

    def next_status(self, order_id: str) -> str:
        """Sent by staff, it may be called delivered."""
        self._actor.fulfil(order_id)
        return "Delivered"

    def refund_one_piece(self) -> str:
        """One of two: the piece and its price, which the shop works out."""
        order_id = self.place_order()
        query = "query($i:ID!){order(id:$i){lines{id proratedUnitPriceWithTax} payments{id}}}"
        order = self._actor.staff().ask(query, i=order_id)["order"]
        (line,) = order["lines"]
        told = {"paymentId": order["payments"][0]["id"], "reason": "Broken", "shipping": 0, "adjustment": 0}
        told["lines"] = [{"orderLineId": line["id"], "quantity": 1}]
        give = "mutation($i:RefundOrderInput!){refundOrder(input:$i){... on Refund{id} ... on ErrorResult{errorCode}}}"
        self._actor.staff().ask(give, i=told)
        return order_id

    def rename_item(self, item_id: str, name: str) -> None:
        product = self._actor.staff().ask(_LEVELS, i=item_id)["productVariant"]["product"]["id"]
        words = [{"languageCode": "en", "name": name}]
        update = "mutation($i:UpdateProductInput!){updateProduct(input:$i){id}}"
        self._actor.staff().ask(update, i={"id": product, "translations": words})

    def stock_of(self, item_id: str) -> Decimal | None:
        levels = self._actor.staff().ask(_LEVELS, i=item_id)["productVariant"]["stockLevels"]
        return Decimal(sum(level["stockOnHand"] for level in levels))

    def sell_one(self, item_id: str) -> None:
        """What is sold stays on hand until it leaves the shelf."""
        order = self._actor.place_order([(item_id, 1)])
        self._actor.fulfil(order.id)


@pytest.fixture
def driver(vendure_shop: VendureShop, vendure: VendureActor) -> VendureDriver:
    assert vendure_shop.running is not None
    return VendureDriver(vendure_shop.running, vendure)


@pytest.mark.live
@pytest.mark.slow
class TestVendure(CartConformance):
    """The suite."""

    harmless = (":login(",)  # a session is opened by a mutation

    @pytest.fixture
    def shop(self, driver: VendureDriver) -> ShopDriver:
        return driver


def _opened(driver: VendureDriver, **options: str) -> VendureCart:
    cart = SPEC.open(driver.connection(**options))
    assert isinstance(cart, VendureCart)
    return cart


@pytest.fixture
def cart(driver: VendureDriver) -> Iterator[VendureCart]:
    cart = _opened(driver)
    yield cart
    cart.close()


def test_small_pages_bring_the_same_rows(driver: VendureDriver, cart: VendureCart) -> None:
    """Orders, items and customers, stamps of one second among them, and items changed last that were made early:
    nothing is lost between pages."""
    for item in sorted(good(rows_of(cart.iter_items(None))), key=lambda item: int(item.item_id))[:12]:
        cart.update_item(item.item_id, {"price": Decimal("3.33")})
    with closing(_opened(driver)) as small:
        small.session.take = 7
        for whole, pages in (
            (cart.iter_orders(None), small.iter_orders(None)),
            (cart.iter_items(None), small.iter_items(None)),
            (cart.iter_customers(None), small.iter_customers(None)),
        ):
            expected = {row.external_id: row.record for row in rows_of(whole)}
            assert {row.external_id: row.record for row in rows_of(checked_pages(pages, None, "rows"))} == expected


def test_every_state_and_currency_of_the_seeded_shop_adds_up_exactly(cart: VendureCart) -> None:
    """Not even a rounding line is needed."""
    orders = good(rows_of(cart.iter_orders(None)))
    assert {order.currency for order in orders} == {"GBP", "EUR", "JPY"}
    assert {order.fulfilment_state for order in orders} >= {
        FulfilmentState.UNFULFILLED, FulfilmentState.PARTIALLY_SHIPPED,
        FulfilmentState.SHIPPED, FulfilmentState.DELIVERED,
    }  # fmt: skip
    proofs = {order.order_number: prove_total(order.lines, order.total, order.currency).state for order in orders}
    assert set(proofs.values()) == {ProofState.EXACT}, proofs


def test_refund_counts_when_it_is_settled(driver: VendureDriver, vendure: VendureActor, cart: VendureCart) -> None:
    """A refund that is only promised has given nothing back yet."""
    order_id = driver.place_order()
    vendure.refund(order_id, 100)
    assert [one.payment_state for one in good(cart.get_orders([CartOrderId(order_id)]).rows)] == [PaymentState.PAID]
    query = "query($i:ID!){order(id:$i){payments{refunds{id}}}}"
    (payment,) = vendure.staff().ask(query, i=order_id)["order"]["payments"]
    settle = "mutation($i:SettleRefundInput!){settleRefund(input:$i){... on Refund{id} ... on ErrorResult{errorCode}}}"
    vendure.staff().ask(settle, i={"id": payment["refunds"][0]["id"], "transactionId": "back-1"})
    (order,) = good(cart.get_orders([CartOrderId(order_id)]).rows)
    assert order.payment_state is PaymentState.PARTIALLY_REFUNDED
    assert [payment.amount for payment in order.payments] == [order.total, Decimal("-1.00")]


def test_half_made_product_is_completed(vendure: VendureActor, cart: VendureCart) -> None:
    """As a lost answer leaves it: a product with our slug and no variant."""
    draft = ItemDraft("cartui-9-item-1", "HALF-1", "Half made", Decimal("2.50"), "GBP", stock=Decimal(3))
    words = [{"languageCode": "en", "name": draft.name, "slug": draft.key, "description": ""}]
    create = "mutation($i:CreateProductInput!){createProduct(input:$i){id}}"
    product = vendure.staff().ask(create, i={"enabled": True, "translations": words})["createProduct"]["id"]
    assert list(cart.find_items(draft)) == []
    made = cart.create_item(draft)
    (item,) = cart.find_items(draft)
    assert (item.item_id, item.parent_id, item.stock, item.price) == (made, product, 3, Decimal("2.50"))
    assert cart.create_item(draft) == made


def test_renaming_an_item_renames_what_shoppers_see(vendure: VendureActor, cart: VendureCart) -> None:
    """The product and its one variant, which bore the same name."""
    item_id = vendure.variant_id("SKU-012")
    cart.update_item(CartItemId(item_id), {"name": "A better name", "price": Decimal("7.77")})
    query = "query($i:ID!){productVariant(id:$i){name priceWithTax product{name}}}"
    assert vendure.staff().ask(query, i=item_id)["productVariant"] == {
        "name": "A better name",
        "priceWithTax": 777,
        "product": {"name": "A better name"},
    }


def test_ended_session_is_renewed(cart: VendureCart) -> None:
    """The shop forgot the token: nobody notices."""
    before = len(rows_of(cart.iter_orders(None)))
    cart.session.token = "a token that the shop never gave"
    assert len(rows_of(cart.iter_orders(None))) == before


def test_learns_the_shops_own_limit(cart: VendureCart) -> None:
    """adminListQueryLimit is 1000 in a stock shop."""
    cart.session.take = 5000
    assert len(rows_of(cart.iter_orders(None))) >= 60
    assert cart.facts.page_size == 1000


def test_other_channel_has_its_own_prices(driver: VendureDriver) -> None:
    """Channel "eu": euro, without tax; a wrong token is told at Test Connection."""
    cart = _opened(driver, channel_token="eu")
    items = good(rows_of(cart.iter_items(None)))
    assert {item.currency for item in items} == {"EUR"}
    assert cart.facts.prices_include_tax is False
    assert {order.currency for order in good(rows_of(cart.iter_orders(None)))} == {"EUR"}
    cart.close()
    wrong = _opened(driver, channel_token="nowhere")
    last = list(wrong.test_connection())[-1]
    assert last.verdict is Verdict.FAILED
    assert "token" in last.detail
    wrong.close()


def test_many_stocks_in_one_call(cart: VendureCart) -> None:
    """Written together; one that is not there does not stop the others."""
    items = [item for item in good(rows_of(cart.iter_items(None))) if item.stock is not None][:5]
    writes = [StockWrite(item.item_id, Decimal(60), expected=item.stock) for item in items]
    results = cart.set_stock([*writes, StockWrite(CartItemId("999999"), Decimal(1))])
    assert [one.state for one in results] == [WriteState.DONE] * 5 + [WriteState.REFUSED]
    again = good(cart.get_items([item.item_id for item in items]).rows)
    assert {item.stock for item in again} == {Decimal(60)}


def _parcel(order_id: str, tracking_number: str, **changes: Any) -> ShipmentDraft:
    told: dict[str, Any] = {"completes": True, "carrier": "royal-mail", "carrier_title": "Royal Mail"}
    told |= {"tracking_number": tracking_number} | changes
    return ShipmentDraft(f"cartui-{tracking_number}", CartOrderId(order_id), datetime.now(UTC), **told)


def test_half_made_shipment_is_completed(driver: VendureDriver, vendure: VendureActor, cart: VendureCart) -> None:
    """As a lost answer leaves it: a fulfilment that was never moved to Shipped. It is found by its tracking code."""
    order_id = driver.place_order()
    made = vendure.fulfil(order_id, "HALF-1", state="Pending")
    assert cart.create_shipment(_parcel(order_id, "HALF-1")) == made
    (order,) = good(cart.get_orders([CartOrderId(order_id)]).rows)
    assert (order.fulfilment_state, order.native_status) == (FulfilmentState.SHIPPED, "Shipped")
    assert [one.carrier for one in cart.find_shipments(CartOrderId(order_id))] == ["Royal Mail"]


def test_what_the_shop_will_not_ship_is_refused_in_its_words(driver: VendureDriver, cart: VendureCart) -> None:
    """More than was ordered, nothing left, a part without a number, and Delivered before it was sent."""
    order_id = driver.place_order()
    (order,) = good(cart.get_orders([CartOrderId(order_id)]).rows)
    line = order.lines[0].line_id
    for draft, reason in (
        (_parcel(order_id, "MANY-1", lines=(ShipmentLine(line, Decimal(9)),)), "ALREADY_FULFILLED"),
        (_parcel(order_id, "", lines=(ShipmentLine(line, Decimal(1)),), completes=False), "tracking number only"),
        (_parcel(order_id, "PART-1", lines=(ShipmentLine(line, Decimal("0.5")),)), "whole pieces"),
    ):
        with pytest.raises(HoldRecordError, match=reason):
            cart.create_shipment(draft)
    with pytest.raises(HoldRecordError, match="Not all of the order was sent"):
        cart.set_order_status(order.order_id, "Delivered")
    assert list(cart.find_shipments(order.order_id)) == []
    cart.create_shipment(_parcel(order_id, "ALL-1"))
    with pytest.raises(HoldRecordError, match="left to ship"):
        cart.create_shipment(_parcel(order_id, "ALL-2"))


def test_a_status_may_cancel_but_never_pay(driver: VendureDriver, cart: VendureCart) -> None:
    """Cancelled takes the shop's own way, so that the stock is free again; paid states are not on the list."""
    codes = {one.code for one in cart.list_order_statuses()}
    assert codes == {"Shipped", "Delivered", "Cancelled"}
    order_id = CartOrderId(driver.place_order())
    cart.set_order_status(order_id, "Cancelled")
    assert [one.order_state for one in good(cart.get_orders([order_id]).rows)] == [OrderState.CANCELLED]


def test_a_basket_that_was_ordered_is_purchased(vendure: VendureActor, cart: VendureCart) -> None:
    """It keeps its id; the list since a mark shows it, and it can be read by its id all the time."""
    variant = vendure.variant_id("SKU-001")
    basket, shopper = vendure.fill_basket([(variant, 1)], email="basket@example.test")
    (opened,) = good(cart.get_baskets([CartBasketId(basket.id)]).rows)
    assert (opened.status, opened.order_id) == (BasketStatus.OPEN, None)
    mark = [page.complete_to for page in cart.iter_baskets(None)][-1]
    check_out(shopper, basket, "standard", "card")
    shopper.close()
    assert mark is not None
    changed = {one.basket_id: one for one in good(rows_of(cart.iter_baskets(mark - cart.facts.overlap)))}
    (again,) = good(cart.get_baskets([CartBasketId(basket.id)]).rows)
    assert again == changed[again.basket_id]
    assert (again.status, again.order_id) == (BasketStatus.PURCHASED, basket.id)
