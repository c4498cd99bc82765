"""The Shopping Cart documents, their cursors, cycles and journal."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from cartui.books import Books, StaleVersionError
from cartui.books.cycles import KEPT
from cartui.domain.ids import CartId, Direction, RecordKind
from cartui.domain.ledger import JournalState
from cartui.domain.outcomes import Counts, CycleReport, CycleResult, Outcome
from cartui.domain.settings import CartConnection, CartSettings, DocumentKind, SyncStatus
from cartui.errors import NeedsOperatorError
from tests.books.makers import START, a_draft, a_record, an_entry

CONNECTION = CartConnection("woocommerce", "https://shop.example", {"zone": "UTC"}, {"key": "env:KEY"}, True)


def test_a_cart_comes_back_as_it_was_set_up(books: Books) -> None:
    """STOPPED, untested, and found whatever the case of its name."""
    settings = CartSettings(DocumentKind.CASH_SALE, START, None, to_cart_stock=True, poll_minutes=3, live=False)
    made = books.carts.add("Main Shop", CONNECTION, settings)
    assert books.carts.get("main shop") == made
    assert (made.connection, made.settings) == (CONNECTION, settings)
    assert (made.status, made.tested_at, made.version) == (SyncStatus.STOPPED, None, 1)
    assert books.carts.find("other") is None


def test_an_unknown_cart_is_answered_with_the_known_ones(books: Books) -> None:
    """So that a typo is seen at once."""
    with pytest.raises(NeedsOperatorError, match="none yet"):
        books.carts.get("x")
    books.carts.add("Main", CONNECTION)
    with pytest.raises(NeedsOperatorError, match="'Main'"):
        books.carts.get("x")


def test_a_name_is_used_once(books: Books) -> None:
    """Whatever its case, by adding, saving and renaming."""
    first = books.carts.add("Main", CONNECTION)
    second = books.carts.add("Other", CONNECTION)
    with pytest.raises(NeedsOperatorError, match="already"):
        books.carts.add("MAIN", CONNECTION)
    with pytest.raises(NeedsOperatorError, match="already"):
        books.carts.rename(second.cart_id, "main")
    with pytest.raises(NeedsOperatorError, match="already"):
        books.carts.save(replace(second, name="mAin"))
    assert books.carts.rename(first.cart_id, "MAIN").name == "MAIN"
    assert [one.name for one in books.carts.list_all()] == ["MAIN", "Other"]


def test_the_second_of_two_savers_is_told(books: Books) -> None:
    """Status and next cycle, which the runner changes all the time, don't count as saving."""
    document = books.carts.add("Main", CONNECTION)
    books.carts.set_status(document.cart_id, SyncStatus.RUNNING)
    books.carts.set_next_cycle(document.cart_id, START)
    saved = books.carts.save(replace(document, settings=CartSettings(poll_minutes=1)), actor="ada@host")
    assert (saved.version, saved.settings.poll_minutes, saved.status) == (2, 1, SyncStatus.RUNNING)
    assert saved.next_cycle_at == START
    with pytest.raises(StaleVersionError, match="ada@host"):
        books.carts.save(document)


def test_stopping_keeps_the_reason_and_running_forgets_it(books: Books, cart_id: CartId) -> None:
    """And a passed test is remembered with its connection."""
    books.carts.set_status(cart_id, SyncStatus.STOPPED, "Password refused.")
    assert books.carts.get_by_id(cart_id).stop_reason == "Password refused."
    books.carts.set_status(cart_id, SyncStatus.RUNNING, "x")
    books.carts.set_tested(cart_id, START, "f00")
    document = books.carts.get_by_id(cart_id)
    assert (document.stop_reason, document.tested_at, document.tested_fingerprint) == ("", START, "f00")


