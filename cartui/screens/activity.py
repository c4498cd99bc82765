"""Activity: what was done, by whom, newest first; and the last errors of this session."""

from __future__ import annotations

from typing import ClassVar

from cartui.domain.safe_text import safe_text
from cartui.screens.base import CART_GROUPS
from cartui.screens.document import TextScreen
from cartui.screens.listing import SystemListScreen
from cartui.screens.sheet import Line, pair, wrapped
from cartui.sync.lists import SystemList


class ActivityScreen(SystemListScreen):
    """The journal of this cart."""

    NUMBER: ClassVar[int] = 9
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
        source = self.table.source
        at = source.find(key) if source is not None else None
        rows = source.page(at, 1) if source is not None and at is not None else ()
        if source is None or not rows:
            return
        fields = [(column.title, safe_text(cell)) for column, cell in zip(source.columns, rows[0].cells, strict=True)]
        self.app.push_screen(
            TextScreen(
                "Entry", self.cart_name, lambda width: [x for name, text in fields for x in pair(name, text, width)]
            )
        )
