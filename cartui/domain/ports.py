"""The boundary to carts: what an adapter must offer, what it may offer, and what it declares about itself (DESIGN 5).

Every cart is a `Cart`. Every other ability is a role of its own; capabilities are derived from the roles that the
object really has, so that nothing can be announced that is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Generic, Protocol, TypeVar, runtime_checkable

from cartui.domain.ids import CartBasketId, CartCustomerId, CartItemId, CartOrderId, RecordKind
from cartui.domain.records import (
    CartBasket,
    CartCustomer,
    CartItem,
    CartOrder,
    CartShipment,
    CustomerDraft,
    ItemDraft,
    NativeStatus,
    ShipmentDraft,
    StockResult,
    StockWrite,
)
from cartui.domain.remedies import retry_held

R_co = TypeVar("R_co", covariant=True)


# --- what is read -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A row that could not be read as what it should be; it will be held with its raw body."""

    reason: str
    remedy: str = retry_held("Correct the record in the shop, or report it with the raw record")


@dataclass(frozen=True, slots=True)
class Received(Generic[R_co]):
    """One row as the cart sent it. `stamp` is the record time that the cursor of this kind runs on (aware UTC; None
    where a bad record has none that can be read); `raw` is the row's own body (UTF-8 JSON or XML), secrets already
    removed. `external_id` is never empty: an adapter gives a row without an id a hash of its body."""

    external_id: str
    stamp: datetime | None
    raw: bytes
    record: R_co | BadRecord


@dataclass(frozen=True, slots=True)
class Page(Generic[R_co]):
    """Rows of a listing, in the order they came.

    total        number of rows of the whole listing as the cart states it, None where it doesn't
    complete_to  every row of the listing with a stamp before this was delivered on this page or earlier ones: the
                 cursor may move there in the transaction that stores this page. None: nothing is proven yet.
                 It comes from the cart's record times or the cart's clock, never from ours.
    """

    rows: tuple[Received[R_co], ...]
    total: int | None = None
    complete_to: datetime | None = None


# --- what is declared -------------------------------------------------------------------------------------------------


class StockMeaning(StrEnum):
    FREE = "free"  # the number the cart takes is what may still be sold
    ON_HAND = "on_hand"  # it includes what is reserved for the cart's own open orders


@dataclass(frozen=True, slots=True)
class CartFacts:
    """What an adapter knows about its kind of cart; shown in the documentation, used by the planner.

    order_changes_seen  a later change of an order comes back from `iter_orders(since)`; if not, open orders are re-read
    overlap             how far before the cursor to read again (late rows, coarse stamps)
    prices_include_tax  what item prices are: True gross, False net, None: differs by shop
    idempotent_create   creating twice with one key makes one record
    partial_shipments   a shipment may hold part of an order; if not, it is told when the order is complete
    stock_rows          how many rows one `set_stock` is given: those of one request, or of a few seconds
    """

    page_size: int
    states_totals: bool
    order_changes_seen: bool
    stock_meaning: StockMeaning
    prices_include_tax: bool | None = None
    idempotent_create: bool = False
    partial_shipments: bool = True
    stock_rows: int = 20
    overlap: timedelta = timedelta(minutes=15)
    time_zone: str = "UTC"
    notes: tuple[str, ...] = ()


class Stage(StrEnum):
    """The stages of Test Connection, in their order."""

    ADDRESS = "Address"
    TLS = "TLS"
    REDIRECT = "Redirect"
    AUTHENTICATION = "Authentication"
    READ_RIGHTS = "Read rights"
    WRITE_RIGHTS = "Write rights"
    VERSION = "Version"
    CLOCK = "Clock"
    TIME_ZONE = "Time zone"
    FAR_FUTURE = "Date filter"


class Verdict(StrEnum):
    PASSED = "passed"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class StageResult:
    """One line of Test Connection. FAILED ends the test and carries the remedy."""

    stage: Stage
    verdict: Verdict
    detail: str
    remedy: str = ""


TEST_PASSED = "TEST PASSED: SUCCESSFULLY CONNECTED TO CART"  # word for word: documents/000


