"""Compare two sides of a record with what they last agreed on, field by field. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cartui.domain.documents import Customer
from cartui.domain.plan import FieldChange
from cartui.domain.records import Buyer, CartCustomer

CUSTOMER_FIELDS = ("first_name", "last_name", "company", "email", "phone", "tax_number")


def customer_values(customer: CartCustomer | Buyer | Customer) -> dict[str, str]:
    """The fields of a customer that both sides can agree on. Addresses are snapshots on documents, not among them."""
    return {name: getattr(customer, name) for name in CUSTOMER_FIELDS}


@dataclass(frozen=True, slots=True)
class Merge:
    """What to write to ours (`values`, shown as `fields`), and the fields that both sides changed to something else."""

    values: Mapping[str, str]
    fields: tuple[FieldChange, ...]
    conflicts: tuple[FieldChange, ...]

    @property
    def conflict_text(self) -> str:
        """Both values of each field in conflict, as a sentence."""
        parts = (f"{one.name}: {one.before!r} here, {one.after!r} in the cart" for one in self.conflicts)
        return f"Changed on both sides ({'; '.join(parts)})."

    @property
    def remedy(self) -> str:
        return "Make both sides say the same, here or in the shop; then retry it from Held."


def merge_fields(agreed: Mapping[str, str], theirs: Mapping[str, str], ours: Mapping[str, str]) -> Merge:
    """Take over what changed in the cart only. Where nothing was agreed yet, a field of ours that is filled stands
    against a different one of theirs. An empty value never replaces a filled one (P20)."""
    fields: list[FieldChange] = []
    conflicts: list[FieldChange] = []
    for name, now in theirs.items():
        mine, base = ours.get(name, ""), agreed.get(name)
        if now in (mine, base, ""):
            continue
        (fields if mine == base or not mine else conflicts).append(FieldChange(name, mine, now))
    return Merge({one.name: one.after for one in fields}, tuple(fields), tuple(conflicts))


def changed_fields(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[FieldChange, ...]:
    """Fields that `after` states and `before` does not have so; an empty value changes nothing."""
    return tuple(
        FieldChange(name, before.get(name, ""), value)
        for name, value in after.items()
        if value and value != before.get(name, "")
    )
