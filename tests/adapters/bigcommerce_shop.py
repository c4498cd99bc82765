"""A small shop that speaks as much of BigCommerce's REST API as the adapter uses, after the vendor's documentation; it
keeps state, pages, filters, authenticates and can misbehave."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from email.utils import format_datetime, parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlsplit

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TOKEN = "right-access-token"
STORE = "abc123"
PLACES = {"JPY": 0, "KWD": 3}
STATUS_NAMES = [
    "Incomplete",
    "Pending",
    "Shipped",
    "Partially Shipped",
    "Refunded",
    "Cancelled",
    "Declined",
    "Awaiting Payment",
    "Awaiting Pickup",
    "Awaiting Shipment",
    "Completed",
    "Awaiting Fulfillment",
    "Manual Verification Required",
    "Disputed",
    "Partially Refunded",
]
Row = dict[str, Any]


def text(amount: Decimal) -> str:
    """As V2 writes amounts."""
    return f"{amount:.4f}"


def rfc(moment: datetime) -> str:
    return format_datetime(moment)


def iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def moment_of(row: Row) -> datetime:
    stamp = str(row["date_modified"])
    return parsedate_to_datetime(stamp) if "," in stamp else datetime.fromisoformat(stamp)


def rounded(amount: Decimal, currency: str) -> Decimal:
    return amount.quantize(Decimal(1).scaleb(-PLACES.get(currency, 2)), ROUND_HALF_UP)


class Answer(Exception):
    """An answer other than 200."""

    def __init__(self, status: int, body: Any = None, headers: dict[str, str] | None = None) -> None:
        super().__init__(status)
        self.status, self.body, self.headers = status, body, headers or {}


def refused_v2(status: int, message: str) -> Answer:
    return Answer(status, [{"status": status, "message": message}])


def refused_v3(status: int, title: str) -> Answer:
    kind = "https://developer.bigcommerce.com/api-docs/getting-started/api-status-codes"
    return Answer(status, {"status": status, "title": title, "type": kind, "errors": {}})


class FakeBigCommerce:
    """Rows as the API shows them. Switches: path beginnings in `forbidden` answer 403, in `broken` 500; lists
    `ignore_dates` or are `unsorted`; bounds are `exclusive`; `throttle` answers 429 that many times, `overload` without
    the limit's headers; `lost` drops the answers of writes that were done; variants in `frozen` take no stock."""

    def __init__(self, orders: int = 36) -> None:
        self.now = NOW
        self.token = TOKEN
        self.lock = threading.RLock()
        self.ids = count(1000)
        self.forbidden: set[str] = set()
        self.broken: set[str] = set()
        self.ignore_dates = self.unsorted = self.exclusive = self.lost = self.overload = False
        self.throttle = 0
        self.frozen: set[int] = set()
        self.requests_left = 149
        self.busy = self.most_busy = 0
        self.gate: threading.Barrier | None = None
        self.asked: list[tuple[str, str, dict[str, str], Any]] = []
        self.store: Row = {
            "id": STORE,
            "name": "Mugs & more",
            "currency": "EUR",
            "is_price_entered_with_tax": False,
            "timezone": {"name": "America/Chicago", "raw_offset": -21600, "dst_offset": -18000},
            "plan_name": "Standard",
        }
        self.locations: list[Row] = [{"id": 1, "code": "BC-1", "label": "Default location", "enabled": True}]
        self.safety: dict[int, int] = {}
        self.levels: dict[tuple[int, int], int] = {}  # (location, variant) -> on hand, where not the catalogue's
        self.products: list[Row] = []
        self.orders: list[Row] = []
        self.details: dict[tuple[int, str], list[Row]] = {}
        self.refunds: list[Row] = []
        self.customers: list[Row] = []
        self.homes: list[Row] = []
        self._fill(orders)

    def _fill(self, orders: int) -> None:
        names = ("Mug \x1b[31mred", "T\u200bowel", "[/bold] Tea & Co", "Grün \u202eÄpfel", "Kettle")
        for number in range(16):
            self.tick(30)
            self.add_product(f"{names[number % 5]} {number}", f"SKU-{number}", level=10 + number)
        for size in ("S", "M", "L"):
            self.tick(30)
            self.add_product(f"Shirt {size}", f"SHIRT-{size}", variants=3)
        for number in range(14):
            self.tick(30)
            self.add_customer(f"buyer{number}@example.test", f"First{number}", f"Last \x07{number}")
        currencies = ("EUR", "USD", "JPY", "KWD", "EUR")
        for number in range(orders):
            self.tick(61)
            status = number % 15
            options: Row = {
                "currency": currencies[number % 5],
                "inclusive": number % 2 == 1,
                "coupon": Decimal(5) if number % 3 == 0 else Decimal(0),
                "discount": Decimal(2) if number % 4 == 0 else Decimal(0),
                "handling": Decimal(1) if number % 6 == 0 else Decimal(0),
                "fee": Decimal(3) if number % 7 == 0 else Decimal(0),
                "lines": 1 + number % 4,
            }
            self.add_order(
                status_id=status, customer_id=int(self.customers[number % 9]["id"]) * (number % 2), **options
            )

    # --- the shop's own side

    def tick(self, seconds: float = 1) -> datetime:
        """Time goes by."""
        self.now += timedelta(seconds=seconds)
        return self.now

    def add_product(self, name: str, sku: str, level: int = 5, variants: int = 0, **changes: Any) -> Row:
        number = next(self.ids)
        base = {"price": None, "inventory_level": 0, "purchasing_disabled": False, "upc": "", "product_id": number}
        made: list[Row] = [base | {"id": next(self.ids), "sku": sku, "option_values": []}]
        if variants:
            labels = ("Red", "Blue", "Green", "White")
            made = [
                base
                | {
                    "id": next(self.ids),
                    "sku": f"{sku}-{labels[index]}",
                    "price": 11 + index if index else None,
                    "inventory_level": level + index,
                    "option_values": [{"option_display_name": "Colour", "label": labels[index]}],
                }
                for index in range(variants)
            ]
        product: Row = {
            "id": number,
            "name": name,
            "sku": "" if variants else sku,
            "upc": "",
            "type": "physical",
            "price": 10.55,
            "inventory_tracking": "variant" if variants else "product",
            "inventory_level": level,
            "is_visible": True,
            "availability": "available",
            "base_variant_id": None if variants else made[0]["id"],
            "date_modified": iso(self.now),
            "variants": made,
        }
        self.products.append(product | changes)
        return self.products[-1]

    def add_customer(self, email: str, first: str, last: str, **changes: Any) -> Row:
        number = next(self.ids)
        home = {"id": next(self.ids), "customer_id": number, "first_name": first, "last_name": last, "city": "Austin"}
        home |= {"address1": "455 Main Street", "postal_code": "78751", "country_code": "US"}
        self.homes.append(home)
        row: Row = {"id": number, "email": email, "first_name": first, "last_name": last, "company": "", "phone": ""}
        row |= {"date_modified": iso(self.now), "authentication": {"force_password_reset": False}, "address_count": 1}
        row |= {"registration_ip_address": "203.0.113.77"}
        self.customers.append(row | changes)
        return self.customers[-1]

    def add_order(
        self,
        *,
        status_id: int = 11,
        customer_id: int = 0,
        currency: str = "EUR",
        inclusive: bool = False,
        coupon: Decimal = Decimal(0),
        discount: Decimal = Decimal(0),
        handling: Decimal = Decimal(0),
        fee: Decimal = Decimal(0),
        lines: int = 1,
        at: datetime | None = None,
        **changes: Any,
    ) -> Row:
        """An order with 19 % tax, made up as the documentation says: discounts are net, or gross where prices are."""
        number, rate, placed = next(self.ids), Decimal("1.19"), rfc(at or self.now)
        sold = [self._line(number, index, currency, inclusive=inclusive, rate=rate) for index in range(lines)]
        extras = {"shipping_cost": Decimal("4.75"), "handling_cost": handling, "wrapping_cost": Decimal(0)}
        pairs = {name: self._pair(amount, currency, inclusive, rate) for name, amount in extras.items()}
        charged = [*pairs.values(), *((Decimal(one["total_ex_tax"]), Decimal(one["total_inc_tax"])) for one in sold)]
        fee_pair = self._pair(fee, currency, inclusive, rate)
        charged.append(fee_pair)
        off = rounded(coupon + discount, currency)
        if inclusive:
            total = sum((one[1] for one in charged), Decimal(0)) - off
            tax = rounded(total - total / rate, currency)
        else:
            net = sum((one[0] for one in charged), Decimal(0)) - off
            tax = rounded(net * (rate - 1), currency)
            total = net + tax
        row: Row = {
            "id": number,
            "customer_id": customer_id,
            "date_created": placed,
            "date_modified": placed,
            "date_shipped": "",
            "status_id": status_id,
            "status": STATUS_NAMES[status_id],
            "custom_status": STATUS_NAMES[status_id],
            "total_inc_tax": text(total),
            "total_ex_tax": text(total - tax),
            "total_tax": text(tax),
            "is_tax_inclusive_pricing": inclusive,
            "items_total": lines,
            "items_shipped": 0,
            "payment_method": "Credit Card",
            "payment_provider_id": None,
            "payment_status": {1: "pending", 4: "refunded", 5: "void", 7: "", 14: "partially refunded"}.get(
                status_id, "captured"
            ),
            "refunded_amount": "0.0000",
            "order_is_digital": False,
            "store_credit_amount": "0.0000",
            "gift_certificate_amount": "0.0000",
            "ip_address": "203.0.113.77",
            "currency_code": "USD",
            "default_currency_code": currency,
            "customer_message": "",
            "discount_amount": text(rounded(discount, currency)),
            "coupon_discount": text(rounded(coupon, currency)),
            "shipping_address_count": 1,
            "billing_address": self._place() | {"email": "jane@example.test", "form_fields": []},
            "is_deleted": False,
            "products": {"url": "https://api.example/products", "resource": f"/orders/{number}/products"},
            "shipping_addresses": {"url": "https://api.example/x", "resource": f"/orders/{number}/shippingaddresses"},
            "coupons": {"url": "https://api.example/coupons", "resource": f"/orders/{number}/coupons"},
            "fees": [],
        }
        for name, (ex, inc) in pairs.items():
            row |= {f"{name}_ex_tax": text(ex), f"{name}_inc_tax": text(inc), f"{name}_tax": text(inc - ex)}
        if fee:
            cost = {"cost_exc_tax": text(fee_pair[0]), "cost_inc_tax": text(fee_pair[1])}
            row["fees"] = [{"id": 1, "type": "custom_fee", "display_name_customer": "A fee", **cost}]
        self.details[number, "products"] = sold
        self.details[number, "shipping_addresses"] = [self._place() | {"id": next(self.ids), "shipping_method": "Post"}]
        self.details[number, "taxes"] = [{"name": "VAT", "rate": "19.0000", "line_amount": text(tax)}] if tax else []
        self.details[number, "coupons"] = (
            [{"id": 3, "code": "SUMMER", "amount": 5, "type": 2, "discount": float(rounded(coupon, currency))}]
            if coupon
            else []
        )
        self.orders.append(row | changes)
        return self.orders[-1]

    def _line(self, order: int, index: int, currency: str, *, inclusive: bool, rate: Decimal) -> Row:
        product = self.products[(order + index) % len(self.products)]
        variant = product["variants"][0]
        quantity = 1 + index
        each = self._pair(Decimal("9.95") + index, currency, inclusive, rate)
        return {
            "id": next(self.ids),
            "order_id": order,
            "product_id": product["id"],
            "variant_id": variant["id"],
            "name": product["name"],
            "sku": variant["sku"],
            "type": "physical",
            "quantity": quantity,
            "price_ex_tax": text(each[0]),
            "price_inc_tax": text(each[1]),
            "total_ex_tax": text(each[0] * quantity),
            "total_inc_tax": text(each[1] * quantity),
            "total_tax": text((each[1] - each[0]) * quantity),
            "applied_discounts": [],
            "product_options": [],
            "parent_order_product_id": None,
        }

    @staticmethod
    def _pair(amount: Decimal, currency: str, inclusive: bool, rate: Decimal) -> tuple[Decimal, Decimal]:
        """Net and gross; the one that the merchant entered has the currency's decimals, the other four."""
        fine = Decimal("0.0001")
        own = rounded(amount, currency)
        return ((own / rate).quantize(fine), own) if inclusive else (own, (own * rate).quantize(fine))

    @staticmethod
    def _place() -> Row:
        place = {"first_name": "Jane", "last_name": "D\u00f8e", "company": "", "street_1": "455 Main Street"}
        return (
            place
            | {"city": "Austin", "state": "Texas", "zip": "78751", "country": "United States"}
            | {
                "country_iso2": "US",
                "phone": "555-123-4567",
            }
        )

    def touch(self, row: Row) -> None:
        """Something about the row changed just now."""
        row["date_modified"] = rfc(self.now) if "status_id" in row else iso(self.now)

    def order(self, order_id: str) -> Row:
        return next(one for one in self.orders if str(one["id"]) == order_id)

    def item(self, item_id: str) -> tuple[Row, Row]:
        """The product and the variant of an item's id as the adapter makes it."""
        product_id, _, variant_id = item_id.partition(":")
        product = next(one for one in self.products if str(one["id"]) == product_id)
        return product, next(one for one in product["variants"] if str(one["id"]) == variant_id)

    def free(self, product: Row, variant: Row, location: int = 1) -> int:
        """What may be sold."""
        counted = product if product["inventory_tracking"] == "product" else variant
        return int(self.levels.get((location, variant["id"])) or counted["inventory_level"])

    # --- answering

    def answer(self, method: str, path: str, query: dict[str, str], body: Any, headers: Any) -> Any:
        self.asked.append((method, path, query, body))
        self._ensure_allowed(path, headers)
        parts = path.removeprefix(f"/stores/{STORE}/").split("/")
        if parts[0] == "v2":
            return self._answer_v2(method, parts[1:], query)
        return self._answer_v3(method, parts[1:], query, body)

    def _ensure_allowed(self, path: str, headers: Any) -> None:
        if not path.startswith(f"/stores/{STORE}/"):
            raise refused_v3(404, "The store was not found.")
        if headers.get("X-Auth-Token") != self.token:
            raise refused_v3(401, "X-Auth-Token header is required")
        if self.overload:
            raise Answer(429, {"status": 429, "title": "Too many requests"})
        if self.throttle:
            self.throttle -= 1
            limit = {"X-Rate-Limit-Requests-Left": "0", "X-Rate-Limit-Time-Reset-Ms": "1500"}
            raise Answer(429, {"status": 429, "title": "You have exceeded the rate limit"}, limit)
        if any(path.startswith(f"/stores/{STORE}/{one}") for one in self.forbidden):
            raise refused_v3(403, "You don't have a required scope to access the endpoint")
        if any(path.startswith(f"/stores/{STORE}/{one}") for one in self.broken):
            raise refused_v2(500, "An internal error has occurred")
        if headers.get("Accept") != "application/json":
            raise Answer(200, "<xml/>")

    def _answer_v2(self, method: str, parts: list[str], query: dict[str, str]) -> Any:
        if method != "GET":
            raise refused_v2(405, "not here")
        if parts == ["store"]:
            return self.store
        if parts == ["time"]:
            return {"time": int(self.now.timestamp())}
        if parts == ["orders"]:
            return self._list_v2(self._filtered(self.orders, query, "date_modified"), query)
        order = next((one for one in self.orders if str(one["id"]) == parts[1]), None)
        if order is None:
            raise refused_v2(404, "The requested resource was not found.")
        if len(parts) == 2:
            return order
        return self._list_v2(self.details[order["id"], parts[2]], query)

    @staticmethod
    def _list_v2(rows: list[Row], query: dict[str, str]) -> Any:
        limit, page = int(query.get("limit", 50)), int(query.get("page", 1))
        found = rows[(page - 1) * limit : page * limit]
        if not found:
            raise Answer(204)
        return found

    def _filtered(self, rows: list[Row], query: dict[str, str], field: str) -> list[Row]:
        low = query.get("min_date_modified") or query.get("date_modified:min")
        high = query.get("max_date_modified") or query.get("date_modified:max")
        for bound, sign in ((low, 1), (high, -1)):
            if bound and not self.ignore_dates:
                at = parsedate_to_datetime(bound) if "," in bound else datetime.fromisoformat(bound)
                least = timedelta(seconds=1 if self.exclusive else 0)
                rows = [one for one in rows if (moment_of(one) - at) * sign >= least]
        if "status_id" in query:
            rows = [one for one in rows if one["status_id"] == int(query["status_id"])]
        first = int(query.get("min_id") or query.get("id:min", "0"))
        rows = [one for one in rows if int(one["id"]) >= first]
        if query.get("sort", "").startswith(field) and not self.unsorted:
            return sorted(rows, key=moment_of)
        return sorted(rows, key=lambda one: int(one["id"]))

    def _list_v3(self, rows: list[Row], query: dict[str, str], most: int = 250) -> Any:
        limit, page = int(query.get("limit", 50)), int(query.get("page", 1))
        if limit > most:
            raise refused_v3(413, f"The limit is {most}")
        for name, value in query.items():
            if name.endswith(":in"):
                field, wanted = name.removesuffix(":in"), value.casefold().split(",")
                rows = [one for one in rows if str(one.get(field)).casefold() in wanted]
            elif name in ("sku", "name"):
                rows = [one for one in rows if str(one.get(name, "")).casefold() == value.casefold()]
        found = rows[(page - 1) * limit : page * limit]
        pages = -(-len(rows) // limit)
        about = {"total": len(rows), "count": len(found), "per_page": limit, "current_page": page, "total_pages": pages}
        return {"data": found, "meta": {"pagination": about}}

    def _answer_v3(self, method: str, parts: list[str], query: dict[str, str], body: Any) -> Any:  # noqa: PLR0912
        match method, parts:
            case "GET", ["catalog", "products"]:
                rows = self._filtered(self.products, query, "date_modified")
                if query.get("include") != "variants":
                    rows = [{name: one[name] for name in one if name != "variants"} for one in rows]
                return self._list_v3(rows, query)
            case "GET", ["catalog", "variants"]:
                return self._list_v3([each for one in self.products for each in one["variants"]], query)
            case "POST", ["catalog", "products"]:
                return {"data": self._create_product(body), "meta": {}}
            case "PUT", ["catalog", "products", product_id, *rest]:
                return {"data": self._update_product(product_id, rest, body), "meta": {}}
            case "GET", ["customers"]:
                rows = self._filtered(self.customers, query, "date_modified")
                if "addresses" in query.get("include", ""):
                    rows = [one | {"addresses": self._homes_of(one)[:10]} for one in rows]
                return self._list_v3(rows, query)
            case "GET", ["customers", "addresses"]:
                return self._list_v3(self.homes, query)
            case "POST" | "PUT", ["customers"]:
                if len(body) > 10:
                    raise refused_v3(413, "The maximum number of items allowed in the array is 10.")
                work = self._create_customer if method == "POST" else self._update_customer
                return {"data": [work(one) for one in body], "meta": {}}
            case "GET", ["orders", "payment_actions", "refunds"]:
                return self._list_v3(self.refunds, query, 50)
            case "GET", ["inventory", "locations"]:
                return self._list_v3(self.locations, query)
            case "GET", ["inventory", "locations", location, "items"]:
                return self._list_v3(self._stock_rows(int(location)), query)
            case "PUT", ["inventory", "adjustments", "absolute"]:
                return self._adjust(body["items"])
        raise refused_v3(404, "The route is not found")

    def _homes_of(self, customer: Row) -> list[Row]:
        return [one for one in self.homes if one["customer_id"] == customer["id"]]

    def _create_product(self, body: Row) -> Row:
        if missing := {"name", "type", "weight", "price"} - set(body):
            raise refused_v3(422, f"JSON data is missing or invalid: {missing}")
        if any(one["name"] == body["name"] for one in self.products):
            raise refused_v3(409, "The product name is a duplicate")
        skus = [each["sku"] for one in self.products for each in one["variants"]]
        if body.get("sku") in skus:
            raise refused_v3(409, "The product sku is a duplicate")
        level = body.get("inventory_level", 0)
        tracking = body.get("inventory_tracking", "none")
        known = {name: body[name] for name in ("price", "upc") if name in body}
        made = self.add_product(body["name"], body.get("sku", ""), level, inventory_tracking=tracking, **known)
        return {name: made[name] for name in made if name != "variants"}

    def _update_product(self, product_id: str, rest: list[str], body: Row) -> Row:
        product = next((one for one in self.products if str(one["id"]) == product_id), None)
        target = product
        if product is not None and rest:
            target = next((one for one in product["variants"] if str(one["id"]) == rest[1]), None)
        if product is None or target is None:
            raise refused_v3(404, "A product was not found")
        target.update(body)
        if target is product and "sku" in body:
            product["variants"][0]["sku"] = body["sku"]
        self.touch(product)
        return target

    def _create_customer(self, body: Row) -> Row:
        if missing := [one for one in ("email", "first_name", "last_name") if not body.get(one)]:
            raise refused_v3(422, f"missing: {missing}")
        if any(one["email"].casefold() == body["email"].casefold() for one in self.customers):
            raise refused_v3(422, "Create customers failed.")
        known = {name: value for name, value in body.items() if name in ("company", "phone")}
        made = self.add_customer(body["email"], body["first_name"], body["last_name"], **known)
        homes = [{**one, "customer_id": made["id"], "id": next(self.ids)} for one in body.get("addresses", [])]
        self.homes = [one for one in self.homes if one["customer_id"] != made["id"]] + homes
        return made

    def _update_customer(self, body: Row) -> Row:
        found = next((one for one in self.customers if one["id"] == body["id"]), None)
        if found is None:
            raise refused_v3(422, "Update customers failed.")
        found.update(body)
        self.touch(found)
        return found

    def _stock_rows(self, location: int) -> list[Row]:
        rows = []
        for product in self.products:
            for variant in product["variants"]:
                safety = self.safety.get(variant["id"], 0)
                rows.append(
                    {
                        "product_id": product["id"],
                        "variant_id": variant["id"],
                        "identity": {"sku": variant["sku"], "variant_id": variant["id"], "product_id": product["id"]},
                        "available_to_sell": self.free(product, variant, location),
                        "settings": {"safety_stock": safety, "is_in_stock": True},
                    }
                )
        return rows

    def _adjust(self, items: list[Row]) -> Row:
        """All or none."""
        if len(items) > 2000:
            raise refused_v3(413, "too many items")
        found = []
        for item in items:
            name = "product_id" if "product_id" in item else "variant_id"
            for product in self.products:
                for variant in product["variants"]:
                    if item[name] == (product["id"] if name == "product_id" else variant["id"]):
                        found.append((item, product, variant))  # noqa: PERF401
        for item, product, _variant in found:
            if product["inventory_tracking"] != ("product" if "product_id" in item else "variant"):
                raise refused_v3(422, "[Item is tracked in another mode, please update stock that way]")
        if any(variant["id"] in self.frozen for _, _, variant in found):
            raise refused_v3(422, "Item is bundled and takes no stock of its own")
        if len(found) != len(items):
            raise refused_v3(422, "Items with identity were not found")
        for item, product, variant in found:
            free = item["quantity"] - self.safety.get(variant["id"], 0)
            if len(self.locations) > 1:
                self.levels[item["location_id"], variant["id"]] = free
            else:
                (product if "product_id" in item else variant)["inventory_level"] = free
        return {"transaction_id": "a1b2c3"}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet an answer: nobody waits for a delayed acknowledgement
    disable_nagle_algorithm = True
    shop: FakeBigCommerce

    def _handle(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        parts = urlsplit(self.path)
        with self.shop.lock:
            self.shop.busy += 1
            self.shop.most_busy = max(self.shop.most_busy, self.shop.busy)
            gate = self.shop.gate
        if gate is not None and "/orders/" in parts.path:
            gate.wait(5)
        headers = {"X-Rate-Limit-Requests-Left": str(self.shop.requests_left), "X-Rate-Limit-Time-Reset-Ms": "15000"}
        try:
            with self.shop.lock:
                told = self.shop.answer(self.command, parts.path, dict(parse_qsl(parts.query)), body, self.headers)
            status = 200
        except Answer as answer:
            status, told = answer.status, answer.body
            headers = answer.headers if status == 429 else headers
        finally:
            with self.shop.lock:
                self.shop.busy -= 1
        if self.command != "GET" and self.shop.lost and status < 400:
            self.close_connection = True
            return
        self._reply(status, told, headers)

    do_GET = do_POST = do_PUT = _handle  # noqa: N815  (http.server's names)

    def _reply(self, status: int, told: Any, headers: dict[str, str]) -> None:
        data = b"" if status == 204 else json.dumps(told).encode()
        self.send_response(status)
        kind = "application/problem+json" if status >= 400 else "application/json"
        if status != 204:
            headers = {"Content-Type": kind, "Content-Length": str(len(data)), **headers}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def date_time_string(self, timestamp: float | None = None) -> str:
        return format_datetime(self.shop.now, usegmt=True)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


@contextmanager
def serving(shop: FakeBigCommerce) -> Iterator[str]:
    """The store's API path, on a free port of loopback."""
    handler = type("Handler", (_Handler,), {"shop": shop})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/stores/{STORE}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
