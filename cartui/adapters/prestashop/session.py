"""Requests to one shop: lists by keyset, records by id, writes; and what a connection learns once of its shop."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cartui.adapters.prestashop.errors import DoubtfulError, MethodError, SpoiltError, refusal_of, refused_write
from cartui.adapters.prestashop.facts import FACTS, display_of
from cartui.adapters.prestashop.fields import is_id
from cartui.adapters.prestashop.moments import ShopClock
from cartui.adapters.prestashop.parse import Tables
from cartui.adapters.prestashop.render import Fields, render_record, render_whole
from cartui.adapters.prestashop.states import CONFIGURED, SHIPPED_STATE, meaning_of, parse_status_map
from cartui.adapters.prestashop.wire import Row, UnreadableError, find_errors, parse_body, parse_rights
from cartui.domain.ports import Connection
from cartui.domain.safe_text import safe_text
from cartui.errors import AbortCycleError, NeedsOperatorError
from cartui.transport import Exchange, Reply, Transport, Waiter, basic_auth, register_secret, segment

Filters = Sequence[tuple[str, str]]

_EXPECTED: Final = (400, 401, 403, 404, 405, 500, 503)
_WRITTEN: Final = (400, 401, 403, 404, 405, 500)
_PATCHED: Final = (*_WRITTEN, 501)
_AT_ONCE: Final = 500  # rows of a list that belongs to others
_IDS_IN_ORDER: Final = (("sort", "[id_ASC]"), ("limit", str(_AT_ONCE)))
_MOST_VALUES: Final = 200
_MOST_CHARACTERS: Final = 3_000  # of one filter: web servers take request lines of 8 kB, and a bar is three there
_SHOP: Final = ("PS_TIMEZONE", "PS_LANG_DEFAULT", "PS_CURRENCY_DEFAULT", "PS_HOME_CATEGORY", "PS_STOCK_MANAGEMENT")
_MULTISHOP: Final = "PS_MULTISHOP_FEATURE_ACTIVE"
_SETTINGS: Final = (*_SHOP, *CONFIGURED, SHIPPED_STATE, _MULTISHOP)
_BY_LANGUAGE: Final = frozenset({"products", "order_states", "product_option_values", "combinations", "groups"})
_ASK_HOST: Final = "If it stays so, look into the shop's error log, or set the option read_format to xml."


class Session:
    """One shop. Nothing is sent before the first call. `last_status` and `exchanges` tell of the requests that left,
    `shop_now` is the shop's clock at the latest answer (aware UTC), `version` the shop's, "" until it answered."""

    def __init__(self, connection: Connection, waiter: Waiter | None = None) -> None:
        self._connection = connection
        self._options = connection.options
        self._waiter = waiter
        self._opened: Transport | None = None
        self._tables: dict[str, dict[str, Row]] = {}
        self._settings: dict[str, str] | None = None
        self.last_status: int | None = None
        self.exchanges = 0
        self.version = ""
        self.shop_now: datetime | None = None
        self.patches = True

    # --- lists

    def pages_by_date(self, resource: str, after: str | None) -> Iterator[list[Row]]:
        """All rows whose date_upd is after a local time (None: all), by that date. A page ends with a whole second, and
        the next one begins after it: what changes meanwhile moves to the end and shifts nothing."""
        while True:
            filters = [] if after is None else [("filter[date_upd]", f">[{after}]")]
            asked = [*filters, ("sort", "[date_upd_ASC,id_ASC]"), ("limit", str(FACTS.page_size)), ("date", "1")]
            rows = self._patient_rows(resource, asked)
            if len(rows) < FACTS.page_size:
                yield rows
                return
            dated = [row for row in rows if row.get("date_upd")] or [{}]
            last = str(dated[-1].get("date_upd", ""))
            if not last or (after is not None and last <= after):
                raise AbortCycleError(
                    f"The shop's list of {resource} does not go on from {last or 'nowhere'}.", _ASK_HOST
                )
            same = [("filter[date_upd]", f"[{last}]"), ("date", "1")]
            yield [*rows, *self.all_rows(resource, same, str(dated[-1].get("id", "")))]
            after = last

    def pages_by_id(
        self, resource: str, filters: Filters, after_id: str, limit: int, *, patient: bool = False
    ) -> Iterator[list[Row]]:
        """All rows of a filter, by id; `patient`: one that spoils its page is told as such."""
        while True:
            beyond = [("filter[id]", f">[{after_id}]")] if after_id else []
            asked = [*filters, *beyond, ("sort", "[id_ASC]"), ("limit", str(limit))]
            rows = self._patient_rows(resource, asked) if patient else self.rows(resource, asked)
            yield rows
            if len(rows) < limit:
                return
            last = str(rows[-1].get("id", ""))
            if not is_id(last) or (after_id and int(last) <= int(after_id)):
                raise AbortCycleError(
                    f"The shop's list of {resource} does not go on from {after_id or '0'}.", _ASK_HOST
                )
            after_id = last

    def all_rows(self, resource: str, filters: Filters, after_id: str = "") -> list[Row]:
        return [row for rows in self.pages_by_id(resource, filters, after_id, _AT_ONCE) for row in rows]

    def rows_where(self, resource: str, field: str, values: Iterable[str]) -> list[Row]:
        """The rows that have one of these values in a field."""
        rows: list[Row] = []
        for batch in _batches(values):
            filters = [(f"filter[{field}]", f"[{'|'.join(batch)}]")]
            if field == "id":
                rows += self.rows(resource, [*filters, ("sort", "[id_ASC]")])
            else:
                rows += self.all_rows(resource, filters)
        return rows

    def ids_by_date(self, resource: str, after: str) -> list[str]:
        """The ids of all rows whose date_upd is after a local time. The shop loads no record for that."""
        ids: list[str] = []
        beyond: Filters = ()
        while True:
            asked = [("filter[date_upd]", f">[{after}]"), ("date", "1"), *beyond, *_IDS_IN_ORDER]
            found = [str(row.get("id", "")) for row in self._get(resource, asked)]
            ids += filter(is_id, found)
            if len(found) < _AT_ONCE:
                return ids
            if not ids or (beyond and beyond == [("filter[id]", f">[{ids[-1]}]")]):
                raise AbortCycleError(f"The shop's list of {resource} does not go on.", _ASK_HOST)
            beyond = [("filter[id]", f">[{ids[-1]}]")]

    def highest_id(self, resource: str) -> int:
        """0 where there is no record."""
        rows = self._get(resource, [("sort", "[id_DESC]"), ("limit", "1")])
        found = str(rows[0].get("id", "")) if rows else ""
        return int(found) if is_id(found) else 0

    def whole_rows(self, resource: str, field: str, value: str) -> list[Row]:
        """Records with all fields, in all languages: what a PUT must repeat. Not to be kept: secrets are there."""
        return self._get(resource, [(f"filter[{field}]", value), ("sort", "[id_ASC]"), ("display", "full")])

    def rows(self, resource: str, params: Filters) -> list[Row]:
        """One page of a list, in the form that keeps zeros."""
        told = [*params, ("display", display_of(resource))]
        if resource in _BY_LANGUAGE and (language := self.language):
            told.append(("language", language))
        return self._get(resource, told)

    def _patient_rows(self, resource: str, params: Filters) -> list[Row]:
        """As `rows`; where a record spoils the page, the others come one by one, and that one as `unreadable`."""
        try:
            return self.rows(resource, params)
        except SpoiltError as error:
            spoilt = error
        found: list[Row] = []
        for row_id in [str(row.get("id", "")) for row in self._get(resource, params)]:
            try:
                one = self.rows(resource, [("filter[id]", f"[{row_id}]"), ("sort", "[id_ASC]"), ("date", "1")])
            except SpoiltError as error:
                one = [{"id": row_id, "unreadable": error.problem}]
            found += one
            if not one or (len(found) == 3 and all("unreadable" in row for row in found)):
                raise spoilt  # the list changes meanwhile (a short page would be taken for its end), or all is spoilt
        return found

    def _get(self, resource: str, params: Filters) -> list[Row]:
        reply = self._read(resource, params, _EXPECTED)
        if reply.status == 200:
            return self._rows_of(resource, reply)
        errors = find_errors(reply.body)
        if reply.status == 500 and errors and all(one.is_noise for one in errors):
            # PHP complained while the list was printed; the data is there, the complaints stand behind it.
            try:
                return self._rows_of(resource, reply)
            except AbortCycleError:
                pass
        if refusal := refusal_of(reply.status, errors, f"read {resource}"):
            raise refusal
        return self._rows_of(resource, self._read(resource, params, ()))  # the transport knows when to try again

    def _rows_of(self, resource: str, reply: Reply) -> list[Row]:
        try:
            told = parse_body(reply.body)
        except UnreadableError as error:
            problem = str(error)
        else:
            if told.rows is not None and all(one.is_noise for one in told.errors):
                return list(told.rows)
            problem = "it has no list"
        raise AbortCycleError(f"The shop's list of {resource} can't be read: {problem}.", _ASK_HOST)

    def _read(self, resource: str, params: Filters, expect: Sequence[int]) -> Reply:
        path, asked = f"api/{resource}", self._params(params)
        if self._options.get("read_format") == "xml":
            told = self._transport.send_bytes(
                "GET", path, accept="text/xml", idempotent=True, writes=False, params=asked, expect=expect, listing=True
            )
        else:
            asked = [*asked, ("output_format", "JSON")]
            told = self._transport.get_json(path, asked, expect=expect, listing=True)
        return self._noted(told)

    # --- what holds for the whole connection

    def rights(self) -> tuple[str, Mapping[str, frozenset[str]]]:
        """The shop's name, and what the key may do (in XML: as JSON it is an error on 8.2)."""
        reply = self._noted(
            self._transport.send_bytes(
                "GET", "api/", accept="text/xml", idempotent=True, writes=False, params=self._params(()),
                expect=_EXPECTED, listing=True,
            )
        )  # fmt: skip
        if reply.status != 200 and (refusal := refusal_of(reply.status, find_errors(reply.body), "read the index")):
            raise refusal
        try:
            return parse_rights(reply.body)
        except UnreadableError as error:
            raise AbortCycleError(
                f"What answers here is not PrestaShop's web service: {error}.",
                "Enter the shop's address as a browser shows it, without /api or /modules.",
            ) from None

    def table(self, resource: str) -> Mapping[str, Row]:
        """A look-up list by id, read once."""
        if resource not in self._tables:
            self._tables[resource] = {str(row.get("id", "")): row for row in self.all_rows(resource, ())}
        return self._tables[resource]

    def optional_table(self, resource: str) -> Mapping[str, Row]:
        """As `table`; empty where the key may not read it: names that only adorn a record are no reason to stop."""
        try:
            return self.table(resource)
        except NeedsOperatorError:
            self._tables[resource] = {}
            return {}

    def tables(self, *names: str) -> Tables:
        """What `parse` needs; only the named lists are read."""
        ids = {self.settings[name]: word for name, word in CONFIGURED.items() if self.settings.get(name)}
        own = parse_status_map(self._options.get("status_map", ""))
        found = {name: self.table(name) for name in names}
        return Tables(
            clock=self.clock,
            default_currency=self._default_currency(found.get("currencies", {})),
            currencies=found.get("currencies", {}),
            countries=found.get("countries", {}),
            regions=found.get("states", {}),
            taxes=found.get("taxes", {}),
            carriers=found.get("carriers", {}),
            states={
                key: (name_of(row), meaning_of(row, ids, own)) for key, row in found.get("order_states", {}).items()
            },
            option_values=found.get("product_option_values", {}),
            groups=self.optional_table("groups") if "order_states" in found else {},
        )

    def _default_currency(self, currencies: Mapping[str, Row]) -> str:
        row = currencies.get(self.settings.get("PS_CURRENCY_DEFAULT", ""))
        if row is None and len(currencies) == 1:
            (row,) = currencies.values()
        return "" if row is None else safe_text(str(row.get("iso_code", "")), 3)

    @property
    def settings(self) -> Mapping[str, str]:
        """The shop's own settings that matter here; empty where the key may not read them and need not."""
        if self._settings is None:
            filters = [("filter[name]", f"[{'|'.join(_SETTINGS)}]")]
            try:
                rows = self.all_rows("configurations", filters)
            except NeedsOperatorError:
                if not self._options.get("time_zone"):
                    raise
                rows = []
            self._settings = _chosen(rows, self._options.get("shop_id", ""))
        return self._settings

    @property
    def known_time_zone(self) -> str:
        """The zone that the shop is set to, "" before it was read."""
        return "" if self._settings is None else safe_text(self._settings.get("PS_TIMEZONE", ""), 40)

    @property
    def clock(self) -> ShopClock:
        name = self._options.get("time_zone") or self.settings.get("PS_TIMEZONE", "")
        try:
            return ShopClock(ZoneInfo(name))
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise NeedsOperatorError(
                f"The shop's time zone {safe_text(name, 40)!r} is not known here."
                if name
                else "The shop tells no time zone.",
                "Set the option time_zone of the cart to the shop's time zone, such as Europe/Paris.",
            ) from None

    @property
    def language(self) -> str:
        """The id of the language that names are read and written in, "" where only one can be told."""
        wanted = self._options.get("language", "").strip()
        if wanted and not wanted.isdecimal():
            found = [
                key
                for key, row in self.table("languages").items()
                if str(row.get("iso_code")).lower() == wanted.lower()
            ]
            if not found:
                raise NeedsOperatorError(f"The shop has no language {wanted[:20]!r}.", "Correct the option language.")
            return found[0]
        return wanted or self.settings.get("PS_LANG_DEFAULT", "")

    @property
    def has_many_shops(self) -> bool:
        return bool(self._options.get("shop_id")) or self.settings.get(_MULTISHOP) == "1"

    @property
    def counts_stock(self) -> bool:
        """False where stock management is switched off: the quantities then mean nothing."""
        return self.settings.get("PS_STOCK_MANAGEMENT", "1") != "0"

    @property
    def languages(self) -> list[str]:
        return list(self.table("languages"))

    # --- writing

    def create(self, resource: str, fields: Fields, record: str, params: Filters = ()) -> str:
        """Make a record; its id, or "" where the answer does not tell. `DoubtfulError`: look whether it is there."""
        reply = self._write("POST", resource, fields, record, params)
        try:
            rows = parse_body(reply.body).rows
        except UnreadableError:
            rows = None
        made = str(rows[0].get("id", "")).strip() if rows else ""
        return made if is_id(made) else ""

    def change(self, resource: str, record_id: str, fields: Fields, record: str, params: Filters = ()) -> None:
        """Change fields of a record: alone where the shop has PATCH, else with all others as they are."""
        if self._patch(resource, record_id, fields, record, params):
            return
        found = self.whole_rows(resource, "id", f"[{record_id}]")
        if found:
            whole = render_whole(resource, found[0], fields, self.languages if resource == "products" else ())
            self._write("PUT", f"{resource}/{segment(record_id)}", whole, record, params)
            return
        raise refused_write(404, (), record) or AssertionError

    def replace(self, resource: str, row: Row, fields: Fields, record: str) -> None:
        """Write a whole record that was just read, with changes."""
        whole = render_whole(resource, row, fields, ())
        record_id = str(row.get("id", ""))
        if not self._patch(resource, record_id, whole, record):
            self._write("PUT", f"{resource}/{segment(record_id)}", whole, record)

    def _patch(self, resource: str, record_id: str, fields: Fields, record: str, params: Filters = ()) -> bool:
        """False where there is no PATCH (before 8, or not granted to the key)."""
        if not (self.patches and has_patch(self.version)):
            return False
        try:
            self._write("PATCH", f"{resource}/{segment(record_id)}", {**fields, "id": record_id}, record, params)
        except MethodError:
            self.patches = False
            return False
        return True

    def _write(self, method: str, path: str, fields: Fields, record: str, params: Filters = ()) -> Reply:
        resource = path.partition("/")[0]
        reply = self._noted(
            self._transport.send_bytes(
                method, f"api/{path}", render_record(resource, fields), content_type="text/xml; charset=utf-8",
                accept="text/xml", idempotent=False, writes=True, params=self._params(params),
                expect=_PATCHED if method == "PATCH" else _WRITTEN, record=record,
            )
        )  # fmt: skip
        if reply.status < 300:
            return reply
        errors = find_errors(reply.body)
        if method == "PATCH" and (reply.status == 405 or (reply.status in (403, 501) and not errors)):
            raise MethodError  # web servers and firewalls before the shop may not let it through either
        if reply.status == 500:
            raise DoubtfulError(errors)
        what = f"{method} {resource}"
        raise (
            refused_write(reply.status, errors, record)
            or refusal_of(reply.status, errors, what)
            or DoubtfulError(errors)
        )

    # --- the transport

    @property
    def is_open(self) -> bool:
        return self._opened is not None

    def close(self) -> None:
        if self._opened is not None:
            self._opened.close()

    def _params(self, params: Filters) -> list[tuple[str, str]]:
        told = list(params)
        if shop_id := self._options.get("shop_id", "").strip():
            told.append(("id_shop", shop_id))
        if self._options.get("key_in") == "address":
            key = self._connection.secret("password")
            register_secret(key)
            told.append(("ws_key", key))
        return told

    def _noted(self, reply: Reply) -> Reply:
        self.version = reply.headers.get("PSWS-Version", "") or self.version
        moment = reply.date
        stamp = reply.headers.get("Access-Time", "")
        if stamp.isascii() and stamp.isdecimal() and len(stamp) <= 11:
            moment = datetime.fromtimestamp(int(stamp), UTC)
        if moment is not None:
            self.shop_now = moment - timedelta(seconds=reply.seconds)
        return reply

    @property
    def _transport(self) -> Transport:
        if self._opened is None:
            in_address = self._options.get("key_in") == "address"
            self._opened = Transport(
                shop_address(self._connection.url),
                auth=None
                if in_address
                else basic_auth(lambda: self._connection.secret("password").strip(), lambda: ""),
                allow_plain_http=self._connection.allow_plain_http,
                waiter=self._waiter,
                utc_now=self._connection.now,
                on_exchange=self._note,
                json_types=("application/javascript", "text/javascript"),  # what output before the headers makes of it
            )
        return self._opened

    def _note(self, exchange: Exchange) -> None:
        self.exchanges += 1
        self.last_status = exchange.status


