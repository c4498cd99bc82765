"""Auto-sync over all carts: which are due, when the next is, and a loop that ends cleanly."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

from cartui.domain.outcomes import CycleReport
from cartui.domain.settings import SyncStatus
from cartui.errors import AbortCycleError
from cartui.sync.cycle import run_cycle
from cartui.sync.workspace import ProgressSink, Workspace, never_stop, no_progress

LOOK_SECONDS = 5.0  # how often a waiting loop looks whether a cart was started or stopped elsewhere


def due_carts(ws: Workspace, now: datetime) -> list[str]:
    """RUNNING carts whose next cycle is due, the longest waiting first."""
    running = [document for document in ws.books.carts.list_all() if document.status is SyncStatus.RUNNING]
    due = [document for document in running if document.next_cycle_at is None or document.next_cycle_at <= now]
    first = datetime.min.replace(tzinfo=now.tzinfo)
    return [document.name for document in sorted(due, key=lambda document: document.next_cycle_at or first)]


OnError = Callable[[str, Exception], None]


def raise_on(_name: str, error: Exception) -> None:
    """The default: what one cart's cycle raises ends the pass."""
    raise error


def run_due(
    ws: Workspace,
    on_report: Callable[[CycleReport], None],
    *,
    names: Collection[str] | None = None,
    only_due: bool = True,
    on_error: OnError = raise_on,
    progress: ProgressSink = no_progress,
    stop: Callable[[], bool] = never_stop,
) -> list[CycleReport]:
    """One pass: run a cycle of every RUNNING cart (of `names`) that is due, or of all of them. What a cycle raises (a
    bug, or the books not to be reached) goes to `on_error` with the cart's name, and the other carts still run."""
    chosen = due_carts(ws, ws.clock()) if only_due else _running(ws)
    reports = []
    for name in chosen:
        if stop():
            break
        if names is not None and name not in names:
            continue
        try:
            report = run_cycle(ws, name, progress=progress, stop=stop)
        except Exception as error:  # noqa: BLE001 - the boundary between carts: one must not end the others
            on_error(name, error)
        else:
            on_report(report)
            reports.append(report)
    return reports


def _running(ws: Workspace) -> list[str]:
    return [document.name for document in ws.books.carts.list_all() if document.status is SyncStatus.RUNNING]


def run_forever(
    ws: Workspace,
    on_report: Callable[[CycleReport], None],
    *,
    wait: Callable[[float], bool],
    names: Collection[str] | None = None,
    on_error: OnError = raise_on,
    progress: ProgressSink = no_progress,
) -> None:
    """Poll until `wait(seconds)` returns True (asked to stop). `wait(0)` is also asked between the pages of a cycle,
    which then ends after the current one. The books being busy or away for a while ends nothing."""

    def stopping() -> bool:
        return wait(0.0)

    while not stopping():
        try:
            run_due(ws, on_report, names=names, on_error=on_error, progress=progress, stop=stopping)
        except AbortCycleError as error:
            on_error("", error)
        if wait(LOOK_SECONDS):
            return
