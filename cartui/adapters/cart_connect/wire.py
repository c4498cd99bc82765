"""The shapes of Cart Connect's answers, as far as they are used (docs/cart-connect.openapi.yaml). Strict: an amount
that comes as a number is refused; what is not named here is ignored."""

from __future__ import annotations

from typing import NotRequired

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

from cartui.domain.ports import StockMeaning

_strict = with_config(ConfigDict(strict=True))


@_strict
class AddressRow(TypedDict):
    name: str | None
    company: str | None
    street1: str | None
    street2: str | None
    city: str | None
    region: str | None
    postcode: str | None
    country: str | None
    phone: str | None


@_strict
class BuyerRow(TypedDict):
    customer_id: str | None
    email: str
    first_name: str
    last_name: str
    company: str | None
    phone: str | None
    tax_number: str | None


@_strict
class BasketLineRow(TypedDict):
    line_id: str
    item_id: str | None
    sku: str | None
    name: str
    quantity: str
    unit_price: str


@_strict
class OrderLineRow(BasketLineRow):
    kind: str
    net_amount: str
    tax_amount: str
    tax_rate_percent: str | None


@_strict
class TaxRow(TypedDict):
    name: str
    rate_percent: str | None
    amount: str


@_strict
class PaymentRow(TypedDict):
    method: str
    state: str
    amount: str
    paid_at: str | None
    reference: str | None


@_strict
class RefundLineRow(TypedDict):
    line_id: str | None
    quantity: str
    net_amount: str
    tax_amount: str
    restocked: bool | None


@_strict
class RefundRow(TypedDict):
    refund_id: str
    refunded_at: str
    amount: str
    reason: str | None
    state: NotRequired[str]  # since 1.1
    lines: NotRequired[list[RefundLineRow]]  # since 1.1


@_strict
class ShippedLineRow(TypedDict):
    line_id: str
    quantity: str


@_strict
class ShipmentRow(TypedDict):
    shipment_id: str
    carrier: str
    tracking_number: str | None
    external_key: str | None
    lines: list[ShippedLineRow]


@_strict
class SoldLineRow(TypedDict):
    line_id: str
    kind: str
    quantity: str


@_strict
class ShippedRow(TypedDict):
    """Of an order, what is needed to ship it."""

    order_id: str
    lines: list[SoldLineRow]
    shipments: list[ShipmentRow]


@_strict
class OrderRow(TypedDict):
    order_id: str
    order_number: str
    placed_at: str
    modified_at: str
    status: str
    order_state: str
    payment_state: str
    fulfilment_state: str
    currency: str
    prices_include_tax: bool
    total: str
    lines: list[OrderLineRow]
    taxes: list[TaxRow]
    payments: list[PaymentRow]
    refunds: list[RefundRow]
    shipping_method: str | None
    buyer: BuyerRow
    billing_address: AddressRow | None
    shipping_address: AddressRow | None
    note: str | None
    parent_id: NotRequired[str | None]  # since 1.1, as the two below
    tags: NotRequired[list[str]]
    customer_group: NotRequired[str | None]


@_strict
class OptionRow(TypedDict):
    name: str
    value: str


@_strict
class ItemRow(TypedDict):
    item_id: str
    parent_id: str | None
    name: str
    options: list[OptionRow]
    sku: str | None
    barcode: str | None
    price: str
    currency: str
    stock: str | None
    active: bool
    external_key: str | None
    modified_at: str


@_strict
class CustomerRow(BuyerRow):
    addresses: list[AddressRow]
    modified_at: str


@_strict
class BasketRow(TypedDict):
    basket_id: str
    created_at: str
    modified_at: str
    status: str
    currency: str
    prices_include_tax: bool
    estimated_total: str
    buyer: BuyerRow | None
    lines: list[BasketLineRow]
    order_id: NotRequired[str | None]


@_strict
class Envelope(TypedDict):
    total: int
    next_cursor: str | None
    server_time: str
    filters: dict[str, str]


class Names(TypedDict):
    name: str
    version: str


class Shop(TypedDict):
    id: str
    name: str


class Rights(TypedDict):
    read: bool
    write: bool


class ListCapability(TypedDict):
    modified_since: bool


class StatusRow(TypedDict):
    status: str
    settable: NotRequired[bool]  # since 1.1


class Capabilities(TypedDict):
    lists: dict[str, ListCapability]
    writes: list[str]
    page_maximum: int
    batch_maximum: int
    stock_means: StockMeaning
    prices_include_tax: bool
    late_by_seconds: int
    order_statuses: NotRequired[list[StatusRow]]
    admin_pages: NotRequired[dict[str, str]]  # since 1.1


class Ping(TypedDict):
    protocol: Names
    shop: Shop
    software: Names
    server_time: str
    time_zone: str
    rights: Rights
    capabilities: Capabilities


@_strict
class StockRow(TypedDict):
    item_id: str
    result: str
    current: str | None
    message: str | None


class StockAnswer(TypedDict):
    rows: list[StockRow]
