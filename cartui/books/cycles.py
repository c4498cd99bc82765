"""The last rounds of auto-sync of each cart."""

from __future__ import annotations

from dataclasses import asdict

from cartui.books.database import Database, Row
from cartui.books.fields import check_text, remedy_text, to_json, to_moment
from cartui.books.tables import Cycle
from cartui.domain.ids import CartId, RecordKind
from cartui.domain.outcomes import Counts, CycleReport, CycleResult

KEPT = 1_000
"""Rounds kept of each cart: a week at one every ten minutes."""

_FIELDS = (
    Cycle.cart_id, Cycle.cart_name, Cycle.started_at, Cycle.ended_at, Cycle.result, Cycle.counts, Cycle.problem,
    Cycle.remedy, Cycle.held_total, Cycle.next_at,
)  # fmt: skip
_ADD = """INSERT INTO cycle (cart_id, cart_name, started_at, ended_at, result, counts, problem, remedy, held_total,
 next_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""


class Cycles:
    """Each write is a transaction of its own unless the caller has one open."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(self, report: CycleReport) -> None:
        """Keep a round; the oldest beyond `KEPT` go."""
        with self._db.joined():
            self._db.write_sql(_ADD, _stored(report))
            self._db.write_sql(
                "DELETE FROM cycle WHERE cart_id = ? AND id <="
                " (SELECT id FROM cycle WHERE cart_id = ? ORDER BY id DESC LIMIT 1 OFFSET ?)",
                (report.cart_id, report.cart_id, KEPT),
            )

    def recent(self, cart_id: CartId, limit: int = 20) -> list[CycleReport]:
        """Newest first."""
        query = Cycle.select(*_FIELDS).where(Cycle.cart_id == cart_id).order_by(Cycle.id.desc()).limit(limit)
        return [_report(row) for row in self._db.rows(query)]


def _stored(report: CycleReport) -> tuple[object, ...]:
    return (
        int(report.cart_id),
        report.cart_name,
        to_moment(report.started_at),
        to_moment(report.ended_at),
        report.result.value,
        to_json({kind.value: asdict(counts) for kind, counts in report.counts.items()}),
        check_text(report.problem),
        remedy_text(report.remedy),
        report.held_total,
        None if report.next_at is None else to_moment(report.next_at),
    )


def _report(row: Row) -> CycleReport:
    cart_id, cart_name, started_at, ended_at, result, counts, problem, remedy, held_total, next_at = row
    return CycleReport(
        cart_id=CartId(cart_id),
        cart_name=cart_name,
        started_at=started_at,
        ended_at=ended_at,
        result=CycleResult(result),
        counts={RecordKind(kind): Counts(**numbers) for kind, numbers in counts.items()},
        problem=problem,
        remedy=remedy,
        held_total=held_total,
        next_at=next_at,
    )
