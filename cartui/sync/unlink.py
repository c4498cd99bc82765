"""Unlink: a person lets go of what ties a record of the cart to one of ours, with the consequence said before.

Nothing is deleted on either side, and nothing comes twice by itself: an unlinked order is imported by hand only, and
only where its document is VOID or gone; items and customers are never made by a cycle because they are unlinked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from cartui.domain.documents import DocumentStatus
from cartui.domain.ids import CustomerCode, CustomerId, DocumentId, ItemCode, ItemId, RecordKind
from cartui.domain.ledger import CartRecord, unlinked
from cartui.domain.plan import Action, Doing, FieldChange, Plan, PlannedChange, Undo
from cartui.domain.remedies import CART
from cartui.domain.settings import CartDocument
from cartui.errors import NeedsOperatorError, Remedy
from cartui.sync.actions import Selection, plan_of
from cartui.sync.workspace import ProgressSink, Workspace, never_stop, no_progress

_VOID_FIRST = Remedy(
    "Make it void first (V on Orders), or import the order again (r, then I on the document).",
    f"Run `cartui document void NUMBER --reason WHY` first, or `cartui changes {CART} reimport NUMBER`.",
)
_POSTED = Remedy(
    "What was posted keeps its order: credit it instead (C on the document).",
    "What was posted keeps its order: credit it instead (`cartui document credit NUMBER`).",
)


@dataclass(frozen=True, slots=True)
class _Ground:
    """What ours are called, by id; documents that are not VOID, with their status; ours that an export is open of;
    customers that the next order would find again by e-mail."""

    names: Mapping[int, str]
    counting: Mapping[int, DocumentStatus] = field(default_factory=dict)
    open_exports: frozenset[int] = frozenset()
    found_again: frozenset[int] = frozenset()


def plan_unlink(
    ws: Workspace,
    name: str,
    kind: RecordKind,
    selection: Selection,
    *,
    progress: ProgressSink = no_progress,  # noqa: ARG001  as all planners; nothing is asked of the cart
    stop: Callable[[], bool] = never_stop,  # noqa: ARG001
) -> Plan:
    """*Unlink selected*, by the cart's ids. The cart is not asked: it may be gone."""
    document = ws.books.carts.get(name)
    if selection.keys is None:
        raise NeedsOperatorError("All records are never unlinked at once.", "Name those that are meant.")
    keys = list(dict.fromkeys(selection.keys))
    records = ws.books.records.find_many(document.cart_id, kind, keys)
    ground = _ground(ws, document, kind, list(records.values()))
    changes = tuple(_plan_one(kind, key, records.get(key), ground) for key in keys)
    return plan_of(document, Selection(keys).asks(Doing.UNLINK, kind), changes)


def plan_unlink_ours(
    ws: Workspace,
    name: str,
    kind: RecordKind,
    selection: Selection,
    *,
    progress: ProgressSink = no_progress,
    stop: Callable[[], bool] = never_stop,
) -> Plan:
    """As `plan_unlink`, by our ids: the records of the cart that they are tied to."""
    cart_id = ws.books.carts.get(name).cart_id
    ours = [int(key) for key in selection.keys or ()]
    links = ws.books.records.find_by_our_ids(cart_id, kind, ours)
    keys = [record.external_id for one in ours for record in links.get(one, ())]
    if not keys:
        raise NeedsOperatorError(
            f"None of them is linked in cart {name!r}.", "Mark those that are: the column of links says which."
        )
    return plan_unlink(ws, name, kind, Selection(keys), progress=progress, stop=stop)


def plan_unlink_held(ws: Workspace, name: str, keys: Sequence[str]) -> list[Plan]:
    """As `plan_unlink`, for held records (keys "kind:the cart's id"): one plan a kind."""
    by_kind: dict[RecordKind, list[str]] = {}
    for key in keys:
        kind, _, external_id = key.partition(":")
        by_kind.setdefault(RecordKind(kind), []).append(external_id)
    known = (RecordKind.ORDER, RecordKind.ITEM, RecordKind.CUSTOMER)
    return [plan_unlink(ws, name, kind, Selection(some)) for kind, some in by_kind.items() if kind in known]


def linked_keys(ws: Workspace, name: str, kind: RecordKind, words: Sequence[str]) -> list[str]:
    """The cart's ids of what a person names: such an id, else the code of an item or customer of ours, an order's
    number, or a document's."""
    cart_id = ws.books.carts.get(name).cart_id
    known = ws.books.records.find_many(cart_id, kind, words)
    keys: list[str] = []
    for word in words:
        keys += [word] if word in known else _named(ws, name, kind, word) or [word]
    return list(dict.fromkeys(keys))


