"""An item or customer of the system to read, with its links; `e` edits it."""

from __future__ import annotations

from typing import ClassVar

from cartui.domain.documents import Customer
from cartui.domain.ids import RecordKind
from cartui.domain.safe_text import safe_text
from cartui.screens.base import PUSHED_GROUPS
from cartui.screens.dialogs import ChoiceDialog
from cartui.screens.page import PageScreen
from cartui.screens.paper import our_lines
from cartui.screens.record_drift import RecordDriftScreen
from cartui.screens.record_form import RecordFormScreen
from cartui.screens.sheet import Line
from cartui.screens.times import show_time
from cartui.sync.record_edit import Opened
from cartui.sync.records import OurRecordView, view_ours
from cartui.sync.registers import MergeLine, list_merges, more_of, undo_merge


class OurRecordPage(PageScreen):
    """The page of one record of ours. Ends with True where it was changed."""

    GROUPS: ClassVar[tuple[str, ...]] = (*PUSHED_GROUPS, "reading", "our-record")
    ABOUT: ClassVar[str] = (
        "One record of the system, and the records of this cart that it is linked to. e edits its fields. r reads the "
        "linked record from the cart again and shows both sides, field by field. Customers that others were merged "
        "into are taken apart again with U."
    )

    def __init__(self, cart_name: str, kind: RecordKind, key: str) -> None:
        super().__init__(f"{kind}".capitalize(), cart_name)
        self._kind = kind
        self._our_id = int(key)
        self._linked = False

    def on_mount(self) -> None:
        super().on_mount()
        self._load()

    def _load(self) -> None:
        ws, name, kind, our_id = self.ws, self.cart_name, self._kind, self._our_id
        self.read("record", lambda: (view_ours(ws, name, kind, our_id), more_of(ws, kind, our_id)), self._show)

    def _show(self, found: tuple[OurRecordView, tuple[tuple[str, str], ...]]) -> None:
        view, more = found
        self._linked = bool(view.links)
        title = f"{self._kind}".capitalize() + f" {safe_text(view.record.code, 60)}"

        def layout(width: int) -> list[Line]:
            lines = our_lines(view, width)
            told: list[Line] = [
                ((f"{name:<14}", "quiet"), (safe_text(text, max(10, width - 15)), "plain")) for name, text in more
            ]
            return [*lines, ((("", "plain"),)), *told] if told else lines

        self.show_page(title, layout)
        self.refresh_bindings()

    def shows(self, action: str) -> bool:
        return action != "unmerge" or self._kind is RecordKind.CUSTOMER

    def why_not(self, action: str) -> str | None:
        if action == "synchronise" and not self._linked:
            return "It is not linked in this cart: link or export it first."
        return None

    def action_synchronise(self) -> None:
        """Both sides afresh (S110, S112)."""
        self.app.push_screen(RecordDriftScreen(self.cart_name, self._kind, self._our_id), lambda _: self._load())

    def action_edit_record(self) -> None:
        """The form of it."""
        self.app.push_screen(RecordFormScreen(self._kind, self._our_id), self._edited)

    def _edited(self, saved: Opened | None) -> None:
        if saved is not None:
            self._load()
            self.hint("Saved.", "$text-success")

    def action_unmerge(self) -> None:
        """What was merged into it, to be taken apart."""
        ws, our_id = self.ws, self._our_id
        self.read("merges", lambda: list_merges(ws, our_id), self._choose_merge)

    def _choose_merge(self, merges: list[MergeLine]) -> None:
        if not merges:
            self.hint("Nothing was merged into this customer.", "$text-warning")
            return
        choices = [
            (str(one.merge_id), f"{one.gone_code} {one.gone_name}", f"merged {show_time(one.at)} by {one.actor}")
            for one in merges
        ]
        self.app.push_screen(ChoiceDialog("Take which one out again?", choices), self._unmerge)

    def _unmerge(self, number: str | None) -> None:
        if number is not None:
            ws = self.ws
            self.run_job("Taking them apart", lambda _progress, _stop: undo_merge(ws, int(number)), self._apart)

    def _apart(self, back: Customer) -> None:
        self._load()
        self.hint(f"{back.code} {back.name} is back.", "$text-success")
