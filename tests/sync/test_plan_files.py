"""Plan now, apply later, take it back: sealed files, brakes and undo."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from cartui.adapters.memory import MemoryShop
from cartui.domain.documents import DocumentStatus
from cartui.domain.ids import CustomerCode, ItemCode, RecordKind
from cartui.domain.outbox import OutboxKind
from cartui.domain.plan import Action, Doing, NewCustomer, NewItem, Plan, PlanRequest
from cartui.domain.records import OrderState
from cartui.domain.settings import CartSettings, DocumentKind
from cartui.errors import BrakeError, ExitCode, NeedsOperatorError
from cartui.sync.actions import Selection, our_ids, plan_export, plan_import, plan_link
from cartui.sync.apply import ApplyReport, apply_plan
from cartui.sync.approvals import approve_documents, preview_approvals
from cartui.sync.order_drift import import_again
from cartui.sync.plan_files import plan_again, plan_request, plan_text
from cartui.sync.undo import list_applied, plan_undo
from cartui.sync.workspace import Workspace
from cartui.testing import samples
from cartui.testing.clock import FrozenClock
from cartui.testing.workspace import ready_cart, running_cart
from tests.sync.conftest import place

NAME = "Main shop"
ITEM, CUSTOMER, ORDER = RecordKind.ITEM, RecordKind.CUSTOMER, RecordKind.ORDER


def do(ws: Workspace, plan: Plan) -> ApplyReport:
    return apply_plan(ws, plan, confirmed=NAME)


def actions(plan: Plan) -> list[Action]:
    return [change.action for change in plan.changes]


def linked(ws: Workspace, count: int) -> list[str]:
    """Our items SKU-0 …, each linked to the cart's item; their ids."""
    with ws.books.transaction():
        ws.books.items.add_many(
            [NewItem(ItemCode(f"SKU-{n}"), f"Ours {n}", price=Decimal("4.00"), currency="EUR") for n in range(count)]
        )
    do(ws, plan_link(ws, NAME, ITEM, Selection([f"i{n}" for n in range(count)])))
    return our_ids(ws, ITEM, [f"SKU-{n}" for n in range(count)])


# --- plan files ---


def test_a_plan_file_applies_what_has_not_changed_and_refuses_the_rest(ws: Workspace, shop: MemoryShop) -> None:
    """N01: the ground is read again; one row moved, two did not, one was not in the plan."""
    ready_cart(ws)
    request = PlanRequest(Doing.IMPORT, ITEM, ("i1", "i2", "i3"))
    text = plan_text(ws, plan_request(ws, NAME, request))
    shop.put_item(replace(shop.items["i2"], name="Other words"))
    sealed, plan = plan_again(ws, text)
    assert actions(plan) == [Action.CREATE, Action.HOLD, Action.CREATE]
    assert "otherwise now" in plan.changes[1].reason
    assert sealed.number in text
    do(ws, plan)
    assert set(ws.books.items.find_by_codes(["SKU-1", "SKU-2", "SKU-3"])) == {"SKU-1", "SKU-3"}
    assert actions(plan_again(ws, text)[1]) == [Action.SAME, Action.HOLD, Action.SAME]


def test_a_whole_selection_never_grows_after_it_was_approved(ws: Workspace, shop: MemoryShop) -> None:
    """`--all` means all of then."""
    ready_cart(ws)
    text = plan_text(ws, plan_request(ws, NAME, PlanRequest(Doing.IMPORT, ITEM, None)))
    shop.put_item(samples.item(77, shop.clock()))
    _, plan = plan_again(ws, text)
    assert len(plan.changes) == 10


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace('"SKU-1', '"SKU-9', 1),
        lambda text: text[:-40],
        lambda text: "",
        lambda text: "[]",
        lambda text: text.replace("cartui-plan/1", "cartui-plan/9"),
        lambda text: json.dumps({**json.loads(text), "live": False}),
    ],
)
def test_a_file_that_is_not_what_was_sealed_is_refused(ws: Workspace, shop: MemoryShop, spoil: object) -> None:
    """Edited, cut, empty, of another format: nothing is done, and the remedy is named."""
    ready_cart(ws)
    text = plan_text(ws, plan_import(ws, NAME, ITEM, Selection(["i1", "i2"])))
    with pytest.raises(NeedsOperatorError, match="Make the plan again"):
        plan_again(ws, spoil(text))  # type: ignore[operator]


def test_a_plan_is_not_carried_to_another_shop(ws: Workspace, shop: MemoryShop) -> None:
    """The cart of that name leads elsewhere now."""
    ready_cart(ws)
    text = plan_text(ws, plan_import(ws, NAME, ITEM, Selection(["i1"])))
    document = ws.books.carts.get(NAME)
    ws.books.carts.save(replace(document, connection=replace(document.connection, options={"other": "1"})))
    with pytest.raises(NeedsOperatorError, match="connected otherwise"):
        plan_again(ws, text)


# --- brakes ---


