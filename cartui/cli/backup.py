"""`cartui backup FILE`."""

from __future__ import annotations

import argparse
from pathlib import Path

from cartui.books.backup import back_up
from cartui.cli import output
from cartui.config.settings import load_config
from cartui.errors import ExitCode


def run_backup(arguments: argparse.Namespace) -> int:
    """Write it and say so. The books are not opened: a backup before an upgrade must not upgrade them."""
    target = Path(arguments.file)
    size = back_up(load_config().database, target)
    if arguments.json:
        output.json_line({"backup": str(target.expanduser().absolute()), "bytes": size})
    output.words(f"Backed up to {target} ({size:,} bytes), checked.")
    return ExitCode.OK
