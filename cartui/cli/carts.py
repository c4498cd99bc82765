"""`cartui carts | new | test | start | stop | delete`."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Sequence
from dataclasses import asdict

from cartui.cli import output
from cartui.cli.interrupt import Interrupts
from cartui.cli.sending_settings import sending_row
from cartui.cli.session import open_session
from cartui.config.secrets import PROMPT, check_reference, shown_reference
from cartui.config.settings import load_config, redacted_url
from cartui.domain.guard import GuardLevel, GuardProblem, blocking
from cartui.domain.ports import TEST_PASSED, AdapterSpec, StageResult, Verdict
from cartui.domain.reconcile import ReconcileStatus
from cartui.domain.settings import CartConnection, CartSettings
from cartui.errors import ExitCode, NeedsOperatorError, headless
from cartui.sync import carts
from cartui.sync.carts import CartView
from cartui.sync.send_preview import send_words
from cartui.sync.start_preview import preview_start, preview_words
from cartui.sync.workspace import Workspace

MAIN_SECRET = "password"  # noqa: S105  # the name of one, not a password
_MARKS = {Verdict.PASSED: "good", Verdict.WARNING: "warn", Verdict.FAILED: "bad", Verdict.SKIPPED: "quiet"}


def run_carts(arguments: argparse.Namespace) -> int:
    """List all carts."""
    with open_session() as ws:
        views = carts.list_carts(ws)
        rows = [cart_row(view) for view in views]
        if arguments.json:
            output.rows_out(rows, "json")
        elif rows:
            columns = ("name", "type", "status", "live", "last_result", "next_at", "held", "missing")
            output.table_out(
                [
                    {**row, "missing": len(blocking(view.problems, confirmed=True))}
                    for row, view in zip(rows, views, strict=True)
                ],
                columns,
            )
        else:
            output.words("There is no cart yet. Make one: `cartui new --help`, or look at the demo: `cartui demo`.")
    return ExitCode.OK


def cart_row(view: CartView) -> dict[str, object]:
    """A cart for `--json`: settings, dates and status; secrets as references."""
    document, settings = view.document, view.document.settings
    last = view.last_cycle
    return {
        "name": document.name,
        "cart_id": document.cart_id,
        "type": document.connection.cart_type,
        "title": view.title,
        "url": redacted_url(document.connection.url),
        "options": dict(document.connection.options),
        "secrets": {name: shown_reference(at) for name, at in document.connection.secret_refs.items()},
        "allow_plain_http": document.connection.allow_plain_http,
        "status": document.status.value,
        "stop_reason": document.stop_reason,
        "live": settings.live,
        "tested_at": moment(document.tested_at),
        "last_order_from": moment(view.last_order_from),
        "last_update_time": moment(view.last_update_time),
        "import_orders_as": settings.import_orders_as.value,
        **sending_row(settings),
        "outbox": {kind.value: asdict(counts) for kind, counts in view.outbox.items()},
        "poll_minutes": settings.poll_minutes,
        "held": view.held,
        "last_result": last.result.value if last else None,
        "last_ended_at": moment(last.ended_at) if last else None,
        "last_problem": last.problem if last else "",
        "next_at": moment(document.next_cycle_at),
        "reconciled": reconciled_row(view.reconciled),
        "lease_holder": view.lease_holder,
        "capabilities": sorted(capability.value for capability in view.capabilities),
        "problems": [problem_row(problem) for problem in view.problems],
    }


def reconciled_row(status: ReconcileStatus) -> dict[str, str | None]:
    """When a cart was last compared as a whole, and what was found, for `--json`."""
    return {
        "at": moment(status.daily_at),
        "found": status.daily_found,
        "full_at": moment(status.full_at),
        "full_found": status.full_found,
        "failed_at": moment(status.failed_at),
        "failure": status.failure,
    }


def problem_row(problem: GuardProblem) -> dict[str, str]:
    """One thing the guard misses, for `--json`."""
    return {
        "code": problem.code,
        "level": problem.level.value,
        "problem": problem.problem,
        "remedy": problem.remedy,
        "setting": problem.setting,
    }


def moment(at: object) -> str | None:
    """A moment as ISO 8601 UTC."""
    isoformat = getattr(at, "isoformat", None)
    return None if isoformat is None else str(isoformat(timespec="seconds"))


# --- new ---


def run_new(arguments: argparse.Namespace) -> int:
    """Make a cart."""
    config = load_config()
    with open_session(config=config) as ws:
        spec = ws.spec(arguments.cart_type)
        options, secret_refs = split_options(ws, arguments.name, spec, parsed_pairs(arguments.option, "--option"))
        if arguments.secret_from is not None:
            secret_refs[MAIN_SECRET] = reference_from(ws, arguments.name, MAIN_SECRET, arguments.secret_from, spec)
        connection = CartConnection(
            cart_type=spec.cart_type,
            url=arguments.url,
            options=options,
            secret_refs=secret_refs,
            allow_plain_http=arguments.allow_plain_http,
        )
        settings = CartSettings(
            import_orders_as=config.import_orders_as,
            poll_minutes=config.poll_minutes,
            live=not arguments.test_cart,
        )
        carts.new_cart(ws, arguments.name, connection, settings)
        if arguments.json:
            output.json_line(cart_row(carts.view_cart(ws, arguments.name)))
        output.words(f"Cart {arguments.name!r} is made, STOPPED. Next: `cartui test {arguments.name!r}`.")
    return ExitCode.OK


def parsed_pairs(words: Sequence[str], what: str) -> dict[str, str]:
    """`key=value` words as a mapping; a word without = or a key given twice is refused. Values are never repeated."""
    pairs: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not key.strip():
            raise NeedsOperatorError(f"{what} wants KEY=VALUE.", "Write the name, an = and the value, without blanks.")
        if key in pairs:
            raise NeedsOperatorError(f"{key} is given twice.", "Give it once.")
        pairs[key] = value
    return pairs


def split_options(
    ws: Workspace, name: str, spec: AdapterSpec, pairs: dict[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Options as typed -> (plain options, references of secret options)."""
    known = {option.name: option for option in spec.options}
    options: dict[str, str] = {}
    secret_refs: dict[str, str] = {}
    for key, value in pairs.items():
        if key not in known:
            names = ", ".join(sorted(known)) or "none"
            raise NeedsOperatorError(f"Carts of type {spec.cart_type} have no option {key!r}.", f"They have: {names}.")
        if known[key].secret:
            secret_refs[key] = reference_from(ws, name, key, value, spec)
        else:
            options[key] = value
    return options, secret_refs


