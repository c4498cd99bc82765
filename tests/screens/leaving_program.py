"""Started by test_leaving: cartui over a shop whose pages come slowly, so that a cycle is always under way.

python leaving_program.py HOME [stuck]      "stuck": the second page never comes
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cartui.adapters import memory
from cartui.app import CartuiApp
from cartui.domain.ports import Page
from cartui.domain.records import CartOrder
from cartui.testing import samples
from cartui.testing.workspace import memory_workspace, running_cart

STUCK = "stuck" in sys.argv


class SlowCart(memory.MemoryCart):
    """Half a second a page."""

    def iter_orders(self, since: datetime | None) -> Iterator[Page[CartOrder]]:
        for number, page in enumerate(super().iter_orders(since)):
            time.sleep(3600 if STUCK and number == 1 else 0.3)
            yield page


def main() -> int:
    home = Path(sys.argv[1])
    now = datetime.now(UTC)
    shop = memory.MemoryShop(lambda: now, page_size=2)
    for number in range(400):
        placed = now - timedelta(minutes=500 - number)
        shop.orders[str(number)] = replace(samples.order(number, placed), modified_at=placed)
    slow = replace(memory.SPEC, open=lambda _: SlowCart(shop))
    clock = lambda: datetime.now(UTC)  # noqa: E731
    ws = memory_workspace(home, shop, clock, adapters={"memory": slow}, process="test terminal")  # type: ignore[arg-type]
    running_cart(ws)
    return CartuiApp(ws, start_cart="Main shop").run_until_left()


if __name__ == "__main__":
    sys.exit(main())
