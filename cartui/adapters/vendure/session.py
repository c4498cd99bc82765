"""Talking to the Admin API: log-in, queries and pages."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar, cast

from pydantic_core import to_json

from cartui.adapters.vendure.errors import LOST_SESSION, ShopFaultError, error_of, refusal_in, unknown_fields
from cartui.adapters.vendure.facts import FACTS
from cartui.adapters.vendure.parse import KNOWN_STATES, parse_stamp, row_id
from cartui.adapters.vendure.render import render_after
from cartui.adapters.vendure.wire import OLDER, Listing, Terms
from cartui.domain.ports import Connection, Page, Received
from cartui.domain.safe_text import safe_text
from cartui.domain.status_map import parse_status_map
from cartui.errors import AbortCycleError, ExitCode, NeedsOperatorError
from cartui.transport import Reply, Transport, read_ahead, register_secret

R = TypeVar("R")


_ERROR = "... on ErrorResult{errorCode message}"
_LOG_IN = f"mutation($u:String!,$p:String!){{done:login(username:$u,password:$p){{... on CurrentUser{{id}} {_ERROR}}}}}"
_TERMS = (
    "{activeChannel{code defaultCurrencyCode availableCurrencyCodes pricesIncludeTax defaultLanguageCode} "
    "globalSettings{trackInventory serverConfig{moneyStrategyPrecision}}}"
)
_COOKIE = re.compile(r"(?:^|,)\s*([^=;,\s]+)=([^;,\s]*)")


@dataclass(frozen=True, slots=True)
class Chunk:
    """New rows of one request, the listing's total as known by now, and its mark."""

    rows: list[Mapping[str, Any]]
    total: int
    mark: datetime | None


