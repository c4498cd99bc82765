"""An item or customer of the system to edit, or a new one: each field is checked as it is typed; what somebody else
saved meanwhile is shown field by field."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.widgets import Static

from cartui.domain.ids import RecordKind
from cartui.domain.record_fields import check_text, check_typing
from cartui.domain.safe_text import safe_text
from cartui.errors import CartuiError
from cartui.screens.base import PUSHED_GROUPS
from cartui.screens.dialogs import ConfirmDialog
from cartui.screens.form import FormScreen, FormScroll
from cartui.sync.record_edit import FIELDS, Opened, Stale, check_record, new_record, open_record, save_record
from cartui.widgets.chrome import Part
from cartui.widgets.fields import TextField


class RecordFormScreen(FormScreen):
    """One record of ours. `our_id` None: a new one. Ends with the record as saved, None if nothing was."""

    GROUPS: ClassVar[tuple[str, ...]] = (*PUSHED_GROUPS, "edit", "reading")
    ABOUT: ClassVar[str] = (
        "The fields of one record. Each says what may stand in it; ctrl+s checks all and saves. If somebody else saved "
        "the record since you opened it, nothing is overwritten: you see what they changed and decide. A changed "
        "number on hand is booked as a stock count; a bundle is written as 2 MUG-RED; 1 BOX."
    )

    def __init__(self, kind: RecordKind, our_id: int | None) -> None:
        super().__init__()
        self._kind = kind
        self._our_id = our_id
        self._opened: Opened | None = None

    def title_parts(self) -> tuple[Part, ...]:
        mode: Part = ("Edit", "bold") if self.editing else "View"
        unsaved = " *unsaved" if self.is_mounted and self.is_changed else ""
        name = safe_text(self._opened.label, 40) if self._opened else "" if self._our_id else "new"
        return ((f"{self._kind}".capitalize(), "bold"), f" {name} · ", mode, (unsaved, "bold $text-warning"))

    def body(self) -> ComposeResult:
        with FormScroll():
            for spec in FIELDS[self._kind]:
                check, typing = partial(check_text, spec), partial(check_typing, spec)
                yield TextField(spec.name, spec.title, spec.help, check=check, check_typing=typing)
            yield Static("", id="record-note")

    def on_mount(self) -> None:
        super().on_mount()
        for field in self.fields:
            field.set_editable(False)
        if self._our_id is None:
            self.begin_edit()
        else:
            ws, kind, our_id = self.ws, self._kind, self._our_id
            self.read("record", lambda: open_record(ws, kind, our_id), self._show, self._gone)

    def _gone(self, error: CartuiError) -> None:
        self.tell(error)
        self.dismiss(None)

    def _show(self, opened: Opened) -> None:
        self._opened = opened
        self.fill_form()
        self.begin_edit()

    def fill_form(self) -> None:
        texts = self._opened.texts if self._opened is not None else {}
        for field in self.fields:
            field.set_value(texts.get(str(field.name), ""))

    def mode_changed(self) -> None:
        self.refresh_frame()

    def check_form(self) -> list[str]:
        problems = check_record(self._kind, self.values)
        return [problem for name, problem in problems.items() if not self.field(name).problem()]

    def end_edit(self) -> None:
        """There is no View here: the page of the record is that."""
        self.dismiss(self._opened if self._saved else None)

    _saved = False

    def save_form(self, on_saved: Callable[[], None]) -> None:
        ws, kind, opened, texts = self.ws, self._kind, self._opened, self.values

        def saved(answer: Opened | Stale) -> None:
            if isinstance(answer, Stale):
                self._ask(answer)
                return
            self._opened, self._saved = answer, True
            on_saved()

        if opened is None:
            self.run_job("Saving", lambda _progress, _stop: new_record(ws, kind, texts), saved)
        else:
            self.run_job("Saving", lambda _progress, _stop: save_record(ws, opened, texts), saved)

    def _ask(self, stale: Stale) -> None:
        """Somebody else saved it: the diff, and what to do with one's own changes."""
        lines = [stale.problem, ""]
        for one in stale.clashes:
            mine = f" Yours: {one.mine or 'nothing'}." if one.both else ""
            lines.append(f"{one.title}: {one.opened or 'nothing'} → {one.now or 'nothing'}.{mine}")
        lines += ["", "Lay your changes over it? Fields that only they changed stay as they made them."]

        def answered(yes: bool | None) -> None:
            self._opened = stale.fresh
            for field in self.fields:
                name = str(field.name)
                field.set_value((stale.texts if yes else stale.fresh.texts).get(name, ""))
            self.before = stale.fresh.texts
            self.mode_changed()
            self.hint("Look at it, then save: ctrl+s." if yes else "This is the record as it is now.", "$text-warning")

        self.app.push_screen(ConfirmDialog("Not saved", "\n".join(lines), "Lay mine over it", "Take theirs"), answered)
