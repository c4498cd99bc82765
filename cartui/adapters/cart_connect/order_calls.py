"""What carries orders on in a Cart Connect shop: shipments, its own statuses, orders of baskets, pages of its back
office (docs/cart-connect.md, sections 2 and 7). What a shop's ping does not offer is refused with that reason."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, Protocol
from urllib.parse import quote, urljoin, urlsplit

from pydantic import TypeAdapter, ValidationError

from cartui.adapters.cart_connect import wire
from cartui.adapters.cart_connect.listing import ASK_MAKER, in_words
from cartui.adapters.cart_connect.parse import UnreadableError, is_id, parse_quantity, parse_shipment
from cartui.adapters.cart_connect.render import render_key, render_shipment
from cartui.domain.ids import CartBasketId, CartOrderId, RecordKind
from cartui.domain.ports import Page
from cartui.domain.records import CartOrder, CartShipment, NativeStatus, ShipmentDraft, ShipmentLine
from cartui.domain.safe_text import safe_text
from cartui.errors import HoldRecordError, NeedsOperatorError
from cartui.transport import NotFoundError, Reply, segment

_PAGES: Final = {
    RecordKind.ORDER: "orders",
    RecordKind.ITEM: "items",
    RecordKind.CUSTOMER: "customers",
    RecordKind.BASKET: "baskets",
}
_SHIPPED: Final = TypeAdapter(wire.ShippedRow)


class Asked(Protocol):
    """What is needed of the cart around it."""

    def ping(self) -> wire.Ping: ...
    def get_orders(self, ids: Sequence[CartOrderId]) -> Page[CartOrder]: ...
    def create(self, path: str, id_field: str, key: str, body: Mapping[str, Any], record: str) -> str: ...
    def write(self, method: str, path: str, body: Mapping[str, Any], record: str) -> Reply: ...


class OrderCalls:
    """The calls, over one cart."""

    def __init__(self, cart: Asked, shop_url: str) -> None:
        self._cart = cart
        self._shop_url = shop_url

    def find_shipments(self, order_id: CartOrderId) -> Sequence[CartShipment]:
        return _shipments(self._read(order_id))

    def create_shipment(self, draft: ShipmentDraft) -> str:
        """The order is read first: for what is open, and because a body that changed would be refused where the first
        one was taken."""
        self._ensure_offered("shipments.create", "shipments", "Switch off To Cart: tracking")
        order, key = self._read(draft.order_id), render_key(draft.key)
        for made in _shipments(order):
            if made.key == key:
                return made.shipment_id
        lines = draft.lines or _open_lines(order)
        if not lines:
            raise HoldRecordError(
                draft.order_id, "Nothing of the order is left to ship.", "It is shipped in the shop already."
            )
        body = render_shipment(draft, lines, since_1_1=self._speaks_1_1())
        path = f"orders/{segment(draft.order_id)}/shipments"
        return self._cart.create(path, "shipment_id", draft.key, body, draft.order_id)

    def list_statuses(self) -> Sequence[NativeStatus]:
        if "orders.update" not in self._cart.ping()["capabilities"]["writes"]:
            return ()
        told = self._cart.ping()["capabilities"].get("order_statuses", [])
        words = dict.fromkeys(row["status"] for row in told if row.get("settable") and row["status"].strip())
        return [NativeStatus(word, safe_text(word, 80)) for word in words]

    def set_status(self, order_id: CartOrderId, code: str) -> None:
        self._ensure_offered("orders.update", "order statuses", "Leave the statuses to the shop")
        if code not in {one.code for one in self.list_statuses()}:
            raise HoldRecordError(
                order_id, f"The shop has no status {safe_text(code, 40)!r} to set.", "Choose one of its list."
            )
        self._cart.write("PATCH", f"orders/{segment(order_id)}", {"changes": {"status": code}}, order_id)

    def place_order(self, basket_id: CartBasketId, key: str) -> CartOrderId:
        self._ensure_offered("baskets.order", "orders of baskets", "Place it in the shop's back office")
        path = f"baskets/{segment(basket_id)}/order"
        return CartOrderId(self._cart.create(path, "order_id", key, {}, basket_id))

    def admin_url(self, kind: RecordKind, external_id: str) -> str:
        """Asks the shop's ping once; "" where the shop tells none, or what is no address of the web."""
        template = self._cart.ping()["capabilities"].get("admin_pages", {}).get(_PAGES.get(kind, ""), "")
        if "{id}" not in template or not is_id(external_id):
            return ""
        url = urljoin(self._shop_url, template.replace("{id}", quote(external_id, safe="")))
        plain = url.isascii() and url.isprintable() and " " not in url
        return url if plain and urlsplit(url).scheme in ("https", "http") else ""

    def _read(self, order_id: CartOrderId) -> wire.ShippedRow:
        rows = self._cart.get_orders([order_id]).rows
        if not rows:
            raise NotFoundError(order_id, f"The shop has no order {order_id}.", "List the orders again.")
        try:
            return _SHIPPED.validate_python(json.loads(rows[0].raw))
        except ValidationError as error:
            raise HoldRecordError(order_id, f"The order can't be read: {in_words(error)}.", ASK_MAKER) from None

    def _speaks_1_1(self) -> bool:
        return self._cart.ping()["protocol"]["version"] != "1.0"

    def _ensure_offered(self, write: str, what: str, remedy: str) -> None:
        if write not in self._cart.ping()["capabilities"]["writes"]:
            raise NeedsOperatorError(f"This shop takes no {what}.", f"{remedy}, or update the shop's module.")


def _shipments(order: wire.ShippedRow) -> list[CartShipment]:
    try:
        return [parse_shipment(row) for row in order["shipments"]]
    except UnreadableError as error:
        raise HoldRecordError(order["order_id"], f"A shipment can't be read: {error}.", ASK_MAKER) from None


def _open_lines(order: wire.ShippedRow) -> tuple[ShipmentLine, ...]:
    """What of the products has not been shipped."""
    sent: dict[str, Decimal] = {}
    for shipment in _shipments(order):
        for line in shipment.lines:
            sent[line.line_id] = sent.get(line.line_id, Decimal(0)) + line.quantity
    left = [
        ShipmentLine(one["line_id"], parse_quantity(one["quantity"], "quantity") - sent.get(one["line_id"], Decimal(0)))
        for one in order["lines"]
        if one["kind"] == "product"
    ]
    return tuple(line for line in left if line.quantity > 0)
