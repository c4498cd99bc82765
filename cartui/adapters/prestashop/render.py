"""Records as the XML that the web service takes (it takes nothing else). Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final, NamedTuple
from xml.sax.saxutils import escape, quoteattr

from cartui.adapters.prestashop.facts import MARKER
from cartui.adapters.prestashop.fields import xml_text
from cartui.adapters.prestashop.wire import Row
from cartui.domain.records import Address, CustomerDraft, ItemDraft
from cartui.errors import HoldRecordError


class Links(NamedTuple):
    """An association: records of another list, by id."""

    list_name: str
    node: str
    ids: Sequence[str]


Value = str | Mapping[str, str] | Links
Fields = Mapping[str, Value]
"""Field -> text, or language id -> text, or (`associations`) links."""

CORRECT_SKU: Final = "Correct the item's SKU, then export it again."
_FILTER_SIGNS: Final = re.compile(r"[][\\]")
_READ_ONLY: Final[Mapping[str, frozenset[str]]] = {
    # Refused (codes 93 and 134), or the picture that is set by naming it; left alone where they are absent.
    "products": frozenset({"manufacturer_name", "quantity", "position_in_category", "id_default_image"}),
}
_BY_LANGUAGE: Final = frozenset(
    {"name", "description", "description_short", "link_rewrite", "meta_title", "meta_description", "meta_keywords"}
    | {"available_now", "available_later", "delivery_in_stock", "delivery_out_stock"}
)
_NODES: Final = {
    "products": "product",
    "combinations": "combination",
    "stock_availables": "stock_available",
    "customers": "customer",
    "addresses": "address",
    "order_carriers": "order_carrier",
    "order_histories": "order_history",
}


def render_record(resource: str, fields: Fields) -> bytes:
    """The body of a POST, PUT or PATCH of one record."""
    node = _NODES[resource]
    inner = "".join(f"<{name}>{_inner(value)}</{name}>" for name, value in fields.items())
    return f'<?xml version="1.0" encoding="UTF-8"?><prestashop><{node}>{inner}</{node}></prestashop>'.encode()


def _inner(value: Value) -> str:
    if isinstance(value, Links):
        links = "".join(f"<{value.node}><id>{_inner(one)}</id></{value.node}>" for one in value.ids)
        return f"<{value.list_name}>{links}</{value.list_name}>"
    if isinstance(value, str):
        return escape(xml_text(value))
    return "".join(f"<language id={quoteattr(one)}>{_inner(text)}</language>" for one, text in value.items())


def render_whole(resource: str, row: Row, changes: Fields, languages: Sequence[str]) -> dict[str, Any]:
    """All fields of a record as it was read, with the changes: a PUT empties what it does not name. Associations are
    left out, which leaves them as they are."""
    skipped = _READ_ONLY.get(resource, frozenset()) | {"associations"}
    fields: dict[str, Any] = {
        name: _as_sent(resource, name, value, languages) for name, value in row.items() if name not in skipped
    }
    for name, value in changes.items():
        before = fields.get(name)
        fields[name] = {**before, **value} if isinstance(before, dict) and isinstance(value, Mapping) else value
    return fields


def _as_sent(resource: str, name: str, value: Any, languages: Sequence[str]) -> Any:
    if isinstance(value, list):
        return {str(one.get("id", "")): str(one.get("value") or "") for one in value if isinstance(one, dict)}
    if resource == "products" and name in _BY_LANGUAGE:
        return dict.fromkeys(languages, str(value))  # a shop of one language tells the text alone
    return str(value)


def render_filter(text: str) -> str:
    """The value of a filter for a text. Brackets are the filter's own signs, and with more of them than it expects the
    shop leaves it out altogether (SQLUtils.php): then the longest part without one is looked for, anywhere in the
    field, and what is found must be compared. A backslash, an escape there, ends a part likewise."""
    if "[" not in text or "]" not in text[text.index("[") :]:
        return text
    longest = max(_FILTER_SIGNS.split(text), key=len)
    return f"%[{longest}]%"


def render_key(key: str) -> str:
    """Our marker: 1.7.0 has room for 32 characters."""
    return key if len(key) <= 32 and key.isascii() else f"cartui-{sha256(key.encode()).hexdigest()[:24]}"


def render_item(draft: ItemDraft, languages: Sequence[str], category: str, tax_group: str) -> Fields:
    """A product; without a tax rules group it is hidden, for it would be sold without tax."""
    if draft.price is None:
        raise HoldRecordError(draft.sku or draft.name, "The item has no price.", "Give it one; the shop wants a price.")
    slug = _slug(draft.name)
    return {
        "id_category_default": category,
        "id_tax_rules_group": tax_group or "0",
        "reference": draft.sku,
        MARKER: render_key(draft.key),
        "ean13": draft.barcode,
        "price": f"{draft.price:f}",
        "minimal_quantity": "1",
        "state": "1",
        "active": "1" if tax_group else "0",
        "available_for_order": "1",
        "show_price": "1",
        "visibility": "both",
        "condition": "new",
        "name": dict.fromkeys(languages, draft.name),
        "link_rewrite": dict.fromkeys(languages, slug),
        "associations": Links("categories", "category", (category,)),
    }


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:100] or "item"


def render_product_changes(changes: Mapping[str, str | Decimal], language: str) -> Fields:
    """name, sku, barcode and price of a product."""
    fields = _unit_changes(changes)
    if "price" in changes:
        fields["price"] = _plain(changes["price"])
    if "name" in changes:
        fields["name"] = {language: str(changes["name"])}
    return fields


def render_combination_changes(item_id: str, changes: Mapping[str, str | Decimal], product_price: Decimal) -> Fields:
    """As above; a combination holds the difference to its product's price, and no name."""
    if "name" in changes:
        raise HoldRecordError(
            item_id,
            "A combination has no name of its own: it is the product's, with its attributes.",
            "Change the product's name in the shop.",
        )
    if {"<", ">"} & set(str(changes.get("sku", ""))):
        raise HoldRecordError(
            item_id, "A combination's reference can't hold < or >: the shop leaves out what stands there.", CORRECT_SKU
        )
    fields = _unit_changes(changes)
    if "price" in changes:
        fields["price"] = _plain(Decimal(changes["price"]) - product_price)
    return fields


