"""Sales documents as an import writes and a screen reads them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta, timezone
from decimal import Decimal

import pytest

from cartui.books import Books, BrokenInvariantError
from cartui.domain.documents import DocumentStatus
from cartui.domain.ids import CartId, CartOrderId, CustomerCode, DocumentId, ItemCode
from cartui.domain.plan import NewCustomer, NewItem
from cartui.domain.records import Address, LineKind, Payment, PaymentState
from cartui.errors import NeedsOperatorError
from tests.books.makers import START, a_draft, a_line


def test_a_document_comes_back_as_it_went_in(books: Books, cart_id: CartId) -> None:
    """Every field, every line, every payment, in their order."""
    with books.transaction():
        books.items.add_many([NewItem(ItemCode("MUG"), "Mug")])
        [customer] = books.customers.add_many([NewCustomer(email="ada@example.com")])
        draft = a_draft(
            "7",
            a_line("19.90", "2", "MUG", unit_price=Decimal("9.95"), tax_rate=Decimal(20), tax_amount=Decimal("3.98")),
            a_line("4.50", kind=LineKind.SHIPPING, text="Post"),
            a_line("-1.00", default_item=True, sku="GONE-1", text="Übergröße ✓"),
            total=Decimal("23.40"),
            payments=(Payment("card", Decimal("23.40"), PaymentState.PAID, "Card", "ch_1", START),),
            shipping_address=Address(name="Bob", country="DE"),
            note="ring twice",
        )
        [document_id] = books.documents.add_many(cart_id, [(draft, customer)])
    document = books.documents.get(document_id)
    assert document.draft == draft
    assert document.status is DocumentStatus.PENDING
    assert (document.number, document.customer_code) == ("D000001", CustomerCode("C000001"))
    assert document.created_at == START
    assert not document.changed_in_cart


def test_numbers_are_given_in_order_and_never_twice(books: Books, cart_id: CartId) -> None:
    """The second page goes on where the first one ended."""
    with books.transaction():
        first = books.documents.add_many(cart_id, [(a_draft(str(n)), None) for n in range(1, 4)])
    with books.transaction():
        second = books.documents.add_many(cart_id, [(a_draft(str(n)), None) for n in range(4, 6)])
    numbers = [books.documents.get(document_id).number for document_id in first + second]
    assert numbers == ["D000001", "D000002", "D000003", "D000004", "D000005"]


def test_one_order_never_has_two_documents(books: Books, cart_id: CartId) -> None:
    """The database itself refuses it, and nothing of that transaction stays."""
    with books.transaction():
        books.documents.add_many(cart_id, [(a_draft("1"), None)])
    with pytest.raises(BrokenInvariantError), books.transaction():
        books.documents.add_many(cart_id, [(a_draft("2"), None), (a_draft("1"), None)])
    assert books.documents.count(cart_id) == 1
    other = CartId(cart_id + 1)
    with books.transaction():
        books.documents.add_many(other, [(a_draft("1"), None)])
    assert books.documents.count() == 2


def test_documents_are_found_by_the_carts_ids(books: Books, cart_id: CartId) -> None:
    """Only those of this cart, whatever the number asked for."""
    with books.transaction():
        made = books.documents.add_many(cart_id, [(a_draft(str(n)), None) for n in range(2000)])
    found = books.documents.find_by_external(cart_id, [str(n) for n in range(1995, 2100)])
    assert found == {CartOrderId(str(n)): made[n] for n in range(1995, 2000)}
    assert books.documents.find_by_external(CartId(99), ["1"]) == {}


def test_a_changed_order_flags_its_document(books: Books, cart_id: CartId) -> None:
    """The document itself stays as it was imported."""
    with books.transaction():
        one, two = books.documents.add_many(cart_id, [(a_draft("1"), None), (a_draft("2"), None)])
        books.documents.mark_changed([two])
    assert not books.documents.get(one).changed_in_cart
    assert books.documents.get(two).changed_in_cart


def test_a_missing_document_is_a_sentence(books: Books) -> None:
    """Not a None that breaks later."""
    with pytest.raises(NeedsOperatorError, match="not there"):
        books.documents.get(DocumentId(4711))


def test_pending_quantities_add_up_over_documents(books: Books, cart_id: CartId) -> None:
    """Product lines only, of all PENDING documents."""
    with books.transaction():
        books.items.add_many([NewItem(ItemCode("MUG"), "Mug"), NewItem(ItemCode("CAP"), "Cap")])
        books.documents.add_many(
            cart_id,
            [
                (a_draft("1", a_line("10", "2", "MUG"), a_line("1", "0.5", "CAP")), None),
                (a_draft("2", a_line("5", "1", "MUG"), a_line("5", "9", "MUG", kind=LineKind.FEE)), None),
            ],
        )
    codes = [ItemCode("MUG"), ItemCode("CAP"), ItemCode("NONE")]
    assert books.documents.pending_quantities(codes) == {"MUG": Decimal(3), "CAP": Decimal("0.5")}


def test_a_line_needs_an_item_that_exists(books: Books, cart_id: CartId) -> None:
    """A code that is none of ours is a bug, not a free text."""
    with pytest.raises(BrokenInvariantError), books.transaction():
        books.documents.add_many(cart_id, [(a_draft("1", a_line(code="NOBODY")), None)])
    assert books.documents.count() == 0


@pytest.mark.parametrize("amount", ["1000000000000", "0.0000001", "NaN", "Infinity", "1e999999"])
def test_an_amount_that_does_not_fit_is_refused(books: Books, cart_id: CartId, amount: str) -> None:
    """12 digits and 6 decimals; nothing is rounded in silence."""
    with pytest.raises(ValueError, match="does not fit"), books.transaction():
        books.documents.add_many(cart_id, [(replace(a_draft(), total=Decimal(amount)), None)])
    assert books.documents.count() == 0


def test_a_time_without_zone_is_refused(books: Books, cart_id: CartId) -> None:
    """And one of another zone is kept as the same moment."""
    with pytest.raises(ValueError, match="no time zone"), books.transaction():
        books.documents.add_many(cart_id, [(a_draft(placed_at=START.replace(tzinfo=None)), None)])
    there = START.astimezone(timezone(timedelta(hours=5, minutes=45)))
    with books.transaction():
        [document_id] = books.documents.add_many(cart_id, [(a_draft(placed_at=there), None)])
    assert books.documents.get(document_id).draft.placed_at == START


@pytest.mark.parametrize("text", ["half \0 text", "lone \ud800 surrogate"])
def test_text_that_no_database_can_keep_is_refused(books: Books, cart_id: CartId, text: str) -> None:
    """Before it reaches the database, on both of them alike."""
    with pytest.raises(ValueError, match=r"NUL|surrogates"), books.transaction():
        books.documents.add_many(cart_id, [(a_draft(note=text), None)])
    assert books.documents.count() == 0
