"""Names of things, one type a side, so that a cart's id can't be taken for one of ours."""

from __future__ import annotations

from enum import StrEnum
from typing import NewType

CartId = NewType("CartId", int)  # one connected cart, as the books number it

CartOrderId = NewType("CartOrderId", str)  # ids as the cart gives them; opaque text
CartItemId = NewType("CartItemId", str)
CartCustomerId = NewType("CartCustomerId", str)
CartBasketId = NewType("CartBasketId", str)

ItemId = NewType("ItemId", int)  # rows of the system
CustomerId = NewType("CustomerId", int)
DocumentId = NewType("DocumentId", int)
ShipmentId = NewType("ShipmentId", int)

ItemCode = NewType("ItemCode", str)  # what a person types and reads
CustomerCode = NewType("CustomerCode", str)
DocumentNumber = NewType("DocumentNumber", str)


class RecordKind(StrEnum):
    """The kinds of record that travel between a cart and the system."""

    ORDER = "order"
    ITEM = "item"
    CUSTOMER = "customer"
    BASKET = "basket"
    SHIPMENT = "shipment"
    REFUND = "refund"


class Direction(StrEnum):
    """IMPORT: cart -> system. EXPORT: system -> cart."""

    IMPORT = "import"
    EXPORT = "export"
