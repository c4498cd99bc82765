"""Talking to Magento: sign-in, requests and pages."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from cartui.adapters.magento.errors import REFUSALS, NoRouteError, RefusedSignInError, error_of, is_bad_signature
from cartui.adapters.magento.facts import AUTH_OAUTH, AUTH_USER, FACTS
from cartui.adapters.magento.paging import Cursor, last_stamp
from cartui.adapters.magento.parse import as_rows, row_id
from cartui.adapters.magento.render import Where, batches, render_search
from cartui.adapters.magento.signed_path import laminas_url
from cartui.domain.ports import Connection, Page, Received
from cartui.domain.safe_text import safe_text
from cartui.errors import AbortCycleError, ExitCode, NeedsOperatorError
from cartui.transport import (
    HMAC_SHA256,
    Exchange,
    OAuthKeys,
    Reply,
    StoppedError,
    Transport,
    Waiter,
    register_secret,
    render_oauth,
    sign_oauth,
)

R = TypeVar("R")
Row = Mapping[str, Any]

_ENDINGS: Final = ("/rest/V1", "/rest/all/V1", "/rest/default/V1", "/rest")
_LOG_IN: Final = "rest/V1/integration/admin/token"
_SMALLER: Final = 5  # times smaller pages where the shop can't give large ones: 100, 20, 4 rows
_SMALLEST: Final = 20
_NO_VIEW: Final = "Specified request cannot be processed"
_CLOCKS_AGREE: Final = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Source:
    """A list of Magento's, and what keeps its rows in one order."""

    path: str
    what: str
    sort: tuple[str, ...] = ("entity_id",)
    scoped: bool = False


ORDERS: Final = Source("orders", "orders")
ITEMS: Final = Source("products", "items", scoped=True)
CUSTOMERS: Final = Source("customers/search", "customers")
BASKETS: Final = Source("carts/search", "baskets")
SOURCE_ITEMS: Final = Source("inventory/source-items", "stock", sort=())
SHIPMENTS: Final = Source("shipments", "shipments")
MEMOS: Final = Source("creditmemos", "refunds")
GROUPS: Final = Source("customerGroups/search", "groups", sort=())


@dataclass(frozen=True, slots=True)
class Chunk:
    """New rows of one request, the listing's total as known by now, and its mark."""

    rows: list[Row]
    total: int
    mark: datetime | None


@dataclass(frozen=True, slots=True)
class Terms:
    """What is read once: the currency of item prices, and the one website to work with (None: all)."""

    currency: str
    website_id: int | None = None
    store_ids: tuple[str, ...] = ()


