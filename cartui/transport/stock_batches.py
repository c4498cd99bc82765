"""Stock that takes several requests: what the first ones wrote stays known, however the later ones end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from cartui.domain.records import StockResult, StockWrite, WriteState
from cartui.errors import AbortCycleError

Batch = Sequence[StockWrite]


def set_in_batches(batches: Iterable[Batch], set_batch: Callable[[Batch], Sequence[StockResult]]) -> list[StockResult]:
    """One result a write, in order. A shop that can't be talked to raises before anything was answered. Later, what was
    written must not be forgotten, and what was not sent is UNKNOWN: it is looked up like what was lost."""
    results: list[StockResult] = []
    failure = ""
    for batch in batches:
        try:
            results += _unknown(batch, failure) if failure else set_batch(batch)
        except AbortCycleError as error:
            if not results:
                raise
            failure = str(error)
            results += _unknown(batch, failure)
    return results


def _unknown(batch: Batch, reason: str) -> list[StockResult]:
    return [StockResult(one.item_id, WriteState.UNKNOWN, reason=reason) for one in batch]


def batches_of(writes: Batch, size: int) -> Iterable[Batch]:
    """In order, at most `size` each."""
    return (writes[start : start + size] for start in range(0, len(writes), size))
