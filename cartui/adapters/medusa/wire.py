"""What Medusa sends, as far as it is used. `raw_x` is taken before the float `x`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, model_validator

from cartui.domain.safe_text import safe_text

ZERO = Decimal(0)
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,40})?(e-\d{1,2})?", re.ASCII)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return safe_text(value)
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return str(value)
    raise ValueError("is not a text")


def _id(value: object) -> str:
    if isinstance(value, str) and 0 < len(value) <= 200:
        return value
    raise ValueError("is not an id")


def _number(value: object) -> Decimal:
    if isinstance(value, str | int | Decimal) and not isinstance(value, bool) and _NUMBER.fullmatch(str(value).lower()):
        return Decimal(str(value))
    raise ValueError("is not a number")


def read_moment(value: object) -> datetime | None:
    """A time as Medusa writes it (ISO 8601 with a zone), None where it is none."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) and len(value) <= 40 else None
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment and moment.tzinfo else None


def _moment(value: object) -> datetime:
    if (moment := read_moment(value)) is None:
        raise ValueError("is not a time")
    return moment


Text = Annotated[str, PlainValidator(_text)]
Id = Annotated[str, PlainValidator(_id)]
OptionalId = Annotated[str, PlainValidator(lambda value: "" if value is None else _id(value))]
Number = Annotated[Decimal, PlainValidator(_number)]
OptionalNumber = Annotated[Decimal, PlainValidator(lambda value: ZERO if value is None else _number(value))]
NumberOrNone = Annotated[Decimal | None, PlainValidator(lambda value: None if value is None else _number(value))]
Moment = Annotated[datetime, PlainValidator(_moment)]
MomentOrNone = Annotated[datetime | None, PlainValidator(lambda value: None if value is None else _moment(value))]
Flag = Annotated[bool, BeforeValidator(lambda value: False if value is None else value)]
_Listed = BeforeValidator(lambda value: [one for one in value or [] if one is not None])


class Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _prefer_exact(cls, row: Any) -> Any:
        if not isinstance(row, dict):
            return row
        exact = {
            name[4:]: value["value"]
            for name, value in row.items()
            if name.startswith("raw_") and isinstance(value, dict) and "value" in value
        }
        return {**row, **exact}


class PlaceWire(Wire):
    first_name: Text = ""
    last_name: Text = ""
    company: Text = ""
    address_1: Text = ""
    address_2: Text = ""
    city: Text = ""
    province: Text = ""
    postal_code: Text = ""
    country_code: Text = ""
    phone: Text = ""


class GroupWire(Wire):
    name: Text = ""


class PersonWire(Wire):
    id: Id
    email: Text = ""
    first_name: Text = ""
    last_name: Text = ""
    company_name: Text = ""
    phone: Text = ""
    has_account: Flag = False
    created_by: Text = ""
    groups: Annotated[list[GroupWire], _Listed] = []

    @property
    def is_guest(self) -> bool:
        """Made by a checkout, not by registration and not by staff or an API key."""
        return not self.has_account and not self.created_by


class CustomerWire(PersonWire):
    updated_at: Moment
    addresses: Annotated[list[PlaceWire], _Listed] = []
    metadata: dict[str, Any] | None = None


class TaxWire(Wire):
    description: Text = ""
    code: Text = ""
    rate: Number
    total: OptionalNumber = ZERO


class AdjustmentWire(Wire):
    code: Text = ""
    amount: OptionalNumber = ZERO
    subtotal: NumberOrNone = None

    @property
    def net(self) -> Decimal:
        return self.amount if self.subtotal is None else self.subtotal


class DetailWire(Wire):
    """How many pieces of a line have gone how far. Never guessed: what is missing would be sent twice."""

    fulfilled_quantity: Number
    shipped_quantity: Number
    delivered_quantity: Number
    return_received_quantity: Number
    return_dismissed_quantity: Number


class LineWire(Wire):
    id: Id
    title: Text = ""
    subtitle: Text = ""
    product_id: OptionalId = ""
    variant_id: OptionalId = ""
    variant_sku: Text = ""
    requires_shipping: Flag = False
    is_tax_inclusive: Flag = False
    quantity: Number
    unit_price: Number
    subtotal: Number
    total: Number
    discount_subtotal: OptionalNumber = ZERO
    tax_lines: Annotated[list[TaxWire], _Listed] = []
    adjustments: Annotated[list[AdjustmentWire], _Listed] = []
    detail: DetailWire

    @property
    def returned(self) -> Decimal:
        return self.detail.return_received_quantity + self.detail.return_dismissed_quantity


class ShippingWire(Wire):
    name: Text = ""
    subtotal: Number
    discount_subtotal: OptionalNumber = ZERO
    tax_lines: Annotated[list[TaxWire], _Listed] = []
    adjustments: Annotated[list[AdjustmentWire], _Listed] = []