def _named(ws: Workspace, name: str, kind: RecordKind, word: str) -> list[str]:
    cart_id, books = ws.books.carts.get(name).cart_id, ws.books
    ours: list[int] = []
    if kind is RecordKind.ITEM:
        ours = [one.item_id for one in books.items.find_by_codes([ItemCode(word)]).values()]
    elif kind is RecordKind.CUSTOMER:
        ours = [one.customer_id for one in books.customers.find_by_codes([CustomerCode(word)]).values()]
    elif (number := books.documents.find_number(word)) is not None:
        ours = [number]
    else:
        return books.records.find_orders(cart_id, word)
    found = books.records.find_by_our_ids(cart_id, kind, ours)
    return [record.external_id for some in found.values() for record in some]


def _ground(ws: Workspace, document: CartDocument, kind: RecordKind, records: Sequence[CartRecord]) -> _Ground:
    ids = [record.our_id for record in records if record.our_id is not None]
    if kind is RecordKind.ORDER:
        documents = ws.books.documents.list_by_ids([DocumentId(one) for one in ids])
        counting = {int(one.document_id): one.status for one in documents if one.status is not DocumentStatus.VOID}
        return _Ground({int(one.document_id): one.name for one in documents}, counting)
    entries = ws.books.journal.open_entries(document.cart_id)
    busy = frozenset(one.our_id for one in entries if one.our_id is not None and one.kind is kind)
    if kind is RecordKind.ITEM:
        items = ws.books.items.find_by_ids([ItemId(one) for one in ids])
        return _Ground({int(one): f"{item.code} {item.name}" for one, item in items.items()}, open_exports=busy)
    customers = ws.books.customers.find_by_ids([CustomerId(one) for one in ids])
    mails = {record.our_id: record.agreed.get("email", "").casefold() for record in records}
    same = ws.books.customers.find_by_emails(sorted({mail for mail in mails.values() if mail}))
    again = {
        int(one)
        for one, customer in customers.items()
        if [other.customer_id for other in same.get(mails[one], ()) if other.guest is customer.guest] == [one]
    }
    names = {int(one): f"{customer.code} {customer.name}" for one, customer in customers.items()}
    return _Ground(names, open_exports=busy, found_again=frozenset(again))


def _plan_one(kind: RecordKind, key: str, record: CartRecord | None, ground: _Ground) -> PlannedChange:
    if record is None:
        remedy = Remedy(
            f"List the {kind}s of the cart (l).", f"Run `cartui list {CART} cart-{kind}s` to see their ids."
        )
        return PlannedChange(Action.HOLD, key, key, f"Nothing is known here of a cart {kind} {key}.", remedy)
    our_id, label = record.our_id, record.label or key
    if our_id is None:
        return PlannedChange(Action.SAME, key, label, "not linked")
    if (status := ground.counting.get(our_id)) is not None:
        reason = f"Its document {ground.names[our_id]} is {status}: imported once more the order would count twice."
        return PlannedChange(
            Action.HOLD, key, label, reason, _VOID_FIRST if status is DocumentStatus.PENDING else _POSTED
        )
    if our_id in ground.open_exports:
        reason = "Something was sent of it, and no answer came yet."
        return PlannedChange(
            Action.HOLD, key, label, reason, "The next cycle or export looks it up in the cart; unlink it then."
        )
    name = ground.names.get(our_id, "")
    fields = (FieldChange("linked to", name or f"a deleted {'document' if kind is RecordKind.ORDER else kind}", ""),)
    payload, reason = Undo(our_id, record.external_id), _consequence(kind, name, our_id in ground.found_again)
    kept = unlinked(record, f"unlinked from {name}".strip())
    return PlannedChange(Action.UNLINK, key, label, reason, fields=fields, payload=payload, record=kept)


def _consequence(kind: RecordKind, name: str, found_again: bool) -> str:
    """What follows from it, at the next cycle and later."""
    if kind is RecordKind.ORDER:
        void = f"{name} stays void. " if name else ""
        return f"{void}Auto-sync leaves the order alone; imported by hand (5, I) it gets a new document, once."
    if kind is RecordKind.ITEM:
        return (
            "Both stay. No stock and no change is sent or taken any more; lines of new orders take the default item. "
            "No cycle makes or links it again; an export looks it up by its SKU first."
        )
    if found_again:
        return (
            "Both stay; no change is sent or taken. The next order ties it to the same one again: the e-mail is equal."
        )
    return "Both stay; no change is sent or taken. The next order finds or makes a customer by its e-mail."
