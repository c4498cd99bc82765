"""Exact order arithmetic in whole minor units; no rounding is ever left to the reader.

Amounts are ints in minor units of the order's currency, quantities ints in tenths, tax rates ints in thousandths of
a percent (19 % = 19000).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cartui.demo.wire import Row

EXPONENTS = {"EUR": 2, "USD": 2, "JPY": 0, "KWD": 3}
FULL_RATE = 100_000


@dataclass(frozen=True, slots=True)
class DraftLine:
    """A line before tax: ``unit`` is gross when the order's prices include tax, else net. No rate: outside of tax."""

    kind: str
    name: str
    unit: int
    tenths: int = 10
    rate: int | None = None
    item_id: str | None = None
    sku: str | None = None


@dataclass(frozen=True, slots=True)
class PricedLines:
    """Lines and taxes as they go over the wire, and the total in minor units: sum(net) + sum(taxes) = total."""

    lines: list[Row]
    taxes: list[Row]
    total: int


def round_half_up(numerator: int, denominator: int) -> int:
    """Nearest int, halves away from zero; ``denominator`` > 0."""
    sign = -1 if numerator < 0 else 1
    return sign * ((2 * abs(numerator) + denominator) // (2 * denominator))


def render_amount(minor: int, exponent: int) -> str:
    """Minor units as a decimal string with the currency's decimals: 1234 -> "12.34"."""
    if exponent == 0:
        return str(minor)
    digits = str(abs(minor)).rjust(exponent + 1, "0")
    return f"{'-' if minor < 0 else ''}{digits[:-exponent]}.{digits[-exponent:]}"


def render_quantity(tenths: int) -> str:
    """Tenths as a decimal string without needless zeros: 10 -> "1", 5 -> "0.5"."""
    whole, rest = divmod(tenths, 10)
    return f"{whole}.{rest}" if rest else str(whole)


def render_rate(rate: int) -> str:
    """Thousandths of a percent as a percentage: 8875 -> "8.875"."""
    text = f"{rate // 1000}.{rate % 1000:03d}".rstrip("0")
    return text.rstrip(".")


def split_tax(amount: int, rate: int | None, gross: bool) -> tuple[int, int]:
    """(net, tax) of an amount that includes its tax (``gross``) or not."""
    if rate is None:
        return amount, 0
    if gross:
        net = round_half_up(amount * FULL_RATE, FULL_RATE + rate)
        return net, amount - net
    return amount, round_half_up(amount * rate, FULL_RATE)


def price_lines(drafts: Sequence[DraftLine], currency: str, *, gross: bool, tax_on_total: bool) -> PricedLines:
    """Price a whole order.

    ``tax_on_total`` rounds the tax once per rate instead of once per line, as many shops do: the lines' own
    ``tax_amount`` may then differ from ``taxes`` by rounding, and only ``taxes`` counts.
    """
    exponent = EXPONENTS[currency]
    lines: list[Row] = []
    bases: dict[int, int] = {}
    line_taxes: dict[int, int] = {}
    net_total = 0
    for position, draft in enumerate(drafts, 1):
        net, tax = split_tax(round_half_up(draft.unit * draft.tenths, 10), draft.rate, gross)
        net_total += net
        if draft.rate is not None:
            bases[draft.rate] = bases.get(draft.rate, 0) + net
            line_taxes[draft.rate] = line_taxes.get(draft.rate, 0) + tax
        lines.append(_render_line(position, draft, net, tax, exponent))
    taxes = line_taxes
    if tax_on_total and not gross:
        taxes = {rate: round_half_up(base * rate, FULL_RATE) for rate, base in bases.items()}
    return PricedLines(lines, _render_taxes(bases, taxes, exponent), net_total + sum(taxes.values()))


def _render_line(position: int, draft: DraftLine, net: int, tax: int, exponent: int) -> Row:
    return {
        "line_id": str(position),
        "kind": draft.kind,
        "item_id": draft.item_id,
        "sku": draft.sku,
        "name": draft.name,
        "quantity": render_quantity(draft.tenths),
        "unit_price": render_amount(draft.unit, exponent),
        "net_amount": render_amount(net, exponent),
        "tax_amount": render_amount(tax, exponent),
        "tax_rate_percent": None if draft.rate is None else render_rate(draft.rate),
    }


def _render_taxes(bases: dict[int, int], taxes: dict[int, int], exponent: int) -> list[Row]:
    return [
        {
            "name": f"Tax {render_rate(rate)} %",
            "rate_percent": render_rate(rate),
            "base": render_amount(bases[rate], exponent),
            "amount": render_amount(taxes[rate], exponent),
        }
        for rate in sorted(bases)
    ]


def parse_minor(text: str, exponent: int) -> int:
    """The minor units of an amount this shop itself rendered."""
    sign = -1 if text.startswith("-") else 1
    whole, _, rest = text.lstrip("-").partition(".")
    return sign * int(whole + rest.ljust(exponent, "0"))


def parse_tenths(text: str) -> int:
    """The tenths of a quantity this shop itself rendered."""
    whole, _, rest = text.partition(".")
    return int(whole) * 10 + int(rest or 0)
