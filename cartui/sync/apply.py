"""Carry out a plan through the journal: intent -> effect -> done + link, one transaction a page (DESIGN 3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cartui.domain.outcomes import Counts
from cartui.domain.plan import Plan, PlannedChange
from cartui.sync.workspace import ProgressSink, Workspace, never_stop, no_progress


@dataclass(frozen=True, slots=True)
class Applied:
    """One change and what became of it; `problem` is "" where it was done as planned."""

    change: PlannedChange
    done: bool
    our_id: int | None = None
    problem: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class ApplyReport:
    """All changes of a plan in order, and their counts."""

    plan: Plan
    applied: tuple[Applied, ...]
    counts: Counts

    @property
    def problems(self) -> tuple[Applied, ...]:
        """Those that were not done as planned."""
        return tuple(one for one in self.applied if one.problem)


def apply_plan(
    ws: Workspace,
    plan: Plan,
    *,
    progress: ProgressSink = no_progress,
    stop: Callable[[], bool] = never_stop,
) -> ApplyReport:
    """Do what the plan says. A row whose ground changed since it was planned is refused, the others go on. Raises
    `LeaseTakenError` where somebody else synchronises the cart, `AbortCycleError`/`NeedsOperatorError` as the cart says;
    what was done before stays done and journalled, and applying again does only the rest."""
    raise NotImplementedError
