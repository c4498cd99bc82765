"""One round of sending to one cart: what its senders share, and what became of the rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from cartui.books import Lease
from cartui.domain.brakes import WINDOW, Brake, check_counts, check_window, count_harms
from cartui.domain.ids import CartId, ItemId, RecordKind
from cartui.domain.ledger import CartRecord
from cartui.domain.outbox import Ending, OutboxKind, OutboxRow, SentRow
from cartui.domain.plan import Action, PlannedChange
from cartui.domain.ports import Cart, Received
from cartui.domain.remedies import CART
from cartui.domain.settings import CartDocument, SyncStatus
from cartui.errors import Remedy
from cartui.sync.workspace import Progress, ProgressSink, StopRequested, Workspace

LOOKED_UP = "It is looked up in the cart before anything is sent again."
BRAKED = Remedy(
    "Nothing of these was sent. Look at them (o on Auto-sync), then retry them (R) with the cart's name typed.",
    f"Nothing of these was sent. See `cartui outbox {CART}`, then run `cartui outbox {CART} retry --confirm {CART}`.",
)

Links = Mapping[int, Sequence[CartRecord]]
Planned = tuple[OutboxRow, PlannedChange]


@dataclass(slots=True)
class Outbound:
    """One cart, leased and open, and what one round of sending did. `import_orders` brings the orders up to date;
    `harms`: what the brakes count, by kind of harm and record, so that a record planned again counts once."""

    ws: Workspace
    document: CartDocument
    cart: Cart
    lease: Lease
    progress: ProgressSink
    stop: Callable[[], bool]
    import_orders: Callable[[], None]
    endings: dict[OutboxKind, dict[Ending, int]] = field(default_factory=dict)
    harms: dict[str, dict[str, int]] = field(default_factory=dict)
    braked: list[str] = field(default_factory=list)

    def note(self, kind: OutboxKind, ended: Iterable[SentRow]) -> None:
        """Count what became of rows."""
        counts = self.endings.setdefault(kind, {})
        for one in ended:
            counts[one.ending] = counts.get(one.ending, 0) + 1
        self.progress(Progress(f"{kind.value} to the cart", sum(counts.values())))

    def ensure_going(self) -> None:
        """Stop asked for, here or in another process."""
        if self.stop() or self.ws.books.carts.get(self.document.name).status is not SyncStatus.RUNNING:
            raise StopRequested

    def links(self, kind: RecordKind, rows: Sequence[OutboxRow]) -> Links:
        """What the rows' records are linked to in the cart."""
        return self.ws.books.records.find_by_our_ids(self.document.cart_id, kind, [row.our_id for row in rows])


def end_unwritten(out: Outbound, kind: OutboxKind, ended: Sequence[SentRow], seen: Mapping[ItemId, Decimal]) -> None:
    """What needed no write, in one transaction."""
    if ended:
        with out.ws.books.transaction(lease=out.lease):
            out.ws.books.leases.renew(out.lease)
            out.ws.books.outbox.end(ended)
            out.ws.books.cart_items.note_seen(out.document.cart_id, seen)
            if kind is OutboxKind.STOCK:
                out.ws.books.cart_items.note_meaning(out.document.cart_id, out.cart.facts.stock_meaning)
        out.note(kind, ended)


def apply_brakes(out: Outbound, kind: RecordKind, planned: Sequence[Planned]) -> list[Planned]:
    """Rule 14 over the whole round, and over the last hours: once it would do too much, what does the harm is held back
    for a person."""
    fresh: dict[str, set[str]] = {}
    for row, change in planned:
        for what, count in count_harms([change]).items() if not row.approved else ():
            out.harms.setdefault(what, {})[change.key] = count
            if count:
                fresh.setdefault(what, set()).add(change.key)
    harms = {what: sum(by_record.values()) for what, by_record in out.harms.items()}
    population = out.ws.books.records.count_linked(out.document.cart_id, kind)
    tripped = check_counts(harms, population)
    if fresh:
        tripped = tripped or _check_window(out, fresh, population)
        _note_harms(out, fresh, tripped)
    if not tripped:
        return list(planned)
    words = "; ".join(str(brake) for brake in tripped)
    out.braked.append(words)
    return [
        (row, PlannedChange(Action.HOLD, change.key, change.label, f"A brake holds it back ({words}).", BRAKED))
        if not row.approved and any(count_harms([change]).get(brake.what) for brake in tripped)
        else (row, change)
        for row, change in planned
    ]


def _check_window(out: Outbound, fresh: Mapping[str, set[str]], population: int) -> tuple[Brake, ...]:
    return brakes_of_window(out.ws, out.document.cart_id, fresh, population)


def brakes_of_window(
    ws: Workspace, cart_id: CartId, fresh: Mapping[str, set[str]], population: int
) -> tuple[Brake, ...]:
    """The brakes of `fresh` harms with what was sent in the hours before; a record counts once, however often."""
    before = ws.books.harms.since(cart_id, ws.clock() - WINDOW)
    return check_window({what: len(before.get(what, set()) | keys) for what, keys in fresh.items()}, population)


def _note_harms(out: Outbound, fresh: Mapping[str, set[str]], tripped: Sequence[Brake]) -> None:
    held = {brake.what for brake in tripped}
    if done := {what: keys for what, keys in fresh.items() if what not in held}:
        with out.ws.books.transaction(lease=out.lease):
            out.ws.books.harms.note(out.document.cart_id, done, out.ws.clock() - WINDOW)


def ending_of(row: OutboxRow, change: PlannedChange) -> SentRow:
    """How a row ends that is not written."""
    endings = {Action.SAME: Ending.DONE, Action.SKIP: Ending.SUPERSEDED, Action.HOLD: Ending.REFUSED}
    return SentRow(row, endings[change.action], change.reason, change.remedy)


def externals(links: Links, our_ids: Sequence[int]) -> list[str]:
    """The cart's ids of those that are linked to exactly one record there."""
    return [links[one][0].external_id for one in our_ids if len(links.get(one, ())) == 1]


def records_of(rows: Mapping[str, Received[Any]]) -> dict[str, Any]:
    """The records alone, by the cart's id."""
    return {key: row.record for key, row in rows.items()}
