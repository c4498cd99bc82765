"""The adapter: requests go out, rows come in; everything else is decided by its neighbours."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from cartui.adapters.woocommerce.client import Client, rows_of
from cartui.adapters.woocommerce.diagnosis import Diagnosis
from cartui.adapters.woocommerce.errors import NEEDS_USER_NAME, RefusedError
from cartui.adapters.woocommerce.listing import (
    PER_PAGE,
    ensure_whole,
    get_included,
    iter_modified,
    iter_numbered,
)
from cartui.adapters.woocommerce.parse import (
    NO_ORDERS,
    STATUSES,
    is_parent,
    item_id,
    marker_of,
    parse_basket,
    parse_customer,
    parse_item,
    parse_order,
    parse_row,
    split_id,
    stamp_of,
)
from cartui.adapters.woocommerce.refunds import RefundReader
from cartui.adapters.woocommerce.render import (
    render_customer,
    render_customer_changes,
    render_item,
    render_item_changes,
)
from cartui.adapters.woocommerce.shipments import ShipmentWriter
from cartui.adapters.woocommerce.statuses import ANY, OrderStatuses
from cartui.adapters.woocommerce.stock import Located, StockWriter
from cartui.domain.ids import CartBasketId, CartCustomerId, CartItemId, CartOrderId, RecordKind
from cartui.domain.ports import (
    AdapterSpec,
    AdminPages,
    BadRecord,
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
    Option,
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
from cartui.domain.status_map import parse_status_map
from cartui.errors import HoldRecordError, UnknownOutcomeError
from cartui.transport import NotFoundError, Reply, Waiter, read_ahead

# --- facts: https://woocommerce.github.io/woocommerce-rest-api-docs/ --------------------------------------------------

FACTS: Final = CartFacts(
    page_size=PER_PAGE,
    states_totals=True,  # X-WP-Total
    order_changes_seen=True,  # status, refund and edits move date_modified; a note does not
    stock_rows=50,  # products go together, variations by their product
    stock_meaning=StockMeaning.FREE,  # WooCommerce takes an order's pieces off at once
    prices_include_tax=None,  # a setting of the shop, known once items were read or the connection was tested
    notes=(
        "Order notes do not move an order's modified date; nothing that cartui reads stands in them.",
        "Customers have no date filter: all are read each time, and those changed are picked here.",
        "Trashed orders vanish from the lists; read one by one they are cancelled.",
        "Stock is written only where the shop tracks it for that very product or variation.",
    ),
)
_ITEM_FIELDS: Final = (
    "id,name,type,status,sku,global_unique_id,price,regular_price,sale_price,manage_stock,stock_quantity,stock_status,"
    "date_created_gmt,date_modified_gmt,parent_id,attributes,variations"
)
_ITEMS: Final = {"status": "any", "_fields": _ITEM_FIELDS}
_VARIATIONS: Final = {"_fields": _ITEM_FIELDS}
_SECOND: Final = timedelta(seconds=1)
_BASKET: Final = "checkout-draft"

# --- options ----------------------------------------------------------------------------------------------------------

OPTIONS: Final = (
    Option("consumer_key", "Consumer key", "the public half of the key, ck_…", required=True),
    Option(
        "key_sent",
        "Key is sent",
        "auto: in a header, and in the query where something removes it; oauth: signed, for a shop behind a proxy that"
        " ends the encryption without telling WordPress",
        default="auto",
        choices=("auto", "header", "query", "oauth"),
    ),
    Option(
        "status_map",
        "The shop's own statuses",
        "statuses of plug-ins as WooCommerce's own, such as packed=processing, shipped=completed; others are held",
    ),
    Option(
        "shipped_status",
        "Status when shipped",
        "what a paid order becomes when all of it was shipped; none leaves it as it is",
        default="completed",
    ),
    Option("customer_role", "Customer role", "the role of accounts that are customers, or all", default="customer"),
    Option(
        "new_items",
        "New items are",
        "what an item made by cartui is at first",
        default="publish",
        choices=("publish", "draft", "private"),
    ),
    Option("ca_file", "Authority's certificate", "file, for a shop with a certificate of an authority of its own"),
)

# --- the cart ---------------------------------------------------------------------------------------------------------


class WooCommerce:
    """One shop. `waiter` is the transport's clock and way to wait; None: the real ones. Nothing is sent before the
    first call. Errors: as `ports.Cart` says."""

    def __init__(self, connection: Connection, waiter: Waiter | None = None) -> None:
        self._connection = connection
        self._client = Client(connection, waiter)
        self._facts = FACTS
        self._statuses = OrderStatuses(self._client)
        self._refunds = RefundReader(self._client)
        self._currency: str | None = None
        self._flat: bool | None = None

    @property
    def facts(self) -> CartFacts:
        """What holds for every shop, and what this one was seen to say."""
        return self._facts

    def close(self) -> None:
        self._client.close()

    def test_connection(self) -> Iterator[StageResult]:
        diagnosis = Diagnosis(self._client, self._connection)
        yield from diagnosis.run()
        if diagnosis.time_zone:
            self._facts = replace(self._facts, time_zone=diagnosis.time_zone)

    # --- reading

    def iter_orders(self, since: datetime | None) -> Iterator[Page[CartOrder]]:
        asked = self._statuses.listed()
        for batch in read_ahead(iter_modified(self._client, "orders", {"status": asked}, since, "orders")):
            placed = [row for row in batch.rows if not _is_draft(row)]
            yield Page(self._order_rows(placed), None if asked == ANY else batch.total, batch.complete_to)

    def iter_baskets(self, since: datetime | None) -> Iterator[Page[CartBasket]]:
        """Orders that the block checkout has begun (status checkout-draft); other baskets are not in the API."""
        if _BASKET not in (self._statuses.known or (_BASKET,)):
            yield Page((), 0)
            return
        own = self._status_map()
        for batch in iter_modified(self._client, "orders", {"status": _BASKET}, since, "baskets"):
            rows = tuple(parse_row(row, lambda one: parse_basket(one, own)) for row in batch.rows)
            yield Page(rows, batch.total, batch.complete_to)

    def iter_items(self, since: datetime | None) -> Iterator[Page[CartItem]]:
        """Products without variations, and all variations. A variation's change moves its product's date, too, but not
        in all versions: where the shop lists variations by themselves, they are asked for their own date as well."""
        stated, products, clock, flat = None, 0, None, False
        listed: set[str] = set()
        for batch in iter_modified(self._client, "products", _ITEMS, since, "products"):
            stated, clock = (batch.total, batch.clock) if products == 0 else (stated, clock)
            products += len(batch.rows)
            flat = self._lists_variations()
            rows = self._item_rows(batch.rows, expand=since is not None or not flat)
            if flat:
                listed.update(row.external_id for row in rows)
            yield Page(rows, None, None if flat else batch.complete_to)
        ensure_whole(products, stated, "products")
        if flat:
            for batch in iter_modified(self._client, "variations", _VARIATIONS, since, "variations"):
                found = [row for row in self._variation_rows(batch.rows) if row.external_id not in listed]
                if since is not None and any(row.stamp and row.stamp < since - _SECOND for row in found):
                    break  # this list does not mind the date; the products' dates have told
                yield Page(tuple(found))
            yield Page((), None, clock)

    def iter_customers(self, since: datetime | None) -> Iterator[Page[CartCustomer]]:
        """The API knows no date for customers: all are read in pages, and those changed since are picked."""
        role = self._option("customer_role") or "customer"
        params = {"role": role, "orderby": "id", "order": "asc"}
        floor = None if since is None else since.replace(microsecond=0)
        for batch in iter_numbered(self._client, "customers", params, "customers"):
            rows = [parse_row(row, parse_customer) for row in batch.rows]
            kept = tuple(row for row in rows if floor is None or row.stamp is None or row.stamp >= floor)
            yield Page(kept, batch.total if floor is None else None, batch.complete_to)

    def get_orders(self, ids: Sequence[CartOrderId]) -> Page[CartOrder]:
        params = {"status": self._statuses.with_trash()}
        rows = get_included(self._client, "orders", _numbers(ids), params, "orders", _id_of)
        return Page(self._order_rows(rows))

    def get_baskets(self, ids: Sequence[CartBasketId]) -> Page[CartBasket]:
        """A basket that was placed is an order with the same id."""
        params, own = {"status": self._statuses.listed(drafts=True)}, self._status_map()
        rows = get_included(self._client, "orders", _numbers(ids), params, "baskets", _id_of)
        return Page(tuple(parse_row(row, lambda one: parse_basket(one, own)) for row in rows))

    def get_items(self, ids: Sequence[CartItemId]) -> Page[CartItem]:
        currency = self._shop_currency()
        rows = [_received(found, currency) for found in self._locate(ids).values()]
        return Page(tuple(rows))

    def get_customers(self, ids: Sequence[CartCustomerId]) -> Page[CartCustomer]:
        rows = get_included(self._client, "customers", _numbers(ids), {"role": "all"}, "customers", _id_of)
        return Page(tuple(parse_row(row, parse_customer) for row in rows))

    # --- writing

    def find_items(self, draft: ItemDraft) -> Sequence[CartItem]:
        """By SKU (case does not count for WooCommerce), those with our key before others; without a SKU by name and
        key. `HoldRecordError` where the SKU is a product's that is sold by its variations only."""
        sku = draft.sku.strip()
        if not sku and not draft.name.strip():
            return []
        asked = {"sku": sku} if sku else {"search": draft.name.strip()}
        params = {**asked, **_ITEMS, "_fields": f"{_ITEM_FIELDS},meta_data", "per_page": str(PER_PAGE)}
        rows = rows_of(self._client.get("products", params, "products"), "products")
        found = [row for row in rows if isinstance(row, dict)]
        if made := [row for row in found if marker_of(row) == draft.key]:
            found = made
        else:
            found = [row for row in found if sku and str(row.get("sku") or "").casefold() == sku.casefold()]
        return [_readable(row) for row in self._found_rows(found)]

    def create_item(self, draft: ItemDraft) -> CartItemId:
        record = draft.sku or draft.name
        currency = self._shop_currency()
        if draft.price is not None and currency and draft.currency != currency:
            raise HoldRecordError(
                record, f"The shop sells in {currency}, the item's price is in {draft.currency}.", "Price it anew."
            )
        body = render_item(draft, self._option("new_items") or "publish")
        return CartItemId(_made(self._client.send("POST", "products", body, record, idempotent=False)))

    def update_item(self, item_id: CartItemId, changes: Mapping[str, str | Decimal]) -> None:
        if (parts := split_id(item_id)) is None:
            raise NotFoundError(item_id, "The shop has no item with such an id.", "Link the item anew.")
        product, variation = parts
        body = render_item_changes(changes, variation=bool(variation), record=item_id)
        path = f"products/{product}/variations/{variation}" if variation else f"products/{product}"
        _ensure_kept(body, self._client.send("PUT", path, body, item_id, idempotent=True), item_id)

    def set_stock(self, writes: Sequence[StockWrite]) -> Sequence[StockResult]:
        return StockWriter(self._client, self._locate).set_stock(writes)

    def find_customers(self, draft: CustomerDraft) -> Sequence[CartCustomer]:
        email = draft.email.strip()
        if not email:
            return []
        reply = self._client.find("customers", {"email": email, "role": "all"}, "customers")
        if reply is None:
            return []  # no e-mail address for WordPress; to create it will be refused with the reason
        rows = [row for row in rows_of(reply, "customers") if isinstance(row, dict)]
        wanted = [row for row in rows if str(row.get("email") or "").casefold() == email.casefold()]
        return [_readable(parse_row(row, parse_customer)) for row in wanted]

    def create_customer(self, draft: CustomerDraft) -> CartCustomerId:
        """Shops that do not make user names and passwords themselves are given both; nobody knows the password."""
        body = render_customer(draft)
        try:
            reply = self._client.send("POST", "customers", body, draft.email, idempotent=False)
        except RefusedError as error:
            if error.code not in NEEDS_USER_NAME:
                raise
            body |= {"username": draft.email, "password": secrets.token_urlsafe(24)}
            reply = self._client.send("POST", "customers", body, draft.email, idempotent=False)
        return CartCustomerId(_made(reply))

    def update_customer(self, customer_id: CartCustomerId, changes: Mapping[str, str]) -> None:
        if not _numbers([customer_id]):
            raise NotFoundError(customer_id, "The shop has no customer with such an id.", "Link the customer anew.")
        body = render_customer_changes(changes)
        self._client.send("PUT", f"customers/{customer_id}", body, customer_id, idempotent=True)

    def find_shipments(self, order_id: CartOrderId) -> Sequence[CartShipment]:
        return self._shipments().find(order_id)

    def create_shipment(self, draft: ShipmentDraft) -> str:
        return self._shipments().create(draft)

    def list_order_statuses(self) -> Sequence[NativeStatus]:
        return self._statuses.titled(self._status_map())

    def set_order_status(self, order_id: CartOrderId, code: str) -> None:
        self._statuses.set(order_id, code, self._status_map())

    def admin_url(self, kind: RecordKind, external_id: str) -> str:
        """The old address of an order's page: shops that keep orders in tables of their own lead on from it."""
        product, _ = split_id(external_id) or ("", "")
        pages = {
            RecordKind.ORDER: f"post.php?post={product}&action=edit",
            RecordKind.BASKET: f"post.php?post={product}&action=edit",
            RecordKind.ITEM: f"post.php?post={product}&action=edit",
            RecordKind.CUSTOMER: f"user-edit.php?user_id={product}",
        }
        return f"{self._client.url}/wp-admin/{pages[kind]}" if product and kind in pages else ""

    # --- rows

    def _order_rows(self, rows: Sequence[Any]) -> tuple[Received[CartOrder], ...]:
        own = self._status_map()
        return self._refunds.complete(rows, [parse_row(row, lambda one: parse_order(one, own)) for row in rows])

    def _item_rows(self, rows: Sequence[Any], *, expand: bool) -> tuple[Received[CartItem], ...]:
        """Rows of products, where a product with variations becomes these (not `expand`: nothing)."""
        currency = self._shop_currency() if rows else ""
        received: list[Received[CartItem]] = []
        for row in rows:
            if not (isinstance(row, dict) and is_parent(row)):
                received.append(_received(Located(row), currency))
            elif expand:
                received += [_received(one, currency, stamp_of(row)) for one in self._variations_of(row)]
        return tuple(received)

    def _variations_of(self, parent: Mapping[str, Any]) -> list[Located]:
        """All variations of a product; none if it was deleted a moment ago."""
        path = f"products/{_id_of(parent)}/variations"
        params = {**_VARIATIONS, "orderby": "id", "order": "asc"}
        try:
            batches = list(iter_numbered(self._client, path, params, "variations"))
        except NotFoundError:
            return []
        return [Located(row, parent) for batch in batches for row in batch.rows]

    def _variation_rows(self, rows: Sequence[Any]) -> list[Received[CartItem]]:
        """Rows of the list of all variations, with their products."""
        currency = self._shop_currency() if rows else ""
        parents = self._products([str(row.get("parent_id") or "") for row in rows if isinstance(row, dict)])
        return [_received(Located(row, _parent_of(row, parents)), currency) for row in rows]

    def _found_rows(self, rows: Sequence[dict[str, Any]]) -> list[Received[CartItem]]:
        currency = self._shop_currency()
        parents = self._products([str(row["parent_id"]) for row in rows if row.get("type") == "variation"])
        for row in rows:
            if is_parent(row):
                raise HoldRecordError(
                    str(row.get("sku")),
                    f"In the shop this SKU is that of product {_id_of(row)}, sold by its variations only.",
                    "Link the item to one of its variations, or change the SKU.",
                )
        own = [Located(row, _parent_of(row, parents) if row.get("type") == "variation" else None) for row in rows]
        return [_received(one, currency) for one in own]

    def _products(self, ids: Sequence[str]) -> dict[str, Any]:
        wanted = _numbers(ids)
        rows = get_included(self._client, "products", wanted, _ITEMS, "products", _id_of) if wanted else []
        return {_id_of(row): row for row in rows}

    def _locate(self, ids: Sequence[str]) -> dict[str, Located]:
        """The rows of items by their ids; what is not there is absent."""
        parts = {name: split for name in dict.fromkeys(ids) if (split := split_id(name)) is not None}
        products = self._products([product for product, _ in parts.values()])
        found: dict[str, Located] = {}
        for product, parent in products.items():
            wanted = [variation for one, variation in parts.values() if one == product and variation]
            path = f"products/{product}/variations"
            rows = get_included(self._client, path, wanted, _VARIATIONS, "variations", _id_of) if wanted else []
            found |= {str(item_id(product, _id_of(row))): Located(row, parent) for row in rows}
            if product in parts and not is_parent(parent):
                found[product] = Located(parent)
        return {name: found[name] for name in parts if name in found}

    # --- what the shop says of itself, asked once

    def _shop_currency(self) -> str:
        """The currency of item prices; "" where the key may not know it."""
        if self._currency is None:
            reply = self._client.find("data/currencies/current", {"_fields": "code"}, "currency")
            told = reply.json if reply is not None else None
            self._currency = safe_text(str(told.get("code") or ""), 3) if isinstance(told, dict) else ""
            reply = self._client.find("settings/tax/woocommerce_prices_include_tax", {"_fields": "value"}, "settings")
            told = reply.json if reply is not None else None
            if isinstance(told, dict) and told.get("value") in ("yes", "no"):
                self._facts = replace(self._facts, prices_include_tax=told["value"] == "yes")
        return self._currency

    def _lists_variations(self) -> bool:
        """The shop lists all variations at once (WooCommerce 10.3 and later)."""
        if self._flat is None:
            self._flat = self._client.find("variations", {"per_page": "1", "_fields": "id"}, "variations") is not None
        return self._flat

    def _shipments(self) -> ShipmentWriter:
        shipped = self._option("shipped_status") or "completed"
        return ShipmentWriter(self._client, "" if shipped == "none" else shipped, self._status_map())

    def _status_map(self) -> dict[str, str]:
        told = parse_status_map(self._option("status_map"), (*STATUSES, *(f"wc-{word}" for word in STATUSES)))
        return {name.removeprefix("wc-"): word.removeprefix("wc-") for name, word in told.items()}

    def _option(self, name: str) -> str:
        return self._connection.options.get(name, "").strip()


