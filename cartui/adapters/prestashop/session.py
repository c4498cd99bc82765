"""Requests to one shop: lists by keyset, records by id, writes; and what a connection learns once of its shop."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from cartui.adapters.prestashop.batches import in_batches
from cartui.adapters.prestashop.errors import DoubtfulError, MethodError, SpoiltError, refusal_of, refused_write
from cartui.adapters.prestashop.facts import FACTS, ONLY_SOME, display_of
from cartui.adapters.prestashop.fields import holds, is_id
from cartui.adapters.prestashop.render import Fields, render_record, render_whole
from cartui.adapters.prestashop.shopwide import Filters, Shopwide
from cartui.adapters.prestashop.wire import Row, UnreadableError, find_errors, parse_body, parse_rights
from cartui.domain.ports import Connection
from cartui.errors import AbortCycleError
from cartui.transport import Exchange, Reply, Transport, Waiter, basic_auth, register_secret, segment

_EXPECTED: Final = (400, 401, 403, 404, 405, 500, 503)
_WRITTEN: Final = (400, 401, 403, 404, 405, 500)
_PATCHED: Final = (*_WRITTEN, 501)
_NO_SUCH_LIST: Final = 27  # "Resource of type … does not exists"
_AT_ONCE: Final = 500  # rows of a list that belongs to others
_IDS_IN_ORDER: Final = (("sort", "[id_ASC]"), ("limit", str(_AT_ONCE)))
_BY_LANGUAGE: Final = frozenset({"products", "order_states", "product_option_values", "combinations", "groups"})
_ASK_HOST: Final = "If it stays so, look into the shop's error log, or set the option read_format to xml."


class Session(Shopwide):
    """One shop. Nothing is sent before the first call. `last_status` and `exchanges` tell of the requests that left,
    `shop_now` is the shop's clock at the latest answer (aware UTC), `version` the shop's, "" until it answered."""

    def __init__(self, connection: Connection, waiter: Waiter | None = None) -> None:
        super().__init__(connection.options)
        self._connection = connection
        self._waiter = waiter
        self._opened: Transport | None = None
        self.last_status: int | None = None
        self.exchanges = 0
        self.version = ""
        self.shop_now: datetime | None = None
        self.patches = True
        self._filters_dates: bool | None = None
        self._has: dict[str, bool] = {}
        self._patch_was_ignored = False
        self._reads_xml = connection.options.get("read_format") == "xml"

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
        """The rows that have one of these values in a field; none of a list that this version does not have."""
        rows: list[Row] = []
        if not self.has(resource):
            return rows
        for batch in in_batches(values):
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

    def filters_dates(self) -> bool:
        """Whether the shop filters by dates: nothing can be of later than in ten years. Asked once."""
        if self._filters_dates is None:
            far = self.clock.bound((self.shop_now or datetime(2040, 1, 1, tzinfo=UTC)) + timedelta(days=3650))
            asked = [("filter[date_upd]", f">[{far}]"), ("date", "1"), ("sort", "[id_ASC]"), ("limit", "1")]
            self._filters_dates = not self._get("products", asked)
        return self._filters_dates

    def has(self, resource: str) -> bool:
        """Whether the shop's version has this list; asked once, of those that only some have."""
        if resource not in ONLY_SOME:
            return True
        if resource not in self._has:
            reply = self._read(resource, [("limit", "1")], _EXPECTED)
            lacks = reply.status == 400 and any(one.code == _NO_SUCH_LIST for one in find_errors(reply.body))
            self._has[resource] = not lacks
        return self._has[resource]

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
        if reply.status == 500 and not self._reads_xml and b"WebserviceOutputJSON" in reply.body:
            self._reads_xml = True  # old versions on a newer PHP can't write JSON, and XML they can
            return self._get(resource, params)
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
        if self._reads_xml:
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
        """Change fields of a record: alone where the shop has PATCH, else with all others as they are. A field by
        language is sent in all of them, for a PATCH empties those it does not name."""
        found = self.whole_rows(resource, "id", f"[{record_id}]") if _by_language(fields) else None
        if found:
            whole = render_whole(resource, found[0], fields, self.languages)
            fields = {name: whole[name] for name in fields}
        if found == [] or self._patch(resource, record_id, fields, record, params):
            if found == []:
                raise refused_write(404, (), record) or AssertionError
            return
        found = self.whole_rows(resource, "id", f"[{record_id}]") if found is None else found
        if not found:
            raise refused_write(404, (), record) or AssertionError
        self._put(resource, found[0], fields, record, params)

    def replace(self, resource: str, row: Row, fields: Fields, record: str) -> None:
        """Write a whole record that was just read, with changes."""
        whole = render_whole(resource, row, fields, ())
        if not self._patch(resource, str(row.get("id", "")), whole, record):
            self._put(resource, row, fields, record)

    def _put(self, resource: str, row: Row, fields: Fields, record: str, params: Filters = ()) -> None:
        """`DoubtfulError` where the answer shows other values than were sent: shops strip what they don't allow."""
        whole = render_whole(resource, row, fields, self.languages if resource == "products" else ())
        reply = self._write("PUT", f"{resource}/{segment(str(row.get('id', '')))}", whole, record, params)
        if not _is_taken(reply, fields):
            raise DoubtfulError(())
        if self._patch_was_ignored:
            self.patches = False

    def _patch(self, resource: str, record_id: str, fields: Fields, record: str, params: Filters = ()) -> bool:
        """False where there is no PATCH (before 8, or not granted to the key), or the web server made a GET of it: the
        answer shows the record then as it was."""
        self._patch_was_ignored = False
        if not (self.patches and has_patch(self.version)):
            return False
        path = f"{resource}/{segment(record_id)}"
        try:
            reply = self._write("PATCH", path, {**fields, "id": record_id}, record, params)
        except MethodError:
            self.patches = False
            return False
        self._patch_was_ignored = not _is_taken(reply, fields)
        return not self._patch_was_ignored

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
                read_only=self._connection.read_only,
                json_types=("application/javascript", "text/javascript"),  # what output before the headers makes of it
            )
        return self._opened

    def _note(self, exchange: Exchange) -> None:
        self.exchanges += 1
        self.last_status = exchange.status


def _by_language(fields: Fields) -> bool:
    return any(isinstance(value, Mapping) for value in fields.values())


def _is_taken(reply: Reply, fields: Fields) -> bool:
    """Whether the record in an answer has the values that were sent; yes, where it holds none."""
    try:
        rows = parse_body(reply.body).rows
    except UnreadableError:
        return True
    return not rows or all(holds(rows[0].get(name, ""), value) for name, value in fields.items())


def shop_address(url: str) -> str:
    """The shop's address of what a person entered: the manual shows the one of its modules, others know the API's."""
    bare = url.strip().rstrip("/")
    for tail in ("/api", "/modules"):
        bare = bare.removesuffix(tail).rstrip("/")
    return bare


def has_patch(version: str) -> bool:
    major = version.partition(".")[0]
    return major.isdecimal() and int(major) >= 8
