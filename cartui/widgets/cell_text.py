"""Cuts and pads text to an exact number of terminal cells."""

from __future__ import annotations

from typing import Final, Literal

from rich.cells import cell_len, set_cell_size

from cartui.domain.safe_text import safe_text

MAX_DRAWN: Final = 400
"""Characters of a cell that are looked at for drawing; no terminal is wider."""


def fit(text: str, width: int, align: Literal["left", "right"], ellipsis: str) -> str:
    """``text`` made safe and exactly ``width`` terminal cells wide; a cut end is shown by ``ellipsis``."""
    if width <= 0:
        return ""
    text = safe_text(text, MAX_DRAWN)
    if text.isascii():
        length = len(text)
    else:
        text = _shown(text)
        length = cell_len(text)
    if length > width:
        return set_cell_size(text, width - 1) + ellipsis
    padding = " " * (width - length)
    return padding + text if align == "right" else text + padding


def _shown(text: str) -> str:
    # A mark with nothing before it would stick to the column on the left.
    return " " + text if text and cell_len(text[0]) == 0 else text
