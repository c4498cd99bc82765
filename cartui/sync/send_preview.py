"""What the switches that are on would send at once, before a cart is started: planned as the outbox is, of what the
cart holds now; bounded, and nothing is written anywhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from cartui.domain.brakes import check_counts, count_harms
from cartui.domain.ids import RecordKind
from cartui.domain.outbox import OutboxKind, OutboxRow, OutboxState
from cartui.domain.plan import Action
from cartui.domain.ports import Cart
from cartui.domain.settings import CartDocument
from cartui.sync.outbound import Planned, brakes_of_window, externals, records_of
from cartui.sync.outbox import RECORDS, plan_record_rows
from cartui.sync.sides import read_items, side_of
from cartui.sync.stock_sends import plan_stock_rows
from cartui.sync.workspace import Workspace

MOST: Final = 500
"""Rows of a kind that are compared with the cart."""
_OPEN: Final = (OutboxState.WAITING, OutboxState.SENDING, OutboxState.UNKNOWN)
_KINDS: Final = {
    OutboxKind.STOCK: RecordKind.ITEM,
    OutboxKind.ITEM: RecordKind.ITEM,
    OutboxKind.CUSTOMER: RecordKind.CUSTOMER,
}


@dataclass(slots=True)
class SendPreview:
    """What would leave, by kind.

    waiting   rows of the outbox that are not done
    writes    those that would change something in the cart (shipments: all that wait)
    same      those that the cart has already
    refused   those that would not be sent, with the reason of the first
    at_least  kinds of which more wait than were compared
    brakes    what would stop and ask instead, as sentence parts
    """

    waiting: dict[OutboxKind, int] = field(default_factory=dict)
    writes: dict[OutboxKind, int] = field(default_factory=dict)
    same: dict[OutboxKind, int] = field(default_factory=dict)
    refused: dict[OutboxKind, tuple[int, str]] = field(default_factory=dict)
    at_least: set[OutboxKind] = field(default_factory=set)
    brakes: tuple[str, ...] = ()


def waiting_of(ws: Workspace, document: CartDocument) -> dict[OutboxKind, int]:
    """How many rows wait, of the kinds that are switched on."""
    counts = ws.books.outbox.counts(document.cart_id)
    return {kind: counts[kind].open for kind in document.settings.sends if kind in counts and counts[kind].open}


def preview_sends(ws: Workspace, document: CartDocument, cart: Cart, go_on: Callable[[], bool]) -> SendPreview:
    """Compare what waits with what the cart holds, until `go_on` says no."""
    found = SendPreview(waiting=waiting_of(ws, document))
    harms: dict[str, set[str]] = {}
    for kind, waiting in found.waiting.items():
        if kind not in _KINDS:
            found.writes[kind] = waiting
            continue
        rows = [one for one in ws.books.outbox.list_rows(document.cart_id, _OPEN, 10 * MOST) if one.kind is kind][:MOST]
        seen = 0
        for start in range(0, len(rows), RECORDS):
            if not go_on():
                break
            part = rows[start : start + RECORDS]
            seen += len(part)
            _count(found, kind, _planned(ws, document, cart, kind, part), harms)
        if seen < waiting:
            found.at_least.add(kind)
    found.brakes = _brakes(ws, document, harms)
    return found


def _planned(
    ws: Workspace, document: CartDocument, cart: Cart, kind: OutboxKind, rows: Sequence[OutboxRow]
) -> list[Planned]:
    links = ws.books.records.find_by_our_ids(document.cart_id, _KINDS[kind], [row.our_id for row in rows])
    wanted = externals(links, [row.our_id for row in rows])
    if kind is OutboxKind.STOCK:
        current = records_of(read_items(cart, wanted))
        return plan_stock_rows(ws, document, cart.facts.stock_meaning, rows, links, current)
    current = records_of(side_of(cart, _KINDS[kind]).read(wanted))
    return plan_record_rows(ws, document, _KINDS[kind], rows, links, current)


def _count(found: SendPreview, kind: OutboxKind, planned: list[Planned], harms: dict[str, set[str]]) -> None:
    for row, change in planned:
        if change.action in (Action.UPDATE, Action.SET_STOCK):
            found.writes[kind] = found.writes.get(kind, 0) + 1
            for what, count in count_harms([change]).items():
                if count and not row.approved:
                    harms.setdefault(what, set()).add(change.key)
        elif change.action is Action.HOLD:
            count, why = found.refused.get(kind, (0, f"{change.label}: {change.reason}"))
            found.refused[kind] = (count + 1, why)
        else:
            found.same[kind] = found.same.get(kind, 0) + 1


def _brakes(ws: Workspace, document: CartDocument, harms: Mapping[str, set[str]]) -> tuple[str, ...]:
    population = ws.books.records.count_linked(document.cart_id, RecordKind.ITEM)
    at_once = check_counts({what: len(keys) for what, keys in harms.items()}, population)
    return tuple(str(brake) for brake in at_once or brakes_of_window(ws, document.cart_id, harms, population))


_NAMES: Final = {
    OutboxKind.STOCK: ("stock level", "stock levels"),
    OutboxKind.ITEM: ("item", "items"),
    OutboxKind.CUSTOMER: ("customer", "customers"),
    OutboxKind.SHIPMENT: ("shipment with tracking", "shipments with tracking"),
}


def send_words(found: SendPreview) -> list[str]:
    """As sentences for a person: what leaves, what does not, and what a brake would hold back."""
    leaving = [
        f"{'at least ' if kind in found.at_least else ''}{count:,} {_NAMES[kind][count != 1]}"
        for kind, count in found.writes.items()
        if count
    ]
    unread = [
        f"{_NAMES[kind][1]} ({found.waiting[kind]:,} wait)" for kind in found.at_least if kind not in found.writes
    ]
    same = sum(found.same.values())
    beside = f" {same:,} more wait that the cart has already." if same else ""
    if leaving or unread:
        told = [f"Sent to the cart at once: {', '.join([*leaving, *unread])}.{beside}"]
    else:
        told = [f"Nothing is sent to the cart at once.{beside}"]
    for kind, (count, why) in found.refused.items():
        told.append(f"{count:,} {_NAMES[kind][count != 1]} can't be sent, such as {why}")
    if found.brakes:
        told.append(f"A BRAKE would hold these back until you confirm them in the Outbox: {'; '.join(found.brakes)}.")
    return told
