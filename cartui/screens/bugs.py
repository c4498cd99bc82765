"""The log of bugs: what was called, never the values of variables (they hold customers' data and secrets)."""

from __future__ import annotations

import logging
import os
import traceback
from datetime import datetime
from pathlib import Path

log = logging.getLogger(__name__)
NAME = "cartui-errors.log"


def log_bug(home: Path, at: datetime, bug: BaseException | None) -> Path:
    """Append the bug's traceback to the log, which only this user can read, and return the log's path."""
    path = home / NAME
    lines = "".join(traceback.format_exception(bug)) if bug is not None else "unknown\n"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(handle, "a", encoding="ascii", errors="backslashreplace") as file:
            file.write(f"--- {at:%Y-%m-%dT%H:%M:%SZ}\n{lines}")
    except OSError:
        log.exception("The log %s can't be written", path)
    return path
