"""Shipments with their tracking. WooCommerce has three places for them, the first that the shop has is used:

fulfilments   orders/…/fulfillments of version 10.1 and later, where WooCommerce > Settings > Advanced > Features has
              them switched on; partial ones, our key in their meta data
tracking      the endpoint of the plug-ins Shipment Tracking and Advanced Shipment Tracking
otherwise     an order note, for the shopper where a shipment is to notify

The last two know no key and no lines, so that both are also kept in the order's own meta data, one entry a shipment.
An answer that was lost is found by it, or by the tracking number. Neither version checks how much is left to be
shipped: that is done here. What was seen on 10.1.2 and 11.0.1: lists and answers differ in their outer shape, and a
fulfilment leaves the order's status as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from cartui.adapters.woocommerce.client import Client
from cartui.adapters.woocommerce.errors import EXPECTED, NO_ROUTE, code_of, error_of
from cartui.adapters.woocommerce.parse import SHIPMENT_KEY, UnreadableError, amount_of, name_of
from cartui.adapters.woocommerce.statuses import check_change, get_order
from cartui.domain.ids import CartOrderId
from cartui.domain.records import CartShipment, ShipmentDraft, ShipmentLine
from cartui.domain.safe_text import safe_text
from cartui.errors import HoldRecordError, UnknownOutcomeError
from cartui.transport import Reply

TRACKING_API: Final = "wc-shipment-tracking/v3"
_TRACKING_META: Final = "_wc_shipment_tracking_items"
_FIELDS: Final = "id,status,date_paid_gmt,meta_data,line_items"
_READ_AGAIN: Final = "Read the order again and correct the shipment."


@dataclass(frozen=True, slots=True)
class ShipmentWriter:
    """`shipped_status`: what an order becomes when nothing of it is left to ship, "" leaves it; `own`: the cart's
    status_map."""

    client: Client
    shipped_status: str
    own: Mapping[str, str]

    def find(self, order_id: CartOrderId) -> Sequence[CartShipment]:
        return self._found(get_order(self.client, order_id, "id,status,meta_data"), order_id)[0]

    def create(self, draft: ShipmentDraft) -> str:
        order = get_order(self.client, draft.order_id, _FIELDS)
        there, fulfils = self._found(order, draft.order_id)
        if (known := find_ours(there, draft)) is not None:
            self._finish(order, draft)
            return known.shipment_id
        lines = plan_lines(order, there, draft)
        if fulfils:
            made = self._fulfil(draft, lines)
        else:
            made = self._track(draft) or f"meta-{draft.key}"
            self._note(draft, lines)
        self._finish(order, draft)
        return made

    def _found(self, order: Mapping[str, Any], order_id: str) -> tuple[Sequence[CartShipment], bool]:
        """What is there, and whether the shop has fulfilments."""
        noted = parse_noted(order)
        reply = self.client.look(f"orders/{order_id}/fulfillments", order_id)
        if reply.status in EXPECTED:
            if reply.status == 404 and code_of(reply) == NO_ROUTE:
                return noted, False
            raise error_of(reply, order_id, listing=False)
        told = parse_fulfilments(reply)
        keys = {one.key for one in told if one.key}
        return [*told, *(one for one in noted if one.key not in keys)], True

    def _fulfil(self, draft: ShipmentDraft, lines: Sequence[ShipmentLine]) -> str:
        body = render_fulfilment(draft, lines)
        reply = self.client.send(
            "POST", f"orders/{draft.order_id}/fulfillments", body, draft.order_id, idempotent=False
        )
        told = reply.json
        row = told.get("fulfillment", told) if isinstance(told, dict) else {}
        number = str(row.get("id") or row.get("fulfillment_id") or "") if isinstance(row, dict) else ""
        if not number:
            raise UnknownOutcomeError(
                "The shop's answer does not say which shipment it made.", "It is looked up before it is sent again."
            )
        return f"fulfillment-{number}"

    def _track(self, draft: ShipmentDraft) -> str:
        """Through a tracking plug-in, whose list the shopper sees; "" where there is none."""
        if not draft.tracking_number or not self.client.has_namespace(TRACKING_API):
            return ""
        path = f"/{TRACKING_API}/orders/{draft.order_id}/shipment-trackings"
        reply = self.client.send("POST", path, render_tracking(draft), draft.order_id, idempotent=False)
        made = str(reply.json.get("tracking_id") or "") if isinstance(reply.json, dict) else ""
        return f"tracking-{safe_text(made, 64)}" if made else ""

    def _note(self, draft: ShipmentDraft, lines: Sequence[ShipmentLine]) -> None:
        """Our entry, by which it is known again; then, where no plug-in shows it, words for a person."""
        body = {"meta_data": [{"key": f"{SHIPMENT_KEY}{draft.key}", "value": render_noted(draft, lines)}]}
        self.client.send("PUT", f"orders/{draft.order_id}", body, draft.order_id, idempotent=False)
        if draft.tracking_number and self.client.has_namespace(TRACKING_API):
            return
        with suppress(HoldRecordError, UnknownOutcomeError):  # the shipment is told; a second note were worse than none
            note = {"note": render_words(draft), "customer_note": draft.notify_shopper}
            self.client.send("POST", f"orders/{draft.order_id}/notes", note, draft.order_id, idempotent=False)

    def _finish(self, order: Mapping[str, Any], draft: ShipmentDraft) -> None:
        """The order's status, when nothing is left to ship; a refusal of that must not make the shipment one."""
        if not (draft.completes and self.shipped_status) or order.get("status") == self.shipped_status:
            return
        if check_change(order, self.shipped_status, self.own):
            return
        with suppress(HoldRecordError):
            body = {"status": self.shipped_status}
            self.client.send("PUT", f"orders/{draft.order_id}", body, draft.order_id, idempotent=True)


