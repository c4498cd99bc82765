"""The table on which every list of cartui stands.

Looks and behaves like Textual's DataTable, but rows are read on demand from a ``RowSource`` (domain.rows), a key press
repaints only the lines it changed, and cells are edited in place. Drawing: ``table_view``; marks: ``table_marks``;
editing: here. Edits are kept by (key, column name) in ``edits`` until the screen saves them and calls ``clear_edits``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Final, TypeAlias

from textual import events
from textual.binding import Binding, BindingType

from cartui.domain.rows import Editor, RowSource, View, check_cell
from cartui.domain.safe_text import safe_text
from cartui.widgets import table_messages as messages
from cartui.widgets.cell_edit import CellEdit
from cartui.widgets.table_marks import TableMarks
from cartui.widgets.table_messages import CellEdited, EditProblem, TypingChanged

CellCheck = Callable[[str, str, str], str | None]
"""(key, column name, text) -> a sentence that says what is wrong, or None. Asked while typing, so it must be quick."""

MAX_PASTE: Final = 1_000
"""Lines of one paste that are filled down."""
_BEGINS_NUMBER: Final = "0123456789-.,"  # a sign that is not allowed is to be refused, not lost
MAX_UNDO: Final = 200


class RecordTable(TableMarks):
    """Rows on demand with check boxes, a cell cursor, order, filter and inline editing.

    ``editable`` turns editing off for View mode; ``cell_check`` adds rules of the screen (a code that must be unique)
    to those of the column's editor.
    """

    RowActivated: TypeAlias = messages.RowActivated
    CursorMoved: TypeAlias = messages.CursorMoved
    MarksChanged: TypeAlias = messages.MarksChanged
    CellEdited: TypeAlias = messages.CellEdited
    EditProblem: TypeAlias = messages.EditProblem
    TypingChanged: TypeAlias = messages.TypingChanged
    ViewRequested: TypeAlias = messages.ViewRequested
    ViewReady: TypeAlias = messages.ViewReady
    FilterAsked: TypeAlias = messages.FilterAsked
    MarkQueryAsked: TypeAlias = messages.MarkQueryAsked

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "edit", "Edit cell", show=False, id="table.edit"),
        Binding("tab", "next_cell(1)", "Next cell", show=False, id="table.next-cell"),
        Binding("shift+tab", "next_cell(-1)", "Previous cell", show=False, id="table.previous-cell"),
        Binding("u", "undo", "Undo", show=False, id="table.undo"),
    ]

    editable = True
    typing = False
    """Digits go into number cells: from `e` or `tab` until `esc`, or until the cell cursor is moved by ←→ or the mouse.
    Else they are the screen's (its tabs)."""
    cell_check: CellCheck | None = None

    @property
    def is_editing(self) -> bool:
        """True while a cell is typed in."""
        return self._edit is not None

    @property
    def editing_text(self) -> str | None:
        """What stands in the cell being typed in, None when there is none."""
        return self._edit.text if self._edit is not None else None

    @property
    def editing_problem(self) -> str | None:
        """What is wrong with it, as drawn below it."""
        return self._edit.problem if self._edit is not None else None

    def clear_edits(self) -> None:
        """Forget all edits, after they were saved or given up; repaints the window."""
        self._edit = None
        self.edits.clear()
        self._undo.clear()
        self.refresh()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Editing keys belong to the screen where nothing can be edited."""
        if action in ("edit", "next_cell"):
            return self.editable and any(column.editor for column in self._columns) and self._count > 0
        if action == "undo":
            return bool(self._undo)
        if action == "step_back" and self.typing:
            return True
        return super().check_action(action, parameters)

    # --- editing -----------------------------------------------------------------------------------------------------

    def _editor(self, column: int) -> Editor | None:
        return self._columns[column].editor if self.editable and column < len(self._columns) else None

    def action_edit(self) -> None:
        """Edit the cell under the cursor, or the first one of the row that can be edited."""
        if self._editor(self.cursor_column) is None:
            first = next((at for at in self._order if self._editor(at) is not None), None)
            if first is None:
                return
            self.move_column(first)
        self._set_typing(True)
        row = self._row(self.cursor_row)
        if row is not None:
            text = safe_text(self._cell(row, self.cursor_column))
            self._change(CellEdit(row.key, self.cursor_column, text, len(text)))

    def move_cursor(self, row: int) -> None:
        """Put the cursor on a row; an open cell is kept first, or holds the cursor when it can't be."""
        if self._leave_edit():
            super().move_cursor(row)

    def move_column(self, column: int) -> None:
        """Put the cell cursor on a column, like ``move_cursor``."""
        if self._leave_edit():
            super().move_column(column)

    def action_next_cell(self, step: int) -> None:
        """The next (1) or previous (-1) cell that can be edited, on to the next row at the end of one."""
        cells = [at for at in self._order if self._editor(at) is not None]
        if not cells or not self._leave_edit():
            return
        self._set_typing(True)
        here = self._order.index(self.cursor_column)
        ahead = [at for at in cells if (self._order.index(at) - here) * step > 0]
        if ahead:
            self.move_column(ahead[0] if step > 0 else ahead[-1])
        elif 0 <= self.cursor_row + step < self._count:
            self.move_column(cells[0] if step > 0 else cells[-1])
            self.move_cursor(self.cursor_row + step)

    def action_undo(self) -> None:
        """Take back the last edit of a cell."""
        key, column, before = self._undo.pop()
        at = self._source.find(key) if self._source is not None else None
        row = self._row(at) if at is not None else None
        if before is None:
            self.edits.pop((key, column), None)
        else:
            self.edits[key, column] = before
        if at is not None and row is not None:
            index = [one.name for one in self._columns].index(column)
            self.move_cursor(at)
            self._refresh_rows(at, at)
            self.post_message(CellEdited(key, column, self._cell(row, index)))

    async def on_key(self, event: events.Key) -> None:
        """Typing: into the open cell, or a digit or sign that opens one."""
        if self._edit is not None:
            if event.key.startswith("ctrl+") and self._edit.press(event.key, None) is None and self._leave_edit():
                return  # ctrl+s and its like are the screen's; what was typed is kept first
            event.stop()
            event.prevent_default()
            self._press(self._edit, event)
        elif self._starts_number(event):
            event.stop()
            event.prevent_default()
            row = self._row(self.cursor_row)
            if row is not None and event.character:
                self._change(self._checked(CellEdit(row.key, self.cursor_column, event.character, 1)))

    def _set_typing(self, on: bool) -> None:
        if on is not self.typing:
            self.typing = on
            self.post_message(TypingChanged(on))

    def _step_column(self, step: int) -> None:
        self._set_typing(False)
        super()._step_column(step)

    async def _on_click(self, event: events.Click) -> None:
        self._set_typing(False)
        await super()._on_click(event)

    def set_source(self, source: RowSource, view: View | None = None) -> None:
        """As `TableView.set_source`; numbers typed are the screen's again."""
        super().set_source(source, view)
        self.typing = False

    def action_step_back(self) -> None:
        """Clear one thing: typing into cells, the open range, then the filter."""
        if self.typing:
            self._set_typing(False)
        else:
            super().action_step_back()

    def _starts_number(self, event: events.Key) -> bool:
        if not self.typing:
            return False
        editor = self._editor(self.cursor_column) if self._count else None
        character = event.character or ""
        return editor is not None and editor.is_number and character != "" and character in _BEGINS_NUMBER

    def _press(self, edit: CellEdit, event: events.Key) -> None:
        match event.key:
            case "escape":
                self._change(None)
            case "enter" | "down":
                if self._accept(edit):
                    self.move_cursor(self.cursor_row + 1)
            case "up":
                if self._accept(edit):
                    self.move_cursor(self.cursor_row - 1)
            case "tab":
                self.action_next_cell(1)
            case "shift+tab":
                self.action_next_cell(-1)
            case _:
                changed = edit.press(event.key, event.character)
                if changed is not None:
                    self._change(self._checked(changed))

    def _checked(self, edit: CellEdit) -> CellEdit:
        return CellEdit(edit.key, edit.column, edit.text, edit.caret, self._problem(edit, final=False))

    def _problem(self, edit: CellEdit, *, final: bool) -> str | None:
        column = self._columns[edit.column]
        if column.editor is None:
            return f"{column.title} can't be edited."
        problem = check_cell(column.editor, edit.text, final)
        if problem is None and column.editor is Editor.CODE and self._is_taken(edit):
            problem = "Another row was just given this code."
        if problem is None and self.cell_check is not None:
            problem = self.cell_check(edit.key, column.name, edit.text)
        return problem

    def _is_taken(self, edit: CellEdit) -> bool:
        name, wanted = self._columns[edit.column].name, edit.text.casefold()
        return bool(wanted) and any(
            at == name and key != edit.key and text.casefold() == wanted for (key, at), text in self.edits.items()
        )

    def _leave_edit(self) -> bool:
        return self._edit is None or self._accept(self._edit)

    def _accept(self, edit: CellEdit) -> bool:
        """Keep what was typed; False (and the cell stays open) when it can't be kept."""
        problem = self._problem(edit, final=True)
        if problem is not None:
            self._change(CellEdit(edit.key, edit.column, edit.text, edit.caret, problem))
            self.post_message(EditProblem(problem))
            return False
        self._change(None)
        self._keep(self.cursor_row, edit.column, edit.text)
        return True

    def _keep(self, position: int, column: int, text: str) -> None:
        row = self._row(position)
        if row is None or text == safe_text(self._cell(row, column)):
            return
        name = self._columns[column].name
        self._undo.append((row.key, name, self.edits.get((row.key, name))))
        del self._undo[:-MAX_UNDO]
        if text == row.cells[column]:
            self.edits.pop((row.key, name), None)
        else:
            self.edits[row.key, name] = text
        self._refresh_rows(position, position)
        self.post_message(CellEdited(row.key, name, text))

    def _change(self, edit: CellEdit | None) -> None:
        """Another state of the open cell: repaints its line, and the one where its problem is drawn if that changed."""
        before = self._edit
        was = before.problem if before is not None else None
        now = edit.problem if edit is not None else None
        self._edit = edit
        self._refresh_rows(self.cursor_row, self.cursor_row)
        if was != now:
            self._refresh_rows(self._problem_row(), self._problem_row())

    # --- paste -------------------------------------------------------------------------------------------------------

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        lines = event.text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n")
        if self._editor(self.cursor_column) is None or not self._count or not event.text:
            return
        if len(lines) > 1:
            self._fill_down(lines)
            return
        if self._edit is None:
            key = self.cursor_key
            edit = CellEdit(key, self.cursor_column, "", 0) if key is not None else None
        else:
            edit = self._edit
        if edit is not None:
            self._change(self._checked(edit.insert(safe_text(lines[0].strip()))))

    def _fill_down(self, lines: list[str]) -> None:
        """Put one line into each row from the cursor on; all are checked before the first is taken."""
        rows = min(self._count - self.cursor_row, len(lines))
        if len(lines) > MAX_PASTE or rows < len(lines):
            room = min(MAX_PASTE, self._count - self.cursor_row)
            self.post_message(EditProblem(f"{len(lines)} lines were pasted, but there is room for {room}."))
            return
        self._change(None)
        column = self.cursor_column
        texts = [safe_text(line.strip()) for line in lines]
        for at, text in enumerate(texts):
            row = self._row(self.cursor_row + at)
            if row is None:
                return
            problem = self._problem(CellEdit(row.key, column, text, 0), final=True)
            if problem is not None:
                self.post_message(EditProblem(f"Line {at + 1} of what was pasted: {problem}"))
                return
        for at, text in enumerate(texts):
            self._keep(self.cursor_row + at, column, text)
        self.move_cursor(self.cursor_row + len(lines) - 1)
