"""Orders become invoices, parcels leave, goods and money come back: what is made from an approved document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from cartui.books.shipments import NewShipment, Shipment
from cartui.domain.documents import Document, DocumentDraft, DocumentLine, DocumentStatus
from cartui.domain.ids import CartOrderId, DocumentId, ShipmentId
from cartui.domain.parts import open_quantities, share_payments, take_parts, total_of
from cartui.domain.posting import post_payment
from cartui.domain.records import LineKind, Payment, PaymentState
from cartui.domain.settings import DocumentKind
from cartui.errors import NeedsOperatorError
from cartui.sync.approvals import reallocate
from cartui.sync.workspace import Workspace

_ZERO = Decimal(0)
_POSTED_KINDS = (DocumentKind.CASH_SALE, DocumentKind.SALES_INVOICE)


# --- order -> invoice or cash sale ------------------------------------------------------------------------------------


def convert_order(
    ws: Workspace,
    order: Document,
    kind: DocumentKind,
    *,
    quantities: Mapping[int, Decimal] | None = None,
    shipped: bool = False,
) -> DocumentId:
    """Make a PENDING invoice or cash sale of an approved order: of all that is open, of these `quantities` (by
    position), or of what was `shipped` and not yet invoiced. Shipping, discounts and taxes go along in proportion."""
    if kind not in _POSTED_KINDS:
        raise NeedsOperatorError("An order becomes a Cash Sale or a Sales Invoice.", "Choose one of them.")
    with ws.books.transaction():
        order = _fresh(ws, order)
        if order.draft.kind is not DocumentKind.SALES_ORDER or order.status is not DocumentStatus.APPROVED:
            raise NeedsOperatorError(f"{order.name} is no approved Sales Order.", "Approve it first.")
        if order.closed and not shipped:
            raise NeedsOperatorError(f"{order.name} is closed.", "Only what was shipped of it can be invoiced.")
        taken = ws.books.revisions.taken_from(order.document_id, credit_notes=False)
        still = open_quantities(order.draft.lines, taken)
        if quantities is None:
            quantities = _shipped_open(ws, order, still) if shipped else still
        lines = take_parts(order.draft.lines, taken, quantities, order.draft.currency, follow=True)
        if not any(line.kind is LineKind.PRODUCT for line in lines) and still:
            what = "shipped and not invoiced" if shipped else "open"
            raise NeedsOperatorError(f"Nothing of {order.name} is {what}.", "Look at the documents made from it.")
        last = all(still[at] == quantities.get(at, _ZERO) for at in still)
        draft = _draft_from(ws, order, kind, lines)
        draft = replace(draft, payments=_payments_for(ws, order, draft.total, last=last))
        made = add_made_from(ws, order, draft)
        reallocate(ws, order)
    return made


def _shipped_open(ws: Workspace, order: Document, still: Mapping[int, Decimal]) -> dict[int, Decimal]:
    shipped = ws.books.shipments.shipped(order.document_id)
    lines = order.draft.lines
    return {at: max(_ZERO, shipped.get(at, _ZERO) - (lines[at - 1].quantity - left)) for at, left in still.items()}


def _payments_for(ws: Workspace, order: Document, total: Decimal, *, last: bool) -> tuple[Payment, ...]:
    others = ws.books.documents.list_by_ids(ws.books.revisions.payments_used(order.document_id))
    used = sum(
        (one.amount for other in others for one in other.draft.payments if one.state is PaymentState.PAID), _ZERO
    )
    return share_payments(order.draft.payments, used, total, last=last)


def _draft_from(ws: Workspace, source: Document, kind: DocumentKind, lines: tuple[DocumentLine, ...]) -> DocumentDraft:
    """The same customer, addresses and order; an id of its own, since one order has one imported document."""
    place = len(ws.books.revisions.made_from(source.document_id)) + 1
    external = CartOrderId(f"{source.draft.external_id}#{source.document_id}.{place}")
    return replace(source.draft, kind=kind, external_id=external, lines=lines, total=total_of(lines))


def add_made_from(ws: Workspace, source: Document, draft: DocumentDraft) -> DocumentId:
    """A PENDING document made from another one, in the caller's transaction."""
    [made] = ws.books.documents.add_many(source.cart_id, [(draft, source.customer_id)])
    ws.books.revisions.set_source(made, source, ws.actor)
    name = f"{draft.kind.label} D{made:06d}"
    ws.books.revisions.note(source.document_id, source.version, ws.actor, f"{name} made from it")
    return made


def _fresh(ws: Workspace, document: Document) -> Document:
    return ws.books.documents.get(document.document_id)


