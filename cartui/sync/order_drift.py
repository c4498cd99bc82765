"""One order and its document side by side: what moved in the cart, and what a person can do about it (S110, F29)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from cartui.domain.documents import Document, DocumentDraft, DocumentLine, DocumentStatus
from cartui.domain.ids import CartId, CartOrderId, Direction, DocumentId, RecordKind
from cartui.domain.ledger import CartRecord, JournalEntry
from cartui.domain.money import ProofState, prove_total
from cartui.domain.order_changes import OrderDrift, compare_order, order_values
from cartui.domain.order_drafts import draft_of
from cartui.domain.outcomes import RecordState
from cartui.domain.plan import Action, FieldChange
from cartui.domain.plan_orders import plan_orders
from cartui.domain.ports import BadRecord, Cart, OrderReader, Received
from cartui.domain.records import CartOrder, LineKind
from cartui.domain.remedies import CART, list_again
from cartui.errors import NeedsOperatorError, Remedy
from cartui.sync.approvals import void_within
from cartui.sync.cart_reads import iter_kind, tested_cart
from cartui.sync.ground import order_ground
from cartui.sync.imports import store_orders
from cartui.sync.leases import leased
from cartui.sync.refunds import credit_again
from cartui.sync.workspace import Workspace


@dataclass(frozen=True, slots=True)
class DriftView:
    """An order as the cart holds it now beside its document. `draft` is the document that it would become now."""

    document: Document
    order: CartOrder
    draft: DocumentDraft
    drift: OrderDrift


def read_drift(ws: Workspace, document_id: DocumentId) -> DriftView:
    """Read one order again and compare (S112); nothing is written. `NeedsOperatorError` where the document came from no
    order, or the cart has it no more."""
    document = ws.books.documents.get(document_id)
    cart_id, order_id = document.cart_id, document.draft.external_id
    _ensure_of_order(document)
    with tested_cart(ws, ws.books.carts.get_by_id(cart_id)) as cart:
        if not isinstance(cart, OrderReader):
            raise NeedsOperatorError(
                "This kind of cart can't read one order again.", list_again("cart-orders", document.name)
            )
        row = next(iter(cart.get_orders([order_id]).rows), None)
    if row is None:
        raise NeedsOperatorError(
            f"The cart has order {document.draft.order_number} no more.", "It was deleted there; void it if it is off."
        )
    if isinstance(row.record, BadRecord):
        raise NeedsOperatorError(f"The order can't be read: {row.record.reason}", row.record.remedy)
    ground = order_ground(ws.books, cart_id, [row])
    settings = replace(ws.books.carts.get_by_id(cart_id).settings, import_orders_as=document.draft.kind)
    now = draft_of(row.record, ground, settings, ws.books.items.default_item().code)
    agreed = ws.books.agreed_orders.find_many([document_id]).get(document_id)
    return DriftView(document, row.record, now, compare_order(document, now, agreed))


def accept_drift(ws: Workspace, view: DriftView) -> Document:
    """The PENDING document becomes as the order is now; items that a person gave to its lines stay."""
    document = view.document
    if document.status is not DocumentStatus.PENDING:
        raise NeedsOperatorError(
            f"{document.name} is {document.status} and is not changed any more.",
            "Correct what was approved with a credit note.",
        )
    proof = prove_total(view.draft.lines, view.draft.total, view.draft.currency)
    if proof.state is ProofState.UNEXPLAINED:
        raise NeedsOperatorError(proof.problem, "Look at the order in the shop; its amounts do not add up.")
    if view.draft.currency != document.draft.currency:
        raise NeedsOperatorError("The order's currency changed.", "Void the document and import the order again.")
    draft = replace(view.draft, lines=tuple(_with_item(line, document) for line in view.draft.lines))
    with ws.books.transaction():
        ws.books.revisions.save(document, draft, document.exchange_rate, view.drift.fields, ws.actor)
        fresh = ws.books.documents.get(document.document_id)
        _agree(ws, view, "accepted")
        lines = (*document.draft.lines, *draft.lines)
        ws.books.outbox.touch_stock_of(sorted({line.item_code for line in lines if line.item_code is not None}))
    return fresh


def _with_item(line: DocumentLine, document: Document) -> DocumentLine:
    """A line that the default item stands in for keeps the item that a person gave it here."""
    if not line.default_item:
        return line
    given = [
        one
        for one in document.draft.lines
        if one.kind is LineKind.PRODUCT and not one.default_item and one.sku == line.sku and one.sku
    ]
    return replace(line, item_code=given[0].item_code, default_item=False) if given else line


def ignore_drift(ws: Workspace, view: DriftView) -> None:
    """The document stays as it is; this change is not shown again, a later one is."""
    with ws.books.transaction():
        _agree(ws, view, "left alone")


def _agree(ws: Workspace, view: DriftView, what: str) -> None:
    cart_id, document = view.document.cart_id, view.document
    ws.books.agreed_orders.put(document.document_id, order_values(view.draft))
    ws.books.documents.mark_changed([document.document_id], changed=False)
    order_id = document.draft.external_id
    record = ws.books.records.find_many(cart_id, RecordKind.ORDER, [order_id]).get(order_id)
    if record is not None:
        settled = replace(record, state=RecordState.IMPORTED, reason="", remedy="")
        ws.books.records.put_many(cart_id, [settled])
    ws.books.journal.append_many([_entry(ws, cart_id, view, what)])


def _entry(ws: Workspace, cart_id: CartId, view: DriftView, what: str) -> JournalEntry:
    detail = {"label": view.document.name, "reason": what} | {one.name: one.after for one in view.drift.fields}
    external_id, our_id = view.document.draft.external_id, view.document.document_id
    return JournalEntry(
        cart_id, ws.clock(), ws.actor, Direction.IMPORT, RecordKind.ORDER, "change", external_id, our_id, detail=detail
    )


def import_again(ws: Workspace, document: Document, reason: str = "imported again") -> DocumentId:
    """Make the document void (a PENDING one, or an approved order of which nothing was shipped), untie it from its
    order, and import that as it is now; the void one stays, with the reason. A credit note that was made of a refund is
    made anew of that.

    All of it or nothing: `NeedsOperatorError` where the order is gone or would not be imported now, or somebody changed
    the document since it was read; `LeaseTakenError` while the cart is being synchronised."""
    if document.source_id is not None:
        return credit_again(ws, document, reason)
    _ensure_of_order(document)
    cart_document, order_id = ws.books.carts.get_by_id(document.cart_id), document.draft.external_id
    with tested_cart(ws, cart_document) as cart:
        row = _read(cart, order_id)
    if row is None:
        raise NeedsOperatorError(
            f"The cart has order {document.draft.order_number} no more.", "Nothing was changed; void it if it is off."
        )
    with leased(ws, cart_document) as lease, ws.books.transaction(lease=lease):
        _ensure_as_read(document, ws.books.documents.get(document.document_id))
        ground = replace(order_ground(ws.books, cart_document.cart_id, [row]), records={})  # as if it were new
        default_item = ws.books.items.default_item().code
        [change] = plan_orders([row], ground, cart_document.settings, default_item, by_hand=True)
        if change.action is not Action.CREATE:
            raise NeedsOperatorError(
                f"The order would not be imported: {change.reason} Nothing was changed.",
                change.remedy or "Change Last Order from or the order, then repeat it.",
            )
        if document.status is not DocumentStatus.VOID:
            document = void_within(ws, document, reason)
        ws.books.documents.untie(document, ws.actor)
        made = store_orders(ws, cart_document.cart_id, [change])
    return DocumentId(made[order_id])


def _read(cart: Cart, order_id: CartOrderId) -> Received[CartOrder] | None:
    if isinstance(cart, OrderReader):
        return next(iter(cart.get_orders([order_id]).rows), None)
    pages = iter_kind(cart, RecordKind.ORDER)
    return next((row for page in pages for row in page.rows if row.external_id == order_id), None)


def _ensure_of_order(document: Document) -> None:
    order_id = document.draft.external_id
    if document.source_id is not None or order_id.startswith("basket-"):
        raise NeedsOperatorError(
            f"{document.name} came from no order of the cart.", "Open the document it was made of."
        )
    if order_id.endswith(f"#void-{document.document_id}"):
        raise NeedsOperatorError(
            f"The order of {document.name} was let go of already.",
            Remedy(
                "Import it on Orders (Cart) if it is not here (5, then I).",
                f"Run `cartui import {CART} orders ID` if it is not here.",
            ),
        )


def _ensure_as_read(document: Document, now: Document) -> None:
    if (now.version, now.draft.external_id) != (document.version, document.draft.external_id):
        raise NeedsOperatorError(
            f"{document.name} was changed or imported again since you looked at it.", "Look at it again."
        )


def list_changed(ws: Workspace, name: str) -> list[tuple[CartRecord, Document]]:
    """The orders that moved in the cart and wait for a person, oldest first, with their documents."""
    cart_id = ws.books.carts.get(name).cart_id
    records = ws.books.records.list_changed(cart_id)
    documents = ws.books.documents.list_by_ids([DocumentId(one.our_id) for one in records if one.our_id is not None])
    by_id = {one.document_id: one for one in documents}
    return [(one, by_id[DocumentId(one.our_id)]) for one in records if one.our_id in by_id]


def changes_of(fields: tuple[FieldChange, ...]) -> str:
    """As a sentence part: "total 10.00 → 12.00; note – → leave at door"."""
    return "; ".join(f"{one.name} {one.before or '–'} → {one.after or '–'}" for one in fields)
