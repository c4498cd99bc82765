"""What each apply changed, so that it can be undone."""

from __future__ import annotations

from typing import Final

STATEMENTS: Final[tuple[str, ...]] = (
    """CREATE TABLE applied_plan (
        id {auto},
        cart_id {int} NOT NULL REFERENCES cart (id) ON DELETE CASCADE,
        at {int} NOT NULL,
        actor TEXT NOT NULL,
        doing TEXT NOT NULL,
        kind TEXT NOT NULL,
        direction TEXT NOT NULL,
        headline TEXT NOT NULL,
        undone_at {int},
        undone_by TEXT NOT NULL
    )""",
    "CREATE INDEX applied_plan_cart ON applied_plan (cart_id, id)",
    """CREATE TABLE applied_row (
        plan_id {int} NOT NULL REFERENCES applied_plan (id) ON DELETE CASCADE,
        position {int} NOT NULL,
        action TEXT NOT NULL,
        key TEXT NOT NULL,
        label TEXT NOT NULL,
        fields TEXT NOT NULL,
        PRIMARY KEY (plan_id, position)
    ) {tight}""",
)
