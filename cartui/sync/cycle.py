"""One round of auto-sync of one cart."""

from __future__ import annotations

from collections.abc import Callable

from cartui.domain.outcomes import CycleReport
from cartui.sync.workspace import ProgressSink, Workspace, never_stop, no_progress


def run_cycle(
    ws: Workspace, name: str, *, progress: ProgressSink = no_progress, stop: Callable[[], bool] = never_stop
) -> CycleReport:
    """Run one cycle of a RUNNING cart: new and changed orders, then customers and items where switched on.

    Never raises for what the report can say (held records, cart not reachable, lease taken, guard, interrupted); a bug
    is rolled back, sets the cart STOPPED and is raised.
    """
    raise NotImplementedError
