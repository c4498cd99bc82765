"""A Cart Connect shop that costs next to nothing: pages rendered before, sent from a file, in a process of its own.

    python -m bench.shop ORDERS [SECONDS]     prints its port, serves until its stdin ends

Each order is another one (number, buyer, amounts, addresses), has 3 lines and about 3.3 kB; each answer waits SECONDS
before it comes. `POST …/change` lets the next listings by date hold 100 orders that changed just then; `GET …/count`
tells how many lists and batches of stock were asked for. There are 1,000 items whose stock is 100; a list of them by
date is empty. Any number of shops stand below one address: `/1`, `/2` …, each with an id of its own and the same rows.
"""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request, urlopen

PAGE = 250
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
BASE = "/cartconnect/v1"
PASSWORD = "bench"
CHANGED = 100
ITEMS = 1000
BATCH = 100
STOCK = 100


def order_row(n: int, modified_at: datetime | None = None, status: str = "paid") -> dict[str, Any]:
    """The n-th order as the wire shows it; always the same one."""
    chance = random.Random(n)
    placed = stamp(FIRST + timedelta(minutes=n))
    cents = [chance.randrange(100, 99_999) for _ in range(3)]
    taxes = [round(one * 0.19) for one in cents]
    name = {"first_name": f"Ada{n % 977}", "last_name": f"Lovelace-{n}"}
    address = {
        "name": f"{name['first_name']} {name['last_name']}", "company": None, "street1": f"{n} Long Street",
        "street2": None, "city": "London", "region": None, "postcode": f"N{n % 20} {n % 9}GU", "country": "GB",
        "phone": f"+44 20 {n:08d}",
    }  # fmt: skip
    lines = [
        {
            "line_id": f"{n}-{k}", "kind": "product", "item_id": f"i-{(n * 3 + k) % 300}", "sku": f"SKU-{n % 977}-{k}",
            "name": f"Product number {(n * 3 + k) % 977} in blue, size {k}", "quantity": "1",
            "unit_price": money(cents[k]), "net_amount": money(cents[k]), "tax_amount": money(taxes[k]),
            "tax_rate_percent": "19", "weight": None, "options": [{"name": "colour", "value": "blue"}],
        }
        for k in range(3)
    ]  # fmt: skip
    total = money(sum(cents) + sum(taxes))
    return {
        "order_id": f"o-{n:08d}", "order_number": f"{100_000 + n}", "placed_at": placed,
        "modified_at": placed if modified_at is None else stamp(modified_at), "status": status,
        "order_state": "open", "payment_state": "paid", "fulfilment_state": "unfulfilled", "currency": "EUR",
        "prices_include_tax": False, "total": total, "lines": lines,
        "taxes": [{"name": "VAT 19 %", "rate_percent": "19", "amount": money(sum(taxes))}],
        "payments": [{"method": "card", "state": "paid", "amount": total, "paid_at": placed, "reference": f"ch_{n}"}],
        "refunds": [], "shipping_method": "Post",
        "buyer": {
            "customer_id": f"c-{n}", "email": f"ada.lovelace.{n}@example.com", **name, "company": None,
            "phone": f"+44 20 {n:08d}", "tax_number": None,
        },
        "billing_address": address, "shipping_address": address, "note": None,
        # What shops add and cartui does not read: it makes a row as long as those of real shops.
        "meta_data": [
            {"id": chance.randrange(10**6), "key": f"_meta_{k}", "value": f"{chance.randrange(10**12):x}"}
            for k in range(22)
        ],
        "customer_user_agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0",
        "links": {"self": f"https://shop.example/orders/{n}", "buyer": f"https://shop.example/customers/{n}"},
    }  # fmt: skip


def item_row(n: int, stock: str = str(STOCK)) -> dict[str, Any]:
    """The n-th item."""
    return {
        "item_id": f"i-{n}", "parent_id": None, "parent_name": None, "name": f"Product number {n}", "options": [],
        "sku": f"SKU-{n:04d}", "barcode": None, "description": None, "price": "15.00", "currency": "EUR",
        "tax_class": None, "stock": stock, "reserved": None, "active": True, "external_key": None, "version": 1,
        "created_at": stamp(FIRST), "modified_at": stamp(FIRST),
    }  # fmt: skip


def money(cents: int) -> str:
    """12345 -> "123.45"."""
    return f"{cents // 100}.{cents % 100:02d}"


