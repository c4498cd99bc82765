"""The floor: the least that stores a shop's orders. Raw keep-alive socket, msgspec, sqlite3 executemany.

    python -m bench.floor ADDRESS FILE [FAST]

One transaction a page, synchronous FULL as cartui has it; a row with the raw body (compressed at level 1, as cartui
keeps it), a document and its lines, each unique by its id. No links, journal, customers, checks or proof.
"""

from __future__ import annotations

import socket
import sqlite3
import sys
import zlib
from typing import Any
from urllib.parse import urlsplit

import msgspec

SCHEMA = """
PRAGMA synchronous = FULL;
CREATE TABLE raw (id TEXT PRIMARY KEY, body BLOB);
CREATE TABLE document (id TEXT PRIMARY KEY, number TEXT, placed_at TEXT, email TEXT, name TEXT, currency TEXT,
 total TEXT, status TEXT, billing TEXT, shipping TEXT);
CREATE TABLE line (document TEXT, position INTEGER, kind TEXT, name TEXT, sku TEXT, quantity TEXT, price TEXT,
 amount TEXT, tax TEXT, PRIMARY KEY (document, position)) WITHOUT ROWID;
"""


class Line(msgspec.Struct):
    name: str
    kind: str
    sku: str
    quantity: str
    unit_price: str
    net_amount: str
    tax_amount: str


class Buyer(msgspec.Struct):
    email: str
    first_name: str
    last_name: str


class Order(msgspec.Struct):
    order_id: str
    order_number: str
    placed_at: str
    currency: str
    total: str
    status: str
    buyer: Buyer
    billing_address: msgspec.Raw
    shipping_address: msgspec.Raw
    lines: list[Line]


class Page(msgspec.Struct):
    next_cursor: str | None
    rows: list[msgspec.Raw]


def fetch(line: socket.socket, target: str, host: str) -> bytes:
    """One GET on the open connection."""
    line.sendall(f"GET {target} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer bench\r\n\r\n".encode())
    received = bytearray()
    while (end := received.find(b"\r\n\r\n")) < 0:
        received += line.recv(1 << 18)
    length = int(received[:end].lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
    body = bytearray(length)
    view, have = memoryview(body), len(received) - end - 4
    body[:have] = received[end + 4 :]
    while have < length:
        have += line.recv_into(view[have:])
    return bytes(body)


def store(books: sqlite3.Connection, rows: list[bytes], parse: msgspec.json.Decoder[Order]) -> None:
    """One page, one transaction."""
    raws: list[tuple[Any, ...]] = []
    documents: list[tuple[Any, ...]] = []
    lines: list[tuple[Any, ...]] = []
    for raw in rows:
        order = parse.decode(raw)
        raws.append((order.order_id, zlib.compress(raw, 1)))
        name = f"{order.buyer.first_name} {order.buyer.last_name}"
        documents.append(
            (order.order_id, order.order_number, order.placed_at, order.buyer.email, name, order.currency, order.total,
             order.status, bytes(order.billing_address).decode(), bytes(order.shipping_address).decode())
        )  # fmt: skip
        lines += [
            (order.order_id, position, line.kind, line.name, line.sku, line.quantity, line.unit_price, line.net_amount,
             line.tax_amount)
            for position, line in enumerate(order.lines)
        ]  # fmt: skip
    with books:
        books.executemany("INSERT OR REPLACE INTO raw VALUES (?, ?)", raws)
        books.executemany("INSERT OR REPLACE INTO document VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", documents)
        books.executemany("INSERT OR REPLACE INTO line VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", lines)


def main() -> None:
    address, file = sys.argv[1:]
    parts = urlsplit(address)
    books = sqlite3.connect(file)
    books.executescript(SCHEMA)
    page, order = msgspec.json.Decoder(Page), msgspec.json.Decoder(Order)
    with socket.create_connection((parts.hostname, parts.port)) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        base = "/cartconnect/v1/orders?limit=250"
        target = f"{base}&modified_since=2025-12-31T00:00:00.000000Z"
        while True:
            told = page.decode(fetch(line, target, str(parts.hostname)))
            store(books, [bytes(one) for one in told.rows], order)
            if told.next_cursor is None:
                break
            target = f"{base}&cursor={told.next_cursor}"
    print(books.execute("SELECT COUNT(*) FROM document").fetchone()[0])


if __name__ == "__main__":
    main()
