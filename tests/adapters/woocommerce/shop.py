"""A small WooCommerce: it keeps state, pages, filters, checks keys and signatures, and misbehaves as real ones were
seen to do. Rows are those of recorded answers. Faults are switched on by name in `faults`:

notices            PHP prints a notice before the JSON, with text/html
notices_after      … and one behind it
maintenance        503 with a page and Retry-After
page_200           a page with status 200 instead of data
ignore_dates       modified_after is dropped on the way
lying_total        X-WP-Total counts a row too much
no_totals          no X-WP-… headers
strip_header       a proxy removes the Authorization header
read_only          the key may only read
no_rewrite         wp-json/ is unknown to the web server; index.php/wp-json/ works
plain_permalinks   only ?rest_route= works
lost_answers       writes are carried out, and the connection is cut instead of an answer
no_user_names      accounts need a user name and a password
holes              a plug-in took an element of a list: PHP makes an object of it
no_options         a firewall refuses OPTIONS
fulfilments        orders/…/fulfillments are there, in the shape of 10.1 or 11.0
tracking           the plug-in Shipment Tracking is there
posts              orders are kept as posts, before 10.2: lists are sorted by the shop's local time, rows of one second
                   have no order at all, and "any" has the checkout's drafts in it
"""

from __future__ import annotations

import copy
import hashlib
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

SAMPLES = Path(__file__).parents[1] / "samples" / "woocommerce"
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
CORE = ("pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed", "checkout-draft")
Row = dict[str, Any]


def sample(name: str) -> Any:
    """A recorded answer's body, trimmed."""
    return json.loads((SAMPLES / f"{name}.json").read_text("utf-8"))


_loaded = lru_cache(sample)


def _in_whole_yen(told: Any) -> Any:
    """The recorded shop had two decimals for all its currencies; one for yen has none."""
    if isinstance(told, dict):
        return {name: _in_whole_yen(value) for name, value in told.items()}
    if isinstance(told, list):
        return [_in_whole_yen(one) for one in told]
    return told.replace(".", "") if isinstance(told, str) and re.fullmatch(r"-?\d+\.\d\d", told) else told


class Refusal(Exception):
    """An answer that is an error object."""

    def __init__(self, status: int, code: str, message: str = "Said in the shop's language.", **data: Any) -> None:
        super().__init__(code)
        self.status = status
        self.body = {"code": code, "message": message, "data": {"status": status, **data}}


