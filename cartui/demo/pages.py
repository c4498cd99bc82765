"""Listings: keyset pages over (modified_at, id), so that rows which change while a client pages are never lost."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cartui.demo.checks import read_ids, read_limit
from cartui.demo.lifecycle import ORDER_STATES
from cartui.demo.schema import Store
from cartui.demo.shop import DemoShop
from cartui.demo.wire import RefusalError, Row, dump_json, invalid, parse_time, render_time

FILTERS: dict[str, tuple[str, ...]] = {
    "orders": ("modified_since", "placed_since", "status"),
    "items": ("modified_since", "external_key", "sku"),
    "customers": ("modified_since", "external_key", "email"),
    "baskets": ("modified_since",),
}
_CONDITIONS = {
    "modified_since": "modified_at >= ?",
    "placed_since": "placed_at >= ?",
    "external_key": "external_key = ?",
    "sku": "sku = ?",
    "email": "email = ? COLLATE NOCASE",
}


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a listing stands. What was true at its start (``total``, ``server_time``) travels with it."""

    kind: str
    filters: dict[str, str]
    total: int
    server_time: str
    modified_at: str = ""
    row_id: str = ""

    def render(self) -> str:
        """Opaque text for the client."""
        fields = [self.kind, self.filters, self.total, self.server_time, self.modified_at, self.row_id]
        return base64.urlsafe_b64encode(dump_json(fields).encode()).decode().rstrip("=")


def list_rows(shop: DemoShop, kind: str, parameters: Mapping[str, str]) -> Row:
    """One page. ``parameters`` hold known names only (checks.check_parameters)."""
    if "ids" in parameters:
        return _list_ids(shop, kind, parameters)
    limit = read_limit(parameters.get("limit"))
    with shop.reading() as store:
        if "cursor" in parameters:
            _check_alone(parameters, "cursor", ("cursor", "limit"))
            cursor = _parse_cursor(parameters["cursor"], kind)
        else:
            cursor = _start(shop, store, kind, {n: v for n, v in parameters.items() if n in FILTERS[kind]})
        where, values = _condition(cursor.filters)
        bodies = store.connection.execute(
            f"SELECT body, modified_at, id FROM {kind} WHERE {where} AND (modified_at, id) > (?, ?)"
            " ORDER BY modified_at, id LIMIT ?",
            (*values, cursor.modified_at, cursor.row_id, limit + 1),
        ).fetchall()
    following = None
    if len(bodies) > limit:
        _, modified_at, row_id = bodies[limit - 1]
        cursor = Cursor(kind, cursor.filters, cursor.total, cursor.server_time, modified_at, row_id)
        following = cursor.render()
    return _page([json.loads(body) for body, _, _ in bodies[:limit]], cursor, following)


def _start(shop: DemoShop, store: Store, kind: str, filters: dict[str, str]) -> Cursor:
    """A new listing: its server time is taken before anything is read, so that nothing falls between two listings."""
    server_time = render_time(shop.now())
    filters = {name: _read_filter(name, value) for name, value in filters.items()}
    where, values = _condition(filters)
    return Cursor(kind, filters, store.count(kind, where, values), server_time)


def _read_filter(name: str, value: str) -> str:
    if name.endswith("_since"):
        return render_time(parse_time(value, name))
    if name == "status":
        unknown = [word for word in value.split(",") if word not in ORDER_STATES]
        if unknown:
            raise invalid(name, f"no such status: {', '.join(unknown)}", "Use the words stated by ping.")
    return value


def _condition(filters: Mapping[str, str]) -> tuple[str, list[str]]:
    parts, values = ["1 = 1"], []
    for name, value in filters.items():
        if name == "status":
            words = value.split(",")
            parts.append(f"status IN ({', '.join('?' * len(words))})")
            values += words
        else:
            parts.append(_CONDITIONS[name])
            values.append(value)
    return " AND ".join(parts), values


def _list_ids(shop: DemoShop, kind: str, parameters: Mapping[str, str]) -> Row:
    """The named rows that exist, on one page; ids that do not exist are simply absent."""
    _check_alone(parameters, "ids", ("ids",))
    ids = read_ids(parameters["ids"])
    with shop.reading() as store:
        server_time = render_time(shop.now())
        rows = [row for row in (store.find(kind, row_id) for row_id in dict.fromkeys(ids)) if row is not None]
    return _page(rows, Cursor(kind, {"ids": parameters["ids"]}, len(rows), server_time), None)


def _page(rows: list[Row], cursor: Cursor, following: str | None) -> Row:
    return {
        "rows": rows,
        "total": cursor.total,
        "next_cursor": following,
        "server_time": cursor.server_time,
        "filters": cursor.filters,
    }


def _check_alone(parameters: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> None:
    for other in parameters:
        if other not in allowed:
            remedy = f"With {name}, send only: {', '.join(allowed)}."
            raise RefusalError(400, "unknown_parameter", f"{other}: not together with {name}", remedy, field=other)


def _parse_cursor(text: str, kind: str) -> Cursor:
    try:
        fields: Any = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except ValueError:
        fields = None
    if not _is_cursor(fields, kind):
        remedy = "Send next_cursor of the page before, unchanged, to the same list; or start the listing anew."
        raise RefusalError(400, "bad_cursor", "cursor: not a cursor of this list", remedy, field="cursor")
    return Cursor(*fields)


def _is_cursor(fields: Any, kind: str) -> bool:
    """Whether this is what Cursor.render wrote for this kind."""
    if not isinstance(fields, list) or len(fields) != 6 or not isinstance(fields[1], dict):
        return False
    texts = (fields[0], *fields[1].values(), *fields[3:])
    known = fields[0] == kind and isinstance(fields[2], int) and set(fields[1]) <= set(FILTERS[kind])
    return known and all(isinstance(part, str) for part in texts)


def get_row(shop: DemoShop, kind: str, row_id: str) -> Row:
    """One record; 404 when there is none."""
    with shop.reading() as store:
        server_time = render_time(shop.now())
        row = store.find(kind, row_id)
    if row is None:
        raise missing(kind, row_id)
    return {"row": row, "server_time": server_time}


def missing(kind: str, row_id: str) -> RefusalError:
    """A 404 for an id."""
    return RefusalError(404, "not_found", f"{row_id}: no such record in {kind}", "Use an id from the list.")
