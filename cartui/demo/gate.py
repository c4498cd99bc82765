"""Stands between the network and the shop's application, and makes armed faults happen (cartui.demo.faults)."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cartui.demo.app import BASE
from cartui.demo.faults import AFTER, INSTEAD, Armed, Faults, Reply
from cartui.demo.wire import dump_json

DRIP_PIECES = 200
_SINCE = ("modified_since", "placed_since")
_NEVER: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Line:
    """An open connection of a client, and when it is gone."""

    transport: asyncio.Transport
    lost: asyncio.Event


class FaultGate:
    """An ASGI application around another. ``lines`` holds the open connections by (host, port) of the client."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self.app = app
        self.faults = faults
        self.lines: dict[tuple[str, int], Line] = {}
        self._last_pages: dict[str, bytes] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(f"{BASE}/"):
            await self.app(scope, receive, send)
            return
        path = scope["path"].removeprefix(f"{BASE}/")
        query = scope["query_string"].decode("latin-1")
        fault = self.faults.take(f"{scope['method']} {path}" + (f"?{query}" if query else ""))
        if fault is not None and fault.name in INSTEAD:
            await self._send(scope, send, INSTEAD[fault.name](fault.options))
            return
        reply = await self._run(scope, receive, fault)
        previous = self._last_pages.get(path, reply.body)
        if scope["method"] == "GET" and reply.status == 200:
            self._last_pages[path] = reply.body
        if fault is not None and fault.name == "stale-page":
            reply.body = previous
        elif fault is not None and fault.name in AFTER:
            reply = AFTER[fault.name](reply, fault.options)
        await self._send(scope, send, reply)

    async def _run(self, scope: Scope, receive: Receive, fault: Armed | None) -> Reply:
        """Let the application answer, and catch what it says."""
        ignored = _NEVER
        if fault is not None and fault.name == "ignore-filter":
            pairs = parse_qsl(scope["query_string"].decode("latin-1"))
            ignored = {name: value for name, value in pairs if name in _SINCE}
            scope = dict(scope) | {"query_string": urlencode([p for p in pairs if p[0] not in _SINCE]).encode()}
        messages: list[Message] = []

        async def catch(message: Message) -> None:
            messages.append(message)

        await self.app(scope, receive, catch)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in messages[0]["headers"]}
        reply = Reply(messages[0]["status"], headers, b"".join(part.get("body", b"") for part in messages[1:]))
        if ignored and reply.status == 200:
            page: dict[str, Any] = json.loads(reply.body)
            page["filters"] |= ignored
            reply.body = dump_json(page).encode()
        return reply

    async def _send(self, scope: Scope, send: Send, reply: Reply) -> None:
        if reply.end == "none":
            await self._drop(scope)
            return
        headers = {name: value for name, value in reply.headers.items() if name != "content-length"}
        headers["content-length"] = str(len(reply.body))
        pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": reply.status, "headers": pairs})
        if reply.end == "cut":
            await send({"type": "http.response.body", "body": reply.body[: len(reply.body) // 2], "more_body": True})
            await self._drop(scope)
            return
        if reply.end == "drip":
            step = max(1, len(reply.body) // DRIP_PIECES)
            for start in range(0, len(reply.body), step):
                part = reply.body[start : start + step]
                await send({"type": "http.response.body", "body": part, "more_body": True})
                await asyncio.sleep(reply.pause)
            await send({"type": "http.response.body", "body": b""})
            return
        await send({"type": "http.response.body", "body": reply.body})

    async def _drop(self, scope: Scope) -> None:
        """Close the client's connection without another word; what is written already still goes out."""
        line = self.lines.get(tuple(scope["client"]))
        if line is not None:
            line.transport.close()
            await line.lost.wait()
