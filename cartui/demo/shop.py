"""The demo shop: premises to sell on, a seller, and faults to arm in tests. No HTTP here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from cartui.demo.faults import Faults
from cartui.demo.premises import Premises
from cartui.demo.seller import sell_round


class DemoShop(Premises):
    """A shop over its own SQLite file; seeded when the file is new, opened as it is when it is not.

    path    file, or ":memory:"
    seed    the same seed and moment give the same shop; ignored for a file that is there already
    now     aware moment the shop's clock starts at. Without ``clock`` it then moves only by ticks and requests
    clock   a real clock (returns aware moments); the shop's own time never runs backwards whatever it says

    Safe to use from several threads. Raises ValueError for a naive ``now`` or a file of another version.
    """

    def __init__(self, path: Path | str, seed: int, now: datetime, clock: Callable[[], datetime] | None = None) -> None:
        super().__init__(path, seed, now, clock)
        self.faults = Faults()

    def tick(self, count: int = 1) -> list[tuple[str, str]]:
        """Let the shop sell for ``count`` rounds; what happened as (event, id). See cartui.demo.seller."""
        events: list[tuple[str, str]] = []
        for _ in range(count):
            events += sell_round(self)
        return events
