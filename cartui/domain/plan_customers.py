"""What becomes of customers: create, link and update in the system, and export to the cart. Pure (S072-S075)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from cartui.domain.documents import Customer
from cartui.domain.fingerprint import fingerprint, fingerprint_raw
from cartui.domain.ids import CustomerCode, CustomerId, RecordKind
from cartui.domain.ledger import CartRecord
from cartui.domain.merge import NOBODY, Owners, changed_fields, customer_values, merge_fields
from cartui.domain.outcomes import RecordState
from cartui.domain.plan import (
    Action,
    Edits,
    ExportCustomer,
    FieldChange,
    ImportCustomer,
    NewCustomer,
    PlannedChange,
    plan_each,
)
from cartui.domain.plan_orders import held
from cartui.domain.ports import BadRecord, Received
from cartui.domain.records import CartCustomer, CustomerDraft
from cartui.domain.remedies import CART, link_by_hand
from cartui.errors import Remedy


def customer_label(customer: CartCustomer | Customer) -> str:
    """Name and e-mail, as a person would say it."""
    return " ".join(dict.fromkeys(part for part in (customer.name, customer.email) if part))


def customer_record(
    row: Received[CartCustomer], customer: CartCustomer, our_id: CustomerId | None, evidence: str
) -> CartRecord:
    """What the books remember of a linked customer; `our_id` None: about to be made."""
    return CartRecord(
        kind=RecordKind.CUSTOMER,
        external_id=row.external_id,
        label=customer_label(customer),
        stamp=row.stamp,
        fingerprint=fingerprint(customer),
        state=RecordState.LINKED,
        our_id=our_id,
        agreed=customer_values(customer),
        evidence=evidence,
        native_status="guest" if customer.guest else "registered",
    )


# --- from the cart, by itself -----------------------------------------------------------------------------------------


def plan_customer_updates(
    rows: Sequence[Received[CartCustomer]],
    records: Mapping[str, CartRecord],
    customers: Mapping[CustomerId, Customer],
    owners: Owners = NOBODY,
) -> list[PlannedChange]:
    """Changes of linked customers for the auto-sync cycle; others are made when they order, or by a person."""
    return plan_each(rows, lambda row: _plan_update(row, records.get(row.external_id), customers, owners))


def _plan_update(
    row: Received[CartCustomer], known: CartRecord | None, customers: Mapping[CustomerId, Customer], owners: Owners
) -> PlannedChange:
    theirs = row.record
    if isinstance(theirs, BadRecord):
        content = fingerprint_raw(row)
        return held(RecordKind.CUSTOMER, row, known, row.external_id, content, theirs.reason, theirs.remedy)
    label = customer_label(theirs)
    ours = customers.get(CustomerId(known.our_id)) if known is not None and known.our_id is not None else None
    if known is None or ours is None:
        return PlannedChange(Action.SKIP, row.external_id, label, "not linked to a customer of the system")
    content = fingerprint(theirs)
    if known.fingerprint == content and known.state is RecordState.LINKED:
        return PlannedChange(Action.SAME, row.external_id, label)
    newer = owners.ours_is_newer(ours.customer_id, theirs.modified_at)
    merged = merge_fields(known.agreed, customer_values(theirs), customer_values(ours), owners, ours_is_newer=newer)
    if merged.conflicts:
        return held(RecordKind.CUSTOMER, row, known, label, content, merged.conflict_text, merged.remedy)
    record = customer_record(row, theirs, ours.customer_id, known.evidence)
    action = Action.UPDATE if merged.fields else Action.SAME
    payload = ImportCustomer(customer_id=ours.customer_id, values=merged.values, resend=bool(merged.kept))
    return PlannedChange(action, row.external_id, label, fields=merged.fields, payload=payload, record=record)


# --- from the cart, by hand -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CustomerGround:
    """What the books know about a selection of cart customers: their records, ours by code, and ours by case-folded
    e-mail, registered ones and guests apart (an e-mail can have several)."""

    records: Mapping[str, CartRecord] = field(default_factory=dict)
    by_code: Mapping[CustomerCode, Customer] = field(default_factory=dict)
    registered: Mapping[str, Sequence[Customer]] = field(default_factory=dict)
    guests: Mapping[str, Sequence[Customer]] = field(default_factory=dict)

    def same_email(self, theirs: CartCustomer) -> Sequence[Customer]:
        """Ours that have the e-mail and are of the same sort (guest or registered)."""
        side = self.guests if theirs.guest else self.registered
        return side.get(theirs.email.casefold(), ()) if theirs.email else ()


_LINK = Remedy("Use Link selected (L) to tie it to that customer.", f"Run `cartui link {CART} customers ID` for it.")
_CODE = Remedy(
    "Type the code of an existing customer in the column Code, or create it (c).",
    f"Add --set ID.code=CODE with the code of an existing customer, or run `cartui import {CART} customers ID`.",
)


def plan_create_customers(
    rows: Sequence[Received[CartCustomer]], ground: CustomerGround, edits: Edits
) -> list[PlannedChange]:
    """*Create selected*: new customers of the system, linked to the cart's; a typed code is used, else one is given."""
    codes = _typed_codes(rows, edits)
    return plan_each(
        rows, lambda row: _plan_create(row, ground, edits.get(row.external_id, {}).get("code", "").strip(), codes)
    )


