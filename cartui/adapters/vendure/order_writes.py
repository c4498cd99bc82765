"""What is written to orders: fulfilments with their tracking, and states.

A fulfilment has no place for our key: it is known by its tracking code. A half-made one (created, but its move to
Shipped was lost) is found by it and completed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, cast

from cartui.adapters.vendure.session import VendureSession
from cartui.domain.ids import CartOrderId
from cartui.domain.records import CartShipment, NativeStatus, ShipmentDraft, ShipmentLine
from cartui.domain.safe_text import safe_text
from cartui.errors import HoldRecordError
from cartui.transport import NotFoundError

_ORDER = (
    "query($i:ID!){order(id:$i){id state lines{id quantity} "
    "fulfillments{id state method trackingCode lines{orderLineId quantity}}}}"
)
_ERROR = "... on ErrorResult{errorCode message}"
_FULFIL = (
    f"mutation($i:FulfillOrderInput!){{done:addFulfillmentToOrder(input:$i){{... on Fulfillment{{id}} {_ERROR}}}}}"
)
_WHY = "errorCode message:transitionError"
_MOVE_PARCEL = (
    "mutation($i:ID!,$s:String!){done:transitionFulfillmentToState(id:$i,state:$s)"
    f"{{... on Fulfillment{{id}} ... on FulfillmentStateTransitionError{{{_WHY}}}}}}}"
)
_MOVE_ORDER = (
    "mutation($i:ID!,$s:String!){done:transitionOrderToState(id:$i,state:$s)"
    f"{{... on Order{{id}} ... on OrderStateTransitionError{{{_WHY}}}}}}}"
)
_CANCEL = f"mutation($i:CancelOrderInput!){{done:cancelOrder(input:$i){{... on Order{{id}} {_ERROR}}}}}"
_STATES = "{globalSettings{serverConfig{orderProcess{name}}}}"
_NOT_TO_BE_SET = frozenset({
    "Created", "Draft", "AddingItems", "ArrangingPayment",  # no order yet
    "PaymentAuthorized", "PaymentSettled", "ArrangingAdditionalPayment",  # a payment is the shop's word
    "Modifying",  # opens the order for an edit that somebody has to finish
    "PartiallyShipped", "PartiallyDelivered",  # follow from what was sent
})  # fmt: skip
_PARCEL_STATES = ("Pending", "Shipped", "Delivered")
Row = Mapping[str, Any]


class OrderWrites:
    """The calls, over one session."""

    def __init__(self, session: VendureSession) -> None:
        self._session = session

    def find_shipments(self, order_id: CartOrderId) -> Sequence[CartShipment]:
        return [_shipment(row) for row in _parcels(self._read(order_id))]

    def create_shipment(self, draft: ShipmentDraft) -> str:
        """Adds the fulfilment with its tracking, then moves it to Shipped; the order's state follows by itself."""
        order = self._read(draft.order_id)
        for row in _parcels(order):
            if draft.tracking_number and row["trackingCode"] == draft.tracking_number:
                return self._ensure_at_least(row, "Shipped", draft.order_id)
        if not (draft.tracking_number or draft.completes):
            raise HoldRecordError(
                draft.order_id,
                "A part of an order ships with a tracking number only: the shop keeps nothing else to know it by.",
                "Enter the number, or send the order as a whole.",
            )
        lines = draft.lines or _open_lines(order)
        if not lines:
            raise HoldRecordError(
                draft.order_id, "Nothing of the order is left to ship.", "It is shipped in the shop already."
            )
        made = self._session.write(_FULFIL, draft.order_id, i=self._render(draft, lines))
        return self._ensure_at_least({"id": made["id"], "state": "Pending"}, "Shipped", draft.order_id)

    def list_statuses(self) -> Sequence[NativeStatus]:
        data, _ = self._session.ask(_STATES)
        names = [str(one["name"]) for one in data["globalSettings"]["serverConfig"]["orderProcess"]]
        return [NativeStatus(name, safe_text(name, 80)) for name in names if name not in _NOT_TO_BE_SET]

    def set_status(self, order_id: CartOrderId, code: str) -> None:
        """Shipped and Delivered are what its parcels are; Cancelled gives the stock back; others are only moved to."""
        order = self._read(order_id)
        if order["state"] == code:
            return
        if code not in {one.code for one in self.list_statuses()}:
            raise HoldRecordError(
                order_id, f"The shop has no state {safe_text(code, 40)!r} to set.", "Choose one of its list."
            )
        if code == "Cancelled":
            self._session.write(_CANCEL, order_id, i={"orderId": order_id, "cancelShipping": True})
        elif code in _PARCEL_STATES:
            self._move_parcels(order, code, order_id)
        else:
            self._session.write(_MOVE_ORDER, order_id, i=order_id, s=code)

    def _move_parcels(self, order: Row, state: str, order_id: CartOrderId) -> None:
        if _open_lines(order):
            raise HoldRecordError(
                order_id, f"Not all of the order was sent, so it can't be {state}.", "Ship the rest first."
            )
        for row in _parcels(order):
            self._ensure_at_least(row, state, order_id)

    def _ensure_at_least(self, parcel: Row, state: str, order_id: CartOrderId) -> str:
        """Move a parcel on, step by step; never back."""
        parcel_id, now = str(parcel["id"]), parcel["state"]
        if now in _PARCEL_STATES:
            for step in _PARCEL_STATES[_PARCEL_STATES.index(now) + 1 : _PARCEL_STATES.index(state) + 1]:
                self._session.write(_MOVE_PARCEL, order_id, i=parcel_id, s=step)
        return parcel_id

    def _render(self, draft: ShipmentDraft, lines: Sequence[ShipmentLine]) -> dict[str, Any]:
        code = self._session.connection.options.get("fulfilment_handler", "").strip() or "manual-fulfillment"
        told = (("method", draft.carrier_title or draft.carrier), ("trackingCode", draft.tracking_number))
        arguments = [{"name": name, "value": value} for name, value in told]
        wanted = [{"orderLineId": line.line_id, "quantity": _pieces(line, draft.order_id)} for line in lines]
        return {"lines": wanted, "handler": {"code": code, "arguments": arguments}}

    def _read(self, order_id: CartOrderId) -> Row:
        order = self._session.ask(_ORDER, record=order_id, i=order_id)[0]["order"]
        if order is None:
            raise NotFoundError(order_id, f"The shop has no order {order_id}.", "List the orders again.")
        return cast(Row, order)