def test_a_plan_that_empties_the_shelves_stops_and_asks(ws: Workspace, shop: MemoryShop) -> None:
    """Rule 14: nothing is sent before the cart's name was typed; the exit code is its own."""
    ready_cart(ws)
    ids = linked(ws, 5)
    plan = plan_export(ws, NAME, ITEM, Selection(ids, {one: {"stock": "0"} for one in ids}))
    before = shop.writes
    with pytest.raises(BrakeError, match="set stock to zero: 5 rows") as caught:
        apply_plan(ws, plan)
    assert caught.value.exit_code is ExitCode.BRAKE
    with pytest.raises(BrakeError):
        apply_plan(ws, plan, confirmed="main shop")
    assert shop.writes == before
    assert not apply_plan(ws, plan, confirmed=NAME).problems
    assert {shop.items[f"i{n}"].stock for n in range(5)} == {0}


# --- undo ---


def test_what_was_sent_goes_back_where_nobody_changed_it(ws: Workspace, shop: MemoryShop) -> None:
    """N07: name, price and stock as before; what somebody changed since is refused with both values."""
    ready_cart(ws)
    ids = linked(ws, 3)
    before = {key: shop.items[key] for key in ("i0", "i1", "i2")}
    do(ws, plan_export(ws, NAME, ITEM, Selection(ids, {one: {"stock": "40"} for one in ids})))
    assert shop.items["i0"].name == "Ours 0"
    shop.put_item(replace(shop.items["i1"], price=Decimal("9.99")))
    plan = plan_undo(ws, NAME)
    assert actions(plan) == [Action.UPDATE, Action.HOLD, Action.UPDATE]
    assert "9.99" in plan.changes[1].reason
    report = do(ws, plan)
    assert len(report.problems) == 1
    for key in ("i0", "i2"):
        now = shop.items[key]
        assert (now.name, now.price, now.stock) == (before[key].name, before[key].price, before[key].stock)
    assert shop.items["i1"].price == Decimal("9.99")
    again = plan_undo(ws, NAME)  # not all came back: it can be looked at again
    assert actions(again) == [Action.SAME, Action.HOLD, Action.SAME]


def test_links_are_untied_and_made_again_by_undoing_the_undo(ws: Workspace, shop: MemoryShop) -> None:
    """A batch of links is one thing to undo."""
    ready_cart(ws)
    linked(ws, 3)
    cart_id = ws.books.carts.get(NAME).cart_id
    undo = plan_undo(ws, NAME)
    assert actions(undo) == [Action.UNLINK] * 3
    do(ws, undo)
    assert ws.books.records.count_linked(cart_id, ITEM) == 0
    with pytest.raises(NeedsOperatorError, match="nothing to undo"):
        plan_undo(ws, NAME)
    assert [one.undone_at is not None for one in list_applied(ws, NAME)] == [False, True]


def test_created_records_go_only_while_nobody_used_them(ws: Workspace, shop: MemoryShop) -> None:
    """An item on a document, and one that was edited, stay."""
    running_cart(ws)
    do(ws, plan_import(ws, NAME, ITEM, Selection(["i1", "i2", "i3"])))
    place(shop, range(1, 2))
    do(ws, plan_import(ws, NAME, ORDER, Selection(["1"])))
    sold = {line.item_code for line in _document(ws).draft.lines}
    assert "SKU-1" in sold
    with ws.books.transaction():
        [item] = ws.books.items.find_by_codes(["SKU-2"]).values()
        ws.books.items.update(replace(item, name="Edited"))
    items = list_applied(ws, NAME)[1]
    plan = plan_undo(ws, NAME, items.plan_id)
    assert actions(plan) == [Action.HOLD, Action.HOLD, Action.DELETE]
    do(ws, plan)
    assert set(ws.books.items.find_by_codes(["SKU-1", "SKU-2", "SKU-3"])) == {"SKU-1", "SKU-2"}


def test_an_imported_order_goes_while_it_is_pending_and_can_come_again(ws: Workspace, shop: MemoryShop) -> None:
    """Its document is taken out, its link forgotten: importing it once more makes a new one."""
    running_cart(ws)
    place(shop, range(1, 3))
    do(ws, plan_import(ws, NAME, ORDER, Selection(["1", "2"])))
    plan = plan_undo(ws, NAME)
    assert actions(plan) == [Action.DELETE, Action.DELETE]
    do(ws, plan)
    assert ws.books.documents.count() == 0
    assert actions(plan_import(ws, NAME, ORDER, Selection(["1"]))) == [Action.CREATE]


def test_an_undo_that_died_half_way_is_finished_by_the_next(ws: Workspace, shop: MemoryShop) -> None:
    """What is back already is left alone; the row is noted before it is sent, so none is forgotten."""
    ready_cart(ws)
    ids = linked(ws, 2)
    do(ws, plan_export(ws, NAME, ITEM, Selection(ids)))
    shop.put_item(replace(shop.items["i0"], name="Thing 0", price=shop.items["i0"].price))
    names = {field.name: field.before for field in plan_undo(ws, NAME).changes[1].fields}
    assert names["name"] == "Ours 1"
    do(ws, plan_undo(ws, NAME))
    assert list_applied(ws, NAME)[1].undone_at is not None


