"""The shop sells on: by rounds in tests, by itself when served so."""

import threading
from decimal import Decimal

from cartui.demo.server import DemoShop, serve
from cartui.demo.wire import render_time
from tests.demo.conftest import NOW, SEED


def test_a_round_sells_and_says_what_it_did(shop: DemoShop) -> None:
    """New orders in each round; every event's record carries a stamp later than before the round."""
    kinds = {"ord": "orders", "itm": "items", "cus": "customers", "bsk": "baskets"}
    for _ in range(20):
        before = render_time(shop.now())
        events = shop.tick()
        assert any(event == "order-placed" for event, _ in events)
        for _, row_id in events:
            row = shop.store.find(kinds[row_id[:3]], row_id)
            assert row is not None
            assert row["modified_at"] > before


def test_all_kinds_of_events_happen(shop: DemoShop) -> None:
    """Within 90 rounds: orders placed, paid, shipped, cancelled; stock moved; items, customers, baskets changed, orders
    refunded."""
    events = {event for event, _ in shop.tick(90)}
    assert events == {
        "order-placed", "order-paid", "order-shipped", "order-cancelled", "stock-moved",
        "item-edited", "customer-edited", "customer-created", "basket-filled",
            "basket-given-up", "order-refunded",
    }  # fmt: skip


def test_selling_takes_from_the_stock(shop: DemoShop) -> None:
    """A placed order lowers the free stock of its tracked items, never below zero."""
    before = {item["item_id"]: item["stock"] for item in shop.rows("items")}
    placed = [row_id for event, row_id in shop.tick() if event == "order-placed"]
    after = {item["item_id"]: item["stock"] for item in shop.rows("items")}
    orders = [order for order in shop.rows("orders") if order["order_id"] in placed]
    sold = [line for order in orders for line in order["lines"] if line["item_id"] and before[line["item_id"]]]
    assert sold
    for line in sold:
        assert Decimal(after[line["item_id"]]) < Decimal(before[line["item_id"]]) or before[line["item_id"]] == "0"
    assert all(stock is None or Decimal(stock) >= 0 for stock in after.values())


def test_ticks_are_the_same_alone_or_together(shop: DemoShop) -> None:
    """Ten rounds at once or one by one give the same shop."""
    twin = DemoShop(":memory:", SEED, NOW)
    together = shop.tick(10)
    assert together == [event for _ in range(10) for event in twin.tick()]
    assert shop.rows("orders") == twin.rows("orders")
    twin.close()


def test_a_served_shop_sells_by_itself(shop: DemoShop) -> None:
    """With sell_every it goes round without anyone; after stop() it stands still."""
    enough = threading.Event()
    tick = shop.tick

    def counted(count: int = 1) -> list[tuple[str, str]]:
        events = tick(count)
        if shop.store.get_meta("ticks") == "3":
            enough.set()
        return events

    shop.tick = counted  # type: ignore[method-assign]
    with serve(shop, sell_every=0.01):
        assert enough.wait(20)
    count = shop.store.count("orders")
    assert count >= 1_503
    assert not [thread for thread in threading.enumerate() if thread.name in ("seller", "demo shop")]
    assert shop.store.count("orders") == count