def test_a_deleted_cart_leaves_its_documents_and_journal(books: Books, cart_id: CartId) -> None:
    """It takes confirmation, and its number is never given again."""
    with books.transaction():
        books.documents.add_many(cart_id, [(a_draft(), None)])
        books.records.put_many(cart_id, [a_record()])
        books.cursors.put(cart_id, RecordKind.ORDER, Direction.IMPORT, START)
        books.journal.append_many([an_entry(cart_id)])
    books.leases.take(cart_id, "me", "me", 60)
    with pytest.raises(NeedsOperatorError, match="1 documents"):
        books.carts.delete(cart_id)
    books.carts.delete(cart_id, force=True)
    assert books.documents.count(cart_id) == 1
    assert len(books.journal.recent(cart_id)) == 1
    assert books.cursors.get(cart_id, RecordKind.ORDER) is None
    assert books.records.count_by_state(cart_id) == {}
    assert books.leases.holder(cart_id) is None
    assert books.carts.add("Main shop", CONNECTION).cart_id != cart_id
    with pytest.raises(NeedsOperatorError, match="deleted"):
        books.carts.set_next_cycle(cart_id, START)


def test_a_cursor_only_moves_forward_by_itself(books: Books, cart_id: CartId) -> None:
    """The overlap is read again each time; only a person moves it back."""
    with books.transaction():
        books.cursors.put(cart_id, RecordKind.ORDER, Direction.IMPORT, START)
        books.cursors.put(cart_id, RecordKind.ORDER, Direction.IMPORT, START - timedelta(days=1))
    assert books.cursors.get(cart_id, RecordKind.ORDER, Direction.IMPORT) == START
    assert books.cursors.get(cart_id, RecordKind.ORDER, Direction.EXPORT) is None
    books.cursors.reset(cart_id, RecordKind.ORDER, Direction.IMPORT, START - timedelta(days=1))
    assert books.cursors.get(cart_id, RecordKind.ORDER) == START - timedelta(days=1)
    books.cursors.reset(cart_id, RecordKind.ORDER, Direction.IMPORT, None)
    assert books.cursors.get(cart_id, RecordKind.ORDER) is None


def test_an_export_is_open_until_its_end_is_known(books: Books, cart_id: CartId) -> None:
    """INTENT and UNKNOWN are to be looked up; what is done stays as it is."""
    with books.transaction():
        books.journal.append_many([an_entry(cart_id, "0")])
        first = books.journal.begin(an_entry(cart_id, "1", direction=Direction.EXPORT, key="k1", detail={"sku": "A"}))
        second = books.journal.begin(an_entry(cart_id, "", direction=Direction.EXPORT, key="k2"))
    assert [entry.key for entry in books.journal.open_entries(cart_id)] == ["k1", "k2"]
    assert books.journal.open_entries(cart_id)[0].detail == {"sku": "A"}
    with books.transaction():
        books.journal.finish(first, JournalState.UNKNOWN)
        books.journal.finish(second, JournalState.DONE, external_id="99")
    [still_open] = books.journal.open_entries(cart_id)
    assert (still_open.state, still_open.entry_id) == (JournalState.UNKNOWN, first)
    with pytest.raises(ValueError, match="not open"), books.transaction():
        books.journal.finish(second, JournalState.REFUSED)
    assert [entry.external_id for entry in books.journal.recent(cart_id)] == ["99", "1", "0"]
    assert len(books.journal.of_record(cart_id, RecordKind.ORDER, "1")) == 1


def test_the_last_cycles_are_kept(books: Books, cart_id: CartId, monkeypatch: pytest.MonkeyPatch) -> None:
    """Newest first, the oldest go."""
    monkeypatch.setattr("cartui.books.cycles.KEPT", 3)
    counts = {RecordKind.ORDER: Counts().plus([Outcome.CREATED, Outcome.HELD])}
    reports = [
        CycleReport(
            cart_id, "Main shop", START, START + timedelta(seconds=n), CycleResult.HELD, counts, "p", "r", 1, START
        )
        for n in range(5)
    ]
    for report in reports:
        books.cycles.add(report)
    assert books.cycles.recent(cart_id) == reports[:1:-1]
    assert KEPT == 1000
