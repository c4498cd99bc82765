"""Baskets: listed with our step, worked on by people, made an order once (S100-S112)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest

from cartui.adapters.memory import MemoryCart, MemoryShop
from cartui.domain.baskets import BasketCare, BasketStep, NoteKind
from cartui.domain.documents import DocumentStatus
from cartui.domain.ids import RecordKind
from cartui.domain.records import BasketStatus
from cartui.errors import NeedsOperatorError, UnknownOutcomeError
from cartui.sync.baskets import (
    Conversion,
    add_note,
    convert_basket,
    draft_from_basket,
    finish_task,
    read_basket,
    set_step,
)
from cartui.sync.cycle import run_cycle
from cartui.sync.lists import cart_dicts, list_cart
from cartui.sync.workspace import Workspace
from cartui.testing import samples
from cartui.testing.clock import FrozenClock
from cartui.testing.workspace import ready_cart, running_cart

NAME = "Main shop"


@pytest.fixture
def baskets(ws: Workspace, shop: MemoryShop) -> MemoryShop:
    """An open basket b1 and a purchased one b2, in a cart that is RUNNING."""
    running_cart(ws)
    for number, status in ((1, BasketStatus.OPEN), (2, BasketStatus.PURCHASED)):
        shop.baskets[f"b{number}"] = samples.basket(number, shop.clock(), status=status, native_status=status.value)
    return shop


def documents(ws: Workspace) -> int:
    return ws.books.documents.count()


def test_the_list_shows_the_carts_status_and_our_step_apart(ws: Workspace, baskets: MemoryShop) -> None:
    """S102, S107: Contacted is ours, open is the cart's; goods and pieces are told."""
    view = read_basket(ws, NAME, "b1")
    set_step(ws, NAME, "b1", view.care, BasketStep.CONTACTED)
    first, second = cart_dicts(ws, NAME, RecordKind.BASKET)
    assert (first["status"], first["state"]) == ("open", "contacted")
    assert (second["status"], second["state"]) == ("purchased", "open")
    assert first["goods"]
    listing = list_cart(ws, NAME, RecordKind.BASKET)
    assert listing.count == 2
    listing.close()


def test_an_open_basket_becomes_an_order_and_a_pending_document(ws: Workspace, baskets: MemoryShop) -> None:
    """S104, S106: the cart places the order, the document follows, the basket says purchased; once only."""
    done = convert_basket(ws, NAME, "b1")
    assert done.document_id is not None
    document = ws.books.documents.get(done.document_id)
    assert (document.status, document.draft.external_id) == (DocumentStatus.PENDING, done.order_id)
    view = read_basket(ws, NAME, "b1")
    assert (view.basket.status, view.care.step) == (BasketStatus.PURCHASED, BasketStep.CONVERTED)
    assert view.document is not None
    with pytest.raises(NeedsOperatorError, match="can't become an order"):
        convert_basket(ws, NAME, "b1")
    run_cycle(ws, NAME)
    assert documents(ws) == 1


def test_only_an_open_basket_is_converted(ws: Workspace, baskets: MemoryShop) -> None:
    """S106, S112: the cart is asked first; a list may be old."""
    with pytest.raises(NeedsOperatorError, match="purchased"):
        convert_basket(ws, NAME, "b2")
    baskets.baskets["b1"] = replace(baskets.baskets["b1"], status=BasketStatus.EXPIRED)
    with pytest.raises(NeedsOperatorError, match="expired"):
        convert_basket(ws, NAME, "b1")
    baskets.baskets["b1"] = replace(baskets.baskets["b1"], status=BasketStatus.OPEN, lines=())
    with pytest.raises(NeedsOperatorError, match="empty"):
        convert_basket(ws, NAME, "b1")
    assert (documents(ws), baskets.writes) == (0, 0)


@pytest.mark.parametrize("reached", [True, False])
def test_a_lost_answer_is_looked_up_before_anything_is_sent_again(
    ws: Workspace, baskets: MemoryShop, reached: bool, clock: FrozenClock
) -> None:
    """Placed or not placed: the next run finds out, and there is one order in the end."""

    class Lossy(MemoryCart):
        def place_order(self, basket_id, key):  # type: ignore[no-untyped-def]
            if reached:
                super().place_order(basket_id, key)
            raise UnknownOutcomeError("The answer was cut off.", "It is looked up.")

    lossy = replace(ws, adapters={"memory": replace(ws.adapters["memory"], open=lambda _: Lossy(baskets))})
    with pytest.raises(UnknownOutcomeError):
        convert_basket(lossy, NAME, "b1")
    clock.advance(timedelta(minutes=1))
    if reached:
        with pytest.raises(NeedsOperatorError, match="can't become an order"):
            convert_basket(ws, NAME, "b1")
    else:
        convert_basket(ws, NAME, "b1")
    care = read_basket(ws, NAME, "b1").care
    assert (len(baskets.orders), care.step, care.order_id) == (1, BasketStep.CONVERTED, next(iter(baskets.orders)))


