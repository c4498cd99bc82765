"""The adapter against a running Magento 2 of your own: the suite that every adapter passes.

Opt-in, as it writes to the shop: CARTUI_LIVE_MAGENTO=http://127.0.0.1:8247 and a file of secrets in
CARTUI_LIVE_MAGENTO_KEYS, JSON with consumer_key, consumer_secret, password (the access token), token_secret of an
integration with all resources, and username and admin_password of an administrator without a second factor. The shop
has flat rate shipping, checkmo, guest checkout, a simple product MG-0011 with a stock, and the orders, items and
customers that `ShopDriver` names.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from cartui.adapters.magento import SPEC
from cartui.domain.ports import Cart, Connection
from cartui.testing.conformance import CartConformance, ShopDriver

ADDRESS = os.environ.get("CARTUI_LIVE_MAGENTO", "")
KEYS = os.environ.get("CARTUI_LIVE_MAGENTO_KEYS", "")
_SKU = "MG-0011"
_PLACE = {
    "firstname": "Zoë",
    "lastname": "O'Neil",
    "street": ["Street 1"],
    "city": "München",
    "postcode": "80331",
    "country_id": "DE",
    "region_id": 81,
    "telephone": "+49 1",
    "email": "guest@example.test",
}
Json = Any


class MagentoDriver:
    """Shoppers by the guests' API, staff by an administrator's token."""

    carrier = "ups"

    def __init__(self) -> None:
        self._told: Mapping[str, str] = json.loads(Path(KEYS).read_text(encoding="utf-8"))
        self.secrets: tuple[str, ...] = (
            self._told["password"],
            self._told["consumer_secret"],
            self._told["token_secret"],
        )
        self._http = httpx.Client(base_url=f"{ADDRESS}/rest/", timeout=300)
        name, word = self._told["username"], self._told["admin_password"]
        self._staff = self.call("POST", "V1/integration/admin/token", {"username": name, "password": word}, token="")
        self.currency = self.call("GET", "V1/directory/currency")["base_currency_code"]

    def call(self, method: str, path: str, body: object = None, token: str | None = None) -> Json:
        token = self._staff if token is None else token
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = self._http.request(method, path, json=body, headers=headers)
        assert answer.status_code == 200, f"{method} {path}: {answer.status_code} {answer.text[:300]}"
        return answer.json()

    def clear(self) -> None:
        """What an earlier run made."""
        headers, found = {"Authorization": f"Bearer {self._staff}"}, "searchCriteria[filter_groups][0][filters][0]"
        self._http.delete("V1/products/CONF-77", headers=headers)
        path = f"V1/customers/search?{found}[field]=email&{found}[value]=conform77@example.test"
        for one in self.call("GET", path)["items"]:
            self._http.delete(f"V1/customers/{one['id']}", headers=headers)

    def close(self) -> None:
        self._http.close()

    def _open(self, **wrong: str) -> Cart:
        known = {**self._told, **wrong}
        options = {"auth": "oauth1", "payment_method": "checkmo", "admin_url": f"{ADDRESS}/office"}
        return SPEC.open(Connection("real", ADDRESS, options, known.__getitem__, now=lambda: datetime.now(UTC)))

    def open(self) -> Cart:
        return self._open()

    def open_with_wrong_password(self) -> Cart:
        return self._open(token_secret="x" * 32)

    def now(self) -> datetime:
        return datetime.now(UTC)

    # --- shoppers

    def _basket(self, path: str, token: str, sku: str, quantity: int) -> None:
        line = {"sku": sku, "qty": quantity, "quote_id": path.rpartition("/")[2]}
        self.call("POST", f"V1/{path}/items", {"cartItem": line}, token)
        where = {"shipping_address": _PLACE, "billing_address": _PLACE}
        how = {"shipping_carrier_code": "flatrate", "shipping_method_code": "flatrate"}
        self.call("POST", f"V1/{path}/shipping-information", {"addressInformation": where | how}, token)

    def _buy(self, sku: str, quantity: int) -> str:
        cart = self.call("POST", "V1/guest-carts", token="")
        self._basket(f"guest-carts/{cart}", "", sku, quantity)
        told = {"email": _PLACE["email"], "paymentMethod": {"method": "checkmo"}, "billingAddress": _PLACE}
        return str(self.call("POST", f"V1/guest-carts/{cart}/payment-information", told, ""))

    def place_order(self) -> str:
        return self._buy(_SKU, 1)

    def place_shippable_order(self) -> str:
        """Paid: an order without an invoice can be shipped, too, but is never complete."""
        order = self._buy(_SKU, 2)
        self.call("POST", f"V1/order/{order}/invoice", {"capture": True})
        return order

    def fill_basket(self) -> str:
        """Of a shopper who is known: made by staff, as the customer's password is theirs."""
        (customer, *_) = self.call("GET", "V1/customers/search?searchCriteria[pageSize]=1")["items"]
        cart = self.call("POST", f"V1/customers/{customer['id']}/carts")
        self._basket(f"carts/{cart}", self._staff, _SKU, 2)
        return str(cart)

    # --- staff

    def cancel_order(self, order_id: str) -> None:
        self.call("POST", f"V1/orders/{order_id}/cancel")

    def next_status(self, order_id: str) -> str:
        return "holded"

    def refund_one_piece(self) -> str:
        order = self.place_shippable_order()
        (line,) = self.call("GET", f"V1/orders/{order}")["items"]
        told = {"items": [{"order_item_id": line["item_id"], "qty": 1}], "arguments": {"shipping_amount": 0}}
        self.call("POST", f"V1/order/{order}/refund", told)
        return order

    def _sku_of(self, item_id: str) -> str:
        found = "searchCriteria[filter_groups][0][filters][0]"
        path = f"all/V1/products?{found}[field]=entity_id&{found}[value]={item_id}"
        return str(self.call("GET", path)["items"][0]["sku"])

    def rename_item(self, item_id: str, name: str) -> None:
        path = f"all/V1/products/{quote(self._sku_of(item_id), safe='')}"
        self.call("PUT", path, {"product": {"name": name}})
        if (kept := self.call("GET", path)["name"]).strip() != name.strip():
            pytest.skip(f"the shop's own database keeps {kept!r} of {name!r}")

    def stock_of(self, item_id: str) -> Decimal | None:
        told = self.call("GET", f"V1/stockItems/{quote(self._sku_of(item_id), safe='')}")
        return Decimal(str(told["qty"]))

    def sell_one(self, item_id: str) -> None:
        """Where stock lies at a source, what is sold leaves it with its shipment."""
        order = self._buy(self._sku_of(item_id), 1)
        self.call("POST", f"V1/order/{order}/invoice", {"capture": True})
        self.call("POST", f"V1/order/{order}/ship", {})


@pytest.mark.live
@pytest.mark.slow
@pytest.mark.skipif(not (ADDRESS and KEYS), reason="CARTUI_LIVE_MAGENTO and CARTUI_LIVE_MAGENTO_KEYS name no shop")
class TestMagento(CartConformance):
    """The suite."""

    harmless = ('"sourceItems": []', '"sourceItems":[]')  # tries a right, with nothing to write

    @pytest.fixture(scope="class")
    def driver(self) -> Iterator[MagentoDriver]:
        driver = MagentoDriver()
        driver.clear()
        yield driver
        driver.close()

    @pytest.fixture
    def shop(self, driver: MagentoDriver) -> ShopDriver:
        return driver
