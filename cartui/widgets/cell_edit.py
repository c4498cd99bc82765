"""One cell while it is typed in: text and caret. Pure; the table draws it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

MAX_CELL: Final = 500
_CUTS: Final = {
    "backspace": "before",
    "ctrl+h": "before",
    "delete": "after",
    "ctrl+d": "after",
    "ctrl+u": "head",
    "ctrl+k": "tail",
    "ctrl+w": "word",
}


@dataclass(frozen=True, slots=True)
class CellEdit:
    """The edit of column ``column`` in the row ``key``; ``problem`` is what check_cell says of ``text``."""

    key: str
    column: int
    text: str
    caret: int
    problem: str | None = None

    def press(self, key: str, character: str | None) -> CellEdit | None:
        """The edit after a key, None when the key means nothing here. ``key`` as Textual names it."""
        match key:
            case "left":
                return self._at(self.caret - 1)
            case "right":
                return self._at(self.caret + 1)
            case "home" | "ctrl+a":
                return self._at(0)
            case "end" | "ctrl+e":
                return self._at(len(self.text))
        if key in _CUTS:
            return self._cut(*self._cut_span(_CUTS[key]))
        if character and character.isprintable():
            return self.insert(character)
        return None

    def insert(self, text: str) -> CellEdit:
        """The edit with ``text`` put in at the caret."""
        joined = (self.text[: self.caret] + text + self.text[self.caret :])[:MAX_CELL]
        return replace(self, text=joined, caret=min(len(joined), self.caret + len(text)))

    def _at(self, caret: int) -> CellEdit:
        return replace(self, caret=min(max(0, caret), len(self.text)))

    def _cut(self, start: int, end: int) -> CellEdit:
        start = max(0, start)
        return replace(self, text=self.text[:start] + self.text[end:], caret=start)

    def _cut_span(self, what: str) -> tuple[int, int]:
        spans = {
            "before": (self.caret - 1, self.caret),
            "after": (self.caret, self.caret + 1),
            "head": (0, self.caret),
            "tail": (self.caret, len(self.text)),
            "word": (self._word_start(), self.caret),
        }
        return spans[what]

    def _word_start(self) -> int:
        head = self.text[: self.caret].rstrip()
        return head.rfind(" ") + 1
