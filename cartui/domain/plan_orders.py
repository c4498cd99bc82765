"""What becomes of each order that a cart delivers: a PENDING document, a note in the books, or a held record. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from cartui.domain.fingerprint import fingerprint, fingerprint_raw
from cartui.domain.ids import ItemCode, RecordKind
from cartui.domain.import_rules import RuleThen, matching_rule
from cartui.domain.ledger import CartRecord, unlinked_from
from cartui.domain.money import AmountError, MoneyProof, ProofState, prove_total
from cartui.domain.order_changes import Drift, compare_order
from cartui.domain.order_drafts import OrderGround, draft_of, draft_with, import_of
from cartui.domain.outcomes import RecordState
from cartui.domain.plan import Action, FieldChange, FollowOrder, PlannedChange, plan_each
from cartui.domain.ports import BadRecord, Received
from cartui.domain.records import (
    CartOrder,
    FulfilmentState,
    OrderState,
    PaymentState,
)
from cartui.domain.refunds import refund_records
from cartui.domain.remedies import CART, retry_held
from cartui.domain.settings import CartSettings
from cartui.errors import Remedy


def plan_orders(
    rows: Sequence[Received[CartOrder]],
    ground: OrderGround,
    settings: CartSettings,
    default_item: ItemCode,
    *,
    by_hand: bool = False,
) -> list[PlannedChange]:
    """One change for each row, in order. `by_hand`: a person chose these orders, so the rules that leave fulfilled or
    unpaid ones alone do not apply; the start date and the money check always do."""
    return plan_each(
        rows,
        lambda row: _plan_row(row, ground.records.get(row.external_id), ground, settings, default_item, by_hand),
    )


def _plan_row(
    row: Received[CartOrder],
    known: CartRecord | None,
    ground: OrderGround,
    settings: CartSettings,
    default_item: ItemCode,
    by_hand: bool,
) -> PlannedChange:
    order = row.record
    if isinstance(order, BadRecord):
        return held(RecordKind.ORDER, row, known, row.external_id, fingerprint_raw(row), order.reason, order.remedy)
    label = f"{order.order_number} {order.buyer.name}".strip()
    content = fingerprint(order)
    if known is not None:
        moved = _plan_known(row, order, known, ground, settings, default_item, content)
        if moved := moved or (None if by_hand else _let_go(row, known, label)):
            return moved
    if reason := _floor_reason(order, settings.orders_from):
        return _left(row, known, order, label, content, RecordState.SKIPPED, reason)
    verdict = judge(order, settings, ground.now, by_hand=by_hand)
    if verdict.then in _LEFT:
        return _left(row, known, order, label, content, _LEFT[verdict.then], verdict.why)
    if verdict.then is RuleThen.HOLD:
        return held(RecordKind.ORDER, row, known, label, content, verdict.why, _RULE_REMEDY)
    if (name := ground.parents.get(order.parent_id or "")) is not None:
        reason = f"It replaces order {order.parent_id}, whose document {name} was approved: both would count."
        return held(RecordKind.ORDER, row, known, label, content, reason, _PARENT_REMEDY)
    try:
        proof = prove_total(order.lines, order.total, order.currency)
    except AmountError as error:
        return held(RecordKind.ORDER, row, known, label, content, str(error))
    if problem := proof.problem or ("The total is negative." if order.total < 0 else ""):
        return held(RecordKind.ORDER, row, known, label, content, problem, _MONEY_REMEDY)
    past = verdict.then is RuleThen.PAST
    return _create(row, order, label, content, proof, ground, settings, default_item, past=past)


def _plan_known(
    row: Received[CartOrder],
    order: CartOrder,
    known: CartRecord,
    ground: OrderGround,
    settings: CartSettings,
    default_item: ItemCode,
    content: str,
) -> PlannedChange | None:
    """An order that was imported before; None: it was not."""
    if known.our_id is None:
        return None
    if known.fingerprint == content:
        label = f"{order.order_number} {order.buyer.name}".strip()
        return PlannedChange(Action.SAME, row.external_id, label, known.reason)
    return _plan_changed(row, order, known, ground, settings, default_item)


def _let_go(row: Received[CartOrder], known: CartRecord, label: str) -> PlannedChange | None:
    """An order that a person unlinked; None: nobody did."""
    if unlinked_from(known) is None:
        return None
    kept = None if known.state is RecordState.SKIPPED else replace(known, state=RecordState.SKIPPED, remedy="")
    reason = "unlinked by a person: imported by hand only"
    return PlannedChange(Action.SKIP, row.external_id, label, reason, record=kept)


_LEFT = {RuleThen.WAIT: RecordState.STAGED, RuleThen.SKIP: RecordState.SKIPPED}
_RULE_REMEDY = Remedy(
    "Import it by hand on Orders (Cart) (5, then I), or change the rule and retry it from Held (tab 9, R).",
    f"Run `cartui import {CART} orders ID`, or change the rule and run `cartui held {CART} retry`.",
)
_PARENT_REMEDY = retry_held("Credit that one, or close it")
_MONEY_REMEDY = retry_held("Look at the order in the shop until its amounts add up")


def _floor_reason(order: CartOrder, orders_from: datetime | None) -> str:
    """DESIGN rule 8: refused here, not only by the query; and without a date nothing is imported at all."""
    if orders_from is None:
        return "Last Order from is not set."
    if order.placed_at < orders_from:
        return f"placed before Last Order from ({orders_from:%Y-%m-%d %H:%M} UTC)"
    return ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to happen with an order, and by which rule ("" = imported by the default)."""

    then: RuleThen
    why: str = ""


