"""Customers made one and taken apart again; bundles; e-mails beside the first."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from cartui.books import Books, StaleVersionError, StockChange
from cartui.domain.bundles import BundlePart
from cartui.domain.documents import Customer
from cartui.domain.ids import CartId, CustomerId, ItemCode, RecordKind
from cartui.domain.ledger import CartRecord
from cartui.domain.outcomes import RecordState
from cartui.domain.plan import NewCustomer, NewItem
from cartui.domain.records import Address
from cartui.errors import NeedsOperatorError
from tests.books.makers import a_draft

LEEDS = Address("Ann Smith", street1="1 High Street", city="Leeds", postcode="LS1 1AA", country="GB")
YORK = Address("Ann Smith", street1="2 Low Street", city="York", postcode="YO1 7AA", country="GB")
ANN = NewCustomer("Ann", "Smith", email="ann@example.test", addresses=(LEEDS,))
ANNE = NewCustomer("Anne", "Smith", email="anne@work.test", phone="020 7946 0018", addresses=(YORK,))


def two(books: Books, cart_id: CartId, *made: NewCustomer) -> list[Customer]:
    """Customers, each with a link and a document."""
    with books.transaction():
        ids = books.customers.add_many(made)
        books.records.put_many(
            cart_id,
            [CartRecord(RecordKind.CUSTOMER, f"c{one}", "", None, "f", RecordState.LINKED, our_id=one) for one in ids],
        )
        books.documents.add_many(cart_id, [(a_draft(str(one)), one) for one in ids])
    return [books.customers.find_by_ids(ids)[one] for one in ids]


def owners(books: Books) -> list[int]:
    return [row[0] for row in books.database.sql("SELECT customer_id FROM document ORDER BY id")]


def test_a_merge_takes_documents_links_and_what_is_missing_along(books: Books, cart_id: CartId) -> None:
    """The one that stays keeps what it has, and is found by both e-mails."""
    ann, anne = two(books, cart_id, ANN, ANNE)
    with books.transaction():
        books.merges.merge(ann, anne, actor="ann")
    [kept] = books.customers.list_all()
    assert (kept.first_name, kept.email, kept.phone) == ("Ann", "ann@example.test", "020 7946 0018")
    assert (kept.more_emails, kept.addresses) == (("anne@work.test",), (LEEDS, YORK))
    assert owners(books) == [ann.customer_id, ann.customer_id]
    links = books.records.find_by_our_ids(cart_id, RecordKind.CUSTOMER, [ann.customer_id])[ann.customer_id]
    assert sorted(link.external_id for link in links) == [f"c{ann.customer_id}", f"c{anne.customer_id}"]
    assert books.customers.find_by_emails(["ANNE@work.test"]) == {"anne@work.test": [kept]}


def test_a_merge_is_undone_but_for_what_a_person_changed_since(books: Books, cart_id: CartId) -> None:
    """Both are as they were, each with its own documents and links; a later edit stays."""
    ann, anne = two(books, cart_id, ANN, ANNE)
    with books.transaction():
        merge = books.merges.merge(ann, anne)
    with books.transaction():
        books.customers.update(replace(books.customers.list_all()[0], company="Smith Ltd"))
    assert [one.merge_id for one in books.merges.of(ann.customer_id)] == [merge]
    with books.transaction():
        books.merges.undo(merge)
    first, second = books.customers.list_all()
    assert replace(first, version=1) == replace(ann, company="Smith Ltd")
    assert replace(second, version=1) == anne
    assert owners(books) == [ann.customer_id, anne.customer_id]
    links = books.records.find_by_our_ids(cart_id, RecordKind.CUSTOMER, [anne.customer_id])
    assert [link.external_id for link in links[anne.customer_id]] == [f"c{anne.customer_id}"]
    assert books.merges.of(ann.customer_id) == []
    with books.transaction(), pytest.raises(NeedsOperatorError, match="no such merge"):
        books.merges.undo(merge)


def test_merges_are_undone_in_any_order_that_can_be(books: Books, cart_id: CartId) -> None:
    """One that went into another that went itself: the later one first, and it says so."""
    ann, anne, third = two(books, cart_id, ANN, ANNE, replace(ANN, email="third@example.test"))
    with books.transaction():
        inner = books.merges.merge(anne, third)
    anne = books.customers.find_by_ids([anne.customer_id])[anne.customer_id]
    with books.transaction():
        outer = books.merges.merge(ann, anne)
    with books.transaction(), pytest.raises(NeedsOperatorError, match="merged itself"):
        books.merges.undo(inner)
    with books.transaction():
        books.merges.undo(outer)
        books.merges.undo(inner)
    assert owners(books) == [ann.customer_id, anne.customer_id, third.customer_id]


def test_guests_are_never_merged_with_registered_customers(books: Books, cart_id: CartId) -> None:
    """By rule; nothing is changed."""
    ann, guest = two(books, cart_id, ANN, replace(ANN, guest=True))
    with books.transaction(), pytest.raises(NeedsOperatorError, match="guest"):
        books.merges.merge(ann, guest)
    assert len(books.customers.list_all()) == 2


def test_a_merge_over_a_newer_edit_is_refused(books: Books, cart_id: CartId) -> None:
    """Of either of the two."""
    ann, anne = two(books, cart_id, ANN, ANNE)
    with books.transaction():
        books.customers.update(replace(anne, phone="1"), actor="bob")
    with pytest.raises(StaleVersionError, match="bob"), books.transaction():
        books.merges.merge(ann, anne)
    assert owners(books) == [ann.customer_id, anne.customer_id]


def test_a_customer_is_found_by_each_e_mail(books: Books) -> None:
    """And an update that says nothing of them keeps them."""
    with books.transaction():
        [number] = books.customers.add_many([replace(ANN, more_emails=("A@b.test",), more_phones=("+44 1",))])
        books.customers.update(replace(books.customers.list_all()[0], company="X"))
    found = books.customers.find_by_emails(["a@B.test", "ann@example.test", "no@one.test"])
    assert {key: [one.customer_id for one in some] for key, some in found.items()} == {
        "a@b.test": [number],
        "ann@example.test": [number],
    }
    assert found["a@b.test"][0].more_phones == ("+44 1",)
    assert books.customers.find_by_emails(["a@b.test"], guest=True) == {}
    assert books.customers.find_by_ids([CustomerId(999)]) == {}


def test_a_bundle_lasts_as_long_as_its_scarcest_part(books: Books) -> None:
    """Two mugs and a box each: as many as there are of both; None where a part's stock was never stated."""
    with books.transaction():
        mug, box, pack, _ = books.items.add_many([
            NewItem(ItemCode("MUG"), "Mug", on_hand=Decimal(7)),
            NewItem(ItemCode("BOX"), "Box", on_hand=Decimal(9)),
            NewItem(ItemCode("PACK"), "Two mugs in a box"),
            NewItem(ItemCode("BIG"), "Bundle of bundles"),
        ])  # fmt: skip
        items = books.items.find_by_ids([pack])
        books.items.set_parts(items[pack], [BundlePart(mug, Decimal(2)), BundlePart(box, Decimal(1))])
    assert books.items.orderable([pack, mug]) == {pack: Decimal(3)}
    assert books.items.bundles_with([box]) == [pack]
    big = books.items.find_by_codes(["BIG"])[ItemCode("BIG")]
    with books.transaction(), pytest.raises(NeedsOperatorError, match="bundle itself"):
        books.items.set_parts(big, [BundlePart(pack, Decimal(1))])
    with books.transaction(), pytest.raises(NeedsOperatorError, match="part of a bundle"):
        books.items.set_parts(books.items.find_by_ids([mug])[mug], [BundlePart(big.item_id, Decimal(1))])
    with books.transaction(), pytest.raises(NeedsOperatorError, match="part of itself"):
        books.items.set_parts(big, [BundlePart(big.item_id, Decimal(1))])


