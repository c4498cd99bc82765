"""What all lists of a cart share: the table with its summary line, the selection, and the way of every action:
selection -> plan (in a thread, with progress) -> plan screen -> applied -> the list shows the new states."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import ClassVar, Protocol

from textual.app import ComposeResult
from textual.containers import Horizontal

from cartui.domain.ids import RecordKind
from cartui.domain.plan import Plan
from cartui.domain.ports import Capability
from cartui.domain.rows import Marks, RowSource, View, marked_keys
from cartui.domain.safe_text import safe_text
from cartui.screens.base import CART_GROUPS, CartScreen, key_of
from cartui.screens.plan import show_plan, undo_last
from cartui.screens.plan_rows import report_words
from cartui.screens.times import show_moment
from cartui.sync.actions import Selection
from cartui.sync.apply import ApplyReport
from cartui.sync.carts import CartView
from cartui.sync.records import changed_since
from cartui.sync.workspace import ProgressSink, Workspace
from cartui.widgets.chrome import Part, TextLine
from cartui.widgets.filter_bar import RecordList
from cartui.widgets.record_table import RecordTable

_TESTABLE = frozenset({"not_tested", "changed_since_test"})
_UNTESTED = _TESTABLE | {"copied_database"}
_MARKED_WIDTH = 18


class PlanMaker(Protocol):
    """`plan_import`, `plan_link` and `plan_export` of `cartui.sync.actions`."""

    def __call__(
        self,
        ws: Workspace,
        name: str,
        kind: RecordKind,
        selection: Selection,
        *,
        progress: ProgressSink,
        stop: Callable[[], bool],
    ) -> Plan: ...


class ListScreen(CartScreen):
    """A tab that is a list. Nothing marked means: the row under the cursor."""

    GROUPS: ClassVar[tuple[str, ...]] = (*CART_GROUPS, "table", "cart-list")
    AUTO_FOCUS: ClassVar[str | None] = "RecordTable"
    KIND: ClassVar[RecordKind] = RecordKind.ORDER
    NOUN: ClassVar[str] = "order"
    NOUNS: ClassVar[str] = ""
    EMPTY: ClassVar[str] = "Nothing here."
    MARKABLE: ClassVar[bool] = True
    FIRST_VIEW: ClassVar[View] = View()

    def __init__(self, cart_name: str) -> None:
        super().__init__(cart_name)
        self._list = RecordList(markable=self.MARKABLE, empty_text=self.EMPTY, id="list")
        self._listed = ""
        self._to_top = False
        self._seen: int | None = None
        self._notes: tuple[str, ...] = ()

    @property
    def table(self) -> RecordTable:
        """The table of this tab."""
        return self._list.table

    def body(self) -> ComposeResult:
        with Horizontal(id="summary"):
            yield TextLine(id="count")
            yield TextLine(id="marked")  # a line of its own: a mark must not repaint the summary
        yield self._list

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#summary").styles.height = 1
        self.query_one("#marked").styles.width = _MARKED_WIDTH
        self._show_summary()

    # --- what others do ----------------------------------------------------------------------------------------------

    def cart_changed(self, view: CartView) -> None:  # noqa: ARG002  every change of a record is in the journal
        """Look whether anything was done since; asked after each cycle and whenever the tab comes to the front."""
        ws, name, seen = self.ws, self.cart_name, self._seen
        self.read("changes", lambda: changed_since(ws, name, seen), self._take_changes)

    def _take_changes(self, found: tuple[int, dict[RecordKind, list[str]]]) -> None:
        before, self._seen = self._seen, found[0]
        if before is not None and before != found[0]:
            self.show_changes(found[1])

    def show_changes(self, changed: dict[RecordKind, list[str]]) -> None:  # noqa: ARG002  some lists need to know which
        """Something was done to these records of the cart: draw what is true now."""
        self.refresh_rows()

    # --- the list ----------------------------------------------------------------------------------------------------

    @abstractmethod
    def action_list(self) -> None:
        """Read the list anew."""

    def show_source(self, source: RowSource, notes: tuple[str, ...] = ()) -> None:
        """Show rows that were just read; marks and typed cells of rows that are still there stay."""
        table = self.table
        self._to_top = table.source is None
        view = table.view if table.source is not None else self.FIRST_VIEW
        edits, marks, key = dict(table.edits), table.marks, table.cursor_key
        table.empty_text = self.EMPTY
        table.set_source(source)
        table.edits.update({at: text for at, text in edits.items() if source.find(at[0]) is not None})
        still = marks if marks.everything else Marks(frozenset(k for k in marks.keys if source.find(k) is not None))
        table.set_marks(still)
        if key is not None:
            table.move_to_key(key)
        if view.filter or view.order_by:
            table.request_view(view)
        self._listed, self._notes = show_moment(self.now(), self.now()), notes
        self._edits_changed()
        self._show_summary()
        self.refresh_bindings()

    def refresh_rows(self) -> None:
        """Draw the rows again with the states that they have now."""
        if self.table.source is not None:
            self.table.reload()

    def _show_summary(self) -> None:
        if not self.is_mounted:
            return
        parts: list[Part] = []
        if self.table.source is not None:
            shown = self.table.row_count
            noun = self.NOUN if shown == 1 else self.NOUNS or f"{self.NOUN}s"
            parts = [f"{shown:,} {noun}", (f" · listed {self._listed}", "$quiet")]
            if self.table.view.filter:
                parts.append((f" · only {safe_text(self.table.view.filter, 60)}", "$text-accent"))
            parts += [(f" · ! {safe_text(note, 200)}", "$text-warning") for note in self._notes]
        self.query_one("#count", TextLine).show(*parts)

    def on_record_table_view_ready(self) -> None:
        if self._to_top:  # the first time the order begins at its top, wherever its first row was before
            self._to_top = False
            self.table.action_first()
        self._show_summary()

    def on_record_table_marks_changed(self, message: RecordTable.MarksChanged) -> None:
        text = f"{message.count:,} marked" if message.count else ""
        self.query_one("#marked", TextLine).show((f"{text:>{_MARKED_WIDTH - 2}}", "$text-accent"))

    def on_record_table_edit_problem(self, message: RecordTable.EditProblem) -> None:
        self.hint(message.text, "$text-warning")

    def on_record_table_typing_changed(self) -> None:
        self.hint("Numbers typed go into the cell; esc gives the keys 0 to 9 back." if self.table.typing else "")

    def on_record_table_cell_edited(self) -> None:
        self.on_record_table_typing_changed()
        self._edits_changed()

    def on_record_table_row_activated(self, message: RecordTable.RowActivated) -> None:
        self.open_row(message.key)

    def open_row(self, key: str) -> None:
        """Enter on a row."""

    def _edits_changed(self) -> None:
        if self.unsaved is not bool(self.table.edits):
            self.set_unsaved(bool(self.table.edits))

    def clear_step(self) -> bool:
        """`esc`: the table has cleared its filter before; marks come next."""
        if self.table.marks.is_empty:
            return False
        self.table.set_marks(Marks.none())
        return True

    # --- what can be done --------------------------------------------------------------------------------------------

    def why_untested(self) -> str | None:
        """Nothing is asked of a cart whose connection was not tested."""
        problems = self.view.problems if self.view is not None else ()
        missing = next((one for one in problems if one.code in _UNTESTED), None)
        if missing is None:
            return None
        here = missing.code in _TESTABLE
        return f"{missing.problem} {'Test it on Auto-sync (1).' if here else missing.remedy}"

    def why_lacking(self, *needed: Capability) -> str | None:
        """What this kind of cart can't do."""
        view = self.view
        lacking = [one for one in needed if view is not None and one not in view.capabilities]
        return f"{view.title} can't {lacking[0].value}." if lacking and view is not None else None

    def why_no_rows(self) -> str | None:
        """There is nothing to act on."""
        if self.table.source is None:
            return f"List the {self.NOUN}s first: {key_of('list', 'cart-list')}."
        if self.table.row_count == 0 and self.table.marks.is_empty:
            return "The list is empty."
        return "A cell is being typed in: enter takes it, esc gives it up." if self.table.is_editing else None

    # --- selection -> plan -> applied --------------------------------------------------------------------------------

    def chosen_keys(self) -> Callable[[], list[str]] | None:
        """How to work out the chosen rows, which may take a while; None: there is no row."""
        source, marks, here = self.table.source, self.table.marks, self.table.cursor_key
        if source is None:
            return None
        if not marks.is_empty:
            return lambda: list(marked_keys(marks, source))
        return (lambda: [here]) if here is not None else None

    def typed_cells(self) -> dict[str, dict[str, str]]:
        """What a person typed: key -> column -> text."""
        cells: dict[str, dict[str, str]] = {}
        for (key, column), text in self.table.edits.items():
            cells.setdefault(key, {})[column] = text
        return cells

    def plan_selected(self, title: str, make: PlanMaker) -> None:
        """Plan the chosen rows in a thread, then show the plan."""
        keys, cells = self.chosen_keys(), self.typed_cells()
        ws, name, kind = self.ws, self.cart_name, self.KIND
        if keys is None:
            return
        self.run_job(
            title,
            lambda progress, stop: make(ws, name, kind, Selection(keys(), cells), progress=progress, stop=stop),
            lambda plan: show_plan(self, plan, self.applied),
        )

    def action_undo_plan(self) -> None:
        """Take back what was last carried out by hand for this cart."""
        undo_last(self, self.cart_name, self.applied)

    def applied(self, report: ApplyReport) -> None:
        """After a plan was carried out: typed cells that are used up go, marks stay where something went wrong."""
        done = {one.change.key for one in report.applied if not one.problem}
        for at in [at for at in self.table.edits if at[0] in done]:
            del self.table.edits[at]
        self.table.set_marks(Marks(frozenset(one.change.key for one in report.problems)))
        self._edits_changed()
        if self.view is not None:
            self.cart_changed(self.view)
        told = report_words(report)
        if report.counts.held and self.KIND is not RecordKind.ORDER:
            told += " What was held stays marked: type what it lacks, and do it again."
        self.hint(told, "$text-warning" if report.problems else "$text-success")
