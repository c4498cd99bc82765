"""`cartui` without a command: the terminal screens."""

from __future__ import annotations

import argparse
import os
import sys

from cartui.cli.session import open_session
from cartui.config.settings import Config, load_config
from cartui.errors import NeedsOperatorError
from cartui.sync.workspace import Workspace


def run_terminal(_arguments: argparse.Namespace) -> int:
    """Open the screens on the merchant's own carts."""
    ensure_terminal()
    config = load_config()
    with open_session("terminal", config) as ws:
        return open_screens(ws, config)


def open_screens(ws: Workspace, config: Config, *, start_cart: str | None = None) -> int:
    """Run the app until it is left, and give its exit code. `start_cart`: open this cart at once."""
    from cartui.app import CartuiApp

    app = CartuiApp(ws, start_cart=start_cart, keys=config.keys)
    if config.theme:
        if config.theme not in app.available_themes:
            raise NeedsOperatorError(
                f"There is no theme {config.theme!r}.", f"Choose one in config.toml: {', '.join(app.available_themes)}."
            )
        app.theme = config.theme
    return app.run_until_left()


def ensure_terminal() -> None:
    """Refuse to draw where nobody can see it or type."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise NeedsOperatorError(
            "The screens need a terminal, and this is none.",
            "Without one use `cartui --sync-only`, or a command: `cartui --help` lists them.",
        )
    if os.environ.get("TERM", "") in ("", "dumb"):
        raise NeedsOperatorError(
            "This terminal can't draw screens (TERM is not set, or dumb).", "Set TERM, such as TERM=xterm-256color."
        )
