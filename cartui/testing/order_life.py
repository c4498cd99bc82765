"""How orders live on, as tests for every adapter: shipments, statuses, baskets that become orders, refunds."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from typing import cast

import pytest

from cartui.domain.ids import CartBasketId, CartOrderId, RecordKind
from cartui.domain.money import ProofState, prove_total
from cartui.domain.ports import (
    AdminPages,
    BasketConverter,
    BasketReader,
    BasketSource,
    Cart,
    OrderReader,
    OrderStatusSink,
    ShipmentSink,
)
from cartui.domain.records import (
    BasketStatus,
    CartBasket,
    CartOrder,
    CartShipment,
    FulfilmentState,
    LineKind,
    OrderLine,
    Refund,
    ShipmentDraft,
    ShipmentLine,
)
from cartui.domain.safe_text import is_safe_text
from cartui.errors import CartuiError, HoldRecordError, UnknownOutcomeError
from cartui.testing.shop_driver import (
    BasketShop,
    RefundingShop,
    ShippingShop,
    ShopDriver,
    StatusShop,
    fake_of,
    good,
    rows_of,
)

SHIPPED = (FulfilmentState.SHIPPED, FulfilmentState.DELIVERED)


class OrderLifeConformance:
    """Part of `CartConformance`. A role that the cart does not have skips its tests, as does a driver without the
    ability that they need."""

    # --- shipments

    def test_a_whole_order_ships_with_its_tracking(self, cart: Cart, shop: ShopDriver) -> None:
        """Nothing before; then one shipment with its tracking number, and the order's fulfilment follows."""
        sink, draft, _ = _shippable(cart, shop)
        assert list(sink.find_shipments(draft.order_id)) == []
        made = sink.create_shipment(draft)
        (found,) = sink.find_shipments(draft.order_id)
        assert (found.shipment_id, found.tracking_number) == (made, draft.tracking_number)
        assert found.key in ("", draft.key)
        assert _order(cart, draft.order_id).fulfilment_state in SHIPPED

    def test_a_part_of_an_order_ships_then_the_rest(self, cart: Cart, shop: ShopDriver) -> None:
        """One piece first: the order is partly shipped; then all that is left: it is shipped. Two shipments are seen,
        each with its own number."""
        sink, whole, line = _shippable(cart, shop)
        if not cart.facts.partial_shipments:
            pytest.skip("the cart ships orders as a whole")
        part = replace(whole, lines=(ShipmentLine(line.line_id, Decimal(1), line.sku),), completes=False)
        first = sink.create_shipment(part)
        (found,) = sink.find_shipments(whole.order_id)
        assert [one.quantity for one in found.lines] in ([], [Decimal(1)])
        assert _order(cart, whole.order_id).fulfilment_state is FulfilmentState.PARTIALLY_SHIPPED
        second = sink.create_shipment(replace(whole, key=f"{whole.key}-rest", tracking_number="TRACK-REST-2"))
        both = {one.shipment_id: one.tracking_number for one in sink.find_shipments(whole.order_id)}
        assert both == {first: part.tracking_number, second: "TRACK-REST-2"}
        assert _order(cart, whole.order_id).fulfilment_state in SHIPPED

    def test_the_same_shipment_twice_is_one(self, cart: Cart, shop: ShopDriver) -> None:
        """The second call gives the first's id or is refused; the shop holds one."""
        sink, draft, line = _shippable(cart, shop)
        if cart.facts.partial_shipments:
            draft = replace(draft, lines=(ShipmentLine(line.line_id, Decimal(1), line.sku),), completes=False)
        made = sink.create_shipment(draft)
        with suppress(HoldRecordError):
            assert sink.create_shipment(draft) == made
        assert [one.shipment_id for one in sink.find_shipments(draft.order_id)] == [made]

    def test_a_lost_answer_makes_no_second_shipment(self, cart: Cart, shop: ShopDriver) -> None:
        """The outcome is unknown, never a failure; then it is found by its key or its tracking number, once."""
        _, draft, _ = _shippable(cart, shop)
        fake = fake_of(shop)
        fake.lose_answers()
        with pytest.raises(UnknownOutcomeError):
            cast(ShipmentSink, cart).create_shipment(draft)
        fake.answer_again()
        again = fake.open()  # the first one's circuit may be open
        assert isinstance(again, ShipmentSink)
        (found,) = again.find_shipments(draft.order_id)
        assert is_ours(found, draft)
        with suppress(HoldRecordError):
            assert again.create_shipment(draft) == found.shipment_id
        assert len(again.find_shipments(draft.order_id)) == 1
        again.close()

    def test_a_shipment_of_no_order_is_refused(self, cart: Cart, shop: ShopDriver) -> None:
        """With a remedy, and not as an empty success."""
        sink, draft, _ = _shippable(cart, shop)
        with pytest.raises(CartuiError) as refused:
            sink.create_shipment(replace(draft, order_id=CartOrderId("999999999")))
        assert refused.value.remedy

    # --- statuses

    def test_order_statuses_are_listed(self, cart: Cart) -> None:
        """Each code once, with a title that is safe to draw."""
        if not isinstance(cart, OrderStatusSink):
            pytest.skip("the cart takes no order status")
        statuses = cart.list_order_statuses()
        assert len({one.code for one in statuses}) == len(statuses) > 0
        assert all(one.code and one.title and is_safe_text(one.title) for one in statuses)

    def test_a_status_is_set_and_set_again_changes_nothing(self, cart: Cart, shop: ShopDriver) -> None:
        """The order's own status follows; the second time the order, its stamp too, stays as it is."""
        if not isinstance(cart, OrderStatusSink):
            pytest.skip("the cart takes no order status")
        if not (isinstance(shop, StatusShop) and isinstance(shop, ShippingShop)):
            pytest.skip("the shop's side knows no order for it")
        order_id = CartOrderId(shop.place_shippable_order())
        code, before = shop.next_status(order_id), _order(cart, order_id)
        assert code in {one.code for one in cart.list_order_statuses()}
        cart.set_order_status(order_id, code)
        after = _order(cart, order_id)
        assert after.native_status != before.native_status
        assert (after.lines, after.total, after.payment_state) == (before.lines, before.total, before.payment_state)
        cart.set_order_status(order_id, code)
        assert _order(cart, order_id) == after

    def test_an_unknown_status_is_refused(self, cart: Cart, shop: ShopDriver) -> None:
        """With a remedy; the order keeps its status."""
        if not isinstance(cart, OrderStatusSink):
            pytest.skip("the cart takes no order status")
        order_id = CartOrderId(shop.place_order())
        before = _order(cart, order_id).native_status
        with pytest.raises(CartuiError) as refused:
            cart.set_order_status(order_id, "no-such-status-9999")
        assert refused.value.remedy
        assert _order(cart, order_id).native_status == before

    # --- baskets

    def test_baskets_by_id(self, cart: Cart) -> None:
        """Those that exist come, the others are absent."""
        if not (isinstance(cart, BasketReader) and isinstance(cart, BasketSource)):
            pytest.skip("the cart can't read baskets by id")
        ids = [CartBasketId(row.external_id) for row in rows_of(cart.iter_baskets(None))[:3]]
        assert ids
        page = cart.get_baskets([*ids, CartBasketId("999999999")])
        assert {row.external_id for row in page.rows} == set(ids)

    def test_an_open_basket_becomes_an_order_once(self, cart: Cart, shop: ShopDriver) -> None:
        """The order holds what was in the basket; the basket is purchased; a second try makes no second order."""
        sink, basket = _open_basket(cart, shop)
        placed = sink.place_order(basket.basket_id, "cartui-basket-77")
        order = _order(cart, placed)
        assert _goods(order.lines) == _goods(basket.lines)
        assert order.currency == basket.currency
        after = _basket(cart, basket.basket_id)
        assert after is None or (after.status, after.order_id) in (
            (BasketStatus.PURCHASED, placed),
            (BasketStatus.PURCHASED, None),
        )
        with suppress(HoldRecordError):
            assert sink.place_order(basket.basket_id, "cartui-basket-77") == placed
        with pytest.raises(HoldRecordError):
            sink.place_order(basket.basket_id, "cartui-basket-78")

    def test_a_lost_answer_places_no_second_order(self, cart: Cart, shop: ShopDriver) -> None:
        """The outcome is unknown; then the basket says purchased, and asked again there is still one order more."""
        _, basket = _open_basket(cart, shop)
        fake = fake_of(shop)
        before = {row.external_id for row in rows_of(cart.iter_orders(None))}
        fake.lose_answers()
        with pytest.raises(UnknownOutcomeError):
            cast(BasketConverter, cart).place_order(basket.basket_id, "cartui-basket-79")
        fake.answer_again()
        again = fake.open()
        assert isinstance(again, BasketConverter)
        after = _basket(again, basket.basket_id)
        assert after is None or after.status is BasketStatus.PURCHASED
        with suppress(HoldRecordError):
            again.place_order(basket.basket_id, "cartui-basket-79")
        assert len({row.external_id for row in rows_of(again.iter_orders(None))} - before) == 1
        again.close()

    # --- refunds

    def test_refunds_are_whole(self, cart: Cart) -> None:
        """Of every order: each once, positive, with the time; itemised ones add up."""
        for order in good(rows_of(cart.iter_orders(None))):
            assert len({one.refund_id for one in order.refunds}) == len(order.refunds)
            assert [problem for one in order.refunds if (problem := _refund_problem(one))] == []

    def test_a_refund_is_seen_and_leaves_the_order_as_charged(self, cart: Cart, shop: ShopDriver) -> None:
        """It comes with the order; lines and total stay what the shopper was charged, and the total is explained."""
        if not isinstance(shop, RefundingShop):
            pytest.skip("the shop's side gives no refunds")
        order = _order(cart, CartOrderId(shop.refund_one_piece()))
        (refund,) = order.refunds
        assert 0 < refund.amount <= order.total
        assert refund.refunded_at.tzinfo is not None
        known = {line.line_id for line in order.lines}
        assert {line.line_id for line in refund.lines if line.line_id} <= known
        assert prove_total(order.lines, order.total, order.currency).state is not ProofState.UNEXPLAINED

    # --- pages of the back office

    def test_admin_pages_are_addresses(self, cart: Cart) -> None:
        """Of the web or none; an id can't lead elsewhere."""
        if not isinstance(cart, AdminPages):
            pytest.skip("the cart has no admin pages")
        pages = [cart.admin_url(kind, "1017") for kind in RecordKind]
        assert any(pages)
        assert all(page == "" or page.startswith(("https://", "http://")) for page in pages)
        nasty = [cart.admin_url(kind, "../x y?z#\x1b]0;\x07") for kind in RecordKind]
        assert all(page.isascii() and page.isprintable() and " " not in page for page in nasty)
        assert not any("/../" in page for page in nasty)


