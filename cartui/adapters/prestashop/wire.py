"""Bodies of the web service as rows: a row is a flat mapping of texts; fields by language and associations are lists.

JSON (lists): `{"orders": [{"id": 1, "date_upd": "…", "name": [{"id": "1", "value": "…"}]}]}`, `[]` where there is none,
`"errors"` behind the data where PHP complained. XML says the same in elements. Numbers are never read as floats.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from typing import Any, Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from cartui.domain.safe_text import safe_text

Row = Mapping[str, Any]

SECRET_FIELDS: Final = frozenset(
    {"secure_key", "passwd", "last_passwd_gen", "reset_password_token", "reset_password_validity", "download_hash"}
    | {"card_number", "card_brand", "card_expiration", "card_holder", "ip_registration_newsletter"}
)
_NO_XML = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_PHP_NOISE = re.compile(
    r"\[PHP (?:User )?(?:notice|warning|deprecated|strict|runtime notice|unknown error)", re.IGNORECASE
)


class UnreadableError(Exception):
    """A body or a row that is not what the web service sends; the message says what about it."""


@dataclass(frozen=True, slots=True)
class ShopError:
    """An entry of `errors`; the text is safe to show."""

    code: int
    message: str

    @property
    def is_noise(self) -> bool:
        """PHP complained while the answer was made, which changes neither the data nor what was saved."""
        return _PHP_NOISE.match(self.message) is not None


@dataclass(frozen=True, slots=True)
class Body:
    """An answer: its rows (None: it has no list) and its errors."""

    rows: Sequence[Row] | None
    errors: tuple[ShopError, ...] = ()


def parse_body(body: bytes) -> Body:
    """An answer in either format; `UnreadableError` where it is neither."""
    if body.lstrip()[:1] == b"<":
        return _parse_xml(body)
    try:
        # 1.6 prints control characters as they are.
        text = body.decode("utf-8", "replace")
        told = json.loads(text, strict=False, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError):
        raise UnreadableError("it is not JSON") from None
    if isinstance(told, list):
        if told:
            raise UnreadableError("it is a list without a name")
        return Body(())
    if not isinstance(told, dict):
        raise UnreadableError("it is not an object")
    lists = [value for name, value in told.items() if name != "errors" and isinstance(value, list | dict)]
    rows = None if not lists else [_row(one) for one in (lists[0] if isinstance(lists[0], list) else [lists[0]])]
    return Body(rows, tuple(_errors_of_json(told.get("errors"))))


def find_errors(body: bytes) -> tuple[ShopError, ...]:
    """The errors of a body that may be anything."""
    try:
        return parse_body(body).errors
    except UnreadableError:
        return ()


def without_secrets(row: Row) -> Row:
    """The row as it may be kept: without what opens accounts or is only the shop's own business."""
    return {name: value for name, value in row.items() if name not in SECRET_FIELDS}


def raw_of(**parts: Any) -> bytes:
    """A record's rows as JSON, to be kept with it."""

    def kept(part: Any) -> Any:
        if isinstance(part, list):
            return [without_secrets(one) for one in part]
        return without_secrets(part) if isinstance(part, Mapping) else part

    told = {name: kept(part) for name, part in parts.items()}
    return json.dumps(told, ensure_ascii=True, separators=(",", ":")).encode("ascii")


def _row(told: object) -> Row:
    if not isinstance(told, dict):
        return {"unreadable": _text(told)}
    return {str(name): _value(value) for name, value in told.items()}


def _value(value: object) -> Any:
    if isinstance(value, dict):
        return {str(name): _value(entry) for name, entry in value.items()}
    return [_value(entry) for entry in value] if isinstance(value, list) else _text(value)


def _text(value: object) -> str:
    if value is None or value is False:
        return ""
    return "1" if value is True else str(value)


def _errors_of_json(told: object) -> list[ShopError]:
    rows = told if isinstance(told, list) else []
    return [_error(_text(one.get("code")), _text(one.get("message"))) for one in rows if isinstance(one, dict)]


def _error(code: str, message: str) -> ShopError:
    return ShopError(int(code) if code.isdecimal() and len(code) < 6 else 0, safe_text(unescape(message).strip(), 200))


# --- XML --------------------------------------------------------------------------------------------------------------


def parse_element(body: bytes) -> Element:
    """The root of an XML answer. Document types and entities are refused; what XML can't hold is replaced, since shops
    print control characters of names as they are."""
    try:
        return fromstring(_NO_XML.sub(b"\xef\xbf\xbd", body.lstrip()), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        raise UnreadableError("it is not XML") from None


def _parse_xml(body: bytes) -> Body:
    root = parse_element(body)
    if root.tag != "prestashop":
        raise UnreadableError("it is a web page")
    rows: list[Row] | None = None
    errors: list[ShopError] = []
    for child in root:
        if child.tag == "errors":
            errors += [_error(_inner(one, "code"), _inner(one, "message")) for one in child]
        elif child.find("id") is not None:
            rows = [row_of_element(child)]
        else:
            rows = [row_of_element(one) for one in child]
    return Body(rows, tuple(errors))


def row_of_element(element: Element) -> Row:
    """One record of an XML answer in the shape of its JSON."""
    row: dict[str, Any] = dict(element.attrib) if not len(element) else {}
    for field in element:
        if field.tag == "associations":
            row["associations"] = {group.tag: [_flat(one) for one in group] for group in field}
        elif len(field):
            row[field.tag] = [{"id": one.get("id", ""), "value": one.text or ""} for one in field]
        else:
            row[field.tag] = field.text or ""
    return row


def _flat(element: Element) -> dict[str, str]:
    return {field.tag: field.text or "" for field in element}


def _inner(element: Element, tag: str) -> str:
    return (element.findtext(tag) or "").strip()


def parse_rights(body: bytes) -> tuple[str, Mapping[str, frozenset[str]]]:
    """`GET /api/`: the shop's name, and the methods that the key has for each resource."""
    api = parse_element(body).find("api")
    if api is None:
        raise UnreadableError("it is not the list of what the key may do")
    methods = ("GET", "POST", "PUT", "PATCH", "DELETE")
    rights = {one.tag: frozenset(m for m in methods if one.get(m.lower()) == "true") for one in api}
    return safe_text(api.get("shopName", ""), 80), rights
