"""What the Shopify adapter declares: facts and options."""

from __future__ import annotations

from typing import Final

from cartui.domain.ports import CartFacts, Option, StockMeaning

NEWEST_VERSION: Final = "2026-10"
VERSIONS: Final = (NEWEST_VERSION, "2026-07", "2026-04", "2026-01", "2025-10")
IDEMPOTENT_FROM: Final = "2026-01"  # @idempotent and changeFromQuantity; before: compareQuantity

_NOTES = (
    "Without the scope read_all_orders Shopify shows orders of the last 60 days only, and no changes of older ones.",
    "An order is booked as sold, with refunds among its payments; one that staff edited is booked as it stands now.",
    "Amounts are those that the customer saw (presentment currency), or by the option Amounts those in the shop's.",
    "In the shop's currency each amount is converted on its own, so that a cent of rounding may remain.",
    "Gift cards and store credit that paid an order are payments, as in Shopify, and do not lower its total.",
    "Test orders are read as drafts and never imported by themselves.",
    "Stock is what is available at one location; of several, the option Stock location must name it.",
    "Stock is written only where the shop's number is still the one that was read (compare and set).",
    "Items are variants. The name belongs to the product: of one with several variants it is changed in the shop.",
    "The filter of changed customers is exact to a day only; cartui leaves out what is older than it asked for.",
    "Abandoned checkouts come as baskets; the shop lists them some minutes after the shopper left.",
    "A shipment is known by its tracking number only; a part of an order ships with one. It leaves from one location.",
    "The shop has no order statuses of its own to set: they follow from payments and shipments.",
    "An abandoned checkout can't be ordered for its shopper; the link leads to it in the admin.",
    "Customers have no tax number in Shopify; writing one is refused.",
)

FACTS = CartFacts(
    page_size=25,
    states_totals=False,
    order_changes_seen=True,
    stock_rows=100,
    stock_meaning=StockMeaning.FREE,
    idempotent_create=True,
    notes=_NOTES,
)

OPTIONS = (
    Option(
        "client_id",
        "Client ID",
        "of an app of the Dev Dashboard (the secret is then its client secret); empty: the secret is an access token",
    ),
    Option("api_version", "API version", "of the Admin API", default=NEWEST_VERSION, choices=VERSIONS),
    Option("location", "Stock location", "name or id; may be empty where the shop has one location only"),
    Option(
        "amounts",
        "Amounts",
        "of orders: in the currency the customer saw, or converted to the shop's",
        default="customer",
        choices=("customer", "shop"),
    ),
)
