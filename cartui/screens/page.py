"""Pages to read: a title and lines of text, scrolled by keys."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult

from cartui.domain.safe_text import safe_text
from cartui.screens.base import PUSHED_GROUPS, CartuiScreen
from cartui.screens.sheet import Layout, Sheet
from cartui.widgets.chrome import Part


class PageScreen(CartuiScreen):
    """A page that is scrolled by keys; `esc` and `q` leave it."""

    GROUPS: ClassVar[tuple[str, ...]] = (*PUSHED_GROUPS, "reading")

    def __init__(self, title: str, cart_name: str) -> None:
        super().__init__()
        self._title = title
        self.cart_name = cart_name

    @property
    def sheet(self) -> Sheet:
        """The page."""
        return self.query_one(Sheet)

    def title_parts(self) -> tuple[Part, ...]:
        return ((safe_text(self._title, 60), "bold"), (f" · {safe_text(self.cart_name, 40)}", "$quiet"))

    def body(self) -> ComposeResult:
        yield Sheet()

    def show_page(self, title: str, layout: Layout) -> None:
        """Show this."""
        self._title = title
        self.sheet.show(layout)
        self.refresh_frame()

    def action_move(self, where: str) -> None:
        self.sheet.move(where)

    def clear_step(self) -> bool:
        self.action_back()
        return True


class TextScreen(PageScreen):
    """A page that is known already."""

    def __init__(self, title: str, cart_name: str, layout: Layout) -> None:
        super().__init__(title, cart_name)
        self._page = layout

    def body(self) -> ComposeResult:
        yield Sheet(self._page)
