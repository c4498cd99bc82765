"""How much the books cost over the bare database: 10,000 documents of 3 lines, with links, raw bodies and journal.

    python bench/books.py [--documents 10000] [--rounds 5] [--url postgresql://…]

The floor writes the same rows (taken from what the books wrote) with sqlite3 `executemany`, one transaction a page of
100, with the same schema and pragmas. It finds the raw bodies compressed: what compressing costs is measured apart.
CPU seconds of this process, median and range of the rounds; the goal is a ratio of at most 2.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from cartui.books import Books, open_books
from cartui.books.fields import pack
from cartui.books.opening import sqlite_pragmas
from cartui.domain.documents import DocumentDraft, DocumentLine
from cartui.domain.ids import CartId, CartOrderId, CustomerId, Direction, RecordKind
from cartui.domain.ledger import CartRecord, JournalEntry
from cartui.domain.outcomes import RecordState
from cartui.domain.plan import NewCustomer
from cartui.domain.records import Address, FulfilmentState, LineKind, OrderState, Payment, PaymentState
from cartui.domain.settings import CartConnection, DocumentKind

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PAGE = 100
Order = tuple[DocumentDraft, CartRecord, JournalEntry]


def orders(count: int) -> list[Order]:
    """Made-up orders of about 3.3 kB of raw body."""
    chance = random.Random(1)
    made: list[Order] = []
    for n in range(1, count + 1):
        cents = [Decimal(chance.randrange(100, 9999)) / 100 for _ in range(3)]
        lines = tuple(
            DocumentLine(
                LineKind.PRODUCT, f"Product number {n % 977} in blue", amount, Decimal(1), amount, Decimal(20),
                Decimal("1.99"), sku=f"SKU-{n % 977}", default_item=True,
            )
            for amount in cents
        )  # fmt: skip
        address = Address("Ada Lovelace", "", f"{n} Long Street", "", "London", "", "N1 9GU", "GB", "+44 20 7946 0000")
        placed = NOW + timedelta(seconds=n)
        total = sum(cents, Decimal())
        draft = DocumentDraft(
            kind=DocumentKind.SALES_ORDER,
            external_id=CartOrderId(str(n)),
            order_number=f"{100000 + n}",
            placed_at=placed,
            customer_name="Ada Lovelace",
            email=f"ada{n}@example.com",
            currency="EUR",
            total=total,
            lines=lines,
            native_status="processing",
            order_state=OrderState.OPEN,
            payment_state=PaymentState.PAID,
            fulfilment_state=FulfilmentState.UNFULFILLED,
            billing_address=address,
            shipping_address=address,
            payments=(Payment("card", total, PaymentState.PAID, "Card", f"ch_{n}", placed),),
            shipping_method="Post",
        )
        record = CartRecord(
            RecordKind.ORDER, str(n), draft.order_number, placed, f"{n:064x}", RecordState.IMPORTED,
            native_status="processing", raw=raw_body(draft, chance),
        )  # fmt: skip
        detail = {"label": draft.order_number}
        entry = JournalEntry(
            CartId(1), NOW, "ada@host", Direction.IMPORT, RecordKind.ORDER, "create", str(n), detail=detail
        )
        made.append((draft, record, entry))
    return made


def raw_body(draft: DocumentDraft, chance: random.Random) -> bytes:
    """What a WooCommerce shop would send of it, in its usual length."""
    address = {
        "first_name": "Ada",
        "last_name": "Lovelace",
        "address_1": draft.billing_address.street1,
        "city": "London",
    }
    lines = [
        {
            "id": chance.randrange(10**6), "name": line.text, "product_id": chance.randrange(10**4), "quantity": 1,
            "sku": line.sku, "subtotal": str(line.amount), "subtotal_tax": "1.99", "total": str(line.amount),
            "total_tax": "1.99", "price": str(line.amount), "tax_class": "", "meta_data": [], "variation_id": 0,
        }
        for line in draft.lines
    ]  # fmt: skip
    links = {"self": [{"href": f"https://shop.example/wp-json/wc/v3/orders/{draft.external_id}"}]}
    meta = [
        {"id": chance.randrange(10**6), "key": f"_meta_{n}", "value": f"{chance.randrange(10**9)}"} for n in range(12)
    ]
    body = {
        "id": int(draft.external_id), "number": draft.order_number, "status": "processing", "currency": "EUR",
        "order_key": f"wc_order_{chance.randrange(10**12):x}", "date_created_gmt": draft.placed_at.isoformat(),
        "total": str(draft.total), "billing": address | {"email": draft.email}, "shipping": address,
        "line_items": lines,
        "meta_data": meta, "payment_method": "card", "transaction_id": f"ch_{chance.randrange(10**9)}", "_links": links,
        "customer_user_agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0",
    }  # fmt: skip
    return json.dumps(body).encode()


def through_the_books(books: Books, made: list[Order]) -> None:
    """As an import does it: what is known is looked up, then all of the page is written in one transaction."""
    for start in range(0, len(made), PAGE):
        page = made[start : start + PAGE]
        books.records.find_many(CartId(1), RecordKind.ORDER, [record.external_id for _, record, _ in page])
        books.customers.find_by_emails([draft.email for draft, _, _ in page])
        with books.transaction():
            customers: list[CustomerId] = books.customers.add_many([NewCustomer(email=d.email) for d, _, _ in page])
            documents = [(draft, customer) for (draft, _, _), customer in zip(page, customers, strict=True)]
            ids = books.documents.add_many(CartId(1), documents)
            books.records.put_many(
                CartId(1),
                [_linked(record, our_id) for (_, record, _), our_id in zip(page, ids, strict=True)],
            )
            books.journal.append_many([entry for _, _, entry in page])
            books.cursors.put(CartId(1), RecordKind.ORDER, Direction.IMPORT, page[-1][0].placed_at)


def _linked(record: CartRecord, our_id: int) -> CartRecord:
    return CartRecord(
        record.kind, record.external_id, record.label, record.stamp, record.fingerprint, record.state, our_id=our_id,
        native_status=record.native_status, raw=record.raw,
    )  # fmt: skip


TABLES = {"customer": 1, "document": 1, "document_line": 3, "cart_record": 1, "journal": 1}  # rows an order


def rows_of(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row that the books wrote, in the order of its key."""
    with sqlite3.connect(path) as connection:
        return {table: connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall() for table in TABLES}


