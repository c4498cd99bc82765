"""All measurements, as one table of ratios and figures against their goals.

    python -m bench [--rounds 3] [--many 100000] [--only NAME ...]

`--many` adds an import of so many orders and a cycle with 100 changes among them (minutes).
"""

from __future__ import annotations

import argparse

from bench import import_orders, many_carts, poll, postgres, record_table, slow_shop, startup, stock, woocommerce


def main() -> None:
    """Measure and print, group by group."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--many", type=int, default=0, metavar="ORDERS")
    words.add_argument("--only", nargs="+", default=[], metavar="NAME", help="startup, poll, import …")
    given = words.parse_args()
    groups = {
        "startup": lambda: startup.figures(given.rounds),
        "poll": lambda: poll.figures(10_000, given.rounds),
        "import": lambda: import_orders.figures(10_000, given.rounds, given.many),
        "many": lambda: poll.figures(given.many, given.rounds) if given.many else [],
        "woocommerce": lambda: [*woocommerce.poll_figures(), woocommerce.import_figure(10_000, given.rounds)],
        "postgres": lambda: postgres.figures(10_000, given.rounds),
        "slow": lambda: slow_shop.figures(10_000, given.rounds),
        "stock": lambda: stock.figures(given.rounds),
        "carts": lambda: many_carts.figures(1000, 60),
        "table": record_table.figures,
    }
    print(f"{'':<60} {'':>6}  goal")
    for name, measure in groups.items():
        for figure in measure() if not given.only or name in given.only else []:
            print(figure.line, flush=True)


if __name__ == "__main__":
    main()
