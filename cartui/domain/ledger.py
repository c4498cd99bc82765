"""What the books remember of a cart's records and of what was done to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from cartui.domain.ids import CartId, Direction, RecordKind
from cartui.domain.outcomes import RecordState
from cartui.domain.quick_init import quick_init


@quick_init
@dataclass(frozen=True, slots=True)
class CartRecord:
    """All that is remembered of one record of a cart; unique by (cart, kind, external_id), so nothing is ever doubled.

    It is the *link* when `our_id` is set (a DocumentId, ItemId or CustomerId, by kind), the *held record* when `state`
    is HELD, and otherwise the proof that the record was seen and what became of it.

    label        what a person calls it: order number, SKU and name, e-mail
    fingerprint  hash of the content last seen in the cart (see `domain.fingerprint`)
    agreed       the field values that both sides last agreed on (items and customers), as text
    evidence     why it is linked: "created", "sku", "by hand", "exported";
                 of a parcel "exported whole" where it was all of its order
    raw          the record as the cart sent it; kept for orders and for all that is held
    """

    kind: RecordKind
    external_id: str
    label: str
    stamp: datetime | None
    fingerprint: str
    state: RecordState
    reason: str = ""
    remedy: str = ""
    our_id: int | None = None
    agreed: Mapping[str, str] = field(default_factory=dict)
    evidence: str = ""
    native_status: str = ""
    tries: int = 0
    raw: bytes | None = None


_UNLINKED = "unlinked"


def unlinked(record: CartRecord, reason: str) -> CartRecord:
    """The record without its link: a person let go of it on purpose. What both sides agreed on is kept, so that it can
    be tied again as it was."""
    return replace(
        record,
        our_id=None,
        state=RecordState.SKIPPED,
        reason=reason,
        remedy="",
        evidence=f"{_UNLINKED} {record.our_id}",
    )


def unlinked_from(record: CartRecord) -> int | None:
    """The one of ours that a person untied it from; None: nobody did, or it was linked or imported again since."""
    word, _, number = record.evidence.partition(" ")
    return int(number) if record.our_id is None and word == _UNLINKED and number.isdigit() else None


class JournalState(StrEnum):
    """Imports are DONE at once (their effect is in the same transaction). Exports go INTENT -> DONE or REFUSED; UNKNOWN
    means that the answer never came and the cart must be asked before anything is sent again."""

    INTENT = "intent"
    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@quick_init
@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One line of the journal: who did what to which record, when. `key` is our idempotency key on exports; `detail`
    holds what a resumed run needs to finish the work (JSON-able text values)."""

    cart_id: CartId
    at: datetime
    actor: str
    direction: Direction
    kind: RecordKind
    action: str
    external_id: str
    our_id: int | None = None
    state: JournalState = JournalState.DONE
    key: str = ""
    detail: Mapping[str, str] = field(default_factory=dict)
    entry_id: int | None = None
