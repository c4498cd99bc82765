"""Stock of 1,000 changed items to a cart that takes batches of 100 and 100 ms for each answer.

    python -m bench.stock [--rounds 3]

Each round books a new count of every item and sends it with the next cycle. Requests are those of the whole cycle; its
seconds (as it reports them) are held against those of twelve bare requests on one connection, ten of them batches.
"""

from __future__ import annotations

import argparse
import http.client
import json
import statistics
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

from bench.measure import CART, CARTUI, CYCLE, Figure, run, set_up
from bench.shop import BASE, BATCH, ITEMS, PASSWORD, STOCK, listings, shop

LATENCY_SECONDS = 0.1
REQUESTS = 12


def bare(address: str) -> float:
    """Seconds of twelve requests: two that read, and a batch of stock ten times."""
    line = http.client.HTTPConnection(str(urlsplit(address).netloc))
    head = {"Authorization": f"Bearer {PASSWORD}", "Content-Type": "application/json"}
    rows = [{"item_id": f"i-{n}", "quantity": str(STOCK), "expected": "-1"} for n in range(BATCH)]  # changes nothing
    began = time.perf_counter()
    for _ in range(REQUESTS - ITEMS // BATCH):
        line.request("GET", f"{BASE}/items?limit=1", headers=head)
        line.getresponse().read()
    for _ in range(ITEMS // BATCH):
        line.request("POST", f"{BASE}/stock", json.dumps({"rows": rows}), head)
        line.getresponse().read()
    taken = time.perf_counter() - began
    line.close()
    return taken


def figures(rounds: int) -> list[Figure]:
    """Requests, and seconds over those of the bare ones."""
    with tempfile.TemporaryDirectory() as place, shop(1, LATENCY_SECONDS) as address:
        env = set_up(Path(place, "home"), address)
        run([*CARTUI, "import", CART, "items", "--all"], env)
        run([*CARTUI, "set", CART, "to_cart_stock=yes"], env)
        run(CYCLE, env)
        requests: list[int] = []
        taken: list[float] = []
        least: list[float] = []
        for turn in range(rounds):
            counted = Path(place, "counted.csv")
            rows = "".join(f"SKU-{n:04d},{STOCK + 1 + turn}\n" for n in range(ITEMS))
            counted.write_text(f"code,quantity\n{rows}")
            run([*CARTUI, "import-csv", "stock", str(counted)], env)
            least.append(bare(address))
            before = listings(address)
            told = json.loads(run(CYCLE, env).out)
            requests.append(listings(address) - before)
            assert told["sent"]["stock"]["done"] == ITEMS, told
            taken.append(told["seconds"])
    floor, ours = statistics.median(least), statistics.median(taken)
    detail = f"{ours:.2f} s ({min(taken):.2f}-{max(taken):.2f}); bare {floor:.2f} s"
    return [
        Figure(f"stock of {ITEMS:,} items: requests", statistics.median(requests), REQUESTS, f"batches of {BATCH}"),
        Figure(f"stock of {ITEMS:,} items / {REQUESTS} bare requests, seconds", ours / floor, 3, detail),
    ]


if __name__ == "__main__":
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--rounds", type=int, default=3)
    for figure in figures(words.parse_args().rounds):
        print(figure.line)
