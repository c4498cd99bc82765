"""The words of the status bar: is it running, when next, how was the last, what is held, what the guard misses."""

from __future__ import annotations

from datetime import datetime

from cartui.domain.guard import GuardLevel
from cartui.domain.outbox import OutboxKind
from cartui.domain.outcomes import CycleReport, CycleResult
from cartui.domain.settings import SyncStatus
from cartui.screens.times import show_moment
from cartui.sync.carts import CartView
from cartui.widgets.status_bar import StatusSegment

OUTBOUND_WORDS = {
    OutboxKind.STOCK: "stock",
    OutboxKind.ITEM: "items",
    OutboxKind.CUSTOMER: "customers",
    OutboxKind.SHIPMENT: "tracking",
}
RESULT_WORDS = {
    CycleResult.OK: "ok",
    CycleResult.HELD: "ok, some held",
    CycleResult.RETRY: "cart not reached, will try again",
    CycleResult.STOPPED: "stopped",
    CycleResult.LEASE_TAKEN: "done by another process",
    CycleResult.INTERRUPTED: "interrupted",
}


def state_segment(view: CartView) -> StatusSegment:
    """STOPPED or RUNNING."""
    if view.document.status is SyncStatus.RUNNING:
        return StatusSegment("RUNNING", "good")
    return StatusSegment(
        "STOPPED", "bad" if view.last_cycle and view.last_cycle.result is CycleResult.STOPPED else "plain"
    )


def outbound_segment(view: CartView, *, read_only: bool = False) -> StatusSegment:
    """Whether anything leaves for the shop by itself: on or off, at all times (S127)."""
    if read_only:
        return StatusSegment("outbound off: read-only mode", "warning")
    sends = view.document.settings.sends
    if not sends:
        return StatusSegment("outbound off", "quiet")
    words = ", ".join(OUTBOUND_WORDS[kind] for kind in sends)
    refused = sum(counts.refused for kind, counts in view.outbox.items() if kind in sends)
    return StatusSegment(f"outbound ON: {words}" + (f", {refused:,} refused" if refused else ""), "warning")


def last_words(report: CycleReport | None, now: datetime) -> str:
    """The last cycle in a few words."""
    if report is None:
        return "never ran"
    return f"last {show_moment(report.ended_at, now)} {RESULT_WORDS[report.result]}"


def status_segments(view: CartView, now: datetime, runner: str, *, read_only: bool = False) -> list[StatusSegment]:
    """The status bar of one cart."""
    document = view.document
    segments = [state_segment(view), outbound_segment(view, read_only=read_only)]
    if document.status is SyncStatus.RUNNING:
        at_work = f"at work now: {view.lease_holder}"
        waits = f"next {show_moment(document.next_cycle_at, now)} {runner}"
        segments.append(StatusSegment(at_work if view.lease_holder else waits))
    segments.append(StatusSegment(last_words(view.last_cycle, now), "quiet"))
    segments.append(StatusSegment(f"{view.held:,} held", "warning" if view.held else "quiet"))
    missing = [problem.problem for problem in view.problems if problem.level is GuardLevel.BLOCKS]
    if missing and document.status is SyncStatus.STOPPED:
        more = f" (+{len(missing) - 1})" if len(missing) > 1 else ""
        segments.append(StatusSegment(f"before Start: {missing[0]}{more}", "warning"))
    return segments
