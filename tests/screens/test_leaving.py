"""The end of the program on a real pty while a cycle runs: by key, by signal, by a dropped line."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from cartui.books import open_books
from cartui.domain.ids import CartId
from cartui.testing.clock import FrozenClock

pytestmark = pytest.mark.slow
PROGRAM = Path(__file__).with_name("leaving_program.py")
ROOT = Path(__file__).parents[2]
LIMIT = 5.0


@dataclass
class Terminal:
    """cartui on a pty, and all that it wrote."""

    process: subprocess.Popen[bytes]
    master: int
    home: Path
    written: bytearray = field(default_factory=bytearray)

    def read_until(self, done: Callable[[], bool], seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if done():
                return True
            if self.master < 0 or not select.select([self.master], [], [], 0.05)[0]:
                continue
            try:
                self.written += os.read(self.master, 65536)
            except OSError:  # Linux says EIO when the other side is gone
                self.hang_up()
        return done()

    def hang_up(self) -> None:
        os.close(self.master)
        self.master = -1


def own_terminal() -> None:
    """In the child: the pty becomes its controlling terminal, so that closing it hangs up."""
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@pytest.fixture(params=[[]])
def terminal(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Terminal]:
    master, slave = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24", "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM), str(tmp_path), *request.param],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=environment,
        preexec_fn=own_terminal,  # noqa: PLW1509  the test starts no thread
    )
    os.close(slave)
    started = Terminal(process, master, tmp_path)
    yield started
    if process.poll() is None:
        process.kill()
        process.wait()
    if started.master >= 0:
        os.close(started.master)


def imported(home: Path) -> tuple[int, str]:
    """How many documents there are, and who holds the lease."""
    books = open_books(f"sqlite:///{home / 'cartui.db'}", clock=FrozenClock())
    return books.documents.count(CartId(1)), books.leases.holder(CartId(1)) or ""


def wait_for_cycle(terminal: Terminal) -> None:
    """Until the screen is drawn and the first pages are in the books."""
    assert terminal.read_until(lambda: b"Auto-sync" in terminal.written, 30), bytes(terminal.written)[-2000:]
    assert terminal.read_until(lambda: imported(terminal.home)[0] >= 4, 30)


def check_left(terminal: Terminal, began: float, code: int) -> None:
    """It ended in time, whole pages are in the books, nobody holds the lease."""
    assert terminal.read_until(lambda: terminal.process.poll() is not None, LIMIT + 5)
    assert time.monotonic() - began < LIMIT + 1
    assert terminal.process.returncode == code, bytes(terminal.written)[-3000:].decode(errors="replace")
    count, holder = imported(terminal.home)
    assert count % 2 == 0
    assert holder == ""
    assert b"Traceback" not in terminal.written


@pytest.mark.parametrize(
    ("keys", "number", "code"),
    [
        (b"\x11", None, 0),
        (b"\x03", None, 0),
        (b"", signal.SIGTERM, 128 + signal.SIGTERM),
        (b"", signal.SIGINT, 130),
        (b"", signal.SIGHUP, 0),
    ],
    ids=["ctrl+q", "ctrl+c", "SIGTERM", "SIGINT", "SIGHUP"],
)
def test_the_running_page_ends_and_the_lease_is_released(
    terminal: Terminal, keys: bytes, number: signal.Signals | None, code: int
) -> None:
    """Quit by key or signal: within five seconds, nothing half done, nothing left on the screen."""
    wait_for_cycle(terminal)
    began = time.monotonic()
    if keys:
        os.write(terminal.master, keys)
    if number is not None:
        terminal.process.send_signal(number)
    check_left(terminal, began, code)
    assert b"\x1b]0;cartui: Main shop RUNNING\x07" in terminal.written  # the window's title
    assert terminal.written.endswith(b"\x1b[?25h") or b"\x1b[?1049l" in terminal.written  # the terminal is as before


def test_a_dropped_line_ends_it_cleanly(terminal: Terminal) -> None:
    """The SSH line drops: the terminal is gone, the page still ends and the lease is released."""
    wait_for_cycle(terminal)
    began = time.monotonic()
    terminal.hang_up()
    check_left(terminal, began, terminal.process.wait(LIMIT + 5))


@pytest.mark.parametrize("terminal", [["stuck"]], indirect=True)
def test_a_cart_that_never_answers_cannot_keep_it(terminal: Terminal) -> None:
    """A page that never comes: the program still ends in time; the lease runs out by itself."""
    assert terminal.read_until(lambda: b"Auto-sync" in terminal.written, 30)
    assert terminal.read_until(lambda: imported(terminal.home)[0] >= 2, 30)
    began = time.monotonic()
    os.write(terminal.master, b"\x11")
    assert terminal.read_until(lambda: terminal.process.poll() is not None, LIMIT + 5)
    assert time.monotonic() - began < LIMIT + 1
