"""The shop as it really is: every version of every record, when it may be seen, and who made it.

Times here are true ones; what the shop writes down is by its own clock, wrong by `skew` and as coarse as `grain`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from pydantic_core import to_json

from cartui.domain.fingerprint import fingerprint, fingerprint_raw
from cartui.domain.ids import CartCustomerId, CartItemId, CartOrderId, RecordKind
from cartui.domain.ports import BadRecord, Received
from cartui.domain.records import (
    Address,
    Buyer,
    CartItem,
    CartOrder,
    CartShipment,
    FulfilmentState,
    LineKind,
    OrderLine,
    OrderState,
    PaymentState,
)

CARTUI = "cartui"
OWNER = "owner"
SHOPPER = "shopper"
NET, GROSS = 10, 12  # of one piece
BY_HAND = "by hand"  # a number that an admin typed in cartui


@dataclass(frozen=True, slots=True)
class Version:
    """One state of a record. `seq` rises over the whole shop; `bumped`: the record's own date moved with it."""

    seq: int
    visible_at: datetime
    bumped: bool
    author: str
    row: Received[Any]
    content: str

    @property
    def record(self) -> Any:
        return self.row.record

    @property
    def bad(self) -> bool:
        return isinstance(self.row.record, BadRecord)


@dataclass(slots=True)
class Row:
    """A record with all its versions, oldest first."""

    external_id: str
    versions: list[Version] = field(default_factory=list)
    deleted: bool = False

    @property
    def last(self) -> Version:
        return self.versions[-1]

    @property
    def last_bumped(self) -> Version:
        """The latest version that a listing by date can be expected to show."""
        return next(one for one in reversed(self.versions) if one.bumped)


@dataclass(slots=True)
class SimShop:
    """`idempotent`: creating twice with one key makes one item; `unique_sku`: a second item of one SKU is refused;
    `cas`: a stock write names the number it replaces; `on_hand`: its stock has what its open orders keep, and falls
    when a parcel leaves. `now` is the true time."""

    now: Callable[[], datetime]
    skew: timedelta = timedelta(0)
    grain: timedelta = timedelta(microseconds=1)
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    page_size: int = 3
    idempotent: bool = True
    unique_sku: bool = False
    cas: bool = True
    on_hand: bool = False
    lag: Callable[[], timedelta] = timedelta  # how long until its API shows a change
    seq: int = 0
    orders: dict[str, Row] = field(default_factory=dict)
    items: dict[str, Row] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    unsettled: dict[str, int] = field(default_factory=dict)  # item -> when its stock became anybody's guess
    parcels: list[tuple[str, CartShipment]] = field(default_factory=list)  # order id, shipment
    made: dict[str, str] = field(default_factory=dict)  # id of an item that we made -> its SKU

    def clock(self) -> datetime:
        """The time as the shop writes it."""
        at = self.now() + self.skew
        return at.replace(microsecond=0) if self.grain >= timedelta(seconds=1) else at

    def rows(self, kind: RecordKind) -> dict[str, Row]:
        return self.orders if kind is RecordKind.ORDER else self.items

    def visible(self, kind: RecordKind) -> Iterator[Version]:
        """What its API shows at this moment."""
        for row in self.rows(kind).values():
            if not row.deleted and (version := self.shown(row)) is not None:
                yield version

    def shown(self, row: Row, at: datetime | None = None) -> Version | None:
        """The latest version that has reached the server that answers; `at`: that had reached it then."""
        then = at or self.now()
        return next((one for one in reversed(row.versions) if one.visible_at <= then), None)

    # --- what happens in it

    def put(
        self,
        kind: RecordKind,
        record: CartOrder | CartItem,
        *,
        author: str = OWNER,
        late: timedelta = timedelta(0),
        bump: bool = True,
        bad: str = "",
    ) -> Version:
        """Place or change a record. `late`: how long until the API shows it; `bad`: what makes it unreadable."""
        key = record.order_id if isinstance(record, CartOrder) else record.item_id
        row = self.rows(kind).setdefault(key, Row(key))
        stamp = self.clock() if bump or not row.versions else row.last.row.stamp
        known = replace(record, modified_at=stamp)  # type: ignore[type-var]
        raw = to_json(known)
        told: Received[Any] = Received(key, stamp, raw, BadRecord(bad) if bad else known)
        content = fingerprint_raw(told) if bad else fingerprint(known)
        self.seq += 1
        seen_at = self.now() + late
        if row.versions:  # a change does not overtake the one before it
            seen_at = max(seen_at, row.last.visible_at)
        version = Version(self.seq, seen_at, bump or not row.versions, author, told, content)
        row.versions.append(version)
        return version

    def take_off(self, placed: CartOrder) -> None:
        """A shopper's order takes its pieces off at once; the items' own dates do not move with it."""
        if not self.on_hand:
            for line in placed.lines:
                self.take(line.item_id or "", line.quantity)

    def take(self, item_id: str, pieces: Decimal) -> None:
        """Fewer of an item are there."""
        row = self.items.get(item_id)
        if row is not None and not row.last.bad and row.last.record.stock is not None:
            less = replace(row.last.record, stock=row.last.record.stock - pieces)
            self.put(RecordKind.ITEM, less, author=SHOPPER, bump=False)

    def sent(self, order: CartOrder, pieces: Mapping[str, Decimal], state: FulfilmentState | None = None) -> CartOrder:
        """The order after a parcel with these `pieces` of its lines (empty: all that is left). A shop that counts what
        is on hand says how many of a line are gone, and has so many less."""
        lines = order.lines
        if self.on_hand:
            lines = tuple(self._less(one, pieces) if one.kind is LineKind.PRODUCT else one for one in lines)
        whole = not pieces or all(one.gone == one.quantity for one in lines if one.kind is LineKind.PRODUCT)
        told = state or (FulfilmentState.SHIPPED if whole else FulfilmentState.PARTIALLY_SHIPPED)
        return replace(order, fulfilment_state=told, lines=lines)

    def _less(self, line: OrderLine, pieces: Mapping[str, Decimal]) -> OrderLine:
        gone = line.gone or Decimal(0)
        now = pieces.get(line.line_id, Decimal(0)) if pieces else max(line.quantity - gone, Decimal(0))
        self.take(line.item_id or "", now)
        return replace(line, gone=gone + now)

    def put_back(self, order_id: str) -> None:
        """What a cancelled or changed order means for the shop's stock is the shop's business: some put the pieces
        back, others don't. The oracle asks for nothing until the next write. One that counts what is on hand only keeps
        the pieces no more."""
        if self.on_hand:
            return
        for version in self.orders[order_id].versions:
            if not version.bad:
                self.unsettled |= {line.item_id or "": self.seq for line in version.record.lines}

    def stock_of(self, item_id: str) -> Decimal | None:
        """The stock as the shop keeps it: never late."""
        row = self.items.get(item_id)
        return None if row is None else row.last.record.stock


