"""A real pty with pyte as the terminal behind it: keys go in as bytes, what a person would see comes out as text."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping

import pyte

KEYS: Mapping[str, bytes] = {
    "enter": b"\r", "esc": b"\x1b", "tab": b"\t", "shift+tab": b"\x1b[Z", "space": b" ", "down": b"\x1b[B",
    "up": b"\x1b[A", "end": b"\x1b[F", "home": b"\x1b[H", "page-down": b"\x1b[6~", "ctrl+s": b"\x13",
    "ctrl+q": b"\x11", "ctrl+c": b"\x03", "backspace": b"\x7f",
}  # fmt: skip


class PtyScreen:
    """A program on a terminal of its own, of so many columns and lines."""

    def __init__(self, words: list[str], env: Mapping[str, str], size: tuple[int, int] = (80, 24)) -> None:
        columns, lines = size
        self.seen = pyte.Screen(columns, lines)
        self.raw = bytearray()
        self._stream = pyte.ByteStream(self.seen)
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        own = {name: value for name, value in env.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", *words],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**own, "TERM": "xterm-256color", "LANG": "C.UTF-8"},
            preexec_fn=_own_terminal,  # noqa: PLW1509  (only what is safe between fork and exec)
        )
        os.close(slave)

    @property
    def text(self) -> str:
        """What stands on the screen."""
        return "\n".join(line.rstrip() for line in self.seen.display)

    def press(self, *keys: str) -> None:
        """Type: names of `KEYS`, or the characters themselves."""
        for key in keys:
            os.write(self._master, KEYS.get(key, key.encode()))
            self._read(0.02)

    def send(self, text: str) -> None:
        """All at once, as a slow line brings what was typed."""
        os.write(self._master, text.encode())

    def wait_for(self, *wanted: str, seconds: float = 30) -> str:
        """Until all of these stand on the screen; AssertionError with the screen otherwise."""
        return self.wait_until(lambda text: all(one in text for one in wanted), f"{wanted}", seconds)

    def wait_until(self, done: Callable[[str], bool], what: str, seconds: float = 30) -> str:
        """Until the screen is so. Keys that are typed next find a program that has read all before."""
        ends = time.monotonic() + seconds
        while not done(self.text):
            assert time.monotonic() < ends, f"{what} did not come:\n{self.text}"
            assert self.process.poll() is None or self._read(0.1), f"it ended before {what}:\n{self.text}"
            self._read(0.1)
        while self._read(0.15):  # the rest of this picture
            pass
        return self.text

    def wait_end(self, seconds: float) -> int:
        """The exit code; AssertionError when it goes on for longer."""
        ends = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < ends, f"still there after {seconds} s:\n{self.text}"
            self._read(0.05)
        return self.process.returncode

    def hang_up(self) -> None:
        """The line drops."""
        if self._master >= 0:
            os.close(self._master)
            self._master = -1

    def close(self) -> None:
        """Whatever it does, it ends."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.hang_up()

    def _read(self, seconds: float) -> bool:
        """Take what comes within so many seconds; False for nothing."""
        if self._master < 0 or not select.select([self._master], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self._master, 1 << 16)
        except OSError:  # Linux says EIO when the other side is gone
            return False
        self.raw += data
        self._stream.feed(data)
        return bool(data)


def _own_terminal() -> None:
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
