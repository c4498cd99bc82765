"""Lists, and what a person can have done with a selection: create, link, import, export, retry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from cartui.adapters.memory import MemoryCart, MemoryShop
from cartui.adapters.woocommerce.client import LIMITS as WOOCOMMERCE_LIMITS
from cartui.domain.ids import CartItemId, ItemCode, RecordKind
from cartui.domain.plan import Action, NewItem, Plan
from cartui.domain.ports import BadRecord, Received
from cartui.domain.records import CartItem, ItemDraft
from cartui.domain.rows import View
from cartui.errors import LeaseTakenError, NeedsOperatorError, UnknownOutcomeError
from cartui.sync.actions import Selection, our_ids, plan_export, plan_import, plan_link, plan_retry
from cartui.sync.apply import ApplyReport, apply_plan
from cartui.sync.cycle import run_cycle
from cartui.sync.leases import MARGIN_SECONDS
from cartui.sync.lists import SystemList, cart_dicts, list_cart, system_dicts, system_rows
from cartui.sync.workspace import StopRequested, Workspace
from cartui.testing import samples
from cartui.testing.clock import FrozenClock
from cartui.testing.workspace import ready_cart, running_cart
from cartui.transport import Limits
from tests.sync.conftest import place

NAME = "Main shop"
ITEM, CUSTOMER, ORDER = RecordKind.ITEM, RecordKind.CUSTOMER, RecordKind.ORDER


def actions(plan: Plan) -> list[Action]:
    return [change.action for change in plan.changes]


def reasons(plan: Plan) -> str:
    return " ".join(change.reason for change in plan.changes)


def do(ws: Workspace, plan: Plan) -> ApplyReport:
    return apply_plan(ws, plan, confirmed=NAME)


def add_items(ws: Workspace, *items: NewItem) -> None:
    with ws.books.transaction():
        ws.books.items.add_many(items)


def own(code: str, **changes: object) -> NewItem:
    return replace(NewItem(ItemCode(code), f"Our {code}", price=Decimal("4.00"), currency="EUR"), **changes)


# --- create and link ---


def test_create_selected_makes_linked_items_with_typed_cells(ws: Workspace, shop: MemoryShop) -> None:
    """S064, S065: code, cost and stock as typed; the SKU is the code where none is typed; blank stock is not zero."""
    ready_cart(ws)
    edits = {"i1": {"code": "MY-1", "cost": "2.50", "stock": "7"}}
    plan = plan_import(ws, NAME, ITEM, Selection(["i1", "i2"], edits))
    assert actions(plan) == [Action.CREATE, Action.CREATE]
    assert not do(ws, plan).problems
    items = ws.books.items.find_by_codes(["MY-1", "SKU-2"])
    first, second = items[ItemCode("MY-1")], items[ItemCode("SKU-2")]
    assert (first.cost, first.on_hand, second.cost, second.on_hand) == (Decimal("2.50"), 7, None, None)
    assert actions(plan_import(ws, NAME, ITEM, Selection(["i1"]))) == [Action.SAME]


@pytest.mark.parametrize(
    ("sku", "edits", "words"),
    [
        ("", {}, "no SKU"),
        ("SKU-2", {}, "2 selected rows"),
        ("OURS", {}, "exists in the system already"),
        ("X", {"cost": "1e9"}, "not an amount"),
        ("X", {"stock": "-1"}, "negative"),
    ],
)
def test_create_refuses_what_would_go_wrong(
    ws: Workspace, shop: MemoryShop, sku: str, edits: dict[str, str], words: str
) -> None:
    """Each row with its reason and remedy; nothing is made of it, the others go on."""
    ready_cart(ws)
    add_items(ws, own("OURS"))
    shop.put_item(replace(shop.items["i1"], sku=sku))
    plan = plan_import(ws, NAME, ITEM, Selection(["i1", "i2", "i3"], {"i1": edits}))
    change = plan.changes[0]
    assert (change.action, words in change.reason, bool(change.remedy)) == (Action.HOLD, True, True)
    report = do(ws, plan)
    assert report.applied[0].problem
    assert not report.applied[2].problem


def test_link_selected_by_code_and_never_by_name(ws: Workspace, shop: MemoryShop) -> None:
    """S066, P16: the typed code or the SKU; one item has one place in a cart."""
    ready_cart(ws)
    add_items(ws, own("SKU-1"), own("OTHER"), own("Thing 3"))
    plan = plan_link(ws, NAME, ITEM, Selection(["i1", "i2", "i3"], {"i2": {"code": "OTHER"}}))
    assert actions(plan) == [Action.LINK, Action.LINK, Action.HOLD]
    assert len(do(ws, plan).problems) == 1
    again = plan_link(ws, NAME, ITEM, Selection(["i4"], {"i4": {"code": "OTHER"}}))
    assert "linked to cart item i2 already" in reasons(again)


def test_linked_items_are_found_on_orders(ws: Workspace, shop: MemoryShop) -> None:
    """S071: the line of a linked item carries our code."""
    running_cart(ws)
    do(ws, plan_import(ws, NAME, ITEM, Selection(["i1"])))
    place(shop, range(1, 2))
    report = run_cycle(ws, NAME)
    (document_id,) = ws.books.documents.find_by_external(report.cart_id, ["1"]).values()
    line = ws.books.documents.get(document_id).draft.lines[0]
    assert (line.item_code, line.default_item) == ("SKU-1", False)


def test_customers_are_created_and_linked(ws: Workspace, shop: MemoryShop) -> None:
    """S072, S073: one with the same e-mail is linked, not made again; guests stay apart."""
    ready_cart(ws)
    do(ws, plan_import(ws, NAME, CUSTOMER, Selection(["c1"])))
    shop.put_customer(samples.customer(9, shop.clock(), email="buyer1@example.test"))
    shop.put_customer(samples.customer(8, shop.clock(), email="buyer1@example.test", guest=True))
    assert actions(plan_import(ws, NAME, CUSTOMER, Selection(["c9", "c8"]))) == [Action.HOLD, Action.CREATE]
    plan = plan_link(ws, NAME, CUSTOMER, Selection(["c9"]))
    assert actions(plan) == [Action.LINK]
    do(ws, plan)
    assert ws.books.customers.count() == 1


def test_orders_are_imported_by_hand(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """S077: also shipped ones, since a person chose them; imported twice they are the same."""
    from cartui.domain.records import FulfilmentState

    running_cart(ws)
    place(shop, range(2), fulfilment_state=FulfilmentState.SHIPPED)
    report = do(ws, plan_import(ws, NAME, ORDER, Selection(["0", "1"])))
    assert (report.counts.created, report.problems) == (2, ())
    assert actions(plan_import(ws, NAME, ORDER, Selection(["0", "1"]))) == [Action.SAME, Action.SAME]


def test_a_plan_that_was_overtaken_is_refused(ws: Workspace, shop: MemoryShop) -> None:
    """Two admins plan the same; the second one's row is refused, nothing is doubled."""
    running_cart(ws)
    place(shop, range(1))
    order_plans = [plan_import(ws, NAME, ORDER, Selection(["0"])) for _ in range(2)]
    item_plans = [plan_import(ws, NAME, ITEM, Selection(["i1"])) for _ in range(2)]
    for first, second in (order_plans, item_plans):
        assert not do(ws, first).problems
        assert "meanwhile" in do(ws, second).problems[0].problem
    assert ws.books.documents.count() == 1


