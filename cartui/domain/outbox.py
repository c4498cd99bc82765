"""The outbox: what of ours changed and is to reach a cart, one row for each (cart, kind, record of ours). Pure.

A row says only *that* the record changed, never to what: what is sent is read when it is sent, so that ten changes are
one request and the newest number wins (DESIGN rules 9 and 11).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cartui.domain.ids import CartId


class OutboxKind(StrEnum):
    """What changed. STOCK and ITEM carry an `ItemId`, CUSTOMER a `CustomerId`, SHIPMENT a `ShipmentId`."""

    STOCK = "stock"
    ITEM = "item"
    CUSTOMER = "customer"
    SHIPMENT = "shipment"


class OutboxState(StrEnum):
    """WAITING -> SENDING -> DONE, REFUSED or UNKNOWN. A change while SENDING makes it WAITING again afterwards.

    UNKNOWN: no answer came; the cart is asked before anything is sent again. REFUSED waits for a person (or for the
    next change of the record). SUPERSEDED: nothing of it is to be sent any more (unlinked, out of the cart's range).
    """

    WAITING = "waiting"
    SENDING = "sending"
    DONE = "done"
    UNKNOWN = "unknown"
    REFUSED = "refused"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One row. `version` rises with each change of the record; `sent_version` is the one that was last taken up for
    sending: where it is lower, a change came meanwhile. `due_at`: not before (UTC). `approved`: a person let
    it pass the brakes as it was then."""

    row_id: int
    cart_id: CartId
    kind: OutboxKind
    our_id: int
    state: OutboxState
    version: int
    sent_version: int
    reason: str
    remedy: str
    tries: int
    changed_at: datetime
    due_at: datetime
    approved: bool = False


@dataclass(frozen=True, slots=True)
class OutboxCounts:
    """Rows of one kind that are not done."""

    waiting: int = 0
    sending: int = 0
    unknown: int = 0
    refused: int = 0

    @property
    def open(self) -> int:
        """Those that will be sent or looked up by themselves."""
        return self.waiting + self.sending + self.unknown


class Ending(StrEnum):
    """How a try to send a row ended."""

    DONE = "done"
    AGAIN = "again"  # nothing was written: it waits for another try
    UNKNOWN = "unknown"
    REFUSED = "refused"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class SentRow:
    """What became of a row that was taken up; `reason` and `remedy` for all but DONE."""

    row: OutboxRow
    ending: Ending
    reason: str = ""
    remedy: str = ""
