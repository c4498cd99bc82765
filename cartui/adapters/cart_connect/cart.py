"""The adapter: requests go out, rows come in; everything else is decided by its neighbours.

Pages run by keyset over (modified_at, id), so `Page.complete_to` is the last row's stamp, and on the last page the
shop's own clock at the beginning of the listing (section 3). A listing without changes is one request: `ping` is asked
only by Test Connection, before the first stock write, and where a shop takes smaller pages than ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter, ValidationError

from cartui.adapters.cart_connect import wire
from cartui.adapters.cart_connect.diagnosis import Diagnosis
from cartui.adapters.cart_connect.errors import error_of, parse_ping, refusal_of
from cartui.adapters.cart_connect.listing import (
    ASK_MAKER,
    BASKETS,
    CUSTOMERS,
    ITEMS,
    ORDERS,
    Kind,
    Listing,
    Scanned,
    in_words,
    parse_rows,
    scan_listing,
)
from cartui.adapters.cart_connect.order_calls import OrderCalls
from cartui.adapters.cart_connect.parse import UnreadableError, is_id, parse_moment, parse_quantity
from cartui.adapters.cart_connect.render import (
    render_changes,
    render_customer,
    render_item,
    render_key,
    render_since,
    render_stock,
)
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
    WriteState,
)
from cartui.domain.safe_text import safe_text
from cartui.errors import AbortCycleError, ExitCode, HoldRecordError, NeedsOperatorError, UnknownOutcomeError
from cartui.transport import Exchange, Reply, Transport, Waiter, bearer_auth, read_ahead, segment, set_in_batches

R = TypeVar("R")

# --- facts: docs/cart-connect.md --------------------------------------------------------------------------------------

FACTS: Final = CartFacts(
    page_size=250,  # the usual page_maximum; a shop that takes less says so in ping (section 2)
    states_totals=True,  # section 3, `total`
    order_changes_seen=True,  # section 4: modified_at moves with everything that the row shows
    stock_rows=100,
    stock_meaning=StockMeaning.FREE,  # section 2, `stock_means`: the shop's ping may say otherwise
    idempotent_create=True,  # section 7, Idempotency-Key
    notes=(
        "Whether prices include tax, what stock counts and the shop's time zone are stated by the shop itself.",
        "Rows are as late as `late_by_seconds` of the shop says; Test Connection warns beyond 15 minutes.",
    ),
)
_BASE: Final = "cartconnect/v1"
_MOST_ID_CHARACTERS: Final = 4_000  # of one query: web servers take request lines of 8 kB
_IDS_UNASKED: Final = 100  # so many any shop should take
_REFUSED: Final = (400, 404, 409)
_STOCK_ANSWER: Final = TypeAdapter(wire.StockAnswer)
_WRITE_STATES: Final = {
    "ok": WriteState.DONE,
    "conflict": WriteState.CONFLICT,
    "unknown_item": WriteState.REFUSED,
    "refused": WriteState.REFUSED,
}

# --- options: none; all that differs between shops is stated by ping --------------------------------------------------

# --- the cart ---------------------------------------------------------------------------------------------------------


class CartConnect:
    """One shop. `waiter` is the transport's clock and way to wait; None: the real ones. Nothing is sent before the
    first call. Errors: as `ports.Cart` says."""

    def __init__(self, connection: Connection, waiter: Waiter | None = None) -> None:
        self._connection = connection
        self._waiter = waiter
        self._opened: Transport | None = None
        self._ping: wire.Ping | None = None
        self._order_calls = OrderCalls(self, connection.url)
        self.last_status: int | None = None
        self.exchanges = 0

    @property
    def facts(self) -> CartFacts:
        """What holds for every shop, and, once its ping was read, what it says of itself."""
        if self._ping is None:
            return FACTS
        told = self._ping["capabilities"]
        return replace(
            FACTS,
            page_size=min(FACTS.page_size, told["page_maximum"]),
            order_changes_seen=told["lists"]["orders"]["modified_since"],
            stock_meaning=StockMeaning(told["stock_means"]),
            prices_include_tax=told["prices_include_tax"],
            overlap=max(FACTS.overlap, timedelta(seconds=told["late_by_seconds"])),
            time_zone=safe_text(self._ping["time_zone"], 64),
        )

    @property
    def is_open(self) -> bool:
        """The address was accepted: a request can leave."""
        return self._opened is not None

    def close(self) -> None:
        if self._opened is not None:
            self._opened.close()

    def test_connection(self) -> Iterator[StageResult]:
        return Diagnosis(self, self._connection).run()

    # --- reading

    def iter_orders(self, since: datetime | None) -> Iterator[Page[CartOrder]]:
        return self._pages(ORDERS, since)

    def iter_items(self, since: datetime | None) -> Iterator[Page[CartItem]]:
        return self._pages(ITEMS, since)

    def iter_customers(self, since: datetime | None) -> Iterator[Page[CartCustomer]]:
        return self._pages(CUSTOMERS, since)

    def iter_baskets(self, since: datetime | None) -> Iterator[Page[CartBasket]]:
        return self._pages(BASKETS, since)

    def get_orders(self, ids: Sequence[CartOrderId]) -> Page[CartOrder]:
        return self._by_ids(ORDERS, ids)

    def get_items(self, ids: Sequence[CartItemId]) -> Page[CartItem]:
        return self._by_ids(ITEMS, ids)

    def get_customers(self, ids: Sequence[CartCustomerId]) -> Page[CartCustomer]:
        return self._by_ids(CUSTOMERS, ids)

    def get_baskets(self, ids: Sequence[CartBasketId]) -> Page[CartBasket]:
        return self._by_ids(BASKETS, ids)

    def admin_url(self, kind: RecordKind, external_id: str) -> str:
        """As the shop's ping says it, which is asked once."""
        return self._order_calls.admin_url(kind, external_id)

    def _pages(self, kind: Kind[R], since: datetime | None) -> Iterator[Page[R]]:
        filters = {} if since is None else {"modified_since": render_since(since)}
        for listing in self.iter_listing(kind, filters):
            yield Page(listing.rows, listing.total, _complete_to(listing))

    def iter_listing(self, kind: Kind[R], filters: Mapping[str, str]) -> Iterator[Listing[R]]:
        """The pages of a list, with the filters that the shop says it applied; the next one comes while the rows of
        this one are read and worked on."""
        for page in read_ahead(self._walk(kind, filters)):
            listing = parse_rows(kind, page)
            _ensure_applied(kind, filters, listing)
            yield listing

    def _walk(self, kind: Kind[R], filters: Mapping[str, str]) -> Iterator[Scanned[R]]:
        asked: Mapping[str, str] = filters
        cursors: set[str] = set()
        while True:
            page = self._scan_page(kind, asked)
            yield page
            following = page.listing.next_cursor
            if following is None:
                return
            if following in cursors:
                raise AbortCycleError(
                    f"The shop's list of {kind.path} goes round in a circle: a page led back to an earlier one.",
                    ASK_MAKER,
                )
            cursors.add(following)
            asked = {"cursor": following}

    def get_page(self, kind: Kind[R], params: Mapping[str, str], limit: int | None = None) -> Listing[R]:
        """One page."""
        return parse_rows(kind, self._scan_page(kind, params, limit))

    def _scan_page(self, kind: Kind[R], params: Mapping[str, str], limit: int | None = None) -> Scanned[R]:
        """A shop that takes fewer rows at once than we ask for refuses; then its ping says how many."""
        reply = self._get_list(kind, params, limit)
        if reply.status == 400 and self._ping is None and error_of(reply).get("field") in ("limit", "ids"):
            self.ping()
            reply = self._get_list(kind, params, limit)
        if reply.status in _REFUSED:
            raise self._refused_list(kind, reply)
        return scan_listing(kind, reply.body)

    def _get_list(self, kind: Kind[R], params: Mapping[str, str], limit: int | None) -> Reply:
        rows = {} if "ids" in params else {"limit": str(limit or self.facts.page_size)}
        path = f"{_BASE}/{kind.path}"
        return self._transport.get_json(path, {**rows, **params}, expect=_REFUSED, listing=True)

    def _refused_list(self, kind: Kind[R], reply: Reply) -> AbortCycleError | NeedsOperatorError:
        optional = kind.path in ("customers", "baskets")  # section 1; an obligatory one is back sooner or later
        if reply.status == 404 and optional and kind.path not in self.ping()["capabilities"]["lists"]:
            return NeedsOperatorError(
                f"This shop does not offer its {kind.path}.", f"Switch off what needs the shop's {kind.path}."
            )
        told = refusal_of(reply, kind.path)
        return AbortCycleError(f"The shop's list of {kind.path} did not come. {told.problem}", told.remedy)

    def _by_ids(self, kind: Kind[R], ids: Sequence[str]) -> Page[R]:
        wanted = list(dict.fromkeys(one for one in ids if is_id(one)))  # what is no id can't be in the shop
        rows = [row for batch in self._id_batches(wanted) for row in self._read_ids(kind, batch)]
        return Page(tuple(rows))

    def _read_ids(self, kind: Kind[R], batch: Sequence[str]) -> list[Any]:
        filters = {"ids": ",".join(batch)}
        listing = self.get_page(kind, filters)
        _ensure_applied(kind, filters, listing)
        return [row for row in listing.rows if row.external_id in set(batch)]

    def _id_batches(self, ids: Sequence[str]) -> Iterator[Sequence[str]]:
        if len(ids) > _IDS_UNASKED:
            self.ping()  # says how many it takes at once
        most = self.facts.page_size if self._ping else _IDS_UNASKED
        batch: list[str] = []
        for one in ids:
            if len(batch) >= most or len(",".join((*batch, one))) > _MOST_ID_CHARACTERS:
                yield batch
                batch = []
            batch.append(one)
        if batch:
            yield batch

    def ping(self) -> wire.Ping:
        """What the shop says of itself, asked once (`ask_ping` asks anew)."""
        return self.ask_ping() if self._ping is None else self._ping

    def ask_ping(self) -> wire.Ping:
        reply = self._transport.get_json(f"{_BASE}/ping", expect=(404,), listing=True)
        if reply.status == 404:
            raise NeedsOperatorError(
                "There is no Cart Connect at this address (status 404).",
                "Enter the address of the directory that contains cartconnect, and check that its module is installed.",
            )
        self._ping = parse_ping(reply.body)
        return self._ping

    # --- writing

    def find_items(self, draft: ItemDraft) -> Sequence[CartItem]:
        key = render_key(draft.key)
        if made := self._find(ITEMS, "external_key", key):
            return made
        wanted = safe_text(draft.sku)
        found = self._find(ITEMS, "sku", draft.sku) if draft.sku.strip() else []
        return [item for item in found if item.sku == wanted]

    def create_item(self, draft: ItemDraft) -> CartItemId:
        return CartItemId(self.create("items", "item_id", draft.key, render_item(draft), draft.sku or draft.name))

    def update_item(self, item_id: CartItemId, changes: Mapping[str, str | Decimal]) -> None:
        self.write("PATCH", f"items/{segment(item_id)}", render_changes(changes), item_id)

    def find_customers(self, draft: CustomerDraft) -> Sequence[CartCustomer]:
        key = render_key(draft.key)
        if made := self._find(CUSTOMERS, "external_key", key):
            return made
        wanted = safe_text(draft.email).casefold()
        found = self._find(CUSTOMERS, "email", draft.email) if draft.email.strip() else []
        return [one for one in found if one.email.casefold() == wanted]

    def create_customer(self, draft: CustomerDraft) -> CartCustomerId:
        made = self.create("customers", "customer_id", draft.key, render_customer(draft), draft.email)
        return CartCustomerId(made)

    def update_customer(self, customer_id: CartCustomerId, changes: Mapping[str, str]) -> None:
        self.write("PATCH", f"customers/{segment(customer_id)}", render_changes(changes), customer_id)

    def set_stock(self, writes: Sequence[StockWrite]) -> Sequence[StockResult]:
        batches = _stock_batches(writes, self.ping()["capabilities"]["batch_maximum"])
        return set_in_batches(batches, self._set_stock)

    def find_shipments(self, order_id: CartOrderId) -> Sequence[CartShipment]:
        return self._order_calls.find_shipments(order_id)

    def create_shipment(self, draft: ShipmentDraft) -> str:
        return self._order_calls.create_shipment(draft)

    def list_order_statuses(self) -> Sequence[NativeStatus]:
        return self._order_calls.list_statuses()

    def set_order_status(self, order_id: CartOrderId, code: str) -> None:
        self._order_calls.set_status(order_id, code)

    def place_order(self, basket_id: CartBasketId, key: str) -> CartOrderId:
        return self._order_calls.place_order(basket_id, key)

    def _find(self, kind: Kind[R], field: str, value: str) -> list[R]:
        """The records found by one field. One that can't be read is a refusal: it must not be made a second time."""
        rows = [row for listing in self.iter_listing(kind, {field: value}) for row in listing.rows]
        for row in rows:
            if isinstance(row.record, BadRecord):
                raise HoldRecordError(row.external_id, f"The shop has it, but {row.record.reason}", row.record.remedy)
        return [row.record for row in rows if not isinstance(row.record, BadRecord)]

    def create(self, path: str, id_field: str, key: str, body: Mapping[str, Any], record: str) -> str:
        """POST once per key; the id of what it made."""
        reply = self.write("POST", path, body, record, {"Idempotency-Key": render_key(key)})
        told = reply.json
        row = told.get("row") if isinstance(told, dict) else None
        made = row.get(id_field) if isinstance(row, dict) else None
        if not isinstance(made, str) or not is_id(made):
            raise UnknownOutcomeError(
                "The shop's answer does not say what it made.", "It is looked up before anything is sent again."
            )
        return made

    def write(
        self, method: str, path: str, body: Mapping[str, Any], record: str, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """A write that may be repeated: of the same key once, or of fields to fixed values."""
        sent = f"{_BASE}/{path}"
        told = self._transport.send_json(
            method, sent, body, idempotent=True, writes=True, headers=headers or {}, expect=_REFUSED, record=record
        )
        if told.status in _REFUSED:
            raise refusal_of(told, record)
        return told

    def _set_stock(self, batch: Sequence[StockWrite]) -> list[StockResult]:
        """One call. It is never repeated by itself: a comparison that had succeeded would fail the second time."""
        if len(batch) == 1 and (reason := _unsendable(batch[0])):
            return [StockResult(batch[0].item_id, WriteState.REFUSED, reason=reason)]
        body = {"rows": [render_stock(write) for write in batch]}
        try:
            reply = self._transport.send_json(
                "POST", f"{_BASE}/stock", body, idempotent=False, writes=True, expect=_REFUSED, record="stock"
            )
        except UnknownOutcomeError as error:
            return [StockResult(write.item_id, WriteState.UNKNOWN, reason=error.problem) for write in batch]
        if reply.status in _REFUSED:
            refused = refusal_of(reply, "stock")
            return [StockResult(write.item_id, WriteState.REFUSED, reason=str(refused)) for write in batch]
        return _parse_stock(reply.body, batch)

    # --- the transport

    @property
    def _transport(self) -> Transport:
        if self._opened is None:
            self._opened = Transport(
                self._connection.url,
                auth=bearer_auth(lambda: self._connection.secret("password")),
                allow_plain_http=self._connection.allow_plain_http,
                waiter=self._waiter,
                utc_now=self._connection.now,
                on_exchange=self._note,
                read_only=self._connection.read_only,
            )
        return self._opened

    def _note(self, exchange: Exchange) -> None:
        self.exchanges += 1
        self.last_status = exchange.status


def _complete_to(listing: Listing[R]) -> datetime | None:
    """How far a page proves the listing: its last stamp, where the rows came in the order of their stamps."""
    if listing.next_cursor is None:
        return listing.server_time
    stamps = [row.stamp for row in listing.rows if row.stamp is not None]
    return stamps[-1] if stamps and all(one <= two for one, two in pairwise(stamps)) else None


def _ensure_applied(kind: Kind[R], filters: Mapping[str, str], listing: Listing[R]) -> None:
    """Section 3: the shop repeats the filters as it understood them."""
    for name, value in filters.items():
        if not _same_filter(value, listing.filters.get(name, "")):
            raise NeedsOperatorError(
                f"The cart ignored the filter {name} of its {kind.path}.",
                "Nothing of it was taken over. Test the connection again; a proxy of the shop may drop parameters.",
                ExitCode.CART_REFUSED,
            )


def _same_filter(asked: str, applied: str) -> bool:
    try:
        return asked == applied or parse_moment(asked, "") == parse_moment(applied, "")
    except UnreadableError:
        return False


def _unsendable(write: StockWrite) -> str:
    """Why one write alone would have the whole call refused, "" for a good one."""
    if not is_id(write.item_id):
        return "The cart has no item with such an id."
    return "Stock can't be set below zero." if write.quantity < 0 else ""


def _stock_batches(writes: Sequence[StockWrite], most: int) -> Iterator[Sequence[StockWrite]]:
    """In order, each item once per call, and what can't be sent by itself."""
    batch: list[StockWrite] = []
    for write in writes:
        alone = bool(_unsendable(write))
        if batch and (alone or len(batch) >= most or any(one.item_id == write.item_id for one in batch)):
            yield batch
            batch = []
        if alone:
            yield [write]
        else:
            batch.append(write)
    if batch:
        yield batch


def _parse_stock(body: bytes, batch: Sequence[StockWrite]) -> list[StockResult]:
    """One result a write, in order. An answer that does not fit leaves open what was done."""
    try:
        rows = _STOCK_ANSWER.validate_json(body)["rows"]
        if [row["item_id"] for row in rows] == [write.item_id for write in batch]:
            return [_stock_result(row) for row in rows]
        problem = "its rows are not those that were sent"
    except ValidationError as error:
        problem = in_words(error)
    except UnreadableError as error:
        problem = str(error)
    reason = f"The shop's answer to the stock could not be read: {problem}."
    return [StockResult(write.item_id, WriteState.UNKNOWN, reason=reason) for write in batch]


def _stock_result(row: wire.StockRow) -> StockResult:
    state = _WRITE_STATES.get(row["result"], WriteState.UNKNOWN)
    current = None if row["current"] is None else parse_quantity(row["current"], "current")
    return StockResult(CartItemId(row["item_id"]), state, current, safe_text(row["message"] or "", 300))


# --- what an entry point leads to, and the roles ----------------------------------------------------------------------


def open_cart_connect(connection: Connection) -> Cart:
    """The shop of a connection; nothing is sent yet."""
    return CartConnect(connection)


SPEC: Final = AdapterSpec(
    cart_type="cart-connect",
    title="Cart Connect",
    cart_class=CartConnect,
    open=open_cart_connect,
    url_help="the address of the directory that contains cartconnect, such as https://www.example.com/modules",
    secret_title="Password",  # noqa: S106  (a title)
)

_cart: type[Cart] = CartConnect
_order_reader: type[OrderReader] = CartConnect
_item_reader: type[ItemReader] = CartConnect
_customer_reader: type[CustomerReader] = CartConnect
_customer_source: type[CustomerSource] = CartConnect
_basket_source: type[BasketSource] = CartConnect
_item_sink: type[ItemSink] = CartConnect
_customer_sink: type[CustomerSink] = CartConnect
_stock_sink: type[StockSink] = CartConnect
_shipment_sink: type[ShipmentSink] = CartConnect
_status_sink: type[OrderStatusSink] = CartConnect
_basket_reader: type[BasketReader] = CartConnect
_basket_converter: type[BasketConverter] = CartConnect
_admin_pages: type[AdminPages] = CartConnect