class Shop:
    """The state. `now` is the shop's clock; its site-local time is UTC+5:30."""

    zone = timedelta(hours=5, minutes=30)

    def __init__(self, now: datetime, version: str = "9.9.5") -> None:
        self.now = now
        self.version = version
        self.faults: set[str] = set()
        self.statuses = list(CORE)
        self.hidden: set[str] = set()  # statuses that a plug-in keeps out of "any"
        self.requests: list[tuple[str, str]] = []
        self.nonces: set[str] = set()
        self.orders: list[Row] = []
        self.products: list[Row] = []
        self.variations: list[Row] = []
        self.customers: list[Row] = []
        self.refunds: list[Row] = []
        self.fulfilments: list[Row] = []
        self.notes: list[Row] = []
        self.last_id = 1000
        self.before_request: Callable[[str, dict[str, str]], None] = lambda path, params: None
        self._seed()

    # --- the shop's own side

    def stamp(self, row: Row, name: str, moment: datetime) -> None:
        row[f"{name}_gmt"] = f"{moment:%Y-%m-%dT%H:%M:%S}"
        row[name] = f"{moment + self.zone:%Y-%m-%dT%H:%M:%S}"

    def touch(self, row: Row) -> None:
        self.stamp(row, "date_modified", self.now)
        if row.get("type") == "variation":
            self.touch(self.product(row["parent_id"]))

    def tick(self, seconds: int = 1) -> None:
        self.now += timedelta(seconds=seconds)

    def product(self, number: int) -> Row:
        return next(row for row in self.products if row["id"] == number)

    def item(self, name: str) -> Row:
        product, _, variation = name.partition(":")
        rows = self.variations if variation else self.products
        return next(row for row in rows if row["id"] == int(variation or product))

    def add_order(self, template: str = "order_with_coupon", **fields: Any) -> Row:
        self.last_id += 1
        row: Row = copy.deepcopy(_loaded(template))
        if row["currency"] == "JPY":
            row = _in_whole_yen(row)
        row |= {"id": self.last_id, "number": f"W-{self.last_id}", **fields}
        self.stamp(row, "date_created", self.now)
        self.stamp(row, "date_modified", self.now)
        self.orders.append(row)
        return row

    def order(self, number: int | str) -> Row:
        found = next((row for row in self.orders if str(row["id"]) == str(number)), None)
        if found is None:
            raise Refusal(404, "woocommerce_rest_shop_order_invalid_id", "Invalid ID.")
        return found

    def refund(self, order: Row, line: int, *, restock: bool) -> Row:
        """One piece of a line is given back, with its tax."""
        sold = order["line_items"][line]
        share = {
            name: f"{-Decimal(sold[name]) / int(sold['quantity']):.2f}"
            for name in ("total", "total_tax")
        }  # fmt: skip
        self.last_id += 1
        entry = {"id": 1, "key": "_refunded_item_id", "value": str(sold["id"])}
        back = {**sold, **share, "id": self.last_id, "quantity": -1, "meta_data": [entry]}
        amount = -(Decimal(share["total"]) + Decimal(share["total_tax"]))
        self.last_id += 1
        row = {"id": self.last_id, "parent_id": order["id"], "amount": str(amount), "reason": "Broken &amp; bad"}
        row |= {"line_items": [back], "shipping_lines": [], "fee_lines": []}
        self.stamp(row, "date_created", self.now)
        self.refunds.append(row)
        order["refunds"].append({"id": row["id"], "reason": row["reason"], "total": f"-{amount}"})
        if restock:
            sold["meta_data"] = [{"id": 2, "key": "_restock_refunded_items", "value": "1"}]
        self.touch(order)
        return row

    def add_product(self, **fields: Any) -> Row:
        self.last_id += 1
        row: Row = copy.deepcopy(sample("product_create"))
        row |= {"id": self.last_id, "meta_data": [], **fields}
        self.stamp(row, "date_created", self.now)
        self.stamp(row, "date_modified", self.now)
        self.products.append(row)
        return row

    def add_variation(self, parent: Row, template: Row, **fields: Any) -> Row:
        self.last_id += 1
        row = {**copy.deepcopy(template), "id": self.last_id, "parent_id": parent["id"], "type": "variation", **fields}
        self.stamp(row, "date_created", self.now)
        self.stamp(row, "date_modified", self.now)
        parent.setdefault("variations", []).append(row["id"])
        self.variations.append(row)
        return row

    def _seed(self) -> None:
        end, self.now = self.now, self.now - timedelta(days=10)
        templates = ("order_with_coupon", "order_with_refund", "order_negative_fee", "order_two_taxes", "order_jpy")
        for number in range(36):
            self.tick(0 if number % 3 else 3600)  # three orders in one second
            self.add_order((*templates, "order_kwd", "order_variation_line")[number % 7])
        self.add_order(status="checkout-draft")
        for number in range(20):
            self.tick(60)
            name = "Mugs &amp; <b>Cups</b>\x1b[31m" if number == 3 else f"Thing {number}"
            status = ("publish", "draft", "private", "pending")[number % 4] if number > 4 else "publish"
            tracked = number != 5
            self.add_product(
                name=name, sku=f"SKU-{number:04}", regular_price="9.9", price="9.9", status=status,
                manage_stock=tracked, stock_quantity=30 + number if tracked else None,
            )  # fmt: skip
        self._seed_variations()
        for number in range(12):
            self.tick(60)
            self.last_id += 1
            row: Row = copy.deepcopy(sample("customers_email")[0])
            row |= {"id": self.last_id, "email": f"buyer{number:03}@buyers.example", "role": "customer"}
            self.stamp(row, "date_modified", self.now)
            self.customers.append(row)
        self.customers.append({**self.customers[0], "id": 1, "email": "admin@shop.example", "role": "administrator"})
        self.now = end

    def _seed_variations(self) -> None:
        for name, sample_name in (("VP-05", "variations_without_sku"), ("VP-04", "variations_parent_stock")):
            self.tick(60)
            fields = {"type": "variable", "regular_price": "", "price": "15.9", "status": "publish", "variations": []}
            parent = self.add_product(name=f"Shirt {name}", sku=name, manage_stock=False, stock_quantity=None, **fields)
            for number, told in enumerate(sample(sample_name)):
                base = {"name": f"L{number}", "regular_price": "15.9", "price": "15.9", "status": "publish", **told}
                attributes = [
                    {"id": 1, "name": "Size", "option": f"L{number}"},
                    {"id": 2, "name": "C", "option": "Red"},
                ]
                self.add_variation(parent, base, attributes=attributes)

    # --- answering

    def list_rows(self, rows: list[Row], params: dict[str, str], words: tuple[str, ...] = ()) -> list[Row]:
        found = rows
        if words:
            wanted = set(params.get("status", "any").split(","))
            if not wanted <= {"any", "trash", *words}:
                raise Refusal(400, "rest_invalid_param", params={"status": "status is not one of …"})
            if "any" in wanted:
                wanted = set(words) - ({"checkout-draft"} if "posts" not in self.faults else set()) - self.hidden
            found = [row for row in found if row["status"] in wanted]
        if "include" in params:
            found = [row for row in found if str(row["id"]) in params["include"].split(",")]
        if "modified_after" in params and "ignore_dates" not in self.faults:
            found = [row for row in found if self._is_after(row, params)]
        if "modified_before" in params and "ignore_dates" not in self.faults:
            found = [row for row in found if "" < (row["date_modified_gmt"] or "") < params["modified_before"]]
        found = sorted(found, key=lambda row: self._rank(row, params))
        return found if params.get("order") == "asc" else found[::-1]

    def _rank(self, row: Row, params: dict[str, str]) -> tuple[str, int]:
        if params.get("orderby", "date") != "modified":
            return "", row["id"]
        if "posts" not in self.faults:
            return row["date_modified_gmt"] or "", row["id"]
        return row["date_modified"] or "", hash((row["id"], params.get("page"))) % 97

    @staticmethod
    def _is_after(row: Row, params: dict[str, str]) -> bool:
        naive = params.get("dates_are_gmt") == "true"
        name = "date_modified_gmt" if naive or params["modified_after"].endswith("Z") else "date_modified"
        return bool((row[name] or "") > params["modified_after"].removesuffix("Z"))

    def read(self, path: str, params: dict[str, str]) -> Any:
        parts = path.split("/")
        if path == "data/currencies/current":
            return {"code": "EUR", "name": "Euro", "symbol": "&euro;"}
        if path == "settings/tax/woocommerce_prices_include_tax":
            return {"id": "woocommerce_prices_include_tax", "value": "yes"}
        if path == "system_status":
            return {"environment": {"version": self.version}}
        if path == "orders":
            return self.list_rows(self.orders, params, tuple(self.statuses))
        if path == "refunds" and int(self.version.split(".")[0]) >= 9:
            return self.list_rows(self.refunds, params)
        if path == "reports/orders/totals":
            return [{"slug": word, "name": word.title(), "total": 1} for word in self.statuses]
        if parts[0] == "orders" and len(parts) > 1:
            return self._of_order(parts)
        if path == "customers":
            role, email = params.get("role", "customer"), params.get("email", "").lower()
            rows = [row for row in self.customers if role in ("all", row["role"])]
            return self.list_rows([row for row in rows if not email or row["email"].lower() == email], {
                name: value for name, value in params.items() if name != "modified_after"  # silently ignored
            })  # fmt: skip
        if path == "products":
            return self._products(params)
        if path == "variations" and int(self.version.split(".")[0]) >= 11:
            return self.list_rows([self._shown(row) for row in self.variations], params)
        if len(parts) == 3 and parts[0] == "products" and parts[2] == "variations":
            rows = [self._shown(row) for row in self.variations if row["parent_id"] == int(parts[1])]
            return self.list_rows(rows, params)
        raise Refusal(404, "rest_no_route", "No route was found matching the URL and request method.")

    def _of_order(self, parts: list[str]) -> Any:
        if len(parts) == 2:
            return self.order(parts[1])
        if parts[2] == "refunds":
            return [row for row in self.refunds if str(row["parent_id"]) == parts[1]]
        if parts[2] == "fulfillments" and "fulfilments" in self.faults:
            if not any(str(row["id"]) == parts[1] for row in self.orders):
                raise Refusal(404, "woocommerce_rest_order_invalid_id", "Invalid order ID.")
            found = [row for row in self.fulfilments if row["entity_id"] == parts[1]]
            return found if int(self.version.split(".")[0]) >= 11 else {"fulfillments": found}
        raise Refusal(404, "rest_no_route", "No route was found matching the URL and request method.")

    def _ship(self, order: Row, body: Row) -> tuple[int, Any]:
        """As 10.1.2 and 11.0.1 do: how much is left is not looked at, and the order's status stays."""
        meta = {one["key"]: one["value"] for one in body["meta_data"]}
        if not meta.get("_items"):
            raise Refusal(400, "0", "The fulfillment should contain at least one item.")
        self.last_id += 1
        row = {"id": self.last_id, "entity_id": str(order["id"]), "status": "fulfilled", "date_deleted": None}
        row |= {"is_fulfilled": "1" if int(self.version.split(".")[0]) >= 11 else True, "meta_data": body["meta_data"]}
        self.fulfilments.append(row)
        shipped = [one for f in self.fulfilments if f["entity_id"] == str(order["id"])
                   for m in f["meta_data"] if m["key"] == "_items" for one in m["value"]]  # fmt: skip
        whole = sum(one["qty"] for one in shipped) >= sum(int(line["quantity"]) for line in order["line_items"])
        word = "fulfilled" if whole else "partially_fulfilled"
        self._put_meta(order, [{"key": "_fulfillment_status", "value": word}])
        self.touch(order)
        return 201, row if int(self.version.split(".")[0]) >= 11 else {"fulfillment": row}

    def _track(self, order: Row, body: Row) -> tuple[int, Any]:
        row = {**body, "tracking_id": hashlib.md5(body["tracking_number"].encode()).hexdigest()}  # noqa: S324
        told = (one["value"] for one in order["meta_data"] if one["key"] == "_wc_shipment_tracking_items")
        old: list[Row] = next(told, [])
        self._put_meta(order, [{"key": "_wc_shipment_tracking_items", "value": [*old, row]}])
        return 201, row

    @staticmethod
    def _put_meta(order: Row, entries: list[Row]) -> None:
        names = {one["key"] for one in entries}
        order["meta_data"] = [one for one in order["meta_data"] if one["key"] not in names] + entries

    def _write_order(self, parts: list[str], body: Row) -> tuple[int, Any]:
        order = self.order(parts[1])
        if parts[2:] == ["fulfillments"] and "fulfilments" in self.faults:
            return self._ship(order, body)
        if parts[2:] == ["notes"]:
            self.notes.append({**body, "order_id": order["id"]})
            return 201, self.notes[-1]
        if len(parts) > 2:
            raise Refusal(404, "rest_no_route", "No route was found matching the URL and request method.")
        if body.get("status", order["status"]) not in self.statuses:
            raise Refusal(400, "rest_invalid_param", params={"status": "status is not one of …"})
        self._put_meta(order, body.get("meta_data", []))
        order["status"] = body.get("status", order["status"])
        self.touch(order)
        return 200, order

    def _shown(self, row: Row) -> Row:
        parent = self.product(row["parent_id"])
        return {**row, "sku": row["sku"] or parent["sku"]}

    def _products(self, params: dict[str, str]) -> list[Row]:
        rows = self.products
        if sku := params.get("sku", "").lower():
            both = (*rows, *self.variations)
            return [row for row in both if row["sku"].lower() in sku.split(",")]
        if search := params.get("search", "").lower():
            rows = [row for row in rows if search in row["name"].lower()]
        return self.list_rows(rows, params, ("publish", "draft", "private", "pending"))

    def write(self, method: str, path: str, body: Row) -> tuple[int, Any]:
        parts = path.split("/")
        if parts[-1] == "batch":
            if sum(map(len, body.values())) > 100:
                raise Refusal(413, "woocommerce_rest_request_entity_too_large")
            return 200, {"update": [self._in_batch(path.removesuffix("batch"), one) for one in body.get("update", ())]}
        if parts[0] == "wc-shipment-tracking":
            return self._track(self.order(parts[3]), body)
        if parts[0] == "orders":
            return self._write_order(parts, body)
        if path == "products":
            self._ensure_free(body.get("sku", ""), 0)
            row = self.add_product(name="", sku="", regular_price="", manage_stock=False, stock_quantity=None)
            self._change(row, body)
            return 201, row
        if path == "customers":
            return 201, self._new_customer(body)
        return 200, self._update(parts, body)

    def _in_batch(self, path: str, one: Row) -> Row:
        try:
            return self._update(f"{path}{one['id']}".split("/"), one)
        except Refusal as refusal:
            return {"id": one["id"], "error": {**refusal.body, "data": {"status": 400}}}

    def _update(self, parts: list[str], body: Row) -> Row:
        kind = "customers" if parts[0] == "customers" else "variations" if len(parts) == 4 else "products"
        rows: list[Row] = getattr(self, kind)
        row = next((row for row in rows if str(row["id"]) == parts[-1]), None)
        if row is None or (kind == "variations" and str(row["parent_id"]) != parts[1]):
            code = {"customers": "woocommerce_rest_invalid_id"}.get(kind, "woocommerce_rest_product_invalid_id")
            raise Refusal(400 if kind == "products" else 404, code, "Invalid ID.")
        if "sku" in body:
            self._ensure_free(body["sku"], row["id"])
        self._change(row, body)
        return row

    def _change(self, row: Row, body: Row) -> None:
        if not isinstance(body.get("regular_price", ""), str):
            raise Refusal(400, "rest_invalid_param", params={"regular_price": "regular_price is not of type string."})
        if isinstance(body.get("stock_quantity"), float):
            raise Refusal(
                400, "rest_invalid_param", params={"stock_quantity": "stock_quantity is not of type integer."}
            )
        told = {name: value for name, value in body.items() if name not in ("id", "stock_quantity")}
        if billing := told.pop("billing", None):
            row["billing"] = {**row["billing"], **billing}
        row |= told
        if "stock_quantity" in body and row.get("manage_stock") is True:
            row["stock_quantity"] = int(body["stock_quantity"])
        row["price"] = row.get("regular_price", "")
        if int(self.version.split(".")[0]) < 9:
            row.pop("global_unique_id", None)
        self.touch(row)

    def _ensure_free(self, sku: str, own: int) -> None:
        for row in (*self.products, *self.variations):
            if sku and row["sku"].lower() == sku.lower() and row["id"] != own:
                data = {"resource_id": row["id"], "unique_sku": f"{sku}-1"}
                raise Refusal(400, "product_invalid_sku", "Invalid or duplicated SKU.", **data)

    def _new_customer(self, body: Row) -> Row:
        if "no_user_names" in self.faults and not (body.get("username") and body.get("password")):
            raise Refusal(400, "registration-error-invalid-username")
        if any(row["email"].lower() == body["email"].lower() for row in self.customers):
            raise Refusal(400, "registration-error-email-exists")
        self.last_id += 1
        row: Row = copy.deepcopy(sample("customers_email")[0])
        row |= {"id": self.last_id, "first_name": "", "last_name": "", **body, "role": "customer"}
        row.pop("password", None)
        self.stamp(row, "date_modified", self.now)
        self.customers.append(row)
        return row
