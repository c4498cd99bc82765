"""What waits to be sent to each cart: one row for each (cart, kind, record of ours), coalesced.

`touch` is called inside the transaction that changes the record: the change and the note that it must reach the carts
are stored together or not at all (DESIGN rule 9).
"""

from __future__ import annotations

from collections.abc import Sequence

from cartui.books.database import Database
from cartui.books.fields import to_moment
from cartui.domain.ids import CartId, RecordKind
from cartui.domain.outbox import OutboxKind

_ASK = 900
_LINKED_AS = {
    OutboxKind.STOCK: RecordKind.ITEM,
    OutboxKind.ITEM: RecordKind.ITEM,
    OutboxKind.CUSTOMER: RecordKind.CUSTOMER,
}

_NEW = """INSERT INTO outbox (cart_id, kind, our_id, state, version, sent_version, reason, remedy, tries, changed_at,
 due_at)"""
_VALUES = "'waiting', 1, 0, '', '', 0, {now}, {now}"
# A row on its way keeps its state and the version that is on its way; that the version rose says: send again.
_AGAIN = """ON CONFLICT (cart_id, kind, our_id) DO UPDATE SET version = outbox.version + 1,
 changed_at = excluded.changed_at,
 state = CASE WHEN outbox.state IN ('sending', 'unknown') THEN outbox.state ELSE 'waiting' END,
 due_at = CASE WHEN outbox.state IN ('waiting', 'sending', 'unknown') THEN outbox.due_at ELSE excluded.due_at END,
 tries = CASE WHEN outbox.state IN ('waiting', 'sending', 'unknown') THEN outbox.tries ELSE 0 END,
 reason = CASE WHEN outbox.state IN ('waiting', 'sending', 'unknown') THEN outbox.reason ELSE '' END,
 remedy = CASE WHEN outbox.state IN ('waiting', 'sending', 'unknown') THEN outbox.remedy ELSE '' END"""


class Outbox:
    """Writes need the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def touch(self, kind: OutboxKind, our_ids: Sequence[int], *, cart_id: CartId | None = None) -> None:
        """Note that records of ours changed, for every cart that they are linked in (only for `cart_id`, if given).

        A shipment has no link: `cart_id`, its document's cart, is needed then; nothing is noted where that cart was
        deleted. Records that are linked nowhere cost nothing but the question.
        """
        for start in range(0, len(our_ids), _ASK):
            part = [int(one) for one in our_ids[start : start + _ASK]]
            if kind is OutboxKind.SHIPMENT:
                self._touch_shipments(cart_id, part)
            else:
                which = "" if cart_id is None else f" AND cart_id = {int(cart_id)}"
                linked = f"our_id {{among}} AND kind = '{_LINKED_AS[kind]}'{which}"
                self._touch(kind, f"FROM cart_record WHERE {linked}", part)

    def touch_stock_of(self, codes: Sequence[str]) -> None:
        """As `touch` of STOCK, by item code: one statement a page of imported documents."""
        for start in range(0, len(codes), _ASK):
            items = "FROM item JOIN cart_record ON our_id = item.id AND cart_record.kind = 'item'"
            part = [str(one) for one in codes[start : start + _ASK]]
            self._touch(OutboxKind.STOCK, f"{items} WHERE item.code {{among}}", part)

    def _touch(self, kind: OutboxKind, linked: str, some: Sequence[object]) -> None:
        values = _VALUES.format(now=to_moment(self._db.clock()))
        self._db.write_sql_among(
            f"{_NEW} SELECT cart_id, '{kind}', our_id, {values} {linked} GROUP BY cart_id, our_id {_AGAIN}", some
        )

    def _touch_shipments(self, cart_id: CartId | None, shipment_ids: Sequence[int]) -> None:
        if cart_id is None:
            raise ValueError("A shipment is sent to its document's cart: say which.")
        values = _VALUES.format(now=to_moment(self._db.clock()))
        for one in shipment_ids:
            self._db.write_sql(
                f"{_NEW} SELECT id, 'shipment', {one}, {values} FROM cart WHERE id = ? {_AGAIN}", (int(cart_id),)
            )
