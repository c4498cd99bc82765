"""Questions that are written once."""

from __future__ import annotations

from decimal import Decimal

from cartui.books import Books
from cartui.books.selects import Select
from cartui.books.tables import Cart, Item
from cartui.domain.ids import CartId, ItemCode
from cartui.domain.plan import NewItem


def test_an_answer_has_the_values_that_peewee_reads(books: Books, cart_id: CartId) -> None:
    """Times, amounts, flags and mappings come as Python values, NULL as None, on both databases."""
    with books.transaction():
        books.items.add_many([NewItem(ItemCode("A"), "A", price=Decimal("12.5"), on_hand=Decimal(3))])
    item = (Item.code, Item.price, Item.cost, Item.on_hand, Item.is_default, Item.changed_at)
    cart = (Cart.id, Cart.settings, Cart.allow_plain_http, Cart.tested_at, Cart.changed_at)
    database = books.database

    assert database.select(Select(item, "FROM item")) == database.rows(Item.select(*item))
    assert database.select(Select(cart, "FROM cart WHERE id = ?"), (cart_id,)) == database.rows(Cart.select(*cart))
    assert database.select_among(Select(item, "FROM item WHERE code {among}"), (), ["A", "B"])[0][1] == Decimal("12.5")
    assert database.select_among(Select(item, "FROM item WHERE code {among}"), (), ["B"]) == []
