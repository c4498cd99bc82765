"""What approving a PENDING document will do, worked out before anything is done: the preview and the deed are one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from cartui.domain.bundles import BundlePart
from cartui.domain.documents import Document, DocumentLine, DocumentStatus, Item
from cartui.domain.ids import DocumentId, ItemCode, ItemId
from cartui.domain.parts import open_quantities, total_of
from cartui.domain.posting import (
    AccountMap,
    StockKind,
    StockMove,
    Transfer,
    open_amount,
    post_document,
    post_stock,
)
from cartui.domain.records import LineKind
from cartui.domain.settings import DocumentKind

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class SoldPiece:
    """What a line of a posted document took from stock: `quantity` > 0 at `unit_cost` in `currency`."""

    position: int
    item_id: ItemId
    quantity: Decimal
    unit_cost: Decimal | None
    currency: str


@dataclass(frozen=True, slots=True)
class ApprovalGround:
    """What the books know that matters.

    items     our items by the codes on the lines, and by id those that are parts of bundles
    bundles   the parts of those items that are bundles
    accounts  by cart
    sources   credit notes: the document that is given back; `sold`: what it took from stock
    """

    items: Mapping[ItemCode, Item] = field(default_factory=dict)
    parts: Mapping[ItemId, Item] = field(default_factory=dict)
    bundles: Mapping[ItemId, Sequence[BundlePart]] = field(default_factory=dict)
    accounts: Mapping[int, AccountMap] = field(default_factory=dict)
    sources: Mapping[DocumentId, Document] = field(default_factory=dict)
    sold: Mapping[DocumentId, Sequence[SoldPiece]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Approval:
    """What one approval does. `problem` not "": it is refused, and nothing below holds.

    transfers  for the accounts (goods and stock together)
    moves      for the stock ledger; allocations: what a sales order keeps for its buyer
    owed_less  credit notes: how much less is owed on the invoice
    notes      sentences that a person should read before they agree
    """

    document: Document
    problem: str = ""
    remedy: str = ""
    transfers: tuple[Transfer, ...] = ()
    moves: tuple[StockMove, ...] = ()
    allocations: Mapping[ItemId, Decimal] = field(default_factory=dict)
    open_amount: Decimal = _ZERO
    owed_less: Decimal = _ZERO
    notes: tuple[str, ...] = ()


def plan_approval(document: Document, ground: ApprovalGround) -> Approval:
    """Work out one approval."""
    draft = document.draft
    if refused := _refusal(document, ground):
        return Approval(document, *refused)
    if draft.kind is DocumentKind.SALES_ORDER:
        wanted = allocations_of(draft.lines, ground)
        return Approval(document, allocations=wanted, notes=_notes(document, ground, wanted, verb="allocated"))
    accounts = ground.accounts.get(document.cart_id, AccountMap())
    source = ground.sources.get(document.source_id) if document.source_id is not None else None
    credit_note = draft.kind is DocumentKind.CREDIT_NOTE
    owed = max(_ZERO, source.open_amount) if source is not None and credit_note else _ZERO
    moves = _returns(document, source, ground) if credit_note else _sales(document, ground)
    posted = [*post_document(document, accounts, owed), *(one for move in moves for one in post_stock(move))]
    leaving = {} if credit_note else _sums(moves)
    return Approval(
        document,
        transfers=tuple(posted),
        moves=moves,
        open_amount=open_amount(document),
        owed_less=min(owed, draft.total),
        notes=_notes(document, ground, leaving, verb="on hand"),
    )


def _refusal(document: Document, ground: ApprovalGround) -> tuple[str, str] | None:
    draft = document.draft
    if document.status is not DocumentStatus.PENDING:
        return f"{document.name} is {document.status.value}.", "Only a PENDING document can be approved."
    if not draft.lines:
        return f"{document.name} has no lines.", "Add a line, or void it."
    if (sum_of_lines := total_of(draft.lines)) != draft.total:
        return (
            f"The lines of {document.name} add up to {sum_of_lines} {draft.currency}, its total is {draft.total}.",
            "Edit the lines until they agree.",
        )
    if draft.total < 0:
        return f"The total of {document.name} is negative.", "Make a credit note instead."
    source = ground.sources.get(document.source_id) if document.source_id is not None else None
    if document.source_id is not None and (source is None or source.status is not DocumentStatus.APPROVED):
        return f"What {document.name} was made from is not approved any more.", "Void it."
    return None


def explode(item: Item, quantity: Decimal, ground: ApprovalGround) -> list[tuple[Item, Decimal]]:
    """The items whose stock moves when `quantity` of this one does: itself, or the parts of a bundle."""
    parts = ground.bundles.get(item.item_id, ())
    if not parts:
        return [(item, quantity)]
    return [(ground.parts[p.part_id], _six(quantity * p.quantity)) for p in parts if p.part_id in ground.parts]


def allocations_of(
    lines: Sequence[DocumentLine], ground: ApprovalGround, still_open: Mapping[int, Decimal] | None = None
) -> dict[ItemId, Decimal]:
    """How many of each item an order keeps for its buyer; `still_open`: by position, None = all of it."""
    quantities = open_quantities(lines, {}) if still_open is None else still_open
    found: dict[ItemId, Decimal] = {}
    for position, line in enumerate(lines, 1):
        item = ground.items.get(line.item_code) if line.item_code is not None else None
        if item is None or line.default_item or quantities.get(position, _ZERO) <= 0:
            continue
        for one, quantity in explode(item, quantities[position], ground):
            found[one.item_id] = found.get(one.item_id, _ZERO) + quantity
    return found


def _sales(document: Document, ground: ApprovalGround) -> tuple[StockMove, ...]:
    """Goods leave. An item whose stock was never stated has none to keep (blank is not zero), nor has the default
    item."""
    moves = []
    for position, line in enumerate(document.draft.lines, 1):
        item = ground.items.get(line.item_code) if line.item_code is not None else None
        if line.kind is not LineKind.PRODUCT or item is None or line.default_item or not line.quantity:
            continue
        for one, quantity in explode(item, line.quantity, ground):
            if one.on_hand is not None:
                currency = one.currency or document.draft.currency
                reason = f"sold on {document.name}"
                moves.append(StockMove(one.item_id, StockKind.SALE, -quantity, reason, one.cost, currency, position))
    return tuple(moves)


def _returns(document: Document, source: Document | None, ground: ApprovalGround) -> tuple[StockMove, ...]:
    """What goes back on the shelf, at the cost at which it left."""
    if source is None:
        return ()
    pieces = ground.sold.get(source.document_id, ())
    moves = []
    for position, line in enumerate(document.draft.lines, 1):
        if line.kind is not LineKind.PRODUCT or not line.restock or line.source_position is None:
            continue
        whole = source.draft.lines[line.source_position - 1].quantity
        reason = f"returned by {document.name}"
        moves += [
            StockMove(
                piece.item_id,
                StockKind.RETURN,
                _six(piece.quantity * line.quantity / whole),
                reason,
                piece.unit_cost,
                piece.currency,
                position,
            )
            for piece in pieces
            if piece.position == line.source_position and whole
        ]
    return tuple(moves)


def _six(quantity: Decimal) -> Decimal:
    return quantity.quantize(Decimal("0.000001")).normalize() + _ZERO


def _sums(moves: Sequence[StockMove]) -> dict[ItemId, Decimal]:
    found: dict[ItemId, Decimal] = {}
    for move in moves:
        found[move.item_id] = found.get(move.item_id, _ZERO) - move.quantity
    return found


def _notes(
    document: Document, ground: ApprovalGround, leaving: Mapping[ItemId, Decimal], *, verb: str
) -> tuple[str, ...]:
    draft = document.draft
    notes = []
    if document.changed_in_cart:
        notes.append("The order was changed in the cart after it was imported.")
    if draft.default_item_lines:
        notes.append(f"{draft.default_item_lines} line(s) with the default item: no stock moves for them.")
    known = {item.item_id: item for item in (*ground.items.values(), *ground.parts.values())}
    for item_id, quantity in leaving.items():
        item = known[item_id]
        there = item.free if verb == "allocated" else item.on_hand
        if there is not None and there < quantity:
            what = "free" if verb == "allocated" else "on hand"
            notes.append(f"{item.code}: {quantity.normalize():f} wanted, {there.normalize():f} {what}.")
    return tuple(notes)