def _typed_codes(rows: Sequence[Received[CartCustomer]], edits: Edits) -> Counter[str]:
    return Counter(edits.get(row.external_id, {}).get("code", "").strip() for row in rows)


def _plan_create(row: Received[CartCustomer], ground: CustomerGround, code: str, codes: Counter[str]) -> PlannedChange:
    theirs, key = row.record, row.external_id
    if isinstance(theirs, BadRecord):
        return PlannedChange(Action.HOLD, key, key, theirs.reason, theirs.remedy)
    label, known = customer_label(theirs), ground.records.get(key)
    if known is not None and known.our_id is not None:
        return PlannedChange(Action.SAME, key, label, f"linked already ({known.evidence})")
    if code and (codes[code] > 1 or CustomerCode(code) in ground.by_code):
        reason = f"Customer code {code} is taken."
        return PlannedChange(Action.HOLD, key, label, reason, "Type another code, or none to be given one.")
    if ground.same_email(theirs):
        reason = f"A customer with the e-mail {theirs.email} exists in the system already."
        return PlannedChange(Action.HOLD, key, label, reason, _LINK)
    new = NewCustomer(
        first_name=theirs.first_name,
        last_name=theirs.last_name,
        company=theirs.company,
        email=theirs.email,
        phone=theirs.phone,
        tax_number=theirs.tax_number,
        guest=theirs.guest,
        addresses=theirs.addresses,
        code=CustomerCode(code) if code else None,
    )
    return PlannedChange(
        Action.CREATE,
        key,
        label,
        fields=changed_fields({}, customer_values(theirs)),
        payload=ImportCustomer(new=new),
        record=customer_record(row, theirs, None, "created"),
    )


def plan_link_customers(
    rows: Sequence[Received[CartCustomer]], ground: CustomerGround, edits: Edits
) -> list[PlannedChange]:
    """*Link selected*: tie cart customers to existing ones by the typed code, else by the one e-mail; never by name."""
    return plan_each(rows, lambda row: _plan_link(row, ground, edits.get(row.external_id, {}).get("code", "").strip()))


