"""Approve documents, one or many, with a preview of what will post; void them; close what will not be delivered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

from cartui.books import Books
from cartui.domain.approval import Approval, ApprovalGround, allocations_of, plan_approval
from cartui.domain.documents import Document, DocumentStatus
from cartui.domain.ids import DocumentId
from cartui.domain.parts import open_quantities
from cartui.domain.settings import DocumentKind
from cartui.errors import NeedsOperatorError
from cartui.sync.workspace import Progress, ProgressSink, Workspace, never_stop, no_progress

PAGE = 25


@dataclass(frozen=True, slots=True)
class Approved:
    """What became of one approval: the number it was posted under, or why it was refused."""

    document_id: DocumentId
    name: str
    number: str = ""
    problem: str = ""
    remedy: str = ""


def preview_approvals(ws: Workspace, document_ids: Sequence[DocumentId]) -> list[Approval]:
    """What approving these would do, by date, so that their numbers follow their dates; nothing is written. Ids that
    are gone are left out."""
    found = ws.books.documents.list_by_ids(document_ids)
    chosen = sorted(found, key=lambda one: (one.draft.placed_at, one.document_id))
    ground = approval_ground(ws.books, chosen)
    return [plan_approval(document, ground) for document in chosen]


def approve_documents(
    ws: Workspace,
    approvals: Sequence[Approval],
    *,
    progress: ProgressSink = no_progress,
    stop: Callable[[], bool] = never_stop,
) -> list[Approved]:
    """Approve what was previewed. Each is worked out anew as the books are now; one that was changed since the preview
    is refused, the others go on. Ends early, after a whole page, when `stop()` says so."""
    done: list[Approved] = []
    for start in range(0, len(approvals), PAGE):
        if stop():
            break
        with ws.books.transaction():
            ws.books.stock.value_openings(ws.actor)
            done += _approve_page(ws, approvals[start : start + PAGE])
        progress(Progress("documents", len(done), len(approvals)))
    return done


def _approve_page(ws: Workspace, page: Sequence[Approval]) -> list[Approved]:
    """Documents are read once a page, their ground once for all that follow each other: a sale changes nothing that
    another one is worked out from. A credit note does (what is owed, average cost), so each has a ground of its own."""
    found = {one.document_id: one for one in ws.books.documents.list_by_ids([one.document.document_id for one in page])}
    done: list[Approved] = []
    for alone, some in groupby(page, key=lambda one: _credits(one.document)):
        for run in [[one] for one in some] if alone else [list(some)]:
            fresh = [found[one.document.document_id] for one in run if one.document.document_id in found]
            ground = approval_ground(ws.books, fresh)
            done += [_approve(ws, one.document, found.get(one.document.document_id), ground) for one in run]
    return done


def _credits(document: Document) -> bool:
    return document.draft.kind is DocumentKind.CREDIT_NOTE


def _approve(ws: Workspace, shown: Document, document: Document | None, ground: ApprovalGround) -> Approved:
    if document is None:
        return Approved(
            shown.document_id, shown.name, problem="It is not there any more.", remedy="Read the list anew."
        )
    if document.version != shown.version:
        since = [one for one in ws.books.revisions.audit_of(shown.document_id) if one.version > shown.version]
        who = f" by {since[-1].actor}" if since else ""
        return Approved(
            shown.document_id, document.name, problem=f"It was changed{who} since.", remedy="Look at it again."
        )
    approval = plan_approval(document, ground)
    if approval.problem:
        return Approved(shown.document_id, document.name, problem=approval.problem, remedy=approval.remedy)
    return Approved(shown.document_id, document.name, carry_out(ws, approval))


def carry_out(ws: Workspace, approval: Approval) -> str:
    """Post one approval, in the caller's transaction; returns the number it was posted under."""
    document, books = approval.document, ws.books
    number = books.revisions.approve(document, approval.open_amount, ws.actor)
    books.accounts.post(
        approval.transfers, ws.clock(), ws.actor, document_id=document.document_id, cart_id=document.cart_id
    )
    if approval.moves:
        books.stock.move(approval.moves, ws.actor, document=document)
    if document.draft.kind is DocumentKind.SALES_ORDER:
        books.stock.allocate(document.document_id, approval.allocations)
    if approval.owed_less and document.source_id is not None:
        source = books.documents.get(document.source_id)
        books.revisions.owe_less(source, approval.owed_less, f"credited by {number}", ws.actor)
    books.outbox.touch_stock_of(_codes(document))  # what was PENDING is now allocated or gone
    return number


