# ruff: noqa: N802, N803 - resolvers are named as the schema names types, fields and arguments
"""A small shop that answers Shopify's Admin API: documents are executed against the published schema (trimmed), so that
a wrong field fails as it does there. It keeps state, pages by cursor, filters by the search syntax, and misbehaves."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from email.utils import format_datetime
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLResolveInfo,
    GraphQLSchema,
    build_schema,
    execute_sync,
    get_named_type,
    parse,
    validate,
)

SAMPLES = Path(__file__).with_name("samples") / "shopify"
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TOKEN, CLIENT_ID, CLIENT_SECRET = "shpat_0123456789abcdef", "client-0123", "shpss_fedcba9876543210"
SCOPES = (
    "read_orders",
    "read_all_orders",
    "read_products",
    "write_products",
    "read_inventory",
    "write_inventory",
    "read_locations",
    "read_customers",
    "write_customers",
)
HOME, DEPOT = "gid://shopify/Location/11", "gid://shopify/Location/12"
PLACES = {"JPY": 0, "KWD": 3}
Row = dict[str, Any]
TERM = re.compile(r"(\w+):\s*(>=|<=|>|<)?('[^']*'|\"(?:\\.|[^\"\\])*\"|[^\s]*)")


@lru_cache
def published(version: str) -> GraphQLSchema:
    """The trimmed schema of a version, or of the one kept that is next before it."""
    kept = sorted(path.stem.removeprefix("admin_") for path in SAMPLES.glob("admin_*.graphql"))
    found = max((one for one in kept if one <= version), default=kept[0])
    return build_schema(SAMPLES.joinpath(f"admin_{found}.graphql").read_text(encoding="utf-8"))


@lru_cache
def understood(version: str, document: str) -> tuple[GraphQLSchema, DocumentNode, tuple[str, ...]]:
    """The schema, the document, and what is wrong with it."""
    schema, parsed = published(version), parse(document)
    return schema, parsed, tuple(error.message for error in validate(schema, parsed))


def iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def written(amount: Decimal) -> str:
    """As Shopify writes amounts: without needless zeros, but always with a decimal."""
    text = f"{amount.normalize():f}"
    return text if "." in text else f"{text}.0"


def bag(amount: Decimal | int | str, currency: str = "EUR") -> Row:
    """`MoneyBag`: what the customer saw, and its conversion to the shop's euros."""
    seen = Decimal(amount)
    shop = seen if currency == "EUR" else (seen / 3).quantize(Decimal("0.01"), ROUND_HALF_EVEN)
    return {
        "presentmentMoney": {"amount": written(seen), "currencyCode": currency},
        "shopMoney": {"amount": written(shop), "currencyCode": "EUR"},
    }


def tax(amount: Decimal, currency: str, rate: int = 20, title: str = "VAT") -> Row:
    return {"title": title, "ratePercentage": float(rate), "priceSet": bag(amount, currency)}


