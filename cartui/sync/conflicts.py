"""Conflicts: what both sides changed, field by field, and a person's word on whose value counts (DESIGN rule 13).

Nothing of it reaches the cart from here: where ours is taken, it waits in the outbox (or for the next export); where
the cart's is taken, ours is updated. The records are read from the cart again before anything is written (S112).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from cartui.books import Lease
from cartui.domain.brakes import Brake, check_counts, count_harms
from cartui.domain.conflicts import Conflict, Settled, Whose, conflicting_fields, settle_fields, why_not_settled
from cartui.domain.documents import Customer, Item
from cartui.domain.fingerprint import fingerprint
from cartui.domain.ids import CustomerId, ItemId, RecordKind
from cartui.domain.ledger import CartRecord
from cartui.domain.merge import BOTH_SIDES, Merge, Owners, customer_values
from cartui.domain.outbox import OutboxKind, OutboxState
from cartui.domain.outcomes import RecordState
from cartui.domain.plan import Action, FieldChange, ImportCustomer, ImportItem, PlannedChange
from cartui.domain.plan_customers import customer_label, customer_record
from cartui.domain.plan_items import cart_item_values, item_record, our_item_values
from cartui.domain.ports import BadRecord, Cart, Received
from cartui.domain.records import CartCustomer, CartItem
from cartui.domain.remedies import confirm
from cartui.domain.settings import CartDocument
from cartui.errors import BrakeError, NeedsOperatorError
from cartui.sync.cart_reads import Rows, read_there, tested_cart
from cartui.sync.ground import field_owners
from cartui.sync.imports import STORE
from cartui.sync.leases import leased
from cartui.sync.sides import batches
from cartui.sync.workspace import Progress, ProgressSink, StopRequested, Workspace, never_stop, no_progress

KINDS = (RecordKind.ITEM, RecordKind.CUSTOMER)
_OUTBOX = {RecordKind.ITEM: OutboxKind.ITEM, RecordKind.CUSTOMER: OutboxKind.CUSTOMER}
_PAGE = 50
_MOST = 100_000


@dataclass(frozen=True, slots=True)
class ConflictList:
    """The conflicts as both sides stand now. `over`: records that were stopped for a conflict that is none any more."""

    conflicts: tuple[Conflict, ...]
    over: int = 0


@dataclass(frozen=True, slots=True)
class Refusal:
    """A conflict that was left as it was, and why."""

    conflict: Conflict
    problem: str
    remedy: str


@dataclass(frozen=True, slots=True)
class SettleReport:
    """What was settled, and what was left alone."""

    settled: tuple[Conflict, ...]
    refused: tuple[Refusal, ...] = ()


Pick = tuple[Conflict, Whose]


def list_conflicts(
    ws: Workspace,
    name: str,
    only: tuple[RecordKind, str] | None = None,
    *,
    progress: ProgressSink = no_progress,
    stop: Callable[[], bool] = never_stop,
) -> ConflictList:
    """Read the records that were stopped because both sides changed them (or one record, by the cart's id, stopped or
    not), and compare them afresh; nothing is written."""
    document = ws.books.carts.get(name)
    suspects = _suspects(ws, document) if only is None else {only[0]: [only[1]]}
    found: list[Conflict] = []
    over = 0
    if suspects:
        with tested_cart(ws, document) as cart:
            for kind, rows in _pages(cart, suspects, progress, stop):
                for pair in pairs_of(ws, document, kind, rows):
                    told = pair.conflicts()
                    found += told
                    over += not told
    return ConflictList(tuple(found), over)


def _suspects(ws: Workspace, document: CartDocument) -> dict[RecordKind, list[str]]:
    """The cart's ids of records that import or export stopped at."""
    books, cart_id = ws.books, document.cart_id
    found: dict[RecordKind, dict[str, None]] = {}
    for one in books.records.list_held(cart_id):
        if one.kind in KINDS and one.our_id is not None and one.reason.startswith(BOTH_SIDES):
            found.setdefault(one.kind, {})[one.external_id] = None
    refused = books.outbox.list_rows(cart_id, (OutboxState.REFUSED,), _MOST)
    for kind in KINDS:
        ids = [row.our_id for row in refused if row.kind is _OUTBOX[kind] and row.reason.startswith(BOTH_SIDES)]
        for links in books.records.find_by_our_ids(cart_id, kind, ids).values() if ids else ():
            found.setdefault(kind, {}).update({link.external_id: None for link in links})
    return {kind: list(ids) for kind, ids in found.items()}


