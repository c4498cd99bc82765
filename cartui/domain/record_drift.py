"""One item or customer on both sides, field by field: what is the same, would be taken, would be sent. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from cartui.domain.conflicts import Values, conflicting_fields
from cartui.domain.merge import Owners, merge_fields
from cartui.domain.plan_sends import outgoing_fields


class Way(StrEnum):
    """Where a field goes by the owners' rules."""

    SAME = "same"
    TAKE = "take"  # ours becomes as the cart's
    SEND = "send"  # the cart's becomes as ours
    CONFLICT = "conflict"  # both changed it, and nobody owns it
    LEFT = "left"  # they differ, and neither side is to be changed (a blank, a variant's name)


@dataclass(frozen=True, slots=True)
class FieldDrift:
    """One field; `agreed` is what both last agreed on, None where nothing was."""

    name: str
    ours: str
    theirs: str
    agreed: str | None
    way: Way


def compare_fields(
    agreed: Values,
    theirs: Values,
    ours: Values,
    owners: Owners,
    *,
    ours_is_newer: bool = False,
    not_sent: Collection[str] = (),
) -> tuple[FieldDrift, ...]:
    """Every field that both sides can agree on, in the order of ours. `not_sent`: fields that the cart takes from
    nobody here."""
    taken = merge_fields(agreed, theirs, ours, owners, ours_is_newer=ours_is_newer).values
    clash = {one.name for one in conflicting_fields(agreed, theirs, ours, owners, ours_is_newer=ours_is_newer)}
    sent = {
        one.name for one in outgoing_fields(agreed, theirs, ours, owners.of, ours_is_newer=ours_is_newer).fields
    } - set(not_sent)

    def way(name: str) -> Way:
        if ours.get(name, "") == theirs.get(name, ""):
            return Way.SAME
        if name in clash:
            return Way.CONFLICT
        if name in taken:
            return Way.TAKE
        return Way.SEND if name in sent else Way.LEFT

    return tuple(
        FieldDrift(name, mine, theirs.get(name, ""), agreed.get(name), way(name)) for name, mine in ours.items()
    )
