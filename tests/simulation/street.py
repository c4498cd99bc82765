"""The shop's side of a schedule: shoppers who buy, and the owner who edits orders and items there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from random import Random

from cartui.domain.ids import RecordKind
from cartui.domain.records import CartOrder, OrderState, PaymentState, Refund, RefundLine, RefundState
from tests.simulation.shop import GROSS, NET, order
from tests.simulation.world import CalmProcess, World

_TAKEN = (PaymentState.PAID, PaymentState.PARTIALLY_REFUNDED)


def _given_back(refunds: Sequence[Refund]) -> Decimal:
    return sum((one.amount for one in refunds if one.state is not RefundState.FAILED), Decimal(0))


class Street:
    """`late`: the API may answer from a server that lags behind; `parcels`: the owner sends them, not the office."""

    def __init__(self, world: World, rng: Random, *, late: bool, parcels: bool) -> None:
        self.world, self.shop, self.rng, self.late, self.parcels = world, world.shop, rng, late, parcels
        self.shop.lag = self._delay
        self.next_order = 0

    def act(self, *, may_delete: bool) -> None:
        """One thing that a shopper or the owner does; orders are deleted more often where no list is being read."""
        rng = self.rng
        kind = rng.random()
        if kind < 0.47 or not self.shop.orders:
            self.place()
        elif kind < 0.52:
            for _ in range(rng.randint(4, 9)):  # all within one second
                self.place()
        elif kind < 0.75:
            self.edit_order()
        elif kind < 0.93:
            self.edit_item()
        elif kind < (0.95 if may_delete else 0.94):
            self.delete_order()
        else:
            self.place(bad=True)

    def busy_day(self) -> None:
        """A list of several pages, over a longer time than is read twice."""
        for _ in range(self.rng.randint(5, 9)):
            self.place()
            self.world.advance(self.rng.choice((0, 60, 400)))
        self.world.advance(self.rng.choice((0, 1200, 1200)))

    def _delay(self) -> timedelta:
        """The API may answer from a server that lags behind."""
        if self.late and self.rng.random() < 0.4:
            self.world.happened["late"] += 1
            return timedelta(seconds=self.rng.randint(1, 600))
        return timedelta(0)

    def place(self, *, bad: bool = False, late: timedelta | None = None) -> None:
        rng, number = self.rng, self.next_order
        self.next_order += 1
        state = rng.choice((PaymentState.PAID, PaymentState.PAID, PaymentState.PAID, PaymentState.PENDING))
        placed = order(number, self.shop.clock(), rng.randrange(4), rng.randint(1, 4), payment_state=state)
        self.world.happened["placed" if not bad else "unreadable"] += 1
        late = self._delay() if late is None else late
        self.shop.put(RecordKind.ORDER, placed, late=late, bad="total: is no amount" if bad else "")
        if not bad:
            self.shop.take_off(placed)
        self.world.log(f"order {number} placed {'(unreadable)' if bad else state}")

    def edit_order(self, key: str = "", what: str = "") -> None:
        rng = self.rng
        key = key or rng.choice(list(self.shop.orders))
        row = self.shop.orders[key]
        if row.deleted:
            return
        last = row.last.record if not row.last.bad else order(int(key), self.shop.clock(), 0, 1)
        if row.last.bad:
            first = row.versions[0].row.stamp
            last = replace(last, placed_at=first)
        what = what or rng.choice(("paid", "cancelled", "note", "quantity", "refund", "parcel"))
        if what == "quantity" and last.refunds:
            what = "refund"
        if what == "paid" and not last.refunds:
            changed = replace(last, payment_state=PaymentState.PAID)
        elif what == "refund" and last.payment_state in _TAKEN:
            changed = self._refunded(last)
        elif what == "parcel" and (most := self._may_send(key)):
            changed = self.shop.sent(last, {"1": Decimal(rng.randint(1, most))})
        elif what == "cancelled":
            changed = replace(last, order_state=OrderState.CANCELLED, native_status="cancelled")
        elif what == "quantity":
            again = order(int(key), last.placed_at, 0, rng.randint(1, 6))
            lines = tuple(replace(one, gone=old.gone) for one, old in zip(again.lines, last.lines, strict=True))
            changed = replace(last, lines=lines, total=again.total)
        else:
            changed = replace(last, note=f"note {rng.randrange(99)}")
        bump = rng.random() > 0.1
        if what in ("cancelled", "quantity", "refund"):
            self.shop.put_back(key)
        self.world.happened["edited" if bump else "edited without a new date"] += 1
        late = timedelta(0) if what == "parcel" else self._delay()  # with it the stock falls, and that is never late
        self.shop.put(RecordKind.ORDER, changed, late=late, bump=bump or what == "parcel")
        self.world.log(f"order {key} {what}{'' if bump else ' (date stays)'}")

    def _may_send(self, key: str) -> int:
        """How many pieces the owner may send himself: of orders that cartui has read as they are; one that still waits
        there is not finished, for it would never come then."""
        last = self.shop.orders[key].last
        states = CalmProcess(self.world, "owner").database.ask(
            "SELECT our_id FROM cart_record WHERE kind = 'order' AND external_id = ? AND state <> 'skipped'", key
        )
        if not self.parcels or not states or last.bad or last.visible_at > self.world.now:
            return 0
        line = last.record.lines[0]
        return int(line.quantity - (line.gone or 0)) - (states[0][0] is None)

    def _refunded(self, last: CartOrder) -> CartOrder:
        """One refund more, of some pieces or of an amount; or the last one's money has arrived, or never did."""
        rng, refunds = self.rng, list(last.refunds)
        self.world.happened["refunds"] += 1
        if refunds and refunds[-1].state is RefundState.PENDING:
            refunds[-1] = replace(
                refunds[-1], state=rng.choice((RefundState.DONE, RefundState.DONE, RefundState.FAILED))
            )
        else:
            left = int(last.total - _given_back(refunds)) // GROSS
            left += 2 * (rng.random() < 0.15)  # more than was paid
            if left <= 0:
                return replace(last, note="nothing is left to give back")
            state = RefundState.PENDING if rng.random() < 0.25 else RefundState.DONE
            pieces = rng.randint(1, left)
            line = RefundLine(
                Decimal(NET * pieces), line_id="1", quantity=Decimal(pieces),
                tax_amount=Decimal((GROSS - NET) * pieces), restock=rng.choice((True, False, None)),
            )  # fmt: skip
            lines = (line,) if rng.random() < 0.7 else ()
            number = f"r{len(refunds)}"
            refunds.append(Refund(number, self.shop.clock(), Decimal(GROSS * pieces), state, lines=lines))
        whole = _given_back(refunds) >= last.total
        told = PaymentState.REFUNDED if whole else PaymentState.PARTIALLY_REFUNDED
        return replace(last, refunds=tuple(refunds), payment_state=told)

    def edit_item(self, key: str = "") -> None:
        rng = self.rng
        key = key or rng.choice(list(self.shop.items))
        row = self.shop.items[key]
        if row.last.bad:
            return
        what = rng.choice(("stock", "stock", "price", "name"))
        value = {
            "stock": Decimal(rng.randint(0, 50)),
            "price": Decimal(rng.randint(10, 14)),
            "name": f"Thing {key} {rng.randrange(99)}",
        }[what]
        self.world.happened[f"shop changes {what}"] += 1
        self.shop.put(RecordKind.ITEM, replace(row.last.record, **{what: value}))
        self.world.log(f"item {key}: {what} {value}")

    def delete_order(self, among: int | None = None) -> None:
        """`among`: of how many of the first."""
        key = self.rng.choice([key for key, row in self.shop.orders.items() if not row.deleted][:among] or ["0"])
        self.shop.orders[key].deleted = True
        self.shop.put_back(key)
        self.world.happened["deleted"] += 1
        self.world.log(f"order {key} deleted")
