"""Pages of a list of wc/v3, so that nothing is lost while rows change.

Rows come in the order of their modification, and the next page is asked by the last row's time, not by its number: a
row that is changed meanwhile moves to the end, and no other row slips over the edge of a page. `modified_after` is
strict and counts whole seconds, so one second earlier is asked for and rows seen are dropped. Only rows of one second
(an import of a thousand products) are paged by number. The value is naive UTC with `dates_are_gmt=true`: without it the
shop's local time is compared, and a zone in the value is shifted twice by some versions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Final

from cartui.adapters.woocommerce.client import Client, rows_of
from cartui.adapters.woocommerce.parse import stamp_of
from cartui.errors import AbortCycleError
from cartui.transport import Reply

PER_PAGE: Final = 100  # the most that WooCommerce gives
_SECOND: Final = timedelta(seconds=1)
_MOST_PAGES_WITHOUT_NEW: Final = 50


@dataclass(frozen=True, slots=True)
class Batch:
    """New rows of one page. `complete_to` as in `ports.Page`; `total` is of the whole list, stated with its first page;
    `clock` is the shop's when the list was begun."""

    rows: tuple[Any, ...]
    total: int | None
    complete_to: datetime | None
    clock: datetime | None


def iter_modified(
    client: Client, path: str, params: Mapping[str, str], since: datetime | None, what: str
) -> Iterator[Batch]:
    """The rows of `path` modified at `since` or later, oldest change first; the last batch closes the list."""
    base = {**params, "orderby": "modified", "order": "asc", "per_page": str(PER_PAGE)}
    after = None if since is None else since.astimezone(UTC).replace(microsecond=0) - _SECOND
    seen: set[Any] = set()
    number, idle, clock = 1, 0, None
    first = True
    while True:
        reply = client.get(path, {**base, **_window(after), **_numbered(number)}, what)
        rows = rows_of(reply, what)
        clock = reply.date if first else clock
        fresh = _unseen(rows, seen)
        last = _is_last(reply, number, rows)
        stamps = [stamp_of(row) if isinstance(row, dict) else None for row in rows]
        edge = _edge(stamps)
        if fresh or last:
            yield Batch(tuple(fresh), _count(reply, "X-WP-Total") if first else None, _proven(last, edge, clock), clock)
        if last:
            return
        first, idle = False, 0 if fresh else idle + 1
        if idle > _MOST_PAGES_WITHOUT_NEW:
            raise AbortCycleError(
                f"The shop sends the same {what} over and over.", "A cache may stand before its REST API."
            )
        after, number = _next(after, number, edge)


def iter_numbered(client: Client, path: str, params: Mapping[str, str], what: str) -> Iterator[Batch]:
    """All rows of `path` page by page, for lists that know no time; the order must be one that does not change."""
    seen: set[Any] = set()
    number, clock, total = 1, None, None
    while True:
        reply = client.get(path, {**params, "per_page": str(PER_PAGE), **_numbered(number)}, what)
        rows = rows_of(reply, what)
        clock = reply.date if number == 1 else clock
        told = _count(reply, "X-WP-Total")
        total = told if total is None or told is None else min(told, total)
        fresh = _unseen(rows, seen)
        last = _is_last(reply, number, rows)
        if rows and not fresh:
            raise AbortCycleError(f"The shop sent a page of {what} twice.", "A cache may stand before its REST API.")
        if last and total is not None and len(seen) < total:
            raise AbortCycleError(f"The shop said it has {total} {what} and sent {len(seen)}.", "They are read again.")
        yield Batch(tuple(fresh), total, clock if last else None, clock)
        if last:
            return
        number += 1


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


def _window(after: datetime | None) -> dict[str, str]:
    return {} if after is None else {"modified_after": f"{after:%Y-%m-%dT%H:%M:%S}", "dates_are_gmt": "true"}


def _numbered(number: int) -> dict[str, str]:
    return {} if number == 1 else {"page": str(number)}


def _unseen(rows: Sequence[Any], seen: set[Any]) -> list[Any]:
    fresh: list[Any] = []
    for row in rows:
        key = row.get("id") if isinstance(row, dict) else None
        key = key if isinstance(key, int | str) else repr(row)
        if key not in seen:
            seen.add(key)
            fresh.append(row)
    return fresh


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


def _proven(last: bool, edge: datetime | None, clock: datetime | None) -> datetime | None:
    """The list's end proves up to its beginning by the shop's clock; a page up to its last row, but never beyond that
    clock: a row dated into the future must not carry the mark with it."""
    if last and clock is not None:
        return clock
    return edge if clock is None or edge is None else min(edge, clock)


def _next(after: datetime | None, number: int, edge: datetime | None) -> tuple[datetime | None, int]:
    start = None if edge is None else edge - _SECOND
    if start is not None and (after is None or start > after):
        return start, 1
    return after, number + 1
