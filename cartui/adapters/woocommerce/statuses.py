"""The statuses that a shop's orders can have, asked once, and how one is set.

A status that says *paid* is given only to orders that are paid: WooCommerce would note a payment and tell the shopper
of it. `refunded` is never given: WooCommerce would make a refund of all that is left, without moving any money."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from cartui.adapters.woocommerce.client import Client
from cartui.adapters.woocommerce.parse import NO_ORDERS, STATUSES, name_of, parse_gmt
from cartui.domain.records import NativeStatus, OrderState, PaymentState
from cartui.errors import HoldRecordError
from cartui.transport import NotFoundError, Reply

ANY: Final = "any"
_NEVER: Final = (ANY, "trash", "refunded", *NO_ORDERS)
_PAID: Final = tuple(word for word, (_, payment, _) in STATUSES.items() if payment is PaymentState.PAID)


class OrderStatuses:
    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: tuple[str, ...] | None = None
        self._titles: dict[str, str] | None = None

    @property
    def known(self) -> tuple[str, ...]:
        """All words that the list of orders takes as a status, those of plug-ins too; () where it does not say."""
        if self._known is None:
            self._known = parse_statuses(self._client.options("orders"))
        return self._known

    def listed(self, *, drafts: bool = False) -> str:
        """What to ask for: `any` leaves out what a plug-in keeps out of searches, and where orders are kept as posts it
        has the checkout's drafts in it."""
        hidden = (ANY, "trash", *(() if drafts else NO_ORDERS))
        return ",".join(name for name in self.known if name not in hidden) or ANY

    def with_trash(self) -> str:
        """For orders by their ids."""
        known = [name for name in self.known if name not in (ANY, *NO_ORDERS)]
        return ",".join(known) or ANY

    def titled(self, own: Mapping[str, str]) -> Sequence[NativeStatus]:
        """What may be set; `own` is the cart's status_map. Where the shop does not say, WooCommerce's own."""
        codes = self.known or tuple(STATUSES)
        titles = self._told_titles()
        return [
            NativeStatus(code, titles.get(code) or code.replace("-", " ").capitalize())
            for code in dict.fromkeys((*codes, *(word for word in own if not self.known)))
            if code not in _NEVER
        ]

    def set(self, order_id: str, code: str, own: Mapping[str, str]) -> None:
        row = get_order(self._client, order_id, "id,status,date_paid_gmt,needs_payment")
        if str(row.get("status") or "") == code:
            return
        if code not in {one.code for one in self.titled(own)}:
            raise HoldRecordError(
                order_id, f"The shop has no status “{code[:40]}” that could be set.", "Choose one of its list."
            )
        if problem := check_change(row, code, own):
            raise HoldRecordError(order_id, problem, "Change it in the shop once the payment is there.")
        self._client.send("PUT", f"orders/{order_id}", {"status": code}, order_id, idempotent=True)

    def _told_titles(self) -> dict[str, str]:
        if self._titles is None:
            reply = self._client.find("reports/orders/totals", {}, "statuses")
            rows = reply.json if reply is not None else None
            pairs = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
            self._titles = {str(row.get("slug")): name_of(str(row.get("name") or "")) for row in pairs}
        return self._titles


def check_change(row: Mapping[str, Any], code: str, own: Mapping[str, str]) -> str:
    """Why an order must not get this status, "" where it may."""
    now = str(row.get("status") or "")
    if now in ("trash", *NO_ORDERS):
        return f"The order is “{now}” in the shop."
    paid = now in _PAID or own.get(now) in _PAID or parse_gmt(row.get("date_paid_gmt")) is not None
    meant = own.get(code, code)
    if meant in _PAID and not paid:
        return f"The order is not paid (“{now}”), and “{code}” would say that it is."
    state = STATUSES.get(own.get(now, now))
    if meant in _PAID and state is not None and state[0] is OrderState.CANCELLED:
        return "The order is cancelled in the shop."
    return ""


def get_order(client: Client, order_id: str, fields: str) -> Mapping[str, Any]:
    """One order's row, as far as it is needed; `NotFoundError` for one that is not there or in the trash."""
    if not (order_id.isascii() and order_id.isdigit() and len(order_id) < 19):
        raise NotFoundError(order_id, "The shop has no order with such an id.", _LOOK)
    row = client.get(f"orders/{order_id}", {"_fields": fields}, order_id, listing=False).json
    if not isinstance(row, dict) or row.get("status") == "trash":
        raise NotFoundError(order_id, "The shop does not have this order (any more), or it is in the trash.", _LOOK)
    return row


_LOOK: Final = "Look for it in the shop, also in the trash; then list the orders again."


def parse_statuses(reply: Reply | None) -> tuple[str, ...]:
    """The words of the parameter `status` in a path's description of itself."""
    told = reply.json if reply is not None else None
    endpoints = told.get("endpoints") if isinstance(told, dict) else None
    for endpoint in endpoints if isinstance(endpoints, list) else ():
        if not isinstance(endpoint, dict) or "GET" not in (endpoint.get("methods") or ()):
            continue
        args = endpoint.get("args")
        status = args.get("status") if isinstance(args, dict) else None
        items = status.get("items", status) if isinstance(status, dict) else None
        words = items.get("enum") if isinstance(items, dict) else None
        return tuple(word for word in words if isinstance(word, str)) if isinstance(words, list) else ()
    return ()
