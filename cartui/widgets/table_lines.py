"""The lines of the table: what each looks like, from the state the other halves change.

Everything drawn goes through ``safe_text`` and is exactly as wide as its place; text is never markup.
"""

from __future__ import annotations

from typing import ClassVar, Final

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.scroll_view import ScrollView
from textual.strip import Strip

from cartui.domain.rows import FLAG_EDITED, FLAG_MUTED, FLAG_PROBLEM, Column, Marks, Row, RowSource, View
from cartui.widgets.cell_edit import CellEdit
from cartui.widgets.cell_text import fit
from cartui.widgets.column_layout import Slot
from cartui.widgets.page_cache import PageCache
from cartui.widgets.signs import Signs, pick_signs

PREFIX: Final = 5
"""Cells before the first column: cursor sign, check box, sign of the row's state."""


class TableLines(ScrollView, can_focus=True):
    """State and drawing. Draws the visible lines and repaints single ones."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "table--header",
        "table--cursor",
        "table--marked",
        "table--problem",
        "table--muted",
        "table--edited",
        "table--editing",
        "table--error",
        "table--hint",
    }
    DEFAULT_CSS = """
    TableLines {
        height: 1fr; width: 1fr; background: $background; color: $foreground;
        overflow: hidden hidden; scrollbar-size: 0 0;
        & > .table--header { background: $panel; color: $foreground-darken-3; text-style: bold; }
        & > .table--cursor { background: $surface-lighten-1; }
        & > .table--marked { color: $text-accent; }
        & > .table--problem { color: $text-warning; }
        & > .table--muted { color: $foreground-darken-3; }
        & > .table--edited { color: $text-success; text-style: bold; }
        & > .table--editing { background: $surface-lighten-2; color: $foreground; text-style: underline; }
        & > .table--error { background: $error-muted; color: $text-error; text-style: bold; }
        & > .table--hint { color: $foreground-darken-3; }
        &:focus > .table--header { color: $foreground; }
        &:focus > .table--cursor { background: $primary-muted; color: $foreground; text-style: bold; }
    }
    """

    def __init__(
        self,
        *,
        markable: bool = True,
        empty_text: str = "Nothing here yet.",
        signs: Signs | None = None,
        id: str | None = None,  # noqa: A002 - Textual's name for it
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.signs = signs or pick_signs()
        self.markable = markable
        self.empty_text = empty_text
        self.view = View()
        self.marks = Marks.none()
        self.edits: dict[tuple[str, str], str] = {}
        self.busy = False
        self.cursor_row = 0
        self.cursor_column = 0
        self._wanted: View | None = None
        self._source: RowSource | None = None
        self._cache: PageCache | None = None
        self._columns: tuple[Column, ...] = ()
        self._count = 0
        self._order: tuple[int, ...] = ()
        self._slots: tuple[Slot, ...] = ()
        self._offset = 0
        self._anchor: int | None = None
        self._edit: CellEdit | None = None
        self._undo: list[tuple[str, str, str | None]] = []
        self._painted: dict[tuple[str, ...], Style] = {}

    @property
    def _body_height(self) -> int:
        return max(1, self.size.height - 1)

    def notify_style_update(self) -> None:
        """Colours are worked out once, not at each line."""
        super().notify_style_update()
        self._painted.clear()

    # --- repainting --------------------------------------------------------------------------------------------------

    def _refresh_rows(self, first: int, last: int) -> None:
        top = self.scroll_offset.y
        first, last = max(first, top), min(last, top + self._body_height - 1)
        if first <= last:
            self.refresh(Region(0, first - top + 1, self.size.width, last - first + 1))

    def _refresh_header(self) -> None:
        self.refresh(Region(0, 0, self.size.width, 1))

    def _row(self, position: int) -> Row | None:
        return self._cache.row(position) if self._cache is not None and 0 <= position < self._count else None

    def _cell(self, row: Row, column: int) -> str:
        return self.edits.get((row.key, self._columns[column].name), row.cells[column])

    # --- drawing -----------------------------------------------------------------------------------------------------

    def _style(self, *names: str) -> Style:
        style = self._painted.get(names)
        if style is None:
            style = self.rich_style
            for name in names:
                style += self.get_component_rich_style(f"table--{name}", partial=True)
            if self.app.no_color and ("cursor" in names or "error" in names):
                style += Style(reverse=True)
            self._painted[names] = style
        return style

    def render_line(self, y: int) -> Strip:
        """One line of the window: the header, a row, or what is said about an edit."""
        width = self.size.width
        if y == 0:
            return self._draw_header(width)
        position = self.scroll_offset.y + y - 1
        if (problem := self._overlay(position)) is not None:
            text = fit(f"   {self.signs.problem} {problem}", width, "left", self.signs.ellipsis)
            return Strip([Segment(text, self._style("error"))], width)
        row = self._row(position)
        if row is not None:
            return self._draw_row(row, position, y, width)
        return self._draw_hint(width) if y == 2 and not self._count else Strip.blank(width, self._style())

    def _overlay(self, position: int) -> str | None:
        """The sentence drawn over a line: the problem of the cell being edited, on the line below (or above) it."""
        if self._edit is None or self._edit.problem is None:
            return None
        return self._edit.problem if position == self._problem_row() else None

    def _problem_row(self) -> int:
        below = self.cursor_row + 1
        return below if below < self.scroll_offset.y + self._body_height else self.cursor_row - 1

    def _draw_header(self, width: int) -> Strip:
        signs = self.signs
        style, under = self._style("header"), self._style("header") + Style(underline=True)
        parts = [Segment(f" {self._header_box()}{signs.more_left if self._offset else ' '}", style)]
        for slot in self._slots:
            column = self._columns[slot.column]
            order = ""
            if self.view.order_by == column.name:
                order = signs.descending if self.view.descending else signs.ascending
            title = fit(column.title + order, slot.width, column.align, signs.ellipsis)
            here = slot.column == self.cursor_column
            parts += [Segment(" ", style), Segment(title, under if here else style), Segment(" ", style)]
        end = signs.more_right if self._offset + len(self._slots) < len(self._columns) else " "
        if self.busy:
            end = f" working{signs.ellipsis} "
        start = Strip(list(Segment.simplify(parts))).adjust_cell_length(max(0, width - len(end)), style)
        return Strip.join([start, Strip([Segment(end, style)], len(end))]).adjust_cell_length(width, style)

    def _header_box(self) -> str:
        if not self.markable:
            return "   "
        if self.marks.is_empty:
            return self.signs.unchecked
        return self.signs.checked if self.marks.everything and not self.marks.keys else self.signs.partly

    def _draw_row(self, row: Row, position: int, y: int, width: int) -> Strip:
        at_cursor = position == self.cursor_row
        edited = FLAG_EDITED in row.flags or self._has_edits(row.key)
        state = ""
        if FLAG_PROBLEM in row.flags:
            state = "problem"
        elif self.marks.contains(row.key):
            state = "marked"
        elif FLAG_MUTED in row.flags:
            state = "muted"
        names = ((state,) if state else ()) + (("cursor",) if at_cursor else ())
        style = self._style(*names)
        sign = self.signs.problem if FLAG_PROBLEM in row.flags else self.signs.edited if edited else " "
        parts = [Segment((self.signs.cursor if at_cursor else " ") + self._box(row, position) + sign, style)]
        used = PREFIX
        for slot in self._slots:
            parts += self._draw_cell(row, slot, at_cursor, style, names)
            used = slot.end
        parts.append(Segment(" " * max(0, width - used - 1) + self._thumb(y), style))
        return Strip(list(Segment.simplify(parts))).adjust_cell_length(width, style)

    def _draw_cell(self, row: Row, slot: Slot, at_cursor: bool, style: Style, names: tuple[str, ...]) -> list[Segment]:
        column = self._columns[slot.column]
        edit = self._edit
        if edit is not None and edit.key == row.key and edit.column == slot.column:
            return [Segment(" ", style), *self._draw_edit(edit, slot.width), Segment(" ", style)]
        text = fit(self._cell(row, slot.column), slot.width, column.align, self.signs.ellipsis)
        here = at_cursor and slot.column == self.cursor_column and len(self._columns) > 1
        left, right = (self.signs.cell_left, self.signs.cell_right) if here else (" ", " ")
        if (row.key, column.name) not in self.edits:
            return [Segment(left + text + right, style)]
        return [Segment(left, style), Segment(text + self.signs.edited, self._style(*names, "edited"))]

    def _draw_edit(self, edit: CellEdit, width: int) -> list[Segment]:
        """The text around the caret, which is a reversed cell (a blinking one would cost bytes for ever)."""
        style = self._style("editing")
        text = edit.text + " "
        # Typed text is drawn one to one up to the caret; fit() makes each piece safe and exact.
        head = fit_tail(text[: edit.caret], width - 1)
        rest = fit(text[edit.caret + 1 :], width, "left", " ")
        caret = fit(text[edit.caret], 1, "left", " ") or " "
        segments = [Segment(head, style), Segment(caret, style + Style(reverse=True)), Segment(rest, style)]
        return list(Strip(segments).adjust_cell_length(width, style))

    def _draw_hint(self, width: int) -> Strip:
        text = self.empty_text
        if self.view.filter:
            text = f"Nothing matches {self.view.filter} - esc clears the filter."
        return Strip([Segment(fit("   " + text, width, "left", self.signs.ellipsis), self._style("hint"))], width)

    def _box(self, row: Row, position: int) -> str:
        if not self.markable:
            return "   "
        if self._anchor is not None and min(self._anchor, self.cursor_row) <= position <= max(
            self._anchor, self.cursor_row
        ):
            return self.signs.ranged
        return self.signs.checked if self.marks.contains(row.key) else self.signs.unchecked

    def _has_edits(self, key: str) -> bool:
        return any((key, column.name) in self.edits for column in self._columns) if self.edits else False

    def _thumb(self, y: int) -> str:
        """The place in the list, drawn with the line: a scrollbar widget would repaint on its own, in more bytes."""
        body = self._body_height
        if self._count <= body:
            return " "
        size = max(1, body * body // self._count)
        top = self.scroll_offset.y * (body - size) // max(1, self._count - body)
        return self.signs.thumb if top <= y - 1 < top + size else " "


def fit_tail(text: str, width: int) -> str:
    """The end of ``text`` that fits ``width`` cells."""
    drawn = fit(text, 10_000, "left", "").rstrip(" ") + " " * (len(text) - len(text.rstrip(" ")))
    while Segment(drawn).cell_length > width:
        drawn = drawn[1:]
    return drawn
