"""What happens to an order after it was placed: paid, picked, shipped, cancelled, refunded. Changes the row in place.

Each step leaves the canonical states in agreement with the payments, refunds and shipments; the caller stamps
``modified_at`` and stores the row.
"""

from __future__ import annotations

from collections.abc import Sequence

from cartui.demo.pricing import EXPONENTS, parse_minor, parse_tenths, render_amount, render_quantity, round_half_up
from cartui.demo.wire import Row

ORDER_STATES = {
    "awaiting-payment": "open",
    "payment-failed": "open",
    "paid": "open",
    "picking": "open",
    "on-hold": "on_hold",
    "part-shipped": "open",
    "shipped": "open",
    "completed": "closed",
    "part-refunded": "closed",
    "refunded": "closed",
    "cancelled": "cancelled",
}
"""The shop's own status words and the canonical order state of each; stated by ping."""
SETTABLE = ("picking", "on-hold", "completed", "cancelled")
"""The words that staff may set; the others follow from payments, parcels and refunds."""


def set_status(order: Row, status: str) -> None:
    """Set the shop's own word, and derive the three canonical states."""
    order["status"] = status
    order["order_state"] = ORDER_STATES[status]
    order["payment_state"] = _payment_state(order)
    order["fulfilment_state"] = _fulfilment_state(order)


def pay(order: Row, moment: str, method: str, *, captured: bool = True) -> None:
    """The whole total is paid, or only authorised. The status stays with the shop's word for it."""
    payment = _payment(order, moment, method, order["total"], "paid" if captured else "authorized")
    order["payments"].append(payment)
    set_status(order, "paid" if captured else "awaiting-payment")


