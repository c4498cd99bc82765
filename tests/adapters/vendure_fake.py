"""A small shop that speaks as much of Vendure's Admin API as the adapter uses, from recorded rows; it can misbehave."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any

from tests.loopback import running

RECORDED = Path(__file__).with_name("vendure")
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PASSWORD = "right-password"
Row = dict[str, Any]


def recorded(name: str) -> list[Row]:
    """The rows of a recorded list."""
    text = (RECORDED / f"{name}.json").read_text(encoding="utf-8")
    rows: list[Row] = json.loads(text, parse_float=Decimal)["data"]["list"]["items"]
    return rows


def iso(moment: datetime) -> str:
    """As Vendure writes it."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


MONEY = re.compile("amount|total|price|tax(Total)?$", re.IGNORECASE)


def in_whole_units(value: Any, name: str = "") -> Any:
    """A row with each amount a hundredfold, so that yen have no hundredths."""
    if isinstance(value, dict):
        return {key: in_whole_units(part, key) for key, part in value.items()}
    if isinstance(value, list):
        return [in_whole_units(part, name) for part in value]
    money = isinstance(value, int | Decimal) and MONEY.search(name)
    return int(Decimal(value).quantize(Decimal(1), ROUND_HALF_UP)) * 100 if money else value


class Refused(Exception):
    """Answered as errors[].extensions.code."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.message = message or code


class FakeVendure:
    """Rows as the API shows them. `lost` names mutations that are carried out without an answer; `failing` ids break
    every page that they are on; `limit` is adminListQueryLimit."""

    def __init__(self) -> None:
        self.now = NOW
        self.limit = 1000
        self.password = PASSWORD
        self.permissions = ["ReadOrder", "CreateCatalog", "UpdateCatalog", "CreateCustomer", "UpdateCustomer"]
        self.lost: set[str] = set()
        self.refused: dict[str, Refused] = {}
        self.failing: set[str] = set()
        self.forbidden: set[str] = set()
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.tokens: set[str] = set()
        self.by_cookie = False  # authOptions.tokenMethod
        self.api_key = "key-of-the-shop"
        self.version = (3, 7)
        self.ids = count(1000)
        self.products: dict[str, Row] = {}
        self.orders = recorded("orders")
        self.baskets = recorded("baskets")
        self.customers = recorded("customers")
        self.variants = recorded("variants")
        for variant in self.variants:
            self.products[variant["product"]["id"]] = variant["product"] | {"slug": f"p-{variant['id']}"}

    def tick(self, seconds: float = 1) -> str:
        """Time goes by; the new time as a stamp."""
        self.now += timedelta(seconds=seconds)
        return iso(self.now)

    def add_order(self, **changes: Any) -> Row:
        """Another one like the first recorded, placed now."""
        order = deepcopy(self.orders[0])
        number = str(next(self.ids))
        order |= {"id": number, "code": f"CODE{number}", "orderPlacedAt": iso(self.now), "updatedAt": iso(self.now)}
        for line in order["lines"]:
            line["id"] = str(next(self.ids))
        self.orders.append(order | changes)
        return self.orders[-1]

    def add_variant(self, sku: str, name: str, **changes: Any) -> Row:
        """A product with one tracked variant."""
        number, stamp = str(next(self.ids)), iso(self.now)
        product = {"id": number, "name": name, "enabled": True, "updatedAt": stamp}
        self.products[number] = product | {"slug": f"p-{number}"}
        variant = deepcopy(self.variants[0])
        self.variants.append(
            variant | {"id": number, "sku": sku, "name": name, "updatedAt": stamp, "product": product} | changes
        )
        return self.variants[-1]

    def counted(self, name: str) -> int:
        """How often an operation was asked for."""
        return sum(name in query for query, _ in self.asked)

    # --- answering

    def answer(self, query: str, variables: dict[str, Any], token: str) -> tuple[int, Any, dict[str, str]]:
        """Status, body and headers; None as a body drops the connection."""
        self.asked.append((query, variables))
        root = re.search(r"(?:done|list):(\w+)", query)
        name = root[1] if root else "other"
        if name == "login":
            return self._log_in(variables)
        if query == "{__typename}":
            return 200, {"data": {"__typename": "Query"}}, {}
        try:
            self._validate(query, variables)
            if "me{" in query and token == "of the key":
                raise Refused("FORBIDDEN", "You are not currently authorized to perform this action")
            if token not in {*self.tokens, "of the key"} or name in self.forbidden:
                raise Refused("FORBIDDEN", "You are not currently authorized to perform this action")
            if name in self.refused:
                raise self.refused[name]
            data = self._list(name, variables["o"], query) if "list:" in query else self._do(name, query, variables)
        except Refused as refused:
            status = 400 if refused.code == "GRAPHQL_VALIDATION_FAILED" else 200
            error: Row = {"message": refused.message, "extensions": {"code": refused.code}}
            if self.version < (2, 1) and status == 400:
                del error["extensions"]
            return status, {"errors": [error], "data": None}, {}
        return 200, None if name in self.lost else {"data": data}, {}

    def _validate(self, query: str, variables: dict[str, Any]) -> None:
        """What the older schemas do not have; nothing is carried out."""
        if self.version < (2, 2) and "moneyStrategyPrecision" in query:
            problem = 'Cannot query field "moneyStrategyPrecision" on type "ServerConfig".'
            raise Refused("GRAPHQL_VALIDATION_FAILED", problem)
        if self.version < (3, 1) and "createProductVariants" in query:
            for name in {"enabled", "prices"}.intersection(*variables["i"]):
                problem = f'Variable "$i" got invalid value; Field "{name}" is not defined by type'
                raise Refused("BAD_USER_INPUT", problem)

    def _log_in(self, variables: dict[str, Any]) -> tuple[int, Any, dict[str, str]]:
        if variables["p"] != self.password:
            wrong = {"errorCode": "INVALID_CREDENTIALS_ERROR", "message": "The provided credentials are invalid"}
            return 200, {"data": {"done": wrong}}, {"vendure-auth-token": "anonymous-token"}
        token = f"session-token-{next(self.ids)}"
        self.tokens.add(token)
        if self.by_cookie:
            said = f"session={token}; path=/; expires=Fri, 20 Nov 2027 12:00:00 GMT, session.sig=abc-_D; path=/"
            return 200, {"data": {"done": {"id": "1"}}}, {"Set-Cookie": said}
        return 200, {"data": {"done": {"id": "1"}}}, {"vendure-auth-token": token}

    def _rows(self, name: str, query: str) -> list[Row]:
        if name == "orders":
            return [*self.orders, *self.baskets]
        return {"customers": self.customers, "products": list(self.products.values())}.get(name, self.variants)

    def _list(self, name: str, options: dict[str, Any], query: str) -> Row:
        if options["take"] > self.limit:
            raise Refused("USER_INPUT_ERROR", f"Cannot take more than {self.limit} results from a list query")
        rows = [row for row in self._rows(name, query) if self._fits(row, options["filter"])]
        (stamp, *_) = options["sort"]
        rows.sort(key=lambda row: (row.get(stamp) or "", int(row["id"])))
        page = rows[options["skip"] : options["skip"] + options["take"]]
        if any(row["id"] in self.failing for row in page) and "updatedAt" in query:
            raise Refused("INTERNAL_SERVER_ERROR", "something broke")
        if thin := re.search(r"items\{(\w+ \w+)\}", query):
            page = [{name: row.get(name) for name in thin[1].split()} for row in page]
        return {"list": {"totalItems": len(rows), "items": page}}

    @staticmethod
    def _fits(row: Row, where: dict[str, Any]) -> bool:
        for name, wanted in where.items():
            placed = "orderPlacedAt" in row
            default = {"active": not placed, "type": "Regular"}.get(name)
            value = row["product"]["id"] if name == "productId" else row.get(name, default)
            for operator, other in wanted.items():
                good = {
                    "eq": lambda v=value, o=other: v == o,
                    "notEq": lambda v=value, o=other: v != o,
                    "in": lambda v=value, o=other: v in o,
                    "isNull": lambda v=value, o=other: (v is None) is o,
                    "after": lambda v=value, o=other: v is not None and v > o,
                }[operator]
                if not good():
                    return False
        return True

    def _do(self, name: str, query: str, variables: dict[str, Any]) -> Row:
        if "pricesIncludeTax" in query:
            channel = {"code": "main", "defaultCurrencyCode": "GBP", "availableCurrencyCodes": ["GBP"]}
            channel |= {"pricesIncludeTax": True, "defaultLanguageCode": "en"}
            settings = {"trackInventory": True, "serverConfig": {"moneyStrategyPrecision": 2}}
            return {"activeChannel": channel, "globalSettings": settings}
        if query == "{globalSettings{id}}":
            return {"globalSettings": {"id": "1"}}
        if "permissions" in query:
            me = {"channels": [{"code": "main", "permissions": self.permissions}]}
            return {"activeChannel": {"code": "main"}, "me": me}
        if "stockLocations" in query:
            return {"stockLocations": {"items": [{"id": "1", "name": "Main"}, {"id": "2", "name": "Attic"}]}}
        if "orderProcess" in query:
            names = ("AddingItems", "PaymentSettled", "Shipped", "Delivered", "Packed", "Cancelled")
            return {"globalSettings": {"serverConfig": {"orderProcess": [{"name": name} for name in names]}}}
        if "order(id:" in query:
            return {"order": next((row for row in self.orders if row["id"] == variables["i"]), None)}
        if "product(slug:" in query:
            return {"product": self._by_slug(variables["s"])}
        if "logout" in query:
            self.tokens.clear()  # all sessions of the user, as the real one does
            return {"logout": {"success": True}}
        return {"done": getattr(self, f"_{name}")(variables)}

    def _by_slug(self, slug: str) -> Row | None:
        for product in self.products.values():
            if product["slug"] == slug:
                mine = [{"id": one["id"]} for one in self.variants if one["product"]["id"] == product["id"]]
                return {"id": product["id"], "variants": mine}
        return None

    def _createProduct(self, variables: dict[str, Any]) -> Row:  # noqa: N802 - Vendure's own name
        (words,) = variables["i"]["translations"]
        number = str(next(self.ids))
        slug = words["slug"] if self._by_slug(words["slug"]) is None else f"{words['slug']}-2"
        base = {"id": number, "name": words["name"], "enabled": True, "updatedAt": iso(self.now)}
        self.products[number] = base | {"slug": slug}
        return {"id": number}

    def _createProductVariants(self, variables: dict[str, Any]) -> list[Row]:  # noqa: N802
        (wire,) = variables["i"]
        if any(one["product"]["id"] == wire["productId"] for one in self.variants):
            raise Refused("USER_INPUT_ERROR", "A ProductVariant with the selected options already exists")
        levels = [{"stockLocationId": "1", "stockOnHand": wire.get("stockOnHand", 0)}]
        made = self.add_variant(wire["sku"], wire["translations"][0]["name"], stockLevels=levels)
        self.products.pop(made["product"]["id"])
        made["product"] = self.products[wire["productId"]]
        made["prices"] = [{"currencyCode": "GBP", "price": wire.get("price", 0)}]
        return [{"id": made["id"]}]

    def _updateProductVariants(self, variables: dict[str, Any]) -> list[Row]:  # noqa: N802
        known = {one["id"]: one for one in self.variants}
        if missing := [one["id"] for one in variables["i"] if one["id"] not in known]:
            raise Refused("ENTITY_NOT_FOUND", f'No ProductVariant with the id "{missing[0]}" could be found')
        for wire in variables["i"]:
            variant = known[wire["id"]]
            variant["updatedAt"] = iso(self.now)
            variant["sku"] = wire.get("sku", variant["sku"])
            variant["stockLevels"] = wire.get("stockLevels", variant["stockLevels"])
            if "price" in wire:
                variant["prices"] = [{"currencyCode": "GBP", "price": wire["price"]}]
            if "translations" in wire:
                variant["name"] = wire["translations"][0]["name"]
        return [{"id": wire["id"]} for wire in variables["i"]]

    def _updateProduct(self, variables: dict[str, Any]) -> Row:  # noqa: N802
        self.rename_product(variables["i"]["id"], variables["i"]["translations"][0]["name"])
        return {"id": variables["i"]["id"]}

    def rename_product(self, product_id: str, name: str) -> None:
        """Moves the product's stamp only, as Vendure does."""
        self.products[product_id] |= {"name": name, "updatedAt": iso(self.now)}
        for variant in self.variants:
            if variant["product"]["id"] == product_id:
                variant["product"] = self.products[product_id]

    def _deleteProduct(self, variables: dict[str, Any]) -> Row:  # noqa: N802
        self.products.pop(variables["i"])
        return {"result": "DELETED"}

    def _createCustomer(self, variables: dict[str, Any]) -> Row:  # noqa: N802
        wire = variables["i"]
        if any(one["emailAddress"] == wire["emailAddress"].lower() for one in self.customers):
            return {"errorCode": "EMAIL_ADDRESS_CONFLICT_ERROR", "message": "The email address is not available."}
        base = {"id": str(next(self.ids)), "updatedAt": iso(self.now), "user": None, "addresses": []}
        self.customers.append({**deepcopy(self.customers[0]), **wire, **base})
        self.customers[-1]["emailAddress"] = wire["emailAddress"].lower()
        return {"id": base["id"]}

    def _createCustomerAddress(self, variables: dict[str, Any]) -> Row:  # noqa: N802
        wire = dict(variables["i"])
        wire["country"] = {"code": wire.pop("countryCode")}
        next(one for one in self.customers if one["id"] == variables["c"])["addresses"].append(wire)
        return {"id": "1"}

    def _order(self, order_id: str) -> Row:
        for row in self.orders:
            if row["id"] == order_id:
                return row
        raise Refused("ENTITY_NOT_FOUND", "No Order could be found")

    def _addFulfillmentToOrder(self, variables: dict[str, Any]) -> Row:  # noqa: N802
        wanted = {line["orderLineId"]: line["quantity"] for line in variables["i"]["lines"]}
        order = next((row for row in self.orders if {line["id"] for line in row["lines"]} >= set(wanted)), None)
        if order is None:
            raise Refused("ENTITY_NOT_FOUND", "No OrderLine could be found")
        for line in order["lines"]:
            if wanted.get(line["id"], 0) > line["quantity"] - self._sent(order, line["id"], "Cancelled"):
                return {"errorCode": "ITEMS_ALREADY_FULFILLED_ERROR", "message": "One or more are already fulfilled"}
        told = {one["name"]: one["value"] for one in variables["i"]["handler"]["arguments"]}
        made = {"id": str(next(self.ids)), "state": "Pending", "method": told["method"]}
        made["trackingCode"] = told["trackingCode"]
        made["lines"] = [{"orderLineId": line_id, "quantity": n} for line_id, n in wanted.items()]
        order["fulfillments"] = [*(order["fulfillments"] or []), made]
        return {"id": made["id"]}

    @staticmethod
    def _sent(order: Row, line_id: str, *without: str) -> int:
        parcels = [one for one in order["fulfillments"] or [] if one["state"] not in without]
        return sum(x["quantity"] for one in parcels for x in one["lines"] if x["orderLineId"] == line_id)

    def _transitionFulfillmentToState(self, variables: dict[str, Any]) -> Row:  # noqa: N802
        """The order follows, as in the real one."""
        state = variables["s"]
        for order in self.orders:
            for parcel in order["fulfillments"] or []:
                if parcel.get("id") == variables["i"]:
                    parcel["state"] = state
                    rest = any(one["quantity"] > self._sent(order, one["id"], "Pending") for one in order["lines"])
                    order["state"] = f"Partially{state}" if rest else state
                    return {"id": parcel["id"]}
        raise Refused("ENTITY_NOT_FOUND", "No Fulfillment could be found")

    def _transitionOrderToState(self, variables: dict[str, Any]) -> Row:  # noqa: N802
        self._order(variables["i"])["state"] = variables["s"]
        return {"id": variables["i"]}

    def _cancelOrder(self, variables: dict[str, Any]) -> Row:  # noqa: N802
        order = self._order(variables["i"]["orderId"])
        order |= {"state": "Cancelled", "updatedAt": iso(self.now)}
        return {"id": order["id"]}

    def _updateCustomer(self, variables: dict[str, Any]) -> Row:  # noqa: N802
        for one in self.customers:
            if one["id"] == variables["i"]["id"]:
                one.update(variables["i"])
                return {"id": one["id"]}
        raise Refused("ENTITY_NOT_FOUND", "No Customer could be found")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    shop: FakeVendure

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path != "/admin-api":
            self._reply(404, {"statusCode": 404, "message": f"Cannot POST {self.path}"}, {})
            return
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if self.shop.by_cookie:
            parts = self.headers.get("Cookie", "").split("; ")
            token = parts[0].removeprefix("session=") if parts[1:] == ["session.sig=abc-_D"] else ""
        if (key := self.headers.get("vendure-api-key")) and key == self.shop.api_key:
            token = "of the key"
        status, body, headers = self.shop.answer(asked["query"], asked["variables"], token)
        if body is None:
            self.close_connection = True
            return
        self._reply(status, body, headers)

    def _reply(self, status: int, body: Any, headers: dict[str, str]) -> None:
        data = json.dumps(body, default=float).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def date_time_string(self, timestamp: float | None = None) -> str:
        return format_datetime(self.shop.now, usegmt=True)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


@contextmanager
def serving(shop: FakeVendure) -> Iterator[str]:
    """The address of the shop's server, on a free port of loopback."""
    handler = type("Handler", (_Handler,), {"shop": shop})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    with running(server) as url:
        yield url
