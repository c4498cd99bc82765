"""The adapter: thin I/O over the session."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import quote
from uuid import uuid4

from pydantic import ValidationError

from cartui.adapters.shopify import documents
from cartui.adapters.shopify.diagnosis import Diagnosis
from cartui.adapters.shopify.documents import CUSTOMERS, PRODUCTS, VARIANTS, Listing
from cartui.adapters.shopify.facts import FACTS, OPTIONS
from cartui.adapters.shopify.fulfilments import Fulfilments
from cartui.adapters.shopify.parse import (
    number_of,
    parse_basket,
    parse_customer,
    parse_item,
    parse_order,
    parse_stamp,
    stock_of,
)
from cartui.adapters.shopify.render import (
    render_address,
    render_base,
    render_gid,
    render_handle,
    render_item,
    render_new_customer,
    render_person,
    render_phrase,
    render_since,
    render_variant,
    whole_pieces,
)
from cartui.adapters.shopify.session import Row, ShopifySession
from cartui.adapters.shopify.wire import Terms, VariantWire
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
    OrderReader,
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
    ShipmentDraft,
    StockResult,
    StockWrite,
    WriteState,
)
from cartui.domain.safe_text import safe_text
from cartui.errors import AbortCycleError, HoldRecordError, UnknownOutcomeError
from cartui.transport import NotFoundError, Waiter, read_ahead

R = TypeVar("R")
_DAY = timedelta(days=1)
_MOST_ROWS = 250  # of an input list
_PAGES = {RecordKind.ORDER: "orders", RecordKind.CUSTOMER: "customers", RecordKind.BASKET: "checkouts"}
_STALE = ("CHANGE_FROM_QUANTITY_STALE", "COMPARE_QUANTITY_STALE")
_OPEN = ("IDEMPOTENCY_CONCURRENT_REQUEST", "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED")


class ShopifyCart:
    """The adapter; see the package's docstring. May be used from several threads."""

    def __init__(self, connection: Connection, waiter: Waiter | None = None) -> None:
        self.session = ShopifySession(connection, waiter)
        self._orders = documents.orders(self.session.side)
        self._baskets = documents.baskets(self.session.side)
        self._refunds = documents.refunds(self.session.side)
        self._fulfilments = Fulfilments(self.session)

    @property
    def facts(self) -> CartFacts:
        gross = self.session.terms.gross if self.session.terms else None
        return replace(FACTS, prices_include_tax=gross)

    def close(self) -> None:
        self.session.close()

    def test_connection(self) -> Iterator[StageResult]:
        return Diagnosis(self.session).stages()

    # --- reading

    def _sorted_pages(
        self, listing: Listing, query: str | None, parse: Callable[[Row], Iterator[Received[R]]]
    ) -> Iterator[Page[R]]:
        """Pages of a listing that is sorted by change. The shop's clock at the first request is the mark of the end:
        what changed before it was in the list. Until then the earliest stamp of a page is: the shop sorts by an index,
        and a row that changed since it was indexed stands at its old place with its new stamp."""
        mark: datetime | None = None
        for chunk in read_ahead(self.session.walk(listing, query)):
            rows = tuple(one for row in chunk.rows for one in parse(row))
            stamps = [one for one in (parse_stamp(row) for row in chunk.rows) if one]
            if mark and any(one < mark for one in stamps):
                raise AbortCycleError(
                    f"The shop did not sort its {listing.name} by their change.",
                    "Nothing was skipped: they are read again. Report it with the API version if it stays.",
                )
            mark = max(filter(None, (mark, min(stamps, default=None))), default=None)
            if not chunk.more and chunk.asked_at and (mark is None or mark < chunk.asked_at):
                mark = chunk.asked_at
            yield Page(rows, None, mark)

    def iter_orders(self, since: datetime | None) -> Iterator[Page[CartOrder]]:
        def whole(row: Row) -> Iterator[Received[CartOrder]]:
            yield parse_order(self._with_refunds(row))

        yield from self._sorted_pages(self._orders, render_since(since), whole)

    def get_orders(self, ids: Sequence[CartOrderId]) -> Page[CartOrder]:
        rows = self.session.by_ids(self._orders, ids)
        return Page(tuple(parse_order(self._with_refunds(row)) for row in rows))

    def _with_refunds(self, row: Row) -> Row:
        """An order with its refunds itemised; one without any, which most are, costs nothing more."""
        told = row.get("refunds")
        ids = [one["id"] for one in told if isinstance(one, dict) and "id" in one] if isinstance(told, list) else []
        found: list[Row] = []
        for start in range(0, len(ids), documents.REFUNDS_AT_ONCE):
            batch = {"ids": ids[start : start + documents.REFUNDS_AT_ONCE]}
            data, _ = self.session.ask(self._refunds, batch)
            found += [one for one in data.get("nodes") or [] if isinstance(one, dict)]
        return {**row, "refunds": found} if "refunds" in row else row

    def iter_items(self, since: datetime | None) -> Iterator[Page[CartItem]]:
        """Products by change, each with all its variants: a name belongs to the product, and Shopify moves a product's
        date with its variants' and their stock. Variants that changed by their own date are asked for first, in case
        it does not."""
        terms = self.session.known_terms()
        seen: set[str] = set()
        started: datetime | None = None
        if since is not None:
            for chunk in self.session.walk(VARIANTS, render_since(since)):
                started = chunk.asked_at
                rows = [parse_item(row, terms) for row in chunk.rows]
                seen |= {row.external_id for row in rows}
                yield Page(tuple(rows))
        query = render_since(since, where=PRODUCTS.where)

        def variants(row: Row) -> Iterator[Received[CartItem]]:
            if "error" in row:  # told in the product's name: its variants are not known
                yield parse_item({**row, "id": f"product-{number_of(row)}"}, terms)
                return
            inner = row.get("variants")
            for one in inner["nodes"] if isinstance(inner, dict) else ():
                item = parse_item(one, terms)
                if item.external_id not in seen:
                    seen.add(item.external_id)
                    yield item

        for page in self._sorted_pages(PRODUCTS, query, variants):
            mark = page.complete_to
            yield replace(page, complete_to=min(mark, started) if mark and started else mark)

    def get_items(self, ids: Sequence[CartItemId]) -> Page[CartItem]:
        terms = self.session.known_terms()
        return Page(tuple(parse_item(row, terms) for row in self.session.by_ids(VARIANTS, ids)))

    def iter_customers(self, since: datetime | None) -> Iterator[Page[CartCustomer]]:
        """The filter matches whole days: asked from a day before, and what is older than `since` is left out here -
        unless it is so old that the filter can't have been heeded, which the core then sees."""

        def wanted(row: Row) -> Iterator[Received[CartCustomer]]:
            one = parse_customer(row)
            if since is None or one.stamp is None or one.stamp >= since or one.stamp < since - 3 * _DAY:
                yield one

        yield from self._sorted_pages(CUSTOMERS, render_since(since - _DAY if since else None), wanted)

    def get_customers(self, ids: Sequence[CartCustomerId]) -> Page[CartCustomer]:
        return Page(tuple(map(parse_customer, self.session.by_ids(CUSTOMERS, ids))))

    def iter_baskets(self, since: datetime | None) -> Iterator[Page[CartBasket]]:
        """Abandoned checkouts. They can't be sorted by change, so only the end proves something."""
        for chunk in self.session.walk(self._baskets, render_since(since)):
            yield Page(tuple(map(parse_basket, chunk.rows)), None, None if chunk.more else chunk.asked_at)

    def get_baskets(self, ids: Sequence[CartBasketId]) -> Page[CartBasket]:
        return Page(tuple(map(parse_basket, self.session.by_ids(self._baskets, ids))))

    def admin_url(self, kind: RecordKind, external_id: str) -> str:
        """Nothing is asked of the shop. An item's page needs its product's id, too, and so has none here."""
        page = _PAGES.get(kind, "")
        base = render_base(self.session.connection.url)
        return f"{base}/{page}/{quote(external_id, safe='')}" if page else ""

    # --- shipments

    def find_shipments(self, order_id: CartOrderId) -> Sequence[CartShipment]:
        return self._fulfilments.find(order_id)

    def create_shipment(self, draft: ShipmentDraft) -> str:
        return self._fulfilments.create(draft)

    # --- writing items

    def _variant(self, item_id: str) -> VariantWire:
        for row in self.session.by_ids(VARIANTS, [item_id]):
            try:
                return VariantWire.model_validate(row)
            except ValidationError:
                raise HoldRecordError(item_id, "The shop's variant can't be read.", "Look at it in the shop.") from None
        raise NotFoundError(item_id, f"The shop has no variant {item_id}.", "List the items again.")

    def _made_for(self, draft: ItemDraft) -> list[CartItemId]:
        """The variants of the product that bears our key as its handle; not a search, so nothing lags."""
        data, _ = self.session.ask(documents.PRODUCT_BY_HANDLE, {"handle": render_handle(draft.key)})
        product = data.get("productByIdentifier")
        return [CartItemId(number_of(one)) for one in product["variants"]["nodes"]] if product else []

    def find_items(self, draft: ItemDraft) -> Sequence[CartItem]:
        """By our handle, else by SKU. Search takes words apart and ignores case: only equal SKUs count."""
        if ids := self._made_for(draft):
            found = [*self.get_items(ids).rows]
        elif draft.sku:
            terms = self.session.known_terms()
            chunks = self.session.walk(VARIANTS, render_phrase("sku", draft.sku))
            rows = [row for chunk in chunks for row in chunk.rows if row.get("sku") == draft.sku]
            found = [parse_item(row, terms) for row in rows]
        else:
            found = []
        return [row.record for row in found if not isinstance(row.record, BadRecord)]

    def create_item(self, draft: ItemDraft) -> CartItemId:
        """A product with one variant. Made before: only told, because `productSet` would take away what staff added."""
        wire = render_item(draft, self.session.known_terms())
        if made := self._made_for(draft):
            return made[0]
        variables = {"handle": wire["handle"], "input": wire}
        done = self.session.change(documents.PRODUCT_SET, draft.sku or draft.key, variables)
        variants = ((done.get("product") or {}).get("variants") or {}).get("nodes") or []
        if not variants:
            problem = "The shop did not say which item it made."
            raise UnknownOutcomeError(problem, "It is looked up before it is sent again.")
        return CartItemId(number_of(variants[0]))

    def update_item(self, item_id: CartItemId, changes: Mapping[str, str | Decimal]) -> None:
        terms = self.session.known_terms()
        wire = render_variant(item_id, changes, terms)
        variant = self._variant(item_id)
        if "name" in changes:
            if not variant.product.has_only_default_variant:
                reason = "The name belongs to a product with several variants."
                raise HoldRecordError(item_id, reason, "Change it in the shop, or leave it out of the export.")
            named = {"product": {"id": variant.product.id, "title": str(changes["name"])}}
            self.session.change(documents.PRODUCT_UPDATE, item_id, named)
        if wire:
            variables = {"id": variant.product.id, "variants": [{"id": variant.id, **wire}]}
            self.session.change(documents.VARIANTS_UPDATE, item_id, variables)

    # --- writing stock

    def set_stock(self, writes: Sequence[StockWrite]) -> Sequence[StockResult]:
        """Reads, compares, and writes with compare-and-set what differs. A mutation is carried out wholly or not at
        all: rows that it names are answered, the others sent again."""
        terms = self.session.known_terms()
        rows = {number_of(row): row for row in self.session.by_ids(VARIANTS, [one.item_id for one in writes])}
        results: dict[int, StockResult] = {}
        pending: dict[int, dict[str, Any]] = {}
        for position, write in enumerate(writes):
            judged = _judge_stock(write, rows.get(write.item_id.rpartition("/")[2]), terms)
            if isinstance(judged, StockResult):
                results[position] = judged
            else:
                pending[position] = judged
        positions = list(pending)
        for start in range(0, len(positions), _MOST_ROWS):
            batch = {one: pending[one] for one in positions[start : start + _MOST_ROWS]}
            results |= self._send_stock(writes, batch)
        return [results[position] for position in range(len(writes))]

    def _send_stock(self, writes: Sequence[StockWrite], batch: dict[int, dict[str, Any]]) -> dict[int, StockResult]:
        results: dict[int, StockResult] = {}
        while batch:
            order = list(batch)
            try:
                refused = self._write_stock([batch[one] for one in order])
            except UnknownOutcomeError as error:
                refused, state, reason = [], WriteState.UNKNOWN, error.problem
            except HoldRecordError as error:
                refused, state, reason = [], WriteState.REFUSED, error.problem
            else:
                state, reason = WriteState.DONE, ""
            if not refused:
                told = {one: _told(writes[one], state, reason) for one in order}
                return results | told
            rows = ((_row_of(one), one) for one in refused)
            named = {order[row]: one for row, one in rows if row is not None and row < len(order)}
            if not named and len(order) > 1:  # it does not say which: one by one
                for one in order:
                    results |= self._send_stock(writes, {one: batch[one]})
                return results
            for one, told_error in (named or {order[0]: refused[0]}).items():
                results[one] = self._refused_stock(writes[one], told_error)
                del batch[one]
        return results

    def _write_stock(self, quantities: list[dict[str, Any]]) -> list[Row]:
        wire: dict[str, Any] = {"name": "available", "reason": "correction", "quantities": quantities}
        record = "stock"
        if self.session.idempotent:
            variables: dict[str, Any] = {"input": wire, "key": str(uuid4())}
            return self.session.write(documents.STOCK_SET, record, variables, repeatable=True)[1]
        wire["quantities"] = [
            {("compareQuantity" if name == "changeFromQuantity" else name): value for name, value in one.items()}
            for one in quantities
        ]
        return self.session.write(documents.STOCK_SET_BEFORE_2026, record, {"input": wire})[1]

    def _refused_stock(self, write: StockWrite, error: Row) -> StockResult:
        code, said = str(error.get("code") or ""), safe_text(str(error.get("message") or ""), 300)
        if code in _OPEN:
            return StockResult(write.item_id, WriteState.UNKNOWN, reason=said)
        if code not in _STALE:
            return StockResult(write.item_id, WriteState.REFUSED, reason=said or code)
        terms = self.session.known_terms()
        current = stock_of(self._variant(write.item_id), terms)
        return StockResult(write.item_id, WriteState.CONFLICT, current, "The shop's stock has changed meanwhile.")

    # --- writing customers

    def find_customers(self, draft: CustomerDraft) -> Sequence[CartCustomer]:
        """By e-mail, which is unique in Shopify and not a search; without one by our key among the tags."""
        if draft.email:
            variables = {"email": draft.email, "nested": CUSTOMERS.nested}
            found = self.session.ask(documents.CUSTOMER_BY_EMAIL, variables)[0].get("customerByIdentifier")
            rows = [found] if isinstance(found, dict) else []
        else:
            chunks = self.session.walk(CUSTOMERS, render_phrase("tag", render_handle(draft.key)))
            rows = [row for chunk in chunks for row in chunk.rows]
        return [one for row in rows if not isinstance(one := parse_customer(row).record, BadRecord)]

    def create_customer(self, draft: CustomerDraft) -> CartCustomerId:
        record = draft.email or draft.key
        done = self.session.change(documents.CUSTOMER_CREATE, record, {"input": render_new_customer(draft)})
        made = done.get("customer") or {}
        if not made.get("id"):
            problem = "The shop did not say which customer it made."
            raise UnknownOutcomeError(problem, "It is looked up before it is sent again.")
        if place := render_address(draft.address, draft):
            self.session.change(documents.ADDRESS_CREATE, record, {"id": made["id"], "address": place})
        return CartCustomerId(number_of(made))

    def update_customer(self, customer_id: CartCustomerId, changes: Mapping[str, str]) -> None:
        """A company is the default address's."""
        wire = render_person(changes, customer_id)
        gid = render_gid("Customer", customer_id)
        rows = self.session.by_ids(CUSTOMERS, [customer_id])
        if not rows:
            raise NotFoundError(customer_id, f"The shop has no customer {customer_id}.", "List the customers again.")
        if wire:
            self.session.change(documents.CUSTOMER_UPDATE, customer_id, {"input": {"id": gid, **wire}})
        if "company" in changes:
            home = rows[0].get("defaultAddress") or {}
            variables: dict[str, Any] = {"id": gid, "address": {"company": changes["company"]}}
            if home.get("id"):
                self.session.change(documents.ADDRESS_UPDATE, customer_id, variables | {"place": home["id"]})
            elif changes["company"]:
                self.session.change(documents.ADDRESS_CREATE, customer_id, variables)


