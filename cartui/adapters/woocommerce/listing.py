"""Pages of a list of wc/v3, so that nothing is lost while rows change, and whatever the shop sorts by.

Rows come in the order of their modification, and the next page is asked by the last row's time, not by its number: a
row that is changed meanwhile moves to the end, and no other row slips over the edge of a page. `modified_after` is
strict and counts whole seconds, so one second earlier is asked for and rows seen are dropped. The value is naive UTC
with `dates_are_gmt=true`: without it the shop's local time is compared, and a zone in the value is shifted twice by
some versions.

Seen on real shops: orders kept as posts (the usual way before 8.2) and products are sorted by the shop's *local* time,
so that the hour which comes twice in autumn is mixed up, and before 10.2 rows of one second have no order at all:
paged by number, of 330 rows 100 came twice and 100 never. Therefore a second with more rows than a page, and a page
that is not in the order of its times, are read by id within closed bounds; the number of rows that each step has
passed is compared with the shop's own count; and a list that ends short of its count is looked through by id.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Final

from cartui.adapters.woocommerce.client import Client, rows_of
from cartui.adapters.woocommerce.parse import stamp_of
from cartui.errors import AbortCycleError
from cartui.transport import Reply

PER_PAGE: Final = 100  # the most that WooCommerce gives
_SECOND: Final = timedelta(seconds=1)
_MOST_STEPS_BACK: Final = 50
_BY_ID: Final = {"orderby": "id", "order": "asc"}


@dataclass(frozen=True, slots=True)
class Batch:
    """New rows of one page. `complete_to` as in `ports.Page`; `total` is of the whole list, stated with its first page;
    `clock` is the shop's when the list was begun."""

    rows: tuple[Any, ...]
    total: int | None
    complete_to: datetime | None
    clock: datetime | None


@dataclass(frozen=True, slots=True)
class _Step:
    """A page left behind: what was asked for, how many rows there were from there on, and how many came of those that
    the next question leaves out."""

    after: datetime | None
    total: int | None
    passed: int


