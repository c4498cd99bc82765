"""Requests to one shop: where its REST API is, and how the key is sent.

Address: below `wp-json/`, or `index.php/wp-json/` (a web server without rewriting), or `?rest_route=/` (plain
permalinks; there WooCommerce looks for "wp-json/wc/" in the address before it reads a key, so that it is put there).
Key: over https as Basic, or, where something on the way removes that header, as query parameters; over plain http
signed by OAuth 1.0a, as a header or, likewise, in the query.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from pydantic_core import from_json

from cartui.adapters.woocommerce import signing
from cartui.adapters.woocommerce.errors import EXPECTED, NO_ROUTE, code_of, error_of, tidy_json
from cartui.domain.ports import Connection
from cartui.errors import AbortCycleError, NeedsOperatorError
from cartui.transport import (
    Exchange,
    Limits,
    Reply,
    RetryRules,
    Transport,
    Waiter,
    basic_auth,
    join,
    parse_address,
    register_secret,
    render_oauth,
)

ROOTS: Final = ("wp-json/", "index.php/wp-json/", "?rest_route=/")
_MARK: Final = "&cartui=wp-json/wc/"
_API: Final = "wc/v3/"
_TAIL: Final = re.compile(r"/+(?:(?:index\.php/+)?wp-json(?:/.*)?|wp-admin(?:/.*)?|wp-login\.php)?$")
LIMITS: Final = Limits(read_seconds=60.0, deadline_seconds=110.0)  # a hundred products are saved one by one
_MOST_SKEW: Final = timedelta(minutes=5)


class Client:
    """One shop's API. Paths are below wc/v3/, those with a slash before them below the root of all APIs. Errors: those
    of `errors`, and the transport's."""

    def __init__(self, connection: Connection, waiter: Waiter | None = None) -> None:
        self._connection = connection
        self._waiter = waiter
        self._opened: Transport | None = None
        self._root = ROOTS[0]
        self._root_known = False
        self._in_query = connection.options.get("key_sent", "auto") == "query"
        self.url = _TAIL.sub("", connection.url.strip())
        self._skew = timedelta(0)  # the shop's clock less ours, where that matters
        self._namespaces: frozenset[str] | None = None
        self.last_status: int | None = None
        self.exchanges = 0

    @property
    def is_open(self) -> bool:
        """The address was accepted: a request can leave."""
        return self._opened is not None

    @property
    def key_sent(self) -> str:
        """How the key travels, for a person."""
        way = "signed (OAuth 1.0a)" if self._signs else "as a password"
        return f"{way}, {'in the query' if self._in_query else 'in a header'}"

    def close(self) -> None:
        if self._opened is not None:
            self._opened.close()

    def get(self, path: str, params: Mapping[str, str], record: str, *, listing: bool = True) -> Reply:
        """A read. Of a `listing` there is no single record that could be held."""
        return self._ask("GET", path, dict(params), None, record, listing=listing, idempotent=True, writes=False)

    def find(self, path: str, params: Mapping[str, str], record: str) -> Reply | None:
        """As `get`; None where the shop has no such path or refuses it, or does not know a parameter's value."""
        reply = self._try("GET", path, dict(params), None, record, listing=True, idempotent=True, writes=False)
        return reply if reply.status not in EXPECTED else None

    def look(self, path: str, record: str) -> Reply:
        """A read of one record's part, whatever the shop says to it."""
        return self._try("GET", path, {}, None, record, listing=False, idempotent=True, writes=False)

    def has_namespace(self, name: str) -> bool:
        """A plug-in's part of the API, such as "wc-shipment-tracking/v3"; asked once."""
        if self._namespaces is None:
            told = self.index().json
            names = told.get("namespaces") if isinstance(told, dict) else None
            self._namespaces = frozenset(map(str, names)) if isinstance(names, list) else frozenset()
        return name in self._namespaces

    def options(self, path: str) -> Reply | None:
        """What a path says of its own parameters; None where it is not told."""
        try:
            reply = self._try("OPTIONS", path, {}, None, path, listing=True, idempotent=True, writes=False)
        except NeedsOperatorError:
            return None  # a firewall that lets only the usual methods pass
        return reply if reply.status not in EXPECTED else None

    def send(
        self, method: str, path: str, body: Mapping[str, Any], record: str, *, idempotent: bool, writes: bool = True
    ) -> Reply:
        """A write. `idempotent` as in the transport."""
        return self._ask(method, path, {}, body, record, listing=False, idempotent=idempotent, writes=writes)

    def index(self) -> Reply:
        """What the site says of itself, to anybody: name, time zone, namespaces."""
        fields = {"_fields": "name,url,home,gmt_offset,timezone_string,namespaces"}
        return self._rooted(
            lambda: self._transport.get_json(*self._place("", fields, api=""), expect=EXPECTED, listing=True)
        )

    # --- trying

    def _ask(self, method: str, path: str, params: dict[str, str], body: Any, record: str, **rules: bool) -> Reply:
        reply = self._try(method, path, params, body, record, **rules)
        if reply.status in EXPECTED:
            raise error_of(reply, record, listing=rules["listing"])
        return reply

    def _try(self, method: str, path: str, params: dict[str, str], body: Any, record: str, **rules: bool) -> Reply:
        reply = self._rooted(lambda: self._send(method, path, params, body, record, **rules))
        if self._outside_of_time(reply):
            reply = self._send(method, path, params, body, record, **rules)
        if self._lost_credentials(reply):
            self._switch(in_query=True)
            again = self._send(method, path, params, body, record, **rules)
            if self._lost_credentials(again, tried=True):
                self._switch(in_query=False)
            else:
                reply = again
        return reply

    def _outside_of_time(self, reply: Reply) -> bool:
        """A signature is taken for 15 minutes; where the clocks differ by more, the shop's is used from now on."""
        if not self._signs or reply.status != 401 or reply.date is None or self._skew:
            return False
        skew = reply.date - self._now()
        self._skew = skew if abs(skew) > _MOST_SKEW else timedelta(0)
        return bool(self._skew)

    def _switch(self, *, in_query: bool) -> None:
        self._in_query = in_query
        self.close()
        self._opened = None

    def _lost_credentials(self, reply: Reply, *, tried: bool = False) -> bool:
        """401 without a word about the key: nobody saw one. (With 403 the key was seen, and is not enough.)"""
        may = self._connection.options.get("key_sent", "auto") in ("auto", "") and (tried or not self._in_query)
        return may and reply.status == 401 and code_of(reply).startswith("woocommerce_rest_cannot")

    def _rooted(self, send: Callable[[], Reply]) -> Reply:
        """Send; where the API's place is not known yet and is not here, at the other places too."""
        first: Reply | AbortCycleError | None = None  # what the usual place said
        for root in (self._root,) if self._root_known else ROOTS:
            self._root = root
            found = self._reply_or_page(send)
            if isinstance(found, Reply) and not (found.status == 404 and code_of(found) in ("", NO_ROUTE)):
                self._root_known = found.status not in EXPECTED or code_of(found) != ""
                return found
            first = found if first is None else first
        if not self._root_known:
            self._root = ROOTS[0]
        if isinstance(first, AbortCycleError):
            raise first
        return first if first is not None else send()

    def _reply_or_page(self, send: Callable[[], Reply]) -> Reply | AbortCycleError:
        """A page with status 200 is what WordPress shows for an address that it does not know."""
        try:
            return send()
        except AbortCycleError as error:
            if self._root_known or self.last_status != 200 or "web page" not in error.problem:
                raise
            return error

    def _send(
        self, method: str, path: str, params: dict[str, str], body: Any, record: str,
        *, listing: bool, idempotent: bool, writes: bool,
    ) -> Reply:  # fmt: skip
        place, query = self._place(path, params)
        if self._in_query:
            query = {**query, **self._key_params(method, place, query)}
        if method == "GET":
            return self._transport.get_json(place, query, expect=EXPECTED, record=record, listing=listing)
        return self._transport.send_json(
            method, place, body, idempotent=idempotent, writes=writes,
            params=query, expect=EXPECTED, record=record, listing=listing,
        )  # fmt: skip

    def _place(self, path: str, params: Mapping[str, str], api: str = _API) -> tuple[str, dict[str, str]]:
        if path.startswith("/"):
            api, path = "", path[1:]
        tail = _MARK if self._root.startswith("?") else ""
        return f"{self._root}{api}{path}{tail}", dict(params)

    # --- the key

    @property
    def _signs(self) -> bool:
        return self._connection.options.get("key_sent") == "oauth" or self.url.lower().startswith("http:")

    def _pair(self) -> tuple[str, str]:
        key = self._connection.options.get("consumer_key", "").strip()
        secret = self._connection.secret("password").strip()
        if not key or not secret:
            raise NeedsOperatorError(
                "The consumer key or the consumer secret is missing.",
                "Make a key under WooCommerce > Settings > Advanced > REST API and enter both of its parts.",
            )
        register_secret(secret)
        return key, secret

    def _key_params(self, method: str, place: str, query: Mapping[str, str]) -> dict[str, str]:
        key, secret = self._pair()
        if not self._signs:
            return {"consumer_key": key, "consumer_secret": secret}
        return self._sign(method, join(parse_address(self.url, allow_plain_http=True), place, query))

    def _sign(self, method: str, url: str) -> dict[str, str]:
        key, secret = self._pair()
        moment = self._now() + self._skew
        return signing.sign(method, url, key, secret, int(moment.timestamp()), secrets.token_hex(16))

    def _now(self) -> datetime:
        return self._connection.now() if self._connection.now else datetime.now(UTC)

    def _headers(self, method: str, url: str) -> Mapping[str, str]:
        """The credentials of one try: a signature, of which each serves once, is of the request under way."""
        if self._in_query or _API not in url:
            return {}  # the index of the site is open to all
        if self._signs:
            return {"Authorization": render_oauth(self._sign(method, url))}
        return self._basic()

    def _basic(self) -> Mapping[str, str]:
        key, secret = self._pair()
        return basic_auth(lambda: key, lambda: secret)()

    @property
    def _transport(self) -> Transport:
        if self._opened is None:
            connection = self._connection
            once = self._signs and self._in_query  # that signature can't be made anew for a second try
            self._opened = Transport(
                self.url,
                signer=self._headers,
                allow_plain_http=connection.allow_plain_http,
                limits=LIMITS,
                retry=RetryRules(attempts=1) if once else None,
                waiter=self._waiter,
                utc_now=connection.now,
                on_exchange=self._note,
                read_only=connection.read_only,
                ca_file=connection.options.get("ca_file") or None,
                json_types=("text/html",),
                tidy_json=tidy_json,
            )
        return self._opened

    def _note(self, exchange: Exchange) -> None:
        self.exchanges += 1
        self.last_status = exchange.status


def rows_of(reply: Reply, what: str) -> Sequence[Any]:
    """The rows of a list; `AbortCycleError` where the answer is none. PHP makes an object of a list from which a
    plug-in took an element."""
    told = _parsed(reply)
    if isinstance(told, dict) and told and all(key.isdigit() for key in told):
        return list(told.values())
    if isinstance(told, list):
        return told
    raise AbortCycleError(
        f"The shop's list of {what} is no list.", "A plug-in may change the shop's REST API; look into its log."
    )


def _parsed(reply: Reply) -> Any:
    """A page's body by the fast way; what that does not take (half signs, numbers without sense) by the careful one.
    Amounts are texts in wc/v3; numbers with a point are what is not read of it."""
    try:
        return from_json(reply.body, allow_inf_nan=False)
    except ValueError:
        return reply.json
