"""A small shop that speaks as much of Medusa's Admin API as the adapter uses, after recordings of 2.21.2."""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.adapters.medusa_money import Row, exact, line_totals, order_total
from tests.loopback import running

NOW = datetime(2026, 11, 20, 12, 0, 0, 123000, tzinfo=UTC)
KEY = "sk_0123456789abcdef"
USERNAME, PASSWORD = "admin@example.test", "right password"
COUNTRIES = {"gbp": ("gb", 20, False), "eur": ("de", 19, True), "jpy": ("jp", 10, False), "kwd": ("kw", 5, False)}
STRICT = ("product-variants", "customers", "draft-orders")  # lists that refuse a filter that they don't know
KNOWN = {"fields", "limit", "offset", "order", "id[]", "sku[]", "email[]", "external_id[]", "updated_at[$gte]", "q"}
HOSTILE = ("Mug \x1b]52;c;cm0=\x07", "[/foo] [bold]Mug[/]", "Invoice \u202egpj.exe", "Blue\u200bMug")


def iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Refused(Exception):
    """Answered with a status, a type and a message."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.body: Row = {"type": kind, "message": message}


class FakeMedusa:
    """The shop's rows, and its faults: `lost` (writes are carried out, their answers never come), `deaf` (lists that
    ignore every filter, as behind a proxy that drops parameters), `failing` (path -> status and body)."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.now = NOW
        self.lost = False
        self.deaf: set[str] = set()
        self.old_drafts = False  # as before 2.6: no filter by date, no way to make one an order
        self.old_orders = False  # as before 2.3: none have credit lines, asking for them breaks the list
        self.old_items = False  # as before 2.5: no filter by SKU, no profile of a product, no batch of stock
        self.failing: dict[str, tuple[int, Row]] = {}
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.tokens: set[str] = set()
        self.ids = count(1000)
        self.orders: list[Row] = []
        self.products: list[Row] = []
        self.variants: list[Row] = []
        self.customers: list[Row] = []
        self.locations = [{"id": "sloc_main", "name": "Main warehouse"}]
        self._fill()

    def tick(self) -> str:
        """Time goes by; the new time as a stamp."""
        self.now += timedelta(seconds=1)
        return iso(self.now)

    def _id(self, kind: str) -> str:
        return f"{kind}_{next(self.ids):026}"

    def _fill(self) -> None:
        for number in range(12):
            title = HOSTILE[number % 4] if number > 8 else f"Pot {number}"
            self.tick()
            self.add_product(title, [(f"SKU-{number:03}-{size}", size) for size in ("SM" if number else "S")])
        for number in range(12):
            self.tick()
            self.add_customer(f"buyer{number:02}@example.test", created_by="user_1" if number % 2 else None)
        for number in range(36):
            self.tick()
            currency = ("gbp", "eur", "jpy", "kwd")[number % 4]
            codes = {"TEN": "1.05"} if number % 3 == 0 and currency in ("gbp", "eur") else {}
            self.add_order(currency, codes, self.customers[number % 12])
        for customer in self.customers[1:3]:
            self.add_order("gbp", {}, customer, status="draft", paid=False)
        self.orders[3]["status"] = "completed"
        self.orders[5]["status"] = "requires_action"
        self.pay_back(self.orders[4]["id"], Decimal("1.20"))
        self.take_back(self.orders[8]["id"])

    # --- rows

    def add_product(self, title: str, variants: list[tuple[str, str]], **changes: Any) -> Row:
        stamp = iso(self.now)
        product = {"id": self._id("prod"), "title": title, "status": "published", "external_id": None}
        product |= {"updated_at": stamp, **changes}
        self.products.append(product)
        for sku, size in variants:
            self.add_variant(product, sku, size)
        return product

    def add_variant(self, product: Row, sku: str | None, title: str) -> Row:
        variant = {"id": self._id("variant"), "title": title, "sku": sku, "barcode": None, "manage_inventory": True}
        level = {"location_id": "sloc_main", "stocked_quantity": 100, "reserved_quantity": 0}
        stored = {"inventory_item_id": self._id("iitem"), "required_quantity": 1}
        prices = [("gbp", 10.5, {}), ("eur", 11.9, {}), ("gbp", 9, {"region_id": "reg_1"}), ("jpy", 2000, {})]
        variant |= {
            "updated_at": iso(self.now),
            "product_id": product["id"],
            "inventory_items": [{**stored, "inventory": {"location_levels": [level]}}],
            "prices": [self.price(code, amount, rules) for code, amount, rules in prices],
        }
        self.variants.append(variant)
        return variant

    def price(self, currency: str, amount: float, rules: Row, limits: Row | None = None) -> Row:
        row = {"id": self._id("price"), "currency_code": currency, "amount": amount, "rules": rules}
        return {**row, **{name: (limits or {}).get(name) for name in ("min_quantity", "max_quantity")}}

    def add_customer(self, email: str, **changes: Any) -> Row:
        person = {"id": self._id("cus"), "email": email, "first_name": "Ann", "last_name": "Buyer", "phone": None}
        person |= {"company_name": None, "has_account": False, "created_by": None, "metadata": None, "addresses": []}
        self.customers.append({**person, "updated_at": iso(self.now), **changes})
        return self.customers[-1]

    def add_order(self, currency: str, codes: Row, customer: Row, *, pieces: int = 2, **changes: Any) -> Row:
        """An authorised order of two lines with shipping; amounts are computed when it is shown."""
        _, rate, inclusive = COUNTRIES[currency]
        price = {"gbp": "10.05", "eur": "11.90", "jpy": "2000", "kwd": "4.120"}[currency]
        shared = {"unit_price": price, "rate": rate, "inclusive": inclusive}
        bought = [self.variants[len(self.orders) % len(self.variants)], self.variants[1]]
        lines = [
            {
                **shared,
                "id": self._id("ordli"),
                "variant": variant,
                "quantity": quantity,
                "codes": codes if quantity == pieces else {},
                "sent": 0,
                "packed": 0,
                "back": 0,
            }
            for variant, quantity in zip(bought, (pieces, 1), strict=True)
        ]
        stamp, number = iso(self.now), len(self.orders) + 1
        order = {"id": self._id("order"), "display_id": number, "status": "pending", "currency_code": currency}
        order |= {"lines": lines, "created_at": stamp, "updated_at": stamp, "customer": customer, "credited": []}
        order |= {"shipping": "4.00", "rate": rate, "parcels": [], "captured": Decimal(0), "refunds": []}
        self.orders.append({**order, "paid": True, **changes})
        for line in lines:
            self.level(line["variant"])["reserved_quantity"] += line["quantity"]
        return self.orders[-1]

    @staticmethod
    def level(variant: Row) -> Row:
        found: Row = variant["inventory_items"][0]["inventory"]["location_levels"][0]
        return found

    def order(self, order_id: str) -> Row:
        return self._one(self.orders, order_id, "Order")

    @staticmethod
    def _one(rows: list[Row], row_id: str, what: str) -> Row:
        for row in rows:
            if row["id"] == row_id:
                return row
        raise Refused(404, "not_found", f"{what} id not found: {row_id}")

    def pay_back(self, order_id: str, amount: Decimal) -> None:
        """A captured payment, part of it refunded: Medusa leaves a credit line, which lowers the total."""
        order = self.order(order_id)
        order["captured"] = order["captured"] or self.total_of(order)
        order["refunds"].append((self._id("ref"), amount, self.tick()))
        order["credited"].append(amount)
        order["updated_at"] = iso(self.now)

    def take_back(self, order_id: str) -> None:
        """One piece of the first line comes back: its amounts fall."""
        order = self.order(order_id)
        order["lines"][0]["back"] += 1
        order["updated_at"] = self.tick()

    def total_of(self, order: Row) -> Decimal:
        items, methods, credited = self._parts(order)
        return order_total(items, methods, credited)

    def _parts(self, order: Row) -> tuple[list[Row], list[Row], list[Row]]:
        items = [self._line(one) for one in order["lines"]]
        post = {"unit_price": order["shipping"], "quantity": 1, "rate": order["rate"], "inclusive": False, "codes": {}}
        methods = [
            {"name": "Post", "data": {"session_id": "secret-of-the-carrier"}, **line_totals(post, pieces=Decimal(1))}
        ]
        credited = [{"reference": "payment_collection", **exact(amount=amount)} for amount in order["credited"]]
        return items, methods, credited

    def _line(self, line: Row) -> Row:
        variant = line["variant"]
        product = self._one(self.products, variant["product_id"], "Product")
        counts = {"fulfilled_quantity": line["packed"], "shipped_quantity": line["sent"], "delivered_quantity": 0}
        back = {"return_received_quantity": line["back"], "return_dismissed_quantity": 0}
        return {
            "id": line["id"],
            "title": product["title"],
            "subtitle": variant["title"],
            "product_id": product["id"],
            "variant_id": variant["id"],
            "variant_sku": variant["sku"],
            "requires_shipping": True,
            **line_totals(line, pieces=Decimal(line["quantity"] - line["back"])),
            "detail": counts | back,
        }

    def show_order(self, order: Row, fields: str) -> Row:
        items, methods, credited = self._parts(order)
        total = order_total(items, methods, credited)
        kept = ("id", "display_id", "status", "currency_code", "created_at", "updated_at", "customer")
        place = {"first_name": "Ann", "last_name": "Buyer", "address_1": "1 High Street", "city": "Leeds"}
        row = {name: order[name] for name in kept} | {"custom_display_id": None, "total": float(total), "items": items}
        row |= {"email": order["customer"]["email"], "shipping_methods": methods, "credit_lines": credited}
        row |= {"shipping_address": {**place, "country_code": COUNTRIES[order["currency_code"]][0]}}
        row |= {"billing_address": None, "fulfillments": order["parcels"], "payment_collections": []}
        row["fulfillment_status"] = "shipped" if any(one["sent"] for one in order["lines"]) else "not_fulfilled"
        if order["paid"]:
            row["payment_collections"] = [
                {"payments": [self._payment(order, total + sum(order["credited"], Decimal(0)))]}
            ]
        row |= order.get("spoilt", {})
        if "*items" not in fields.split(","):
            row["items"] = [{**one, "detail": {}, "quantity": None} for one in items]
        return row if "*items" in fields.split(",") else without_exact(row)

    @staticmethod
    def _payment(order: Row, total: Decimal) -> Row:
        gone = order["status"] == "canceled" and not order["captured"]
        at = order["created_at"]
        captures = [{"created_at": at, **exact(amount=order["captured"])}] if order["captured"] else []
        refunds = [
            {"id": one, "created_at": when, "note": "scratched", "refund_reason": None, **exact(amount=amount)}
            for one, amount, when in order["refunds"]
        ]
        who = {"id": f"pay_{order['id']}", "provider_id": "pp_system_default", "data": {"key": "secret-of-the-bank"}}
        money = exact(amount=order["captured"] or total)
        return {**who, **money, "created_at": at, "canceled_at": at if gone else None} | {
            "captures": captures,
            "refunds": refunds,
        }

    def show_variant(self, variant: Row) -> Row:
        product = self._one(self.products, variant["product_id"], "Product")
        return {**variant, "product": {name: product[name] for name in ("id", "title", "status", "updated_at")}}

    def show_product(self, product: Row) -> Row:
        return {**product, "variants": [one for one in self.variants if one["product_id"] == product["id"]]}

    # --- answering

    def answer(self, method: str, target: str, body: Any, authorization: str) -> tuple[int, Any]:
        """Status and body; None as a body drops the connection."""
        parts = urlsplit(target)
        query = parse_qsl(parts.query, keep_blank_values=True)
        path = parts.path.strip("/")
        with self.lock:
            self.asked.append((method, path, dict(query)))
            if path == "health":
                return 200, "OK"
            try:
                if path in self.failing:
                    return self.failing[path]
                if path == "auth/user/emailpass":
                    return 200, self._log_in(body)
                self._ensure_known(authorization)
                answer = self._read(path, query) if method == "GET" else self._write(path, body or {})
            except Refused as refused:
                return refused.status, refused.body
            return 200, None if self.lost and method == "POST" else answer

    def _log_in(self, body: Row) -> Row:
        if (body["email"], body["password"]) != (USERNAME, PASSWORD):
            raise Refused(401, "unauthorized", "Invalid email or password")
        token = f"token-{next(self.ids)}"
        self.tokens.add(token)
        return {"token": token}

    def _ensure_known(self, authorization: str) -> None:
        kind, _, word = authorization.partition(" ")
        key = base64.b64encode(f"{KEY}:".encode()).decode()
        if not (kind == "Bearer" and word in self.tokens) and not (kind == "Basic" and word == key):
            raise Refused(401, "unauthorized", "Unauthorized")

    def _read(self, path: str, query: list[tuple[str, str]]) -> Row:
        fields = dict(query).get("fields", "")
        if match := re.fullmatch(r"admin/orders/([^/]+)", path):
            return {"order": self.show_order(self.order(unquote(match[1])), fields)}
        lists: dict[str, tuple[str, list[Row]]] = {
            "orders": ("orders", [one for one in self.orders if one["status"] != "draft"]),
            "draft-orders": ("draft_orders", [one for one in self.orders if one["status"] == "draft"]),
            "customers": ("customers", self.customers),
            "products": ("products", self.products),
            "product-variants": ("variants", self.variants),
            "stock-locations": ("stock_locations", self.locations),
            "shipping-profiles": ("shipping_profiles", [{"id": "sp_1", "type": "default"}]),
            "price-preferences": ("price_preferences", []),
            "stores": ("stores", [{"id": "store_1", "default_sales_channel_id": "sc_1", **self._currencies()}]),
        }
        name = path.removeprefix("admin/")
        if name not in lists:
            raise Refused(404, "not_found", f"Cannot GET /{path}")
        root, rows = lists[name]
        return self._list(name, root, rows, query)

    @staticmethod
    def _currencies() -> Row:
        return {"supported_currencies": [{"currency_code": one, "is_default": one == "gbp"} for one in COUNTRIES]}

    def _list(self, name: str, root: str, rows: list[Row], query: list[tuple[str, str]]) -> Row:
        told = dict(query)
        known = KNOWN - {"updated_at[$gte]"} if name == "draft-orders" and self.old_drafts else KNOWN
        known = known - {"sku[]"} if name == "product-variants" and self.old_items else known
        if name in STRICT and (unknown := {one.removesuffix("[$gte]").removesuffix("[]") for one in set(told) - known}):
            raise Refused(400, "invalid_data", f"Invalid request: Unrecognized fields: {sorted(unknown)}")
        if self.old_orders and "credit_lines" in told.get("fields", ""):
            raise Refused(500, "unknown_error", "An unknown error occurred.")
        if "," in told.get("order", ""):
            raise Refused(500, "unknown_error", "An unknown error occurred.")
        if name not in self.deaf:
            for key in ("id", "sku", "email", "external_id"):
                wanted = [value for option, value in query if option == f"{key}[]"]
                rows = [row for row in rows if not wanted or row.get(key) in wanted]
            text = told.get("q", "").lower()
            rows = [row for row in rows if text in f"{row.get('title')} {row.get('sku')}".lower()]
            rows = [row for row in rows if row.get("updated_at", "") >= told.get("updated_at[$gte]", "")]
        if (order := told.get("order", "")).endswith("updated_at"):
            back = order.startswith("-")
            rows = sorted(rows, key=lambda row: (row.get("updated_at", ""), hash(row["id"])), reverse=back)
        start = int(told.get("offset", 0))
        page = rows[start : start + int(told.get("limit", 15))]
        show = {
            "orders": lambda row: self.show_order(row, told.get("fields", "")),
            "draft-orders": lambda row: self.show_order(row, told.get("fields", "")),
            "product-variants": self.show_variant,
            "products": self.show_product,
        }.get(name, lambda row: row)
        return {root: [show(row) for row in page], "count": len(rows), "offset": start, "limit": len(page)}

    # --- writing

    def _write(self, path: str, body: Row) -> Row:
        for pattern, act in (
            (r"admin/products", self._create_product),
            (r"admin/products/([^/]+)", self._update_product),
            (r"admin/products/([^/]+)/variants/([^/]+)", self._update_variant),
            (r"admin/customers", self._create_customer),
            (r"admin/customers/([^/]+)", self._update_customer),
            (r"admin/customers/([^/]+)/addresses", self._add_address),
            (r"admin/inventory-items/location-levels/batch", self._set_levels),
            (r"admin/inventory-items/([^/]+)/location-levels", self._create_level),
            (r"admin/inventory-items/([^/]+)/location-levels/([^/]+)", self._update_level),
            (r"admin/orders/([^/]+)/fulfillments", self._pack),
            (r"admin/orders/([^/]+)/fulfillments/([^/]+)/shipments", self._ship),
            (r"admin/orders/([^/]+)/(complete|archive|cancel)", self._set_status),
            (r"admin/draft-orders/([^/]+)/convert-to-order", self._convert),
        ):
            if (self.old_drafts and act == self._convert) or (self.old_items and act == self._set_levels):
                continue
            if match := re.fullmatch(pattern, path):
                return act(body, *map(unquote, match.groups()))
        raise Refused(404, "not_found", f"Cannot POST /{path}")

    def _create_product(self, body: Row) -> Row:
        if self.old_items and "shipping_profile_id" in body:
            raise Refused(400, "invalid_data", "Invalid request: Unrecognized fields: 'shipping_profile_id'")
        if any(one.get("handle") == body["handle"] for one in self.products):
            raise Refused(400, "invalid_data", f"Product with handle: {body['handle']}, already exists.")
        (wanted,) = body["variants"]
        self._ensure_free_sku(wanted["sku"])
        kept = {name: body[name] for name in ("handle", "external_id", "status")}
        product = self.add_product(body["title"], [], **kept)
        variant = self.add_variant(product, wanted["sku"], wanted["title"])
        variant["barcode"] = wanted["barcode"]
        variant["inventory_items"][0]["inventory"]["location_levels"] = []
        variant["prices"] = [self.price(one["currency_code"], one["amount"], {}) for one in wanted["prices"]]
        return {"product": {"id": product["id"], "variants": [{"id": variant["id"]}]}}

    def _ensure_free_sku(self, sku: str | None) -> None:
        if sku and any(one["sku"] == sku for one in self.variants):
            raise Refused(400, "invalid_data", f"Product variant with sku: {sku}, already exists.")

    def _update_product(self, body: Row, product_id: str) -> Row:
        product = self._one(self.products, product_id, "Product")
        product |= {"title": body["title"], "updated_at": self.tick()}
        return {"product": {"id": product_id}}

    def _update_variant(self, body: Row, product_id: str, variant_id: str) -> Row:
        """Answers well for a variant that is not there; prices that are left out are deleted."""
        for variant in self.variants:
            if variant["id"] == variant_id:
                if body.get("sku") and body["sku"] != variant["sku"]:
                    self._ensure_free_sku(body["sku"])
                prices = [
                    self.price(one["currency_code"], one["amount"], one.get("rules", {}), one)
                    | {"id": one.get("id") or self._id("price")}
                    for one in body.get("prices", variant["prices"])
                ]
                told = {name: body[name] for name in ("sku", "barcode") if name in body}
                variant |= {"updated_at": self.tick(), "prices": prices, **told}
        return {"product": {"id": product_id}}

    def _create_customer(self, body: Row) -> Row:
        if any(one["email"] == body["email"] and not one["has_account"] for one in self.customers):
            raise Refused(400, "invalid_data", f"Customer with email: {body['email']}, already exists.")
        self.tick()
        empty = {"first_name": None, "last_name": None}
        made = self.add_customer(body.pop("email"), created_by="user_1", **(empty | body))
        return {"customer": {"id": made["id"]}}

    def _update_customer(self, body: Row, customer_id: str) -> Row:
        self._one(self.customers, customer_id, "Customer").update({**body, "updated_at": self.tick()})
        return {"customer": {"id": customer_id}}

    def _add_address(self, body: Row, customer_id: str) -> Row:
        self._one(self.customers, customer_id, "Customer")["addresses"].append(body)
        return {"customer": {"id": customer_id}}

    def _stored(self, item_id: str) -> Row:
        for variant in self.variants:
            for part in variant["inventory_items"]:
                if part["inventory_item_id"] == item_id:
                    found: Row = part["inventory"]
                    return found
        raise Refused(404, "not_found", f"InventoryItem with id: {item_id} was not found")

    def _set_levels(self, body: Row) -> Row:
        """All or none; a level that is there can't be created, one that is not can't be updated."""
        planned = []
        for kind in ("update", "create"):
            for one in body.get(kind, []):
                levels = self._stored(one["inventory_item_id"])["location_levels"]
                known = [each for each in levels if each["location_id"] == one["location_id"]]
                if bool(known) != (kind == "update"):
                    message = f"Item {one['inventory_item_id']} is not stocked at location {one['location_id']}"
                    raise Refused(404, "not_found", message)
                if not known:
                    known = [{"location_id": one["location_id"], "reserved_quantity": 0}]
                planned.append((levels, known[0], one["stocked_quantity"]))
        for levels, level, quantity in planned:
            level["stocked_quantity"] = quantity
            if level not in levels:
                levels.append(level)
        return {"created": [], "updated": []}

    def _create_level(self, body: Row, item_id: str) -> Row:
        level = {**body, "inventory_item_id": item_id}
        self._set_levels({"create": [level]})
        return {"inventory_item": {"id": item_id}}

    def _update_level(self, body: Row, item_id: str, place: str) -> Row:
        if set(body) != {"stocked_quantity"}:
            raise Refused(400, "invalid_data", "Invalid request: Unrecognized fields")
        self._set_levels({"update": [{**body, "inventory_item_id": item_id, "location_id": place}]})
        return {"inventory_item": {"id": item_id}}

    def _pack(self, body: Row, order_id: str) -> Row:
        order = self.order(order_id)
        lines = {one["id"]: one for one in order["lines"]}
        for wanted in body["items"]:
            line = lines.get(wanted["id"])
            if line is None or wanted["quantity"] > line["quantity"] - line["packed"]:
                message = f"Quantity to fulfill exceeds the reserved quantity for the item: {wanted['id']}"
                raise Refused(400, "invalid_data", message)
        for wanted in body["items"]:
            lines[wanted["id"]]["packed"] += wanted["quantity"]
            level = self.level(lines[wanted["id"]]["variant"])
            level["stocked_quantity"] -= wanted["quantity"]
            level["reserved_quantity"] -= wanted["quantity"]
        parcel = {"id": self._id("ful"), "created_at": self.tick(), "shipped_at": None, "canceled_at": None}
        items = [{"line_item_id": one["id"], "quantity": one["quantity"], "sku": ""} for one in body["items"]]
        order["parcels"].append({**parcel, "metadata": body.get("metadata"), "items": items, "labels": []})
        order["updated_at"] = iso(self.now)
        return {"order": {"id": order_id}}

    def _ship(self, body: Row, order_id: str, parcel_id: str) -> Row:
        order = self.order(order_id)
        parcel = self._one(order["parcels"], parcel_id, "Fulfillment")
        if parcel["shipped_at"]:
            raise Refused(400, "not_allowed", "Shipment has already been created")
        for label in body["labels"]:
            if any(label[name] and not label[name].startswith("http") for name in ("tracking_url", "label_url")):
                raise Refused(400, "invalid_data", "Invalid request: URL must use http: or https: scheme")
        for line in order["lines"]:
            line["sent"] += sum(one["quantity"] for one in body["items"] if one["id"] == line["id"])
        parcel |= {"shipped_at": self.tick(), "labels": body["labels"]}
        order["updated_at"] = iso(self.now)
        return {"order": {"id": order_id}}

    def _set_status(self, _body: Row, order_id: str, step: str) -> Row:
        order = self.order(order_id)
        if step == "cancel":
            if order["status"] == "canceled":
                raise Refused(400, "invalid_data", f"Order with id {order_id} has been canceled.")
            if any(not one["canceled_at"] for one in order["parcels"]):
                raise Refused(400, "not_allowed", "All fulfillments must be canceled before canceling an order")
            if order["captured"]:
                self.pay_back(order_id, order["captured"])
        if step == "archive" and order["status"] not in ("completed", "canceled"):
            raise Refused(400, "invalid_data", f"Orders {order_id} cannot be archived")
        order |= {"status": {"complete": "completed", "archive": "archived", "cancel": "canceled"}[step]}
        order["updated_at"] = self.tick()
        return {"order": {"id": order_id}}

    def _convert(self, _body: Row, order_id: str) -> Row:
        order = self.order(order_id)
        if order["status"] != "draft":
            raise Refused(400, "invalid_data", f"Order {order_id} is not a draft order")
        order |= {"status": "pending", "updated_at": self.tick()}
        return {"order": {"id": order_id}}


def without_exact(value: Any) -> Any:
    """Where fields are named one by one, the exact texts do not come."""
    if isinstance(value, dict):
        return {name: without_exact(part) for name, part in value.items() if not name.startswith("raw_")}
    return [without_exact(part) for part in value] if isinstance(value, list) else value


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    shop: FakeMedusa

    def do_GET(self) -> None:
        self._run(None)

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._run(json.loads(sent) if sent else None)

    def _run(self, body: Any) -> None:
        status, answer = self.shop.answer(self.command, self.path, body, self.headers.get("Authorization", ""))
        if answer is None:
            self.close_connection = True
            return
        text = isinstance(answer, str)
        data = answer.encode() if text else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html" if text else "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def date_time_string(self, timestamp: float | None = None) -> str:
        return format_datetime(self.shop.now, usegmt=True)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


@contextmanager
def serving(shop: FakeMedusa) -> Iterator[str]:
    """The address of the shop's server, on a free port of loopback."""
    handler = type("Handler", (_Handler,), {"shop": shop})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    with running(server) as url:
        yield url
