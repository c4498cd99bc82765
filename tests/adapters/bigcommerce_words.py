"""Values as BigCommerce writes them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TOKEN = "right-access-token"
STORE = "abc123"
PLACES = {"JPY": 0, "KWD": 3}
STATUS_NAMES = [
    "Incomplete",
    "Pending",
    "Shipped",
    "Partially Shipped",
    "Refunded",
    "Cancelled",
    "Declined",
    "Awaiting Payment",
    "Awaiting Pickup",
    "Awaiting Shipment",
    "Completed",
    "Awaiting Fulfillment",
    "Manual Verification Required",
    "Disputed",
    "Partially Refunded",
]
Row = dict[str, Any]


def text(amount: Decimal) -> str:
    """As V2 writes amounts."""
    return f"{amount:.4f}"


def rfc(moment: datetime) -> str:
    return format_datetime(moment)


def iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def moment_of(row: Row) -> datetime:
    stamp = str(row["date_modified"])
    return parsedate_to_datetime(stamp) if "," in stamp else datetime.fromisoformat(stamp)


def rounded(amount: Decimal, currency: str) -> Decimal:
    return amount.quantize(Decimal(1).scaleb(-PLACES.get(currency, 2)), ROUND_HALF_UP)


class Answer(Exception):
    """An answer other than 200."""

    def __init__(self, status: int, body: Any = None, headers: dict[str, str] | None = None) -> None:
        super().__init__(status)
        self.status, self.body, self.headers = status, body, headers or {}


def refused_v2(status: int, message: str) -> Answer:
    return Answer(status, [{"status": status, "message": message}])


def refused_v3(status: int, title: str) -> Answer:
    kind = "https://developer.bigcommerce.com/api-docs/getting-started/api-status-codes"
    return Answer(status, {"status": status, "title": title, "type": kind, "errors": {}})
