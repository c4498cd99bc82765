"""Refunds that a shop tells of: each is a record of its own and becomes one PENDING credit note. Pure.

A refund waits while its money has not gone back, and while its order has no posted document to credit. What the shop
says it gave back is booked as it says it; where it does not say for what, the amount stands on one line for a person to
divide.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final

from cartui.domain.documents import Document, DocumentDraft, DocumentLine, DocumentStatus
from cartui.domain.fingerprint import digest
from cartui.domain.ids import CartOrderId, RecordKind
from cartui.domain.ledger import CartRecord
from cartui.domain.money import ProofState, format_amount, parse_amount, prove_total
from cartui.domain.outcomes import RecordState
from cartui.domain.records import CartOrder, LineKind, Payment, PaymentState, Refund, RefundLine, RefundState
from cartui.domain.settings import DocumentKind
from cartui.errors import Remedy

_POSTED = (DocumentKind.CASH_SALE, DocumentKind.SALES_INVOICE)


# --- as records -------------------------------------------------------------------------------------------------------


def refund_key(order_id: str, refund_id: str) -> str:
    """The external id of a refund's record."""
    return f"{order_id}/{refund_id}"


def refund_records(order: CartOrder, known: Mapping[str, CartRecord]) -> tuple[CartRecord, ...]:
    """What is to be remembered of an order's refunds: those that are new or changed. One that has its credit note keeps
    it, and is compared with it (`compare_credit`)."""
    records = []
    for refund in order.refunds:
        key, content = refund_key(order.order_id, refund.refund_id), digest(refund)
        before = known.get(key)
        if before is None or before.fingerprint != content:
            record = _record(order, refund, key, content)
            kept = record if before is None else replace(record, our_id=before.our_id, evidence=before.evidence)
            records.append(kept)
    return tuple(records)


def _record(order: CartOrder, refund: Refund, key: str, content: str) -> CartRecord:
    return CartRecord(
        kind=RecordKind.REFUND,
        external_id=key,
        label=f"refund {refund.refund_id} of {order.order_number}",
        stamp=refund.refunded_at,
        fingerprint=content,
        state=RecordState.STAGED,
        reason="",
        agreed={
            "order": order.order_id,
            "refund": refund.refund_id,
            "at": refund.refunded_at.isoformat(),
            "amount": f"{refund.amount:f}",
            "state": refund.state.value,
            "reason": refund.reason,
            "lines": json.dumps([_line_text(line) for line in refund.lines]),
            "paid": "" if (taken := captured(order.payments)) is None else f"{taken:f}",
        },
        native_status=refund.state.value,
    )


def _line_text(line: RefundLine) -> list[str]:
    restock = "" if line.restock is None else "yes" if line.restock else "no"
    return [
        line.kind.value,
        line.line_id,
        line.sku,
        line.text,
        f"{line.quantity:f}",
        f"{line.amount:f}",
        f"{line.tax_amount:f}",
        restock,
    ]


def refund_of(record: CartRecord) -> tuple[CartOrderId, Refund]:
    """The order and the refund that a record remembers."""
    told = record.agreed
    lines = tuple(
        RefundLine(
            amount=parse_amount(amount),
            kind=LineKind(kind),
            line_id=line_id,
            sku=sku,
            text=text,
            quantity=parse_amount(quantity),
            tax_amount=parse_amount(tax),
            restock={"": None, "yes": True, "no": False}[restock],
        )
        for kind, line_id, sku, text, quantity, amount, tax, restock in json.loads(told["lines"])
    )
    refund = Refund(
        told["refund"],
        datetime.fromisoformat(told["at"]),
        parse_amount(told["amount"]),
        RefundState(told["state"]),
        told["reason"],
        lines,
    )
    return CartOrderId(told["order"]), refund


# --- as credit notes --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CreditPlan:
    """What a refund becomes: a credit note of `source` (`draft`), or why it waits (STAGED), is held or left alone."""

    state: RecordState
    reason: str = ""
    remedy: str = ""
    source: Document | None = None
    draft: DocumentDraft | None = None


