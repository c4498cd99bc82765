"""The Medusa adapter against the real shop: the suite that every adapter passes, and what only a real one can show."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from cartui.adapters.medusa import SPEC, MedusaCart
from cartui.adapters.medusa.parse import split_item_id
from cartui.adapters.medusa.session import MedusaSession
from cartui.domain.ids import CartItemId, CartOrderId
from cartui.domain.money import ProofState, prove_total
from cartui.domain.ports import Cart, Connection, Verdict
from cartui.domain.records import (
    CartOrder,
    FulfilmentState,
    ItemDraft,
    LineKind,
    OrderState,
    PaymentState,
    ShipmentDraft,
    StockWrite,
    WriteState,
)
from cartui.errors import HoldRecordError
from cartui.sync.intake import checked_pages
from cartui.testing.conformance import CartConformance, ShopDriver, good, rows_of
from tests.live.medusa_actor import MedusaActor
from tests.live.medusa_shop import PASSWORD, USERNAME, MedusaShop
from tests.live.vendure_shop import ShopUnavailable, skip_or_fail

pytestmark = [pytest.mark.live, pytest.mark.slow]


@pytest.fixture(scope="module")
def medusa_shop() -> Iterator[MedusaShop]:
    """A started shop with a fresh copy of the filled database."""
    shop = MedusaShop()
    try:
        shop.__enter__()
    except ShopUnavailable as reason:
        skip_or_fail(reason)
    yield shop
    shop.__exit__(None, None, None)


@pytest.fixture(scope="module")
def actor(medusa_shop: MedusaShop) -> Iterator[MedusaActor]:
    with MedusaActor(medusa_shop.address, USERNAME, PASSWORD) as actor:
        actor.look_around()
        yield actor


class MedusaDriver:
    """Staff and shoppers of the running shop, which is the same for all tests of the module."""

    currency = "GBP"
    carrier = "royal-mail"
    secrets = (PASSWORD,)

    def __init__(self, address: str, actor: MedusaActor) -> None:
        self._address = address
        self._actor = actor

    def connection(self, password: str = PASSWORD, **options: str) -> Connection:
        told = {"username": USERNAME, **options}
        return Connection("real", self._address, told, lambda _name: password, now=lambda: datetime.now(UTC))

    def open(self) -> Cart:
        return SPEC.open(self.connection())

    def open_with_wrong_password(self) -> Cart:
        return SPEC.open(self.connection("not the password"))

    def now(self) -> datetime:
        return datetime.now(UTC)

    def place_order(self) -> str:
        return self._actor.place_order([(self._actor.variant_of("SKU-001-S"), 2)])

    def place_shippable_order(self) -> str:
        variants = [self._actor.variant_of(sku) for sku in ("SKU-002-S", "SKU-016-M")]
        order_id = self._actor.place_order([(variants[0], 3), (variants[1], 1)])
        self._actor.capture(order_id)
        return order_id

    def next_status(self, order_id: str) -> str:
        return "completed"

    def fill_basket(self) -> str:
        return self._actor.draft(self._actor.variant_of("SKU-004-S"))

    def refund_one_piece(self) -> str:
        order_id = self.place_shippable_order()
        self._actor.refund(order_id, 10.99)
        return order_id

    def cancel_order(self, order_id: str) -> None:
        self._actor.cancel(order_id)

    def rename_item(self, item_id: str, name: str) -> None:
        self._actor.rename(split_item_id(item_id)[0], name)

    def stock_of(self, item_id: str) -> Decimal | None:
        (part,) = self._actor.variant(split_item_id(item_id)[1])["inventory_items"]
        return Decimal(str(sum(one["stocked_quantity"] for one in part["inventory"]["location_levels"])))

    def sell_one(self, item_id: str) -> None:
        """What is sold stays on hand until it is packed."""
        order_id = self._actor.place_order([(split_item_id(item_id)[1], 1)])
        self._actor.pack(order_id)


@pytest.fixture
def driver(medusa_shop: MedusaShop, actor: MedusaActor) -> MedusaDriver:
    return MedusaDriver(medusa_shop.address, actor)


class TestMedusa(CartConformance):
    """The suite."""

    harmless = ("auth/user/emailpass",)  # opens a session

    @pytest.fixture
    def shop(self, driver: MedusaDriver) -> ShopDriver:
        return driver


def _opened(driver: MedusaDriver, secret: str = PASSWORD, **options: str) -> MedusaCart:
    cart = SPEC.open(driver.connection(secret, **options))
    assert isinstance(cart, MedusaCart)
    return cart


@pytest.fixture
def cart(driver: MedusaDriver) -> Iterator[MedusaCart]:
    with closing(_opened(driver)) as cart:
        yield cart


def _order(cart: MedusaCart, order_id: str) -> CartOrder:
    (order,) = good(cart.get_orders([CartOrderId(order_id)]).rows)
    return order


def test_every_state_and_currency_of_the_filled_shop_adds_up_exactly(cart: MedusaCart) -> None:
    """Not even a rounding line is needed, though the shop rounds nothing."""
    rows = rows_of(cart.iter_orders(None))
    orders = good(rows)
    assert len(orders) == len(rows) >= 34
    assert {order.currency for order in orders} == {"GBP", "EUR", "JPY", "KWD"}
    assert {order.order_state for order in orders} == {OrderState.OPEN, OrderState.CLOSED, OrderState.CANCELLED}
    assert {order.fulfilment_state for order in orders} >= {
        FulfilmentState.UNFULFILLED, FulfilmentState.PARTIALLY_SHIPPED,
        FulfilmentState.SHIPPED, FulfilmentState.DELIVERED,
    }  # fmt: skip
    assert {line.kind for order in orders for line in order.lines} >= {LineKind.COUPON, LineKind.TAX}
    proofs = {order.order_number: prove_total(order.lines, order.total, order.currency).state for order in orders}
    assert set(proofs.values()) == {ProofState.EXACT}, proofs


def test_small_pages_bring_the_same_rows(driver: MedusaDriver, cart: MedusaCart) -> None:
    """Orders, items and customers, stamps of one moment among them: nothing is lost between pages."""
    with closing(_opened(driver)) as small:
        small.session.take = 7
        for whole, pages in (
            (cart.iter_orders(None), small.iter_orders(None)),
            (cart.iter_items(None), small.iter_items(None)),
            (cart.iter_customers(None), small.iter_customers(None)),
        ):
            expected = {row.external_id: row.record for row in rows_of(whole)}
            assert {row.external_id: row.record for row in rows_of(checked_pages(pages, None, "rows"))} == expected


def test_items_that_were_sold_come_with_their_stock(actor: MedusaActor, cart: MedusaCart) -> None:
    """Packing takes them from the shelf and moves no date of theirs."""
    variant, since = actor.variant_of("SKU-014-S"), datetime.now(UTC)
    stamp = actor.variant(variant)["updated_at"]
    order_id = actor.place_order([(variant, 1)])
    actor.pack(order_id)
    assert actor.variant(variant)["updated_at"] == stamp
    (item,) = good(rows_of(checked_pages(cart.iter_items(since), since, "items")))
    (level,) = actor.variant(variant)["inventory_items"][0]["inventory"]["location_levels"]
    assert (split_item_id(item.item_id)[1], item.stock) == (variant, level["stocked_quantity"])


def test_a_poll_without_changes_costs_six_requests(cart: MedusaCart, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever there is: one for orders, baskets and customers, three for items."""
    since = datetime.now(UTC)
    assert rows_of(cart.iter_items(since)) == []  # what the shop is like is asked once
    asked: list[str] = []
    get = MedusaSession.get

    def counted(session: MedusaSession, path: str, *rest: Any, **told: Any) -> Any:
        asked.append(path)
        return get(session, path, *rest, **told)

    monkeypatch.setattr(MedusaSession, "get", counted)
    for pages in (
        cart.iter_orders(since),
        cart.iter_baskets(since),
        cart.iter_customers(since),
        cart.iter_items(since),
    ):
        assert rows_of(pages) == []
    assert len(asked) == 6


