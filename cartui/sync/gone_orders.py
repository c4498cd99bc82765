"""Orders that are gone from the cart: flagged, never deleted, and their pieces are free again, with a line in the
journal (DESIGN rules 2, 3, 7).

A listing by date never tells of an order that was deleted. One that waits (staged, or held before it had a document)
keeps its pieces from being sold, so each cycle asks for a few of those by their ids, in turn. A cart that does not know
what it sent a moment ago is not believed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from operator import itemgetter

from cartui.books import Lease
from cartui.domain.ids import CartId, CartOrderId, Direction, RecordKind
from cartui.domain.ledger import CartRecord, JournalEntry
from cartui.domain.outcomes import RecordState
from cartui.domain.ports import Cart, OrderReader, Page
from cartui.domain.reconcile import GONE_REASON, GONE_REMEDY
from cartui.domain.records import CartOrder
from cartui.sync.workspace import Workspace

ASKED_AT_ONCE = 20  # a cycle; some carts take a request for each
_FEW = 2  # so many may be gone without another order that is there


@dataclass(frozen=True, slots=True)
class Answer:
    """What the cart gave of those that it was asked for, the ids of those that are gone, and where to go on."""

    page: Page[CartOrder]
    gone: Sequence[str]
    asked_to: int


def ask_for_waiting(ws: Workspace, cart_id: CartId, cart: Cart) -> Answer | None:
    """Ask the cart for some of the orders that wait and keep pieces; nothing is written. None, and no request, where
    nothing waits or the cart can't be asked by id."""
    if not isinstance(cart, OrderReader):
        return None
    books = ws.books
    asked = books.cart_items.waiting_orders(cart_id, books.cart_items.asked_last(cart_id), ASKED_AT_ONCE)
    asked = asked or books.cart_items.waiting_orders(cart_id, 0, ASKED_AT_ONCE)
    if not asked:
        return None
    ids = [external_id for _, external_id in asked]
    witness = books.records.newest_imported(cart_id)
    page = cart.get_orders([CartOrderId(one) for one in (*ids, *([witness] if witness else []))])
    there = {row.external_id for row in page.rows}
    gone = [one for one in ids if one not in there]
    if not there and (witness is not None or len(gone) > _FEW):
        gone = []  # it may be another shop, or give nothing by id: the reconcile says so
    return Answer(page, gone, asked[-1][0] if len(asked) == ASKED_AT_ONCE else 0)


def note_answer(ws: Workspace, cart_id: CartId, answer: Answer, lease: Lease) -> None:
    """Flag those that are gone, and go on behind them the next time."""
    if not answer.gone and answer.asked_to == ws.books.cart_items.asked_last(cart_id):
        return
    with ws.books.transaction(lease=lease):
        note_gone(ws, cart_id, answer.gone)
        ws.books.cart_items.note_asked(cart_id, answer.asked_to)


def note_gone(ws: Workspace, cart_id: CartId, ids: Sequence[str]) -> list[CartRecord]:
    """Flag orders that the cart no longer has, in the caller's transaction: one with a document waits for a person, any
    other is left alone. What was kept of our stock for them is free. Returns those that were not flagged before."""
    books = ws.books
    records = books.records.find_many(cart_id, RecordKind.ORDER, ids)
    fresh = [one for one in records.values() if one.reason != GONE_REASON]
    if not fresh:
        return []
    kept = books.cart_items.open_pieces(cart_id, [one.external_id for one in fresh])
    books.records.put_many(cart_id, [_flagged(one) for one in fresh])
    books.cart_items.put_open_pieces(cart_id, {one: {} for one in kept})
    now = ws.clock()
    names = books.items.find_by_ids(sorted({item for pieces in kept.values() for item in pieces}))
    books.journal.append_many(
        [
            JournalEntry(
                cart_id,
                now,
                ws.actor,
                Direction.IMPORT,
                RecordKind.ORDER,
                "gone",
                one.external_id,
                one.our_id,
                detail={
                    "label": one.label,
                    "reason": f"{GONE_REASON}; it was {one.state.value}",
                    "pieces free again": ", ".join(
                        f"{promise.quantity.normalize():f} x {names[item].code}"
                        for item, promise in sorted(kept.get(one.external_id, {}).items(), key=itemgetter(0))
                        if item in names
                    ),
                },
            )
            for one in fresh
        ]
    )
    return fresh


def _flagged(record: CartRecord) -> CartRecord:
    if record.our_id is None:
        return replace(record, state=RecordState.SKIPPED, reason=GONE_REASON, remedy="")
    return replace(record, state=RecordState.CHANGED, reason=GONE_REASON, remedy=GONE_REMEDY)
