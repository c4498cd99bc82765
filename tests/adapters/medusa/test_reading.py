"""The Medusa adapter: recorded rows become records, and a shop that misbehaves loses and doubles nothing."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from cartui.adapters.medusa import MedusaCart
from cartui.adapters.medusa.lists import ORDERS, Listing
from cartui.adapters.medusa.parse import parse_basket, parse_customer, parse_item, parse_order
from cartui.adapters.medusa.session import MedusaSession
from cartui.domain.ids import CartBasketId, CartItemId, CartOrderId
from cartui.domain.money import ProofState, prove_total
from cartui.domain.ports import BadRecord, Stage, Verdict
from cartui.domain.records import (
    BasketStatus,
    CartCustomer,
    CartItem,
    CustomerDraft,
    FulfilmentState,
    LineKind,
    OrderState,
    PaymentState,
)
from cartui.errors import AbortCycleError, HoldRecordError, NeedsOperatorError
from cartui.sync.intake import checked_pages
from cartui.testing.conformance import good, rows_of
from cartui.transport.limits import ENDLESS
from tests.adapters.medusa.conftest import DRAFT, TERMS, connect, item_id_of, order_of, order_row, recorded
from tests.adapters.medusa_money import Row
from tests.adapters.medusa_shop import PASSWORD, USERNAME, FakeMedusa, iso

# --- money -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", recorded("orders"), ids=lambda row: str(row["display_id"]))
def test_recorded_orders_add_up_to_the_last_minor_unit(row: Row) -> None:
    """Net and gross prices, codes on lines, order and shipping, returns, refunds, credit, yen and dinar: nothing is
    left to a rounding line, although the shop rounds nothing."""
    order = order_of(row)
    assert prove_total(order.lines, order.total, order.currency).state is ProofState.EXACT


def test_amounts_are_taken_from_the_exact_texts() -> None:
    """Not from the floats beside them."""
    row = deepcopy(order_row(1))
    for one in [*row["items"], *row["shipping_methods"]]:
        for name in [name for name in one if f"raw_{name}" in one]:
            one[name] = Decimal("0.1")
    assert order_of(row) == order_of(order_row(1))


def test_thousandths_of_a_pound_are_rounded_together() -> None:
    """59.892 is booked as 59.89, its pieces so that they add up to it."""
    assert order_row(1)["total"] == Decimal("59.892")
    order = order_of(order_row(1))
    assert order.total == Decimal("59.89") == sum(line.amount for line in order.lines)


def test_a_float_just_below_the_half_cent_is_rounded_up() -> None:
    """The shop wrote 72.05499999999999 for what is 72.055."""
    order = order_of(order_row(14))
    assert [payment.amount for payment in order.payments] == [Decimal("72.06")]
    assert order.total == Decimal("72.06")


def test_pieces_that_do_not_add_up_are_not_made_to() -> None:
    """A plug-in's fee that no line explains is found by the proof of the total."""
    row = {**order_row(1), "total": Decimal("64.892")}
    order = order_of(row)
    assert prove_total(order.lines, order.total, order.currency).state is ProofState.UNEXPLAINED


def test_two_pence_that_nothing_explains_stay_visible() -> None:
    """They become the proof's rounding line; they are not hidden in the other amounts."""
    row = {**order_row(1), "total": Decimal("59.912")}
    order = order_of(row)
    assert prove_total(order.lines, order.total, order.currency).state is ProofState.ROUNDED


def test_a_refund_leaves_the_order_as_charged() -> None:
    """Medusa lowers the total by a credit line; a returned piece lowers its line. Order 7 has both."""
    row = order_row(7)
    assert row["total"] == Decimal("41.204")
    order = order_of(row)
    assert order.total == Decimal("59.89")
    assert [(line.quantity, line.amount) for line in order.lines[:2]] == [
        (3, Decimal("32.97")),
        (1, Decimal("11.99")),
    ]
    assert [(one.amount, one.reason) for one in order.refunds] == [(Decimal("5.50"), "broken")]
    assert order.payment_state is PaymentState.PARTIALLY_REFUNDED
    assert not [line for line in order.lines if line.kind is LineKind.STORE_CREDIT]


