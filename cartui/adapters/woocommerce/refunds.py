"""Refunds: asked for only where an order's own row tells of some. From version 9 on those of many orders come at once
(`refunds?include=…`), before that order by order (`orders/…/refunds`).

An order's row names each refund's sum; what was given back stands in the refund's own lines (amounts and quantities
below zero, the line of the order in `_refunded_item_id`), and how many pieces went back to the shelf in the order's
line (`_restock_refunded_items`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from cartui.adapters.woocommerce.client import Client, rows_of
from cartui.adapters.woocommerce.listing import PER_PAGE, in_groups
from cartui.adapters.woocommerce.parse import UnreadableError, amount_of, name_of, parse_gmt
from cartui.domain.ports import BadRecord, Received
from cartui.domain.records import CartOrder, LineKind, Refund, RefundLine
from cartui.transport import NotFoundError

_FIELDS: Final = {"_fields": "id,parent_id,date_created_gmt,amount,reason,line_items,shipping_lines,fee_lines"}
_KINDS: Final = (
    ("line_items", LineKind.PRODUCT),
    ("shipping_lines", LineKind.SHIPPING),
    ("fee_lines", LineKind.FEE),
)


class RefundReader:
    def __init__(self, client: Client) -> None:
        self._client = client
        self._at_once: bool | None = None

    def complete(self, rows: Sequence[Any], received: Sequence[Received[CartOrder]]) -> tuple[Received[CartOrder], ...]:
        """The orders, with their refunds. An amount that can't be read makes its order a bad record."""
        by_id = {str(row.get("id")): row for row in rows if isinstance(row, dict) and row.get("refunds")}
        if not by_id:
            return tuple(received)
        told = self._read(by_id)
        return tuple(_with_refunds(one, by_id[one.external_id], told) if one.external_id in by_id else one
                     for one in received)  # fmt: skip

    def _read(self, orders: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
        """Rows of refunds by their ids; a shop that does not send one leaves it to the order's own row."""
        wanted = [number for row in orders.values() for number in _ids(row)]
        found: dict[str, Mapping[str, Any]] = {}
        if self._at_once is not False:
            for group in in_groups(wanted):
                asked = {"include": ",".join(group), "per_page": str(PER_PAGE), **_FIELDS}
                reply = self._client.find("refunds", asked, "refunds")
                self._at_once = reply is not None
                if reply is None:
                    break
                found |= _by_id(rows_of(reply, "refunds"))
        if self._at_once is False:
            for number in orders:
                found |= self._of_order(number)
        return found

    def _of_order(self, number: str) -> dict[str, Mapping[str, Any]]:
        try:
            reply = self._client.get(f"orders/{number}/refunds", {"per_page": str(PER_PAGE), **_FIELDS}, "refunds")
        except NotFoundError:
            return {}  # deleted a moment ago
        return _by_id(rows_of(reply, "refunds"))


def _with_refunds(
    one: Received[CartOrder], row: Mapping[str, Any], told: Mapping[str, Mapping[str, Any]]
) -> Received[CartOrder]:
    if isinstance(one.record, BadRecord):
        return one
    try:
        refunds = parse_refunds(row, told, one.record.modified_at)
    except UnreadableError as error:
        return replace(one, record=BadRecord(f"{error}."))
    return replace(one, record=replace(one.record, refunds=refunds))


def parse_refunds(
    order: Mapping[str, Any], told: Mapping[str, Mapping[str, Any]], otherwise: datetime
) -> tuple[Refund, ...]:
    """The refunds of an order's row, oldest first; `told` are the refunds' own rows by id, `otherwise` the time of one
    that has no row. `UnreadableError` for an amount that is none."""
    restocked = dict(_restocked(order))
    given: dict[str, Decimal] = {}
    for number in _ids(order):
        for line in _dicts(told.get(number, {}).get("line_items")):
            given[_refunded(line)] = given.get(_refunded(line), Decimal(0)) + _quantity(line)
    refunds = []
    for summary in _dicts(order.get("refunds")):
        number = str(summary.get("id") or "")
        row = told.get(number, {})
        amount = abs(amount_of(row.get("amount") or summary.get("total"), "refunds, amount"))
        if not number or not amount:
            continue
        reason = name_of(str(row.get("reason") or summary.get("reason") or ""))
        lines = _lines(row, amount, restocked, given)
        refunded_at = parse_gmt(row.get("date_created_gmt")) or otherwise
        refunds.append(Refund(number, refunded_at, amount, reason=reason, lines=lines))
    return tuple(sorted(refunds, key=lambda one: (one.refunded_at, one.refund_id)))


def _lines(
    row: Mapping[str, Any], amount: Decimal, restocked: Mapping[str, Decimal], given: Mapping[str, Decimal]
) -> tuple[RefundLine, ...]:
    lines = []
    for name, kind in _KINDS:
        for line in _dicts(row.get(name)):
            net, tax = -amount_of(line.get("total"), "refund, total"), -amount_of(line.get("total_tax"), "refund, tax")
            quantity = _quantity(line) if kind is LineKind.PRODUCT else Decimal(0)
            if not (net or tax or quantity):
                continue
            if net < 0 or tax < 0:
                return ()  # a fee below zero was taken back, too: the sum is what counts
            of = _refunded(line)
            text = name_of(line.get("name")) or name_of(line.get("method_title"))
            sku = name_of(line.get("sku"))
            restock = _restock(restocked.get(of, Decimal(0)), given.get(of, Decimal(0))) if quantity else None
            lines.append(RefundLine(net, kind, of, sku, text, quantity, tax, restock))
    left = amount - sum((line.amount + line.tax_amount for line in lines), Decimal(0))
    if left < 0:
        return ()
    if left and lines:
        lines.append(RefundLine(left, LineKind.FEE, text="Refunded beyond the lines"))
    return tuple(lines)


def _restock(back: Decimal, given: Decimal) -> bool | None:
    """Of all refunds of a line together; in part means of some of them, and is not known of each."""
    if not back:
        return False
    return True if back >= given else None


def _restocked(order: Mapping[str, Any]) -> Iterator[tuple[str, Decimal]]:
    for line in _dicts(order.get("line_items")):
        for entry in _dicts(line.get("meta_data")):
            if entry.get("key") == "_restock_refunded_items":
                yield str(line.get("id")), abs(amount_of(entry.get("value"), "pieces put back"))


def _refunded(line: Mapping[str, Any]) -> str:
    entries = _dicts(line.get("meta_data"))
    return next((str(one.get("value") or "") for one in entries if one.get("key") == "_refunded_item_id"), "")


def _quantity(line: Mapping[str, Any]) -> Decimal:
    return abs(amount_of(line.get("quantity"), "refund, quantity"))


def _ids(order: Mapping[str, Any]) -> list[str]:
    told = (str(one.get("id") or "") for one in _dicts(order.get("refunds")))
    return [number for number in told if number.isascii() and number.isdigit()]


def _by_id(rows: Iterable[Any]) -> dict[str, Mapping[str, Any]]:
    return {str(row.get("id")): row for row in rows if isinstance(row, dict)}


def _dicts(value: Any) -> list[Mapping[str, Any]]:
    told = list(value.values()) if isinstance(value, dict) else value
    return [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []
