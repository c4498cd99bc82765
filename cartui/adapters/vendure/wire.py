"""What Vendure sends: wire models, the fields that are asked for, and what amounts mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from cartui.domain.safe_text import safe_text
from cartui.errors import HoldRecordError

_NUMBER = re.compile(r"-?\d{1,13}(\.\d{1,25})?(E-\d{1,2})?", re.ASCII)


def _whole_minor(value: object) -> object:
    """Vendure shows the net of a gross shipping rate unrounded (412.5, 412.49999999999994) and rounds the sums."""
    if isinstance(value, str | Decimal) and _NUMBER.fullmatch(str(value)):
        return int(Decimal(str(value)).quantize(Decimal(1), ROUND_HALF_UP))
    return value


_Text = Annotated[str, BeforeValidator(lambda v: "" if v is None else v), AfterValidator(safe_text)]
_Minor = Annotated[int, BeforeValidator(_whole_minor), Field(ge=-(10**13), le=10**13)]
_Rate = Annotated[Decimal, Field(ge=0, le=1000)]
_Id = Annotated[str, Field(min_length=1, max_length=200)]
_Count = Annotated[int, Field(ge=-(10**9), le=10**9)]


class Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, alias_generator=to_camel)


class PlaceWire(Wire):
    full_name: _Text = ""
    company: _Text = ""
    street_line1: _Text = Field("", alias="streetLine1")
    street_line2: _Text = Field("", alias="streetLine2")
    city: _Text = ""
    province: _Text = ""
    postal_code: _Text = ""
    country_code: _Text = ""
    phone_number: _Text = ""


class MethodWire(Wire):
    name: _Text


class CountryWire(Wire):
    code: _Text


class HomePlaceWire(PlaceWire):
    country: CountryWire


class AccountWire(Wire):
    id: _Id


class CustomerWire(Wire):
    id: _Id
    first_name: _Text
    last_name: _Text
    email_address: _Text
    phone_number: _Text
    user: AccountWire | None


class GroupedCustomerWire(CustomerWire):
    groups: list[MethodWire] = Field(default_factory=list)


class FullCustomerWire(CustomerWire):
    updated_at: AwareDatetime
    addresses: list[HomePlaceWire] | None


class SoldVariantWire(Wire):
    id: _Id
    sku: _Text
    name: _Text


class LineWire(Wire):
    id: _Id
    quantity: _Count
    unit_price: _Minor
    line_price: _Minor
    prorated_line_price: _Minor
    prorated_unit_price: _Minor = 0
    prorated_unit_price_with_tax: _Minor = 0
    line_tax: _Minor
    tax_rate: _Rate
    product_variant: SoldVariantWire


class ShippingWire(Wire):
    price: _Minor
    discounted_price: _Minor
    shipping_method: MethodWire | None


class SurchargeWire(Wire):
    description: _Text
    sku: _Text
    price: _Minor
    price_with_tax: _Minor
    tax_rate: _Rate


class DiscountWire(Wire):
    adjustment_source: _Text
    description: _Text
    amount: _Minor


class PromotionWire(Wire):
    id: _Id
    coupon_code: _Text


class TaxWire(Wire):
    description: _Text
    tax_rate: _Rate
    tax_total: _Minor


class RefundedLineWire(Wire):
    order_line_id: _Id
    quantity: _Count


class RefundWire(Wire):
    id: _Id = "1"
    reason: _Text = ""
    lines: list[RefundedLineWire] = Field(default_factory=list)
    total: _Minor
    state: _Text
    transaction_id: _Text
    created_at: AwareDatetime


class PaidWire(Wire):
    method: _Text
    amount: _Minor
    state: _Text
    transaction_id: _Text
    created_at: AwareDatetime
    refunds: list[RefundWire]


class SentLineWire(Wire):
    order_line_id: _Id
    quantity: _Count


class FulfilmentWire(Wire):
    state: _Text
    lines: list[SentLineWire]


class BasketWire(Wire):
    id: _Id
    state: _Text
    created_at: AwareDatetime
    updated_at: AwareDatetime
    active: bool = True
    order_placed_at: AwareDatetime | None = None
    currency_code: _Text
    total_with_tax: _Minor
    customer: CustomerWire | None
    lines: list[LineWire]
    shipping_lines: list[ShippingWire]
    surcharges: list[SurchargeWire]
    discounts: list[DiscountWire]
    promotions: list[PromotionWire]
    tax_summary: list[TaxWire]


class OrderWire(BasketWire):
    code: _Text
    customer: GroupedCustomerWire | None
    billing_address: PlaceWire | None
    shipping_address: PlaceWire | None
    payments: list[PaidWire] | None
    fulfillments: list[FulfilmentWire] | None


class LevelWire(Wire):
    stock_location_id: _Id
    stock_on_hand: _Count


class PriceWire(Wire):
    currency_code: _Text
    price: _Minor


class ProductWire(Wire):
    id: _Id
    name: _Text
    enabled: bool
    updated_at: AwareDatetime


class VariantWire(Wire):
    id: _Id
    sku: _Text
    name: _Text
    enabled: bool
    updated_at: AwareDatetime
    price: _Minor
    price_with_tax: _Minor
    track_inventory: _Text
    prices: list[PriceWire]
    stock_levels: list[LevelWire]
    options: list[MethodWire]
    product: ProductWire


@dataclass(frozen=True, slots=True)
class Terms:
    """What amounts and stock mean in the shop's channel."""

    currency: str
    currencies: tuple[str, ...]
    gross: bool
    language: str
    places: int
    tracks_stock: bool
    location: str = ""
    states: Mapping[str, str] = field(default_factory=dict)  # the option status_map

    def amount(self, minor: int) -> Decimal:
        """Major units of the currency."""
        return Decimal(minor).scaleb(-self.places)

    def minor(self, amount: Decimal, record: str) -> int:
        """The shop's whole number; `HoldRecordError` where it can't say the amount."""
        scaled = amount.scaleb(self.places)
        if scaled != scaled.to_integral_value():
            reason = f"The shop keeps {self.places} decimals; {amount} has more."
            raise HoldRecordError(record, reason, "Round the price.")
        return int(scaled)


