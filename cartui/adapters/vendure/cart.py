"""The adapter: thin I/O over the session."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, cast
from urllib.parse import quote

from pydantic import ValidationError

from cartui.adapters.vendure.diagnosis import Diagnosis
from cartui.adapters.vendure.facts import FACTS, OPTIONS
from cartui.adapters.vendure.order_writes import OrderWrites
from cartui.adapters.vendure.parse import levels_of, parse_basket, parse_customer, parse_item, parse_order, stock_of
from cartui.adapters.vendure.render import (
    CUSTOMER_WORDS,
    render_address,
    render_customer,
    render_slug,
    render_stock,
    render_variant,
    whole_pieces,
)
from cartui.adapters.vendure.session import VendureSession
from cartui.adapters.vendure.wire import BASKETS, CUSTOMERS, ORDERS, PRODUCTS, VARIANTS, Terms, VariantWire
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
    OrderStatusSink,
    Page,
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
    WriteState,
)
from cartui.errors import CartuiError, HoldRecordError, UnknownOutcomeError
from cartui.transport import NotFoundError

_ERROR = "... on ErrorResult{errorCode message}"
_CREATE_CUSTOMER = (
    "mutation($i:CreateCustomerInput!){done:createCustomer(input:$i){... on Customer{id} " + _ERROR + "}}"
)
_UPDATE_CUSTOMER = (
    "mutation($i:UpdateCustomerInput!){done:updateCustomer(input:$i){... on Customer{id} " + _ERROR + "}}"
)
_PAGES = {
    RecordKind.ORDER: "orders",
    RecordKind.BASKET: "orders",
    RecordKind.ITEM: "product-variants",
    RecordKind.CUSTOMER: "customers",
}
_OLD_PAGES = {
    RecordKind.ORDER: "orders",
    RecordKind.BASKET: "orders",
    RecordKind.CUSTOMER: "customer/customers",
}  # a variant's page is under its product there
_UPDATE_VARIANTS = "mutation($i:[UpdateProductVariantInput!]!){done:updateProductVariants(input:$i){id}}"


class VendureCart:
    """The adapter; see the package's docstring. May be used from several threads."""

    def __init__(self, session: VendureSession) -> None:
        self.session = session
        self._order_writes = OrderWrites(session)

    @property
    def facts(self) -> CartFacts:
        gross = self.session.terms.gross if self.session.terms else None
        return replace(FACTS, page_size=self.session.take, prices_include_tax=gross)

    def close(self) -> None:
        """Ends the session in the shop, as far as it can be reached."""
        self.session.close()

    def test_connection(self) -> Iterator[StageResult]:
        """Stage by stage; the first that fails ends it."""
        return Diagnosis(self.session).stages()

    # --- reading

    def iter_orders(self, since: datetime | None) -> Iterator[Page[CartOrder]]:
        """Placed orders by `orderPlacedAt`; baskets and drafts have none."""
        terms = self.session.known_terms()
        only: dict[str, Any] = {"active": {"eq": False}}
        if not self.session.channel:
            only["type"] = {"notEq": "Seller"}  # its aggregate order holds the same lines
        return (yield from self.session.pages(ORDERS, since, lambda row: parse_order(row, terms), only))

    def get_orders(self, ids: Sequence[CartOrderId]) -> Page[CartOrder]:
        terms = self.session.known_terms()
        rows = [row for row in self.session.by_ids(ORDERS, ids) if row.get("orderPlacedAt") or "error" in row]
        return Page(tuple(parse_order(row, terms) for row in rows))

    def iter_baskets(self, since: datetime | None) -> Iterator[Page[CartBasket]]:
        """All that are open; later also those that were ordered or given up meanwhile. Drafts are staff's."""
        terms = self.session.known_terms()
        only = {"active": {"eq": True}} if since is None else {"state": {"notEq": "Draft"}}
        yield from self.session.pages(BASKETS, since, lambda row: parse_basket(row, terms), only)

    def get_baskets(self, ids: Sequence[CartBasketId]) -> Page[CartBasket]:
        terms = self.session.known_terms()
        return Page(tuple(parse_basket(row, terms) for row in self.session.by_ids(BASKETS, ids)))

    def admin_url(self, kind: RecordKind, external_id: str) -> str:
        """By the option `admin_path`; nothing is asked of the shop."""
        path = self.session.connection.options.get("admin_path", "").strip("/ ") or "dashboard"
        pages = _OLD_PAGES if path == "admin" else _PAGES
        page = pages.get(kind, "")
        return f"{self.session.home}/{path}/{page}/{quote(external_id, safe='')}" if page else ""

    def iter_customers(self, since: datetime | None) -> Iterator[Page[CartCustomer]]:
        yield from self.session.pages(CUSTOMERS, since, parse_customer)

    def get_customers(self, ids: Sequence[CartCustomerId]) -> Page[CartCustomer]:
        return Page(tuple(map(parse_customer, self.session.by_ids(CUSTOMERS, ids))))

    def iter_items(self, since: datetime | None) -> Iterator[Page[CartItem]]:
        """Variants that changed, then the variants of products that changed: a name belongs to the product."""
        terms = self.session.known_terms()
        seen: set[str] = set()
        mark: datetime | None = None
        for page in self.session.pages(VARIANTS, since, lambda row: parse_item(row, terms)):
            seen |= {row.external_id for row in page.rows}
            mark = mark or (page.complete_to if since and page.total == len(seen) else None)
            yield replace(page, complete_to=None) if since else page
        if since is None:
            return
        for chunk in self.session.walk(PRODUCTS, since, {}):
            rows = self.session.by_ids(VARIANTS, [str(row.get("id")) for row in chunk.rows], "productId")
            items = [parse_item(row, terms) for row in rows]
            yield Page(tuple(item for item in items if item.external_id not in seen))
            seen |= {item.external_id for item in items}
        yield Page((), complete_to=mark)

    def get_items(self, ids: Sequence[CartItemId]) -> Page[CartItem]:
        terms = self.session.known_terms()
        return Page(tuple(parse_item(row, terms) for row in self.session.by_ids(VARIANTS, ids)))

    # --- writing items

    def _variant(self, item_id: str) -> VariantWire:
        for row in self.session.by_ids(VARIANTS, [item_id]):
            return VariantWire.model_validate(row)
        raise NotFoundError(item_id, f"The shop has no variant {item_id}.", "List the items again.")

    def _product_made_for(self, draft: ItemDraft) -> dict[str, Any] | None:
        query = "query($s:String!){product(slug:$s){id variants{id}}}"
        return cast("dict[str, Any] | None", self.session.ask(query, s=render_slug(draft.key))[0]["product"])

    def find_items(self, draft: ItemDraft) -> Sequence[CartItem]:
        """By our slug, else by SKU. A product of ours that never got its variant is not an item yet."""
        product = self._product_made_for(draft)
        ids = [CartItemId(one["id"]) for one in product["variants"]] if product else []
        if not ids and draft.sku:
            rows = self.session.by_ids(VARIANTS, [draft.sku], "sku")
            ids = [CartItemId(str(row.get("id"))) for row in rows]
        found = self.get_items(ids).rows if ids else ()
        return [row.record for row in found if not isinstance(row.record, BadRecord)]

    def create_item(self, draft: ItemDraft) -> CartItemId:
        """A product, then its one variant. A product left alone by a lost answer is found by its slug and completed."""
        terms = self.session.known_terms()
        wire = render_variant(draft, "", terms)  # refused here, nothing was made yet
        product = self._product_made_for(draft)
        if product and product["variants"]:
            return CartItemId(product["variants"][0]["id"])
        product_id = product["id"] if product else self._create_product(draft, terms)
        create = "mutation($i:[CreateProductVariantInput!]!){done:createProductVariants(input:$i){id}}"
        try:
            made = self.session.write(create, draft.sku, i=[wire | {"productId": product_id}])
        except HoldRecordError:
            delete = "mutation($i:ID!){done:deleteProduct(id:$i){result}}"
            with suppress(CartuiError):
                self.session.write(delete, draft.sku, i=product_id)
            raise
        return CartItemId(made[0]["id"])

    def _create_product(self, draft: ItemDraft, terms: Terms) -> str:
        name = {"languageCode": terms.language, "name": draft.name, "slug": render_slug(draft.key), "description": ""}
        create = "mutation($i:CreateProductInput!){done:createProduct(input:$i){id}}"
        return str(self.session.write(create, draft.sku, i={"enabled": True, "translations": [name]})["id"])

    def update_item(self, item_id: CartItemId, changes: Mapping[str, str | Decimal]) -> None:
        terms = self.session.known_terms()
        wire: dict[str, Any] = {"id": item_id}
        if changes.get("barcode"):
            raise HoldRecordError(item_id, "An item of the shop has no barcode.", "Leave it out of the export.")
        if "sku" in changes:
            wire["sku"] = changes["sku"]
        if "price" in changes:
            wire["price"] = terms.minor(cast(Decimal, changes["price"]), item_id)
        if "name" in changes:
            wire |= self._rename(item_id, str(changes["name"]), terms)
        if len(wire) > 1:
            self.session.write(_UPDATE_VARIANTS, item_id, i=[wire])

    def _rename(self, item_id: str, name: str, terms: Terms) -> dict[str, Any]:
        """Renames the product; gives what the variant is to be changed by, where it bore its product's name."""
        variant = self._variant(item_id)
        if len(self.session.by_ids(VARIANTS, [variant.product.id], "productId")) > 1:
            reason = "The name belongs to a product with several variants."
            raise HoldRecordError(item_id, reason, "Change it in the shop, or leave it out of the export.")
        words = [{"languageCode": terms.language, "name": name}]
        update = "mutation($i:UpdateProductInput!){done:updateProduct(input:$i){id}}"
        self.session.write(update, item_id, i={"id": variant.product.id, "translations": words})
        return {"translations": words} if variant.name == variant.product.name else {}

    # --- writing stock

    def set_stock(self, writes: Sequence[StockWrite]) -> Sequence[StockResult]:
        """Reads all, compares each, writes all in one request, which Vendure carries out wholly or not at all."""
        terms = self.session.known_terms()
        rows = {str(row.get("id")): row for row in self.session.by_ids(VARIANTS, [one.item_id for one in writes])}
        judged = [self._judge_stock(write, rows.get(write.item_id), terms) for write in writes]
        wires = [one for one in judged if isinstance(one, dict)]
        try:
            if wires:
                self.session.write(_UPDATE_VARIANTS, wires[0]["id"], i=wires)
            state, reason = WriteState.DONE, ""
        except UnknownOutcomeError as error:
            state, reason = WriteState.UNKNOWN, error.problem
        except HoldRecordError as error:
            state, reason = WriteState.REFUSED, error.problem
        if state is WriteState.REFUSED and len(wires) > 1:
            return [self.set_stock([write])[0] for write in writes]
        return [
            one if isinstance(one, StockResult) else _stock_result(write, state, reason)
            for write, one in zip(writes, judged, strict=True)
        ]

    @staticmethod
    def _judge_stock(write: StockWrite, row: Mapping[str, Any] | None, terms: Terms) -> StockResult | dict[str, Any]:
        """The answer where nothing is to be written, else UpdateProductVariantInput."""
        if row is None:
            return StockResult(write.item_id, WriteState.REFUSED, reason=f"The shop has no variant {write.item_id}.")
        try:
            variant = VariantWire.model_validate(row)
            on_hand = whole_pieces(write.quantity, write.item_id)
        except (ValidationError, HoldRecordError) as error:
            reason = error.problem if isinstance(error, HoldRecordError) else "The shop's variant can't be read."
            return StockResult(write.item_id, WriteState.REFUSED, reason=reason)
        current, levels = stock_of(variant, terms), levels_of(variant, terms)
        reason = "The shop does not track the stock of this item." if current is None else ""
        if len(levels) > 1:
            reason = "The item lies at several stock locations: set the cart's option Stock location."
        if reason:
            return StockResult(write.item_id, WriteState.REFUSED, current, reason)
        if write.expected is not None and write.expected != current:
            return StockResult(write.item_id, WriteState.CONFLICT, current, "The shop's stock has changed meanwhile.")
        location = terms.location or (levels[0].stock_location_id if levels else "")
        return {"id": write.item_id, **render_stock(on_hand, location)}

    # --- writing orders

    def find_shipments(self, order_id: CartOrderId) -> Sequence[CartShipment]:
        return self._order_writes.find_shipments(order_id)

    def create_shipment(self, draft: ShipmentDraft) -> str:
        return self._order_writes.create_shipment(draft)

    def list_order_statuses(self) -> Sequence[NativeStatus]:
        return self._order_writes.list_statuses()

    def set_order_status(self, order_id: CartOrderId, code: str) -> None:
        self._order_writes.set_status(order_id, code)

    # --- writing customers

    def find_customers(self, draft: CustomerDraft) -> Sequence[CartCustomer]:
        """By e-mail; Vendure keeps it in small letters."""
        if not draft.email:
            return []
        rows = self.session.by_ids(CUSTOMERS, sorted({draft.email, draft.email.lower()}), "emailAddress")
        return [one for row in rows if not isinstance(one := parse_customer(row).record, BadRecord)]

    def create_customer(self, draft: CustomerDraft) -> CartCustomerId:
        values = {name: getattr(draft, name) for name in (*CUSTOMER_WORDS, "company", "tax_number")}
        made = str(self.session.write(_CREATE_CUSTOMER, draft.email, i=render_customer(values, draft.email))["id"])
        if draft.address and (wire := render_address(draft.address)):
            add = "mutation($c:ID!,$i:CreateAddressInput!){done:createCustomerAddress(customerId:$c,input:$i){id}}"
            self.session.write(add, draft.email, c=made, i=wire)
        return CartCustomerId(made)

    def update_customer(self, customer_id: CartCustomerId, changes: Mapping[str, str]) -> None:
        self.session.write(
            _UPDATE_CUSTOMER, customer_id, i={"id": customer_id, **render_customer(changes, customer_id)}
        )


def _stock_result(write: StockWrite, state: WriteState, reason: str) -> StockResult:
    return StockResult(write.item_id, state, write.quantity if state is WriteState.DONE else None, reason)


def open_vendure(connection: Connection) -> Cart:
    """Open the cart; nothing is sent yet. `NeedsOperatorError` for an address that is none."""
    return VendureCart(VendureSession(connection))


SPEC = AdapterSpec(
    cart_type="vendure",
    title="Vendure",
    cart_class=VendureCart,
    open=open_vendure,
    url_help="https://shop.example, with or without /admin-api",
    options=OPTIONS,
)

_reader: tuple[
    type[Cart], type[OrderReader], type[ItemReader], type[CustomerReader], type[CustomerSource], type[BasketSource]
] = (VendureCart,) * 6
_writer: tuple[type[ItemSink], type[CustomerSink], type[StockSink]] = (VendureCart,) * 3
_order_roles: tuple[type[ShipmentSink], type[OrderStatusSink], type[BasketReader], type[AdminPages]] = (
    VendureCart,
) * 4
