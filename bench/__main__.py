"""All measurements of processes, as one table of ratios against their goals.

    python -m bench [--rounds 3] [--many 100000]

`--many` adds an import of so many orders (minutes). Key presses have a table of their own: bench/record_table.py.
"""

from __future__ import annotations

import argparse

from bench import import_orders, poll, startup


def main() -> None:
    """Measure and print, group by group."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--many", type=int, default=0, metavar="ORDERS")
    given = words.parse_args()
    print(f"{'':<52} {'ratio':>6}  goal")
    for measure in (
        lambda: startup.figures(given.rounds),
        lambda: poll.figures(10_000, given.rounds),
        lambda: import_orders.figures(10_000, given.rounds, given.many),
    ):
        for figure in measure():
            print(figure.line, flush=True)


if __name__ == "__main__":
    main()
