"""The adapter: thin I/O over the session."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, TypeVar
from urllib.parse import quote

from cartui.adapters.bigcommerce.beside import with_details
from cartui.adapters.bigcommerce.diagnosis import Diagnosis
from cartui.adapters.bigcommerce.facts import FACTS, OPTIONS
from cartui.adapters.bigcommerce.items import Terms, item_id_of, parse_items, split_item_id, variants_of
from cartui.adapters.bigcommerce.order_writes import OrderWrites
from cartui.adapters.bigcommerce.parse import (
    BY_NAME,
    is_incomplete,
    parse_basket,
    parse_customer,
    parse_order,
    row_id,
)
from cartui.adapters.bigcommerce.render import (
    render_customer,
    render_item_changes,
    render_new_customer,
    render_product,
)
from cartui.adapters.bigcommerce.session import BASKETS, CUSTOMERS, ORDERS, PRODUCTS, BigCommerceSession, api_address
from cartui.adapters.bigcommerce.stock import StockDesk
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
from cartui.domain.status_map import parse_status_map
from cartui.errors import HoldRecordError, UnknownOutcomeError
from cartui.transport import NotFoundError, Waiter, read_ahead

R = TypeVar("R")
_PAGES: Final = {
    RecordKind.ORDER: "orders/{}",
    RecordKind.BASKET: "orders/{}",
    RecordKind.ITEM: "products/edit/{}",
    RecordKind.CUSTOMER: "customers/{}/edit",
}
_MOST_ADDRESSES: Final = 10  # of one customer in a list; further ones have a list of their own


class BigCommerceCart:
    """The adapter; see the package's docstring. May be used from several threads."""

    def __init__(self, connection: Connection, waiter: Waiter | None = None) -> None:
        self.session = BigCommerceSession(connection, waiter)
        self._stock = StockDesk(self.session)
        self._order_writes = OrderWrites(self.session)
        self._gross: bool | None = None

    @property
    def facts(self) -> CartFacts:
        return replace(FACTS, prices_include_tax=self._gross)

    def close(self) -> None:
        self.session.close()

    def test_connection(self) -> Iterator[StageResult]:
        """Stage by stage; the first that fails ends it."""
        return Diagnosis(self.session).stages()

    def _terms(self) -> Terms:
        store = self.session.known_store()
        self._gross = store.is_price_entered_with_tax
        return Terms(store.currency, self._gross)

    # --- reading

    def iter_orders(self, since: datetime | None) -> Iterator[Page[CartOrder]]:
        """Orders by change date, without checkouts that never finished."""
        for chunk in read_ahead(self.session.walk(ORDERS, since)):
            rows = with_details(self.session, [row for row in chunk.rows if not is_incomplete(row)])
            yield Page(self._orders(rows), complete_to=chunk.mark)

    def get_orders(self, ids: Sequence[CartOrderId]) -> Page[CartOrder]:
        rows = self.session.many(self._find_order, [one for one in dict.fromkeys(ids) if _is_id(one)])
        whole = with_details(self.session, [row for row in rows if row is not None and not is_incomplete(row)])
        return Page(self._orders(whole))

    def _orders(self, rows: Sequence[Any]) -> tuple[Received[CartOrder], ...]:
        meanings = parse_status_map(self.session.connection.options.get("status_map", ""), BY_NAME)
        return tuple(parse_order(row, meanings) for row in rows)

    def _find_order(self, order_id: str) -> Any:
        reply = self.session.get(f"v2/orders/{order_id}", {"include": "fees"}, expect=(404,), record=order_id)
        return None if reply.status in (204, 404) else reply.json

    def iter_baskets(self, since: datetime | None) -> Iterator[Page[CartBasket]]:
        """Checkouts that came to the payment page and no further."""
        for chunk in self.session.walk(BASKETS, since):
            rows = with_details(self.session, [row for row in chunk.rows if is_incomplete(row)])
            yield Page(tuple(map(parse_basket, rows)), complete_to=chunk.mark)

    def get_baskets(self, ids: Sequence[CartBasketId]) -> Page[CartBasket]:
        """One that was ordered meanwhile is told, too."""
        rows = self.session.many(self._find_order, [one for one in dict.fromkeys(ids) if _is_id(one)])
        return Page(tuple(map(parse_basket, with_details(self.session, [row for row in rows if row is not None]))))

    def admin_url(self, kind: RecordKind, external_id: str) -> str:
        """In the store's control panel; nothing is asked of the shop."""
        store = api_address(self.session.connection).rpartition("/")[2]
        number = external_id.partition(":")[0]  # of an item: its product's
        page = _PAGES.get(kind, "")
        if not page or not _is_id(number):
            return ""
        return f"https://store-{quote(store, safe='')}.mybigcommerce.com/manage/{page.format(number)}"

    def iter_customers(self, since: datetime | None) -> Iterator[Page[CartCustomer]]:
        for chunk in self.session.walk(CUSTOMERS, since):
            yield Page(self._customers(chunk.rows), complete_to=chunk.mark)

    def get_customers(self, ids: Sequence[CartCustomerId]) -> Page[CartCustomer]:
        wanted = [one for one in dict.fromkeys(ids) if _is_id(one)]
        rows = self.session.by_ids(CUSTOMERS.path, "id", wanted, CUSTOMERS.only)
        return Page(self._customers([row for row in rows if row_id(row) in set(wanted)]))

    def _customers(self, rows: Sequence[Any]) -> tuple[Received[CartCustomer], ...]:
        many = [row_id(row) for row in rows if _has_more_addresses(row)]
        homes = self.session.by_ids("v3/customers/addresses", "customer_id", many, {}) if many else []
        whole = []
        for row in rows:
            own = [one for one in homes if isinstance(one, dict) and str(one.get("customer_id")) == row_id(row)]
            whole.append({**row, "addresses": own} if own else row)
        return tuple(map(parse_customer, whole))

    def iter_items(self, since: datetime | None) -> Iterator[Page[CartItem]]:
        """Each variant of the products that changed. A change of a variant counts as one of its product."""
        terms = self._terms()
        for chunk in self.session.walk(PRODUCTS, since):
            yield Page(self._items(chunk.rows, terms), complete_to=chunk.mark)

    def get_items(self, ids: Sequence[CartItemId]) -> Page[CartItem]:
        wanted = {one for one in ids if split_item_id(one)}
        rows = self._products(list(dict.fromkeys(one.partition(":")[0] for one in ids if one in wanted)))
        return Page(tuple(one for one in self._items(rows, self._terms()) if one.external_id in wanted))

    def _items(self, rows: Sequence[Any], terms: Terms) -> tuple[Received[CartItem], ...]:
        stock = self._stock.at_location([row_id(row) for row in rows]) if rows else None
        return tuple(item for row in rows for item in parse_items(row, terms, stock))

    def _products(self, ids: Sequence[str]) -> list[Any]:
        return self.session.by_ids(PRODUCTS.path, "id", ids, PRODUCTS.only)

    # --- writing items

    def find_items(self, draft: ItemDraft) -> Sequence[CartItem]:
        """By SKU, which the shop keeps unique, else by name, which it keeps unique, too. There is no place for our key
        that the shop could be asked by."""
        if not draft.sku.strip():
            found = self.session.all_rows(PRODUCTS.path, {**PRODUCTS.only, "name": draft.name}, PRODUCTS.limit)
            return [
                one for one in _good(self._items(found, self._terms())) if one.name.casefold() == draft.name.casefold()
            ]
        # The SKU of a product is asked for on one list, that of a variant on another.
        products = self.session.all_rows(PRODUCTS.path, {**PRODUCTS.only, "sku": draft.sku}, PRODUCTS.limit)
        variants = self.session.all_rows("v3/catalog/variants", {"sku": draft.sku}, PRODUCTS.limit)
        known = {row_id(row) for row in products}
        more = {str(row.get("product_id")) for row in variants if isinstance(row, dict)} - known
        found = [*products, *self._products(sorted(one for one in more if _is_id(one)))]
        items = _good(self._items(found, self._terms()))
        return [one for one in items if one.sku.casefold() == draft.sku.casefold()]

    def create_item(self, draft: ItemDraft) -> CartItemId:
        """A product, whose one variant the shop makes."""
        body = render_product(draft, self._terms().currency)
        told = self.session.write("POST", PRODUCTS.path, body, draft.sku or draft.name).json
        made = told.get("data") if isinstance(told, dict) else None
        if not isinstance(made, dict) or not _is_id(row_id(made)):
            raise UnknownOutcomeError(
                "The shop's answer does not say what it made.", "It is looked up before a resend."
            )
        if not made.get("base_variant_id"):
            made = next(iter(self._products([row_id(made)])), made)
        variants = variants_of(made)
        return item_id_of(row_id(made), row_id(variants[0]) if variants else "0")

    def update_item(self, item_id: CartItemId, changes: Mapping[str, str | Decimal]) -> None:
        product_id, variant_id, alone = self._variant(item_id)
        body = render_item_changes(changes, item_id)
        if "name" in changes and not alone:
            reason = "The name belongs to a product with several variants."
            raise HoldRecordError(item_id, reason, "Change it in the shop, or leave it out of the export.")
        path = f"{PRODUCTS.path}/{product_id}"
        if alone:
            body |= {"name": changes["name"]} if "name" in changes else {}
        else:
            path = f"{path}/variants/{variant_id}"
        if body:
            self.session.write("PUT", path, body, item_id)

    def _variant(self, item_id: str) -> tuple[str, str, bool]:
        """Product, variant, and whether the product has only that one."""
        ids = split_item_id(item_id)
        variants = [row_id(one) for row in self._products([ids[0]]) for one in variants_of(row)] if ids else []
        if ids is None or ids[1] not in variants:
            raise NotFoundError(item_id, f"The shop has no item {item_id[:60]}.", "List the items again.")
        return ids[0], ids[1], len(variants) == 1

    # --- writing orders

    def find_shipments(self, order_id: CartOrderId) -> Sequence[CartShipment]:
        return self._order_writes.find_shipments(order_id)

    def create_shipment(self, draft: ShipmentDraft) -> str:
        return self._order_writes.create_shipment(draft)

    def list_order_statuses(self) -> Sequence[NativeStatus]:
        return self._order_writes.list_statuses()

    def set_order_status(self, order_id: CartOrderId, code: str) -> None:
        self._order_writes.set_status(order_id, code)

    def place_order(self, basket_id: CartBasketId, key: str) -> CartOrderId:
        return self._order_writes.place_order(basket_id, key)

    # --- writing stock and customers

    def set_stock(self, writes: Sequence[StockWrite]) -> Sequence[StockResult]:
        return self._stock.set_stock(writes)

    def find_customers(self, draft: CustomerDraft) -> Sequence[CartCustomer]:
        """By e-mail, which is unique in a storefront."""
        if not draft.email.strip():
            return []
        rows = self.session.all_rows(CUSTOMERS.path, {**CUSTOMERS.only, "email:in": draft.email}, CUSTOMERS.limit)
        found = _good(self._customers(rows))
        return [one for one in found if one.email.casefold() == draft.email.casefold()]

    def create_customer(self, draft: CustomerDraft) -> CartCustomerId:
        return CartCustomerId(self._write_customer("POST", render_new_customer(draft), draft.email))

    def update_customer(self, customer_id: CartCustomerId, changes: Mapping[str, str]) -> None:
        if not _is_id(customer_id):
            raise NotFoundError(customer_id, f"The shop has no customer {customer_id[:60]}.", "List them again.")
        if body := render_customer(changes, customer_id):
            self._write_customer("PUT", {"id": int(customer_id), **body}, customer_id)

    def _write_customer(self, method: str, body: Mapping[str, Any], record: str) -> str:
        """Customers are written in lists; ours has one."""
        told = self.session.write(method, CUSTOMERS.path, [body], record).json
        rows = told.get("data") if isinstance(told, dict) else None
        if rows == [] and method == "PUT":
            raise NotFoundError(record, "The shop changed no customer.", "List the customers again.")
        if not isinstance(rows, list) or not rows or not _is_id(row_id(rows[0])):
            raise UnknownOutcomeError("The shop's answer does not say what it did.", "It is looked up before a resend.")
        return row_id(rows[0])


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18


