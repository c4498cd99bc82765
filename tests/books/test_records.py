"""Links, held records and the ledger of a cart's records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import pytest

from cartui.books import Books, BrokenInvariantError
from cartui.books.database import Row
from cartui.books.row_sources import held_rows
from cartui.domain.ids import CartId, RecordKind
from cartui.domain.outbox import Ending, OutboxKind, SentRow
from cartui.domain.outcomes import RecordState
from cartui.domain.settings import SyncStatus
from cartui.errors import Remedy, headless
from tests.books.makers import a_draft, a_record


def test_a_record_comes_back_as_it_went_in(books: Books, cart_id: CartId) -> None:
    """But for the raw body, which is only read when asked for."""
    record = a_record(
        "7", agreed={"name": "Müg"}, our_id=3, evidence="sku", native_status="on", tries=2, raw=b"x" * 900
    )
    with books.transaction():
        books.records.put_many(cart_id, [record, a_record("8", stamp=None)])
    found = books.records.find_many(cart_id, RecordKind.ORDER, ["7", "8", "9"])
    assert found == {"7": replace(record, raw=None), "8": a_record("8", stamp=None)}
    assert books.records.raw(cart_id, RecordKind.ORDER, "7") == b"x" * 900
    assert books.records.raw(cart_id, RecordKind.ORDER, "8") is None


def test_a_remedy_is_kept_for_both_sides_of_the_program(books: Books, cart_id: CartId) -> None:
    """Whoever reads it, on a screen or headless: held records, lists, rows of the outbox, why a cart was stopped."""
    remedy = Remedy("Press R.", "Run `cartui held`.")
    with books.transaction():
        books.records.put_many(cart_id, [a_record("1", state=RecordState.HELD, remedy=remedy)])
        books.records.put_many(cart_id, [a_record("i", kind=RecordKind.ITEM, our_id=1)])
        books.outbox.touch(OutboxKind.ITEM, [1], cart_id=cart_id)
        [row] = books.outbox.of_records(cart_id, OutboxKind.ITEM, [1])
        books.outbox.end([SentRow(row, Ending.REFUSED, "no", remedy)])
        books.carts.set_status(cart_id, SyncStatus.STOPPED, remedy)
    [held] = books.records.list_held(cart_id)
    [row] = books.outbox.of_records(cart_id, OutboxKind.ITEM, [1])
    [listed] = held_rows(books, cart_id).dicts()
    for told in (held.remedy, row.remedy, books.carts.get_by_id(cart_id).stop_reason, cast("str", listed["remedy"])):
        assert (told, headless(told)) == ("Press R.", "Run `cartui held`.")


def test_the_same_record_is_never_two(books: Books, cart_id: CartId) -> None:
    """The second word on it replaces the first, also within one page; kinds and carts are kept apart."""
    with books.transaction():
        books.records.put_many(cart_id, [a_record("1"), a_record("1", label="later")])
        books.records.put_many(cart_id, [a_record("1", label="last"), a_record("1", kind=RecordKind.ITEM)])
    assert books.records.find_many(cart_id, RecordKind.ORDER, ["1"])["1"].label == "last"
    assert books.records.count_by_state(cart_id) == {RecordState.IMPORTED: 2}
    assert books.records.count_by_state(cart_id, RecordKind.ITEM) == {RecordState.IMPORTED: 1}


def test_a_raw_body_stays_until_it_is_replaced(books: Books, cart_id: CartId) -> None:
    """A record that was read, changed and stored again has no body with it."""
    with books.transaction():
        books.records.put_many(cart_id, [a_record("1", raw=b"first")])
        books.records.put_many(cart_id, [a_record("1", state=RecordState.CHANGED)])
    assert books.records.raw(cart_id, RecordKind.ORDER, "1") == b"first"
    with books.transaction():
        books.records.put_many(cart_id, [a_record("1", raw=b"second")])
    assert books.records.raw(cart_id, RecordKind.ORDER, "1") == b"second"


def test_only_orders_and_held_records_keep_their_body(books: Books, cart_id: CartId) -> None:
    """An item's body goes when it is no longer held."""
    held = a_record("i", kind=RecordKind.ITEM, state=RecordState.HELD, raw=b"body")
    with books.transaction():
        books.records.put_many(cart_id, [held])
    assert books.records.raw(cart_id, RecordKind.ITEM, "i") == b"body"
    with books.transaction():
        books.records.put_many(cart_id, [replace(held, state=RecordState.LINKED, raw=None)])
    assert books.records.raw(cart_id, RecordKind.ITEM, "i") is None