def test_a_secret_key_is_as_good_as_a_log_in(driver: MedusaDriver, actor: MedusaActor) -> None:
    """For reading and for writing."""
    key = actor.secret_key()
    cart = SPEC.open(replace(driver.connection(key), options={}))
    assert isinstance(cart, MedusaCart)
    with closing(cart):
        assert all(one.verdict is not Verdict.FAILED for one in cart.test_connection())
        item = good(rows_of(cart.iter_items(None)))[0]
        (result,) = cart.set_stock([StockWrite(item.item_id, Decimal(900), expected=item.stock)])
        assert result.state is WriteState.DONE


def test_a_captured_payment_is_seen_by_reading_again_only(
    driver: MedusaDriver, actor: MedusaActor, cart: MedusaCart
) -> None:
    """It does not move updated_at: the reason why open orders are re-read."""
    order_id = driver.place_order()
    before = _order(cart, order_id)
    actor.capture(order_id)
    after = _order(cart, order_id)
    assert (before.payment_state, after.payment_state) == (PaymentState.AUTHORIZED, PaymentState.PAID)
    assert after.modified_at == before.modified_at
    assert not cart.facts.order_changes_seen


def test_refund_and_return_leave_the_order_as_charged(
    driver: MedusaDriver, actor: MedusaActor, cart: MedusaCart
) -> None:
    """Both lower what the shop states, and both bring the order again."""
    order_id = driver.place_shippable_order()
    before = _order(cart, order_id)
    actor.refund(order_id, 1.25)
    actor.ship(order_id)
    actor.give_back(order_id)
    after = _order(cart, order_id)
    assert Decimal(str(actor.order(order_id)["total"])) < before.total - Decimal("1.25")
    assert (after.lines, after.total) == (before.lines, before.total)
    assert [(one.amount, one.reason) for one in after.refunds] == [(Decimal("1.25"), "scratched")]
    assert after.modified_at > before.modified_at