def test_nobody_undoes_what_another_cart_did(ws: Workspace, shop: MemoryShop) -> None:
    """The number must be one of this cart."""
    ready_cart(ws)
    linked(ws, 1)
    with pytest.raises(NeedsOperatorError, match="nothing to undo"):
        plan_undo(ws, NAME, 999)


def test_an_item_that_another_cart_sells_too_stays(ws: Workspace, shop: MemoryShop) -> None:
    """Undoing one cart's import never takes an item from under another's link."""
    ready_cart(ws)
    do(ws, plan_import(ws, NAME, ITEM, Selection(["i1", "i2"])))
    do(ws, plan_import(ws, NAME, CUSTOMER, Selection(["c1", "c2"])))
    ready_cart(ws, "Other")
    apply_plan(ws, plan_link(ws, "Other", ITEM, Selection(["i1"])), confirmed="Other")
    apply_plan(ws, plan_link(ws, "Other", CUSTOMER, Selection(["c1"])), confirmed="Other")
    customers, items = list_applied(ws, NAME)
    assert actions(plan_undo(ws, NAME, items.plan_id)) == [Action.HOLD, Action.DELETE]
    assert actions(plan_undo(ws, NAME, customers.plan_id)) == [Action.HOLD, Action.DELETE]


def test_what_an_undone_order_kept_is_offered_again(ws: Workspace, shop: MemoryShop) -> None:
    """The orderable stock rises with it, so the cart is told."""
    running_cart(ws)
    cart_id = ws.books.carts.get(NAME).cart_id
    [item_id] = [int(one) for one in linked(ws, 1)]
    place(shop, range(1), lines=samples.order(0, shop.clock()).lines)
    do(ws, plan_import(ws, NAME, ORDER, Selection(["0"])))
    [sold] = ws.books.outbox.of_records(cart_id, OutboxKind.STOCK, [item_id])
    do(ws, plan_undo(ws, NAME))
    [freed] = ws.books.outbox.of_records(cart_id, OutboxKind.STOCK, [item_id])
    assert freed != sold


# --- what moved between the plan and its apply ---


def test_a_plan_makes_nothing_void_that_was_approved_meanwhile(
    ws: Workspace, shop: MemoryShop, clock: FrozenClock
) -> None:
    """Cancelled in the shop, planned, then approved by somebody: what was posted stays, the row is refused."""
    running_cart(ws, settings=CartSettings(import_orders_as=DocumentKind.CASH_SALE))
    place(shop, range(1, 2))
    do(ws, plan_import(ws, NAME, ORDER, Selection(["1"])))
    clock.advance(60)
    shop.put_order(replace(shop.orders["1"], order_state=OrderState.CANCELLED))
    plan = plan_import(ws, NAME, ORDER, Selection(["1"]))
    assert actions(plan) == [Action.VOID]
    [done] = approve_documents(ws, preview_approvals(ws, [_document(ws).document_id]))
    assert done.number
    [row] = do(ws, plan).applied
    assert (row.done, "APPROVED now" in row.problem) == (False, True)
    assert _document(ws).status is DocumentStatus.APPROVED


def test_a_plan_ties_no_order_to_a_document_that_was_replaced_meanwhile(ws: Workspace, shop: MemoryShop) -> None:
    """Planned, then imported again by somebody: the order stays with its new document. One that would be left alone
    and was imported meanwhile keeps its link, too."""
    running_cart(ws)
    cart_id = ws.books.carts.get(NAME).cart_id
    place(shop, range(1, 2))
    late = shop.orders["1"]
    shop.put_order(replace(late, total=late.total + 50))
    held = plan_import(ws, NAME, ORDER, Selection(["1"]))
    assert actions(held) == [Action.HOLD]
    shop.put_order(late)
    do(ws, plan_import(ws, NAME, ORDER, Selection(["1"])))
    assert do(ws, held).problems[0].problem.startswith("It was imported")
    shop.put_order(replace(late, note="ring twice"))
    plan = plan_import(ws, NAME, ORDER, Selection(["1"]))
    made = import_again(ws, _document(ws))
    assert do(ws, plan).problems
    assert ws.books.records.find_many(cart_id, ORDER, ["1"])["1"].our_id == made


def test_a_customer_code_that_was_taken_meanwhile_is_refused(ws: Workspace, shop: MemoryShop) -> None:
    """As an item's code is; the rest of the plan goes on."""
    ready_cart(ws)
    plan = plan_import(ws, NAME, CUSTOMER, Selection(["c1", "c2"], {"c1": {"code": "VIP"}}))
    with ws.books.transaction():
        ws.books.customers.add_many([NewCustomer("Some", "Body", code=CustomerCode("VIP"))])
    report = do(ws, plan)
    assert [one.problem for one in report.applied] == ["A customer VIP was made meanwhile.", ""]


def _document(ws: Workspace):  # type: ignore[no-untyped-def]
    cart_id = ws.books.carts.get(NAME).cart_id
    [document_id] = ws.books.documents.find_by_external(cart_id, ["1"]).values()
    return ws.books.documents.get(document_id)
