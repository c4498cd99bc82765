"""Rows of one list become records with what belongs to them in others: a handful of requests a page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Final, TypeVar

from cartui.adapters.prestashop.fields import associated, is_id
from cartui.adapters.prestashop.parse import (
    OrderParts,
    Tables,
    item_id_of,
    parse_basket,
    parse_customer,
    parse_item,
    parse_order,
    split_item_id,
)
from cartui.adapters.prestashop.session import Session
from cartui.adapters.prestashop.wire import Row, UnreadableError, raw_of
from cartui.domain.ports import BadRecord, Received
from cartui.domain.records import CartBasket, CartCustomer, CartItem, CartOrder

R = TypeVar("R")
Rows = Sequence[Row]

_ORDER_TABLES: Final = ("order_states", "currencies", "countries", "taxes", "carriers")


class Reader:
    """`shop_id`: of several shops in one PrestaShop the one meant, "" otherwise."""

    def __init__(self, session: Session, shop_id: str) -> None:
        self._session = session
        self._shop_id = shop_id

    def orders(self, rows: Rows) -> list[Received[CartOrder]]:
        if not rows:
            return []
        session = self._session
        ids = [str(row.get("id", "")) for row in rows]
        details = grouped(session.rows_where("order_details", "id_order", ids), "id_order")
        used = [one for one in session.rows_where("order_cart_rules", "id_order", ids) if one.get("deleted") != "1"]
        rules = grouped(used, "id_order")
        slips = grouped(session.rows_where("order_slip", "id_order", ids), "id_order")
        references = {str(row.get("reference", "")) for row in rows}
        payments = grouped(
            session.rows_where("order_payments", "order_reference", sorted(references)), "order_reference"
        )
        customers = by_id(session.rows_where("customers", "id", values_of(rows, "id_customer")))
        places = by_id(
            session.rows_where("addresses", "id", values_of(rows, "id_address_invoice", "id_address_delivery"))
        )
        tables = self._tables(_ORDER_TABLES, places.values())

        def received(row: Row) -> Received[CartOrder]:
            key = str(row.get("id", ""))
            parts = OrderParts(
                details.get(key, ()),
                rules.get(key, ()),
                payments.get(str(row.get("reference", "")), ()),
                slips.get(key, ()),
                customers.get(str(row.get("id_customer", ""))),
                places.get(str(row.get("id_address_invoice", ""))),
                places.get(str(row.get("id_address_delivery", ""))),
            )
            raw = raw_of(
                order=row,
                order_details=list(parts.details),
                order_cart_rules=list(parts.rules),
                order_payments=list(parts.payments),
                order_slip=list(parts.slips),
                customer=parts.customer,
                address_invoice=parts.billing,
                address_delivery=parts.shipping,
            )
            return _received(row, raw, tables, lambda: parse_order(row, parts, tables))

        return [received(row) for row in rows]

    def customers(self, rows: Rows) -> list[Received[CartCustomer]]:
        rows = [row for row in rows if row.get("deleted") != "1"]
        if not rows:
            return []
        ids = [str(row.get("id", "")) for row in rows]
        found = [one for one in self._session.rows_where("addresses", "id_customer", ids) if one.get("deleted") != "1"]
        places = grouped(found, "id_customer")
        tables = self._tables(("countries",), found)

        def received(row: Row) -> Received[CartCustomer]:
            own = places.get(str(row.get("id", "")), [])
            raw = raw_of(customer=row, addresses=own)
            return _received(row, raw, tables, lambda: parse_customer(row, own, tables))

        return [received(row) for row in rows]

    def items(self, products: Rows) -> list[Received[CartItem]]:
        """The sellable units of products: combinations where there are any."""
        if not products:
            return []
        session = self._session
        ids = [str(row.get("id", "")) for row in products]
        combinations = grouped(session.rows_where("combinations", "id_product", ids), "id_product")
        stock = grouped(session.rows_where("stock_availables", "id_product", ids), "id_product")
        tables = session.tables("currencies", *(("product_option_values",) if combinations else ()))

        def received(product: Row, combination: Row | None) -> Received[CartItem]:
            key, attribute = str(product.get("id", "")), str((combination or {}).get("id", "0"))
            amount = self.stock_row(stock.get(key, ()), attribute) if session.counts_stock else None
            raw = raw_of(product=product, combination=combination, stock_available=amount)
            row_id = item_id_of(key, attribute) or ""
            row = {**product, "id": row_id}
            return _received(row, raw, tables, lambda: parse_item(product, combination, amount, tables), split_item_id)

        return [
            received(product, combination)
            for product in products
            for combination in combinations.get(str(product.get("id", "")), [None])
        ]

    def stock_row(self, rows: Rows, attribute: str) -> Row | None:
        """One row a shop and unit; of several that of the shop meant, else the first."""
        found = [row for row in rows if str(row.get("id_product_attribute") or "0") == attribute]
        own = [row for row in found if self._shop_id and row.get("id_shop") == self._shop_id]
        return next(iter([*own, *found]), None)

    def open_baskets(self, rows: Rows) -> list[Received[CartBasket]]:
        """Those that hold something and did not become an order."""
        filled = [row for row in rows if associated(row, "cart_rows")]
        ordered = self._orders_of(filled)
        return self.baskets([row for row in filled if str(row.get("id", "")) not in ordered], {})

    def any_baskets(self, rows: Rows) -> list[Received[CartBasket]]:
        return self.baskets(rows, self._orders_of(rows))

    def _orders_of(self, rows: Rows) -> dict[str, str]:
        """Cart -> the order that it became (of several, when it was split by carriers, the first)."""
        orders = self._session.rows_where("orders", "id_cart", values_of(rows, "id"))
        return {str(row.get("id_cart", "")): str(row.get("id", "")) for row in reversed(orders)}

    def baskets(self, rows: Rows, ordered: Mapping[str, str]) -> list[Received[CartBasket]]:
        if not rows:
            return []
        session = self._session
        lines = [line for row in rows for line in associated(row, "cart_rows")]
        products = session.rows_where("products", "id", values_of(lines, "id_product"))
        items = {one.external_id: one.record for one in self.items(products) if not isinstance(one.record, BadRecord)}
        customers = by_id(session.rows_where("customers", "id", values_of(rows, "id_customer")))
        tables = session.tables("currencies")

        def received(row: Row) -> Received[CartBasket]:
            customer = customers.get(str(row.get("id_customer", "")))
            raw = raw_of(carts=[row], customer=customer)
            order_id = ordered.get(str(row.get("id", "")), "")
            return _received(row, raw, tables, lambda: parse_basket(row, items, customer, tables, order_id))

        return [received(row) for row in rows]

    def _tables(self, names: Iterable[str], places: Iterable[Row]) -> Tables:
        """With the regions only where an address is in one."""
        with_region = any(place.get("id_state") not in (None, "", "0") for place in places)
        return self._session.tables(*names, *(("states",) if with_region else ()))


# --- rows ------------------------------------------------------------------------------------------------------------


def _received(
    row: Row, raw: bytes, tables: Tables, parse: Callable[[], R], is_named: Callable[[str], object] = is_id
) -> Received[R]:
    """A record, or why it is none."""
    row_id = str(row.get("id", ""))
    external_id = row_id if is_named(row_id) else f"unreadable-{sha256(raw).hexdigest()[:32]}"
    try:
        stamp = tables.clock.latest(str(row.get("date_upd", "")), "date_upd")
    except UnreadableError:
        stamp = None
    if row.get("unreadable"):
        return Received(external_id, stamp, raw, BadRecord(str(row["unreadable"])))
    try:
        return Received(external_id, stamp, raw, parse())
    except UnreadableError as error:
        return Received(external_id, stamp, raw, BadRecord(f"{error}."))


def grouped(rows: Iterable[Row], name: str) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(str(row.get(name, "")), []).append(row)
    return groups


def by_id(rows: Iterable[Row]) -> dict[str, Row]:
    return {str(row.get("id", "")): row for row in rows}


def values_of(rows: Iterable[Row], *names: str) -> list[str]:
    """The references of rows; 0 is none."""
    return [value for row in rows for name in names if is_id(value := str(row.get(name, "")))]
