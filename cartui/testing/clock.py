"""A clock that moves only when told to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class FrozenClock:
    """Call it for the time (aware UTC); `advance` it by hand."""

    def __init__(self, at: datetime = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def advance(self, step: timedelta | float) -> None:
        """Move on by a timedelta or by seconds."""
        self.at += step if isinstance(step, timedelta) else timedelta(seconds=step)
