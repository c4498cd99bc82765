"""From a URL to an open database: where the file may lie, who may read it, and what must be set on each connection."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, cast
from urllib.parse import urlsplit, urlunsplit

import peewee

from cartui.books.database import BUSY_SECONDS, SQLITE_OLDEST, WAL_SAFE, Database
from cartui.books.faults import translated
from cartui.books.filters import SQLITE_FUNCTIONS
from cartui.books.slim_peewee import load_postgres
from cartui.errors import NeedsOperatorError

_NETWORK: Final = frozenset({
    "afs", "ceph", "cifs", "fuse.ceph", "fuse.glusterfs", "fuse.s3fs", "fuse.sshfs", "glusterfs", "lustre", "ncpfs",
    "nfs", "nfs4", "smb3", "smbfs",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Opened:
    """`notices`: sentences for the admin about what was put right on the way."""

    database: Database
    notices: tuple[str, ...]


def open_database(url: str, clock: Callable[[], datetime]) -> Opened:
    """Connect. Raises NeedsOperatorError (wrong URL, place or rights) or AbortCycleError (busy, server away)."""
    if url.startswith("sqlite:///"):
        return _open_sqlite(Path(url.removeprefix("sqlite:///")).expanduser(), clock)
    if url.startswith(("postgresql://", "postgres://")):
        return _open_postgres(url, clock)
    raise NeedsOperatorError(
        f"{url.split(':', 1)[0][:20]!r} is no kind of database that cartui knows.",
        "Write sqlite:///relative/path, sqlite:////absolute/path or postgresql://user@host/name.",
    )


def journal_mode(version: tuple[int, ...]) -> str:
    """WAL lost data in SQLite before 3.51.3 (a race of two checkpoints). Of the rollback journals DELETE forgets the
    last commit when the power goes: with synchronous FULL the journal's removal is not synced, its truncation is."""
    return "wal" if version >= WAL_SAFE else "truncate"


def sqlite_pragmas(version: tuple[int, ...]) -> dict[str, object]:
    """What each connection sets, in this order."""
    return {
        "busy_timeout": BUSY_SECONDS * 1000,
        "journal_mode": journal_mode(version),
        "synchronous": "full",
        "foreign_keys": 1,
        "cache_size": -16_000,
    }


def network_filesystem(path: Path, mountinfo: str) -> str | None:
    """The type of the network file system that `path` lies on, by the text of /proc/self/mountinfo."""
    best, found = -1, ""
    for line in mountinfo.splitlines():
        left, _, right = line.partition(" - ")
        fields = left.split()
        if len(fields) < 5 or not right:
            continue
        mount = fields[4].replace("\\040", " ")
        if (path == Path(mount) or Path(mount) in path.parents) and len(mount) >= best:
            best, found = len(mount), right.split()[0]
    return found if found in _NETWORK else None


def _open_sqlite(path: Path, clock: Callable[[], datetime]) -> Opened:
    if sqlite3.sqlite_version_info < SQLITE_OLDEST:
        raise NeedsOperatorError(
            f"This Python links SQLite {sqlite3.sqlite_version}; cartui needs 3.35 or later.", "Use a newer Python."
        )
    path = path.parent.resolve() / path.name
    notices = _prepare_file(path)
    driver = sqlite_driver(path, sqlite_pragmas(sqlite3.sqlite_version_info))
    database = Database(driver, str(path), clock)
    with translated(str(path)):
        driver.connect()
        driver.stay_with_file()
    return Opened(database, notices)


class SqliteFile(peewee.SqliteDatabase):
    """One file and no other. Where it was removed or replaced under a running program, SQLite would make an empty one
    in its place, or mix what it knows of the old one with the new one."""

    _stays: tuple[int, int] | None = None

    def stay_with_file(self) -> None:
        """From now on only the file that has this name now."""
        self._stays = self._found()

    def ensure_same(self) -> None:
        """NeedsOperatorError where another file has the name now, or none."""
        if self._stays is not None and self._found() != self._stays:
            raise NeedsOperatorError(
                f"The database {self.database} was removed or replaced while cartui used it.",
                "Put the right file in its place, then start cartui again.",
            )

    def _found(self) -> tuple[int, int] | None:
        try:
            found = os.stat(self.database)  # noqa: PTH116 - a text, asked before every transaction
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _connect(self) -> sqlite3.Connection:
        self.ensure_same()
        return cast(sqlite3.Connection, super()._connect())  # type: ignore[misc]  # peewee is untyped


def sqlite_driver(path: Path, pragmas: dict[str, object]) -> SqliteFile:
    """A driver that also knows the functions of `filters`."""
    driver = SqliteFile(str(path), pragmas=pragmas, timeout=BUSY_SECONDS)
    for name, (function, arguments) in SQLITE_FUNCTIONS.items():
        driver.register_function(function, name, arguments)
    return driver


def _prepare_file(path: Path) -> tuple[str, ...]:
    """Make the file for its owner alone, whatever the umask; SQLite gives its journal the same rights."""
    notices: list[str] = []
    try:
        for missing in reversed([place for place in (path.parent, *path.parent.parents) if not place.exists()]):
            missing.mkdir(mode=0o700, exist_ok=True)  # another program may start at the same time
            missing.chmod(0o700)
        _refuse_network(path)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            notices.append(f"{path} could be read by others; it is now for its owner alone.")
        if stat.S_IMODE(path.stat().st_mode) != 0o600:
            path.chmod(0o600)
    except OSError as error:
        raise NeedsOperatorError(
            f"The database {path} can't be opened: {error.strerror}.",
            "Check that the directory exists and that this user may write in it.",
        ) from error
    mode = path.parent.stat().st_mode
    if mode & 0o022 and not mode & stat.S_ISVTX:
        notices.append(f"Others may write in {path.parent} and could replace the database: run `chmod go-w` on it.")
    return tuple(notices)


def _refuse_network(path: Path) -> None:
    try:
        mountinfo = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return  # not Linux: can't be told cheaply
    if (kind := network_filesystem(path.parent.resolve() / path.name, mountinfo)) is not None:
        raise NeedsOperatorError(
            f"{path} lies on a network file system ({kind}), where SQLite's locks can't be trusted.",
            "Put the database on a local disk, or use PostgreSQL.",
        )


def _open_postgres(url: str, clock: Callable[[], datetime]) -> Opened:
    try:
        load_postgres()
    except ImportError:
        raise NeedsOperatorError(
            "The database setting names PostgreSQL, but its driver is not installed.",
            "Install it with `pip install 'cartui[postgres]'`.",
        ) from None
    driver = peewee.PostgresqlDatabase(
        url.replace("postgres://", "postgresql://", 1),
        prefer_psycopg3=True,
        options=f"-c lock_timeout={BUSY_SECONDS}s -c TimeZone=UTC -c default_transaction_isolation=read\\ committed",
        client_encoding="utf8",
        connect_timeout=BUSY_SECONDS,
        application_name="cartui",
    )
    database = Database(driver, _without_password(url), clock)
    with translated(database.where):
        driver.connect()
    return Opened(database, ())


def _without_password(url: str) -> str:
    """The URL as it may be shown: neither password nor query (which may hold one)."""
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    return urlunsplit((parts.scheme, f"{user.partition(':')[0]}{at}{host}", parts.path, "", ""))
