"""One record opened, edited and saved; two people at it; bundles; new records by hand."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from cartui.books import StockChange
from cartui.domain.ids import ItemCode, ItemId, RecordKind
from cartui.domain.plan import NewCustomer, NewItem
from cartui.errors import NeedsOperatorError
from cartui.sync.record_edit import Opened, Stale, check_record, new_record, open_record, save_record
from cartui.sync.workspace import Workspace

ITEM, CUSTOMER = RecordKind.ITEM, RecordKind.CUSTOMER


@pytest.fixture
def mug(ws: Workspace) -> Opened:
    with ws.books.transaction():
        [mug, *_] = ws.books.items.add_many([
            NewItem(ItemCode("MUG"), "Mug", "400", Decimal(2), Decimal("9.95"), "EUR", Decimal(5)),
            NewItem(ItemCode("BOX"), "Box", on_hand=Decimal(3)),
            NewItem(ItemCode("PACK"), "Two mugs in a box"),
        ])  # fmt: skip
    return open_record(ws, ITEM, mug)


def typed(opened: Opened, **texts: str) -> dict[str, str]:
    return {**opened.texts, **texts}


def saved(ws: Workspace, opened: Opened, **texts: str) -> Opened:
    answer = save_record(ws, opened, typed(opened, **texts))
    assert isinstance(answer, Opened)
    return answer


def test_what_was_typed_is_stored_and_nothing_else(ws: Workspace, mug: Opened) -> None:
    """The version rises; who changed it is kept; nothing typed changes nothing."""
    after = saved(ws, mug, name=" Big mug ", price="10.50", reorder_level="3")
    assert (after.texts["name"], after.texts["price"], after.texts["cost"]) == ("Big mug", "10.50", "2.00")
    changed = ws.books.items.last_change(ws.books.items.find_by_codes(["MUG"])[ItemCode("MUG")].item_id)
    assert changed is not None
    assert changed[0] == ws.actor
    assert saved(ws, after).version == after.version


def test_what_is_on_hand_is_counted_into_the_ledger(ws: Workspace, mug: Opened) -> None:
    """The difference, as a count; the first number ever is the opening."""
    assert saved(ws, mug, on_hand="4").texts["on_hand"] == "4"
    entries = ws.books.stock.entries()
    assert (entries[0].kind.value, entries[0].quantity) == ("count", -1)
    with pytest.raises(NeedsOperatorError, match="blank"):
        saved(ws, open_record(ws, ITEM, mug.our_id), on_hand="")
    pack = ws.books.items.find_by_codes(["PACK"])[ItemCode("PACK")]
    saved(ws, open_record(ws, ITEM, pack.item_id), on_hand="2")
    assert ws.books.stock.entries()[0].kind.value == "opening"
    assert ws.books.items.wrong_stock() == []


def test_somebody_else_saved_it_meanwhile(ws: Workspace, mug: Opened) -> None:
    """Nothing is stored; the diff says what they changed and what both did; laid over theirs it can be saved."""
    with ws.books.transaction():
        item = ws.books.items.find_by_ids([mug.our_id]).popitem()[1]
        ws.books.items.update(replace(item, name="Cup", price=Decimal(8)), actor="bob@desk")
    stale = save_record(ws, mug, typed(mug, price="12.00", barcode="500"))
    assert isinstance(stale, Stale)
    assert stale.problem == "MUG was changed by bob@desk since you opened it."
    assert [(one.title, one.opened, one.now, one.mine, one.both) for one in stale.clashes] == [
        ("Name", "Mug", "Cup", "Mug", False),
        ("Price", "9.95", "8.00", "12.00", True),
    ]
    assert open_record(ws, ITEM, mug.our_id).texts["barcode"] == "400"
    after = save_record(ws, stale.fresh, stale.texts)
    assert isinstance(after, Opened)
    assert (after.texts["name"], after.texts["price"], after.texts["barcode"]) == ("Cup", "12.00", "500")


def test_a_sale_meanwhile_does_not_stand_against_an_edit_of_the_name(ws: Workspace, mug: Opened) -> None:
    """Stock moves all day; only who counts it is told that it moved."""
    with ws.books.transaction():
        ws.books.items.change_stock([_sale(mug.our_id)])
    stale = save_record(ws, mug, typed(mug, on_hand="6"))
    assert isinstance(stale, Stale)
    assert [(one.title, one.now, one.mine) for one in stale.clashes] == [("On hand", "4", "6")]
    after = saved(ws, mug, name="Cup")
    assert (after.texts["name"], after.texts["on_hand"]) == ("Cup", "4")


def _sale(item_id: int) -> StockChange:
    return StockChange(ItemId(item_id), Decimal(-1), "sale")


def test_a_bundle_is_written_as_quantities_and_codes(ws: Workspace, mug: Opened) -> None:
    """And read back so; a part that is no item, or a bundle itself, is refused with the code."""
    pack = open_record(ws, ITEM, ws.books.items.find_by_codes(["PACK"])[ItemCode("PACK")].item_id)
    after = saved(ws, pack, parts="2 MUG; 1 BOX")
    assert after.texts["parts"] == "2 MUG; 1 BOX"
    assert ws.books.items.orderable([pack.our_id]) == {pack.our_id: 2}
    with pytest.raises(NeedsOperatorError, match="no item NONE"):
        saved(ws, after, parts="1 NONE")
    assert check_record(ITEM, typed(pack, parts="MUG"))["parts"].startswith("'MUG' is no quantity")
    assert "bundle has no stock" in check_record(ITEM, typed(pack, parts="1 MUG", on_hand="4"))["on_hand"]
    assert saved(ws, after, parts="").texts["parts"] == ""


def test_a_code_that_is_taken_is_refused(ws: Workspace, mug: Opened) -> None:
    """With the other one's name; nothing is stored."""
    with pytest.raises(NeedsOperatorError, match="There is an item BOX already"):
        saved(ws, mug, code="BOX", name="X")
    assert open_record(ws, ITEM, mug.our_id).texts["name"] == "Mug"


