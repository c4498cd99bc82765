"""Stock: which location counts, and absolute writes that are compared first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from pydantic import ValidationError

from cartui.adapters.bigcommerce.items import product_key, split_item_id, stock_shown, variants_of
from cartui.adapters.bigcommerce.parse import row_id
from cartui.adapters.bigcommerce.render import whole_pieces
from cartui.adapters.bigcommerce.session import PRODUCTS, BigCommerceSession
from cartui.adapters.bigcommerce.wire import ProductWire, StockWire, VariantWire
from cartui.domain.ids import CartItemId
from cartui.domain.records import StockResult, StockWrite, WriteState
from cartui.domain.safe_text import safe_text
from cartui.errors import AbortCycleError, HoldRecordError, UnknownOutcomeError
from cartui.transport import batches_of, set_in_batches

_ABSOLUTE: Final = "v3/inventory/adjustments/absolute"
_BATCH: Final = 1_000  # the shop takes 2,000; what is compared shall not be old when it is written


@dataclass(frozen=True, slots=True)
class Level:
    """What may be sold of an item, and what the shop keeps back of what is on hand."""

    free: Decimal
    safety: int


class StockDesk:
    """Reads and writes the stock of one store."""

    def __init__(self, session: BigCommerceSession) -> None:
        self._session = session

    def at_location(self, product_ids: Sequence[str]) -> dict[str, Decimal] | None:
        """Free stock by variant id at the chosen location; None without one, when the catalogue's numbers count."""
        location = self._session.chosen_location()
        if not location:
            return None
        return {one: level.free for one, level in self._levels(location, "product_id", product_ids).items()}

    def _levels(self, location: str, name: str, ids: Sequence[str]) -> dict[str, Level]:
        found: dict[str, Level] = {}
        for row in self._session.by_ids(f"v3/inventory/locations/{location}/items", name, ids, {}):
            try:
                wire = StockWire.model_validate(row)
            except ValidationError:
                continue  # an item without a level that can be read is refused when it is written
            key = wire.identity.variant_id or product_key(wire.identity.product_id)
            found[key] = Level(Decimal(wire.available_to_sell), wire.settings.safety_stock or 0)
        return found

    def set_stock(self, writes: Sequence[StockWrite]) -> list[StockResult]:
        """One result a write, in order. What was written before a failure is never forgotten."""
        return set_in_batches(batches_of(writes, _BATCH), self._set_batch)

    def _set_batch(self, writes: Sequence[StockWrite]) -> list[StockResult]:
        location = self._location()
        ids = [pair for one in writes if (pair := split_item_id(one.item_id))]
        rows = self._session.by_ids(PRODUCTS.path, "id", list(dict.fromkeys(one[0] for one in ids)), PRODUCTS.only)
        products = {row_id(row): row for row in rows}
        levels = self._levels(location, "variant_id", [one[1] for one in ids]) if location else {}
        judged = [self._judge(write, products, levels, location) for write in writes]
        wires = {str(write.item_id): one for write, one in zip(writes, judged, strict=True) if isinstance(one, dict)}
        done = self._send(wires)
        return [
            one if isinstance(one, StockResult) else done[write.item_id]
            for write, one in zip(writes, judged, strict=True)
        ]

    def _location(self) -> str:
        """The chosen location, or the only one; "" where there are several and none was chosen."""
        chosen = self._session.chosen_location()
        known = [] if chosen else self._session.locations()
        return chosen or (known[0].id if len(known) == 1 else "")

    @staticmethod
    def _judge(
        write: StockWrite, products: Mapping[str, Any], levels: Mapping[str, Level], location: str
    ) -> StockResult | dict[str, Any]:
        """The answer where nothing is to be written, else a row of the adjustment."""
        product_id, variant_id = split_item_id(write.item_id) or ("", "")
        row = products.get(product_id)
        variants = {row_id(one): one for one in variants_of(row)} if isinstance(row, dict) else {}
        if variant_id not in variants:
            return _refused(write, f"The shop has no item {safe_text(write.item_id, 60)}.")
        try:
            product, variant = ProductWire.model_validate(row), VariantWire.model_validate(variants[variant_id])
            pieces = whole_pieces(write.quantity, write.item_id)
        except ValidationError:
            return _refused(write, "The shop's item can't be read.")
        except HoldRecordError as error:
            return _refused(write, error.problem)
        shown = stock_shown(product, variant, len(variants), None)
        if shown is None:
            return _refused(write, "The shop does not count the stock of this item by itself.")
        if not location:
            return _refused(write, "The shop has several stock locations: set the cart's option Stock location.")
        level = levels.get(variant_id) or levels.get(product_key(product_id)) or Level(shown, 0)
        if write.expected is not None and write.expected != level.free:
            reason = "The shop's stock has changed meanwhile."
            return StockResult(write.item_id, WriteState.CONFLICT, level.free, reason)
        counted = {"product_id": int(product_id)} if product.inventory_tracking == "product" else {}
        return {
            "location_id": int(location),
            **(counted or {"variant_id": int(variant_id)}),
            "quantity": pieces + level.safety,
        }

    def _send(self, wires: Mapping[str, dict[str, Any]], *, begun: bool = False) -> dict[str, StockResult]:
        """One request takes all or none. A refusal does not say of which: halves are tried until it is known. Once a
        part was written (`begun`), what can't be sent any more is looked up like what was lost."""
        if not wires:
            return {}
        body = {"reason": "cartui", "items": list(wires.values())}
        names = list(wires)
        try:
            self._session.write("PUT", _ABSOLUTE, body, names[0] if len(names) == 1 else "stock")
        except AbortCycleError as error:
            if not (begun or isinstance(error, UnknownOutcomeError)):
                raise
            return {one: _result(one, WriteState.UNKNOWN, error.problem) for one in names}
        except HoldRecordError as error:
            if len(names) == 1:
                return {names[0]: _result(names[0], WriteState.REFUSED, error.problem)}
            half = len(names) // 2
            first, second = ({one: wires[one] for one in part} for part in (names[:half], names[half:]))
            return self._send(first, begun=begun) | self._send(second, begun=True)
        return {one: _result(one, WriteState.DONE, "") for one in names}


def _result(item_id: str, state: WriteState, reason: str) -> StockResult:
    return StockResult(CartItemId(item_id), state, reason=reason)


def _refused(write: StockWrite, reason: str) -> StockResult:
    return StockResult(write.item_id, WriteState.REFUSED, reason=reason)
