"""What becomes of items: create, link and update in the system, and export to the cart. Pure (S062-S070)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from cartui.domain.documents import Item
from cartui.domain.fingerprint import fingerprint, fingerprint_raw
from cartui.domain.ids import CartItemId, ItemCode, ItemId, RecordKind
from cartui.domain.ledger import CartRecord
from cartui.domain.merge import NOBODY, Owners, changed_fields, merge_fields
from cartui.domain.money import AmountError, parse_amount
from cartui.domain.outcomes import RecordState
from cartui.domain.plan import Action, Edits, ExportItem, FieldChange, ImportItem, NewItem, PlannedChange, plan_each
from cartui.domain.plan_orders import held
from cartui.domain.ports import BadRecord, Received
from cartui.domain.records import CartItem, ItemDraft, StockWrite
from cartui.domain.remedies import CART, link_by_hand
from cartui.errors import Remedy


def cart_item_values(item: CartItem) -> dict[str, str]:
    """The fields that both sides can agree on, as text. Stock is not among them: the system owns it."""
    price = "" if item.price is None else _plain(item.price)
    return {"name": item.full_name, "barcode": item.barcode, "price": price}


def our_item_values(item: Item) -> dict[str, str]:
    """The same fields of an item of the system."""
    return {
        "name": item.name,
        "barcode": item.barcode,
        "price": "" if item.price is None else _plain(item.price),
    }


def item_label(item: CartItem) -> str:
    """SKU and name, as a person would say it."""
    return f"{item.sku} {item.full_name}".strip()


def _plain(amount: Decimal) -> str:
    return f"{amount.normalize():f}"


def item_record(row: Received[CartItem], item: CartItem, our_id: ItemId | None, evidence: str) -> CartRecord:
    """What the books remember of a linked item; `our_id` None: the item is about to be made."""
    return CartRecord(
        kind=RecordKind.ITEM,
        external_id=row.external_id,
        label=item_label(item),
        stamp=row.stamp,
        fingerprint=fingerprint(item),
        state=RecordState.LINKED,
        our_id=our_id,
        agreed=cart_item_values(item),
        evidence=evidence,
        native_status="active" if item.active else "inactive",
    )


# --- from the cart, by itself -----------------------------------------------------------------------------------------


def plan_item_updates(
    rows: Sequence[Received[CartItem]],
    records: Mapping[str, CartRecord],
    items: Mapping[ItemId, Item],
    owners: Owners = NOBODY,
) -> list[PlannedChange]:
    """Changes of linked items for the auto-sync cycle; items that are not linked are left to a person."""
    return plan_each(rows, lambda row: _plan_update(row, records.get(row.external_id), items, owners))


def _plan_update(
    row: Received[CartItem], known: CartRecord | None, items: Mapping[ItemId, Item], owners: Owners
) -> PlannedChange:
    item = row.record
    if isinstance(item, BadRecord):
        return held(RecordKind.ITEM, row, known, row.external_id, fingerprint_raw(row), item.reason, item.remedy)
    label = item_label(item)
    ours = items.get(ItemId(known.our_id)) if known is not None and known.our_id is not None else None
    if known is None or ours is None:
        return PlannedChange(Action.SKIP, row.external_id, label, "not linked to an item of the system")
    content = fingerprint(item)
    if known.fingerprint == content and known.state is RecordState.LINKED:
        return PlannedChange(Action.SAME, row.external_id, label)
    newer = owners.ours_is_newer(ours.item_id, item.modified_at)
    merged = merge_fields(known.agreed, cart_item_values(item), our_item_values(ours), owners, ours_is_newer=newer)
    if merged.conflicts:
        return held(RecordKind.ITEM, row, known, label, content, merged.conflict_text, merged.remedy)
    record = item_record(row, item, ours.item_id, known.evidence)
    action = Action.UPDATE if merged.fields else Action.SAME
    payload = ImportItem(item_id=ours.item_id, values=merged.values, resend=bool(merged.kept))
    return PlannedChange(action, row.external_id, label, fields=merged.fields, payload=payload, record=record)


# --- from the cart, by hand -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ItemGround:
    """What the books know about a selection of cart items: their records, our items by code, and the cart item that
    each of our items is linked to in this cart."""

    records: Mapping[str, CartRecord] = field(default_factory=dict)
    by_code: Mapping[ItemCode, Item] = field(default_factory=dict)
    linked_to: Mapping[ItemId, CartItemId] = field(default_factory=dict)


def typed_code(item: CartItem, edits: Mapping[str, str]) -> ItemCode:
    """The Item Code that a person typed, else the SKU."""
    return ItemCode((edits.get("code") or item.sku).strip())


_TYPE_ONE = Remedy("Type one in the column Item Code.", "Add --set ID.code=CODE.")
_DIFFERENT = Remedy("Type different codes in the column Item Code.", "Add --set ID.code=CODE with different codes.")
_LINK = Remedy(
    "Use Link selected (L) to tie it to that item, or type another code.",
    f"Run `cartui link {CART} items ID` to tie it to that item, or add --set ID.code=CODE.",
)
_EXISTING = Remedy(
    "Type the code of an existing item in the column Item Code, or create it (c).",
    f"Add --set ID.code=CODE with the code of an existing item, or run `cartui import {CART} items ID`.",
)


def plan_create_items(rows: Sequence[Received[CartItem]], ground: ItemGround, edits: Edits) -> list[PlannedChange]:
    """*Create selected*: new items of the system, linked to their cart items, with typed code, cost and stock."""
    codes = _code_counts(rows, edits)
    return plan_each(rows, lambda row: _plan_create(row, ground, edits.get(row.external_id, {}), codes))


def _code_counts(rows: Sequence[Received[CartItem]], edits: Edits) -> Counter[str]:
    return Counter(
        typed_code(row.record, edits.get(row.external_id, {})).casefold()
        for row in rows
        if not isinstance(row.record, BadRecord)
    )


def _plan_create(
    row: Received[CartItem], ground: ItemGround, edits: Mapping[str, str], codes: Counter[str]
) -> PlannedChange:
    item = row.record
    if isinstance(item, BadRecord):
        return _refuse(row.external_id, row.external_id, item.reason, item.remedy)
    key, label = row.external_id, item_label(item)
    if already := _linked(ground.records.get(key)):
        return PlannedChange(Action.SAME, key, label, f"linked already ({already.evidence})")
    code = typed_code(item, edits)
    if not code:
        return _refuse(key, label, "It has no SKU, so it needs an Item Code.", _TYPE_ONE)
    if codes[code.casefold()] > 1:
        remedy = _DIFFERENT
        return _refuse(key, label, f"Item Code {code} stands on {codes[code.casefold()]} selected rows.", remedy)
    if code in ground.by_code:
        remedy = _LINK
        return _refuse(key, label, f"An item {code} exists in the system already.", remedy)
    try:
        cost, stock = _typed_amount("Cost", edits.get("cost", "")), _typed_amount("Stock", edits.get("stock", ""))
    except AmountError as error:
        return _refuse(key, label, str(error), "Correct the cell, or clear it.")
    values = cart_item_values(item)
    new = NewItem(code, values["name"], item.barcode, cost, item.price, item.currency, stock)
    fields = [FieldChange("code", "", code), FieldChange("name", "", new.name)]
    fields += [FieldChange(name, "", values[name]) for name in ("barcode", "price") if values[name]]
    fields += [FieldChange(name, "", _plain(n)) for name, n in (("cost", cost), ("stock", stock)) if n is not None]
    return PlannedChange(
        Action.CREATE,
        key,
        label,
        fields=tuple(fields),
        payload=ImportItem(new=new),
        record=item_record(row, item, None, "created"),
    )


def plan_link_items(rows: Sequence[Received[CartItem]], ground: ItemGround, edits: Edits) -> list[PlannedChange]:
    """*Link selected*: tie cart items to existing items by the typed code, else by the SKU; never by the name (P16)."""
    codes = _code_counts(rows, edits)
    return plan_each(rows, lambda row: _plan_link(row, ground, edits.get(row.external_id, {}), codes))


def _plan_link(
    row: Received[CartItem], ground: ItemGround, edits: Mapping[str, str], codes: Counter[str]
) -> PlannedChange:
    item = row.record
    if isinstance(item, BadRecord):
        return _refuse(row.external_id, row.external_id, item.reason, item.remedy)
    key, label = row.external_id, item_label(item)
    if already := _linked(ground.records.get(key)):
        return PlannedChange(Action.SAME, key, label, f"linked already ({already.evidence})")
    code = typed_code(item, edits)
    ours = ground.by_code.get(code)
    if ours is None or ours.is_default:
        problem = f"There is no item {code} in the system." if code else "It has no SKU to link by."
        return _refuse(key, label, problem, _EXISTING)
    if codes[code.casefold()] > 1:
        remedy = "Select only one of them, or type different codes."
        return _refuse(key, label, f"{codes[code.casefold()]} selected rows would link to item {code}.", remedy)
    if other := ground.linked_to.get(ours.item_id):
        remedy = "One item has one place in a cart: unlink the other first, or choose another item."
        return _refuse(key, label, f"Item {code} is linked to cart item {other} already.", remedy)
    evidence = "by hand" if edits.get("code") else "sku"
    return PlannedChange(
        Action.LINK,
        key,
        label,
        fields=(FieldChange("linked to", "", f"{ours.code} {ours.name}"),),
        payload=ImportItem(item_id=ours.item_id),
        record=item_record(row, item, ours.item_id, evidence),
    )


def _linked(record: CartRecord | None) -> CartRecord | None:
    return record if record is not None and record.our_id is not None else None


def _refuse(key: str, label: str, reason: str, remedy: str) -> PlannedChange:
    """Not done, and nothing is remembered of it: the person sees it now and can mend it now."""
    return PlannedChange(Action.HOLD, key, label, reason, remedy)


def _typed_amount(name: str, text: str) -> Decimal | None:
    if not text.strip():
        return None  # blank is not zero
    amount = parse_amount(text)
    if amount < 0:
        raise AmountError(f"{name} {text} is negative.")
    return amount


# --- to the cart, by hand ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ExportGround:
    """What is known about a selection of our items: their links, the cart's items read afresh by id, and what the cart
    was found to hold already under the key or SKU of those that are not linked."""

    links: Mapping[ItemId, CartRecord] = field(default_factory=dict)
    fresh: Mapping[str, CartItem] = field(default_factory=dict)
    found: Mapping[ItemId, Sequence[CartItem]] = field(default_factory=dict)


def export_key(cart_name_key: str, kind: RecordKind, our_id: int) -> str:
    """Our idempotency key and marker: the same for each try to make this record in this cart."""
    return f"cartui-{cart_name_key}-{kind}-{our_id}"


def item_draft(item: Item, key: str, stock: Decimal | None) -> ItemDraft:
    """An item of ours as the cart is to make it."""
    return ItemDraft(key, item.code, item.name, item.price, item.currency, item.barcode, stock)


def plan_export_items(
    items: Iterable[Item], ground: ExportGround, edits: Edits, keys: Mapping[ItemId, str]
) -> list[PlannedChange]:
    """*Export selected*: create what the cart lacks, link what it has under our code, change what differs. Stock goes
    only where it was typed (column stock)."""
    return [_plan_export(item, ground, edits.get(str(item.item_id), {}), keys[item.item_id]) for item in items]


def _plan_export(item: Item, ground: ExportGround, edits: Mapping[str, str], draft_key: str) -> PlannedChange:
    key, label = str(item.item_id), f"{item.code} {item.name}"
    if item.is_default:
        return PlannedChange(Action.SKIP, key, label, "the default item only stands in for missing ones")
    try:
        stock = _typed_amount("Stock", edits.get("stock", ""))
    except AmountError as error:
        return _refuse(key, label, str(error), "Correct the cell, or clear it.")
    link = ground.links.get(item.item_id)
    if link is not None:
        current = ground.fresh.get(link.external_id)
        if current is None:
            remedy = "Look for it in the shop; if it was deleted, unlink it and export it again."
            return _refuse(key, label, f"The cart no longer has its item {link.external_id}.", remedy)
        return _plan_change(item, current, stock, key, label)
    found = ground.found.get(item.item_id, ())
    if len(found) > 1:
        remedy = link_by_hand("item")
        return _refuse(key, label, f"{len(found)} items of the cart have the SKU {item.code}.", remedy)
    if found:
        return _plan_adopt(item, found[0], key, label)
    if item.price is None:
        return _refuse(key, label, "It has no price.", "Give it a price first.")
    draft = item_draft(item, draft_key, stock)
    fields = [FieldChange("sku", "", item.code), *changed_fields({}, our_item_values(item))]
    if stock is not None:
        fields.append(FieldChange("stock", "", _plain(stock)))
    return PlannedChange(Action.CREATE, key, label, fields=tuple(fields), payload=ExportItem(item.item_id, draft=draft))


def _plan_change(item: Item, current: CartItem, stock: Decimal | None, key: str, label: str) -> PlannedChange:
    fields = list(changed_fields(cart_item_values(current), our_item_values(item)))
    if current.variant:
        fields = [one for one in fields if one.name != "name"]  # a variant's name is its parent's, not ours to write
    values = {one.name: one.after for one in fields}
    write = None
    if stock is not None and stock != current.stock:
        if current.stock is None:
            return _refuse(key, label, "The cart does not track stock for it.", "Switch stock tracking on in the shop.")
        write = StockWrite(current.item_id, stock, expected=current.stock)
        fields.append(FieldChange("stock", _plain(current.stock), _plain(stock)))
    payload = ExportItem(item.item_id, cart_item_id=current.item_id, values=values, stock=write)
    if not fields:
        return PlannedChange(Action.SAME, key, label)
    action = Action.UPDATE if values else Action.SET_STOCK
    return PlannedChange(action, key, label, fields=tuple(fields), payload=payload)


def _plan_adopt(item: Item, found: CartItem, key: str, label: str) -> PlannedChange:
    """The cart has it already: tie the two, write nothing; a second export then shows the differences."""
    fields = (FieldChange("linked to", "", f"{found.item_id} {item_label(found)}"),)
    reason = "the cart has an item with this code already"
    payload = ExportItem(item.item_id, cart_item_id=found.item_id)
    return PlannedChange(Action.LINK, key, label, reason, fields=fields, payload=payload)
