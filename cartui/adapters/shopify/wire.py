"""What Shopify sends: wire models of the fields that `documents` asks for."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from cartui.domain.money import parse_amount
from cartui.domain.safe_text import safe_text


def _amount_in(value: object) -> object:
    """`MoneyBag` under the alias `money`, or a bare `Money`; always text, never a float."""
    if isinstance(value, dict):
        value = value.get("money")
    if isinstance(value, dict):
        value = value.get("amount")
    if not isinstance(value, str):
        raise ValueError("an amount is a text")  # noqa: TRY004 - pydantic reports it of the field
    return parse_amount(value)


def _nodes_in(value: object) -> object:
    return value.get("nodes") if isinstance(value, dict) else value


def _more_in(value: object) -> object:
    return bool((value.get("pageInfo") or {}).get("hasNextPage")) if isinstance(value, dict) else value


def _text(limit: int = 2_000, *, keep_lines: bool = False) -> Any:
    return AfterValidator(lambda text: safe_text(text, limit, keep_lines=keep_lines))


_BLANK = BeforeValidator(lambda value: "" if value is None else value)
Text = Annotated[str, _BLANK, _text()]
Note = Annotated[str, _BLANK, _text(keep_lines=True)]
Amount = Annotated[Decimal, BeforeValidator(_amount_in)]
Count = Annotated[int, Field(ge=-(10**9), le=10**9)]
Id = Annotated[
    str, BeforeValidator(lambda value: str(value) if type(value) is int else value), Field(pattern=r"^\d{1,20}$")
]
GlobalId = Annotated[str, Field(min_length=1, max_length=200)]
Rate = Annotated[Decimal | None, Field(ge=0, le=1000)]


class Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, alias_generator=to_camel)


class MoneyWire(Wire):
    amount: Amount
    currency_code: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


class BagWire(Wire):
    money: MoneyWire


class AddressWire(Wire):
    id: str = ""
    first_name: Text
    last_name: Text
    company: Text
    address1: Text
    address2: Text
    city: Text
    province: Text
    province_code: Text
    zip: Text
    country_code_v2: Text = Field(alias="countryCodeV2")
    phone: Text


class TaxWire(Wire):
    title: Text
    rate_percentage: Rate
    price_set: Amount


class ApplicationWire(Wire):
    typename: Text = Field(alias="__typename")
    index: Count
    code: Text = ""
    title: Text = ""


class AllocationWire(Wire):
    allocated_amount_set: Amount
    discount_application: ApplicationWire


class NumberedWire(Wire):
    legacy_resource_id: Id


class PersonWire(NumberedWire):
    first_name: Text
    last_name: Text


class EmailWire(Wire):
    email_address: Text


class PhoneWire(Wire):
    phone_number: Text


class LineRefWire(Wire):
    id: GlobalId


class LineWire(Wire):
    id: GlobalId
    name: Text
    sku: Text
    quantity: Count
    current_quantity: Count
    requires_shipping: bool
    original_unit_price_set: Amount
    original_total_set: Amount
    variant: NumberedWire | None
    tax_lines: list[TaxWire]
    discount_allocations: list[AllocationWire]


class ShippingWire(Wire):
    title: Text
    original_price_set: Amount
    discounted_price_set: Amount
    current_discounted_price_set: Amount
    tax_lines: list[TaxWire]
    discount_allocations: list[AllocationWire]


class FeeWire(Wire):
    name: Text
    price: Amount


class TransactionWire(Wire):
    id: GlobalId
    kind: Text
    status: Text
    gateway: Text
    processed_at: AwareDatetime | None
    amount_set: Amount


class RefundedLineWire(Wire):
    quantity: Count
    restock_type: Text
    subtotal_set: Amount
    total_tax_set: Amount
    line_item: LineRefWire


class RefundedShippingWire(Wire):
    subtotal_amount_set: Amount
    tax_amount_set: Amount


class RefundMoneyWire(Wire):
    status: Text
    amount_set: Amount


class RefundWire(NumberedWire):
    created_at: AwareDatetime | None
    note: Text
    total_refunded_set: Amount
    more_lines: Annotated[bool, BeforeValidator(_more_in)] = Field(alias="refundLineItems")
    lines: Annotated[list[RefundedLineWire], BeforeValidator(_nodes_in)] = Field(alias="refundLineItems")
    shipping: Annotated[list[RefundedShippingWire], BeforeValidator(_nodes_in)] = Field(alias="refundShippingLines")
    transactions: Annotated[list[RefundMoneyWire], BeforeValidator(_nodes_in)]


class OrderWire(NumberedWire):
    name: Text
    processed_at: AwareDatetime
    updated_at: AwareDatetime
    cancelled_at: AwareDatetime | None
    closed: bool
    edited: bool
    test: bool
    display_financial_status: Text
    display_fulfillment_status: Text
    fully_paid: bool
    taxes_included: bool
    duties_included: bool
    note: Note
    tags: list[Text] = Field(default_factory=list)
    refunds: list[RefundWire] = Field(default_factory=list)
    email: Text
    phone: Text
    total_price_set: BagWire
    current_total_price_set: BagWire
    total_tax_set: Amount | None
    current_total_tax_set: Amount
    original_total_duties_set: Amount | None
    current_total_duties_set: Amount | None
    current_total_additional_fees_set: Amount | None
    total_tip_received_set: Amount
    tax_lines: list[TaxWire]
    current_tax_lines: list[TaxWire]
    additional_fees: list[FeeWire]
    customer: PersonWire | None
    billing_address: AddressWire | None
    shipping_address: AddressWire | None
    shipping_lines: Annotated[list[ShippingWire], BeforeValidator(_nodes_in)]
    transactions: list[TransactionWire] | None
    line_items: Annotated[list[LineWire], BeforeValidator(_nodes_in)]


class BasketLineWire(Wire):
    id: GlobalId
    title: Text
    sku: Text
    quantity: Count
    original_unit_price_set: Amount
    original_total_price_set: Amount
    variant: NumberedWire | None


class ShopperWire(PersonWire):
    default_email_address: EmailWire | None


class BasketWire(Wire):
    id: GlobalId
    created_at: AwareDatetime
    updated_at: AwareDatetime
    completed_at: AwareDatetime | None
    taxes_included: bool
    total_price_set: BagWire
    total_tax_set: Amount | None
    total_discount_set: Amount
    tax_lines: list[TaxWire]
    customer: ShopperWire | None
    line_items: Annotated[list[BasketLineWire], BeforeValidator(_nodes_in)]


class CustomerWire(ShopperWire):
    updated_at: AwareDatetime
    default_phone_number: PhoneWire | None
    default_address: AddressWire | None
    addresses: Annotated[list[AddressWire], BeforeValidator(_nodes_in)] = Field(alias="addressesV2")


class QuantityWire(Wire):
    name: Text
    quantity: Count


class LevelWire(Wire):
    quantities: list[QuantityWire]


class StockWire(Wire):
    id: GlobalId
    tracked: bool
    inventory_level: LevelWire | None = None


class ProductWire(NumberedWire):
    id: GlobalId
    title: Text
    status: Text
    updated_at: AwareDatetime
    has_only_default_variant: bool


class VariantWire(NumberedWire):
    id: GlobalId
    title: Text
    sku: Text
    barcode: Text
    price: Amount
    updated_at: AwareDatetime
    inventory_quantity: Count | None
    product: ProductWire
    inventory_item: StockWire | None


@dataclass(frozen=True, slots=True)
class Terms:
    """What the shop says of itself: currency of its prices, whether they include tax, and the chosen stock location
    ("" where none is chosen and there are several; `locations` then names them)."""

    shop_name: str
    domain: str
    currency: str
    time_zone: str
    gross: bool
    scopes: frozenset[str]
    versions: tuple[str, ...]
    location: str = ""
    locations: tuple[str, ...] = ()

    def may(self, scope: str) -> bool:
        """A right to write includes the right to read."""
        return scope in self.scopes or scope.replace("read_", "write_", 1) in self.scopes
