"""Rule 14 for orders: a shop that says of very many at once that they are cancelled does not make them all void here.

A shop that was emptied, restored from an old copy or broken by an extension looks just like that. The documents stay
PENDING and their orders are held; retrying them is a plan that wants the cart's name typed. An order that the shop
turns back, or that a person settled, is no longer held when it is looked at the next time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cartui.domain.brakes import VOID, WINDOW, check_voids, check_window
from cartui.domain.ids import CartId, RecordKind
from cartui.domain.ledger import CartRecord
from cartui.domain.outcomes import RecordState
from cartui.domain.plan import Action, PlannedChange
from cartui.domain.remedies import CART
from cartui.errors import Remedy
from cartui.sync.workspace import Workspace

REMEDY = Remedy(
    "Look at the orders in the shop. If they are cancelled indeed, retry them from Held (9, R) and type the name.",
    f"Look at the orders in the shop. If they are cancelled, run `cartui held {CART} retry --all --confirm {CART}`.",
)
_KEPT = "A brake keeps its document PENDING, since very many were cancelled at once"


def hold_mass_voids(
    ws: Workspace, cart_id: CartId, changes: Sequence[PlannedChange], done: int
) -> tuple[list[PlannedChange], str]:
    """A page of planned orders, with those held that would be made void too many at once, and what braked ("":
    nothing). `done`: how many were made void in this round before. In the transaction that stores the page."""
    voids = {change.key for change in changes if change.action is Action.VOID}
    if not voids:
        return list(changes), ""
    kept = {
        record.external_id: record
        for record in ws.books.records.list_held(cart_id)
        if record.kind is RecordKind.ORDER and record.reason.startswith(_KEPT)
    }
    population = ws.books.records.count_linked(cart_id, RecordKind.ORDER)
    brake = check_voids(done + len(voids | set(kept)), population)
    if brake is None:
        before = ws.books.harms.since(cart_id, ws.clock() - WINDOW).get(VOID, set())
        brake = next(iter(check_window({VOID: len(before | voids | set(kept))}, population)), None)
    if brake is None:
        return list(changes), ""
    return [_held(one, kept.get(one.key)) if one.key in voids else one for one in changes], str(brake)


def note_voids(ws: Workspace, cart_id: CartId, changes: Sequence[PlannedChange]) -> None:
    """Count those that were made void by themselves, in the transaction that does it."""
    voids = [change.key for change in changes if change.action is Action.VOID]
    if voids:
        ws.books.harms.note(cart_id, {VOID: voids}, ws.clock() - WINDOW)


def _held(change: PlannedChange, kept: CartRecord | None) -> PlannedChange:
    """Held with no fingerprint, so that it is compared afresh whenever it comes, also as it was before."""
    reason = f"{_KEPT}: {change.reason}"
    if kept is not None and kept.reason == reason:
        return PlannedChange(Action.SAME, change.key, change.label, reason, REMEDY, more=change.more)
    record = None
    if change.record is not None:
        record = replace(change.record, state=RecordState.HELD, reason=reason, remedy=REMEDY, fingerprint="")
    return PlannedChange(
        Action.HOLD, change.key, change.label, reason, REMEDY, change.fields, record=record, more=change.more
    )
