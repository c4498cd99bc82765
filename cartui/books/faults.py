"""What a database's own error means to the engine, one table a database, and the errors that only the books raise."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from peewee import PeeweeException

from cartui.errors import AbortCycleError, CartuiError, NeedsOperatorError


class StaleVersionError(NeedsOperatorError):
    """Somebody else saved the same thing since it was read; `by` and `at` (aware UTC) say who and when."""

    def __init__(self, what: str, by: str, at: datetime) -> None:
        super().__init__(
            f"{what} was changed by {by or 'somebody else'} on {at:%Y-%m-%d %H:%M:%S} UTC, after you opened it.",
            "Open it again and repeat your change.",
        )
        self.by = by
        self.at = at


class BrokenInvariantError(RuntimeError):
    """A constraint of the database refused a write: a bug, or a duplicate that must not be. Everything rolls back."""


_AGAIN: Final = AbortCycleError
_PERSON: Final = NeedsOperatorError
_Verdict = tuple[type[AbortCycleError] | type[NeedsOperatorError], str, str]

_SQLITE: Final[dict[int, _Verdict]] = {
    sqlite3.SQLITE_BUSY: (
        _AGAIN,
        "Another program kept the database {where} busy.",
        "It is tried again by itself; look for a long-running cartui or a backup if it goes on.",
    ),
    sqlite3.SQLITE_LOCKED: (_AGAIN, "The database {where} is locked.", "It is tried again by itself."),
    sqlite3.SQLITE_FULL: (
        _AGAIN,
        "The disk that holds the database {where} is full; nothing was half written.",
        "Free space on it; the work goes on by itself.",
    ),
    sqlite3.SQLITE_READONLY: (
        _PERSON,
        "The database {where} can't be written.",
        "Give this user write access to the file and its directory, and check that the disk is not mounted read-only.",
    ),
    sqlite3.SQLITE_READONLY_DBMOVED: (
        _PERSON,
        "The database {where} was removed or replaced while cartui used it.",
        "Put the right file in its place, then start cartui again.",
    ),
    sqlite3.SQLITE_PERM: (
        _PERSON,
        "Access to the database {where} is refused.",
        "Give this user read and write access.",
    ),
    sqlite3.SQLITE_AUTH: (
        _PERSON,
        "Access to the database {where} is refused.",
        "Give this user read and write access.",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        _PERSON,
        "The database {where} can't be opened.",
        "Check that the directory exists and that this user may write in it.",
    ),
    sqlite3.SQLITE_CORRUPT: (
        _PERSON,
        "The database {where} is damaged.",
        "Stop all cartui programs, keep a copy of the file, and restore the last backup.",
    ),
    sqlite3.SQLITE_NOTADB: (
        _PERSON,
        "The file {where} is not a cartui database.",
        "Name another file in the database setting, or restore the last backup.",
    ),
    sqlite3.SQLITE_IOERR: (
        _PERSON,
        "The disk that holds the database {where} reports an error.",
        "Look at free space, quotas and the system's log for the disk; nothing was half written.",
    ),
}

# By SQLSTATE, the longest prefix wins; "" is a connection that never came about or broke.
_POSTGRES: Final[dict[str, _Verdict]] = {
    "": (
        _AGAIN,
        "The database server of {where} can't be reached.",
        "Check that it runs; it is tried again by itself.",
    ),
    "08": (_AGAIN, "The connection to {where} broke.", "It is tried again by itself."),
    "57": (_AGAIN, "The database server of {where} is shutting down or starting.", "It is tried again by itself."),
    "53": (
        _AGAIN,
        "The database server of {where} has no room left (disk, memory or connections).",
        "Make room on the server; the work goes on by itself.",
    ),
    "40": (_AGAIN, "Two programs waited for each other in {where}.", "It is tried again by itself."),
    "55P03": (_AGAIN, "Another program kept the database {where} busy.", "It is tried again by itself."),
    "25006": (_PERSON, "The database {where} is read-only.", "Name the primary server in the database setting."),
    "28": (
        _PERSON,
        "The database server refused the user of {where}.",
        "Correct user or password in the database setting.",
    ),
    "3D000": (_PERSON, "There is no database {where}.", "Create it with `createdb`, or correct the database setting."),
    "42501": (_PERSON, "The user of {where} lacks a right.", "Make this user the owner of the database."),
    "58": (_PERSON, "The database server of {where} reports a disk error.", "Look at the server's log."),
    "XX": (_PERSON, "The database {where} is damaged.", "Look at the server's log and restore the last backup."),
}


def origin_of(error: BaseException) -> BaseException:
    """The driver's own error behind one of peewee's."""
    origin = getattr(error, "orig", None)
    return origin if isinstance(origin, BaseException) else error


def verdict_on(error: BaseException, where: str) -> CartuiError | BrokenInvariantError | None:
    """What to raise instead of a driver's error; None where it is a bug that should be seen as it is."""
    origin = origin_of(error)
    if isinstance(origin, sqlite3.IntegrityError) or type(origin).__name__ == "IntegrityError":
        return BrokenInvariantError(f"The database refused a write: {origin}")
    state: str | None = getattr(origin, "sqlstate", None)
    if isinstance(origin, sqlite3.Error):
        code = getattr(origin, "sqlite_errorcode", None)
        verdict = _SQLITE.get(code) or _SQLITE.get(code & 0xFF) if code is not None else None
    elif state is not None and state.startswith("23"):
        return BrokenInvariantError(f"The database refused a write: {origin}")
    elif state is not None:
        verdict = next((_POSTGRES[state[:n]] for n in (5, 2) if state[:n] in _POSTGRES), None)
    else:
        verdict = _POSTGRES[""] if type(origin).__name__ == "OperationalError" else None
    if verdict is None:
        return None
    kind, problem, remedy = verdict
    return kind(problem.format(where=where), remedy)


@contextmanager
def translated(where: str, unknown: Callable[[], None] | None = None) -> Iterator[None]:
    """Raise the engine's errors instead of the driver's. `unknown` is asked about what is none of those, before it is
    taken for a bug; it may raise what it is."""
    try:
        yield
    except (PeeweeException, sqlite3.Error) as error:
        _raise_better(error, where, unknown)
        raise
    except Exception as error:  # psycopg is optional: its errors are known by where they come from
        if type(error).__module__.startswith("psycopg"):
            _raise_better(error, where, unknown)
        raise


def _raise_better(error: Exception, where: str, unknown: Callable[[], None] | None) -> None:
    if (better := verdict_on(error, where)) is not None:
        raise better from error
    if unknown is not None:
        unknown()