def is_ours(found: CartShipment, draft: ShipmentDraft) -> bool:
    """By our key where the cart keeps it, else by the tracking number."""
    return draft.key == found.key if found.key else draft.tracking_number == found.tracking_number


def _shippable(cart: Cart, shop: ShopDriver) -> tuple[ShipmentSink, ShipmentDraft, OrderLine]:
    """The sink, a shipment of a whole new order, and a line of that order with two pieces or more."""
    if not isinstance(cart, ShipmentSink):
        pytest.skip("the cart takes no shipments")
    if not isinstance(shop, ShippingShop):
        pytest.skip("the shop's side knows no order for it")
    order = _order(cart, CartOrderId(shop.place_shippable_order()))
    products = [line for line in order.lines if line.kind is LineKind.PRODUCT and line.line_id]
    draft = ShipmentDraft(
        key=f"cartui-1-shipment-{order.order_id}"[-64:],
        order_id=order.order_id,
        shipped_at=shop.now(),
        completes=True,
        carrier=shop.carrier,
        carrier_title="Parcel service",
        tracking_number="TRACK-1017-A",
        tracking_url="https://track.example/TRACK-1017-A",
    )
    return cart, draft, next(line for line in products if line.quantity >= 2)


def _order(cart: Cart, order_id: CartOrderId) -> CartOrder:
    if isinstance(cart, OrderReader):
        return good(cart.get_orders([order_id]).rows)[0]
    return next(order for order in good(rows_of(cart.iter_orders(None))) if order.order_id == order_id)


