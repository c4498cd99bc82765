"""What the Magento adapter declares: facts and options."""

from __future__ import annotations

from typing import Final

from cartui.domain.ports import CartFacts, Option, StockMeaning

FACTS: Final = CartFacts(
    page_size=100,
    states_totals=True,
    order_changes_seen=True,
    stock_meaning=StockMeaning.FREE,
    notes=(
        "Stock is free to sell up to 2.2; from 2.3 on it lies at the chosen source and includes what open orders hold.",
        "Stock is read and compared, then written: two requests, between which the shop may sell.",
        "A sale or a stock change moves no item's date: what was sold is read again at once, all else in turn,",
        "whatever its date: within half a day (large catalogues: longer).",
        "A shipment carries our key as a comment that shoppers don't see; the order's state follows by itself.",
        "A status is set within the order's state; hold, release and cancel besides. All else follows in the shop.",
        "Of a basket that became an order the shop keeps no key of ours: it says purchased, and by which order.",
        "In some versions an address moves no customer's date: customers are read again in turn, too.",
        "A comment on an order moves no date either.",
        "Configurable and grouped products are not sold themselves and are not listed; their variants are.",
        "A new item is enabled, visible and in no category; a SKU that exists is never written to by a create.",
        "A SKU can't be changed over the API; company and phone of a customer belong to addresses and are not changed.",
        "Magento sends its own welcome mail to a customer that is created.",
        "Guests have no customer record; they are read from their orders.",
    ),
)

AUTH_TOKEN: Final = "token"  # noqa: S105 - the name of a choice
AUTH_OAUTH: Final = "oauth1"
AUTH_USER: Final = "user"

OPTIONS: Final = (
    Option(
        "auth",
        "Sign-in",
        "token: the integration's access token; oauth1: its four secrets; user: an administrator's name and password",
        default=AUTH_TOKEN,
        choices=(AUTH_TOKEN, AUTH_OAUTH, AUTH_USER),
    ),
    Option("username", "User name", "for the sign-in user: an administrator without two-factor sign-in"),
    Option("consumer_key", "Consumer key", "for oauth1; the integration shows it", secret=True),
    Option("consumer_secret", "Consumer secret", "for oauth1", secret=True),
    Option("token_secret", "Access token secret", "for oauth1; the access token itself is the password", secret=True),
    Option(
        "signature",
        "Signature",
        "for oauth1: HMAC-SHA1 only where the shop is too old for the other",
        default="HMAC-SHA256",
        choices=("HMAC-SHA256", "HMAC-SHA1"),
    ),
    Option("store_view", "Store view", "code of the view whose names and prices count; empty: the shop-wide ones"),
    Option("website", "Website", "code of the only website to work with; empty: all"),
    Option("source_code", "Inventory source", "from 2.3 on: where stock lies and is written", default="default"),
    Option("attribute_set", "Attribute set", "id of the set for new items", default="4"),
    Option(
        "status_map",
        "Own statuses",
        "what the shop's own statuses mean, as Magento's states, such as packed=processing, b2b_new=new",
    ),
    Option(
        "payment_method",
        "Payment method",
        "code of that of orders placed from baskets, such as banktransfer; empty: the one that the shopper chose",
    ),
    Option("admin_url", "Administration", "its address with its own name, such as https://shop.example/admin_1a2b3c"),
    Option("barcode_attribute", "Barcode attribute", "code of the attribute that holds it, such as ean; empty: none"),
)
