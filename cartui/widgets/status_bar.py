"""The status line: states by word and sign, painted only when they change, no byte while idle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from cartui.domain.safe_text import safe_text
from cartui.widgets.cell_text import fit
from cartui.widgets.signs import Signs, pick_signs

Tone = Literal["plain", "quiet", "good", "warning", "bad"]


@dataclass(frozen=True, slots=True)
class StatusSegment:
    """A piece of the line. ``tone`` only adds colour: the text itself must say the state. ``line`` 0 or 1; pieces with
    ``right`` stand at the right edge and are the last to be cut."""

    text: str
    tone: Tone = "plain"
    line: int = 0
    right: bool = False


class StatusBar(Widget):
    """One or two lines (``lines``) of segments with two blanks between them."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"status--{tone}" for tone in ("quiet", "good", "warning", "bad")}
    DEFAULT_CSS = """
    StatusBar {
        height: 1; width: 1fr; background: $panel; color: $foreground;
        & > .status--quiet { color: $foreground-darken-3; }
        & > .status--good { color: $text-success; text-style: bold; }
        & > .status--warning { color: $text-warning; text-style: bold; }
        & > .status--bad { color: $text-error; text-style: bold; }
    }
    """

    def __init__(
        self,
        *,
        lines: int = 1,
        signs: Signs | None = None,
        id: str | None = None,  # noqa: A002 - Textual's name for it
    ) -> None:
        super().__init__(id=id)
        self.lines = lines
        self.signs = signs or pick_signs()
        self.segments: tuple[StatusSegment, ...] = ()
        self.styles.height = lines

    def set_segments(self, segments: Sequence[StatusSegment]) -> None:
        """Show these instead; only lines that differ are painted."""
        fresh = tuple(segments)
        for line in range(self.lines):
            if self._of(self.segments, line) != self._of(fresh, line):
                self.refresh(Region(0, line, self.size.width, 1))
        self.segments = fresh

    @property
    def text(self) -> str:
        """All texts, for tests and for reading aloud."""
        return "  ".join(segment.text for segment in self.segments)

    @staticmethod
    def _of(segments: Sequence[StatusSegment], line: int) -> list[StatusSegment]:
        return [segment for segment in segments if segment.line == line]

    def _tone(self, tone: Tone) -> Style:
        base = self.rich_style
        return base if tone == "plain" else base + self.get_component_rich_style(f"status--{tone}", partial=True)

    def render_line(self, y: int) -> Strip:
        """One line: the left pieces, room, the right pieces."""
        width, base = self.size.width, self.rich_style
        mine = [segment for segment in self._of(self.segments, y) if segment.text]
        right = self._pieces([segment for segment in mine if segment.right], base)
        room = max(0, width - right.cell_length)
        left = self._pieces([segment for segment in mine if not segment.right], base)
        if left.cell_length > room:
            left = left.crop(0, max(0, room - 1)) + Strip([Segment(self.signs.ellipsis, base)])
        return Strip.join([left.adjust_cell_length(room, base), right]).adjust_cell_length(width, base)

    def _pieces(self, segments: Sequence[StatusSegment], base: Style) -> Strip:
        parts: list[Segment] = []
        for segment in segments:
            text = safe_text(segment.text, 200)
            drawn = fit(text, cell_len(text), "left", "")
            parts += [Segment("  " if parts else " ", base), Segment(drawn, self._tone(segment.tone))]
        return Strip([*parts, Segment(" ", base)] if parts else [])
