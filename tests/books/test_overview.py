"""The counts that the database keeps are a fresh count, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from cartui.books import Books
from cartui.domain.documents import DocumentStatus
from cartui.domain.ids import CartId, RecordKind
from cartui.domain.ledger import CartRecord
from cartui.domain.outcomes import RecordState
from cartui.domain.settings import DocumentKind
from tests.books.makers import START, a_draft


def a_record(number: int, state: RecordState) -> CartRecord:
    return CartRecord(RecordKind.ORDER, str(number), f"N{number}", START, "f", state)


def test_records_move_between_their_states(books: Books, cart_id: CartId) -> None:
    """Stored anew under another state a record leaves the one before; forgotten it leaves them all."""
    with books.transaction():
        books.records.put_many(cart_id, [a_record(n, RecordState.HELD) for n in range(4)])
        books.records.put_many(cart_id, [replace(a_record(1, RecordState.IMPORTED), our_id=7)])
        books.records.unlink(cart_id, RecordKind.ORDER, "2")
    kept = {RecordKind.ORDER: {RecordState.HELD: 2, RecordState.IMPORTED: 1}}
    assert books.overview.records(cart_id) == books.overview.records(None) == kept
    assert books.overview.records(CartId(cart_id + 1)) == {}


def test_documents_by_status_and_day(books: Books, cart_id: CartId) -> None:
    """Counted by kind and status, and by the day they were placed on."""
    drafts = [a_draft(str(n), placed_at=START + timedelta(days=n % 2)) for n in range(5)]
    with books.transaction():
        ids = books.documents.add_many(cart_id, [(draft, None) for draft in drafts])
        books.database.write_sql("UPDATE document SET status = 'VOID' WHERE id = ?", (ids[0],))
    kinds = {DocumentKind.SALES_ORDER: {DocumentStatus.PENDING: 4, DocumentStatus.VOID: 1}}
    assert books.overview.documents(cart_id) == kinds
    first = START.date()
    assert books.overview.orders(first, first + timedelta(days=1), None) == {first: 3, first + timedelta(days=1): 2}
    assert books.overview.orders(first, first, cart_id) == {first: 3}
    assert books.overview.sales(first, first, cart_id) == []
    assert books.overview.to_order(cart_id, 5) == (0, [])
    assert books.overview.conflicts(cart_id) == 0
