"""Writes: as XML, whole or in parts, and what HTTP 500 means."""

from __future__ import annotations

import json
import re
from decimal import Decimal

import pytest

from cartui.adapters.prestashop import PrestaShop
from cartui.adapters.prestashop.render import render_key, render_record, render_whole
from cartui.domain.ids import CartCustomerId, CartItemId, CartOrderId
from cartui.domain.records import (
    Address,
    CartItem,
    CustomerDraft,
    ItemDraft,
    StockWrite,
    WriteState,
)
from cartui.errors import HoldRecordError, UnknownOutcomeError
from cartui.testing.conformance import good, rows_of
from tests.adapters.conftest import VirtualWaiter
from tests.adapters.prestashop.server import connect, serve
from tests.adapters.prestashop.shop import FakePrestaShop


def writes_of(shop: FakePrestaShop) -> list[tuple[str, str]]:
    return [(method, target.partition("?")[0]) for method, target, _ in shop.requests if method != "GET"]


def test_everything_is_sent_as_xml(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """JSON bodies are HTTP 500; names are escaped, and what XML can't hold is replaced."""
    cart.update_item(CartItemId("3"), {"name": "Mug & co\x1b", "price": Decimal("3.21")})
    (body,) = [body for method, _, body in shop.requests if method == "PATCH"]
    assert body.startswith(b"<?xml")
    assert b"Mug &amp; co\xef\xbf\xbd" in body
    assert shop.rows["products"][3]["name"] == {"1": "Mug & co\ufffd", "2": "Mug 3 & co"}
    assert render_record("products", {"name": {"1": 'a"b'}}).endswith(b"</name></product></prestashop>")


def test_patch_where_there_is_one_sends_the_changed_fields_only(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """8 and later; the first answer tells the version."""
    cart.update_item(CartItemId("3"), {"price": Decimal("3.21")})
    (body,) = [body for method, _, body in shop.requests if method == "PATCH"]
    assert re.findall(rb"<(\w+)>", body) == [b"prestashop", b"product", b"price", b"id"]


@pytest.mark.parametrize("fault", ["version", "right"])
def test_put_repeats_the_whole_record(fault: str) -> None:
    """1.7 has no PATCH, and a key may lack it: a PUT empties what it does not name, so all is written back."""
    with serve(FakePrestaShop("1.7.8.11" if fault == "version" else "8.2.1")) as shop:
        if fault == "right":
            shop.faults.add("no_patch_right")
        cart = connect(shop)
        product, customer = shop.rows["products"][3], shop.rows["customers"][3]
        before, person = json.loads(json.dumps(product)), dict(customer)
        cart.update_item(CartItemId("3"), {"price": Decimal("3.21")})
        cart.update_item(CartItemId("20:4"), {"sku": "NEW", "price": Decimal(19)})
        cart.update_customer(CartCustomerId("3"), {"last_name": "Other", "phone": "0123"})
        stamps = ("price", "date_upd", "date_add")
        assert {k: v for k, v in product.items() if k not in stamps} == {
            k: v for k, v in before.items() if k not in stamps
        }
        assert product["price"] == "3.21"
        assert (shop.rows["combinations"][4]["reference"], shop.rows["combinations"][4]["price"]) == (
            "NEW",
            "-1.00",
        )
        assert shop.rows["combinations"][4]["associations"]["product_option_values"]
        assert (customer["lastname"], customer["passwd"]) == ("Other", person["passwd"])
        assert shop.rows["addresses"][3]["phone"] == "0123"
        assert shop.rows["addresses"][3]["city"] == "Testburg"
        assert not [one for one in writes_of(shop) if one[0] == "PATCH"][1:]


def test_a_name_in_one_language_leaves_the_others(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """The shop empties every language that a PATCH of the name does not name (seen on 8.2.1)."""
    cart.update_item(CartItemId("3"), {"name": "New name"})
    assert shop.rows["products"][3]["name"] == {"1": "New name", "2": "Mug 3 & co"}
    assert shop.rows["products"][3]["link_rewrite"] == {"1": "made-up", "2": "made-up"}


def test_one_value_that_the_shop_changes_does_not_end_patching(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """It is held by its name; the next change goes field by field as before."""
    shop.altered["reference"] = lambda text: text.replace("é", "e")
    with pytest.raises(HoldRecordError, match="another value"):
        cart.update_item(CartItemId("3"), {"sku": "NÉ-é"})
    cart.update_item(CartItemId("3"), {"price": Decimal("3.21")})
    assert writes_of(shop)[-1][0] == "PATCH"


def test_a_combination_takes_no_tags_in_its_reference(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """The shop answers what was sent and saves less: it is refused before."""
    with pytest.raises(HoldRecordError, match="reference"):
        cart.update_item(CartItemId("20:4"), {"sku": "NEW-<&>"})
    assert writes_of(shop) == []


def test_stocks_are_compared_with_one_read_for_many(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """Not one for each product."""
    before = len(shop.requests)
    results = cart.set_stock([StockWrite(CartItemId(str(key)), Decimal(100 + key)) for key in range(1, 19)])
    assert {one.state for one in results} == {WriteState.DONE}
    assert [shop.stock_row(str(key))["quantity"] for key in range(1, 19)] == [str(100 + key) for key in range(1, 19)]
    reads = [target for method, target, _ in shop.requests[before:] if method == "GET" and "stock_availables" in target]
    assert len(reads) == 1


def test_a_patch_that_became_a_get_is_written_whole(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """Some web servers do that: the answer is 200 and shows the record as it was."""
    shop.faults.add("patch_is_get")
    (done,) = cart.set_stock([StockWrite(CartItemId("3"), Decimal(4))])
    assert (done.state, shop.stock_row("3")["quantity"]) == (WriteState.DONE, "4")
    cart.update_item(CartItemId("3"), {"price": Decimal("9.99"), "name": "New name"})
    (item,) = good(cart.get_items([CartItemId("3")]).rows)
    assert (item.price, item.name) == (Decimal("9.99"), "New name")
    assert [method for method, _, _ in shop.requests].count("PATCH") == 1


def test_read_only_fields_are_left_out_of_a_put() -> None:
    """manufacturer_name, quantity and position_in_category are refused; associations absent are left alone."""
    row = {"id": "3", "quantity": "0", "manufacturer_name": "", "position_in_category": ""}
    row |= {"id_default_image": "", "price": "1.000000", "name": "Mug", "associations": {"categories": []}}  # type: ignore[dict-item]
    whole = render_whole("products", row, {"price": "2"}, ["1"])
    assert whole == {"id": "3", "price": "2", "name": {"1": "Mug"}}


def test_a_stock_row_keeps_its_shop_and_place(shop: FakePrestaShop, old_shop: FakePrestaShop) -> None:
    """id_shop, id_shop_group, out_of_stock and location are repeated: without them the row is lost to the shop."""
    for one in (shop, old_shop):
        before = dict(one.stock_row("20:4"))
        (done,) = connect(one).set_stock([StockWrite(CartItemId("20:4"), Decimal(40), Decimal(before["quantity"]))])
        assert done.state is WriteState.DONE
        assert one.stock_row("20:4") == before | {"quantity": "40"}
        (body,) = [body for method, _, body in one.requests if method != "GET"]
        assert b"<id_shop>1</id_shop>" in body
        assert b"<id_product_attribute>4</id_product_attribute>" in body


def test_stock_results_come_row_by_row(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """Whole pieces only, combinations instead of their product, unknown items and changed numbers: each says so."""
    current = Decimal(shop.stock_row("2")["quantity"])
    results = cart.set_stock(
        [
            StockWrite(CartItemId("1"), Decimal(7)),
            StockWrite(CartItemId("1"), Decimal("2.5")),
            StockWrite(CartItemId("19"), Decimal(5)),
            StockWrite(CartItemId("77:1"), Decimal(5)),
            StockWrite(CartItemId("no-id|1"), Decimal(5)),
            StockWrite(CartItemId("2"), Decimal(5), current + 1),
            StockWrite(CartItemId("4"), Decimal(-3)),
        ]
    )
    states = [one.state for one in results]
    refused = WriteState.REFUSED
    assert states == [WriteState.DONE, refused, refused, refused, refused, WriteState.CONFLICT, WriteState.DONE]
    assert results[5].current == current
    assert all(one.reason for one in results if one.state is refused)
    assert len(writes_of(shop)) == 2


def test_500_although_saved_is_looked_up_and_not_repeated(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """Creating, changing and stock: PHP complains, the work is done; one record each."""
    shop.faults.add("warnings")
    draft = ItemDraft("cartui-1-item-5", "NEW-5", "New thing", Decimal("9.90"), "EUR", stock=Decimal(12))
    made = cart.create_item(draft)
    cart.update_item(made, {"price": Decimal("8.80"), "name": "Newer thing"})
    person = CustomerDraft("cartui-1-customer-5", "new@example.test", "New", "Person", address=Address(country="GB"))
    customer = cart.create_customer(person)
    assert [item.item_id for item in cart.find_items(draft)] == [made]
    (item,) = good(cart.get_items([made]).rows)
    assert (item.price, item.stock, item.name) == (Decimal("8.80"), 12, "Newer thing")
    assert [one.customer_id for one in cart.find_customers(person)] == [customer]
    assert sum(row["reference"] == "NEW-5" for row in shop.rows["products"].values()) == 1
    assert sum(row["email"] == "new@example.test" for row in shop.rows["customers"].values()) == 1
    assert sum(row["id_customer"] == customer for row in shop.rows["addresses"].values()) == 1


def test_500_and_not_saved_is_a_refusal_in_the_shops_words(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """Nothing is there afterwards, so it may be tried again."""
    shop.faults.add("refuse_writes")
    with pytest.raises(HoldRecordError, match="memory size"):
        cart.create_item(ItemDraft("cartui-1-item-6", "NEW-6", "New", Decimal(1), "EUR"))
    with pytest.raises(HoldRecordError, match="memory size"):
        cart.update_item(CartItemId("3"), {"price": Decimal(1)})
    (result,) = cart.set_stock([StockWrite(CartItemId("3"), Decimal(1))])
    assert result.state is WriteState.REFUSED
    assert "memory size" in result.reason


def test_a_lost_answer_of_a_stock_write_is_unknown(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """It is neither done nor refused, and never sent twice."""
    shop.faults.add("lost_answer")
    (result,) = cart.set_stock([StockWrite(CartItemId("3"), Decimal(1))])
    assert result.state is WriteState.UNKNOWN
    assert len(writes_of(shop)) == 1
    with pytest.raises(UnknownOutcomeError):
        connect(shop, waiter=VirtualWaiter()).update_item(CartItemId("3"), {"price": Decimal(1)})


def test_a_refused_record_says_what_the_shop_says(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """Validation is 400 with a code and a sentence."""
    with pytest.raises(HoldRecordError, match="name is not valid"):
        cart.update_item(CartItemId("3"), {"name": "Mug {3}"})
    with pytest.raises(HoldRecordError, match="no name of its own"):
        cart.update_item(CartItemId("19:2"), {"name": "Shirt"})


def test_a_new_item_is_hidden_until_a_tax_is_chosen(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """Without a tax rules group it would be sold without tax. It carries our key, a name in each language and a
    minimal quantity."""
    hidden = cart.create_item(ItemDraft("cartui-1-item-8", "N-8", "Größe 8", Decimal(1), "EUR"))
    row = shop.rows["products"][int(hidden)]
    assert (row["active"], row["supplier_reference"], row["minimal_quantity"]) == ("0", "cartui-1-item-8", "1")
    assert (row["name"], row["link_rewrite"]["2"]) == ({"1": "Größe 8", "2": "Größe 8"}, "groe-8")
    (body,) = [body for method, _, body in shop.requests if method == "POST"]
    assert b"<associations><categories><category><id>2</id></category></categories></associations>" in body
    shown = connect(shop, tax_rules_group="1").create_item(ItemDraft("k-9", "N-9", "Nine", Decimal(1), "EUR"))
    assert shop.rows["products"][int(shown)]["active"] == "1"
    assert len(render_key("x" * 80)) <= 32


def test_without_stock_management_no_stock_is_told_or_taken(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """The quantities mean nothing then: blank, not zero."""
    shop.put("configurations", name="PS_STOCK_MANAGEMENT", value="0", id_shop="", id_shop_group="")
    assert {one.stock for one in good(rows_of(cart.iter_items(None)))} == {None}
    (refused,) = cart.set_stock([StockWrite(CartItemId("3"), Decimal(4))])
    assert (refused.state, writes_of(shop)) == (WriteState.REFUSED, [])


def test_doubled_references_are_all_found(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """PrestaShop takes them freely, compares without case, and filters have a grammar that a code may break."""
    for name in ("DUP|REF", "dup|ref", "DUP"):
        shop.product(name, name, "1.000000", 1)
    found = cart.find_items(ItemDraft("k", "DUP|REF", "x", Decimal(1), "EUR"))
    assert [one.sku for one in found] == ["DUP|REF", "dup|ref"]
    shop.product("Brackets", "A[1]", "1.000000", 1)
    assert [one.sku for one in cart.find_items(ItemDraft("k", "A[1]", "x", Decimal(1), "EUR"))] == ["A[1]"]
    assert [one.item_id for one in cart.find_items(ItemDraft("k", "REF-0019-M", "x", None, "EUR"))] == ["19:2"]
    assert list(cart.find_items(ItemDraft("k", " ", "x", None, "EUR"))) == []


def test_a_customer_needs_names_and_a_known_country(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """Refused before anything is sent."""
    with pytest.raises(HoldRecordError, match="first name"):
        cart.create_customer(CustomerDraft("k", "a@example.test"))
    with pytest.raises(HoldRecordError, match="country"):
        cart.create_customer(CustomerDraft("k", "a@example.test", "A", "B", address=Address(country="ZZ")))
    assert writes_of(shop) == []


def test_ids_that_could_break_a_filter_are_not_asked(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """They can't be in the shop."""
    assert cart.get_orders([CartOrderId("1|2"), CartOrderId("]"), CartOrderId("0"), CartOrderId("")]).rows == ()
    assert shop.requests == []


def test_the_shops_words_come_without_entities(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """Messages of 8 are escaped for the web."""
    with pytest.raises(HoldRecordError, match=r"Product->name is not valid"):
        cart.update_item(CartItemId("3"), {"name": "a<b>"})


def test_items_are_of_the_right_type(cart: PrestaShop) -> None:
    """What a list gives is what reading by id gives."""
    listed = {row.external_id: row.record for row in rows_of(cart.iter_items(None))}
    again = {row.external_id: row.record for row in cart.get_items([CartItemId(one) for one in listed]).rows}
    assert listed == again
    assert all(isinstance(one, CartItem) for one in listed.values())
