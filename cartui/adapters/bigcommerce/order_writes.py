"""What is written to orders: shipments, statuses, and checkouts that become orders.

A shipment keeps our key among its comments, an order of a checkout among its staff notes: by them it is known again.
https://developer.bigcommerce.com/docs/rest-management/orders/order-shipments
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from pydantic import ValidationError

from cartui.adapters.bigcommerce.parse import INCOMPLETE, STATUSES, is_incomplete, parse_order
from cartui.adapters.bigcommerce.session import BigCommerceSession, GoneError
from cartui.adapters.bigcommerce.wire import ShipmentWire, SoldWire
from cartui.domain.ids import CartBasketId, CartOrderId
from cartui.domain.records import (
    CartOrder,
    CartShipment,
    NativeStatus,
    OrderState,
    PaymentState,
    ShipmentDraft,
    ShipmentLine,
)
from cartui.domain.safe_text import safe_text
from cartui.errors import HoldRecordError, UnknownOutcomeError
from cartui.transport import NotFoundError

AWAITING_PAYMENT: Final = 7
_NOT_TO_BE_SET: Final = frozenset({INCOMPLETE, 4, 6, AWAITING_PAYMENT, 13, 14})  # what a payment did, or none at all
_PAID: Final = frozenset({PaymentState.PAID, PaymentState.AUTHORIZED, PaymentState.PARTIALLY_REFUNDED})
_ROWS: Final = 50


@dataclass(frozen=True, slots=True)
class Parcel:
    """What goes to one of an order's addresses."""

    address: int
    items: list[dict[str, int]]


class OrderWrites:
    """The calls, over one session."""

    def __init__(self, session: BigCommerceSession) -> None:
        self._session = session

    def find_shipments(self, order_id: CartOrderId) -> Sequence[CartShipment]:
        rows = self._rows(order_id, "shipments")
        try:
            return [_shipment(ShipmentWire.model_validate(row)) for row in rows]
        except ValidationError:
            raise HoldRecordError(
                order_id, "The shop's shipments of the order can't be read.", "Look at them in the shop."
            ) from None

    def create_shipment(self, draft: ShipmentDraft) -> str:
        """The shop moves the order's status by itself."""
        for made in self.find_shipments(draft.order_id):
            if made.key == draft.key or (draft.tracking_number and made.tracking_number == draft.tracking_number):
                return made.shipment_id
        parcel = _parcel_of(self._rows(draft.order_id, "products"), draft)
        body = {
            "order_address_id": parcel.address,
            "items": parcel.items,
            "tracking_number": draft.tracking_number,
            "shipping_provider": "",  # left out it becomes "custom", and the shopper's mail has no link
            "tracking_carrier": draft.carrier,
            "shipping_method": draft.carrier_title,
            "comments": draft.key,
        }
        path = f"v2/orders/{draft.order_id}/shipments"
        told = self._session.write("POST", path, body, draft.order_id).json
        made_id = told.get("id") if isinstance(told, dict) else None
        if not isinstance(made_id, int):
            raise UnknownOutcomeError(
                "The shop did not say which shipment it made.", "It is looked up before it is sent again."
            )
        return str(made_id)

    def list_statuses(self) -> Sequence[NativeStatus]:
        """By number; the names are the merchant's to change."""
        rows, _ = self._session.rows("v2/order_statuses", {})
        told = {row.get("id"): row.get("custom_label") or row.get("name") for row in rows if isinstance(row, dict)}
        return [
            NativeStatus(str(number), safe_text(str(told[number] or status.name), 80))
            for number, status in STATUSES.items()
            if number in told and number not in _NOT_TO_BE_SET
        ]

    def set_status(self, order_id: CartOrderId, code: str) -> None:
        """A status that means *paid* only where the payment says so, too."""
        row = self._order(order_id)
        if str(row.get("status_id")) == code:
            return
        if not code.isdigit() or int(code) not in STATUSES or int(code) in _NOT_TO_BE_SET:
            raise HoldRecordError(
                order_id, f"The shop has no status {safe_text(code, 40)!r} to set.", "Choose one of its list."
            )
        status = STATUSES[int(code)]
        if status.payment is PaymentState.PAID and status.order is not OrderState.CANCELLED and not _is_paid(row):
            raise HoldRecordError(
                order_id,
                f"{status.name} would say that the order is paid, and the shop does not say so yet.",
                "Confirm the payment in the shop first.",
            )
        self._session.write("PUT", f"v2/orders/{order_id}", {"status_id": int(code)}, order_id)

    def place_order(self, basket_id: CartBasketId, key: str) -> CartOrderId:
        """An unfinished checkout becomes an order that awaits its payment; it keeps its number."""
        row = self._order(CartOrderId(basket_id))
        notes = str(row.get("staff_notes") or "")
        if key in notes.split():
            return CartOrderId(basket_id)
        if not is_incomplete(row):
            said = safe_text(str(row.get("status") or ""), 40)
            raise HoldRecordError(basket_id, f"The checkout is an order by now ({said}).", "List the baskets again.")
        body = {"status_id": AWAITING_PAYMENT, "staff_notes": f"{notes}\n{key}".strip()}
        self._session.write("PUT", f"v2/orders/{basket_id}", body, basket_id)
        return CartOrderId(basket_id)

    def _order(self, order_id: CartOrderId) -> Mapping[str, Any]:
        if not (order_id.isascii() and order_id.isdigit() and len(order_id) <= 18):
            raise _gone(order_id)
        reply = self._session.get(f"v2/orders/{order_id}", expect=(404,), record=order_id)
        if reply.status in (204, 404) or not isinstance(reply.json, dict):
            raise _gone(order_id)
        return dict(reply.json)

    def _rows(self, order_id: CartOrderId, name: str) -> list[Any]:
        if not (order_id.isascii() and order_id.isdigit() and len(order_id) <= 18):
            raise _gone(order_id)
        try:
            return self._session.all_rows(f"v2/orders/{order_id}/{name}", {}, _ROWS, expect=(404,))
        except GoneError:
            raise _gone(order_id) from None


