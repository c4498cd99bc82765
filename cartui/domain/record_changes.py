"""What a CSV file or a bulk edit would do to items, customers or stock, row by row, before anything is done.

Pure values: the preview, the dry run and the apply read the same list. It is carried out whole or not at all.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Final

from cartui.domain.documents import Customer, Item
from cartui.domain.money import AmountError, parse_amount, places_of
from cartui.domain.plan import FieldChange
from cartui.domain.record_fields import (
    CUSTOMER_FIELDS,
    ITEM_FIELDS,
    FieldKind,
    FieldSpec,
    check_text,
    customer_texts,
    item_texts,
    plain,
)
from cartui.errors import NeedsOperatorError


class Subject(StrEnum):
    """What is changed."""

    ITEMS = "items"
    CUSTOMERS = "customers"
    STOCK = "stock"


class RowAction(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    SAME = "same"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class RowChange:
    """One row. `key`: "line 7" of a file, our id of a bulk edit. `texts` is what is written: field -> checked text;
    `our_id` and `version` the record that it is written to, None for a new one."""

    action: RowAction
    key: str
    label: str
    fields: tuple[FieldChange, ...] = ()
    problem: str = ""
    remedy: str = ""
    texts: Mapping[str, str] = field(default_factory=dict)
    our_id: int | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """All rows, with what was guessed on the way (`notes`). `mode`: stock only, "count", "opening" or "receipt".
    `undoes`: the number of the bulk change that it takes back."""

    subject: Subject
    rows: tuple[RowChange, ...]
    notes: tuple[str, ...] = ()
    mode: str = ""
    undoes: int | None = None

    @property
    def counts(self) -> Mapping[RowAction, int]:
        """How many rows of each action."""
        return Counter(row.action for row in self.rows)

    @property
    def errors(self) -> tuple[RowChange, ...]:
        """The rows that can't be done; with one of them nothing is."""
        return tuple(row for row in self.rows if row.action is RowAction.ERROR)

    @property
    def effective(self) -> tuple[RowChange, ...]:
        """The rows that change something."""
        return tuple(row for row in self.rows if row.action in (RowAction.CREATE, RowAction.UPDATE))

    @property
    def headline(self) -> str:
        """In numbers: "create 3, update 2 items; 7 unchanged"."""
        counts = self.counts
        noun = "stock levels" if self.subject is Subject.STOCK else self.subject.value
        doing = ", ".join(f"{a.value} {counts[a]:,}" for a in (RowAction.CREATE, RowAction.UPDATE) if counts.get(a))
        head = f"{doing} {noun}" if doing else "nothing to do"
        rest = f"; {counts[RowAction.SAME]:,} unchanged" if counts.get(RowAction.SAME) else ""
        if wrong := counts.get(RowAction.ERROR):
            return f"nothing is done: {wrong:,} {'rows have' if wrong > 1 else 'row has'} an error (else: {head}{rest})"
        return head + rest

    def ensure_whole(self) -> None:
        """NeedsOperatorError where a row has an error: all or nothing."""
        if errors := self.errors:
            first = errors[0]
            more = f" (and {len(errors) - 1:,} more)" if len(errors) > 1 else ""
            raise NeedsOperatorError(
                f"Nothing was changed: {first.key}: {first.problem}{more}", first.remedy or "Correct it."
            )


@dataclass(frozen=True, slots=True)
class BulkRow:
    """One record that was changed in bulk: the fields that were, as text. `before` None: it was made."""

    our_id: int
    label: str
    before: Mapping[str, str] | None
    after: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class BulkChange:
    """A bulk edit or CSV file that was carried out. `undone_at`: it was taken back (aware UTC)."""

    number: int
    at: datetime
    actor: str
    subject: Subject
    headline: str
    undone_at: datetime | None = None
    undone_by: str = ""


def plan_bulk_undo(
    done: BulkChange, rows: Sequence[BulkRow], now: Mapping[int, tuple[int, Mapping[str, str]]]
) -> ChangeSet:
    """Set back what still is as that change left it. `now`: version and fields by our id. What somebody changed since
    stays, and so does what was made new and what was booked of stock; the notes say how many."""
    specs = {spec.name: spec for spec in (ITEM_FIELDS if done.subject is Subject.ITEMS else CUSTOMER_FIELDS)}
    planned: list[RowChange] = []
    made, moved, stock = 0, [], False
    for row in rows:
        if row.before is None:
            made += 1
            continue
        before = {name: text for name, text in row.before.items() if name != "on_hand"}
        stock = stock or len(before) < len(row.before)
        found = now.get(row.our_id)
        if found is None or any(found[1].get(name, "") not in (row.after[name], before[name]) for name in before):
            moved.append(row.label.partition(" ")[0])
            continue
        version, texts = found
        planned.append(changed_row(str(row.our_id), row.label, texts, before, specs, row.our_id, version))
    notes = [f"undo of {done.headline}"]
    notes += [f"{len(moved)} changed since stay as they are ({', '.join(moved[:5])})"] if moved else []
    notes += [f"{made} that were made stay"] if made else []
    notes += ["stock that was booked stays: count it"] if stock else []
    return ChangeSet(done.subject, tuple(planned), tuple(notes), undoes=done.number)


# --- one field of many records ----------------------------------------------------------------------------------------

