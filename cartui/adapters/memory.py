"""The reference double: a whole cart in memory, honest about everything, for tests and for authors of adapters.

`MemoryShop` is the shop (what its owner and shoppers do), `MemoryCart` the adapter that talks to it. All roles are
here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar, cast
from urllib.parse import quote

from pydantic_core import to_json

from cartui.domain.ids import CartBasketId, CartCustomerId, CartItemId, CartOrderId, RecordKind
from cartui.domain.ports import (
    AdapterSpec,
    AdminPages,
    BasketConverter,
    BasketReader,
    BasketSource,
    Cart,
    CartFacts,
    Connection,
    CustomerReader,
    CustomerSink,
    CustomerSource,
    ItemReader,
    ItemSink,
    OrderReader,
    OrderStatusSink,
    Page,
    Received,
    ShipmentSink,
    Stage,
    StageResult,
    StockMeaning,
    StockSink,
    Verdict,
)
from cartui.domain.records import (
    BasketStatus,
    CartBasket,
    CartCustomer,
    CartItem,
    CartOrder,
    CartShipment,
    CustomerDraft,
    FulfilmentState,
    ItemDraft,
    LineKind,
    NativeStatus,
    OrderState,
    PaymentState,
    Refund,
    ShipmentDraft,
    ShipmentLine,
    StockResult,
    StockWrite,
    WriteState,
)
from cartui.domain.safe_text import safe_text
from cartui.errors import HoldRecordError, NeedsOperatorError

Record = TypeVar("Record", CartOrder, CartItem, CartCustomer, CartBasket)
Row = Received[Any]

_FACTS = CartFacts(
    page_size=50,
    states_totals=True,
    order_changes_seen=True,
    stock_meaning=StockMeaning.FREE,
    prices_include_tax=False,
    idempotent_create=True,
)
STATUSES: Mapping[str, tuple[str, OrderState]] = {
    "processing": ("Processing", OrderState.OPEN),
    "on-hold": ("On hold", OrderState.ON_HOLD),
    "shipped": ("Shipped", OrderState.OPEN),
    "completed": ("Completed", OrderState.CLOSED),
    "cancelled": ("Cancelled", OrderState.CANCELLED),
}
"""The shop's order statuses that may be set: code -> title and meaning. "paid" is its own word."""


@dataclass(slots=True)
class MemoryShop:
    """What the shop holds, by id. `clock` is the shop's own. Rows given as `Received` in `bad_orders` make the
    shop send what no adapter can read."""

    clock: Callable[[], datetime]
    orders: dict[str, CartOrder] = field(default_factory=dict)
    items: dict[str, CartItem] = field(default_factory=dict)
    customers: dict[str, CartCustomer] = field(default_factory=dict)
    baskets: dict[str, CartBasket] = field(default_factory=dict)
    shipments: dict[str, list[CartShipment]] = field(default_factory=dict)  # by order
    bad_orders: dict[str, Row] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)  # idempotency key -> id
    page_size: int = 50
    writes: int = 0

    def put_order(self, order: CartOrder) -> None:
        """Place or change an order; its modified stamp becomes the shop's time."""
        self.orders[order.order_id] = replace(order, modified_at=self.clock())

    def put_item(self, item: CartItem) -> None:
        """Create or change an item, as `put_order`."""
        self.items[item.item_id] = replace(item, modified_at=self.clock())

    def put_customer(self, customer: CartCustomer) -> None:
        """Create or change a customer, as `put_order`."""
        self.customers[customer.customer_id] = replace(customer, modified_at=self.clock())

    def put_basket(self, basket: CartBasket) -> None:
        """Fill or change a basket, as `put_order`."""
        self.baskets[basket.basket_id] = replace(basket, modified_at=self.clock())

    def put_refund(self, order_id: str, refund: Refund) -> None:
        """Give money of an order back, or change a refund of the same id; the payment state follows what is done."""
        order = self.orders[order_id]
        others = tuple(one for one in order.refunds if one.refund_id != refund.refund_id)
        refunds = (*others, replace(refund, reason=safe_text(refund.reason)))
        given = sum(one.amount for one in refunds if one.state == "done")
        paid = PaymentState.REFUNDED if given >= order.total else PaymentState.PARTIALLY_REFUNDED
        self.put_order(replace(order, refunds=refunds, payment_state=paid if given else order.payment_state))

    def unshipped(self, order_id: str) -> dict[str, ShipmentLine]:
        """What of an order's products is still to be shipped, by line id."""
        sent: dict[str, Decimal] = {}
        for line in (line for shipment in self.shipments.get(order_id, []) for line in shipment.lines):
            sent[line.line_id] = sent.get(line.line_id, Decimal(0)) + line.quantity
        lines = [line for line in self.orders[order_id].lines if line.kind is LineKind.PRODUCT]
        left = (ShipmentLine(one.line_id, one.quantity - sent.get(one.line_id, 0), one.sku) for one in lines)
        return {line.line_id: line for line in left if line.quantity > 0}


