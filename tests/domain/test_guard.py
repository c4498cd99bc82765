"""The live-cart guard: refused in every unsafe case, allowed in every safe one (RELIABILITY R18)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from cartui.domain.guard import GuardFacts, GuardLevel, blocking, check_start
from cartui.domain.ids import CartId
from cartui.domain.settings import CartConnection, CartDocument, CartSettings

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
GOOD = CartDocument(
    CartId(1),
    "Main shop",
    CartConnection("memory", "memory://main"),
    CartSettings(orders_from=NOW, updates_from=NOW),
    tested_at=NOW,
    tested_fingerprint="f",
)
FACTS = GuardFacts(NOW, "f", linked_items=3)

TESTED = {"tested": True, "never tested": False, "changed since": False}
DATES = {
    "now": (NOW, True),
    "an hour ago": (NOW - timedelta(hours=1), True),
    "30 days ago": (NOW - timedelta(days=30), True),
    "31 days ago": (NOW - timedelta(days=31), None),
    "years ago": (NOW - timedelta(days=4000), None),
    "missing": (None, False),
    "tomorrow": (NOW + timedelta(days=1), False),
}


def document(tested: str, orders_from: datetime | None, updates_from: datetime | None) -> CartDocument:
    settings = CartSettings(orders_from=orders_from, updates_from=updates_from)
    at, fingerprint = {"tested": (NOW, "f"), "never tested": (None, ""), "changed since": (NOW, "other")}[tested]
    return replace(GOOD, settings=settings, tested_at=at, tested_fingerprint=fingerprint)


@pytest.mark.parametrize("case", list(product(TESTED, DATES, DATES)), ids="/".join)
def test_start_is_allowed_only_when_all_is_safe(case: tuple[str, str, str]) -> None:
    """147 cases of test, Last Order from and Last update time. Old dates want the cart's name typed."""
    tested, orders, updates = case
    problems = check_start(document(tested, DATES[orders][0], DATES[updates][0]), FACTS)
    safe = [TESTED[tested], DATES[orders][1], DATES[updates][1]]
    assert bool(blocking(problems, confirmed=False)) == (not all(safe))
    assert bool(blocking(problems, confirmed=True)) == (False in safe)


def test_each_problem_names_its_remedy() -> None:
    """And a stable code for scripts; the worst stand first."""
    problems = check_start(document("never tested", None, NOW - timedelta(days=40)), replace(FACTS, linked_items=0))
    assert [one.code for one in problems] == [
        "not_tested",
        "last_order_from_missing",
        "last_update_time_old",
        "no_linked_items",
    ]
    assert all(one.problem.endswith(".") and one.remedy.endswith(".") for one in problems)
    levels = list(GuardLevel)
    assert [levels.index(one.level) for one in problems] == sorted(levels.index(one.level) for one in problems)


def test_a_copied_database_does_not_start() -> None:
    """FEATURES N04, F66."""
    problems = check_start(GOOD, replace(FACTS, copied_from_elsewhere=True))
    assert blocking(problems, confirmed=True)[0].code == "copied_database"


def test_no_linked_item_is_advice_only() -> None:
    """S076: the default item makes it possible; the admin is told."""
    problems = check_start(GOOD, replace(FACTS, linked_items=0))
    assert [one.level for one in problems] == [GuardLevel.ADVICE]
    assert not blocking(problems, confirmed=False)