def test_a_gift_card_is_a_line_of_its_own() -> None:
    """A credit line that is no refund paid a part."""
    (line,) = [line for line in order_of(order_row(15)).lines if line.kind is LineKind.GIFT_CARD]
    assert line.amount == -5


def test_each_code_is_one_line_over_the_whole_order() -> None:
    """Of lines and of shipping; net, with the tax after it."""
    lines = order_of(order_row(2)).lines
    coupons = {line.text: line.amount for line in lines if line.kind is LineKind.COUPON}
    assert coupons == {"SHIPFREE": Decimal("-4.95"), "TEN": Decimal("-4.49")}


# --- states ----------------------------------------------------------------------------------------------------------


def test_fulfilment_goes_by_counted_pieces() -> None:
    """Of order 12 two of three pieces were delivered; the shop says "delivered" where it is asked for few fields."""
    narrow = {**order_row(12), "fulfillment_status": "delivered"}
    assert order_of(narrow).fulfilment_state is FulfilmentState.PARTIALLY_SHIPPED
    assert order_of(order_row(13)).fulfilment_state is FulfilmentState.DELIVERED
    assert order_of(order_row(1)).fulfilment_state is FulfilmentState.UNFULFILLED


def test_what_is_never_shipped_does_not_hold_an_order_back() -> None:
    """A line that needs no shipping counts only where it is all there is."""
    row = deepcopy(order_row(13))
    row["items"][0] |= {"requires_shipping": False}
    row["items"][0]["detail"] |= {"delivered_quantity": 0, "shipped_quantity": 0}
    assert order_of(row).fulfilment_state is FulfilmentState.DELIVERED
    for one in row["items"]:
        one["requires_shipping"] = False
    assert order_of(row).fulfilment_state is FulfilmentState.NOT_REQUIRED


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("pending", OrderState.OPEN),
        ("completed", OrderState.CLOSED),
        ("archived", OrderState.CLOSED),
        ("canceled", OrderState.CANCELLED),
        ("requires_action", OrderState.ON_HOLD),
    ],
)
def test_statuses(word: str, state: OrderState) -> None:
    """All that Medusa knows but drafts, which are baskets."""
    assert order_of({**order_row(1), "status": word}).order_state is state


def test_an_unknown_status_is_held_with_the_shops_word() -> None:
    """It is not taken for any other."""
    record = parse_order({**order_row(1), "status": "on_the_moon"}, {}).record
    assert isinstance(record, BadRecord)
    assert "unknown status 'on_the_moon'" in record.reason
    assert "status_map" in record.remedy


def test_a_status_of_the_shops_own_means_what_the_option_says(fake: FakeMedusa, address: str) -> None:
    """It keeps its own word; an option that can't be read is told at Test Connection."""
    fake.orders[0]["status"] = "on_the_moon"
    cart = connect(address, fake, status_map="on_the_moon=completed")
    (order,) = good(cart.get_orders([CartOrderId(fake.orders[0]["id"])]).rows)
    assert (order.order_state, order.native_status) == (OrderState.CLOSED, "on_the_moon")
    cart.close()
    cart = connect(address, fake, status_map="on_the_moon=nowhere")
    last = list(cart.test_connection())[-1]
    assert (last.verdict, "requires_action" in last.remedy) == (Verdict.FAILED, True)
    cart.close()


def test_payment_goes_by_the_payments() -> None:
    """Authorised, captured, given back, gone with the order."""
    states = {number: order_of(order_row(number)).payment_state for number in (1, 8, 9, 11)}
    assert states == {
        1: PaymentState.AUTHORIZED,
        8: PaymentState.VOIDED,
        9: PaymentState.REFUNDED,
        11: PaymentState.PENDING,
    }


