"""CSV files and bulk edits: read, preview, and carried out in one transaction, whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

from cartui.domain.csv_import import (
    STOCK_MODES,
    ColumnMap,
    KnownCustomers,
    KnownItems,
    map_columns,
    plan_customers,
    plan_items,
    plan_stock,
    read_cells,
)
from cartui.domain.csv_numbers import DecimalSign
from cartui.domain.csv_table import MAX_BYTES, CsvTable, read_csv
from cartui.domain.documents import Customer, Item
from cartui.domain.ids import CustomerCode, CustomerId, ItemCode, ItemId
from cartui.domain.plan import NewCustomer, NewItem
from cartui.domain.posting import StockKind, StockMove
from cartui.domain.record_changes import (
    BulkRow,
    ChangeSet,
    RowAction,
    RowChange,
    Subject,
    parse_bulk,
    plan_bulk_customers,
    plan_bulk_items,
)
from cartui.domain.record_fields import customer_texts, flag_of, item_texts, with_customer_texts, with_item_texts
from cartui.errors import NeedsOperatorError
from cartui.sync.workspace import Workspace

R = TypeVar("R", Item, Customer)
_NOBODY = Customer(CustomerId(0), CustomerCode(""))
_NOTHING = Item(ItemId(0), ItemCode(""), "")
_MODES: Mapping[str, StockKind] = {
    "count": StockKind.COUNT,
    "opening": StockKind.OPENING,
    "receipt": StockKind.RECEIPT,
}


@dataclass(frozen=True, slots=True)
class CsvOptions:
    """How a file is read: "" and AUTO find out. `columns` are field -> heading ("" = no column); `mode` as
    `ChangeSet.mode`."""

    delimiter: str = ""
    encoding: str = ""
    decimal: DecimalSign = DecimalSign.AUTO
    columns: Mapping[str, str] = field(default_factory=dict)
    mode: str = "count"


@dataclass(frozen=True, slots=True)
class CsvPreview:
    """A file that was read, and what it would do."""

    table: CsvTable
    mapping: ColumnMap
    changes: ChangeSet


def read_file(path: Path) -> bytes:
    """The bytes of a file; NeedsOperatorError where it can't be read or is too large."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise NeedsOperatorError(f"There is no file {path}.", "Correct the path.") from None
    except IsADirectoryError:
        raise NeedsOperatorError(f"{path} is a directory.", "Name a file in it.") from None
    except OSError as error:
        raise NeedsOperatorError(f"{path} can't be read: {error.strerror}.", "Check its permissions.") from None
    return data


def preview_csv(ws: Workspace, subject: Subject, data: bytes, options: CsvOptions | None = None) -> CsvPreview:
    """What a file would do, row by row. Nothing is written. NeedsOperatorError where it can't be read at all."""
    options = options or CsvOptions()
    if options.mode not in STOCK_MODES:
        raise NeedsOperatorError(f"There is no mode {options.mode!r}.", f"One of: {', '.join(STOCK_MODES)}.")
    table = read_csv(data, delimiter=options.delimiter, encoding=options.encoding)
    mapping = map_columns(table.header, subject, options.columns)
    cells = read_cells(table, mapping, subject, options.decimal)
    texts = [row.texts for row in cells]
    if subject is Subject.CUSTOMERS:
        rows = plan_customers(cells, _known_customers(ws, texts))
    elif subject is Subject.ITEMS:
        rows = plan_items(cells, _known_items(ws, texts))
    else:
        rows = plan_stock(cells, _known_items(ws, texts), options.mode)
    notes = [table.notes]
    if mapping.unused:
        notes.append(f"not used: {', '.join(mapping.unused)}")
    mode = options.mode if subject is Subject.STOCK else ""
    return CsvPreview(table, mapping, ChangeSet(subject, tuple(rows), tuple(notes), mode))


def _known_items(ws: Workspace, texts: Sequence[Mapping[str, str]]) -> KnownItems:
    codes = sorted({one["code"] for one in texts if "code" in one})
    barcodes = sorted({one["barcode"] for one in texts if "barcode" in one and "code" not in one})
    by_code = {str(code): item for code, item in ws.books.items.find_by_codes(codes).items()}
    return KnownItems(by_code, ws.books.items.find_by_barcodes(barcodes))


def _known_customers(ws: Workspace, texts: Sequence[Mapping[str, str]]) -> KnownCustomers:
    codes = sorted({one["code"] for one in texts if "code" in one})
    emails = sorted({one["email"].casefold() for one in texts if "email" in one})
    by_code = {str(code): customer for code, customer in ws.books.customers.find_by_codes(codes).items()}
    return KnownCustomers(by_code, ws.books.customers.find_by_emails(emails))


def preview_bulk(ws: Workspace, subject: Subject, our_ids: Sequence[int], edit: str) -> ChangeSet:
    """What an edit such as "price+10%" would do to these records."""
    parsed = parse_bulk(edit, subject)
    if subject is Subject.CUSTOMERS:
        customers = ws.books.customers.find_by_ids(our_ids)
        return plan_bulk_customers(list(customers.values()), parsed)
    items = ws.books.items.find_by_ids(our_ids)
    return plan_bulk_items([item for item in items.values() if not item.is_default], parsed)


# --- carried out ------------------------------------------------------------------------------------------------------


