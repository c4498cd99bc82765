"""Nothing is written to a shop but by what is there to write, as tests for every adapter (DESIGN 4, rule 4).

A spy stands where every request leaves. Looking (Test Connection, lists, single records, look-ups before a create)
sends only what reads; every writing role marks its requests as writes, so that a read-only cart never lets them out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, ClassVar, cast

import pytest

from cartui.domain.ids import CartBasketId, CartOrderId, RecordKind
from cartui.domain.ports import (
    AdminPages,
    BasketConverter,
    BasketReader,
    BasketSource,
    Cart,
    CustomerReader,
    CustomerSink,
    CustomerSource,
    ItemReader,
    ItemSink,
    OrderReader,
    OrderStatusSink,
    ShipmentSink,
    StockSink,
)
from cartui.domain.records import CustomerDraft, ItemDraft, ShipmentDraft, StockWrite
from cartui.errors import CartuiError, NeedsOperatorError
from cartui.testing.shop_driver import BasketShop, ShippingShop, ShopDriver, StatusShop, good, rows_of
from cartui.transport import Reply, Transport
from cartui.transport.messages import Ask

_READS = ("GET", "HEAD", "OPTIONS")
_MUTATION = re.compile(r"^\s*mutation\b", re.MULTILINE)


class ReadOnlyConformance:
    """Part of `CartConformance`. `harmless` are parts of an address or body of POSTs that change nothing in the shop
    though they look like it: one that opens a session, one that tries a right. The cart's page says why."""

    harmless: ClassVar[tuple[str, ...]] = ()

    def test_looking_writes_nothing(self, cart: Cart, shop: ShopDriver) -> None:
        """Test Connection and everything that reads."""
        with _spy() as asked:
            assert list(cart.test_connection())
            _look_at_everything(cart, shop)
        assert [_shown(one) for one in asked if one.writes or not self._reads(one)] == []

    def test_every_write_is_marked_as_one(self, cart: Cart, shop: ShopDriver) -> None:
        """Where writes may not leave, each writing role is stopped at one, and nothing but reads went out before."""
        for name, write in _writes(cart, shop):
            stopped: list[CartuiError] = []
            with _spy(refuse_writes=True) as asked:
                try:
                    write()
                except CartuiError as error:
                    stopped.append(error)
            assert not asked or any(one.writes for one in asked), f"{name}: {stopped}"
            assert [_shown(one) for one in asked if not one.writes and not self._reads(one)] == [], name

    def test_a_read_only_connection_is_told_to_the_transport(
        self, shop: ShopDriver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Which lets no write out then, whatever the adapter does."""
        built: list[dict[str, Any]] = []
        build = Transport.__init__

        def init(transport: Transport, *args: Any, **options: Any) -> None:
            built.append(options)
            build(transport, *args, **options)

        monkeypatch.setattr(Transport, "__init__", init)
        again = shop.open()
        next(iter(again.iter_orders(None)))
        again.close()
        assert not built or any("read_only" in options for options in built)

    def _reads(self, asked: Ask) -> bool:
        if asked.method in _READS:
            return True
        body = (asked.body or b"").decode("utf-8", "replace")
        if any(part in asked.url or part in body for part in self.harmless):
            return True
        try:
            document = json.loads(body).get("query")
        except (ValueError, AttributeError):
            return False
        return isinstance(document, str) and _MUTATION.search(document) is None


@contextmanager
def _spy(*, refuse_writes: bool = False) -> Iterator[list[Ask]]:
    """Every request that is asked for, in order."""
    asked: list[Ask] = []
    send = cast(Callable[[Transport, Ask], Reply], getattr(Transport, "_run"))  # noqa: B009 - not its public side

    def run(transport: Transport, ask: Ask) -> Reply:
        asked.append(ask)
        if ask.writes and refuse_writes:
            raise NeedsOperatorError("The cart is open for reading only.", "Open it for writing.")
        return send(transport, ask)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Transport, "_run", run)
        yield asked


def _shown(asked: Ask) -> str:
    return f"{asked.method} {asked.url} {(asked.body or b'')[:200]!r}"


def _look_at_everything(cart: Cart, shop: ShopDriver) -> None:
    order_ids = [CartOrderId(row.external_id) for row in rows_of(cart.iter_orders(None))[:2]]
    items = [item.item_id for item in good(rows_of(cart.iter_items(None)))[:2]]
    if isinstance(cart, OrderReader):
        cart.get_orders(order_ids)
    if isinstance(cart, ItemReader):
        cart.get_items(items)
    if isinstance(cart, ShipmentSink):
        cart.find_shipments(order_ids[0])
    if isinstance(cart, OrderStatusSink):
        cart.list_order_statuses()
    if isinstance(cart, AdminPages):
        cart.admin_url(RecordKind.ORDER, order_ids[0])
    _look_at_people(cart)
    if isinstance(cart, ItemSink):
        cart.find_items(_item(shop))


def _look_at_people(cart: Cart) -> None:
    if isinstance(cart, CustomerSink):
        cart.find_customers(_CUSTOMER)
    if isinstance(cart, CustomerSource):
        people = good(rows_of(cart.iter_customers(None)))[:2]
        if isinstance(cart, CustomerReader):
            cart.get_customers([one.customer_id for one in people])
    if isinstance(cart, BasketSource):
        baskets = [CartBasketId(row.external_id) for row in rows_of(cart.iter_baskets(None))[:2]]
        if isinstance(cart, BasketReader):
            cart.get_baskets(baskets)


def _writes(cart: Cart, shop: ShopDriver) -> list[tuple[str, Callable[[], Any]]]:
    """A plausible call of each writing role that the cart has."""
    item = next(one for one in good(rows_of(cart.iter_items(None))) if one.stock is not None and one.sku)
    calls: list[tuple[str, Callable[[], Any]]] = []
    if isinstance(cart, ItemSink):
        calls.append(("create_item", lambda: cart.create_item(_item(shop))))
        calls.append(("update_item", lambda: cart.update_item(item.item_id, {"name": "Other", "price": Decimal(4)})))
    if isinstance(cart, StockSink):
        calls.append(("set_stock", lambda: cart.set_stock([StockWrite(item.item_id, Decimal(41))])))
    if isinstance(cart, CustomerSink):
        calls.append(("create_customer", lambda: cart.create_customer(_CUSTOMER)))
        if isinstance(cart, CustomerSource):
            person = good(rows_of(cart.iter_customers(None)))[0].customer_id
            calls.append(("update_customer", lambda: cart.update_customer(person, {"last_name": "Other"})))
    if isinstance(shop, ShippingShop):
        calls += _order_writes(cart, shop)
    if isinstance(cart, BasketConverter) and isinstance(shop, BasketShop):
        basket = CartBasketId(shop.fill_basket())
        calls.append(("place_order", lambda: cart.place_order(basket, "cartui-basket-80")))
    return calls


def _order_writes(cart: Cart, shop: ShippingShop) -> list[tuple[str, Callable[[], Any]]]:
    """Each on an order of its own: to be able to set a status the shop's side may have to send the order first."""
    calls: list[tuple[str, Callable[[], Any]]] = []
    if isinstance(cart, OrderStatusSink) and isinstance(shop, StatusShop):
        sent = CartOrderId(shop.place_shippable_order())
        code = shop.next_status(sent)
        calls.append(("set_order_status", lambda: cart.set_order_status(sent, code)))
    if isinstance(cart, ShipmentSink):
        order_id, at = CartOrderId(shop.place_shippable_order()), cast(ShopDriver, shop).now()
        draft = ShipmentDraft(
            "cartui-1-shipment-9", order_id, at, completes=True, carrier=shop.carrier, tracking_number="TRACK-80"
        )
        calls.append(("create_shipment", lambda: cart.create_shipment(draft)))
    return calls


def _item(shop: ShopDriver) -> ItemDraft:
    return ItemDraft("cartui-1-item-80", "CONF-80", "Never made", Decimal("12.50"), shop.currency)


_CUSTOMER = CustomerDraft("cartui-1-customer-80", "conform80@example.test", "Con", "Form")
