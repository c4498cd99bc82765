"""What running shops of 2.3 and 2.4 do otherwise than 2.2.5."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from cartui.adapters.magento import MagentoCart
from cartui.adapters.magento.parse import parse_order
from cartui.domain.ids import CartItemId, CartOrderId
from cartui.domain.money import ProofState, prove_total
from cartui.domain.ports import Stage, Verdict
from cartui.domain.records import CartOrder, LineKind, ShipmentDraft, ShipmentLine, StockWrite, WriteState
from cartui.errors import HoldRecordError, NeedsOperatorError, UnknownOutcomeError
from cartui.testing.conformance import good, rows_of
from tests.adapters.magento.cases import DRAFT, calls, last
from tests.adapters.magento.server import connect
from tests.adapters.magento.shop import MagentoShop, recorded

D = Decimal


def row(number: int, price: str, quantity: int, discount: str, **more: Any) -> dict[str, Any]:
    amounts = {"price": D(price), "row_total": D(price) * quantity, "discount_amount": D(discount)}
    return {"item_id": number, "sku": f"S{number}", "product_type": "simple", "qty_ordered": quantity} | amounts | more


def parsed(rows: list[dict[str, Any]], total: str, subtotal: str, discount: str, **more: Any) -> CartOrder:
    amounts = {"grand_total": D(total), "subtotal": D(subtotal), "discount_amount": D(discount), "tax_amount": 0}
    nothing = {"shipping_amount": 0, "total_refunded": None, "extension_attributes": {}}
    order = deepcopy(recorded("orders")[1]) | amounts | nothing | {"items": rows} | more
    record = parse_order(order).record
    assert isinstance(record, CartOrder)
    return record


def products(order: CartOrder) -> list[Decimal]:
    assert prove_total(order.lines, order.total, order.currency).state is ProofState.EXACT
    return [line.amount for line in order.lines if line.kind is LineKind.PRODUCT]


@pytest.mark.parametrize("less", [False, True])
def test_rows_less_their_discount_are_told_from_whole_ones(less: bool) -> None:
    """The discount is a line of its own: it must not be taken off twice, nor not at all."""
    rows = [row(1, "39.96", 2, "7.99"), row(2, "5.00", 1, "0")]
    for one in rows:
        one["row_total"] -= one["discount_amount"] if less else 0
    assert products(parsed(rows, "76.93", "84.92", "-7.99")) == [D("79.92"), D(5)]


@pytest.mark.parametrize("less", [False, True])
def test_a_discounted_bundle_is_told_by_its_own_amount(less: bool) -> None:
    """Its parts carry the discount, it carries none: the order's subtotal is the same either way."""
    parts = [row(2, "43.29", 4, "17.32", parent_item_id=1), row(3, "46.62", 2, "9.32", parent_item_id=1)]
    for one in parts:
        one["row_total"] -= one["discount_amount"] if less else 0
    whole = row(1, "133.20", 2, "0", product_type="bundle")
    assert products(parsed([whole, *parts], "239.76", "266.40", "-26.64")) == [D("173.16"), D("93.24")]


@pytest.mark.parametrize("shown", [None, "0", "-1.90"])
def test_goods_that_are_free_keep_their_price(shown: str | None) -> None:
    """A discount on prices with tax is more than the row: 2.4.7 shows 0 then, 2.3 shows less than nothing."""
    rows = [row(1, "10.00", 1, "11.90"), row(2, "5.00", 1, "0")]
    if shown is not None:
        rows[0]["row_total"] = D(shown)
    order = parsed(rows, "5.00", "15.00", "-11.90", discount_tax_compensation_amount=D("1.90"))
    assert products(order) == [D(10), D(5)]


def test_several_free_rows_share_what_the_subtotal_leaves(shop: MagentoShop) -> None:
    """Their prices are rounded, so that the last one takes the cent."""
    rows = [row(1, "3.33", 3, "11.90", row_total=D(0)), row(2, "10.00", 1, "11.90", row_total=D(0))]
    order = parsed(rows, "0", "20.00", "-23.80", discount_tax_compensation_amount=D("3.80"))
    assert products(order) == [D("9.99"), D("10.01")]


def test_a_refund_of_discounted_shipping_has_its_pieces(cart: MagentoCart, shop: MagentoShop) -> None:
    """The memo's discount is more than that of its goods; a part of it is not rounded, and the total is."""
    memo = shop.refund(1, shipping_amount=20, shipping_tax_amount=D("3.42"), order_currency_code="GBP")
    (line,) = memo["items"]
    line |= {"row_total": D("79.96"), "discount_amount": D(8), "tax_amount": D("13.67")}
    memo |= {"discount_amount": D("-10.038"), "tax_amount": D("17.09"), "grand_total": D("107.012")}
    shop.orders[1]["total_refunded"] = D("107.01")
    ((order,)) = good(cart.get_orders([CartOrderId("1")]).rows)
    (refund,) = order.refunds
    assert refund.amount == D("107.01")
    assert [(one.kind, one.amount, one.tax_amount) for one in refund.lines] == [
        (LineKind.PRODUCT, D("71.96"), D("13.67")),
        (LineKind.SHIPPING, D("17.96"), D("3.42")),
    ]


