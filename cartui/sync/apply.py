"""Carry out a plan through the journal: intent -> effect -> done + link, one transaction a page (DESIGN 3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cartui.books import Lease
from cartui.domain.ids import Direction, RecordKind
from cartui.domain.outcomes import Counts, Outcome
from cartui.domain.plan import (
    Action,
    ExportCustomer,
    ExportItem,
    ImportCustomer,
    ImportDocument,
    ImportItem,
    Plan,
    PlannedChange,
)
from cartui.domain.ports import Received
from cartui.domain.settings import CartDocument
from cartui.errors import HoldRecordError, UnknownOutcomeError
from cartui.sync.carts import ensure_tested
from cartui.sync.exports import Exporter, external_id_of, recover_exports
from cartui.sync.imports import STORE
from cartui.sync.leases import leased
from cartui.sync.sides import side_of
from cartui.sync.workspace import Progress, ProgressSink, Workspace, never_stop, no_progress

PAGE = 50


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


def apply_plan(
    ws: Workspace,
    plan: Plan,
    *,
    progress: ProgressSink = no_progress,
    stop: Callable[[], bool] = never_stop,
) -> ApplyReport:
    """Do what the plan says. A row whose ground changed since it was planned is refused, the others go on. Raises
    `LeaseTakenError` where somebody else synchronises the cart, `AbortCycleError`/`NeedsOperatorError` as the cart
    says; what was done before stays done and journalled, and applying again does only the rest."""
    document = ws.books.carts.get_by_id(plan.cart_id)
    applied: list[Applied] = []
    with leased(ws, document) as lease:
        one_page = (
            _exporting(ws, document, plan, lease) if plan.direction is Direction.EXPORT else _importing(ws, plan, lease)
        )
        try:
            for start in range(0, len(plan.changes), PAGE):
                if stop():
                    break
                applied += one_page.run(plan.changes[start : start + PAGE])
                progress(Progress(f"{plan.kind}s", len(applied), len(plan.changes)))
        finally:
            one_page.close()
    counts = Counts().plus(_outcome(one) for one in applied)
    return ApplyReport(plan, tuple(applied), counts, stopped=len(applied) < len(plan.changes))


def _outcome(applied: Applied) -> Outcome:
    return Outcome.HELD if applied.problem else applied.change.outcome


@dataclass(frozen=True, slots=True)
class _Pages:
    """How a page of changes is carried out, and what is to be closed in the end."""

    run: Callable[[Sequence[PlannedChange]], list[Applied]]
    close: Callable[[], None]


# --- imports ----------------------------------------------------------------------------------------------------------


def _importing(ws: Workspace, plan: Plan, lease: Lease) -> _Pages:
    def run(changes: Sequence[PlannedChange]) -> list[Applied]:
        ws.books.leases.renew(lease)
        with ws.books.transaction(lease=lease):
            stale = _stale(ws, plan, changes)
            good = [change for change in changes if change.key not in stale]
            ids = STORE[plan.kind](ws, plan.cart_id, good)
        return [
            Applied(change, False, problem=stale[change.key], remedy="Plan it again and look at it.")
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
    records = ws.books.records.find_many(plan.cart_id, plan.kind, [change.key for change in writing])
    stale: dict[str, str] = {}
    for change in writing:
        record = records.get(change.key)
        if change.action in (Action.CREATE, Action.LINK) and record is not None and record.our_id is not None:
            stale[change.key] = "It was imported or linked meanwhile."
    new = {c.payload.new.code: c.key for c in writing if isinstance(c.payload, ImportItem) and c.payload.new}
    for code in ws.books.items.find_by_codes(list(new)):
        stale[new[code]] = f"An item {code} was made meanwhile."
    targets = {
        c.payload.item_id: c.key
        for c in writing
        if c.action is Action.LINK and isinstance(c.payload, ImportItem) and c.payload.item_id is not None
    }
    for our_id, links in ws.books.records.find_by_our_ids(plan.cart_id, RecordKind.ITEM, list(targets)).items():
        if links:
            stale[next(key for item, key in targets.items() if item == our_id)] = "The item was linked meanwhile."
    return stale


# --- exports ----------------------------------------------------------------------------------------------------------


def _exporting(ws: Workspace, document: CartDocument, plan: Plan, lease: Lease) -> _Pages:
    ensure_tested(ws, document)
    cart = ws.open_cart(document)
    exporter = Exporter(ws, document, cart, lease, side_of(cart, plan.kind))
    recovered = False

    def run(changes: Sequence[PlannedChange]) -> list[Applied]:
        nonlocal recovered
        if not recovered:
            recover_exports(ws, document, cart, lease)
            recovered = True
        payloads = [c.payload for c in changes if isinstance(c.payload, ExportItem | ExportCustomer)]
        wanted = [external for payload in payloads if (external := external_id_of(payload))]
        now = exporter.side.read(wanted) if wanted else {}
        return [_export_one(exporter, change, now) for change in changes]

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