def test_nothing_of_the_providers_reaches_the_raw_row() -> None:
    """`data` of payments and shipping may hold keys."""
    row = deepcopy(order_row(1))
    row["payment_collections"][0]["payments"][0]["data"] = {"client_secret": "hush"}
    row["shipping_methods"][0]["data"] = {"session_id": "hush"}
    assert b"hush" not in parse_order(row, {}).raw


# --- people and items ------------------------------------------------------------------------------------------------


def test_guests_have_no_account_that_orders_could_go_to() -> None:
    """A checkout's record is a guest; what staff or a key made, and what registered, is a customer."""
    people = {
        one.email: one for row in recorded("customers") if isinstance(one := parse_customer(row).record, CartCustomer)
    }
    assert people["guest1@example.test"].guest
    assert not people["acc@example.test"].guest
    made = next(one for row in recorded("customers") if row["created_by"] for one in [row])
    assert not people[made["email"]].guest
    row = deepcopy(order_row(1))
    assert order_of(row).buyer.customer_id is None
    row["customer"]["created_by"] = "user_1"
    assert order_of(row).buyer.customer_id == row["customer"]["id"]
    row["customer"] |= {"created_by": None, "has_account": True}
    assert order_of(row).buyer.customer_id == row["customer"]["id"]


def test_a_guest_is_named_by_the_address() -> None:
    """Guests have no name of their own in Medusa."""
    row = order_row(1)
    assert row["customer"]["first_name"] is None
    assert order_of(row).buyer.name == "Ann Buyer"


def test_an_items_price_is_the_one_for_everybody() -> None:
    """Not that of a region, nor that from ten pieces on; in the chosen currency."""
    (row,) = [row for row in recorded("variants") if len(row["prices"]) == 6]
    item = parse_item(row, TERMS).record
    assert isinstance(item, CartItem)
    assert (item.price, item.currency) == (Decimal("12.99"), "GBP")
    item = parse_item(row, replace(TERMS, currency="EUR")).record
    assert isinstance(item, CartItem)
    assert item.price == Decimal("14.49")
    item = parse_item(row, replace(TERMS, currency="USD")).record
    assert isinstance(item, CartItem)
    assert item.price is None


def test_free_and_on_hand() -> None:
    """stocked_quantity holds what is reserved; "free" is without it."""
    (row,) = [row for row in recorded("variants") if row["sku"] == "SKU-004-S"]
    (level,) = row["inventory_items"][0]["inventory"]["location_levels"]
    assert (level["stocked_quantity"], level["reserved_quantity"]) == (48, 1)
    stocks = [parse_item(row, replace(TERMS, free=free)).record for free in (False, True)]
    assert [one.stock for one in stocks if isinstance(one, CartItem)] == [48, 47]


def test_an_untracked_item_has_no_stock_and_a_kit_what_its_parts_are_enough_for() -> None:
    """None is not zero."""
    row = deepcopy(recorded("variants")[0])
    part = row["inventory_items"][0]
    part["inventory"]["location_levels"][0]["stocked_quantity"] = 7
    row["inventory_items"] = [{**part, "required_quantity": 2}]
    kit = parse_item(row, TERMS).record
    assert isinstance(kit, CartItem)
    assert kit.stock == 3
    untracked = parse_item({**row, "manage_inventory": False}, TERMS).record
    assert isinstance(untracked, CartItem)
    assert untracked.stock is None


def test_metadata_changes_the_stamp_and_nothing_else() -> None:
    """Our own mark moves updated_at: the order comes again and is the same."""
    row = order_row(1)
    echo = {**row, "metadata": {"document": "SO-1"}, "updated_at": "2026-11-21T09:00:00.000Z"}
    first, again = order_of(row), order_of(echo)
    assert again.modified_at > first.modified_at
    assert replace(again, modified_at=first.modified_at) == first


