"""Rows with anything anywhere: each is read or held with its reason, never a crash, never dropped (RELIABILITY R14).

A few hundred by default; `CARTUI_FUZZ=1000000 pytest tests/adapters/test_fuzz_rows.py` for a million a kind of row.
"""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest

from cartui.adapters.cart_connect import listing
from cartui.adapters.magento import parse as magento
from cartui.adapters.woocommerce import parse as woocommerce
from cartui.demo.server import DemoShop
from cartui.domain.ports import BadRecord, Received

MANY = int(os.environ.get("CARTUI_FUZZ", "300"))
SAMPLES = Path(__file__).parent / "samples"
JUNK: Sequence[Any] = (
    None, True, False, 0, -1, 1, 10**15, 10**400, 0.1, -0.0, 1e308, "", " ", "0", "-1", "1.005", "NaN", "Infinity",
    "1e1000000", "9" * 5000, "١٢", "a\0b", "\x1b]52;c;eA==\x07", "\u202eabc", "[/x]", "=1+1", "0000-00-00 00:00:00",
    "0000-00-00T00:00:00", "9999-12-31T23:59:59Z", "2026-02-30T00:00:00", "2026-01-01T00:00:00+99:00", "x" * 70000,
    [], {}, [None], [[]], {"": None}, {"id": {"id": []}}, "EUR", "JPY", "XXX", "completed",
)  # fmt: skip


def mutated(row: Any, chance: Random) -> Any:
    """One to four places replaced by junk, taken away, doubled, or put in the place of another."""
    made = copy.deepcopy(row)
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        places = list(_places(made))
        if not places:
            return chance.choice(JUNK)
        holder, key = chance.choice(places)
        match chance.randrange(6):
            case 0 if isinstance(holder, dict):
                del holder[key]
            case 1 if isinstance(holder, list):
                holder.append(copy.deepcopy(holder[key]))
            case 2:
                other, at = chance.choice(places)
                if _still(other, at):
                    holder[key] = copy.deepcopy(other[at])
            case 3 if isinstance(holder[key], str):
                text = holder[key]
                at = chance.randrange(len(text) + 1)
                holder[key] = text[:at] + chance.choice(("-", "0", ".", "e9", "\0", "€", "")) + text[at + 1 :]
            case _:
                holder[key] = copy.deepcopy(chance.choice(JUNK))
    return made


def _still(holder: Any, key: Any) -> bool:
    return key in holder if isinstance(holder, dict) else key < len(holder)


def _places(value: Any) -> list[tuple[Any, Any]]:
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [place for key in keys for place in ((value, key), *_places(value[key]))]


def _files(*patterns: str) -> list[Any]:
    paths = [path for pattern in patterns for path in sorted(SAMPLES.glob(pattern))]
    found = [json.loads(path.read_text(), parse_float=Decimal) for path in paths]
    return [row for one in found for row in _rows_of(one)]


def _rows_of(sample: Any) -> list[Any]:
    if isinstance(sample, list):
        return sample
    rows: list[Any] = sample["items"] if "search_criteria" in sample or "total_count" in sample else [sample]
    return rows


@pytest.fixture(scope="module")
def shop() -> DemoShop:
    return DemoShop(":memory:", 3, datetime(2026, 11, 1, tzinfo=UTC))


def _cart_connect(kind: listing.Kind[Any]) -> Callable[[Any], Received[Any]]:
    return lambda row: listing.parse_row(kind, row, json.dumps(row).encode())


def _woocommerce(row: Any) -> Received[Any]:
    return woocommerce.parse_row(row, lambda one: woocommerce.parse_order(one, {}))


def _woocommerce_customer(row: Any) -> Received[Any]:
    return woocommerce.parse_row(row, woocommerce.parse_customer)


PARSERS: dict[str, tuple[str | tuple[str, ...], Callable[[Any], Received[Any]]]] = {
    "cart connect order": ("orders", _cart_connect(listing.ORDERS)),
    "cart connect item": ("items", _cart_connect(listing.ITEMS)),
    "cart connect customer": ("customers", _cart_connect(listing.CUSTOMERS)),
    "cart connect basket": ("baskets", _cart_connect(listing.BASKETS)),
    "woocommerce order": (("woocommerce/order*.json",), _woocommerce),
    "woocommerce customer": (("woocommerce/customers_email.json",), _woocommerce_customer),
    "magento order": (("magento/*order*.json",), magento.parse_order),
}


@pytest.mark.parametrize("name", PARSERS)
@pytest.mark.timeout(7200)
def test_whatever_stands_in_a_row_it_is_read_or_held(shop: DemoShop, name: str) -> None:
    """What is held has a reason of one line, without control characters."""
    where, parse = PARSERS[name]
    rows = shop.rows(where)[:40] if isinstance(where, str) else _files(*where)
    assert rows
    held = 0
    for seed in range(MANY):
        chance = Random(seed)
        row = mutated(chance.choice(rows), chance)
        if not isinstance(row, dict) and name.startswith("magento"):
            continue  # its lists are of objects: the adapter looks before
        try:
            received = parse(row)
        except Exception as error:
            raise AssertionError(f"seed {seed}: {type(error).__name__}: {error}") from error
        assert received.external_id
        if isinstance(received.record, BadRecord):
            held += 1
            assert received.record.reason.isprintable(), received.record.reason
    print(f"{name}: {MANY} rows, {held} held")
    assert 0.05 * MANY < held < MANY
