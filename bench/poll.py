"""A cycle without changes, and one with 100 changed orders, against bare imports.

    python -m bench.poll [--orders 10000] [--rounds 5]

Whole processes. The floor is `python -c "import httpx, peewee, pydantic"`: what starting costs at the least.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from bench.measure import CYCLE, PYTHON, Cost, Figure, by_turns, median, run, set_up, spread
from bench.shop import CHANGED, change, listings, shop

BARE = [*PYTHON, "-c", "import httpx, peewee, pydantic"]


def figures(orders: int, rounds: int) -> list[Figure]:
    """Ratios of CPU, and requests."""
    with tempfile.TemporaryDirectory() as place, shop(orders) as address:
        env = set_up(Path(place, "home"), address)
        run(CYCLE, env)
        run(BARE)

        def cycle(received: int) -> Cost:
            cost = run(CYCLE, env)
            counts: dict[str, Any] = json.loads(cost.out)["counts"]["orders"]
            assert counts["received"] == counts["updated"] + counts["same"] == received, counts
            return cost

        before = listings(address)
        bare, idle = by_turns(rounds, lambda: run(BARE), lambda: cycle(0))
        requests = (listings(address) - before) / rounds

        def changed() -> Cost:
            change(address)
            return cycle(CHANGED)

        busy = by_turns(rounds, changed)[0]
    least, none, some = median(bare), median(idle), median(busy)
    return [
        Figure("no change / bare imports, CPU", none.cpu / least.cpu, 2, f"{spread(idle)}; floor {spread(bare)}"),
        Figure(f"no change among {orders:,}: requests", requests, 2, f"{none.peak:.0f} MB"),
        Figure(f"{CHANGED} changed / no change, CPU", some.cpu / none.cpu, 1.3, spread(busy)),
    ]


if __name__ == "__main__":
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--orders", type=int, default=10_000)
    words.add_argument("--rounds", type=int, default=5)
    given = words.parse_args()
    for figure in figures(given.orders, given.rounds):
        print(figure.line)