def judge(order: CartOrder, settings: CartSettings, now: datetime | None, *, by_hand: bool = False) -> Verdict:
    """The cart's own rules first, then the default by status; `by_hand`: a person has judged."""
    if by_hand:
        return Verdict(RuleThen.IMPORT)
    if (found := matching_rule(order, settings.import_rules, now or order.modified_at)) is not None:
        number, rule = found
        return Verdict(rule.then, f"import rule {number}: {rule}")
    if (default := import_rule(order)) is not None:
        state, why = default
        return Verdict(RuleThen.WAIT if state is RecordState.STAGED else RuleThen.SKIP, why)
    return Verdict(RuleThen.IMPORT)


def import_rule(order: CartOrder) -> tuple[RecordState, str] | None:
    """The default rule by status (FEATURES E, decision 4): unfulfilled orders that are paid or need no payment yet are
    imported (None). Others wait for the shop (STAGED, looked at again by themselves) or are left alone (SKIPPED)."""
    if order.order_state in (OrderState.DRAFT, OrderState.CANCELLED):
        return RecordState.SKIPPED, f"{order.order_state} in the cart ({order.native_status})"
    if order.payment_state in _DEAD_PAYMENTS:
        return RecordState.SKIPPED, f"payment {order.payment_state} ({order.native_status})"
    if order.fulfilment_state in _DONE_FULFILMENTS or order.order_state is OrderState.CLOSED:
        return RecordState.SKIPPED, f"already fulfilled in the cart ({order.native_status})"
    if order.order_state is OrderState.ON_HOLD:
        return RecordState.STAGED, f"on hold in the cart ({order.native_status})"
    if order.payment_state in (PaymentState.PENDING, PaymentState.DISPUTED):
        return (
            RecordState.STAGED,
            f"payment {order.payment_state} ({order.native_status}); imported when the cart says paid",
        )
    return None


_DEAD_PAYMENTS = (PaymentState.VOIDED, PaymentState.FAILED, PaymentState.EXPIRED, PaymentState.REFUNDED)
_DONE_FULFILMENTS = (FulfilmentState.SHIPPED, FulfilmentState.DELIVERED, FulfilmentState.RETURNED)


def _record(
    row: Received[CartOrder], order: CartOrder, label: str, content: str, state: RecordState, reason: str = ""
) -> CartRecord:
    return CartRecord(
        kind=RecordKind.ORDER,
        external_id=row.external_id,
        label=label,
        stamp=row.stamp,
        fingerprint=content,
        state=state,
        reason=reason,
        agreed=_chain(order),
        native_status=order.native_status,
        raw=row.raw,
    )


def _chain(order: CartOrder) -> dict[str, str]:
    """Which order it replaces, for `why`."""
    return {"replaces": order.parent_id} if order.parent_id else {}


def _left(
    row: Received[CartOrder],
    known: CartRecord | None,
    order: CartOrder,
    label: str,
    content: str,
    state: RecordState,
    reason: str,
) -> PlannedChange:
    """Not imported, and why. Judged afresh each time, since the rules and dates of the cart may have changed."""
    if known is not None and (known.fingerprint, known.state, known.reason) == (content, state, reason):
        return PlannedChange(Action.SAME, row.external_id, label, reason)
    record = _record(row, order, label, content, state, reason)
    return PlannedChange(Action.SKIP, row.external_id, label, reason, record=record)


