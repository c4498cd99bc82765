"""What holds for every PrestaShop shop, its options, and which fields are asked for.

https://devdocs.prestashop-project.org/8/webservice/ (reference, tutorials/advanced-use for filters, sort and limit);
the rest was seen on running shops of 1.7.8 and 8.2 and read in classes/webservice/WebserviceRequest.php.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from cartui.domain.ports import CartFacts, Option, StockMeaning

FACTS: Final = CartFacts(
    page_size=200,
    states_totals=False,  # no listing tells its total
    order_changes_seen=True,  # date_upd moves with the state; refunds are found by their own list
    stock_meaning=StockMeaning.FREE,  # orders take their pieces out of the quantity at once
    prices_include_tax=False,
    idempotent_create=False,
    partial_shipments=False,  # a tracking number stands on the order, not on pieces of it
    overlap=timedelta(minutes=15),
    time_zone="",
    notes=(
        "Times are the shop's local ones, read by its own PS_TIMEZONE; an hour more is read for the change of clocks.",
        "An order's date moves with its status, not with tracking number or notes; refunds are asked for besides.",
        "A customer's date does not move with the addresses: changed addresses are asked for besides.",
        "A product's date moves with neither stock nor combinations: what was sold is read again at once,",
        "and all else in turn, whatever its date: within half a day (large catalogues: longer).",
        "Item prices are net, in the shop's default currency; a combination's is the product's plus its difference.",
        "A shipment is a tracking number on the order: which pieces went in it is not kept.",
        "A state that means paid is written only to orders that are paid: PrestaShop would book a payment.",
        "Orders can't be placed from baskets: the shop's service would book each of them as paid.",
        "Baskets hold no prices: their totals are estimates, net, without vouchers and shipping.",
    ),
)

OPTIONS: Final = (
    Option("shop_id", "Shop id", "only with several shops in one PrestaShop: the id of the one meant (Multistore)"),
    Option("time_zone", "Time zone", "only if the key may not read configurations: the shop's, such as Europe/Paris"),
    Option("language", "Language", "of names: id or ISO code; empty for the shop's default language"),
    Option(
        "status_map",
        "Own statuses",
        "ids of states that are not understood by their marks, and their meaning: 17=paid, 18=cancelled (pending,"
        " paid, processing, shipped, delivered, cancelled, refunded, failed, on_hold)",
    ),
    Option(
        "shipped_state",
        "State when shipped",
        "id of the state that an order gets when all of it was shipped; empty for the shop's own; none leaves it as it"
        " is",
    ),
    Option("admin_url", "Back office", "its address with its own folder, such as https://www.example.com/admin123abc"),
    Option("tax_rules_group", "Tax rules group of new items", "its id; without it new items are made hidden from sale"),
    Option("read_format", "Answers as", "xml where a module spoils JSON", default="json", choices=("json", "xml")),
    Option(
        "key_in",
        "Key sent in",
        "address only where the web server drops the Authorization header: the key then stands in its logs",
        default="header",
        choices=("header", "address"),
    ),
)

# Never `full` where a record holds secrets (secure_key, passwd, card numbers) or a field that breaks the answer:
# id_default_image of a product without picture is HTTP 500 on 1.7. Only fields that 1.7.0 has, too.
_DISPLAY: Final[Mapping[str, str]] = {
    "orders": "id,reference,id_address_delivery,id_address_invoice,id_cart,id_currency,id_lang,id_customer,id_carrier,"
    "current_state,module,payment,valid,date_add,date_upd,id_shop,gift_message,conversion_rate,total_paid,"
    "total_paid_tax_incl,total_paid_tax_excl,total_paid_real,total_products,total_products_wt,"
    "total_discounts_tax_incl,total_discounts_tax_excl,total_shipping_tax_incl,total_shipping_tax_excl,"
    "carrier_tax_rate,total_wrapping_tax_incl,total_wrapping_tax_excl",
    "order_payments": "id,order_reference,id_currency,amount,payment_method,transaction_id,date_add",
    "customers": "id,id_default_group,email,firstname,lastname,company,is_guest,active,deleted,date_add,date_upd",
    "groups": "id,name",
    "addresses": "id,id_customer,alias,firstname,lastname,company,vat_number,dni,address1,address2,postcode,city,"
    "id_country,id_state,phone,phone_mobile,deleted,date_upd",
    "products": "id,reference,supplier_reference,ean13,price,active,date_add,date_upd,name,is_virtual",
    "stock_availables": "id,id_product,id_product_attribute,id_shop,id_shop_group,quantity,depends_on_stock",
    "countries": "id,iso_code",
    "states": "id,iso_code,name",
    "currencies": "id,iso_code,conversion_rate",
    "taxes": "id,rate",
    "carriers": "id,name",
    "languages": "id,iso_code,active",
    "product_option_values": "id,name",
    "order_states": "id,name,template,module_name,logable,paid,shipped,delivery,invoice,deleted",
    "configurations": "id,name,value,id_shop,id_shop_group",
}


def display_of(resource: str) -> str:
    """The `display` parameter: the fields above; `full` for the lists whose associations are needed."""
    fields = _DISPLAY.get(resource)
    return f"[{fields}]" if fields else "full"


READ: Final = (
    "orders", "order_details", "order_states", "order_cart_rules", "order_payments", "order_slip", "products",
    "combinations", "product_option_values", "stock_availables", "customers", "addresses", "carts", "countries",
    "states", "currencies", "languages", "taxes", "carriers",
)  # fmt: skip
"""What the key must be allowed to GET; `configurations` besides, unless the time zone is an option."""

ONLY_SOME: Final = frozenset({"order_cart_rules"})
"""Lists that not every version has: vouchers of orders came with 1.7.8."""

WRITTEN: Final[Mapping[str, tuple[str, ...]]] = {
    "products": ("POST", "PUT"),
    "combinations": ("PUT",),
    "stock_availables": ("PUT",),
    "customers": ("POST", "PUT"),
    "addresses": ("POST", "PUT"),
    "order_carriers": ("GET", "POST", "PUT"),
    "order_histories": ("POST",),
}
"""What exporting needs; PATCH besides where the shop has it (8 and later), else whole records are written back."""

MARKER: Final = "supplier_reference"
"""The field of a product that carries our key: filterable, unused by the shop itself, and not shown to shoppers."""
