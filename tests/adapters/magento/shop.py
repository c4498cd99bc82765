"""A small shop that speaks as much of Magento's REST API as the adapter uses, from recorded rows; it keeps state,
and it can misbehave by the name of a fault (`shop.faults`):

    ignore-conditions  every condition is unknown, and what is unknown is ignored: all rows come
    lost-answers       writes are carried out, and the connection is cut before the answer
    maintenance        the page that stands before the shop while it is upgraded
    half-json          a listing that breaks off
    bearer-off         an access token alone is refused (2.4.4 and later)
    unsorted           rows come in the order of their ids, whatever was asked for
    short-stock-list   the list of stock leaves rows out
    heavy              pages of more than 20 rows are more than the server has memory for
    net-rows           the rows of orders come less their discount (2.3.1 and later)
    no-negative-rows   and never below zero (2.4.7)
    laminas            signatures are checked over a path that is written anew, by HMAC-SHA256 only (2.4.6 and later)
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache, cmp_to_key
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from tests.adapters.magento.refusal import Refused
from tests.adapters.magento.sales import SalesSide

RECORDED = Path(__file__).parents[1] / "samples" / "magento"
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TOKEN = "token-7f3c9a"
FOUR = ("key-11aa", "consumer-secret & more", TOKEN, "token-secret-5b")
ADMIN = ("shopadmin", "admin-password-1")
Row = dict[str, Any]

_MONEY = re.compile(r"amount|total|price|due|paid|refunded|captured|ordered|subtotal")
_PLACE = re.compile(r"searchCriteria\[filter_groups\]\[(\d+)\]\[filters\]\[(\d+)\]\[(\w+)\]")


@cache
def _text_of(name: str) -> str:
    return (RECORDED / f"{name}.json").read_text(encoding="utf-8")


def recorded(name: str) -> Any:
    return json.loads(_text_of(name), parse_float=Decimal)


def stamp(moment: datetime) -> str:
    """UTC, without saying so."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def scaled(value: Any, factor: Decimal, name: str = "") -> Any:
    """A row with each amount so much higher: yen without decimals, dinars with three."""
    if isinstance(value, dict):
        return {key: scaled(part, factor, key) for key, part in value.items()}
    if isinstance(value, list):
        return [scaled(part, factor, name) for part in value]
    if isinstance(value, int | Decimal) and _MONEY.search(name) and not name.startswith("qty"):
        number = Decimal(value) * factor
        return int(number) if number == int(number) else number.normalize()
    return value


class Hurt(Exception):
    """The server does this instead of answering."""