def bare(path: Path, rows: dict[str, list[tuple[object, ...]]]) -> None:
    """The floor."""
    connection = sqlite3.connect(path, isolation_level=None)
    for name, value in sqlite_pragmas(sqlite3.sqlite_version_info).items():
        connection.execute(f"PRAGMA {name} = {value}")
    insert = {table: f"INSERT INTO {table} VALUES ({', '.join('?' * len(some[0]))})" for table, some in rows.items()}
    for start in range(0, len(rows["document"]), PAGE):
        connection.execute("BEGIN IMMEDIATE")
        for table, each in TABLES.items():
            connection.executemany(insert[table], rows[table][start * each : (start + PAGE) * each])
        connection.execute("COMMIT")
    connection.close()


def an_empty(url: str) -> Books:
    """Books with one cart."""
    books = open_books(url, clock=lambda: NOW)
    books.carts.add("Bench", CartConnection("memory", "https://shop.example"))
    return books


def cpu_of(work: Callable[[], object]) -> tuple[float, float]:
    """CPU and wall seconds."""
    gc.collect()
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - cpu, time.perf_counter() - wall


def report(name: str, figures: list[tuple[float, float]]) -> float:
    """One line; returns the median of the CPU seconds."""
    cpu = sorted(one for one, _ in figures)
    wall = statistics.median(one for _, one in figures)
    median = statistics.median(cpu)
    print(f"{name:24} {median:7.3f} s CPU  ({cpu[0]:.3f} to {cpu[-1]:.3f})  {wall:7.3f} s wall")
    return median


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--url", help="also measure an empty PostgreSQL database (one round)")
    given = parser.parse_args()
    made = orders(given.documents)
    ours: list[tuple[float, float]] = []
    floor: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory() as place:
        for n in range(given.rounds):
            path = Path(place) / f"ours{n}.db"
            books = an_empty(f"sqlite:///{path}")
            ours.append(cpu_of(lambda books=books: through_the_books(books, made)))  # type: ignore[misc]
            books.close_thread()
            rows = rows_of(path)
            bare_path = Path(place) / f"bare{n}.db"
            an_empty(f"sqlite:///{bare_path}").close_thread()
            floor.append(cpu_of(lambda rows=rows, path=bare_path: bare(path, rows)))  # type: ignore[misc]
            path.unlink()
            bare_path.unlink()
        packing = [cpu_of(lambda: [pack(record.raw or b"") for _, record, _ in made])]
        kilobytes = sum(len(record.raw or b"") for _, record, _ in made) / len(made) / 1000
        ratio = report("books on SQLite", ours) / report("floor: executemany", floor)
        report(f"of which packing {kilobytes:.1f} kB", packing)
        print(f"ratio {ratio:.2f} (goal 2.00), {given.documents} documents, SQLite {sqlite3.sqlite_version}")
    if given.url:
        books = an_empty(given.url)
        report("books on PostgreSQL", [cpu_of(lambda: through_the_books(books, made))])
        books.close_thread()


if __name__ == "__main__":
    main()
