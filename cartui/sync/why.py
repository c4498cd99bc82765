"""Why is this order as it is here: each step from first sight to document, rule, amounts, links, who did what (N08)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from cartui.domain.documents import Document
from cartui.domain.ids import CartId, CartOrderId, DocumentId, RecordKind
from cartui.domain.ledger import CartRecord, JournalEntry
from cartui.domain.money import AmountError, MoneyProof, format_amount, prove_total
from cartui.domain.settings import CartDocument
from cartui.errors import NeedsOperatorError
from cartui.sync.workspace import Workspace

_STEPS = 500


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened. `at` is ours (aware UTC); `more` are lines with the particulars."""

    at: datetime
    actor: str
    what: str
    more: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Why:
    """Everything the books know about one order. `record` None: only the document is left. `steps` oldest first."""

    cart: CartDocument
    order_id: CartOrderId
    record: CartRecord | None
    documents: tuple[Document, ...]
    proof: MoneyProof | None
    lines: tuple[str, ...]
    steps: tuple[Step, ...] = field(default_factory=tuple)


def explain_order(ws: Workspace, order: str, name: str | None = None) -> Why:
    """Find an order by the cart's id of it, its number, or the number of its document, in one cart or in all.
    `NeedsOperatorError` where it is not known, or known in several carts."""
    found = _find(ws, order, [ws.books.carts.get(name)] if name is not None else ws.books.carts.list_all())
    if not found:
        raise NeedsOperatorError(
            f"Nothing is known of an order {order!r}.",
            "It never came: look at its date and status in the shop, and at Last Order from here.",
        )
    if len(found) > 1:
        carts = ", ".join(sorted({cart.name for cart, _ in found}))
        raise NeedsOperatorError(
            f"There are {len(found)} orders {order!r} ({carts}).", "Say which cart, or give its id."
        )
    [(cart, order_id)] = found
    return _explain(ws, cart, order_id)


def _find(ws: Workspace, order: str, carts: list[CartDocument]) -> list[tuple[CartDocument, CartOrderId]]:
    found: list[tuple[CartDocument, CartOrderId]] = []
    number = ws.books.documents.find_number(order)
    source = _root(ws, ws.books.documents.get(number)) if number is not None else None
    for cart in carts:
        if source is not None:
            ids = [source.draft.external_id] if source.cart_id == cart.cart_id else []
        else:
            ids = [CartOrderId(one) for one in ws.books.records.find_orders(cart.cart_id, order)]
        found += [(cart, one) for one in ids]
    return found


def _root(ws: Workspace, document: Document) -> Document:
    while document.source_id is not None:
        document = ws.books.documents.get(document.source_id)
    return document


def _explain(ws: Workspace, cart: CartDocument, order_id: CartOrderId) -> Why:
    books, cart_id = ws.books, cart.cart_id
    record = books.records.find_many(cart_id, RecordKind.ORDER, [order_id]).get(order_id)
    documents = _documents(ws, cart_id, order_id)
    steps = [_journalled(one) for one in books.journal.of_record(cart_id, RecordKind.ORDER, order_id, _STEPS)]
    for refund in books.records.find_parts(cart_id, RecordKind.REFUND, f"{order_id}/"):
        steps += [
            _journalled(one) for one in books.journal.of_record(cart_id, RecordKind.REFUND, refund.external_id, _STEPS)
        ]
        if refund.our_id is None and refund.stamp is not None:
            told = f"{refund.label}: {refund.agreed.get('amount', '')} given back in the shop"
            steps.append(Step(refund.stamp, "the shop", told, (refund.reason,) if refund.reason else ()))
    for document in documents:
        steps += _of_document(ws, document)
    if record is not None and (replaced := record.agreed.get("replaces")) and record.stamp is not None:
        steps.append(Step(record.stamp, "the shop", f"replaces order {replaced} (an edit in the shop)"))
    return Why(
        cart,
        order_id,
        record,
        tuple(documents),
        _proof(documents[0]) if documents else None,
        _lines(documents[0]) if documents else (),
        tuple(sorted(steps, key=lambda one: one.at)),
    )


def _documents(ws: Workspace, cart_id: CartId, order_id: CartOrderId) -> list[Document]:
    """The order's document, those that were made void for it, and all that were made from them."""
    ids = [*ws.books.documents.of_order(cart_id, order_id)]
    for one in ids:
        ids += [made for made in ws.books.revisions.made_from(one) if made not in ids]
    return ws.books.documents.list_by_ids(ids)


def _proof(document: Document) -> MoneyProof | None:
    try:
        return prove_total(document.draft.lines, document.draft.total, document.draft.currency)
    except AmountError:
        return None


def _lines(document: Document) -> tuple[str, ...]:
    """Each line with the item it was matched to, and how."""
    told = []
    for line in document.draft.lines:
        if line.default_item:
            item = f"default item {line.item_code}: no item is linked to it"
        else:
            item = f"item {line.item_code}" if line.item_code is not None else "no item"
        amount = format_amount(line.amount, document.draft.currency)
        sku = f" [{line.sku}]" if line.sku else ""
        told.append(f"{amount}  {line.kind}  {line.quantity.normalize():f} x {line.text}{sku} → {item}")
    return tuple(told)


def _journalled(entry: JournalEntry) -> Step:
    detail = dict(entry.detail)
    label, reason = detail.pop("label", ""), detail.pop("reason", "")
    what = f"{entry.direction} {entry.action} {entry.kind}"
    state = "" if entry.state.value == "done" else f" ({entry.state})"
    more = [part for part in (label, reason) if part]
    more += [f"{name}: {value}" for name, value in detail.items() if value]
    return Step(entry.at, entry.actor, f"{what}{state}", tuple(more))


def _of_document(ws: Workspace, document: Document) -> list[Step]:
    draft = document.draft
    made = f"{draft.kind.label} {document.number} made, PENDING"
    total = f"total {format_amount(draft.total, draft.currency)} {draft.currency}, customer {draft.customer_name}"
    steps = [Step(document.created_at, "", made, (total,))]
    trail = ws.books.revisions.audit_of(document.document_id)
    postings = tuple(
        f"{one.debit.name} / {one.credit.name}: {format_amount(one.amount, one.currency)} {one.currency}"
        for one in ws.books.accounts.postings(document_id=document.document_id)
    )
    for entry in trail:
        change = (f"{entry.field}: {entry.before or '–'} → {entry.after or '–'}",) if entry.field else ()
        posted = postings if entry.action.startswith("approved") else ()
        steps.append(Step(entry.at, entry.actor, f"{document.name} {entry.action}", (*change, *posted)))
    return steps + _parcels(ws, document.document_id)


def _parcels(ws: Workspace, document_id: DocumentId) -> list[Step]:
    return [
        Step(
            one.shipped_at,
            one.actor,
            f"shipped with {one.carrier or 'no carrier'} {one.tracking_number}".rstrip(),
            tuple(f"line {position}: {quantity.normalize():f}" for position, quantity in one.lines.items()),
        )
        for one in ws.books.shipments.of_document(document_id)
    ]
