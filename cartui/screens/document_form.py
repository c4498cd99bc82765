"""A PENDING document to edit: its fields and lines, checked as they are typed."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult

from cartui.domain.document_texts import FormText, edit_of, form_texts
from cartui.domain.documents import Document
from cartui.domain.editing import check_field
from cartui.domain.safe_text import safe_text
from cartui.domain.settings import IMPORT_KINDS
from cartui.screens.base import PUSHED_GROUPS
from cartui.screens.form import FormScreen, FormScroll
from cartui.screens.glyphs import GLYPHS
from cartui.sync.document_edits import preview_edit, save_edit
from cartui.widgets.chrome import Part
from cartui.widgets.fields import ChoiceField, Field, SwitchField, TextField

_HELP = {
    "placed_at": "Date and time with its zone, such as 2026-11-01T14:30+01:00.",
    "item_code": "The code of one of our items; it takes the default item's place.",
    "text": "Empty it to take the line out.",
    "quantity": "A new quantity makes a new amount.",
    "unit_price": "Net; a new price makes a new amount. Empty: not stated.",
    "amount": "Net of tax; on a tax line the tax itself.",
    "tax_rate": "Percent, for information; the tax itself stands on the tax lines.",
    "exchange_rate": "What one unit of its currency is worth in yours; it is kept, not reckoned with.",
}
_NUMBERS = ("quantity", "unit_price", "amount", "tax_rate", "exchange_rate")


class DocumentFormScreen(FormScreen):
    """Ends with the document as saved, None if nothing was."""

    GROUPS: ClassVar[tuple[str, ...]] = (*PUSHED_GROUPS, "edit", "reading")
    ABOUT: ClassVar[str] = (
        "The fields and lines of a PENDING document. ctrl+s checks all and saves; the total becomes the sum of the "
        "lines, the tax stays as the shop charged it unless you change its line. Every change goes into the audit "
        "trail. If somebody else changed the document since you opened it, nothing is overwritten: you see what."
    )

    def __init__(self, document: Document) -> None:
        super().__init__()
        self._document = document
        self._fields = form_texts(document)
        self._result: Document | None = None

    def title_parts(self) -> tuple[Part, ...]:
        unsaved = " *unsaved" if self.is_mounted and self.is_changed else ""
        document = self._document
        name = f" {document.number} · {safe_text(document.draft.customer_name, 30)}"
        return ((document.draft.kind.label, "bold"), name, " · ", ("Edit", "bold"), (unsaved, "bold $text-warning"))

    def body(self) -> ComposeResult:
        with FormScroll():
            for field in self._fields:
                if field.name != "kind" or field.position is not None:
                    yield self._text_field(field)
                elif self._document.source_id is None:
                    choices = [(kind.value, kind.label) for kind in IMPORT_KINDS]
                    yield ChoiceField("kind", field.title, choices, marks=GLYPHS.left + GLYPHS.right)
                if self._asks_always(field):
                    yield SwitchField(
                        f"always-{field.position}",
                        "  always for this SKU",
                        "Later imports of this cart take that item for the SKU by themselves.",
                        words=("yes", "no"),
                    )

    @staticmethod
    def _text_field(field: FormText) -> Field:
        def check(text: str) -> str | None:
            if text == field.text or (field.name == "text" and field.position):
                return None
            return check_field(field.name, text).partition(": ")[2] or None

        return TextField(
            field.key, field.title, _HELP.get(field.name, ""), check=check, letters=field.name not in _NUMBERS
        )

    def _asks_always(self, field: FormText) -> bool:
        if field.name != "item_code" or not field.position:
            return False
        line = self._document.draft.lines[field.position - 1]
        return line.default_item and bool(line.sku)

    def on_mount(self) -> None:
        super().on_mount()
        self.fill_form()
        self.begin_edit()

    def fill_form(self) -> None:
        for one in self._fields:
            if one.name != "kind" or self._document.source_id is None:
                self.field(one.key).set_value(one.text)

    def mode_changed(self) -> None:
        self.refresh_frame()

    def check_form(self) -> list[str]:
        """Codes and what is left of the order are looked at when it is saved: that reads the books."""
        return []

    def end_edit(self) -> None:
        """There is no View here: the page of the document is that."""
        self.dismiss(self._result)

    def save_form(self, on_saved: Callable[[], None]) -> None:
        ws, document, values = self.ws, self._document, self.values
        edit = edit_of(self._fields, values)
        always = [
            position
            for position, line in edit.lines.items()
            if line.get("item_code") and values.get(f"always-{position}") == "yes"
        ]

        def work() -> tuple[Document | None, tuple[str, ...]]:
            edited = preview_edit(ws, document, edit)
            return (None, edited.problems) if edited.problems else (save_edit(ws, document, edit, always=always), ())

        def saved(answer: tuple[Document | None, tuple[str, ...]]) -> None:
            made, problems = answer
            if problems:
                self.name_problems(problems)
                return
            self._result = made
            on_saved()

        self.run_job("Saving", lambda _progress, _stop: work(), saved)
