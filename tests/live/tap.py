"""A loopback server in front of a real shop: it notes the writes that reach it, and can swallow an answer."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from tests.loopback import running

_MUTATION = re.compile(r"^\s*mutation\b", re.MULTILINE)
_SESSION = re.compile(r"login\(")
_PASSED_ON = ("content-type", "vendure-auth-token")


class Fate(Enum):
    """What becomes of a write. The shop carries it out but nobody hears of it: LOSE_ANSWER. It never gets there:
    LOSE_REQUEST."""

    PASS = "pass"
    LOSE_ANSWER = "lose the answer"
    LOSE_REQUEST = "lose the request"


def is_write(body: bytes) -> bool:
    """A GraphQL mutation that is not about the session alone."""
    query = str(json.loads(body).get("query", "")) if body else ""
    return _MUTATION.search(query) is not None and _SESSION.search(query) is None


@dataclass
class Tap:
    """`writes`: the bodies of the writes that the shop got, in order. `decide` is asked before each is passed on, and
    `answered` called with it when the shop has carried it out."""

    shop: str
    address: str = ""
    writes: list[dict[str, Any]] = field(default_factory=list)
    decide: Callable[[dict[str, Any]], Fate] = lambda body: Fate.PASS
    answered: Callable[[dict[str, Any]], None] = lambda body: None

    def named(self, mutation: str) -> list[dict[str, Any]]:
        """The writes by a part of their text."""
        return [body for body in self.writes if mutation in body["query"]]


@contextmanager
def tapped(shop: str) -> Iterator[Tap]:
    """Serve until the end of the block."""
    tap = Tap(shop)
    with httpx.Client(base_url=shop, timeout=60, trust_env=False) as client:
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(tap, client))
        server.daemon_threads = True
        with running(server) as tap.address:
            yield tap


def _handler(tap: Tap, client: httpx.Client) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            writes = is_write(body)
            told = json.loads(body) if writes else {}
            fate = tap.decide(told) if writes else Fate.PASS
            if fate is not Fate.LOSE_REQUEST:
                if writes:
                    tap.writes.append(told)
                headers = {name: text for name, text in self.headers.items() if name.lower() not in _HOP}
                reply = client.request(self.command, self.path, content=body, headers=headers)
                if writes:
                    tap.answered(told)
            if fate is not Fate.PASS:
                self.close_connection = True
                return
            self._answer(reply)

        do_POST = _pass_on  # noqa: N815 - the base class asks for it; GraphQL needs no other

        def _answer(self, reply: httpx.Response) -> None:
            try:
                self.send_response(reply.status_code)
                for name in _PASSED_ON:
                    if name in reply.headers:
                        self.send_header(name, reply.headers[name])
                self.send_header("Content-Length", str(len(reply.content)))
                self.end_headers()
                self.wfile.write(reply.content)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # whoever asked is dead

        def handle(self) -> None:
            with suppress(ConnectionResetError):  # likewise
                super().handle()

        def log_message(self, *_words: object) -> None:
            """Nothing."""

    return Handler


_HOP = ("host", "content-length", "connection", "accept-encoding")
