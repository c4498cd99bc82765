"""What can be done with a document on its page: edit, approve, void, ship, invoice, credit, pay, close."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable

from cartui.domain.documents import Document
from cartui.domain.ids import DocumentId
from cartui.domain.money import format_amount, parse_amount
from cartui.screens.approvals import approve, report_words
from cartui.screens.dialogs import PromptDialog
from cartui.screens.document_form import DocumentFormScreen
from cartui.screens.document_part import Doing, PartLine, PartScreen, part_lines
from cartui.screens.page import PageScreen
from cartui.sync.approvals import Approved, close_order, void_document
from cartui.sync.documents import DocumentView
from cartui.sync.fulfilment import receive_payment
from cartui.sync.workspace import Workspace

_LIFE = {
    "edit_document": "edit",
    "approve": "approve",
    "void": "void",
    "ship": "ship",
    "credit": "credit",
    "convert": "convert",
    "close_order": "close",
    "paid": "pay",
}


class LivingPage(PageScreen):
    """The page of a document, with the keys of the group "document"."""

    def __init__(self, document_id: DocumentId, cart_name: str) -> None:
        super().__init__("Document", cart_name)
        self._document_id = document_id
        self._view: DocumentView | None = None

    @abstractmethod
    def load(self) -> None:
        """Read the document again and show it."""

    def why_not(self, action: str) -> str | None:
        return "It is still being read." if action in _LIFE and self._view is None else None

    def shows(self, action: str) -> bool:
        return self._view is None or _LIFE.get(action, "") not in self._view.refused

    def _changed(self, told: str) -> None:
        self.hint(told, "$text-success")
        self.load()

    def action_edit_document(self) -> None:
        """Lines, quantities, dates, addresses, notes."""
        if self._view is not None:
            self.app.push_screen(DocumentFormScreen(self._view.document), self._edited)

    def _edited(self, made: Document | None) -> None:
        self.load()
        if made is not None:
            self.hint("Saved; the audit trail says what was changed.", "$text-success")

    def action_approve(self) -> None:
        """The preview first."""
        approve(self, lambda: [self._document_id], self._approved)

    def _approved(self, done: list[Approved]) -> None:
        self._changed(report_words(done))

    def action_void(self) -> None:
        """It stays, with the reason."""
        self._ask_why(
            "Make {} void", "It stays, but counts no more. Why?", "Making it void", void_document, "{} is VOID."
        )

    def action_close_order(self) -> None:
        """What is not delivered yet will not be."""
        self._ask_why(
            "Close {}",
            "What was not invoiced or shipped of it will not be; what it keeps for the buyer is free again. Why?",
            "Closing it",
            close_order,
            "{} is closed; what it kept is free.",
        )

    def _ask_why(
        self, title: str, text: str, doing: str, end: Callable[[Workspace, Document, str], object], done: str
    ) -> None:
        """Ask for the reason, then end it; `{}` in the title and in what is said when it is done is its name."""
        if (view := self._view) is None:
            return
        ws, document = self.ws, view.document

        def typed(reason: str | None) -> None:
            if reason is not None:
                self.run_job(
                    doing,
                    lambda _progress, _stop: end(ws, document, reason),
                    lambda _: self._changed(done.format(document.name)),
                )

        self.app.push_screen(PromptDialog(title.format(document.name), text), typed)

    def action_ship(self) -> None:
        """A parcel, whole or in part."""
        self._make(Doing.SHIP)

    def action_credit(self) -> None:
        """A credit note, whole or in part."""
        self._make(Doing.CREDIT)

    def action_convert(self) -> None:
        """An invoice or cash sale, whole or in part."""
        self._make(Doing.CONVERT)

    def _make(self, doing: Doing) -> None:
        if (view := self._view) is None:
            return
        ws, document = self.ws, view.document

        def left(told: str | None) -> None:
            if told is not None:
                self._changed(told)

        def show(lines: list[PartLine]) -> None:
            if lines:
                self.app.push_screen(PartScreen(document, doing, lines), left)
            else:
                self.hint("Nothing of it is left for that.", "$text-warning")

        self.read("part", lambda: part_lines(ws, document, doing), show)

    def action_paid(self) -> None:
        """A payment on the invoice."""
        if (view := self._view) is None:
            return
        ws, document = self.ws, view.document
        open_amount = document.open_amount

        def check(text: str) -> str | None:
            try:
                amount = parse_amount(text.strip().partition(" ")[0])
            except ValueError as error:
                return str(error)
            return None if 0 < amount <= open_amount else f"At most {open_amount}, which is open."

        def typed(text: str | None) -> None:
            if text is not None:
                amount, _, method = text.strip().partition(" ")
                self.run_job(
                    "Booking it",
                    lambda _progress, _stop: receive_payment(ws, document, parse_amount(amount), method or "bank"),
                    lambda _: self._changed("The payment is booked."),
                )

        text = "How much, and how: 20.00 bank. What is open stands there."
        value = f"{format_amount(open_amount, document.draft.currency)} bank"
        self.app.push_screen(PromptDialog(f"Payment on {document.name}", text, value=value, check=check), typed)
