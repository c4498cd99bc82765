"""Proposals to link the cart's items or customers to ours, each with its evidence and a score (N13, P16). Pure.

Scores are 0 to 100. What identifies a thing (SKU, barcode, e-mail, tax number) scores high; a name alone never reaches
`SAFE`, the threshold at which a person may accept everything at once. Nothing is ever proposed twice: each of the
cart's meets at most one of ours and the other way round; where that can't be told apart, the row is blocked and says
why.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from cartui.domain.documents import Customer, Item
from cartui.domain.merge_customers import email_key, phone_key, tax_key
from cartui.domain.plan_customers import customer_label
from cartui.domain.plan_items import item_label
from cartui.domain.records import Address, CartCustomer, CartItem
from cartui.domain.similar import NameIndex, plain_words, sorted_words

SAFE: Final = 90
"""The least score that one identifying key alone reaches, and a name alone never does."""
LEAST_NAME: Final = 60
_NAME_MOST: Final = 85
_AGREES: Final = 3  # for each further key that agrees
_CLASHES: Final = 20  # off, where a key that both have differs
_NUMBERS_DIFFER: Final = 25  # off a name: "Thing 1" and "Thing 2" are not one

ITEM_WEIGHTS: Final[Mapping[str, int]] = {"sku": 97, "barcode": 95, "normalised sku": 91}
CUSTOMER_WEIGHTS: Final[Mapping[str, int]] = {"e-mail": 97, "tax number": 95, "phone": 80, "name and postcode": 84}
_CLASHING: Final = ("barcode", "tax number")


class Standing(StrEnum):
    """What became of one row of the cart."""

    PROPOSED = "proposed"
    BLOCKED = "blocked"
    NONE = "no match"


@dataclass(frozen=True, slots=True)
class Side:
    """One thing on either side.

    keys     what identifies it: sort -> key, empty ones left out
    apart    only things of the same sort meet (guests and registered customers)
    blocked  why it must not be linked at all, "" for nothing
    """

    key: str
    label: str
    keys: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    apart: str = ""
    blocked: str = ""


@dataclass(frozen=True, slots=True)
class Proposal:
    """One row of the cart with what it would be linked to. `our_key` "" where nothing is proposed; `evidence` are
    words such as "sku", "barcode", "name 83 %"."""

    key: str
    label: str
    standing: Standing
    our_key: str = ""
    our_label: str = ""
    score: int = 0
    evidence: tuple[str, ...] = ()
    reason: str = ""
    remedy: str = ""

    @property
    def why(self) -> str:
        """Evidence, or the reason why there is none to go by."""
        return ", ".join(self.evidence) if self.standing is Standing.PROPOSED else self.reason


@dataclass(frozen=True, slots=True)
class _Edge:
    score: int
    at: int  # the cart's, by place
    ours: int
    evidence: tuple[str, ...]


def propose(
    theirs: Sequence[Side], ours: Sequence[Side], weights: Mapping[str, int], noun: str = "item"
) -> list[Proposal]:
    """A proposal for each of `theirs`, in order. Both hold only what is not linked yet. Time grows with the number of
    rows, not with its square: things meet by a shared key or a rare word of the name."""
    crowded = _crowded(theirs)
    edges = _edges(theirs, ours, weights, crowded)
    chosen, ambiguous = _one_to_one(edges)
    return [
        _proposal(side, ours, chosen.get(at), ambiguous.get(at), _crowd_reason(side, crowded, noun))
        for at, side in enumerate(theirs)
    ]


def _crowded(theirs: Iterable[Side]) -> dict[tuple[str, str, str], int]:
    """Keys that several of the cart's share: they identify nothing."""
    counts = Counter((side.apart, sort, key) for side in theirs if not side.blocked for sort, key in side.keys.items())
    return {at: count for at, count in counts.items() if count > 1}


def _crowd_reason(side: Side, crowded: Mapping[tuple[str, str, str], int], noun: str) -> str:
    told = [
        f"{crowded[side.apart, sort, key]} {noun}s of the cart have the {sort} {key}"
        for sort, key in side.keys.items()
        if (side.apart, sort, key) in crowded
    ]
    return f"{told[0]}." if told else ""


