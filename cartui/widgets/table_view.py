"""The moving half of the table: its source, order and filter, its cursor, and the mouse.

A key press repaints the lines that changed and nothing else: no layout, no child widgets, no timers.
"""

from __future__ import annotations

from functools import partial
from itertools import islice
from typing import ClassVar, Final

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size

from cartui.domain.query import QueryError
from cartui.domain.rows import Marks, RowSource, View, marked_keys
from cartui.widgets.column_layout import plan_order, plan_slots
from cartui.widgets.page_cache import PageCache
from cartui.widgets.signs import Signs
from cartui.widgets.table_lines import PREFIX, TableLines
from cartui.widgets.table_messages import CursorMoved, FilterAsked, RowActivated, ViewReady, ViewRequested

MAX_KEYS: Final = 100_000
"""Marks that must be written out key by key (a filter was changed, a range, an inverted few) stop here."""


class TableView(TableLines):
    """Rows of a RowSource, with a cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "cursor_down", "Down", show=False, id="table.cursor-down"),
        Binding("k,up", "cursor_up", "Up", show=False, id="table.cursor-up"),
        Binding("left", "cursor_left", "Left", show=False, id="table.cursor-left"),
        Binding("right", "cursor_right", "Right", show=False, id="table.cursor-right"),
        Binding("pagedown", "page_down", "Page down", show=False, id="table.page-down"),
        Binding("pageup", "page_up", "Page up", show=False, id="table.page-up"),
        Binding("g,home", "first", "First", show=False, id="table.first"),
        Binding("G,end", "last", "Last", show=False, id="table.last"),
        Binding("enter", "open", "Open", show=False, id="table.open"),
        Binding("o", "sort", "Sort", show=False, id="table.sort"),
        Binding("slash", "filter", "Filter", show=False, id="table.filter"),
        Binding("y", "copy", "Copy", show=False, id="table.copy"),
        Binding("escape", "step_back", "Clear", show=False, id="table.step-back"),
    ]

    def __init__(
        self,
        source: RowSource | None = None,
        *,
        markable: bool = True,
        empty_text: str = "Nothing here yet.",
        signs: Signs | None = None,
        id: str | None = None,  # noqa: A002 - Textual's name for it
        classes: str | None = None,
    ) -> None:
        super().__init__(markable=markable, empty_text=empty_text, signs=signs, id=id, classes=classes)
        if source is not None:
            self.set_source(source)

    # --- what it shows -----------------------------------------------------------------------------------------------

    @property
    def source(self) -> RowSource | None:
        """Where the rows come from."""
        return self._source

    @property
    def row_count(self) -> int:
        """Rows in the view."""
        return self._count

    @property
    def cursor_key(self) -> str | None:
        """The key of the row under the cursor."""
        row = self._row(self.cursor_row)
        return row.key if row is not None else None

    @property
    def cursor_column_name(self) -> str | None:
        """The name of the column under the cell cursor."""
        return self._columns[self.cursor_column].name if self._columns else None

    def set_source(self, source: RowSource, view: View | None = None) -> None:
        """Show another source, which is already in ``view`` (its own order, no filter, when not given). Marks, edits
        and cursor start anew."""
        self._source, self._cache = source, PageCache(source)
        self._columns = tuple(source.columns)
        self.view = view or View()
        self._wanted, self.busy = None, False
        self.marks, self.edits = Marks.none(), {}
        self._undo.clear()
        self._anchor = self._edit = None
        self.cursor_row = self.cursor_column = self._offset = 0
        self._count = source.count()
        self._arrange(self.size.width)
        if self.is_mounted:
            self._show_source()

    def _on_mount(self, _: events.Mount) -> None:
        self._show_source()

    def _show_source(self) -> None:
        self._resize_rows()
        self.scroll_to(0, 0, animate=False, force=True)
        self.refresh()
        self.post_message(CursorMoved(self.cursor_key))

    def reload(self) -> None:
        """Read again what the source has now; cursor (by key), marks and edits stay."""
        self.request_view(self.view)

    def request_view(self, view: View) -> None:
        """Ask for another order or filter. Works off the UI thread, the newest wish wins; ViewReady says when."""
        if self._source is None:
            return
        self._wanted = view
        self.post_message(ViewRequested(view))
        if not self.busy:
            self._start_view()

    def request_filter(self, text: str) -> None:
        """Show only the rows that match a query line."""
        current = self._wanted or self.view
        self.request_view(View(current.order_by, current.descending, text.strip()))

    def _start_view(self) -> None:
        if self._source is None or self._wanted is None:
            return
        self.busy = True
        self._refresh_header()
        work = partial(self._set_view, self._source, self._wanted, self.cursor_key, self.marks)
        self.run_worker(work, group="view", thread=True)

    def _set_view(self, source: RowSource, view: View, key: str | None, marks: Marks) -> None:
        """In a thread: its only way out is the message."""
        ready = ViewReady(source, view)
        try:
            if marks.everything and marks.filter not in ("", view.filter):
                ready.marks, ready.notice = _written_out(source, marks)
            source.set_view(view)
            ready.count = source.count()
            ready.cursor = source.find(key) if key is not None else None
        except QueryError as error:
            ready.problem = str(error)
        except Exception as error:  # noqa: BLE001 - thread boundary: what failed is told on screen, the table lives on
            ready.problem = f"The list could not be read: {error}"
        self.post_message(ready)

    def _on_record_table_view_ready(self, ready: ViewReady) -> None:
        if ready.source is self._source:
            self._take_view(ready)
        else:
            ready.stop()

    def _take_view(self, ready: ViewReady) -> None:
        """Take over what the thread worked out."""
        self.busy = False
        if ready.problem is None and self._cache is not None:
            self._cache.clear()
            self.view, self._count = ready.view, ready.count
            self._anchor = self._edit = None
            if ready.marks is not None:
                self.marks = ready.marks
            self._resize_rows()
            stay = min(self.cursor_row, max(0, self._count - 1))
            self.cursor_row = ready.cursor if ready.cursor is not None else stay
            self._show_cursor()
            self.refresh()
            self.post_message(CursorMoved(self.cursor_key))
        else:
            self._refresh_header()
        wanted, self._wanted = self._wanted, None
        if wanted is not None and wanted != ready.view:
            self._wanted = wanted
            self._start_view()

    # --- cursor ------------------------------------------------------------------------------------------------------

    def move_cursor(self, row: int) -> None:
        """Put the cursor on a position of the view (the nearest one there is)."""
        row = min(max(0, row), max(0, self._count - 1))
        if row == self.cursor_row:
            return
        before, self.cursor_row = self.cursor_row, row
        if not self._show_cursor():
            first, last = (before, row) if self._anchor is not None else (row, row)
            self._refresh_rows(min(first, last), max(first, last))
            self._refresh_rows(before, before)
        self.post_message(CursorMoved(self.cursor_key))

    def move_to_key(self, key: str) -> bool:
        """Put the cursor on the row with ``key``; False when the view doesn't have it."""
        at = self._source.find(key) if self._source is not None else None
        if at is not None:
            self.move_cursor(at)
        return at is not None

    def move_column(self, column: int) -> None:
        """Put the cell cursor on a column, by its index in the source; scrolls sideways by whole columns."""
        if column == self.cursor_column or not 0 <= column < len(self._columns):
            return
        self.cursor_column = column
        if self._show_column():
            self.refresh()
        else:
            self._refresh_rows(self.cursor_row, self.cursor_row)
            self._refresh_header()

    def _show_column(self) -> bool:
        before = self._offset
        at = self._order.index(self.cursor_column)
        if at == 0:
            self._offset = 0
        elif at - 1 < self._offset:
            self._offset = at - 1
        self._place()
        while self.cursor_column not in {slot.column for slot in self._slots} and self._offset < at - 1:
            self._offset += 1
            self._place()
        return before != self._offset

    def _show_cursor(self) -> bool:
        """Scroll so that the cursor row is seen; True when that repaints everything anyway."""
        top = self.scroll_offset.y
        if top <= self.cursor_row < top + self._body_height:
            return False
        target = self.cursor_row if self.cursor_row < top else self.cursor_row - self._body_height + 1
        self.scroll_to(y=target, animate=False, force=True)
        return self.scroll_offset.y != top

    def action_cursor_down(self) -> None:
        """Next row."""
        self.move_cursor(self.cursor_row + 1)

    def action_cursor_up(self) -> None:
        """Previous row."""
        self.move_cursor(self.cursor_row - 1)

    def action_cursor_left(self) -> None:
        """The column on the left."""
        self._step_column(-1)

    def action_cursor_right(self) -> None:
        """The column on the right."""
        self._step_column(1)

    def _step_column(self, step: int) -> None:
        if self._order:
            at = self._order.index(self.cursor_column) + step
            if 0 <= at < len(self._order):
                self.move_column(self._order[at])

    def action_page_down(self) -> None:
        """One screen down."""
        self._page(1)

    def action_page_up(self) -> None:
        """One screen up."""
        self._page(-1)

    def _page(self, step: int) -> None:
        rows = step * self._body_height
        self.scroll_to(y=self.scroll_offset.y + rows, animate=False, force=True)
        self.move_cursor(self.cursor_row + rows)

    def action_first(self) -> None:
        """First row."""
        self.move_cursor(0)

    def action_last(self) -> None:
        """Last row."""
        self.move_cursor(self._count - 1)

    def action_open(self) -> None:
        """Open the row under the cursor."""
        if (key := self.cursor_key) is not None:
            self.post_message(RowActivated(key))

    def action_sort(self) -> None:
        """Sort by the column under the cell cursor; again reverses."""
        if self._columns:
            self.sort_by(self.cursor_column)

    def sort_by(self, column: int) -> None:
        """Sort by a column, by its index; the one it is sorted by already is reversed."""
        chosen, current = self._columns[column], self._wanted or self.view
        if chosen.sortable:
            again = current.order_by == chosen.name and not current.descending
            self.request_view(View(chosen.name, again, current.filter))

    def action_filter(self) -> None:
        """Ask for the filter line."""
        self.post_message(FilterAsked())

    def action_copy(self) -> None:
        """Copy the cell under the cursor to the terminal's clipboard."""
        row = self._row(self.cursor_row)
        if row is not None:
            self.app.copy_to_clipboard(self._cell(row, self.cursor_column))

    def action_step_back(self) -> None:
        """Clear one thing: the open range, then the filter."""
        if self._anchor is not None:
            self._anchor = None
            self.refresh()
        elif self.view.filter:
            self.request_filter("")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Escape is the screen's when there is nothing to clear here."""
        if action == "step_back":
            return self._anchor is not None or bool(self.view.filter)
        return super().check_action(action, parameters)

    # --- mouse -------------------------------------------------------------------------------------------------------

    @property
    def allow_vertical_scroll(self) -> bool:
        """The wheel scrolls without a scrollbar widget: the thumb is drawn with the lines."""
        return self._count > self._body_height

    async def _on_click(self, event: events.Click) -> None:
        event.stop()
        at = event.get_content_offset(self)
        if at is None:
            return
        column = next((slot.column for slot in self._slots if slot.x <= at.x < slot.end), None)
        if at.y == 0:
            if column is not None:
                self.move_column(column)
                self.sort_by(column)
            return
        row = self.scroll_offset.y + at.y - 1
        if row >= self._count:
            return
        if column is not None:
            self.move_column(column)
        self.move_cursor(row)
        if self.markable and 1 <= at.x < PREFIX - 1:
            self.toggle_row(row)
        elif event.chain == 2:
            self.action_open()

    def toggle_row(self, row: int) -> None:
        """Mark or unmark the row at a position; the marking half of the table knows how."""

    # --- room --------------------------------------------------------------------------------------------------------

    def _on_resize(self, event: events.Resize) -> None:
        self._arrange(event.size.width)
        self._resize_rows()
        self._show_cursor()

    def _resize_rows(self) -> None:
        self.virtual_size = Size(self.size.width, self._count + 1)

    def _arrange(self, width: int) -> None:
        self._order = plan_order(self._columns, width - PREFIX - 1)
        self._place(width)
        if self._order:
            self._show_column()

    def _place(self, width: int | None = None) -> None:
        room = (self.size.width if width is None else width) - PREFIX - 1
        self._slots = plan_slots(self._columns, self._order, PREFIX, room, self._offset)


def _written_out(source: RowSource, marks: Marks) -> tuple[Marks, str | None]:
    keys = frozenset(islice(marked_keys(marks, source), MAX_KEYS + 1))
    if len(keys) > MAX_KEYS:
        return Marks.none(), f"The marks were taken off: more than {MAX_KEYS} rows matched the filter before."
    return Marks(keys), None
