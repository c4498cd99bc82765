"""Whose turn it is to be read again, whatever its date says. Pure, and without memory: the clock alone tells.

The dates of some carts move neither with stock nor with a variant's price. Besides what changed since a moment, a slice
of the catalogue is read then: the ids whose turn came between that moment and now. Slices of one poll after the other
cover all ids within `WHOLE` (large catalogues: longer), and a poll costs the same number of requests whatever the
catalogue's size.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

WHOLE: Final = timedelta(hours=12)
MOST_IDS: Final = 2_000
_SECONDS_AN_ID: Final = 3  # of a large catalogue: 400 ids in the 20 minutes of a poll every five, with its overlap


def slices_due(since: datetime, now: datetime, highest: int) -> tuple[tuple[int, int], ...]:
    """Ranges of ids (first, last), both included, of 1 to `highest` that are to be read by a poll that asks for changes
    since a moment. After a long pause no more than `MOST_IDS`, another part each time."""
    if highest < 1 or now <= since:
        return ()
    places = 1 << (highest - 1).bit_length()  # stays the same while the catalogue grows
    period = max(int(WHOLE.total_seconds()), places * _SECONDS_AN_ID)
    begin, end = int(since.timestamp()), int(now.timestamp())
    length = min(places, (end - begin) * places // period + 2)
    first = (begin % period) * places // period
    if length > MOST_IDS:
        # Where the pauses are as long as the period, the same part would come each time.
        first = (first + (end * 2_654_435_761 >> 7) % (length - MOST_IDS + 1)) % places
        length = MOST_IDS
    parts = ((first + 1, min(first + length, places)), (1, first + length - places))
    return tuple((one, min(other, highest)) for one, other in parts if one <= min(other, highest))
