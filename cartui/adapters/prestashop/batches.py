"""Values of one filter, in portions. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

_MOST_VALUES: Final = 200
_MOST_CHARACTERS: Final = 3_000  # of one filter: web servers take request lines of 8 kB, and a bar is three there


def in_batches(values: Iterable[str]) -> Iterator[list[str]]:
    """In portions that fit into an address; what would break the filter's grammar can't be in the shop."""
    batch: list[str] = []
    size = 0
    for value in dict.fromkeys(values):
        if not value or not value.replace("-", "").replace("_", "").isalnum():
            continue
        if len(batch) >= _MOST_VALUES or size + len(value) + 3 > _MOST_CHARACTERS:
            yield batch
            batch, size = [], 0
        batch.append(value)
        size += len(value) + 3
    if batch:
        yield batch
