"""The columns of the cart's lists, for the screen and for `--json`: one table, so that both say the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from cartui.books.filters import Sort
from cartui.books.listing import Cell
from cartui.domain.baskets import basket_goods, basket_pieces
from cartui.domain.ids import RecordKind
from cartui.domain.records import CartBasket, CartCustomer, CartItem, CartOrder
from cartui.domain.rows import Column, Editor


@dataclass(frozen=True, slots=True)
class CartField:
    """One value of a row. `column` None: for filters and `--json` only."""

    name: str
    sort: Sort = Sort.TEXT
    column: Column | None = None

    @property
    def typed(self) -> bool:
        """True for a cell that a person fills: nothing that the cart holds."""
        return self.column is not None and self.column.editor is not None

    def plain(self, cell: Cell) -> str | int | bool | None:
        """As JSON says it: times ISO 8601 UTC, amounts exact text."""
        match cell:
            case Decimal():
                return f"{cell:f}"
            case datetime():
                return cell.isoformat().replace("+00:00", "Z")
            case None:
                return "" if self.sort is Sort.TEXT else None
            case _:
                return cell


def _text(name: str, title: str, width: int, priority: int, editor: Editor | None = None) -> CartField:
    return CartField(name, Sort.TEXT, Column(name, title, width, editor=editor, priority=priority))


def _amount(name: str, title: str, width: int, priority: int) -> CartField:
    return CartField(name, Sort.MONEY, Column(name, title, width, align="right", priority=priority))


def _typed(name: str, title: str, width: int, priority: int) -> CartField:
    """A cell that is blank until a person types a number."""
    column = Column(name, title, width, align="right", editor=Editor.DECIMAL, sortable=False, priority=priority)
    return CartField(name, Sort.TEXT, column)


# The first field of each list is the cart's id, which is also the row's key. Priority 1 is shown first (see `Column`).
CART_FIELDS: Mapping[RecordKind, tuple[CartField, ...]] = {
    RecordKind.ORDER: (
        CartField("cart_order_id"),
        _text("order_number", "Order", 13, 0),
        CartField("placed_at", Sort.MOMENT, Column("placed_at", "Placed", 16, priority=1)),
        _amount("total", "Total", 10, 1),
        _text("currency", "Cur", 3, 1),
        _text("state", "Here", 9, 2),
        _text("customer", "Customer", 20, 3),
        _text("native_status", "Status", 12, 4),
        _text("payment_state", "Payment", 12, 5),
        _text("fulfilment_state", "Fulfilment", 12, 6),
        _text("email", "E-mail", 24, 7),
        CartField("order_state"),
    ),
    RecordKind.ITEM: (
        CartField("cart_item_id"),
        _text("sku", "SKU", 10, 0),
        _text("name", "Name", 16, 2),
        _text("code", "Item Code", 10, 1, Editor.CODE),
        _typed("cost", "Cost", 7, 1),
        _typed("stock", "Stock", 6, 1),
        _text("state", "Here", 8, 2),
        _amount("price", "Price", 9, 4),
        CartField("cart_stock", Sort.QUANTITY, Column("cart_stock", "In cart", 7, align="right", priority=5)),
        _text("variant", "Variant", 16, 6),
        _text("barcode", "Barcode", 14, 7),
        CartField("currency"),
        CartField("parent_id"),
        CartField("active", Sort.FLAG),
    ),
    RecordKind.CUSTOMER: (
        CartField("cart_customer_id"),
        _text("name", "Name", 18, 0),
        _text("email", "E-mail", 24, 1),
        _text("code", "Code", 9, 2, Editor.CODE),
        _text("state", "Here", 12, 3),
        _text("phone", "Phone", 14, 5),
        CartField("guest", Sort.FLAG, Column("guest", "Guest", 5, priority=4)),
        _text("company", "Company", 18, 6),
        _text("tax_number", "Tax number", 14, 7),
    ),
    RecordKind.BASKET: (
        CartField("cart_basket_id"),
        _text("customer", "Customer", 18, 0),
        CartField("pieces", Sort.QUANTITY, Column("pieces", "Pcs", 4, align="right", priority=1)),
        _amount("total", "Value", 9, 1),
        _text("currency", "Cur", 3, 1),
        _text("status", "Status", 9, 1),
        _text("state", "Step", 10, 1),
        CartField("modified_at", Sort.MOMENT, Column("modified_at", "Changed", 16, priority=2)),
        _text("goods", "Items", 40, 3),
        _text("email", "E-mail", 24, 4),
        _text("native_status", "Native", 12, 5),
        CartField("created_at", Sort.MOMENT, Column("created_at", "Begun", 16, priority=6)),
    ),
}


def cart_values(record: CartOrder | CartItem | CartCustomer | CartBasket) -> dict[str, Any]:
    """The cells of one record, by field name. Cells that a person types are blank."""
    match record:
        case CartOrder():
            return {
                "order_number": record.order_number,
                "placed_at": record.placed_at,
                "customer": record.buyer.name,
                "email": record.buyer.email,
                "total": record.total,
                "currency": record.currency,
                "native_status": record.native_status,
                "order_state": record.order_state.value,
                "payment_state": record.payment_state.value,
                "fulfilment_state": record.fulfilment_state.value,
            }
        case CartItem():
            return {
                "sku": record.sku,
                "name": record.name,
                "variant": record.variant,
                "barcode": record.barcode,
                "price": record.price,
                "currency": record.currency,
                "cart_stock": record.stock,
                "parent_id": record.parent_id,
                "active": record.active,
                "code": "",
                "cost": "",
                "stock": "",
            }
        case CartCustomer():
            return {
                "name": record.name,
                "email": record.email,
                "phone": record.phone,
                "company": record.company,
                "tax_number": record.tax_number,
                "guest": record.guest,
                "code": "",
            }
        case CartBasket():
            return {
                "customer": record.buyer.name or "guest",
                "email": record.buyer.email,
                "pieces": Decimal(basket_pieces(record)),
                "goods": basket_goods(record),
                "total": record.total,
                "currency": record.currency,
                "status": record.status.value,
                "native_status": record.native_status,
                "modified_at": record.modified_at,
                "created_at": record.created_at,
            }
