"""Making and changing items: a product with one variant, and the variants of the shop's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, cast

from pydantic import ValidationError

from cartui.adapters.medusa.lists import PRODUCTS, VARIANTS
from cartui.adapters.medusa.parse import item_key, parse_item, plain_price, split_item_id
from cartui.adapters.medusa.render import render_item, render_number, render_prices
from cartui.adapters.medusa.session import MedusaSession, Row, record_path, rows_of, unknown_field
from cartui.adapters.medusa.stock import StockDesk
from cartui.adapters.medusa.wire import VariantWire
from cartui.domain.ids import CartItemId
from cartui.domain.ports import BadRecord, Received
from cartui.domain.records import CartItem, ItemDraft
from cartui.errors import AbortCycleError, HoldRecordError, UnknownOutcomeError
from cartui.transport import NotFoundError


def variants_of(product: Row) -> list[Row]:
    """The rows of a product's variants, each as a list of variants shows it."""
    own = {name: product.get(name) for name in ("id", "title", "status", "updated_at")}
    variants = product.get("variants")
    return [{**row, "product": own} for row in variants or [] if isinstance(row, dict)]


def sold_in(order: Row) -> list[str]:
    """The variants of an order's lines."""
    lines = order.get("items")
    found = (line.get("variant_id") for line in lines or [] if isinstance(line, dict))
    return [one for one in dict.fromkeys(found) if isinstance(one, str) and one]


class ItemDesk:
    """Writes the items of one shop."""

    def __init__(self, session: MedusaSession, stock: StockDesk) -> None:
        self._session = session
        self._stock = stock

    def parse(self, rows: Sequence[Row]) -> tuple[Received[CartItem], ...]:
        terms = self._session.known_terms()
        return tuple(parse_item(row, terms) for row in rows)

    def find(self, draft: ItemDraft) -> Sequence[CartItem]:
        """By our key, which products carry as `external_id`, else by SKU. An unknown filter may be ignored: each row is
        looked at."""
        products = self._session.by_ids(PRODUCTS, [draft.key], "external_id")
        rows = [row for product in products for row in variants_of(product)]
        if not rows and draft.sku:
            rows = self._session.by_ids(VARIANTS, [draft.sku], "sku")
        return [row.record for row in self.parse(rows) if not isinstance(row.record, BadRecord)]

    def create(self, draft: ItemDraft) -> CartItemId:
        terms = self._session.known_terms()
        location = ""
        if draft.stock is not None:  # refused before anything is made
            render_number(draft.stock, draft.sku)
            location = terms.location or self._stock.only_location()
            if not location:
                reason = "The shop has several stock locations."
                raise HoldRecordError(draft.sku, reason, "Set the cart's option Stock location.")
        body = render_item(draft, terms, self._profile())
        try:
            made = self._make(body, draft.sku)
        except HoldRecordError as error:
            if not unknown_field("shipping_profile_id", error):
                raise
            made = self._make({k: v for k, v in body.items() if k != "shipping_profile_id"}, draft.sku)  # before 2.5
        item_id = _made_id(made)
        if draft.stock is not None:
            self._set_first_stock(item_id, draft.stock, location, draft.sku)
        return item_id

    def _make(self, body: Mapping[str, Any], sku: str) -> Any:
        return self._session.write("admin/products", body, sku, [("fields", "id,variants.id")])

    def _profile(self) -> str:
        """The default shipping profile: a product without one can't be checked out."""
        params = [("type", "default"), ("fields", "id,type"), ("limit", "10")]
        rows = rows_of(self._session.get("admin/shipping-profiles", params), "shipping_profiles")
        return next((str(row.get("id")) for row in rows if row.get("type") == "default"), "")

    def _set_first_stock(self, item_id: CartItemId, stock: Decimal, location: str, sku: str) -> None:
        """The product is there by now: what fails here must not look as if nothing had been made."""
        variant = self._variant(item_id)
        level = {"location_id": location, "stocked_quantity": render_number(stock, sku)}
        try:
            for part in variant.inventory_items:
                path = record_path("admin/inventory-items", part.inventory_item_id, "location-levels")
                self._session.write(path, level, sku, [("fields", "id")])
        except (AbortCycleError, HoldRecordError) as error:
            problem = f"The item was made, but its stock was not set. {error.problem}"
            raise UnknownOutcomeError(problem, "The item is looked up; set its stock again.") from None

    def update(self, item_id: CartItemId, changes: Mapping[str, str | Decimal]) -> None:
        """Reads first: the shop answers a change of a variant that is not there with 200."""
        variant = self._variant(item_id)
        product_id = variant.product.id
        if "name" in changes and str(changes["name"]) != variant.product.title:
            if self._has_siblings(product_id):
                reason = "The name belongs to a product with several variants."
                raise HoldRecordError(item_id, reason, "Change it in the shop, or leave it out of the export.")
            path = record_path("admin/products", product_id)
            self._session.write(path, {"title": str(changes["name"])}, item_id, [("fields", "id")])
        wire: dict[str, Any] = {name: str(changes[name]) or None for name in ("sku", "barcode") if name in changes}
        if "price" in changes:
            wire["prices"] = self._prices(variant, cast(Decimal, changes["price"]), item_id)
        if wire:
            path = record_path("admin/products", product_id, "variants", variant.id)
            self._session.write(path, wire, item_id, [("fields", "id")])

    def _prices(self, variant: VariantWire, price: Decimal, item_id: str) -> list[Any]:
        currency = self._session.known_terms().currency
        changed = plain_price(variant.prices, currency)
        return render_prices(variant.prices, changed, currency, render_number(price, item_id))

    def _variant(self, item_id: str) -> VariantWire:
        for row in self._session.by_ids(VARIANTS, [split_item_id(item_id)[1]]):
            try:
                return VariantWire.model_validate(row)
            except ValidationError:
                raise HoldRecordError(item_id, "The shop's item can't be read.", "Look at it in the shop.") from None
        raise NotFoundError(item_id, f"The shop has no item {item_id}.", "List the items again.")

    def _has_siblings(self, product_id: str) -> bool:
        products = self._session.by_ids(PRODUCTS, [product_id])
        return any(len(variants_of(one)) > 1 for one in products)


def _made_id(made: Any) -> CartItemId:
    product = made.get("product") if isinstance(made, dict) else None
    variants = variants_of(product) if isinstance(product, dict) else []
    if product is None or not variants or not isinstance(product.get("id"), str):
        raise UnknownOutcomeError("The shop's answer does not name the new item.", "It is looked up in the shop.")
    return CartItemId(item_key(product["id"], str(variants[0].get("id"))))
