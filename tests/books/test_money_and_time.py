"""Exact values survive the database."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cartui.books.fields import from_micros, from_moment, pack, to_json, to_micros, to_moment, unpack
from tests.books.makers import START

AMOUNTS = st.decimals(min_value=Decimal("-999999999999.999999"), max_value=Decimal("999999999999.999999"), places=6)


@given(AMOUNTS)
def test_an_amount_comes_back_equal(amount: Decimal) -> None:
    """For every amount of 12 digits and 6 decimals, and in the same order as numbers."""
    assert from_micros(to_micros(amount)) == amount
    assert (to_micros(amount) > 0) == (amount > 0)


@pytest.mark.parametrize(
    ("given_text", "shown"),
    [
        ("20.000000", "20"),
        ("20.50", "20.5"),
        ("-0.000001", "-0.000001"),
        ("1E+3", "1000"),
        ("-0", "0"),
        ("0.10", "0.1"),
    ],
)
def test_an_amount_has_no_needless_zeros(given_text: str, shown: str) -> None:
    """What the currency needs is added where it is shown."""
    assert f"{from_micros(to_micros(Decimal(given_text))):f}" == shown


@pytest.mark.parametrize(
    "text", ["1e12", "-1e12", "1e-7", "0.0000001", "NaN", "sNaN", "-Infinity", "1e999999999", "1." + "0" * 39 + "1"]
)
def test_what_does_not_fit_is_refused_at_once(text: str) -> None:
    """Neither rounded, nor a hang."""
    with pytest.raises(ValueError, match="does not fit"):
        to_micros(Decimal(text))


@given(st.timedeltas(timedelta(0), timedelta(days=80_000)).map(lambda after: START + after))
def test_a_time_comes_back_equal(at: datetime) -> None:
    """To the microsecond."""
    assert from_moment(to_moment(at)) == at
    assert to_moment(at + timedelta(microseconds=1)) == to_moment(at) + 1


@given(st.binary(max_size=3000))
def test_a_raw_body_comes_back_equal(raw: bytes) -> None:
    """Compressed or not."""
    assert unpack(pack(raw)) == raw


def test_long_bodies_are_kept_small() -> None:
    """From 512 bytes on."""
    assert len(pack(b'{"a":1}' * 500)) < 200


def test_json_text_never_hides_a_nul() -> None:
    """An escaped one would come out again inside the database; the six characters themselves are fine."""
    with pytest.raises(ValueError, match="NUL"):
        to_json({"a": {"b": ["x\0y"]}})
    assert to_json({"a": "x\\u0000y"})
