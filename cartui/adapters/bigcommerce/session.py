"""Talking to BigCommerce: the address, the rate, lists of both versions and their pages, the store."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from cartui.adapters.bigcommerce.facts import FACTS
from cartui.adapters.bigcommerce.parse import row_id, stamp_of
from cartui.adapters.bigcommerce.render import render_v2_time, render_v3_time
from cartui.adapters.bigcommerce.wire import LocationWire, StoreWire
from cartui.domain.ports import Connection
from cartui.domain.safe_text import safe_text
from cartui.errors import AbortCycleError, ExitCode, HoldRecordError, NeedsOperatorError
from cartui.transport import Pacing, Reply, Transport, Waiter, header_auth

R = TypeVar("R")
T = TypeVar("T")

PARALLEL: Final = 4
SECOND: Final = timedelta(seconds=1)
_MOST_WAITS: Final = 5
_OVERLOAD_SECONDS: Final = 60.0
_V3_PAGE: Final = 250
MOST_PAGES: Final = 1_000  # of one list beside a record; more is a circle
_API_PATH: Final = re.compile(r"(.*/stores/[^/]+)(?:/v[23])?/?")
REMEDY: Final = "Test the connection. If it stays so, report it with the shop's address."


@dataclass(frozen=True, slots=True)
class Kind:
    """A list that is read by `date_modified`. `by_id` can go on from an id within one second; `only` always holds."""

    path: str
    name: str
    version: int
    limit: int
    only: Mapping[str, str]
    by_id: bool = True

    def window(self, low: datetime | None, high: datetime | None = None) -> dict[str, str]:
        """Changed from `low` to `high`."""
        names = ("min_date_modified", "max_date_modified")
        if self.version == 3:
            names = ("date_modified:min", "date_modified:max")
        render = render_v2_time if self.version == 2 else render_v3_time
        return {name: render(at) for name, at in zip(names, (low, high), strict=True) if at is not None}

    def sorted_by(self, field: str) -> dict[str, str]:
        return {"sort": field, "direction": "asc"} if self.path == "v3/catalog/products" else {"sort": f"{field}:asc"}

    def after_id(self, last: int) -> dict[str, str]:
        return {"min_id" if self.version == 2 else "id:min": str(last + 1)}


ORDERS: Final = Kind("v2/orders", "orders", 2, FACTS.page_size, {"include": "fees"})
BASKETS: Final = Kind("v2/orders", "baskets", 2, FACTS.page_size, {"include": "fees", "status_id": "0"})
PRODUCTS: Final = Kind(
    "v3/catalog/products", "items", 3, _V3_PAGE, {"include": "variants", "exclude_fields": "description"}
)
CUSTOMERS: Final = Kind("v3/customers", "customers", 3, _V3_PAGE, {"include": "addresses"}, by_id=False)


@dataclass(frozen=True, slots=True)
class Chunk:
    """New rows of one request, and how far they prove the list."""

    rows: list[Any]
    mark: datetime | None


def api_address(connection: Connection) -> str:
    """The address up to the store's hash, from the API path as the control panel shows it or with the option."""
    url = connection.url.strip()
    if match := _API_PATH.fullmatch(url):
        return match[1]
    store = connection.options.get("store_hash", "").strip().strip("/")
    if not re.fullmatch(r"[A-Za-z0-9]{1,40}", store):
        raise NeedsOperatorError(
            "The address does not name the store: BigCommerce's API path ends in /stores/ and the store's hash.",
            "Enter the API path of the API account, such as https://api.bigcommerce.com/stores/abc123, as the address.",
        )
    return f"{url.rstrip('/')}/stores/{store}"


