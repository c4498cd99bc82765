"""The outbox as a person sees it: what waits, why a row was refused, the proof of a stock number, and what can be said
of one item in one cart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from cartui.domain.documents import Item
from cartui.domain.ids import CustomerId, ItemCode, ItemId, ShipmentId
from cartui.domain.money import AmountError, parse_amount
from cartui.domain.outbox import OutboxKind, OutboxRow, OutboxState
from cartui.domain.plan_customers import customer_label
from cartui.domain.plan_stock import Arithmetic, ItemRule, Told, stock_to_send
from cartui.domain.ports import StockMeaning
from cartui.domain.settings import CartDocument
from cartui.errors import NeedsOperatorError, Remedy
from cartui.sync.workspace import Workspace

RULE_COLUMNS = ("buffer", "backorder", "never_send", "listed")
_YES, _NO = ("yes", "on", "true", "1"), ("no", "off", "false", "0")


@dataclass(frozen=True, slots=True)
class OutboxLine:
    """A row with what a person calls the record: item code and name, customer, tracking number."""

    row: OutboxRow
    label: str


@dataclass(frozen=True, slots=True)
class StockProof:
    """Where an item's number in a cart comes from (N11). `row` None: it was never noted for this cart."""

    item: Item
    arithmetic: Arithmetic
    rule: ItemRule
    told: Told
    row: OutboxRow | None


def list_outbox(
    ws: Workspace, name: str, states: Sequence[OutboxState] | None = None, limit: int = 1_000
) -> list[OutboxLine]:
    """Rows that are not done (or those in `states`), the refused and unknown ones first."""
    rows = ws.books.outbox.list_rows(ws.books.carts.get(name).cart_id, states, limit)
    labels = _labels(ws, rows)
    return [OutboxLine(row, labels.get((row.kind, row.our_id), f"{row.kind} {row.our_id}")) for row in rows]


def _labels(ws: Workspace, rows: Sequence[OutboxRow]) -> dict[tuple[OutboxKind, int], str]:
    def ids(*kinds: OutboxKind) -> list[int]:
        return sorted({row.our_id for row in rows if row.kind in kinds})

    items = ws.books.items.find_by_ids(ids(OutboxKind.STOCK, OutboxKind.ITEM))
    customers = ws.books.customers.find_by_ids(ids(OutboxKind.CUSTOMER))
    labels: dict[tuple[OutboxKind, int], str] = {}
    for row in rows:
        key = (row.kind, row.our_id)
        if row.kind is OutboxKind.SHIPMENT:
            shipment = ws.books.shipments.find(ShipmentId(row.our_id))
            labels[key] = f"{shipment.carrier} {shipment.tracking_number}".strip() if shipment else ""
        elif row.kind is OutboxKind.CUSTOMER and (customer := customers.get(CustomerId(row.our_id))):
            labels[key] = customer_label(customer)
        elif item := items.get(ItemId(row.our_id)):
            labels[key] = f"{item.code} {item.name}"
    return {key: label for key, label in labels.items() if label}


def retry_outbox(ws: Workspace, name: str, row_ids: Sequence[int] | None, *, confirmed: str = "") -> int:
    """Have rows tried again at once (None: all that were refused or are unknown); how many. `confirmed`: the cart's
    name as the person typed it, which lets rows pass that a brake held back (rule 14)."""
    document = ws.books.carts.get(name)
    if confirmed and confirmed != document.name:
        raise NeedsOperatorError(
            f"{confirmed!r} is not the cart's name.",
            Remedy(
                f"Type {document.name} to let them pass the brakes.",
                f"Add --confirm {document.name!r} to let them pass the brakes.",
            ),
        )
    wanted = row_ids
    if wanted is None:
        states = (OutboxState.REFUSED, OutboxState.UNKNOWN)
        wanted = [row.row_id for row in ws.books.outbox.list_rows(document.cart_id, states, 100_000)]
    with ws.books.transaction():
        done = ws.books.outbox.retry(document.cart_id, wanted, approved=bool(confirmed))
        if row_ids is not None and done < len(set(row_ids)):
            raise NeedsOperatorError(
                "Not all of these rows are waiting, refused or unknown.", f"See `cartui outbox {document.name!r}`."
            )
        if confirmed:
            ws.books.harms.forget(document.cart_id)
    return done


