"""Faults by name, for tests only: armed in the process of the shop, never over HTTP."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cartui.demo.wire import Row, dump_json

Options = dict[str, Any]


@dataclass(slots=True)
class Reply:
    """A complete answer, before it is sent. ``end``: "whole", "cut" (half, then the line drops), "none" (it drops at
    once) or "drip" (slowly, ``pause`` seconds between pieces)."""

    status: int
    headers: dict[str, str]
    body: bytes
    end: str = "whole"
    pause: float = 0.0


@dataclass(slots=True)
class Armed:
    """A fault waiting for requests that match ``on``, a beginning of "METHOD path-within-v1"."""

    name: str
    times: int
    on: str
    skip: int
    options: Options = field(default_factory=dict)


class Faults:
    """What will go wrong next, and what was asked. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._armed: list[Armed] = []
        self.requests: deque[str] = deque(maxlen=10_000)
        """Every request under /v1/ as "METHOD path?query", newest last."""

    def arm(self, name: str, times: int = 1, *, on: str = "", skip: int = 0, **options: Any) -> None:
        """Let the next ``times`` matching requests, after ``skip`` of them, fail. ValueError for an unknown name."""
        if name not in FAULT_NAMES:
            raise ValueError(f"no such fault: {name}; there are {', '.join(sorted(FAULT_NAMES))}")
        with self._lock:
            self._armed.append(Armed(name, times, on, skip, options))

    def disarm(self) -> None:
        """Nothing goes wrong any more."""
        with self._lock:
            self._armed.clear()

    def take(self, request: str) -> Armed | None:
        """Note a request ("GET orders?limit=5") and use up the first fault that matches it."""
        with self._lock:
            self.requests.append(request)
            for fault in self._armed:
                if request.startswith(fault.on):
                    if fault.skip:
                        fault.skip -= 1
                        continue
                    fault.times -= 1
                    if fault.times <= 0:
                        self._armed.remove(fault)
                    return fault
        return None


def _error(status: int, code: str, **headers: str) -> Callable[[Options], Reply]:
    def reply(options: Options) -> Reply:
        error = {"code": code, "message": "A fault of the demo shop.", "remedy": "Try again later."}
        names = {name.replace("_", "-"): str(options.get(name, value)) for name, value in headers.items()}
        names["content-type"] = "application/json; charset=utf-8"
        return Reply(status, names, dump_json({"error": error}).encode())

    return reply


def _html(options: Options) -> Reply:
    page = b"<!DOCTYPE html><html><body><h1>We are back soon</h1></body></html>"
    return Reply(int(options.get("status", 200)), {"content-type": "text/html; charset=utf-8"}, page)


def _redirect(options: Options) -> Reply:
    return Reply(302, {"location": str(options.get("location", "https://elsewhere.invalid/"))}, b"")


INSTEAD: dict[str, Callable[[Options], Reply]] = {
    "401": _error(401, "unauthorized"),
    "403": _error(403, "read_only"),
    "429": _error(429, "rate_limited", retry_after="1"),
    "429-no-retry-after": _error(429, "rate_limited"),
    "500": _error(500, "internal"),
    "502": lambda _: _html({"status": 502}),
    "503": _error(503, "unavailable", retry_after="1"),
    "html": _html,
    "redirect": _redirect,
    "lost-request": lambda _: Reply(0, {}, b"", "none"),
}
"""Answers given without doing what was asked. ``429`` and ``503`` take retry_after=…, ``redirect`` location=…."""


def _end(end: str) -> Callable[[Reply, Options], Reply]:
    def change(reply: Reply, options: Options) -> Reply:
        reply.end, reply.pause = end, float(options.get("pause", 0.01))
        return reply

    return change


def _change_rows(change: Callable[[Row, Options], None]) -> Callable[[Reply, Options], Reply]:
    """Change the JSON of a page; other answers stay as they are."""

    def spoil(reply: Reply, options: Options) -> Reply:
        page = json.loads(reply.body)
        if "rows" in page:
            change(page, options)
            reply.body = dump_json(page).encode()
        return reply

    return spoil


def _lie_total(page: Row, options: Options) -> None:
    page["total"] += int(options.get("by", 1))


def _empty(page: Row, _options: Options) -> None:
    page["rows"], page["next_cursor"] = [], None


def _spoil(field: str, text: str) -> Callable[[Row, Options], None]:
    """Put a bad value into the first row that has the field (the options row=…, field=… and text=… choose others)."""

    def change(page: Row, options: Options) -> None:
        name = str(options.get("field", field))
        rows = [row for row in page["rows"] if name in row]
        if rows:
            rows[min(int(options.get("row", 0)), len(rows) - 1)][name] = options.get("text", text)

    return change


def _instead_of_answer(_reply: Reply, options: Options) -> Reply:
    return INSTEAD["500"](options)


def _half(reply: Reply, _options: Options) -> Reply:
    reply.body = reply.body[: len(reply.body) // 2]
    return reply


def _notice(reply: Reply, _options: Options) -> Reply:
    reply.body = b"<br />\n<b>Notice</b>: Undefined index: total in cartconnect.php on line 12<br />\n" + reply.body
    return reply


AFTER: dict[str, Callable[[Reply, Options], Reply]] = {
    "500-after-write": _instead_of_answer,
    "lost-answer": _end("none"),
    "cut": _end("cut"),
    "slow-drip": _end("drip"),
    "half-json": _half,
    "php-notice": _notice,
    "lie-total": _change_rows(_lie_total),
    "empty-page": _change_rows(_empty),
    "bad-amount": _change_rows(_spoil("total", "twelve")),
    "bad-date": _change_rows(_spoil("modified_at", "0000-00-00T00:00:00Z")),
    "bad-text": _change_rows(_spoil("order_number", "half a pair \ud800")),
    "bad-status": _change_rows(_spoil("order_state", "teleported")),
}
"""Answers spoilt after the work was done, so that a write has happened."""

PAGING = {"stale-page", "ignore-filter"}
"""Done by the server itself: the page before once more; or filters that are echoed but not applied."""

FAULT_NAMES = INSTEAD.keys() | AFTER.keys() | PAGING
