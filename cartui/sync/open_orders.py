"""Which pieces of ours stand on a cart's open orders; `cartui.domain.plan_stock` says what for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from cartui.books.shipments import ToldPieces
from cartui.domain.ids import CartId, ItemId, RecordKind
from cartui.domain.outcomes import RecordState
from cartui.domain.plan import PlannedChange
from cartui.domain.plan_stock import ZERO, Promise
from cartui.domain.ports import Received, StockMeaning
from cartui.domain.records import CartOrder, FulfilmentState, LineKind, OrderState, PaymentState
from cartui.sync.workspace import Workspace

_WAITING = (RecordState.STAGED, RecordState.HELD)
_HERE = (RecordState.IMPORTED, RecordState.CHANGED)
_OVER = (OrderState.CANCELLED, OrderState.CLOSED, OrderState.DRAFT)
_DEAD = (PaymentState.VOIDED, PaymentState.FAILED, PaymentState.EXPIRED, PaymentState.REFUNDED)
_NO_PIECES = (FulfilmentState.RETURNED, FulfilmentState.NOT_REQUIRED)
_SENT = (FulfilmentState.SHIPPED, FulfilmentState.DELIVERED)
Promises = Mapping[ItemId, Promise]


def note_open_orders(
    ws: Workspace,
    cart_id: CartId,
    meaning: StockMeaning,
    rows: Sequence[Received[Any]],
    changes: Sequence[PlannedChange],
) -> None:
    """In the transaction that stores a page of orders. Those that wait (staged, held) matter for every cart; of an
    ON_HAND cart also those that we have and that are unshipped there. A page that can't matter costs one question."""
    books = ws.books
    orders = {row.external_id: row.record for row in rows if isinstance(row.record, CartOrder)}
    waits = any(change.record is not None and change.record.state in _WAITING for change in changes)
    if meaning is StockMeaning.FREE and not waits and not books.cart_items.has_open_orders(cart_id):
        return
    records = books.records.find_many(cart_id, RecordKind.ORDER, list(orders))
    before = books.cart_items.open_pieces(cart_id, list(orders))
    waiting = [one for one, record in records.items() if record.state in _WAITING and is_promised(orders[one])]
    open_ids: list[str] = []
    told: dict[str, ToldPieces] = {}
    if meaning is StockMeaning.ON_HAND:
        open_ids = [one for one, record in records.items() if record.state in _HERE and is_open(orders[one])]
        told = books.shipments.told(cart_id, open_ids) if open_ids else {}
        open_ids = [one for one in open_ids if not (one in told and told[one].whole)]
    items = _our_items(ws, cart_id, [orders[one] for one in (*waiting, *open_ids)])
    now: dict[str, Promises] = {one: {} for one in orders if one in before}
    for one in waiting:
        now[one] = pieces_of(orders[one], items)
    for one in open_ids:
        now[one] = _kept(orders[one], items, told[one].lines if one in told else {}, before.get(one, {}))
    books.cart_items.put_open_pieces(cart_id, now)


def is_promised(order: CartOrder) -> bool:
    """Its buyer gets the pieces, or has them: neither over nor sent back."""
    return not (order.order_state in _OVER or order.payment_state in _DEAD or order.fulfilment_state in _NO_PIECES)


def is_open(order: CartOrder) -> bool:
    """Neither over nor sent: the cart keeps its pieces for the buyer."""
    return is_promised(order) and order.fulfilment_state not in _SENT


def pieces_of(
    order: CartOrder, items: Mapping[str, ItemId], told: Mapping[str, Decimal] | None = None
) -> dict[ItemId, Promise]:
    """Quantities by item of ours, and how many of them have left; lines that are linked to none are no stock of ours.
    `told`: pieces by line of parcels that the cart has from us, which its API may show only later."""
    pieces: dict[ItemId, Promise] = {}
    for line in order.lines:
        ours = items.get(line.item_id) if line.kind is LineKind.PRODUCT and line.item_id is not None else None
        if ours is not None and line.quantity > 0:
            gone = max(line.gone or ZERO, (told or {}).get(line.line_id, ZERO))
            gone = line.quantity if order.fulfilment_state in _SENT else min(gone, line.quantity)
            before = pieces.get(ours, Promise(ZERO))
            pieces[ours] = Promise(before.quantity + line.quantity, before.gone + gone)
    return pieces


def _kept(
    order: CartOrder, items: Mapping[str, ItemId], told: Mapping[str, Decimal], before: Mapping[ItemId, Promise]
) -> Promises:
    """What the cart keeps of an order that is a document here: nothing else of it is to be counted."""
    kept = {one: promise.kept for one, promise in pieces_of(order, items, told).items()}
    if order.fulfilment_state is FulfilmentState.PARTIALLY_SHIPPED and not _tells_what_went(order):
        kept = {one: min(n, before[one].kept) for one, n in kept.items() if one in before}  # never more than was open
    return {one: Promise(n) for one, n in kept.items() if n > 0}


def _tells_what_went(order: CartOrder) -> bool:
    return all(line.gone is not None for line in order.lines if line.kind is LineKind.PRODUCT)


def _our_items(ws: Workspace, cart_id: CartId, orders: Sequence[CartOrder]) -> dict[str, ItemId]:
    wanted = sorted({line.item_id for order in orders for line in order.lines if line.item_id is not None})
    links = ws.books.records.find_many(cart_id, RecordKind.ITEM, wanted)
    return {one: ItemId(link.our_id) for one, link in links.items() if link.our_id is not None}
