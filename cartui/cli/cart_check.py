"""`cartui check`: what is wrong with a cart's own data, before it is synchronised."""

from __future__ import annotations

import argparse

from cartui.cli import output
from cartui.cli.interrupt import Interrupts
from cartui.cli.session import open_session
from cartui.errors import ExitCode, headless
from cartui.sync.cart_check import check_cart


def run_check(arguments: argparse.Namespace) -> int:
    """Read and tell; exit code 4 where something was found."""
    with open_session() as ws, Interrupts() as interrupts:
        found = check_cart(ws, arguments.name, progress=output.progress, stop=interrupts.stop)
    for one in found:
        if arguments.json:
            output.json_line({
                "code": one.code, "problem": one.problem, "remedy": one.remedy, "count": len(one.ids),
                "ids": list(one.ids),
            })  # fmt: skip
            continue
        output.line(one.problem, "warn")
        output.line(f"    {headless(one.remedy)}")
        for example in one.examples:
            output.line(f"    - {example}")
        if len(one.ids) > len(one.examples):
            output.line(f"    … and {len(one.ids) - len(one.examples):,} more; --json lists all")
    if not found:
        output.words("Nothing is wrong with the items and customers of the cart.")
    return ExitCode.HELD_RECORDS if found else ExitCode.OK
