"""`cartui demo`: the bundled shop on this machine, its cart document, and the screens on it."""

from __future__ import annotations

import argparse
import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from cartui.cli import output
from cartui.cli.interrupt import Interrupts
from cartui.cli.session import open_session
from cartui.cli.terminal import ensure_terminal, open_screens
from cartui.config.settings import Config, ensure_home, home_directory, load_config
from cartui.demo.server import DemoShop, RunningDemo, serve
from cartui.domain.settings import CartConnection, CartSettings, SyncStatus
from cartui.errors import ExitCode, NeedsOperatorError
from cartui.sync import carts
from cartui.sync.workspace import Workspace
from cartui.wiring import utc_now

CART_NAME = "Demo shop"
DEFAULT_SEED = 1
SELL_EVERY_SECONDS = 20.0


def run_demo(arguments: argparse.Namespace) -> int:
    """Serve the shop; open the screens on it, or with --serve-only wait until interrupted."""
    if not arguments.serve_only:
        ensure_terminal()
    if arguments.port is not None and not 0 <= arguments.port <= 65535:
        raise NeedsOperatorError("--port is a number from 0 to 65535.", "0, or leaving it out, takes a free port.")
    config = demo_config(arguments.seed)
    if arguments.serve_only:
        return _serve_only(arguments, config)
    with open_session("terminal", config) as ws:
        port = arguments.port if arguments.port is not None else last_port(ws)
        with served(config.home, arguments.seed, port, keep_port=arguments.port is not None) as demo:
            ensure_cart(ws, demo)
            _tell(demo, print_password=arguments.print_password)
            return open_screens(ws, config)


def demo_config(seed: int | None) -> Config:
    """A configuration of its own, beside the merchant's: CARTUI_HOME/demo, one more for each seed. The theme and keys
    are the merchant's."""
    own = home_directory(os.environ)
    ensure_home(own)
    name = "demo" if seed in (None, DEFAULT_SEED) else f"demo-{seed}"
    environ = {key: value for key, value in os.environ.items() if key != "CARTUI_DATABASE"}
    config = load_config({**environ, "CARTUI_HOME": str(own / name)})
    return replace(config, theme=load_config().theme, keys=load_config().keys)


@contextmanager
def served(home: Path, seed: int | None, port: int, *, keep_port: bool) -> Iterator[RunningDemo]:
    """The shop, served on loopback while inside. `keep_port`: another port than `port` won't do."""
    file = home / "shop.db"
    try:
        shop = DemoShop(file, DEFAULT_SEED if seed is None else seed, utc_now(), utc_now)
    except ValueError:
        raise NeedsOperatorError(
            f"{file} holds a demo shop of another version of cartui.", f"Delete {home} to start afresh."
        ) from None
    try:
        try:
            demo = serve(shop, port=port, sell_every=SELL_EVERY_SECONDS)
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
            if keep_port:
                raise NeedsOperatorError(
                    f"Port {port} can't be used: {error.strerror}.", "Choose another one, or leave --port out."
                ) from None
            demo = serve(shop, sell_every=SELL_EVERY_SECONDS)
        with demo:
            yield demo
    finally:
        shop.close()


def last_port(ws: Workspace) -> int:
    """The port of last time, so that the cart stays tested and RUNNING; 0 for the first time."""
    for view in carts.list_carts(ws):
        if view.document.name == CART_NAME:
            return urlsplit(view.document.connection.url).port or 0
    return 0


def ensure_cart(ws: Workspace, demo: RunningDemo) -> None:
    """Make the cart document of the shop, or bring its address and password up to date."""
    reference = carts.store_secret(ws, CART_NAME, "password", demo.password)
    connection = CartConnection("cart-connect", demo.address, {}, {"password": reference})
    known = [view.document for view in carts.list_carts(ws) if view.document.name == CART_NAME]
    if not known:
        carts.new_cart(ws, CART_NAME, connection, CartSettings(live=False))
        return
    document = known[0]
    if document.connection.url == connection.url and dict(document.connection.secret_refs) == connection.secret_refs:
        return
    if document.status is SyncStatus.RUNNING:
        document = carts.stop_cart(ws, CART_NAME, "the demo shop has a new address")
    updated = replace(document.connection, url=connection.url, secret_refs=connection.secret_refs)
    carts.save_cart(ws, replace(document, connection=updated))


def _serve_only(arguments: argparse.Namespace, config: Config) -> int:
    keep = arguments.port is not None
    with (
        Interrupts() as interrupts,
        served(config.home, arguments.seed, arguments.port or 0, keep_port=keep) as demo,
    ):
        _tell(demo, print_password=arguments.print_password)
        output.words("Press Ctrl+C to end.")
        while not interrupts.wait(3600):
            pass
    return ExitCode.OK


def _tell(demo: RunningDemo, *, print_password: bool) -> None:
    output.words(f"The demo shop is at {demo.address}")
    if print_password:
        output.json_line({"address": demo.address, "password": demo.password})
