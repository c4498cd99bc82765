"""What people do about a basket (OroCRM: shopping cart), apart from what the cart says of it (FEATURES, decision 7).

The cart's *status* (open, lost, expired, purchased) is the cart's word. The *step* is our workflow and never mixed with
it: a basket can be Contacted and still open (S107).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from cartui.domain.ids import CartOrderId, DocumentId
from cartui.domain.records import BasketStatus, CartBasket, LineKind


class BasketStep(StrEnum):
    OPEN = "open"
    CONTACTED = "contacted"
    ABANDONED = "abandoned"
    CONVERTED = "converted"


class NoteKind(StrEnum):
    NOTE = "note"
    CALL = "call"
    TASK = "task"


@dataclass(frozen=True, slots=True)
class BasketNote:
    """A note, a call that was made, or a task; `due_on` and `done_at` are for tasks."""

    note_id: int
    kind: NoteKind
    text: str
    at: datetime
    actor: str
    due_on: date | None = None
    done_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class BasketCare:
    """All that people did about one basket. `order_id`, `document_id`: what it led to. `version` 0: nothing yet."""

    step: BasketStep = BasketStep.OPEN
    order_id: CartOrderId | None = None
    document_id: DocumentId | None = None
    version: int = 0
    changed_at: datetime | None = None
    changed_by: str = ""
    notes: tuple[BasketNote, ...] = ()


def why_not_converted(basket: CartBasket, care: BasketCare) -> str | None:
    """Why a basket can't become an order (S106: only while Open), as a sentence; None: it can."""
    if care.document_id is not None or care.order_id is not None:
        return "It was made an order already."
    if basket.status is not BasketStatus.OPEN:
        return f"It is {basket.status} in the cart ({basket.native_status}); only an open basket becomes an order."
    if not any(line.kind is LineKind.PRODUCT for line in basket.lines):
        return "It is empty."
    return None


def basket_goods(basket: CartBasket) -> str:
    """What is in it, in words: "2 x Mug red, Tea"."""
    goods = [line for line in basket.lines if line.kind is LineKind.PRODUCT]
    return ", ".join(
        line.text if line.quantity == 1 else f"{line.quantity.normalize():f} x {line.text}" for line in goods
    )


def basket_pieces(basket: CartBasket) -> str:
    """How many pieces are in it."""
    pieces = sum(line.quantity for line in basket.lines if line.kind is LineKind.PRODUCT)
    return f"{pieces.normalize():f}" if pieces else "0"
