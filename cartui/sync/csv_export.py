"""Rows into a CSV file on this machine, readable by its owner alone."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from cartui.domain.csv_cells import csv_cell
from cartui.errors import NeedsOperatorError


def save_csv(rows: Iterable[Mapping[str, object]], path: Path) -> int:
    """Write a heading line and the rows; how many there were. NeedsOperatorError where the file is there already or
    can't be written."""
    count = 0
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            for row in rows:
                if not count:
                    writer.writerow([csv_cell(name) for name in row])
                writer.writerow([csv_cell(value) for value in row.values()])
                count += 1
    except FileExistsError:
        raise NeedsOperatorError(f"There is a file {path} already.", "Choose another name.") from None
    except OSError as error:
        raise NeedsOperatorError(f"{path} can't be written: {error.strerror}.", "Choose another place.") from None
    return count
