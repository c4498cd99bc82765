"""A plan that would do much harm at once stops and asks (rule 14)."""

from __future__ import annotations

import pytest

from cartui.domain.brakes import TO_ZERO, check_brakes, check_voids, check_window
from cartui.domain.ids import CartId, Direction, RecordKind
from cartui.domain.plan import Action, FieldChange, Plan, PlannedChange


def plan(field: str, before: str, after: str, rows: int, action: Action = Action.UPDATE) -> Plan:
    changes = tuple(
        PlannedChange(action, str(n), f"item {n}", fields=(FieldChange(field, before, after),)) for n in range(rows)
    )
    return Plan(CartId(1), "Main", True, RecordKind.ITEM, Direction.EXPORT, changes)


@pytest.mark.parametrize(
    ("rows", "population", "brakes"),
    [
        (50, 1000, False),
        (51, 100_000, True),
        (20, 100, False),
        (21, 100, True),
        (1, 1, False),
        (2, 3, True),
        (0, 0, False),
        (2, 0, True),
    ],
)
def test_stock_to_zero_brakes_above_50_rows_or_a_fifth(rows: int, population: int, brakes: bool) -> None:
    """Exactly 50, exactly 20 %, and one row alone, go through."""
    assert bool(check_brakes(plan("stock", "5", "0", rows, Action.SET_STOCK), population)) is brakes


@pytest.mark.parametrize(
    ("before", "after", "brakes"),
    [
        ("10", "5", True),
        ("10", "5.01", False),
        ("10", "15", True),
        ("10", "14.99", False),
        ("", "10", False),
        ("0", "10", False),
        ("10.00", "0", True),
    ],
)
def test_a_price_that_moves_by_half_brakes(before: str, after: str, brakes: bool) -> None:
    """Both ways; a price where there was none is no leap."""
    assert bool(check_brakes(plan("price", before, after, 60), 1000)) is brakes


@pytest.mark.parametrize(
    ("before", "after", "brakes"), [("5", "0", True), ("5", "-1", True), ("0", "0", False), ("", "0", False)]
)
def test_only_what_had_stock_falls_to_zero(before: str, after: str, brakes: bool) -> None:
    """Below nothing counts; nothing to nothing does not."""
    assert bool(check_brakes(plan("stock", before, after, 60, Action.SET_STOCK), 1000)) is brakes


@pytest.mark.parametrize("action", [Action.CREATE, Action.HOLD, Action.SAME])
def test_new_records_and_idle_rows_never_brake(action: Action) -> None:
    """A new item with stock 0 harms nobody; what is held is not done."""
    assert not check_brakes(plan("stock", "5", "0", 60, action), 60)


def test_a_brake_says_what_and_how_much() -> None:
    """The words that a person decides by."""
    [brake] = check_brakes(plan("stock", "5", "0", 30, Action.SET_STOCK), 100)
    assert str(brake) == "set stock to zero: 30 rows, 30 % of 100"


@pytest.mark.parametrize("action", [Action.DELETE, Action.VOID])
def test_deletions_count(action: Action) -> None:
    """Of items and of documents."""
    assert check_brakes(plan("status", "a", "b", 51, action), 1_000_000)


@pytest.mark.parametrize(
    ("rows", "population", "brakes"),
    [(9, 9, False), (10, 10, True), (10, 50, False), (50, 900, False), (51, 900, True)],
)
def test_cancellations_brake_above_a_handful_and_a_fifth_or_50(rows: int, population: int, brakes: bool) -> None:
    """A few in one round are daily work, however small the shop."""
    assert (check_voids(rows, population) is not None) is brakes


@pytest.mark.parametrize(
    ("rows", "population", "brakes"),
    [
        (9, 9, False),
        (10, 10, True),
        (10, 50, False),
        (50, 900, False),
        (51, 900, True),
        (51, 1_100, False),
        (61, 1_200, True),
    ],
)
def test_over_a_day_more_is_daily_work(rows: int, population: int, brakes: bool) -> None:
    """Ten and a fifth, or more than 50 that are more than 5 %; it says in how many hours."""
    found = check_window({TO_ZERO: rows}, population)
    assert [str(one).partition(",")[0] for one in found] == [f"set stock to zero: {rows} rows in 24 hours"] * brakes
