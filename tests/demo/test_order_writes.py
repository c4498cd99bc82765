"""Orders that go on in the demo shop: statuses that staff sets, orders of baskets, refunds, the back office."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import httpx
import pytest

from cartui.demo import lifecycle
from cartui.demo.server import DemoShop, RunningDemo

KEY = {"Idempotency-Key": "order-of-basket-1"}


def order_in(shop: DemoShop, status: str) -> dict[str, Any]:
    return next(order for order in shop.rows("orders") if order["status"] == status)


def basket_in(shop: DemoShop, status: str = "open") -> dict[str, Any]:
    active = {item["item_id"] for item in shop.rows("items") if item["active"]}
    return next(
        one
        for one in shop.rows("baskets")
        if one["status"] == status and one["buyer"] and {line["item_id"] for line in one["lines"]} <= active
    )


def test_a_status_is_set_once(shop: DemoShop, client: httpx.Client) -> None:
    """It moves the stamp; the status it has already moves nothing."""
    order = order_in(shop, "paid")
    path, body = f"orders/{order['order_id']}", {"changes": {"status": "on-hold"}}
    first = client.patch(path, json=body).json()["row"]
    assert (first["status"], first["order_state"], first["payment_state"]) == ("on-hold", "on_hold", "paid")
    assert first["modified_at"] > order["modified_at"]
    assert client.patch(path, json=body).json()["row"] == first


@pytest.mark.parametrize(
    ("was", "status", "code"),
    [
        ("awaiting-payment", "paid", "status_refused"),  # a payment is the shop's word
        ("cancelled", "picking", "status_refused"),
        ("paid", "shipped", "status_refused"),  # a parcel's
        ("paid", "lost-in-space", "invalid_value"),
    ],
)
def test_statuses_that_can_not_be_set(shop: DemoShop, client: httpx.Client, was: str, status: str, code: str) -> None:
    """Refused with a remedy, and the order stays as it is."""
    order = order_in(shop, was)
    answer = client.patch(f"orders/{order['order_id']}", json={"changes": {"status": status}})
    assert answer.json()["error"]["code"] == code
    assert order_in(shop, was) == order


def test_an_open_basket_is_ordered_once(shop: DemoShop, client: httpx.Client) -> None:
    """At the prices it shows; it leads to its order, the stock goes down, and the same key makes no second one."""
    basket, count = basket_in(shop), len(shop.rows("orders"))
    path = f"baskets/{basket['basket_id']}/order"
    order = client.post(path, json={}, headers=KEY).json()["row"]
    again = client.post(path, json={}, headers=KEY)
    assert (again.status_code, again.json()["row"]) == (200, order)
    assert len(shop.rows("orders")) == count + 1
    sold = [(line["sku"], line["quantity"], line["unit_price"]) for line in order["lines"] if line["kind"] == "product"]
    assert sold == [(line["sku"], line["quantity"], line["unit_price"]) for line in basket["lines"]]
    after = next(one for one in shop.rows("baskets") if one["basket_id"] == basket["basket_id"])
    assert (after["status"], after["order_id"], order["payment_state"]) == ("purchased", order["order_id"], "pending")
    stated = [line["net_amount"] for line in order["lines"]] + [tax["amount"] for tax in order["taxes"]]
    assert sum(map(Decimal, stated)) == Decimal(order["total"])
    other = client.post(path, json={}, headers={"Idempotency-Key": "order-of-basket-2"})
    assert other.json()["error"]["code"] == "basket_not_open"


def test_a_basket_of_nobody_is_incomplete(shop: DemoShop, client: httpx.Client) -> None:
    """The key is not used up."""
    basket = next(one for one in shop.rows("baskets") if one["status"] == "open" and not one["buyer"])
    path = f"baskets/{basket['basket_id']}/order"
    for _ in range(2):
        assert client.post(path, json={}, headers=KEY).json()["error"]["code"] == "basket_incomplete"


def test_seeded_refunds_add_up_and_say_where_the_goods_went(shop: DemoShop) -> None:
    """Itemised or not at all; some on their way, some put back on the shelf, some not."""
    refunds = [refund for order in shop.rows("orders") for refund in order["refunds"]]
    itemised = [refund for refund in refunds if refund["lines"]]
    for refund in itemised:
        parts = [line[name] for line in refund["lines"] for name in ("net_amount", "tax_amount")]
        assert sum(map(Decimal, parts)) == Decimal(refund["amount"])
    assert 0 < len(itemised) < len(refunds)
    assert {refund["state"] for refund in refunds} == {"done", "pending"}
    assert {line["restocked"] for refund in itemised for line in refund["lines"]} >= {True, False}


def test_seeded_baskets_are_in_every_status(shop: DemoShop) -> None:
    """Those that were purchased hold what their orders hold."""
    baskets = shop.rows("baskets")
    assert {basket["status"] for basket in baskets} == {"open", "lost", "expired", "purchased"}
    orders = {order["order_id"]: order for order in shop.rows("orders")}
    for basket in (one for one in baskets if one["order_id"]):
        lines = orders[basket["order_id"]]["lines"]
        assert [line["sku"] for line in basket["lines"]] == [line["sku"] for line in lines if line["kind"] == "product"]


def test_money_that_is_on_its_way_has_not_gone_back(shop: DemoShop) -> None:
    """The payment state follows what is done."""
    order = order_in(shop, "paid")
    lifecycle.refund_piece(order, order["modified_at"], "Broken", restock=False, state="pending")
    assert order["payment_state"] == "paid"


def test_the_back_office_shows_nothing_but_itself(demo: RunningDemo, client: httpx.Client) -> None:
    """Whatever the id is; the addresses are those of ping."""
    told = client.get("ping").json()["capabilities"]["admin_pages"]
    home = demo.address.removesuffix("/shop")
    answer = client.get(home + told["orders"].replace("{id}", "%3Cscript%3E"))
    assert answer.status_code == 200
    assert "<script>" not in answer.text
