"""From drafts and changes to Medusa's bodies. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from cartui.adapters.medusa.parse import CARRIER, MARKER
from cartui.adapters.medusa.wire import PriceWire, Terms
from cartui.domain.records import Address, CustomerDraft, ItemDraft, ShipmentDraft
from cartui.errors import HoldRecordError

CUSTOMER_WORDS: Final = {
    "email": "email",
    "first_name": "first_name",
    "last_name": "last_name",
    "company": "company_name",
    "phone": "phone",
}
_OPTION, _VALUE, _VARIANT = "Default option", "Default option value", "Default variant"  # as Medusa's own pages do


def render_since(since: datetime) -> str:
    """Medusa's own milliseconds, rounded down: `$gte` includes them."""
    return since.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def render_number(amount: Decimal, record: str) -> int | float:
    """A number of JSON that means exactly the amount; `HoldRecordError` where there is none."""
    if amount == amount.to_integral_value():
        return int(amount)
    number = float(amount)
    if Decimal(repr(number)) != amount:
        raise HoldRecordError(record, f"The shop can't hold {amount} exactly.", "Round it.")
    return number


def render_item(draft: ItemDraft, terms: Terms, profile: str) -> dict[str, Any]:
    """A product with one variant. `external_id` is our key, by which it is found again; a handle is unique, so that a
    second one can't be made by mistake. `HoldRecordError` for a currency that the store does not have."""
    variant: dict[str, Any] = {
        "title": _VARIANT,
        "sku": draft.sku or None,
        "barcode": draft.barcode or None,
        "manage_inventory": True,
        "options": {_OPTION: _VALUE},
        "prices": [],
    }
    if draft.price is not None:
        currency = draft.currency or terms.currency
        if currency not in terms.currencies:
            reason = f"The store has no prices in {currency}."
            raise HoldRecordError(draft.sku, reason, f"Enter the price in {terms.currency}.")
        amount = render_number(draft.price, draft.sku)
        variant["prices"] = [{"currency_code": currency.lower(), "amount": amount}]
    return {
        "title": draft.name,
        "handle": _handle(draft),
        "external_id": draft.key,
        "status": "published",
        "options": [{"title": _OPTION, "values": [_VALUE]}],
        "variants": [variant],
        **({"shipping_profile_id": profile} if profile else {}),
        **({"sales_channels": [{"id": terms.channel}]} if terms.channel else {}),
    }


def _handle(draft: ItemDraft) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", draft.name.lower()).strip("-")[:60].strip("-")
    key = re.sub(r"[^a-z0-9]+", "-", draft.key.lower()).strip("-")
    return f"{words}-{key}" if words else key


def render_prices(prices: Sequence[PriceWire], changed: PriceWire | None, currency: str, amount: Any) -> list[Any]:
    """All prices of a variant, one of them changed or new: those left out would be deleted."""
    rendered: list[dict[str, Any]] = []
    for one in prices:
        row: dict[str, Any] = {"id": one.id, "currency_code": one.currency_code, "rules": dict(one.rules)}
        row["amount"] = amount if changed and one.id == changed.id else render_number(one.amount, one.id)
        for name, value in (("min_quantity", one.min_quantity), ("max_quantity", one.max_quantity)):
            row |= {} if value is None else {name: render_number(value, one.id)}
        rendered.append(row)
    return rendered if changed else [*rendered, {"currency_code": currency.lower(), "amount": amount}]


def render_customer(values: Mapping[str, str], record: str) -> dict[str, Any]:
    """Fields of a customer; what Medusa has no field for is refused. An empty text empties the field."""
    if values.get("tax_number"):
        raise HoldRecordError(
            record, "A customer of the shop has no field for a tax number.", "Leave it out of the export."
        )
    return {CUSTOMER_WORDS[name]: value or None for name, value in values.items() if name in CUSTOMER_WORDS}


def render_new_customer(draft: CustomerDraft) -> dict[str, Any]:
    values = {name: value for name in (*CUSTOMER_WORDS, "tax_number") if (value := getattr(draft, name))}
    return render_customer(values, draft.email) | {"metadata": {MARKER: draft.key}}


def render_address(address: Address) -> dict[str, Any]:
    first, _, last = address.name.rpartition(" ")
    rows = {
        "first_name": first,
        "last_name": last,
        "company": address.company,
        "address_1": address.street1,
        "address_2": address.street2,
        "city": address.city,
        "province": address.region,
        "postal_code": address.postcode,
        "country_code": address.country.lower(),
        "phone": address.phone,
    }
    return {name: value for name, value in rows.items() if value}


def render_parcel(draft: ShipmentDraft, lines: Sequence[tuple[str, Decimal]], location: str) -> dict[str, Any]:
    """A fulfilment: what is packed, with our key."""
    marks = {MARKER: draft.key, CARRIER: draft.carrier or draft.carrier_title}
    return {
        "items": [{"id": line_id, "quantity": render_number(count, draft.order_id)} for line_id, count in lines],
        "metadata": {name: value for name, value in marks.items() if value},
        "no_notification": True,
        **({"location_id": location} if location else {}),
    }


def render_shipment(draft: ShipmentDraft, lines: Sequence[tuple[str, Decimal]]) -> dict[str, Any]:
    """A fulfilment leaves, with its label. Medusa takes only web addresses, and wants both."""
    url = draft.tracking_url if re.match(r"https?://", draft.tracking_url) else ""
    label = {"tracking_number": draft.tracking_number, "tracking_url": url, "label_url": ""}
    return {
        "items": [{"id": line_id, "quantity": render_number(count, draft.order_id)} for line_id, count in lines],
        "labels": [label] if draft.tracking_number else [],
        "no_notification": not draft.notify_shopper,
    }
