"""Import rules of a cart: which orders are imported, held, left alone; changed here, tried on last month's orders
before they count, then saved all at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from cartui.domain.import_rules import FIELDS, ImportRule, RuleThen, check_rules
from cartui.domain.money import format_amount
from cartui.domain.rows import FLAG_MUTED, FLAG_PROBLEM, Column, ListRowSource, Row
from cartui.domain.safe_text import safe_text
from cartui.domain.settings import CartDocument
from cartui.screens.base import PUSHED_GROUPS, CartuiScreen
from cartui.screens.dialogs import ChoiceDialog, ConfirmDialog, PromptDialog, RowDialog
from cartui.screens.glyphs import GLYPHS
from cartui.screens.plan import PlanTable
from cartui.screens.times import show_time
from cartui.sync.rule_lab import RuleTrial, Trial, set_rules, try_rules
from cartui.widgets.chrome import Part
from cartui.widgets.filter_bar import RecordList
from cartui.widgets.record_table import RecordTable

THEN_WORDS: dict[RuleThen, str] = {
    RuleThen.IMPORT: "becomes a PENDING document",
    RuleThen.WAIT: "is looked at again by itself until a rule says otherwise",
    RuleThen.HOLD: "is held for a person",
    RuleThen.PAST: "becomes a document of the past: posts nothing, moves nothing",
    RuleThen.SKIP: "is left alone",
}
COLUMNS = (
    Column("number", "No.", 4, align="right"),
    Column("when", "When an order matches", 34, priority=1),
    Column("then", "Then", 7, priority=1),
    Column("meaning", "It", 58, priority=2),
)
_ELSE = "else"
_ROOMY = 34  # lines of a screen that has room for what each field means


def field_list(height: int) -> str:
    """The fields that a rule can ask for; on a low screen without what each means, which the help says."""
    such = "Such as  method:card payment:authorized total>100  (nothing: every order)."
    if height < _ROOMY:
        return f"Fields: {', '.join(FIELDS)}. What they hold: esc, then ?.\n\n{such}"
    return "\n".join(f"{name:<10} {meaning}" for name, meaning in FIELDS.items()) + f"\n\n{such}"


def check_when(typed: str) -> str | None:
    """What is wrong with a query as it is typed; the fields stand above it."""
    if problems := check_rules([ImportRule(typed.strip(), RuleThen.IMPORT)]):
        said = problems[0].partition("): ")[2] or problems[0]
        return said.partition(". Use ")[0].rstrip(".") + "."
    return None


class RulesTable(PlanTable):
    """A table in which `e` edits the rule and the order of the rows is the rules' own."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return False if action in ("edit", "sort", "undo") else super().check_action(action, parameters)


class RulesList(RecordList):
    """The rules in their order."""

    TABLE = RulesTable


