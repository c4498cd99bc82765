"""The adapter against the real shop: the suite that every adapter passes, and what only a real one can show."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from itertools import count

import pytest

from cartui.adapters.vendure import SPEC
from cartui.domain.ports import Cart, Connection
from cartui.testing.conformance import CartConformance, ShopDriver
from tests.live.vendure_actor import VendureActor
from tests.live.vendure_shop import RunningShop, VendureShop

_LEVELS = "query($i:ID!){productVariant(id:$i){stockLevels{stockOnHand} product{id}}}"
_turn = count(1)


class VendureDriver:
    """Staff and shoppers of the running shop. `lent` keeps the drafts of two tests apart: the shop outlives a test."""

    currency = "GBP"

    def __init__(self, running: RunningShop, actor: VendureActor) -> None:
        self._running = running
        self._actor = actor
        self.secrets = (running.password,)

    def connection(self, password: str = "", **options: str) -> Connection:
        """As a person would set it up."""
        word = password or self._running.password
        told = {"username": self._running.username, **options}
        return Connection("real", self._running.address, told, lambda _name: word, now=lambda: datetime.now(UTC))

    def open(self) -> Cart:
        return SPEC.open(self.connection())

    def open_with_wrong_password(self) -> Cart:
        return SPEC.open(self.connection("not the password"))

    def now(self) -> datetime:
        return datetime.now(UTC)

    def place_order(self) -> str:
        variant = self._actor.variant_id("SKU-001")
        self._actor.change_stock(variant, 500)
        return self._actor.place_order([(variant, 2)]).id

    def cancel_order(self, order_id: str) -> None:
        self._actor.cancel(order_id)

    def rename_item(self, item_id: str, name: str) -> None:
        product = self._actor.staff().ask(_LEVELS, i=item_id)["productVariant"]["product"]["id"]
        words = [{"languageCode": "en", "name": name}]
        update = "mutation($i:UpdateProductInput!){updateProduct(input:$i){id}}"
        self._actor.staff().ask(update, i={"id": product, "translations": words})

    def stock_of(self, item_id: str) -> Decimal | None:
        levels = self._actor.staff().ask(_LEVELS, i=item_id)["productVariant"]["stockLevels"]
        return Decimal(sum(level["stockOnHand"] for level in levels))

    def sell_one(self, item_id: str) -> None:
        """What is sold stays on hand until it leaves the shelf."""
        order = self._actor.place_order([(item_id, 1)])
        self._actor.fulfil(order.id)


@pytest.fixture
def driver(vendure_shop: VendureShop, vendure: VendureActor) -> VendureDriver:
    assert vendure_shop.running is not None
    return VendureDriver(vendure_shop.running, vendure)


@pytest.mark.live
@pytest.mark.slow
class TestVendure(CartConformance):
    """The suite."""

    @pytest.fixture
    def shop(self, driver: VendureDriver) -> ShopDriver:
        return driver
