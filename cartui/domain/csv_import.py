"""A CSV of items, customers or stock: which column is which field, and what each row will do. Pure.

A blank cell changes nothing. A code that is known updates, another one creates. One row with an error and nothing is
done; each error names its line, what is wrong and what to do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from cartui.domain.csv_numbers import DecimalSign, find_decimal_sign, parse_number
from cartui.domain.csv_table import CsvLine, CsvTable
from cartui.domain.documents import Customer, Item
from cartui.domain.money import AmountError
from cartui.domain.plan import FieldChange
from cartui.domain.record_changes import RowAction, RowChange, Subject, changed_row
from cartui.domain.record_fields import (
    ADDRESS_FIELDS,
    CUSTOMER_FIELDS,
    GUEST,
    ITEM_FIELDS,
    ON_HAND,
    FieldKind,
    FieldSpec,
    check_text,
    customer_texts,
    flag_of,
    item_texts,
    plain,
)
from cartui.domain.similar import plain_words
from cartui.errors import NeedsOperatorError

REASON: Final = FieldSpec("reason", "Reason", help="Kept in the stock ledger.", aliases=("note", "comment", "grund"))
UNIT_COST: Final = FieldSpec("unit_cost", "Unit cost", FieldKind.AMOUNT, aliases=("cost", "einkaufspreis", "ek"))
STOCK_MODES: Final = ("count", "opening", "receipt")

FIELDS_OF: Final[Mapping[Subject, tuple[FieldSpec, ...]]] = {
    Subject.ITEMS: (*ITEM_FIELDS, ON_HAND),
    Subject.CUSTOMERS: (*CUSTOMER_FIELDS, GUEST, *ADDRESS_FIELDS),
    Subject.STOCK: (ITEM_FIELDS[0], ITEM_FIELDS[2], ON_HAND, UNIT_COST, REASON),
}
_NEEDED: Final[Mapping[Subject, tuple[str, ...]]] = {
    Subject.ITEMS: ("code",),
    Subject.CUSTOMERS: (),
    Subject.STOCK: ("on_hand",),
}


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """field -> place of the column; `unused` are headings that no field takes."""

    columns: Mapping[str, int]
    unused: tuple[str, ...] = ()


def map_columns(header: Sequence[str], subject: Subject, told: Mapping[str, str] | None = None) -> ColumnMap:
    """By the headings, as far as `told` (field -> heading; "" for no column) does not say otherwise.
    NeedsOperatorError for a field or heading there is none of, a column used twice, a field that must have one."""
    specs = {spec.name: spec for spec in FIELDS_OF[subject]}
    columns: dict[str, int] = {}
    plain_header = [plain_words(name.replace("_", " ")) for name in header]
    for name, heading in (told or {}).items():
        if name not in specs:
            raise NeedsOperatorError(f"There is no field {name!r}.", f"The fields: {', '.join(specs)}.")
        if heading:
            columns[name] = _place(header, heading)
    for spec in specs.values():
        if spec.name not in columns and spec.name not in (told or {}):
            names = [plain_words(one.replace("_", " ")) for one in (spec.name, spec.title, *spec.aliases)]
            places = [plain_header.index(one) for one in names if one in plain_header]
            free = [place for place in places if place not in columns.values()]
            if free:
                columns[spec.name] = free[0]
    used = list(columns.values())
    if twice := [header[place] for place in used if used.count(place) > 1]:
        raise NeedsOperatorError(f"The column {twice[0]!r} is used for two fields.", "Give each its own.")
    lacking = [specs[name].title for name in _NEEDED[subject] if name not in columns]
    if subject is Subject.STOCK and not {"code", "barcode"} & set(columns):
        lacking.append("Item Code or Barcode")
    if lacking:
        raise NeedsOperatorError(
            f"No column is the {' and the '.join(lacking)}.",
            f"Say which: the file has {', '.join(name for name in header if name)}.",
        )
    return ColumnMap(columns, tuple(name for at, name in enumerate(header) if name and at not in used))


def _place(header: Sequence[str], heading: str) -> int:
    wanted = heading.strip().casefold()
    for place, name in enumerate(header):
        if name.casefold() == wanted:
            return place
    raise NeedsOperatorError(
        f"The file has no column {heading!r}.", f"It has {', '.join(one for one in header if one)}."
    )


@dataclass(frozen=True, slots=True)
class KnownItems:
    """What the books have of the codes and barcodes of a file. `by_barcode` holds only barcodes of one item."""

    by_code: Mapping[str, Item] = field(default_factory=dict)
    by_barcode: Mapping[str, Sequence[Item]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KnownCustomers:
    """What the books have of the codes and e-mails of a file (keys are case-folded e-mails)."""

    by_code: Mapping[str, Customer] = field(default_factory=dict)
    by_email: Mapping[str, Sequence[Customer]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Cells:
    """One line as checked texts by field (blank ones left out), or what is wrong with it."""

    line: CsvLine
    texts: Mapping[str, str]
    problem: str = ""


def read_cells(table: CsvTable, mapping: ColumnMap, subject: Subject, decimal: DecimalSign) -> list[_Cells]:
    """Every line with numbers in our own writing. NeedsOperatorError where the decimal signs contradict each other."""
    specs = {spec.name: spec for spec in FIELDS_OF[subject]}
    numbers = [place for name, place in mapping.columns.items() if specs[name].kind.is_number]
    if decimal is DecimalSign.AUTO:
        decimal = find_decimal_sign((line.number, line.cells[place]) for line in table.rows for place in numbers)
    return [_cells(line, mapping, specs, decimal) for line in table.rows]


def _cells(line: CsvLine, mapping: ColumnMap, specs: Mapping[str, FieldSpec], decimal: DecimalSign) -> _Cells:
    texts: dict[str, str] = {}
    for name, place in mapping.columns.items():
        text, spec = " ".join(_unquoted(line.cells[place]).split()), specs[name]
        if not text:
            continue
        try:
            texts[name] = plain(parse_number(text, decimal)) if spec.kind.is_number else text
            problem = check_text(spec, texts[name])
        except AmountError as error:
            problem = str(error)
        if problem:
            return _Cells(line, texts, f"{spec.title}: {problem}")
    return _Cells(line, texts)


def _unquoted(cell: str) -> str:
    """Without the ' that our own export puts before what a spreadsheet would take for a formula."""
    return cell[1:] if len(cell) > 1 and cell[0] == "'" and cell[1:].lstrip()[:1] in ("=", "+", "-", "@") else cell


