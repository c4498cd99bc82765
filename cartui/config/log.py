"""The log: one JSON object a line in CARTUI_HOME/cartui.log (0600, rotated), all of it ASCII and redacted.

ASCII, because a name from a shop may carry terminal commands or line breaks, and somebody will read the log in a
terminal (RELIABILITY rule 24). Several processes may write to one log: each line is one append under a file lock.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

MAX_BYTES: Final = 5_000_000
KEEP: Final = 3
_MAX_MESSAGE: Final = 20_000


def open_log(path: Path, level: str = "info") -> None:
    """Send all log records of this process to `path`; calling it again changes only the place."""
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, JsonLinesHandler)]:
        root.removeHandler(handler)
    root.addHandler(JsonLinesHandler(path))
    root.setLevel(level.upper())
    # These two log addresses at INFO and headers at DEBUG.
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)


class JsonLinesHandler(logging.Handler):
    """Appends records to a file. A log that can't be written (full disk) never stops the work."""

    def __init__(self, path: Path, *, max_bytes: int = MAX_BYTES, keep: int = KEEP) -> None:
        super().__init__()
        self._path = path
        self._max_bytes = max_bytes
        self._keep = keep

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        try:
            self._append(render_record(record).encode("ascii") + b"\n")
        except (OSError, ValueError):
            return

    def _append(self, line: bytes) -> None:
        for _ in range(5):  # another process may rotate between our open and our lock
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                mine = os.fstat(descriptor)
                if not self._is_current(mine):
                    continue
                if mine.st_size and mine.st_size + len(line) > self._max_bytes:
                    self._rotate()
                    continue
                os.write(descriptor, line)
                return
            finally:
                os.close(descriptor)

    def _is_current(self, mine: os.stat_result) -> bool:
        try:
            return os.path.samestat(mine, self._path.stat())
        except FileNotFoundError:
            return False

    def _rotate(self) -> None:
        for number in range(self._keep - 1, 0, -1):
            older = self._path.with_name(f"{self._path.name}.{number}")
            if older.exists():
                older.replace(self._path.with_name(f"{self._path.name}.{number + 1}"))
        self._path.replace(self._path.with_name(f"{self._path.name}.1"))


def render_record(record: logging.LogRecord) -> str:
    """A record as one line of ASCII JSON without secrets; a traceback without local variables."""
    line: dict[str, object] = {
        "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname.lower(),
        "logger": record.name,
        "pid": record.process,
        "message": _clean(record.getMessage()),
    }
    if record.exc_info and record.exc_info[1] is not None:
        line["traceback"] = _clean(render_traceback(record.exc_info[1]))
    return json.dumps(line, ensure_ascii=True)


def render_traceback(error: BaseException) -> str:
    """Where it happened and what, without the values of variables."""
    return "".join(traceback.TracebackException.from_exception(error, capture_locals=False).format())


def _clean(text: str) -> str:
    # Imported here: it brings the HTTP library along, which a command that logs nothing does without.
    from cartui.transport.secrets import redact

    return redact(text)[-_MAX_MESSAGE:]
