"""`?`: what this screen is for, and all its keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from cartui.keymap import GROUPS, Key, effective_keys, keys_of, shown
from cartui.screens.dialogs import Dialog


class HelpScreen(Dialog[None]):
    """Keys of some groups; what can't run just now carries the reason."""

    BINDINGS: ClassVar[list[Any]] = [
        Binding("q,question_mark", "leave", "Close", show=False),
        Binding("j,down", "scroll('scroll_down')", "Down", show=False),
        Binding("k,up", "scroll('scroll_up')", "Up", show=False),
        Binding("pagedown,space", "scroll('scroll_page_down')", "Page down", show=False),
        Binding("pageup", "scroll('scroll_page_up')", "Page up", show=False),
    ]

    def __init__(
        self,
        about: str,
        groups: Sequence[str],
        rebound: Mapping[str, str],
        why_not: Callable[[str], str | None],
        shows: Callable[[str], bool],
    ) -> None:
        super().__init__("Help")
        self._about = about
        self._groups = groups
        self._rebound = rebound
        self._why_not = why_not
        self._shows = shows

    def content(self) -> ComposeResult:
        with VerticalScroll(id="help-body", can_focus=False):
            yield Static(Content(self._about), classes="about")
            for group in [group for group in GROUPS if group in self._groups][::-1]:
                yield Static(Content(GROUPS[group]), classes="heading")
                for key in keys_of([group]):
                    name, text = shown(effective_keys(key, self._rebound)), key.text
                    if key.action.startswith("tab(") and key.keys == name:  # nine lines that say the same
                        if key.action != "tab(1)":
                            continue
                        name, text = "1 to 9", "Tabs"
                    with Horizontal():
                        yield Static(Content(name), classes="help-key")
                        yield Static(Content(text), classes="help-text")
                        yield Static(self._words(key, text), classes="help-words")
        yield Static(Content("↑↓ scroll, esc closes"), classes="quiet")

    def _words(self, key: Key, text: str) -> Content:
        if text == "Tabs":
            return Content("Go to the tab of that number.")
        reason = self._why_not(key.action) if self._shows(key.action) else None
        return Content.assemble(key.help, (f"  Not now: {reason}" if reason else "", "$text-warning"))

    def action_scroll(self, how: str) -> None:
        getattr(self.query_one("#help-body"), how)(animate=False)
