"""What a cart holds, in cartui's words (FEATURES D; PAINS, "The field's terms"). Frozen values, built by adapters.

Times are aware UTC. Money is `Decimal` with the currency beside it, as the shop charged it, never recomputed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from cartui.domain.ids import CartBasketId, CartCustomerId, CartItemId, CartOrderId
from cartui.domain.quick_init import quick_init


class OrderState(StrEnum):
    DRAFT = "draft"
    OPEN = "open"
    ON_HOLD = "on_hold"
    CANCELLED = "cancelled"
    CLOSED = "closed"


class PaymentState(StrEnum):
    PENDING = "pending"
    AUTHORIZED = "authorized"
    PARTIALLY_PAID = "partially_paid"
    PAID = "paid"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    VOIDED = "voided"
    FAILED = "failed"
    EXPIRED = "expired"
    DISPUTED = "disputed"


class FulfilmentState(StrEnum):
    UNFULFILLED = "unfulfilled"
    IN_PROGRESS = "in_progress"
    PARTIALLY_SHIPPED = "partially_shipped"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    RETURNED = "returned"
    NOT_REQUIRED = "not_required"
    ON_HOLD = "on_hold"


class LineKind(StrEnum):
    """What a line of an order or document is for. DISCOUNT, COUPON, GIFT_CARD and STORE_CREDIT carry negative
    amounts."""

    PRODUCT = "product"
    SHIPPING = "shipping"
    DISCOUNT = "discount"
    COUPON = "coupon"
    FEE = "fee"
    GIFT_CARD = "gift_card"
    STORE_CREDIT = "store_credit"
    TIP = "tip"
    TAX = "tax"
    ROUNDING = "rounding"


@quick_init
@dataclass(frozen=True, slots=True)
class Address:
    """A postal address as the shop holds it; `country` is ISO 3166 alpha-2 where the shop knows it."""

    name: str = ""
    company: str = ""
    street1: str = ""
    street2: str = ""
    city: str = ""
    region: str = ""
    postcode: str = ""
    country: str = ""
    phone: str = ""


@quick_init
@dataclass(frozen=True, slots=True)
class OrderLine:
    """One amount of an order. The sum of `amount` over all lines, TAX lines included, is the order's total.

    amount      net of tax, signed, in the order's currency; on a TAX line the tax of one rate
    unit_price  net; quantity x unit_price is the amount but for the shop's rounding; None where not stated
    tax_rate    percent (20 = 20 %); tax_amount: the tax on this line as charged, for information, not added again
    gone        pieces that the cart keeps no more for the order: shipped, cancelled or given back; None: not told
    """

    kind: LineKind
    text: str
    amount: Decimal
    quantity: Decimal = Decimal(1)
    unit_price: Decimal | None = None
    tax_rate: Decimal | None = None
    tax_amount: Decimal | None = None
    item_id: CartItemId | None = None
    sku: str = ""
    line_id: str = ""
    gone: Decimal | None = None


@quick_init
@dataclass(frozen=True, slots=True)
class Payment:
    """Money the shop says it took (negative: gave back). `method` is the shop's code, `reference` the provider's."""

    method: str
    amount: Decimal
    state: PaymentState
    title: str = ""
    reference: str = ""
    paid_at: datetime | None = None


@quick_init
@dataclass(frozen=True, slots=True)
class Buyer:
    """Who ordered. `customer_id` is None for a guest."""

    customer_id: CartCustomerId | None
    email: str = ""
    first_name: str = ""
    last_name: str = ""
    company: str = ""
    phone: str = ""
    tax_number: str = ""

    @property
    def name(self) -> str:
        """The name a person would say: company, else first and last name, else the e-mail."""
        return self.company or f"{self.first_name} {self.last_name}".strip() or self.email


class RefundState(StrEnum):
    PENDING = "pending"  # asked for, the money has not gone back yet
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class RefundLine:
    """Part of a refund. `line_id` is the order line given back ("" = an amount that belongs to none, see `kind`);
    `amount` net and `tax_amount` are positive; `restock`: did the shop put it back on its shelf (None: not said)."""

    amount: Decimal
    kind: LineKind = LineKind.PRODUCT
    line_id: str = ""
    sku: str = ""
    text: str = ""
    quantity: Decimal = Decimal(0)
    tax_amount: Decimal = Decimal(0)
    restock: bool | None = None


@dataclass(frozen=True, slots=True)
class Refund:
    """Money given back on an order: a record of its own. `amount` is gross and positive; where the shop itemises it,
    the lines' amounts and taxes add up to it, else `lines` is empty."""

    refund_id: str
    refunded_at: datetime
    amount: Decimal
    state: RefundState = RefundState.DONE
    reason: str = ""
    lines: tuple[RefundLine, ...] = ()


@quick_init
@dataclass(frozen=True, slots=True)
class CartOrder:
    """A placed order. `modified_at` may lie (see the adapter's facts); `native_status` is the cart's own word.

    refunds          all refunds so far; the lines and the total stay as they were charged
    parent_id        the order this one was made from by an edit in the shop (Magento), "" = none
    tags             labels that the shop's staff put on it; customer_group: the buyer's group, as the shop names it
    """

    order_id: CartOrderId
    order_number: str
    placed_at: datetime
    modified_at: datetime
    currency: str
    total: Decimal
    lines: tuple[OrderLine, ...]
    native_status: str
    order_state: OrderState
    payment_state: PaymentState
    fulfilment_state: FulfilmentState
    buyer: Buyer
    billing_address: Address = Address()
    shipping_address: Address = Address()
    payments: tuple[Payment, ...] = ()
    shipping_method: str = ""
    note: str = ""
    refunds: tuple[Refund, ...] = ()
    parent_id: CartOrderId | None = None
    tags: tuple[str, ...] = ()
    customer_group: str = ""


