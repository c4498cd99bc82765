"""What the BigCommerce adapter declares: facts and options."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from cartui.domain.ports import CartFacts, Option, StockMeaning

FACTS: Final = CartFacts(
    page_size=50,  # what V2 gives unasked; each order of a page costs two to four more requests
    states_totals=False,
    order_changes_seen=True,
    stock_meaning=StockMeaning.FREE,
    overlap=timedelta(minutes=5),
    notes=(
        "Stock is what may be sold, at the chosen location or as the catalogue shows it; placing an order lowers it.",
        "Stock is read and compared, then written: two steps, between which the shop may sell.",
        "A new stock level may take some seconds until it shows: BigCommerce sets it asynchronously.",
        "Which changes move an order's change date is not documented; status, shipments and refunds do.",
        "Whether a sale moves an item's change date is not documented; stock is read again before each write.",
        "Where a product with several variants is counted as a whole, its variants show no stock and take none.",
        "A basket becomes an order by its status: it then awaits payment.",
        "A shipment keeps cartui's key as its comment, by which it is known again.",
        "Baskets are the orders with status Incomplete; abandoned carts that never reached payment have no list.",
        "An archived (deleted) order leaves the list; read again, an open one is on hold.",
        "Amounts are in the currency paid in, rounded from four decimals to those of the currency.",
        "Customers have no tax number: it is not read, and writing it is refused. Guests have no record.",
        "An item made by cartui is found again by its SKU, which is unique in the shop, or by its name without one.",
    ),
)

OPTIONS: Final = (
    Option(
        "store_hash",
        "Store hash",
        "the part after /stores/ of the API path; empty where the address holds it",
    ),
    Option(
        "status_map",
        "Renamed statuses",
        "what they mean by the shop's own names, such as Ready to collect=Awaiting Pickup; others go by their number",
    ),
    Option(
        "stock_location",
        "Stock location",
        "name, code or id; empty where the shop has only one",
    ),
)
