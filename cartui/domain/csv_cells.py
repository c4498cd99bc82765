"""Cells of the CSV files that cartui writes: harmless on a terminal, and no spreadsheet runs one as a formula."""

from __future__ import annotations

import json
import re
from typing import Final

from cartui.domain.safe_text import safe_text

_NUMBER: Final = re.compile(r"-?\d{1,30}(\.\d{1,20})?", re.ASCII)
_FORMULA_STARTS: Final = ("=", "+", "-", "@")
_CONTROLS: Final = ("\t", "\r", "\n")


def csv_cell(value: object) -> str:
    """The text of one cell. Numbers stay numbers; other text that a spreadsheet would run gets a ' in front."""
    text = cell_text(value)
    start = value if isinstance(value, str) else text
    if _NUMBER.fullmatch(text) or not (start.startswith(_CONTROLS) or text.lstrip().startswith(_FORMULA_STARTS)):
        return text
    return "'" + text


def cell_text(value: object) -> str:
    """A value as one line of harmless text: yes/no for flags, blank for None, JSON for lists."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case str():
            return safe_text(value)
        case list() | tuple() | dict():
            return safe_text(json.dumps(value, default=str, ensure_ascii=False))
        case _:
            return safe_text(str(value))