def reference_from(ws: Workspace, cart_name: str, which: str, typed: str, spec: AdapterSpec) -> str:
    """The reference to store for what a person typed; `prompt` asks now and keeps the answer in a file of its own."""
    if typed != PROMPT:
        if problem := check_reference(typed):
            raise NeedsOperatorError(problem, "See `cartui new --help`.")
        return typed
    if not sys.stdin.isatty():
        raise NeedsOperatorError(
            "A password can't be asked for: this is no terminal.",
            "Name where it is kept: env:VARIABLE, file:PATH, command:PROGRAM or credential:NAME.",
        )
    title = spec.secret_title if which == MAIN_SECRET else which
    secret = getpass.getpass(f"{title} of cart {cart_name!r}: ")
    if not secret:
        raise NeedsOperatorError("No password was typed.", "Run it again, and type it when asked.")
    return carts.store_secret(ws, cart_name, which, secret)


# --- test, start, stop, delete ---


def run_test(arguments: argparse.Namespace) -> int:
    """Test Connection, a line a stage, as they end."""
    failed: StageResult | None = None
    with open_session() as ws:
        for stage in carts.test_connection(ws, arguments.name):
            if arguments.json:
                output.json_line(stage_row(stage))
            else:
                print_stage(stage)
            failed = stage if stage.verdict is Verdict.FAILED else failed
    if failed is not None:
        output.words(f"TEST FAILED at {failed.stage}: {failed.detail} {headless(failed.remedy)}".strip())
        return ExitCode.CART_REFUSED
    if not arguments.json:
        output.line(TEST_PASSED, "good")
    return ExitCode.OK


def print_stage(stage: StageResult) -> None:
    """One stage for a person."""
    output.line(f"{stage.verdict.value:8} {stage.stage.value:15} {stage.detail}".rstrip(), _MARKS[stage.verdict])
    if stage.remedy:
        output.line(f"{'':24} {headless(stage.remedy)}")


