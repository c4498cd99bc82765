"""Serves a demo shop over HTTP from a thread of this process."""

from __future__ import annotations

import asyncio
import socket
import threading
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from cartui.demo.app import DIRECTORY, build_app
from cartui.demo.gate import FaultGate, Line
from cartui.demo.shop import DemoShop

START_SECONDS = 10.0

__all__ = ["DemoShop", "RunningDemo", "serve"]


@dataclass(slots=True)
class RunningDemo:
    """A served shop. ``address`` and ``password`` are what a merchant enters in the Shopping Cart document."""

    shop: DemoShop
    address: str
    password: str = field(repr=False)
    read_only_password: str = field(repr=False)
    _server: uvicorn.Server = field(repr=False)
    _threads: list[threading.Thread] = field(repr=False)
    _ending: threading.Event = field(repr=False)

    def stop(self) -> None:
        """End selling and serving; the shop's file stays open until shop.close(). Twice does no harm."""
        self._ending.set()
        self._server.should_exit = True
        for thread in self._threads:
            thread.join(START_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _Server(uvicorn.Server):
    """Tells when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()


def serve(shop: DemoShop, host: str = "127.0.0.1", port: int = 0, sell_every: float | None = None) -> RunningDemo:
    """Serve a shop until stop(). ``port`` 0 takes a free one; ``sell_every``: seconds between selling rounds, None:
    the shop sells only by shop.tick(). Raises OSError when the port is taken, RuntimeError when it does not start."""
    listener = _listen(host, port)
    gate = FaultGate(build_app(shop), shop.faults)
    config = uvicorn.Config(
        gate,
        loop="asyncio",
        http=_protocol(gate),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    server = _Server(config)
    ending = threading.Event()
    threads = [threading.Thread(target=server.run, args=([listener],), name="demo shop", daemon=True)]
    if sell_every is not None:
        threads.append(threading.Thread(target=_sell, args=(shop, sell_every, ending), name="seller", daemon=True))
    for thread in threads:
        thread.start()
    address = f"http://{host}:{listener.getsockname()[1]}{DIRECTORY}"
    running = RunningDemo(shop, address, shop.password, shop.read_only_password, server, threads, ending)
    if not server.listening.wait(START_SECONDS):
        running.stop()
        raise RuntimeError("the demo shop did not start")
    return running


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket. The protocol is named, since asyncio sends small pieces at once only where it is: else each
    answer waits 40 ms for the client's acknowledgement of its head."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener


def _sell(shop: DemoShop, every: float, ending: threading.Event) -> None:
    while not ending.wait(every):
        shop.tick()


def _protocol(gate: FaultGate) -> type[H11Protocol]:
    """uvicorn's own protocol, which also shows the gate its connections, so that a fault can drop one."""

    class Protocol(H11Protocol):
        def connection_made(self, transport: Any) -> None:
            self._peer = transport.get_extra_info("peername")[:2]
            gate.lines[self._peer] = Line(transport, asyncio.Event())
            super().connection_made(transport)

        def connection_lost(self, exc: Exception | None) -> None:
            line = gate.lines.pop(self._peer, None)
            if line is not None:
                line.lost.set()
            super().connection_lost(exc)

    return Protocol
