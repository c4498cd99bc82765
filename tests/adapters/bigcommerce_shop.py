"""A small shop that speaks as much of BigCommerce's REST API as the adapter uses, after the vendor's documentation; it
keeps state, pages, filters, authenticates and can misbehave."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.adapters.bigcommerce_answers import Answers
from tests.adapters.bigcommerce_words import (
    NOW,
    STATUS_NAMES,
    STORE,
    TOKEN,
    Answer,
    Row,
    iso,
    rfc,
    rounded,
    text,
)
from tests.loopback import running

__all__ = ["NOW", "STATUS_NAMES", "STORE", "TOKEN", "FakeBigCommerce", "iso", "rfc", "serving"]


class FakeBigCommerce(Answers):
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
        self.labels: dict[int, str] = {}  # statuses that the merchant renamed
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
        pieces: int = 1,
        at: datetime | None = None,
        **changes: Any,
    ) -> Row:
        """An order with 19 % tax, made up as the documentation says: discounts are net, or gross where prices are."""
        number, rate, placed = next(self.ids), Decimal("1.19"), rfc(at or self.now)
        home = next(self.ids)
        sold = [
            self._line(number, index, currency, inclusive=inclusive, rate=rate, pieces=pieces)
            | {"order_address_id": home}
            for index in range(lines)
        ]
        for one in sold:
            one["order_address_id"] = home
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
            "items_total": sum(one["quantity"] for one in sold),
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
        self.details[number, "shipping_addresses"] = [self._place() | {"id": home, "shipping_method": "Post"}]
        self.details[number, "taxes"] = [{"name": "VAT", "rate": "19.0000", "line_amount": text(tax)}] if tax else []
        self.details[number, "shipments"] = []
        self.details[number, "coupons"] = (
            [{"id": 3, "code": "SUMMER", "amount": 5, "type": 2, "discount": float(rounded(coupon, currency))}]
            if coupon
            else []
        )
        self.orders.append(row | changes)
        return self.orders[-1]

    def _line(self, order: int, index: int, currency: str, *, inclusive: bool, rate: Decimal, pieces: int) -> Row:
        product = self.products[(order + index) % len(self.products)]
        variant = product["variants"][0]
        quantity = pieces + index
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
            "quantity_shipped": 0,
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
    with running(server) as url:
        yield f"{url}/stores/{STORE}"
