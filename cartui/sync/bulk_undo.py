"""Taking back a bulk edit or a CSV file of items or customers: a preview like any other, record by record, where nobody
changed it since (N07)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cartui.domain.ids import CustomerId, ItemId
from cartui.domain.plan import Doing
from cartui.domain.record_changes import BulkChange, ChangeSet, Subject, plan_bulk_undo
from cartui.domain.record_fields import customer_texts, item_texts
from cartui.errors import NeedsOperatorError, Remedy
from cartui.sync.undo import list_applied
from cartui.sync.workspace import Workspace


def list_bulk(ws: Workspace, subject: Subject, limit: int = 50) -> list[BulkChange]:
    """What was changed in bulk, newest first."""
    return ws.books.bulk_changes.recent(subject, limit)


def is_bulk_last(ws: Workspace, subject: Subject, name: str) -> bool:
    """Whether a bulk change was done later than the last plan of a cart; what was undone does not count."""
    bulk = next((one.at for one in list_bulk(ws, subject) if one.undone_at is None), None)
    plans = (one.at for one in list_applied(ws, name) if one.undone_at is None and one.doing is not Doing.UNDO)
    plan = next(plans, None)
    return bulk is not None and (plan is None or bulk > plan)


def preview_bulk_undo(ws: Workspace, subject: Subject, number: int | None = None) -> ChangeSet:
    """What taking it back would do; None = the last one that was not undone. `apply_changes` carries it out.
    NeedsOperatorError where there is nothing to undo, or it was undone."""
    done = _find(ws, subject, number)
    rows = ws.books.bulk_changes.rows(done.number)
    now = _texts(ws, subject, [row.our_id for row in rows])
    return plan_bulk_undo(done, rows, now)


def _find(ws: Workspace, subject: Subject, number: int | None) -> BulkChange:
    recent = list_bulk(ws, subject)
    fitting = (one for one in recent if (one.undone_at is None if number is None else one.number == number))
    found = next(fitting, None)
    remedy = Remedy("See what was changed in the page of a record.", f"See `cartui {subject.value} undo --list`.")
    if found is None:
        raise NeedsOperatorError(f"There is no change of many {subject.value} to undo.", remedy)
    if found.undone_at is not None:
        raise NeedsOperatorError(f"It was undone already, by {found.undone_by}.", remedy)
    return found


def _texts(ws: Workspace, subject: Subject, ids: Sequence[int]) -> Mapping[int, tuple[int, Mapping[str, str]]]:
    """By our id: version and fields as they are now."""
    if subject is Subject.ITEMS:
        items = ws.books.items.find_by_ids([ItemId(one) for one in ids])
        return {one: (item.version, item_texts(item)) for one, item in items.items()}
    customers = ws.books.customers.find_by_ids([CustomerId(one) for one in ids])
    return {one: (customer.version, customer_texts(customer)) for one, customer in customers.items()}
