"""The real Vendure shop answers as the adapter was told it would, and starts, stops and skips as it should."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.live.vendure_actor import Session, ShopRefused, VendureActor
from tests.live.vendure_shop import (
    SOURCE,
    RunningShop,
    ShopUnavailable,
    VendureShop,
    check_node,
    skip_or_fail,
)

ORDERS = """query($o:OrderListOptions){orders(options:$o){totalItems items{
    id code state active currencyCode updatedAt orderPlacedAt total totalWithTax couponCodes
    customer{id emailAddress} discounts{amountWithTax} surcharges{price priceWithTax}
    lines{quantity orderPlacedQuantity proratedLinePrice proratedLinePriceWithTax taxRate}
    shippingLines{discountedPrice discountedPriceWithTax shippingMethod{code}}
    payments{state amount refunds{total}} taxSummary{taxRate taxBase taxTotal}}}}"""


def _orders(vendure: VendureActor, **options: object) -> list[dict[str, Any]]:
    data = vendure.staff().ask(ORDERS, o={"take": 500, **options})["orders"]
    assert data["totalItems"] == len(data["items"])
    return list(data["items"])


def _order(vendure: VendureActor, order_id: str) -> dict[str, Any]:
    (order,) = _orders(vendure, filter={"id": {"eq": order_id}})
    return order


def _is_alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


def _running(shop: VendureShop) -> RunningShop:
    return shop.running or shop.start()


def test_right_password_logs_in_and_wrong_one_is_an_answer_not_a_status(vendure_shop: VendureShop) -> None:
    """A refused log-in is HTTP 200 with INVALID_CREDENTIALS_ERROR; a good one brings a token in a header."""
    running = _running(vendure_shop)
    session = Session(running.address, "admin-api")
    try:
        with pytest.raises(ShopRefused, match="INVALID_CREDENTIALS_ERROR"):
            session.log_in(running.username, "wrong")
        session.log_in(running.username, running.password)
        assert session.ask("{me{identifier}}")["me"]["identifier"] == running.username
    finally:
        session.close()


def test_without_login_the_orders_are_forbidden_inside_http_200(vendure_shop: VendureShop) -> None:
    """FORBIDDEN stands in the body; the HTTP status does not tell."""
    answer = httpx.post(
        f"{_running(vendure_shop).address}/admin-api", json={"query": "{orders{totalItems}}"}, trust_env=False
    )
    assert answer.status_code == 200
    assert answer.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"


def test_seed_holds_what_the_live_tests_rely_on(vendure_shop: VendureShop, vendure: VendureActor) -> None:
    """Products, customers and orders in every state, three currencies, coupons, refunds, baskets and a draft."""
    seeded = vendure_shop.manifest
    assert seeded["products"] >= 60
    assert seeded["variants"] > seeded["products"]
    assert seeded["customers"] >= 25
    states = Counter(order["state"] for order in seeded["orders"])
    assert states.keys() >= {
        "AddingItems", "ArrangingPayment", "Cancelled", "Delivered", "Draft", "PartiallyDelivered",
        "PartiallyShipped", "PaymentAuthorized", "PaymentSettled", "Shipped",
    }  # fmt: skip
    placed = [order for order in seeded["orders"] if order["orderPlacedAt"]]
    assert len(placed) >= 50
    assert {order["currencyCode"] for order in placed} == {"GBP", "EUR", "JPY"}
    orders = [_order(vendure, order["id"]) for order in placed if order["afterwards"] in {"refund", "surcharge"}]
    assert any(payment["refunds"] for order in orders for payment in order["payments"])
    assert any(order["surcharges"] for order in orders)


def test_seed_holds_hostile_names_doubled_and_empty_skus(vendure: VendureActor) -> None:
    """What breaks a terminal or a link by code comes out of the shop as it went in."""
    rows = vendure.staff().ask("{productVariants(options:{take:500}){items{sku name}}}")["productVariants"]["items"]
    skus = Counter(row["sku"] for row in rows)
    assert skus[""] == 2
    assert skus["SKU-002"] == 2
    assert " SKU-PAD " in skus
    names = "".join(row["name"] for row in rows)
    assert all(odd in names for odd in ("[/foo]", "\x1b[31m", "\u202e", "\u200b", "抹茶"))


def test_guest_and_registered_customer_can_share_an_email(vendure: VendureActor) -> None:
    """Linking by e-mail meets two customers with the same one."""
    rows = vendure.staff().ask("{customers(options:{take:500}){items{emailAddress user{id}}}}")["customers"]["items"]
    shared = {mail for mail, count in Counter(row["emailAddress"] for row in rows).items() if count > 1}
    assert shared
    for mail in shared:
        assert {row["user"] is None for row in rows if row["emailAddress"] == mail} == {True, False}


def test_totals_add_up_to_the_last_minor_unit(vendure: VendureActor) -> None:
    """total = prorated lines + surcharges + discounted shipping, net and gross; the tax summary agrees."""
    orders = _orders(vendure)
    assert len(orders) >= 60
    for order in orders:
        for with_tax in ("", "WithTax"):
            parts = sum(line[f"proratedLinePrice{with_tax}"] for line in order["lines"])
            parts += sum(surcharge[f"price{with_tax}"] for surcharge in order["surcharges"])
            parts += sum(line[f"discountedPrice{with_tax}"] for line in order["shippingLines"])
            assert parts == order[f"total{with_tax}"], order["code"]
        taxed = sum(row["taxBase"] + row["taxTotal"] for row in order["taxSummary"])
        assert taxed == order["totalWithTax"], order["code"]


def test_orders_placed_in_the_far_future_are_none(vendure: VendureActor) -> None:
    """The probe for an ignored filter: the shop honours orderPlacedAt."""
    assert _orders(vendure, filter={"orderPlacedAt": {"after": "2199-01-01T00:00:00Z"}}) == []


@pytest.mark.parametrize(
    "wrong", [{"orderPlaced": {"after": "2026-01-01T00:00:00Z"}}, {"orderPlacedAt": {"after": "yesterday"}}]
)
def test_unknown_filter_and_bad_date_are_refused(vendure: VendureActor, wrong: dict[str, Any]) -> None:
    """A misspelt filter is BAD_USER_INPUT, never silently everything."""
    answer = vendure.staff().send(ORDERS, o={"filter": wrong})
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


def test_updated_at_is_earlier_than_order_placed_at(vendure: VendureActor) -> None:
    """An updatedAt cursor loses orders: the stamp is older than the sale unless the order was changed afterwards."""
    placed = [order for order in _orders(vendure) if order["orderPlacedAt"]]
    earlier = [order for order in placed if order["updatedAt"] < order["orderPlacedAt"]]
    assert len(earlier) >= 40


@pytest.mark.parametrize(
    ("deed", "plan", "nth"), [("fulfil", "none", 0), ("refund", "none", 1), ("settle", "authorized", 0)]
)
def test_handling_an_order_does_not_move_updated_at(
    vendure_shop: VendureShop, vendure: VendureActor, deed: str, plan: str, nth: int
) -> None:
    """Shipping, collecting and refunding are invisible to an updatedAt cursor; the order has to be read again."""
    seeded = [row for row in vendure_shop.manifest["orders"] if row["afterwards"] == plan]
    before = _order(vendure, seeded[nth]["id"])
    deeds: dict[str, Callable[[str], object]] = {
        "fulfil": vendure.fulfil,
        "refund": lambda order_id: vendure.refund(order_id, 100),
        "settle": vendure.settle,
    }
    deeds[deed](before["id"])
    after = _order(vendure, before["id"])
    assert after["updatedAt"] == before["updatedAt"]
    assert (after["state"], after["payments"]) != (before["state"], before["payments"])
    assert after["totalWithTax"] == before["totalWithTax"]


def test_cancelling_moves_updated_at(vendure_shop: VendureShop, vendure: VendureActor) -> None:
    """The one deed of the staff that an updatedAt cursor does see."""
    seeded = [row for row in vendure_shop.manifest["orders"] if row["afterwards"] == "none"]
    before = _order(vendure, seeded[2]["id"])
    vendure.cancel(before["id"])
    assert _order(vendure, before["id"])["updatedAt"] > before["updatedAt"]


def test_cancelled_order_has_no_lines_left_to_pay(vendure: VendureActor) -> None:
    """Cancelling empties quantities and totals; orderPlacedQuantity remembers what was ordered."""
    order_id = vendure.place_order([(vendure.variant_id("SKU-006"), 3)]).id
    vendure.cancel(order_id)
    order = _order(vendure, order_id)
    assert order["state"] == "Cancelled"
    assert [(line["quantity"], line["orderPlacedQuantity"]) for line in order["lines"]] == [(0, 3)]
    assert order["totalWithTax"] == 0


def test_open_basket_is_not_a_placed_order(vendure: VendureActor) -> None:
    """A basket is active, without orderPlacedAt, and no orderPlacedAt filter finds it."""
    basket, shopper = vendure.fill_basket([(vendure.variant_id("SKU-008"), 1)], email="basket@example.test")
    shopper.close()
    assert _order(vendure, basket.id)["active"] is True
    since = _orders(vendure, filter={"orderPlacedAt": {"after": "2000-01-01T00:00:00Z"}})
    assert basket.id not in {order["id"] for order in since}


def test_stock_is_on_hand_including_what_orders_hold(vendure: VendureActor) -> None:
    """An order allocates and leaves stockOnHand alone, so free stock is on hand less allocated."""
    variant_id = vendure.variant_id("SKU-009")
    query = "query($i:ID!){productVariant(id:$i){stockLevels{stockOnHand stockAllocated}}}"
    vendure.change_stock(variant_id, 70)
    (before,) = vendure.staff().ask(query, i=variant_id)["productVariant"]["stockLevels"]
    vendure.place_order([(variant_id, 4)])
    (after,) = vendure.staff().ask(query, i=variant_id)["productVariant"]["stockLevels"]
    assert (before["stockOnHand"], after["stockOnHand"]) == (70, 70)
    assert after["stockAllocated"] - before["stockAllocated"] == 4


def test_yen_are_kept_in_hundredths(vendure: VendureActor) -> None:
    """Amounts have moneyStrategyPrecision decimals in every currency, not those of ISO 4217."""
    precision = vendure.staff().ask("{globalSettings{serverConfig{moneyStrategyPrecision}}}")
    assert precision["globalSettings"]["serverConfig"]["moneyStrategyPrecision"] == 2
    prices = vendure.staff("jp").ask("{productVariants{items{priceWithTax currencyCode}}}")["productVariants"]["items"]
    assert {row["currencyCode"] for row in prices} == {"JPY"}
    assert all(row["priceWithTax"] % 100 == 0 for row in prices)


@pytest.mark.live
@pytest.mark.slow
def test_stop_keeps_the_shop_and_kill_loses_what_came_after() -> None:
    """A test can stop the shop for maintenance or pull its plug, and find no process left over."""
    with _unavailable_skips() as shop:
        first = shop.process_id
        assert first is not None
        with VendureActor(*_login(shop)) as actor:
            kept = actor.place_order([(actor.variant_id("SKU-001"), 1)])
        shop.stop()
        assert not _is_alive(first)
        shop.start()
        with VendureActor(*_login(shop)) as actor:
            assert _order(actor, kept.id)["code"] == kept.code
            lost = actor.place_order([(actor.variant_id("SKU-001"), 1)])
        shop.kill()
        shop.start()
        with VendureActor(*_login(shop)) as actor:
            codes = {order["code"] for order in _orders(actor)}
        assert kept.code in codes
        assert lost.code not in codes
        last, log = shop.process_id, shop.log_path
    assert last is not None
    assert not _is_alive(last)
    assert not log.exists()


def _unavailable_skips() -> VendureShop:
    shop = VendureShop()
    try:
        shop.start()
    except ShopUnavailable as reason:
        skip_or_fail(reason)
    return shop


def _login(shop: VendureShop) -> tuple[str, str, str]:
    running = _running(shop)
    return running.address, running.username, running.password


def test_missing_node_is_said_in_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whoever sees the skip knows what to install."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ShopUnavailable) as said:
        check_node()
    assert str(said.value) == "Vendure live tests skipped: node/npm not found; install Node.js 20 or newer"


@pytest.mark.parametrize("version", ["v18.19.0", "", "nonsense"])
def test_old_node_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: str) -> None:
    """Node.js older than 20 skips instead of failing somewhere inside npm."""
    for name in ("node", "npm"):
        (tmp_path / name).write_text(f"#!/bin/sh\necho {version}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ShopUnavailable, match="too old; install Node"):
        check_node()


def test_missing_shop_skips_but_fails_where_it_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    """CARTUI_REQUIRE_LIVE=1 keeps a broken machine from passing by skipping."""
    reason = ShopUnavailable("Vendure live tests skipped: no Node")
    monkeypatch.delenv("CARTUI_REQUIRE_LIVE", raising=False)
    with pytest.raises(pytest.skip.Exception, match="skipped: no Node"):
        skip_or_fail(reason)
    monkeypatch.setenv("CARTUI_REQUIRE_LIVE", "1")
    with pytest.raises(pytest.fail.Exception, match="required by CARTUI_REQUIRE_LIVE=1: no Node"):
        skip_or_fail(reason)


def test_lock_file_pins_by_hash_and_names_no_registry() -> None:
    """`npm ci` takes the packages from whichever registry the machine uses, and refuses any other content."""
    text = (SOURCE / "package-lock.json").read_text(encoding="utf-8")
    assert "://" not in text
    packages = json.loads(text)["packages"]
    assert all("integrity" in package for path, package in packages.items() if path)