def _unit_changes(changes: Mapping[str, str | Decimal]) -> dict[str, Value]:
    names = {"sku": "reference", "barcode": "ean13"}
    return {field: str(changes[name]) for name, field in names.items() if name in changes}


def _plain(value: str | Decimal) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else value


def render_customer(draft: CustomerDraft, password: str) -> Fields:
    """An account with a password that nobody knows: the shopper asks for a new one."""
    if not draft.first_name.strip() or not draft.last_name.strip() or not draft.email.strip():
        raise HoldRecordError(
            draft.email or draft.key,
            "PrestaShop wants a first name, a last name and an e-mail address.",
            "Complete the customer, then export it again.",
        )
    return {
        "email": draft.email,
        "firstname": draft.first_name,
        "lastname": draft.last_name,
        "company": draft.company,
        "passwd": password,
        "active": "1",
    }


def render_customer_changes(changes: Mapping[str, str]) -> tuple[Fields, Fields]:
    """What goes to the customer, and what to the first address."""
    person = {"email": "email", "first_name": "firstname", "last_name": "lastname", "company": "company"}
    place = {"phone": "phone", "tax_number": "vat_number"}
    return tuple({own[name]: text for name, text in changes.items() if name in own} for own in (person, place))  # type: ignore[return-value]


def render_address(draft: CustomerDraft, address: Address, customer_id: str, country_id: str) -> Fields:
    return {
        "id_customer": customer_id,
        "id_country": country_id,
        "alias": "Address",
        "firstname": draft.first_name,
        "lastname": draft.last_name,
        "company": address.company or draft.company,
        "vat_number": draft.tax_number,
        "address1": address.street1 or "-",
        "address2": address.street2,
        "postcode": address.postcode,
        "city": address.city or "-",
        "phone": address.phone or draft.phone,
    }