def approval_ground(books: Books, documents: Sequence[Document]) -> ApprovalGround:
    """What the books know about some documents: a few queries whatever their number, and two for each credit note."""
    codes = sorted({code for document in documents for code in _codes(document)})
    items = books.items.find_by_codes(codes)
    bundles = books.items.parts_of(sorted(item.item_id for item in items.values()))
    parts = books.items.find_by_ids(sorted({part.part_id for some in bundles.values() for part in some}))
    source_ids = sorted({one.source_id for one in documents if one.source_id is not None})
    sources = {one.document_id: one for one in books.documents.list_by_ids(source_ids)}
    given_back = {
        one.source_id for one in documents if one.draft.kind is DocumentKind.CREDIT_NOTE and one.source_id is not None
    }
    return ApprovalGround(
        items=items,
        parts=parts,
        bundles=bundles,
        accounts={cart_id: books.accounts.map_of(cart_id) for cart_id in {one.cart_id for one in documents}},
        sources=sources,
        sold={one: books.stock.sold_on(sources[one]) for one in given_back if one in sources},
    )


def _codes(document: Document) -> list[str]:
    return sorted({line.item_code for line in document.draft.lines if line.item_code is not None})


def reallocate(ws: Workspace, order: Document) -> None:
    """Keep for the buyer what no invoice or cash sale has taken of an approved order; in the caller's transaction."""
    if order.draft.kind is not DocumentKind.SALES_ORDER:
        return
    wanted = {}
    if order.status is DocumentStatus.APPROVED and not order.closed:
        taken = ws.books.revisions.taken_from(order.document_id, credit_notes=False)
        still = open_quantities(order.draft.lines, taken)
        wanted = allocations_of(order.draft.lines, approval_ground(ws.books, [order]), still)
    ws.books.stock.allocate(order.document_id, wanted)


def reallocate_source(ws: Workspace, document: Document) -> None:
    """The same for the order that a document was made from."""
    if document.source_id is not None and document.draft.kind is not DocumentKind.CREDIT_NOTE:
        reallocate(ws, ws.books.documents.get(document.source_id))


def void_document(ws: Workspace, document: Document, reason: str) -> Document:
    """Make a PENDING document, or an approved order of which nothing was shipped or invoiced, VOID. `document` as it
    was read: `DocumentChangedError` where somebody changed it since, `NeedsOperatorError` where it can't be."""
    with ws.books.transaction():
        return void_within(ws, document, reason)


def void_within(ws: Workspace, document: Document, reason: str) -> Document:
    """The same, in the caller's transaction."""
    if not reason.strip():
        raise NeedsOperatorError("A void document needs a reason.", "Say why in a few words.")
    if document.status is DocumentStatus.VOID:
        raise NeedsOperatorError(f"{document.name} is VOID already.", "Nothing needs to be done.")
    if document.status is DocumentStatus.APPROVED:
        _ensure_unused(ws, document)
    return void_pending(ws, document, reason.strip())


def void_pending(ws: Workspace, document: Document, reason: str) -> Document:
    """Make it VOID and give free what it kept, in the caller's transaction."""
    ws.books.revisions.void(document, reason, ws.actor)
    fresh = ws.books.documents.get(document.document_id)
    reallocate(ws, fresh)
    reallocate_source(ws, fresh)
    ws.books.outbox.touch_stock_of(_codes(fresh))
    return fresh


def _ensure_unused(ws: Workspace, document: Document) -> None:
    if document.draft.past:
        return
    if document.draft.kind is not DocumentKind.SALES_ORDER:
        raise NeedsOperatorError(
            f"{document.name} was posted and can't be made void.", "Reverse it with a credit note."
        )
    if ws.books.shipments.of_document(document.document_id) or ws.books.revisions.payments_used(document.document_id):
        raise NeedsOperatorError(
            f"{document.name} was shipped or invoiced in part.", "Close it: that gives its remainder free."
        )


def close_order(ws: Workspace, document: Document, reason: str) -> Document:
    """The remainder of an approved order will not be delivered: what it keeps is free again."""
    if document.draft.kind is not DocumentKind.SALES_ORDER or document.status is not DocumentStatus.APPROVED:
        raise NeedsOperatorError(f"{document.name} is no approved order.", "Only those have a remainder to close.")
    if document.closed:
        raise NeedsOperatorError(f"{document.name} is closed already.", "Nothing needs to be done.")
    with ws.books.transaction():
        ws.books.revisions.close(document, reason.strip() or "remainder not delivered", ws.actor)
        fresh = ws.books.documents.get(document.document_id)
        reallocate(ws, fresh)
    return fresh


def void_documents(
    ws: Workspace,
    document_ids: Sequence[DocumentId],
    reason: str,
    *,
    progress: ProgressSink = no_progress,
    stop: Callable[[], bool] = never_stop,
) -> list[Approved]:
    """Void many, each by itself; those that can't be are refused with the reason and the others go on."""
    done: list[Approved] = []
    for document_id in document_ids:
        if stop():
            break
        document = ws.books.documents.get(document_id)
        try:
            void_document(ws, document, reason)
            done.append(Approved(document_id, document.name))
        except NeedsOperatorError as error:
            done.append(Approved(document_id, document.name, problem=error.problem, remedy=error.remedy))
        progress(Progress("documents", len(done), len(document_ids)))
    return done