def _judge_stock(write: StockWrite, row: Row | None, terms: Terms) -> StockResult | dict[str, Any]:
    """The answer where nothing is to be sent, else InventoryQuantityInput."""

    def refused(reason: str, current: Decimal | None = None) -> StockResult:
        return StockResult(write.item_id, WriteState.REFUSED, current, reason)

    if row is None:
        return refused(f"The shop has no variant {write.item_id}.")
    try:
        variant = VariantWire.model_validate(row)
        quantity = whole_pieces(write.quantity, write.item_id)
    except (ValidationError, HoldRecordError) as error:
        return refused(error.problem if isinstance(error, HoldRecordError) else "The shop's variant can't be read.")
    item, current = variant.inventory_item, stock_of(variant, terms)
    if item is None or not item.tracked:
        return refused("The shop does not track the stock of this item.")
    if not terms.location:
        return refused("The shop has several stock locations: set the cart's option Stock location.", current)
    if current is None:
        return refused("The item is not stocked at the chosen location: stock it there in the shop.")
    if write.expected is not None and write.expected != current:
        return StockResult(write.item_id, WriteState.CONFLICT, current, "The shop's stock has changed meanwhile.")
    if current == quantity:
        return StockResult(write.item_id, WriteState.DONE, current)
    return {
        "inventoryItemId": item.id,
        "locationId": terms.location,
        "quantity": quantity,
        "changeFromQuantity": int(current),
    }


