"""`cartui basket`: one basket of the cart, afresh; note what was done about it; make it an order."""

from __future__ import annotations

import argparse
from datetime import date

from cartui.cli import output
from cartui.cli.interrupt import Interrupts
from cartui.cli.session import open_session
from cartui.domain.baskets import BasketStep, NoteKind, basket_goods
from cartui.errors import ExitCode, NeedsOperatorError, headless
from cartui.sync import baskets
from cartui.sync.baskets import BasketView, Conversion
from cartui.sync.workspace import Workspace


def run_basket(arguments: argparse.Namespace) -> int:
    """Do one thing with a basket, then show it as it is."""
    with open_session() as ws, Interrupts() as interrupts:
        name, key = arguments.name, arguments.basket
        if arguments.order or arguments.draft:
            done = (
                baskets.convert_basket(ws, name, key, progress=output.progress, stop=interrupts.stop)
                if arguments.order
                else baskets.draft_from_basket(ws, name, key)
            )
            _told(done)
        if arguments.step:
            care = baskets.read_basket(ws, name, key).care
            baskets.set_step(ws, name, key, care, BasketStep(arguments.step))
        _note(ws, arguments)
        view = baskets.read_basket(ws, name, key)
        output.rows_out([basket_row(view)], "json") if arguments.json else _print(view)
        return ExitCode.OK


def _note(ws: Workspace, arguments: argparse.Namespace) -> None:
    for kind in NoteKind:
        text = getattr(arguments, kind.value)
        if text:
            due = _day(arguments.due) if kind is NoteKind.TASK else None
            baskets.add_note(ws, arguments.name, arguments.basket, kind, text, due)


def _day(text: str | None) -> date:
    try:
        return date.fromisoformat(text or "")
    except ValueError as error:
        raise NeedsOperatorError("A task has a day.", "Say --due 2026-12-01.") from error


def _told(done: Conversion) -> None:
    if done.order_id is not None:
        output.words(f"The cart placed order {done.order_id}.")
    if done.reason:
        output.words(f"No document was made yet: {headless(done.reason)}")


def basket_row(view: BasketView) -> dict[str, object]:
    """One basket for `--json`."""
    basket, care = view.basket, view.care
    return {
        "cart_basket_id": basket.basket_id,
        "customer": basket.buyer.name,
        "email": basket.buyer.email,
        "total": f"{basket.total:f}",
        "currency": basket.currency,
        "goods": basket_goods(basket),
        "status": basket.status.value,
        "native_status": basket.native_status,
        "step": care.step.value,
        "cart_order_id": care.order_id or basket.order_id,
        "document_number": view.document.number if view.document is not None else None,
        "admin_url": view.admin_url,
        "modified_at": basket.modified_at.isoformat().replace("+00:00", "Z"),
        "notes": [
            {
                "kind": note.kind.value,
                "text": note.text,
                "by": note.actor,
                "due_on": note.due_on.isoformat() if note.due_on else None,
                "done": note.done_at is not None,
            }
            for note in care.notes
        ],
        "why_no_order": view.why_not_converted or "",
    }


def _print(view: BasketView) -> None:
    row = basket_row(view)
    notes = row.pop("notes")
    for name, value in row.items():
        if value not in (None, ""):
            output.line(f"{name:16} {output.cell_text(value)}")
    for note in notes if isinstance(notes, list) else []:
        due = f" due {note['due_on']}{' (done)' if note['done'] else ''}" if note["due_on"] else ""
        output.line(f"{note['kind']:16} {output.cell_text(note['text'])} ({note['by']}){due}")
