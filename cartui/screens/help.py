"""`?`: what this screen is for, and all its keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
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
                    yield Static(self._line(key))
        yield Static(Content("↑↓ scroll, esc closes"), classes="quiet")

    def _line(self, key: Key) -> Content:
        name = shown(effective_keys(key, self._rebound))
        reason = "" if not self._shows(key.action) else self._why_not(key.action)
        parts: list[tuple[str, str]] = [(f"{name:<10} ", "bold $accent"), (f"{key.text:<15} ", ""), (key.help, "")]
        if reason:
            parts.append((f"  Not now: {reason}", "$text-warning"))
        return Content.assemble(*parts)

    def action_scroll(self, how: str) -> None:
        getattr(self.query_one("#help-body"), how)(animate=False)
