"""`cartui conflicts`: fields that both sides changed, and whose value counts."""

from __future__ import annotations

import argparse

from cartui.cli import output
from cartui.cli.interrupt import Interrupts
from cartui.cli.session import open_session
from cartui.domain.conflicts import Conflict, Whose
from cartui.errors import ExitCode, NeedsOperatorError, headless
from cartui.sync import conflicts
from cartui.sync.conflicts import SettleReport
from cartui.sync.workspace import Workspace


def run_conflicts(arguments: argparse.Namespace) -> int:
    """List them, or settle some."""
    with open_session() as ws, Interrupts() as interrupts:
        if arguments.action is None:
            if arguments.all:
                raise NeedsOperatorError("--all: whose value is to count?", "Say ours or cart before it.")
            return _list(ws, arguments, interrupts)
        if bool(arguments.ids) is arguments.all:
            raise NeedsOperatorError("Which ones?", "Name them as ID.FIELD, or say --all, and not both.")
        chosen = (
            list(conflicts.list_conflicts(ws, arguments.name, progress=output.progress, stop=interrupts.stop).conflicts)
            if arguments.all
            else conflicts.find_conflicts(ws, arguments.name, arguments.ids)
        )
        report = conflicts.settle_conflicts(
            ws,
            arguments.name,
            [(one, Whose(arguments.action)) for one in chosen],
            confirmed=arguments.confirm or "",
            progress=output.progress,
            stop=interrupts.stop,
        )
    return _told(report, arguments)


def _list(ws: Workspace, arguments: argparse.Namespace, interrupts: Interrupts) -> int:
    found = conflicts.list_conflicts(ws, arguments.name, progress=output.progress, stop=interrupts.stop)
    rows = [conflict_row(one) for one in found.conflicts]
    if not output.rows_out(rows, "json" if arguments.json else "table"):
        output.words("There is no conflict.")
    if found.over:
        output.words(f"{found.over} records were stopped for a conflict that is over: retry them.")
    return ExitCode.OK


def _told(report: SettleReport, arguments: argparse.Namespace) -> int:
    rows = [conflict_row(one) | {"settled": True, "problem": "", "remedy": ""} for one in report.settled]
    rows += [
        conflict_row(one.conflict) | {"settled": False, "problem": one.problem, "remedy": one.remedy}
        for one in report.refused
    ]
    if arguments.json:
        output.rows_out(rows, "json")
    for one in () if arguments.json else report.refused:
        output.words(f"{one.conflict.external_id}.{one.conflict.field}: {one.problem} {headless(one.remedy)}")
    where = "ours waits to be sent" if arguments.action == Whose.OURS else "the cart's values are here now"
    output.words(f"{len(report.settled)} settled: {where}." if report.settled else "Nothing was settled.")
    return ExitCode.HELD_RECORDS if report.refused else ExitCode.OK


def conflict_row(one: Conflict) -> dict[str, object]:
    """A conflict for tables and `--json`."""
    return {
        "id": f"{one.external_id}.{one.field}",
        "kind": one.kind.value,
        "record": one.label,
        "field": one.field,
        "ours": one.ours,
        "cart": one.theirs,
        "agreed": one.agreed or "",
    }
