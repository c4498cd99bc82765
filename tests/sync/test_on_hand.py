"""A cart that counts what lies on the shelf and keeps its own orders' pieces: no piece is offered twice."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from cartui.adapters.memory import MemoryCart, MemoryShop
from cartui.domain.ids import CartOrderId
from cartui.domain.ports import CartFacts, StockMeaning
from cartui.domain.records import (
    FulfilmentState,
    PaymentState,
    ShipmentDraft,
)
from cartui.errors import UnknownOutcomeError
from cartui.sync.approvals import approve_documents, preview_approvals
from cartui.sync.cycle import run_cycle
from cartui.sync.fulfilment import Parcel, ship_document
from cartui.sync.workspace import Workspace
from cartui.testing import samples
from cartui.testing.clock import FrozenClock
from tests.sync.conftest import place
from tests.sync.sending import NAME, SENDS_STOCK, D, cart_id, linked, move, row, stock, with_cart


class OnHandCart(MemoryCart):
    """Takes what lies on the shelf and subtracts its own unshipped orders itself (Vendure)."""

    @property
    def facts(self) -> CartFacts:
        return replace(super().facts, stock_meaning=StockMeaning.ON_HAND)


@pytest.mark.parametrize("on_hand", [False, True])
def test_what_left_before_it_was_paid_is_not_on_sale_again(
    ws: Workspace, shop: MemoryShop, clock: FrozenClock, on_hand: bool
) -> None:
    """One of two pieces was sent by the shop, their order still waits for its money, and our shelf has both yet. Sent
    back, they may be sold."""
    linked(ws)
    there = with_cart(ws, OnHandCart if on_hand else MemoryCart, shop)
    unpaid = samples.order(0, clock(), payment_state=PaymentState.PENDING)
    shop.put_order(unpaid)
    run_cycle(there, NAME)
    clock.advance(60)
    lines = (replace(unpaid.lines[0], gone=D(1)), *unpaid.lines[1:])
    sent = FulfilmentState.PARTIALLY_SHIPPED
    shop.put_order(replace(unpaid, fulfilment_state=sent, lines=lines, modified_at=clock()))
    run_cycle(there, NAME)
    assert stock(shop) == (19 if on_hand else 18)
    clock.advance(60)
    shop.put_order(replace(unpaid, fulfilment_state=FulfilmentState.RETURNED, modified_at=clock()))
    run_cycle(there, NAME)
    assert stock(shop) == 20


def test_a_cart_that_subtracts_its_own_orders_is_not_told_of_them_twice(
    ws: Workspace, shop: MemoryShop, clock: FrozenClock
) -> None:
    """20 on hand, 2 sold there: it is told 20 and offers 18. Shipped there, it took the pieces off by itself."""
    linked(ws)
    there = with_cart(ws, OnHandCart, shop)
    place(shop, range(1))
    run_cycle(there, NAME)
    assert stock(shop) == 20
    clock.advance(60)
    shop.put_order(samples.order(0, clock(), fulfilment_state=FulfilmentState.SHIPPED))
    run_cycle(there, NAME)
    assert stock(shop) == 18  # the document here still keeps its two pieces


@pytest.mark.parametrize(("gone", "told"), [(D(1), 19), (D(2), 18), (D(0), 20), (None, 20)])
def test_pieces_that_the_cart_sent_are_not_added_back(
    ws: Workspace, shop: MemoryShop, clock: FrozenClock, gone: Decimal | None, told: int
) -> None:
    """Two sold, some of them in a parcel: its stock is lower by these already, so it is told what it still keeps; where
    it does not tell how many went, as if none had."""
    linked(ws)
    there = with_cart(ws, OnHandCart, shop)
    place(shop, range(1))
    run_cycle(there, NAME)
    clock.advance(60)
    order = samples.order(0, clock(), fulfilment_state=FulfilmentState.PARTIALLY_SHIPPED)
    shop.put_order(replace(order, lines=(replace(order.lines[0], gone=gone), *order.lines[1:])))
    run_cycle(there, NAME)
    assert stock(shop) == told


@pytest.mark.parametrize("sent", [1, 2])
def test_our_own_parcel_counts_before_the_api_shows_it(
    ws: Workspace, shop: MemoryShop, clock: FrozenClock, sent: int
) -> None:
    """Two sold, a parcel of ours left; the cart's list still shows the order without it: these pieces are not offered
    again."""
    linked(ws, replace(SENDS_STOCK, to_cart_tracking=True))
    there = with_cart(ws, OnHandCart, shop)
    place(shop, range(1))
    run_cycle(there, NAME)
    before = shop.orders["0"]
    document_id = ws.books.documents.find_by_external(cart_id(ws), ["0"])[CartOrderId("0")]
    approve_documents(ws, preview_approvals(ws, [document_id]))
    ship_document(ws, ws.books.documents.get(document_id), Parcel({1: D(sent)}, "DHL", "T1"))
    run_cycle(there, NAME, only_outbox=True)
    assert [line.quantity for line in shop.shipments["0"][0].lines] == [D(sent)]
    clock.advance(60)
    shop.put_order(replace(before, modified_at=clock(), note="gift"))  # an older copy, changed
    run_cycle(there, NAME)
    assert stock(shop) == 20 - sent


def test_a_parcel_told_as_all_of_an_order_leaves_nothing_to_offer_again(
    ws: Workspace, shop: MemoryShop, clock: FrozenClock
) -> None:
    """The order grew in the cart after its import; the cart was told that all of it has left, and its list lags."""
    linked(ws, replace(SENDS_STOCK, to_cart_tracking=True))
    there = with_cart(ws, OnHandCart, shop)
    place(shop, range(1))
    run_cycle(there, NAME)
    clock.advance(60)
    first = shop.orders["0"]
    grown = (replace(first.lines[0], quantity=D(3)), *first.lines[1:])
    shop.put_order(replace(first, lines=grown, modified_at=clock()))
    run_cycle(there, NAME)
    before = shop.orders["0"]
    document_id = ws.books.documents.find_by_external(cart_id(ws), ["0"])[CartOrderId("0")]
    approve_documents(ws, preview_approvals(ws, [document_id]))
    ship_document(ws, ws.books.documents.get(document_id), Parcel(None, "DHL", "T1"))
    run_cycle(there, NAME, only_outbox=True)
    assert stock(shop) == 18
    clock.advance(60)
    shop.put_order(replace(before, modified_at=clock(), note="gift"))  # an older copy, changed
    run_cycle(there, NAME)
    assert stock(shop) == 18


@pytest.mark.parametrize("made", [True, False])
def test_a_number_waits_for_a_parcel_without_an_answer(
    ws: Workspace, shop: MemoryShop, clock: FrozenClock, made: bool
) -> None:
    """Nobody knows whether the cart still keeps these two pieces; other items are told. Once the parcel was looked up,
    and sent where it was not there, the number goes."""

    class Lost(OnHandCart):
        def create_shipment(self, draft: ShipmentDraft) -> str:
            if made:
                super().create_shipment(draft)
            raise UnknownOutcomeError("No answer.", "")

    linked(ws, replace(SENDS_STOCK, to_cart_tracking=True))
    there = with_cart(ws, OnHandCart, shop)
    place(shop, range(1))
    run_cycle(there, NAME)
    [code] = [line.item_id for line in shop.orders["0"].lines if line.item_id]
    number = int(code.removeprefix("i"))
    document_id = ws.books.documents.find_by_external(cart_id(ws), ["0"])[CartOrderId("0")]
    approve_documents(ws, preview_approvals(ws, [document_id]))
    ship_document(ws, ws.books.documents.get(document_id), Parcel(None, "DHL", "T1"))
    move(ws, number, 1)
    move(ws, number + 1, 1)
    run_cycle(with_cart(ws, Lost, shop), NAME, only_outbox=True)
    assert (stock(shop, number), stock(shop, number + 1)) == (20, 21)
    assert row(ws, number).reason.startswith("A parcel with it had no answer")
    clock.advance(60)
    run_cycle(there, NAME)
    assert len(shop.shipments["0"]) == 1
    assert stock(shop, number) == 19