def discount(amount: Decimal, currency: str, index: int = 0, code: str = "WELCOME") -> Row:
    kind = {"__typename": "DiscountCodeApplication", "code": code}
    if not code:
        kind = {"__typename": "AutomaticDiscountApplication", "title": "Three for two"}
    return {"allocatedAmountSet": bag(amount, currency), "discountApplication": {"index": index, **kind}}


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
            return {"errors": [_error("Throttled", "THROTTLED")], "extensions": extensions}
        if cost > self.max_cost:
            error = _error(f"Query cost is {cost}, which exceeds the single query max cost limit.", "MAX_COST_EXCEEDED")
            error["extensions"] |= {"cost": cost, "maxCost": self.max_cost}
            return {"errors": [error]}
        schema, parsed, wrong = understood(version, document)
        if wrong:
            return {"errors": [_error(one, "undefinedField") for one in wrong]}
        answering = Answering(self, version)
        result = execute_sync(
            schema, parsed, variable_values=variables, field_resolver=answering.resolve, root_value={}
        )
        told: Row = {"data": result.data}
        if result.errors:
            told["errors"] = [
                _error(one.message, (one.extensions or {}).get("code", "INTERNAL_SERVER_ERROR"), one.path)
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


def _error(message: str, code: str, path: Any = None) -> Row:
    return {"message": message, "extensions": {"code": code}} | ({"path": list(path)} if path else {})


class Answering:
    """One request's resolvers: `Type_field` where a field is more than a value of its row."""

    def __init__(self, shop: FakeShopify, version: str) -> None:
        self.shop = shop
        self.version = version
        self.warnings: list[Row] = []

    def resolve(self, source: Row, info: GraphQLResolveInfo, **arguments: Any) -> Any:
        if info.field_name in self.shop.denied:
            raise GraphQLError(f"Access denied for {info.field_name} field.", extensions={"code": "ACCESS_DENIED"})
        if source.get("id") in self.shop.failing and info.field_name in ("lineItems", "variants"):
            raise GraphQLError("Internal error. Looks like something went wrong on our end.")
        special: Callable[..., Any] | None = getattr(self, f"{info.parent_type.name}_{info.field_name}", None)
        if special is None and info.parent_type.name == "Mutation":
            raise AssertionError(info.field_name)
        value = special(source, info, **arguments) if special else source.get(info.field_name)
        if get_named_type(info.return_type).name.endswith("Connection"):
            return self._connection(value, arguments, by_key=info.parent_type.name == "QueryRoot")
        return value

    @staticmethod
    def _connection(rows: list[Row], arguments: Row, *, by_key: bool) -> Row:
        """A cursor is the place in the order, as in Shopify: rows that move to the end shift nothing."""
        after, first = arguments.get("after"), arguments["first"]
        assert 0 < first <= 250
        keys = [json.dumps([row.get("_key", ""), row["id"]] if by_key else [n]) for n, row in enumerate(rows)]
        start = 0
        if after is not None:
            start = sum(json.loads(key) <= json.loads(after) for key in keys)
        page = rows[start : start + first]
        end = keys[start + len(page) - 1] if page else None
        return {"nodes": page, "pageInfo": {"hasNextPage": start + len(page) < len(rows), "endCursor": end}}

    def _search(self, rows: list[Row], query: str | None, fields: Row, *, by_day: bool = False) -> list[Row]:
        if query is None:
            return rows
        if query == "" or re.search(r":[<>=]*(\s|$)", query):
            raise GraphQLError("Internal error. Looks like something went wrong on our end.")
        for name, comparison, value in TERM.findall(query):
            plain = re.sub(r"\\(.)", r"\1", value.strip("'\""))
            if name == "updated_at":
                assert comparison == ">="
                if self.shop.ignored_filters:
                    continue
                least = f"{plain[:10]}T00:00:00Z" if by_day else plain
                rows = [row for row in rows if row["updatedAt"] >= least]
            elif name in fields:
                rows = [row for row in rows if fields[name](row, plain)]
            else:
                told = {"field": name, "message": "Invalid search field for this query.", "code": "invalid_field"}
                self.warnings.append(told)
        return rows

    def _sorted(self, rows: list[Row], key: str) -> list[Row]:
        """Shopify's cursor holds what was sorted by when it was given."""
        stamp = "updatedAt" if key == "UPDATED_AT" else "id"
        for row in rows:
            row["_key"] = row[stamp] if stamp == "updatedAt" else ""
        return sorted(rows, key=lambda row: (row["_key"], row["id"]))

    # --- queries

    def QueryRoot_orders(self, _: Row, __: Any, *, query: str | None, sortKey: str, **___: Any) -> list[Row]:
        rows = self.shop.orders
        if "read_all_orders" not in self.shop.scopes:
            rows = [row for row in rows if row["processedAt"] >= iso(self.shop.time - timedelta(days=60))]
        return self._sorted(self._search(rows, query, {}), sortKey)

    def QueryRoot_products(self, _: Row, __: Any, *, query: str | None, sortKey: str, **___: Any) -> list[Row]:
        """Without a status only active ones."""
        rows = self.shop.products
        if "status:" not in (query or ""):
            rows = [row for row in rows if row["status"] == "ACTIVE"]
        fields = {"status": lambda row, value: row["status"].lower() in value.split(",")}
        return self._sorted(self._search(rows, query, fields), sortKey)

    def QueryRoot_productVariants(self, _: Row, __: Any, *, query: str | None, sortKey: str, **___: Any) -> list[Row]:
        """Search takes words apart and ignores case."""
        fields = {"sku": lambda row, value: value.lower() in row["sku"].lower()}
        return self._sorted(self._search(self.shop.variants(), query, fields), sortKey)

    def QueryRoot_customers(self, _: Row, __: Any, *, query: str | None, sortKey: str, **___: Any) -> list[Row]:
        fields = {"tag": lambda row, value: value in row["tags"]}
        return self._sorted(self._search(self.shop.customers, query, fields, by_day=True), sortKey)

    def QueryRoot_abandonedCheckouts(
        self, _: Row, __: Any, *, query: str | None, sortKey: str, **___: Any
    ) -> list[Row]:
        return self._sorted(self._search(self.shop.checkouts, query, {}), sortKey)

    def QueryRoot_nodes(self, _: Row, __: Any, *, ids: list[str]) -> list[Row | None]:
        return [self.QueryRoot_node(_, __, id=one) for one in ids]

    def QueryRoot_node(self, _: Row, __: Any, *, id: str) -> Row | None:  # noqa: A002 - the argument's name
        if not re.fullmatch(r"gid://shopify/\w+/\d+", id):
            raise GraphQLError(f"Invalid global id '{id}'", extensions={"code": "argumentLiteralsIncompatible"})
        shop = self.shop
        every = [*shop.orders, *shop.products, *shop.variants(), *shop.customers, *shop.checkouts]
        return next((row for row in every if row["id"] == id), None)

    def QueryRoot_shop(self, *_: Any) -> Row:
        told = {"name": "Mugs & Co", "myshopifyDomain": "mugs.myshopify.com", "currencyCode": "EUR"}
        return told | {"ianaTimezone": "Europe/London", "taxesIncluded": False}

    def QueryRoot_currentAppInstallation(self, *_: Any) -> Row:
        return {"accessScopes": [{"handle": one} for one in self.shop.scopes]}

    def QueryRoot_publicApiVersions(self, *_: Any) -> list[Row]:
        versions = ("2025-10", "2026-01", "2026-04", "2026-07", "2026-10", "unstable")
        return [{"handle": one, "supported": one >= self.shop.oldest_version} for one in versions]

    def QueryRoot_locations(self, *_: Any, **__: Any) -> list[Row]:
        return self.shop.locations

    def QueryRoot_ordersCount(self, *_: Any, **__: Any) -> Row:
        return {"count": len(self.shop.orders), "precision": "EXACT"}

    def QueryRoot_productVariantsCount(self, *_: Any, **__: Any) -> Row:
        return {"count": len(self.shop.variants()), "precision": "EXACT"}

    def QueryRoot_productByIdentifier(self, _: Row, __: Any, *, identifier: Row) -> Row | None:
        return next((row for row in self.shop.products if row["handle"] == identifier["handle"]), None)

    def QueryRoot_customerByIdentifier(self, _: Row, __: Any, *, identifier: Row) -> Row | None:
        wanted = {"emailAddress": identifier["emailAddress"]}
        return next((row for row in self.shop.customers if row["defaultEmailAddress"] == wanted), None)

    def InventoryItem_inventoryLevel(self, item: Row, _: Any, *, locationId: str) -> Row | None:
        if locationId not in item["levels"]:
            return None
        return {"quantities": [{"name": "available", "quantity": item["levels"][locationId]}]}

    @staticmethod
    def InventoryLevel_quantities(level: Row, _: Any, *, names: list[str]) -> list[Row]:
        return [one for one in level["quantities"] if one["name"] in names]

    @staticmethod
    def ProductVariant_inventoryQuantity(variant: Row, *_: Any) -> int:
        return sum(variant["inventoryItem"]["levels"].values())

    # --- mutations

    def Mutation_productSet(self, _: Row, __: Any, *, input: Row, identifier: Row, synchronous: bool) -> Row:  # noqa: A002
        """Makes, or takes over all of it: variants that are not sent are gone."""
        assert synchronous
        shop = self.shop
        product = self.QueryRoot_productByIdentifier(_, __, identifier=identifier)
        if product is None:
            product = shop.add_product(input["title"], [])
            product |= {"handle": input["handle"], "hasOnlyDefaultVariant": True}
        product["variants"] = []
        for wire in input["variants"]:
            stock = wire["inventoryQuantities"][0]["quantity"] if "inventoryQuantities" in wire else None
            made = shop.add_variant(product, "Default Title", wire["sku"], stock, wire.get("price", "0.00"))
            made["barcode"] = wire.get("barcode")
        return {"product": product, "userErrors": []}

    def Mutation_productUpdate(self, _: Row, __: Any, *, product: Row) -> Row:
        found = self.QueryRoot_node(_, __, id=product["id"])
        if found is None:
            return {"product": None, "userErrors": [{"field": ["id"], "message": "Product does not exist"}]}
        found["title"] = product["title"]
        self.shop.touch(found)
        return {"product": found, "userErrors": []}

    def Mutation_productVariantsBulkUpdate(self, _: Row, __: Any, *, productId: str, variants: list[Row]) -> Row:
        rows = []
        for wire in variants:
            found = self.QueryRoot_node(_, __, id=wire["id"])
            if found is None or found["product"]["id"] != productId:
                error = {"field": ["variants", "0", "id"], "message": "Product variant does not exist"}
                return {"productVariants": None, "userErrors": [error | {"code": "PRODUCT_VARIANT_DOES_NOT_EXIST"}]}
            found |= {name: wire[name] for name in ("price", "barcode") if name in wire}
            found["sku"] = wire.get("inventoryItem", {}).get("sku", found["sku"])
            self.shop.touch(found["product"])
            rows.append(found)
        return {"productVariants": rows, "userErrors": []}

    def Mutation_inventorySetQuantities(self, _: Row, info: GraphQLResolveInfo, *, input: Row) -> Row:  # noqa: A002
        """Wholly or not at all; a key that was used answers as it did, for the same input only."""
        used = [one for one in info.field_nodes[0].directives or () if one.name.value == "idempotent"]
        key = _variable(info, used[0]) if used else None
        if key is None and self.version >= "2026-04":
            raise GraphQLError("The @idempotent directive is required.", extensions={"code": "BAD_REQUEST"})
        same = json.dumps(input, sort_keys=True)
        if key is not None and key in self.shop.keys:
            if self.shop.keys[key] != same:
                error = {"field": ["input"], "message": "Key was used", "code": "IDEMPOTENCY_KEY_PARAMETER_MISMATCH"}
                return {"inventoryAdjustmentGroup": None, "userErrors": [error]}
            return {"inventoryAdjustmentGroup": {"id": "gid://shopify/InventoryAdjustmentGroup/1"}, "userErrors": []}
        word = "changeFromQuantity" if self.version >= "2026-01" else "compareQuantity"
        errors, rows = [], []
        for number, wire in enumerate(input["quantities"]):
            where = ["input", "quantities", str(number)]
            found = next((v for v in self.shop.variants() if v["inventoryItem"]["id"] == wire["inventoryItemId"]), None)
            if word not in wire:
                raise GraphQLError(f"{word} must be given", extensions={"code": "BAD_REQUEST"})
            if found is None or wire["locationId"] not in found["inventoryItem"]["levels"]:
                errors.append({"field": where, "message": "Not stocked at the location", "code": "INVALID_LOCATION"})
            elif wire["quantity"] < 0:
                code = "INVALID_QUANTITY_NEGATIVE"
                errors.append({"field": [*where, "quantity"], "message": "Can't be negative", "code": code})
            elif wire[word] not in (None, found["inventoryItem"]["levels"][wire["locationId"]]):
                code = "CHANGE_FROM_QUANTITY_STALE" if word == "changeFromQuantity" else "COMPARE_QUANTITY_STALE"
                errors.append({"field": [*where, word], "message": "Stale", "code": code})
            else:
                rows.append((found, wire))
        if errors:
            return {"inventoryAdjustmentGroup": None, "userErrors": errors}
        for found, wire in rows:
            found["inventoryItem"]["levels"][wire["locationId"]] = wire["quantity"]
            self.shop.touch(found["product"])
        if key is not None:
            self.shop.keys[key] = same
        return {"inventoryAdjustmentGroup": {"id": "gid://shopify/InventoryAdjustmentGroup/1"}, "userErrors": []}

    def Mutation_customerCreate(self, _: Row, __: Any, *, input: Row) -> Row:  # noqa: A002
        email = input.get("email")
        if email and self.QueryRoot_customerByIdentifier(_, __, identifier={"emailAddress": email}):
            return {"customer": None, "userErrors": [{"field": ["email"], "message": "Email has already been taken"}]}
        made = self.shop.add_customer(email, input.get("firstName", ""), input.get("lastName", ""), tags=input["tags"])
        self._phone(made, input)
        return {"customer": made, "userErrors": []}

    def Mutation_customerUpdate(self, _: Row, __: Any, *, input: Row) -> Row:  # noqa: A002
        found = self.QueryRoot_node(_, __, id=input["id"])
        if found is None:
            return {"customer": None, "userErrors": [{"field": ["id"], "message": "Customer does not exist"}]}
        found |= {name: input[name] for name in ("firstName", "lastName") if name in input}
        if "email" in input:
            found["defaultEmailAddress"] = {"emailAddress": input["email"]}
        self._phone(found, input)
        self.shop.touch(found)
        return {"customer": found, "userErrors": []}

    @staticmethod
    def _phone(customer: Row, wire: Row) -> None:
        if "phone" in wire:
            customer["defaultPhoneNumber"] = {"phoneNumber": wire["phone"]}

    def Mutation_customerAddressCreate(self, _: Row, __: Any, *, customerId: str, address: Row, **___: Any) -> Row:
        customer = self.QueryRoot_node(_, __, id=customerId)
        assert customer is not None
        made = {**self.shop.number("MailingAddress"), **address, "countryCodeV2": address.get("countryCode")}
        customer["addressesV2"].append(made)
        customer["defaultAddress"] = made
        return {"address": made, "userErrors": []}

    def Mutation_customerAddressUpdate(
        self, _: Row, __: Any, *, customerId: str, addressId: str, address: Row, **___: Any
    ) -> Row:
        customer = self.QueryRoot_node(_, __, id=customerId)
        assert customer is not None
        found = next(one for one in customer["addressesV2"] if one["id"] == addressId)
        found.update(address)
        return {"address": found, "userErrors": []}


def _variable(info: GraphQLResolveInfo, directive: Any) -> Any:
    """The value of a directive's only argument; newer releases of graphql-core wrap the variables."""
    value = directive.arguments[0].value
    variables = info.variable_values
    return getattr(variables, "coerced", variables)[value.name.value]


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
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