class MemoryCart:
    """The adapter. Pages run over (modified_at, id), so rows that change while one pages are never lost."""

    def __init__(self, shop: MemoryShop) -> None:
        self._shop = shop

    @property
    def facts(self) -> CartFacts:
        return replace(_FACTS, page_size=self._shop.page_size)

    def close(self) -> None:
        return None

    def test_connection(self) -> Iterator[StageResult]:
        yield StageResult(Stage.ADDRESS, Verdict.PASSED, "in memory")
        yield StageResult(Stage.AUTHENTICATION, Verdict.PASSED, "none needed")
        yield StageResult(Stage.READ_RIGHTS, Verdict.PASSED, f"{len(self._shop.orders)} orders")
        yield StageResult(Stage.CLOCK, Verdict.PASSED, f"{self._shop.clock():%Y-%m-%d %H:%M:%S} UTC")

    # --- reading

    def iter_orders(self, since: datetime | None) -> Iterator[Page[CartOrder]]:
        return self._pages(
            lambda: [*map(_order_row, self._shop.orders.values()), *self._shop.bad_orders.values()], since
        )

    def iter_items(self, since: datetime | None) -> Iterator[Page[CartItem]]:
        return self._pages(lambda: list(map(_item_row, self._shop.items.values())), since)

    def iter_customers(self, since: datetime | None) -> Iterator[Page[CartCustomer]]:
        return self._pages(lambda: list(map(_customer_row, self._shop.customers.values())), since)

    def iter_baskets(self, since: datetime | None) -> Iterator[Page[CartBasket]]:
        return self._pages(lambda: list(map(_basket_row, self._shop.baskets.values())), since)

    def get_orders(self, ids: Sequence[CartOrderId]) -> Page[CartOrder]:
        return _page(_order_row(self._shop.orders[i]) for i in ids if i in self._shop.orders)

    def get_items(self, ids: Sequence[CartItemId]) -> Page[CartItem]:
        return _page(_item_row(self._shop.items[i]) for i in ids if i in self._shop.items)

    def get_customers(self, ids: Sequence[CartCustomerId]) -> Page[CartCustomer]:
        return _page(_customer_row(self._shop.customers[i]) for i in ids if i in self._shop.customers)

    def get_baskets(self, ids: Sequence[CartBasketId]) -> Page[CartBasket]:
        return _page(_basket_row(self._shop.baskets[i]) for i in ids if i in self._shop.baskets)

    def admin_url(self, kind: RecordKind, external_id: str) -> str:
        pages = (RecordKind.ORDER, RecordKind.ITEM, RecordKind.CUSTOMER, RecordKind.BASKET)
        return f"https://shop.example/admin/{kind}s/{quote(external_id, safe='')}" if kind in pages else ""

    def _pages(self, read: Callable[[], Iterable[Row]], since: datetime | None) -> Iterator[Page[Any]]:
        started = self._shop.clock()
        after: tuple[datetime, str] | None = None
        delivered = 0
        while True:
            left = sorted((row for row in read() if _wanted(row, since, after)), key=_position)
            rows, more = left[: self._shop.page_size], len(left) > self._shop.page_size
            total = delivered + len(left)
            delivered += len(rows)
            if rows:
                after = _position(rows[-1])
            yield Page(tuple(rows), total=total, complete_to=cast(datetime, rows[-1].stamp) if more else started)
            if not more:
                return

    # --- writing

    def find_items(self, draft: ItemDraft) -> Sequence[CartItem]:
        if made := self._shop.keys.get(draft.key):
            return [self._shop.items[made]]
        return [item for item in self._shop.items.values() if draft.sku and item.sku.casefold() == draft.sku.casefold()]

    def create_item(self, draft: ItemDraft) -> CartItemId:
        if made := self._shop.keys.get(draft.key):
            return CartItemId(made)
        item_id = CartItemId(f"made-{len(self._shop.keys) + 1}")
        self._shop.writes += 1
        self._shop.put_item(
            CartItem(
                item_id=item_id,
                name=draft.name,
                modified_at=self._shop.clock(),
                sku=draft.sku,
                barcode=draft.barcode,
                price=draft.price,
                currency=draft.currency,
                stock=draft.stock,
            )
        )
        self._shop.keys[draft.key] = item_id
        return item_id

    def update_item(self, item_id: CartItemId, changes: Mapping[str, str | Decimal]) -> None:
        self._shop.writes += 1
        self._shop.put_item(replace(self._item(item_id), **cast(dict[str, Any], dict(changes))))

    def _item(self, item_id: CartItemId) -> CartItem:
        if item := self._shop.items.get(item_id):
            return item
        raise HoldRecordError(item_id, f"The cart has no item {item_id}.", "List the items again.")

    def set_stock(self, writes: Sequence[StockWrite]) -> Sequence[StockResult]:
        return [self._set_stock(write) for write in writes]

    def _set_stock(self, write: StockWrite) -> StockResult:
        item = self._shop.items.get(write.item_id)
        if item is None:
            return StockResult(write.item_id, WriteState.REFUSED, reason=f"The cart has no item {write.item_id}.")
        if write.expected is not None and item.stock != write.expected:
            return StockResult(
                write.item_id, WriteState.CONFLICT, item.stock, "The cart's stock has changed meanwhile."
            )
        self._shop.writes += 1
        self._shop.put_item(replace(item, stock=write.quantity))
        return StockResult(write.item_id, WriteState.DONE, write.quantity)

    def find_customers(self, draft: CustomerDraft) -> Sequence[CartCustomer]:
        if made := self._shop.keys.get(draft.key):
            return [self._shop.customers[made]]
        mail = draft.email.casefold()
        return [one for one in self._shop.customers.values() if mail and one.email.casefold() == mail]

    def create_customer(self, draft: CustomerDraft) -> CartCustomerId:
        if made := self._shop.keys.get(draft.key):
            return CartCustomerId(made)
        customer_id = CartCustomerId(f"made-{len(self._shop.keys) + 1}")
        self._shop.writes += 1
        self._shop.put_customer(
            CartCustomer(
                customer_id=customer_id,
                modified_at=self._shop.clock(),
                email=draft.email,
                first_name=draft.first_name,
                last_name=draft.last_name,
                company=draft.company,
                phone=draft.phone,
                tax_number=draft.tax_number,
                addresses=(draft.address,) if draft.address else (),
            )
        )
        self._shop.keys[draft.key] = customer_id
        return customer_id

    def update_customer(self, customer_id: CartCustomerId, changes: Mapping[str, str]) -> None:
        if customer_id not in self._shop.customers:
            raise HoldRecordError(customer_id, f"The cart has no customer {customer_id}.", "List the customers again.")
        self._shop.writes += 1
        self._shop.put_customer(replace(self._shop.customers[customer_id], **cast(dict[str, Any], dict(changes))))

    # --- orders that go on

    def find_shipments(self, order_id: CartOrderId) -> Sequence[CartShipment]:
        return tuple(self._shop.shipments.get(order_id, ()))

    def create_shipment(self, draft: ShipmentDraft) -> str:
        if made := self._shop.keys.get(draft.key):
            return made
        order, lines = self._order(draft.order_id), self._shippable(draft)
        sent = self._shop.shipments.setdefault(draft.order_id, [])
        shipment_id = f"{draft.order_id}-{len(sent) + 1}"
        self._shop.writes += 1
        sent.append(
            CartShipment(shipment_id, safe_text(draft.tracking_number), safe_text(draft.carrier), draft.key, lines)
        )
        self._shop.keys[draft.key] = shipment_id
        whole = draft.completes or not self._shop.unshipped(draft.order_id)
        state = FulfilmentState.SHIPPED if whole else FulfilmentState.PARTIALLY_SHIPPED
        self._shop.put_order(replace(order, fulfilment_state=state))
        return shipment_id

    def _shippable(self, draft: ShipmentDraft) -> tuple[ShipmentLine, ...]:
        """The lines of a shipment; refused where the order holds less than that."""
        left = self._shop.unshipped(draft.order_id)
        for line in draft.lines:
            open_line = left.get(line.line_id)
            if open_line is None or line.quantity > open_line.quantity or line.quantity <= 0:
                problem = f"Line {line.line_id} of order {draft.order_id} has no {line.quantity:f} left to ship."
                raise HoldRecordError(draft.order_id, problem, "Read the order again and correct the shipment.")
        if not left:
            raise HoldRecordError(
                draft.order_id,
                f"Order {draft.order_id} has nothing left to ship.",
                "It is shipped in the cart already.",
            )
        return tuple(replace(line, sku=left[line.line_id].sku) for line in draft.lines) or tuple(left.values())

    def list_order_statuses(self) -> Sequence[NativeStatus]:
        return [NativeStatus(code, title) for code, (title, _) in STATUSES.items()]

    def set_order_status(self, order_id: CartOrderId, code: str) -> None:
        order = self._order(order_id)
        if code not in STATUSES:
            raise HoldRecordError(order_id, f"The cart has no status {code!r} to set.", "Choose one of its list.")
        if order.native_status != code:
            self._shop.writes += 1
            self._shop.put_order(replace(order, native_status=code, order_state=STATUSES[code][1]))

    def _order(self, order_id: CartOrderId) -> CartOrder:
        if order := self._shop.orders.get(order_id):
            return order
        raise HoldRecordError(order_id, f"The cart has no order {order_id}.", "List the orders again.")

    def place_order(self, basket_id: CartBasketId, key: str) -> CartOrderId:
        if made := self._shop.keys.get(key):
            return CartOrderId(made)
        basket = self._shop.baskets.get(basket_id)
        if basket is None or basket.status is not BasketStatus.OPEN:
            what = "has no such basket" if basket is None else f"says that the basket is {basket.status}"
            raise HoldRecordError(basket_id, f"The cart {what}.", "List the baskets again.")
        order_id = CartOrderId(f"made-{len(self._shop.keys) + 1}")
        self._shop.writes += 1
        self._shop.put_order(_order_of(basket, order_id, self._shop.clock()))
        self._shop.keys[key] = order_id
        self._shop.put_basket(
            replace(basket, status=BasketStatus.PURCHASED, native_status="purchased", order_id=order_id)
        )
        return order_id


