"""The outbox of a cart: what waits to be sent, what nobody knows, what was refused and why; retry."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult

from cartui.domain.outbox import OutboxState
from cartui.domain.rows import FLAG_MUTED, FLAG_PROBLEM, Column, ListRowSource, Row, marked_keys
from cartui.domain.safe_text import safe_text
from cartui.errors import CartuiError
from cartui.screens.base import PUSHED_GROUPS, CartuiScreen
from cartui.screens.dialogs import ErrorDialog, RowDialog, TypedWordDialog
from cartui.screens.times import show_moment
from cartui.sync.outbox_rows import OutboxLine, list_outbox, retry_outbox
from cartui.sync.workspace import READ_ONLY, READ_ONLY_REMEDY
from cartui.widgets.chrome import Part
from cartui.widgets.filter_bar import RecordList
from cartui.widgets.record_table import RecordTable

MOST = 1_000
COLUMNS = (
    Column("state", "State", 8),
    Column("kind", "What", 8, priority=1),
    Column("record", "Record", 24, priority=1),
    Column("reason", "Why", 34, priority=2),
    Column("changed", "Changed", 16, priority=4),
    Column("tries", "Tries", 5, align="right", priority=5),
)
_FLAGS = {OutboxState.REFUSED: FLAG_PROBLEM, OutboxState.UNKNOWN: FLAG_PROBLEM, OutboxState.SENDING: FLAG_MUTED}


class OutboxScreen(CartuiScreen):
    """Rows that are not done, the refused ones first."""

    GROUPS: ClassVar[tuple[str, ...]] = (*PUSHED_GROUPS, "table", "outbox")
    ABOUT: ClassVar[str] = (
        "What changed here and is to reach the cart. waiting: sent within seconds while the cart is RUNNING. unknown: "
        "no answer came, it is looked up in the cart before anything is sent again. refused: it waits for you, or for "
        "the next change of the record; Enter says why and what to do. R tries the marked rows again at once. What a "
        "brake held back passes only when you type the cart's name."
    )
    AUTO_FOCUS: ClassVar[str | None] = "RecordTable"

    def __init__(self, cart_name: str) -> None:
        super().__init__()
        self.cart_name = cart_name
        self._lines: dict[str, OutboxLine] = {}
        self._list = RecordList(empty_text="Nothing waits to be sent, and nothing was refused.", id="list")

    @property
    def table(self) -> RecordTable:
        """The rows."""
        return self._list.table

    def title_parts(self) -> tuple[Part, ...]:
        more = " (the first)" if len(self._lines) == MOST else ""
        return (("Outbox", "bold"), f" · {safe_text(self.cart_name, 40)} · {len(self._lines):,} rows{more}")

    def body(self) -> ComposeResult:
        yield self._list

    def on_mount(self) -> None:
        super().on_mount()
        self.action_list()

    def carts_changed(self) -> None:
        self.action_list()

    def action_list(self) -> None:
        """Read it anew."""
        ws, name = self.ws, self.cart_name
        self.read("outbox", lambda: list_outbox(ws, name, limit=MOST), self._show)

    def _show(self, lines: list[OutboxLine]) -> None:
        self._lines = {str(line.row.row_id): line for line in lines}
        marks, key = self.table.marks, self.table.cursor_key
        self.table.set_source(ListRowSource(COLUMNS, [self._row(line) for line in lines]))
        self.table.set_marks(marks)
        if key in self._lines:
            self.table.move_to_key(str(key))
        self.refresh_frame()
        self.refresh_bindings()

    def _row(self, line: OutboxLine) -> Row:
        row = line.row
        flag = _FLAGS.get(row.state)
        cells = (
            row.state.value,
            row.kind.value,
            line.label,
            row.reason,
            show_moment(row.changed_at, self.now()),
            str(row.tries or ""),
        )
        return Row(str(row.row_id), cells, flags=frozenset({flag}) if flag else frozenset())

    def why_not(self, action: str) -> str | None:
        if action != "retry":
            return None
        if self.ws.read_only:
            return f"{READ_ONLY} {READ_ONLY_REMEDY}"
        return None if self._lines else "There is nothing to try again."

    def action_back(self) -> None:
        self.dismiss()

    def on_record_table_row_activated(self, message: RecordTable.RowActivated) -> None:
        if line := self._lines.get(message.key):
            reason = line.row.reason or "It is sent when its turn comes, while the cart is RUNNING."
            dialog = ErrorDialog if line.row.state is OutboxState.REFUSED else RowDialog
            title = f"{line.label}: {line.row.kind.value}, {line.row.state.value}"
            self.app.push_screen(dialog(title, reason, line.row.remedy))

    def action_retry(self) -> None:
        """The marked rows, or the one under the cursor; those that a brake held back want the cart's name."""
        source, here = self.table.source, self.table.cursor_key
        marks = self.table.marks
        keys = list(marked_keys(marks, source)) if source and not marks.is_empty else [here] if here else []
        lines = [self._lines[key] for key in keys if key in self._lines]
        if not lines:
            return
        row_ids = [line.row.row_id for line in lines]
        if not any(line.row.reason.startswith("A brake") for line in lines):
            self._retry(row_ids, "")
            return

        def typed(word: str | None) -> None:
            if word is not None:
                self._retry(row_ids, self.cart_name)

        told = f"A brake held {len(lines):,} rows back, because they would do much at once."
        self.app.push_screen(TypedWordDialog("Send them all the same?", told, self.cart_name), typed)

    def _retry(self, row_ids: list[int], confirmed: str) -> None:
        ws, name = self.ws, self.cart_name

        def done(count: int) -> None:
            self.hint(f"{count:,} rows wait again; they are sent while the cart is RUNNING.", "$text-success")
            self.host.wake_runner()
            self.action_list()

        def failed(error: CartuiError) -> None:
            self.tell(error)

        self.read("retry", lambda: retry_outbox(ws, name, row_ids, confirmed=confirmed), done, failed)
