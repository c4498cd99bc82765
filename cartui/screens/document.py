"""Pages to read: a document with its lines and the proof of its total, a record of the cart, a record of ours."""

from __future__ import annotations

from typing import ClassVar

from cartui.domain.ids import DocumentId, RecordKind
from cartui.domain.safe_text import safe_text
from cartui.screens.base import PUSHED_GROUPS
from cartui.screens.document_life import LivingPage
from cartui.screens.drift import DriftScreen
from cartui.screens.page import PageScreen
from cartui.screens.paper import document_lines, raw_lines, record_lines
from cartui.screens.record_drift import RecordDriftScreen
from cartui.screens.times import show_moment
from cartui.screens.why import WhyScreen
from cartui.sync import record_drift
from cartui.sync.documents import DocumentView, view_document
from cartui.sync.records import RecordView, read_record, view_record


class DocumentScreen(LivingPage):
    """A document of ours that came from an order."""

    GROUPS: ClassVar[tuple[str, ...]] = (*PUSHED_GROUPS, "reading", "document")
    ABOUT: ClassVar[str] = (
        "One document that was made from an order: its lines with our item codes, the payments that the shop told of, "
        "and the proof that the lines make the total that the shop charged. A PENDING document posts nothing: e edits "
        "it, P approves it, V makes it void. An approved order is shipped (S) and invoiced (I), whole or in part; what "
        "was posted is reversed by a credit note (C). At the end stands who did what to it. r reads the order from the "
        "cart again and shows what that would change; w shows the order as the cart sent it; W tells each step of "
        "how it came to be what it is."
    )

    def __init__(self, document_id: DocumentId, cart_name: str) -> None:
        super().__init__(document_id, cart_name)
        self._raw = False

    def on_mount(self) -> None:
        super().on_mount()
        self.load()

    def load(self) -> None:
        ws, document_id = self.ws, self._document_id
        self.read("document", lambda: view_document(ws, document_id), self._show)

    def _show(self, view: DocumentView) -> None:
        self._view = view
        document = view.document
        title = f"{document.draft.kind.label} {document.name} · {document.status.value}"
        raw = self._raw
        self.show_page(title, lambda width: raw_lines(view.raw, width) if raw else document_lines(view, width))
        self.refresh_bindings()

    def why_not(self, action: str) -> str | None:
        if action in ("raw", "synchronise", "why") and self._view is None:
            return "It is still being read."
        return super().why_not(action)

    def shows(self, action: str) -> bool:
        if action == "synchronise" and self._view is not None and self._view.source is not None:
            return False  # what was made from it here is not in the cart
        return super().shows(action)

    def action_raw(self) -> None:
        """The order as the cart sent it, and back."""
        if self._view is not None:
            self._raw = not self._raw
            self._show(self._view)

    def action_synchronise(self) -> None:
        """Synchronise this record: the order as the cart holds it now, beside the document (S110, S112)."""
        self.app.push_screen(DriftScreen(self._document_id, self.cart_name), lambda _: self.load())

    def action_why(self) -> None:
        """How it came to be what it is (N08)."""
        if self._view is not None:
            self.app.push_screen(WhyScreen(self._view.document.name, self.cart_name))


class RecordScreen(PageScreen):
    """A record of the cart. `listed`: its body if a list just brought it, else the one that the books keep."""

    GROUPS: ClassVar[tuple[str, ...]] = (*PUSHED_GROUPS, "reading", "record")
    ABOUT: ClassVar[str] = (
        "One record of the cart: what became of it in the system, what was done to it, and its body as the cart sent "
        "it. r reads it from the cart again; an item or customer that is linked is then shown beside ours."
    )

    def __init__(self, cart_name: str, kind: RecordKind, external_id: str, listed: bytes | None = None) -> None:
        super().__init__(f"{kind} {safe_text(external_id, 40)}".capitalize(), cart_name)
        self._kind = kind
        self._external_id = external_id
        self._listed = listed
        self._view: RecordView | None = None

    def on_mount(self) -> None:
        super().on_mount()
        self._load()

    def _load(self) -> None:
        ws, name, kind, key, listed = self.ws, self.cart_name, self._kind, self._external_id, self._listed
        self.read("record", lambda: view_record(ws, name, kind, key, listed), self._show)

    def action_reread(self) -> None:
        """As the cart holds it now (S112); what is linked beside ours."""
        known = self._view.known if self._view is not None else None
        if self._kind in record_drift.KINDS and known is not None and known.our_id is not None:
            page = RecordDriftScreen(self.cart_name, self._kind, known.our_id, self._external_id)
            self.app.push_screen(page, lambda _: self._load())
            return
        ws, name, kind, key = self.ws, self.cart_name, self._kind, self._external_id
        self.run_job(
            f"Reading the {kind} again",
            lambda progress, stop: read_record(ws, name, kind, key, progress=progress, stop=stop),
            self._show_fresh,
        )

    def _show_fresh(self, view: RecordView) -> None:
        self._show(view)
        self.hint(f"Read from the cart at {show_moment(self.now(), self.now())}.")

    def _show(self, view: RecordView) -> None:
        self._view = view
        self.show_page(self._title, lambda width: record_lines(view, width))
