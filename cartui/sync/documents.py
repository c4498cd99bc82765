"""One document with its money proof, for the document screen and `cartui show`."""

from __future__ import annotations

from dataclasses import dataclass

from cartui.domain.documents import Document
from cartui.domain.ids import DocumentId, RecordKind
from cartui.domain.money import MoneyProof, prove_total
from cartui.sync.workspace import Workspace


@dataclass(frozen=True, slots=True)
class DocumentView:
    """A document, the proof of its total, and the order as the cart sent it (JSON or XML text, "" if not kept)."""

    document: Document
    proof: MoneyProof
    raw: str


def view_document(ws: Workspace, document_id: DocumentId) -> DocumentView:
    """Open one document; `NeedsOperatorError` where there is none."""
    document = ws.books.documents.get(document_id)
    draft = document.draft
    raw = ws.books.records.raw(document.cart_id, RecordKind.ORDER, draft.external_id) or b""
    return DocumentView(
        document=document,
        proof=prove_total(draft.lines, draft.total, draft.currency),
        raw=raw.decode("utf-8", "replace"),
    )
