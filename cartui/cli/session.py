"""An open `Workspace` for the length of one command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from cartui.cli import output
from cartui.config.log import open_log
from cartui.config.settings import Config, load_config
from cartui.sync.workspace import Workspace
from cartui.wiring import build_workspace


@contextmanager
def open_session(process: str = "command", config: Config | None = None) -> Iterator[Workspace]:
    """Configuration, log and books, closed at the end. `process` as in `build_workspace`."""
    config = load_config() if config is None else config
    open_log(config.log_path, config.log_level)
    workspace = build_workspace(config, process=process)
    for notice in workspace.books.notices:
        output.words(f"Note: {notice}")
    try:
        yield workspace
    finally:
        workspace.books.close_thread()
