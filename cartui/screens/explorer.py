"""Home: Setup > Plugins > Shopping Carts (S001, S008-S010)."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from cartui.domain.rows import FLAG_PROBLEM, Column, ListRowSource, Row
from cartui.domain.settings import CartDocument, SyncStatus
from cartui.screens.accounts import AccountsScreen
from cartui.screens.base import HOME_GROUPS, CartuiScreen
from cartui.screens.dialogs import ChoiceDialog, ConfirmDialog, PromptDialog, TypedWordDialog
from cartui.screens.glyphs import GLYPHS
from cartui.screens.overview import OverviewScreen
from cartui.screens.set_up import SetUpScreen
from cartui.screens.start import start, stop
from cartui.screens.status import RESULT_WORDS
from cartui.screens.times import show_moment
from cartui.sync import carts
from cartui.sync.carts import CartView
from cartui.widgets.chrome import Part
from cartui.widgets.filter_bar import RecordList
from cartui.widgets.record_table import RecordTable

COLUMNS = (
    Column("name", "Name", 18),
    Column("status", "Auto-sync", 9, priority=1),
    Column("live", "Cart", 4, priority=2),
    Column("outbound", "Out", 3, priority=2),
    Column("held", "Held", 5, align="right", priority=3),
    Column("last", "Last cycle", 20, priority=4),
    Column("next", "Next", 5, priority=5),
    Column("type", "Type", 14, priority=6),
    Column("holder", "Synchronised now by", 24, priority=7),
)
EMPTY = (
    ("No shop is connected yet.\n\n", "bold"),
    ("n", "bold $accent"),
    ("  connects one: choose its type, enter its address and password.\n\n", ""),
    ("To look round first, leave with ", ""),
    ("q", "bold $accent"),
    (" and run  cartui demo : it opens a demo shop on this machine.", ""),
)


class ExplorerScreen(CartuiScreen):
    """All Shopping Carts."""

    GROUPS: ClassVar[tuple[str, ...]] = (*HOME_GROUPS, "table", "explorer")
    ABOUT: ClassVar[str] = (
        "Every shop that is connected, one Shopping Cart document each: its state, its last and next cycle, and what "
        "is held for you. New connects another one; enter opens the document with its tabs."
    )
    AUTO_FOCUS: ClassVar[str | None] = "RecordTable"

    def __init__(self) -> None:
        super().__init__()
        self._source = ListRowSource(COLUMNS, [])
        self._list = RecordList(self._source, markable=False, empty_text="Reading the carts …", id="carts")

    @property
    def table(self) -> RecordTable:
        """The list of carts."""
        return self._list.table

    def title_parts(self) -> tuple[Part, ...]:
        crumb = f" {GLYPHS.crumb} "
        return ((f"Setup{crumb}Plugins{crumb}", "$quiet"), ("Shopping Carts", "bold"))

    def body(self) -> ComposeResult:
        yield self._list
        yield Static(Content.assemble(*EMPTY), id="no-carts")

    def carts_changed(self) -> None:
        views = self.host.cart_views()
        if views is None or not self.is_mounted:
            return
        rows = [self._row(view) for view in views]
        self.query_one("#no-carts").display = not views
        self._list.display = bool(views)
        if rows != self._source.rows or not rows:
            had_rows = bool(self._source.rows)
            self._source.rows = rows
            if had_rows and rows:
                self.table.reload()
            else:
                self._source.set_view(self.table.view)
                self.table.set_source(self._source, self.table.view)
        self.show_keys()

    def _row(self, view: CartView) -> Row:
        document, now = view.document, self.now()
        report = view.last_cycle
        running = document.status is SyncStatus.RUNNING
        last = f"{show_moment(report.ended_at, now)} {RESULT_WORDS[report.result]}" if report else "never ran"
        cells = (
            document.name,
            document.status.value,
            "LIVE" if document.settings.live else "test",
            "ON" if document.settings.sends and not self.ws.read_only else "off",
            f"{view.held:,}",
            last,
            show_moment(document.next_cycle_at, now) if running else GLYPHS.skipped,
            view.title,
            view.lease_holder,
        )
        return Row(document.name, cells, frozenset({FLAG_PROBLEM}) if view.held else frozenset())

    # --- actions -----------------------------------------------------------------------------------------------------

    @property
    def chosen(self) -> CartView | None:
        """The cart under the cursor."""
        key = self.table.cursor_key
        return self.host.cart_view(key) if key is not None else None

    def why_not(self, action: str) -> str | None:
        if action in ("start", "stop", "connection", "duplicate", "delete", "overview(cart)"):
            view = self.chosen
            if view is None:
                return "There is no cart yet: press n."
            running = view.document.status is SyncStatus.RUNNING
            if action == "start" and running:
                return "It is RUNNING already."
            if action == "stop" and not running:
                return "It is STOPPED already."
            if action == "delete" and running:
                return "It is RUNNING: stop it first (S)."
        return None

    def on_record_table_cursor_moved(self) -> None:
        self.show_keys()

    def on_record_table_row_activated(self, message: RecordTable.RowActivated) -> None:
        self.host.open_cart(message.key)

    def action_new(self) -> None:
        """S009: choose the type, then its set-up."""
        specs = [spec for spec in self.ws.adapters.values() if not spec.hidden]
        choices = [(spec.cart_type, spec.title, spec.url_help) for spec in sorted(specs, key=lambda one: one.title)]

        def chosen(cart_type: str | None) -> None:
            if cart_type is not None:
                self.app.push_screen(SetUpScreen(None, cart_type), self._open_new)

        self.app.push_screen(ChoiceDialog("New Shopping Cart: which type?", choices), chosen)

    def _open_new(self, name: str | None) -> None:
        if name is not None:
            self.host.open_cart(name)

    def action_accounts(self) -> None:
        """The system's accounts, of all carts."""
        self.app.push_screen(AccountsScreen())

    def action_overview(self, which: str = "") -> None:
        """Of all carts, or of the one under the cursor."""
        view = self.chosen if which else None
        self.app.push_screen(OverviewScreen(view.document.name if view else None))

    def action_connection(self) -> None:
        if self.chosen is not None:
            self.app.push_screen(SetUpScreen(self.chosen.document.name))

    def action_start(self) -> None:
        if self.chosen is not None:
            start(self, self.chosen.document.name, lambda: None)

    def action_stop(self) -> None:
        if self.chosen is not None:
            stop(self, self.chosen.document.name, lambda: None)

    def action_duplicate(self) -> None:
        if (view := self.chosen) is None:
            return
        name = view.document.name

        def typed(new_name: str | None) -> None:
            if new_name is not None:
                copy = new_name.strip()
                self.read("duplicate", lambda: carts.duplicate_cart(self.ws, name, copy), self._duplicated)

        text = "Connection and switches are copied. The copy is STOPPED, untested, and without dates and links."
        self.app.push_screen(PromptDialog(f"Duplicate {name}: name of the copy", text, value=f"{name} 2"), typed)

    def _duplicated(self, document: CartDocument) -> None:
        self.hint(f"{document.name} was made; test its connection and set its dates.")
        self.host.reload_carts()

    def action_delete(self) -> None:
        if (view := self.chosen) is None:
            return
        name = view.document.name
        text = (
            "The cart and all that is remembered of its records (links, held records, cursors) go. "
            "Documents that were imported stay. This can't be undone."
        )

        def typed(word: str | None) -> None:
            if word is not None:
                self.read("delete", lambda: carts.delete_cart(self.ws, name), lambda _: self._deleted(name))

        self.app.push_screen(TypedWordDialog(f"Delete {name}?", text, name), typed)

    def _deleted(self, name: str) -> None:
        self.hint(f"{name} is deleted.")
        self.host.reload_carts()

    async def action_quit(self) -> None:
        """Running work is asked about once; auto-sync needs no question, it ends after its page."""
        if not self.busy:
            await self.app.action_quit()
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self.run_worker(self.app.action_quit())

        self.app.push_screen(
            ConfirmDialog("Quit?", "Work is under way; it stops after its step.", "Quit", "Stay"), answered
        )
