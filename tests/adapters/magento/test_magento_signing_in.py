"""Three ways to sign in, and what refusals mean."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from cartui.adapters.magento import MagentoCart
from cartui.domain.ids import CartItemId, CartOrderId
from cartui.domain.ports import BadRecord, Stage, Verdict
from cartui.domain.records import ItemDraft, StockWrite, WriteState
from cartui.errors import HoldRecordError, NeedsOperatorError
from cartui.testing.conformance import rows_of
from tests.adapters.magento.cases import calls, last
from tests.adapters.magento.server import connect
from tests.adapters.magento.shop import ADMIN, MagentoShop


@pytest.mark.parametrize("signature", ["HMAC-SHA256", "HMAC-SHA1"])
def test_four_secrets_sign_reads_and_writes(shop: MagentoShop, address: str, signature: str) -> None:
    """Blanks, brackets, umlauts and slashes in path and query; a nonce is never used twice."""
    shop.faults.add("bearer-off")
    cart = connect(address, shop, auth="oauth1", signature=signature)
    assert len(rows_of(cart.iter_orders(shop.moment - timedelta(days=30)))) == 36
    cart.find_items(ItemDraft("key", "Grün & blau/100 % #1+~", "x", Decimal(1), "GBP"))
    (done,) = cart.set_stock([StockWrite(CartItemId("3"), Decimal(5))])
    assert done.state is WriteState.DONE
    assert len(shop.nonces) >= 5
    cart.close()


def test_a_wrong_secret_names_its_remedy(shop: MagentoShop, address: str) -> None:
    cart = connect(address, shop, {"token_secret": "wrong"}, auth="oauth1")
    failed = last(cart.test_connection())
    assert (failed.stage, failed.verdict) == (Stage.AUTHENTICATION, Verdict.FAILED)
    assert "signature is invalid" in failed.detail
    assert "clock" in failed.remedy
    cart.close()


def test_a_retry_is_signed_anew(shop: MagentoShop, address: str) -> None:
    """A second try with the first one's nonce would be refused."""
    real, failures = shop._route, iter([True])

    def flaky(*args: Any) -> Any:
        if next(failures, False):
            raise_trouble()
        return real(*args)

    shop._route = flaky  # type: ignore[method-assign, assignment]
    cart = connect(address, shop, auth="oauth1")
    assert cart.get_orders([CartOrderId("1")]).rows
    assert len(shop.nonces) == len(shop.seen) >= 2
    cart.close()


def test_a_clock_that_is_ahead_spoils_no_signature(shop: MagentoShop, address: str) -> None:
    """The shop's own time is in its answer; one request more, once."""
    cart = connect(address, shop, auth="oauth1", ahead="900")
    assert rows_of(cart.iter_orders(None))
    assert rows_of(cart.iter_baskets(None))
    assert [path for _, path, *_ in shop.seen].count("/rest/V1/orders") == 2
    cart.close()


def raise_trouble() -> None:
    from tests.adapters.magento.shop import Refused

    raise Refused(503, "Try again")


def test_an_administrators_token_is_renewed_when_it_ends(shop: MagentoShop, address: str) -> None:
    cart = connect(address, shop, auth="user")
    assert rows_of(cart.iter_orders(None))
    shop.tick(5 * 3600)
    assert rows_of(cart.iter_orders(None))
    assert len(calls(shop, "POST", "/integration/admin/token")) == 2
    cart.close()


def test_a_wrong_password_is_tried_once(shop: MagentoShop, address: str) -> None:
    """Magento locks the account after a few."""
    cart = connect(address, shop, {"password": "guess"}, auth="user", username=ADMIN[0])
    with pytest.raises(NeedsOperatorError, match="did not sign in correctly"):
        list(cart.iter_orders(None))
    assert len(calls(shop, "POST", "/integration/admin/token")) == 1
    cart.close()


def test_a_token_that_newer_shops_refuse_alone(cart: MagentoCart, shop: MagentoShop) -> None:
    shop.faults.add("bearer-off")
    failed = last(cart.test_connection())
    assert (failed.stage, failed.verdict) == (Stage.AUTHENTICATION, Verdict.FAILED)
    assert "oauth1" in failed.remedy
    assert "standalone Bearer tokens" in failed.remedy


@pytest.mark.parametrize(
    ("closed", "verdict"),
    [
        ("carts", Verdict.WARNING),
        ("customers", Verdict.WARNING),
        ("orders", Verdict.FAILED),
        ("products", Verdict.FAILED),
    ],
)
def test_a_missing_right_is_told_from_a_wrong_token(
    cart: MagentoCart, shop: MagentoShop, closed: str, verdict: Verdict
) -> None:
    """Both are 401 with the same words: what another list allows tells them apart."""
    shop.closed.add(closed)
    (result,) = [one for one in cart.test_connection() if one.stage is Stage.READ_RIGHTS]
    assert (result.verdict, "resources" in result.remedy) == (verdict, True)


def test_a_store_view_that_is_not_there_is_named(shop: MagentoShop, address: str) -> None:
    """Magento takes its code for a part of the path, and knows no such path."""
    cart = connect(address, shop, store_view="nowhere")
    failed = last(cart.test_connection())
    assert (failed.stage, failed.verdict) == (Stage.READ_RIGHTS, Verdict.FAILED)
    assert "nowhere" in failed.detail
    with pytest.raises(NeedsOperatorError, match="nowhere"):
        list(cart.iter_items(None))
    cart.close()


def test_the_stages_of_a_good_connection(cart: MagentoCart, sourced: MagentoCart) -> None:
    stages = {one.stage: one for one in cart.test_connection()}
    assert list(stages) == list(Stage)
    assert "Magento/2.2" in stages[Stage.VERSION].detail
    assert "Sydney" in stages[Stage.TIME_ZONE].detail
    assert "source" in {one.stage: one for one in sourced.test_connection()}[Stage.WRITE_RIGHTS].detail


def test_something_else_at_the_address(shop: MagentoShop, address: str) -> None:
    cart = connect(f"{address}/blog", shop)
    failed = last(cart.test_connection())
    assert (failed.stage, failed.verdict) == (Stage.ADDRESS, Verdict.FAILED)
    assert "no Magento REST API" in failed.detail
    cart.close()


@pytest.mark.parametrize("ending", ["", "/", "/rest", "/rest/V1/", "/rest/all/V1"])
def test_the_address_may_be_that_of_the_api(shop: MagentoShop, address: str, ending: str) -> None:
    cart = connect(address + ending, shop)
    assert len(rows_of(cart.iter_baskets(None))) == 3
    cart.close()


def test_an_address_that_is_none_fails_the_first_stage(shop: MagentoShop) -> None:
    assert last(connect("not an address", shop).test_connection()).stage is Stage.ADDRESS


def test_a_broken_item_is_held_and_not_made_twice(cart: MagentoCart, shop: MagentoShop) -> None:
    shop.products[2]["updated_at"] = "0000-00-00 00:00:00"
    bad = [row for row in rows_of(cart.iter_items(None)) if isinstance(row.record, BadRecord)]
    assert [row.external_id for row in bad] == ["2"]
    with pytest.raises(HoldRecordError, match="The shop has it"):
        cart.find_items(ItemDraft("key", shop.products[2]["sku"], "x", Decimal(1), "GBP"))
