"""A shipment of ours reaches the cart once, with its tracking, partial where it is; the status follows (S125)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any, ClassVar

import pytest

from cartui.adapters.memory import MemoryCart, MemoryShop
from cartui.books.shipments import NewShipment
from cartui.domain.ids import CartOrderId, DocumentId, RecordKind, ShipmentId
from cartui.domain.outbox import OutboxRow, OutboxState
from cartui.domain.records import FulfilmentState, PaymentState, ShipmentDraft
from cartui.domain.settings import CartSettings
from cartui.errors import HoldRecordError, UnknownOutcomeError
from cartui.sync.cycle import run_cycle
from cartui.sync.workspace import Workspace
from cartui.testing.clock import FrozenClock
from cartui.testing.workspace import running_cart
from tests.sync.conftest import place

NAME = "Main shop"
D = Decimal
SENDS = CartSettings(to_cart_tracking=True, carriers={"dhl": "dhl_de"}, default_carrier="custom")


def with_cart(ws: Workspace, kind: type[MemoryCart], shop: MemoryShop) -> Workspace:
    spec = replace(ws.adapters["memory"], open=lambda connection: kind(shop))
    return replace(ws, adapters={"memory": spec})


def imported(ws: Workspace, shop: MemoryShop, settings: CartSettings = SENDS) -> DocumentId:
    """A running cart with one order of two pieces here."""
    running_cart(ws, settings=settings)
    place(shop, range(1))
    run_cycle(ws, NAME)
    cart_id = ws.books.carts.get(NAME).cart_id
    return ws.books.documents.find_by_external(cart_id, ["0"])[CartOrderId("0")]


def ship(
    ws: Workspace, document_id: DocumentId, pieces: int = 2, tracking: str = "T1", carrier: str = "DHL"
) -> ShipmentId:
    cart_id = ws.books.carts.get(NAME).cart_id
    with ws.books.transaction():
        return ws.books.shipments.add(
            document_id, cart_id, NewShipment(ws.clock(), {1: D(pieces)}, carrier, tracking), "admin"
        )


def send(ws: Workspace) -> object:
    return run_cycle(ws, NAME, only_outbox=True)


def rows(ws: Workspace) -> list[OutboxRow]:
    return ws.books.outbox.list_rows(ws.books.carts.get(NAME).cart_id, tuple(OutboxState))


def test_a_shipment_is_told_once_with_carrier_and_tracking(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """The whole order in one parcel; a second look tells nothing; "paid" is never touched."""
    ship(ws, imported(ws, shop))
    send(ws)
    (there,) = shop.shipments["0"]
    assert (there.tracking_number, there.carrier) == ("T1", "dhl_de")
    assert shop.orders["0"].fulfilment_state is FulfilmentState.SHIPPED
    assert shop.orders["0"].payment_state is PaymentState.PAID
    assert [row.state for row in rows(ws)] == [OutboxState.DONE]
    writes = shop.writes
    clock.advance(60)
    with ws.books.transaction():
        ws.books.outbox.retry(ws.books.carts.get(NAME).cart_id, [rows(ws)[0].row_id])
    run_cycle(ws, NAME)
    assert shop.writes == writes


def test_an_order_is_shipped_when_all_of_it_is(ws: Workspace, shop: MemoryShop) -> None:
    """One piece of two, then the other; the order's own status only at the end. An unknown carrier is the default."""
    document_id = imported(ws, shop, replace(SENDS, shipped_status="shipped"))
    before = shop.orders["0"].native_status
    ship(ws, document_id, 1)
    send(ws)
    assert (shop.orders["0"].fulfilment_state, shop.orders["0"].native_status) == (
        FulfilmentState.PARTIALLY_SHIPPED,
        before,
    )
    ship(ws, document_id, 1, "T2", "Pigeon")
    send(ws)
    assert [(one.tracking_number, one.carrier, one.lines[0].quantity) for one in shop.shipments["0"]] == [
        ("T1", "dhl_de", D(1)),
        ("T2", "custom", D(1)),
    ]
    assert (shop.orders["0"].fulfilment_state, shop.orders["0"].native_status) == (FulfilmentState.SHIPPED, "shipped")


def test_tracking_goes_before_the_status(ws: Workspace, shop: MemoryShop) -> None:
    """A status that the cart does not know is refused after the shipment was told, and says so."""
    calls: list[str] = []

    class Watched(MemoryCart):
        def create_shipment(self, draft: ShipmentDraft) -> str:
            calls.append("shipment")
            return super().create_shipment(draft)

        def set_order_status(self, order_id: CartOrderId, code: str) -> None:
            calls.append("status")
            super().set_order_status(order_id, code)

    document_id = imported(ws, shop, replace(SENDS, shipped_status="shipped"))
    ship(ws, document_id)
    send(with_cart(ws, Watched, shop))
    assert calls == ["shipment", "status"]
    document = ws.books.carts.get(NAME)
    settings = replace(document.settings, shipped_status="nonsense")
    ws.books.carts.save(replace(document, settings=settings))
    with ws.books.transaction():
        ws.books.database.write_sql("UPDATE outbox SET state = 'waiting'")
    send(ws)
    assert rows(ws)[0].state is OutboxState.REFUSED
    assert "no order status 'nonsense'" in rows(ws)[0].reason
    assert len(shop.shipments["0"]) == 1


