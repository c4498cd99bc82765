"""Unlink: on purpose, with its consequence said, and nothing is doubled by it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from cartui.adapters.memory import MemoryShop
from cartui.domain.documents import Document
from cartui.domain.ids import RecordKind
from cartui.domain.outbox import OutboxState
from cartui.domain.plan import Action, Plan
from cartui.errors import BrakeError
from cartui.sync.actions import Selection, plan_export, plan_import
from cartui.sync.apply import apply_plan, plan_brakes
from cartui.sync.approvals import void_documents
from cartui.sync.cycle import run_cycle
from cartui.sync.undo import plan_undo
from cartui.sync.unlink import linked_keys, plan_unlink, plan_unlink_held, plan_unlink_ours
from cartui.sync.workspace import Workspace
from cartui.testing.clock import FrozenClock
from tests.sync.sending import NAME, cart_id, item, linked, move, row, send

ITEM, ORDER, CUSTOMER = RecordKind.ITEM, RecordKind.ORDER, RecordKind.CUSTOMER


def unlink(ws: Workspace, kind: RecordKind, *keys: str) -> list[Action]:
    report = apply_plan(ws, plan_unlink(ws, NAME, kind, Selection(keys)), confirmed=NAME)
    assert not [one for one in report.problems if one.change.action is not Action.HOLD]
    return [one.change.action for one in report.applied]


def documents(ws: Workspace) -> int:
    return ws.books.documents.count()


def test_an_order_whose_document_counts_is_not_let_go_of(ws: Workspace, document: Document) -> None:
    """Imported once more it would count twice; the way out is named."""
    [change] = plan_unlink(ws, NAME, ORDER, Selection(["0"])).changes
    assert (change.action, "would count twice" in change.reason) == (Action.HOLD, True)
    assert "void" in change.remedy
    assert unlink(ws, ORDER, "0") == [Action.HOLD]


def test_a_void_documents_order_is_imported_anew_by_hand_only(
    ws: Workspace, shop: MemoryShop, document: Document, clock: FrozenClock
) -> None:
    """Cycles leave it alone, even when it changed; by hand it gets one document, once; who did it is on record."""
    void_documents(ws, [document.document_id], "a slip")
    assert linked_keys(ws, NAME, ORDER, [document.number]) == ["0"]
    assert unlink(ws, ORDER, "0") == [Action.UNLINK]
    clock.advance(60)
    shop.put_order(replace(shop.orders["0"], note="hurry", modified_at=clock()))
    run_cycle(ws, NAME)
    assert documents(ws) == 1
    entry = ws.books.journal.of_record(cart_id(ws), ORDER, "0")[0]
    assert (entry.action, entry.actor, entry.our_id) == ("unlink", "admin@test", document.document_id)
    [undo] = plan_undo(ws, NAME).changes
    assert (undo.action, "Import it by hand" in undo.remedy) == (Action.HOLD, True)
    for _ in range(2):
        apply_plan(ws, plan_import(ws, NAME, ORDER, Selection(["0"])))
        run_cycle(ws, NAME)
    assert documents(ws) == 2
    new = ws.books.documents.find_by_external(cart_id(ws), ["0"])
    assert list(new.values()) != [document.document_id]


def test_a_document_that_was_approved_meanwhile_keeps_its_order(ws: Workspace, document: Document) -> None:
    """The plan was made while it was VOID; somebody imported it again in between."""
    void_documents(ws, [document.document_id], "a slip")
    plan = plan_unlink(ws, NAME, ORDER, Selection(["0"]))
    apply_plan(ws, plan)
    apply_plan(ws, plan_import(ws, NAME, ORDER, Selection(["0"])))
    [again] = apply_plan(ws, plan).applied
    assert again.problem


def test_an_unlinked_item_is_told_nothing_and_comes_back_as_it_was(ws: Workspace, shop: MemoryShop) -> None:
    """No cycle links or makes it again; undo ties it with what both sides agreed on, and its stock is sent again."""
    linked(ws)
    send(ws)
    before, items = shop.writes, ws.books.items.count()
    assert linked_keys(ws, NAME, ITEM, [item(ws).code]) == ["i0"]
    agreed = ws.books.records.find_many(cart_id(ws), ITEM, ["i0"])["i0"].agreed
    assert unlink(ws, ITEM, "i0") == [Action.UNLINK]
    move(ws, 0, -3)
    send(ws)
    run_cycle(ws, NAME)
    assert (shop.writes, ws.books.items.count()) == (before, items)
    apply_plan(ws, plan_undo(ws, NAME))
    tied = ws.books.records.find_many(cart_id(ws), ITEM, ["i0"])["i0"]
    assert (tied.our_id, tied.agreed) == (item(ws).item_id, agreed)
    send(ws)
    assert (shop.writes, row(ws).state) == (before + 1, OutboxState.DONE)


def test_undo_does_not_link_an_item_twice(ws: Workspace, shop: MemoryShop) -> None:
    """Ours was exported meanwhile and found its place again: the old link is not made beside it."""
    linked(ws)
    unlink(ws, ITEM, "i0")
    unlinking = plan_undo(ws, NAME).request
    apply_plan(ws, plan_export(ws, NAME, ITEM, Selection([str(item(ws).item_id)])), confirmed=NAME)
    assert unlinking is not None
    [change] = plan_undo(ws, NAME, int((unlinking.keys or ("0",))[0])).changes
    assert change.action in (Action.SAME, Action.HOLD)
    assert len(ws.books.records.find_by_our_ids(cart_id(ws), ITEM, [item(ws).item_id])[item(ws).item_id]) == 1


def test_what_follows_for_a_customer_is_said(ws: Workspace, document: Document) -> None:
    """The next order of the same e-mail ties it again, and the plan says so."""
    customer = ws.books.customers.find_by_ids([document.customer_id])[document.customer_id]
    [key] = linked_keys(ws, NAME, CUSTOMER, [customer.code])
    [change] = plan_unlink(ws, NAME, CUSTOMER, Selection([key])).changes
    assert "The next order ties it to the same one again" in change.reason
    [ours] = plan_unlink_ours(ws, NAME, CUSTOMER, Selection([str(document.customer_id)])).changes
    assert ours.key == key


def test_very_many_at_once_want_the_name(ws: Workspace, shop: MemoryShop) -> None:
    """As other bulk work that is hard to mend."""
    linked(ws)
    plan = plan_unlink(ws, NAME, ITEM, Selection([f"i{n}" for n in range(10)]))
    assert [str(one) for one in plan_brakes(ws, plan)] == ["unlink: 10 rows, 100 % of 10"]


def test_plans_by_hand_are_counted_over_a_day(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """Ten plans of one row each that zero the shop want the name typed at last; confirmed, counting begins anew."""
    linked(ws)
    send(ws)

    def zero(number: int) -> Plan:
        key = str(item(ws, number).item_id)
        return plan_export(ws, NAME, ITEM, Selection([key], {key: {"stock": "0"}}))

    for number in range(9):
        apply_plan(ws, zero(number))
    [brake] = plan_brakes(ws, zero(9))
    assert str(brake) == "set stock to zero: 10 rows in 24 hours, 100 % of 10"
    with pytest.raises(BrakeError):
        apply_plan(ws, zero(9))
    apply_plan(ws, zero(9), confirmed=NAME)
    assert not ws.books.harms.since(cart_id(ws), clock() - timedelta(days=1))


def test_what_is_not_linked_or_not_known_is_said(ws: Workspace, shop: MemoryShop) -> None:
    """By each way of naming records."""
    linked(ws)
    plan = plan_unlink(ws, NAME, ITEM, Selection(["nowhere"]))
    assert [one.action for one in plan.changes] == [Action.HOLD]
    assert [plan.kind for plan in plan_unlink_held(ws, NAME, ["item:i1", "basket:7"])] == [ITEM]
