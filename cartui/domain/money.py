"""Exact money: numbers from text, minor units, and the proof of a total (RELIABILITY 3).

The shop's amounts are booked as charged and never recomputed; what they do not explain is held.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Protocol

from cartui.domain.quick_init import quick_init
from cartui.domain.records import LineKind

_NUMBER = re.compile(r"-?\d{1,12}(?:\.(\d{1,6})0*)?", re.ASCII)  # bounded before Decimal: "1e1000000" would hang

_CODES = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLF
CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG
HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD
MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF
SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UYW
UZS VED VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWL ZWG
"""
_ISO_4217 = frozenset(_CODES.split())
_NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_PLACES = {
    **dict.fromkeys(_NO_DECIMALS.split(), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}


class AmountError(ValueError):
    """A text that is no amount, or a currency that is not known; the message is a sentence."""


def parse_amount(text: str) -> Decimal:
    """An exact number from text: up to 12 digits before the point and 6 after (further zeros are dropped)."""
    if match := _NUMBER.fullmatch(text.strip()):
        amount = Decimal(match.group(0))
        return amount.quantize(Decimal("0.000001")).normalize() if len(match.group(1) or "") > 6 else amount
    raise AmountError(f"{text[:40]!r} is not an amount of at most 12 digits and 6 decimals.")


def places_of(currency: str) -> int:
    """How many decimals a currency has (ISO 4217); `AmountError` for a code that is none."""
    if currency not in _ISO_4217:
        raise AmountError(f"{currency[:8]!r} is not a currency of ISO 4217.")
    return _PLACES.get(currency, 2)


def format_amount(amount: Decimal, currency: str) -> str:
    """With the currency's decimals, more only where the amount has them: 12.5 EUR -> "12.50"."""
    places = _PLACES.get(currency, 2)
    plain = amount.normalize()
    exponent = plain.as_tuple().exponent
    shown = max(places, -exponent if isinstance(exponent, int) else places)
    return f"{amount:.{shown}f}"


_ZERO = Decimal(0)


@lru_cache(maxsize=256)
def _unit_of(currency: str) -> Decimal:
    return Decimal(1).scaleb(-places_of(currency))


class AmountLine(Protocol):
    """What the proof needs of a line; `OrderLine` and `DocumentLine` have it."""

    @property
    def kind(self) -> LineKind: ...
    @property
    def amount(self) -> Decimal: ...
    @property
    def quantity(self) -> Decimal: ...
    @property
    def unit_price(self) -> Decimal | None: ...


class ProofState(StrEnum):
    EXACT = "exact"
    ROUNDED = "rounded"  # the difference stands on a visible rounding line
    UNEXPLAINED = "unexplained"


@quick_init
@dataclass(frozen=True, slots=True)
class MoneyProof:
    """How the stated amounts add up to the stated total. `sums` are by line kind, without the rounding line that this
    proof asks for; `difference` = total - sum of all; `tolerance` is the largest difference that rounding can
    explain; `unbooked`: what of it stands on no line yet (shops may state a rounding line of their own)."""

    currency: str
    sums: tuple[tuple[LineKind, Decimal], ...]
    total: Decimal
    difference: Decimal
    tolerance: Decimal
    state: ProofState
    problem: str = ""
    unbooked: Decimal = Decimal(0)


def prove_total(lines: Sequence[AmountLine], total: Decimal, currency: str) -> MoneyProof:
    """Add up an order or a document. A difference of up to half a minor unit for each amount that was rounded on its
    own is rounding; a larger one, or a line whose quantity x unit price is not its amount, is unexplained.

    Errors: `AmountError` for an unknown currency.
    """
    unit = _unit_of(currency)
    own = [line for line in lines if line.kind is not LineKind.ROUNDING]
    sums = _sums(own)
    difference = total - sum([amount for _, amount in sums], _ZERO)
    tolerance = (len(own) + 1) // 2 * unit
    booked = _ZERO
    if len(own) < len(lines):
        booked = sum([line.amount for line in lines if line.kind is LineKind.ROUNDING], _ZERO)
    problem = _line_problem(own, unit)
    if not problem and abs(difference) > tolerance:
        problem = (
            f"The amounts add up to {total - difference} {currency}, the order says {total}: "
            f"{abs(difference)} more than rounding can explain."
        )
    if not problem and booked and booked != difference:
        problem = f"The rounding line says {booked} {currency}, the difference is {difference}."
    exact = ProofState.ROUNDED if difference else ProofState.EXACT
    return MoneyProof(
        currency=currency,
        sums=sums,
        total=total,
        difference=difference,
        tolerance=tolerance,
        state=ProofState.UNEXPLAINED if problem else exact,
        problem=problem,
        unbooked=_ZERO if problem else difference - booked,
    )


def _sums(lines: Iterable[AmountLine]) -> tuple[tuple[LineKind, Decimal], ...]:
    sums: dict[LineKind, Decimal] = {}
    for line in lines:
        sums[line.kind] = sums.get(line.kind, _ZERO) + line.amount
    return tuple(sorted(sums.items(), key=_place))


_PLACE_OF_KIND = {kind: place for place, kind in enumerate(LineKind)}


def _place(sum_of_kind: tuple[LineKind, Decimal]) -> int:
    return _PLACE_OF_KIND[sum_of_kind[0]]


def _line_problem(lines: Iterable[AmountLine], unit: Decimal) -> str:
    """A unit price may be off by half a minor unit per piece, and the amount by half of one."""
    for position, line in enumerate(lines, 1):
        if line.unit_price is None or (line.quantity == 1 and line.unit_price == line.amount):
            continue
        allowed = (abs(line.quantity) / 2 + Decimal("0.5")) * unit
        if abs(line.quantity * line.unit_price - line.amount) > allowed:
            return f"Line {position}: {line.quantity} x {line.unit_price} is not {line.amount}."
    return ""
