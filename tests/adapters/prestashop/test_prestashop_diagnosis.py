"""Where Test Connection ends, and the way round."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cartui.adapters.prestashop.diagnosis import check_version
from cartui.adapters.prestashop.session import shop_address
from cartui.domain.ports import Stage, Verdict
from cartui.errors import NeedsOperatorError
from tests.adapters.conftest import VirtualWaiter
from tests.adapters.prestashop.cases import last_stage
from tests.adapters.prestashop.server import connect
from tests.adapters.prestashop.shop import FakePrestaShop


@pytest.mark.parametrize(
    ("fault", "stage", "words"),
    [
        ("redirect", Stage.REDIRECT, "https://www.main-domain.example/"),
        ("no_authorization", Stage.AUTHENTICATION, "did not accept the key"),
        ("disabled", Stage.ADDRESS, "switched off"),
    ],
)
def test_where_the_test_ends(shop: FakePrestaShop, fault: str, stage: Stage, words: str) -> None:
    """A redirect that loses the path is told, not followed; a dropped header, a switched-off service: remedies."""
    shop.faults.add(fault)
    result = last_stage(connect(shop, waiter=VirtualWaiter()))
    assert (result.stage, result.verdict) == (stage, Verdict.FAILED)
    assert words in result.detail
    assert result.remedy
    assert len({target.partition("?")[0] for _, target, _ in shop.requests}) == 1


def test_a_dropped_header_has_a_way_round(shop: FakePrestaShop) -> None:
    """The key in the address works then, and is masked in what is logged."""
    shop.faults.add("no_authorization")
    assert "key_in" in last_stage(connect(shop)).remedy
    assert last_stage(connect(shop, key_in="address")).verdict is Verdict.PASSED


def test_missing_rights_are_named(shop: FakePrestaShop) -> None:
    """Reading fails the test, writing is a warning; a list that may not be read is said by its name."""
    shop.denied |= {("GET", "order_slip"), ("PUT", "products")}
    result = last_stage(connect(shop))
    assert (result.stage, result.verdict) == (Stage.READ_RIGHTS, Verdict.FAILED)
    assert "order_slip" in result.detail
    shop.denied.discard(("GET", "order_slip"))
    results = {one.stage: one for one in connect(shop).test_connection()}
    assert results[Stage.WRITE_RIGHTS].verdict is Verdict.WARNING
    assert "products (PUT)" in results[Stage.WRITE_RIGHTS].detail
    shop.denied.add(("GET", "orders"))
    with pytest.raises(NeedsOperatorError, match="may not read orders"):
        list(connect(shop).iter_orders(None))


def test_a_wrong_path_is_no_web_service(shop: FakePrestaShop) -> None:
    """404 with a web page: rewriting is off, or the address has another directory."""
    result = last_stage(connect(shop, url=shop.url.replace("/shop", "/other")))
    assert (result.stage, result.verdict) == (Stage.ADDRESS, Verdict.FAILED)
    assert "rewriting" in result.remedy


@pytest.mark.parametrize("tail", ["", "/", "/modules", "/modules/", "/api", "/api/"])
def test_the_address_is_taken_as_people_know_it(shop: FakePrestaShop, tail: str) -> None:
    """The source documents show the address of the shop's modules; others know the API's."""
    assert last_stage(connect(shop, url=shop.url + tail)).verdict is Verdict.PASSED
    assert shop_address("https://a.example/shop/modules/") == "https://a.example/shop"


def test_the_clock_is_compared_and_the_version_told(shop: FakePrestaShop) -> None:
    """Twelve minutes ahead is a warning."""
    shop.shown_offset = timedelta(minutes=12)
    results = {one.stage: one for one in connect(shop).test_connection()}
    assert results[Stage.CLOCK].verdict is Verdict.WARNING
    assert "ahead" in results[Stage.CLOCK].detail
    assert "8.2.1" in results[Stage.VERSION].detail
    verdicts = {version: check_version(version).verdict for version in ("1.6.1.25", "9.1.4", "1.5.6.3", "10.0.0", "")}
    assert [version for version, one in verdicts.items() if one is Verdict.PASSED] == ["1.6.1.25", "9.1.4"]
