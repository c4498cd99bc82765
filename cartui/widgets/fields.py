"""Fields of a form: title, value, and the problem with it underneath. Read-only until they are made editable; a field
that is read-only takes no focus, so that its screen's keys work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from cartui.domain.safe_text import safe_text
from cartui.widgets.chrome import put

Check = Callable[[str], str | None]
"""Says in a sentence what is wrong with a value, or None."""


class Field(Vertical):
    """Base of all fields. `value` is text: a switch has "yes" or "no", a choice the key of what is chosen."""

    DEFAULT_CSS = """
    Field { height: auto; }
    Field > Horizontal { height: 1; }
    Field .field-title { width: 31; height: 1; color: $quiet; text-wrap: nowrap; text-overflow: ellipsis; }
    Field .field-note { width: auto; height: 1; margin-left: 2; color: $quiet; text-wrap: nowrap; }
    Field .field-problem { display: none; height: auto; margin-left: 31; color: $text-error; }
    Field.-problem .field-problem { display: block; }
    Field.-problem .field-title { color: $text-error; }
    Field.-greyed, Field.-greyed .field-title { color: $faint; }
    Field .editor:disabled { opacity: 100%; }
    """

    class Changed(Message):
        """A person changed the value."""

        def __init__(self, field: Field) -> None:
            super().__init__()
            self.field = field

    _check_typing: Check | None = None

    def __init__(self, name: str, title: str, help_text: str = "", *, check: Check | None = None) -> None:
        super().__init__(id=f"field-{name}", name=name)
        self.title = title
        self.help_text = help_text
        self.greyed = ""
        self._check = check

    def editor(self) -> Widget:
        """The widget that shows and changes the value."""
        raise NotImplementedError

    @property
    def value(self) -> str:
        """What stands in the field."""
        raise NotImplementedError

    def set_value(self, value: str) -> None:
        """Show this value, without a `Changed`."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Static(Content(self.title), classes="field-title")
            yield self.editor()
            yield Static("", classes="field-note")
        yield Static("", classes="field-problem")

    def set_editable(self, editable: bool) -> None:
        """Let a person change it, unless it is greyed."""
        self.query_one(".editor").disabled = not editable or bool(self.greyed)
        self.set_class(editable and not self.greyed, "-editable")

    def hold(self, reason: str) -> None:
        """Can't be changed whatever the mode, and why; "" takes it back. It stays readable."""
        self.greyed = reason

    def grey(self, reason: str) -> None:
        """As `hold`, and drawn faintly: it does nothing."""
        self.hold(reason)
        self.set_class(bool(reason), "-greyed")

    def note(self, text: str) -> None:
        """A quiet word behind the value, such as the time zone."""
        put(self.query_one(".field-note", Static), Content(safe_text(text)))

    def show_problem(self, problem: str) -> None:
        """Say under the field what is wrong; "" takes it away."""
        put(self.query_one(".field-problem", Static), Content(safe_text(problem)))
        self.set_class(bool(problem), "-problem")

    def problem(self) -> str | None:
        """What is wrong with the value now."""
        return self._check(self.value) if self._check else None

    def changed(self) -> None:
        """Tell the screen, and show at once what is wrong."""
        check = self._check_typing or self._check
        self.show_problem((check(self.value) if check else None) or "")
        self.post_message(self.Changed(self))


class LineInput(Input, inherit_bindings=False):
    """An input whose enter, up and down are those of what it stands in: `Input` would submit, and scroll itself."""

    BINDINGS: ClassVar[list[BindingType]] = [
        binding for binding in Input.BINDINGS if not (isinstance(binding, Binding) and binding.action == "submit")
    ]


class QuietInput(LineInput):
    """An input without border and blinking. `letters` False: letters are left to the screen's keys (dates, numbers)."""

    DEFAULT_CSS = """
    QuietInput { width: 1fr; height: 1; border: none; padding: 0 1; background: $panel; }
    QuietInput:focus { background: $primary 40%; }
    QuietInput:disabled { background: transparent; padding: 0; opacity: 100%; text-opacity: 100%; }
    """

    def __init__(self, *, letters: bool = True, password: bool = False, placeholder: str = "") -> None:
        super().__init__(compact=True, password=password, placeholder=placeholder, classes="editor")
        self.cursor_blink = False
        self._letters = letters

    def check_consume_key(self, key: str, character: str | None) -> bool:
        return super().check_consume_key(key, character) and self._takes(character)

    async def _on_key(self, event: events.Key) -> None:
        if event.is_printable and not self._takes(event.character):
            event.prevent_default()  # it goes on to the screen's keys
            return
        await super()._on_key(event)

    def _takes(self, character: str | None) -> bool:
        return self._letters or character is None or character in "0123456789-+: TZ"


