"""What the tests of PrestaShop share."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from cartui.adapters.prestashop import PrestaShop
from cartui.adapters.prestashop.moments import ShopClock
from cartui.adapters.prestashop.parse import Tables
from cartui.adapters.prestashop.states import meaning_of
from cartui.adapters.prestashop.wire import UnreadableError, parse_body
from cartui.domain.ports import BadRecord, StageResult
from cartui.domain.records import (
    CartOrder,
)
from cartui.testing.conformance import rows_of

SAMPLES = Path(__file__).parents[1] / "samples" / "prestashop"
PARIS = ShopClock(ZoneInfo("Europe/Paris"))


def recorded(name: str) -> list[dict[str, Any]]:
    rows = parse_body((SAMPLES / name).read_bytes()).rows
    assert rows is not None
    return [dict(row) for row in rows]


def rows_in(body: bytes) -> list[Any]:
    rows = parse_body(body).rows
    if rows is None:
        raise UnreadableError("it has no list")
    return list(rows)


def orders_of(cart: PrestaShop, since: datetime | None = None) -> dict[str, CartOrder | BadRecord]:
    return {row.external_id: row.record for row in rows_of(cart.iter_orders(since))}


def last_stage(cart: PrestaShop) -> StageResult:
    return list(cart.test_connection())[-1]


def tables() -> Tables:
    meanings = {str(row["id"]): meaning_of(row, {}, {}) for row in recorded("order_states.json")}
    return Tables(
        clock=PARIS,
        default_currency="EUR",
        currencies={"1": {"id": "1", "iso_code": "EUR", "conversion_rate": "1.000000"}},
        countries={"17": {"iso_code": "GB"}},
        taxes={"1": {"rate": "20.000"}, "2": {"rate": "5.000"}},
        carriers={"2": {"name": "Parcel Co"}},
        states={key: (f"state {key}", meaning) for key, meaning in meanings.items()},
        option_values={"1": {"name": "S"}, "4": {"name": "Red"}, "5": {"name": "Blue"}},
    )
