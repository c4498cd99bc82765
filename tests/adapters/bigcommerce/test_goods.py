"""Items, stock and customers of BigCommerce."""

from __future__ import annotations

from typing import Any

import pytest

from cartui.adapters.bigcommerce import BigCommerceCart
from cartui.adapters.bigcommerce.items import parse_items
from cartui.adapters.bigcommerce.render import render_number
from cartui.domain.ids import CartCustomerId, CartItemId
from cartui.domain.ports import BadRecord
from cartui.domain.records import (
    Address,
    CartItem,
    CustomerDraft,
    ItemDraft,
    StockWrite,
    WriteState,
)
from cartui.errors import HoldRecordError, NeedsOperatorError, UnknownOutcomeError
from cartui.testing.conformance import good, rows_of
from tests.adapters.bigcommerce.judging import DRAFT, TERMS, D, Open, asked, wired
from tests.adapters.bigcommerce_shop import FakeBigCommerce

# --- items


def item_of(row: dict[str, Any], index: int = 0) -> CartItem:
    record = parse_items(wired(row), TERMS)[index].record
    assert isinstance(record, CartItem), record
    return record


def test_variants_have_their_own_code_price_and_stock(fake: FakeBigCommerce) -> None:
    """A variant without a price has its product's."""
    row = fake.add_product("Shirt", "S", level=4, variants=3)
    first, second = item_of(row), item_of(row, 1)
    assert [first.sku, first.variant, first.price, first.stock] == ["S-Red", "Red", D("10.55"), 4]
    assert [second.sku, second.variant, second.price, second.stock] == ["S-Blue", "Blue", D(12), 5]
    assert first.parent_id == second.parent_id == str(row["id"])


@pytest.mark.parametrize(
    ("tracking", "variants", "stock"),
    [
        ("none", 0, None),
        ("product", 0, 4),
        ("product", 2, None),
        ("variant", 2, 4),
        ("variant", 0, 0),
        ("new", 2, None),
    ],
)
def test_stock_is_blank_where_it_is_not_counted(
    fake: FakeBigCommerce, tracking: str, variants: int, stock: int | None
) -> None:
    """A number that belongs to a whole product is no variant's."""
    row = fake.add_product("Shirt", "S", level=4, variants=variants, inventory_tracking=tracking)
    assert item_of(row).stock == stock


def test_items_that_are_not_sold(fake: FakeBigCommerce) -> None:
    row = fake.add_product("Shirt", "S")
    assert item_of(row).active
    assert not item_of(row | {"is_visible": False}).active
    assert not item_of(row | {"availability": "disabled"}).active
    assert not item_of(row | {"variants": [row["variants"][0] | {"purchasing_disabled": True}]}).active


def test_an_unreadable_variant_spares_its_siblings(fake: FakeBigCommerce) -> None:
    row = fake.add_product("Shirt", "S", variants=3)
    row["variants"][1] = {"id": row["variants"][1]["id"], "price": "cheap"}
    rows = parse_items(wired(row), TERMS)
    assert [isinstance(one.record, BadRecord) for one in rows] == [False, True, False]
    assert len({one.external_id for one in rows}) == 3
    assert isinstance(parse_items({"id": 5, "variants": []}, TERMS)[0].record, BadRecord)


