"""What stands beside an order: its lines, addresses, taxes and coupons, each on a paged list, and its refunds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from pydantic import ValidationError

from cartui.adapters.bigcommerce.facts import FACTS
from cartui.adapters.bigcommerce.parse import UNREAD, row_id
from cartui.adapters.bigcommerce.session import MOST_PAGES, REMEDY, BigCommerceSession, GoneError, rows_in
from cartui.adapters.bigcommerce.wire import ZERO, HeadWire
from cartui.errors import AbortCycleError
from cartui.transport import StoppedError

_DETAILS: Final = ("products", "shipping_addresses", "taxes", "coupons")
_MOST_FAILED: Final = 3  # orders of one page; more are the shop's failure, not theirs


def with_details(session: BigCommerceSession, rows: Sequence[Any]) -> list[Any]:
    """The orders with their lists in the place of the links, and refunds; asked for in parallel."""
    refunds = _refunds(session, [row_id(row) for row in rows if _was_refunded(row)])
    wanted = [(index, name) for index, row in enumerate(rows) for name in _details_of(row)]
    found = session.many(lambda one: _detail(session, row_id(rows[one[0]]), one[1]), wanted)
    failed = {index for (index, _), details in zip(wanted, found, strict=True) if isinstance(details, str)}
    if len(failed) > _MOST_FAILED:
        raise AbortCycleError(f"The shop fails to show {len(failed)} orders of one page.", REMEDY)
    whole = [dict(row) if isinstance(row, dict) else row for row in rows]
    for row in whole:
        if isinstance(row, dict):
            row |= {name: [] for name in _DETAILS if not isinstance(row.get(name), list)}
            row["refunds"] = refunds.get(row_id(row), [])
    for (index, name), details in zip(wanted, found, strict=True):
        whole[index][UNREAD if isinstance(details, str) else name] = details
    return whole


def _detail(session: BigCommerceSession, order_id: str, name: str) -> list[Any] | str:
    """One list of an order, or why this order alone has none: it shall not keep the others from coming."""
    path = f"v2/orders/{order_id}/{name}"
    try:
        return session.all_rows(path, {}, FACTS.page_size, expect=(404,))
    except GoneError:
        return "The order went away while it was read."
    except StoppedError:
        raise
    except AbortCycleError:
        # Tried several times already. Where the shop fails on this list only, the order is held.
        if session.get(path, {"limit": "1"}, expect=(500,)).status != 500:
            raise
        return f"The shop fails (status 500) to show the order's {name.replace('_', ' ')}."


def _refunds(session: BigCommerceSession, ids: Sequence[str]) -> dict[str, list[Any]]:
    """Refunds by order, empty without the right to read them: the order's own status tells that there are some."""
    found: dict[str, list[Any]] = {}
    for start in range(0, len(ids), 50):
        asked = {"order_id:in": ",".join(ids[start : start + 50]), "limit": str(FACTS.page_size)}
        for page in range(1, MOST_PAGES):
            reply = session.get("v3/orders/payment_actions/refunds", {**asked, "page": str(page)}, expect=(403, 404))
            rows = [] if reply.status != 200 else rows_in(reply, "refunds")
            for row in rows:
                found.setdefault(str(row.get("order_id")) if isinstance(row, dict) else "", []).append(row)
            if len(rows) < FACTS.page_size:
                break
    return found


def _details_of(row: object) -> list[str]:
    """The lists that an order needs: those that must be empty by its own amounts are not asked for."""
    if not isinstance(row, dict) or not row_id(row).isdigit():
        return []
    try:
        head = HeadWire.model_validate({**row, "products": [], "taxes": [], "refunds": []})
    except ValidationError:
        return ["products"]  # it will be held; its lines help whoever looks at it
    needed = {
        "products": True,
        "shipping_addresses": row.get("shipping_address_count") != 0,
        "taxes": head.total_tax != ZERO,
        "coupons": head.coupon_discount != ZERO,
    }
    return [name for name in _DETAILS if needed[name]]


def _was_refunded(row: object) -> bool:
    if not isinstance(row, dict) or not row_id(row).isdigit():
        return False
    return row.get("status_id") in (4, 14) or "refunded" in str(row.get("payment_status") or "")
