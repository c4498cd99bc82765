"""Whose turn it is to be read again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from cartui.domain.sweep import MOST_IDS, WHOLE, slices_due

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
OVERLAP = timedelta(minutes=15)


def ids_of(since: datetime, now: datetime, highest: int) -> set[int]:
    return {one for first, last in slices_due(since, now, highest) for one in range(first, last + 1)}


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 8_192), st.integers(300, 3_600), st.integers(0, 10**6))
def test_polls_in_a_row_cover_every_id_once_in_a_period(highest: int, pause: int, start: int) -> None:
    """Whatever the catalogue's size and the interval, none is left out."""
    seen: set[int] = set()
    begin = mark = NOW + timedelta(seconds=start)
    while mark - begin < WHOLE:
        now = mark + timedelta(seconds=pause)
        seen |= ids_of(mark - OVERLAP, now, highest)
        mark = now
    assert seen == set(range(1, highest + 1))


@given(st.integers(0, 3_000_000), st.integers(0, 10**7))
def test_one_poll_reads_no_more_than_it_may(highest: int, pause: int) -> None:
    """Not more than there are, none twice, and a bounded number after however long a pause."""
    slices = slices_due(NOW - timedelta(seconds=pause), NOW, highest)
    ids = [one for first, last in slices for one in range(first, last + 1)]
    assert len(ids) == len(set(ids)) <= MOST_IDS
    assert all(1 <= one <= highest for one in ids)


def test_a_large_catalogue_costs_a_poll_no_more_than_a_small_one() -> None:
    """Its turn comes less often instead."""
    counts = {len(ids_of(NOW - timedelta(minutes=20), NOW, highest)) for highest in (16_384, 131_072, 1_048_576)}
    assert max(counts) <= 460


def test_a_shop_that_is_polled_once_a_day_is_covered_too() -> None:
    """Each day another part, though the clock says the same."""
    seen: set[int] = set()
    for day in range(120):
        now = NOW + timedelta(days=day)
        seen |= ids_of(now - timedelta(days=1) - OVERLAP, now, 8_192)
    assert len(seen) > 8_192 * 0.95


def test_nothing_is_due_where_there_is_nothing_or_no_time_passed() -> None:
    assert slices_due(NOW, NOW + WHOLE, 0) == ()
    assert slices_due(NOW, NOW, 100) == ()
