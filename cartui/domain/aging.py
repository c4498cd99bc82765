"""How old what is owed is: receivables by age. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Final

AGES: Final = ("0-30 days", "31-60 days", "61-90 days", "over 90 days")


def age_of(placed_at: datetime, now: datetime) -> str:
    """The bucket of an invoice by its date; both aware. One of tomorrow is as new as one of today."""
    days = max(0, (now - placed_at).days)
    return AGES[0] if days <= 30 else AGES[1] if days <= 60 else AGES[2] if days <= 90 else AGES[3]
