"""`cartui list` and `cartui held`."""

from __future__ import annotations

import argparse

from cartui.cli import actions, output
from cartui.cli.session import open_session
from cartui.domain.ids import RecordKind
from cartui.errors import ExitCode, NeedsOperatorError
from cartui.sync.lists import SystemList, cart_dicts, system_dicts

KIND_OF = {**actions.KIND_OF, "baskets": RecordKind.BASKET}


def run_list(arguments: argparse.Namespace) -> int:
    """Print a list of the system's side or, asked now, of the cart's."""
    how = "json" if arguments.json else "csv" if arguments.csv else "table"
    query = arguments.where or ""
    with open_session() as ws:
        where, _, word = arguments.which.rpartition("-")
        if where:
            rows = cart_dicts(ws, arguments.name, KIND_OF[word], query)
        else:
            rows = system_dicts(ws, arguments.name, SystemList(word), query)
        count = output.rows_out(rows, how)
    if not count and how == "table":
        output.words("Nothing to list.")
    return ExitCode.OK


def run_held(arguments: argparse.Namespace) -> int:
    """List held records, or read them from the cart again."""
    chosen = bool(arguments.ids) or arguments.all
    if arguments.action is None and chosen:
        raise NeedsOperatorError("What is to be done with them?", "Write `cartui held NAME retry --all`.")
    if arguments.action is not None and not chosen:
        raise NeedsOperatorError("Which ones?", "Name their ids as `cartui held NAME` lists them, or say --all.")
    if arguments.ids and arguments.all:
        raise NeedsOperatorError("--all and single ids exclude each other.", "Use one of them.")
    if arguments.action is not None:
        return actions.run_retry(arguments)
    with open_session() as ws:
        rows = (
            {"id": f"{row['kind']}:{row['external_id']}", **row}
            for row in system_dicts(ws, arguments.name, SystemList.HELD)
        )
        count = output.rows_out(rows, "json" if arguments.json else "table")
    if not count:
        output.words("Nothing is held.")
    return ExitCode.OK
