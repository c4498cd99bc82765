"""What was carried out by hand, row by row with before and after, so that it can be undone."""

from __future__ import annotations

import json
from collections.abc import Sequence

from cartui.books.database import Database, Row
from cartui.books.fields import to_json, to_moment
from cartui.books.tables import AppliedPlan as AppliedPlanTable
from cartui.domain.applied import AppliedPlan, AppliedRow
from cartui.domain.ids import CartId, Direction, RecordKind
from cartui.domain.plan import Action, Doing, FieldChange, Plan

KEPT = 200
"""Plans kept of each cart; older ones can't be undone any more."""

_T = AppliedPlanTable
_FIELDS = (
    _T.id, _T.cart_id, _T.at, _T.actor, _T.doing, _T.kind, _T.direction, _T.headline, _T.undone_at, _T.undone_by,
)  # fmt: skip
_ADD = """INSERT INTO applied_plan (cart_id, at, actor, doing, kind, direction, headline, undone_at, undone_by)
 VALUES (?, ?, ?, ?, ?, ?, ?, NULL, '') RETURNING id"""
_ADD_ROW = "INSERT INTO applied_row (plan_id, position, action, key, label, fields) VALUES (?, ?, ?, ?, ?, ?)"
_TRIM = """DELETE FROM applied_plan WHERE cart_id = ? AND id <=
 (SELECT id FROM applied_plan WHERE cart_id = ? ORDER BY id DESC LIMIT 1 OFFSET ?)"""


class AppliedPlans:
    """Writes need the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def begin(self, plan: Plan, actor: str) -> int:
        """Note that a plan is about to be carried out, and return its number; the oldest beyond `KEPT` go."""
        doing = plan.request.doing if plan.request is not None else Doing.IMPORT
        values = (
            plan.cart_id,
            to_moment(self._db.clock()),
            actor,
            doing.value,
            plan.kind.value,
            plan.direction.value,
            plan.headline,
        )
        [(plan_id,)] = self._db.write_sql(_ADD, values)
        self._db.write_sql(_TRIM, (plan.cart_id, plan.cart_id, KEPT))
        return int(plan_id)

    def add_rows(self, plan_id: int, first: int, rows: Sequence[AppliedRow]) -> None:
        """Changes about to be carried out, numbered from `first`. Written before the effect: undoing compares with
        what the records hold, so a row that did not come to be undoes nothing."""
        self._db.write_many(_ADD_ROW, [(plan_id, n, *_stored_row(row)) for n, row in enumerate(rows, first)])

    def find(self, plan_id: int) -> AppliedPlan | None:
        """By its number."""
        row = self._db.row(_T.select(*_FIELDS).where(_T.id == plan_id))
        return None if row is None else _plan(row)

    def recent(self, cart_id: CartId, limit: int = 50) -> list[AppliedPlan]:
        """Newest first."""
        query = _T.select(*_FIELDS).where(_T.cart_id == cart_id).order_by(_T.id.desc()).limit(limit)
        return [_plan(row) for row in self._db.rows(query)]

    def rows(self, plan_id: int) -> list[AppliedRow]:
        """All changes of a plan, in their order."""
        return [
            AppliedRow(Action(action), key, label, tuple(FieldChange(*one) for one in json.loads(fields or "[]")))
            for action, key, label, fields in self._db.sql(
                "SELECT action, key, label, fields FROM applied_row WHERE plan_id = ? ORDER BY position", (plan_id,)
            )
        ]

    def mark_undone(self, plan_id: int, actor: str) -> None:
        """All of it was taken back."""
        self._db.write(_T.update(undone_at=self._db.clock(), undone_by=actor).where(_T.id == plan_id))


def _stored_row(row: AppliedRow) -> tuple[str, ...]:
    fields = to_json([[one.name, one.before, one.after] for one in row.fields])
    return row.action.value, row.key, row.label, fields


def _plan(row: Row) -> AppliedPlan:
    plan_id, cart_id, at, actor, doing, kind, direction, headline, undone_at, undone_by = row
    return AppliedPlan(
        plan_id,
        CartId(cart_id),
        at,
        actor,
        Doing(doing),
        RecordKind(kind),
        Direction(direction),
        headline,
        undone_at,
        undone_by,
    )
