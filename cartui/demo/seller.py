"""Keeps the demo shop selling: each round new orders, payments, parcels, stock moves and edits, so that there is work.

A round is decided by the seed, the number of the round and what the shop holds; nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from random import Random

from cartui.demo import lifecycle
from cartui.demo.orders import build_order, pick_market
from cartui.demo.people import build_customer, build_guest, buyer_of
from cartui.demo.premises import Premises
from cartui.demo.pricing import EXPONENTS, parse_minor, parse_tenths, render_amount, render_quantity
from cartui.demo.seed import CARRIERS, PAYMENT_METHODS, build_basket, buy
from cartui.demo.wire import Row, parse_time

ROUND_SECONDS = 5.0
Events = list[tuple[str, str]]


def sell_round(shop: Premises) -> Events:
    """One round: advances a standing clock by ROUND_SECONDS, then does what this round's number says."""
    shop.advance(ROUND_SECONDS)
    with shop.writing():
        number = int(shop.store.get_meta("ticks")) + 1
        random = Random(f"{shop.seed}:{number}")
        events: Events = []
        for every, step in _STEPS:
            if number % every == 0:
                events += step(shop, random)
        shop.store.set_meta("ticks", str(number))
        return events


def _place_orders(shop: Premises, random: Random) -> Events:
    return [_place_order(shop, random) for _ in range(random.choice((1, 1, 2)))]


def _place_order(shop: Premises, random: Random) -> tuple[str, str]:
    with shop.writing() as stamp:
        store = shop.store
        items = [_pick(shop, random, "items") for _ in range(random.choice((1, 2, 3)))]
        items = [item for n, item in enumerate(items) if item["item_id"] not in {i["item_id"] for i in items[:n]}]
        purchases = [buy(random, item) for item in items]
        customer = _pick(shop, random, "customers")
        buyer = build_guest(random, [customer["email"]]) if random.random() < 0.3 else buyer_of(customer)
        placed_at = parse_time(stamp, "placed_at")
        number = store.count("orders") + 1
        market = pick_market(random)
        order = build_order(random, number, placed_at, market, buyer=buyer, purchases=purchases)
        if random.random() < 0.6:
            lifecycle.pay(order, stamp, random.choice(PAYMENT_METHODS))
        store.put("orders", [order])
        for purchase in purchases:
            move_stock(shop, purchase.item, -purchase.tenths, stamp)
        return "order-placed", order["order_id"]


def move_stock(shop: Premises, item: Row, tenths: int, stamp: str) -> None:
    """Change the free stock of a tracked item, never below zero. Inside the caller's transaction."""
    if item["stock"] is not None:
        item["stock"] = render_quantity(max(0, parse_tenths(item["stock"]) + tenths))
        touch(item, stamp)
        shop.store.put("items", [item])


def touch(row: Row, stamp: str) -> None:
    """A changed record: new stamp, next version."""
    row["modified_at"] = stamp
    row["version"] += 1


def _pick(shop: Premises, random: Random, kind: str, where: str = "1 = 1", values: tuple[str, ...] = ()) -> Row:
    return shop.store.nth(kind, random.randrange(shop.store.count(kind, where, values)), where, values)


def _change_order(
    shop: Premises, random: Random, status: str, event: str, change: Callable[[Row, str], None]
) -> Events:
    with shop.writing() as stamp:
        if not shop.store.count("orders", "status = ?", (status,)):
            return []
        order = _pick(shop, random, "orders", "status = ?", (status,))
        change(order, stamp)
        order["modified_at"] = stamp
        shop.store.put("orders", [order])
        return [(event, order["order_id"])]


def _pay_order(shop: Premises, random: Random) -> Events:
    method = random.choice(PAYMENT_METHODS)

    def change(order: Row, stamp: str) -> None:
        order["payments"] = []
        lifecycle.pay(order, stamp, method)

    return _change_order(shop, random, "awaiting-payment", "order-paid", change)


