"""The match workbench: what could be linked, with score and evidence; marked rows are linked through a plan (N13)."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult

from cartui.domain.csv_table import read_csv
from cartui.domain.ids import RecordKind
from cartui.domain.matching import SAFE, Proposal, Standing
from cartui.domain.plan import Plan
from cartui.domain.rows import FLAG_MUTED, FLAG_PROBLEM, Column, ListRowSource, Marks, Row, marked_keys
from cartui.domain.safe_text import safe_text
from cartui.screens.base import PUSHED_GROUPS, CartuiScreen
from cartui.screens.dialogs import ErrorDialog, PromptDialog, RowDialog
from cartui.screens.glyphs import GLYPHS
from cartui.screens.plan import show_plan, undo_last
from cartui.screens.plan_rows import report_words
from cartui.sync.apply import ApplyReport
from cartui.sync.csv_export import save_csv
from cartui.sync.matching import Bench, bench_dicts, open_bench, plan_accepted, plan_links_csv
from cartui.sync.record_changes import read_file
from cartui.widgets.chrome import Part, TextLine
from cartui.widgets.filter_bar import RecordList
from cartui.widgets.record_table import RecordTable

COLUMNS = (
    Column("cart", "In the cart", 24),
    Column("score", "Score", 5, align="right", priority=1),
    Column("ours", "Evidence → yours, or why not", 41, priority=1),
    Column("standing", "Standing", 9, priority=3),
)
_ORDER = (Standing.PROPOSED, Standing.BLOCKED, Standing.NONE)


class MatchScreen(CartuiScreen):
    """Proposals of one kind. Ends with True where something was linked."""

    GROUPS: ClassVar[tuple[str, ...]] = (*PUSHED_GROUPS, "table", "match")
    ABOUT: ClassVar[str] = (
        "What of the cart could be linked to what is here, with a score of 0 to 100 and its evidence. Those of 90 and "
        "more are marked: one key that identifies (SKU, barcode, e-mail, tax number) agrees. A name alone never gets "
        "there. t marks by another score, L links what is marked: the plan is shown first, and undone as one with U. "
        "What is ambiguous, a duplicate or a parent is blocked, with the reason. w keeps all as CSV, R links by the "
        "column code of such a file."
    )
    AUTO_FOCUS: ClassVar[str | None] = "RecordTable"

    def __init__(self, cart_name: str, kind: RecordKind) -> None:
        super().__init__()
        self.cart_name = cart_name
        self._kind = kind
        self._bench: Bench | None = None
        self._linked = False
        self._list = RecordList(empty_text="Nothing of the cart waits to be linked.", id="list")

    @property
    def table(self) -> RecordTable:
        """The proposals."""
        return self._list.table

    def title_parts(self) -> tuple[Part, ...]:
        return (("Match", "bold"), f" · {self._kind}s of {safe_text(self.cart_name, 40)}")

    def body(self) -> ComposeResult:
        yield TextLine(id="count")
        yield self._list

    def on_mount(self) -> None:
        super().on_mount()
        self._load()

    def _load(self) -> None:
        ws, name, kind = self.ws, self.cart_name, self._kind
        self.run_job(
            f"Reading the cart's {kind}s",
            lambda progress, stop: open_bench(ws, name, kind, progress=progress, stop=stop),
            self._show,
        )

    def _show(self, bench: Bench) -> None:
        self._bench = bench
        found = sorted(bench.proposals, key=lambda one: (_ORDER.index(one.standing), -one.score))
        self.table.set_source(ListRowSource(COLUMNS, [_row(one) for one in found]))
        self.table.set_marks(Marks(frozenset(bench.keys_from(SAFE))))
        count = {standing: sum(one.standing is standing for one in found) for standing in Standing}
        self.query_one("#count", TextLine).show(
            f"{count[Standing.PROPOSED]:,} proposed",
            (f" · {count[Standing.BLOCKED]:,} blocked · {count[Standing.NONE]:,} without a match", "$quiet"),
            (f" · {len(bench.linked):,} linked already", "$quiet"),
        )
        self.refresh_bindings()

    def why_not(self, action: str) -> str | None:
        if action in ("link_marked", "by_score", "keep_csv", "read_csv") and self._bench is None:
            return "The cart is still being read."
        if action == "link_marked" and self.table.marks.is_empty:
            return "Nothing is marked: t marks by score."
        return None

    def clear_step(self) -> bool:
        if self.table.marks.is_empty:
            return False
        self.table.set_marks(Marks.none())
        return True

    def action_back(self) -> None:
        if not self.busy:
            self.dismiss(self._linked)

    def on_record_table_row_activated(self, message: RecordTable.RowActivated) -> None:
        if self._bench is None:
            return
        one = next(one for one in self._bench.proposals if one.key == message.key)
        told = f"{one.our_label}\n\nscore {one.score}: {one.why}" if one.our_key else one.reason
        dialog = ErrorDialog if one.standing is Standing.BLOCKED else RowDialog
        self.app.push_screen(dialog(one.label or one.key, told, one.remedy))

    def action_by_score(self) -> None:
        """Mark all that are proposed with at least this score."""
        question = PromptDialog(
            "Mark from which score on?",
            f"{SAFE} and more: something that identifies agrees. Below it names are among them.",
            value=str(SAFE),
            check=lambda text: None if text.isascii() and text.isdigit() and 1 <= int(text) <= 100 else "1 to 100.",
        )
        self.app.push_screen(question, self._mark)

    def _mark(self, text: str | None) -> None:
        if text is not None and self._bench is not None:
            keys = self._bench.keys_from(int(text))
            self.table.set_marks(Marks(frozenset(keys)))
            self.hint(f"{len(keys):,} marked with {text} or more; L links them, plan first.")

    def action_link_marked(self) -> None:
        bench, source, marks = self._bench, self.table.source, self.table.marks
        if bench is None or source is None:
            return
        ws = self.ws
        self.run_job(
            "Planning the links",
            lambda _progress, _stop: plan_accepted(ws, bench, list(marked_keys(marks, source))),
            self._plan,
        )

    def _plan(self, plan: Plan) -> None:
        show_plan(self, plan, self._applied)

    def _applied(self, report: ApplyReport) -> None:
        self._linked = True
        self.hint(report_words(report), "$text-warning" if report.problems else "$text-success")
        self._load()

    def action_undo_plan(self) -> None:
        """Take back what was last done by hand for this cart, as one."""
        undo_last(self, self.cart_name, self._applied)

    # --- CSV ---------------------------------------------------------------------------------------------------------

    def action_keep_csv(self) -> None:
        """All rows, with what each would be linked to."""
        told = "Where to. Change the column code, and read the file again with R."
        self.app.push_screen(PromptDialog("Save as CSV", told, placeholder="~/links.csv"), self._keep)

    def _keep(self, text: str | None) -> None:
        bench = self._bench
        if text is None or bench is None:
            return
        path = Path(text.strip()).expanduser()
        self.run_job(
            "Saving",
            lambda _progress, _stop: save_csv(bench_dicts(bench), path),
            lambda count: self.hint(f"{count:,} rows are in {path}.", "$text-success"),
        )

    def action_read_csv(self) -> None:
        """Link by the column code of a file."""
        told = "A file that w wrote, with the codes that you want."
        self.app.push_screen(PromptDialog("Link by a CSV", told, placeholder="~/links.csv"), self._read_links)

    def _read_links(self, text: str | None) -> None:
        bench, ws = self._bench, self.ws
        if text is not None and bench is not None:
            path = Path(text.strip()).expanduser()
            self.run_job(
                "Planning the links",
                lambda _progress, _stop: plan_links_csv(ws, bench, read_csv(read_file(path))),
                self._plan,
            )


def _row(one: Proposal) -> Row:
    flags = {Standing.BLOCKED: {FLAG_PROBLEM}, Standing.NONE: {FLAG_MUTED}}.get(one.standing, set())
    score = str(one.score) if one.standing is Standing.PROPOSED else ""
    told = f"{one.why} {GLYPHS.arrow} {one.our_label}" if one.our_key else one.reason
    return Row(one.key, (one.label or one.key, score, told, one.standing.value), frozenset(flags))
