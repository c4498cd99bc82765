"""The lines around every screen: title, tabs, help line, keys. Each repaints only when its text changes."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

Part = str | tuple[str, str]
"""A piece of a line: text, or (text, style). Never markup. The text must be safe already (`safe_text`)."""


def put(static: Static, content: Content) -> None:
    """Show this in a Static; nothing is laid out or drawn when it is the same already."""
    if not (isinstance(static.content, Content) and static.content.is_same(content)):
        static.update(content)


class TextLine(Widget):
    """One line of text."""

    DEFAULT_CSS = """
    TextLine { height: 1; width: 1fr; text-wrap: nowrap; text-overflow: ellipsis; padding: 0 1; }
    """
    ALLOW_SELECT = False

    def __init__(self, *parts: Part, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002  Textual's name
        super().__init__(id=id, classes=classes)
        self._content = Content.assemble(*parts)

    @property
    def text(self) -> str:
        """The text without its styles."""
        return self._content.plain

    def show(self, *parts: Part) -> None:
        """Draw this instead; nothing goes to the terminal when it is the same."""
        content = Content.assemble(*parts)
        if not content.is_same(self._content):
            self._content = content
            self.refresh()

    def render(self) -> Content:
        return self._content


class TabStrip(Widget):
    """The tabs of a document: number and title, the current one set off by brackets and colour. On a narrow terminal
    the tabs far from the current one shrink to their numbers."""

    DEFAULT_CSS = """
    TabStrip { height: 1; width: 1fr; text-wrap: nowrap; padding: 0 1; }
    """
    ALLOW_SELECT = False

    class Chosen(Message):
        """A tab was clicked."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    def __init__(self, tabs: Sequence[tuple[int, str]], current: int, id: str | None = None) -> None:  # noqa: A002  Textual's name
        super().__init__(id=id)
        self._tabs = tuple(tabs)
        self._current = current
        self._edited: frozenset[int] = frozenset()

    def show_edited(self, numbers: frozenset[int]) -> None:
        """Tabs with unsaved changes get a star."""
        if numbers != self._edited:
            self._edited = numbers
            self.refresh()

    def render(self) -> Content:
        parts: list[tuple[str, str]] = []
        for number, label in self._labels(self.size.width):
            if number == self._current:
                parts.append((f"[{label}]", "bold $accent"))
            else:
                parts.append((f" {label} ", "$quiet"))
        return Content.assemble(*parts)

    def _labels(self, room: int) -> list[tuple[int, str]]:
        full = {number: f"{number % 10} {title}{'*' if number in self._edited else ''}" for number, title in self._tabs}
        short = {number: f"{number % 10}{'*' if number in self._edited else ''}" for number, _ in self._tabs}
        chosen = dict(full)
        far_first = sorted(chosen, key=lambda number: -abs(number - self._current))
        for number in far_first:
            if sum(cell_len(label) + 2 for label in chosen.values()) <= room or number == self._current:
                break
            chosen[number] = short[number]
        return list(chosen.items())

    def on_click(self, event: events.Click) -> None:
        x = event.get_content_offset_capture(self).x
        for number, label in self._labels(self.size.width):
            x -= cell_len(label) + 2
            if x < 0:
                self.post_message(self.Chosen(number))
                return


class KeyLine(Widget):
    """The footer: what works here and now. `entries` are (key, text, works, action); what can't run now stands in
    brackets and is drawn quietly."""

    DEFAULT_CSS = """
    KeyLine { height: 1; width: 1fr; text-wrap: nowrap; padding: 0 1; }
    """
    ALLOW_SELECT = False

    class Pressed(Message):
        """A key of the line was clicked."""

        def __init__(self, action: str) -> None:
            super().__init__()
            self.action = action

    def __init__(self, id: str | None = None) -> None:  # noqa: A002  Textual's name
        super().__init__(id=id)
        self._entries: tuple[tuple[str, str, bool, str], ...] = ()

    @property
    def text(self) -> str:
        """The line as it is drawn, without styles."""
        return self.render().plain

    def show(self, entries: Sequence[tuple[str, str, bool, str]]) -> None:
        """Draw these; nothing goes to the terminal when they are the same."""
        if (entries := tuple(entries)) != self._entries:
            self._entries = entries
            self.refresh()

    def render(self) -> Content:
        parts: list[tuple[str, str]] = []
        for key, text, works, _ in self._fitting(self.size.width):
            if works:
                parts += [(key, "bold $accent"), (f" {text}  ", "")]
            else:
                parts.append((f"({key} {text})  ", "$faint"))
        return Content.assemble(*parts)

    def _fitting(self, room: int) -> list[tuple[str, str, bool, str]]:
        """As many as fit, but always the last two (Back and Help)."""
        if not self._entries:
            return []
        others, last = self._entries[:-2], self._entries[-2:]
        left = room - sum(map(_width, last))
        kept = []
        for entry in others:
            if (left := left - _width(entry)) < 0:
                break
            kept.append(entry)
        return [*kept, *last]

    def on_click(self, event: events.Click) -> None:
        x = event.get_content_offset_capture(self).x
        for entry in self._fitting(self.size.width):
            x -= _width(entry)
            if x < 0:
                self.post_message(self.Pressed(entry[3]))
                return


def _width(entry: tuple[str, str, bool, str]) -> int:
    key, text, works, _ = entry
    return cell_len(key) + 1 + cell_len(text) + (2 if works else 4)
