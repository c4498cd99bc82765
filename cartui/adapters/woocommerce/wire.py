"""The shapes of wc/v3's answers, as far as they are used
(https://woocommerce.github.io/woocommerce-rest-api-docs/). PHP writes an empty object as [], a missing text as null,
false or "", and plug-ins write numbers where texts belong: all of these are taken."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, TypeAdapter, with_config
from typing_extensions import TypedDict

_lax = with_config(ConfigDict(coerce_numbers_to_str=True))


def _no_empty_list(value: Any) -> Any:
    return {} if value == [] or value is None or value is False or value == "" else value


def _no_missing_list(value: Any) -> Any:
    if value is None or value is False or value == "":
        return []
    # A list of which PHP dropped an element comes as an object with the indices as names.
    return list(value.values()) if isinstance(value, dict) and all(key.isdigit() for key in value) else value


Text = Annotated[str | Literal[False] | None, Field(union_mode="left_to_right")]  # else 0 were False
Count = int | str | None
_object = BeforeValidator(_no_empty_list)
_list = BeforeValidator(_no_missing_list)


@_lax
class Meta(TypedDict, total=False):
    key: Text
    value: Any


@_lax
class AddressRow(TypedDict, total=False):
    first_name: Text
    last_name: Text
    company: Text
    address_1: Text
    address_2: Text
    city: Text
    state: Text
    postcode: Text
    country: Text
    phone: Text
    email: Text


@_lax
class LineTax(TypedDict, total=False):
    id: Count
    total: Text


@_lax
class LineRow(TypedDict, total=False):
    """A product, shipping, fee or coupon line: they share their names."""

    id: Count
    name: Text
    method_title: Text
    code: Text
    discount: Text
    product_id: Count
    variation_id: Count
    quantity: Text
    total: Text
    total_tax: Text
    sku: Text
    taxes: Annotated[list[LineTax], _list]


@_lax
class TaxRow(TypedDict, total=False):
    rate_id: Count
    rate_code: Text
    label: Text
    tax_total: Text
    shipping_tax_total: Text
    rate_percent: Text


@_lax
class RefundRow(TypedDict, total=False):
    id: Count
    reason: Text
    total: Text


@_lax
class _OrderNeeds(TypedDict):
    id: int
    status: str
    currency: str
    total: str


@_lax
class OrderRow(_OrderNeeds, total=False):
    number: Text
    date_created_gmt: Text
    date_modified_gmt: Text
    date_paid_gmt: Text
    date_completed_gmt: Text
    total_tax: Text
    customer_id: Count
    customer_note: Text
    payment_method: Text
    payment_method_title: Text
    transaction_id: Text
    billing: Annotated[AddressRow, _object]
    shipping: Annotated[AddressRow, _object]
    line_items: Annotated[list[LineRow], _list]
    shipping_lines: Annotated[list[LineRow], _list]
    fee_lines: Annotated[list[LineRow], _list]
    coupon_lines: Annotated[list[LineRow], _list]
    tax_lines: Annotated[list[TaxRow], _list]
    refunds: Annotated[list[RefundRow], _list]
    meta_data: Annotated[list[Meta], _list]


@_lax
class Attribute(TypedDict, total=False):
    name: Text
    option: Text


@_lax
class _ItemNeeds(TypedDict):
    id: int


@_lax
class ItemRow(_ItemNeeds, total=False):
    """A product or a variation."""

    name: Text
    type: Text
    status: Text
    sku: Text
    global_unique_id: Text
    price: Text
    regular_price: Text
    sale_price: Text
    manage_stock: bool | str | None
    stock_quantity: Text
    stock_status: Text
    date_created_gmt: Text
    date_modified_gmt: Text
    parent_id: Count
    attributes: Annotated[list[Attribute], _list]
    variations: Annotated[list[int], _list]
    meta_data: Annotated[list[Meta], _list]


@_lax
class CustomerRow(_ItemNeeds, total=False):
    date_created_gmt: Text
    date_modified_gmt: Text
    email: Text
    first_name: Text
    last_name: Text
    role: Text
    billing: Annotated[AddressRow, _object]
    shipping: Annotated[AddressRow, _object]
    meta_data: Annotated[list[Meta], _list]


ORDER = TypeAdapter(OrderRow)
ITEM = TypeAdapter(ItemRow)
CUSTOMER = TypeAdapter(CustomerRow)
