"""The accounts of the system: trial balance, journal, sales, receivables, stock ledger. Reached from the explorer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import ClassVar

from textual.app import ComposeResult

from cartui.domain.rows import Column, ListRowSource, Row, RowSource, View
from cartui.domain.safe_text import safe_text
from cartui.screens.base import PUSHED_GROUPS, CartuiScreen
from cartui.screens.dialogs import PromptDialog, RowDialog
from cartui.sync import accounting
from cartui.sync.workspace import Workspace
from cartui.widgets.chrome import Part, TextLine
from cartui.widgets.filter_bar import RecordList
from cartui.widgets.record_table import RecordTable

_SALES_DAYS = 92


def _columns(*told: tuple[str, str, int]) -> tuple[Column, ...]:
    """A negative width stands for a column of numbers."""
    return tuple(
        Column(name, title, abs(width), align="right" if width < 0 else "left", priority=at)
        for at, (name, title, width) in enumerate(told)
    )


_TRIAL = _columns(
    ("name", "Account", 28), ("debit", "Debit", -14), ("credit", "Credit", -14), ("currency", "Cur", 3),
    ("kind", "Kind", 9), ("account", "Key", 16),
)  # fmt: skip
_SALES = _columns(
    ("day", "Day", 10), ("currency", "Cur", 3), ("tax_rate", "Rate %", -6), ("goods", "Goods", -10),
    ("other", "Other", -9), ("tax", "Tax", -9), ("total", "Total", -10), ("cart", "Cart", 20),
)  # fmt: skip
_OWED = _columns(
    ("number", "Invoice", 15), ("open", "Open", -11), ("currency", "Cur", 3), ("age", "Age", 12),
    ("dated", "Dated", 10), ("customer", "Customer", 20), ("total", "Total", -11), ("cart", "Cart", 16),
)  # fmt: skip


def _trial(ws: Workspace) -> RowSource:
    return _source(_TRIAL, accounting.trial_balance_rows(ws), "account")


def _sales(ws: Workspace) -> RowSource:
    today = ws.clock().date()
    return _source(_SALES, accounting.sales_rows(ws, today - timedelta(days=_SALES_DAYS), today)[::-1], "")


def _owed(ws: Workspace) -> RowSource:
    return _source(_OWED, accounting.receivable_rows(ws), "")


REPORTS: Mapping[str, tuple[str, Callable[[Workspace], RowSource], str]] = {
    "trial": ("Trial balance", _trial, "Nothing was posted yet: approve a document (P on Orders)."),
    "journal": ("Journal", accounting.journal_source, "Nothing was posted yet: approve a document (P on Orders)."),
    "sales": ("Sales by day", _sales, "Nothing was sold in the last 92 days."),
    "owed": ("Receivables", _owed, "Nobody owes anything."),
    "stock": ("Stock ledger", accounting.ledger_source, "No stock was moved yet."),
}


class AccountsScreen(CartuiScreen):
    """One report at a time."""

    GROUPS: ClassVar[tuple[str, ...]] = (*PUSHED_GROUPS, "table", "accounts")
    ABOUT: ClassVar[str] = (
        "What was posted, of all carts. 1 the balance of each account, 2 every posting, 3 what was sold by day, cart "
        "and tax rate, 4 the invoices on which something is owed with their age, 5 every movement of stock. Amounts "
        "stay in the currency of their document. `cartui export-books` writes all of it for accounting programs."
    )
    AUTO_FOCUS: ClassVar[str | None] = "RecordTable"

    def __init__(self) -> None:
        super().__init__()
        self._report = "trial"
        self._ages = ""
        self._list = RecordList(markable=False, empty_text="Reading …", id="accounts")

    @property
    def table(self) -> RecordTable:
        """The report."""
        return self._list.table

    def title_parts(self) -> tuple[Part, ...]:
        return (("Accounts", "bold"), f" · {REPORTS[self._report][0]}")

    def body(self) -> ComposeResult:
        yield TextLine(id="ages")
        yield self._list

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#ages").styles.height = 1
        self.action_report("trial")

    def why_not(self, action: str) -> str | None:
        if action == "rename_account" and not self.table.cursor_key:
            return "Go to an account first."
        return None

    def shows(self, action: str) -> bool:
        return self._report == "trial" if action == "rename_account" else True

    def action_report(self, which: str) -> None:
        """Show another report."""
        ws, (_, make, _empty) = self.ws, REPORTS[which]
        self.read(
            "report", lambda: (make(ws), _age_words(ws) if which == "owed" else ""), lambda got: self._show(which, *got)
        )

    def _show(self, which: str, source: RowSource, ages: str) -> None:
        self._report = which
        self.table.empty_text = REPORTS[which][2]
        self.table.set_source(source, View())
        self.query_one("#ages", TextLine).show((safe_text(ages, 200), "$text-accent"))
        self.refresh_frame()
        self.refresh_bindings()

    def on_record_table_row_activated(self, message: RecordTable.RowActivated) -> None:
        source = self.table.source
        at = source.find(message.key) if source is not None else None
        if source is not None and at is not None:
            [row] = source.page(at, 1)
            told = [f"{one.title}: {cell}" for one, cell in zip(source.columns, row.cells, strict=True) if cell]
            self.app.push_screen(RowDialog(REPORTS[self._report][0], "\n".join(told)))

    def action_rename_account(self) -> None:
        """The key stays, the name is the merchant's."""
        key = (self.table.cursor_key or "").partition(" ")[0]
        if not key:
            return
        ws = self.ws

        def typed(name: str | None) -> None:
            if name is not None:
                self.run_job(
                    "Renaming",
                    lambda _progress, _stop: accounting.rename_account(ws, key, name),
                    lambda _: self.action_report("trial"),
                )

        self.app.push_screen(PromptDialog(f"Another name for {key}", "What was posted on it stays."), typed)


def _age_words(ws: Workspace) -> str:
    rows = accounting.age_rows(ws)
    return "  ".join(", ".join(f"{name} {value}" for name, value in row.items() if name != "total") for row in rows)


def _source(columns: Sequence[Column], rows: Sequence[Mapping[str, object]], key: str) -> RowSource:
    made = [
        Row(
            f"{row.get(key, '')} {at}" if key else str(at),
            tuple(safe_text(str(row.get(column.name) or ""), 200) for column in columns),
        )
        for at, row in enumerate(rows)
    ]
    return ListRowSource(columns, made)
