"""A CSV file as a table: encoding and delimiter found out, every line with its number, no line lost. Pure.

What can't be read is refused whole, with the line: a bad CSV changes nothing.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cartui.domain.safe_text import is_safe_text
from cartui.errors import NeedsOperatorError

DELIMITERS: Final = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
MAX_BYTES: Final = 50_000_000
MAX_ROWS: Final = 500_000
MAX_CELL: Final = 20_000
_SAMPLE: Final = 40
_LINE: Final = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")  # str.splitlines knows a dozen more ends of a line


@dataclass(frozen=True, slots=True)
class CsvLine:
    """One row; `number` is the line of the file that it begins on (the header is usually 1)."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CsvTable:
    """A file that was read. Every row has as many cells as the header; `notes` say what was guessed."""

    header: tuple[str, ...]
    rows: tuple[CsvLine, ...]
    delimiter: str = ","
    encoding: str = "utf-8"

    @property
    def notes(self) -> str:
        """What was found out, in words."""
        return f"{DELIMITERS.get(self.delimiter, self.delimiter)}-separated, {self.encoding}, {len(self.rows):,} rows"


def decode_csv(data: bytes, encoding: str = "") -> tuple[str, str]:
    """The text and the name of its encoding: as told, else by byte order mark, else UTF-8, else Windows-1252 (which is
    Latin-1 with the euro sign). NeedsOperatorError where it is none of them."""
    if len(data) > MAX_BYTES:
        raise NeedsOperatorError(f"The file is larger than {MAX_BYTES // 1_000_000} MB.", "Split it.")
    if encoding:
        try:
            return data.decode(encoding), encoding
        except LookupError:
            raise NeedsOperatorError(f"There is no encoding {encoding!r}.", "Such as utf-8 or windows-1252.") from None
        except UnicodeDecodeError as error:
            line = data[: error.start].count(b"\n") + 1
            raise NeedsOperatorError(f"Line {line} is not {encoding}.", "Name the right encoding.") from None
    for mark, name in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return decode_csv(data, name)
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        pass
    try:
        return data.decode("windows-1252"), "windows-1252"
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise NeedsOperatorError(
            f"The encoding of the file is not known (line {line} is neither UTF-8 nor Windows-1252).",
            "Save it as UTF-8, or name its encoding.",
        ) from None


def read_csv(data: bytes, *, delimiter: str = "", encoding: str = "") -> CsvTable:
    """The table of a file. NeedsOperatorError with the line where it can't be read: no header, an unclosed quote, a row
    with more or fewer cells than the header, two columns of one name, a control character."""
    text, encoding = decode_csv(data, encoding)
    if not text.strip("\r\n\t ,;|\ufeff"):
        raise NeedsOperatorError("The file is empty.", "It needs a line with the names of the columns, and rows.")
    delimiter = delimiter or sniff_delimiter(text)
    lines = _lines(text, delimiter)
    if not lines:
        raise NeedsOperatorError("The file has only blank rows.", "It needs a line with the names of the columns.")
    header = tuple(cell.strip() for cell in lines[0].cells)
    _ensure_header(header, lines[0].number)
    rows = []
    for line in lines[1:]:
        cells = line.cells
        if len(cells) > len(header) and not any(cell.strip() for cell in cells[len(header) :]):
            cells = cells[: len(header)]  # spreadsheets end lines with empty cells
        if len(cells) != len(header):
            raise NeedsOperatorError(
                f"Line {line.number} has {len(cells)} cells, the header has {len(header)}.",
                f"Put a cell with a {DELIMITERS.get(delimiter, delimiter)} in it into quotes, or name the delimiter.",
            )
        _ensure_harmless(line.number, cells)
        rows.append(CsvLine(line.number, cells))
    return CsvTable(header, tuple(rows), delimiter, encoding)


def sniff_delimiter(text: str) -> str:
    """The delimiter that splits the first lines into the same number of cells, most of them; comma where none does."""
    best, delimiter = (0, 0), ","
    for one in DELIMITERS:
        try:
            counts = [len(line.cells) for line in _lines(text, one, _SAMPLE)]
        except NeedsOperatorError:
            continue
        cells = counts[0] if counts else 0
        if cells < 2:
            continue
        steady = sum(count == cells for count in counts)
        if (found := (steady * 100 // len(counts), cells)) > best:
            best, delimiter = found, one
    return delimiter


def _lines(text: str, delimiter: str, most: int = MAX_ROWS + 1) -> list[CsvLine]:
    """Rows that are not blank, with the line each begins on."""
    lines: list[CsvLine] = []
    reader = csv.reader(_LINE.findall(text), delimiter=delimiter, strict=True)
    begins = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                if len(lines) >= most:
                    if most > MAX_ROWS:
                        raise NeedsOperatorError(f"The file has more than {MAX_ROWS:,} rows.", "Split it.")
                    break
                lines.append(CsvLine(begins, tuple(cells)))
            begins = reader.line_num + 1
    except csv.Error as error:
        raise NeedsOperatorError(
            f"Line {begins} can't be read: {error}.", "Look for a quote that is not closed, or is not doubled."
        ) from None
    return lines


def _ensure_header(header: Sequence[str], number: int) -> None:
    if not any(header):
        raise NeedsOperatorError("The first line names no columns.", "Put the names of the columns there.")
    named = [name.casefold() for name in header if name]
    if twice := sorted({name for name in named if named.count(name) > 1}):
        raise NeedsOperatorError(f"Line {number}: there are two columns {twice[0]!r}.", "Rename or remove one.")
    _ensure_harmless(number, header)


def _ensure_harmless(number: int, cells: Sequence[str]) -> None:
    for at, cell in enumerate(cells, 1):
        if len(cell) > MAX_CELL:
            raise NeedsOperatorError(f"Line {number}, cell {at} has more than {MAX_CELL:,} characters.", "Shorten it.")
        if not is_safe_text(cell, keep_lines=True):
            raise NeedsOperatorError(
                f"Line {number}, cell {at} holds characters that can't be seen or that command a terminal.",
                "Type the cell anew; it may have been copied from a web page.",
            )
