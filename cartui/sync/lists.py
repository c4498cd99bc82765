"""Lists for screens and command line: the system's side from the books, the cart's side asked from the cart."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cartui.books.listing import Listing, ListingField, ListingRow, clean_listings
from cartui.books.row_sources import rows_as_dicts, system_list
from cartui.domain.baskets import BasketCare, BasketStep
from cartui.domain.ids import CartId, RecordKind
from cartui.domain.ledger import CartRecord, unlinked_from
from cartui.domain.outcomes import RecordState
from cartui.domain.ports import BadRecord, Received
from cartui.domain.query import ensure_fields, matches, parse_query
from cartui.domain.rows import FLAG_MUTED, FLAG_PROBLEM, RowSource
from cartui.sync.cart_reads import iter_kind, tested_cart
from cartui.sync.columns import CART_FIELDS, cart_values
from cartui.sync.workspace import Progress, ProgressSink, StopRequested, Workspace, never_stop, no_progress


class SystemList(StrEnum):
    """The lists of the system's side of one cart."""

    ORDERS = "orders"
    ITEMS = "items"
    CUSTOMERS = "customers"
    HELD = "held"
    ACTIVITY = "activity"


def system_rows(ws: Workspace, name: str, which: SystemList) -> RowSource:
    """Rows of our tables for the screen; keys are our ids as text (held: "kind:external id")."""
    return system_list(ws.books, ws.books.carts.get(name).cart_id, which.value)


def system_dicts(ws: Workspace, name: str, which: SystemList, query: str = "") -> Iterator[Mapping[str, object]]:
    """The same for `--json`/`--csv`: one mapping a row, JSON-able values, times as ISO 8601 UTC, money as text."""
    return rows_as_dicts(ws.books, which.value, ws.books.carts.get(name).cart_id, query)


@dataclass(frozen=True, slots=True)
class CartListing:
    """What the cart holds of one kind, as "List all" read it; on disk until `close()`. Row keys are the cart's ids.
    `notes` are sentences to show. `refresh(keys)` looks up again what became of rows here, after an action.
    `close_thread()` lets go of the list's file in this thread; it opens again when it is used."""

    kind: RecordKind
    rows: RowSource
    count: int
    notes: tuple[str, ...]
    raw: Callable[[str], bytes]
    refresh: Callable[[Sequence[str]], None]
    close: Callable[[], None]
    close_thread: Callable[[], None]


def list_cart(
    ws: Workspace,
    name: str,
    kind: RecordKind,
    *,
    progress: ProgressSink = no_progress,
    stop: Callable[[], bool] = never_stop,
) -> CartListing:
    """List All: read every order, item or customer of the cart, as it is now."""
    document = ws.books.carts.get(name)
    folder = ws.home / "listings"
    clean_listings(folder)
    columns = CART_FIELDS[kind]
    fields = [ListingField(one.name, one.sort, one.column) for one in columns]
    listing = Listing(folder, fields, ws.clock)
    try:
        done, unread = 0, 0
        with tested_cart(ws, document) as cart:
            for page in iter_kind(cart, kind):
                if stop():
                    raise StopRequested
                listing.append(_rows(ws, document.cart_id, kind, page.rows))
                done += len(page.rows)
                unread += sum(isinstance(row.record, BadRecord) for row in page.rows)
                progress(Progress(f"{kind}s", done, page.total))
    except BaseException:
        listing.close()
        raise

    def refresh(keys: Sequence[str]) -> None:
        known = _known(ws, document.cart_id, kind, keys)
        listing.set_cells("state", {key: known(key)[0] for key in keys})
        listing.set_flags({key: known(key)[1] for key in keys})

    notes = (f"{unread} could not be read; they are marked with their reason.",) if unread else ()
    made = CartListing(
        kind, listing.rows(), listing.count(), notes, listing.payload, refresh, listing.close, listing.close_thread
    )
    listing.close_thread()
    return made


State = tuple[str, frozenset[str]]  # what became of it here, in a word or two, and the flags of its row


def _known(ws: Workspace, cart_id: CartId, kind: RecordKind, keys: Sequence[str]) -> Callable[[str], State]:
    """What became of each record here: of baskets what people did about them, of others what the books hold."""
    if kind is RecordKind.BASKET:
        cares = ws.books.baskets.find_many(cart_id, keys)
        return lambda key: _basket_state(cares.get(key))
    records = ws.books.records.find_many(cart_id, kind, keys)
    return lambda key: (_state(records.get(key)), _flags(records.get(key)))


def _basket_state(care: BasketCare | None) -> State:
    step = care.step if care is not None else BasketStep.OPEN
    return step.value, frozenset({FLAG_MUTED}) if step is BasketStep.CONVERTED else frozenset()


def _rows(ws: Workspace, cart_id: CartId, kind: RecordKind, rows: Sequence[Received[Any]]) -> list[ListingRow]:
    known = _known(ws, cart_id, kind, [row.external_id for row in rows])
    return [_row(kind, row, known(row.external_id)) for row in rows]


def _row(kind: RecordKind, row: Received[Any], known: State) -> ListingRow:
    if isinstance(row.record, BadRecord):
        values: Mapping[str, Any] = {"state": f"unreadable: {row.record.reason}"}
        flags = frozenset({FLAG_PROBLEM})
    else:
        values = cart_values(row.record) | {"state": known[0]}
        flags = known[1]
    cells = tuple(values.get(one.name) for one in CART_FIELDS[kind])
    return ListingRow(row.external_id, (row.external_id, *cells[1:]), row.raw, flags)


def _flags(record: CartRecord | None) -> frozenset[str]:
    """Held rows need a person, those that are here already are drawn quietly."""
    if record is not None and record.state is RecordState.HELD:
        return frozenset({FLAG_PROBLEM})
    return frozenset({FLAG_MUTED}) if record is not None and record.our_id is not None else frozenset()


def _state(record: CartRecord | None) -> str:
    """What became of a cart record here, in a word or two."""
    if record is None:
        return "new"
    if record.our_id is not None and record.state is not RecordState.HELD:
        return {RecordState.CHANGED: "changed", RecordState.IMPORTED: "imported"}.get(record.state, "linked")
    if unlinked_from(record) is not None:
        return "unlinked"
    return f"{record.state.value}: {record.reason}" if record.reason else record.state.value


def cart_dicts(
    ws: Workspace, name: str, kind: RecordKind, query: str = "", *, stop: Callable[[], bool] = never_stop
) -> Iterator[Mapping[str, object]]:
    """The same for `--json`/`--csv`, streamed as the pages come: every field, JSON-able, and `state` as on the
    screen."""
    document = ws.books.carts.get(name)
    wanted = parse_query(query)
    ensure_fields(wanted, [one.name for one in CART_FIELDS[kind]])
    with tested_cart(ws, document) as cart:
        for page in iter_kind(cart, kind):
            if stop():
                raise StopRequested
            for shown in _rows(ws, document.cart_id, kind, page.rows):
                told = {
                    one.name: one.plain(cell)
                    for one, cell in zip(CART_FIELDS[kind], shown.cells, strict=True)
                    if not one.typed
                }
                if matches(wanted, told):
                    yield told
