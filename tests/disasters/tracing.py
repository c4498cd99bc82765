"""A forked `cartui` under strace: its system calls counted, or one of them broken (a kill, an error of the disk)."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from tests.cli.conftest import Ran
from tests.cli.prepared import Prepared

DISK = ("pwrite64", "write", "fsync", "fdatasync", "ftruncate", "unlink", "rename")
LINE = ("connect", "sendto", "recvfrom")
_CALL = re.compile(rb"^(?:\d+\s+)?(\w+)\(")
_ATTACHED = b"attached"
SECONDS = 30


def why_not() -> str:
    """Why nothing can be traced here; "" where it can."""
    if sys.platform != "linux" or not shutil.which("strace"):
        return "strace is not installed"
    tried = subprocess.run(["strace", "-e", "trace=none", "true"], capture_output=True, text=True, check=False)
    return "" if tried.returncode == 0 else f"ptrace is forbidden here: {tried.stderr.strip()[:80]}"


class Tracer:
    """Runs commands in processes forked from a prepared one, each held until strace has it."""

    def __init__(self, prepared: Prepared, env: dict[str, str], place: Path) -> None:
        self.env = env
        self._prepared = prepared
        self._place = place

    def run(self, *words: str, strace: tuple[str, ...] = ()) -> Ran:
        """To its end; `strace` are options for it, such as an injection. Without them it runs free."""
        if not strace:
            return Ran(*self._prepared.run(words, self.env, self._place, ""))
        tracing: list[subprocess.Popen[bytes]] = []

        def attach(pid: int) -> None:
            _until_stopped(pid)
            command = ["strace", "-f", "-o", str(self.log), *strace, "-p", str(pid)]
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
            tracing.append(process)
            assert process.stderr is not None
            said = process.stderr.readline()
            assert _ATTACHED in said, said
            os.kill(pid, signal.SIGCONT)

        self.log.unlink(missing_ok=True)
        try:
            return Ran(*self._prepared.run(words, self.env, self._place, "", attach))
        finally:
            for process in tracing:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.communicate(timeout=SECONDS)
                process.kill()

    @property
    def log(self) -> Path:
        """What strace wrote of the last run."""
        return self._place / "strace.log"

    def count(self, calls: tuple[str, ...], *words: str) -> tuple[Ran, Counter[str]]:
        """How often a run makes each of the calls (in the thread that makes it most often: strace counts by thread)."""
        ran = self.run(*words, strace=("-e", f"trace={','.join(calls)}"))
        threads: Counter[tuple[bytes, bytes]] = Counter()
        for line in self.log.read_bytes().splitlines():
            if match := _CALL.match(line):
                threads[line.split(None, 1)[0], match[1]] += 1
        most: Counter[str] = Counter()
        for (_, call), times in threads.items():
            most[call.decode()] = max(most[call.decode()], times)
        return ran, most


def kill_at(call: str, number: int) -> tuple[str, ...]:
    """SIGKILL instead of the n-th call of that name."""
    return ("-e", f"trace={call}", "-e", f"inject={call}:signal=SIGKILL:when={number}")


def fail_at(call: str, error: str, number: int, *, stays: bool) -> tuple[str, ...]:
    """The n-th call of that name fails; `stays`: and all later ones."""
    return ("-e", f"trace={call}", "-e", f"inject={call}:error={error}:when={number}{'+' if stays else ''}")


def _until_stopped(pid: int) -> None:
    ends = time.monotonic() + SECONDS
    while Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
        assert time.monotonic() < ends
        time.sleep(0.001)
