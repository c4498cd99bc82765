"""What stands on the pages of the document and record screens, as lines for a width. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from cartui.domain.documents import Customer, Document, DocumentLine, Item
from cartui.domain.ledger import CartRecord, JournalEntry
from cartui.domain.money import MoneyProof, ProofState, format_amount
from cartui.domain.outcomes import RecordState
from cartui.domain.records import Address, LineKind
from cartui.domain.safe_text import safe_text
from cartui.screens.glyphs import GLYPHS
from cartui.screens.sheet import Line, Piece, Tone, heading, indented, pair, wrapped
from cartui.screens.stock_proof import stock_lines
from cartui.screens.times import show_time
from cartui.sync.documents import DocumentView
from cartui.sync.records import OurRecordView, RecordView
from cartui.widgets.cell_text import fit

PROOF: dict[ProofState, tuple[str, Tone]] = {
    ProofState.EXACT: (f"{GLYPHS.passed} The lines add up to the total exactly.", "good"),
    ProofState.ROUNDED: (f"{GLYPHS.passed} The lines add up to the total with the rounding line.", "good"),
    ProofState.UNEXPLAINED: (f"{GLYPHS.failed} The lines do not add up to the total.", "bad"),
}
_AMOUNT = 13
_ELLIPSIS = "…" if GLYPHS.bar != "#" else "~"


def words(state: str) -> str:
    """A state as a person reads it: "partially_paid" -> "partially paid"."""
    return state.replace("_", " ")


# --- a document -------------------------------------------------------------------------------------------------------


def document_lines(view: DocumentView, width: int) -> list[Line]:
    """Header, customer, addresses, lines, proof of the total, payments."""
    document = view.document
    lines = [*_header(document, width), *_customer(document, width)]
    lines += [*heading("Lines"), *_line_table(document, width), *proof_lines(view.proof, width)]
    return [*lines, *_payments(document, width), *_made_of_it(view, width), *_audit(view, width)]


def _made_of_it(view: DocumentView, width: int) -> list[Line]:
    """What it came from, what was made of it, what was shipped."""
    lines: list[Line] = []
    if view.source is not None:
        lines += pair("Made from", f"{view.source.draft.kind.label} {view.source.name}", width)
    for one in view.made:
        lines += pair("Made of it", f"{one.draft.kind.label} {one.name}  {one.status.value}", width)
    for shipment in view.shipments:
        what = ", ".join(f"{quantity.normalize():f} of line {at}" for at, quantity in shipment.lines.items())
        tracking = f"{shipment.carrier} {shipment.tracking_number}".strip()
        told = f"{show_time(shipment.shipped_at)}  {what}  {tracking}"
        lines += pair(f"Shipment {shipment.shipment_id}", told, width)
    rest = _back_order(view)
    if view.shipments and rest:
        lines += pair("On back-order", rest, width, "warning")
    return [*heading("Orders, invoices, shipments"), *lines] if lines else []


def _back_order(view: DocumentView) -> str:
    left = {
        at: line.quantity - view.shipped.get(at, Decimal(0))
        for at, line in enumerate(view.document.draft.lines, 1)
        if line.kind is LineKind.PRODUCT and not view.document.closed
    }
    return ", ".join(f"{quantity.normalize():f} of line {at}" for at, quantity in left.items() if quantity > 0)


def _audit(view: DocumentView, width: int) -> list[Line]:
    """Who did what, and when, the newest first."""
    lines: list[Line] = []
    for one in reversed(view.audit):
        changed = f" {one.field}: {one.before or '–'} {GLYPHS.arrow} {one.after or '–'}" if one.field else ""
        lines += pair(show_time(one.at), f"{one.action}{changed}  ({one.actor})", width, room=18)
    return [*heading("What was done to it"), *lines] if lines else []


def _header(document: Document, width: int) -> list[Line]:
    draft = document.draft
    states = f"{draft.native_status} (order {words(draft.order_state)}, payment {words(draft.payment_state)}, "
    states += f"{words(draft.fulfilment_state)})"
    lines: list[Line] = []
    if document.changed_in_cart:
        lines += [
            (("! The order was changed in the cart after it was imported. ", "warning"), ("r reads it.", "quiet"))
        ]
    if draft.default_item_lines:
        count = draft.default_item_lines
        told = f"! {count} line{'s' if count != 1 else ''} with the default item: no item of ours has the shop's SKU."
        lines += [((fit(told, width, "left", _ELLIPSIS).rstrip(), "warning"),)]
    lines += pair("Document", f"{document.number}  {draft.kind.label}  {document.status.value}", width, "strong")
    lines += _posted(document, width)
    lines += pair("Order", f"{draft.order_number} (id {draft.external_id})", width)
    lines += pair("Placed", show_time(draft.placed_at, seconds=True), width)
    lines += pair("Imported", show_time(document.created_at, seconds=True), width)
    lines += pair("In the cart", states, width)
    lines += pair("Total", f"{format_amount(draft.total, draft.currency)} {draft.currency}", width, "strong")
    if draft.shipping_method:
        lines += pair("Shipping by", draft.shipping_method, width)
    return lines + (pair("Note", draft.note, width) if draft.note else [])


def _posted(document: Document, width: int) -> list[Line]:
    lines: list[Line] = []
    if document.posted_number and document.approved_at is not None:
        when = show_time(document.approved_at)
        lines += pair("Approved", f"as {document.posted_number}, {when} by {document.approved_by}", width)
    if document.void_reason:
        lines += pair("Void because", document.void_reason, width)
    if document.closed:
        lines += pair("Closed", "the remainder will not be delivered", width)
    if document.open_amount:
        currency = document.draft.currency
        lines += pair("Open", f"{format_amount(document.open_amount, currency)} {currency}", width, "warning")
    return lines


def _customer(document: Document, width: int) -> list[Line]:
    draft = document.draft
    code = f"{document.customer_code}  " if document.customer_code else ""
    lines = [*heading("Customer"), *pair("Customer", f"{code}{draft.customer_name}", width)]
    lines += pair("E-mail", draft.email, width)
    half = (width - 2) // 2
    billing = ["Billing address", *address_lines(draft.billing_address, half)]
    shipping = ["Shipping address", *address_lines(draft.shipping_address, half)]
    if draft.shipping_address == draft.billing_address:
        shipping = ["Shipping address", "the same"]
    for at in range(max(len(billing), len(shipping))):
        tone: Tone = "quiet" if at == 0 else "plain"
        left, right = (texts[at] if at < len(texts) else "" for texts in (billing, shipping))
        lines.append(((fit(left, half, "left", _ELLIPSIS) + "  ", tone), (fit(right, half, "left", _ELLIPSIS), tone)))
    return lines


def address_lines(address: Address, width: int) -> list[str]:
    """As on an envelope; `width` cuts long words."""
    town = " ".join(part for part in (address.postcode, address.city) if part)
    place = ", ".join(part for part in (town, address.region, address.country) if part)
    parts = (address.name, address.company, address.street1, address.street2, place, address.phone)
    return [line for part in parts if part for line in wrapped(safe_text(part, 200), width)] or ["–"]


def _line_table(document: Document, width: int) -> list[Line]:
    currency = document.draft.currency
    text_room = max(10, width - 10 - 16 - 8 - _AMOUNT - (_AMOUNT if width >= 90 else 0))

    def row(kind: str, code: str, text: str, quantity: str, price: str, amount: str) -> str:
        prices = fit(price, _AMOUNT, "right", _ELLIPSIS) if width >= 90 else ""
        return (
            fit(kind, 9, "left", _ELLIPSIS)
            + " "
            + fit(code, 15, "left", _ELLIPSIS)
            + " "
            + fit(text, text_room, "left", _ELLIPSIS)
            + fit(quantity, 8, "right", _ELLIPSIS)
            + prices
            + fit(amount, _AMOUNT, "right", _ELLIPSIS)
        )

    lines: list[Line] = [((row("Kind", "Item Code", "Text", "Qty", "Unit price", "Amount"), "quiet"),)]
    for one in document.draft.lines:
        price = format_amount(one.unit_price, currency) if one.unit_price is not None else ""
        quantity = f"{one.quantity.normalize():f}" if one.kind is LineKind.PRODUCT else ""
        told = row(words(one.kind), one.item_code or "", one.text, quantity, price, format_amount(one.amount, currency))
        lines.append(((told, "warning" if one.default_item else "plain"),))
        if note := _line_note(one, currency):
            lines.append(((" " * 26 + fit(note, width - 26, "left", _ELLIPSIS).rstrip(), "quiet"),))
    return lines


def _line_note(line: DocumentLine, currency: str) -> str:
    notes = []
    if line.default_item:
        notes.append(f"default item, the shop's SKU is {line.sku or 'empty'}")
    elif line.sku and line.sku != line.item_code:
        notes.append(f"SKU {line.sku}")
    if line.tax_rate is not None and line.kind is not LineKind.TAX:
        amount = f" = {format_amount(line.tax_amount, currency)}" if line.tax_amount is not None else ""
        notes.append(f"tax {line.tax_rate.normalize():f} %{amount}")
    return ", ".join(notes)


def proof_lines(proof: MoneyProof, width: int) -> list[Line]:
    """The money proof: the sum of each kind of line, and how they make the total (N10)."""

    def row(name: str, amount: Decimal, tone: Tone = "plain") -> Line:
        told: Piece = (f"{name:<24}", "quiet" if tone == "plain" else tone)
        return (told, (f"{format_amount(amount, proof.currency):>{_AMOUNT}} {proof.currency}", tone))

    sums = sum((amount for _, amount in proof.sums), Decimal(0))
    lines = [*heading("Proof of the total"), *(row(words(kind), amount) for kind, amount in proof.sums)]
    lines += [row("sum of the lines", sums), row("total of the order", proof.total, "strong")]
    rounding = proof.state is ProofState.ROUNDED
    tone: Tone = "bad" if proof.state is ProofState.UNEXPLAINED else "plain"
    lines.append(row("difference: rounding" if rounding else "difference", proof.difference, tone))
    told, tone = PROOF[proof.state]
    allowed = f"Rounding can explain up to {format_amount(proof.tolerance, proof.currency)} {proof.currency}."
    lines += [((told, tone),), ((allowed, "quiet"),)]
    return lines + [((line, "bad"),) for line in wrapped(proof.problem, width)]


def _payments(document: Document, width: int) -> list[Line]:
    lines = heading("Payments")
    currency = document.draft.currency
    for one in document.draft.payments:
        told = f"{format_amount(one.amount, currency)} {currency}  {words(one.state)}  {one.title or one.method}"
        told += f"  {one.reference}" if one.reference else ""
        lines += pair(show_time(one.paid_at) or "time not told", told, width, room=18)
    return lines if document.draft.payments else [*lines, (("The shop told of none.", "quiet"),)]


# --- records ----------------------------------------------------------------------------------------------------------


def record_lines(view: RecordView, width: int) -> list[Line]:
    """A record of the cart: what became of it, its history, its raw body."""
    lines = pair("Id in the cart", view.external_id, width)
    lines += pair("State", _state_words(view.known), width, "strong")
    held = view.known is not None and view.known.state is RecordState.HELD
    if view.known is not None and view.known.reason:
        lines += pair("Reason", view.known.reason, width, "warning" if held else "plain")
    if view.known is not None and view.known.remedy:
        lines += pair("Remedy", view.known.remedy, width, "strong")
    if view.problem:
        lines += pair("Can't be read", view.problem, width, "bad")
    return [*lines, *history_lines(view.history, width), *raw_lines(view.raw, width)]


def _state_words(known: CartRecord | None) -> str:
    if known is None:
        return "new: the system knows nothing of it"
    told = words(known.state)
    return f"{told} ({known.evidence})" if known.evidence else told


def history_lines(history: Sequence[JournalEntry], width: int) -> list[Line]:
    """What was done to it, newest first; nothing where nothing was."""
    lines = heading("History") if history else []
    for entry in history:
        told = f"{entry.direction} {entry.action} ({entry.state}) by {entry.actor}"
        reason = entry.detail.get("reason", "")
        lines += pair(show_time(entry.at), f"{told}: {reason}" if reason else told, width, room=18)
    return lines


def raw_lines(raw: str, width: int) -> list[Line]:
    """The record as the cart sent it."""
    lines = heading("As the cart sent it")
    told = wrapped(indented(raw), width)
    return [*lines, *(((line, "plain"),) for line in told or ["It was not kept."])]


def our_lines(view: OurRecordView, width: int) -> list[Line]:
    """An item or customer of the system with its links; for items the arithmetic of the stock (N11)."""
    record = view.record
    lines = _item(record, view.pending, width) if isinstance(record, Item) else _our_customer(record, width)
    lines += heading("In this cart")
    for link in view.links:
        told = f"{link.label}  ({_state_words(link)})"
        lines += pair(f"id {safe_text(link.external_id, 14)}", told, width, room=20)
    if view.stock is not None:
        lines += stock_lines(view.stock, width)
    return lines if view.links else [*lines, (("Not linked.", "quiet"),)]


def _item(item: Item, pending: Decimal, width: int) -> list[Line]:
    def amount(value: Decimal | None) -> str:
        return "" if value is None else f"{format_amount(value, item.currency)} {item.currency}".rstrip()

    lines = [*pair("Item Code", item.code, width, "strong"), *pair("Name", item.name, width)]
    lines += [*pair("Barcode", item.barcode, width), *pair("Price", amount(item.price), width)]
    lines += [*pair("Cost", amount(item.cost), width), *heading("Stock")]
    if item.on_hand is None or item.free is None:
        return [*lines, (("Stock was never stated: blank is not zero.", "quiet"),)]
    on_hand, allocated, free = (f"{one.normalize():f}" for one in (item.on_hand, item.allocated, item.free))
    lines.append(((f"{on_hand} on hand - {allocated} allocated = {free} free", "plain"),))
    if pending:
        lines.append(((f"{pending.normalize():f} more stand on PENDING documents", "quiet"),))
    return lines


def _our_customer(customer: Customer, width: int) -> list[Line]:
    lines = [*pair("Code", customer.code, width, "strong"), *pair("Name", customer.name, width)]
    lines += [*pair("E-mail", customer.email, width), *pair("Phone", customer.phone, width)]
    lines += [*pair("Tax number", customer.tax_number, width), *pair("Guest", "yes" if customer.guest else "no", width)]
    for address in customer.addresses:
        lines += [*heading("Address"), *(((line, "plain"),) for line in address_lines(address, width))]
    return lines
