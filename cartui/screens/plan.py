"""A plan before it is carried out: before -> after for every row, what is held or skipped and why; then the report."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from cartui.domain.ids import Direction
from cartui.domain.plan import Action, Plan, PlannedChange
from cartui.domain.rows import FLAG_MUTED, FLAG_PROBLEM, Column, ListRowSource, Row
from cartui.domain.safe_text import safe_text
from cartui.errors import CartuiError
from cartui.screens.base import CartuiScreen
from cartui.screens.dialogs import ConfirmDialog, ErrorDialog, RowDialog
from cartui.screens.glyphs import GLYPHS
from cartui.sync.apply import Applied, ApplyReport, apply_plan
from cartui.widgets.chrome import Part
from cartui.widgets.filter_bar import RecordList
from cartui.widgets.record_table import RecordTable

COLUMNS = (
    Column("record", "Record", 22),
    Column("action", "Action", 9, priority=1),
    Column("change", "Before → after", 37, priority=2),
    Column("why", "Why", 40, priority=3),
)
ORDER = (Action.CREATE, Action.UPDATE, Action.LINK, Action.SET_STOCK, Action.HOLD, Action.SKIP, Action.SAME)
QUIET = (Action.SAME, Action.SKIP)


def show_plan(screen: CartuiScreen, plan: Plan, on_applied: Callable[[ApplyReport], None]) -> None:
    """Show a plan; `on_applied` is called when the person leaves it after it was carried out."""

    def left(report: ApplyReport | None) -> None:
        if report is not None:
            on_applied(report)

    screen.app.push_screen(PlanScreen(plan), left)


class PlanTable(RecordTable):
    """A table whose `y` (Apply) and `/` belong to the screen."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return False if action in ("copy", "filter") else super().check_action(action, parameters)


class PlanList(RecordList):
    """The rows of a plan, with a filter line."""

    TABLE = PlanTable


class PlanScreen(CartuiScreen):
    """Preview, apply, report. Ends with the `ApplyReport`, None if nothing was done."""

    GROUPS: ClassVar[tuple[str, ...]] = ("everywhere", "back", "plan")
    ABOUT: ClassVar[str] = (
        "What would be done, row by row, before anything is done. Enter shows one row in full, h only what is held; y "
        "carries the plan out; n, q or esc leaves everything as it is."
    )
    AUTO_FOCUS: ClassVar[str | None] = "PlanTable"

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.plan = plan
        self.report: ApplyReport | None = None
        self._rows = plan_rows(plan)
        self._held_only = False

    @property
    def table(self) -> RecordTable:
        """The rows."""
        return self.query_one(PlanTable)

    def title_parts(self) -> tuple[Part, ...]:
        live: Part = ("LIVE", "bold $text-warning") if self.plan.live else ("TEST", "bold $text-success")
        return (("Report" if self.report else "Plan", "bold"), f" · {safe_text(self.plan.cart_name, 40)} · ", live)

    def body(self) -> ComposeResult:
        yield Static(Content.styled(self._capital(self.plan.headline), "bold"), id="headline")
        yield PlanList(ListRowSource(COLUMNS, self._rows), markable=False, empty_text="Nothing to do.")

    @staticmethod
    def _capital(text: str) -> str:
        text = safe_text(text)
        return f"{text[:1].upper()}{text[1:]}."

    def shows(self, action: str) -> bool:
        return self.report is None if action in ("apply", "cancel") else True

    def why_not(self, action: str) -> str | None:
        if action == "apply":
            if self.busy:
                return "It is being carried out; esc stops it after this step."
            if not self.plan.changes:
                return "There is nothing to do."
            if all(change.action is Action.SAME for change in self.plan.changes):
                return "Nothing would change."
        if action == "held_only" and not self._held_only and not self._held_rows():
            return "Nothing was held or left undone." if self.report else "Nothing is held."
        return None

    def clear_step(self) -> bool:
        if self._held_only:
            self.action_held_only()
        else:
            self.action_back()
        return True

    def _held_rows(self) -> list[Row]:
        return [row for row in self._rows if FLAG_PROBLEM in row.flags]

    def action_held_only(self) -> None:
        """Only what needs a person, and back."""
        self._held_only = not self._held_only
        rows = self._held_rows() if self._held_only else self._rows
        self.table.set_source(ListRowSource(COLUMNS, rows))
        only = f"Only what is held or not done: {len(rows):,} of {len(self._rows):,} rows; h shows all."
        self.hint(only if self._held_only else "")

    def action_filter(self) -> None:
        """The filter line; the table would take it by itself, but its other keys would go with it."""
        self.table.action_filter()

    def action_back(self) -> None:
        if not self.busy:
            self.dismiss(self.report)

    def action_cancel(self) -> None:
        self.action_back()

    def on_record_table_row_activated(self, message: RecordTable.RowActivated) -> None:
        change = next(change for change in self.plan.changes if change.key == message.key)
        done = (
            next((one for one in self.report.applied if one.change.key == message.key), None) if self.report else None
        )
        lines = [
            f"{one.name}: {one.before or 'nothing'} {GLYPHS.arrow} {one.after or 'nothing'}" for one in change.fields
        ]
        lines += [text for text in (change.reason, done.problem if done else "") if text]
        remedy = (done.remedy if done and done.problem else "") or change.remedy
        wrong = change.action is Action.HOLD or bool(done and done.problem)
        dialog = ErrorDialog if wrong else RowDialog
        self.app.push_screen(dialog(f"{change.label}: {change.action.value}", "\n".join(lines), remedy))

    # --- apply -------------------------------------------------------------------------------------------------------

    def action_apply(self) -> None:
        """Creating in a LIVE cart wants a yes of its own."""
        created = self.plan.counts.get(Action.CREATE, 0)
        if self.plan.direction is Direction.EXPORT and self.plan.live and created:
            what = f"{created} {self.plan.kind}{'s' if created != 1 else ''}"
            question = ConfirmDialog(
                f"Create {what} in LIVE cart {self.plan.cart_name}?",
                "Shoppers may see them at once.",
                f"Create {what}",
                "Leave",
                danger=True,
            )
            self.app.push_screen(question, self._answered)
        else:
            self._apply()

    def _answered(self, yes: bool | None) -> None:
        if yes:
            self._apply()

    def _apply(self) -> None:
        self.run_job(
            "Applying",
            lambda progress, stop: apply_plan(self.ws, self.plan, progress=progress, stop=stop),
            self._applied,
            self._broke,
        )

    def _applied(self, report: ApplyReport) -> None:
        self.report = report
        by_key = {one.change.key: one for one in report.applied}
        self._rows, self._held_only = [report_row(one, by_key.get(one.key)) for one in ordered(self.plan)], False
        self.table.set_source(ListRowSource(COLUMNS, self._rows))
        self.query_one("#headline", Static).update(Content.styled(safe_text(report_words(report)), "bold"))
        self.refresh_frame()
        self.refresh_bindings()
        self.host.reload_carts()

    def _broke(self, error: CartuiError) -> None:
        self.tell(error, "The plan was not finished")
        self.hint("What was done stays done; apply again does the rest.", "$text-warning")


