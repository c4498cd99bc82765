"""The reconcile that comes by itself after a cycle that went well: once a day the last 30 days, once a week all orders
since Last Order from, for each RUNNING cart as its settings say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from enum import Enum

from cartui.domain.ids import RecordKind
from cartui.domain.outcomes import CycleReport, CycleResult
from cartui.domain.reconcile import Certificate, words_of
from cartui.domain.settings import CartDocument, ReconcileWhen, SyncStatus
from cartui.errors import AbortCycleError, LeaseTakenError, NeedsOperatorError, Remedy
from cartui.sync.cycle import MAX_RETRY_SECONDS
from cartui.sync.reconcile import reconcile
from cartui.sync.reconcile_run import nothing_between
from cartui.sync.workspace import ProgressSink, StopRequested, Workspace, never_stop, no_progress

AFTER_FAILURE = timedelta(hours=1)


class Span(Enum):
    """What is compared; the value is how often."""

    DAILY = timedelta(days=1)
    FULL = timedelta(days=7)


_DONE_AT = {Span.DAILY: "done_at", Span.FULL: "full_at"}


def due_span(ws: Workspace, document: CartDocument) -> Span | None:
    """What is due for a cart, the larger first. Day and week of a new cart begin with the first question: its first
    cycle has just read everything."""
    settings, now = document.settings, ws.clock()
    on = {Span.FULL: settings.reconcile_full, Span.DAILY: settings.reconcile is not ReconcileWhen.OFF}
    if document.status is not SyncStatus.RUNNING or not any(on.values()):
        return None
    state = ws.books.reconciles.state(document.cart_id)
    began = {key: now.isoformat() for key in _DONE_AT.values() if key not in state}
    if began:
        state = {**state, **began}
        ws.books.reconciles.put_state(document.cart_id, state)
    tried = state.get("failed_at")
    if tried is not None and now - datetime.fromisoformat(tried) < AFTER_FAILURE:
        return None
    if state.get("failed_span") == Span.FULL.name:  # a full one that always fails must not starve the daily one
        on = dict(reversed(on.items()))
    due = (span for span in on if on[span] and now - datetime.fromisoformat(state[_DONE_AT[span]]) >= span.value)
    return next(due, None)


def reconcile_if_due(
    ws: Workspace,
    name: str,
    *,
    progress: ProgressSink = no_progress,
    stop: Callable[[], bool] = never_stop,
    between: Callable[[], None] = nothing_between,
) -> CycleReport | None:
    """Do it where it is due. A report where it found or could not do something: it is listed among the cycles, too, and
    leaves the cart's next cycle alone, unless the cart asks for a longer pause. A bug is raised with the cart STOPPED,
    as a cycle's."""
    document = ws.books.carts.get(name)
    span = due_span(ws, document)
    if span is None:
        return None
    started_at, full = ws.clock(), span is Span.FULL
    try:
        certificate = reconcile(ws, name, from_start=full, progress=progress, stop=stop, between=between)
    except (LeaseTakenError, StopRequested):
        return None  # somebody works with the cart, or stops it: the next cycle asks again
    except (AbortCycleError, NeedsOperatorError) as error:
        state = ws.books.reconciles.state(document.cart_id)
        failed = {"failed_at": ws.clock().isoformat(), "failure": error.problem, "failed_span": span.name}
        ws.books.reconciles.put_state(document.cart_id, {**state, **failed})
        rest_until = None
        if isinstance(error, AbortCycleError) and error.retry_after_seconds is not None:
            rest_until = ws.clock() + timedelta(seconds=min(error.retry_after_seconds, MAX_RETRY_SECONDS))
            ws.books.carts.put_off(document.cart_id, rest_until)
        report = _report(ws, document, started_at, CycleResult.RETRY, error.problem, error.remedy)
        return _listed(ws, replace(report, rest_until=rest_until))
    except Exception as bug:
        ws.books.carts.set_status(
            document.cart_id, SyncStatus.STOPPED, f"An error inside cartui ({type(bug).__name__}); see the log."
        )
        raise
    note_done(ws, certificate, full=full)
    if not certificate.found:
        return None
    result = CycleResult.HELD if certificate.needs_person else CycleResult.OK
    report = _report(ws, document, started_at, result, f"Reconcile found {words_of(certificate)}.", _remedy(name))
    report.counts[RecordKind.ORDER] = certificate.counts
    return _listed(ws, report)


def note_done(ws: Workspace, certificate: Certificate, *, full: bool) -> None:
    """Remember that a cart was reconciled, what was found, and the certificate's hash; a full one is daily, too."""
    done_at, digest, found = certificate.taken_at.isoformat(), certificate.digest, words_of(certificate)
    told = {"done_at": done_at, "digest": digest, "found": found}
    if full:
        told |= {"full_at": done_at, "full_digest": digest, "full_found": found}
    before = ws.books.reconciles.state(certificate.cart_id)
    kept = {key: text for key, text in before.items() if key.startswith("full_")}
    ws.books.reconciles.put_state(certificate.cart_id, {**kept, **told})


def _remedy(name: str) -> str:
    settled = "What could be settled is settled."
    command = f"{settled} `cartui changes {name!r}` and `cartui held {name!r}` list the rest."
    return Remedy(f"{settled} Orders (2), where they are marked, and Held (9) list the rest.", command)


def _report(
    ws: Workspace, document: CartDocument, started_at: datetime, result: CycleResult, problem: str, remedy: str
) -> CycleReport:
    return CycleReport(
        cart_id=document.cart_id,
        cart_name=document.name,
        started_at=started_at,
        ended_at=ws.clock(),
        result=result,
        problem=problem,
        remedy=remedy,
        held_total=ws.books.records.count_held(document.cart_id),
        next_at=ws.books.carts.get_by_id(document.cart_id).next_cycle_at,
    )


def _listed(ws: Workspace, report: CycleReport) -> CycleReport:
    ws.books.cycles.add(report)
    return report
