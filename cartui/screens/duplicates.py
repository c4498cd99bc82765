"""Customers that are probably one and the same: what they share, what a merge would change, and the merge."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult

from cartui.domain.documents import Customer
from cartui.domain.merge_customers import Duplicates
from cartui.domain.rows import Column, ListRowSource, Row, marked_keys
from cartui.screens.base import PUSHED_GROUPS, CartuiScreen
from cartui.screens.dialogs import ConfirmDialog, RowDialog
from cartui.screens.glyphs import GLYPHS
from cartui.sync.registers import MergePreview, list_duplicates, merge_customers, preview_merge
from cartui.sync.workspace import Progress, ProgressSink
from cartui.widgets.chrome import Part
from cartui.widgets.filter_bar import RecordList
from cartui.widgets.record_table import RecordTable

COLUMNS = (
    Column("gone", "Goes into", 24),
    Column("kept", "this one", 24, priority=1),
    Column("why", "Because", 60, priority=2),
)


class DuplicatesScreen(CartuiScreen):
    """Pairs of customers, the older one to stay. Ends with True where something was merged."""

    GROUPS: ClassVar[tuple[str, ...]] = (*PUSHED_GROUPS, "table", "duplicates")
    ABOUT: ClassVar[str] = (
        "Customers that share an e-mail, a phone, a tax number, or name and postcode. Merging moves documents and "
        "links to the one that stays and fills what it lacks; it can be undone on that customer's page. Enter shows "
        "what a merge would change, x turns a pair round. Guests are never merged with registered customers."
    )
    AUTO_FOCUS: ClassVar[str | None] = "RecordTable"

    def __init__(self) -> None:
        super().__init__()
        self._pairs: dict[str, tuple[Customer, Customer, str]] = {}
        self._merged = False
        self._list = RecordList(empty_text="No two customers share anything that identifies them.", id="list")

    @property
    def table(self) -> RecordTable:
        """The pairs."""
        return self._list.table

    def title_parts(self) -> tuple[Part, ...]:
        return (("Duplicates", "bold"), f" · {len(self._pairs):,} pairs of customers")

    def body(self) -> ComposeResult:
        yield self._list

    def on_mount(self) -> None:
        super().on_mount()
        self._load()

    def _load(self) -> None:
        ws = self.ws
        self.run_job("Looking for duplicates", lambda _progress, _stop: list_duplicates(ws), self._show)

    def _show(self, groups: list[Duplicates]) -> None:
        self._pairs = {
            str(one.customer_id): (group.customers[0], one, group.why)
            for group in groups
            for one in group.customers[1:]
        }
        self._draw()

    def _draw(self) -> None:
        rows = [Row(key, (_label(gone), _label(kept), why)) for key, (kept, gone, why) in self._pairs.items()]
        self.table.set_source(ListRowSource(COLUMNS, rows))
        self.refresh_frame()
        self.refresh_bindings()

    def why_not(self, action: str) -> str | None:
        return None if self._pairs or action not in ("merge", "turn") else "There are no duplicates."

    def action_back(self) -> None:
        self.dismiss(self._merged)

    def action_turn(self) -> None:
        """The other one stays."""
        key = self.table.cursor_key
        if key is not None and key in self._pairs:
            kept, gone, why = self._pairs[key]
            self._pairs[key] = (gone, kept, why)
            self._draw()
            self.table.move_to_key(key)

    def on_record_table_row_activated(self, message: RecordTable.RowActivated) -> None:
        kept, gone, why = self._pairs[message.key]
        ws = self.ws
        self.read(
            "preview",
            lambda: preview_merge(ws, kept.customer_id, gone.customer_id),
            lambda preview: self._tell(preview, why),
        )

    def _tell(self, preview: MergePreview, why: str) -> None:
        lines = [
            f"{one.name}: {one.before or 'nothing'} {GLYPHS.arrow} {one.after or 'nothing'}" for one in preview.fields
        ]
        told = "\n".join(lines) or "No field changes."
        title = f"{_label(preview.gone)} into {_label(preview.kept)}"
        self.app.push_screen(RowDialog(title, f"{why.capitalize()}.\n\n{preview.problem or told}"))

    def action_merge(self) -> None:
        marks, here = self.table.marks, self.table.cursor_key
        source = self.table.source
        if source is None:
            return
        keys = list(marked_keys(marks, source)) if not marks.is_empty else [here] if here is not None else []
        pairs = [self._pairs[key] for key in keys if key in self._pairs]
        if not pairs:
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self._merge(pairs)

        what = f"{len(pairs)} customers" if len(pairs) != 1 else _label(pairs[0][1])
        told = "Documents and links go to the customers that stay. Each merge can be undone on that customer's page."
        self.app.push_screen(ConfirmDialog(f"Merge {what}?", told, "Merge", "Leave"), answered)

    def _merge(self, pairs: list[tuple[Customer, Customer, str]]) -> None:
        ws = self.ws

        def work(progress: ProgressSink, _stop: object) -> int:
            for done, (kept, gone, _) in enumerate(pairs, 1):
                merge_customers(ws, preview_merge(ws, kept.customer_id, gone.customer_id))
                progress(Progress("merges", done, len(pairs)))
            return len(pairs)

        def told(count: int) -> None:
            self._merged = True
            self.hint(f"Merged: {count}.", "$text-success")
            self._load()

        self.run_job("Merging", work, told)


def _label(customer: Customer) -> str:
    return f"{customer.code} {customer.name}"