def test_tax_class_and_reorder_level_are_kept(books: Books) -> None:
    """As they were given and as they were changed."""
    with books.transaction():
        [mug] = books.items.add_many([
            NewItem(ItemCode("MUG"), "Mug", tax_class="reduced", reorder_level=Decimal("2.5"))
        ])  # fmt: skip
    item = books.items.find_by_ids([mug])[mug]
    assert (item.tax_class, item.reorder_level) == ("reduced", Decimal("2.5"))
    with books.transaction():
        books.items.update(replace(item, tax_class="full", reorder_level=None), actor="bob")
    item = books.items.find_by_ids([mug])[mug]
    assert (item.tax_class, item.reorder_level) == ("full", None)
    changed = books.items.last_change(mug)
    assert changed is not None
    assert changed[0] == "bob"


def test_a_bundle_waits_to_be_sent_when_a_part_moves(books: Books, cart_id: CartId) -> None:
    """What can be ordered of it changed with the part, and with the list of its parts."""
    with books.transaction():
        mug, pack = books.items.add_many([
            NewItem(ItemCode("MUG"), "Mug", on_hand=Decimal(7)),
            NewItem(ItemCode("PACK"), "Two mugs"),
        ])  # fmt: skip
        link = CartRecord(RecordKind.ITEM, "p", "", None, "f", RecordState.LINKED, our_id=pack)
        books.records.put_many(cart_id, [link])

    def versions() -> list[int]:
        return [row[0] for row in books.database.sql("SELECT version FROM outbox WHERE kind = 'stock' ORDER BY our_id")]

    with books.transaction():
        books.items.set_parts(books.items.find_by_ids([pack])[pack], [BundlePart(mug, Decimal(2))])
    assert versions() == [1]
    with books.transaction():
        books.items.change_stock([StockChange(mug, Decimal(-1), "sale")])
    assert versions() == [2]


def test_many_items_are_stored_together_or_not_at_all(books: Books, cart_id: CartId) -> None:
    """Their versions rise, the carts that sell them are told what they hold too; one that was saved since stops all."""
    with books.transaction():
        mug, cap = books.items.add_many([NewItem(ItemCode("MUG"), "Mug"), NewItem(ItemCode("CAP"), "Cap")])
        link = CartRecord(RecordKind.ITEM, "m", "", None, "f", RecordState.LINKED, our_id=mug)
        books.records.put_many(cart_id, [link, replace(link, external_id="c", our_id=cap)])
    items = books.items.find_by_ids([mug, cap])
    changed = [replace(items[mug], price=Decimal(5)), replace(items[cap], tax_class="reduced")]
    with books.transaction():
        books.items.update_many(changed, actor="bob")
    after = books.items.find_by_ids([mug, cap])
    assert [(one.price, one.tax_class, one.version) for one in after.values()] == [(5, "", 2), (None, "reduced", 2)]
    assert [row[0] for row in books.database.sql("SELECT our_id FROM outbox WHERE kind = 'item'")] == [mug]
    with pytest.raises(StaleVersionError, match="bob"), books.transaction():
        books.items.update_many([replace(after[mug], name="X"), changed[1]])
    assert books.items.find_by_ids([mug])[mug].name == "Mug"