@dataclass(slots=True)
class _List:
    """One list under way."""

    client: Client
    path: str
    params: Mapping[str, str]
    what: str
    seen: set[Any] = field(default_factory=set)

    def ask(self, more: Mapping[str, str], number: int = 1) -> Reply:
        asked = {**self.params, "per_page": str(PER_PAGE), **more, **_numbered(number)}
        return self.client.get(self.path, asked, self.what)

    def rows(self, reply: Reply) -> Sequence[Any]:
        return rows_of(reply, self.what)

    def unseen(self, rows: Sequence[Any]) -> list[Any]:
        fresh: list[Any] = []
        for row in rows:
            if (key := _key(row)) not in self.seen:
                self.seen.add(key)
                fresh.append(row)
        return fresh

    def by_number(self, more: Mapping[str, str]) -> Iterator[tuple[Reply, Sequence[Any]]]:
        """All pages in an order that does not change. A row that leaves draws the later ones over the edge of a page
        that was read: where the count shrinks, as many pages are read again."""
        number, told, back = 1, None, 0
        keys: list[Any] = []
        while True:
            reply = self.ask(more, number)
            rows = self.rows(reply)
            before, keys = keys, [_key(row) for row in rows]
            if keys and keys == before:
                raise AbortCycleError(
                    f"The shop sent a page of {self.what} twice.", "A cache may stand before its REST API."
                )
            total = _count(reply, "X-WP-Total")
            lost = told - total if told is not None and total is not None else 0
            told = total
            yield reply, rows
            if lost > 0 and number > 1:
                back += 1
                if back > _MOST_STEPS_BACK:
                    raise AbortCycleError(f"The shop's {self.what} vanish while they are read.", "They are read again.")
                number = max(1, number - -(-lost // PER_PAGE))
            elif _is_last(reply, number, rows):
                return
            else:
                number += 1

    def missing(self, after: datetime | None, until: datetime | None) -> list[Any]:
        """The rows changed after `after` and not after `until` that did not come."""
        asked = {**_BY_ID, **_window(after, until), "_fields": "id"}
        ids = [_key(row) for _, rows in self.by_number(asked) for row in rows]
        wanted = [str(one) for one in ids if isinstance(one, int | str) and one not in self.seen]
        return get_included(self.client, self.path, wanted, self.params, self.what, lambda row: str(_key(row)))


def iter_modified(
    client: Client, path: str, params: Mapping[str, str], since: datetime | None, what: str
) -> Iterator[Batch]:
    """The rows of `path` modified at `since` or later, oldest change first; the last batch closes the list."""
    told = _List(client, path, params, what)
    begun = after = None if since is None else since.astimezone(UTC).replace(microsecond=0) - _SECOND
    clock: datetime | None = None
    stated: int | None = None
    step: _Step | None = None
    first = True
    while True:
        reply = told.ask({"orderby": "modified", "order": "asc", **_window(after)})
        rows = told.rows(reply)
        total = _count(reply, "X-WP-Total")
        clock, stated = (reply.date, total) if first else (clock, stated)
        stamps = [stamp_of(row) if isinstance(row, dict) else None for row in rows]
        if not first and any(stamp is not None and after is not None and stamp <= after for stamp in stamps):
            raise AbortCycleError(
                f"The shop sends {what} from before the time asked for.", "A cache may stand before its REST API."
            )
        fresh = told.unseen(told.missing(step.after, after)) if step and not _tallies(step, total) else []
        fresh += told.unseen(rows)
        last = _is_last(reply, 1, rows)
        if last and stated is not None and len(told.seen) < stated:
            fresh += told.unseen(told.missing(begun, None))
        if fresh or last:
            proven = clock if last and clock is not None else _proven(None if first else after, clock)
            yield Batch(tuple(fresh), stated if first else None, proven, clock)
        if last:
            return
        first = False
        edge, until = _edge(stamps), max((stamp for stamp in stamps if stamp is not None), default=None)
        if edge is not None and (after is None or edge - _SECOND > after):
            passed = sum(stamp is None or stamp < edge for stamp in stamps)
            step, after = _Step(after, total, passed), edge - _SECOND
            continue
        # A second with more rows than a page, or an order that is not that of the times: only ids tell rows apart.
        for _, found in told.by_number({**_BY_ID, **_window(after, until)}):
            if new := told.unseen(found):
                yield Batch(tuple(new), None, _proven(after, clock), clock)
        if until is None:  # no row has a time: that was all
            yield Batch((), None, clock, clock)
            return
        step, after = None, until


def iter_numbered(client: Client, path: str, params: Mapping[str, str], what: str) -> Iterator[Batch]:
    """All rows of `path` page by page, for lists that know no time; the order must be one that does not change."""
    told = _List(client, path, params, what)
    clock: datetime | None = None
    total: int | None = None
    for number, (reply, rows) in enumerate(told.by_number({})):
        clock = reply.date if number == 0 else clock
        now = _count(reply, "X-WP-Total")
        total = now if total is None or now is None else min(now, total)
        yield Batch(tuple(told.unseen(rows)), total, None, clock)
    if total is not None and len(told.seen) < total:
        raise AbortCycleError(f"The shop said it has {total} {what} and sent {len(told.seen)}.", "They are read again.")
    yield Batch((), total, clock, clock)


def ensure_whole(seen: int, stated: int | None, what: str) -> None:
    """For a list whose rows become others (a product its variations), so that nobody else can count."""
    if stated is not None and seen < stated:
        raise AbortCycleError(
            f"The shop said it has {stated} {what} and sent {seen}.", "What came is stored; the next cycle reads on."
        )


def in_groups(ids: Sequence[str], size: int = PER_PAGE) -> Iterator[Sequence[str]]:
    """Ids for `include`, without those that came before."""
    unique = list(dict.fromkeys(ids))
    for at in range(0, len(unique), size):
        yield unique[at : at + size]


def get_included(
    client: Client, path: str, ids: Sequence[str], params: Mapping[str, str], what: str, keep: Callable[[Any], str]
) -> list[Any]:
    """The rows with these ids; what was not asked for is dropped."""
    found: dict[str, Any] = {}
    for group in in_groups(ids):
        asked = {**params, "include": ",".join(group), "per_page": str(PER_PAGE)}
        for row in rows_of(client.get(path, asked, what), what):
            if isinstance(row, dict) and keep(row) in group:
                found.setdefault(keep(row), row)
    return list(found.values())


def _window(after: datetime | None, until: datetime | None = None) -> dict[str, str]:
    """Changed later than `after` and not later than `until`; both bounds are strict for the shop."""
    bounds = {"modified_after": after, "modified_before": None if until is None else until + _SECOND}
    asked = {name: f"{moment:%Y-%m-%dT%H:%M:%S}" for name, moment in bounds.items() if moment is not None}
    return {**asked, "dates_are_gmt": "true"} if asked else {}


def _numbered(number: int) -> dict[str, str]:
    return {} if number == 1 else {"page": str(number)}


def _key(row: Any) -> Any:
    key = row.get("id") if isinstance(row, dict) else None
    return key if isinstance(key, int | str) else repr(row)


def _count(reply: Reply, header: str) -> int | None:
    told = reply.headers.get(header) or ""
    return int(told) if told.isascii() and told.isdigit() and len(told) < 12 else None


def _is_last(reply: Reply, number: int, rows: Sequence[Any]) -> bool:
    pages = _count(reply, "X-WP-TotalPages")
    if not rows:
        return True
    return len(rows) < PER_PAGE if pages is None else number >= pages


def _edge(stamps: Sequence[datetime | None]) -> datetime | None:
    """The last row's time, where the rows came in order (those without a time come first)."""
    known = [stamp for stamp in stamps if stamp is not None]
    ordered = all(one <= two for one, two in pairwise(known))
    return known[-1] if known and ordered and stamps[-1] is not None else None


def _tallies(step: _Step, total: int | None) -> bool:
    """As many rows came as the shop counts fewer now. Rows that were changed meanwhile make the numbers differ, too:
    then it is looked at more closely."""
    return step.total is not None and total is not None and step.total - total == step.passed


def _proven(after: datetime | None, clock: datetime | None) -> datetime | None:
    """What was asked for by `after` comes when all up to it has come; but never beyond the shop's clock at the
    beginning: a row dated into the future must not carry the mark with it."""
    if after is None:
        return None
    return after + _SECOND if clock is None else min(after + _SECOND, clock)
