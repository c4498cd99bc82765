"""What BigCommerce sends, as far as it is used. Amounts may come as text or number, texts as null, ids as numbers."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator

from cartui.domain.money import parse_amount
from cartui.domain.safe_text import safe_text


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return safe_text(value)
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return str(value)
    raise ValueError("is not a text")


def _note(value: object) -> str:
    return "" if value is None or isinstance(value, dict) else _text(value)


def _id(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return str(value)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 20 and int(value) > 0:
        return str(int(value))
    raise ValueError("is not an id")


def _id_or_none(value: object) -> str:
    return "" if value in (None, "", 0, "0") else _id(value)


def _amount(value: object) -> Decimal:
    """Text or number ("Float, Float-As-String, Integer" of the documentation), never a float."""
    if isinstance(value, str | int | Decimal) and not isinstance(value, bool):
        return parse_amount(f"{value:f}" if isinstance(value, Decimal) else str(value))
    raise ValueError("is not an amount")


def _amount_or_zero(value: object) -> Decimal:
    return Decimal(0) if value in (None, "") else _amount(value)


def _amount_or_none(value: object) -> Decimal | None:
    return None if value in (None, "") else _amount(value)


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 2**53:
        raise ValueError("is not a whole number")
    return value


def read_moment(value: object) -> datetime | None:
    """A time of V2 (RFC 2822) or V3 (ISO 8601), None where it is none. Both are UTC where they do not say."""
    if not isinstance(value, str) or not value or len(value) > 60:
        return None
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = read(value)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
    return None


def _moment(value: object) -> datetime:
    if (moment := read_moment(value)) is None:
        raise ValueError("is not a time")
    return moment


def _no_place(value: object) -> object:
    return {} if value is None else value


def _list(value: object) -> object:
    return value if isinstance(value, list) else []


Text = Annotated[str, PlainValidator(_text)]
Note = Annotated[str, PlainValidator(_note)]  # documented as a text, shown as {} in the vendor's own examples
Id = Annotated[str, PlainValidator(_id)]
OptionalId = Annotated[str, PlainValidator(_id_or_none)]
Amount = Annotated[Decimal, PlainValidator(_amount)]
OptionalAmount = Annotated[Decimal, PlainValidator(_amount_or_zero)]
Price = Annotated[Decimal | None, PlainValidator(_amount_or_none)]
Count = Annotated[int, PlainValidator(_count)]
Moment = Annotated[datetime, PlainValidator(_moment)]
ZERO = Decimal(0)


class Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class PlaceWire(Wire):
    """A billing or shipping address of an order (V2)."""

    first_name: Text = ""
    last_name: Text = ""
    company: Text = ""
    street_1: Text = ""
    street_2: Text = ""
    city: Text = ""
    state: Text = ""
    zip: Text = ""
    country: Text = ""
    country_iso2: Text = ""
    phone: Text = ""
    email: Text = ""
    shipping_method: Text = ""


class AppliedWire(Wire):
    name: Text = ""
    code: Text = ""


class OptionChoiceWire(Wire):
    display_name: Text = ""
    display_value: Text = ""


class LineWire(Wire):
    """A row of `orders/{id}/products`."""

    id: Id
    product_id: OptionalId = ""
    variant_id: OptionalId = ""
    name: Text
    sku: Text = ""
    quantity: Amount
    price_ex_tax: Amount
    total_ex_tax: Amount
    total_inc_tax: Amount
    total_tax: OptionalAmount = ZERO
    applied_discounts: Annotated[list[AppliedWire], BeforeValidator(_list)] = []
    product_options: Annotated[list[OptionChoiceWire], BeforeValidator(_list)] = []


class TaxWire(Wire):
    name: Text = ""
    rate: OptionalAmount = ZERO
    line_amount: OptionalAmount = ZERO


class CouponWire(Wire):
    code: Text = ""
    discount: OptionalAmount = ZERO


class FeeWire(Wire):
    display_name_customer: Text = ""
    cost_ex_tax: Price = None
    cost_exc_tax: Price = None  # so in the vendor's own example
    cost_inc_tax: Price = None

    @property
    def net(self) -> Decimal:
        return next((one for one in (self.cost_ex_tax, self.cost_exc_tax, self.cost_inc_tax) if one is not None), ZERO)

    @property
    def gross(self) -> Decimal:
        return self.net if self.cost_inc_tax is None else self.cost_inc_tax


class RefundPaidWire(Wire):
    provider_id: Text = ""
    amount: Amount
    is_declined: bool = False


class RefundItemWire(Wire):
    item_type: Text = ""
    item_id: OptionalId = ""
    quantity: OptionalAmount = ZERO


class RefundWire(Wire):
    """A row of V3 `orders/payment_actions/refunds`."""

    id: OptionalId = ""
    created: Moment
    reason: Text = ""
    total_amount: Amount
    items: Annotated[list[RefundItemWire], BeforeValidator(_list)] = []
    payments: Annotated[list[RefundPaidWire], BeforeValidator(_list)] = []


class HeadWire(Wire):
    """An order with what the session put in the place of its links: lists under their own names."""

    id: Id
    status_id: Count
    status: Text = ""
    custom_status: Text = ""
    is_deleted: bool | None = None
    customer_id: OptionalId = ""
    date_created: Moment
    date_modified: Moment
    currency_code: Text = ""
    default_currency_code: Text = ""
    total_inc_tax: Amount
    total_tax: OptionalAmount = ZERO
    is_tax_inclusive_pricing: bool | None = None
    shipping_cost_ex_tax: OptionalAmount = ZERO
    shipping_cost_inc_tax: OptionalAmount = ZERO
    handling_cost_ex_tax: OptionalAmount = ZERO
    handling_cost_inc_tax: OptionalAmount = ZERO
    wrapping_cost_ex_tax: OptionalAmount = ZERO
    wrapping_cost_inc_tax: OptionalAmount = ZERO
    coupon_discount: OptionalAmount = ZERO
    discount_amount: OptionalAmount = ZERO
    gift_certificate_amount: OptionalAmount = ZERO
    store_credit_amount: OptionalAmount = ZERO
    payment_method: Note = ""
    payment_provider_id: Note = ""
    payment_status: Note = ""
    items_total: OptionalAmount = ZERO
    items_shipped: OptionalAmount = ZERO
    order_is_digital: bool | None = None
    customer_message: Note = ""
    billing_address: Annotated[PlaceWire, BeforeValidator(_no_place)] = PlaceWire()
    products: list[LineWire]
    fees: Annotated[list[FeeWire], BeforeValidator(_list)] = []
    taxes: list[TaxWire] = []
    coupons: Annotated[list[CouponWire], BeforeValidator(_list)] = []
    shipping_addresses: Annotated[list[PlaceWire], BeforeValidator(_list)] = []
    refunds: list[RefundWire] = []


class SoldWire(Wire):
    """A row of `orders/{id}/products`, as far as it is shipped. `address` "": it needs no shipping."""

    id: Id
    address: OptionalId = Field("", alias="order_address_id")
    quantity: Amount
    quantity_shipped: OptionalAmount = ZERO

    @property
    def left(self) -> Decimal:
        return self.quantity - self.quantity_shipped


class ShippedWire(Wire):
    order_product_id: Id
    quantity: Amount


class ShipmentWire(Wire):
    """A row of `orders/{id}/shipments`."""

    id: Id
    tracking_number: Text = ""
    tracking_carrier: Text = ""
    shipping_provider: Text = ""
    comments: Text = ""
    items: Annotated[list[ShippedWire], BeforeValidator(_list)] = []


class ChoiceWire(Wire):
    label: Text = ""


class VariantWire(Wire):
    id: Id
    sku: Text = ""
    upc: Text = ""
    price: Price = None
    inventory_level: Count | None = None
    purchasing_disabled: bool | None = None
    option_values: Annotated[list[ChoiceWire], BeforeValidator(_list)] = []


class ProductWire(Wire):
    id: Id
    name: Text
    sku: Text = ""
    upc: Text = ""
    price: Price = None
    date_modified: Moment
    inventory_tracking: Text = ""
    inventory_level: Count | None = None
    is_visible: bool = True
    availability: Text = ""
    base_variant_id: OptionalId = ""


class HomeWire(Wire):
    """An address of a customer (V3)."""

    first_name: Text = ""
    last_name: Text = ""
    company: Text = ""
    address1: Text = ""
    address2: Text = ""
    city: Text = ""
    state_or_province: Text = ""
    postal_code: Text = ""
    country_code: Text = ""
    phone: Text = ""


class CustomerWire(Wire):
    id: Id
    date_modified: Moment
    email: Text = ""
    first_name: Text = ""
    last_name: Text = ""
    company: Text = ""
    phone: Text = ""
    addresses: Annotated[list[HomeWire], BeforeValidator(_list)] = []


class SettingsWire(Wire):
    safety_stock: Count | None = None


class IdentityWire(Wire):
    variant_id: OptionalId = ""
    product_id: OptionalId = ""


class StockWire(Wire):
    """A row of `inventory/locations/{id}/items`."""

    identity: IdentityWire
    available_to_sell: Count
    settings: SettingsWire = SettingsWire()


class LocationWire(Wire):
    id: Id
    code: Text = ""
    label: Text = ""
    enabled: bool | None = True


class StoreWire(Wire):
    """`GET v2/store`."""

    name: Text = ""
    currency: Text
    is_price_entered_with_tax: bool | None = None
    timezone: Any = None
    plan_name: Text = ""

    @property
    def zone(self) -> str:
        name = self.timezone.get("name") if isinstance(self.timezone, dict) else ""
        return safe_text(str(name or ""), 64)
