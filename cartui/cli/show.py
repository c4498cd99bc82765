"""`cartui show NAME [DOCUMENT]`."""

from __future__ import annotations

import argparse
from decimal import Decimal

from cartui.cli import output
from cartui.cli.carts import cart_row, problem_row
from cartui.cli.session import open_session
from cartui.domain.documents import DocumentLine
from cartui.domain.ids import DocumentId
from cartui.domain.money import MoneyProof, places_of
from cartui.errors import ExitCode, NeedsOperatorError, headless
from cartui.sync import carts
from cartui.sync.carts import CartView
from cartui.sync.documents import DocumentView, view_document
from cartui.sync.lists import SystemList, system_dicts
from cartui.sync.workspace import Workspace


def run_show(arguments: argparse.Namespace) -> int:
    """Show one cart, or one of its documents."""
    with open_session() as ws:
        view = carts.view_cart(ws, arguments.name)
        if arguments.document is None:
            _show_cart(view, json=arguments.json)
        else:
            document = view_document(ws, find_document(ws, view, arguments.document))
            if arguments.json:
                output.json_line(document_row(document))
            else:
                show_document(document)
    return ExitCode.OK


_ALWAYS = ("customer_name", "email")


def _show_cart(view: CartView, *, json: bool) -> None:
    row = cart_row(view)
    if json:
        output.json_line(row)
        return
    del row["problems"]
    width = max(map(len, row))
    for name, value in row.items():
        if isinstance(value, dict):
            value = ", ".join(f"{key}={text}" for key, text in value.items())  # noqa: PLW2901
        elif isinstance(value, list):
            value = ", ".join(value)  # noqa: PLW2901
        output.line(
            f"{name:{width}}  {output.cell_text(headless(value) if isinstance(value, str) else value)}".rstrip()
        )
    for problem in view.problems:
        found = problem_row(problem)
        output.line(f"{found['level']:{width}}  {found['problem']} {headless(found['remedy'])}", "warn")


def find_document(ws: Workspace, view: CartView, wanted: str) -> DocumentId:
    """By document number, by the cart's order id, or by the cart's order number, in this order."""
    if (found := ws.books.documents.find_number(wanted)) is not None:
        return found
    by_order = ws.books.documents.find_by_external(view.document.cart_id, [wanted])
    for document_id in by_order.values():
        return document_id
    for row in system_dicts(ws, view.document.name, SystemList.ORDERS):
        number = row.get("document_number")
        if row.get("order_number") == wanted and isinstance(number, str):
            found = ws.books.documents.find_number(number)
            if found is not None:
                return found
    raise NeedsOperatorError(
        f"Cart {view.document.name!r} has no document {wanted!r} here.",
        f"`cartui list {view.document.name!r} orders` lists them.",
    )


def document_row(view: DocumentView) -> dict[str, object]:
    """A document with its lines and proof for `--json`; money as text."""
    document, draft = view.document, view.document.draft
    return {
        "document_number": document.number,
        "kind": draft.kind.value,
        "status": document.status.value,
        "cart_order_id": draft.external_id,
        "order_number": draft.order_number,
        "placed_at": draft.placed_at.isoformat(),
        "native_status": draft.native_status,
        "order_state": draft.order_state.value,
        "payment_state": draft.payment_state.value,
        "fulfilment_state": draft.fulfilment_state.value,
        "changed_in_cart": document.changed_in_cart,
        "posted_number": document.posted_number,
        "approved_at": None if document.approved_at is None else document.approved_at.isoformat(),
        "approved_by": document.approved_by,
        "void_reason": document.void_reason,
        "made_from": view.source.name if view.source is not None else "",
        "made": [f"{one.name} {one.status.value}" for one in view.made],
        "shipments": [
            f"{one.shipped_at:%Y-%m-%d} {one.carrier} {one.tracking_number}".strip() for one in view.shipments
        ],
        "open": money(document.open_amount, draft.currency),
        "version": document.version,
        "customer_code": document.customer_code,
        "customer_name": draft.customer_name,
        "email": draft.email,
        "currency": draft.currency,
        "total": money(draft.total, draft.currency),
        "proof": proof_row(view.proof),
        "lines": [_line_row(line, draft.currency) for line in draft.lines],
    }


def money(amount: Decimal, currency: str) -> str:
    """An amount with at least the places of its currency: 27.60, not 27.6; what is finer stays as it is."""
    places = Decimal(1).scaleb(-places_of(currency))
    return format(amount if amount != amount.quantize(places) else amount.quantize(places), "f")


def proof_row(proof: MoneyProof) -> dict[str, object]:
    """How the amounts add up to the total."""
    return {
        **{kind.value: money(amount, proof.currency) for kind, amount in proof.sums},
        "total": money(proof.total, proof.currency),
        "difference": money(proof.difference, proof.currency),
        "tolerance": format(proof.tolerance, "f"),
        "state": proof.state.value,
        "problem": proof.problem,
    }


def _line_row(line: DocumentLine, currency: str) -> dict[str, object]:
    return {
        "kind": line.kind.value,
        "item_code": line.item_code,
        "sku": line.sku,
        "text": line.text,
        "quantity": format(line.quantity, "f"),
        "amount": money(line.amount, currency),
        "tax_rate": None if line.tax_rate is None else format(line.tax_rate, "f"),
        "default_item": line.default_item,
    }


def show_document(view: DocumentView) -> None:
    """A document for a person."""
    row = document_row(view)
    lines, proof = row.pop("lines"), view.proof
    del row["proof"]
    row = {name: value for name, value in row.items() if value not in ([], "", None) or name in _ALWAYS}
    width = max(map(len, row))
    for name, value in row.items():
        output.line(
            f"{name:{width}}  {output.cell_text(headless(value) if isinstance(value, str) else value)}".rstrip()
        )
    output.line()
    output.table_out(lines if isinstance(lines, list) else [])
    output.line()
    sums = " + ".join(f"{kind.value} {money(amount, proof.currency)}" for kind, amount in proof.sums)
    total, difference = money(proof.total, proof.currency), money(proof.difference, proof.currency)
    output.line(f"{sums} = {total} {proof.currency}; difference {difference} ({proof.state.value})")
    if proof.problem:
        output.line(proof.problem, "bad")