def test_read_only_mode_places_nothing(ws: Workspace, baskets: MemoryShop) -> None:
    """No request that writes."""
    with pytest.raises(NeedsOperatorError, match="read-only"):
        convert_basket(replace(ws, read_only=True), NAME, "b1")
    assert (len(baskets.orders), baskets.writes) == (0, 0)


def test_a_draft_document_is_made_where_the_cart_places_no_orders(ws: Workspace, baskets: MemoryShop) -> None:
    """PENDING, with the basket's lines and total; nothing is sent, and the cycle does not look for it in the cart."""
    done = draft_from_basket(ws, NAME, "b1")
    assert done.document_id is not None
    document = ws.books.documents.get(done.document_id)
    assert document.status is DocumentStatus.PENDING
    assert document.draft.total == baskets.baskets["b1"].total
    assert baskets.writes == 0
    assert run_cycle(ws, NAME).problem == ""
    with pytest.raises(NeedsOperatorError, match="already"):
        draft_from_basket(ws, NAME, "b1")


def test_a_draft_is_made_with_its_basket_or_not_at_all(
    ws: Workspace, baskets: MemoryShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed in between, it is as if nothing was asked: the next try makes the one document."""
    with monkeypatch.context() as patch:
        patch.setattr(ws.books.baskets, "put", _die)
        with pytest.raises(KeyboardInterrupt):
            draft_from_basket(ws, NAME, "b1")
    assert documents(ws) == 0
    assert draft_from_basket(ws, NAME, "b1").document_id is not None
    assert documents(ws) == 1


def _die(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("make", [convert_basket, draft_from_basket])
def test_a_step_that_somebody_takes_meanwhile_does_not_lose_the_order(
    ws: Workspace, baskets: MemoryShop, make: Callable[..., Conversion]
) -> None:
    """While the cart is asked another admin notes Contacted: the basket still says what it became."""
    other = replace(ws, actor="other@test")

    class Slow(MemoryCart):
        def place_order(self, basket_id, key):  # type: ignore[no-untyped-def]
            set_step(other, NAME, "b1", BasketCare(), BasketStep.CONTACTED)
            return super().place_order(basket_id, key)

        def close(self) -> None:
            if make is draft_from_basket:
                set_step(other, NAME, "b1", BasketCare(), BasketStep.CONTACTED)
            super().close()

    slow = replace(ws, adapters={"memory": replace(ws.adapters["memory"], open=lambda _: Slow(baskets))})
    done = make(slow, NAME, "b1")
    care = read_basket(ws, NAME, "b1").care
    assert (care.step, care.order_id) == (BasketStep.CONVERTED, done.order_id)
    assert (documents(ws), care.document_id or done.document_id) == (1, done.document_id)


def test_a_basket_that_two_admins_draft_at_once_makes_one_document(ws: Workspace, baskets: MemoryShop) -> None:
    """The second, who read the basket before the first was done, is told."""

    class Late(MemoryCart):
        def close(self) -> None:
            super().close()
            draft_from_basket(ws, NAME, "b1")

    late = replace(ws, adapters={"memory": replace(ws.adapters["memory"], open=lambda _: Late(baskets))})
    with pytest.raises(NeedsOperatorError, match="meanwhile"):
        draft_from_basket(late, NAME, "b1")
    assert documents(ws) == 1


def test_two_admins_do_not_overwrite_each_others_step(ws: Workspace, baskets: MemoryShop) -> None:
    """The second is told what the first did."""
    seen = read_basket(ws, NAME, "b1").care
    set_step(ws, NAME, "b1", seen, BasketStep.CONTACTED)
    with pytest.raises(NeedsOperatorError, match="changed by"):
        set_step(ws, NAME, "b1", seen, BasketStep.ABANDONED)


def test_notes_calls_and_tasks_are_kept_by_date(ws: Workspace, baskets: MemoryShop) -> None:
    """Newest first; a task is open until it is done, and comes up on its day."""
    day = date(2026, 12, 1)
    add_note(ws, NAME, "b1", NoteKind.CALL, "She wants blue.")
    care = add_note(ws, NAME, "b1", NoteKind.TASK, "Call again", day)
    assert [note.kind for note in care.notes] == [NoteKind.TASK, NoteKind.CALL]
    cart_id = ws.books.carts.get(NAME).cart_id
    assert ws.books.baskets.open_tasks(cart_id, day - timedelta(days=1)) == []
    [(basket_id, task)] = ws.books.baskets.open_tasks(cart_id, day)
    assert (basket_id, task.text) == ("b1", "Call again")
    finish_task(ws, NAME, "b1", task.note_id)
    assert ws.books.baskets.open_tasks(cart_id, day) == []
    with pytest.raises(NeedsOperatorError, match="nothing to keep"):
        add_note(ws, NAME, "b1", NoteKind.NOTE, "  ")


def test_a_cart_that_was_never_tested_is_not_asked(ws: Workspace, shop: MemoryShop) -> None:
    """As everywhere."""
    ready_cart(ws)
    document = ws.books.carts.get(NAME)
    ws.books.carts.save(replace(document, connection=replace(document.connection, options={"other": "1"})))
    with pytest.raises(NeedsOperatorError):
        read_basket(ws, NAME, "b1")
