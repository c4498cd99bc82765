"""Exact money: nothing unexplained passes, nothing explained is held (RELIABILITY 3, M1, M2)."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cartui.domain.money import AmountError, ProofState, format_amount, parse_amount, places_of, prove_total
from cartui.domain.records import LineKind, OrderLine


@pytest.mark.parametrize("text", ["0", "-0", "12", "12.5", "-12.500000", "999999999999.999999", "10.0000000000", " 7 "])
def test_plain_numbers_are_amounts(text: str) -> None:
    """Exactly what the text says."""
    assert parse_amount(text) == Decimal(text.strip())


@pytest.mark.parametrize(
    "text",
    ["", "1e5", "1e1000000", "NaN", "Infinity", "1,5", "1 000", "0x1", "--1", "1.", ".5", "9" * 13, "0.0000001", "١"],
)
def test_anything_else_is_none(text: str) -> None:
    """Bounded before Decimal sees it: no hang, no float, no surprise."""
    with pytest.raises(AmountError):
        parse_amount(text)


@pytest.mark.parametrize(("currency", "places"), [("EUR", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4)])
def test_currencies_have_their_decimals(currency: str, places: int) -> None:
    """ISO 4217."""
    assert places_of(currency) == places


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("12.5", "EUR", "12.50"),
        ("12.505", "EUR", "12.505"),
        ("12", "JPY", "12"),
        ("0", "KWD", "0.000"),
        ("1E+2", "EUR", "100.00"),
    ],
)
def test_amounts_are_shown_with_the_currencys_decimals(amount: str, currency: str, text: str) -> None:
    """More only where the amount has them: nothing is hidden by rounding."""
    assert format_amount(Decimal(amount), currency) == text


def line(amount: str, kind: LineKind = LineKind.PRODUCT, **more: Decimal) -> OrderLine:
    return OrderLine(kind, "x", Decimal(amount), **more)


def test_an_exact_total_is_exact() -> None:
    """Sums by kind are there to be shown."""
    proof = prove_total([line("10"), line("-1", LineKind.DISCOUNT), line("2", LineKind.TAX)], Decimal(11), "EUR")
    assert (proof.state, proof.difference) == (ProofState.EXACT, 0)
    assert dict(proof.sums) == {LineKind.PRODUCT: 10, LineKind.DISCOUNT: -1, LineKind.TAX: 2}


@pytest.mark.parametrize(
    ("difference", "currency", "state"),
    [
        ("0.02", "EUR", ProofState.ROUNDED),
        ("-0.02", "EUR", ProofState.ROUNDED),
        ("0.03", "EUR", ProofState.UNEXPLAINED),
        ("-0.03", "EUR", ProofState.UNEXPLAINED),
        ("0.002", "KWD", ProofState.ROUNDED),
        ("0.01", "KWD", ProofState.UNEXPLAINED),
        ("2", "JPY", ProofState.ROUNDED),
        ("3", "JPY", ProofState.UNEXPLAINED),
    ],
)
def test_rounding_explains_half_a_minor_unit_for_each_amount(difference: str, currency: str, state: ProofState) -> None:
    """Four amounts: two minor units of the order's own currency, not one more."""
    lines = [line("10")] * 4
    assert prove_total(lines, Decimal(40) + Decimal(difference), currency).state is state


def test_a_line_that_is_not_quantity_times_price_is_unexplained() -> None:
    """Within half a minor unit a piece it is rounding: 3 x 11.54 may be 34.63 (seen on Vendure)."""
    seen = line("34.63", quantity=Decimal(3), unit_price=Decimal("11.54"))
    assert prove_total([seen], Decimal("34.63"), "EUR").state is ProofState.EXACT
    wrong = line("34.65", quantity=Decimal(3), unit_price=Decimal("11.54"))
    assert prove_total([wrong], Decimal("34.65"), "EUR").state is ProofState.UNEXPLAINED


def test_a_rounding_line_must_be_the_difference() -> None:
    """The booked line is checked like everything else."""
    lines = [line("10"), line("0.01", LineKind.ROUNDING)]
    assert prove_total(lines, Decimal("10.01"), "EUR").state is ProofState.ROUNDED
    assert prove_total(lines, Decimal("10.00"), "EUR").state is ProofState.UNEXPLAINED


@given(
    prices=st.lists(st.tuples(st.integers(1, 5), st.integers(1, 99_999)), min_size=1, max_size=10),
    places=st.sampled_from([("JPY", 0), ("EUR", 2), ("KWD", 3)]),
    rate=st.sampled_from(["0", "5.5", "19", "20", "25"]),
    rounding=st.sampled_from([ROUND_HALF_UP, ROUND_HALF_EVEN]),
    per_line=st.booleans(),
)
def test_every_way_a_shop_rounds_its_tax_is_explained(
    prices: list[tuple[int, int]], places: tuple[str, int], rate: str, rounding: str, per_line: bool
) -> None:
    """M1: what the shop charged is booked; one minor unit beyond the bound is caught (M2)."""
    currency, decimals = places
    unit = Decimal(1).scaleb(-decimals)
    nets = [n * price * unit for n, price in prices]
    exact = [net * Decimal(rate) / 100 for net in nets]
    tax = (
        sum((one.quantize(unit, rounding) for one in exact), Decimal(0))
        if per_line
        else sum(exact, Decimal(0)).quantize(unit, rounding)
    )
    lines = [
        OrderLine(LineKind.PRODUCT, "x", net, Decimal(n), price * unit)
        for net, (n, price) in zip(nets, prices, strict=True)
    ]
    lines.append(OrderLine(LineKind.TAX, "VAT", tax))
    total = sum(nets, Decimal(0)) + sum(exact, Decimal(0)).quantize(unit, rounding)
    proof = prove_total(lines, total, currency)
    assert proof.state in (ProofState.EXACT, ProofState.ROUNDED)
    beyond = total - proof.difference + proof.tolerance + unit
    assert prove_total(lines, beyond, currency).state is ProofState.UNEXPLAINED
