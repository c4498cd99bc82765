"""A page of text to read: lines of pieces with a tone, laid out anew for each width, scrolled by keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Literal

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from cartui.domain.safe_text import safe_text
from cartui.widgets.cell_text import fit

Tone = Literal["plain", "strong", "quiet", "accent", "good", "warning", "bad"]
Piece = tuple[str, Tone]
Line = Sequence[Piece]
Layout = Callable[[int], Sequence[Line]]
"""Width in cells -> lines. The text must be safe already."""

MARGIN = 1


class Sheet(ScrollView, can_focus=True):
    """Draws only the lines that are seen; takes no key itself (the screen's `reading` keys move it)."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"sheet--{tone}" for tone in ("strong", "quiet", "accent", "good", "warning", "bad")
    }
    DEFAULT_CSS = """
    Sheet {
        height: 1fr; width: 1fr; background: $background; color: $foreground;
        overflow-x: hidden; overflow-y: auto; scrollbar-size: 0 1;
        & > .sheet--strong { text-style: bold; }
        & > .sheet--quiet { color: $foreground-darken-3; }
        & > .sheet--accent { color: $accent; text-style: bold; }
        & > .sheet--good { color: $text-success; }
        & > .sheet--warning { color: $text-warning; text-style: bold; }
        & > .sheet--bad { color: $text-error; text-style: bold; }
    }
    """

    def __init__(self, layout: Layout | None = None, *, id: str | None = None) -> None:  # noqa: A002  Textual's name
        super().__init__(id=id)
        self._layout_of: Layout = layout or (lambda _: [])
        self._lines: list[Line] = []

    @property
    def text(self) -> str:
        """All lines without their tones."""
        return "\n".join("".join(text for text, _ in line) for line in self._lines)

    def show(self, layout: Layout) -> None:
        """Lay out and draw this instead, from its top."""
        self._layout_of = layout
        self._lay_out()
        self.scroll_to(0, 0, animate=False, force=True)

    def move(self, where: str) -> None:
        """up, down, page_up, page_down, home or end."""
        page = max(1, self.size.height - 1)
        target = {
            "up": self.scroll_offset.y - 1,
            "down": self.scroll_offset.y + 1,
            "page_up": self.scroll_offset.y - page,
            "page_down": self.scroll_offset.y + page,
            "home": 0,
            "end": len(self._lines),
        }[where]
        self.scroll_to(y=min(max(0, target), self.max_scroll_y), animate=False, force=True)

    def _on_mount(self, _: events.Mount) -> None:
        self._lay_out()

    def _on_resize(self, _: events.Resize) -> None:
        self._lay_out()

    def _lay_out(self) -> None:
        # One cell is kept for the scroll bar whether it shows or not: else its coming would lay out again.
        width = max(20, self.container_size.width - 2 * MARGIN - 1)
        self._lines = list(self._layout_of(width))
        self.virtual_size = Size(width, len(self._lines))
        self.refresh()

    def render_line(self, y: int) -> Strip:
        base, width = self.rich_style, self.size.width
        at = y + self.scroll_offset.y
        line = self._lines[at] if at < len(self._lines) else ()
        parts = [Segment(" " * MARGIN, base)]
        parts += [Segment(text, self._style(base, tone)) for text, tone in line]
        return Strip(parts).adjust_cell_length(width, base)

    def _style(self, base: Style, tone: Tone) -> Style:
        return base if tone == "plain" else base + self.get_component_rich_style(f"sheet--{tone}", partial=True)


def heading(text: str) -> list[Line]:
    """An empty line and a heading."""
    return [(), ((text, "accent"),)]


def pair(name: str, value: str, width: int, tone: Tone = "plain", room: int = 16) -> list[Line]:
    """A field: its name, then its value on as many lines as it needs."""
    shown = wrapped(value, width - room) or ["–"]
    first: Line = ((f"{name:<{room}}", "quiet"), (shown[0], tone))
    return [first, *(((" " * room + line, tone),) for line in shown[1:])]


def wrapped(text: str, width: int, limit: int = 100_000) -> list[str]:
    """Foreign text, safe, on lines that fit."""
    lines: list[str] = []
    for line in safe_text(text, limit, keep_lines=True).expandtabs(4).split("\n"):
        lines += _cut(line, max(8, width))
    return lines if lines != [""] else []


def _cut(line: str, width: int) -> list[str]:
    """Cut at blanks where one is near, else by cells: a wide character takes two."""
    if line.isascii():
        pieces = []
        while len(line) > width:
            blank = line.rfind(" ", width // 2, width + 1)
            end = blank if blank > 0 else width
            pieces.append(line[:end])
            line = line[end:].removeprefix(" ") if blank > 0 else line[end:]
        return [*pieces, line]
    pieces, piece, used = [], "", 0
    for character in line:
        cells = Segment(character).cell_length
        if used + cells > width:
            pieces.append(piece)
            piece, used = "", 0
        piece, used = piece + character, used + cells
    return [*pieces, fit(piece, used, "left", "") if piece else ""]


def indented(raw: str) -> str:
    """JSON on lines, its values untouched (parsing would turn 1.10 into 1.1); other text as it is."""
    if not raw.lstrip().startswith(("{", "[")):
        return raw
    out: list[str] = []
    depth, quoted, escaped = 0, False, False
    for character in raw:
        if quoted:
            out.append(character)
            quoted = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character in "{[":
            depth += 1
            out += [character, "\n", "  " * min(depth, 20)]
        elif character in "}]":
            depth = max(0, depth - 1)
            out += ["\n", "  " * min(depth, 20), character]
        elif character == ",":
            out += [",\n", "  " * min(depth, 20)]
        elif character == ":":
            out.append(": ")
        elif not character.isspace():
            out.append(character)
            quoted = character == '"'
    return "".join(out)