class Lost(MemoryCart):
    """Makes it, forgets our key, and the answer is lost."""

    made = True

    def create_shipment(self, draft: ShipmentDraft) -> str:
        if self.made:
            super().create_shipment(draft)
        raise UnknownOutcomeError("No answer.", "")


@pytest.mark.parametrize("tracking", ["T1", ""])
@pytest.mark.parametrize("made", [True, False])
def test_a_lost_answer_makes_no_second_parcel(
    ws: Workspace, shop: MemoryShop, clock: FrozenClock, made: bool, tracking: str
) -> None:
    """UNKNOWN, then looked up by key or tracking number (where the cart keeps neither: the one that is new), and made
    only if it is not there."""
    ship(ws, imported(ws, shop), tracking=tracking)
    send(with_cart(ws, type("Lost", (Lost,), {"made": made}), shop))
    assert rows(ws)[0].state is OutboxState.UNKNOWN
    shop.shipments = {key: [replace(one, key="") for one in some] for key, some in shop.shipments.items()}
    shop.keys.clear()
    clock.advance(60)
    send(ws)
    assert len(shop.shipments["0"]) == 1
    assert rows(ws)[0].state is OutboxState.DONE
    assert not ws.books.journal.open_entries(ws.books.carts.get(NAME).cart_id)
    assert ws.books.records.count_linked(ws.books.carts.get(NAME).cart_id, RecordKind.SHIPMENT) == 1


class TwoSteps(MemoryCart):
    """Makes the parcel, and the answer is lost before it is moved on to "sent"."""

    halves: ClassVar[set[str]] = set()
    cut = True

    def create_shipment(self, draft: ShipmentDraft) -> str:
        made = draft.key if draft.key in self.halves else super().create_shipment(draft)
        if self.cut:
            self.halves.add(draft.key)
            raise UnknownOutcomeError("No answer.", "")
        self.halves.discard(draft.key)
        return made

    def find_shipments(self, order_id: CartOrderId) -> Any:
        return [replace(one, finished=one.key not in self.halves) for one in super().find_shipments(order_id)]


def test_a_parcel_that_was_begun_is_finished(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """It is found there, but not as sent: it is gone on with, not taken for done, and not made again."""
    halves: set[str] = set()
    ship(ws, imported(ws, shop))
    send(with_cart(ws, type("Cut", (TwoSteps,), {"halves": halves}), shop))
    assert (len(halves), rows(ws)[0].state) == (1, OutboxState.UNKNOWN)
    clock.advance(60)
    send(with_cart(ws, type("Whole", (TwoSteps,), {"halves": halves, "cut": False}), shop))
    assert (halves, len(shop.shipments["0"]), rows(ws)[0].state) == (set(), 1, OutboxState.DONE)
    assert not ws.books.journal.open_entries(ws.books.carts.get(NAME).cart_id)


def test_a_shipment_that_the_shop_entered_itself_is_not_doubled(ws: Workspace, shop: MemoryShop) -> None:
    """The same tracking number is the same parcel."""
    document_id = imported(ws, shop)
    MemoryCart(shop).create_shipment(
        ShipmentDraft("someone", CartOrderId("0"), ws.clock(), completes=True, tracking_number="T1")
    )
    ship(ws, document_id)
    send(ws)
    assert len(shop.shipments["0"]) == 1
    assert rows(ws)[0].state is OutboxState.DONE


def test_what_is_refused_says_why(ws: Workspace, shop: MemoryShop) -> None:
    """By the cart; and a tracking number corrected afterwards, which no cart takes."""
    document_id = imported(ws, shop)

    class Strict(MemoryCart):
        def create_shipment(self, draft: ShipmentDraft) -> str:
            raise HoldRecordError(draft.order_id, "No such carrier.", "Map it.")

    shipment_id = ship(ws, document_id)
    send(with_cart(ws, Strict, shop))
    assert (rows(ws)[0].state, rows(ws)[0].reason) == (OutboxState.REFUSED, "No such carrier.")
    with ws.books.transaction():
        ws.books.outbox.retry(ws.books.carts.get(NAME).cart_id, [rows(ws)[0].row_id])
    send(ws)
    shipment = ws.books.shipments.find(shipment_id)
    assert shipment is not None
    with ws.books.transaction():
        ws.books.shipments.correct(shipment, ws.books.carts.get(NAME).cart_id, "DHL", "T9", "")
    send(ws)
    assert "with tracking 'T1'" in rows(ws)[0].reason
    assert "T9" in rows(ws)[0].remedy
    assert len(shop.shipments["0"]) == 1


@pytest.mark.parametrize("settings", [CartSettings(), replace(SENDS, live=False)])
def test_nothing_is_told_while_it_is_off_or_the_cart_is_a_test(
    ws: Workspace, shop: MemoryShop, settings: CartSettings
) -> None:
    """S127: a shipment made in a test tells the shop nothing."""
    document_id = imported(ws, shop, replace(settings, live=True, to_cart_tracking=False))
    document: Any = ws.books.carts.get(NAME)
    ws.books.carts.save(replace(document, settings=replace(settings, orders_from=document.settings.orders_from)))
    ship(ws, document_id)
    send(ws)
    assert not shop.shipments
