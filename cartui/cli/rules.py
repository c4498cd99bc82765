"""`cartui rules` and `cartui backfill`: which orders are imported, tried before it counts; orders of the past."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import datetime

from cartui.cli import actions, output
from cartui.cli.interrupt import Interrupts
from cartui.cli.session import open_session
from cartui.cli.settings import read_moment
from cartui.domain.import_rules import ImportRule, RuleThen
from cartui.domain.settings import CartDocument
from cartui.errors import ExitCode, NeedsOperatorError
from cartui.sync.rule_lab import RuleTrial, plan_backfill, set_rules, try_rules
from cartui.sync.workspace import Workspace


def run_rules(arguments: argparse.Namespace) -> int:
    """List the rules of a cart, change them, or try them."""
    with open_session() as ws, Interrupts() as interrupts:
        document = ws.books.carts.get(arguments.name)
        rules = _changed(document, arguments)
        if arguments.action == "try" or arguments.dry_run:
            trial = try_rules(
                ws, arguments.name, rules, days=arguments.days, progress=output.progress, stop=interrupts.stop
            )
            _show_trial(trial, json=arguments.json)
            return ExitCode.OK
        if arguments.action is not None:
            document = set_rules(ws, document, rules)
        _show_rules(document, json=arguments.json)
    return ExitCode.OK


def _changed(document: CartDocument, arguments: argparse.Namespace) -> list[ImportRule]:
    rules, words = list(document.settings.import_rules), list(arguments.words)
    match arguments.action:
        case "add":
            rules.insert(_place(arguments.at, rules), _rule(words))
        case "try" if words:
            rules.insert(_place(arguments.at, rules), _rule(words))
        case "remove":
            del rules[_number(words, rules, 1)[0] - 1]
        case "move":
            source, target = _number(words, rules, 2)
            rules.insert(target - 1, rules.pop(source - 1))
        case "clear":
            rules = []
    return rules


def _rule(words: Sequence[str]) -> ImportRule:
    if len(words) != 2 or words[1] not in {one.value for one in RuleThen}:
        known = ", ".join(one.value for one in RuleThen)
        raise NeedsOperatorError(
            "A rule is a query and what then happens.", f"Such as 'method:bankwire' hold ({known})."
        )
    return ImportRule(words[0].strip(), RuleThen(words[1]))


def _place(at: int | None, rules: Sequence[ImportRule]) -> int:
    return len(rules) if at is None else max(0, min(at - 1, len(rules)))


def _number(words: Sequence[str], rules: Sequence[ImportRule], count: int) -> list[int]:
    numbers = [int(word) for word in words if word.isdecimal()]
    if len(numbers) != count or len(words) != count or not all(1 <= one <= len(rules) for one in numbers):
        raise NeedsOperatorError(
            f"Give {'the number' if count == 1 else 'the numbers'} of rules that there are: 1 to {len(rules)}.",
            "`cartui rules NAME` lists them.",
        )
    return numbers


def _show_rules(document: CartDocument, *, json: bool) -> None:
    rows = [
        {"number": number, "when": rule.when, "then": rule.then.value}
        for number, rule in enumerate(document.settings.import_rules, 1)
    ]
    if not output.rows_out(rows, "json" if json else "table"):
        output.words("There are no rules: orders are imported by their status.")


def _show_trial(trial: RuleTrial, *, json: bool) -> None:
    rows = (
        {
            "order": one.order.order_number,
            "placed_at": one.order.placed_at.isoformat().replace("+00:00", "Z"),
            "total": f"{one.order.total:f}",
            "currency": one.order.currency,
            "status": one.order.native_status,
            "now": one.now.then.value,
            "then": one.then.then.value,
            "why": one.then.why,
        }
        for one in trial.trials
    )
    output.rows_out(rows, "json" if json else "table")
    sums = trial.values
    for then, count in sorted(trial.counts.items()):
        worth = ", ".join(f"{amount:f} {currency}" for (one, currency), amount in sorted(sums.items()) if one is then)
        output.words(f"{then}: {count} orders ({worth})")
    moved = sum(one.moved for one in trial.trials)
    output.words(
        f"{len(trial.trials)} orders since {trial.since:%Y-%m-%d}; {moved} would be decided otherwise than now."
    )


def run_backfill(arguments: argparse.Namespace) -> int:
    """Import the orders of a span, apart from the live cursor; shows the plan and asks."""
    with open_session() as ws, Interrupts() as interrupts:
        first, until = _moment(ws, arguments.first), _moment(ws, arguments.until)
        past = not arguments.pending
        plan = plan_backfill(
            ws, arguments.name, first, until, past=past, progress=output.progress, stop=interrupts.stop
        )
        if arguments.dry_run:
            actions.show_plan(ws, plan, json=arguments.json)
            return actions.plan_code(ws, plan)
        if plan.effective:
            actions.ensure_agreed(ws, plan, yes=arguments.yes, json=arguments.json)
        return actions.carry_out(ws, plan, arguments, interrupts)


def _moment(ws: Workspace, text: str) -> datetime:
    try:
        return read_moment(text, ws.clock())
    except ValueError as error:
        raise NeedsOperatorError(f"{text!r} can't be used: {error}", "Nothing was done.") from None
