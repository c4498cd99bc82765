"""`cartui` as a script calls it: in a process of its own, with a data directory of its own.

Most runs are forked from a process that has loaded cartui already (tests/cli/prepared.py); `fresh` ones are
`python -m cartui` from nothing, as are those that go on (`start`) and those of a `Cartui` without `prepared`.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.prepared import Prepared

ROOT = Path(__file__).resolve().parents[2]
PLUGIN = Path(__file__).parent / "plugin"
PASSWORD = "canary-7f3a-password"


@dataclass
class Ran:
    """A run that ended."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The JSON objects on stdout."""
        return [json.loads(line) for line in self.out.splitlines()]


class Cartui:
    """Starts `cartui`; `env` may be changed before."""

    def __init__(self, home: Path, prepared: Prepared | None = None) -> None:
        self.home = home
        self.prepared = prepared
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(home.parent),
            "CARTUI_HOME": str(home),
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(PLUGIN)]),
            "PYTHONDONTWRITEBYTECODE": "1",
            "SHOP_PASSWORD": PASSWORD,
            "TZ": "Europe/Berlin",
        }
        self.started: list[subprocess.Popen[str]] = []

    def __call__(
        self, *words: str, stdin: str = "", fresh: bool = False, before: Callable[[], None] | None = None
    ) -> Ran:
        """A run to its end; one with something to do `before` it is `fresh` too."""
        if fresh or before or self.prepared is None:
            ran = self._fresh(words, stdin, before)
        else:
            ran = Ran(*self.prepared.run(words, self.env, self.home.parent, stdin))
        # True of every run there is.
        assert "Traceback" not in ran.err + ran.out, ran.err
        assert PASSWORD not in ran.err + ran.out
        assert not any(ord(char) < 32 and char != "\n" for char in ran.err + ran.out)
        return ran

    def _fresh(self, words: tuple[str, ...], stdin: str, before: Callable[[], None] | None) -> Ran:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-m", "cartui", *words],
            input=stdin,
            capture_output=True,
            text=True,
            env=self.env,
            cwd=self.home.parent,
            timeout=50,
            check=False,
            preexec_fn=before,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def start(self, *words: str) -> subprocess.Popen[str]:
        """A run that goes on; killed at the end of the test if need be."""
        process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "cartui", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.env,
            cwd=self.home.parent,
            preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),  # noqa: PLW1509 - under nohup it is ignored
        )
        self.started.append(process)
        return process

    def cart(self, name: str = "Main shop", *options: str, start: bool = True) -> None:
        """Make a paper cart by commands alone: tested, dated one day back, RUNNING."""
        at = (datetime.now(UTC) - timedelta(minutes=5)).isoformat(timespec="seconds")
        words = [word for option in (f"at={at}", *options) for word in ("--option", option)]
        made = self(
            "new", name, "--type", "paper", "--url", "https://shop.test", *words, "--secret-from", "env:SHOP_PASSWORD"
        )
        assert made.code == 0, made.err
        if not start:
            return
        yesterday = (datetime.now(UTC) - timedelta(days=1)).isoformat(timespec="seconds")
        for step in (
            ("test", name),
            ("set", name, f"last_order_from={yesterday}", f"last_update_time={yesterday}"),
            ("start", name),
        ):
            ran = self(*step)
            assert ran.code == 0, ran.err


@pytest.fixture(scope="session")
def prepared() -> Iterator[Prepared]:
    """The process that has loaded cartui."""
    made = Prepared(ROOT)
    yield made
    made.close()


@pytest.fixture
def cartui(tmp_path: Path, prepared: Prepared) -> Iterator[Cartui]:
    runner = Cartui(tmp_path / "data", prepared)
    yield runner
    for process in runner.started:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.communicate(timeout=10)
