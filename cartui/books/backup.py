"""A copy of a SQLite database, taken while others work with it: all of one moment, checked, and there whole or not."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import stat
from contextlib import closing, suppress
from pathlib import Path
from typing import Final
from urllib.parse import quote

from cartui.books.database import BUSY_SECONDS
from cartui.errors import NeedsOperatorError

_HEADER: Final = b"SQLite format 3\0"
_KEPT: Final = "An earlier backup there is as it was."


def back_up(url: str, target: Path) -> int:
    """Write the database of `url` to the file `target`, for its owner alone; how many bytes it has.

    Works whatever the schema (nothing is migrated), while others read and write: one read transaction, so that it is
    the database of one moment; who wants to write meanwhile waits. Copied beside `target`, checked as a whole, made
    durable, and only then given its name: an earlier backup of that name is replaced or stays as it was.

    NeedsOperatorError says what is in the way: another kind of database, no room, a damaged source."""
    if not url.startswith("sqlite:///"):
        raise NeedsOperatorError("Only SQLite databases are backed up by cartui.", "For PostgreSQL use `pg_dump`.")
    source = Path(url.removeprefix("sqlite:///")).expanduser().absolute()
    target = target.expanduser().absolute()
    if not source.is_file():
        raise NeedsOperatorError(
            f"There is no database {source} to back up.", "CARTUI_HOME or CARTUI_DATABASE say where."
        )
    _ensure_replaceable(source, target)
    part = target.with_name(f".{target.name}.part")
    try:
        return _written(source, target, part)
    except OSError as error:
        raise NeedsOperatorError(
            f"The backup {target} can't be written: {error.strerror}.",
            f"See that there is room and that you may write there, or name another place. {_KEPT}",
        ) from error
    except sqlite3.Error as error:
        raise NeedsOperatorError(f"The backup {target} was not made: {error}.", f"{_remedy(error)} {_KEPT}") from error


def _ensure_replaceable(source: Path, target: Path) -> None:
    if not target.parent.is_dir():
        raise NeedsOperatorError(f"There is no directory {target.parent}.", "Make it, or name another place.")
    if target.is_dir():
        raise NeedsOperatorError(f"{target} is a directory.", f"Name a file, such as {target / 'cartui.db'}.")
    if not target.exists():
        return
    if target.samefile(source):
        raise NeedsOperatorError("That is the database itself.", "Name another file for the backup.")
    with target.open("rb") as earlier:
        if earlier.read(len(_HEADER)) not in (_HEADER, b""):
            raise NeedsOperatorError(f"{target} is there already and is no backup.", "Name another file.")


def _written(source: Path, target: Path, part: Path) -> int:
    held = os.open(part, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)  # given back by the kernel, however this process ends
        except BlockingIOError:
            raise NeedsOperatorError(f"Another backup to {target} is being made.", "Wait until it has ended.") from None
        try:
            os.ftruncate(held, 0)  # what a backup that was killed left
            os.fchmod(held, stat.S_IRUSR | stat.S_IWUSR)
            _copy(source, part)
            os.fsync(held)
            size = os.fstat(held).st_size
            part.replace(target)
        except BaseException:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise
    finally:
        os.close(held)
    _make_name_durable(target.parent)
    return size


def _copy(source: Path, part: Path) -> None:
    with (
        closing(sqlite3.connect(f"file:{quote(str(source))}?mode=rw", uri=True, timeout=BUSY_SECONDS)) as origin,
        closing(sqlite3.connect(part, isolation_level=None)) as copy,
    ):
        copy.execute("PRAGMA journal_mode = off")
        copy.execute("PRAGMA synchronous = off")  # it counts only once all of it is synced, right after
        origin.execute("PRAGMA schema_version").fetchone()  # a damaged file is said before anything is copied
        origin.backup(copy, pages=-1)
        copy.execute("PRAGMA journal_mode = delete")  # one file, whatever the source has beside it
        found = [row[0] for row in copy.execute("PRAGMA integrity_check(1)")]
        strays = copy.execute("PRAGMA foreign_key_check").fetchone()
    if found == ["ok"] and strays is not None:
        found = ["rows without what they belong to"]
    if found != ["ok"]:
        raise NeedsOperatorError(
            f"The database {source} is damaged ({found[0]}): no backup was made of it.",
            f"Stop all cartui programs, keep a copy of the file, and restore an earlier backup. {_KEPT}",
        )


def _make_name_durable(directory: Path) -> None:
    held = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(held)
    finally:
        os.close(held)


def _remedy(error: sqlite3.Error) -> str:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return "The database is damaged: keep a copy of the file, and restore an earlier backup."
    if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
        return "Look for room on both disks and for faults in the system's log, then run it again."
    return "Run it again when no other program keeps the database busy."
