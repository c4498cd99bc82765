"""The adapter: thin I/O over the session and its desks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Final
from urllib.parse import quote

from cartui.adapters.medusa.diagnosis import Diagnosis
from cartui.adapters.medusa.facts import FACTS, OPTIONS
from cartui.adapters.medusa.items import ItemDesk, sold_in, variants_of
from cartui.adapters.medusa.lists import CUSTOMERS, DRAFTS, ORDERS, PRODUCTS, SOLD, VARIANTS
from cartui.adapters.medusa.parse import parse_basket, parse_customer, parse_order, row_id, split_item_id
from cartui.adapters.medusa.render import render_address, render_customer, render_new_customer
from cartui.adapters.medusa.session import MedusaSession, Row, record_path
from cartui.adapters.medusa.shipments import ShippingDesk
from cartui.adapters.medusa.stock import StockDesk
from cartui.domain.ids import CartBasketId, CartCustomerId, CartItemId, CartOrderId, RecordKind
from cartui.domain.ports import (
    AdapterSpec,
    AdminPages,
    BadRecord,
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
    StageResult,
    StockMeaning,
    StockSink,
)
from cartui.domain.records import (
    CartBasket,
    CartCustomer,
    CartItem,
    CartOrder,
    CartShipment,
    CustomerDraft,
    ItemDraft,
    NativeStatus,
    PaymentState,
    ShipmentDraft,
    StockResult,
    StockWrite,
)
from cartui.errors import AbortCycleError, HoldRecordError, UnknownOutcomeError
from cartui.transport import NotFoundError

_STATUSES: Final = (
    NativeStatus("completed", "Completed"),
    NativeStatus("archived", "Archived"),
    NativeStatus("canceled", "Canceled"),
)
_CALLS: Final = {"completed": "complete", "archived": "archive", "canceled": "cancel"}
_UNTAKEN: Final = frozenset({PaymentState.PENDING, PaymentState.AUTHORIZED, PaymentState.VOIDED, PaymentState.FAILED})


class MedusaCart:
    """The adapter; see the package's docstring. May be used from several threads."""

    def __init__(self, session: MedusaSession) -> None:
        self.session = session
        self._stock = StockDesk(session)
        self._items = ItemDesk(session, self._stock)
        self._shipping = ShippingDesk(session)

    @property
    def facts(self) -> CartFacts:
        gross = self.session.terms.gross if self.session.terms else None
        meaning = StockMeaning.FREE if self.session.free else StockMeaning.ON_HAND
        return replace(FACTS, page_size=self.session.take, prices_include_tax=gross, stock_meaning=meaning)

    def close(self) -> None:
        self.session.close()

    def test_connection(self) -> Iterator[StageResult]:
        """Stage by stage; the first that fails ends it."""
        return Diagnosis(self.session).stages()

    # --- reading

    def iter_orders(self, since: datetime | None) -> Iterator[Page[CartOrder]]:
        yield from self.session.pages(ORDERS, since, self._parse_order())

    def get_orders(self, ids: Sequence[CartOrderId]) -> Page[CartOrder]:
        return Page(tuple(map(self._parse_order(), self.session.by_ids(ORDERS, ids))))

    def _parse_order(self) -> Callable[[Row], Received[CartOrder]]:
        meanings = self.session.meanings()
        return lambda row: parse_order(row, meanings)

    def iter_baskets(self, since: datetime | None) -> Iterator[Page[CartBasket]]:
        """Draft orders: the baskets of the storefront have no list."""
        meanings = self.session.meanings()
        yield from self.session.pages(DRAFTS, since, lambda row: parse_basket(row, meanings))

    def get_baskets(self, ids: Sequence[CartBasketId]) -> Page[CartBasket]:
        """Those that became orders are found there, under the same id."""
        drafts = self.session.by_ids(DRAFTS, ids)
        open_ids = {row_id(row) for row in drafts}
        placed = self.session.by_ids(ORDERS, [one for one in ids if one not in open_ids])
        meanings = self.session.meanings()
        return Page(tuple(parse_basket(row, meanings) for row in [*drafts, *placed]))

    def iter_customers(self, since: datetime | None) -> Iterator[Page[CartCustomer]]:
        yield from self.session.pages(CUSTOMERS, since, parse_customer)

    def get_customers(self, ids: Sequence[CartCustomerId]) -> Page[CartCustomer]:
        return Page(tuple(map(parse_customer, self.session.by_ids(CUSTOMERS, ids))))

    def iter_items(self, since: datetime | None) -> Iterator[Page[CartItem]]:
        """Variants that changed, the variants of products that changed (a name belongs to the product), and those in
        orders that changed: selling, sending and taking back move the stock of a variant, but not its date."""
        seen: set[str] = set()
        mark: datetime | None = None
        for chunk in self.session.walk(VARIANTS, since):
            seen |= {row_id(row) for row in chunk.rows}
            mark = mark or (chunk.mark if since and chunk.total == len(seen) else None)
            yield Page(self._items.parse(chunk.rows), chunk.total, None if since else chunk.mark)
        if since is None:
            return
        for chunk in self.session.walk(PRODUCTS, since):
            rows = [row for product in chunk.rows for row in variants_of(product) if row_id(row) not in seen]
            seen |= {row_id(row) for row in rows}
            yield Page(self._items.parse(rows))
        for chunk in self.session.walk(SOLD, since):
            sold = [one for row in chunk.rows for one in sold_in(row) if one not in seen]
            seen |= set(sold)
            if found := self.session.by_ids(VARIANTS, sold):
                yield Page(tuple(replace(one, stamp=since) for one in self._items.parse(found)))
        yield Page((), complete_to=mark)

    def get_items(self, ids: Sequence[CartItemId]) -> Page[CartItem]:
        return Page(self._items.parse(self.session.by_ids(VARIANTS, [split_item_id(one)[1] for one in ids])))

    # --- writing items, stock and customers

    def find_items(self, draft: ItemDraft) -> Sequence[CartItem]:
        return self._items.find(draft)

    def create_item(self, draft: ItemDraft) -> CartItemId:
        return self._items.create(draft)

    def update_item(self, item_id: CartItemId, changes: Mapping[str, str | Decimal]) -> None:
        self._items.update(item_id, changes)

    def set_stock(self, writes: Sequence[StockWrite]) -> Sequence[StockResult]:
        return self._stock.set_stock(writes)

    def find_customers(self, draft: CustomerDraft) -> Sequence[CartCustomer]:
        """By e-mail, as it is written and in small letters: Medusa tells them apart, and so it does a guest from an
        account."""
        if not draft.email:
            return []
        rows = self.session.by_ids(CUSTOMERS, sorted({draft.email, draft.email.lower()}), "email")
        return [one for row in rows if not isinstance(one := parse_customer(row).record, BadRecord)]

    def create_customer(self, draft: CustomerDraft) -> CartCustomerId:
        body = render_new_customer(draft)
        made = self.session.write("admin/customers", body, draft.email, [("fields", "id")])
        customer = made.get("customer") if isinstance(made, dict) else None
        if not isinstance(customer, dict) or not isinstance(customer.get("id"), str):
            raise UnknownOutcomeError("The shop's answer does not name the new customer.", "It is looked up there.")
        if draft.address and (wire := render_address(draft.address)):
            path = record_path("admin/customers", customer["id"], "addresses")
            try:
                self.session.write(path, wire, draft.email, [("fields", "id")])
            except (AbortCycleError, HoldRecordError) as error:
                # It must not look as if nobody had been made.
                problem = f"The customer was made, but not the address. {error.problem}"
                raise UnknownOutcomeError(problem, "The customer is looked up; enter the address there.") from None
        return CartCustomerId(customer["id"])

    def update_customer(self, customer_id: CartCustomerId, changes: Mapping[str, str]) -> None:
        if body := render_customer(changes, customer_id):
            self.session.write(record_path("admin/customers", customer_id), body, customer_id, [("fields", "id")])

    # --- orders that go on

    def find_shipments(self, order_id: CartOrderId) -> Sequence[CartShipment]:
        return self._shipping.find(order_id)

    def create_shipment(self, draft: ShipmentDraft) -> str:
        return self._shipping.create(draft)

    def list_order_statuses(self) -> Sequence[NativeStatus]:
        return _STATUSES

    def set_order_status(self, order_id: CartOrderId, code: str) -> None:
        """Completed or archived; canceled only where no money was taken, for the shop would pay it back by itself."""
        if code not in _CALLS:
            raise HoldRecordError(order_id, f"The shop has no status {code!r} to set.", "Choose one of its list.")
        order = self._order(order_id)
        if order.native_status == code:
            return
        if code == "canceled" and order.payment_state not in _UNTAKEN:
            problem = "Money was taken for the order: the shop would pay it back when it is canceled."
            raise HoldRecordError(order_id, problem, "Cancel it in the shop if that is meant.")
        path = record_path("admin/orders", order_id, _CALLS[code])
        self.session.write(path, {}, order_id, [("fields", "id")])

    def _order(self, order_id: CartOrderId) -> CartOrder:
        for row in self.get_orders([order_id]).rows:
            if isinstance(row.record, BadRecord):
                raise HoldRecordError(order_id, row.record.reason, row.record.remedy)
            return row.record
        raise NotFoundError(order_id, f"The shop has no order {order_id}.", "List the orders again.")

    def place_order(self, basket_id: CartBasketId, key: str) -> CartOrderId:  # noqa: ARG002 - the id is key enough
        """A draft becomes an order under its own id, once: a second time is refused by the shop."""
        path = record_path("admin/draft-orders", basket_id, "convert-to-order")
        try:
            self.session.write(path, None, basket_id, [("fields", "id")])
        except NotFoundError:
            if not self.session.by_ids(DRAFTS, [basket_id]):
                raise
            problem = "This version of Medusa can't make a draft an order."
            raise HoldRecordError(basket_id, problem, "Enter the order in the shop, or update it to 2.8.") from None
        return CartOrderId(basket_id)

    def admin_url(self, kind: RecordKind, external_id: str) -> str:
        """Of Medusa's own back office, where it is served (/app)."""
        if external_id in ("", ".", ".."):
            return ""
        pages = {RecordKind.ORDER: "orders", RecordKind.BASKET: "draft-orders", RecordKind.CUSTOMER: "customers"}
        if kind in pages:
            return f"{self.session.base}/app/{pages[kind]}/{_quoted(external_id)}"
        product, variant = split_item_id(external_id)
        if kind is RecordKind.ITEM and product and variant not in (".", "..") and product not in (".", ".."):
            return f"{self.session.base}/app/products/{_quoted(product)}/variants/{_quoted(variant)}"
        return ""


def _quoted(text: str) -> str:
    return quote(text, safe="", errors="replace")


def open_medusa(connection: Connection) -> Cart:
    """Open the cart; nothing is sent yet. `NeedsOperatorError` for an address that is none."""
    return MedusaCart(MedusaSession(connection))


SPEC = AdapterSpec(
    cart_type="medusa",
    title="Medusa",
    cart_class=MedusaCart,
    open=open_medusa,
    url_help="https://shop.example, the address of the Medusa server, not of the storefront",
    secret_title="API key or password",  # noqa: S106 - a label
    options=OPTIONS,
)

_reader: tuple[
    type[Cart],
    type[OrderReader],
    type[ItemReader],
    type[CustomerReader],
    type[CustomerSource],
    type[BasketSource],
    type[BasketReader],
] = (MedusaCart,) * 7
_writer: tuple[
    type[ItemSink],
    type[CustomerSink],
    type[StockSink],
    type[ShipmentSink],
    type[OrderStatusSink],
    type[BasketConverter],
    type[AdminPages],
] = (MedusaCart,) * 7
