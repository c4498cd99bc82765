"""Talking to the Admin API: token, cost and throttling, queries and pages."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast

from cartui.adapters.shopify import documents
from cartui.adapters.shopify.documents import Listing
from cartui.adapters.shopify.errors import (
    AccessError,
    ShopFaultError,
    TooCostlyError,
    codes_of,
    error_of,
    refusal_of,
    said_in,
)
from cartui.adapters.shopify.facts import IDEMPOTENT_FROM, NEWEST_VERSION
from cartui.adapters.shopify.render import render_base, render_gid
from cartui.adapters.shopify.wire import Terms
from cartui.domain.ports import Connection
from cartui.domain.safe_text import safe_text
from cartui.errors import AbortCycleError, ExitCode, NeedsOperatorError
from cartui.transport import Reply, StopWaiter, Transport, Waiter, register_secret
from cartui.transport.errors_table import server_message

_RENEW_BEFORE_SECONDS = 300.0
_MOST_THROTTLED = 8
_MOST_INNER = 100  # lines of one order at once, beyond those on its page
_LONGEST_LISTING = 200_000  # pages; a listing that goes on for longer never ends
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows of one request; `more` follow; `asked_at` is the shop's clock at the listing's first request."""

    rows: list[Row]
    more: bool
    asked_at: datetime | None