def test_a_customer_is_edited_with_all_contacts(ws: Workspace) -> None:
    """Further e-mails and phones with ; between them, and the first address."""
    with ws.books.transaction():
        [ann] = ws.books.customers.add_many([NewCustomer("Ann", "Smith", email="ann@example.test")])
    opened = open_record(ws, CUSTOMER, ann)
    after = saved(ws, opened, more_emails="a@b.test; c@d.test", city="Leeds", country="gb", phone="020 7946 0018")
    assert (after.texts["more_emails"], after.texts["country"]) == ("a@b.test; c@d.test", "GB")
    assert ws.books.customers.find_by_emails(["c@d.test"])["c@d.test"][0].customer_id == ann
    empty = dict.fromkeys(after.texts, "")
    assert check_record(CUSTOMER, {**empty, "code": "C1"}) == {
        "last_name": "A customer needs a name, a company or an e-mail."
    }
    assert saved(ws, after, city="", country="").texts["city"] == ""


def test_new_records_are_made_by_hand(ws: Workspace, mug: Opened) -> None:
    """With all their fields at once; a taken code is refused."""
    blank = dict.fromkeys(mug.texts, "")
    made = new_record(
        ws, ITEM, {**blank, "code": "CAP", "name": "Cap", "price": "5", "currency": "eur", "on_hand": "2"}
    )
    assert (made.texts["price"], made.texts["currency"], made.texts["on_hand"]) == ("5.00", "EUR", "2")
    with pytest.raises(NeedsOperatorError, match="There is an item CAP already"):
        new_record(ws, ITEM, {**blank, "code": "CAP", "name": "Other"})
    with pytest.raises(NeedsOperatorError, match="Name: It can't be empty"):
        new_record(ws, ITEM, {**blank, "code": "X"})
    assert new_record(ws, CUSTOMER, {"last_name": "Ray", "email": "r@example.test"}).label.startswith("C0")


def test_a_record_that_is_gone_says_so(ws: Workspace) -> None:
    """In a sentence with what to do."""
    with pytest.raises(NeedsOperatorError, match="no such customer"):
        open_record(ws, CUSTOMER, 99)