# --- small decisions --------------------------------------------------------------------------------------------------


def _received(found: Located, currency: str, stamp: datetime | None = None) -> Received[CartItem]:
    """`stamp`: the change of the product for which a variation comes; the later of both is its time."""
    own = stamp_of(found.row) if isinstance(found.row, dict) else None
    seen_at = max(own, stamp) if own and stamp else (stamp or own)
    name = str(item_id(_id_of(found.parent), _id_of(found.row))) if found.parent and _id_of(found.row) else ""
    return parse_row(found.row, lambda row: parse_item(row, found.parent, currency, seen_at), name=name, stamp=seen_at)


def _parent_of(row: Any, parents: Mapping[str, Any]) -> Mapping[str, Any]:
    """The product of a variation; where it is gone (trashed), what is known of it."""
    number = str(row.get("parent_id") or "0") if isinstance(row, dict) else "0"
    return parents.get(number) or {"id": number, "status": "trash"}


def _readable(row: Received[Any]) -> Any:
    """The record. One that can't be read is a refusal: it must not be made a second time."""
    if isinstance(row.record, BadRecord):
        raise HoldRecordError(row.external_id, f"The shop has it, but {row.record.reason}", row.record.remedy)
    return row.record


def _made(reply: Reply) -> str:
    told = reply.json
    made = told.get("id") if isinstance(told, dict) else None
    if not isinstance(made, int) or made <= 0:
        raise UnknownOutcomeError(
            "The shop's answer does not say what it made.", "It is looked up before anything is sent again."
        )
    return str(made)


