"""Carry out a plan through the journal: intent -> effect -> done + link, one transaction a page (DESIGN 3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cartui.books import Lease
from cartui.domain.applied import AppliedRow
from cartui.domain.brakes import WINDOW, Brake, check_brakes, harmed
from cartui.domain.documents import DocumentStatus
from cartui.domain.ids import Direction, RecordKind
from cartui.domain.outcomes import Counts, Outcome
from cartui.domain.plan import (
    OUTCOME_OF,
    Action,
    Doing,
    ExportCustomer,
    ExportItem,
    FollowOrder,
    ImportCustomer,
    ImportDocument,
    ImportItem,
    Plan,
    PlannedChange,
    Undo,
)
from cartui.domain.ports import Received
from cartui.domain.remedies import confirm
from cartui.domain.settings import CartDocument
from cartui.errors import BrakeError, HoldRecordError, UnknownOutcomeError
from cartui.sync.carts import ensure_tested
from cartui.sync.exports import Exporter, external_id_of, recover_exports
from cartui.sync.imports import STORE
from cartui.sync.leases import leased
from cartui.sync.outbound import brakes_of_window
from cartui.sync.sides import side_of
from cartui.sync.undo import take_back
from cartui.sync.workspace import Progress, ProgressSink, Workspace, never_stop, no_progress

PAGE = 50
_AGAIN = "Plan it again and look at it."


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
    """All changes of a plan in order, and their counts. `stopped`: ended early on request; the rest was not touched."""

    plan: Plan
    applied: tuple[Applied, ...]
    counts: Counts
    stopped: bool = False

    @property
    def problems(self) -> tuple[Applied, ...]:
        """Those that were not done as planned."""
        return tuple(one for one in self.applied if one.problem)


def plan_brakes(ws: Workspace, plan: Plan) -> tuple[Brake, ...]:
    """The brakes that a plan trips in this cart (rule 14): by itself, or, where it writes to the cart, with what was
    written in the hours before, by hand and by itself."""
    population = ws.books.records.count_linked(plan.cart_id, plan.kind)
    at_once = check_brakes(plan, population)
    if at_once or plan.direction is not Direction.EXPORT:
        return at_once
    return brakes_of_window(ws, plan.cart_id, harmed(plan.effective), population)


def apply_plan(
    ws: Workspace,
    plan: Plan,
    *,
    confirmed: str = "",
    progress: ProgressSink = no_progress,
    stop: Callable[[], bool] = never_stop,
) -> ApplyReport:
    """Do what the plan says. A row whose ground changed since it was planned is refused, the others go on. Raises
    `BrakeError` where the plan trips a brake and `confirmed` is not the cart's name, `LeaseTakenError` where somebody
    else synchronises the cart, `AbortCycleError`/`NeedsOperatorError` as the cart says; what was done before stays done
    and journalled, and applying again does only the rest."""
    document = ws.books.carts.get_by_id(plan.cart_id)
    brakes = plan_brakes(ws, plan)
    _ensure_confirmed(document, brakes, confirmed)
    applied: list[Applied] = []
    with leased(ws, document) as lease:
        if brakes:  # the person looked and confirmed: what cycles did before does not count against what they do next
            with ws.books.transaction(lease=lease):
                ws.books.harms.forget(document.cart_id, [brake.what for brake in brakes])
        pages = (
            _exporting(ws, document, plan, lease)
            if plan.direction is Direction.EXPORT
            else _importing(ws, document, plan, lease)
        )
        number = _begin(ws, plan, lease)
        try:
            for start in range(0, len(plan.changes), PAGE):
                if stop():
                    break
                page = plan.changes[start : start + PAGE]
                _note(ws, number, start, page, lease)
                if plan.direction is Direction.EXPORT and not brakes:
                    _note_harms(ws, document, page, lease)
                applied += pages.run(page)
                progress(Progress(f"{plan.kind}s", len(applied), len(plan.changes)))
        finally:
            pages.close()
        report = _report(plan, applied)
        _note_undone(ws, report, lease)
    return report


def _report(plan: Plan, applied: Sequence[Applied]) -> ApplyReport:
    counts = Counts().plus(_outcome(one) for one in applied)
    return ApplyReport(plan, tuple(applied), counts, stopped=len(applied) < len(plan.changes))


def _ensure_confirmed(document: CartDocument, brakes: Sequence[Brake], confirmed: str) -> None:
    if brakes and confirmed != document.name:
        raise BrakeError(
            f"The plan would {'; '.join(map(str, brakes))}.",
            confirm(document.name),
        )


# --- what can be undone later -----------------------------------------------------------------------------------------


def _begin(ws: Workspace, plan: Plan, lease: Lease) -> int | None:
    """The number of what is carried out, for undo; None where nothing would be written."""
    if not plan.effective:
        return None
    with ws.books.transaction(lease=lease):
        return ws.books.applied_plans.begin(plan, ws.actor)


def _note(ws: Workspace, number: int | None, first: int, changes: Sequence[PlannedChange], lease: Lease) -> None:
    """Before the effect: a row that dies half way is on record, and undoing it looks at what really came to be."""
    writing = [change for change in changes if OUTCOME_OF[change.action] in (Outcome.CREATED, Outcome.UPDATED)]
    if number is not None and writing:
        rows = [AppliedRow(one.action, one.key, one.label, one.fields) for one in writing]
        with ws.books.transaction(lease=lease):
            ws.books.applied_plans.add_rows(number, first, rows)


def _note_harms(ws: Workspace, document: CartDocument, changes: Sequence[PlannedChange], lease: Lease) -> None:
    """What nobody confirmed counts, for plans by hand and for what is sent by itself. Before the effect, as `_note`."""
    if done := harmed(changes):
        with ws.books.transaction(lease=lease):
            ws.books.harms.note(document.cart_id, done, ws.clock() - WINDOW)


def _note_undone(ws: Workspace, report: ApplyReport, lease: Lease) -> None:
    asked = report.plan.request
    if asked is not None and asked.doing is Doing.UNDO and asked.keys and not (report.problems or report.stopped):
        with ws.books.transaction(lease=lease):
            ws.books.applied_plans.mark_undone(int(asked.keys[0]), ws.actor)


def _outcome(applied: Applied) -> Outcome:
    return Outcome.HELD if applied.problem else applied.change.outcome


@dataclass(frozen=True, slots=True)
class _Pages:
    """How a page of changes is carried out, and what is to be closed in the end."""

    run: Callable[[Sequence[PlannedChange]], list[Applied]]
    close: Callable[[], None]


# --- imports ----------------------------------------------------------------------------------------------------------


def _importing(ws: Workspace, document: CartDocument, plan: Plan, lease: Lease) -> _Pages:
    def run(changes: Sequence[PlannedChange]) -> list[Applied]:
        ws.books.leases.renew(lease)
        with ws.books.transaction(lease=lease):
            stale = _stale(ws, plan, changes) | take_back(ws, document, plan.kind, changes)
            good = [one for one in changes if one.key not in stale and not isinstance(one.payload, Undo)]
            ids = STORE[plan.kind](ws, plan.cart_id, good)
        return [
            Applied(change, False, problem=stale[change.key], remedy=_AGAIN)
            if change.key in stale
            else Applied(change, True, ids.get(change.key), *_reason(change))
            for change in changes
        ]

    return _Pages(run, lambda: None)


def _reason(change: PlannedChange) -> tuple[str, str]:
    return (change.reason, change.remedy) if change.action is Action.HOLD else ("", "")


def _stale(ws: Workspace, plan: Plan, changes: Sequence[PlannedChange]) -> dict[str, str]:
    """Changes whose ground moved since they were planned: the record got linked or imported, the code was taken."""
    writing = [c for c in changes if isinstance(c.payload, ImportDocument | ImportItem | ImportCustomer)]
    records = ws.books.records.find_many(plan.cart_id, plan.kind, [change.key for change in changes])
    stale: dict[str, str] = {}
    for change in changes:
        record = records.get(change.key)
        linked = None if record is None else record.our_id
        if change.action in (Action.CREATE, Action.LINK):
            if linked is not None:
                stale[change.key] = "It was imported or linked meanwhile."
        elif change.record is not None and not isinstance(change.payload, Undo) and change.record.our_id != linked:
            stale[change.key] = "It was imported, linked or let go of meanwhile."
    stale |= _settled_meanwhile(ws, changes)
    new = {c.payload.new.code: c.key for c in writing if isinstance(c.payload, ImportItem) and c.payload.new}
    for code in ws.books.items.find_by_codes(list(new)):
        stale[new[code]] = f"An item {code} was made meanwhile."
    people = {c.payload.new.code: c.key for c in writing if isinstance(c.payload, ImportCustomer) and c.payload.new}
    for customer in ws.books.customers.find_by_codes([code for code in people if code is not None]):
        stale[people[customer]] = f"A customer {customer} was made meanwhile."
    targets = {
        c.payload.item_id: c.key
        for c in writing
        if c.action is Action.LINK and isinstance(c.payload, ImportItem) and c.payload.item_id is not None
    }
    for our_id, links in ws.books.records.find_by_our_ids(plan.cart_id, RecordKind.ITEM, list(targets)).items():
        if links:
            stale[next(key for item, key in targets.items() if item == our_id)] = "The item was linked meanwhile."
    return stale


def _settled_meanwhile(ws: Workspace, changes: Sequence[PlannedChange]) -> dict[str, str]:
    """Documents that would become VOID and are PENDING no more: what was posted is never made void by a plan."""
    follows = [(c.key, c.payload) for c in changes if isinstance(c.payload, FollowOrder)]
    voids = {payload.document_id: key for key, payload in follows if payload.void_reason}
    return {
        voids[one.document_id]: f"{one.name} is {one.status} now."
        for one in ws.books.documents.list_by_ids(list(voids))
        if one.status is not DocumentStatus.PENDING
    }


# --- exports ----------------------------------------------------------------------------------------------------------


def _exporting(ws: Workspace, document: CartDocument, plan: Plan, lease: Lease) -> _Pages:
    ensure_tested(ws, document)
    cart = ws.open_cart(document)
    exporter = Exporter(ws, document, cart, lease, side_of(cart, plan.kind))
    recovered = False

    def run(changes: Sequence[PlannedChange]) -> list[Applied]:
        nonlocal recovered
        with ws.books.transaction(lease=lease):
            stale = take_back(ws, document, plan.kind, changes)
        if not recovered:
            recover_exports(ws, document, cart, lease)
            recovered = True
        payloads = [c.payload for c in changes if isinstance(c.payload, ExportItem | ExportCustomer)]
        wanted = [external for payload in payloads if (external := external_id_of(payload))]
        now = exporter.side.read(wanted) if wanted else {}
        return [
            Applied(one, False, problem=stale[one.key], remedy=_AGAIN)
            if one.key in stale
            else _export_one(exporter, one, now)
            for one in changes
        ]

    return _Pages(run, cart.close)


def _export_one(exporter: Exporter, change: PlannedChange, now: Mapping[str, Received[Any]]) -> Applied:
    if not isinstance(change.payload, ExportItem | ExportCustomer):
        return Applied(change, True, None, *_reason(change))
    try:
        exporter.export(change, change.payload, now)
    except HoldRecordError as error:
        return Applied(change, False, problem=error.problem, remedy=error.remedy)
    except UnknownOutcomeError as error:
        remedy = "It is looked up in the cart before anything is sent again: run the export once more."
        return Applied(change, False, problem=error.problem, remedy=remedy)
    return Applied(change, True)
