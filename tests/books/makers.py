"""Values for the tests, with what a test does not care about filled in."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from cartui.domain.documents import DocumentDraft, DocumentLine
from cartui.domain.ids import CartId, CartOrderId, Direction, ItemCode, RecordKind
from cartui.domain.ledger import CartRecord, JournalEntry
from cartui.domain.outcomes import RecordState
from cartui.domain.records import Address, FulfilmentState, LineKind, OrderState, PaymentState
from cartui.domain.settings import DocumentKind

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@dataclass
class HandClock:
    """A clock that moves when told."""

    now: datetime = START
    readings: int = field(default=0)

    def __call__(self) -> datetime:
        self.readings += 1
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def a_line(amount: str = "10.00", quantity: str = "1", code: str | None = None, **more: Any) -> DocumentLine:
    return DocumentLine(
        kind=more.pop("kind", LineKind.PRODUCT),
        text=more.pop("text", "A thing"),
        amount=Decimal(amount),
        quantity=Decimal(quantity),
        item_code=None if code is None else ItemCode(code),
        **more,
    )


def a_draft(external_id: str = "1", *lines: DocumentLine, **more: Any) -> DocumentDraft:
    values: dict[str, Any] = {
        "kind": DocumentKind.SALES_ORDER,
        "external_id": CartOrderId(external_id),
        "order_number": f"10{external_id}",
        "placed_at": START,
        "customer_name": "Ada Lovelace",
        "email": "ada@example.com",
        "currency": "EUR",
        "total": Decimal("10.00"),
        "lines": lines or (a_line(),),
        "native_status": "processing",
        "order_state": OrderState.OPEN,
        "payment_state": PaymentState.PAID,
        "fulfilment_state": FulfilmentState.UNFULFILLED,
        "billing_address": Address(name="Ada", city="London"),
        "shipping_address": Address(name="Ada", city="London"),
    }
    return DocumentDraft(**(values | more))


def a_record(external_id: str = "1", **more: Any) -> CartRecord:
    values: dict[str, Any] = {
        "kind": RecordKind.ORDER,
        "external_id": external_id,
        "label": f"10{external_id}",
        "stamp": START,
        "fingerprint": "f1",
        "state": RecordState.IMPORTED,
    }
    return CartRecord(**(values | more))


def an_entry(cart_id: CartId, external_id: str = "1", at: datetime = START, **more: Any) -> JournalEntry:
    values: dict[str, Any] = {
        "actor": "ada@host",
        "direction": Direction.IMPORT,
        "kind": RecordKind.ORDER,
        "action": "create",
    }
    return JournalEntry(cart_id=cart_id, at=at, external_id=external_id, **(values | more))
