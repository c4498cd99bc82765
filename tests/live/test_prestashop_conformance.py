"""The adapter against a running PrestaShop of your own: the suite that every adapter passes, and lost answers.

Opt-in, as it writes to the shop: CARTUI_LIVE_PRESTASHOP=http://127.0.0.1:8080,KEY with a key that has all rights. The
shop has the states of its installation, the wire transfer module (ps_wirepayment), an account with an address, and the
orders, items (the first one a product without combinations) and customers that `ShopDriver` names.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from cartui.adapters.prestashop import PrestaShop
from cartui.domain.ids import CartOrderId
from cartui.domain.ports import Cart, Connection
from cartui.domain.records import CustomerDraft, ItemDraft, ShipmentDraft
from cartui.errors import UnknownOutcomeError
from cartui.testing.conformance import CartConformance, ShopDriver, good, rows_of
from tests.live.prestashop_staff import CANCELLED, PrestaShopStaff, way_to

ADDRESS, _, KEY = os.environ.get("CARTUI_LIVE_PRESTASHOP", "").partition(",")
pytestmark = [
    pytest.mark.live,
    pytest.mark.slow,
    pytest.mark.skipif(not KEY, reason="runs with CARTUI_LIVE_PRESTASHOP=URL,KEY only"),
]


def opened(address: str = ADDRESS, key: str = KEY) -> PrestaShop:
    options = {"admin_url": "https://shop.example/admin123"}
    return PrestaShop(Connection("real", address, options, lambda _name: key, now=lambda: datetime.now(UTC)))


@dataclass
class Driver:
    """Staff and shoppers by the web service, too."""

    staff: PrestaShopStaff
    currency: str = "EUR"
    carrier: str = "My carrier"

    @property
    def secrets(self) -> tuple[str, ...]:
        return (KEY, self.staff.customer["secure_key"], self.staff.customer["passwd"])

    def open(self) -> Cart:
        return opened()

    def open_with_wrong_password(self) -> Cart:
        return opened(key="X" * 32)

    def now(self) -> datetime:
        return datetime.now(UTC)

    def place_order(self) -> str:
        return self.staff.buy()

    def place_shippable_order(self) -> str:
        return self.staff.buy()

    def next_status(self, order_id: str) -> str:
        return "3"

    def cancel_order(self, order_id: str) -> None:
        self.staff.set_state(order_id, CANCELLED)

    def rename_item(self, item_id: str, name: str) -> None:
        self.staff.change("products", item_id.partition(":")[0], name=name)

    def stock_of(self, item_id: str) -> Decimal | None:
        return Decimal(str(self.staff.stock_row(item_id)["quantity"]))

    def sell_one(self, item_id: str) -> None:
        row = self.staff.stock_row(item_id)
        self.staff.change("stock_availables", str(row["id"]), quantity=str(int(row["quantity"]) - 1))


@pytest.fixture(scope="module")
def staff() -> Iterator[PrestaShopStaff]:
    staff = PrestaShopStaff(ADDRESS, KEY)
    yield staff
    staff.close()


class TestPrestaShop(CartConformance):
    """The suite. Its records are made again with each run, so that it wants a shop that was put back before."""

    @pytest.fixture
    def shop(self, staff: PrestaShopStaff) -> ShopDriver:
        return Driver(staff)


def test_a_lost_answer_makes_no_second_of_anything(staff: PrestaShopStaff) -> None:
    """The outcome of an item, a customer and a shipment is unknown; asked again, each is found once by its key, its
    e-mail or its number."""
    mark, order_id = str(time.time_ns()), CartOrderId(staff.buy())
    item = ItemDraft(f"cartui-lost-{mark}"[:32], f"LOST-{mark}", "Lost and found", Decimal("9.90"), "EUR")
    customer = CustomerDraft(f"cartui-lost-{mark}", f"lost{mark}@example.test", "Lost", "Found")
    shipment = ShipmentDraft(f"k{mark}", order_id, datetime.now(UTC), completes=True, tracking_number=f"T{mark}")
    makes: list[Callable[[PrestaShop], object]] = [
        lambda cart: cart.create_item(item),
        lambda cart: cart.create_customer(customer),
        lambda cart: cart.create_shipment(shipment),
    ]
    with way_to(ADDRESS) as way:
        way.losing = True
        for make in makes:
            cart = opened(way.address)
            with pytest.raises(UnknownOutcomeError):
                make(cart)
            cart.close()
        way.losing = False
        cart = opened(way.address)
        assert [one.sku for one in cart.find_items(item)] == [item.sku]
        assert [one.email for one in cart.find_customers(customer)] == [customer.email]
        assert [one.tracking_number for one in cart.find_shipments(order_id)] == [shipment.tracking_number]
        assert cart.create_shipment(shipment) == cart.find_shipments(order_id)[0].shipment_id
        assert len(cart.find_shipments(order_id)) == 1
        cart.close()


def test_a_state_books_no_payment(staff: PrestaShopStaff) -> None:
    """What the shopper paid stays what is paid, when the order goes on to its end."""
    order_id = CartOrderId(staff.buy())
    cart = opened()
    for code in ("3", "4", "5"):
        cart.set_order_status(order_id, code)
    (row,) = staff.rows("orders", id=order_id)
    assert (str(row["current_state"]), row["total_paid_real"]) == ("5", row["total_paid_tax_incl"])
    assert len(staff.rows("order_payments", order_reference=str(row["reference"]))) == 1
    cart.close()


def test_a_poll_without_changes_costs_the_same_each_time() -> None:
    """A handful of requests, however large the shop."""
    cart = opened()
    rows_of(cart.iter_orders(datetime.now(UTC)))  # settings and tables are read once
    costs = []
    for _ in range(3):
        before = cart.session.exchanges
        assert good(rows_of(cart.iter_orders(datetime.now(UTC)))) is not None
        costs.append(cart.session.exchanges - before)
    assert len(set(costs)) == 1
    assert costs[0] <= 3
    cart.close()