def _parcels(order: Row) -> list[Row]:
    return [row for row in order["fulfillments"] or () if row["state"] != "Cancelled"]


def _shipment(row: Row) -> CartShipment:
    return CartShipment(
        shipment_id=str(row["id"]),
        tracking_number=safe_text(row["trackingCode"] or ""),
        carrier=safe_text(row["method"] or ""),
        lines=tuple(ShipmentLine(str(line["orderLineId"]), Decimal(line["quantity"])) for line in row["lines"]),
        finished=row["state"] != "Pending",
    )


def _open_lines(order: Row) -> tuple[ShipmentLine, ...]:
    sent: dict[str, int] = {}
    for line in (line for row in _parcels(order) for line in row["lines"]):
        sent[line["orderLineId"]] = sent.get(line["orderLineId"], 0) + line["quantity"]
    left = (ShipmentLine(str(one["id"]), Decimal(one["quantity"] - sent.get(one["id"], 0))) for one in order["lines"])
    return tuple(line for line in left if line.quantity > 0)


def _pieces(line: ShipmentLine, record: str) -> int:
    if line.quantity != line.quantity.to_integral_value() or line.quantity <= 0:
        raise HoldRecordError(
            record, f"The shop ships whole pieces; {line.quantity:f} is none.", "Correct the shipment."
        )
    return int(line.quantity)