# --- the roles --------------------------------------------------------------------------------------------------------


@runtime_checkable
class Cart(Protocol):
    """What every adapter must do. Each method may raise `AbortCycleError` or `NeedsOperatorError`; an error is never
    an empty page. `iter_…` are lazy and end only when the cart says so; `since` is inclusive, None = everything."""

    @property
    def facts(self) -> CartFacts: ...
    def test_connection(self) -> Iterator[StageResult]: ...
    def iter_orders(self, since: datetime | None) -> Iterator[Page[CartOrder]]: ...
    def iter_items(self, since: datetime | None) -> Iterator[Page[CartItem]]: ...
    def close(self) -> None: ...


@runtime_checkable
class OrderReader(Protocol):
    """Read orders again by id. An id that the cart no longer has is absent from the answer."""

    def get_orders(self, ids: Sequence[CartOrderId]) -> Page[CartOrder]: ...


@runtime_checkable
class ItemReader(Protocol):
    def get_items(self, ids: Sequence[CartItemId]) -> Page[CartItem]: ...


@runtime_checkable
class CustomerSource(Protocol):
    def iter_customers(self, since: datetime | None) -> Iterator[Page[CartCustomer]]: ...


@runtime_checkable
class CustomerReader(Protocol):
    def get_customers(self, ids: Sequence[CartCustomerId]) -> Page[CartCustomer]: ...


@runtime_checkable
class BasketSource(Protocol):
    def iter_baskets(self, since: datetime | None) -> Iterator[Page[CartBasket]]: ...


@runtime_checkable
class ItemSink(Protocol):
    """Make and change items in the cart. `find_items` looks a draft up by its key (our marker) and by its SKU and is
    called before each create and after an unknown outcome; 0, 1 or many come back. `create_item` raises
    `HoldRecordError` (refused) or `UnknownOutcomeError` (no answer)."""

    def find_items(self, draft: ItemDraft) -> Sequence[CartItem]: ...
    def create_item(self, draft: ItemDraft) -> CartItemId: ...
    def update_item(self, item_id: CartItemId, changes: Mapping[str, str | Decimal]) -> None:
        """Write only `changes`: any of name (str), sku (str), barcode (str), price (Decimal)."""


@runtime_checkable
class CustomerSink(Protocol):
    """As `ItemSink`; a customer is looked up by key and by e-mail."""

    def find_customers(self, draft: CustomerDraft) -> Sequence[CartCustomer]: ...
    def create_customer(self, draft: CustomerDraft) -> CartCustomerId: ...
    def update_customer(self, customer_id: CartCustomerId, changes: Mapping[str, str]) -> None:
        """Write only `changes`: any of email, first_name, last_name, company, phone, tax_number."""


@runtime_checkable
class StockSink(Protocol):
    """Set absolute stock, many in one call; one result a row, in order."""

    def set_stock(self, writes: Sequence[StockWrite]) -> Sequence[StockResult]: ...


@runtime_checkable
class ShipmentSink(Protocol):
    """Tell the cart of shipments with their tracking, partial ones too. `find_shipments` is called before each create
    and after an unknown outcome: one with our key, or with the same tracking number, is ours. `create_shipment` writes
    the tracking before any change of status, and raises `HoldRecordError` (refused) or `UnknownOutcomeError`. Called
    twice with one draft it makes one shipment: the second call gives the first's id or is refused."""

    def find_shipments(self, order_id: CartOrderId) -> Sequence[CartShipment]: ...
    def create_shipment(self, draft: ShipmentDraft) -> str:
        """The id of the shipment in the cart."""


@runtime_checkable
class OrderStatusSink(Protocol):
    """Set an order's own status. Never to a paid one: a payment is the shop's word (FEATURES E); the list leaves those
    out, and a code that is not on it is refused."""

    def list_order_statuses(self) -> Sequence[NativeStatus]: ...
    def set_order_status(self, order_id: CartOrderId, code: str) -> None:
        """Writing the status it has already changes nothing. Errors as `ItemSink.create_item`."""


