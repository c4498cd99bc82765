"""The end of the program: by key, SIGTERM, SIGINT or SIGHUP (a dropped line). The running page ends or rolls back, the
lease is released, and the process is gone within five seconds, whatever the terminal or the cart does."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType

from cartui.screens.pulse import Pulse, RunnerThread
from cartui.screens.work import JobThreads

LEAVE_SECONDS = 4.0  # for the threads to end their page
SCREEN_SECONDS = 0.8  # for the terminal to be put back


class Leaving:
    """`gone(code)` is called from a thread when all work has ended; it must be quick and safe there."""

    def __init__(
        self, threads: JobThreads, pulse: Pulse, runner: RunnerThread | None, gone: Callable[[int], None]
    ) -> None:
        self._threads = threads
        self._pulse = pulse
        self._runner = runner
        self._gone = gone
        self._begun = threading.Event()
        self._watchdog: threading.Timer | None = None
        self.owns_process = False
        """True: the process may be ended hard when the screen does not go by itself."""

    @property
    def begun(self) -> bool:
        """Somebody asked to leave."""
        return self._begun.is_set()

    def begin(self, code: int) -> None:
        """Ask everything to end; returns at once. Only the first call counts."""
        if not self._begun.is_set():
            self._begun.set()
            self._pulse.stop()
            threading.Thread(target=self._end, args=(code,), name="cartui leaving", daemon=True).start()

    def stop_work(self) -> None:
        """Ask all threads to end and wait for them, four seconds at most."""
        deadline = time.monotonic() + LEAVE_SECONDS
        self._pulse.stop()
        self._threads.stop_all(LEAVE_SECONDS)
        if self._runner is not None:
            self._runner.join(max(0.0, deadline - time.monotonic()))

    def _end(self, code: int) -> None:
        self.stop_work()
        if self.owns_process:
            # A terminal that is gone can block whoever writes to it for ever: then this thread ends the process.
            self._watchdog = threading.Timer(SCREEN_SECONDS, os._exit, (code,))
            self._watchdog.daemon = True
            self._watchdog.start()
        self._gone(code)

    def done(self) -> None:
        """The screen is gone: the watchdog may sleep."""
        if self._watchdog is not None:
            self._watchdog.cancel()

    def catch_signals(self) -> None:
        """SIGTERM, SIGINT and SIGHUP begin the end. Not through the event loop: it may be waiting for a terminal that
        is gone, and would never hear of it."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._signalled)

    def _signalled(self, number: int, _: FrameType | None) -> None:
        self.begin(0 if number == signal.SIGHUP else 128 + number)