class CreditWire(Wire):
    amount: Number
    reference: Text = ""


class CaptureWire(Wire):
    amount: Number
    created_at: Moment


class RefundReasonWire(Wire):
    label: Text = ""


class RefundWire(CaptureWire):
    id: Id
    note: Text = ""
    refund_reason: RefundReasonWire | None = None


class PaymentWire(Wire):
    id: Id
    amount: Number
    provider_id: Text = ""
    created_at: Moment
    canceled_at: MomentOrNone = None
    captures: Annotated[list[CaptureWire], _Listed] = []
    refunds: Annotated[list[RefundWire], _Listed] = []


class CollectionWire(Wire):
    payments: Annotated[list[PaymentWire], _Listed] = []


class OrderWire(Wire):
    id: Id
    display_id: Text
    custom_display_id: Text = ""
    status: Text
    created_at: Moment
    updated_at: Moment
    currency_code: Text
    email: Text = ""
    total: Number
    customer: PersonWire | None = None
    items: Annotated[list[LineWire], _Listed]
    shipping_methods: Annotated[list[ShippingWire], _Listed]
    credit_lines: Annotated[list[CreditWire], _Listed] = []
    payment_collections: Annotated[list[CollectionWire], _Listed] = []
    shipping_address: PlaceWire | None = None
    billing_address: PlaceWire | None = None

    @property
    def payments(self) -> list[PaymentWire]:
        found = [one for each in self.payment_collections for one in each.payments]
        return sorted(found, key=lambda one: (one.created_at, one.id))


class ParcelLineWire(Wire):
    line_item_id: OptionalId = ""
    quantity: OptionalNumber = ZERO
    sku: Text = ""


class LabelWire(Wire):
    tracking_number: Text = ""


class ParcelWire(Wire):
    """A fulfilment: packed, then shipped with its labels."""

    id: Id
    created_at: Moment
    shipped_at: MomentOrNone = None
    canceled_at: MomentOrNone = None
    metadata: dict[str, Any] | None = None
    items: Annotated[list[ParcelLineWire], _Listed] = []
    labels: Annotated[list[LabelWire], _Listed] = []

    def noted(self, name: str) -> str:
        value = (self.metadata or {}).get(name)
        return safe_text(value) if isinstance(value, str) else ""


class OpenLineWire(Wire):
    id: Id
    variant_sku: Text = ""
    requires_shipping: Flag = False
    quantity: Number
    detail: DetailWire


class OrderParcelsWire(Wire):
    id: Id
    status: Text
    items: Annotated[list[OpenLineWire], _Listed]
    fulfillments: Annotated[list[ParcelWire], _Listed] = []


class LevelWire(Wire):
    location_id: Id
    stocked_quantity: OptionalNumber = ZERO
    reserved_quantity: OptionalNumber = ZERO


class StoredWire(Wire):
    location_levels: Annotated[list[LevelWire], _Listed] = []


class PartWire(Wire):
    """What a variant takes from the shelf: one piece of one thing, or more where it is a kit."""

    inventory_item_id: Id
    required_quantity: OptionalNumber = Decimal(1)
    inventory: StoredWire | None = None


class PriceWire(Wire):
    id: Id
    currency_code: Text
    amount: Number
    min_quantity: NumberOrNone = None
    max_quantity: NumberOrNone = None
    rules: dict[str, Any] = {}

    @property
    def is_plain(self) -> bool:
        """For everybody, from the first piece on."""
        return not self.rules and (self.min_quantity or ZERO) <= 1 and self.max_quantity is None


class ProductWire(Wire):
    id: Id
    title: Text
    status: Text = "published"
    updated_at: Moment


class VariantWire(Wire):
    id: Id
    title: Text = ""
    sku: Text = ""
    barcode: Text = ""
    manage_inventory: Flag = False
    updated_at: Moment
    product: ProductWire
    prices: Annotated[list[PriceWire], _Listed] = []
    inventory_items: Annotated[list[PartWire], _Listed] = []


class LocationWire(Wire):
    id: Id
    name: Text = ""


class StoreCurrencyWire(Wire):
    currency_code: Text
    is_default: Flag = False


class StoreWire(Wire):
    name: Text = ""
    default_sales_channel_id: OptionalId = ""
    supported_currencies: Annotated[list[StoreCurrencyWire], _Listed] = Field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Terms:
    """What prices and stock mean in the shop. `currency` in capitals; `gross` None: not told; `location` "" = all."""

    currency: str
    currencies: tuple[str, ...]
    gross: bool | None
    channel: str
    location: str = ""
    free: bool = False
