"""What the tests of Magento share."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from decimal import Decimal
from typing import Any

from cartui.domain.ports import StageResult
from cartui.domain.records import ItemDraft
from tests.adapters.magento.shop import MagentoShop

DRAFT = ItemDraft("cartui-1-item-5", "NEW-5", "New thing", Decimal("9.90"), "GBP", stock=Decimal(7))


def calls(shop: MagentoShop, method: str, part: str) -> list[tuple[str, dict[str, str], Any]]:
    return [(path, params, told) for verb, path, params, told in shop.seen if verb == method and part in path]


def fill(shop: MagentoShop, count: int, seconds: int) -> set[str]:
    """So many orders, `seconds` apart; the ids of all."""
    for _ in range(count):
        shop.tick(seconds)
        shop.put_order(deepcopy(shop.orders[4]), max(shop.orders) + 1, "GBP")
    return {str(number) for number in shop.orders}


def last(stages: Iterator[StageResult]) -> StageResult:
    return list(stages)[-1]
