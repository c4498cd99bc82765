"""Orders: the documents that were imported from this cart (S021, S079)."""

from __future__ import annotations

from typing import ClassVar

from cartui.domain.ids import DocumentId
from cartui.domain.rows import Marks
from cartui.screens.approvals import approve, report_words
from cartui.screens.base import CART_GROUPS
from cartui.screens.dialogs import ListedDialog, PromptDialog
from cartui.screens.document import DocumentScreen
from cartui.screens.list_sides import SystemListScreen
from cartui.sync.approvals import Approved, void_documents
from cartui.sync.fulfilment import pick_documents
from cartui.sync.lists import SystemList


class OrdersScreen(SystemListScreen):
    """Documents of this cart."""

    NUMBER: ClassVar[int] = 2
    WHICH: ClassVar[SystemList] = SystemList.ORDERS
    GROUPS: ClassVar[tuple[str, ...]] = (*CART_GROUPS, "table", "cart-list", "unlink", "orders")
    EMPTY: ClassVar[str] = "No order was imported from this cart yet: start auto-sync (1), or import some by hand (5)."
    ABOUT: ClassVar[str] = (
        "The orders that were imported from this cart, each as a PENDING document of the kind set under Auto-sync, and "
        "the invoices and credit notes made from them. Nothing is posted and no stock moves before somebody approves "
        "the document: P shows first what will be posted for all that are marked (nothing marked: the row under the "
        "cursor). Enter opens one with its lines, its payments and the proof of its total."
    )

    def why_not(self, action: str) -> str | None:
        return (
            self.why_no_rows()
            if action in ("approve_selected", "void_selected", "pick_list", "unlink_selected")
            else None
        )

    def open_row(self, key: str) -> None:
        self.app.push_screen(DocumentScreen(DocumentId(int(key)), self.cart_name), self._back_from_document)

    def _back_from_document(self, _: object) -> None:
        """It may have another status now, or others were made from it; the cursor stays on its row."""
        self._to_top = False
        self.refresh_rows()

    def action_approve_selected(self) -> None:
        """One or many, with the preview."""
        keys = self.chosen_keys()
        if keys is not None:
            approve(self, lambda: [DocumentId(int(key)) for key in keys()], self._approved)

    def _approved(self, done: list[Approved]) -> None:
        self._ended(done, report_words(done))

    def _ended(self, done: list[Approved], told: str) -> None:
        refused = [one for one in done if one.problem]
        self.table.set_marks(Marks(frozenset(str(one.document_id) for one in refused)))
        self.refresh_rows()
        self.hint(told, "$text-warning" if refused else "$text-success")

    def action_void_selected(self) -> None:
        """They stay, with the reason."""
        keys = self.chosen_keys()
        if keys is None:
            return
        ws = self.ws

        def typed(reason: str | None) -> None:
            if reason is not None:
                self.run_job(
                    "Making them void",
                    lambda progress, stop: void_documents(
                        ws, [DocumentId(int(key)) for key in keys()], reason, progress=progress, stop=stop
                    ),
                    self._voided,
                )

        text = "PENDING documents and unused orders become VOID; what was posted is refused. Why?"
        self.app.push_screen(PromptDialog("Make the marked documents void", text), typed)

    def _voided(self, done: list[Approved]) -> None:
        refused = [one for one in done if one.problem]
        told = f"{len(done) - len(refused):,} made void."
        if refused:
            told += f" {len(refused):,} refused: {refused[0].problem} {refused[0].remedy}"
        self._ended(done, told)

    def action_pick_list(self) -> None:
        """What to take from the shelf for the marked ones."""
        keys = self.chosen_keys()
        if keys is None:
            return
        ws = self.ws
        self.run_job(
            "Making the pick list",
            lambda _progress, _stop: pick_documents(ws, [DocumentId(int(key)) for key in keys()]),
            self._show_pick_list,
        )

    def _show_pick_list(self, lines: list[str]) -> None:
        if lines:
            self.app.push_screen(ListedDialog("Pick list", [(line, "") for line in lines]))
        else:
            self.hint("Nothing is left to pick: only approved documents are shipped.", "$text-warning")
