"""1,000 carts polled every ten minutes by one process, 100 ms for each answer, nothing new.

    python -m bench.many_carts [--carts 1000] [--seconds 60]

The carts are made in the books at full number, their next cycles spread evenly over the ten minutes, and
`cartui --sync-only --json` runs for as long as is said. CPU is that of the process after its first report, memory the
most it had, late is how long after its time a cart's cycle began.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.measure import CARTUI, ROOT, Figure, bytecode
from bench.shop import PASSWORD, shop

LATENCY_SECONDS = 0.1
POLL_MINUTES = 10
START_SECONDS = 8.0  # until the process is there, also on a busy machine
CORE_SHARE, MEMORY_MB, LATE_SECONDS = 0.25, 300, 5


def make(home: Path, address: str, carts: int) -> dict[str, datetime]:
    """The carts in new books, RUNNING; when each one's cycle is due."""
    from cartui.books import open_books
    from cartui.config.settings import load_config
    from cartui.domain.fingerprint import fingerprint_connection
    from cartui.domain.settings import CartConnection, CartSettings, ReconcileWhen, SyncStatus
    from cartui.wiring import host_fingerprint, utc_now

    os.environ["CARTUI_HOME"] = str(home)
    config = load_config()
    books = open_books(config.database, clock=utc_now, host=host_fingerprint(config.host))
    since = datetime(2025, 12, 31, tzinfo=UTC)
    settings = CartSettings(
        orders_from=since, updates_from=since, poll_minutes=POLL_MINUTES, reconcile=ReconcileWhen.OFF
    )
    now = datetime.now(UTC)
    due: dict[str, datetime] = {}
    made = []
    with books.transaction():
        for n in range(carts):
            reference = {"password": "env:BENCH_PASSWORD"}
            connection = CartConnection("cart-connect", f"{address}/{n}", secret_refs=reference)
            cart = books.carts.add(f"Shop {n:04d}", connection, settings)
            books.carts.set_tested(cart.cart_id, now, fingerprint_connection(cart.connection))
            books.carts.set_status(cart.cart_id, SyncStatus.RUNNING, "")
            made.append(cart)
    first = datetime.now(UTC) + timedelta(seconds=START_SECONDS)  # making them took a while
    with books.transaction():
        for n, cart in enumerate(made):
            due[cart.name] = first + timedelta(minutes=POLL_MINUTES) * n / carts
            books.carts.set_next_cycle(cart.cart_id, due[cart.name])
    books.close_thread()
    return due


def cpu_of(pid: int) -> float:
    """User + system seconds of a process so far."""
    told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


def peak_of(pid: int) -> float:
    """The most memory it had, MB."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def watch(process: subprocess.Popen[str], seconds: float) -> tuple[list[dict[str, object]], float, float]:
    """Its reports, the share of a core it took from its first one on, and its peak memory."""
    assert process.stdout is not None
    reports = [json.loads(process.stdout.readline())]
    began, before = time.monotonic(), cpu_of(process.pid)
    while time.monotonic() - began < seconds:
        reports.append(json.loads(process.stdout.readline()))
    share = (cpu_of(process.pid) - before) / (time.monotonic() - began)
    peak = peak_of(process.pid)
    process.send_signal(signal.SIGTERM)
    process.communicate()
    return reports, share, peak


def figures(carts: int, seconds: float) -> list[Figure]:
    """Share of a core, memory and lateness."""
    with tempfile.TemporaryDirectory() as place, shop(1, LATENCY_SECONDS) as address:
        home = Path(place, "home")
        due = make(home, address, carts)
        env = {**bytecode(), "CARTUI_HOME": str(home), "BENCH_PASSWORD": PASSWORD}
        command = [*CARTUI, "--sync-only", "--json"]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env, cwd=ROOT, text=True
        ) as process:
            reports, share, peak = watch(process, seconds)
    late = []
    for report in reports:
        assert report["result"] == "ok", report
        at = datetime.fromisoformat(str(report["started_at"]))
        late.append((at - due[str(report["cart"])]).total_seconds())
        due[str(report["cart"])] = datetime.fromisoformat(str(report["next_at"]))
    each = share * seconds / len(reports)
    detail = f"{len(reports)} cycles in {seconds:.0f} s, {each * 1000:.0f} ms CPU each with all else"
    many = f"{carts:,} carts every {POLL_MINUTES} minutes"
    middle = f"median {statistics.median(late):.1f} s"
    return [
        Figure(f"{many}: share of a core", share, CORE_SHARE, detail),
        Figure(f"{many}: MB", peak, MEMORY_MB, ""),
        Figure(f"{many}: most late, seconds", max(late), LATE_SECONDS, middle),
    ]


if __name__ == "__main__":
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--carts", type=int, default=1000)
    words.add_argument("--seconds", type=float, default=60)
    given = words.parse_args()
    for figure in figures(given.carts, given.seconds):
        print(figure.line)
    sys.exit(0)
