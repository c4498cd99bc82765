"""Seeing: what was sold and placed of late, and what waits for a person, of one cart or of all.

`read_overview` reads it from the books (nothing is asked of a cart), `overview_facts` says it in words for the screen
and the command line, `overview_row` for scripts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal

from cartui.books.overview import LowItem
from cartui.domain.documents import DocumentStatus
from cartui.domain.ids import CartId, RecordKind
from cartui.domain.money import format_amount
from cartui.domain.outbox import OutboxCounts, OutboxKind
from cartui.domain.outcomes import CycleReport, RecordState
from cartui.domain.settings import CartDocument, DocumentKind, SyncStatus
from cartui.sync.workspace import Workspace

DAYS = 30
SHOWN = 5
"""So many items and tasks are named; the others are counted."""
_ZERO = Decimal(0)
Tone = Literal["plain", "quiet", "good", "warning", "bad"]


@dataclass(frozen=True, slots=True)
class CurrencySales:
    """What was sold on each day in one currency: income posted, without tax."""

    currency: str
    amounts: tuple[Decimal, ...]

    @property
    def total(self) -> Decimal:
        return sum(self.amounts, _ZERO)


@dataclass(frozen=True, slots=True)
class DueTask:
    """An open task on a basket."""

    cart: str
    basket: str
    due_on: date
    text: str


@dataclass(frozen=True, slots=True)
class CartState:
    """When a cart works next, and how it went last."""

    name: str
    status: SyncStatus
    live: bool
    sends: tuple[OutboxKind, ...]
    next_cycle_at: datetime | None
    last_cycle: CycleReport | None


@dataclass(frozen=True, slots=True)
class Overview:
    """`cart` "" stands for all. `days` are in UTC, the last one is today; `sales` (largest first) and `orders` (placed)
    have a number for each. `records` are those of the carts by kind and sync state."""

    cart: str
    days: tuple[date, ...]
    sales: tuple[CurrencySales, ...]
    orders: tuple[int, ...]
    documents: Mapping[DocumentKind, Mapping[DocumentStatus, int]]
    records: Mapping[RecordKind, Mapping[RecordState, int]]
    conflicts: int
    outbox: OutboxCounts
    to_order: int
    low_items: tuple[LowItem, ...]
    tasks: tuple[DueTask, ...]
    carts: tuple[CartState, ...]

    @property
    def held(self) -> int:
        """Records that wait for a person."""
        return sum(states.get(RecordState.HELD, 0) for states in self.records.values())

    @property
    def changed_orders(self) -> int:
        """Orders that changed in the cart after their import and wait for a person."""
        return self.records.get(RecordKind.ORDER, {}).get(RecordState.CHANGED, 0)


@dataclass(frozen=True, slots=True)
class Fact:
    """One line: its name, its words, and whether it wants somebody's attention."""

    name: str
    words: str
    tone: Tone = "plain"


def read_overview(ws: Workspace, name: str | None = None) -> Overview:
    """Of one cart, or of all where `name` is None; `NeedsOperatorError` where there is none of that name."""
    books = ws.books
    chosen = books.carts.list_all() if name is None else [books.carts.get(name)]
    cart_id = None if name is None else chosen[0].cart_id
    today = ws.clock().date()
    days = tuple(today - timedelta(days=DAYS - 1 - n) for n in range(DAYS))
    placed = books.overview.orders(days[0], today, cart_id)
    to_order, low = books.overview.to_order(cart_id, SHOWN)
    return Overview(
        cart=name or "",
        days=days,
        sales=_sales(ws, days, cart_id),
        orders=tuple(placed.get(day, 0) for day in days),
        documents=books.overview.documents(cart_id),
        records=books.overview.records(cart_id),
        conflicts=books.overview.conflicts(cart_id),
        outbox=_unsent(ws, chosen),
        to_order=to_order,
        low_items=tuple(low),
        tasks=tuple(_tasks(ws, chosen, today)),
        carts=tuple(_state(ws, one) for one in chosen),
    )


def _unsent(ws: Workspace, chosen: Iterable[CartDocument]) -> OutboxCounts:
    """What waits in the outbox of the carts, of those kinds that are switched on; what nobody knows yet or the cart
    refused, of all."""
    waiting = sending = unknown = refused = 0
    for cart in chosen:
        for kind, counts in ws.books.outbox.counts(cart.cart_id).items():
            waiting += counts.waiting if kind in cart.settings.sends else 0
            sending, unknown, refused = sending + counts.sending, unknown + counts.unknown, refused + counts.refused
    return OutboxCounts(waiting, sending, unknown, refused)


def _sales(ws: Workspace, days: tuple[date, ...], cart_id: CartId | None) -> tuple[CurrencySales, ...]:
    at = {day: n for n, day in enumerate(days)}
    sums: dict[str, list[Decimal]] = {}
    for day, currency, amount in ws.books.overview.sales(days[0], days[-1], cart_id):
        sums.setdefault(currency, [_ZERO] * len(days))[at[day]] += amount
    made = [CurrencySales(currency, tuple(amounts)) for currency, amounts in sums.items()]
    return tuple(sorted(made, key=lambda one: (-one.total, one.currency)))


def _tasks(ws: Workspace, chosen: Iterable[CartDocument], today: date) -> list[DueTask]:
    due = [
        DueTask(cart.name, basket, note.due_on or today, note.text)
        for cart in chosen
        for basket, note in ws.books.baskets.open_tasks(cart.cart_id, today)
    ]
    return sorted(due, key=lambda one: one.due_on)


