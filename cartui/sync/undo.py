"""Undo: the plan that takes back what an earlier plan did, shown and carried out as any other (N07)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cartui.domain.applied import AppliedPlan, AppliedRow
from cartui.domain.documents import DocumentStatus
from cartui.domain.ids import CustomerId, Direction, DocumentId, ItemId, RecordKind
from cartui.domain.ledger import CartRecord, JournalEntry, unlinked_from
from cartui.domain.merge import customer_values
from cartui.domain.plan import Action, Doing, Plan, PlannedChange, PlanRequest, Undo
from cartui.domain.plan_items import our_item_values
from cartui.domain.plan_undo import Values, plan_link_again, plan_undo_export, plan_undo_import
from cartui.domain.records import CartItem
from cartui.domain.settings import CartDocument
from cartui.errors import NeedsOperatorError
from cartui.sync.carts import ensure_tested
from cartui.sync.sides import Side, batches, side_of
from cartui.sync.workspace import Progress, ProgressSink, StopRequested, Workspace, never_stop, no_progress


def list_applied(ws: Workspace, name: str, limit: int = 50) -> list[AppliedPlan]:
    """What was carried out by hand for this cart, newest first."""
    return ws.books.applied_plans.recent(ws.books.carts.get(name).cart_id, limit)


def plan_undo(
    ws: Workspace,
    name: str,
    plan_id: int | None = None,
    *,
    progress: ProgressSink = no_progress,
    stop: Callable[[], bool] = never_stop,
) -> Plan:
    """The plan that takes back the plan of that number; None = the last one that was not undone."""
    document = ws.books.carts.get(name)
    done = _find(ws, document, plan_id)
    rows = ws.books.applied_plans.rows(done.plan_id)
    if done.direction is Direction.EXPORT:
        changes = _exports_back(ws, document, done.kind, rows, progress, stop)
    else:
        changes = _imports_back(ws, document, done.kind, rows)
    request = PlanRequest(Doing.UNDO, done.kind, (str(done.plan_id),))
    live = document.settings.live
    return Plan(document.cart_id, document.name, live, done.kind, done.direction, tuple(changes), request)


def _find(ws: Workspace, document: CartDocument, plan_id: int | None) -> AppliedPlan:
    recent = ws.books.applied_plans.recent(document.cart_id)
    if plan_id is None:
        found = next((one for one in recent if one.undone_at is None and one.doing is not Doing.UNDO), None)
    else:
        found = ws.books.applied_plans.find(plan_id)
    if found is None or found.cart_id != document.cart_id:
        raise NeedsOperatorError("There is nothing to undo.", f"`cartui undo {document.name!r} --list` shows what is.")
    if found.undone_at is not None:
        raise NeedsOperatorError(
            f"It was undone already, by {found.undone_by}.", f"See `cartui undo {document.name!r} --list`."
        )
    return found


# --- what was sent ----------------------------------------------------------------------------------------------------


def _exports_back(
    ws: Workspace,
    document: CartDocument,
    kind: RecordKind,
    rows: Sequence[AppliedRow],
    progress: ProgressSink,
    stop: Callable[[], bool],
) -> list[PlannedChange]:
    ensure_tested(ws, document)
    found = ws.books.records.find_by_our_ids(document.cart_id, kind, [int(row.key) for row in rows])
    links = {str(our_id): some[0] for our_id, some in found.items() if some}
    cart = ws.open_cart(document)
    try:
        current = _current(side_of(cart, kind), [link.external_id for link in links.values()], progress, stop)
    finally:
        cart.close()
    return [
        plan_undo_export(row, kind, link, current.get(link.external_id) if link is not None else None)
        for row in rows
        for link in (links.get(row.key),)
    ]


def _current(side: Side, ids: Sequence[str], progress: ProgressSink, stop: Callable[[], bool]) -> dict[str, Values]:
    current: dict[str, Values] = {}
    for batch in batches(ids, 50):
        if stop():
            raise StopRequested
        for external_id, row in side.read(batch).items():
            values = dict(side.values(row))
            if isinstance(row.record, CartItem) and row.record.stock is not None:
                values["stock"] = f"{row.record.stock.normalize():f}"
            current[external_id] = values
        progress(Progress(f"{side.kind}s", len(current), len(ids)))
    return current


# --- what was written here --------------------------------------------------------------------------------------------


def _imports_back(
    ws: Workspace, document: CartDocument, kind: RecordKind, rows: Sequence[AppliedRow]
) -> list[PlannedChange]:
    records = ws.books.records.find_many(document.cart_id, kind, [row.key for row in rows])
    ids = [record.our_id for record in records.values() if record.our_id is not None]
    ours, untouched = _ours(ws, kind, ids), find_untouched(ws, kind, ids)
    taken = _taken(ws, document, kind, list(records.values()))
    return [
        plan_link_again(row, kind, record, taken)
        if row.action is Action.UNLINK
        else plan_undo_import(
            row, kind, record, ours.get(record.our_id or 0) if record is not None else None, untouched
        )
        for row in rows
        for record in (records.get(row.key),)
    ]


def _taken(ws: Workspace, document: CartDocument, kind: RecordKind, records: Sequence[CartRecord]) -> set[int]:
    """Of ours that were unlinked: those that are linked in the cart again, or gone."""
    let_go = [our_id for record in records if (our_id := unlinked_from(record)) is not None]
    if not let_go or kind is RecordKind.ORDER:
        return set()
    return set(ws.books.records.find_by_our_ids(document.cart_id, kind, let_go)) | set(let_go) - set(
        _ours(ws, kind, let_go)
    )


def _ours(ws: Workspace, kind: RecordKind, ids: Sequence[int]) -> dict[int, Values]:
    if kind is RecordKind.ITEM:
        return {
            one: {**our_item_values(item), "code": item.code} for one, item in ws.books.items.find_by_ids(ids).items()
        }
    if kind is RecordKind.CUSTOMER:
        return {
            one: {**customer_values(customer), "code": customer.code}
            for one, customer in ws.books.customers.find_by_ids(ids).items()
        }
    return {}


def find_untouched(ws: Workspace, kind: RecordKind, ids: Sequence[int]) -> set[int]:
    """Those of our records that nobody changed or used since they were made."""
    removals = ws.books.removals
    find = {
        RecordKind.ITEM: removals.find_items,
        RecordKind.CUSTOMER: removals.find_customers,
        RecordKind.ORDER: removals.find_documents,
    }[kind]
    return find(ids)


# --- carrying it out --------------------------------------------------------------------------------------------------


def take_back(
    ws: Workspace, document: CartDocument, kind: RecordKind, changes: Sequence[PlannedChange]
) -> dict[str, str]:
    """Untie and delete what the changes with an `Undo` payload say, in the caller's transaction. Returns the keys that
    were left alone because they moved since they were planned, with the reason."""
    undos = {change.key: change.payload for change in changes if isinstance(change.payload, Undo)}
    if not undos:
        return {}
    records = ws.books.records.find_many(document.cart_id, kind, [one.external_id for one in undos.values()])
    deleting = {change.key: undos[change.key].our_id for change in changes if change.action is Action.DELETE}
    untouched = find_untouched(ws, kind, list(deleting.values()))
    counting = _counting(ws, [one.our_id for one in undos.values()]) if kind is RecordKind.ORDER else set()
    stale: dict[str, str] = {}
    for key, undo in undos.items():
        record = records.get(undo.external_id)
        if record is None or record.our_id != undo.our_id:
            stale[key] = "It is not linked as it was."
        elif key in deleting and undo.our_id not in untouched:
            stale[key] = "It was changed or used meanwhile."
        elif kind is RecordKind.ORDER and key not in deleting and undo.our_id in counting:
            stale[key] = "Its document is not VOID."
    good = [change for change in changes if change.key in undos and change.key not in stale]
    for change in good:
        if change.record is None:
            ws.books.records.unlink(document.cart_id, kind, undos[change.key].external_id)
        else:
            ws.books.records.put_many(document.cart_id, [change.record])
    _let_documents_go(ws, kind, [undos[change.key].our_id for change in good if change.record is not None])
    _remove(ws, kind, [deleting[change.key] for change in good if change.key in deleting])
    ws.books.journal.append_many([_entry(ws, document, kind, change, records, undos[change.key]) for change in good])
    return stale


def _counting(ws: Workspace, ids: Sequence[int]) -> set[int]:
    """Documents that are not VOID: their orders are not let go of, else both would count one day."""
    documents = ws.books.documents.list_by_ids([DocumentId(one) for one in ids])
    return {int(one.document_id) for one in documents if one.status is not DocumentStatus.VOID}


def _let_documents_go(ws: Workspace, kind: RecordKind, ids: Sequence[int]) -> None:
    """A void document lets its order go, so that another one can be made of it."""
    if kind is RecordKind.ORDER:
        for document in ws.books.documents.list_by_ids([DocumentId(one) for one in ids]):
            ws.books.documents.untie(document, ws.actor)


def _remove(ws: Workspace, kind: RecordKind, ids: Sequence[int]) -> None:
    removals = ws.books.removals
    if kind is RecordKind.ITEM:
        removals.remove_items([ItemId(one) for one in ids])
    elif kind is RecordKind.CUSTOMER:
        removals.remove_customers([CustomerId(one) for one in ids])
    else:
        documents = ws.books.documents.list_by_ids([DocumentId(one) for one in ids])
        codes = {line.item_code for one in documents for line in one.draft.lines if line.item_code is not None}
        removals.remove_documents(ids)
        ws.books.outbox.touch_stock_of(sorted(codes))  # what they kept can be sold again


def _entry(
    ws: Workspace,
    document: CartDocument,
    kind: RecordKind,
    change: PlannedChange,
    records: dict[str, CartRecord],
    undo: Undo,
) -> JournalEntry:
    return JournalEntry(
        cart_id=document.cart_id,
        at=ws.clock(),
        actor=ws.actor,
        direction=Direction.IMPORT,
        kind=kind,
        action=change.action.value,
        external_id=undo.external_id,
        our_id=undo.our_id,
        detail={
            "label": change.label,
            "reason": "undo" if change.record is None else change.reason,
            "evidence": records[undo.external_id].evidence,
        }
        | {one.name: one.before for one in change.fields},
    )
