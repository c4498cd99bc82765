"""What Cart Connect takes: drafts and changes as bodies of its calls (docs/cart-connect.md, sections 1 and 7). Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final

from cartui.adapters.cart_connect.wire import AddressRow
from cartui.domain.money import format_amount
from cartui.domain.records import CustomerDraft, ItemDraft, ShipmentDraft, ShipmentLine, StockWrite
from cartui.errors import HoldRecordError

_KEY: Final = re.compile(r"[A-Za-z0-9._:-]{8,64}", re.ASCII)  # section 7, "Create"


def render_key(key: str) -> str:
    """Our marker as an Idempotency-Key: itself where the protocol takes it, else a hash of it, always the same."""
    return key if _KEY.fullmatch(key) else f"cartui-{sha256(key.encode()).hexdigest()[:40]}"


def render_item(draft: ItemDraft) -> dict[str, Any]:
    """The body of `POST items`; `HoldRecordError` without a price, which the protocol wants."""
    if draft.price is None:
        raise HoldRecordError(draft.sku or draft.name, "The item has no price.", "Give it one; the shop wants a price.")
    return {
        "name": draft.name,
        "price": format_amount(draft.price, draft.currency),
        "currency": draft.currency,
        "sku": draft.sku or None,
        "barcode": draft.barcode or None,
        "stock": None if draft.stock is None else f"{draft.stock:f}",
    }


def render_customer(draft: CustomerDraft) -> dict[str, Any]:
    """The body of `POST customers`."""
    address = draft.address
    names = AddressRow.__annotations__
    return {
        "email": draft.email,
        "first_name": draft.first_name,
        "last_name": draft.last_name,
        "company": draft.company or None,
        "phone": draft.phone or None,
        "tax_number": draft.tax_number or None,
        "addresses": [] if address is None else [{name: getattr(address, name) or None for name in names}],
    }


def render_shipment(draft: ShipmentDraft, lines: Sequence[ShipmentLine], *, since_1_1: bool) -> dict[str, Any]:
    """The body of `POST orders/{id}/shipments`. `HoldRecordError` for what the shop's version does not take."""
    carrier = draft.carrier or draft.carrier_title
    if not carrier.strip():
        raise HoldRecordError(draft.order_id, "The shipment has no carrier.", "Set one, or a default carrier.")
    if not draft.tracking_number and not since_1_1:
        raise HoldRecordError(
            draft.order_id,
            "The shop takes no shipment without a tracking number.",
            "Enter the number, or update the shop's module.",
        )
    body = {
        "carrier": carrier,
        "tracking_number": draft.tracking_number or None,
        "tracking_url": draft.tracking_url or None,
        "shipped_at": render_since(draft.shipped_at),
        "lines": [{"line_id": line.line_id, "quantity": f"{line.quantity:f}"} for line in lines],
    }
    return body | {"notify": draft.notify_shopper} if since_1_1 else body


def render_changes(changes: Mapping[str, str | Decimal]) -> dict[str, Any]:
    """The body of a PATCH. An emptied field is null, where the protocol has null for it."""
    obligatory = ("name", "email", "first_name", "last_name")
    told = {name: f"{value:f}" if isinstance(value, Decimal) else value for name, value in changes.items()}
    return {"changes": {name: value if value or name in obligatory else None for name, value in told.items()}}


def render_stock(write: StockWrite) -> dict[str, str]:
    """A row of `POST stock`, compare-and-set where the shown number is known."""
    row = {"item_id": str(write.item_id), "quantity": f"{write.quantity:f}"}
    return row if write.expected is None else row | {"expected": f"{write.expected:f}"}


def render_since(since: datetime) -> str:
    """A request's time (section 1)."""
    return since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