def ordered(plan: Plan) -> list[PlannedChange]:
    """What writes first, then what is held, skipped and the same."""
    return sorted(plan.changes, key=lambda change: ORDER.index(change.action))


def plan_rows(plan: Plan) -> list[Row]:
    """The rows of the preview."""
    return [_row(change, change.action.value, change.reason, change.remedy) for change in ordered(plan)]


def report_row(change: PlannedChange, applied: Applied | None) -> Row:
    """The same row after it was carried out."""
    if applied is None:
        return _row(change, "not done", "Stopped before this row.", "")
    if applied.problem and change.action is not Action.HOLD:
        return _row(change, "not done", applied.problem, applied.remedy, problem=True)
    return _row(change, f"{change.outcome}", change.reason, change.remedy)


def _row(change: PlannedChange, action: str, why: str, remedy: str, *, problem: bool = False) -> Row:
    told = "; ".join(f"{one.name}: {one.before or '–'} {GLYPHS.arrow} {one.after or '–'}" for one in change.fields)
    flags = {FLAG_PROBLEM} if problem or change.action is Action.HOLD else set()
    if change.action in QUIET:
        flags.add(FLAG_MUTED)
    because = f"{why} {remedy}".strip()
    if problem:
        told = f"{because} ({told})" if told else because
    # On 80 columns there is no room for the last column: what changes nothing says there why.
    return Row(change.key, (change.label, action, told or because, because if told else ""), frozenset(flags))


def report_words(report: ApplyReport) -> str:
    """What was done, in numbers."""
    counts = report.counts
    words = ("created", "updated", "same", "skipped")
    failed = sum(one.change.action is not Action.HOLD for one in report.problems)
    held = max(0, counts.held - failed)  # what could not be done counts as held: it is named once
    done = [(getattr(counts, word), word) for word in words] + [(held, "held")]
    told = ", ".join(f"{count:,} {word}" for count, word in done if count) or "nothing changed"
    problems = f"; {failed:,} not done" if failed else ""
    stopped = "; stopped early, the rest was not touched" if report.stopped else ""
    return f"Done: {told}{problems}{stopped}."
