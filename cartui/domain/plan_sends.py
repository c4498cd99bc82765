"""What is sent of one record that waits in the outbox: decided from what the cart shows now. Pure (rules 9-13)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from cartui.domain.documents import Customer, Item
from cartui.domain.ids import CustomerId, ItemId, RecordKind
from cartui.domain.ledger import CartRecord
from cartui.domain.merge import BOTH_SIDES, customer_values
from cartui.domain.plan import Action, ExportCustomer, ExportItem, FieldChange, PlannedChange
from cartui.domain.plan_customers import customer_label
from cartui.domain.plan_items import cart_item_values, our_item_values
from cartui.domain.plan_stock import StockGround, stock_to_send
from cartui.domain.ports import StockMeaning
from cartui.domain.records import CartCustomer, CartItem, StockWrite
from cartui.domain.remedies import CONFLICTS
from cartui.domain.settings import CartSettings, FieldOwner
from cartui.errors import joined

Links = Sequence[CartRecord]
Values = Mapping[str, str]

_GONE_REMEDY = "Look for it in the shop; if it was deleted, unlink it here."


def check_links(label: str, key: str, links: Links) -> PlannedChange | None:
    """Why a record can't be sent by its links; None where it has exactly one."""
    if not links:
        return PlannedChange(Action.SKIP, key, label, "not linked in this cart any more")
    if len(links) > 1:
        reason = f"{len(links)} records of the cart are linked to it."
        return PlannedChange(Action.HOLD, key, label, reason, "Unlink all but one, then retry it.")
    return None


# --- stock ------------------------------------------------------------------------------------------------------------


def plan_stock_send(
    ground: StockGround, links: Links, current: CartItem | None, settings: CartSettings, meaning: StockMeaning
) -> PlannedChange:
    """SET_STOCK with what the cart showed as `expected`; SAME, SKIP (nothing of it is sent) or HOLD with a remedy."""
    item = ground.item
    key, label = str(item.item_id), f"{item.code} {item.name}"
    if refused := check_links(label, key, links):
        return refused
    told = stock_to_send(ground, settings, meaning)
    if told.send is None:
        return PlannedChange(Action.SKIP, key, label, told.reason, told.remedy)
    if current is None:
        return PlannedChange(
            Action.HOLD, key, label, f"The cart no longer has its item {links[0].external_id}.", _GONE_REMEDY
        )
    if current.stock is None:
        remedy = "Switch stock tracking on for it in the shop, or set “never send” for it here."
        return PlannedChange(Action.HOLD, key, label, "The cart does not track stock for it.", remedy)
    if current.stock == told.send:
        return PlannedChange(Action.SAME, key, label)
    write = StockWrite(current.item_id, told.send, expected=current.stock)
    return PlannedChange(
        Action.SET_STOCK,
        key,
        label,
        fields=(FieldChange("stock", plain(current.stock), plain(told.send)),),
        payload=ExportItem(item.item_id, cart_item_id=current.item_id, stock=write),
    )


def plain(amount: Decimal) -> str:
    """Without exponent and trailing zeros."""
    return f"{amount.normalize():f}"


# --- items and customers ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Fields to write, and those that both sides changed while nobody owns them."""

    fields: tuple[FieldChange, ...]
    conflicts: tuple[FieldChange, ...]


def outgoing_fields(
    agreed: Values, theirs: Values, ours: Values, owner: Callable[[str], FieldOwner], *, ours_is_newer: bool
) -> Outgoing:
    """Only what we changed since both sides last agreed, and never what the cart owns. A field that is blank here
    writes nothing. What is equal already is no change, so our own write that comes back is none either (rule 12)."""
    fields: list[FieldChange] = []
    conflicts: list[FieldChange] = []
    for name, mine in ours.items():
        now, base, who = theirs.get(name, ""), agreed.get(name), owner(name)
        if mine in (now, "") or who is FieldOwner.CART:
            continue
        change = FieldChange(name, now, mine)
        if who is FieldOwner.SYSTEM or (now == base and mine != base):
            fields.append(change)
        elif mine == base:
            continue  # only the cart changed it: taking that over is the import's work
        elif who is FieldOwner.NEWEST:
            fields += [change] if ours_is_newer else []
        else:
            conflicts.append(change)
    return Outgoing(tuple(fields), tuple(conflicts))


def plan_item_send(
    item: Item, links: Links, current: CartItem | None, settings: CartSettings, *, ours_is_newer: bool
) -> PlannedChange:
    """UPDATE with the changed fields only, SAME, SKIP or HOLD (gone, or changed on both sides)."""
    key, label = str(item.item_id), f"{item.code} {item.name}"
    if refused := _check_there(label, key, links, current is not None):
        return refused
    if current is None:
        raise ValueError("checked above")
    theirs = cart_item_values(current)
    ours = dict(our_item_values(item))
    if current.variant:
        ours.pop("name")  # a variant's name is its parent's, not ours to write
    out = _outgoing(RecordKind.ITEM, links[0], theirs, ours, settings, ours_is_newer=ours_is_newer)
    values = {one.name: one.after for one in out.fields}
    payload = ExportItem(ItemId(item.item_id), cart_item_id=current.item_id, values=values)
    return _planned(key, label, out, payload)


def plan_customer_send(
    customer: Customer, links: Links, current: CartCustomer | None, settings: CartSettings, *, ours_is_newer: bool
) -> PlannedChange:
    """As `plan_item_send`."""
    key, label = str(customer.customer_id), customer_label(customer)
    if refused := _check_there(label, key, links, current is not None):
        return refused
    if current is None:
        raise ValueError("checked above")
    theirs, ours = customer_values(current), customer_values(customer)
    out = _outgoing(RecordKind.CUSTOMER, links[0], theirs, ours, settings, ours_is_newer=ours_is_newer)
    values = {one.name: one.after for one in out.fields}
    payload = ExportCustomer(CustomerId(customer.customer_id), cart_customer_id=current.customer_id, values=values)
    return _planned(key, label, out, payload)


def _check_there(label: str, key: str, links: Links, there: bool) -> PlannedChange | None:
    if refused := check_links(label, key, links):
        return refused
    if not there:
        reason = f"The cart no longer has its record {links[0].external_id}."
        return PlannedChange(Action.HOLD, key, label, reason, _GONE_REMEDY)
    return None


def _outgoing(
    kind: RecordKind, link: CartRecord, theirs: Values, ours: Values, settings: CartSettings, *, ours_is_newer: bool
) -> Outgoing:
    return outgoing_fields(
        link.agreed, theirs, ours, lambda name: settings.owner(kind, name), ours_is_newer=ours_is_newer
    )


def _planned(key: str, label: str, out: Outgoing, payload: ExportItem | ExportCustomer) -> PlannedChange:
    if out.conflicts:
        parts = (f"{one.name}: {one.after!r} here, {one.before!r} in the cart" for one in out.conflicts)
        remedy = joined(CONFLICTS, "Or name the field's owner.")
        return PlannedChange(Action.HOLD, key, label, f"{BOTH_SIDES} ({'; '.join(parts)}).", remedy)
    if not out.fields:
        return PlannedChange(Action.SAME, key, label)
    return PlannedChange(Action.UPDATE, key, label, fields=out.fields, payload=payload)
