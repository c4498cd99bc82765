"""All items and customers of the system, whichever cart: for the command line, and as CSV that comes in again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cartui.domain.documents import Customer
from cartui.domain.ids import CustomerCode, CustomerId, ItemCode, ItemId, RecordKind
from cartui.domain.merge_customers import Duplicates, check_merge, find_duplicates, merge_changes
from cartui.domain.plan import FieldChange
from cartui.domain.query import ensure_fields, matches, parse_query
from cartui.domain.record_fields import customer_texts, item_texts, parts_text, plain
from cartui.domain.remedies import list_again
from cartui.errors import NeedsOperatorError
from cartui.sync.workspace import Workspace

ITEM_NAMES = (
    "code", "name", "barcode", "cost", "price", "currency", "tax_class", "reorder_level", "on_hand", "allocated",
    "free", "orderable", "parts", "item_id",
)  # fmt: skip
CUSTOMER_NAMES = (
    "code", "first_name", "last_name", "company", "email", "more_emails", "phone", "more_phones", "tax_number", "guest",
    "address_name", "address_company", "street1", "street2", "city", "region", "postcode", "country", "address_phone",
    "customer_id",
)  # fmt: skip


def item_dicts(ws: Workspace, query: str = "") -> Iterator[Mapping[str, object]]:
    """One mapping an item by code; amounts are exact text. The names are those that `import-csv` understands.
    QueryError where the query can't be read."""
    wanted = parse_query(query)
    ensure_fields(wanted, ITEM_NAMES)
    items = sorted(ws.books.items.list_all(), key=lambda item: item.code)
    ids = [item.item_id for item in items]
    parts, orderable = ws.books.items.parts_of(ids), ws.books.items.orderable(ids)
    codes = {item.item_id: str(item.code) for item in items}
    for item in items:
        if item.is_default:
            continue
        row = item_texts(item) | {
            "cost": plain(item.cost),
            "price": plain(item.price),
            "allocated": plain(item.allocated),
            "free": plain(item.free),
            "orderable": plain(orderable.get(item.item_id)),
            "parts": parts_text(parts.get(item.item_id, ()), codes),
            "item_id": str(item.item_id),
        }
        told = {name: row[name] for name in ITEM_NAMES}
        if matches(wanted, told):
            yield told


def customer_dicts(ws: Workspace, query: str = "") -> Iterator[Mapping[str, object]]:
    """The same for customers, with their first address."""
    wanted = parse_query(query)
    ensure_fields(wanted, CUSTOMER_NAMES)
    for one in sorted(ws.books.customers.list_all(), key=lambda customer: customer.code):
        row = customer_texts(one) | {"guest": "yes" if one.guest else "no", "customer_id": str(one.customer_id)}
        told = {name: row[name] for name in CUSTOMER_NAMES}
        if matches(wanted, told):
            yield told


def find_ids(ws: Workspace, kind: RecordKind, codes: Sequence[str]) -> list[int]:
    """Our ids of these codes; NeedsOperatorError names those there are none of."""
    if kind is RecordKind.ITEM:
        items = ws.books.items.find_by_codes([ItemCode(code) for code in codes])
        found = {str(code): int(item.item_id) for code, item in items.items()}
    else:
        customers = ws.books.customers.find_by_codes([CustomerCode(code) for code in codes])
        found = {str(code): int(customer.customer_id) for code, customer in customers.items()}
    if missing := [code for code in codes if code not in found]:
        raise NeedsOperatorError(
            f"There is no {kind} {', '.join(missing[:5])} in the system.", f"`cartui {kind}s list` shows the codes."
        )
    return [found[code] for code in dict.fromkeys(codes)]


