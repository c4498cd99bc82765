"""Write planned imports into the books. Everything here runs inside the caller's transaction (DESIGN rule 2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cartui.domain.documents import Customer, Item
from cartui.domain.ids import CartId, CustomerId, Direction, ItemId, RecordKind
from cartui.domain.ledger import CartRecord, JournalEntry
from cartui.domain.money import parse_amount
from cartui.domain.outbox import OutboxKind
from cartui.domain.plan import (
    Action,
    FollowOrder,
    ImportCustomer,
    ImportDocument,
    ImportItem,
    NewCustomer,
    NewItem,
    PlannedChange,
)
from cartui.sync.approvals import void_pending
from cartui.sync.workspace import Workspace

_LINKING = (Action.CREATE, Action.LINK)

OurIds = dict[str, int]  # external id -> our id, of what was created or changed
_Tied = tuple[CartRecord, int | None]  # what is remembered, and the number of ours that it is tied to


def store_orders(ws: Workspace, cart_id: CartId, changes: Sequence[PlannedChange]) -> OurIds:
    """PENDING documents with their customers, and what is remembered of every order of the page."""
    creates = [(change, change.payload) for change in changes if isinstance(change.payload, ImportDocument)]
    customers = _store_new_customers(ws, [payload for _, payload in creates])
    owners = [payload.customer_id or customers[payload.customer_key] for _, payload in creates]
    drafts = [(payload.draft, owner) for (_, payload), owner in zip(creates, owners, strict=True)]
    documents = ws.books.documents.add_many(cart_id, drafts) if drafts else []
    ids: OurIds = {change.key: made for (change, _), made in zip(creates, documents, strict=True)}
    links: dict[str, _Tied] = {}
    for (_, payload), owner in zip(creates, owners, strict=True):
        if (link := payload.customer_link) is not None:
            links.setdefault(link.external_id, (link, owner))
    _remember(ws, cart_id, changes, ids, list(links.values()))
    _follow(ws, [change.payload for change in changes if isinstance(change.payload, FollowOrder)])
    _journal(ws, cart_id, RecordKind.ORDER, changes, ids)
    return ids


def _follow(ws: Workspace, moved: Sequence[FollowOrder]) -> None:
    """Orders that moved after they were imported: their documents take over the words; cancelled ones become VOID."""
    ws.books.documents.follow(moved)
    for one in moved:
        if one.void_reason:
            void_pending(ws, ws.books.documents.get(one.document_id), one.void_reason)


def _store_new_customers(ws: Workspace, payloads: Sequence[ImportDocument]) -> dict[str, CustomerId]:
    new: dict[str, NewCustomer] = {}
    for payload in payloads:
        if payload.new_customer is not None:
            new.setdefault(payload.customer_key, payload.new_customer)
    return dict(zip(new, ws.books.customers.add_many(list(new.values())), strict=True)) if new else {}


def store_items(ws: Workspace, cart_id: CartId, changes: Sequence[PlannedChange]) -> OurIds:
    """New, linked and updated items of the system."""
    payloads = {change.key: change.payload for change in changes if isinstance(change.payload, ImportItem)}
    new: dict[str, NewItem] = {key: payload.new for key, payload in payloads.items() if payload.new is not None}
    ids: OurIds = dict(zip(new, ws.books.items.add_many(list(new.values())), strict=True)) if new else {}
    ids |= {key: payload.item_id for key, payload in payloads.items() if payload.item_id is not None}
    changed = {p.item_id: p for p in payloads.values() if p.item_id is not None and p.values}
    for item in ws.books.items.find_by_ids(list(changed)).values():
        ws.books.items.update(with_item_values(item, changed[item.item_id]))
    _remember(ws, cart_id, changes, ids)
    linked = [ids[change.key] for change in changes if change.action in _LINKING and change.key in ids]
    ws.books.outbox.touch(OutboxKind.STOCK, linked, cart_id=cart_id)  # from now on the cart is told its stock
    again = [ids[key] for key, payload in payloads.items() if payload.resend and key in ids]
    ws.books.outbox.touch(OutboxKind.ITEM, again, cart_id=cart_id)
    _journal(ws, cart_id, RecordKind.ITEM, changes, ids)
    return ids


def with_item_values(item: Item, payload: ImportItem) -> Item:
    """An item with the values that a cart changed."""
    values = payload.values
    return replace(
        item,
        name=values.get("name", item.name),
        barcode=values.get("barcode", item.barcode),
        price=parse_amount(values["price"]) if "price" in values else item.price,
    )


def store_customers(ws: Workspace, cart_id: CartId, changes: Sequence[PlannedChange]) -> OurIds:
    """New, linked and updated customers of the system."""
    payloads = {change.key: change.payload for change in changes if isinstance(change.payload, ImportCustomer)}
    new = {key: payload.new for key, payload in payloads.items() if payload.new is not None}
    ids: OurIds = dict(zip(new, ws.books.customers.add_many(list(new.values())), strict=True)) if new else {}
    ids |= {key: payload.customer_id for key, payload in payloads.items() if payload.customer_id is not None}
    changed = {p.customer_id: p for p in payloads.values() if p.customer_id is not None and p.values}
    for customer in ws.books.customers.find_by_ids(list(changed)).values():
        ws.books.customers.update(_with_customer_values(customer, changed[customer.customer_id]))
    _remember(ws, cart_id, changes, ids)
    again = [ids[key] for key, payload in payloads.items() if payload.resend and key in ids]
    ws.books.outbox.touch(OutboxKind.CUSTOMER, again, cart_id=cart_id)
    _journal(ws, cart_id, RecordKind.CUSTOMER, changes, ids)
    return ids


def _with_customer_values(customer: Customer, payload: ImportCustomer) -> Customer:
    values = payload.values
    return replace(
        customer,
        first_name=values.get("first_name", customer.first_name),
        last_name=values.get("last_name", customer.last_name),
        company=values.get("company", customer.company),
        email=values.get("email", customer.email),
        phone=values.get("phone", customer.phone),
        tax_number=values.get("tax_number", customer.tax_number),
    )


def _remember(
    ws: Workspace, cart_id: CartId, changes: Sequence[PlannedChange], ids: OurIds, more: Sequence[_Tied] = ()
) -> None:
    """The last word on a record that came twice on one page wins; its link is never lost."""
    records: dict[str, _Tied] = {}
    for change in changes:
        if change.record is not None:
            records[change.key] = change.record, ids.get(change.key, change.record.our_id)
    beside = [(one, one.our_id) for change in changes for one in change.more]
    ws.books.records.put_linked(cart_id, [*records.values(), *more, *beside])


def _journal(ws: Workspace, cart_id: CartId, kind: RecordKind, changes: Sequence[PlannedChange], ids: OurIds) -> None:
    now = ws.clock()
    ws.books.journal.append_many(
        [
            JournalEntry(
                cart_id=cart_id,
                at=now,
                actor=ws.actor,
                direction=Direction.IMPORT,
                kind=kind,
                action=change.action.value,
                external_id=change.key,
                our_id=ids.get(change.key, change.record.our_id if change.record else None),
                detail={"label": change.label, "reason": change.reason}
                | {one.name: one.after for one in change.fields},
            )
            for change in changes
            if change.action is not Action.SAME and not _is_none_of_ours(change)
        ]
    )


def _is_none_of_ours(change: PlannedChange) -> bool:
    """Left alone, and nothing is remembered of it: an item that is not linked comes again at every poll."""
    return change.action is Action.SKIP and change.record is None


STORE = {RecordKind.ORDER: store_orders, RecordKind.ITEM: store_items, RecordKind.CUSTOMER: store_customers}


def our_item_ids(records: dict[str, CartRecord]) -> list[ItemId]:
    """The items that these records are linked to."""
    return [ItemId(record.our_id) for record in records.values() if record.our_id is not None]


def our_customer_ids(records: dict[str, CartRecord]) -> list[CustomerId]:
    """The customers that these records are linked to."""
    return [CustomerId(record.our_id) for record in records.values() if record.our_id is not None]
