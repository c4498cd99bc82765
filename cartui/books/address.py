"""Addresses and payments as text columns: only what is filled in is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from operator import attrgetter
from typing import Any

from cartui.books.fields import to_json
from cartui.domain.records import Address, Payment, PaymentState

_NAMES = tuple(Address.__dataclass_fields__)
_values_of = attrgetter(*_NAMES)
_EMPTY = Address()


def address_as_json(address: Address) -> str:
    """One address; "" for an empty one."""
    return _as_json(address)


@lru_cache(maxsize=1024)  # an order's address is written for its buyer and on its document, within a page
def _as_json(address: Address) -> str:
    return to_json({name: value for name, value in zip(_NAMES, _values_of(address), strict=True) if value})


def address_from(stored: Mapping[str, str]) -> Address:
    """The address again."""
    return Address(**stored) if stored else _EMPTY


def addresses_as_json(addresses: Sequence[Address]) -> str:
    """Several addresses; "" for none."""
    return "[" + ",".join([_as_json(address) or "{}" for address in addresses]) + "]" if addresses else ""


def addresses_from(stored: Sequence[Mapping[str, str]]) -> tuple[Address, ...]:
    """The addresses again."""
    return tuple(Address(**one) for one in stored)


def payments_as_json(payments: Sequence[Payment]) -> str:
    """Payments; amounts as exact text."""
    return "[" + ",".join([to_json(_payment_values(payment)) for payment in payments]) + "]" if payments else ""


def payments_from(stored: Sequence[Mapping[str, str]]) -> tuple[Payment, ...]:
    """The payments again."""
    return tuple(_payment(one) for one in stored)


def _payment_values(payment: Payment) -> dict[str, str]:
    values = {
        "method": payment.method,
        "amount": str(payment.amount),
        "state": payment.state._value_,
        "title": payment.title,
        "reference": payment.reference,
    }
    if payment.paid_at is not None:
        values["paid_at"] = payment.paid_at.isoformat()
    return values


def _payment(values: Mapping[str, Any]) -> Payment:
    paid_at = values.get("paid_at")
    return Payment(
        method=values["method"],
        amount=Decimal(values["amount"]),
        state=PaymentState(values["state"]),
        title=values["title"],
        reference=values["reference"],
        paid_at=None if paid_at is None else datetime.fromisoformat(paid_at),
    )
