"""Staff and shoppers of a Medusa shop: fills a new one by its own APIs, and acts in it for the tests."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Self

import httpx

Row = dict[str, Any]
COUNTRIES = {"gbp": ("gb", 20), "eur": ("de", 19), "jpy": ("jp", 10), "kwd": ("kw", 5)}
FACTORS = {"gbp": 1, "eur": 1.15, "jpy": 200, "kwd": 0.4}
SHIPPING = {"gbp": 4.95, "eur": 5.95, "jpy": 500, "kwd": 1.255}
HOSTILE = ("Mug \x1b]52;c;cm0=\x07", "[/foo] [bold]Mug[/]", "Invoice \u202egpj.exe", "Blue\u200bMug")
_HOME = {"first_name": "Ann", "last_name": "Buyer", "address_1": "1 High Street", "city": "Leeds", "postal_code": "LS1"}


class ShopRefused(Exception):
    """The shop answered with an error; the text is its answer."""


class MedusaActor:
    """A context manager. What the shop is like is looked up once, so that it works in a shop that is filled already."""

    def __init__(self, address: str, username: str, password: str) -> None:
        self._http = httpx.Client(base_url=address, trust_env=False, timeout=60)
        try:
            token = self._ask("POST", "/auth/user/emailpass", {"email": username, "password": password})["token"]
        except BaseException:
            self._http.close()
            raise
        self._staff = {"Authorization": f"Bearer {token}"}
        self._shopper: Mapping[str, str] = {}
        self._regions: dict[str, str] = {}
        self._option = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_reason: object) -> None:
        self._http.close()

    def _ask(self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> Any:
        reply = self._http.request(method, path, json=body, headers=dict(headers or {}))
        if reply.status_code >= 300:
            raise ShopRefused(f"{method} {path}: {reply.status_code} {reply.text[:500]}")
        return reply.json()

    def staff(self, method: str, path: str, body: object = None) -> Any:
        """What an older version does not know of a request is left out."""
        while True:
            try:
                return self._ask(method, f"/admin/{path}", body, self._staff)
            except ShopRefused as refused:
                unknown = re.search(r"Unrecognized fields: '([\w, ]+)'", str(refused))
                if unknown is None or not isinstance(body, dict) or not set(unknown[1].split(", ")) <= body.keys():
                    raise
                body = {name: value for name, value in body.items() if name not in unknown[1].split(", ")}

    def shop(self, path: str, body: object = None) -> Any:
        return self._ask("POST", f"/store/{path}", body, self._shopper)

    # --- filling

    def fill(self) -> None:
        """Everything that README.md says is in the shop."""
        self._set_up()
        self.look_around()
        variants = self._make_products()
        self._make_customers()
        self._make_promotions()
        self._make_orders(variants)

    def _set_up(self) -> None:
        store = self.staff("GET", "stores")["stores"][0]
        supported = [
            {"currency_code": code, "is_default": code == "gbp", "is_tax_inclusive": code == "eur"}
            for code in COUNTRIES
        ]
        self.staff("POST", f"stores/{store['id']}", {"supported_currencies": supported})
        channel = store["default_sales_channel_id"]
        for code, (country, rate) in COUNTRIES.items():
            region = {"name": code.upper(), "currency_code": code, "countries": [country]}
            self.staff("POST", "regions", {**region, "payment_providers": ["pp_system_default"]})
            tax = {"country_code": country, "provider_id": "tp_system"}
            default = {"rate": rate, "code": "vat", "name": "VAT"}
            self.staff("POST", "tax-regions", {**tax, "default_tax_rate": default})
        dock = {"address_1": "1 Dock Road", "country_code": "gb", "city": "Leeds"}
        place = self.staff("POST", "stock-locations", {"name": "Main warehouse", "address": dock})["stock_location"][
            "id"
        ]
        self.staff("POST", f"stock-locations/{place}/sales-channels", {"add": [channel]})
        self.staff("POST", f"stock-locations/{place}/fulfillment-providers", {"add": ["manual_manual"]})
        path = f"stock-locations/{place}/fulfillment-sets?fields=*fulfillment_sets"
        sets = self.staff("POST", path, {"name": "Post", "type": "shipping"})["stock_location"]["fulfillment_sets"]
        zones = [{"type": "country", "country_code": country} for country, _ in COUNTRIES.values()]
        path = f"fulfillment-sets/{sets[0]['id']}/service-zones"
        zone = self.staff("POST", path, {"name": "World", "geo_zones": zones})["fulfillment_set"]["service_zones"][0]
        self._offer_shipping(zone["id"])
        key = self.staff("POST", "api-keys", {"title": "storefront", "type": "publishable"})["api_key"]["id"]
        self.staff("POST", f"api-keys/{key}/sales-channels", {"add": [channel]})

    def _offer_shipping(self, zone: str) -> None:
        option = {
            "name": "Post",
            "service_zone_id": zone,
            "shipping_profile_id": self._profile(),
            "provider_id": "manual_manual",
            "price_type": "flat",
            "type": {"label": "Post", "description": "Post", "code": "post"},
            "prices": [{"currency_code": code, "amount": amount} for code, amount in SHIPPING.items()],
            "rules": [
                {"attribute": "enabled_in_store", "operator": "eq", "value": "true"},
                {"attribute": "is_return", "operator": "eq", "value": "false"},
            ],
        }
        self.staff("POST", "shipping-options", option)

    def _profile(self) -> str:
        found = self.staff("GET", "shipping-profiles?type=default")["shipping_profiles"]
        if not found:  # before 2.5 a new shop has none
            made = self.staff("POST", "shipping-profiles", {"name": "Default", "type": "default"})
            found = [made["shipping_profile"]]
        return str(found[0]["id"])

    def look_around(self) -> None:
        """What placing an order needs to know."""
        key = self.staff("GET", "api-keys?type=publishable")["api_keys"][0]["token"]
        self._shopper = {"x-publishable-api-key": key}
        self._regions = {one["currency_code"]: one["id"] for one in self.staff("GET", "regions")["regions"]}
        self._option = self.staff("GET", "shipping-options")["shipping_options"][0]["id"]

    def location_id(self) -> str:
        return str(self.staff("GET", "stock-locations")["stock_locations"][0]["id"])

    def channel_id(self) -> str:
        return str(self.staff("GET", "stores")["stores"][0]["default_sales_channel_id"])

    def secret_key(self) -> str:
        """A new secret API key."""
        return str(self.staff("POST", "api-keys", {"title": "cartui", "type": "secret"})["api_key"]["token"])

    def _make_products(self) -> list[str]:
        shared = {"status": "published", "shipping_profile_id": self._profile()}
        shared |= {"sales_channels": [{"id": self.channel_id()}]}
        made: list[str] = []
        for number in range(1, 25):
            title = HOSTILE[number % 4] if number > 20 else f"Pot {number}"
            sizes = "SM" if 14 < number <= 20 else "S"
            prices = [
                {"currency_code": code, "amount": round((8.99 + number) * factor, 0 if code == "jpy" else 2)}
                for code, factor in FACTORS.items()
            ]
            variants = [
                {"title": size, "sku": f"SKU-{number:03}-{size}", "options": {"Size": size}, "prices": prices}
                for size in sizes
            ]
            body = {**shared, "title": title, "handle": f"pot-{number}", "variants": variants}
            body["options"] = [{"title": "Size", "values": list(sizes)}]
            made += [one["id"] for one in self.staff("POST", "products", body)["product"]["variants"]]
        stored = self.staff("GET", "inventory-items?limit=200")["inventory_items"]
        place = self.location_id()
        levels = [{"inventory_item_id": one["id"], "location_id": place, "stocked_quantity": 1000} for one in stored]
        self.staff("POST", "inventory-items/location-levels/batch", {"create": levels})
        return made

    def _make_customers(self) -> None:
        for number in range(1, 13):
            person = {"email": f"buyer{number:02}@example.test", "first_name": "Ann", "last_name": f"Buyer {number}"}
            made = self.staff("POST", "customers", person)["customer"]["id"]
            self.staff("POST", f"customers/{made}/addresses", {**_HOME, "country_code": "gb"})

    def _make_promotions(self) -> None:
        codes = {
            "TEN": {"type": "percentage", "value": 10, "target_type": "items", "allocation": "across"},
            "THREE": {"type": "fixed", "value": 3.33, "target_type": "order"},
            "POSTFREE": {"type": "percentage", "value": 100, "target_type": "shipping_methods", "allocation": "across"},
        }
        for code, method in codes.items():
            rule = {"code": code, "type": "standard", "status": "active", "is_automatic": False}
            self.staff("POST", "promotions", {**rule, "application_method": {**method, "currency_code": "gbp"}})

    def _make_orders(self, variants: Sequence[str]) -> None:
        baskets = [[(variants[n % 30], 3), (variants[(7 * n + 1) % 30], 1 + n % 2)] for n in range(30)]
        placed = []
        for number, basket in enumerate(baskets):
            currency = ("gbp", "eur", "gbp", "jpy", "gbp", "kwd")[number % 6]
            codes = (["TEN"], ["THREE"], ["TEN", "POSTFREE"])[number % 3] if currency == "gbp" and number % 4 else []
            email = f"buyer{1 + number % 12:02}@example.test" if number % 2 else f"guest{number}@example.test"
            placed.append(self.place_order(basket, currency, email, codes))
        self._handle(placed)
        self._make_drafts(variants)

    def _handle(self, placed: Sequence[str]) -> None:
        self.capture(placed[0])
        with suppress(ShopRefused):  # 2.8 pays back only what is owed
            self.refund(placed[0], 5.5)
        self.cancel(placed[1])
        self.staff("POST", f"orders/{placed[2]}/complete", {})
        self.staff("POST", f"orders/{placed[3]}/complete", {})
        self.staff("POST", f"orders/{placed[3]}/archive", {})
        self.ship(placed[4], pieces=1)
        self.ship(placed[5])
        self.deliver(placed[6], self.ship(placed[6]))
        self.capture(placed[7])
        self.ship(placed[7])
        self.give_back(placed[7])

    def _make_drafts(self, variants: Sequence[str]) -> None:
        try:
            self.staff("POST", "draft-orders/none/convert-to-order")
        except ShopRefused as refused:
            if "Cannot POST" in str(refused):
                return  # before 2.8 drafts can't be made orders
        for number in range(4):
            self.staff("POST", f"draft-orders/{self.draft(variants[number])}/convert-to-order")
        self.draft(variants[9])

    # --- shopping

    def place_order(
        self,
        lines: Sequence[tuple[str, int]],
        currency: str = "gbp",
        email: str = "guest@example.test",
        codes: Sequence[str] = (),
    ) -> str:
        """A checkout with authorised payment; the order's id."""
        home = {**_HOME, "country_code": COUNTRIES[currency][0]}
        basket = {"region_id": self._regions[currency], "email": email, "shipping_address": home}
        wanted = [{"variant_id": variant, "quantity": count} for variant, count in lines]
        cart = self.shop("carts", {**basket, "items": wanted})["cart"]["id"]
        self.shop(f"carts/{cart}/shipping-methods", {"option_id": self._option})
        if codes:
            self.shop(f"carts/{cart}/promotions", {"promo_codes": list(codes)})
        collection = self.shop("payment-collections", {"cart_id": cart})["payment_collection"]["id"]
        self.shop(f"payment-collections/{collection}/payment-sessions", {"provider_id": "pp_system_default"})
        return str(self.shop(f"carts/{cart}/complete")["order"]["id"])

    # --- working

    def order(self, order_id: str) -> Row:
        found: Row = self.staff("GET", f"orders/{order_id}")["order"]
        return found

    def draft(self, variant: str, email: str = "buyer01@example.test") -> str:
        """A draft order for a customer who is known; its id."""
        customer = self.staff("GET", f"customers?email={email}")["customers"][0]["id"]
        body = {
            "email": email,
            "customer_id": customer,
            "region_id": self._regions["gbp"],
            "sales_channel_id": self.channel_id(),
            "shipping_address": {**_HOME, "country_code": "gb"},
            "items": [
                {"variant_id": variant, "quantity": 2},
                {"title": "Engraving", "quantity": 1, "unit_price": 3.55},
            ],
            "shipping_methods": [{"name": "Post", "shipping_option_id": self._option, "amount": 4.95}],
        }
        return str(self.staff("POST", "draft-orders", body)["draft_order"]["id"])

    def capture(self, order_id: str) -> None:
        self.staff("POST", f"payments/{self._payment(order_id)}/capture", {})

    def refund(self, order_id: str, amount: float) -> None:
        self.staff("POST", f"payments/{self._payment(order_id)}/refund", {"amount": amount, "note": "scratched"})

    def _payment(self, order_id: str) -> str:
        return str(self.order(order_id)["payment_collections"][0]["payments"][0]["id"])

    def cancel(self, order_id: str) -> None:
        if self.order(order_id)["status"] != "canceled":
            self.staff("POST", f"orders/{order_id}/cancel", {})

    def pack(self, order_id: str, pieces: int = 0) -> tuple[str, list[Row]]:
        """A fulfilment of so many pieces of the first line, or of everything; its id and lines."""
        lines = [{"id": one["id"], "quantity": one["quantity"]} for one in self.order(order_id)["items"]]
        wanted = [{**lines[0], "quantity": pieces}] if pieces else lines
        path = f"orders/{order_id}/fulfillments?fields=id,fulfillments.id,fulfillments.created_at"
        made = self.staff("POST", path, {"items": wanted, "no_notification": True})["order"]["fulfillments"]
        return str(max(made, key=lambda one: str(one["created_at"]))["id"]), wanted

    def ship(self, order_id: str, pieces: int = 0) -> str:
        """Packs and sends; the fulfilment's id."""
        parcel, lines = self.pack(order_id, pieces)
        label = {"tracking_number": f"TR-{parcel[-6:]}", "tracking_url": "", "label_url": ""}
        path = f"orders/{order_id}/fulfillments/{parcel}/shipments"
        self.staff("POST", path, {"items": lines, "labels": [label], "no_notification": True})
        return parcel

    def deliver(self, order_id: str, parcel: str) -> None:
        self.staff("POST", f"orders/{order_id}/fulfillments/{parcel}/mark-as-delivered", {"no_notification": True})

    def give_back(self, order_id: str) -> None:
        """One piece of the first line comes back."""
        back = {"order_id": order_id, "location_id": self.location_id()}
        one = self.staff("POST", "returns", back)["return"]["id"]
        items = {"items": [{"id": self.order(order_id)["items"][0]["id"], "quantity": 1}]}
        for step, body in (
            ("request-items", items),
            ("request", {}),
            ("receive", {}),
            ("receive-items", items),
            ("receive/confirm", {}),
        ):
            self.staff("POST", f"returns/{one}/{step}", body)

    def variant(self, variant_id: str) -> Row:
        levels = "inventory_items.inventory.location_levels.*,inventory_items.inventory_item_id"
        path = f"product-variants?id[]={variant_id}&fields=id,product_id,sku,updated_at,*prices,{levels}"
        found: Row = self.staff("GET", path)["variants"][0]
        return found

    def variant_of(self, sku: str) -> str:
        found = self.staff("GET", f"product-variants?q={sku}&fields=id,sku")["variants"]
        return next(str(one["id"]) for one in found if one["sku"] == sku)

    def rename(self, product_id: str, title: str) -> None:
        self.staff("POST", f"products/{product_id}", {"title": title})
