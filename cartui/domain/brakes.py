"""Brakes: a plan that would do much harm at once stops and asks (DESIGN rule 14; PAINS: "all stock to zero"). Pure.

More than 50 rows, or more than 20 % of what this cart is linked to, that fall to zero, are deleted, made void or whose
price moves by half or more, want a typed confirmation. One row alone never brakes: selling out is daily work.

What is written to a cart, by itself or by hand, is also counted over the last 24 hours, so that a feed that empties a
shop bit by bit is stopped as one that does it at once: more than 20 % (and at least ten), or more than 50 that are more
than 5 %. Those are wider than the limits of one round, since over a day a shop sells out of many things.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Final

from cartui.domain.money import AmountError, parse_amount
from cartui.domain.plan import Action, FieldChange, Plan, PlannedChange

MOST_ROWS: Final = 50
MOST_SHARE: Final = Decimal("0.20")
PRICE_STEP: Final = Decimal("0.50")
WINDOW: Final = timedelta(hours=24)
WINDOW_SHARE: Final = Decimal("0.05")
_FEWEST_ROWS: Final = 2
_FEWEST_A_DAY: Final = 10
_FEWEST_VOIDS: Final = 10  # that a shop cancels by itself: two or three a round are daily work even in a small shop

TO_ZERO: Final = "set stock to zero"
PRICE: Final = "move a price by half or more"
DELETE: Final = "delete"
VOID: Final = "make void"
UNLINK: Final = "unlink"


@dataclass(frozen=True, slots=True)
class Brake:
    """What tripped: `what` is done to `rows` of the `population` records that the cart is linked to; `hours`: in the
    course of so many, 0 for at once."""

    what: str
    rows: int
    population: int
    hours: int = 0

    def __str__(self) -> str:
        share = f", {100 * self.rows // self.population} % of {self.population}" if self.population else ""
        return f"{self.what}: {self.rows} rows{f' in {self.hours} hours' if self.hours else ''}{share}"


def check_brakes(plan: Plan, population: int) -> tuple[Brake, ...]:
    """The brakes that a plan trips. `population`: how many records of this kind the cart is linked to."""
    return check_counts(count_harms(plan.effective), population)


def check_counts(harms: Mapping[str, int], population: int) -> tuple[Brake, ...]:
    """As `check_brakes`, of rows counted by `count_harms`."""
    return tuple(Brake(what, rows, population) for what, rows in harms.items() if _trips(rows, population))


def check_window(harms: Mapping[str, int], population: int) -> tuple[Brake, ...]:
    """The brakes that all that was done in `WINDOW` trips, with what is to be done now."""
    hours = int(WINDOW.total_seconds()) // 3600
    return tuple(Brake(what, rows, population, hours) for what, rows in harms.items() if _trips_a_day(rows, population))


def count_harms(changes: Iterable[PlannedChange]) -> dict[str, int]:
    """How many rows fall to zero, are deleted, unlinked or made void, or have their price moved by half or more. Taking
    back links that were just made (nothing is remembered then) is no harm."""
    counts = dict.fromkeys((TO_ZERO, PRICE, DELETE, VOID, UNLINK), 0)
    for change in changes:
        counts[DELETE] += change.action is Action.DELETE
        counts[VOID] += change.action is Action.VOID
        counts[UNLINK] += change.action is Action.UNLINK and change.record is not None
        for field in change.fields if change.action is not Action.CREATE else ():
            counts[TO_ZERO] += field.name == "stock" and falls_to_zero(field)
            counts[PRICE] += field.name == "price" and price_leaps(field)
    return counts


def harmed(changes: Iterable[PlannedChange]) -> dict[str, set[str]]:
    """The keys of the rows that `count_harms` counts, by what is done to them."""
    found: dict[str, set[str]] = {}
    for change in changes:
        for what, count in count_harms([change]).items():
            if count:
                found.setdefault(what, set()).add(change.key)
    return found


def check_voids(rows: int, population: int) -> Brake | None:
    """The brake on orders that a shop cancels between two looks at it: a broken or emptied shop must not make all that
    is PENDING here void. `rows`: how many would be in one round, with those that are held already."""
    return Brake(VOID, rows, population) if rows >= _FEWEST_VOIDS and _trips(rows, population) else None


def falls_to_zero(field: FieldChange) -> bool:
    """More than nothing before, nothing (or less) after."""
    before, after = _number(field.before), _number(field.after)
    return before is not None and after is not None and before > 0 >= after


def price_leaps(field: FieldChange) -> bool:
    """Half or less of what it was, or one and a half times it or more; from nothing to something is no leap."""
    before, after = _number(field.before), _number(field.after)
    return bool(before) and after is not None and before is not None and abs(after - before) >= PRICE_STEP * abs(before)


def _trips(rows: int, population: int) -> bool:
    return rows > MOST_ROWS or (rows >= _FEWEST_ROWS and rows > MOST_SHARE * population)


def _trips_a_day(rows: int, population: int) -> bool:
    many = rows > MOST_SHARE * population or (rows > MOST_ROWS and rows > WINDOW_SHARE * population)
    return rows >= _FEWEST_A_DAY and many


def _number(text: str) -> Decimal | None:
    try:
        return parse_amount(text) if text else None
    except AmountError:
        return None
