"""What the planners need to know, read from the books in a few queries a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from cartui.books import Books
from cartui.domain.documents import Customer, Document, DocumentStatus
from cartui.domain.fingerprint import UnstorableTextError, fingerprint
from cartui.domain.ids import (
    CartCustomerId,
    CartId,
    CartItemId,
    CartOrderId,
    CustomerCode,
    CustomerId,
    DocumentId,
    ItemCode,
    ItemId,
    RecordKind,
)
from cartui.domain.ledger import CartRecord
from cartui.domain.merge import NOBODY, Owners
from cartui.domain.order_drafts import OrderGround
from cartui.domain.outbox import OutboxKind
from cartui.domain.plan import Edits
from cartui.domain.plan_customers import CustomerGround
from cartui.domain.plan_items import ItemGround, typed_code
from cartui.domain.ports import BadRecord, Received
from cartui.domain.records import CartCustomer, CartItem, CartOrder, LineKind
from cartui.domain.refunds import refund_key
from cartui.domain.settings import CartDocument, DocumentKind


def order_ground(books: Books, cart_id: CartId, rows: Sequence[Received[CartOrder]]) -> OrderGround:
    """For a page of orders: six queries whatever its length, one more where items are not linked."""
    orders = [row.record for row in rows if not isinstance(row.record, BadRecord)]
    cart_items = sorted({line.item_id for order in orders for line in order.lines if line.item_id is not None})
    cart_customers = sorted({o.buyer.customer_id for o in orders if o.buyer.customer_id is not None})
    mails = sorted({order.buyer.email.casefold() for order in orders if order.buyer.email})
    item_links = books.records.find_many(cart_id, RecordKind.ITEM, cart_items)
    items = books.items.find_by_ids([ItemId(link.our_id) for link in item_links.values() if link.our_id is not None])
    customer_links = books.records.find_many(cart_id, RecordKind.CUSTOMER, cart_customers)
    known = books.customers.find_by_emails(mails)
    codes = {
        CartItemId(external): items[ItemId(link.our_id)].code
        for external, link in item_links.items()
        if link.our_id is not None and ItemId(link.our_id) in items
    }
    records = books.records.find_many(cart_id, RecordKind.ORDER, [row.external_id for row in rows])
    documents = _moved_documents(books, rows, records)
    refunds = [refund_key(order.order_id, one.refund_id) for order in orders for one in order.refunds]
    return OrderGround(
        records=records,
        documents=documents,
        agreed=books.agreed_orders.find_many([one.document_id for one in documents.values()]) if documents else {},
        refunds=books.records.find_many(cart_id, RecordKind.REFUND, refunds) if refunds else {},
        items=codes,
        skus=books.revisions.sku_rules(cart_id, _unlinked_skus(orders, codes)),
        customers={
            CartCustomerId(external): CustomerId(link.our_id)
            for external, link in customer_links.items()
            if link.our_id is not None
        },
        registered=_only_ones(known, guest=False),
        guests=_only_ones(known, guest=True),
        parents=_living_parents(books, cart_id, [one.parent_id for one in orders if one.parent_id]),
        now=books.database.clock(),
    )


def _living_parents(books: Books, cart_id: CartId, order_ids: Sequence[CartOrderId]) -> dict[str, str]:
    """Of orders that were replaced: those whose approved document still counts, with its name. Carts that edit an order
    by making another one are few."""
    if not order_ids:
        return {}
    ours = books.documents.find_by_external(cart_id, order_ids)
    living: dict[str, str] = {}
    for document in books.documents.list_by_ids(list(ours.values())):
        made = books.documents.list_by_ids(books.revisions.made_from(document.document_id))
        back = sum((one.draft.total for one in made if _takes_back(one)), Decimal(0))
        approved = document.status is DocumentStatus.APPROVED and not document.closed
        if approved and back < document.draft.total:
            living[document.draft.external_id] = document.name
    return living


def _takes_back(document: Document) -> bool:
    return document.draft.kind is DocumentKind.CREDIT_NOTE and document.status is DocumentStatus.APPROVED


def _moved_documents(
    books: Books, rows: Sequence[Received[CartOrder]], records: Mapping[str, CartRecord]
) -> dict[str, Document]:
    """The documents of those orders whose content is not what it was: on most pages none."""
    moved: dict[DocumentId, str] = {}
    for row in rows:
        known = records.get(row.external_id)
        if known is not None and known.our_id is not None and _content(row) != known.fingerprint:
            moved[DocumentId(known.our_id)] = row.external_id
    return {moved[one.document_id]: one for one in books.documents.list_by_ids(list(moved))} if moved else {}


def _content(row: Received[CartOrder]) -> str:
    try:
        return "" if isinstance(row.record, BadRecord) else fingerprint(row.record)
    except UnstorableTextError:
        return ""  # held for it by the planner


def _unlinked_skus(orders: Sequence[CartOrder], codes: dict[CartItemId, ItemCode]) -> list[str]:
    lines = [line for order in orders for line in order.lines if line.kind is LineKind.PRODUCT and line.sku]
    return sorted({line.sku for line in lines if line.item_id is None or line.item_id not in codes})


def _only_ones(known: dict[str, list[Customer]], *, guest: bool) -> dict[str, CustomerId]:
    sides = {mail: [one for one in some if one.guest is guest] for mail, some in known.items()}
    return {mail: some[0].customer_id for mail, some in sides.items() if len(some) == 1}


def item_ground(books: Books, cart_id: CartId, rows: Sequence[Received[CartItem]], edits: Edits) -> ItemGround:
    """For a selection of cart items."""
    records = [(row.external_id, row.record) for row in rows if not isinstance(row.record, BadRecord)]
    codes = sorted({typed_code(item, edits.get(key, {})) for key, item in records} - {ItemCode("")})
    by_code = books.items.find_by_codes(codes)
    links = books.records.find_by_our_ids(cart_id, RecordKind.ITEM, [item.item_id for item in by_code.values()])
    return ItemGround(
        records=books.records.find_many(cart_id, RecordKind.ITEM, [row.external_id for row in rows]),
        by_code=by_code,
        linked_to={ItemId(our_id): CartItemId(some[0].external_id) for our_id, some in links.items() if some},
    )


def customer_ground(
    books: Books, cart_id: CartId, rows: Sequence[Received[CartCustomer]], edits: Edits
) -> CustomerGround:
    """For a selection of cart customers."""
    mails = sorted({r.record.email.casefold() for r in rows if not isinstance(r.record, BadRecord) and r.record.email})
    codes = sorted({CustomerCode(cells.get("code", "").strip()) for cells in edits.values()} - {CustomerCode("")})
    known = books.customers.find_by_emails(mails)
    return CustomerGround(
        records=books.records.find_many(cart_id, RecordKind.CUSTOMER, [row.external_id for row in rows]),
        by_code=books.customers.find_by_codes(codes),
        registered={mail: [one for one in some if not one.guest] for mail, some in known.items()},
        guests={mail: [one for one in some if one.guest] for mail, some in known.items()},
    )


def field_owners(books: Books, document: CartDocument, kind: RecordKind, our_ids: Sequence[int]) -> Owners:
    """Whose word counts for the fields of a kind in a cart, and when ours were last changed."""
    settings = document.settings
    if kind not in settings.both_ways:
        return NOBODY
    noted = {RecordKind.ITEM: OutboxKind.ITEM, RecordKind.CUSTOMER: OutboxKind.CUSTOMER}[kind]
    rows = books.outbox.of_records(document.cart_id, noted, our_ids)
    return Owners(lambda name: settings.owner(kind, name), {row.our_id: row.changed_at for row in rows})
