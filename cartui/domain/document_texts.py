"""A document as the texts of a form, and the form's texts as an edit. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from cartui.domain.documents import Document, DocumentLine
from cartui.domain.editing import ADDRESS_FIELDS, DocumentEdit
from cartui.domain.records import LineKind

_HEAD = {
    "kind": "Document",
    "placed_at": "Dated",
    "customer_name": "Customer",
    "email": "E-mail",
    "shipping_method": "Shipping by",
    "note": "Note",
    "exchange_rate": "Exchange rate",
}
_LINE = {
    "item_code": "item",
    "text": "text",
    "quantity": "quantity",
    "unit_price": "unit price",
    "amount": "amount",
    "tax_rate": "tax rate %",
}
_GOODS = tuple(_LINE)
_OTHER = ("text", "amount")
NEW = "new"


@dataclass(frozen=True, slots=True)
class FormText:
    """One field of the form. `key` is made of letters and dashes; `name` is the field of the edit it belongs to."""

    key: str
    title: str
    name: str
    text: str
    position: int | None = None  # of the line, None: a field of the document; 0: the new line


def form_texts(document: Document) -> list[FormText]:
    """All fields in the order of the page, a new line's last."""
    draft = document.draft
    head = {name: _plain(getattr(draft, name)) for name in _HEAD if name != "exchange_rate"}
    head["exchange_rate"] = _plain(document.exchange_rate)
    fields = [FormText(name, title, name, head[name]) for name, title in _HEAD.items()]
    for position, line in enumerate(draft.lines, 1):
        fields += line_texts(position, line)
    new = DocumentLine(LineKind.PRODUCT, "", Decimal(0))
    fields += [FormText(f"line-{NEW}-{one.name}", f"New line: {_LINE[one.name]}", one.name, "", 0)
               for one in line_texts(0, new)]  # fmt: skip
    for side in ("billing", "shipping"):
        address = getattr(draft, f"{side}_address")
        fields += [
            FormText(f"{side}-{name}", f"{side.capitalize()} {name}", f"{side}.{name}", getattr(address, name))
            for name in ADDRESS_FIELDS
        ]
    return fields


def line_texts(position: int, line: DocumentLine) -> list[FormText]:
    """The fields of one line: goods have more to change than a discount or a tax."""
    goods = line.kind is LineKind.PRODUCT
    what = "" if goods else f" {line.kind.value.replace('_', ' ')}"
    return [
        FormText(
            f"line-{position}-{name}",
            f"Line {position}{what}: {_LINE[name]}",
            name,
            "" if name == "item_code" and line.default_item else _plain(getattr(line, name)),
            position,
        )
        for name in (_GOODS if goods else _OTHER)
    ]


def edit_of(fields: list[FormText], typed: Mapping[str, str]) -> DocumentEdit:
    """What differs from the document. A line whose text was emptied is taken out; a new one is added where anything was
    typed for it."""
    head: dict[str, str] = {}
    lines: dict[int, dict[str, str]] = {}
    new: dict[str, str] = {}
    removed: set[int] = set()
    for field in fields:
        text = typed.get(field.key, field.text)
        if text == field.text:
            continue
        if field.position is None:
            head[field.name] = text
        elif field.position == 0:
            new[field.name] = text
        elif field.name == "text" and not text.strip():
            removed.add(field.position)
        else:
            lines.setdefault(field.position, {})[field.name] = text
    kept = {position: changes for position, changes in lines.items() if position not in removed}
    return DocumentEdit(head, kept, (new,) if new else (), frozenset(removed))


def _plain(value: object) -> str:
    match value:
        case None:
            return ""
        case Decimal():
            return format(value.normalize(), "f")
        case _ if hasattr(value, "isoformat"):
            return str(value.isoformat())
        case _:
            return str(value)
