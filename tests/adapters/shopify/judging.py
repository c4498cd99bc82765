"""What the tests of the Shopify adapter look at."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from cartui.adapters.shopify import ShopifyCart
from cartui.domain.ids import CartOrderId
from cartui.domain.money import ProofState, prove_total
from cartui.domain.ports import Stage, StageResult
from cartui.domain.records import CartOrder, ItemDraft

Open = Callable[..., ShopifyCart]
DRAFT = ItemDraft("cartui-1-item-5", "NEW-5", "New thing", Decimal("9.90"), "EUR", "4006381333931", Decimal(7))


def order_of(cart: ShopifyCart, row: dict[str, Any]) -> CartOrder:
    (received,) = cart.get_orders([CartOrderId(row["legacyResourceId"])]).rows
    assert isinstance(received.record, CartOrder), received.record
    return received.record


def sums_of(order: CartOrder) -> dict[str, str]:
    """Amounts by kind; the proof must be exact."""
    proof = prove_total(order.lines, order.total, order.currency)
    assert proof.state is ProofState.EXACT, proof
    return {str(kind): f"{amount:f}" for kind, amount in proof.sums}


def stage_of(cart: ShopifyCart, stage: Stage) -> StageResult:
    return next(one for one in cart.test_connection() if one.stage is stage)