class BigCommerceSession:
    """Asks the API of one store. May be used from several threads."""

    def __init__(self, connection: Connection, waiter: Waiter | None = None) -> None:
        self.connection = connection
        self._waiter = waiter
        self._lock = threading.RLock()
        self._opened: Transport | None = None
        self._pool: ThreadPoolExecutor | None = None
        self._store: StoreWire | None = None
        self._locations: list[LocationWire] | None = None

    def close(self) -> None:
        with self._lock:
            if self._pool is not None:
                self._pool.shutdown(cancel_futures=True)
                self._pool = None
            if self._opened is not None:
                self._opened.close()

    # --- requests

    @property
    def http(self) -> Transport:
        with self._lock:
            if self._opened is None:
                self._opened = Transport(
                    api_address(self.connection),
                    auth=header_auth("X-Auth-Token", lambda: self.connection.secret("password").strip()),
                    allow_plain_http=self.connection.allow_plain_http,
                    pacing=Pacing(parallel=PARALLEL),
                    waiter=self._waiter,
                    utc_now=self.connection.now,
                    read_only=self.connection.read_only,
                    json_types=("application/problem+json",),
                )
            return self._opened

    def get(
        self, path: str, params: Mapping[str, str] | None = None, expect: Sequence[int] = (), record: str = ""
    ) -> Reply:
        """A GET; `record` names what is asked for where it is one record, else it is a list."""
        return self._obeying(
            lambda: self.http.get_json(path, params or {}, expect=(429, *expect), record=record, listing=not record)
        )

    def write(self, method: str, path: str, body: object, record: str) -> Reply:
        """A write, sent once; one that the rate limit turned away did nothing and is sent again."""
        return self._obeying(
            lambda: self.http.send_json(method, path, body, idempotent=False, writes=True, expect=(429,), record=record)
        )

    def _obeying(self, ask: Callable[[], Reply]) -> Reply:
        """BigCommerce tells its limit in headers of its own, and with a 429 gives no Retry-After."""
        for _ in range(_MOST_WAITS):
            reply = ask()
            left, reset = (_number(reply.headers.get(f"X-Rate-Limit-{name}")) for name in _RATE_HEADERS)
            if reply.status != 429:
                if left is not None and reset is not None:
                    self.http.pacing.hint(left, reset / 1000)
                return reply
            if reset is None:
                problem = "BigCommerce's platform is overloaded (status 429 without a limit of the store)."
                raise AbortCycleError(problem, "cartui tries again by itself.", _OVERLOAD_SECONDS)
            self.http.pacing.hint(0, max(reset, 1000) / 1000)
        problem = "The store's request limit stayed used up; all apps of the store share it."
        raise AbortCycleError(problem, "cartui tries again by itself. Run other apps at other times.", 30.0)

    def many(self, work: Callable[[T], R], things: Sequence[T]) -> list[R]:
        """The work for each, in order, as many at once as the pace allows."""
        if len(things) < 2:
            return [work(one) for one in things]
        with self._lock:
            self._pool = self._pool or ThreadPoolExecutor(PARALLEL, "bigcommerce")
            futures = [self._pool.submit(work, one) for one in things]
        try:
            return [one.result() for one in futures]
        finally:
            for one in futures:
                one.cancel()

    # --- lists

    def rows(self, path: str, params: Mapping[str, str], expect: Sequence[int] = ()) -> tuple[list[Any], Reply]:
        """One page of a list of V2 (an array, or nothing) or V3 ({data, meta})."""
        reply = self.get(path, params, expect)
        return rows_in(reply, path), reply

    def all_rows(self, path: str, params: Mapping[str, str], limit: int, expect: Sequence[int] = ()) -> list[Any]:
        """A short list, page by page. A page that repeats the one before it ends it with an error."""
        found: list[Any] = []
        before: list[Any] = []
        for page in range(1, MOST_PAGES):
            rows, _ = self.rows(path, {**params, "page": str(page), "limit": str(limit)}, expect)
            if rows and rows == before:
                break
            found += rows
            if len(rows) < limit:
                return found
            before = rows
        raise AbortCycleError(f"The shop's list {path} does not end: a page came twice.", REMEDY)

    def walk(self, kind: Kind, since: datetime | None) -> Iterator[Chunk]:
        """Pages by the stamp of the last row, not by a count: rows that change meanwhile move to the end and shift
        nothing. Each request begins a second early, so that it does not matter whether the shop's bounds are
        inclusive; what comes early because of that is left out. One whole page within a second is read by id."""
        low = (since - SECOND).replace(microsecond=0) if since else None
        started: datetime | None = None
        seen: set[str] = set()
        while True:
            params = {**kind.only, **kind.window(low), **kind.sorted_by("date_modified"), "limit": str(kind.limit)}
            rows, reply = self.rows(kind.path, params)
            started = started or reply.date
            more = len(rows) >= kind.limit
            last = _last_stamp(rows, kind, more=more)
            yield Chunk(_fresh(rows, seen, since), last if more else started or last)
            if not more or last is None:
                return
            if low is None or last - SECOND > low:
                low = last - SECOND
                continue
            for chunk in self._within(kind, last):
                yield Chunk(_fresh(chunk, seen, since), last)
            # That second came again although it was asked for from its end on: the bound is inclusive.
            low = last + SECOND if low == last or self._is_inclusive(kind, last) else last

    def _within(self, kind: Kind, moment: datetime) -> Iterator[list[Any]]:
        """All rows of one second and its neighbours, in the order of their ids where the shop can give that."""
        params = {**kind.only, **kind.window(moment - SECOND, moment + SECOND), "limit": str(kind.limit)}
        step: dict[str, str] = {}
        params |= kind.sorted_by("id") if kind.by_id else kind.sorted_by("date_modified")
        for page in range(1, MOST_PAGES):
            rows, _ = self.rows(kind.path, {**params, **step})
            yield rows
            if len(rows) < kind.limit:
                return
            last = row_id(rows[-1])
            step = kind.after_id(int(last)) if kind.by_id and last.isdigit() else {"page": str(page + 1)}
        raise AbortCycleError(f"The shop's {kind.name} of one second do not end.", REMEDY)

    def _is_inclusive(self, kind: Kind, moment: datetime) -> bool:
        rows, _ = self.rows(kind.path, {**kind.only, **kind.window(moment, moment), "limit": "1"})
        return bool(rows)

    def by_ids(self, path: str, name: str, ids: Sequence[str], params: Mapping[str, str]) -> list[Any]:
        """Rows of V3 whose `name` is one of `ids`, 50 at a time to keep addresses short."""
        found: list[Any] = []
        for start in range(0, len(ids), 50):
            asked = {**params, f"{name}:in": ",".join(ids[start : start + 50])}
            found += self.all_rows(path, asked, _V3_PAGE)
        return found

    # --- what is known of the store

    def known_store(self) -> StoreWire:
        """The store's settings, read once."""
        with self._lock:
            if self._store is None:
                reply = self.get("v2/store")
                try:
                    self._store = StoreWire.model_validate(reply.json)
                except ValidationError:
                    problem = "The shop's answer about itself can't be read."
                    raise NeedsOperatorError(problem, REMEDY, ExitCode.CART_REFUSED) from None
            return self._store

    def shop_time(self) -> datetime | None:
        """The shop's clock as `v2/time` tells it."""
        told = self.get("v2/time").json
        seconds = told.get("time") if isinstance(told, dict) else None
        return None if not isinstance(seconds, int) else _EPOCH + timedelta(seconds=min(seconds, 2**33))

    def locations(self) -> list[LocationWire]:
        """The enabled stock locations, read once; the first one of every shop where they may not be read."""
        with self._lock:
            if self._locations is None:
                reply = self.get("v3/inventory/locations", {"limit": str(_V3_PAGE)}, expect=(403, 404))
                rows = rows_in(reply, "locations") if reply.status == 200 else [{"id": 1}]
                try:
                    found = [LocationWire.model_validate(row) for row in rows]
                except ValidationError:
                    raise AbortCycleError("The shop's stock locations can't be read.", REMEDY) from None
                self._locations = [one for one in found if one.enabled is not False]
            return self._locations

    def chosen_location(self) -> str:
        """The id of the location of the option, "" without one."""
        wanted = self.connection.options.get("stock_location", "").strip()
        if not wanted:
            return ""
        for one in self.locations():
            if wanted in (one.id, one.code, one.label):
                return one.id
        names = safe_text(", ".join(one.label or one.id for one in self.locations()), 300)
        raise NeedsOperatorError(f"The shop has no stock location {wanted[:60]!r}.", f"Choose one of: {names}.")


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_RATE_HEADERS: Final = ("Requests-Left", "Time-Reset-Ms")


