"""What a CSV file or a bulk edit would do, row by row, before anything is done: all rows or none."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from cartui.domain.record_changes import ChangeSet, RowAction, RowChange, Subject
from cartui.domain.rows import FLAG_MUTED, FLAG_PROBLEM, Column, ListRowSource, Row
from cartui.domain.safe_text import safe_text
from cartui.screens.base import CartuiScreen
from cartui.screens.dialogs import ErrorDialog, RowDialog
from cartui.screens.glyphs import GLYPHS
from cartui.screens.plan import PlanList, PlanTable
from cartui.sync.record_changes import apply_changes
from cartui.widgets.chrome import Part
from cartui.widgets.record_table import RecordTable

COLUMNS = (
    Column("row", "Row", 9),
    Column("action", "Action", 7, priority=1),
    Column("record", "Record", 20, priority=1),
    Column("change", "Before → after, or what is wrong", 60, priority=2),
)
_ORDER = (RowAction.ERROR, RowAction.CREATE, RowAction.UPDATE, RowAction.SAME)


class ChangesScreen(CartuiScreen):
    """A preview; `y` does it whole. Ends with how many rows were written, None if nothing was."""

    GROUPS: ClassVar[tuple[str, ...]] = ("everywhere", "back", "changes")
    ABOUT: ClassVar[str] = (
        "What each row would do, before anything is done. y does all of it in one go; if one row has an error, nothing "
        "can be done: h shows only those, enter one row in full with its remedy. n, q or esc leaves all as it is."
    )
    AUTO_FOCUS: ClassVar[str | None] = "PlanTable"

    def __init__(self, title: str, changes: ChangeSet) -> None:
        super().__init__()
        self._title = title
        self.changes = changes
        self._errors_only = False

    @property
    def table(self) -> RecordTable:
        """The rows."""
        return self.query_one(PlanTable)

    def title_parts(self) -> tuple[Part, ...]:
        return (("Preview", "bold"), f" · {safe_text(self._title, 60)}")

    def body(self) -> ComposeResult:
        yield Static(self._headline(), id="headline")
        yield PlanList(ListRowSource(COLUMNS, self._rows()), markable=False, empty_text="No rows.")

    def _headline(self) -> Content:
        told = safe_text(self.changes.headline)
        style = "bold $text-error" if self.changes.errors else "bold"
        head = Content.styled(f"{told[:1].upper()}{told[1:]}.", style)
        return head.append(Content(f" {safe_text('; '.join(self.changes.notes), 200)}"))

    def _rows(self) -> list[Row]:
        rows = sorted(self.changes.rows, key=lambda row: _ORDER.index(row.action))
        return [_row(row) for row in rows if not self._errors_only or row.action is RowAction.ERROR]

    def show_changes(self, changes: ChangeSet) -> None:
        """Show these instead."""
        self.changes = changes
        self._errors_only = self._errors_only and bool(changes.errors)
        self.query_one("#headline", Static).update(self._headline())
        self.table.set_source(ListRowSource(COLUMNS, self._rows()))
        self.refresh_frame()
        self.refresh_bindings()

    def why_not(self, action: str) -> str | None:
        if action == "apply":
            if self.busy:
                return "It is being done."
            if errors := self.changes.errors:
                return f"{len(errors):,} rows have an error: nothing can be done. h shows only those."
            return None if self.changes.effective else "Nothing would change."
        if action == "errors_only" and not self.changes.errors:
            return "No row has an error."
        return None

    def clear_step(self) -> bool:
        if self._errors_only:
            self.action_errors_only()
        else:
            self.action_back()
        return True

    def action_errors_only(self) -> None:
        """Only the rows with an error, and back."""
        self._errors_only = not self._errors_only
        self.table.set_source(ListRowSource(COLUMNS, self._rows()))

    def action_filter(self) -> None:
        self.table.action_filter()

    def action_back(self) -> None:
        if not self.busy:
            self.dismiss(None)

    def action_cancel(self) -> None:
        self.action_back()

    def on_record_table_row_activated(self, message: RecordTable.RowActivated) -> None:
        row = next(row for row in self.changes.rows if row.key == message.key)
        lines = [f"{one.name}: {one.before or 'nothing'} {GLYPHS.arrow} {one.after or 'nothing'}" for one in row.fields]
        lines += [row.problem] if row.problem else []
        dialog = ErrorDialog if row.action is RowAction.ERROR else RowDialog
        self.app.push_screen(dialog(f"{row.key}: {row.label}", "\n".join(lines) or "Nothing would change.", row.remedy))

    def action_apply(self) -> None:
        ws, changes = self.ws, self.changes
        self.run_job("Saving", lambda _progress, _stop: apply_changes(ws, changes), self._saved)

    def _saved(self, count: int) -> None:
        self.dismiss(count)


def _row(row: RowChange) -> Row:
    told = "; ".join(f"{one.name}: {one.before or '–'} {GLYPHS.arrow} {one.after or '–'}" for one in row.fields)
    wrong = row.action is RowAction.ERROR
    flags = {FLAG_PROBLEM} if wrong else {FLAG_MUTED} if row.action is RowAction.SAME else set()
    said = f"{row.problem} {row.remedy}".strip() if wrong else told
    return Row(row.key, (row.key, row.action.value, row.label, said), frozenset(flags))


def done_words(count: int, subject: Subject) -> str:
    """What was done, for the help line."""
    noun = "stock levels" if subject is Subject.STOCK else subject.value
    return f"Saved: {count:,} {noun if count != 1 else noun[:-1]}."


def show_changes(screen: CartuiScreen, title: str, changes: ChangeSet, on_done: Callable[[int], None]) -> None:
    """Show a preview; `on_done` gets how many rows were written."""

    def left(count: int | None) -> None:
        if count is not None:
            on_done(count)

    screen.app.push_screen(ChangesScreen(title, changes), left)
