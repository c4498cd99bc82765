"""`cartui accounts` and `cartui export-books`."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from datetime import date
from pathlib import Path

from cartui.cli import output
from cartui.cli.session import open_session
from cartui.domain.posting import Account, AccountKind
from cartui.errors import ExitCode, NeedsOperatorError
from cartui.sync import accounting
from cartui.sync.book_check import check_books
from cartui.sync.documents import find_document
from cartui.sync.workspace import Workspace


def run_accounts(arguments: argparse.Namespace) -> int:
    """One report, or a change of the chart."""
    action = arguments.action
    wanted = {"rename": 2, "add": 2, "map": (1, 4)}.get(action, 0)
    if len(arguments.ids) not in (wanted if isinstance(wanted, tuple) else (wanted,)):
        raise NeedsOperatorError(f"{action} takes other words.", "Read `cartui accounts --help`.")
    with open_session() as ws:
        if action in ("rename", "add"):
            return _chart(ws, arguments)
        if action == "map" and len(arguments.ids) == 4:
            return _map(ws, arguments)
        if action == "check":
            return _check(ws)
        rows = _rows(ws, arguments)
        how = "json" if arguments.json else "csv" if arguments.csv else "table"
        if not output.rows_out(rows, how) and how == "table":
            output.words("Nothing is there yet.")
    return ExitCode.OK


def _rows(ws: Workspace, arguments: argparse.Namespace) -> Iterable[Mapping[str, object]]:
    today = ws.clock().date()
    until = _day(arguments.until) if arguments.until else None
    match arguments.action:
        case "trial-balance":
            return accounting.trial_balance_rows(ws, until)
        case "journal":
            document = find_document(ws, arguments.document) if arguments.document else None
            return accounting.journal_rows(ws, document_id=None if document is None else document.document_id)
        case "sales":
            first = _day(arguments.first) if arguments.first else today.replace(day=1)
            return accounting.sales_rows(ws, first, until or today)
        case "receivables":
            return accounting.receivable_rows(ws)
        case "ages":
            return accounting.age_rows(ws)
        case "map":
            return accounting.map_rows(ws, arguments.ids[0])
        case _:
            return accounting.chart_rows(ws)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise NeedsOperatorError(f"{text!r} is no day.", "Write it like 2026-12-31.") from None


def _chart(ws: Workspace, arguments: argparse.Namespace) -> int:
    key, name = arguments.ids
    if arguments.action == "rename":
        accounting.rename_account(ws, key, name)
    else:
        accounting.add_account(ws, Account(key, name, AccountKind(arguments.kind)))
    output.line(f"{key}: {name}")
    return ExitCode.OK


def _map(ws: Workspace, arguments: argparse.Namespace) -> int:
    cart, what, word, key = arguments.ids
    if what not in ("payment", "tax"):
        raise NeedsOperatorError(f"{what!r} can't be mapped.", "Say payment or tax.")
    accounting.map_account(ws, cart, what, word, key)
    output.line(f"{cart}: {what} {word} -> {key}")
    return ExitCode.OK


def _check(ws: Workspace) -> int:
    problems = check_books(ws)
    for problem in problems:
        output.line(problem, "bad")
    if problems:
        output.words("The books are damaged: keep a copy of the database, restore the last backup, and report it.")
        return ExitCode.CONFIG_OR_GUARD
    output.line("All postings balance, stock is the sum of its ledger, numbers have no gaps.", "good")
    return ExitCode.OK


# --- exports ---


def run_export(arguments: argparse.Namespace) -> int:
    """Write one export."""
    with open_session() as ws, _target(arguments.output):
        if arguments.what == "beancount":
            for line in accounting.beancount_lines(ws):
                sys.stdout.write(line + "\n")
            return ExitCode.OK
        make = {
            "documents": accounting.document_rows,
            "lines": accounting.line_rows,
            "journal": accounting.journal_rows,
        }[arguments.what]
        if arguments.json:
            for row in make(ws):
                sys.stdout.write(json.dumps(dict(row), ensure_ascii=True) + "\n")
        else:
            output.csv_out(make(ws))
    return ExitCode.OK


@contextmanager
def _target(path: str | None) -> Iterator[None]:
    """stdout, or a file that takes its name only when all of it is written."""
    if path is None:
        yield
        return
    target = Path(path)
    fresh = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with fresh.open("w", encoding="utf-8", newline="") as file, redirect_stdout(file):
            yield
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)
