"""Before the first Start: how much would come and go, and nothing is written."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from cartui.adapters.memory import MemoryCart, MemoryShop
from cartui.domain.outbox import OutboxKind
from cartui.domain.records import OrderState, PaymentState
from cartui.domain.settings import CartSettings
from cartui.errors import NeedsOperatorError
from cartui.sync import carts
from cartui.sync.send_preview import send_words
from cartui.sync.start_preview import preview_start, preview_words
from cartui.sync.workspace import Workspace
from cartui.testing.clock import FrozenClock
from cartui.testing.workspace import ready_cart
from tests.sync.conftest import place
from tests.sync.sending import NAME, linked, move, send, with_cart


def ready(ws: Workspace, **settings: Any) -> None:
    ready_cart(ws, NAME, CartSettings(**settings))
    carts.set_last_order_from(ws, NAME, ws.clock() - timedelta(minutes=1))


def test_what_comes_is_counted_and_nothing_is_written(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """Those that become documents with their worth and span; held, waiting and cancelled ones beside; every page."""
    ready(ws)
    place(shop, range(25))
    place(shop, range(25, 27), order_state=OrderState.CANCELLED)
    place(shop, range(27, 28), payment_state=PaymentState.PENDING)
    place(shop, range(28, 29), total=shop.orders["0"].total + 5)
    found = preview_start(ws, NAME)
    assert (found.orders, found.held, found.left, found.at_least) == (25, 1, 3, False)
    assert found.values == {"EUR": sum(shop.orders[str(n)].total for n in range(25))}
    assert (found.oldest, found.newest) == (clock(), clock() + timedelta(seconds=24))
    first, beside = preview_words(found)
    assert first.startswith("25 orders come in at first, worth ")
    assert beside == "1 held and 3 left alone beside."
    cart = ws.books.carts.get(NAME)
    assert ws.books.documents.count() == 0
    assert ws.books.records.count_by_state(cart.cart_id) == {}
    assert ws.books.journal.recent(cart.cart_id) == []


@pytest.mark.parametrize("slow", [False, True])
def test_it_ends_after_some_pages_or_seconds(ws: Workspace, shop: MemoryShop, clock: FrozenClock, slow: bool) -> None:
    """A big shop is not read whole for it: "at least"."""

    class Slow(MemoryCart):
        def iter_orders(self, since: Any) -> Any:
            for page in super().iter_orders(since):
                clock.advance(6 if slow else 0)
                yield page

    ready(ws)
    place(shop, range(35))
    found = preview_start(with_cart(ws, Slow, shop), NAME, pages=10 if slow else 2)
    assert (found.orders, found.at_least) == (20, True)
    assert preview_words(found)[0].startswith("At least 20 orders come in")


def test_what_is_sent_is_counted_by_kind(ws: Workspace, shop: MemoryShop) -> None:
    """Only what is switched on and would change something there; nothing is written for it."""
    linked(ws)
    move(ws, 0, -1)
    before = shop.writes
    found = preview_start(ws, NAME).sends
    assert found.waiting == {OutboxKind.STOCK: 10}
    assert (found.writes, found.brakes) == ({OutboxKind.STOCK: 10}, ())
    assert send_words(found) == ["Sent to the cart at once: 10 stock levels."]
    assert shop.writes == before


def test_a_brake_that_would_stop_it_is_named_before(ws: Workspace, shop: MemoryShop) -> None:
    """A feed that emptied the shelf: Start would hold it back, and says so; what the cart has already is no write."""
    linked(ws)
    send(ws)
    for number in range(5):
        move(ws, number, -20)
    found = preview_start(ws, NAME).sends
    assert found.writes == {OutboxKind.STOCK: 5}
    assert send_words(found)[-1].startswith("A BRAKE would hold these back until you confirm them in the Outbox: set ")


def test_orders_that_are_taken_over_by_hand_are_not_read(ws: Workspace, shop: MemoryShop) -> None:
    """And without a date there is nothing to say."""
    ready(ws, sync_orders=False)
    place(shop, range(3))
    assert preview_words(preview_start(ws, NAME)) == ["No order comes in at first."]
    ready_cart(ws, "Other shop")
    with pytest.raises(NeedsOperatorError, match="Last Order from is not set"):
        preview_start(ws, "Other shop")
