"""The live-cart guard: what must be so before a cart may be started (documents/001, 002; FEATURES S080-S092).

Pure: all it looks at is handed in. The screen, the command line and each cycle ask the same function.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from cartui.domain.settings import CartDocument

MAX_AGE = timedelta(days=30)  # RELIABILITY R18: an older date is nearly always a mistake and floods the books
CLOCK_TOLERANCE = timedelta(minutes=15)


class GuardLevel(StrEnum):
    BLOCKS = "blocks"  # Start is refused
    CONFIRM = "confirm"  # Start wants the cart's name typed back
    ADVICE = "advice"


@dataclass(frozen=True, slots=True)
class GuardProblem:
    """One thing the guard misses. `code` is stable, for scripts; `setting` names what to set (a name of `cartui
    set`)."""

    code: str
    level: GuardLevel
    problem: str
    remedy: str
    setting: str = ""


@dataclass(frozen=True, slots=True)
class GuardFacts:
    """What the guard looks at beside the document itself."""

    now: datetime
    connection_fingerprint: str
    linked_items: int
    copied_from_elsewhere: bool = False


def check_start(document: CartDocument, facts: GuardFacts) -> tuple[GuardProblem, ...]:
    """All that stands against starting this cart, worst first; empty: it may start."""
    problems = [
        *_check_host(facts),
        *_check_tested(document, facts),
        *_check_date(
            "last_order_from", "Last Order from", document.settings.orders_from, facts.now, "Orders placed before it"
        ),
        *_check_date(
            "last_update_time",
            "Last update time",
            document.settings.updates_from,
            facts.now,
            "Customer and item changes before it",
        ),
        *_check_items(facts),
    ]
    order = list(GuardLevel)
    return tuple(sorted(problems, key=lambda problem: order.index(problem.level)))


def blocking(problems: Sequence[GuardProblem], *, confirmed: bool) -> tuple[GuardProblem, ...]:
    """Those that refuse Start: all that block, and what wants a confirmation unless it was given."""
    refusing = {GuardLevel.BLOCKS} if confirmed else {GuardLevel.BLOCKS, GuardLevel.CONFIRM}
    return tuple(problem for problem in problems if problem.level in refusing)


def _check_host(facts: GuardFacts) -> list[GuardProblem]:
    if not facts.copied_from_elsewhere:
        return []
    return [
        GuardProblem(
            "copied_database",
            GuardLevel.BLOCKS,
            "This database was copied here from another machine.",
            "If this machine now owns the carts, run `cartui doctor --adopt`; if not, leave it stopped.",
        )
    ]


def _check_tested(document: CartDocument, facts: GuardFacts) -> list[GuardProblem]:
    if document.tested_at is None:
        return [
            GuardProblem(
                "not_tested",
                GuardLevel.BLOCKS,
                "The connection was never tested.",
                f"Press t (Test Connection), or run `cartui test {document.name!r}`.",
                "test",
            )
        ]
    if document.tested_fingerprint != facts.connection_fingerprint:
        return [
            GuardProblem(
                "changed_since_test",
                GuardLevel.BLOCKS,
                "The connection was changed after its last test.",
                f"Press t (Test Connection) again, or run `cartui test {document.name!r}`.",
                "test",
            )
        ]
    return []


def _check_date(setting: str, title: str, at: datetime | None, now: datetime, what: str) -> list[GuardProblem]:
    if at is None:
        return [
            GuardProblem(
                f"{setting}_missing",
                GuardLevel.BLOCKS,
                f"{title} is not set.",
                f"Set it (e, then {title}): {what[0].lower()}{what[1:]} will never be taken over.",
                setting,
            )
        ]
    if at > now + CLOCK_TOLERANCE:
        return [
            GuardProblem(
                f"{setting}_future",
                GuardLevel.BLOCKS,
                f"{title} lies in the future.",
                "Set a date that has passed; to begin later, press Start later.",
                setting,
            )
        ]
    if at < now - MAX_AGE:
        return [
            GuardProblem(
                f"{setting}_old",
                GuardLevel.CONFIRM,
                f"{title} lies more than {MAX_AGE.days} days back.",
                "Type the cart's name to confirm that all of it is wanted, or set a later date.",
                setting,
            )
        ]
    return []


def _check_items(facts: GuardFacts) -> list[GuardProblem]:
    if facts.linked_items:
        return []
    return [
        GuardProblem(
            "no_linked_items",
            GuardLevel.ADVICE,
            "No item of this cart is linked to an item of the system: every order line will use the default item.",
            "Create or link items on the tab Items (Cart) first.",
        )
    ]
