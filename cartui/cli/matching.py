"""`cartui match`: proposals to link, accepted from a score on or by a CSV."""

from __future__ import annotations

import argparse

from cartui.cli import actions, output
from cartui.cli.csv_files import read_input
from cartui.cli.interrupt import Interrupts
from cartui.cli.session import open_session
from cartui.domain.csv_table import read_csv
from cartui.domain.matching import SAFE, Standing
from cartui.errors import ExitCode, NeedsOperatorError
from cartui.sync.apply import apply_plan
from cartui.sync.matching import Bench, bench_dicts, open_bench, plan_accepted, plan_links_csv


def run_match(arguments: argparse.Namespace) -> int:
    """The match workbench on the command line."""
    accept = arguments.accept
    if accept is not None and not 1 <= accept <= 100:
        raise NeedsOperatorError(f"A score of {accept} can't be.", f"Write 1 to 100; {SAFE} takes no name alone.")
    table = read_csv(read_input(arguments.file)) if arguments.file is not None else None
    with open_session() as ws, Interrupts() as interrupts:
        kind = actions.KIND_OF[arguments.kind]
        bench = open_bench(ws, arguments.name, kind, progress=output.progress, stop=interrupts.stop)
        if accept is None and table is None:
            return _show(bench, "json" if arguments.json else "csv" if arguments.csv else "table")
        if table is not None:
            plan = plan_links_csv(ws, bench, table)
        elif keys := bench.keys_from(accept):
            plan = plan_accepted(ws, bench, keys)
        else:
            output.words(f"Nothing is proposed with a score of {accept} or more.")
            return ExitCode.OK
        if arguments.dry_run:
            actions.show_plan(ws, plan, json=arguments.json)
            return actions.plan_code(ws, plan)
        report = apply_plan(ws, plan, progress=output.progress, stop=interrupts.stop)
        actions.show_report(ws, report, json=arguments.json)
        output.words(f"`cartui undo {arguments.name!r}` takes it back.")
        return actions.report_code(report)


def _show(bench: Bench, how: str) -> int:
    rows = bench_dicts(bench)
    if how == "table":
        output.table_out(
            (row for row in rows if row["standing"] != "linked"),
            ("label", "standing", "score", "code", "evidence", "reason"),
        )
    else:
        output.rows_out(rows, how)
    told = {one: sum(proposal.standing is one for proposal in bench.proposals) for one in Standing}
    safe = len(bench.keys_from())
    output.words(
        f"{len(bench.linked)} linked, {told[Standing.PROPOSED]} proposed ({safe} with {SAFE} or more), "
        f"{told[Standing.BLOCKED]} blocked, {told[Standing.NONE]} without a match."
    )
    return ExitCode.OK
