"""Orders that live on after their import: changed, cancelled, refunded, deleted, imported again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from cartui.adapters.memory import MemoryShop
from cartui.domain.documents import Document, DocumentStatus
from cartui.domain.ids import RecordKind
from cartui.domain.outcomes import Counts, RecordState
from cartui.domain.records import (
    FulfilmentState,
    LineKind,
    OrderState,
    Payment,
    PaymentState,
    Refund,
    RefundLine,
    RefundState,
)
from cartui.domain.settings import CartSettings, DocumentKind
from cartui.errors import BrakeError, LeaseTakenError, NeedsOperatorError
from cartui.sync.actions import plan_retry
from cartui.sync.apply import apply_plan
from cartui.sync.approvals import approve_documents, preview_approvals, void_document
from cartui.sync.cycle import run_cycle
from cartui.sync.fulfilment import credit_document
from cartui.sync.leases import leased
from cartui.sync.order_drift import accept_drift, ignore_drift, import_again, list_changed, read_drift
from cartui.sync.why import explain_order
from cartui.sync.workspace import Workspace
from cartui.testing import samples
from cartui.testing.clock import FrozenClock
from cartui.testing.workspace import running_cart
from tests.sync.conftest import place

NAME = "Main shop"


@pytest.fixture
def document(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> Document:
    """The PENDING cash sale of order 0."""
    running_cart(ws, settings=CartSettings(import_orders_as=DocumentKind.CASH_SALE))
    place(shop, range(1))
    run_cycle(ws, NAME)
    clock.advance(60)
    return of_order(ws, "0")


def of_order(ws: Workspace, order_id: str) -> Document:
    cart_id = ws.books.carts.get(NAME).cart_id
    return ws.books.documents.get(ws.books.documents.find_by_external(cart_id, [order_id])[order_id])  # type: ignore[index]


def fresh(ws: Workspace, document: Document) -> Document:
    return ws.books.documents.get(document.document_id)


def approve(ws: Workspace, document: Document) -> Document:
    [done] = approve_documents(ws, preview_approvals(ws, [document.document_id]))
    assert not done.problem, done
    return fresh(ws, document)


def change(shop: MemoryShop, **changes: object) -> None:
    shop.put_order(replace(shop.orders["0"], **changes))  # type: ignore[arg-type]


def dearer(shop: MemoryShop) -> dict[str, object]:
    """The first line costs 5.00 more, the total too."""
    order = shop.orders["0"]
    first = order.lines[0]
    unit = first.unit_price + 5 / first.quantity if first.unit_price is not None else None
    line = replace(first, amount=first.amount + 5, unit_price=unit)
    return {"lines": (line, *order.lines[1:]), "total": order.total + 5}


# --- changed ---


def test_words_are_taken_over_and_flag_nothing(ws: Workspace, shop: MemoryShop, document: Document) -> None:
    """Our own shipment coming back as "shipped" is no change that a person must look at."""
    change(shop, native_status="completed", fulfilment_state=FulfilmentState.SHIPPED)
    report = run_cycle(ws, NAME)
    assert report.counts[RecordKind.ORDER] == Counts(received=1, updated=1)
    now = fresh(ws, document)
    assert (now.draft.native_status, now.draft.fulfilment_state) == ("completed", FulfilmentState.SHIPPED)
    assert (now.changed_in_cart, now.draft.total, now.version) == (False, document.draft.total, document.version)
    assert list_changed(ws, NAME) == []


def test_a_changed_order_waits_with_its_differences(ws: Workspace, shop: MemoryShop, document: Document) -> None:
    """Never a silent edit: flagged, listed, shown field by field; accepted it becomes what the order is."""
    change(shop, **dearer(shop))
    run_cycle(ws, NAME)
    assert fresh(ws, document).changed_in_cart
    assert fresh(ws, document).draft.total == document.draft.total
    [(record, listed)] = list_changed(ws, NAME)
    assert (listed.document_id, "total" in record.reason) == (document.document_id, True)
    view = read_drift(ws, document.document_id)
    assert {field.name for field in view.drift.fields} >= {"total"}
    accepted = accept_drift(ws, view)
    assert accepted.draft.total == document.draft.total + 5
    assert accepted.status is DocumentStatus.PENDING
    assert (list_changed(ws, NAME), fresh(ws, document).changed_in_cart) == ([], False)
    assert run_cycle(ws, NAME).counts[RecordKind.ORDER].updated == 0


def test_a_change_that_is_left_alone_is_not_shown_again_but_the_next_one_is(
    ws: Workspace, shop: MemoryShop, document: Document, clock: FrozenClock
) -> None:
    """Ignoring is about this change only."""
    change(shop, **dearer(shop))
    run_cycle(ws, NAME)
    ignore_drift(ws, read_drift(ws, document.document_id))
    clock.advance(60)
    change(shop, native_status="packed")
    run_cycle(ws, NAME)
    assert list_changed(ws, NAME) == []
    change(shop, note="Leave it at the door")
    run_cycle(ws, NAME)
    [(record, _)] = list_changed(ws, NAME)
    assert "note" in record.reason
    assert fresh(ws, document).draft.total == document.draft.total


def test_a_change_that_the_shop_takes_back_is_no_change(ws: Workspace, shop: MemoryShop, document: Document) -> None:
    """The flag goes by itself."""
    before = shop.orders["0"]
    change(shop, **dearer(shop))
    run_cycle(ws, NAME)
    shop.put_order(before)
    run_cycle(ws, NAME)
    assert (list_changed(ws, NAME), fresh(ws, document).changed_in_cart) == ([], False)


def test_two_admins_do_not_accept_over_each_other(ws: Workspace, shop: MemoryShop, document: Document) -> None:
    """Who accepts what he saw before another edited it is told so."""
    change(shop, **dearer(shop))
    view = read_drift(ws, document.document_id)
    accept_drift(ws, view)
    with pytest.raises(NeedsOperatorError, match="changed"):
        accept_drift(ws, view)


def test_what_was_approved_is_never_changed(ws: Workspace, shop: MemoryShop, document: Document) -> None:
    """It waits for a person, with what to do."""
    approve(ws, document)
    change(shop, **dearer(shop))
    run_cycle(ws, NAME)
    [(record, _)] = list_changed(ws, NAME)
    assert "credit note" in record.remedy
    with pytest.raises(NeedsOperatorError, match="not changed any more"):
        accept_drift(ws, read_drift(ws, document.document_id))
    assert fresh(ws, document).draft.total == document.draft.total


def test_a_shopper_who_was_erased_blanks_nothing_here(ws: Workspace, shop: MemoryShop, document: Document) -> None:
    """P20: an empty name or address is no news."""
    buyer = replace(shop.orders["0"].buyer, email="", first_name="", last_name="")
    change(shop, buyer=buyer)
    run_cycle(ws, NAME)
    now = fresh(ws, document)
    assert (now.draft.customer_name, now.draft.email) == (document.draft.customer_name, document.draft.email)
    assert list_changed(ws, NAME) == []


# --- cancelled, deleted, again ---


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


# --- refunds ---


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


# --- edited by replacing (Magento) ---


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
