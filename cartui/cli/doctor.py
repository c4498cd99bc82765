"""`cartui doctor`: is this installation sound, and can every cart be worked with? Changes nothing but for --adopt."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sqlite3
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote

from cartui import __version__
from cartui.cli import output
from cartui.cli.boundary import redacted
from cartui.cli.session import open_session
from cartui.config.secrets import shown_reference
from cartui.config.settings import Config, load_config, redacted_url
from cartui.domain.guard import GuardLevel
from cartui.domain.ports import Verdict
from cartui.errors import CartuiError, ExitCode, headless
from cartui.sync import carts
from cartui.sync.carts import CartView
from cartui.sync.workspace import Workspace
from cartui.wiring import InstalledAdapters

_LITTLE_SPACE: Final = 500_000_000
_TOO_LITTLE_SPACE: Final = 50_000_000
_WAL_SAFE: Final = (3, 51, 3)
_STYLES: Final = {Verdict.PASSED: "good", Verdict.WARNING: "warn", Verdict.FAILED: "bad", Verdict.SKIPPED: "quiet"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor. `remedy` is a sentence where `verdict` is a warning or failure."""

    about: str
    verdict: Verdict
    detail: str
    remedy: str = ""


def run_doctor(arguments: argparse.Namespace) -> int:
    """Print the findings; exit code 2 where one failed."""
    failed = False
    for finding in findings(adopt=arguments.adopt, offline=arguments.offline):
        failed = failed or finding.verdict is Verdict.FAILED
        if arguments.json:
            output.json_line(
                {
                    "about": finding.about,
                    "verdict": finding.verdict.value,
                    "detail": finding.detail,
                    "remedy": finding.remedy,
                }
            )
        else:
            output.line(f"{finding.verdict.value:8} {finding.about:22} {finding.detail}", _STYLES[finding.verdict])
            if finding.remedy:
                output.line(f"{'':31} {headless(finding.remedy)}")
    return ExitCode.CONFIG_OR_GUARD if failed else ExitCode.OK


def findings(*, adopt: bool, offline: bool) -> Iterator[Finding]:
    """All findings, as they are found. What can't be opened ends the walk with a failure."""
    yield Finding("cartui", Verdict.PASSED, f"{__version__} on Python {platform.python_version()}, {sys.platform}")
    yield _sqlite_version()
    try:
        config = load_config()
    except CartuiError as error:
        yield Finding("configuration", Verdict.FAILED, error.problem, error.remedy)
        return
    yield Finding("data directory", Verdict.PASSED, f"{config.home} (for its owner alone)")
    yield from _check_files(config)
    yield _disk_space(config.home)
    try:
        with open_session(config=config) as ws:
            yield from _check_database(ws, config, adopt=adopt)
            yield _clock(ws.clock(), config)
            yield from _check_adapters(ws)
            for view in carts.list_carts(ws):
                yield from _check_cart(ws, view, offline=offline)
    except CartuiError as error:
        yield Finding("database", Verdict.FAILED, redacted(error.problem), redacted(headless(error.remedy)))


def _sqlite_version() -> Finding:
    mode = "WAL" if sqlite3.sqlite_version_info >= _WAL_SAFE else "TRUNCATE (safe with this version)"
    return Finding("SQLite", Verdict.PASSED, f"{sqlite3.sqlite_version}, journal mode {mode}")


def _check_files(config: Config) -> Iterator[Finding]:
    """Everything in the data directory must be closed to other users (RELIABILITY S6)."""
    wide = []
    for folder, folders, files in os.walk(config.home):
        for name in (*folders, *files):
            path = Path(folder, name)
            mode = path.lstat().st_mode
            if not stat.S_ISLNK(mode) and stat.S_IMODE(mode) & 0o077:
                wide.append(path)
    if wide:
        shown = ", ".join(str(path) for path in wide[:3]) + (f" and {len(wide) - 3} more" if len(wide) > 3 else "")
        yield Finding(
            "permissions",
            Verdict.WARNING,
            f"Other users may open {shown}.",
            f"Close them: `chmod -R go= {config.home}`.",
        )
    else:
        yield Finding("permissions", Verdict.PASSED, "no file is open to other users")


def _disk_space(home: Path) -> Finding:
    free = shutil.disk_usage(home).free
    detail = f"{free // 1_000_000} MB free"
    if free < _TOO_LITTLE_SPACE:
        return Finding("disk space", Verdict.FAILED, detail, "Make room: nothing can be imported on a full disk.")
    if free < _LITTLE_SPACE:
        return Finding("disk space", Verdict.WARNING, detail, "Make room soon.")
    return Finding("disk space", Verdict.PASSED, detail)


