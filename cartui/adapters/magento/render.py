"""What Magento takes: searches as parameters, drafts and changes as bodies. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import blake2b
from typing import Any, Final

from cartui.domain.records import Address, CustomerDraft, ItemDraft, ShipmentDraft
from cartui.errors import HoldRecordError

_SIX_KB: Final = 6_000  # of one request line; web servers take 8


@dataclass(frozen=True, slots=True)
class Where:
    """One filter of a search; several are all to hold."""

    field: str
    condition: str
    value: str


def render_search(
    where: Sequence[Where], sort: Sequence[str], page: int, size: int, direction: str = "ASC"
) -> list[tuple[str, str]]:
    """`searchCriteria` of a page; page 1 is the first."""
    params = [
        (f"searchCriteria[filter_groups][{number}][filters][0][{name}]", value)
        for number, one in enumerate(where)
        for name, value in (("field", one.field), ("value", one.value), ("condition_type", one.condition))
    ]
    for number, field in enumerate(sort):
        params.append((f"searchCriteria[sortOrders][{number}][field]", field))
        params.append((f"searchCriteria[sortOrders][{number}][direction]", direction))
    return [*params, ("searchCriteria[pageSize]", str(size)), ("searchCriteria[currentPage]", str(page))]


def batches(values: Sequence[str], most: int) -> Iterator[list[str]]:
    """Values for one request each: so many, and no longer than a request line may be."""
    batch: list[str] = []
    length = 0
    for value in values:
        longer = 3 * len(value.encode()) + 3
        if batch and (len(batch) >= most or length + longer > _SIX_KB):
            yield batch
            batch, length = [], 0
        batch.append(value)
        length += longer
    if batch:
        yield batch


def render_since(since: datetime) -> str:
    """A stamp as Magento compares it: UTC, whole seconds (rounded down, so nothing is left out)."""
    return since.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


# --- items and stock --------------------------------------------------------------------------------------------------


def render_number(number: Decimal) -> float | int:
    """A JSON number. The shortest text of the nearest float is the number itself up to 15 digits: what Magento reads is
    what was meant."""
    return int(number) if number == number.to_integral_value() else float(number)


def render_item(
    draft: ItemDraft, attribute_set: int, barcode_attribute: str, website_id: int | None, *, with_stock: bool
) -> dict[str, Any]:
    """The body of `POST products`; `HoldRecordError` for a draft that Magento has no place for."""
    name = draft.sku or draft.name
    if not draft.sku.strip() or len(draft.sku) > 64:
        raise HoldRecordError(name, "Magento wants a SKU of 1 to 64 characters.", "Give the item such a code.")
    if not draft.name.strip():
        raise HoldRecordError(name, "The item has no name.", "Give it one; Magento wants a name.")
    if draft.price is None:
        raise HoldRecordError(name, "The item has no price.", "Give it one; Magento wants a price.")
    product: dict[str, Any] = {
        "sku": draft.sku,
        "name": draft.name,
        "price": render_number(draft.price),
        "attribute_set_id": attribute_set,
        "status": 1,
        "visibility": 4,
        "type_id": "simple",
    }
    extras: dict[str, Any] = {} if website_id is None else {"website_ids": [website_id]}
    if with_stock and draft.stock is not None:
        extras["stock_item"] = {"qty": render_number(draft.stock), "is_in_stock": draft.stock > 0}
    if extras:
        product["extension_attributes"] = extras
    if draft.barcode:
        product["custom_attributes"] = [_barcode(name, draft.barcode, barcode_attribute)]
    return {"product": product}


def with_address(body: Mapping[str, Any]) -> dict[str, Any]:
    """The body of `POST products` with an address of its own for the item's page: Magento makes one of the name alone,
    and refuses a second item of the same name."""
    product = body["product"]
    sku = str(product["sku"])
    words = "-".join(filter(None, (_slug(str(product["name"]))[:100], _slug(sku))))
    if _slug(sku) != sku.lower():
        words += f"-{blake2b(sku.encode(), digest_size=4).hexdigest()}"  # other SKUs may read the same
    address = {"attribute_code": "url_key", "value": words}
    return {"product": {**product, "custom_attributes": [*product.get("custom_attributes", ()), address]}}


def _slug(text: str) -> str:
    return re.sub("[^a-z0-9]+", "-", text.lower()).strip("-")


def render_item_changes(item_id: str, changes: Mapping[str, str | Decimal], barcode_attribute: str) -> dict[str, Any]:
    """The body of `PUT products/{sku}`: only what changes."""
    if "sku" in changes:
        raise HoldRecordError(
            item_id, "A SKU can't be changed over Magento's API.", "Change it in the shop, then list the items again."
        )
    product: dict[str, Any] = {}
    for name in ("name", "price"):
        if name in changes:
            value = changes[name]
            product[name] = render_number(value) if isinstance(value, Decimal) else value
    if "barcode" in changes:
        product["custom_attributes"] = [_barcode(item_id, str(changes["barcode"]), barcode_attribute)]
    return {"product": product}


def _barcode(record: str, barcode: str, attribute: str) -> dict[str, str]:
    if not attribute:
        raise HoldRecordError(
            record,
            "The cart's option Barcode attribute is empty.",
            "Enter the code of the shop's attribute, or leave the barcode out.",
        )
    return {"attribute_code": attribute, "value": barcode}


def render_shipment(draft: ShipmentDraft, comment: str, source: str) -> dict[str, Any]:
    """The body of `POST order/{id}/ship`; `source`: the inventory source that it leaves, "" where there are none."""
    body: dict[str, Any] = {
        "notify": draft.notify_shopper,
        "appendComment": False,
        "comment": {"comment": comment, "is_visible_on_front": 0},
    }
    if draft.lines:
        body["items"] = [
            {"order_item_id": _item_number(draft, one.line_id), "qty": render_number(one.quantity)}
            for one in draft.lines
        ]
    if number := draft.tracking_number.strip():
        title = draft.carrier_title or draft.carrier or "Shipping"
        body["tracks"] = [{"track_number": number, "title": title, "carrier_code": draft.carrier or "custom"}]
    if source:
        body["arguments"] = {"extension_attributes": {"source_code": source}}
    return body


def _item_number(draft: ShipmentDraft, line_id: str) -> int:
    if line_id.isascii() and line_id.isdigit():
        return int(line_id)
    raise HoldRecordError(
        draft.order_id, f"The order has no line {line_id[:20]!r}.", "Read the order again, then retry the shipment."
    )


# --- customers --------------------------------------------------------------------------------------------------------

CUSTOMER_FIELDS: Final = {
    "email": "email",
    "first_name": "firstname",
    "last_name": "lastname",
    "tax_number": "taxvat",
}


def render_customer(draft: CustomerDraft, website_id: int | None) -> dict[str, Any]:
    """The body of `POST customers`. Company and phone have a place in an address only."""
    if not (draft.first_name.strip() and draft.last_name.strip() and draft.email.strip()):
        raise HoldRecordError(
            draft.email or draft.first_name,
            "Magento wants an e-mail, a first and a last name.",
            "Enter both names in the customer, then retry it.",
        )
    customer: dict[str, Any] = {name: getattr(draft, field) for field, name in CUSTOMER_FIELDS.items()}
    if not draft.tax_number:
        del customer["taxvat"]
    if website_id is not None:
        customer["website_id"] = website_id
    if draft.address is not None and (address := _address(draft, draft.address)):
        customer["addresses"] = [address]
    return {"customer": customer}


def _address(draft: CustomerDraft, address: Address) -> dict[str, Any] | None:
    """An address that Magento takes, None where an obligatory part is missing."""
    phone = address.phone or draft.phone
    if not (address.street1 and address.city and address.country and phone):
        return None
    wire: dict[str, Any] = {
        "firstname": draft.first_name,
        "lastname": draft.last_name,
        "street": [line for line in (address.street1, address.street2) if line],
        "city": address.city,
        "postcode": address.postcode,
        "country_id": address.country,
        "telephone": phone,
        "default_billing": True,
        "default_shipping": True,
    }
    if company := address.company or draft.company:
        wire["company"] = company
    if address.region:
        wire["region"] = {"region": address.region}
    return wire


def render_customer_changes(stored: Mapping[str, Any], changes: Mapping[str, str], record: str) -> dict[str, Any]:
    """The body of `PUT customers/{id}`: the record as it was read, with the changes. Its addresses are left out:
    Magento deletes those that such a body does not repeat, and leaves all where it names none."""
    if wrong := sorted(set(changes) - set(CUSTOMER_FIELDS)):
        raise HoldRecordError(
            record,
            f"Magento keeps {' and '.join(wrong)} in a customer's addresses.",
            "Change it in the shop, or leave it out of the export.",
        )
    left_out = ("addresses", "created_at", "updated_at")
    customer = {name: value for name, value in stored.items() if name not in left_out}
    return {"customer": customer | {CUSTOMER_FIELDS[name]: value for name, value in changes.items()}}
