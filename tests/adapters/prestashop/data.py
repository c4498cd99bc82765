"""What the made-up PrestaShop knows of its resources, as 8.2.1 and 1.7.8 have them."""

from __future__ import annotations

from typing import Any

Row = dict[str, Any]
SECURE_KEY = "a5f6d20616a49b7c70b268d92644a26a"

NODES = {
    "orders": "order", "order_details": "order_detail", "order_states": "order_state",
    "order_payments": "order_payment", "order_cart_rules": "order_cart_rule",
    "order_slip": "order_slip", "products": "product", "carts": "cart",
    "combinations": "combination", "product_option_values": "product_option_value", "customers": "customer",
    "stock_availables": "stock_available", "addresses": "address", "countries": "country", "states": "state",
    "currencies": "currency", "languages": "language", "taxes": "tax", "carriers": "carrier",
    "configurations": "configuration", "order_carriers": "order_carrier", "order_histories": "order_history",
    "groups": "group",
}  # fmt: skip
LISTS = {"order_slip": "order_slips"}
BY_LANGUAGE = {"name", "link_rewrite", "description"}
DYNAMIC = {"manufacturer_name", "quantity", "position_in_category", "id_default_image"}  # of products
REQUIRED = {
    "stock_availables": ("id_product", "id_product_attribute", "quantity", "depends_on_stock", "out_of_stock"),
    "products": ("price",),
    "customers": ("passwd", "lastname", "firstname", "email"),
    "combinations": ("id_product",),
    "order_carriers": ("id_order", "id_carrier"),
    "order_histories": ("id_order", "id_order_state"),
    "addresses": ("id_country", "alias", "lastname", "firstname", "address1", "city"),
}
DEFAULTS: dict[str, Row] = {
    "order_carriers": {
        "id_order": "", "id_carrier": "", "id_order_invoice": "0", "weight": "0.000000",
        "shipping_cost_tax_excl": "0.000000", "shipping_cost_tax_incl": "0.000000", "tracking_number": "",
        "date_add": "",
    },
    "order_histories": {"id_employee": "0", "id_order_state": "", "id_order": "", "date_add": ""},
    "products": {
        "id_manufacturer": "0", "id_category_default": "2", "id_default_image": "", "manufacturer_name": False,
        "quantity": "0", "position_in_category": "", "type": "simple", "reference": "", "supplier_reference": "",
        "ean13": "", "weight": "0.000000", "state": "1", "price": "0.000000", "active": "0", "is_virtual": "0",
        "id_tax_rules_group": "0", "minimal_quantity": "0", "visibility": "both", "available_for_order": "0",
        "show_price": "0", "condition": "", "date_add": "", "date_upd": "", "name": {}, "link_rewrite": {},
        "description": {},
    },
    "customers": {
        "email": "", "passwd": "", "secure_key": SECURE_KEY, "firstname": "", "lastname": "", "company": "",
        "is_guest": "0", "active": "0", "deleted": "0", "note": "", "id_default_group": "3",
        "date_add": "", "date_upd": "",
    },
    "addresses": {
        "id_customer": "0", "alias": "", "firstname": "", "lastname": "", "company": "", "vat_number": "", "dni": "",
        "address1": "", "address2": "", "postcode": "", "city": "", "id_country": "0", "id_state": "0", "phone": "",
        "phone_mobile": "", "deleted": "0", "date_add": "", "date_upd": "",
    },
}  # fmt: skip

STATES = (
    ("Awaiting check payment", ""), ("Payment accepted", "logable paid invoice"),
    ("Processing in progress", "logable paid invoice delivery"), ("Shipped", "logable paid invoice delivery shipped"),
    ("Delivered", "logable paid invoice delivery shipped"), ("Canceled", ""), ("Refunded", "invoice"),
    ("Payment error", ""), ("On backorder (paid)", "paid invoice"), ("Awaiting bank wire payment", ""),
    ("Remote payment accepted", "logable paid invoice"), ("On backorder (not paid)", ""),
)  # fmt: skip
