"""A fake Medusa, the cart that is connected to it, and recorded rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from cartui.adapters.medusa import SPEC, MedusaCart
from cartui.adapters.medusa.parse import parse_order
from cartui.adapters.medusa.wire import Terms
from cartui.domain.ids import CartItemId
from cartui.domain.ports import Connection
from cartui.domain.records import (
    CartOrder,
    ItemDraft,
)
from tests.adapters.medusa_money import Row
from tests.adapters.medusa_shop import KEY, FakeMedusa, serving

SAMPLES = Path(__file__).parents[1] / "samples" / "medusa"
TERMS = Terms("GBP", ("GBP", "EUR"), gross=False, channel="sc_1")
DRAFT = ItemDraft("cartui-1-item-5", "NEW-5", "New thing", Decimal("9.90"), "GBP")


def recorded(name: str, root: str = "") -> list[Row]:
    """The rows of a recorded list."""
    text = (SAMPLES / f"{name}.json").read_text(encoding="utf-8")
    rows: list[Row] = json.loads(text, parse_float=Decimal)[root or name]
    return rows


def order_row(number: int) -> Row:
    (row,) = [row for row in recorded("orders") if row["display_id"] == number]
    return row


def order_of(row: Row) -> CartOrder:
    record = parse_order(row, {}).record
    assert isinstance(record, CartOrder), record
    return record


@pytest.fixture
def fake() -> FakeMedusa:
    return FakeMedusa()


@pytest.fixture
def address(fake: FakeMedusa) -> Iterator[str]:
    with serving(fake) as address:
        yield address


def connect(address: str, fake: FakeMedusa, secret: str = KEY, **options: str) -> MedusaCart:
    cart = SPEC.open(Connection("fake", address, options, lambda _name: secret, now=lambda: fake.now))
    assert isinstance(cart, MedusaCart)
    return cart


@pytest.fixture
def cart(fake: FakeMedusa, address: str) -> Iterator[MedusaCart]:
    cart = connect(address, fake)
    yield cart
    cart.close()


def item_id_of(variant: Row) -> CartItemId:
    return CartItemId(f"{variant['product_id']}:{variant['id']}")
