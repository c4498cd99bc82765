"""What an order state means. Merchants rename, renumber and add states; the marks (paid, shipped, delivery, logable,
invoice) are the reliable part, then the ids that the shop itself keeps for its own ones (PS_OS_…), then the template of
the mail, then the numbers of a fresh installation (install-dev/data/xml/order_state.xml)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from cartui.adapters.prestashop.wire import Row
from cartui.domain.records import FulfilmentState, OrderState, PaymentState
from cartui.errors import NeedsOperatorError

Meaning = tuple[OrderState, PaymentState, FulfilmentState]

WORDS: Final[Mapping[str, Meaning]] = {
    "pending": (OrderState.OPEN, PaymentState.PENDING, FulfilmentState.UNFULFILLED),
    "paid": (OrderState.OPEN, PaymentState.PAID, FulfilmentState.UNFULFILLED),
    "processing": (OrderState.OPEN, PaymentState.PAID, FulfilmentState.IN_PROGRESS),
    "shipped": (OrderState.OPEN, PaymentState.PAID, FulfilmentState.SHIPPED),
    "delivered": (OrderState.CLOSED, PaymentState.PAID, FulfilmentState.DELIVERED),
    "cancelled": (OrderState.CANCELLED, PaymentState.VOIDED, FulfilmentState.UNFULFILLED),
    "refunded": (OrderState.CLOSED, PaymentState.REFUNDED, FulfilmentState.UNFULFILLED),
    "failed": (OrderState.OPEN, PaymentState.FAILED, FulfilmentState.UNFULFILLED),
    "on_hold": (OrderState.ON_HOLD, PaymentState.PENDING, FulfilmentState.ON_HOLD),
}
CONFIGURED: Final[Mapping[str, str]] = {
    "PS_OS_CANCELED": "cancelled",
    "PS_OS_REFUND": "refunded",
    "PS_OS_ERROR": "failed",
    "PS_OS_DELIVERED": "delivered",
    "PS_OS_CHEQUE": "pending",
    "PS_OS_BANKWIRE": "pending",
    "PS_OS_PAYPAL": "pending",
    "PS_OS_OUTOFSTOCK_UNPAID": "pending",
    "PS_OS_COD_VALIDATION": "pending",
}
SHIPPED_STATE: Final = "PS_OS_SHIPPING"
"""The shop's setting that names its state for orders that were shipped."""
_TEMPLATES: Final = {
    "order_canceled": "cancelled",
    "refund": "refunded",
    "payment_error": "failed",
    "cheque": "pending",
    "bankwire": "pending",
    "cashondelivery": "pending",
    "outofstock": "pending",
}
_INSTALLED: Final = {
    "1": "pending", "5": "delivered", "6": "cancelled", "7": "refunded", "8": "failed", "10": "pending",
    "12": "pending", "13": "pending",
}  # fmt: skip
_CALLED_OFF: Final = frozenset({"cancelled", "refunded", "failed"})


def meaning_of(state: Row, ids: Mapping[str, str], own: Mapping[str, str]) -> Meaning | None:
    """What a state says, None where nothing tells. `ids`: state id -> word, as the shop's configuration has them;
    `own`: the same, as the merchant entered them, which goes before all else."""
    state_id = str(state.get("id", ""))
    if word := own.get(state_id):
        return WORDS[word]
    paid, shipped, delivery, logable, invoice = (
        state.get(mark) == "1" for mark in ("paid", "shipped", "delivery", "logable", "invoice")
    )
    known = ids.get(state_id) or _TEMPLATES.get(_first(state.get("template"))) or _INSTALLED.get(state_id, "")
    if shipped:
        order, _, fulfilment = WORDS["delivered" if known == "delivered" else "shipped"]
        return order, PaymentState.PAID if paid else PaymentState.PENDING, fulfilment
    if known in _CALLED_OFF and not logable:
        return WORDS[known]
    if paid:
        return WORDS["processing" if delivery else "paid"]
    if known in _CALLED_OFF or known == "pending":
        return WORDS[known]
    if logable or invoice or delivery:
        # It counts as a sale, or is being prepared, and is not paid: an order on account or cash on delivery.
        order, payment, _ = WORDS["pending"]
        return order, payment, FulfilmentState.IN_PROGRESS if delivery else FulfilmentState.UNFULFILLED
    return WORDS["pending"] if state.get("module_name") else None


def _first(template: object) -> str:
    if isinstance(template, list):
        return next((str(one.get("value")) for one in template if isinstance(one, dict) and one.get("value")), "")
    return str(template or "")


def parse_status_map(text: str) -> dict[str, str]:
    """The option `status_map`: "17=paid, 18=cancelled"."""
    found: dict[str, str] = {}
    for entry in filter(None, (part.strip() for part in re.split(r"[,;]", text))):
        state_id, _, word = (part.strip() for part in entry.partition("="))
        if not state_id.isdecimal() or word not in WORDS:
            raise NeedsOperatorError(
                f"The option status_map of this cart has an entry that can't be read: {entry[:40]!r}.",
                f"Write it as 17=paid; the words are {', '.join(WORDS)}.",
            )
        found[state_id] = word
    return found
