"""What Items and Customers share beside the list: new ones, one change of many, CSV files."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from cartui.domain.ids import RecordKind
from cartui.domain.record_changes import ChangeSet, Subject
from cartui.screens.base import CART_GROUPS
from cartui.screens.changes import done_words, show_changes
from cartui.screens.csv_import import ask_csv
from cartui.screens.dialogs import PromptDialog
from cartui.screens.duplicates import DuplicatesScreen
from cartui.screens.list_sides import SystemListScreen
from cartui.screens.our_record import OurRecordPage
from cartui.screens.record_form import RecordFormScreen
from cartui.sync.bulk_undo import is_bulk_last, preview_bulk_undo
from cartui.sync.csv_export import save_csv
from cartui.sync.record_changes import preview_bulk
from cartui.sync.record_edit import Opened
from cartui.sync.registers import customer_dicts, item_dicts

_HOW = {
    Subject.ITEMS: "Write FIELD=VALUE, or for numbers FIELD+10%, FIELD-0.50, FIELD*1.2. Fields: name, barcode, cost, "
    "price, currency, tax_class, reorder_level.",
    Subject.CUSTOMERS: "Write FIELD=VALUE. Fields: first_name, last_name, company, phone, more_phones, tax_number.",
}
_EXAMPLE = {Subject.ITEMS: "price+10%", Subject.CUSTOMERS: "company=Smith Ltd"}


class RegisterScreen(SystemListScreen):
    """A list of the system's own records, to be worked on."""

    GROUPS: ClassVar[tuple[str, ...]] = (*CART_GROUPS, "table", "cart-list", "export", "register")

    @property
    def subject(self) -> Subject:
        """What the list holds."""
        return Subject.ITEMS if self.KIND is RecordKind.ITEM else Subject.CUSTOMERS

    def why_not(self, action: str) -> str | None:
        if action in ("change_many", "unlink_selected"):
            return self.why_no_rows()
        return None

    def open_row(self, key: str) -> None:
        self.app.push_screen(OurRecordPage(self.cart_name, self.KIND, key), lambda _: self.refresh_rows())

    def action_new_record(self) -> None:
        """One by hand."""
        self.app.push_screen(RecordFormScreen(self.KIND, None), self._made)

    def _made(self, made: Opened | None) -> None:
        if made is not None:
            self.refresh_rows()
            self.hint(f"{made.label} was made.", "$text-success")

    def action_change_many(self) -> None:
        """One field of all that are marked."""
        keys = self.chosen_keys()
        if keys is None:
            return
        ws, subject = self.ws, self.subject

        def typed(text: str | None) -> None:
            if text is not None:
                self.run_job(
                    "Working out the change",
                    lambda _progress, _stop: preview_bulk(ws, subject, [int(key) for key in keys()], text),
                    lambda changes: self._preview(text, changes),
                )

        question = PromptDialog("Change one field of the marked", _HOW[subject], placeholder=_EXAMPLE[subject])
        self.app.push_screen(question, typed)

    def _preview(self, title: str, changes: ChangeSet) -> None:
        show_changes(self, title, changes, lambda count: self._saved(count, changes.subject))

    def _saved(self, count: int, subject: Subject) -> None:
        self.refresh_rows()
        self.hint(done_words(count, subject), "$text-success")

    def action_undo_plan(self) -> None:
        """Take back what was last done by hand: a change of many or a CSV file, or a plan of this cart."""
        ws, subject, name = self.ws, self.subject, self.cart_name
        cart_plan = super().action_undo_plan

        def chosen(changes: ChangeSet | None) -> None:
            if changes is None:
                cart_plan()
            else:
                self._preview("undo", changes)

        self.run_job(
            "Looking at what was last done",
            lambda _progress, _stop: preview_bulk_undo(ws, subject) if is_bulk_last(ws, subject, name) else None,
            chosen,
        )

    def action_read_csv(self) -> None:
        """A CSV file of them."""
        ask_csv(self, self.subject, self._saved)

    def action_keep_csv(self) -> None:
        """All of them as a CSV file."""
        question = PromptDialog("Save all as CSV", "Where to.", placeholder=f"~/{self.subject.value}.csv")
        self.app.push_screen(question, self._keep)

    def _keep(self, text: str | None) -> None:
        if text is None:
            return
        ws, path = self.ws, Path(text.strip()).expanduser()
        rows = item_dicts if self.subject is Subject.ITEMS else customer_dicts
        self.run_job(
            "Saving",
            lambda _progress, _stop: save_csv(rows(ws), path),
            lambda count: self.hint(f"{count:,} {self.subject.value} are in {path}.", "$text-success"),
        )

    def action_duplicates(self) -> None:
        """Customers that are probably one."""
        self.app.push_screen(DuplicatesScreen(), lambda _: self.refresh_rows())
