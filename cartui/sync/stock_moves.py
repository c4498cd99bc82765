"""Stock by hand: opening, receipt, return, count and adjustment, each with its reason; and the ledger to read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from cartui.books.stock import LedgerEntry
from cartui.domain.documents import Item
from cartui.domain.ids import ItemCode
from cartui.domain.posting import StockKind, StockMove
from cartui.errors import NeedsOperatorError
from cartui.sync.workspace import Workspace

BY_HAND = (StockKind.OPENING, StockKind.RECEIPT, StockKind.RETURN, StockKind.COUNT, StockKind.ADJUST)


@dataclass(frozen=True, slots=True)
class TypedMove:
    """What a person says of one item. `quantity`: for OPENING and COUNT what is there, else the difference. `unit_cost`
    in the item's currency: what a received piece cost."""

    code: ItemCode
    quantity: Decimal
    unit_cost: Decimal | None = None


def move_stock(ws: Workspace, kind: StockKind, typed: Sequence[TypedMove], reason: str) -> list[Item]:
    """Write these to the ledger, all or none; the items afterwards. `NeedsOperatorError` names all that is wrong."""
    if kind not in BY_HAND:
        raise NeedsOperatorError("Sales move stock by approving their document.", "Approve it.")
    if not reason.strip():
        raise NeedsOperatorError("A movement of stock needs a reason.", "Say why in a few words.")
    with ws.books.transaction():
        items = ws.books.items.find_by_codes([one.code for one in typed])
        ensure(_problems(kind, typed, items))
        ws.books.stock.value_openings(ws.actor)
        moves = [_move(kind, one, items[one.code], reason.strip()) for one in typed]
        ws.books.stock.move([move for move, item in moves if move.quantity or item.on_hand is None], ws.actor)
        after = ws.books.items.find_by_ids([item.item_id for _, item in moves])
    return list(after.values())


def _move(kind: StockKind, typed: TypedMove, item: Item, reason: str) -> tuple[StockMove, Item]:
    absolute = kind in (StockKind.OPENING, StockKind.COUNT)
    quantity = typed.quantity - (item.on_hand or Decimal(0)) if absolute else typed.quantity
    cost = typed.unit_cost if typed.unit_cost is not None else item.cost
    return StockMove(item.item_id, kind, quantity, reason, cost, item.currency), item


def _problems(kind: StockKind, typed: Sequence[TypedMove], items: dict[ItemCode, Item]) -> list[str]:
    problems = []
    if len({one.code for one in typed}) < len(typed):
        problems.append("An item stands twice.")
    for one in typed:
        item = items.get(one.code)
        if item is None:
            problems.append(f"There is no item {one.code!r}.")
        elif item.is_default:
            problems.append(f"{one.code} is the default item; it has no stock.")
        elif kind is StockKind.OPENING and item.on_hand is not None:
            problems.append(f"{one.code} has a stock of {item.on_hand.normalize():f} already: count it instead.")
        if one.quantity < 0 and kind is not StockKind.ADJUST:
            problems.append(f"{one.code}: the quantity can't be negative.")
    return problems


def ensure(problems: Sequence[str]) -> None:
    """Raise all of them at once."""
    if problems:
        raise NeedsOperatorError(" ".join(problems), "Nothing was changed.")


def stock_ledger(ws: Workspace, code: ItemCode | None = None, limit: int = 1000) -> list[LedgerEntry]:
    """The newest lines of the ledger, of one item if asked."""
    if code is None:
        return ws.books.stock.entries(limit=limit)
    item = ws.books.items.find_by_codes([code]).get(code)
    if item is None:
        raise NeedsOperatorError(f"There is no item {code!r}.", "`cartui list NAME items` shows them.")
    return ws.books.stock.entries(item.item_id, limit)
