"""A page of a list of Cart Connect (docs/cart-connect.md, section 3): its envelope, and each row with its own bytes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any, Final, Generic, Literal, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from cartui.adapters.cart_connect import wire
from cartui.adapters.cart_connect.parse import (
    UnreadableError,
    Wire,
    is_id,
    parse_basket,
    parse_customer,
    parse_item,
    parse_moment,
    parse_order,
)
from cartui.domain.ports import BadRecord, Received
from cartui.domain.records import CartBasket, CartCustomer, CartItem, CartOrder
from cartui.errors import AbortCycleError

R = TypeVar("R")
Source = Literal["orders", "items", "customers", "baskets"]

ASK_MAKER: Final = (
    "Report it to whoever made the shop's Cart Connect module, with the version that Test Connection shows."
)
_ENVELOPE: Final = TypeAdapter(wire.Envelope)


@dataclass(frozen=True, slots=True)
class Kind(Generic[R]):
    """One list of the protocol, and how its rows are read."""

    path: Source
    id_field: str
    shape: TypeAdapter[Any]
    parse: Callable[[Wire], R]


ORDERS: Final[Kind[CartOrder]] = Kind("orders", "order_id", TypeAdapter(wire.OrderRow), parse_order)
ITEMS: Final[Kind[CartItem]] = Kind("items", "item_id", TypeAdapter(wire.ItemRow), parse_item)
CUSTOMERS: Final[Kind[CartCustomer]] = Kind("customers", "customer_id", TypeAdapter(wire.CustomerRow), parse_customer)
BASKETS: Final[Kind[CartBasket]] = Kind("baskets", "basket_id", TypeAdapter(wire.BasketRow), parse_basket)


@dataclass(frozen=True, slots=True)
class Listing(Generic[R]):
    """A page of a list as the shop sent it (section 3)."""

    rows: tuple[Received[R], ...]
    total: int
    next_cursor: str | None
    server_time: datetime
    filters: Mapping[str, str]


def parse_listing(kind: Kind[R], body: bytes) -> Listing[R]:
    """A page; a row that can't be read becomes a `BadRecord` among the good. `AbortCycleError` where it is none."""
    return parse_rows(kind, scan_listing(kind, body))


@dataclass(frozen=True, slots=True)
class Scanned(Generic[R]):
    """A page of which all but the rows was read, so that the next one can be asked for. `rows` of a page as nearly all
    are, else all of it is in `listing` already."""

    body: bytes
    listing: Listing[R]
    rows: tuple[bytes, ...] = ()


def scan_listing(kind: Kind[R], body: bytes) -> Scanned[R]:
    """What stands around the rows, a hundredth of the work. `AbortCycleError` where it is no page."""
    return _scan_plain(kind, body) or Scanned(body, _parse_any(kind, body))


def parse_rows(kind: Kind[R], page: Scanned[R]) -> Listing[R]:
    """The whole of a page, four times as fast as `_parse_any` where every row is good."""
    if not page.rows:
        return page.listing
    try:
        received = tuple([_parse_good_row(kind, raw) for raw in page.rows])
    except (ValueError, KeyError, TypeError, UnreadableError):  # ValidationError is a ValueError
        return _parse_any(kind, page.body)
    return replace(page.listing, rows=received)


def _scan_plain(kind: Kind[R], body: bytes) -> Scanned[R] | None:
    """A page as nearly all are: each row begins with its id. None for any other page.

    The mark below can't stand within a text, where quotes are escaped. So a piece that is one whole object, and is
    followed by a comma and the next mark, is a row; where the mark stands deeper, a piece is not whole."""
    mark = f'{{"{kind.id_field}":'.encode()
    head, *pieces = body.split(mark)
    if not pieces or not head.rstrip().endswith(b"["):
        return None
    try:
        _, end = _DECODER.raw_decode((mark + pieces[-1]).decode())
        last = (mark + pieces[-1]).decode()
        told = from_json(head + last[end:].encode(), allow_inf_nan=False)
        if told["rows"] != []:
            return None
        envelope = _ENVELOPE.validate_python(told)
        moment = parse_moment(envelope["server_time"], "server_time")
        raws = [_before_comma(mark + piece) for piece in pieces[:-1]]
    except (ValueError, KeyError, TypeError, UnreadableError):  # ValidationError is a ValueError
        return None
    frame: Listing[R] = Listing((), envelope["total"], envelope["next_cursor"], moment, envelope["filters"])
    return Scanned(body, frame, (*raws, last[:end].encode()))


def _before_comma(piece: bytes) -> bytes:
    piece = piece.rstrip(_BLANK)
    if not piece.endswith(b","):
        raise ValueError("not a row")
    return piece[:-1].rstrip(_BLANK)