# --- filters and pages -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["orders", "products", "product-variants", "customers", "draft-orders"])
def test_an_ignored_date_filter_fails_the_test_connection(cart: MedusaCart, fake: FakeMedusa, name: str) -> None:
    """Medusa drops what it doesn't know without a word: every list is asked for the far future."""
    fake.deaf.add(name)
    last = list(cart.test_connection())[-1]
    assert (last.stage, last.verdict) == (Stage.FAR_FUTURE, Verdict.FAILED)


def test_an_ignored_date_filter_stops_the_listing(cart: MedusaCart, fake: FakeMedusa) -> None:
    """Before anything of it is used."""
    fake.deaf.add("orders")
    since = fake.now - timedelta(seconds=5)
    with pytest.raises(NeedsOperatorError, match="ignored the date filter"):
        list(checked_pages(cart.iter_orders(since), since, "orders"))


def test_rows_that_were_not_asked_for_are_not_ours(cart: MedusaCart, fake: FakeMedusa) -> None:
    """Look-ups by id, key, SKU and e-mail look at each row: an ignored filter would find the first best."""
    fake.deaf |= {"orders", "products", "product-variants", "customers"}
    assert cart.find_items(DRAFT) == []
    assert cart.find_customers(CustomerDraft("k", "nobody@example.test")) == []
    order_id = fake.orders[5]["id"]
    assert [row.external_id for row in cart.get_orders([CartOrderId(order_id)]).rows] == [order_id]
    with pytest.raises(HoldRecordError):
        cart.update_item(CartItemId("prod_x:variant_x"), {"price": Decimal(1)})


def test_a_poll_without_changes_costs_the_same_whatever_there_is(cart: MedusaCart, fake: FakeMedusa) -> None:
    """One request for orders, baskets and customers, three for items."""
    since = fake.now + timedelta(seconds=1)
    list(cart.iter_items(since))  # what the shop is like is asked once
    costs = []
    for _ in range(2):
        fake.asked.clear()
        for pages in (
            cart.iter_orders(since),
            cart.iter_baskets(since),
            cart.iter_customers(since),
            cart.iter_items(since),
        ):
            assert rows_of(pages) == []
        costs.append(len(fake.asked))
        for number in range(200):
            fake.add_product(f"More {number}", [(f"MORE-{number}", "S")])
    assert costs == [6, 6]


def test_pages_that_are_too_large_become_smaller(cart: MedusaCart, monkeypatch: pytest.MonkeyPatch) -> None:
    """Orders of hundreds of lines: what is larger than is ever read is asked for in parts."""
    page = MedusaSession.page

    def limited(session: MedusaSession, listing: Listing, where: Any, take: int, fields: str = "") -> Any:
        if listing is ORDERS and (take if not where else len(where)) > 10:
            raise AbortCycleError(ENDLESS, "Choose smaller pages.")
        return page(session, listing, where, take, fields)

    expected = {row.external_id for row in rows_of(cart.iter_orders(None))}
    monkeypatch.setattr(MedusaSession, "page", limited)
    ids = [CartOrderId(one) for one in sorted(expected)]
    assert {row.external_id for row in cart.get_orders(ids).rows} == expected
    assert {row.external_id for row in rows_of(checked_pages(cart.iter_orders(None), None, "orders"))} == expected


def test_a_renamed_product_brings_its_variants_once(cart: MedusaCart, fake: FakeMedusa) -> None:
    """A name moves the product only; a price the variant only; an item that moved by both comes once."""
    since = fake.now + timedelta(seconds=1)
    fake.tick()
    product = fake.products[3]
    product |= {"title": "Other", "updated_at": iso(fake.now)}
    first, second = (one for one in fake.variants if one["product_id"] == product["id"])
    first["updated_at"] = iso(fake.now)
    rows = rows_of(checked_pages(cart.iter_items(since), since, "items"))
    assert sorted(row.external_id for row in rows) == sorted(f"{product['id']}:{one['id']}" for one in (first, second))
    assert {item.name for item in good(rows)} == {"Other"}


