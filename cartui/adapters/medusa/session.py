"""Talking to the Admin API: log-in, lists and single records."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from cartui.adapters.medusa.facts import FACTS, FREE
from cartui.adapters.medusa.lists import CREDIT, LOCATIONS, ORDERS, Listing
from cartui.adapters.medusa.parse import ORDER_STATES, row_id
from cartui.adapters.medusa.render import render_since
from cartui.adapters.medusa.wire import LocationWire, StoreWire, Terms, read_moment
from cartui.domain.ports import Connection, Page, Received
from cartui.domain.safe_text import safe_text
from cartui.domain.status_map import parse_status_map
from cartui.errors import AbortCycleError, ExitCode, HoldRecordError, NeedsOperatorError
from cartui.transport import Auth, Reply, Transport, basic_auth, read_ahead, register_secret, segment
from cartui.transport.limits import ENDLESS

R = TypeVar("R")
Row = Mapping[str, Any]
Params = Sequence[tuple[str, str]]

_IDS: Final = 100  # in one address
_OVERLAP: Final = 5
_MOST: Final = 10_000  # rows of one moment in one answer
_WRONG = "The shop did not accept the {what} (status 401)."


class UndatedError(AbortCycleError):
    """The list can't be asked for changes: before 2.6 that of drafts has no filter by date."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """New rows of one request, the listing's total as known by now, and its mark."""

    rows: list[Row]
    total: int | None
    mark: datetime | None


class MedusaSession:
    """Asks the Admin API and turns what went wrong into errors. May be used from several threads."""

    def __init__(self, connection: Connection) -> None:
        options = connection.options
        self.connection = connection
        self.base = re.sub(r"/(admin|app)$", "", connection.url.strip().rstrip("/"))
        self.user = options.get("username", "").strip()
        self.free = options.get("stock_level", "").strip() == FREE
        self.take = FACTS.page_size
        self.token = ""
        self._no_credit = False
        self.terms: Terms | None = None
        self._lock = threading.RLock()
        self._with_key: Auth = basic_auth(lambda: connection.secret("password"), lambda: "")
        self._http = Transport(
            self.base,
            auth=self._credentials,
            allow_plain_http=connection.allow_plain_http,
            utc_now=connection.now,
            read_only=connection.read_only,
        )

    def close(self) -> None:
        """Ends the connections; Medusa's tokens end by themselves."""
        self.token = ""
        self._http.close()

    # --- talking

    def _credentials(self) -> Mapping[str, str]:
        if self.user:
            return {"Authorization": f"Bearer {self.token}"} if self.token else {}
        register_secret(self.connection.secret("password"))
        return self._with_key()

    def log_in(self, stale: str = "") -> None:
        """By user name and password; a key needs none."""
        with self._lock:
            if not self.user or self.token != stale:
                return  # another thread was faster
            password = self.connection.secret("password")
            register_secret(password)
            self.token = ""
            body = {"email": self.user, "password": password}
            reply = self._http.send_json(
                "POST", "auth/user/emailpass", body, idempotent=True, writes=False, expect=(401,), listing=True
            )
            token = reply.json.get("token") if isinstance(reply.json, dict) else None
            if reply.status == 401 or not isinstance(token, str) or not token:
                raise self._refused("user name or password")
            register_secret(token, lasting=False)
            self.token = token

    @staticmethod
    def _refused(what: str) -> NeedsOperatorError:
        remedy = "Enter them again; without a user name the secret must be a secret API key (sk_...)."
        return NeedsOperatorError(_WRONG.format(what=what), remedy, ExitCode.CART_REFUSED)

    def _ask(self, send: Callable[[], Reply]) -> Reply:
        """A token that ended is renewed once: 401 did nothing yet."""
        fresh = not self.token
        if fresh:
            self.log_in()
        used = self.token
        reply = send()
        if reply.status == 401 and self.user and not fresh:
            self.log_in(used)
            reply = send()
        if reply.status == 401:
            raise self._refused("user name or password" if self.user else "API key")
        return reply

    def get(self, path: str, params: Params = (), *, record: str = "") -> Reply:
        """A list, or with `record` one record, whose absence is `NotFoundError`."""
        return self._ask(
            lambda: self._http.get_json(path, params, expect=(401,), record=record, listing=not record),
        )

    def write(self, path: str, body: object, record: str, params: Params = ()) -> Any:
        """POST, which is all that Medusa knows; the answer's JSON."""
        return self._ask(
            lambda: self._http.send_json(
                "POST", path, body, idempotent=False, writes=True, expect=(401,), record=record, params=params
            )
        ).json

    def health(self) -> Reply:
        """What the shop answers to somebody unknown."""
        return self._http.send_bytes("GET", "health", accept="*/*", idempotent=True, writes=False, listing=True)

    # --- what the shop is like

    def known_terms(self) -> Terms:
        with self._lock:
            if self.terms is None:
                self.terms = self._read_terms()
            return self.terms

    def _read_terms(self) -> Terms:
        fields = "id,name,default_sales_channel_id,supported_currencies.currency_code,supported_currencies.is_default"
        rows = rows_of(self.get("admin/stores", [("fields", fields), ("limit", "1")]), "stores")
        try:
            store = StoreWire.model_validate(rows[0] if rows else {})
        except ValidationError:
            raise AbortCycleError("The shop's store can't be read.", "Test the connection.") from None
        currencies = tuple(one.currency_code.upper() for one in store.supported_currencies)
        default = next((one.currency_code.upper() for one in store.supported_currencies if one.is_default), "")
        wanted = self.connection.options.get("currency", "").strip().upper() or default
        if wanted not in currencies:
            named = safe_text(", ".join(currencies), 200) or "none"
            raise NeedsOperatorError(
                f"The store has no prices in {wanted or 'any currency'}.", f"Set the cart's option Currency: {named}."
            )
        return Terms(
            currency=wanted,
            currencies=currencies,
            gross=self._prices_with_tax(wanted),
            channel=store.default_sales_channel_id,
            location=self._location(),
            free=self.free,
        )

    def _prices_with_tax(self, currency: str) -> bool | None:
        """What the shop's price preference says of a currency (not of a region)."""
        params = [("attribute", "currency_code"), ("value", currency.lower()), ("limit", "100")]
        for row in rows_of(self.get("admin/price-preferences", params), "price_preferences"):
            if row.get("attribute") == "currency_code" and row.get("value") == currency.lower():
                return row.get("is_tax_inclusive") is True
        return False

    def meanings(self) -> Mapping[str, str]:
        """The option status_map: a status of the shop's own -> one of Medusa's."""
        return parse_status_map(self.connection.options.get("status_map", ""), ORDER_STATES)

    def locations(self) -> list[LocationWire]:
        params = [("fields", LOCATIONS.fields), ("limit", "1000")]
        rows = rows_of(self.get(LOCATIONS.path, params), LOCATIONS.root)
        return [LocationWire.model_validate(row) for row in rows]

    def _location(self) -> str:
        wanted = self.connection.options.get("stock_location", "").strip()
        if not wanted:
            return ""
        found = self.locations()
        for one in found:
            if wanted in (one.id, one.name):
                return one.id
        names = safe_text(", ".join(one.name for one in found), 300)
        raise NeedsOperatorError(f"The shop has no stock location {wanted!r}.", f"Choose one of: {names}.")

    # --- listing

    def page(
        self, listing: Listing, where: Params, take: int, fields: str = "", order: str = "updated_at"
    ) -> tuple[list[Row], int, datetime | None]:
        # By the stamp alone: two keys are an error of the server.
        asked = fields or (listing.fields.replace(f"{CREDIT},", "") if self._no_credit else listing.fields)
        params = [*where, ("order", order), ("limit", str(take)), ("fields", asked)]
        try:
            reply = self.get(listing.path, params)
        except AbortCycleError as error:
            if unknown_field("updated_at", error):
                raise UndatedError(error.problem, error.remedy) from None
            if not (CREDIT in asked and not fields and "(status 500)" in error.problem and self._fails_on_credit()):
                raise
            self._no_credit = True
            return self.page(listing, where, take, order=order)
        count = reply.json.get("count") if isinstance(reply.json, dict) else None
        if not isinstance(count, int):
            raise AbortCycleError("The shop's list states no count.", "Test the connection.")
        return rows_of(reply, listing.root), count, reply.date

    def _fails_on_credit(self) -> bool:
        """Whether it is for the credit lines that orders can't be read: nothing else of them is asked for here."""
        self.page(ORDERS, [], 1, "id")
        try:
            self.page(ORDERS, [], 1, f"id,{CREDIT}")
        except AbortCycleError as error:
            return "(status 500)" in error.problem
        return False

    def walk(self, listing: Listing, since: datetime | None) -> Iterator[Chunk]:
        """Pages by the stamp of the last row, not by an offset: rows that change meanwhile move to the end and shift
        nothing. Where one moment fills more than a page, the page grows: rows of one stamp come in no certain order."""
        lower, take, started = since, self.take, None
        seen: set[str] = set()
        while True:
            where = [("updated_at[$gte]", render_since(lower))] if lower else []
            try:
                rows, count, date = self.page(listing, where, take)
            except UndatedError:
                yield from self._walk_back(listing, since)
                return
            except AbortCycleError as error:
                self._shrink(error, take)
                take = self.take
                continue
            started = started or date
            fresh = [row for row in rows if row_id(row) not in seen]
            seen |= {row_id(row) for row in fresh}
            _ensure_sorted(rows)
            left = max(0, count - len(rows))
            last = read_moment(rows[-1].get("updated_at")) if rows else None
            yield Chunk(fresh, len(seen) + left, last if left else started or last)
            if not left or not rows:
                return
            if last is not None and (lower is None or last > lower):
                lower, take = last, self.take
            elif take < _MOST:
                take *= 4
            else:
                problem = f"More than {_MOST} rows of {listing.root} have one change date."
                raise AbortCycleError(problem, "Nothing was skipped; report it for this shop.")

    def _walk_back(self, listing: Listing, since: datetime | None) -> Iterator[Chunk]:
        """From the newest row back to `since`. What changes meanwhile moves to the front and comes with the next
        reading: the mark is the shop's time at the start. Pages overlap, for rows may be deleted meanwhile."""
        skip, started = 0, None
        seen: set[str] = set()
        while True:
            try:
                rows, count, date = self.page(listing, [("offset", str(skip))], self.take, order="-updated_at")
            except AbortCycleError as error:
                self._shrink(error, self.take)
                continue
            started = started or date
            stamps = [read_moment(row.get("updated_at")) for row in rows]
            wanted = [row for row, at in zip(rows, stamps, strict=True) if since is None or at is None or at >= since]
            fresh = [row for row in wanted if row_id(row) not in seen]
            seen |= {row_id(row) for row in fresh}
            done = not rows or skip + len(rows) >= count or len(wanted) < len(rows)
            yield Chunk(fresh, None, started if done else None)
            if done:
                return
            skip += max(1, len(rows) - _OVERLAP)

    def _shrink(self, error: AbortCycleError, take: int) -> None:
        """Long orders make pages that are larger than what is read: smaller ones from now on."""
        if error.problem != ENDLESS or take > self.take or self.take == 1:
            raise error
        self.take = max(1, self.take // 4)

    def pages(self, listing: Listing, since: datetime | None, parse: Callable[[Row], Received[R]]) -> Iterator[Page[R]]:
        for chunk in read_ahead(self.walk(listing, since)):
            yield Page(tuple(map(parse, chunk.rows)), chunk.total, chunk.mark)

    def _search(self, listing: Listing, name: str, value: str) -> list[Row]:
        """Before 2.9 variants can't be listed by their SKU, only searched for a text; what fits is taken."""
        rows: list[Row] = []
        skip = 0
        while True:
            where = [("q", value), ("offset", str(skip))]
            found, count, _ = self.page(listing, where, self.take, order="id")
            rows += [row for row in found if row.get(name) == value]
            skip += len(found)
            if not found or skip >= count:
                return rows

    def by_ids(self, listing: Listing, ids: Sequence[str], name: str = "id") -> list[Row]:
        """Rows whose `name` is one of `ids`: an unknown filter may be ignored, so each row is looked at."""
        rows: list[Row] = []
        left = list(dict.fromkeys(ids))
        while left:
            wanted = left[: min(self.take, _IDS)]
            where = [(f"{name}[]", one) for one in wanted]
            try:
                # More than were asked for: an e-mail may have two rows, a guest's and an account's.
                found, _, _ = self.page(listing, where, 2 * _IDS)
            except AbortCycleError as error:
                if unknown_field(name, error):
                    return [row for one in ids for row in self._search(listing, name, one)]
                self._shrink(error, 0)
                continue
            rows += [row for row in found if row.get(name) in wanted]
            left = left[len(wanted) :]
        return rows


def unknown_field(name: str, error: AbortCycleError | HoldRecordError) -> bool:
    """Whether the shop refused a request because its version does not know `name`; nothing was done then."""
    return "Unrecognized fields" in error.problem and f"'{name}'" in error.problem


def rows_of(reply: Reply, root: str) -> list[Row]:
    """The rows of a list; what is none of an object is kept as one that can't be read."""
    body = reply.json
    rows = body.get(root) if isinstance(body, dict) else None
    if not isinstance(rows, list):
        raise AbortCycleError(f"The shop's list has no {root}.", "Check that the address is that of a Medusa 2 server.")
    return [row if isinstance(row, dict) else {"value": row} for row in rows]


def record_path(*parts: str) -> str:
    """`admin/orders`, an id, … as one path; ids can't lead elsewhere."""
    return "/".join([parts[0], *(segment(part) for part in parts[1:])])


def _ensure_sorted(rows: Sequence[Row]) -> None:
    """Paging by stamp over rows in any other order would jump over some: end the cycle instead."""
    stamps = [at for row in rows if (at := read_moment(row.get("updated_at"))) is not None]
    if stamps != sorted(stamps):
        raise AbortCycleError(
            "The shop did not sort its list by updated_at.",
            "Nothing was skipped; report it for this version of Medusa.",
        )
