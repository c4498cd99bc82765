"""What the Vendure adapter declares: facts and options."""

from __future__ import annotations

from cartui.domain.ports import CartFacts, Option, StockMeaning

FACTS = CartFacts(
    page_size=100,
    states_totals=True,
    order_changes_seen=False,
    stock_meaning=StockMeaning.ON_HAND,
    notes=(
        "A basket is not ordered from here: it would be paid by word only. The link to the back office leads to it.",
        "Stock is on hand at the chosen location, or the sum of all, including what the shop's open orders hold.",
        "Stock is read and compared, then written: two requests, between which the shop may sell.",
        "A sale or shipment changes an item's stock without its change date; stock is read again before each write.",
        "A changed address of a customer is not seen; read the customer again by hand.",
        "Customers have no company and no tax number, items no barcode: not read, and writing them is refused.",
        "An item that cartui makes is a product with one variant; its slug is cartui's key until staff changes it.",
        "The name of an item is its product's; with several variants it can be changed in the shop only.",
        "Without a channel token the orders of all channels are read, but not the sellers' parts of one order.",
    ),
)


OPTIONS = (
    Option("username", "User name", "of an administrator (not of a customer); empty: the secret is an API key (3.6)"),
    Option("channel_token", "Channel token", "Settings, Channels; empty for the default channel"),
    Option("stock_location", "Stock location", "name or id; empty: the sum of all, written where there is one only"),
    Option("status_map", "The shop's own states", "states of plug-ins as Vendure's own, such as Packed=PaymentSettled"),
    Option(
        "fulfilment_handler",
        "Fulfilment handler",
        "the code of one that takes a method and a trackingCode",
        default="manual-fulfillment",
    ),
    Option(
        "admin_path",
        "Path of the back office",
        "dashboard, or admin for the older one; other paths are taken as a dashboard's",
        default="dashboard",
    ),
    Option("api_path", "Path of the Admin API", "the shop's adminApiPath", default="admin-api"),
)