def test_items_that_were_sold_come_with_their_stock(cart: MedusaCart, fake: FakeMedusa) -> None:
    """A sale moves neither the variant's date nor the product's: they are found by the order; once each."""
    since = fake.now + timedelta(seconds=1)
    fake.tick()
    sold = [fake.add_order("gbp", {}, fake.customers[0]) for _ in range(2)]
    fake._pack({"items": [{"id": sold[0]["lines"][0]["id"], "quantity": 2}]}, sold[0]["id"])
    rows = rows_of(checked_pages(cart.iter_items(since), since, "items"))
    expected = {item_id_of(line["variant"]) for order in sold for line in order["lines"]}
    assert sorted(row.external_id for row in rows) == sorted(expected)
    packed = sold[0]["lines"][0]["variant"]
    stocks = {item.item_id: item.stock for item in good(rows)}
    assert stocks[item_id_of(packed)] == 98


def test_drafts_are_kept_apart(cart: MedusaCart, fake: FakeMedusa) -> None:
    """They are baskets, not orders; what became of one is told under its id."""
    drafts = {one["id"] for one in fake.orders if one["status"] == "draft"}
    assert drafts
    assert drafts.isdisjoint(row.external_id for row in rows_of(cart.iter_orders(None)))
    baskets = good(rows_of(cart.iter_baskets(None)))
    assert {one.basket_id for one in baskets} == drafts
    assert {one.status for one in baskets} == {BasketStatus.OPEN}
    chosen = baskets[0].basket_id
    fake.order(chosen)["status"] = "pending"
    (after,) = good(cart.get_baskets([chosen, CartBasketId("order_nowhere")]).rows)
    assert (after.status, after.order_id) == (BasketStatus.PURCHASED, chosen)


def test_a_draft_is_read_as_a_basket() -> None:
    """With its own lines and total."""
    record = parse_basket({**order_row(11), "status": "draft"}, {}).record
    assert not isinstance(record, BadRecord)
    assert (record.status, record.total, record.order_id) == (BasketStatus.OPEN, Decimal("41.32"), None)


# --- log-in ----------------------------------------------------------------------------------------------------------


def test_a_token_that_ended_is_renewed(fake: FakeMedusa, address: str) -> None:
    """By the user name and password; nobody notices."""
    cart = connect(address, fake, PASSWORD, username=USERNAME)
    before = len(rows_of(cart.iter_orders(None)))
    fake.tokens.clear()
    assert len(rows_of(cart.iter_orders(None))) == before
    assert [path for _, path, _ in fake.asked].count("auth/user/emailpass") == 2
    cart.close()


@pytest.mark.parametrize("options", [{}, {"username": USERNAME}], ids=["key", "user"])
def test_a_wrong_secret_names_its_remedy(fake: FakeMedusa, address: str, options: dict[str, str]) -> None:
    """As a key and as a password; it is asked for once, not again and again."""
    cart = connect(address, fake, "wrong", **options)
    with pytest.raises(NeedsOperatorError) as refused:
        list(cart.iter_orders(None))
    assert "sk_" in refused.value.remedy
    assert len(fake.asked) == 1
    cart.close()


@pytest.mark.parametrize("ending", ["", "/", "/admin", "/app/"])
def test_the_address_may_be_that_of_a_page(fake: FakeMedusa, address: str, ending: str) -> None:
    """People copy what they see."""
    cart = connect(address + ending, fake)
    assert all(one.verdict is not Verdict.FAILED for one in cart.test_connection())
    cart.close()


def test_an_unknown_currency_or_location_is_told(fake: FakeMedusa, address: str) -> None:
    """With those that there are."""
    for option, known in (("currency", "GBP"), ("stock_location", "Main warehouse")):
        cart = connect(address, fake, **{option: "XYZ"})
        with pytest.raises(NeedsOperatorError) as refused:
            list(cart.iter_items(None))
        assert known in refused.value.remedy
        cart.close()