def _check_database(ws: Workspace, config: Config, *, adopt: bool) -> Iterator[Finding]:
    where = redacted_url(config.database)
    if ws.books.copied_from_elsewhere():
        if not adopt:
            yield Finding(
                "database",
                Verdict.FAILED,
                f"{where} was copied here from another machine: it is read-only and every cart is STOPPED.",
                "If this machine now owns the carts, and the other one is switched off: `cartui doctor --adopt`.",
            )
            return
        ws.books.adopt_host()
        yield Finding("database", Verdict.WARNING, f"{where} now belongs to this machine.", "Start each cart again.")
    elif adopt:
        yield Finding("database", Verdict.SKIPPED, "It belongs to this machine already: nothing to adopt.")
    if not config.database.startswith("sqlite:///"):
        yield Finding("database", Verdict.PASSED, where)
        return
    yield _sqlite_file(Path(config.database.removeprefix("sqlite:///")).expanduser(), where)


def _sqlite_file(path: Path, where: str) -> Finding:
    with closing(sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro", uri=True)) as connection:
        mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
        problem = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if problem != "ok":
        return Finding("database", Verdict.FAILED, f"{where} is damaged: {problem}", "Restore the last backup.")
    if not os.access(path, os.W_OK):
        return Finding(
            "database", Verdict.FAILED, f"{where} is read-only.", f"Correct its permissions: `chmod u+w {path}`."
        )
    return Finding("database", Verdict.PASSED, f"{where}, {'WAL' if mode == 'wal' else 'rollback journal'}, sound")


def _clock(now: datetime, config: Config) -> Finding:
    """Each cart's own clock is compared by its connection test."""
    zone = time.strftime("%Z %z")
    detail = f"{now:%Y-%m-%d %H:%M:%S} UTC, local zone {zone}"
    newest = max((path.stat().st_mtime for path in config.home.iterdir()), default=0.0)
    if newest > now.timestamp() + 300:
        return Finding(
            "clock",
            Verdict.FAILED,
            f"{detail}: cartui wrote files later than that.",
            "Set the clock (timedatectl set-ntp true).",
        )
    return Finding("clock", Verdict.PASSED, detail)


def _check_adapters(ws: Workspace) -> Iterator[Finding]:
    for name, spec in ws.adapters.items():
        if not spec.hidden:
            able = ", ".join(sorted(capability.value for capability in spec.capabilities))
            yield Finding(f"cart type {name}", Verdict.PASSED, f"{spec.title}: {able}")
    if isinstance(ws.adapters, InstalledAdapters):
        for name, problem in ws.adapters.problems.items():
            yield Finding(
                f"cart type {name}",
                Verdict.WARNING,
                redacted(problem),
                "Repair or uninstall it; the others work without it.",
            )


def _check_cart(ws: Workspace, view: CartView, *, offline: bool) -> Iterator[Finding]:
    document = view.document
    about = f"cart {document.name}"
    detail = f"{document.status.value}, {view.held} held"
    blocks = [problem for problem in view.problems if problem.level is GuardLevel.BLOCKS]
    yield Finding(about, Verdict.PASSED, detail + (f"; to be started it needs: {blocks[0].problem}" if blocks else ""))
    for which, reference in document.connection.secret_refs.items():
        try:
            ws.secret(reference)
        except CartuiError as error:
            yield Finding(
                about, Verdict.FAILED, f"{which} ({shown_reference(reference)}): {error.problem}", error.remedy
            )
            return
    if not offline:
        yield from _check_connection(ws, view)


def _check_connection(ws: Workspace, view: CartView) -> Iterator[Finding]:
    """The stages of Test Connection; here the result is not remembered."""
    about = f"cart {view.document.name}"
    try:
        with closing(ws.open_cart(view.document)) as cart:
            for stage in cart.test_connection():
                if stage.verdict in (Verdict.WARNING, Verdict.FAILED):
                    yield Finding(about, stage.verdict, f"{stage.stage.value}: {stage.detail}", stage.remedy)
                if stage.verdict is Verdict.FAILED:
                    return
        yield Finding(about, Verdict.PASSED, "its connection works")
    except CartuiError as error:
        yield Finding(about, Verdict.FAILED, redacted(error.problem), redacted(headless(error.remedy)))
