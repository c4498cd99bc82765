"""What the Medusa adapter declares: facts and options."""

from __future__ import annotations

from cartui.domain.ports import CartFacts, Option, StockMeaning

FACTS = CartFacts(
    page_size=100,
    states_totals=True,
    order_changes_seen=False,
    stock_meaning=StockMeaning.ON_HAND,
    notes=(
        "A captured payment does not move an order's change date; open orders are read again.",
        "A sale or shipment changes an item's stock without its change date: items of changed orders are read again.",
        "Stock that staff sets in the shop is seen by List all only; it is read again before each write.",
        "Stock is read and compared, then written: two requests, between which the shop may sell.",
        "A changed address of a customer is not seen; read the customer again by hand.",
        "Medusa does not round; amounts are rounded to the currency so that each order's lines add up to its total.",
        "Baskets are the shop's draft orders; what shoppers left in the storefront can't be listed.",
        "Customers have no tax number; writing it is refused.",
        "The name of an item is its product's; with several variants it can be changed in the shop only.",
        "Cancelling is left to the shop where money was taken: Medusa would pay it back by itself.",
    ),
)

ON_HAND, FREE = "on_hand", "free"

OPTIONS = (
    Option("username", "User name", "e-mail of an admin user; empty: the secret is a secret API key (sk_...)"),
    Option("stock_location", "Stock location", "name or id; empty: the sum of all, written where there is one only"),
    Option(
        "stock_level",
        "Level of stock",
        "on_hand: with what the shop's open orders hold; free: what may still be sold",
        default=ON_HAND,
        choices=(ON_HAND, FREE),
    ),
    Option("status_map", "The shop's own states", "what they mean as Medusa's own, such as on_quality_check=pending"),
    Option("currency", "Currency", "of items' prices; empty: the store's default"),
)
