"""Credit memos as refunds. Pure.

grand_total = rows + shipping + discount (negative) + discount tax compensation + tax + adjustment
(app/code/Magento/Sales/Model/Order/Creditmemo/Total). Memos are in the order's currency.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from pydantic import Field, ValidationError

from cartui.adapters.magento.wire import Amount, CommentWire, Id, Many, Number, OptionalId, Stamp, Text, Wire
from cartui.domain.money import places_of
from cartui.domain.records import LineKind, Refund, RefundLine, RefundState
from cartui.domain.safe_text import safe_text

_STATES: Final = {1: RefundState.PENDING, 2: RefundState.DONE}  # 3 is a memo that was cancelled
_ZERO: Final = Decimal(0)


class MemoLineWire(Wire):
    order_item_id: OptionalId = ""
    sku: Text = ""
    name: Text = ""
    qty: Amount = _ZERO
    row_total: Amount = _ZERO
    tax_amount: Amount = _ZERO
    discount_amount: Amount = _ZERO  # positive, unlike the memo's own
    discount_tax_compensation_amount: Amount = _ZERO


class MemoWire(Wire):
    entity_id: Id
    order_id: Id
    created_at: Stamp
    state: Amount = Decimal(2)
    grand_total: Number
    tax_amount: Amount = _ZERO
    shipping_amount: Amount = _ZERO
    shipping_tax_amount: Amount = _ZERO
    discount_amount: Amount = _ZERO  # of goods and shipping
    discount_tax_compensation_amount: Amount = _ZERO
    order_currency_code: Text = ""
    adjustment: Amount = _ZERO
    customer_note: Text = ""
    items: Many[MemoLineWire] = Field(default=[])
    comments: Many[CommentWire] = Field(default=[])


def parse_refund(row: Mapping[str, Any], line_ids: Collection[str]) -> Refund | None:
    """A row of `creditmemos`, itemised where its parts add up to it; None for one that gives nothing back.
    `line_ids`: of the order's lines. ValidationError for a row that can't be read."""
    memo = MemoWire.model_validate(row)
    state = _STATES.get(int(memo.state))
    if state is None or memo.grand_total <= 0:
        return None
    amount = _rounded(memo)
    lines = _lines(memo, line_ids, amount)
    told = sum((line.amount + line.tax_amount for line in lines), _ZERO)
    whole = told == amount and all(line.amount >= 0 and line.tax_amount >= 0 for line in lines)
    notes = [memo.customer_note, *(one.comment for one in memo.comments)]
    return Refund(
        refund_id=memo.entity_id,
        refunded_at=memo.created_at,
        amount=amount,
        state=state,
        reason=safe_text(next(filter(None, notes), ""), 200),
        lines=tuple(lines) if whole else (),
    )


def _rounded(memo: MemoWire) -> Decimal:
    """What went back: Magento rounds a memo only when it adds it to its order's."""
    if not memo.order_currency_code:
        return memo.grand_total
    unit = Decimal(1).scaleb(-places_of(memo.order_currency_code))
    return memo.grand_total.quantize(unit, ROUND_HALF_UP)


def _lines(memo: MemoWire, line_ids: Collection[str], amount: Decimal) -> list[RefundLine]:
    """Goods, shipping and adjustment. What the memo's discount is more than its goods' is shipping's; what Magento left
    unrounded (a part of shipping's discount) goes the way that the memo's total went."""
    lines = [_line(one, line_ids) for one in memo.items if one.row_total or one.tax_amount]
    if memo.shipping_amount:
        net = memo.shipping_amount + memo.discount_amount + memo.discount_tax_compensation_amount
        net += sum((one.discount_amount - one.discount_tax_compensation_amount for one in memo.items), _ZERO)
        net += amount - memo.grand_total
        shipping = RefundLine(net, LineKind.SHIPPING, text="Shipping")
        lines.append(_taxed(shipping, memo.shipping_tax_amount))
    if memo.adjustment:
        lines.append(RefundLine(memo.adjustment, LineKind.FEE, text="Adjustment"))
    return lines


def _line(wire: MemoLineWire, line_ids: Collection[str]) -> RefundLine:
    return RefundLine(
        wire.row_total - wire.discount_amount + wire.discount_tax_compensation_amount,
        line_id=wire.order_item_id if wire.order_item_id in line_ids else "",
        sku=wire.sku,
        text=wire.name,
        quantity=wire.qty,
        tax_amount=wire.tax_amount,
    )


def _taxed(line: RefundLine, tax: Decimal) -> RefundLine:
    return RefundLine(line.amount, line.kind, text=line.text, tax_amount=tax)


def order_of(row: Mapping[str, Any]) -> str:
    """The id of a memo's order, "" where it says none."""
    found = row.get("order_id")
    return str(found) if isinstance(found, int | str) and not isinstance(found, bool) else ""


__all__ = ["ValidationError", "order_of", "parse_refund"]