@pytest.mark.parametrize("faults", [set(), {"laminas"}])
@pytest.mark.parametrize(
    "sku", ["SLASH/20 ä#1", "a,b", "Q?x&y=1", "per%cent", "100%25", "plus+", "With Space", "日本", "q\"'x"]
)
def test_a_signature_is_over_the_path_that_the_shop_checks(
    shop: MagentoShop, address: str, faults: set[str], sku: str
) -> None:
    """From 2.4.6 on it is written anew before it is checked; found out by itself, and sent once where it is known."""
    shop.faults |= faults
    shop.products[3]["sku"] = sku
    cart = connect(address, shop, auth="oauth1")
    for amount in (5, 6):
        shop.seen.clear()
        assert cart.set_stock([StockWrite(CartItemId("3"), D(amount))])[0].state is WriteState.DONE
    assert shop.stock[3]["qty"] == 6
    assert [verb for verb, *_ in shop.seen] == ["GET", "GET", "PUT"]
    cart.close()


def test_a_wrong_secret_is_not_taken_for_another_way_to_sign(shop: MagentoShop, address: str) -> None:
    cart = connect(address, shop, {"token_secret": "wrong"}, auth="oauth1")
    with pytest.raises(NeedsOperatorError, match="signature"):
        cart._session.ask("GET", "stockItems/SLASH%2F20", record="x")
    assert len(shop.nonces) == 2
    cart.close()


def test_a_signature_that_the_shop_does_not_know_is_a_matter_of_signing_in(shop: MagentoShop, address: str) -> None:
    """2.4.4 and later refuse HMAC-SHA1, with status 400."""
    shop.faults.add("laminas")
    cart = connect(address, shop, auth="oauth1", signature="HMAC-SHA1")
    failed = last(cart.test_connection())
    assert (failed.stage, failed.verdict) == (Stage.AUTHENTICATION, Verdict.FAILED)
    assert "HMAC-SHA256" in failed.remedy
    cart.close()


def test_the_right_to_write_stock_at_sources_is_tried(sourced: MagentoCart, sources: MagentoShop) -> None:
    """Newer versions have one right to see it and one to write it; nothing is written to find out."""
    before = deepcopy(sources.sources)
    stages = {one.stage: one for one in sourced.test_connection()}
    assert stages[Stage.WRITE_RIGHTS].verdict is Verdict.PASSED
    sources.closed.add("POST inventory")
    stages = {one.stage: one for one in sourced.test_connection()}
    assert stages[Stage.WRITE_RIGHTS].verdict is Verdict.WARNING
    assert "Source Item Assigning" in stages[Stage.WRITE_RIGHTS].remedy
    assert [told for _, _, told in calls(sources, "POST", "source-items")] == [{"sourceItems": []}] * 2
    assert sources.sources == before


def test_a_store_view_that_is_not_there_is_named(shop: MagentoShop, address: str) -> None:
    """2.4 says that the request can't be processed, 2.2 that there is no such route."""
    cart = connect(address, shop, store_view="nowhere")
    with pytest.raises(NeedsOperatorError, match="no store view 'nowhere'"):
        rows_of(cart.iter_items(None))
    cart.close()


def test_more_than_is_left_is_not_shipped(cart: MagentoCart, shop: MagentoShop) -> None:
    """Magento would ship what is left, and cartui would think that all went out."""
    number = max(shop.orders) + 1
    shop.put_order(deepcopy(shop.template), number, "GBP")
    line = shop.orders[number]["items"][0]
    line |= {"qty_ordered": 5, "qty_shipped": 3, "qty_refunded": 3}
    parcel = (ShipmentLine(str(line["item_id"]), D(3), line["sku"]),)
    draft = ShipmentDraft("key", CartOrderId(str(number)), shop.moment, completes=False, lines=parcel)
    with pytest.raises(HoldRecordError, match="2 are left to be shipped, not 3"):
        cart.create_shipment(draft)
    assert not calls(shop, "POST", "/ship")


def test_a_new_item_has_its_stock_though_the_answer_is_lost(sourced: MagentoCart, sources: MagentoShop) -> None:
    """It is made with the item, not by a call of its own that would never be sent then."""
    sources.faults.add("lost-answers")
    with pytest.raises(UnknownOutcomeError):
        sourced.create_item(DRAFT)
    assert sources.sources is not None
    assert sources.sources[DRAFT.sku, "default"]["quantity"] == DRAFT.stock


@pytest.mark.parametrize("skus", [("A-1", "A-2", "A-3"), ("X/1", "x 1", "日本", "中国")])
def test_items_of_one_name_are_made(cart: MagentoCart, shop: MagentoShop, skus: tuple[str, ...]) -> None:
    """Magento makes the address of an item's page of its name, and refuses a second one (seen on 2.4.7)."""
    made = {cart.create_item(replace(DRAFT, sku=sku)) for sku in skus}
    assert len(made) == len(skus)
    addresses = [
        one["value"]
        for _, _, told in calls(shop, "POST", "/products")
        for one in told["product"].get("custom_attributes", [])
    ]
    assert len(addresses) == len(set(addresses)) == len(skus) - 1
    assert all(one.startswith("new-thing") for one in addresses)


def test_a_slow_shop_is_not_taken_for_one_with_a_wrong_clock(cart: MagentoCart, shop: MagentoShop) -> None:
    """The clocks are compared when the shop's time comes, not some answers later."""
    real = shop.answer

    def slow(*args: Any) -> tuple[int, Any]:
        shop.tick(50)
        return real(*args)

    shop.answer = slow  # type: ignore[method-assign]
    (clock,) = [one for one in cart.test_connection() if one.stage is Stage.CLOCK]
    assert (clock.verdict, clock.detail) == (Verdict.PASSED, "0 s apart")