def _pages(
    cart: Cart, wanted: Mapping[RecordKind, Sequence[str]], progress: ProgressSink, stop: Callable[[], bool]
) -> Iterator[tuple[RecordKind, Rows]]:
    done, total = 0, sum(map(len, wanted.values()))
    for kind, ids in wanted.items():
        for batch in batches(ids, _PAGE):
            if stop():
                raise StopRequested
            yield kind, read_there(cart, kind, list(batch))
            done += len(batch)
            progress(Progress("records", done, total))


# --- one record on both sides -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pair:
    """A linked record as the cart holds it and as it is here."""

    kind: RecordKind
    row: Received[Any]
    record: CartItem | CartCustomer
    known: CartRecord
    ours: Item | Customer
    owners: Owners

    @property
    def theirs(self) -> Mapping[str, str]:
        record = self.record
        return cart_item_values(record) if isinstance(record, CartItem) else customer_values(record)

    @property
    def mine(self) -> Mapping[str, str]:
        return our_item_values(self.ours) if isinstance(self.ours, Item) else customer_values(self.ours)

    @property
    def our_id(self) -> int:
        return self.ours.item_id if isinstance(self.ours, Item) else self.ours.customer_id

    @property
    def label(self) -> str:
        ours = self.ours
        return f"{ours.code} {ours.name}" if isinstance(ours, Item) else customer_label(ours)

    @property
    def ours_is_newer(self) -> bool:
        return self.owners.ours_is_newer(self.our_id, self.record.modified_at)

    def conflicts(self) -> list[Conflict]:
        """The fields that both changed to something else."""
        told = conflicting_fields(
            self.known.agreed, self.theirs, self.mine, self.owners, ours_is_newer=self.ours_is_newer
        )
        key, agreed = self.known.external_id, self.known.agreed
        return [
            Conflict(self.kind, key, self.our_id, self.label, one.name, one.before, one.after, agreed.get(one.name))
            for one in told
        ]


def pairs_of(ws: Workspace, document: CartDocument, kind: RecordKind, rows: Rows) -> list[Pair]:
    """Those of the rows that can be read and are linked to one of ours."""
    records = ws.books.records.find_many(document.cart_id, kind, [row.external_id for row in rows])
    ids = [one.our_id for one in records.values() if one.our_id is not None]
    ours: dict[int, Item | Customer] = {}
    if kind is RecordKind.ITEM:
        ours |= {int(one): item for one, item in ws.books.items.find_by_ids([ItemId(one) for one in ids]).items()}
    else:
        customers = ws.books.customers.find_by_ids([CustomerId(one) for one in ids])
        ours |= {int(one): customer for one, customer in customers.items()}
    owners = field_owners(ws.books, document, kind, ids)
    pairs = []
    for row in rows:
        known = records.get(row.external_id)
        our_id = known.our_id if known is not None else None
        if known is not None and our_id in ours and not isinstance(row.record, BadRecord):
            pairs.append(Pair(kind, row, row.record, known, ours[our_id], owners))
    return pairs


# --- a person's word --------------------------------------------------------------------------------------------------


def settle_conflicts(
    ws: Workspace,
    name: str,
    picks: Sequence[Pick],
    *,
    confirmed: str = "",
    progress: ProgressSink = no_progress,
    stop: Callable[[], bool] = never_stop,
) -> SettleReport:
    """Take ours or the cart's, conflict by conflict, as they were listed. One whose record says something else now, on
    either side, is refused; the others go on. `BrakeError` where many prices would leap here and `confirmed` is not the
    cart's name (rule 14)."""
    document = ws.books.carts.get(name)
    _ensure_confirmed(ws, document, picks, confirmed)
    wanted: dict[RecordKind, dict[str, list[Pick]]] = {}
    for pick in picks:
        wanted.setdefault(pick[0].kind, {}).setdefault(pick[0].external_id, []).append(pick)
    settled: list[Conflict] = []
    refused: list[Refusal] = []
    with tested_cart(ws, document) as cart, leased(ws, document) as lease:
        pages = _pages(cart, {kind: list(some) for kind, some in wanted.items()}, progress, stop)
        seen: set[tuple[RecordKind, str]] = set()
        for kind, rows in pages:
            ws.books.leases.renew(lease)
            done, no = _settle_page(ws, document, kind, rows, wanted[kind], lease)
            settled += done
            refused += no
            seen |= {(kind, one.external_id) for one in (*done, *(r.conflict for r in no))}
    gone = [pick[0] for pick in picks if (pick[0].kind, pick[0].external_id) not in seen]
    remedy = "Look for it in the shop; if it was deleted, unlink it here."
    refused += [
        Refusal(one, "The cart does not give it any more, or it is not linked any more.", remedy) for one in gone
    ]
    return SettleReport(tuple(settled), tuple(refused))