_PERSON = "id firstName lastName emailAddress phoneNumber user{id}"
_PRICES = "unitPrice linePrice proratedLinePrice proratedUnitPrice proratedUnitPriceWithTax lineTax taxRate"
_CHARGED_FIELDS = (
    "id state active orderPlacedAt createdAt updatedAt currencyCode totalWithTax "
    f"lines{{id quantity {_PRICES} productVariant{{id sku name}}}} "
    "shippingLines{price discountedPrice shippingMethod{name}} surcharges{description sku price priceWithTax taxRate} "
    "discounts{adjustmentSource description amount} promotions{id couponCode} taxSummary{description taxRate taxTotal}"
)
_BASKET_FIELDS = f"{_CHARGED_FIELDS} customer{{{_PERSON}}}"
_STREET = "fullName company streetLine1 streetLine2 city province postalCode phoneNumber"
_ORDER_FIELDS = (
    f"{_CHARGED_FIELDS} code customer{{{_PERSON} groups{{name}}}} "
    f"billingAddress{{{_STREET} countryCode}} shippingAddress{{{_STREET} countryCode}} "
    "payments{method amount state transactionId createdAt "
    "refunds{id reason lines{orderLineId quantity} total state transactionId createdAt}} "
    "fulfillments{state lines{orderLineId quantity}}"
)
_CUSTOMER_FIELDS = (
    "id updatedAt firstName lastName emailAddress phoneNumber user{id} addresses{" + _STREET + " country{code}}"
)
_VARIANT_FIELDS = (
    "id sku name enabled updatedAt price priceWithTax trackInventory prices{currencyCode price} "
    "stockLevels{stockLocationId stockOnHand} options{name} product{id name enabled updatedAt}"
)


# What older shops do not know, as (type, field): how we ask for it, and what is asked there instead.
OLDER: Mapping[tuple[str, str], tuple[str, str]] = {
    ("ServerConfig", "moneyStrategyPrecision"): ("{moneyStrategyPrecision}", "{__typename}"),  # before 2.2: 2
}


@dataclass(frozen=True, slots=True)
class Listing:
    root: str
    options: str
    stamp: str
    fields: str


ORDERS = Listing("orders", "OrderListOptions", "orderPlacedAt", _ORDER_FIELDS)
BASKETS = Listing("orders", "OrderListOptions", "updatedAt", _BASKET_FIELDS)
CUSTOMERS = Listing("customers", "CustomerListOptions", "updatedAt", _CUSTOMER_FIELDS)
VARIANTS = Listing("productVariants", "ProductVariantListOptions", "updatedAt", _VARIANT_FIELDS)
PRODUCTS = Listing("products", "ProductListOptions", "updatedAt", "id updatedAt")
