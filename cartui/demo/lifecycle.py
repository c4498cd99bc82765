"""What happens to an order after it was placed: paid, picked, shipped, cancelled, refunded. Changes the row in place.

Each step leaves the canonical states in agreement with the payments, refunds and shipments; the caller stamps
``modified_at`` and stores the row.
"""

from __future__ import annotations

from collections.abc import Sequence

from cartui.demo.pricing import EXPONENTS, parse_minor, parse_tenths, render_amount, render_quantity
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
    order: Row, moment: str, lines: Sequence[tuple[str, int]], carrier: str, tracking: str, **details: str | None
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
    exponent = EXPONENTS[order["currency"]]
    order["refunds"].append(
        {
            "refund_id": f"{order['order_id']}-r{len(order['refunds']) + 1}",
            "refunded_at": moment,
            "amount": render_amount(minor, exponent),
            "reason": reason,
        }
    )
    whole = _sum(order["refunds"], exponent) >= parse_minor(order["total"], exponent)
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


def _payment_state(order: Row) -> str:
    exponent = EXPONENTS[order["currency"]]
    total = parse_minor(order["total"], exponent)
    paid = _sum([payment for payment in order["payments"] if payment["state"] == "paid"], exponent)
    refunded = _sum(order["refunds"], exponent)
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