def test_an_untested_cart_is_not_asked(ws: Workspace) -> None:
    """S015."""
    from cartui.domain.settings import CartConnection
    from cartui.sync import carts
    from cartui.testing.workspace import URL

    carts.new_cart(ws, NAME, CartConnection("memory", URL))
    with pytest.raises(NeedsOperatorError, match="never tested"):
        plan_import(ws, NAME, ORDER, Selection(None))


def test_ids_that_the_cart_lacks_are_named(ws: Workspace) -> None:
    """A typing error must not pass as "nothing to do"."""
    ready_cart(ws)
    with pytest.raises(NeedsOperatorError, match="no item nope"):
        plan_import(ws, NAME, ITEM, Selection(["i1", "nope"]))


# --- export ---


def test_export_creates_links_and_changes(ws: Workspace, shop: MemoryShop) -> None:
    """S070: what the cart lacks is made, what it has under our code is linked, what differs is changed."""
    ready_cart(ws)
    add_items(ws, own("NEW"), own("SKU-1"), own("SKU-2", name="Thing 2", price=Decimal("10.00")))
    do(ws, plan_link(ws, NAME, ITEM, Selection(["i2"])))
    with ws.books.transaction():
        (item,) = ws.books.items.find_by_codes(["SKU-2"]).values()
        ws.books.items.update(replace(item, price=Decimal("11.00")))
    plan = plan_export(ws, NAME, ITEM, Selection(our_ids(ws, ITEM, ["NEW", "SKU-1", "SKU-2"])))
    assert actions(plan) == [Action.CREATE, Action.LINK, Action.UPDATE]
    assert shop.writes == 0, "planning writes nothing"
    assert not do(ws, plan).problems
    assert shop.writes == 2
    assert shop.items["i2"].price == Decimal("11.00")
    assert shop.items["i2"].stock == 5
    assert {item.sku: item.stock for item in shop.items.values()}["NEW"] is None, "blank writes no stock"
    rest = plan_export(ws, NAME, ITEM, Selection(our_ids(ws, ITEM, ["NEW", "SKU-2"])))
    assert actions(rest) == [Action.SAME, Action.SAME]