def test_changing_one_price_keeps_those_of_other_currencies(actor: MedusaActor, cart: MedusaCart) -> None:
    """The shop deletes prices that are left out."""
    variant = actor.variant_of("SKU-012-S")
    (item,) = [one for one in good(rows_of(cart.iter_items(None))) if split_item_id(one.item_id)[1] == variant]
    before = {one["currency_code"]: one["amount"] for one in actor.variant(variant)["prices"]}
    cart.update_item(item.item_id, {"price": Decimal("7.77"), "barcode": "4006381333931"})
    after = {one["currency_code"]: one["amount"] for one in actor.variant(variant)["prices"]}
    assert after == {**before, "gbp": 7.77}
    (again,) = good(cart.get_items([item.item_id]).rows)
    assert (again.price, again.barcode, again.name) == (Decimal("7.77"), "4006381333931", item.name)


def test_a_new_item_can_be_bought(actor: MedusaActor, cart: MedusaCart) -> None:
    """It is published, in the sales channel, with shipping profile, price and stock."""
    draft = ItemDraft("cartui-9-item-1", "BUY-1", "Buy me", Decimal("2.50"), "GBP", "5012345678900", Decimal(3))
    made = cart.create_item(draft)
    (item,) = cart.find_items(draft)
    assert (item.item_id, item.price, item.stock, item.barcode) == (made, Decimal("2.50"), 3, draft.barcode)
    order = _order(cart, actor.place_order([(split_item_id(made)[1], 2)]))
    assert [(line.sku, line.item_id) for line in order.lines if line.kind is LineKind.PRODUCT] == [("BUY-1", made)]


def test_many_stocks_in_one_call(cart: MedusaCart) -> None:
    """Written together; one that is not there does not stop the others."""
    items = [item for item in good(rows_of(cart.iter_items(None))) if item.stock is not None][:5]
    writes = [StockWrite(item.item_id, Decimal(60), expected=item.stock) for item in items]
    results = cart.set_stock([*writes, StockWrite(CartItemId("prod_x:variant_x"), Decimal(1))])
    assert [one.state for one in results] == [WriteState.DONE] * 5 + [WriteState.REFUSED]
    again = good(cart.get_items([item.item_id for item in items]).rows)
    assert {item.stock for item in again} == {Decimal(60)}


def test_free_stock_is_what_may_still_be_sold(driver: MedusaDriver, actor: MedusaActor) -> None:
    """An order that nobody packed yet holds its pieces: they are added when free stock is written."""
    with closing(_opened(driver, stock_level="free")) as cart:
        variant = actor.variant_of("SKU-013-S")
        (item,) = [one for one in good(rows_of(cart.iter_items(None))) if split_item_id(one.item_id)[1] == variant]
        actor.place_order([(variant, 2)])
        (after,) = good(cart.get_items([item.item_id]).rows)
        assert (after.stock, item.stock) == (item.stock and item.stock - 2, item.stock)
        (done,) = cart.set_stock([StockWrite(item.item_id, Decimal(30), expected=after.stock)])
        assert done.state is WriteState.DONE
        assert [one.stock for one in good(cart.get_items([item.item_id]).rows)] == [30]


def test_what_staff_packed_is_sent_with_its_tracking(
    driver: MedusaDriver, actor: MedusaActor, cart: MedusaCart
) -> None:
    """Not packed a second time, which the shop would refuse; the label stands in the shop."""
    order_id = driver.place_shippable_order()
    parcel, _ = actor.pack(order_id)
    draft = ShipmentDraft(
        "cartui-1-shipment-90", CartOrderId(order_id), driver.now(), completes=True, carrier="royal-mail",
        tracking_number="RM123456789GB", tracking_url="https://track.example/RM123456789GB",
    )  # fmt: skip
    assert cart.create_shipment(draft) == parcel
    fields = "fields=id,fulfillments.labels.tracking_number,fulfillments.labels.tracking_url"
    (shown,) = actor.staff("GET", f"orders/{order_id}?{fields}")["order"]["fulfillments"]
    (label,) = shown["labels"]
    assert (label["tracking_number"], label["tracking_url"]) == (draft.tracking_number, draft.tracking_url)


def test_cancelling_is_refused_where_the_shop_would_pay_back(driver: MedusaDriver, cart: MedusaCart) -> None:
    """Captured money stays where it is; what is only authorised is released."""
    paid, held = CartOrderId(driver.place_shippable_order()), CartOrderId(driver.place_order())
    with pytest.raises(HoldRecordError, match="pay it back"):
        cart.set_order_status(paid, "canceled")
    cart.set_order_status(held, "canceled")
    assert _order(cart, paid).order_state is OrderState.OPEN
    assert (_order(cart, held).order_state, _order(cart, held).payment_state) == (
        OrderState.CANCELLED,
        PaymentState.VOIDED,
    )
