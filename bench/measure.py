"""CPU seconds and memory of whole processes, and cartui set up for a shop by its own commands."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.shop import PASSWORD

ROOT = Path(__file__).resolve().parents[1]
CART = "Bench"
PYTHON = [sys.executable]
CARTUI = [sys.executable, "-m", "cartui"]
_BYTECODE = tempfile.TemporaryDirectory(prefix="cartui-bench-")  # as in an installation: nothing is compiled anew
CYCLE = [*CARTUI, "--sync-only", "--once", "--json"]


@dataclass(frozen=True)
class Cost:
    """Of a process: user + system seconds, the most memory it had at once in MB, what it printed, seconds by the
    clock."""

    cpu: float
    peak: float
    out: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Figure:
    """One line of the table."""

    what: str
    ratio: float
    goal: float
    detail: str

    @property
    def line(self) -> str:
        verdict = "ok" if self.ratio <= self.goal else "MISSED"
        return f"{self.what:<60} {self.ratio:6.2f}  <= {self.goal:<5.4g} {verdict:<7} {self.detail}"


def bytecode() -> dict[str, str]:
    """The environment, with a place for compiled modules outside of the checkout."""
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": _BYTECODE.name}


def run(command: Sequence[str], env: Mapping[str, str] | None = None) -> Cost:
    """Run to the end; RuntimeError where it fails."""
    own = {**bytecode(), **(env or {})}
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=own, cwd=ROOT)
    assert process.stdout is not None
    out = process.stdout.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}: {out}")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, out, time.perf_counter() - began)


def median(costs: Sequence[Cost]) -> Cost:
    """Medians of all."""
    cpu, peak = statistics.median(one.cpu for one in costs), statistics.median(one.peak for one in costs)
    return Cost(cpu, peak, seconds=statistics.median(one.seconds for one in costs))


def spread(costs: Sequence[Cost]) -> str:
    """Median and range."""
    cpus = [one.cpu for one in costs]
    return f"{statistics.median(cpus):.2f} s ({min(cpus):.2f}-{max(cpus):.2f})"


def by_turns(rounds: int, *each: Callable[[], Cost]) -> list[list[Cost]]:
    """The same rounds for all, by turns, so that a busy machine is busy for all of them."""
    costs: list[list[Cost]] = [[] for _ in each]
    for _ in range(rounds):
        for mine, one in zip(costs, each, strict=True):
            mine.append(one())
    return costs


def set_up(home: Path, address: str, database: str = "") -> dict[str, str]:
    """A RUNNING cart of the shop in a new data directory; what cartui then needs in its environment."""
    env = {"CARTUI_HOME": str(home), "BENCH_PASSWORD": PASSWORD}
    env |= {"CARTUI_DATABASE": database} if database else {}
    for words in (
        ["new", CART, "--type", "cart-connect", "--url", address, "--secret-from", "env:BENCH_PASSWORD"],
        ["test", CART],
        ["set", CART, "last_order_from=2025-12-31T00:00:00Z", "last_update_time=2025-12-31T00:00:00Z"],
        ["start", CART, "--confirm", CART],
    ):
        run([*CARTUI, *words], env)
    return env
