"""Fills a new demo shop: the same rows for the same seed and moment, on every machine."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from cartui.demo import lifecycle
from cartui.demo.catalogue import build_items
from cartui.demo.hostile import HOSTILE_TEXTS
from cartui.demo.orders import MARKETS, Market, Purchase, build_order, pick_market
from cartui.demo.people import build_customers, build_guest, buyer_of
from cartui.demo.pricing import EXPONENTS, parse_minor, parse_tenths, render_amount, render_quantity, round_half_up
from cartui.demo.schema import SCHEMA_VERSION, Store
from cartui.demo.wire import Row, parse_time, render_time

ORDER_COUNT = 1_500
BASKET_COUNT = 25
ORDER_DAYS = 90
PAYMENT_METHODS = ("card", "paypal", "bank-transfer", "invoice")
CARRIERS = ("DHL", "UPS", "Post")
_TARGETS = {
    "awaiting-payment": 8,
    "authorized": 3,
    "part-paid": 2,
    "payment-failed": 3,
    "paid": 14,
    "picking": 6,
    "on-hold": 3,
    "part-shipped": 5,
    "shipped": 10,
    "completed": 32,
    "part-refunded": 5,
    "refunded": 4,
    "cancelled": 5,
}


def seed_shop(store: Store, seed: int, now: datetime) -> None:
    """Write everything in the caller's one transaction. ``now``: aware; nothing seeded is later."""
    random = Random(seed)
    store.create_tables()
    store.set_meta("schema", SCHEMA_VERSION)
    store.set_meta("seed", str(seed))
    store.set_meta("shop_id", str(UUID(int=random.getrandbits(128), version=4)))
    store.set_meta("ticks", "0")
    items = build_items(random, now)
    customers = build_customers(random, now)
    store.put("items", items)
    store.put("customers", customers)
    orders = _build_orders(random, now, items, customers)
    store.put("orders", orders)
    baskets = [_seed_basket(random, n, now, items, customers) for n in range(1, BASKET_COUNT + 1)]
    for position in range(7, BASKET_COUNT, 8):
        baskets[position] = _purchased_basket(baskets[position]["basket_id"], orders[-position])
    store.put("baskets", baskets)


def _build_orders(random: Random, now: datetime, items: Sequence[Row], customers: Sequence[Row]) -> list[Row]:
    emails = [customer["email"] for customer in customers]
    orders = []
    for number, placed_at in enumerate(_placing_times(random, now), 1):
        guest = random.random() < 0.3
        buyer = build_guest(random, emails) if guest else buyer_of(random.choice(customers))
        purchases = [buy(random, item) for item in random.sample(items, random.choice((1, 1, 2, 2, 3, 4, 6)))]
        order = build_order(random, number, placed_at, pick_market(random), buyer=buyer, purchases=purchases)
        if number <= len(HOSTILE_TEXTS):
            order["note"] = HOSTILE_TEXTS[number - 1]
        _move_on(random, order, placed_at, now)
        orders.append(order)
    for order in orders[500:512]:
        order["modified_at"] = orders[511]["modified_at"]
    return orders


def _placing_times(random: Random, now: datetime) -> list[datetime]:
    """Moments over the last days, in order; some to the whole second, and two bursts within one second."""
    start = now - timedelta(days=ORDER_DAYS)
    span = ORDER_DAYS * 86_400_000_000 - 60_000_000
    times = sorted(start + timedelta(microseconds=random.randrange(span)) for _ in range(ORDER_COUNT))
    for position in range(0, ORDER_COUNT, 7):
        times[position] = times[position].replace(microsecond=0)
    for first in (300, 900):
        burst = times[first].replace(microsecond=0)
        times[first : first + 12] = [burst] * 6 + [burst + timedelta(microseconds=n) for n in range(6)]
    return sorted(times)


def buy(random: Random, item: Row) -> Purchase:
    """A usual quantity of an item; cloth is sold by half metres."""
    if "metre" in item["name"]:
        return Purchase(item, 5 * random.randint(1, 9))
    return Purchase(item, 10 * random.choice((1, 1, 1, 2, 3, 12)))


