"""Which pieces of ours stand on a cart's open orders; `cartui.domain.plan_stock` says what for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from cartui.domain.ids import CartId, ItemId, RecordKind
from cartui.domain.outcomes import RecordState
from cartui.domain.plan import PlannedChange
from cartui.domain.ports import Received, StockMeaning
from cartui.domain.records import CartOrder, FulfilmentState, LineKind, OrderState, PaymentState
from cartui.sync.workspace import Workspace

_WAITING = (RecordState.STAGED, RecordState.HELD)
_OURS = (*_WAITING, RecordState.IMPORTED, RecordState.CHANGED)
_OVER = (OrderState.CANCELLED, OrderState.CLOSED, OrderState.DRAFT)
_DEAD = (PaymentState.VOIDED, PaymentState.FAILED, PaymentState.EXPIRED, PaymentState.REFUNDED)
_SENT = (
    FulfilmentState.SHIPPED,
    FulfilmentState.DELIVERED,
    FulfilmentState.RETURNED,
    FulfilmentState.NOT_REQUIRED,
)
Pieces = dict[ItemId, Decimal]


def note_open_orders(
    ws: Workspace,
    cart_id: CartId,
    meaning: StockMeaning,
    rows: Sequence[Received[Any]],
    changes: Sequence[PlannedChange],
) -> None:
    """In the transaction that stores a page of orders. A FREE cart's orders matter while they wait (staged, held); of
    an ON_HAND cart all that we know of and that are unshipped there. A page that can't matter costs one question."""
    books = ws.books
    orders = {row.external_id: row.record for row in rows if isinstance(row.record, CartOrder)}
    waits = any(change.record is not None and change.record.state in _WAITING for change in changes)
    if meaning is StockMeaning.FREE and not waits and not books.cart_items.has_open_orders(cart_id):
        return
    records = books.records.find_many(cart_id, RecordKind.ORDER, list(orders))
    kept = _OURS if meaning is StockMeaning.ON_HAND else _WAITING
    open_ids = [one for one, record in records.items() if record.state in kept and is_open(orders[one])]
    before = books.cart_items.open_pieces(cart_id, list(orders))
    told = books.shipments.told(cart_id, open_ids) if meaning is StockMeaning.ON_HAND and open_ids else {}
    open_ids = [one for one in open_ids if not (one in told and told[one].whole)]
    items = _our_items(ws, cart_id, [orders[one] for one in open_ids])
    now: dict[str, Pieces] = {one: {} for one in orders if one in before}
    for one in open_ids:
        pieces = pieces_of(orders[one], items, told[one].lines if one in told else {})
        if orders[one].fulfilment_state is FulfilmentState.PARTIALLY_SHIPPED and not _tells_what_went(orders[one]):
            pieces = _at_most(pieces, before.get(one, {}))  # never more than was open
        now[one] = pieces
    books.cart_items.put_open_pieces(cart_id, now)


def is_open(order: CartOrder) -> bool:
    """Neither over nor sent: the cart keeps its pieces for the buyer."""
    return not (order.order_state in _OVER or order.payment_state in _DEAD or order.fulfilment_state in _SENT)


def pieces_of(order: CartOrder, items: Mapping[str, ItemId], told: Mapping[str, Decimal]) -> Pieces:
    """Quantities by item of ours that the cart still keeps; lines that are linked to none are no stock of ours. `told`:
    pieces by line of parcels that the cart has from us, which its API may show only later."""
    pieces: Pieces = {}
    for line in order.lines:
        ours = items.get(line.item_id) if line.kind is LineKind.PRODUCT and line.item_id is not None else None
        kept = line.quantity - max(line.gone or Decimal(0), told.get(line.line_id, Decimal(0)))
        if ours is not None and kept > 0:
            pieces[ours] = pieces.get(ours, Decimal(0)) + kept
    return pieces


def _tells_what_went(order: CartOrder) -> bool:
    return all(line.gone is not None for line in order.lines if line.kind is LineKind.PRODUCT)


def _at_most(pieces: Pieces, before: Mapping[ItemId, Decimal]) -> Pieces:
    zero = Decimal(0)
    return {one: least for one, n in pieces.items() if (least := min(n, before.get(one, zero))) > 0}


def _our_items(ws: Workspace, cart_id: CartId, orders: Sequence[CartOrder]) -> dict[str, ItemId]:
    wanted = sorted({line.item_id for order in orders for line in order.lines if line.item_id is not None})
    links = ws.books.records.find_many(cart_id, RecordKind.ITEM, wanted)
    return {one: ItemId(link.our_id) for one, link in links.items() if link.our_id is not None}
