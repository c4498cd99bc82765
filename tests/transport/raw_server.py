"""A server on a loopback port that misbehaves to order: raw sockets, so that every byte on the wire can be wrong.

    with RawServer(lambda talk: talk.answer(200, b"{}")) as server:
        ...                       # server.url, server.requests

The handler is called once for each request that was read, in a thread per connection; returning keeps the connection
open for the next request, `talk.cut()` closes it. `server.closing` is set when the test is over.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, Self


@dataclass(frozen=True)
class SeenRequest:
    """One request as it arrived; header names in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Talk:
    """One request and the means to answer it."""

    request: SeenRequest
    server: RawServer
    connection: socket.socket
    open: bool = field(default=True)

    def send(self, data: bytes) -> bool:
        """Send raw bytes; False once the client is gone."""
        try:
            self.connection.sendall(data)
        except OSError:
            self.open = False
        return self.open

    def answer(
        self,
        status: int = 200,
        body: bytes = b"{}",
        headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        *,
        content_type: str = "application/json",
    ) -> None:
        """A proper answer with a Content-Length."""
        self.head(status, [("Content-Length", str(len(body))), *_pairs(headers)], content_type=content_type)
        self.send(body)

    def head(
        self,
        status: int = 200,
        headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        *,
        content_type: str = "application/json",
    ) -> None:
        """Status line and headers only."""
        lines = [f"HTTP/1.1 {status} Whatever", f"Content-Type: {content_type}"]
        lines += [f"{name}: {value}" for name, value in _pairs(headers)]
        self.send("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n")

    def chunk(self, data: bytes) -> bool:
        """One chunk of a chunked body (b"" ends it)."""
        return self.send(b"%x\r\n%b\r\n" % (len(data), data))

    def drip(self, data: bytes, every_seconds: float) -> None:
        """Send byte by byte until the client leaves or the test is over."""
        for byte in data:
            if self.server.closing.wait(every_seconds) or not self.send(bytes([byte])):
                break
        self.cut()

    def hang(self) -> None:
        """Say nothing more until the test is over."""
        self.server.closing.wait(30)
        self.open = False

    def cut(self) -> None:
        """Close the connection."""
        self.open = False


class RawServer:
    """Listens on 127.0.0.1 and a free port. `requests` holds every request that was read, `connections` counts."""

    def __init__(
        self, handler: Callable[[Talk], None], *, tls: ssl.SSLContext | None = None, greeting: bytes = b""
    ) -> None:
        self.handler = handler
        self.requests: list[SeenRequest] = []
        self.connections = 0
        self.closing = threading.Event()
        self._tls = tls
        self._greeting = greeting  # sent on connecting, before anything was asked
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._sockets: list[socket.socket] = []

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept()
        self._listener.close()
        for connection in self._sockets:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive(), "a handler of the raw server never returned"

    def _start(self, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self.closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.settimeout(30)
            self._sockets.append(connection)
            self.connections += 1
            self._start(lambda peer=connection: self._serve(peer))  # type: ignore[misc]

    def _serve(self, connection: socket.socket) -> None:
        try:
            peer = self._tls.wrap_socket(connection, server_side=True) if self._tls else connection
        except OSError:  # the client did not like the certificate
            connection.close()
            return
        self._sockets.append(peer)
        with peer, contextlib.suppress(OSError), peer.makefile("rb") as stream:
            peer.sendall(self._greeting)
            while not self.closing.is_set():
                request = _read_request(stream)
                if request is None:
                    return
                self.requests.append(request)
                talk = Talk(request, self, peer)
                self.handler(talk)
                if not talk.open:
                    with contextlib.suppress(OSError):
                        peer.shutdown(socket.SHUT_RDWR)
                    return


def _pairs(headers: Mapping[str, str] | Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    return list(headers.items()) if isinstance(headers, Mapping) else list(headers)


def _read_request(stream: BinaryIO) -> SeenRequest | None:
    line = stream.readline()
    if not line.strip():
        return None
    parts = line.decode("latin-1").split(" ")
    if len(parts) != 3:  # not HTTP: a TLS greeting, for example
        return None
    method, target, _ = parts
    headers: dict[str, str] = {}
    while (line := stream.readline()).strip():
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    return SeenRequest(method, target, headers, stream.read(int(headers.get("content-length", "0"))))
