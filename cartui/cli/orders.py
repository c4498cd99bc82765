"""`cartui why` and `cartui changes`: how an order came to be what it is here, and orders that moved since."""

from __future__ import annotations

import argparse

from cartui.cli import output
from cartui.cli.session import open_session
from cartui.cli.show import find_document
from cartui.domain.documents import Document
from cartui.domain.ledger import CartRecord
from cartui.errors import ExitCode, NeedsOperatorError
from cartui.sync import carts, order_drift
from cartui.sync.why import Why, explain_order
from cartui.sync.workspace import Workspace


def run_why(arguments: argparse.Namespace) -> int:
    """Each step of one order, oldest first."""
    with open_session() as ws:
        why = explain_order(ws, arguments.order, arguments.cart_name)
    if arguments.json:
        output.json_line(why_row(why))
    else:
        _print_why(why)
    return ExitCode.OK


def why_row(why: Why) -> dict[str, object]:
    """For `--json`."""
    record, proof = why.record, why.proof
    return {
        "cart": why.cart.name,
        "cart_order_id": why.order_id,
        "state": record.state.value if record is not None else "",
        "reason": record.reason if record is not None else "",
        "remedy": record.remedy if record is not None else "",
        "native_status": record.native_status if record is not None else "",
        "cart_stamp": _time(record.stamp) if record is not None and record.stamp is not None else None,
        "documents": [{"number": one.name, "status": one.status.value} for one in why.documents],
        "lines": list(why.lines),
        "proof": None if proof is None else {"state": proof.state.value, "difference": f"{proof.difference:f}"},
        "steps": [
            {"at": _time(one.at), "by": one.actor, "what": one.what, "more": list(one.more)} for one in why.steps
        ],
    }


def _time(at: object) -> str:
    return at.isoformat().replace("+00:00", "Z") if hasattr(at, "isoformat") else ""


def _print_why(why: Why) -> None:
    row = why_row(why)
    output.line(f"{why.cart.name}: order {output.cell_text(why.order_id)}", "bold")
    for name in ("state", "reason", "remedy", "native_status", "cart_stamp"):
        if row[name]:
            output.line(f"  {name:14} {output.cell_text(row[name])}")
    for document in why.documents:
        output.line(f"  {'document':14} {document.draft.kind.label} {document.name} {document.status}")
    for line in why.lines:
        output.line(f"  {'line':14} {output.cell_text(line)}")
    if why.proof is not None:
        output.line(f"  {'proof':14} {why.proof.state} (difference {why.proof.difference:f} {why.proof.currency})")
    for step in why.steps:
        by = f" by {step.actor}" if step.actor else ""
        output.line(f"{_time(step.at)}  {output.cell_text(step.what)}{by}")
        for more in step.more:
            output.line(f"    {output.cell_text(more)}")


def run_changes(arguments: argparse.Namespace) -> int:
    """List the orders that moved in the cart and wait for a person; or settle some of them."""
    with open_session() as ws:
        if arguments.action is None:
            rows = [change_row(record, document) for record, document in order_drift.list_changed(ws, arguments.name)]
            if not output.rows_out(rows, "json" if arguments.json else "table"):
                output.words("No order waits with a change.")
            return ExitCode.OK
        if not arguments.documents:
            raise NeedsOperatorError("Which documents?", f"`cartui changes {arguments.name!r}` lists them.")
        for wanted in arguments.documents:
            output.words(_settle(ws, arguments.name, arguments.action, wanted))
    return ExitCode.OK


def _settle(ws: Workspace, name: str, action: str, wanted: str) -> str:
    document_id = find_document(ws, carts.view_cart(ws, name), wanted)
    if action == "reimport":
        made = order_drift.import_again(ws, ws.books.documents.get(document_id))
        return f"{wanted}: void; imported again as {ws.books.documents.get(made).name}."
    view = order_drift.read_drift(ws, document_id)
    if action == "accept":
        order_drift.accept_drift(ws, view)
        return f"{wanted}: taken over ({order_drift.changes_of(view.drift.fields) or 'nothing differed'})."
    order_drift.ignore_drift(ws, view)
    return f"{wanted}: left as it is."


def change_row(record: CartRecord, document: Document) -> dict[str, object]:
    """For the list."""
    return {
        "document": document.name,
        "status": document.status.value,
        "order": document.draft.order_number,
        "customer": document.draft.customer_name,
        "what": record.reason,
        "remedy": record.remedy,
    }