def stock_proofs(ws: Workspace, name: str, codes: Sequence[str] | None = None) -> list[StockProof]:
    """The arithmetic of these items (None: of all that are linked) in a cart, with what was last sent and seen."""
    document = ws.books.carts.get(name)
    if codes is not None:
        items = list(_items(ws, codes).values())
    else:
        items = ws.books.cart_items.linked_items(document.cart_id)
    return prove_stock(ws, document, items)


def prove_stock(ws: Workspace, document: CartDocument, items: Sequence[Item]) -> list[StockProof]:
    """As `stock_proofs`, of items that are at hand."""
    books, cart_id = ws.books, document.cart_id
    ids = [item.item_id for item in items]
    grounds = books.cart_items.stock_grounds(cart_id, items)
    told = books.cart_items.told(cart_id, ids)
    rows = {row.our_id: row for row in books.outbox.of_records(cart_id, OutboxKind.STOCK, ids)}
    meaning = books.cart_items.meaning(cart_id) or StockMeaning.FREE
    return [
        StockProof(
            item,
            stock_to_send(grounds[item.item_id], document.settings, meaning),
            grounds[item.item_id].rule,
            told.get(item.item_id, Told()),
            rows.get(item.item_id),
        )
        for item in items
    ]


def set_item_rules(ws: Workspace, name: str, edits: Mapping[str, Mapping[str, str]]) -> None:
    """Item code -> column (buffer, backorder, never_send, listed) -> text; blank takes buffer or backorder back to what
    the cart's settings say. All of them or none; their stock is sent anew."""
    document = ws.books.carts.get(name)
    items = _items(ws, list(edits))
    problems: list[str] = []
    with ws.books.transaction():
        known = ws.books.cart_items.rules(document.cart_id, [item.item_id for item in items.values()])
        rules: dict[ItemId, ItemRule] = {}
        for code, cells in edits.items():
            item_id = items[ItemCode(code)].item_id
            try:
                rules[item_id] = edited_rule(known.get(item_id, ItemRule()), cells)
            except ValueError as error:
                problems.append(f"{code}: {error}")
        if problems:
            raise NeedsOperatorError(" ".join(problems), "Nothing was changed.")
        ws.books.cart_items.set_rules(document.cart_id, rules)


def edited_rule(rule: ItemRule, cells: Mapping[str, str]) -> ItemRule:
    """A rule with typed cells; ValueError says what is wrong."""
    for column, text in cells.items():
        word = text.strip().casefold()
        if column == "buffer":
            rule = replace(rule, buffer=_buffer(word))
        elif column == "backorder":
            rule = replace(rule, backorder=None if not word else _flag(word))
        elif column == "never_send":
            rule = replace(rule, never_send=_flag(word or "no"))
        elif column == "listed":
            rule = replace(rule, listed=_flag(word or "no"))
        else:
            raise ValueError(f"there is no column {column!r}; the columns: {', '.join(RULE_COLUMNS)}.")
    return rule


def _buffer(word: str) -> Decimal | None:
    if not word:
        return None
    try:
        amount = parse_amount(word)
    except AmountError as error:
        raise ValueError(str(error)) from None
    if amount < 0:
        raise ValueError("the buffer can't be less than zero.")
    return amount


def _flag(word: str) -> bool:
    if word in _YES or word in _NO:
        return word in _YES
    raise ValueError("it is yes or no.")


def _items(ws: Workspace, codes: Sequence[str]) -> dict[ItemCode, Item]:
    found = ws.books.items.find_by_codes(list(codes))
    if missing := [code for code in codes if code not in found]:
        raise NeedsOperatorError(f"There is no item {', '.join(missing[:5])}.", "List the items to see their codes.")
    return found
