"""The adapter: thin I/O over the session."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from cartui.adapters.magento.admin import admin_page
from cartui.adapters.magento.diagnosis import Diagnosis
from cartui.adapters.magento.errors import NoRouteError, RefusedSignInError
from cartui.adapters.magento.facts import FACTS, OPTIONS
from cartui.adapters.magento.new_item import as_create, create_item, made_id
from cartui.adapters.magento.parse import (
    ORDER_STATES,
    as_rows,
    parse_basket,
    parse_customer,
    parse_item,
    parse_order,
    parse_stamp,
    parse_status_map,
    row_id,
)
from cartui.adapters.magento.refunds import order_of
from cartui.adapters.magento.render import (
    Where,
    batches,
    render_customer,
    render_customer_changes,
    render_item_changes,
)
from cartui.adapters.magento.sales import MagentoSales
from cartui.adapters.magento.session import (
    BASKETS,
    CUSTOMERS,
    GROUPS,
    ITEMS,
    MEMOS,
    ORDERS,
    MagentoSession,
    Source,
)
from cartui.adapters.magento.stock import MagentoStock
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
    ShipmentDraft,
    StockResult,
    StockWrite,
)
from cartui.domain.safe_text import safe_text
from cartui.domain.sweep import slices_due
from cartui.errors import HoldRecordError, NeedsOperatorError
from cartui.transport import NotFoundError, Waiter, segment

Row = Mapping[str, Any]

_NOT_SOLD: Final = ("configurable", "grouped")
_SELLABLE: Final = Where("type_id", "nin", ",".join(_NOT_SOLD))
_FILLED: Final = (Where("is_active", "eq", "1"), Where("items_count", "gt", "0"))


class MagentoCart:
    """The adapter; see the package's docstring. May be used from several threads. Errors: as `ports.Cart` says."""

    def __init__(self, session: MagentoSession) -> None:
        self._session = session
        self._stock = MagentoStock(session)
        self._sales = MagentoSales(session, self._stock)
        self._memos_closed = False

    @property
    def facts(self) -> CartFacts:
        return replace(FACTS, stock_meaning=StockMeaning.ON_HAND) if self._stock.on_hand else FACTS

    def close(self) -> None:
        self._session.close()

    def test_connection(self) -> Iterator[StageResult]:
        """Stage by stage; the first that fails ends it."""
        return Diagnosis(self._session, self._stock).stages()

    # --- reading

    def iter_orders(self, since: datetime | None) -> Iterator[Page[CartOrder]]:
        for chunk in self._session.walk(ORDERS, since, self._of_stores()):
            yield Page(self._orders(chunk.rows), chunk.total, chunk.mark)

    def get_orders(self, ids: Sequence[CartOrderId]) -> Page[CartOrder]:
        return Page(self._orders(self._session.by_ids(ORDERS, ids)))

    def _orders(self, rows: Sequence[Row]) -> tuple[Received[CartOrder], ...]:
        words = self._words()
        if not rows:
            return ()
        memos = self._memos([row_id(row) for row in rows if row.get("total_refunded")])
        groups = self._session.names_of(GROUPS, "code")
        return tuple(parse_order(row, words, memos.get(row_id(row), ()), groups) for row in rows)

    def _memos(self, order_ids: Sequence[str]) -> dict[str, list[Row]]:
        """Credit memos by order. Without the right to see them the orders' amounts still tell that money went back."""
        found: dict[str, list[Row]] = {}
        for batch in batches(order_ids, self._session.size) if not self._memos_closed else ():
            try:
                rows = self._session.all_of(MEMOS, [Where("order_id", "in", ",".join(batch))])
            except (RefusedSignInError, NoRouteError):
                self._memos_closed = True
                return {}
            for row in rows:
                found.setdefault(order_of(row), []).append(row)
        return found

    def _words(self) -> dict[str, str]:
        try:
            return parse_status_map(self._session.option("status_map"))
        except ValueError as error:
            problem = f"The cart's option status_map can't be read: {safe_text(str(error), 80)}."
            raise NeedsOperatorError(problem, f"Enter status=state; states: {', '.join(ORDER_STATES)}.") from None

    def find_shipments(self, order_id: CartOrderId) -> Sequence[CartShipment]:
        return self._sales.find_shipments(order_id)

    def create_shipment(self, draft: ShipmentDraft) -> str:
        return self._sales.ship(draft)

    def list_order_statuses(self) -> Sequence[NativeStatus]:
        return self._sales.list_statuses(self._words())

    def set_order_status(self, order_id: CartOrderId, code: str) -> None:
        self._sales.set_status(order_id, code, self._words())

    def admin_url(self, kind: RecordKind, external_id: str) -> str:
        return admin_page(self._session.option("admin_url"), kind, external_id)

    # --- baskets

    def iter_baskets(self, since: datetime | None) -> Iterator[Page[CartBasket]]:
        """Active quotes with something in them; the others come without their lines."""
        yield from self._session.pages(BASKETS, since, parse_basket, (*_FILLED, *self._of_stores()))

    def get_baskets(self, ids: Sequence[CartBasketId]) -> Page[CartBasket]:
        """Those that are not active any more, too: ordered ones name their order."""
        rows = self._session.by_ids(BASKETS, ids)
        ordered = self._sales.orders_of([row_id(row) for row in rows if not row.get("is_active")])
        return Page(tuple(parse_basket(row, ordered.get(row_id(row))) for row in rows))

    def place_order(self, basket_id: CartBasketId, key: str) -> CartOrderId:  # noqa: ARG002  (orders have no place for it)
        return self._sales.place(basket_id)

    # --- customers

    def iter_customers(self, since: datetime | None) -> Iterator[Page[CartCustomer]]:
        """Since a moment also some others in turn: in some versions an address moves no customer's date."""
        given = 0
        for rows in self._due(CUSTOMERS, since, self._of_website()) if since is not None else ():
            given += len(rows)
            yield Page(tuple(replace(parse_customer(row), stamp=since) for row in rows))
        for page in self._session.pages(CUSTOMERS, since, parse_customer, self._of_website()):
            yield replace(page, total=given + (page.total or 0))

    def get_customers(self, ids: Sequence[CartCustomerId]) -> Page[CartCustomer]:
        return Page(tuple(map(parse_customer, self._session.by_ids(CUSTOMERS, ids))))

    # --- items

    def iter_items(self, since: datetime | None) -> Iterator[Page[CartItem]]:
        """What is sold, each with the stock as it is now; since a moment also what was sold, and some others in turn:
        stock moves no item's date."""
        self._stock.forget()
        given: set[str] = set()
        for rows in self._unmoved(since) if since is not None else ():
            fresh = [row for row in rows if row_id(row) not in given]
            given |= {row_id(row) for row in fresh}
            if fresh:
                yield Page(tuple(replace(one, stamp=since) for one in self._items(fresh)))
        for chunk in self._session.walk(ITEMS, since, (_SELLABLE, *self._of_website())):
            yield Page(self._items(chunk.rows), len(given) + chunk.total, chunk.mark)

    def _unmoved(self, since: datetime) -> Iterator[list[Row]]:
        """Items to be read again whatever their date: sold since, or their turn has come."""
        session = self._session
        sold: set[str] = set()
        for chunk in session.walk(ORDERS, since, self._of_stores()):
            sold |= {str(line.get("product_id")) for row in chunk.rows for line in as_rows(row.get("items"))}
        if sold:
            rows = session.by_ids(ITEMS, sorted(sold))
            yield [row for row in rows if row.get("type_id") not in _NOT_SOLD and _is_before(row, since)]
        yield from self._due(ITEMS, since, (_SELLABLE, *self._of_website()))

    def _due(self, source: Source, since: datetime, only: Sequence[Where]) -> Iterator[list[Row]]:
        """Rows whose turn has come, but for those that their own date brings."""
        session = self._session
        highest, now = session.highest_id(source)
        for first, last in slices_due(since, now, highest) if now else ():
            for start in range(first, last + 1, session.size):
                end = min(last, start + session.size - 1)
                ids = (Where("entity_id", "gteq", str(start)), Where("entity_id", "lteq", str(end)))
                found = session.page(source, [*ids, *only], source.sort, 1, session.size)[0]
                if rows := [row for row in found if _is_before(row, since)]:
                    yield rows

    def get_items(self, ids: Sequence[CartItemId]) -> Page[CartItem]:
        self._stock.forget()
        return Page(
            self._items([row for row in self._session.by_ids(ITEMS, ids) if row.get("type_id") not in _NOT_SOLD])
        )

    def _items(self, rows: Sequence[Row]) -> tuple[Received[CartItem], ...]:
        if not rows:
            return ()  # nothing new: neither stock nor currency needs to be asked for
        levels = self._stock.levels(rows)
        currency, barcode = self._session.terms().currency, self._session.option("barcode_attribute")
        return tuple(parse_item(row, currency, levels.get(row_id(row)), barcode) for row in rows)

    def _of_stores(self) -> list[Where]:
        """Orders and baskets belong to a store view."""
        if not self._session.option("website"):
            return []
        return [Where("store_id", "in", ",".join(self._session.terms().store_ids))]

    def _of_website(self) -> list[Where]:
        if not self._session.option("website"):
            return []
        return [Where("website_id", "eq", str(self._session.terms().website_id))]

    # --- writing items and stock

    def find_items(self, draft: ItemDraft) -> Sequence[CartItem]:
        """By SKU, which Magento keeps unique; all that the shop's database takes for the same (case, accents, blanks at
        the end), as each of them would be overwritten by a create."""
        if not draft.sku.strip():
            return []
        rows, _, _ = self._session.page(ITEMS, [Where("sku", "eq", draft.sku)], size=100)
        if family := [row for row in rows if row.get("type_id") in _NOT_SOLD]:
            reason = f"The SKU is that of a {family[0]['type_id']} product of the shop, which is not sold itself."
            raise HoldRecordError(draft.sku, reason, "Give the item a SKU of its own, or link it to a variant.")
        self._stock.forget()
        return _whole(self._items(rows))

    def create_item(self, draft: ItemDraft) -> CartItemId:
        """Looks once more right before: Magento's create overwrites an item with the same SKU without a word."""
        if self.find_items(draft):
            reason = "The shop has an item with this SKU already; nothing was written."
            raise HoldRecordError(draft.sku, reason, "Link the two, or give one of them another SKU.")
        return CartItemId(create_item(self._session, self._stock, draft))

    def update_item(self, item_id: CartItemId, changes: Mapping[str, str | Decimal]) -> None:
        body = render_item_changes(item_id, changes, self._session.option("barcode_attribute"))
        if not body["product"]:
            return
        for row in self._session.by_ids(ITEMS, [item_id]):
            path = f"products/{segment(str(row.get('sku') or ''))}"
            self._session.ask("PUT", path, body=body, scoped=True, writes=True, record=item_id)
            return
        raise NotFoundError(item_id, f"The shop has no item {item_id}.", "List the items again.")

    def set_stock(self, writes: Sequence[StockWrite]) -> Sequence[StockResult]:
        rows = {row_id(row): row for row in self._session.by_ids(ITEMS, [write.item_id for write in writes])}
        return self._stock.set_all(writes, rows)

    # --- writing customers

    def find_customers(self, draft: CustomerDraft) -> Sequence[CartCustomer]:
        if not draft.email.strip():
            return []
        where = [Where("email", "eq", draft.email), *self._of_website()]
        rows, _, _ = self._session.page(CUSTOMERS, where, size=100)
        return _whole(tuple(map(parse_customer, rows)))

    def create_customer(self, draft: CustomerDraft) -> CartCustomerId:
        body = render_customer(draft, self._session.terms().website_id)
        return CartCustomerId(made_id(self._session.ask("POST", "customers", body=body, **as_create(draft.email)).json))

    def update_customer(self, customer_id: CartCustomerId, changes: Mapping[str, str]) -> None:
        path = f"customers/{segment(customer_id)}"
        stored = self._session.ask("GET", path, record=customer_id).json
        if not isinstance(stored, dict):
            raise NotFoundError(customer_id, f"The shop has no customer {customer_id}.", "List the customers again.")
        body = render_customer_changes(stored, changes, customer_id)
        self._session.ask("PUT", path, body=body, writes=True, record=customer_id)


