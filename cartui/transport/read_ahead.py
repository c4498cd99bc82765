"""Pages read one ahead: the next one is asked for while the caller works with the one before."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from threading import Thread
from typing import Generic, TypeVar

T = TypeVar("T")


def read_ahead(steps: Iterator[T]) -> Iterator[T]:
    """The same, in the same order, always one ahead: where a page is found by the last row of the one before, no more
    can be read ahead. Lazy: nothing is asked before the first is wanted.

    `steps` runs in one thread at a time, though not always in the same one, while the caller's goes on. What it raises
    comes in its place, after all before it. Whoever ends early waits for the request that is under way."""
    found = list(islice(steps, 1))
    while found:
        following = _Following(steps)
        following.start()
        try:
            yield found[0]
        finally:
            following.join()
        found = following.found()


class _Following(Thread, Generic[T]):
    """The thread that takes one step."""

    def __init__(self, steps: Iterator[T]) -> None:
        super().__init__(name="read ahead", daemon=True)
        self._steps = steps
        self._found: list[T] = []
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            self._found = list(islice(self._steps, 1))
        except BaseException as error:  # noqa: BLE001 - the boundary of the thread: it is raised where it is waited for
            self._error = error

    def found(self) -> list[T]:
        """The step, or nothing at the end."""
        if self._error is not None:
            raise self._error
        return self._found
