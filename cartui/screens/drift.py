"""Synchronise this record: one order read afresh beside its document, field by field (S110, S112)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from cartui.domain.documents import DocumentStatus
from cartui.domain.ids import DocumentId
from cartui.domain.order_changes import Drift
from cartui.screens.base import PUSHED_GROUPS
from cartui.screens.dialogs import ConfirmDialog
from cartui.screens.glyphs import GLYPHS
from cartui.screens.page import PageScreen
from cartui.screens.sheet import Line, Tone, heading, pair
from cartui.screens.times import show_moment
from cartui.sync import order_drift
from cartui.sync.order_drift import DriftView


class DriftScreen(PageScreen):
    """What moved in the cart since, and what to do about it. Ends with True where something was done."""

    GROUPS: ClassVar[tuple[str, ...]] = (*PUSHED_GROUPS, "reading", "drift")
    ABOUT: ClassVar[str] = (
        "One order as the cart holds it now, beside its document. Statuses and payments are taken over by themselves; "
        "lines, amounts and addresses wait for you: a takes them over (while the document is PENDING), i leaves the "
        "document as it is and does not show this change again, I makes the document void and imports the order anew."
    )

    def __init__(self, document_id: DocumentId, cart_name: str) -> None:
        super().__init__("Synchronise", cart_name)
        self._document_id = document_id
        self._view: DriftView | None = None
        self._done = False

    def on_mount(self) -> None:
        super().on_mount()
        self.action_reread()

    def action_reread(self) -> None:
        """As the cart holds it now."""
        ws, document_id = self.ws, self._document_id
        self.run_job("Reading the order", lambda _progress, _stop: order_drift.read_drift(ws, document_id), self._show)

    def _show(self, view: DriftView) -> None:
        self._view = view
        at = show_moment(self.now(), self.now())
        self.show_page(f"Synchronise {view.document.name}", lambda width: drift_lines(view, width))
        self.hint(f"Read from the cart at {at}.")
        self.refresh_bindings()

    def why_not(self, action: str) -> str | None:
        view = self._view
        if action not in ("accept", "ignore", "import_again"):
            return None
        if view is None:
            return "It is still being read."
        if action == "import_again":
            return None
        if view.drift.drift is Drift.SAME:
            return "Both sides say the same."
        if action == "accept" and view.document.status is not DocumentStatus.PENDING:
            return f"It is {view.document.status} and is not changed any more: correct it with a credit note."
        return None

    def action_accept(self) -> None:
        """The document becomes as the order is."""
        if (view := self._view) is not None:
            self._do("Taking it over", lambda: order_drift.accept_drift(self.ws, view))

    def action_ignore(self) -> None:
        """The document stays."""
        if (view := self._view) is not None:
            self._do("Leaving it", lambda: order_drift.ignore_drift(self.ws, view))

    def action_import_again(self) -> None:
        """Void, then import anew; asks."""
        view = self._view
        if view is None:
            return
        question = ConfirmDialog(
            f"Void {view.document.name} and import the order again?",
            "The void document stays, with this as its reason; a new PENDING one is made of the order as it is now.",
            "Import again",
            "Leave",
            danger=True,
        )
        self.app.push_screen(question, self._answered)

    def _answered(self, yes: bool | None) -> None:
        view = self._view
        if yes and view is not None:
            self.run_job(
                "Importing it again",
                lambda _progress, _stop: order_drift.import_again(self.ws, view.document),
                self._imported,
            )

    def _imported(self, document_id: DocumentId) -> None:
        self._document_id, self._done = document_id, True
        self.action_reread()

    def _do(self, title: str, work: Callable[[], Any]) -> None:
        self.run_job(title, lambda _progress, _stop: work(), self._settled)

    def _settled(self, _: object) -> None:
        self._done = True
        self.action_reread()

    def action_back(self) -> None:
        self.dismiss(self._done)


def drift_lines(view: DriftView, width: int) -> list[Line]:
    """The page: which order and document, what differs, what is to be done."""
    document, drift = view.document, view.drift
    told = {Drift.SAME: "both sides say the same", Drift.WORDS: "statuses or payments only"}
    lines = pair("Order", f"{view.order.order_number} ({view.order.native_status})", width, "strong")
    lines += pair("Document", f"{document.draft.kind.label} {document.name} {document.status}", width)
    tone: Tone = "good" if drift.drift is Drift.SAME else "warning" if drift.needs_person else "plain"
    lines += pair("State", drift.reason or told.get(drift.drift, str(drift.drift)), width, tone)
    if drift.remedy:
        lines += pair("Remedy", drift.remedy, width, "strong")
    if view.order.refunds:
        lines += pair("Refunds", f"{len(view.order.refunds)} in the cart", width)
    if drift.fields:
        lines += heading(f"Document {GLYPHS.arrow} cart")
    for one in drift.fields:
        lines += pair(one.name, f"{one.before or '–'} {GLYPHS.arrow} {one.after or '–'}", width)
    return lines
