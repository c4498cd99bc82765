"""The reconcile that comes by itself: once a day for each RUNNING cart, after a cycle that went well."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from cartui.domain.ids import RecordKind
from cartui.domain.outcomes import CycleReport, CycleResult
from cartui.domain.reconcile import Certificate, words_of
from cartui.domain.settings import CartDocument, ReconcileWhen, SyncStatus
from cartui.errors import AbortCycleError, LeaseTakenError, NeedsOperatorError
from cartui.sync.reconcile import reconcile
from cartui.sync.reconcile_run import nothing_between
from cartui.sync.workspace import ProgressSink, StopRequested, Workspace, never_stop, no_progress

EVERY = timedelta(days=1)
AFTER_FAILURE = timedelta(hours=1)


def is_due(ws: Workspace, document: CartDocument) -> bool:
    """Whether a cart's daily reconcile is due. The day of a new cart begins with the first question: its first cycle
    has just read everything."""
    if document.settings.reconcile is ReconcileWhen.OFF or document.status is not SyncStatus.RUNNING:
        return False
    now = ws.clock()
    state = ws.books.reconciles.state(document.cart_id)
    if "done_at" not in state:
        ws.books.reconciles.put_state(document.cart_id, {**state, "done_at": now.isoformat()})
        return False
    tried = state.get("failed_at")
    rested = tried is None or now - datetime.fromisoformat(tried) >= AFTER_FAILURE
    return rested and now - datetime.fromisoformat(state["done_at"]) >= EVERY


def reconcile_if_due(
    ws: Workspace,
    name: str,
    *,
    progress: ProgressSink = no_progress,
    stop: Callable[[], bool] = never_stop,
    between: Callable[[], None] = nothing_between,
) -> CycleReport | None:
    """Do it where it is due. A report where it found or could not do something: it is listed among the cycles, too, and
    leaves the cart's next cycle alone. A bug is raised with the cart STOPPED, as a cycle's."""
    document = ws.books.carts.get(name)
    if not is_due(ws, document):
        return None
    started_at = ws.clock()
    try:
        certificate = reconcile(ws, name, progress=progress, stop=stop, between=between)
    except (LeaseTakenError, StopRequested):
        return None  # somebody works with the cart, or stops it: the next cycle asks again
    except (AbortCycleError, NeedsOperatorError) as error:
        state = ws.books.reconciles.state(document.cart_id)
        ws.books.reconciles.put_state(document.cart_id, {**state, "failed_at": ws.clock().isoformat()})
        return _listed(ws, _report(ws, document, started_at, CycleResult.RETRY, error.problem, error.remedy))
    except Exception as bug:
        ws.books.carts.set_status(
            document.cart_id, SyncStatus.STOPPED, f"An error inside cartui ({type(bug).__name__}); see the log."
        )
        raise
    note_done(ws, certificate)
    if not certificate.found:
        return None
    result = CycleResult.HELD if certificate.needs_person else CycleResult.OK
    report = _report(ws, document, started_at, result, f"Reconcile found {words_of(certificate)}.", _remedy(name))
    report.counts[RecordKind.ORDER] = certificate.counts
    return _listed(ws, report)


def note_done(ws: Workspace, certificate: Certificate) -> None:
    """Remember that a cart was reconciled, and the certificate's hash."""
    ws.books.reconciles.put_state(
        certificate.cart_id,
        {"done_at": certificate.taken_at.isoformat(), "digest": certificate.digest, "found": words_of(certificate)},
    )


def _remedy(name: str) -> str:
    return f"What could be settled is settled. `cartui changes {name!r}` and `cartui held {name!r}` list the rest."


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
