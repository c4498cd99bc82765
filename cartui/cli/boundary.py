"""Where errors become sentences and exit codes. The one place of the command line that may catch everything."""

from __future__ import annotations

import argparse
import errno
import importlib
import logging
import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from cartui.cli import interrupt, output
from cartui.cli.parser import COMMANDS
from cartui.domain.query import QueryError
from cartui.errors import (
    AbortCycleError,
    CartuiError,
    ExitCode,
    HoldRecordError,
    LeaseTakenError,
    NeedsOperatorError,
    headless,
)
from cartui.sync.workspace import StopRequested

# command -> module:function; each takes the arguments and returns an exit code

GRAVEST_FIRST: Final = (
    ExitCode.BUG,
    ExitCode.INTERRUPTED,
    ExitCode.CART_REFUSED,
    ExitCode.CONFIG_OR_GUARD,
    ExitCode.BRAKE,
    ExitCode.TRY_AGAIN_LATER,
    ExitCode.HELD_RECORDS,
    ExitCode.LEASE_TAKEN,
    ExitCode.OK,
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Failure:
    """What a person is told, and the exit code."""

    sentence: str
    code: int


def worst(codes: Iterable[int]) -> int:
    """The gravest of several exit codes, in the order of `GRAVEST_FIRST`; 0 for none."""
    found = set(codes)
    return next((int(code) for code in GRAVEST_FIRST if code in found), ExitCode.OK)


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit code, whatever happens."""
    output.prepare_streams()
    interrupt.end_like_ctrl_c()
    os.umask(0o077)
    try:
        code = _command(arguments)(arguments)
        code = _flushed(code)
    except BrokenPipeError:
        # The reader has seen enough (`cartui list … | head`).
        output.detach(sys.stdout)
        return ExitCode.OK
    except (KeyboardInterrupt, StopRequested):
        code = _told(Failure("Interrupted. What was done before stays done; run it again for the rest.", 130))
    except SystemExit as ending:
        return ending.code if isinstance(ending.code, int) else ExitCode.BUG
    except Exception as error:  # noqa: BLE001  # the process boundary
        code = _told(explain(error) or logged_bug(error))
    return code


def _command(arguments: argparse.Namespace) -> Callable[[argparse.Namespace], int]:
    if arguments.command is not None:
        target = COMMANDS[arguments.command][0]
    else:
        target = "sync_only:run_sync_only" if arguments.sync_only else "terminal:run_terminal"
    module, _, name = target.partition(":")
    command: Callable[[argparse.Namespace], int] = getattr(importlib.import_module(f"cartui.cli.{module}"), name)
    return command


def explain(error: BaseException) -> Failure | None:
    """Sentence and exit code of an expected error; None for a bug."""
    match error:
        case NeedsOperatorError():
            return Failure(headless(error.told), error.exit_code)
        case HoldRecordError():
            return Failure(f"{error.record}: {headless(error.told)}", ExitCode.HELD_RECORDS)
        case AbortCycleError():
            return Failure(headless(error.told), ExitCode.TRY_AGAIN_LATER)
        case LeaseTakenError():
            return Failure(headless(error.told), ExitCode.LEASE_TAKEN)
        case CartuiError():
            return Failure(headless(error.told), ExitCode.CONFIG_OR_GUARD)
        case QueryError():
            return Failure(str(error), ExitCode.CONFIG_OR_GUARD)
        case OSError() if error.errno in _MACHINE_REMEDIES:
            where = f" ({error.filename})" if error.filename else ""
            return Failure(
                f"{os.strerror(error.errno or 0)}{where}. {_MACHINE_REMEDIES[error.errno]}", ExitCode.CONFIG_OR_GUARD
            )
        case _ if type(error).__module__.partition(".")[0] in ("peewee", "sqlite3", "psycopg"):
            return _explain_database(str(error))
        case _:
            return None


_MACHINE_REMEDIES: Final[dict[int | None, str]] = {
    errno.ENOSPC: "Make room on the disk and run it again; nothing was lost.",
    errno.EDQUOT: "Make room in your quota and run it again; nothing was lost.",
    errno.EFBIG: "Raise the limit for the size of files and run it again; nothing was lost.",
    errno.EROFS: "Make the file system writable, or set CARTUI_HOME to another directory.",
    errno.EACCES: "Correct the permissions, or run cartui as the user that owns its data.",
    errno.EPERM: "Correct the permissions, or run cartui as the user that owns its data.",
    errno.EMFILE: "Raise the limit for open files (ulimit -n) and run it again.",
    errno.EIO: "The disk reports a fault: check it, and restore the database from a backup if need be.",
}

_DATABASE_SIGNS: Final = (
    (("disk is full", "No space left"), "The disk is full.", "Make room and run it again; nothing was lost."),
    (
        ("readonly database", "read-only"),
        "The database is read-only.",
        "Correct the permissions of its file and directory, or run cartui as the user that owns them.",
    ),
    (("locked", "busy"), "Another program keeps the database busy.", "Run it again when that one has ended."),
    (
        ("unable to open",),
        "The database can't be opened.",
        "Check CARTUI_DATABASE and the permissions of its directory; `cartui doctor` says more.",
    ),
    (
        ("disk I/O error",),
        "The disk reports a fault while the database was used.",
        "Check free space, quotas and the disk, then run it again.",
    ),
    (
        ("malformed", "not a database"),
        "The database file is damaged, or is not one of cartui's.",
        "Restore it from a backup, or name another one with CARTUI_DATABASE.",
    ),
)


def _explain_database(message: str) -> Failure | None:
    for signs, problem, remedy in _DATABASE_SIGNS:
        if any(sign in message for sign in signs):
            return Failure(f"{problem} {remedy}", ExitCode.CONFIG_OR_GUARD)
    return None


def logged_bug(error: Exception) -> Failure:
    """Log what happened, without local variables, and say where to read it."""
    from cartui.config.log import open_log
    from cartui.config.settings import load_config

    try:
        config = load_config()
        open_log(config.log_path, config.log_level)
        log.error("A fault in cartui.", exc_info=error)
        where = f"The details are in {config.log_path}."
    except (CartuiError, OSError):
        where = "The details could not be logged."
    return Failure(f"A fault in cartui ({type(error).__name__}). {where} Please report it with them.", ExitCode.BUG)


def _flushed(code: int) -> int:
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        output.detach(sys.stdout)
        output.words(
            f"Not all of the output could be written: {error.strerror}. What was done stays done. Make room, or send"
            " the output elsewhere."
        )
        return worst([code, ExitCode.CONFIG_OR_GUARD])
    return code


def _told(failure: Failure) -> int:
    output.words(redacted(failure.sentence))
    try:
        sys.stdout.flush()
    except OSError:
        output.detach(sys.stdout)
    return failure.code


def redacted(text: str) -> str:
    """`text` without secrets."""
    from cartui.config.secrets import masked
    from cartui.config.settings import redacted_url

    return redacted_url(masked(text))
