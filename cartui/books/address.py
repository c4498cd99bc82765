"""Addresses and payments as text columns: only what is filled in is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from cartui.books.fields import to_json
from cartui.domain.records import Address, Payment, PaymentState

_NAMES = tuple(Address.__dataclass_fields__)
_EMPTY = Address()


def address_as_json(address: Address) -> str:
    """One address; "" for an empty one."""
    return to_json(_filled(address))


def address_from(stored: Mapping[str, str]) -> Address:
    """The address again."""
    return Address(**stored) if stored else _EMPTY


def addresses_as_json(addresses: Sequence[Address]) -> str:
    """Several addresses; "" for none."""
    return to_json([_filled(address) for address in addresses])


def addresses_from(stored: Sequence[Mapping[str, str]]) -> tuple[Address, ...]:
    """The addresses again."""
    return tuple(Address(**one) for one in stored)


def payments_as_json(payments: Sequence[Payment]) -> str:
    """Payments; amounts as exact text."""
    return "[" + ",".join([to_json(_payment_values(payment)) for payment in payments]) + "]" if payments else ""


def payments_from(stored: Sequence[Mapping[str, str]]) -> tuple[Payment, ...]:
    """The payments again."""
    return tuple(_payment(one) for one in stored)


def _filled(address: Address) -> dict[str, str]:
    return {name: value for name in _NAMES if (value := getattr(address, name))}


def _payment_values(payment: Payment) -> dict[str, str]:
    values = {
        "method": payment.method,
        "amount": str(payment.amount),
        "state": payment.state.value,
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
