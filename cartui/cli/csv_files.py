"""`cartui import-csv`: previewed row by row, done whole or not at all."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from cartui.cli import output
from cartui.cli.session import open_session
from cartui.domain.csv_numbers import DecimalSign
from cartui.domain.csv_table import MAX_BYTES
from cartui.domain.record_changes import ChangeSet, RowAction, RowChange, Subject
from cartui.errors import ExitCode, NeedsOperatorError, headless
from cartui.sync.record_changes import CsvOptions, apply_changes, preview_csv, read_file


def read_input(where: str) -> bytes:
    """A file, or standard input for "-"."""
    return sys.stdin.buffer.read(MAX_BYTES + 1) if where == "-" else read_file(Path(where))


def read_pairs(words: list[str], option: str) -> dict[str, str]:
    """`NAME=VALUE` words of an option."""
    pairs: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise NeedsOperatorError(f"{option} wants NAME=VALUE, not {word!r}.", f"Such as {option} name=Title.")
        if name in pairs:
            raise NeedsOperatorError(f"{option} gives {name} twice.", "Give it once.")
        pairs[name] = value
    return pairs


def run_import_csv(arguments: argparse.Namespace) -> int:
    """Items, customers or stock from a CSV file."""
    options = CsvOptions(
        delimiter={"tab": "\t", "\\t": "\t"}.get(arguments.delimiter, arguments.delimiter),
        encoding=arguments.encoding,
        decimal=DecimalSign(arguments.decimal) if arguments.decimal else DecimalSign.AUTO,
        columns=read_pairs(arguments.columns, "--map"),
        mode=arguments.mode,
    )
    if len(options.delimiter) > 1:
        raise NeedsOperatorError("A delimiter is one character.", "Such as --delimiter ';' or --delimiter tab.")
    data = read_input(arguments.file)
    with open_session() as ws:
        changes = preview_csv(ws, Subject(arguments.what), data, options).changes
        output.words(f"Read: {'; '.join(changes.notes)}.")
        if changes.errors or arguments.dry_run:
            show_changes(changes, json=arguments.json, done=False)
            return ExitCode.CONFIG_OR_GUARD if changes.errors else ExitCode.OK
        apply_changes(ws, changes)
        show_changes(changes, json=arguments.json, done=True)
    return ExitCode.OK


def show_changes(changes: ChangeSet, *, json: bool, done: bool) -> None:
    """Every row that does something or is wrong; with `json` every row."""
    for row in changes.rows:
        if json:
            output.json_line(_row(row, done=done))
        elif row.action is not RowAction.SAME:
            _print(row)
    output.words(f"{'Done' if done else 'Not done' if changes.errors else 'It would'}: {changes.headline}.")


def _row(row: RowChange, *, done: bool) -> dict[str, object]:
    return {
        "row": row.key,
        "label": row.label,
        "action": row.action.value,
        "done": done and row.action in (RowAction.CREATE, RowAction.UPDATE),
        "changes": {one.name: {"before": one.before, "after": one.after} for one in row.fields},
        "problem": row.problem,
        "remedy": row.remedy,
    }


def _print(row: RowChange) -> None:
    if row.action is RowAction.ERROR:
        output.line(f"{row.key:9} error   {row.label}: {row.problem} {headless(row.remedy)}", "bad")
        return
    told = "; ".join(f"{one.name}: {one.before or '-'} -> {one.after or '-'}" for one in row.fields)
    output.line(f"{row.key:9} {row.action.value:7} {row.label}  ({told})")
