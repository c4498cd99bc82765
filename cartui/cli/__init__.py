"""The command line: arguments in, exit code out. Heavy imports wait until a command needs them."""

from __future__ import annotations

import gc
import os
import sys

from cartui.cli.parser import parse
from cartui.cli.words.arguments import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; never a traceback (DESIGN 4, Errors)."""
    try:
        arguments = parse(argv)
    except UsageError as error:
        sys.stderr.write(f"{error.problem}\nRead `{error.command} --help`.\n")
        return 2
    except SystemExit as ending:  # --help and --version have printed
        return _flushed(int(ending.code or 0))
    gc.set_threshold(50_000, 20, 100)  # what is loaded stays: a collector that looks through it finds nothing
    try:
        from cartui.cli.boundary import run
    except KeyboardInterrupt:
        return 130
    except ModuleNotFoundError as error:
        sys.stderr.write(f"cartui is not installed completely: {error.name} is missing.\nInstall it again with pip.\n")
        return 2
    return run(arguments)


def _flushed(code: int) -> int:
    try:
        sys.stdout.flush()
    except OSError:
        # The reader has gone (`cartui --help | head -1`); Python must not complain about it once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return code
