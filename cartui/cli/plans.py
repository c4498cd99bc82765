"""`cartui plan | apply | undo`: plan to a file, carry a file out, take back what was done."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from cartui.cli import actions, output
from cartui.cli.interrupt import Interrupts
from cartui.cli.session import open_session
from cartui.domain.applied import AppliedPlan
from cartui.domain.plan import Doing, PlanRequest
from cartui.errors import ExitCode, NeedsOperatorError
from cartui.sync.plan_files import plan_again, plan_request, plan_text
from cartui.sync.undo import list_applied, plan_undo
from cartui.sync.workspace import Workspace

_LONGEST = 256 * 1024 * 1024  # characters: some hundred thousand rows


def run_plan(arguments: argparse.Namespace) -> int:
    """The plan file to standard output; a person at a terminal gets the rows in words instead."""
    kind = actions.KIND_OF[arguments.kind]
    doing = Doing(arguments.doing)
    export = doing is Doing.EXPORT
    edits = actions.read_edits(arguments.edits, actions.editable(kind, export=export))
    actions.ensure_selected(arguments, edits)
    with open_session() as ws, Interrupts() as interrupts:
        selection = actions.selection_of(ws, arguments, kind, edits, export=export)
        keys = None if selection.keys is None else tuple(selection.keys)
        request = PlanRequest(doing, kind, keys, selection.edits)
        plan = plan_request(ws, arguments.name, request, progress=output.progress, stop=interrupts.stop)
        if sys.stdout.isatty():
            actions.show_plan(ws, plan, json=False)
            output.words("Redirect it to a file to keep it: > plan.json")
        else:
            sys.stdout.write(plan_text(ws, plan))
            actions.show_sums(ws, plan)
        return actions.plan_code(ws, plan)


def run_apply(arguments: argparse.Namespace) -> int:
    """Carry a plan file out."""
    text = _read(arguments.file)
    with open_session() as ws, Interrupts() as interrupts:
        sealed, plan = plan_again(ws, text, progress=output.progress, stop=interrupts.stop)
        output.words(f"Plan {sealed.number} of cart {sealed.cart_name}.")
        if arguments.dry_run:
            actions.show_plan(ws, plan, json=arguments.json)
            return actions.plan_code(ws, plan)
        return actions.carry_out(ws, plan, arguments, interrupts)


def _read(file: str) -> str:
    try:
        if file == "-":
            text = sys.stdin.read(_LONGEST + 1)
        else:
            with Path(file).open(encoding="utf-8") as opened:
                text = opened.read(_LONGEST + 1)
    except UnicodeDecodeError as error:
        raise NeedsOperatorError(f"{file} is no plan file.", "Make one with `cartui plan`.") from error
    except FileNotFoundError as error:
        raise NeedsOperatorError(f"There is no file {file}.", "Make one with `cartui plan … > FILE`.") from error
    except OSError as error:
        raise NeedsOperatorError(f"{file} can't be read ({error.strerror}).", "Look at its path and rights.") from error
    if len(text) > _LONGEST:
        raise NeedsOperatorError(f"{file} is far too large for a plan file.", "Make one with `cartui plan`.")
    return text


def run_undo(arguments: argparse.Namespace) -> int:
    """Take back the last plan that was carried out, or the one of that number."""
    with open_session() as ws, Interrupts() as interrupts:
        if arguments.list:
            return _list(ws, arguments)
        plan = plan_undo(ws, arguments.name, arguments.number, progress=output.progress, stop=interrupts.stop)
        if arguments.dry_run:
            actions.show_plan(ws, plan, json=arguments.json)
            return actions.plan_code(ws, plan)
        if plan.effective:
            actions.ensure_agreed(ws, plan, yes=arguments.yes, json=arguments.json)
        return actions.carry_out(ws, plan, arguments, interrupts)


def _list(ws: Workspace, arguments: argparse.Namespace) -> int:
    output.rows_out([_row(one) for one in list_applied(ws, arguments.name)], "json" if arguments.json else "table")
    return ExitCode.OK


def _row(one: AppliedPlan) -> dict[str, object]:
    undone = f"undone by {one.undone_by}" if one.undone_at is not None else ""
    return {"number": one.plan_id, "at": one.at, "by": one.actor, "what": one.headline, "undone": undone}