def _open_basket(cart: Cart, shop: ShopDriver) -> tuple[BasketConverter, CartBasket]:
    if not (isinstance(cart, BasketConverter) and isinstance(cart, BasketSource)):
        pytest.skip("the cart places no orders")
    if not isinstance(shop, BasketShop):
        pytest.skip("the shop's side fills no baskets")
    basket = _basket(cart, CartBasketId(shop.fill_basket()))
    assert basket is not None
    assert basket.status is BasketStatus.OPEN
    return cart, basket


def _basket(cart: Cart, basket_id: CartBasketId) -> CartBasket | None:
    """The basket now; None where the cart shows it no more."""
    if isinstance(cart, BasketReader):
        return next(iter(good(cart.get_baskets([basket_id]).rows)), None)
    assert isinstance(cart, BasketSource)
    return next((one for one in good(rows_of(cart.iter_baskets(None))) if one.basket_id == basket_id), None)


def _goods(lines: tuple[OrderLine, ...]) -> list[tuple[str, Decimal]]:
    return sorted((line.sku, line.quantity) for line in lines if line.kind is LineKind.PRODUCT)


def _refund_problem(refund: Refund) -> str:
    if not refund.refund_id or refund.amount <= 0 or refund.refunded_at.tzinfo is None:
        return f"refund {refund.refund_id!r} has no id, time or amount"
    told = sum((line.amount + line.tax_amount for line in refund.lines), Decimal(0))
    return "" if not refund.lines or told == refund.amount else f"{refund.refund_id}: {told} of {refund.amount}"
