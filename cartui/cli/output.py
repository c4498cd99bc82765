"""What the command line prints: data on stdout (tables, JSON lines, CSV), words on stderr. All of it made harmless."""

from __future__ import annotations

import csv
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Final, TextIO

from cartui.domain import csv_cells
from cartui.domain.safe_text import safe_text
from cartui.errors import headless
from cartui.sync.workspace import Progress

_NUMBER: Final = re.compile(r"-?\d{1,30}(\.\d{1,20})?", re.ASCII)
_SAMPLE: Final = 200  # rows that decide how wide the columns of a table are
_WIDEST: Final = 60
_WHOLE: Final = frozenset({"arithmetic", "reason", "remedy"})  # columns that are of no use when cut
cell_text, csv_cell = csv_cells.cell_text, csv_cells.csv_cell

_STYLES: Final = {"good": "32", "bad": "31", "warn": "33", "quiet": "2"}

Row = Mapping[str, object]


def prepare_streams() -> None:
    """Characters that the terminal's character set lacks become escapes instead of an error."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def words(text: str) -> None:
    """One or more sentences for a person, on stderr."""
    try:
        _clear_progress()
        for line in headless(text).splitlines() or [""]:
            sys.stderr.write(safe_text(line) + "\n")
        sys.stderr.flush()
    except OSError:  # a log on a full disk, a terminal that has gone: nobody can be told, but the work goes on
        detach(sys.stderr)


def detach(stream: TextIO) -> None:
    """What `stream` still holds, and all that is written to it from now on, goes nowhere. Python flushes it once more
    at its end and would complain."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def line(text: str = "", style: str = "") -> None:
    """One line of data on stdout, coloured only on a terminal."""
    _clear_progress()
    sys.stdout.write(painted(safe_text(headless(text)), style) + "\n")


def painted(text: str, style: str, stream: TextIO | None = None) -> str:
    """`text` in colour where `stream` (stdout) is a terminal and NO_COLOR is not set."""
    stream = sys.stdout if stream is None else stream
    if not style or not stream.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") in ("dumb", None):
        return text
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m"


def json_line(row: Row) -> None:
    """One JSON object on a line of its own, ASCII only, delivered at once."""
    _clear_progress()
    sys.stdout.write(json.dumps(_told(dict(row)), ensure_ascii=True, default=str) + "\n")
    sys.stdout.flush()


def _told(value: object) -> object:
    """A value with every remedy in it as the command line says it."""
    match value:
        case str():
            return headless(value)
        case dict():
            return {key: _told(one) for key, one in value.items()}
        case list() | tuple():
            return [_told(one) for one in value]
        case _:
            return value


def rows_out(rows: Iterable[Row], how: str) -> int:
    """Print rows as "json", "csv" or "table" while they come; returns how many there were."""
    if how == "json":
        count = 0
        for row in rows:
            json_line(row)
            count += 1
        return count
    return csv_out(rows) if how == "csv" else table_out(rows)


def csv_out(rows: Iterable[Row]) -> int:
    """CSV with a heading line; no cell can start a formula in a spreadsheet."""
    first, rest = _peeked(rows)
    if first is None:
        return 0
    columns = list(first)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([csv_cell(name) for name in columns])
    count = 0
    for row in rest:
        writer.writerow([csv_cell(_told(row.get(name))) for name in columns])
        count += 1
    return count


def table_out(rows: Iterable[Row], columns: Sequence[str] | None = None) -> int:
    """A table for a person; widths follow the first rows, numbers stand right."""
    first, rest = _peeked(rows)
    if first is None:
        return 0
    names = list(columns or first)
    sample = list(islice(rest, _SAMPLE))
    texts = [[cell_text(_told(row.get(name))) for name in names] for row in sample]
    widths = [max(len(name), *(len(text[at]) for text in texts)) for at, name in enumerate(names)]
    widths = [width if name in _WHOLE else min(_WIDEST, width) for name, width in zip(names, widths, strict=True)]
    right = [all(not text[at] or _NUMBER.fullmatch(text[at]) for text in texts) for at in range(len(names))]
    line(_joined([name.upper() for name in names], widths, right), "quiet")
    count = 0
    for row in chain(sample, rest):
        line(_joined([cell_text(_told(row.get(name))) for name in names], widths, right))
        count += 1
    return count


def _joined(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    cut = [cell if len(cell) <= width else cell[: width - 1] + "…" for cell, width in zip(cells, widths, strict=True)]
    padded = [
        cell.rjust(width) if to_right else cell.ljust(width)
        for cell, width, to_right in zip(cut, widths, right, strict=True)
    ]
    return "  ".join(padded).rstrip()


def _peeked(rows: Iterable[Row]) -> tuple[Row | None, Iterator[Row]]:
    walk = iter(rows)
    first = next(walk, None)
    return (first, chain([first], walk)) if first is not None else (None, walk)


_progress_width = 0


def progress(step: Progress) -> None:
    """How far long work is: one line that is drawn over, on a terminal only."""
    global _progress_width  # noqa: PLW0603  # there is one stderr
    if not sys.stderr.isatty():
        return
    text = safe_text(f"{step.what} {step.done}" + (f" of {step.total}" if step.total is not None else ""), 70)
    sys.stderr.write("\r" + text.ljust(_progress_width))
    sys.stderr.flush()
    _progress_width = len(text)


def _clear_progress() -> None:
    global _progress_width  # noqa: PLW0603
    if _progress_width:
        sys.stderr.write("\r" + " " * _progress_width + "\r")
        _progress_width = 0


def ask(question: str) -> str | None:
    """A line typed by a person, None where nobody is at a terminal."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    _clear_progress()
    sys.stderr.write(safe_text(question) + " ")
    sys.stderr.flush()
    return sys.stdin.readline().strip()
