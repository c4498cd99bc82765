"""`cartui inventory`."""

from __future__ import annotations

import argparse

from cartui.cli import output
from cartui.cli.documents import read_amount
from cartui.cli.session import open_session
from cartui.domain.ids import ItemCode
from cartui.domain.posting import StockKind
from cartui.errors import ExitCode, NeedsOperatorError
from cartui.sync.stock_moves import TypedMove, move_stock, stock_ledger


def run_inventory(arguments: argparse.Namespace) -> int:
    """The ledger, or a movement."""
    how = "json" if arguments.json else "csv" if arguments.csv else "table"
    with open_session() as ws:
        if arguments.action == "ledger":
            if len(arguments.ids) > 1:
                raise NeedsOperatorError("The ledger is shown of one item or of all.", "Name one code, or none.")
            entries = stock_ledger(ws, ItemCode(arguments.ids[0]) if arguments.ids else None)
            rows = [
                {
                    "at": one.at.isoformat().replace("+00:00", "Z"),
                    "item_code": one.item_code,
                    "kind": one.kind.value,
                    "quantity": format(one.quantity, "f"),
                    "unit_cost": "" if one.unit_cost is None else format(one.unit_cost, "f"),
                    "document": one.document,
                    "reason": one.reason,
                    "by": one.actor,
                }
                for one in entries
            ]
        else:
            if not arguments.ids:
                raise NeedsOperatorError("Which items?", "Such as MUG-RED=40.")
            moved = move_stock(
                ws, StockKind(arguments.action), [_typed(one) for one in arguments.ids], arguments.reason
            )
            rows = [
                {
                    "item_code": item.code,
                    "on_hand": "" if item.on_hand is None else format(item.on_hand, "f"),
                    "allocated": format(item.allocated, "f"),
                    "free": "" if item.free is None else format(item.free, "f"),
                    "cost": "" if item.cost is None else format(item.cost, "f"),
                }
                for item in moved
            ]
        if not output.rows_out(rows, how) and how == "table":
            output.words("Nothing moved yet.")
    return ExitCode.OK


def _typed(word: str) -> TypedMove:
    """`CODE=QTY` or `CODE=QTY@COST`; the code may hold = itself."""
    code, equals, rest = word.rpartition("=")
    if not (code and equals):
        raise NeedsOperatorError(f"{word!r} is no CODE=QTY.", "Such as MUG-RED=40, or MUG-RED=40@2.15.")
    quantity, at, cost = rest.partition("@")
    return TypedMove(ItemCode(code), read_amount(quantity), read_amount(cost) if at else None)
