"""The Medusa adapter against the real shop: the suite that every adapter passes, and what only a real one can show."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from cartui.adapters.medusa import SPEC, MedusaCart
from cartui.adapters.medusa.parse import split_item_id
from cartui.domain.ids import CartItemId, CartOrderId
from cartui.domain.money import ProofState, prove_total
from cartui.domain.ports import Cart, Connection
from cartui.domain.records import (
    FulfilmentState,
    ItemDraft,
    LineKind,
    OrderState,
    PaymentState,
    ShipmentDraft,
    StockWrite,
    WriteState,
)
from cartui.errors import HoldRecordError
from cartui.sync.intake import checked_pages
from cartui.testing.conformance import CartConformance, ShopDriver, good, rows_of
from cartui.transport import Exchange, Transport
from tests.live.medusa_actor import MedusaActor
from tests.live.medusa_shop import PASSWORD, USERNAME, MedusaShop
from tests.live.vendure_shop import ShopUnavailable, skip_or_fail

pytestmark = [pytest.mark.live, pytest.mark.slow]


@pytest.fixture(scope="module")
def medusa_shop() -> Iterator[MedusaShop]:
    """A started shop with a fresh copy of the filled database."""
    shop = MedusaShop()
    try:
        shop.__enter__()
    except ShopUnavailable as reason:
        skip_or_fail(reason)
    yield shop
    shop.__exit__(None, None, None)


@pytest.fixture(scope="module")
def actor(medusa_shop: MedusaShop) -> Iterator[MedusaActor]:
    with MedusaActor(medusa_shop.address, USERNAME, PASSWORD) as actor:
        actor.look_around()
        yield actor


class MedusaDriver:
    """Staff and shoppers of the running shop, which is the same for all tests of the module."""

    currency = "GBP"
    carrier = "royal-mail"
    secrets = (PASSWORD,)

    def __init__(self, address: str, actor: MedusaActor) -> None:
        self._address = address
        self._actor = actor

    def connection(self, password: str = PASSWORD, **options: str) -> Connection:
        told = {"username": USERNAME, **options}
        return Connection("real", self._address, told, lambda _name: password, now=lambda: datetime.now(UTC))

    def open(self) -> Cart:
        return SPEC.open(self.connection())

    def open_with_wrong_password(self) -> Cart:
        return SPEC.open(self.connection("not the password"))

    def now(self) -> datetime:
        return datetime.now(UTC)

    def place_order(self) -> str:
        return self._actor.place_order([(self._actor.variant_of("SKU-001-S"), 2)])

    def place_shippable_order(self) -> str:
        variants = [self._actor.variant_of(sku) for sku in ("SKU-002-S", "SKU-016-M")]
        order_id = self._actor.place_order([(variants[0], 3), (variants[1], 1)])
        self._actor.capture(order_id)
        return order_id

    def next_status(self, order_id: str) -> str:
        return "completed"

    def fill_basket(self) -> str:
        return self._actor.draft(self._actor.variant_of("SKU-004-S"))

    def refund_one_piece(self) -> str:
        order_id = self.place_shippable_order()
        self._actor.refund(order_id, 10.99)
        return order_id

    def cancel_order(self, order_id: str) -> None:
        self._actor.cancel(order_id)

    def rename_item(self, item_id: str, name: str) -> None:
        self._actor.rename(split_item_id(item_id)[0], name)

    def stock_of(self, item_id: str) -> Decimal | None:
        (part,) = self._actor.variant(split_item_id(item_id)[1])["inventory_items"]
        return Decimal(str(sum(one["stocked_quantity"] for one in part["inventory"]["location_levels"])))

    def sell_one(self, item_id: str) -> None:
        """What is sold stays on hand until it is packed."""
        order_id = self._actor.place_order([(split_item_id(item_id)[1], 1)])
        self._actor.pack(order_id)


@pytest.fixture
def driver(medusa_shop: MedusaShop, actor: MedusaActor) -> MedusaDriver:
    return MedusaDriver(medusa_shop.address, actor)


class TestMedusa(CartConformance):
    """The suite."""

    harmless = ("auth/user/emailpass",)  # opens a session

    @pytest.fixture
    def shop(self, driver: MedusaDriver) -> ShopDriver:
        return driver