def test_held_records_are_listed_and_counted(books: Books, cart_id: CartId) -> None:
    """Of this cart only."""
    with books.transaction():
        books.records.put_many(cart_id, [a_record("1", state=RecordState.HELD), a_record("2")])
    assert [record.external_id for record in books.records.list_held(cart_id)] == ["1"]
    assert books.records.count_held(cart_id) == 1
    assert books.records.count_held(CartId(99)) == 0


def test_links_are_found_from_our_side(books: Books, cart_id: CartId) -> None:
    """One of ours can stand for several of the cart's."""
    with books.transaction():
        books.records.put_many(
            cart_id,
            [
                a_record(one, kind=RecordKind.ITEM, our_id=ours)
                for one, ours in (("a", 5), ("b", 5), ("c", 6), ("d", None))
            ],
        )
    found = books.records.find_by_our_ids(cart_id, RecordKind.ITEM, [5, 7])
    assert {ours: [one.external_id for one in some] for ours, some in found.items()} == {5: ["a", "b"]}


def test_open_orders_are_those_that_may_still_change(books: Books, cart_id: CartId) -> None:
    """Staged ones, and imported ones whose document is PENDING."""
    with books.transaction():
        pending, approved = books.documents.add_many(cart_id, [(a_draft("1"), None), (a_draft("2"), None)])
        books.database.write_sql("UPDATE document SET status = 'APPROVED' WHERE id = ?", (approved,))
        books.records.put_many(cart_id, [
            a_record("1", our_id=pending),
            a_record("2", our_id=approved),
            a_record("3", state=RecordState.STAGED),
            a_record("4", state=RecordState.SKIPPED),
            a_record("5", state=RecordState.STAGED, kind=RecordKind.CUSTOMER),
        ])  # fmt: skip
    assert books.records.open_order_ids(cart_id) == ["1", "3"]


def test_an_unlinked_record_is_new_again(books: Books, cart_id: CartId) -> None:
    """Nothing of it stays."""
    with books.transaction():
        books.records.put_many(cart_id, [a_record("1")])
        books.records.unlink(cart_id, RecordKind.ORDER, "1")
    assert books.records.find_many(cart_id, RecordKind.ORDER, ["1"]) == {}


def test_a_record_needs_an_id_and_a_cart(books: Books, cart_id: CartId) -> None:
    """An empty id would make all such records one."""
    for wrong_cart, external_id in ((cart_id, ""), (CartId(99), "1")):
        with pytest.raises(BrokenInvariantError), books.transaction():
            books.records.put_many(wrong_cart, [a_record(external_id)])


def test_counting_what_is_held_does_not_walk_over_all_records(
    books: Books, cart_id: CartId, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every cycle asks for it: its cost must not grow with the orders of ten years."""
    if books.database.postgres:
        return  # its planner decides by statistics
    asked: list[str] = []
    real = books.database.sql

    def listening(text: str, values: Sequence[object] = ()) -> list[Row]:
        asked.append(text)
        return real(text, values)

    monkeypatch.setattr(books.database, "sql", listening)
    books.records.count_held(cart_id)
    [plan] = real(f"EXPLAIN QUERY PLAN {asked[0]}", (cart_id,))
    assert "cart_record_waiting" in plan[3]
