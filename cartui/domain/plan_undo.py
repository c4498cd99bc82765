"""How to take back what a plan did, where nobody has changed it since (N07). Pure.

Each row says what was before and after. What still is as it was made goes back; what is back already is left; what
somebody changed since is refused with both values.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from decimal import Decimal

from cartui.domain.applied import AppliedRow
from cartui.domain.ids import CartItemId, CustomerId, ItemId, RecordKind
from cartui.domain.ledger import CartRecord, unlinked_from
from cartui.domain.money import parse_amount
from cartui.domain.outcomes import RecordState
from cartui.domain.plan import (
    Action,
    ExportCustomer,
    ExportItem,
    FieldChange,
    ImportCustomer,
    ImportItem,
    PlannedChange,
    Undo,
)
from cartui.domain.records import StockWrite
from cartui.errors import Remedy

Values = Mapping[str, str]  # field -> text, as records hold it now
_IDLE = (Action.SAME, Action.SKIP, Action.HOLD)


def plan_undo_export(
    row: AppliedRow, kind: RecordKind, link: CartRecord | None, current: Values | None
) -> PlannedChange:
    """Take back what was sent. `current`: what the cart's record holds now (field stock too), None: it is gone."""
    if row.action in _IDLE:
        return _same(row)
    if row.action is Action.CREATE:
        remedy = "Delete it in the shop; it is untied here when the cart no longer has it."
        return _refuse(row, "What was made in the cart can't be deleted from here.", remedy)
    if link is None or link.our_id is None:
        return _same(row, "not linked any more")
    if row.action is Action.LINK:
        return _unlink(row, link.our_id, link.external_id)
    if current is None:
        return _refuse(row, "The cart no longer has it.", "Look for it in the shop.")
    back = _way_back(row, current)
    if isinstance(back, PlannedChange):
        return back
    values = {one.name: one.after for one in back if one.name != "stock"}
    if kind is RecordKind.CUSTOMER:
        payload: ExportItem | ExportCustomer = ExportCustomer(
            CustomerId(link.our_id), cart_customer_id=link.external_id, values=values
        )
    else:
        payload = ExportItem(
            ItemId(link.our_id), cart_item_id=link.external_id, values=values, stock=_stock_back(back, link.external_id)
        )
    action = Action.UPDATE if values else Action.SET_STOCK
    return PlannedChange(action, row.key, row.label, fields=back, payload=payload)


def plan_undo_import(
    row: AppliedRow, kind: RecordKind, record: CartRecord | None, ours: Values | None, untouched: AbstractSet[int]
) -> PlannedChange:
    """Take back what was written here. `ours`: what our record holds now; `untouched`: our ids that nobody used since
    they were made."""
    if row.action in _IDLE:
        return _same(row)
    if record is None or record.our_id is None:
        return _same(row, "not linked any more")
    if row.action is Action.LINK:
        if (other := _linked_otherwise(row, ours)) is not None:
            return other
        return _unlink(row, record.our_id, record.external_id)
    if row.action is Action.CREATE:
        if record.our_id not in untouched:
            remedy = "It stays as it is; void it, or edit it by hand."
            return _refuse(row, "It was changed or used since it was made.", remedy)
        payload = Undo(record.our_id, record.external_id)
        return PlannedChange(Action.DELETE, row.key, row.label, "made by this import, untouched since", payload=payload)
    if kind is RecordKind.ORDER or ours is None:
        return _same(row, "nothing of ours was changed by it")
    back = _way_back(row, ours)
    if isinstance(back, PlannedChange):
        return back
    values = {one.name: one.after for one in back}
    if kind is RecordKind.ITEM:
        return _update(row, back, ImportItem(ItemId(record.our_id), values=values))
    return _update(row, back, ImportCustomer(CustomerId(record.our_id), values=values))


