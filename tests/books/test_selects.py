"""Questions that are written once."""

from __future__ import annotations

from decimal import Decimal

import pytest

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


def test_many_rows_are_stored_each_once_and_in_order(books: Books) -> None:
    """Rows are written several a statement on SQLite: neither what is left over nor a key that comes again is lost."""
    database = books.database
    text = "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
    with books.transaction():
        for count in (1, 10, 37):
            database.write_many(text, [(f"k{n:02}", f"{count} rows") for n in range(count)])
    found = dict(database.sql("SELECT key, value FROM meta WHERE key LIKE ?", ("k%",)))

    assert found == {f"k{n:02}": "37 rows" for n in range(37)}
    with pytest.raises(ValueError, match="NUL"), books.transaction():
        database.write_many(text, [(f"z{n}", "\0" if n == 11 else "") for n in range(12)])
    assert not database.sql("SELECT 1 FROM meta WHERE key LIKE ?", ("z%",))
