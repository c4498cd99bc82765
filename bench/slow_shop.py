"""A full import from a shop that takes 200 ms for each page, against the time that its pages alone take.

    python -m bench.slow_shop [--orders 10000] [--rounds 3] [--latency 0.2]

Pages of a list by change follow one another: the next can be asked for only when the one before it came, so one request
is all that may be under way, whatever the cart allows, and the least time is pages x latency. The goal is that this is
85 per cent of the time needed. Seconds by the clock, of the cycle as it reports them: a machine that has other work
makes them worthless, unless the latency is so long that the cores are mostly idle.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import tempfile
from pathlib import Path

from bench.measure import CYCLE, Figure, run, set_up
from bench.shop import listings, shop

LATENCY_SECONDS = 0.2


def figures(orders: int, rounds: int, latency: float = LATENCY_SECONDS) -> list[Figure]:
    """The time needed over the least."""
    with tempfile.TemporaryDirectory() as place, shop(orders, latency) as address:
        empty = Path(place, "empty")
        env = set_up(empty, address)
        taken: list[float] = []
        pages = 0
        for turn in range(rounds):
            home = Path(place, f"home{turn}")
            shutil.copytree(empty, home)
            before = listings(address)
            told = json.loads(run(CYCLE, {**env, "CARTUI_HOME": str(home)}).out)
            pages = listings(address) - before
            assert told["counts"]["orders"]["created"] == orders, told
            taken.append(told["seconds"])
            shutil.rmtree(home)
    least, ours = pages * latency, statistics.median(taken)
    detail = f"{ours:.2f} s ({min(taken):.2f}-{max(taken):.2f}) for {pages} pages; {least / ours:.0%} of it is waiting"
    return [Figure(f"{latency * 1000:.0f} ms a page: seconds / (pages x latency)", ours / least, 1 / 0.85, detail)]


if __name__ == "__main__":
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--orders", type=int, default=10_000)
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--latency", type=float, default=LATENCY_SECONDS)
    given = words.parse_args()
    for figure in figures(given.orders, given.rounds, given.latency):
        print(figure.line)