def _edges(
    theirs: Sequence[Side],
    ours: Sequence[Side],
    weights: Mapping[str, int],
    crowded: Mapping[tuple[str, str, str], int],
) -> list[_Edge]:
    by_key: dict[tuple[str, str, str], list[int]] = {}
    for number, side in enumerate(ours):
        for sort, key in side.keys.items():
            by_key.setdefault((side.apart, sort, key), []).append(number)
    for numbers in by_key.values():
        if len(numbers) > _MOST_SHARING:  # the same ones, however the list is ordered
            numbers[:] = sorted(numbers, key=lambda number: ours[number].key)[:_MOST_SHARING]
    names = {apart: _Names(ours, apart) for apart in {side.apart for side in ours}}
    edges: list[_Edge] = []
    for at, side in enumerate(theirs):
        if side.blocked:
            continue
        told = {sort: key for sort, key in side.keys.items() if (side.apart, sort, key) not in crowded}
        some = {number for sort, key in told.items() for number in by_key.get((side.apart, sort, key), ())}
        agreeing = {
            number: [sort for sort, key in told.items() if ours[number].keys.get(sort) == key]
            for number in sorted(some)
        }
        for number, sorts in agreeing.items():
            edges.append(_key_edge(at, side, number, ours[number], sorts, weights))
        if not agreeing and side.apart in names:
            edges += [
                _name_edge(at, side, number, ours[number], told) for number, told in names[side.apart].alike(side)
            ]
    return edges


_MOST_SHARING: Final = 5  # ours with one key: more than one is ambiguous anyway


class _Names:
    """The names of ours of one sort."""

    def __init__(self, ours: Sequence[Side], apart: str) -> None:
        self._numbers = [number for number, side in enumerate(ours) if side.apart == apart and side.name]
        self._index = NameIndex(sorted_words(ours[number].name) for number in self._numbers)

    def alike(self, side: Side) -> list[tuple[int, int]]:
        """Numbers of ours with the ratio."""
        found = self._index.alike(sorted_words(side.name), LEAST_NAME) if side.name else []
        return [(self._numbers[number], told) for number, told in found]


def _key_edge(at: int, side: Side, number: int, our: Side, sorts: Sequence[str], weights: Mapping[str, int]) -> _Edge:
    best = max(weights[sort] for sort in sorts)
    apart = {"normalised sku"} if "sku" in sorts else set()  # equal codes are equal when normalised: no news
    evidence = [sort for sort in sorts if sort not in apart]
    score = best + _AGREES * (len(evidence) - 1)
    for sort in _CLASHING:
        if sort not in sorts and sort in side.keys and sort in our.keys:
            score -= _CLASHES
            evidence.append(f"another {sort}")
    return _Edge(max(1, min(100, score)), at, number, tuple(evidence))


def _name_edge(at: int, side: Side, number: int, our: Side, told: int) -> _Edge:
    score, evidence = told * _NAME_MOST // 100, [f"name {told} %"]
    if _numbers(side.name) != _numbers(our.name):
        score -= _NUMBERS_DIFFER
        evidence.append("other numbers")
    for sort in _CLASHING:
        if sort in side.keys and sort in our.keys:
            score -= _CLASHES
            evidence.append(f"another {sort}")
    return _Edge(max(1, score), at, number, tuple(evidence))


def _numbers(name: str) -> list[str]:
    return sorted(word for word in plain_words(name).split() if any(char.isdigit() for char in word))


def _one_to_one(edges: Sequence[_Edge]) -> tuple[dict[int, _Edge], dict[int, list[_Edge]]]:
    """The best first; where several are as good, none is chosen and all that are in it are ambiguous."""
    by_score: dict[int, list[_Edge]] = {}
    for edge in edges:
        by_score.setdefault(edge.score, []).append(edge)
    chosen: dict[int, _Edge] = {}
    ambiguous: dict[int, list[_Edge]] = {}
    taken: set[int] = set()
    for score in sorted(by_score, reverse=True):
        open_edges = [
            e for e in by_score[score] if e.at not in chosen and e.at not in ambiguous and e.ours not in taken
        ]
        theirs, ours = Counter(e.at for e in open_edges), Counter(e.ours for e in open_edges)
        for edge in open_edges:
            if theirs[edge.at] == 1 and ours[edge.ours] == 1:
                chosen[edge.at] = edge
            else:
                ambiguous.setdefault(edge.at, []).append(edge)
            taken.add(edge.ours)
    return chosen, ambiguous


