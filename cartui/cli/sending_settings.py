"""The settings of `cartui set` that say what goes to and fro by itself, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any, Final

from cartui.domain.money import AmountError, parse_amount
from cartui.domain.settings import (
    OWNED_FIELDS,
    CartDocument,
    CartSettings,
    FieldOwner,
    ReconcileWhen,
    StockNumber,
    StockRange,
    owner_key,
)

Reader = Callable[[CartDocument, str], CartDocument]
"""Gives the document with the setting as typed; ValueError says what is wrong."""

NAMED: Final = ("owner.KIND[.FIELD]", "carrier.NAME")
_TRUE: Final = frozenset({"yes", "on", "true", "1"})
_FALSE: Final = frozenset({"no", "off", "false", "0"})
_FLAGS: Final = {
    "from_cart_customers": "from_cart_customers",
    "from_cart_items": "from_cart_items",
    "to_cart_customers": "to_cart_customers",
    "to_cart_items": "to_cart_items",
    "to_cart_stock": "to_cart_stock",
    "to_cart_tracking": "to_cart_tracking",
    "sync_orders": "sync_orders",
    "sync_inventory": "to_cart_stock",  # the names of other programs for the same switches
    "sync_tracking": "to_cart_tracking",
    "send_from_test": "send_from_test",
    "stock_backorder": "stock_backorder",
    "notify_shopper": "notify_shopper",
    "reconcile_full": "reconcile_full",
    "live": "live",
}


def read_flag(text: str) -> bool:
    """yes/on/true/1 or no/off/false/0; ValueError."""
    word = text.strip().lower()
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise ValueError("it is yes or no.")


def _with(document: CartDocument, **changes: Any) -> CartDocument:
    return replace(document, settings=replace(document.settings, **changes))


def _flag(field: str) -> Reader:
    return lambda document, text: _with(document, **{field: read_flag(text)})


def _one_of(field: str, words: type[StrEnum]) -> Reader:
    return lambda document, text: _with(document, **{field: _word(words, text)})


def _word(words: type[StrEnum], text: str) -> StrEnum:
    try:
        return words(text.strip().lower().replace(" ", "_"))
    except ValueError:
        raise ValueError(f"it is one of {', '.join(words)}.") from None


def _line(field: str) -> Reader:
    return lambda document, text: _with(document, **{field: " ".join(text.split())})


def _stock_buffer(document: CartDocument, text: str) -> CartDocument:
    try:
        return _with(document, stock_buffer=parse_amount(text.strip()))
    except AmountError as error:
        raise ValueError(str(error)) from None


SENDING: Final[Mapping[str, Reader]] = {
    **{name: _flag(field) for name, field in _FLAGS.items()},
    "stock_number": _one_of("stock_number", StockNumber),
    "stock_buffer": _stock_buffer,
    "stock_range": _one_of("stock_range", StockRange),
    "stock_query": _line("stock_query"),
    "reconcile": _one_of("reconcile", ReconcileWhen),
    "default_carrier": _line("default_carrier"),
    "shipped_status": _line("shipped_status"),
}


def reader_of_name(key: str) -> Reader | None:
    """The reader of a setting whose name holds another name: owner.item.price, owner.item, carrier.DHL."""
    head, _, name = key.partition(".")
    if head == "owner" and name:
        return lambda document, text: _with(document, field_owners=_owners(document.settings, name, text))
    if head == "carrier" and name:
        return lambda document, text: _with(document, carriers=_carriers(document.settings, name, text))
    return None


def _owners(settings: CartSettings, name: str, text: str) -> dict[str, FieldOwner]:
    """All fields of a kind, or one; blank takes the owner away."""
    kind, _, field = name.partition(".")
    fields = {one.value: (one, names) for one, names in OWNED_FIELDS.items()}.get(kind)
    if fields is None or (field and field not in fields[1]):
        known = [owner_key(one, name) for one, names in OWNED_FIELDS.items() for name in names]
        raise ValueError(f"there is no such field; the fields: {', '.join(known)}, or item or customer for all.")
    keys = [owner_key(fields[0], one) for one in ([field] if field else fields[1])]
    if not text.strip():
        return {key: owner for key, owner in settings.field_owners.items() if key not in keys}
    owner = FieldOwner(_word(FieldOwner, text))
    return {**settings.field_owners, **dict.fromkeys(keys, owner)}


def _carriers(settings: CartSettings, name: str, text: str) -> dict[str, str]:
    """Our carrier -> the cart's own code; blank takes the line away."""
    others = {ours: code for ours, code in settings.carriers.items() if ours.casefold() != name.casefold()}
    return {**others, name: text.strip()} if text.strip() else others


def sending_row(settings: CartSettings) -> dict[str, object]:
    """These settings for `--json`."""
    return {
        "sync_orders": settings.sync_orders,
        "from_cart_customers": settings.from_cart_customers,
        "from_cart_items": settings.from_cart_items,
        "to_cart_customers": settings.to_cart_customers,
        "to_cart_items": settings.to_cart_items,
        "to_cart_stock": settings.to_cart_stock,
        "to_cart_tracking": settings.to_cart_tracking,
        "send_from_test": settings.send_from_test,
        "sends": [kind.value for kind in settings.sends],
        "stock_number": settings.stock_number.value,
        "stock_buffer": str(settings.stock_buffer),
        "stock_backorder": settings.stock_backorder,
        "stock_range": settings.stock_range.value,
        "stock_query": settings.stock_query,
        "owners": {key: owner.value for key, owner in settings.field_owners.items()},
        "carriers": dict(settings.carriers),
        "default_carrier": settings.default_carrier,
        "shipped_status": settings.shipped_status,
        "notify_shopper": settings.notify_shopper,
        "reconcile": settings.reconcile.value,
        "reconcile_full": settings.reconcile_full,
    }
