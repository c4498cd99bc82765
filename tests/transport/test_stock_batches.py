"""Stock in several requests, of which one fails."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cartui.domain.ids import CartItemId
from cartui.domain.records import StockResult, StockWrite, WriteState
from cartui.errors import AbortCycleError
from cartui.transport import batches_of, set_in_batches

WRITES = [StockWrite(CartItemId(str(number)), Decimal(number)) for number in range(5)]


def states(fails_at: int) -> list[WriteState]:
    """Batches of two; nothing is sent after the one that fails."""
    sent = 0

    def set_batch(batch: list[StockWrite]) -> list[StockResult]:
        nonlocal sent
        assert sent <= fails_at
        sent += len(batch)
        if sent > fails_at:
            raise AbortCycleError("The shop is down.")
        return [StockResult(one.item_id, WriteState.DONE) for one in batch]

    results = set_in_batches(batches_of(WRITES, 2), set_batch)  # type: ignore[arg-type]
    assert [one.item_id for one in results] == [one.item_id for one in WRITES]
    return [one.state for one in results]


def test_what_was_written_before_a_failure_stays_known() -> None:
    """The rest is looked up before it is sent again, and the shop is left in peace."""
    assert states(fails_at=2) == [WriteState.DONE] * 2 + [WriteState.UNKNOWN] * 3
    assert states(fails_at=5) == [WriteState.DONE] * 5


def test_a_shop_that_is_down_from_the_start_ends_the_round() -> None:
    """Nothing was written: the cycle tries again later."""
    with pytest.raises(AbortCycleError):
        states(fails_at=0)
