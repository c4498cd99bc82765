"""The linked items of a cart compared with the books (see `cartui.sync.reconcile`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from cartui.domain.ids import CartItemId, ItemId, RecordKind
from cartui.domain.ledger import CartRecord
from cartui.domain.outbox import OutboxKind
from cartui.domain.plan import Action
from cartui.domain.plan_items import plan_item_updates
from cartui.domain.ports import BadRecord, ItemReader, Received, StockSink
from cartui.domain.reconcile import GONE_ITEM_REMEDY, GONE_REASON, Finding
from cartui.domain.records import CartItem
from cartui.domain.remedies import ANOTHER_SHOP
from cartui.errors import AbortCycleError
from cartui.sync.ground import field_owners
from cartui.sync.imports import STORE, our_item_ids
from cartui.sync.intake import checked_pages
from cartui.sync.reconcile_run import Run, polled_from
from cartui.sync.workspace import Progress


def compare_items(run: Run) -> None:
    """Every linked item: by its id where the cart can be asked so, else by the list of all."""
    reader = run.cart if isinstance(run.cart, ItemReader) else None
    if reader is not None:
        size = max(1, run.cart.facts.page_size)
        for ids in run.ws.books.reconciles.linked_ids(run.document.cart_id, RecordKind.ITEM, size):
            _settle_items(run, ids, reader.get_items([CartItemId(one) for one in ids]).rows)
        return
    if not next(iter(run.ws.books.reconciles.linked_ids(run.document.cart_id, RecordKind.ITEM, 1)), None):
        return
    seen: set[str] = set()
    for page in checked_pages(run.cart.iter_items(None), None, "items"):
        seen |= {row.external_id for row in page.rows}
        if page.rows:
            _settle_items(run, [], page.rows)
    for ids in run.ws.books.reconciles.linked_ids(run.document.cart_id, RecordKind.ITEM, 500):
        missing = [one for one in ids if one not in seen]
        _ensure_items_there(missing, bool(seen))
        _settle_items(run, missing, ())


def _ensure_items_there(missing: Sequence[str], any_there: bool) -> None:
    if len(missing) > 2 and not any_there:
        raise AbortCycleError(
            f"The cart knows none of {len(missing)} items that are linked.",
            ANOTHER_SHOP,
        )


def _settle_items(run: Run, ids: Sequence[str], rows: Sequence[Received[CartItem]]) -> None:
    """`ids` were asked for; those that `rows` lacks are gone."""
    there = {row.external_id: row for row in rows}
    missing = [one for one in ids if one not in there]
    _ensure_items_there(missing, bool(there) or run.items > 0)
    books, cart_id = run.ws.books, run.document.cart_id
    with run.page():
        records = books.records.find_many(cart_id, RecordKind.ITEM, [*there, *missing])
        linked = {key: one for key, one in records.items() if one.our_id is not None}
        back = [one for key, one in linked.items() if key in there and one.reason == GONE_REASON]
        if run.settles and back:
            books.records.put_many(cart_id, [replace(one, reason="", remedy="") for one in back])
        _follow_items(run, [row for key, row in there.items() if key in linked], linked)
        _flag_items(run, [linked[one] for one in missing if one in linked])
        _compare_stock(run, {key: row for key, row in there.items() if key in linked}, linked)
        run.items += sum(key in linked for key in there)
    run.progress(Progress("items", run.items))


def _follow_items(run: Run, rows: Sequence[Received[CartItem]], records: dict[str, CartRecord]) -> None:
    """What the cart changed of them, where this cart's items are followed at all."""
    if not rows or not run.document.settings.from_cart_items:
        return
    books = run.ws.books
    horizon = polled_from(run.ws, run.document, run.cart, RecordKind.ITEM)
    ours = our_item_ids(records)
    owners = field_owners(books, run.document, RecordKind.ITEM, ours)
    changes = plan_item_updates(rows, records, books.items.find_by_ids(ours), owners)
    for row, change in zip(rows, changes, strict=True):
        passed = horizon is not None and row.stamp is not None and row.stamp < horizon
        unstamped = passed or row.stamp == records[row.external_id].stamp
        if change.action is Action.UPDATE and unstamped:
            run.tally.find(Finding.ITEM_CHANGED, row.external_id)
    if run.settles:
        STORE[RecordKind.ITEM](run.ws, run.document.cart_id, changes)


def _flag_items(run: Run, gone: Sequence[CartRecord]) -> None:
    for record in gone:
        run.tally.find(Finding.ITEM_GONE, record.external_id)
    if run.settles and gone:
        flagged = [replace(one, reason=GONE_REASON, remedy=GONE_ITEM_REMEDY) for one in gone]
        run.ws.books.records.put_many(run.document.cart_id, flagged)


def _compare_stock(run: Run, rows: dict[str, Received[CartItem]], records: dict[str, CartRecord]) -> None:
    """Where this cart is sent stock: a number that is not the one sent last (or found equal, and so not sent) is noted,
    and the exporter looks at it."""
    if OutboxKind.STOCK not in run.document.settings.sends or not isinstance(run.cart, StockSink):
        return
    books, cart_id = run.ws.books, run.document.cart_id
    shown: dict[ItemId, tuple[str, Decimal]] = {}
    for key, row in rows.items():
        our_id = records[key].our_id
        if not isinstance(row.record, BadRecord) and row.record.stock is not None and our_id is not None:
            shown[ItemId(our_id)] = (key, row.record.stock)
    told = books.cart_items.told(cart_id, list(shown))
    other = {
        item_id: (key, stock)
        for item_id, (key, stock) in shown.items()
        if item_id in told and stock != (told[item_id].seen if told[item_id].sent is None else told[item_id].sent)
    }
    for key, _ in other.values():
        run.tally.find(Finding.STOCK, key)
    if run.settles and other:
        books.cart_items.note_seen(cart_id, {item_id: stock for item_id, (_, stock) in other.items()})
        books.outbox.touch(OutboxKind.STOCK, list(other), cart_id=cart_id)