def _plan_link(row: Received[CartCustomer], ground: CustomerGround, code: str) -> PlannedChange:
    theirs, key = row.record, row.external_id
    if isinstance(theirs, BadRecord):
        return PlannedChange(Action.HOLD, key, key, theirs.reason, theirs.remedy)
    label, known = customer_label(theirs), ground.records.get(key)
    if known is not None and known.our_id is not None:
        return PlannedChange(Action.SAME, key, label, f"linked already ({known.evidence})")
    if code:
        ours, evidence = ground.by_code.get(CustomerCode(code)), "by hand"
        problem = f"There is no customer {code} in the system."
    else:
        same = ground.same_email(theirs)
        ours, evidence = (same[0] if len(same) == 1 else None), "e-mail"
        problem = f"{len(same) or 'No'} customers of the system have the e-mail {theirs.email or '(none)'}."
    if ours is None:
        remedy = _CODE
        return PlannedChange(Action.HOLD, key, label, problem, remedy)
    return PlannedChange(
        Action.LINK,
        key,
        label,
        fields=(FieldChange("linked to", "", f"{ours.code} {ours.name}"),),
        payload=ImportCustomer(customer_id=ours.customer_id),
        record=customer_record(row, theirs, ours.customer_id, evidence),
    )


# --- to the cart, by hand ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CustomerExportGround:
    """As `plan_items.ExportGround`, for customers."""

    links: Mapping[CustomerId, Sequence[CartRecord]] = field(default_factory=dict)
    fresh: Mapping[str, CartCustomer] = field(default_factory=dict)
    found: Mapping[CustomerId, Sequence[CartCustomer]] = field(default_factory=dict)


def customer_draft(customer: Customer, key: str) -> CustomerDraft:
    """A customer of ours as the cart is to make it."""
    return CustomerDraft(
        key=key,
        email=customer.email,
        first_name=customer.first_name,
        last_name=customer.last_name,
        company=customer.company,
        phone=customer.phone,
        tax_number=customer.tax_number,
        address=customer.addresses[0] if customer.addresses else None,
    )


def plan_export_customers(
    customers: Iterable[Customer], ground: CustomerExportGround, keys: Mapping[CustomerId, str]
) -> list[PlannedChange]:
    """*Export selected*: create what the cart lacks, link what it has under the e-mail, change what differs."""
    return [_plan_export(customer, ground, keys[customer.customer_id]) for customer in customers]


def _plan_export(customer: Customer, ground: CustomerExportGround, draft_key: str) -> PlannedChange:
    key, label, our_id = str(customer.customer_id), customer_label(customer), customer.customer_id
    links = ground.links.get(our_id, ())
    if len(links) > 1:
        reason = f"{len(links)} customers of the cart are linked to it."
        return PlannedChange(Action.HOLD, key, label, reason, "Unlink all but one first.")
    if links:
        current = ground.fresh.get(links[0].external_id)
        if current is None:
            reason = f"The cart no longer has its customer {links[0].external_id}."
            return PlannedChange(Action.HOLD, key, label, reason, "Look for it in the shop, or unlink it.")
        fields = changed_fields(customer_values(current), customer_values(customer))
        values = {one.name: one.after for one in fields}
        payload = ExportCustomer(our_id, cart_customer_id=current.customer_id, values=values)
        action = Action.UPDATE if fields else Action.SAME
        return PlannedChange(action, key, label, fields=fields, payload=payload)
    if customer.guest:
        reason = "It is a guest of an order."
        return PlannedChange(Action.HOLD, key, label, reason, "Only registered customers are made in a cart.")
    if not customer.email:
        return PlannedChange(Action.HOLD, key, label, "It has no e-mail.", "Give it one first.")
    found = [one for one in ground.found.get(our_id, ()) if not one.guest]
    if len(found) > 1:
        reason = f"{len(found)} customers of the cart have the e-mail {customer.email}."
        return PlannedChange(Action.HOLD, key, label, reason, link_by_hand("customer"))
    if found:
        fields = (FieldChange("linked to", "", f"{found[0].customer_id} {customer_label(found[0])}"),)
        reason = "the cart has a customer with this e-mail already"
        payload = ExportCustomer(our_id, cart_customer_id=found[0].customer_id)
        return PlannedChange(Action.LINK, key, label, reason, fields=fields, payload=payload)
    fields = changed_fields({}, customer_values(customer))
    payload = ExportCustomer(our_id, draft=customer_draft(customer, draft_key))
    return PlannedChange(Action.CREATE, key, label, fields=fields, payload=payload)
