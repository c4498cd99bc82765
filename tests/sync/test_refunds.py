"""Refunds of orders: each becomes one credit note, or waits, with the reason."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from cartui.adapters.memory import MemoryShop
from cartui.domain.documents import Document, DocumentStatus
from cartui.domain.ids import RecordKind
from cartui.domain.outcomes import RecordState
from cartui.domain.records import (
    LineKind,
    Payment,
    PaymentState,
    Refund,
    RefundLine,
    RefundState,
)
from cartui.domain.settings import CartSettings, DocumentKind
from cartui.errors import NeedsOperatorError
from cartui.sync.approvals import void_document
from cartui.sync.cycle import run_cycle
from cartui.sync.order_drift import import_again, list_changed
from cartui.sync.workspace import Workspace
from cartui.testing import samples
from cartui.testing.clock import FrozenClock
from cartui.testing.workspace import running_cart
from tests.sync.conftest import place
from tests.sync.one_order import NAME, approve, change, fresh, of_order


def refunded(shop: MemoryShop, refund_id: str = "r1", amount: str = "", **changes: object) -> Refund:
    """The whole first line goes back with its tax, or an amount without lines."""
    line = shop.orders["0"].lines[0]
    tax = line.tax_amount or Decimal(0)
    lines = (
        RefundLine(line.amount, LineKind.PRODUCT, line.line_id, line.sku, line.text, line.quantity, tax, restock=True),
    )
    at = shop.clock()
    told = (
        Refund(refund_id, at, Decimal(amount), lines=())
        if amount
        else Refund(refund_id, at, line.amount + tax, lines=lines)
    )
    return replace(told, **changes)  # type: ignore[arg-type]


def credit_notes(ws: Workspace, document: Document) -> list[Document]:
    return ws.books.documents.list_by_ids(ws.books.revisions.made_from(document.document_id))


def refund_states(ws: Workspace) -> list[tuple[RecordState, str]]:
    cart_id = ws.books.carts.get(NAME).cart_id
    found = ws.books.records.find_many(cart_id, RecordKind.REFUND, ["0/r1", "0/r2", "0/r3"])
    return [(found[key].state, found[key].reason) for key in sorted(found)]


def test_a_refund_becomes_one_pending_credit_note(ws: Workspace, shop: MemoryShop, document: Document) -> None:
    """As the shop gave it back; nothing is posted until it is approved; however often it comes, it is one."""
    approve(ws, document)
    refund = refunded(shop)
    change(shop, refunds=(refund,), payment_state=PaymentState.PARTIALLY_REFUNDED)
    run_cycle(ws, NAME)
    [note] = credit_notes(ws, document)
    assert (note.draft.kind, note.status, note.draft.total) == (
        DocumentKind.CREDIT_NOTE,
        DocumentStatus.PENDING,
        refund.amount,
    )
    product = next(line for line in note.draft.lines if line.kind is LineKind.PRODUCT)
    assert (product.restock, product.source_position) == (True, 1)
    change(shop, native_status="refunded in part")
    run_cycle(ws, NAME)
    assert len(credit_notes(ws, document)) == 1
    assert approve(ws, note).status is DocumentStatus.APPROVED


def test_a_refund_waits_for_its_money_and_for_its_document(
    ws: Workspace, shop: MemoryShop, document: Document, clock: FrozenClock
) -> None:
    """Nothing is credited that was not posted, nor while the money has not gone back."""
    change(shop, refunds=(refunded(shop, state=RefundState.PENDING),))
    run_cycle(ws, NAME)
    assert refund_states(ws) == [(RecordState.STAGED, "waits until the shop says that the money went back")]
    clock.advance(60)
    change(shop, refunds=(refunded(shop),))
    run_cycle(ws, NAME)
    assert refund_states(ws)[0][0] is RecordState.STAGED
    assert "approved" in refund_states(ws)[0][1]
    approve(ws, document)
    clock.advance(60)
    run_cycle(ws, NAME)
    assert refund_states(ws)[0][0] is RecordState.LINKED
    assert len(credit_notes(ws, document)) == 1


def test_partial_refunds_add_up_and_never_exceed_what_was_sold(
    ws: Workspace, shop: MemoryShop, document: Document, clock: FrozenClock
) -> None:
    """The third one would give back more than is left: held, with the reason."""
    approve(ws, document)
    half = document.draft.total / 2
    change(shop, refunds=(refunded(shop, "r1", f"{half:f}"), refunded(shop, "r2", f"{half:f}")))
    run_cycle(ws, NAME)
    notes = credit_notes(ws, document)
    assert sum(note.draft.total for note in notes) == document.draft.total
    clock.advance(60)
    change(shop, refunds=(*shop.orders["0"].refunds, refunded(shop, "r3", "0.01")))
    report = run_cycle(ws, NAME)
    assert refund_states(ws)[2][0] is RecordState.HELD
    assert report.held_total == 1
    assert len(credit_notes(ws, document)) == 2
    void_document(ws, notes[0], "made twice in the shop")
    clock.advance(60)
    run_cycle(ws, NAME)
    assert refund_states(ws)[2][0] is RecordState.LINKED


@pytest.mark.parametrize(
    ("rest", "later", "ends"),
    [
        (PaymentState.AUTHORIZED, PaymentState.AUTHORIZED, RecordState.HELD),
        (PaymentState.AUTHORIZED, PaymentState.PAID, RecordState.LINKED),
        (PaymentState.PAID, PaymentState.PAID, RecordState.LINKED),
    ],
)
def test_a_refund_never_exceeds_what_was_paid(
    ws: Workspace, shop: MemoryShop, rest: PaymentState, later: PaymentState, ends: RecordState
) -> None:
    """Of two payments one was taken, the other only authorised: no more than the one goes back. Taken since: all."""
    running_cart(ws, settings=CartSettings(import_orders_as=DocumentKind.CASH_SALE))
    half = Payment("card", samples.order(0, shop.clock()).total / 2, PaymentState.PAID)
    place(shop, range(1), payments=(half, replace(half, state=rest)))
    run_cycle(ws, NAME)
    approve(ws, of_order(ws, "0"))
    told = refunded(shop, "r1", f"{half.amount + 1:f}")
    change(shop, refunds=(told,), payments=(half, replace(half, state=later)))
    run_cycle(ws, NAME)
    [(state, reason)] = refund_states(ws)
    assert (state, "were paid for the order" in reason) == (ends, ends is RecordState.HELD)


def test_a_refund_that_is_told_as_a_payment_too_is_booked_once(
    ws: Workspace, shop: MemoryShop, document: Document, clock: FrozenClock
) -> None:
    """Carts show it as a negative payment as well: neither the order's own document nor the credit note counts twice,
    and what was approved is not flagged for it."""
    back = Payment("card", Decimal("-3.21"), PaymentState.PAID)
    told = refunded(shop, "r1", "3.21")
    place(shop, range(1, 2), refunds=(told,), payments=(*shop.orders["0"].payments, back))
    clock.advance(60)
    run_cycle(ws, NAME)
    assert all(one.amount > 0 for one in of_order(ws, "1").draft.payments)
    approve(ws, document)
    change(shop, refunds=(told,), payments=(*shop.orders["0"].payments, back))
    run_cycle(ws, NAME)
    assert list_changed(ws, NAME) == []
    [note] = credit_notes(ws, document)
    approve(ws, note)
    moved = [one for one in ws.books.accounts.postings(document_id=note.document_id) if "paid by" in one.text]
    assert [one.amount for one in moved] == [Decimal("3.21")]


def test_a_refund_that_does_not_say_what_for_stands_on_one_line(
    ws: Workspace, shop: MemoryShop, document: Document
) -> None:
    """Its amount as given, no goods on the shelf, and a note for the person who divides it."""
    approve(ws, document)
    change(shop, refunds=(refunded(shop, "r1", "3.21"),))
    run_cycle(ws, NAME)
    [note] = credit_notes(ws, document)
    assert [(line.amount, line.restock) for line in note.draft.lines] == [(Decimal("3.21"), False)]
    assert "divide the amount" in note.draft.note


def test_what_the_shop_does_not_say_came_back_is_not_put_on_the_shelf(
    ws: Workspace, shop: MemoryShop, document: Document
) -> None:
    """Goods that may still be with the shopper would be sold twice."""
    approve(ws, document)
    refund = refunded(shop)
    change(shop, refunds=(replace(refund, lines=(replace(refund.lines[0], restock=None),)),))
    run_cycle(ws, NAME)
    [note] = credit_notes(ws, document)
    assert not any(line.restock for line in note.draft.lines if line.kind is LineKind.PRODUCT)
    assert "came back" in note.draft.note


def test_a_refund_on_an_order_that_was_never_imported_makes_nothing(
    ws: Workspace, shop: MemoryShop, document: Document
) -> None:
    """It waits with its order."""
    place(shop, range(5, 6), refunds=(refunded(shop),), payment_state=PaymentState.PENDING)
    run_cycle(ws, NAME)
    assert ws.books.documents.count() == 1


def test_a_void_credit_note_is_made_again_on_purpose_only(
    ws: Workspace, shop: MemoryShop, document: Document, clock: FrozenClock
) -> None:
    """The same refund coming again makes nothing; a person has it made anew, once."""
    approve(ws, document)
    change(shop, refunds=(refunded(shop, "r1", "3.21"),))
    run_cycle(ws, NAME)
    [note] = credit_notes(ws, document)
    void = void_document(ws, note, "looked wrong")
    clock.advance(60)
    change(shop, native_status="refunded")
    run_cycle(ws, NAME)
    assert len(credit_notes(ws, document)) == 1
    made = import_again(ws, void)
    assert [one.status for one in credit_notes(ws, document)] == [DocumentStatus.VOID, DocumentStatus.PENDING]
    assert ws.books.documents.get(made).draft.total == Decimal("3.21")
    with pytest.raises(NeedsOperatorError, match="made anew already"):
        import_again(ws, fresh(ws, void))
    run_cycle(ws, NAME)
    assert len(credit_notes(ws, document)) == 2


def test_a_credit_note_that_can_not_be_made_anew_stays(
    ws: Workspace, shop: MemoryShop, document: Document, clock: FrozenClock
) -> None:
    """The shop took the refund back: the PENDING note is not made void by asking for another."""
    approve(ws, document)
    refund = refunded(shop, "r1", "3.21")
    change(shop, refunds=(refund,))
    run_cycle(ws, NAME)
    [note] = credit_notes(ws, document)
    clock.advance(60)
    change(shop, refunds=(replace(refund, state=RefundState.FAILED),))
    run_cycle(ws, NAME)
    assert "did not give the money back" in refund_states(ws)[0][1]
    with pytest.raises(NeedsOperatorError, match="stays as it is"):
        import_again(ws, note)
    assert fresh(ws, note) == note
    void_document(ws, note, "the money stayed")
    run_cycle(ws, NAME)
    assert refund_states(ws) == [(RecordState.LINKED, "")]


def test_a_refund_that_changes_after_its_credit_note_was_made_is_told(
    ws: Workspace, shop: MemoryShop, document: Document, clock: FrozenClock
) -> None:
    """Held while the note is PENDING, made anew on purpose; what was approved is said, and never a second note."""
    approve(ws, document)
    refund = refunded(shop, "r1", "3.21")
    change(shop, refunds=(refund,))
    run_cycle(ws, NAME)
    clock.advance(60)
    change(shop, refunds=(replace(refund, amount=Decimal("4.21")),))
    assert run_cycle(ws, NAME).held_total == 1
    [note] = credit_notes(ws, document)
    assert ("gave back 4.21" in refund_states(ws)[0][1], note.draft.total) == (True, Decimal("3.21"))
    made = ws.books.documents.get(import_again(ws, note))
    assert (made.draft.total, refund_states(ws)) == (Decimal("4.21"), [(RecordState.LINKED, "")])
    approve(ws, made)
    clock.advance(60)
    change(shop, refunds=(replace(refund, amount=Decimal("5.21")),))
    assert run_cycle(ws, NAME).held_total == 0
    assert refund_states(ws)[0][0] is RecordState.CHANGED
    assert len(credit_notes(ws, document)) == 2


def test_a_refund_whose_lines_do_not_make_its_amount_is_held(
    ws: Workspace, shop: MemoryShop, document: Document
) -> None:
    """No credit note of numbers that contradict each other."""
    approve(ws, document)
    refund = refunded(shop)
    change(shop, refunds=(replace(refund, amount=refund.amount - 5),))
    run_cycle(ws, NAME)
    assert (refund_states(ws)[0][0], credit_notes(ws, document)) == (RecordState.HELD, [])


def test_a_refund_of_what_was_made_void_is_left_alone(ws: Workspace, shop: MemoryShop, document: Document) -> None:
    """There is nothing to credit."""
    void_document(ws, document, "by hand")
    change(shop, refunds=(refunded(shop, "r1", "3.21"),))
    run_cycle(ws, NAME)
    assert refund_states(ws)[0][0] is RecordState.SKIPPED