# --- what is there ----------------------------------------------------------------------------------------------------


def parse_fulfilments(reply: Reply) -> list[CartShipment]:
    """Those that were shipped: 11.0 sends a list, 10.1 an object with one; a deleted one has a date of that."""
    told = reply.json
    told = told.get("fulfillments", told) if isinstance(told, dict) else told
    rows = list(told.values()) if isinstance(told, dict) else told
    found = []
    for row in rows if isinstance(rows, list) else ():
        if not isinstance(row, dict) or row.get("date_deleted") or not (row.get("id") or row.get("fulfillment_id")):
            continue
        if row.get("is_fulfilled") in (False, 0, "0", "", None):
            continue  # packed, not gone
        meta = _meta_of(row)
        found.append(
            CartShipment(
                f"fulfillment-{row.get('id') or row.get('fulfillment_id')}",
                name_of(str(meta.get("_tracking_number") or "")),
                name_of(str(meta.get("_shipment_provider") or "")),
                name_of(str(meta.get("_cartui_key") or "")),
                _lines_of(meta.get("_items"), "item_id"),
            )
        )
    return found


def parse_noted(order: Mapping[str, Any]) -> list[CartShipment]:
    """Ours from the order's meta data, and those of a tracking plug-in, whose list WordPress keeps there, too."""
    found: list[CartShipment] = []
    meta = _meta_of(order)
    for name, value in meta.items():
        if name.startswith(SHIPMENT_KEY) and isinstance(value, dict):
            key = safe_text(name.removeprefix(SHIPMENT_KEY), 64)
            shipment_id = f"tracking-{told}" if (told := _word(value, "tracking_id")) else f"meta-{key}"
            tracking, carrier = _word(value, "tracking_number"), _word(value, "carrier")
            found.append(CartShipment(shipment_id, tracking, carrier, key, _lines_of(value.get("lines"), "id")))
    ours = {one.tracking_number: number for number, one in enumerate(found) if one.tracking_number}
    listed = meta.get(_TRACKING_META)
    for item in (list(listed.values()) if isinstance(listed, dict) else listed) or ():
        if not isinstance(item, dict) or not (told := _word(item, "tracking_id")):
            continue
        tracking = _word(item, "tracking_number")
        carrier = _word(item, "tracking_provider") or _word(item, "custom_tracking_provider")
        if tracking in ours:
            one = found[ours[tracking]]
            found[ours[tracking]] = CartShipment(
                f"tracking-{told}", tracking, one.carrier or carrier, one.key, one.lines
            )
        else:
            found.append(CartShipment(f"tracking-{told}", tracking, carrier))
    return found


def find_ours(there: Sequence[CartShipment], draft: ShipmentDraft) -> CartShipment | None:
    """By our key, or by the tracking number where the shipment has no key."""
    by_key = (one for one in there if one.key == draft.key)
    by_number = (one for one in there if draft.tracking_number and not one.key
                 and one.tracking_number == name_of(draft.tracking_number))  # fmt: skip
    return next(by_key, None) or next(by_number, None)