def plan_credit(
    refund: Refund,
    order: Document | None,
    made_from: Sequence[Document],
    credited: Mapping[int, Decimal],
    told_paid: Decimal | None = None,
) -> CreditPlan:
    """Decide about one refund.

    order      the document of its order, None: not imported
    made_from  documents made from that one (invoices of an order)
    credited   by document id: the sum of its credit notes that are not VOID
    told_paid  what the shop had taken for the order when it told of the refund, where it says so
    """
    if refund.state is RefundState.FAILED:
        return CreditPlan(RecordState.SKIPPED, "the money never went back")
    if refund.state is RefundState.PENDING:
        return CreditPlan(RecordState.STAGED, "waits until the shop says that the money went back")
    if order is None:
        return CreditPlan(RecordState.STAGED, "waits until its order is imported")
    if order.draft.past:
        return CreditPlan(RecordState.SKIPPED, f"{order.name} was imported as past: nothing was posted")
    posted = [one for one in (order, *made_from) if one.draft.kind in _POSTED and one.posted_number]
    if not posted:
        return _waiting(order)
    if (paid := _paid(order, told_paid)) is not None and refund.amount > paid - sum(credited.values()):
        currency = order.draft.currency
        left, all_paid = (format_amount(one, currency) for one in (paid - sum(credited.values()), paid))
        return CreditPlan(
            RecordState.HELD,
            f"It gives back {refund.amount:f} {currency}; of {all_paid} that were paid for the order {left} is left.",
            _PAID_REMEDY,
        )
    source = next((one for one in posted if _left(one, credited) >= refund.amount), None)
    if source is None:
        currency = order.draft.currency
        left = format_amount(max(_left(one, credited) for one in posted), currency)
        return CreditPlan(
            RecordState.HELD,
            f"It gives back {refund.amount:f} {currency}; only {left} of {posted[0].name} is left to credit.",
            "Look at its credit notes; make this one void in the shop, or correct it here by hand.",
        )
    return _credit(refund, source)


_CAPTURED: Final = (
    PaymentState.PAID,
    PaymentState.PARTIALLY_PAID,
    PaymentState.PARTIALLY_REFUNDED,
    PaymentState.REFUNDED,
)
_PAID_REMEDY: Final = Remedy(
    "Look at the payments in the shop. If it is right all the same, credit the document by hand (C on it).",
    "Look at the payments in the shop. If it is right all the same: `cartui document credit NUMBER`.",
)


def captured(payments: Iterable[Payment]) -> Decimal | None:
    """What was really taken; None where the shop does not say (no payments, or only such as were authorised or are to
    come)."""
    taken = [one.amount for one in payments if one.amount > 0 and one.state in _CAPTURED]
    return sum(taken, Decimal(0)) if taken else None


def _paid(order: Document, told_paid: Decimal | None) -> Decimal | None:
    """By the document or, where more was taken since, by the refund's order; None: its total is all that is known."""
    known = [one for one in (captured(order.draft.payments), told_paid) if one is not None]
    return max(known) if known else None


def compare_credit(refund: Refund, note: Document) -> CreditPlan:
    """What the shop says of a refund now, against the credit note that was made of it: LINKED where they agree or the
    note is VOID, HELD for a person while it is PENDING, CHANGED where it was approved: that is never changed."""
    amount = Decimal(0) if refund.state is RefundState.FAILED else refund.amount
    if note.status is DocumentStatus.VOID or amount == note.draft.total:
        return CreditPlan(RecordState.LINKED)
    says = f"gave back {amount:f}" if amount else "did not give the money back after all"
    reason = f"The shop now says that it {says}; {note.name} says {note.draft.total:f} {note.draft.currency}."
    if note.status is DocumentStatus.PENDING:
        remedy = f"Make {note.name} void." if not amount else f"Edit {note.name}, or `cartui changes CART reimport` it."
        return CreditPlan(RecordState.HELD, reason, remedy)
    return CreditPlan(RecordState.CHANGED, reason, "It was approved: book the difference by hand.")


def _waiting(order: Document) -> CreditPlan:
    if order.status is DocumentStatus.VOID:
        return CreditPlan(RecordState.SKIPPED, f"{order.name} is VOID: there is nothing to credit")
    what = "approved" if order.status is DocumentStatus.PENDING else "invoiced"
    return CreditPlan(RecordState.STAGED, f"waits until {order.name} is {what}")


def _left(document: Document, credited: Mapping[int, Decimal]) -> Decimal:
    return document.draft.total - credited.get(document.document_id, Decimal(0))


