"""A plan before it is carried out: before -> after for every row, what is held or skipped and why; then the report."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from cartui.domain.ids import Direction
from cartui.domain.plan import Action, Plan
from cartui.domain.plan_totals import plan_totals
from cartui.domain.rows import FLAG_PROBLEM, ListRowSource, Row
from cartui.domain.safe_text import safe_text
from cartui.errors import BrakeError, CartuiError
from cartui.screens.base import CartuiScreen
from cartui.screens.dialogs import ConfirmDialog, ErrorDialog, PromptDialog, RowDialog, TypedWordDialog
from cartui.screens.glyphs import GLYPHS
from cartui.screens.plan_rows import COLUMNS, ordered, plan_rows, report_row, report_words
from cartui.sync.apply import ApplyReport, apply_plan
from cartui.sync.plan_files import keep_plan
from cartui.sync.undo import plan_undo
from cartui.widgets.chrome import Part
from cartui.widgets.filter_bar import RecordList
from cartui.widgets.record_table import RecordTable


def show_plan(screen: CartuiScreen, plan: Plan, on_applied: Callable[[ApplyReport], None]) -> None:
    """Show a plan; `on_applied` is called when the person leaves it after it was carried out."""

    def left(report: ApplyReport | None) -> None:
        if report is not None:
            on_applied(report)

    screen.app.push_screen(PlanScreen(plan), left)


def undo_last(screen: CartuiScreen, cart_name: str, on_applied: Callable[[ApplyReport], None]) -> None:
    """Show the plan that takes back what was last carried out by hand for a cart."""
    screen.run_job(
        "Looking what can be undone",
        lambda progress, stop: plan_undo(screen.ws, cart_name, progress=progress, stop=stop),
        lambda plan: show_plan(screen, plan, on_applied),
    )


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
        totals = str(plan_totals(self.plan))
        yield Static(Content.styled(self._capital(self.plan.headline), "bold").append(f" {totals}"), id="headline")
        yield PlanList(ListRowSource(COLUMNS, self._rows), markable=False, empty_text="Nothing to do.")

    @staticmethod
    def _capital(text: str) -> str:
        text = safe_text(text)
        return f"{text[:1].upper()}{text[1:]}."

    def shows(self, action: str) -> bool:
        if action in ("apply", "cancel", "keep_file"):
            return self.report is None
        return self.report is not None if action == "undo_plan" else True

    def why_not(self, action: str) -> str | None:
        if action == "apply":
            if self.busy:
                return "It is being carried out; esc stops it after this step."
            if not self.plan.changes:
                return "There is nothing to do."
            if all(change.action is Action.SAME for change in self.plan.changes):
                return "Nothing would change."
        if action == "keep_file" and self.plan.request is None:
            return "This plan can't be kept as a file: carry it out here, or leave it."
        if action == "undo_plan" and not self.plan.effective:
            return "Nothing was changed."
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

    def _apply(self, confirmed: str = "") -> None:
        self.run_job(
            "Applying",
            lambda progress, stop: apply_plan(self.ws, self.plan, confirmed=confirmed, progress=progress, stop=stop),
            self._applied,
            self._broke,
        )

    def _brake(self, error: BrakeError) -> None:
        """The plan would do much at once: it wants the cart's name typed (rule 14)."""

        def typed(word: str | None) -> None:
            if word is not None:
                self._apply(self.plan.cart_name)

        text = f"{error.problem}\n\nNothing was done yet. esc leaves; look at the rows once more."
        self.app.push_screen(TypedWordDialog("This would do much at once", text, self.plan.cart_name), typed)

    def action_undo_plan(self) -> None:
        """Take back what was just carried out."""
        undo_last(self, self.plan.cart_name, self._taken_back)

    def _taken_back(self, report: ApplyReport) -> None:
        self.dismiss(report)

    # --- as a file ---------------------------------------------------------------------------------------------------

    def action_keep_file(self) -> None:
        """Ask where to, and write it there."""
        name = re.sub(r"[^a-z0-9]+", "-", self.plan.cart_name.lower()).strip("-") or "cart"
        dialog = PromptDialog(
            "Save the plan as a file",
            "Nothing is done. `cartui apply FILE` carries it out later, where nothing has changed since.",
            value=f"plan-{name}-{self.now():%Y%m%d-%H%M%S}.json",
        )
        self.app.push_screen(dialog, self._keep_at)

    def _keep_at(self, path: str | None) -> None:
        if path is None:
            return
        self.read(
            "file",
            lambda: keep_plan(self.ws, self.plan, Path(path).expanduser()),
            lambda kept: self.hint(f"Kept as {kept}. Nothing was done.", "$text-success"),
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
        if isinstance(error, BrakeError):
            self._brake(error)
            return
        self.tell(error, "The plan was not finished")
        self.hint("What was done stays done; apply again does the rest.", "$text-warning")
