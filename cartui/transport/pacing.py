"""When a request may leave: a waiter that a stop wakes, at most so many at once, a minimum interval, and the cart's own
hints. All times are seconds of the waiter's monotonic clock."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from cartui.errors import AbortCycleError

LONGEST_HOLD_SECONDS = 15 * 60.0  # no cart may send us to sleep for longer
LONGEST_WAIT_INSIDE_SECONDS = 20.0  # a longer wait ends the cycle: the runner waits better than a thread
_SLICE_SECONDS = 0.25


class StoppedError(AbortCycleError):
    """The run was asked to stop while it waited or read."""

    def __init__(self) -> None:
        super().__init__("The run was stopped.", "Start it again when you like: it continues where it was.")


class Waiter(Protocol):
    """A monotonic clock and a way to wait on it."""

    def now(self) -> float: ...
    def wait(self, seconds: float) -> None:
        """Wait `seconds` (0: only look). Raises StoppedError as soon as the run is asked to stop."""


class StopWaiter:
    """The real one: waits on an event, which a stop sets."""

    def __init__(self, stop: threading.Event | None = None) -> None:
        self._stop = stop or threading.Event()

    def now(self) -> float:
        return time.monotonic()

    def wait(self, seconds: float) -> None:
        if self._stop.is_set() or (seconds > 0 and self._stop.wait(seconds)):
            raise StoppedError


@dataclass(frozen=True, slots=True)
class Pacing:
    """How fast a cart may be asked. `interval_seconds` between the starts of two requests, `parallel` at once. A new
    transport starts with one at a time (`slow_start`) and adds one with each good answer."""

    interval_seconds: float = 0.0
    parallel: int = 2
    slow_start: bool = True


class Pacer:
    """The running state of a `Pacing`, shared by all threads that use one cart."""

    def __init__(self, pacing: Pacing, waiter: Waiter) -> None:
        self._pacing = pacing
        self._waiter = waiter
        self._turn = threading.Condition()
        self._busy = 0
        self._allowed = 1 if pacing.slow_start else pacing.parallel
        self._next_start = waiter.now()
        self._not_before = self._next_start
        self._spread = 0.0
        self._spread_until = self._next_start

    def hint(self, remaining: int, reset_seconds: float) -> None:
        """What the cart said: `remaining` requests are left until its limit resets in `reset_seconds`. With none left
        nothing leaves before; with few left the rest is spread over the time."""
        reset_seconds = min(max(reset_seconds, 0.0), LONGEST_HOLD_SECONDS)
        if remaining <= 0:
            self.hold(reset_seconds)
            return
        with self._turn:
            self._spread = reset_seconds / remaining if remaining < 10 * self._pacing.parallel else 0.0
            self._spread_until = self._waiter.now() + reset_seconds

    def hold(self, seconds: float) -> None:
        """Nothing leaves for `seconds` (at most 15 minutes): the cart asked for it."""
        with self._turn:
            until = self._waiter.now() + min(max(seconds, 0.0), LONGEST_HOLD_SECONDS)
            self._not_before = max(self._not_before, until)

    def held_seconds(self) -> float:
        """How long nothing may leave yet."""
        with self._turn:
            return max(0.0, self._not_before - self._waiter.now())

    def succeeded(self) -> None:
        with self._turn:
            self._allowed = min(self._pacing.parallel, self._allowed + 1)
            self._turn.notify_all()

    def slow_down(self) -> None:
        """After a failure or a "too many": one at a time again."""
        with self._turn:
            self._allowed = 1 if self._pacing.slow_start else self._allowed

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Wait for a turn, and for the time at which the next request may start; hold the turn meanwhile. Raises
        AbortCycleError with the time to wait where the cart asked for more than 20 s."""
        self._take_turn()
        try:
            self._wait_for_start()
            yield
        finally:
            with self._turn:
                self._busy -= 1
                self._turn.notify_all()

    def _take_turn(self) -> None:
        with self._turn:
            while self._busy >= max(1, self._allowed):
                self._turn.wait(_SLICE_SECONDS)
                self._waiter.wait(0)
            self._busy += 1

    def _wait_for_start(self) -> None:
        # Again after each wait: meanwhile another thread may have been told to hold.
        while (held := self.held_seconds()) > 0:
            if held > LONGEST_WAIT_INSIDE_SECONDS:
                raise AbortCycleError(
                    "The shop asked not to be called for a while.",
                    f"cartui goes on by itself in {held:.0f} seconds.",
                    retry_after_seconds=held,
                )
            self._waiter.wait(held)
        with self._turn:
            now = self._waiter.now()
            start = max(now, self._next_start)
            spread = self._spread if now < self._spread_until else 0.0
            self._next_start = start + max(self._pacing.interval_seconds, spread)
        self._waiter.wait(start - now)