def apply_changes(ws: Workspace, changes: ChangeSet) -> int:
    """Do what the preview says, in one transaction; how many rows were written. NeedsOperatorError for a row with an
    error, or where somebody changed one of the records since: then nothing is written."""
    changes.ensure_whole()
    write = {Subject.ITEMS: _write_items, Subject.CUSTOMERS: _write_customers, Subject.STOCK: _write_stock}
    with ws.books.transaction():
        done = write[changes.subject](ws, changes)
        if changes.undoes is not None:
            ws.books.bulk_changes.mark_undone(changes.undoes, ws.actor)
        elif done:
            ws.books.bulk_changes.add(changes.subject, changes.headline, done, ws.actor)
    return len(changes.effective)


def _of(changes: ChangeSet, action: RowAction) -> list[RowChange]:
    return [row for row in changes.rows if row.action is action]


def _write_items(ws: Workspace, changes: ChangeSet) -> list[BulkRow]:
    """What was done to each, for undo."""
    new = _of(changes, RowAction.CREATE)
    taken = ws.books.items.find_by_codes([row.texts["code"] for row in new])
    if taken:
        raise NeedsOperatorError(f"An item {next(iter(taken))} was made meanwhile.", "Look at the file once more.")
    made = ws.books.items.add_many([_new_item(row.texts) for row in new], actor=ws.actor)
    edited = _of(changes, RowAction.UPDATE)
    stored = ws.books.items.find_by_ids([row.our_id or 0 for row in edited])
    after = [with_item_texts(_current(row, stored.get(ItemId(row.our_id or 0))), row.texts) for row in edited]
    ws.books.items.update_many(after, actor=ws.actor)
    rows = zip(edited, after, strict=True)
    moves = [_move(item, StockKind.OPENING, row.texts) for row, item in rows if "on_hand" in row.texts]
    ws.books.stock.move(moves, ws.actor)
    undo = [
        _undo_row(row, item_texts(stored[item.item_id]), item_texts(item))
        for row, item in zip(edited, after, strict=True)
    ]
    return [*(BulkRow(our_id, row.label, None, {}) for our_id, row in zip(made, new, strict=True)), *undo]


def _undo_row(row: RowChange, before: Mapping[str, str], after: Mapping[str, str]) -> BulkRow:
    names = [one for one in row.texts if one in before]
    return BulkRow(row.our_id or 0, row.label, {one: before[one] for one in names}, {one: after[one] for one in names})


def _new_item(texts: Mapping[str, str]) -> NewItem:
    item = with_item_texts(_NOTHING, texts)
    on_hand = Decimal(texts["on_hand"]) if "on_hand" in texts else None
    return NewItem(
        item.code, item.name, item.barcode, item.cost, item.price, item.currency, on_hand, item.tax_class,
        item.reorder_level,
    )  # fmt: skip


def _write_customers(ws: Workspace, changes: ChangeSet) -> list[BulkRow]:
    new = _of(changes, RowAction.CREATE)
    made = ws.books.customers.add_many([_new_customer(row.texts) for row in new], actor=ws.actor)
    done = [BulkRow(our_id, row.label, None, {}) for our_id, row in zip(made, new, strict=True)]
    edited = _of(changes, RowAction.UPDATE)
    stored = ws.books.customers.find_by_ids([row.our_id or 0 for row in edited])
    for row in edited:
        customer = _current(row, stored.get(CustomerId(row.our_id or 0)))
        after = with_customer_texts(customer, row.texts)
        ws.books.customers.update(after, actor=ws.actor)
        done.append(_undo_row(row, customer_texts(customer), customer_texts(after)))
    return done


def _new_customer(texts: Mapping[str, str]) -> NewCustomer:
    one = with_customer_texts(_NOBODY, texts)
    return NewCustomer(
        one.first_name, one.last_name, one.company, one.email, one.phone, one.tax_number,
        flag_of(texts.get("guest", "")), one.addresses, one.code or None, one.more_emails, one.more_phones,
    )  # fmt: skip


def _write_stock(ws: Workspace, changes: ChangeSet) -> list[BulkRow]:
    """Stock has its ledger: it is taken back by counting again."""
    edited = _of(changes, RowAction.UPDATE)
    stored = ws.books.items.find_by_ids([row.our_id or 0 for row in edited])
    kind = _MODES[changes.mode]
    moves = [_move(_current(row, stored.get(ItemId(row.our_id or 0))), kind, row.texts) for row in edited]
    ws.books.stock.move(moves, ws.actor)
    return []


def _move(item: Item, kind: StockKind, texts: Mapping[str, str]) -> StockMove:
    """The line of the ledger that brings what is on hand to the number of the row."""
    cost = Decimal(texts["unit_cost"]) if "unit_cost" in texts else item.cost
    reason = texts.get("reason") or {StockKind.COUNT: "counted", StockKind.OPENING: "opening stock"}.get(
        kind, "received"
    )
    quantity = Decimal(texts["on_hand"]) - (item.on_hand or Decimal(0))
    return StockMove(item.item_id, kind, quantity, reason, cost, item.currency)


def _current(row: RowChange, record: R | None) -> R:
    if record is None:
        raise NeedsOperatorError(f"{row.label} was deleted meanwhile. Nothing was changed.", "Look at it once more.")
    if record.version != row.version:
        raise NeedsOperatorError(f"{row.label} was changed meanwhile. Nothing was changed.", "Look at it once more.")
    return record
