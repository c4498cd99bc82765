"""How long the overview takes to read with 1,000,000 documents in the books, and what keeping its counts costs.

    python bench/overview.py [--documents 1000000] [--rounds 20]

The books are made by SQL: 10 carts, documents of three years, one in 50 PENDING, a record a document, 100,000 items
(one in 20 below its reorder level), 200,000 outbox rows (one in 100 not done), sales of three years in 5 tax rates.
The goal is 50 ms.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from cartui.books import Books, open_books
from cartui.domain.settings import CartConnection
from cartui.sync.overview import read_overview
from cartui.sync.workspace import Workspace

NOW = datetime(2026, 3, 1, tzinfo=UTC)
GOAL = 0.050
CARTS = 10
_NOW_MICROS = int(NOW.timestamp() * 1_000_000)
_COUNT = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ?) "
_STATEMENTS = (
    _COUNT + "INSERT INTO document (id, cart_id, external_id, number, status, kind, order_number, placed_at,"
    " customer_name, email, currency, total, native_status, order_state, payment_state, fulfilment_state,"
    " billing_address, shipping_address, payments, shipping_method, note, default_lines, changed_in_cart, created_at)"
    " SELECT n, n % 10 + 1, n, 'D' || n, CASE WHEN n % 50 = 0 THEN 'PENDING' ELSE 'APPROVED' END, 'cash_sale', n,"
    f" {_NOW_MICROS} - n * 94608000, 'Ada Lovelace', 'ada@example.com', 'EUR', 10000000, 'done', 'open', 'paid',"
    " 'unfulfilled', '', '', '[]', '', '', 0, 0, 0 FROM n",
    _COUNT + "INSERT INTO cart_record (cart_id, kind, external_id, label, fingerprint, state, reason, remedy, our_id,"
    " agreed, evidence, native_status, tries) SELECT n % 10 + 1, 'order', n, n, n,"
    " CASE WHEN n % 1000 = 0 THEN 'held' WHEN n % 1001 = 0 THEN 'changed_after_import' ELSE 'imported' END,"
    " CASE WHEN n % 3000 = 0 THEN 'Changed on both sides.' ELSE '' END, '', n, '{}', '', '', 0 FROM n",
)
_ITEMS = (
    _COUNT + "INSERT INTO item (id, code, name, barcode, currency, on_hand, allocated, is_default, version, changed_at,"
    " changed_by, reorder_level) SELECT n, 'SKU-' || n, 'Item ' || n, '', 'EUR', CASE WHEN n % 20 = 0 THEN n % 90 ELSE"
    " 200 END * 1000000, 0, 0, 1, 0, '', 100000000 FROM n WHERE n > 1",
    _COUNT + "INSERT INTO cart_record (cart_id, kind, external_id, label, fingerprint, state, reason, remedy, our_id,"
    " agreed, evidence, native_status, tries) SELECT n % 10 + 1, 'item', n, n, n, 'linked', '', '', n, '{}', '', '', 0"
    " FROM n",
)
_OUTBOX = (
    _COUNT + "INSERT INTO outbox (cart_id, kind, our_id, state, version, sent_version, reason, remedy, tries,"
    " changed_at, due_at) SELECT n % 10 + 1, 'stock', n, CASE WHEN n % 100 = 0 THEN 'waiting' ELSE 'done' END, 1, 1,"
    " '', '', 0, 0, 0 FROM n"
)
_SALES = (
    "WITH RECURSIVE d (d) AS (SELECT 0 UNION ALL SELECT d + 1 FROM d WHERE d < 1095),"
    " r (r) AS (SELECT 0 UNION ALL SELECT r + 1 FROM r WHERE r < 4),"
    " c (c) AS (SELECT 1 UNION ALL SELECT c + 1 FROM c WHERE c < 10)"
    " INSERT INTO account_day (account_id, currency, day, cart_id, tax_rate, debit, credit)"
    f" SELECT a.id, 'EUR', {_NOW_MICROS // 86_400_000_000} - d, c, r * 1000000, 0, 10000000 * (d % 7 + 1)"
    " FROM account a, d, r, c WHERE a.key IN ('sales', 'shipping', 'discounts', 'undeposited', 'tax')"
)


def fill(books: Books, documents: int) -> float:
    """Fill the books; how many seconds the documents and their records took."""
    for n in range(CARTS):
        books.carts.add(f"Shop {n}", CartConnection("memory", f"https://shop{n}.example"))
    database = books.database
    began = time.perf_counter()
    for statement in _STATEMENTS:
        with database.transaction():
            database.write_sql(statement, (documents,))
    took = time.perf_counter() - began
    for statement, count in ((_ITEMS[0], documents // 10), (_ITEMS[1], documents // 10), (_OUTBOX, documents // 5)):
        with database.transaction():
            database.write_sql(statement, (count,))
    with database.transaction():
        database.write_sql(_SALES)
    return took


def read_times(ws: Workspace, name: str | None, rounds: int) -> list[float]:
    """Wall seconds of each reading, the first one too."""
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        read_overview(ws, name)
        times.append(time.perf_counter() - began)
    return times


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=20)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        books = open_books(f"sqlite:///{Path(place) / 'bench.db'}", clock=lambda: NOW)
        took = fill(books, given.documents)
        print(f"{given.documents:,} documents with their records, written by SQL in {took:.1f} s")
        ws = Workspace(books, {}, lambda: NOW, str, "bench", "bench", Path(place))
        for name, title in ((None, "all carts"), ("Shop 3", "one cart")):
            times = read_times(ws, name, given.rounds)
            median = statistics.median(times)
            verdict = "ok" if median <= GOAL else "MISSED"
            print(
                f"overview of {title:10} {median * 1000:6.1f} ms ({min(times) * 1000:.1f} to {max(times) * 1000:.1f}),"
                f" first {times[0] * 1000:.1f} ms, goal {GOAL * 1000:.0f} ms {verdict}"
            )
        books.close_thread()


if __name__ == "__main__":
    main()
