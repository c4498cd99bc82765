"""Reads what a client sent, strictly: whatever is unknown, doubled or of another form is refused by its name."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from cartui.demo.pricing import EXPONENTS
from cartui.demo.wire import PAGE_DEFAULT, PAGE_MAXIMUM, RefusalError, Row, invalid

TEXT_MAXIMUM = 5_000
ID = re.compile(r"[A-Za-z0-9._:-]{1,64}", re.ASCII)
_KEY = re.compile(r"[A-Za-z0-9._:-]{8,64}", re.ASCII)
_DECIMAL = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d{1,6})?", re.ASCII)
_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)
_COUNT = re.compile(r"[1-9]\d{0,5}", re.ASCII)

Reader = Callable[[Any, str], Any]
"""(value, field) -> the value to store; raises RefusalError."""


def check_parameters(pairs: Iterable[tuple[str, str]], allowed: Iterable[str]) -> dict[str, str]:
    """The query's parameters, each known, once, and not empty."""
    allowed = tuple(allowed)
    found: dict[str, str] = {}
    for name, value in pairs:
        if name not in allowed:
            known = ", ".join(allowed) or "none"
            raise RefusalError(
                400, "unknown_parameter", f"{name}: not a parameter here", f"This call takes: {known}.", field=name
            )
        if name in found:
            raise invalid(name, "given twice", "Give each parameter once.")
        if not value:
            raise invalid(name, "empty", "Leave the parameter out, or give it a value.")
        found[name] = value
    return found


def read_limit(text: str | None) -> int:
    """Rows per page. More than the page maximum is refused, not cut: a client must not believe it got what it asked."""
    if text is None:
        return PAGE_DEFAULT
    if not _COUNT.fullmatch(text) or int(text) > PAGE_MAXIMUM:
        raise invalid("limit", "out of range", f"Ask for 1 to {PAGE_MAXIMUM} rows; ping states the maximum.")
    return int(text)


def read_ids(text: str) -> list[str]:
    """The ids of an ``ids=a,b,c`` parameter."""
    ids = text.split(",")
    if len(ids) > PAGE_MAXIMUM or not all(ID.fullmatch(part) for part in ids):
        raise invalid("ids", "not a list of ids", f"Give up to {PAGE_MAXIMUM} ids, separated by commas.")
    return ids


def read_key(text: str | None) -> str:
    """The Idempotency-Key header of a create."""
    if text is None or not _KEY.fullmatch(text):
        message = "Idempotency-Key: missing or not 8 to 64 of A-Z a-z 0-9 . _ : -"
        remedy = "Send a key that is new for each record and the same for each repetition."
        raise RefusalError(400, "idempotency_key_required", message, remedy, field="Idempotency-Key")
    return text


def read_object(raw: bytes) -> Row:
    """The request's JSON object."""
    try:
        value = json.loads(raw)
        raw.decode().encode()
        json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError):
        raise RefusalError(400, "not_json", "the body is not JSON in UTF-8", "Send one JSON object.") from None
    if not isinstance(value, dict):
        raise RefusalError(400, "not_json", "the body is not an object", "Send one JSON object.")
    return value


def read_fields(body: Mapping[str, Any], readers: Mapping[str, Reader], required: Iterable[str] = ()) -> Row:
    """The body's fields, each known and read by its reader; ``required`` ones must be there."""
    for name in body:
        if name not in readers:
            known = ", ".join(readers)
            raise RefusalError(400, "unknown_field", f"{name}: not a field here", f"Fields here: {known}.", field=name)
    for name in required:
        if name not in body:
            raise RefusalError(400, "missing_field", f"{name}: missing", f"Add {name} to the body.", field=name)
    return {name: readers[name](value, name) for name, value in body.items()}


def text(value: Any, field: str) -> str:
    """Text that is not blank."""
    if not isinstance(value, str) or not value.strip() or len(value) > TEXT_MAXIMUM:
        raise invalid(field, "not a text", f"Send a string of 1 to {TEXT_MAXIMUM} characters, not only blanks.")
    return value


def any_text(value: Any, field: str) -> str:
    """Text that may be empty."""
    return value if value == "" and isinstance(value, str) else text(value, field)


def or_null(reader: Reader) -> Reader:
    """The same, or null."""
    return lambda value, field: None if value is None else reader(value, field)


def flag(value: Any, field: str) -> bool:
    """true or false."""
    if not isinstance(value, bool):
        raise invalid(field, "neither true nor false", "Send true or false without quotes.")
    return value


def whole(value: Any, field: str) -> int:
    """A whole number above zero, such as a version."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise invalid(field, "not a whole number", "Send a whole number above zero, without quotes.")
    return value


def identifier(value: Any, field: str) -> str:
    """An id as the protocol allows it."""
    if not isinstance(value, str) or not ID.fullmatch(value):
        raise invalid(field, "not an id", "Send the id as the shop gave it, in quotes.")
    return value


def country(value: Any, field: str) -> str:
    """A country by its two letters."""
    if not isinstance(value, str) or not _COUNTRY.fullmatch(value):
        raise invalid(field, "not a country code", "Send the two capital letters of ISO 3166, such as DE.")
    return value


def decimal_text(value: Any, field: str) -> str:
    """A decimal string; a JSON number is refused, since programs read those as binary fractions."""
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
        raise invalid(field, "not a decimal string", 'Send digits in quotes with a point, such as "12.50".')
    return value


def quantity(value: Any, field: str) -> int:
    """A quantity of zero or more in tenths: this shop sells by tenths of a unit."""
    whole_part, _, rest = decimal_text(value, field).partition(".")
    rest = rest.rstrip("0")
    if whole_part.startswith("-") or len(rest) > 1:
        raise invalid(field, "not a quantity of this shop", "Send zero or more, with at most one decimal.")
    return int(whole_part) * 10 + int(rest or 0)


def price(currency: str) -> Reader:
    """A price of zero or more in a currency, rendered with all of its decimals."""
    exponent = EXPONENTS[currency]

    def read(value: Any, field: str) -> str:
        whole_part, _, rest = decimal_text(value, field).partition(".")
        if whole_part.startswith("-") or len(rest.rstrip("0")) > exponent:
            raise invalid(field, f"not a price in {currency}", f"Send zero or more, at most {exponent} decimals.")
        return f"{whole_part}.{rest[:exponent].ljust(exponent, '0')}" if exponent else whole_part

    return read


def list_of(reader: Reader, maximum: int) -> Reader:
    """A list of at most ``maximum`` values."""

    def read(value: Any, field: str) -> list[Any]:
        if not isinstance(value, list) or len(value) > maximum:
            raise invalid(field, "not a list of the allowed length", f"Send a list of at most {maximum}.")
        return [reader(part, f"{field}[{position}]") for position, part in enumerate(value)]

    return read


def record(readers: Mapping[str, Reader], required: Iterable[str] = ()) -> Reader:
    """An object with known fields."""
    required = tuple(required)

    def read(value: Any, field: str) -> Row:
        if not isinstance(value, dict):
            raise invalid(field, "not an object", "Send a JSON object.")
        return read_fields(value, readers, required)

    return read