def plan_link_again(
    row: AppliedRow, kind: RecordKind, record: CartRecord | None, taken: AbstractSet[int]
) -> PlannedChange:
    """Take back an unlink: tied as it was, with what both sides agreed on then. `taken`: our ids that are linked in the
    cart by now, or gone."""
    if kind is RecordKind.ORDER:
        remedy = Remedy(
            "Import it by hand on Orders (Cart), if it is to have a document again.",
            f"`cartui import NAME orders {row.key}`, if it is to have a document again.",
        )
        return _refuse(row, "A void document is not tied to its order again.", remedy)
    if record is not None and record.our_id is not None:
        return _same(row, "linked again already")
    our_id = None if record is None else unlinked_from(record)
    if record is None or our_id is None or (kind is RecordKind.ITEM and our_id in taken):
        return _refuse(row, "It or ours was linked otherwise, or deleted, since.", "Link it by hand.")
    back = replace(record, our_id=our_id, state=RecordState.LINKED, reason="", evidence="by hand")
    payload = (
        ImportItem(item_id=ItemId(our_id))
        if kind is RecordKind.ITEM
        else ImportCustomer(customer_id=CustomerId(our_id))
    )
    fields = tuple(FieldChange(one.name, one.after, one.before) for one in row.fields)
    return PlannedChange(Action.LINK, row.key, row.label, fields=fields, payload=payload, record=back)


def _linked_otherwise(row: AppliedRow, ours: Values | None) -> PlannedChange | None:
    """Refused where the record was tied to another one of ours since. `ours` holds its code."""
    then = next((one.after for one in row.fields if one.name == "linked to"), "")
    code = (ours or {}).get("code", "")
    if not then or not code or f"{then} ".startswith(f"{code} "):
        return None
    return _refuse(row, f"It is linked to {code} now, not to {then}: it was changed since.", "Unlink it by hand.")


def _way_back(row: AppliedRow, current: Values) -> tuple[FieldChange, ...] | PlannedChange:
    """The fields to set back; or the row as SAME (all is back) or refused (somebody changed one since)."""
    for one in row.fields:
        now = current.get(one.name, "")
        if now not in (one.before, one.after):
            reason = f"Its {one.name} is {now!r} now, not {one.after!r}: it was changed since."
            return _refuse(row, reason, "Set it by hand as it should be.")
        if now == one.after and not one.before:
            return _refuse(row, f"Its {one.name} was empty before: it can't be emptied.", "Clear it by hand.")
    back = tuple(FieldChange(one.name, one.after, one.before) for one in row.fields if one.before != one.after)
    back = tuple(one for one in back if current.get(one.name, "") == one.before)
    return back or _same(row, "back already")


def _stock_back(back: tuple[FieldChange, ...], external_id: str) -> StockWrite | None:
    for one in back:
        if one.name == "stock":
            return StockWrite(CartItemId(external_id), _number(one.after), expected=_number(one.before))
    return None


def _number(text: str) -> Decimal:
    return parse_amount(text)


def _update(row: AppliedRow, back: tuple[FieldChange, ...], payload: ImportItem | ImportCustomer) -> PlannedChange:
    return PlannedChange(Action.UPDATE, row.key, row.label, fields=back, payload=payload)


def _unlink(row: AppliedRow, our_id: int, external_id: str) -> PlannedChange:
    return PlannedChange(Action.UNLINK, row.key, row.label, fields=_untied(row), payload=Undo(our_id, external_id))


def _untied(row: AppliedRow) -> tuple[FieldChange, ...]:
    return tuple(FieldChange(one.name, one.after, "") for one in row.fields if one.name == "linked to")


def _same(row: AppliedRow, reason: str = "it changed nothing") -> PlannedChange:
    return PlannedChange(Action.SAME, row.key, row.label, reason)


def _refuse(row: AppliedRow, reason: str, remedy: str) -> PlannedChange:
    return PlannedChange(Action.HOLD, row.key, row.label, reason, remedy)
