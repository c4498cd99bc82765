"""What the table tells its screen. Handlers: ``on_record_table_<name>``, or ``@on(RecordTable.<Name>)``."""

from __future__ import annotations

from textual.message import Message

from cartui.domain.rows import Marks, RowSource, View


class RowActivated(Message, namespace="record_table"):
    """Enter, or a double click, on a row."""

    def __init__(self, key: str) -> None:
        super().__init__()
        self.key = key


class CursorMoved(Message, namespace="record_table"):
    """The cursor stands on another row; None when there are no rows."""

    def __init__(self, key: str | None) -> None:
        super().__init__()
        self.key = key


class MarksChanged(Message, namespace="record_table"):
    """Rows were marked or unmarked; ``count`` says how many are."""

    def __init__(self, marks: Marks, count: int) -> None:
        super().__init__()
        self.marks = marks
        self.count = count


class CellEdited(Message, namespace="record_table"):
    """A cell has a new text, not saved yet. ``text`` equal to the stored one means the edit was taken back."""

    def __init__(self, key: str, column: str, text: str) -> None:
        super().__init__()
        self.key = key
        self.column = column
        self.text = text


class EditProblem(Message, namespace="record_table"):
    """Something typed can't be taken, or an action can't be done: one sentence."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class TypingChanged(Message, namespace="record_table"):
    """Digits go into number cells from now on (`on`), or are the screen's again."""

    def __init__(self, on: bool) -> None:
        super().__init__()
        self.on = on


class ViewRequested(Message, namespace="record_table"):
    """Another order or filter is being worked out; the table is busy until ViewReady."""

    def __init__(self, view: View) -> None:
        super().__init__()
        self.view = view


class ViewReady(Message, namespace="record_table"):
    """The work is done. ``problem`` is a sentence when it failed (the view before stays)."""

    def __init__(self, source: RowSource, view: View, problem: str | None = None) -> None:
        super().__init__()
        self.source = source
        self.view = view
        self.problem = problem
        self.count = 0
        self.cursor: int | None = None
        self.marks: Marks | None = None
        self.notice: str | None = None


class MarksReady(Message, namespace="record_table", bubble=False):
    """Marks that took a while to work out, or why they could not be."""

    def __init__(self, source: RowSource, marks: Marks | None, problem: str | None) -> None:
        super().__init__()
        self.source = source
        self.marks = marks
        self.problem = problem


class FilterAsked(Message, namespace="record_table"):
    """``/`` was pressed: open the filter line."""


class MarkQueryAsked(Message, namespace="record_table"):
    """``*`` was pressed: open the filter line to mark by a query."""