def stage_row(stage: StageResult) -> dict[str, str]:
    """One stage for `--json`."""
    return {
        "stage": stage.stage.value,
        "verdict": stage.verdict.value,
        "detail": stage.detail,
        "remedy": stage.remedy,
    }


def run_start(arguments: argparse.Namespace) -> int:
    """Start auto-sync behind the guard; old dates want the cart's name typed back."""
    if arguments.preview:
        return _preview(arguments)
    with open_session() as ws:
        view = carts.view_cart(ws, arguments.name)
        questions = [problem for problem in view.problems if problem.level is GuardLevel.CONFIRM]
        confirmed = arguments.confirm is not None
        if confirmed:
            ensure_same_name(arguments.confirm, view.document.name)
        elif questions and not blocking(view.problems, confirmed=True):
            reasons = " ".join(problem.problem for problem in questions)
            ensure_confirmed(view.document.name, f"{reasons} Start anyway?", "start")
            confirmed = True
        carts.start_cart(ws, view.document.name, confirmed=confirmed)
        said(ws, view.document.name, arguments, "is RUNNING. It is synchronised by `cartui` or `cartui --sync-only`.")
        for problem in view.problems:
            if problem.level is GuardLevel.ADVICE:
                output.words(f"Note: {headless(problem.problem)} {headless(problem.remedy)}")
    return ExitCode.OK


def _preview(arguments: argparse.Namespace) -> int:
    with open_session() as ws, Interrupts() as interrupts:
        found = preview_start(ws, arguments.name, progress=output.progress, stop=interrupts.stop)
    if arguments.json:
        output.json_line(
            {
                "cart": arguments.name,
                "orders": found.orders,
                "values": {code: f"{total:f}" for code, total in sorted(found.values.items())},
                "oldest": moment(found.oldest),
                "newest": moment(found.newest),
                "held": found.held,
                "left": found.left,
                "at_least": found.at_least,
                "sent": {kind.value: count for kind, count in found.sends.writes.items()},
                "same": {kind.value: count for kind, count in found.sends.same.items()},
                "not_sent": {kind.value: count for kind, (count, _) in found.sends.refused.items()},
                "sent_at_least": sorted(kind.value for kind in found.sends.at_least),
                "brakes": list(found.sends.brakes),
            }
        )
    else:
        for told in (*preview_words(found), *send_words(found.sends)):
            output.line(told)
    return ExitCode.OK


def run_stop(arguments: argparse.Namespace) -> int:
    """Stop auto-sync."""
    with open_session() as ws:
        document = carts.stop_cart(ws, arguments.name)
        said(ws, document.name, arguments, "is STOPPED.")
    return ExitCode.OK


def run_delete(arguments: argparse.Namespace) -> int:
    """Delete a cart after its name was typed once more."""
    with open_session() as ws:
        document = carts.view_cart(ws, arguments.name).document
        if arguments.confirm is not None:
            ensure_same_name(arguments.confirm, document.name)
        else:
            ensure_confirmed(document.name, f"Cart {document.name!r} and all its links will be deleted.", "delete")
        carts.delete_cart(ws, document.name)
        if arguments.json:
            output.json_line({"name": document.name, "deleted": True})
        output.words(f"Cart {document.name!r} is deleted. Its documents are kept.")
    return ExitCode.OK


def said(ws: Workspace, name: str, arguments: argparse.Namespace, what: str) -> None:
    """Tell what became of a cart: the cart as JSON where asked for, and a sentence."""
    if arguments.json:
        output.json_line(cart_row(carts.view_cart(ws, name)))
    output.words(f"Cart {name!r} {what}")


def ensure_same_name(typed: str, name: str) -> None:
    """Refuse a confirmation with another name."""
    if typed.strip() != name:
        raise NeedsOperatorError("The name that was typed to confirm is not the cart's name.", f"It is {name!r}.")


def ensure_confirmed(name: str, question: str, command: str) -> None:
    """Ask for the cart's name on the terminal; without one refuse."""
    typed = output.ask(f"{question} Type the cart's name to go on:")
    if typed is None:
        raise NeedsOperatorError(
            question, f"To confirm without a terminal: `cartui {command} {name!r} --confirm {name!r}`."
        )
    ensure_same_name(typed, name)
