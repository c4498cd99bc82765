"""One item or customer opened to be edited, and saved: two people at one record lose nothing, and each is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from cartui.domain.bundles import BundlePart
from cartui.domain.documents import Customer, Item
from cartui.domain.ids import CustomerCode, CustomerId, ItemCode, ItemId, RecordKind
from cartui.domain.plan import NewCustomer, NewItem
from cartui.domain.posting import StockKind, StockMove
from cartui.domain.record_fields import (
    ADDRESS_FIELDS,
    CUSTOMER_FIELDS,
    ITEM_FIELDS,
    ON_HAND,
    PARTS,
    FieldClash,
    FieldSpec,
    check_text,
    clashes,
    customer_texts,
    item_texts,
    laid_over,
    parts_text,
    split_parts,
    with_customer_texts,
    with_item_texts,
)
from cartui.domain.remedies import list_again
from cartui.errors import NeedsOperatorError, joined
from cartui.sync.workspace import Workspace

FIELDS: Mapping[RecordKind, tuple[FieldSpec, ...]] = {
    RecordKind.ITEM: (*ITEM_FIELDS, ON_HAND, PARTS),
    RecordKind.CUSTOMER: (*CUSTOMER_FIELDS, *ADDRESS_FIELDS),
}


_LEDGER = ("on_hand", "cost")


@dataclass(frozen=True, slots=True)
class Opened:
    """A record as somebody opened it: field -> text, and the version it had."""

    kind: RecordKind
    our_id: int
    version: int
    label: str
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Stale:
    """Nothing was saved: somebody saved the record since it was opened. `fresh` is the record now; `texts` what would
    be saved if this person's changes were laid over it."""

    by: str
    at: datetime
    clashes: tuple[FieldClash, ...]
    fresh: Opened
    texts: Mapping[str, str]

    @property
    def problem(self) -> str:
        """As a sentence."""
        return f"{self.fresh.label} was changed by {self.by or 'somebody else'} since you opened it."


def open_record(ws: Workspace, kind: RecordKind, our_id: int) -> Opened:
    """One of our items or customers; NeedsOperatorError where there is none."""
    if kind is RecordKind.ITEM:
        item = _item(ws, our_id)
        parts = ws.books.items.parts_of([our_id]).get(item.item_id, ())
        codes = {one: str(part.code) for one, part in ws.books.items.find_by_ids([p.part_id for p in parts]).items()}
        texts = item_texts(item) | {"parts": parts_text(parts, codes)}
        return Opened(kind, our_id, item.version, str(item.code), texts)
    customer = _customer(ws, our_id)
    return Opened(kind, our_id, customer.version, str(customer.code), customer_texts(customer))


def _item(ws: Workspace, our_id: int) -> Item:
    if item := ws.books.items.find_by_ids([our_id]).get(ItemId(our_id)):
        return item
    raise NeedsOperatorError(
        "There is no such item in the system.", joined(list_again("items"), "It may have been deleted.")
    )


def _customer(ws: Workspace, our_id: int) -> Customer:
    if customer := ws.books.customers.find_by_ids([our_id]).get(CustomerId(our_id)):
        return customer
    raise NeedsOperatorError(
        "There is no such customer in the system.", joined(list_again("customers"), "It may have been merged.")
    )


def check_record(kind: RecordKind, texts: Mapping[str, str]) -> dict[str, str]:
    """Every field with what is wrong with it."""
    found = {spec.name: check_text(spec, texts.get(spec.name, "")) for spec in FIELDS[kind]}
    problems = {name: problem for name, problem in found.items() if problem}
    if kind is RecordKind.CUSTOMER and not problems:
        known = ("first_name", "last_name", "company", "email")
        if not any(texts.get(name, "").strip() for name in known):
            problems["last_name"] = "A customer needs a name, a company or an e-mail."
    if kind is RecordKind.ITEM and texts.get("on_hand", "").strip() and texts.get("parts", "").strip():
        problems.setdefault("on_hand", "A bundle has no stock of its own: its parts have.")
    return problems


def save_record(ws: Workspace, opened: Opened, texts: Mapping[str, str]) -> Opened | Stale:
    """Store what was changed and return the record as it is now, or what somebody else changed since it was opened.
    NeedsOperatorError names the first field that is wrong, a code that is taken, a part that is none."""
    specs = {spec.name: spec for spec in FIELDS[opened.kind]}
    if problems := check_record(opened.kind, texts):
        name, problem = next(iter(problems.items()))
        raise NeedsOperatorError(f"{specs[name].title}: {problem}", "Correct it.")
    changed = {name: text for name, text in texts.items() if text != opened.texts.get(name, "")}
    with ws.books.transaction():
        fresh = open_record(ws, opened.kind, opened.our_id)
        if not _stands(opened, fresh, changed):
            return _stale(ws, opened, fresh, texts)
        if not changed:
            return fresh
        if opened.kind is RecordKind.ITEM:
            _save_item(ws, _item(ws, opened.our_id), changed)
        else:
            customer = _customer(ws, opened.our_id)
            ws.books.customers.update(with_customer_texts(customer, changed), actor=ws.actor)
    return open_record(ws, opened.kind, opened.our_id)


