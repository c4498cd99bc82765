"""What Magento sends, as far as it is used. Lenient in form (PHP writes an empty object as [], an id as a number or a
text), exact in amounts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, Final, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from cartui.domain.safe_text import safe_text

_NUMBER: Final = re.compile(r"-?\d{1,12}(\.\d{1,25})?([eE][+-]?\d{1,2})?", re.ASCII)
_NOTHING: Final = Decimal(0)
_NUMBERS: Final = (int, str, Decimal)  # not bool
_STAMP: Final = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d{1,6})?(Z|\+00:00)?", re.ASCII)


def read_number(value: object) -> Decimal:
    """A number as Magento writes it: 118.5, "12.3456" or, from PHP's floats, 7829.1000000000004 and 1.0e-5. The
    database keeps four decimals; what lies beyond six is the float's."""
    if value.__class__ not in _NUMBERS:
        raise ValueError("is not a number")
    return _number(str(value))


@lru_cache(maxsize=8192)  # the same amounts, rates and quantities come again and again
def _number(text: str) -> Decimal:
    if not _NUMBER.fullmatch(text.strip()):
        raise ValueError("is not a number")
    number = Decimal(text.strip())
    if abs(number) >= 10**12:
        raise ValueError("is too large")
    return _plain(number.quantize(Decimal("0.000001")))


def _plain(number: Decimal) -> Decimal:
    short = number.normalize()
    exponent = short.as_tuple().exponent
    return short.quantize(Decimal(1)) if isinstance(exponent, int) and exponent > 0 else short


def read_stamp(value: object) -> datetime:
    """A stamp, aware UTC: Magento writes it without a zone and means UTC."""
    if isinstance(value, str) and _STAMP.fullmatch(value):
        return datetime.fromisoformat(value.removesuffix("Z").removesuffix("+00:00")).replace(tzinfo=UTC)
    raise ValueError("is not a time such as 2026-01-31 09:30:00")


def _text(value: object) -> object:
    if isinstance(value, str):
        return _short_text(value) if len(value) <= 200 else safe_text(value)
    return safe_text(str(value)) if isinstance(value, int | Decimal) and not isinstance(value, bool) else ""


_short_text = lru_cache(maxsize=8192)(safe_text)


def _id(value: object) -> object:
    return "" if value is None or isinstance(value, bool) else str(value)


def _rows(value: object) -> object:
    if isinstance(value, dict):  # PHP writes a list with gaps as an object
        return list(value.values())
    return value if isinstance(value, list) else []


Text = Annotated[str, BeforeValidator(_text)]
Number = Annotated[Decimal, BeforeValidator(read_number)]
Amount = Annotated[Decimal, BeforeValidator(lambda value: read_number(value) if value or value == 0 else _NOTHING)]
Stamp = Annotated[datetime, BeforeValidator(read_stamp)]
Id = Annotated[str, BeforeValidator(_id), Field(min_length=1, max_length=64)]
OptionalId = Annotated[str, BeforeValidator(_id), Field(max_length=64)]
Flag = Annotated[bool, BeforeValidator(lambda value: value in (1, True, "1", "true"))]
_maybe = BeforeValidator(lambda value: value or None)
_many = BeforeValidator(_rows)
T = TypeVar("T")
Many = Annotated[list[T], _many]
_streets = BeforeValidator(lambda value: [value] if isinstance(value, str) else _rows(value))
_region = BeforeValidator(lambda value: value.get("region") if isinstance(value, dict) else value)


class Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class AddressWire(Wire):
    firstname: Text = ""
    lastname: Text = ""
    company: Text = ""
    street: Annotated[list[Text], _streets] = []
    city: Text = ""
    region: Annotated[Text, _region] = ""
    postcode: Text = ""
    country_id: Text = ""
    telephone: Text = ""
    vat_id: Text = ""
    email: Text = ""
    default_billing: Flag = False


class LineWire(Wire):
    item_id: OptionalId = ""
    parent_item_id: OptionalId = ""
    product_id: OptionalId = ""
    product_type: Text = ""
    sku: Text = ""
    name: Text = ""
    qty_ordered: Number
    qty_shipped: Amount = Decimal(0)
    qty_refunded: Amount = Decimal(0)
    qty_canceled: Amount = Decimal(0)
    price: Amount = Decimal(0)
    row_total: Amount = Decimal(0)
    discount_amount: Amount = Decimal(0)
    tax_percent: Amount = Decimal(0)
    tax_amount: Amount = Decimal(0)
    weee_tax_applied_row_amount: Amount = Decimal(0)
    is_virtual: Flag = False


class PaymentWire(Wire):
    method: Text = ""
    last_trans_id: Text = ""
    amount_authorized: Amount = Decimal(0)


class ShippingWire(Wire):
    address: Annotated[AddressWire | None, _maybe] = None


class AssignmentWire(Wire):
    shipping: Annotated[ShippingWire | None, _maybe] = None


class AppliedTaxWire(Wire):
    title: Text = ""
    percent: Amount = Decimal(0)
    amount: Number


