"""A full import into PostgreSQL against the same into SQLite: CPU of cartui's process, not of the server.

    python -m bench.postgres [--orders 10000] [--rounds 3]

A server of its own is started (`initdb` and `pg_ctl` must be installed), without fsync: only the client is measured.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.measure import CYCLE, Cost, Figure, by_turns, median, run, set_up, spread
from bench.shop import shop


@contextmanager
def server() -> Iterator[Path | None]:
    """The directory of the socket of a new server, while inside; None where none can be started."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    found = programs[-1] if programs else shutil.which("initdb")
    if found is None:
        yield None
        return
    place = Path(tempfile.mkdtemp(prefix="cartui-bench-pg-"))
    other: dict[str, object] = {"user": "nobody", "extra_groups": []} if os.geteuid() == 0 else {}
    if other:
        shutil.chown(place, "nobody")  # the server refuses to run as root

    def call(name: str, *words: object) -> None:
        command = [str(Path(found).resolve().parent / name), "-D", str(place / "data"), *map(str, words)]
        subprocess.run(command, check=True, cwd="/", stdout=subprocess.DEVNULL, **other)  # type: ignore[call-overload]

    try:
        call("initdb", "-U", "cartui", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        options = f"-c listen_addresses='' -k {place} -c fsync=off"
        call("pg_ctl", "-w", "-l", place / "log", "-o", options, "start")
        try:
            yield place
        finally:
            call("pg_ctl", "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(place, ignore_errors=True)


def figures(orders: int, rounds: int) -> list[Figure]:
    """The ratio of CPU; none where there is no PostgreSQL."""
    with tempfile.TemporaryDirectory() as place, shop(orders) as address, server() as sockets:
        if sockets is None:
            return []
        import psycopg

        turn = itertools.count()

        def imported(database: str = "") -> Cost:
            env = set_up(Path(place, f"home{next(turn)}"), address, database)
            cost = run(CYCLE, env)
            assert json.loads(cost.out)["counts"]["orders"]["created"] == orders
            return cost

        def on_postgres() -> Cost:
            name = f"bench{next(turn)}"
            with psycopg.connect(f"postgresql://cartui@/postgres?host={sockets}", autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {name}")
            return imported(f"postgresql://cartui@/{name}?host={sockets}")

        here, there = by_turns(rounds, imported, on_postgres)
    ratio = median(there).cpu / median(here).cpu
    return [Figure(f"import of {orders:,}: PostgreSQL / SQLite, CPU", ratio, 1.5, f"{spread(there)} / {spread(here)}")]


if __name__ == "__main__":
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--orders", type=int, default=10_000)
    words.add_argument("--rounds", type=int, default=3)
    given = words.parse_args()
    for figure in figures(given.orders, given.rounds):
        print(figure.line)
