"""WooCommerce's key: signed, as a header, in the query, and what stands between."""

from __future__ import annotations

import ssl
from datetime import timedelta
from pathlib import Path

import pytest
import trustme

from cartui.adapters.woocommerce import WooCommerce
from cartui.adapters.woocommerce.signing import sign
from cartui.domain.ids import CartItemId
from cartui.domain.ports import Connection, Stage, Verdict
from cartui.domain.records import ItemDraft
from cartui.errors import AbortCycleError, NeedsOperatorError
from tests.adapters.woocommerce.conftest import Open, asked, rows
from tests.adapters.woocommerce.server import KEY, SECRET, serving
from tests.adapters.woocommerce.shop import NOW, Refusal, Shop


def test_the_signature_is_the_official_clients() -> None:
    """A vector of the vendor's own client."""
    url = "http://shop.example/wp-json/wc/v3/orders?per_page=100&page=1"
    oauth = sign("GET", url, "ck_test", "cs_test", 1_700_000_000, "deadbeef")
    assert oauth["oauth_signature"] == "6T2FNcEt3xZF881sb9BYqhkk9CK9iiCrpAX9NeSnghM="


def test_blanks_and_signs_survive_the_signature(shop: Shop, cart: WooCommerce) -> None:
    """A SKU of anything is found over plain http; no parameter's name has brackets."""
    shop.add_product(name="Odd", sku="A b+c&d/é%[x]")
    (item,) = cart.find_items(ItemDraft("k", "a B+c&d/é%[X]", "Odd", None, "EUR"))
    assert item.sku == "A b+c&d/é%[x]"
    assert not any("[" in target or "+" in target for _, target in shop.requests)


def test_each_try_is_signed_anew(shop: Shop, cart: WooCommerce) -> None:
    """A nonce serves once: a request that is repeated after a 503 would be refused with the old one."""
    busy = [True]

    def fail_once(path: str, params: dict[str, str]) -> None:
        if busy.pop() if busy else False:
            raise Refusal(503, "busy")

    shop.before_request = fail_once
    assert rows(cart.iter_orders(None))


def test_a_clock_that_is_an_hour_off_does_not_spoil_the_signature(shop: Shop, opened: Open) -> None:
    """The shop takes 15 minutes only; its own clock, which each answer tells, is used then."""
    assert rows(opened(now=lambda: NOW - timedelta(hours=1)).iter_orders(None))


def test_plain_http_needs_consent() -> None:
    """Beyond this machine nothing is sent unencrypted by itself."""
    cart = WooCommerce(Connection("Woo", "http://shop.example", {"consumer_key": KEY}, lambda _: SECRET))
    with pytest.raises(NeedsOperatorError, match="not encrypted"):
        list(cart.iter_orders(None))


def test_a_lost_header_is_made_good_in_the_query(shop: Shop, opened: Open) -> None:
    """A proxy removes Authorization: signed parameters are sent instead, for good; not where the admin said header."""
    shop.faults.add("strip_header")
    cart = opened()
    assert rows(cart.iter_orders(None))
    assert rows(cart.iter_orders(NOW - timedelta(days=1))) == []
    assert "oauth_signature=" in shop.requests[-1][1]
    assert all(SECRET not in target for _, target in shop.requests)
    with pytest.raises(NeedsOperatorError, match="no credentials"):
        list(opened(key_sent="header").iter_orders(None))


def test_a_signature_in_the_query_is_not_sent_twice(shop: Shop, opened: Open) -> None:
    """It can't be made anew for a second try, and a used nonce would look like a wrong key."""
    cart = opened(key_sent="query")
    shop.before_request = lambda path, params: _raise(Refusal(503, "busy"))
    with pytest.raises(AbortCycleError):
        list(cart.iter_orders(None))
    assert len(asked(shop, "orders")) == 2  # OPTIONS and GET


def _raise(error: Exception) -> None:
    raise error


def test_over_https_the_key_goes_as_basic_and_then_in_the_query(shop: Shop, tmp_path: Path) -> None:
    """The secret stands in an address only where the header was lost."""
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    options = {"consumer_key": KEY, "ca_file": str(tmp_path / "ca.pem")}
    with serving(shop, context) as url:
        cart = WooCommerce(Connection("Woo", url, options, lambda _: SECRET, now=lambda: NOW))
        assert rows(cart.iter_orders(None))
        assert all(SECRET not in target for _, target in shop.requests)
        shop.faults.add("strip_header")
        assert rows(cart.iter_orders(None))
        assert SECRET in shop.requests[-1][1]
        cart.close()


def test_a_reading_key_passes_with_a_warning(shop: Shop, cart: WooCommerce) -> None:
    """It imports; that it can't export is said, and a write stops the cart with the remedy."""
    shop.faults.add("read_only")
    results = {one.stage: one for one in cart.test_connection()}
    assert results[Stage.WRITE_RIGHTS].verdict is Verdict.WARNING
    assert not any(one.verdict is Verdict.FAILED for one in results.values())
    with pytest.raises(NeedsOperatorError, match="write permissions"):
        cart.update_item(CartItemId(str(shop.products[0]["id"])), {"name": "x"})