class RulesScreen(CartuiScreen):
    """The rules of one cart. Ends with True where they were saved."""

    GROUPS: ClassVar[tuple[str, ...]] = (*PUSHED_GROUPS, "rules")
    ABOUT: ClassVar[str] = (
        "Which orders of this cart are imported, held or left alone. The first rule that matches an order decides; "
        "where none does, its status does. t shows on the orders of the last 30 days what these rules would come to, "
        "before anything counts; nothing is stored until ctrl+s. Orders that are imported already stay as they are.\n\n"
        "A rule can ask for: " + "; ".join(f"{name} ({meaning})" for name, meaning in FIELDS.items()) + "."
    )
    AUTO_FOCUS: ClassVar[str | None] = "RulesTable"

    def __init__(self, document: CartDocument) -> None:
        super().__init__()
        self._document = document
        self._rules = list(document.settings.import_rules)
        self._saved = False

    @property
    def table(self) -> RecordTable:
        """The rules."""
        return self.query_one(RulesTable)

    @property
    def is_changed(self) -> bool:
        """Something is not saved."""
        return tuple(self._rules) != self._document.settings.import_rules

    def title_parts(self) -> tuple[Part, ...]:
        unsaved = " *unsaved" if self.is_changed else ""
        return (
            ("Import rules", "bold"),
            f" · {safe_text(self._document.name, 40)}",
            (unsaved, "bold $text-warning"),
        )

    def body(self) -> ComposeResult:
        yield RulesList(ListRowSource(COLUMNS, self._rows()), markable=False, empty_text="No rules.")

    def _rows(self) -> list[Row]:
        rows = [
            Row(str(n), (str(n), rule.when or "(every order)", str(rule.then), THEN_WORDS[rule.then]))
            for n, rule in enumerate(self._rules, 1)
        ]
        last = Row(_ELSE, ("else", "(no rule)", "status", "goes by its status"), frozenset({FLAG_MUTED}))
        return [*rows, last]

    def _draw(self, number: int | None = None) -> None:
        self.table.set_source(ListRowSource(COLUMNS, self._rows()))
        if number is not None:
            self.table.move_to_key(str(number) if number <= len(self._rules) else _ELSE)
        self.refresh_frame()
        self.refresh_bindings()

    @property
    def _here(self) -> int | None:
        """The number of the rule under the cursor."""
        key = self.table.cursor_key
        return int(key) if key is not None and key != _ELSE else None

    def why_not(self, action: str) -> str | None:
        if action in ("edit_rule", "remove_rule", "rule_up", "rule_down") and self._here is None:
            return "There is no rule under the cursor; n makes one."
        if action == "save":
            if self.ws.read_only:
                return "cartui is in read-only mode: set read_only = false in the configuration and start it again."
            return None if self.is_changed else "Nothing was changed."
        return "It is being tried; esc stops it." if action == "try_rules" and self.busy else None

    # --- change ------------------------------------------------------------------------------------------------------

    def action_new_rule(self) -> None:
        """Before the one under the cursor; on the last line, after all."""
        at = self._here or len(self._rules) + 1
        self._ask(None, lambda rule: self._put(at, rule, new=True))

    def action_edit_rule(self) -> None:
        """Query, then what happens."""
        if (at := self._here) is not None:
            self._ask(self._rules[at - 1], lambda rule: self._put(at, rule, new=False))

    def on_record_table_row_activated(self, _: RecordTable.RowActivated) -> None:
        if self._here is not None:
            self.action_edit_rule()
        else:
            self.hint("Where no rule matches, the order's status decides; n makes a rule.")

    def _ask(self, rule: ImportRule | None, take: Callable[[ImportRule], None]) -> None:
        def typed(when: str | None) -> None:
            if when is not None:
                choices = [(one.value, one.value, f"the order {words}") for one, words in THEN_WORDS.items()]
                if rule is not None:  # the one that it has comes first
                    choices.sort(key=lambda one: one[0] != rule.then)
                title = f"What happens with {when.strip() or 'every order'}?"
                self.app.push_screen(ChoiceDialog(title, choices), lambda then: chosen(when, then))

        def chosen(when: str, then: str | None) -> None:
            if then is not None:
                take(ImportRule(when.strip(), RuleThen(then)))

        title = "Which orders?" if rule is None else "Which orders? (changing a rule)"
        value = rule.when if rule is not None else ""
        self.app.push_screen(
            PromptDialog(title, field_list(self.app.size.height), value=value, check=check_when), typed
        )

    def _put(self, at: int, rule: ImportRule, *, new: bool) -> None:
        self._rules[at - 1 : at - 1 if new else at] = [rule]
        self._draw(at)

    def action_remove_rule(self) -> None:
        """Take it out; nothing is stored until it is saved."""
        if (at := self._here) is not None:
            gone = self._rules.pop(at - 1)
            self._draw(at)
            self.hint(f"Taken out: {safe_text(str(gone), 120)}. ctrl+s saves, q leaves all as it was.")

    def action_rule_up(self) -> None:
        self._move(-1)

    def action_rule_down(self) -> None:
        self._move(1)

    def _move(self, step: int) -> None:
        at = self._here
        if at is not None and 1 <= at + step <= len(self._rules):
            self._rules.insert(at - 1 + step, self._rules.pop(at - 1))
            self._draw(at + step)

    # --- try and save ------------------------------------------------------------------------------------------------

    def action_try_rules(self) -> None:
        """Last month's orders by the rules as they stand here; only reads."""
        ws, name, rules = self.ws, self._document.name, tuple(self._rules)
        self.run_job(
            "Trying the rules",
            lambda progress, stop: try_rules(ws, name, rules, progress=progress, stop=stop),
            self._tried,
        )

    def _tried(self, trial: RuleTrial) -> None:
        self.app.push_screen(TrialScreen(self._document.name, trial))

    def action_save(self) -> None:
        """Store all of them; refused where another admin saved the cart meanwhile."""
        ws, document, rules = self.ws, self._document, tuple(self._rules)
        self.read(
            "rules", lambda: set_rules(ws, document, rules), self._stored, lambda error: self.tell(error, "Not saved")
        )

    def _stored(self, document: CartDocument) -> None:
        self._document, self._saved = document, True
        self.host.reload_carts()
        self._draw(self._here)
        self.hint("Saved; they count from the next cycle on.", "$text-success")

    def clear_step(self) -> bool:
        self.action_back()
        return True

    def action_back(self) -> None:
        if not self.is_changed:
            self.dismiss(self._saved)
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self.dismiss(self._saved)

        question = ConfirmDialog("Throw the changes away?", "The rules are not saved.", "Throw away", "Keep editing")
        self.app.push_screen(question, answered)


