"""A clock that moves only when somebody waits on it."""

from __future__ import annotations

from cartui.transport import StoppedError


class VirtualWaiter:
    """`waits` are the waits asked for (zeros left out); `stop_after` makes the n-th of them a stop."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.time = 1000.0
        self.waits: list[float] = []
        self.stop_after = stop_after

    def now(self) -> float:
        return self.time

    def wait(self, seconds: float) -> None:
        if seconds <= 0:
            return
        self.waits.append(seconds)
        if self.stop_after is not None and len(self.waits) >= self.stop_after:
            raise StoppedError
        self.time += seconds
