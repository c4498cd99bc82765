"""The protocol's routes over a demo shop, as an ASGI application. Source: docs/cart-connect.md."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hmac import compare_digest

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from cartui.demo import order_writes, writes
from cartui.demo.catalogue import BASE_CURRENCY
from cartui.demo.checks import check_parameters, read_key, read_object
from cartui.demo.lifecycle import ORDER_STATES, SETTABLE
from cartui.demo.pages import FILTERS, get_row, list_rows
from cartui.demo.pricing import EXPONENTS
from cartui.demo.shop import DemoShop
from cartui.demo.wire import BATCH_MAXIMUM, KINDS, PAGE_DEFAULT, PAGE_MAXIMUM, RefusalError, Row, dump_json, render_time

DIRECTORY = "/shop"
"""The directory that holds ``cartconnect`` on this server; the address a merchant enters ends with it."""
BASE = f"{DIRECTORY}/cartconnect/v1"
BODY_MAXIMUM = 1_048_576
WRITES = (
    "items.create", "items.update", "stock.set", "customers.create", "customers.update",
    "shipments.create", "orders.update", "baskets.order",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Call:
    """A request that passed authentication and whose parameters are known."""

    shop: DemoShop
    path: Mapping[str, str]
    parameters: Mapping[str, str]
    key: str | None
    raw_body: bytes
    can_write: bool

    @property
    def body(self) -> Row:
        """The JSON object sent."""
        return read_object(self.raw_body)


Action = Callable[[Call], tuple[int, Row]]


def build_app(shop: DemoShop) -> Starlette:
    """The shop as a web site: the protocol under BASE, an HTML page anywhere else, as a real shop would have."""

    def route(method: str, path: str, action: Action, allowed: tuple[str, ...] = ()) -> Route:
        async def endpoint(request: Request) -> Response:
            return await _answer(shop, request, action, allowed)

        return Route(f"{BASE}/{path}", endpoint, methods=[method])

    routes = [route("GET", "ping", _ping)]
    for kind in KINDS:
        routes.append(route("GET", kind, _lister(kind), ("cursor", "limit", "ids", *FILTERS[kind])))
        routes.append(route("GET", f"{kind}/{{id}}", _getter(kind)))
    routes += [
        route("POST", "items", lambda call: writes.create_item(call.shop, read_key(call.key), call.body)),
        route("PATCH", "items/{id}", _updater("items")),
        route("POST", "customers", lambda call: writes.create_customer(call.shop, read_key(call.key), call.body)),
        route("PATCH", "customers/{id}", _updater("customers")),
        route("POST", "stock", lambda call: writes.set_stock(call.shop, call.body)),
        route("POST", "orders/{id}/shipments", _ship),
        route("PATCH", "orders/{id}", lambda call: order_writes.update_order(call.shop, call.path["id"], call.body)),
        route("POST", "baskets/{id}/order", _place_order),
        Route(f"{DIRECTORY}/admin/{{kind}}/{{id}}", _back_office),
    ]
    return Starlette(routes=routes, exception_handlers={HTTPException: _refuse_path})


def _lister(kind: str) -> Action:
    return lambda call: (200, list_rows(call.shop, kind, call.parameters))


def _getter(kind: str) -> Action:
    return lambda call: (200, get_row(call.shop, kind, call.path["id"]))


def _updater(kind: str) -> Action:
    return lambda call: writes.update_row(call.shop, kind, call.path["id"], call.body)


def _ship(call: Call) -> tuple[int, Row]:
    return writes.create_shipment(call.shop, call.path["id"], read_key(call.key), call.body)


def _place_order(call: Call) -> tuple[int, Row]:
    return order_writes.place_order(call.shop, call.path["id"], read_key(call.key), call.body)


async def _back_office(request: Request) -> Response:
    """Where a real shop asks its staff for a password; this one has no staff and shows nothing."""
    name = html.escape(f"{request.path_params['kind']} {request.path_params['id']}")
    return HTMLResponse(f"<!DOCTYPE html><title>Demo shop</title><h1>{name}</h1><p>The back office would be here.</p>")


def _ping(call: Call) -> tuple[int, Row]:
    """Who this is, what it can do, and what time it is here."""
    return 200, {
        "protocol": {"name": "cart-connect", "version": "1.1"},
        "shop": {"id": call.shop.shop_id, "name": "cartui demo shop"},
        "software": {"name": "cartui.demo", "version": "1.0"},
        "server_time": render_time(call.shop.now()),
        "time_zone": "Europe/Berlin",
        "rights": {"read": True, "write": call.can_write},
        "capabilities": {
            "lists": {kind: {"modified_since": True} for kind in KINDS},
            "writes": list(WRITES),
            "page_maximum": PAGE_MAXIMUM,
            "page_default": PAGE_DEFAULT,
            "batch_maximum": BATCH_MAXIMUM,
            "stock_means": "free",
            "prices_include_tax": True,
            "price_currency": BASE_CURRENCY,
            "currencies": [{"code": code, "exponent": exponent} for code, exponent in EXPONENTS.items()],
            "order_statuses": [
                {"status": word, "order_state": state, "settable": word in SETTABLE}
                for word, state in ORDER_STATES.items()
            ],
            "admin_pages": {kind: f"{DIRECTORY}/admin/{kind}/{{id}}" for kind in KINDS},
            "late_by_seconds": 0,
        },
    }


async def _answer(shop: DemoShop, request: Request, action: Action, allowed: tuple[str, ...]) -> Response:
    try:
        can_write = _authenticate(shop, request)
        if request.method not in ("GET", "HEAD") and not can_write:
            raise RefusalError(
                403, "read_only", "this password may only read", "Use the shop's password with write rights."
            )
        parameters = check_parameters(request.query_params.multi_items(), allowed)
        raw_body = await _read_body(request)
        key = request.headers.get("idempotency-key")
        status, body = action(Call(shop, request.path_params, parameters, key, raw_body, can_write))
    except RefusalError as refusal:
        status, body = refusal.status, refusal.body
    return _json(status, body)


def _authenticate(shop: DemoShop, request: Request) -> bool:
    """True when the password may write, False when it may only read; 401 for any other."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    given_bytes = given.encode("utf-8", "surrogateescape")
    writes_allowed = compare_digest(given_bytes, shop.password.encode())
    reads_allowed = compare_digest(given_bytes, shop.read_only_password.encode())
    if scheme.lower() != "bearer" or not (writes_allowed or reads_allowed):
        remedy = "Send the header Authorization: Bearer <password> with the password set in the shop's module."
        raise RefusalError(401, "unauthorized", "the password is missing or wrong", remedy)
    return writes_allowed


async def _read_body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_MAXIMUM:
            raise RefusalError(
                413, "too_large", "the body is too large", f"Send at most {BODY_MAXIMUM} bytes per call."
            )
    return body


async def _refuse_path(request: Request, error: Exception) -> Response:
    """Wrong path or method: the protocol's shape inside of it, the shop's HTML page outside."""
    if not request.url.path.startswith(f"{BASE}/"):
        return HTMLResponse("<!DOCTYPE html><title>Demo shop</title><h1>This page does not exist</h1>", 404)
    if isinstance(error, HTTPException) and error.status_code == 405:
        refusal = RefusalError(
            405, "method_not_allowed", "no such method here", "See docs/cart-connect.md for the methods."
        )
    else:
        refusal = RefusalError(404, "not_found", "no such path", "See docs/cart-connect.md for the paths.")
    return _json(refusal.status, refusal.body)


def _json(status: int, body: Row) -> Response:
    headers = {"content-type": "application/json; charset=utf-8", "cache-control": "no-store"}
    if status == 401:
        headers["www-authenticate"] = 'Bearer realm="cartconnect"'
    return Response(dump_json(body), status, headers)
