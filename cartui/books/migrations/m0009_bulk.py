"""What a bulk edit or a CSV file changed of items and customers, so that it can be undone."""

from __future__ import annotations

from typing import Final

STATEMENTS: Final[tuple[str, ...]] = (
    """CREATE TABLE bulk_change (
        id {auto},
        at {int} NOT NULL,
        actor TEXT NOT NULL,
        subject TEXT NOT NULL,
        headline TEXT NOT NULL,
        changed TEXT NOT NULL,
        undone_at {int},
        undone_by TEXT NOT NULL
    )""",
)
