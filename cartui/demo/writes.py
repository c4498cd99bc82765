"""Writes: create once per idempotency key, change named fields, set stock by compare-and-set, add shipments."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from cartui.demo import checks, lifecycle
from cartui.demo.catalogue import BASE_CURRENCY
from cartui.demo.pages import missing
from cartui.demo.pricing import parse_tenths, render_quantity
from cartui.demo.schema import Store
from cartui.demo.seller import touch
from cartui.demo.shop import DemoShop
from cartui.demo.wire import BATCH_MAXIMUM, ID_FIELDS, RefusalError, Row, invalid, parse_time, render_time

Answer = tuple[int, Row]

_TEXT_OR_NULL = checks.or_null(checks.text)
_OPTION = checks.record({"name": checks.text, "value": checks.text}, ("name", "value"))
_ADDRESS_FIELDS = ("name", "company", "street1", "street2", "city", "region", "postcode", "country", "phone")
_ADDRESS = checks.record(
    dict.fromkeys(_ADDRESS_FIELDS, checks.or_null(checks.any_text)) | {"country": checks.or_null(checks.country)},
    ("name", "country"),
)
ITEM_CHANGES: dict[str, checks.Reader] = {
    "name": checks.text,
    "sku": _TEXT_OR_NULL,
    "barcode": _TEXT_OR_NULL,
    "description": _TEXT_OR_NULL,
    "price": checks.price(BASE_CURRENCY),
    "active": checks.flag,
}
CUSTOMER_CHANGES: dict[str, checks.Reader] = {
    "email": checks.text,
    "first_name": checks.any_text,
    "last_name": checks.any_text,
    "company": _TEXT_OR_NULL,
    "phone": _TEXT_OR_NULL,
    "tax_number": _TEXT_OR_NULL,
    "addresses": checks.list_of(_ADDRESS, 20),
}


def _currency(value: Any, field: str) -> str:
    if value != BASE_CURRENCY:
        raise invalid(field, "not the shop's price currency", f"Send {BASE_CURRENCY}; ping states it.")
    return BASE_CURRENCY


_NEW_ITEM: dict[str, checks.Reader] = ITEM_CHANGES | {
    "currency": _currency,
    "stock": checks.or_null(checks.quantity),
    "tax_class": checks.text,
    "options": checks.list_of(_OPTION, 10),
    "parent_id": checks.or_null(checks.identifier),
}
_STOCK_ROW = checks.record(
    {"item_id": checks.identifier, "quantity": checks.decimal_text, "expected": checks.decimal_text},
    ("item_id", "quantity"),
)
_SHIPPED_LINE = checks.record({"line_id": checks.identifier, "quantity": checks.quantity}, ("line_id", "quantity"))
_SHIPMENT: dict[str, checks.Reader] = {
    "carrier": checks.text,
    "tracking_number": _TEXT_OR_NULL,
    "tracking_url": _TEXT_OR_NULL,
    "notify": checks.flag,
    "shipped_at": lambda value, field: render_time(parse_time(checks.text(value, field), field)),
    "lines": checks.list_of(_SHIPPED_LINE, BATCH_MAXIMUM),
}


def answer_once(shop: DemoShop, scope: str, key: str, body: Row, make: Callable[[Store, str], Row]) -> Answer:
    """201 and a new row; or 200 and the first answer again, when the key was used with the same body before."""
    request = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    with shop.writing() as stamp:
        kept = shop.store.find_answer(scope, key)
        if kept is None:
            row = make(shop.store, stamp)
            shop.store.keep_answer(scope, key, request, row)
            return 201, {"replayed": False, "row": row}
        if kept[0] != request:
            message = "this Idempotency-Key was used with another body"
            raise RefusalError(409, "idempotency_conflict", message, "Use a new key, or send the first body again.")
        return 200, {"replayed": True, "row": kept[1]}


def create_item(shop: DemoShop, key: str, body: Row) -> Answer:
    """A new sellable item; ``key`` stays on it as external_key."""
    fields = checks.read_fields(body, _NEW_ITEM, ("name", "price", "currency"))

    def make(store: Store, stamp: str) -> Row:
        parent = fields.get("parent_id")
        sibling = store.find_by("items", "json_extract(body, '$.parent_id')", parent) if parent else None
        if parent and sibling is None:
            raise invalid("parent_id", "no such product", "Use the parent_id of an item that exists, or null.")
        stock = fields.get("stock")
        row: Row = {
            "item_id": f"itm-{1001 + store.count('items')}",
            "parent_id": parent,
            "parent_name": sibling["parent_name"] if sibling else None,
            "options": [],
            **dict.fromkeys(("sku", "barcode", "description", "reserved")),
            "tax_class": "standard",
            "active": True,
        }
        row |= fields | {"stock": None if stock is None else render_quantity(stock)} | _born(key, stamp)
        store.put("items", [row])
        return row

    return answer_once(shop, "items", key, body, make)


def create_customer(shop: DemoShop, key: str, body: Row) -> Answer:
    """A new customer; this shop wants each e-mail address once."""
    fields = checks.read_fields(body, CUSTOMER_CHANGES, ("email",))

    def make(store: Store, stamp: str) -> Row:
        _check_email_free(store, fields["email"], None)
        row: Row = {"customer_id": f"cus-{1001 + store.count('customers')}", "first_name": "", "last_name": ""}
        row |= dict.fromkeys(("company", "phone", "tax_number"))
        row |= {"addresses": []} | _complete(fields) | _born(key, stamp)
        store.put("customers", [row])
        return row

    return answer_once(shop, "customers", key, body, make)


def _born(key: str, stamp: str) -> Row:
    return {"external_key": key, "version": 1, "created_at": stamp, "modified_at": stamp}


def _complete(fields: Row) -> Row:
    """Addresses with every field they have on the wire."""
    if "addresses" in fields:
        fields["addresses"] = [dict.fromkeys(_ADDRESS_FIELDS) | address for address in fields["addresses"]]
    return fields


def _check_email_free(store: Store, email: str, own_id: str | None) -> None:
    other = store.find_by("customers", "email", email)
    if other is not None and other["customer_id"] != own_id:
        remedy = "Link to the existing customer, or use another address."
        raise RefusalError(
            409, "duplicate", "email: in use", remedy, field="email", existing_id=str(other["customer_id"])
        )


def update_row(shop: DemoShop, kind: str, row_id: str, body: Row) -> Answer:
    """Change the named fields only. With if_version: only if nobody changed the record since it was read."""
    changes_reader = ITEM_CHANGES if kind == "items" else CUSTOMER_CHANGES
    readers = {"if_version": checks.whole, "changes": checks.record(changes_reader)}
    request = checks.read_fields(body, readers, ("changes",))
    changes = _complete(request["changes"])
    with shop.writing() as stamp:
        row = shop.store.find(kind, row_id)
        if row is None:
            raise missing(kind, row_id)
        if request.get("if_version", row["version"]) != row["version"]:
            message, remedy = "the record was changed meanwhile", "Read it again and decide anew."
            raise RefusalError(
                409, "version_conflict", message, remedy, field="if_version", current=str(row["version"])
            )
        if "email" in changes:
            _check_email_free(shop.store, changes["email"], row[ID_FIELDS[kind]])
        if any(row[name] != value for name, value in changes.items()):
            row |= changes
            touch(row, stamp)
            shop.store.put(kind, [row])
    return 200, {"row": row}


def set_stock(shop: DemoShop, body: Row) -> Answer:
    """Absolute stock, many rows in one call: each row stands for itself, in the order sent."""
    rows = checks.read_fields(body, {"rows": checks.list_of(_STOCK_ROW, BATCH_MAXIMUM)}, ("rows",))["rows"]
    seen: set[str] = set()
    for position, row in enumerate(rows):
        if row["item_id"] in seen:
            raise invalid(f"rows[{position}].item_id", "given twice", "Send each item once per call.")
        seen.add(row["item_id"])
    with shop.writing() as stamp:
        return 200, {"rows": [_set_one(shop.store, row, stamp) for row in rows]}


def _set_one(store: Store, wanted: Row, stamp: str) -> Row:
    item = store.find("items", wanted["item_id"])
    if item is None:
        return _stock_result(wanted, "unknown_item", None, "This shop has no such item.")
    if item["stock"] is None:
        return _stock_result(wanted, "refused", None, "Stock is not tracked for this item.")
    try:
        tenths = checks.quantity(wanted["quantity"], "quantity")
    except RefusalError as refusal:
        return _stock_result(wanted, "refused", item["stock"], str(refusal))
    if "expected" in wanted and Decimal(wanted["expected"]) != Decimal(item["stock"]):
        return _stock_result(wanted, "conflict", item["stock"], "The stock is not the expected one.")
    if tenths != parse_tenths(item["stock"]):
        item["stock"] = render_quantity(tenths)
        touch(item, stamp)
        store.put("items", [item])
    return _stock_result(wanted, "ok", item["stock"], None)


def _stock_result(wanted: Row, result: str, current: str | None, message: str | None) -> Row:
    return {"item_id": wanted["item_id"], "result": result, "current": current, "message": message}


def create_shipment(shop: DemoShop, order_id: str, key: str, body: Row) -> Answer:
    """A parcel with some or all of what is still open of an order."""
    fields = checks.read_fields(body, _SHIPMENT, ("carrier", "tracking_number", "lines"))

    def make(store: Store, stamp: str) -> Row:
        order = store.find("orders", order_id)
        if order is None:
            raise missing("orders", order_id)
        lines = _check_shippable(order, fields["lines"])
        shipment = lifecycle.build_shipment(
            order,
            fields.get("shipped_at", stamp),
            lines,
            fields["carrier"],
            fields["tracking_number"],
            tracking_url=fields.get("tracking_url"),
            external_key=key,
        )
        lifecycle.ship(order, shipment)
        order["modified_at"] = stamp
        store.put("orders", [order])
        return shipment

    return answer_once(shop, f"shipments of {order_id}", key, body, make)


def _check_shippable(order: Row, lines: list[Row]) -> list[tuple[str, int]]:
    if order["order_state"] in ("cancelled", "closed"):
        raise RefusalError(
            409, "order_closed", f"the order is {order['status']}", "Nothing can be shipped on this order."
        )
    left = lifecycle.open_tenths(order)
    if not lines or len({line["line_id"] for line in lines}) != len(lines):
        raise invalid("lines", "empty, or a line twice", "Name each line to ship once.")
    for position, line in enumerate(lines):
        field = f"lines[{position}]"
        if line["line_id"] not in left:
            raise invalid(f"{field}.line_id", "no such product line", "Use a line_id of kind product of this order.")
        if line["quantity"] <= 0:
            raise invalid(f"{field}.quantity", "nothing to ship", "Ship more than zero.")
        if line["quantity"] > left[line["line_id"]]:
            message = f"{field}.quantity: only {render_quantity(left[line['line_id']])} not shipped yet"
            remedy = "Read the order again; ship no more than what is open."
            raise RefusalError(409, "quantity_exceeded", message, remedy, field=f"{field}.quantity")
    return [(line["line_id"], line["quantity"]) for line in lines]
