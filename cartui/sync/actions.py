"""What a person can have done with a selection: Create, Link and Import selected, Export selected, retry held ones.

Each `plan_…` reads what it needs and returns a `Plan`; nothing is written before `cartui.sync.apply.apply_plan`.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cartui.domain.documents import Customer, Item
from cartui.domain.fingerprint import fingerprint_connection
from cartui.domain.ids import (
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
    plan_export_customers,
    plan_link_customers,
)
from cartui.domain.plan_items import (
    ExportGround,
    export_key,
    item_draft,
    plan_create_items,
    plan_export_items,
    plan_link_items,
)
from cartui.domain.plan_orders import plan_orders
from cartui.domain.ports import (
    Received,
)
from cartui.domain.settings import CartDocument
from cartui.errors import NeedsOperatorError, Remedy
from cartui.sync.cart_reads import ensure_going, read_chosen, read_there, tested_cart
from cartui.sync.exports import hold_stock, recover_exports
from cartui.sync.ground import customer_ground, item_ground, order_ground
from cartui.sync.leases import leased
from cartui.sync.replan import replan
from cartui.sync.sides import Draft, Side, batches, side_of
from cartui.sync.workspace import Progress, ProgressSink, Workspace, never_stop, no_progress


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


def plan_of(document: CartDocument, request: PlanRequest, changes: Sequence[PlannedChange]) -> Plan:
    """The changes of one cart as a plan; only exports go to it."""
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
        rows = read_chosen(cart, kind, selection.keys, progress, stop)
    cart_id = document.cart_id
    if kind is RecordKind.ORDER:
        code = ws.books.items.default_item().code
        changes = plan_orders(rows, order_ground(ws.books, cart_id, rows), document.settings, code, by_hand=True)
    elif kind is RecordKind.ITEM:
        changes = plan_create_items(rows, item_ground(ws.books, cart_id, rows, selection.edits), selection.edits)
    else:
        ground = customer_ground(ws.books, cart_id, rows, selection.edits)
        changes = plan_create_customers(rows, ground, selection.edits)
    return plan_of(document, selection.asks(Doing.IMPORT, kind), changes)


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
        rows = read_chosen(cart, kind, selection.keys, progress, stop)
    if kind is RecordKind.ITEM:
        ground = item_ground(ws.books, document.cart_id, rows, selection.edits)
        changes = plan_link_items(rows, ground, selection.edits)
    else:
        changes = plan_link_customers(
            rows, customer_ground(ws.books, document.cart_id, rows, selection.edits), selection.edits
        )
    return plan_of(document, selection.asks(Doing.LINK, kind), changes)


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
    return plan_of(document, selection.asks(Doing.EXPORT, kind), changes)


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
        ensure_going(stop)
        fresh |= side.read(batch)
    found: dict[int, dict[str, Received[Any]]] = {}
    for done, (our_id, draft) in enumerate(drafts.items(), 1):
        ensure_going(stop)
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
                rows = read_there(cart, kind, ids)
                gone = _gone(ids, {row.external_id for row in rows})
                changes = [*replan(ws, document, kind, rows), *gone]
                asked = PlanRequest(Doing.IMPORT, kind, tuple(ids))
                plans.append(replace(plan_of(document, asked, changes), request=None))  # by the cycle's rules
    return plans


def _gone(ids: Sequence[str], there: Container[str]) -> list[PlannedChange]:
    """Held records that the cart no longer gives: they stay held, and the person is told."""
    reason, remedy = "The cart does not give it any more.", "Look for it in the shop; it may have been deleted."
    return [PlannedChange(Action.HOLD, one, one, reason, remedy) for one in ids if one not in there]
