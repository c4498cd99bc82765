"""From drafts and changes to Vendure's inputs. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import blake2b
from typing import Any

from cartui.adapters.vendure.wire import Terms
from cartui.domain.records import Address, ItemDraft
from cartui.errors import HoldRecordError

CUSTOMER_WORDS = {
    "email": "emailAddress",
    "first_name": "firstName",
    "last_name": "lastName",
    "phone": "phoneNumber",
}


def render_slug(key: str) -> str:
    """Our key as the slug of a product that we make, by which it is found again: unlike a SKU it is unique."""
    plain = re.sub(r"[^a-z0-9]+", "-", key.lower()).strip("-")
    return plain if plain == key else f"{plain}-{blake2b(key.encode(), digest_size=4).hexdigest()}"


def render_after(since: datetime) -> str:
    """`after` is exclusive and compares finer stamps than it shows: one millisecond earlier includes `since`."""
    before = since.astimezone(UTC) - timedelta(milliseconds=1)
    return before.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def render_variant(draft: ItemDraft, product_id: str, terms: Terms) -> dict[str, Any]:
    """CreateProductVariantInput. `HoldRecordError` for a currency that the channel does not have."""
    wire: dict[str, Any] = {"productId": product_id, "sku": draft.sku}  # enabled: not told before 3.1
    wire["translations"] = [{"languageCode": terms.language, "name": draft.name}]
    if draft.price is not None:
        currency, price = draft.currency or terms.currency, terms.minor(draft.price, draft.sku)
        if currency not in terms.currencies:
            reason = f"The shop's channel has no prices in {currency}."
            raise HoldRecordError(draft.sku, reason, f"Enter the price in {terms.currency}.")
        wire |= {"price": price} if currency == terms.currency else {"prices": [_price(currency, price)]}
    if draft.stock is not None:
        wire |= render_stock(whole_pieces(draft.stock, draft.sku), terms.location) | {"trackInventory": "TRUE"}
    return wire


def _price(currency: str, price: int) -> dict[str, Any]:
    return {"currencyCode": currency, "price": price}


def render_stock(on_hand: int, location: str) -> dict[str, Any]:
    return (
        {"stockLevels": [{"stockLocationId": location, "stockOnHand": on_hand}]}
        if location
        else {"stockOnHand": on_hand}
    )


def whole_pieces(quantity: Decimal, record: str) -> int:
    if quantity != quantity.to_integral_value() or quantity < 0:
        raise HoldRecordError(record, f"The shop counts whole pieces from 0; {quantity} is none.", "Correct the stock.")
    return int(quantity)


def render_customer(values: Mapping[str, str], record: str) -> dict[str, Any]:
    """Fields of CreateCustomerInput and UpdateCustomerInput; what Vendure has no field for is refused."""
    if foreign := sorted(name for name, value in values.items() if value and name not in CUSTOMER_WORDS):
        raise HoldRecordError(
            record,
            f"A customer of the shop has no {' and no '.join(foreign)}.".replace("_", " "),
            "Leave it out of the export.",
        )
    return {CUSTOMER_WORDS[name]: value for name, value in values.items() if name in CUSTOMER_WORDS}


def render_address(address: Address) -> dict[str, Any]:
    """CreateAddressInput, empty for an address without street or country, which Vendure does not take."""
    if not (address.street1 and address.country):
        return {}
    names = (
        "fullName",
        "company",
        "streetLine1",
        "streetLine2",
        "city",
        "province",
        "postalCode",
        "countryCode",
        "phoneNumber",
    )
    lines = (address.name, address.company, address.street1, address.street2, address.city, address.region)
    values = (*lines, address.postcode, address.country, address.phone)
    return {name: value for name, value in zip(names, values, strict=True) if value}
