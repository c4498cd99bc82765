"""The live-cart guard: what must be so before a cart may be started (documents/001, 002; FEATURES S080-S092).

Pure: all it looks at is handed in. The screen, the command line and each cycle ask the same function.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from cartui.domain.remedies import set_to
from cartui.domain.settings import CartDocument, CartSettings, StockRange
from cartui.errors import Remedy

MAX_AGE = timedelta(days=30)  # RELIABILITY R18: an older date is nearly always a mistake and floods the books
CLOCK_TOLERANCE = timedelta(minutes=15)


class GuardLevel(StrEnum):
    BLOCKS = "blocks"  # Start is refused
    CONFIRM = "confirm"  # Start wants the cart's name typed back
    ADVICE = "advice"


@dataclass(frozen=True, slots=True)
class GuardProblem:
    """One thing the guard misses. `code` is stable, for scripts; `setting` names what to set (a name of `cartui
    set`)."""

    code: str
    level: GuardLevel
    problem: str
    remedy: str
    setting: str = ""


@dataclass(frozen=True, slots=True)
class GuardFacts:
    """What the guard looks at beside the document itself."""

    now: datetime
    connection_fingerprint: str
    linked_items: int
    copied_from_elsewhere: bool = False


def check_start(document: CartDocument, facts: GuardFacts) -> tuple[GuardProblem, ...]:
    """All that stands against starting this cart, worst first; empty: it may start."""
    problems = [
        *_check_host(facts),
        *_check_tested(document, facts),
        *_check_date(document, "last_order_from", document.settings.orders_from, facts.now),
        *_check_date(document, "last_update_time", document.settings.updates_from, facts.now),
        *_check_items(document, facts),
        *_check_test_sends(document),
        *_check_orders(document),
        *(
            GuardProblem("sending", GuardLevel.BLOCKS, problem, remedy, "to_cart")
            for problem, remedy in check_sending(document.settings, document.name)
        ),
    ]
    order = list(GuardLevel)
    return tuple(sorted(problems, key=lambda problem: order.index(problem.level)))


def blocking(problems: Sequence[GuardProblem], *, confirmed: bool) -> tuple[GuardProblem, ...]:
    """Those that refuse Start: all that block, and what wants a confirmation unless it was given."""
    refusing = {GuardLevel.BLOCKS} if confirmed else {GuardLevel.BLOCKS, GuardLevel.CONFIRM}
    return tuple(problem for problem in problems if problem.level in refusing)


def _check_host(facts: GuardFacts) -> list[GuardProblem]:
    if not facts.copied_from_elsewhere:
        return []
    return [
        GuardProblem(
            "copied_database",
            GuardLevel.BLOCKS,
            "This database was copied here from another machine.",
            "If this machine now owns the carts, run `cartui doctor --adopt`; if not, leave it stopped.",
        )
    ]


def _check_tested(document: CartDocument, facts: GuardFacts) -> list[GuardProblem]:
    if document.tested_at is None:
        return [
            GuardProblem(
                "not_tested",
                GuardLevel.BLOCKS,
                "The connection was never tested.",
                Remedy("Press t (Test Connection).", f"Run `cartui test {document.name!r}`."),
                "test",
            )
        ]
    if document.tested_fingerprint != facts.connection_fingerprint:
        return [
            GuardProblem(
                "changed_since_test",
                GuardLevel.BLOCKS,
                "The connection was changed after its last test.",
                Remedy("Press t (Test Connection) again.", f"Run `cartui test {document.name!r}` again."),
                "test",
            )
        ]
    return []


_DATES = {
    "last_order_from": ("Last Order from", "Orders placed before it"),
    "last_update_time": ("Last update time", "Customer and item changes before it"),
}


def _check_date(document: CartDocument, setting: str, at: datetime | None, now: datetime) -> list[GuardProblem]:
    title, what = _DATES[setting]
    typed = f"`cartui set {document.name!r} {setting}=DATE`"
    if at is None:
        lost = f"{what[0].lower()}{what[1:]} will never be taken over."
        return [
            GuardProblem(
                f"{setting}_missing",
                GuardLevel.BLOCKS,
                f"{title} is not set.",
                Remedy(f"Set it (e, then {title}): {lost}", f"Run {typed}: {lost}"),
                setting,
            )
        ]
    if at > now + CLOCK_TOLERANCE:
        return [
            GuardProblem(
                f"{setting}_future",
                GuardLevel.BLOCKS,
                f"{title} lies in the future.",
                Remedy(
                    f"Set a date that has passed (e, then {title}); to begin later, press Start (s) later.",
                    f"Set a date that has passed: {typed}; to begin later, run `cartui start` later.",
                ),
                setting,
            )
        ]
    if at < now - MAX_AGE:
        return [
            GuardProblem(
                f"{setting}_old",
                GuardLevel.CONFIRM,
                f"{title} lies more than {MAX_AGE.days} days back.",
                Remedy(
                    "Type the cart's name to confirm that all of it is wanted, or set a later date (e).",
                    f"Add --confirm {document.name!r} if all of it is wanted, or set a later date: {typed}.",
                ),
                setting,
            )
        ]
    return []


def _check_items(document: CartDocument, facts: GuardFacts) -> list[GuardProblem]:
    if facts.linked_items:
        return []
    return [
        GuardProblem(
            "no_linked_items",
            GuardLevel.ADVICE,
            "No item of this cart is linked to an item of the system: every order line will use the default item.",
            Remedy(
                "Create or link items on the tab Items (Cart) first (6, then c or L).",
                f"Run `cartui link {document.name!r} items --all` first, or `cartui import …` to create them.",
            ),
        )
    ]


# --- sending ----------------------------------------------------------------------------------------------------------


def check_sending(settings: CartSettings, name: str = "") -> list[tuple[str, str]]:
    """What is wrong with the switches To Cart, each with its remedy: Save and Start are refused (rule 13, S127).
    `name`: of the cart, "" where it has none yet."""
    problems: list[tuple[str, str]] = []
    for kind in settings.both_ways:
        names = [key.partition(".")[2] for key in settings.unowned if key.startswith(f"{kind.value}.")]
        if names:
            problem = (
                f"Both directions are on for {kind.value}s, so each field needs an owner; {', '.join(names)} "
                f"{'has' if len(names) == 1 else 'have'} none."
            )
            key = f"Set Owner of {kind.value} … to cart, system, newest or ask (e), or switch one direction off."
            setting = f"owner.{kind.value}=OWNER` (cart, system, newest or ask), or switch one direction off: `"
            setting += f"to_cart_{kind.value}s=no"
            problems.append((problem, set_to(key, setting, name)))
    if (what := _sent_to_test(settings)) and not settings.send_from_test:
        problem = f"This cart is marked test, so {what} may not be sent to it."
        key = "Switch that off, mark the cart live (c), or allow it for this cart (Send from a test cart)."
        setting = "send_from_test=yes`, mark it live with `live=yes`, or switch that off with `to_cart_stock=no"
        problems.append((problem, set_to(key, f"{setting} to_cart_tracking=no", name)))
    if settings.stock_range is StockRange.QUERY and not settings.stock_query.split():
        remedy = set_to(
            "Set Items that match, or Items this cart sells to all (e).",
            "stock_query=QUERY` or `cartui set … stock_range=all",
            name,
        )
        problems.append(("The range of items is a query, but none is set.", remedy))
    if settings.stock_buffer < 0:
        problems.append(("The buffer can't be less than zero.", set_to("Set Buffer (e).", "stock_buffer=0", name)))
    return problems


def _sent_to_test(settings: CartSettings) -> str:
    """What is switched on although the cart is marked test: "stock and tracking", "" for nothing or a live cart."""
    switches = (("stock", settings.to_cart_stock), ("tracking", settings.to_cart_tracking))
    return "" if settings.live else " and ".join(what for what, on in switches if on)


def _check_test_sends(document: CartDocument) -> list[GuardProblem]:
    what = _sent_to_test(document.settings)
    if not what or not document.settings.send_from_test:
        return []
    problem = f"This cart is marked test and is sent {what} all the same: numbers and shipments of a test reach it."
    remedy = set_to("Switch Send from a test cart off to stop that (e).", "send_from_test=no", document.name)
    return [GuardProblem("test_sends", GuardLevel.ADVICE, problem, remedy, "live")]


def _check_orders(document: CartDocument) -> list[GuardProblem]:
    if document.settings.sync_orders or not document.settings.to_cart_stock:
        return []
    return [
        GuardProblem(
            "stock_without_orders",
            GuardLevel.CONFIRM,
            "Stock is sent, but orders are not taken over: what the shop sells is not subtracted.",
            set_to(
                "Switch Sync Orders on (e), or book what is sold out of stock yourself.",
                "sync_orders=yes`, or book what is sold out of stock yourself: `cartui inventory",
                document.name,
            ),
            "sync_orders",
        )
    ]
