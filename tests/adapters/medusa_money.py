"""Medusa's own arithmetic, after its `totals` of 2.21.2: nothing is rounded, and what came back is left out."""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import Any

Row = dict[str, Any]
HUNDRED = Decimal(100)


def exact(**amounts: Decimal) -> Row:
    """Each amount as Medusa writes it: a float, and beside it a text of twenty digits."""
    row: Row = {}
    with localcontext() as context:
        context.prec = 20
        for name, amount in amounts.items():
            plain = format((+amount).normalize(), "f")
            row |= {name: float(amount), f"raw_{name}": {"value": plain, "precision": 20}}
    return row


def line_totals(line: Row, *, pieces: Decimal) -> Row:
    """What `pieces` pieces of a line cost; the line has unit_price, quantity, rate, inclusive, codes (code -> net)."""
    price, rate = Decimal(line["unit_price"]), Decimal(line["rate"]) / HUNDRED
    whole = Decimal(line["quantity"])
    net = price * pieces / (1 + rate) if line["inclusive"] else price * pieces
    taken = sum((Decimal(amount) for amount in line["codes"].values()), Decimal(0)) * pieces / whole
    tax = (net - taken) * rate
    return {
        "quantity": line["quantity"],
        "is_tax_inclusive": line["inclusive"],
        "tax_lines": [
            {"description": "VAT", "code": "vat", "rate": line["rate"], **exact(total=tax)},
        ],
        "adjustments": [
            {"code": code, **exact(amount=Decimal(amount), subtotal=Decimal(amount))}
            for code, amount in line["codes"].items()
        ],
        **exact(
            unit_price=price, subtotal=net, total=net - taken + tax, discount_subtotal=taken, tax_total=tax
        ),
    }  # fmt: skip


def order_total(items: list[Row], methods: list[Row], credited: list[Row]) -> Decimal:
    gross = sum((Decimal(one["raw_total"]["value"]) for one in [*items, *methods]), Decimal(0))
    return gross - sum((Decimal(one["raw_amount"]["value"]) for one in credited), Decimal(0))
