"""A small shop that answers Shopify's Admin API: documents are executed against the published schema (trimmed), so that
a wrong field fails as it does there. It keeps state, pages by cursor, filters by the search syntax, and misbehaves."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any

from graphql import execute_sync

from tests.adapters.shopify_answers import Answering
from tests.adapters.shopify_words import (
    CLIENT_ID,
    CLIENT_SECRET,
    DEPOT,
    HOME,
    NOW,
    PLACES,
    SCOPES,
    TOKEN,
    Row,
    bag,
    discount,
    error_row,
    iso,
    published,
    tax,
    understood,
)
from tests.loopback import running

__all__ = [
    "CLIENT_ID", "CLIENT_SECRET", "DEPOT", "HOME", "NOW", "TOKEN", "FakeShopify", "Row", "bag", "discount", "iso",
    "published", "serving", "tax", "understood",
]  # fmt: skip


class FakeShopify:
    """State and faults. `lost`: mutations are carried out without an answer. `throttled`: so many requests are refused.
    `max_cost`: what a query may cost. `denied`: fields that come as null with ACCESS_DENIED. `status`: what
    everything is answered with. `failing`: ids of rows that break every answer they are in."""

    def __init__(self) -> None:
        self.time = NOW
        self.ids = count(1001)
        self.client_tokens: dict[str, datetime] = {}
        self.scopes = list(SCOPES)
        self.lost = False
        self.throttled = 0
        self.available = 2000.0
        self.max_cost = 1000
        self.denied: set[str] = set()
        self.status = 0
        self.failing: set[str] = set()
        self.oldest_version = "2025-10"
        self.ignored_filters = False
        self.frozen_places = False  # the index that lists are sorted by lags behind
        self.requests: list[tuple[str, Row]] = []
        self.tokens_given = 0
        self.keys: dict[str, str] = {}
        self.products: list[Row] = []
        self.customers: list[Row] = []
        self.orders: list[Row] = []
        self.checkouts: list[Row] = []
        self.locations = [{"id": HOME, "legacyResourceId": "11", "name": "Shop"}]
        self.lock = threading.RLock()
        self._fill()

    def tick(self, seconds: float = 60) -> datetime:
        self.time += timedelta(seconds=seconds)
        return self.time

    def number(self, kind: str) -> Row:
        one = next(self.ids)
        return {"__typename": kind, "id": f"gid://shopify/{kind}/{one}", "legacyResourceId": str(one)}

    # --- what is in the shop

    def _fill(self) -> None:
        self.time = NOW - timedelta(days=20)
        for position in range(12):
            self.add_product(f"Mug {position}", [("Default Title", f"MUG-{position}", 5 + position)])
        for position in range(5):
            sizes = [(f"Size {size}", f"SHIRT-{position}-{size}", 3) for size in "SML"]
            self.add_product(f"Shirt {position}", sizes, status="DRAFT" if position == 4 else "ACTIVE")
        for position in range(12):
            self.add_customer(
                f"buyer{position}@example.test", "Ann \x1b[31m" if position == 3 else "Ann", f"B{position}"
            )
        for position in range(30):
            self.tick(3600)
            currency = ("EUR", "EUR", "JPY", "KWD")[position % 4]
            self.add_order(currency, included=position % 3 == 0, coupon=position % 5 == 1, who=position % 12)
        for position in range(4):
            self.add_checkout(position)
        self.time = NOW

    def add_product(self, title: str, variants: list[tuple[str, str, int]], status: str = "ACTIVE") -> Row:
        stamp = iso(self.tick())
        only = len(variants) == 1
        product = {**self.number("Product"), "title": title, "status": status, "updatedAt": stamp}
        product |= {"hasOnlyDefaultVariant": only, "handle": re.sub(r"\W+", "-", title.lower()), "variants": []}
        for name, sku, stock in variants:
            self.add_variant(product, name, sku, stock)
        self.products.append(product)
        return product

    def add_variant(self, product: Row, name: str, sku: str, stock: int | None, price: str = "10.00") -> Row:
        item = {**self.number("InventoryItem"), "tracked": stock is not None}
        item["levels"] = {HOME: stock if stock is not None else 0}
        variant = {**self.number("ProductVariant"), "title": name, "sku": sku, "barcode": None, "price": price}
        variant |= {"updatedAt": product["updatedAt"], "product": product, "inventoryItem": item}
        product["variants"].append(variant)
        return variant

    def variants(self) -> list[Row]:
        return [one for product in self.products for one in product["variants"]]

    def variant(self, number: str) -> Row:
        return next(one for one in self.variants() if one["legacyResourceId"] == number)

    def add_customer(self, email: str | None, first: str, last: str, **more: Any) -> Row:
        made = {**self.number("Customer"), "firstName": first, "lastName": last, "updatedAt": iso(self.tick())}
        made |= {"defaultEmailAddress": {"emailAddress": email} if email else None, "defaultPhoneNumber": None}
        made |= {"defaultAddress": None, "addressesV2": [], "tags": [], **more}
        self.customers.append(made)
        return made

    def add_order(
        self, currency: str = "EUR", *, included: bool = False, coupon: bool = False, who: int = 0, **changes: Any
    ) -> Row:
        """Two mugs and a shirt, shipping, tax of 20 % on all of it; its amounts agree as Shopify's do."""
        unit = Decimal(1).scaleb(-PLACES.get(currency, 2))
        lines, sums = [], {"goods": Decimal(0), "tax": Decimal(0), "off": Decimal(0)}
        for variant, pieces, price in ((self.variants()[0], 2, "1234.5"), (self.variants()[13], 1, "99.995")):
            each = Decimal(price).quantize(unit, ROUND_HALF_EVEN)
            gross = each * pieces
            off = (gross / 10).quantize(unit, ROUND_HALF_EVEN) if coupon else Decimal(0)
            due = self._tax_of(gross - off, included, unit)
            sums["goods"] += gross
            sums["off"] += off
            sums["tax"] += due
            lines.append(
                {
                    **self.number("LineItem"),
                    "name": variant["product"]["title"],
                    "sku": variant["sku"],
                    "quantity": pieces,
                    "currentQuantity": pieces,
                    "requiresShipping": True,
                    "originalUnitPriceSet": bag(each, currency),
                    "originalTotalSet": bag(gross, currency),
                    "variant": variant,
                    "taxLines": [tax(due, currency)],
                    "discountAllocations": [discount(off, currency)] if coupon else [],
                }
            )
        sent = Decimal(5)
        sent_tax = self._tax_of(sent, included, unit)
        sums["tax"] += sent_tax
        total = sums["goods"] - sums["off"] + sent + (0 if included else sums["tax"])
        stamp = iso(self.time)
        numbered = self.number("Order")
        place = {"firstName": "Ann", "lastName": "Buyer", "company": None, "address1": "1 High Street", "zip": "LS1"}
        place |= {"address2": None, "city": "Leeds", "province": "", "provinceCode": None, "countryCodeV2": "GB"}
        buyer = self.customers[who] if self.customers else None
        order = {
            **numbered,
            "name": f"#{numbered['legacyResourceId']}",
            "processedAt": stamp,
            "updatedAt": stamp,
            "cancelledAt": None,
            "closed": False,
            "edited": False,
            "test": False,
            "displayFinancialStatus": "PAID",
            "displayFulfillmentStatus": "UNFULFILLED",
            "fullyPaid": True,
            "taxesIncluded": included,
            "dutiesIncluded": False,
            "note": None,
            "tags": [],
            "refunds": [],
            "fulfillments": [],
            "email": buyer["defaultEmailAddress"]["emailAddress"] if buyer else None,
            "phone": None,
            "paymentGatewayNames": ["shopify_payments"],
            "totalPriceSet": bag(total, currency),
            "currentTotalPriceSet": bag(total, currency),
            "totalTaxSet": bag(sums["tax"], currency),
            "currentTotalTaxSet": bag(sums["tax"], currency),
            "originalTotalDutiesSet": None,
            "currentTotalDutiesSet": None,
            "currentTotalAdditionalFeesSet": None,
            "totalTipReceivedSet": bag(0, currency),
            "taxLines": [tax(sums["tax"], currency)],
            "currentTaxLines": [tax(sums["tax"], currency)],
            "additionalFees": [],
            "customer": buyer,
            "billingAddress": place | {"phone": None},
            "shippingAddress": place | {"phone": "+44 113 496 0000"},
            "shippingLines": [
                {
                    "title": "Parcel",
                    "originalPriceSet": bag(sent, currency),
                    "discountedPriceSet": bag(sent, currency),
                    "currentDiscountedPriceSet": bag(sent, currency),
                    "taxLines": [tax(sent_tax, currency)],
                    "discountAllocations": [],
                }
            ],
            "transactions": [self.transaction("SALE", total, currency)],
            "lineItems": lines,
            **changes,
        }
        self.orders.append(order)
        return order

    @staticmethod
    def _tax_of(price: Decimal, included: bool, unit: Decimal) -> Decimal:
        due = price * 20 / 120 if included else price / 5
        return due.quantize(unit, ROUND_HALF_EVEN)

    def transaction(self, kind: str, amount: Decimal, currency: str = "EUR", status: str = "SUCCESS") -> Row:
        made = {**self.number("OrderTransaction"), "kind": kind, "status": status, "gateway": "shopify_payments"}
        return made | {"processedAt": iso(self.time), "amountSet": bag(amount, currency)}

    def refund_piece(self, order: Row, note: str = "Broken", restock: str = "RETURN", status: str = "SUCCESS") -> Row:
        """Staff gives back one piece of the first line with its share of discount and tax."""
        line, currency = order["lineItems"][0], order["totalPriceSet"]["presentmentMoney"]["currencyCode"]
        price, due, off = (
            Decimal(one["presentmentMoney"]["amount"]) / line["quantity"]
            for one in (
                line["originalTotalSet"],
                line["taxLines"][0]["priceSet"],
                line["discountAllocations"][0]["allocatedAmountSet"] if line["discountAllocations"] else bag(0),
            )
        )
        net = price - off
        whole = net if order["taxesIncluded"] else net + due
        paid = self.transaction("REFUND", whole, currency, status)
        refund = {**self.number("Refund"), "createdAt": iso(self.time), "note": note}
        refund |= {"totalRefundedSet": bag(whole if status == "SUCCESS" else 0, currency), "refundShippingLines": []}
        back = {"quantity": 1, "restockType": restock, "lineItem": line}
        back |= {"subtotalSet": bag(net, currency), "totalTaxSet": bag(due, currency)}
        refund |= {"refundLineItems": [back], "transactions": [paid]}
        order["refunds"].append(refund)
        order["transactions"].append(paid)
        order["displayFinancialStatus"] = "PARTIALLY_REFUNDED"
        self.touch(order)
        return refund

    @staticmethod
    def left_of(order: Row, line: Row) -> int:
        """Pieces of a line that are not sent."""
        parcels = [one for one in order["fulfillments"] if one["status"] != "CANCELLED"]
        sent = [one for parcel in parcels for one in parcel["fulfillmentLineItems"]]
        pieces = int(line["currentQuantity"])
        return pieces - sum(one["quantity"] for one in sent if one["lineItem"]["id"] == line["id"])

    def add_checkout(self, position: int) -> Row:
        stamp, variant = iso(self.tick()), self.variants()[position]
        line = {**self.number("AbandonedCheckoutLineItem"), "title": "Mug", "sku": variant["sku"], "quantity": 2}
        line |= {"originalUnitPriceSet": bag("10"), "originalTotalPriceSet": bag("20"), "variant": variant}
        checkout = {**self.number("AbandonedCheckout"), "createdAt": stamp, "updatedAt": stamp, "completedAt": None}
        checkout |= {"taxesIncluded": False, "totalPriceSet": bag("27.9"), "totalTaxSet": bag("3.9")}
        checkout |= {"totalDiscountSet": bag("1"), "taxLines": [tax(Decimal("3.9"), "EUR")], "lineItems": [line]}
        checkout["customer"] = self.customers[position]
        self.checkouts.append(checkout)
        return checkout

    def touch(self, row: Row) -> None:
        row["updatedAt"] = iso(self.tick(1))

    def order(self, number: str) -> Row:
        return next(one for one in self.orders if one["legacyResourceId"] == number)

    # --- answering

    def answer(self, version: str, document: str, variables: Row) -> Row:
        self.requests.append((document, variables))
        cost = self.cost_of(variables)
        status = {"maximumAvailable": 2000.0, "currentlyAvailable": self.available, "restoreRate": 100.0}
        extensions: Row = {"cost": {"requestedQueryCost": cost, "throttleStatus": status}}
        if self.throttled:
            self.throttled -= 1
            status["currentlyAvailable"] = max(0.0, cost - 150.0)
            return {"errors": [error_row("Throttled", "THROTTLED")], "extensions": extensions}
        if cost > self.max_cost:
            error = error_row(
                f"Query cost is {cost}, which exceeds the single query max cost limit.", "MAX_COST_EXCEEDED"
            )
            error["extensions"] |= {"cost": cost, "maxCost": self.max_cost}
            return {"errors": [error]}
        schema, parsed, wrong = understood(version, document)
        if wrong:
            return {"errors": [error_row(one, "undefinedField") for one in wrong]}
        answering = Answering(self, version)
        result = execute_sync(
            schema, parsed, variable_values=variables, field_resolver=answering.resolve, root_value={}
        )
        told: Row = {"data": result.data}
        if result.errors:
            told["errors"] = [
                error_row(one.message, (one.extensions or {}).get("code", "INTERNAL_SERVER_ERROR"), one.path)
                for one in result.errors
            ]
        if answering.warnings:
            extensions["search"] = [{"path": ["orders"], "query": "", "warnings": answering.warnings}]
        return told | {"extensions": extensions}

    @staticmethod
    def cost_of(variables: Row) -> int:
        rows = variables.get("first") or len(variables.get("ids") or ()) or 1
        return int(2 + rows * (3 + (variables.get("nested") or 0)))

    def accepts(self, token: str | None) -> bool:
        expires = self.client_tokens.get(token or "")
        return token == TOKEN or (expires is not None and expires > self.time)

    def give_token(self, body: Row) -> tuple[int, Row]:
        wanted = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "grant_type": "client_credentials"}
        if body != wanted:
            return 400, {"error": "invalid_client", "error_description": "Client authentication failed"}
        self.tokens_given += 1
        token = f"shpca_{self.tokens_given:032}"
        self.client_tokens[token] = self.time + timedelta(days=1)
        return 200, {"access_token": token, "scope": ",".join(self.scopes), "expires_in": 86399}


