"""How an order goes on: shipments, statuses, and baskets that become orders.

A shipment is `POST order/{id}/ship` (app/code/Magento/Sales/Model/ShipOrder.php): which pieces, tracks, and a comment
that carries our key and is mailed to nobody. The order's state follows by itself.

A status is a word of the merchant's within a state of Magento's; the state follows from invoices, shipments, hold and
cancel only. `POST orders/{id}/comments` sets the status that it names: one without a status makes it null (2.2), and
from 2.4 on one of another state is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from pydantic import ValidationError

from cartui.adapters.magento.parcels import beyond, parcels
from cartui.adapters.magento.parse import ORDER_STATES, row_id
from cartui.adapters.magento.render import Where, batches, render_shipment
from cartui.adapters.magento.session import BASKETS, ORDERS, SHIPMENTS, MagentoSession
from cartui.adapters.magento.stock import MagentoStock
from cartui.adapters.magento.wire import ShipmentWire
from cartui.domain.ids import CartOrderId
from cartui.domain.records import CartShipment, NativeStatus, ShipmentDraft, ShipmentLine
from cartui.domain.safe_text import safe_text
from cartui.errors import HoldRecordError, UnknownOutcomeError
from cartui.transport import NotFoundError

Row = Mapping[str, Any]

KEY_PREFIX: Final = "cartui shipment "
_TITLES: Final = {"pending": "Pending", "processing": "Processing", "holded": "On hold", "canceled": "Canceled"}
_STATE_OF: Final = {**{name: name for name in ORDER_STATES}, "pending": "new", "fraud": "processing"}


class MagentoSales:
    """Writes to orders and baskets over a session."""

    def __init__(self, session: MagentoSession, stock: MagentoStock) -> None:
        self._session = session
        self._stock = stock

    # --- shipments

    def find_shipments(self, order_id: str) -> list[CartShipment]:
        if not _is_id(order_id):
            return []
        rows = self._session.all_of(SHIPMENTS, [Where("order_id", "eq", order_id)])
        return [_shipment(row) for row in rows]

    def ship(self, draft: ShipmentDraft) -> str:
        """One that is there by our key or tracking number is not made again."""
        order = self._order(draft.order_id)
        number = draft.tracking_number.strip()
        for one in self.find_shipments(draft.order_id):
            if (one.key and one.key == draft.key) or (not one.key and number and one.tracking_number == number):
                return one.shipment_id
        if problem := beyond(order, draft.lines):
            raise HoldRecordError(
                draft.order_id, problem, "Correct the shipment, or look for another one of the shop's."
            )
        source = (self._session.option("source_code") or "default") if self._stock.look_up() else ""
        first, *others = parcels(order, draft.lines) if draft.lines else ((),)
        try:
            return self._ship(replace(draft, lines=first), row_id(order), source)
        except HoldRecordError as error:
            if not others or isinstance(error, NotFoundError):
                raise
        return self._ship(replace(draft, lines=others[0]), row_id(order), source)

    def _ship(self, draft: ShipmentDraft, number: str, source: str) -> str:
        body = render_shipment(draft, f"{KEY_PREFIX}{draft.key}", source)
        path = f"order/{number}/ship"
        return _made(
            self._session.ask("POST", path, body=body, writes=True, idempotent=False, record=draft.order_id).json
        )

    # --- statuses

    def list_statuses(self, words: Mapping[str, str]) -> list[NativeStatus]:
        """`words`: the shop's own and the states that they mean."""
        own = {word: f"{word} ({state})" for word, state in words.items() if word not in ORDER_STATES}
        return [NativeStatus(code, safe_text(title, 80)) for code, title in {**_TITLES, **own}.items()]

    def set_status(self, order_id: str, code: str, words: Mapping[str, str]) -> None:
        if code not in {one.code for one in self.list_statuses(words)}:
            raise HoldRecordError(
                order_id,
                f"The status {safe_text(code, 40)!r} can't be set over Magento's API.",
                "Choose one of the listed ones; paid, complete and closed follow from invoices, shipments and refunds.",
            )
        order = self._order(order_id)
        if str(order.get("status") or "") == code:
            return
        path, body = self._step(order, code, words)
        self._session.ask("POST", path, body=body, writes=True, idempotent=False, record=order_id)
        if (now := str(self._order(order_id).get("status") or "")) != code:
            raise HoldRecordError(
                order_id,
                f"The shop took the status {code}, but the order's is {safe_text(now, 40) or 'none'} now.",
                "Look into the order in the shop.",
            )

    def _step(self, order: Row, code: str, words: Mapping[str, str]) -> tuple[str, dict[str, Any] | None]:
        """The one call that leads there."""
        number, state = row_id(order), str(order.get("state") or "")
        if code == "canceled":
            return f"orders/{number}/cancel", None
        if code == "holded":
            return f"orders/{number}/hold", None
        if state == "holded" and str(order.get("hold_before_status") or "") == code:
            return f"orders/{number}/unhold", None
        if (words.get(code) or _STATE_OF.get(code)) == state:
            history = {"comment": "", "status": code, "is_customer_notified": 0, "is_visible_on_front": 0}
            return f"orders/{number}/comments", {"statusHistory": history | {"parent_id": int(number)}}
        raise HoldRecordError(
            str(order.get("increment_id") or number),
            f"An order in the state {safe_text(state, 40) or 'none'} can't be given the status {safe_text(code, 40)}.",
            "The state follows from invoices and shipments: make these, or change the status in the shop.",
        )

    # --- baskets

    def orders_of(self, basket_ids: Sequence[str]) -> dict[str, Row]:
        """Basket -> the order that it became."""
        ids = [one for one in basket_ids if _is_id(one)]
        rows = [
            row
            for batch in batches(ids, self._session.size)
            for row in self._session.all_of(ORDERS, [Where("quote_id", "in", ",".join(batch))])
        ]
        return {str(row.get("quote_id")): row for row in rows}

    def place(self, basket_id: str) -> CartOrderId:
        """The key has no place in an order: a basket that became one is told from one that did not by the shop."""
        rows = self._session.by_ids(BASKETS, [basket_id])
        if not rows:
            raise NotFoundError(basket_id, f"The shop has no basket {basket_id[:40]}.", "List the baskets again.")
        if rows[0].get("is_active") not in (True, 1, "1"):
            order = self.orders_of([basket_id]).get(basket_id)
            what = f"it became the order {row_id(order)}" if order else "it is not open any more"
            raise HoldRecordError(basket_id, f"The basket can't be ordered: {what}.", "List the baskets again.")
        method = self._session.option("payment_method")
        body = {"paymentMethod": {"method": method}} if method else None
        told = self._session.ask(
            "PUT", f"carts/{row_id(rows[0])}/order", body=body, writes=True, idempotent=False, record=basket_id
        ).json
        return CartOrderId(_made(told))

    def _order(self, order_id: str) -> Row:
        for row in self._session.by_ids(ORDERS, [order_id]):
            return row
        raise NotFoundError(order_id, f"The shop has no order {order_id[:40]}.", "List the orders again.")


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18


def _made(told: Any) -> str:
    if isinstance(told, int | str) and not isinstance(told, bool) and _is_id(str(told)):
        return str(told)
    raise UnknownOutcomeError(
        "The shop's answer does not say what it made.", "It is looked up before anything is sent again."
    )


def _shipment(row: Row) -> CartShipment:
    try:
        wire = ShipmentWire.model_validate(row)
    except ValidationError:
        return CartShipment(row_id(row))
    keys = [one.comment.removeprefix(KEY_PREFIX) for one in wire.comments if one.comment.startswith(KEY_PREFIX)]
    track = next(iter(wire.tracks), None)
    return CartShipment(
        shipment_id=wire.entity_id,
        tracking_number=track.track_number if track else "",
        carrier=track.carrier_code if track else "",
        key=keys[0] if keys else "",
        lines=tuple(ShipmentLine(one.order_item_id, one.qty, one.sku) for one in wire.items if one.qty),
    )