class MagentoShop(SalesSide):
    """The shop's side: rows as the API shows them, by id. `sources` None: a shop without the inventory modules."""

    def __init__(self, *, with_sources: bool = False) -> None:
        self.moment = NOW
        self.faults: set[str] = set()
        self.closed: set[str] = set()  # resources that the integration lacks, by the first part of the path
        self.seen: list[tuple[str, str, dict[str, str], Any]] = []
        self.admin_tokens: dict[str, datetime] = {}
        self.nonces: set[str] = set()
        self.addresses: dict[str, int] = {}  # of the pages of new products, made of their names
        self.orders: dict[int, Row] = {}
        self.products: dict[int, Row] = {}
        self.stock: dict[int, Row] = {}
        self.customers: dict[int, Row] = {}
        self.baskets: dict[int, Row] = {}
        self.shipments: dict[int, Row] = {}
        self.memos: dict[int, Row] = {}
        self.template: Row = recorded("orders")[0]
        self.sources: dict[tuple[str, str], Row] | None = {} if with_sources else None
        self._fill()

    def tick(self, seconds: float = 1) -> str:
        self.moment += timedelta(seconds=seconds)
        return stamp(self.moment)

    def _fill(self) -> None:
        self.moment = NOW - timedelta(days=20)
        shelf, people, sold = recorded("products"), recorded("customers"), recorded("orders")
        for number in range(1, 26):
            row = deepcopy(shelf[number % len(shelf)])
            sku = {3: "SLASH/20 ä#1", 4: "With Space 21", 5: "123", 6: "comma,part"}.get(number, f"MG-{number:04}")
            row |= {"id": number, "sku": sku, "name": f"Thing {number} <b>&amp;</b>", "updated_at": self.tick(60)}
            self.put_product(row, stock=10 * number)
        for number in (26, 27):
            family = {"id": number, "sku": f"CFG-{number}", "name": "Shirt", "price": 0, "type_id": "configurable"}
            self.put_product({**deepcopy(shelf[0]), **family, "updated_at": self.tick(60)}, stock=None)
        for number in range(1, 13):
            row = deepcopy(people[number % len(people)])
            row |= {"id": number, "email": f"cust{number:03}@example.com", "updated_at": self.tick(60)}
            self.customers[number] = row
        factors = {"GBP": Decimal(1), "JPY": Decimal(100), "KWD": Decimal("0.1")}
        for number in range(1, 37):
            currency = list(factors)[number // 8 % 3]
            self.put_order(scaled(deepcopy(sold[number % len(sold)]), factors[currency]), number, currency)
            self.tick(120)
        for number in range(1, 4):
            self.put_basket(number)

    def put_product(self, row: Row, stock: int | None) -> None:
        number = row["id"]
        row.pop("extension_attributes", None)
        self.products[number] = row
        if stock is not None:
            item = recorded("stock_item") | {"item_id": 1000 + number, "product_id": number, "qty": stock}
            self.stock[number] = item
            if self.sources is not None:
                self.put_source(row["sku"], "default", stock)

    def put_source(self, sku: str, code: str, quantity: Any, status: int = 1) -> None:
        assert self.sources is not None
        row = {"sku": sku, "source_code": code, "quantity": quantity, "status": status}
        self.sources[sku, code] = row

    def put_order(self, row: Row, number: int, currency: str) -> Row:
        moment = stamp(self.moment)
        row |= {"entity_id": number, "increment_id": f"{number:09}", "order_currency_code": currency, "store_id": 1}
        row["quote_id"] = 10_000 + number
        self.orders[number] = row | {"created_at": moment, "updated_at": moment}
        return row

    def put_basket(self, number: int) -> None:
        moment = self.tick(60)
        line = {
            "item_id": number,
            "sku": "MG-0001",
            "qty": 2,
            "name": "Thing",
            "price": Decimal("19.99"),
            "quote_id": number,
        }
        self.baskets[number] = {
            "id": number,
            "created_at": moment,
            "updated_at": moment,
            "is_active": True,
            "items_count": 1,
            "items": [line],
            "customer": {"id": number, "email": "cust001@example.com", "firstname": "Eve", "lastname": "García"},
            "billing_address": {"email": None, "street": [""], "firstname": None},
            "currency": {"quote_currency_code": "GBP", "base_currency_code": "GBP"},
            "customer_is_guest": False,
            "store_id": 1,
        }

    # --- searching

    def search(self, rows: list[Row], params: dict[str, str], key: str) -> Row:
        if not any(name.startswith("searchCriteria") for name in params):
            raise Refused(400, "%fieldName is a required field.", {"fieldName": "searchCriteria"})
        groups: dict[str, dict[str, Row]] = {}
        for name, value in params.items():
            if match := _PLACE.fullmatch(name):
                groups.setdefault(match[1], {}).setdefault(match[2], {})[match[3]] = value
        for group in groups.values():
            rows = [row for row in rows if any(self._holds(row, one, key) for one in group.values())]
        if "unsorted" not in self.faults:
            order = [params[f"searchCriteria[sortOrders][{n}][field]"] for n in range(9) if _sorts(params, n)]
            if "id-first" in self.faults:
                order.reverse()
            downwards = params.get("searchCriteria[sortOrders][0][direction]") == "DESC"
            rows = sorted(
                rows, key=lambda row: tuple(_ordered(row.get(_own(name, key))) for name in order), reverse=downwards
            )
        size = int(params.get("searchCriteria[pageSize]", "0")) or max(1, len(rows))
        if "heavy" in self.faults and size > 20:
            raise Refused(500, "Internal Error. Details are available in Magento log file.")
        page = int(params.get("searchCriteria[currentPage]", "1"))
        last = max(1, -(-len(rows) // size))
        start = (min(page, last) - 1) * size  # a page past the end is the last one again
        return {"items": deepcopy(rows[start : start + size]), "search_criteria": {}, "total_count": len(rows)}

    def _holds(self, row: Row, one: Row, key: str) -> bool:
        field, value, condition = _own(one["field"], key), one["value"], one.get("condition_type", "eq")
        if field not in {*row, "updated_at", "entity_id", "website_id", "store_id", "type_id", "quote_id"}:
            report = "webapi-6b00e9277098c"
            raise Refused(500, f"Internal Error. Details are available in Magento log file. Report ID: {report}")
        if "ignore-conditions" in self.faults or condition not in _CONDITIONS:
            return True
        return _CONDITIONS[condition](_ordered(row.get(field)), value.lower())

    # --- answering

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes, origin: str) -> tuple[int, Any]:
        """Status and JSON. `origin` is what a client calls the shop: signatures are made over it."""
        path, _, query = target.partition("?")
        params = {unquote(name): unquote(value) for name, _, value in (p.partition("=") for p in query.split("&") if p)}
        told = json.loads(body, parse_float=Decimal) if body else None
        if path == "/magento_version":
            return 200, "Magento/2.2 (Community)"
        if "maintenance" in self.faults:
            raise Hurt("maintenance")
        if re.match(r"/rest/(?!all/|default/|two/|eur/|V1/)\w+/V1/", path):
            return 400, {"message": "Specified request cannot be processed."}
        match = re.fullmatch(r"/rest/(?:(all|default|two|eur)/)?V1/(.+)", path)
        if match is None:
            return 404, {"message": "Request does not match any route."}
        self.seen.append((method, path, params, told))
        where = [unquote(part) for part in match[2].split("/")]
        try:
            if where[0] not in ("integration", "directory"):
                self._authorize(method, origin + path, query, headers, where[0])
            status, answer = 200, self._route(method, where, params, told)
        except Refused as refused:
            status, answer = refused.status, refused.body
        if method != "GET" and where[0] != "integration" and status == 200 and "lost-answers" in self.faults:
            raise Hurt("cut")
        if method == "GET" and where[0] == "orders" and "half-json" in self.faults:
            raise Hurt("half-json")
        return status, answer

    def _authorize(self, method: str, url: str, query: str, headers: dict[str, str], resource: str) -> None:
        given = headers.get("authorization", "")
        refused = Refused(401, "Consumer is not authorized to access %resources", {"resources": f"Magento::{resource}"})
        if given.startswith("OAuth "):
            self._check_signature(method, url, query, given)
        else:
            token = given.removeprefix("Bearer ")
            ends = self.admin_tokens.get(token)
            if not (ends and self.moment < ends) and (token != TOKEN or "bearer-off" in self.faults):
                raise refused
        if resource in self.closed or f"{method} {resource}" in self.closed:
            raise refused

    def _check_signature(self, method: str, url: str, query: str, given: str) -> None:
        """As Magento does: values decoded raw (a + stays a +), names in natural order."""
        oauth = {name: unquote(value) for name, value in re.findall(r'(\w+)="([^"]*)"', given)}
        signature, nonce = oauth.pop("oauth_signature"), oauth["oauth_nonce"]
        if int(oauth["oauth_timestamp"]) > self.moment.timestamp() + 600:
            raise Refused(401, "Incorrect timestamp value in the oauth_timestamp parameter")
        if nonce in self.nonces:
            raise Refused(401, "The nonce is already being used by the consumer with ID 1")
        self.nonces.add(nonce)
        if "laminas" in self.faults:
            url = laminas_url(url)
            if oauth["oauth_signature_method"] == "HMAC-SHA1":
                raise Refused(400, "Signature method HMAC-SHA1 is not supported")
        pairs = {quote(unquote(n), safe="~"): quote(unquote(v), safe="~") for n, _, v in _pairs(query)}
        pairs |= {quote(name, safe="~"): quote(value, safe="~") for name, value in oauth.items()}
        names = sorted(pairs, key=cmp_to_key(_natural))
        base = "&".join((method, quote(url, safe="~"), quote("&".join(f"{n}={pairs[n]}" for n in names), safe="~")))
        key = f"{quote(FOUR[1], safe='~')}&{quote(FOUR[3], safe='~')}"
        hashed = hashlib.sha1 if oauth["oauth_signature_method"] == "HMAC-SHA1" else hashlib.sha256
        expected = base64.b64encode(hmac.new(key.encode(), base.encode(), hashed).digest()).decode()
        if signature != expected or (oauth["oauth_consumer_key"], oauth["oauth_token"]) != (FOUR[0], FOUR[2]):
            raise Refused(401, "The signature is invalid. Verify and try again.")

    def _route(self, method: str, where: list[str], params: dict[str, str], told: Any) -> Any:
        match method, where:
            case "POST", ["integration", "admin", "token"]:
                return self._log_in(told)
            case "GET", ["directory", "currency"]:
                return {"base_currency_code": "GBP"}
            case "GET", ["store", "websites"]:
                return [{"id": 0, "code": "admin"}, {"id": 1, "code": "base"}, {"id": 2, "code": "second"}]
            case "GET", ["store", "storeConfigs"]:
                zone = {"base_currency_code": "GBP", "timezone": "Australia/Sydney"}
                return [
                    {"id": 1, "code": "default", "website_id": 1} | zone,
                    {"id": 2, "code": "two", "website_id": 2} | zone,
                ]
            case "GET", ["orders"]:
                found = self.search(list(self.orders.values()), params, "entity_id")
                return found | {"items": [self.shown(row) for row in found["items"]]}
            case "GET", ["products"]:
                return self.search(list(self.products.values()), params, "id")
            case "GET", ["customers", "search"]:
                return self.search(list(self.customers.values()), params, "id")
            case "GET", ["shipments"] | ["creditmemos"] | ["customerGroups", "search"] | ["carts", "search"]:
                return self._route_lists(where[0], params)
            case _, ["products", *_] | ["stockItems", *_] | ["inventory", *_]:
                return self._route_goods(method, where, params, told)
            case _, ["customers", *_]:
                return self._route_people(method, where, told)
            case _, ["order" | "orders" | "carts", *_]:
                return self.route_sales(method, where, told)
        raise Refused(404, "Request does not match any route.")

    def _route_lists(self, name: str, params: dict[str, str]) -> Any:
        match name:
            case "shipments":
                return self.search(list(self.shipments.values()), params, "entity_id")
            case "creditmemos":
                return self.search(list(self.memos.values()), params, "entity_id")
            case "customerGroups":
                names = enumerate(("NOT LOGGED IN", "General", "Wholesale"))
                return self.search([{"id": number, "code": name} for number, name in names], params, "id")
            case _:
                # Quotes that are not active come without their lines.
                quotes = [row if row["is_active"] else {k: v for k, v in row.items() if k != "items"}
                          for row in self.baskets.values()]  # fmt: skip
                return self.search(quotes, params, "id")

    def _log_in(self, told: Row) -> str:
        if (told["username"], told["password"]) != ADMIN:
            raise Refused(401, "You did not sign in correctly or your account is temporarily disabled.")
        token = f"admin-token-{len(self.admin_tokens)}"
        self.admin_tokens[token] = self.moment + timedelta(hours=4)
        return token

    def _route_goods(self, method: str, where: list[str], params: dict[str, str], told: Any) -> Any:
        match method, where:
            case "POST", ["products"]:
                return self._save_product(told["product"])
            case "PUT", ["products", sku]:
                self.by_sku(sku)
                return self._save_product(told["product"] | {"sku": sku})
            case "PUT", ["products", sku, "stockItems", _]:  # whatever id is given, it is the SKU's row
                item = self.stock[self.by_sku(sku)["id"]]
                item |= {"is_in_stock": told["stockItem"]["qty"] > 0} | told["stockItem"]
                return str(item["item_id"])
            case "GET", ["stockItems", "lowStock", ""]:
                rows = [row | {"product_id": number} for number, row in self.stock.items()]
                rows = [row for row in rows if row["qty"] is not None and row["qty"] <= int(params["qty"])]
                size, page = int(params["pageSize"]), int(params["currentPage"])
                shown = rows[(page - 1) * size : page * size]
                return {"items": shown[1:] if "short-stock-list" in self.faults else shown, "total_count": len(rows)}
            case "GET", ["stockItems", sku]:
                return deepcopy(self.stock[self.by_sku(sku)["id"]])
            case "GET", ["inventory", "source-items"] if self.sources is not None:
                return self.search(list(self.sources.values()), params, "sku")
            case "POST", ["inventory", "source-items"] if self.sources is not None:
                return self._save_sources(told["sourceItems"])
        raise Refused(404, "Request does not match any route.")

    def _save_product(self, told: Row) -> Row:
        found = [row for row in self.products.values() if row["sku"].lower() == told["sku"].lower()]
        number = found[0]["id"] if found else max(self.products) + 1
        words = {one["attribute_code"]: one["value"] for one in told.get("custom_attributes", [])}
        address = words.get("url_key") or re.sub("[^a-z0-9]+", "-", told.get("name", "").lower())
        if not found and self.addresses.setdefault(address, number) != number:
            raise Refused(400, "URL key for specified store already exists.")
        row = found[0] if found else {"id": number, "custom_attributes": [], "created_at": stamp(self.moment)}
        extras = told.pop("extension_attributes", {})
        row |= {key: value for key, value in told.items() if key != "sku" or not found} | {"updated_at": self.tick()}
        self.products[number] = row
        if not found:
            wanted = extras.get("stock_item", {"qty": None, "is_in_stock": False})
            self.stock[number] = recorded("stock_item") | {"item_id": 1000 + number, "product_id": number} | wanted
            if self.sources is not None:
                self.put_source(row["sku"], "default", wanted["qty"] or 0, int(wanted["is_in_stock"]))
        return deepcopy(row)

    def _save_sources(self, rows: list[Row]) -> list[Any]:
        assert self.sources is not None
        if not rows:
            raise Refused(400, "Input data is empty")
        for number, row in enumerate(rows):
            if "status" not in row or row["source_code"] not in ("default", "second"):
                raise Refused(400, "Validation Failed: row %1", [str(number)])
        for row in rows:
            self.put_source(self.by_sku(row["sku"])["sku"], row["source_code"], row["quantity"], row["status"])
        return []

    def by_sku(self, sku: str) -> Row:
        for row in self.products.values():
            if row["sku"].lower() == sku.lower():
                return row
        raise Refused(404, "The product that was requested doesn't exist. Verify the product and try again.")

    def _route_people(self, method: str, where: list[str], told: Any) -> Any:
        if method == "POST" and where == ["customers"]:
            row = told["customer"]
            if any(one["email"].lower() == row["email"].lower() for one in self.customers.values()):
                raise Refused(400, "A customer with the same email address already exists in an associated website.")
            number = max(self.customers) + 1
            moment = self.tick()
            given = {"id": number, "addresses": [], "website_id": 1, "created_at": moment, "updated_at": moment}
            self.customers[number] = given | row
            return deepcopy(self.customers[number])
        number = int(where[1])
        if number not in self.customers:
            raise Refused(
                404, "No such entity with %fieldName = %fieldValue", {"fieldName": "id", "fieldValue": number}
            )
        if method == "PUT":
            # Addresses that are not repeated are deleted; where none are named all stay. The rest is replaced.
            kept = {
                "addresses": self.customers[number]["addresses"],
                "created_at": self.customers[number]["created_at"],
            }
            self.customers[number] = kept | told["customer"] | {"id": number, "updated_at": self.tick()}
        return deepcopy(self.customers[number])


def laminas_url(url: str) -> str:
    """laminas-uri's normalizePath, as PHP has it: what is allowed is decoded, the rest stays, in capitals."""

    def one(match: re.Match[str]) -> str:
        byte = bytes.fromhex(match[0][1:])
        return byte.decode() if re.fullmatch(rb"[a-zA-Z0-9_\-.~:@&=+$,/;%]", byte) else match[0].upper()

    return re.sub("%(?![A-Fa-f0-9]{2})", "%25", re.sub("%[A-Fa-f0-9]{2}", one, url))


def _pairs(query: str) -> Iterator[tuple[str, str, str]]:
    return (pair.partition("=") for pair in query.split("&") if pair)


def _sorts(params: dict[str, str], number: int) -> bool:
    return f"searchCriteria[sortOrders][{number}][field]" in params


def _own(field: str, key: str) -> str:
    return key if field == "entity_id" else field


def _ordered(value: Any) -> Any:
    """What the database compares: numbers as such, texts without case, NULL before all."""
    if isinstance(value, bool):
        return (1, Decimal(int(value)), "")
    if isinstance(value, int | Decimal):
        return (1, Decimal(value), "")
    return (0, Decimal(0), "") if value is None else (1, Decimal(0), str(value).lower())


def _same(held: Any, text: str) -> Any:
    """The value of a condition, in the kind of what it is compared with."""
    return (
        (1, Decimal(0), text) if held[2] else (1, Decimal(text or 0), "") if _is_number(text) else (1, Decimal(0), text)
    )


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?", text) is not None


def _among(held: Any, text: str) -> bool:
    return any(held == _same(held, one) for one in text.split(","))


_CONDITIONS: dict[str, Callable[[Any, str], bool]] = {
    "eq": lambda held, text: held == _same(held, text),
    "neq": lambda held, text: held != _same(held, text),
    "gt": lambda held, text: held > _same(held, text),
    "gteq": lambda held, text: held >= _same(held, text),
    "lteq": lambda held, text: held <= _same(held, text),
    "in": _among,
    "nin": lambda held, text: not _among(held, text),
}


def _natural(one: str, two: str) -> int:
    """PHP's strnatcmp, as far as it matters: digits as a number."""
    left, right = (
        [(0, int(p), "") if p.isdigit() else (1, 0, p) for p in re.findall(r"\d+|\D", t)] for t in (one, two)
    )
    return (left > right) - (left < right)
