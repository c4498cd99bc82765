"""Auto-sync over all carts: which are due, when the next is, and a loop that ends cleanly."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from cartui.domain.outcomes import CycleReport
from cartui.sync.workspace import ProgressSink, Workspace, never_stop, no_progress


def due_carts(ws: Workspace, now: datetime) -> list[str]:
    """RUNNING carts whose next cycle is due, the longest waiting first."""
    raise NotImplementedError


def run_due(
    ws: Workspace,
    on_report: Callable[[CycleReport], None],
    *,
    names: list[str] | None = None,
    only_due: bool = True,
    progress: ProgressSink = no_progress,
    stop: Callable[[], bool] = never_stop,
) -> list[CycleReport]:
    """One pass: run a cycle of every RUNNING cart (of `names`) that is due, or of all of them."""
    raise NotImplementedError


def run_forever(
    ws: Workspace,
    on_report: Callable[[CycleReport], None],
    *,
    wait: Callable[[float], bool],
    names: list[str] | None = None,
    progress: ProgressSink = no_progress,
) -> None:
    """Poll until `wait(seconds)` returns True (asked to stop). `wait` also ends a cycle after its current page."""
    raise NotImplementedError