def more_of(ws: Workspace, kind: RecordKind, our_id: int) -> tuple[tuple[str, str], ...]:
    """What a page says of a record beside its own fields: (title, text), the filled ones only."""
    if kind is RecordKind.ITEM:
        item = ws.books.items.find_by_ids([our_id]).get(ItemId(our_id))
        if item is None:
            return ()
        parts = ws.books.items.parts_of([our_id]).get(item.item_id, ())
        codes = {one: str(part.code) for one, part in ws.books.items.find_by_ids([p.part_id for p in parts]).items()}
        told = [
            ("Tax class", item.tax_class),
            ("Reorder level", plain(item.reorder_level)),
            ("Bundle of", parts_text(parts, codes)),
            ("Orderable", plain(ws.books.items.orderable([our_id]).get(item.item_id)) if parts else ""),
        ]
    else:
        customer = ws.books.customers.find_by_ids([our_id]).get(CustomerId(our_id))
        if customer is None:
            return ()
        told = [("More e-mails", ", ".join(customer.more_emails)), ("More phones", ", ".join(customer.more_phones))]
    return tuple(one for one in [*told, *_links(ws, kind, our_id)] if one[1])


def _links(ws: Workspace, kind: RecordKind, our_id: int) -> list[tuple[str, str]]:
    """The carts that a record is linked in, where there are several carts."""
    carts = ws.books.carts.list_all()
    if len(carts) < 2:
        return []
    found = [(cart.name, ws.books.records.find_by_our_ids(cart.cart_id, kind, [our_id])) for cart in carts]
    return [
        ("Linked in", f"{name}: {link.external_id} {link.label}")
        for name, some in found
        for link in some.get(our_id, ())
    ]


# --- customers that are one and the same ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MergePreview:
    """What making two customers one would do. `documents` and `links` go over to the one that stays."""

    kept: Customer
    gone: Customer
    fields: tuple[FieldChange, ...]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class MergeLine:
    """One merge that was done; `undone_at` None: it can be undone."""

    merge_id: int
    kept_code: str
    gone_code: str
    gone_name: str
    at: datetime
    actor: str
    undone_at: datetime | None


def list_duplicates(ws: Workspace) -> list[Duplicates]:
    """Customers that share an e-mail, a phone, a tax number, or name and postcode."""
    return find_duplicates(ws.books.customers.list_all())


def preview_merge(ws: Workspace, kept_id: int, gone_id: int) -> MergePreview:
    """What a merge would change; nothing is written."""
    found = ws.books.customers.find_by_ids([kept_id, gone_id])
    if missing := [one for one in (kept_id, gone_id) if CustomerId(one) not in found]:
        raise NeedsOperatorError(f"There is no customer of the number {missing[0]}.", list_again("customers"))
    kept, gone = found[CustomerId(kept_id)], found[CustomerId(gone_id)]
    problem = check_merge(kept, gone) or ""
    return MergePreview(kept, gone, () if problem else merge_changes(kept, gone), problem)


def merge_customers(ws: Workspace, preview: MergePreview) -> int:
    """Do it; the number is for `undo_merge`. StaleVersionError where one of them was saved since the preview."""
    with ws.books.transaction():
        return ws.books.merges.merge(preview.kept, preview.gone, actor=ws.actor)


def undo_merge(ws: Workspace, merge_id: int) -> Customer:
    """Take the two apart again; the one that is back. NeedsOperatorError where there is nothing to undo."""
    with ws.books.transaction():
        return ws.books.merges.undo(merge_id, actor=ws.actor)


def list_merges(ws: Workspace, customer_id: int | None = None, limit: int = 50) -> list[MergeLine]:
    """What was merged, newest first; into one customer, where it is named, then only what can be undone."""
    merges = ws.books.merges
    done = merges.recent(limit) if customer_id is None else merges.of(CustomerId(customer_id))
    kept = ws.books.customers.find_by_ids([merge.kept_id for merge in done])
    return [
        MergeLine(
            merge.merge_id,
            str(kept[merge.kept_id].code) if merge.kept_id in kept else "",
            str(merge.gone.code),
            merge.gone.name,
            merge.at,
            merge.actor,
            merge.undone_at,
        )
        for merge in done
    ]
