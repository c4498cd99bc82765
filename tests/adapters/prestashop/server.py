"""The made-up PrestaShop on a loopback port, and the adapter on it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cartui.adapters.prestashop import PrestaShop
from cartui.domain.ports import Connection
from tests.adapters.prestashop.shop import KEY, FakePrestaShop


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        shop = self.server.shop
        status, headers, answer = shop.answer(self.command, self.path, dict(self.headers), body)
        if "lost_answer" in shop.faults and self.command != "GET":
            self.close_connection = True
            self.connection.close()
            return
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = do_PUT = do_PATCH = _serve  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Silent."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    shop: FakePrestaShop

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away, or was cut off on purpose."""


@contextmanager
def serve(shop: FakePrestaShop) -> Iterator[FakePrestaShop]:
    """The shop on a loopback port; `shop.url` is its address."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.shop = shop
    shop.url = f"http://127.0.0.1:{server.server_port}/shop"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield shop
    finally:
        for cart in shop.opened:
            cart.close()
        server.shutdown()
        thread.join()
        server.server_close()


def connect(shop: FakePrestaShop, key: str = KEY, url: str = "", waiter: Any = None, **options: str) -> PrestaShop:
    """The adapter, on the shop's own clock; closed with the shop."""
    connection = Connection("Shop", url or shop.url, options, lambda _: key, False, lambda: shop.moment)
    shop.opened.append(PrestaShop(connection, waiter))
    return shop.opened[-1]