@quick_init
@dataclass(frozen=True, slots=True)
class CartItem:
    """A sellable unit: a variant where the cart has variants. `stock` None: the cart does not track it."""

    item_id: CartItemId
    name: str
    modified_at: datetime
    sku: str = ""
    parent_id: str = ""
    variant: str = ""
    barcode: str = ""
    price: Decimal | None = None
    currency: str = ""
    stock: Decimal | None = None
    active: bool = True
    native: Mapping[str, str] = field(default_factory=dict)

    @property
    def full_name(self) -> str:
        """Name and variant, once: some carts' names say the variant already ("Mug Blue" of the variant "Blue")."""
        name, variant = (" ".join(text.replace(",", " ").split()) for text in (self.name, self.variant))
        told = not variant or f" {name}".casefold().endswith(f" {variant}".casefold())
        return self.name.strip() if told else f"{self.name} {self.variant}".strip()


@quick_init
@dataclass(frozen=True, slots=True)
class CartCustomer:
    """A customer account or guest record of the cart."""

    customer_id: CartCustomerId
    modified_at: datetime
    email: str = ""
    first_name: str = ""
    last_name: str = ""
    company: str = ""
    phone: str = ""
    tax_number: str = ""
    guest: bool = False
    addresses: tuple[Address, ...] = ()

    @property
    def name(self) -> str:
        """As `Buyer.name`."""
        return self.company or f"{self.first_name} {self.last_name}".strip() or self.email


class BasketStatus(StrEnum):
    OPEN = "open"
    LOST = "lost"
    EXPIRED = "expired"
    PURCHASED = "purchased"


@dataclass(frozen=True, slots=True)
class CartBasket:
    """A shopper's unfinished basket (OroCRM: shopping cart). `order_id`: the order that it became, where the cart
    says."""

    basket_id: CartBasketId
    modified_at: datetime
    created_at: datetime
    status: BasketStatus
    native_status: str
    currency: str
    total: Decimal
    lines: tuple[OrderLine, ...]
    buyer: Buyer
    order_id: CartOrderId | None = None


@dataclass(frozen=True, slots=True)
class ItemDraft:
    """An item to be made in the cart. `key` is our idempotency key and marker; `stock` None writes no stock."""

    key: str
    sku: str
    name: str
    price: Decimal | None
    currency: str
    barcode: str = ""
    stock: Decimal | None = None


@dataclass(frozen=True, slots=True)
class CustomerDraft:
    """A customer to be made in the cart; `key` as in `ItemDraft`."""

    key: str
    email: str
    first_name: str = ""
    last_name: str = ""
    company: str = ""
    phone: str = ""
    tax_number: str = ""
    address: Address | None = None


@dataclass(frozen=True, slots=True)
class StockWrite:
    """Set the absolute stock of an item; `expected` is what the cart showed when it was planned (None: not known)."""

    item_id: CartItemId
    quantity: Decimal
    expected: Decimal | None = None


class WriteState(StrEnum):
    DONE = "done"
    CONFLICT = "conflict"  # the cart's value was not the expected one: nothing written
    REFUSED = "refused"
    UNKNOWN = "unknown"  # no answer: may or may not be written


@dataclass(frozen=True, slots=True)
class StockResult:
    """The cart's answer to one `StockWrite`; `current` is what it holds now, where it says so."""

    item_id: CartItemId
    state: WriteState
    current: Decimal | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ShipmentLine:
    """How much of one order line goes with a shipment."""

    line_id: str
    quantity: Decimal
    sku: str = ""


@dataclass(frozen=True, slots=True)
class ShipmentDraft:
    """A shipment to be told to the cart.

    key          our marker; written into the shipment where the cart has a place for it
    lines        what is in the parcel; empty = all that is still open
    completes    nothing of the order remains to be shipped after this one
    carrier      the cart's own code of it, after the cart's carrier mapping; carrier_title: as a shopper reads it
    """

    key: str
    order_id: CartOrderId
    shipped_at: datetime
    completes: bool
    lines: tuple[ShipmentLine, ...] = ()
    carrier: str = ""
    carrier_title: str = ""
    tracking_number: str = ""
    tracking_url: str = ""
    notify_shopper: bool = False


@dataclass(frozen=True, slots=True)
class CartShipment:
    """A shipment that the cart holds; `key` is our marker where the cart kept it, "" where it can't. `finished` False:
    begun and not sent yet (a lost answer between two steps leaves it so); `create_shipment` goes on with it."""

    shipment_id: str
    tracking_number: str = ""
    carrier: str = ""
    key: str = ""
    lines: tuple[ShipmentLine, ...] = ()
    finished: bool = True


@dataclass(frozen=True, slots=True)
class NativeStatus:
    """One of the cart's own order statuses: its code (what is written) and its name."""

    code: str
    title: str
