"""Items as one cart sees them, and what the arithmetic of stock is made of."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from cartui.books import Books
from cartui.domain.bundles import BundlePart
from cartui.domain.ids import CartId, ItemCode, ItemId, RecordKind
from cartui.domain.outbox import Ending, OutboxKind, OutboxState, SentRow
from cartui.domain.outcomes import RecordState
from cartui.domain.plan import NewItem
from cartui.domain.plan_stock import ItemRule, Promise, Sold, StockGround, Told
from cartui.domain.ports import StockMeaning
from tests.books.makers import HandClock, a_draft, a_line, a_record

D = Decimal


@pytest.fixture
def items(books: Books, cart_id: CartId) -> list[ItemId]:
    """A mug, a box, and a gift of two mugs in a box; the mug and the gift are sold in the cart."""
    with books.transaction():
        mug, box, gift = books.items.add_many([
            NewItem(ItemCode("MUG"), "Mug", on_hand=D(20)), NewItem(ItemCode("BOX"), "Box", on_hand=D(7)),
            NewItem(ItemCode("GIFT"), "Gift"),
        ])  # fmt: skip
        parts = [BundlePart(mug, D(2)), BundlePart(box, D(1))]
        books.items.set_parts(books.items.find_by_ids([gift])[gift], parts)
        books.records.put_many(
            cart_id,
            [a_record("m", kind=RecordKind.ITEM, our_id=mug), a_record("g", kind=RecordKind.ITEM, our_id=gift)],
        )
    return [mug, box, gift]


def grounds(books: Books, cart_id: CartId, ids: list[ItemId]) -> dict[ItemId, StockGround]:
    return books.cart_items.stock_grounds(cart_id, list(books.items.find_by_ids(ids).values()))


def test_rules_of_an_item_in_a_cart(books: Books, cart_id: CartId, items: list[ItemId]) -> None:
    """Kept exactly, blank apart from zero and no; saying one sends the stock of the item and its bundles anew."""
    mug, box, _ = items
    rule = ItemRule(buffer=D("1.5"), backorder=False, listed=True)
    with books.transaction():
        books.cart_items.set_rules(cart_id, {mug: ItemRule(never_send=True), box: ItemRule(buffer=D(0))})
        books.cart_items.set_rules(cart_id, {mug: rule})
    assert books.cart_items.rules(cart_id, items) == {mug: rule, box: ItemRule(buffer=D(0))}
    assert [row.our_id for row in books.outbox.due(cart_id, OutboxKind.STOCK, 10)] == [mug, items[2]]
    assert grounds(books, cart_id, [mug])[mug].rule == rule


def test_what_was_sent_and_seen(books: Books, clock: HandClock, cart_id: CartId, items: list[ItemId]) -> None:
    """What the cart confirmed is also what was seen; a later look changes only that."""
    mug, box, _ = items
    with books.transaction():
        books.cart_items.note_sent(cart_id, {mug: D(3)})
        sent_at = clock()
        clock.advance(60)
        books.cart_items.note_seen(cart_id, {mug: D(2), box: D(-1)})
    told = books.cart_items.told(cart_id, items)
    assert told[mug] == Told(D(3), sent_at, D(2), clock())
    assert told[box] == Told(None, None, D(-1), clock())


@pytest.mark.parametrize(
    ("state", "ours", "counts"),
    [
        (RecordState.STAGED, None, True),
        (RecordState.HELD, None, True),
        (RecordState.SKIPPED, None, False),
        (RecordState.IMPORTED, 5, False),
        (RecordState.HELD, 5, False),
    ],
)
def test_only_orders_that_are_no_documents_wait(
    books: Books, cart_id: CartId, items: list[ItemId], state: RecordState, ours: int | None, counts: bool
) -> None:
    """A document's pieces are PENDING, allocated or gone; counting them here too would subtract them twice."""
    mug = items[0]
    with books.transaction():
        books.records.put_many(cart_id, [a_record("1", state=state, our_id=ours)])
        books.cart_items.put_open_pieces(cart_id, {"1": {mug: Promise(D(4), D(1))}})
    assert grounds(books, cart_id, [mug])[mug].sold == Sold(waiting=D(4) if counts else D(0), open_here=D(3))