def _order_of(basket: CartBasket, order_id: CartOrderId, placed_at: datetime) -> CartOrder:
    return CartOrder(
        order_id=order_id,
        order_number=f"N-{order_id}",
        placed_at=placed_at,
        modified_at=placed_at,
        currency=basket.currency,
        total=sum((line.amount for line in basket.lines), Decimal(0)),
        lines=basket.lines,
        native_status="pending",
        order_state=OrderState.OPEN,
        payment_state=PaymentState.PENDING,
        fulfilment_state=FulfilmentState.UNFULFILLED,
        buyer=basket.buyer,
    )


def _order_row(order: CartOrder) -> Row:
    return Received(order.order_id, order.modified_at, to_json(order), order)


def _item_row(item: CartItem) -> Row:
    return Received(item.item_id, item.modified_at, to_json(item), item)


def _customer_row(customer: CartCustomer) -> Row:
    return Received(customer.customer_id, customer.modified_at, to_json(customer), customer)


def _basket_row(basket: CartBasket) -> Row:
    return Received(basket.basket_id, basket.modified_at, to_json(basket), basket)


def _page(rows: Iterable[Row]) -> Page[Any]:
    return Page(tuple(rows))


def _position(row: Row) -> tuple[datetime, str]:
    if row.stamp is None:
        raise ValueError("The memory shop stamps every row.")
    return row.stamp, row.external_id