def test_items_are_found_by_the_code_of_product_or_variant(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """The shop's two lists know one each; without a code the unique name is looked for."""
    fake.add_product("Shirt", "S", variants=2)
    for sku, name in (("S-Blue", "x"), ("SKU-3", "x"), ("", "shirt")):
        found = cart.find_items(ItemDraft("k", sku, name, None, "EUR"))
        assert len(found) == (1 if sku else 2), sku
    assert cart.find_items(ItemDraft("k", "SKU", "", None, "EUR")) == []


def test_an_item_that_can_not_be_said_is_refused_here(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """Without a price, in another currency, with half pieces: nothing is sent."""
    for changes in ({"price": None}, {"currency": "USD"}, {"stock": D("1.5")}):
        values: dict[str, Any] = {"key": "k", "sku": "N", "name": "New", "price": D(1), "currency": "EUR"} | changes
        with pytest.raises(HoldRecordError) as refused:
            cart.create_item(ItemDraft(**values))
        assert refused.value.remedy
    assert not [one for one in fake.asked if one[0] == "POST"]


def test_a_new_item_has_its_stock_and_a_used_code_is_refused(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    made = cart.create_item(ItemDraft("k", "N-1", "New", D("9.95"), "EUR", "4006381333931", D(7)))
    (item,) = good(cart.get_items([made]).rows)
    assert [item.price, item.stock, item.barcode, item.name] == [D("9.95"), 7, "4006381333931", "New"]
    with pytest.raises(HoldRecordError, match="duplicate"):
        cart.create_item(ItemDraft("k2", "N-1", "Newer", D(1), "EUR"))


def test_numbers_of_prices_are_exact() -> None:
    """V3 takes prices as JSON numbers: one that can't say the amount exactly is not sent."""
    assert repr(render_number(D("10.10"), "x")) == "10.1"
    assert render_number(D("1E+2"), "x") == 100
    with pytest.raises(HoldRecordError):
        render_number(D("123456789012.123456"), "x")


def test_a_variant_is_changed_alone_and_never_renamed(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """The name is the product's; with several variants only the shop may change it."""
    row = fake.add_product("Shirt", "S", variants=2)
    item = CartItemId(f"{row['id']}:{row['variants'][1]['id']}")
    cart.update_item(item, {"price": D("12.34"), "barcode": "123"})
    first, second = good(cart.get_items([CartItemId(f"{row['id']}:{row['variants'][0]['id']}"), item]).rows)
    assert (first.price, second.price, second.barcode) == (D("10.55"), D("12.34"), "123")
    with pytest.raises(HoldRecordError, match="several variants"):
        cart.update_item(item, {"name": "Blouse"})


# --- stock


def tracked(cart: BigCommerceCart, count: int) -> list[CartItem]:
    return [one for one in good(rows_of(cart.iter_items(None))) if one.stock is not None][:count]


def test_one_refused_row_does_not_keep_the_others_from_being_set(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """The shop takes all rows of a request or none, and does not say which one it refuses."""
    items = tracked(cart, 9)
    fake.frozen = {int(items[4].item_id.partition(":")[2])}
    results = cart.set_stock([StockWrite(one.item_id, D(77)) for one in items])
    assert [one.state for one in results] == [WriteState.DONE] * 4 + [WriteState.REFUSED] + [WriteState.DONE] * 4
    assert "bundled" in results[4].reason
    assert [fake.free(*fake.item(one.item_id)) == 77 for one in items].count(False) == 1


def test_stock_that_the_shop_keeps_back_is_added(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """What is set is on hand; what may be sold is that less the safety stock."""
    (item,) = tracked(cart, 1)
    product, variant = fake.item(item.item_id)
    fake.safety[variant["id"]] = 3
    (result,) = cart.set_stock([StockWrite(item.item_id, D(20), item.stock)])
    assert result.state is WriteState.DONE
    assert fake.asked[-1][3]["items"] == [{"location_id": 1, "product_id": product["id"], "quantity": 23}]
    assert fake.free(product, variant) == 20


def test_several_locations_need_a_choice(fake: FakeBigCommerce, connect: Open) -> None:
    """With one chosen its stock is read and written; without, nothing is written anywhere."""
    fake.locations.append({"id": 2, "code": "SHOP", "label": "High Street", "enabled": True})
    fake.locations.append({"id": 3, "code": "OLD", "label": "Closed", "enabled": False})
    (item,) = tracked(connect(), 1)
    (refused,) = connect().set_stock([StockWrite(item.item_id, D(5))])
    assert refused.state is WriteState.REFUSED
    assert "Stock location" in refused.reason
    variant = int(item.item_id.partition(":")[2])
    fake.levels[2, variant] = 6
    chosen = connect(stock_location="High Street")
    assert good(chosen.get_items([item.item_id]).rows)[0].stock == 6
    (done,) = chosen.set_stock([StockWrite(item.item_id, D(5), expected=D(6))])
    assert done.state is WriteState.DONE
    assert fake.levels[2, variant] == 5
    with pytest.raises(NeedsOperatorError, match="no stock location"):
        rows_of(connect(stock_location="Closed").iter_items(None))


def test_a_lost_answer_to_stock_is_unknown(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """And not sent a second time by itself: meanwhile one may be sold."""
    items = tracked(cart, 2)
    fake.lost = True
    results = cart.set_stock([StockWrite(one.item_id, D(9)) for one in items])
    assert [one.state for one in results] == [WriteState.UNKNOWN] * 2
    assert len(asked(fake, "adjustments")) == 1


def test_stock_that_is_not_counted_is_refused(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """Setting it would not change what the shop sells; nor are there half or negative pieces."""
    row = fake.add_product("Free", "FREE", inventory_tracking="none")
    shared = fake.add_product("Shirt", "S", variants=2, inventory_tracking="product")
    ids = [f"{one['id']}:{one['variants'][0]['id']}" for one in (row, shared)]
    writes = [StockWrite(CartItemId(one), D(1)) for one in [*ids, "7", "x:y", ""]]
    (item,) = tracked(cart, 1)
    writes += [StockWrite(item.item_id, D(quantity)) for quantity in ("-1", "0.5", "2147483648")]
    results = cart.set_stock(writes)
    assert {one.state for one in results} == {WriteState.REFUSED}
    assert all(one.reason for one in results)
    assert asked(fake, "adjustments") == []


# --- customers


def test_more_addresses_than_come_with_a_customer(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """Ten come with a list; the others have a list of their own."""
    who = fake.add_customer("many@example.test", "Ma", "Ny", address_count=14)
    fake.homes += [{"id": 9000 + one, "customer_id": who["id"], "city": f"C{one}"} for one in range(13)]
    (customer,) = good(cart.get_customers([CartCustomerId(str(who["id"]))]).rows)
    assert len(customer.addresses) == 14


def test_customers_that_the_shop_has_no_place_for(cart: BigCommerceCart, fake: FakeBigCommerce) -> None:
    """No tax numbers, no names of one word: refused here, with the remedy."""
    for draft in (CustomerDraft("k", "a@b.test", "A", "B", tax_number="1"), CustomerDraft("k", "a@b.test", "A")):
        with pytest.raises(HoldRecordError) as refused:
            cart.create_customer(draft)
        assert refused.value.remedy
    assert asked(fake, "customers") == []


def test_a_customer_is_made_with_the_address(cart: BigCommerceCart) -> None:
    home = Address(street1="1 High St", city="Bath", country="GB", postcode="BA1")
    made = cart.create_customer(CustomerDraft("k", "New@Example.test", "N", "Ew", "Acme", "555", address=home))
    (customer,) = good(cart.get_customers([made]).rows)
    assert (customer.company, customer.phone, customer.addresses[0].street1) == ("Acme", "555", "1 High St")
    assert [one.customer_id for one in cart.find_customers(CustomerDraft("k", "new@example.test"))] == [made]
    with pytest.raises(HoldRecordError):
        cart.create_customer(CustomerDraft("k2", "new@example.test", "N", "Ew"))
    with pytest.raises(HoldRecordError):
        cart.update_customer(CartCustomerId("999999"), {"phone": "1"})


def test_an_answer_that_does_not_say_what_was_made_is_unknown(fake: FakeBigCommerce, cart: BigCommerceCart) -> None:
    """It may have been carried out."""
    fake._create_product = lambda _body: None  # type: ignore[method-assign, assignment, return-value]
    with pytest.raises(UnknownOutcomeError):
        cart.create_item(DRAFT)
