"""SIGINT, SIGTERM and SIGHUP: the work ends after its current page, and within seconds whatever the network does."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack
from types import FrameType, TracebackType
from typing import Final, Self

from cartui.sync.workspace import StopRequested

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
OVERDUE_SECONDS: Final = 3.5  # then a request that hangs is broken off
LAST_SECONDS: Final = 1.2  # after that the process ends as if killed; every commit is a safe point
INTERRUPTED: Final = 130


class Interrupts:
    """Collects signals while it is entered. Use it in the main thread.

    `stop()` is handed to the work; `wait(seconds)` sleeps and returns True as soon as a signal came. A work that does
    not look at `stop()` in time gets `StopRequested` raised inside, which rolls back and releases what it holds.
    """

    def __init__(self, on_tick: Callable[[], None] | None = None) -> None:
        """`on_tick` is called whenever the work asks whether to stop (the watchdog's sign of life)."""
        self.signal_number = 0
        self._on_tick = on_tick
        self._overdue = False
        self._stack = ExitStack()
        self._reader = self._writer = -1

    def __enter__(self) -> Self:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)
        for number in (*SIGNALS, signal.SIGALRM):
            handler = signal.getsignal(number)
            if number == signal.SIGHUP and handler == signal.SIG_IGN:
                continue  # nohup
            signal.signal(number, self._late if number == signal.SIGALRM else self._caught)
            self._stack.callback(signal.signal, number, handler)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        self._stack.close()
        os.close(self._reader)
        os.close(self._writer)

    def stop(self) -> bool:
        """True once a signal came."""
        if self._on_tick is not None:
            self._on_tick()
        return self.signal_number != 0

    def wait(self, seconds: float, *, slice_seconds: float = 5.0) -> bool:
        """Sleep for `seconds`, or less where a signal comes; True then."""
        ends = time.monotonic() + max(0.0, seconds)
        while not self.stop():
            left = ends - time.monotonic()
            if left <= 0:
                return False
            select.select([self._reader], [], [], min(left, slice_seconds))
        return True

    def _caught(self, number: int, _frame: FrameType | None) -> None:
        if self.signal_number and number == signal.SIGINT:
            raise StopRequested  # Ctrl+C twice: now
        self.signal_number = number
        signal.setitimer(signal.ITIMER_REAL, OVERDUE_SECONDS)
        os.write(self._writer, b"!")

    def _late(self, _number: int, _frame: FrameType | None) -> None:
        if self._overdue:
            os._exit(INTERRUPTED)
        self._overdue = True
        signal.setitimer(signal.ITIMER_REAL, LAST_SECONDS)
        raise StopRequested


def end_like_ctrl_c() -> None:
    """For short commands: SIGTERM and SIGHUP unwind like Ctrl+C, so that files are closed and leases given back."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)
