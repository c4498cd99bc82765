"""The words of the status bar: is it running, when next, how was the last, what is held, what the guard misses."""

from __future__ import annotations

from datetime import datetime

from cartui.domain.guard import GuardLevel
from cartui.domain.outcomes import CycleReport, CycleResult
from cartui.domain.safe_text import safe_text
from cartui.domain.settings import SyncStatus
from cartui.screens.times import show_moment
from cartui.sync.carts import CartView
from cartui.widgets.chrome import Part

RESULT_WORDS = {
    CycleResult.OK: "ok",
    CycleResult.HELD: "ok, some held",
    CycleResult.RETRY: "cart not reached, will try again",
    CycleResult.STOPPED: "stopped",
    CycleResult.LEASE_TAKEN: "done by another process",
    CycleResult.INTERRUPTED: "interrupted",
}


def state_part(view: CartView) -> Part:
    """STOPPED or RUNNING."""
    if view.document.status is SyncStatus.RUNNING:
        return ("RUNNING", "bold $text-success")
    return ("STOPPED", "bold $text-error" if view.document.stop_reason else "bold")


def last_words(report: CycleReport | None, now: datetime) -> str:
    """The last cycle in a few words."""
    if report is None:
        return "never ran"
    return f"last {show_moment(report.ended_at, now)} {RESULT_WORDS[report.result]}"


def status_parts(view: CartView, now: datetime, runner: str) -> tuple[Part, ...]:
    """The status bar of one cart."""
    document = view.document
    parts: list[Part] = [state_part(view)]
    if document.status is SyncStatus.RUNNING:
        who = view.lease_holder or runner
        parts.append(f" · next {show_moment(document.next_cycle_at, now)} {safe_text(who, 40)}")
    elif document.stop_reason:
        parts.append((f" · {safe_text(document.stop_reason, 60)}", "$text-error"))
    parts.append((f" · {last_words(view.last_cycle, now)}", ""))
    parts.append((f" · {view.held:,} held", "$text-warning" if view.held else "$text-muted"))
    missing = [problem.problem for problem in view.problems if problem.level is GuardLevel.BLOCKS]
    if missing:
        more = f" (+{len(missing) - 1} more)" if len(missing) > 1 else ""
        parts.append((f" · before Start: {missing[0]}{more}", "$text-warning"))
    return tuple(parts)