def _error(cells: _Cells, label: str, problem: str, remedy: str) -> RowChange:
    return RowChange(RowAction.ERROR, f"line {cells.line.number}", label, problem=problem, remedy=remedy)


def _bad(cells: _Cells, label: str) -> RowChange | None:
    return _error(cells, label, cells.problem, "Correct the cell, or empty it.") if cells.problem else None


# --- items ------------------------------------------------------------------------------------------------------------


def plan_items(rows: Sequence[_Cells], known: KnownItems) -> list[RowChange]:
    """New items and changes of those that are there. On hand is opening stock: of new items, and of those whose stock
    was never stated."""
    first: dict[str, int] = {}
    return [_item_row(row, known, first) for row in rows]


def _item_row(cells: _Cells, known: KnownItems, first: dict[str, int]) -> RowChange:
    texts, key = dict(cells.texts), f"line {cells.line.number}"
    code = texts.get("code", "")
    label = f"{code} {texts.get('name', '')}".strip()
    if bad := _bad(cells, label):
        return bad
    if not code:
        return _error(cells, label, "It has no Item Code.", "Give it one, or remove the row.")
    if (before := first.setdefault(code, cells.line.number)) != cells.line.number:
        return _error(cells, label, f"The Item Code {code} stands on line {before} already.", "Keep one of them.")
    item = known.by_code.get(code)
    if item is None:
        if not texts.get("name"):
            return _error(cells, label, f"There is no item {code}, and a new one needs a name.", "Fill in the name.")
        fields = tuple(FieldChange(_title(name, Subject.ITEMS), "", text) for name, text in texts.items())
        return RowChange(RowAction.CREATE, key, label, fields, texts=texts)
    if item.is_default:
        return _error(cells, label, "The default item stands in for missing ones.", "Remove the row.")
    if (stock := texts.get("on_hand")) is not None and item.on_hand is not None:
        if Decimal(stock) != item.on_hand:
            problem = f"{plain(item.on_hand)} are on hand, the file says {stock}."
            return _error(cells, label, problem, "Opening stock is stated once: import it as a stock count.")
        del texts["on_hand"]
    return changed_row(key, label, item_texts(item), texts, _specs(Subject.ITEMS), item.item_id, item.version)


def _specs(subject: Subject) -> dict[str, FieldSpec]:
    return {spec.name: spec for spec in FIELDS_OF[subject]}


def _title(name: str, subject: Subject) -> str:
    return next(spec.title for spec in FIELDS_OF[subject] if spec.name == name)


# --- customers --------------------------------------------------------------------------------------------------------


def plan_customers(rows: Sequence[_Cells], known: KnownCustomers) -> list[RowChange]:
    """New customers and changes of those that are there: by code, else by the one customer with the e-mail. Guests
    and registered customers are never taken for each other."""
    first: dict[str, int] = {}
    return [_customer_row(row, known, first) for row in rows]


