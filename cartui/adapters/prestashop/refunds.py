"""Credit slips as refunds. Pure.

classes/order/OrderSlip.php: the slip's totals are of its goods and of shipping; `amount` is what staff chose to give
back for the goods where that is less than their price (a voucher that was used up, an amount of their own).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from cartui.adapters.prestashop.fields import amount_of, associated, minor, text_of
from cartui.adapters.prestashop.moments import ShopClock
from cartui.adapters.prestashop.wire import Row
from cartui.domain.records import LineKind, Refund, RefundLine

_ZERO: Final = Decimal(0)
_CENT: Final = Decimal("0.01")


def slip_amount(slip: Row) -> Decimal:
    """Gross, positive."""
    goods, chosen = amount_of(slip, "total_products_tax_incl"), amount_of(slip, "amount")
    net = amount_of(slip, "total_products_tax_excl")
    if 0 < chosen < goods - _CENT and abs(chosen - net) > _CENT:
        goods = chosen
    whole = goods + amount_of(slip, "total_shipping_tax_incl")
    return whole or chosen + amount_of(slip, "shipping_cost_amount")


def parse_refund(slip: Row, details: Mapping[str, Row], clock: ShopClock, places: int) -> Refund | None:
    """A slip with its pieces, where they add up to it; None for one that gives nothing back. `details`: the order's, by
    id; `places`: of the currency."""
    amount = minor(slip_amount(slip), places)
    if amount <= 0:
        return None
    lines = [_line(one, details, places) for one in associated(slip, "order_slip_details")]
    net, gross = (minor(amount_of(slip, f"total_shipping_tax_{side}"), places) for side in ("excl", "incl"))
    if gross:
        lines.append(RefundLine(net, LineKind.SHIPPING, text="Shipping", tax_amount=gross - net))
    told = sum((line.amount + line.tax_amount for line in lines), _ZERO)
    return Refund(
        refund_id=text_of(slip, "id"),
        refunded_at=clock.latest(text_of(slip, "date_add"), "credit slip, date_add"),
        amount=amount,
        lines=tuple(lines) if told == amount else (),
    )


def _line(row: Row, details: Mapping[str, Row], places: int) -> RefundLine:
    detail = details.get(text_of(row, "id_order_detail"), {})
    net, gross = (minor(amount_of(row, f"amount_tax_{side}"), places) for side in ("excl", "incl"))
    return RefundLine(
        net,
        line_id=text_of(detail, "id"),
        sku=text_of(detail, "product_reference"),
        text=text_of(detail, "product_name"),
        quantity=amount_of(row, "product_quantity"),
        tax_amount=gross - net,
    )
