"""`cartui outbox` and `cartui stock`."""

from __future__ import annotations

import argparse

from cartui.cli import output
from cartui.cli.actions import read_edits
from cartui.cli.session import open_session
from cartui.domain.outbox import OutboxState
from cartui.domain.plan_sends import plain
from cartui.errors import ExitCode, NeedsOperatorError
from cartui.sync import outbox_rows
from cartui.sync.outbox_rows import OutboxLine, StockProof


def run_outbox(arguments: argparse.Namespace) -> int:
    """List rows, or have them tried again."""
    if arguments.action is None and arguments.ids:
        raise NeedsOperatorError("What is to be done with them?", "Write `cartui outbox NAME retry ROW`.")
    with open_session() as ws:
        if arguments.action is not None:
            if bool(arguments.ids) is arguments.all:
                raise NeedsOperatorError("Which ones?", "Name their numbers, or say --all, and not both.")
            row_ids = None if arguments.all else [_number(word) for word in arguments.ids]
            done = outbox_rows.retry_outbox(ws, arguments.name, row_ids, confirmed=arguments.confirm)
            output.words(f"{done} rows wait; they are sent while the cart is RUNNING.")
            return ExitCode.OK
        states = tuple(OutboxState) if arguments.all else None
        rows = (outbox_dict(line) for line in outbox_rows.list_outbox(ws, arguments.name, states))
        count = output.rows_out(rows, "json" if arguments.json else "table")
    if not count:
        output.words("Nothing waits, is unknown or was refused.")
    return ExitCode.OK


def _number(word: str) -> int:
    if not (word.isascii() and word.isdigit() and len(word) < 19):
        raise NeedsOperatorError(f"{word!r} is no row.", "`cartui outbox NAME` lists their numbers.")
    return int(word)


def outbox_dict(line: OutboxLine) -> dict[str, object]:
    """A row for tables and `--json`."""
    row = line.row
    return {
        "row": row.row_id,
        "kind": row.kind.value,
        "record": line.label,
        "state": row.state.value,
        "changed_at": row.changed_at.isoformat(timespec="seconds"),
        "next_try_at": row.due_at.isoformat(timespec="seconds"),
        "tries": row.tries,
        "reason": row.reason,
        "remedy": row.remedy,
    }


def run_stock(arguments: argparse.Namespace) -> int:
    """The proof of each number; before that, rules are set."""
    edits = read_edits(arguments.set, outbox_rows.RULE_COLUMNS)
    with open_session() as ws:
        if edits:
            outbox_rows.set_item_rules(ws, arguments.name, edits)
            output.words(f"Said of {len(edits)} items.")
        codes = list(dict.fromkeys([*arguments.ids, *edits])) or None
        rows = [proof_dict(proof) for proof in outbox_rows.stock_proofs(ws, arguments.name, codes)]
        count = output.rows_out(rows, "json" if arguments.json else "table")
    if not count:
        output.words("No item of this cart is linked.")
    return ExitCode.OK


def proof_dict(proof: StockProof) -> dict[str, object]:
    """An item's number in the cart: "20 on hand - 3 allocated - 2 buffer"."""
    told = proof.told
    return {
        "item": proof.item.code,
        "name": proof.item.name,
        "send": None if proof.arithmetic.send is None else plain(proof.arithmetic.send),
        "arithmetic": arithmetic_words(proof),
        "last_sent": None if told.sent is None else plain(told.sent),
        "sent_at": None if told.sent_at is None else told.sent_at.isoformat(timespec="seconds"),
        "last_seen": None if told.seen is None else plain(told.seen),
        "state": proof.row.state.value if proof.row else "",
        "reason": (proof.row.reason if proof.row and proof.row.reason else "") or proof.arithmetic.reason,
    }


def arithmetic_words(proof: StockProof) -> str:
    """The rows in one line."""
    words = ""
    for term in proof.arithmetic.terms:
        sign = ("- " if term.amount < 0 else "+ ") if words else ("-" if term.amount < 0 else "")
        words += f"{' ' if words else ''}{sign}{plain(abs(term.amount))} {term.label}"
    return words