def _proposal(
    side: Side, ours: Sequence[Side], edge: _Edge | None, ambiguous: Sequence[_Edge] | None, crowd: str
) -> Proposal:
    by_hand = "Link it by hand: type the code of yours on the list of the cart's."
    if side.blocked:
        return Proposal(side.key, side.label, Standing.BLOCKED, reason=side.blocked, remedy="Nothing is to be done.")
    if edge is not None:
        our = ours[edge.ours]
        return Proposal(side.key, side.label, Standing.PROPOSED, our.key, our.label, edge.score, edge.evidence)
    if ambiguous:
        labels = list(dict.fromkeys(ours[one.ours].label for one in ambiguous))
        told = (
            f"{len(labels)} of yours are as good: {', '.join(labels[:3])}."
            if len(labels) > 1
            else f"Others of the cart are as good for {labels[0]}."
        )
        return Proposal(side.key, side.label, Standing.BLOCKED, score=ambiguous[0].score, reason=told, remedy=by_hand)
    if crowd:
        remedy = f"Make them differ in the shop. {by_hand}"
        return Proposal(side.key, side.label, Standing.BLOCKED, reason=crowd, remedy=remedy)
    return Proposal(side.key, side.label, Standing.NONE, reason="Nothing of yours is like it.", remedy="Create it.")


# --- items ------------------------------------------------------------------------------------------------------------


def normal_code(code: str) -> str:
    """Letters and digits only, without case and leading zeros: "AB-12", "ab 12" and "00ab12" are the same."""
    return "".join([char for char in plain_words(code) if char != " "]).lstrip("0")


def barcode_key(barcode: str) -> str:
    """Digits of an EAN, UPC or GTIN without leading zeros (a UPC is an EAN with a zero in front); "" for another."""
    digits = barcode.strip().replace(" ", "").replace("-", "")
    return digits.lstrip("0") if digits.isascii() and digits.isdigit() and 8 <= len(digits) <= 14 else ""


def cart_item_sides(items: Sequence[CartItem]) -> list[Side]:
    """The cart's items as sides; one that has variants in the list is their parent and is not sold itself."""
    parents = {item.parent_id for item in items if item.parent_id and item.parent_id != item.item_id}
    return [
        Side(
            item.item_id,
            item_label(item),
            _filled(sku=item.sku.strip(), barcode=barcode_key(item.barcode), code=item.sku),
            item.full_name,
            blocked="It has variants: those are linked, not their parent." if item.item_id in parents else "",
        )
        for item in items
    ]


def our_item_sides(items: Iterable[Item]) -> list[Side]:
    """Our items as sides; the default item stands in for others and is never linked."""
    return [
        Side(
            str(item.item_id),
            f"{item.code} {item.name}",
            _filled(sku=item.code, barcode=barcode_key(item.barcode), code=item.code),
            item.name,
        )
        for item in items
        if not item.is_default
    ]


def _filled(*, sku: str, barcode: str, code: str) -> dict[str, str]:
    keys = {"sku": sku, "barcode": barcode, "normalised sku": normal_code(code)}
    return {sort: key for sort, key in keys.items() if key}


# --- customers --------------------------------------------------------------------------------------------------------


def cart_customer_sides(customers: Iterable[CartCustomer]) -> list[Side]:
    """The cart's customers as sides; guests meet guests only."""
    return [
        Side(one.customer_id, customer_label(one), _person(one), _full_name(one), "guest" if one.guest else "")
        for one in customers
    ]


def our_customer_sides(customers: Iterable[Customer]) -> list[Side]:
    """Our customers as sides."""
    return [
        Side(
            str(one.customer_id),
            f"{one.code} {customer_label(one)}",
            _person(one),
            _full_name(one),
            "guest" if one.guest else "",
        )
        for one in customers
    ]


def _full_name(customer: CartCustomer | Customer) -> str:
    return f"{customer.first_name} {customer.last_name}".strip() or customer.company


def _person(customer: CartCustomer | Customer) -> dict[str, str]:
    keys = {
        "e-mail": email_key(customer.email),
        "tax number": tax_key(customer.tax_number),
        "phone": phone_key(customer.phone),
        "name and postcode": _at_home(_full_name(customer), customer.addresses),
    }
    return {sort: key for sort, key in keys.items() if key}


def _at_home(name: str, addresses: Sequence[Address]) -> str:
    postcode = plain_words(addresses[0].postcode).replace(" ", "") if addresses else ""
    return f"{plain_words(name)} {postcode}" if name and postcode else ""