class ShopifySession:
    """Asks the Admin API and turns what went wrong into errors. May be used from several threads."""

    def __init__(self, connection: Connection, waiter: Waiter | None = None) -> None:
        options = connection.options
        self.connection = connection
        self.version = options.get("api_version", "").strip() or NEWEST_VERSION
        self.answered_version = ""
        self.client_id = options.get("client_id", "").strip()
        self.side = "shop" if options.get("amounts", "").strip() == "shop" else "customer"
        self.denied: set[str] = set()  # fields that the shop does not show to this app
        self.terms: Terms | None = None
        self._waiter = waiter or StopWaiter()
        self._lock = threading.RLock()
        self._token = ""
        self._expires = 0.0
        self._sizes: dict[str, tuple[int, int]] = {}
        self._rest_sizes: dict[str, int] = {}
        base = render_base(connection.url)
        plain = connection.allow_plain_http
        self._http = Transport(
            base,
            auth=self._credentials,
            allow_plain_http=plain,
            utc_now=connection.now,
            waiter=self._waiter,
            read_only=connection.read_only,
        )
        self._oauth = Transport(base, allow_plain_http=plain, utc_now=connection.now, waiter=self._waiter)

    def close(self) -> None:
        self._http.close()
        self._oauth.close()
        self._token = ""

    @property
    def idempotent(self) -> bool:
        """The version that answers knows `@idempotent`."""
        return (self.answered_version or self.version) >= IDEMPOTENT_FROM

    # --- token

    def _credentials(self) -> Mapping[str, str]:
        return {"X-Shopify-Access-Token": self._token}

    def log_in(self, stale: str = "") -> None:
        """A token to ask with: the one that was entered, or a new one for the client's credentials, which lasts a day.
        `stale`: the token that was refused; another thread may have been faster."""
        with self._lock:
            if self._token != stale and self._waiter.now() < self._expires:
                return
            secret = self.connection.secret("password").strip()
            register_secret(secret)
            if not self.client_id:
                self._token, self._expires = secret, float("inf")
                return
            self._token, lasts = self._new_token(secret)
            self._expires = self._waiter.now() + max(lasts - _RENEW_BEFORE_SECONDS, lasts / 2)

    def _new_token(self, secret: str) -> tuple[str, float]:
        body = {"client_id": self.client_id, "client_secret": secret, "grant_type": "client_credentials"}
        reply = self._oauth.send_json(
            "POST", "oauth/access_token", body, idempotent=True, writes=False, expect=(400, 401, 403, 404), listing=True
        )
        if reply.status == 404:
            raise _no_shop()
        if reply.status != 200:
            said = server_message(reply.body)
            problem = f"The shop did not accept the client ID and its secret (status {reply.status}). {said}".strip()
            remedy = (
                "Copy both from the app's settings in the Dev Dashboard; the app must be installed in this shop and "
                "belong to the same organisation."
            )
            raise AccessError(problem, remedy, ExitCode.CART_REFUSED)
        told = reply.json if isinstance(reply.json, dict) else {}
        token, lasts = told.get("access_token"), told.get("expires_in")
        if not isinstance(token, str) or not token:
            raise AbortCycleError("The shop answered the log-in without a token.", "cartui tries again by itself.")
        register_secret(token, lasting=False)
        return token, float(lasts) if isinstance(lasts, int) and lasts > 0 else 3600.0

    # --- asking

    def post(
        self, document: str, variables: Mapping[str, Any], *, writes: bool, repeatable: bool, record: str = ""
    ) -> Reply:
        """One request with a token that is accepted, or an error."""
        if not self._token or self._waiter.now() >= self._expires:
            self.log_in(self._token)

        def send() -> Reply:
            return self._http.send_json(
                "POST",
                f"api/{self.version}/graphql.json",
                {"query": document, "variables": dict(variables)},
                idempotent=repeatable or not writes,
                writes=writes,
                expect=(401, 404),
                record=record,
                listing=True,
            )

        used = self._token
        reply = send()
        if reply.status == 401 and self.client_id:
            self.log_in(used)  # it ran out or was revoked: nothing was done with it
            reply = send()
        if reply.status == 401:
            said = server_message(reply.body)
            remedy = "Enter the token again; one of the Dev Dashboard lasts a day: enter client ID and secret instead."
            raise AccessError(
                f"The shop did not accept the access token (status 401). {said}".strip(), remedy, ExitCode.CART_REFUSED
            )
        if reply.status == 404:
            raise _no_shop()
        self.answered_version = reply.headers.get("X-Shopify-API-Version", "") or self.answered_version
        return reply

    def ask(
        self,
        document: str,
        variables: Mapping[str, Any] | None = None,
        *,
        writes: bool = False,
        repeatable: bool = False,
        record: str = "",
    ) -> tuple[Row, Reply]:
        """The `data` and the reply. Throttled requests did nothing and are asked again when there is room."""
        wait: float | None = None
        for _ in range(_MOST_THROTTLED):
            reply = self.post(document, variables or {}, writes=writes, repeatable=repeatable, record=record)
            told = reply.json
            if not isinstance(told, dict):
                raise AbortCycleError("The shop's answer is not GraphQL.", "Check the cart's address.")
            errors = told.get("errors") or []
            errors = errors if isinstance(errors, list) else [errors]
            wait = self._pace(told.get("extensions"), throttled="THROTTLED" in codes_of(errors))
            if wait is None:
                return self._data_of(told, errors, record, writes=writes), reply
        raise AbortCycleError(
            "The shop asks for fewer requests (THROTTLED).", "cartui goes on by itself.", retry_after_seconds=wait
        )

    def _pace(self, extensions: object, *, throttled: bool) -> float | None:
        """Leave the bucket room for another request like this one. Seconds to wait where this one was refused."""
        cost = extensions.get("cost") if isinstance(extensions, dict) else None
        status = cost.get("throttleStatus") if isinstance(cost, dict) else None
        wait = 2.0
        if isinstance(cost, dict) and isinstance(status, dict):
            try:
                wanted = float(cost.get("requestedQueryCost") or 0)
                missing = min(wanted, float(status["maximumAvailable"])) - float(status["currentlyAvailable"])
                wait = missing / max(float(status["restoreRate"]), 1.0)
            except (KeyError, TypeError, ValueError):
                wait = 2.0 if throttled else 0.0
        elif not throttled:
            return None
        if throttled:
            wait = max(wait, 0.5)
        if wait > 0:
            self._http.pacing.hint(0, wait)
        return wait if throttled else None

    def _data_of(self, told: Row, errors: Sequence[Any], record: str, *, writes: bool) -> Row:
        data = told.get("data")
        extensions = told.get("extensions")
        if errors:
            paths = [one.get("path") if isinstance(one, dict) else None for one in errors]
            inside = all(isinstance(path, list) and len(path) > 1 for path in paths)
            if writes or not inside or set(codes_of(errors)) != {"ACCESS_DENIED"} or not isinstance(data, dict):
                raise error_of(errors, record, writes=writes)
            self.denied |= {safe_text(str(cast("list[Any]", path)[-1]), 60) for path in paths}
        if not isinstance(data, dict):
            raise error_of([], record, writes=writes)
        searches = extensions.get("search") if isinstance(extensions, dict) else None
        for search in searches if isinstance(searches, list) else []:
            if isinstance(search, dict) and search.get("warnings"):
                raise NeedsOperatorError(
                    f"The shop ignored part of the filter. It says: {said_in(search['warnings'])}",
                    "Nothing of the answer was used. Choose the newest API version, or update cartui.",
                    ExitCode.CART_REFUSED,
                )
        return data

    def write(
        self, document: str, record: str, variables: Mapping[str, Any], *, repeatable: bool = False
    ) -> tuple[Row, list[Row]]:
        """The payload of a mutation `done` and its userErrors."""
        data, _ = self.ask(document, variables, writes=True, repeatable=repeatable, record=record)
        done = data.get("done")
        if not isinstance(done, dict):
            raise error_of([], record, writes=True)
        return done, [one for one in done.get("userErrors") or [] if isinstance(one, dict)]

    def change(self, document: str, record: str, variables: Mapping[str, Any]) -> Row:
        """The payload of a mutation that was carried out; `HoldRecordError` for one that was refused."""
        done, refused = self.write(document, record, variables)
        if refused:
            raise refusal_of(refused, record)
        return done

    # --- what the shop is

    def known_terms(self) -> Terms:
        with self._lock:
            if self.terms is None:
                self.terms = self._with_location(self.read_shop()[0])
            return self.terms

    def read_shop(self) -> tuple[Terms, Reply]:
        data, reply = self.ask(documents.SHOP)
        try:
            shop = data["shop"]
            terms = Terms(
                shop_name=safe_text(str(shop["name"]), 80),
                domain=safe_text(str(shop["myshopifyDomain"]), 100),
                currency=str(shop["currencyCode"]),
                time_zone=safe_text(str(shop["ianaTimezone"]), 60),
                gross=bool(shop["taxesIncluded"]),
                scopes=frozenset(str(one["handle"]) for one in data["currentAppInstallation"]["accessScopes"]),
                versions=tuple(str(one["handle"]) for one in data["publicApiVersions"] if one["supported"]),
            )
        except (KeyError, TypeError):
            raise AbortCycleError("The shop does not say what it is.", "Check the cart's address.") from None
        return terms, reply

    def _with_location(self, terms: Terms) -> Terms:
        wanted = self.connection.options.get("location", "").strip()
        if not wanted and not terms.may("read_locations"):
            return terms
        data, _ = self.ask(documents.LOCATIONS)
        found = data["locations"]["nodes"]
        names = tuple(safe_text(str(one["name"]), 60) for one in found)
        for one in found:
            if (not wanted and len(found) == 1) or wanted in (one["name"], one["id"], str(one["legacyResourceId"])):
                return replace(terms, location=str(one["id"]), locations=names)
        if wanted:
            problem = f"The shop has no stock location {safe_text(wanted, 60)!r}."
            raise NeedsOperatorError(problem, f"Choose one of: {safe_text(', '.join(names), 300)}.")
        return replace(terms, locations=names)

    # --- listing

    def _sized(self, listing: Listing) -> dict[str, Any]:
        first, nested = self._sizes.get(listing.name, (listing.first, listing.nested))
        variables: dict[str, Any] = {"first": first}
        if listing.nested:
            variables["nested"] = nested
        return variables | self._placed(listing)

    def _placed(self, listing: Listing) -> dict[str, Any]:
        if not listing.placed:
            return {}
        location = self.known_terms().location
        return {"location": location or "gid://shopify/Location/0", "located": bool(location)}

    def _shrink(self, listing: Listing, error: TooCostlyError) -> None:
        """Ask for less: fewer rows, then fewer nested ones. Kept for as long as the cart is open."""
        first, nested = self._sizes.get(listing.name, (listing.first, listing.nested))
        if first > 1:
            first = max(1, min(first // 2, first * error.most // error.cost if error.cost else first))
        elif nested > 1:
            nested = max(1, nested // 2)
        else:
            raise error
        self._sizes[listing.name] = (first, nested)

    def page(
        self, listing: Listing, query: str | None, after: str | None = None, first: int | None = None
    ) -> tuple[Row, Reply]:
        """A connection with its rows whole, and the reply."""
        variables = self._sized(listing) | {"after": after, "q": query}
        if first is not None:
            variables["first"] = min(first, variables["first"])
        try:
            data, reply = self.ask(listing.pages, variables)
        except TooCostlyError as error:
            self._shrink(listing, error)
            return self.page(listing, query, after, first)
        except ShopFaultError as fault:
            data, reply = self._row_by_row(listing, variables, fault)
        told = data.get(listing.name)
        if not isinstance(told, dict) or not isinstance(told.get("nodes"), list):
            raise AbortCycleError("The shop's list is not one.", "cartui tries again by itself.")
        told["nodes"] = [self._whole(listing, row) for row in told["nodes"]]
        return told, reply

    def _row_by_row(self, listing: Listing, where: Mapping[str, Any], fault: ShopFaultError) -> tuple[Row, Reply]:
        """A page on which the shop fails: who is on it, then each alone. One broken record must not block the others;
        it comes with the shop's words under `error`."""
        thin = {name: where[name] for name in ("first", "after", "q")}
        data, reply = self.ask(listing.thin, thin)
        rows: list[Row] = []
        for node in data[listing.name]["nodes"]:
            rows += self._alone(listing, node)
            if len(rows) == 5 and all("error" in row for row in rows):
                raise fault
        data[listing.name]["nodes"] = rows
        return data, reply

    def _alone(self, listing: Listing, node: Row) -> list[Row]:
        variables = self._sized(listing) | {"ids": [node["id"]]}
        del variables["first"]
        try:
            found = self.ask(listing.by_ids, variables)[0].get("nodes") or []
        except ShopFaultError as fault:
            return [{**node, "error": safe_text(fault.problem, 300)}]
        return [row for row in found if isinstance(row, dict)]

    def walk(self, listing: Listing, query: str | None) -> Iterator[Chunk]:
        """All pages by cursor: a row that changes meanwhile moves to the end of what is sorted by change."""
        after: str | None = None
        asked_at: datetime | None = None
        seen: set[str] = set()
        for _ in range(_LONGEST_LISTING):
            told, reply = self.page(listing, query, after)
            asked_at = asked_at or reply.date
            rows = [row for row in told["nodes"] if str(row.get("id")) not in seen]
            seen |= {str(row.get("id")) for row in rows}
            info = told.get("pageInfo") or {}
            more = bool(info.get("hasNextPage"))
            yield Chunk(rows, more, asked_at)
            if not more:
                return
            cursor = info.get("endCursor")
            if not isinstance(cursor, str) or cursor == after:
                raise AbortCycleError(
                    "The shop's list does not go on where it says so.", "cartui tries again by itself."
                )
            after = cursor

    def _whole(self, listing: Listing, row: object) -> Row:
        """A row with all of its inner connection, which comes in pages of its own."""
        if not isinstance(row, dict):
            return {"value": row}
        told = row.get(listing.inner) if listing.inner else None
        while isinstance(told, dict) and (told.get("pageInfo") or {}).get("hasNextPage"):
            after = told["pageInfo"].get("endCursor")
            size = self._rest_sizes.get(listing.name, _MOST_INNER)
            variables = {"id": row.get("id"), "nested": size, "after": after} | self._placed(listing)
            try:
                data, _ = self.ask(listing.rest, variables)
            except TooCostlyError:
                if size == 1:
                    raise
                self._rest_sizes[listing.name] = max(1, size // 3)
                continue
            rest = (data.get("node") or {}).get("inner")
            if not isinstance(rest, dict) or not isinstance(rest.get("nodes"), list) or not rest["nodes"]:
                raise AbortCycleError(
                    "A record of the shop changed or went while its lines were read.", "cartui tries again by itself."
                )
            told = {"pageInfo": rest.get("pageInfo"), "nodes": [*told["nodes"], *rest["nodes"]]}
            row[listing.inner] = told
        return row

    def by_ids(self, listing: Listing, numbers: Sequence[str]) -> list[Row]:
        """Those rows that exist. A number that can't be one is as absent as one that is not there."""
        wanted = [gid for number in numbers if (gid := render_gid(listing.type_name, number))]
        rows: list[Row] = []
        start = 0
        while start < len(wanted):
            variables = self._sized(listing)
            size = variables.pop("first")
            try:
                data, _ = self.ask(listing.by_ids, variables | {"ids": wanted[start : start + size]})
            except TooCostlyError as error:
                self._shrink(listing, error)
                continue
            except ShopFaultError:
                data = {
                    "nodes": [row for gid in wanted[start : start + size] for row in self._alone(listing, {"id": gid})]
                }
            found = [row for row in data.get("nodes") or [] if isinstance(row, dict)]
            rows += [
                self._whole(listing, row)
                for row in found
                if row.get("__typename", listing.type_name) == listing.type_name
            ]
            start += size
        return rows


def _no_shop() -> NeedsOperatorError:
    return NeedsOperatorError(
        "There is no Shopify shop, or no such version of its API, at this address (status 404).",
        "Enter the shop's own address NAME.myshopify.com (Settings, Domains), and check the API version.",
        ExitCode.CART_REFUSED,
    )
