"""Five hundred orders within one second, at shops of every style, with pages smaller than that second."""

from __future__ import annotations

import pytest

from cartui.domain.ids import RecordKind
from cartui.sync.cycle import run_cycle
from tests.simulation.carts import STYLES, page_size
from tests.simulation.schedule import NAME, Schedule
from tests.simulation.shop import order

ORDERS = 500


@pytest.mark.slow
@pytest.mark.parametrize("style", sorted(STYLES))
def test_all_orders_of_one_second_are_imported_once(style: str) -> None:
    """None is lost between pages and none is doubled, although all of them have one stamp."""
    schedule = next(one for one in map(Schedule, range(500)) if one.world.style == style and not one.sends)
    world, shop, process = schedule.world, schedule.shop, schedule.process
    world.aims.clear()
    shop.page_size = 100
    before = len(shop.orders)
    for number in range(before, before + ORDERS):
        shop.put(RecordKind.ORDER, order(number, shop.clock(), number % 4, 1))
    with page_size(100):
        for _ in range(2):
            world.advance(60)
            process.in_cycle, process.steps = True, -100_000
            run_cycle(process.ws, NAME)
    [(documents, distinct)] = process.database.ask("SELECT COUNT(*), COUNT(DISTINCT external_id) FROM document")
    assert distinct == documents >= ORDERS
    assert not [one for one in schedule.oracle.unfinished(process) if "never read" in one]
