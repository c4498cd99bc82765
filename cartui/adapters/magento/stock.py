"""Stock of Magento: `stockItems` of the item itself or, where the inventory modules of 2.3 are, the amounts that lie at
one source. Lists of items show neither."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from pydantic import ValidationError

from cartui.adapters.magento.errors import NoRouteError, RefusedSignInError
from cartui.adapters.magento.parse import as_rows, row_id
from cartui.adapters.magento.render import Where, batches, render_number
from cartui.adapters.magento.session import SOURCE_ITEMS, MagentoSession
from cartui.adapters.magento.wire import SourceItemWire, StockItemWire
from cartui.domain.records import StockResult, StockWrite, WriteState
from cartui.errors import AbortCycleError, HoldRecordError, UnknownOutcomeError
from cartui.transport import segment

Row = Mapping[str, Any]

MADE_OF_OTHERS: Final = ("configurable", "grouped", "bundle")
"""Types whose stock is that of their parts."""
_ONE_BY_ONE: Final = 10  # items whose stock is asked for singly; more of them cost less by the list of all
_LIST_ROWS: Final = 1_000
_ENDLESS: Final = "99999999"
_MOST_WRITES: Final = 100


class MagentoStock:
    """Reads and writes stock over a session. `has_sources` is None until it was looked up; `on_hand`: the amounts
    include what open orders hold."""

    def __init__(self, session: MagentoSession) -> None:
        self._session = session
        self._listed: dict[str, Decimal | None] | None = None
        self._list_is_whole = True
        self.has_sources: bool | None = None
        self.on_hand = False

    def look_up(self) -> bool:
        """Whether stock lies at sources that cartui may see. Without the right to see them, 2.3 and later still take
        the item's own stock, which is that of the source `default`."""
        if self.has_sources is None:
            try:
                self._session.page(SOURCE_ITEMS, [], size=1)
                self.has_sources = True
            except NoRouteError:
                self.has_sources = False
            except RefusedSignInError:
                self.has_sources, self.on_hand = False, True  # a call that is refused is there
            self.on_hand = self.on_hand or self.has_sources
        return self.has_sources

    def may_write(self) -> bool:
        """Whether stock at sources may be written, which newer versions than 2.4.4 have a right of its own for: tried
        with no rows at all, which is refused as empty where it is allowed."""
        try:
            self._session.ask("POST", SOURCE_ITEMS.path, body={"sourceItems": []}, record="stock", accept=(400,))
        except RefusedSignInError:
            return False
        return True

    def forget(self) -> None:
        """A new listing reads the list of all stock anew."""
        self._listed = None

    # --- reading

    def levels(self, rows: Sequence[Row]) -> dict[str, Decimal | None]:
        """The stock of rows of `products` by id; None: not tracked, or not told."""
        simple = [row for row in rows if row.get("type_id") not in MADE_OF_OTHERS and isinstance(row.get("sku"), str)]
        if self.look_up():
            held = self._at_source([row["sku"] for row in simple])
            return {row_id(row): one.quantity if (one := _of_sku(held, row["sku"])) else None for row in simple}
        if len(rows) <= _ONE_BY_ONE and self._listed is None:
            return {row_id(row): _level(self.stock_item(row)) for row in simple}
        listed = self._list_all()
        missing = [] if self._list_is_whole else [row for row in simple if row_id(row) not in listed]
        return {
            **{row_id(row): listed.get(row_id(row)) for row in simple},
            **{row_id(row): _level(self.stock_item(row)) for row in missing},
        }

    def stock_item(self, row: Row) -> StockItemWire | None:
        """The item's own stock, None where there is none or it can't be read."""
        try:
            reply = self._session.ask("GET", f"stockItems/{segment(row['sku'])}", record=row["sku"], accept=(404,))
            return StockItemWire.model_validate(reply.json) if reply.status == 200 else None
        except (ValidationError, HoldRecordError):
            return None

    def _list_all(self) -> dict[str, Decimal | None]:
        """Every item's own stock: what lies at or below more than anybody has. It has no order that is promised, so
        that rows may be missing from its pages; then they are asked for singly."""
        if self._listed is not None:
            return self._listed
        listed: dict[str, Decimal | None] = {}
        number = 1
        while True:
            params = {"scopeId": "0", "qty": _ENDLESS, "currentPage": str(number), "pageSize": str(_LIST_ROWS)}
            told = self._session.ask("GET", "stockItems/lowStock/", list(params.items())).json
            total = told.get("total_count") if isinstance(told, dict) else None
            if not isinstance(total, int):
                raise AbortCycleError("The shop's list of stock is not one.", "Test the connection.")
            rows = as_rows(told.get("items"))
            listed |= dict(_listed(rows))
            if not rows or number * _LIST_ROWS >= total:
                break
            number += 1
        self._listed, self._list_is_whole = listed, len(listed) >= total
        return listed

    def _at_source(self, skus: Sequence[str]) -> dict[str, SourceItemWire]:
        code = self._session.option("source_code") or "default"
        held: dict[str, SourceItemWire] = {}
        here = Where("source_code", "eq", code)  # one row a SKU: a list without an order must not have two pages
        plain = [sku for sku in dict.fromkeys(skus) if "," not in sku]
        rows: list[Row] = []
        for batch in batches(plain, 100):
            rows += self._session.all_of(SOURCE_ITEMS, [Where("sku", "in", ",".join(batch)), here])
        for sku in dict.fromkeys(skus):
            if "," in sku:  # the condition `in` would cut it there
                rows += self._session.page(SOURCE_ITEMS, [Where("sku", "eq", sku), here], size=100)[0]
        for row in rows:
            if row.get("source_code") != code:
                continue
            try:
                held[str(row.get("sku"))] = SourceItemWire.model_validate(row)
            except ValidationError:
                continue
        return held

    # --- writing

    def set_all(self, writes: Sequence[StockWrite], rows: Mapping[str, Row]) -> list[StockResult]:
        """Read, compare, write; one result a write, in order. `rows` are the items by id."""
        if not self.look_up():
            return [self._set_one(write, rows.get(write.item_id)) for write in writes]
        found = [rows[write.item_id] for write in writes if write.item_id in rows]
        held = self._at_source([row["sku"] for row in found if isinstance(row.get("sku"), str)])
        judged = [self._judge_source(write, rows.get(write.item_id), held) for write in writes]
        wires = [(write, one) for write, one in zip(writes, judged, strict=True) if isinstance(one, dict)]
        done: dict[int, StockResult] = {}
        for start in range(0, len(wires), _MOST_WRITES):
            part = wires[start : start + _MOST_WRITES]
            for (write, _), result in zip(part, self._send_sources(part), strict=True):
                done[id(write)] = result
        return [
            one if isinstance(one, StockResult) else done[id(write)] for write, one in zip(writes, judged, strict=True)
        ]

    def _set_one(self, write: StockWrite, row: Row | None) -> StockResult:
        if row is None:
            return _refused(write, f"The shop has no item {write.item_id}.")
        if reason := _unwritable(write, row):
            return _refused(write, reason)
        item = self.stock_item(row)
        if item is None:
            return _refused(write, "The shop has no stock of this item.")
        if not item.manage_stock:
            return _refused(write, "The shop does not track the stock of this item.", item.qty)
        if not item.is_qty_decimal and write.quantity != write.quantity.to_integral_value():
            return _refused(write, "The shop takes whole pieces of this item only.", item.qty)
        if write.expected is not None and write.expected != item.qty:
            return StockResult(write.item_id, WriteState.CONFLICT, item.qty, "The shop's stock has changed meanwhile.")
        wire: dict[str, Any] = {"qty": render_number(write.quantity)}
        if write.quantity > 0 and (item.qty or 0) <= 0:
            wire["is_in_stock"] = True  # Magento does it by itself only where it was Magento that switched it off
        path = f"products/{segment(row['sku'])}/stockItems/{segment(item.item_id or '0')}"
        return self._sent(write, "PUT", path, {"stockItem": wire})

    def _sent(self, write: StockWrite, method: str, path: str, body: object) -> StockResult:
        try:
            self._session.ask(method, path, body=body, writes=True, idempotent=False, record=str(write.item_id))
        except UnknownOutcomeError as error:
            return StockResult(write.item_id, WriteState.UNKNOWN, reason=error.problem)
        except HoldRecordError as error:
            return _refused(write, error.problem)
        return StockResult(write.item_id, WriteState.DONE, write.quantity)

    def _judge_source(
        self, write: StockWrite, row: Row | None, held: Mapping[str, SourceItemWire]
    ) -> StockResult | dict[str, Any]:
        if row is None:
            return _refused(write, f"The shop has no item {write.item_id}.")
        if reason := _unwritable(write, row):
            return _refused(write, reason)
        item = _of_sku(held, row["sku"])
        if item is None:
            source = self._session.option("source_code") or "default"
            return _refused(write, f"The item is not assigned to the inventory source {source} of the shop.")
        if write.expected is not None and write.expected != item.quantity:
            said = "The shop's stock has changed meanwhile."
            return StockResult(write.item_id, WriteState.CONFLICT, item.quantity, said)
        return {
            "sku": item.sku,
            "source_code": item.source_code,
            "quantity": render_number(write.quantity),
            "status": self._status(write.quantity, item, row),
        }

    def _status(self, quantity: Decimal, item: SourceItemWire, row: Row) -> int:
        """In or out of stock, which must be said: kept as it is, but for what comes back or runs out."""
        if quantity > 0:
            return 1 if item.quantity <= 0 else int(item.status)
        if item.quantity <= 0 or not item.status:
            return int(item.status)
        own = self.stock_item(row)
        return int(own is not None and own.backorders > 0)

    def _send_sources(self, part: Sequence[tuple[StockWrite, dict[str, Any]]]) -> list[StockResult]:
        """One call for many; one that is refused as a whole is sent row by row, to find the row."""
        body = {"sourceItems": [wire for _, wire in part]}
        first = self._sent(part[0][0], "POST", SOURCE_ITEMS.path, body)
        if first.state is WriteState.REFUSED and len(part) > 1:
            return [self._sent(write, "POST", SOURCE_ITEMS.path, {"sourceItems": [wire]}) for write, wire in part]
        return [
            StockResult(
                write.item_id, first.state, write.quantity if first.state is WriteState.DONE else None, first.reason
            )
            for write, _ in part
        ]


