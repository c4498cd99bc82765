"""Content hashes: has a record really changed? Stamps lie (CART-OBSERVED 0.2, 10), content does not."""

from __future__ import annotations

import json
from hashlib import blake2b

from pydantic_core import PydanticSerializationError, to_json

from cartui.domain.ports import Received
from cartui.domain.records import CartBasket, CartCustomer, CartItem, CartOrder
from cartui.domain.settings import CartConnection

_STAMPS = {"modified_at"}


_NUL = rb"\u0000"


class UnstorableTextError(ValueError):
    """A record holds text that no database keeps: a NUL character, or half of a surrogate pair."""


def fingerprint(record: CartOrder | CartItem | CartCustomer | CartBasket) -> str:
    """Hash of all that a record says except its modified stamp; equal content gives equal text, on every machine.

    Errors: `UnstorableTextError` for a record that an adapter let through without cleaning its text.
    """
    try:
        content = to_json(record, exclude=_STAMPS)
    except PydanticSerializationError as error:
        raise UnstorableTextError("It holds a broken character (half of a surrogate pair).") from error
    if _NUL in content and _has_nul(content):
        raise UnstorableTextError("It holds a NUL character.")
    return blake2b(content, digest_size=16).hexdigest()


def _has_nul(content: bytes) -> bool:
    """The escape itself, not a backslash followed by the letters u0000."""
    return _NUL in content.replace(rb"\\", b"")


def fingerprint_raw(row: Received[object]) -> str:
    """Hash of a body that could not be read."""
    return "raw:" + blake2b(row.raw, digest_size=16).hexdigest()


def fingerprint_connection(connection: CartConnection) -> str:
    """Hash of all that decides which cart is reached, with which credentials; a change asks for a new test."""
    stated = [
        connection.cart_type,
        connection.url,
        sorted(connection.options.items()),
        sorted(connection.secret_refs.items()),
        connection.allow_plain_http,
    ]
    return blake2b(json.dumps(stated).encode(), digest_size=16).hexdigest()