def held(
    kind: RecordKind,
    row: Received[object],
    known: CartRecord | None,
    label: str,
    content: str,
    reason: str,
    remedy: str = "",
) -> PlannedChange:
    """Hold a record with its raw body and the reason (rule 4). One that is held already for this content is the same;
    one that is linked keeps its link."""
    if known is not None and (known.fingerprint, known.state, known.reason) == (content, RecordState.HELD, reason):
        return PlannedChange(Action.SAME, row.external_id, label, reason, remedy)
    record = CartRecord(
        kind=kind,
        external_id=row.external_id,
        label=label,
        stamp=row.stamp,
        fingerprint=content,
        state=RecordState.HELD,
        reason=reason,
        remedy=remedy,
        our_id=known.our_id if known else None,
        agreed=known.agreed if known else {},
        evidence=known.evidence if known else "",
        tries=known.tries + 1 if known else 1,
        raw=row.raw,
    )
    return PlannedChange(Action.HOLD, row.external_id, label, reason, remedy, record=record)


def _plan_changed(
    row: Received[CartOrder],
    order: CartOrder,
    known: CartRecord,
    ground: OrderGround,
    settings: CartSettings,
    default_item: ItemCode,
) -> PlannedChange:
    """The order moved after it was imported: see `order_changes`. Its document is never edited in silence."""
    label = f"{order.order_number} {order.buyer.name}".strip()
    content, refunds = fingerprint(order), refund_records(order, ground.refunds)
    document = ground.documents.get(row.external_id)
    if document is None:
        reason = f"changed in the cart; its document is gone (now {order.native_status})"
        record = replace(_followed(row, order, known, label, content), state=RecordState.CHANGED, reason=reason)
        return PlannedChange(Action.UPDATE, row.external_id, label, reason, record=record, more=refunds)
    try:
        now = draft_of(order, ground, replace(settings, import_orders_as=document.draft.kind), default_item)
    except AmountError as error:
        return held(RecordKind.ORDER, row, known, label, content, str(error))
    drift = compare_order(document, now, ground.agreed.get(document.document_id))
    record = _followed(row, order, known, label, content)
    record = replace(
        record,
        state=RecordState.CHANGED if drift.needs_person else RecordState.IMPORTED,
        reason=drift.reason,
        remedy=drift.remedy,
    )
    payload = FollowOrder(document.document_id, now, changed=drift.needs_person)
    if drift.drift is Drift.CANCELLED and not drift.needs_person:
        void = replace(payload, void_reason=drift.reason)
        return PlannedChange(
            Action.VOID, row.external_id, label, drift.reason, "", drift.fields, void, record, more=refunds
        )
    action = (
        Action.SAME if drift.drift is Drift.SAME and not document.changed_in_cart and not refunds else Action.UPDATE
    )
    reason = drift.reason or (f"{len(refunds)} refund(s)" if refunds else "")
    return PlannedChange(
        action, row.external_id, label, reason, drift.remedy, drift.fields, payload, record, more=refunds
    )


def _followed(row: Received[CartOrder], order: CartOrder, known: CartRecord, label: str, content: str) -> CartRecord:
    """What is remembered of an order that has its document."""
    return CartRecord(
        kind=RecordKind.ORDER,
        external_id=row.external_id,
        label=label,
        stamp=row.stamp,
        fingerprint=content,
        state=RecordState.IMPORTED,
        our_id=known.our_id,
        evidence=known.evidence,
        agreed=_chain(order),
        native_status=order.native_status,
        raw=row.raw,
    )


def _create(
    row: Received[CartOrder],
    order: CartOrder,
    label: str,
    content: str,
    proof: MoneyProof,
    ground: OrderGround,
    settings: CartSettings,
    default_item: ItemCode,
    *,
    past: bool,
) -> PlannedChange:
    draft = draft_with(order, proof, ground, settings, default_item, past=past)
    fields = [
        FieldChange("document", "", f"{draft.kind.label} {'of the past: posts nothing' if past else 'PENDING'}"),
        FieldChange("total", "", f"{order.total} {order.currency}"),
    ]
    if order.parent_id:
        fields.append(FieldChange("replaces", "", f"order {order.parent_id}"))
    if draft.default_item_lines:
        fields.append(FieldChange("default item", "", f"{draft.default_item_lines} line(s) without a linked item"))
    if proof.state is ProofState.ROUNDED:
        fields.append(FieldChange("rounding", "", f"{proof.difference} {order.currency}"))
    return PlannedChange(
        Action.CREATE,
        row.external_id,
        label,
        fields=tuple(fields),
        payload=import_of(order, row, draft, ground),
        record=_record(row, order, label, content, RecordState.IMPORTED),
        more=refund_records(order, ground.refunds) if order.refunds else (),
    )