def plan_lines(
    order: Mapping[str, Any], there: Sequence[CartShipment], draft: ShipmentDraft
) -> tuple[ShipmentLine, ...]:
    """What goes with this shipment. `HoldRecordError` where the order has less left, or nothing at all."""
    left: dict[str, Decimal] = {}
    for row in order.get("line_items") or ():
        if isinstance(row, dict):
            left[str(row.get("id"))] = _quantity(row.get("quantity"))
    for line in (line for one in there for line in one.lines):
        left[line.line_id] = left.get(line.line_id, Decimal(0)) - line.quantity
    for line in draft.lines:
        if line.quantity <= 0 or line.quantity > left.get(line.line_id, Decimal(0)):
            problem = f"Line {line.line_id} of order {draft.order_id} has no {line.quantity:f} left to ship."
            raise HoldRecordError(draft.order_id, problem, _READ_AGAIN)
    lines = draft.lines or tuple(ShipmentLine(name, quantity) for name, quantity in left.items() if quantity > 0)
    if not lines:
        raise HoldRecordError(draft.order_id, f"Nothing of order {draft.order_id} is left to ship.", _READ_AGAIN)
    return lines


# --- what is sent -----------------------------------------------------------------------------------------------------


def render_fulfilment(draft: ShipmentDraft, lines: Sequence[ShipmentLine]) -> dict[str, Any]:
    """The body of `POST orders/…/fulfillments`. A carrier that is none of WooCommerce's has its name besides."""
    items = [{"item_id": int(line.line_id), "qty": _number(line.quantity)} for line in lines]
    meta: dict[str, Any] = {"_items": items, "_cartui_key": draft.key}
    told = {
        "_tracking_number": draft.tracking_number,
        "_shipment_provider": draft.carrier or ("other" if draft.carrier_title else ""),
        "_provider_name": "" if draft.carrier else draft.carrier_title,
        "_tracking_url": draft.tracking_url,
    }
    meta |= {name: value for name, value in told.items() if value}
    return {
        "status": "fulfilled",
        "is_fulfilled": True,
        "notify_customer": draft.notify_shopper,
        "meta_data": [{"id": 0, "key": name, "value": value} for name, value in meta.items()],
    }


def render_tracking(draft: ShipmentDraft) -> dict[str, Any]:
    """The body of `POST orders/…/shipment-trackings`."""
    body: dict[str, Any] = {"tracking_number": draft.tracking_number, "date_shipped": f"{draft.shipped_at:%Y-%m-%d}"}
    if draft.tracking_url:
        name = draft.carrier_title or draft.carrier
        return body | {"custom_tracking_provider": name, "custom_tracking_link": draft.tracking_url}
    return body | {"tracking_provider": draft.carrier_title or draft.carrier}


def render_noted(draft: ShipmentDraft, lines: Sequence[ShipmentLine]) -> dict[str, Any]:
    """Our entry in the order's meta data."""
    return {
        "tracking_number": draft.tracking_number,
        "carrier": draft.carrier or draft.carrier_title,
        "tracking_url": draft.tracking_url,
        "shipped_at": f"{draft.shipped_at:%Y-%m-%dT%H:%M:%SZ}",
        "completes": "yes" if draft.completes else "no",
        "lines": [{"id": line.line_id, "quantity": f"{line.quantity:f}"} for line in lines],
    }


def render_words(draft: ShipmentDraft) -> str:
    carrier = draft.carrier_title or draft.carrier
    words = f"Shipped on {draft.shipped_at:%Y-%m-%d}{f' with {carrier}' if carrier else ''}."
    if draft.tracking_number:
        words += f" Tracking number: {draft.tracking_number}."
    return f"{words} {draft.tracking_url}".strip()


# --- small parts ------------------------------------------------------------------------------------------------------


def _meta_of(row: Mapping[str, Any]) -> dict[str, Any]:
    entries = row.get("meta_data")
    entries = list(entries.values()) if isinstance(entries, dict) else entries
    told = [one for one in entries if isinstance(one, dict)] if isinstance(entries, list) else []
    return {str(one.get("key")): one.get("value") for one in told}


def _lines_of(value: Any, name: str) -> tuple[ShipmentLine, ...]:
    rows = list(value.values()) if isinstance(value, dict) else value
    told = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return tuple(ShipmentLine(str(row.get(name) or ""), _quantity(row.get("qty", row.get("quantity")))) for row in told)


def _quantity(value: Any) -> Decimal:
    try:
        return amount_of(value, "quantity")
    except UnreadableError:
        return Decimal(0)


def _word(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    return name_of(str(value)) if isinstance(value, str | int) and value else ""


def _number(quantity: Decimal) -> int | float:
    return int(quantity) if quantity == quantity.to_integral_value() else float(quantity)
