"""Writes that carry orders on: the status that staff sets, and the order of a basket."""

from __future__ import annotations

from cartui.demo import checks, lifecycle
from cartui.demo.orders import build_order_of_basket
from cartui.demo.pages import missing
from cartui.demo.pricing import parse_tenths
from cartui.demo.schema import Store
from cartui.demo.seller import move_stock
from cartui.demo.shop import DemoShop
from cartui.demo.wire import RefusalError, Row, invalid, parse_time
from cartui.demo.writes import Answer, answer_once

_CHANGES = checks.record({"status": checks.text})


def update_order(shop: DemoShop, order_id: str, body: Row) -> Answer:
    """Set the shop's own status. Setting what is set already changes nothing."""
    changes = checks.read_fields(body, {"changes": _CHANGES}, ("changes",))["changes"]
    with shop.writing() as stamp:
        order = shop.store.find("orders", order_id)
        if order is None:
            raise missing("orders", order_id)
        status = changes.get("status", order["status"])
        if status != order["status"]:
            _check_settable(order, status)
            lifecycle.set_status(order, status)
            order["modified_at"] = stamp
            shop.store.put("orders", [order])
    return 200, {"row": order}


def _check_settable(order: Row, status: str) -> None:
    if status not in lifecycle.ORDER_STATES:
        raise invalid("status", "no such status", "Use the words stated by ping.")
    if status not in lifecycle.SETTABLE or order["order_state"] in ("closed", "cancelled"):
        message = f"an order that is {order['status']} can't be set to {status}"
        raise RefusalError(
            409, "status_refused", message, "Set a status that ping calls settable, on an open order.", field="status"
        )


def place_order(shop: DemoShop, basket_id: str, key: str, body: Row) -> Answer:
    """The order of an open basket; the shopper pays it as usual."""
    checks.read_fields(body, {})

    def make(store: Store, stamp: str) -> Row:
        basket = store.find("baskets", basket_id)
        if basket is None:
            raise missing("baskets", basket_id)
        items, home = _check_orderable(store, basket)
        placed_at = parse_time(stamp, "placed_at")
        order = build_order_of_basket(store.count("orders") + 1, placed_at, basket, items, home)
        store.put("orders", [order])
        store.put("baskets", [basket | {"status": "purchased", "order_id": order["order_id"], "modified_at": stamp}])
        for line in basket["lines"]:
            move_stock(shop, items[line["item_id"]], -parse_tenths(line["quantity"]), stamp)
        return order

    return answer_once(shop, f"order of {basket_id}", key, body, make)


def _check_orderable(store: Store, basket: Row) -> tuple[dict[str, Row], Row]:
    """The basket's items by id and its customer."""
    if basket["status"] != "open":
        message = f"the basket is {basket['status']}"
        raise RefusalError(409, "basket_not_open", message, "Read the basket again; only an open one can be ordered.")
    found = {line["item_id"]: store.find("items", line["item_id"]) for line in basket["lines"] if line["item_id"]}
    items = {item_id: item for item_id, item in found.items() if item is not None and item["active"]}
    buyer = basket["buyer"]
    home = store.find("customers", buyer["customer_id"]) if buyer and buyer["customer_id"] else None
    if home is None or any(line["item_id"] not in items for line in basket["lines"]):
        what = "its shopper is not known" if home is None else "an item of it is not sold any more"
        raise RefusalError(409, "basket_incomplete", what, "Complete the basket in the shop's back office.")
    return items, home