def _customer_row(cells: _Cells, known: KnownCustomers, first: dict[str, int]) -> RowChange:
    texts, key = dict(cells.texts), f"line {cells.line.number}"
    name = " ".join(filter(None, (texts.get("first_name"), texts.get("last_name")))) or texts.get("company", "")
    label = " ".join(filter(None, (texts.get("code"), name or texts.get("email", ""))))
    if bad := _bad(cells, label):
        return bad
    guest = flag_of(texts.pop("guest", ""))
    code, email = texts.get("code", ""), texts.get("email", "").casefold()
    for identity in filter(None, (code, f"{email} guest" if guest else email)):
        if (before := first.setdefault(identity, cells.line.number)) != cells.line.number:
            return _error(cells, label, f"{identity} stands on line {before} already.", "Keep one of them.")
    found = _find_customer(cells, label, known, guest=guest)
    if isinstance(found, RowChange):
        return found
    if found is not None:
        texts.pop("code", None)
        specs = _specs(Subject.CUSTOMERS)
        return changed_row(key, label, customer_texts(found), texts, specs, found.customer_id, found.version)
    if not (name or email):
        return _error(cells, label, "It has neither a name nor an e-mail.", "Fill one in, or remove the row.")
    fields = tuple(FieldChange(_title(name, Subject.CUSTOMERS), "", text) for name, text in texts.items())
    if guest:
        texts["guest"] = "yes"
    return RowChange(RowAction.CREATE, key, label, fields, texts=texts)


def _find_customer(cells: _Cells, label: str, known: KnownCustomers, *, guest: bool) -> Customer | RowChange | None:
    """The customer that a line means, None for a new one, or what is wrong."""
    code, email = cells.texts.get("code", ""), cells.texts.get("email", "").casefold()
    if (found := known.by_code.get(code)) is not None:
        if found.guest is not guest and "guest" in cells.texts:
            return _error(cells, label, f"{code} is {'a' if found.guest else 'no'} guest.", "That can't be changed.")
        return found
    same = [one for one in known.by_email.get(email, ()) if one.guest is guest] if email else []
    if same and code:
        problem = f"A customer with the e-mail {email} is there already, under another code."
        return _error(cells, label, problem, "Use its code, or another e-mail.")
    if len(same) > 1:
        return _error(cells, label, f"{len(same)} customers have the e-mail {email}.", "Add a column with the code.")
    return same[0] if same else None


# --- stock ------------------------------------------------------------------------------------------------------------


def plan_stock(rows: Sequence[_Cells], known: KnownItems, mode: str) -> list[RowChange]:
    """Lines of the stock ledger. "count": what is on hand becomes the number; "opening": the same, for items whose
    stock was never stated; "receipt": the number is added."""
    first: dict[int, int] = {}
    return [_stock_row(row, known, mode, first) for row in rows]


def _stock_row(cells: _Cells, known: KnownItems, mode: str, first: dict[int, int]) -> RowChange:
    texts, key = dict(cells.texts), f"line {cells.line.number}"
    code, barcode = texts.pop("code", ""), texts.pop("barcode", "")
    label = code or barcode
    if bad := _bad(cells, label):
        return bad
    found = [known.by_code[code]] if code in known.by_code else [] if code else list(known.by_barcode.get(barcode, ()))
    what = f"item {code}" if code else f"item with the barcode {barcode}"
    if not label:
        return _error(cells, label, "It has neither an Item Code nor a barcode.", "Fill one in, or remove the row.")
    if len(found) != 1:
        problem = f"There is no {what}." if not found else f"{len(found)} items have the barcode {barcode}."
        return _error(cells, label, problem, "Correct it, or import the items first.")
    item = found[0]
    label = f"{item.code} {item.name}"
    if (before := first.setdefault(item.item_id, cells.line.number)) != cells.line.number:
        return _error(cells, label, f"{item.code} stands on line {before} already.", "Add the two up in one row.")
    if "on_hand" not in texts:
        return RowChange(RowAction.SAME, key, label, our_id=item.item_id, version=item.version)  # blank is not zero
    if mode == "opening" and item.on_hand is not None:
        problem = f"{plain(item.on_hand)} are on hand already."
        return _error(cells, label, problem, "Opening stock is stated once: import it as a count.")
    quantity = Decimal(texts["on_hand"])
    after = quantity + (item.on_hand or Decimal(0)) if mode == "receipt" else quantity
    if after == item.on_hand:
        return RowChange(RowAction.SAME, key, label, our_id=item.item_id, version=item.version)
    texts["on_hand"] = plain(after)
    fields = (FieldChange("On hand", plain(item.on_hand), plain(after)),)
    return RowChange(RowAction.UPDATE, key, label, fields, texts=texts, our_id=item.item_id, version=item.version)
