"""CSV files of items, customers and stock, and bulk edits: previewed row by row, then done whole or not at all."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from cartui.domain.csv_numbers import DecimalSign
from cartui.domain.documents import Item
from cartui.domain.ids import ItemCode
from cartui.domain.plan import NewCustomer, NewItem
from cartui.domain.record_changes import ChangeSet, RowAction, Subject
from cartui.errors import NeedsOperatorError
from cartui.sync.record_changes import CsvOptions, apply_changes, preview_bulk, preview_csv
from cartui.sync.workspace import Workspace

ITEMS, CUSTOMERS, STOCK = Subject.ITEMS, Subject.CUSTOMERS, Subject.STOCK


@pytest.fixture
def books(ws: Workspace) -> Workspace:
    """A mug with stock, a cap without, a registered customer and a guest with one e-mail."""
    with ws.books.transaction():
        ws.books.items.add_many([
            NewItem(ItemCode("MUG"), "Mug", "4006381333931", Decimal("2.10"), Decimal("9.95"), "EUR", Decimal(5)),
            NewItem(ItemCode("CAP"), "Cap", cost=Decimal(1), price=Decimal(20), currency="EUR"),
        ])  # fmt: skip
        ws.books.customers.add_many([
            NewCustomer("Ann", "Smith", email="ann@example.test"),
            NewCustomer("Ann", "Smith", email="ann@example.test", guest=True),
        ])  # fmt: skip
    return ws


def item(ws: Workspace, code: str) -> Item:
    return ws.books.items.find_by_codes([code])[ItemCode(code)]


def preview(ws: Workspace, subject: Subject, text: str, **options: object) -> ChangeSet:
    return preview_csv(ws, subject, text.encode(), CsvOptions(**options)).changes  # type: ignore[arg-type]


def told(changes: ChangeSet) -> list[tuple[str, str, str]]:
    return [(row.key, row.action.value, row.problem) for row in changes.rows]


def test_items_are_made_changed_and_left(books: Workspace) -> None:
    """A known code updates what differs, a blank cell changes nothing, an unknown code makes an item."""
    text = "sku;name;price;cost;stock;tax class\nMUG;Big mug;10,50;;;reduced\nCAP;;20,00;1;;\nPEN;Pen;1,20;0,50;12;\n"
    changes = preview(books, ITEMS, text)
    assert told(changes) == [("line 2", "update", ""), ("line 3", "same", ""), ("line 4", "create", "")]
    assert [(one.name, one.before, one.after) for one in changes.rows[0].fields] == [
        ("Name", "Mug", "Big mug"),
        ("Price", "9.95", "10.5"),
        ("Tax class", "", "reduced"),
    ]
    assert changes.headline == "create 1, update 1 items; 1 unchanged"
    assert apply_changes(books, changes) == 2
    mug, pen = item(books, "MUG"), item(books, "PEN")
    assert (mug.name, mug.price, mug.cost, mug.on_hand, mug.tax_class) == (
        "Big mug", Decimal("10.5"), Decimal("2.1"), 5, "reduced",
    )  # fmt: skip
    assert (pen.price, pen.cost, pen.on_hand) == (Decimal("1.2"), Decimal("0.5"), 12)
    assert {row.action for row in preview(books, ITEMS, text.replace(";12;", ";;")).rows} == {RowAction.SAME}


def test_one_row_with_an_error_and_nothing_is_done(books: Workspace) -> None:
    """Each error names its line and its remedy; good rows around it are not written either."""
    text = (
        "code,name,price,currency\nPEN,Pen,1.20,EUR\nMUG,,-3.00,\nX,,1.00,\n,Nameless,2.00,\nPEN,Again,3.00,\n"
        "CAP,,abc,\nMUG,,,EURO\nDEFAULT,No,1.00,\n"
    )
    books.books.items.default_item()
    changes = preview(books, ITEMS, text)
    assert told(changes) == [
        ("line 2", "create", ""),
        ("line 3", "error", "Price: It can't be less than zero."),
        ("line 4", "error", "There is no item X, and a new one needs a name."),
        ("line 5", "error", "It has no Item Code."),
        ("line 6", "error", "The Item Code PEN stands on line 2 already."),
        ("line 7", "error", "Price: 'abc' is no number."),
        ("line 8", "error", "Currency: Three letters of ISO 4217, such as EUR."),
        ("line 9", "error", "The default item stands in for missing ones."),
    ]
    assert all(row.remedy for row in changes.errors)
    with pytest.raises(NeedsOperatorError, match=r"Nothing was changed: line 3: .*and 6 more"):
        apply_changes(books, changes)
    assert books.books.items.find_by_codes(["PEN"]) == {}


def test_opening_stock_is_stated_once(books: Workspace) -> None:
    """For an item that has stock already the file is refused, unless it says the same."""
    changes = preview(books, ITEMS, "code,on_hand\nMUG,7\nCAP,3\n")
    assert told(changes)[0] == ("line 2", "error", "5 are on hand, the file says 7.")
    apply_changes(books, preview(books, ITEMS, "code,on_hand\nMUG,5\nCAP,3\n"))
    assert item(books, "CAP").on_hand == 3
    entry = books.books.stock.entries(item(books, "CAP").item_id)[0]
    assert (entry.kind.value, entry.quantity, entry.reason) == ("opening", 3, "opening stock")


def test_a_count_becomes_a_line_of_the_ledger_with_the_difference(books: Workspace) -> None:
    """By code or by barcode; blank is not zero; what is as counted gets no line."""
    text = "barcode,code,counted,note\n4006381333931,,3,broken\n,CAP,,\n"
    changes = preview(books, STOCK, text)
    assert told(changes) == [("line 2", "update", ""), ("line 3", "same", "")]
    apply_changes(books, changes)
    entry = books.books.stock.entries(item(books, "MUG").item_id)[0]
    assert (entry.kind.value, entry.quantity, entry.reason) == ("count", -2, "broken")
    assert item(books, "CAP").on_hand is None
    assert told(preview(books, STOCK, text))[0] == ("line 2", "same", "")
    assert books.books.items.wrong_stock() == []


def test_receipts_are_added_with_their_cost(books: Workspace) -> None:
    """Five at 2.10 and five at 4.10 cost 3.10 on average."""
    apply_changes(books, preview(books, STOCK, "code,qty,unit cost\nMUG,5,4.10\n", mode="receipt"))
    assert (item(books, "MUG").on_hand, item(books, "MUG").cost) == (10, Decimal("3.1"))


@pytest.mark.parametrize(
    ("text", "mode", "problem"),
    [
        ("code,qty\nNO,1\n", "count", "There is no item NO."),
        ("barcode,qty\n123,1\n", "count", "There is no item with the barcode 123."),
        ("code,qty\n,1\n", "count", "It has neither an Item Code nor a barcode."),
        ("code,qty\nMUG,1\nMUG,2\n", "count", "MUG stands on line 2 already."),
        ("code,qty\nMUG,1\n", "opening", "5 are on hand already."),
        ("code,qty\nMUG,-1\n", "count", "On hand: It can't be less than zero."),
    ],
)
def test_a_count_that_can_not_be_booked_is_an_error(books: Workspace, text: str, mode: str, problem: str) -> None:
    """With its line."""
    assert preview(books, STOCK, text, mode=mode).errors[0].problem == problem


def test_customers_are_found_by_code_or_e_mail_and_guests_stay_apart(books: Workspace) -> None:
    """The registered one is changed; the guest with the same e-mail is not; addresses come along."""
    text = "email,first name,phone,street,plz,ort,country\nANN@example.test,,020 7946 0018,1 High St,LS1,Leeds,gb\n"
    apply_changes(books, preview(books, CUSTOMERS, text))
    registered, guest = books.books.customers.list_all()
    assert (registered.phone, registered.addresses[0].city, registered.addresses[0].country) == (
        "020 7946 0018", "Leeds", "GB",
    )  # fmt: skip
    assert (guest.phone, guest.addresses) == ("", ())
    new = "code,last name,email,guest\nC-9,Ray,bob@example.test,no\n,Guest,g@example.test,yes\n"
    assert told(preview(books, CUSTOMERS, new)) == [("line 2", "create", ""), ("line 3", "create", "")]
    apply_changes(books, preview(books, CUSTOMERS, new))
    assert [(one.code, one.guest) for one in books.books.customers.list_all()[2:]] == [
        ("C-9", False),
        ("C000004", True),
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("email,phone\nx@,\n", "E-mail: An e-mail such as ann@example.com."),
        ("code,email\nC-1,ann@example.test\n", "A customer with the e-mail ann@example.test is there already"),
        ("email\na@b.test\nA@B.test\n", "a@b.test stands on line 2 already."),
        ("phone\n020 7946 0018\n", "It has neither a name nor an e-mail."),
        ("code,guest\nC000001,yes\n", "C000001 is no guest."),
    ],
)
def test_a_customer_that_can_not_be_meant_is_an_error(books: Workspace, text: str, problem: str) -> None:
    """With its line; nothing is done."""
    assert problem in preview(books, CUSTOMERS, text).errors[0].problem


def test_a_file_previewed_before_another_change_is_refused_whole(books: Workspace) -> None:
    """Somebody saved one of its records meanwhile: look at it once more."""
    changes = preview(books, ITEMS, "code,name,price\nPEN,Pen,1.00\nMUG,,1.00\n")
    with books.books.transaction():
        books.books.items.update(replace(item(books, "MUG"), name="Changed"))
    with pytest.raises(NeedsOperatorError, match="MUG was changed meanwhile"):
        apply_changes(books, changes)
    assert books.books.items.find_by_codes(["PEN"]) == {}
    changes = preview(books, ITEMS, "code,name\nPEN,Pen\n")
    with books.books.transaction():
        books.books.items.add_many([NewItem(ItemCode("PEN"), "Other")])
    with pytest.raises(NeedsOperatorError, match="PEN was made meanwhile"):
        apply_changes(books, changes)


def test_the_decimal_sign_can_be_told(books: Workspace) -> None:
    """1.234 alone is refused; told, it is read."""
    assert "say which" in preview(books, ITEMS, "code,price\nMUG,1.234\n").errors[0].problem
    apply_changes(books, preview(books, ITEMS, "code,price\nMUG,1.234\n", decimal=DecimalSign.COMMA))
    assert item(books, "MUG").price == 1234


# --- one field of many ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("edit", "mug", "cap"),
    [
        ("price+10%", "10.95", "22"),
        ("price - 0.95", "9", "19.05"),
        ("price*1.5", "14.93", "30"),
        ("price=5", "5", "5"),
    ],
)
def test_prices_of_many_are_set_and_adjusted(books: Workspace, edit: str, mug: str, cap: str) -> None:
    """Rounded to the places of the currency; through a preview."""
    ids = [one.item_id for one in books.books.items.list_all()]
    changes = preview_bulk(books, ITEMS, ids, edit)
    assert apply_changes(books, changes) == 2
    assert (item(books, "MUG").price, item(books, "CAP").price) == (Decimal(mug), Decimal(cap))


def test_a_blank_number_stays_blank_and_below_zero_nothing_is_done(books: Workspace) -> None:
    """Blank is not zero; one row that can't be and none is written."""
    ids = [one.item_id for one in books.books.items.list_all()]
    assert {row.action for row in preview_bulk(books, ITEMS, ids, "reorder level+5").rows} == {RowAction.SAME}
    changes = preview_bulk(books, ITEMS, ids, "price-15")
    with pytest.raises(NeedsOperatorError, match="can't be less than zero"):
        apply_changes(books, changes)
    assert item(books, "CAP").price == 20


@pytest.mark.parametrize(
    ("edit", "problem"),
    [
        ("price", "no change of a field"),
        ("code=X", "can't be changed for many"),
        ("colour=red", "can't be changed for many"),
        ("name+5", "Name is no number"),
        ("name=", "It can't be empty"),
        ("price=cheap", "Price: A number"),
        ("price+much%", "is no number"),
        ("price*0", "above zero"),
    ],
)
def test_an_edit_that_can_not_be_read_says_what_can(books: Workspace, edit: str, problem: str) -> None:
    """Before anything is looked at."""
    with pytest.raises(NeedsOperatorError, match=problem) as caught:
        preview_bulk(books, ITEMS, [1, 2], edit)
    assert caught.value.remedy


def test_customers_are_edited_in_bulk_too(books: Workspace) -> None:
    """A text field of all of them."""
    ids = [one.customer_id for one in books.books.customers.list_all()]
    apply_changes(books, preview_bulk(books, CUSTOMERS, ids, "company=Smith Ltd"))
    assert {one.company for one in books.books.customers.list_all()} == {"Smith Ltd"}
