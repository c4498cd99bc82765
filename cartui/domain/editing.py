"""Editing a PENDING document: what a person typed in, field by field, and what becomes of the document. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from cartui.domain.documents import Document, DocumentDraft, DocumentLine
from cartui.domain.ids import ItemCode
from cartui.domain.money import AmountError, format_amount, parse_amount, places_of
from cartui.domain.parts import total_of
from cartui.domain.plan import FieldChange
from cartui.domain.records import Address, LineKind
from cartui.domain.safe_text import is_safe_text
from cartui.domain.settings import IMPORT_KINDS, DocumentKind

ADDRESS_FIELDS = ("name", "company", "street1", "street2", "city", "region", "postcode", "country", "phone")
TEXT_FIELDS = ("customer_name", "email", "shipping_method", "note")
FIELDS = (
    "kind", "placed_at", *TEXT_FIELDS, "exchange_rate",
    *(f"{side}.{name}" for side in ("billing", "shipping") for name in ADDRESS_FIELDS),
)  # fmt: skip
LINE_FIELDS = ("kind", "item_code", "text", "quantity", "unit_price", "amount", "tax_rate", "restock")
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class DocumentEdit:
    """What is to be different, as typed.

    fields   by a name of `FIELDS`
    lines    position (1, 2, …) -> by a name of `LINE_FIELDS`
    added    new lines, each by `LINE_FIELDS`; removed: positions
    """

    fields: Mapping[str, str] = field(default_factory=dict)
    lines: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    added: tuple[Mapping[str, str], ...] = ()
    removed: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Edited:
    """The document after the edit, or what is wrong with it (`problems`, each a sentence; then nothing else holds).
    `notes`: what a person should look at."""

    draft: DocumentDraft
    exchange_rate: Decimal | None
    changes: tuple[FieldChange, ...] = ()
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def check_field(name: str, text: str) -> str:
    """What is wrong with one typed value, as a sentence; "" where nothing is. Names of `FIELDS` and `LINE_FIELDS`."""
    try:
        _parsed(name, text)
    except ValueError as error:
        return f"{name}: {error}"
    return ""


def _parsed(name: str, text: str) -> Any:
    """The value of a typed text; ValueError says what is wrong."""
    text = text.strip()
    if name == "placed_at":
        return _moment(text)
    if name in ("quantity", "amount"):
        return parse_amount(text)
    if name in ("unit_price", "tax_rate", "exchange_rate"):
        return _positive(name, text)
    if name == "restock":
        if text.casefold() not in ("yes", "no"):
            raise ValueError("say yes or no.")
        return text.casefold() == "yes"
    if name == "kind":
        return text.casefold().replace(" ", "_")
    if len(text) > _LONGEST or not is_safe_text(text):
        raise ValueError(f"at most {_LONGEST} characters, none of them invisible.")
    return text


def _moment(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("a date and time such as 2026-11-01T14:30+01:00.") from None
    if at.tzinfo is None:
        raise ValueError("it needs a time zone, such as 2026-11-01T14:30+01:00.")
    return at


def _positive(name: str, text: str) -> Decimal | None:
    if not text:
        return None
    value = parse_amount(text)
    if value < 0 or (name == "exchange_rate" and not value) or (name == "tax_rate" and value > 100):
        raise ValueError(f"{text} can't be.")
    return value


def edit_document(document: Document, edit: DocumentEdit, known: frozenset[ItemCode]) -> Edited:
    """Apply an edit. `known`: those of the item codes in it that exist. The total becomes the sum of the lines; tax
    lines stay as the shop charged them unless they are edited themselves."""
    draft = document.draft
    problems: list[str] = []
    problems += [f"A document has no field {name!r}." for name in edit.fields if name not in FIELDS]
    problems += [f"There is no line {at}." for at in (*edit.lines, *edit.removed) if not 1 <= at <= len(draft.lines)]
    typed = [*edit.fields.items(), *(one for line in (*edit.lines.values(), *edit.added) for one in line.items())]
    problems += [problem for name, text in typed if (problem := check_field(name, text))]
    for line in (*edit.lines.values(), *edit.added):
        problems += _line_problems(line, known)
    problems += _kind_problems(document, edit)
    if problems:
        return Edited(draft, document.exchange_rate, problems=tuple(dict.fromkeys(problems)))
    lines, changes = _edited_lines(draft, edit)
    after = _with_fields(draft, edit.fields)
    after = replace(after, lines=lines, total=total_of(lines))
    rate = _parsed("exchange_rate", edit.fields["exchange_rate"]) if "exchange_rate" in edit.fields else None
    rate = rate if "exchange_rate" in edit.fields else document.exchange_rate
    changes = [*_field_changes(document, after, rate), *changes]
    if after.total < 0:
        return Edited(draft, rate, problems=("The total would be negative.",))
    return Edited(after, rate, tuple(changes), notes=_notes(draft, after, edit))


def _line_problems(line: Mapping[str, str], known: frozenset[ItemCode]) -> list[str]:
    problems = [f"A line has no field {name!r}." for name in line if name not in LINE_FIELDS]
    code = line.get("item_code", "").strip()
    if code and ItemCode(code) not in known:
        problems.append(f"There is no item {code!r}: choose one of Items, or create it there.")
    kind = line.get("kind")
    if kind is not None and kind.casefold().replace(" ", "_") not in set(LineKind):
        problems.append(f"There is no kind of line {kind!r}; the kinds are {', '.join(LineKind)}.")
    return problems


def _kind_problems(document: Document, edit: DocumentEdit) -> list[str]:
    if "kind" not in edit.fields:
        return []
    kind = _parsed("kind", edit.fields["kind"])
    if document.source_id is not None:
        return [f"The kind of {document.name} follows from the document it was made from."]
    if kind not in set(IMPORT_KINDS):
        return ["The kind must be Cash Sale, Sales Order or Sales Invoice."]
    return []


def _with_fields(draft: DocumentDraft, typed: Mapping[str, str]) -> DocumentDraft:
    values: dict[str, Any] = {name: _parsed(name, typed[name]) for name in (*TEXT_FIELDS, "placed_at") if name in typed}
    if "kind" in typed:
        values["kind"] = DocumentKind(_parsed("kind", typed["kind"]))
    for side in ("billing", "shipping"):
        parts = {name: typed[f"{side}.{name}"].strip() for name in ADDRESS_FIELDS if f"{side}.{name}" in typed}
        if parts:
            address: Address = getattr(draft, f"{side}_address")
            values[f"{side}_address"] = replace(address, **parts)
    return replace(draft, **values)


def _edited_lines(draft: DocumentDraft, edit: DocumentEdit) -> tuple[tuple[DocumentLine, ...], list[FieldChange]]:
    lines: list[DocumentLine] = []
    changes: list[FieldChange] = []
    for position, line in enumerate(draft.lines, 1):
        if position in edit.removed:
            changes.append(FieldChange(f"line {position}", line_words(line, draft.currency), ""))
            continue
        after = _edited_line(line, edit.lines.get(position, {}), draft.currency)
        changes += [
            FieldChange(f"line {position} {name}", _plain(getattr(line, name)), _plain(getattr(after, name)))
            for name in (*LINE_FIELDS, "tax_amount")
            if getattr(line, name) != getattr(after, name)
        ]
        lines.append(after)
    for typed in edit.added:
        new = _edited_line(DocumentLine(LineKind.PRODUCT, "", Decimal(0)), typed, draft.currency)
        lines.append(new)
        changes.append(FieldChange(f"line {len(lines)}", "", line_words(new, draft.currency)))
    return tuple(lines), changes


def _edited_line(line: DocumentLine, typed: Mapping[str, str], currency: str) -> DocumentLine:
    """A new quantity or price makes a new amount, unless that is typed too; what the shop said of the tax of a line
    holds in proportion."""
    values: dict[str, Any] = {name: _parsed(name, text) for name, text in typed.items()}
    if "kind" in values:
        values["kind"] = LineKind(values["kind"])
    if "item_code" in values:
        values["item_code"] = ItemCode(values["item_code"]) if values["item_code"] else None
        values["default_item"] = False
    after = replace(line, **values)
    if "amount" not in values and ("quantity" in values or "unit_price" in values):
        after = replace(after, amount=_new_amount(line, after, currency, priced="unit_price" in values))
    if "unit_price" not in values and "amount" in values:
        after = replace(after, unit_price=None)
    if line.tax_amount is not None and after.amount != line.amount and line.amount:
        after = replace(after, tax_amount=_cents(line.tax_amount * after.amount / line.amount, currency))
    return after


def _new_amount(before: DocumentLine, after: DocumentLine, currency: str, *, priced: bool) -> Decimal:
    if after.unit_price is not None and (priced or not before.quantity):
        return _cents(after.quantity * after.unit_price, currency)
    if before.quantity:
        return _cents(before.amount * after.quantity / before.quantity, currency)
    return after.amount


def _cents(amount: Decimal, currency: str) -> Decimal:
    try:
        places = places_of(currency)
    except AmountError:
        places = 2
    return amount.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def line_words(line: DocumentLine, currency: str) -> str:
    """A line in a few words: "2 x MUG Mug 20.00"."""
    quantity = f"{line.quantity.normalize():f} x " if line.kind is LineKind.PRODUCT else f"{line.kind.value} "
    code = f"{line.item_code} " if line.item_code else ""
    return f"{quantity}{code}{line.text} {format_amount(line.amount, currency)}"


def _field_changes(document: Document, after: DocumentDraft, rate: Decimal | None) -> list[FieldChange]:
    before = document.draft
    changes = [
        FieldChange(name, _plain(getattr(before, name)), _plain(getattr(after, name)))
        for name in ("kind", "placed_at", *TEXT_FIELDS, "total")
        if getattr(before, name) != getattr(after, name)
    ]
    for side in ("billing", "shipping"):
        old, new = getattr(before, f"{side}_address"), getattr(after, f"{side}_address")
        changes += [
            FieldChange(f"{side}.{name}", getattr(old, name), getattr(new, name))
            for name in ADDRESS_FIELDS
            if getattr(old, name) != getattr(new, name)
        ]
    if rate != document.exchange_rate:
        changes.append(FieldChange("exchange_rate", _plain(document.exchange_rate), _plain(rate)))
    return changes


def _plain(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case Decimal():
            return format(value.normalize(), "f")
        case datetime():
            return value.isoformat()
        case _:
            return str(value)


def _notes(before: DocumentDraft, after: DocumentDraft, edit: DocumentEdit) -> tuple[str, ...]:
    taxes = [at for at, line in enumerate(before.lines, 1) if line.kind is LineKind.TAX]
    if after.total == before.total or not taxes or any(at in edit.lines or at in edit.removed for at in taxes):
        return ()
    where = ", ".join(str(at) for at in taxes)
    return (f"The tax stays as the shop charged it (line {where}): edit it there if it changes too.",)