def _is_before(row: Row, since: datetime | None) -> bool:
    """Its own date does not bring it."""
    stamp = parse_stamp(row)
    return since is not None and stamp is not None and stamp < since


def _whole(rows: Sequence[Received[Any]]) -> list[Any]:
    """The records found. One that can't be read is a refusal: it must not be made a second time."""
    for row in rows:
        if isinstance(row.record, BadRecord):
            raise HoldRecordError(row.external_id, f"The shop has it, but {row.record.reason}", row.record.remedy)
    return [row.record for row in rows]


def open_magento(connection: Connection, waiter: Waiter | None = None) -> Cart:
    """Open the cart; nothing is sent before the first call."""
    return MagentoCart(MagentoSession(connection, waiter))


SPEC = AdapterSpec(
    cart_type="magento",
    title="Magento 2 / Adobe Commerce",
    cart_class=MagentoCart,
    open=open_magento,
    url_help="https://shop.example, as its visitors enter it",
    secret_title="Access token, or the administrator's password",  # noqa: S106 - a label
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
    type[AdminPages],
] = (MagentoCart,) * 8
_writer: tuple[
    type[ItemSink],
    type[CustomerSink],
    type[StockSink],
    type[ShipmentSink],
    type[OrderStatusSink],
    type[BasketConverter],
] = (MagentoCart,) * 6