def _good(rows: Sequence[Received[R]]) -> list[R]:
    """What was found. One that can't be read is a refusal: it must not be made a second time."""
    good: list[R] = []
    for row in rows:
        if isinstance(row.record, BadRecord):
            raise HoldRecordError(row.external_id, f"The shop has it, but {row.record.reason}", row.record.remedy)
        good.append(row.record)
    return good


def _has_more_addresses(row: Any) -> bool:
    count = row.get("address_count") if isinstance(row, dict) else None
    return isinstance(count, int) and count > _MOST_ADDRESSES


def open_bigcommerce(connection: Connection) -> Cart:
    """The store of a connection; nothing is sent yet."""
    return BigCommerceCart(connection)


SPEC: Final = AdapterSpec(
    cart_type="bigcommerce",
    title="BigCommerce",
    cart_class=BigCommerceCart,
    open=open_bigcommerce,
    url_help="the API path of the API account, such as https://api.bigcommerce.com/stores/abc123",
    secret_title="Access token",  # noqa: S106  (a title)
    options=OPTIONS,
)

_cart: type[Cart] = BigCommerceCart
_readers: tuple[type[OrderReader], type[ItemReader], type[CustomerReader]] = (BigCommerceCart,) * 3
_sources: tuple[type[CustomerSource], type[BasketSource]] = (BigCommerceCart,) * 2
_sinks: tuple[type[ItemSink], type[CustomerSink], type[StockSink]] = (BigCommerceCart,) * 3
_order_sinks: tuple[type[ShipmentSink], type[OrderStatusSink], type[BasketConverter]] = (BigCommerceCart,) * 3
_others: tuple[type[BasketReader], type[AdminPages]] = (BigCommerceCart,) * 2
