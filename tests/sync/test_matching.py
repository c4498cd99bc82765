"""The match workbench: from the cart's list to links that can be taken back as one."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from cartui.adapters.memory import MemoryShop
from cartui.domain.csv_table import read_csv
from cartui.domain.ids import ItemCode, RecordKind
from cartui.domain.matching import Standing
from cartui.domain.plan import Action, NewCustomer, NewItem
from cartui.errors import NeedsOperatorError
from cartui.sync.apply import apply_plan
from cartui.sync.matching import Bench, bench_dicts, open_bench, plan_accepted, plan_links_csv
from cartui.sync.undo import plan_undo
from cartui.sync.workspace import Workspace
from cartui.testing import samples
from cartui.testing.workspace import ready_cart

NAME = "Main shop"


@pytest.fixture
def bench(ws: Workspace, shop: MemoryShop) -> Bench:
    """Ten items in the cart; of ours one with the same SKU, one whose code is written differently, one alike."""
    ready_cart(ws, NAME)
    shop.put_item(samples.item(20, shop.clock(), sku="", name="Garden chair, folding"))
    with ws.books.transaction():
        ws.books.items.add_many([
            NewItem(ItemCode("SKU-1"), "Thing 1", price=Decimal(10)),
            NewItem(ItemCode("sku2"), "Other"),
            NewItem(ItemCode("CHAIR"), "Folding garden chair"),
            NewItem(ItemCode("FREE"), "Nothing like it"),
        ])  # fmt: skip
    return open_bench(ws, NAME, RecordKind.ITEM)


def test_what_is_safe_is_accepted_at_once_and_taken_back_at_once(ws: Workspace, bench: Bench) -> None:
    """The plan goes the way of all plans; the link says its evidence; undo unties all of it."""
    assert bench.keys_from() == ["i1", "i2"]
    plan = plan_accepted(ws, bench, bench.keys_from(60))
    assert [(change.key, change.action) for change in plan.changes] == [
        ("i1", Action.LINK),
        ("i2", Action.LINK),
        ("i20", Action.LINK),
    ]
    report = apply_plan(ws, plan)
    assert report.problems == ()
    records = ws.books.records.find_many(bench.document.cart_id, RecordKind.ITEM, ["i1", "i2", "i20"])
    assert {key: record.evidence for key, record in records.items()} == {
        "i1": "sku",
        "i2": "normalised sku",
        "i20": "name 100 %",
    }
    again = open_bench(ws, NAME, RecordKind.ITEM)
    assert sorted(again.linked) == ["i1", "i2", "i20"]
    assert again.keys_from(1) == []
    back = apply_plan(ws, plan_undo(ws, NAME))
    assert back.problems == ()
    assert open_bench(ws, NAME, RecordKind.ITEM).keys_from(60) == ["i1", "i2", "i20"]


def test_undo_leaves_alone_what_was_linked_anew_since(ws: Workspace, bench: Bench) -> None:
    """Only links that are as the batch made them are taken back."""
    apply_plan(ws, plan_accepted(ws, bench, ["i1", "i2"]))
    with ws.books.transaction():
        [other] = ws.books.items.find_by_codes(["FREE"]).values()
        [record] = ws.books.records.find_many(bench.document.cart_id, RecordKind.ITEM, ["i1"]).values()
        ws.books.records.put_many(bench.document.cart_id, [replace(record, our_id=other.item_id)])
    apply_plan(ws, plan_undo(ws, NAME))
    left = ws.books.records.find_many(bench.document.cart_id, RecordKind.ITEM, ["i1", "i2"])
    assert {key: record.our_id for key, record in left.items() if record.our_id} == {"i1": other.item_id}


def test_only_what_has_a_proposal_can_be_accepted(ws: Workspace, bench: Bench) -> None:
    """A row without one is left out; none at all is refused with the remedy."""
    assert [change.key for change in plan_accepted(ws, bench, ["i1", "i3"]).changes] == ["i1"]
    with pytest.raises(NeedsOperatorError, match="None of these has a proposal"):
        plan_accepted(ws, bench, ["i3"])


def test_links_go_out_as_csv_and_come_in_with_other_codes(ws: Workspace, bench: Bench) -> None:
    """What a person changed in the column code is what is linked; what is linked so already is left out."""
    apply_plan(ws, plan_accepted(ws, bench, ["i1"]))
    bench = open_bench(ws, NAME, RecordKind.ITEM)
    rows = {str(row["cart_item_id"]): dict(row) for row in bench_dicts(bench)}
    assert (rows["i1"]["standing"], rows["i1"]["code"], rows["i1"]["evidence"]) == ("linked", "SKU-1", "sku")
    assert (rows["i2"]["standing"], rows["i2"]["code"], rows["i2"]["score"]) == ("proposed", "sku2", 91)
    text = "cart_item_id,code\n" + "".join(f"{key},{row['code']}\n" for key, row in rows.items() if key != "i20")
    plan = plan_links_csv(ws, bench, read_csv((text + "i3,FREE\ni20,\n").replace("i3,\n", "").encode()))
    assert [(one.key, one.record.evidence if one.record else "") for one in plan.changes] == [
        ("i2", "normalised sku"),
        ("i3", "by hand"),
    ]
    assert apply_plan(ws, plan).problems == ()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("id,code\ni1,X\n", "no column cart_item_id"),
        ("cart_item_id,code\nzz,SKU-1\n", "The cart has no item zz"),
        ("cart_item_id,code\ni1,SKU-1\ni1,FREE\n", "Line 3: i1 stands there twice"),
    ],
)
def test_a_csv_of_links_that_can_not_be_meant_is_refused(ws: Workspace, bench: Bench, text: str, problem: str) -> None:
    """With the line or the id; nothing is linked."""
    with pytest.raises(NeedsOperatorError, match=problem):
        plan_links_csv(ws, bench, read_csv(text.encode()))


def test_two_rows_never_get_one_item(ws: Workspace, bench: Bench) -> None:
    """Also where a CSV says so: both are held with the reason."""
    plan = plan_links_csv(ws, bench, read_csv(b"cart_item_id,code\ni3,FREE\ni4,FREE\n"))
    assert [change.action for change in plan.changes] == [Action.HOLD, Action.HOLD]
    assert "2 selected rows" in plan.changes[0].reason


def test_customers_are_matched_too(ws: Workspace) -> None:
    """By e-mail; the link is theirs alone from then on."""
    ready_cart(ws, NAME)
    with ws.books.transaction():
        ws.books.customers.add_many([NewCustomer("Ann", email="BUYER1@example.test")])
    bench = open_bench(ws, NAME, RecordKind.CUSTOMER)
    assert bench.keys_from() == ["c1"]
    assert apply_plan(ws, plan_accepted(ws, bench, ["c1"])).problems == ()
    again = open_bench(ws, NAME, RecordKind.CUSTOMER)
    assert list(again.linked) == ["c1"]
    assert {one.standing for one in again.proposals} == {Standing.NONE}


def test_orders_are_not_matched(ws: Workspace) -> None:
    """Importing links them."""
    ready_cart(ws, NAME)
    with pytest.raises(NeedsOperatorError, match="Orders are not matched"):
        open_bench(ws, NAME, RecordKind.ORDER)