@contextmanager
def serving(shop: FakeShopify) -> Iterator[str]:
    """The shop on a free port of loopback; its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with shop.lock:
                status, told = self._told(body)
                lost = shop.lost and "mutation" in str(body.get("query", ""))[:10]
            if lost:
                self.close_connection = True
                return
            data = json.dumps(told).encode()
            self.send_response_only(status)
            self.send_header("Date", format_datetime(shop.time, usegmt=True))
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("X-Shopify-API-Version", max(self._version(), shop.oldest_version))
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def _version(self) -> str:
            found = re.fullmatch(r"/admin/api/([\w-]+)/graphql\.json", self.path)
            return found[1] if found else ""

        def _told(self, body: Row) -> tuple[int, Row]:
            if shop.status:
                return shop.status, {"errors": "Unavailable Shop"}
            if self.path == "/admin/oauth/access_token":
                assert self.headers["X-Shopify-Access-Token"] is None
                return shop.give_token(body)
            if not self._version():
                return 404, {"errors": "Not Found"}
            if not shop.accepts(self.headers["X-Shopify-Access-Token"]):
                return 401, {"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"}
            version = max(self._version(), shop.oldest_version)  # an old one falls forward
            return 200, shop.answer(version, body["query"], body.get("variables") or {})

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    with running(server) as url:
        yield url
