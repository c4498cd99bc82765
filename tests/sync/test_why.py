"""Why an order is as it is here: every step, from first sight to document (N08)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from cartui.adapters.memory import MemoryShop
from cartui.domain.records import OrderState, PaymentState, Refund
from cartui.domain.settings import CartSettings, DocumentKind
from cartui.errors import NeedsOperatorError
from cartui.sync.approvals import approve_documents, preview_approvals
from cartui.sync.cycle import run_cycle
from cartui.sync.order_drift import import_again
from cartui.sync.why import Why, explain_order
from cartui.sync.workspace import Workspace
from cartui.testing.clock import FrozenClock
from cartui.testing.workspace import running_cart
from tests.sync.conftest import place

NAME = "Main shop"


def told(why: Why) -> str:
    return "\n".join(part for step in why.steps for part in (step.what, *step.more))


def test_an_order_that_was_imported_approved_and_refunded(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """Found by id, by order number and by the document's number; what was posted stands in it."""
    running_cart(ws, settings=CartSettings(import_orders_as=DocumentKind.CASH_SALE))
    place(shop, range(1))
    run_cycle(ws, NAME)
    [document] = ws.books.documents.list_by_ids([1])  # type: ignore[list-item]
    clock.advance(60)
    approve_documents(ws, preview_approvals(ws, [document.document_id]))
    clock.advance(60)
    refund = Refund("r1", clock(), Decimal("1.00"), reason="scratched")
    shop.put_order(replace(shop.orders["0"], refunds=(refund,)))
    run_cycle(ws, NAME)
    why = explain_order(ws, "0")
    assert explain_order(ws, document.draft.order_number) == why
    assert explain_order(ws, document.number, NAME) == why
    assert [one.at for one in why.steps] == sorted(one.at for one in why.steps)
    text = told(why)
    for words in ("import create order", "PENDING", "approved as", "Sales", "import create refund", "Credit Note"):
        assert words in text
    assert why.proof is not None
    assert len(why.documents) == 2
    assert len(why.lines) == len(document.draft.lines)


def test_an_order_that_was_left_alone_says_by_which_rule(ws: Workspace, shop: MemoryShop) -> None:
    """No document, and why."""
    running_cart(ws)
    place(shop, range(1), payment_state=PaymentState.PENDING, native_status="on-hold")
    run_cycle(ws, NAME)
    why = explain_order(ws, "0")
    assert why.record is not None
    assert ("payment pending" in why.record.reason, why.documents) == (True, ())


def test_the_void_ones_stay_in_the_story(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """Cancelled, revived, imported again: both documents, and the one that was let go."""
    running_cart(ws)
    place(shop, range(1))
    run_cycle(ws, NAME)
    clock.advance(60)
    shop.put_order(replace(shop.orders["0"], order_state=OrderState.CANCELLED, native_status="cancelled"))
    run_cycle(ws, NAME)
    clock.advance(60)
    shop.put_order(replace(shop.orders["0"], order_state=OrderState.OPEN, native_status="processing"))
    [document] = ws.books.documents.list_by_ids([1])  # type: ignore[list-item]
    import_again(ws, document)
    why = explain_order(ws, "0")
    assert [one.status.value for one in why.documents] == ["VOID", "PENDING"]
    assert "untied from its order" in told(why)
    assert "cancelled in the cart" in told(why)


def test_what_never_came_is_said(ws: Workspace, shop: MemoryShop) -> None:
    """With where to look."""
    running_cart(ws)
    with pytest.raises(NeedsOperatorError, match="It never came"):
        explain_order(ws, "999")


def test_words_of_a_pattern_are_words(ws: Workspace, shop: MemoryShop) -> None:
    """A per cent sign finds nothing by accident."""
    running_cart(ws)
    place(shop, range(2))
    run_cycle(ws, NAME)
    with pytest.raises(NeedsOperatorError):
        explain_order(ws, "%")
