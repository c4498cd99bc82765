"""One connection pool of httpcore under httpx, with sockets that know the deadline of the request they serve.

httpx's own timeouts restart with each received byte, so a server that drips one byte a second is never cut off, headers
least of all. Here each wait on a socket is bounded by the request's deadline, looks for a stop four times a second
(reads only: a write that left is waited for), and bytes are counted as they arrive.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import certifi
import httpcore
import httpx

from cartui.errors import NeedsOperatorError
from cartui.transport.limits import Limits
from cartui.transport.pacing import Waiter

_SLICE_SECONDS = 0.25
_KEEP_ALIVE_SECONDS = 5.0  # web servers drop idle connections from 5 s on (Apache's default): never race them
_FRAMING_BYTES = 256 << 10  # received bytes before the share of framing is judged
_HEAD_BYTES = 512 << 10  # until the headers are complete: h11 stops at 100 KB of them, but not at 1xx answers


class WastefulFramingError(Exception):
    """The server sends far more headers and chunk marks than content."""


@dataclass(slots=True)
class Call:
    """One exchange: until when (waiter's clock), whether a stop may cut it, and what crossed the wire so far."""

    waiter: Waiter
    deadline: float
    interruptible: bool
    received_cap: int
    sent: bool = False
    received: int = 0
    in_body: bool = False

    def left(self, timeout: float | None) -> float:
        left = self.deadline - self.waiter.now()
        return max(0.001, left if timeout is None else min(timeout, left))

    def count(self, size: int) -> None:
        self.received += size
        if self.received > (self.received_cap if self.in_body else _HEAD_BYTES):
            raise WastefulFramingError

    def check_framing(self, content: int) -> None:
        if self.received > _FRAMING_BYTES and content * 4 < self.received:
            raise WastefulFramingError


LOCATION = "cartui_location"  # the extension that carries the Location header
current_call: ContextVar[Call] = ContextVar("cartui_transport_call")


class _BoundedStream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        call = current_call.get()
        silent = 0.0
        longest = call.left(timeout)
        while True:
            if call.interruptible:
                call.waiter.wait(0)
            piece = min(_SLICE_SECONDS, call.left(longest - silent))
            try:
                data = self._inner.read(max_bytes, piece)
            except httpcore.ReadTimeout:
                silent += piece
                if silent >= longest or call.deadline <= call.waiter.now():
                    raise
            else:
                call.count(len(data))
                if call.deadline <= call.waiter.now():
                    raise httpcore.ReadTimeout
                return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        call = current_call.get()
        call.sent = call.sent or bool(buffer)
        self._inner.write(buffer, call.left(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        limit = current_call.get().left(timeout)
        return _BoundedStream(self._inner.start_tls(ssl_context, server_hostname, limit))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _BoundedBackend(httpcore.NetworkBackend):
    def __init__(self) -> None:
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        limit = current_call.get().left(timeout)
        return _BoundedStream(self._inner.connect_tcp(host, port, limit, local_address, socket_options))


class _Body(httpx.SyncByteStream):
    def __init__(self, stream: Iterable[bytes]) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        yield from self._stream

    def close(self) -> None:
        close = getattr(self._stream, "close", None)
        if close is not None:
            close()


class BoundedTransport(httpx.BaseTransport):
    """What `httpx.HTTPTransport` is, over the bounded sockets above; errors are httpcore's own."""

    def __init__(self, context: ssl.SSLContext | None, parallel: int) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=context,
            max_connections=max(parallel, 1) + 1,
            max_keepalive_connections=max(parallel, 1),
            keepalive_expiry=_KEEP_ALIVE_SECONDS,
            http1=True,
            http2=False,
            retries=0,
            network_backend=_BoundedBackend(),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self._pool.handle_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(
                    scheme=request.url.raw_scheme,
                    host=request.url.raw_host,
                    port=request.url.port,
                    target=request.url.raw_path,
                ),
                headers=request.headers.raw,
                content=cast("httpx.SyncByteStream", request.stream),
                extensions=request.extensions,
            )
        )
        # httpx would parse the target of a redirect even though it shall not follow it, and fail on a bad one.
        headers = [pair for pair in response.headers if pair[0].lower() != b"location"]
        targets = [value for name, value in response.headers if name.lower() == b"location"]
        return httpx.Response(
            status_code=response.status,
            headers=headers,
            stream=_Body(cast("Iterable[bytes]", response.stream)),
            extensions={**response.extensions, LOCATION: targets[0].decode("latin-1") if targets else ""},
        )

    def close(self) -> None:
        self._pool.close()


def received_cap(limits: Limits) -> int:
    """Bytes that one exchange may receive at all: the body's cap, and room for headers and framing."""
    return limits.wire_bytes + (limits.wire_bytes >> 2) + (1 << 20)


@lru_cache(maxsize=8)
def tls_context(ca_file: str | None) -> ssl.SSLContext:
    """Certificates are always verified: certifi's authorities, and those of `ca_file` (PEM) besides. Shared, because
    loading them costs more than a request. Raises NeedsOperatorError for a file that can't be read."""
    context = ssl.create_default_context(cafile=certifi.where())
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=ca_file)
        except (OSError, ssl.SSLError):
            raise NeedsOperatorError(
                f"The file of certificate authorities {ca_file} can't be read.",
                "Give the path of a PEM file that this user may read.",
            ) from None
    return context
