"""What waits to be sent: noted in the transaction of the change, once for each cart and record."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal

import pytest

from cartui.books import Books, StockChange
from cartui.domain.ids import CartId, ItemCode, ItemId, RecordKind
from cartui.domain.outbox import Ending, OutboxKind, SentRow
from cartui.domain.plan import NewCustomer, NewItem
from cartui.domain.settings import CartConnection
from tests.books.makers import HandClock, a_draft, a_line, a_record

Rows = list[tuple[str, str, int, str, int]]


def rows(books: Books) -> Rows:
    """(cart, kind, ours, state, version) of all rows."""
    return [
        (row[0], row[1], int(row[2]), row[3], int(row[4]))
        for row in books.database.sql(
            "SELECT c.name, o.kind, o.our_id, o.state, o.version FROM outbox o JOIN cart c ON c.id = o.cart_id"
            " ORDER BY c.id, o.kind, o.our_id"
        )
    ]


@contextmanager
def state(books: Books, state: str) -> Iterator[None]:
    """Every row put into a state, as the exporter would."""
    with books.transaction():
        books.database.write_sql(
            "UPDATE outbox SET state = ?, sent_version = version, tries = 2, reason = 'x'", (state,)
        )
    yield


@pytest.fixture
def other(books: Books) -> CartId:
    return books.carts.add("Other shop", CartConnection("memory", "https://other.example")).cart_id


@pytest.fixture
def mug(books: Books, cart_id: CartId, other: CartId) -> ItemId:
    """An item that both carts sell."""
    with books.transaction():
        [mug] = books.items.add_many([NewItem(ItemCode("MUG"), "Mug", on_hand=Decimal(5))])
        for cart in (cart_id, other):
            books.records.put_many(cart, [a_record("9", kind=RecordKind.ITEM, our_id=mug)])
    return mug


def test_a_change_of_stock_waits_for_every_cart_that_sells_the_item(books: Books, mug: ItemId) -> None:
    """By the ledger, by an edit of the number, by an allocation: one row a cart, whose version rises."""
    with books.transaction():
        books.items.change_stock([StockChange(mug, Decimal(1), "delivery"), StockChange(mug, Decimal(1), "delivery")])
    assert rows(books) == [
        ("Main shop", "stock", mug, "waiting", 1),
        ("Other shop", "stock", mug, "waiting", 1),
    ]
    with books.transaction():
        item = books.items.update(replace(books.items.find_by_ids([mug])[mug], on_hand=Decimal(3)))
        books.items.update(replace(item, allocated=Decimal(1)))
    assert [(kind, version) for _, kind, _, _, version in rows(books)] == [("stock", 3), ("stock", 3)]


def test_an_edit_of_an_item_or_customer_waits_too(books: Books, cart_id: CartId, mug: ItemId) -> None:
    """What a cart does not hold (the cost) tells it nothing."""
    with books.transaction():
        item = books.items.update(replace(books.items.find_by_ids([mug])[mug], cost=Decimal("1.10")))
        assert rows(books) == []
        books.items.update(replace(item, price=Decimal("9.90")))
        [ada] = books.customers.add_many([NewCustomer(first_name="Ada", email="ada@example.com")])
        books.records.put_many(cart_id, [a_record("7", kind=RecordKind.CUSTOMER, our_id=ada)])
        books.customers.update(replace(books.customers.find_by_ids([ada])[ada], phone="1"))
    assert rows(books) == [
        ("Main shop", "customer", ada, "waiting", 1),
        ("Main shop", "item", mug, "waiting", 1),
        ("Other shop", "item", mug, "waiting", 1),
    ]


def test_a_pending_document_changes_what_can_be_sold_elsewhere(books: Books, cart_id: CartId, mug: ItemId) -> None:
    """Imported orders note the stock of their items; lines that are no goods note nothing."""
    with books.transaction():
        lines = (a_line(code="MUG"), a_line(code="MUG", quantity="2"), a_line())
        books.documents.add_many(cart_id, [(a_draft("1", *lines), None), (a_draft("2", a_line(code="MUG")), None)])
    assert rows(books) == [("Main shop", "stock", mug, "waiting", 1), ("Other shop", "stock", mug, "waiting", 1)]


def test_what_is_linked_nowhere_is_not_noted(books: Books, cart_id: CartId) -> None:
    """Nor is anything noted of a shipment whose cart is gone."""
    with books.transaction():
        [cap] = books.items.add_many([NewItem(ItemCode("CAP"), "Cap")])
        books.items.change_stock([StockChange(cap, Decimal(1), "delivery")])
        books.outbox.touch(OutboxKind.SHIPMENT, [1, 2], cart_id=CartId(999))
        assert rows(books) == []
        books.outbox.touch(OutboxKind.SHIPMENT, [1, 2], cart_id=cart_id)
    assert [(kind, ours) for _, kind, ours, _, _ in rows(books)] == [("shipment", 1), ("shipment", 2)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("done", "waiting"),
        ("refused", "waiting"),
        ("superseded", "waiting"),
        ("sending", "sending"),
        ("unknown", "unknown"),
    ],
)
def test_a_change_meanwhile_is_not_lost(books: Books, mug: ItemId, before: str, after: str) -> None:
    """A row on its way, or whose fate is unknown, stays what it is; its version says that there is more to send."""
    with books.transaction():
        books.outbox.touch(OutboxKind.STOCK, [mug])
    with state(books, before), books.transaction():
        books.outbox.touch(OutboxKind.STOCK, [mug])
    assert {(state, version) for *_, state, version in rows(books)} == {(after, 2)}
    reasons = books.database.sql("SELECT DISTINCT reason, tries, sent_version FROM outbox")
    assert reasons == [("", 0, 1)] if after == "waiting" else [("x", 2, 1)]


def test_nothing_is_noted_when_the_change_is_rolled_back(books: Books, mug: ItemId) -> None:
    """The change and its note are one (rule 9)."""

    def cut_off() -> None:
        with books.transaction():
            books.items.change_stock([StockChange(mug, Decimal(1), "delivery")])
            assert len(rows(books)) == 2
            raise RuntimeError("power")

    with pytest.raises(RuntimeError, match="power"):
        cut_off()
    assert rows(books) == []


def test_a_clock_that_was_set_back_keeps_nothing_waiting(
    books: Books, cart_id: CartId, mug: ItemId, clock: HandClock
) -> None:
    """What was noted before, and what paused before, is due; a pause by today's clock is still waited for."""
    kinds = (OutboxKind.STOCK,)

    def due() -> list[int]:
        return [one.our_id for one in books.outbox.due(cart_id, OutboxKind.STOCK, 10)]

    with books.transaction():
        books.outbox.touch(OutboxKind.STOCK, [mug])
    assert (books.outbox.has_due(cart_id, kinds), due()) == (True, [mug])
    clock.advance(-600)
    assert (books.outbox.has_due(cart_id, kinds), due()) == (True, [mug])
    with books.transaction():
        books.outbox.end([SentRow(one, Ending.AGAIN) for one in books.outbox.due(cart_id, OutboxKind.STOCK, 10)])
    assert (books.outbox.has_due(cart_id, kinds), due()) == (False, [])
    clock.advance(-3600)
    assert (books.outbox.has_due(cart_id, kinds), due()) == (True, [mug])


@pytest.mark.parametrize(
    ("kind", "state_then", "approved"),
    [
        (OutboxKind.STOCK, "waiting", True),
        (OutboxKind.STOCK, "refused", False),
        (OutboxKind.ITEM, "waiting", False),
        (OutboxKind.ITEM, "sending", False),
    ],
)
def test_a_person_confirms_what_was_shown_not_what_comes_after(
    books: Books, cart_id: CartId, mug: ItemId, kind: OutboxKind, state_then: str, approved: bool
) -> None:
    """A price that is changed again meets the brake again. Stock can fall to nothing only, which was confirmed, and
    every order touches it: it stays confirmed until it was sent or refused."""
    with books.transaction():
        books.outbox.touch(kind, [mug], cart_id=cart_id)
        [row] = books.outbox.of_records(cart_id, kind, [mug])
        books.outbox.retry(cart_id, [row.row_id], approved=True)
    with state(books, state_then), books.transaction():
        books.outbox.touch(kind, [mug], cart_id=cart_id)
    [row] = books.outbox.of_records(cart_id, kind, [mug])
    assert row.approved is approved