def _ensure_kept(body: Mapping[str, Any], reply: Reply, record: str) -> None:
    """WooCommerce ignores fields that its version does not know (bar codes before 9.2), and says all is well."""
    told = reply.json if isinstance(reply.json, dict) else {}
    if "global_unique_id" in body and str(told.get("global_unique_id") or "") != body["global_unique_id"]:
        raise HoldRecordError(
            record, "The shop did not keep the bar code.", "It takes digits only, from WooCommerce 9.2 on: update it."
        )


def _is_draft(row: Any) -> bool:
    """Not placed (yet): they come with `any` where orders are kept as posts."""
    return isinstance(row, dict) and row.get("status") in NO_ORDERS


def _id_of(row: Any) -> str:
    return str(row.get("id") or "") if isinstance(row, Mapping) else ""


def _numbers(ids: Sequence[str]) -> list[str]:
    """Those that can be ids here; what is no number is in no WooCommerce."""
    return [one for one in ids if (parts := split_id(one)) is not None and not parts[1]]


# --- what an entry point leads to, and the roles ----------------------------------------------------------------------


def open_woocommerce(connection: Connection) -> Cart:
    """The shop of a connection; nothing is sent yet."""
    return WooCommerce(connection)


SPEC: Final = AdapterSpec(
    cart_type="woocommerce",
    title="WooCommerce",
    cart_class=WooCommerce,
    open=open_woocommerce,
    url_help="the address of the shop's home page, such as https://www.example.com or https://www.example.com/shop",
    secret_title="Consumer secret",  # noqa: S106  (a title)
    options=OPTIONS,
)

_: tuple[
    type[Cart],
    type[OrderReader],
    type[ItemReader],
    type[CustomerSource],
    type[CustomerReader],
    type[BasketSource],
    type[ItemSink],
    type[CustomerSink],
    type[StockSink],
    type[ShipmentSink],
    type[OrderStatusSink],
    type[BasketReader],
    type[AdminPages],
] = (WooCommerce,) * 13
