"""The lists of the Admin API, and the fields that are asked for: those that `wire` has."""

from __future__ import annotations

from dataclasses import dataclass

_PLACE = "first_name,last_name,company,address_1,address_2,city,province,postal_code,country_code,phone"
_PERSON = "id,email,first_name,last_name,company_name,phone,has_account,created_by"


def _below(name: str, fields: str) -> str:
    return ",".join(f"{name}.{one}" for one in fields.split(","))


# A star brings the exact `raw_...` texts; single fields come as floats only (seen). Not *payments: its `data` may hold
# secrets of the payment provider.
CREDIT = "*credit_lines"  # not before 2.3: there the whole request fails
_CHARGED = ("items", "shipping_methods")
ORDER_FIELDS = ",".join((
    "id,display_id,custom_display_id,status,created_at,updated_at,currency_code,email,total,items.detail.*",
    *(f"*{name},*{name}.tax_lines,*{name}.adjustments" for name in _CHARGED),
    CREDIT,
    _below("customer", f"{_PERSON},groups.name"),
    _below("shipping_address", _PLACE),
    _below("billing_address", _PLACE),
    _below("payment_collections.payments", "id,amount,raw_amount,provider_id,created_at,canceled_at"),
    "*payment_collections.payments.captures,*payment_collections.payments.refunds",
    "payment_collections.payments.refunds.refund_reason.label",
))  # fmt: skip
# The pieces of a line stand in its detail, and come with the star only: named one by one they are left out (seen).
PARCEL_FIELDS = ",".join((
    "id,status,*items,items.detail.*",
    _below("fulfillments", "id,created_at,shipped_at,canceled_at,metadata,labels.tracking_number"),
    _below("fulfillments.items", "line_item_id,quantity,sku"),
))  # fmt: skip
CUSTOMER_FIELDS = f"{_PERSON},updated_at,metadata,{_below('addresses', f'id,{_PLACE}')}"
_LEVELS = _below("inventory_items.inventory.location_levels", "location_id,stocked_quantity,reserved_quantity")
_OWN_VARIANT_FIELDS = ",".join((
    "id,title,sku,barcode,manage_inventory,updated_at",
    _below("prices", "id,currency_code,amount,min_quantity,max_quantity,price_rules.attribute,price_rules.value"),
    f"inventory_items.required_quantity,inventory_items.inventory_item_id,{_LEVELS}",
))  # fmt: skip
VARIANT_FIELDS = f"{_OWN_VARIANT_FIELDS},{_below('product', 'id,title,status,updated_at')}"
PRODUCT_FIELDS = f"id,title,status,updated_at,external_id,{_below('variants', _OWN_VARIANT_FIELDS)}"


@dataclass(frozen=True, slots=True)
class Listing:
    """A list of the Admin API: its path, the key of its rows, and the fields that are asked for."""

    path: str
    root: str
    fields: str


ORDERS = Listing("admin/orders", "orders", ORDER_FIELDS)
SOLD = Listing("admin/orders", "orders", "id,updated_at,items.variant_id")
DRAFTS = Listing("admin/draft-orders", "draft_orders", ORDER_FIELDS)
CUSTOMERS = Listing("admin/customers", "customers", CUSTOMER_FIELDS)
VARIANTS = Listing("admin/product-variants", "variants", VARIANT_FIELDS)
PRODUCTS = Listing("admin/products", "products", PRODUCT_FIELDS)
LOCATIONS = Listing("admin/stock-locations", "stock_locations", "id,name")
