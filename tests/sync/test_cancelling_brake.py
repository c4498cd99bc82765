"""A shop that cancels many orders at once: the brake on making documents void."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cartui.adapters.memory import MemoryShop
from cartui.domain.documents import DocumentStatus
from cartui.domain.records import (
    OrderState,
)
from cartui.errors import BrakeError
from cartui.sync.actions import plan_retry
from cartui.sync.apply import apply_plan
from cartui.sync.cycle import run_cycle
from cartui.sync.order_drift import list_changed
from cartui.sync.workspace import Workspace
from cartui.testing.clock import FrozenClock
from cartui.testing.workspace import running_cart
from tests.sync.conftest import place
from tests.sync.one_order import NAME


def cancel(shop: MemoryShop, numbers: range) -> None:
    for n in numbers:
        shop.put_order(replace(shop.orders[str(n)], order_state=OrderState.CANCELLED, native_status="cancelled"))


def pending(ws: Workspace) -> int:
    return ws.books.documents.count(status=DocumentStatus.PENDING)


def test_cancelled_bit_by_bit_is_nearly_all_at_once_too(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """Three a cycle: nine of forty are made void, the next ones are held; a day later they are daily work."""
    running_cart(ws)
    place(shop, range(40))
    run_cycle(ws, NAME)
    for first in range(0, 9, 3):
        clock.advance(60)
        cancel(shop, range(first, first + 3))
        assert not run_cycle(ws, NAME).braked
    clock.advance(60)
    cancel(shop, range(9, 12))
    report = run_cycle(ws, NAME)
    assert (report.braked, report.held_total, pending(ws)) == (True, 3, 31)
    assert "make void: 12 rows in 24 hours" in report.problem
    clock.advance(86_400)
    for n in range(9, 12):
        shop.put_order(replace(shop.orders[str(n)], note="asked again"))
    assert (run_cycle(ws, NAME).braked, pending(ws)) == (False, 28)


def test_a_shop_that_cancels_nearly_all_at_once_makes_none_void(
    ws: Workspace, shop: MemoryShop, clock: FrozenClock
) -> None:
    """Rule 14: held with the remedy, however often it comes; what the shop turns back is no longer held; retried, the
    plan wants the cart's name."""
    running_cart(ws)
    place(shop, range(40))
    run_cycle(ws, NAME)
    clock.advance(60)
    cancel(shop, range(30))
    for _ in range(2):
        report = run_cycle(ws, NAME)
        assert (report.braked, report.held_total) == (True, 30)
        assert "make void: 30 rows" in report.problem
        assert pending(ws) == 40
        clock.advance(60)
    for n in range(20, 30):
        shop.put_order(replace(shop.orders[str(n)], order_state=OrderState.OPEN, native_status="processing"))
    report = run_cycle(ws, NAME)
    assert (report.held_total, pending(ws), list_changed(ws, NAME)) == (20, 40, [])
    [plan] = plan_retry(ws, NAME, None)
    with pytest.raises(BrakeError, match="make void: 20 rows"):
        apply_plan(ws, plan)
    assert not apply_plan(ws, plan, confirmed=NAME).problems
    clock.advance(60)
    report = run_cycle(ws, NAME)
    assert (report.held_total, report.braked, pending(ws)) == (0, False, 20)


def test_the_brake_counts_over_all_pages_of_a_round(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """Pages of 4: they pass up to a fifth of 60; the rest is held."""
    running_cart(ws)
    place(shop, range(60))
    run_cycle(ws, NAME)
    clock.advance(60)
    shop.page_size = 4
    cancel(shop, range(30))
    held = run_cycle(ws, NAME).held_total
    assert (30 - held <= 12, pending(ws)) == (True, 30 + held)


def test_a_few_cancellations_are_daily_work(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """Nine of nine; no brake."""
    running_cart(ws)
    place(shop, range(9))
    run_cycle(ws, NAME)
    clock.advance(60)
    cancel(shop, range(9))
    assert (run_cycle(ws, NAME).braked, pending(ws)) == (False, 0)
