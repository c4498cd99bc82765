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
from cartui.domain.quick_init import quick_init
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


@quick_init
@dataclass(frozen=True, slots=True)
class DocumentLine:
    """As `OrderLine`, with our item beside the shop's words. `default_item`: no item of ours matched, the default item
    stands in and the shop's SKU and text are kept (S076).

    source_position  the line (1, 2, …) of the document that this one was made from
    restock          credit notes: the goods go back on the shelf
    """

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
    line_id: str = ""
    source_position: int | None = None
    restock: bool = True


@quick_init
@dataclass(frozen=True, slots=True)
class DocumentDraft:
    """A document that an import is about to write; status PENDING is implied. `past`: dealt with elsewhere, kept for
    the record; it is APPROVED and closed at once without a number, posts nothing and moves nothing."""

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
    past: bool = False

    @property
    def default_item_lines(self) -> int:
        """How many lines need an item assigned."""
        return sum(line.default_item for line in self.lines)


@dataclass(frozen=True, slots=True)
class Document:
    """A stored document with its lines. `changed_in_cart`: the order changed in the cart after it was imported.

    posted_number  the gap-free number given at approval (INV-2026-00001), "" before
    source_id      the document that this one was made from: an invoice's order, a credit note's invoice
    open_amount    what the customer still owes on it (approved invoices)
    closed         an approved order whose remainder will not be delivered
    exchange_rate  what one unit of `currency` is worth in the books' own, as the shop or a person said
    """

    document_id: DocumentId
    number: DocumentNumber
    status: DocumentStatus
    cart_id: CartId
    customer_id: CustomerId | None
    customer_code: CustomerCode | None
    created_at: datetime
    changed_in_cart: bool
    draft: DocumentDraft
    version: int = 1
    posted_number: str = ""
    approved_at: datetime | None = None
    approved_by: str = ""
    source_id: DocumentId | None = None
    void_reason: str = ""
    open_amount: Decimal = Decimal(0)
    closed: bool = False
    exchange_rate: Decimal | None = None

    @property
    def name(self) -> str:
        """What a person calls it: its posted number, else the one it got when it was made."""
        return self.posted_number or self.number


@dataclass(frozen=True, slots=True)
class Item:
    """An item of the system. `on_hand` None: stock never stated. `version` rises with each save. `tax_class` is the
    merchant's own word; at or below `reorder_level` (None: not watched) the item is to be ordered."""

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
    tax_class: str = ""
    reorder_level: Decimal | None = None

    @property
    def free(self) -> Decimal | None:
        """Free stock = on hand - allocated; None where stock was never stated."""
        return None if self.on_hand is None else self.on_hand - self.allocated


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer of the system. `guest`: made from a guest order, kept apart from registered ones. `more_emails` and
    `more_phones` are beside the first ones; orders and customers are found by each of the e-mails."""

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
    more_emails: tuple[str, ...] = ()
    more_phones: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """As `Buyer.name`."""
        return self.company or f"{self.first_name} {self.last_name}".strip() or self.email
