"""The system's side as values: items, customers and sales documents. Money is `Decimal` with the currency beside it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from cartui.domain.ids import (
    CartId,
    CartOrderId,
    CustomerCode,
    CustomerId,
    DocumentId,
    DocumentNumber,
    ItemCode,
    ItemId,
)
from cartui.domain.records import (
    Address,
    FulfilmentState,
    LineKind,
    OrderState,
    Payment,
    PaymentState,
)
from cartui.domain.settings import DocumentKind


class DocumentStatus(StrEnum):
    """PENDING posts nothing and moves no stock; only an explicit Approve does (FEATURES, decision 1)."""

    PENDING = "PENDING"
    APPROVED = "APPROVED"
    VOID = "VOID"


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """As `OrderLine`, with our item beside the shop's words. `default_item`: no item of ours matched, the default item
    stands in and the shop's SKU and text are kept (S076)."""

    kind: LineKind
    text: str
    amount: Decimal
    quantity: Decimal = Decimal(1)
    unit_price: Decimal | None = None
    tax_rate: Decimal | None = None
    tax_amount: Decimal | None = None
    item_code: ItemCode | None = None
    sku: str = ""
    default_item: bool = False


@dataclass(frozen=True, slots=True)
class DocumentDraft:
    """A document that an import is about to write; status PENDING is implied."""

    kind: DocumentKind
    external_id: CartOrderId
    order_number: str
    placed_at: datetime
    customer_name: str
    email: str
    currency: str
    total: Decimal
    lines: tuple[DocumentLine, ...]
    native_status: str
    order_state: OrderState
    payment_state: PaymentState
    fulfilment_state: FulfilmentState
    billing_address: Address
    shipping_address: Address
    payments: tuple[Payment, ...] = ()
    shipping_method: str = ""
    note: str = ""

    @property
    def default_item_lines(self) -> int:
        """How many lines need an item assigned."""
        return sum(line.default_item for line in self.lines)


@dataclass(frozen=True, slots=True)
class Document:
    """A stored document with its lines. `changed_in_cart`: the order changed in the cart after it was imported."""

    document_id: DocumentId
    number: DocumentNumber
    status: DocumentStatus
    cart_id: CartId
    customer_id: CustomerId | None
    customer_code: CustomerCode | None
    created_at: datetime
    changed_in_cart: bool
    draft: DocumentDraft


@dataclass(frozen=True, slots=True)
class Item:
    """An item of the system. `on_hand` None: stock never stated. `version` rises with each save."""

    item_id: ItemId
    code: ItemCode
    name: str
    barcode: str = ""
    cost: Decimal | None = None
    price: Decimal | None = None
    currency: str = ""
    on_hand: Decimal | None = None
    allocated: Decimal = Decimal(0)
    is_default: bool = False
    version: int = 1

    @property
    def free(self) -> Decimal | None:
        """Free stock = on hand - allocated; None where stock was never stated."""
        return None if self.on_hand is None else self.on_hand - self.allocated


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer of the system. `guest`: made from a guest order, kept apart from registered ones."""

    customer_id: CustomerId
    code: CustomerCode
    first_name: str = ""
    last_name: str = ""
    company: str = ""
    email: str = ""
    phone: str = ""
    tax_number: str = ""
    guest: bool = False
    addresses: tuple[Address, ...] = ()
    version: int = 1

    @property
    def name(self) -> str:
        """As `Buyer.name`."""
        return self.company or f"{self.first_name} {self.last_name}".strip() or self.email