def _give_back(order: Row, moment: str, *, whole: bool) -> None:
    """All of it, one piece, or a third of the money, by the order's number."""
    number = int(order["order_id"][4:])
    total = parse_minor(order["total"], EXPONENTS[order["currency"]])
    if whole or number % 3 == 0:
        lifecycle.refund(order, moment, total if whole else max(1, total // 3), "Damaged on arrival")
    else:
        state = "pending" if number % 7 == 0 else "done"
        lifecycle.refund_piece(order, moment, "Damaged on arrival", restock=number % 2 == 0, state=state)


def _move_on(random: Random, order: Row, placed_at: datetime, now: datetime) -> None:
    """Bring a placed order to a random status; ``modified_at`` lies between its placing and ``now``."""
    target = random.choices(tuple(_TARGETS), tuple(_TARGETS.values()))[0]
    room = int((now - placed_at).total_seconds())
    changed_at = placed_at + timedelta(seconds=random.randint(0, max(0, min(room - 1, 6 * 86_400))))
    moment, method, carrier = render_time(changed_at), random.choice(PAYMENT_METHODS), random.choice(CARRIERS)
    tracking = f"{carrier[0]}{random.randint(10**9, 10**10 - 1)}"
    if target == "awaiting-payment":
        return
    order["modified_at"] = moment
    if target == "payment-failed":
        lifecycle.fail_payment(order, moment, method)
    elif target == "part-paid":
        lifecycle.pay_part(order, moment, "bank-transfer")
    elif target == "cancelled":
        lifecycle.set_status(order, "cancelled")
    else:
        lifecycle.pay(order, moment, method, captured=target != "authorized")
        if target in ("picking", "on-hold"):
            lifecycle.set_status(order, target)
        elif target == "part-shipped":
            lifecycle.ship_first_line(order, moment, carrier, tracking)
        elif target in ("shipped", "completed", "part-refunded"):
            lifecycle.ship_all(order, moment, carrier, tracking)
        if target == "completed":
            lifecycle.set_status(order, "completed")
        elif target in ("part-refunded", "refunded"):
            _give_back(order, moment, whole=target == "refunded")


def _seed_basket(random: Random, number: int, now: datetime, items: Sequence[Row], customers: Sequence[Row]) -> Row:
    created = now - timedelta(microseconds=random.randrange(3_600_000_000, 20 * 86_400_000_000))
    market = pick_market(random)
    purchases = [buy(random, item) for item in random.sample(items, random.randint(1, 4))]
    buyer = buyer_of(random.choice(customers)) if random.random() < 0.6 else None
    basket = build_basket(number, created, market, buyer, purchases)
    basket["status"] = random.choice(("open", "open", "lost", "expired"))
    return basket


def _purchased_basket(basket_id: str, order: Row) -> Row:
    """The basket that an order came from."""
    exponent = EXPONENTS[order["currency"]]
    shown = ("line_id", "item_id", "sku", "name", "quantity", "unit_price")
    lines = [{name: line[name] for name in shown} for line in order["lines"] if line["kind"] == "product"]
    minor = (parse_minor(line["unit_price"], exponent) * parse_tenths(line["quantity"]) for line in lines)
    filled_at = parse_time(order["placed_at"], "placed_at") - timedelta(minutes=11)
    return {
        "basket_id": basket_id,
        "created_at": render_time(filled_at),
        "modified_at": order["placed_at"],
        "status": "purchased",
        **{name: order[name] for name in ("currency", "prices_include_tax", "buyer", "order_id")},
        "estimated_total": render_amount(sum(round_half_up(amount, 10) for amount in minor), exponent),
        "lines": lines,
    }


def build_basket(
    number: int, moment: datetime, market: Market, buyer: Row | None, purchases: Sequence[Purchase]
) -> Row:
    """A shopper's unfinished basket. ``buyer`` is None while the shopper has not said who they are."""
    exponent = EXPONENTS[market.currency]
    lines, total = [], 0
    for position, purchase in enumerate(purchases, 1):
        unit = market.price(parse_minor(purchase.item["price"], 2))
        total += round_half_up(unit * purchase.tenths, 10)
        line = {"line_id": str(position), "quantity": render_quantity(purchase.tenths)}
        line |= {field: purchase.item[field] for field in ("item_id", "sku", "name")}
        lines.append(line | {"unit_price": render_amount(unit, exponent)})
    return {
        "basket_id": f"bsk-{1000 + number}",
        "created_at": render_time(moment),
        "modified_at": render_time(moment),
        "status": "open",
        "currency": market.currency,
        "prices_include_tax": market.gross,
        "estimated_total": render_amount(total, exponent),
        "buyer": buyer,
        "lines": lines,
        "order_id": None,
    }


__all__ = ["CARRIERS", "MARKETS", "PAYMENT_METHODS", "build_basket", "buy", "seed_shop"]
