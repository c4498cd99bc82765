"""One document with its money proof and its life, for the document screen and `cartui document`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from cartui.books import AuditEntry
from cartui.books.shipments import Shipment
from cartui.domain.documents import Document, DocumentStatus
from cartui.domain.ids import DocumentId, RecordKind
from cartui.domain.money import MoneyProof, prove_total
from cartui.domain.parts import Taken, open_quantities
from cartui.domain.settings import DocumentKind
from cartui.errors import NeedsOperatorError
from cartui.sync.fulfilment import shippable
from cartui.sync.workspace import Workspace


@dataclass(frozen=True, slots=True)
class DocumentView:
    """A document, the proof of its total, and the order as the cart sent it (JSON or XML text, "" if not kept).

    source     what it was made from; made: what was made from it, void ones among them
    shipped    how much of each line was shipped, by position; taken: what invoices (of an order) or credit notes (of an
               invoice) have of each line
    refused    actions that can't be done now, with the reason: edit, approve, void, ship, credit, convert, close, pay
    """

    document: Document
    proof: MoneyProof
    raw: str
    source: Document | None = None
    made: tuple[Document, ...] = ()
    shipments: tuple[Shipment, ...] = ()
    shipped: Mapping[int, Decimal] = field(default_factory=dict)
    taken: Mapping[int, Taken] = field(default_factory=dict)
    audit: tuple[AuditEntry, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)


def view_document(ws: Workspace, document_id: DocumentId) -> DocumentView:
    """Open one document; `NeedsOperatorError` where there is none."""
    books = ws.books
    document = books.documents.get(document_id)
    draft = document.draft
    source = books.documents.get(document.source_id) if document.source_id is not None else None
    imported = source if source is not None else document
    while imported.source_id is not None:  # a credit note of an invoice of an order
        imported = books.documents.get(imported.source_id)
    raw = books.records.raw(document.cart_id, RecordKind.ORDER, imported.draft.external_id) or b""
    order = draft.kind is DocumentKind.SALES_ORDER
    return DocumentView(
        document=document,
        proof=prove_total(draft.lines, draft.total, draft.currency),
        raw=raw.decode("utf-8", "replace"),
        source=source,
        made=tuple(books.documents.list_by_ids(books.revisions.made_from(document_id))),
        shipments=tuple(books.shipments.of_document(document_id)),
        shipped=books.shipments.shipped(document_id),
        taken=books.revisions.taken_from(document_id, credit_notes=not order),
        audit=tuple(books.revisions.audit_of(document_id)),
        refused=refused_actions(document),
    )


def refused_actions(document: Document) -> dict[str, str]:
    """What can't be done with a document in its kind and status, each with a sentence."""
    kind, status = document.draft.kind, document.status
    pending, approved = status is DocumentStatus.PENDING, status is DocumentStatus.APPROVED
    order, invoice = kind is DocumentKind.SALES_ORDER, kind is DocumentKind.SALES_INVOICE
    posted = approved and kind in (DocumentKind.CASH_SALE, DocumentKind.SALES_INVOICE)
    state = f"It is {status.value}"
    can = {
        "edit": (pending, f"{state}; only a PENDING document can be edited."),
        "approve": (pending, f"{state}; only a PENDING document can be approved."),
        "void": (pending or (approved and order), f"{state}; what was posted is reversed by a credit note."),
        "ship": (approved and kind is not DocumentKind.CREDIT_NOTE, "Approve it first; a credit note is not shipped."),
        "convert": (approved and order, "Only an approved Sales Order becomes an invoice or cash sale."),
        "close": (approved and order and not document.closed, "Only an open, approved Sales Order can be closed."),
        "credit": (posted, "Only an approved Cash Sale or Sales Invoice can be credited."),
        "pay": (approved and invoice and document.open_amount > 0, "Only an open Sales Invoice can be paid."),
    }
    refused = {action: why for action, (possible, why) in can.items() if not possible}
    if document.draft.past:  # nothing of it was posted or kept here
        refused |= dict.fromkeys(can, "It was dealt with elsewhere; it is kept here for looking up only.")
        del refused["void"]
    return refused


def open_parts(ws: Workspace, document: Document, *, credit: bool, ship: bool) -> dict[int, Decimal]:
    """How much of each product line can still be shipped, credited or invoiced, by position."""
    if ship:
        return shippable(ws, document)
    taken = ws.books.revisions.taken_from(document.document_id, credit_notes=credit)
    return open_quantities(document.draft.lines, taken)


def find_document(ws: Workspace, number: str) -> Document:
    """By what a person reads on it (D000001, INV-2026-00001); `NeedsOperatorError` where there is none."""
    found = ws.books.documents.find_number(number.strip())
    if found is None:
        raise NeedsOperatorError(
            f"There is no document {number!r}.", "`cartui list NAME orders` lists the documents of a cart."
        )
    return ws.books.documents.get(found)