class GoneError(HoldRecordError):
    """A list beside a record that is not there any more."""


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= 12 else None


def rows_in(reply: Reply, path: str) -> list[Any]:
    """The rows of a list's answer; 204 is none, and 404, where it was expected, `GoneError`."""
    if reply.status == 204:
        return []
    if reply.status == 404:
        raise GoneError(path, "The shop does not have it any more.", "Look for it in the shop.")
    told = reply.json
    rows = told.get("data") if isinstance(told, dict) else told
    if not isinstance(rows, list):
        raise AbortCycleError(f"The shop's answer to {path} is not a list.", REMEDY)
    return rows


def _last_stamp(rows: Sequence[Any], kind: Kind, *, more: bool) -> datetime | None:
    """The stamp of the last row, from which the next page goes on: that needs the order that was asked for."""
    stamps = [stamp for row in rows if (stamp := stamp_of(row)) is not None]
    if more and (not stamps or stamps != sorted(stamps)):
        raise AbortCycleError(f"The shop's {kind.name} do not come in the order of their change date.", REMEDY)
    return stamps[-1] if stamps else None


def _fresh(rows: Sequence[Any], seen: set[str], since: datetime | None) -> list[Any]:
    """Rows that did not come yet, without those of the seconds that were asked for too early. A row from long before
    stays: it shows that the filter was ignored."""
    kept: list[Any] = []
    for row in rows:
        stamp, key = stamp_of(row), row_id(row)
        early = since is not None and stamp is not None and since - 3 * SECOND <= stamp < since
        if key not in seen and not early:
            seen.add(key)
            kept.append(row)
    return kept
