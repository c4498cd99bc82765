"""`cartui import | link | export | held retry`: plan, show, carry out."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from cartui.cli import output
from cartui.cli.boundary import worst
from cartui.cli.interrupt import Interrupts
from cartui.cli.session import open_session
from cartui.domain.documents import Document
from cartui.domain.ids import Direction, DocumentId, RecordKind
from cartui.domain.outcomes import Counts
from cartui.domain.plan import Action, Plan, PlannedChange
from cartui.domain.plan_totals import plan_totals
from cartui.errors import ExitCode, NeedsOperatorError, headless
from cartui.sync import actions
from cartui.sync.actions import Selection
from cartui.sync.apply import Applied, ApplyReport, apply_plan, plan_brakes
from cartui.sync.lists import SystemList, cart_dicts, system_dicts
from cartui.sync.unlink import linked_keys, plan_unlink
from cartui.sync.workspace import Workspace

KIND_OF = {"orders": RecordKind.ORDER, "items": RecordKind.ITEM, "customers": RecordKind.CUSTOMER}
_COLUMNS = {RecordKind.ITEM: ("code", "cost", "stock"), RecordKind.CUSTOMER: ("code",), RecordKind.ORDER: ()}
_ID_NAMES = {
    RecordKind.ORDER: "cart_order_id",
    RecordKind.ITEM: "cart_item_id",
    RecordKind.CUSTOMER: "cart_customer_id",
}

_OUR_IDS = {RecordKind.ITEM: "item_id", RecordKind.CUSTOMER: "customer_id"}


def run_import(arguments: argparse.Namespace) -> int:
    """*Import selected* and *Create selected*."""
    return _run(arguments, export=False)


def run_link(arguments: argparse.Namespace) -> int:
    """*Link selected*."""
    if arguments.kind == "orders":
        raise NeedsOperatorError("Orders are imported, not linked.", f"Use `cartui import {arguments.name!r} orders`.")
    return _run(arguments, export=False)


def run_export(arguments: argparse.Namespace) -> int:
    """*Export selected*; asks before anything is sent."""
    return _run(arguments, export=True)


def run_unlink(arguments: argparse.Namespace) -> int:
    """*Unlink selected*; says what follows and asks."""
    kind = KIND_OF[arguments.kind]
    with open_session() as ws, Interrupts() as interrupts:
        plan = plan_unlink(ws, arguments.name, kind, Selection(linked_keys(ws, arguments.name, kind, arguments.ids)))
        if arguments.dry_run:
            show_plan(ws, plan, json=arguments.json)
            return plan_code(ws, plan)
        if plan.effective:
            ensure_agreed(ws, plan, yes=arguments.yes, json=arguments.json, question="Let go of the link? [y/N]")
        return carry_out(ws, plan, arguments, interrupts)


def _run(arguments: argparse.Namespace, *, export: bool) -> int:
    kind = KIND_OF[arguments.kind]
    edits = read_edits(arguments.edits, editable(kind, export=export))
    ensure_selected(arguments, edits)
    planner = {
        "import": actions.plan_import,
        "link": actions.plan_link,
        "export": actions.plan_export,
    }[arguments.command]
    with open_session() as ws, Interrupts() as interrupts:
        selection = selection_of(ws, arguments, kind, edits, export=export)
        plan = planner(ws, arguments.name, kind, selection, progress=output.progress, stop=interrupts.stop)
        if arguments.dry_run:
            show_plan(ws, plan, json=arguments.json)
            return plan_code(ws, plan)
        if export and plan.effective:
            ensure_agreed(ws, plan, yes=arguments.yes, json=arguments.json)
        return carry_out(ws, plan, arguments, interrupts)


def carry_out(ws: Workspace, plan: Plan, arguments: argparse.Namespace, interrupts: Interrupts) -> int:
    """Apply a plan and show what became of it; the exit code."""
    confirmed = arguments.confirm or ""
    report = apply_plan(ws, plan, confirmed=confirmed, progress=output.progress, stop=interrupts.stop)
    show_report(ws, report, json=arguments.json)
    return report_code(report)


def run_retry(arguments: argparse.Namespace) -> int:
    """Held records once more."""
    with open_session() as ws, Interrupts() as interrupts:
        plans = actions.plan_retry(ws, arguments.name, None if arguments.all else arguments.ids)
        codes = [carry_out(ws, plan, arguments, interrupts) for plan in plans]
        if not plans:
            output.words("Nothing is held.")
        return worst(codes)


# --- what is selected ---


def editable(kind: RecordKind, *, export: bool) -> tuple[str, ...]:
    """The columns that a person may type values for."""
    return ("stock",) if export and kind is RecordKind.ITEM else _COLUMNS[kind]


def read_edits(words: list[str], columns: tuple[str, ...]) -> dict[str, dict[str, str]]:
    """`ID.column=value` words: id -> column -> text. The id may hold dots itself."""
    edits: dict[str, dict[str, str]] = {}
    for word in words:
        target, equals, value = word.partition("=")
        key, dot, column = target.rpartition(".")
        if not (equals and dot and key):
            raise NeedsOperatorError(f"--set wants ID.COLUMN=VALUE, not {word!r}.", "Such as --set 4711.code=MUG-RED.")
        if column not in columns:
            known = ", ".join(columns) or "none here"
            raise NeedsOperatorError(f"--set knows no column {column!r} here.", f"The columns: {known}.")
        if column in edits.get(key, {}):
            raise NeedsOperatorError(f"--set gives {target} twice.", "Give it once.")
        edits.setdefault(key, {})[column] = value
    return edits


def ensure_selected(arguments: argparse.Namespace, edits: Mapping[str, object]) -> None:
    """Exactly one way to say which records."""
    ways = [bool(arguments.ids), arguments.all, arguments.where is not None]
    if sum(ways) > 1:
        raise NeedsOperatorError("Ids, --all and --where exclude each other.", "Use one of them.")
    if not any(ways) and not edits:
        raise NeedsOperatorError(
            f"Which {arguments.kind}?",
            "Name their ids, or say --all, or --where QUERY; `cartui list` shows them.",
        )


def selection_of(
    ws: Workspace, arguments: argparse.Namespace, kind: RecordKind, edits: dict[str, dict[str, str]], *, export: bool
) -> Selection:
    """The records that the arguments name."""
    if export and edits:  # a person says codes, the plan ids
        edits = dict(zip(actions.our_ids(ws, kind, list(edits)), edits.values(), strict=True))
    if arguments.all:
        return Selection(None, edits)
    if arguments.where is not None:
        rows = (
            system_dicts(ws, arguments.name, SystemList(arguments.kind), arguments.where)
            if export
            else cart_dicts(ws, arguments.name, kind, arguments.where)
        )
        return Selection([str(row[_OUR_IDS[kind] if export else _ID_NAMES[kind]]) for row in rows], edits)
    if not arguments.ids:  # what is given a value is meant to be acted upon
        return Selection(list(edits), edits)
    return Selection(actions.our_ids(ws, kind, arguments.ids) if export else arguments.ids, edits)


# --- what is shown ---


def show_plan(ws: Workspace, plan: Plan, *, json: bool) -> None:
    """A plan before it is carried out: row by row, what it comes to, and the brakes that it trips."""
    for change in plan.changes:
        if json:
            output.json_line({**change_row(plan, change), "done": False})
        else:
            _print_change(change, change.reason)
            for field in change.fields:
                output.line(f"    {field.name}: {field.before or '-'} -> {field.after or '-'}")
    show_sums(ws, plan)


def show_sums(ws: Workspace, plan: Plan) -> None:
    """What a plan comes to, in words."""
    sums = str(plan_totals(plan))
    output.words(f"The plan: {plan.headline}{f' ({sums})' if sums else ''}.")
    for brake in plan_brakes(ws, plan):
        output.words(f"BRAKE: {brake}. Applying it wants --confirm and the cart's name.")


def ensure_agreed(
    ws: Workspace, plan: Plan, *, yes: bool, json: bool, question: str = "Send this to the cart? [y/N]"
) -> None:
    """Show the plan and ask; `NeedsOperatorError` where the answer is not yes, or nobody can be asked."""
    if not json:
        show_plan(ws, plan, json=False)
    if yes:
        return
    answer = output.ask(question)
    if answer is None:
        raise NeedsOperatorError(
            f"Nothing was done: {plan.headline}.", "Without a terminal to ask on, say --yes, or look with --dry-run."
        )
    if answer.lower() not in ("y", "yes"):
        raise NeedsOperatorError("Nothing was done.", "Run it again and answer y to do it.")


def show_report(ws: Workspace, report: ApplyReport, *, json: bool) -> None:
    """What became of each change, and the sum."""
    documents = _documents(ws, report) if json else {}
    for one in report.applied:
        if json:
            output.json_line(applied_row(report.plan, one, documents.get(one.our_id or 0)))
        else:
            _print_change(
                one.change,
                f"{one.problem} {headless(one.remedy)}".strip() or one.change.reason,
                failed=bool(one.problem),
            )
    counts = report.counts
    output.words(f"{report.plan.kind.value.capitalize()}s: {counted(counts)}.")


def counted(counts: Counts) -> str:
    """ "30 received: 28 created, 2 held"."""
    parts = [
        f"{number} {word}"
        for word, number in (
            ("created", counts.created),
            ("updated", counts.updated),
            ("unchanged", counts.same),
            ("skipped", counts.skipped),
            ("held", counts.held),
        )
        if number
    ]
    return f"{counts.received} received" + (f": {', '.join(parts)}" if parts else "")


def _print_change(change: PlannedChange, why: str, *, failed: bool = False) -> None:
    style = "bad" if failed else "warn" if change.action is Action.HOLD else ""
    output.line(f"{change.action.value:10} {change.key:20} {change.label}{f'  ({why})' if why else ''}", style)


def change_row(plan: Plan, change: PlannedChange) -> dict[str, object]:
    """One planned change for `--json`."""
    importing = plan.direction is Direction.IMPORT
    row: dict[str, object] = {
        "cart": plan.cart_name,
        "kind": plan.kind.value,
        "direction": plan.direction.value,
        "action": change.action.value,
        "key": change.key,
        "label": change.label,
    }
    if importing:
        row[_ID_NAMES[plan.kind]] = change.key
    if importing and plan.kind is RecordKind.ORDER:
        draft = getattr(change.payload, "draft", None)
        # The label of an order is its number and the buyer's name.
        row["order_number"] = getattr(draft, "order_number", "") or change.label.partition(" ")[0]
        row["document_number"] = None
        row["status"] = change.outcome.value
    row["reason"] = change.reason
    row["remedy"] = change.remedy
    row["changes"] = {field.name: {"before": field.before, "after": field.after} for field in change.fields}
    return row


def _documents(ws: Workspace, report: ApplyReport) -> dict[int, Document]:
    if report.plan.kind is not RecordKind.ORDER:
        return {}
    ids = [DocumentId(one.our_id) for one in report.applied if one.our_id is not None]
    return {document.document_id: document for document in ws.books.documents.list_by_ids(ids)}


def applied_row(plan: Plan, one: Applied, document: Document | None = None) -> dict[str, object]:
    """One change that was carried out, for `--json`; an imported order with its document's number and status."""
    row = change_row(plan, one.change)
    row["done"] = one.done
    row["our_id"] = one.our_id
    if one.problem:
        row["reason"], row["remedy"] = one.problem, one.remedy
    if document is not None:
        row["order_number"] = document.draft.order_number
        row["document_number"] = document.number
        row["status"] = document.status.value
    return row


def plan_code(ws: Workspace, plan: Plan) -> int:
    """The exit code of a dry run: what is held now would be held then, what brakes now would brake then."""
    if plan_brakes(ws, plan):
        return ExitCode.BRAKE
    return ExitCode.HELD_RECORDS if plan.counts.get(Action.HOLD) else ExitCode.OK


def report_code(report: ApplyReport) -> int:
    """4 where a record is held or was refused."""
    return ExitCode.HELD_RECORDS if report.counts.held or report.problems else ExitCode.OK