class TextField(Field):
    """A line of text."""

    def __init__(
        self,
        name: str,
        title: str,
        help_text: str = "",
        *,
        check: Check | None = None,
        check_typing: Check | None = None,
        password: bool = False,
        placeholder: str = "",
        letters: bool = True,
        width: int | None = None,
    ) -> None:
        super().__init__(name, title, help_text, check=check)
        self._check_typing = check_typing
        self._input = QuietInput(letters=letters, password=password, placeholder=placeholder)
        if width is not None:
            self._input.styles.width = width

    def editor(self) -> Widget:
        return self._input

    @property
    def input(self) -> Input:
        """The input itself."""
        return self._input

    @property
    def value(self) -> str:
        return self._input.value

    def set_value(self, value: str) -> None:
        with self._input.prevent(Input.Changed):
            self._input.value = safe_text(value)

    @on(Input.Changed)
    def _typed(self, message: Input.Changed) -> None:
        message.stop()
        self.changed()


class OneLine(Widget, can_focus=True):
    """A focusable value of one line: base of choice and switch."""

    DEFAULT_CSS = """
    OneLine { width: auto; height: 1; }
    OneLine:focus { background: $primary 40%; }
    Field.-editable OneLine { background: $panel; padding: 0 1; }
    Field.-editable OneLine:focus { background: $primary 40%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space,right", "turn(1)", "Change", show=False),
        Binding("left", "turn(-1)", "Change", show=False),
    ]

    def __init__(self, field: Field, text: Callable[[], str], turn: Callable[[int], None]) -> None:
        super().__init__(classes="editor")
        self._field = field
        self._text = text
        self._turn = turn

    def render(self) -> Content:
        return Content(self._text())

    def action_turn(self, step: int) -> None:
        self._turn(step)
        self.refresh(layout=True)
        self._field.changed()

    def on_click(self) -> None:
        if not self.disabled:
            self.action_turn(1)


class ChoiceField(Field):
    """One of a few (key, title): space or the arrows go through them."""

    def __init__(
        self, name: str, title: str, choices: Sequence[tuple[str, str]], help_text: str = "", *, marks: str = "<>"
    ) -> None:
        super().__init__(name, title, help_text)
        self._choices = tuple(choices)
        self._at = 0
        self._marks = marks
        self._line = OneLine(self, self._shown, self._turn)

    def editor(self) -> Widget:
        return self._line

    @property
    def value(self) -> str:
        return self._choices[self._at][0]

    def set_value(self, value: str) -> None:
        at = next((at for at, (key, _) in enumerate(self._choices) if key == value), 0)
        if at != self._at:
            self._at = at
            self._line.refresh(layout=True)

    def _shown(self) -> str:
        title = self._choices[self._at][1]
        return f"{self._marks[0]} {title} {self._marks[1]}" if self.has_class("-editable") else title

    def _turn(self, step: int) -> None:
        self._at = (self._at + step) % len(self._choices)

    def set_editable(self, editable: bool) -> None:
        before = self._shown()
        super().set_editable(editable)
        if self._shown() != before:
            self._line.refresh(layout=True)


class SwitchField(Field):
    """On or off, said by a word too."""

    def __init__(self, name: str, title: str, help_text: str = "", *, words: tuple[str, str] = ("on", "off")) -> None:
        super().__init__(name, title, help_text)
        self._on = False
        self._words = words
        self._line = OneLine(self, self._shown, self._turn)

    def editor(self) -> Widget:
        return self._line

    @property
    def value(self) -> str:
        return "yes" if self._on else "no"

    def set_value(self, value: str) -> None:
        if (value == "yes") != self._on:
            self._on = value == "yes"
            self._line.refresh(layout=True)

    def _shown(self) -> str:
        return f"[x] {self._words[0]}" if self._on else f"[ ] {self._words[1]}"

    def _turn(self, step: int) -> None:  # noqa: ARG002  either way is the other side
        self._on = not self._on
