"""Part of a document: what an invoice takes of its order, what a credit note gives back of an invoice. Pure.

Amounts are shared out so that the parts add up to the whole exactly: each part is what is due up to now, less what was
taken before; whoever takes the last piece gets the last cent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from cartui.domain.documents import DocumentLine
from cartui.domain.money import AmountError, places_of
from cartui.domain.records import LineKind, Payment, PaymentState
from cartui.errors import NeedsOperatorError

_ZERO, _ONE = Decimal(0), Decimal(1)
SHARED = frozenset({LineKind.DISCOUNT, LineKind.COUPON, LineKind.GIFT_CARD, LineKind.STORE_CREDIT, LineKind.ROUNDING})


@dataclass(frozen=True, slots=True)
class Taken:
    """What other documents have of a line already: `quantity`, `amount` (net; on a TAX line the tax)."""

    quantity: Decimal = _ZERO
    amount: Decimal = _ZERO


def open_quantities(lines: Sequence[DocumentLine], taken: Mapping[int, Taken]) -> dict[int, Decimal]:
    """How much of each product line, by position, nobody has taken."""
    return {
        position: max(_ZERO, line.quantity - taken.get(position, Taken()).quantity)
        for position, line in enumerate(lines, 1)
        if line.kind is LineKind.PRODUCT
    }


def take_parts(
    lines: Sequence[DocumentLine],
    taken: Mapping[int, Taken],
    wanted: Mapping[int, Decimal],
    currency: str,
    *,
    follow: bool,
) -> tuple[DocumentLine, ...]:
    """The lines of a document that takes `wanted` (position -> quantity of a product line; any other line named there
    is taken whole).

    Discounts, gift cards and rounding follow in proportion to the goods, taxes in proportion to the amounts that they
    were charged on. `follow`: shipping, fees and tips go along in proportion too (an invoice); without it they are left
    out unless they are named (a credit note). `source_position` of each line says where it came from.

    Errors: `NeedsOperatorError` for a line that isn't there or more than what is open.
    """
    _ensure_open(lines, taken, wanted)
    due = _Due(lines, taken, wanted, follow)
    made: list[DocumentLine] = []
    for position, line in enumerate(lines, 1):
        before = taken.get(position, Taken())
        quantity = wanted.get(position, _ZERO) if line.kind is LineKind.PRODUCT else line.quantity
        amount = _rounded(line.amount * due.share(position), line.amount, currency) - before.amount
        if (line.kind is LineKind.PRODUCT and not quantity) or (line.kind is not LineKind.PRODUCT and not amount):
            continue
        whole = quantity == line.quantity and amount == line.amount
        tax = line.tax_amount
        if tax is not None and not whole and line.amount:
            tax = _rounded(tax * amount / line.amount, tax, currency)
        price = line.unit_price if line.kind is LineKind.PRODUCT or whole else None
        made.append(
            replace(line, quantity=quantity, amount=amount, tax_amount=tax, unit_price=price, source_position=position)
        )
    return tuple(made)


def total_of(lines: Sequence[DocumentLine]) -> Decimal:
    """The sum of all lines."""
    return sum((line.amount for line in lines), _ZERO)


@dataclass(frozen=True, slots=True)
class _Due:
    """What part of each line is due up to now, this document included: from 0 to 1."""

    lines: Sequence[DocumentLine]
    taken: Mapping[int, Taken]
    wanted: Mapping[int, Decimal]
    follow: bool

    def share(self, position: int) -> Decimal:
        line = self.lines[position - 1]
        before = self.taken.get(position, Taken())
        if line.kind is LineKind.PRODUCT:
            full = self.wanted.get(position, _ZERO) + before.quantity
            return full / line.quantity if line.quantity else _ONE
        if position in self.wanted:
            return _ONE
        if line.kind is LineKind.TAX:
            return self._tax_share(line)
        if line.kind in SHARED or self.follow:
            return self._goods_share()
        return before.amount / line.amount if line.amount else _ONE

    def _goods_share(self) -> Decimal:
        goods = [at for at, line in enumerate(self.lines, 1) if line.kind is LineKind.PRODUCT]
        return self._weighted(goods)

    def _tax_share(self, tax: DocumentLine) -> Decimal:
        """By the net amounts of the lines with the tax's rate where they explain it, else by all net amounts: shops
        often state no rate for shipping and discounts."""
        net = [at for at, line in enumerate(self.lines, 1) if line.kind not in (LineKind.TAX, LineKind.ROUNDING)]
        same = [at for at in net if tax.tax_rate is not None and self.lines[at - 1].tax_rate == tax.tax_rate]
        charged = sum((self.lines[at - 1].amount for at in same), _ZERO) * (tax.tax_rate or _ZERO) / 100
        return self._weighted(same if same and abs(charged - tax.amount) <= abs(tax.amount) / 50 else net)

    def _weighted(self, positions: Sequence[int]) -> Decimal:
        shares = {at: self.share(at) for at in positions}
        if all(share == 1 for share in shares.values()):
            return _ONE
        whole = sum((self.lines[at - 1].amount for at in positions), _ZERO)
        if not whole:  # goods for nothing, or a discount that eats all of it: by pieces
            return sum(shares.values(), _ZERO) / len(shares) if shares else _ONE
        return sum((self.lines[at - 1].amount * share for at, share in shares.items()), _ZERO) / whole


def _rounded(amount: Decimal, whole: Decimal, currency: str) -> Decimal:
    """To the currency's places, or as fine as the whole is stated."""
    try:
        places = places_of(currency)
    except AmountError:
        places = 2
    exponent = whole.normalize().as_tuple().exponent
    finest = max(places, -exponent if isinstance(exponent, int) else places)
    return amount.quantize(_ONE.scaleb(-finest), ROUND_HALF_UP)


def _ensure_open(lines: Sequence[DocumentLine], taken: Mapping[int, Taken], wanted: Mapping[int, Decimal]) -> None:
    still = open_quantities(lines, taken)
    for position, quantity in wanted.items():
        if not 1 <= position <= len(lines):
            raise NeedsOperatorError(f"There is no line {position}.", f"The document has lines 1 to {len(lines)}.")
        if position in still and not 0 <= quantity <= still[position]:
            raise NeedsOperatorError(
                f"Line {position}: {quantity} is not between 0 and {still[position]}, which is still open.",
                "Take less, or look at the documents made from it.",
            )


def share_payments(payments: Sequence[Payment], used: Decimal, total: Decimal, *, last: bool) -> tuple[Payment, ...]:
    """The money the shop took for an order, as far as it belongs to one of the invoices made from it: after the `used`
    that others have, up to `total`; the `last` one takes what is left. Payments that are only promised stay whole on
    the first."""
    skip, room = used, total
    found: list[Payment] = []
    for payment in payments:
        if payment.state is not PaymentState.PAID:
            if not used:
                found.append(payment)
            continue
        if payment.amount <= 0:
            amount = payment.amount if last else _ZERO
        else:
            skipped = min(skip, payment.amount)
            skip -= skipped
            left = payment.amount - skipped
            amount = left if last else min(left, room)
            room -= amount
        if amount:
            found.append(replace(payment, amount=amount))
    return tuple(found)