# --- the trial --------------------------------------------------------------------------------------------------------

TRIAL_COLUMNS = (
    Column("order", "Order", 12),
    Column("now", "Now", 6, priority=1),
    Column("then", "Then", 6, priority=1),
    Column("total", "Total", 14, align="right", priority=1),
    Column("why", "Why", 30, priority=2),
    Column("placed", "Placed", 16, priority=3),
    Column("status", "Status", 12, priority=4),
)


class TrialScreen(CartuiScreen):
    """What rules would come to; nothing is stored."""

    GROUPS: ClassVar[tuple[str, ...]] = (*PUSHED_GROUPS, "table")
    ABOUT: ClassVar[str] = (
        "The orders of the last 30 days as the rules that count now would decide, and as the rules that you are trying "
        "would. Orders that would be decided otherwise are marked. Nothing was stored: ctrl+s on the rules does that."
    )
    AUTO_FOCUS: ClassVar[str | None] = "RecordTable"

    def __init__(self, cart_name: str, trial: RuleTrial) -> None:
        super().__init__()
        self._cart_name = cart_name
        self._trial = trial

    def title_parts(self) -> tuple[Part, ...]:
        return (("Import rules tried", "bold"), f" · {safe_text(self._cart_name, 40)} · nothing is stored")

    def body(self) -> ComposeResult:
        yield Static(Content("\n".join(trial_sums(self._trial))), id="headline")
        rows = [_trial_row(number, one) for number, one in enumerate(self._trial.trials)]
        yield RecordList(ListRowSource(TRIAL_COLUMNS, rows), markable=False, empty_text="No order was placed.")

    def on_record_table_row_activated(self, message: RecordTable.RowActivated) -> None:
        one = self._trial.trials[int(message.key)]
        told = f"Now: {one.now.then}{_because(one.now.why)}\nThen: {one.then.then}{_because(one.then.why)}"
        self.app.push_screen(RowDialog(f"Order {one.order.order_number}", told))


def _because(why: str) -> str:
    return f", {why}" if why else ", by its status"


def trial_sums(trial: RuleTrial) -> list[str]:
    """How many orders, how many would be decided otherwise, and the sums per outcome."""
    moved = sum(one.moved for one in trial.trials)
    told = [f"{len(trial.trials):,} orders since {show_time(trial.since)[:10]}; {moved:,} decided otherwise than now."]
    for then, count in sorted(trial.counts.items(), key=lambda pair: list(RuleThen).index(pair[0])):
        sums = sorted((currency, amount) for (one, currency), amount in trial.values.items() if one is then)
        worth = ", ".join(f"{format_amount(amount, currency)} {currency}" for currency, amount in sums)
        told.append(f"{then.value:<7} {count:>6,}  {safe_text(worth, 120)}")
    return told


def _trial_row(number: int, one: Trial) -> Row:
    order = one.order
    sign = f"{GLYPHS.arrow} " if one.moved else ""
    cells = (
        order.order_number,
        str(one.now.then),
        f"{sign}{one.then.then}",
        f"{format_amount(order.total, order.currency)} {order.currency}",
        one.then.why or "by its status",
        show_time(order.placed_at),
        order.native_status,
    )
    return Row(str(number), cells, frozenset({FLAG_PROBLEM}) if one.moved else frozenset())
