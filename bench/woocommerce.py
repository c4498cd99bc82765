"""An import of WooCommerce-shaped orders against the floor, and the requests of polls without changes.

    python -m bench.woocommerce [--orders 10000] [--rounds 3]

The shop is another process: orders rendered before, one a minute, 100 a page, 3 lines and about 4 kB a row, every order
and every buyer another. cartui runs as in `bench.import_orders` and signs each request; the floor reads the same pages
with msgspec and stores as `bench.floor` does.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

from bench.measure import CARTUI, CYCLE, PYTHON, Cost, Figure, by_turns, median, run, spread
from bench.shop import dump, money
from cartui.adapters.woocommerce import WooCommerce
from cartui.domain.ports import Connection

PAGE = 100
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
API = "/wp-json/wc/v3/"


def order_row(n: int) -> dict[str, Any]:
    """The n-th order in the shape of version 10; always the same one."""
    chance = random.Random(n)
    stamps = {f"date_{name}": f"{FIRST + timedelta(minutes=n):%Y-%m-%dT%H:%M:%S}" for name in ("created", "modified")}
    stamps |= {f"{name}_gmt": value for name, value in stamps.items()} | {"date_paid_gmt": stamps["date_created"]}
    cents = [chance.randrange(100, 99_999) for _ in range(3)]
    taxes = [round(one * 0.19) for one in cents]
    address = {
        "first_name": f"Ada{n % 977}", "last_name": f"Lovelace-{n}", "company": "", "address_1": f"{n} Long Street",
        "address_2": "", "city": "London", "state": "", "postcode": f"N{n % 20} {n % 9}GU", "country": "GB",
        "email": f"ada.lovelace.{n}@example.com", "phone": f"+44 20 {n:08d}",
    }  # fmt: skip
    lines = [
        {
            "id": n * 3 + k, "name": f"Product number {(n * 3 + k) % 977} in blue, size {k}",
            "product_id": (n * 3 + k) % 300 + 1, "variation_id": 0, "quantity": 1, "tax_class": "",
            "subtotal": money(cents[k]), "subtotal_tax": money(taxes[k]), "total": money(cents[k]),
            "total_tax": money(taxes[k]), "taxes": [{"id": 1, "total": money(taxes[k]), "subtotal": money(taxes[k])}],
            "meta_data": [{"id": n, "key": "_reduced_stock", "value": "1"}], "sku": f"SKU-{n % 977}-{k}",
            "global_unique_id": "", "price": cents[k] / 100, "image": {"id": "", "src": ""}, "parent_name": None,
        }
        for k in range(3)
    ]  # fmt: skip
    tax = {
        "id": n, "rate_code": "VAT-1", "rate_id": 1, "label": "VAT", "compound": False, "tax_total": money(sum(taxes)),
        "shipping_tax_total": "0.00", "rate_percent": 19, "meta_data": [],
    }  # fmt: skip
    return {
        "id": n + 1, "parent_id": 0, "status": "processing", "currency": "EUR", "version": "10.5.3",
        "prices_include_tax": False, **stamps, "discount_total": "0.00", "discount_tax": "0.00",
        "shipping_total": "0.00", "shipping_tax": "0.00", "cart_tax": money(sum(taxes)), "total_tax": money(sum(taxes)),
        "total": money(sum(cents) + sum(taxes)), "customer_id": n + 1, "order_key": f"wc_order_{n:013x}",
        "billing": address, "shipping": address, "payment_method": "stripe", "payment_method_title": "Card",
        "transaction_id": f"ch_{n}", "customer_ip_address": "127.0.0.1", "customer_user_agent": "Mozilla/5.0 (X11)",
        "created_via": "checkout", "customer_note": "", "cart_hash": f"{chance.randrange(16**32):032x}",
        "number": str(n + 1), "line_items": lines, "tax_lines": [tax], "shipping_lines": [], "fee_lines": [],
        "coupon_lines": [], "refunds": [], "payment_url": f"https://shop.example/pay/{n}", "is_editable": False,
        "meta_data": [
            {"id": chance.randrange(10**6), "key": f"_plugin_{k}", "value": f"{chance.randrange(10**12):x}"}
            for k in range(20)
        ],
        "_links": {"self": [{"href": f"https://shop.example{API}orders/{n}"}]},
    }  # fmt: skip


class Shelf:
    """`orders` in a file; products and customers by their number only."""

    def __init__(self, orders: int, products: int, file: BinaryIO) -> None:
        self.orders, self.products, self.file = orders, products, file
        self.requests = 0
        self.starts = [0]
        for n in range(orders):
            self.starts.append(self.starts[-1] + file.write(dump(order_row(n)) + b","))
        file.flush()

    def answer(self, method: str, path: str, query: dict[str, str]) -> tuple[bytes, tuple[int, int], int]:
        """The body's head, the span of the rows in the file, the total."""
        name = path.removeprefix(API)
        if path == "/count":
            return dump(self.requests), (0, 0), 0
        self.requests += 1
        if method == "OPTIONS":
            status = {"items": {"enum": ["any", "trash", "processing", "completed"]}}
            return dump({"endpoints": [{"methods": ["GET"], "args": {"status": status}}]}), (0, 0), 0
        if path == "/wp-json/":
            return dump({"namespaces": ["wc/v3"], "timezone_string": "UTC", "gmt_offset": 0}), (0, 0), 0
        if name == "system_status":
            return dump({"environment": {"version": "10.5.3"}}), (0, 0), 0
        after = datetime.fromisoformat(query.get("modified_after", "1970-01-01T00:00:00")).replace(tzinfo=UTC)
        first = max(0, (after - FIRST) // timedelta(minutes=1) + 1)
        if name == "orders":
            total = max(0, self.orders - first)
            end = min(self.orders, first + min(PAGE, int(query.get("per_page", "10"))))
            return b"", (self.starts[min(first, end)], self.starts[end] - 1) if end > first else (0, 0), total
        total = self.products if name in ("products", "customers") and "modified_after" not in query else 0
        at = PAGE * (int(query.get("page", "1")) - 1)
        stamp = f"{FIRST:%Y-%m-%dT%H:%M:%S}"
        rows = [
            {"id": n + 1, "name": f"Thing {n}", "type": "simple", "price": "1.00", "date_modified_gmt": stamp}
            for n in range(at, min(total, at + PAGE))
        ]
        return dump(rows), (0, 0), total


def _serve(shelf: Shelf, line: socket.socket) -> None:
    with line, line.makefile("rb") as reader:
        while first := reader.readline():
            method, target, _ = first.decode().split(" ", 2)
            length = 0
            while (header := reader.readline()) not in (b"\r\n", b""):
                if header.lower().startswith(b"content-length:"):
                    length = int(header[15:])
            reader.read(length)
            parts = urlsplit(target)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            head, (at, end), total = shelf.answer(method, parts.path, query)
            before, after = (head, b"") if head else (b"[", b"]")
            size = len(before) + end - at + len(after)
            line.sendall(
                f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {size}\r\n"
                f"Date: {datetime.now(UTC):%a, %d %b %Y %H:%M:%S} GMT\r\n"
                f"X-WP-Total: {total}\r\nX-WP-TotalPages: {-(-total // PAGE)}\r\n\r\n".encode()
                + before
            )
            while at < end:
                at += os.sendfile(line.fileno(), shelf.file.fileno(), at, end - at)
            line.sendall(after)


def serve(orders: int, products: int) -> None:
    """Print the port; serve until stdin ends."""
    with tempfile.TemporaryFile() as file, socket.create_server(("127.0.0.1", 0)) as listener:
        shelf = Shelf(orders, products, file)

        def accept() -> None:
            while True:
                line, _ = listener.accept()
                line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=_serve, args=(shelf, line), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        print(listener.getsockname()[1], flush=True)
        sys.stdin.read()
        os._exit(0)


@contextmanager
def shop(orders: int, products: int = 0) -> Iterator[str]:
    """The address of a shop, while inside."""
    command = [sys.executable, "-m", "bench.woocommerce", "--serve", str(orders), str(products)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.stdin.close()


def set_up(home: Path, address: str) -> dict[str, str]:
    """A RUNNING cart of the shop; what cartui needs in its environment."""
    env = {"CARTUI_HOME": str(home), "BENCH_PASSWORD": "cs_bench"}
    new = ["new", "Bench", "--type", "woocommerce", "--url", address, "--option", "consumer_key=ck_bench"]
    for words in (
        [*new, "--secret-from", "env:BENCH_PASSWORD"],
        ["test", "Bench"],
        ["set", "Bench", "last_order_from=2025-12-31T00:00:00Z", "last_update_time=2025-12-31T00:00:00Z"],
        ["start", "Bench", "--confirm", "Bench"],
    ):
        run([*CARTUI, *words], env)
    return env


def import_figure(orders: int, rounds: int) -> Figure:
    """The ratio of a full import to the floor."""
    with tempfile.TemporaryDirectory() as place, shop(orders) as address:
        empty = Path(place, "empty")
        env = set_up(empty, address)
        turn = iter(range(2 * rounds))

        def least() -> Cost:
            return run([*PYTHON, "-m", "bench.woocommerce_floor", address, str(Path(place, f"{next(turn)}.db"))])

        def imported() -> Cost:
            home = Path(place, f"home{next(turn)}")
            shutil.copytree(empty, home)
            cost = run(CYCLE, {**env, "CARTUI_HOME": str(home)})
            counts = json.loads(cost.out)["counts"]["orders"]
            assert counts["created"] == counts["received"] == orders, counts
            shutil.rmtree(home)
            return cost

        floors, imports = by_turns(rounds, least, imported)
    assert {int(one.out) for one in floors} == {orders}
    few, ours = median(floors), median(imports)
    detail = f"{spread(imports)}, {ours.peak:.0f} MB; floor {spread(floors)}, {few.peak:.0f} MB"
    return Figure(f"import of {orders:,} WooCommerce orders / floor, CPU", ours.cpu / few.cpu, 4, detail)


def poll_figures() -> list[Figure]:
    """Requests of one look for changes of each kind, where there are none, at two sizes of the shop."""
    told: dict[str, list[int]] = {}
    for size in (500, 5000):
        with shop(size, size) as address:
            options = {"consumer_key": "ck_bench"}
            cart = WooCommerce(
                Connection("Bench", address, options, lambda _: "cs_bench", now=lambda: datetime.now(UTC))
            )
            since = datetime.now(UTC)
            for kind in ("orders", "items", "customers"):
                before = int(urlopen(f"{address}/count").read())  # noqa: S310  (loopback)
                assert sum(len(page.rows) for page in getattr(cart, f"iter_{kind}")(since)) == 0
                told.setdefault(kind, []).append(int(urlopen(f"{address}/count").read()) - before)  # noqa: S310
            cart.close()
    return [
        Figure(
            f"no change, {kind}: requests at 500 and 5,000", many, 50 if kind == "customers" else 3, f"{few} and {many}"
        )
        for kind, (few, many) in told.items()
    ]


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--orders", type=int, default=10_000)
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--serve", nargs=2, type=int, help=argparse.SUPPRESS)
    given = words.parse_args()
    if given.serve:
        serve(*given.serve)
    else:
        for figure in [*poll_figures(), import_figure(given.orders, given.rounds)]:
            print(figure.line, flush=True)


if __name__ == "__main__":
    main()
