"""Two admins and one cart's dates: the second is told, whatever the first one changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from cartui.domain.ids import Direction, RecordKind
from cartui.errors import NeedsOperatorError
from cartui.sync import carts
from cartui.sync.cart_dates import CartDates
from cartui.sync.workspace import Workspace
from cartui.testing.clock import FrozenClock
from cartui.testing.workspace import running_cart

NAME = "Main shop"


def stopped(ws: Workspace) -> carts.CartView:
    running_cart(ws, NAME)
    carts.stop_cart(ws, NAME)
    return carts.view_cart(ws, NAME)


def test_the_second_admin_is_told_that_the_dates_were_set_meanwhile(ws: Workspace, clock: FrozenClock) -> None:
    """Both opened it; the first saves a date; the second saves the other one: refused, nothing of it is stored."""
    opened = stopped(ws)
    carts.set_last_order_from(ws, NAME, clock() - timedelta(days=2))
    with pytest.raises(NeedsOperatorError, match=r"was changed by admin@test on .* after you opened it"):
        carts.save_cart(ws, opened.document, CartDates(last_update_time=clock()))
    now = carts.view_cart(ws, NAME)
    assert now.last_order_from == clock() - timedelta(days=2)
    assert now.last_update_time == opened.last_update_time


def test_a_date_that_auto_sync_moved_meanwhile_is_not_set_back_unseen(ws: Workspace, clock: FrozenClock) -> None:
    """The cart was started, ran and was stopped since: no document was saved for it, and the date is named."""
    opened = stopped(ws)
    seen = CartDates(opened.last_order_from, opened.last_update_time)
    with ws.books.transaction():
        ws.books.cursors.put(opened.document.cart_id, RecordKind.ORDER, Direction.IMPORT, clock())
    with pytest.raises(NeedsOperatorError, match=r"Last Order from was moved to .* after you opened it"):
        carts.save_cart(ws, opened.document, CartDates(last_order_from=clock() - timedelta(days=9)), seen)
    carts.save_cart(ws, opened.document, CartDates(last_update_time=clock()), seen)
    assert carts.view_cart(ws, NAME).last_order_from == clock()


def test_settings_and_dates_are_saved_together_or_not_at_all(ws: Workspace, clock: FrozenClock) -> None:
    """A cart that was started meanwhile keeps its dates, and the settings typed beside them are not stored alone."""
    opened = stopped(ws)
    carts.start_cart(ws, NAME)
    edited = replace(opened.document, name="Renamed")
    with pytest.raises(NeedsOperatorError, match="is RUNNING"):
        carts.save_cart(ws, edited, CartDates(last_order_from=clock()))
    assert carts.view_cart(ws, NAME).document.name == NAME
