"""One record with all that is known of it, for the record screens: the cart's, as kept or as it is now, and ours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from cartui.domain.documents import Customer, Item
from cartui.domain.ids import CustomerId, ItemId, RecordKind
from cartui.domain.ledger import CartRecord, JournalEntry
from cartui.domain.ports import BadRecord
from cartui.domain.remedies import list_again
from cartui.errors import NeedsOperatorError
from cartui.sync.cart_reads import read_chosen, tested_cart
from cartui.sync.outbox_rows import StockProof, prove_stock
from cartui.sync.workspace import ProgressSink, Workspace, never_stop, no_progress

HISTORY = 20
CHANGES = 500


@dataclass(frozen=True, slots=True)
class RecordView:
    """A record of the cart. `raw` is its own body (JSON or XML text, "" if not kept); `problem` says why it could not
    be read; `known` is what the books remember of it; `history` what was done to it, newest first."""

    kind: RecordKind
    external_id: str
    raw: str
    problem: str
    known: CartRecord | None
    history: tuple[JournalEntry, ...]


@dataclass(frozen=True, slots=True)
class OurRecordView:
    """An item or customer of the system and the cart's records that it is linked to. `pending`: how many of the item
    stand on PENDING documents; `stock`: the number that the cart is sent of a linked item, with its proof."""

    record: Item | Customer
    links: tuple[CartRecord, ...]
    pending: Decimal = Decimal(0)
    stock: StockProof | None = None


def view_record(
    ws: Workspace, name: str, kind: RecordKind, external_id: str, listed: bytes | None = None
) -> RecordView:
    """A record as the books keep it, or with the body that "List all" brought; nothing is asked of the cart."""
    cart_id = ws.books.carts.get(name).cart_id
    raw = listed if listed is not None else ws.books.records.raw(cart_id, kind, external_id) or b""
    return _view(ws, name, kind, external_id, raw, "")


def read_record(
    ws: Workspace,
    name: str,
    kind: RecordKind,
    external_id: str,
    *,
    progress: ProgressSink = no_progress,
    stop: Callable[[], bool] = never_stop,
) -> RecordView:
    """A record as the cart holds it now (S112); `NeedsOperatorError` where the cart has it no more."""
    with tested_cart(ws, ws.books.carts.get(name)) as cart:
        (row,) = read_chosen(cart, kind, [external_id], progress, stop)
    problem = row.record.reason if isinstance(row.record, BadRecord) else ""
    return _view(ws, name, kind, external_id, row.raw, problem)


def _view(ws: Workspace, name: str, kind: RecordKind, external_id: str, raw: bytes, problem: str) -> RecordView:
    cart_id = ws.books.carts.get(name).cart_id
    return RecordView(
        kind=kind,
        external_id=external_id,
        raw=raw.decode("utf-8", "replace"),
        problem=problem,
        known=ws.books.records.find_many(cart_id, kind, [external_id]).get(external_id),
        history=tuple(ws.books.journal.of_record(cart_id, kind, external_id, HISTORY)),
    )


def changed_since(ws: Workspace, name: str, entry_id: int | None) -> tuple[int, dict[RecordKind, list[str]]]:
    """The newest entry of a cart's journal, and the cart's ids, by kind, of what was done after `entry_id` (at most the
    last `CHANGES` of them; none for None: nothing was seen before)."""
    recent = ws.books.journal.recent(ws.books.carts.get(name).cart_id, 1 if entry_id is None else CHANGES)
    newest = recent[0].entry_id if recent else 0
    changed: dict[RecordKind, list[str]] = {}
    for entry in recent:
        if entry_id is not None and (entry.entry_id or 0) > entry_id:
            changed.setdefault(entry.kind, []).append(entry.external_id)
    return newest or 0, changed


def view_ours(ws: Workspace, name: str, kind: RecordKind, our_id: int) -> OurRecordView:
    """An item or customer of ours; `NeedsOperatorError` where there is none."""
    cart_id = ws.books.carts.get(name).cart_id
    links = tuple(ws.books.records.find_by_our_ids(cart_id, kind, [our_id]).get(our_id, ()))
    if kind is RecordKind.ITEM:
        if item := ws.books.items.find_by_ids([ItemId(our_id)]).get(ItemId(our_id)):
            pending = ws.books.documents.pending_quantities([item.code]).get(item.code, Decimal(0))
            proofs = prove_stock(ws, ws.books.carts.get(name), [item]) if links else []
            return OurRecordView(item, links, pending, proofs[0] if proofs else None)
    elif customer := ws.books.customers.find_by_ids([CustomerId(our_id)]).get(CustomerId(our_id)):
        return OurRecordView(customer, links)
    raise NeedsOperatorError(f"There is no such {kind} in the system.", list_again(f"{kind}s"))