def test_open_orders_that_change_send_the_stock_anew(books: Books, cart_id: CartId, items: list[ItemId]) -> None:
    """Of what is on them and of what no longer is; the same once more sends nothing."""
    mug, _, gift = items

    def touched(orders: dict[str, dict[ItemId, Promise]]) -> list[int]:
        with books.transaction():
            books.database.write_sql("DELETE FROM outbox")
            books.cart_items.put_open_pieces(cart_id, orders)
        return [row.our_id for row in books.outbox.due(cart_id, OutboxKind.STOCK, 10)]

    assert touched({"1": {mug: Promise(D(1))}}) == [mug, gift]  # what the gift's parts make changed as well
    assert touched({"1": {mug: Promise(D(1))}}) == []
    assert touched({"1": {gift: Promise(D(1))}}) == [mug, gift]
    assert touched({"1": {}}) == [gift]
    assert not books.cart_items.has_open_orders(cart_id)


def test_what_is_sold_of_a_bundle_is_sold_of_its_parts(books: Books, cart_id: CartId, items: list[ItemId]) -> None:
    """Three gifts on PENDING documents take six mugs; the gift itself is what is left of its parts."""
    mug, box, gift = items
    with books.transaction():
        lines = (a_line(code="GIFT", quantity="3"), a_line(code="MUG", quantity="1"))
        books.documents.add_many(cart_id, [(a_draft("1", *lines), None)])
    found = grounds(books, cart_id, [mug, gift])
    assert found[mug].sold.pending == 7
    assert found[gift].sold.pending == 0
    assert found[gift].part_free == {mug: D(13), box: D(4)}
    assert {row.our_id for row in books.outbox.due(cart_id, OutboxKind.STOCK, 10)} == {mug, gift}


def test_what_the_cart_takes_a_number_for_is_kept(books: Books, cart_id: CartId) -> None:
    """For those who look while the cart is not at hand."""
    assert books.cart_items.meaning(cart_id) is None
    for meaning in (StockMeaning.ON_HAND, StockMeaning.ON_HAND, StockMeaning.FREE):
        with books.transaction():
            books.cart_items.note_meaning(cart_id, meaning)
        assert books.cart_items.meaning(cart_id) is meaning


def test_rows_end_as_they_ended(books: Books, clock: HandClock, cart_id: CartId, items: list[ItemId]) -> None:
    """AGAIN and UNKNOWN wait longer each time, at most a quarter of an hour; DONE is over; retry goes at once."""
    with books.transaction():
        books.outbox.touch(OutboxKind.STOCK, items)
    pauses = []
    for _ in range(9):
        (first, *_) = books.outbox.due(cart_id, OutboxKind.STOCK, 1)
        with books.transaction():
            books.outbox.take_up([first])
            books.outbox.end([SentRow(first, Ending.UNKNOWN, "lost", "wait")])
        (row,) = books.outbox.again([first])
        assert (row.state, row.reason) == (OutboxState.UNKNOWN, "lost")
        pauses.append((row.due_at - clock()).total_seconds())
        with books.transaction():
            books.database.write_sql("UPDATE outbox SET due_at = ? WHERE id = ?", (0, row.row_id))
    assert pauses == [15, 30, 60, 120, 240, 480, 900, 900, 900]
    with books.transaction():
        books.outbox.end([SentRow(row, Ending.DONE)])
    assert books.outbox.again([row])[0].state is OutboxState.DONE
    assert books.outbox.counts(cart_id)[OutboxKind.STOCK].waiting == 1
    with books.transaction():
        assert books.outbox.retry(cart_id, [row.row_id]) == 0
        assert books.outbox.retry(CartId(cart_id + 1), [row.row_id]) == 0


def test_another_cart_is_another_outbox(books: Books, cart_id: CartId, items: list[ItemId]) -> None:
    """A cart that is deleted takes its rows, rules and memory along."""
    with books.transaction():
        books.outbox.touch_all(cart_id, OutboxKind.STOCK)
        books.cart_items.set_rules(cart_id, {items[0]: ItemRule(listed=True)})
        books.cart_items.note_sent(cart_id, {items[0]: D(1)})
    assert len(books.outbox.list_rows(cart_id)) == 2
    assert replace(books.outbox.list_rows(cart_id)[0], row_id=0)
    books.carts.delete(cart_id)
    for table in ("outbox", "cart_item_rule", "stock_told"):
        assert books.database.sql(f"SELECT COUNT(*) FROM {table}") == [(0,)]