def _stands(opened: Opened, fresh: Opened, changed: Mapping[str, str]) -> bool:
    """Whether an edit may be stored: nobody changed the record, or only the stock ledger did (it moves all day) and
    the edit is about other fields."""
    moved = {name for name, text in fresh.texts.items() if text != opened.texts.get(name, "")}
    return not moved or (moved <= set(_LEDGER) and not moved & set(changed))


def _stale(ws: Workspace, opened: Opened, fresh: Opened, texts: Mapping[str, str]) -> Stale:
    if opened.kind is RecordKind.ITEM:
        last = ws.books.items.last_change(ItemId(opened.our_id))
    else:
        last = ws.books.customers.last_change(CustomerId(opened.our_id))
    by, at = last or ("", ws.clock())
    told = clashes(FIELDS[opened.kind], opened.texts, fresh.texts, texts)
    return Stale(by, at, told, fresh, laid_over(opened.texts, fresh.texts, texts))


def _save_item(ws: Workspace, item: Item, changed: Mapping[str, str]) -> None:
    plain = {name: text for name, text in changed.items() if name not in ("on_hand", "parts")}
    if "parts" in changed:
        parts = _parts(ws, changed["parts"])
        ws.books.items.set_parts(with_item_texts(item, plain), parts, actor=ws.actor)
    elif plain:
        ws.books.items.update(with_item_texts(item, plain), actor=ws.actor)
    if "on_hand" not in changed:
        return
    counted = changed["on_hand"].strip()
    if not counted:
        raise NeedsOperatorError("On hand can't be made blank again.", "Write 0 if there are none.")
    now = _item(ws, item.item_id)
    kind, reason = (StockKind.OPENING, "opening stock") if now.on_hand is None else (StockKind.COUNT, "counted")
    difference = Decimal(counted) - (now.on_hand or Decimal(0))
    ws.books.stock.move([StockMove(now.item_id, kind, difference, reason, now.cost, now.currency)], ws.actor)


def _parts(ws: Workspace, text: str) -> list[BundlePart]:
    told = split_parts(text)
    found = ws.books.items.find_by_codes([code for _, code in told])
    if missing := [code for _, code in told if ItemCode(code) not in found]:
        raise NeedsOperatorError(f"There is no item {missing[0]} to be a part.", "Write the codes of existing items.")
    return [BundlePart(found[ItemCode(code)].item_id, quantity) for quantity, code in told]


def new_record(ws: Workspace, kind: RecordKind, texts: Mapping[str, str]) -> Opened:
    """Make an item or a customer by hand; errors as `save_record`."""
    specs = {spec.name: spec for spec in FIELDS[kind]}
    if problems := check_record(kind, texts):
        name, problem = next(iter(problems.items()))
        raise NeedsOperatorError(f"{specs[name].title}: {problem}", "Correct it.")
    with ws.books.transaction():
        our_id = _new_item(ws, texts) if kind is RecordKind.ITEM else _new_customer(ws, texts)
    return open_record(ws, kind, our_id)


def _new_item(ws: Workspace, texts: Mapping[str, str]) -> int:
    item = with_item_texts(Item(ItemId(0), ItemCode(""), ""), texts)
    if item.code in ws.books.items.find_by_codes([item.code]):
        raise NeedsOperatorError(f"There is an item {item.code} already.", "Choose another code.")
    on_hand = texts.get("on_hand", "").strip()
    [made] = ws.books.items.add_many(
        [
            NewItem(
                item.code, item.name, item.barcode, item.cost, item.price, item.currency,
                Decimal(on_hand) if on_hand else None, item.tax_class, item.reorder_level,
            )
        ],
        actor=ws.actor,
    )  # fmt: skip
    if texts.get("parts", "").strip():
        ws.books.items.set_parts(_item(ws, made), _parts(ws, texts["parts"]), actor=ws.actor)
    return made


def _new_customer(ws: Workspace, texts: Mapping[str, str]) -> int:
    one = with_customer_texts(Customer(CustomerId(0), CustomerCode("")), texts)
    if one.code and one.code in ws.books.customers.find_by_codes([one.code]):
        raise NeedsOperatorError(f"There is a customer {one.code} already.", "Choose another code, or none.")
    [made] = ws.books.customers.add_many(
        [
            NewCustomer(
                one.first_name, one.last_name, one.company, one.email, one.phone, one.tax_number, False,
                one.addresses, one.code or None, one.more_emails, one.more_phones,
            )
        ],
        actor=ws.actor,
    )  # fmt: skip
    return made
