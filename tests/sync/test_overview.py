"""The numbers of the overview, counted against what was done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from cartui.adapters.memory import MemoryShop
from cartui.domain.baskets import NoteKind
from cartui.domain.documents import DocumentStatus
from cartui.domain.ids import CartId, DocumentId, ItemCode, RecordKind
from cartui.domain.outbox import OutboxKind
from cartui.domain.outcomes import RecordState
from cartui.domain.plan import NewItem
from cartui.domain.settings import CartSettings, DocumentKind
from cartui.sync import carts
from cartui.sync.approvals import approve_documents, preview_approvals, void_document
from cartui.sync.cycle import run_cycle
from cartui.sync.overview import DAYS, Overview, overview_facts, overview_row, read_overview
from cartui.sync.workspace import Workspace
from cartui.testing import samples
from cartui.testing.clock import FrozenClock
from cartui.testing.workspace import memory_workspace, running_cart

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
NAME = "Main shop"


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NOW)


@pytest.fixture
def shop(clock: FrozenClock) -> MemoryShop:
    return MemoryShop(clock)


@pytest.fixture
def ws(tmp_path: Path, shop: MemoryShop, clock: FrozenClock) -> Iterator[Workspace]:
    made = memory_workspace(tmp_path, shop, clock)
    yield made
    made.close_thread()


@pytest.fixture
def cart_id(ws: Workspace, shop: MemoryShop) -> CartId:
    """A cart with four cash sales of today and one that is held."""
    document = running_cart(ws, NAME, CartSettings(import_orders_as=DocumentKind.CASH_SALE))
    for number in range(1, 5):
        shop.put_order(samples.order(number, NOW - timedelta(hours=number)))
    shop.put_order(samples.order(9, NOW - timedelta(hours=1), total=Decimal(1)))
    run_cycle(ws, NAME)
    return document.cart_id


def words(overview: Overview) -> dict[str, str]:
    return {fact.name: fact.words for fact in overview_facts(overview)}


def approve(ws: Workspace, document_ids: list[DocumentId]) -> None:
    approve_documents(ws, preview_approvals(ws, document_ids))


def test_documents_and_orders_are_counted_by_their_state(ws: Workspace, cart_id: CartId) -> None:
    """Four PENDING cash sales, one held order; after a void three PENDING and one VOID."""
    before = read_overview(ws, NAME)
    assert before.documents == {DocumentKind.CASH_SALE: {DocumentStatus.PENDING: 4}}
    assert before.records[RecordKind.ORDER] == {RecordState.IMPORTED: 4, RecordState.HELD: 1}
    assert (before.held, sum(before.orders), before.orders[-1]) == (1, 4, 4)
    void_document(ws, ws.books.documents.get(every_document(ws)[0]), "tried")
    after = read_overview(ws, NAME)
    assert after.documents == {DocumentKind.CASH_SALE: {DocumentStatus.PENDING: 3, DocumentStatus.VOID: 1}}
    assert words(after)["Cash Sales"] == "3 PENDING, 1 VOID"


def every_document(ws: Workspace) -> list[DocumentId]:
    return [DocumentId(row[0]) for row in ws.books.database.sql("SELECT id FROM document ORDER BY id")]


@pytest.mark.usefixtures("cart_id")
def test_sales_are_what_was_posted_without_tax(ws: Workspace) -> None:
    """Nothing is sold until a document is approved; then the day has its income, and the trial balance agrees."""
    assert read_overview(ws).sales == ()
    approve(ws, every_document(ws)[:2])
    [sales] = read_overview(ws).sales
    assert sales.total == Decimal("46.00")  # each 20.00 of goods, 4.00 shipping, 1.00 discount
    assert [n for n, amount in enumerate(sales.amounts) if amount] == [DAYS - 1]


def test_the_counts_are_those_of_the_tables(ws: Workspace, cart_id: CartId, shop: MemoryShop) -> None:
    """Whatever is approved, made void, moved in the shop, unlinked or deleted: the kept counts are a fresh count."""
    first, second, *_ = every_document(ws)
    approve(ws, [first])
    void_document(ws, ws.books.documents.get(second), "tried")
    shop.put_order(samples.order(9, NOW))
    run_cycle(ws, NAME)
    assert_counts(ws)
    with ws.books.transaction():
        ws.books.records.unlink(cart_id, RecordKind.ORDER, "1")
    carts.stop_cart(ws, NAME)
    assert_counts(ws)
    carts.delete_cart(ws, NAME)
    assert_counts(ws)
    assert read_overview(ws).records == {}


def assert_counts(ws: Workspace) -> None:
    database = ws.books.database
    fresh = database.sql(
        "SELECT cart_id, 'document', kind, status, COUNT(*) FROM document GROUP BY cart_id, kind, status"
    )
    fresh += database.sql(
        "SELECT cart_id, 'record', kind, state, COUNT(*) FROM cart_record GROUP BY cart_id, kind, state"
    )
    kept = database.sql("SELECT cart_id, what, kind, state, count FROM tally WHERE count <> 0")
    assert sorted(kept) == sorted(fresh)
    days = database.sql("SELECT SUM(count) FROM order_day")
    assert days == database.sql("SELECT COUNT(*) FROM document WHERE source_id IS NULL AND kind <> 'credit_note'")


def test_conflicts_changes_and_the_outbox_are_counted(ws: Workspace, cart_id: CartId) -> None:
    """A held record that both sides changed is a conflict, one without that reason is not; the outbox by its state."""
    sql = ws.books.database.write_sql
    with ws.books.transaction():
        sql("UPDATE cart_record SET state = 'changed_after_import' WHERE label LIKE '%2%' AND state = 'imported'")
    changed = len(ws.books.records.list_changed(cart_id))
    assert changed
    with ws.books.transaction():
        sql("UPDATE cart_record SET reason = 'Changed on both sides (name).' WHERE state = 'held'")
        for our_id, state in enumerate(["waiting", "sending", "unknown", "refused", "done", "superseded"], 1):
            ws.books.outbox._touch_shipments(cart_id, [our_id])
            sql("UPDATE outbox SET state = ? WHERE our_id = ?", (state, our_id))
    off = read_overview(ws, NAME)  # what is switched off does not wait for anything
    assert words(off)["Outbox"] == "1 waiting, 1 unknown, 1 refused"
    document = ws.books.carts.get(NAME)
    ws.books.carts.save(replace(document, settings=replace(document.settings, to_cart_tracking=True, live=True)))
    overview = read_overview(ws, NAME)
    assert (overview.conflicts, overview.changed_orders) == (1, changed)
    assert words(overview)["Outbox"] == "2 waiting, 1 unknown, 1 refused"
    assert ws.books.outbox.counts(cart_id)[OutboxKind.SHIPMENT] == overview.outbox


def test_a_conflict_of_the_import_begins_as_it_is_counted() -> None:
    """The words that the overview looks for are those of a conflict."""
    from cartui.books import overview
    from cartui.domain.merge import merge_fields

    merged = merge_fields({"name": "a"}, {"name": "b"}, {"name": "c"})
    assert merged.conflict_text.startswith(overview._BOTH_SIDES.removesuffix("%"))


def test_items_at_or_below_their_reorder_level(ws: Workspace, cart_id: CartId) -> None:
    """On hand at the level counts, a blank level or stock is not watched; what lacks most comes first; of a cart only
    the items that are linked there."""
    told = ("MUG", "3", "3"), ("CUP", "1", "9"), ("PEN", "10", "9"), ("ANY", "0", ""), ("NEW", "", "5")
    rows = [
        NewItem(
            ItemCode(code),
            code,
            on_hand=Decimal(on_hand) if on_hand else None,
            reorder_level=Decimal(level) if level else None,
        )
        for code, on_hand, level in told
    ]
    with ws.books.transaction():
        ws.books.items.add_many(rows)
    every = read_overview(ws)
    assert (every.to_order, [one.code for one in every.low_items]) == (2, ["CUP", "MUG"])
    assert words(every)["To order"] == "2 at or below reorder level: CUP 1 of 9, MUG 3 of 3"
    assert read_overview(ws, NAME).to_order == 0
    with ws.books.transaction():
        [(our_id,)] = ws.books.database.sql("SELECT id FROM item WHERE code = 'MUG'")
        ws.books.database.write_sql(
            "UPDATE cart_record SET kind = 'item', our_id = ? WHERE id = (SELECT MIN(id) FROM cart_record)", (our_id,)
        )
    assert [one.code for one in read_overview(ws, NAME).low_items] == ["MUG"]


def test_tasks_that_are_due_and_when_the_cart_works_next(ws: Workspace, cart_id: CartId) -> None:
    """Due today counts, tomorrow does not; a RUNNING cart says its next cycle, a STOPPED one none."""
    with ws.books.transaction():
        for days, text in ((-1, "call"), (0, "write"), (1, "later")):
            due = NOW.date() + timedelta(days=days)
            ws.books.baskets.add_note(cart_id, "b-1", NoteKind.TASK, text, due, actor="ada")
    overview = read_overview(ws)
    assert [task.text for task in overview.tasks] == ["call", "write"]
    assert overview.carts[0].next_cycle_at == ws.books.carts.get(NAME).next_cycle_at is not None
    carts.stop_cart(ws, NAME)
    assert read_overview(ws).carts[0].next_cycle_at is None


@pytest.mark.usefixtures("cart_id")
def test_of_one_cart_is_not_of_all(ws: Workspace) -> None:
    """Another cart has none of it, all carts have; the row for scripts is plain JSON."""
    from json import dumps

    carts.duplicate_cart(ws, NAME, "Outlet")
    empty, every = read_overview(ws, "Outlet"), read_overview(ws)
    assert (empty.documents, sum(empty.orders), empty.held) == ({}, 0, 0)
    assert (sum(every.orders), every.held, [one.name for one in every.carts]) == (4, 1, [NAME, "Outlet"])
    assert dumps(overview_row(every))
