"""Shipments: what is packed (a fulfilment), then sent with its label."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from pydantic import ValidationError

from cartui.adapters.medusa.lists import PARCEL_FIELDS
from cartui.adapters.medusa.parse import MARKER, shipment_of
from cartui.adapters.medusa.render import render_parcel, render_shipment
from cartui.adapters.medusa.session import MedusaSession, record_path
from cartui.adapters.medusa.wire import OrderParcelsWire, ParcelWire
from cartui.domain.ids import CartOrderId
from cartui.domain.records import CartShipment, ShipmentDraft
from cartui.errors import AbortCycleError, HoldRecordError, UnknownOutcomeError

_AGAIN = "Read the order again and correct the shipment."
Pieces = Sequence[tuple[str, Decimal]]


class ShippingDesk:
    """Reads and makes the shipments of one shop.

    Medusa has no place for a carrier; our key and the carrier stand in the fulfilment's metadata. A shipment takes two
    requests; one that got lost between them is completed by the next call with the same key.
    """

    def __init__(self, session: MedusaSession) -> None:
        self._session = session

    def find(self, order_id: CartOrderId) -> list[CartShipment]:
        """What has left; what is only packed is no shipment yet."""
        return [
            shipment_of(one) for one in self._order(order_id).fulfillments if one.shipped_at and not one.canceled_at
        ]

    def create(self, draft: ShipmentDraft) -> str:
        order = self._order(draft.order_id)
        parcel = _ours(order, draft.key)
        if parcel and parcel.shipped_at:
            return parcel.id
        if order.status in ("canceled", "draft"):
            raise HoldRecordError(draft.order_id, f"The order is {order.status} in the shop.", _AGAIN)
        parcel = parcel or _packed_in_shop(order, draft) or self._pack(order, draft)
        lines = [(one.line_item_id, one.quantity) for one in parcel.items if one.line_item_id]
        path = record_path("admin/orders", draft.order_id, "fulfillments", parcel.id, "shipments")
        self._session.write(path, render_shipment(draft, lines), draft.order_id, [("fields", "id")])
        return parcel.id

    def _pack(self, order: OrderParcelsWire, draft: ShipmentDraft) -> ParcelWire:
        location = self._session.known_terms().location
        body = render_parcel(draft, _pieces(order, draft), location)
        path = record_path("admin/orders", draft.order_id, "fulfillments")
        try:
            self._session.write(path, body, draft.order_id, [("fields", "id")])
        except UnknownOutcomeError as lost:
            # Packed without an answer: go on where it can be seen, so that the tracking is not lost with it.
            try:
                parcel = _ours(self._order(draft.order_id), draft.key)
            except AbortCycleError:
                parcel = None
            if parcel is None:
                raise lost from None
            return parcel
        parcel = _ours(self._order(draft.order_id), draft.key)
        if parcel is None:
            problem = f"The shop took the fulfilment of {draft.order_id}, but does not show it with {MARKER}."
            raise UnknownOutcomeError(problem, "It is looked up in the shop before anything is sent again.")
        return parcel

    def _order(self, order_id: CartOrderId) -> OrderParcelsWire:
        path = record_path("admin/orders", order_id)
        body = self._session.get(path, [("fields", PARCEL_FIELDS)], record=order_id).json
        try:
            return OrderParcelsWire.model_validate(body.get("order") if isinstance(body, dict) else None)
        except ValidationError:
            raise HoldRecordError(order_id, "The shop's order can't be read.", "Look at it in the shop.") from None


def _ours(order: OrderParcelsWire, key: str) -> ParcelWire | None:
    found = [one for one in order.fulfillments if one.noted(MARKER) == key and not one.canceled_at]
    return min(found, key=lambda one: one.created_at) if found else None


def _packed_in_shop(order: OrderParcelsWire, draft: ShipmentDraft) -> ParcelWire | None:
    """What staff packed and did not send yet, where it is exactly what shall be sent, or all that is left to send."""
    waiting = [one for one in order.fulfillments if not (one.shipped_at or one.canceled_at or one.noted(MARKER))]
    wanted = sorted((one.line_id, one.quantity) for one in draft.lines)
    if not wanted:
        return waiting[0] if len(waiting) == 1 and not _open(order) else None
    same = (one for one in waiting if sorted((line.line_item_id, line.quantity) for line in one.items) == wanted)
    return next(same, None)


def _open(order: OrderParcelsWire) -> dict[str, Decimal]:
    """What is still to be packed, by line id."""
    counts = ((one.id, one.quantity - one.detail.fulfilled_quantity) for one in order.items)
    return {line_id: count for line_id, count in counts if count > 0}


def _pieces(order: OrderParcelsWire, draft: ShipmentDraft) -> list[tuple[str, Decimal]]:
    """The lines of the parcel; without any, all that is open and can be shipped: Medusa keeps the rest apart."""
    left = _open(order)
    if not left:
        raise HoldRecordError(draft.order_id, f"Order {draft.order_id} has nothing left to ship.", _AGAIN)
    if not draft.lines:
        posted = [one.id for one in order.items if one.id in left and one.requires_shipping]
        return [(line_id, left[line_id]) for line_id in posted or left]
    for line in draft.lines:
        if not 0 < line.quantity <= left.get(line.line_id, Decimal(0)):
            problem = f"Line {line.line_id} of order {draft.order_id} has no {line.quantity:f} left to ship."
            raise HoldRecordError(draft.order_id, problem, _AGAIN)
    return [(line.line_id, line.quantity) for line in draft.lines]
