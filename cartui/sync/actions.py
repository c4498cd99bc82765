"""What a person can have done with a selection: Create, Link and Import selected, Export selected, retry held ones.

Each `plan_…` reads what it needs and returns a `Plan`; nothing is written before `cartui.sync.apply.apply_plan`.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, cast

from cartui.domain.documents import Customer, Item
from cartui.domain.fingerprint import fingerprint_connection
from cartui.domain.ids import (
    CartCustomerId,
    CartItemId,
    CartOrderId,
    CustomerCode,
    CustomerId,
    Direction,
    ItemCode,
    ItemId,
    RecordKind,
)
from cartui.domain.ledger import CartRecord
from cartui.domain.plan import Action, Doing, Edits, Plan, PlannedChange, PlanRequest
from cartui.domain.plan_customers import (
    CustomerExportGround,
    customer_draft,
    plan_create_customers,
    plan_customer_updates,
    plan_export_customers,
    plan_link_customers,
)
from cartui.domain.plan_items import (
    ExportGround,
    export_key,
    item_draft,
    plan_create_items,
    plan_export_items,
    plan_item_updates,
    plan_link_items,
)
from cartui.domain.plan_orders import plan_orders
from cartui.domain.ports import (
    BasketSource,
    Cart,
    CustomerReader,
    CustomerSource,
    ItemReader,
    OrderReader,
    Page,
    Received,
)
from cartui.domain.remedies import CART
from cartui.domain.settings import CartDocument
from cartui.errors import NeedsOperatorError, Remedy
from cartui.sync.carts import ensure_tested
from cartui.sync.exports import hold_stock, recover_exports
from cartui.sync.ground import customer_ground, field_owners, item_ground, order_ground
from cartui.sync.imports import our_customer_ids, our_item_ids
from cartui.sync.intake import checked_pages
from cartui.sync.leases import leased
from cartui.sync.sides import Draft, Side, batches, side_of
from cartui.sync.workspace import Progress, ProgressSink, StopRequested, Workspace, never_stop, no_progress

Rows = list[Received[Any]]


@dataclass(frozen=True, slots=True)
class Selection:
    """Which records, by id as text (the cart's ids for imports and links, ours for exports: see `our_ids`); None = all
    of them. `edits` are the cells a person typed: key -> column -> text; columns for items: code, cost, stock; for
    customers: code."""

    keys: Sequence[str] | None
    edits: Edits = field(default_factory=dict)

    def asks(self, doing: Doing, kind: RecordKind) -> PlanRequest:
        """What a plan made of this selection remembers of it."""
        return PlanRequest(doing, kind, None if self.keys is None else tuple(self.keys), self.edits)


@contextmanager
def tested_cart(ws: Workspace, document: CartDocument) -> Iterator[Cart]:
    """The cart of a document whose connection was tested; closed on the way out."""
    ensure_tested(ws, document)
    cart = ws.open_cart(document)
    try:
        yield cart
    finally:
        cart.close()


def iter_kind(cart: Cart, kind: RecordKind) -> Iterator[Page[Any]]:
    """Everything the cart has of one kind, in checked pages."""
    if kind is RecordKind.ORDER:
        return checked_pages(cart.iter_orders(None), None, "orders")
    if kind is RecordKind.ITEM:
        return checked_pages(cart.iter_items(None), None, "items")
    if kind is RecordKind.CUSTOMER and isinstance(cart, CustomerSource):
        return checked_pages(cart.iter_customers(None), None, "customers")
    if kind is RecordKind.BASKET and isinstance(cart, BasketSource):
        return checked_pages(cart.iter_baskets(None), None, "baskets")
    raise NeedsOperatorError(f"This kind of cart can't list {kind}s.", "See its page in the documentation.")


def _plan(document: CartDocument, request: PlanRequest, changes: Sequence[PlannedChange]) -> Plan:
    direction = Direction.EXPORT if request.doing is Doing.EXPORT else Direction.IMPORT
    live = document.settings.live
    return Plan(document.cart_id, document.name, live, request.kind, direction, tuple(changes), request)


# --- from the cart ----------------------------------------------------------------------------------------------------


def plan_import(
    ws: Workspace,
    name: str,
    kind: RecordKind,
    selection: Selection,
    *,
    progress: ProgressSink = no_progress,
    stop: Callable[[], bool] = never_stop,
) -> Plan:
    """*Import selected* (orders) and *Create selected* (items, customers). The records are read from the cart again."""
    document = ws.books.carts.get(name)
    with tested_cart(ws, document) as cart:
        rows = _read(cart, kind, selection.keys, progress, stop)
    cart_id = document.cart_id
    if kind is RecordKind.ORDER:
        code = ws.books.items.default_item().code
        changes = plan_orders(rows, order_ground(ws.books, cart_id, rows), document.settings, code, by_hand=True)
    elif kind is RecordKind.ITEM:
        changes = plan_create_items(rows, item_ground(ws.books, cart_id, rows, selection.edits), selection.edits)
    else:
        ground = customer_ground(ws.books, cart_id, rows, selection.edits)
        changes = plan_create_customers(rows, ground, selection.edits)
    return _plan(document, selection.asks(Doing.IMPORT, kind), changes)


def plan_link(
    ws: Workspace,
    name: str,
    kind: RecordKind,
    selection: Selection,
    *,
    progress: ProgressSink = no_progress,
    stop: Callable[[], bool] = never_stop,
) -> Plan:
    """*Link selected*: tie cart items to existing items (typed Item Code, else the item whose code is the SKU), cart
    customers to existing customers (typed code, else the one customer with the e-mail)."""
    if kind is RecordKind.ORDER:
        raise NeedsOperatorError("Orders are not linked by hand.", "Import them: that links them to their documents.")
    document = ws.books.carts.get(name)
    with tested_cart(ws, document) as cart:
        rows = _read(cart, kind, selection.keys, progress, stop)
    if kind is RecordKind.ITEM:
        ground = item_ground(ws.books, document.cart_id, rows, selection.edits)
        changes = plan_link_items(rows, ground, selection.edits)
    else:
        changes = plan_link_customers(
            rows, customer_ground(ws.books, document.cart_id, rows, selection.edits), selection.edits
        )
    return _plan(document, selection.asks(Doing.LINK, kind), changes)


def _read(
    cart: Cart,
    kind: RecordKind,
    keys: Sequence[str] | None,
    progress: ProgressSink,
    stop: Callable[[], bool],
) -> Rows:
    """The chosen records as they are in the cart now: by id where the cart can, else picked out of the whole list."""
    wanted = None if keys is None else list(dict.fromkeys(keys))
    by_id = _reader(cart, kind) if wanted is not None else None
    rows: Rows = []
    if by_id is not None and wanted is not None:
        for batch in batches(wanted, cart.facts.page_size):
            _ensure_going(stop)
            rows += by_id(batch).rows
            progress(Progress(f"{kind}s", len(rows), len(wanted)))
    else:
        chosen = set(wanted) if wanted is not None else None
        for page in iter_kind(cart, kind):
            _ensure_going(stop)
            rows += [row for row in page.rows if chosen is None or row.external_id in chosen]
            progress(Progress(f"{kind}s", len(rows), page.total if chosen is None else len(chosen)))
    found = {row.external_id: row for row in rows}  # a record that moved while paging came twice: the later one counts
    if wanted is not None and (missing := [key for key in wanted if key not in found]):
        raise NeedsOperatorError(
            f"The cart has no {kind} {', '.join(missing[:5])}{' …' if len(missing) > 5 else ''}.",
            Remedy(
                "List them again (l): they may have been deleted, or the id is not the cart's own.",
                f"Run `cartui list {CART} cart-{kind}s`: they may have been deleted, or the id is not the cart's own.",
            ),
        )
    return list(found.values())


def _reader(cart: Cart, kind: RecordKind) -> Callable[[Sequence[str]], Page[Any]] | None:
    if kind is RecordKind.ORDER and isinstance(cart, OrderReader):
        orders = cart
        return lambda ids: orders.get_orders([CartOrderId(one) for one in ids])
    if kind is RecordKind.ITEM and isinstance(cart, ItemReader):
        items = cart
        return lambda ids: items.get_items([CartItemId(one) for one in ids])
    if kind is RecordKind.CUSTOMER and isinstance(cart, CustomerReader):
        customers = cart
        return lambda ids: customers.get_customers([CartCustomerId(one) for one in ids])
    return None


def _ensure_going(stop: Callable[[], bool]) -> None:
    if stop():
        raise StopRequested


# --- to the cart ------------------------------------------------------------------------------------------------------


def plan_export(
    ws: Workspace,
    name: str,
    kind: RecordKind,
    selection: Selection,
    *,
    progress: ProgressSink = no_progress,
    stop: Callable[[], bool] = never_stop,
) -> Plan:
    """*Export selected*: our items or customers to the cart. Stock is sent only where it was typed; blank writes
    nothing."""
    document = ws.books.carts.get(name)
    with tested_cart(ws, document) as cart:
        side = side_of(cart, kind)
        if ws.books.journal.open_entries(document.cart_id):  # a run that died: its records may be there already
            with leased(ws, document) as lease:
                recover_exports(ws, document, cart, lease)
        if kind is RecordKind.ITEM:
            changes = _plan_export_items(ws, document, side, selection, progress, stop)
        else:
            changes = _plan_export_customers(ws, document, side, selection, progress, stop)
    return _plan(document, selection.asks(Doing.EXPORT, kind), changes)


def cart_key(document: CartDocument) -> str:
    """What makes our keys unique among carts that lead to the same shop from different databases."""
    return f"{document.cart_id}-{fingerprint_connection(document.connection)[:8]}"


def _plan_export_items(
    ws: Workspace,
    document: CartDocument,
    side: Side,
    selection: Selection,
    progress: ProgressSink,
    stop: Callable[[], bool],
) -> list[PlannedChange]:
    items = _our_items(ws, selection.keys)
    ids = [item.item_id for item in items]
    links = {
        ItemId(our_id): some[0]
        for our_id, some in ws.books.records.find_by_our_ids(document.cart_id, RecordKind.ITEM, ids).items()
        if some
    }
    keys = {item.item_id: export_key(cart_key(document), RecordKind.ITEM, item.item_id) for item in items}
    drafts = {
        item.item_id: item_draft(item, keys[item.item_id], None)
        for item in items
        if item.item_id not in links and not item.is_default
    }
    fresh, found = _look(side, [link.external_id for link in links.values()], drafts, progress, stop)
    ground = ExportGround(
        links=links,
        fresh=_records(fresh),
        found={ItemId(our_id): list(_records(rows).values()) for our_id, rows in found.items()},
    )
    changes = plan_export_items(items, ground, selection.edits, keys)
    return changes if document.settings.takes_stock else [hold_stock(change) for change in changes]


def _plan_export_customers(
    ws: Workspace,
    document: CartDocument,
    side: Side,
    selection: Selection,
    progress: ProgressSink,
    stop: Callable[[], bool],
) -> list[PlannedChange]:
    customers = _our_customers(ws, selection.keys)
    ids = [customer.customer_id for customer in customers]
    links: dict[CustomerId, Sequence[CartRecord]] = {
        CustomerId(our_id): some
        for our_id, some in ws.books.records.find_by_our_ids(document.cart_id, RecordKind.CUSTOMER, ids).items()
    }
    keys = {one.customer_id: export_key(cart_key(document), RecordKind.CUSTOMER, one.customer_id) for one in customers}
    drafts = {
        one.customer_id: customer_draft(one, keys[one.customer_id])
        for one in customers
        if not links.get(one.customer_id) and one.email and not one.guest
    }
    linked = [link.external_id for some in links.values() for link in some]
    fresh, found = _look(side, linked, drafts, progress, stop)
    ground = CustomerExportGround(
        links=links,
        fresh=_records(fresh),
        found={CustomerId(our_id): list(_records(rows).values()) for our_id, rows in found.items()},
    )
    return plan_export_customers(customers, ground, keys)


def _look(
    side: Side,
    linked: Sequence[str],
    drafts: Mapping[Any, Draft],
    progress: ProgressSink,
    stop: Callable[[], bool],
) -> tuple[dict[str, Received[Any]], dict[int, dict[str, Received[Any]]]]:
    """What the cart holds now of linked records, and what it has already under the codes of the others."""
    fresh: dict[str, Received[Any]] = {}
    for batch in batches(linked, 50):
        _ensure_going(stop)
        fresh |= side.read(batch)
    found: dict[int, dict[str, Received[Any]]] = {}
    for done, (our_id, draft) in enumerate(drafts.items(), 1):
        _ensure_going(stop)
        ids = side.find(draft)
        if ids:
            found[our_id] = side.read(ids)
        progress(Progress(f"looking up {side.kind}s in the cart", done, len(drafts)))
    return fresh, found


def _records(rows: Mapping[str, Received[Any]]) -> dict[str, Any]:
    return {key: row.record for key, row in rows.items()}


def our_ids(ws: Workspace, kind: RecordKind, codes: Sequence[str]) -> list[str]:
    """Our ids, as text, of the items or customers with these codes; `NeedsOperatorError` names those there are none
    of."""
    found: dict[str, int] = {}
    if kind is RecordKind.ITEM:
        items = ws.books.items.find_by_codes([ItemCode(code) for code in codes])
        found = {code: item.item_id for code, item in items.items()}
    else:
        customers = ws.books.customers.find_by_codes([CustomerCode(code) for code in codes])
        found = {code: customer.customer_id for code, customer in customers.items()}
    _ensure_all(codes, found, kind)
    return [str(found[code]) for code in codes]


def _our_items(ws: Workspace, keys: Sequence[str] | None) -> list[Item]:
    if keys is None:
        return [item for item in ws.books.items.list_all() if not item.is_default]
    known = ws.books.items.find_by_ids([ItemId(int(key)) for key in keys])
    _ensure_all(keys, {str(one) for one in known}, RecordKind.ITEM)
    return [known[ItemId(int(key))] for key in dict.fromkeys(keys)]


def _our_customers(ws: Workspace, keys: Sequence[str] | None) -> list[Customer]:
    if keys is None:
        return [one for one in ws.books.customers.list_all() if not one.guest]
    known = ws.books.customers.find_by_ids([CustomerId(int(key)) for key in keys])
    _ensure_all(keys, {str(one) for one in known}, RecordKind.CUSTOMER)
    return [known[CustomerId(int(key))] for key in dict.fromkeys(keys)]


def _ensure_all(keys: Sequence[str], known: Container[str], kind: RecordKind) -> None:
    if missing := [key for key in keys if key not in known]:
        raise NeedsOperatorError(
            f"There is no {kind} {', '.join(missing[:5])} in the system.",
            Remedy(f"List the {kind}s (l) to see their codes.", f"Run `cartui {kind}s` to see their codes."),
        )


# --- held -------------------------------------------------------------------------------------------------------------


def plan_retry(ws: Workspace, name: str, keys: Sequence[str] | None) -> list[Plan]:
    """Held records (keys "kind:external id", None = all) read again from the cart, one plan a kind. An order is judged
    by the same rules as in a cycle."""
    document = ws.books.carts.get(name)
    held = [(record.kind, record.external_id) for record in ws.books.records.list_held(document.cart_id)]
    if keys is not None:
        known = {f"{kind}:{external}": (kind, external) for kind, external in held}
        if missing := [key for key in keys if key not in known]:
            raise NeedsOperatorError(f"Nothing is held as {', '.join(missing[:5])}.", f"See `cartui held {name!r}`.")
        held = [known[key] for key in keys]
    plans = []
    with tested_cart(ws, document) as cart:
        for kind in (RecordKind.ORDER, RecordKind.CUSTOMER, RecordKind.ITEM):
            ids = [external for one, external in held if one is kind]
            if ids:
                rows = _read_there(cart, kind, ids)
                gone = _gone(ids, {row.external_id for row in rows})
                changes = [*_replan(ws, document, kind, rows), *gone]
                asked = PlanRequest(Doing.IMPORT, kind, tuple(ids))
                plans.append(replace(_plan(document, asked, changes), request=None))  # by the cycle's rules
    return plans


def _gone(ids: Sequence[str], there: Container[str]) -> list[PlannedChange]:
    """Held records that the cart no longer gives: they stay held, and the person is told."""
    reason, remedy = "The cart does not give it any more.", "Look for it in the shop; it may have been deleted."
    return [PlannedChange(Action.HOLD, one, one, reason, remedy) for one in ids if one not in there]


def _read_there(cart: Cart, kind: RecordKind, ids: list[str]) -> Rows:
    """Those of the ids that the cart still has."""
    by_id = _reader(cart, kind)
    if by_id is not None:
        return [row for batch in batches(ids, cart.facts.page_size) for row in by_id(batch).rows]
    wanted = set(ids)
    return [row for page in iter_kind(cart, kind) for row in page.rows if row.external_id in wanted]


def _replan(ws: Workspace, document: CartDocument, kind: RecordKind, rows: Rows) -> list[PlannedChange]:
    books, cart_id = ws.books, document.cart_id
    if kind is RecordKind.ORDER:
        code = books.items.default_item().code
        return plan_orders(rows, order_ground(books, cart_id, rows), document.settings, code)
    records = books.records.find_many(cart_id, kind, [row.external_id for row in rows])
    if kind is RecordKind.ITEM:
        ids = our_item_ids(records)
        items, owners = books.items.find_by_ids(ids), field_owners(books, document, kind, ids)
        return plan_item_updates(cast(Any, rows), records, items, owners)
    our_ids = our_customer_ids(records)
    customers, owners = books.customers.find_by_ids(our_ids), field_owners(books, document, kind, our_ids)
    return plan_customer_updates(cast(Any, rows), records, customers, owners)
