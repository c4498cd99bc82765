"""What was carried out from a plan, kept so that it can be undone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cartui.domain.ids import CartId, Direction, RecordKind
from cartui.domain.plan import Action, Doing, FieldChange


@dataclass(frozen=True, slots=True)
class AppliedRow:
    """One change of a plan that was about to be carried out: whether it came to be, the records themselves say."""

    action: Action
    key: str
    label: str
    fields: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, slots=True)
class AppliedPlan:
    """A plan that a person had carried out. `undone_at`: all of it was taken back."""

    plan_id: int
    cart_id: CartId
    at: datetime
    actor: str
    doing: Doing
    kind: RecordKind
    direction: Direction
    headline: str
    undone_at: datetime | None = None
    undone_by: str = ""
