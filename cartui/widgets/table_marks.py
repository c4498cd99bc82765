"""The marking half of the table: one, a range, all that match, none, inverted, by a query."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import ClassVar

from textual.binding import Binding, BindingType

from cartui.domain.rows import Marks, RowSource, View
from cartui.widgets.page_cache import PAGE_ROWS
from cartui.widgets.table_messages import EditProblem, MarkQueryAsked, MarksChanged, MarksReady, ViewReady
from cartui.widgets.table_view import MAX_KEYS, TableView


class TableMarks(TableView):
    """Adds marks. "All that match" costs nothing at any size; sets of keys are worked out off the UI thread."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", "Mark", show=False, id="table.mark"),
        Binding("v", "mark_range", "Range", show=False, id="table.mark-range"),
        Binding("a", "mark_all", "All", show=False, id="table.mark-all"),
        Binding("A", "mark_none", "None", show=False, id="table.mark-none"),
        Binding("i", "invert", "Invert", show=False, id="table.invert"),
        Binding("asterisk", "mark_query", "Mark by query", show=False, id="table.mark-query"),
    ]

    _everything_total = 0

    @property
    def marked_count(self) -> int:
        """How many rows are marked, whether the view shows them or not."""
        if self.marks.everything and self.marks.filter == self.view.filter:
            self._everything_total = self._count
        return self.marks.count(self._everything_total)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Without a check box column the marking keys are free for the screen."""
        if action in ("mark", "mark_range", "mark_all", "mark_none", "invert", "mark_query"):
            return self.markable
        return super().check_action(action, parameters)

    def set_marks(self, marks: Marks) -> None:
        """Mark these rows instead; repaints the window."""
        self._take(marks)
        self.refresh()

    def toggle_row(self, row: int) -> None:
        """Mark or unmark the row at a position; repaints its line."""
        found = self._row(row)
        if found is None or self.busy:
            return
        before = self._header_box()
        self._take(self.marks.toggle(found.key))
        self._refresh_rows(row, row)
        if self._header_box() != before:
            self._refresh_header()

    def _take(self, marks: Marks) -> None:
        self.marks = marks
        self.post_message(MarksChanged(marks, self.marked_count))

    def action_mark(self) -> None:
        """Mark the row and step down; with a range open, mark the range."""
        if self._anchor is not None:
            self.action_mark_range()
            return
        self.toggle_row(self.cursor_row)
        self.move_cursor(self.cursor_row + 1)

    def action_mark_range(self) -> None:
        """Open a range at the cursor; again marks all from there to the cursor."""
        if self._anchor is None:
            self._anchor = self.cursor_row
            self._refresh_rows(self.cursor_row, self.cursor_row)
            return
        first, last = sorted((self._anchor, self.cursor_row))
        self._anchor = None
        self.refresh()
        if self._source is not None:
            self._work_out(partial(_range_marks, self._source, self.marks, first, last))

    def action_mark_all(self) -> None:
        """All rows that match, however many."""
        if not self.busy:
            self.set_marks(Marks.all(self.view.filter))

    def action_mark_none(self) -> None:
        """Take all marks off."""
        self._anchor = None
        if not self.busy:
            self.set_marks(Marks.none())

    def action_invert(self) -> None:
        """Mark what is not marked, and the other way round."""
        if self.busy or self._source is None:
            return
        if self.marks.everything and self.marks.filter != self.view.filter:
            # All but a few were marked under no filter; under a filter "the others" are those few.
            self.set_marks(self.marks.inverted())
        elif self.view.filter and self.marks.keys and not self.marks.everything:
            self._work_out(partial(_inverted, self._source, self.marks, self.view.filter))
        else:
            self.set_marks(self.marks.inverted(self.view.filter))

    def action_mark_query(self) -> None:
        """Ask for the query to mark by."""
        self.post_message(MarkQueryAsked())

    def mark_query(self, text: str) -> None:
        """Mark, as well, the shown rows that match a query line."""
        if self._source is not None and text.strip():
            both = f"{self.view.filter} {text}".strip()
            self._work_out(partial(_query_marks, self._source, self.marks, both))

    def _work_out(self, work: Callable[[], Marks]) -> None:
        if self.busy or self._source is None:
            return
        self.busy = True
        self._refresh_header()
        self.run_worker(partial(self._work, self._source, work), group="marks", thread=True)

    def _work(self, source: RowSource, work: Callable[[], Marks]) -> None:
        """In a thread: its only way out is the message."""
        try:
            ready = MarksReady(source, work(), None)
        except ValueError as error:  # QueryError, or too many rows: its text is a sentence
            ready = MarksReady(source, None, str(error))
        except Exception as error:  # noqa: BLE001 - thread boundary
            ready = MarksReady(source, None, f"The rows could not be read: {error}")
        self.post_message(ready)

    def _on_record_table_marks_ready(self, ready: MarksReady) -> None:
        """Take over marks that took a while."""
        if ready.source is not self._source:
            return
        self.busy = False
        if ready.marks is not None:
            self.set_marks(ready.marks)
        else:
            self._refresh_header()
            self.post_message(EditProblem(ready.problem or ""))
        if self._wanted is not None:
            self._start_view()

    def _take_view(self, ready: ViewReady) -> None:
        """Marks written out by a change of filter are told like any other change."""
        super()._take_view(ready)
        if ready.marks is not None or self.marks.everything:
            self._take(self.marks)
        if ready.notice:
            self.post_message(EditProblem(ready.notice))


def _range_marks(source: RowSource, marks: Marks, first: int, last: int) -> Marks:
    if last - first + 1 > MAX_KEYS:
        raise ValueError(f"A range has at most {MAX_KEYS} rows. Use a to mark all that match.")
    return marks.with_keys(_keys_between(source, first, last))


def _keys_between(source: RowSource, first: int, last: int) -> Iterator[str]:
    for start in range(first, last + 1, PAGE_ROWS):
        for row in source.page(start, min(PAGE_ROWS, last + 1 - start)):
            yield row.key


def _inverted(source: RowSource, marks: Marks, matching: str) -> Marks:
    inside = frozenset(key for key in marks.keys if source.find(key) is not None)
    return Marks(inside).inverted(matching)


def _query_marks(source: RowSource, marks: Marks, query: str) -> Marks:
    keys = list(islice(source.keys(View(filter=query)), MAX_KEYS + 1))
    if len(keys) > MAX_KEYS:
        raise ValueError(f"More than {MAX_KEYS} rows match. Filter by the same words with / and press a.")
    return marks.with_keys(keys)