# --- credit note ------------------------------------------------------------------------------------------------------


def credit_document(
    ws: Workspace,
    document: Document,
    *,
    quantities: Mapping[int, Decimal] | None = None,
    keep: Sequence[int] = (),
    paid_back: str = "",
) -> DocumentId:
    """Make a PENDING credit note of a posted invoice or cash sale: of all that was not credited yet, or of these
    `quantities` by position (a line that is no product is credited whole when it is named).

    keep       positions of lines that are credited but whose goods do not go back on the shelf
    paid_back  the payment method by which the money went back already; "": it is still to be paid
    """
    with ws.books.transaction():
        document = _fresh(ws, document)
        if document.draft.kind not in _POSTED_KINDS or not document.posted_number:
            raise NeedsOperatorError(
                f"{document.name} was not posted.", "A credit note is made of an approved Cash Sale or Sales Invoice."
            )
        taken = ws.books.revisions.taken_from(document.document_id, credit_notes=True)
        lines = document.draft.lines
        if quantities is None:
            others = {at: _ZERO for at, line in enumerate(lines, 1) if line.kind is not LineKind.PRODUCT}
            quantities = {**others, **open_quantities(lines, taken)}
        credited = take_parts(lines, taken, quantities, document.draft.currency, follow=False)
        if not credited:
            raise NeedsOperatorError(f"Nothing of {document.name} is left to credit.", "Look at its credit notes.")
        credited = tuple(replace(line, restock=line.source_position not in keep) for line in credited)
        draft = replace(_draft_from(ws, document, DocumentKind.CREDIT_NOTE, credited), payments=())
        if paid_back:
            money = Payment(paid_back, -draft.total, PaymentState.PAID, paid_at=ws.clock())
            draft = replace(draft, payments=(money,))
        return add_made_from(ws, document, draft)


# --- shipments --------------------------------------------------------------------------------------------------------


def shippable(ws: Workspace, document: Document) -> dict[int, Decimal]:
    """How much of each product line can still leave, by position: what was not shipped, credited (an order: on what was
    made from it) or given up."""
    shipped = ws.books.shipments.shipped(document.document_id)
    back = ws.books.revisions.given_back_of(document.document_id)
    lines = document.draft.lines
    if document.closed:
        taken = ws.books.revisions.taken_from(document.document_id, credit_notes=False)
        due = {at: one.quantity for at, one in taken.items() if lines[at - 1].kind is LineKind.PRODUCT}
    else:
        credited = ws.books.revisions.taken_from(document.document_id, credit_notes=True)
        due = open_quantities(lines, credited)
    return {at: max(_ZERO, quantity - back.get(at, _ZERO) - shipped.get(at, _ZERO)) for at, quantity in due.items()}


@dataclass(frozen=True, slots=True)
class Parcel:
    """What a person says of a shipment; `quantities` by position, None: all that is still to be shipped.
    `shipped_at` None: now."""

    quantities: Mapping[int, Decimal] | None = None
    carrier: str = ""
    tracking_number: str = ""
    tracking_url: str = ""
    shipped_at: datetime | None = None


def ship_document(ws: Workspace, document: Document, parcel: Parcel) -> ShipmentId:
    """Record a shipment; its cart will be told. What is left stays on back-order until it is shipped or closed."""
    if parcel.tracking_url and not parcel.tracking_url.startswith(("https://", "http://")):
        raise NeedsOperatorError("The tracking address must begin with https://.", "Correct it, or leave it out.")
    with ws.books.transaction():
        document = _fresh(ws, document)
        _ensure_shippable(ws, document)
        left = shippable(ws, document)
        wanted = left if parcel.quantities is None else dict(parcel.quantities)
        for position, quantity in wanted.items():
            if position not in left:
                raise NeedsOperatorError(f"Line {position} has no goods to ship.", f"Those that have: {sorted(left)}.")
            if not 0 <= quantity <= left[position]:
                raise NeedsOperatorError(
                    f"Line {position}: {quantity} is not between 0 and {left[position]}, which is still to be shipped.",
                    "Ship less.",
                )
        wanted = {position: quantity for position, quantity in wanted.items() if quantity}
        if not wanted:
            raise NeedsOperatorError(f"Nothing of {document.name} is left to ship.", "Look at its shipments.")
        new = NewShipment(
            parcel.shipped_at or ws.clock(), wanted, parcel.carrier, parcel.tracking_number, parcel.tracking_url
        )
        made = ws.books.shipments.add(document.document_id, document.cart_id, new, ws.actor)
        told = ", ".join(f"{quantity.normalize():f} of line {position}" for position, quantity in wanted.items())
        tracking = f" ({parcel.carrier} {parcel.tracking_number})".replace("( ", "(").replace(" )", ")")
        what = f"shipped {told}{'' if tracking == ' ()' else tracking}"
        ws.books.revisions.note(document.document_id, document.version, ws.actor, what)
    return made


