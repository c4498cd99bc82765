"""The four steps from a new Shopping Cart to a running one (documents/000, S016): which comes next, and which key."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cartui.domain.guard import GuardProblem
from cartui.domain.settings import SyncStatus
from cartui.sync.carts import CartView

_CONNECT = frozenset({"copied_database", "not_tested", "changed_since_test"})
_DATES = frozenset({"last_order_from_missing", "last_order_from_future"}) | frozenset(
    {"last_update_time_missing", "last_update_time_future"}
)
_ITEMS = frozenset({"no_linked_items"})
_KEYS = {"not_tested": "t", "changed_since_test": "t", "no_linked_items": "6"}


@dataclass(frozen=True, slots=True)
class Step:
    """`what` names the step, `how` says what to press."""

    number: int
    what: str
    how: str
    done: bool


def steps(view: CartView) -> tuple[Step, ...]:
    """All four, in their order; the last is done while the cart is RUNNING."""
    codes = {problem.code for problem in view.problems}
    return (
        Step(1, "Connect and test", "t tests the connection, c changes it", not codes & _CONNECT),
        Step(2, "Dates and options", "e, then both dates, ctrl+s saves", not codes & _DATES),
        Step(3, "Items", "6, l lists the cart's items; create or link them", not codes & _ITEMS),
        Step(4, "Start", "s says what Start will do, and asks", view.document.status is SyncStatus.RUNNING),
    )


def next_step(view: CartView) -> Step | None:
    """The first that is not done."""
    return next((step for step in steps(view) if not step.done), None)


def mending_key(problem: GuardProblem) -> str:
    """The key on the Auto-sync tab that mends it, "" for none."""
    return _KEYS.get(problem.code, "e" if problem.setting in ("last_order_from", "last_update_time") else "")


def steps_words(all_steps: Iterable[Step], done: str, waits: str) -> list[tuple[str, str]]:
    """One line a step, as (what, how) for a dialog."""
    return [(f"{done if step.done else waits} {step.number} {step.what}", step.how) for step in all_steps]
