"""From drafts, changes and questions to what Shopify takes. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import blake2b
from typing import Any
from urllib.parse import urlsplit

from cartui.adapters.shopify.wire import Terms
from cartui.domain.money import places_of
from cartui.domain.records import Address, CustomerDraft, ItemDraft
from cartui.errors import HoldRecordError

_OPTION, _VALUE = "Title", "Default Title"  # Shopify's own words for a product without options
_PERSON = {"email": "email", "first_name": "firstName", "last_name": "lastName", "phone": "phone"}


def render_base(url: str) -> str:
    """The address that the API lies under: of a bare name, the shop's address, or the admin's as the browser shows it
    (admin.shopify.com/store/NAME)."""
    text = url.strip()
    parts = urlsplit(text if "://" in text else f"https://{text}")
    if (parts.hostname or "") == "admin.shopify.com":
        name = re.match(r"/store/([a-z0-9][a-z0-9-]*)", parts.path, re.IGNORECASE)
        if name:
            return f"https://{name[1].lower()}.myshopify.com/admin"
    host = parts.netloc if "." in parts.netloc or ":" in parts.netloc else f"{parts.netloc}.myshopify.com"
    return f"{parts.scheme}://{host}/admin"


def render_gid(kind: str, number: str) -> str:
    """A global id; "" for a number that is none, which Shopify would answer with an error for the whole request."""
    number = number.removeprefix(f"gid://shopify/{kind}/")
    return f"gid://shopify/{kind}/{number}" if re.fullmatch(r"[1-9]\d{0,18}", number, re.ASCII) else ""


def render_since(since: datetime | None, *, where: str = "") -> str | None:
    """The filter, inclusive, in whole seconds; None where there is nothing to filter by: an empty text is an error."""
    words = [where] if where else []
    if since is not None:
        words.append(f"updated_at:>='{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}'")
    return " ".join(words) or None


def render_phrase(name: str, value: str) -> str:
    """`name:"value"` with what has a meaning in the search syntax escaped."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'{name}:"{escaped}"'


def render_handle(key: str) -> str:
    """Our key as the handle of a product that we make, by which it is found again: unlike a SKU it is unique."""
    plain = re.sub(r"[^a-z0-9]+", "-", key.lower()).strip("-")
    return plain if plain == key else f"{plain}-{blake2b(key.encode(), digest_size=4).hexdigest()}"


def render_price(price: Decimal, currency: str, terms: Terms, record: str) -> str:
    """`Money`. `HoldRecordError` for another currency than the shop's, or more decimals than it has."""
    if currency and currency != terms.currency:
        reason = f"The shop's prices are in {terms.currency}, not in {currency}."
        raise HoldRecordError(record, reason, f"Enter the price in {terms.currency}.")
    if price != round(price, places_of(terms.currency)):
        raise HoldRecordError(record, f"{price} has more decimals than {terms.currency}.", "Round the price.")
    return f"{price:f}"


def whole_pieces(quantity: Decimal, record: str) -> int:
    if quantity != quantity.to_integral_value():
        raise HoldRecordError(record, f"The shop counts whole pieces; {quantity} is none.", "Round the stock.")
    return int(quantity)


def render_item(draft: ItemDraft, terms: Terms) -> dict[str, Any]:
    """ProductSetInput: a product of one variant."""
    record = draft.sku or draft.key
    stock: dict[str, Any] = {"sku": draft.sku, "tracked": draft.stock is not None}
    variant: dict[str, Any] = {
        "optionValues": [{"optionName": _OPTION, "name": _VALUE}],
        "sku": draft.sku,
        "inventoryItem": stock,
    }
    if draft.barcode:
        variant["barcode"] = draft.barcode
    if draft.price is not None:
        variant["price"] = render_price(draft.price, draft.currency, terms, record)
    if draft.stock is not None:
        if not terms.location:
            raise HoldRecordError(record, "The shop has several stock locations.", "Set the option Stock location.")
        quantity = whole_pieces(draft.stock, record)
        variant["inventoryQuantities"] = [{"locationId": terms.location, "name": "available", "quantity": quantity}]
    return {
        "title": draft.name,
        "handle": render_handle(draft.key),
        "status": "ACTIVE",
        "productOptions": [{"name": _OPTION, "values": [{"name": _VALUE}]}],
        "variants": [variant],
    }


def render_variant(item_id: str, changes: Mapping[str, str | Decimal], terms: Terms) -> dict[str, Any]:
    """ProductVariantsBulkInput without its id, of those changes that are the variant's own."""
    wire: dict[str, Any] = {}
    if "price" in changes:
        wire["price"] = render_price(Decimal(changes["price"]), "", terms, item_id)
    if "barcode" in changes:
        wire["barcode"] = str(changes["barcode"])
    if "sku" in changes:
        wire["inventoryItem"] = {"sku": str(changes["sku"])}
    return wire


def render_person(values: Mapping[str, str], record: str) -> dict[str, Any]:
    """CustomerInput of the fields that are the customer's own."""
    if values.get("tax_number"):
        raise HoldRecordError(record, "A customer of Shopify has no tax number.", "Leave it out of the export.")
    return {wire: values[ours] for ours, wire in _PERSON.items() if ours in values}


def render_new_customer(draft: CustomerDraft) -> dict[str, Any]:
    """CustomerInput; the key is a tag, by which a customer without e-mail is found again."""
    values = {name: getattr(draft, name) for name in (*_PERSON, "tax_number") if getattr(draft, name)}
    return {**render_person(values, draft.email or draft.key), "tags": [render_handle(draft.key)]}


def render_address(address: Address | None, draft: CustomerDraft) -> dict[str, Any]:
    """MailingAddressInput, {} where there is nothing to keep."""
    place = address or Address()
    told = {
        "company": place.company or draft.company,
        "address1": place.street1,
        "address2": place.street2,
        "city": place.city,
        "provinceCode": place.region,
        "zip": place.postcode,
        "countryCode": place.country,
        "phone": place.phone,
    }
    told = {name: value for name, value in told.items() if value}
    return {**told, "firstName": draft.first_name, "lastName": draft.last_name} if told else {}