class GiftCardWire(Wire):
    code: Text = ""
    amount: Number


class OrderExtrasWire(Wire):
    """`extension_attributes`; those of gifts, credit and points are Adobe Commerce's."""

    shipping_assignments: Annotated[list[AssignmentWire], _many] = []
    applied_taxes: Annotated[list[AppliedTaxWire], _many] = []
    gift_cards: Annotated[list[GiftCardWire], _many] = []
    gift_cards_amount: Amount = Decimal(0)
    customer_balance_amount: Amount = Decimal(0)
    reward_currency_amount: Amount = Decimal(0)
    gw_price: Amount = Decimal(0)
    gw_items_price: Amount = Decimal(0)
    gw_card_price: Amount = Decimal(0)


class OrderWire(Wire):
    entity_id: Id
    increment_id: Text = ""
    created_at: Stamp
    updated_at: Annotated[Stamp | None, _maybe] = None
    state: Text = ""
    status: Text = ""
    order_currency_code: Text
    grand_total: Number
    subtotal: Amount = Decimal(0)
    tax_amount: Amount = Decimal(0)
    shipping_amount: Amount = Decimal(0)
    shipping_tax_amount: Amount = Decimal(0)
    discount_amount: Amount = Decimal(0)
    discount_tax_compensation_amount: Amount = Decimal(0)
    shipping_discount_tax_compensation_amount: Amount = Decimal(0)
    discount_description: Text = ""
    coupon_code: Text = ""
    shipping_description: Text = ""
    total_paid: Amount = Decimal(0)
    total_refunded: Amount = Decimal(0)
    is_virtual: Flag = False
    customer_id: OptionalId = ""
    customer_is_guest: Flag = False
    customer_email: Text = ""
    customer_firstname: Text = ""
    customer_lastname: Text = ""
    customer_taxvat: Text = ""
    customer_note: Text = ""
    customer_group_id: OptionalId = ""
    relation_parent_id: OptionalId = ""
    relation_parent_real_id: Text = ""
    relation_child_real_id: Text = ""
    billing_address: Annotated[AddressWire | None, _maybe] = None
    payment: Annotated[PaymentWire | None, _maybe] = None
    items: Annotated[list[LineWire], _many] = []
    extension_attributes: Annotated[OrderExtrasWire | None, _maybe] = None


class AttributeWire(Wire):
    attribute_code: Text = ""
    value: Any = None


class StockItemWire(Wire):
    item_id: OptionalId = ""
    qty: Annotated[Decimal | None, BeforeValidator(lambda v: None if v in (None, "") else read_number(v))] = None
    is_in_stock: Flag = False
    is_qty_decimal: Flag = False
    manage_stock: Flag = True
    backorders: Amount = Decimal(0)


class ItemExtrasWire(Wire):
    stock_item: Annotated[StockItemWire | None, _maybe] = None


class ItemWire(Wire):
    id: Id
    sku: Text
    name: Text = ""
    price: Annotated[Decimal | None, BeforeValidator(lambda v: None if v in (None, "") else read_number(v))] = None
    status: Flag = False  # 1 enabled, 2 disabled
    type_id: Text = ""
    updated_at: Stamp
    custom_attributes: Annotated[list[AttributeWire], _many] = []
    extension_attributes: Annotated[ItemExtrasWire | None, _maybe] = None


class CustomerWire(Wire):
    id: Id
    email: Text = ""
    firstname: Text = ""
    lastname: Text = ""
    taxvat: Text = ""
    updated_at: Stamp
    addresses: Annotated[list[AddressWire], _many] = []


class SourceItemWire(Wire):
    sku: str
    source_code: str
    quantity: Number
    status: Flag = False


class CommentWire(Wire):
    comment: Text = ""


class TrackWire(Wire):
    track_number: Text = ""
    carrier_code: Text = ""


class ShippedLineWire(Wire):
    order_item_id: OptionalId = ""
    sku: Text = ""
    qty: Amount = Decimal(0)


class ShipmentWire(Wire):
    entity_id: Id
    items: Many[ShippedLineWire] = []
    tracks: Many[TrackWire] = []
    comments: Many[CommentWire] = []


class BasketLineWire(Wire):
    item_id: OptionalId = ""
    sku: Text = ""
    name: Text = ""
    qty: Number
    price: Amount = Decimal(0)


class ShopperWire(Wire):
    id: OptionalId = ""
    email: Text = ""
    firstname: Text = ""
    lastname: Text = ""


class CurrencyWire(Wire):
    quote_currency_code: Text = ""
    store_currency_code: Text = ""
    base_currency_code: Text = ""


class BasketWire(Wire):
    id: Id
    is_active: Flag = True
    created_at: Stamp
    updated_at: Stamp
    items: Annotated[list[BasketLineWire], _many] = []
    customer: Annotated[ShopperWire | None, _maybe] = None
    billing_address: Annotated[AddressWire | None, _maybe] = None
    currency: Annotated[CurrencyWire | None, _maybe] = None


Row = Mapping[str, Any]
