"""The system's items, their stock, and its customers."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from cartui.books import DEFAULT_CODE, Books, StaleVersionError, StockChange
from cartui.domain.ids import CartId, CustomerCode, ItemCode
from cartui.domain.plan import NewCustomer, NewItem
from cartui.domain.records import Address
from cartui.errors import NeedsOperatorError
from tests.books.makers import START, HandClock, a_draft, a_line

MUG = NewItem(ItemCode("MUG"), "Mug", barcode="400", cost=Decimal("2.10"), price=Decimal("9.95"), currency="EUR")


def test_an_item_is_found_by_code_number_and_barcode(books: Books) -> None:
    """With exact money; stock never stated is None, not zero."""
    with books.transaction():
        mug, cap = books.items.add_many([MUG, NewItem(ItemCode("CAP"), "Cap", barcode="400", on_hand=Decimal(0))])
    [item] = books.items.find_by_codes(["MUG", "mug"]).values()
    assert (item.item_id, item.cost, item.price, item.on_hand, item.version) == (
        mug,
        Decimal("2.1"),
        Decimal("9.95"),
        None,
        1,
    )
    assert books.items.find_by_ids([mug])[mug] == item
    assert [one.item_id for one in books.items.find_by_barcodes(["400", ""])["400"]] == [mug, cap]
    assert books.items.find_by_ids([cap])[cap].on_hand == 0


def test_stock_is_the_sum_of_its_ledger(books: Books) -> None:
    """Opening, movements and a count by hand are lines of it."""
    with books.transaction():
        [mug] = books.items.add_many([replace(MUG, on_hand=Decimal("2.5"))])
        books.items.change_stock([StockChange(mug, Decimal(4), "delivery"), StockChange(mug, Decimal(-1), "sale")])
    item = books.items.find_by_ids([mug])[mug]
    assert item.on_hand == Decimal("5.5")
    with books.transaction():
        counted = books.items.update(replace(item, on_hand=Decimal(5)), reason="counted")
    assert counted.on_hand == 5
    assert [(one.quantity, one.reason) for one in books.items.stock_entries(mug)] == [
        (Decimal("-0.5"), "counted"),
        (Decimal(-1), "sale"),
        (Decimal(4), "delivery"),
        (Decimal("2.5"), "opening stock"),
    ]
    assert books.items.wrong_stock() == []
    with books.transaction():
        books.database.write_sql("UPDATE item SET on_hand = on_hand + 1")
    assert books.items.wrong_stock() == [mug]


def test_two_people_do_not_overwrite_each_other(books: Books, clock: HandClock) -> None:
    """The second one is told who was faster, and nothing of hers is written."""
    with books.transaction():
        [mug] = books.items.add_many([MUG])
        [ada] = books.customers.add_many([NewCustomer(email="ada@example.com")])
    item, customer = books.items.find_by_ids([mug])[mug], books.customers.find_by_ids([ada])[ada]
    with books.transaction():
        books.items.update(replace(item, name="Cup"), actor="bob@host")
        books.customers.update(replace(customer, phone="1"), actor="bob@host")
    clock.advance(60)
    with pytest.raises(StaleVersionError, match="bob@host") as caught, books.transaction():
        books.items.update(replace(item, name="Beaker"))
    assert caught.value.at == START
    with pytest.raises(StaleVersionError, match="bob@host"), books.transaction():
        books.customers.update(replace(customer, phone="2"))
    assert books.items.find_by_ids([mug])[mug].name == "Cup"


def test_a_renamed_item_keeps_its_documents(books: Books, cart_id: CartId) -> None:
    """The new code stands on their lines; a code that another item has is refused."""
    with books.transaction():
        [mug, _] = books.items.add_many([MUG, NewItem(ItemCode("CAP"), "Cap")])
        [document_id] = books.documents.add_many(cart_id, [(a_draft("1", a_line(code="MUG")), None)])
    item = books.items.find_by_ids([mug])[mug]
    with books.transaction():
        item = books.items.update(replace(item, code=ItemCode("CUP")))
    assert books.documents.get(document_id).draft.lines[0].item_code == "CUP"
    with pytest.raises(NeedsOperatorError, match="CAP already"), books.transaction():
        books.items.update(replace(item, code=ItemCode("CAP")))


def test_there_is_one_default_item(books: Books) -> None:
    """Made on first use; a code that is taken is stepped around."""
    with books.transaction():
        books.items.add_many([NewItem(DEFAULT_CODE, "Somebody's own")])
        first = books.items.default_item()
    assert (first.code, first.is_default) == ("DEFAULT-1", True)
    assert books.items.default_item() == first
    assert books.items.count() == 2


def test_the_next_code_is_free(books: Books) -> None:
    """Whatever else begins like it."""
    with books.transaction():
        books.items.add_many([NewItem(ItemCode(code), code) for code in ("A-1", "A-7", "A-x", "AB-9", "a-8")])
    assert books.items.next_code("A") == "A-8"
    assert books.items.next_code("NEW") == "NEW-1"


def test_customers_are_found_by_mail_whatever_its_case(books: Books) -> None:
    """Registered ones and guests apart; those without a mail never match."""
    with books.transaction():
        one, guest, _ = books.customers.add_many(
            [
                NewCustomer(email="Ada@Example.com"),
                NewCustomer(email="ada@example.com", guest=True),
                NewCustomer(company="No mail"),
            ]
        )
    found = books.customers.find_by_emails(["ADA@example.com", ""])
    assert [customer.customer_id for customer in found["ada@example.com"]] == [one, guest]
    assert [
        c.customer_id for c in books.customers.find_by_emails(["ada@example.com"], guest=True)["ada@example.com"]
    ] == [guest]
    assert list(found) == ["ada@example.com"]


def test_customers_get_codes_and_keep_typed_ones(books: Books) -> None:
    """A made code never collides with one that a person typed."""
    new = [NewCustomer(), NewCustomer(code=CustomerCode("C000003")), NewCustomer(addresses=(Address(city="Bonn"),))]
    with books.transaction():
        made = books.customers.add_many(new)
    customers = books.customers.find_by_ids(made)
    assert [customers[one].code for one in made] == ["C000001", "C000003", "C000003-3"]
    assert customers[made[2]].addresses == (Address(city="Bonn"),)
    assert books.customers.find_by_codes(["C000003"])[CustomerCode("C000003")].customer_id == made[1]
