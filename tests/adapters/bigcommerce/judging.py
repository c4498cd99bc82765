"""What the tests of the BigCommerce adapter look at."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from cartui.adapters.bigcommerce import BigCommerceCart
from cartui.adapters.bigcommerce.items import Terms
from cartui.adapters.bigcommerce.parse import parse_order
from cartui.domain.money import ProofState, prove_total
from cartui.domain.records import (
    CartOrder,
    ItemDraft,
    LineKind,
)
from tests.adapters.bigcommerce_shop import FakeBigCommerce

D = Decimal
TERMS = Terms("EUR", gross=False)
DRAFT = ItemDraft("cartui-1-item-5", "NEW-5", "New thing", D("9.90"), "EUR")
Open = Callable[..., BigCommerceCart]


def wired(row: Any) -> Any:
    """As it comes out of an answer: numbers with a point are Decimal."""
    return json.loads(json.dumps(row), parse_float=Decimal)


def whole(fake: FakeBigCommerce, row: dict[str, Any]) -> dict[str, Any]:
    """An order with its lists, as the session hands it over."""
    names = ("products", "shipping_addresses", "taxes", "coupons")
    told = row | {name: fake.details[row["id"], name] for name in names} | {"refunds": []}
    assert isinstance(told, dict)
    return dict(wired(told))


def order_of(row: object) -> CartOrder:
    record = parse_order(row).record
    assert isinstance(record, CartOrder), record
    return record


def proof_of(order: CartOrder) -> ProofState:
    return prove_total(order.lines, order.total, order.currency).state


def amounts(order: CartOrder, kind: LineKind) -> list[tuple[str, Decimal]]:
    return [(line.text, line.amount) for line in order.lines if line.kind is kind]


def asked(fake: FakeBigCommerce, part: str) -> list[str]:
    return [path for _, path, _, _ in fake.asked if part in path]