def shop_address(url: str) -> str:
    """The shop's address of what a person entered: the manual shows the one of its modules, others know the API's."""
    bare = url.strip().rstrip("/")
    for tail in ("/api", "/modules"):
        bare = bare.removesuffix(tail).rstrip("/")
    return bare


def has_patch(version: str) -> bool:
    major = version.partition(".")[0]
    return major.isdecimal() and int(major) >= 8


def name_of(row: Row) -> str:
    """A name in the language that was asked for, or in the first that has one."""
    value = row.get("name")
    if isinstance(value, list):
        value = next((one.get("value") for one in value if isinstance(one, dict) and one.get("value")), "")
    return safe_text(str(value or ""), 100)


def _chosen(rows: Iterable[Row], shop_id: str) -> dict[str, str]:
    """Of several values of a setting that of the shop, else the one for all shops, else the first."""
    ranked: dict[str, tuple[int, str]] = {}
    for row in rows:
        name, owner = str(row.get("name", "")), str(row.get("id_shop", ""))
        rank = 0 if shop_id and owner == shop_id else 1 if owner in ("", "0") else 2
        if name and (name not in ranked or rank < ranked[name][0]):
            ranked[name] = (rank, str(row.get("value", "")))
    return {name: value for name, (_, value) in ranked.items()}


def _batches(values: Iterable[str]) -> Iterator[list[str]]:
    """In portions that fit into an address; what would break the filter's grammar can't be in the shop."""
    batch: list[str] = []
    size = 0
    for value in dict.fromkeys(values):
        if not value or not value.replace("-", "").replace("_", "").isalnum():
            continue
        if len(batch) >= _MOST_VALUES or size + len(value) + 3 > _MOST_CHARACTERS:
            yield batch
            batch, size = [], 0
        batch.append(value)
        size += len(value) + 3
    if batch:
        yield batch