def _wanted(row: Row, since: datetime | None, after: tuple[datetime, str] | None) -> bool:
    position = _position(row)
    return (since is None or position[0] >= since) and (after is None or position > after)


_SHOPS: dict[str, MemoryShop] = {}


def share(url: str, shop: MemoryShop) -> None:
    """Make a shop reachable for `open_memory` under an address such as "memory://main"."""
    _SHOPS[url] = shop


def open_memory(connection: Connection) -> Cart:
    """Open the shop that was shared under the connection's address."""
    if shop := _SHOPS.get(connection.url):
        return MemoryCart(shop)
    raise NeedsOperatorError(f"No shop in memory is shared as {connection.url!r}.", "Share one first; it is for tests.")


SPEC = AdapterSpec(
    cart_type="memory",
    title="In memory (for tests)",
    cart_class=MemoryCart,
    open=open_memory,
    url_help="the name under which the shop was shared",
    hidden=True,
)

_roles: tuple[
    type[Cart],
    type[OrderReader],
    type[ItemReader],
    type[CustomerReader],
    type[CustomerSource],
    type[BasketSource],
    type[ItemSink],
    type[CustomerSink],
    type[StockSink],
    type[ShipmentSink],
    type[OrderStatusSink],
    type[BasketReader],
    type[BasketConverter],
    type[AdminPages],
] = (MemoryCart,) * 14