def pay_part(order: Row, moment: str, method: str) -> None:
    """A first instalment: about half of the total."""
    exponent = EXPONENTS[order["currency"]]
    half = render_amount(parse_minor(order["total"], exponent) // 2, exponent)
    order["payments"].append(_payment(order, moment, method, half, "paid"))
    set_status(order, "awaiting-payment")


def fail_payment(order: Row, moment: str, method: str) -> None:
    """The payment was refused by the provider."""
    order["payments"].append(_payment(order, moment, method, order["total"], "failed"))
    set_status(order, "payment-failed")


def open_tenths(order: Row) -> dict[str, int]:
    """Line id to tenths not shipped yet, of the product lines."""
    left = {line["line_id"]: parse_tenths(line["quantity"]) for line in order["lines"] if line["kind"] == "product"}
    for shipment in order["shipments"]:
        for line in shipment["lines"]:
            left[line["line_id"]] -= parse_tenths(line["quantity"])
    return left


def ship(order: Row, shipment: Row) -> None:
    """Add a shipment; the status says whether anything is left."""
    order["shipments"].append(shipment)
    set_status(order, "part-shipped" if any(open_tenths(order).values()) else "shipped")


def build_shipment(
    order: Row, moment: str, lines: Sequence[tuple[str, int]], carrier: str, tracking: str | None, **details: str | None
) -> Row:
    """A shipment row for (line id, tenths) pairs; ids count within the order."""
    return {
        "shipment_id": f"{order['order_id']}-s{len(order['shipments']) + 1}",
        "shipped_at": moment,
        "carrier": carrier,
        "tracking_number": tracking,
        "tracking_url": details.get("tracking_url"),
        "external_key": details.get("external_key"),
        "lines": [{"line_id": line_id, "quantity": render_quantity(tenths)} for line_id, tenths in lines],
    }


def ship_all(order: Row, moment: str, carrier: str, tracking: str) -> None:
    """One parcel with everything that is left."""
    left = [(line_id, tenths) for line_id, tenths in open_tenths(order).items() if tenths]
    ship(order, build_shipment(order, moment, left, carrier, tracking))


def ship_first_line(order: Row, moment: str, carrier: str, tracking: str) -> None:
    """One parcel with the first line only."""
    line_id, tenths = next((line_id, tenths) for line_id, tenths in open_tenths(order).items() if tenths)
    ship(order, build_shipment(order, moment, [(line_id, tenths)], carrier, tracking))


def refund(order: Row, moment: str, minor: int, reason: str) -> None:
    """Give money back; all of it or a part."""
    lines = [_refund_line(order, line, parse_tenths(line["quantity"]), restock=True) for line in order["lines"]]
    exponent = EXPONENTS[order["currency"]]
    itemised = minor == sum(_gross(line, exponent) for line in lines) and not order["refunds"]
    _give_back(order, moment, minor, reason, lines if itemised else [])


def refund_piece(order: Row, moment: str, reason: str, *, restock: bool, state: str = "done") -> None:
    """Give the money for one unit of the first product line back, never more than the order's total."""
    exponent = EXPONENTS[order["currency"]]
    first = next(line for line in order["lines"] if line["kind"] == "product")
    piece = _refund_line(order, first, min(10, parse_tenths(first["quantity"])), restock=restock)
    minor, total = _gross(piece, exponent), parse_minor(order["total"], exponent)
    _give_back(order, moment, min(minor, total), reason, [piece] if 0 < minor <= total else [], state)


def _refund_line(order: Row, line: Row, tenths: int, *, restock: bool) -> Row:
    exponent = EXPONENTS[order["currency"]]
    bought = parse_tenths(line["quantity"])
    parts = {
        name: render_amount(round_half_up(parse_minor(line[name], exponent) * tenths, bought), exponent)
        for name in ("net_amount", "tax_amount")
    }
    stocked = restock if line["kind"] == "product" else None
    return {"line_id": line["line_id"], "quantity": render_quantity(tenths), **parts, "restocked": stocked}


def _gross(line: Row, exponent: int) -> int:
    return parse_minor(line["net_amount"], exponent) + parse_minor(line["tax_amount"], exponent)


def _give_back(order: Row, moment: str, minor: int, reason: str, lines: list[Row], state: str = "done") -> None:
    exponent = EXPONENTS[order["currency"]]
    order["refunds"].append(
        {
            "refund_id": f"{order['order_id']}-r{len(order['refunds']) + 1}",
            "refunded_at": moment,
            "amount": render_amount(minor, exponent),
            "reason": reason,
            "state": state,
            "lines": lines,
        }
    )
    whole = _refunded(order, exponent) >= parse_minor(order["total"], exponent)
    set_status(order, "refunded" if whole else "part-refunded")


def _payment(order: Row, moment: str, method: str, amount: str, state: str) -> Row:
    number = len(order["payments"]) + 1
    return {
        "payment_id": f"{order['order_id']}-p{number}",
        "method": method,
        "state": state,
        "amount": amount,
        "paid_at": moment if state == "paid" else None,
        "reference": f"{method[:2].upper()}{order['order_id'][4:]}{number}",
    }


def _sum(rows: Sequence[Row], exponent: int) -> int:
    return sum(parse_minor(row["amount"], exponent) for row in rows)


def _refunded(order: Row, exponent: int) -> int:
    """What has gone back; one that is still pending has not."""
    return _sum([one for one in order["refunds"] if one.get("state", "done") == "done"], exponent)


def _payment_state(order: Row) -> str:
    exponent = EXPONENTS[order["currency"]]
    total = parse_minor(order["total"], exponent)
    paid = _sum([payment for payment in order["payments"] if payment["state"] == "paid"], exponent)
    refunded = _refunded(order, exponent)
    if refunded:
        return "refunded" if refunded >= paid else "partially_refunded"
    if paid >= total:
        return "paid"
    if paid:
        return "partially_paid"
    states = {payment["state"] for payment in order["payments"]}
    if order["status"] == "cancelled":
        return "voided"
    return next((state for state in ("authorized", "failed") if state in states), "pending")


def _fulfilment_state(order: Row) -> str:
    left = open_tenths(order)
    if order["status"] in ("completed", "refunded", "part-refunded") and order["shipments"]:
        return "delivered"
    if not any(left.values()):
        return "shipped"
    if order["shipments"]:
        return "partially_shipped"
    if order["status"] == "on-hold":
        return "on_hold"
    return "in_progress" if order["status"] == "picking" else "unfulfilled"