_EDIT: Final = re.compile(r"\s*([a-z_ ]+?)\s*(=|\+|-|\*)\s*(.*?)\s*", re.DOTALL)
_NEVER: Final = frozenset({"code", "email", "more_emails"})  # what identifies one record is not set for many
_ITEM_SPECS: Final = {spec.name: spec for spec in ITEM_FIELDS if spec.name not in _NEVER}
_CUSTOMER_SPECS: Final = {spec.name: spec for spec in CUSTOMER_FIELDS if spec.name not in _NEVER}


@dataclass(frozen=True, slots=True)
class BulkEdit:
    """Set a field, or change its number: `sign` is "=", "+", "-" or "*"; `percent`: `value` is a share of it."""

    spec: FieldSpec
    sign: str
    value: str
    percent: bool = False


def parse_bulk(text: str, subject: Subject) -> BulkEdit:
    """ "price=12.50", "price+10%", "price-0.50", "price*1.2", "tax_class=reduced", "barcode=" (empties it).
    NeedsOperatorError says what can't be read and what can be written."""
    specs = _ITEM_SPECS if subject is Subject.ITEMS else _CUSTOMER_SPECS
    example = "price+10%" if subject is Subject.ITEMS else "company=Smith Ltd"
    match = _EDIT.fullmatch(text)
    if match is None:
        raise NeedsOperatorError(f"{text[:60]!r} is no change of a field.", f"Write FIELD=VALUE, such as {example}.")
    name, sign, value = match[1].strip().replace(" ", "_"), match[2], match[3]
    spec = specs.get(name)
    if spec is None:
        raise NeedsOperatorError(f"{name!r} can't be changed for many.", f"The fields: {', '.join(specs)}.")
    percent = sign in "+-" and value.endswith("%")
    if sign == "=":
        if problem := check_text(spec, value):
            raise NeedsOperatorError(f"{spec.title}: {problem}", "Correct it.")
        return BulkEdit(spec, sign, value)
    if not spec.kind.is_number:
        raise NeedsOperatorError(f"{spec.title} is no number.", f"Set it: {name}={value}.")
    try:
        amount = parse_amount(value.removesuffix("%").strip())
    except AmountError:
        raise NeedsOperatorError(f"{value[:40]!r} is no number.", f"Such as {example}.") from None
    if amount < 0 or (sign == "*" and amount == 0):
        raise NeedsOperatorError("A number above zero is needed.", "To take something off write -, to set it write =.")
    return BulkEdit(spec, sign, plain(amount), percent)


def plan_bulk_items(items: Sequence[Item], edit: BulkEdit) -> ChangeSet:
    """One edit of many items. Adjusted money is rounded to the places of its currency; a blank number stays blank."""
    return ChangeSet(
        Subject.ITEMS,
        tuple(
            _bulk_row(item.item_id, f"{item.code} {item.name}", item.version, item_texts(item), edit) for item in items
        ),
    )


def plan_bulk_customers(customers: Sequence[Customer], edit: BulkEdit) -> ChangeSet:
    """One edit of many customers."""
    return ChangeSet(
        Subject.CUSTOMERS,
        tuple(
            _bulk_row(one.customer_id, f"{one.code} {one.name}", one.version, customer_texts(one), edit)
            for one in customers
        ),
    )


def _bulk_row(our_id: int, label: str, version: int, texts: Mapping[str, str], edit: BulkEdit) -> RowChange:
    name, before = edit.spec.name, texts[edit.spec.name]
    after = edit.value if edit.sign == "=" else _adjusted(before, edit, texts.get("currency", ""))
    if problem := check_text(edit.spec, after):
        change = (FieldChange(edit.spec.title, before, after),)
        return RowChange(RowAction.ERROR, str(our_id), label, change, problem, "Leave the row out, or change less.")
    return changed_row(str(our_id), label, texts, {name: after}, {name: edit.spec}, our_id, version)


def _adjusted(before: str, edit: BulkEdit, currency: str) -> str:
    if not before:
        return ""
    amount, value = parse_amount(before), Decimal(edit.value)
    if edit.percent:
        value = amount * value / 100
    after = {"+": amount + value, "-": amount - value, "*": amount * value}[edit.sign]
    money = currency and edit.spec.kind is FieldKind.AMOUNT
    if money:
        return f"{after.quantize(Decimal(1).scaleb(-places_of(currency)), ROUND_HALF_UP):f}"
    return plain(after.quantize(Decimal("0.000001"), ROUND_HALF_UP))


def changed_row(
    key: str,
    label: str,
    before: Mapping[str, str],
    after: Mapping[str, str],
    specs: Mapping[str, FieldSpec],
    our_id: int | None,
    version: int | None,
) -> RowChange:
    """UPDATE with the fields that differ, SAME where none does; numbers are compared as numbers."""
    differing = {name: text for name, text in after.items() if not _equal(specs[name], before.get(name, ""), text)}
    if not differing:
        return RowChange(RowAction.SAME, key, label, our_id=our_id, version=version)
    fields = tuple(FieldChange(specs[name].title, before.get(name, ""), text) for name, text in differing.items())
    return RowChange(RowAction.UPDATE, key, label, fields, texts=differing, our_id=our_id, version=version)


def _equal(spec: FieldSpec, left: str, right: str) -> bool:
    if left == right or not (spec.kind.is_number and left and right):
        return left == right
    return parse_amount(left) == parse_amount(right)