@runtime_checkable
class BasketReader(Protocol):
    """Read baskets again by id, as `OrderReader`."""

    def get_baskets(self, ids: Sequence[CartBasketId]) -> Page[CartBasket]: ...


@runtime_checkable
class BasketConverter(Protocol):
    """Place the order of an open basket in the cart. `key` as in `ItemDraft`; errors as `ItemSink.create_item`: a
    basket that is not open is refused, unless this key placed it. After an unknown outcome the basket is read again:
    *purchased* means that it was placed, and its `order_id` says where it went, where the cart tells."""

    def place_order(self, basket_id: CartBasketId, key: str) -> CartOrderId: ...


@runtime_checkable
class AdminPages(Protocol):
    """The address of the page of the shop's own back office where a person works on the record ("" = there is none).
    It is to be shown, never called; telling it may ask the cart once."""

    def admin_url(self, kind: RecordKind, external_id: str) -> str: ...


class Capability(StrEnum):
    """What a cart can do, as shown to a person and used to grey a control."""

    READ_CUSTOMERS = "list customers"
    READ_BASKETS = "list baskets"
    REREAD_ORDERS = "read one order again"
    REREAD_ITEMS = "read one item again"
    REREAD_CUSTOMERS = "read one customer again"
    WRITE_ITEMS = "create and update items"
    WRITE_CUSTOMERS = "create and update customers"
    WRITE_STOCK = "set stock"
    WRITE_SHIPMENTS = "send shipments with tracking"
    WRITE_ORDER_STATUS = "set order status"
    REREAD_BASKETS = "read one basket again"
    PLACE_ORDERS = "make a basket an order"
    ADMIN_PAGES = "link to its admin pages"


_ROLES: dict[Capability, type] = {
    Capability.READ_CUSTOMERS: CustomerSource,
    Capability.READ_BASKETS: BasketSource,
    Capability.REREAD_ORDERS: OrderReader,
    Capability.REREAD_ITEMS: ItemReader,
    Capability.REREAD_CUSTOMERS: CustomerReader,
    Capability.WRITE_ITEMS: ItemSink,
    Capability.WRITE_CUSTOMERS: CustomerSink,
    Capability.WRITE_STOCK: StockSink,
    Capability.WRITE_SHIPMENTS: ShipmentSink,
    Capability.WRITE_ORDER_STATUS: OrderStatusSink,
    Capability.REREAD_BASKETS: BasketReader,
    Capability.PLACE_ORDERS: BasketConverter,
    Capability.ADMIN_PAGES: AdminPages,
}


def capabilities_of(cart: type | Cart) -> frozenset[Capability]:
    """The capabilities that an adapter, given as its class or as an object, really has."""
    kind = cart if isinstance(cart, type) else type(cart)
    return frozenset(cap for cap, role in _ROLES.items() if issubclass(kind, role))


# --- how an adapter is found and opened -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Option:
    """A setting of its own that a kind of cart needs, declared once for the set-up screen, the command line and the
    documentation. A secret option is kept by reference like the password."""

    name: str
    title: str
    help: str
    required: bool = False
    default: str = ""
    secret: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Connection:
    """All that is needed to talk to one cart. `secret(name)` gives the text of a secret when it is needed ("password"
    is the main one) and raises `NeedsOperatorError` where the reference leads nowhere; it is never kept or printed.
    `read_only`: nothing that writes may leave; it is for the transport to see to."""

    cart_name: str
    url: str
    options: Mapping[str, str]
    secret: Callable[[str], str]
    allow_plain_http: bool = False
    now: Callable[[], datetime] | None = None
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class AdapterSpec:
    """What an entry point of the group `cartui.adapters` leads to."""

    cart_type: str
    title: str
    cart_class: type
    open: Callable[[Connection], Cart]
    url_help: str
    secret_title: str = "Password"  # noqa: S105 - a label
    options: tuple[Option, ...] = ()
    hidden: bool = False  # not offered under New

    @property
    def capabilities(self) -> frozenset[Capability]:
        return capabilities_of(self.cart_class)
