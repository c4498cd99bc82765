"""What becomes of an order that changed in the cart after it was imported. Pure.

Words (payment, fulfilment, the cart's own status) and payments are taken over by themselves: they say what happened,
not what was agreed. A cancelled order makes its PENDING document void. Everything else is shown field by field on the
document and waits for a person; what was approved is never changed in silence (PAINS; DESIGN "Money").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from cartui.domain.documents import Document, DocumentDraft, DocumentLine, DocumentStatus
from cartui.domain.money import format_amount
from cartui.domain.plan import FieldChange
from cartui.domain.records import Address, LineKind, OrderState, PaymentState
from cartui.domain.remedies import CART
from cartui.errors import Remedy

_PAYMENTS = "payments"
_DEAD = (PaymentState.VOIDED, PaymentState.FAILED, PaymentState.EXPIRED)


class Drift(StrEnum):
    """How far an order has moved away from its document."""

    SAME = "same"
    WORDS = "words"  # statuses and payments only
    EDITED = "edited"  # lines, amounts, addresses: a person decides
    CANCELLED = "cancelled"
    REVIVED = "revived"  # the document is void, the order is not


@dataclass(frozen=True, slots=True)
class OrderDrift:
    """What differs, the document's value before, the cart's after; and what is to be done about it."""

    drift: Drift
    fields: tuple[FieldChange, ...] = ()
    reason: str = ""
    remedy: str = ""

    @property
    def needs_person(self) -> bool:
        """Nothing is done about it by itself."""
        return bool(self.remedy)


def compare_order(document: Document, now: DocumentDraft, agreed: Mapping[str, str] | None = None) -> OrderDrift:
    """What moved. `now` is the document that would be imported from the order as it is; `agreed` what the cart said
    when it was last agreed with (`order_values`), for documents that were edited here since; None: the document
    itself says it."""
    words = _differing(_words(document.draft), _words(now))
    by_line = all(line.line_id for line in document.draft.lines if _named(line))
    goods = _differing(agreed or order_values(document.draft, by_line=by_line), order_values(now, by_line=by_line))
    if document.draft.past:  # nothing was posted, nobody waits for it
        return OrderDrift(Drift.WORDS if words or goods else Drift.SAME, (*words, *goods))
    if document.status is DocumentStatus.APPROVED:  # its payments were posted: they are not replaced in silence
        goods = (*(one for one in words if one.name == _PAYMENTS), *goods)
        words = tuple(one for one in words if one.name != _PAYMENTS)
    fields = (*words, *goods)
    if is_cancelled(now):
        return _cancelled(document, now, fields)
    if document.status is DocumentStatus.VOID:
        reason = f"The document is void, the order is {now.native_status} in the cart."
        return OrderDrift(Drift.REVIVED, fields, reason, "Import it again if it is to be delivered after all.")
    if not goods:
        return OrderDrift(Drift.WORDS if words else Drift.SAME, words)
    reason = f"changed in the cart after import: {_told(goods)}"
    if document.status is DocumentStatus.PENDING:
        return OrderDrift(Drift.EDITED, fields, reason, _EDITED)
    return OrderDrift(Drift.EDITED, fields, reason, _EDITED_APPROVED)


_EDITED = Remedy(
    "Take it over (a), leave it (i), or void it and import it again (I): r on its document.",
    f"Run `cartui changes {CART} accept NUMBER`, or `ignore` or `reimport` in place of `accept`.",
)
_EDITED_APPROVED = Remedy(
    "It was approved: correct it with a credit note (C) or a new document, then leave this change (r, then i).",
    f"It was approved: run `cartui document credit NUMBER`, then `cartui changes {CART} ignore NUMBER`.",
)
_CANCELLED_APPROVED = Remedy(
    "It was approved: reverse it with a credit note (C), or close the order.",
    "It was approved: run `cartui document credit NUMBER`, or `cartui document close NUMBER`.",
)


def _cancelled(document: Document, now: DocumentDraft, fields: tuple[FieldChange, ...]) -> OrderDrift:
    reason = f"cancelled in the cart ({now.native_status})"
    if document.status is DocumentStatus.APPROVED:
        return OrderDrift(Drift.CANCELLED, fields, reason, _CANCELLED_APPROVED)
    return OrderDrift(Drift.CANCELLED if document.status is DocumentStatus.PENDING else Drift.SAME, fields, reason)


def is_cancelled(draft: DocumentDraft) -> bool:
    """By the shop, or because its payment came to nothing."""
    return draft.order_state is OrderState.CANCELLED or draft.payment_state in _DEAD


def order_values(draft: DocumentDraft, *, by_line: bool = True) -> dict[str, str]:
    """What was agreed: total, names, addresses, lines; as text, by a name that a person reads. Lines are named by the
    cart's id of them, or by their place."""
    values = {
        "total": f"{format_amount(draft.total, draft.currency)} {draft.currency}",
        "customer": draft.customer_name,
        "e-mail": draft.email,
        "bill to": _address(draft.billing_address),
        "ship to": _address(draft.shipping_address),
        "shipping": draft.shipping_method,
        "note": draft.note,
    }
    for position, line in enumerate(draft.lines, 1):
        if line.kind is not LineKind.ROUNDING:
            place = line.line_id if by_line and line.line_id and _named(line) else str(position)
            values[f"line {place}" if _named(line) else f"{line.kind} {place}"] = _line(line)
    return values


def _named(line: DocumentLine) -> bool:
    return line.kind is LineKind.PRODUCT


def _line(line: DocumentLine) -> str:
    text = f"{line.quantity.normalize():f} x {line.sku} {line.text}" if _named(line) else line.text
    return f"{' '.join(text.split())} = {line.amount.normalize():f}"


def _address(address: Address) -> str:
    parts = (
        address.name,
        address.company,
        address.street1,
        address.street2,
        f"{address.postcode} {address.city}".strip(),
        address.region,
        address.country,
        address.phone,
    )
    return ", ".join(part for part in parts if part)


def _words(draft: DocumentDraft) -> dict[str, str]:
    paid = sorted(
        f"{one.method} {one.amount.normalize():f} {one.state} {one.reference}".strip()
        for one in draft.payments
        if one.amount > 0  # what went back is a refund, a record of its own
    )
    return {
        "status": draft.native_status,
        "order": draft.order_state.value,
        "payment": draft.payment_state.value,
        "fulfilment": draft.fulfilment_state.value,
        _PAYMENTS: "; ".join(paid),
    }


_BLANKED = ("customer", "e-mail", "bill to", "ship to", "note")


def _differing(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[FieldChange, ...]:
    """A name or address that the cart has blanked (a deleted account) replaces nothing of ours (P20)."""
    names = [*before, *(name for name in after if name not in before)]
    return tuple(
        FieldChange(name, before.get(name, ""), after.get(name, ""))
        for name in names
        if before.get(name, "") != after.get(name, "") and not (name in _BLANKED and not after.get(name, ""))
    )


def _told(fields: tuple[FieldChange, ...]) -> str:
    shown = "; ".join(f"{one.name} {one.before or '–'} → {one.after or '–'}" for one in fields[:3])
    return f"{shown}; {len(fields) - 3} more" if len(fields) > 3 else shown
