"""Content hashes: has a record really changed? Stamps lie (CART-OBSERVED 0.2, 10), content does not."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from hashlib import blake2b
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, NewType, Union, get_args, get_origin, get_type_hints

from cartui.domain.ports import Received
from cartui.domain.records import CartBasket, CartCustomer, CartItem, CartOrder
from cartui.domain.settings import CartConnection

_PASSED_OVER = {"modified_at", "gone"}  # each look shows how many pieces are gone; no document depends on it
_PLAIN = frozenset({Decimal, str, datetime, int, bool})
_BETWEEN, _NOTHING = "\x1f", "\x1e"  # no text of a record holds either: see safe_text


class UnstorableTextError(ValueError):
    """A record holds text that no database keeps: a NUL character, or half of a surrogate pair."""


def fingerprint(record: CartOrder | CartItem | CartCustomer | CartBasket) -> str:
    """Hash of all that a record says except its modified stamp and how many pieces are gone; equal content gives equal
    text, on every machine.

    Errors: `UnstorableTextError` for a record that an adapter let through without cleaning its text.
    """
    return digest(record)


def digest(value: object) -> str:
    """Hash of any frozen value made of records, mappings, tuples, text, numbers and times; errors as `fingerprint`."""
    values: list[Any] = []
    _add_values(value, values)
    texts = [one if isinstance(one, str) else _NOTHING if one is None else str(one) for one in values]
    try:
        content = _BETWEEN.join(texts).encode()
    except UnicodeEncodeError as error:
        raise UnstorableTextError("It holds a broken character (half of a surrogate pair).") from error
    if b"\0" in content:
        raise UnstorableTextError("It holds a NUL character.")
    return blake2b(content, digest_size=16).hexdigest()


def _add_values(value: Any, values: list[Any]) -> None:
    """The plain values in a value; what can be of any length says how long it is."""
    kind = type(value)
    if value is None or kind in _PLAIN or isinstance(value, str):
        values.append(value)
    elif kind is tuple:
        values.append(len(value))
        for one in value:
            _add_values(one, values)
    elif (readers := _READERS.get(kind) or _readers_of(kind)) is not None:
        plain, deep = readers
        values += plain(value)
        for one in deep(value):
            if one == ():
                values.append(0)
            else:
                _add_values(one, values)
    elif isinstance(value, Mapping):
        _add_values(tuple(sorted(value.items())), values)
    else:
        values.append(value)


_Reader = Callable[[Any], tuple[Any, ...]]
_READERS: dict[type, tuple[_Reader, _Reader]] = {}


def _readers_of(kind: type) -> tuple[_Reader, _Reader] | None:
    """Two readers of a record: all fields that are always plain, those of records inside it among them, and the other
    ones, which have to be looked into. Which is which, the annotations say. None for what is no record."""
    if not is_dataclass(kind):
        return None
    plain, deep = _paths(kind, "")
    _READERS[kind] = _reader(plain), _reader(deep)
    return _READERS[kind]


def _paths(kind: type, before: str) -> tuple[list[str], list[str]]:
    plain: list[str] = []
    deep: list[str] = []
    hints = get_type_hints(kind)
    for name in (one.name for one in fields(kind) if one.name not in _PASSED_OVER):
        stated, path = hints[name], f"{before}{name}"
        if is_dataclass(stated):
            more_plain, more_deep = _paths(stated, f"{path}.")  # type: ignore[arg-type]
            plain += more_plain
            deep += more_deep
        else:
            (plain if _is_plain(stated) else deep).append(path)
    return plain, deep


def _is_plain(stated: Any) -> bool:
    """Text, number, time, word or nothing."""
    if isinstance(stated, NewType):
        return _is_plain(stated.__supertype__)
    if isinstance(stated, UnionType) or get_origin(stated) is Union:
        return all(_is_plain(one) for one in get_args(stated))
    return isinstance(stated, type) and (stated in _PLAIN or stated is NoneType or issubclass(stated, StrEnum))


def _reader(paths: Sequence[str]) -> _Reader:
    """Always a tuple, which `attrgetter` gives for more than one only."""
    if not paths:
        return lambda _: ()
    read = attrgetter(*paths)
    return read if len(paths) > 1 else lambda value: (read(value),)


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
