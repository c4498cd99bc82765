"""Stock: absolute writes that are compared first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError

from cartui.adapters.medusa.lists import VARIANTS
from cartui.adapters.medusa.parse import levels_of, split_item_id, stock_of
from cartui.adapters.medusa.render import render_number
from cartui.adapters.medusa.session import MedusaSession, record_path
from cartui.adapters.medusa.wire import Terms, VariantWire
from cartui.domain.ids import CartItemId
from cartui.domain.records import StockResult, StockWrite, WriteState
from cartui.errors import AbortCycleError, HoldRecordError, UnknownOutcomeError
from cartui.transport import NotFoundError, batches_of, segment, set_in_batches

_PATH: Final = "admin/inventory-items/location-levels/batch"
_BATCH: Final = 100  # what is compared shall not be old when it is written
_UPDATE, _CREATE = "update", "create"


class StockDesk:
    """Reads and writes the stock of one shop."""

    def __init__(self, session: MedusaSession) -> None:
        self._session = session
        self._singly = False  # the shop has no batch: before 2.2

    def set_stock(self, writes: Sequence[StockWrite]) -> list[StockResult]:
        """One result a write, in order. What was written before a failure is never forgotten."""
        return set_in_batches(batches_of(writes, _BATCH), self._set_batch)

    def _set_batch(self, writes: Sequence[StockWrite]) -> list[StockResult]:
        terms = self._session.known_terms()
        location = terms.location or self.only_location()
        rows = self._session.by_ids(VARIANTS, [split_item_id(one.item_id)[1] for one in writes])
        known = {str(row.get("id")): row for row in rows}
        judged = [self._judge(one, known.get(split_item_id(one.item_id)[1]), terms, location) for one in writes]
        wires = {str(write.item_id): one for write, one in zip(writes, judged, strict=True) if isinstance(one, dict)}
        done = self._send(wires)
        return [
            one if isinstance(one, StockResult) else done[write.item_id]
            for write, one in zip(writes, judged, strict=True)
        ]

    def only_location(self) -> str:
        """The shop's one stock location, "" where there are several."""
        known = self._session.locations()
        return known[0].id if len(known) == 1 else ""

    @staticmethod
    def _judge(write: StockWrite, row: Mapping[str, Any] | None, terms: Terms, location: str) -> Any:
        """The answer where nothing is to be written, else a row of the batch with its kind."""
        if row is None:
            return _refused(write, f"The shop has no item {write.item_id}.")
        try:
            variant = VariantWire.model_validate(row)
        except ValidationError:
            return _refused(write, "The shop's item can't be read.")
        current, parts = stock_of(variant, terms), variant.inventory_items
        if current is None:
            return _refused(write, "The shop does not count the stock of this item.")
        if len(parts) != 1 or parts[0].required_quantity != 1:
            return _refused(write, "The item is a kit: its stock is that of its parts.")
        levels = levels_of(parts[0], terms)
        place = levels[0].location_id if len(levels) == 1 else location
        if not place:
            return _refused(write, "The shop has several stock locations: set the cart's option Stock location.")
        if write.expected is not None and write.expected != current:
            return StockResult(write.item_id, WriteState.CONFLICT, current, "The shop's stock has changed meanwhile.")
        held = levels[0].reserved_quantity if levels and terms.free else 0
        if write.quantity + held < 0:
            return _refused(write, "The shop takes no stock below 0.")
        try:
            pieces = render_number(write.quantity + held, write.item_id)
        except HoldRecordError as error:
            return _refused(write, error.problem)
        level = {"inventory_item_id": parts[0].inventory_item_id, "location_id": place, "stocked_quantity": pieces}
        return {(_UPDATE if levels else _CREATE): level}

    def _send(self, wires: Mapping[str, dict[str, Any]], *, begun: bool = False) -> dict[str, StockResult]:
        """One request takes all or none. A refusal does not say of which: halves are tried until it is known. Once a
        part was written (`begun`), what can't be sent any more is looked up like what was lost."""
        if not wires:
            return {}
        names = list(wires)
        if self._singly and len(names) > 1:
            return self._send_halves(wires, begun=begun)
        try:
            self._write(wires)
        except AbortCycleError as error:
            if not (begun or isinstance(error, UnknownOutcomeError)):
                raise
            return {one: StockResult(CartItemId(one), WriteState.UNKNOWN, reason=error.problem) for one in names}
        except HoldRecordError as error:
            if len(names) == 1:
                return {names[0]: StockResult(CartItemId(names[0]), WriteState.REFUSED, reason=error.problem)}
            return self._send_halves(wires, begun=begun)
        return {one: StockResult(CartItemId(one), WriteState.DONE) for one in names}

    def _send_halves(self, wires: Mapping[str, dict[str, Any]], *, begun: bool) -> dict[str, StockResult]:
        names = list(wires)
        half = len(names) // 2
        first, second = ({one: wires[one] for one in part} for part in (names[:half], names[half:]))
        return self._send(first, begun=begun) | self._send(second, begun=True)

    def _write(self, wires: Mapping[str, dict[str, Any]]) -> None:
        name = next(iter(wires)) if len(wires) == 1 else "stock"
        body = {
            kind: [one[kind] for one in wires.values() if kind in one]
            for kind in (_UPDATE, _CREATE)
            if any(kind in one for one in wires.values())
        }
        if not self._singly:
            try:
                self._session.write(_PATH, body, name)
            except NotFoundError:
                if len(wires) > 1:
                    raise
            else:
                return
        ((kind, (level,)),) = body.items()
        path = record_path("admin/inventory-items", level["inventory_item_id"], "location-levels")
        if kind == _UPDATE:
            path = f"{path}/{segment(level['location_id'])}"
        wanted = ("stocked_quantity",) if kind == _UPDATE else ("stocked_quantity", "location_id")
        self._session.write(path, {one: level[one] for one in wanted}, name)
        self._singly = True


def _refused(write: StockWrite, reason: str) -> StockResult:
    return StockResult(write.item_id, WriteState.REFUSED, reason=reason)
