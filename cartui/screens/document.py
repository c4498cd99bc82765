"""Pages to read: a document with its lines and the proof of its total, a record of the cart, a record of ours."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult

from cartui.domain.ids import DocumentId, RecordKind
from cartui.domain.safe_text import safe_text
from cartui.screens.base import PUSHED_GROUPS, CartuiScreen
from cartui.screens.paper import document_lines, our_lines, raw_lines, record_lines
from cartui.screens.plan import show_plan
from cartui.screens.sheet import Layout, Sheet
from cartui.screens.times import show_moment
from cartui.sync.actions import Selection, plan_import
from cartui.sync.apply import ApplyReport
from cartui.sync.documents import DocumentView, view_document
from cartui.sync.records import OurRecordView, RecordView, read_record, view_ours, view_record
from cartui.widgets.chrome import Part


class PageScreen(CartuiScreen):
    """A page that is scrolled by keys; `esc` and `q` leave it."""

    GROUPS: ClassVar[tuple[str, ...]] = (*PUSHED_GROUPS, "reading")

    def __init__(self, title: str, cart_name: str) -> None:
        super().__init__()
        self._title = title
        self.cart_name = cart_name

    @property
    def sheet(self) -> Sheet:
        """The page."""
        return self.query_one(Sheet)

    def title_parts(self) -> tuple[Part, ...]:
        return ((safe_text(self._title, 60), "bold"), (f" · {safe_text(self.cart_name, 40)}", "$quiet"))

    def body(self) -> ComposeResult:
        yield Sheet()

    def show_page(self, title: str, layout: Layout) -> None:
        """Show this."""
        self._title = title
        self.sheet.show(layout)
        self.refresh_frame()

    def action_move(self, where: str) -> None:
        self.sheet.move(where)

    def clear_step(self) -> bool:
        self.action_back()
        return True


class TextScreen(PageScreen):
    """A page that is known already."""

    def __init__(self, title: str, cart_name: str, layout: Layout) -> None:
        super().__init__(title, cart_name)
        self._page = layout

    def body(self) -> ComposeResult:
        yield Sheet(self._page)


class DocumentScreen(PageScreen):
    """A document of ours that came from an order."""

    GROUPS: ClassVar[tuple[str, ...]] = (*PUSHED_GROUPS, "reading", "document")
    ABOUT: ClassVar[str] = (
        "One document that was made from an order: its lines with our item codes, the payments that the shop told of, "
        "and the proof that the lines make the total that the shop charged. A PENDING document posts nothing. r reads "
        "the order from the cart again and shows what that would change; w shows the order as the cart sent it."
    )

    def __init__(self, document_id: DocumentId, cart_name: str) -> None:
        super().__init__("Document", cart_name)
        self._document_id = document_id
        self._view: DocumentView | None = None
        self._raw = False

    def on_mount(self) -> None:
        super().on_mount()
        self._load()

    def _load(self) -> None:
        ws, document_id = self.ws, self._document_id
        self.read("document", lambda: view_document(ws, document_id), self._show)

    def _show(self, view: DocumentView) -> None:
        self._view = view
        document = view.document
        title = f"{document.draft.kind.label} {document.number} · {document.status.value}"
        raw = self._raw
        self.show_page(title, lambda width: raw_lines(view.raw, width) if raw else document_lines(view, width))
        self.refresh_bindings()

    def why_not(self, action: str) -> str | None:
        return "It is still being read." if action in ("raw", "synchronise") and self._view is None else None

    def action_raw(self) -> None:
        """The order as the cart sent it, and back."""
        if self._view is not None:
            self._raw = not self._raw
            self._show(self._view)

    def action_synchronise(self) -> None:
        """Read this one order from the cart again (S110, S112); the plan is shown first."""
        if self._view is None:
            return
        ws, name, key = self.ws, self.cart_name, self._view.document.draft.external_id
        self.run_job(
            "Reading the order again",
            lambda progress, stop: plan_import(
                ws, name, RecordKind.ORDER, Selection([key]), progress=progress, stop=stop
            ),
            lambda plan: show_plan(self, plan, self._synchronised),
        )

    def _synchronised(self, _: ApplyReport) -> None:
        self._load()


class RecordScreen(PageScreen):
    """A record of the cart. `listed`: its body if a list just brought it, else the one that the books keep."""

    GROUPS: ClassVar[tuple[str, ...]] = (*PUSHED_GROUPS, "reading", "record")
    ABOUT: ClassVar[str] = (
        "One record of the cart: what became of it in the system, what was done to it, and its body as the cart sent "
        "it. r reads it from the cart again."
    )

    def __init__(self, cart_name: str, kind: RecordKind, external_id: str, listed: bytes | None = None) -> None:
        super().__init__(f"{kind} {safe_text(external_id, 40)}".capitalize(), cart_name)
        self._kind = kind
        self._external_id = external_id
        self._listed = listed

    def on_mount(self) -> None:
        super().on_mount()
        ws, name, kind, key, listed = self.ws, self.cart_name, self._kind, self._external_id, self._listed
        self.read("record", lambda: view_record(ws, name, kind, key, listed), self._show)

    def action_reread(self) -> None:
        """As the cart holds it now (S112)."""
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
        self.show_page(self._title, lambda width: record_lines(view, width))


class OurRecordScreen(PageScreen):
    """An item or customer of the system."""

    ABOUT: ClassVar[str] = "One record of the system, and the records of this cart that it is linked to."

    def __init__(self, cart_name: str, kind: RecordKind, key: str) -> None:
        super().__init__(f"{kind}".capitalize(), cart_name)
        self._kind = kind
        self._our_id = int(key)

    def on_mount(self) -> None:
        super().on_mount()
        ws, name, kind, our_id = self.ws, self.cart_name, self._kind, self._our_id
        self.read("record", lambda: view_ours(ws, name, kind, our_id), self._show)

    def _show(self, view: OurRecordView) -> None:
        title = f"{self._kind}".capitalize() + f" {safe_text(view.record.code, 60)}"
        self.show_page(title, lambda width: our_lines(view, width))