def _gone(order_id: str) -> NotFoundError:
    return NotFoundError(order_id, f"The shop has no order {safe_text(order_id, 40)}.", "List the orders again.")


def _is_paid(row: Mapping[str, Any]) -> bool:
    order = parse_order({**row, "products": [], "shipping_addresses": [], "taxes": [], "coupons": [], "refunds": []})
    return isinstance(order.record, CartOrder) and order.record.payment_state in _PAID


def _shipment(wire: ShipmentWire) -> CartShipment:
    words = wire.comments.split()
    return CartShipment(
        shipment_id=wire.id,
        tracking_number=wire.tracking_number,
        carrier=wire.tracking_carrier or wire.shipping_provider,
        key=words[0] if len(words) == 1 else "",
        lines=tuple(ShipmentLine(one.order_product_id, one.quantity) for one in wire.items),
    )


def _parcel_of(rows: Sequence[Any], draft: ShipmentDraft) -> Parcel:
    """The shipment's items and the address they go to; `HoldRecordError` for what can't be sent so."""
    try:
        sold = {one.id: one for one in (SoldWire.model_validate(row) for row in rows)}
    except ValidationError:
        raise HoldRecordError(
            draft.order_id, "The shop's lines of the order can't be read.", "Look at them in the shop."
        ) from None
    wanted = {line.line_id: line.quantity for line in draft.lines}
    wanted = wanted or {key: one.left for key, one in sold.items() if one.left > 0 and one.address}
    for line_id, quantity in wanted.items():
        left = sold[line_id].left if line_id in sold else Decimal(0)
        if not 0 < quantity <= left or quantity != quantity.to_integral_value():
            raise HoldRecordError(
                draft.order_id,
                f"Line {safe_text(line_id, 40)} has {left:f} left to ship, not {quantity:f}.",
                "Read the order again and correct the shipment.",
            )
    addresses = {sold[line_id].address for line_id in wanted}
    if not addresses:
        raise HoldRecordError(
            draft.order_id, "Nothing of the order is left to ship.", "It is shipped in the shop already."
        )
    if len(addresses) > 1 or "" in addresses:
        raise HoldRecordError(
            draft.order_id,
            "The lines go to several addresses, or to none.",
            "Make a shipment for each address; what needs no shipping is left out.",
        )
    items = [{"order_product_id": int(line_id), "quantity": int(quantity)} for line_id, quantity in wanted.items()]
    return Parcel(int(addresses.pop()), items)