def _listed(rows: Sequence[Row]) -> Iterator[tuple[str, Decimal | None]]:
    """By the item's id; a row that does not say whether its stock is tracked is taken to be."""
    for row in rows:
        try:
            yield str(row.get("product_id")), _level(StockItemWire.model_validate(row))
        except ValidationError:
            continue


def _level(item: StockItemWire | None) -> Decimal | None:
    return item.qty if item is not None and item.manage_stock else None


def _of_sku(held: Mapping[str, SourceItemWire], sku: str) -> SourceItemWire | None:
    """MySQL finds a SKU whatever its case; the right one is the exact one, or the only one."""
    if sku in held:
        return held[sku]
    alike = [one for name, one in held.items() if name.casefold() == sku.casefold()]
    return alike[0] if len(alike) == 1 else None


def _refused(write: StockWrite, reason: str, current: Decimal | None = None) -> StockResult:
    return StockResult(write.item_id, WriteState.REFUSED, current, reason)


def _unwritable(write: StockWrite, row: Row) -> str:
    """Why nothing is to be sent, "" for a write that may be."""
    if not isinstance(row.get("sku"), str):
        return "The shop's item has no SKU."
    if row.get("type_id") in MADE_OF_OTHERS:
        return "The stock of this item is that of its parts."
    return "Stock can't be set below zero." if write.quantity < 0 else ""
