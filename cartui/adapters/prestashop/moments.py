"""The shop's local times. A stamp has no offset, so an hour is ambiguous when the clocks go back (PS_TIMEZONE).

`latest` is what a record's stamp becomes, `earliest` what a mark may claim, and the filter asks an hour more than
needed: whatever a record's true moment is, its stamp is not before it, so none falls through between two polls.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cartui.adapters.prestashop.wire import UnreadableError

_MOMENT = re.compile(r"(?!0000)\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", re.ASCII)
_WIDER = timedelta(hours=1)  # the hour of the clock change; that `>[…]` leaves its bound out does not matter then
_FIRST = datetime(1971, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ShopClock:
    """How the shop writes times."""

    zone: ZoneInfo

    def latest(self, text: str, field: str) -> datetime:
        """The moment (aware UTC); of the two of an ambiguous hour the later. `UnreadableError` for no time at all."""
        return max(self._both(text, field))

    def earliest(self, text: str, field: str) -> datetime:
        return min(self._both(text, field))

    def _both(self, text: str, field: str) -> tuple[datetime, datetime]:
        if _MOMENT.fullmatch(text):
            try:
                local = datetime.fromisoformat(text).replace(tzinfo=self.zone)
                return local.astimezone(UTC), local.replace(fold=1).astimezone(UTC)
            except (ValueError, OverflowError):
                pass
        raise UnreadableError(f"{field}: is not a time such as 2026-01-31 09:30:00")

    def bound(self, since: datetime) -> str:
        """The value of a filter `>[…]` that leaves out no record of `since` or later."""
        return (max(since, _FIRST).astimezone(self.zone).replace(tzinfo=None) - _WIDER).strftime("%Y-%m-%d %H:%M:%S")
