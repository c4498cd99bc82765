"""Absolute stock, written in batches after a look at what the shop holds.

WooCommerce takes a quantity for a product whose stock it does not track, answers 200 and keeps nothing; the same with a
variation whose stock is its product's. Both are refused here, and what the answer shows is compared with what was sent.
A batch answers 200 with an error in each row that failed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from pydantic import ValidationError

from cartui.adapters.woocommerce import wire
from cartui.adapters.woocommerce.client import Client
from cartui.adapters.woocommerce.errors import words_of
from cartui.adapters.woocommerce.parse import UnreadableError, split_id, stock_of
from cartui.adapters.woocommerce.render import render_quantity
from cartui.domain.ids import CartItemId
from cartui.domain.records import StockResult, StockWrite, WriteState
from cartui.errors import CartuiError, HoldRecordError, NeedsOperatorError, UnknownOutcomeError
from cartui.transport import StoppedError

MOST: Final = 100  # rows of a batch; more is a 413


@dataclass(frozen=True, slots=True)
class Located:
    """A row of a product, or of a variation with its product's."""

    row: Any
    parent: Mapping[str, Any] | None = None


class StockWriter:
    """`locate` gives the rows of items by their ids; what is not in the shop is absent."""

    def __init__(self, client: Client, locate: Callable[[Sequence[str]], Mapping[str, Located]]) -> None:
        self._client = client
        self._locate = locate

    def set_stock(self, writes: Sequence[StockWrite]) -> Sequence[StockResult]:
        """One result a write, in order. A shop that can't be reached any more after something was written leaves the
        rest unknown; before that it raises."""
        results: list[StockResult] = []
        for batch in _batches(writes):
            try:
                results += self._set_batch(batch)
            except StoppedError:
                raise
            except CartuiError as error:
                if not results or isinstance(error, NeedsOperatorError):
                    raise
                results += [StockResult(one.item_id, WriteState.UNKNOWN, reason=error.problem) for one in batch]
        return results

    def _set_batch(self, batch: Sequence[StockWrite]) -> list[StockResult]:
        found = self._locate([write.item_id for write in batch])
        results: dict[CartItemId, StockResult | None] = {
            write.item_id: check_write(write, found.get(write.item_id)) for write in batch
        }
        groups: dict[str, list[StockWrite]] = {}
        for write in batch:
            if results[write.item_id] is None:
                product, variation = split_id(write.item_id) or ("", "")
                groups.setdefault(f"products/{product}/variations" if variation else "products", []).append(write)
        for path, group in groups.items():
            done = any(result is not None and result.state is WriteState.DONE for result in results.values())
            results |= {one.item_id: one for one in self._send(path, group, quiet=done)}
        return [result for write in batch if (result := results[write.item_id]) is not None]

    def _send(self, path: str, group: Sequence[StockWrite], *, quiet: bool) -> list[StockResult]:
        """One call, never repeated by itself: pieces sold since would come back."""
        body = {"update": [{"id": _number(one), "stock_quantity": render_quantity(one.quantity)} for one in group]}
        try:
            reply = self._client.send("POST", f"{path}/batch", body, "stock", idempotent=False)
        except StoppedError:
            raise
        except HoldRecordError as error:
            return [StockResult(one.item_id, WriteState.REFUSED, reason=str(error)) for one in group]
        except UnknownOutcomeError as error:
            return [StockResult(one.item_id, WriteState.UNKNOWN, reason=error.problem) for one in group]
        except CartuiError as error:
            if not quiet:
                raise
            return [StockResult(one.item_id, WriteState.UNKNOWN, reason=error.problem) for one in group]
        return parse_answers(reply.json, group)


def check_write(write: StockWrite, found: Located | None) -> StockResult | None:
    """The result where nothing is to be sent, None where the number is."""
    if found is None:
        return _refused(write, "The shop has no such item (any more). Look whether it is in the trash.")
    if (quantity := render_quantity(write.quantity)) is None or abs(quantity) >= 10**12:
        return _refused(write, f"WooCommerce takes whole pieces only, not {write.quantity}.")
    try:
        row: wire.ItemRow = wire.ITEM.validate_python(found.row)
        current = stock_of(row)
    except (ValidationError, UnreadableError):
        return _refused(write, "What the shop says of this item can't be read.")
    if row.get("manage_stock") == "parent":
        return _refused(
            write, "The shop keeps one stock for all variations of this product. Track it for each variation."
        )
    if current is None and row.get("manage_stock") not in (True, "1", "yes", "true"):
        return _refused(
            write, "The shop does not track the stock of this item. Switch on “Track stock quantity” for it."
        )
    current = Decimal(0) if current is None else current
    if write.expected is not None and write.expected != current:
        return StockResult(
            write.item_id, WriteState.CONFLICT, current, f"The shop shows {current}, not {write.expected}."
        )
    return StockResult(write.item_id, WriteState.DONE, current) if current == write.quantity else None


def parse_answers(told: Any, group: Sequence[StockWrite]) -> list[StockResult]:
    """One result a write. A row that the answer does not show leaves open what was done."""
    rows = told.get("update") if isinstance(told, dict) else None
    by_number = {str(row.get("id")): row for row in rows if isinstance(row, dict)} if isinstance(rows, list) else {}
    return [_answer(write, by_number.get(str(_number(write)))) for write in group]


def _answer(write: StockWrite, row: Mapping[str, Any] | None) -> StockResult:
    if row is None:
        return StockResult(
            write.item_id, WriteState.UNKNOWN, reason="The shop's answer does not say what became of it."
        )
    if isinstance(error := row.get("error"), dict):
        return _refused(write, f"The shop refused it: {words_of(error)}")
    try:
        current = stock_of(wire.ITEM.validate_python(row))
    except (ValidationError, UnreadableError):
        current = None
    if current != write.quantity:
        return StockResult(
            write.item_id, WriteState.REFUSED, current, "The shop answered well but kept another number."
        )
    return StockResult(write.item_id, WriteState.DONE, current)


def _refused(write: StockWrite, reason: str) -> StockResult:
    return StockResult(write.item_id, WriteState.REFUSED, reason=reason)


def _number(write: StockWrite) -> int:
    product, variation = split_id(write.item_id) or ("0", "")
    return int(variation or product)


def _batches(writes: Sequence[StockWrite]) -> Iterator[Sequence[StockWrite]]:
    """In order, each item once in a batch."""
    batch: dict[CartItemId, StockWrite] = {}
    for write in writes:
        if write.item_id in batch or len(batch) >= MOST:
            yield list(batch.values())
            batch = {}
        batch[write.item_id] = write
    if batch:
        yield list(batch.values())
