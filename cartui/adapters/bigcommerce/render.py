"""From drafts and changes to what BigCommerce takes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import format_datetime
from typing import Any, Final

from cartui.domain.records import Address, CustomerDraft, ItemDraft
from cartui.errors import HoldRecordError

_CUSTOMER_WORDS: Final = ("email", "first_name", "last_name", "company", "phone")
_MOST_STOCK: Final = 2_147_483_647


def render_v2_time(moment: datetime) -> str:
    """RFC 2822, in whole seconds: "Fri, 20 Nov 2026 12:00:00 +0000"."""
    return format_datetime(moment.astimezone(UTC).replace(microsecond=0))


def render_v3_time(moment: datetime) -> str:
    """ISO 8601 with its time: without one the shop puts in the time of the request."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def render_number(amount: Decimal, record: str) -> float | int:
    """A JSON number that says exactly `amount`; `HoldRecordError` for one that a double can't say."""
    if amount == amount.to_integral_value():
        return int(amount)
    number = float(amount)  # written with repr, which gives back the same digits: checked
    if Decimal(repr(number)) != amount:
        raise HoldRecordError(record, f"{amount} has more digits than the shop can take.", "Round the price.")
    return number


def whole_pieces(quantity: Decimal, record: str) -> int:
    """The shop counts whole pieces."""
    if quantity != quantity.to_integral_value() or not 0 <= quantity <= _MOST_STOCK:
        raise HoldRecordError(record, f"The shop counts whole pieces from 0; {quantity} is none.", "Correct the stock.")
    return int(quantity)


def render_product(draft: ItemDraft, currency: str) -> dict[str, Any]:
    """The body of `POST catalog/products`: name, type, weight and price are obligatory, categories in newer shops."""
    record = draft.sku or draft.name
    if draft.price is None:
        raise HoldRecordError(record, "The item has no price.", "Give it one; the shop wants a price.")
    if draft.currency and draft.currency != currency:
        reason = f"The shop keeps its prices in {currency}, not in {draft.currency}."
        raise HoldRecordError(record, reason, f"Enter the price in {currency}.")
    body: dict[str, Any] = {"name": draft.name, "type": "physical", "weight": 0, "categories": []}
    body |= {"price": render_number(draft.price, record)}
    body |= {name: value for name, value in (("sku", draft.sku), ("upc", draft.barcode)) if value}
    if draft.stock is not None:
        body |= {"inventory_tracking": "product", "inventory_level": whole_pieces(draft.stock, record)}
    return body


def render_item_changes(changes: Mapping[str, str | Decimal], record: str) -> dict[str, Any]:
    """What a variant, or a product with only one, is changed by; the name is its product's."""
    body: dict[str, Any] = {}
    for ours, theirs in (("sku", "sku"), ("barcode", "upc"), ("price", "price")):
        if ours in changes:
            value = changes[ours]
            body[theirs] = render_number(value, record) if isinstance(value, Decimal) else value
    return body


def render_customer(values: Mapping[str, str], record: str) -> dict[str, Any]:
    """Fields of a customer of V3; what it has no field for is refused."""
    if values.get("tax_number"):
        raise HoldRecordError(record, "A customer of the shop has no tax number.", "Leave it out of the export.")
    return {name: values[name] for name in _CUSTOMER_WORDS if name in values}


def render_new_customer(draft: CustomerDraft) -> dict[str, Any]:
    """One entry of `POST customers`. First and last name are obligatory; a company alone has neither."""
    values = {name: str(getattr(draft, name)) for name in (*_CUSTOMER_WORDS, "tax_number")}
    body = {name: value for name, value in render_customer(values, draft.email).items() if value}
    if not (draft.first_name and draft.last_name):
        raise HoldRecordError(
            draft.email, "The customer has no first or no last name.", "Enter both; the shop wants them."
        )
    if draft.address is not None and (home := render_address(draft.address, draft)):
        body["addresses"] = [home]
    return body


def render_address(address: Address, who: CustomerDraft) -> dict[str, str]:
    """An address of V3, empty without street, city or country, which the shop does not take."""
    if not (address.street1 and address.city and address.country):
        return {}
    told = {
        "first_name": who.first_name,
        "last_name": who.last_name,
        "company": address.company,
        "address1": address.street1,
        "address2": address.street2,
        "city": address.city,
        "state_or_province": address.region,
        "postal_code": address.postcode,
        "country_code": address.country,
        "phone": address.phone,
    }
    return {name: value for name, value in told.items() if value or name in ("state_or_province", "postal_code")}
