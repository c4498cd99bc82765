"""Refunds that shops told of become PENDING credit notes, one each, as soon as there is something to credit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from cartui.books import Lease
from cartui.domain.documents import Document, DocumentStatus
from cartui.domain.ids import CartId, Direction, DocumentId, RecordKind
from cartui.domain.ledger import CartRecord, JournalEntry
from cartui.domain.money import parse_amount
from cartui.domain.outcomes import RecordState
from cartui.domain.refunds import CreditPlan, compare_credit, plan_credit, refund_of
from cartui.domain.settings import DocumentKind
from cartui.errors import NeedsOperatorError
from cartui.sync.approvals import void_within
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
            now = ws.books.records.find_many(cart_id, RecordKind.REFUND, [record.external_id])
            document_id = _settle(ws, cart_id, now.get(record.external_id, record))
        if document_id is not None:
            made.append(document_id)
    return made


def credit_again(ws: Workspace, note: Document, reason: str) -> DocumentId:
    """Make the credit note of a refund void, and a new one of the refund as the shop tells it now: all or nothing.
    `NeedsOperatorError` where it was not made of a refund, is approved, or there is nothing to credit."""
    with ws.books.transaction():
        found = ws.books.records.find_by_our_ids(note.cart_id, RecordKind.REFUND, [note.document_id])
        record = next(iter(found.get(note.document_id, ())), None)
        if record is None:
            raise NeedsOperatorError(
                f"{note.name} came from no order or refund of the cart, or was made anew already.",
                "Open the document it was made of.",
            )
        if note.status is not DocumentStatus.VOID:
            note = void_within(ws, note, reason)
        ws.books.documents.untie(note, ws.actor)
        made = _settle(ws, note.cart_id, replace(record, our_id=None, state=RecordState.STAGED))
        if made is None:
            raise NeedsOperatorError(f"{note.name} stays as it is: its refund makes no credit note now.", _WHY)
    return made


_WHY = "See `cartui why` and the number of its order."


def _settle(ws: Workspace, cart_id: CartId, record: CartRecord) -> DocumentId | None:
    if record.our_id is not None:
        _compare(ws, cart_id, record, DocumentId(record.our_id))
        return None
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


def _compare(ws: Workspace, cart_id: CartId, record: CartRecord, note_id: DocumentId) -> None:
    """The shop changed a refund after its credit note was made: said where it makes a difference, until it does not."""
    _, refund = refund_of(record)
    notes = ws.books.documents.list_by_ids([note_id])
    told = compare_credit(refund, notes[0]) if notes else CreditPlan(RecordState.LINKED)
    if (told.state, told.reason) != (record.state, record.reason):
        again = replace(record, state=told.state, reason=told.reason, remedy=told.remedy)
        ws.books.records.put_many(cart_id, [again])


def _plan(ws: Workspace, cart_id: CartId, record: CartRecord) -> CreditPlan:
    order_id, refund = refund_of(record)
    books = ws.books
    order = None
    if (found := books.documents.find_by_external(cart_id, [order_id]).get(order_id)) is not None:
        order = books.documents.get(found)
    made = books.documents.list_by_ids(books.revisions.made_from(order.document_id)) if order is not None else []
    both = [order, *made] if order is not None else []
    credited: dict[int, Decimal] = {one.document_id: credited_of(ws, one) for one in both}
    told = record.agreed.get("paid")
    return plan_credit(refund, order, made, credited, parse_amount(told) if told else None)


def credited_of(ws: Workspace, document: Document) -> Decimal:
    """The sum of a document's credit notes that are not VOID."""
    notes = ws.books.documents.list_by_ids(ws.books.revisions.made_from(document.document_id))
    counted = (
        one.draft.total
        for one in notes
        if one.draft.kind is DocumentKind.CREDIT_NOTE and one.status is not DocumentStatus.VOID
    )
    return sum(counted, Decimal(0))
