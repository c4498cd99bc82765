"""Activity: what was done, by whom, newest first; and the last errors of this session."""

from __future__ import annotations

import json
from typing import ClassVar

from cartui.domain.safe_text import safe_text
from cartui.screens.base import CART_GROUPS
from cartui.screens.list_sides import SystemListScreen
from cartui.screens.page import TextScreen
from cartui.screens.sheet import Line, pair, wrapped
from cartui.sync.lists import SystemList


class ActivityScreen(SystemListScreen):
    """The journal of this cart."""

    NUMBER: ClassVar[int] = 10
    NOUN: ClassVar[str] = "entry"
    NOUNS: ClassVar[str] = "entries"
    WHICH: ClassVar[SystemList] = SystemList.ACTIVITY
    MARKABLE: ClassVar[bool] = False
    GROUPS: ClassVar[tuple[str, ...]] = (*CART_GROUPS, "table", "cart-list", "activity")
    EMPTY: ClassVar[str] = "Nothing was done with this cart yet."
    ABOUT: ClassVar[str] = (
        "The journal: who did what to which record and when, newest first. Filter it by words or by column. Enter "
        "shows one entry in full. The last errors of this session are one key away."
    )

    def why_not(self, action: str) -> str | None:
        if action == "errors" and not self.host.recent_errors:
            return "There was no error in this session."
        return None

    def action_errors(self) -> None:
        """The last error messages, newest first."""
        told = list(self.host.recent_errors)[::-1]

        def layout(width: int) -> list[Line]:
            lines: list[Line] = []
            for text in told:
                lines += [*(((line, "plain"),) for line in wrapped(text, width)), ()]
            return lines

        self.app.push_screen(TextScreen("Last errors", self.cart_name, layout))

    def open_row(self, key: str) -> None:
        """One entry in full: its columns, then its detail field by field."""
        source = self.table.source
        at = source.find(key) if source is not None else None
        rows = source.page(at, 1) if source is not None and at is not None else ()
        if source is None or not rows:
            return
        fields: list[tuple[str, str]] = []
        for column, cell in zip(source.columns, rows[0].cells, strict=True):
            fields += detail_fields(cell) if column.name == "detail" else [(column.title, cell)]
        self.app.push_screen(
            TextScreen("Entry", self.cart_name, lambda width: [x for pairs in fields for x in pair(*pairs, width)])
        )


def detail_fields(detail: str) -> list[tuple[str, str]]:
    """What the journal keeps beside an entry, without the label and without what is empty."""
    try:
        told = json.loads(detail or "{}")
    except ValueError:
        return [("Detail", detail)]
    return [
        (safe_text(str(name), 15).capitalize(), str(value)) for name, value in told.items() if name != "label" and value
    ]
