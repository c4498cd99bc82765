"""Numbers of a CSV file: a decimal comma is understood only when it is told, or when the file leaves no doubt. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum
from typing import Final

from cartui.domain.money import AmountError, parse_amount
from cartui.errors import NeedsOperatorError

_BLANKS: Final = re.compile(r"[ \u00a0\u202f'’]")
_SHAPE: Final = re.compile(r"-?[0-9][0-9.,]*|-?[.,][0-9]+", re.ASCII)
_GROUPED: Final = {sign: re.compile(rf"-?[0-9]{{1,3}}(\{sign}[0-9]{{3}})+", re.ASCII) for sign in ".,"}
_SPACED: Final = re.compile(r"-?[0-9]{1,3}([ \u00a0\u202f'’][0-9]{3})+([.,][0-9]+)?", re.ASCII)


class DecimalSign(StrEnum):
    """Which sign stands before the decimals. AUTO: find out from the whole file, and refuse where that is not sure."""

    AUTO = "auto"
    POINT = "point"
    COMMA = "comma"


def told_by(text: str) -> DecimalSign | None:
    """Which decimal sign a single number proves, None where it proves none ("12", "1,234"). "1.234,5" and "0,5" prove
    the comma, "1,234.5" and "12.50" the point; "1,234" may be either."""
    text = text.strip()
    if not _SHAPE.fullmatch(_BLANKS.sub("", text)):
        return None
    bare = _BLANKS.sub("", text).lstrip("-")
    points, commas = bare.count("."), bare.count(",")
    if points and commas:
        return DecimalSign.COMMA if bare.rfind(",") > bare.rfind(".") else DecimalSign.POINT
    sign = "." if points else ","
    if points + commas == 0 or bare.count(sign) > 1:
        return _other(sign) if bare.count(sign) > 1 else None  # "1.234.567" groups by points: its decimals have commas
    if _GROUPED[sign].fullmatch(bare) and not bare.startswith("0"):
        return None
    return DecimalSign.POINT if points else DecimalSign.COMMA


def _other(sign: str) -> DecimalSign:
    return DecimalSign.COMMA if sign == "." else DecimalSign.POINT


def find_decimal_sign(cells: Iterable[tuple[int, str]]) -> DecimalSign:
    """The sign that the number cells of a file (line, text) agree on; AUTO where none of them proves any.
    NeedsOperatorError with both lines where they contradict each other."""
    proofs: dict[DecimalSign, tuple[int, str]] = {}
    for line, text in cells:
        if (sign := told_by(text)) is not None:
            proofs.setdefault(sign, (line, text))
    if len(proofs) == 2:
        (one, first), (two, second) = proofs[DecimalSign.COMMA], proofs[DecimalSign.POINT]
        raise NeedsOperatorError(
            f"Line {one} says {first} and line {two} says {second}: the decimal sign is not clear.",
            "Say which it is (decimal comma or decimal point), and correct the other line.",
        )
    return next(iter(proofs), DecimalSign.AUTO)


def parse_number(text: str, sign: DecimalSign) -> Decimal:
    """The exact number; AmountError with a sentence where it is none, or where AUTO can't know ("1,234")."""
    text = text.strip()
    bare = _BLANKS.sub("", text)
    if bare != text and not _SPACED.fullmatch(text):
        raise AmountError(f"{text[:40]!r} is no number: blanks stand only between groups of three digits.")
    if not _SHAPE.fullmatch(bare):
        raise AmountError(f"{text[:40]!r} is no number.")
    if sign is DecimalSign.AUTO:
        if "." not in bare and "," not in bare:
            return parse_amount(bare)
        found = told_by(text)
        if found is None:
            raise AmountError(f"{text[:40]!r} may have decimals or thousands: say which the decimal sign is.")
        sign = found
    decimal, group = (",", ".") if sign is DecimalSign.COMMA else (".", ",")
    whole, _, rest = bare.partition(decimal)
    if group in whole and not _GROUPED[group].fullmatch(whole):
        raise AmountError(f"{text[:40]!r} is no number with a decimal {sign.value}.")
    if group in rest or decimal in rest:
        raise AmountError(f"{text[:40]!r} is no number with a decimal {sign.value}.")
    whole = whole.replace(group, "")
    return parse_amount(f"{whole if whole not in ('', '-') else whole + '0'}{'.' + rest if rest else ''}")
