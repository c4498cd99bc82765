"""The Shopping Cart document: one connected cart with its connection, dates and switches (documents/000, 001, 002)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from cartui.domain.ids import CartId, RecordKind
from cartui.domain.import_rules import ImportRule
from cartui.domain.outbox import OutboxKind


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


class StockNumber(StrEnum):
    """Which number of an item is sent as its stock (S123)."""

    ORDERABLE = "orderable"  # on hand - allocated - PENDING - waiting orders - buffer
    ON_HAND = "on_hand"  # what lies on the shelf, less the buffer


class StockRange(StrEnum):
    """Which of the linked items this cart's stock is sent for."""

    ALL = "all"
    LISTED = "listed"  # those marked for this cart
    QUERY = "query"  # those that `stock_query` finds (see `domain.plan_stock.in_query`)


class ReconcileWhen(StrEnum):
    """How often the whole of the last days is compared by itself, whatever the cart's dates say."""

    OFF = "off"
    DAILY = "daily"


class FieldOwner(StrEnum):
    """Who has the last word on a field that both sides may change (DESIGN rule 13)."""

    CART = "cart"
    SYSTEM = "system"
    NEWEST = "newest"
    ASK = "ask"  # changed on both sides: a person decides


OWNED_FIELDS: Mapping[RecordKind, tuple[str, ...]] = {
    RecordKind.ITEM: ("name", "barcode", "price"),
    RecordKind.CUSTOMER: ("first_name", "last_name", "company", "email", "phone", "tax_number"),
}


def owner_key(kind: RecordKind, field_name: str) -> str:
    """The name of a field in `CartSettings.field_owners`: "item.price"."""
    return f"{kind.value}.{field_name}"


@dataclass(frozen=True, slots=True)
class CartSettings:
    """What a person sets on the Auto-sync tab. The two dates are the *first* values a person gave (aware UTC): orders
    placed before `orders_from` are refused by the importer for ever; None = never set, and then nothing starts.
    Where the cursors stand is not here but in the books.

    sync_orders       Sync Orders (S121): off = orders are taken over by hand only
    to_cart_stock     Sync Inventory (S122); off = the 3PL case: somebody else keeps the shop's levels (S128)
    to_cart_tracking  Sync Tracking Data (S125)
    send_from_test    a cart that is marked test may send stock and tracking all the same (S127)
    stock_buffer      pieces kept back from this cart, where the item says nothing else
    stock_backorder   numbers below zero are sent as they are (whether the shop sells at zero is set in the shop, S124)
    field_owners      "item.price" -> owner, for fields that both sides may change
    carriers          our carrier -> the cart's own code of it; `default_carrier` where none is mapped
    shipped_status    the cart's own status of an order that has been sent whole, "" = left to the cart
    reconcile         how often the orders of the last days and the linked items are compared as a whole
    reconcile_full    once a week all orders since `orders_from` are compared so
    import_rules      which orders are imported, held, left alone; the first that matches decides, else the status
    """

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
    sync_orders: bool = True
    to_cart_tracking: bool = False
    send_from_test: bool = False
    stock_number: StockNumber = StockNumber.ORDERABLE
    stock_buffer: Decimal = Decimal(0)
    stock_backorder: bool = False
    stock_range: StockRange = StockRange.ALL
    stock_query: str = ""
    field_owners: Mapping[str, FieldOwner] = field(default_factory=dict)
    carriers: Mapping[str, str] = field(default_factory=dict)
    default_carrier: str = ""
    shipped_status: str = ""
    notify_shopper: bool = False
    import_rules: tuple[ImportRule, ...] = ()
    reconcile: ReconcileWhen = ReconcileWhen.DAILY
    reconcile_full: bool = True

    @property
    def sends(self) -> tuple[OutboxKind, ...]:
        """What leaves for the cart by itself while RUNNING. A test cart is sent no stock and no tracking unless the
        admin said so for it (S127)."""
        real = self.takes_stock
        switches = {
            OutboxKind.STOCK: self.to_cart_stock and real,
            OutboxKind.ITEM: self.to_cart_items,
            OutboxKind.CUSTOMER: self.to_cart_customers,
            OutboxKind.SHIPMENT: self.to_cart_tracking and real,
        }
        return tuple(kind for kind, on in switches.items() if on)

    @property
    def takes_stock(self) -> bool:
        """Whether stock and tracking may leave for this cart at all, by itself or by hand (S127)."""
        return self.live or self.send_from_test

    @property
    def both_ways(self) -> tuple[RecordKind, ...]:
        """The kinds that are changed in both directions, so that each field needs an owner."""
        ways = {
            RecordKind.ITEM: self.from_cart_items and self.to_cart_items,
            RecordKind.CUSTOMER: self.from_cart_customers and self.to_cart_customers,
        }
        return tuple(kind for kind, both in ways.items() if both)

    def owner(self, kind: RecordKind, field_name: str) -> FieldOwner:
        """Who owns a field: where one direction is on, its source; where both are, what was set (not set: a person is
        asked)."""
        if kind in self.both_ways:
            return self.field_owners.get(owner_key(kind, field_name), FieldOwner.ASK)
        sent = self.to_cart_items if kind is RecordKind.ITEM else self.to_cart_customers
        return FieldOwner.SYSTEM if sent else FieldOwner.ASK

    @property
    def unowned(self) -> tuple[str, ...]:
        """Fields that are changed in both directions and have no owner yet, as "item.price"."""
        keys = (owner_key(kind, name) for kind in self.both_ways for name in OWNED_FIELDS[kind])
        return tuple(key for key in keys if key not in self.field_owners)


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
