"""Questions and messages over a screen: error, yes or no, a typed word, a line of text, a choice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, OptionList, Static
from textual.widgets.option_list import Option

from cartui.domain.safe_text import safe_text
from cartui.keymap import bindings
from cartui.screens.glyphs import GLYPHS

Answer = TypeVar("Answer")


def plain(text: str, limit: int = 2_000, *, style: str = "") -> Content:
    """Foreign text for a widget: safe and without markup."""
    return (
        Content.styled(safe_text(text, limit, keep_lines=True), style)
        if style
        else Content(safe_text(text, limit, keep_lines=True))
    )


class Dialog(ModalScreen[Answer]):
    """A box in the middle. `esc` leaves it without an answer (None)."""

    BINDINGS: ClassVar[list[Any]] = [
        Binding("escape", "leave", "Close", show=False),
        Binding("tab,down,right", "app.focus_next", "Next", show=False),
        Binding("shift+tab,up,left", "app.focus_previous", "Previous", show=False),
        Binding("ctrl+c,ctrl+q", "app.quit", "Quit", show=False, priority=True),
    ]
    TONE: ClassVar[str] = ""
    VERTICAL_BREAKPOINTS = [(0, "-low"), (22, "-high")]  # noqa: RUF012  as Screen declares it

    def __init__(self, title: str) -> None:
        super().__init__(classes=self.TONE)
        self._title = title

    def content(self) -> ComposeResult:
        yield from ()

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield Static(plain(self._title, 200), id="dialog-title")
            yield from self.content()

    def action_leave(self) -> None:
        self.dismiss(None)


class ProblemsDialog(Dialog[None]):
    """One or several problems, each with its remedy underneath; nothing to decide."""

    TONE = "-error"
    BINDINGS: ClassVar[list[Any]] = [
        Binding("down,j", "scroll('scroll_down')", "Down", show=False),
        Binding("up,k", "scroll('scroll_up')", "Up", show=False),
        Binding("pagedown,space", "scroll('scroll_page_down')", "Page down", show=False),
        Binding("pageup", "scroll('scroll_page_up')", "Page up", show=False),
        Binding("q", "leave", "Close", show=False),
    ]

    def action_scroll(self, how: str) -> None:
        getattr(self.query_one("#dialog-body"), how)(animate=False)

    def __init__(self, title: str, problems: Sequence[tuple[str, str]], note: str = "") -> None:
        super().__init__(title)
        self._note = note
        self.problems = tuple(problems)

    def content(self) -> ComposeResult:
        sign = f"{GLYPHS.failed} " if len(self.problems) > 1 else ""
        with VerticalScroll(id="dialog-body", can_focus=False):
            for problem, remedy in self.problems:
                yield Static(plain(f"{sign}{problem}"), classes="problem")
                if remedy:
                    yield Static(plain(remedy, style="$text-accent"), classes="remedy -many" if sign else "remedy")
            if self._note:
                yield Static(plain(self._note, style="$quiet"), classes="remedy")
        with Horizontal(id="dialog-buttons"):
            yield Button("Close", id="close", compact=True)

    def on_button_pressed(self) -> None:
        self.dismiss(None)


class ListedDialog(ProblemsDialog):
    """Several lines, each with a quiet one underneath; nothing is wrong, nothing to decide."""

    TONE = ""

    def content(self) -> ComposeResult:
        with VerticalScroll(id="dialog-body", can_focus=False):
            for line, more in self.problems:
                yield Static(plain(line), classes="problem")
                yield Static(plain(more, style="$text-accent"), classes="remedy -listed")
        with Horizontal(id="dialog-buttons"):
            yield Button("Close", id="close", compact=True)


class ErrorDialog(ProblemsDialog):
    """One problem and its remedy."""

    def __init__(self, title: str, problem: str, remedy: str = "") -> None:
        super().__init__(title, [(problem, remedy)])


class RowDialog(ErrorDialog):
    """One row in full; nothing is wrong with it."""

    TONE = ""


class ConfirmDialog(Dialog[bool]):
    """Yes or no; No has the focus. `y` and `n` answer too."""

    BINDINGS: ClassVar[list[Any]] = list(bindings("confirm"))

    def __init__(self, title: str, text: str, yes: str = "Yes", no: str = "No", *, danger: bool = False) -> None:
        super().__init__(title)
        self._text = text
        self._yes = yes
        self._no = no
        self.set_class(danger, "-error")

    def content(self) -> ComposeResult:
        with VerticalScroll(id="dialog-body", can_focus=False):
            yield Static(plain(self._text))
        with Horizontal(id="dialog-buttons"):
            yield Button(Content(f"{self._no} (n)"), id="no", compact=True)
            yield Button(Content(f"{self._yes} (y)"), id="yes", compact=True)

    async def action_run(self, action: str) -> None:
        self.dismiss(action == "yes")

    @on(Button.Pressed)
    def _pressed(self, message: Button.Pressed) -> None:
        self.dismiss(message.button.id == "yes")


class PromptDialog(Dialog[str]):
    """One line of text. `check` says what is wrong with it while it is typed ("" or None: nothing)."""

    def __init__(
        self,
        title: str,
        text: str = "",
        *,
        value: str = "",
        placeholder: str = "",
        secret: bool = False,
        check: Callable[[str], str | None] | None = None,
    ) -> None:
        super().__init__(title)
        self._text = text
        self._value = value
        self._placeholder = placeholder
        self._secret = secret
        self._check = check or (lambda typed: None if typed.strip() else "Type something, or esc.")

    def content(self) -> ComposeResult:
        if self._text:
            with VerticalScroll(id="dialog-body", can_focus=False):
                yield Static(plain(self._text))
        field = Input(self._value, placeholder=self._placeholder, password=self._secret, compact=True, id="typed")
        field.cursor_blink = False
        yield field
        yield Static("", id="dialog-problem")
        yield Static(Content("enter takes it, esc leaves"), classes="quiet")

    @on(Input.Changed)
    def _changed(self, message: Input.Changed) -> None:
        self.query_one("#dialog-problem", Static).update(plain(self._check(message.value) or ""))

    @on(Input.Submitted)
    def _submitted(self, message: Input.Submitted) -> None:
        if not self._check(message.value):
            self.dismiss(message.value)


class TypedWordDialog(PromptDialog):
    """A dangerous action: wants a word typed exactly, for example the cart's name. Answers with the word or None."""

    TONE = "-error"

    def __init__(self, title: str, text: str, word: str) -> None:
        word = safe_text(word)
        super().__init__(
            title,
            f"{text}\n\nType  {word}  to go on.",
            placeholder=word,
            check=lambda typed: None if typed == word else f"Type exactly: {word}",
        )


class ChoiceDialog(Dialog[str]):
    """Choose one of a list of (key, title, detail)."""

    def __init__(self, title: str, choices: Sequence[tuple[str, str, str]]) -> None:
        super().__init__(title)
        self._choices = tuple(choices)

    def content(self) -> ComposeResult:
        options = []
        for key, title, detail in self._choices:
            parts: list[tuple[str, str]] = [(safe_text(title, 60), "bold")]
            if detail:
                parts.append((f"\n  {safe_text(detail, 200)}", ""))
            options.append(Option(Content.assemble(*parts), id=key))
        yield OptionList(*options, id="choices", compact=True, markup=False)
        yield Static(Content("↑↓ choose, enter takes it, esc leaves"), classes="quiet")

    @on(OptionList.OptionSelected)
    def _chosen(self, message: OptionList.OptionSelected) -> None:
        self.dismiss(message.option.id)
