"""Edit a PENDING document; two admins can't undo each other's work without seeing it."""

from __future__ import annotations

from collections.abc import Collection

from cartui.domain.documents import Document
from cartui.domain.editing import DocumentEdit, Edited, edit_document
from cartui.domain.ids import ItemCode
from cartui.domain.parts import open_quantities
from cartui.domain.records import LineKind
from cartui.domain.settings import DocumentKind
from cartui.errors import NeedsOperatorError
from cartui.sync.approvals import reallocate_source
from cartui.sync.workspace import Workspace


def preview_edit(ws: Workspace, document: Document, edit: DocumentEdit) -> Edited:
    """What the edit would change, or what is wrong with it; nothing is written."""
    typed = [line.get("item_code", "").strip() for line in (*edit.lines.values(), *edit.added)]
    known = ws.books.items.find_by_codes(sorted({code for code in typed if code}))
    edited = edit_document(document, edit, frozenset(known))
    return edited if edited.problems else _within_source(ws, document, edited)


def _within_source(ws: Workspace, document: Document, edited: Edited) -> Edited:
    """A document made from another can't take more of it than is open."""
    if document.source_id is None:
        return edited
    source = ws.books.documents.get(document.source_id)
    credit = document.draft.kind is DocumentKind.CREDIT_NOTE
    taken = ws.books.revisions.taken_from(source.document_id, credit_notes=credit, without=document.document_id)
    still = open_quantities(source.draft.lines, taken)
    problems = [
        f"Line {position}: {source.name} has {still[line.source_position].normalize():f} left."
        for position, line in enumerate(edited.draft.lines, 1)
        if line.kind is LineKind.PRODUCT
        and line.source_position in still
        and not 0 <= line.quantity <= still[line.source_position]
    ]
    return Edited(edited.draft, edited.exchange_rate, problems=tuple(problems)) if problems else edited


def save_edit(ws: Workspace, document: Document, edit: DocumentEdit, *, always: Collection[int] = ()) -> Document:
    """Store an edit of a PENDING document. `document` is what the person saw.

    always  positions of lines whose SKU shall mean the item given for them in every later import of this cart

    Errors: `NeedsOperatorError` (what was typed, or not PENDING); `DocumentChangedError` with what somebody else
    changed since `document` was read.
    """
    with ws.books.transaction():
        edited = preview_edit(ws, document, edit)
        if edited.problems:
            raise NeedsOperatorError(" ".join(edited.problems), "Nothing was saved.")
        rules = [(document.draft.lines[at - 1].sku, edit.lines.get(at, {}).get("item_code", "")) for at in always]
        for sku, code in rules:
            _set_rule(ws, document, sku, code.strip())
        if edited.changes:
            ws.books.revisions.save(document, edited.draft, edited.exchange_rate, edited.changes, ws.actor)
        fresh = ws.books.documents.get(document.document_id)
        reallocate_source(ws, fresh)
        lines = (*document.draft.lines, *fresh.draft.lines)
        ws.books.outbox.touch_stock_of(sorted({line.item_code for line in lines if line.item_code is not None}))
    return fresh


def _set_rule(ws: Workspace, document: Document, sku: str, code: str) -> None:
    item = ws.books.items.find_by_codes([code]).get(ItemCode(code))
    if not sku or item is None:
        raise NeedsOperatorError(
            "“Always for this SKU” needs a line with a SKU and an item for it.", "Choose the item, or leave it out."
        )
    ws.books.revisions.set_sku_rule(document.cart_id, sku, item.item_id, ws.actor)
