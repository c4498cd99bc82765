"""The query line: what it means, and what it says when it can't be read."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from cartui.domain.query import Op, Query, QueryError, Term, as_number, check_fields, matches, parse_query

ROW: dict[str, object] = {
    "sku": "AB-100",
    "name": "Red running shoe",
    "status": "Processing",
    "total": Decimal("120.00"),
    "stock": "7",
    "placed": datetime(2026, 1, 31, 10, 0, tzinfo=UTC),
    "due": date(2026, 2, 1),
    "email": None,
}


@pytest.mark.parametrize(
    "text",
    [
        "", "running", "RED shoe", "status:processing", "status:PROC", "sku:AB*", "sku:*100", "sku:a*-*0",
        "-status:done", '"red running"', 'name:"running shoe"', "total>100", "total>=120", "total<=120.0", "total=120",
        "total!=121", "stock<10", "stock>6", "placed>=2026-01-01", "placed<=2026-01-31",
        "placed=2026-01", "due=2026-02-01", 'email:""',
        'name!=""', "status=processing", "-email>1", "120", "STATUS:processing", "sku:AB***",
    ],
)  # fmt: skip
def test_matches(text: str) -> None:
    """These hold for the row."""
    assert matches(parse_query(text), ROW)


@pytest.mark.parametrize(
    "text",
    ["blue", "red -shoe", "sku:B*", "sku:AB", "total>120", "stock>10", "placed>2026-01-31", "email>1", "status=proc",
     '"*"', 'sku:"AB*"', "name:running*", "due<2026-02-01", "total>100 stock>100"],
)  # fmt: skip
def test_does_not_match(text: str) -> None:
    """These don't: numbers compare as numbers, quotes switch wildcards off, all terms must hold."""
    row = ROW | {"sku": "XAB-1"} if text == "sku:AB" else ROW
    expected = text == "sku:AB"
    assert matches(parse_query(text), row) is expected


@pytest.mark.parametrize("text", ['name:"open', "status:", "total> 5", 'a"b', "x" * 501])
def test_unreadable_query_names_a_remedy(text: str) -> None:
    """Every refusal says what is wrong and what to type."""
    with pytest.raises(QueryError) as caught:
        parse_query(text)
    assert caught.value.problem.endswith(".")
    assert caught.value.remedy.endswith((".", "ones."))


def test_terms_can_be_walked() -> None:
    """The value that tables turn into SQL."""
    assert parse_query("red -sku:AB* total!=5") == Query(
        (
            Term(None, Op.CONTAINS, "red"),
            Term("sku", Op.CONTAINS, "AB*", negated=True),
            Term("total", Op.EQUAL, "5", negated=True),
        )
    )
    assert parse_query("-sku:AB*").terms[0].is_pattern


def test_unknown_field_lists_the_known_ones() -> None:
    """A typing mistake is answered with what can be used."""
    problem = check_fields(parse_query("colour:red"), {"sku", "name"})
    assert problem == 'There is no field "colour" here. Use name, sku, or put the words in quotes.'
    assert check_fields(parse_query("sku:1 red"), {"sku"}) is None


@pytest.mark.parametrize("text", ["1e1000000", "NaN", "Infinity", "1_000", "٣", "9" * 50, "", "-", "."])
def test_only_plain_numbers_become_decimal(text: str) -> None:
    """Nothing but a short plain number gets to Decimal."""
    assert as_number(text) is None
