"""What a plan comes to: deltas of money and quantity, requests and time. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from cartui.domain.ids import Direction
from cartui.domain.money import AmountError, parse_amount
from cartui.domain.plan import Action, ImportDocument, Plan, PlannedChange

READ_AT_ONCE: Final = 50  # records that applying reads again with one request
_WRITES: Final[Mapping[Action, int]] = {  # requests of a change: looked up, written, read back
    Action.CREATE: 3,
    Action.UPDATE: 2,
    Action.SET_STOCK: 2,
    Action.SHIP: 2,
}


@dataclass(frozen=True, slots=True)
class PlanTotals:
    """Sums over the changes that write.

    value     of new documents, by currency
    price     sum of price changes (after - before); stock: sum of stock changes, in pieces
    requests  that applying sends to the cart, about
    """

    value: Mapping[str, Decimal]
    price: Decimal
    stock: Decimal
    requests: int

    def seconds(self, seconds_a_request: float) -> float:
        """How long applying takes at that pace."""
        return self.requests * seconds_a_request

    def __str__(self) -> str:
        """ "value 1234.00 EUR, stock -12, about 40 requests"; "" where there is nothing to say."""
        parts = [f"value {amount:f} {currency}" for currency, amount in sorted(self.value.items())]
        parts += [f"prices {self.price:+f}"] if self.price else []
        parts += [f"stock {self.stock.normalize():+f}"] if self.stock else []
        parts += [f"about {self.requests:,} request{'s' if self.requests != 1 else ''}"] if self.requests else []
        return ", ".join(parts)


def plan_totals(plan: Plan) -> PlanTotals:
    """Add up a plan."""
    value: defaultdict[str, Decimal] = defaultdict(Decimal)
    for change in plan.effective:
        if isinstance(change.payload, ImportDocument):
            value[change.payload.draft.currency] += change.payload.draft.total
    return PlanTotals(
        value=dict(value),
        price=_moved(plan.effective, "price"),
        stock=_moved(plan.effective, "stock"),
        requests=_requests(plan) if plan.direction is Direction.EXPORT else 0,
    )


def _moved(changes: Sequence[PlannedChange], name: str) -> Decimal:
    """The sum of after - before; what had no value before moves nothing."""
    moves = (one for change in changes for one in change.fields if one.name == name and one.before and one.after)
    return sum((_amount(one.after) - _amount(one.before) for one in moves), Decimal(0))


def _amount(text: str) -> Decimal:
    try:
        return parse_amount(text)
    except AmountError:
        return Decimal(0)


def _requests(plan: Plan) -> int:
    counts = Counter(change.action for change in plan.effective)
    read_again = sum(counts.values()) - counts[Action.CREATE]
    return -(-read_again // READ_AT_ONCE) + sum(_WRITES.get(action, 0) * count for action, count in counts.items())
