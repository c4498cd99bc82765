"""The filter line under a table: filters as you type, says in words what it can't read."""

from __future__ import annotations

from typing import ClassVar, Final, Literal

from rich.segment import Segment
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Input

from cartui.domain.rows import RowSource, check_filter
from cartui.widgets.cell_text import fit
from cartui.widgets.fields import LineInput
from cartui.widgets.record_table import RecordTable
from cartui.widgets.signs import Signs

DEBOUNCE_SECONDS: Final = 0.15
"""A pause this long in typing starts the filter: one set_view a word, not one a letter."""

Mode = Literal["filter", "mark"]


class FilterBar(Vertical):
    """One input line and, when there is something to say, one line of words under it. Hidden until ``open``."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Clear", show=False, id="filter-line.leave"),
        Binding("enter,down", "keep", "To the list", show=False, id="filter-line.keep"),
    ]
    DEFAULT_CSS = """
    FilterBar {
        height: auto; dock: bottom; display: none; background: $panel;
        &.-open { display: block; }
        & > Input { height: 1; border: none; padding: 0 1; background: $panel; }
        & > Input:focus { border: none; background: $surface-lighten-1; }
        & > WordsLine { height: 1; display: none; color: $text-error; }
        & > WordsLine.-filled { display: block; }
    }
    """

    class Changed(Message):
        """A query that can be read is wanted; posted after a pause in typing, or at enter (``done``)."""

        def __init__(self, mode: Mode, text: str, done: bool) -> None:
            super().__init__()
            self.mode = mode
            self.text = text
            self.done = done

    class Closed(Message):
        """The line was left; the focus goes back to the list."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name for it
        super().__init__(id=id)
        self.mode: Mode = "filter"
        self.source: RowSource | None = None
        self._timer: Timer | None = None
        self._sent: str | None = None

    def compose(self) -> ComposeResult:
        """The input and the line for words."""
        box = LineInput(placeholder="words  status:open  total>100  sku:AB*  -word  (esc clears)", compact=True)
        box.cursor_blink = False
        yield box
        yield WordsLine()

    @property
    def problem(self) -> str:
        """What the line under the input says."""
        return self.query_one(WordsLine).text

    def open(self, mode: Mode, text: str, source: RowSource | None) -> None:
        """Show the line, with ``text`` in it, for the columns of ``source``."""
        self.mode, self.source, self._sent = mode, source, text
        self.say("")
        self.add_class("-open")
        box = self.query_one(Input)
        with box.prevent(Input.Changed):
            box.value = text
        box.cursor_position = len(text)
        box.focus()

    def say(self, text: str) -> None:
        """Say something under the input; empty takes the line away."""
        self.query_one(WordsLine).show(text)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(DEBOUNCE_SECONDS, self._pause)

    def _pause(self) -> None:
        self._timer = None
        self._send(done=False)

    def _send(self, *, done: bool) -> bool:
        text = self.query_one(Input).value.strip()
        problem = check_filter(text, self.source.columns) if self.source is not None else None
        self.say(problem or "")
        if problem is not None:
            return False
        if done or (self.mode == "filter" and text != self._sent):
            self._sent = text
            self.post_message(self.Changed(self.mode, text, done))
        return True

    def action_keep(self) -> None:
        """Take what stands in the line and go back to the list."""
        if self._send(done=True):
            self.close()

    def action_leave(self) -> None:
        """Empty the line; when it is empty already, close it."""
        box = self.query_one(Input)
        if box.value and self.mode == "filter":
            box.value = ""
        else:
            self.close()

    def close(self) -> None:
        """Hide the line."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        self.remove_class("-open")
        self.post_message(self.Closed())


class WordsLine(Widget):
    """One line of plain words; takes no room while it has none."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""

    def show(self, text: str) -> None:
        """Draw other words, if they are others."""
        if text != self.text:
            self.text = text
            self.set_class(bool(text), "-filled")
            self.refresh()

    def render_line(self, y: int) -> Strip:  # noqa: ARG002 - there is one line
        """The words, safe and cut to the width."""
        width = self.size.width
        return Strip([Segment(fit(f" ! {self.text}", width, "left", "~"), self.rich_style)], width)


class RecordList(Vertical):
    """A table with its filter line, wired: ``/`` filters as you type, ``*`` marks by query."""

    TABLE: ClassVar[type[RecordTable]] = RecordTable
    DEFAULT_CSS = """
    RecordList { height: 1fr; width: 1fr; }
    """

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
        super().__init__(id=id, classes=classes)
        self.table = self.TABLE(source, markable=markable, empty_text=empty_text, signs=signs)
        self.bar = FilterBar()

    def compose(self) -> ComposeResult:
        """The table, and the line below it."""
        yield self.table
        yield self.bar

    @on(RecordTable.FilterAsked)
    def _open_filter(self, event: RecordTable.FilterAsked) -> None:
        event.stop()
        self.bar.open("filter", self.table.view.filter, self.table.source)

    @on(RecordTable.MarkQueryAsked)
    def _open_marks(self, event: RecordTable.MarkQueryAsked) -> None:
        event.stop()
        self.bar.open("mark", "", self.table.source)

    @on(FilterBar.Changed)
    def _query_wanted(self, event: FilterBar.Changed) -> None:
        event.stop()
        if event.mode == "mark":
            self.table.mark_query(event.text)
        elif event.text != self.table.view.filter or self.table.busy:
            self.table.request_filter(event.text)

    @on(FilterBar.Closed)
    def _bar_closed(self, event: FilterBar.Closed) -> None:
        event.stop()
        self.table.focus()

    @on(RecordTable.ViewReady)
    def _view_ready(self, event: RecordTable.ViewReady) -> None:
        if self.bar.has_class("-open"):
            self.bar.say(event.problem or "")