def _ensure_confirmed(ws: Workspace, document: CartDocument, picks: Sequence[Pick], confirmed: str) -> None:
    for kind in KINDS:
        changes = [
            PlannedChange(Action.UPDATE, one.key, one.label, fields=(FieldChange(one.field, one.ours, one.theirs),))
            for one, whose in picks
            if whose is Whose.CART and one.kind is kind
        ]
        brakes = check_counts(count_harms(changes), ws.books.records.count_linked(document.cart_id, kind))
        if brakes and confirmed != document.name:
            raise BrakeError(
                f"This would {'; '.join(map(str, cast('Sequence[Brake]', brakes)))}.",
                confirm(document.name),
            )


def _settle_page(
    ws: Workspace,
    document: CartDocument,
    kind: RecordKind,
    rows: Rows,
    wanted: Mapping[str, Sequence[Pick]],
    lease: Lease,
) -> tuple[list[Conflict], list[Refusal]]:
    """Compared and written in one transaction: what is here can't move between."""
    settled: list[Conflict] = []
    refused: list[Refusal] = []
    with ws.books.transaction(lease=lease):
        changes: list[PlannedChange] = []
        for pair in pairs_of(ws, document, kind, rows):
            good: dict[str, Whose] = {}
            for one, whose in wanted[pair.known.external_id]:
                if problem := why_not_settled(one, whose, pair.theirs, pair.mine):
                    refused.append(Refusal(one, *problem))
                else:
                    good[one.field] = whose
                    settled.append(one)
            if good:
                changes.append(_settlement(document, pair, good))
        if changes:
            STORE[kind](ws, document.cart_id, changes)
    return settled, refused


def _settlement(document: CartDocument, pair: Pair, choices: Mapping[str, Whose]) -> PlannedChange:
    """What is written: ours with the cart's values, and what the books remember of the record from now on."""
    settings, known = document.settings, pair.known
    imports = settings.from_cart_items if pair.kind is RecordKind.ITEM else settings.from_cart_customers
    with_rest = imports or known.state is RecordState.HELD
    done = settle_fields(
        known.agreed,
        pair.theirs,
        pair.mine,
        choices,
        pair.owners,
        ours_is_newer=pair.ours_is_newer,
        with_rest=with_rest,
    )
    payload: ImportItem | ImportCustomer = (
        ImportItem(item_id=ItemId(pair.our_id), values=done.values, resend=done.resend)
        if pair.kind is RecordKind.ITEM
        else ImportCustomer(customer_id=CustomerId(pair.our_id), values=done.values, resend=done.resend)
    )
    words = {Whose.OURS: "ours", Whose.CART: "the cart's"}
    return PlannedChange(
        Action.UPDATE,
        known.external_id,
        known.label,
        "conflict settled: " + "; ".join(f"{field}: {words[whose]}" for field, whose in choices.items()),
        fields=tuple(FieldChange(field, pair.mine.get(field, ""), value) for field, value in done.values.items()),
        payload=payload,
        record=_remembered(pair, done, with_rest=with_rest),
    )


def _remembered(pair: Pair, done: Settled, *, with_rest: bool) -> CartRecord:
    known = pair.known
    if done.left and known.state is RecordState.HELD:
        rest = Merge({}, (), done.left)
        content = fingerprint(pair.record)
        return replace(known, agreed=done.agreed, reason=rest.conflict_text, remedy=rest.remedy, fingerprint=content)
    if done.left or not with_rest:
        return replace(known, agreed=done.agreed)
    if isinstance(pair.record, CartItem):
        return item_record(pair.row, pair.record, ItemId(pair.our_id), known.evidence)
    return customer_record(pair.row, pair.record, CustomerId(pair.our_id), known.evidence)


def find_conflicts(ws: Workspace, name: str, words: Sequence[str]) -> list[Conflict]:
    """Those that a person named "17.price" or "item:17.price"; `NeedsOperatorError` where one is no conflict now."""
    now = list_conflicts(ws, name).conflicts
    found: list[Conflict] = []
    for word in words:
        named = [one for one in now if word in (one.key, f"{one.external_id}.{one.field}")]
        if len(named) != 1:
            problem = f"{word} is {'no conflict' if not named else 'several: say item: or customer: before it'}."
            raise NeedsOperatorError(problem, f"`cartui conflicts {name!r}` lists them.")
        found += named
    return found
