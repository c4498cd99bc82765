"""A full import against the floor (bench/floor.py).

    python -m bench.import_orders [--orders 10000] [--rounds 3]

cartui runs as cron would run it: `cartui --sync-only --once` on an empty data directory with a RUNNING cart, the whole
process with its start. All buyers differ, so that a customer and its link are made for every order as well.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from pathlib import Path

from bench.measure import CYCLE, PYTHON, Cost, Figure, by_turns, median, run, set_up, spread
from bench.shop import shop


def compare(orders: int, rounds: int) -> tuple[list[Figure], Cost]:
    """The ratio to the floor, and what an import costs."""
    with tempfile.TemporaryDirectory() as place, shop(orders) as address:
        empty = Path(place, "empty")
        env = set_up(empty, address)
        turn = iter(range(2 * rounds))

        def floor() -> Cost:
            cost = run([*PYTHON, "-m", "bench.floor", address, str(Path(place, f"{next(turn)}.db"))])
            assert int(cost.out) == orders
            return cost

        def imported() -> Cost:
            home = Path(place, f"home{next(turn)}")
            shutil.copytree(empty, home)
            cost = run(CYCLE, {**env, "CARTUI_HOME": str(home)})
            counts = json.loads(cost.out)["counts"]["orders"]
            assert counts["created"] == counts["received"] == orders, counts
            shutil.rmtree(home)
            return cost

        floors, imports = by_turns(rounds, floor, imported)
    least, ours = median(floors), median(imports)
    detail = f"{spread(imports)}, {ours.peak:.0f} MB; floor {spread(floors)}, {least.peak:.0f} MB"
    return [Figure(f"import of {orders:,} orders / floor, CPU", ours.cpu / least.cpu, 4, detail)], ours


def figures(orders: int, rounds: int, many: int = 0) -> list[Figure]:
    """As `compare`; with `many` also how cost an order and memory grow up to so many orders."""
    found, few = compare(orders, rounds)
    if many:
        more, lot = compare(many, 1)
        each = (lot.cpu / many) / (few.cpu / orders)
        found += [
            *more,
            Figure(f"CPU an order, {many:,} / {orders:,}", each, 1.1, f"{lot.cpu:.1f} s"),
            Figure(f"peak memory, {many:,} / {orders:,}", lot.peak / few.peak, 1.2, f"{lot.peak:.0f} MB"),
        ]
    return found


if __name__ == "__main__":
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--orders", type=int, default=10_000)
    words.add_argument("--rounds", type=int, default=3)
    given = words.parse_args()
    for figure in compare(given.orders, given.rounds)[0]:
        print(figure.line)
