"""Absolute stock, in the rows of `stock_availables`: read, compared, written whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from cartui.adapters.prestashop.errors import DoubtfulError
from cartui.adapters.prestashop.fields import amount_of
from cartui.adapters.prestashop.parse import split_item_id
from cartui.adapters.prestashop.reading import Reader, Rows, grouped
from cartui.adapters.prestashop.session import Session
from cartui.adapters.prestashop.wire import Row, UnreadableError
from cartui.domain.records import StockResult, StockWrite, WriteState
from cartui.errors import HoldRecordError, UnknownOutcomeError

_STOCK_AT_ONCE: Final = 20  # compared with one read: no number is older than that many writes


class StockDesk:
    """Sets stock in one shop. `shop_id`: of several the one meant, "" otherwise."""

    def __init__(self, session: Session, reader: Reader, shop_id: str) -> None:
        self._session = session
        self._reader = reader
        self._shop_id = shop_id

    def set_stock(self, writes: Sequence[StockWrite]) -> Sequence[StockResult]:
        results: list[StockResult] = []
        for start in range(0, len(writes), _STOCK_AT_ONCE):
            batch = writes[start : start + _STOCK_AT_ONCE]
            products = [split[0] for write in batch if (split := split_item_id(write.item_id))]
            rows = self._whole_stock(dict.fromkeys(products)) if products else []
            results += [self._set_stock(write, grouped(rows, "id_product")) for write in batch]
        return results

    def _whole_stock(self, products: Iterable[str]) -> list[Row]:
        return self._session.whole_rows("stock_availables", "id_product", f"[{'|'.join(products)}]")

    def _set_stock(self, write: StockWrite, rows: Mapping[str, Rows]) -> StockResult:
        product_id, attribute = split_item_id(write.item_id) or ("", "0")
        own = rows.get(product_id, ())
        row = self._reader.stock_row(own, attribute)
        if row is None:
            return _refused(write, "The shop has no such item, or no stock of it.")
        if not self._session.counts_stock:
            return _refused(write, "The shop's stock management is switched off.")
        if attribute == "0" and any(str(one.get("id_product_attribute") or "0") != "0" for one in own):
            return _refused(write, "It has combinations: their stocks are set, the product's is their sum.")
        same = [one for one in own if one.get("id_product_attribute") == row.get("id_product_attribute")]
        if len(same) > 1 and row.get("id_shop") != self._shop_id:
            return _refused(write, "It has a stock in each of several shops: set the option shop_id.")
        if write.quantity != write.quantity.to_integral_value():
            return _refused(write, "PrestaShop counts whole pieces only.")
        try:
            current = amount_of(row, "quantity")
        except UnreadableError as error:
            return _refused(write, f"The shop's stock can't be read: {error}.")
        if write.expected is not None and current != write.expected:
            return StockResult(write.item_id, WriteState.CONFLICT, current, "The cart's stock has changed meanwhile.")
        return self._put_stock(write, row)

    def _put_stock(self, write: StockWrite, row: Row) -> StockResult:
        """The whole row, id_shop and all: a row that loses its shop is lost to the shop."""
        done = StockResult(write.item_id, WriteState.DONE, write.quantity)
        try:
            self._session.replace("stock_availables", row, {"quantity": f"{write.quantity:f}"}, write.item_id)
        except DoubtfulError as error:
            fresh = self._session.whole_rows("stock_availables", "id", f"[{row.get('id', '')}]")
            current = amount_of(fresh[0], "quantity") if fresh else None
            return done if current == write.quantity else replace(_refused(write, error.said), current=current)
        except UnknownOutcomeError as error:
            return StockResult(write.item_id, WriteState.UNKNOWN, reason=error.problem)
        except HoldRecordError as error:
            return _refused(write, str(error))
        return done


def _refused(write: StockWrite, reason: str) -> StockResult:
    return StockResult(write.item_id, WriteState.REFUSED, reason=reason or "The shop did not take it.")
