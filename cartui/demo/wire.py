"""What every answer of the protocol is made of: times, JSON text and refusals. Source: docs/cart-connect.md."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

Row = dict[str, Any]
"""One record as it goes over the wire; its shape is stated in docs/cart-connect.openapi.yaml."""

KINDS = ("orders", "items", "customers", "baskets")
ID_FIELDS = {"orders": "order_id", "items": "item_id", "customers": "customer_id", "baskets": "basket_id"}
PAGE_MAXIMUM = 250
PAGE_DEFAULT = 100
BATCH_MAXIMUM = 500

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", re.ASCII)


class RefusalError(Exception):
    """A request the shop answers with an error of the protocol's one shape."""

    def __init__(
        self, status: int, code: str, message: str, remedy: str, *, field: str | None = None, **details: str
    ) -> None:
        super().__init__(message)
        self.status = status
        error = {"code": code, "message": message, "remedy": remedy}
        if field is not None:
            error["field"] = field
        self.body: Row = {"error": error | details}


def invalid(field: str, message: str, remedy: str) -> RefusalError:
    """A 400 about one field or parameter."""
    return RefusalError(400, "invalid_value", f"{field}: {message}", remedy, field=field)


def render_time(moment: datetime) -> str:
    """RFC 3339 in UTC with exactly six decimals, so that text order is time order."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_time(text: str, field: str) -> datetime:
    """An aware UTC moment from a request. Only ``Z`` is taken: the ``+`` of an offset turns into a blank in a query."""
    if not _TIME.fullmatch(text):
        raise invalid(field, "not a time in UTC", "Send RFC 3339 in UTC, such as 2026-01-31T09:30:00.000000Z.")
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise invalid(field, "no such day or hour", "Send a time that exists.") from None


def dump_json(value: object) -> str:
    """Compact ASCII JSON: control characters and foreign scripts go escaped, so that any client can read them."""
    return json.dumps(value, separators=(",", ":"))
