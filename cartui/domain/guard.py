"""The live-cart guard: what must be so before a cart may be started (documents/001, 002; FEATURES S080-S092).

Pure: all it looks at is handed in. The screen, the command line and each cycle ask the same function.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from cartui.domain.settings import CartDocument, CartSettings, StockRange

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
        *_check_date(
            "last_order_from", "Last Order from", document.settings.orders_from, facts.now, "Orders placed before it"
        ),
        *_check_date(
            "last_update_time",
            "Last update time",
            document.settings.updates_from,
            facts.now,
            "Customer and item changes before it",
        ),
        *_check_items(facts),
        *_check_test_sends(document),
        *_check_orders(document),
        *(
            GuardProblem("sending", GuardLevel.BLOCKS, problem, "Change it: e, or `cartui set`.", "to_cart")
            for problem in check_sending(document.settings)
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
                f"Press t (Test Connection), or run `cartui test {document.name!r}`.",
                "test",
            )
        ]
    if document.tested_fingerprint != facts.connection_fingerprint:
        return [
            GuardProblem(
                "changed_since_test",
                GuardLevel.BLOCKS,
                "The connection was changed after its last test.",
                f"Press t (Test Connection) again, or run `cartui test {document.name!r}`.",
                "test",
            )
        ]
    return []


def _check_date(setting: str, title: str, at: datetime | None, now: datetime, what: str) -> list[GuardProblem]:
    if at is None:
        return [
            GuardProblem(
                f"{setting}_missing",
                GuardLevel.BLOCKS,
                f"{title} is not set.",
                f"Set it (e, then {title}): {what[0].lower()}{what[1:]} will never be taken over.",
                setting,
            )
        ]
    if at > now + CLOCK_TOLERANCE:
        return [
            GuardProblem(
                f"{setting}_future",
                GuardLevel.BLOCKS,
                f"{title} lies in the future.",
                "Set a date that has passed; to begin later, press Start later.",
                setting,
            )
        ]
    if at < now - MAX_AGE:
        return [
            GuardProblem(
                f"{setting}_old",
                GuardLevel.CONFIRM,
                f"{title} lies more than {MAX_AGE.days} days back.",
                "Type the cart's name to confirm that all of it is wanted, or set a later date.",
                setting,
            )
        ]
    return []


def _check_items(facts: GuardFacts) -> list[GuardProblem]:
    if facts.linked_items:
        return []
    return [
        GuardProblem(
            "no_linked_items",
            GuardLevel.ADVICE,
            "No item of this cart is linked to an item of the system: every order line will use the default item.",
            "Create or link items on the tab Items (Cart) first.",
        )
    ]


# --- sending ----------------------------------------------------------------------------------------------------------


def check_sending(settings: CartSettings) -> list[str]:
    """What is wrong with the switches To Cart, each with its remedy: Save and Start are refused (rule 13, S127)."""
    problems = []
    for kind in settings.both_ways:
        names = [key.partition(".")[2] for key in settings.unowned if key.startswith(f"{kind.value}.")]
        if names:
            problems.append(
                f"Both directions are on for {kind.value}s, so each field needs an owner; {', '.join(names)} "
                f"{'has' if len(names) == 1 else 'have'} none. Set owner.{kind.value} to cart, system, newest or ask, "
                "or switch one direction off."
            )
    if (what := _sent_to_test(settings)) and not settings.send_from_test:
        problems.append(
            f"This cart is marked test, so {what} may not be sent to it: switch that off, mark the cart live "
            "(live=yes), or allow it for this cart (send_from_test=yes)."
        )
    if settings.stock_range is StockRange.QUERY and not settings.stock_query.split():
        problems.append("The range of items is a query, but none is set: set stock_query, or stock_range to all.")
    if settings.stock_buffer < 0:
        problems.append("The buffer can't be less than zero.")
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
    return [GuardProblem("test_sends", GuardLevel.ADVICE, problem, "Set send_from_test=no to stop that.", "live")]


def _check_orders(document: CartDocument) -> list[GuardProblem]:
    if document.settings.sync_orders or not document.settings.to_cart_stock:
        return []
    return [
        GuardProblem(
            "stock_without_orders",
            GuardLevel.CONFIRM,
            "Stock is sent, but orders are not taken over: what the shop sells is not subtracted.",
            "Switch Sync Orders on, or book what is sold out of stock yourself.",
            "sync_orders",
        )
    ]
