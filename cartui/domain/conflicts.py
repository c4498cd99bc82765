"""Fields of an item or customer that both sides changed while nobody owns them: what they are, and what becomes of
them once a person has said whose word counts (DESIGN rule 13). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from cartui.domain.ids import RecordKind
from cartui.domain.merge import NOBODY, Owners, merge_fields
from cartui.domain.plan import FieldChange
from cartui.domain.settings import FieldOwner

Values = Mapping[str, str]


class Whose(StrEnum):
    """Whose value a person takes."""

    OURS = "ours"
    CART = "cart"


@dataclass(frozen=True, slots=True)
class Conflict:
    """One field of one record: our value and the cart's as they were read, and what both last agreed on (None:
    nothing yet)."""

    kind: RecordKind
    external_id: str
    our_id: int
    label: str
    field: str
    ours: str
    theirs: str
    agreed: str | None = None

    @property
    def key(self) -> str:
        """ "item:17.price": unique in a cart."""
        return f"{self.kind}:{self.external_id}.{self.field}"


@dataclass(frozen=True, slots=True)
class Settled:
    """What becomes of a record: `values` to write to ours, what is `agreed` on from now on, the conflicts that are
    `left` (ours -> the cart's), and whether ours is to be sent."""

    values: Values
    agreed: Values
    left: tuple[FieldChange, ...]
    resend: bool


def conflicting_fields(
    agreed: Values, theirs: Values, ours: Values, owners: Owners = NOBODY, *, ours_is_newer: bool = False
) -> tuple[FieldChange, ...]:
    """What import or export would stop at, ours -> the cart's. The export also stops at a field that was emptied in the
    cart while we changed it; the import never takes an empty value."""
    found = {one.name: one for one in merge_fields(agreed, theirs, ours, owners, ours_is_newer=ours_is_newer).conflicts}
    for name, mine in ours.items():
        base = agreed.get(name)
        emptied = not theirs.get(name, "") and mine and base and mine != base
        if emptied and owners.of(name) is FieldOwner.ASK:
            found.setdefault(name, FieldChange(name, mine, ""))
    return tuple(found.values())


def settle_fields(
    agreed: Values,
    theirs: Values,
    ours: Values,
    choices: Mapping[str, Whose],
    owners: Owners = NOBODY,
    *,
    ours_is_newer: bool = False,
    with_rest: bool = True,
) -> Settled:
    """Either choice makes the cart's value the agreed one: ours then stands as our change, or becomes it. Once no
    conflict is left, the other fields go the way of the import too (`with_rest`), as they were held back with it."""
    values = {name: theirs[name] for name, whose in choices.items() if whose is Whose.CART}
    base = {**agreed, **{name: theirs.get(name, "") for name in choices}}
    mine = {**ours, **values}
    left = conflicting_fields(base, theirs, mine, owners, ours_is_newer=ours_is_newer)
    resend = Whose.OURS in choices.values()
    if left or not with_rest:
        return Settled(values, base, left, resend)
    rest = merge_fields(base, theirs, mine, owners, ours_is_newer=ours_is_newer)
    return Settled({**values, **rest.values}, {**base, **theirs}, (), resend or bool(rest.kept))


def why_not_settled(shown: Conflict, whose: Whose, theirs: Values, ours: Values) -> tuple[str, str] | None:
    """Problem and remedy where a choice can't be carried out: a side says something else than what was shown (S112),
    or the cart's value is blank, which never replaces a filled one (P20)."""
    again = "List the conflicts again and look at it."
    now_there, now_here = theirs.get(shown.field, ""), ours.get(shown.field, "")
    if now_there != shown.theirs:
        return f"Its {shown.field} in the cart is {now_there!r} now, not {shown.theirs!r}.", again
    if now_here != shown.ours:
        return f"Its {shown.field} here is {now_here!r} now, not {shown.ours!r}.", again
    if whose is Whose.CART and not now_there:
        return f"Its {shown.field} in the cart is blank.", "A blank replaces nothing: take ours, or empty it here too."
    return None