def _ship_order(shop: Premises, random: Random) -> Events:
    carrier = random.choice(CARRIERS)
    tracking = f"{carrier[0]}{random.randint(10**9, 10**10 - 1)}"
    send = random.choice((lifecycle.ship_all, lifecycle.ship_first_line))
    status = random.choice(("paid", "picking", "part-shipped"))
    return _change_order(shop, random, status, "order-shipped", lambda order, at: send(order, at, carrier, tracking))


def _cancel_order(shop: Premises, random: Random) -> Events:
    def change(order: Row, stamp: str) -> None:
        lifecycle.set_status(order, "cancelled")
        for line in order["lines"]:
            item = shop.store.find("items", line["item_id"]) if line["item_id"] else None
            if item is not None:
                move_stock(shop, item, parse_tenths(line["quantity"]), stamp)

    return _change_order(shop, random, "awaiting-payment", "order-cancelled", change)


def _restock(shop: Premises, random: Random) -> Events:
    with shop.writing() as stamp:
        item = _pick(shop, random, "items")
        move_stock(shop, item, 10 * random.randint(5, 40), stamp)
        return [("stock-moved", item["item_id"])]


def _edit_item(shop: Premises, random: Random) -> Events:
    with shop.writing() as stamp:
        item = _pick(shop, random, "items")
        item["price"] = render_amount(max(100, parse_minor(item["price"], 2) + random.choice((-50, 50, 100))), 2)
        touch(item, stamp)
        shop.store.put("items", [item])
        return [("item-edited", item["item_id"])]


def _edit_customer(shop: Premises, random: Random) -> Events:
    with shop.writing() as stamp:
        customer = _pick(shop, random, "customers")
        customer["phone"] = f"+49 40 {random.randint(10**5, 10**7)}"
        touch(customer, stamp)
        shop.store.put("customers", [customer])
        return [("customer-edited", customer["customer_id"])]


def _new_customer(shop: Premises, random: Random) -> Events:
    with shop.writing() as stamp:
        moment: datetime = parse_time(stamp, "created_at")
        customer = build_customer(random, shop.store.count("customers") + 1, moment)
        if shop.store.find_by("customers", "email", customer["email"]) is not None:
            return []
        shop.store.put("customers", [customer])
        return [("customer-created", customer["customer_id"])]


def _fill_basket(shop: Premises, random: Random) -> Events:
    with shop.writing() as stamp:
        purchases = [buy(random, _pick(shop, random, "items"))]
        buyer = buyer_of(_pick(shop, random, "customers"))
        moment: datetime = parse_time(stamp, "created_at")
        basket = build_basket(shop.store.count("baskets") + 1, moment, pick_market(random), buyer, purchases)
        shop.store.put("baskets", [basket])
        return [("basket-filled", basket["basket_id"])]


def _end_basket(shop: Premises, random: Random) -> Events:
    """A shopper never came back, or the shop gave the basket up."""
    status = random.choice(("lost", "expired"))
    with shop.writing() as stamp:
        baskets = [basket for basket in shop.store.all("baskets") if basket["status"] == "open"]
        if not baskets:
            return []
        basket = random.choice(baskets) | {"status": status, "modified_at": stamp}
        shop.store.put("baskets", [basket])
        return [("basket-given-up", basket["basket_id"])]


def _refund_order(shop: Premises, random: Random) -> Events:
    restock, whole = random.random() < 0.5, random.random() < 0.2

    def change(order: Row, stamp: str) -> None:
        if whole:
            lifecycle.refund(order, stamp, parse_minor(order["total"], EXPONENTS[order["currency"]]), "Sent back")
        else:
            lifecycle.refund_piece(order, stamp, "Broken", restock=restock)

    return _change_order(shop, random, "shipped", "order-refunded", change)


_STEPS: tuple[tuple[int, Callable[[Premises, Random], Events]], ...] = (
    (1, _place_orders),
    (2, _pay_order),
    (2, _restock),
    (3, _ship_order),
    (3, _edit_item),
    (4, _edit_customer),
    (5, _fill_basket),
    (7, _new_customer),
    (9, _cancel_order),
    (11, _end_basket),
    (13, _refund_order),
)