class VendureSession:
    """Asks the Admin API: logs in, pages, and turns what went wrong into errors. May be used from several threads."""

    def __init__(self, connection: Connection) -> None:
        options = connection.options
        path = options.get("api_path", "").strip("/") or "admin-api"
        base = connection.url.strip().rstrip("/")
        address = base if base.endswith(f"/{path}") else f"{base}/{path}"
        self.connection = connection
        self.home = address.removesuffix(f"/{path}")
        self.channel = options.get("channel_token", "").strip()
        self.user = options.get("username", "").strip()
        self.token = ""
        self._in_cookie = False
        self._older: frozenset[tuple[str, str]] = frozenset()
        self._lock = threading.RLock()
        self.terms: Terms | None = None
        self.take = FACTS.page_size
        self._http = Transport(
            address,
            auth=self._credentials,
            allow_plain_http=connection.allow_plain_http,
            utc_now=connection.now,
            read_only=connection.read_only,
        )

    def close(self) -> None:
        """Ends the connections. Not the session in the shop: its log-out ends every session of the user, that of a
        person who works there included. Left alone it ends by itself (`sessionDuration` of the shop)."""
        self.token = ""
        self._http.close()

    # --- talking

    def _credentials(self) -> Mapping[str, str]:
        channel = {"vendure-token": self.channel} if self.channel else {}
        if not self.user:
            register_secret(self.connection.secret("password"))
            return channel | {"vendure-api-key": self.connection.secret("password")}
        if not self.token:
            return channel
        return channel | ({"Cookie": self.token} if self._in_cookie else {"Authorization": f"Bearer {self.token}"})

    def post(self, query: str, variables: Mapping[str, Any], *, writes: bool, record: str = "") -> Reply:
        body = {"query": query, "variables": dict(variables)}
        # Syntax and field errors come with status 400; what they say decides.
        return self._http.send_json(
            "POST", "", body, idempotent=not writes, writes=writes, expect=(400,), record=record, listing=True
        )

    def _answer(self, query: str, variables: Mapping[str, Any], *, writes: bool, record: str) -> Reply:
        """Asks in the words of an older schema what it refused in those of today; it did nothing then."""
        while True:
            asked = query
            for field in self._older:
                asked = asked.replace(*OLDER[field])
            reply = self.post(asked, variables, writes=writes, record=record)
            learned = unknown_fields(reply.json) & OLDER.keys() - self._older
            if not learned:
                return reply
            self._older |= learned

    def log_in(self, stale: str = "") -> None:
        """By user name and password; an API key needs no log-in."""
        with self._lock:
            if not self.user or self.token != stale:
                return  # another thread was faster
            password = self.connection.secret("password")
            register_secret(password)
            self.token = ""
            reply = self.post(_LOG_IN, {"u": self.user, "p": password}, writes=False)
            if refusal := refusal_in(reply.json):
                raise error_of(*refusal, "log-in", writes=False)
            # Anonymous answers bring tokens, too: only this one is worth keeping.
            bearer = reply.headers.get("vendure-auth-token", "")
            self._in_cookie = not bearer
            self.token = bearer or cookies_in(reply.headers.get("set-cookie", ""))
            if not self.token:
                problem = "The shop took the password but gave neither a bearer token nor a cookie."
                remedy = 'Set authOptions.tokenMethod of the shop to ["bearer", "cookie"].'
                raise NeedsOperatorError(problem, remedy, ExitCode.CART_REFUSED)
            register_secret(self.token, lasting=False)

    def ask(
        self, query: str, *, writes: bool = False, record: str = "", **variables: Any
    ) -> tuple[dict[str, Any], Reply]:
        """The `data` and the reply. A session that ended is renewed once: FORBIDDEN did nothing yet."""
        fresh = not self.token
        if fresh:
            self.log_in()
        used = self.token
        reply = self._answer(query, variables, writes=writes, record=record)
        refusal = refusal_in(reply.json)
        if refusal and refusal[0] in LOST_SESSION and not self.user:
            self._ensure_key()
        if refusal and refusal[0] in LOST_SESSION and not fresh:
            self.log_in(used)
            reply = self._answer(query, variables, writes=writes, record=record)
            refusal = refusal_in(reply.json)
        if refusal:
            raise error_of(*refusal, record, writes=writes)
        return cast("dict[str, Any]", reply.json["data"]), reply

    def _ensure_key(self) -> None:
        """What is refused to a key may be a missing right, or the key itself. (`me` is refused to each key.)"""
        if refusal_in(self.post("{globalSettings{id}}", {}, writes=False).json):
            raise NeedsOperatorError(
                "The shop did not accept the API key.",
                "Enter it again; the shop needs Vendure 3.6 or newer with api-key in authOptions.tokenMethod. "
                "For a password set the cart's option User name.",
                ExitCode.CART_REFUSED,
            )

    def write(self, query: str, record: str, **variables: Any) -> Any:
        return self.ask(query, writes=True, record=record, **variables)[0]["done"]

    def known_terms(self) -> Terms:
        with self._lock:
            if self.terms is None:
                self.terms = self._read_terms()
            return self.terms

    def _read_terms(self) -> Terms:
        data, _ = self.ask(_TERMS)
        channel, settings = data["activeChannel"], data["globalSettings"]
        return Terms(
            currency=str(channel["defaultCurrencyCode"]),
            currencies=tuple(map(str, channel["availableCurrencyCodes"])),
            gross=bool(channel["pricesIncludeTax"]),
            language=str(channel["defaultLanguageCode"]),
            places=int(settings["serverConfig"].get("moneyStrategyPrecision", 2)),
            tracks_stock=bool(settings["trackInventory"]),
            location=self._location(),
            states=parse_status_map(self.connection.options.get("status_map", ""), KNOWN_STATES),
        )

    def _location(self) -> str:
        wanted = self.connection.options.get("stock_location", "").strip()
        if not wanted:
            return ""
        data, _ = self.ask("{stockLocations(options:{take:100}){items{id name}}}")
        found = data["stockLocations"]["items"]
        for one in found:
            if wanted in (one["id"], one["name"]):
                return str(one["id"])
        names = safe_text(", ".join(str(one["name"]) for one in found), 300)
        raise NeedsOperatorError(f"The shop has no stock location {wanted!r}.", f"Choose one of: {names}.")

    # --- listing

    def page(
        self, listing: Listing, where: Mapping[str, Any], skip: int = 0, fields: str = "", take: int = 0
    ) -> tuple[list[Mapping[str, Any]], int, datetime | None]:
        wanted = f"totalItems items{{{fields or listing.fields}}}"
        query = f"query($o:{listing.options}){{list:{listing.root}(options:$o){{{wanted}}}}}"
        # By the stamp alone: GraphQL gives a second key `id` to the shop first, whatever the order it was written in
        # (fields of an input come in the order of their type), and paging by stamp over rows in order of id loses rows.
        sort = {listing.stamp: "ASC"}
        options = {"take": take or self.take, "skip": skip, "sort": sort, "filter": dict(where)}
        try:
            data, reply = self.ask(query, o=options)
        except AbortCycleError as error:
            limit = re.search(r"Cannot take more than (\d{1,4}) ", error.problem)
            if limit is None or not 0 < int(limit[1]) < self.take:
                raise
            self.take = int(limit[1])  # the shop's adminListQueryLimit
            return self.page(listing, where, skip, fields)
        rows, total = data["list"]["items"], data["list"]["totalItems"]
        if not isinstance(rows, list) or not isinstance(total, int):
            raise AbortCycleError("The shop's list is not one.", "Test the connection.")
        return [row if isinstance(row, dict) else {"value": row} for row in rows], total, reply.date

    def read(
        self, listing: Listing, where: Mapping[str, Any], skip: int = 0
    ) -> tuple[list[Mapping[str, Any]], int, datetime | None]:
        """A page; where the shop fails on it, row by row: one broken record must not block the others."""
        try:
            return self.page(listing, where, skip)
        except ShopFaultError as fault:
            thin, total, date = self.page(listing, where, skip, fields=f"id {listing.stamp}")
            rows: list[Mapping[str, Any]] = []
            for row in thin:
                try:
                    rows += self.page(listing, {"id": {"eq": row["id"]}})[0]
                except ShopFaultError:
                    rows.append({**row, "error": safe_text(fault.problem)})
                if len(rows) == 5 and all("error" in one for one in rows):
                    raise
            return rows, total, date

    def walk(self, listing: Listing, since: datetime | None, only: Mapping[str, Any]) -> Iterator[Chunk]:
        """Pages by the stamp of the last row, not by a count: rows that change meanwhile move to the end and shift
        nothing. `skip` is for rows with one stamp that fill more than a page."""
        lower, skip, started = since, 0, None
        seen: set[str] = set()
        while True:
            stamped = {"after": render_after(lower)} if lower else {"isNull": False}
            rows, stated, date = self.read(listing, {**only, listing.stamp: stamped}, skip)
            started = started or date
            fresh = [row for row in rows if row_id(row, to_json(row)) not in seen]
            seen |= {row_id(row, to_json(row)) for row in fresh}
            _ensure_sorted(rows, listing.stamp)
            left = max(0, stated - skip - len(rows))
            last = parse_stamp(rows[-1], listing.stamp) if rows else None
            yield Chunk(fresh, len(seen) + left, last if left else started or last)
            if not left or not rows:
                return
            if last is not None and (lower is None or last > lower):
                lower, skip = last, 0
            else:
                skip += len(rows)

    def pages(
        self,
        listing: Listing,
        since: datetime | None,
        parse: Callable[[Mapping[str, Any]], Received[R]],
        only: Mapping[str, Any] | None = None,
    ) -> Iterator[Page[R]]:
        for chunk in read_ahead(self.walk(listing, since, only or {})):
            yield Page(tuple(map(parse, chunk.rows)), chunk.total, chunk.mark)

    def by_ids(self, listing: Listing, ids: Sequence[str], name: str = "id") -> list[Mapping[str, Any]]:
        rows: list[Mapping[str, Any]] = []
        for start in range(0, len(ids), self.take):
            where = {name: {"in": list(ids[start : start + self.take])}}
            skip = 0
            while True:
                found, total, _ = self.read(listing, where, skip)
                rows += found
                skip += len(found)
                if not found or skip >= total:
                    break
        return rows


def cookies_in(header: str) -> str:
    """What a browser would send back of `Set-Cookie` headers, which come joined by commas."""
    return "; ".join(f"{name}={value}" for name, value in _COOKIE.findall(header) if value)


def _ensure_sorted(rows: Sequence[Mapping[str, Any]], stamp: str) -> None:
    """Paging by stamp over rows in any other order would jump over some: end the cycle instead."""
    stamps = [at for row in rows if (at := parse_stamp(row, stamp)) is not None]
    if stamps != sorted(stamps):
        raise AbortCycleError(
            f"The shop did not sort its list by {stamp}.", "Nothing was skipped; report it for this version of Vendure."
        )
