"""Shipments: what the shop calls fulfilments of fulfilment orders. A fulfilment has no place for our key and the call
no idempotency key (as of 2026-10): it is known by its tracking number.

Facts: one call covers fulfilment orders of one location
(https://shopify.dev/docs/api/admin-graphql/latest/mutations/fulfillmentCreate).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from cartui.adapters.shopify import documents
from cartui.adapters.shopify.parse import number_of
from cartui.adapters.shopify.render import render_gid, whole_pieces
from cartui.adapters.shopify.session import Row, ShopifySession
from cartui.domain.ids import CartOrderId
from cartui.domain.records import CartShipment, ShipmentDraft, ShipmentLine
from cartui.domain.safe_text import safe_text
from cartui.errors import HoldRecordError, UnknownOutcomeError
from cartui.transport import NotFoundError

_GONE = ("CANCELLED", "ERROR", "FAILURE")
_SHIPPABLE = ("OPEN", "IN_PROGRESS")


class Fulfilments:
    """The calls, over one session."""

    def __init__(self, session: ShopifySession) -> None:
        self._session = session

    def find(self, order_id: CartOrderId) -> Sequence[CartShipment]:
        """Those that were not cancelled. `HoldRecordError` where the order has more than can be looked through."""
        order = self._read(documents.PARCELS, order_id)
        rows = order["fulfillments"]
        if len(rows) >= documents.MOST_PARCELS:
            raise HoldRecordError(
                order_id, "The order has too many shipments to look through.", "Enter this one in the shop."
            )
        return [_shipment(row) for row in rows if row["status"] not in _GONE]

    def create(self, draft: ShipmentDraft) -> str:
        """All of its lines in one fulfilment."""
        for made in self.find(draft.order_id):
            if draft.tracking_number and made.tracking_number == draft.tracking_number:
                return made.shipment_id
        if not (draft.tracking_number or draft.completes):
            raise HoldRecordError(
                draft.order_id,
                "A part of an order ships with a tracking number only: the shop keeps nothing else to know it by.",
                "Enter the number, or send the order as a whole.",
            )
        orders = self._read(documents.TO_SHIP, draft.order_id)["fulfillmentOrders"]["nodes"]
        wire = render_fulfilment(draft, _pieces(orders, draft))
        done = self._session.change(documents.FULFIL, draft.order_id, {"fulfillment": wire})
        made_row = done.get("fulfillment") or {}
        if not made_row.get("id"):
            raise UnknownOutcomeError(
                "The shop did not say which shipment it made.", "It is looked up before it is sent again."
            )
        return number_of(made_row)

    def _read(self, document: str, order_id: CartOrderId) -> Row:
        gid = render_gid("Order", order_id)
        order = self._session.ask(document, {"id": gid}, record=order_id)[0].get("order") if gid else None
        if not isinstance(order, dict):
            raise NotFoundError(order_id, f"The shop has no order {order_id}.", "List the orders again.")
        return order


def render_fulfilment(draft: ShipmentDraft, pieces: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
    """FulfillmentInput. `pieces`: fulfilment order -> its line -> how many."""
    tracking = {
        "company": draft.carrier or draft.carrier_title,
        "number": draft.tracking_number,
        "url": draft.tracking_url,
    }
    wire: dict[str, Any] = {
        "notifyCustomer": draft.notify_shopper,
        "lineItemsByFulfillmentOrder": [
            {
                "fulfillmentOrderId": order,
                "fulfillmentOrderLineItems": [{"id": line, "quantity": quantity} for line, quantity in lines.items()],
            }
            for order, lines in pieces.items()
        ],
    }
    told = {name: value for name, value in tracking.items() if value}
    return wire | {"trackingInfo": told} if draft.tracking_number else wire


def _shipment(row: Row) -> CartShipment:
    """Its lines are told where all of them came."""
    inner = row["fulfillmentLineItems"]
    tracking = next(iter(row["trackingInfo"]), None) or {}
    lines = [
        ShipmentLine(number_of(one["lineItem"]), Decimal(one["quantity"] or 0))
        for one in inner["nodes"]
        if not inner["pageInfo"]["hasNextPage"]
    ]
    return CartShipment(
        shipment_id=number_of(row),
        tracking_number=safe_text(tracking.get("number") or ""),
        carrier=safe_text(tracking.get("company") or ""),
        lines=tuple(lines),
    )


def _pieces(orders: Sequence[Row], draft: ShipmentDraft) -> dict[str, dict[str, int]]:
    """What to take from which fulfilment order. `HoldRecordError` where it is not there, held, or at two locations."""
    open_orders = [one for one in orders if one["status"] in _SHIPPABLE]
    if any(one["lineItems"]["pageInfo"]["hasNextPage"] for one in orders):
        raise HoldRecordError(draft.order_id, "The order has too many lines to ship at once.", "Ship it in the shop.")
    wanted = {line.line_id: whole_pieces(line.quantity, draft.order_id) for line in draft.lines} or None
    taken: dict[str, dict[str, int]] = {}
    places: set[str] = set()
    for order in open_orders:
        for line in order["lineItems"]["nodes"]:
            left, line_id = int(line["remainingQuantity"]), number_of(line["lineItem"])
            count = left if wanted is None else min(left, wanted.get(line_id, 0))
            if count <= 0:
                continue
            if wanted is not None:
                wanted[line_id] -= count
            taken.setdefault(order["id"], {})[line["id"]] = count
            places.add(str(((order["assignedLocation"] or {}).get("location") or {}).get("id")))
    _ensure_whole(draft, taken, wanted or {}, orders)
    if len(places) > 1:
        raise HoldRecordError(
            draft.order_id,
            "The shop sends these lines from several locations, each as a shipment of its own.",
            "Split the shipment by location, or move the items in the shop.",
        )
    return taken


def _ensure_whole(
    draft: ShipmentDraft, taken: Mapping[str, object], missing: Mapping[str, int], orders: Sequence[Row]
) -> None:
    if taken and not any(missing.values()):
        return
    if any(one["status"] in ("ON_HOLD", "SCHEDULED") for one in orders):
        raise HoldRecordError(draft.order_id, "The shop holds the order back.", "Release it there, then retry.")
    short = ", ".join(line_id for line_id, count in missing.items() if count)
    problem = f"Lines {safe_text(short, 100)} have less left to ship." if short else "Nothing is left to ship."
    raise HoldRecordError(draft.order_id, problem, "Read the order again; it may be shipped in the shop already.")
