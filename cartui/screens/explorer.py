"""Home: Setup > Plugins > Shopping Carts (S001, S008, S010)."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.widgets import Static

from cartui.screens.base import HOME_GROUPS, CartuiScreen
from cartui.widgets.chrome import Part


class ExplorerScreen(CartuiScreen):
    """All Shopping Carts."""

    GROUPS: ClassVar[tuple[str, ...]] = (*HOME_GROUPS, "table", "explorer")
    ABOUT: ClassVar[str] = "Every shop that is connected: its state, its last and next cycle, and what is held."

    def title_parts(self) -> tuple[Part, ...]:
        return (("Setup › Plugins › ", "$text-muted"), ("Shopping Carts", "bold"))

    def body(self) -> ComposeResult:
        yield Static("", id="carts")

    def on_button_pressed(self) -> None:
        pass
