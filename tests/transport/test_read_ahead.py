"""Pages one ahead: same order, never two ahead, errors in their place."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event, current_thread

import pytest

from cartui.transport import read_ahead

_PATIENCE_SECONDS = 10.0


def test_the_next_page_comes_while_this_one_is_worked_on() -> None:
    """The second is being asked for, by another thread, before the first was given back; the third is not yet."""
    asked = [Event() for _ in range(3)]
    threads = []

    def pages() -> Iterator[int]:
        for number, one in enumerate(asked):
            threads.append(current_thread())
            one.set()
            yield number

    ahead = read_ahead(pages())
    assert not asked[0].is_set()  # lazy
    assert next(ahead) == 0
    assert asked[1].wait(_PATIENCE_SECONDS)
    assert not asked[2].is_set()
    assert list(ahead) == [1, 2]
    assert threads[0] is current_thread()
    assert threads[1] is not current_thread()


def test_an_error_comes_after_all_pages_before_it() -> None:
    """The page before is stored, then the listing ends with what went wrong."""

    def pages() -> Iterator[int]:
        yield 1
        raise KeyError("the second page")

    ahead = read_ahead(pages())
    assert next(ahead) == 1
    with pytest.raises(KeyError, match="the second page"):
        next(ahead)


def test_no_page_is_no_page() -> None:
    """An empty listing starts no thread and ends at once."""
    assert list(read_ahead(iter(()))) == []


def test_who_ends_early_leaves_nothing_running() -> None:
    """The request under way is waited for, and its listing is closed."""
    closed = Event()
    under_way, may_end = Event(), Event()

    def pages() -> Iterator[int]:
        try:
            yield 1
            under_way.set()
            may_end.wait(_PATIENCE_SECONDS)
            yield 2
        finally:
            closed.set()

    ahead = read_ahead(pages())
    next(ahead)
    assert under_way.wait(_PATIENCE_SECONDS)
    may_end.set()
    del ahead
    assert closed.wait(_PATIENCE_SECONDS)
