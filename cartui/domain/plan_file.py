"""A plan as a file: made now, looked at by whom you like, carried out later only where nothing has changed (N01).

The file holds what was asked and, row by row, what was going to be done; not how. Applying asks for the plan again and
carries out the rows that came out exactly alike. The seal makes a file that was edited or cut refuse itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import blake2b
from typing import Any, Final, TypeVar

from cartui.domain.fingerprint import digest
from cartui.domain.ids import RecordKind
from cartui.domain.plan import Action, Doing, Plan, PlannedChange, PlanRequest
from cartui.domain.plan_totals import plan_totals
from cartui.errors import NeedsOperatorError

FORMAT: Final = "cartui-plan/1"
_AGAIN: Final = "Make the plan again with `cartui plan` and look at it."
_IDLE: Final = (Action.SAME, Action.SKIP, Action.HOLD)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SealedRow:
    """One row as it was shown; `digest` covers all that would be written."""

    key: str
    label: str
    action: Action
    digest: str


@dataclass(frozen=True, slots=True)
class PlanFile:
    """A plan file that was read. `number` is the start of the seal, for people to name it by; `connection` is
    the fingerprint of the connection that it was made over."""

    cart_name: str
    connection: str
    request: PlanRequest
    rows: tuple[SealedRow, ...]
    number: str


def seal_plan(plan: Plan, *, connection: str, made_at: datetime, actor: str, brakes: Sequence[str]) -> str:
    """The text of a plan's file (JSON, UTF-8, ends with a line break). The plan must know what was asked."""
    asked = plan.request
    if asked is None:
        raise NeedsOperatorError("This plan can't be kept as a file.", "Carry it out here, or leave it.")
    totals = plan_totals(plan)
    content = {
        "format": FORMAT,
        "cart": plan.cart_name,
        "connection": connection,
        "live": plan.live,
        "made_at": made_at.isoformat(),
        "made_by": actor,
        "request": {
            "do": asked.doing.value,
            "kind": asked.kind.value,
            "keys": None if asked.keys is None else list(asked.keys),
            "edits": {key: dict(cells) for key, cells in asked.edits.items()},
        },
        "headline": plan.headline,
        "counts": {action.value: count for action, count in sorted(plan.counts.items())},
        "value": {currency: f"{amount:f}" for currency, amount in sorted(totals.value.items())},
        "price": f"{totals.price:f}",
        "stock": f"{totals.stock:f}",
        "requests": totals.requests,
        "brakes": list(brakes),
        "rows": [_row(change) for change in plan.changes],
    }
    return json.dumps({**content, "seal": _seal(content)}, indent=1, ensure_ascii=False) + "\n"


def _row(change: PlannedChange) -> dict[str, object]:
    return {
        "key": change.key,
        "label": change.label,
        "do": change.action.value,
        "reason": change.reason,
        "changes": {one.name: [one.before, one.after] for one in change.fields},
        "digest": _digest(change),
    }


def _digest(change: PlannedChange) -> str:
    return digest((change.action, change.key, change.fields, change.payload))


def _seal(content: Mapping[str, object]) -> str:
    plain = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return blake2b(plain.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def read_plan(text: str) -> PlanFile:
    """The plan of a file. `NeedsOperatorError` where it is no plan, of another format, or not what was sealed."""
    try:
        content = json.loads(text)
        seal = content.pop("seal")
    except (ValueError, RecursionError, AttributeError, KeyError, TypeError) as error:
        raise NeedsOperatorError("This is no plan file, or it was cut short.", _AGAIN) from error
    if content.get("format") != FORMAT:
        raise NeedsOperatorError(f"This plan file has the format {content.get('format')!r}, not {FORMAT}.", _AGAIN)
    if seal != _seal(content):
        raise NeedsOperatorError("This plan file was changed after it was made: its seal is broken.", _AGAIN)
    try:
        return _parse(content, seal)
    except (KeyError, ValueError, TypeError) as error:
        raise NeedsOperatorError("This plan file can't be understood by this cartui.", _AGAIN) from error


def _parse(content: Mapping[str, Any], seal: str) -> PlanFile:
    asked = content["request"]
    keys = asked["keys"]
    request = PlanRequest(
        Doing(asked["do"]), RecordKind(asked["kind"]), None if keys is None else tuple(keys), asked["edits"]
    )
    rows = (SealedRow(row["key"], row["label"], Action(row["do"]), row["digest"]) for row in content["rows"])
    return PlanFile(content["cart"], content["connection"], request, tuple(rows), seal[:8])


def keep_sealed(sealed: PlanFile, fresh: Plan) -> Plan:
    """The plan made again, with only those rows left to do that came out as in the file. Rows that would be done
    otherwise now are refused; rows that are done already stay as they are; new rows were not approved."""
    now = {change.key: change for change in fresh.changes}
    return replace(fresh, changes=tuple(_kept(row, now.get(row.key)) for row in sealed.rows))


def _kept(row: SealedRow, change: PlannedChange | None) -> PlannedChange:
    if change is None:
        return PlannedChange(Action.HOLD, row.key, row.label, "It is not there any more.", _AGAIN)
    if change.action in _IDLE:
        return change
    if row.action in _IDLE:
        return PlannedChange(Action.SKIP, row.key, row.label, "the plan did not touch it")
    if _digest(change) == row.digest:
        return change
    reason = "It would be done otherwise now: one of the sides changed since the plan was made."
    return PlannedChange(Action.HOLD, row.key, row.label, reason, _AGAIN, fields=change.fields)