def _ensure_shippable(ws: Workspace, document: Document) -> None:
    if document.status is not DocumentStatus.APPROVED or document.draft.kind is DocumentKind.CREDIT_NOTE:
        raise NeedsOperatorError(f"{document.name} can't be shipped.", "Approve the order, invoice or cash sale first.")
    if document.draft.past:
        raise NeedsOperatorError(f"{document.name} was dealt with elsewhere.", "It is kept for looking up only.")
    if document.source_id is not None:
        order = ws.books.documents.get(document.source_id)
        raise NeedsOperatorError(
            f"{document.name} was made from {order.name}: shipments belong to that.", f"Ship {order.name}."
        )


def correct_tracking(
    ws: Workspace, document: Document, shipment: Shipment, carrier: str, tracking_number: str, tracking_url: str
) -> None:
    """Tracking that came later, or was wrong; the cart is told again."""
    with ws.books.transaction():
        ws.books.shipments.correct(shipment, document.cart_id, carrier, tracking_number, tracking_url)
        said = f"tracking of shipment {shipment.shipment_id}: {carrier} {tracking_number}".rstrip()
        ws.books.revisions.note(document.document_id, document.version, ws.actor, said)


def pick_list(ws: Workspace, documents: Sequence[Document]) -> list[str]:
    """What to take from the shelf for these documents, as lines of text: by item, then by document."""
    wanted: dict[tuple[str, str], list[tuple[str, Decimal]]] = {}
    for document in documents:
        for position, quantity in shippable(ws, document).items():
            line = document.draft.lines[position - 1]
            code = str(line.sku if line.default_item else line.item_code or line.sku)
            if quantity:
                wanted.setdefault((code, line.text), []).append((document.name, quantity))
    items = ws.books.items.find_by_codes(sorted({code for code, _ in wanted}))
    told = []
    for (code, text), places in sorted(wanted.items()):
        item = next((one for one in items.values() if one.code == code), None)
        there = "" if item is None or item.on_hand is None else f"  (on hand {item.on_hand.normalize():f})"
        total = sum((quantity for _, quantity in places), _ZERO)
        told.append(f"[ ] {total.normalize():f} x {code}  {text}{there}")
        told += [f"      {quantity.normalize():f} for {name}" for name, quantity in places]
    return told


def pick_documents(ws: Workspace, document_ids: Sequence[DocumentId]) -> list[str]:
    """The pick list of those that can be shipped: approved ones that were not made from another document."""
    documents = [
        one
        for one in ws.books.documents.list_by_ids(document_ids)
        if one.status is DocumentStatus.APPROVED
        and one.source_id is None
        and one.draft.kind is not DocumentKind.CREDIT_NOTE
    ]
    return pick_list(ws, documents)


# --- money ------------------------------------------------------------------------------------------------------------


def receive_payment(ws: Workspace, document: Document, amount: Decimal, method: str, reference: str = "") -> Document:
    """A customer paid an approved invoice, in whole or part (negative: money went back, never more than its total)."""
    with ws.books.transaction():
        document = _fresh(ws, document)
        if document.draft.kind is not DocumentKind.SALES_INVOICE or document.status is not DocumentStatus.APPROVED:
            raise NeedsOperatorError(f"{document.name} is no approved Sales Invoice.", "Payments are booked on those.")
        if not amount or amount > max(_ZERO, document.open_amount):
            raise NeedsOperatorError(
                f"{amount} {document.draft.currency} can't be booked: {document.open_amount} is open.",
                "Book at most what is open.",
            )
        if document.open_amount - amount > document.draft.total:
            back = max(_ZERO, document.draft.total - document.open_amount)
            raise NeedsOperatorError(
                f"{-amount} {document.draft.currency} can't have gone back: {back} was paid.", "Book at most that."
            )
        account = ws.books.accounts.map_of(document.cart_id).payment(method)
        text = f"paid by {method} {reference}".strip()
        ws.books.accounts.post(
            post_payment(amount, document.draft.currency, account, text),
            ws.clock(),
            ws.actor,
            document_id=document.document_id,
            cart_id=document.cart_id,
        )
        ws.books.revisions.owe_less(document, amount, f"{amount} {document.draft.currency} {text}", ws.actor)
        return _fresh(ws, document)
