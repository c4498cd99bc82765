"""Bulk edits and CSV files that were carried out, with what each record was before and after."""

from __future__ import annotations

import json
from collections.abc import Sequence

from cartui.books.database import Database, Row
from cartui.books.fields import check_text, from_moment, to_moment
from cartui.domain.record_changes import BulkChange, BulkRow, Subject

KEPT = 50
"""So many of each subject are kept; older ones can't be undone any more."""

_FIELDS = "id, at, actor, subject, headline, undone_at, undone_by"
_TRIM = """DELETE FROM bulk_change WHERE subject = ? AND id <=
 (SELECT id FROM bulk_change WHERE subject = ? ORDER BY id DESC LIMIT 1 OFFSET ?)"""


class BulkChanges:
    """Writes need the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(self, subject: Subject, headline: str, rows: Sequence[BulkRow], actor: str) -> int:
        """Note what was done, in the transaction that does it, and return its number."""
        changed = json.dumps(
            [
                [one.our_id, one.label, None if one.before is None else dict(one.before), dict(one.after)]
                for one in rows
            ],
            ensure_ascii=False,
            separators=(",", ":"),
        )
        [(number,)] = self._db.write_sql(
            "INSERT INTO bulk_change (at, actor, subject, headline, changed, undone_at, undone_by)"
            " VALUES (?, ?, ?, ?, ?, NULL, '') RETURNING id",
            (to_moment(self._db.clock()), actor, subject.value, headline, check_text(changed)),
        )
        self._db.write_sql(_TRIM, (subject.value, subject.value, KEPT))
        return int(number)

    def recent(self, subject: Subject, limit: int = KEPT) -> list[BulkChange]:
        """Newest first."""
        text = f"SELECT {_FIELDS} FROM bulk_change WHERE subject = ? ORDER BY id DESC LIMIT {int(limit)}"
        return [_change(row) for row in self._db.sql(text, (subject.value,))]

    def rows(self, number: int) -> list[BulkRow]:
        """What it did to each record; [] for a number that is not known."""
        found = self._db.sql("SELECT changed FROM bulk_change WHERE id = ?", (int(number),))
        return [BulkRow(*row) for row in json.loads(found[0][0])] if found else []

    def mark_undone(self, number: int, actor: str) -> None:
        """It was taken back."""
        self._db.write_sql(
            "UPDATE bulk_change SET undone_at = ?, undone_by = ? WHERE id = ?",
            (to_moment(self._db.clock()), actor, int(number)),
        )


def _change(row: Row) -> BulkChange:
    number, at, actor, subject, headline, undone_at, undone_by = row
    return BulkChange(
        number,
        from_moment(at),
        actor,
        Subject(subject),
        headline,
        None if undone_at is None else from_moment(undone_at),
        undone_by,
    )
