"""Orders that are cancelled, deleted, imported again or replaced by another."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from cartui.adapters.memory import MemoryShop
from cartui.domain.documents import Document, DocumentStatus
from cartui.domain.ids import RecordKind
from cartui.domain.outcomes import Counts
from cartui.domain.records import (
    OrderState,
)
from cartui.errors import LeaseTakenError, NeedsOperatorError
from cartui.sync.actions import plan_retry
from cartui.sync.apply import apply_plan
from cartui.sync.approvals import void_document
from cartui.sync.cycle import run_cycle
from cartui.sync.fulfilment import credit_document
from cartui.sync.leases import leased
from cartui.sync.order_drift import import_again, list_changed
from cartui.sync.why import explain_order
from cartui.sync.workspace import Workspace
from cartui.testing.clock import FrozenClock
from tests.sync.conftest import place
from tests.sync.one_order import NAME, approve, change, dearer, fresh, of_order


def test_a_cancelled_order_makes_its_pending_document_void(ws: Workspace, shop: MemoryShop, document: Document) -> None:
    """With the reason; nothing was posted, so nothing is to be reversed."""
    change(shop, order_state=OrderState.CANCELLED, native_status="cancelled")
    report = run_cycle(ws, NAME)
    assert report.counts[RecordKind.ORDER] == Counts(received=1, updated=1)
    now = fresh(ws, document)
    assert (now.status, "cancelled in the cart" in now.void_reason) == (DocumentStatus.VOID, True)
    assert list_changed(ws, NAME) == []
    assert run_cycle(ws, NAME).counts[RecordKind.ORDER] == Counts(received=1, same=1)


def test_a_cancelled_order_that_was_approved_waits_for_a_person(
    ws: Workspace, shop: MemoryShop, document: Document
) -> None:
    """Nothing is reversed by itself."""
    approve(ws, document)
    change(shop, order_state=OrderState.CANCELLED, native_status="cancelled")
    run_cycle(ws, NAME)
    assert fresh(ws, document).status is DocumentStatus.APPROVED
    [(record, _)] = list_changed(ws, NAME)
    assert ("cancelled in the cart" in record.reason, "credit note" in record.remedy) == (True, True)


def test_a_void_document_whose_order_lives_again_can_be_imported_again(
    ws: Workspace, shop: MemoryShop, document: Document
) -> None:
    """On purpose only; the void one stays, and says which order it was."""
    change(shop, order_state=OrderState.CANCELLED, native_status="cancelled")
    run_cycle(ws, NAME)
    change(shop, order_state=OrderState.OPEN, native_status="processing")
    run_cycle(ws, NAME)
    [(record, _)] = list_changed(ws, NAME)
    assert "void" in record.reason
    made = import_again(ws, fresh(ws, document))
    assert made != document.document_id
    assert (of_order(ws, "0").document_id, of_order(ws, "0").status) == (made, DocumentStatus.PENDING)
    trail = ws.books.revisions.audit_of(document.document_id)
    assert [entry.before for entry in trail if entry.action.startswith("untied")] == ["0"]
    assert list_changed(ws, NAME) == []


def test_a_pending_document_is_voided_before_its_order_is_imported_again(
    ws: Workspace, shop: MemoryShop, document: Document
) -> None:
    """One order never has two living documents."""
    change(shop, **dearer(shop))
    made = import_again(ws, document, "changed in the shop")
    assert fresh(ws, document).status is DocumentStatus.VOID
    assert ws.books.documents.get(made).draft.total == document.draft.total + 5
    run_cycle(ws, NAME)
    assert ws.books.documents.count(status=DocumentStatus.PENDING) == 1


def untouched(ws: Workspace, document: Document) -> bool:
    """The document is as it was, and its order still tied to it."""
    cart_id = ws.books.carts.get(NAME).cart_id
    record = ws.books.records.find_many(cart_id, RecordKind.ORDER, ["0"])["0"]
    return fresh(ws, document) == document and record.our_id == document.document_id


def test_an_order_that_is_gone_or_refused_loses_nothing_when_it_is_imported_again(
    ws: Workspace, shop: MemoryShop, document: Document
) -> None:
    """All or nothing: a document is made void only where a new one takes its place."""
    order = shop.orders["0"]
    shop.put_order(replace(order, total=order.total + 100))  # its amounts do not add up
    with pytest.raises(NeedsOperatorError, match="would not be imported"):
        import_again(ws, document)
    assert untouched(ws, document)
    shop.put_order(replace(order, placed_at=order.placed_at - timedelta(days=30)))
    with pytest.raises(NeedsOperatorError, match="Last Order from"):
        import_again(ws, document)
    assert untouched(ws, document)
    del shop.orders["0"]
    with pytest.raises(NeedsOperatorError, match="no more"):
        import_again(ws, document)
    assert untouched(ws, document)


def test_nothing_is_made_void_while_somebody_else_synchronises_the_cart(
    ws: Workspace, shop: MemoryShop, document: Document
) -> None:
    """The lease comes first."""
    with leased(ws, ws.books.carts.get(NAME)), pytest.raises(LeaseTakenError):
        import_again(ws, document)
    assert untouched(ws, document)


def test_two_admins_import_an_order_again_once(ws: Workspace, shop: MemoryShop, document: Document) -> None:
    """The second is told, whether he looks at what was void before or was made void by the first."""
    void = void_document(ws, document, "by hand")
    made = import_again(ws, void)
    for seen in (document, void):
        with pytest.raises(NeedsOperatorError, match="since you looked"):
            import_again(ws, seen)
    with pytest.raises(NeedsOperatorError, match="let go of already"):
        import_again(ws, fresh(ws, void))
    assert of_order(ws, "0").document_id == made
    assert ws.books.documents.count() == 2


def test_an_order_that_replaces_another_is_one_chain_with_it(
    ws: Workspace, shop: MemoryShop, document: Document
) -> None:
    """The parent is cancelled and void, the child comes as a document of its own and says what it replaces."""
    change(shop, order_state=OrderState.CANCELLED, native_status="canceled")
    place(shop, range(1, 2), parent_id="0")
    run_cycle(ws, NAME)
    assert fresh(ws, document).status is DocumentStatus.VOID
    assert of_order(ws, "1").status is DocumentStatus.PENDING
    assert "replaces order 0" in "\n".join(step.what for step in explain_order(ws, "1").steps)


def test_what_replaces_an_approved_order_waits_until_that_is_taken_back(
    ws: Workspace, shop: MemoryShop, document: Document, clock: FrozenClock
) -> None:
    """Both would count: goods and money twice. Credited, the retry lets it in."""
    posted = approve(ws, document)
    change(shop, order_state=OrderState.CANCELLED, native_status="canceled")
    place(shop, range(1, 2), parent_id="0")
    run_cycle(ws, NAME)
    cart_id = ws.books.carts.get(NAME).cart_id
    [waiting] = ws.books.records.list_held(cart_id)
    assert (waiting.external_id, posted.name in waiting.reason) == ("1", True)
    note = ws.books.documents.get(credit_document(ws, posted))
    approve(ws, note)
    clock.advance(60)
    [plan] = plan_retry(ws, NAME, ["order:1"])
    apply_plan(ws, plan)
    assert of_order(ws, "1").status is DocumentStatus.PENDING