def _state(ws: Workspace, cart: CartDocument) -> CartState:
    last = ws.books.cycles.recent(cart.cart_id, 1)
    running = cart.status is SyncStatus.RUNNING
    return CartState(
        cart.name,
        cart.status,
        cart.settings.live,
        () if ws.read_only else cart.settings.sends,
        cart.next_cycle_at if running else None,
        last[0] if last else None,
    )


# --- in words ---

_STATE_WORDS = {
    RecordState.IMPORTED: "imported",
    RecordState.CHANGED: "changed after import",
    RecordState.HELD: "held",
    RecordState.STAGED: "waiting for the shop",
    RecordState.SKIPPED: "left alone",
    RecordState.LINKED: "linked",
}


def overview_facts(overview: Overview) -> list[Fact]:
    """All but the days and the carts, in the order of a screen. What is zero says so, quietly."""
    facts = [_documents(kind, states) for kind, states in sorted(overview.documents.items())]
    facts = facts or [Fact("Documents", "none yet", "quiet")]
    facts.append(_orders(overview.records.get(RecordKind.ORDER, {})))
    held = {kind: states.get(RecordState.HELD, 0) for kind, states in overview.records.items()}
    of_what = ", ".join(f"{count:,} {kind.value}{'s' if count != 1 else ''}" for kind, count in held.items() if count)
    facts.append(_waiting("Held", overview.held, of_what))
    facts.append(_waiting("Conflicts", overview.conflicts, f"{overview.conflicts:,} changed on both sides"))
    moved = f"{overview.changed_orders:,} changed in the cart after import"
    facts.append(_waiting("Changed orders", overview.changed_orders, moved))
    facts.append(_outbox(overview.outbox))
    low = ", ".join(f"{one.code} {_plain(one.free)} of {_plain(one.reorder_level)}" for one in overview.low_items)
    low += ", …" if overview.to_order > len(overview.low_items) else ""
    facts.append(_waiting("To order", overview.to_order, f"{overview.to_order:,} at or below reorder level: {low}"))
    tasks = "; ".join(f"{one.due_on.isoformat()} basket {one.basket}: {one.text}" for one in overview.tasks[:SHOWN])
    facts.append(_waiting("Tasks due", len(overview.tasks), f"{len(overview.tasks):,} on baskets: {tasks}"))
    return facts


def _documents(kind: DocumentKind, states: Mapping[DocumentStatus, int]) -> Fact:
    told = ", ".join(f"{states[state]:,} {state.value}" for state in DocumentStatus if states.get(state))
    return Fact(f"{kind.label}s", told)


def _orders(states: Mapping[RecordState, int]) -> Fact:
    told = ", ".join(f"{states[state]:,} {words}" for state, words in _STATE_WORDS.items() if states.get(state))
    return Fact("Orders (Cart)", told or "none yet", "plain" if told else "quiet")


def _waiting(name: str, count: int, words: str) -> Fact:
    return Fact(name, words, "warning") if count else Fact(name, "none", "quiet")


def _outbox(counts: OutboxCounts) -> Fact:
    told = {
        "waiting": counts.waiting + counts.sending,
        "unknown": counts.unknown,
        "refused": counts.refused,
    }
    words = ", ".join(f"{count:,} {word}" for word, count in told.items() if count)
    return Fact("Outbox", words or "nothing waits", _outbox_tone(counts))


def _outbox_tone(counts: OutboxCounts) -> Tone:
    if counts.unknown or counts.refused:
        return "warning"
    return "plain" if counts.open else "quiet"


def _plain(amount: Decimal) -> str:
    return f"{amount:f}"


def overview_row(overview: Overview) -> dict[str, object]:
    """For `--json`: money and quantities as text, times in UTC."""
    return {
        "cart": overview.cart,
        "first_day": overview.days[0].isoformat(),
        "last_day": overview.days[-1].isoformat(),
        "sales": {
            one.currency: [format_amount(value, one.currency) for value in one.amounts] for one in overview.sales
        },
        "sales_total": {one.currency: format_amount(one.total, one.currency) for one in overview.sales},
        "orders_placed": list(overview.orders),
        "documents": {
            kind.value: {state.value: count for state, count in states.items()}
            for kind, states in overview.documents.items()
        },
        "records": {
            kind.value: {state.value: count for state, count in states.items()}
            for kind, states in overview.records.items()
        },
        "held": overview.held,
        "conflicts": overview.conflicts,
        "changed_orders": overview.changed_orders,
        "outbox": {
            "waiting": overview.outbox.waiting + overview.outbox.sending,
            "unknown": overview.outbox.unknown,
            "refused": overview.outbox.refused,
        },
        "to_order": overview.to_order,
        "low_items": [
            {"code": one.code, "free": _plain(one.free), "reorder_level": _plain(one.reorder_level)}
            for one in overview.low_items
        ],
        "tasks_due": [
            {"cart": one.cart, "basket": one.basket, "due_on": one.due_on.isoformat(), "text": one.text}
            for one in overview.tasks
        ],
        "carts": [
            {
                "name": one.name,
                "status": one.status.value,
                "sends": [kind.value for kind in one.sends],
                "next_cycle_at": _stamp(one.next_cycle_at),
                "last_result": one.last_cycle.result.value if one.last_cycle else None,
                "last_ended_at": _stamp(one.last_cycle.ended_at) if one.last_cycle else None,
            }
            for one in overview.carts
        ],
    }


def _stamp(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat().replace("+00:00", "Z")
