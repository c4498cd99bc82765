"""A page of rows is read in one of two ways; which one never shows."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from cartui.adapters.cart_connect import listing
from cartui.errors import AbortCycleError

TIME = "2026-01-31T09:30:00.000000Z"
BUYER = {"email": "", "first_name": "", "last_name": "", "company": None, "phone": None, "tax_number": None}


def row(number: int, **more: Any) -> dict[str, Any]:
    return {"customer_id": f"c-{number}", **BUYER, "addresses": [], "modified_at": TIME, **more}


def page(*rows: object, indent: int | None = None, **more: Any) -> bytes:
    told = {"total": len(rows), "next_cursor": None, "rows": rows, "server_time": TIME, "filters": {}}
    return json.dumps(told | more, indent=indent).encode()


MARK = '{"customer_id":"c-9"}'
GOOD = page(*map(row, range(4)))
PAGES = {
    "good": GOOD,
    "indented": page(*map(row, range(4)), indent=2),
    "empty": page(),
    "one": page(row(1)),
    "mark within a text": page(row(1, email=MARK), row(2, email=f"[{MARK},{MARK}]")),
    "mark deeper in a row": page(row(1), row(2, more=[{"customer_id": "c-9"}, {"customer_id": "c-8"}]), row(3)),
    "mark after the rows": page(row(1), row(2), zzz=[{"customer_id": "c-9"}]),
    "mark before the rows": json.dumps({"aaa": [{"customer_id": "c-9"}], **json.loads(GOOD)}).encode(),
    "rows that are none": page(row(1), 5, row(2), [], row(3)),
    "id not first": page({"email": "", **row(1)}, row(2)),
    "a bad row": page(row(1), row(2, email=5), row(3)),
    "a bad date": page(row(1), row(2, modified_at="0000-00-00"), row(3)),
    "half a pair": page(row(1), row(2, last_name="\ud800"), row(3)),
    "not a number": page(row(1), row(2, more=float("nan"))),
    "no comma": GOOD.replace(b'}, {"customer_id"', b'} {"customer_id"', 1),
    "two commas": GOOD.replace(b'}, {"customer_id"', b'},, {"customer_id"', 1),
    "comma at the end": GOOD.replace(b'}], "server', b'},], "server'),
    "cut": GOOD[:-40],
    "more after it": GOOD + b"{}",
    "no rows": GOOD.replace(b'"rows"', b'"raws"'),
    "bad envelope": page(row(1), total="1"),
    "not UTF-8": GOOD.replace(b'"c-2"', b'"c-\xff"'),
}


def read(body: bytes) -> listing.Listing[Any] | str:
    return told(lambda: listing._parse_any(listing.CUSTOMERS, body))


def told(parse: Callable[[], listing.Listing[Any]]) -> listing.Listing[Any] | str:
    try:
        return parse()
    except AbortCycleError as error:
        return error.problem


@pytest.mark.parametrize("body", PAGES.values(), ids=PAGES)
def test_the_fast_way_reads_what_the_careful_one_does(body: bytes) -> None:
    """The same rows with the same bytes, or it leaves the page to the careful one."""
    fast = listing._scan_plain(listing.CUSTOMERS, body)
    assert fast is None or told(lambda: listing.parse_rows(listing.CUSTOMERS, fast)) == read(body)


@pytest.mark.parametrize("name", ["good", "one", "mark within a text"])
def test_ordinary_pages_go_the_fast_way(name: str) -> None:
    """Else it would be of no use."""
    page = listing._scan_plain(listing.CUSTOMERS, PAGES[name])
    assert page is not None
    assert page.rows


def test_each_row_keeps_its_own_bytes() -> None:
    """As the shop sent them, for Held and for a person to look at."""
    received = listing.parse_listing(listing.CUSTOMERS, GOOD).rows
    assert [json.loads(one.raw) for one in received] == list(map(row, range(4)))
    assert all(one.raw in GOOD for one in received)
