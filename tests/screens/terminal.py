"""What the tests of the screens share: reading the screen, waiting for its threads, a scripted Test Connection."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from textual.pilot import Pilot

from cartui.adapters.memory import MemoryCart, MemoryShop
from cartui.app import CartuiApp
from cartui.domain.ports import StageResult

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
URL = "https://shop.example.com/modules"
SIZES = [(80, 24), (120, 40)]


@dataclass
class Script:
    """What Test Connection says, instead of the shop's own stages."""

    stages: list[StageResult] = field(default_factory=list)


class ScriptedCart(MemoryCart):
    """The shop in memory, with a scripted Test Connection."""

    def __init__(self, shop: MemoryShop, script: Script) -> None:
        super().__init__(shop)
        self._script = script

    def test_connection(self) -> Iterator[StageResult]:
        yield from self._script.stages or super().test_connection()


async def settle(pilot: Pilot[int]) -> None:
    """Wait until no thread works for the screens and all messages are handled."""
    app = pilot.app
    assert isinstance(app, CartuiApp)
    deadline = time.monotonic() + 20
    quiet = 0
    while time.monotonic() < deadline:
        await pilot.pause()
        working = bool(app.threads.jobs) or any(worker.is_running for worker in app.workers)
        quiet = 0 if working else quiet + 1
        if quiet == 3:
            return
    raise AssertionError(f"still at work: {[job.title for job in app.threads.jobs]}")


def lines(app: CartuiApp) -> list[str]:
    """What stands on the screen, line by line."""
    return [strip.text.rstrip() for strip in app.screen._compositor.render_strips()]


def seen(app: CartuiApp) -> str:
    """What stands on the screen; dialogs with the screen below them."""
    return "\n".join(lines(app))