def _row_of(error: Row) -> int | None:
    """Which of the quantities a userError is about: field is ["input", "quantities", "3", …]."""
    return next((int(part) for part in map(str, error.get("field") or []) if part.isdecimal()), None)


def _told(write: StockWrite, state: WriteState, reason: str) -> StockResult:
    return StockResult(write.item_id, state, write.quantity if state is WriteState.DONE else None, reason)


def open_shopify(connection: Connection) -> Cart:
    """Open the cart; nothing is sent yet. `NeedsOperatorError` for an address that is none."""
    return ShopifyCart(connection)


SPEC = AdapterSpec(
    cart_type="shopify",
    title="Shopify",
    cart_class=ShopifyCart,
    open=open_shopify,
    url_help="NAME.myshopify.com",
    secret_title="Client secret or access token",  # noqa: S106 - a label
    options=OPTIONS,
)

_reader: tuple[
    type[Cart], type[OrderReader], type[ItemReader], type[CustomerReader], type[CustomerSource], type[BasketSource]
] = (ShopifyCart,) * 6
_writer: tuple[type[ItemSink], type[CustomerSink], type[StockSink], type[ShipmentSink]] = (ShopifyCart,) * 4
_order_roles: tuple[type[BasketReader], type[AdminPages]] = (ShopifyCart,) * 2
