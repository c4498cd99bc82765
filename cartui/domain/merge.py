"""Compare two sides of a record with what they last agreed on, field by field. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cartui.domain.documents import Customer
from cartui.domain.plan import FieldChange
from cartui.domain.records import Buyer, CartCustomer
from cartui.domain.remedies import CONFLICTS
from cartui.domain.settings import FieldOwner

BOTH_SIDES = "Changed on both sides"
"""How the reason of every conflict begins."""

CUSTOMER_FIELDS = ("first_name", "last_name", "company", "email", "phone", "tax_number")


def customer_values(customer: CartCustomer | Buyer | Customer) -> dict[str, str]:
    """The fields of a customer that both sides can agree on. Addresses are snapshots on documents, not among them."""
    return {name: getattr(customer, name) for name in CUSTOMER_FIELDS}


@dataclass(frozen=True, slots=True)
class Merge:
    """What to write to ours (`values`, shown as `fields`), the fields that both sides changed to something else, and
    those of ours that stand against the cart's (`kept`)."""

    values: Mapping[str, str]
    fields: tuple[FieldChange, ...]
    conflicts: tuple[FieldChange, ...]
    kept: tuple[FieldChange, ...] = ()

    @property
    def conflict_text(self) -> str:
        """Both values of each field in conflict, as a sentence."""
        parts = (f"{one.name}: {one.before!r} here, {one.after!r} in the cart" for one in self.conflicts)
        return f"{BOTH_SIDES} ({'; '.join(parts)})."

    @property
    def remedy(self) -> str:
        return CONFLICTS


@dataclass(frozen=True, slots=True)
class Owners:
    """Who has the last word on each field (rule 13), and when ours were changed last (by our id; for NEWEST)."""

    of: Callable[[str], FieldOwner]
    changed_at: Mapping[int, datetime] = field(default_factory=dict)

    def ours_is_newer(self, our_id: int, theirs_at: datetime) -> bool:
        """Whether ours was changed after theirs."""
        at = self.changed_at.get(our_id)
        return at is not None and at > theirs_at


NOBODY = Owners(lambda _: FieldOwner.ASK)


def merge_fields(
    agreed: Mapping[str, str],
    theirs: Mapping[str, str],
    ours: Mapping[str, str],
    owners: Owners = NOBODY,
    *,
    ours_is_newer: bool = False,
) -> Merge:
    """Take over what changed in the cart only. Where nothing was agreed yet, a field of ours that is filled stands
    against a different one of theirs. An empty value never replaces a filled one (P20). The owner of a field decides
    where there is one: what is ours then stays and is `kept`, to be sent again."""
    taken: list[FieldChange] = []
    conflicts: list[FieldChange] = []
    kept: list[FieldChange] = []
    for name, now in theirs.items():
        mine, base = ours.get(name, ""), agreed.get(name)
        if now in (mine, base, ""):
            continue
        only_theirs, owner = mine == base or not mine, owners.of(name)
        if owner is FieldOwner.SYSTEM and mine:
            side = kept
        elif only_theirs or owner is FieldOwner.CART:
            side = taken
        elif owner is FieldOwner.NEWEST:
            side = kept if ours_is_newer else taken
        else:
            side = conflicts
        side.append(FieldChange(name, mine, now))
    return Merge({one.name: one.after for one in taken}, tuple(taken), tuple(conflicts), tuple(kept))


def changed_fields(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[FieldChange, ...]:
    """Fields that `after` states and `before` does not have so; an empty value changes nothing."""
    return tuple(
        FieldChange(name, before.get(name, ""), value)
        for name, value in after.items()
        if value and value != before.get(name, "")
    )
