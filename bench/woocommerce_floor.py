"""The floor of `bench.woocommerce`: as `bench.floor`, for WooCommerce-shaped pages.

python -m bench.woocommerce_floor ADDRESS FILE
"""

from __future__ import annotations

import socket
import sqlite3
import sys
import zlib
from urllib.parse import urlsplit

import msgspec

from bench.floor import SCHEMA, fetch

API = "/wp-json/wc/v3/"
PAGE = 100


class Line(msgspec.Struct):
    name: str
    sku: str
    quantity: int
    subtotal: str
    total: str
    total_tax: str


class Buyer(msgspec.Struct):
    email: str
    first_name: str
    last_name: str


class Order(msgspec.Struct):
    id: int
    number: str
    date_created_gmt: str
    date_modified_gmt: str
    currency: str
    total: str
    status: str
    billing: msgspec.Raw
    shipping: msgspec.Raw
    line_items: list[Line]


def main() -> None:
    address, file = sys.argv[1:]
    page, order = msgspec.json.Decoder(list[msgspec.Raw]), msgspec.json.Decoder(Order)
    buyer = msgspec.json.Decoder(Buyer)
    books = sqlite3.connect(file)
    books.executescript(SCHEMA)
    parts = urlsplit(address)
    after = "2025-12-31T00:00:00"
    with socket.create_connection((parts.hostname, parts.port)) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while True:
            target = f"{API}orders?orderby=modified&order=asc&per_page=100&dates_are_gmt=true&modified_after={after}"
            rows = [bytes(one) for one in page.decode(fetch(line, target, str(parts.hostname)))]
            orders = [order.decode(one) for one in rows]
            people = [buyer.decode(one.billing) for one in orders]
            with books:
                books.executemany(
                    "INSERT OR REPLACE INTO raw VALUES (?, ?)",
                    [(one.id, zlib.compress(raw, 1)) for one, raw in zip(orders, rows, strict=True)],
                )
                books.executemany(
                    "INSERT OR REPLACE INTO document VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    [
                        (one.id, one.number, one.date_created_gmt, who.email, f"{who.first_name} {who.last_name}",
                         one.currency, one.total, one.status, bytes(one.billing).decode(),
                         bytes(one.shipping).decode())
                        for one, who in zip(orders, people, strict=True)
                    ],
                )  # fmt: skip
                books.executemany(
                    "INSERT OR REPLACE INTO line VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    [
                        (one.id, at, "product", sold.name, sold.sku, sold.quantity, sold.subtotal, sold.total,
                         sold.total_tax)
                        for one in orders for at, sold in enumerate(one.line_items)
                    ],
                )  # fmt: skip
            if len(rows) < PAGE:
                break
            after = orders[-1].date_modified_gmt
    print(books.execute("SELECT COUNT(*) FROM document").fetchone()[0])


if __name__ == "__main__":
    main()
