"""What differs from one Vendure to another: its schema, and how it lets somebody in."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from cartui.adapters.vendure import SPEC, VendureCart
from cartui.adapters.vendure.session import cookies_in
from cartui.domain.ports import Connection, Stage, Verdict
from cartui.domain.records import ItemDraft
from cartui.errors import NeedsOperatorError
from cartui.testing.conformance import rows_of
from tests.adapters.vendure_fake import PASSWORD, FakeVendure, serving

DRAFT = ItemDraft("cartui-1-item-5", "NEW-5", "New thing", Decimal("9.90"), "GBP")


@pytest.fixture
def fake() -> FakeVendure:
    return FakeVendure()


@pytest.fixture
def address(fake: FakeVendure) -> Iterator[str]:
    with serving(fake) as address:
        yield address


def connect(address: str, fake: FakeVendure, secret: str = PASSWORD, **options: str) -> VendureCart:
    cart = SPEC.open(Connection("fake", address, options, lambda _name: secret, now=lambda: fake.now))
    assert isinstance(cart, VendureCart)
    return cart


@pytest.mark.parametrize("version", [(2, 0), (2, 1), (2, 3), (3, 0)])
def test_older_schemas_are_read_and_written(fake: FakeVendure, address: str, version: tuple[int, int]) -> None:
    """What they do not know is asked for once and never again; a new item is made in their words."""
    fake.version = version
    cart = connect(address, fake, username="superadmin")
    assert len(rows_of(cart.iter_orders(None))) == len(fake.orders)
    made = cart.create_item(DRAFT)
    (row,) = cart.get_items([made]).rows
    assert getattr(row.record, "price", None) == Decimal("9.90")
    assert all(stage.verdict is not Verdict.FAILED for stage in cart.test_connection())
    assert fake.counted("{moneyStrategyPrecision}") == 1
    cart.close()


def test_shop_that_lets_in_by_cookie_only(fake: FakeVendure, address: str) -> None:
    """As Vendure does where its settings say nothing else; a cookie that ended is renewed."""
    fake.by_cookie = True
    cart = connect(address, fake, username="superadmin")
    assert len(rows_of(cart.iter_orders(None))) == len(fake.orders)
    fake.tokens.clear()
    assert len(rows_of(cart.iter_orders(None))) == len(fake.orders)
    assert fake.counted("done:login") == 2
    cart.close()


def test_cookies_are_taken_without_what_is_said_of_them() -> None:
    first = "session=eyJ0b2tlbiI6IjEifQ==; path=/; expires=Sun, 21 Nov 2027 13:00:00 GMT; httponly"
    said = f"{first}, session.sig=Xy-_9; path=/"
    assert cookies_in(said) == "session=eyJ0b2tlbiI6IjEifQ==; session.sig=Xy-_9"


def test_api_key_needs_no_log_in(fake: FakeVendure, address: str) -> None:
    cart = connect(address, fake, fake.api_key)
    assert all(stage.verdict is not Verdict.FAILED for stage in cart.test_connection())
    assert len(rows_of(cart.iter_orders(None))) == len(fake.orders)
    assert fake.counted("done:login") == 0
    cart.close()


def test_wrong_api_key_is_told_from_a_missing_right(fake: FakeVendure, address: str) -> None:
    wrong = connect(address, fake, "another key")
    last = list(wrong.test_connection())[-1]
    assert (last.stage, last.verdict) == (Stage.AUTHENTICATION, Verdict.FAILED)
    assert "did not accept the API key" in last.detail
    wrong.close()
    fake.forbidden = {"customers"}
    right = connect(address, fake, fake.api_key)
    with pytest.raises(NeedsOperatorError, match="does not allow"):
        list(right.iter_customers(None))
    right.close()
