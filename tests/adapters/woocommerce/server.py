"""The made-up WooCommerce over HTTP: keys and signatures are checked as the real one checks them; faults of what stands
in front of a shop are this one's."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from tests.adapters.woocommerce.shop import Refusal, Shop
from tests.loopback import running

KEY, SECRET = "ck_made_up_key", "cs_made_up_secret"
NOTICE = b"<br />\n<b>Notice</b>:  Undefined index: [foo] in <b>/srv/www/plugin.php</b> on line <b>12</b><br />\n"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    shop: ClassVar[Shop]
    encrypted: ClassVar[bool]

    def log_message(self, *args: Any) -> None:
        """Quiet."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        return f"{self.shop.now:%a, %d %b %Y %H:%M:%S} GMT"

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.shop.requests.append((self.command, self.path))
        try:
            self._answer(body)
        except Refusal as refusal:
            self._send(refusal.status, refusal.body)

    do_GET = do_POST = do_PUT = do_OPTIONS = handle_any  # noqa: N815

    def _answer(self, body: bytes) -> None:
        faults = self.shop.faults
        if "maintenance" in faults:
            page = b"<!DOCTYPE html><title>Maintenance</title><p>Briefly unavailable for scheduled maintenance."
            return self._raw(503, page, "text/html", {"Retry-After": "600"})
        if "page_200" in faults:
            return self._raw(200, b"<!DOCTYPE html><title>Shop</title>", "text/html")
        parts = urlsplit(self.path)
        params = dict(parse_qsl(parts.query, keep_blank_values=True))
        path = self._route(parts.path, params)
        if path is None:
            return self._raw(404, b"<!DOCTYPE html><title>Not found</title>", "text/html")
        if path == "/":
            told = {
                "name": "Shop",
                "namespaces": ["wp/v2", "wc/v3", *(["wc-shipment-tracking/v3"] if "tracking" in faults else [])],
                "gmt_offset": 5.5,
                "timezone_string": "Asia/Kolkata",
            }
            return self._send(200, told)
        if not path.startswith(("/wc/v3/", "/wc-shipment-tracking/v3/")):
            raise Refusal(404, "rest_no_route")
        path = path.removeprefix("/wc/v3/").removeprefix("/")
        if self.command == "OPTIONS":
            return self._send_options(path)
        self._check_key(parts.path, params)
        if self.command == "GET":
            self.shop.before_request(path, params)
            return self._send_rows(self.shop.read(path, params), params)
        if "read_only" in faults:
            message = "The API key provided does not have write permissions."
            raise Refusal(401, "woocommerce_rest_authentication_error", message)
        status, told = self.shop.write(self.command, path, json.loads(body))
        if "lost_answers" in faults:
            self.close_connection = True
            self.connection.shutdown(2)
            return None
        return self._send(status, told)

    def _route(self, path: str, params: dict[str, str]) -> str | None:
        faults = self.shop.faults
        if "plain_permalinks" in faults:
            return params.pop("rest_route", None)
        prefix = "/index.php/wp-json" if "no_rewrite" in faults else "/wp-json"
        return path.removeprefix(prefix) if path.startswith(prefix + "/") else None

    def _send_options(self, path: str) -> None:
        if "no_options" in self.shop.faults:
            return self._raw(405, b"", "text/html")
        words = ["any", "trash", *self.shop.statuses]
        status = {"default": ["any"], "type": "array", "items": {"type": "string", "enum": words}}
        endpoints = [{"methods": ["GET"], "args": {"status": status}}, {"methods": ["POST"], "args": {}}]
        return self._send(200, {"namespace": "wc/v3", "methods": ["GET", "POST"], "endpoints": endpoints})

    # --- keys, as class-wc-rest-authentication.php checks them

    def _check_key(self, path: str, params: dict[str, str]) -> None:
        header = "" if "strip_header" in self.shop.faults else self.headers.get("Authorization", "")
        # it looks for this in the address before it reads any key; plug-ins' parts are called wc-…
        if not any(place in self.path for place in ("wp-json/wc/", "wp-json/wc-")):
            raise Refusal(401, "woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")
        if self.encrypted:
            pair = params.pop("consumer_key", ""), params.pop("consumer_secret", "")
            if header.startswith("Basic "):
                user, _, word = base64.b64decode(header[6:]).decode().partition(":")
                pair = (user, word)
            self._check_pair(*pair)
        else:
            self._check_signature(path, params, header)

    def _check_pair(self, key: str, secret: str) -> None:
        if not key:
            raise Refusal(401, "woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")
        if key != KEY or not hmac.compare_digest(secret, SECRET):
            raise Refusal(401, "woocommerce_rest_authentication_error", "Consumer secret is invalid.")

    def _check_signature(self, path: str, params: dict[str, str], header: str) -> None:
        oauth = {name: params.pop(name) for name in list(params) if name.startswith("oauth_")}
        if header.startswith("OAuth "):
            pairs = (part.strip().partition("=") for part in header[6:].split(","))
            oauth = {name: unquote(value.strip('"')) for name, _, value in pairs}
        if not oauth:
            raise Refusal(401, "woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")
        signed = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True)) | oauth
        given = signed.pop("oauth_signature")
        query = "%26".join(f"{self._twice(name)}%3D{self._twice(value)}" for name, value in sorted(signed.items()))
        site = f"http://{self.headers['Host']}{path}"
        base = f"{self.command}&{quote(site, safe='~')}&{query}"
        digest = hmac.new(f"{SECRET}&".encode(), base.encode(), hashlib.sha256).digest()
        if oauth["oauth_consumer_key"] != KEY or base64.b64encode(digest).decode() != given or "[" in self.path:
            raise Refusal(401, "woocommerce_rest_authentication_error", "Invalid signature - does not match.")
        if abs(int(oauth["oauth_timestamp"]) - self.shop.now.timestamp()) > 900:
            raise Refusal(401, "woocommerce_rest_authentication_error", "Invalid timestamp.")
        if oauth["oauth_nonce"] in self.shop.nonces:
            raise Refusal(401, "woocommerce_rest_authentication_error", "Invalid nonce - nonce has already been used.")
        self.shop.nonces.add(oauth["oauth_nonce"])

    @staticmethod
    def _twice(text: str) -> str:
        return quote(text, safe="~").replace("%", "%25")

    # --- bytes

    def _send_rows(self, told: Any, params: dict[str, str]) -> None:
        if not isinstance(told, list):
            return self._send(200, told)
        per_page = int(params.get("per_page", "10"))
        if per_page > 100:
            raise Refusal(400, "rest_invalid_param", params={"per_page": "per_page must be between 1 and 100"})
        start = (int(params.get("page", "1")) - 1) * per_page
        rows = told[start : start + per_page]
        if fields := params.get("_fields"):
            rows = [{name: row[name] for name in fields.split(",") if name in row} for row in rows]
        total = len(told) + ("lying_total" in self.shop.faults)
        headers = {"X-WP-Total": str(total), "X-WP-TotalPages": str(-(-len(told) // per_page))}
        if "holes" in self.shop.faults and rows:
            return self._send(200, {str(number + 1): row for number, row in enumerate(rows)}, headers)
        return self._send(200, rows, {} if "no_totals" in self.shop.faults else headers)

    def _send(self, status: int, told: Any, headers: dict[str, str] | None = None) -> None:
        faults = self.shop.faults
        body = json.dumps(told).encode()
        kind = "text/html" if "notices" in faults else "application/json; charset=UTF-8"
        body = (NOTICE if "notices" in faults else b"") + body + (NOTICE if "notices_after" in faults else b"")
        self._raw(status, body, kind, headers)

    def _raw(self, status: int, body: bytes, kind: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def serving(shop: Shop, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """The shop's address on a free loopback port."""
    kind = type("BoundHandler", (Handler,), {"shop": shop, "encrypted": tls is not None})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    with running(server) as url:
        yield url.replace("http:", "https:") if tls else url