def test_our_own_export_is_no_change_of_the_cart(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """Rule 12: what we wrote comes back with a new stamp and is the same."""
    from cartui.domain.settings import CartSettings

    running_cart(ws, settings=CartSettings(from_cart_items=True))
    add_items(ws, own("NEW"))
    do(ws, plan_export(ws, NAME, ITEM, Selection(our_ids(ws, ITEM, ["NEW"]))))
    clock.advance(30)
    counts = run_cycle(ws, NAME).counts[ITEM]
    assert (counts.updated, counts.same) == (0, 1)


def test_typed_stock_is_sent_with_compare_and_set(ws: Workspace, shop: MemoryShop) -> None:
    """S069, rule 11: absolute, and refused where the cart sold one since the plan."""
    ready_cart(ws)
    add_items(ws, own("SKU-1"), own("SKU-2"))
    do(ws, plan_link(ws, NAME, ITEM, Selection(["i1", "i2"])))
    keys = our_ids(ws, ITEM, ["SKU-1", "SKU-2"])
    plan = plan_export(ws, NAME, ITEM, Selection(keys, {key: {"stock": "40"} for key in keys}))
    shop.put_item(replace(shop.items["i2"], stock=Decimal(4)))
    report = do(ws, plan)
    assert [bool(one.problem) for one in report.applied] == [False, True]
    assert (shop.items["i1"].stock, shop.items["i2"].stock) == (40, 4)


def test_a_create_whose_answer_was_lost_is_not_made_twice(ws: Workspace, shop: MemoryShop) -> None:
    """Rules 9, 10: the unknown outcome is its own state and is looked up before anything else is sent."""

    class Lossy(MemoryCart):
        def create_item(self, draft):  # type: ignore[no-untyped-def]
            super().create_item(draft)
            raise UnknownOutcomeError("The answer was cut off.", "It is looked up.")

    ready_cart(ws)
    add_items(ws, own("NEW"))
    selection = Selection(our_ids(ws, ITEM, ["NEW"]))
    lossy = replace(ws, adapters={"memory": replace(ws.adapters["memory"], open=lambda _: Lossy(shop))})
    (problem,) = do(lossy, plan_export(lossy, NAME, ITEM, selection)).problems
    assert "run the export once more" in problem.remedy
    cart_id = ws.books.carts.get(NAME).cart_id
    assert [entry.state.value for entry in ws.books.journal.open_entries(cart_id)] == ["unknown"]
    again = plan_export(ws, NAME, ITEM, selection)
    assert actions(again) == [Action.SAME]
    assert not ws.books.journal.open_entries(cart_id)
    assert [item.sku for item in shop.items.values()].count("NEW") == 1


def test_a_create_leaves_with_a_lease_that_outlasts_it(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """However long the cart took to say that it has none: nobody takes the cart over, looks, and makes it as well."""
    left: list[float] = []

    class Slow(MemoryCart):
        def find_items(self, draft: ItemDraft) -> Sequence[CartItem]:
            clock.advance(50)
            return super().find_items(draft)

        def create_item(self, draft: ItemDraft) -> CartItemId:
            ((until,),) = ws.books.database.sql("SELECT expires_at FROM lease")
            left.append(until / 1e6 - clock().timestamp())
            return super().create_item(draft)

    ready_cart(ws)
    add_items(ws, own("NEW"))
    slow = replace(ws, adapters={"memory": replace(ws.adapters["memory"], open=lambda _: Slow(shop))})
    assert not do(slow, plan_export(slow, NAME, ITEM, Selection(our_ids(ws, ITEM, ["NEW"])))).problems
    assert left[0] >= MARGIN_SECONDS


def test_nobody_takes_a_cart_over_while_a_write_is_under_way(
    ws: Workspace, shop: MemoryShop, clock: FrozenClock
) -> None:
    """A shop may take two minutes for an answer. Who came in meanwhile would find nothing there and make it as well."""

    class Slow(MemoryCart):
        def create_item(self, draft: ItemDraft) -> CartItemId:
            clock.advance(MARGIN_SECONDS - 1)
            with pytest.raises(LeaseTakenError):
                do(ws, plan)
            return super().create_item(draft)

    ready_cart(ws)
    add_items(ws, own("NEW"))
    slow = replace(ws, adapters={"memory": replace(ws.adapters["memory"], open=lambda _: Slow(shop))})
    plan = plan_export(slow, NAME, ITEM, Selection(our_ids(ws, ITEM, ["NEW"])))
    assert not do(slow, plan).problems
    assert [item.sku for item in shop.items.values()].count("NEW") == 1
    assert max(Limits().deadline_seconds, WOOCOMMERCE_LIMITS.deadline_seconds) <= MARGIN_SECONDS


def test_export_refuses_what_is_unclear(ws: Workspace, shop: MemoryShop) -> None:
    """Two items of the cart with our code, no price, the default item: each with its reason."""
    ready_cart(ws)
    shop.put_item(samples.item(20, shop.clock(), item_id=CartItemId("x"), sku="TWICE"))
    shop.put_item(samples.item(21, shop.clock(), item_id=CartItemId("y"), sku="TWICE"))
    add_items(ws, own("TWICE"), own("FREE", price=None))
    default = ws.books.items.default_item()
    keys = [*our_ids(ws, ITEM, ["TWICE", "FREE"]), str(default.item_id)]
    plan = plan_export(ws, NAME, ITEM, Selection(keys))
    assert actions(plan) == [Action.HOLD, Action.HOLD, Action.SKIP]
    assert not do(ws, plan).counts.created
    assert shop.writes == 0


def test_read_only_mode_sends_nothing(ws: Workspace, shop: MemoryShop) -> None:
    """S127: the switch is global."""
    ready_cart(ws)
    add_items(ws, own("NEW"))
    plan = plan_export(ws, NAME, ITEM, Selection(None))
    with pytest.raises(NeedsOperatorError, match="read-only"):
        do(replace(ws, read_only=True), plan)
    assert shop.writes == 0


def test_customers_are_exported(ws: Workspace, shop: MemoryShop) -> None:
    """S075: made where the cart has none with the e-mail, linked where it has one."""
    from cartui.domain.plan import NewCustomer

    ready_cart(ws)
    with ws.books.transaction():
        ws.books.customers.add_many(
            [NewCustomer("New", "One", email="new@example.test"), NewCustomer("Ann", "B", email="buyer1@example.test")]
        )
    plan = plan_export(ws, NAME, CUSTOMER, Selection(None))
    assert actions(plan) == [Action.CREATE, Action.LINK]
    assert not do(ws, plan).problems
    assert [one.email for one in shop.customers.values()].count("new@example.test") == 1
    assert actions(plan_export(ws, NAME, CUSTOMER, Selection(None)))[0] is Action.SAME


# --- held and lists ---


def test_held_records_are_retried(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """F54: read again from the cart; corrected there they are imported, else they stay held."""
    running_cart(ws)
    bad = samples.order(3, clock(), total=Decimal("99.99"))
    shop.put_order(bad)
    assert run_cycle(ws, NAME).held_total == 1
    (plan,) = plan_retry(ws, NAME, None)
    assert actions(plan) == [Action.SAME]
    shop.put_order(samples.order(3, clock()))
    (plan,) = plan_retry(ws, NAME, ["order:3"])
    assert do(ws, plan).counts.created == 1
    assert ws.books.records.count_held(ws.books.carts.get(NAME).cart_id) == 0


def test_list_all_shows_the_cart_and_what_became_of_it(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """S062: every row, an unreadable one marked with its reason; after an action the state is looked up again."""
    ready_cart(ws)
    shop.bad_orders["77"] = Received("77", clock(), b"{}", BadRecord("It has no total."))
    place(shop, range(12))
    orders = list_cart(ws, NAME, ORDER)
    assert (orders.count, len(orders.notes)) == (13, 1)
    orders.close()
    listing = list_cart(ws, NAME, ITEM)
    names = [column.name for column in listing.rows.columns]
    assert {"sku", "code", "cost", "stock", "state"} <= set(names)
    do(ws, plan_import(ws, NAME, ITEM, Selection(["i3"])))
    listing.refresh(["i3", "i4"])
    listing.rows.set_view(View())
    states = {row.key: row.cells[names.index("state")] for row in listing.rows.page(0, 10)}
    assert (states["i3"], states["i4"]) == ("linked", "new")
    listing.close()
    assert not list((ws.home / "listings").iterdir())


def test_a_listing_can_be_cancelled(ws: Workspace, shop: MemoryShop) -> None:
    """And leaves no file."""
    ready_cart(ws)
    with pytest.raises(StopRequested):
        list_cart(ws, NAME, ITEM, stop=lambda: True)
    assert not list((ws.home / "listings").iterdir())


def test_lists_for_scripts(ws: Workspace, shop: MemoryShop) -> None:
    """One mapping a row, filtered by the same query line as on the screen."""
    running_cart(ws)
    place(shop, range(3))
    run_cycle(ws, NAME)
    rows = list(system_dicts(ws, NAME, SystemList.ORDERS, "order_number:N00001"))
    assert [(row["cart_order_id"], row["status"], row["total"]) for row in rows] == [("1", "PENDING", "27.6")]
    cart_rows = list(cart_dicts(ws, NAME, ORDER, "total>20 -order_number:N00001"))
    assert [(row["cart_order_id"], row["state"]) for row in cart_rows] == [("0", "imported"), ("2", "imported")]
    assert "code" not in next(iter(cart_dicts(ws, NAME, ITEM)))
    assert system_rows(ws, NAME, SystemList.ACTIVITY).count() == 3
