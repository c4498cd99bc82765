"""The rows of a plan and of its report, and what was done in numbers. Pure."""

from __future__ import annotations

from cartui.domain.plan import Action, Plan, PlannedChange
from cartui.domain.rows import FLAG_MUTED, FLAG_PROBLEM, Column, Row
from cartui.screens.glyphs import GLYPHS
from cartui.sync.apply import Applied, ApplyReport

COLUMNS = (
    Column("record", "Record", 22),
    Column("action", "Action", 9, priority=1),
    Column("change", "Before → after", 37, priority=2),
    Column("why", "Why", 40, priority=3),
)
_LAST = (Action.HOLD, Action.SKIP, Action.SAME)
ORDER = (*(action for action in Action if action not in _LAST), *_LAST)
QUIET = (Action.SAME, Action.SKIP)


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
