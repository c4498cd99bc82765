"""Content hashes: has a record really changed? Stamps lie (CART-OBSERVED 0.2, 10), content does not."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b
from operator import attrgetter
from typing import Any

from cartui.domain.ports import Received
from cartui.domain.records import CartBasket, CartCustomer, CartItem, CartOrder
from cartui.domain.settings import CartConnection

_STAMPS = {"modified_at"}
_PLAIN = (Decimal, str, datetime, int)  # words of a status are str, too
_BETWEEN, _NOTHING = "\x1f", "\x1e"  # no text of a record holds either: see safe_text


class UnstorableTextError(ValueError):
    """A record holds text that no database keeps: a NUL character, or half of a surrogate pair."""


def fingerprint(record: CartOrder | CartItem | CartCustomer | CartBasket) -> str:
    """Hash of all that a record says except its modified stamp; equal content gives equal text, on every machine.

    Errors: `UnstorableTextError` for a record that an adapter let through without cleaning its text.
    """
    return digest(record)


def digest(value: object) -> str:
    """Hash of any frozen value made of records, mappings, tuples, text, numbers and times; errors as `fingerprint`."""
    parts: list[str] = []
    _add_parts(value, parts)
    try:
        content = _BETWEEN.join(parts).encode()
    except UnicodeEncodeError as error:
        raise UnstorableTextError("It holds a broken character (half of a surrogate pair).") from error
    if b"\0" in content:
        raise UnstorableTextError("It holds a NUL character.")
    return blake2b(content, digest_size=16).hexdigest()


def _add_parts(value: Any, parts: list[str]) -> None:
    """The texts of a value, depth first; what can be of any length says how long it is."""
    kind = type(value)
    if kind is str:
        parts.append(value)
    elif value is None:
        parts.append(_NOTHING)
    elif isinstance(value, _PLAIN):
        parts.append(str(value))
    elif kind is tuple:
        parts.append(str(len(value)))
        for one in value:
            _add_parts(one, parts)
    elif (content := _content_of(kind)) is not None:  # type: ignore[arg-type]  # a type is hashable
        for one in content(value):
            if type(one) is str:  # most are: spares them the call
                parts.append(one)
            else:
                _add_parts(one, parts)
    elif isinstance(value, Mapping):
        _add_parts(tuple(sorted(value.items())), parts)
    else:
        parts.append(str(value))


@lru_cache(maxsize=64)
def _content_of(kind: type) -> Callable[[Any], tuple[Any, ...]] | None:
    """Reads the fields of a record at once; None for what is no record. Each of them has more than one field."""
    return attrgetter(*[one.name for one in fields(kind) if one.name not in _STAMPS]) if is_dataclass(kind) else None


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