class MagentoSession:
    """Asks the shop, and turns what went wrong into errors. May be used from several threads."""

    def __init__(self, connection: Connection, waiter: Waiter | None = None) -> None:
        self.connection = connection
        self.auth = connection.options.get("auth", "") or "token"
        self._waiter = waiter
        self._token = ""
        self._lock = threading.RLock()
        self._http: Transport | None = None
        self._terms: Terms | None = None
        self._names: dict[str, dict[str, str]] = {}
        self._behind = timedelta(0)  # the shop's clock less ours, where they are far apart
        self._by_laminas = True  # how the shop checks signatures; see signed_path
        self._way_is_known = False
        self.size = FACTS.page_size
        self.last_status: int | None = None
        self.exchanges = 0

    def option(self, name: str) -> str:
        return self.connection.options.get(name, "").strip()

    @property
    def address(self) -> str:
        """The shop's address without the path of its API, should it have been entered."""
        url = self.connection.url.strip().rstrip("/")
        return next((url.removesuffix(end) for end in _ENDINGS if url.endswith(end)), url)

    @property
    def transport(self) -> Transport:
        if self._http is None:
            self._http = Transport(
                self.address,
                signer=self._credentials,
                allow_plain_http=self.connection.allow_plain_http,
                waiter=self._waiter,
                utc_now=self.connection.now,
                on_exchange=self._note,
                read_only=self.connection.read_only,
            )
        return self._http

    @property
    def is_open(self) -> bool:
        """The address was accepted."""
        return self._http is not None

    def close(self) -> None:
        if self._http is not None:
            self._http.close()

    def _note(self, exchange: Exchange) -> None:
        self.exchanges += 1
        self.last_status = exchange.status

    # --- signing in

    def _credentials(self, method: str, url: str) -> Mapping[str, str]:
        """The headers of one try: each signature has a time and a nonce of its own."""
        if self.auth == AUTH_OAUTH:
            return {"Authorization": self._signature(method, url)}
        if self.auth == AUTH_USER:
            return {"Authorization": f"Bearer {self._token}"} if self._token else {}
        return {"Authorization": f"Bearer {self._secret('password')}"}

    def _secret(self, name: str) -> str:
        word = self.connection.secret(name).strip()
        register_secret(word)
        return word

    def _signature(self, method: str, url: str) -> str:
        """Magento sorts the parameters "naturally" to check a signature: [2] before [10]."""
        keys = OAuthKeys(*map(self._secret, ("consumer_key", "consumer_secret", "password", "token_secret")))
        clock = self.connection.now or _real_time
        at = int((clock() + self._behind).timestamp())
        digest = self.option("signature") or HMAC_SHA256
        nonce = secrets.token_hex(16)
        url = laminas_url(url) if self._by_laminas else url
        return render_oauth(sign_oauth(keys, method, url, at=at, nonce=nonce, digest=digest, natural_order=True))

    def log_in(self, stale: str = "") -> None:
        """A token of four hours for an administrator. Errors: `RefusedSignInError`; it is not tried again, as Magento
        locks the account after a few."""
        with self._lock:
            if self._token != stale:
                return  # another thread was faster
            self._token = ""
            body = {"username": self.option("username"), "password": self._secret("password")}
            reply = self.transport.send_json(
                "POST", _LOG_IN, body, idempotent=True, writes=False, expect=REFUSALS, record="sign-in", listing=True
            )
            if reply.status != 200:
                raise error_of(reply, "sign-in", listing=True)
            token = reply.json
            if not isinstance(token, str) or not token:
                raise NeedsOperatorError(
                    "The shop took the password but gave no token.", "Test the connection.", ExitCode.CART_REFUSED
                )
            register_secret(token, lasting=False)
            self._token = token

    # --- asking

    def ask(
        self,
        method: str,
        path: str,
        params: Sequence[tuple[str, str]] = (),
        body: object = None,
        *,
        scoped: bool = False,
        writes: bool = False,
        idempotent: bool = True,
        record: str = "",
        accept: Collection[int] = (),
        root: bool = False,
    ) -> Reply:
        """One call. `path` is below V1 (`root`: below the shop's address); `scoped`: in the store view that items are
        read and written in; statuses of `accept` come back. An administrator's token that has ended is renewed once."""
        where = path if root else f"rest/{self.scope}V1/{path}" if scoped else f"rest/V1/{path}"
        used = self._token
        if self.auth == AUTH_USER and not used:
            self.log_in()
            used = ""
        reply = self._send(method, where, params, body, writes, idempotent, record)
        if reply.status == 401 and self.auth == AUTH_USER and used:
            self.log_in(used)
            reply = self._send(method, where, params, body, writes, idempotent, record)
        if reply.status == 401 and self.auth == AUTH_OAUTH and self._learn_clock(reply):
            reply = self._send(method, where, params, body, writes, idempotent, record)
        if self.auth == AUTH_OAUTH and laminas_url(where) != where and not self._way_is_known:
            self._way_is_known = not is_bad_signature(reply)
            if not self._way_is_known:
                self._by_laminas = not self._by_laminas
                reply = self._send(method, where, params, body, writes, idempotent, record)
                self._way_is_known = not is_bad_signature(reply)
        if reply.status not in REFUSALS or reply.status in accept:
            return reply
        error = error_of(reply, record, listing=not record)
        unknown_view = isinstance(error, NoRouteError) or (reply.status == 400 and _NO_VIEW in error.problem)
        if scoped and unknown_view and (view := self.option("store_view")):
            problem = f"The shop has no store view {safe_text(view, 64)!r}, or no REST API."
            raise NeedsOperatorError(problem, "Enter the code of a view (Stores, All Stores), or nothing.")
        raise error

    def _learn_clock(self, reply: Reply) -> bool:
        """Magento refuses a signature that is ten minutes ahead of it. True: a better time is known now."""
        if reply.date is None:
            return False
        behind = reply.date - (self.connection.now or _real_time)()
        if abs(behind - self._behind) < _CLOCKS_AGREE:
            return False
        self._behind = behind
        return True

    def _send(
        self,
        method: str,
        path: str,
        params: Sequence[tuple[str, str]],
        body: object,
        writes: bool,
        idempotent: bool,
        record: str,
    ) -> Reply:
        http = self.transport
        if method == "GET":
            return http.get_json(path, params, expect=REFUSALS, record=record, listing=not record)
        return http.send_json(
            method,
            path,
            body,
            idempotent=idempotent,
            writes=writes,
            params=params,
            expect=REFUSALS,
            record=record,
            listing=not record,
        )

    @property
    def scope(self) -> str:
        """Where items are read and written: `all/` is what holds for every store view that says nothing of its own."""
        return f"{self.option('store_view') or 'all'}/"

    # --- what is read once

    def terms(self) -> Terms:
        with self._lock:
            if self._terms is None:
                self._terms = self._read_terms()
            return self._terms

    def _read_terms(self) -> Terms:
        code = self.option("website")
        if not code:
            told = self.ask("GET", "directory/currency").json
            return Terms(str(told.get("base_currency_code") or "") if isinstance(told, dict) else "")
        websites = {str(one.get("code")): one for one in as_rows(self.ask("GET", "store/websites").json)}
        if code not in websites:
            names = safe_text(", ".join(sorted(websites.keys() - {"admin"})), 300)
            raise NeedsOperatorError(f"The shop has no website {safe_text(code, 64)!r}.", f"Choose one of: {names}.")
        website_id = int(websites[code]["id"])
        views = [
            one for one in as_rows(self.ask("GET", "store/storeConfigs").json) if one.get("website_id") == website_id
        ]
        currency = next((str(one.get("base_currency_code") or "") for one in views), "")
        return Terms(currency, website_id, tuple(str(one.get("id")) for one in views))

    # --- listing

    def page(
        self,
        source: Source,
        where: Sequence[Where],
        sort: Sequence[str] = (),
        number: int = 1,
        size: int = 0,
        direction: str = "ASC",
    ) -> tuple[list[Row], int, datetime | None]:
        """Rows, total_count and the server's clock."""
        params = render_search(where, sort, number, size or FACTS.page_size, direction)
        reply = self.ask("GET", source.path, params, scoped=source.scoped)
        told = reply.json
        total = told.get("total_count") if isinstance(told, dict) else None
        if not isinstance(told, dict) or not isinstance(total, int) or isinstance(total, bool):
            raise AbortCycleError(f"The shop's list of {source.what} is not one.", "Test the connection.")
        return as_rows(told.get("items")), total, reply.date

    def walk(self, source: Source, since: datetime | None, only: Sequence[Where]) -> Iterator[Chunk]:
        """All rows changed since, by stamp; see `paging`. The end is where total_count says: past it Magento repeats
        its last page."""
        cursor, size, started = Cursor(since), self.size, None
        seen: set[str] = set()
        while True:
            try:
                where, sort = cursor.where(), cursor.sort(source.sort)
                rows, stated, date = self.page(source, [*where, *only], sort, cursor.number, size)
            except AbortCycleError as error:
                if size < _SMALLEST or error.retry_after_seconds or isinstance(error, StoppedError | NoRouteError):
                    raise
                # Orders of hundreds of lines are more than a page may hold, or than the shop has memory for.
                cursor.shrink(_SMALLER)
                size //= _SMALLER
                self.size = min(self.size, size)
                continue
            started = started or date
            if cursor.was_misled(stated):
                continue
            fresh = [row for row in rows if row_id(row) not in seen]
            seen |= {row_id(row) for row in fresh}
            goes_on = cursor.advance(rows, stated, size, len(fresh))
            yield Chunk(fresh, len(seen) + cursor.left, cursor.mark if goes_on else started or last_stamp(rows))
            if not goes_on:
                return

    def pages(
        self,
        source: Source,
        since: datetime | None,
        parse: Callable[[Row], Received[R]],
        only: Sequence[Where] = (),
    ) -> Iterator[Page[R]]:
        for chunk in self.walk(source, since, only):
            yield Page(tuple(map(parse, chunk.rows)), chunk.total, chunk.mark)

    def by_ids(self, source: Source, ids: Sequence[str]) -> list[Row]:
        """Those that exist, in any order; what is no number can't be in the shop."""
        wanted = [one for one in dict.fromkeys(ids) if one.isascii() and one.isdigit() and len(one) <= 18]
        rows: dict[str, Row] = {}
        for batch in batches(wanted, self.size):
            where = [Where("entity_id", "in", ",".join(batch))]
            rows |= {row_id(row): row for row in self.page(source, where, source.sort, 1, len(batch))[0]}
        return list(rows.values())

    def highest_id(self, source: Source) -> tuple[int, datetime | None]:
        """0 where there is no row; and the server's clock."""
        rows, _, date = self.page(source, [], source.sort, 1, 1, "DESC")
        found = row_id(rows[0]) if rows else ""
        return int(found) if found.isdigit() else 0, date

    def names_of(self, source: Source, name: str) -> dict[str, str]:
        """A small table by id; empty where it may not be read: what only adorns a record is no reason to stop."""
        with self._lock:
            if source.path not in self._names:
                try:
                    rows = self.all_of(source, [])
                except (RefusedSignInError, NoRouteError):
                    rows = []
                self._names[source.path] = {row_id(row): safe_text(str(row.get(name) or ""), 100) for row in rows}
            return self._names[source.path]

    def all_of(self, source: Source, where: Sequence[Where], size: int = 0) -> list[Row]:
        """All rows of a filter, of which there are few."""
        rows: list[Row] = []
        number, size = 1, size or self.size
        while True:
            found, total, _ = self.page(source, where, source.sort, number, size)
            rows += found
            if not found or number * size >= total:
                return rows
            number += 1


def _real_time() -> datetime:
    return datetime.now(UTC)  # a signature needs a time, also where no clock was handed in
