"""What wc/v3 takes: drafts and changes as bodies of its calls. Pure.

Prices are texts and stock whole numbers, anything else is a 400; only changed fields are sent (a repeated SKU is
refused where the shop holds it twice, and an order's lines would be computed anew)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from cartui.adapters.woocommerce.parse import MARKER, TAX_NUMBER_KEY
from cartui.domain.records import Address, CustomerDraft, ItemDraft
from cartui.errors import HoldRecordError

_ITEM_FIELDS: Final = {"name": "name", "sku": "sku", "barcode": "global_unique_id", "price": "regular_price"}
_PLAIN_CUSTOMER: Final = ("email", "first_name", "last_name")
_BILLING: Final = ("company", "phone")


def render_item(draft: ItemDraft, status: str) -> dict[str, Any]:
    """The body of `POST products`."""
    body: dict[str, Any] = {
        "name": draft.name,
        "type": "simple",
        "status": status,
        "sku": draft.sku,
        "meta_data": [{"key": MARKER, "value": draft.key}],
    }
    if draft.price is not None:
        body["regular_price"] = render_price(draft.price)
    if draft.barcode:
        body["global_unique_id"] = draft.barcode
    if draft.stock is not None:
        if (quantity := render_quantity(draft.stock)) is None:
            raise HoldRecordError(
                draft.sku or draft.name, f"WooCommerce takes whole stock only, not {draft.stock}.", _ROUND
            )
        body |= {"manage_stock": True, "stock_quantity": quantity}
    return body


def render_item_changes(changes: Mapping[str, str | Decimal], *, variation: bool, record: str) -> dict[str, Any]:
    """The body of `PUT products/…`; `HoldRecordError` for a variation's name, which is its product's."""
    if variation and "name" in changes:
        raise HoldRecordError(
            record, "A variation has no name of its own in WooCommerce.", "Change the name of its product in the shop."
        )
    return {
        _ITEM_FIELDS[name]: render_price(value) if isinstance(value, Decimal) else value
        for name, value in changes.items()
        if name in _ITEM_FIELDS
    }


def render_customer(draft: CustomerDraft) -> dict[str, Any]:
    """The body of `POST customers`."""
    billing = _render_address(draft.address) if draft.address else {}
    billing |= {"first_name": draft.first_name, "last_name": draft.last_name, "email": draft.email}
    billing |= {name: value for name, value in (("company", draft.company), ("phone", draft.phone)) if value}
    meta = [{"key": MARKER, "value": draft.key}]
    if draft.tax_number:
        meta.append({"key": TAX_NUMBER_KEY, "value": draft.tax_number})
    return {
        "email": draft.email,
        "first_name": draft.first_name,
        "last_name": draft.last_name,
        "billing": billing,
        "meta_data": meta,
    }


def render_customer_changes(changes: Mapping[str, str]) -> dict[str, Any]:
    """The body of `PUT customers/…`."""
    body: dict[str, Any] = {name: changes[name] for name in _PLAIN_CUSTOMER if name in changes}
    if billing := {name: changes[name] for name in _BILLING if name in changes}:
        body["billing"] = billing
    if "tax_number" in changes:
        body["meta_data"] = [{"key": TAX_NUMBER_KEY, "value": changes["tax_number"]}]
    return body


def render_price(price: Decimal) -> str:
    return f"{price:f}"


def render_quantity(quantity: Decimal) -> int | None:
    """None for a part of a piece."""
    return int(quantity) if quantity == quantity.to_integral_value() else None


_ROUND: Final = "Give it a whole number of pieces."


def _render_address(address: Address) -> dict[str, str]:
    told = {
        "company": address.company,
        "address_1": address.street1,
        "address_2": address.street2,
        "city": address.city,
        "state": address.region,
        "postcode": address.postcode,
        "country": address.country,
        "phone": address.phone,
    }
    return {name: value for name, value in told.items() if value}
