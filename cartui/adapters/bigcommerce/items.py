"""From products to items: their sellable variants, each with its own code, price and stock. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from cartui.adapters.bigcommerce.parse import UnreadableError, received, row_id
from cartui.adapters.bigcommerce.wire import ProductWire, VariantWire
from cartui.domain.ids import CartItemId
from cartui.domain.ports import Received
from cartui.domain.records import CartItem
from cartui.domain.safe_text import safe_text


@dataclass(frozen=True, slots=True)
class Terms:
    """What prices mean in the shop, and the location whose stock counts ("" as the catalogue shows it)."""

    currency: str
    gross: bool | None


def item_id_of(product_id: str, variant_id: str) -> CartItemId:
    """An item's id: product and variant, as order lines name them."""
    return CartItemId(f"{product_id}:{variant_id}")


def split_item_id(item_id: str) -> tuple[str, str] | None:
    """The product and the variant of an item's id, None for a text that is none."""
    product, _, variant = item_id.partition(":")
    good = all(one.isascii() and one.isdigit() and len(one) <= 18 for one in (product, variant))
    return (product, variant) if good else None


def variants_of(row: Mapping[str, Any]) -> list[Any]:
    """A product's variants as they came; a product without any is its own."""
    found = row.get("variants")
    if isinstance(found, list) and found:
        return found
    return [{"id": row["base_variant_id"]}] if row.get("base_variant_id") else []


def parse_items(
    row: object, terms: Terms, stock: Mapping[str, Decimal] | None = None
) -> tuple[Received[CartItem], ...]:
    """A product's sellable variants, each stamped with the product's `date_modified`. `stock` by variant id is that of
    the chosen location."""
    told = row if isinstance(row, dict) else {}
    variants = variants_of(told)
    if not variants:
        return (received(row, _without_variants),)
    return tuple(_parse_item(told, one, len(variants), terms, stock) for one in variants)


def _without_variants(told: Mapping[str, Any]) -> CartItem:
    ProductWire.model_validate(told)
    raise UnreadableError("The shop's product has no variant.")


def _parse_item(
    row: dict[str, Any], variant: object, siblings: int, terms: Terms, stock: Mapping[str, Decimal] | None
) -> Received[CartItem]:
    own = {**row, "variants": [variant]}

    def build(told: Mapping[str, Any]) -> CartItem:
        product, wire = ProductWire.model_validate(told), VariantWire.model_validate(variant)
        label = ", ".join(one.label for one in wire.option_values)
        return CartItem(
            item_id=item_id_of(product.id, wire.id),
            name=product.name,
            modified_at=product.date_modified,
            sku=wire.sku or (product.sku if siblings == 1 else ""),
            parent_id=product.id,
            variant=safe_text(label),
            barcode=wire.upc or (product.upc if siblings == 1 else ""),
            price=product.price if wire.price is None else wire.price,
            currency=terms.currency,
            stock=stock_shown(product, wire, siblings, stock),
            active=product.is_visible and product.availability != "disabled" and not wire.purchasing_disabled,
            native={"inventory_tracking": product.inventory_tracking},
        )

    return received(own, build, item_id_of(row_id(row), row_id(variant)))


def stock_shown(
    product: ProductWire, variant: VariantWire, siblings: int, stock: Mapping[str, Decimal] | None
) -> Decimal | None:
    """None where nothing is counted, or only the whole product with all its variants."""
    if product.inventory_tracking == "variant":
        level = variant.inventory_level
    elif product.inventory_tracking == "product" and siblings == 1:
        level = product.inventory_level
    else:
        return None
    if stock is not None:
        return stock.get(variant.id, stock.get(product_key(product.id)))
    return None if level is None else Decimal(level)


def product_key(product_id: str) -> str:
    """Under what the stock of a product counted as a whole stands among that of variants."""
    return f"product {product_id}"
