"""What approving some documents will post, document by document, before anything is posted; then what became of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import ClassVar

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from cartui.domain.approval import Approval
from cartui.domain.ids import DocumentId
from cartui.domain.money import format_amount
from cartui.domain.rows import FLAG_PROBLEM, Column, ListRowSource, Row
from cartui.domain.safe_text import safe_text
from cartui.domain.settings import DocumentKind
from cartui.screens.base import CartuiScreen
from cartui.screens.dialogs import RowDialog
from cartui.screens.plan import PlanList, PlanTable
from cartui.sync.approvals import Approved, approve_documents, preview_approvals
from cartui.widgets.chrome import Part
from cartui.widgets.record_table import RecordTable

COLUMNS = (
    Column("number", "Document", 9),
    Column("kind", "Kind", 13, priority=1),
    Column("total", "Total", 12, align="right", priority=1),
    Column("what", "What it will do", 38, priority=1),
    Column("customer", "Customer", 20, priority=2),
    Column("note", "Look at", 60, priority=3),
)


class ApprovalScreen(CartuiScreen):
    """Preview, approve, report. Ends with what was done, None if nothing was."""

    GROUPS: ClassVar[tuple[str, ...]] = ("everywhere", "back", "approvals")
    ABOUT: ClassVar[str] = (
        "What each approval will post to the accounts and do to the stock, before anything is done; enter shows one "
        "in full. y posts all that are not refused: that can't be changed afterwards, only reversed by a credit note. "
        "n, q or esc leaves everything as it is."
    )
    AUTO_FOCUS: ClassVar[str | None] = "PlanTable"

    def __init__(self, approvals: Sequence[Approval]) -> None:
        super().__init__()
        self.approvals = tuple(approvals)
        self.done: list[Approved] | None = None

    @property
    def table(self) -> RecordTable:
        """The rows."""
        return self.query_one(PlanTable)

    def title_parts(self) -> tuple[Part, ...]:
        count = len(self.approvals)
        head = "Approved" if self.done is not None else "Approve"
        return ((head, "bold"), f" · {count:,} document{'s' if count != 1 else ''}")

    def body(self) -> ComposeResult:
        yield Static(Content.styled(headline(self.approvals), "bold"), id="headline")
        rows = [_row(one) for one in self.approvals]
        yield PlanList(ListRowSource(COLUMNS, rows), markable=False, empty_text="Nothing is PENDING here.")

    def shows(self, action: str) -> bool:
        return self.done is None if action in ("apply", "cancel") else True

    def why_not(self, action: str) -> str | None:
        if action == "apply":
            if self.busy:
                return "It is being posted; esc stops it after this page."
            return None if any(not one.problem for one in self.approvals) else "Nothing here can be approved."
        return None

    def clear_step(self) -> bool:
        self.action_back()
        return True

    def action_filter(self) -> None:
        self.table.action_filter()

    def action_cancel(self) -> None:
        self.action_back()

    def action_back(self) -> None:
        if not self.busy:
            self.dismiss(self.done)

    def on_record_table_row_activated(self, message: RecordTable.RowActivated) -> None:
        one = next(one for one in self.approvals if str(one.document.document_id) == message.key)
        self.app.push_screen(RowDialog(f"{one.document.name}: {one.document.draft.kind.label}", full_words(one)))

    def action_apply(self) -> None:
        ws, approvals = self.ws, self.approvals
        self.run_job(
            "Approving",
            lambda progress, stop: approve_documents(ws, approvals, progress=progress, stop=stop),
            self._posted,
        )

    def _posted(self, done: list[Approved]) -> None:
        self.done = done
        by_id = {one.document_id: one for one in done}
        rows = [_done_row(one, by_id.get(one.document.document_id)) for one in self.approvals]
        self.query_one("#headline", Static).update(Content.styled(report_words(done), "bold"))
        self.table.set_source(ListRowSource(COLUMNS, rows))
        self.refresh_frame()
        self.refresh_bindings()


def headline(approvals: Sequence[Approval]) -> str:
    """ "Approve 12 documents: 340.50 EUR. 1 is refused." """
    sums: dict[str, Decimal] = {}
    for one in approvals:
        if not one.problem:
            draft = one.document.draft
            sums[draft.currency] = sums.get(draft.currency, Decimal(0)) + draft.total
    good = sum(not one.problem for one in approvals)
    worth = ", ".join(f"{format_amount(amount, currency)} {currency}" for currency, amount in sorted(sums.items()))
    refused = len(approvals) - good
    told = f"Approve {good:,} document{'s' if good != 1 else ''}{f': {worth}' if worth else ''}."
    return told + (f" {refused:,} refused." if refused else "")


def report_words(done: Sequence[Approved]) -> str:
    """What was done, in numbers."""
    refused = sum(bool(one.problem) for one in done)
    return f"{len(done) - refused:,} approved" + (f", {refused:,} refused." if refused else ".")


def _row(one: Approval) -> Row:
    draft = one.document.draft
    what = f"refused: {one.problem}" if one.problem else _what(one)
    return Row(
        str(one.document.document_id),
        (
            one.document.number,
            draft.kind.label,
            f"{format_amount(draft.total, draft.currency)} {draft.currency}",
            safe_text(what, 200),
            safe_text(draft.customer_name, 60),
            safe_text(" ".join(one.notes), 300),
        ),
        frozenset({FLAG_PROBLEM}) if one.problem or one.notes else frozenset(),
    )


def _done_row(one: Approval, done: Approved | None) -> Row:
    row = _row(one)
    if done is None:
        said, wrong = "not reached", True
    else:
        said, wrong = (done.problem or f"approved as {done.number}"), bool(done.problem)
    cells = (*row.cells[:3], safe_text(said, 200), *row.cells[4:])
    return Row(row.key, cells, frozenset({FLAG_PROBLEM}) if wrong else frozenset())


def _what(one: Approval) -> str:
    if one.document.draft.kind is DocumentKind.SALES_ORDER:
        kept = sum(one.allocations.values(), Decimal(0))
        return f"keeps {kept.normalize():f} pieces, posts nothing"
    moved = sum((move.quantity for move in one.moves), Decimal(0))
    stock = f", stock {moved.normalize():+f}" if moved else ", no stock moves"
    return f"{len(one.transfers)} postings{stock}"


def full_words(one: Approval) -> str:
    """All that one approval does, a line each."""
    if one.problem:
        return f"{one.problem} {one.remedy}"
    lines = [
        f"{item.debit} from {item.credit}: {format_amount(item.amount, item.currency)} {item.currency}"
        for item in one.transfers
    ]
    lines += [f"stock {move.quantity.normalize():+f}: {move.reason}" for move in one.moves]
    lines += [f"kept for the buyer: {quantity.normalize():f}" for quantity in one.allocations.values()]
    return "\n".join([*lines, *(f"! {note}" for note in one.notes)]) or "Nothing is posted and no stock moves."


def approve(
    screen: CartuiScreen, document_ids: Callable[[], list[DocumentId]], on_done: Callable[[list[Approved]], None]
) -> None:
    """Work out the preview in a thread and show it; `on_done` is called after something was approved."""

    def left(done: list[Approved] | None) -> None:
        if done is not None:
            on_done(done)

    def show(found: list[Approval]) -> None:
        screen.app.push_screen(ApprovalScreen(found), left)

    screen.run_job(
        "Working out what will be posted",
        lambda _progress, _stop: preview_approvals(screen.ws, document_ids()),
        show,
    )
