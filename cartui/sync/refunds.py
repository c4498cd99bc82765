"""Refunds that shops told of become PENDING credit notes, one each, as soon as there is something to credit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from cartui.books import Lease
from cartui.domain.documents import Document, DocumentStatus
from cartui.domain.ids import CartId, Direction, DocumentId, RecordKind
from cartui.domain.ledger import CartRecord, JournalEntry
from cartui.domain.outcomes import RecordState
from cartui.domain.refunds import CreditPlan, plan_credit, refund_of
from cartui.domain.settings import DocumentKind
from cartui.sync.fulfilment import add_made_from
from cartui.sync.workspace import Workspace, never_stop


def settle_refunds(
    ws: Workspace, cart_id: CartId, lease: Lease | None = None, *, stop: Callable[[], bool] = never_stop
) -> list[DocumentId]:
    """Make a PENDING credit note of each refund that can have one now; the others keep waiting, with the reason.
    Credit note, link and journal are one transaction, so that a refund never becomes two. Returns what was made."""
    made: list[DocumentId] = []
    for record in ws.books.records.list_waiting(cart_id, RecordKind.REFUND):
        if stop():
            break
        with ws.books.transaction(lease=lease):
            document_id = _settle(ws, cart_id, record)
        if document_id is not None:
            made.append(document_id)
    return made


def _settle(ws: Workspace, cart_id: CartId, record: CartRecord) -> DocumentId | None:
    plan = _plan(ws, cart_id, record)
    if plan.draft is None or plan.source is None:
        if (plan.state, plan.reason) != (record.state, record.reason):
            told = replace(record, state=plan.state, reason=plan.reason, remedy=plan.remedy)
            ws.books.records.put_many(cart_id, [told])
        return None
    made = add_made_from(ws, plan.source, plan.draft)
    linked = replace(record, state=RecordState.LINKED, reason="", remedy="", our_id=made, evidence="credit note")
    ws.books.records.put_many(cart_id, [linked])
    ws.books.journal.append_many(
        [
            JournalEntry(
                cart_id,
                ws.clock(),
                ws.actor,
                Direction.IMPORT,
                RecordKind.REFUND,
                "create",
                record.external_id,
                made,
                detail={"label": record.label, "credits": plan.source.name, "amount": f"{plan.draft.total:f}"},
            )
        ]
    )
    return made


def _plan(ws: Workspace, cart_id: CartId, record: CartRecord) -> CreditPlan:
    order_id, refund = refund_of(record)
    books = ws.books
    order = None
    if (found := books.documents.find_by_external(cart_id, [order_id]).get(order_id)) is not None:
        order = books.documents.get(found)
    made = books.documents.list_by_ids(books.revisions.made_from(order.document_id)) if order is not None else []
    both = [order, *made] if order is not None else []
    credited: dict[int, Decimal] = {one.document_id: credited_of(ws, one) for one in both}
    return plan_credit(refund, order, made, credited)


def credited_of(ws: Workspace, document: Document) -> Decimal:
    """The sum of a document's credit notes that are not VOID."""
    notes = ws.books.documents.list_by_ids(ws.books.revisions.made_from(document.document_id))
    counted = (
        one.draft.total
        for one in notes
        if one.draft.kind is DocumentKind.CREDIT_NOTE and one.status is not DocumentStatus.VOID
    )
    return sum(counted, Decimal(0))
