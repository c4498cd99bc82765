"""Synchronise this record: an item or customer read afresh from the cart beside ours (S112), and what to do about it.

Taking and sending are plans like all others: made by the rules of the owners, shown, then carried out by `apply_plan`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from cartui.domain.documents import Customer, Item
from cartui.domain.ids import Direction, RecordKind
from cartui.domain.ledger import CartRecord, JournalState
from cartui.domain.merge import Owners
from cartui.domain.plan import Action, Plan, PlannedChange
from cartui.domain.plan_sends import plain, plan_customer_send, plan_item_send
from cartui.domain.ports import BadRecord
from cartui.domain.record_drift import FieldDrift, Way, compare_fields
from cartui.domain.records import CartCustomer, CartItem
from cartui.domain.remedies import CART, list_again
from cartui.domain.settings import CartDocument
from cartui.errors import NeedsOperatorError, Remedy
from cartui.sync.cart_reads import Rows, read_there, tested_cart
from cartui.sync.conflicts import Pair, pairs_of
from cartui.sync.outbox_rows import prove_stock
from cartui.sync.replan import replan
from cartui.sync.workspace import Workspace

KINDS = (RecordKind.ITEM, RecordKind.CUSTOMER)
_WROTE = (Action.CREATE, Action.UPDATE, Action.LINK)
_HISTORY = 50


@dataclass(frozen=True, slots=True)
class Levels:
    """Stock numbers of an item as text, "" for none: what is to be sent, what the cart has, what was last sent."""

    to_send: str
    in_cart: str
    last_sent: str


@dataclass(frozen=True, slots=True)
class RecordDrift:
    """Both sides of one linked record, with the `stock` of an item. `takes`, `sends`: the switches of its kind;
    `synced_at`: when something of it was last carried over; `raw`: its body as the cart just sent it."""

    kind: RecordKind
    our_id: int
    label: str
    known: CartRecord
    fields: tuple[FieldDrift, ...]
    stock: Levels | None
    synced_at: datetime | None
    read_at: datetime
    takes: bool
    sends: bool
    raw: str

    def of(self, way: Way) -> tuple[FieldDrift, ...]:
        """The fields that go one way."""
        return tuple(one for one in self.fields if one.way is way)


def read_record_drift(
    ws: Workspace, name: str, kind: RecordKind, our_id: int, external_id: str | None = None
) -> RecordDrift:
    """Read the cart's record of one of ours and compare; nothing is written. `external_id`: which, where several are
    linked. `NeedsOperatorError` where none is, or the cart has it no more."""
    document = ws.books.carts.get(name)
    link = _link(ws, document, kind, our_id, external_id)
    pair = _fresh(ws, document, link)
    settings, record = document.settings, pair.record
    history = ws.books.journal.of_record(document.cart_id, kind, link.external_id, _HISTORY)
    wrote = (one for one in history if one.state is JournalState.DONE and one.action in _WROTE)
    last = next(wrote, None)
    items = kind is RecordKind.ITEM
    return RecordDrift(
        kind=kind,
        our_id=our_id,
        label=pair.label,
        known=pair.known,
        fields=compare_fields(
            pair.known.agreed,
            pair.theirs,
            pair.mine,
            Owners(lambda field: settings.owner(kind, field), pair.owners.changed_at),
            ours_is_newer=pair.ours_is_newer,
            not_sent=("name",) if isinstance(record, CartItem) and record.variant else (),
        ),
        stock=_stock(ws, document, pair),
        synced_at=last.at if last is not None else None,
        read_at=ws.clock(),
        takes=settings.from_cart_items if items else settings.from_cart_customers,
        sends=settings.to_cart_items if items else settings.to_cart_customers,
        raw=pair.row.raw.decode("utf-8", "replace"),
    )


def _link(ws: Workspace, document: CartDocument, kind: RecordKind, our_id: int, external_id: str | None) -> CartRecord:
    if kind not in KINDS:
        raise NeedsOperatorError(
            f"A {kind} is not compared so.",
            Remedy("Open its document, and press r there.", f"Run `cartui changes {CART}`."),
        )
    links = ws.books.records.find_by_our_ids(document.cart_id, kind, [our_id]).get(our_id, [])
    found = [one for one in links if external_id in (None, one.external_id)]
    if not found:
        remedy = Remedy(
            "Link it (Items (Cart), Customers (Cart)) or export it (E) first.",
            f"Run `cartui link {document.name!r} {kind}s ID` or `cartui export {document.name!r} {kind}s CODE` first.",
        )
        raise NeedsOperatorError(f"This {kind} is not linked in cart {document.name}.", remedy)
    if len(found) > 1:
        remedy = Remedy(
            f"Open one of them on {f'{kind}'.capitalize()}s (Cart) and press r there.",
            f"See them with `cartui list {document.name!r} cart-{kind}s`.",
        )
        raise NeedsOperatorError(f"{len(found)} records of the cart are linked to it.", remedy)
    return found[0]


def _fresh(ws: Workspace, document: CartDocument, link: CartRecord) -> Pair:
    with tested_cart(ws, document) as cart:
        rows = read_there(cart, link.kind, [link.external_id])
    return _pair(ws, document, link, rows)


def _pair(ws: Workspace, document: CartDocument, link: CartRecord, rows: Rows) -> Pair:
    if not rows:
        remedy = "Look for it in the shop; if it was deleted, unlink it here."
        raise NeedsOperatorError(f"The cart has its {link.kind} {link.external_id} no more.", remedy)
    if isinstance(rows[0].record, BadRecord):
        raise NeedsOperatorError(f"It can't be read: {rows[0].record.reason}", rows[0].record.remedy)
    pairs = pairs_of(ws, document, link.kind, rows)
    if not pairs:
        raise NeedsOperatorError(f"This {link.kind} is not there any more.", list_again(f"{link.kind}s", document.name))
    return pairs[0]


def _stock(ws: Workspace, document: CartDocument, pair: Pair) -> Levels | None:
    if not isinstance(pair.ours, Item) or not isinstance(pair.record, CartItem):
        return None
    [proof] = prove_stock(ws, document, [pair.ours])
    return Levels(_told(proof.arithmetic.send), _told(pair.record.stock), _told(proof.told.sent))


def _told(amount: Decimal | None) -> str:
    return "" if amount is None else plain(amount)


def plan_take(ws: Workspace, name: str, drift: RecordDrift) -> Plan:
    """What the cart changed becomes ours, by the owners' rules; a field that both changed is held for Conflicts."""
    document = ws.books.carts.get(name)
    with tested_cart(ws, document) as cart:
        rows = read_there(cart, drift.kind, [drift.known.external_id])
    _pair(ws, document, drift.known, rows)
    changes = replan(ws, document, drift.kind, rows)
    return _plan(document, drift.kind, Direction.IMPORT, changes)


def plan_send(ws: Workspace, name: str, drift: RecordDrift) -> Plan:
    """What we changed goes to the cart, by the owners' rules: changed fields only. Stock goes by the outbox."""
    document = ws.books.carts.get(name)
    pair = _fresh(ws, document, drift.known)
    newer, ours, record = pair.ours_is_newer, pair.ours, pair.record
    if isinstance(ours, Item) and isinstance(record, CartItem):
        change = plan_item_send(ours, [pair.known], record, document.settings, ours_is_newer=newer)
    elif isinstance(ours, Customer) and isinstance(record, CartCustomer):
        change = plan_customer_send(ours, [pair.known], record, document.settings, ours_is_newer=newer)
    else:
        raise NeedsOperatorError("Its two sides are of different kinds.", "Unlink it and link it anew.")
    return _plan(document, drift.kind, Direction.EXPORT, [change])


def _plan(document: CartDocument, kind: RecordKind, direction: Direction, changes: list[PlannedChange]) -> Plan:
    return Plan(document.cart_id, document.name, document.settings.live, kind, direction, tuple(changes))
