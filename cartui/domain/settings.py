"""The Shopping Cart document: one connected cart with its connection, dates and switches (documents/000, 001, 002)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from cartui.domain.ids import CartId


class DocumentKind(StrEnum):
    CASH_SALE = "cash_sale"
    SALES_ORDER = "sales_order"
    SALES_INVOICE = "sales_invoice"
    CREDIT_NOTE = "credit_note"

    @property
    def label(self) -> str:
        """As the manual writes it: "Cash Sale"."""
        return " ".join(word.capitalize() for word in self.value.split("_"))


IMPORT_KINDS = (DocumentKind.CASH_SALE, DocumentKind.SALES_ORDER, DocumentKind.SALES_INVOICE)


class SyncStatus(StrEnum):
    STOPPED = "STOPPED"
    RUNNING = "RUNNING"


@dataclass(frozen=True, slots=True)
class CartSettings:
    """What a person sets on the Auto-sync tab. The two dates are the *first* values a person gave (aware UTC): orders
    placed before `orders_from` are refused by the importer for ever; None = never set, and then nothing starts.
    Where the cursors stand is not here but in the books."""

    import_orders_as: DocumentKind = DocumentKind.SALES_ORDER
    orders_from: datetime | None = None
    updates_from: datetime | None = None
    from_cart_customers: bool = False
    from_cart_items: bool = False
    to_cart_customers: bool = False
    to_cart_stock: bool = False
    to_cart_items: bool = False
    poll_minutes: int = 10
    live: bool = True


@dataclass(frozen=True, slots=True)
class CartConnection:
    """How the cart is reached. `secret_refs` maps a secret's name to a reference (`env:VAR`, `file:PATH`,
    `command:CMD`, `credential:NAME`), never to the secret itself."""

    cart_type: str
    url: str
    options: Mapping[str, str] = field(default_factory=dict)
    secret_refs: Mapping[str, str] = field(default_factory=dict)
    allow_plain_http: bool = False


@dataclass(frozen=True, slots=True)
class CartDocument:
    """One row of Shopping Carts. `tested_fingerprint` is the connection's fingerprint when its test last passed: any
    later change of the connection makes it untested. `version` rises with each save (two admins, one document)."""

    cart_id: CartId
    name: str
    connection: CartConnection
    settings: CartSettings
    status: SyncStatus = SyncStatus.STOPPED
    stop_reason: str = ""
    tested_at: datetime | None = None
    tested_fingerprint: str = ""
    next_cycle_at: datetime | None = None
    version: int = 1
