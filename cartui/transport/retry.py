"""When to try again: the server's Retry-After, a jittered back-off, a budget for extra requests and a circuit."""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from cartui.errors import AbortCycleError
from cartui.transport.pacing import LONGEST_HOLD_SECONDS

_MINUTE = 60.0
_SECONDS = re.compile(r"\d{1,9}(\.\d{1,3})?")


@dataclass(frozen=True, slots=True)
class RetryRules:
    """`attempts` in all for one request; the wait before try n is random between 0 and base · 2ⁿ, capped. The circuit
    opens after `failures_to_open` failures in a row and then lets one request a minute through."""

    attempts: int = 4
    base_seconds: float = 0.5
    cap_seconds: float = 20.0
    failures_to_open: int = 5
    share: float = 0.1
    least_a_minute: int = 2


def parse_http_date(text: str | None) -> datetime | None:
    """An HTTP date as aware UTC, None where there is none or it can't be read."""
    if not text or len(text) > 64:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def parse_retry_after(text: str | None, server_now: datetime) -> float | None:
    """Seconds to wait (0 … 900) from `Retry-After`, which is seconds or an HTTP date; the date is compared with the
    server's own clock. None: nothing usable was said."""
    if text is None:
        return None
    text = text.strip()
    if _SECONDS.fullmatch(text):
        seconds = float(text)
    else:
        moment = parse_http_date(text)
        if moment is None:
            return None
        seconds = (moment - server_now).total_seconds()
    return min(max(seconds, 0.0), LONGEST_HOLD_SECONDS)


def backoff_seconds(rules: RetryRules, attempt: int, random: Callable[[], float]) -> float:
    """Full jitter: a random share of min(cap, base · 2ⁿ), n = 0 before the first retry."""
    return random() * float(min(rules.cap_seconds, rules.base_seconds * 2.0 ** min(attempt, 30)))


class RetryBudget:
    """Retries of the last minute: at most a tenth of its requests, but always two."""

    def __init__(self, rules: RetryRules, now: Callable[[], float]) -> None:
        self._rules = rules
        self._now = now
        self._requests: deque[float] = deque()
        self._retries: deque[float] = deque()
        self._lock = threading.Lock()

    def note_request(self) -> None:
        with self._lock:
            self._requests.append(self._now())
            self._forget()

    def take(self) -> bool:
        """True, and counted, if one more retry is allowed now."""
        with self._lock:
            self._forget()
            allowed = max(float(self._rules.least_a_minute), self._rules.share * len(self._requests))
            if len(self._retries) + 1 > allowed:
                return False
            self._retries.append(self._now())
            return True

    def _forget(self) -> None:
        before = self._now() - _MINUTE
        for times in (self._requests, self._retries):
            while times and times[0] <= before:
                times.popleft()


class Circuit:
    """A cart that failed several times in a row is left alone but for one probe a minute."""

    def __init__(self, rules: RetryRules, now: Callable[[], float]) -> None:
        self._rules = rules
        self._now = now
        self._failures = 0
        self._next_probe = 0.0
        self._lock = threading.Lock()

    @property
    def is_open(self) -> bool:
        return self._failures >= self._rules.failures_to_open

    def ensure_may_send(self) -> None:
        """Raises AbortCycleError with the time until the next probe; while open the caller is that probe."""
        with self._lock:
            if not self.is_open:
                return
            now = self._now()
            if now >= self._next_probe:
                self._next_probe = now + _MINUTE
                return
            wait = self._next_probe - now
        raise AbortCycleError(
            "The shop did not answer properly several times in a row, so it is left alone for a moment.",
            f"cartui tries again by itself in {wait:.0f} seconds.",
            retry_after_seconds=wait,
        )

    def note(self, *, failed: bool) -> None:
        with self._lock:
            if not failed:
                self._failures = 0
                return
            self._failures += 1
            if self.is_open:
                self._next_probe = self._now() + _MINUTE
