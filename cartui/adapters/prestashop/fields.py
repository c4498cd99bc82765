"""Fields of a row: texts that are safe, amounts, ids, associations. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Final

from cartui.adapters.prestashop.wire import Row, UnreadableError
from cartui.domain.money import AmountError, parse_amount, places_of
from cartui.domain.safe_text import safe_text

_ZERO: Final = Decimal(0)
_NO_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def text_of(row: Row, name: str) -> str:
    """A field as safe text; of a field by language the first that is filled."""
    value = row.get(name)
    if isinstance(value, list):
        values = [str(one.get("value") or "") for one in value if isinstance(one, dict)]
        value = next(filter(None, values), "")
    if not value or not isinstance(value, str):
        return ""
    if len(value) > 200:
        return safe_text(value)
    return value if value.isascii() and value.isprintable() else _short_text(value)


_short_text = lru_cache(maxsize=4096)(safe_text)  # names with accents come again and again


def is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and 0 < len(text) <= 10 and text[0] != "0"


def id_of(row: Row) -> str:
    found = str(row.get("id", ""))
    if not is_id(found):
        raise UnreadableError("id: is not a number")
    return found


def associated(row: Row, name: str) -> list[Row]:
    """The rows of an association; an order or product without any has no `associations` at all."""
    groups = row.get("associations")
    rows = groups.get(name) if isinstance(groups, dict) else None
    return [one for one in rows if isinstance(one, dict)] if isinstance(rows, list) else []


@lru_cache(maxsize=4096)
def _number(text: str) -> Decimal:
    """Six decimals are how the shop writes every amount; those that say nothing are left out."""
    amount = parse_amount(text)
    cents = amount.quantize(Decimal("0.01"))
    if "." not in text:
        return amount
    return cents if cents == amount else amount.normalize()


def amount_of(row: Row, name: str) -> Decimal:
    """An amount, quantity or rate. A field that is missing is 0: some versions leave out what is zero."""
    text = row.get(name)
    if text is None or text == "":
        return _ZERO
    try:
        return _number(text) if isinstance(text, str) else _number("")
    except AmountError:
        raise UnreadableError(f"{name}: is not an amount") from None


def currency_of(row: Row, currencies: Mapping[str, Row]) -> str:
    """The ISO code of a row's `id_currency`."""
    currency_id = text_of(row, "id_currency")
    code = text_of(currencies.get(currency_id, {}), "iso_code")
    try:
        places_of(code)
    except AmountError:
        raise UnreadableError(f"id_currency: {currency_id or 'none'} is no currency of the shop") from None
    return code


def minor(amount: Decimal, places: int) -> Decimal:
    """As invoices show it: shops that round the total only keep six decimals on a line."""
    return amount.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def xml_text(text: str) -> str:
    """The text as XML can say it."""
    return _NO_XML.sub("\ufffd", text)


def holds(found: object, wanted: object) -> bool:
    """Whether a field of a record has taken a value: numbers by value, names in the languages that were written."""
    if isinstance(wanted, str):
        return _is_same(found, wanted)
    rows = found if isinstance(found, list) else []
    texts = {str(one.get("id")): one.get("value") for one in rows if isinstance(one, dict)}
    return isinstance(wanted, Mapping) and all(_is_same(texts.get(one, found), text) for one, text in wanted.items())


def _is_same(found: object, wanted: str) -> bool:
    return found == xml_text(wanted) or _is_same_amount(str(found), wanted)


def _is_same_amount(one: str, other: str) -> bool:
    try:
        return parse_amount(one) == parse_amount(other)
    except AmountError:
        return False