def _credit(refund: Refund, source: Document) -> CreditPlan:
    lines = _lines(refund, source)
    proof = prove_total(lines, refund.amount, source.draft.currency)
    if proof.state is ProofState.UNEXPLAINED:
        return CreditPlan(
            RecordState.HELD, f"Its lines do not make its amount: {proof.problem}", "Look at the refund in the shop."
        )
    if proof.unbooked:
        lines = (*lines, DocumentLine(LineKind.ROUNDING, "Rounding difference of the shop", proof.unbooked))
    method = source.draft.payments[0].method if source.draft.payments else "refund"
    payment = Payment(method, -refund.amount, PaymentState.PAID, reference=refund.refund_id, paid_at=refund.refunded_at)
    draft = DocumentDraft(
        kind=DocumentKind.CREDIT_NOTE,
        external_id=CartOrderId(f"{source.draft.external_id}#refund-{refund.refund_id}"),
        order_number=source.draft.order_number,
        placed_at=refund.refunded_at,
        customer_name=source.draft.customer_name,
        email=source.draft.email,
        currency=source.draft.currency,
        total=refund.amount,
        lines=lines,
        native_status=source.draft.native_status,
        order_state=source.draft.order_state,
        payment_state=PaymentState.REFUNDED,
        fulfilment_state=source.draft.fulfilment_state,
        billing_address=source.draft.billing_address,
        shipping_address=source.draft.shipping_address,
        payments=(payment,),
        note=_note(refund),
    )
    return CreditPlan(RecordState.LINKED, source=source, draft=draft)


def _note(refund: Refund) -> str:
    notes = [refund.reason] if refund.reason else []
    if not refund.lines:
        notes.append("The shop does not say what it was for: divide the amount and its tax by editing the lines.")
    elif any(line.restock is None and line.kind is LineKind.PRODUCT for line in refund.lines):
        notes.append("The shop does not say whether the goods came back: they are not put on the shelf.")
    return " ".join(notes)


def _lines(refund: Refund, source: Document) -> tuple[DocumentLine, ...]:
    """The refund's lines on those of the document they give back; the tax by rate; one line where there are none."""
    if not refund.lines:
        text = f"Refund {refund.refund_id}{f': {refund.reason}' if refund.reason else ''}"
        return (DocumentLine(LineKind.DISCOUNT, text, refund.amount, restock=False),)
    lines: list[DocumentLine] = []
    taxes: dict[Decimal | None, Decimal] = {}
    for one in refund.lines:
        position, sold = _sold(one, source)
        lines.append(_line(one, position, sold))
        if one.tax_amount:
            rate = sold.tax_rate if sold is not None else None
            taxes[rate] = taxes.get(rate, Decimal(0)) + one.tax_amount
    lines += [DocumentLine(LineKind.TAX, "Tax", amount, tax_rate=rate) for rate, amount in taxes.items()]
    return tuple(lines)


def _sold(one: RefundLine, source: Document) -> tuple[int | None, DocumentLine | None]:
    """The line of the document that is given back: by the cart's id of it, by SKU, or the one of its kind."""
    lines = [(at, line) for at, line in enumerate(source.draft.lines, 1) if line.kind is one.kind]
    by_id = [(at, line) for at, line in lines if one.line_id and line.line_id == one.line_id]
    by_sku = [(at, line) for at, line in lines if one.sku and line.sku == one.sku]
    found = by_id or by_sku or (lines if one.kind is not LineKind.PRODUCT else [])
    return found[0] if len(found) == 1 else (None, None)


def _line(one: RefundLine, position: int | None, sold: DocumentLine | None) -> DocumentLine:
    quantity = one.quantity if one.quantity > 0 else Decimal(1)
    return DocumentLine(
        kind=one.kind,
        text=one.text or (sold.text if sold is not None else "Refund"),
        amount=one.amount,
        quantity=quantity,
        tax_rate=sold.tax_rate if sold is not None else None,
        tax_amount=one.tax_amount,
        item_code=sold.item_code if sold is not None else None,
        sku=one.sku or (sold.sku if sold is not None else ""),
        default_item=sold.default_item if sold is not None else False,
        line_id=one.line_id,
        source_position=position if one.quantity > 0 else None,
        restock=bool(one.restock) and one.quantity > 0,
    )
