"""What became of a record, and what a cycle did: received = sum of the outcomes, always (DESIGN rule 3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from cartui.domain.ids import CartId, RecordKind
from cartui.domain.outbox import Ending, OutboxKind


class Outcome(StrEnum):
    """Every record received ends in exactly one of these."""

    CREATED = "created"
    UPDATED = "updated"
    SAME = "same"
    SKIPPED = "skipped"
    HELD = "held"


class RecordState(StrEnum):
    """The sync axis of one cart record (FEATURES D); kept in the books for each record we act on.

    STAGED: an order that waits for the shop (payment not yet in); it is looked at again by itself.
    """

    STAGED = "staged"
    HELD = "held"
    IMPORTED = "imported"
    CHANGED = "changed_after_import"
    SKIPPED = "skipped"
    LINKED = "linked"


@dataclass(frozen=True, slots=True)
class Counts:
    """Outcomes of the records of one kind in one cycle."""

    received: int = 0
    created: int = 0
    updated: int = 0
    same: int = 0
    skipped: int = 0
    held: int = 0

    def plus(self, outcomes: Iterable[Outcome]) -> Counts:
        """These counts with one more page of outcomes."""
        tally = dict.fromkeys(Outcome, 0)
        for outcome in outcomes:
            tally[outcome] += 1
        return replace(
            self,
            received=self.received + sum(tally.values()),
            **{outcome.value: getattr(self, outcome.value) + n for outcome, n in tally.items()},
        )

    def check_complete(self) -> bool:
        """Nothing was dropped in silence."""
        return self.received == self.created + self.updated + self.same + self.skipped + self.held


class CycleResult(StrEnum):
    OK = "ok"
    HELD = "held"  # done, but records are held
    RETRY = "retry"  # the cart could not be talked to; still RUNNING
    STOPPED = "stopped"  # a person must act
    LEASE_TAKEN = "lease_taken"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class CycleReport:
    """One round of auto-sync of one cart; printed as one JSON line, listed on the Auto-sync tab.

    refused_by_cart: STOPPED because the cart refused (password, rights), not for a setting or the guard; not stored.
    sent: what became of the outbox's rows, by kind; not stored. braked: a brake holds rows of the outbox back.
    rest_until: the cart asked not to be called before (its Retry-After); not stored.
    """

    cart_id: CartId
    cart_name: str
    started_at: datetime
    ended_at: datetime
    result: CycleResult
    counts: dict[RecordKind, Counts] = field(default_factory=dict)
    problem: str = ""
    remedy: str = ""
    held_total: int = 0
    next_at: datetime | None = None
    refused_by_cart: bool = False
    sent: Mapping[OutboxKind, Mapping[Ending, int]] = field(default_factory=dict)
    braked: bool = False
    rest_until: datetime | None = None