def _parse_good_row(kind: Kind[R], raw: bytes) -> Received[R]:
    row = kind.shape.validate_json(raw)
    record: Any = kind.parse(row)
    return Received(row[kind.id_field], record.modified_at, raw, record)


def _parse_any(kind: Kind[R], body: bytes) -> Listing[R]:
    try:
        told, rows = _scan_page(body.decode())
        envelope = _ENVELOPE.validate_python(told)
        moment = parse_moment(envelope["server_time"], "server_time")
    except ValidationError as error:
        problem = in_words(error)
    except UnreadableError as error:
        problem = str(error)
    except (ValueError, IndexError):
        problem = "it is not JSON in UTF-8 with a list of rows"
    else:
        received = tuple([parse_row(kind, row, raw.encode("utf-8", "replace")) for row, raw in rows])
        return Listing(received, envelope["total"], envelope["next_cursor"], moment, envelope["filters"])
    raise AbortCycleError(f"The shop's list of {kind.path} can't be read: {problem}.", ASK_MAKER)


def parse_row(kind: Kind[R], row: Any, raw: bytes) -> Received[R]:
    """One row of a page, whatever is in it."""
    try:
        record: Any = kind.parse(kind.shape.validate_python(row))
    except ValidationError as error:
        return _bad_row(kind, row, raw, in_words(error))
    except UnreadableError as error:
        return _bad_row(kind, row, raw, str(error))
    return Received(row[kind.id_field], record.modified_at, raw, record)


def _bad_row(kind: Kind[R], row: Any, raw: bytes, reason: str) -> Received[R]:
    told = row if isinstance(row, dict) else {}
    row_id, stamp = told.get(kind.id_field), told.get("modified_at")
    named = isinstance(row_id, str) and is_id(row_id)
    try:
        moment = parse_moment(stamp, "modified_at") if isinstance(stamp, str) else None
    except UnreadableError:
        moment = None
    external_id = str(row_id) if named else f"unreadable-{sha256(raw).hexdigest()[:32]}"
    return Received(external_id, moment, raw, BadRecord(f"{reason}."))


_PROBLEMS: Final = {
    "missing": "is missing",
    "string_type": "is not a text",
    "bool_type": "is neither true nor false",
    "int_type": "is not a whole number",
    "list_type": "is not a list",
    "dict_type": "is not an object",
    "enum": "is an unknown word",
}


def in_words(error: ValidationError) -> str:
    """The first problem of a validation, without the validator's own words and without the shop's."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ", ".join(f"entry {step + 1}" if isinstance(step, int) else step for step in first["loc"]) or "the row"
    return f"{place}: {_PROBLEMS.get(first['type'], 'is not as the protocol says')}"


def _whole(digits: str) -> int | bytes:
    return int(digits) if len(digits) <= 18 else digits.encode()


# The scanner of the standard library tells where each row ends, so that its own bytes can be kept without writing it
# anew, and takes half surrogate pairs, which are a matter of one text and not of the page. Numbers with a point become
# bytes, which no field takes: an amount is a text.
_DECODER: Final = json.JSONDecoder(parse_float=str.encode, parse_int=_whole, parse_constant=str.encode)
_BLANK: Final = b" \t\n\r"
_BLANKS: Final = re.compile(r"[ \t\n\r]*")


def _scan_page(text: str) -> tuple[dict[str, Any], list[tuple[Any, str]]]:
    """The fields of a page but `rows`, and its rows with the text of each. ValueError or IndexError if it is none."""
    told: dict[str, Any] = {}
    rows: list[tuple[Any, str]] = []
    at = _after(text, 0, "{")
    while text[at] != "}":
        key, at = _DECODER.raw_decode(text, at)
        at = _after(text, at, ":")
        if key == "rows":
            rows, at = _scan_rows(text, at)
        told[key], at = (True, at) if key == "rows" else _DECODER.raw_decode(text, at)
        at = _after(text, at, ",}")
    if "rows" not in told:
        raise ValueError("no rows")
    return told, rows


def _scan_rows(text: str, at: int) -> tuple[list[tuple[Any, str]], int]:
    rows: list[tuple[Any, str]] = []
    at = _after(text, at, "[")
    while text[at] != "]":
        row, end = _DECODER.raw_decode(text, at)
        rows.append((row, text[at:end]))
        at = _after(text, end, ",]")
    return rows, at + 1


def _after(text: str, at: int, marks: str) -> int:
    """Past a mark and the blanks around it; a mark that closes is stayed at."""
    match = _BLANKS.match(text, at)
    at = match.end() if match else at
    if text[at] not in marks:
        raise ValueError("not JSON")
    if text[at] in "]}":
        return at
    match = _BLANKS.match(text, at + 1)
    return match.end() if match else at + 1
