"""How exact values are kept: money and times as 64-bit integers, sortable and summable on both databases.

Money and quantities are whole millionths (12 digits before the point, 6 after); times are microseconds since 1970 UTC.
There is no float on the way in or out.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal, Inexact, InvalidOperation
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any, Final

from peewee import BigIntegerField, TextField

from cartui.errors import Remedy

LIMIT: Final = 10**18
"""Millionths; the greatest amount is one millionth less than a billion units (10**12)."""

_MILLION: Final = Decimal(1_000_000)
_BOUND: Final = Decimal(10**12)
_LEAST: Final = -_BOUND
_EXACT: Final = Context(prec=40, traps=[Inexact, InvalidOperation])
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_quoted = encode_basestring
_PLAIN, _PACKED = b"\0", b"\1"
_PACK_FROM: Final = 512
_SMALL: Final = 4096
_SMALL_WINDOW: Final = 12  # 4096 = 2**12


def to_micros(value: Decimal) -> int:
    """Millionths of an exact amount. ValueError outside 12 digits and 6 decimals: nothing is ever rounded here."""
    try:
        return _micros_of(value)
    except (Inexact, InvalidOperation, TypeError):  # TypeError: a signalling NaN has no hash
        raise ValueError(f"{str(value)[:40]} does not fit 12 digits and 6 decimals.") from None


@lru_cache(maxsize=4096)  # quantities, rates and prices come again and again
def _micros_of(value: Decimal) -> int:
    if _LEAST < value < _BOUND:
        return int(_EXACT.to_integral_exact(_EXACT.multiply(value, _MILLION)))
    raise InvalidOperation


def from_micros(micros: int) -> Decimal:
    """The amount without trailing zeros (20, 20.5): writing it with the currency's places is the reader's business."""
    whole, rest = divmod(micros, 1_000_000)
    if not rest:
        return Decimal(whole)
    exponent = -6
    while not micros % 10:
        micros //= 10
        exponent += 1
    return Decimal(micros).scaleb(exponent)


def to_moment(at: datetime) -> int:
    """Microseconds since 1970 UTC. ValueError for a time without a zone."""
    try:
        return (at - _EPOCH) // _MICROSECOND
    except TypeError:
        raise ValueError(f"{at} has no time zone.") from None


def from_moment(moment: int) -> datetime:
    """An aware UTC time."""
    return _EPOCH + timedelta(microseconds=moment)


def check_text(value: str) -> str:
    """The text itself; ValueError where a database could not keep it whole (NUL, half of a surrogate pair)."""
    if "\0" in value:
        raise ValueError(f"A text with a NUL character can't be kept: {value[:40]!r}.")
    if not value.isascii():
        value.encode()  # UnicodeEncodeError is a ValueError
    return value


def to_json(values: Mapping[str, Any] | list[Any]) -> str:
    """Compact text; "" for nothing. ValueError as for `check_text`: not even escaped is a NUL let in."""
    if not values:
        return ""
    try:  # texts by name: what is written a thousand times a page, and three times as fast this way
        text = "{" + ",".join([f"{_quoted(key)}:{_quoted(one)}" for key, one in values.items()]) + "}"  # type: ignore[union-attr]
    except (AttributeError, TypeError):
        text = json.dumps(values, separators=(",", ":"), ensure_ascii=False)
    if "\\u0000" in text and _has_nul(values):
        raise ValueError(f"A text with a NUL character can't be kept: {text[:40]!r}.")
    return text


def _has_nul(value: Any) -> bool:
    match value:
        case str():
            return "\0" in value
        case Mapping():
            return any(_has_nul(key) or _has_nul(one) for key, one in value.items())
        case list() | tuple():
            return any(_has_nul(one) for one in value)
        case _:
            return False


def pack(raw: bytes) -> bytes:
    """A record's raw body as it is kept: compressed where that is worth it."""
    if len(raw) <= _PACK_FROM:
        return _PLAIN + raw
    if len(raw) > _SMALL:
        return _PACKED + zlib.compress(raw, 1)
    packer = zlib.compressobj(
        1, zlib.DEFLATED, _SMALL_WINDOW, 7
    )  # as small, and a third less work: it clears less memory
    return _PACKED + packer.compress(raw) + packer.flush()


def unpack(stored: bytes) -> bytes:
    """The raw body again."""
    return zlib.decompress(stored[1:]) if stored[:1] == _PACKED else bytes(stored[1:])


class MicrosField(BigIntegerField):
    """Exact money, quantity or rate."""

    def db_value(self, value: Decimal | int | None) -> int | None:
        return to_micros(value) if isinstance(value, Decimal) else value

    def python_value(self, value: int | None) -> Decimal | None:
        return None if value is None else from_micros(int(value))


class MomentField(BigIntegerField):
    """An aware UTC time."""

    def db_value(self, value: datetime | int | None) -> int | None:
        return to_moment(value) if isinstance(value, datetime) else value

    def python_value(self, value: int | None) -> datetime | None:
        return None if value is None else from_moment(value)


class FlagField(BigIntegerField):
    """Yes or no as 1 or 0: the two databases disagree about booleans."""

    def db_value(self, value: bool | None) -> int | None:
        return None if value is None else int(value)

    def python_value(self, value: int | None) -> bool | None:
        return None if value is None else bool(value)


class WordsField(TextField):
    """Text that both databases can keep."""

    def db_value(self, value: str | None) -> str | None:
        return None if value is None else check_text(str(value))


_BETWEEN = "\x1f"  # no text that is told to a person has it


def remedy_text(remedy: str) -> str:
    """A remedy as one text, both its wordings in it."""
    return check_text(f"{remedy}{_BETWEEN}{remedy.command}" if isinstance(remedy, Remedy) else remedy)


def remedy_of(stored: str) -> str:
    """The remedy again; a text with one wording is as it is."""
    if _BETWEEN not in stored:
        return stored
    key, _, command = stored.partition(_BETWEEN)
    return Remedy(key, command)


class RemedyField(TextField):
    """A remedy, for the screen and for the command line."""

    def db_value(self, value: str | None) -> str | None:
        return None if value is None else remedy_text(value)

    def python_value(self, value: str | None) -> str | None:
        return None if value is None else remedy_of(value)


class JsonField(TextField):
    """A mapping or list as text; empty is {}."""

    def db_value(self, value: Any) -> Any:
        return value if isinstance(value, str) else to_json(value)

    def python_value(self, value: str | None) -> Any:
        return json.loads(value) if value else {}