def stamp(moment: datetime) -> str:
    """As the protocol writes a time."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def dump(value: object) -> bytes:
    """Compact JSON."""
    return json.dumps(value, separators=(",", ":")).encode()


PING = {
    "protocol": {"name": "cart-connect", "version": "1.0"},
    "shop": {"id": "bench", "name": "bench"},
    "software": {"name": "bench", "version": "1"},
    "time_zone": "UTC",
    "rights": {"read": True, "write": True},
    "capabilities": {
        "lists": {kind: {"modified_since": True} for kind in ("orders", "items", "customers", "baskets")},
        "writes": ["stock.set"],
        "page_maximum": PAGE,
        "batch_maximum": BATCH,
        "stock_means": "free",
        "prices_include_tax": False,
        "late_by_seconds": 0,
    },
}


@dataclass
class Shelf:
    """The pages: where in the file the rows of each one stand."""

    orders: int
    file: BinaryIO
    spans: list[tuple[int, int]] = field(default_factory=list)
    changed: bytes = b""
    changes: int = 0
    listings: int = 0
    seconds: float = 0.0
    stock: dict[str, str] = field(default_factory=lambda: {f"i-{n}": str(STOCK) for n in range(ITEMS)})

    def fill(self) -> None:
        """Render every page once."""
        at = 0
        for start in range(0, self.orders, PAGE):
            rows = b",".join(dump(order_row(n)) for n in range(start, min(start + PAGE, self.orders)))
            self.file.write(rows)
            self.spans.append((at, len(rows)))
            at += len(rows)
        self.file.flush()

    def change(self) -> None:
        """Some orders get another status now."""
        self.changes += 1
        now = datetime.now(UTC)
        step = max(1, self.orders // CHANGED)
        rows = [order_row(n * step, now, f"picking-{self.changes}") for n in range(min(CHANGED, self.orders))]
        self.changed = b",".join(map(dump, rows))

    def items(self, query: dict[str, str]) -> tuple[int, bytes, str | None, dict[str, str]]:
        """Total, rows, cursor and filters of a page of items."""
        if "ids" in query:
            wanted = query["ids"].split(",")
            rows = b",".join(dump(item_row(int(one[2:]), self.stock[one])) for one in wanted)
            return len(wanted), rows, None, {"ids": query["ids"]}
        if "modified_since" in query or query.get("limit") == "1":
            return 0, b"", None, {name: value for name, value in query.items() if name == "modified_since"}
        start = int(query.get("cursor", "0"))
        some = range(start, min(start + PAGE, ITEMS))
        rows = b",".join(dump(item_row(n, self.stock[f"i-{n}"])) for n in some)
        return ITEMS, rows, str(some.stop) if some.stop < ITEMS else None, {}

    def set_stock(self, body: bytes) -> bytes:
        """One call: compared and set, row by row."""
        self.listings += 1
        time.sleep(self.seconds)
        told = []
        for row in json.loads(body)["rows"]:
            key = row["item_id"]
            fits = "expected" not in row or row["expected"] == self.stock[key]
            self.stock[key] = row["quantity"] if fits else self.stock[key]
            told.append(
                {"item_id": key, "result": "ok" if fits else "conflict", "current": self.stock[key], "message": None}
            )
        return dump({"rows": told})

    def answer(self, path: str, query: dict[str, str]) -> tuple[bytes, tuple[int, int], bytes]:
        """What comes before the rows, the span of the rows in the file, what comes after."""
        now = stamp(datetime.now(UTC))
        if path == f"{BASE}/count":
            return dump(self.listings), (0, 0), b""
        self.listings += 1
        time.sleep(self.seconds)
        prefix, _, kind = path.partition(BASE)
        path = f"{BASE}{kind}"
        if path == f"{BASE}/ping":
            shop = {"id": f"bench{prefix}", "name": "bench"}
            return dump(PING | {"server_time": now, "shop": shop}), (0, 0), b""
        filters = {name: value for name, value in query.items() if name == "modified_since"}
        total, rows, span, following = 0, b"", (0, 0), None
        if path == f"{BASE}/orders":
            since = filters.get("modified_since", "")
            if "cursor" in query:
                page, since = int(query["cursor"].partition("~")[0]), query["cursor"].partition("~")[2]
                filters = {"modified_since": since} if since else {}
                total, span = self.orders, self.spans[page]
            elif since <= stamp(FIRST):
                page, total, span = 0, self.orders, self.spans[0]
            else:
                page = len(self.spans)
                if since < now and self.changed:
                    total, rows = min(CHANGED, self.orders), self.changed
            following = f"{page + 1}~{since}" if page + 1 < len(self.spans) else None
            if query.get("limit") == "1":
                span, rows, following = (0, 0), b"", None
        if path == f"{BASE}/items":
            total, rows, following, filters = self.items(query)
        head = {"total": total, "next_cursor": following, "server_time": now, "filters": filters}
        return dump(head)[:-1] + b',"rows":[' + rows, span, b"]}"


def _serve(shelf: Shelf, line: socket.socket) -> None:
    with line, line.makefile("rb") as reader:
        while first := reader.readline():
            method, target, _ = first.split(b" ", 2)
            size = 0
            while (head_line := reader.readline()) not in (b"\r\n", b""):
                name, _, value = head_line.partition(b":")
                size = int(value) if name.lower() == b"content-length" else size
            body = reader.read(size)
            parts = urlsplit(target.decode())
            if parts.path.endswith("/stock"):
                before, span, after = shelf.set_stock(body), (0, 0), b""
            elif method == b"POST":
                shelf.change()
                before, span, after = b"{}", (0, 0), b""
            else:
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                before, span, after = shelf.answer(parts.path, query)
            length = len(before) + span[1] + len(after)
            head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n".encode()
            line.sendall(head + before)
            at, end = span[0], span[0] + span[1]
            while at < end:
                at += os.sendfile(line.fileno(), shelf.file.fileno(), at, end - at)
            line.sendall(after)


def main() -> None:
    """Serve until stdin ends."""
    with tempfile.TemporaryFile() as file, socket.create_server(("127.0.0.1", 0)) as listener:
        shelf = Shelf(int(sys.argv[1]), file, seconds=float(sys.argv[2]))
        shelf.fill()

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
def shop(orders: int, seconds: float = 0.0) -> Iterator[str]:
    """The address of a shop of so many orders that waits so long before each answer, while inside."""
    command = [sys.executable, "-m", "bench.shop", str(orders), str(seconds)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.stdin.close()


def change(address: str) -> None:
    """Let 100 orders of the shop change."""
    urlopen(Request(f"{address}{BASE}/change", data=b"", method="POST")).read()  # noqa: S310  (loopback)


def listings(address: str) -> int:
    """How many lists, batches and pings were asked for since the shop opened."""
    return int(urlopen(f"{address}{BASE}/count").read())  # noqa: S310


if __name__ == "__main__":
    main()