def order(number: int, placed_at: datetime, buyer: int, quantity: int, **changes: Any) -> CartOrder:
    """A small paid order of one product, with its tax."""
    net = Decimal(NET) * quantity
    told: dict[str, Any] = {
        "order_id": CartOrderId(str(number)),
        "order_number": f"N{number}",
        "placed_at": placed_at,
        "modified_at": placed_at,
        "currency": "EUR",
        "total": net + 2 * quantity,
        "lines": (
            OrderLine(
                LineKind.PRODUCT,
                "Thing",
                net,
                Decimal(quantity),
                Decimal(10),
                Decimal(20),
                item_id=CartItemId(f"i{number % 3}"),
                line_id="1",
            ),
            OrderLine(LineKind.TAX, "VAT", Decimal(2 * quantity), tax_rate=Decimal(20)),
        ),
        "native_status": "processing",
        "order_state": OrderState.OPEN,
        "payment_state": PaymentState.PAID,
        "fulfilment_state": FulfilmentState.UNFULFILLED,
        "buyer": _buyer(buyer),
        "billing_address": Address("Ann", city="Leeds"),
    }
    return CartOrder(**(told | changes))


def _buyer(number: int) -> Buyer:
    """Registered ones, a guest with an e-mail, and one who left nothing."""
    if number < 2:
        return Buyer(CartCustomerId(f"c{number}"), f"buyer{number}@example.test", "Ann", f"Buyer {number}")
    return Buyer(None, "guest@example.test" if number == 2 else "", "Guest", "")


def item(number: int, **changes: Any) -> CartItem:
    """An item with the SKU of one of ours."""
    told: dict[str, Any] = {
        "item_id": CartItemId(f"i{number}"),
        "name": f"Thing {number}",
        "modified_at": datetime.min.replace(tzinfo=UTC),
        "sku": f"SKU-{number}",
        "price": Decimal(10),
        "currency": "EUR",
        "stock": Decimal(5),
    }
    return CartItem(**(told | changes))
