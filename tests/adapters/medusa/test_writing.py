"""What the Medusa adapter writes: items, stock, customers, parcels; each once, and nothing beside it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from cartui.adapters.medusa import MedusaCart
from cartui.domain.ids import CartCustomerId, CartItemId, CartOrderId, RecordKind
from cartui.domain.ports import StockMeaning
from cartui.domain.records import (
    Address,
    CustomerDraft,
    ShipmentDraft,
    ShipmentLine,
    StockWrite,
    WriteState,
)
from cartui.errors import HoldRecordError, UnknownOutcomeError
from cartui.testing.conformance import good
from tests.adapters.medusa.conftest import DRAFT, connect, item_id_of, order_of, order_row
from tests.adapters.medusa_money import Row
from tests.adapters.medusa_shop import FakeMedusa, Refused

# --- writing items ---------------------------------------------------------------------------------------------------


def test_changing_one_price_keeps_all_others(cart: MedusaCart, fake: FakeMedusa) -> None:
    """Medusa deletes those that are left out: other currencies, regions, quantities."""
    variant = fake.variants[2]
    variant["prices"].append(fake.price("gbp", 8, {}, {"min_quantity": 10}))
    before = {one["id"]: (one["amount"], one["rules"], one["min_quantity"]) for one in variant["prices"]}
    item_id = CartItemId(f"{variant['product_id']}:{variant['id']}")
    cart.update_item(item_id, {"price": Decimal("3.21")})
    after = {one["id"]: (one["amount"], one["rules"], one["min_quantity"]) for one in variant["prices"]}
    changed = [name for name in before if after[name] != before[name]]
    assert set(after) == set(before)
    assert [after[name] for name in changed] == [(3.21, {}, None)]


def test_a_first_price_in_the_currency_is_added(cart: MedusaCart, fake: FakeMedusa) -> None:
    """Beside the others."""
    variant = fake.variants[2]
    variant["prices"] = [fake.price("eur", 9, {}), fake.price("gbp", 8, {"region_id": "reg_1"})]
    cart.update_item(CartItemId(f"{variant['product_id']}:{variant['id']}"), {"price": Decimal(7)})
    assert [(one["currency_code"], one["amount"]) for one in variant["prices"]] == [("eur", 9), ("gbp", 8), ("gbp", 7)]


def test_a_variant_that_is_gone_is_not_changed_in_silence(cart: MedusaCart, fake: FakeMedusa) -> None:
    """The shop would answer 200."""
    product = fake.products[0]["id"]
    with pytest.raises(HoldRecordError, match="has no item"):
        cart.update_item(CartItemId(f"{product}:variant_gone"), {"sku": "X"})
    assert not [path for method, path, _ in fake.asked if method == "POST"]


def test_a_name_of_several_variants_is_the_shops_own(cart: MedusaCart, fake: FakeMedusa) -> None:
    """Renaming one would rename all."""
    variant = fake.variants[2]
    with pytest.raises(HoldRecordError, match="several variants"):
        cart.update_item(CartItemId(f"{variant['product_id']}:{variant['id']}"), {"name": "One of them"})


def test_new_items_of_one_name_do_not_collide(cart: MedusaCart, fake: FakeMedusa) -> None:
    """Medusa makes handles of names and refuses the second; ours carry the key."""
    first = cart.create_item(DRAFT)
    second = cart.create_item(replace(DRAFT, key="cartui-1-item-6", sku="NEW-6"))
    assert first != second
    assert {one["handle"] for one in fake.products[-2:]} == {"new-thing-cartui-1-item-5", "new-thing-cartui-1-item-6"}
    with pytest.raises(HoldRecordError):
        cart.create_item(replace(DRAFT, sku="NEW-7"))


def test_a_new_item_gets_its_stock(cart: MedusaCart, fake: FakeMedusa) -> None:
    """At the only location; where that fails the item is looked up, not made again."""
    made = cart.create_item(replace(DRAFT, stock=Decimal(5)))
    assert fake.level(fake.variants[-1])["stocked_quantity"] == 5
    assert [item.stock for item in good(cart.get_items([made]).rows)] == [5]
    refusal = (400, {"type": "invalid_data", "message": "no"})
    number = int(fake.variants[-1]["inventory_items"][0]["inventory_item_id"].rpartition("_")[2])
    for later in range(number, number + 20):
        fake.failing[f"admin/inventory-items/iitem_{later:026}/location-levels"] = refusal
    other = replace(DRAFT, key="cartui-1-item-9", sku="NEW-9", stock=Decimal(5))
    with pytest.raises(UnknownOutcomeError, match="stock was not set"):
        cart.create_item(other)
    assert [item.sku for item in cart.find_items(other)] == ["NEW-9"]


def test_what_staff_made_is_found_by_its_sku(cart: MedusaCart, fake: FakeMedusa) -> None:
    """It does not carry our key; what we made is found by that although staff changed its SKU."""
    (found,) = cart.find_items(replace(DRAFT, sku="SKU-001-S"))
    assert found.sku == "SKU-001-S"
    made = cart.create_item(DRAFT)
    fake.variants[-1]["sku"] = "OTHER"
    assert [item.item_id for item in cart.find_items(DRAFT)] == [made]


def test_a_taken_sku_is_refused_with_the_shops_words(cart: MedusaCart) -> None:
    """And held."""
    with pytest.raises(HoldRecordError, match="already exists"):
        cart.create_item(replace(DRAFT, sku="SKU-001-S"))


@pytest.mark.parametrize(("price", "currency"), [("1.10", "CHF"), ("1.00000000000000000001", "GBP")])
def test_a_price_that_the_store_can_not_hold_is_refused(
    cart: MedusaCart, fake: FakeMedusa, price: str, currency: str
) -> None:
    """Before anything is made."""
    with pytest.raises(HoldRecordError):
        cart.create_item(replace(DRAFT, price=Decimal(price), currency=currency))
    assert not [path for method, path, _ in fake.asked if method == "POST"]


# --- writing stock ---------------------------------------------------------------------------------------------------


def test_one_bad_row_does_not_stop_the_batch(cart: MedusaCart, fake: FakeMedusa) -> None:
    """Medusa writes all or none; halves are tried until it is known which one is refused."""
    wanted = fake.variants[:6]
    writes = [StockWrite(item_id_of(one), Decimal(70)) for one in wanted]
    stored = fake._stored

    def refuse(item_id: str) -> Row:
        if item_id == wanted[3]["inventory_items"][0]["inventory_item_id"]:
            raise Refused(404, "not_found", "not stocked here")
        return stored(item_id)

    fake._stored = refuse  # type: ignore[method-assign]
    states = [one.state for one in cart.set_stock(writes)]
    assert states == [WriteState.DONE] * 3 + [WriteState.REFUSED] + [WriteState.DONE] * 2
    assert [fake.level(one)["stocked_quantity"] for one in wanted] == [70, 70, 70, 100, 70, 70]


def test_a_level_that_is_not_there_is_created(cart: MedusaCart, fake: FakeMedusa) -> None:
    """The batch has another word for it."""
    variant = fake.variants[2]
    variant["inventory_items"][0]["inventory"]["location_levels"] = []
    (result,) = cart.set_stock([StockWrite(item_id_of(variant), Decimal(4), expected=Decimal(0))])
    assert result.state is WriteState.DONE
    assert fake.level(variant)["stocked_quantity"] == 4


def test_free_stock_is_written_with_what_is_reserved(fake: FakeMedusa, address: str) -> None:
    """What may be sold is 40 after it, though 3 are reserved for open orders."""
    cart = connect(address, fake, stock_level="free")
    assert cart.facts.stock_meaning is StockMeaning.FREE
    variant = fake.variants[5]
    fake.level(variant).update(stocked_quantity=10, reserved_quantity=3)
    (result,) = cart.set_stock([StockWrite(item_id_of(variant), Decimal(40), expected=Decimal(7))])
    assert result.state is WriteState.DONE
    assert fake.level(variant)["stocked_quantity"] == 43
    assert [item.stock for item in good(cart.get_items([item_id_of(variant)]).rows)] == [40]
    cart.close()


def test_several_locations_want_a_choice(fake: FakeMedusa, address: str) -> None:
    """Their sum is shown; one is written where it was chosen."""
    fake.locations.append({"id": "sloc_attic", "name": "Attic"})
    variant = fake.variants[2]
    levels = variant["inventory_items"][0]["inventory"]["location_levels"]
    levels.append({"location_id": "sloc_attic", "stocked_quantity": 5, "reserved_quantity": 0})
    write = StockWrite(item_id_of(variant), Decimal(9))
    cart = connect(address, fake)
    assert [item.stock for item in good(cart.get_items([item_id_of(variant)]).rows)] == [105]
    (result,) = cart.set_stock([write])
    assert result.state is WriteState.REFUSED
    assert "Stock location" in result.reason
    cart.close()
    cart = connect(address, fake, stock_location="Attic")
    assert [item.stock for item in good(cart.get_items([item_id_of(variant)]).rows)] == [5]
    assert [one.state for one in cart.set_stock([write])] == [WriteState.DONE]
    assert [one["stocked_quantity"] for one in levels] == [100, 9]
    cart.close()


def test_stock_that_is_not_counted_or_that_of_a_kit_is_refused(cart: MedusaCart, fake: FakeMedusa) -> None:
    """The shop would take it and mean something else."""
    untracked, kit = fake.variants[2], fake.variants[3]
    untracked["manage_inventory"] = False
    kit["inventory_items"][0]["required_quantity"] = 2
    results = cart.set_stock([StockWrite(item_id_of(one), Decimal(1)) for one in (untracked, kit)])
    assert [one.state for one in results] == [WriteState.REFUSED] * 2
    assert "kit" in results[1].reason


def test_a_lost_answer_leaves_stock_unknown(cart: MedusaCart, fake: FakeMedusa) -> None:
    """Not failed, not done."""
    fake.lost = True
    (result,) = cart.set_stock([StockWrite(item_id_of(fake.variants[2]), Decimal(1))])
    assert result.state is WriteState.UNKNOWN


# --- customers -------------------------------------------------------------------------------------------------------


def test_customers_are_made_with_key_and_address(cart: MedusaCart, fake: FakeMedusa) -> None:
    """The key stands in the metadata; a customer that we made is no guest."""
    home = Address(name="Ann Mary Buyer", street1="1 High Street", city="Leeds", country="GB")
    draft = CustomerDraft("cartui-1-customer-3", "New@Example.test", "Ann", company="Ltd", address=home)
    made = cart.create_customer(draft)
    row = fake.customers[-1]
    assert (row["metadata"], row["company_name"]) == ({"cartui_key": "cartui-1-customer-3"}, "Ltd")
    assert row["addresses"][0]["country_code"] == "gb"
    (found,) = cart.find_customers(draft)
    assert (found.customer_id, found.guest) == (made, False)


def test_an_address_that_is_refused_does_not_hide_the_customer(cart: MedusaCart, fake: FakeMedusa) -> None:
    """The outcome is unknown: the customer is looked up and found, not made again."""
    refusal = (400, {"type": "invalid_data", "message": "Country not found"})
    number = next(fake.ids)
    fake.failing = {f"admin/customers/cus_{number + 1:026}/addresses": refusal}
    draft = CustomerDraft("k", "new@example.test", address=Address(street1="1 High Street", country="XX"))
    with pytest.raises(UnknownOutcomeError, match="not the address"):
        cart.create_customer(draft)
    assert len(cart.find_customers(draft)) == 1


def test_e_mails_are_found_in_small_letters_too(cart: MedusaCart, fake: FakeMedusa) -> None:
    """Medusa tells Ann@ from ann@; storefronts often write small."""
    fake.add_customer("shouting@example.test")
    assert len(cart.find_customers(CustomerDraft("k", "Shouting@Example.test"))) == 1


def test_a_tax_number_is_refused(cart: MedusaCart, fake: FakeMedusa) -> None:
    """There is no field for it."""
    with pytest.raises(HoldRecordError, match="tax number"):
        cart.update_customer(CartCustomerId(fake.customers[0]["id"]), {"tax_number": "GB1"})


# --- orders that go on -----------------------------------------------------------------------------------------------


def shipment(fake: FakeMedusa, order: Row, **changes: Any) -> ShipmentDraft:
    draft = ShipmentDraft("cartui-1-shipment-1", CartOrderId(order["id"]), fake.now, completes=True)
    told = {"tracking_number": "TR-1", "tracking_url": "https://track.example/TR-1", "carrier": "royal-mail"}
    return replace(draft, **(told | changes))


def test_what_is_only_packed_is_completed_with_its_tracking(cart: MedusaCart, fake: FakeMedusa) -> None:
    """A run that ended between the two requests: nothing was shipped yet, and the next call makes no second parcel."""
    order = fake.orders[0]
    draft = shipment(fake, order)
    items = [{"id": one["id"], "quantity": one["quantity"]} for one in order["lines"]]
    fake._pack({"items": items, "metadata": {"cartui_key": draft.key}}, order["id"])
    assert cart.find_shipments(draft.order_id) == []
    made = cart.create_shipment(draft)
    (found,) = cart.find_shipments(draft.order_id)
    assert (found.shipment_id, found.tracking_number) == (made, "TR-1")
    assert len(order["parcels"]) == 1


def test_what_staff_packed_is_sent_not_packed_again(cart: MedusaCart, fake: FakeMedusa) -> None:
    """Where it is the same pieces, or all there are."""
    order = fake.orders[0]
    line = order["lines"][0]
    fake._pack({"items": [{"id": line["id"], "quantity": 1}]}, order["id"])
    part = (ShipmentLine(line["id"], Decimal(1)),)
    cart.create_shipment(shipment(fake, order, lines=part, completes=False))
    assert [bool(one["shipped_at"]) for one in order["parcels"]] == [True]
    rest = [{"id": line["id"], "quantity": 1}, {"id": order["lines"][1]["id"], "quantity": 1}]
    fake._pack({"items": rest}, order["id"])
    cart.create_shipment(shipment(fake, order, key="cartui-1-shipment-2", tracking_number="TR-2"))
    assert [one["labels"][0]["tracking_number"] for one in order["parcels"]] == ["TR-1", "TR-2"]


def test_more_than_is_left_is_refused(cart: MedusaCart, fake: FakeMedusa) -> None:
    """Before anything is packed."""
    order = fake.orders[0]
    part = (ShipmentLine(order["lines"][0]["id"], Decimal(9)),)
    with pytest.raises(HoldRecordError, match="left to ship"):
        cart.create_shipment(shipment(fake, order, lines=part))
    assert order["parcels"] == []


def test_a_tracking_address_that_is_no_web_page_is_left_out(cart: MedusaCart, fake: FakeMedusa) -> None:
    """Medusa would refuse the whole shipment; without a number there is no label."""
    order, other = fake.orders[0], fake.orders[4]
    cart.create_shipment(shipment(fake, order, tracking_url="ftp://track.example"))
    assert order["parcels"][0]["labels"] == [{"tracking_number": "TR-1", "tracking_url": "", "label_url": ""}]
    cart.create_shipment(shipment(fake, other, key="k2", tracking_number=""))
    assert other["parcels"][0]["labels"] == []


def test_cancelling_does_not_pay_money_back(cart: MedusaCart, fake: FakeMedusa) -> None:
    """Medusa would do that by itself; what is only authorised is released."""
    paid, held = fake.orders[1], fake.orders[2]
    paid["captured"] = Decimal(10)
    with pytest.raises(HoldRecordError, match="pay it back"):
        cart.set_order_status(CartOrderId(paid["id"]), "canceled")
    cart.set_order_status(CartOrderId(held["id"]), "canceled")
    assert (paid["status"], held["status"]) == ("pending", "canceled")
    stamp = held["updated_at"]
    cart.set_order_status(CartOrderId(held["id"]), "canceled")  # the shop would refuse it
    assert held["updated_at"] == stamp


def test_only_what_is_done_is_archived(cart: MedusaCart, fake: FakeMedusa) -> None:
    """The shop's refusal comes through with its words."""
    order = fake.orders[1]
    with pytest.raises(HoldRecordError, match="cannot be archived"):
        cart.set_order_status(CartOrderId(order["id"]), "archived")
    cart.set_order_status(CartOrderId(order["id"]), "completed")
    cart.set_order_status(CartOrderId(order["id"]), "archived")
    assert order["status"] == "archived"


def test_admin_pages(cart: MedusaCart) -> None:
    """Items have theirs below their product."""
    base = cart.session.base
    assert cart.admin_url(RecordKind.ITEM, "prod_1:variant_2") == f"{base}/app/products/prod_1/variants/variant_2"
    assert cart.admin_url(RecordKind.ORDER, "order_1") == f"{base}/app/orders/order_1"
    assert cart.admin_url(RecordKind.REFUND, "ref_1") == ""


def test_time_is_told_in_utc() -> None:
    """Milliseconds and a zone, as the shop writes them."""
    assert order_of(order_row(1)).placed_at == datetime.fromisoformat(order_row(1)["created_at"]).astimezone(UTC)
